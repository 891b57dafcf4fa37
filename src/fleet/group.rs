//! From samples to groups. Each reading of a node is put together from its metrics; readings of one source
//! are one count.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::{Blind, Fleet, Group};
use crate::history::Counts;
use crate::quota::{Point, State, Window};

/// What makes a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Whom the registry counts.
    Source,
    /// As whom is asked.
    Account,
    /// Each node by itself.
    Node,
}

/// A sample of a series.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// Its labels, the metric's name as `__name__`.
    pub labels: BTreeMap<String, String>,
    /// Its value.
    pub value: f64,
}

impl Seen {
    pub(super) fn label(&self, name: &str) -> &str {
        label_of(&self.labels, name)
    }

    /// The node that it is of: its label `node`, else that of the scraped target.
    pub(super) fn node(&self) -> &str {
        node_of(&self.labels)
    }
}

/// A label; empty where there is none, as Prometheus has it.
fn label_of<'a>(labels: &'a BTreeMap<String, String>, name: &str) -> &'a str {
    labels.get(name).map_or("", String::as_str)
}

/// The first of some labels that says something.
fn first_of<'a>(labels: &'a BTreeMap<String, String>, names: &[&str]) -> Option<&'a str> {
    names.iter().map(|name| label_of(labels, name)).find(|value| !value.is_empty())
}

fn node_of(labels: &BTreeMap<String, String>) -> &str {
    first_of(labels, &["node", "instance", "pod"]).unwrap_or("?")
}

/// As whom is asked: `identity` as dhlimit writes it, `account` where others wrote the series.
fn identity_of(labels: &BTreeMap<String, String>) -> &str {
    first_of(labels, &["identity", "account"]).unwrap_or("anonymous")
}

/// What became of a count.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Pulls left at these times, in their order.
    pub points: Vec<(DateTime<Utc>, u64)>,
}

/// What a server says of all nodes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Answers<'a> {
    /// The series of each node now.
    pub now: &'a [Seen],
    /// When each node of the last day was last there, in seconds: who is in it and not in `now` has gone.
    pub before: &'a [Seen],
    /// The counts over the last hour.
    pub over_time: &'a [Course],
}

/// A reading: node, registry, image, identity, family.
type Key<'a> = (&'a str, &'a str, &'a str, &'a str, &'a str);

/// What is known of one reading.
#[derive(Debug, Clone, Default)]
struct Reading {
    state: Option<State>,
    source: String,
    limit: Option<u64>,
    remaining: Option<u64>,
    window_seconds: Option<u64>,
    used_per_hour: Option<f64>,
    empty_at: Option<DateTime<Utc>>,
    answered: Option<DateTime<Utc>>,
}

/// A count: registry, identity, and whom it is of.
type CountKey = (String, String, String);

/// Whose count it is. Who does not say whom it counts is told apart by whom it is asked as, and where from.
fn count_key(registry: &str, identity: &str, source: &str, node: &str, by: By) -> CountKey {
    let mut of = source.to_owned();
    if by == By::Node || (source.is_empty() && identity == "anonymous") {
        of.push('\0');
        of.push_str(node);
    }
    (registry.to_owned(), identity.to_owned(), of)
}

/// Whether a reading tells more of a count than another: it is younger; of two whose age is not known, it has
/// less left.
fn is_better(reading: &Reading, other: &Reading) -> bool {
    match (reading.answered, other.answered) {
        (None, None) => reading.remaining < other.remaining,
        (one, other) => one > other,
    }
}

impl Reading {
    /// What is to be expected by the counts of the last hour: by `history`, as `watch` has it. Where these
    /// say nothing, what the node itself expected stays.
    fn foresee(&mut self, at: DateTime<Utc>, points: &[(DateTime<Utc>, u64)]) {
        let window = self.window_seconds.and_then(Window::from_seconds);
        let mut counts = Counts::default();
        for (at, remaining) in points {
            counts.push(Point { at: *at, remaining: *remaining }, false, self.limit, window);
        }
        let forecast = counts.forecast(at);
        if let Some(burn) = forecast.burn_per_hour {
            (self.used_per_hour, self.empty_at) = (Some(burn), forecast.empty_at);
        }
    }
}

