//! The sentences of a plan, the same in every form.

use crate::plan::{Assumption, OVERALL_LIMIT, Outcome, Plan, Solution, Solved, Strategy};
use crate::quota::Window;
use crate::render::span;

/// A strategy's words, after "fits" or "does not fit".
pub(super) fn strategy(outcome: &Outcome) -> String {
    outcome.name.parse::<Strategy>().map_or_else(|_| outcome.name.clone(), Strategy::words)
}

/// The outcome that the answer speaks of: the first that does not fit; with all compared, the usual case,
/// everybody behind one address.
pub(super) fn focus(plan: &Plan, named: bool) -> Option<&Outcome> {
    let refused = |outcome: &&Outcome| !outcome.fits;
    let usual = plan.strategies.iter().find(|outcome| !named && outcome.name == "one-address");
    usual.filter(refused).or_else(|| plan.strategies.iter().find(refused))
}

/// The answer in a sentence or two: what does not fit and by how much, and what does.
pub(super) fn answer(plan: &Plan, named: bool) -> String {
    let Some(outcome) = focus(plan, named) else { return plan.advice.clone() };
    let wanted = plan.needed * u64::from(plan.cost);
    let nodes = if plan.ci.is_some() { "jobs" } else { "nodes" };
    let end = match outcome.done_at_seconds {
        Some(done) => format!("all run after {}", span(done.whole())),
        None => format!(
            "{} of {} {nodes} run by the horizon of {}",
            outcome.nodes_done,
            plan.nodes,
            span(plan.horizon_seconds.whole())
        ),
    };
    format!(
        "Does not fit {}: {wanted} {} wanted, {} allowed; {end}; {} of {} {nodes} {}. {}",
        strategy(outcome),
        if wanted == 1 { "pull" } else { "pulls" },
        allowed(outcome),
        outcome.nodes_waited,
        plan.nodes,
        if outcome.nodes_waited == 1 { "waits" } else { "wait" },
        plan.advice
    )
}

/// What an identity may pull in which time: `100 in 1h`.
pub(super) fn allowed(outcome: &Outcome) -> String {
    let window = outcome.window_seconds.and_then(Window::from_seconds);
    match (outcome.limit, window) {
        (Some(limit), Some(window)) => format!("{limit} in {window}"),
        _ => "no limit".to_owned(),
    }
}

/// When all run: a span, by how many nodes it fails, or from the best to the worst law.
pub(super) fn done(plan: &Plan, outcome: &Outcome) -> String {
    let horizon = span(plan.horizon_seconds.whole());
    let one = |done: Option<crate::plan::Seconds>| {
        done.map_or_else(|| format!("> {horizon}"), |done| span(done.whole()))
    };
    let range = plan.ranges.iter().find(|range| range.name == outcome.name);
    match range.map(|range| range.done_at_seconds) {
        Some([best, worst]) if best != worst => format!("{} to {}", one(best), one(worst)),
        _ => one(outcome.done_at_seconds),
    }
}

/// Whether it fits: by every law, or by which.
pub(super) fn fits(plan: &Plan, outcome: &Outcome) -> String {
    let range = plan.ranges.iter().find(|range| range.name == outcome.name);
    match range.map(|range| range.fits_by.as_slice()) {
        Some(laws @ ([_] | [_, _])) => laws.join(", "),
        _ if outcome.fits => "yes".to_owned(),
        _ => "no".to_owned(),
    }
}

/// What was to be found, as a heading.
pub(super) fn solved(plan: &Plan, solved: &Solved) -> &'static str {
    match solved.what {
        "nodes" => "MOST NODES",
        "surge" => "MOST TOGETHER",
        "interval" => "LEAST INTERVAL",
        "runs" => "MOST RUNS A DAY",
        _ if plan.ci.is_some() => "MOST JOBS A RUN",
        _ => "MOST AT A TIME",
    }
}

/// What was found for a strategy. What is the most that is looked at may not be the most there is.
pub(super) fn found(plan: &Plan, solved: &Solved, solution: &Solution) -> String {
    let Some(found) = solution.value else { return "none".to_owned() };
    let is_most = solution.searched.last() == Some(&found);
    let shown = value(solved, found);
    match solved.what {
        "interval" => shown,
        _ if is_most && found == u64::from(plan.nodes) => format!("{shown}, all"),
        _ if is_most => format!("{shown} or more"),
        _ => shown,
    }
}

