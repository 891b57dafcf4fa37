//! What recordings say in sum, and its forms: text, JSON, a drawing, a page. Keys are a promise
//! (`dhlimit/report/1`): add, never rename. Times are UTC in every form: a report is passed around.

mod html;
mod table;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::chart::{Clock, Line, Picture};
use crate::quota::{IdentityRecord, whole_seconds};
use crate::text::one_line;

pub use super::chart::{Cell, Trace};
pub use html::html;
pub use table::table;

/// What recordings say in sum.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// `dhlimit/report/1`.
    pub schema: String,
    /// One for each identity and source, in the order of their beginning.
    pub series: Vec<Series>,
    /// Series beyond those that can be told apart, the ones read first.
    pub series_left_out: u64,
    /// Lines that a crash had torn, that were damaged or of another schema, and that were passed over.
    pub torn_lines: u64,
}

/// One identity counted on one source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Series {
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
    pub fn new(series: Vec<Series>, series_left_out: u64, torn_lines: u64) -> Self {
        Self { schema: "dhlimit/report/1".to_owned(), series, series_left_out, torn_lines }
    }

    /// The counts over time, ready to be drawn.
    fn picture(&self) -> Picture<'_> {
        Picture {
            title: "Pulls left over time".to_owned(),
            what: "pulls left",
            clock: Clock::Utc,
            lines: self.series.iter().map(|series| self.line(series)).collect(),
        }
    }

    fn line<'a>(&self, series: &'a Series) -> Line<'a> {
        let lowest = series
            .lowest
            .map_or_else(|| "no count".to_owned(), |lowest| format!("{lowest} left at the lowest"));
        Line {
            name: self.name(series),
            limit: series.limit,
            cells: series.trace.cells().into(),
            note: match series.refused {
                0 => String::new(),
                times => format!(" · {times} times 429 (×)"),
            },
            words: format!("{lowest}, {} pulls seen", series.pulls),
        }
    }

    /// What is not in it, in words.
    fn omissions(&self) -> Vec<String> {
        let series = (self.series_left_out > 0).then(|| {
            format!(
                "Only the {} series read last are shown; older ones left out: {}",
                self.series.len(),
                self.series_left_out
            )
        });
        let torn = (self.torn_lines > 0)
            .then(|| format!("Lines torn off or damaged, and passed over: {}", self.torn_lines));
        series.into_iter().chain(torn).collect()
    }

    /// Whether there is more than one file, so that series are told apart by theirs.
    fn has_many_files(&self) -> bool {
        let mut files = self.series.iter().flat_map(|series| &series.files);
        let first = files.next();
        files.any(|file| Some(file) != first)
    }

    /// The name of a series: as whom, counted on what, and in which file where there are several.
    fn name(&self, series: &Series) -> String {
        let mut name = one_line(series.identity.label(), 40);
        if series.registry != crate::image::hub::NAME {
            name = format!("{name} at {}", one_line(&series.registry, 60));
        }
        if let Some(source) =
            series.source.as_deref().filter(|source| *source != series.identity.label())
        {
            name = format!("{name} · {}", one_line(source, 45));
        }
        match series.files.as_slice() {
            [file, more @ ..] if self.has_many_files() => {
                let more = if more.is_empty() {
                    String::new()
                } else {
                    format!(" and {} more", more.len())
                };
                format!("{name} · {}{more}", one_line(file, 60))
            }
            _ => name,
        }
    }
}

impl Series {
    /// Pulls an hour for people.
    fn pace(&self) -> String {
        self.pulls_per_hour.map_or_else(
            || "–".to_owned(),
            |pace| if pace < 10.0 { format!("{pace:.1}") } else { format!("{pace:.0}") },
        )
    }

    /// The worst hour for people: how many pulls, and from when.
    fn worst(&self) -> String {
        self.worst_hour.map_or_else(
            || "–".to_owned(),
            |worst| format!("{}{}", worst.pulls, worst.since(" from %b %d %H:%M")),
        )
    }
}

impl WorstHour {
    /// When it began, in a form.
    fn since(self, form: &str) -> String {
        self.from.map_or_else(String::new, |from| from.format(form).to_string())
    }
}

/// A word for nothing to show.
const EMPTY: &str = "The recordings hold no samples yet.";

/// The chart as an SVG document.
pub fn svg(report: &Report) -> String {
    super::chart::svg(&[report.picture()], EMPTY)
}
