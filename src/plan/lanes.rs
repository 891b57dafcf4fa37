//! Nodes that wait for a fixed time, in the order in which they ask next. Whoever waits equally long
//! asks in the order of coming in, so a lane for each length is a queue, and the next of all is at the
//! head of one of them. Nodes that keep the distance of their arrivals are one entry of a queue.

use std::collections::VecDeque;

use super::Tick;
use super::members::Members;

/// Nodes in a row that ask for the same image at the same time, and were refused as often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Group {
    pub(super) first: u32,
    pub(super) end: u32,
    pub(super) image: u32,
    pub(super) refusals: u32,
}

impl Group {
    pub(super) const fn nodes(self) -> u32 {
        self.end - self.first
    }
}

/// How many lengths of a back-off there are below the longest.
const SHORTER: usize = 5;
/// Nobody waits.
const NOBODY: (Tick, u32) = (Tick::MAX, u32::MAX);

/// What a node waits for: the end of its pull at 0, else that of its back-off, by the refusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place(usize);

impl Place {
    /// The end of a pull.
    pub(super) const PULLING: Self = Self(0);

    /// Where a node waits that is refused after so many refusals; `None` at the longest back-off.
    pub(super) fn after(refusals: u32) -> Option<Self> {
        let refusals = usize::try_from(refusals).ok()?;
        (refusals < SHORTER).then_some(Self(refusals + 1))
    }
}

/// A group whose batches ask one after another, as far apart as they arrived.
#[derive(Debug, Clone, Copy)]
struct Train {
    at: Tick,
    group: Group,
}

/// A lane for each length.
#[derive(Debug)]
pub(super) struct Lanes {
    lanes: [VecDeque<Train>; SHORTER + 1],
    /// When the first of each lane asks, and its lowest node.
    heads: [(Tick, u32); SHORTER + 1],
}

impl Default for Lanes {
    fn default() -> Self {
        Self { lanes: Default::default(), heads: [NOBODY; SHORTER + 1] }
    }
}

impl Lanes {
    /// Batches in a row wait, the first of them until `at`, the others as much later as they arrived.
    /// Pushes to a place come in the order of their `at` and, of one instant, of their nodes.
    pub(super) fn push(&mut self, place: Place, at: Tick, group: Group, members: Members) {
        let Some(lane) = self.lanes.get_mut(place.0) else { return };
        if let Some(last) = lane.back_mut()
            && last.group.end == group.first
            && (last.group.image, last.group.refusals) == (group.image, group.refusals)
            && at.saturating_sub(last.at) == members.between(last.group.first, group.first)
        {
            last.group.end = group.end;
            return;
        }
        if lane.is_empty()
            && let Some(head) = self.heads.get_mut(place.0)
        {
            *head = (at, group.first);
        }
        lane.push_back(Train { at, group });
    }

    /// Who asks next of all, when and where: the time, the lowest node, its place.
    pub(super) fn next(&self) -> Option<((Tick, u32), Place)> {
        let mut next = (NOBODY, Place::PULLING);
        for (place, head) in self.heads.iter().enumerate() {
            if *head < next.0 {
                next = (*head, Place(place));
            }
        }
        (next.0 < NOBODY).then_some(next)
    }

    /// When somebody is done with a pull.
    pub(super) fn pulled(&self) -> Tick {
        self.heads.first().map_or(Tick::MAX, |(at, _)| *at)
    }

    /// Takes the nodes that ask first at that place, and all in a row with them that ask before `until`.
    pub(super) fn pop(&mut self, place: Place, until: Tick, members: Members) -> Option<Group> {
        let lane = self.lanes.get_mut(place.0)?;
        let head = self.heads.get_mut(place.0)?;
        let train = lane.front_mut()?;
        let group = train.group;
        let end = members.end_before(group.first, until.saturating_sub(train.at)).min(group.end);
        if end == group.end {
            lane.pop_front();
        } else {
            train.at = train.at.saturating_add(members.between(group.first, end));
            train.group.first = end;
        }
        *head = lane.front().map_or(NOBODY, |train| (train.at, train.group.first));
        Some(Group { end, ..group })
    }
}
