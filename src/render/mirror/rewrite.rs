//! What `mirror rewrite` would change, as a unified diff that `patch` and `git apply` take; what has changed, a
//! line a file; and what is left, for standard error.

use similar::TextDiff;

use crate::mirror::rewrite::{FileReport, Report, State};
use crate::render::style::{Palette, Role};
use crate::text::one_line;

/// The most characters of a line about what is left.
const MOST: usize = 400;

/// A unified diff of all files.
pub fn rewrite_diff(report: &Report, colour: bool) -> String {
    let palette = Palette::new(colour);
    let mut page = String::new();
    for file in &report.files {
        for line in diff(file).split_inclusive('\n') {
            let role = match line.chars().next() {
                Some('+') if !line.starts_with("+++") => Role::Good,
                Some('-') if !line.starts_with("---") => Role::Bad,
                _ if colour && line.starts_with("@@") => Role::Dim,
                _ => {
                    page.push_str(line);
                    continue;
                }
            };
            let text = line.trim_end_matches('\n');
            page.push_str(&palette.paint(role, text).to_string());
            page.push('\n');
        }
    }
    page
}

fn diff(file: &FileReport) -> String {
    let (before, after) =
        (String::from_utf8_lossy(&file.before), String::from_utf8_lossy(&file.after));
    let path = file.path.trim_start_matches("./").trim_start_matches('/');
    TextDiff::from_lines(before.as_ref(), after.as_ref())
        .unified_diff()
        .header(&format!("a/{path}"), &format!("b/{path}"))
        .to_string()
}

/// A line a file: what has become of it, and how many places of it.
pub fn rewrite_plain(report: &Report) -> String {
    let line = |file: &FileReport| {
        let did = match file.state {
            State::WouldChange => "would change",
            State::Changed => "changed",
            State::Failed => "failed",
            State::Interrupted => "not written",
        };
        let count = file.changes.len();
        let places = if count == 1 { "place" } else { "places" };
        format!("{did}  {}  {count} {places}\n", file.path)
    };
    report.files.iter().map(line).collect()
}

/// What is left, what failed, and what else is good to know.
pub fn rewrite_notes(report: &Report) -> Vec<String> {
    let mut notes: Vec<String> = report
        .skipped
        .iter()
        .map(|skipped| format!("· {}: {}", skipped.path, skipped.reason))
        .collect();
    for left in &report.left {
        notes
            .push(format!("· {}:{}: left {}: {}", left.path, left.line, left.written, left.reason));
    }
    for file in &report.files {
        if let Some(why) = &file.failure {
            notes.push(format!("✗ {}: {why}; it is as it was", file.path));
        }
    }
    for record in &report.records {
        notes.push(format!("· {record} keeps how names were spelled, for --reverse"));
    }
    if let Some(variable) =
        report.variable.as_ref().filter(|_| !report.reverse && !report.files.is_empty())
    {
        notes.push(format!("· to pull through the mirror, set {variable}={}/", report.mirror));
    }
    notes.into_iter().map(|note| one_line(&note, MOST)).collect()
}
