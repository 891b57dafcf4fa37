//! When, how often and where a failure happened, as far as the text says: the stamp of its line, the
//! pod, namespace and node that prefixes, fields, columns and Kubernetes' events name. Apart because
//! none of it bears on what the failure is.

use std::collections::VecDeque;

use chrono::NaiveDateTime;
use serde::Serialize;

use super::{event, moment};
use crate::text;

/// How many pods' nodes are remembered.
const PLACED_MAX: usize = 256;
/// Fields and members that name a pod, a namespace, a node.
const POD: &[&str] = &["pod", "pod_name", "podname", "k8s.pod.name", "k8s_pod_name", "pod.name"];
const NAMESPACE: &[&str] = &[
    "namespace",
    "namespace_name",
    "namespacename",
    "k8s.namespace.name",
    "pod_namespace",
    "podnamespace",
    "k8s_namespace_name",
];
const NODE: &[&str] =
    &["node", "node_name", "nodename", "k8s.node.name", "_hostname", "kubernetes_host"];
/// Namespaces of containerd, not of Kubernetes.
const RUNTIME_NAMESPACES: &[&str] = &["k8s.io", "moby", "buildkit"];

/// When, how often and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Occurrence {
    /// When it happened first, RFC 3339 in UTC; without a zone where the text names none.
    pub first_at: Option<String>,
    /// When it happened last.
    pub last_at: Option<String>,
    /// How often, by the text's own count; 1 where it has none.
    pub count: u64,
    /// The pod whose image it was.
    pub pod: Option<String>,
    /// The pod's namespace.
    pub namespace: Option<String>,
    /// The node, or the host that a journal names.
    pub node: Option<String>,
}

impl Default for Occurrence {
    fn default() -> Self {
        Self { first_at: None, last_at: None, count: 1, pod: None, namespace: None, node: None }
    }
}

impl Occurrence {
    /// Takes over from another what is not known here.
    pub(super) fn complete(&mut self, other: &Self) {
        let fill = |mine: &mut Option<String>, other: &Option<String>| {
            if mine.is_none() {
                mine.clone_from(other);
            }
        };
        fill(&mut self.first_at, &other.first_at);
        fill(&mut self.last_at, &other.last_at);
        fill(&mut self.pod, &other.pod);
        fill(&mut self.namespace, &other.namespace);
        fill(&mut self.node, &other.node);
        self.count = self.count.max(other.count);
    }
}

/// What earlier lines say of pods and nodes, and the time at which the log is read.
#[derive(Debug, Default)]
pub(super) struct Places {
    pub(super) now: Option<NaiveDateTime>,
    /// The pod that `kubectl describe` is showing.
    described: Occurrence,
    /// Pods with the node that they were given.
    placed: VecDeque<Occurrence>,
}

/// Whether a line that tells of no failure says where pods are.
pub(super) fn places(raw: &[u8]) -> bool {
    [b"Name:".as_slice(), b"Namespace:", b"Node:"].iter().any(|name| raw.starts_with(name))
        || memchr::memmem::find(raw, b"Successfully assigned ").is_some()
}

impl Places {
    /// Notes what a line says of pods and nodes.
    pub(super) fn note(&mut self, raw: &str) {
        let word = |name: &str| {
            let rest = raw.strip_prefix(name)?.split_whitespace().next()?;
            named(rest.split('/').next()?)
        };
        if let Some(pod) = word("Name:") {
            self.described = Occurrence { pod: Some(pod), ..Occurrence::default() };
        } else if let Some(namespace) = word("Namespace:") {
            self.described.namespace = Some(namespace);
        } else if let Some(node) = word("Node:") {
            self.described.node = Some(node);
        } else if let Some(placed) = assigned(raw) {
            if self.placed.len() >= PLACED_MAX {
                self.placed.pop_front();
            }
            self.placed.push_back(placed);
        }
    }

    /// What a line, or the JSON object that holds a message, says of a failure in it.
    pub(super) fn occurrence(&self, whole: &str) -> Occurrence {
        let mut found = event::of_object(whole).unwrap_or_else(|| self.of_line(whole));
        let known = self.placed.iter().rev().find(|placed| {
            placed.pod == found.pod
                && (found.namespace.is_none() || placed.namespace == found.namespace)
        });
        if found.pod.is_some()
            && let Some(known) = known
        {
            found.complete(known);
        }
        let is_described = whole.starts_with("  ")
            && whole.split_whitespace().next().is_some_and(is_event_type)
            && found.pod.is_none();
        if is_described {
            found.complete(&self.described);
        }
        found
    }

