//! What `stress` is about to do, as aligned lines.

use std::time::Duration;

use crate::quota::{LimitStatus, Reading, SourceKind};
use crate::render::span;
use crate::text::one_line;

/// What the plan is made of.
#[derive(Debug, Clone, Copy)]
pub struct Plan<'a> {
    /// The reading before the first pull.
    pub reading: &'a Reading,
    /// What pulls.
    pub runtime: &'a str,
    /// Its version.
    pub version: &'a str,
    /// Pulls at once.
    pub parallel: u8,
    /// From the start of one pull to the start of the next.
    pub interval: Duration,
    /// Stop after this many pulls.
    pub count: Option<u64>,
    /// Stop when this many are left.
    pub floor: Option<u64>,
    /// Stop after this long.
    pub duration: Option<Duration>,
    /// Whether a sandbox answers.
    pub sandbox: bool,
}

/// The plan, a line for each thing to know before it starts.
pub fn plan(plan: &Plan<'_>) -> String {
    let reading = plan.reading;
    let mark = if plan.sandbox { "  (SANDBOX)" } else { "" };
    let lines = [
        ("Image", format!("{}{mark}", reading.image)),
        ("Runtime", runtime(plan)),
        ("Identity", identity(reading)),
        ("Left now", left(reading)),
        ("Stops at", stops(plan)),
    ];
    let mut text = "Plan: pull, read the count, remove; repeat".to_owned();
    for (name, value) in lines {
        text.push_str(&format!("\n  {name:<9} {}", one_line(&value, 400)));
    }
    text
}

fn runtime(plan: &Plan<'_>) -> String {
    let pace = match (plan.parallel, plan.interval.is_zero()) {
        (1, true) => String::new(),
        (1, false) => format!(", one pull every {}", humantime::format_duration(plan.interval)),
        (many, true) => format!(", {many} pulls at a time"),
        (many, false) => {
            format!(", {many} pulls every {}", humantime::format_duration(plan.interval))
        }
    };
    format!("{} {}{pace}", plan.runtime, plan.version)
}

fn identity(reading: &Reading) -> String {
    let who = reading.identity.to_string();
    match &reading.source {
        Some(source) if source.kind() == SourceKind::Account => {
            format!("{who}, counted as the account {source}")
        }
        Some(source) => {
            format!("{who}, counted as {source} (shared by everyone on that address)")
        }
        None => who,
    }
}

fn left(reading: &Reading) -> String {
    match &reading.status {
        LimitStatus::Limited(count) => {
            let window =
                count.window.map(|window| format!(" in a window of {window}")).unwrap_or_default();
            format!("{} of {} pulls{window}", count.remaining, count.limit)
        }
        LimitStatus::Exhausted { window, .. } => {
            let window =
                window.map(|window| format!(" in this window of {window}")).unwrap_or_default();
            format!("none{window}: the first pull will be refused")
        }
        LimitStatus::Unlimited => crate::quota::without_count(&reading.image),
        _ => "the limit could not be read".to_owned(),
    }
}

fn stops(plan: &Plan<'_>) -> String {
    let pulls =
        |count: u64| if count == 1 { "1 pull".to_owned() } else { format!("{count} pulls") };
    let bounds = [
        plan.count.map(pulls),
        plan.floor.map(|floor| format!("{} left", pulls(floor))),
        plan.duration.map(|duration| format!("the end of {}", span(duration.as_secs()))),
        Some("the first 429".to_owned()),
    ];
    bounds.into_iter().flatten().collect::<Vec<_>>().join(", or ")
}
