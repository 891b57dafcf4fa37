//! `mirror copy` by real tools from the sandbox into real registries: what it costs, how it waits, what it
//! survives.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};

use super::aws::Aws;
use crate::harness::program::Program;
use crate::harness::real::{Containerd, Distribution, Dockerd, Registry, distribution, podman};
use crate::harness::secrets::{Secret, assert_absent};
use crate::harness::{Home, Outcome, Sandbox, http, tools};

const SECRET: Secret = Secret { user: "AWS", password: "s3cret-of-the-registry" };

fn registry() -> Option<Registry> {
    distribution(Distribution::default())
}

fn copy(home: &Home, sandbox: &Sandbox, args: &[&str]) -> Program {
    let fixed = ["mirror", "copy", "-q", "-o", "json"];
    home.dhlimit(fixed.iter().chain(args))
        .envs(sandbox.as_docker_hub())
        .limit(Duration::from_secs(120))
}

/// Outcome and pulls of each image.
fn rows(outcome: &Outcome) -> Vec<(String, u64)> {
    let report = outcome.json();
    crate::schemas::valid("mirror-copy", &report);
    let row =
        |row: &Value| (row["outcome"].as_str().unwrap().to_owned(), row["pulls"].as_u64().unwrap());
    report["images"].as_array().expect("images").iter().map(row).collect()
}

fn digest(url: &str) -> Option<String> {
    let accept = (
        "accept",
        "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json",
    );
    let answer = http::request("HEAD", url, &[accept], "").ok()?;
    answer.header("docker-content-digest").map(str::to_owned)
}

#[test]
fn crane_and_skopeo_copy_every_platform_and_a_second_run_pulls_nothing() {
    for tool in ["crane", "skopeo"] {
        let (Some(_), Some(registry)) = (tools::require(tool), registry()) else { continue };
        let sandbox = Sandbox::start(&["--limit", "50"]);
        let home = Home::new();
        podman(&home);
        let to = format!("{}/team", registry.authority());
        let args = ["nginx:1.27", "bitnami/redis:7", to.as_str(), "--tool", tool];
        let first = copy(&home, &sandbox, &args).run().expect_code(0);
        let report = first.json();
        assert!(
            rows(&first).iter().all(|(outcome, pulls)| outcome == "copied" && *pulls > 0),
            "{first:?}"
        );
        for image in report["images"].as_array().expect("images") {
            assert_eq!(image["digest"], image["digest_destination"], "{image:#}");
            assert!(
                image["platforms"].as_array().is_some_and(|platforms| platforms.len() > 1),
                "{image:#}"
            );
        }
        let url = format!("http://{}/v2/team/library/nginx/manifests/1.27", registry.authority());
        assert_eq!(digest(&url).as_deref(), report["images"][0]["digest"].as_str());
        let before = sandbox.state();
        let second = copy(&home, &sandbox, &args).run().expect_code(0);
        assert_eq!(rows(&second), [("present".to_owned(), 0), ("present".to_owned(), 0)]);
        let spent = |state: &Value| {
            let identity = &state["identities"][0];
            (identity["used"].clone(), identity["requests"]["get"].clone())
        };
        assert_eq!(spent(&sandbox.state()), spent(&before), "{tool}: not a pull");
    }
}

#[test]
fn tools_with_a_store_say_what_they_leave_behind_and_leave_nothing_here() {
    let sandbox = Sandbox::start(&["--limit", "50"]);
    let Some(registry) = registry() else { return };
    let to = |tool: &str| format!("{}/{tool}", registry.authority());
    let check = |tool: &str, outcome: &Outcome, lost: bool| {
        let report = outcome.json();
        let image = &report["images"][0];
        assert_eq!(
            (outcome.code, &image["outcome"]),
            (Some(0), &json!("copied")),
            "{tool}: {outcome:?}"
        );
        let said = image["note"].as_str().is_some_and(|note| note.contains("copies one platform"));
        assert_eq!(said, lost, "{tool}: {image:#}");
        assert_eq!(image["digest"] != image["digest_destination"], lost, "{image:#}");
    };
    let home = Home::new();
    let state = home.path().join("state").display().to_string() + "/copies";
    if let Some(variables) = podman(&home) {
        let args = ["nginx:1.27", &to("podman"), "--tool", "podman", "--state", &state];
        let outcome = copy(&home, &sandbox, &args).envs(variables.clone()).run();
        check("podman", &outcome, true);
        // The other digest is known from the state: no pull.
        let again = copy(&home, &sandbox, &args).envs(variables.clone()).run();
        assert_eq!(rows(&again), [("present".to_owned(), 0)]);
        let left = home.program("podman", ["images", "-q"]).envs(variables).run();
        assert_eq!(left.stdout, "", "{left:?}");
    }
    if let Some(dockerd) = Dockerd::start() {
        let args = ["nginx:1.27", &to("docker"), "--tool", "docker"];
        let outcome = copy(&home, &sandbox, &args).envs(dockerd.environment()).run();
        check("docker", &outcome, true);
        assert_eq!(dockerd.images(), [""; 0]);
    }
    if let (Some(_), Some(containerd)) = (tools::require("nerdctl"), Containerd::start()) {
        let args = ["nginx:1.27", &to("nerdctl"), "--tool", "nerdctl"];
        let outcome = copy(&home, &sandbox, &args).envs(containerd.environment()).run();
        check("nerdctl", &outcome, false);
        assert_eq!(containerd.images(), [""; 0]);
    }
}

