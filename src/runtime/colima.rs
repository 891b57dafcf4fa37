//! colima: a machine that holds either containerd, reached by `colima nerdctl`, or Docker Engine,
//! reached by docker's own command line and a context. After colima's source (`cmd/list.go`,
//! `cmd/nerdctl.go`, 2025); tried here with a pass-through that runs the real tools.

use async_trait::async_trait;

use super::docker::Docker;
use super::lima::machines;
use super::nerdctl::{Namespaces, Nerdctl};
use super::program::Program;
use super::{Driver, Runtime, RuntimeError, Setup};

/// The driver.
#[derive(Debug)]
pub(super) struct ColimaDriver;

#[async_trait]
impl Driver for ColimaDriver {
    fn name(&self) -> &'static str {
        "colima"
    }

    async fn open(&self, setup: &Setup) -> Result<Box<dyn Runtime>, RuntimeError> {
        let colima =
            Program::find(setup.program.as_deref().unwrap_or("colima"), &setup.environment)?;
        let profile = setup
            .instance
            .as_deref()
            .or(setup.environment.var("COLIMA_PROFILE"))
            .unwrap_or("default");
        let question = ["list", "--json"];
        let answer = colima.ask(&question).await?;
        let machines = machines(&answer).map_err(|error| colima.nonsense(&question, &error))?;
        let machine = machines.into_iter().find(|machine| machine.name == profile);
        let Some(machine) = machine.filter(|machine| machine.status == "Running") else {
            return Err(RuntimeError::Machine {
                program: colima.name().to_owned(),
                instance: profile.to_owned(),
                status: "not running".to_owned(),
            });
        };
        if machine.runtime.starts_with("containerd") {
            let guest = colima.with(["nerdctl", "--profile", profile, "--"]);
            return Ok(Box::new(
                Nerdctl::open(self.name(), guest, Namespaces::Listed, setup).await?.doubted(),
            ));
        }
        let context =
            if profile == "default" { "colima".to_owned() } else { format!("colima-{profile}") };
        let docker = Program::find("docker", &setup.environment)?.with(["--context", &context]);
        Ok(Box::new(Docker::open(self.name(), docker, setup).await?))
    }
}
