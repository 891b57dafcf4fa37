//! For people: the rounds (first, last and the odd ones), then what they add up to in sentences.

use std::fmt::Write;

use crate::quota::{SourceKind, Window};
use crate::render::Look;
use crate::render::style::{Palette, Role};
use crate::render::table::{Cell, Surface, Table};
use crate::stress::{First429, Recovery, Round, RoundOutcome, StoppedBy, StressReport};
use crate::text::{one_line, wrap};

/// More rounds than this are shown in part.
const ALL_ROUNDS: usize = 12;
/// So many of the first and last are shown then.
const SOME_ROUNDS: usize = 4;

/// One round in a line, for progress without a terminal.
pub fn round_line(round: &Round) -> String {
    let count = |left: Option<u64>| left.map_or_else(|| "?".to_owned(), |left| left.to_string());
    let cost = round.cost.map(|cost| format!(", cost {cost}")).unwrap_or_default();
    let left =
        format!("{} → {} left{cost}", count(round.remaining_before), count(round.remaining_after));
    let failure = round
        .failure
        .as_ref()
        .map(|failure| format!("  {}: {}", failure.class, one_line(&failure.text, 300)))
        .unwrap_or_default();
    format!(
        "round {}: {} in {} ms, {left}{failure}",
        round.n,
        outcome(round.outcome),
        round.pull_ms
    )
}

/// The rounds and what they add up to.
pub fn table(report: &StressReport, look: Look) -> String {
    let mut rows = Table::new()
        .numbers("ROUND")
        .column("OUTCOME")
        .numbers("PULL")
        .numbers("REMOVE")
        .numbers("LEFT")
        .numbers("COST")
        .column("WHY");
    let many = report.rounds.len() > ALL_ROUNDS;
    let usual = report.rounds.first().and_then(|round| round.cost);
    for (at, round) in report.rounds.iter().enumerate() {
        let near_an_end = at < SOME_ROUNDS || at + SOME_ROUNDS >= report.rounds.len();
        if many && at == SOME_ROUNDS {
            rows.row([Cell::from("…")]);
        }
        if !many || near_an_end || round.outcome != RoundOutcome::Pulled || round.cost != usual {
            rows.row(row(round));
        }
    }
    let mut page = rows.render(Surface { width: look.columns, colour: look.colour });
    page.push('\n');
    page.push_str(&sentences(report, look));
    page
}

/// What the rounds add up to, without the table.
pub fn plain(report: &StressReport, look: Look) -> String {
    sentences(report, Look { columns: None, colour: false, ..look })
}

fn row(round: &Round) -> [Cell; 7] {
    let milliseconds =
        |time: Option<u64>| time.map_or_else(|| "–".to_owned(), |time| format!("{time} ms"));
    let role = match round.outcome {
        RoundOutcome::Pulled => Role::Good,
        RoundOutcome::Limited => Role::Caution,
        RoundOutcome::Failed => Role::Bad,
    };
    [
        round.n.into(),
        Cell::role(role, outcome(round.outcome)),
        milliseconds(Some(round.pull_ms)).into(),
        milliseconds(round.remove_ms).into(),
        round.remaining_after.map_or_else(|| "?".to_owned(), |left| left.to_string()).into(),
        round.cost.map_or_else(|| "–".to_owned(), |cost| cost.to_string()).into(),
        round.failure.as_ref().map(|failure| failure.class.clone()).unwrap_or_default().into(),
    ]
}

/// How a round ended, for people: JSON's `limited` is a refusal, and elsewhere a healthy count.
pub const fn outcome(outcome: RoundOutcome) -> &'static str {
    match outcome {
        RoundOutcome::Pulled => "pulled",
        RoundOutcome::Limited => "refused (429)",
        RoundOutcome::Failed => "failed",
    }
}

