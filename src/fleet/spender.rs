//! Who spends the pulls: from series that people already have, each a witness of its own. What they say is put
//! beside what the count fell by; what nobody explains is shown as that. No witness sees a pull as Docker Hub
//! counts it: a container that starts may find its image, a runtime pulls from other registries, too.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Fleet, Group, Seen};
use crate::image::Reference;

/// Somebody who spends pulls.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Spender {
    /// The image, namespace, node, repository, token, user or address.
    pub name: String,
    /// Which of these it is.
    pub kind: &'static str,
    /// Pulls an hour, as the witness counts them.
    pub pulls_per_hour: f64,
    /// Who says so: the metric, or Docker's usage file.
    pub from: &'static str,
}

/// A question to the server, and the metric that it is about.
#[derive(Debug, Clone, Copy)]
pub struct Witness {
    /// The metric.
    pub metric: &'static str,
    /// What is asked.
    pub expression: &'static str,
}

/// Pulls that a node's runtime or mirror counted in the last hour. A metric more is a row.
pub(super) const NODES: [Witness; 6] = [
    // What `serve --observe` heard of; Docker and Podman tell of free looks in the same words.
    Witness {
        metric: "dhlimit_observed_pulls_total",
        expression: "sum by (node, instance) (increase(dhlimit_observed_pulls_total{registry=\"docker.io\",certain=\"true\"}[1h]))",
    },
    Witness {
        metric: "kubelet_image_pull_duration_seconds_count",
        expression: "sum by (node, instance) (increase(kubelet_image_pull_duration_seconds_count[1h]))",
    },
    Witness {
        metric: "containerd_cri_image_pulls_total",
        expression: "sum by (node, instance) (increase(containerd_cri_image_pulls_total{status=\"success\"}[1h]))",
    },
    // The same of containerd 2.
    Witness {
        metric: "containerd_cri_sandboxed_image_pulls_total",
        expression: "sum by (node, instance) (increase(containerd_cri_sandboxed_image_pulls_total{status=\"success\"}[1h]))",
    },
    Witness {
        metric: "engine_daemon_image_actions_seconds_count",
        expression: "sum by (node, instance) (increase(engine_daemon_image_actions_seconds_count{action=\"pull\"}[1h]))",
    },
    // What a mirror in the cluster did not have, layers included, is asked of Docker Hub.
    Witness {
        metric: "spegel_mirror_requests_total",
        expression: "sum by (node, instance) (increase(spegel_mirror_requests_total{registry=\"docker.io\",cache=\"miss\"}[1h]))",
    },
];

/// Containers that were not there an hour ago, of kube-state-metrics.
pub(super) const STARTED: Witness = Witness {
    metric: "kube_pod_container_info",
    expression: "{__name__=~\"kube_pod_(init_)?container_info\"} unless on (namespace, pod, container) ({__name__=~\"kube_pod_(init_)?container_info\"} offset 1h)",
};

/// On which node a pod runs, of kube-state-metrics.
pub(super) const PODS: Witness = Witness {
    metric: "kube_pod_info",
    expression: "max by (namespace, pod, node) (kube_pod_info)",
};

/// The most spenders of one kind that are kept of a group: nobody reads further.
const MOST: usize = 20;

/// Spenders by the node that they are on, where that is known.
pub(crate) type ByNode = Vec<(Option<String>, Spender)>;

/// The images and namespaces whose containers started in the last hour. A node that has an image does not
/// pull it again, so that an image counts once for each node.
pub(super) fn started(containers: &[Seen], pods: &[Seen]) -> ByNode {
    let nodes: BTreeMap<(&str, &str), &str> = pods
        .iter()
        .map(|pod| ((pod.label("namespace"), pod.label("pod")), pod.label("node")))
        .filter(|(_, node)| !node.is_empty())
        .collect();
    let mut pulls: BTreeSet<(Option<&str>, &str, String, &str)> = BTreeSet::new();
    for container in containers {
        let Some(image) = hub_image(container) else { continue };
        let (namespace, pod) = (container.label("namespace"), container.label("pod"));
        let node = nodes.get(&(namespace, pod)).copied();
        // Where no node is known, each container is one.
        let apart = if node.is_some() { "" } else { pod };
        pulls.insert((node, namespace, image, apart));
    }
    let mut images: BTreeMap<(Option<&str>, String), BTreeSet<&str>> = BTreeMap::new();
    let mut namespaces: BTreeMap<(Option<&str>, &str), f64> = BTreeMap::new();
    for (node, namespace, image, apart) in &pulls {
        let pods = images.entry((*node, image.clone())).or_default();
        pods.insert(apart);
        *namespaces.entry((*node, namespace)).or_default() += 1.0;
    }
    let spender = |name: &str, kind, pulls_per_hour| Spender {
        name: name.to_owned(),
        kind,
        pulls_per_hour,
        from: STARTED.metric,
    };
    #[expect(clippy::cast_precision_loss, reason = "a number of pods")]
    let images = images.iter().map(|((node, image), pods)| {
        (node.map(str::to_owned), spender(image, "image", pods.len() as f64))
    });
    let namespaces = namespaces.iter().map(|((node, namespace), pulls)| {
        (node.map(str::to_owned), spender(namespace, "namespace", *pulls))
    });
    images.chain(namespaces).collect()
}