/// A value that was looked at.
fn value(solved: &Solved, value: u64) -> String {
    if solved.what == "interval" { span(value) } else { value.to_string() }
}

/// What was looked at.
pub(super) fn searched(solved: &Solved, solution: &Solution) -> String {
    let [from, to] = solution.searched.map(|end| value(solved, end));
    let how = match solution.method {
        "halving" => "by halving: more is never better",
        "all" => "each up to there",
        _ => "by halving, and some hundreds below",
    };
    format!("{from} to {to}, {how}")
}

/// What to set so that it goes well, a sentence each.
fn settings(plan: &Plan, named: bool) -> Vec<String> {
    let mut lines = Vec::new();
    let cheapest = plan.cheapest.as_ref();
    if let Some(outcome) = plan.strategies.iter().find(|outcome| Some(&outcome.name) == cheapest) {
        let need = outcome
            .gate_need
            .map(|need| format!(", and start it behind `dhlimit gate --need {need}`"));
        lines.push(format!(
            "Cheapest that fits: {}. Give it a timeout of {} (helm --timeout, a CI job's){}.",
            outcome.name,
            timeout(outcome),
            need.unwrap_or_default()
        ));
    }
    if let Some(outcome) = focus(plan, named) {
        let words = strategy(outcome);
        lines.push(match outcome.timeout_seconds {
            Some(_) => format!(
                "If it must be {words}: a timeout of {}; a node waits up to {}.",
                timeout(outcome),
                span(outcome.longest_wait_seconds.whole())
            ),
            None => format!("No timeout within the horizon is enough {words}."),
        });
    }
    lines
}

fn timeout(outcome: &Outcome) -> String {
    outcome.timeout_seconds.map_or_else(
        || "–".to_owned(),
        |seconds| {
            humantime::format_duration(std::time::Duration::from_secs(seconds))
                .to_string()
                .replace(' ', "")
        },
    )
}

/// Where an assumption is from, and what changes it.
pub(super) fn source(assumption: &Assumption) -> String {
    let date = assumption.date.as_ref().map(|date| format!(", {date}")).unwrap_or_default();
    format!("{}{date}", assumption.source)
}
/// What is to be said beside the table: the proof, the overall limit, what to set.
pub(super) fn remarks(plan: &Plan, named: bool) -> Vec<String> {
    proven(plan).into_iter().chain(overall(plan)).chain(settings(plan, named)).collect()
}

/// Which strategies come near the overall limit, whoever may pull as much as he likes.
fn overall(plan: &Plan) -> Option<String> {
    let near = |outcome: &&Outcome| outcome.busiest_minute_requests >= OVERALL_LIMIT;
    let names: Vec<&str> =
        plan.strategies.iter().filter(near).map(|outcome| outcome.name.as_str()).collect();
    let most = plan.strategies.iter().map(|outcome| outcome.busiest_minute_requests).max()?;
    (!names.is_empty()).then(|| {
        format!(
            "The overall limit is another one: behind one address it may refuse {} ({most} requests for manifests in the busiest minute, and the limit is thousands). Let fewer nodes arrive at a time: --arrival rolling:K/1m.",
            names.join(", ")
        )
    })
}

/// What a replay came to, a line each; nothing where there was none.
fn proven(plan: &Plan) -> Vec<String> {
    if plan.proof.is_empty() {
        return Vec::new();
    }
    let asks: u64 = plan.proof.iter().map(|proof| proof.asks).sum();
    let (same, all) = (plan.proof.iter().filter(|proof| proof.same).count(), plan.proof.len());
    let mut lines = vec![format!(
        "Replayed with {asks} pulls over HTTP on a sandbox: {same} of {all} strategies went exactly as planned."
    )];
    let differs = plan.proof.iter().filter(|proof| !proof.same);
    lines.extend(differs.map(|proof| format!("{}: {}.", proof.name, proof.differences.join("; "))));
    lines
}