fn sentences(report: &StressReport, look: Look) -> String {
    let palette = Palette::new(look.colour);
    let mut page = String::new();
    let mut say = |line: String| {
        let _ = writeln!(page, "{}", wrap(&line, look.columns));
    };
    let window = report.window_seconds.and_then(Window::from_seconds);
    let cost =
        report.cost_per_pull.map(|cost| format!("; one pull costs {cost}")).unwrap_or_default();
    let limit = match (report.limit, window) {
        (Some(limit), Some(window)) => format!(" of a limit of {limit} per {window}"),
        (Some(limit), None) => format!(" of a limit of {limit}"),
        _ => String::new(),
    };
    let pulls =
        if report.pulls == 1 { "1 pull".to_owned() } else { format!("{} pulls", report.pulls) };
    let mark = if report.sandbox { "SANDBOX: " } else { "" };
    say(format!(
        "{mark}{} by {} {}{limit}{cost}.",
        palette.paint(Role::Strong, pulls),
        report.runtime,
        one_line(&report.runtime_version, 80)
    ));
    if let Some(free) = free_rounds(report) {
        say(free);
    }
    if let Some(source) = &report.source {
        let kind = match report.source_kind {
            Some(SourceKind::Account) => "the account",
            Some(SourceKind::Ipv6Prefix) => "the IPv6 network",
            _ => "the address",
        };
        say(format!("Counted as: {kind} {}.", one_line(source, 80)));
    }
    say(stopped(report));
    if let Some(first) = &report.first_429 {
        let status = first.http_status.map(|status| format!("{status} ")).unwrap_or_default();
        let code =
            first.code.as_ref().map(|code| format!("{}: ", one_line(code, 40))).unwrap_or_default();
        let message = first.message.as_ref().map_or_else(
            || "(the runtime does not pass the registry's words on)".to_owned(),
            |message| one_line(message, 400),
        );
        say(format!("{}", palette.paint(Role::Caution, format!("  {status}{code}{message}"))));
        say(format!("  {}", meaning(first, report)));
    }
    match (&report.recovery, report.full_by) {
        (Some(recovery), _) => say(recovered(recovery)),
        (None, Some(full_by)) => {
            say(format!("Full again by {} at the latest.", look.time(full_by)));
        }
        _ => {}
    }
    say(format!("Cleanup: {}.", one_line(&report.cleanup, 400)));
    page
}

/// Which limit it was, how one can tell, and how it differs from the other.
fn meaning(first: &First429, report: &StressReport) -> String {
    let abuse = "The overall limit (all requests; Docker's \"abuse rate limit\") answers in plain text, \"Too Many Requests\", and refuses everything, not manifests alone.";
    let message = first.message.as_deref().unwrap_or_default();
    match first.class.as_str() {
        "pull_limit" if message.contains("pull rate limit") => {
            let how = if first.code.is_some() { "JSON error code" } else { "own words" };
            format!("This is the pull limit, recognised by its {how}. {abuse}")
        }
        "pull_limit" => {
            let left = report.limit.map_or_else(
                || "nothing left".to_owned(),
                |limit| format!("0 of {limit} left"),
            );
            let shown = if message.is_empty() {
                "does not pass on the registry's message"
            } else {
                "shows only the status, not the registry's message"
            };
            format!(
                "{} {shown}. dhlimit asked again: {left}, so this was the pull limit. Under the overall limit that request would have been refused, too.",
                report.runtime
            )
        }
        "overall_limit" => "This is the overall limit (all requests; Docker's \"abuse rate limit\"), not the pull limit: it answers in plain text, \"Too Many Requests\", and refuses everything from here. Stop for a while.".to_owned(),
        other => format!("This is {}, not Docker Hub's pull limit.", other.replace('_', " ")),
    }
}

/// Pulls that took nothing off the count, which the average hides.
fn free_rounds(report: &StressReport) -> Option<String> {
    const MOST: usize = 8;
    let free = report.rounds.iter().filter(|round| {
        round.outcome == RoundOutcome::Pulled && round.cost.is_some_and(|cost| cost <= 0)
    });
    let free: Vec<String> = free.map(|round| round.n.to_string()).collect();
    let named = free.iter().take(MOST).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = if free.len() > MOST { ", …" } else { "" };
    match free.len() {
        0 => None,
        // docker's classic store is the usual one: a longer --pause gives its collector the time it needs.
        count => Some(format!(
            "Free: {count} of these pulls (round {named}{more}) took nothing off the count. The runtime still had the manifests (give it a longer --pause), two requests counted as one, or the count came back meanwhile."
        )),
    }
}

