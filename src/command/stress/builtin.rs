//! The runtime that needs none: a pull as a client library does it, HEAD, GET of the index, GET of
//! this platform's manifest, and the layers if wanted. Nothing is kept. Here and not in the runtime
//! room because it asks through the registry room.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::credentials::Credential;
use crate::image::Reference;
use crate::registry::{Answered, Client, RegistryError};
use crate::runtime::{Login, Outcome, Presence, Pull, Removal, Runtime, RuntimeError};

/// The most layers that are fetched of one image.
const LAYERS_MAX: usize = 128;

/// Pulls by HTTP alone.
pub(super) struct Builtin {
    client: Arc<Client>,
    who: Credential,
    architecture: String,
    blobs: bool,
}

#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    manifests: Vec<Entry>,
    #[serde(default)]
    config: Option<Descriptor>,
    #[serde(default)]
    layers: Vec<Descriptor>,
}

#[derive(Deserialize)]
struct Entry {
    digest: String,
    #[serde(default)]
    platform: Option<Platform>,
}

#[derive(Deserialize)]
struct Platform {
    os: String,
    architecture: String,
}

#[derive(Deserialize)]
struct Descriptor {
    digest: String,
}

/// A registry's words for a refusal (OCI distribution specification 1.1, "Error Codes").
#[derive(Deserialize)]
struct Refusal {
    errors: Vec<Fault>,
}

#[derive(Deserialize)]
struct Fault {
    code: String,
    #[serde(default)]
    message: Option<String>,
}

/// Why a pull came to nothing, in the words a client library would use.
enum Broken {
    Asking(RegistryError),
    Answer(String),
}

impl Builtin {
    /// Pulls through `client` as `who`; `platform` is `os/architecture`, this machine's where not set.
    pub(super) fn new(
        client: Arc<Client>,
        who: Credential,
        platform: Option<&str>,
        blobs: bool,
    ) -> Self {
        let native = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            "x86" => "386",
            other => other,
        };
        let architecture =
            platform.and_then(|platform| platform.split('/').nth(1)).unwrap_or(native).to_owned();
        Self { client, who, architecture, blobs }
    }

    async fn once(&self, reference: &Reference, deadline: Instant) -> Result<(), Broken> {
        let head =
            self.client.head(reference, &self.who, deadline).await.map_err(Broken::Asking)?;
        // Since 2026 a HEAD at zero may be refused itself; the GET says in words by which limit.
        let name = match head.header("docker-content-digest") {
            Some(digest) if head.status == 200 && is_digest(digest) => digest.to_owned(),
            _ => reference.manifest().to_owned(),
        };
        let index = self.get(reference, &name, deadline).await?;
        let mut manifest = parse(&index)?;
        if !manifest.manifests.is_empty() {
            let ours = |entry: &&Entry| {
                entry.platform.as_ref().is_some_and(|platform| {
                    platform.os == "linux" && platform.architecture == self.architecture
                })
            };
            let entry = manifest.manifests.iter().find(ours).ok_or_else(|| {
                Broken::Answer(format!("no manifest for linux/{} in the index", self.architecture))
            })?;
            if !is_digest(&entry.digest) {
                return Err(Broken::Answer("the index names a digest that is none".to_owned()));
            }
            manifest = parse(&self.get(reference, &entry.digest, deadline).await?)?;
        }
        if self.blobs {
            for blob in manifest
                .config
                .iter()
                .chain(&manifest.layers)
                .filter(|blob| is_digest(&blob.digest))
                .take(LAYERS_MAX)
            {
                let answered = self
                    .client
                    .blob(reference, &blob.digest, &self.who, deadline)
                    .await
                    .map_err(Broken::Asking)?;
                fine(&self.client.endpoint().blob(reference, &blob.digest), &answered)?;
            }
        }
        Ok(())
    }

    async fn get(
        &self,
        reference: &Reference,
        name: &str,
        deadline: Instant,
    ) -> Result<Answered, Broken> {
        let answered = self
            .client
            .manifest(reference, name, &self.who, deadline)
            .await
            .map_err(Broken::Asking)?;
        fine(&self.client.endpoint().manifest(reference, name), &answered)?;
        Ok(answered)
    }
}

