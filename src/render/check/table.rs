//! For people: one block an image, one row an identity, the effective one marked; then what was odd
//! and what to do about it.

use std::fmt::Write;

use super::{CheckReport, sentence};
use crate::quota::{Confidence, Family, Record, SourceKind, State, Window};
use crate::render::Look;
use crate::render::style::Role;
use crate::render::table::{Cell, Surface, Table};
use crate::text::{one_line, wrap};

/// Characters of a gauge.
const GAUGE: usize = 10;

/// The report as tables and sentences, ending in a line end.
pub fn table(report: &CheckReport, look: Look) -> String {
    let mut page = String::new();
    let mut images: Vec<&str> = Vec::new();
    for reading in &report.readings {
        if !images.contains(&reading.image.as_str()) {
            images.push(&reading.image);
        }
    }
    for image in images {
        let readings: Vec<&Record> =
            report.readings.iter().filter(|reading| reading.image == image).collect();
        let _ = writeln!(page, "{image}");
        page.push_str(&block(&readings, look));
        for line in remarks(&readings) {
            let _ = writeln!(page, "{}", wrap(&line, look.columns));
        }
        page.push('\n');
    }
    page.truncate(page.trim_end().len());
    page.push('\n');
    page
}

fn block(readings: &[&Record], look: Look) -> String {
    let families = readings
        .iter()
        .any(|reading| reading.family != readings.first().and_then(|first| first.family));
    let mut table = Table::new().column("").column("IDENTITY");
    if families {
        table = table.column("OVER");
    }
    table = table
        .column("COUNTED AS")
        .column("PULLS LEFT")
        .column("WINDOW")
        .column("FULL AGAIN BY")
        .column("STATE");
    for reading in readings {
        let mut row: Vec<Cell> = vec![
            if reading.effective { "▸" } else { " " }.into(),
            one_line(reading.identity.label(), 40).into(),
        ];
        if families {
            row.push(over(reading.family).into());
        }
        row.extend([
            counted(reading).into(),
            Cell::role(role(reading), left(reading)),
            reading
                .window_seconds
                .and_then(Window::from_seconds)
                .map_or_else(|| "–".to_owned(), |window| window.to_string())
                .into(),
            reading.full_by.map_or_else(|| "–".to_owned(), |at| look.time(at)).into(),
            Cell::role(role(reading), state(reading)),
        ]);
        table.row(row);
    }
    table.render(Surface { width: look.columns, colour: look.colour })
}

fn over(family: Option<Family>) -> &'static str {
    match family {
        Some(Family::Ipv4) => "IPv4",
        Some(Family::Ipv6) => "IPv6",
        None => "–",
    }
}

fn counted(reading: &Record) -> String {
    let Some(source) = reading.counted() else { return "–".to_owned() };
    if reading.source_kind == Some(SourceKind::Account) {
        format!("account {source}")
    } else {
        source
    }
}

/// A gauge with the numbers beside it.
fn left(reading: &Record) -> String {
    match (reading.limit, reading.remaining) {
        (Some(limit), Some(remaining)) => {
            format!("{} {remaining}/{limit}", gauge(remaining, limit))
        }
        (None, Some(remaining)) => remaining.to_string(),
        // A limit that is not told is none that is not there.
        _ if reading.state == State::Unlimited && reading.elsewhere().is_some() => {
            "not told".to_owned()
        }
        _ if reading.state == State::Unlimited => "∞".to_owned(),
        _ => "–".to_owned(),
    }
}

fn gauge(remaining: u64, limit: u64) -> String {
    let full = GAUGE as u64;
    let filled =
        if limit == 0 { 0 } else { (remaining.min(limit).saturating_mul(full)).div_ceil(limit) };
    let filled = usize::try_from(filled).unwrap_or(GAUGE).min(GAUGE);
    format!("{}{}", "█".repeat(filled), "░".repeat(GAUGE - filled))
}

fn state(reading: &Record) -> String {
    let inferred =
        if reading.confidence == Confidence::Inferred && reading.state == State::Exhausted {
            " (inferred)"
        } else {
            ""
        };
    format!("{}{inferred}", reading.state.as_str())
}

