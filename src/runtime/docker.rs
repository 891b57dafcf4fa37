//! Docker Engine through its command line. Seen with client 28.2 and dockerd 20.10; both image
//! stores of 26.1 and 28.5 after runtimes.md.
//!
//! One pull sends HEAD, GET index, GET manifest. The classic store keeps manifests in containerd until
//! its collector runs, which it does at most 2 % of the time: until then a pull is free. A second
//! after the removal is enough where a collection takes a few milliseconds; on a machine so busy that
//! it takes a hundred, five seconds are not (both seen). So the pause grows with the time that the
//! removal took. The containerd store needs none. `rmi` is not forced: a forced one of a missing image
//! exits 0, and one of an image in use takes its name away. The daemon pulls: killing the client does
//! not always end it. A pull that is cut short in its last step leaves an image without a name; one
//! that is cut short sooner leaves a lease of a day in containerd's namespace `moby` (seen with 20.10),
//! and every pull of that image is free until then. So a pull has a moment to finish after shutdown.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::content;
use super::program::{Program, pulling};
use super::{Driver, Login, Presence, Pull, Removal, Runtime, RuntimeError, Setup, exact};
use crate::image::Reference;

/// How long the classic store needs at least before it asks for manifests again.
const CLASSIC_PAUSE: Duration = Duration::from_secs(1);
/// The same on a busy machine: a removal takes some 50 ms on an idle one, and half a second where
/// the collector is late.
const CLASSIC_PAUSE_PER_REMOVAL: u32 = 10;
/// The longest pause that is asked for.
const CLASSIC_PAUSE_MOST: Duration = Duration::from_secs(10);

/// The driver.
#[derive(Debug)]
pub(super) struct DockerDriver;

#[async_trait]
impl Driver for DockerDriver {
    fn name(&self) -> &'static str {
        "docker"
    }

    async fn open(&self, setup: &Setup) -> Result<Box<dyn Runtime>, RuntimeError> {
        let mut program =
            Program::find(setup.program.as_deref().unwrap_or("docker"), &setup.environment)?;
        if let Some(address) = &setup.address {
            let url = if address.starts_with('/') {
                format!("unix://{address}")
            } else {
                address.clone()
            };
            program = program.with(["--host", &url]);
        }
        Ok(Box::new(Docker::open(self.name(), program, setup).await?))
    }
}

/// What was there before the first pull.
#[derive(Debug, Clone)]
struct Before {
    ids: HashSet<String>,
    at: DateTime<Utc>,
}

/// A Docker Engine.
#[derive(Debug)]
pub(super) struct Docker {
    name: &'static str,
    program: Program,
    version: String,
    notes: Vec<String>,
    mirrors: Vec<String>,
    store: Store,
    last_removal: Mutex<Duration>,
    before: Mutex<Option<Before>>,
    platform: Option<String>,
}

/// The two ways in which a Docker Engine keeps images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Store {
    Classic,
    Containerd,
}

impl Docker {
    /// Asks `program` for its daemon.
    pub(super) async fn open(
        name: &'static str,
        program: Program,
        setup: &Setup,
    ) -> Result<Self, RuntimeError> {
        let question = ["info", "--format", "{{json .}}"];
        let finished = program.try_ask(&question).await?;
        let parsed: Result<Engine, _> = serde_json::from_str(&finished.stdout.text());
        match parsed {
            // Older clients exit 0 and put the error into the answer.
            Ok(Engine { server_errors: Some(errors), .. }) if !errors.is_empty() => {
                Err(RuntimeError::NoDaemon {
                    program: program.name().to_owned(),
                    text: errors.join(" "),
                })
            }
            Ok(engine) if engine.server_version.is_empty() => Err(program.no_daemon(&finished)),
            Err(_) if !finished.succeeded() => Err(program.no_daemon(&finished)),
            Err(error) => Err(program.nonsense(&question, &error)),
            Ok(engine) => {
                let (version, notes, mirrors, store) =
                    (engine.words(), engine.notes(), engine.mirrors(), engine.store());
                let platform = setup.platform.clone();
                Ok(Self {
                    name,
                    program,
                    version,
                    notes,
                    mirrors,
                    store,
                    last_removal: Mutex::default(),
                    before: Mutex::default(),
                    platform,
                })
            }
        }
    }
}