/// The fleet of what a server says.
pub fn fleet(at: DateTime<Utc>, answers: Answers<'_>, by: By) -> Fleet {
    let Answers { now, before, over_time } = answers;
    let readings = readings(now);
    let mut counts: BTreeMap<CountKey, (Reading, BTreeSet<String>)> = BTreeMap::new();
    let mut blind: BTreeMap<&str, Blind> = BTreeMap::new();
    let mut seeing: BTreeSet<&str> = BTreeSet::new();
    for ((node, registry, _, identity, _), reading) in &readings {
        if let Some(why) = blindness(reading) {
            let since = reading.answered;
            blind.entry(node).or_insert_with(|| Blind { node: (*node).to_owned(), since, why });
            continue;
        }
        seeing.insert(node);
        let key = count_key(registry, identity, &reading.source, node, by);
        let (count, nodes) = counts.entry(key).or_default();
        if count.state.is_none() || is_better(reading, count) {
            *count = reading.clone();
        }
        nodes.insert((*node).to_owned());
    }
    for course in over_time {
        let Course { labels, points } = course;
        let [registry, source] = ["registry", "source"].map(|name| label_of(labels, name));
        let key = count_key(registry, identity_of(labels), source, node_of(labels), by);
        if let Some((reading, _)) = counts.get_mut(&key)
            && reading.remaining.is_some()
        {
            reading.foresee(at, points);
        }
    }
    for sample in before {
        let node = sample.node();
        if !readings.keys().any(|key| key.0 == node) {
            blind.entry(node).or_insert_with(|| Blind {
                node: node.to_owned(),
                since: time(sample.value),
                why: "not scraped any more".to_owned(),
            });
        }
    }
    blind.retain(|node, _| !seeing.contains(node));
    let mut groups: Vec<Group> = Vec::new();
    for ((registry, identity, _), (reading, nodes)) in counts {
        let group = group(registry, identity, reading, nodes);
        let same = |other: &&mut Group| {
            by == By::Account && other.registry == group.registry && other.account == group.account
        };
        match groups.iter_mut().find(same) {
            Some(other) => merge(other, group),
            None => groups.push(group),
        }
    }
    groups.sort_by(|one, other| worry(one).total_cmp(&worry(other)));
    Fleet {
        schema: "dhlimit/fleet/1",
        at,
        groups,
        blind: blind.into_values().collect(),
        spenders: Vec::new(),
    }
}

fn group(registry: String, identity: String, reading: Reading, nodes: BTreeSet<String>) -> Group {
    Group {
        registry,
        source: Some(reading.source).filter(|source| !source.is_empty()),
        account: Some(identity).filter(|identity| identity != "anonymous"),
        state: reading.state.unwrap_or(State::Unknown),
        limit: reading.limit,
        remaining: reading.remaining,
        window_seconds: reading.window_seconds,
        used_per_hour: reading.used_per_hour,
        empty_at: reading.empty_at,
        nodes: nodes.into_iter().collect(),
        spenders: Vec::new(),
        unexplained_per_hour: None,
    }
}

/// Counts of one account over several sources: the worst speaks for them, what is used adds up.
fn merge(group: &mut Group, other: Group) {
    let used = match (group.used_per_hour, other.used_per_hour) {
        (Some(one), Some(other)) => Some(one + other),
        (one, other) => one.or(other),
    };
    let empty_at = [group.empty_at, other.empty_at].into_iter().flatten().min();
    let mut nodes: BTreeSet<String> = std::mem::take(&mut group.nodes).into_iter().collect();
    nodes.extend(other.nodes.iter().cloned());
    if worry(&other) < worry(group) {
        *group = other;
    }
    group.source = None;
    group.used_per_hour = used;
    group.empty_at = empty_at;
    group.nodes = nodes.into_iter().collect();
}

/// The lower, the worse.
fn worry(group: &Group) -> f64 {
    let share = match (group.remaining, group.limit) {
        #[expect(clippy::cast_precision_loss, reason = "to sort by")]
        (Some(left), Some(limit)) if limit > 0 => left as f64 / limit as f64,
        _ => 1.0,
    };
    match group.state {
        State::Exhausted => -1.0,
        State::Unlimited => 2.0,
        _ => share,
    }
}

fn blindness(reading: &Reading) -> Option<String> {
    match reading.state {
        Some(State::Limited) if reading.remaining.is_none() => {
            Some("its count is stale".to_owned())
        }
        Some(State::Limited | State::Exhausted | State::Unlimited) => None,
        Some(State::Failed) => Some("its readings fail".to_owned()),
        Some(State::Throttled) => Some("throttled by another limit".to_owned()),
        Some(State::Unknown) => Some("the registry tells no count".to_owned()),
        None => Some("no state of it is known".to_owned()),
    }
}

