//! The readings of one image and identity in their order: what happened between two of them. Pure:
//! readings in, events out. A failed reading says nothing about the limit, so that neither a 429
//! nor a count begins or ends with it.

use chrono::{DateTime, Utc};

use super::{Believed, Counts, Event};
use crate::quota::{FaultKind, Forecast, LimitStatus, Reading, Source, Throttle, Window};

/// What has been seen of one image and identity.
#[derive(Debug, Default)]
pub(crate) struct Series {
    /// The threshold that was asked for.
    drop: Option<u64>,
    seen: bool,
    source: Option<Source>,
    limit: Option<u64>,
    window: Option<Window>,
    counts: Counts,
    unlimited: bool,
    empty_since: Option<DateTime<Utc>>,
    throttled: Option<(Throttle, DateTime<Utc>)>,
    /// What keeps readings away though something answers.
    fault: Option<(FaultKind, DateTime<Utc>)>,
    /// Since when nothing is reached.
    lost: Option<DateTime<Utc>>,
    last: Option<LimitStatus>,
}

/// What a reading added.
#[derive(Debug, Default)]
pub(crate) struct News {
    /// In order.
    pub(crate) events: Vec<Event>,
    /// The reading says something else than the one before.
    pub(crate) moved: bool,
    /// The same, and there was one before it, or something happened all the same: the network is lost.
    pub(crate) changed: bool,
    /// What is to be expected now.
    pub(crate) forecast: Forecast,
    /// A full count that the next reading must confirm.
    pub(crate) doubtful: bool,
    /// Pulls that became known to be used: at least so many.
    pub(crate) used: u64,
}

impl Series {
    /// Nothing seen yet. A `drop` of more pulls is an event; else one of more than a tenth of the limit.
    pub(crate) fn new(drop: Option<u64>) -> Self {
        Self { drop, ..Self::default() }
    }

    /// Takes in a reading. `new_token`: one was fetched for it; `jump`: by how many seconds the clock
    /// jumped since the last one.
    pub(crate) fn observe(
        &mut self,
        reading: &Reading,
        new_token: bool,
        jump: Option<i64>,
    ) -> News {
        let (mut events, mut used) = (Vec::new(), 0);
        if let Some(seconds) = jump {
            events.push(Event::ClockJumped { seconds });
            if seconds < 0 {
                self.counts.forget();
            }
        }
        if new_token && self.seen {
            events.push(Event::TokenRenewed);
        }
        self.faults(reading, &mut events);
        self.throttles(reading, &mut events);
        if !matches!(
            reading.status,
            LimitStatus::Failed(_) | LimitStatus::Throttled(..) | LimitStatus::Unknown
        ) {
            used = self.counts(reading, &mut events);
        }
        let moved = !self.seen
            || self.last.as_ref() != Some(&reading.status)
            || events.iter().any(|event| *event != Event::TokenRenewed);
        let changed = moved && (self.seen || !events.is_empty());
        self.seen = true;
        self.last = Some(reading.status.clone());
        let forecast = self.counts.forecast(reading.at);
        News { events, moved, changed, forecast, doubtful: self.counts.is_unconfirmed(), used }
    }

    /// A lost network hides a fault and does not end it: each that began has its end.
    fn faults(&mut self, reading: &Reading, events: &mut Vec<Event>) {
        let network =
            |kind| matches!(kind, FaultKind::Network | FaultKind::Timeout | FaultKind::Tls);
        let seconds = |since| seconds_between(since, reading.at);
        match &reading.status {
            LimitStatus::Failed(fault) if network(fault.kind) => {
                if self.lost.is_none() {
                    events.push(Event::NetworkLost { message: fault.message.clone() });
                    self.lost = Some(reading.at);
                }
            }
            LimitStatus::Failed(fault) => {
                // Whatever answers is reached.
                events.extend(
                    self.lost.take().map(|since| Event::NetworkBack { seconds: seconds(since) }),
                );
                let since = self.fault.map_or(reading.at, |(_, since)| since);
                if self.fault.is_none_or(|(kind, _)| kind != fault.kind) {
                    events.push(Event::FaultBegan {
                        kind: fault.kind,
                        message: fault.message.clone(),
                    });
                    self.fault = Some((fault.kind, since));
                }
            }
            _ => {
                events.extend(
                    self.lost.take().map(|since| Event::NetworkBack { seconds: seconds(since) }),
                );
                events.extend(
                    self.fault
                        .take()
                        .map(|(_, since)| Event::FaultEnded { seconds: seconds(since) }),
                );
            }
        }
    }