#[async_trait]
impl Runtime for Docker {
    fn name(&self) -> &'static str {
        self.name
    }

    fn version(&self) -> &str {
        &self.version
    }

    fn notes(&self) -> &[String] {
        &self.notes
    }

    fn mirrors(&self) -> &[String] {
        &self.mirrors
    }

    fn login(&self) -> Login {
        Login::DockerConfig
    }

    async fn present(
        &self,
        reference: &Reference,
        digest: Option<&str>,
    ) -> Result<Vec<Presence>, RuntimeError> {
        let place = || "the docker image store".to_owned();
        let at = Utc::now();
        let ids = self.ids(&["images", "--all", "--no-trunc", "--quiet"]).await?;
        *self.before.lock().unwrap_or_else(PoisonError::into_inner) = Some(Before { ids, at });
        if self.holds(reference).await? {
            return Ok(vec![Presence { image: exact(reference), place: place() }]);
        }
        let Some(digest) = digest.or(reference.digest()) else { return Ok(Vec::new()) };
        let question = ["images", "--digests", "--no-trunc", "--format", "{{json .}}"];
        let answer = self.program.ask(&question).await?;
        let mut found = Vec::new();
        for line in answer.lines().filter(|line| !line.trim().is_empty()) {
            let image: Listed = serde_json::from_str(line)
                .map_err(|error| self.program.nonsense(&question, &error))?;
            if image.digest == digest {
                let name = if image.tag == "<none>" {
                    format!("{}@{digest}", image.repository)
                } else {
                    format!("{}:{}", image.repository, image.tag)
                };
                found.push(Presence { image: name, place: place() });
            }
        }
        Ok(found)
    }

    async fn holds(&self, reference: &Reference) -> Result<bool, RuntimeError> {
        let name = exact(reference);
        let question = ["image", "inspect", "--format", "{{.Id}}", &name];
        let finished = self.program.try_ask(&question).await?;
        match finished.succeeded() {
            true => Ok(true),
            false if finished.says(&["no such image", "not found"]) => Ok(false),
            false => Err(self.program.refused(&question, &finished)),
        }
    }

    async fn pull(
        &self,
        reference: &Reference,
        limit: Duration,
        shutdown: &CancellationToken,
    ) -> Pull {
        let name = exact(reference);
        let mut words = vec!["pull", "--quiet"];
        words.extend(self.platform.iter().flat_map(|platform| ["--platform", platform.as_str()]));
        words.push(&name);
        self.program.pull(&words, content::patient(pulling(limit, shutdown))).await
    }

    async fn remove(&self, reference: &Reference) -> Result<Removal, RuntimeError> {
        let name = exact(reference);
        let words = ["rmi", name.as_str()];
        let finished = self.program.try_remove(&words).await?;
        *self.last_removal.lock().unwrap_or_else(PoisonError::into_inner) = finished.elapsed;
        match finished.succeeded() {
            true => Ok(Removal::Removed),
            false if finished.says(&["no such image"]) => Ok(Removal::Absent),
            false => Err(self.program.refused(&words, &finished)),
        }
    }

    fn pause_after_remove(&self) -> Duration {
        match self.store {
            Store::Classic => {
                classic_pause(*self.last_removal.lock().unwrap_or_else(PoisonError::into_inner))
            }
            Store::Containerd => Duration::ZERO,
        }
    }

    fn settles_within(&self) -> Duration {
        super::SETTLE
    }

    async fn sweep(&self) -> Result<(), RuntimeError> {
        let before = self.before.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(before) = before else { return Ok(()) };
        let nameless = self
            .ids(&["images", "--all", "--no-trunc", "--quiet", "--filter", "dangling=true"])
            .await?;
        for id in nameless.difference(&before.ids) {
            // What somebody builds meanwhile is nameless and new, too: but it is made now, and of a parent.
            // What somebody pulls meanwhile by its digest counts as nameless: but it has that digest.
            let answer = self.program.try_ask(&["image", "inspect", "--format", SHOWN, id]).await?;
            if answer.succeeded() && is_cut_short(&answer.stdout.text(), before.at) {
                let removal = ["rmi", id.as_str()];
                let finished = self.program.try_remove(&removal).await?;
                if !finished.succeeded() && !finished.says(&["no such image"]) {
                    return Err(self.program.refused(&removal, &finished));
                }
            }
        }
        Ok(())
    }
}

impl Docker {
    async fn ids(&self, question: &[&str]) -> Result<HashSet<String>, RuntimeError> {
        Ok(self.program.ask(question).await?.split_whitespace().map(str::to_owned).collect())
    }
}

/// What is asked of a nameless image: when it was made, by how many names and digests it is known,
/// and of what it was made.
const SHOWN: &str = "{{.Created}} {{len .RepoTags}} {{len .RepoDigests}} {{.Parent}}";

/// Whether an image, shown as [`SHOWN`] asks, was made before that time and elsewhere, and is known
/// by no name and no digest: what a pull leaves that was cut short in its last step.
fn is_cut_short(shown: &str, at: DateTime<Utc>) -> bool {
    let mut words = shown.split_whitespace();
    let made = words.next().and_then(|made| DateTime::parse_from_rfc3339(made).ok());
    made.is_some_and(|made| made < at)
        && words.next() == Some("0")
        && words.next() == Some("0")
        && words.next().is_none()
}

