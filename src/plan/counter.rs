//! What one identity has pulled, counted exactly: to the nanosecond, and a bucket's tokens as whole
//! numbers. The laws are [`crate::quota::Law`]'s; its `Usage` puts near pulls together so that a
//! million fit in memory, and a plan that another program must reach to the pull cannot do that. A
//! test holds the two against each other where both are exact.

use std::collections::VecDeque;

use super::Tick;
use crate::quota::{Law, Quota};

/// One identity's count, in asks that cost the same.
#[derive(Debug, Clone)]
pub(super) struct Counter {
    limit: u64,
    cost: u64,
    window: Tick,
    kept: Kept,
}

#[derive(Debug, Clone)]
enum Kept {
    Unlimited,
    /// What was pulled when, oldest first, and its sum.
    Sliding {
        marks: VecDeque<(Tick, u64)>,
        used: u64,
    },
    /// What was pulled in the window that ends then.
    Fixed {
        ends: Tick,
        used: u64,
    },
    /// What is missing in the bucket, in pulls times the window's nanoseconds.
    Bucket {
        as_of: Tick,
        debt: u128,
    },
}

impl Counter {
    /// A count at nothing; without a quota nothing is counted.
    pub(super) fn new(quota: Option<Quota>, cost: u32) -> Self {
        let kept = match quota.map(|quota| quota.law) {
            None => Kept::Unlimited,
            Some(Law::Sliding) => Kept::Sliding { marks: VecDeque::new(), used: 0 },
            Some(Law::Fixed) => Kept::Fixed { ends: 0, used: 0 },
            Some(Law::Bucket) => Kept::Bucket { as_of: 0, debt: 0 },
        };
        Self {
            limit: quota.map_or(0, |quota| u64::from(quota.limit)),
            cost: u64::from(cost.max(1)),
            window: quota.map_or(1, |quota| super::ticks(quota.window.duration())),
            kept,
        }
    }

    /// The same where so many pulls were made just before the start: by every law the latest time for
    /// them to come back.
    #[must_use]
    pub(super) fn with_used(mut self, pulls: u64) -> Self {
        self.take_pulls(0, pulls.min(self.limit));
        self
    }

    /// How many asks would be accepted at `now`. Times never go back.
    pub(super) fn room(&mut self, now: Tick) -> u64 {
        match self.left(now) {
            u64::MAX => u64::MAX,
            left => left / self.cost,
        }
    }

    /// How many pulls are left at `now`. Times never go back.
    pub(super) fn left(&mut self, now: Tick) -> u64 {
        let used = match &mut self.kept {
            Kept::Unlimited => return u64::MAX,
            Kept::Sliding { marks, used } => {
                while let Some((at, pulls)) = marks.front()
                    && at.saturating_add(self.window) <= now
                {
                    *used -= pulls;
                    marks.pop_front();
                }
                *used
            }
            Kept::Fixed { ends, used } => {
                if now < *ends {
                    *used
                } else {
                    0
                }
            }
            Kept::Bucket { as_of, debt } => {
                let refilled = u128::from(now.saturating_sub(*as_of)) * u128::from(self.limit);
                *debt = debt.saturating_sub(refilled);
                *as_of = now;
                // A token that is not whole yet is none.
                u64::try_from(debt.div_ceil(u128::from(self.window))).unwrap_or(u64::MAX)
            }
        };
        self.limit.saturating_sub(used)
    }

    /// Counts `asks` that [`Counter::room`] has room for at `now`.
    pub(super) fn take(&mut self, now: Tick, asks: u64) {
        self.take_pulls(now, asks.saturating_mul(self.cost));
    }

