//! A plan for people: the answer first, then the strategies by the time until all run, then what it
//! stands on.

use super::style::{Palette, Role};
use super::table::{Cell, Surface, Table};
use super::{Look, span};
use crate::plan::{Outcome, Plan, Strategy, law_name};
use crate::quota::Window;

/// The plan as text, ending in a line end; `named` where the user said which strategies to look at.
pub fn table(plan: &Plan, named: bool, look: Look) -> String {
    let palette = Palette::new(look.colour);
    let wrap = |text: &str| match look.columns {
        Some(columns) => textwrap::fill(text, usize::from(columns).max(20)),
        None => text.to_owned(),
    };
    let mut sorted: Vec<&Outcome> = plan.strategies.iter().collect();
    // What never ends comes last, and of those first what gets furthest.
    sorted.sort_by_key(|outcome| {
        let done = outcome.done_at_seconds;
        (done.is_none(), done, std::cmp::Reverse(outcome.nodes_done), outcome.pulls)
    });
    let mut table = Table::new()
        .column("STRATEGY")
        .column("LIMIT")
        .column("FITS")
        .numbers("PULLS")
        .numbers("REFUSED")
        .column("FIRST 429")
        .column("ALL RUN AFTER");
    table = table.numbers("NODES DONE").column("WAITED");
    for outcome in sorted {
        let (role, fits) = if outcome.fits { (Role::Good, "yes") } else { (Role::Bad, "no") };
        let first = outcome.first_refused_at_seconds.map(|first| span(first.whole()));
        let done = outcome.done_at_seconds.map(|done| span(done.whole()));
        table.row([
            outcome.name.as_str().into(),
            limit(outcome).into(),
            Cell::role(role, fits),
            outcome.pulls.into(),
            outcome.refused.into(),
            first.unwrap_or_else(|| "–".to_owned()).into(),
            done.map_or_else(|| Cell::role(Role::Bad, "not by the horizon"), Cell::from),
            format!("{}/{}", outcome.nodes_done, plan.nodes).into(),
            span(outcome.waited_node_seconds.whole()).into(),
        ]);
    }
    let rows = table.render(Surface { width: look.columns, colour: look.colour });
    let answer = palette.paint(Role::Strong, wrap(&answer(plan, named)));
    format!("{answer}\n\n{rows}\n{}\n", wrap(&assumptions(plan)))
}

/// The answer in a sentence or two: what does not fit and by how much, and what does.
fn answer(plan: &Plan, named: bool) -> String {
    let refused = |outcome: &&Outcome| !outcome.fits;
    let Some(outcome) = plan.strategies.iter().find(refused) else {
        return plan.advice.clone();
    };
    // With all compared, the usual case is the one to speak of: everybody behind one address.
    let usual = plan.strategies.iter().find(|outcome| !named && outcome.name == "one-address");
    let outcome = usual.filter(refused).unwrap_or(outcome);
    let words =
        outcome.name.parse::<Strategy>().map_or_else(|_| outcome.name.clone(), Strategy::words);
    let wanted = u64::from(plan.nodes) * u64::from(plan.images) * u64::from(plan.cost);
    let end = match outcome.done_at_seconds {
        Some(done) => format!("all run after {}", span(done.whole())),
        None => format!("{} of {} nodes run by the horizon", outcome.nodes_done, plan.nodes),
    };
    format!(
        "Does not fit {words}: {wanted} pulls wanted, {} allowed; {end}. {}",
        limit(outcome),
        plan.advice
    )
}

fn limit(outcome: &Outcome) -> String {
    let window = outcome.window_seconds.and_then(Window::from_seconds);
    match (outcome.limit, window) {
        (Some(limit), Some(window)) => format!("{limit} per {window}"),
        _ => "none".to_owned(),
    }
}

/// What the numbers stand on, each with the option that changes it.
fn assumptions(plan: &Plan) -> String {
    format!(
        "Assumed: {} nodes with {} images each (--nodes, --images), arriving {} (--arrival); a pull costs {} (--cost) and takes {} (--pull-time); \
pulls come back by the {} law, which no registry publishes (--law); limits of {} as of {} (--policy, --limit, --window): {}.",
        plan.nodes,
        plan.images,
        plan.arrival,
        plan.cost,
        span(plan.pull_time_seconds.whole()),
        law_name(plan.law),
        plan.policy.name,
        plan.policy.date,
        plan.policy.source
    )
}
