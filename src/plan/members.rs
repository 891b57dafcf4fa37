//! Which nodes share an identity, and when each of them arrives.

use std::ops::Range;

use super::Tick;
use crate::quota::Arrival;

/// Every `stride`-th of all nodes, from `first` on; members count from 0 in the order of the nodes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Members {
    nodes: u32,
    first: u32,
    stride: u32,
    arrival: Arrival,
}

impl Members {
    /// All nodes.
    pub(super) const fn all(nodes: u32, arrival: Arrival) -> Self {
        Self { nodes, first: 0, stride: 1, arrival }
    }

    /// The nodes whose number leaves the remainder `first` by `stride`.
    pub(super) fn every(self, stride: u32, first: u32) -> Self {
        Self { first, stride: stride.max(1), ..self }
    }

    /// How many there are.
    pub(super) const fn count(self) -> u32 {
        self.nodes.saturating_sub(self.first).div_ceil(self.stride)
    }

    /// When a member arrives.
    pub(super) fn arrival(self, member: u32) -> Tick {
        self.arrival.of(self.node(member))
    }

    /// How long after a member a later one arrives.
    pub(super) fn between(self, member: u32, later: u32) -> Tick {
        self.arrival(later).saturating_sub(self.arrival(member))
    }

    /// The member after the last one that arrives together with this one.
    pub(super) fn batch_end(self, member: u32) -> u32 {
        let batch = self.arrival.batch();
        let end = (self.node(member) / batch).saturating_add(1).saturating_mul(batch);
        end.min(self.nodes).saturating_sub(self.first).div_ceil(self.stride).max(member + 1)
    }

    /// The member after the last one that arrives less than `span` after this one; whoever arrives
    /// together with it counts in any case.
    pub(super) fn end_before(self, member: u32, span: Tick) -> u32 {
        let end = self.batch_end(member);
        let every = self.arrival.every();
        if span <= 1 || end >= self.count() {
            return end;
        }
        let batch = u64::from(self.arrival.batch());
        let own = u64::from(self.node(member)) / batch;
        let more = (span - 1).checked_div(every).unwrap_or(u64::MAX);
        let node = own.saturating_add(more).saturating_add(1).saturating_mul(batch);
        let node = u32::try_from(node).unwrap_or(u32::MAX).min(self.nodes);
        node.saturating_sub(self.first).div_ceil(self.stride).max(end)
    }

    /// How many arrive at `at` or before.
    pub(super) fn arrived_by(self, at: Tick) -> u32 {
        let batches = at.checked_div(self.arrival.every()).map_or(u64::MAX, |batch| batch + 1);
        let nodes = batches.saturating_mul(u64::from(self.arrival.batch()));
        let nodes = u32::try_from(nodes).unwrap_or(u32::MAX).min(self.nodes);
        nodes.saturating_sub(self.first).div_ceil(self.stride)
    }

    /// The members in batches that arrive together, from the first on.
    pub(super) fn batches(self) -> impl Iterator<Item = Range<u32>> {
        let batch = move |start: u32| (start < self.count()).then(|| start..self.batch_end(start));
        std::iter::successors(batch(0), move |last| batch(last.end))
    }

    pub(super) const fn node(self, member: u32) -> u32 {
        self.first.saturating_add(member.saturating_mul(self.stride))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    proptest! {
        #[test]
        fn batches_are_the_members_that_arrive_together(nodes in 1_u32..60, stride in 1_u32..9, batch in 1_u32..20) {
            let arrival = Arrival::Rolling { nodes: batch, every: Duration::from_secs(1) };
            for first in 0..stride {
                let members = Members::all(nodes, arrival).every(stride, first);
                let numbers: Vec<u32> = (0..nodes).filter(|node| node % stride == first).collect();
                prop_assert_eq!(usize::try_from(members.count()).unwrap(), numbers.len());
                let mut seen = 0;
                for together in members.batches() {
                    prop_assert_eq!(together.start, seen);
                    let of = |member: u32| numbers[usize::try_from(member).unwrap()] / batch;
                    prop_assert!(together.clone().all(|member| of(member) == of(seen)));
                    prop_assert_eq!(members.arrival(seen), u64::from(of(seen)) * 1_000_000_000);
                    seen = together.end;
                    prop_assert!(seen == members.count() || of(seen) != of(seen - 1));
                }
                prop_assert_eq!(seen, members.count());
                for at in (0..20).map(|at| at * 500_000_000) {
                    let by = (0..members.count()).filter(|member| members.arrival(*member) <= at);
                    prop_assert_eq!(usize::try_from(members.arrived_by(at)).unwrap(), by.count());
                }
                for (member, span) in (0..members.count()).zip((0..).step_by(700_000_000)) {
                    let within = |later: &u32| members.between(member, *later) < span;
                    let end = (member..members.count()).take_while(within).last();
                    let end = end.map_or(0, |last| last + 1).max(members.batch_end(member));
                    prop_assert_eq!(members.end_before(member, span), end);
                }
            }
        }
    }
}
