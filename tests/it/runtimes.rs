//! Every runtime among the real programs: `stress` against a sandbox with five pulls left makes five
//! pulls that cost one each, meets the pull limit in round six, and leaves nothing behind.
//!
//! Images are named on the sandbox's own loopback address, as no runtime here may reach docker.io.

use std::ffi::OsString;
use std::time::Duration;

use serde_json::Value;

use crate::harness::real::{Containerd, Dockerd, podman};
use crate::harness::{Home, Outcome, Sandbox, tools};

const IMAGE: &str = "library/nginx:latest";

/// `stress` with a runtime on an image of the sandbox.
fn stress(
    home: &Home,
    sandbox: &Sandbox,
    runtime: &str,
    environment: impl IntoIterator<Item = (&'static str, OsString)>,
) -> Outcome {
    let image = sandbox.image(IMAGE);
    let program =
        home.dhlimit(["stress", &image, "--runtime", runtime, "--interval", "0s", "-o", "json"]);
    program.envs(environment).limit(Duration::from_secs(180)).run()
}

/// Five pulls at the price of one each, then the pull limit in round six; the report.
#[track_caller]
fn assert_five_pulls_then_the_pull_limit(outcome: Outcome, runtime: &str) -> Value {
    let outcome = outcome.expect_code(0);
    let report = outcome.json();
    assert_eq!(report["schema"], "dhlimit/stress/1", "{outcome:?}");
    assert_eq!(report["runtime"], runtime, "{outcome:?}");
    assert_eq!(report["stopped_by"], "pull_limit", "{outcome:?}");
    assert_eq!(report["pulls"], 5, "{outcome:?}");
    assert_eq!(report["cost_per_pull"].as_f64(), Some(1.0), "{outcome:?}");
    assert_eq!(report["first_429"]["round"], 6, "{outcome:?}");
    assert_eq!(report["first_429"]["class"], "pull_limit", "{outcome:?}");
    let rounds = report["rounds"].as_array().expect("rounds");
    let outcomes: Vec<&str> = rounds.iter().filter_map(|round| round["outcome"].as_str()).collect();
    assert_eq!(
        outcomes,
        ["pulled", "pulled", "pulled", "pulled", "pulled", "limited"],
        "{outcome:?}"
    );
    for round in &rounds[..5] {
        assert_eq!(round["cost"], 1, "a round was not paid for: {outcome:?}");
    }
    assert!(outcome.left_running().is_empty(), "{:?}", outcome.left_running());
    report
}

fn limited() -> Sandbox {
    Sandbox::start(&["--limit", "5"])
}

#[test]
fn nerdctl_pulls_five_times_and_meets_the_limit() {
    let Some(containerd) = Containerd::start() else { return };
    if tools::require("nerdctl").is_none() {
        return;
    }
    let report = assert_five_pulls_then_the_pull_limit(
        stress(&Home::new(), &limited(), "nerdctl", containerd.environment()),
        "nerdctl",
    );
    assert!(
        report["runtime_version"].as_str().is_some_and(|version| version.contains("1.7.6")),
        "{report}"
    );
    assert_eq!(containerd.images(), [""; 0]);
    assert_eq!(containerd.content(), [""; 0]);
}

#[test]
fn ctr_pulls_five_times_and_meets_the_limit() {
    let Some(containerd) = Containerd::start() else { return };
    assert_five_pulls_then_the_pull_limit(
        stress(&Home::new(), &limited(), "ctr", containerd.environment()),
        "ctr",
    );
    assert_eq!(containerd.images(), [""; 0]);
    assert_eq!(containerd.content(), [""; 0]);
}

#[test]
fn crictl_pulls_five_times_and_meets_the_limit() {
    let Some(containerd) = Containerd::start() else { return };
    if tools::require("crictl").is_none() {
        return;
    }
    assert_five_pulls_then_the_pull_limit(
        stress(&Home::new(), &limited(), "crictl", containerd.environment()),
        "crictl",
    );
    assert_eq!(containerd.images(), [""; 0]);
}

#[test]
fn docker_with_the_classic_store_pulls_five_times_and_no_round_is_free() {
    let Some(dockerd) = Dockerd::start() else { return };
    assert_five_pulls_then_the_pull_limit(
        stress(&Home::new(), &limited(), "docker", dockerd.environment()),
        "docker",
    );
    assert_eq!(dockerd.images(), [""; 0]);
}

#[test]
fn podman_pulls_five_times_and_its_round_six_is_short() {
    let home = Home::new();
    let Some(environment) = podman(&home) else { return };
    let report = assert_five_pulls_then_the_pull_limit(
        stress(&home, &limited(), "podman", environment.clone()),
        "podman",
    );
    let last = report["rounds"][5]["pull_ms"].as_u64().expect("a time");
    assert!(last < 15_000, "podman was let sleep on the 429 for {last} ms");
    let images = home
        .program("podman", ["images", "-a", "-q"])
        .envs(environment)
        .without("DOCKER_CONFIG")
        .run()
        .expect_code(0);
    assert_eq!(images.stdout, "");
}

#[test]
fn skopeo_pulls_five_times_and_meets_the_limit() {
    let home = Home::new();
    let Some(environment) = podman(&home) else { return };
    if tools::require("skopeo").is_none() {
        return;
    }
    assert_five_pulls_then_the_pull_limit(
        stress(&home, &limited(), "skopeo", environment),
        "skopeo",
    );
    assert_nothing_temporary(&home);
}

#[test]
fn crane_pulls_five_times_and_meets_the_limit() {
    if tools::require("crane").is_none() {
        return;
    }
    let home = Home::new();
    assert_five_pulls_then_the_pull_limit(stress(&home, &limited(), "crane", []), "crane");
    assert_nothing_temporary(&home);
}

#[test]
fn the_builtin_puller_pulls_five_times_and_meets_the_limit() {
    let home = Home::new();
    assert_five_pulls_then_the_pull_limit(stress(&home, &limited(), "builtin", []), "builtin");
    assert_nothing_temporary(&home);
}

// No virtual machine starts on a test machine: for lima, finch and colima a stand-in takes the words
// that theirs takes and hands them to the real nerdctl here. What it does not know, it refuses.

const LIMACTL: &str = r#"#!/bin/sh
# Stand-in for limactl: a running machine "default" whose inside is this machine.
case "$*" in
    "list --format json") echo '{"name":"default","status":"Running","arch":"x86_64"}' ;;
    "--tty=false shell --workdir / default nerdctl "*) shift 5; exec "$@" ;;
    *) echo "stand-in for limactl does not know: $*" >&2; exit 1 ;;
