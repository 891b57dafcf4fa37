//! `mirror setup`: what it prints is put where it says, and each runtime is seen to pull through a real
//! pull-through cache, Distribution, in front of the sandbox. There is no other way to an image here.

use std::time::Duration;

use serde_json::Value;

use crate::harness::real::{Containerd, Distribution, Dockerd, Registry, distribution, podman};
use crate::harness::{Home, Sandbox, dhlimit, tools};

/// A cache in front of a Docker Hub.
struct Cache {
    hub: Sandbox,
    cache: Registry,
}

impl Cache {
    fn start() -> Option<Self> {
        let hub = Sandbox::start(&[]);
        let cache =
            distribution(Distribution { cache_of: Some(hub.url()), ..Distribution::default() })?;
        Some(Self { hub, cache })
    }

    /// What is to be set up for a runtime, as JSON.
    fn setup(&self, runtime: &str, options: &[&str]) -> Value {
        let to = format!("http://{}", self.cache.authority());
        let args = ["mirror", "setup", runtime, "--to", &to, "-o", "json"];
        let setup = dhlimit(args.iter().chain(options)).run().expect_code(0).json();
        crate::schemas::valid("mirror-setup", &setup);
        setup
    }

    /// How many pulls Docker Hub has counted.
    fn used(&self) -> u64 {
        let state = self.hub.state();
        let list = state["identities"].as_array().cloned().unwrap_or_default();
        list.iter().filter_map(|one| one["used"].as_u64()).sum()
    }
}

/// The path and content of the first file.
fn first(setup: &Value) -> (String, String) {
    let text = |key: &str| setup["files"][0][key].as_str().expect("a file").to_owned();
    (text("path"), text("content"))
}

#[test]
fn containerd_pulls_through_the_mirror_that_was_set_up() {
    let Some(containerd) = Containerd::start() else { return };
    let Some(cache) = Cache::start() else { return };
    if tools::require("ctr").is_none() {
        return;
    }
    for options in [&[][..], &["--no-fallback"]] {
        let (path, content) = first(&cache.setup("containerd", options));
        let below = path.strip_prefix("/etc/containerd/certs.d/").expect("the usual folder");
        let home = Home::new();
        home.write(&format!("hosts/{below}"), &content);
        let socket = containerd.socket();
        let hosts = home.path().join("hosts");
        let image = format!("docker.io/library/setup-{}:1", options.len());
        let pull = home
            .program("ctr", ["-a", &socket.to_string_lossy(), "images", "pull", "--hosts-dir"])
            .arg(hosts)
            .arg("--snapshotter")
            .arg("native")
            .arg(&image);
        let before = cache.used();
        pull.limit(Duration::from_secs(120)).run().expect_code(0);
        assert_eq!(cache.used(), before + 1, "{content}");
    }
}

#[test]
fn docker_pulls_through_the_mirror_that_was_set_up() {
    let Some(cache) = Cache::start() else { return };
    let (path, content) = first(&cache.setup("docker", &[]));
    assert_eq!(path, "/etc/docker/daemon.json");
    let Some(dockerd) = Dockerd::start_with(&content) else { return };
    dockerd.docker(["pull", "-q", "nginx"]).expect_code(0);
    assert_eq!(cache.used(), 1, "{content}");
}

#[test]
fn podman_pulls_through_the_mirror_that_was_set_up() {
    let home = Home::new();
    let Some(mut variables) = podman(&home) else { return };
    let Some(cache) = Cache::start() else { return };
    // podman 4.3 fails where DOCKER_CONFIG names a folder without it.
    home.docker_config(&serde_json::json!({}));
    for options in [&[][..], &["--no-fallback"]] {
        let (path, content) = first(&cache.setup("podman", options));
        assert!(path.starts_with("/etc/containers/registries.conf.d/"), "{path}");
        let file = home.write("podman/registries.conf", &content);
        variables.retain(|(name, _)| *name != "CONTAINERS_REGISTRIES_CONF");
        variables.push(("CONTAINERS_REGISTRIES_CONF", file.into_os_string()));
        let image = format!("docker.io/library/setup-{}:1", options.len());
        let before = cache.used();
        let pull = home.program("podman", ["pull", "-q", &image]).envs(variables.clone());
        pull.limit(Duration::from_secs(120)).run().expect_code(0);
        assert_eq!(cache.used(), before + 1, "{content}");
    }
}

#[test]
fn what_a_runtime_cannot_do_is_refused_and_what_it_can_is_printed_with_its_path() {
    let refused = [
        (&["docker", "--to", "https://cache.example/hub"][..], "path"),
        (&["docker", "--to", "https://cache.example", "--login"], "login"),
        (&["docker", "--to", "https://cache.example", "--no-fallback"], "always asks Docker Hub"),
        (&["containerd", "--to", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/docker-hub"], "ECR"),
    ];
    for (args, words) in refused {
        let outcome = dhlimit(["mirror", "setup"].iter().chain(args)).run().expect_code(1);
        assert!(outcome.stdout.is_empty() && outcome.stderr.contains(words), "{outcome:?}");
    }
    let outcome = dhlimit(["mirror", "setup", "podman", "--to", "ftp://x"]).run();
    outcome.expect_code(2);
    let rows = [
        ("containerd", "/etc/containerd/certs.d/docker.io/hosts.toml", "override_path = true"),
        ("podman", "/etc/containers/registries.conf.d/", "location = \"cache.example/hub\""),
        ("crio", "/etc/containers/registries.conf.d/", "systemctl reload crio"),
        ("buildkit", "/etc/buildkit/buildkitd.toml", "mirrors = [\"cache.example/hub\"]"),
        ("k3s", "/etc/rancher/k3s/registries.yaml", "hub/$1"),
        ("rke2", "/etc/rancher/rke2/registries.yaml", "rke2-agent"),
        ("talos", "docker-hub-mirror.yaml", "overridePath: true"),
        ("kind", "kind.yaml", "containerdConfigPatches"),
    ];
    for (runtime, path, words) in rows {
        let args = ["mirror", "setup", runtime, "--to", "https://cache.example/hub"];
        let page = dhlimit(args).run().expect_code(0).stdout;
        assert!(page.contains(path) && page.contains(words), "{page}");
    }
}
