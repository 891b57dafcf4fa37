//! The steps of `mirror ecr`.

use super::super::Look;
use super::super::style::{Palette, Role};
use crate::mirror::ecr::{EcrReport, State, Step};
use crate::text::{one_line, wrap};

/// The most characters of a detail.
const MOST: usize = 600;

const fn sign(state: State) -> (char, Role) {
    match state {
        State::Present => ('✓', Role::Good),
        State::Created | State::Updated | State::Removed => ('+', Role::Good),
        State::Failed => ('✗', Role::Bad),
        State::Skipped => ('·', Role::Dim),
    }
}

/// One line a step: its state, its id, what is to be told of it.
pub fn ecr_plain(report: &EcrReport) -> String {
    let line = |step: &Step| {
        format!("{}  {}  {}\n", step.state.as_str(), step.id, one_line(&step.detail, MOST))
    };
    report.steps.iter().map(line).collect()
}

/// The steps for people: state, what it is, and the call where something was changed or failed.
pub fn ecr_table(report: &EcrReport, look: Look) -> String {
    let palette = Palette::new(look.colour);
    let block = |step: &Step| {
        let (sign, role) = sign(step.state);
        let head = format!("{} {}: {}", palette.paint(role, sign), step.id, step.state.as_str());
        let detail = wrap(&format!("    {}", one_line(&step.detail, MOST)), look.columns);
        let detail = if step.detail.is_empty() { String::new() } else { detail + "\n" };
        let quiet = matches!(step.state, State::Present | State::Skipped);
        let call = step.command.as_ref().filter(|_| !quiet);
        let call = call.map(|call| format!("    $ {}\n", one_line(call, MOST))).unwrap_or_default();
        format!("{head}\n{detail}{call}")
    };
    report.steps.iter().map(block).collect()
}
