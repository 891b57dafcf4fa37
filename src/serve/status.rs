//! What is served: the last readings, what they add up to, and what they cost. Metrics, page and JSON are
//! views of it.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::Observations;
use crate::history::Trace;
use crate::quota::{Forecast, Record, State};

/// Upper bounds of the histogram of durations, in seconds.
pub const BOUNDS: [f64; 9] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// One image as one identity over one family.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The last reading, failed or not.
    pub record: Record,
    /// When that was.
    pub attempted_at: DateTime<Utc>,
    /// The last reading that the registry answered, and when that was.
    pub answered: Option<(DateTime<Utc>, Record)>,
    /// What is to be expected.
    pub forecast: Forecast,
    /// The count over time.
    pub trace: Trace,
    /// Readings that told nothing since it is served: failed, or throttled by another limit.
    pub failures: u64,
    /// Pulls used since it is served: at least so many, as `history` counts them.
    pub used: u64,
}

impl Standing {
    /// The reading as it is shown at a time: where the last one says nothing of the count, the count before
    /// it, until that is older than `stale_after`; older counts are left out.
    pub fn shown(&self, now: DateTime<Utc>, stale_after: TimeDelta) -> Record {
        let mut shown = self.record.clone();
        let Some((at, answered)) = &self.answered else { return shown };
        shown.source = shown.source.or_else(|| answered.source.clone());
        shown.source_kind = shown.source_kind.or(answered.source_kind);
        let fresh = now - *at <= stale_after;
        match (fresh, is_answer(&self.record)) {
            (true, true) => {}
            (true, false) => {
                shown.limit = answered.limit;
                shown.remaining = answered.remaining;
                shown.used = answered.used;
                shown.window_seconds = answered.window_seconds;
                shown.full_by = answered.full_by;
            }
            (false, _) => {
                shown.limit = None;
                shown.remaining = None;
                shown.used = None;
                shown.window_seconds = None;
                shown.full_by = None;
            }
        }
        shown
    }
}

/// Whether a reading says where the identity stands.
pub(super) fn is_answer(record: &Record) -> bool {
    !matches!(record.state, State::Failed | State::Throttled)
}

/// What a check came to, by registry.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Counted {
    /// The registry.
    pub registry: String,
    /// The outcome, or the kind of a refusal.
    pub what: &'static str,
}

/// How long checks took.
#[derive(Debug, Clone, Default)]
pub struct Durations {
    /// Seconds in all.
    pub sum: f64,
    /// How many.
    pub count: u64,
    /// How many took no longer than each of [`BOUNDS`] and longer than the bound before it.
    pub within: [u64; BOUNDS.len()],
}

impl Durations {
    pub(super) fn add(&mut self, duration: Duration) {
        let seconds = duration.as_secs_f64();
        self.sum += seconds;
        self.count += 1;
        let place = BOUNDS.iter().position(|bound| seconds <= *bound);
        if let Some(within) = place.and_then(|place| self.within.get_mut(place)) {
            *within += 1;
        }
    }
}

/// An exporter that people come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exporter {
    /// `jadolg/dockerhub-pull-limit-exporter`
    Jadolg,
    /// `kha7iq/drl-exporter`
    Drl,
    /// `gitlab-de/docker-hub-limit-exporter`, and viadee's
    Gitlab,
    /// `nk-designz/grafzahl`
    Grafzahl,
}

/// What is served.
#[derive(Debug, Clone, Default)]
pub struct Status {
    /// Since when it serves.
    pub since: DateTime<Utc>,
    /// Where docker.io is asked, where that is not Docker Hub's own address.
    pub endpoint: Option<String>,
    /// Whether a sandbox answers there.
    pub sandbox: bool,
    /// How many are to be read.
    pub targets: usize,
    /// Those that were read, by their number.
    pub standings: BTreeMap<usize, Standing>,
    /// The exporter whose names are served, too.
    pub compat: Option<Exporter>,
    /// How far back the counts over time go; `None`: as far as there is room.
    pub history: Option<TimeDelta>,
    /// When a count is too old to be shown.
    pub stale_after: TimeDelta,
    /// Checks by registry and outcome.
    pub checks: BTreeMap<Counted, u64>,
    /// Answers 429 by registry and kind: `pull`, `overall`, `login`.
    pub refusals: BTreeMap<Counted, u64>,
    /// How long checks took.
    pub durations: Durations,
    /// Tokens fetched.
    pub tokens: u64,
    /// What this machine's runtimes tell of their pulls.
    pub observed: Observations,
    /// Whether the configuration could be read when it was read last, and when it last could.
    pub configured: (bool, DateTime<Utc>),
}

impl Status {
    /// The same without the counts over time, which are large.
    pub(super) fn without_traces(&self) -> Self {
        let standings = self.standings.iter().map(|(index, standing)| {
            let Standing { record, attempted_at, answered, forecast, failures, used, .. } =
                standing;
            let standing = Standing {
                record: record.clone(),
                attempted_at: *attempted_at,
                answered: answered.clone(),
                forecast: *forecast,
                trace: Trace::default(),
                failures: *failures,
                used: *used,
            };
            (*index, standing)
        });
        Self {
            standings: standings.collect(),
            checks: self.checks.clone(),
            refusals: self.refusals.clone(),
            durations: self.durations.clone(),
            endpoint: self.endpoint.clone(),
            observed: self.observed.clone(),
            ..*self
        }
    }
}
