//! The findings of a scan as annotations of GitHub Actions, each at its line and column. Follows GitHub's
//! "Workflow commands" page (2026): `%`, CR and LF are escaped in messages, `:` and `,` in properties too.

use crate::scan::{Level, Scan};
use crate::text::one_line;

/// One workflow command a finding.
pub fn github(scan: &Scan) -> String {
    let mut lines = String::new();
    for one in &scan.findings {
        let level = match one.severity {
            Level::Info => "notice",
            Level::Warning => "warning",
            Level::Error => "error",
        };
        lines.push_str(&format!(
            "::{level} file={},line={},col={},title={}::{}\n",
            property(&one.path),
            one.line,
            one.column,
            property(one.rule),
            message(&format!("{}. {}", one.message, one.advice))
        ));
    }
    lines
}

fn message(text: &str) -> String {
    one_line(text, 1_000).replace('%', "%25")
}

fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}
