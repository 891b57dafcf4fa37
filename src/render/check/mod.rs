//! The forms of what `check` found, a file each.

mod github;
mod nagios;
mod plain;
pub(in crate::render) mod prometheus;
mod table;

use crate::quota::{Record, State};

pub use github::{annotations, summary};
pub(super) use github::{command_line, markdown};
pub use nagios::nagios;
pub use plain::plain;
pub use prometheus::prometheus;
pub use table::{all_hints, hints, missed, table};

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
    use crate::check::{Asked, CheckReport};
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
        CheckReport::new("2026-11-22T09:15:21Z".parse().unwrap(), Asked::default(), readings)
    }
}
