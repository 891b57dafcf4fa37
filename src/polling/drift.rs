//! Whether time went by unseen. Waiting is measured on the monotonic clock, which stands still while
//! a machine sleeps and knows nothing of the wall clock being set; readings are dated by the wall
//! clock. Where the two drift apart, one of these things happened.

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

/// What is taken for the clock being corrected little by little.
const SMALL: TimeDelta = TimeDelta::seconds(5);

/// Both clocks, as last seen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Drift {
    wall: DateTime<Utc>,
    steady: Instant,
}

impl Drift {
    /// Begins to compare.
    pub(crate) fn new(wall: DateTime<Utc>, steady: Instant) -> Self {
        Self { wall, steady }
    }

    /// By how much the wall clock jumped since the last look: forward after a sleep, backward where
    /// it was set back.
    pub(crate) fn jump(&mut self, wall: DateTime<Utc>, steady: Instant) -> Option<TimeDelta> {
        let waited = TimeDelta::from_std(steady.saturating_duration_since(self.steady))
            .unwrap_or(TimeDelta::MAX);
        let jump = (wall - self.wall).checked_sub(&waited).unwrap_or_default();
        *self = Self { wall, steady };
        (jump.abs() > SMALL).then_some(jump)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_sleep_and_a_clock_set_back_are_seen_once() {
        let (wall, steady) = (DateTime::UNIX_EPOCH, Instant::now());
        let mut drift = Drift::new(wall, steady);
        let s = TimeDelta::seconds;
        let at = |seconds| steady + Duration::from_secs(seconds);
        assert_eq!(drift.jump(wall + s(60), at(60)), None);
        assert_eq!(drift.jump(wall + s(124), at(120)), None, "a correction");
        assert_eq!(drift.jump(wall + s(3_735), at(131)), Some(s(3_600)));
        assert_eq!(drift.jump(wall + s(3_745), at(141)), None);
        assert_eq!(drift.jump(wall + s(145), at(141)), Some(s(-3_600)));
        assert_eq!(drift.jump(wall + s(155), at(151)), None);
    }
}
