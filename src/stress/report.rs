//! What `stress` found: the value that JSON shows. Keys are a promise (`dhlimit/stress/1`): add, never
//! rename.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::exit::Exit;
use crate::quota::{IdentityRecord, SourceKind, whole_seconds};

/// What `stress` found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StressReport {
    /// `dhlimit/stress/1`.
    pub schema: String,
    /// The address at which the limit was read.
    #[serde(default)]
    pub endpoint: String,
    /// Whether a sandbox answered for the registry.
    #[serde(default)]
    pub sandbox: bool,
    /// The image that was pulled, in full.
    pub image: String,
    /// What pulled.
    pub runtime: String,
    /// Its version and its daemon's.
    pub runtime_version: String,
    /// As whom the limit was read.
    pub identity: IdentityRecord,
    /// Whom the registry counted.
    pub source: Option<String>,
    /// What kind of thing that is.
    pub source_kind: Option<SourceKind>,
    /// Pulls in a window.
    pub limit: Option<u64>,
    /// The window.
    pub window_seconds: Option<u64>,
    /// When the first pull was to start.
    #[serde(with = "whole_seconds")]
    pub started_at: Option<DateTime<Utc>>,
    /// When the last round was over.
    #[serde(with = "whole_seconds")]
    pub ended_at: Option<DateTime<Utc>>,
    /// One per pull tried.
    pub rounds: Vec<Round>,
    /// Why it ended.
    pub stopped_by: StoppedBy,
    /// Pulls that succeeded.
    pub pulls: u64,
    /// What one pull took off the count, on average.
    #[serde(with = "whole_number")]
    pub cost_per_pull: Option<f64>,
    /// The first 429.
    pub first_429: Option<First429>,
    /// Full again at the latest.
    #[serde(with = "whole_seconds")]
    pub full_by: Option<DateTime<Utc>>,
    /// How the count came back, where that was waited for.
    pub recovery: Option<Recovery>,
    /// What was removed, in words.
    pub cleanup: String,
}

/// One pull.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Round {
    /// From 1.
    pub n: u64,
    /// When it started.
    #[serde(with = "whole_seconds")]
    pub at: Option<DateTime<Utc>>,
    /// How it ended.
    pub outcome: RoundOutcome,
    /// How long the pull took.
    pub pull_ms: u64,
    /// How long the removal took.
    pub remove_ms: Option<u64>,
    /// Pulls left before.
    pub remaining_before: Option<u64>,
    /// Pulls left after.
    pub remaining_after: Option<u64>,
    /// What it took off the count; negative where the count rose meanwhile.
    pub cost: Option<i64>,
    /// What failed.
    pub failure: Option<RoundFailure>,
}

/// How a round ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoundOutcome {
    /// The image came.
    Pulled,
    /// A limit refused: a 429.
    Limited,
    /// Something else failed, or it was interrupted.
    Failed,
}

/// What failed in a round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoundFailure {
    /// The class, as `explain` names it; `interrupted` and `unknown` beside those.
    pub class: String,
    /// The runtime's own words, redacted.
    pub text: String,
}

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoppedBy {
    /// The pull limit's 429.
    PullLimit,
    /// Another limit's 429.
    OverallLimit,
    /// `--count`.
    Count,
    /// `--floor`.
    Floor,
    /// `--for`.
    Deadline,
    /// SIGINT or SIGTERM.
    Interrupt,
    /// Something else failed.
    Failure,
}

impl StoppedBy {
    /// How a command whose run ended so ends: well where what was asked for was reached, the 429
    /// included. `is_clean`: whether all that was pulled is gone again.
    pub fn exit(self, is_clean: bool) -> Exit {
        match self {
            _ if !is_clean => Exit::Runtime,
            Self::PullLimit | Self::Count | Self::Floor | Self::Deadline => Exit::Ok,
            Self::OverallLimit => Exit::Throttled,
            Self::Failure => Exit::Runtime,
            Self::Interrupt => Exit::Interrupted,
        }
    }
}

/// The first 429.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct First429 {
    /// In which round.
    pub round: u64,
    /// Which limit.
    pub class: String,
    /// 429, where the text or our own HEAD says so.
    pub http_status: Option<u16>,
    /// The registry's code.
    pub code: Option<String>,
    /// The message as it came, redacted.
    pub message: Option<String>,
}

/// How the count came back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recovery {
    /// Seconds from the 429 to the first pull possible again.
    pub seconds_to_first: Option<u64>,
    /// Seconds from the 429 to the full count.
    pub seconds_to_full: Option<u64>,
    /// The count over time.
    pub readings: Vec<RecoveryReading>,
}

/// One point of a recovery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveryReading {
    /// Seconds since the 429.
    pub after_seconds: u64,
    /// Pulls left.
    pub remaining: u64,
}

/// Averages that are whole numbers are written as such: `1`, not `1.0`.
mod whole_number {
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::ref_option, reason = "serde's signature")]
    #[expect(clippy::cast_possible_truncation, reason = "an average of counts is far below 2^53")]
    pub(super) fn serialize<S: Serializer>(
        value: &Option<f64>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) if value.fract() == 0.0 => serializer.serialize_i64(*value as i64),
            Some(value) => serializer.serialize_f64(*value),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<f64>, D::Error> {
        Option::<f64>::deserialize(deserializer)
    }
}
