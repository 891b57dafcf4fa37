//! What a chart of a strategy shows: pulls left and nodes that do not run yet, at so many moments that
//! every chart has enough, from what the simulation told of pulls and of nodes that are done.

use super::rollout::Rollout;
use super::{Outcome, Seconds, Strategy, Tick};

/// Moments of a timeline: more than any chart has columns.
const MOMENTS: u64 = 480;

/// A strategy over time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Timeline {
    /// Its moments, evenly spread from the start to the end of the plan.
    pub moments: Vec<Moment>,
}

/// A moment, and what was since the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// When it is.
    pub at: Seconds,
    /// The fewest pulls left since the moment before, and those left now; `None` where there is no one
    /// count that they are left of.
    pub left: Option<(u64, u64)>,
    /// Nodes that have arrived and do not have all images.
    pub waiting: u64,
}

impl Rollout<'_> {
    /// A strategy's moments until `end`.
    pub(super) fn timeline(&self, strategy: Strategy, outcome: &Outcome, end: Tick) -> Timeline {
        let members = self.members();
        let mut count = self.one_count(strategy);
        let (mut used, mut done) =
            (outcome.used.iter().peekable(), outcome.running.iter().peekable());
        let (mut running, mut moments) = (0_u64, Vec::new());
        for number in 0..=if end == 0 { 0 } else { MOMENTS } {
            let at = u128::from(end) * u128::from(number) / u128::from(MOMENTS);
            let at = Tick::try_from(at).unwrap_or(Tick::MAX);
            while let Some((_, nodes)) = done.next_if(|(then, _)| *then <= at) {
                running += nodes;
            }
            let left = count.as_mut().map(|count| {
                let mut lowest = u64::MAX;
                while let Some((then, pulls)) = used.next_if(|(then, _)| *then <= at.into()) {
                    lowest = lowest.min(count.pull(then.ticks(), *pulls));
                }
                let now = count.left(at);
                (lowest.min(now), now)
            });
            let waiting = u64::from(members.arrived_by(at)).saturating_sub(running);
            moments.push(Moment { at: at.into(), left, waiting });
        }
        Timeline { moments }
    }
}
