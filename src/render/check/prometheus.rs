//! Prometheus text format, by the `prometheus-client` crate: gauges only, one label set a reading.
//! A value that is not known has no sample; what state it is in always has.

use std::fmt::Error;
use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::{EncodeLabelSet, text::encode};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::CheckReport;
use crate::quota::{self, Record, State};
use crate::text::one_line;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
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

type Gauges = Family<Labels, Gauge>;
type Seconds = Family<Labels, Gauge<f64, AtomicU64>>;

/// The report in Prometheus' text format.
pub fn prometheus(report: &CheckReport) -> Result<String, Error> {
    let mut registry = Registry::with_prefix("dhlimit");
    let gauges = |registry: &mut Registry, name: &str, help: &str| {
        let family = Gauges::default();
        registry.register(name, help, family.clone());
        family
    };
    let limit = gauges(&mut registry, "pulls_limit", "Pulls allowed in a window");
    let remaining = gauges(&mut registry, "pulls_remaining", "Pulls left");
    let used = gauges(&mut registry, "pulls_used", "Pulls used of the limit");
    let window = gauges(&mut registry, "window_seconds", "Seconds over which the limit counts, as the registry says it");
    let full_by = gauges(&mut registry, "full_by_timestamp_seconds", "Time at which the count is full again at the latest");
    let retry_after = gauges(&mut registry, "retry_after_seconds", "Seconds the registry asked to wait");
    let effective = gauges(&mut registry, "identity_effective", "Whether a pull from here is counted on this identity");
    let duration = Seconds::default();
    registry.register("reading_duration_seconds", "How long the reading took", duration.clone());
    let states = Family::<StateLabels, Gauge>::default();
    registry.register("state", "1 for the state the identity is in, 0 for the others", states.clone());
    for reading in &report.readings {
        let labels = labels(reading);
        let set = |family: &Gauges, value: Option<u64>| {
            if let Some(value) = value {
                family.get_or_create(&labels).set(i64::try_from(value).unwrap_or(i64::MAX));
            }
        };
        set(&limit, reading.limit);
        set(&remaining, reading.remaining);
        set(&used, reading.used);
        set(&window, reading.window_seconds);
        set(&full_by, reading.full_by.and_then(|at| u64::try_from(at.timestamp()).ok()));
        set(&retry_after, reading.retry_after_seconds);
        set(&effective, Some(u64::from(reading.effective)));
        duration.get_or_create(&labels).set(std::time::Duration::from_millis(reading.elapsed_ms).as_secs_f64());
        for state in [State::Limited, State::Exhausted, State::Unlimited, State::Throttled, State::Unknown, State::Failed] {
            states.get_or_create(&state_labels(&labels, state)).set(i64::from(state == reading.state));
        }
    }
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

fn labels(reading: &Record) -> Labels {
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
    fn known_values_have_samples_and_unknown_ones_have_none() {
        let text = prometheus(&report(vec![limited()])).unwrap();
        assert!(
            text.contains("dhlimit_pulls_remaining{registry=\"docker.io\",image=\"docker.io/library/nginx:latest\",identity=\"anonymous\""),
            "{text}"
        );
        assert!(text.contains("state=\"limited\"} 1\n") && text.contains("state=\"failed\"} 0\n"), "{text}");
        let text = prometheus(&report(vec![with(State::Failed, None)])).unwrap();
        assert!(!text.contains("dhlimit_pulls_remaining{"), "{text}");
        assert!(text.contains("state=\"failed\"} 1\n"), "{text}");
    }
}