fn role(reading: &Record) -> Role {
    let low = reading
        .limit
        .zip(reading.remaining)
        .is_some_and(|(limit, left)| left.saturating_mul(5) <= limit);
    match reading.state {
        State::Limited if low => Role::Caution,
        State::Limited | State::Unlimited => Role::Good,
        State::Exhausted | State::Throttled | State::Failed => Role::Bad,
        State::Unknown => Role::Caution,
    }
}

/// What to do about a reading, and what was odd: a line each.
pub fn hints(reading: &Record) -> Vec<String> {
    let who = one_line(reading.identity.label(), 40);
    let advice = match &reading.error {
        Some(error) => Some(one_line(&error.advice, 400)),
        None if reading.state == State::Exhausted => Some(match reading.source_kind {
            Some(SourceKind::Account) => "wait for the window to pass, pull from a mirror or cache, or upgrade the account".to_owned(),
            _ => {
                "log in (an account counts apart from the address), wait for the window to pass, or pull from a mirror or cache".to_owned()
            }
        }),
        None => None,
    };
    let warnings =
        reading.warnings.iter().map(|warning| format!("! {who}: {}", one_line(warning, 400)));
    advice.map(|advice| format!("  → {advice}")).into_iter().chain(warnings).collect()
}

fn remarks(readings: &[&Record]) -> Vec<String> {
    let mut lines = Vec::new();
    for reading in readings {
        let who = one_line(reading.identity.label(), 40);
        if let Some(error) = &reading.error {
            lines.push(format!("✗ {who}: {}", one_line(&error.message, 400)));
        } else if reading.state == State::Exhausted {
            lines.push(format!("✗ {who}: {}", sentence(reading)));
        }
        lines.extend(hints(reading));
    }
    if readings.len() > 1 && readings.iter().any(|reading| reading.effective) {
        lines.push(
            "▸ a pull from here, with the credentials found here, is counted on this identity"
                .to_owned(),
        );
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{limited, report, with};
    use super::*;

    fn look(columns: u16) -> Look {
        Look { columns: Some(columns), colour: false, now: "2026-11-22T09:15:21Z".parse().unwrap() }
    }

    #[test]
    fn a_reading_is_seen_whole_at_80_columns() {
        let page = table(&report(vec![limited()]), look(80));
        assert!(
            page.contains("192.0.2.10")
                && page.contains("76/100")
                && page.contains("1h")
                && page.contains("limited"),
            "{page}"
        );
        assert!(page.lines().all(|line| line.chars().count() <= 80), "{page}");
        assert!(!page.contains('\u{1b}'), "{page}");
    }

    #[test]
    fn a_registry_that_tells_no_count_is_not_shown_as_one_without_a_limit() {
        let shown = |image: &str| {
            let reading = Record { image: image.into(), ..with(State::Unlimited, None) };
            (table(&report(vec![reading.clone()]), look(100)), sentence(&reading))
        };
        let (page, words) = shown("public.ecr.aws/docker/library/nginx:1");
        assert!(page.contains("not told") && !page.contains('∞'), "{page}");
        assert!(words.contains("1 pull a second") && !words.contains("no pull limit"), "{words}");
        let (page, words) = shown("docker.io/library/nginx:1");
        assert!(page.contains('∞') && words == "no pull limit applies", "{page}");
    }

    #[test]
    fn an_error_shows_its_next_step() {
        let page = table(&report(vec![with(State::Failed, None)]), look(100));
        assert!(
            page.contains("✗ anonymous: registry-1.docker.io was not reached")
                && page.contains("→ check the network"),
            "{page}"
        );
    }

    #[test]
    fn a_gauge_shows_something_while_anything_is_left() {
        assert_eq!(
            (gauge(0, 100), gauge(1, 100), gauge(100, 100), gauge(300, 100), gauge(0, 0)),
            (
                "░".repeat(10),
                format!("█{}", "░".repeat(9)),
                "█".repeat(10),
                "█".repeat(10),
                "░".repeat(10)
            )
        );
    }
}
