//! One line a reading, fields apart by two spaces or more: for pipes and logs.

use super::sentence;
use crate::check::CheckReport;
use crate::text::one_line;

/// One line a reading: image, identity, who is counted, what is left.
pub fn plain(report: &CheckReport) -> String {
    let mut lines = String::new();
    for reading in &report.readings {
        let counted =
            reading.counted().map(|source| format!(" counted as {source}")).unwrap_or_default();
        let effective = if reading.effective { " [effective]" } else { "" };
        let line = format!(
            "{}  {}{effective}{counted}: {}  {}",
            reading.image,
            reading.identity.label(),
            reading.state.as_str(),
            sentence(reading)
        );
        lines.push_str(&one_line(&line, 1_000));
        lines.push('\n');
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{limited, report};
    use super::*;

    #[test]
    fn a_reading_is_a_line() {
        assert_eq!(
            plain(&report(vec![limited()])),
            "docker.io/library/nginx:latest  anonymous [effective] counted as 192.0.2.10: limited  76 of 100 pulls left (1h window)\n"
        );
    }
}
