//! The counts of one series that are believed, and how many pulls were used between two of them. The one
//! answer for `watch`, `report`, `gate` and a plan's background: a full count all at once is held back
//! until the next one tells whether it is true, and is no recovery where it is not.

use chrono::{DateTime, Utc};

use crate::quota::{Change, Forecast, Forecaster, Point, Reading, Window};

/// A count that is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Believed {
    /// The count.
    pub(crate) point: Point,
    /// It came with a 429.
    pub(crate) refused: bool,
    /// What was believed before it; none for the first of a series.
    pub(crate) before: Option<Point>,
}

impl Believed {
    /// Pulls used since the count before it: at least so many, as pulls given back hide others.
    pub(crate) fn used(&self) -> u64 {
        self.before.map_or(0, |before| before.remaining.saturating_sub(self.point.remaining))
    }

    /// Whether pulls were given back since.
    pub(crate) fn rose(&self) -> bool {
        self.before.is_some_and(|before| before.remaining < self.point.remaining)
    }
}

/// What a count adds to those before it.
#[derive(Debug, Default)]
pub(crate) struct CountChange {
    /// What is believed now, in the order of its times: a full count that was held back, and this one.
    pub(crate) believed: Vec<Believed>,
    /// A full count of so many was held back, and is not true.
    pub(crate) false_full: Option<u64>,
    /// The count was full again at this one, and truly so.
    pub(crate) reset: bool,
}

/// The counts of one series: one identity, counted on one source.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    limit: Option<u64>,
    window: Option<Window>,
    forecaster: Option<Forecaster>,
    believed: Option<Point>,
    unconfirmed: Option<(Point, bool)>,
}

impl Counts {
    /// Takes in the count of a reading, where it has one.
    pub(crate) fn observe(&mut self, reading: &Reading) -> CountChange {
        let Some(remaining) = reading.remaining() else { return CountChange::default() };
        let count = reading.count();
        self.push(
            Point { at: reading.at, remaining },
            reading.http_status == Some(429),
            count.map(|count| count.limit),
            count.and_then(|count| count.window),
        )
    }

    /// Takes in a count, as of this limit and window where they are known. Another limit or window
    /// begins a new series.
    pub(crate) fn push(
        &mut self,
        point: Point,
        refused: bool,
        limit: Option<u64>,
        window: Option<Window>,
    ) -> CountChange {
        let mut change = CountChange::default();
        let bounds = (limit.or(self.limit), window.or(self.window));
        if bounds != (self.limit, self.window) {
            change.believed.extend(self.accept_unconfirmed());
            (self.limit, self.window) = bounds;
            self.forget();
        }
        let forecaster =
            self.forecaster.get_or_insert_with(|| Forecaster::new(self.limit, self.window));
        match forecaster.push(point) {
            Change::Held => {
                self.unconfirmed = Some((point, refused));
                return change;
            }
            Change::FalseFull => {
                change.false_full = self.unconfirmed.take().map(|(full, _)| full.remaining);
            }
            Change::Reset => {
                change.believed.extend(self.accept_unconfirmed());
                change.reset = true;
            }
            Change::First => self.believed = None,
            Change::Steady | Change::Drop(_) | Change::Rise(_) => {}
        }
        change.believed.push(self.believe(point, refused));
        change
    }

    /// The full count that is held back, taken for true: no other one follows.
    pub(crate) fn accept_unconfirmed(&mut self) -> Option<Believed> {
        let (point, refused) = self.unconfirmed.take()?;
        Some(self.believe(point, refused))
    }

    /// What was believed last.
    pub(crate) fn last(&self) -> Option<Point> {
        self.believed
    }

    /// Whether a full count is held back until the next one.
    pub(crate) fn is_unconfirmed(&self) -> bool {
        self.unconfirmed.is_some()
    }

    /// What is to be expected at `now`.
    pub(crate) fn forecast(&mut self, now: DateTime<Utc>) -> Forecast {
        self.forecaster.as_mut().map(|forecaster| forecaster.forecast(now)).unwrap_or_default()
    }

    /// Begins a new series with the same limit and window.
    pub(crate) fn forget(&mut self) {
        (self.forecaster, self.believed, self.unconfirmed) = (None, None, None);
    }

    fn believe(&mut self, point: Point, refused: bool) -> Believed {
        Believed { point, refused, before: self.believed.replace(point) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    /// What each count, a minute after the other, is believed to be, and what was used.
    fn used(counts: &[u64]) -> Vec<(u64, u64)> {
        let start: DateTime<Utc> = "2026-11-22T09:00:00Z".parse().unwrap();
        let mut series = Counts::default();
        let mut believed = Vec::new();
        for (minute, remaining) in (0..).zip(counts) {
            let point =
                Point { at: start + chrono::TimeDelta::minutes(minute), remaining: *remaining };
            let change = series.push(point, false, Some(100), Window::from_seconds(3_600));
            believed.extend(change.believed);
        }
        believed.extend(series.accept_unconfirmed());
        believed.iter().map(|one| (one.point.remaining, one.used())).collect()
    }

    #[rstest]
    #[case::falls(&[90, 88, 88, 80], &[(90, 0), (88, 2), (88, 0), (80, 8)])]
    #[case::rises(&[90, 80, 84, 83], &[(90, 0), (80, 10), (84, 0), (83, 1)])]
    #[case::full_by_mistake(&[90, 80, 100, 79], &[(90, 0), (80, 10), (79, 1)])]
    #[case::full_again(&[90, 80, 100, 98], &[(90, 0), (80, 10), (100, 0), (98, 2)])]
    #[case::full_at_the_end(&[90, 80, 100], &[(90, 0), (80, 10), (100, 0)])]
    fn a_sudden_full_count_is_believed_when_the_next_one_says_so(
        #[case] counts: &[u64],
        #[case] expected: &[(u64, u64)],
    ) {
        assert_eq!(used(counts), expected);
    }

    #[test]
    fn another_limit_begins_anew_and_loses_nothing() {
        let start: DateTime<Utc> = "2026-11-22T09:00:00Z".parse().unwrap();
        let mut series = Counts::default();
        let mut push = |minute, remaining, limit| {
            let point = Point { at: start + chrono::TimeDelta::minutes(minute), remaining };
            series.push(point, false, Some(limit), None).believed
        };
        push(0, 50, 100);
        assert!(push(1, 100, 100).is_empty(), "held back");
        let believed = push(2, 150, 200);
        let seen: Vec<_> = believed.iter().map(|one| (one.point.remaining, one.before)).collect();
        assert_eq!((seen[0].0, seen[1]), (100, (150, None)));
    }
}
