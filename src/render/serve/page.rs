//! The page: whom to worry about comes first, in words, with how old each reading is. Nothing from elsewhere;
//! a script of its own shows what happens as it happens, and without one the browser asks again.

use std::borrow::Cow;
use std::fmt::Write as _;

use chrono::{DateTime, Utc};

use crate::quota::{Record, State};
use crate::render::chart::{self, Clock, Fit, Line, Picture, escape, figure};
use crate::render::check::{hints, sentence};
use crate::render::{Look, span};
use crate::serve::{Observations, Standing, Status};

/// The most lines of the figure, and of those that it shows: the worst.
const MOST_LINES: usize = 8;

/// The most images that this machine pulled that are listed.
const MOST_IMAGES: usize = 15;

/// Renews the page as the server's events come.
const SCRIPT: &str = include_str!("live.js");

/// What the page may load.
pub fn page_policy() -> String {
    chart::policy_with(SCRIPT)
}

/// The status as a whole HTML document.
pub fn page(status: &Status, now: DateTime<Utc>) -> String {
    let look = Look { columns: None, colour: false, now };
    let mut shown: Vec<(&Standing, Record)> = status
        .standings
        .values()
        .map(|standing| (standing, standing.shown(now, status.stale_after)))
        .collect();
    shown.sort_by(|(_, one), (_, other)| worry(one).total_cmp(&worry(other)));
    let mut body = format!(
        "<p role=\"status\" class=\"lead\">{}</p>",
        escape(&headline(status, &shown, look))
    );
    if status.sandbox {
        body.push_str(
            "<p>A sandbox answers for Docker Hub: these counts are of no real limit.</p>",
        );
    }
    for (standing, record) in &shown {
        for hint in hints(record).iter().filter(|_| standing.record.effective) {
            let _ = write!(body, "<p>{}: {}</p>", escape(record.identity.label()), escape(hint));
        }
    }
    body.push_str(&table(status, &shown, look));
    let picture = picture(&shown);
    if !picture.lines.is_empty() {
        let drawn = figure(&picture, 0, "No count was read yet.");
        let _ = write!(body, "<h2>{}</h2>{drawn}", escape(&picture.title));
    }
    body.push_str(&observed(status, look));
    let tokens = status.tokens;
    let footer = format!(
        "{} checks and {tokens} tokens in {}; a look at this page asks no registry. <a href=\"/metrics\">Metrics</a>, \
<a href=\"/api/v1/readings\">readings</a>.",
        status.durations.count,
        span(u64::try_from((now - status.since).num_seconds()).unwrap_or(0))
    );
    chart::renewed_page("Docker Hub pull limit", &body, &footer, SCRIPT)
}

/// The lower, the worse: effective ones before others, states before shares of what is left.
fn worry(record: &Record) -> f64 {
    let share = match (record.remaining, record.limit) {
        #[expect(clippy::cast_precision_loss, reason = "to sort by")]
        (Some(left), Some(limit)) if limit > 0 => left as f64 / limit as f64,
        _ => 1.0,
    };
    let rank = match record.state {
        State::Exhausted => 0.0,
        State::Throttled => 1.0,
        State::Failed => 2.0,
        State::Limited => 3.0,
        State::Unknown => 5.0,
        State::Unlimited => 6.0,
    };
    rank + share + if record.effective { 0.0 } else { 10.0 }
}

fn headline(status: &Status, shown: &[(&Standing, Record)], look: Look) -> String {
    let Some((standing, record)) = shown.first() else {
        return "Nothing was read yet.".to_owned();
    };
    let mut words = format!("{} {}: {}", shape(record), record.identity.label(), sentence(record));
    if record.state == State::Limited && record.remaining.is_some() {
        match standing.forecast.empty_at {
            Some(at) => {
                let _ = write!(words, "; empty at {}", look.time(at));
            }
            None => words.push_str("; not empty at this rate"),
        }
    }
    let missing = status.targets.saturating_sub(shown.len());
    if missing > 0 {
        let _ = write!(words, "; {missing} not asked yet");
    }
    words
}

/// A state by its shape: no colour says what the words do not.
const fn shape(record: &Record) -> &'static str {
    match record.state {
        State::Limited | State::Unlimited => "●",
        State::Exhausted => "■",
        State::Throttled => "▲",
        State::Failed | State::Unknown => "○",
    }
}

