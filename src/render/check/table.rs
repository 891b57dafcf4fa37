//! For people: one block an image, one row an identity, the effective one marked; then what was odd
//! and what to do about it.

use std::fmt::Write;

use chrono::Local;

use super::sentence;
use crate::check::CheckReport;
use crate::quota::{Confidence, Family, Record, SourceKind, State, Window};
use crate::render::Look;
use crate::render::style::Role;
use crate::render::table::{Cell, Surface, Table};
use crate::text::{one_line, wrap};

/// Characters of a gauge.
const GAUGE: usize = 10;
/// A terminal of fewer columns gets a block of lines for each identity.
const NARROW: u16 = 60;

/// What a table leaves out where the terminal has no room for it; nothing is broken in two.
#[derive(Debug, Clone, Copy)]
struct Layout {
    /// How far away a time is.
    distance: bool,
    gauge: bool,
    window: bool,
}

/// Everything.
const WHOLE: Layout = Layout { distance: true, gauge: true, window: true };
/// What is tried where that is too wide, and the last one where nothing fits.
const NARROWER: [Layout; 2] = [
    Layout { distance: false, gauge: true, window: true },
    Layout { distance: false, gauge: false, window: true },
];
const LEAST: Layout = Layout { distance: false, gauge: false, window: false };

/// The report as tables and sentences, ending in a line end.
pub fn table(report: &CheckReport, look: Look) -> String {
    let mut page = String::new();
    if report.sandbox {
        let at = report.endpoint.as_deref().unwrap_or("a sandbox");
        let line = format!("SANDBOX: {at} stands for docker.io; these are no real counts");
        let _ = writeln!(page, "{}", wrap(&line, look.columns));
    }
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

/// The readings of one image, as wide as the terminal and no wider.
fn block(readings: &[&Record], look: Look) -> String {
    let Some(width) = look.columns else {
        return rows(readings, look, WHOLE).render(look.into());
    };
    if width < NARROW {
        return readings.iter().map(|reading| lines(reading, look)).collect();
    }
    let fits = |layout: &Layout| {
        let natural = rows(readings, look, *layout).render(Surface::default());
        natural.lines().all(|line| line.chars().count() <= usize::from(width))
    };
    let layout = std::iter::once(WHOLE).chain(NARROWER).find(fits).unwrap_or(LEAST);
    rows(readings, look, layout).render(look.into())
}

fn rows(readings: &[&Record], look: Look, layout: Layout) -> Table {
    let families = readings
        .iter()
        .any(|reading| reading.family != readings.first().and_then(|first| first.family));
    let mut table = Table::new().column("").column("IDENTITY");
    if families {
        table = table.column("FAMILY");
    }
    table = table.column("COUNTED AS").column("PULLS LEFT");
    if layout.window {
        table = table.column("WINDOW");
    }
    table = table.column(&full_heading(readings, layout)).column("STATE");
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
            Cell::role(role(reading), left(reading, layout.gauge)),
        ]);
        if layout.window {
            row.push(window(reading).into());
        }
        row.extend([
            full_by(reading, look, layout.distance).into(),
            Cell::role(role(reading), state(reading)),
        ]);
        table.row(row);
    }
    table
}

/// One reading as lines of their own, for a terminal that has no room for columns.
fn lines(reading: &Record, look: Look) -> String {
    let mark = if reading.effective { "▸" } else { " " };
    let mut block =
        format!("{mark} {}: {}\n", one_line(reading.identity.label(), 40), state(reading));
    for (name, value) in [
        ("counted as", counted(reading)),
        ("pulls left", left(reading, true)),
        ("window", window(reading)),
        ("full by", full_by(reading, look, true)),
    ] {
        if value != NOTHING {
            let _ = writeln!(block, "{}", wrap(&format!("    {name:<11} {value}"), look.columns));
        }
    }
    block
}

/// What a cell without a value shows.
const NOTHING: &str = "–";

/// The heading above the times, with their zone.
fn full_heading(readings: &[&Record], layout: Layout) -> String {
    let zone = readings.iter().find_map(|reading| reading.full_by).map(|at| {
        let offset = at.with_timezone(&Local).format("%:z").to_string();
        if offset == "+00:00" { "UTC".to_owned() } else { offset }
    });
    match zone {
        Some(zone) if layout.distance => format!("FULL AGAIN BY ({zone})"),
        Some(zone) if layout.gauge => format!("FULL BY ({zone})"),
        Some(_) => "FULL BY".to_owned(),
        None => "FULL AGAIN BY".to_owned(),
    }
}

fn window(reading: &Record) -> String {
    let window = reading.window_seconds.and_then(Window::from_seconds);
    window.map_or_else(|| NOTHING.to_owned(), |window| window.to_string())
}

