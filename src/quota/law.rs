//! How a count recovers. Docker does not publish its law ("rolling" in a blog of 2020; protocol
//! notes of November 2026, fact 10), so there are three, and one promise that each keeps: full
//! again at the latest one window after the last pull. Pure: the sandbox counts by it and forecasts
//! are simulated on it. A [`Usage`] is small, so that a million of them fit in memory.

use std::time::Duration;

use super::Window;

/// Marks of a sliding window that are kept one by one, before near ones are put together.
const EXACT_MARKS: usize = 16;
/// Beyond [`EXACT_MARKS`], pulls within this part of the window share a mark and recover together
/// with the first of them: early by at most that part, never late.
const GRAIN: u64 = 64;

/// The law by which a count recovers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Law {
    /// Each pull comes back one window after it was made.
    #[default]
    Sliding,
    /// The first pull opens a window; all of it comes back when that window ends.
    Fixed,
    /// Pulls come back one by one, evenly: the whole limit in one window.
    Bucket,
}

/// A limit, the window it counts over and the law by which it recovers.
///
/// Times are durations since an epoch of the caller's choosing, the same for every call, read to
/// the millisecond. A time before an earlier one is survived: nothing recovers by it.
///
/// ```
/// use std::time::Duration;
/// use dhlimit::quota::{Law, Quota, Usage, Window};
///
/// let quota = Quota { law: Law::Sliding, limit: 2, window: Window::from_seconds(60).unwrap() };
/// let mut usage = Usage::default();
/// let at = Duration::from_secs;
/// assert!(quota.take(&mut usage, at(0)) && quota.take(&mut usage, at(50)));
/// assert!(!quota.take(&mut usage, at(59)));
/// assert_eq!(quota.remaining(&usage, at(60)), 1);
/// assert_eq!(quota.when(&usage, at(60), 2), Some(at(110)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// How a pull comes back.
    pub law: Law,
    /// Pulls in a window; 0 allows none.
    pub limit: u32,
    /// The window the limit counts over.
    pub window: Window,
}

/// What one identity has used of a [`Quota`]; the default is nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Usage(Kept);

#[derive(Debug, Clone, PartialEq, Eq, Default)]
enum Kept {
    #[default]
    Nothing,
    /// Pulls of a sliding window, oldest first.
    Marks(Vec<Mark>),
    /// A fixed window since `start`.
    Since { start: u64, used: u32 },
    /// What is missing in a bucket, in pulls times the window's milliseconds.
    Debt { as_of: u64, debt: u64 },
}

/// When (42 bits of milliseconds) and how many pulls (22 bits), in one word for the memory's sake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark(u64);

impl Mark {
    const PULLS_BITS: u32 = 22;
    const PULLS_MAX: u32 = (1 << Self::PULLS_BITS) - 1;
    const AT_MAX: u64 = u64::MAX >> Self::PULLS_BITS;

    fn new(at: u64, pulls: u32) -> Self {
        Self((at.min(Self::AT_MAX) << Self::PULLS_BITS) | u64::from(pulls.min(Self::PULLS_MAX)))
    }

    fn at(self) -> u64 {
        self.0 >> Self::PULLS_BITS
    }

    fn pulls(self) -> u32 {
        u32::try_from(self.0 & u64::from(Self::PULLS_MAX)).unwrap_or(Self::PULLS_MAX)
    }
}

impl Quota {
    /// Pulls that are left at `now`: 0 to the limit.
    pub fn remaining(&self, usage: &Usage, now: Duration) -> u32 {
        let now = millis(now);
        let used = match &usage.0 {
            Kept::Nothing => 0,
            Kept::Marks(marks) => marks
                .iter()
                .filter(|mark| self.is_live(mark.at(), now))
                .fold(0_u32, |sum, mark| sum.saturating_add(mark.pulls())),
            Kept::Since { start, used } => {
                if self.is_live(*start, now) {
                    *used
                } else {
                    0
                }
            }
            Kept::Debt { as_of, debt } => {
                u32::try_from(self.debt_at(*as_of, *debt, now).div_ceil(self.period()))
                    .unwrap_or(u32::MAX)
            }
        };
        self.limit.saturating_sub(used)
    }

    /// Takes one pull where one is left, and says whether it did.
    pub fn take(&self, usage: &mut Usage, now: Duration) -> bool {
        self.charge(usage, now, 1) == 1
    }

