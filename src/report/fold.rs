//! Samples summed up, one at a time and in bounded memory. A series is one identity counted on one
//! source: a changed source begins a new one, and one that comes back goes on.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};

use super::{Report, Summary, WorstHour};
use crate::history::{Believed, Counts, Trace};
use crate::quota::{Point, State, Window};
use crate::recording::Sample;

/// More series than these nobody can tell apart: the ones read last are shown.
const MOST_SERIES: usize = 64;
/// The most series that are kept while reading: one that comes back goes on.
const MOST_KEPT: usize = 512;
/// Files named beyond these are not kept.
const MOST_FILES: usize = 64;
/// Minutes of an hour.
const HOUR: i64 = 60;
/// How long at most a reading of zero stands where no window is known, in seconds.
const STANDS: i64 = 3_600;
/// So many windows, or times of [`STANDS`] where the window is shorter, without a reading are a gap.
const GAP: i64 = 2;

/// Everything summed up so far.
#[derive(Debug, Default)]
pub(super) struct Fold {
    series: Vec<Running>,
    left_out: u64,
    torn: u64,
}

impl Fold {
    /// Takes in a sample from a file.
    pub(super) fn push(&mut self, file: &str, sample: &Sample) {
        let place = self.place(file, sample).unwrap_or_else(|| {
            if self.series.len() >= MOST_KEPT
                && let Some((oldest, _)) =
                    self.series.iter().enumerate().min_by_key(|(_, running)| running.last)
            {
                self.series.remove(oldest);
                self.left_out += 1;
            }
            self.series.push(Running::new(file, sample));
            self.series.len() - 1
        });
        for (other, running) in self.series.iter_mut().enumerate() {
            if other != place && running.is_of(sample) {
                running.interrupted = true;
            }
        }
        if let Some(running) = self.series.get_mut(place) {
            running.push(file, sample);
        }
    }

    /// Takes in a torn line.
    pub(super) fn torn(&mut self) {
        self.torn += 1;
    }

    /// The report of everything.
    pub(super) fn finish(self) -> Report {
        let mut ends: Vec<_> = self.series.iter().map(|running| running.last).collect();
        ends.sort_unstable_by(|one, other| other.cmp(one));
        let least = ends.get(MOST_SERIES - 1).copied().flatten();
        let all = self.series.len();
        let mut shown: Vec<Running> =
            self.series.into_iter().filter(|running| running.last >= least).collect();
        // Of those that ended in the same moment, not all may have room.
        shown.truncate(MOST_SERIES);
        let left_out = self.left_out + (all - shown.len()) as u64;
        Report::new(shown.into_iter().map(Running::finish).collect(), left_out, self.torn)
    }

    /// The series that a sample belongs to.
    fn place(&self, file: &str, sample: &Sample) -> Option<usize> {
        let belongs = |running: &Running| {
            // Another file goes on with a series only where it begins after its end: parts of one recording do.
            running.is_of(sample)
                && (running.file == file || running.last.is_none_or(|last| sample.at >= last))
        };
        let fits = |running: &Running| match (&running.series.source, &sample.record.source) {
            (Some(one), Some(other)) => one == other,
            // An answer without a source is one of the series that was read last.
            (_, None) => !running.interrupted,
            (None, Some(_)) => true,
        };
        self.series.iter().rposition(|running| belongs(running) && fits(running))
    }
}

fn seconds(window: Option<u64>) -> Option<i64> {
    window.and_then(|seconds| i64::try_from(seconds).ok())
}

/// One series in the making.
#[derive(Debug)]
struct Running {
    series: Summary,
    file: String,
    counts: Counts,
    zero_since: Option<DateTime<Utc>>,
    last: Option<DateTime<Utc>>,
    /// When the count that is believed was read.
    believed_at: Option<DateTime<Utc>>,
    /// The time between counts that follow one another, in seconds.
    observed: i64,
    /// What the count fell by in that time.
    paced: u64,
    minutes: VecDeque<(i64, u64)>,
    interrupted: bool,
    breaks: bool,
}

impl Running {
    fn new(file: &str, sample: &Sample) -> Self {
        let record = &sample.record;
        let series = Summary {
            files: Vec::new(),
            registry: record.registry.clone(),
            identity: record.identity.clone(),
            source: record.source.clone(),
            limit: None,
            window_seconds: None,
            from: Some(sample.at),
            to: Some(sample.at),
            samples: 0,
            pulls: 0,
            pulls_per_hour: None,
            burn_per_hour: None,
            empty_at: None,
            worst_hour: None,
            seconds_at_zero: 0,
            throttled: 0,
            refused: 0,
            lowest: None,
            trace: Trace::default(),
        };
        Self {
            series,
            file: file.to_owned(),
            counts: Counts::default(),
            zero_since: None,
            last: None,
            believed_at: None,
            observed: 0,
            paced: 0,
            minutes: VecDeque::new(),
            interrupted: false,
            breaks: false,
        }
    }

    fn is_of(&self, sample: &Sample) -> bool {
        let (one, other) = (&self.series.identity, &sample.record.identity);
        self.series.registry == sample.record.registry
            && (one.kind, &one.user) == (other.kind, &other.user)
    }