/// The pause after a removal that took so long.
fn classic_pause(removal: Duration) -> Duration {
    (removal * CLASSIC_PAUSE_PER_REMOVAL).clamp(CLASSIC_PAUSE, CLASSIC_PAUSE_MOST)
}

/// The parts of `docker info` that matter here.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Engine {
    server_version: String,
    server_errors: Option<Vec<String>>,
    operating_system: String,
    driver_status: Option<Vec<(String, String)>>,
    registry_config: Option<Registries>,
    client_info: Option<Client>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Registries {
    mirrors: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Client {
    version: String,
}

impl Engine {
    fn words(&self) -> String {
        match self
            .client_info
            .as_ref()
            .map(|client| client.version.as_str())
            .filter(|version| !version.is_empty())
        {
            Some(client) => format!("{client} (dockerd {})", self.server_version),
            None => format!("dockerd {}", self.server_version),
        }
    }

    fn store(&self) -> Store {
        let status = self.driver_status.iter().flatten();
        let mut types = status.filter(|(name, _)| name == "driver-type");
        if types.any(|(_, value)| value.starts_with("io.containerd.snapshotter")) {
            Store::Containerd
        } else {
            Store::Classic
        }
    }

    fn mirrors(&self) -> Vec<String> {
        self.registry_config
            .iter()
            .filter_map(|registries| registries.mirrors.as_ref())
            .flatten()
            .cloned()
            .collect()
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let mirrors = self.mirrors();
        if !mirrors.is_empty() {
            notes.push(format!(
                "dockerd asks {} first and falls back to Docker Hub without a word: a 429 of either can be hidden by the other",
                mirrors.join(", ")
            ));
        }
        if self.operating_system.contains("Docker Desktop") {
            notes.push(
                "Docker Desktop can mask the limit: its log-in counts on the account, and its proxy may change the address".to_owned(),
            );
        }
        notes
    }
}

/// One line of `docker images`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    repository: String,
    tag: String,
    #[serde(default)]
    digest: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn engine(json: &str) -> Engine {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn the_image_store_is_told_from_the_driver_status() {
        let classic = engine(
            r#"{"ServerVersion":"20.10.24","DriverStatus":[["Backing Filesystem","extfs"],["Supports d_type","true"]]}"#,
        );
        let containerd = engine(
            r#"{"ServerVersion":"28.5.1","DriverStatus":[["driver-type","io.containerd.snapshotter.v1"]]}"#,
        );
        assert_eq!((classic.store(), containerd.store()), (Store::Classic, Store::Containerd));
        assert_eq!(engine(r#"{"ServerVersion":"1","DriverStatus":null}"#).store(), Store::Classic);
    }

    #[test]
    fn only_an_image_that_was_made_elsewhere_and_earlier_may_be_swept() {
        let at = "2026-11-22T12:00:00Z".parse().expect("a time");
        assert!(is_cut_short("2026-11-22T11:59:59.5Z 0 0 \n", at));
        assert!(is_cut_short("0001-01-01T00:00:00Z 0 0 \n", at));
        for kept in [
            "2026-11-22T12:00:01Z 0 0 \n",
            "2020-01-01T00:00:00Z 0 0 sha256:aa\n",
            // Pulled by its digest: nameless to `docker images`, and somebody's all the same.
            "2020-01-01T00:00:00Z 0 1 \n",
            "2020-01-01T00:00:00Z 1 0 \n",
            "2020-01-01T00:00:00Z\n",
            " \n",
            "",
            "yesterday 0 0\n",
        ] {
            assert!(!is_cut_short(kept, at), "{kept}");
        }
    }

    #[test]
    fn the_pause_grows_with_the_removal_within_bounds() {
        let pauses = [20, 100, 290, 60_000]
            .map(|removal| classic_pause(Duration::from_millis(removal)).as_millis());
        assert_eq!(pauses, [1000, 1000, 2900, 10_000]);
    }

    #[test]
    fn what_can_hide_a_429_is_said() {
        let plain = engine(
            r#"{"ServerVersion":"1","OperatingSystem":"Debian","RegistryConfig":{"Mirrors":[]}}"#,
        );
        assert_eq!(plain.notes(), Vec::<String>::new());
        let desktop = engine(
            r#"{"ServerVersion":"1","OperatingSystem":"Docker Desktop","RegistryConfig":{"Mirrors":["https://mirror.example/"]}}"#,
        );
        let notes = desktop.notes();
        assert!(
            notes[0].contains("https://mirror.example/") && notes[1].contains("can mask"),
            "{notes:?}"
        );
    }
}
