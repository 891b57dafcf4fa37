//! The nodes that share one identity, simulated exactly and without looking at each of them. Nodes in
//! a row that are in the same state are one group, which only parts where the limit runs out amid it.
//! Whoever was refused waits in the lane of its back-off, where order is that of coming in. Groups at
//! the longest back-off ask at the same remainder of its length for ever, so they lie
//! ordered by that remainder: the first of them that asks when there is room again is found in one
//! look, and what was refused in between is a division. The numbers are those of a simulation of every
//! ask of every node, which the tests make as well.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::ops::Range;

use super::counter::Counter;
use super::lanes::{Group, Lanes, Place};
use super::members::Members;
use super::{LONGEST, Tick, back_off};

/// What all nodes want, and until when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Course {
    /// How many images each node asks for, one after another.
    pub(super) images: u32,
    /// How long an accepted pull takes.
    pub(super) pull: Tick,
    /// The last moment at which anything happens.
    pub(super) horizon: Tick,
    /// How many images of a node are under way at once; a crowd's are one after another.
    pub(super) parallel: u32,
}

/// Whoever is told what happens. Nodes are counted within the crowd.
pub(super) trait Witness {
    /// So many asks were accepted and counted.
    fn accepted(&mut self, at: Tick, asks: u64);
    /// Each of `nodes` was refused `times` times: at `first`, and after each longest back-off.
    fn refused(&mut self, first: Tick, times: u64, nodes: u32);
    /// These nodes have all images.
    fn done(&mut self, at: Tick, nodes: Range<u32>);
    /// The kubelet of a node kept back an ask.
    fn throttled(&mut self) {}
    /// Whether nothing more is wanted to know.
    fn enough(&self) -> bool {
        false
    }
}

/// A group at the longest back-off, and the first of its asks that was not looked at.
#[derive(Debug, Clone, Copy)]
struct Capped {
    at: Tick,
    end: u32,
    image: u32,
    refusals: u32,
}

/// Who asks next.
#[derive(Debug, Clone, Copy)]
enum Next {
    Arriving,
    Waiting(Place),
    Woken,
    Capped,
}

/// The nodes of one identity.
pub(super) struct Crowd<'a, W> {
    course: Course,
    members: Members,
    counter: Counter,
    /// Behind a cache: how many images it holds. Nodes ask in one order, so these are the first.
    held: Option<u32>,
    witness: &'a mut W,
    now: Tick,
    arrived: u32,
    lanes: Lanes,
    /// Those that a cache has woken from the longest back-off.
    woken: BinaryHeap<Reverse<(Tick, Group)>>,
    capped: BTreeMap<(Tick, u32), Capped>,
}

impl<'a, W: Witness> Crowd<'a, W> {
    /// Nobody has come yet. `held` is how many images a cache has, where there is one.
    pub(super) fn new(
        course: Course,
        members: Members,
        counter: Counter,
        held: Option<u32>,
        witness: &'a mut W,
    ) -> Self {
        Self {
            course,
            members,
            counter,
            held,
            witness,
            now: 0,
            arrived: 0,
            lanes: Lanes::default(),
            woken: BinaryHeap::new(),
            capped: BTreeMap::new(),
        }
    }

    /// Everything, until all are done or the horizon comes.
    pub(super) fn run(mut self) {
        while let Some((at, next)) = self.next().filter(|(at, _)| *at <= self.course.horizon) {
            self.now = at;
            if self.witness.enough() {
                return;
            }
            match next {
                Next::Arriving => {
                    let until = self.refused_until(self.lanes.pulled());
                    let end = self.members.end_before(self.arrived, until.saturating_sub(at));
                    let group = Group { first: self.arrived, end, image: 0, refusals: 0 };
                    self.arrived = end;
                    self.ask(group);
                }
                Next::Waiting(place) => {
                    let other = if place == Place::PULLING { self.arriving() } else { Tick::MAX };
                    let until = self.refused_until(other);
                    if let Some(group) = self.lanes.pop(place, until, self.members) {
                        self.ask(group);
                    }
                }
                Next::Woken => {
                    if let Some(Reverse((_, group))) = self.woken.pop() {
                        self.ask(group);
                    }
                }
                Next::Capped => self.ask_capped(),
            }
        }
        for ((_, first), group) in std::mem::take(&mut self.capped) {
            if let Some(left) = self.course.horizon.checked_sub(group.at) {
                self.witness.refused(group.at, left / LONGEST + 1, group.end - first);
            }
        }
    }

    /// The time before which every ask is refused, or that of the ask of now. Those refused by then
    /// wait in lanes, each of which is filled in order; so nobody passes `other`, who comes to the
    /// same lane from elsewhere. Behind a cache many ways lead there, and each ask is looked at.
    fn refused_until(&mut self, other: Tick) -> Tick {
        if self.held.is_some() {
            return self.now;
        }
        self.counter.ready(self.now).min(other).min(self.course.horizon.saturating_add(1))
    }

    /// When the next nodes arrive.
    fn arriving(&self) -> Tick {
        if self.arrived < self.members.count() {
            self.members.arrival(self.arrived)
        } else {
            Tick::MAX
        }
    }

    /// The earliest ask that has to be looked at; of one instant, the one of the lowest number.
    fn next(&mut self) -> Option<(Tick, Next)> {
        let mut next = ((self.arriving(), self.arrived), Next::Arriving);
        if let Some((head, place)) = self.lanes.next().filter(|(head, _)| *head < next.0) {
            next = (head, Next::Waiting(place));
        }
        if let Some(Reverse((at, group))) = self.woken.peek()
            && (*at, group.first) < next.0
        {
            next = ((*at, group.first), Next::Woken);
        }
        if let Some(capped) = self.next_capped(next.0.0).filter(|head| *head < next.0) {
            next = (capped, Next::Capped);
        }
        let ((at, _), next) = next;
        (at < Tick::MAX).then_some((at, next))
    }

