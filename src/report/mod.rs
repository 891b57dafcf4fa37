//! What recordings say in sum: read as a stream, folded in bounded memory. Keys of the report are a
//! promise (`dhlimit/report/1`): add, never rename. Times are UTC in every form: a report is passed
//! around.

mod fold;
mod read;
mod target;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::history::Trace;
use crate::quota::{IdentityRecord, whole_seconds};

pub(crate) use read::read;
pub(crate) use target::Target;

/// What recordings say in sum.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// `dhlimit/report/1`.
    pub schema: String,
    /// One for each identity and source, in the order of their beginning.
    pub series: Vec<Summary>,
    /// Summary beyond those that can be told apart, the ones read first.
    pub series_left_out: u64,
    /// Lines that a crash had torn, that were damaged or of another schema, and that were passed over.
    pub torn_lines: u64,
}

/// One identity counted on one source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The files it was read from.
    pub files: Vec<String>,
    /// The registry.
    pub registry: String,
    /// As whom was asked.
    pub identity: IdentityRecord,
    /// Whom the registry counted.
    pub source: Option<String>,
    /// Pulls in a window, as last said.
    pub limit: Option<u64>,
    /// The window, as last said.
    pub window_seconds: Option<u64>,
    /// The first sample.
    #[serde(with = "whole_seconds")]
    pub from: Option<DateTime<Utc>>,
    /// The last sample.
    #[serde(with = "whole_seconds")]
    pub to: Option<DateTime<Utc>>,
    /// How many samples.
    pub samples: u64,
    /// By how much the count fell in all: pulls, but for those given back in between.
    pub pulls: u64,
    /// The same an hour of the time watched, gaps of more than a window left out; from a minute on.
    pub pulls_per_hour: Option<f64>,
    /// Net pulls an hour at the last sample until nothing is left, as `watch` would say it then.
    pub burn_per_hour: Option<f64>,
    /// When nothing will be left, as of the last sample.
    #[serde(with = "whole_seconds")]
    pub empty_at: Option<DateTime<Utc>>,
    /// The hour in which it fell most.
    pub worst_hour: Option<WorstHour>,
    /// How long nothing was left.
    pub seconds_at_zero: u64,
    /// Samples in the state `throttled`: the overall or the login limit.
    pub throttled: u64,
    /// Samples that were answered 429, whatever the limit.
    pub refused: u64,
    /// The fewest pulls left.
    pub lowest: Option<u64>,
    /// The count over time; not in JSON, where the recording itself is at hand.
    #[serde(skip)]
    pub trace: Trace,
}

/// The hour in which a count fell most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorstHour {
    /// When it began, to the minute.
    #[serde(with = "whole_seconds")]
    pub from: Option<DateTime<Utc>>,
    /// By how much.
    pub pulls: u64,
}

impl Report {
    /// A report of these series.
    pub fn new(series: Vec<Summary>, series_left_out: u64, torn_lines: u64) -> Self {
        Self { schema: "dhlimit/report/1".to_owned(), series, series_left_out, torn_lines }
    }
}
