//! crane, pulling into a file of our own. Seen with 0.21.9.
//!
//! One pull sends GET index, GET manifest; nothing is kept. From 0.21.6 on a 429 is tried thrice in
//! 4.5 s. Reads Docker's `config.json`.

use std::time::Duration;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::folder::Folder;
use super::program::{Program, pulling};
use super::{Driver, Login, Presence, Pull, Removal, Runtime, RuntimeError, Scheme, Setup, exact};
use crate::image::Reference;

/// The driver.
#[derive(Debug)]
pub(super) struct CraneDriver;

#[async_trait]
impl Driver for CraneDriver {
    fn name(&self) -> &'static str {
        "crane"
    }

    async fn open(&self, setup: &Setup) -> Result<Box<dyn Runtime>, RuntimeError> {
        let program =
            Program::find(setup.program.as_deref().unwrap_or("crane"), &setup.environment)?;
        let version = program.ask(&["version"]).await?.trim().trim_start_matches('v').to_owned();
        let folder = Folder::new(&setup.environment)?;
        Ok(Box::new(Crane {
            program,
            version,
            folder,
            scheme: setup.scheme,
            platform: setup.platform.clone(),
        }))
    }
}

#[derive(Debug)]
struct Crane {
    program: Program,
    version: String,
    folder: Folder,
    scheme: Scheme,
    platform: Option<String>,
}

#[async_trait]
impl Runtime for Crane {
    fn name(&self) -> &'static str {
        "crane"
    }

    fn version(&self) -> &str {
        &self.version
    }

    fn login(&self) -> Login {
        Login::DockerConfig
    }

    async fn present(&self, _: &Reference, _: Option<&str>) -> Result<Vec<Presence>, RuntimeError> {
        Ok(Vec::new())
    }

    async fn holds(&self, _: &Reference) -> Result<bool, RuntimeError> {
        Ok(self.folder.holds())
    }

    async fn pull(
        &self,
        reference: &Reference,
        limit: Duration,
        shutdown: &CancellationToken,
    ) -> Pull {
        let (from, to) = (exact(reference), self.folder.image().display().to_string());
        let mut words = vec!["pull"];
        if self.scheme.is_plain(reference) {
            words.push("--insecure");
        }
        words.extend(self.platform.iter().flat_map(|platform| ["--platform", platform.as_str()]));
        words.extend([from.as_str(), to.as_str()]);
        self.program.pull(&words, pulling(limit, shutdown)).await
    }

    async fn remove(&self, _: &Reference) -> Result<Removal, RuntimeError> {
        self.folder.remove().await
    }
}
