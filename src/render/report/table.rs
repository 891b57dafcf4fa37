//! For people at a terminal: the chart, then a row a series.

use super::{EMPTY, Report, chart};
use crate::quota::Window;
use crate::render::style::Role;
use crate::render::table::{Cell, Surface, Table};
use crate::render::{Look, span};

/// The report as text, ending in a line end.
pub fn table(report: &Report, look: Look) -> String {
    if report.series.is_empty() {
        return format!("{EMPTY}{}\n", torn(report));
    }
    let mut table = Table::new().column("").column("SERIES").numbers("SAMPLES").numbers("PULLS").numbers("AN HOUR");
    table = table.column("WORST HOUR").numbers("LOWEST").column("AT ZERO").numbers("429").column("OVER");
    for (place, series) in report.series.iter().enumerate() {
        let watched = series.from.zip(series.to).map_or(0, |(from, to)| (to - from).num_seconds().unsigned_abs());
        let limit = series.limit.map(|limit| format!("/{limit}")).unwrap_or_default();
        let window = series.window_seconds.and_then(Window::from_seconds).map(|window| format!(" per {window}")).unwrap_or_default();
        let lowest = series.lowest.map_or_else(|| "–".to_owned(), |lowest| format!("{lowest}{limit}{window}"));
        let bad = |is_bad: bool| if is_bad { Role::Bad } else { Role::Good };
        table.row([
            chart::letter(place).to_string().into(),
            report.name(series).into(),
            series.samples.into(),
            series.pulls.into(),
            series.pace().into(),
            series.worst().into(),
            Cell::role(bad(series.lowest == Some(0)), lowest),
            Cell::role(bad(series.seconds_at_zero > 0), span(series.seconds_at_zero)),
            Cell::role(bad(series.refused > 0), series.refused),
            span(watched).into(),
        ]);
    }
    let summary = table.render(Surface { width: look.columns, colour: look.colour });
    let chart = chart::chart(report, look);
    let chart = if chart.is_empty() { "No sample has a count to draw.\n".to_owned() } else { chart };
    format!("{chart}\n{summary}{}", torn(report))
}

/// What is to be said of torn lines.
fn torn(report: &Report) -> String {
    match report.torn_lines {
        0 => String::new(),
        1 => "! 1 line had been torn off by a crash and was passed over\n".to_owned(),
        lines => format!("! {lines} lines had been torn off by a crash and were passed over\n"),
    }
}
