//! What `doctor` found: a report value, which is what JSON shows, and its forms for people. Findings
//! stand in groups by what they are about, the worst first; what is well takes a line.

use std::fmt::Write;

use serde::Serialize;

use super::Look;
use super::style::{Palette, Role};
use crate::text::{one_line, wrap};

/// The most characters of a finding's text that are shown.
const SHOWN: usize = 1_000;

/// Everything found.
#[derive(Debug, Clone, Serialize)]
pub struct DoctorReport {
    schema: &'static str,
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

impl Topic {
    const fn title(self) -> &'static str {
        match self {
            Self::Logins => "Logins",
            Self::Count => "The count",
            Self::Way => "Mirrors, proxies, clock, trust",
            Self::Runtimes => "Runtimes",
        }
    }
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

    const fn sign(self) -> (char, Role) {
        match self {
            Self::Ok => ('✓', Role::Good),
            Self::Info => ('·', Role::Accent),
            Self::Warning => ('!', Role::Caution),
            Self::Error => ('✗', Role::Bad),
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
    /// The findings in order: by topic, the topic with the worst first, and in it the worst first. What
    /// was found twice is told once.
    pub fn new(found: Vec<Finding>) -> Self {
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
            findings: ordered.into_iter().map(|(_, finding)| finding).collect(),
        }
    }

    /// The worst of all; `None` where nothing was looked at.
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }

    fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }
}

/// One line a finding, with its id and what to do.
pub fn plain(report: &DoctorReport) -> String {
    let line = |finding: &Finding| {
        let advice =
            finding.advice.as_ref().map(|advice| format!(" → {advice}")).unwrap_or_default();
        let line = format!(
            "{}  {}  {}: {}{advice}",
            finding.severity.as_str(),
            finding.id,
            finding.subject,
            finding.evidence
        );
        one_line(&line, 4 * SHOWN) + "\n"
    };
    report.findings.iter().map(line).collect()
}

/// The findings in groups, for people, and how many of them are bad.
pub fn table(report: &DoctorReport, look: Look) -> String {
    let palette = Palette::new(look.colour);
    let mut page = String::new();
    let mut topic = None;
    for finding in &report.findings {
        if topic != Some(finding.topic) {
            let gap = if topic.is_some() { "\n" } else { "" };
            let _ = writeln!(page, "{gap}{}", palette.paint(Role::Strong, finding.topic.title()));
            topic = Some(finding.topic);
        }
        page.push_str(&block(finding, look, palette));
    }
    let _ = writeln!(page, "\n{}", wrap(&verdict(report), look.columns));
    page
}

/// One finding: a line where all is well, else its id, what was seen, and what to do.
fn block(finding: &Finding, look: Look, palette: Palette) -> String {
    let (sign, role) = finding.severity.sign();
    let signed = |text: &str| {
        indented(text, look).replacen("    ", &format!("  {} ", palette.paint(role, sign)), 1)
    };
    if finding.severity <= Severity::Info && finding.advice.is_none() {
        return signed(&format!("{}: {}", finding.subject, finding.evidence)) + "\n";
    }
    let head = signed(&format!("{}  {}", finding.id, finding.subject));
    let mut block =
        head.replacen(finding.id, &palette.paint(role, finding.id).to_string(), 1) + "\n";
    block.push_str(&(indented(&finding.evidence, look) + "\n"));
    if let Some(advice) = &finding.advice {
        block.push_str(&(indented(&format!("→ {advice}"), look) + "\n"));
    }
    block
}

/// A text that stands behind the column of signs.
fn indented(text: &str, look: Look) -> String {
    wrap(&format!("    {text}"), look.columns)
}

/// How many findings are bad, in a sentence.
fn verdict(report: &DoctorReport) -> String {
    let counted = |severity: Severity, one: &str| match report.count(severity) {
        0 => None,
        1 => Some(format!("1 {one}")),
        many => Some(format!("{many} {one}s")),
    };
    let bad: Vec<String> =
        [counted(Severity::Error, "error"), counted(Severity::Warning, "warning")]
            .into_iter()
            .flatten()
            .collect();
    if bad.is_empty() {
        return "Nothing is wrong. `dhlimit doctor --explain ID` tells about each finding; -o json shows the ids.".to_owned();
    }
    format!("{}. `dhlimit doctor --explain ID` tells more of each.", bad.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn look(columns: Option<u16>) -> Look {
        Look { columns, colour: false, now: chrono::DateTime::UNIX_EPOCH }
    }

    fn sample() -> DoctorReport {
        DoctorReport::new(vec![
            Finding::new(Topic::Logins, Severity::Ok, "login-used", "docker.io", "docker, nerdctl, podman: bob"),
            Finding::new(Topic::Logins, Severity::Ok, "login-used", "docker.io", "docker, nerdctl, podman: bob"),
            Finding::new(Topic::Runtimes, Severity::Ok, "runtime-works", "podman", "5.4.0"),
            Finding::new(Topic::Runtimes, Severity::Warning, "runtime-stopped", "docker", "no daemon").advise("start it"),
            Finding::new(
                Topic::Count,
                Severity::Error,
                "counted-as-address",
                "docker.io",
                "credentials of bob were sent, but the address 192.0.2.10 was counted: they are not being used, whatever the file says",
            )
            .advise("log in again"),
        ])
    }

    #[test]
    fn the_worst_comes_first_and_what_is_well_takes_a_line() {
        let page = table(&sample(), look(Some(80)));
        let wanted = "\
The count
  ✗ counted-as-address  docker.io
    credentials of bob were sent, but the address 192.0.2.10 was counted: they
    are not being used, whatever the file says
    → log in again

Runtimes
  ! runtime-stopped  docker
    no daemon
    → start it
  ✓ podman: 5.4.0

Logins
  ✓ docker.io: docker, nerdctl, podman: bob

1 error, 1 warning. `dhlimit doctor --explain ID` tells more of each.
";
        assert_eq!(page, wanted);
    }

    #[test]
    fn a_plain_finding_is_a_line_with_its_id() {
        let lines = plain(&sample());
        assert_eq!(lines.lines().count(), 4, "{lines}");
        assert!(
            lines.contains("warning  runtime-stopped  docker: no daemon → start it\n"),
            "{lines}"
        );
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_the_terminal_and_none_steers_it(evidence in "[a-z\\x1b\\n :]{0,200}", columns in 40_u16..160, bad in any::<bool>()) {
            let severity = if bad { Severity::Error } else { Severity::Ok };
            let words: String = evidence.split(' ').map(|word| word.chars().take(20).collect::<String>()).collect::<Vec<_>>().join(" ");
            let report = DoctorReport::new(vec![Finding::new(Topic::Way, severity, "clock-skew", "clock", &words)]);
            for line in table(&report, look(Some(columns))).lines() {
                prop_assert!(line.chars().count() <= usize::from(columns), "{columns}: {line}");
                prop_assert!(!line.chars().any(crate::text::is_control));
            }
        }
    }
}