    /// Counts so many pulls, no more than are [left](Counter::left) at `now`.
    pub(super) fn take_pulls(&mut self, now: Tick, pulls: u64) {
        if pulls == 0 {
            return;
        }
        match &mut self.kept {
            Kept::Unlimited => {}
            Kept::Sliding { marks, used } => {
                *used += pulls;
                match marks.back_mut().filter(|(at, _)| *at == now) {
                    Some((_, there)) => *there += pulls,
                    None => marks.push_back((now, pulls)),
                }
            }
            Kept::Fixed { ends, used } => {
                if now >= *ends {
                    (*ends, *used) = (now.saturating_add(self.window), 0);
                }
                *used += pulls;
            }
            Kept::Bucket { debt, .. } => *debt += u128::from(pulls) * u128::from(self.window),
        }
    }

    /// The first time, `now` or later, at which an ask would be accepted if nobody asks until then.
    pub(super) fn ready(&mut self, now: Tick) -> Tick {
        if self.room(now) > 0 {
            return now;
        }
        match &self.kept {
            Kept::Unlimited => now,
            // A mark may be less than one ask's cost: others pull as well.
            Kept::Sliding { marks, used } => {
                let mut over = (*used + self.cost).saturating_sub(self.limit);
                for (at, pulls) in marks {
                    over = over.saturating_sub(*pulls);
                    if over == 0 {
                        return at.saturating_add(self.window);
                    }
                }
                Tick::MAX
            }
            Kept::Fixed { ends, .. } => *ends,
            Kept::Bucket { debt, .. } => {
                let bearable =
                    u128::from(self.limit.saturating_sub(self.cost)) * u128::from(self.window);
                let wait = debt.saturating_sub(bearable).div_ceil(u128::from(self.limit.max(1)));
                now.saturating_add(Tick::try_from(wait).unwrap_or(Tick::MAX))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::{Usage, Window};
    use proptest::prelude::*;
    use std::time::Duration;

    proptest! {
        /// Up to 16 marks at whole milliseconds `Usage` is exact as well.
        #[test]
        fn the_count_is_the_one_that_the_sandbox_and_the_forecasts_keep(
            law in prop_oneof![Just(Law::Sliding), Just(Law::Fixed), Just(Law::Bucket)],
            limit in 1_u32..16,
            seconds in 1_u64..100,
            pauses in prop::collection::vec(0_u64..20_000, 1..100),
        ) {
            let quota = Quota { law, limit, window: Window::from_seconds(seconds).unwrap() };
            let (mut counter, mut usage) = (Counter::new(Some(quota), 1), Usage::default());
            let mut now = 0;
            for pause in pauses {
                now += pause;
                let (tick, time) = (now * 1_000_000, Duration::from_millis(now));
                prop_assert_eq!(counter.room(tick), u64::from(quota.remaining(&usage, time)));
                let ready = counter.ready(tick);
                let when = quota.when(&usage, time, 1).unwrap();
                prop_assert_eq!(ready.div_ceil(1_000_000), u64::try_from(when.as_millis()).unwrap());
                if quota.take(&mut usage, time) {
                    counter.take(tick, 1);
                }
            }
        }

        #[test]
        fn ready_is_the_first_moment_with_room(
            law in prop_oneof![Just(Law::Sliding), Just(Law::Fixed), Just(Law::Bucket)],
            cost in 1_u32..6,
            spare in 0_u32..40,
            seconds in 1_u64..100,
            pauses in prop::collection::vec((0_u64..9_000_000_000, 1_u64..9), 1..60),
        ) {
            let quota = Quota { law, limit: cost + spare, window: Window::from_seconds(seconds).unwrap() };
            let mut counter = Counter::new(Some(quota), cost);
            let mut now = 0;
            for (pause, asks) in pauses {
                now += pause;
                let asks = asks.min(counter.room(now));
                counter.take(now, asks);
                let ready = counter.ready(now);
                prop_assert!(counter.clone().room(ready) > 0, "{:?} at {}", counter, ready);
                if ready > now {
                    prop_assert_eq!(counter.clone().room(ready - 1), 0);
                }
            }
        }
    }
}
