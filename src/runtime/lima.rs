//! nerdctl in a Lima machine. After runtimes.md and Lima's source (`limactl shell`, 2025); tried
//! here with a pass-through that runs the real nerdctl.
//!
//! On a stopped machine and without a terminal, Lima 1.1 to 2.0.3 exits 0 and does nothing: so the
//! machine's status is asked first, and each pull is proved by a look. Log-ins are the guest's.

use async_trait::async_trait;
use serde::Deserialize;

use super::nerdctl::{Namespaces, Nerdctl};
use super::program::Program;
use super::{Driver, Runtime, RuntimeError, Setup};

/// The driver.
#[derive(Debug)]
pub(super) struct LimaDriver;

#[async_trait]
impl Driver for LimaDriver {
    fn name(&self) -> &'static str {
        "lima"
    }

    fn takes_hosts_dir(&self) -> bool {
        true
    }

    async fn open(&self, setup: &Setup) -> Result<Box<dyn Runtime>, RuntimeError> {
        let limactl =
            Program::find(setup.program.as_deref().unwrap_or("limactl"), &setup.environment)?;
        let instance = setup
            .instance
            .as_deref()
            .or(setup.environment.var("LIMA_INSTANCE"))
            .unwrap_or("default");
        let question = ["list", "--format", "json"];
        let answer = limactl.ask(&question).await?;
        let machines = machines(&answer).map_err(|error| limactl.nonsense(&question, &error))?;
        let status = machines
            .into_iter()
            .find(|machine| machine.name == instance)
            .map_or_else(|| "not there".to_owned(), |machine| machine.status);
        if status != "Running" {
            return Err(RuntimeError::Machine {
                program: limactl.name().to_owned(),
                instance: instance.to_owned(),
                status: status.to_lowercase(),
            });
        }
        let guest = limactl.with(["--tty=false", "shell", "--workdir", "/", instance, "nerdctl"]);
        Ok(Box::new(Nerdctl::open(self.name(), guest, Namespaces::Listed, setup).await?.doubted()))
    }
}

/// A machine as `limactl list` and `colima list` print it, one a line.
#[derive(Debug, Deserialize)]
pub(super) struct Machine {
    pub(super) name: String,
    #[serde(default)]
    pub(super) status: String,
    /// colima only: `docker`, `containerd`, either with `+k3s`, or nothing from older releases.
    #[serde(default)]
    pub(super) runtime: String,
}

/// The machines of a list.
pub(super) fn machines(answer: &str) -> Result<Vec<Machine>, serde_json::Error> {
    answer.lines().filter(|line| !line.trim().is_empty()).map(serde_json::from_str).collect()
}
