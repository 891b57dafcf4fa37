//! A count over time in bounded memory: neighbours in time are put together, with the lowest and the
//! highest of them kept, so that no dip to zero is lost. The span of one cell doubles whenever there
//! are too many.

use chrono::{DateTime, Utc};

/// The most cells kept: more than any chart has columns.
const MOST_CELLS: usize = 2_048;

/// Readings of about the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// The time of the first.
    pub at: DateTime<Utc>,
    /// The fewest pulls left.
    pub low: u64,
    /// The most pulls left.
    pub high: u64,
    /// Pulls left at last.
    pub last: u64,
    /// Whether any was answered 429.
    pub refused: bool,
    /// Whether the line breaks before it: something else was read in between.
    pub breaks: bool,
}

/// A count over time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trace {
    cells: Vec<Cell>,
    /// Milliseconds of a cell; 0: each reading has its own.
    span: i64,
}

impl Trace {
    /// Takes in one reading. A time before the last is put with the last.
    pub fn push(&mut self, at: DateTime<Utc>, remaining: u64, refused: bool, breaks: bool) {
        let cell = Cell { at, low: remaining, high: remaining, last: remaining, refused, breaks };
        if !self.join(cell) {
            self.cells.push(cell);
        }
        while self.cells.len() > MOST_CELLS {
            self.span = (self.span * 2)
                .max(self.length() / i64::try_from(MOST_CELLS).unwrap_or(i64::MAX))
                .max(1);
            for cell in std::mem::take(&mut self.cells) {
                if !self.join(cell) {
                    self.cells.push(cell);
                }
            }
        }
    }

    /// Leaves out what is older.
    pub fn forget_before(&mut self, at: DateTime<Utc>) {
        let old = self.cells.partition_point(|cell| cell.at < at);
        self.cells.drain(..old);
    }

    /// The cells in the order of their times.
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// Puts a cell together with the last one where their times are near.
    fn join(&mut self, cell: Cell) -> bool {
        let span = self.span;
        let near = |last: &&mut Cell| {
            cell.at <= last.at || span > 0 && place(cell.at, span) == place(last.at, span)
        };
        let Some(last) = self.cells.last_mut().filter(near) else { return false };
        last.low = last.low.min(cell.low);
        last.high = last.high.max(cell.high);
        last.last = cell.last;
        last.refused |= cell.refused;
        true
    }

    fn length(&self) -> i64 {
        self.cells
            .first()
            .zip(self.cells.last())
            .map_or(0, |(first, last)| (last.at - first.at).num_milliseconds())
    }
}

fn place(at: DateTime<Utc>, span: i64) -> i64 {
    at.timestamp_millis().div_euclid(span)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    #[test]
    fn a_million_readings_stay_small_and_no_dip_is_lost() {
        let start: DateTime<Utc> = "2026-11-22T09:00:00Z".parse().unwrap();
        let mut trace = Trace::default();
        for second in 0..1_000_000_i64 {
            trace.push(
                start + TimeDelta::seconds(second),
                if second == 654_321 { 0 } else { 80 },
                second == 7,
                false,
            );
        }
        let cells = trace.cells();
        assert!((MOST_CELLS / 4..=MOST_CELLS).contains(&cells.len()), "{}", cells.len());
        assert_eq!(cells.iter().filter(|cell| cell.low == 0 && cell.high == 80).count(), 1);
        assert_eq!(cells.iter().filter(|cell| cell.refused).count(), 1);
        assert!(cells.is_sorted_by(|one, other| one.at < other.at));
    }

    #[test]
    fn a_clock_that_steps_back_keeps_the_order() {
        let start: DateTime<Utc> = "2026-11-22T09:00:00Z".parse().unwrap();
        let mut trace = Trace::default();
        for (second, left) in [(0, 5), (10, 4), (3, 2), (11, 1)] {
            trace.push(start + TimeDelta::seconds(second), left, false, false);
        }
        let seen: Vec<_> =
            trace.cells().iter().map(|cell| (cell.low, cell.high, cell.last)).collect();
        assert_eq!(seen, [(5, 5, 5), (2, 4, 2), (1, 1, 1)]);
    }
}
