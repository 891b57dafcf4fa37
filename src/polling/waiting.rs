//! When somebody asks again who waits for pulls to come back, pure: a gate within its time, a stress that
//! watches the recovery. Polite: never sooner than the registry's shortest interval, never before
//! `Retry-After`, seldom in a long window, later after each failure. Spread: each span of a gate is drawn at
//! random around its middle, so that many gates at one window do not ask in step.

use std::time::Duration;

use super::policy::HUB_LEAST;
use crate::quota::{LimitStatus, Reading};

/// The shortest interval on loopback.
const LEAST_ON_LOOPBACK: Duration = Duration::from_millis(200);
/// So many polls in a window, and no fewer than one in [`MOST`].
const POLLS_IN_A_WINDOW: u32 = 30;
/// The middle of the longest span between polls, as a multiple of the shortest.
const MOST: u32 = 30;
/// The middle of a span where no window is known, as a multiple of the shortest.
const WITHOUT_A_WINDOW: u32 = 6;

/// So many readings in a window show how a count recovers.
const READINGS_OF_A_RECOVERY: u32 = 60;
/// The longest span between two of them.
const RECOVERY_MOST: Duration = Duration::from_secs(60);

/// The spans of one who waits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Waiting {
    /// No two polls are closer.
    least: Duration,
}

impl Waiting {
    /// For a registry on loopback, or elsewhere.
    pub(crate) const fn new(loopback: bool) -> Self {
        Self { least: if loopback { LEAST_ON_LOOPBACK } else { HUB_LEAST } }
    }

    /// The shortest span between two polls.
    pub(crate) const fn least(self) -> Duration {
        self.least
    }

    /// From a reading to the next one while a count over such a window recovers.
    pub(crate) fn recovery(self, window: Duration, retry_after: Option<Duration>) -> Duration {
        let span = (window / READINGS_OF_A_RECOVERY).clamp(self.least, RECOVERY_MOST);
        span.max(retry_after.unwrap_or_default())
    }

    /// From now to the next poll, or `None` where none is due within `left`, the rest of the wait.
    ///
    /// `failures` counts the polls in a row, this one too, that told nothing; `full_in` is the time
    /// until the count is full again at the latest; `random` is from 0 to 1.
    pub(crate) fn next(
        self,
        reading: &Reading,
        failures: u32,
        full_in: Option<Duration>,
        left: Duration,
        random: f64,
    ) -> Option<Duration> {
        let random = random.clamp(0.0, 1.0);
        if let Some(retry_after) = reading.retry_after {
            let soonest = retry_after.max(self.least);
            let latest = soonest.saturating_add((soonest / 4).max(self.least / 2));
            return (soonest <= left).then(|| between(soonest, latest.min(left), random));
        }
        let middle = self.middle(reading, failures);
        let soonest = (middle / 2).max(self.least);
        let mut span = between(soonest, middle + middle / 2, random);
        // A count that is full again by then is worth a look then, and the looks are spread all the same.
        if let Some(full_in) = full_in {
            span = span.min(full_in.saturating_add((middle / 2).mul_f64(random))).max(self.least);
        }
        if span <= left {
            Some(span)
        } else if self.least <= left {
            // The last look, somewhere in what is left.
            Some(between(self.least, left, random))
        } else {
            None
        }
    }

    fn middle(self, reading: &Reading, failures: u32) -> Duration {
        let most = self.least * MOST;
        let window = match &reading.status {
            LimitStatus::Limited(count) => count.window,
            LimitStatus::Exhausted { window, .. } => *window,
            _ => return (self.least * 2_u32.saturating_pow(failures.min(8))).min(most),
        };
        window.map_or(self.least * WITHOUT_A_WINDOW, |window| {
            (window.duration() / POLLS_IN_A_WINDOW).clamp(self.least, most)
        })
    }
}

