//! Prometheus text format, by the `prometheus-client` crate: gauges only, one label set a reading,
//! in the order of the readings.
//! A value that is not known has no sample; what state it is in always has.

use std::collections::HashMap;
use std::fmt::{Debug, Error};
use std::hash::Hash;

use prometheus_client::encoding::{
    EncodeGaugeValue, EncodeLabelSet, EncodeMetric, MetricEncoder, text::encode,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use crate::check::CheckReport;
use crate::quota::{self, Record, State};
use crate::text::one_line;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(in crate::render) struct Labels {
    registry: String,
    image: String,
    identity: String,
    effective: String,
    family: String,
    source: String,
    source_kind: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabels {
    registry: String,
    image: String,
    identity: String,
    effective: String,
    family: String,
    state: String,
}

/// The samples of one metric in the order in which they were set: the crate's own family forgets it.
#[derive(Debug)]
pub(in crate::render) struct Samples<L, V> {
    rows: Vec<(L, V)>,
    places: HashMap<L, usize>,
}

impl<L: Clone + Eq + Hash, V> Samples<L, V> {
    /// None yet.
    pub(in crate::render) fn new() -> Self {
        Self { rows: Vec::new(), places: HashMap::new() }
    }

    /// A label set has one sample, its last.
    pub(in crate::render) fn set(&mut self, labels: &L, value: V) {
        let known = self.places.get(labels).and_then(|place| self.rows.get_mut(*place));
        if let Some((_, earlier)) = known {
            *earlier = value;
        } else {
            self.places.insert(labels.clone(), self.rows.len());
            self.rows.push((labels.clone(), value));
        }
    }
}

impl<L: EncodeLabelSet + Debug, V: EncodeGaugeValue + Debug> EncodeMetric for Samples<L, V> {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), Error> {
        self.rows
            .iter()
            .try_for_each(|(labels, value)| encoder.encode_family(labels)?.encode_gauge(value))
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Gauge
    }
}

/// The report in Prometheus' text format.
pub fn prometheus(report: &CheckReport) -> Result<String, Error> {
    let mut registry = Registry::with_prefix("dhlimit");
    register(&mut registry, &report.readings);
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

/// The metrics of readings, for a registry.
pub(in crate::render) fn register(registry: &mut Registry, readings: &[Record]) {
    let mut gauge = |name: &str, help: &str, value: &dyn Fn(&Record) -> Option<u64>| {
        let mut samples = Samples::new();
        for reading in readings {
            if let Some(value) = value(reading) {
                samples.set(&labels(reading), i64::try_from(value).unwrap_or(i64::MAX));
            }
        }
        registry.register(name, help, samples);
    };
    gauge("pulls_limit", "Pulls allowed in a window", &|reading| reading.limit);
    gauge("pulls_remaining", "Pulls left", &|reading| reading.remaining);
    gauge("pulls_used", "Pulls used of the limit", &|reading| reading.used);
    gauge(
        "window_seconds",
        "Seconds over which the limit counts, as the registry says it",
        &|reading| reading.window_seconds,
    );
    gauge(
        "full_by_timestamp_seconds",
        "Time at which the count is full again at the latest",
        &|reading| reading.full_by.and_then(|at| u64::try_from(at.timestamp()).ok()),
    );
    gauge("retry_after_seconds", "Seconds the registry asked to wait", &|reading| {
        reading.retry_after_seconds
    });
    gauge(
        "identity_effective",
        "Whether a pull from here is counted on this identity",
        &|reading| Some(u64::from(reading.effective)),
    );
    let (mut duration, mut states) = (Samples::new(), Samples::new());
    for reading in readings {
        let labels = labels(reading);
        duration.set(&labels, std::time::Duration::from_millis(reading.elapsed_ms).as_secs_f64());
        for state in [
            State::Limited,
            State::Exhausted,
            State::Unlimited,
            State::Throttled,
            State::Unknown,
            State::Failed,
        ] {
            states.set(&state_labels(&labels, state), i64::from(state == reading.state));
        }
    }
    registry.register("reading_duration_seconds", "How long the reading took", duration);
    registry.register("state", "1 for the state the identity is in, 0 for the others", states);
}

/// Who and what a reading is of.
pub(in crate::render) fn labels(reading: &Record) -> Labels {
    let family = match reading.family {
        Some(quota::Family::Ipv4) => "ipv4",
        Some(quota::Family::Ipv6) => "ipv6",
        None => "",
    };
    let kind = match reading.source_kind {
        Some(quota::SourceKind::Ipv4) => "ipv4",
        Some(quota::SourceKind::Ipv6Prefix) => "ipv6_prefix",
        Some(quota::SourceKind::Account) => "account",
        None => "",
    };
    Labels {
        registry: reading.registry.clone(),
        image: reading.image.clone(),
        identity: one_line(reading.identity.label(), 128),
        effective: reading.effective.to_string(),
        family: family.to_owned(),
        source: reading.source.clone().unwrap_or_default(),
        source_kind: kind.to_owned(),
    }
}

fn state_labels(labels: &Labels, state: State) -> StateLabels {
    StateLabels {
        registry: labels.registry.clone(),
        image: labels.image.clone(),
        identity: labels.identity.clone(),
        effective: labels.effective.clone(),
        family: labels.family.clone(),
        state: state.as_str().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{limited, report, with};
    use super::*;

    #[test]
    fn samples_are_in_the_order_of_the_readings() {
        let readings = ["c", "a", "d", "b"]
            .map(|registry| Record { registry: registry.to_owned(), ..limited() });
        let text = prometheus(&report(readings.to_vec())).unwrap();
        for metric in [
            "dhlimit_pulls_limit{",
            "dhlimit_reading_duration_seconds{",
            "dhlimit_identity_effective{",
        ] {
            let rows: Vec<&str> = text
                .lines()
                .filter_map(|line| line.strip_prefix(metric)?.strip_prefix("registry=\"")?.get(..1))
                .collect();
            assert_eq!(rows, ["c", "a", "d", "b"], "{text}");
        }
        let states: Vec<&str> = text
            .lines()
            .filter_map(|line| {
                line.strip_prefix("dhlimit_state{")?.split("state=\"").nth(1)?.split('"').next()
            })
            .collect();
        assert_eq!(
            states,
            ["limited", "exhausted", "unlimited", "throttled", "unknown", "failed"].repeat(4),
            "{text}"
        );
    }

    #[test]
    fn known_values_have_samples_and_unknown_ones_have_none() {
        let text = prometheus(&report(vec![limited()])).unwrap();
        assert!(
            text.contains("dhlimit_pulls_remaining{registry=\"docker.io\",image=\"docker.io/library/nginx:latest\",identity=\"anonymous\""),
            "{text}"
        );
        assert!(
            text.contains("state=\"limited\"} 1\n") && text.contains("state=\"failed\"} 0\n"),
            "{text}"
        );
        let text = prometheus(&report(vec![with(State::Failed, None)])).unwrap();
        assert!(!text.contains("dhlimit_pulls_remaining{"), "{text}");
        assert!(text.contains("state=\"failed\"} 1\n"), "{text}");
    }
}
