//! One place for both: what `stress` reads and what its runtime pulls are counted at the same registry,
//! or nothing is pulled.

use serde_json::json;

use crate::harness::real::Containerd;
use crate::harness::{Home, Outcome, Sandbox, tools};

#[track_caller]
fn assert_refused(outcome: &Outcome, words: &[&str]) {
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""), "{outcome:?}");
    for word in words {
        assert!(outcome.stderr.contains(word), "no {word:?} in {outcome:?}");
    }
}

#[test]
fn a_hosts_folder_is_refused_by_what_reads_none() {
    let sandbox = Sandbox::start(&[]);
    for runtime in ["builtin", "docker", "podman", "crictl", "colima", "skopeo", "crane"] {
        for more in [&["--sandbox"][..], &[]] {
            let home = Home::new();
            let fixed = ["stress", "--runtime", runtime, "--count", "1", "--yes"];
            let stress = fixed.iter().chain(more);
            let outcome = home
                .dhlimit(stress.clone().chain(&["--hosts-dir", "/tmp"]))
                .envs(sandbox.as_docker_hub())
                .run();
            assert_refused(&outcome, &["--hosts-dir", runtime]);
            let outcome = home.dhlimit(stress).env("DHLIMIT_HOSTS_DIR", "/tmp").run();
            assert_refused(&outcome, &["DHLIMIT_HOSTS_DIR", runtime]);
        }
    }
    assert!(sandbox.log().is_empty());
}

#[test]
fn no_hosts_folder_leads_to_a_private_sandbox() {
    for runtime in ["nerdctl", "ctr", "lima", "finch"] {
        let outcome = Home::new()
            .dhlimit(["stress", "--sandbox", "--runtime", runtime, "--hosts-dir", "/tmp", "--yes"])
            .run();
        assert_refused(&outcome, &["--hosts-dir", "private sandbox"]);
    }
}

#[test]
fn a_hosts_folder_must_lead_to_where_the_limit_is_read() {
    let Some(containerd) = Containerd::start() else { return };
    let sandbox = Sandbox::start(&["--limit", "9"]);
    let home = Home::new();
    let folder = home.path().join("hosts");
    let stress = |runtime: &str| {
        let program = home.dhlimit([
            "stress",
            "nginx",
            "--runtime",
            runtime,
            "--count",
            "2",
            "--yes",
            "-o",
            "json",
            "--hosts-dir",
        ]);
        program.arg(&folder).envs(sandbox.as_docker_hub()).envs(containerd.environment()).run()
    };
    for text in ["", "server = 'https://registry-1.docker.io'\n[host.'http://127.0.0.1:1']\n"] {
        home.write("hosts/docker.io/hosts.toml", text);
        assert_refused(&stress("ctr"), &["hosts.toml", sandbox.authority()]);
    }
    assert!(sandbox.log().is_empty());
    let url = sandbox.url();
    home.write(
        "hosts/docker.io/hosts.toml",
        &format!("server = '{url}'\n[host.'{url}']\ncapabilities = ['pull', 'resolve']\n"),
    );
    for (runtime, left) in [("ctr", 7), ("nerdctl", 5)] {
        if tools::require(runtime).is_some() {
            let outcome = stress(runtime).expect_code(0);
            assert_eq!(outcome.json()["image"], "docker.io/library/nginx:latest");
            assert_eq!(sandbox.state()["identities"][0]["remaining"], json!(left), "{outcome:?}");
        }
    }
}

#[test]
fn docker_io_under_a_path_is_no_address_to_pull_from() {
    let outcome = Home::new()
        .dhlimit([
            "stress",
            "--runtime",
            "crane",
            "--registry-url",
            "http://127.0.0.1:9/hub",
            "--yes",
        ])
        .run();
    assert_refused(&outcome, &["crane", "path"]);
}

#[test]
fn an_image_that_is_not_there_is_refused_before_the_first_pull() {
    let sandbox = Sandbox::start(&[]);
    for runtime in ["builtin", "skopeo", "crane"] {
        if runtime != "builtin" && tools::require(runtime).is_none() {
            continue;
        }
        for image in ["nginx:missing", "missing/app"] {
            let outcome = Home::new()
                .dhlimit(["stress", image, "-r", runtime, "-o", "json"])
                .envs(sandbox.as_docker_hub())
                .run();
            assert_eq!(
                (outcome.code, outcome.stdout.as_str()),
                (Some(4), ""),
                "{runtime} {image}: {outcome:?}"
            );
        }
    }
    assert!(sandbox.log().iter().all(|line| line["counted"] == false), "{:?}", sandbox.log());
}

#[test]
fn a_floor_holds_however_many_pull_at_once_and_whatever_a_pull_costs() {
    for (floor, left) in [("50", 50), ("51", 52), ("97", 98)] {
        let sandbox = Sandbox::start(&["--count", "get", "--limit", "100"]);
        let stress = ["stress", "-q", "--parallel", "16", "--floor", floor, "-o", "json"];
        let outcome =
            Home::new().dhlimit(stress).envs(sandbox.as_docker_hub()).run().expect_code(0);
        let report = outcome.json();
        assert_eq!(
            (&report["stopped_by"], &report["cost_per_pull"]),
            (&json!("floor"), &json!(2)),
            "{outcome:?}"
        );
        assert_eq!(sandbox.state()["identities"][0]["remaining"], json!(left), "{outcome:?}");
    }
}

#[test]
fn nothing_is_said_to_be_removed_that_was_never_pulled() {
    let sandbox = Sandbox::start(&[]);
    let script = |then: &str| {
        format!(
            "#!/bin/sh\n[ \"$1\" = version ] && echo 0.21.9 && exit\n{then}\necho boom >&2\nexit 1\n"
        )
    };
    for (then, wanted) in [
        ("", "nothing left behind"),
        (
            "for file in \"$@\"; do :; done; : > \"$file\"",
            "no pull was completed; the partial image",
        ),
    ] {
        let home = Home::new();
        home.script("crane", &script(then));
        let outcome = home
            .dhlimit(["stress", "--runtime", "crane", "-o", "json"])
            .envs(sandbox.as_docker_hub())
            .run()
            .expect_code(6);
        let report = outcome.json();
        let cleanup = report["cleanup"].as_str().unwrap();
        assert_eq!(
            (&report["pulls"], cleanup.starts_with(wanted)),
            (&json!(0), true),
            "{outcome:?}"
        );
    }
}
