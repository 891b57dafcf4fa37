//! The same rollout by looking at every ask of every node: slower than a crowd, and open to what a
//! crowd has no room for. A kubelet that pulls several images at once or keeps back asks of its own, others
//! who pull from the same count, and a registry that decides by itself: whoever answers is a [`Judge`].

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::counter::Counter;
use super::crowd::{Course, Witness};
use super::load::Load;
use super::members::Members;
use super::{SECOND, Tick, back_off};

/// How the kubelet keeps back pulls of its node (`registryPullQPS` and `registryBurst`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kubelet {
    /// Asks a second; 0: as many as there are.
    pub qps: u32,
    /// Asks at once: at least 1.
    pub burst: u32,
}

/// What becomes of an ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// Accepted, and counted.
    Counted,
    /// Accepted, and nobody counts it.
    Free,
    /// Refused.
    Refused,
}

/// Whoever answers the asks, in the order of their times.
pub(super) trait Judge {
    /// Why it cannot answer.
    type Trouble;
    /// Answers a node's ask for an image.
    fn ask(&mut self, now: Tick, node: u32, image: u32) -> Result<Answer, Self::Trouble>;
}

/// Pulls by others, oldest first; the whole begins anew after each `period`, where there is one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Others {
    pulls: Vec<(Tick, u64)>,
    period: Tick,
}

impl Others {
    pub(super) fn new(pulls: Vec<(Tick, u64)>, period: Tick) -> Self {
        Self { pulls, period }
    }

    /// The pull of that number, however often the whole began anew before.
    fn nth(&self, number: usize) -> Option<(Tick, u64)> {
        let turn = u64::try_from(number.checked_div(self.pulls.len())?).ok()?;
        if turn > 0 && self.period == 0 {
            return None;
        }
        let (at, pulls) = self.pulls.get(number % self.pulls.len())?;
        Some((at.checked_add(turn.checked_mul(self.period)?)?, *pulls))
    }
}

/// Counts as the laws have it.
#[derive(Debug)]
pub(super) struct Counts {
    /// One for each identity; node i is on i modulo their number.
    counters: Vec<Counter>,
    /// Behind a cache: which images it holds.
    held: Option<Vec<bool>>,
    /// Who else pulls on the first identity, and how many of these pulls are done with.
    others: Others,
    done: usize,
}

impl Counts {
    pub(super) fn new(counters: Vec<Counter>, held: Option<Vec<bool>>, others: Others) -> Self {
        Self { counters, held, others, done: 0 }
    }

    /// What others pulled by `now`: no more than is left.
    fn others_pull(&mut self, now: Tick) {
        while let Some((at, pulls)) = self.others.nth(self.done).filter(|(at, _)| *at <= now) {
            self.done += 1;
            if let Some(counter) = self.counters.first_mut() {
                let left = counter.left(at);
                counter.take_pulls(at, pulls.min(left));
            }
        }
    }
}

impl Judge for Counts {
    type Trouble = std::convert::Infallible;

    fn ask(&mut self, now: Tick, node: u32, image: u32) -> Result<Answer, Self::Trouble> {
        self.others_pull(now);
        let place = usize::try_from(image).unwrap_or(usize::MAX);
        if self.held.as_ref().and_then(|held| held.get(place)).is_some_and(|is_held| *is_held) {
            return Ok(Answer::Free);
        }
        let identities = self.counters.len().max(1);
        let identity = usize::try_from(node).unwrap_or_default() % identities;
        let Some(counter) = self.counters.get_mut(identity) else { return Ok(Answer::Counted) };
        if counter.room(now) == 0 {
            return Ok(Answer::Refused);
        }
        counter.take(now, 1);
        if let Some(held) = self.held.as_mut().and_then(|held| held.get_mut(place)) {
            *held = true;
        }
        Ok(Answer::Counted)
    }
}

/// A count on which nodes and others pull, replayed.
#[derive(Debug)]
pub(super) struct OneCount(Counts);

impl OneCount {
    pub(super) fn new(counter: Counter, others: Others) -> Self {
        Self(Counts::new(vec![counter], None, others))
    }

    /// Pulls left at `now`.
    pub(super) fn left(&mut self, now: Tick) -> u64 {
        self.0.others_pull(now);
        self.0.counters.first_mut().map_or(0, |counter| counter.left(now))
    }

    /// So many pulls are made at `now`; how many are left before and after.
    pub(super) fn pull(&mut self, now: Tick, pulls: u64) -> (u64, u64) {
        let left = self.left(now);
        if let Some(counter) = self.0.counters.first_mut() {
            counter.take_pulls(now, pulls.min(left));
        }
        (left, left.saturating_sub(pulls))
    }
}