#[test]
fn the_floor_is_kept_and_the_run_waits_for_the_count() {
    let (Some(_), Some(registry)) = (tools::require("crane"), registry()) else { return };
    let sandbox = Sandbox::start(&["--limit", "9", "--window", "6s"]);
    let home = Home::new();
    let list: String = (0..6).map(|n| format!("team/app:{n}\n")).collect();
    let list = home.write("images", &format!("# images\n{list}"));
    let fixed = ["--from", list.to_str().expect("a path"), "--floor", "4", "--tool", "crane"];
    let to = registry.authority();
    let started = Instant::now();
    let mut running = home
        .dhlimit(["mirror", "copy", "-o", "json", &to].iter().chain(&fixed))
        .envs(sandbox.as_docker_hub())
        .start();
    let mut least = u64::MAX;
    while !running.has_ended() {
        let state = sandbox.state();
        for identity in state["identities"].as_array().into_iter().flatten() {
            least = least.min(identity["remaining"].as_u64().unwrap_or(u64::MAX));
        }
        std::thread::sleep(Duration::from_millis(30));
    }
    let outcome = running.outcome().expect_code(0);
    assert!(rows(&outcome).iter().all(|(outcome, _)| outcome == "copied"), "{outcome:?}");
    assert!(
        started.elapsed() > Duration::from_secs(4) && outcome.stderr.contains("waiting: "),
        "{outcome:?}"
    );
    assert!(least >= 4, "{least} were left at some time");
    let never = copy(&home, &sandbox, &["nginx:x", &to, "--floor", "9"]).run().expect_code(2);
    assert!(never.stdout.contains("the limit is 9"), "{never:?}");
}

#[test]
fn one_failure_does_not_end_the_run() {
    let (Some(_), Some(registry)) = (tools::require("crane"), registry()) else { return };
    let sandbox = Sandbox::start(&[]);
    let home = Home::new();
    let to = registry.authority();
    let args = ["nginx:missing", "nginx:1.27", to.as_str(), "--tool", "crane"];
    let outcome = copy(&home, &sandbox, &args).run().expect_code(4);
    let outcomes: Vec<String> = rows(&outcome).into_iter().map(|(outcome, _)| outcome).collect();
    assert_eq!(outcomes, ["failed", "copied"], "{outcome:?}");
    for (args, code) in [
        (&["nginx", "team"][..], 2),
        (&["nginx"], 2),
        (&["nginx", "redis", "r.example/web:1"], 2),
        (&["--from", "/nonexistent", "r.example"], 2),
    ] {
        copy(&home, &sandbox, args).run().expect_code(code);
    }
    let outcome = copy(&home, &sandbox, &["nginx", "r.example"]).env("PATH", "/nonexistent").run();
    assert_eq!(outcome.code, Some(6), "{outcome:?}");
}

#[test]
fn whoever_has_most_left_pays() {
    let (Some(_), Some(registry)) = (tools::require("crane"), registry()) else { return };
    let sandbox = Sandbox::start(&["--limit", "4", "--account", "ann:token-of-ann:40"]);
    let home = Home::new();
    home.docker_config(
        &json!({"auths": {"https://index.docker.io/v1/": {"auth": "YW5uOnRva2VuLW9mLWFubg=="}}}),
    );
    let to = registry.authority();
    let args = ["a/a:1", "b/b:1", to.as_str(), "--tool", "crane", "--all-identities"];
    copy(&home, &sandbox, &args).run().expect_code(0);
    let state = sandbox.state();
    let used = |name: &str| {
        let identities = state["identities"].as_array().expect("identities");
        identities
            .iter()
            .find(|row| row.to_string().contains(name))
            .and_then(|row| row["used"].as_u64())
    };
    assert!(used("ann") > Some(0), "{state:#}");
    assert!(used("127.0.0.1").unwrap_or(0) == 0, "{state:#}");
}

