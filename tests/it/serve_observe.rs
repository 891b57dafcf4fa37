//! `serve --observe`: what real runtimes pull is counted once, and what they are refused.

use std::ffi::OsString;
use std::time::Duration;

use rustix::process::Signal;

use crate::harness::real::{Containerd, Dockerd};
use crate::harness::{Home, Running, Sandbox, http, tools};

/// How long something may take to happen.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server that observes, and its URL.
fn observing(
    home: &Home,
    sandbox: &Sandbox,
    environment: impl IntoIterator<Item = (&'static str, OsString)>,
) -> (Running, String) {
    let args = ["serve", "nginx", "--observe", "--interval", "1s", "--listen", "127.0.0.1:0"];
    let mut running = home
        .dhlimit(args)
        .envs(sandbox.as_docker_hub())
        .envs(environment)
        .limit(Duration::from_secs(90))
        .start();
    let url = running.wait_until(PATIENCE, |one| one.stdout().lines().next().map(str::to_owned));
    (running, url)
}

/// The lines of a metric once it has what is wanted.
fn lines(running: &mut Running, url: &str, metric: &str, wanted: &str) -> Vec<String> {
    running.wait_until(PATIENCE, |_| {
        let metrics = http::get(&format!("{url}metrics")).body;
        let lines: Vec<String> =
            metrics.lines().filter(|line| line.starts_with(metric)).map(str::to_owned).collect();
        lines.iter().any(|line| line.contains(wanted)).then_some(lines)
    })
}

#[test]
fn a_pull_of_containerd_counts_once_and_a_look_at_what_is_there_does_not() {
    if tools::require("ctr").is_none() {
        return;
    }
    let Some(containerd) = Containerd::start() else { return };
    let (home, sandbox) = (Home::new(), Sandbox::start(&[]));
    let (mut running, url) = observing(&home, &sandbox, containerd.environment());
    lines(&mut running, &url, "dhlimit_observer_up", "source=\"containerd\"} 1");
    // The listener has begun a moment after its program.
    std::thread::sleep(Duration::from_secs(1));
    let image = |name: &str| format!("{}/library/{name}:1", sandbox.authority());
    for name in ["nginx", "nginx", "redis"] {
        let image = image(name);
        let pulled = containerd.ctr(["images", "pull", "--plain-http", &image]);
        assert_eq!(pulled.code, Some(0), "{pulled:?}");
    }
    let found = lines(&mut running, &url, "dhlimit_observed_pulls_total{", "redis");
    assert_eq!(found.len(), 2, "{found:?}");
    for line in &found {
        assert!(
            line.contains("runtime=\"containerd\"")
                && line.contains("certain=\"true\"")
                && line.ends_with(" 1"),
            "{line}"
        );
    }
    if let Some(promtool) = tools::require("promtool") {
        let metrics = http::get(&format!("{url}metrics")).body;
        let verdict = home.program(&promtool, ["check", "metrics"]).stdin(metrics.clone()).run();
        assert_eq!((verdict.code, verdict.everything().trim()), (Some(0), ""), "{metrics}");
    }
    // Somebody else pulls on the same count.
    sandbox.set(&serde_json::json!({ "identity": "127.0.0.1", "remaining": 90 }));
    let page = running.wait_until(PATIENCE, |_| {
        let page = http::get(&url).body;
        page.contains("at least 10 in that time").then_some(page)
    });
    assert!(page.contains("Pulled on this machine") && page.contains(&image("redis")), "{page}");
    assert!(page.contains("told of 2 of these pulls; 8 (80 %) are unexplained"), "{page}");
    // Nobody listens any more when the server has gone.
    running.signal(Signal::TERM);
    running.outcome().expect_code(130);
}

#[test]
fn a_pull_of_docker_may_have_been_free() {
    if tools::require("docker").is_none() {
        return;
    }
    let Some(docker) = Dockerd::start() else { return };
    let (home, sandbox) = (Home::new(), Sandbox::start(&[]));
    let (mut running, url) = observing(&home, &sandbox, docker.environment());
    lines(&mut running, &url, "dhlimit_observer_up", "source=\"docker\"} 1");
    std::thread::sleep(Duration::from_secs(1));
    let image = format!("{}/library/nginx:1", sandbox.authority());
    for _ in 0..2 {
        let pulled = docker.docker(["pull", &image]);
        assert_eq!(pulled.code, Some(0), "{pulled:?}");
    }
    let found = lines(&mut running, &url, "dhlimit_observed_pulls_total{", "} 2");
    assert!(found[0].contains("runtime=\"docker\"") && found[0].contains("certain=\"false\""));
    running.signal(Signal::TERM);
    running.outcome().expect_code(130);
}

/// A journal that tells of a refusal, as journalctl prints it, and ends; it is listened to again.
#[test]
fn a_refusal_in_the_journal_counts_once_and_a_source_that_ends_is_listened_to_again() {
    let (home, sandbox) = (Home::new(), Sandbox::start(&[]));
    let script = "#!/bin/sh\n[ \"$1\" = --follow ] || exit 9\n\
echo 'level=info msg=\"PullImage \\\"docker.io/library/mongo:7\\\"\"'\n\
echo 'level=error msg=\"PullImage \\\"docker.io/library/mongo:7\\\" failed\" error=\"toomanyrequests: You have reached your pull rate limit.\"'\n\
echo 'Not continuing with pull after error: toomanyrequests: You have reached your pull rate limit.'\n";
    home.script("journalctl", script);
    let (mut running, url) = observing(&home, &sandbox, []);
    let found = lines(&mut running, &url, "dhlimit_observed_refusals_total{", "} 1");
    assert!(found[0].contains("class=\"pull_limit\""), "{found:?}");
    lines(&mut running, &url, "dhlimit_observed_refusals_total{", "} 2");
    running.signal(Signal::TERM);
    running.outcome().expect_code(130);
}
