//! Mirrors that a real docker, podman and nerdctl are told of, and runtimes that are stopped. That the
//! tool takes the mirror is proved by what the mirror counts.

use std::time::Duration;

use serde_json::json;

use super::{bare_path, findings, the};
use crate::harness::real::{Containerd, Dockerd, podman};
use crate::harness::{Home, Sandbox, tools};

/// How many pulls a sandbox has counted.
fn used(sandbox: &Sandbox) -> u64 {
    let state = sandbox.state();
    state["identities"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| one["used"].as_u64())
        .sum()
}

#[test]
fn a_docker_with_a_mirror_is_told_and_whether_the_mirror_answers() {
    let mirror = Sandbox::start(&[]);
    let config = json!({ "registry-mirrors": [mirror.url()] }).to_string();
    let Some(dockerd) = Dockerd::start_with(&config) else { return };
    dockerd.docker(["pull", "-q", "nginx"]).expect_code(0);
    assert_eq!(used(&mirror), 1, "docker takes the mirror");
    let home = Home::new();
    let doctor = || {
        findings(
            &home
                .dhlimit(["doctor", "-o", "json", "--sandbox"])
                .envs(dockerd.environment())
                .run()
                .expect_code(0),
        )
    };
    let found = doctor();
    let spends = the(&found, "mirror-spends-limit");
    assert_eq!(
        (spends.severity.as_str(), spends.subject.as_str()),
        ("info", "docker.io by docker"),
        "{spends:?}"
    );
    assert!(
        spends.evidence.contains(mirror.url()) && spends.evidence.contains("answers (401)"),
        "{spends:?}"
    );
    drop(mirror);
    let found = doctor();
    let spends = the(&found, "mirror-spends-limit");
    assert!(
        spends.severity == "warning" && spends.evidence.contains("does not answer"),
        "{spends:?}"
    );
    assert!(
        spends.advice.as_ref().is_some_and(|advice| advice.contains("every pull is counted")),
        "{spends:?}"
    );
}

