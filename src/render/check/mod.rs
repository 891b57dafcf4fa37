//! What `check` found, and its forms. The report value is what JSON shows; one file each of the
//! others is another view of it.

mod github;
mod nagios;
mod plain;
mod prometheus;
mod table;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::quota::{Record, State};

pub use github::{annotations, summary};
pub(super) use github::{command_line, markdown};
pub use nagios::nagios;
pub use plain::plain;
pub use prometheus::prometheus;
pub use table::{hints, table};

/// What `check` found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckReport {
    /// `dhlimit/check/1`.
    pub schema: String,
    /// When the last answer was there.
    #[serde(serialize_with = "seconds")]
    pub checked_at: DateTime<Utc>,
    /// One per identity, image and address family asked for.
    pub readings: Vec<Record>,
}

impl CheckReport {
    /// A report of readings.
    pub fn new(checked_at: DateTime<Utc>, readings: Vec<Record>) -> Self {
        Self { schema: "dhlimit/check/1".to_owned(), checked_at, readings }
    }
}

fn seconds<S: serde::Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&crate::quota::timestamp(*at))
}

/// How near a reading is to trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Alarm {
    /// Nothing to do.
    Ok,
    /// Below the warning threshold.
    Warning,
    /// Below the critical threshold, used up or throttled.
    Critical,
    /// No reading to judge.
    Unknown,
}

/// A reading's alarm under a warning and a critical threshold in pulls.
pub fn alarm(reading: &Record, warning: Option<u64>, critical: Option<u64>) -> Alarm {
    let below = |threshold: Option<u64>| {
        threshold.zip(reading.remaining).is_some_and(|(threshold, remaining)| remaining < threshold)
    };
    match reading.state {
        State::Exhausted | State::Throttled => Alarm::Critical,
        State::Unknown | State::Failed => Alarm::Unknown,
        State::Limited | State::Unlimited if below(critical) => Alarm::Critical,
        State::Limited | State::Unlimited if below(warning) => Alarm::Warning,
        State::Limited | State::Unlimited => Alarm::Ok,
    }
}

/// What a reading says, in a few words: `76 of 100 pulls left (1h window)`.
pub fn sentence(reading: &Record) -> String {
    let window = reading
        .window_seconds
        .and_then(crate::quota::Window::from_seconds)
        .map(|window| format!(" ({window} window)"))
        .unwrap_or_default();
    match (reading.state, reading.limit, reading.remaining) {
        (State::Limited, Some(limit), Some(remaining)) => {
            format!("{remaining} of {limit} pulls left{window}")
        }
        (State::Exhausted, Some(limit), _) => {
            format!("pull limit used up: 0 of {limit} pulls left{window}")
        }
        (State::Exhausted, None, _) => format!("pull limit used up{window}"),
        (State::Unlimited, ..) => {
            let known = reading.image.parse().ok();
            known.map_or_else(
                || "no pull limit applies".to_owned(),
                |image| crate::quota::without_count(&image),
            )
        }
        _ => match &reading.error {
            Some(error) => error.message.clone(),
            None => reading
                .warnings
                .first()
                .cloned()
                .unwrap_or_else(|| "the limit cannot be understood".to_owned()),
        },
    }
}

#[cfg(test)]
pub(crate) mod fixtures {
    use super::*;
    use crate::quota::{
        Confidence, ErrorRecord, Family, FaultKind, IdentityKind, IdentityRecord, SourceKind,
    };

    /// A reading to render: anonymous, effective, 76 of 100 left.
    pub(crate) fn limited() -> Record {
        Record {
            registry: "docker.io".into(),
            image: "docker.io/library/nginx:latest".into(),
            identity: IdentityRecord {
                kind: IdentityKind::Anonymous,
                user: None,
                credentials_from: None,
            },
            effective: true,
            family: Some(Family::Ipv4),
            state: State::Limited,
            confidence: Confidence::Reported,
            limit: Some(100),
            remaining: Some(76),
            used: Some(24),
            window_seconds: Some(3600),
            full_by: "2026-11-22T10:15:21Z".parse().ok(),
            source: Some("192.0.2.10".into()),
            source_kind: Some(SourceKind::Ipv4),
            http_status: Some(200),
            retry_after_seconds: None,
            elapsed_ms: 312,
            headers: [("ratelimit-limit".to_owned(), "100;w=3600".to_owned())].into(),
            warnings: Vec::new(),
            error: None,
        }
    }

    /// The same in another state.
    pub(crate) fn with(state: State, remaining: Option<u64>) -> Record {
        let error = matches!(state, State::Failed | State::Throttled).then(|| ErrorRecord {
            kind: FaultKind::Network,
            message: "registry-1.docker.io was not reached: refused".into(),
            advice: "check the network".into(),
        });
        let known = matches!(state, State::Limited | State::Exhausted);
        Record {
            state,
            remaining,
            used: remaining.map(|left| 100 - left),
            limit: known.then_some(100),
            window_seconds: known.then_some(3600),
            error,
            ..limited()
        }
    }

    /// A report of these readings.
    pub(crate) fn report(readings: Vec<Record>) -> CheckReport {
        CheckReport::new("2026-11-22T09:15:21Z".parse().unwrap(), readings)
    }
}
