//! What `doctor` finds: a finding with its id and severity, and the report that they make, which is
//! what JSON shows. The order in which they are told is part of it.

use serde::Serialize;

use crate::quota::Record;
use crate::text::one_line;

/// The most characters of a finding's text that are shown.
pub(crate) const SHOWN: usize = 1_000;

/// Everything found.
#[derive(Debug, Clone, Serialize)]
pub struct DoctorReport {
    schema: &'static str,
    /// What a pull from here is counted on, for each registry and address family.
    pub effective: Vec<Record>,
    /// The findings, in the order in which they are shown.
    pub findings: Vec<Finding>,
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What kind of thing: stable and short, with a page of its own.
    pub id: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it is about: a registry, a file, a runtime.
    pub subject: String,
    /// What was seen. No secrets, no control characters.
    pub evidence: String,
    /// What to do; `None` where nothing is to be done.
    pub advice: Option<String>,
    /// Where it belongs.
    #[serde(skip)]
    pub topic: Topic,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// As it should be.
    Ok,
    /// Good to know.
    Info,
    /// Not what one would expect, or about to go wrong.
    Warning,
    /// Wrong.
    Error,
}

/// What findings are about, in the order in which they are told where none is worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// Who asks.
    Logins,
    /// Whom the registry counts.
    Count,
    /// What stands between here and the registry.
    Way,
    /// What pulls.
    Runtimes,
}

impl Severity {
    /// As JSON has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl Finding {
    /// A finding without advice. Foreign text in it is made fit to show.
    pub fn new(
        topic: Topic,
        severity: Severity,
        id: &'static str,
        subject: &str,
        evidence: &str,
    ) -> Self {
        let (subject, evidence) = (one_line(subject, SHOWN), one_line(evidence, SHOWN));
        Self { id, severity, subject, evidence, advice: None, topic }
    }

    /// The same with what to do.
    #[must_use]
    pub fn advise(mut self, advice: impl AsRef<str>) -> Self {
        self.advice = Some(one_line(advice.as_ref(), SHOWN));
        self
    }
}

impl DoctorReport {
    /// What was found, beside what a pull from here is counted on. The findings are in order: by topic, the topic with the worst first, and in it the worst first. What
    /// was found twice is told once.
    pub fn new(found: Vec<Finding>, effective: Vec<Record>) -> Self {
        let mut findings: Vec<Finding> = Vec::new();
        for finding in found {
            if !findings.contains(&finding) {
                findings.push(finding);
            }
        }
        let worst = |topic: Topic| {
            findings
                .iter()
                .filter(|finding| finding.topic == topic)
                .map(|finding| finding.severity)
                .max()
        };
        let weight = |finding: &Finding| {
            (
                std::cmp::Reverse(worst(finding.topic).filter(|worst| *worst > Severity::Info)),
                finding.topic,
            )
        };
        let mut ordered: Vec<(_, Finding)> =
            findings.iter().map(|finding| (weight(finding), finding.clone())).collect();
        ordered.sort_by_key(|(weight, finding)| (*weight, std::cmp::Reverse(finding.severity)));
        Self {
            schema: "dhlimit/doctor/1",
            effective,
            findings: ordered.into_iter().map(|(_, finding)| finding).collect(),
        }
    }

    /// The worst of all; `None` where nothing was looked at.
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }

    /// How many are that bad.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }
}
