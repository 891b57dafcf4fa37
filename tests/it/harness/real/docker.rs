//! Docker Engine with its classic image store, on a containerd of its own.

use std::ffi::OsString;
use std::time::Duration;

use super::super::{Home, Outcome, tools};
use super::{Containerd, Daemon};

/// A running dockerd. Ended when dropped, and its containerd after it.
pub(crate) struct Dockerd {
    daemon: Daemon,
    containerd: Containerd,
}

impl Dockerd {
    /// Starts one; `None`, after a word, where something is missing.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with("{}")
    }

    /// The same with this `daemon.json`.
    pub(crate) fn start_with(config: &str) -> Option<Self> {
        let dockerd = tools::require("dockerd")?;
        tools::require("docker")?;
        let containerd = Containerd::start()?;
        let home = Home::new();
        let root = home.path().display().to_string();
        // A configuration file of its own, or the machine's own /etc/docker/daemon.json would be read.
        let config = home.write("daemon.json", config);
        let mut args: Vec<OsString> = vec![dockerd.into_os_string()];
        args.extend(["--iptables=false", "--ip6tables=false", "--bridge=none"].map(OsString::from));
        args.extend(["--config-file".into(), config.into_os_string()]);
        args.extend(["--containerd".into(), containerd.socket().into_os_string()]);
        for (option, value) in [
            ("--data-root", format!("{root}/data-root")),
            ("--exec-root", format!("{root}/exec")),
            ("--pidfile", format!("{root}/dockerd.pid")),
            ("--host", format!("unix://{root}/d.sock")),
        ] {
            args.extend([option.into(), value.into()]);
        }
        let mut daemon = Daemon::start(home, args);
        daemon.wait_until(|running| running.stderr().contains("API listen on").then_some(()));
        Some(Self { daemon, containerd })
    }

    /// The variables by which docker finds this daemon.
    pub(crate) fn environment(&self) -> [(&'static str, OsString); 1] {
        [("DOCKER_HOST", format!("unix://{}/d.sock", self.daemon.home.path().display()).into())]
    }

    /// Runs docker.
    #[track_caller]
    pub(crate) fn docker<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Outcome {
        self.daemon
            .home
            .program("docker", args)
            .envs(self.environment())
            .limit(Duration::from_secs(60))
            .run()
    }

    /// All images, dangling ones too, as `NAME:TAG ID`.
    pub(crate) fn images(&self) -> Vec<String> {
        let list = self
            .docker(["images", "-a", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}"])
            .expect_code(0);
        list.stdout.lines().map(str::to_owned).collect()
    }

    /// The leases that hold content of pulls in its containerd.
    pub(crate) fn leases(&self) -> Vec<String> {
        let list = self.containerd.ctr(["-n", "moby", "leases", "ls", "-q"]).expect_code(0);
        list.stdout.lines().map(str::to_owned).collect()
    }
}
