//! When pulls were spent: one entry an instant, in order, and never more of them than a reader can
//! use. Up to [`MOST`] instants each keeps its time to the nanosecond; beyond that, neighbouring
//! instants are put together at the beginning of the same span of whole seconds.

use super::{SECOND, Tick};

/// The most instants that are told apart.
pub(super) const MOST: usize = 100_000;

/// Pulls by the instant they were counted in.
#[derive(Debug, Clone)]
pub(super) struct Spent {
    instants: Vec<(Tick, u64)>,
    grain: Tick,
}

impl Default for Spent {
    fn default() -> Self {
        Self { instants: Vec::new(), grain: 1 }
    }
}

impl Spent {
    /// So many pulls were counted at `at`.
    pub(super) fn push(&mut self, at: Tick, pulls: u64) {
        if pulls == 0 {
            return;
        }
        let at = at - at % self.grain;
        match self.instants.last_mut().filter(|(last, _)| *last == at) {
            Some((_, there)) => *there = there.saturating_add(pulls),
            None => self.instants.push((at, pulls)),
        }
        // Seldom, so that sorting costs little for each.
        if self.instants.len() >= 4 * MOST {
            self.gather(2 * MOST);
        }
    }

    /// The sum of what was counted before `end`.
    pub(super) fn until(&self, end: Tick) -> u64 {
        let within = self.instants.iter().filter(|(at, _)| *at < end);
        within.fold(0, |sum, (_, pulls)| sum.saturating_add(*pulls))
    }

    /// The instants in order.
    pub(super) fn finish(mut self) -> Vec<(Tick, u64)> {
        self.gather(MOST);
        self.instants
    }

    /// Puts equal instants together, and neighbours until at most so many are left.
    fn gather(&mut self, most: usize) {
        self.merge();
        while self.instants.len() > most {
            self.grain = if self.grain < SECOND { SECOND } else { self.grain.saturating_mul(2) };
            for (at, _) in &mut self.instants {
                *at -= *at % self.grain;
            }
            self.merge();
        }
    }

    fn merge(&mut self) {
        self.instants.sort_unstable_by_key(|(at, _)| *at);
        self.instants.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 = kept.1.saturating_add(next.1);
            }
            same
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_instants_are_one_and_few_keep_their_time() {
        let mut spent = Spent::default();
        for at in [5, 3, 5, 5, 3, 7] {
            spent.push(at, 2);
        }
        assert_eq!(spent.finish(), [(3, 4), (5, 6), (7, 2)]);
    }

    #[test]
    fn a_great_many_instants_stay_few_and_lose_no_pull() {
        let mut spent = Spent::default();
        let count = 3_000_000_u64;
        (0..count).for_each(|at| spent.push(at * (SECOND / 8 + 1), 3));
        let instants = spent.finish();
        assert!((MOST / 4..=MOST).contains(&instants.len()), "{}", instants.len());
        assert_eq!(instants.iter().map(|(_, pulls)| pulls).sum::<u64>(), count * 3);
        assert!(instants.is_sorted_by(|one, next| one.0 < next.0));
    }
}
