//! The Monitoring Plugins' form (Development Guidelines, 2024): one line `SERVICE STATUS - text |
//! perfdata`, further lines of detail, and the status as 0, 1, 2 or 3.

use super::sentence;
use crate::check::{Alarm, CheckReport, alarm};
use crate::quota::Record;
use crate::text::one_line;

/// The output and the plugin's exit code. The status is the worst of the effective readings, of all
/// where none is effective; unknown is worse than critical only when nothing is critical.
pub fn nagios(
    report: &CheckReport,
    warning: impl Fn(&Record) -> Option<u64>,
    critical: impl Fn(&Record) -> Option<u64>,
) -> (String, u8) {
    let judged = |reading: &Record| alarm(reading, warning(reading), critical(reading));
    let any_effective = report.readings.iter().any(|reading| reading.effective);
    let counted = || report.readings.iter().filter(|reading| reading.effective || !any_effective);
    let severity = |alarm: Alarm| match alarm {
        Alarm::Ok => 0,
        Alarm::Warning => 1,
        Alarm::Unknown => 2,
        Alarm::Critical => 3,
    };
    let worst =
        counted().map(judged).max_by_key(|alarm| severity(*alarm)).unwrap_or(Alarm::Unknown);
    let (word, code) = match worst {
        Alarm::Ok => ("OK", 0),
        Alarm::Warning => ("WARNING", 1),
        Alarm::Critical => ("CRITICAL", 2),
        Alarm::Unknown => ("UNKNOWN", 3),
    };
    let text = counted()
        .find(|reading| judged(reading) == worst)
        .map_or_else(|| "no reading".to_owned(), line);
    let perfdata: Vec<String> = report
        .readings
        .iter()
        .filter_map(|reading| perfdata(reading, report, warning(reading), critical(reading)))
        .collect();
    let mut output = format!("DHLIMIT {word} - {text}");
    if !perfdata.is_empty() {
        output.push_str(" | ");
        output.push_str(&perfdata.join(" "));
    }
    output.push('\n');
    if report.readings.len() > 1 {
        for reading in &report.readings {
            output.push_str(&line(reading));
            output.push('\n');
        }
    }
    (output, code)
}

/// A reading without the one character that ends the text.
fn line(reading: &Record) -> String {
    let line = format!("{} {}: {}", reading.image, reading.identity.label(), sentence(reading));
    one_line(&line, 400).replace('|', "/")
}

/// `'label'=value;warn;crit;min;max`, thresholds as ranges that alert below.
fn perfdata(
    reading: &Record,
    report: &CheckReport,
    warning: Option<u64>,
    critical: Option<u64>,
) -> Option<String> {
    let remaining = reading.remaining?;
    let range =
        |threshold: Option<u64>| threshold.map(|least| format!("{least}:")).unwrap_or_default();
    let several_images = report.readings.iter().any(|other| other.image != reading.image);
    let several_families = report.readings.iter().any(|other| {
        other.image == reading.image
            && other.identity == reading.identity
            && other.family != reading.family
    });
    let mut label = format!("{}_remaining", reading.identity.label());
    if several_images {
        label = format!("{} {label}", reading.image);
    }
    if let (true, Some(family)) = (several_families, reading.family) {
        label = format!(
            "{label}_{}",
            if family == crate::quota::Family::Ipv4 { "ipv4" } else { "ipv6" }
        );
    }
    let label = one_line(&label, 200).replace('\'', "''").replace('=', "_");
    let limit = reading.limit.map(|limit| limit.to_string()).unwrap_or_default();
    Some(format!("'{label}'={remaining};{};{};0;{limit}", range(warning), range(critical)))
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{limited, report, with};
    use super::*;
    use crate::quota::State;
    use rstest::rstest;

    #[test]
    fn the_line_has_text_and_perfdata() {
        let (output, code) = nagios(&report(vec![limited()]), |_| Some(20), |_| Some(5));
        assert_eq!(
            output,
            "DHLIMIT OK - docker.io/library/nginx:latest anonymous: 76 of 100 pulls left (1h window) | 'anonymous_remaining'=76;20:;5:;0;100\n"
        );
        assert_eq!(code, 0);
    }

    #[rstest]
    #[case(State::Limited, Some(20), 0)]
    #[case(State::Limited, Some(19), 1)]
    #[case(State::Limited, Some(5), 1)]
    #[case(State::Limited, Some(4), 2)]
    #[case(State::Exhausted, Some(0), 2)]
    #[case(State::Unlimited, None, 0)]
    #[case(State::Throttled, None, 2)]
    #[case(State::Unknown, None, 3)]
    #[case(State::Failed, None, 3)]
    fn states_become_plugin_codes(
        #[case] state: State,
        #[case] remaining: Option<u64>,
        #[case] code: u8,
    ) {
        assert_eq!(
            nagios(&report(vec![with(state, remaining)]), |_| Some(20), |_| Some(5)).1,
            code
        );
    }

    #[test]
    fn foreign_text_cannot_forge_perfdata() {
        let mut reading = limited();
        reading.identity.kind = crate::quota::IdentityKind::Account;
        reading.identity.user = Some("a|'x'=1\nb".into());
        let (output, _) = nagios(&report(vec![reading]), |_| None, |_| None);
        assert_eq!(output.matches('|').count(), 2, "{output}");
        assert_eq!(output.lines().count(), 1);
    }
}
