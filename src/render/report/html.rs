//! The report as one page that asks nobody for anything: no script, no font, no picture from
//! elsewhere, and a policy in its head that forbids them. Readable in print, light and dark, and by
//! ear: every number of the chart is in a table. Well-formed as XML, too, so that any reader may check it.

use std::fmt::Write;

use super::svg::{STYLE, drawing, escape};
use super::{Cell, EMPTY, Report, Series};
use crate::render::span;

/// The most rows of the table of numbers, for all series together.
const MOST_ROWS: usize = 240;

const PAGE: &str = "\
:root{color-scheme:light dark;--ink:#1b1f24;--dim:#57606a;--grid:#d8dee4;--paper:#fff}\
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--dim:#9da7b3;--grid:#30363d;--paper:#0d1117}}\
@media print{:root{color-scheme:light;--ink:#000;--dim:#333;--grid:#bbb;--paper:#fff}}\
*{box-sizing:border-box}body{margin:0 auto;padding:2rem 1rem 3rem;max-width:64rem;font:1rem/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}\
h1{font-size:1.6rem;line-height:1.2;margin:0}h2{font-size:1.15rem;margin:2rem 0 .5rem}p{margin:.35rem 0 1.25rem;color:var(--dim)}\
figure{margin:0;overflow-x:auto}svg{display:block;width:100%;min-width:36rem;height:auto}\
.w{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.9rem;font-variant-numeric:tabular-nums}\
caption{text-align:left;max-width:calc(100vw - 2rem);color:var(--dim);padding-bottom:.4rem}th,td{padding:.35rem .75rem .35rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--grid)}\
thead th{white-space:nowrap;font-weight:600;color:var(--dim)}tbody th{font-weight:500;overflow-wrap:anywhere;min-width:11rem}.r{text-align:right}.t{white-space:nowrap}\
footer{margin-top:2rem;font-size:.85rem;color:var(--dim)}\
@media print{body{padding:0;max-width:none;font-size:10pt}figure,tr{break-inside:avoid}h2{break-after:avoid}figure,.w{overflow:visible}svg{min-width:0}table{font-size:8.5pt}th,td{padding:.12rem .4rem .12rem 0;line-height:1.35}thead th{white-space:normal}tbody th{min-width:0}thead{display:table-header-group}}";

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
            drawing(report, false),
            summary(report),
            numbers(report)
        );
    }
    for words in report.omissions() {
        let _ = write!(body, "<p>{words}.</p>");
    }
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/><title>Pull limit report</title>\
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\"/>\
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/><link rel=\"icon\" href=\"data:,\"/>\
<style>{PAGE}{STYLE}</style></head>\n<body><main><h1>Pull limit report</h1>{body}</main>\
<footer>Made by dhlimit {}. Times are UTC. Pulls are what the count was seen to fall by: at least so many were made.</footer></body></html>\n",
        env!("CARGO_PKG_VERSION")
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
            "<tr><th scope=\"row\">{}. {}</th><td>{}</td><td>{}</td><td class=\"r\">{}</td><td class=\"r\">{}</td><td class=\"r\">{}</td><td>{}</td><td class=\"r\">{}</td><td class=\"r\">{}</td><td>{}</td><td class=\"r\">{}</td></tr>",
            place + 1,
            escape(&report.name(series)),
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
fn stretches(series: &Series, most: usize) -> impl Iterator<Item = Cell> {
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