fn full_by(reading: &Record, look: Look, distance: bool) -> String {
    let shown = |at| if distance { look.time(at) } else { look.clock(at) };
    reading.full_by.map_or_else(|| NOTHING.to_owned(), shown)
}

fn over(family: Option<Family>) -> &'static str {
    match family {
        Some(Family::Ipv4) => "IPv4",
        Some(Family::Ipv6) => "IPv6",
        None => NOTHING,
    }
}

fn counted(reading: &Record) -> String {
    let Some(source) = reading.counted() else { return NOTHING.to_owned() };
    if reading.source_kind == Some(SourceKind::Account) {
        format!("account {source}")
    } else {
        source
    }
}

/// The numbers, beside a gauge where there is room for one.
fn left(reading: &Record, with_gauge: bool) -> String {
    match (reading.limit, reading.remaining) {
        (Some(limit), Some(remaining)) if !with_gauge => format!("{remaining}/{limit}"),
        (Some(limit), Some(remaining)) => {
            format!("{} {remaining}/{limit}", gauge(remaining, limit))
        }
        (None, Some(remaining)) => remaining.to_string(),
        // A limit that is not told is none that is not there.
        _ if reading.state == State::Unlimited && reading.elsewhere().is_some() => {
            "not told".to_owned()
        }
        _ if reading.state == State::Unlimited => "∞".to_owned(),
        _ => NOTHING.to_owned(),
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
    format!("{}{inferred}", word(reading))
}

/// A state in a word that says whether one can pull.
fn word(reading: &Record) -> &'static str {
    match reading.state {
        State::Unlimited if reading.elsewhere().is_some() => "no count",
        State::Limited => "ok",
        State::Exhausted => "used up",
        State::Unlimited => "no limit",
        State::Throttled => "refused",
        State::Unknown => "unknown",
        State::Failed => "failed",
    }
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

/// The same for all readings of a report: each thing once, however many images say it.
pub fn all_hints(report: &CheckReport) -> Vec<String> {
    let mut said: Vec<String> = Vec::new();
    for hint in report.readings.iter().flat_map(hints) {
        if !said.contains(&hint) {
            said.push(hint);
        }
    }
    said
}

/// Which effective readings are below a threshold, a line each; `below` tells it, and whether it is the
/// critical one.
pub fn missed(report: &CheckReport, below: impl Fn(&Record) -> Option<(u64, bool)>) -> Vec<String> {
    let line = |record: &Record| {
        let (threshold, is_critical) = below(record)?;
        let (mark, end) = if is_critical { ("✗", ", as --critical wants") } else { ("!", "") };
        Some(format!(
            "{mark} {}: fewer than {threshold} pulls remain for {}{end}",
            record.image,
            record.identity.label()
        ))
    };
    report.readings.iter().filter(|record| record.effective).filter_map(line).collect()
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
                && page.contains("ok"),
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
    fn no_word_is_broken_at_any_width() {
        let named = |user: &str, state, left| {
            let mut record = with(state, left);
            record.identity.kind = crate::quota::IdentityKind::Account;
            record.identity.user = Some(user.to_owned());
            record.source = Some(user.to_owned());
            record.source_kind = Some(SourceKind::Account);
            record.effective = false;
            record
        };
        let report = report(vec![
            limited(),
            named("ci", State::Unlimited, None),
            named("tidewater-bot", State::Exhausted, Some(0)),
        ]);
        let shown = |columns| table(&report, look(columns));
        for columns in 30..=140 {
            let page = shown(columns);
            let words =
                ["anonymous", "tidewater-bot", "192.0.2.10", "76/100", "no limit", "used up"];
            let missing: Vec<_> = words.iter().filter(|word| !page.contains(**word)).collect();
            assert!(missing.is_empty(), "{columns}: {missing:?} in\n{page}");
            let rows = page.lines().filter(|line| line.contains("76/100")).count();
            assert_eq!(rows, 1, "{columns}:\n{page}");
            assert!(
                page.lines().all(|line| line.chars().count() <= usize::from(columns)),
                "{page}"
            );
        }
        let has = |columns, what: &str| shown(columns).contains(what);
        assert!(has(140, "(in 1h)") && has(140, "WINDOW") && has(140, "█"));
        assert!(!has(80, "(in 1h)") && has(80, "WINDOW"), "{}", shown(80));
        assert!(!has(62, "█") && has(62, "STATE"), "{}", shown(62));
        assert!(!has(40, "STATE") && has(40, "counted as"), "{}", shown(40));
    }

    #[test]
    fn a_sandbox_is_named_in_the_first_line() {
        let mut practice = report(vec![limited()]);
        assert!(!table(&practice, look(80)).contains("SANDBOX"));
        practice.sandbox = true;
        practice.endpoint = Some("http://127.0.0.1:5000".to_owned());
        let page = table(&practice, look(80));
        assert!(page.starts_with("SANDBOX: http://127.0.0.1:5000 stands for docker.io"), "{page}");
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
