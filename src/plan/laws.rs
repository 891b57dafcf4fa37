//! The same rollout by each law: no registry publishes its own, so what is certain is a range. The outcome
//! of a strategy is then the worst of the three, and the range beside it says how much better it may be.

use std::cmp::Reverse;

use serde::Serialize;

use super::{Laws, Outcome, Plan, PlanError, Request, Seconds, assumption, law_name, plan};
use crate::quota::Law;

/// What a strategy comes to by the three laws, from the best to the worst of each number.
#[derive(Debug, Clone, Serialize)]
pub struct Range {
    /// The strategy.
    pub name: String,
    /// The laws by which nothing is refused.
    pub fits_by: Vec<&'static str>,
    /// Asks that were refused.
    pub refused: [u64; 2],
    /// When the last node had its last image; null where the horizon came first.
    pub done_at_seconds: [Option<Seconds>; 2],
    /// Over the nodes that are done.
    pub waited_node_seconds: [Seconds; 2],
}

/// How the rollout goes by each strategy, by the law that it is worst by; with the ranges over all.
pub fn plan_all_laws(request: &Request) -> Result<Plan, PlanError> {
    let by = |law: Law| plan(&Request { law, ..request.clone() }).map(|plan| (law_name(law), plan));
    let (first, mut worst) = by(Law::Sliding)?;
    let others = [by(Law::Fixed)?, by(Law::Bucket)?];
    let mut ranges = Vec::new();
    for (place, outcome) in worst.strategies.iter_mut().enumerate() {
        let others =
            others.iter().filter_map(|(law, plan)| Some((*law, plan.strategies.get(place)?)));
        let all: Vec<(&str, Outcome)> = std::iter::once((first, outcome.clone()))
            .chain(others.map(|(law, outcome)| (law, outcome.clone())))
            .collect();
        ranges.push(range(&all));
        if let Some((law, found)) = all.into_iter().max_by_key(|(_, outcome)| badness(outcome)) {
            *outcome = Outcome { law: Some(law), ..found };
        }
    }
    for (place, solved) in worst.solved.iter_mut().enumerate() {
        let others = others.iter().filter_map(|(_, plan)| plan.solved.get(place));
        others.for_each(|other| solved.worsen(other));
    }
    let advices = others.iter().map(|(_, plan)| &plan.advice);
    // What fits by every law is what fits by the one that it is worst by.
    let advice = if advices.clone().all(|advice| *advice == worst.advice) {
        worst.advice.clone()
    } else {
        super::advice::of_outcomes(&worst.strategies)
    };
    Ok(Plan {
        law: Laws::All,
        ranges,
        cheapest: super::advice::cheapest(&worst.strategies),
        advice,
        assumptions: assumption::by_all_laws(&worst.assumptions),
        ..worst
    })
}

/// What is worse comes later; of equals, the law that was looked at last.
fn badness(outcome: &Outcome) -> impl Ord + use<> {
    let done = outcome.done_at_seconds;
    let left_over = Reverse(outcome.nodes_done);
    (!outcome.fits, done.is_none(), done, left_over, outcome.waited_node_seconds, outcome.refused)
}

fn range(all: &[(&'static str, Outcome)]) -> Range {
    let outcomes = || all.iter().map(|(_, outcome)| outcome);
    let refused = || outcomes().map(|outcome| outcome.refused);
    let waited = || outcomes().map(|outcome| outcome.waited_node_seconds);
    let done = || outcomes().map(|outcome| outcome.done_at_seconds);
    // None is the latest.
    let order = |done: &Option<Seconds>| (done.is_none(), *done);
    Range {
        name: outcomes().next().map(|outcome| outcome.name.clone()).unwrap_or_default(),
        fits_by: all.iter().filter(|(_, outcome)| outcome.fits).map(|(law, _)| *law).collect(),
        refused: [refused().min().unwrap_or_default(), refused().max().unwrap_or_default()],
        done_at_seconds: [done().min_by_key(order).flatten(), done().max_by_key(order).flatten()],
        waited_node_seconds: [
            waited().min().unwrap_or_default(),
            waited().max().unwrap_or_default(),
        ],
    }
}
