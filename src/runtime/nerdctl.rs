//! nerdctl, and what other tools hand on to nerdctl. Seen with 1.7.6 on containerd 1.6.20 and with
//! 2.1.2 on 2.1.9.
//!
//! One pull sends HEAD, GET index, GET manifest; layers are fetched and not unpacked. `rmi` is
//! synchronous, so the next pull pays again; it untags by name and refuses while a container uses
//! the image, which is why it is not forced. containerd shares content between namespaces: all of
//! them are looked through beforehand. On a 429 it tries a dozen times within 10 ms and exits 1: stop
//! after the first. Registries on loopback it tries in TLS, then in plain HTTP. Reads Docker's
//! `config.json`. Options stand behind the command, where finch takes them too.

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::content::{self, Content};
use super::program::{Program, pulling};
use super::{
    Driver, Login, Outcome, Presence, Pull, Removal, Runtime, RuntimeError, Scheme, Setup, exact,
};
use crate::image::Reference;

/// The driver.
#[derive(Debug)]
pub(super) struct NerdctlDriver;

#[async_trait]
impl Driver for NerdctlDriver {
    fn name(&self) -> &'static str {
        "nerdctl"
    }

    fn takes_hosts_dir(&self) -> bool {
        true
    }

    async fn open(&self, setup: &Setup) -> Result<Box<dyn Runtime>, RuntimeError> {
        let mut program =
            Program::find(setup.program.as_deref().unwrap_or("nerdctl"), &setup.environment)?;
        if let Some(address) = &setup.address {
            program = program.with(["--address", address]);
        }
        let nerdctl = Nerdctl::open(self.name(), program, Namespaces::Listed, setup).await?;
        Ok(Box::new(Nerdctl { content: content_of(setup), ..nerdctl }))
    }
}

/// Which namespaces to look through for an image.
#[derive(Debug, Clone, Copy)]
pub(super) enum Namespaces {
    /// Those that nerdctl lists.
    Listed,
    /// These, where they cannot be listed; absent ones look empty.
    Usual(&'static [&'static str]),
}

/// nerdctl, in front of us or behind another program.
#[derive(Debug)]
pub(super) struct Nerdctl {
    name: &'static str,
    program: Program,
    version: String,
    login: Login,
    namespaces: Namespaces,
    /// `--namespace` and its value, where the user named one.
    here: Vec<String>,
    pull_arguments: Vec<String>,
    scheme: Scheme,
    /// The same containerd through ctr, where that is to be had.
    content: Option<Content>,
    /// Whether exit code 0 proves nothing, so that each pull is followed by a look.
    doubted: bool,
}

impl Nerdctl {
    /// Asks `program` for its version and its containerd's.
    pub(super) async fn open(
        name: &'static str,
        program: Program,
        namespaces: Namespaces,
        setup: &Setup,
    ) -> Result<Self, RuntimeError> {
        let version = match namespaces {
            Namespaces::Listed => both_versions(&program).await?,
            Namespaces::Usual(_) => server_version(&program).await?,
        };
        let mut pull_arguments = vec!["--unpack=false".to_owned()];
        for (option, value) in [("--platform", &setup.platform), ("--hosts-dir", &setup.hosts_dir)]
        {
            pull_arguments
                .extend(value.iter().flat_map(|value| [option.to_owned(), value.clone()]));
        }
        let here = setup
            .namespace
            .iter()
            .flat_map(|namespace| ["--namespace".to_owned(), namespace.clone()])
            .collect();
        Ok(Self {
            name,
            program,
            version,
            login: Login::DockerConfig,
            namespaces,
            here,
            pull_arguments,
            scheme: setup.scheme,
            content: None,
            doubted: false,
        })
    }

    /// The same for a tool whose exit code 0 does not prove that anything was done, and whose
    /// log-in cannot be seen from here.
    pub(super) fn doubted(self) -> Self {
        Self { doubted: true, login: Login::Elsewhere, ..self }
    }

