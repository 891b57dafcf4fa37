//! What to do: the strategy that lets everything through and asks for least to be set up.

use super::{Outcome, Rollout, Strategy};

/// The advice for strategies and how they went.
pub(super) fn advice(rollout: &Rollout<'_>, asked: &[Strategy], outcomes: &[Outcome]) -> String {
    let fitting =
        asked.iter().zip(outcomes).filter(|(_, outcome)| outcome.fits && all_run(outcome, rollout));
    let mut fitting: Vec<(Strategy, u64)> =
        fitting.map(|(strategy, outcome)| (*strategy, outcome.pulls)).collect();
    if fitting.is_empty() {
        // None of those that were asked about: look at the others.
        let others = rollout.all().into_iter().filter(|strategy| !asked.contains(strategy));
        let others: Vec<Strategy> =
            others.filter(|strategy| rollout.check(*strategy).is_ok()).collect();
        let outcomes = rollout.outcomes(&others);
        let others = others.into_iter().zip(&outcomes);
        let others = others.filter(|(_, outcome)| outcome.fits && all_run(outcome, rollout));
        fitting = others.map(|(strategy, outcome)| (strategy, outcome.pulls)).collect();
    }
    fitting.sort_by_key(|(strategy, _)| strategy.effort());
    let mut words = fitting.iter().map(|(strategy, pulls)| {
        let pulls = if *pulls == 1 { "1 pull".to_owned() } else { format!("{pulls} pulls") };
        format!("{} ({pulls})", strategy.words())
    });
    match (words.next(), words.next()) {
        (None, _) => "Nothing here lets every node run by the horizon without a refusal: let fewer nodes arrive at a time, or give a later --horizon.".to_owned(),
        (Some(first), None) => format!("Fits {first}."),
        (Some(first), Some(second)) => format!("Fits {first}, or {second}."),
    }
}

fn all_run(outcome: &Outcome, rollout: &Rollout<'_>) -> bool {
    outcome.nodes_done == u64::from(rollout.request.nodes)
}