#[test]
fn a_podman_with_a_mirror_or_a_block_is_told() {
    let home = Home::new();
    let Some(mut variables) = podman(&home) else { return };
    // podman 4.3 fails where DOCKER_CONFIG names a folder without it.
    home.docker_config(&json!({}));
    let mirror = Sandbox::start(&[]);
    let write = |text: &str| home.write("podman/registries.conf", text);
    let doctor = |variables: &[(&'static str, std::ffi::OsString)]| {
        findings(
            &home
                .dhlimit(["doctor", "-o", "json", "--sandbox"])
                .envs(variables.to_vec())
                .run()
                .expect_code(0),
        )
    };
    let first = format!(
        "[[registry]]\nprefix = 'docker.io'\nlocation = 'docker.io'\n[[registry.mirror]]\nlocation = '{}'\ninsecure = true\n",
        mirror.authority()
    );
    let file = write(&first);
    variables.retain(|(name, _)| *name != "CONTAINERS_REGISTRIES_CONF");
    variables.push(("CONTAINERS_REGISTRIES_CONF", file.into_os_string()));
    let pull = home
        .program("podman", ["pull", "-q", "docker.io/library/nginx:latest"])
        .envs(variables.clone());
    pull.limit(Duration::from_secs(120)).run().expect_code(0);
    assert_eq!(used(&mirror), 1, "podman takes the mirror");
    let found = doctor(&variables);
    let spends = the(&found, "mirror-spends-limit");
    assert_eq!(
        (spends.severity.as_str(), spends.subject.as_str()),
        ("info", "docker.io by podman"),
        "{spends:?}"
    );
    write(&format!(
        "[[registry]]\nprefix = 'docker.io'\nlocation = '{}'\ninsecure = true\n",
        mirror.authority()
    ));
    assert_eq!(the(&doctor(&variables), "mirror-hides-limit").severity, "info");
    write("[[registry]]\nlocation = 'docker.io'\nblocked = true\n");
    let blocked = home
        .program("podman", ["pull", "-q", "docker.io/library/redis:latest"])
        .envs(variables.clone())
        .run();
    assert!(blocked.stderr.contains("blocked"), "{blocked:?}");
    assert_eq!(the(&doctor(&variables), "registry-blocked").severity, "error");
}

#[test]
fn a_nerdctl_that_is_sent_elsewhere_is_told() {
    let Some(containerd) = Containerd::start() else { return };
    if tools::require("nerdctl").is_none() {
        return;
    }
    let mirror = Sandbox::start(&[]);
    let home = Home::new();
    let (url, root) = (mirror.url(), home.path().display());
    home.write(
        "hosts/docker.io/hosts.toml",
        &format!(
            "server = \"{url}\"\n[host.\"{url}\"]\n  capabilities = [\"pull\", \"resolve\"]\n"
        ),
    );
    let settings = format!(
        "address = \"{}\"\nsnapshotter = \"native\"\ndata_root = \"{root}/nerdctl\"\ncni_netconfpath = \"{root}/cni\"\nhosts_dir = [\"{root}/hosts\"]\n",
        containerd.socket().display()
    );
    let toml = home.write("nerdctl.toml", &settings);
    let environment = || {
        containerd
            .environment()
            .into_iter()
            .filter(|(name, _)| *name != "NERDCTL_TOML")
            .chain([("NERDCTL_TOML", toml.clone().into_os_string())])
    };
    home.program("nerdctl", ["pull", "-q", "docker.io/library/nginx:latest"])
        .envs(environment())
        .limit(Duration::from_secs(120))
        .run()
        .expect_code(0);
    assert_eq!(used(&mirror), 1, "nerdctl takes the mirror");
    let found = findings(
        &home
            .dhlimit(["doctor", "-o", "json", "--sandbox"])
            .envs(environment())
            .run()
            .expect_code(0),
    );
    let hides = the(&found, "mirror-hides-limit");
    assert!(
        hides.subject == "docker.io by nerdctl" && hides.evidence.contains("answers (401)"),
        "{hides:?}"
    );
}

#[test]
fn a_runtime_that_is_stopped_or_hangs_is_told_and_holds_nothing_up() {
    if tools::require("docker").is_none() {
        return;
    }
    let home = Home::new();
    home.script("podman", "#!/bin/sh\nsleep 67\n");
    let dead = format!("unix://{}/dead.sock", home.path().display());
    let program = home
        .dhlimit(["doctor", "-o", "json", "--sandbox", "--timeout", "3s"])
        .env("DOCKER_HOST", &dead);
    let outcome = program.limit(Duration::from_secs(30)).run().expect_code(0);
    assert!(outcome.elapsed < Duration::from_secs(8), "{outcome:?}");
    let found = findings(&outcome);
    let stopped = |name: &str| {
        found
            .iter()
            .find(|finding| finding.id == "runtime-stopped" && finding.subject == name)
            .cloned()
    };
    let docker = stopped("docker").unwrap_or_else(|| panic!("{found:#?}"));
    assert!(docker.evidence.contains("dead.sock") && docker.advice.is_some(), "{docker:?}");
    assert!(
        stopped("podman").is_some_and(|podman| podman.evidence.contains("no answer within")),
        "{found:#?}"
    );
    assert!(outcome.left_running().is_empty(), "{:?}", outcome.left_running());
}

#[test]
fn a_proxy_in_the_environment_is_told_without_its_password() {
    let home = Home::new();
    let program = home
        .dhlimit(["doctor", "-o", "json", "-vvv", "--timeout", "2s"])
        .env("PATH", bare_path(&home));
    let program = program.env(
        "HTTPS_PROXY",
        format!("http://bob:{}@127.0.0.1:9", super::PASSWORD.replace(['/', '+'], "-")),
    );
    let outcome = program.run().expect_code(0);
    let found = findings(&outcome);
    assert!(the(&found, "proxy-in-use").evidence.contains("http://127.0.0.1:9"), "{found:#?}");
    assert!(!outcome.everything().contains("pl4nted"), "{outcome:?}");
    assert_eq!(
        the(&found, "registry-unreachable").severity,
        "error",
        "nobody listens there: {found:#?}"
    );
}