    fn throttles(&mut self, reading: &Reading, events: &mut Vec<Event>) {
        match (&reading.status, self.throttled) {
            (LimitStatus::Throttled(throttle, _), Some((before, _))) if *throttle == before => {}
            (LimitStatus::Throttled(throttle, _), _) => {
                let which = if *throttle == Throttle::Login { "login" } else { "overall" };
                events.push(Event::ThrottleBegan { which });
                self.throttled = Some((*throttle, reading.at));
            }
            (LimitStatus::Failed(_), _) | (_, None) => {}
            (_, Some((_, since))) => {
                events.push(Event::ThrottleEnded { seconds: seconds_between(since, reading.at) });
                self.throttled = None;
            }
        }
    }

    /// What an answer says of the count; the value is how many pulls were used.
    fn counts(&mut self, reading: &Reading, events: &mut Vec<Event>) -> u64 {
        if let (Some(from), Some(to)) = (&self.source, &reading.source)
            && from != to
        {
            events.push(Event::SourceChanged { from: from.to_string(), to: to.to_string() });
            self.counts = Counts::default();
            self.limit = None;
            self.window = None;
            self.empty_since = None;
        }
        self.source = reading.source.clone().or(self.source.take());
        let count = reading.count();
        if let (Some(from), Some(to)) = (self.limit, count.map(|count| count.limit))
            && from != to
        {
            events.push(Event::LimitChanged { from, to });
        }
        self.limit = count.map(|count| count.limit).or(self.limit);
        let window = count.and_then(|count| count.window);
        if let (Some(from), Some(to)) = (self.window, window)
            && from != to
        {
            events.push(Event::WindowChanged { from: from.seconds(), to: to.seconds() });
        }
        self.window = window.or(self.window);
        let used = self.count_changes(reading, events);
        let empty = matches!(reading.status, LimitStatus::Exhausted { .. });
        match self.empty_since {
            None if empty => {
                events.push(Event::LimitBegan { refused: reading.http_status == Some(429) });
                self.empty_since = Some(reading.at);
            }
            Some(since) if !empty => {
                events.push(Event::LimitEnded { seconds: seconds_between(since, reading.at) });
                self.empty_since = None;
            }
            _ => {}
        }
        let unlimited = reading.status == LimitStatus::Unlimited;
        if unlimited && !self.unlimited && self.seen && self.limit.is_some() {
            events.push(Event::Unlimited);
        }
        self.unlimited = unlimited;
        used
    }

    /// What a count says beside those before it; the value is how many pulls were used.
    fn count_changes(&mut self, reading: &Reading, events: &mut Vec<Event>) -> u64 {
        let before = self.counts.last();
        let change = self.counts.observe(reading);
        let most = self.drop.unwrap_or_else(|| self.limit.unwrap_or(100) / 10);
        let used = change.believed.last().map(Believed::used);
        if let Some(shown) = change.false_full {
            events.push(Event::FalseFull { shown });
        } else if change.reset {
            let from = before.map_or(0, |before| before.remaining);
            events.push(Event::Reset { from, to: reading.remaining().unwrap_or(0) });
        } else if let Some(pulls) = used.filter(|pulls| *pulls > most) {
            events.push(Event::Drop { pulls });
        }
        change.believed.iter().map(Believed::used).sum()
    }
}

