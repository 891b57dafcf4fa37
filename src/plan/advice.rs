//! What to do: the strategies that let everything through, and of these the cheapest: the one that asks
//! for least to be set up.

use super::rollout::Rollout;
use super::{Outcome, Strategy};

/// The advice for strategies and how they went.
pub(super) fn advice(rollout: &Rollout<'_>, asked: &[Strategy], outcomes: &[Outcome]) -> String {
    if outcomes.iter().any(is_fit) {
        return of_outcomes(outcomes);
    }
    // None of those that were asked about: look at the others.
    let others = rollout.all().into_iter().filter(|strategy| !asked.contains(strategy));
    let others: Vec<Strategy> =
        others.filter(|strategy| rollout.check(*strategy).is_ok()).collect();
    of_outcomes(&rollout.outcomes(&others))
}

/// The same of outcomes alone.
pub(super) fn of_outcomes(outcomes: &[Outcome]) -> String {
    let fitting = fitting(outcomes);
    let mut words = fitting.iter().map(|(strategy, outcome)| {
        let pulls = outcome.pulls;
        let pulls = if pulls == 1 { "1 pull".to_owned() } else { format!("{pulls} pulls") };
        format!("{} ({pulls})", strategy.words())
    });
    match (words.next(), words.next()) {
        (None, _) => "Nothing here lets every node run by the horizon without a refusal: let fewer nodes arrive at a time, or give a later --horizon.".to_owned(),
        (Some(first), None) => format!("Fits {first}."),
        (Some(first), Some(second)) => format!("Fits {first}, or {second}."),
    }
}

/// The name of the cheapest.
pub(super) fn cheapest(outcomes: &[Outcome]) -> Option<String> {
    fitting(outcomes).first().map(|(_, outcome)| outcome.name.clone())
}

/// What fits, the cheapest first.
fn fitting(outcomes: &[Outcome]) -> Vec<(Strategy, &Outcome)> {
    let mut fitting: Vec<(Strategy, &Outcome)> = outcomes
        .iter()
        .filter(|outcome| is_fit(outcome))
        .filter_map(|outcome| Some((outcome.name.parse().ok()?, outcome)))
        .collect();
    fitting.sort_by_key(|(strategy, _)| strategy.effort());
    fitting
}

/// Whether all nodes run, and nothing was refused.
fn is_fit(outcome: &Outcome) -> bool {
    outcome.fits && outcome.done_at_seconds.is_some()
}