/// The image of a container in full form, where it is one of Docker Hub.
fn hub_image(container: &Seen) -> Option<String> {
    ["image", "image_spec"]
        .into_iter()
        .filter_map(|name| container.label(name).parse::<Reference>().ok())
        .find(|reference| reference.is_docker_hub() && !reference.repository().ends_with("sha256"))
        .map(|reference| reference.to_string())
}

/// What the runtimes or mirrors of nodes counted.
pub(super) fn counted(witness: Witness, samples: &[Seen]) -> ByNode {
    samples
        .iter()
        .filter(|sample| sample.value.is_finite() && sample.value > 0.0)
        .map(|sample| {
            let node = sample.node().to_owned();
            let spender = Spender {
                name: node.clone(),
                kind: "node",
                pulls_per_hour: sample.value,
                from: witness.metric,
            };
            (Some(node), spender)
        })
        .collect()
}

impl Fleet {
    /// Puts spenders to the groups that their nodes are in; all to the one group where there is one, and
    /// aside where nobody knows.
    pub fn spent_on_nodes(&mut self, spenders: ByNode) {
        for (node, spender) in spenders {
            let is_on = |group: &&mut Group| {
                node.as_deref().is_some_and(|node| group.nodes.iter().any(|own| is_node(own, node)))
            };
            let only = self.groups.len() == 1;
            let group = self.groups.iter_mut().find(is_on);
            let group = match group {
                Some(group) => Some(group),
                None if only => self.groups.first_mut(),
                None => None,
            };
            add(group.map_or(&mut self.spenders, |group| &mut group.spenders), spender);
        }
    }

    /// Puts spenders to the group of their account, else of one of their addresses, else aside.
    pub fn spent_on_accounts(&mut self, spenders: Vec<(String, Vec<String>, Spender)>) {
        for (user, addresses, spender) in spenders {
            let of_user = |group: &&mut Group| {
                group.account.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(&user))
            };
            let of_address = |group: &&mut Group| {
                group.source.as_ref().is_some_and(|source| addresses.contains(source))
            };
            let group = match self.groups.iter().position(|group| {
                group.account.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(&user))
            }) {
                Some(_) => self.groups.iter_mut().find(of_user),
                None => self.groups.iter_mut().find(of_address),
            };
            add(group.map_or(&mut self.spenders, |group| &mut group.spenders), spender);
        }
    }

    /// The largest first, and what of each count nobody explains.
    pub fn settle_spenders(&mut self) {
        settle(&mut self.spenders);
        for group in &mut self.groups {
            let explained = explained(&group.spenders);
            settle(&mut group.spenders);
            group.unexplained_per_hour =
                group.used_per_hour.map(|used| (used - explained).max(0.0));
        }
    }
}

/// Whether a node of a group, which may be a scraped target, is the one of this name.
fn is_node(own: &str, node: &str) -> bool {
    let host = |name: &str| name.rsplit_once(':').map_or(name, |(host, _)| host).to_owned();
    own == node || host(own) == host(node)
}

/// One more; the same one of the same witness adds up.
fn add(spenders: &mut Vec<Spender>, spender: Spender) {
    let same = |other: &&mut Spender| {
        (other.kind, other.from, &other.name) == (spender.kind, spender.from, &spender.name)
    };
    match spenders.iter_mut().find(same) {
        Some(other) => other.pulls_per_hour += spender.pulls_per_hour,
        None => spenders.push(spender),
    }
}

