//! A sample: one reading and what follows from it. Keys are a promise (`dhlimit/sample/1`): those of
//! a reading, and `at`, `burn_per_hour`, `empty_at`, `events` on top.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use super::{Event, EventRecord};
use crate::quota::{Forecast, Reading, Record};

/// One reading and what follows from it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// `dhlimit/sample/1`.
    pub schema: String,
    /// When the answer was there, to the millisecond.
    #[serde(serialize_with = "millis")]
    pub at: DateTime<Utc>,
    /// Net pulls an hour, to two places.
    pub burn_per_hour: Option<f64>,
    /// When no pull is left, at this rate.
    #[serde(with = "crate::quota::whole_seconds")]
    pub empty_at: Option<DateTime<Utc>>,
    /// What happened since the reading before.
    #[serde(default)]
    pub events: Vec<EventRecord>,
    /// The reading.
    #[serde(flatten)]
    pub reading: Record,
}

impl Sample {
    /// A reading's sample.
    pub fn new(reading: &Reading, forecast: &Forecast, events: &[Event]) -> Self {
        Self {
            schema: "dhlimit/sample/1".to_owned(),
            at: reading.at,
            burn_per_hour: forecast.burn_per_hour.map(|burn| (burn * 100.0).round() / 100.0),
            empty_at: forecast.empty_at,
            events: events.iter().map(Event::record).collect(),
            reading: reading.into(),
        }
    }

    /// As one line of JSON, without its end.
    pub fn json(&self) -> String {
        // Texts, numbers and times always make JSON.
        serde_json::to_string(self).unwrap_or_default()
    }
}

fn millis<S: serde::Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&at.to_rfc3339_opts(SecondsFormat::Millis, true))
}
