//! What `mirror copy` did.

use chrono::{DateTime, Utc};

use super::super::style::{Palette, Role};
use super::super::table::{Cell, Surface, Table};
use super::super::{Look, span};
use crate::mirror::copy::{CopiedImage, CopyReport, Outcome, Waiting};
use crate::text::{one_line, wrap};

/// The most characters of a reason.
const MOST: usize = 600;

fn why(image: &CopiedImage) -> &str {
    image.failure.as_deref().or(image.note.as_deref()).unwrap_or_default()
}

/// What a run waits for.
pub fn copy_wait(waiting: &Waiting, now: DateTime<Utc>) -> String {
    let left = waiting.full_by.map(|full_by| {
        let seconds = (full_by - now).num_seconds().max(0);
        format!("; full again within {}", span(seconds.unsigned_abs()))
    });
    format!(
        "waiting: {} left of {}, {} wanted{}",
        waiting.remaining,
        waiting.whom,
        waiting.wanted,
        left.unwrap_or_default()
    )
}

/// One line an image: what was done, from where, where to, what it cost, and why.
pub fn copy_plain(report: &CopyReport) -> String {
    let line = |image: &CopiedImage| {
        let line = format!(
            "{}  {}  {}  {}  {}",
            image.outcome.as_str(),
            image.source,
            image.destination,
            image.pulls,
            one_line(why(image), MOST)
        );
        line.trim_end().to_owned() + "\n"
    };
    report.images.iter().map(line).collect()
}

/// The same for people, with a sentence at the end.
pub fn copy_table(report: &CopyReport, look: Look) -> String {
    let mut table =
        Table::new().column("OUTCOME").column("IMAGE").column("DESTINATION").numbers("PULLS");
    for image in &report.images {
        let role = match image.outcome {
            Outcome::Copied | Outcome::Present => Role::Good,
            Outcome::Failed => Role::Bad,
            Outcome::Skipped => Role::Dim,
        };
        table.row([
            Cell::role(role, image.outcome.as_str()),
            image.source.as_str().into(),
            image.destination.as_str().into(),
            image.pulls.into(),
        ]);
    }
    let palette = Palette::new(look.colour);
    let mut page = table.render(Surface { width: look.columns, colour: look.colour });
    for image in report.images.iter().filter(|image| !why(image).is_empty()) {
        let (sign, role) =
            if image.failure.is_some() { ('✗', Role::Bad) } else { ('!', Role::Caution) };
        let text = wrap(&format!("{}: {}", image.source, one_line(why(image), MOST)), look.columns);
        page.push_str(&format!("\n{} {text}\n", palette.paint(role, sign)));
    }
    let count = |outcome| report.images.iter().filter(|image| image.outcome == outcome).count();
    let left = report.remaining.map(|left| format!("; {left} left")).unwrap_or_default();
    page.push_str(&format!(
        "\n{} copied, {} there already, {} failed, {} not tried. Pulls used: {}{left}.\n",
        count(Outcome::Copied),
        count(Outcome::Present),
        count(Outcome::Failed),
        count(Outcome::Skipped),
        report.pulls
    ));
    page
}
