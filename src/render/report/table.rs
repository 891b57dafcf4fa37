//! For people at a terminal: the chart, then a row a series.

use super::EMPTY;
use crate::quota::Window;
use crate::render::chart;
use crate::render::style::{Palette, Role};
use crate::render::table::{Cell, Surface, Table};
use crate::render::{Look, span};
use crate::report::{Report, Summary};

/// The report as text, ending in a line end.
pub fn table(report: &Report, look: Look) -> String {
    if report.series.is_empty() {
        return format!("{EMPTY}{}\n", torn(report));
    }
    let mut table = Table::new()
        .column("")
        .numbers("SAMPLES")
        .column("OVER")
        .numbers("PULLS")
        .numbers("AN HOUR");
    table = table.column("WORST HOUR").numbers("LOWEST").column("AT ZERO").numbers("429");
    let palette = Palette::new(look.colour);
    // Names are long and have lines of their own, so that the numbers fit beside each other in 80 columns.
    let mut names = String::new();
    for (place, series) in report.series.iter().enumerate() {
        let watched = series
            .from
            .zip(series.to)
            .map_or(0, |(from, to)| (to - from).num_seconds().unsigned_abs());
        let limit = series.limit.map(|limit| format!("/{limit}")).unwrap_or_default();
        let lowest =
            series.lowest.map_or_else(|| "–".to_owned(), |lowest| format!("{lowest}{limit}"));
        let bad = |is_bad: bool| if is_bad { Role::Bad } else { Role::Good };
        let letter = chart::letter(place).to_string();
        names.push_str(&format!(
            "{}  {}\n",
            palette.paint(Role::Accent, &letter),
            named(report, series, look)
        ));
        table.row([
            letter.into(),
            series.samples.into(),
            span(watched).into(),
            series.pulls.into(),
            series.pace().into(),
            series.worst().into(),
            Cell::role(bad(series.lowest == Some(0)), lowest),
            Cell::role(bad(series.seconds_at_zero > 0), span(series.seconds_at_zero)),
            Cell::role(bad(series.refused > 0), series.refused),
        ]);
    }
    let summary = table.render(Surface { width: look.columns, colour: look.colour });
    let chart = chart::chart(&report.picture(), look);
    let chart =
        if chart.is_empty() { "No sample has a count to draw.\n".to_owned() } else { chart };
    format!("{chart}\n{names}\n{summary}{}", torn(report))
}

/// The name of a series and what it may use, broken between words where the terminal is narrow.
fn named(report: &Report, series: &Summary, look: Look) -> String {
    let window = series
        .window_seconds
        .and_then(Window::from_seconds)
        .map(|window| format!(" per {window}"))
        .unwrap_or_default();
    let limit = series.limit.map(|limit| format!(", {limit} pulls{window}")).unwrap_or_default();
    let columns =
        look.columns.map_or(usize::MAX, |columns| usize::from(columns).saturating_sub(3).max(20));
    let outlook = series.outlook().map(|words| format!("; {words}")).unwrap_or_default();
    textwrap::wrap(&format!("{}{limit}{outlook}", report.name(series)), columns).join("\n   ")
}

/// What is to be said of what is not shown.
fn torn(report: &Report) -> String {
    report.omissions().iter().map(|words| format!("! {words}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Trace;
    use crate::quota::IdentityRecord;
    use crate::report::WorstHour;
    use chrono::{DateTime, TimeDelta, Utc};

    fn series(user: &str) -> Summary {
        let at: DateTime<Utc> = "2026-11-22T09:00:00Z".parse().unwrap();
        let mut trace = Trace::default();
        (0..200).for_each(|minute| {
            trace.push(at + TimeDelta::minutes(minute), 200 - minute.unsigned_abs(), false, false);
        });
        let identity: IdentityRecord = serde_json::from_value(
            serde_json::json!({"kind": "account", "user": user, "credentials_from": null}),
        )
        .unwrap();
        Summary {
            files: vec![
                "/var/log/dhlimit/production-cluster.jsonl".to_owned(),
                "/var/log/dhlimit/b.jsonl".to_owned(),
            ],
            registry: "docker.io".to_owned(),
            identity,
            source: Some("0b0f4a35-5f0d-4c06-a9d3-8c4c52f9d6ee".to_owned()),
            limit: Some(200),
            window_seconds: Some(21_600),
            from: Some(at),
            to: Some(at + TimeDelta::minutes(119)),
            samples: 259_200,
            pulls: 98_765,
            pulls_per_hour: Some(1_234.5),
            burn_per_hour: Some(1_000.0),
            empty_at: Some(at + TimeDelta::minutes(150)),
            worst_hour: Some(WorstHour { from: Some(at), pulls: 4_321 }),
            seconds_at_zero: 5_400,
            throttled: 0,
            refused: 123,
            lowest: Some(0),
            trace,
        }
    }

    #[test]
    fn a_long_recording_fits_80_columns_without_a_broken_number() {
        let report =
            Report::new(vec![series("buildbot-of-the-northern-cluster"), series("b")], 0, 1);
        let at = "2026-11-22T19:00:00Z".parse().unwrap();
        let text = table(&report, Look { columns: Some(80), colour: false, now: at });
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        let numbers =
            text.lines().find(|line| line.starts_with("a ") && line.contains("259200")).unwrap();
        for number in
            ["98765", "1234", "4321 from Nov 22 09:00", "0/200", "1h 30m", "123", "1h 59m"]
        {
            assert!(numbers.contains(number), "{number}: {text}");
        }
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            words.contains("at its end 1000 pulls an hour, empty at Nov 22 11:30:00"),
            "{text}"
        );
        assert!(
            text.contains("200 pulls per 6h")
                && text.contains("0b0f4a35-5f0d-4c06-a9d3-8c4c52f9d6ee"),
            "{text}"
        );
    }
}
