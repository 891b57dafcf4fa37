//! What `doctor` found, shown to people and scripts: findings stand in groups by what they are about,
//! the worst first; what is well takes a line.

use std::fmt::Write;

use super::Look;
use super::style::{Palette, Role};
use crate::doctor::{DoctorReport, Finding, SHOWN, Severity, Topic};
use crate::text::{one_line, wrap};

const fn title(topic: Topic) -> &'static str {
    match topic {
        Topic::Logins => "Logins",
        Topic::Count => "The count",
        Topic::Way => "Mirrors, proxies, clock, trust",
        Topic::Runtimes => "Runtimes",
    }
}

const fn sign(severity: Severity) -> (char, Role) {
    match severity {
        Severity::Ok => ('✓', Role::Good),
        Severity::Info => ('·', Role::Accent),
        Severity::Warning => ('!', Role::Caution),
        Severity::Error => ('✗', Role::Bad),
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
            let _ = writeln!(page, "{gap}{}", palette.paint(Role::Strong, title(finding.topic)));
            topic = Some(finding.topic);
        }
        page.push_str(&block(finding, look, palette));
    }
    let _ = writeln!(page, "\n{}", wrap(&verdict(report), look.columns));
    page
}

/// One finding: a line where all is well, else its id, what was seen, and what to do.
fn block(finding: &Finding, look: Look, palette: Palette) -> String {
    let (sign, role) = sign(finding.severity);
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
