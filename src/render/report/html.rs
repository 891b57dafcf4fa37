//! The report as a page. Every number of its chart is in a table.

use std::fmt::Write;

use super::EMPTY;
use crate::history::Cell;
use crate::render::chart::{drawing, escape, page};
use crate::render::span;
use crate::report::{Report, Summary};

/// The most rows of the table of numbers, for all series together.
const MOST_ROWS: usize = 240;

/// The report as a whole HTML document.
pub fn html(report: &Report) -> String {
    let mut body = String::new();
    if report.series.is_empty() {
        let _ = write!(body, "<p>{EMPTY}</p>");
    } else {
        let _ = write!(
            body,
            "<p>{}</p><figure>{}</figure>{}{}",
            lead(report),
            drawing(&report.picture(), 0, EMPTY, false).0,
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
        "Times are UTC. Pulls are what the count was seen to fall by: at least so many were made.",
    )
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
    format!(
        "<h2>Summary</h2><div class=\"w\" tabindex=\"0\" role=\"region\" aria-label=\"Summary\"><table><caption>One row for each identity and each address or account it was counted on</caption><thead><tr>\
<th scope=\"col\">Series</th><th scope=\"col\">From</th><th scope=\"col\">To</th><th scope=\"col\" class=\"r\">Samples</th><th scope=\"col\" class=\"r\">Pulls</th>\
<th scope=\"col\" class=\"r\">An hour</th><th scope=\"col\">Worst hour</th><th scope=\"col\" class=\"r\">Limit</th><th scope=\"col\" class=\"r\">Lowest</th><th scope=\"col\">At zero</th><th scope=\"col\" class=\"r\">429</th></tr></thead>\
<tbody>{rows}</tbody></table></div>"
    )
}

/// The chart's numbers, a row for each stretch of time.
fn numbers(report: &Report) -> String {
    let most = (MOST_ROWS / report.series.len().max(1)).max(4);
    let mut rows = String::new();
    for (place, series) in report.series.iter().enumerate() {
        for cell in stretches(series, most) {
            let _ = write!(
                rows,
                "<tr><td>{}</td><td class=\"t\">{}</td><td class=\"r\">{}</td><td class=\"r\">{}</td><td class=\"r\">{}</td><td>{}</td></tr>",
                place + 1,
                cell.at.format("%Y-%m-%d %H:%M:%S"),
                cell.high,
                cell.low,
                cell.last,
                if cell.refused { "429" } else { "" }
            );
        }
    }
    format!(
        "<h2>The numbers of the chart</h2><div class=\"w\" tabindex=\"0\" role=\"region\" aria-label=\"The numbers of the chart\"><table><caption>Pulls left in each stretch of time, numbered as in the chart</caption><thead><tr>\
<th scope=\"col\">Series</th><th scope=\"col\">From</th><th scope=\"col\" class=\"r\">Highest</th><th scope=\"col\" class=\"r\">Lowest</th><th scope=\"col\" class=\"r\">At its end</th><th scope=\"col\">Answered</th></tr></thead><tbody>{rows}</tbody></table></div>"
    )
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