fn between(low: Duration, high: Duration, random: f64) -> Duration {
    low + high.saturating_sub(low).mul_f64(random)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::quota::testing::{failed, limited, reading};
    use crate::quota::{Count, FaultKind, Window};

    const HOUR: Duration = Duration::from_secs(3_600);

    fn seconds(span: Option<Duration>) -> Option<u64> {
        span.map(|span| span.as_secs())
    }

    #[test]
    fn spans_follow_the_window_the_failures_and_retry_after() {
        let remote = Waiting::new(false);
        let next = |reading: &Reading, failures, random| {
            seconds(remote.next(reading, failures, None, HOUR, random))
        };
        let closed = reading(limited(0));
        assert_eq!(
            (next(&closed, 0, 0.0), next(&closed, 0, 1.0)),
            (Some(60), Some(180)),
            "an hour's window"
        );
        let failed = reading(failed(FaultKind::Network));
        let spans: Vec<_> = (1..8).map(|failures| next(&failed, failures, 0.5)).collect();
        assert_eq!(
            spans,
            [Some(20), Some(40), Some(80), Some(160), Some(300), Some(300), Some(300)],
            "later after each failure"
        );
        let mut told = closed;
        told.retry_after = Some(Duration::from_secs(100));
        assert_eq!(
            (next(&told, 0, 0.0), next(&told, 0, 1.0)),
            (Some(100), Some(125)),
            "Retry-After"
        );
        told.retry_after = Some(HOUR * 2);
        assert_eq!(next(&told, 0, 0.5), None, "Retry-After beyond the wait");
    }

    #[test]
    fn the_time_of_a_full_count_is_not_slept_through() {
        let remote = Waiting::new(false);
        let closed = reading(limited(0));
        assert_eq!(
            seconds(remote.next(&closed, 0, Some(Duration::from_secs(30)), HOUR, 0.0)),
            Some(30)
        );
        assert_eq!(seconds(remote.next(&closed, 0, Some(Duration::ZERO), HOUR, 0.0)), Some(10));
    }

    #[test]
    fn a_last_look_falls_within_the_wait_or_not_at_all() {
        let remote = Waiting::new(false);
        let closed = reading(limited(0));
        assert_eq!(seconds(remote.next(&closed, 0, None, Duration::from_secs(30), 1.0)), Some(30));
        assert_eq!(remote.next(&closed, 0, None, Duration::from_secs(9), 0.0), None);
    }

    #[test]
    fn a_recovery_is_looked_at_often_enough_and_never_before_retry_after() {
        let span = |loopback, window, retry_after: Option<u64>| {
            let retry_after = retry_after.map(Duration::from_secs);
            Waiting::new(loopback).recovery(Duration::from_secs(window), retry_after).as_millis()
        };
        assert_eq!((span(false, 21_600, None), span(false, 900, None)), (60_000, 15_000));
        assert_eq!((span(false, 60, None), span(true, 6, None)), (10_000, 200));
        assert_eq!(span(true, 6, Some(7)), 7_000);
    }

    proptest! {
        #[test]
        fn no_poll_is_sooner_than_polite_or_later_than_the_wait(
            loopback: bool, failures: u32, window in 0_u64..10_000_000, retry in proptest::option::of(0_u64..u64::MAX),
            full in proptest::option::of(0_u64..u64::MAX), left in 0_u64..1_000_000_000, random in 0.0..=1.0_f64, what in 0..3,
        ) {
            let mut reading = reading(match what {
                0 => failed(FaultKind::Timeout),
                _ => LimitStatus::Limited(Count { limit: 100, remaining: 1, window: Window::from_seconds(window) }),
            });
            reading.retry_after = retry.map(Duration::from_secs);
            let schedule = Waiting::new(loopback);
            let left = Duration::from_secs(left);
            if let Some(span) = schedule.next(&reading, failures, full.map(Duration::from_secs), left, random) {
                prop_assert!(span >= schedule.least() && span <= left);
                prop_assert!(reading.retry_after.is_none_or(|retry| span >= retry));
            }
        }
    }
}
