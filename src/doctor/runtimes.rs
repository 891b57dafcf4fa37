//! What pulls: which container runtimes are here, and whether they work. All are asked at once.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Finding, Severity, Topic};
use crate::context::Environment;
use crate::runtime::{DRIVERS, RuntimeError, Setup};

/// Runtimes and what they say of themselves.
#[derive(Debug, Default)]
pub(crate) struct Runtimes {
    /// What was found.
    pub findings: Vec<Finding>,
    /// The mirrors that docker's daemon says it asks first; `None` where none answered.
    pub docker_mirrors: Option<Vec<String>>,
}

/// How one runtime was found.
enum Found {
    Works { version: String, mirrors: Vec<String> },
    Missing,
    Stopped { why: String, advice: Option<String> },
}

/// Asks every runtime that dhlimit can drive.
pub(crate) async fn ask(environment: &Environment, end: Instant) -> Runtimes {
    let mut tasks = JoinSet::new();
    let limit = end.saturating_duration_since(Instant::now());
    for (at, driver) in DRIVERS.into_iter().enumerate() {
        let setup = Setup { environment: environment.clone(), ..Setup::default() };
        tasks.spawn(async move {
            let found = match tokio::time::timeout(limit, driver.open(&setup)).await {
                Ok(Ok(runtime)) => Found::Works {
                    version: runtime.version().to_owned(),
                    mirrors: runtime.mirrors().to_vec(),
                },
                Ok(Err(RuntimeError::NotInstalled { .. })) => Found::Missing,
                Ok(Err(error)) => Found::Stopped { why: chain(&error), advice: error.advice() },
                Err(_) => Found::Stopped { why: silent(driver.name(), limit), advice: None },
            };
            (at, driver.name(), found)
        });
    }
    let mut found = tasks.join_all().await;
    found.sort_by_key(|(at, _, _)| *at);
    let mut runtimes = Runtimes::default();
    let mut missing = Vec::new();
    for (_, name, found) in found {
        match found {
            Found::Missing => missing.push(name),
            Found::Works { version, mirrors } => {
                runtimes.findings.push(finding(Severity::Ok, "runtime-works", name, &version));
                if name == "docker" {
                    runtimes.docker_mirrors = Some(mirrors);
                }
            }
            Found::Stopped { why, advice } => {
                let advice = advice.unwrap_or_else(|| {
                    format!("run `{name} version` and `{name} info` and see what they say")
                });
                runtimes
                    .findings
                    .push(finding(Severity::Warning, "runtime-stopped", name, &why).advise(advice));
            }
        }
    }
    if !missing.is_empty() {
        let all = missing.len() == DRIVERS.len();
        let severity = if all { Severity::Warning } else { Severity::Info };
        let absent = finding(
            severity,
            "runtime-missing",
            if all { "every runtime" } else { "not installed" },
            &missing.join(", "),
        );
        runtimes.findings.push(if all {
            absent
                .advise("install one if this machine is to pull images; dhlimit itself needs none")
        } else {
            absent
        });
    }
    runtimes
}

fn finding(severity: Severity, id: &'static str, subject: &str, evidence: &str) -> Finding {
    Finding::new(Topic::Runtimes, severity, id, subject, evidence)
}

fn silent(name: &str, limit: Duration) -> String {
    format!(
        "{name} gave no answer within {}",
        humantime::format_duration(Duration::from_secs(limit.as_secs().max(1)))
    )
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        words.push_str(&format!(": {cause}"));
        next = cause.source();
    }
    words
}
