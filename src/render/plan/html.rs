//! A plan as a page and as a drawing. Every number of the pictures is in a table, and no colour says what
//! words do not.

use std::fmt::Write;

use super::{picture, table::sorted, words};
use crate::plan::{Plan, Solved};
use crate::render::chart::{self, Fit, Picture, escape, figure, page, section};
use crate::render::span;

/// Rows of the table of numbers for each line of a picture.
const MOST_ROWS: usize = 24;

/// The pictures of a plan as one SVG document.
pub fn svg(plan: &Plan) -> String {
    chart::svg(&pictures(plan), picture::EMPTY)
}

fn pictures(plan: &Plan) -> Vec<Picture<'static>> {
    let left = picture::left(plan);
    // Where nobody waits, all are shown not to.
    let anybody = plan.strategies.iter().any(|outcome| outcome.nodes_waited > 0);
    let waiting = picture::waiting(plan, !anybody);
    if left.lines.is_empty() { vec![waiting] } else { vec![waiting, left] }
}

/// The plan as a whole HTML document; `named` where the user said which strategies to look at.
pub fn html(plan: &Plan, named: bool) -> String {
    let mut body = format!("<p><strong>{}</strong></p>", escape(&words::answer(plan, named)));
    body.push_str(&strategies(plan));
    for line in words::remarks(plan, named) {
        let _ = write!(body, "<p>{}</p>", code(&line));
    }
    for solved in &plan.solved {
        body.push_str(&found(plan, solved));
    }
    let pictures = pictures(plan);
    for (number, picture) in pictures.iter().enumerate() {
        let drawn = figure(picture, number, picture::EMPTY);
        let _ = write!(body, "<h2>{}</h2>{drawn}", escape(&picture.title));
    }
    body.push_str(&assumed(plan));
    for picture in &pictures {
        body.push_str(&numbers(picture));
    }
    page("Will it fit?", &body, "A simulation: times are counted from the start of the rollout.")
}

/// Text with what stands between backticks as code.
fn code(text: &str) -> String {
    let mut parts = text.split('`').enumerate().map(|(place, part)| {
        let part = escape(part);
        if place % 2 == 1 { format!("<code>{part}</code>") } else { part }
    });
    let first = parts.next().unwrap_or_default();
    parts.fold(first, |sum, part| sum + &part)
}

fn strategies(plan: &Plan) -> String {
    let mut rows = String::new();
    for outcome in sorted(plan) {
        let first = outcome.first_refused_at_seconds.map(|first| span(first.whole()));
        let _ = write!(
            rows,
            "<tr><th scope=\"row\">{}</th><td class=\"t\">{}</td><td>{}</td><td class=\"r\">{}</td><td class=\"r\">{}</td><td class=\"t\">{}</td><td class=\"t\">{}</td><td class=\"r t\">{}</td><td class=\"t\">{}</td></tr>",
            escape(&outcome.name),
            words::allowed(outcome),
            words::fits(plan, outcome),
            outcome.pulls,
            outcome.refused,
            first.unwrap_or_else(|| "–".to_owned()),
            escape(&words::done(plan, outcome)),
            format_args!("{} of {}", outcome.nodes_waited, plan.nodes),
            span(outcome.longest_wait_seconds.whole()),
        );
    }
    let heads = [
        ("Strategy", false),
        ("Limit", false),
        ("Fits", false),
        ("Pulls", true),
        ("Refused", true),
        ("First 429 at", false),
        ("All run after", false),
        ("Wait", true),
        ("Longest wait", false),
    ];
    section("Strategies", "By the time until all run", &heads, &rows, Fit::Cards)
}

fn found(plan: &Plan, solved: &Solved) -> String {
    let mut rows = String::new();
    for solution in &solved.strategies {
        let _ = write!(
            rows,
            "<tr><th scope=\"row\">{}</th><td class=\"r t\">{}</td><td class=\"t\">{}</td></tr>",
            escape(&solution.name),
            words::found(plan, solved, solution),
            words::searched(solved, solution)
        );
    }
    let title = words::solved(plan, solved).to_lowercase();
    let title =
        title.get(..1).unwrap_or_default().to_uppercase() + title.get(1..).unwrap_or_default();
    let heads = [("Strategy", false), (title.as_str(), true), ("Looked at", false)];
    section(&title, "Without a 429", &heads, &rows, Fit::Cards)
}

fn assumed(plan: &Plan) -> String {
    let mut rows = String::new();
    for assumption in &plan.assumptions {
        let options =
            assumption.options.iter().map(|option| format!("<code class=\"t\">{option}</code>"));
        let options: Vec<String> = options.collect();
        let _ = write!(
            rows,
            "<tr><td>{}</td><td>{}</td><td class=\"t\">{}</td><td>{}</td></tr>",
            escape(&assumption.what),
            escape(&assumption.source),
            assumption.date.as_deref().map(escape).unwrap_or_default(),
            options.join(" ")
        );
    }
    let heads =
        [("What", false), ("Who says so", false), ("As of", false), ("What changes it", false)];
    section("Assumed", "Everything that the numbers stand on", &heads, &rows, Fit::Cards)
}

/// A picture's numbers, a row for each stretch of time.
fn numbers(picture: &Picture<'_>) -> String {
    let mut rows = String::new();
    for line in &picture.lines {
        for stretch in line.cells.chunks(line.cells.len().div_ceil(MOST_ROWS).max(1)) {
            let (Some(first), Some(last)) = (stretch.first(), stretch.last()) else { continue };
            let low = stretch.iter().map(|cell| cell.low).min().unwrap_or_default();
            let high = stretch.iter().map(|cell| cell.high).max().unwrap_or_default();
            let _ = write!(
                rows,
                "<tr><td class=\"t\">{}</td><td class=\"t\">{}</td><td class=\"r\">{high}</td><td class=\"r\">{low}</td><td class=\"r\">{}</td></tr>",
                escape(&line.name),
                span(first.at.timestamp().unsigned_abs()),
                last.last
            );
        }
    }
    let heads = [
        ("Strategy", false),
        ("From", false),
        ("Highest", true),
        ("Lowest", true),
        ("At its end", true),
    ];
    let title = format!("Numbers: {}", picture.what);
    section(&title, "In each stretch of time", &heads, &rows, Fit::Small)
}
