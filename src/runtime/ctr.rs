//! ctr, containerd's own tool. Seen with 1.6.20 and 2.1.9, each on its own containerd.
//!
//! One pull sends HEAD, GET index, GET manifest; a 2.x release fetches the manifests of all
//! platforms unless it is told `--skip-metadata`. `images rm` is synchronous only with `--sync`:
//! without, the next pull is free. From 1.7 on the socket's path must be absolute. It knows no
//! log-in but one on its command line, which is never used: it pulls anonymously.

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::content::{self, Content};
use super::program::{Program, pulling};
use super::{Driver, Login, Presence, Pull, Removal, Runtime, RuntimeError, Scheme, Setup, exact};
use crate::image::Reference;

/// The driver.
#[derive(Debug)]
pub(super) struct CtrDriver;

#[async_trait]
impl Driver for CtrDriver {
    fn name(&self) -> &'static str {
        "ctr"
    }

    fn takes_hosts_dir(&self) -> bool {
        true
    }

    async fn open(&self, setup: &Setup) -> Result<Box<dyn Runtime>, RuntimeError> {
        let program = Program::find(setup.program.as_deref().unwrap_or("ctr"), &setup.environment)?;
        let socket = content::socket(setup);
        // Without this look, ctr tries for ten seconds.
        if let Err(error) = std::fs::metadata(&socket) {
            return Err(RuntimeError::NoDaemon {
                program: self.name().to_owned(),
                text: format!("{}: {error}", socket.display()),
            });
        }
        let program = content::at(program, &socket);
        let finished = program.try_ask(&["version"]).await?;
        if !finished.succeeded() {
            return Err(program.no_daemon(&finished));
        }
        let version = versions(&finished.stdout.text());
        let help = program.ask(&["images", "pull", "--help"]).await?;
        let mut pull_arguments = Vec::new();
        if help.contains("--skip-metadata") {
            pull_arguments.push("--skip-metadata".to_owned());
        }
        for (option, value) in [("--platform", &setup.platform), ("--hosts-dir", &setup.hosts_dir)]
        {
            pull_arguments
                .extend(value.iter().flat_map(|value| [option.to_owned(), value.clone()]));
        }
        let notes =
            vec!["ctr uses no log-in: its pulls count on this machine's address".to_owned()];
        let content = Content::of(program.clone(), setup);
        Ok(Box::new(Ctr {
            program,
            content,
            version,
            notes,
            here: setup.namespace.as_deref().map(content::option),
            pull_arguments,
            scheme: setup.scheme,
        }))
    }
}

#[derive(Debug)]
struct Ctr {
    program: Program,
    content: Content,
    version: String,
    notes: Vec<String>,
    /// `--namespace=…` where the user named one.
    here: Option<String>,
    pull_arguments: Vec<String>,
    scheme: Scheme,
}

impl Ctr {
    /// The words of a call in the user's namespace.
    fn here<'a>(&'a self, words: &[&'a str]) -> Vec<&'a str> {
        self.here.iter().map(String::as_str).chain(words.iter().copied()).collect()
    }
}

#[async_trait]
impl Runtime for Ctr {
    fn name(&self) -> &'static str {
        "ctr"
    }

    fn version(&self) -> &str {
        &self.version
    }

    fn notes(&self) -> &[String] {
        &self.notes
    }

    fn login(&self) -> Login {
        Login::Anonymous
    }

    async fn present(
        &self,
        reference: &Reference,
        digest: Option<&str>,
    ) -> Result<Vec<Presence>, RuntimeError> {
        self.content.present(&exact(reference), digest.or(reference.digest())).await
    }

    async fn holds(&self, reference: &Reference) -> Result<bool, RuntimeError> {
        let filter = format!("name==\"{}\"", exact(reference));
        Ok(!self.program.ask(&self.here(&["images", "ls", "-q", &filter])).await?.trim().is_empty())
    }

    async fn pull(
        &self,
        reference: &Reference,
        limit: Duration,
        shutdown: &CancellationToken,
    ) -> Pull {
        let name = exact(reference);
        let mut words = vec!["images", "pull"];
        words.extend(self.pull_arguments.iter().map(String::as_str));
        if self.scheme.is_plain(reference) {
            words.push("--plain-http");
        }
        words.push(&name);
        let began = SystemTime::now();
        let pull =
            self.program.pull(&self.here(&words), content::patient(pulling(limit, shutdown))).await;
        self.content.release(&pull, began).await;
        pull
    }

    async fn remove(&self, reference: &Reference) -> Result<Removal, RuntimeError> {
        let name = exact(reference);
        let words = self.here(&["images", "rm", "--sync", &name]);
        let finished = self.program.try_remove(&words).await?;
        match finished.succeeded() {
            // It prints the name of what it removed; a missing image is a warning and exit code 0.
            true if finished.stdout.text().contains(&name) => Ok(Removal::Removed),
            true => Ok(Removal::Absent),
            false if finished.says(&["not found"]) => Ok(Removal::Absent),
            false => Err(self.program.refused(&words, &finished)),
        }
    }

    fn settles_within(&self) -> Duration {
        // From 2.0 on it is the daemon that pulls.
        super::SETTLE
    }
}

/// Client and server release out of `ctr version`.
fn versions(text: &str) -> String {
    let mut found = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Version:"))
        .map(|version| version.trim().trim_start_matches('v'));
    let client = found.next().unwrap_or("unknown");
    found
        .next()
        .map_or_else(|| client.to_owned(), |server| format!("{client} (containerd {server})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_both_sides_are_read() {
        let text = "Client:\n  Version:  v2.1.9\n  Revision: x\n\nServer:\n  Version:  1.6.20~ds1\n  UUID: y\n";
        assert_eq!(versions(text), "2.1.9 (containerd 1.6.20~ds1)");
        assert_eq!(versions("nothing of the kind"), "unknown");
    }
}
