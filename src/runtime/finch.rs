//! finch: nerdctl behind a front that takes a subset of its commands, and options after them only.
//! After finch's source (`cmd/finch`, 2025); tried here with a pass-through that runs the real
//! nerdctl. It has no list of namespaces: the usual ones are looked through.

use async_trait::async_trait;

use super::nerdctl::{Namespaces, Nerdctl};
use super::program::Program;
use super::{Driver, Runtime, RuntimeError, Setup};

/// The namespaces that finch itself and what people run beside it use.
const USUAL: [&str; 5] = ["finch", "default", "buildkit", "k8s.io", "moby"];

/// The driver.
#[derive(Debug)]
pub(super) struct FinchDriver;

#[async_trait]
impl Driver for FinchDriver {
    fn name(&self) -> &'static str {
        "finch"
    }

    fn takes_hosts_dir(&self) -> bool {
        true
    }

    async fn open(&self, setup: &Setup) -> Result<Box<dyn Runtime>, RuntimeError> {
        let program =
            Program::find(setup.program.as_deref().unwrap_or("finch"), &setup.environment)?;
        Ok(Box::new(
            Nerdctl::open(self.name(), program, Namespaces::Usual(&USUAL), setup).await?.doubted(),
        ))
    }
}
