//! A plan's strategies over time, as pictures: who does not run yet, and what is left.

use std::borrow::Cow;

use chrono::DateTime;

use super::table::sorted;
use crate::plan::{Moment, Outcome, Plan};
use crate::render::chart::{Cell, Clock, Line, Picture};
use crate::render::span;

/// What a drawing says where there is nothing to draw.
pub(super) const EMPTY: &str = "Nothing to draw.";

/// Nodes that do not run yet, by strategy; where `all` is not wanted, of those by which any waits.
pub(super) fn waiting(plan: &Plan, all: bool) -> Picture<'static> {
    let nodes = if plan.ci.is_some() { "jobs" } else { "nodes" };
    let shown = sorted(plan).into_iter().filter(|outcome| all || outcome.nodes_waited > 0);
    let lines = shown.map(|outcome| Line {
        name: outcome.name.clone(),
        limit: None,
        cells: cells(outcome, |moment| Some((moment.waiting, moment.waiting, moment.waiting))),
        note: format!(" · {}", end(plan, outcome)),
        words: format!(
            "{} of {} {nodes} wait, {}",
            outcome.nodes_waited,
            plan.nodes,
            end(plan, outcome)
        ),
    });
    Picture {
        title: format!(
            "{} without all of their images over time",
            if plan.ci.is_some() { "Jobs" } else { "Nodes" }
        ),
        what: if plan.ci.is_some() {
            "jobs that do not have all images"
        } else {
            "nodes that do not have all images"
        },
        clock: Clock::Elapsed,
        lines: lines.collect(),
    }
}

/// Pulls left of the strategies that have one count.
pub(super) fn left(plan: &Plan) -> Picture<'static> {
    let lines = sorted(plan).into_iter().map(|outcome| left_of(plan, outcome));
    picture_of_left(lines.filter(|line| !line.cells.is_empty()).collect())
}

/// Pulls left of one strategy.
pub(super) fn left_by(plan: &Plan, outcome: &Outcome) -> Picture<'static> {
    picture_of_left(vec![left_of(plan, outcome)])
}

fn picture_of_left(lines: Vec<Line<'static>>) -> Picture<'static> {
    Picture {
        title: "Pulls left over time".to_owned(),
        what: "pulls left",
        clock: Clock::Elapsed,
        lines,
    }
}

fn left_of(plan: &Plan, outcome: &Outcome) -> Line<'static> {
    let refused = match outcome.refused {
        0 => "nothing refused".to_owned(),
        refused => format!("{refused} refused"),
    };
    Line {
        name: outcome.name.clone(),
        limit: outcome.limit.map(u64::from),
        cells: cells(outcome, |moment| moment.left),
        note: format!(" · {refused}"),
        words: format!("{} pulls, {refused}, {}", outcome.pulls, end(plan, outcome)),
    }
}

fn end(plan: &Plan, outcome: &Outcome) -> String {
    match outcome.done_at_seconds {
        Some(done) => format!("all run after {}", span(done.whole())),
        None => format!("{} of {} by the horizon", outcome.nodes_done, plan.nodes),
    }
}

/// The moments as cells: lowest, highest and last value of each; those without a value are none.
fn cells(
    outcome: &Outcome,
    value: impl Fn(&Moment) -> Option<(u64, u64, u64)>,
) -> Cow<'static, [Cell]> {
    let cell = |moment: &Moment| {
        let (low, high, last) = value(moment)?;
        let millis = i64::try_from(moment.at.millis()).ok()?;
        let at = DateTime::from_timestamp_millis(millis)?;
        Some(Cell { at, low, high, last, refused: false, breaks: false })
    };
    outcome.timeline.moments.iter().filter_map(cell).collect()
}
