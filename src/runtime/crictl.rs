//! crictl, the client of the Container Runtime Interface: what the kubelet sees. Seen with 1.36 on
//! containerd 1.6.20's plugin.
//!
//! One pull through containerd sends HEAD, GET index, GET manifest; through CRI-O the two GETs. `rmi`
//! removes every name of the image: where there are names that are not ours, it is refused. Log-ins
//! and plain HTTP are the daemon's own settings. It sees its own namespace only, while containerd shares
//! content between all of them: the others are looked through with ctr on the same socket.

use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::content::{self, Content};
use super::program::{Program, pulling};
use super::{Driver, Login, Presence, Pull, Removal, Runtime, RuntimeError, Setup, exact};
use crate::image::Reference;

/// The driver.
#[derive(Debug)]
pub(super) struct CrictlDriver;

#[async_trait]
impl Driver for CrictlDriver {
    fn name(&self) -> &'static str {
        "crictl"
    }

    async fn open(&self, setup: &Setup) -> Result<Box<dyn Runtime>, RuntimeError> {
        let mut program =
            Program::find(setup.program.as_deref().unwrap_or("crictl"), &setup.environment)?;
        if let Some(address) = &setup.address {
            let url = if address.starts_with('/') {
                format!("unix://{address}")
            } else {
                address.clone()
            };
            program = program.with(["--runtime-endpoint", &url]);
        }
        let finished = program.try_ask(&["version"]).await?;
        if !finished.succeeded() {
            return Err(program.no_daemon(&finished));
        }
        let version = version(&finished.stdout.text());
        let content =
            if version.starts_with("containerd ") { content_of(setup).await } else { None };
        let mut notes = Vec::new();
        if content.is_none() && version.starts_with("containerd ") {
            notes.push(
                "only the CRI's own namespace is looked through, as ctr does not answer here: what another containerd namespace holds \
                 makes pulls free unseen"
                    .to_owned(),
            );
        }
        Ok(Box::new(Crictl { program, version, notes, content }))
    }
}

#[derive(Debug)]
struct Crictl {
    program: Program,
    version: String,
    notes: Vec<String>,
    /// The same containerd through ctr, where that is to be had.
    content: Option<Content>,
}

impl Crictl {
    /// The image under that name; `None` where there is none.
    async fn image(&self, name: &str) -> Result<Option<Image>, RuntimeError> {
        let question = ["inspecti", "--output", "json", name];
        let finished = self.program.try_ask(&question).await?;
        if finished.succeeded() {
            let inspected: Inspected = serde_json::from_str(&finished.stdout.text())
                .map_err(|error| self.program.nonsense(&question, &error))?;
            return Ok(Some(inspected.status));
        }
        if finished.says(&["no such image", "not found"]) {
            Ok(None)
        } else {
            Err(self.program.refused(&question, &finished))
        }
    }
}

#[async_trait]
impl Runtime for Crictl {
    fn name(&self) -> &'static str {
        "crictl"
    }

    fn version(&self) -> &str {
        &self.version
    }

    fn notes(&self) -> &[String] {
        &self.notes
    }

    fn login(&self) -> Login {
        Login::Elsewhere
    }

    async fn present(
        &self,
        reference: &Reference,
        digest: Option<&str>,
    ) -> Result<Vec<Presence>, RuntimeError> {
        let wanted = exact(reference);
        let digest = digest.or(reference.digest());
        let question = ["images", "--output", "json"];
        let answer = self.program.ask(&question).await?;
        let list: Listed = serde_json::from_str(&answer)
            .map_err(|error| self.program.nonsense(&question, &error))?;
        let images = list.images.unwrap_or_default();
        let same = images.iter().filter_map(|image| {
            image
                .names()
                .find(|name| *name == wanted || digest.is_some_and(|digest| name.ends_with(digest)))
                .map(str::to_owned)
        });
        let mut found: Vec<Presence> = same
            .map(|image| Presence { image, place: "the runtime's image store".to_owned() })
            .collect();
        if let Some(content) = &self.content {
            found.extend(content.present(&wanted, digest).await?);
        }
        Ok(found)
    }

    async fn holds(&self, reference: &Reference) -> Result<bool, RuntimeError> {
        Ok(self.image(&exact(reference)).await?.is_some())
    }

    async fn pull(
        &self,
        reference: &Reference,
        limit: Duration,
        shutdown: &CancellationToken,
    ) -> Pull {
        self.program.pull(&["pull", &exact(reference)], pulling(limit, shutdown)).await
    }

    async fn remove(&self, reference: &Reference) -> Result<Removal, RuntimeError> {
        let name = exact(reference);
        let Some(image) = self.image(&name).await? else { return Ok(Removal::Absent) };
        let others = image.foreign(reference);
        if !others.is_empty() {
            return Err(RuntimeError::Shared { program: "crictl".to_owned(), image: name, others });
        }
        let words = ["rmi", name.as_str()];
        let finished = self.program.try_remove(&words).await?;
        match finished.succeeded() {
            true => Ok(Removal::Removed),
            false if finished.says(&["no such image"]) => Ok(Removal::Absent),
            false => Err(self.program.refused(&words, &finished)),
        }
    }

    fn settles_within(&self) -> Duration {
        super::SETTLE
    }
}

