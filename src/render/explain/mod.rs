//! What `explain` found, for people: one block a class, one row an image and tool with its times, the
//! pods and nodes, a sample of what was said, and the next step. Memory is bounded whatever the log
//! says.

mod stream;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::Look;
use super::style::{Palette, Role};
use super::table::{Cell, Surface, Table};
use crate::diagnosis::{Class, Finding};
use crate::text::{one_line, wrap};

pub use stream::{Form, Stream, StreamError};

/// What is said where nothing was found.
pub const NOTHING: &str = "No line tells of a pull that failed, as far as dhlimit knows.";
/// The most rows kept apart; further ones are counted only.
const ROWS_MAX: usize = 2_000;
/// The most rows shown of one class.
const SHOWN_MAX: usize = 20;
/// The most characters of a sample.
const SAMPLE: usize = 300;
/// The most pods and nodes kept of one class, and the most shown.
const NAMES_MAX: usize = 1_000;
const NAMES_SHOWN: usize = 5;

/// Failures with the repeated ones counted.
#[derive(Debug, Clone, Default)]
pub struct Failures {
    rows: Vec<Row>,
    places: BTreeMap<(Class, Option<&'static str>, Option<String>), usize>,
    blocks: BTreeMap<Class, Block>,
    left_out: u64,
}

/// Failures of one class, tool and image.
#[derive(Debug, Clone)]
struct Row {
    /// The one in the first line.
    first: Finding,
    times: u64,
    /// When the last one was.
    last_at: Option<String>,
}

/// What is known of all failures of one class.
#[derive(Debug, Clone, Default)]
struct Block {
    pods: BTreeSet<String>,
    nodes: BTreeSet<String>,
    /// What to do, in the order in which it was first advised.
    advice: Vec<&'static str>,
}

impl Failures {
    /// Adds a failure: to the row of its class, image and tool where there is one.
    pub fn add(&mut self, finding: Finding) {
        self.blocks.entry(finding.class).or_default().add(&finding);
        let times = finding.occurrence.count;
        let key = (finding.class, finding.tool, finding.image.clone());
        if let Some(row) = self.places.get(&key).and_then(|place| self.rows.get_mut(*place)) {
            row.times = row.times.saturating_add(times);
            row.last_at = row.last_at.take().max(finding.occurrence.last_at.clone());
            let first_at = &mut row.first.occurrence.first_at;
            if finding.occurrence.first_at.is_some()
                && first_at
                    .as_ref()
                    .is_none_or(|at| Some(at) > finding.occurrence.first_at.as_ref())
            {
                *first_at = finding.occurrence.first_at;
            }
        } else if self.rows.len() < ROWS_MAX {
            self.places.insert(key, self.rows.len());
            let last_at = finding.occurrence.last_at.clone();
            self.rows.push(Row { first: finding, times, last_at });
        } else {
            self.left_out += 1;
        }
    }
}

impl Block {
    fn add(&mut self, finding: &Finding) {
        let place = &finding.occurrence;
        if let Some(pod) = &place.pod
            && self.pods.len() < NAMES_MAX
        {
            let namespace = place.namespace.as_ref().map(|name| format!("{name}/"));
            self.pods.insert(namespace.unwrap_or_default() + pod);
        }
        if let Some(node) = &place.node
            && self.nodes.len() < NAMES_MAX
        {
            self.nodes.insert(node.clone());
        }
        if !self.advice.contains(&finding.advice) {
            self.advice.push(finding.advice);
        }
    }
}

/// One failure in a line: where, what, of which image, by which tool, in which words.
pub fn plain(finding: &Finding) -> String {
    let image = finding.image.as_deref().unwrap_or("-");
    let tool = finding.tool.unwrap_or("-");
    one_line(
        &format!("{}: {}  {image}  {tool}  {}", finding.line, finding.class, finding.text),
        1_000,
    )
}

/// All failures by class, in the order of judgement.
pub fn table(failures: &Failures, look: Look) -> String {
    if failures.rows.is_empty() {
        return format!("{}\n", wrap(NOTHING, look.columns));
    }
    let blocks: Vec<String> = failures
        .blocks
        .iter()
        .map(|(class, known)| {
            let mut rows: Vec<&Row> =
                failures.rows.iter().filter(|row| row.first.class == *class).collect();
            rows.sort_by_key(|row| row.first.line);
            block(*class, &rows, known, look)
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

fn block(class: Class, rows: &[&Row], known: &Block, look: Look) -> String {
    let palette = Palette::new(look.colour);
    let mut page = String::new();
    let Some(Row { first, .. }) = rows.first() else { return page };
    let times: u64 = rows.iter().map(|row| row.times).sum();
    let count = if times == 1 { "once".to_owned() } else { format!("{times} times") };
    let day = day(rows);
    let on = day.map_or(String::new(), |day| format!(" on {day}"));
    let _ = writeln!(page, "{} ({class}), {count}{on}", palette.paint(Role::Bad, class.title()));
    page.push_str(&grid(rows, day.is_some(), look));
    if rows.len() > SHOWN_MAX {
        let _ = writeln!(
            page,
            "… and {} more images; -o plain shows every one.",
            rows.len() - SHOWN_MAX
        );
    }
    let mut say = |sentence: &str| {
        let _ = writeln!(page, "{}", wrap(sentence, look.columns));
    };
    for (title, names) in [("Pods", &known.pods), ("Nodes", &known.nodes)] {
        if let Some(names) = listed(names) {
            say(&format!("{title}: {names}"));
        }
    }
    say(&format!("Line {}: {}", first.line, one_line(&first.text, SAMPLE)));
    for advice in &known.advice {
        say(&format!("→ {advice}"));
    }
    page
}

/// The rows, with their times where the log has any.
fn grid(rows: &[&Row], is_one_day: bool, look: Look) -> String {
    let has_times = rows.iter().any(|row| row.first.occurrence.first_at.is_some());
    let mut table = Table::new().numbers("LINE").numbers("TIMES");
    if has_times {
        table = table.column("FIRST").column("LAST");
    }
    table = table.column("TOOL").column("IMAGE");
    let clock = |at: &Option<String>| {
        at.as_deref().map_or_else(
            || "–".to_owned(),
            |at| {
                let shown = if is_one_day { at.get(11..) } else { at.get(5..) };
                shown.unwrap_or(at).replace('T', " ")
            },
        )
    };
    for row in rows.iter().take(SHOWN_MAX) {
        let mut cells = vec![Cell::from(row.first.line), row.times.into()];
        if has_times {
            cells.push(clock(&row.first.occurrence.first_at).into());
            cells.push(clock(&row.last_at).into());
        }
        cells.push(row.first.tool.unwrap_or("–").into());
        cells.push(row.first.image.as_deref().unwrap_or("–").into());
        table.row(cells);
    }
    table.render(Surface { width: look.columns, colour: look.colour })
}

/// The day on which all of it happened, where it was one day.
fn day<'a>(rows: &[&'a Row]) -> Option<&'a str> {
    let mut days = rows
        .iter()
        .flat_map(|row| [&row.first.occurrence.first_at, &row.last_at].into_iter().flatten());
    let day = days.next()?.get(..10)?;
    days.all(|at| at.starts_with(day)).then_some(day)
}

/// A few names and how many more there are.
fn listed(names: &BTreeSet<String>) -> Option<String> {
    let shown: Vec<&str> = names.iter().take(NAMES_SHOWN).map(String::as_str).collect();
    let more = names.len() - shown.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!names.is_empty()).then(|| format!("{}{more}", shown.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Occurrence;

    fn failure(line: u64, image: &str) -> Finding {
        Finding {
            line,
            class: Class::PullLimit,
            image: Some(image.to_owned()),
            tool: Some("docker"),
            text: "toomanyrequests: You have reached your pull rate limit.".to_owned(),
            advice: "Run `dhlimit check` to see how much is left.",
            occurrence: Occurrence::default(),
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
    fn times_pods_and_nodes_are_shown_where_the_log_has_them() {
        let at = |line: u64, time: &str, count: u64| {
            let time = Some(time.to_owned());
            let occurrence = Occurrence {
                first_at: time.clone(),
                last_at: time,
                count,
                pod: Some(format!("web-{line}")),
                namespace: Some("shop".to_owned()),
                node: Some("worker-2".to_owned()),
            };
            Finding { occurrence, ..failure(line, "docker.io/library/nginx:1.27") }
        };
        let mut failures = Failures::default();
        failures.add(at(3, "2026-11-22T09:15:21Z", 4));
        failures.add(at(9, "2026-11-22T09:02:00Z", 1));
        let shown = table(&failures, look(80));
        assert!(shown.contains("(pull_limit), 5 times on 2026-11-22\n"), "{shown}");
        assert!(
            shown.contains(
                "\n   3      5  09:02:00Z  09:15:21Z  docker  docker.io/library/nginx:1.27\n"
            ),
            "{shown}"
        );
        assert!(shown.contains("\nPods: shop/web-3, shop/web-9\nNodes: worker-2\n"), "{shown}");
        failures.add(at(12, "2026-11-23T00:15:21Z", 1));
        let shown = table(&failures, look(80));
        assert!(shown.contains("  11-22 09:02:00Z  11-23 00:15:21Z  "), "{shown}");
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
