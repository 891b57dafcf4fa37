//! The readings as they come: into the status that is served, the recording, and to whoever listens to the
//! events. Bounded: a reading replaces the one before, and a count over time keeps its size.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use tokio::sync::broadcast;

use super::Observations;
use super::status::{Counted, Standing, Status, is_answer};
use crate::history::{Observed, Trace};
use crate::polling::readings::{News, Observer};
use crate::quota::{LimitStatus, Reading, Record, State, Throttle};
use crate::recording::{Recorder, RecordingError, Sample};

/// Events that a slow listener may be behind; older ones are left out for it.
const BEHIND: usize = 256;

/// What the readings and the answers share.
pub(crate) struct Hub {
    status: Mutex<(u64, Status)>,
    events: broadcast::Sender<Arc<str>>,
}

impl Hub {
    /// For so many targets.
    pub(crate) fn new(status: Status) -> Arc<Self> {
        let (events, _) = broadcast::channel(BEHIND);
        Arc::new(Self { status: Mutex::new((0, status)), events })
    }

    /// The number of the last change, and the status, for a moment.
    pub(crate) fn status(&self) -> MutexGuard<'_, (u64, Status)> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells all who listen what happened to the server itself.
    pub(crate) fn announce(&self, at: DateTime<Utc>, kind: &str, text: &str) {
        let at = at.to_rfc3339_opts(SecondsFormat::Millis, true);
        let line = serde_json::json!({ "at": at, "kind": kind, "text": text }).to_string();
        // Nobody may be listening.
        let _ = self.events.send(line.into());
    }

    /// Takes in what a runtime told.
    pub(super) fn observe(&self, change: impl FnOnce(&mut Observations)) {
        let mut guard = self.status();
        guard.0 += 1;
        change(&mut guard.1.observed);
    }

    /// Whether a source of such news is listened to.
    pub(super) fn listens(&self, source: &'static str, is_up: bool) {
        self.observe(|observed| {
            observed.sources.insert(source, is_up);
        });
    }

    /// The configuration could not be read again.
    pub(crate) fn refused(&self) {
        let mut guard = self.status();
        guard.0 += 1;
        guard.1.configured.0 = false;
    }

    /// A configuration that was read again: what was read of targets that stay is kept, `places` has their
    /// numbers now, and what was counted goes on.
    pub(crate) fn renew(&self, fresh: Status, places: &BTreeMap<usize, usize>) {
        let mut guard = self.status();
        let before = std::mem::take(&mut guard.1);
        let stays = |(number, standing)| Some((*places.get(&number)?, standing));
        guard.0 += 1;
        guard.1 = Status {
            since: before.since,
            standings: before.standings.into_iter().filter_map(stays).collect(),
            checks: before.checks,
            refusals: before.refusals,
            durations: before.durations,
            tokens: before.tokens,
            observed: before.observed,
            ..fresh
        };
    }

    /// Events from now on, each one line of JSON.
    pub(super) fn listen(&self) -> broadcast::Receiver<Arc<str>> {
        self.events.subscribe()
    }
}

/// Takes readings in.
pub(crate) struct Board {
    /// Where they are served from.
    pub(crate) hub: Arc<Hub>,
    /// Where they are kept.
    pub(crate) recorder: Option<Recorder>,
    /// Makes the words of an event: its kind and text.
    pub(crate) words: fn(&crate::history::Event) -> (String, String),
}

/// A line of the stream of events.
#[derive(Serialize)]
struct Line<'a> {
    at: String,
    registry: &'a str,
    image: &'a str,
    identity: &'a str,
    state: State,
    remaining: Option<u64>,
    kind: &'a str,
    text: &'a str,
}

impl Observer for Board {
    type End = anyhow::Error;

    fn observed(
        &mut self,
        index: usize,
        reading: &Reading,
        observed: Observed,
        news: News,
    ) -> Option<anyhow::Error> {
        if let Some(recorder) = &mut self.recorder {
            let sample = Sample::new(reading, &observed.forecast);
            if let Err(error) = recorder.append(&sample) {
                return Some(RecordingError::lost(error).into());
            }
        }
        for event in &observed.events {
            let (kind, text) = (self.words)(event);
            self.tell(observed.at, &observed.record, &kind, &text);
        }
        self.tell(observed.at, &observed.record, "reading", "");
        let mut guard = self.hub.status();
        let (version, status) = &mut *guard;
        *version += 1;
        status.count(reading, observed.record.state, news.new_token);
        let is_answer = is_answer(&observed.record);
        status.take(index, observed);
        if let Some(standing) = status.standings.get_mut(&index) {
            standing.used += news.used;
            standing.failures += u64::from(!is_answer);
        }
        None
    }
}

