//! The axes of a picture: from when to when, up to how many, and where the round values lie.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Clock, Picture};
use crate::render::span;

/// Round steps of time, in seconds.
const STEPS: [i64; 22] = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200,
    86_400, 172_800, 604_800, 2_592_000, LONGEST,
];
const LONGEST: i64 = 31_536_000;

/// From when to when, and up to how many pulls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Axis {
    pub(super) from: DateTime<Utc>,
    pub(super) to: DateTime<Utc>,
    pub(super) top: u64,
    clock: Clock,
}

impl Axis {
    /// The axes on which all lines of a picture lie; `None` where nothing was counted.
    pub(super) fn of(picture: &Picture) -> Option<Self> {
        let cells = || picture.lines.iter().flat_map(|line| line.cells.iter());
        let from = cells().map(|cell| cell.at).min()?;
        let to = cells().map(|cell| cell.at).max()?.max(from + TimeDelta::seconds(1));
        let limits = picture.lines.iter().filter_map(|line| line.limit);
        let highest = cells().map(|cell| cell.high).chain(limits).max()?;
        let step = round_step(highest.max(1));
        let top = highest.max(1).div_ceil(step).saturating_mul(step);
        Some(Self { from, to, top, clock: picture.clock })
    }

    /// Where a time lies, 0 to 1.
    pub(super) fn across(self, at: DateTime<Utc>) -> f64 {
        share((at - self.from).num_milliseconds(), (self.to - self.from).num_milliseconds())
    }

    /// Where a count lies, 0 at the bottom to 1.
    pub(super) fn up(self, remaining: u64) -> f64 {
        share(
            i64::try_from(remaining).unwrap_or(i64::MAX),
            i64::try_from(self.top).unwrap_or(i64::MAX),
        )
    }

    /// Round counts from 0 to the top.
    pub(super) fn counts(self) -> Vec<u64> {
        let step = round_step(self.top);
        (0..=10)
            .map(|turn| step.saturating_mul(turn))
            .take_while(|count| *count <= self.top)
            .collect()
    }

    /// At most `most` round times, each as it is written.
    pub(super) fn times(self, most: i64) -> Vec<(DateTime<Utc>, String)> {
        let span = (self.to - self.from).num_seconds();
        let step = STEPS
            .into_iter()
            .find(|step| span / step <= most)
            .unwrap_or(LONGEST.saturating_mul(span / LONGEST / most.max(1) + 1));
        let form = match step {
            ..60 => "%H:%M:%S",
            60..86_400 if span <= 2 * 86_400 => "%H:%M",
            60..86_400 => "%b %d %H:%M",
            _ => "%Y-%m-%d",
        };
        let start = self.from.timestamp().div_euclid(step).saturating_mul(step);
        let times = (0..=most.saturating_add(2))
            .filter_map(|turn| DateTime::from_timestamp(start.saturating_add(turn * step), 0));
        times
            .filter(|at| (self.from..=self.to).contains(at))
            .map(|at| (at, self.written(at, form)))
            .collect()
    }

    fn written(self, at: DateTime<Utc>, form: &str) -> String {
        match self.clock {
            Clock::Utc => at.format(form).to_string(),
            Clock::Elapsed => span(at.timestamp().unsigned_abs()),
        }
    }

    /// The span in words.
    pub(super) fn span(self) -> String {
        if self.clock == Clock::Elapsed {
            return format!("in the first {}", span(self.to.timestamp().unsigned_abs()));
        }
        format!(
            "{} to {} UTC",
            self.from.format("%Y-%m-%d %H:%M"),
            self.to.format("%Y-%m-%d %H:%M")
        )
    }
}

/// A step of 1, 2 or 5 times a power of ten that goes at most five times into `top`.
fn round_step(top: u64) -> u64 {
    let mut power = 1_u64;
    loop {
        for factor in [1, 2, 5] {
            let step = power.saturating_mul(factor);
            if step == u64::MAX || top.div_ceil(step) <= 5 {
                return step;
            }
        }
        power = power.saturating_mul(10);
    }
}

#[expect(clippy::cast_precision_loss, reason = "a place on a chart")]
fn share(part: i64, whole: i64) -> f64 {
    (part as f64 / whole.max(1) as f64).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn steps_are_round() {
        let rows = [
            (1, 1),
            (5, 1),
            (6, 2),
            (100, 20),
            (200, 50),
            (3000, 1000),
            (u64::MAX, 5_000_000_000_000_000_000),
        ];
        for (top, step) in rows {
            assert_eq!(round_step(top), step, "{top}");
        }
    }

    proptest! {
        #[test]
        fn every_axis_has_few_marks_within_it(from in -1_000_000_000_i64..4_000_000_000, span in 1_i64..2_000_000_000, top in 1_u64..) {
            let from = DateTime::from_timestamp(from, 0).unwrap();
            let axis = Axis { from, to: from + TimeDelta::seconds(span), top, clock: Clock::Utc };
            let times = axis.times(7);
            prop_assert!(times.len() <= 8, "{times:?}");
            prop_assert!(times.iter().all(|(at, _)| (0.0..=1.0).contains(&axis.across(*at))));
            prop_assert!(axis.counts().len() <= 6);
        }
    }
}