fn readings(samples: &[Seen]) -> BTreeMap<Key<'_>, Reading> {
    let mut readings: BTreeMap<Key<'_>, Reading> = BTreeMap::new();
    for sample in samples {
        let key = (
            sample.node(),
            sample.label("registry"),
            sample.label("image"),
            identity_of(&sample.labels),
            sample.label("family"),
        );
        let reading = readings.entry(key).or_default();
        let value = sample.value;
        match sample.label("__name__") {
            "dhlimit_state" => {
                if value > 0.5 {
                    reading.state = state(sample.label("state"));
                }
                continue;
            }
            "dhlimit_pulls_limit" => reading.limit = whole(value),
            "dhlimit_pulls_remaining" => reading.remaining = whole(value),
            "dhlimit_window_seconds" => reading.window_seconds = whole(value),
            "dhlimit_pulls_used_per_hour" => {
                reading.used_per_hour = Some(value).filter(|value| value.is_finite());
            }
            "dhlimit_empty_timestamp_seconds" => reading.empty_at = time(value),
            "dhlimit_last_success_timestamp_seconds" => reading.answered = time(value),
            _ => continue,
        }
        if !sample.label("source").is_empty() {
            sample.label("source").clone_into(&mut reading.source);
        }
    }
    // Series that others wrote may have a count alone.
    for reading in readings.values_mut().filter(|reading| reading.state.is_none()) {
        reading.state =
            reading.remaining.map(|left| if left == 0 { State::Exhausted } else { State::Limited });
    }
    readings
}

fn state(name: &str) -> Option<State> {
    [
        State::Limited,
        State::Exhausted,
        State::Unlimited,
        State::Throttled,
        State::Unknown,
        State::Failed,
    ]
    .into_iter()
    .find(|state| state.as_str() == name)
}

/// A count; none where it is no whole number that one can have.
pub(super) fn whole(value: f64) -> Option<u64> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range")]
    (value.is_finite() && (0.0..1e15).contains(&value)).then_some(value.round() as u64)
}