    fn of_line(&self, line: &str) -> Occurrence {
        let at = moment::of(line, self.now);
        let mut found = Occurrence { first_at: at.clone(), last_at: at, ..Occurrence::default() };
        found.count = repeats(line).unwrap_or(1);
        if let Some(pod) = field(line, POD) {
            match pod.split_once('/') {
                Some((namespace, pod)) => {
                    (found.namespace, found.pod) = (named(namespace), named(pod));
                }
                None => found.pod = named(pod),
            }
        }
        let other = prefixed(line).or_else(|| column(line)).or_else(|| by_uid(line));
        found.complete(&other.unwrap_or_default());
        let namespace = field(line, NAMESPACE).filter(|name| !RUNTIME_NAMESPACES.contains(name));
        let node = field(line, NODE).or_else(|| {
            // A log shipper's `"kubernetes":{…,"host":"worker-1"}`.
            field(line, &["host"]).filter(|_| line.contains("pod_name\""))
        });
        found.complete(&Occurrence {
            namespace: namespace.and_then(named),
            node: node.and_then(named).or_else(|| host(line)),
            ..Occurrence::default()
        });
        found
    }
}

/// A name as Kubernetes and machines have it. Nothing else is shown.
pub(super) fn named(word: &str) -> Option<String> {
    let is_name = !word.is_empty()
        && word.len() <= 253
        && word
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
        && word.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric())
        && text::redact(word) == word;
    is_name.then(|| word.to_owned())
}

fn is_event_type(word: &str) -> bool {
    matches!(word, "Warning" | "Normal")
}

/// `Successfully assigned shop/web-0 to worker-2`.
fn assigned(raw: &str) -> Option<Occurrence> {
    let (_, rest) = raw.split_once("Successfully assigned ")?;
    let mut words = rest.split_whitespace();
    let (namespace, pod) = words.next()?.split_once('/')?;
    let (_, node) = (words.next().filter(|word| *word == "to")?, words.next()?);
    Some(Occurrence {
        pod: named(pod),
        namespace: named(namespace),
        node: named(node.trim_end_matches(['"', '\'', ',', '.'])),
        ..Occurrence::default()
    })
}

/// `(x12 over 3m)` of Kubernetes' events.
fn repeats(line: &str) -> Option<u64> {
    let (before, _) = line.split_once(" over ")?;
    before.rsplit_once("(x")?.1.parse().ok()
}

/// `[pod/web-6c8f9d7b5-abcde/app] ` of `kubectl logs --prefix`.
fn prefixed(line: &str) -> Option<Occurrence> {
    let (_, rest) = line.split_once("[pod/")?;
    let (pod, _) = rest.split_once('/')?;
    Some(Occurrence { pod: named(pod), ..Occurrence::default() })
}

/// The columns of `kubectl get events`, with `-A` the namespace before all others.
fn column(line: &str) -> Option<Occurrence> {
    let words: Vec<&str> = line.split_whitespace().take(12).collect();
    let object =
        words.iter().position(|word| word.starts_with("pod/") || word.starts_with("Pod/"))?;
    let kind = words.iter().position(|word| is_event_type(word)).filter(|kind| *kind < object)?;
    let is_age = |word: &str| {
        word == "<unknown>"
            || word
                .strip_suffix(['s', 'm', 'h', 'd'])
                .is_some_and(|age| age.starts_with(|c: char| c.is_ascii_digit()))
    };
    let first = words.first().copied().filter(|word| kind > 0 && !is_age(word));
    let second = words.get(1).copied().filter(|word| is_age(word));
    Some(Occurrence {
        pod: words.get(object).and_then(|word| word.get(4..)).and_then(named),
        namespace: first.zip(second).and_then(|(namespace, _)| named(namespace)),
        ..Occurrence::default()
    })
}

/// `web-0_shop(72c2f32c-cb36-4088-ac50-094fe1533159)` of the kubelet.
fn by_uid(line: &str) -> Option<Occurrence> {
    line.match_indices('(').find_map(|(at, _)| {
        let uid = line.get(at + 1..at + 37)?;
        let is_uid = uid.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
            && uid.matches('-').count() == 4;
        let name = line.get(..at)?.rsplit([' ', '"', '\'', '(']).next().filter(|_| is_uid)?;
        let (pod, namespace) = name.rsplit_once('_')?;
        Some(Occurrence { pod: named(pod), namespace: named(namespace), ..Occurrence::default() })
    })
}

