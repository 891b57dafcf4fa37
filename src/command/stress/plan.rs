//! Before the first pull: what will be done, in words, and whether the user agrees. Nothing real is
//! stressed without consent.

use std::io::BufRead;
use std::time::Duration;

use crate::cli::Stress;
use crate::context::aside;
use crate::quota::{LimitStatus, Reading, SourceKind, Window};
use crate::render::span;
use crate::{Context, Failure};

/// The shortest interval off loopback.
const INTERVAL_MIN: Duration = Duration::from_secs(1);
/// The interval off loopback where none is named.
const INTERVAL: Duration = Duration::from_secs(2);
/// The interval of the tour: as fast as an eye can follow a falling count.
const TOUR: Duration = Duration::from_millis(20);

/// The interval between rounds; a short one is for loopback alone.
pub(super) fn interval(args: &Stress, loopback: bool) -> Result<Duration, Failure> {
    match args.interval {
        Some(interval) if !loopback && interval < INTERVAL_MIN => {
            Err(Failure::usage("an interval below 1s is for registries on loopback only")
                .advise("try it on --sandbox first, or name at least --interval 1s"))
        }
        Some(interval) => Ok(interval),
        None if !loopback => Ok(INTERVAL),
        None if args.asking.sandbox.is_some() && args.runtime == "builtin" => Ok(TOUR),
        None => Ok(Duration::ZERO),
    }
}

/// The plan in words. `version` is the runtime's; `interval` from start to start.
pub(super) fn words(args: &Stress, reading: &Reading, version: &str, interval: Duration) -> String {
    let mut bounds = Vec::new();
    bounds.extend(args.count.map(|count| format!("{} made", pulls_are(count))));
    bounds.extend(args.floor.map(|floor| format!("{} left", pulls_are(floor))));
    bounds
        .extend(args.duration.map(|duration| format!("{} have passed", span(duration.as_secs()))));
    bounds.push("the first 429 comes".to_owned());
    let counted = match &reading.source {
        Some(source) if source.kind() == SourceKind::Account => {
            format!(", counted on the account {source}")
        }
        Some(source) => format!(", counted on {source} and everybody behind it"),
        None => String::new(),
    };
    let left = match &reading.status {
        LimitStatus::Limited(count) => {
            let window =
                count.window.map(|window| format!(" in a window of {window}")).unwrap_or_default();
            let are = if count.remaining == 1 { "is" } else { "are" };
            format!("{} of {} pulls {are} left{window}", count.remaining, count.limit)
        }
        LimitStatus::Exhausted { window, .. } => {
            format!(
                "nothing is left{}",
                window
                    .map(|window: Window| format!(" in this window of {window}"))
                    .unwrap_or_default()
            )
        }
        LimitStatus::Unlimited => "no pull limit applies".to_owned(),
        _ => "the limit could not be read".to_owned(),
    };
    let every = if interval.is_zero() {
        String::new()
    } else {
        format!(", one every {}", humantime::format_duration(interval))
    };
    let many =
        if args.parallel > 1 { format!(" {} at a time", args.parallel) } else { String::new() };
    format!(
        "Plan: pull {} with {} ({version}){many} as {}{counted}{every}, remove it after each pull, until {}. Now {left}.",
        reading.image,
        args.runtime,
        reading.identity,
        bounds.join(", or ")
    )
}

/// `1 pull is`, `2 pulls are`.
fn pulls_are(count: u64) -> String {
    if count == 1 { "1 pull is".to_owned() } else { format!("{count} pulls are") }
}

/// Asks on a terminal; without one, `--yes` must have been said.
pub(super) async fn consent(context: &Context, reading: &Reading) -> Result<bool, Failure> {
    let refuse = || {
        Failure::usage(format!(
            "{} is a real registry and these pulls count",
            reading.image.registry()
        ))
        .advise("say --yes to go ahead, or try --sandbox first")
    };
    if !context.terminal.stdin || !context.terminal.stderr {
        return Err(refuse());
    }
    context.complain("These pulls count: whoever shares this identity is refused until the window has passed. Go ahead? [y/N]");
    let answer = aside(|| {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).map(|_| line)
    });
    tokio::select! {
        answer = answer => Ok(matches!(answer, Ok(Ok(line)) if matches!(line.trim().to_ascii_lowercase().as_str(), "y" | "yes"))),
        () = context.shutdown.cancelled() => Ok(false),
    }
}
