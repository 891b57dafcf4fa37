//! The points of a chart in bounded memory: when there are too many, each stands for twice the time.
//! Of the points that share a stretch of time the lowest stays: a dip is what one looks for.

use chrono::{DateTime, Utc};

/// The most points that are kept.
const MOST: usize = 1_024;

/// What was left over time, `None` where it is not known.
#[derive(Debug, Clone, Default)]
pub struct History {
    points: Vec<(i64, Option<u64>)>,
    /// Milliseconds that one point stands for.
    grain: i64,
}

impl History {
    /// One more point. A time before the last begins anew.
    pub fn push(&mut self, at: DateTime<Utc>, remaining: Option<u64>) {
        let at = at.timestamp_millis();
        match self.points.last_mut() {
            Some((last, _)) if at < *last => self.points.clear(),
            Some((last, kept)) if at - *last < self.grain => {
                *kept = lower(*kept, remaining);
                return;
            }
            _ => {}
        }
        self.points.push((at, remaining));
        if self.points.len() > MOST {
            self.thin();
        }
    }

    /// Forgets everything: a new series.
    pub fn clear(&mut self) {
        self.points.clear();
        self.grain = 0;
    }

    /// Milliseconds since 1970 and what was left, in order.
    pub fn points(&self) -> &[(i64, Option<u64>)] {
        &self.points
    }

    fn thin(&mut self) {
        let span =
            self.points.last().zip(self.points.first()).map_or(0, |(last, first)| last.0 - first.0);
        let most = i64::try_from(MOST).unwrap_or(i64::MAX);
        self.grain = (2 * span / most).max(2 * self.grain).max(1);
        let mut thinned: Vec<(i64, Option<u64>)> = Vec::with_capacity(MOST);
        for (at, remaining) in self.points.drain(..) {
            match thinned.last_mut() {
                Some((last, kept)) if at - *last < self.grain => *kept = lower(*kept, remaining),
                _ => thinned.push((at, remaining)),
            }
        }
        self.points = thinned;
    }
}

fn lower(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn however_much_comes_it_stays_small_in_order_and_keeps_the_dip(gaps in prop::collection::vec(0_i64..100_000, 1..9_000), dip in any::<prop::sample::Index>()) {
            let mut history = History::default();
            let mut at = 0;
            let dip = dip.index(gaps.len());
            for (number, gap) in gaps.iter().enumerate() {
                at += gap;
                let left = if number == dip { 1 } else { 50 };
                history.push(DateTime::from_timestamp_millis(at).unwrap(), (number % 7 > 0 || number == dip).then_some(left));
            }
            prop_assert!(history.points().len() <= MOST);
            prop_assert!(history.points().is_sorted_by_key(|point| point.0));
            prop_assert_eq!(history.points().iter().filter_map(|point| point.1).min(), Some(1));
        }
    }

    #[test]
    fn a_clock_set_back_begins_anew() {
        let mut history = History::default();
        let at = |second| DateTime::from_timestamp(second, 0).unwrap();
        history.push(at(100), Some(5));
        history.push(at(50), Some(4));
        assert_eq!(history.points(), [(50_000, Some(4))]);
    }
}
