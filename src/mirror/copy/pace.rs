//! When to copy and when to wait: a floor under the count, an estimate of what an image costs from what
//! others have cost, and how long until the next look. Pure.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::quota::{LimitStatus, Reading};

/// What an image of several platforms costs at first sight: its index and two manifests.
const FIRST_GUESS: u64 = 3;
/// The shortest and the longest time between two looks at a count that is to come back.
const LOOKS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// A moment of a wait.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// What is left.
    pub remaining: u64,
    /// What must be left before the next copy.
    pub wanted: u64,
    /// Full again at the latest.
    pub full_by: Option<DateTime<Utc>>,
    /// Whose count it is.
    pub whom: String,
    /// Until the next look.
    pub next: Duration,
}

/// Whether an image may be copied on a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum May {
    /// Now.
    Now,
    /// When so many are left.
    When(u64),
    /// Never: with all of the limit left it would fall below the floor.
    Never(u64),
}

/// What is to be left for the next image: the floor and what the dearest so far has cost. Where no floor
/// is to be kept, one pull is enough to begin with: the tool waits for nobody.
pub(super) fn wanted(floor: u64, dearest: u64, all_platforms: bool) -> u64 {
    let guess = match (floor, all_platforms) {
        (0, _) => 1,
        (_, true) => FIRST_GUESS.max(dearest),
        (_, false) => 2.max(dearest),
    };
    floor.saturating_add(guess)
}

/// Whether a count allows it.
pub(super) fn may(reading: &Reading, wanted: u64) -> May {
    match (&reading.status, reading.count()) {
        (_, Some(count)) if count.remaining >= wanted => May::Now,
        (_, Some(count)) if count.limit < wanted => May::Never(count.limit),
        (_, Some(_)) | (LimitStatus::Exhausted { .. }, None) => May::When(wanted),
        _ => May::Now,
    }
}

/// How long until the next look: a sixtieth of the window.
pub(super) fn next_look(reading: &Reading) -> Duration {
    let window = reading.count().and_then(|count| count.window);
    let share = window.map_or(LOOKS.1, |window| window.duration() / 60);
    share.clamp(LOOKS.0, LOOKS.1)
}

/// What is left, for a comparison of payers: without a limit, more than any.
pub(super) fn left(reading: &Reading) -> u64 {
    match reading.status {
        LimitStatus::Limited(count) => count.remaining,
        LimitStatus::Unlimited | LimitStatus::Unknown => u64::MAX,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_floor_stays_whatever_an_image_costs() {
        assert_eq!(wanted(0, 9, true), 1);
        assert_eq!(wanted(20, 0, true), 23);
        assert_eq!(wanted(20, 0, false), 22);
        assert_eq!(wanted(20, 7, true), 27);
        assert_eq!(wanted(u64::MAX, 1, true), u64::MAX);
    }
}
