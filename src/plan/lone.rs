//! A node that shares its identity with nobody. Its course depends on nothing but its own arrival, so
//! it is simulated once and told again for every node, cut where the horizon comes for that one.

use std::ops::Range;

use super::LONGEST;
use super::Tick;
use super::crowd::Witness;

/// What happened to the node, counted from its arrival.
#[derive(Debug, Default)]
pub(super) struct Lone {
    /// When how many asks were accepted.
    accepted: Vec<(Tick, u64)>,
    /// When it was refused how many times, a longest back-off apart; and how often before.
    refused: Vec<(Tick, u64, u64)>,
    done: Option<Tick>,
}

impl Witness for Lone {
    fn accepted(&mut self, at: Tick, asks: u64) {
        self.accepted.push((at, asks));
    }

    fn refused(&mut self, first: Tick, times: u64, _: u32) {
        let before = self.refused.last().map_or(0, |(_, times, before)| times + before);
        self.refused.push((first, times, before));
    }

    fn done(&mut self, at: Tick, _: Range<u32>) {
        self.done = Some(at);
    }
}

impl Lone {
    /// What was accepted within so long after the arrival.
    pub(super) fn accepted_within(&self, span: Tick) -> &[(Tick, u64)] {
        let count = self.accepted.partition_point(|(at, _)| *at <= span);
        self.accepted.get(..count).unwrap_or_default()
    }

    /// When it was refused first and how often in all, within so long after the arrival.
    pub(super) fn refused_within(&self, span: Tick) -> Option<(Tick, u64)> {
        let first =
            self.refused.first().map(|(first, _, _)| *first).filter(|first| *first <= span)?;
        let count = self.refused.partition_point(|(at, _, _)| *at <= span);
        let (at, times, before) = *self.refused.get(count.checked_sub(1)?)?;
        Some((first, before + times.min((span - at) / LONGEST + 1)))
    }

    /// When it had all images, where that was within so long after the arrival.
    pub(super) fn done_within(&self, span: Tick) -> Option<Tick> {
        self.done.filter(|done| *done <= span)
    }
}