esac
"#;

const FINCH: &str = r#"#!/bin/sh
# Stand-in for finch: nerdctl's commands, with options only after them.
case "$1" in
    --version) echo "finch version v0.0.0-stand-in" ;;
    -*) echo "stand-in for finch does not know: $*" >&2; exit 1 ;;
    *) exec nerdctl "$@" ;;
esac
"#;

const COLIMA: &str = r#"#!/bin/sh
# Stand-in for colima: a running profile "default" with containerd, whose inside is this machine.
case "$*" in
    "list --json") echo '{"name":"default","status":"Running","arch":"x86_64","runtime":"containerd"}' ;;
    "nerdctl --profile default -- "*) shift 4; exec nerdctl "$@" ;;
    *) echo "stand-in for colima does not know: $*" >&2; exit 1 ;;
esac
"#;

fn through_a_stand_in(runtime: &str, program: &str, script: &str) {
    let Some(containerd) = Containerd::start() else { return };
    if tools::require("nerdctl").is_none() {
        return;
    }
    let home = Home::new();
    home.script(program, script);
    assert_five_pulls_then_the_pull_limit(
        stress(&home, &limited(), runtime, containerd.environment()),
        runtime,
    );
    assert_eq!(containerd.images(), [""; 0]);
    assert_eq!(containerd.content(), [""; 0]);
}

#[test]
fn lima_through_a_stand_in_for_limactl_pulls_five_times_and_meets_the_limit() {
    through_a_stand_in("lima", "limactl", LIMACTL);
}

#[test]
fn finch_through_a_stand_in_pulls_five_times_and_meets_the_limit() {
    through_a_stand_in("finch", "finch", FINCH);
}

#[test]
fn colima_through_a_stand_in_pulls_five_times_and_meets_the_limit() {
    through_a_stand_in("colima", "colima", COLIMA);
}

#[track_caller]
fn assert_nothing_temporary(home: &Home) {
    let left: Vec<_> = std::fs::read_dir(home.path().join("tmp"))
        .expect("the folder")
        .flatten()
        .map(|entry| entry.path())
        .collect();
    assert!(left.is_empty(), "{left:?}");
}
