//! podman. Seen with 4.3.1; 5.4 and 5.8 after runtimes.md.
//!
//! One pull sends GET index, GET manifest, whatever is held already. A 429 makes its library sleep
//! (see `containers.rs`) and podman try thrice more, two minutes in all; `--retry 0` exists from 5.0
//! on. `rmi` is not forced: a forced one removes containers. An image that has other names is only
//! untagged. Ended by a signal, it exits 0 all the same and leaves half-pulled layers in TMPDIR, which is
//! therefore a folder of our own. Reads `auth.json`, then Docker's `config.json`.

use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::folder::Folder;
use super::program::{Program, pulling};
use super::{
    Driver, Login, Presence, Pull, Removal, Runtime, RuntimeError, Scheme, Setup, containers, exact,
};
use crate::image::Reference;
use crate::process::child::Ending;

/// A podman whose library runs elsewhere sleeps on a 429 unseen: 30 s in all.
const REMOTE_LIMIT: Duration = Duration::from_secs(45);

/// The driver.
#[derive(Debug)]
pub(super) struct PodmanDriver;

#[async_trait]
impl Driver for PodmanDriver {
    fn name(&self) -> &'static str {
        "podman"
    }

    async fn open(&self, setup: &Setup) -> Result<Box<dyn Runtime>, RuntimeError> {
        let mut program =
            Program::find(setup.program.as_deref().unwrap_or("podman"), &setup.environment)?;
        program = containers::spared(program, &setup.environment);
        if let Some(address) = &setup.address {
            let url = if address.starts_with('/') {
                format!("unix://{address}")
            } else {
                address.clone()
            };
            program = program.with(["--remote", "--url", &url]);
        }
        let question = ["info", "--format", "json"];
        let finished = program.try_ask(&question).await?;
        if !finished.succeeded() {
            return Err(program.no_daemon(&finished));
        }
        let engine: Engine = serde_json::from_str(&finished.stdout.text())
            .map_err(|error| program.nonsense(&question, &error))?;
        let mut pull_arguments = Vec::new();
        if engine.major() >= 5 {
            pull_arguments.extend(["--retry", "0"].map(str::to_owned));
        }
        pull_arguments.extend(
            setup.platform.iter().flat_map(|platform| ["--platform".to_owned(), platform.clone()]),
        );
        let limit = if engine.host.service_is_remote { Some(REMOTE_LIMIT) } else { None };
        let folder =
            if may_move_tmpdir(setup) { Some(Folder::new(&setup.environment)?) } else { None };
        let puller = match &folder {
            Some(folder) => program.clone().with_variable("TMPDIR", folder.path().to_owned()),
            None => program.clone(),
        };
        Ok(Box::new(Podman {
            program,
            puller,
            version: engine.version.version,
            pull_arguments,
            scheme: setup.scheme,
            limit,
            _folder: folder,
        }))
    }
}

#[derive(Debug)]
struct Podman {
    program: Program,
    /// The same with a TMPDIR of our own.
    puller: Program,
    version: String,
    pull_arguments: Vec<String>,
    scheme: Scheme,
    limit: Option<Duration>,
    /// Goes with the run, and with it what an ended podman has left there.
    _folder: Option<Folder>,
}

#[async_trait]
impl Runtime for Podman {
    fn name(&self) -> &'static str {
        "podman"
    }

    fn version(&self) -> &str {
        &self.version
    }

    fn login(&self) -> Login {
        Login::ContainersAuth
    }

    async fn present(
        &self,
        reference: &Reference,
        digest: Option<&str>,
    ) -> Result<Vec<Presence>, RuntimeError> {
        let wanted = exact(reference);
        let digest = digest.or(reference.digest());
        let question = ["images", "--format", "json"];
        let answer = self.program.ask(&question).await?;
        let images: Option<Vec<Listed>> = serde_json::from_str(&answer)
            .map_err(|error| self.program.nonsense(&question, &error))?;
        let same = images
            .into_iter()
            .flatten()
            .filter(|image| image.is(&wanted) || digest.is_some_and(|digest| image.has(digest)));
        Ok(same
            .map(|image| Presence {
                image: image.label(&wanted),
                place: "podman's image store".to_owned(),
            })
            .collect())
    }

    async fn holds(&self, reference: &Reference) -> Result<bool, RuntimeError> {
        let name = exact(reference);
        let question = ["image", "exists", &name];
        let finished = self.program.try_ask(&question).await?;
        match finished.ending {
            Ending::Exited(0) => Ok(true),
            Ending::Exited(1) => Ok(false),
            _ => Err(self.program.refused(&question, &finished)),
        }
    }

    async fn pull(
        &self,
        reference: &Reference,
        limit: Duration,
        shutdown: &CancellationToken,
    ) -> Pull {
        let name = exact(reference);
        let mut words = vec!["--log-level=debug", "pull", "--quiet"];
        words.extend(self.pull_arguments.iter().map(String::as_str));
        if self.scheme.is_plain(reference) {
            words.push("--tls-verify=false");
        }
        words.push(&name);
        containers::quietened(
            self.puller
                .pull(&words, pulling(limit, shutdown).stopping_at(containers::SLEEPING))
                .await,
        )
    }

    async fn remove(&self, reference: &Reference) -> Result<Removal, RuntimeError> {
        let name = exact(reference);
        let words = ["rmi", name.as_str()];
        let finished = self.program.try_remove(&words).await?;
        match finished.succeeded() {
            true => Ok(Removal::Removed),
            false if finished.says(&["image not known", "no such image"]) => Ok(Removal::Absent),
            false => Err(self.program.refused(&words, &finished)),
        }
    }

    fn pull_limit(&self) -> Duration {
        self.limit.unwrap_or(super::PULL_LIMIT)
    }

    fn settles_within(&self) -> Duration {
        // A service that pulls for a remote client may finish after it.
        self.limit.map_or(Duration::ZERO, |_| super::SETTLE)
    }
}

/// Whether a TMPDIR of its own changes nothing for podman but where it keeps half-pulled layers:
/// without root and without `XDG_RUNTIME_DIR` it keeps its state there too.
fn may_move_tmpdir(setup: &Setup) -> bool {
    rustix::process::geteuid().is_root() || setup.environment.var("XDG_RUNTIME_DIR").is_some()
}

/// The parts of `podman info` that matter here.
#[derive(Debug, Deserialize)]
struct Engine {
    #[serde(default)]
    host: Host,
    version: Version,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Host {
    #[serde(default)]
    service_is_remote: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Version {
    version: String,
}

impl Engine {
    fn major(&self) -> u32 {
        self.version
            .version
            .split('.')
            .next()
            .and_then(|major| major.parse().ok())
            .unwrap_or_default()
    }
}

/// One image of `podman images`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    #[serde(default)]
    id: String,
    #[serde(default)]
    digest: String,
    names: Option<Vec<String>>,
    repo_digests: Option<Vec<String>>,
}

impl Listed {
    fn is(&self, wanted: &str) -> bool {
        self.names.iter().flatten().any(|name| name == wanted)
    }

    fn has(&self, digest: &str) -> bool {
        self.digest == digest
            || self.repo_digests.iter().flatten().any(|held| held.ends_with(digest))
    }

    fn label(&self, wanted: &str) -> String {
        let mut names = self.names.iter().flatten();
        if self.is(wanted) {
            wanted.to_owned()
        } else {
            names.next().cloned().unwrap_or_else(|| self.id.clone())
        }
    }
}
