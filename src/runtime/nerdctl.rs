//! nerdctl, and what other tools hand on to nerdctl. Seen with 1.7.6 on containerd 1.6.20.
//!
//! One pull sends HEAD, GET index, GET manifest. `rmi` is synchronous, so the next pull pays again;
//! it untags by name and refuses while a container uses the image, which is why it is not forced.
//! containerd shares content between namespaces: all of them are looked through beforehand. On a 429
//! it retries a dozen times within 10 ms and exits 1: stop after the first. Registries on loopback
//! are tried in TLS and then in plain HTTP by nerdctl itself. Reads Docker's `config.json`.

use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::program::Program;
use super::{Driver, Login, Outcome, Presence, Pull, Removal, Runtime, RuntimeError, Setup, exact};
use crate::image::Reference;

/// The driver.
#[derive(Debug)]
pub(super) struct NerdctlDriver;

#[async_trait]
impl Driver for NerdctlDriver {
    fn name(&self) -> &'static str {
        "nerdctl"
    }

    async fn open(&self, setup: &Setup) -> Result<Box<dyn Runtime>, RuntimeError> {
        let mut program = Program::find(setup.program.as_deref().unwrap_or("nerdctl"), &setup.environment)?;
        if let Some(address) = &setup.address {
            program = program.with(["--address", address]);
        }
        let nerdctl = Nerdctl::open(self.name(), program, setup).await?;
        Ok(Box::new(nerdctl))
    }
}

/// nerdctl, in front of us or behind another program.
#[derive(Debug)]
pub(super) struct Nerdctl {
    name: &'static str,
    program: Program,
    version: String,
    notes: Vec<String>,
    login: Login,
    namespace: Option<String>,
    pull_arguments: Vec<String>,
    plain_elsewhere: bool,
    /// Whether exit code 0 proves nothing, so that each pull is followed by a look.
    doubted: bool,
}

impl Nerdctl {
    /// Asks `program` for its version and its containerd's.
    pub(super) async fn open(name: &'static str, mut program: Program, setup: &Setup) -> Result<Self, RuntimeError> {
        if let Some(folder) = &setup.hosts_dir {
            program = program.with(["--hosts-dir", folder]);
        }
        let question = ["version", "--format", "{{json .}}"];
        let finished = program.try_ask(&question).await?;
        if !finished.succeeded() {
            return Err(program.no_daemon(&finished));
        }
        let version: Version = serde_json::from_str(&finished.stdout.text()).map_err(|error| program.nonsense(&question, error))?;
        let mut pull_arguments = Vec::from(["pull", "-q"].map(str::to_owned));
        if let Some(platform) = &setup.platform {
            pull_arguments.extend(["--platform".to_owned(), platform.clone()]);
        }
        Ok(Self {
            name,
            program,
            version: version.words(),
            notes: Vec::new(),
            login: Login::DockerConfig,
            namespace: setup.namespace.clone(),
            pull_arguments,
            plain_elsewhere: setup.scheme == super::Scheme::Http,
            doubted: false,
        })
    }

    /// The same for a tool whose exit code 0 does not prove that anything was done, and whose
    /// log-in cannot be seen from here.
    pub(super) fn doubted(self) -> Self {
        Self { doubted: true, login: Login::Elsewhere, ..self }
    }

    /// The words of a call in the user's namespace.
    fn here<'a>(&'a self, words: &[&'a str]) -> Vec<&'a str> {
        let namespace = self.namespace.iter().flat_map(|namespace| ["--namespace", namespace.as_str()]);
        namespace.chain(words.iter().copied()).collect()
    }

    async fn listed(&self, namespace: &str) -> Result<Vec<Listed>, RuntimeError> {
        let question = ["--namespace", namespace, "images", "--no-trunc", "--digests", "--format", "{{json .}}"];
        let answer = self.program.ask(&question).await?;
        let lines = answer.lines().filter(|line| !line.trim().is_empty());
        lines.map(|line| serde_json::from_str(line).map_err(|error| self.program.nonsense(&question, error))).collect()
    }
}

#[async_trait]
impl Runtime for Nerdctl {
    fn name(&self) -> &'static str {
        self.name
    }

