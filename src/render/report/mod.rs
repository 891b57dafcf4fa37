//! The forms of a report: text, a drawing, a page. Times are UTC in every form: a report is passed around.

mod html;
mod table;

use super::chart::{Clock, Line, Picture};
use crate::report::{Report, Summary, WorstHour};
use crate::text::one_line;

pub use html::html;
pub use table::table;

impl Report {
    /// The counts over time, ready to be drawn.
    fn picture(&self) -> Picture<'_> {
        Picture {
            title: "Pulls left over time".to_owned(),
            what: "pulls left",
            clock: Clock::Utc,
            lines: self.series.iter().map(|series| self.line(series)).collect(),
        }
    }

    fn line<'a>(&self, series: &'a Summary) -> Line<'a> {
        let lowest = series
            .lowest
            .map_or_else(|| "no count".to_owned(), |lowest| format!("{lowest} left at the lowest"));
        Line {
            name: self.name(series),
            limit: series.limit,
            cells: series.trace.cells().into(),
            note: match series.refused {
                0 => String::new(),
                times => format!(" · {times} times 429 (×)"),
            },
            words: format!("{lowest}, {} pulls seen", series.pulls),
        }
    }

    /// What is not in it, in words.
    fn omissions(&self) -> Vec<String> {
        let series = (self.series_left_out > 0).then(|| {
            format!(
                "Only the {} series read last are shown; older ones left out: {}",
                self.series.len(),
                self.series_left_out
            )
        });
        let torn = (self.torn_lines > 0)
            .then(|| format!("Lines torn off or damaged, and passed over: {}", self.torn_lines));
        series.into_iter().chain(torn).collect()
    }

    /// Whether there is more than one file, so that series are told apart by theirs.
    fn has_many_files(&self) -> bool {
        let mut files = self.series.iter().flat_map(|series| &series.files);
        let first = files.next();
        files.any(|file| Some(file) != first)
    }

    /// The name of a series: as whom, counted on what, and in which file where there are several.
    fn name(&self, series: &Summary) -> String {
        let mut name = one_line(series.identity.label(), 40);
        if series.registry != crate::image::hub::NAME {
            name = format!("{name} at {}", one_line(&series.registry, 60));
        }
        if let Some(source) =
            series.source.as_deref().filter(|source| *source != series.identity.label())
        {
            name = format!("{name} · {}", one_line(source, 45));
        }
        match series.files.as_slice() {
            [file, more @ ..] if self.has_many_files() => {
                let more = if more.is_empty() {
                    String::new()
                } else {
                    format!(" and {} more", more.len())
                };
                format!("{name} · {}{more}", one_line(file, 60))
            }
            _ => name,
        }
    }
}

impl Summary {
    /// Pulls an hour for people.
    fn pace(&self) -> String {
        self.pulls_per_hour.map_or_else(
            || "–".to_owned(),
            |pace| if pace < 10.0 { format!("{pace:.1}") } else { format!("{pace:.0}") },
        )
    }

    /// What the last sample led to expect, for people.
    fn outlook(&self) -> Option<String> {
        let burn = format!("at its end {:.0} pulls an hour", self.burn_per_hour?);
        Some(self.empty_at.map_or_else(
            || format!("{burn}, and not empty at that rate"),
            |at| format!("{burn}, empty at {}", at.format("%b %d %H:%M:%S")),
        ))
    }

    /// The worst hour for people: how many pulls, and from when.
    fn worst(&self) -> String {
        self.worst_hour.map_or_else(
            || "–".to_owned(),
            |worst| format!("{}{}", worst.pulls, worst.since(" from %b %d %H:%M")),
        )
    }
}

impl WorstHour {
    /// When it began, in a form.
    fn since(self, form: &str) -> String {
        self.from.map_or_else(String::new, |from| from.format(form).to_string())
    }
}

/// A word for nothing to show.
const EMPTY: &str = "The recordings hold no samples yet.";

/// The chart as an SVG document.
pub fn svg(report: &Report) -> String {
    super::chart::svg(&[report.picture()], EMPTY)
}
