//! The forms of a fleet: tables and a sentence for people, metrics, and a Monitoring Plugin's line.

use std::fmt::Write as _;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

use super::check::prometheus::Samples;
use super::style::Role;
use super::table::{Cell, Surface, Table};
use super::{Look, span};
use crate::fleet::{Fleet, Group, Spender};
use crate::image::hub;
use crate::quota::State;
use crate::text::{one_line, wrap};

/// So many spenders of a kind are shown.
const LARGEST: usize = 5;
/// So many names of nodes are shown in a row.
const NAMES: usize = 3;

/// The fleet as an answer in a sentence, its groups and its blind nodes.
pub fn table(fleet: &Fleet, need: u64, look: Look) -> String {
    let mut text = format!("{}\n\n", wrap(&sentence(fleet, need), look.columns));
    let surface = Surface { width: look.columns, colour: look.colour };
    if !fleet.groups.is_empty() {
        let mut table = Table::new()
            .column("COUNTED AS")
            .column("STATE")
            .numbers("LEFT")
            .numbers("LIMIT")
            .numbers("PER HOUR")
            .column("EMPTY AT")
            .numbers("NODES")
            .column("");
        for group in &fleet.groups {
            table.row(row(group, need, look));
        }
        text.push_str(&table.render(surface));
    }
    text.push_str(&spenders(fleet, surface));
    if !fleet.blind.is_empty() {
        let mut table = Table::new().column("BLIND").column("LAST COUNT").column("WHY");
        for blind in &fleet.blind {
            let since = blind.since.map_or_else(|| "never".to_owned(), |since| look.time(since));
            table.row([
                Cell::from(one_line(&blind.node, 100)),
                since.into(),
                Cell::role(Role::Bad, blind.why.clone()),
            ]);
        }
        let _ = write!(text, "\n{}", table.render(surface));
    }
    text
}

/// Who spends the pulls of each count, and what nobody explains; nothing where that was not asked for.
fn spenders(fleet: &Fleet, surface: Surface) -> String {
    let counts = fleet.groups.iter().map(|group| (name(group), &group.spenders, group));
    let mut table = Table::new().column("COUNTED AS").column("SPENT BY").column("");
    table = table.numbers("PER HOUR").column("AS TOLD BY");
    let (mut rows, mut words) = (0, String::new());
    let mut row = |count: &str, spender: &Spender| {
        table.row([
            Cell::from(one_line(count, 60)),
            one_line(&spender.name, 100).into(),
            spender.kind.into(),
            format!("{:.1}", spender.pulls_per_hour).into(),
            spender.from.into(),
        ]);
        rows += 1;
    };
    for (count, spenders, group) in counts {
        largest(spenders).for_each(|spender| row(&count, spender));
        if let Some((left, used)) = group.unexplained_per_hour.zip(group.used_per_hour) {
            let share = if used > 0.0 { left / used * 100.0 } else { 0.0 };
            let _ = writeln!(
                words,
                "{}: {used:.0} pulls an hour, {left:.0} of them unexplained ({share:.0} %)",
                one_line(&count, 60)
            );
        }
    }
    largest(&fleet.spenders).for_each(|spender| row("(unknown)", spender));
    let table = if rows > 0 { format!("\n{}", table.render(surface)) } else { String::new() };
    let words = if words.is_empty() { words } else { format!("\n{words}") };
    table + &words
}

/// The largest of each kind, as each witness has them.
fn largest(spenders: &[Spender]) -> impl Iterator<Item = &Spender> {
    spenders.iter().enumerate().filter_map(|(place, spender)| {
        let same = |other: &&Spender| (other.kind, other.from) == (spender.kind, spender.from);
        let before = spenders.get(..place)?.iter().filter(same).count();
        (before < LARGEST).then_some(spender)
    })
}

fn row(group: &Group, need: u64, look: Look) -> Vec<Cell> {
    let number =
        |number: Option<u64>| number.map_or_else(|| "–".to_owned(), |number| number.to_string());
    let role = if group.lacks(need) { Role::Bad } else { Role::Good };
    let mut nodes = group
        .nodes
        .iter()
        .take(NAMES)
        .map(|node| one_line(node, 60))
        .collect::<Vec<_>>()
        .join(", ");
    if group.nodes.len() > NAMES {
        nodes.push_str(", …");
    }
    vec![
        one_line(&name(group), 100).into(),
        Cell::role(role, group.state.as_str()),
        number(group.remaining).into(),
        number(group.limit).into(),
        group.used_per_hour.map_or_else(|| "–".to_owned(), |used| format!("{used:.0}")).into(),
        group.empty_at.map_or_else(|| "–".to_owned(), |at| look.time(at)).into(),
        group.nodes.len().to_string().into(),
        nodes.into(),
    ]
}