    fn push(&mut self, file: &str, sample: &Sample) {
        let record = &sample.record;
        if self.series.files.last().is_none_or(|last| last != file)
            && self.series.files.len() < MOST_FILES
        {
            self.series.files.push(file.to_owned());
        }
        if self.file != file {
            file.clone_into(&mut self.file);
        }
        self.series.samples += 1;
        self.series.throttled += u64::from(record.state == State::Throttled);
        let refused = record.http_status == Some(429) || record.state == State::Throttled;
        self.series.refused += u64::from(refused);
        self.series.source = self.series.source.take().or_else(|| record.source.clone());
        self.series.from = self.series.from.min(Some(sample.at)).or(Some(sample.at));
        self.series.to = self.series.to.max(Some(sample.at));
        self.breaks |= std::mem::take(&mut self.interrupted);
        self.zero(sample);
        if let Some(remaining) = record.remaining {
            self.count(Point { at: sample.at, remaining }, refused, sample);
        }
        self.last = self.last.max(Some(sample.at));
    }

    /// Adds the time since the last reading, where that one said zero.
    fn zero(&mut self, sample: &Sample) {
        if let Some(since) = self.zero_since.take() {
            let most = seconds(sample.record.window_seconds).unwrap_or(STANDS);
            let stood = (sample.at - since).num_seconds().clamp(0, most);
            self.series.seconds_at_zero =
                self.series.seconds_at_zero.saturating_add(stood.unsigned_abs());
        }
        // What a failed reading could not see stands as it was.
        let is_zero = sample
            .record
            .remaining
            .map_or_else(|| self.stands_at_zero(), |remaining| remaining == 0);
        self.zero_since = is_zero.then_some(sample.at);
    }

    fn stands_at_zero(&self) -> bool {
        self.counts.last().is_some_and(|last| last.remaining == 0) && !self.counts.is_unconfirmed()
    }

    fn count(&mut self, point: Point, refused: bool, sample: &Sample) {
        let record = &sample.record;
        self.series.limit = record.limit.or(self.series.limit);
        self.series.window_seconds = record.window_seconds.or(self.series.window_seconds);
        let window = self.series.window_seconds.and_then(Window::from_seconds);
        for believed in self.counts.push(point, refused, self.series.limit, window).believed {
            self.believe(&believed);
        }
    }

    fn believe(&mut self, believed: &Believed) {
        let point = believed.point;
        let gap = self
            .believed_at
            .replace(point.at)
            .map_or(0, |before| (point.at - before).num_seconds().max(0));
        let is_gap = gap
            > GAP.saturating_mul(seconds(self.series.window_seconds).unwrap_or(STANDS).max(STANDS));
        let pulls = believed.used();
        self.series.pulls = self.series.pulls.saturating_add(pulls);
        if is_gap {
            // What it fell by meanwhile was pulled, and nobody knows in which hour.
            self.breaks = true;
        } else {
            self.observed = self.observed.saturating_add(gap);
            self.paced = self.paced.saturating_add(pulls);
        }
        self.series.lowest =
            Some(self.series.lowest.map_or(point.remaining, |lowest| lowest.min(point.remaining)));
        if pulls > 0 && !is_gap {
            self.fell(point.at, pulls);
        }
        self.series.trace.push(
            point.at,
            point.remaining,
            believed.refused,
            std::mem::take(&mut self.breaks),
        );
    }

    /// Keeps the last hour by minutes, and the worst of all hours.
    fn fell(&mut self, at: DateTime<Utc>, pulls: u64) {
        let minute = at.timestamp().div_euclid(60);
        match self.minutes.back_mut().filter(|(last, _)| *last >= minute) {
            Some((_, sum)) => *sum = sum.saturating_add(pulls),
            None => self.minutes.push_back((minute, pulls)),
        }
        while self.minutes.front().is_some_and(|(first, _)| *first <= minute - HOUR) {
            self.minutes.pop_front();
        }
        let hour = self.minutes.iter().fold(0_u64, |sum, (_, pulls)| sum.saturating_add(*pulls));
        if self.series.worst_hour.is_none_or(|worst| hour > worst.pulls) {
            let from =
                self.minutes.front().and_then(|(first, _)| DateTime::from_timestamp(first * 60, 0));
            self.series.worst_hour = Some(WorstHour { from, pulls: hour });
        }
    }

    fn finish(mut self) -> Summary {
        if let Some(last) = self.last {
            let forecast = self.counts.forecast(last);
            self.series.burn_per_hour = forecast.burn_per_hour.map(thousandths);
            self.series.empty_at = forecast.empty_at;
        }
        if let Some(believed) = self.counts.accept_unconfirmed() {
            self.believe(&believed);
        }
        let seconds = self.observed;
        #[expect(clippy::cast_precision_loss, reason = "counts and seconds are far below 2^52")]
        let pace = |seconds: i64| thousandths(self.paced as f64 * 3_600.0 / seconds as f64);
        self.series.pulls_per_hour = (seconds >= 60).then(|| pace(seconds));
        self.series
    }
}

/// Six digits are more than anybody knows.
fn thousandths(number: f64) -> f64 {
    (number * 1_000.0).round() / 1_000.0
}