    /// A call in the user's namespace.
    fn call<'a>(&'a self, command: &[&'a str], rest: &[&'a str]) -> Vec<&'a str> {
        command
            .iter()
            .copied()
            .chain(self.here.iter().map(String::as_str))
            .chain(rest.iter().copied())
            .collect()
    }

    async fn listed(&self, namespace: &str) -> Result<Vec<Listed>, RuntimeError> {
        let question = [
            "images",
            "--namespace",
            namespace,
            "--no-trunc",
            "--digests",
            "--format",
            "{{json .}}",
        ];
        let answer = self.program.ask(&question).await?;
        let lines = answer.lines().filter(|line| !line.trim().is_empty());
        lines
            .map(|line| {
                serde_json::from_str(line).map_err(|error| self.program.nonsense(&question, &error))
            })
            .collect()
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

    fn login(&self) -> Login {
        self.login
    }

    async fn present(
        &self,
        reference: &Reference,
        digest: Option<&str>,
    ) -> Result<Vec<Presence>, RuntimeError> {
        let wanted = exact(reference);
        let digest = digest.or(reference.digest());
        let answer;
        let mut namespaces: Vec<&str> = match self.namespaces {
            Namespaces::Listed => {
                answer = self.program.ask(&["namespace", "ls", "-q"]).await?;
                answer.split_whitespace().collect()
            }
            Namespaces::Usual(names) => names.to_vec(),
        };
        let own = self.here.last().map(String::as_str);
        namespaces.extend(own.filter(|own| !namespaces.contains(own)));
        let mut found = Vec::new();
        for namespace in namespaces {
            let before = found.len();
            let images = self.listed(namespace).await?;
            let same = images.into_iter().filter(|image| {
                image.is(&wanted) || digest.is_some_and(|digest| image.digest == digest)
            });
            found.extend(same.map(|image| Presence {
                image: image.label(),
                place: format!("namespace {namespace}"),
            }));
            if let Some(content) = &self.content {
                found.extend(
                    content.unnamed(namespace, digest.filter(|_| found.len() == before)).await?,
                );
            }
        }
        // An image of several platforms is listed once for each.
        found.dedup();
        Ok(found)
    }

    async fn holds(&self, reference: &Reference) -> Result<bool, RuntimeError> {
        // Not `image inspect`: 2.1 does not find by it what was pulled by digest.
        let name = exact(reference);
        let answer =
            self.program.ask(&self.call(&["images"], &["--quiet", "--no-trunc", &name])).await?;
        Ok(!answer.trim().is_empty())
    }

    async fn pull(
        &self,
        reference: &Reference,
        limit: Duration,
        shutdown: &CancellationToken,
    ) -> Pull {
        let name = exact(reference);
        let mut rest = vec!["--quiet"];
        rest.extend(self.pull_arguments.iter().map(String::as_str));
        if self.scheme == Scheme::Http && !reference.is_loopback() {
            rest.push("--insecure-registry");
        }
        rest.push(&name);
        let began = SystemTime::now();
        let pull = self
            .program
            .pull(&self.call(&["pull"], &rest), content::patient(pulling(limit, shutdown)))
            .await;
        if let Some(content) = &self.content {
            content.release(&pull, began).await;
        }
        if !self.doubted || pull.outcome != Outcome::Pulled {
            return pull;
        }
        let missing = match self.holds(reference).await {
            Ok(true) => return pull,
            Ok(false) => format!("{} exited 0, but {name} did not arrive", self.program.name()),
            Err(error) => error.to_string(),
        };
        Pull { outcome: Outcome::Failed { exit: Some(0), text: missing }, ..pull }
    }

    async fn remove(&self, reference: &Reference) -> Result<Removal, RuntimeError> {
        let name = exact(reference);
        let words = self.call(&["rmi"], &[&name]);
        let finished = self.program.try_remove(&words).await?;
        match finished.succeeded() {
            // A machine that has stopped exits 0 without a word.
            true if finished.stdout.text().trim().is_empty() => Ok(Removal::Absent),
            true => Ok(Removal::Removed),
            false if finished.says(&["no such image"]) => Ok(Removal::Absent),
            false => Err(self.program.refused(&words, &finished)),
        }
    }

    fn settles_within(&self) -> Duration {
        if self.doubted { GUEST_SETTLE } else { Duration::ZERO }
    }
}

/// How long what a killed front has started behind it may go on: nobody tells a guest's nerdctl.
const GUEST_SETTLE: Duration = Duration::from_secs(10);

