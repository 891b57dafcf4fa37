//! How long to stay away after what went wrong, by how often it did in a row. Doubling from a base
//! to a cap, the later half of each wait left to chance, so that many watchers that were refused at
//! one moment do not come back at one moment (AWS Architecture Blog, "Exponential Backoff And
//! Jitter", 2015: equal jitter). `Retry-After` is a lower bound, never shortened.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use crate::quota::{FaultKind, LimitStatus, Reading, Throttle};

/// What a reading means for the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Something is other than before.
    Moved,
    /// Nothing is.
    Still,
    /// No answer, or none worth the name.
    Failed(FaultKind),
    /// A 429 of the pull limit.
    Refused,
    /// A 429 of another limit.
    Throttled(Throttle),
}

impl Outcome {
    /// What a reading means, `moved` telling whether it differs from the one before.
    pub(crate) fn of(reading: &Reading, moved: bool) -> Self {
        match &reading.status {
            LimitStatus::Throttled(throttle, _) => Self::Throttled(*throttle),
            LimitStatus::Failed(fault) => Self::Failed(fault.kind),
            LimitStatus::Exhausted { .. } if reading.http_status == Some(429) => Self::Refused,
            _ if moved => Self::Moved,
            _ => Self::Still,
        }
    }

    /// Whether two outcomes are the same kind of trouble, so that the second waits longer.
    pub(crate) fn kin(self, other: Self) -> bool {
        use FaultKind::{Network, Protocol, Server, Timeout, Tls};
        let unreachable =
            |outcome| matches!(outcome, Self::Failed(Network | Timeout | Tls | Server | Protocol));
        self == other || (unreachable(self) && unreachable(other))
    }
}

/// The wait after the `times`th such outcome in a row (from 1); `None` where there is nothing to
/// stay away from. `chance` is in 0..1.
pub(crate) fn stay_away(
    outcome: Outcome,
    times: u32,
    interval: Duration,
    near: bool,
    chance: f64,
) -> Option<Duration> {
    let second = Duration::from_secs(1);
    let minute = 60 * second;
    // A registry on loopback is somebody's own: no politeness is owed, only no hot loop.
    let near_base = interval.clamp(second / 4, second);
    let (base, cap) = match outcome {
        Outcome::Moved | Outcome::Still => return None,
        Outcome::Refused => {
            return Some(jittered(
                doubled(interval.max(second / 2), times.min(2) + 1, Duration::MAX),
                chance,
            ));
        }
        _ if near => (near_base, 8 * second),
        Outcome::Throttled(Throttle::Overall) => (minute, 15 * minute),
        // Docker Hub's lock-out takes 10 to 15 minutes, and every further failure prolongs it.
        Outcome::Throttled(Throttle::Login) => (15 * minute, 60 * minute),
        Outcome::Failed(FaultKind::Credentials) => (5 * minute, 60 * minute),
        Outcome::Failed(FaultKind::Network | FaultKind::Timeout | FaultKind::Tls) => {
            (5 * second, 5 * minute)
        }
        Outcome::Failed(FaultKind::Server | FaultKind::Protocol) => {
            (interval.max(10 * second), 5 * minute)
        }
        Outcome::Failed(_) => (interval.max(minute), 15 * minute),
    };
    Some(jittered(doubled(base, times, cap.max(interval)), chance))
}

fn doubled(base: Duration, times: u32, cap: Duration) -> Duration {
    base.saturating_mul(1_u32.checked_shl(times.saturating_sub(1).min(20)).unwrap_or(u32::MAX))
        .min(cap)
}

fn jittered(wait: Duration, chance: f64) -> Duration {
    let half = wait / 2;
    half + half.mul_f64(chance.clamp(0.0, 1.0))
}

/// Numbers left to chance, for jitter; of no use for secrets.
#[derive(Debug)]
pub(crate) struct Jitter(u64);

impl Jitter {
    /// Other numbers in every process.
    pub(crate) fn new() -> Self {
        Self(RandomState::new().hash_one(std::process::id()))
    }

    /// A number in 0..1 (splitmix64, Steele, Lea and Flood 2014).
    pub(crate) fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        f64::from(u32::try_from(mixed >> 32).unwrap_or(0)) / (f64::from(u32::MAX) + 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[rstest]
    #[case(Outcome::Failed(FaultKind::Network), 1, 60, 5)]
    #[case(Outcome::Failed(FaultKind::Network), 3, 60, 20)]
    #[case(Outcome::Failed(FaultKind::Network), 40, 60, 300)]
    #[case(Outcome::Failed(FaultKind::Timeout), 40, 3_600, 3_600)]
    #[case(Outcome::Failed(FaultKind::Server), 1, 60, 60)]
    #[case(Outcome::Failed(FaultKind::Credentials), 1, 60, 300)]
    #[case(Outcome::Failed(FaultKind::Denied), 9, 60, 900)]
    #[case(Outcome::Refused, 1, 60, 120)]
    #[case(Outcome::Refused, 9, 60, 240)]
    #[case(Outcome::Throttled(Throttle::Overall), 1, 10, 60)]
    #[case(Outcome::Throttled(Throttle::Login), 1, 10, 900)]
    fn far_away_the_wait_doubles_to_its_cap(
        #[case] outcome: Outcome,
        #[case] times: u32,
        #[case] interval: u64,
        #[case] most: u64,
    ) {
        let wait = |chance| stay_away(outcome, times, s(interval), false, chance).unwrap();
        assert_eq!((wait(0.0), wait(1.0)), (s(most) / 2, s(most)));
    }

    #[test]
    fn nothing_is_ever_a_hot_loop() {
        for outcome in [
            Outcome::Failed(FaultKind::Network),
            Outcome::Failed(FaultKind::Credentials),
            Outcome::Refused,
        ] {
            for times in 1..100 {
                assert!(
                    stay_away(outcome, times, Duration::ZERO, true, 0.0).unwrap()
                        >= Duration::from_millis(125)
                );
            }
        }
        assert!(
            stay_away(Outcome::Failed(FaultKind::Network), 50, Duration::ZERO, true, 1.0).unwrap()
                <= s(8)
        );
    }

    #[test]
    fn jitter_falls_everywhere_between_0_and_1() {
        let mut jitter = Jitter::new();
        let throws: Vec<f64> = (0..1_000).map(|_| jitter.next()).collect();
        assert!(throws.iter().all(|throw| (0.0..1.0).contains(throw)));
        let mean = throws.iter().sum::<f64>() / 1_000.0;
        assert!((0.4..0.6).contains(&mean), "{mean}");
    }
}