/// The next ask of a place in a node's queue: when, of which node, at which place; and for what.
type Ask = Reverse<(Tick, u32, u32, u32, u32)>;

/// What a node asks for that has nothing to pull: it runs when it arrives.
const NOTHING: u32 = u32::MAX;

/// A node: what of it is not of one place of its queue.
#[derive(Debug, Clone, Copy)]
struct Node {
    /// The first image that it did not ask for yet; `None` where it asked for all.
    next: Option<u32>,
    /// Images that it does not have.
    missing: u32,
    /// What its kubelet's bucket lacks, in asks times a second, and when that was so.
    debt: u64,
    as_of: Tick,
}

/// All nodes, and what is to come.
pub(super) struct EveryAsk<'a, J, W> {
    course: Course,
    load: Load,
    members: Members,
    kubelet: Option<Kubelet>,
    judge: J,
    witness: &'a mut W,
    nodes: Vec<Node>,
    asks: BinaryHeap<Ask>,
}

impl<'a, J: Judge, W: Witness> EveryAsk<'a, J, W> {
    pub(super) fn new(
        course: Course,
        load: Load,
        kubelet: Option<Kubelet>,
        members: Members,
        judge: J,
        witness: &'a mut W,
    ) -> Self {
        let (mut asks, mut nodes) = (BinaryHeap::new(), Vec::new());
        for member in 0..members.count() {
            let (arrival, node) = (members.arrival(member), members.node(member));
            let mut next = load.next(node, 0);
            if next.is_none() {
                asks.push(Reverse((arrival, member, 0, NOTHING, 0)));
            }
            for place in 0..course.parallel.max(1) {
                let Some(image) = next else { break };
                asks.push(Reverse((arrival, member, place, image, 0)));
                next = load.next(node, image + 1);
            }
            nodes.push(Node { next, missing: load.count(node), debt: 0, as_of: 0 });
        }
        Self { course, load, members, kubelet, judge, witness, nodes, asks }
    }

    /// Everything, until all are done or the horizon comes.
    pub(super) fn run(mut self) -> Result<(), J::Trouble> {
        while let Some(Reverse((at, member, place, image, refusals))) = self.asks.pop() {
            if at > self.course.horizon || self.witness.enough() {
                return Ok(());
            }
            if image == NOTHING {
                self.witness.done(at, member..member + 1);
                continue;
            }
            if !self.is_let_out(at, member) {
                self.witness.throttled();
                self.again(at, member, place, image, refusals);
                continue;
            }
            match self.judge.ask(at, member, image)? {
                Answer::Refused => {
                    self.witness.refused(at, 1, 1);
                    self.again(at, member, place, image, refusals);
                }
                answer => {
                    if answer == Answer::Counted {
                        self.witness.accepted(at, 1);
                    }
                    self.accepted(at, member, place);
                }
            }
        }
        Ok(())
    }

    fn again(&mut self, at: Tick, member: u32, place: u32, image: u32, refusals: u32) {
        let next = at.saturating_add(back_off(refusals));
        self.asks.push(Reverse((next, member, place, image, refusals.saturating_add(1))));
    }

    fn accepted(&mut self, at: Tick, member: u32, place: u32) {
        let done = at.saturating_add(self.course.pull);
        let node = usize::try_from(member).ok().and_then(|at| self.nodes.get_mut(at));
        let Some(node) = node else { return };
        node.missing = node.missing.saturating_sub(1);
        if let Some(image) = node.next {
            self.asks.push(Reverse((done, member, place, image, 0)));
            node.next = self.load.next(self.members.node(member), image + 1);
        } else if node.missing == 0 && done <= self.course.horizon {
            self.witness.done(done, member..member + 1);
        }
    }

    /// Whether the node's kubelet lets an ask out: a bucket of `burst`, refilled by `qps` a second.
    fn is_let_out(&mut self, now: Tick, member: u32) -> bool {
        let Some(Kubelet { qps, burst }) = self.kubelet.filter(|kubelet| kubelet.qps > 0) else {
            return true;
        };
        let node = usize::try_from(member).ok().and_then(|at| self.nodes.get_mut(at));
        let Some(node) = node else { return true };
        let refilled = now.saturating_sub(node.as_of).saturating_mul(u64::from(qps));
        node.debt = node.debt.saturating_sub(refilled);
        node.as_of = now;
        let is_out = node.debt + SECOND <= u64::from(burst.max(1)).saturating_mul(SECOND);
        node.debt += if is_out { SECOND } else { 0 };
        is_out
    }
}
