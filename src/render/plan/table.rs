//! A plan as text for a terminal or a pipe.

use super::{picture, words};
use crate::plan::{Outcome, Plan, Solved};
use crate::render::chart::{Line, chart, letter};
use crate::render::style::{Palette, Role};
use crate::render::table::{Cell, Surface, Table};
use crate::render::{Look, span};

/// The plan as text, ending in a line end; `named` where the user said which strategies to look at.
pub fn table(plan: &Plan, named: bool, look: Look) -> String {
    let palette = Palette::new(look.colour);
    let mut text =
        format!("{}\n\n", palette.paint(Role::Strong, wrap(&words::answer(plan, named), look, "")));
    text.push_str(&strategies(plan, look));
    text.push_str(&pictures(plan, named, look));
    for solved in &plan.solved {
        text.push_str(&format!("\n{}", found(plan, solved, look)));
    }
    for line in words::remarks(plan, named) {
        text.push_str(&format!("\n{}\n", wrap(&line, look, "")));
    }
    text.push_str(&format!("\n{}\n", palette.paint(Role::Strong, "Assumed")));
    for assumption in &plan.assumptions {
        let options = assumption.options.join(", ");
        let change = if options.is_empty() { String::new() } else { format!("; {options}") };
        let line = format!("- {} [{}{change}]", assumption.what, words::source(assumption));
        text.push_str(&format!("{}\n", wrap(&line, look, "  ")));
    }
    text
}

/// On a terminal, who does not run yet, and what is left by the strategy that the answer speaks of.
fn pictures(plan: &Plan, named: bool, look: Look) -> String {
    let Some(focus) = words::focus(plan, named).filter(|_| look.columns.is_some()) else {
        return String::new();
    };
    let waiting = picture::waiting(plan, false);
    let mut text = format!("\n{}", chart(&waiting, look));
    if waiting.lines.len() > 1 {
        let name = |(place, line): (usize, &Line<'_>)| format!("{} {}", letter(place), line.name);
        let lines: Vec<String> = waiting.lines.iter().enumerate().map(name).collect();
        text.push_str(&format!(
            "{}\n",
            wrap(&format!("{}; + several", lines.join(", ")), look, "")
        ));
    }
    let left = chart(&picture::left_by(plan, focus), look);
    if !left.is_empty() {
        text.push_str(&format!("\n{left}{}\n", focus.name));
    }
    text
}

/// The strategies by the time until all run.
fn strategies(plan: &Plan, look: Look) -> String {
    let mut table = Table::new().column("STRATEGY").column("LIMIT").column("FITS");
    table = table.numbers("PULLS").numbers("REFUSED");
    // A range takes the room of two columns.
    let ranges = !plan.ranges.is_empty();
    table = if ranges { table } else { table.column("429 AT") };
    table = table.column("ALL RUN").numbers("WAIT").column("LONGEST");
    let window = one_window(plan);
    for outcome in sorted(plan) {
        let role = if outcome.fits { Role::Good } else { Role::Bad };
        let first = outcome.first_refused_at_seconds.map(|first| span(first.whole()));
        let done = words::done(plan, outcome);
        let late = outcome.done_at_seconds.is_none();
        let mut cells: Vec<Cell> = vec![
            outcome.name.as_str().into(),
            match outcome.limit {
                Some(limit) if window => limit.into(),
                Some(_) => words::allowed(outcome).into(),
                None => "none".into(),
            },
            Cell::role(role, words::fits(plan, outcome)),
            outcome.pulls.into(),
            outcome.refused.into(),
        ];
        if !ranges {
            cells.push(first.unwrap_or_else(|| "–".to_owned()).into());
        }
        cells.extend([
            if late { Cell::role(Role::Bad, done) } else { done.into() },
            format!("{}/{}", outcome.nodes_waited, plan.nodes).into(),
            span(outcome.longest_wait_seconds.whole()).into(),
        ]);
        table.row(cells);
    }
    table.render(Surface::from(look))
}

/// What was to be found, a row a strategy.
fn found(plan: &Plan, solved: &Solved, look: Look) -> String {
    let mut table =
        Table::new().column("STRATEGY").numbers(words::solved(plan, solved)).column("LOOKED AT");
    for solution in &solved.strategies {
        table.row([
            solution.name.as_str().into(),
            words::found(plan, solved, solution).into(),
            words::searched(solved, solution).into(),
        ]);
    }
    table.render(Surface::from(look))
}

/// Whether every count is over the same window, which is then said once.
fn one_window(plan: &Plan) -> bool {
    let mut windows = plan.strategies.iter().filter_map(|outcome| outcome.window_seconds);
    let first = windows.next();
    windows.all(|window| Some(window) == first)
}

/// What never ends comes last, and of those first what gets furthest.
pub(super) fn sorted(plan: &Plan) -> Vec<&Outcome> {
    let mut sorted: Vec<&Outcome> = plan.strategies.iter().collect();
    sorted.sort_by_key(|outcome| {
        let done = outcome.done_at_seconds;
        (done.is_none(), done, std::cmp::Reverse(outcome.nodes_done), outcome.pulls)
    });
    sorted
}

fn wrap(text: &str, look: Look, indent: &str) -> String {
    match look.columns {
        Some(columns) => {
            let options = textwrap::Options::new(usize::from(columns).max(20))
                .word_splitter(textwrap::WordSplitter::NoHyphenation)
                .subsequent_indent(indent);
            textwrap::fill(text, options)
        }
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Beyond, Request, Solve, plan, plan_all_laws};
    use crate::quota::{Arrival, Law, Policy};
    use std::time::Duration;

    fn request(nodes: u32) -> Request {
        Request {
            nodes,
            images: 34,
            cost: 1,
            pull_time: Duration::from_secs(3),
            arrival: Arrival::Rolling { nodes: 2, every: Duration::from_secs(90) },
            strategies: Vec::new(),
            law: Law::Sliding,
            limit: None,
            window: None,
            policy: Policy::find("docker-hub").unwrap(),
            horizon: None,
            beyond: Beyond { solve: Some(Solve::Surge), ..Beyond::default() },
        }
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_and_no_word_is_broken() {
        let now = "2026-11-22T09:15:21Z".parse().unwrap();
        for (nodes, columns) in [(12, 80), (12, 120), (2, 80), (60, 80), (60, 120), (600, 120)] {
            let plans = [plan(&request(nodes)).unwrap(), plan_all_laws(&request(nodes)).unwrap()];
            for plan in &plans {
                let look = Look { columns: Some(columns), colour: false, now };
                let text = table(plan, false, look);
                for line in text.lines() {
                    assert!(line.chars().count() <= usize::from(columns), "{columns}: {line}");
                }
                for outcome in &plan.strategies {
                    let whole = |line: &str| line.split_whitespace().next() == Some(&outcome.name);
                    assert!(text.lines().any(whole), "{}: {text}", outcome.name);
                }
                // A terminal sees pictures, a pipe does not.
                let plain = table(plan, false, Look { columns: None, ..look });
                assert!(!plain.contains('└'), "{plain}");
            }
            let text = table(&plans[0], false, Look { columns: Some(columns), colour: false, now });
            assert_eq!(text.matches('└').count() / 2, usize::from(nodes > 2), "{text}");
        }
    }
}
