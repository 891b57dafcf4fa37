//! What runs now instead of what files say: the pods of a cluster, the containers of this machine. Each image
//! is pulled once on each machine that runs it, so that the totals are what a restart on empty machines
//! would cost. The text is of tools, not of files: a row stands at the name of the object that runs it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::assemble::refer;
use super::value::{Beside, ImageUse, Puller, Purpose, Workload};
use super::{FileKind, Skipped};

/// What runs, in the order of its rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Live {
    /// Containers by the object that they are of.
    containers: BTreeSet<Container>,
    /// What could not be read, and why.
    pub skipped: Vec<Skipped>,
}

/// A container.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Container {
    path: String,
    kind: FileKind,
    image: String,
    purpose: Purpose,
    machine: String,
}

/// An answer that is not what was asked for.
#[derive(Debug, thiserror::Error)]
#[error("{tool} answers something else than {what}")]
pub struct LiveError {
    tool: &'static str,
    what: &'static str,
}

#[derive(Deserialize)]
struct Pods {
    items: Vec<Pod>,
}

#[derive(Deserialize)]
struct Pod {
    metadata: Metadata,
    #[serde(default)]
    spec: Spec,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    name: String,
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    owner_references: Vec<Owner>,
}

#[derive(Deserialize)]
struct Owner {
    kind: String,
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    node_name: String,
    containers: Vec<Image>,
    init_containers: Vec<Image>,
    ephemeral_containers: Vec<Image>,
    volumes: Vec<Volume>,
}

#[derive(Deserialize)]
struct Image {
    #[serde(default)]
    image: String,
}

#[derive(Deserialize)]
struct Volume {
    image: Option<VolumeImage>,
}

#[derive(Deserialize)]
struct VolumeImage {
    #[serde(default)]
    reference: String,
}

#[derive(Deserialize)]
struct CriContainers {
    containers: Vec<CriContainer>,
}

#[derive(Deserialize)]
struct CriContainer {
    metadata: CriName,
    image: CriImage,
}

#[derive(Deserialize)]
struct CriName {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CriImage {
    image: String,
    #[serde(default)]
    user_specified_image: String,
}

impl Live {
    /// The pods that `kubectl get pods -o json` tells of. A pod of a ReplicaSet is its row, not one of its own.
    ///
    /// # Errors
    /// It is no list of pods.
    pub fn pods(&mut self, json: &str) -> Result<(), LiveError> {
        let wrong = |_| LiveError { tool: "kubectl", what: "a list of pods" };
        let pods: Pods = serde_json::from_str(json).map_err(wrong)?;
        for Pod { metadata, spec } in pods.items {
            let owner = metadata.owner_references.first();
            let (kind, name) =
                owner.map_or(("Pod", &metadata.name), |owner| (&owner.kind, &owner.name));
            let path = format!("{}/{kind}/{name}", metadata.namespace);
            // A pod that waits for a node will have one.
            let machine = if spec.node_name.is_empty() {
                format!("{}/{}", metadata.namespace, metadata.name)
            } else {
                spec.node_name
            };
            let images = [
                (Purpose::Container, spec.containers),
                (Purpose::Container, spec.ephemeral_containers),
                (Purpose::Init, spec.init_containers),
            ];
            for (purpose, images) in images {
                for image in images {
                    self.add(&path, FileKind::Cluster, &image.image, purpose, &machine);
                }
            }
            for image in spec.volumes.into_iter().filter_map(|volume| volume.image) {
                self.add(&path, FileKind::Cluster, &image.reference, Purpose::Volume, &machine);
            }
        }
        Ok(())
    }

    /// The containers that a tool lists: name and image, a tabulator between them.
    pub fn containers(&mut self, tool: &str, lines: &str) {
        for line in lines.lines() {
            if let Some((name, image)) = line.split_once('\t') {
                let name = name.split(',').next().unwrap_or(name);
                self.add(&format!("{tool}/{name}"), FileKind::Host, image, Purpose::Container, "");
            }
        }
    }

    /// The containers that `crictl ps -o json` tells of.
    ///
    /// # Errors
    /// It is no list of containers.
    pub fn cri_containers(&mut self, json: &str) -> Result<(), LiveError> {
        let wrong = |_| LiveError { tool: "crictl", what: "a list of containers" };
        let found: CriContainers = serde_json::from_str(json).map_err(wrong)?;
        for CriContainer { metadata, image } in found.containers {
            let named = Some(image.user_specified_image).filter(|named| !named.is_empty());
            let path = format!("crictl/{}", metadata.name);
            let image = named.unwrap_or(image.image);
            self.add(&path, FileKind::Host, &image, Purpose::Container, "");
        }
        Ok(())
    }

    /// What runs elsewhere, too.
    pub fn join(&mut self, mut other: Self) {
        self.containers.append(&mut other.containers);
        self.skipped.append(&mut other.skipped);
    }

    /// Leaves word of what was not read.
    pub fn skip(&mut self, path: &str, reason: String) {
        self.skipped.push(Skipped { path: path.to_owned(), reason });
    }