/// containerd's own socket behind the CRI's, where ctr is here and is answered.
async fn content_of(setup: &Setup) -> Option<Content> {
    let file = setup.environment.var("CRI_CONFIG_FILE").unwrap_or("/etc/crictl.yaml");
    let file = std::fs::read_to_string(file).unwrap_or_default();
    let content = Content::find(&Setup { address: Some(endpoint(setup, &file)), ..setup.clone() })?;
    content.is_answered().await.then_some(content)
}

/// The endpoint that crictl asks for images: by its option, its variables, its file, or as containerd
/// has it by default.
fn endpoint(setup: &Setup, file: &str) -> String {
    let variable = |name| setup.environment.var(name).map(str::to_owned);
    let in_file = |key: &str| {
        let mut values = file
            .lines()
            .filter_map(|line| line.trim().strip_prefix(key)?.trim_start().strip_prefix(':'));
        values
            .next()
            .map(|value| value.trim().trim_matches(['"', '\'']).to_owned())
            .filter(|value| !value.is_empty())
    };
    let given = setup.address.clone();
    let told = given
        .or_else(|| variable("IMAGE_SERVICE_ENDPOINT"))
        .or_else(|| variable("CONTAINER_RUNTIME_ENDPOINT"));
    told.or_else(|| in_file("image-endpoint"))
        .or_else(|| in_file("runtime-endpoint"))
        .unwrap_or_else(|| content::SOCKET.to_owned())
}

/// The runtime's name and release out of `crictl version`.
fn version(text: &str) -> String {
    let field = |name: &str| {
        text.lines().find_map(|line| line.trim().strip_prefix(name)).map_or("unknown", str::trim)
    };
    format!("{} {}", field("RuntimeName:"), field("RuntimeVersion:"))
}

/// The answer to `crictl inspecti`.
#[derive(Debug, Deserialize)]
struct Inspected {
    status: Image,
}

/// The answer to `crictl images`.
#[derive(Debug, Deserialize)]
struct Listed {
    images: Option<Vec<Image>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Image {
    repo_tags: Option<Vec<String>>,
    repo_digests: Option<Vec<String>>,
}

impl Image {
    fn names(&self) -> impl Iterator<Item = &str> {
        self.repo_tags.iter().chain(&self.repo_digests).flatten().map(String::as_str)
    }

    /// The names that a pull of `reference` does not give: other tags, other repositories.
    fn foreign(&self, reference: &Reference) -> Vec<String> {
        let ours = exact(reference);
        let digests = format!("{}/{}@", reference.registry(), reference.repository());
        self.names()
            .filter(|name| *name != ours && !name.starts_with(&digests))
            .map(str::to_owned)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_a_pull_does_not_give_are_foreign() {
        let image: Image = serde_json::from_str(
            r#"{"repoTags":["h.example/a:1","h.example/a:2"],"repoDigests":["h.example/a@sha256:00","h.example/b@sha256:00"]}"#,
        )
        .unwrap();
        assert_eq!(
            image.foreign(&"h.example/a:1".parse().unwrap()),
            ["h.example/a:2", "h.example/b@sha256:00"]
        );
    }

    #[test]
    fn the_endpoint_is_crictl_s_own() {
        let file =
            "# mine\nruntime-endpoint: unix:///run/a.sock\nimage-endpoint: \"\"\ntimeout: 2\n";
        let of = |address: Option<&str>, variables: &[(&str, &str)], file: &str| {
            let environment = variables.iter().copied().collect();
            endpoint(
                &Setup { address: address.map(str::to_owned), environment, ..Setup::default() },
                file,
            )
        };
        let runtime = ("CONTAINER_RUNTIME_ENDPOINT", "unix:///run/b.sock");
        assert_eq!(of(Some("/run/d.sock"), &[runtime], file), "/run/d.sock");
        assert_eq!(
            of(None, &[runtime, ("IMAGE_SERVICE_ENDPOINT", "unix:///run/c.sock")], file),
            "unix:///run/c.sock"
        );
        assert_eq!(of(None, &[runtime], file), "unix:///run/b.sock");
        assert_eq!(of(None, &[], file), "unix:///run/a.sock");
        assert_eq!(of(None, &[], "image-endpoint: 'unix:///run/e.sock'"), "unix:///run/e.sock");
        assert_eq!(of(None, &[], ""), content::SOCKET);
    }

    #[test]
    fn the_version_names_the_runtime_behind() {
        assert_eq!(
            version("Version:  0.1.0\nRuntimeName:  containerd\nRuntimeVersion:  1.6.20~ds1\n"),
            "containerd 1.6.20~ds1"
        );
    }
}
