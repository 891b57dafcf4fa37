//! containerd with its CRI plugin, for nerdctl, ctr and crictl.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use super::super::{Home, Outcome, tools};
use super::Daemon;

/// A running containerd. Ended when dropped.
pub(crate) struct Containerd {
    daemon: Daemon,
}

impl Containerd {
    /// Starts one; `None`, after a word, where containerd or root is missing.
    pub(crate) fn start() -> Option<Self> {
        let containerd = tools::require("containerd")?;
        if !tools::require_root() {
            return None;
        }
        let home = Home::new();
        let root = home.path().display();
        // The native snapshotter needs no overlay below, and images here are tiny. Without
        // config_path the CRI plugin speaks plain HTTP to loopback; its streaming server takes a
        // fixed port unless told otherwise, so that two daemons could not live side by side.
        // The collector rests for 49 times as long as it has worked on average. On a daemon that has
        // just started that is its first, slow collection alone, and on a busy machine seconds: then
        // docker finds the manifests of an image that it has removed, and pulls it for nothing. A
        // share of one half makes it rest as little as on a daemon that has run for a while.
        let config = format!(
            r#"version = 2
root = "{root}/root"
state = "{root}/run"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.aufs", "io.containerd.internal.v1.opt"]
[grpc]
  address = "{root}/c.sock"
[ttrpc]
  address = "{root}/t.sock"
[plugins."io.containerd.gc.v1.scheduler"]
  pause_threshold = 0.5
[plugins."io.containerd.grpc.v1.cri"]
  stream_server_port = "0"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
"#
        );
        let nerdctl = format!(
            "address = \"unix://{root}/c.sock\"\nsnapshotter = \"native\"\ndata_root = \"{root}/nerdctl\"\ncni_netconfpath = \"{root}/cni\"\n"
        );
        let config = home.write("containerd.toml", &config);
        home.write("nerdctl.toml", &nerdctl);
        let args = [containerd.into_os_string(), "-c".into(), config.into_os_string()];
        let mut daemon = Daemon::start(home, args);
        // The socket is there before the plugins are; this line is the last.
        daemon.wait_until(|running| {
            running.stderr().contains("containerd successfully booted").then_some(())
        });
        Some(Self { daemon })
    }

    /// The socket.
    pub(crate) fn socket(&self) -> PathBuf {
        self.daemon.home.path().join("c.sock")
    }

    /// The variables by which nerdctl, ctr and crictl find this daemon.
    pub(crate) fn environment(&self) -> [(&'static str, OsString); 5] {
        let endpoint = format!("unix://{}", self.socket().display());
        [
            ("CONTAINERD_ADDRESS", self.socket().into_os_string()),
            ("CONTAINERD_SNAPSHOTTER", "native".into()),
            ("NERDCTL_TOML", self.daemon.home.path().join("nerdctl.toml").into_os_string()),
            ("CONTAINER_RUNTIME_ENDPOINT", endpoint.clone().into()),
            ("IMAGE_SERVICE_ENDPOINT", endpoint.into()),
        ]
    }

    /// Runs ctr.
    #[track_caller]
    pub(crate) fn ctr<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Outcome {
        self.daemon
            .home
            .program("ctr", args)
            .envs(self.environment())
            .limit(Duration::from_secs(60))
            .run()
    }

    /// The names of all images in all namespaces, as `NAMESPACE NAME`.
    pub(crate) fn images(&self) -> Vec<String> {
        let namespaces = self.ctr(["namespaces", "ls", "-q"]).expect_code(0);
        let list = |namespace: &str| {
            self.ctr(["-n", namespace, "images", "ls", "-q"]).expect_code(0).stdout
        };
        namespaces
            .stdout
            .lines()
            .flat_map(|namespace| {
                list(namespace)
                    .lines()
                    .map(|name| format!("{namespace} {name}"))
                    .collect::<Vec<_>>()
            })
            .collect()
    }

    /// Digests of all content in all namespaces; what counts as gone must not be here.
    pub(crate) fn content(&self) -> Vec<String> {
        let namespaces = self.ctr(["namespaces", "ls", "-q"]).expect_code(0);
        let list = |namespace: &str| {
            self.ctr(["-n", namespace, "content", "ls", "-q"]).expect_code(0).stdout
        };
        namespaces
            .stdout
            .lines()
            .flat_map(|namespace| list(namespace).lines().map(str::to_owned).collect::<Vec<_>>())
            .collect()
    }
}
