//! One line of a recording: a reading, when it was made, and what was forecast at that time. The
//! schema is the first key, so that a line torn off by a crash is still known for what it is.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::quota::{Forecast, Reading, Record, whole_seconds};

/// The schema of a sample. A change that old readers cannot bear gets a new number.
pub const SCHEMA: &str = "dhlimit/sample/1";

/// A reading with its time and forecast. Unknown keys are passed over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// [`SCHEMA`].
    pub schema: String,
    /// When the answer was there, to the millisecond.
    #[serde(with = "milliseconds")]
    pub at: DateTime<Utc>,
    /// The reading.
    #[serde(flatten)]
    pub record: Record,
    /// Net pulls an hour at that time.
    #[serde(default)]
    pub burn_per_hour: Option<f64>,
    /// When nothing would be left.
    #[serde(default, with = "whole_seconds")]
    pub empty_at: Option<DateTime<Utc>>,
    /// The earliest time of that, for nine cases in ten. Recordings of earlier versions have no range.
    #[serde(default, with = "whole_seconds")]
    pub empty_earliest: Option<DateTime<Utc>>,
    /// The latest; none where there is an earliest: perhaps never.
    #[serde(default, with = "whole_seconds")]
    pub empty_latest: Option<DateTime<Utc>>,
}

impl Sample {
    /// The sample of a reading with what was forecast after it.
    pub fn new(reading: &Reading, forecast: &Forecast) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            at: reading.at,
            record: reading.into(),
            // Six digits are more than a forecast knows.
            burn_per_hour: forecast.burn_per_hour.map(|burn| (burn * 1000.0).round() / 1000.0),
            empty_at: forecast.empty_at,
            empty_earliest: forecast.empty_range.map(|(earliest, _)| earliest),
            empty_latest: forecast.empty_range.and_then(|(_, latest)| latest),
        }
    }
}

/// RFC 3339 with milliseconds where there are any: intervals below a second are told apart.
mod milliseconds {
    use chrono::{DateTime, SecondsFormat, SubsecRound, Utc};
    use serde::{Deserialize, Deserializer, Serializer};

    /// Always with three digits, so that lines sort by time.
    pub(super) fn serialize<S: Serializer>(
        at: &DateTime<Utc>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&at.trunc_subsecs(3).to_rfc3339_opts(SecondsFormat::Millis, true))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<DateTime<Utc>, D::Error> {
        DateTime::deserialize(deserializer)
    }
}

#[cfg(test)]
pub(super) mod fixtures {
    use super::*;

    /// A sample so many seconds after nine o'clock.
    pub(in crate::recording) fn sample(second: i64) -> Sample {
        let mut value = serde_json::json!({
            "schema": SCHEMA, "at": "2026-11-22T09:00:00Z", "registry": "docker.io", "image": "docker.io/library/nginx:latest",
            "identity": {"kind": "anonymous", "user": null, "credentials_from": null}, "effective": true, "family": "ipv4",
            "state": "limited", "confidence": "reported", "limit": 100, "remaining": 76, "used": 24, "window_seconds": 3600,
            "full_by": null, "source": "192.0.2.10", "source_kind": "ipv4", "http_status": 200, "retry_after_seconds": null,
            "elapsed_ms": 312, "headers": {"ratelimit-limit": "100;w=3600"}, "warnings": [], "error": null,
            "burn_per_hour": 12.5, "empty_at": "2026-11-22T15:00:00Z", "empty_earliest": "2026-11-22T14:00:00Z", "empty_latest": null,
        });
        let at = DateTime::from_timestamp(1_795_338_000 + second, 0).unwrap();
        value["at"] = serde_json::Value::String(crate::quota::timestamp(at));
        serde_json::from_value(value).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_begins_with_its_schema_and_comes_back_as_it_was() {
        let sample = fixtures::sample(0);
        let line = serde_json::to_string(&sample).unwrap();
        assert!(line.starts_with(r#"{"schema":"dhlimit/sample/1","at":"2026-11-22T09:00:00.000Z","registry":"docker.io","#), "{line}");
        let end = r#""burn_per_hour":12.5,"empty_at":"2026-11-22T15:00:00Z","empty_earliest":"2026-11-22T14:00:00Z","empty_latest":null}"#;
        assert!(line.ends_with(end), "{line}");
        assert_eq!(serde_json::from_str::<Sample>(&line).unwrap(), sample);
    }

    #[test]
    fn recordings_from_before_there_was_a_range_are_read() {
        let line = serde_json::to_string(&fixtures::sample(0)).unwrap();
        let old =
            line.replace(r#","empty_earliest":"2026-11-22T14:00:00Z","empty_latest":null"#, "");
        assert_ne!(old, line);
        assert_eq!(
            serde_json::from_str::<Sample>(&old).unwrap(),
            Sample { empty_earliest: None, ..fixtures::sample(0) }
        );
    }

    #[test]
    fn milliseconds_are_kept() {
        let sample =
            Sample { at: "2026-11-22T09:00:00.250999Z".parse().unwrap(), ..fixtures::sample(0) };
        assert!(
            serde_json::to_string(&sample).unwrap().contains(r#""at":"2026-11-22T09:00:00.250Z""#)
        );
    }
}