fn table(status: &Status, shown: &[(&Standing, Record)], look: Look) -> String {
    let mut rows = String::new();
    for (standing, record) in shown {
        let left = match (record.remaining, record.limit) {
            (Some(left), Some(limit)) => format!(
                "{left} of {limit} <meter min=\"0\" max=\"{limit}\" low=\"{}\" value=\"{left}\" aria-label=\"pulls left\">{left}</meter>",
                limit / 5
            ),
            _ if record.state == State::Unlimited => "unlimited".to_owned(),
            _ => "–".to_owned(),
        };
        let empty = match standing.forecast.empty_at.filter(|_| record.remaining.is_some()) {
            Some(at) => escape(&look.time(at)),
            None => "–".to_owned(),
        };
        let age = |at: DateTime<Utc>| {
            let seconds = u64::try_from((look.now - at).num_seconds()).unwrap_or(0);
            format!("{} ago", span(seconds))
        };
        let answered = match &standing.answered {
            Some((at, _)) if look.now - *at > status.stale_after => {
                format!("{} <strong>(stale)</strong>", age(*at))
            }
            Some((at, _)) => age(*at),
            None => "never".to_owned(),
        };
        let effective = if record.effective { " (a pull from here counts on it)" } else { "" };
        let _ = write!(
            rows,
            "<tr><th scope=\"row\">{}{effective}<br/>{}</th><td>{} {}</td><td class=\"t\">{left}</td><td>{empty}</td><td>{}</td><td class=\"t\">{answered}</td></tr>",
            escape(record.identity.label()),
            escape(&record.image),
            shape(record),
            escape(&sentence(record)),
            escape(record.source.as_deref().unwrap_or("–")),
        );
    }
    let heads = ["Identity and image", "State", "Pulls left", "Empty at", "Counted as", "Answered"];
    let caption = format!(
        "The worst first. A count that was not confirmed for {} is left out.",
        span(u64::try_from(status.stale_after.num_seconds()).unwrap_or(0))
    );
    chart::table("Identities", &caption, &heads.map(|head| (head, false)), &rows, Fit::Cards)
}

/// What the count that pulls from here fall on was used by beside them: others on the same count, or
/// pulls that no runtime told of. `None` where nothing was used.
fn unexplained(status: &Status) -> Option<String> {
    let counted = status.standings.values().filter(|one| one.record.effective && one.used > 0);
    let Standing { record, used, .. } = counted.max_by_key(|one| one.used)?;
    let asked = status.endpoint.as_deref().and_then(|url| url.split("://").nth(1));
    let is_counted = |registry: &str| {
        registry == record.registry || asked.is_some_and(|at| at.trim_end_matches('/') == registry)
    };
    let told = status.observed.pulls.iter().filter(|(key, _)| is_counted(&key.registry));
    let told = told.map(|(_, (count, _))| *count).sum::<u64>().min(*used);
    let left = used - told;
    let whose = record.counted().unwrap_or_else(|| record.identity.label().to_owned());
    Some(format!(
        "The count of {whose} fell by at least {used} in that time. The runtimes told of {told} of these pulls; {left} ({} %) are unexplained: other machines on the same count, or pulls that no runtime told of.",
        left * 100 / used
    ))
}

/// What this machine's runtimes pulled, the most first; nothing where nobody asked.
fn observed(status: &Status, look: Look) -> String {
    let Observations { sources, pulls, refusals } = &status.observed;
    if sources.is_empty() {
        return String::new();
    }
    let mut body = "<h2>Pulled on this machine</h2>".to_owned();
    let listened = |is_up: bool| {
        let names = sources.iter().filter(|(_, up)| **up == is_up).map(|(name, _)| *name);
        names.collect::<Vec<_>>().join(", ")
    };
    let since = look.time(status.since);
    let _ = write!(body, "<p>Heard from {} since {since}.", listened(true));
    if sources.values().any(|is_up| !is_up) {
        let _ = write!(body, " <strong>Not listened to: {}.</strong>", listened(false));
    }
    for (class, count) in refusals {
        let _ = write!(body, " Refused ({class}): {count}.");
    }
    body.push_str("</p>");
    if let Some(words) = unexplained(status) {
        let _ = write!(body, "<p>{}</p>", escape(&words));
    }
    let mut sorted: Vec<_> = pulls.iter().collect();
    sorted.sort_by(|(_, one), (_, other)| other.cmp(one));
    let mut rows = String::new();
    for (key, (count, at)) in sorted.into_iter().take(MOST_IMAGES) {
        let _ = write!(
            rows,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"r\">{count}</td><td>{}</td><td class=\"t\">{}</td></tr>",
            escape(&key.image),
            key.runtime,
            if key.certain { "yes" } else { "perhaps: the image may have been there" },
            escape(&look.time(*at)),
        );
    }
    if rows.is_empty() {
        return body + "<p>Nothing so far.</p>";
    }
    let heads =
        [("Image", false), ("Runtime", false), ("Times", true), ("Pulled", false), ("Last", false)];
    body + &chart::table(
        "Pulled on this machine",
        "The most often pulled first",
        &heads,
        &rows,
        Fit::Cards,
    )
}

/// The counts over time of the worst.
fn picture<'a>(shown: &[(&'a Standing, Record)]) -> Picture<'a> {
    let drawn = shown.iter().filter(|(standing, _)| standing.trace.cells().len() > 1);
    let lines = drawn.take(MOST_LINES).map(|(standing, record)| Line {
        name: format!("{} {}", record.identity.label(), record.image),
        limit: record.limit,
        cells: Cow::Borrowed(standing.trace.cells()),
        note: String::new(),
        words: sentence(record),
    });
    Picture {
        title: "Pulls left over time".to_owned(),
        what: "pulls left",
        clock: Clock::Utc,
        lines: lines.collect(),
    }
}