/// What the witness that saw most of it explains: they all see the same pulls.
fn explained(spenders: &[Spender]) -> f64 {
    let mut sums: BTreeMap<(&str, &str), f64> = BTreeMap::new();
    for spender in spenders {
        *sums.entry((spender.from, spender.kind)).or_default() += spender.pulls_per_hour;
    }
    sums.into_values().fold(0.0, f64::max)
}

fn settle(spenders: &mut Vec<Spender>) {
    spenders.sort_by(|one, other| {
        other.pulls_per_hour.total_cmp(&one.pulls_per_hour).then_with(|| one.name.cmp(&other.name))
    });
    let mut kept: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    spenders.retain(|spender| {
        let count = kept.entry((spender.kind, spender.from)).or_default();
        *count += 1;
        *count <= MOST
    });
}

#[cfg(test)]
mod tests {
    use super::super::{Answers, By, fleet};
    use super::*;
    use chrono::DateTime;

    fn seen(labels: &[(&str, &str)], value: f64) -> Seen {
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Seen { labels: labels.collect(), value }
    }

    fn container(namespace: &str, pod: &str, image: &str) -> Seen {
        seen(&[("namespace", namespace), ("pod", pod), ("container", "c"), ("image", image)], 1.0)
    }

    fn two_groups() -> Fleet {
        let mut samples = Vec::new();
        for (node, source, left) in [("n1", "192.0.2.1", 70.0), ("n2", "192.0.2.2", 60.0)] {
            let labels = |name| {
                [
                    ("__name__", name),
                    ("node", node),
                    ("registry", "docker.io"),
                    ("identity", "anonymous"),
                    ("source", source),
                ]
            };
            samples.push(seen(&labels("dhlimit_pulls_remaining"), left));
            samples.push(seen(&labels("dhlimit_pulls_used_per_hour"), 10.0));
            let state: Vec<_> =
                labels("dhlimit_state").into_iter().chain([("state", "limited")]).collect();
            samples.push(seen(&state, 1.0));
        }
        fleet(DateTime::UNIX_EPOCH, Answers { now: &samples, ..Answers::default() }, By::Source)
    }

    #[test]
    fn an_image_counts_once_for_each_node_and_what_is_left_is_said() {
        let containers = [
            container("shop", "web-0", "nginx:1.27"),
            container("shop", "web-1", "docker.io/library/nginx:1.27"),
            container("shop", "web-2", "nginx:1.27"),
            container("ci", "job-7", "quay.io/a/b:1"),
            container("ci", "job-8", "redis:7"),
        ];
        let pod = |namespace, pod, node| {
            seen(&[("namespace", namespace), ("pod", pod), ("node", node)], 1.0)
        };
        let pods =
            [pod("shop", "web-0", "n1"), pod("shop", "web-1", "n1"), pod("shop", "web-2", "n2")];
        let mut fleet = two_groups();
        fleet.spent_on_nodes(started(&containers, &pods));
        fleet.settle_spenders();
        let told = |spenders: &[Spender]| -> Vec<(String, &'static str, f64)> {
            spenders.iter().map(|one| (one.name.clone(), one.kind, one.pulls_per_hour)).collect()
        };
        let nginx = "docker.io/library/nginx:1.27".to_owned();
        for group in &fleet.groups {
            assert_eq!(
                told(&group.spenders),
                [(nginx.clone(), "image", 1.0), ("shop".to_owned(), "namespace", 1.0)]
            );
            assert_eq!(group.unexplained_per_hour, Some(9.0));
        }
        assert_eq!(
            told(&fleet.spenders),
            [
                ("ci".to_owned(), "namespace", 1.0),
                ("docker.io/library/redis:7".to_owned(), "image", 1.0)
            ]
        );
    }

    #[test]
    fn runtimes_are_known_by_their_host_and_witnesses_do_not_add_up() {
        let mut fleet = two_groups();
        for witness in &NODES[..2] {
            let samples = [seen(&[("instance", "n1:10250")], 4.0), seen(&[("node", "n2")], 25.0)];
            fleet.spent_on_nodes(counted(*witness, &samples));
        }
        fleet.settle_spenders();
        let by_source = |source: &str| {
            fleet.groups.iter().find(|group| group.source.as_deref() == Some(source)).unwrap()
        };
        assert_eq!(by_source("192.0.2.1").spenders.len(), 2);
        assert_eq!(by_source("192.0.2.1").unexplained_per_hour, Some(6.0));
        assert_eq!(by_source("192.0.2.2").unexplained_per_hour, Some(0.0));
        assert_eq!(fleet.spenders, []);
    }
}