/// Whom a group is: source, else account.
fn name(group: &Group) -> String {
    let name = match (&group.source, &group.account) {
        (Some(source), Some(account)) if source == account => account.clone(),
        (Some(source), Some(account)) => format!("{account} ({source})"),
        (Some(source), None) => source.clone(),
        (None, Some(account)) => account.clone(),
        (None, None) => "anonymous".to_owned(),
    };
    if group.registry == hub::NAME { name } else { format!("{} {name}", group.registry) }
}

fn several(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// The answer in a sentence.
pub fn sentence(fleet: &Fleet, need: u64) -> String {
    let nodes: usize = fleet.groups.iter().map(|group| group.nodes.len()).sum();
    let lacking: Vec<&Group> = fleet.groups.iter().filter(|group| group.lacks(need)).collect();
    let mut text = match (lacking.first(), fleet.groups.first()) {
        (Some(group), _) => format!(
            "{} of {} {} below {need}: {} has {} left, for {}",
            lacking.len(),
            several(fleet.groups.len(), "count"),
            if lacking.len() == 1 { "is" } else { "are" },
            name(group),
            group.remaining.unwrap_or(0),
            several(group.nodes.len(), "node")
        ),
        (None, Some(worst)) => {
            let mut words = format!(
                "{} on {}; the worst, {}, ",
                several(nodes, "node"),
                several(fleet.groups.len(), "count"),
                name(worst)
            );
            match worst.remaining {
                Some(left) => {
                    let _ = write!(words, "has {left} left");
                }
                None => words.push_str(worst.state.as_str()),
            }
            if let Some(at) = worst.empty_at {
                let left = u64::try_from((at - fleet.at).num_seconds()).unwrap_or(0);
                let _ = write!(words, ", empty in {}", span(left));
            }
            words
        }
        (None, None) => "no node tells a count".to_owned(),
    };
    if !fleet.blind.is_empty() {
        let _ = write!(text, "; {} blind", fleet.blind.len());
    }
    one_line(&text, 400)
}

/// One line, and the Monitoring Plugin's code: 2 where a group lacks pulls, 3 where nodes are blind.
pub fn nagios(fleet: &Fleet, need: u64) -> (String, u8) {
    let (word, code) = if fleet.groups.iter().any(|group| group.lacks(need)) {
        ("CRITICAL", 2)
    } else if fleet.groups.is_empty() || !fleet.blind.is_empty() {
        ("UNKNOWN", 3)
    } else {
        ("OK", 0)
    };
    let left = fleet.groups.iter().filter_map(|group| group.remaining).min();
    let least = left.map(|left| format!("least={left};;{need}: ")).unwrap_or_default();
    let text = sentence(fleet, need).replace('|', "/");
    let line = format!(
        "DHLIMIT {word} - {text} | {least}groups={} blind={}\n",
        fleet.groups.len(),
        fleet.blind.len()
    );
    (line, code)
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    registry: String,
    source: String,
    account: String,
}

/// The groups as metrics.
///
/// # Errors
/// None in practice: a string takes everything.
pub fn prometheus(fleet: &Fleet) -> Result<String, std::fmt::Error> {
    let mut registry = Registry::with_prefix("dhlimit_fleet");
    let mut gauge = |metric: &str, help: &str, value: &dyn Fn(&Group) -> Option<u64>| {
        let mut samples = Samples::new();
        for group in &fleet.groups {
            let labels = Labels {
                registry: group.registry.clone(),
                source: group.source.clone().unwrap_or_default(),
                account: group.account.clone().unwrap_or_default(),
            };
            if let Some(value) = value(group) {
                samples.set(&labels, i64::try_from(value).unwrap_or(i64::MAX));
            }
        }
        registry.register(metric, help, samples);
    };
    gauge("pulls_limit", "Pulls allowed in a window", &|group| group.limit);
    gauge("pulls_remaining", "Pulls left", &|group| group.remaining);
    gauge("nodes", "Nodes that share the count", &|group| u64::try_from(group.nodes.len()).ok());
    gauge("unlimited", "Whether nothing is counted", &|group| {
        Some(u64::from(group.state == State::Unlimited))
    });
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}
