//! What `doctor` found, shown to people and scripts: what a pull from here is counted on, then findings
//! in groups by what they are about, the worst first; what is well takes a line.

use std::fmt::Write;

use super::Look;
use super::check::sentence;
use super::style::{Palette, Role};
use crate::doctor::{DoctorReport, Finding, SHOWN, Severity, Topic};
use crate::quota::{SourceKind, State};
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

/// What a pull from here is counted on and how many findings are bad, then the findings in groups, for
/// people. What is well with runtimes and on the way takes one line together, unless `detailed`.
pub fn table(report: &DoctorReport, look: Look, detailed: bool) -> String {
    let palette = Palette::new(look.colour);
    let mut page = headline(report, look, palette);
    let _ = writeln!(page, "{}", wrap(&verdict(report), look.columns));
    for group in report.findings.chunk_by(|one, next| one.topic == next.topic) {
        let Some(topic) = group.first().map(|finding| finding.topic) else { continue };
        let _ = writeln!(page, "\n{}", palette.paint(Role::Strong, title(topic)));
        let folds = !detailed && matches!(topic, Topic::Way | Topic::Runtimes);
        let is_well =
            |finding: &Finding| finding.severity == Severity::Ok && finding.advice.is_none();
        for finding in group.iter().filter(|finding| !(folds && is_well(finding))) {
            page.push_str(&block(finding, look, palette));
        }
        if folds {
            page.push_str(&folded(group.iter().filter(|finding| is_well(finding)), look, palette));
        }
    }
    page
}

/// What a pull from here is counted on, and what is left of it: a line for each registry, and for each
/// address family where they are counted apart.
fn headline(report: &DoctorReport, look: Look, palette: Palette) -> String {
    let mut lines: Vec<(String, Role)> = Vec::new();
    for record in &report.effective {
        let counted = match (record.counted(), record.source_kind) {
            (Some(source), Some(SourceKind::Account)) => {
                format!("pulls from here count against the account {source}")
            }
            (Some(source), _) => format!("pulls from here count against the address {source}"),
            (None, _) => format!("pulls from here ({})", record.identity.label()),
        };
        let line = format!("{}: {counted}: {}", record.registry, sentence(record));
        let role = match record.state {
            State::Limited | State::Unlimited => Role::Good,
            State::Exhausted | State::Throttled | State::Failed => Role::Bad,
            State::Unknown => Role::Caution,
        };
        if !lines.iter().any(|(known, _)| *known == line) {
            lines.push((line, role));
        }
    }
    let shown = |(line, role): &(String, Role)| {
        format!("{}\n", palette.paint(*role, wrap(&one_line(line, SHOWN), look.columns)))
    };
    lines.iter().map(shown).collect()
}

/// What is well, in one line: the subjects, each once.
fn folded<'f>(findings: impl Iterator<Item = &'f Finding>, look: Look, palette: Palette) -> String {
    let mut subjects: Vec<&str> = Vec::new();
    for finding in findings {
        if !subjects.contains(&finding.subject.as_str()) {
            subjects.push(&finding.subject);
        }
    }
    if subjects.is_empty() {
        return String::new();
    }
    let (sign, role) = sign(Severity::Ok);
    let line = indented(&format!("{} (more with -v)", subjects.join(", ")), look);
    line.replacen("    ", &format!("  {} ", palette.paint(role, sign)), 1) + "\n"
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
    use crate::quota::Record;
    use proptest::prelude::*;

    fn look(columns: Option<u16>) -> Look {
        Look { columns, colour: false, now: chrono::DateTime::UNIX_EPOCH }
    }

    /// What `check` had of an anonymous pull.
    fn reading() -> Record {
        super::super::check::fixtures::limited()
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
        ], vec![reading()])
    }

    #[test]
    fn the_worst_comes_first_and_what_is_well_takes_a_line() {
        let page = table(&sample(), look(Some(80)), true);
        let wanted = "\
docker.io: pulls from here count against the address 192.0.2.10: 76 of 100 pulls
left (1h window)
1 error, 1 warning. `dhlimit doctor --explain ID` tells more of each.

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
";
        assert_eq!(page, wanted);
        let folded = table(&sample(), look(Some(80)), false);
        assert_eq!(folded, wanted.replace("✓ podman: 5.4.0", "✓ podman (more with -v)"));
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
            let report = DoctorReport::new(vec![Finding::new(Topic::Way, severity, "clock-skew", "clock", &words)], Vec::new());
            for line in table(&report, look(Some(columns)), bad).lines() {
                prop_assert!(line.chars().count() <= usize::from(columns), "{columns}: {line}");
                prop_assert!(!line.chars().any(crate::text::is_control));
            }
        }
    }
}