pub(super) fn time(seconds: f64) -> Option<DateTime<Utc>> {
    let seconds = i64::try_from(whole(seconds)?).ok()?;
    DateTime::from_timestamp(seconds, 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;

    const AT: i64 = 1_800_000_000;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(AT + second, 0).unwrap()
    }

    #[expect(clippy::cast_precision_loss, reason = "small")]
    fn seen(name: &str, node: &str, source: &str, identity: &str, value: i64) -> Seen {
        let labels = [
            ("__name__", format!("dhlimit_{name}")),
            ("node", node.to_owned()),
            ("instance", format!("{node}:9767")),
            ("registry", "docker.io".to_owned()),
            ("image", "docker.io/library/nginx:latest".to_owned()),
            ("identity", identity.to_owned()),
            ("source", source.to_owned()),
        ];
        let labels = labels.map(|(name, value)| (name.to_owned(), value)).into();
        Seen { labels, value: value as f64 }
    }

    /// A node's reading: its state, its count, and how many seconds ago it was answered.
    fn node(
        name: &str,
        source: &str,
        identity: &str,
        state: &str,
        left: Option<i64>,
        ago: i64,
    ) -> Vec<Seen> {
        let mut samples = vec![
            seen("pulls_limit", name, source, identity, 100),
            seen("window_seconds", name, source, identity, 3_600),
            seen("pulls_used_per_hour", name, source, identity, 30),
            seen("last_success_timestamp_seconds", name, source, identity, AT - ago),
        ];
        samples.extend(left.map(|left| seen("pulls_remaining", name, source, identity, left)));
        for one in ["limited", "exhausted", "unlimited", "failed"] {
            let mut sample = seen("state", name, "", identity, i64::from(one == state));
            sample.labels.insert("state".to_owned(), one.to_owned());
            samples.push(sample);
        }
        samples
    }

    #[test]
    fn nodes_behind_one_address_are_one_group_that_the_youngest_reading_tells() {
        let mut now = node("a", "192.0.2.1", "anonymous", "limited", Some(70), 60);
        now.extend(node("b", "192.0.2.1", "anonymous", "limited", Some(60), 5));
        now.extend(node("c", "192.0.2.2", "anonymous", "limited", Some(10), 5));
        let fleet = fleet(at(0), Answers { now: &now, ..Answers::default() }, By::Source);
        let told: Vec<_> = fleet
            .groups
            .iter()
            .map(|group| (group.source.as_deref(), group.remaining, group.nodes.join(" ")))
            .collect();
        assert_eq!(
            told,
            [
                (Some("192.0.2.2"), Some(10), "c".to_owned()),
                (Some("192.0.2.1"), Some(60), "a b".to_owned())
            ]
        );
        assert_eq!((fleet.exit(10), fleet.exit(11)), (Exit::Ok, Exit::Limit));
    }

    #[test]
    fn a_count_of_the_last_hour_tells_nothing_of_whoever_has_no_limit_now() {
        let labels = [("registry", "docker.io"), ("identity", "ann"), ("source", "ann")];
        let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let points = (0..50).map(|minute| (at(60 * minute - 3_000), 100 - minute.unsigned_abs()));
        let course = Course { labels, points: points.collect() };
        for (state, left, burns) in [("unlimited", None, false), ("limited", Some(51), true)] {
            let mut now = node("c", "ann", "ann", state, left, 5);
            now.retain(|sample| sample.label("__name__") != "dhlimit_pulls_used_per_hour");
            let answers =
                Answers { now: &now, before: &[], over_time: std::slice::from_ref(&course) };
            let groups = fleet(at(0), answers, By::Source).groups;
            assert_eq!(groups[0].used_per_hour.is_some(), burns, "{groups:?}");
        }
    }

    #[test]
    fn accounts_add_up_and_nodes_stand_alone_where_that_is_asked_for() {
        let mut now = node("a", "192.0.2.1", "anonymous", "limited", Some(70), 60);
        now.extend(node("b", "192.0.2.2", "anonymous", "limited", Some(60), 5));
        now.extend(node("c", "ann", "ann", "unlimited", None, 5));
        let by = |by| fleet(at(0), Answers { now: &now, ..Answers::default() }, by).groups;
        let accounts = by(By::Account);
        assert_eq!(accounts.len(), 2);
        assert_eq!(
            (accounts[0].remaining, accounts[0].used_per_hour, accounts[0].source.clone()),
            (Some(60), Some(60.0), None)
        );
        assert_eq!(accounts[1].account.as_deref(), Some("ann"));
        now.extend(node("d", "192.0.2.2", "anonymous", "limited", Some(60), 5));
        assert_eq!(
            fleet(at(0), Answers { now: &now, ..Answers::default() }, By::Node).groups.len(),
            4
        );
        assert_eq!(
            fleet(at(0), Answers { now: &now, ..Answers::default() }, By::Source).groups.len(),
            3
        );
    }

    #[test]
    fn who_says_nothing_is_blind_and_decides_only_where_nothing_else_does() {
        let mut now = node("a", "192.0.2.1", "anonymous", "limited", Some(70), 60);
        now.extend(node("b", "", "anonymous", "failed", None, 900));
        now.extend(node("c", "192.0.2.1", "anonymous", "limited", None, 900));
        let gone = [
            seen("last_attempt_timestamp_seconds", "d", "192.0.2.1", "anonymous", AT - 3_000),
            seen("last_attempt_timestamp_seconds", "a", "192.0.2.1", "anonymous", AT - 60),
        ];
        let fleet =
            fleet(at(0), Answers { now: &now, before: &gone, ..Answers::default() }, By::Source);
        let blind: Vec<_> = fleet
            .blind
            .iter()
            .map(|blind| (blind.node.as_str(), blind.why.as_str(), blind.since))
            .collect();
        assert_eq!(
            blind,
            [
                ("b", "its readings fail", Some(at(-900))),
                ("c", "its count is stale", Some(at(-900))),
                ("d", "not scraped any more", Some(at(-3_000)))
            ]
        );
        assert_eq!((fleet.exit(1), fleet.exit(71)), (Exit::Unknown, Exit::Limit));
        let nobody = super::fleet(at(0), Answers::default(), By::Source);
        assert_eq!(nobody.exit(1), Exit::Unknown);
    }

    #[test]
    fn nonsense_is_no_count() {
        let mut now = node("a", "192.0.2.1", "anonymous", "limited", None, 60);
        for value in [f64::NAN, f64::INFINITY, -1.0, 1e300] {
            now.push(Seen { value, ..seen("pulls_remaining", "a", "192.0.2.1", "anonymous", 0) });
            assert_eq!(
                fleet(at(0), Answers { now: &now, ..Answers::default() }, By::Source).groups,
                []
            );
        }
    }
}