/// Whether a foreign text may stand in a URL as a digest.
fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:")
        .is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn parse(answered: &Answered) -> Result<Manifest, Broken> {
    serde_json::from_str(&answered.body)
        .map_err(|error| Broken::Answer(format!("the manifest is no JSON: {error}")))
}

/// An answer to a GET of `url` that is none is told as containerd tells it, which `explain` knows.
fn fine(url: &Url, answered: &Answered) -> Result<(), Broken> {
    if answered.status == 200 {
        return Ok(());
    }
    Err(Broken::Answer(unexpected(url, answered.status, &answered.body)))
}

fn unexpected(url: &Url, status: u16, body: &str) -> String {
    let words = serde_json::from_str::<Refusal>(body)
        .ok()
        .and_then(|refusal| refusal.errors.into_iter().next());
    let words = words.map_or_else(
        || format!(": {body}"),
        |first| {
            format!(
                " - Server message: {}: {}",
                first.code.to_ascii_lowercase(),
                first.message.unwrap_or_default()
            )
        },
    );
    format!(
        "unexpected status from GET request to {url}: {status} {}{}",
        reason(status),
        crate::text::one_line(&words, 1_000)
    )
}

fn reason(status: u16) -> &'static str {
    reqwest::StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or("")
}

#[async_trait]
impl Runtime for Builtin {
    fn name(&self) -> &'static str {
        "builtin"
    }

    fn version(&self) -> &'static str {
        env!("CARGO_PKG_VERSION")
    }

    fn login(&self) -> Login {
        match &self.who {
            Credential::Anonymous => Login::Anonymous,
            _ => Login::DockerConfig,
        }
    }

    async fn present(&self, _: &Reference, _: Option<&str>) -> Result<Vec<Presence>, RuntimeError> {
        Ok(Vec::new())
    }

    async fn holds(&self, _: &Reference) -> Result<bool, RuntimeError> {
        Ok(false)
    }

    async fn pull(
        &self,
        reference: &Reference,
        limit: Duration,
        shutdown: &CancellationToken,
    ) -> Pull {
        let started = Instant::now();
        let outcome = tokio::select! {
            pulled = self.once(reference, started + limit) => match pulled {
                Ok(()) => Outcome::Pulled,
                Err(Broken::Asking(error)) => Outcome::Failed { exit: None, text: error.to_string() },
                Err(Broken::Answer(text)) => Outcome::Failed { exit: None, text },
            },
            () = shutdown.cancelled() => Outcome::Interrupted,
        };
        Pull { outcome, elapsed: started.elapsed() }
    }

    async fn remove(&self, _: &Reference) -> Result<Removal, RuntimeError> {
        Ok(Removal::Absent)
    }
}

impl std::fmt::Debug for Builtin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builtin").field("architecture", &self.architecture).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::{Class, Hub, classify};

    #[test]
    fn its_words_for_an_answer_that_is_none_are_understood() {
        let url: Url = "http://127.0.0.1:5000/v2/library/nginx/manifests/missing".parse().unwrap();
        let hub = Hub::default().and("127.0.0.1:5000");
        let rows = [
            (
                404,
                r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}"#,
                Class::NotFound,
            ),
            (404, "", Class::NotFound),
            (404, r#"{"errors":[{"code":"NAME_UNKNOWN"}]}"#, Class::NotFound),
            (
                403,
                r#"{"errors":[{"code":"DENIED","message":"requested access to the resource is denied"}]}"#,
                Class::Denied,
            ),
            (
                429,
                r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit"}]}"#,
                Class::PullLimit,
            ),
            (503, "", Class::Server),
            (
                429,
                "You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit",
                Class::PullLimit,
            ),
        ];
        for (status, body, wanted) in rows {
            let text = unexpected(&url, status, body);
            assert_eq!(classify(&text, &hub).map(|finding| finding.class), Some(wanted), "{text}");
        }
    }
}
