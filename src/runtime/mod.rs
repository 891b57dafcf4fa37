//! Container runtimes as `stress` drives them: found, asked what they hold, made to pull and to
//! remove. Apart from the loop because each tool has its own traps (measured November 2026 with the
//! real programs; each driver's first paragraph names its own) and the loop should know none of them.
//!
//! A [`Driver`] is a way to drive a tool; [`Driver::open`] finds the tool, asks for its version and
//! its daemon, and gives a [`Runtime`] that can be used. A new runtime is one new file and one line
//! in [`DRIVERS`]. Children are run by the room `process`.
//!
//! Which manifest GETs of one pull count, by family: containerd's own (nerdctl, lima, finch, ctr,
//! crictl) and docker send a HEAD, a GET of the index and a GET of the platform's manifest; podman,
//! skopeo and crane send the two GETs without the HEAD. A single-platform image takes one GET less.

mod colima;
mod containers;
mod content;
mod crane;
mod crictl;
mod ctr;
mod docker;
mod error;
mod finch;
mod folder;
mod lima;
mod nerdctl;
mod podman;
mod program;
mod skopeo;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub use containers::loses_docker_config;
pub use error::RuntimeError;

use crate::context::Environment;
use crate::image::Reference;
use crate::quota::LimitStatus;

/// Every way to drive a runtime, in the order in which they are offered.
pub static DRIVERS: [&dyn Driver; 10] = [
    &nerdctl::NerdctlDriver,
    &lima::LimaDriver,
    &docker::DockerDriver,
    &podman::PodmanDriver,
    &ctr::CtrDriver,
    &crictl::CrictlDriver,
    &finch::FinchDriver,
    &colima::ColimaDriver,
    &skopeo::SkopeoDriver,
    &crane::CraneDriver,
];

/// The driver of that name.
pub fn by_name(name: &str) -> Option<&'static dyn Driver> {
    DRIVERS.into_iter().find(|driver| driver.name() == name)
}

/// What a tool in `PATH` prints when it is asked for its version, daemon or no daemon; `None` where it is
/// not here or does not say.
pub async fn version_line(program: &str, environment: &Environment) -> Option<String> {
    program::Program::find(program, environment).ok()?.ask(&["--version"]).await.ok()
}

/// What a user may set about a runtime. What the tools read from the environment themselves
/// (`CONTAINERD_ADDRESS`, `CONTAINERD_NAMESPACE`, `CONTAINERD_SNAPSHOTTER`, `NERDCTL_TOML`,
/// `DOCKER_HOST`, `DOCKER_CONTEXT`, `CONTAINER_HOST`, `CONTAINER_RUNTIME_ENDPOINT`, `LIMA_INSTANCE`,
/// `REGISTRY_AUTH_FILE`, `CONTAINERS_REGISTRIES_CONF`, …) reaches them in `environment`.
#[derive(Debug, Clone, Default)]
pub struct Setup {
    /// The variables the tool is run with, and the `PATH` it is looked up in.
    pub environment: Environment,
    /// The program to run instead of the one in `PATH`.
    pub program: Option<String>,
    /// containerd's namespace: nerdctl, lima, finch, colima, ctr.
    pub namespace: Option<String>,
    /// The daemon's socket or URL: containerd's, docker's, podman's, the CRI's.
    pub address: Option<String>,
    /// The virtual machine: lima's instance, colima's profile.
    pub instance: Option<String>,
    /// The platform to pull, such as `linux/arm64`; the tool's own choice where not set.
    pub platform: Option<String>,
    /// A folder of containerd `hosts.toml` files: nerdctl, ctr.
    pub hosts_dir: Option<String>,
    /// How registries are spoken to.
    pub scheme: Scheme,
}

/// How a runtime is told to speak to the image's registry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scheme {
    /// Plain HTTP to a registry on loopback, TLS to all others.
    #[default]
    ByHost,
    /// Plain HTTP.
    Http,
    /// TLS.
    Https,
}

impl Scheme {
    /// Whether the registry of `reference` is to be spoken to in plain HTTP.
    pub fn is_plain(self, reference: &Reference) -> bool {
        match self {
            Self::ByHost => reference.is_loopback(),
            Self::Http => true,
            Self::Https => false,
        }
    }
}

/// A way to drive one tool, whether or not the tool is here.
#[async_trait]
pub trait Driver: Send + Sync {
    /// What `--runtime` calls it.
    fn name(&self) -> &'static str;

    /// Whether the tool is told by `--hosts-dir` where registries really are.
    fn takes_hosts_dir(&self) -> bool {
        false
    }

    /// Finds the tool and proves that it works: version, daemon reachable, machine running.
    /// Bounded in time; dropping the future ends what it started.
    async fn open(&self, setup: &Setup) -> Result<Box<dyn Runtime>, RuntimeError>;
}

/// A runtime that was found and answered.
#[async_trait]
pub trait Runtime: Send + Sync {
    /// What `--runtime` calls it.
    fn name(&self) -> &'static str;

    /// The tool's version and its daemon's, as they word them: `1.7.6 (containerd 1.6.20)`.
    fn version(&self) -> &str;

    /// What the user should know before the first pull, a sentence each.
    fn notes(&self) -> &[String] {
        &[]
    }

    /// The URLs that its daemon says it asks before Docker Hub.
    fn mirrors(&self) -> &[String] {
        &[]
    }

    /// As whom this runtime pulls.
    fn login(&self) -> Login;

    /// Everywhere the image is already held, or its manifest of that digest under any other name:
    /// there a pull costs nothing and a removal would take what is not ours. Give the digest that
    /// the registry names for the reference where it is known.
    async fn present(
        &self,
        reference: &Reference,
        digest: Option<&str>,
    ) -> Result<Vec<Presence>, RuntimeError>;