    /// Takes `pulls` at once, or as many as are left; the answer is how many it took.
    pub fn charge(&self, usage: &mut Usage, now: Duration, pulls: u32) -> u32 {
        let pulls = pulls.min(self.remaining(usage, now));
        if pulls == 0 {
            return 0;
        }
        let now = millis(now);
        match self.law {
            Law::Sliding => self.mark(usage, now, pulls),
            Law::Fixed => {
                usage.0 = match usage.0 {
                    Kept::Since { start, used } if self.is_live(start, now) => {
                        Kept::Since { start, used: used.saturating_add(pulls) }
                    }
                    _ => Kept::Since { start: now, used: pulls },
                };
            }
            Law::Bucket => {
                let (as_of, debt) = match usage.0 {
                    Kept::Debt { as_of, debt } => (as_of.max(now), self.debt_at(as_of, debt, now)),
                    _ => (now, 0),
                };
                usage.0 = Kept::Debt {
                    as_of,
                    debt: debt.saturating_add(u64::from(pulls).saturating_mul(self.period())),
                };
            }
        }
        pulls
    }

    /// The earliest time, `now` or later, at which at least `pulls` are left if nobody pulls until
    /// then; `None` where that is more than the limit.
    pub fn when(&self, usage: &Usage, now: Duration, pulls: u32) -> Option<Duration> {
        if pulls > self.limit {
            return None;
        }
        if self.remaining(usage, now) >= pulls {
            return Some(now);
        }
        let spare = self.limit - pulls;
        let instant = millis(now);
        let then = match &usage.0 {
            Kept::Nothing => instant,
            Kept::Marks(marks) => {
                // From the newest back: the first that no longer fits beside the spare has to go.
                let mut held = 0_u32;
                let last_to_go = marks.iter().rev().find(|mark| {
                    held = held.saturating_add(mark.pulls());
                    held > spare
                });
                last_to_go.map_or(instant, |mark| mark.at().saturating_add(self.period()))
            }
            Kept::Since { start, .. } => start.saturating_add(self.period()),
            Kept::Debt { as_of, debt } => {
                let bearable = u64::from(spare).saturating_mul(self.period());
                let excess = self.debt_at(*as_of, *debt, instant).saturating_sub(bearable);
                instant.max(*as_of).saturating_add(excess.div_ceil(u64::from(self.limit.max(1))))
            }
        };
        Some(Duration::from_millis(then).max(now))
    }

    /// The time at which the whole limit is there again if nobody pulls until then.
    pub fn full_at(&self, usage: &Usage, now: Duration) -> Duration {
        self.when(usage, now, self.limit).unwrap_or(now)
    }

    fn mark(&self, usage: &mut Usage, now: u64, pulls: u32) {
        let mut marks = match std::mem::take(&mut usage.0) {
            Kept::Marks(marks) => marks,
            _ => Vec::new(),
        };
        let expired = marks.iter().take_while(|mark| !self.is_live(mark.at(), now)).count();
        marks.drain(..expired);
        let mut left = pulls;
        let grain = if marks.len() < EXACT_MARKS { 1 } else { (self.period() / GRAIN).max(1) };
        let shared = marks.last_mut().filter(|last| now.saturating_sub(last.at()) < grain);
        if let Some(last) = shared {
            let fits = left.min(Mark::PULLS_MAX - last.pulls());
            *last = Mark::new(last.at(), last.pulls() + fits);
            left -= fits;
        }
        let at = marks.last().map_or(now, |last| last.at().max(now));
        while left > 0 {
            let part = left.min(Mark::PULLS_MAX);
            // Growing by little: most identities pull little, and doubling is memory for nothing.
            if marks.len() == marks.capacity() {
                marks.reserve_exact(if marks.is_empty() { 1 } else { 4 });
            }
            marks.push(Mark::new(at, part));
            left -= part;
        }
        usage.0 = Kept::Marks(marks);
    }

    fn is_live(&self, at: u64, now: u64) -> bool {
        now < at.saturating_add(self.period())
    }

    fn debt_at(&self, as_of: u64, debt: u64, now: u64) -> u64 {
        debt.saturating_sub(now.saturating_sub(as_of).saturating_mul(u64::from(self.limit)))
    }

