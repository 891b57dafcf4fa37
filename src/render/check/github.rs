//! GitHub Actions: workflow commands that become annotations, and the job summary in Markdown.
//! Follows GitHub's "Workflow commands" page (2026): `%`, CR and LF are escaped in messages, `:` and
//! `,` in properties too.

use super::sentence;
use crate::check::{Alarm, CheckReport, alarm};
use crate::quota::{Record, timestamp};
use crate::text::one_line;

/// One workflow command a reading: error, warning or notice by its alarm.
pub fn annotations(
    report: &CheckReport,
    warning: impl Fn(&Record) -> Option<u64>,
    critical: impl Fn(&Record) -> Option<u64>,
) -> String {
    let mut lines = String::new();
    for reading in &report.readings {
        let level = match alarm(reading, warning(reading), critical(reading)) {
            _ if !reading.effective => "notice",
            Alarm::Ok => "notice",
            Alarm::Warning => "warning",
            Alarm::Critical | Alarm::Unknown => "error",
        };
        let title = format!("Pull limit of {}, {}", reading.registry, reading.identity.label());
        let advice =
            reading.error.as_ref().map(|error| format!(". {}", error.advice)).unwrap_or_default();
        let odd: String = reading.warnings.iter().map(|warning| format!(". {warning}")).collect();
        lines.push_str(&command_line(
            level,
            &title,
            &format!("{}: {}{advice}{odd}", reading.image, sentence(reading)),
        ));
    }
    lines
}

/// The job summary: a heading and a table.
pub fn summary(report: &CheckReport) -> String {
    let mut page = String::from(
        "### Pull limit\n\n| image | identity | counted as | left | state |\n|---|---|---|---|---|\n",
    );
    for reading in &report.readings {
        let cells = [
            reading.image.clone(),
            format!(
                "{}{}",
                reading.identity.label(),
                if reading.effective { " (effective)" } else { "" }
            ),
            reading.counted().unwrap_or_else(|| "–".to_owned()),
            reading
                .remaining
                .zip(reading.limit)
                .map_or_else(|| "–".to_owned(), |(left, limit)| format!("{left} / {limit}")),
            format!("{}: {}", reading.state.as_str(), sentence(reading)),
        ];
        page.push_str(&format!("| {} |\n", cells.map(|cell| markdown(&cell)).join(" | ")));
    }
    page.push_str(&format!("\nChecked at {} by dhlimit.\n", timestamp(report.checked_at)));
    page
}

/// One workflow command that makes an annotation, as a line.
pub(in crate::render) fn command_line(level: &str, title: &str, text: &str) -> String {
    format!("::{level} title={}::{}\n", property(title), message(text))
}

fn message(text: &str) -> String {
    one_line(text, 1_000).replace('%', "%25")
}

fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

/// Foreign text in a table cell: nothing of it is markup.
pub(in crate::render) fn markdown(text: &str) -> String {
    let mut cell = String::new();
    for character in one_line(text, 300).chars() {
        match character {
            '&' => cell.push_str("&amp;"),
            '<' => cell.push_str("&lt;"),
            '|' | '*' | '_' | '`' | '[' | ']' | '\\' | '~' => {
                cell.push('\\');
                cell.push(character);
            }
            other => cell.push(other),
        }
    }
    cell
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{limited, report, with};
    use super::*;
    use crate::quota::State;

    #[test]
    fn annotations_rise_with_the_alarm() {
        let levels = |reading: Record| {
            annotations(&report(vec![reading]), |_| Some(80), |_| Some(5))
                .split(' ')
                .next()
                .unwrap()
                .to_owned()
        };
        assert_eq!(levels(limited()), "::warning");
        assert_eq!(levels(with(State::Exhausted, Some(0))), "::error");
        assert_eq!(levels(with(State::Unlimited, None)), "::notice");
        assert_eq!(
            levels(Record { effective: false, ..with(State::Exhausted, Some(0)) }),
            "::notice"
        );
    }

    #[test]
    fn foreign_text_is_neither_command_nor_markup() {
        let mut reading = limited();
        reading.source = Some("x|<b>`\n::error::forged".into());
        reading.warnings = vec!["50%\n::error::forged".into()];
        let report = report(vec![reading]);
        let lines = annotations(&report, |_| None, |_| None);
        assert_eq!(lines.lines().count(), 1, "{lines}");
        assert!(lines.contains("50%25 ::error::forged"), "{lines}");
        assert!(summary(&report).contains("x\\|&lt;b>\\`"), "{}", summary(&report));
    }
}
