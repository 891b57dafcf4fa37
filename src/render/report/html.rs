//! The report as a page. Every number of its chart is in a table.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::EMPTY;
use crate::history::Cell;
use crate::render::chart::{Fit, escape, figure, page, section};
use crate::render::span;
use crate::report::{Report, Summary};

/// The most rows of the table of numbers for each series, and for all together.
const MOST_ROWS: (usize, usize) = (24, 240);

/// The report as a whole HTML document.
pub fn html(report: &Report, now: chrono::DateTime<chrono::Utc>) -> String {
    let mut body = String::new();
    if report.series.is_empty() {
        let _ = write!(body, "<p>{EMPTY}</p>");
    } else {
        let _ = write!(
            body,
            "<p>{}</p><p>{}</p>{}{}{}",
            lead(report),
            escape(&subject(report)),
            figure(&report.picture(), 0, EMPTY),
            summary(report),
            numbers(report)
        );
    }
    for words in report.omissions() {
        let _ = write!(body, "<p>{words}.</p>");
    }
    page(
        "Pull limit report",
        &body,
        &format!(
            "The page is of {}. Times are UTC. Pulls are what the count was seen to fall by: at least so many were made.",
            now.format("%Y-%m-%d %H:%M")
        ),
    )
}

/// Which registries were asked, and from when to when.
fn subject(report: &Report) -> String {
    let registries: BTreeSet<&str> =
        report.series.iter().map(|series| series.registry.as_str()).collect();
    let registries: Vec<&str> = registries.into_iter().collect();
    let from = report.series.iter().filter_map(|series| series.from).min();
    let to = report.series.iter().filter_map(|series| series.to).max();
    let time = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%d %H:%M:%S").to_string();
    let when = from.zip(to).map(|(from, to)| format!(", {} to {} UTC", time(from), time(to)));
    format!("{}{}", registries.join(", "), when.unwrap_or_default())
}

/// The one sentence that matters most.
fn lead(report: &Report) -> String {
    let pulls = report.series.iter().fold(0_u64, |sum, series| sum.saturating_add(series.pulls));
    let zero =
        report.series.iter().fold(0_u64, |sum, series| sum.saturating_add(series.seconds_at_zero));
    let refused =
        report.series.iter().fold(0_u64, |sum, series| sum.saturating_add(series.refused));
    let zero = if zero == 0 {
        "The count never stood at zero".to_owned()
    } else {
        format!("Nothing was left for {}", span(zero))
    };
    let refused = if refused == 0 {
        String::new()
    } else {
        format!("; {refused} readings were answered 429")
    };
    format!("{zero}. The count fell by {pulls} pulls in all{refused}.")
}

fn summary(report: &Report) -> String {
    let mut rows = String::new();
    for (place, series) in report.series.iter().enumerate() {
        let time = |at: Option<chrono::DateTime<chrono::Utc>>| {
            at.map_or_else(String::new, |at| {
                at.format("<span class=\"t\">%Y-%m-%d</span> %H:%M:%S").to_string()
            })
        };
        let or_dash = |number: Option<u64>| {
            number.map_or_else(|| "–".to_owned(), |number| number.to_string())
        };
        let _ = write!(
            rows,
            "<tr><th scope=\"row\">{}. {}{}</th><td>{}</td><td>{}</td><td class=\"r\">{}</td><td class=\"r\">{}</td><td class=\"r\">{}</td><td>{}</td><td class=\"r\">{}</td><td class=\"r\">{}</td><td>{}</td><td class=\"r\">{}</td></tr>",
            place + 1,
            escape(&report.name(series)),
            series.outlook().map(|words| format!("; {words}")).unwrap_or_default(),
            time(series.from),
            time(series.to),
            series.samples,
            series.pulls,
            series.pace(),
            series.worst_hour.map_or_else(
                || "–".to_owned(),
                |worst| format!(
                    "{}{}",
                    worst.pulls,
                    worst.since(" from <span class=\"t\">%b %d %H:%M</span>")
                )
            ),
            or_dash(series.limit),
            or_dash(series.lowest),
            span(series.seconds_at_zero),
            series.refused,
        );
    }
    let heads = [
        ("Series", false),
        ("From", false),
        ("To", false),
        ("Samples", true),
        ("Pulls", true),
        ("An hour", true),
        ("Worst hour", false),
        ("Limit", true),
        ("Lowest", true),
        ("At zero", false),
        ("429", true),
    ];
    let caption = "One row for each identity and each address or account it was counted on";
    section("Summary", caption, &heads, &rows, Fit::Cards)
}

/// The chart's numbers, a row for each stretch of time.
fn numbers(report: &Report) -> String {
    let most = (MOST_ROWS.1 / report.series.len().max(1)).clamp(4, MOST_ROWS.0);
    let mut rows = String::new();
    for (place, series) in report.series.iter().enumerate() {
        for cell in stretches(series, most) {
            let _ = write!(
                rows,
                "<tr><td>{}</td><td class=\"t\">{}</td><td class=\"r\">{}</td><td class=\"r\">{}</td><td class=\"r\">{}</td><td>{}</td></tr>",
                place + 1,
                cell.at.format("<span class=\"d\">%Y-%m-%d </span>%H:%M:%S"),
                cell.high,
                cell.low,
                cell.last,
                if cell.refused { "429" } else { "" }
            );
        }
    }
    let heads = [
        ("Series", false),
        ("From", false),
        ("Highest", true),
        ("Lowest", true),
        ("At its end", true),
        ("Answered", false),
    ];
    let caption = "Pulls left in each stretch of time, numbered as in the chart";
    section("The numbers of the chart", caption, &heads, &rows, Fit::Small)
}

/// At most `most` stretches of a series, each of as many cells.
fn stretches(series: &Summary, most: usize) -> impl Iterator<Item = Cell> {
    let cells = series.trace.cells();
    cells.chunks(cells.len().div_ceil(most).max(1)).filter_map(|chunk| {
        let mut chunk = chunk.iter().copied();
        let first = chunk.next()?;
        Some(chunk.fold(first, |sum, cell| Cell {
            low: sum.low.min(cell.low),
            high: sum.high.max(cell.high),
            last: cell.last,
            refused: sum.refused || cell.refused,
            ..sum
        }))
    })
}
