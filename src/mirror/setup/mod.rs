//! `mirror setup`: the files that make a runtime ask a mirror before Docker Hub, with no image renamed.
//! What a runtime cannot do is refused with the reason: a setting that does nothing, or falls back to
//! Docker Hub silently, is worse than none. The files' shapes are those of the room `hostconfig`.

mod address;
mod runtimes;

use serde::Serialize;

use crate::cli::SetupRuntime;
use crate::{Exit, Failure};

pub use runtimes::Runtime;

/// What is wanted.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Who is to ask the mirror.
    pub runtime: Runtime,
    /// The mirror: `https://HOST[:PORT][/PREFIX]`.
    pub to: String,
    /// Whether Docker Hub is to be asked where the mirror fails.
    pub falls_back: bool,
    /// Whether the mirror wants a login.
    pub login: bool,
}

/// What is to be done: files, then commands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Setup {
    schema: &'static str,
    /// Who asks the mirror then.
    pub runtime: Runtime,
    /// The mirror, host and prefix.
    pub mirror: String,
    /// Whether Docker Hub is asked where the mirror fails.
    pub falls_back: bool,
    /// The files to write.
    pub files: Vec<SetupFile>,
    /// The commands that follow, in order.
    pub commands: Vec<String>,
    /// What is good to know.
    pub notes: Vec<String>,
}

/// A file to write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SetupFile {
    /// Where it belongs.
    pub path: String,
    /// What is to stand in it.
    pub content: String,
}

/// Why there is nothing to set up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// What `--to` names is no mirror's address.
    #[error("--to: {0}")]
    Address(String),
    /// The runtime cannot do it.
    #[error("{runtime} cannot use this mirror: {why}")]
    Impossible {
        /// Who.
        runtime: &'static str,
        /// Why.
        why: String,
        /// What can be done instead.
        advice: String,
    },
}

impl SetupError {
    /// The exit code: 2 for what is written wrong, 1 for what cannot be.
    pub const fn exit(&self) -> Exit {
        match self {
            Self::Address(_) => Exit::Usage,
            Self::Impossible { .. } => Exit::Limit,
        }
    }

    /// What to do.
    pub fn advice(&self) -> &str {
        match self {
            Self::Address(_) => "write it as https://HOST[:PORT][/PREFIX], without a login",
            Self::Impossible { advice, .. } => advice,
        }
    }
}

impl From<SetupError> for Failure {
    fn from(error: SetupError) -> Self {
        let advice = error.advice().to_owned();
        Self::new(error.exit(), error).advise(advice)
    }
}

impl From<SetupRuntime> for Runtime {
    fn from(named: SetupRuntime) -> Self {
        match named {
            SetupRuntime::Containerd => Self::Containerd,
            SetupRuntime::Docker => Self::Docker,
            SetupRuntime::Podman => Self::Podman,
            SetupRuntime::Crio => Self::Crio,
            SetupRuntime::Buildkit => Self::Buildkit,
            SetupRuntime::K3s => Self::K3s,
            SetupRuntime::Rke2 => Self::Rke2,
            SetupRuntime::Talos => Self::Talos,
            SetupRuntime::Kind => Self::Kind,
            SetupRuntime::Minikube => Self::Minikube,
        }
    }
}

/// The files and commands that make a runtime use a mirror.
pub fn setup(wanted: &Wanted) -> Result<Setup, SetupError> {
    let address = address::parse(&wanted.to)?;
    runtimes::refuse(wanted, &address)?;
    Ok(runtimes::setup(wanted, &address))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(runtime: Runtime, to: &str) -> Wanted {
        Wanted { runtime, to: to.to_owned(), falls_back: true, login: false }
    }

    #[test]
    fn what_a_runtime_cannot_do_is_refused_with_its_reason() {
        const ECR: &str = "https://123456789012.dkr.ecr.eu-central-1.amazonaws.com/docker-hub";
        let rows = [
            (wanted(Runtime::Docker, "https://m.example/hub"), "path"),
            (Wanted { login: true, ..wanted(Runtime::Docker, "https://m.example") }, "login"),
            (
                Wanted { falls_back: false, ..wanted(Runtime::Docker, "https://m.example") },
                "Docker Hub",
            ),
            (
                wanted(Runtime::Docker, "https://123456789012.dkr.ecr.eu-central-1.amazonaws.com"),
                "login",
            ),
            (wanted(Runtime::Minikube, "https://m.example/hub"), "path"),
            (wanted(Runtime::Minikube, "http://127.0.0.1:5000"), "itself"),
            (wanted(Runtime::Kind, "http://localhost:5000"), "itself"),
            (wanted(Runtime::Containerd, ECR), "ECR"),
            (Wanted { login: true, ..wanted(Runtime::Containerd, ECR) }, "ECR"),
            (wanted(Runtime::Kind, ECR), "ECR"),
            (
                Wanted { falls_back: false, ..wanted(Runtime::Buildkit, "https://m.example") },
                "Docker Hub",
            ),
        ];
        for (wanted, words) in rows {
            let error = setup(&wanted).unwrap_err();
            assert!(error.to_string().contains(words), "{wanted:?}: {error}");
            assert_eq!(error.exit(), Exit::Limit);
            assert!(!error.advice().is_empty());
        }
        for to in [
            "",
            "ftp://m",
            "https://u:hunter2@m",
            "https://m/?x=1",
            "https://",
            "m ex",
            "docker.io",
            "https://registry-1.docker.io",
        ] {
            let error = setup(&wanted(Runtime::Podman, to)).unwrap_err();
            assert_eq!(error.exit(), Exit::Usage, "{to}");
            assert!(!error.to_string().contains("hunter2"));
        }
    }

    #[test]
    fn every_runtime_has_a_setup_that_names_the_mirror() {
        for runtime in Runtime::ALL {
            let setup = setup(&wanted(runtime, "https://m.example")).unwrap();
            let text = serde_json::to_string(&setup).unwrap();
            assert!(text.contains("https://m.example") || text.contains("\"m.example"), "{text}");
            assert!(!setup.commands.is_empty() || runtime == Runtime::Podman, "{text}");
        }
        let podman = setup(&wanted(Runtime::Podman, "m.example/v2/hub/")).unwrap();
        assert_eq!(podman.mirror, "m.example/hub");
    }
}
