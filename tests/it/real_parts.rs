//! The real programs by themselves: that each fixture is up, usable and gone afterwards. Where one
//! of these fails, the tests that put dhlimit among them have nothing to say.

use std::fs;

use crate::harness::real::{
    Containerd, Distribution, Dockerd, crane_registry, distribution, podman,
};
use crate::harness::{Home, http, tools};

#[test]
fn containerd_is_up_for_ctr_nerdctl_and_crictl_and_gone_when_dropped() {
    let Some(containerd) = Containerd::start() else { return };
    let home = Home::new();
    let socket = containerd.socket();
    assert_eq!(containerd.images(), [""; 0]);
    assert_eq!(containerd.content(), [""; 0]);
    for (tool, args) in
        [("nerdctl", &["images", "-q"][..]), ("crictl", &["images", "-q"]), ("ctr", &["version"])]
    {
        let Some(tool) = tools::require(tool) else { return };
        home.program(tool, args).envs(containerd.environment()).run().expect_code(0);
    }
    drop(containerd);
    assert!(!socket.exists());
}

#[test]
fn dockerd_is_up_with_its_classic_store_and_leaves_no_mount() {
    let Some(dockerd) = Dockerd::start() else { return };
    assert_eq!(dockerd.images(), [""; 0]);
    let info =
        dockerd.docker(["info", "--format", "{{.Driver}} {{.LoggingDriver}}"]).expect_code(0);
    assert!(!info.stdout.contains("io.containerd"), "{info:?}");
    let folder = dockerd
        .environment()
        .map(|(_, value)| value.to_string_lossy().replace("unix://", "").replace("/d.sock", ""));
    drop(dockerd);
    let mounts = fs::read_to_string("/proc/self/mounts").expect("mounts");
    assert!(!mounts.contains(&folder[0]), "{mounts}");
    assert!(!fs::exists(&folder[0]).expect("a look"));
}

#[test]
fn podman_keeps_its_store_in_the_test_s_home() {
    let home = Home::new();
    let Some(environment) = podman(&home) else { return };
    // podman 4.3 refuses a DOCKER_CONFIG without a config.json.
    let info = home
        .program("podman", ["info", "--format", "{{.Store.GraphDriverName}} {{.Store.GraphRoot}}"]);
    let info = info.envs(environment).without("DOCKER_CONFIG").run().expect_code(0);
    assert_eq!(info.stdout.trim(), format!("vfs {}/podman/store", home.path().display()));
}

#[test]
fn distribution_asks_for_its_user_and_password() {
    let Some(registry) =
        distribution(Distribution { htpasswd: Some(("ann", "s3cret")), cache_of: None })
    else {
        return;
    };
    let answer = http::get(&format!("http://{}/v2/", registry.authority()));
    assert_eq!(
        (answer.status, answer.header("www-authenticate")),
        (401, Some("Basic realm=\"distribution\""))
    );
}

#[test]
fn crane_serves_a_registry() {
    let Some(registry) = crane_registry() else { return };
    assert_eq!(http::get(&format!("http://{}/v2/", registry.authority())).status, 200);
}
