//! `check`: one reading per identity, image and address family, all asked at once, and how near each is
//! to trouble. JSON shows the report; every other form is a view of it.

mod ask;
mod limits;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::image::Reference;
use crate::quota::{Record, State};
use crate::registry::shown_origin;
use crate::session::Session;

pub(crate) use ask::readings;
pub use limits::Limits;

/// Where docker.io was asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// Its address, where that is not Docker Hub's own.
    pub endpoint: Option<String>,
    /// Whether a sandbox answered there.
    pub sandbox: bool,
}

impl Asked {
    /// Where docker.io is asked, as far as any of the images is on it.
    pub(crate) fn of(session: &Session, images: &[Reference]) -> Self {
        let hub = || images.iter().filter(|image| image.is_docker_hub());
        Self {
            endpoint: hub().next().and(session.registry_url()).map(shown_origin),
            sandbox: hub().any(|image| session.is_practice(image)),
        }
    }
}

/// What `check` found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckReport {
    /// `dhlimit/check/1`.
    pub schema: String,
    /// When the last answer was there.
    #[serde(serialize_with = "seconds")]
    pub checked_at: DateTime<Utc>,
    /// Where docker.io was asked, where that is not Docker Hub's own address.
    pub endpoint: Option<String>,
    /// Whether a sandbox answered for docker.io: its counts are of no real limit.
    pub sandbox: bool,
    /// One per identity, image and address family asked for.
    pub readings: Vec<Record>,
}

impl CheckReport {
    /// A report of readings.
    pub fn new(checked_at: DateTime<Utc>, asked: Asked, readings: Vec<Record>) -> Self {
        let Asked { endpoint, sandbox } = asked;
        Self { schema: "dhlimit/check/1".to_owned(), checked_at, endpoint, sandbox, readings }
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