/// The host of `Nov 22 09:15:21 worker-2 kubelet[1042]: ` and of `2026-11-22T… worker-2 kubelet[1]: `.
fn host(line: &str) -> Option<String> {
    let (head, _) = line.split_once("]: ")?;
    let mut words = head.trim_start_matches(['>', ' ']).split_whitespace().rev();
    let (program, host, stamp) = (words.next()?, words.next()?, words.next()?);
    let (_, pid) = program.rsplit_once('[')?;
    let is_pid = !pid.is_empty() && pid.bytes().all(|byte| byte.is_ascii_digit());
    let is_stamped = super::line::is_stamp(stamp) && words.count() <= 4;
    (is_pid && is_stamped).then(|| named(host))?
}

/// The value of the first of these fields: `name=value`, `name="value"`, `"name":"value"`.
fn field<'a>(line: &'a str, names: &[&str]) -> Option<&'a str> {
    let lower = line.to_ascii_lowercase();
    names.iter().find_map(|name| {
        lower.match_indices(name).find_map(|(at, _)| {
            let before = line.get(..at)?.bytes().next_back().unwrap_or(b' ');
            let rest = line.get(at + name.len()..)?;
            let value = match before {
                b'"' => {
                    let rest = rest.trim_start_matches('\\').strip_prefix('"')?;
                    rest.trim_start().strip_prefix(':')?.trim_start()
                }
                b' ' | b'\t' | b',' | b'{' | b'(' => rest.strip_prefix('=')?,
                _ => return None,
            };
            let value = value.trim_start_matches(['\\', '"', '\'']);
            let end = value
                .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '/')))
                .unwrap_or(value.len());
            value.get(..end).filter(|value| !value.is_empty())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    fn shown(lines: &str) -> String {
        let mut places = Places::default();
        let mut last = Occurrence::default();
        for line in lines.lines() {
            if super::places(line.as_bytes()) {
                places.note(line);
            }
            last = places.occurrence(line);
        }
        let text = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
        format!("{} {} {} {}", text(last.namespace), text(last.pod), text(last.node), last.count)
    }

    #[rstest]
    #[case("[pod/web-6c8/app] Error: no", "- web-6c8 - 1")]
    #[case(
        "E1122 09:15:21.4 1 a.go:1] \"no\" err=\"x\" pod=\"edge/edge-7b\" podUID=\"72\"",
        "edge edge-7b - 1"
    )]
    #[case("Nov 22 09:15:21 worker-2 kubelet[1042]: no", "- - worker-2 1")]
    #[case("2026-11-22T09:15:21+0100 worker-2 kubelet[1042]: no", "- - worker-2 1")]
    #[case(
        "shop   59s (x4 over 3m)  Warning  Failed  pod/web-0   Failed to pull",
        "shop web-0 - 4"
    )]
    #[case("59s         Warning   Failed             pod/web-0   Failed to pull", "- web-0 - 1")]
    #[case(
        "Error syncing pod 72c2, skipping (\"web-0_shop(72c2f32c-cb36-4088-ac50-094fe1533159)\")",
        "shop web-0 - 1"
    )]
    #[case(
        "{\"log\":\"no\",\"kubernetes\":{\"pod_name\":\"web-0\",\"namespace_name\":\"shop\",\"host\":\"worker-2\"}}",
        "shop web-0 worker-2 1"
    )]
    #[case("{\"_HOSTNAME\":\"worker-2\",\"MESSAGE\":\"no\"}", "- - worker-2 1")]
    #[case("level=error msg=no pod=web-0 namespace=shop node=worker-2", "shop web-0 worker-2 1")]
    #[case(
        "level=error msg=\"PullImage failed\" namespace=k8s.io host=registry-1.docker.io",
        "- - - 1"
    )]
    #[case(
        "1s  Normal  Scheduled  pod/web-0  Successfully assigned shop/web-0 to worker-2\n2s  Warning  Failed  pod/web-0  no",
        "shop web-0 worker-2 1"
    )]
    #[case(
        "Name:             web-0\nNamespace:        shop\nNode:             worker-2/192.0.2.7\n  Warning  Failed     3m (x4 over 5m)  kubelet  no",
        "shop web-0 worker-2 4"
    )]
    #[case("the pod \"web\" failed", "- - - 1")]
    #[case("pod=$POD namespace= node=\"\"", "- - - 1")]
    fn pods_namespaces_and_nodes_are_found_where_texts_name_them(
        #[case] lines: &str,
        #[case] found: &str,
    ) {
        assert_eq!(shown(lines), found);
    }

    proptest! {
        #[test]
        fn reading_an_occurrence_never_panics(text in any::<String>(), marks in "(\\[pod/|/|pod=|\"|:|namespace|x1 over |\\(|\\]: |kubelet\\[1|Warning |pod/a |é| ){0,14}") {
            for raw in [&text, &marks] {
                let mut places = Places::default();
                places.note(raw);
                let _ = places.occurrence(raw);
            }
        }
    }
}
