//! The names of exporters that people come from, beside our own, so that their dashboards and alerts go on
//! while they move. An exporter more is a row. What they get wrong is not made wrong again: a count that is
//! stale or unlimited has no sample.

use std::collections::BTreeMap;
use std::fmt::Error;

use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

use super::metrics::Totals;
use crate::image::hub;
use crate::quota::Record;
use crate::render::check::prometheus::Samples;
use crate::serve::Exporter;

/// What a metric is of.
#[derive(Clone, Copy)]
enum Value {
    Limit,
    Remaining,
    Window,
    /// Readings that told nothing.
    Failures,
}

/// A metric by the name that an exporter gives it, with a label of its own where it has one.
struct Metric {
    name: &'static str,
    value: Value,
    label: Option<(&'static str, &'static str)>,
}

const fn metric(name: &'static str, value: Value) -> Metric {
    Metric { name, value, label: None }
}

/// The metrics of an exporter, as its own page names them (November 2026).
fn metrics(exporter: Exporter) -> Vec<Metric> {
    let of = |name, value, label| Metric { name, value, label: Some(("limit", label)) };
    match exporter {
        Exporter::Jadolg => vec![
            metric("dockerhub_pull_limit_total", Value::Limit),
            metric("dockerhub_pull_remaining_total", Value::Remaining),
            metric("dockerhub_pull_limit_window_seconds", Value::Window),
            metric("dockerhub_pull_remaining_window_seconds", Value::Window),
            metric("dockerhub_pull_errors", Value::Failures),
        ],
        Exporter::Drl => vec![
            metric("dockerhub_limit_max_requests_total", Value::Limit),
            metric("dockerhub_limit_remaining_requests_total", Value::Remaining),
            metric("dockerhub_limit_max_requests_time", Value::Window),
            metric("dockerhub_limit_remaining_requests_time", Value::Window),
        ],
        Exporter::Gitlab => vec![
            of("dockerhub_limit_max_requests_total", Value::Limit, "max_requests_total"),
            of(
                "dockerhub_limit_remaining_requests_total",
                Value::Remaining,
                "remaining_requests_total",
            ),
        ],
        Exporter::Grafzahl => vec![
            metric("docker_hub_rate_limit", Value::Limit),
            metric("docker_hub_rate_limit_remaining", Value::Remaining),
        ],
    }
}

/// How an exporter tells identities apart; none where it knows one alone, the one that counts.
fn identity(exporter: Exporter, reading: &Record) -> Option<(&'static str, String)> {
    match exporter {
        Exporter::Jadolg => {
            let account = reading.identity.user.clone().unwrap_or_else(|| "anon".to_owned());
            Some(("account", account))
        }
        Exporter::Drl => Some(("reqsource", reading.source.clone().unwrap_or_default())),
        Exporter::Gitlab | Exporter::Grafzahl => None,
    }
}

/// The readings of Docker Hub under an exporter's names, each with how many of its target told nothing so
/// far; ending as OpenMetrics does.
///
/// # Errors
/// None in practice: a string takes everything.
pub(super) fn compat(exporter: Exporter, readings: &[(&Record, u64)]) -> Result<String, Error> {
    let mut registry = Registry::default();
    let of_hub = || readings.iter().filter(|(reading, _)| reading.registry == hub::NAME);
    for Metric { name, value, label } in metrics(exporter) {
        let mut samples: Samples<Vec<(String, String)>, i64> = Samples::new();
        let mut totals: BTreeMap<Vec<(String, String)>, u64> = BTreeMap::new();
        for (reading, failures) in of_hub() {
            let identity = identity(exporter, reading);
            if identity.is_none() && !reading.effective {
                continue;
            }
            let number = match value {
                Value::Limit => reading.limit,
                Value::Remaining => reading.remaining,
                Value::Window => reading.window_seconds,
                Value::Failures => Some(*failures),
            };
            let Some(number) = number else { continue };
            let own = label.map(|(name, value)| (name.to_owned(), value.to_owned()));
            let labels = identity.map(|(name, value)| (name.to_owned(), value));
            let labels: Vec<(String, String)> = own.into_iter().chain(labels).collect();
            match value {
                Value::Failures => *totals.entry(labels).or_default() += number,
                _ => samples.set(&labels, i64::try_from(number).unwrap_or(i64::MAX)),
            }
        }
        let help = match value {
            Value::Limit => "Pulls allowed in a window",
            Value::Remaining => "Pulls left",
            Value::Window => "Seconds over which the limit counts",
            Value::Failures => "Readings that told nothing",
        };
        match value {
            Value::Failures => registry.register(name, help, Totals(totals.into_iter().collect())),
            _ => registry.register(name, help, samples),
        }
    }
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}
