//! What `explain` found, for people: one block a class, one row an image and tool, a sample of what
//! was said, and the next step. Memory is bounded whatever the log says.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::Look;
use super::style::{Palette, Role};
use super::table::{Cell, Surface, Table};
use crate::text::{one_line, wrap};

/// What is said where nothing was found.
pub const NOTHING: &str = "No line tells of a pull that failed, as far as dhlimit knows.";
/// The most rows kept apart; further ones are counted only.
const ROWS_MAX: usize = 2_000;
/// The most rows shown of one class.
const SHOWN_MAX: usize = 20;
/// The most characters of a sample.
const SAMPLE: usize = 300;

/// One failure out of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The line it stands in, from 1.
    pub line: u64,
    /// Where its class stands among the classes.
    pub rank: usize,
    /// The class, as JSON has it.
    pub class: &'static str,
    /// The class, for people.
    pub title: &'static str,
    /// The image, where one is named.
    pub image: Option<String>,
    /// The tool that printed it, where it is known.
    pub tool: Option<&'static str>,
    /// The decisive part.
    pub text: String,
    /// What to do next.
    pub advice: &'static str,
}

/// Failures with the repeated ones counted.
#[derive(Debug, Clone, Default)]
pub struct Failures {
    rows: Vec<(Failure, u64)>,
    places: BTreeMap<(usize, Option<&'static str>, Option<String>), usize>,
    left_out: u64,
}

impl Failures {
    /// Adds a failure: to the row of its class, image and tool where there is one.
    pub fn add(&mut self, failure: Failure) {
        let key = (failure.rank, failure.tool, failure.image.clone());
        if let Some((_, times)) = self.places.get(&key).and_then(|place| self.rows.get_mut(*place))
        {
            *times += 1;
        } else if self.rows.len() < ROWS_MAX {
            self.places.insert(key, self.rows.len());
            self.rows.push((failure, 1));
        } else {
            self.left_out += 1;
        }
    }
}

/// One failure in a line: where, what, of which image, by which tool, in which words.
pub fn plain(failure: &Failure) -> String {
    let image = failure.image.as_deref().unwrap_or("-");
    let tool = failure.tool.unwrap_or("-");
    one_line(
        &format!("{}: {}  {image}  {tool}  {}", failure.line, failure.class, failure.text),
        1_000,
    )
}

/// All failures by class, in the order of judgement.
pub fn table(failures: &Failures, look: Look) -> String {
    if failures.rows.is_empty() {
        return format!("{}\n", wrap(NOTHING, look.columns));
    }
    let mut ranks: Vec<usize> = failures.rows.iter().map(|(row, _)| row.rank).collect();
    ranks.sort_unstable();
    ranks.dedup();
    let blocks: Vec<String> = ranks
        .iter()
        .map(|rank| {
            let mut rows: Vec<&(Failure, u64)> =
                failures.rows.iter().filter(|(row, _)| row.rank == *rank).collect();
            rows.sort_by_key(|(row, _)| row.line);
            block(&rows, look)
        })
        .collect();
    let mut page = blocks.join("\n");
    if failures.left_out > 0 {
        let _ = writeln!(
            page,
            "\n… and {} more of further images; -o plain shows every one.",
            failures.left_out
        );
    }
    page
}

fn block(rows: &[&(Failure, u64)], look: Look) -> String {
    let palette = Palette::new(look.colour);
    let mut page = String::new();
    let Some((first, _)) = rows.first() else { return page };
    let times: u64 = rows.iter().map(|(_, times)| times).sum();
    let count = if times == 1 { "once".to_owned() } else { format!("{times} times") };
    let _ = writeln!(page, "{} ({}), {count}", palette.paint(Role::Bad, first.title), first.class);
    let mut table = Table::new().numbers("LINE").numbers("TIMES").column("TOOL").column("IMAGE");
    for (row, times) in rows.iter().take(SHOWN_MAX) {
        table.row([
            row.line.into(),
            (*times).into(),
            row.tool.unwrap_or("–").into(),
            Cell::from(row.image.as_deref().unwrap_or("–")),
        ]);
    }
    page.push_str(&table.render(Surface { width: look.columns, colour: look.colour }));
    if rows.len() > SHOWN_MAX {
        let _ = writeln!(
            page,
            "… and {} more images; -o plain shows every one.",
            rows.len() - SHOWN_MAX
        );
    }
    let sample = format!("Line {}: {}", first.line, one_line(&first.text, SAMPLE));
    let _ = writeln!(page, "{}", wrap(&sample, look.columns));
    let _ = writeln!(page, "{}", wrap(&format!("→ {}", first.advice), look.columns));
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(line: u64, image: &str) -> Failure {
        Failure {
            line,
            rank: 1,
            class: "pull_limit",
            title: "Docker Hub's pull limit",
            image: Some(image.to_owned()),
            tool: Some("docker"),
            text: "toomanyrequests: You have reached your pull rate limit.".to_owned(),
            advice: "Run `dhlimit check` to see how much is left.",
        }
    }

    fn look(columns: u16) -> Look {
        Look { columns: Some(columns), colour: false, now: chrono::DateTime::UNIX_EPOCH }
    }

    #[test]
    fn the_same_failure_is_one_row_with_a_count() {
        let mut failures = Failures::default();
        for line in [3, 9, 12] {
            failures.add(failure(line, "docker.io/library/nginx:1.27"));
        }
        failures.add(failure(20, "docker.io/library/redis:7"));
        let shown = table(&failures, look(80));
        assert!(shown.starts_with("Docker Hub's pull limit (pull_limit), 4 times\n"), "{shown}");
        assert!(
            shown.contains("\n   3      3  docker  docker.io/library/nginx:1.27\n  20      1  docker  docker.io/library/redis:7\n"),
            "{shown}"
        );
        assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
    }

    #[test]
    fn a_log_of_endless_images_takes_bounded_room() {
        let mut failures = Failures::default();
        for line in 0..10_000 {
            failures.add(failure(line, &format!("docker.io/library/n{line}:1")));
        }
        let shown = table(&failures, look(80));
        assert!(
            failures.rows.len() == ROWS_MAX
                && shown.lines().count() < 40
                && shown.contains("and 8000 more"),
            "{shown}"
        );
    }

    #[test]
    fn nothing_found_is_one_sentence_and_a_failure_is_one_line() {
        assert_eq!(table(&Failures::default(), look(80)).trim_end(), NOTHING);
        let line = plain(&failure(12, "docker.io/library/nginx:1.27"));
        assert_eq!(
            line,
            "12: pull_limit  docker.io/library/nginx:1.27  docker  toomanyrequests: You have reached your pull rate limit."
        );
    }
}