    fn add(&mut self, path: &str, kind: FileKind, image: &str, purpose: Purpose, machine: &str) {
        let (path, image) = (crate::text::one_line(path, 300), image.trim());
        if image.is_empty() {
            return;
        }
        if is_id(image) {
            let reason =
                format!("{} is the id of an image that has no name any more", short(image));
            return self.skip(&path, reason);
        }
        let (image, machine) = (image.to_owned(), machine.to_owned());
        self.containers.insert(Container { path, kind, image, purpose, machine });
    }

    /// A reference for each object and image; of an object on several machines, with as many pulls.
    pub(super) fn uses(&self) -> Vec<ImageUse> {
        let mut machines: BTreeMap<(&str, FileKind, &str, Purpose), Vec<&str>> = BTreeMap::new();
        for one in &self.containers {
            let key = (one.path.as_str(), one.kind, one.image.as_str(), one.purpose);
            machines.entry(key).or_default().push(&one.machine);
        }
        let uses = machines.into_iter().map(|((path, kind, image, purpose), machines)| {
            let mut found = ImageUse {
                path: path.to_owned(),
                line: 1,
                column: 1,
                kind,
                written: image.to_owned(),
                reference: Some(image.to_owned()),
                image: None,
                registry: None,
                docker_hub: false,
                pinned: None,
                purpose,
                identity: Puller::Unknown,
                via: None,
                pulls: machines.len() as u64,
                certain: true,
                unresolved: Vec::new(),
                defined_at: Vec::new(),
                profiles: Vec::new(),
                pods: vec![Workload {
                    workload: path.to_owned(),
                    replicas: Some(machines.len() as u64),
                }],
                service: None,
                job: None,
                machines: machines.into_iter().map(str::to_owned).collect(),
                span: 0..0,
                known: image.to_owned(),
                beside: Beside::default(),
            };
            refer(&mut found, image.to_owned());
            found
        });
        uses.collect()
    }
}

/// An image that is called by its digest alone.
fn is_id(image: &str) -> bool {
    let digits = image.strip_prefix("sha256:").unwrap_or(image);
    matches!(digits.len(), 12 | 64) && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn short(id: &str) -> &str {
    id.get(..19).unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::{Crowd, Request, scan};

    fn scanned(live: Live) -> crate::scan::Scan {
        let request =
            Request { live, crowd: Crowd { nodes: 7, ..Crowd::default() }, ..Request::default() };
        scan(&request, &|_| {}).unwrap()
    }

    #[test]
    fn an_image_is_pulled_once_on_each_node_however_many_pods_run_there() {
        let pod = |name: &str, owner: &str, node: &str, image: &str| {
            serde_json::json!({
                "metadata": {"name": name, "namespace": "shop", "ownerReferences": [{"kind": "ReplicaSet", "name": owner}]},
                "spec": {"nodeName": node, "containers": [{"name": "c", "image": image}],
                    "initContainers": [{"name": "i", "image": "quay.io/a/b:1"}]},
                "status": {"containerStatuses": [{"image": "docker.io/library/never:1"}]},
            })
        };
        let pods = serde_json::json!({"kind": "List", "items": [
            pod("web-1", "web", "n1", "nginx:1.27"), pod("web-2", "web", "n1", "nginx:1.27"),
            pod("web-3", "web", "n2", "nginx:1.27"), pod("api-1", "api", "n1", "docker.io/library/nginx:1.27"),
            pod("new-1", "new", "", "redis:7"),
        ]});
        let mut live = Live::default();
        live.pods(&pods.to_string()).unwrap();
        let scan = scanned(live);
        let told: Vec<_> = scan
            .references
            .iter()
            .filter(|one| one.docker_hub)
            .map(|one| (one.path.as_str(), one.image.as_deref().unwrap(), one.pulls))
            .collect();
        let nginx = "docker.io/library/nginx:1.27";
        assert_eq!(
            told,
            [
                ("shop/ReplicaSet/api", nginx, 1),
                ("shop/ReplicaSet/new", "docker.io/library/redis:7", 1),
                ("shop/ReplicaSet/web", nginx, 2)
            ]
        );
        // nginx on two nodes and redis on one; the number of nodes is the cluster's own.
        assert_eq!((scan.totals.pulls.cold, scan.totals.pulls.warm), (3, 0));
        assert_eq!(scan.totals.by_registry["quay.io"].pulls, 3);
        assert!(Live::default().pods("[]").is_err());
    }

    #[test]
    fn containers_of_this_machine_are_one_machines() {
        let mut live = Live::default();
        live.containers("docker", "web\tnginx:1.27\nold\tsha256:0123456789ab0123456789ab0123456789ab0123456789ab0123456789ab0123\n");
        live.containers("podman", "web2\tdocker.io/library/nginx:1.27\nx\t0123456789ab\n");
        live.cri_containers(r#"{"containers":[{"metadata":{"name":"c"},"image":{"image":"sha256:aa","userSpecifiedImage":"redis"}}]}"#).unwrap();
        let scan = scanned(live);
        assert_eq!((scan.references.len(), scan.totals.pulls.cold), (3, 2));
        assert_eq!(scan.skipped.len(), 2, "{:?}", scan.skipped);
    }
}
