//! A user's own image is never removed: where it is there before the run, in any namespace or under
//! any name, `stress` refuses and says where.

use std::ffi::OsString;
use std::time::Duration;

use rustix::process::Signal;

use crate::harness::real::{Containerd, Dockerd, podman};
use crate::harness::{Home, Outcome, Sandbox, tools};

const IMAGE: &str = "library/nginx:latest";

fn stress(
    home: &Home,
    image: &str,
    runtime: &str,
    environment: impl IntoIterator<Item = (&'static str, OsString)>,
) -> Outcome {
    home.dhlimit([
        "stress",
        image,
        "--runtime",
        runtime,
        "--interval",
        "0s",
        "--count",
        "2",
        "-o",
        "json",
    ])
    .envs(environment)
    .run()
}

#[track_caller]
fn assert_refused(outcome: &Outcome, place: &str) {
    assert!(!matches!(outcome.code, Some(0) | None), "{outcome:?}");
    assert!(outcome.stderr.contains(place), "does not say where: {outcome:?}");
}

#[test]
fn nerdctl_and_ctr_refuse_an_image_that_lies_in_another_namespace() {
    let Some(containerd) = Containerd::start() else { return };
    let sandbox = Sandbox::start(&[]);
    let image = sandbox.image(IMAGE);
    containerd.ctr(["-n", "k8s.io", "images", "pull", "--plain-http", &image]).expect_code(0);
    let before = containerd.images();
    for runtime in ["nerdctl", "ctr"] {
        if tools::require(runtime).is_some() {
            assert_refused(
                &stress(&Home::new(), &image, runtime, containerd.environment()),
                "k8s.io",
            );
            assert_eq!(containerd.images(), before);
        }
    }
}

#[test]
fn nerdctl_refuses_an_image_that_lies_there_under_another_name() {
    let Some(containerd) = Containerd::start() else { return };
    if tools::require("nerdctl").is_none() {
        return;
    }
    let sandbox = Sandbox::start(&[]);
    let image = sandbox.image(IMAGE);
    containerd.ctr(["images", "pull", "--plain-http", &image]).expect_code(0);
    containerd.ctr(["images", "tag", &image, "example.com/mine:1"]).expect_code(0);
    containerd.ctr(["images", "rm", "--sync", &image]).expect_code(0);
    let before = containerd.images();
    assert_refused(
        &stress(&Home::new(), &image, "nerdctl", containerd.environment()),
        "example.com/mine:1",
    );
    assert_eq!(containerd.images(), before);
}

#[test]
fn docker_refuses_an_image_that_is_there() {
    let Some(dockerd) = Dockerd::start() else { return };
    let sandbox = Sandbox::start(&[]);
    let image = sandbox.image(IMAGE);
    dockerd.docker(["pull", "-q", &image]).expect_code(0);
    let before = dockerd.images();
    assert_refused(&stress(&Home::new(), &image, "docker", dockerd.environment()), &image);
    assert_eq!(dockerd.images(), before);
}

#[test]
fn podman_refuses_an_image_that_is_there() {
    let home = Home::new();
    let Some(environment) = podman(&home) else { return };
    let sandbox = Sandbox::start(&[]);
    let image = sandbox.image(IMAGE);
    let podman = |args: &[&str]| {
        home.program("podman", args)
            .envs(environment.clone())
            .without("DOCKER_CONFIG")
            .run()
            .expect_code(0)
    };
    podman(&["pull", "-q", "--tls-verify=false", &image]);
    let before = podman(&["images", "-a", "-q"]).stdout;
    assert_refused(&stress(&home, &image, "podman", environment.clone()), &image);
    assert_eq!(podman(&["images", "-a", "-q"]).stdout, before);
}

#[test]
fn docker_keeps_what_somebody_pulls_by_digest_while_an_interrupted_run_is_cleaned_up() {
    let Some(dockerd) = Dockerd::start() else { return };
    let sandbox = Sandbox::start(&["--latency", "150ms"]);
    let other = sandbox.image("library/redis:7");
    dockerd.docker(["pull", "-q", &other]).expect_code(0);
    let by_digest = dockerd
        .docker(["image", "inspect", "--format", "{{index .RepoDigests 0}}", &other])
        .expect_code(0)
        .stdout;
    let by_digest = by_digest.trim();
    dockerd.docker(["rmi", &other]).expect_code(0);
    let image = sandbox.image(IMAGE);
    let home = Home::new();
    let run = home
        .dhlimit(["stress", &image, "--runtime", "docker", "--interval", "0s", "-o", "json"])
        .envs(dockerd.environment());
    let mut run = run.limit(Duration::from_secs(120)).start();
    run.wait_until(Duration::from_secs(60), |run| run.stderr().contains("round").then_some(()));
    dockerd.docker(["pull", "-q", by_digest]).expect_code(0);
    // In the middle of a pull, so that what it may have left without a name is looked for.
    run.signal(Signal::INT);
    let outcome = run.outcome().expect_code(130);
    assert!(!outcome.json()["rounds"].as_array().unwrap().is_empty(), "{outcome:?}");
    dockerd.docker(["image", "inspect", by_digest]).expect_code(0);
    assert!(
        !dockerd.docker(["image", "inspect", &image]).stdout.contains("Id"),
        "{:?}",
        dockerd.images()
    );
}
