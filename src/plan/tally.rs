//! What a strategy comes to: the sums over all of its nodes, from what each crowd tells.

use std::ops::Range;

use super::Tick;
use super::crowd::{Course, Witness};
use super::load::Load;
use super::lone::Lone;
use super::members::Members;
use super::spent::Spent;

/// The sums so far.
#[derive(Debug)]
pub(super) struct Tally {
    course: Course,
    load: Load,
    cost: u64,
    /// The crowd that is told of.
    members: Members,
    /// How many crowds go the same way.
    alike: u64,
    pub(super) pulls: u64,
    pub(super) refused: u64,
    /// Asks that the nodes' own kubelets kept back.
    pub(super) throttled: u64,
    pub(super) first_refused: Option<Tick>,
    pub(super) nodes_done: u64,
    pub(super) last_done: Tick,
    /// From arrival to done less the pulls' own time, in ticks, over all nodes that are done.
    pub(super) waited: u128,
    /// Nodes whose pulls were all accepted at once.
    unhindered: u64,
    /// The longest of these waits.
    pub(super) longest_wait: Tick,
    pub(super) spent: Spent,
    /// When how many nodes had all images.
    pub(super) running: Spent,
    /// Whether a refusal is all that is wanted to know.
    pub(super) until_refused: bool,
}

impl Tally {
    pub(super) fn new(course: Course, load: Load, cost: u32, members: Members) -> Self {
        Self {
            course,
            load,
            cost: u64::from(cost),
            members,
            alike: 1,
            pulls: 0,
            refused: 0,
            throttled: 0,
            first_refused: None,
            nodes_done: 0,
            last_done: 0,
            waited: 0,
            unhindered: 0,
            longest_wait: 0,
            spent: Spent::default(),
            running: Spent::default(),
            until_refused: false,
        }
    }

    /// How a node's pulls go.
    pub(super) fn course(&self) -> Course {
        self.course
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

    /// How many of all nodes would have had all images by the horizon, or sooner, but for a refusal.
    pub(super) fn nodes_waited(&self, all: Members) -> u64 {
        let last = |node| self.course.horizon.checked_sub(self.own(node));
        let reached = if self.load.is_even() {
            last(0).map_or(0, |last| u64::from(all.arrived_by(last)))
        } else {
            let reaches = |member: &u32| {
                last(all.node(*member)).is_some_and(|last| all.arrival(*member) <= last)
            };
            (0..all.count()).filter(reaches).count() as u64
        };
        reached.saturating_sub(self.unhindered)
    }

    /// How long the pulls of a node take where it is never refused.
    fn own(&self, node: u32) -> Tick {
        let turns = self.load.count(node).div_ceil(self.course.parallel.max(1));
        u64::from(turns).saturating_mul(self.course.pull)
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
        let done = u64::from(nodes.end - nodes.start) * self.alike;
        self.nodes_done += done;
        self.running.push(at, done);
        let own = self.own(self.members.node(nodes.start));
        let mut member = nodes.start;
        while member < nodes.end {
            let end = self.members.batch_end(member).min(nodes.end);
            let waited = at.saturating_sub(self.members.arrival(member)).saturating_sub(own);
            let together = u64::from(end - member) * self.alike;
            self.waited += u128::from(waited) * u128::from(together);
            self.longest_wait = self.longest_wait.max(waited);
            self.unhindered += if waited > 0 { 0 } else { together };
            member = end;
        }
    }

    fn throttled(&mut self) {
        self.throttled += 1;
    }

    fn enough(&self) -> bool {
        self.until_refused && self.refused > 0
    }
}
