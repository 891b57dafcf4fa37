//! How few pulls are too few: `--warning` and `--critical`, in pulls or per cent of the limit, and the exit
//! code that readings come to under them.

use crate::cli::Threshold;
use crate::exit::Exit;
use crate::quota::{Reading, Record};
use crate::session::exit_of;

/// Thresholds for what remains.
#[derive(Debug, Clone, Copy, Default)]
pub struct Limits {
    /// Fewer pulls are a warning.
    pub warning: Option<Threshold>,
    /// Fewer pulls are a failure.
    pub critical: Option<Threshold>,
}

impl Limits {
    /// The warning threshold in pulls; `None` where there is none, or where it depends on a limit that is
    /// not known.
    pub fn warning(&self, record: &Record) -> Option<u64> {
        pulls(self.warning, record)
    }

    /// The critical threshold, so.
    pub fn critical(&self, record: &Record) -> Option<u64> {
        pulls(self.critical, record)
    }

    /// The threshold that a reading is below, the worse of the two, and whether it is the critical one.
    pub fn missed(&self, record: &Record) -> Option<(u64, bool)> {
        let below = |threshold: Option<u64>| {
            threshold.filter(|threshold| record.remaining.is_some_and(|left| left < *threshold))
        };
        below(self.critical(record))
            .map(|threshold| (threshold, true))
            .or_else(|| below(self.warning(record)).map(|threshold| (threshold, false)))
    }

    /// The worst of the effective readings, by how little it lets one do.
    pub fn exit<'a>(&self, readings: impl Iterator<Item = (&'a Reading, &'a Record)>) -> Exit {
        let one = |(reading, record): (&Reading, &Record)| match exit_of(reading) {
            Exit::Ok if matches!(self.missed(record), Some((_, true))) => Exit::Limit,
            exit => exit,
        };
        readings.filter(|(reading, _)| reading.effective).map(one).max().unwrap_or(Exit::Ok)
    }
}

fn pulls(threshold: Option<Threshold>, record: &Record) -> Option<u64> {
    threshold.and_then(|threshold| threshold.pulls(record.limit))
}