/// The containerd that nerdctl talks to: as told, or as its own file says. Only root's nerdctl and
/// ctr talk to the same one.
fn content_of(setup: &Setup) -> Option<Content> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let file = setup.environment.var("NERDCTL_TOML").unwrap_or("/etc/nerdctl/nerdctl.toml");
    let file: File = std::fs::read_to_string(file)
        .ok()
        .and_then(|text| toml::from_str(&text).ok())
        .unwrap_or_default();
    let told = |own: &Option<String>, variable: &str| {
        own.clone().or_else(|| setup.environment.var(variable).map(str::to_owned))
    };
    let address = told(&setup.address, "CONTAINERD_ADDRESS").or(file.address);
    let namespace = told(&setup.namespace, "CONTAINERD_NAMESPACE").or(file.namespace);
    Content::find(&Setup { namespace, address, ..setup.clone() })
}

/// The parts of `nerdctl.toml` that say where images go.
#[derive(Debug, Default, Deserialize)]
struct File {
    address: Option<String>,
    namespace: Option<String>,
}

/// nerdctl's release and containerd's.
async fn both_versions(program: &Program) -> Result<String, RuntimeError> {
    let question = ["version", "--format", "{{json .}}"];
    let finished = program.try_ask(&question).await?;
    if !finished.succeeded() {
        return Err(program.no_daemon(&finished));
    }
    let versions: Versions = serde_json::from_str(&finished.stdout.text())
        .map_err(|error| program.nonsense(&question, &error))?;
    Ok(versions.words())
}

/// containerd's release, from a front that does not hand `version` on.
async fn server_version(program: &Program) -> Result<String, RuntimeError> {
    let question = ["info", "--format", "{{json .}}"];
    let finished = program.try_ask(&question).await?;
    if !finished.succeeded() {
        return Err(program.no_daemon(&finished));
    }
    let server: ServerInfo = serde_json::from_str(&finished.stdout.text())
        .map_err(|error| program.nonsense(&question, &error))?;
    let own = program.ask(&["--version"]).await?;
    let own = own.split_whitespace().last().unwrap_or("unknown").trim_start_matches('v').to_owned();
    Ok(format!("{own} (containerd {})", server.server_version.trim_start_matches('v')))
}

/// The part of `nerdctl info` that is shown.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ServerInfo {
    server_version: String,
}

/// The parts of `nerdctl version` that are shown.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Versions {
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

impl Versions {
    fn words(&self) -> String {
        let client = self.client.version.trim_start_matches('v');
        let server = self
            .server
            .iter()
            .flat_map(|server| &server.components)
            .find(|component| component.name == "containerd");
        server.map_or_else(
            || client.to_owned(),
            |containerd| {
                format!("{client} (containerd {})", containerd.version.trim_start_matches('v'))
            },
        )
    }
}

/// One line of `nerdctl images`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
struct Listed {
    /// The full name; older releases do not print it.
    name: String,
    repository: String,
    tag: String,
    digest: String,
}

impl Listed {
    fn is(&self, wanted: &str) -> bool {
        let spelled = || {
            self.label().parse::<Reference>().is_ok_and(|reference| reference.to_string() == wanted)
        };
        self.name == wanted || (self.name.is_empty() && spelled())
    }

    fn label(&self) -> String {
        if self.name.is_empty() {
            format!("{}:{}", self.repository, self.tag)
        } else {
            self.name.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_worded_with_and_without_a_server() {
        let words = |json: &str| serde_json::from_str::<Versions>(json).unwrap().words();
        let both = r#"{"Client":{"Version":"v1.7.6"},"Server":{"Components":[{"Name":"runc","Version":"1"},{"Name":"containerd","Version":"v1.6.20"}]}}"#;
        assert_eq!(words(both), "1.7.6 (containerd 1.6.20)");
        assert_eq!(words(r#"{"Client":{"Version":"v1.7.6"},"Server":null}"#), "1.7.6");
    }

    #[test]
    fn an_image_is_known_by_its_name_or_by_the_familiar_spelling_of_older_releases() {
        let listed = |json: &str| serde_json::from_str::<Listed>(json).unwrap();
        let wanted = "docker.io/library/nginx:1.27";
        assert!(
            listed(r#"{"Name":"docker.io/library/nginx:1.27","Repository":"nginx","Tag":"1.27"}"#)
                .is(wanted)
        );
        assert!(listed(r#"{"Repository":"nginx","Tag":"1.27"}"#).is(wanted));
        assert!(
            !listed(r#"{"Name":"quay.io/library/nginx:1.27","Repository":"nginx","Tag":"1.27"}"#)
                .is(wanted)
        );
        assert!(!listed(r#"{"Repository":"nginx","Tag":"<none>"}"#).is(wanted));
    }
}
