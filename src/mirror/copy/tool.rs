//! The tools that copy. crane and skopeo copy from registry to registry, every platform and the digest as
//! it is. nerdctl, docker and podman pull, name anew and push: docker and podman one platform only, under
//! another digest than the index had. Seen with crane 0.21.9, skopeo 1.9.3, nerdctl 1.7.6, docker 28 and
//! podman 4.3.1 (November 2026).

use std::path::PathBuf;
use std::time::Duration;

use tokio::process::Command;
use tokio_util::sync::CancellationToken;

use super::logins::Logins;
use crate::context::Environment;
use crate::image::Reference;
use crate::process::child::{self, Bounds, Ending};
use crate::text::{one_line, redact};

/// The most time for one image.
const LIMIT: Duration = Duration::from_secs(3_600);
/// How much of what a tool prints is kept.
const ROOM: usize = 64 << 10;

/// A tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// crane.
    Crane,
    /// skopeo.
    Skopeo,
    /// nerdctl.
    Nerdctl,
    /// docker.
    Docker,
    /// podman.
    Podman,
}

impl Tool {
    /// Every tool, the best first.
    pub const ALL: [Self; 5] =
        [Self::Crane, Self::Skopeo, Self::Nerdctl, Self::Docker, Self::Podman];

    /// Its command.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Crane => "crane",
            Self::Skopeo => "skopeo",
            Self::Nerdctl => "nerdctl",
            Self::Docker => "docker",
            Self::Podman => "podman",
        }
    }

    /// Whether it copies an index with every platform in it.
    pub const fn keeps_platforms(self) -> bool {
        !matches!(self, Self::Docker | Self::Podman)
    }
}

/// A tool that is installed.
#[derive(Debug)]
pub(super) struct Found<'a> {
    pub(super) tool: Tool,
    program: PathBuf,
    environment: &'a Environment,
    shutdown: &'a CancellationToken,
}

/// How a copy by a tool ended badly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Broken {
    /// It failed, in its words.
    Failed(String),
    /// Shutdown was asked for.
    Interrupted,
}

/// One copy.
#[derive(Debug)]
pub(super) struct Job<'a> {
    /// From where, by digest.
    pub(super) source: &'a Reference,
    /// Where to.
    pub(super) destination: &'a Reference,
    /// One platform only.
    pub(super) platform: Option<&'a str>,
}

impl<'a> Found<'a> {
    /// The one that was named, or the first that is installed.
    pub(super) fn find(
        named: Option<Tool>,
        environment: &'a Environment,
        shutdown: &'a CancellationToken,
    ) -> Option<Self> {
        let all = Tool::ALL;
        let tools = named.as_ref().map_or(&all[..], std::slice::from_ref);
        tools.iter().find_map(|tool| {
            let program = crate::process::find(tool.name(), environment)?;
            Some(Self { tool: *tool, program, environment, shutdown })
        })
    }

    /// Copies, with these logins and no others.
    pub(super) async fn copy(&self, job: &Job<'_>, logins: &Logins) -> Result<(), Broken> {
        let (source, destination) = (exact(job.source), exact(job.destination));
        match self.tool {
            Tool::Crane => {
                let mut words = vec!["copy", &source, &destination];
                if let Some(platform) = job.platform {
                    words.extend(["--platform", platform]);
                }
                self.run(&words, logins).await
            }
            Tool::Skopeo => {
                let words = skopeo(job, &source, &destination);
                self.run(&words.iter().map(String::as_str).collect::<Vec<_>>(), logins).await
            }
            Tool::Nerdctl | Tool::Docker | Tool::Podman => {
                self.through_a_store(job, [&source, &destination], logins).await
            }
        }
    }

    /// Pulls, names anew, pushes, and takes away what was not there before.
    async fn through_a_store(
        &self,
        job: &Job<'_>,
        [source, destination]: [&str; 2],
        logins: &Logins,
    ) -> Result<(), Broken> {
        let mut pull = vec!["pull", "--quiet"];
        let mut push = vec!["push"];
        let all = self.tool == Tool::Nerdctl && job.platform.is_none();
        if all {
            pull.extend(["--all-platforms", "--unpack=false"]);
            push.push("--all-platforms");
        }
        if let Some(platform) = job.platform {
            pull.extend(["--platform", platform]);
            if self.tool == Tool::Nerdctl {
                push.extend(["--platform", platform]);
            }
        }
        if self.tool == Tool::Podman {
            if job.source.is_loopback() {
                pull.push("--tls-verify=false");
            }
            push.push("--quiet");
            if job.destination.is_loopback() {
                push.push("--tls-verify=false");
            }
        }
        pull.push(source);
        push.push(destination);
        let held = self.run(&["image", "inspect", source], logins).await.is_ok();
        let named = self.run(&["image", "inspect", destination], logins).await.is_ok();
        let mut outcome = self.run(&pull, logins).await;
        if outcome.is_ok() {
            outcome = self.run(&["tag", source, destination], logins).await;
        }
        if outcome.is_ok() {
            outcome = self.run(&push, logins).await;
        }
        for (name, kept) in [(destination, named), (source, held)] {
            if !kept {
                // What the copy left behind is no failure of the copy.
                let _ = self.run(&["rmi", name], logins).await;
            }
        }
        outcome
    }

    async fn run(&self, words: &[&str], logins: &Logins) -> Result<(), Broken> {
        let mut command = Command::new(&self.program);
        command
            .env_clear()
            .envs(self.environment.iter().filter(|(name, _)| *name != "DOCKER_AUTH_CONFIG"));
        command.env("DOCKER_CONFIG", logins.folder()).env("REGISTRY_AUTH_FILE", logins.file());
        command.env("LC_ALL", "C").env("NO_COLOR", "1").args(words);
        tracing::debug!(program = self.tool.name(), words = %one_line(&words.join(" "), 1000), "run");
        let bounds = Bounds::new(LIMIT, ROOM).until(self.shutdown);
        let finished = child::run(command, bounds).await.map_err(|error| {
            Broken::Failed(format!("cannot start {}: {error}", self.program.display()))
        })?;
        match finished.ending {
            Ending::Exited(0) => Ok(()),
            Ending::Interrupted => Err(Broken::Interrupted),
            Ending::TimedOut => {
                Err(Broken::Failed(format!("not done within {} minutes", LIMIT.as_secs() / 60)))
            }
            _ => Err(Broken::Failed(one_line(&redact(&finished.complaint()), 500))),
        }
    }
}

fn skopeo(job: &Job<'_>, source: &str, destination: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut add = |word: &str| words.push(word.to_owned());
    if let Some(platform) = job.platform {
        let options = ["--override-os", "--override-arch", "--override-variant"];
        for (option, part) in options.iter().zip(platform.splitn(3, '/')) {
            add(option);
            add(part);
        }
    }
    add("copy");
    add("--quiet");
    if job.platform.is_none() {
        add("--all");
    }
    add("--preserve-digests");
    for (reference, option) in
        [(job.source, "--src-tls-verify=false"), (job.destination, "--dest-tls-verify=false")]
    {
        if reference.is_loopback() {
            add(option);
        }
    }
    add(&format!("docker://{source}"));
    add(&format!("docker://{destination}"));
    words
}

/// A name with its digest alone where it has one: not every tool takes both.
fn exact(reference: &Reference) -> String {
    let name = format!("{}/{}", reference.registry(), reference.repository());
    match (reference.digest(), reference.tag()) {
        (Some(digest), _) => format!("{name}@{digest}"),
        (None, tag) => format!("{name}:{}", tag.unwrap_or("latest")),
    }
}