    /// The window in milliseconds.
    fn period(&self) -> u64 {
        self.window.seconds().saturating_mul(1000)
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    fn quota(law: Law, limit: u32, seconds: u64) -> Quota {
        Quota { law, limit, window: Window::from_seconds(seconds).unwrap() }
    }

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Three pulls, at 0, 10 and 20 seconds, of a limit of 4 in 60 seconds; what is left, and when.
    #[rstest]
    #[case(Law::Sliding, &[(20, 1), (59, 1), (60, 2), (69, 2), (70, 3), (79, 3), (80, 4)], 80)]
    #[case(Law::Fixed, &[(20, 1), (59, 1), (60, 4)], 60)]
    #[case(Law::Bucket, &[(20, 2), (29, 2), (30, 3), (44, 3), (45, 4)], 45)]
    fn pulls_come_back_by_their_law(
        #[case] law: Law,
        #[case] left: &[(u64, u32)],
        #[case] full: u64,
    ) {
        let quota = quota(law, 4, 60);
        let mut usage = Usage::default();
        for second in [0, 10, 20] {
            assert!(quota.take(&mut usage, at(second)));
        }
        for (second, remaining) in left {
            assert_eq!(quota.remaining(&usage, at(*second)), *remaining, "{law:?} at {second}");
        }
        assert_eq!(quota.full_at(&usage, at(20)), at(full));
    }

    #[rstest]
    #[case(Law::Sliding)]
    #[case(Law::Fixed)]
    #[case(Law::Bucket)]
    fn nothing_is_taken_where_nothing_is_left(#[case] law: Law) {
        let quota = quota(law, 3, 3600);
        let mut usage = Usage::default();
        assert_eq!(quota.charge(&mut usage, at(0), 5), 3);
        let before = usage.clone();
        assert!(!quota.take(&mut usage, at(1)));
        assert_eq!(usage, before, "a refused pull must leave no trace");
        assert_eq!(quota.when(&usage, at(1), 4), None);
        let none = Quota { limit: 0, ..quota };
        assert!(!none.take(&mut Usage::default(), at(0)));
        assert_eq!(none.when(&usage, at(0), 0), Some(at(0)));
    }

    #[test]
    fn a_sliding_window_stays_small_whatever_it_counts() {
        let quota = quota(Law::Sliding, 4_000_000_000, 3600);
        let mut usage = Usage::default();
        for second in 0..20_000 {
            assert_eq!(quota.charge(&mut usage, at(second), 1_000), 1_000);
        }
        quota.charge(&mut usage, at(20_000), 50_000_000);
        let Kept::Marks(marks) = &usage.0 else { unreachable!() };
        assert!(marks.len() <= EXACT_MARKS + 64 + 15, "{} marks", marks.len());
    }

    #[test]
    fn a_clock_that_steps_back_brings_nothing_back() {
        for law in [Law::Sliding, Law::Fixed, Law::Bucket] {
            let quota = quota(law, 5, 60);
            let mut usage = Usage::default();
            quota.charge(&mut usage, at(100), 2);
            quota.charge(&mut usage, at(50), 1);
            assert_eq!(quota.remaining(&usage, at(50)), 2, "{law:?}");
            assert_eq!(quota.remaining(&usage, at(160)), 5, "{law:?}");
        }
    }

    fn laws() -> impl Strategy<Value = Law> {
        prop_oneof![Just(Law::Sliding), Just(Law::Fixed), Just(Law::Bucket)]
    }

    proptest! {
        #[test]
        fn every_law_keeps_the_promises(
            law in laws(),
            limit in 1_u32..300,
            seconds in 1_u64..90_000,
            pulls in prop::collection::vec((0_u64..3_000_000, 1_u32..40), 1..200),
        ) {
            let quota = quota(law, limit, seconds);
            let mut usage = Usage::default();
            let mut now = Duration::ZERO;
            for (pause, wanted) in pulls {
                let left = quota.remaining(&usage, now);
                now += Duration::from_millis(pause);
                prop_assert!(quota.remaining(&usage, now) >= left, "recovery goes one way");
                let before = quota.remaining(&usage, now);
                let took = quota.charge(&mut usage, now, wanted);
                prop_assert_eq!(took, wanted.min(before));
                prop_assert_eq!(quota.remaining(&usage, now), before - took, "never negative, never free");
                let full = quota.full_at(&usage, now);
                prop_assert_eq!(quota.remaining(&usage, full), limit);
                if took > 0 {
                    prop_assert!(full <= now + quota.window.duration(), "full one window after the last pull");
                }
                let half = quota.when(&usage, now, limit / 2).unwrap();
                prop_assert!(quota.remaining(&usage, half) >= limit / 2);
                if half > now {
                    prop_assert!(quota.remaining(&usage, half.saturating_sub(Duration::from_millis(1))) < limit / 2, "not earlier");
                }
            }
        }

        #[test]
        fn a_sliding_window_of_few_pulls_never_holds_more_than_the_limit(
            limit in 1_u32..16,
            pauses in prop::collection::vec(0_u64..20_000, 1..200),
        ) {
            let quota = quota(Law::Sliding, limit, 60);
            let (mut usage, mut now, mut taken) = (Usage::default(), Duration::ZERO, Vec::new());
            for pause in pauses {
                now += Duration::from_millis(pause);
                let due = u32::try_from(taken.iter().filter(|then| **then + at(60) > now).count()).unwrap();
                prop_assert_eq!(quota.remaining(&usage, now), limit - due);
                if quota.take(&mut usage, now) {
                    taken.push(now);
                }
            }
        }
    }
}
