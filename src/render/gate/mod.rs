//! The forms of a gate's answer: a sentence for people, one line for logs, GitHub's annotation and
//! summary.

mod countdown;

use chrono::{DateTime, Local, Utc};

pub(crate) use countdown::Countdown;

use super::check::{command_line, markdown, sentence as reading_sentence};
use super::style::{Palette, Role};
use crate::gate::{CommandRun, GateReport, Verdict};
use crate::text::one_line;

/// The verdict and its reason: `open: 76 of 100 pulls left (1h window), 1 needed`.
pub fn sentence(report: &GateReport) -> String {
    let mut text = format!("{}: {}", report.verdict.as_str(), reading_sentence(&report.reading));
    if report.have.is_some() {
        text.push_str(&format!(", {} needed", report.need));
    }
    if report.is_beyond_limit() {
        text.push_str(", more than the limit ever allows");
    }
    if !report.passes && report.is_unlimited() {
        text.push_str(" (refused by --on-unlimited fail)");
    }
    if report.passes && report.verdict == Verdict::Unknown {
        text.push_str(" (allowed by --on-unknown pass)");
    }
    if report.waited_seconds > 0 {
        text.push_str(&format!("; waited {}", super::span(report.waited_seconds)));
    }
    if let Some(command) = &report.command {
        text.push_str(&spent(report, command));
    }
    text
}

/// What the command took off the count.
fn spent(report: &GateReport, command: &CommandRun) -> String {
    let Some(used) = command.used else {
        return if report.is_unlimited() {
            String::new()
        } else {
            "; how many pulls the command used cannot be determined".to_owned()
        };
    };
    let least = if command.used_at_least { "at least " } else { "" };
    let pulls = if used == 1 { "pull" } else { "pulls" };
    let over = report
        .overspent()
        .map(|most| format!(", more than the {most} allowed"))
        .unwrap_or_default();
    let counts = command
        .remaining_before
        .zip(command.remaining_after)
        .map(|(before, after)| format!(": {before} left before, {after} after"))
        .unwrap_or_default();
    format!("; the command used {least}{used} {pulls}{over}{counts}")
}

/// When enough is left again, in one zone or another.
fn enough(
    report: &GateReport,
    now: DateTime<Utc>,
    time: impl Fn(DateTime<Utc>, &str) -> String,
) -> Option<String> {
    let at = report.enough_at?;
    let is_far = (at - now).num_hours().abs() >= 20;
    let clock = time(at, if is_far { "%Y-%m-%d %H:%M" } else { "%H:%M" });
    let left = u64::try_from((at - now).num_seconds()).unwrap_or_default();
    // To the minute above ten minutes: the bound is no promise to the second.
    let left = if left > 600 { left.div_ceil(60) * 60 } else { left };
    Some(format!("enough again by {clock} at the latest (in {})", super::span(left)))
}

fn enough_utc(report: &GateReport, now: DateTime<Utc>) -> Option<String> {
    enough(report, now, |at, format| format!("{} UTC", at.format(format)))
}

fn subject(report: &GateReport) -> String {
    let counted =
        report.reading.counted().map(|source| format!(" counted as {source}")).unwrap_or_default();
    let mark = if report.sandbox { "SANDBOX " } else { "" };
    format!("{mark}{} {}{counted}", report.reading.image, report.reading.identity.label())
}

/// Lines below the sentence: what was malformed, and what to do.
fn remarks(report: &GateReport) -> Vec<String> {
    let warnings =
        report.reading.warnings.iter().map(|warning| format!("! {}", one_line(warning, 300)));
    let advice = report.advice.iter().map(|advice| format!("→ {}", one_line(advice, 300)));
    warnings.chain(advice).collect()
}

/// For logs: one line, remarks below.
pub fn plain(report: &GateReport, now: DateTime<Utc>) -> String {
    let mut line = one_line(&sentence(report), 600);
    line.extend(enough_utc(report, now).map(|enough| format!("; {enough}")));
    let mut lines = format!("{}  {line}\n", one_line(&subject(report), 400));
    for remark in remarks(report) {
        lines.push_str(&format!("  {remark}\n"));
    }
    lines
}

/// For a terminal.
pub fn table(report: &GateReport, colour: bool, now: DateTime<Utc>) -> String {
    let (mark, role) = match report.verdict {
        Verdict::Open => ("✓", Role::Good),
        Verdict::Closed => ("✗", Role::Bad),
        Verdict::Unknown => ("?", Role::Caution),
    };
    let palette = Palette::new(colour);
    let mut lines = format!("{} {}\n", palette.paint(role, mark), one_line(&sentence(report), 600));
    lines.push_str(&format!("  {}\n", palette.paint(Role::Dim, one_line(&subject(report), 400))));
    let local = enough(report, now, |at, format| {
        at.with_timezone(&Local).format(&format!("{format} %Z")).to_string()
    });
    lines.extend(local.map(|enough| format!("  {enough}\n")));
    for remark in remarks(report) {
        lines.push_str(&format!("  {remark}\n"));
    }
    lines
}