fn seconds_between(from: DateTime<Utc>, to: DateTime<Utc>) -> u64 {
    u64::try_from((to - from).num_seconds()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::{Confidence, Count, Fault, Identity};
    use std::time::Duration;

    fn reading(second: i64, status: LimitStatus) -> Reading {
        Reading {
            at: DateTime::UNIX_EPOCH + chrono::TimeDelta::seconds(second),
            image: "nginx".parse().unwrap(),
            identity: Identity::Anonymous,
            effective: true,
            family: None,
            http_status: Some(200),
            digest: None,
            status,
            confidence: Confidence::Reported,
            full_by: None,
            source: Source::parse("192.0.2.1"),
            retry_after: None,
            elapsed: Duration::ZERO,
            headers: std::collections::BTreeMap::default(),
            warnings: Vec::new(),
        }
    }

    fn left(remaining: u64) -> LimitStatus {
        LimitStatus::Limited(Count { limit: 100, remaining, window: Window::from_seconds(3_600) })
    }

    fn failed(kind: FaultKind) -> LimitStatus {
        LimitStatus::Failed(Fault { kind, message: "words".into(), advice: "try".into() })
    }

    fn refused() -> Reading {
        let status =
            LimitStatus::Exhausted { limit: Some(100), window: Window::from_seconds(3_600) };
        Reading { http_status: Some(429), ..reading(20, status) }
    }

    /// The names of the events of each reading.
    fn kinds(readings: impl IntoIterator<Item = Reading>) -> Vec<Vec<&'static str>> {
        let mut series = Series::new(None);
        readings
            .into_iter()
            .map(|reading| {
                series.observe(&reading, false, None).events.iter().map(Event::kind).collect()
            })
            .collect()
    }

    #[test]
    fn a_429_begins_and_ends_once_whatever_the_network_does_meanwhile() {
        let readings = [
            reading(0, left(4)),
            refused(),
            reading(30, failed(FaultKind::Network)),
            refused(),
            reading(80, left(3)),
        ];
        assert_eq!(
            kinds(readings),
            [
                vec![],
                vec!["limit_began"],
                vec!["network_lost"],
                vec!["network_back"],
                vec!["limit_ended"]
            ]
        );
    }

    #[test]
    fn a_lost_network_is_one_event_however_it_fails() {
        let readings = [
            reading(0, left(50)),
            reading(1, failed(FaultKind::Network)),
            reading(2, failed(FaultKind::Timeout)),
            reading(3, failed(FaultKind::Credentials)),
            reading(9, left(50)),
        ];
        assert_eq!(
            kinds(readings),
            [
                vec![],
                vec!["network_lost"],
                vec![],
                vec!["network_back", "fault_began"],
                vec!["fault_ended"]
            ]
        );
    }

    #[test]
    fn a_fault_that_began_ends_also_where_the_network_was_lost_meanwhile() {
        let readings = [
            reading(0, left(50)),
            reading(1, failed(FaultKind::Credentials)),
            reading(2, failed(FaultKind::Network)),
            reading(3, failed(FaultKind::Credentials)),
            reading(4, failed(FaultKind::Network)),
            reading(9, left(50)),
        ];
        let last = vec!["network_back", "fault_ended"];
        assert_eq!(
            kinds(readings),
            [
                vec![],
                vec!["fault_began"],
                vec!["network_lost"],
                vec!["network_back"],
                vec!["network_lost"],
                last
            ]
        );
    }

    #[test]
    fn another_limit_has_events_of_its_own() {
        let fault =
            Fault { kind: FaultKind::OverallLimit, message: "m".into(), advice: "a".into() };
        let throttled = LimitStatus::Throttled(Throttle::Overall, fault);
        let readings = [
            reading(0, left(9)),
            reading(1, throttled.clone()),
            reading(2, throttled),
            reading(3, left(9)),
        ];
        assert_eq!(
            kinds(readings),
            [vec![], vec!["throttle_began"], vec![], vec!["throttle_ended"]]
        );
    }

    #[test]
    fn another_source_begins_a_new_series_without_a_drop() {
        let elsewhere = Reading { source: Source::parse("198.51.100.7"), ..reading(1, left(5)) };
        assert_eq!(kinds([reading(0, left(90)), elsewhere]), [vec![], vec!["source_changed"]]);
    }

    #[test]
    fn a_drop_of_more_than_a_tenth_is_an_event_and_so_is_another_limit() {
        let larger = reading(
            3,
            LimitStatus::Limited(Count {
                limit: 200,
                remaining: 150,
                window: Window::from_seconds(60),
            }),
        );
        let readings = [
            reading(0, left(90)),
            reading(1, left(80)),
            reading(2, left(69)),
            larger,
            reading(4, LimitStatus::Unlimited),
        ];
        assert_eq!(
            kinds(readings),
            [
                vec![],
                vec![],
                vec!["drop"],
                vec!["limit_changed", "window_changed"],
                vec!["unlimited"]
            ]
        );
    }

    #[test]
    fn a_full_count_is_believed_when_it_is_said_twice() {
        let steady =
            (0..6).map(|minute| reading(60 * minute, left(90 - u64::try_from(minute).unwrap())));
        let once: Vec<Reading> =
            steady.clone().chain([reading(400, left(100)), reading(460, left(84))]).collect();
        assert_eq!(kinds(once).concat(), ["false_full"]);
        let twice: Vec<Reading> =
            steady.chain([reading(400, left(100)), reading(460, left(100))]).collect();
        assert_eq!(kinds(twice).concat(), ["reset"]);
    }

    #[test]
    fn a_sudden_full_count_is_doubtful_once() {
        let mut series = Series::new(None);
        let mut doubtful = |second, remaining| {
            series.observe(&reading(second, left(remaining)), false, None).doubtful
        };
        assert!(!doubtful(0, 100), "the first reading");
        assert!(!doubtful(60, 90) && !doubtful(120, 50));
        assert!(doubtful(180, 100) && !doubtful(240, 100));
    }

    #[test]
    fn a_steady_fall_has_a_forecast_and_another_source_none() {
        let mut series = Series::new(None);
        let mut last = News::default();
        for minute in 0..10_u32 {
            last = series.observe(
                &reading(i64::from(minute) * 60, left(90 - 2 * u64::from(minute))),
                false,
                None,
            );
        }
        assert_eq!(last.forecast.burn_per_hour.map(f64::round), Some(120.0));
        assert!(last.forecast.empty_at.is_some());
        let elsewhere = Reading { source: Source::parse("198.51.100.7"), ..reading(660, left(5)) };
        assert_eq!(series.observe(&elsewhere, false, None).forecast.burn_per_hour, None);
    }

    #[test]
    fn the_first_reading_is_no_change_unless_it_is_trouble() {
        let mut series = Series::new(None);
        let mut changed = |reading: Reading| series.observe(&reading, true, None).changed;
        assert!(
            !changed(reading(0, left(9)))
                && !changed(reading(1, left(9)))
                && changed(reading(2, left(8)))
        );
        assert!(
            Series::new(None).observe(&reading(0, failed(FaultKind::Network)), false, None).changed
        );
    }

    #[test]
    fn what_moved_is_told_from_what_did_not() {
        let mut series = Series::new(None);
        let mut moved =
            |reading: Reading, new_token| series.observe(&reading, new_token, None).moved;
        assert!(moved(reading(0, left(9)), true));
        assert!(!moved(reading(1, left(9)), false));
        assert!(!moved(reading(2, left(9)), true), "a token is no movement");
        assert!(moved(reading(3, left(8)), false));
    }
}
