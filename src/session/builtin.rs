//! The runtime that needs none: a pull as a client library does it, HEAD, GET of the index, GET of
//! this platform's manifest, and the layers if wanted. Nothing is kept. What refuses it is judged by
//! status and body. Here and not in the runtime room because it asks
//! through the registry room, and here is where both are known.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::context::Clock;
use crate::credentials::Credential;
use crate::image::manifest::{Entry, Manifest, fits, native};
use crate::image::{Reference, is_digest};
use crate::registry::{Answered, Client, RegistryError, meaning, status_of};
use crate::runtime::{Login, Outcome, Presence, Pull, Refusal, Removal, Runtime, RuntimeError};

/// The most layers that are fetched of one image.
const LAYERS_MAX: usize = 128;

/// Pulls by HTTP alone.
pub(crate) struct Builtin {
    client: Arc<Client>,
    who: Credential,
    /// `os/architecture`.
    platform: String,
    blobs: bool,
    clock: Arc<dyn Clock>,
}

/// Why a pull came to nothing.
enum Broken {
    /// No answer.
    Asking(RegistryError),
    /// An answer that refuses.
    Answer(Box<Answered>),
    /// A manifest that is none.
    Manifest(String),
}

impl Builtin {
    /// Pulls through `client` as `who`; `platform` is `os/architecture`, this machine's where not set.
    pub(crate) fn new(
        client: Arc<Client>,
        who: Credential,
        platform: Option<&str>,
        blobs: bool,
        clock: Arc<dyn Clock>,
    ) -> Self {
        // Of a variant the index may say nothing.
        let platform = platform.map_or_else(native, |platform| {
            platform.splitn(3, '/').take(2).collect::<Vec<_>>().join("/")
        });
        Self { client, who, platform, blobs, clock }
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
        if !manifest.entries.is_empty() {
            let ours = |entry: &&Entry| {
                entry.platform.as_ref().is_some_and(|platform| fits(platform, &self.platform))
            };
            let entry = manifest.entries.iter().find(ours).ok_or_else(|| {
                Broken::Manifest(format!("no manifest for {} in the index", self.platform))
            })?;
            if !is_digest(&entry.digest) {
                return Err(Broken::Manifest("the index names a digest that is none".to_owned()));
            }
            manifest = parse(&self.get(reference, &entry.digest, deadline).await?)?;
        }
        if self.blobs {
            for blob in manifest
                .config
                .iter()
                .chain(&manifest.layers)
                .filter(|blob| is_digest(blob))
                .take(LAYERS_MAX)
            {
                let answered = self
                    .client
                    .blob(reference, blob, &self.who, deadline)
                    .await
                    .map_err(Broken::Asking)?;
                fine(answered)?;
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
        fine(answered)
    }

    /// What a pull that came to nothing came to.
    fn outcome(&self, broken: Broken, reference: &Reference) -> Outcome {
        match broken {
            Broken::Asking(error) => Outcome::Refused(Refusal {
                status: status_of(&error),
                http_status: None,
                code: None,
                message: error.to_string(),
            }),
            Broken::Answer(answered) => {
                let Words { code, message } = Words::of(&answered.body);
                Outcome::Refused(Refusal {
                    status: meaning(&answered, reference, self.clock.now()),
                    http_status: Some(answered.status),
                    code,
                    message: message.unwrap_or_else(|| format!("status {}", answered.status)),
                })
            }
            Broken::Manifest(text) => Outcome::Failed { exit: None, text },
        }
    }
}

/// What a registry says in the body of a refusal (OCI distribution specification 1.1, "Error Codes");
/// the overall limit's is plain text.
struct Words {
    code: Option<String>,
    message: Option<String>,
}

impl Words {
    fn of(body: &str) -> Self {
        let errors = serde_json::from_str::<Errors>(body).map(|body| body.errors);
        match errors.ok().and_then(|errors| errors.into_iter().next()) {
            Some(first) => Self {
                message: Some(first.message.unwrap_or_else(|| first.code.clone())),
                code: Some(first.code),
            },
            None => Self {
                code: None,
                message: Some(body.trim().to_owned()).filter(|words| !words.is_empty()),
            },
        }
    }
}

#[derive(Deserialize)]
struct Errors {
    errors: Vec<Fault>,
}

#[derive(Deserialize)]
struct Fault {
    code: String,
    #[serde(default)]
    message: Option<String>,
}

fn parse(answered: &Answered) -> Result<Manifest, Broken> {
    Manifest::parse(&answered.body)
        .ok_or_else(|| Broken::Manifest("what was answered is no manifest".to_owned()))
}

fn fine(answered: Answered) -> Result<Answered, Broken> {
    if answered.status == 200 { Ok(answered) } else { Err(Broken::Answer(Box::new(answered))) }
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
                Err(broken) => self.outcome(broken, reference),
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
        f.debug_struct("Builtin").field("platform", &self.platform).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_refusal_are_found_in_json_and_in_plain_text() {
        let rows = [
            (
                r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached"}]}"#,
                Some("TOOMANYREQUESTS"),
                Some("You have reached"),
            ),
            (r#"{"errors":[{"code":"NAME_UNKNOWN"}]}"#, Some("NAME_UNKNOWN"), Some("NAME_UNKNOWN")),
            (r#"{"errors":[]}"#, None, Some(r#"{"errors":[]}"#)),
            ("Too Many Requests (HAP429).\n", None, Some("Too Many Requests (HAP429).")),
            ("", None, None),
        ];
        for (body, code, message) in rows {
            let words = Words::of(body);
            assert_eq!(
                (words.code.as_deref(), words.message.as_deref()),
                (code, message),
                "{body}"
            );
        }
    }
}