/// GitHub's annotation: one workflow command.
pub fn annotation(report: &GateReport, now: DateTime<Utc>) -> String {
    let level = match report.verdict {
        _ if report.overspent().is_some() => "error",
        Verdict::Open => "notice",
        Verdict::Unknown if report.passes => "warning",
        Verdict::Closed | Verdict::Unknown => "error",
    };
    let more = enough_utc(report, now).into_iter().chain(report.advice.clone());
    let more: String = more
        .chain(report.reading.warnings.iter().cloned())
        .map(|sentence| format!(". {sentence}"))
        .collect();
    let mark = if report.sandbox { "[sandbox] " } else { "" };
    let title =
        format!("{mark}Gate for {}, {}", report.reading.registry, report.reading.identity.label());
    command_line(level, &title, &format!("{}{more}", sentence(report)))
}

/// The job summary, in Markdown.
pub fn summary(report: &GateReport, now: DateTime<Utc>) -> String {
    let mut page = format!("### Pull limit gate\n\n{}\n\n", markdown(&sentence(report)));
    let next = enough_utc(report, now).into_iter().chain(report.advice.clone());
    for line in next.chain([subject(report)]) {
        page.push_str(&format!("{}\n\n", markdown(&line)));
    }
    page.truncate(page.trim_end().len());
    page.push('\n');
    page
}

#[cfg(test)]
mod tests {
    use super::super::check::fixtures::{limited, with};
    use super::*;
    use crate::quota::{Record, State};

    fn now() -> DateTime<Utc> {
        "2026-11-22T09:15:21Z".parse().unwrap()
    }

    fn report(verdict: Verdict, reading: Record) -> GateReport {
        GateReport {
            schema: "dhlimit/gate/1".into(),
            verdict,
            passes: verdict == Verdict::Open,
            need: 5,
            have: reading.remaining,
            waited_seconds: 0,
            enough_at: None,
            advice: reading.error.as_ref().map(|error| error.advice.clone()),
            max_use: None,
            endpoint: String::new(),
            sandbox: false,
            reading,
            command: None,
        }
    }

    #[test]
    fn the_sentence_gives_verdict_and_reason() {
        let mut open = report(Verdict::Open, limited());
        assert_eq!(sentence(&open), "open: 76 of 100 pulls left (1h window), 5 needed");
        open.waited_seconds = 61;
        open.command = Some(CommandRun {
            exit_code: 0,
            used: Some(1),
            used_at_least: false,
            remaining_before: Some(76),
            remaining_after: Some(75),
        });
        assert!(
            sentence(&open)
                .ends_with("; waited 1m 1s; the command used 1 pull: 76 left before, 75 after"),
            "{}",
            sentence(&open)
        );
        open.max_use = Some(0);
        assert!(
            sentence(&open)
                .ends_with("used 1 pull, more than the 0 allowed: 76 left before, 75 after"),
            "{}",
            sentence(&open)
        );
        assert!(annotation(&open, now()).starts_with("::error"), "{}", annotation(&open, now()));
        let mut closed = report(Verdict::Closed, with(State::Exhausted, Some(0)));
        closed.need = 101;
        assert!(
            sentence(&closed).ends_with("101 needed, more than the limit ever allows"),
            "{}",
            sentence(&closed)
        );
        let mut unknown = report(Verdict::Unknown, with(State::Failed, None));
        unknown.passes = true;
        assert!(
            sentence(&unknown).ends_with("(allowed by --on-unknown pass)"),
            "{}",
            sentence(&unknown)
        );
        assert!(
            plain(&unknown, now()).contains("\n  → check the network\n"),
            "{}",
            plain(&unknown, now())
        );
    }

    #[test]
    fn foreign_text_is_neither_command_nor_markup() {
        let mut reading = limited();
        reading.warnings = vec!["50%\n::error::forged".into()];
        reading.source = Some("<b>\n::set-output".into());
        let report = report(Verdict::Open, reading);
        assert_eq!(annotation(&report, now()).lines().count(), 1);
        assert!(
            annotation(&report, now())
                .starts_with("::notice title=Gate for docker.io%2C anonymous::"),
            "{}",
            annotation(&report, now())
        );
        assert!(summary(&report, now()).contains("&lt;b>"), "{}", summary(&report, now()));
        assert!(
            plain(&report, now()).lines().all(|line| !line.starts_with("::")),
            "{}",
            plain(&report, now())
        );
        assert_eq!(
            report.outputs(),
            [("verdict", "open".to_owned()), ("remaining", "76".into()), ("limit", "100".into())]
        );
    }

    #[test]
    fn a_closed_gate_says_in_every_form_when_enough_is_left_again_and_what_to_do() {
        let mut closed = report(Verdict::Closed, with(State::Exhausted, Some(0)));
        closed.enough_at = "2026-11-22T10:15:20Z".parse().ok();
        closed.advice = Some("log in".to_owned());
        closed.sandbox = true;
        for text in [plain(&closed, now()), annotation(&closed, now()), summary(&closed, now())] {
            for words in ["enough again by 10:15 UTC at the latest (in 1h)", "log in"] {
                assert!(text.contains(words), "{words}: {text}");
            }
            assert!(text.to_ascii_lowercase().contains("sandbox"), "{text}");
        }
        assert!(table(&closed, false, now()).contains("at the latest (in 1h)\n  → log in"));
        let days = DateTime::<Utc>::from_timestamp(1_800_000_000, 0);
        closed.enough_at = days;
        assert!(
            plain(&closed, now()).contains("by 2027-01-15 08:00 UTC"),
            "{}",
            plain(&closed, now())
        );
    }
}
