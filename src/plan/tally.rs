//! What a strategy comes to: the sums over all of its nodes, from what each crowd tells.

use std::ops::Range;

use super::Tick;
use super::crowd::{Course, Witness};
use super::lone::Lone;
use super::members::Members;
use super::spent::Spent;

/// The sums so far.
#[derive(Debug)]
pub(super) struct Tally {
    course: Course,
    cost: u64,
    /// The crowd that is told of.
    members: Members,
    /// How many crowds go the same way.
    alike: u64,
    pub(super) pulls: u64,
    pub(super) refused: u64,
    pub(super) first_refused: Option<Tick>,
    pub(super) nodes_done: u64,
    pub(super) last_done: Tick,
    /// From arrival to done, over all nodes that are done.
    waited: u128,
    pub(super) spent: Spent,
}

impl Tally {
    pub(super) fn new(course: Course, cost: u32, members: Members) -> Self {
        Self {
            course,
            cost: u64::from(cost),
            members,
            alike: 1,
            pulls: 0,
            refused: 0,
            first_refused: None,
            nodes_done: 0,
            last_done: 0,
            waited: 0,
            spent: Spent::default(),
        }
    }

    /// What comes next is about these, and holds for so many crowds.
    pub(super) fn turn(&mut self, members: Members, alike: u64) {
        (self.members, self.alike) = (members, alike);
    }

    /// Tells of a node alone once for each of all nodes.
    pub(super) fn each(&mut self, lone: &Lone, members: Members) {
        self.turn(members, 1);
        for together in members.batches() {
            let arrival = members.arrival(together.start);
            let Some(span) = self.course.horizon.checked_sub(arrival) else { return };
            let nodes = together.end - together.start;
            for (at, asks) in lone.accepted_within(span) {
                self.accepted(arrival + at, asks.saturating_mul(u64::from(nodes)));
            }
            if let Some((first, times)) = lone.refused_within(span) {
                self.refused(arrival + first, times, nodes);
            }
            if let Some(at) = lone.done_within(span) {
                self.done(arrival + at, together);
            }
        }
    }

    /// How long the nodes that are done waited, in ticks: from arrival to done, less the pulls' own time.
    pub(super) fn waited(&self) -> u128 {
        let own = u128::from(self.course.images) * u128::from(self.course.pull);
        self.waited.saturating_sub(own * u128::from(self.nodes_done))
    }
}

impl Witness for Tally {
    fn accepted(&mut self, at: Tick, asks: u64) {
        let pulls = asks.saturating_mul(self.cost).saturating_mul(self.alike);
        self.pulls = self.pulls.saturating_add(pulls);
        self.spent.push(at, pulls);
    }

    fn refused(&mut self, first: Tick, times: u64, nodes: u32) {
        let count = times.saturating_mul(u64::from(nodes)).saturating_mul(self.alike);
        self.refused = self.refused.saturating_add(count);
        self.first_refused = Some(self.first_refused.map_or(first, |known| known.min(first)));
    }

    fn done(&mut self, at: Tick, nodes: Range<u32>) {
        self.last_done = self.last_done.max(at);
        self.nodes_done += u64::from(nodes.end - nodes.start) * self.alike;
        let mut member = nodes.start;
        while member < nodes.end {
            let end = self.members.batch_end(member).min(nodes.end);
            let waited = u128::from(at.saturating_sub(self.members.arrival(member)));
            self.waited += waited * u128::from(end - member) * u128::from(self.alike);
            member = end;
        }
    }
}