    /// Whether the image is held where [`Runtime::pull`] puts it, under the name it gives it.
    async fn holds(&self, reference: &Reference) -> Result<bool, RuntimeError>;

    /// Pulls once. Ends the tool when `limit` is over or `shutdown` is asked for, and leaves no child.
    /// A tool that would leave a mess has two seconds to finish after shutdown: then the outcome is
    /// what came of it, so ask the token too before you go on.
    async fn pull(
        &self,
        reference: &Reference,
        limit: Duration,
        shutdown: &CancellationToken,
    ) -> Pull;

    /// Removes the reference that was pulled, and nothing else, before it returns; an absent one is
    /// fine. Believes the tool: [`Runtime::clear`] proves it.
    async fn remove(&self, reference: &Reference) -> Result<Removal, RuntimeError>;

    /// How long a pull may reasonably take. A tool that sleeps on a 429 without saying so has a
    /// shorter one: over it, the registry may have answered 429.
    fn pull_limit(&self) -> Duration {
        PULL_LIMIT
    }

    /// How long to wait after the last removal so that the next pull asks for the manifests again. It
    /// may grow from one removal to the next: ask each time.
    fn pause_after_remove(&self) -> Duration {
        Duration::ZERO
    }

    /// How long an image may still arrive after the tool that pulled it was ended.
    fn settles_within(&self) -> Duration {
        Duration::ZERO
    }

    /// Removes what a pull that was cut short left without a name, and only what came after
    /// [`Runtime::present`] looked.
    async fn sweep(&self) -> Result<(), RuntimeError> {
        Ok(())
    }

    /// Removes the reference for good, at the end of a run: removes, then looks, and again while a
    /// daemon may finish what was cut short. `last` is the outcome of the last pull.
    async fn clear(&self, reference: &Reference, last: &Outcome) -> Result<Removal, RuntimeError> {
        let settled = Instant::now()
            + if last.is_cut_short() { self.settles_within() } else { Duration::ZERO };
        let mut result = self.remove(reference).await?;
        for _ in 0..CLEAR_TRIES {
            // What has arrived and was removed does not arrive again.
            while !self.holds(reference).await? {
                if result == Removal::Removed || Instant::now() >= settled {
                    if last.is_cut_short() {
                        self.sweep().await?;
                    }
                    return Ok(result);
                }
                tokio::time::sleep(CLEAR_STEP).await;
            }
            tokio::time::sleep(CLEAR_STEP).await;
            result = self.remove(reference).await?;
        }
        Err(RuntimeError::StillThere { program: self.name().to_owned(), image: exact(reference) })
    }
}

/// How long a pull is given by default.
const PULL_LIMIT: Duration = Duration::from_secs(300);
/// How long a daemon is watched for what it may still finish after its client was ended.
const SETTLE: Duration = Duration::from_secs(1);
/// How often [`Runtime::clear`] removes an image that does not go.
const CLEAR_TRIES: u32 = 5;
/// How long it waits between two looks.
const CLEAR_STEP: Duration = Duration::from_millis(100);

/// As whom a runtime pulls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Login {
    /// Docker's `config.json` and helpers on this machine.
    DockerConfig,
    /// podman's `auth.json`, then Docker's `config.json`, on this machine.
    ContainersAuth,
    /// Nobody: the tool knows no log-in but one on its command line.
    Anonymous,
    /// Whatever a daemon or a virtual machine is set up with; not to be seen from here.
    Elsewhere,
}

/// An image that is held already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presence {
    /// The name under which it is held; a digest where it has none.
    pub image: String,
    /// Where: `namespace moby`, `the docker image store`.
    pub place: String,
}

impl fmt::Display for Presence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}", self.image, self.place)
    }
}

/// One pull.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pull {
    /// How it ended.
    pub outcome: Outcome,
    /// From the tool's start to its end.
    pub elapsed: Duration,
}

/// How a pull ended. Texts are the tool's own, as they came: up to 64 KiB of each of its streams,
/// beginning and end, control characters included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The image is here.
    Pulled,
    /// The tool failed.
    Failed {
        /// Its exit code; `None` where it was killed by a stranger or could not be started.
        exit: Option<i32>,
        /// What it printed.
        text: String,
    },
    /// The tool was answered 429 and was going to sleep on it; it was ended at once. Which 429 it
    /// was, the tool does not say: a HEAD of our own does.
    Waiting {
        /// What it printed.
        text: String,
    },
    /// The tool was not done in time and was ended.
    TimedOut {
        /// What it printed.
        text: String,
    },
    /// The registry refused, and what pulls has seen its answer: only one that asks by itself has.
    Refused(Refusal),
    /// Shutdown was asked for and the tool was ended.
    Interrupted,
}

/// A registry's answer to a pull.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What it means.
    pub status: LimitStatus,
    /// Its HTTP status; `None` where no answer came.
    pub http_status: Option<u16>,
    /// Its error code.
    pub code: Option<String>,
    /// Its words.
    pub message: String,
}

impl Outcome {
    /// Whether we ended the tool, so that a daemon may still be at work.
    pub fn is_cut_short(&self) -> bool {
        matches!(self, Self::Waiting { .. } | Self::TimedOut { .. } | Self::Interrupted)
    }
}

/// What a removal found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// The image was there and is not any more.
    Removed,
    /// There was no such image.
    Absent,
}

/// The name under which a reference is pulled and removed: by its digest alone where it has one,
/// because skopeo, podman and docker do not keep (or take) both.
fn exact(reference: &Reference) -> String {
    match reference.digest() {
        Some(digest) => format!("{}/{}@{digest}", reference.registry(), reference.repository()),
        None => reference.to_string(),
    }
}
