//! The real ones: daemons and registries with everything of theirs in a temporary folder, started
//! without systemd, ended with the test. One a test: each is up in less than half a second.

mod containerd;
mod docker;
mod podman;
mod registries;

pub(crate) use containerd::Containerd;
pub(crate) use docker::Dockerd;
pub(crate) use podman::podman;
pub(crate) use registries::{Distribution, Registry, crane_registry, distribution};

use std::ffi::OsStr;
use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::program::Program;
use super::{Home, Running};

/// Daemons are given this long to be ready; they need 0.3 s on an idle machine.
const READY: Duration = Duration::from_secs(60);

/// A daemon and its folder.
struct Daemon {
    running: Option<Running>,
    home: Home,
}

impl Daemon {
    /// Starts a daemon that is ended should the test's thread end without doing so: a killed test
    /// run leaves no daemon behind.
    fn start<S: AsRef<OsStr>>(home: Home, args: impl IntoIterator<Item = S>) -> Self {
        let program = home.program("setpriv", ["--pdeathsig", "TERM", "--"]);
        let program = args.into_iter().fold(program, Program::arg);
        let running = program.limit(Duration::from_secs(900)).start();
        Self { running: Some(running), home }
    }

    fn wait_until<T>(&mut self, found: impl FnMut(&Running) -> Option<T>) -> T {
        self.running.as_mut().expect("running until dropped").wait_until(READY, found)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        drop(self.running.take());
        // dockerd mounts its data folder onto itself and, when killed, leaves it so: then the folder
        // could not be removed.
        let root = self.home.path().display().to_string();
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        for mount in mounts
            .lines()
            .rev()
            .filter_map(|line| line.split_whitespace().nth(1))
            .filter(|path| path.starts_with(&root))
        {
            let _ = Command::new("umount")
                .args(["-l", mount])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
        }
    }
}