    fn version(&self) -> &str {
        &self.version
    }

    fn notes(&self) -> &[String] {
        &self.notes
    }

    fn login(&self) -> Login {
        self.login
    }

    async fn present(&self, reference: &Reference, digest: Option<&str>) -> Result<Vec<Presence>, RuntimeError> {
        let wanted = exact(reference);
        let digest = digest.or(reference.digest());
        let namespaces = self.program.ask(&["namespace", "ls", "-q"]).await?;
        let mut found = Vec::new();
        for namespace in namespaces.split_whitespace() {
            let images = self.listed(namespace).await?;
            let same = images.into_iter().filter(|image| image.is(&wanted) || digest.is_some_and(|digest| image.digest == digest));
            found.extend(same.map(|image| Presence { image: image.label(), place: format!("namespace {namespace}") }));
        }
        Ok(found)
    }

    async fn holds(&self, reference: &Reference) -> Result<bool, RuntimeError> {
        let name = exact(reference);
        let question = self.here(&["image", "inspect", "--format", "{{.ID}}", &name]);
        let finished = self.program.try_ask(&question).await?;
        match finished.succeeded() {
            true => Ok(!finished.stdout.text().trim().is_empty()),
            false if finished.says(&["no such image", "not found"]) => Ok(false),
            false => Err(self.program.refused(&question, &finished)),
        }
    }

    async fn pull(&self, reference: &Reference, limit: Duration, shutdown: &CancellationToken) -> Pull {
        let name = exact(reference);
        let mut words: Vec<&str> = self.pull_arguments.iter().map(String::as_str).collect();
        if self.plain_elsewhere && !reference.is_loopback() {
            words.insert(0, "--insecure-registry");
        }
        words.push(&name);
        let pull = self.program.pull(&self.here(&words), limit, shutdown, None).await;
        if !self.doubted || pull.outcome != Outcome::Pulled {
            return pull;
        }
        let outcome = match self.holds(reference).await {
            Ok(true) => Outcome::Pulled,
            Ok(false) => Outcome::Failed { exit: Some(0), text: format!("{} exited 0, but {name} did not arrive", self.program.name()) },
            Err(error) => Outcome::Failed { exit: Some(0), text: error.to_string() },
        };
        Pull { outcome, ..pull }
    }

    async fn remove(&self, reference: &Reference) -> Result<Removal, RuntimeError> {
        let name = exact(reference);
        let words = self.here(&["rmi", &name]);
        let finished = self.program.try_remove(&words).await?;
        match finished.succeeded() {
            // A virtual machine that has stopped exits 0 without a word.
            true if finished.stdout.text().trim().is_empty() => Ok(Removal::Absent),
            true => Ok(Removal::Removed),
            false if finished.says(&["no such image"]) => Ok(Removal::Absent),
            false => Err(self.program.refused(&words, &finished)),
        }
    }
}

/// The parts of `nerdctl version` that are shown.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Version {
    client: Client,
    server: Option<Server>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Client {
    version: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Server {
    #[serde(default)]
    components: Vec<Component>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Component {
    name: String,
    version: String,
}

impl Version {
    fn words(&self) -> String {
        let client = self.client.version.trim_start_matches('v');
        let server = self.server.iter().flat_map(|server| &server.components).find(|component| component.name == "containerd");
        server
            .map_or_else(|| client.to_owned(), |containerd| format!("{client} (containerd {})", containerd.version.trim_start_matches('v')))
    }
}

/// One line of `nerdctl images`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    /// The full name; older releases do not print it.
    #[serde(default)]
    name: String,
    #[serde(default)]
    repository: String,
    #[serde(default)]
    tag: String,
    #[serde(default)]
    digest: String,
}

impl Listed {
    fn is(&self, wanted: &str) -> bool {
        let spelled =
            || format!("{}:{}", self.repository, self.tag).parse::<Reference>().is_ok_and(|reference| reference.to_string() == wanted);
        self.name == wanted || (self.name.is_empty() && spelled())
    }

    fn label(&self) -> String {
        let spelled = || format!("{}:{}", self.repository, self.tag);
        if self.name.is_empty() { spelled() } else { self.name.clone() }
    }
}
