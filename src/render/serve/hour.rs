//! An hour of faults in virtual time, a reading of two identities each minute: what `/metrics` says beside
//! what is so.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::metrics;
use crate::history::{Observed, Series};
use crate::polling::readings::{News, Observer};
use crate::quota::{
    Confidence, Count, Fault, FaultKind, Identity, LimitStatus, Reading, Source, Throttle, Window,
};
use crate::serve::{Board, Hub, Status};

const MINUTE: TimeDelta = TimeDelta::minutes(1);
const STALE: TimeDelta = TimeDelta::minutes(2);
const WINDOW: Option<Window> = Window::from_seconds(3_600);

fn fault(kind: FaultKind) -> Fault {
    Fault { kind, message: "it is so".to_owned(), advice: "wait".to_owned() }
}

fn limited(remaining: u64) -> LimitStatus {
    LimitStatus::Limited(Count { limit: 100, remaining, window: WINDOW })
}

/// What the anonymous identity meets in a minute, and the state that is to be told then.
fn met(minute: i64) -> (LimitStatus, &'static str) {
    let failed = |kind| (LimitStatus::Failed(fault(kind)), "failed");
    match minute {
        10..=14 => failed(FaultKind::Network),
        15..=17 => failed(FaultKind::Timeout),
        18..=19 => failed(FaultKind::Server),
        // A full count that is not so, then headers that say nothing.
        22 => (limited(100), "limited"),
        23..=24 => (LimitStatus::Unknown, "unknown"),
        25..=29 => failed(FaultKind::Tls),
        30..=32 => {
            (LimitStatus::Throttled(Throttle::Overall, fault(FaultKind::OverallLimit)), "throttled")
        }
        40..=44 => (LimitStatus::Exhausted { limit: Some(100), window: WINDOW }, "exhausted"),
        _ => (limited(100 - u64::try_from(minute).unwrap()), "limited"),
    }
}

fn reading(at: DateTime<Utc>, identity: Identity, status: LimitStatus) -> Reading {
    let is_429 = matches!(status, LimitStatus::Exhausted { .. } | LimitStatus::Throttled(..));
    let is_answered = !matches!(status, LimitStatus::Failed(_));
    Reading {
        at,
        image: "nginx".parse().unwrap(),
        effective: identity == Identity::Anonymous,
        identity,
        family: None,
        http_status: is_answered.then_some(if is_429 { 429 } else { 200 }),
        digest: None,
        status,
        confidence: Confidence::Reported,
        full_by: None,
        source: Source::parse("192.0.2.1").filter(|_| is_answered),
        retry_after: None,
        elapsed: Duration::from_millis(80),
        headers: BTreeMap::new(),
        warnings: Vec::new(),
    }
}

/// A server without sockets.
struct Trial {
    hub: Arc<Hub>,
    board: Board,
    series: [Series; 2],
}

impl Trial {
    fn new(status: Status) -> Self {
        let hub = Hub::new(status);
        let board = Board {
            hub: Arc::clone(&hub),
            recorder: None,
            words: |event| (format!("{event:?}"), String::new()),
        };
        Self { hub, board, series: [Series::new(None), Series::new(None)] }
    }

    fn take(&mut self, index: usize, reading: &Reading, jump: Option<i64>) {
        let news = self.series[index].observe(reading, false, jump);
        let observed = Observed {
            at: reading.at,
            record: reading.into(),
            forecast: news.forecast,
            events: news.events,
        };
        let beside = News {
            changed: news.changed,
            doubtful: news.doubtful,
            new_token: false,
            used: news.used,
        };
        assert!(self.board.observed(index, reading, observed, beside).is_none());
    }

    fn metrics(&self, now: DateTime<Utc>) -> String {
        metrics(&self.hub.status().1, now, false).unwrap()
    }
}

