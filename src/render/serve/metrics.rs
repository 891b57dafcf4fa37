//! The status as metrics: the names of `check -o prometheus`, when each identity was asked and answered, what
//! is to be expected, and what the asking costs. OpenMetrics by the `prometheus-client` crate; Prometheus' older
//! text format (0.0.4) differs from it in the names of counters' families and in its end.

use std::collections::BTreeMap;
use std::fmt::Error;

use chrono::{DateTime, Utc};
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::quota::Record;
use crate::render::check::prometheus::{Labels, Samples, labels, register};
use crate::serve::{BOUNDS, Counted, Durations, Observations, Status};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    registry: String,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    registry: String,
    kind: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Source {
    source: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Class {
    class: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Pulled {
    runtime: &'static str,
    registry: String,
    image: String,
    certain: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Build {
    version: &'static str,
}

/// Numbers that only grow.
#[derive(Debug)]
pub(super) struct Totals<L>(pub(super) Vec<(L, u64)>);

impl<L: EncodeLabelSet + std::fmt::Debug> EncodeMetric for Totals<L> {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), Error> {
        self.0.iter().try_for_each(|(labels, total)| {
            encoder.encode_family(labels)?.encode_counter::<NoLabelSet, _, u64>(total, None)
        })
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Counter
    }
}

#[derive(Debug)]
struct Total(u64);

impl EncodeMetric for Total {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), Error> {
        encoder.encode_counter::<NoLabelSet, _, u64>(&self.0, None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Counter
    }
}

#[derive(Debug)]
struct Spread(Durations);

impl EncodeMetric for Spread {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), Error> {
        let Durations { sum, count, within } = &self.0;
        let longer = count - within.iter().sum::<u64>();
        let mut buckets: Vec<(f64, u64)> = BOUNDS.into_iter().zip(*within).collect();
        buckets.push((f64::INFINITY, longer));
        encoder.encode_histogram::<NoLabelSet>(*sum, *count, &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

/// The metrics, as OpenMetrics where `open`, else in the text format 0.0.4.
///
/// # Errors
/// None in practice: a string takes everything.
pub fn metrics(status: &Status, now: DateTime<Utc>, open: bool) -> Result<String, Error> {
    let mut registry = Registry::with_prefix("dhlimit");
    let shown: Vec<Record> =
        status.standings.values().map(|standing| standing.shown(now, status.stale_after)).collect();
    register(&mut registry, &shown);
    let (mut attempts, mut successes) = (Samples::<Labels, i64>::new(), Samples::new());
    let (mut used, mut empty) = (Samples::<Labels, f64>::new(), Samples::new());
    for (standing, record) in status.standings.values().zip(&shown) {
        let labels = labels(record);
        attempts.set(&labels, standing.attempted_at.timestamp());
        if let Some((at, _)) = &standing.answered {
            successes.set(&labels, at.timestamp());
        }
        // What is expected is as old as the count that it was made of.
        if record.remaining.is_some() {
            used.set(&labels, standing.forecast.burn_per_hour.unwrap_or(0.0));
            if let Some(at) = standing.forecast.empty_at {
                empty.set(&labels, at.timestamp());
            }
        }
    }
    registry.register("last_attempt_timestamp_seconds", "Time of the last reading", attempts);
    registry.register(
        "last_success_timestamp_seconds",
        "Time of the last reading that the registry answered",
        successes,
    );
    registry.register("pulls_used_per_hour", "Net pulls an hour, as the count fell lately", used);
    registry.register(
        "empty_timestamp_seconds",
        "Time at which no pull will be left, where that is to be expected",
        empty,
    );
    let reload = Gauge::<i64>::default();
    reload.set(i64::from(status.configured.0));
    registry.register(
        "config_last_reload_success",
        "Whether the configuration and logins could be read when they were read last",
        reload,
    );
    let configured = Gauge::<i64>::default();
    configured.set(status.configured.1.timestamp());
    registry.register(
        "config_last_reload_success_timestamp_seconds",
        "Time at which they last could",
        configured,
    );
    costs(&mut registry, status);
    if !status.observed.sources.is_empty() {
        observed(&mut registry, &status.observed);
    }
    let mut text = String::new();
    encode(&mut text, &registry)?;
    if let Some(exporter) = status.compat {
        let failures = status.standings.values().map(|standing| standing.failures);
        text.truncate(text.trim_end_matches("# EOF\n").len());
        text.push_str(&super::compat::compat(
            exporter,
            &shown.iter().zip(failures).collect::<Vec<_>>(),
        )?);
    }
    Ok(if open { text } else { older(&text) })
}

/// What asking costs.
fn costs(registry: &mut Registry, status: &Status) {
    let rows = |counts: &BTreeMap<Counted, u64>| -> Vec<(Counted, u64)> {
        counts.iter().map(|(counted, count)| (counted.clone(), *count)).collect()
    };
    let outcome =
        |(Counted { registry, what }, count)| (Outcome { registry, outcome: what }, count);
    let kind = |(Counted { registry, what }, count)| (Kind { registry, kind: what }, count);
    registry.register(
        "checks",
        "Readings by what they came to",
        Totals(rows(&status.checks).into_iter().map(outcome).collect()),
    );
    registry.register(
        "refusals",
        "Answers 429 by their kind: the pull limit, the overall limit, the limit on logins",
        Totals(rows(&status.refusals).into_iter().map(kind).collect()),
    );
    registry.register(
        "check_duration_seconds",
        "How long readings took",
        Spread(status.durations.clone()),
    );
    registry.register("tokens", "Tokens fetched", Total(status.tokens));
    let mut build = Samples::new();
    build.set(&Build { version: env!("CARGO_PKG_VERSION") }, 1_i64);
    registry.register("build_info", "What serves this", build);
}

/// What this machine's runtimes tell of their pulls.
fn observed(registry: &mut Registry, observed: &Observations) {
    let pulls = observed.pulls.iter().map(|(key, (count, _))| {
        let labels = Pulled {
            runtime: key.runtime,
            registry: key.registry.clone(),
            image: key.image.clone(),
            certain: if key.certain { "true" } else { "false" },
        };
        (labels, *count)
    });
    registry.register(
        "observed_pulls",
        "Pulls that this machine's runtimes told of; not certain: the image may have been there",
        Totals(pulls.collect()),
    );
    let refusals = observed.refusals.iter().map(|(class, count)| (Class { class }, *count));
    registry.register(
        "observed_refusals",
        "Pulls that a registry refused, by what this machine's journal says, by class",
        Totals(refusals.collect()),
    );
    let mut up = Samples::new();
    for (source, is_up) in &observed.sources {
        up.set(&Source { source }, i64::from(*is_up));
    }
    registry.register("observer_up", "Whether a source of such news is listened to", up);
}

/// OpenMetrics as text 0.0.4: there a counter's family has the name of its samples, and there is no end.
fn older(text: &str) -> String {
    let counters: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" counter"))
        .collect();
    let mut older = String::with_capacity(text.len());
    for line in text.lines().filter(|line| *line != "# EOF") {
        let mut words = line.splitn(4, ' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some("#"), Some(what), Some(name), Some(rest)) if counters.contains(&name) => {
                older.push_str(&format!("# {what} {name}_total {rest}\n"));
            }
            _ => {
                older.push_str(line);
                older.push('\n');
            }
        }
    }
    older
}