impl Board {
    fn tell(&self, at: DateTime<Utc>, record: &Record, kind: &str, text: &str) {
        let line = Line {
            at: at.to_rfc3339_opts(SecondsFormat::Millis, true),
            registry: &record.registry,
            image: &record.image,
            identity: record.identity.label(),
            state: record.state,
            remaining: record.remaining,
            kind,
            text,
        };
        // Nobody may be listening.
        if let Ok(line) = serde_json::to_string(&line) {
            let _ = self.hub.events.send(line.into());
        }
    }
}

impl Status {
    /// Takes in a sample of a recording that was made before.
    pub(crate) fn remember(&mut self, index: usize, sample: &Sample) {
        let observed = Observed {
            at: sample.at,
            record: sample.record.clone(),
            forecast: crate::quota::Forecast {
                burn_per_hour: sample.burn_per_hour,
                empty_at: sample.empty_at,
                ..Default::default()
            },
            events: Vec::new(),
        };
        self.take(index, observed);
    }

    fn take(&mut self, index: usize, observed: Observed) {
        let Observed { at, record, forecast, .. } = observed;
        let (answered, mut trace, failures, used) = match self.standings.remove(&index) {
            Some(before) => (before.answered, before.trace, before.failures, before.used),
            None => (None, Trace::default(), 0, 0),
        };
        if let Some(remaining) = record.remaining {
            trace.push(at, remaining, record.http_status == Some(429), false);
            if let Some(history) = self.history {
                trace.forget_before(at - history);
            }
        }
        let answered = if is_answer(&record) { Some((at, record.clone())) } else { answered };
        let standing =
            Standing { record, attempted_at: at, answered, forecast, trace, failures, used };
        self.standings.insert(index, standing);
    }

    fn count(&mut self, reading: &Reading, state: State, new_token: bool) {
        let registry = reading.image.canonical_registry();
        let counted = |what| Counted { registry: registry.to_owned(), what };
        *self.checks.entry(counted(state.as_str())).or_default() += 1;
        let refused = match &reading.status {
            LimitStatus::Throttled(Throttle::Overall, _) => Some("overall"),
            LimitStatus::Throttled(Throttle::Login, _) => Some("login"),
            LimitStatus::Exhausted { .. } if reading.http_status == Some(429) => Some("pull"),
            _ => None,
        };
        if let Some(kind) = refused {
            *self.refusals.entry(counted(kind)).or_default() += 1;
        }
        self.durations.add(reading.elapsed);
        self.tokens += u64::from(new_token);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::{Forecast, Record};
    use chrono::TimeDelta;

    fn standing(image: &str) -> Standing {
        let record: Record = serde_json::from_value(serde_json::json!({
            "registry": "docker.io", "image": image, "effective": true, "family": null,
            "identity": {"kind": "anonymous", "user": null, "credentials_from": null},
            "state": "limited", "confidence": "reported", "limit": 100, "remaining": 7, "used": 93,
            "window_seconds": 3600, "full_by": null, "source": null, "source_kind": null,
            "http_status": 200, "retry_after_seconds": null, "elapsed_ms": 1, "headers": {},
            "warnings": [], "error": null,
        }))
        .unwrap();
        Standing {
            record,
            attempted_at: DateTime::UNIX_EPOCH,
            answered: None,
            forecast: Forecast::default(),
            trace: Trace::default(),
            failures: 0,
            used: 0,
        }
    }

    #[test]
    fn a_failure_of_an_earlier_run_is_remembered_and_not_counted() {
        let Standing { mut record, .. } = standing("a");
        record.state = State::Failed;
        let sample = Sample {
            schema: crate::recording::SCHEMA.to_owned(),
            at: DateTime::UNIX_EPOCH,
            record,
            burn_per_hour: None,
            empty_at: None,
            empty_earliest: None,
            empty_latest: None,
        };
        let mut status = Status::default();
        status.remember(0, &sample);
        let standing = &status.standings[&0];
        assert_eq!((standing.record.state, standing.failures), (State::Failed, 0));
    }

    #[test]
    fn another_configuration_holds_at_once_and_what_was_read_and_counted_goes_on() {
        let first = Status {
            targets: 2,
            tokens: 5,
            stale_after: TimeDelta::minutes(10),
            standings: [(0, standing("a")), (1, standing("b"))].into(),
            ..Status::default()
        };
        let hub = Hub::new(first);
        hub.refused();
        let later = DateTime::UNIX_EPOCH + TimeDelta::hours(1);
        let fresh = Status {
            targets: 3,
            stale_after: TimeDelta::minutes(1),
            configured: (true, later),
            since: later,
            ..Status::default()
        };
        hub.renew(fresh, &BTreeMap::from([(1, 2)]));
        let guard = hub.status();
        let status = &guard.1;
        let kept: Vec<_> =
            status.standings.iter().map(|(number, one)| (*number, &one.record.image)).collect();
        assert_eq!(kept, [(2, &"b".to_owned())]);
        assert_eq!((status.targets, status.tokens), (3, 5));
        assert_eq!(status.stale_after, TimeDelta::minutes(1));
        assert_eq!((status.configured, status.since), ((true, later), DateTime::<Utc>::default()));
    }
}