/// The samples of a metric of an identity, labels and value.
fn samples<'a>(text: &'a str, name: &str, identity: &str) -> Vec<&'a str> {
    let (begin, whose) = (format!("dhlimit_{name}{{"), format!("identity=\"{identity}\""));
    text.lines().filter(|line| line.starts_with(&begin) && line.contains(&whose)).collect()
}

/// The states that an identity is said to be in.
fn states<'a>(text: &'a str, identity: &str) -> Vec<&'a str> {
    let all = samples(text, "state", identity).into_iter().filter(|line| line.ends_with(" 1"));
    all.filter_map(|line| line.split("state=\"").nth(1)?.split('"').next()).collect()
}

#[test]
fn an_hour_of_faults_shows_every_outage_and_never_a_limit_that_is_none() {
    let start: DateTime<Utc> = "2026-11-27T09:00:00Z".parse().unwrap();
    let status = Status { since: start, stale_after: STALE, targets: 2, ..Status::default() };
    let mut trial = Trial::new(Status { configured: (true, start), ..status });
    let ann = Identity::Account { user: Some("ann".to_owned()), credentials_from: None };
    // The wall clock: it is put back by ten minutes at the 35th.
    let (mut now, mut answered, mut checks) = (start, None, 0);
    for minute in 0..60 {
        let jump = (minute == 35).then_some(-600);
        now += jump.map_or(MINUTE, TimeDelta::seconds);
        let (status, state) = met(minute);
        if matches!(state, "limited" | "exhausted" | "unknown") {
            answered = Some((now, state));
        }
        trial.take(0, &reading(now, Identity::Anonymous, status), jump);
        trial.take(1, &reading(now, ann.clone(), LimitStatus::Unlimited), jump);
        match minute {
            45 => trial.hub.refused(),
            50 => {
                let fresh = Status {
                    configured: (true, now),
                    stale_after: STALE,
                    targets: 2,
                    ..Status::default()
                };
                trial.hub.renew(fresh, &[(0, 0), (1, 1)].into());
            }
            _ => {}
        }
        for seconds in [0, 30, 59] {
            let text = trial.metrics(now + TimeDelta::seconds(seconds));
            let at = format!("minute {minute}, second {seconds}:\n{text}");
            assert_eq!(states(&text, "anonymous"), [state], "{at}");
            assert_eq!(states(&text, "ann"), ["unlimited"], "{at}");
            assert!(samples(&text, "pulls_remaining", "ann").is_empty(), "{at}");
            let (last, known) = answered.expect("the first one is an answer");
            let is_fresh = now + TimeDelta::seconds(seconds) - last <= STALE;
            let is_shown = !samples(&text, "pulls_remaining", "anonymous").is_empty();
            assert_eq!(is_shown, is_fresh && known != "unknown", "{at}");
            let success = format!("}} {}", last.timestamp());
            let succeeded = samples(&text, "last_success_timestamp_seconds", "anonymous");
            assert!(succeeded[0].ends_with(&success), "{at}");
            let attempted = samples(&text, "last_attempt_timestamp_seconds", "anonymous");
            assert!(attempted[0].ends_with(&format!("}} {}", now.timestamp())), "{at}");
            let is_configured = text.contains("dhlimit_config_last_reload_success 1");
            assert_eq!(is_configured, !(45..50).contains(&minute), "{at}");
        }
        let text = trial.metrics(now);
        let counted: u64 = text
            .lines()
            .filter(|line| line.starts_with("dhlimit_checks_total{"))
            .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok())
            .sum();
        assert_eq!(counted, checks + 2, "minute {minute}: a check that is not counted");
        checks = counted;
    }
    let text = trial.metrics(now);
    for (metric, count) in [
        ("dhlimit_checks_total{registry=\"docker.io\",outcome=\"failed\"}", 15),
        ("dhlimit_refusals_total{registry=\"docker.io\",kind=\"overall\"}", 3),
        ("dhlimit_refusals_total{registry=\"docker.io\",kind=\"pull\"}", 5),
    ] {
        assert!(text.contains(&format!("{metric} {count}\n")), "{metric} is not {count}:\n{text}");
    }
}