#[test]
fn ecrs_password_comes_from_aws_and_is_in_no_argument() {
    let login = Some((SECRET.user, SECRET.password));
    let private = distribution(Distribution { htpasswd: login, ..Distribution::default() });
    let (Some(aws), Some(registry), Some(_)) =
        (Aws::start_with(SECRET.password), private, tools::require("crane"))
    else {
        return;
    };
    let sandbox = Sandbox::start(&[]);
    let home = Home::new();
    let to = registry.authority();
    for tool in ["crane", "skopeo"] {
        podman(&home);
        let image = format!("nginx:{tool}");
        let args = [image.as_str(), to.as_str(), "--tool", tool, "--ecr-login", "eu-central-1"];
        let outcome = aws.given(copy(&home, &sandbox, &args)).run().expect_code(0);
        assert_eq!(rows(&outcome)[0].0, "copied", "{outcome:?}");
        assert_absent(&[SECRET], &outcome.everything());
    }
    assert!(aws.operations(0).contains(&"GetAuthorizationToken".to_owned()));
    let outcome = copy(&home, &sandbox, &["nginx:none", to.as_str(), "--tool", "crane"]).run();
    assert_eq!(outcome.code, Some(4), "without the login: {outcome:?}");
    assert_eq!(
        std::fs::read_dir(home.path().join("tmp")).expect("tmp").count(),
        0,
        "no login is left"
    );
}

#[test]
fn killed_at_any_moment_it_goes_on_and_nothing_is_half_there() {
    let (Some(_), Some(registry)) = (tools::require("crane"), registry()) else { return };
    let sandbox = Sandbox::start(&["--limit", "1000"]);
    let home = Home::new();
    let images: Vec<String> = (0..8).map(|n| format!("team/app:{n}")).collect();
    let state = home.path().join("state/copies").display().to_string();
    let to = registry.authority();
    let mut args: Vec<&str> = images.iter().map(String::as_str).collect();
    args.extend([to.as_str(), "--tool", "crane", "--state", state.as_str()]);
    let kills =
        std::env::var("DHLIMIT_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(50_u64);
    for round in 0..kills {
        let running = copy(&home, &sandbox, &args).start();
        std::thread::sleep(Duration::from_millis(40 + (round * 137) % 700));
        running.signal(Signal::KILL);
        let outcome = running.outcome();
        outcome.end_left_running();
        // Each state that is there is whole.
        if let Ok(text) = std::fs::read_to_string(&state) {
            let file: Value =
                serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
            assert_eq!(file["schema"], "dhlimit/mirror-copy-state/1");
        }
        // A tag that is there is whole: its index and every manifest of it.
        for image in &images {
            let (name, tag) = image.split_once(':').expect("a tag");
            let url = format!("http://{to}/v2/{name}/manifests/");
            if digest(&format!("{url}{tag}")).is_some() {
                let index = http::request(
                    "GET",
                    &format!("{url}{tag}"),
                    &[("accept", "application/vnd.oci.image.index.v1+json")],
                    "",
                );
                for entry in
                    index.expect("an index").json()["manifests"].as_array().into_iter().flatten()
                {
                    let digest_url =
                        format!("{url}{}", entry["digest"].as_str().expect("a digest"));
                    assert!(digest(&digest_url).is_some(), "{image} is half there");
                }
            }
        }
    }
    let outcome = copy(&home, &sandbox, &args).run().expect_code(0);
    assert!(
        rows(&outcome).iter().all(|(outcome, _)| outcome == "copied" || outcome == "present"),
        "{outcome:?}"
    );
    let before = sandbox.log().len();
    let outcome = copy(&home, &sandbox, &args).run().expect_code(0);
    assert!(rows(&outcome).iter().all(|row| *row == ("present".to_owned(), 0)), "{outcome:?}");
    let pulled = sandbox.log().iter().skip(before).any(|line| {
        line["method"] == "GET"
            && line["path"].as_str().is_some_and(|path| path.contains("/manifests/"))
    });
    assert!(!pulled, "nothing is pulled that is there");
}