fn stopped(report: &StressReport) -> String {
    let round = report.first_429.as_ref().map_or(report.rounds.len() as u64, |first| first.round);
    match report.stopped_by {
        StoppedBy::PullLimit => {
            format!("Stopped by the pull limit: pull {round} was refused (429).")
        }
        StoppedBy::OverallLimit => {
            format!("Stopped by another limit than the pull limit in round {round}.")
        }
        StoppedBy::Count => "Stopped after the number of pulls asked for; no 429 came.".to_owned(),
        StoppedBy::Floor => "Stopped at the floor asked for; no 429 came.".to_owned(),
        StoppedBy::Deadline => "Stopped when the time asked for was up; no 429 came.".to_owned(),
        StoppedBy::Interrupt => "Interrupted.".to_owned(),
        StoppedBy::Failure => {
            let failure = report.rounds.last().and_then(|round| round.failure.as_ref());
            failure.map_or_else(
                || "Stopped by a failure.".to_owned(),
                |failure| {
                    format!(
                        "Stopped by a failure ({}): {}",
                        failure.class,
                        one_line(&failure.text, 400)
                    )
                },
            )
        }
    }
}

fn recovered(recovery: &Recovery) -> String {
    let after = |seconds: Option<u64>| {
        seconds.map_or_else(
            || "not seen".to_owned(),
            |seconds| format!("after {}", crate::render::span(seconds)),
        )
    };
    format!(
        "Recovery: first pull possible again {}, full again {} ({} readings).",
        after(recovery.seconds_to_first),
        after(recovery.seconds_to_full),
        recovery.readings.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pulls_that_cost_nothing_are_named() {
        let round = |n: u64, cost: i64| {
            serde_json::json!({ "n": n, "at": null, "outcome": "pulled", "pull_ms": 1, "remove_ms": 1,
                "remaining_before": 9, "remaining_after": 9, "cost": cost, "failure": null })
        };
        let report = |costs: &[i64]| -> StressReport {
            serde_json::from_value(serde_json::json!({
                "schema": "dhlimit/stress/1", "endpoint": "http://127.0.0.1/", "sandbox": false, "image": "docker.io/library/nginx:latest", "runtime": "docker", "runtime_version": "29",
                "identity": { "kind": "anonymous", "user": null, "credentials_from": null }, "source": null, "source_kind": null,
                "limit": 100, "window_seconds": 3600, "started_at": null, "ended_at": null,
                "rounds": (1..).zip(costs).map(|(n, cost)| round(n, *cost)).collect::<Vec<_>>(),
                "stopped_by": "count", "pulls": costs.len(), "cost_per_pull": 1, "first_429": null, "full_by": null,
                "recovery": null, "cleanup": "done",
            }))
            .unwrap()
        };
        assert_eq!(free_rounds(&report(&[1, 1])), None);
        assert!(
            free_rounds(&report(&[1, 0, 1, -2]))
                .unwrap()
                .starts_with("Free: 2 of these pulls (round 2, 4) took nothing")
        );
        assert!(
            free_rounds(&report(&[0; 20])).unwrap().contains("(round 1, 2, 3, 4, 5, 6, 7, 8, …)")
        );
    }

    fn first(class: &str, code: Option<&str>, message: Option<&str>) -> First429 {
        First429 {
            round: 101,
            class: class.to_owned(),
            http_status: Some(429),
            code: code.map(str::to_owned),
            message: message.map(str::to_owned),
        }
    }

    #[test]
    fn the_decisive_sentence_never_contradicts_what_the_runtime_said() {
        let rows = [
            (
                Some("TOOMANYREQUESTS"),
                Some("You have reached your pull rate limit."),
                "its JSON error code",
            ),
            (None, Some("You have reached your pull rate limit."), "its own words"),
            (None, Some("Too Many Requests"), "nerdctl shows only the status"),
            (None, None, "nerdctl does not pass on the registry's message"),
        ];
        let report: StressReport = serde_json::from_value(serde_json::json!({
            "schema": "dhlimit/stress/1", "endpoint": "", "sandbox": true, "image": "i", "runtime": "nerdctl",
            "runtime_version": "1.7.6", "identity": { "kind": "anonymous", "user": null, "credentials_from": null },
            "source": null, "source_kind": null, "limit": 100, "window_seconds": 3600, "started_at": null,
            "ended_at": null, "rounds": [], "stopped_by": "pull_limit", "pulls": 100, "cost_per_pull": 1,
            "first_429": null, "full_by": null, "recovery": null, "cleanup": "done",
        }))
        .unwrap();
        for (code, message, words) in rows {
            let text = meaning(&first("pull_limit", code, message), &report);
            assert!(text.contains(words) && text.contains("the pull limit"), "{text}");
            let contradicts = message == Some("Too Many Requests") && text.contains("plain text");
            assert!(!contradicts, "{text}");
        }
        let text = meaning(&first("pull_limit", None, Some("Too Many Requests")), &report);
        assert!(text.contains("dhlimit asked again: 0 of 100 left"), "{text}");
    }
}
