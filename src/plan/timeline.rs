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
    /// The fewest and the most pulls left since the moment before, and those left now; `None` where there
    /// is no one count that they are left of.
    pub left: Option<(u64, u64, u64)>,
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
                let (mut low, mut high) = (u64::MAX, 0);
                while let Some((then, pulls)) = used.next_if(|(then, _)| *then <= at.into()) {
                    let (before, after) = count.pull(then.ticks(), *pulls);
                    (low, high) = (low.min(after), high.max(before));
                }
                let now = count.left(at);
                (low.min(now), high.max(now), now)
            });
            let waiting = u64::from(members.arrived_by(at)).saturating_sub(running);
            moments.push(Moment { at: at.into(), left, waiting });
        }
        Timeline { moments }
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::{Beyond, Request, Strategy, plan};
    use crate::quota::{Arrival, Law, Policy, Window};
    use std::time::Duration;

    #[test]
    fn what_is_left_and_who_waits_agree_with_the_numbers() {
        let request = Request {
            nodes: 7,
            images: 5,
            cost: 1,
            pull_time: Duration::from_secs(2),
            arrival: Arrival::Rolling { nodes: 2, every: Duration::from_secs(15) },
            strategies: vec![Strategy::OneAddress, Strategy::AddressPerNode, Strategy::Cache],
            law: Law::Sliding,
            limit: Some(10),
            window: Window::from_seconds(60),
            policy: Policy::find("docker-hub").unwrap(),
            horizon: None,
            beyond: Beyond::default(),
        };
        let plan = plan(&request).unwrap();
        let [one, own, cache] = plan.strategies.as_slice() else { panic!() };
        let moments = &one.timeline.moments;
        assert_eq!((moments[0].left, moments[0].waiting), (Some((8, 10, 8)), 2));
        assert_eq!(moments.last().map(|moment| moment.waiting), Some(0));
        assert!(moments.iter().any(|moment| moment.left.is_some_and(|left| left.0 == 0)));
        // Every pull is seen to fall, however many lie between two moments.
        assert!(
            moments
                .iter()
                .filter_map(|moment| moment.left)
                .all(|(low, high, now)| { low <= now && now <= high && high <= 10 })
        );
        assert!(own.timeline.moments.iter().all(|moment| moment.left.is_none()));
        let least =
            cache.timeline.moments.iter().filter_map(|moment| moment.left).map(|left| left.0);
        assert_eq!(least.min(), Some(5));
    }
}