    /// The first ask at the longest back-off that finds room, where that may come by `until`.
    fn next_capped(&mut self, until: Tick) -> Option<(Tick, u32)> {
        if self.capped.is_empty() {
            return None;
        }
        let ready = self.counter.ready(self.now);
        if ready > until {
            return None;
        }
        let ((remainder, first), _) = self.first_capped(ready)?;
        let wait = (remainder + LONGEST - ready % LONGEST) % LONGEST;
        Some((ready.saturating_add(wait), first))
    }

    /// The group whose remainder comes first from `from` on.
    fn first_capped(&self, from: Tick) -> Option<((Tick, u32), Capped)> {
        let mut later = self.capped.range((from % LONGEST, 0)..);
        later.next().or_else(|| self.capped.first_key_value()).map(|(key, group)| (*key, *group))
    }

    /// Lets the first group at the longest back-off ask now.
    fn ask_capped(&mut self) {
        let Some((key, group)) = self.first_capped(self.now) else { return };
        self.capped.remove(&key);
        self.catch_up(key.1, group, self.now);
        let Capped { end, image, refusals, .. } = group;
        self.ask(Group { first: key.1, end, image, refusals });
    }

    /// Tells of the asks before `until` that nobody looked at.
    fn catch_up(&mut self, first: u32, group: Capped, until: Tick) {
        let times = until.saturating_sub(group.at).div_ceil(LONGEST);
        if times > 0 {
            self.witness.refused(group.at, times, group.end - first);
        }
    }

    /// A group asks now, node by node in the order of their numbers.
    fn ask(&mut self, group: Group) {
        match self.held {
            Some(held) => self.ask_cache(group, held),
            None => self.ask_registry(group),
        }
    }

    fn ask_registry(&mut self, group: Group) {
        let Group { first, end, image, refusals } = group;
        // Where a pull takes no time, a node goes on to its last image before the next node's turn.
        let each = if self.course.pull == 0 { self.course.images - image } else { 1 };
        let room = self.counter.room(self.now);
        let whole = group.nodes().min(u32::try_from(room / u64::from(each)).unwrap_or(u32::MAX));
        let served = first + whole;
        let wanted = u64::from(whole) * u64::from(each);
        let part = if served < end { u32::try_from(room - wanted).unwrap_or(0) } else { 0 };
        self.accept(wanted + u64::from(part));
        self.advance(first..served, image + each);
        let mut rest = served;
        if part > 0 {
            rest += 1;
            self.refuse(Group { first: served, end: rest, image: image + part, refusals: 0 });
        }
        self.refuse(Group { first: rest, end, image, refusals });
    }

    fn ask_cache(&mut self, group: Group, held: u32) {
        let Group { first, end, image, refusals } = group;
        let last = if self.course.pull == 0 { self.course.images } else { image + 1 };
        let missing = last.saturating_sub(held);
        let room = u32::try_from(self.counter.room(self.now)).unwrap_or(u32::MAX);
        let fetched = missing.min(room);
        let held = held + fetched;
        if fetched > 0 {
            self.accept(u64::from(fetched));
            self.held = Some(held);
            self.wake();
        }
        if last <= held {
            self.advance(first..end, last);
        } else {
            let refusals = if held == image { refusals } else { 0 };
            self.refuse(Group { first, end, image: held, refusals });
        }
    }

    /// What the nodes at the longest back-off waited for is there: their next asks are accepted.
    fn wake(&mut self) {
        for ((_, first), group) in std::mem::take(&mut self.capped) {
            self.catch_up(first, group, self.now);
            let waited = self.now.saturating_sub(group.at).div_ceil(LONGEST);
            let at = group.at.saturating_add(waited.saturating_mul(LONGEST));
            let Capped { end, image, refusals, .. } = group;
            self.woken.push(Reverse((at, Group { first, end, image, refusals })));
        }
    }

    fn accept(&mut self, asks: u64) {
        if asks > 0 {
            self.counter.take(self.now, asks);
            self.witness.accepted(self.now, asks);
        }
    }

    /// These nodes got what they asked for now, and go on with the image of that number.
    fn advance(&mut self, nodes: Range<u32>, image: u32) {
        if nodes.is_empty() {
            return;
        }
        let at = self.now.saturating_add(self.course.pull);
        if image < self.course.images {
            let group = Group { first: nodes.start, end: nodes.end, image, refusals: 0 };
            self.lanes.push(Place::PULLING, at, group, self.members);
        } else if at <= self.course.horizon {
            self.witness.done(at, nodes);
        }
    }

    /// A group was refused: the first of its batches now, each other as much later as it arrived.
    fn refuse(&mut self, group: Group) {
        if group.nodes() == 0 {
            return;
        }
        self.witness.refused(self.now, 1, group.nodes());
        let wait = back_off(group.refusals);
        let at = self.now.saturating_add(wait);
        if let Some(place) = Place::after(group.refusals) {
            let group = Group { refusals: group.refusals + 1, ..group };
            self.lanes.push(place, at, group, self.members);
            return;
        }
        let Group { image, refusals, .. } = group;
        let mut first = group.first;
        while first < group.end {
            let end = self.members.batch_end(first).min(group.end);
            let at = at.saturating_add(self.members.between(group.first, first));
            self.capped.insert((at % LONGEST, first), Capped { at, end, image, refusals });
            first = end;
        }
    }
}
