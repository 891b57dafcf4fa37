//! skopeo, copying into a folder of our own. Seen with 1.9.3; 1.22 after runtimes.md.
//!
//! One copy sends GET index, GET manifest; nothing is kept, so nothing is ever free and nothing of
//! the user's can be removed. A 429 makes its library sleep (see `containers.rs`). Reads
//! `auth.json`, then Docker's `config.json`.

use std::time::Duration;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::folder::Folder;
use super::program::{Program, pulling};
use super::{
    Driver, Login, Presence, Pull, Removal, Runtime, RuntimeError, Scheme, Setup, containers, exact,
};
use crate::image::Reference;

/// The driver.
#[derive(Debug)]
pub(super) struct SkopeoDriver;

#[async_trait]
impl Driver for SkopeoDriver {
    fn name(&self) -> &'static str {
        "skopeo"
    }

    async fn open(&self, setup: &Setup) -> Result<Box<dyn Runtime>, RuntimeError> {
        let program =
            Program::find(setup.program.as_deref().unwrap_or("skopeo"), &setup.environment)?;
        let program = containers::spared(program, &setup.environment);
        let answer = program.ask(&["--version"]).await?;
        let version = answer.split_whitespace().nth(2).unwrap_or("unknown").to_owned();
        Ok(Box::new(Skopeo {
            program: program.with(platform(setup.platform.as_deref())),
            version,
            folder: Folder::new(&setup.environment)?,
            scheme: setup.scheme,
        }))
    }
}

#[derive(Debug)]
struct Skopeo {
    program: Program,
    version: String,
    folder: Folder,
    scheme: Scheme,
}

#[async_trait]
impl Runtime for Skopeo {
    fn name(&self) -> &'static str {
        "skopeo"
    }

    fn version(&self) -> &str {
        &self.version
    }

    fn login(&self) -> Login {
        Login::ContainersAuth
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
        let (from, to) = (
            format!("docker://{}", exact(reference)),
            format!("dir:{}", self.folder.image().display()),
        );
        let mut words = vec!["--debug", "copy", "--quiet"];
        if self.scheme.is_plain(reference) {
            words.push("--src-tls-verify=false");
        }
        words.extend([from.as_str(), to.as_str()]);
        containers::quietened(
            self.program
                .pull(&words, pulling(limit, shutdown).stopping_at(containers::SLEEPING))
                .await,
        )
    }

    async fn remove(&self, _: &Reference) -> Result<Removal, RuntimeError> {
        self.folder.remove().await
    }
}

/// skopeo's own spelling of `os/arch[/variant]`.
fn platform(platform: Option<&str>) -> Vec<String> {
    let parts = platform.into_iter().flat_map(|platform| platform.splitn(3, '/'));
    let options = ["--override-os", "--override-arch", "--override-variant"];
    options
        .into_iter()
        .zip(parts)
        .flat_map(|(option, part)| [option.to_owned(), part.to_owned()])
        .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_platform_is_spelled_in_up_to_three_options() {
        assert_eq!(
            super::platform(Some("linux/arm64")),
            ["--override-os", "linux", "--override-arch", "arm64"]
        );
        assert_eq!(super::platform(Some("linux/arm/v7")).len(), 6);
        assert!(super::platform(None).is_empty());
    }
}
