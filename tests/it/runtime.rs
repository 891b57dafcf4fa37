//! The runtime drivers on the real programs: each pulls from a sandbox in this process to its 429,
//! leaves nothing, keeps what is not its own, and is ended in time. lima, finch and colima are
//! pass-throughs here, named so, that run the real nerdctl or docker.

use std::time::{Duration, Instant};

use dhlimit::context::Environment;
use dhlimit::image::Reference;
use dhlimit::runtime::{self, Outcome, Pull, Removal, Runtime, Setup};
use dhlimit::sandbox::{Profile, Running as Sandbox, Settings, start};
use tokio_util::sync::CancellationToken;

use crate::harness::{self, Home, tools};

/// How long one pull may take in these tests, unless they are about that.
const LIMIT: Duration = Duration::from_secs(60);

/// A sandbox in this process that allows so many pulls, each request taking so long.
pub(crate) async fn sandbox(pulls: u32, latency: Duration) -> Sandbox {
    let settings = Settings { limit: Some(pulls), latency, ..Settings::of(Profile::Of2026) };
    start(settings, "127.0.0.1:0".parse().expect("an address")).await.expect("a sandbox")
}

/// An image of a sandbox.
pub(crate) fn image(sandbox: &Sandbox, name: &str) -> Reference {
    format!("{}/{name}", sandbox.address()).parse().expect("a reference")
}

/// The pulls that this machine has left there.
pub(crate) fn remaining(sandbox: &Sandbox) -> Option<u32> {
    sandbox.snapshot().identities.iter().find(|identity| identity.kind == "address")?.remaining
}

/// A home for the tools, and what they are run with.
pub(crate) struct Place {
    pub(crate) home: Home,
    pub(crate) setup: Setup,
    /// A program that has ended: whatever carries its mark was started by a driver since.
    mark: harness::Outcome,
}

impl Place {
    /// A home with these further variables.
    pub(crate) fn new(
        home: Home,
        variables: impl IntoIterator<Item = (&'static str, std::ffi::OsString)>,
    ) -> Self {
        let mark = home.program("env", [""; 0]).envs(variables).run().expect_code(0);
        let environment: Environment =
            mark.stdout.lines().filter_map(|line| line.split_once('=')).collect();
        Self { home, setup: Setup { environment, ..Setup::default() }, mark }
    }

    /// Fails the test where a driver has left a process behind.
    #[track_caller]
    pub(crate) fn is_quiet(&self) {
        let left = harness::wait_for(Duration::from_secs(3), || {
            self.mark.left_running().is_empty().then_some(())
        });
        assert!(left.is_some(), "left running: {:?}", self.mark.left_running());
    }

    /// Opens a driver.
    pub(crate) async fn open(&self, name: &str) -> Box<dyn Runtime> {
        let driver = runtime::by_name(name).unwrap_or_else(|| panic!("no driver {name}"));
        driver.open(&self.setup).await.unwrap_or_else(|error| panic!("{name}: {error}"))
    }
}

/// A pull that nobody interrupts.
pub(crate) async fn pull(runtime: &dyn Runtime, reference: &Reference) -> Pull {
    runtime.pull(reference, LIMIT, &CancellationToken::new()).await
}

/// Pulls and removes until the sandbox answers 429: that no round is free, that the round after the
/// last fails in time, and that nothing is left.
async fn to_the_429(runtime: &dyn Runtime, place: &Place) {
    let name = runtime.name();
    let sandbox = sandbox(5, Duration::ZERO).await;
    let image = image(&sandbox, "library/nginx:1.27");
    assert_eq!(runtime.present(&image, None).await.expect("a look"), []);
    for round in 1..=5_u32 {
        let pulled = pull(runtime, &image).await;
        assert_eq!(pulled.outcome, Outcome::Pulled, "{name}, round {round}");
        assert!(runtime.holds(&image).await.expect("a look"), "{name}, round {round}");
        assert_eq!(
            runtime.remove(&image).await.expect("a removal"),
            Removal::Removed,
            "{name}, round {round}"
        );
        assert_eq!(
            remaining(&sandbox),
            Some(5 - round),
            "{name}, round {round} was free or cost too much"
        );
        tokio::time::sleep(runtime.pause_after_remove()).await;
    }
    let last = pull(runtime, &image).await;
    assert!(last.elapsed < Duration::from_secs(15), "{name} took {:?}", last.elapsed);
    match &last.outcome {
        Outcome::Failed { exit: Some(exit), text } => {
            assert_eq!(*exit, if name == "podman" { 125 } else { 1 }, "{text}");
            assert!(
                text.contains("429") || text.to_lowercase().contains("toomanyrequests"),
                "{name}: {text}"
            );
        }
        Outcome::Waiting { text } => {
            assert!(["podman", "skopeo"].contains(&name), "{name} does not sleep on a 429: {text}");
            assert!(
                text.contains("Too many requests to ") && text.contains("/manifests/"),
                "{text}"
            );
            assert!(!text.contains("level=debug msg=\"GET"), "debug lines are left in {text}");
        }
        other => panic!("{name}: {other:?}"),
    }
    // skopeo makes its folder before it asks.
    let expected = if name == "skopeo" { Removal::Removed } else { Removal::Absent };
    assert_eq!(runtime.clear(&image, &last.outcome).await.expect("a removal"), expected, "{name}");
    assert!(!runtime.holds(&image).await.expect("a look"));
    assert_eq!(runtime.present(&image, None).await.expect("a look"), []);
    place.is_quiet();
}

/// A tag that is not there: the tool's own failure, at once.
async fn a_missing_tag(runtime: &dyn Runtime, place: &Place) {
    let sandbox = sandbox(5, Duration::ZERO).await;
    let pulled = pull(runtime, &image(&sandbox, "library/nginx:missing-here")).await;
    let Outcome::Failed { exit: Some(exit), text } = &pulled.outcome else {
        panic!("{}: {pulled:?}", runtime.name())
    };
    assert!(
        [1, 2, 125].contains(exit) && !text.contains("oo many requests"),
        "{}: {exit} {text}",
        runtime.name()
    );
    let words = ["not found", "unknown", "not exist", "NotFound"];
    assert!(
        words.iter().any(|word| text.to_lowercase().contains(&word.to_lowercase())),
        "{}: {text}",
        runtime.name()
    );
    place.is_quiet();
}

/// An image by digest: pulled, known again under its digest, removed.
async fn by_digest(runtime: &dyn Runtime, place: &Place) {
    let name = runtime.name();
    let sandbox = sandbox(5, Duration::ZERO).await;
    let tagged = image(&sandbox, "library/nginx:1.27");
    let answer = digest_at(&sandbox).await;
    let both: Reference = format!("{tagged}@{answer}").parse().expect("a reference");
    assert_eq!(pull(runtime, &both).await.outcome, Outcome::Pulled, "{name}");
    if !["skopeo", "crane"].contains(&name) {
        let by_name = runtime.present(&both, None).await.expect("a look");
        assert!(!by_name.is_empty(), "{name} does not see {both}");
        let by_digest = runtime.present(&tagged, Some(&answer)).await.expect("a look");
        assert!(!by_digest.is_empty(), "{name} does not see that {tagged} is held by its digest");
    }
    assert_eq!(runtime.remove(&both).await.expect("a removal"), Removal::Removed, "{name}");
    assert_eq!(runtime.present(&tagged, Some(&answer)).await.expect("a look"), [], "{name}");
    tokio::time::sleep(runtime.pause_after_remove()).await;
    place.is_quiet();
}

/// The digest that a sandbox names for `library/nginx:1.27`.
pub(crate) async fn digest_at(sandbox: &Sandbox) -> String {
    let url = format!("{}/v2/library/nginx/manifests/1.27", sandbox.url());
    tokio::task::spawn_blocking(move || digest_of(&url)).await.expect("an answer")
}

fn digest_of(url: &str) -> String {
    let realm = url.split_once("/v2/").map_or("", |(host, _)| host);
    let token = harness::http::get(&format!(
        "{realm}/token?service=registry.docker.io&scope=repository:library/nginx:pull"
    ));
    let token = format!("Bearer {}", token.json()["token"].as_str().expect("a token"));
    let headers = [
        ("authorization", token.as_str()),
        (
            "accept",
            "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json",
        ),
    ];
    let head = harness::http::request("HEAD", url, &headers, "").expect("an answer");
    head.header("docker-content-digest").expect("a digest").to_owned()
}

/// Pulls that are cut short, by the limit and by shutdown, at several moments: no child, no image.
async fn cut_short(runtime: &dyn Runtime, place: &Place) {
    let name = runtime.name();
    let sandbox = sandbox(100, Duration::from_millis(600)).await;
    let image = image(&sandbox, "library/nginx:1.27");
    for (moment, by_limit) in [(1, false), (300, false), (1400, true), (1900, false)] {
        let moment = Duration::from_millis(moment);
        let shutdown = CancellationToken::new();
        let (limit, ask) = if by_limit { (moment, LIMIT) } else { (LIMIT, moment) };
        let started = Instant::now();
        let asking = tokio::spawn({
            let shutdown = shutdown.clone();
            async move {
                tokio::time::sleep(ask).await;
                shutdown.cancel();
            }
        });
        let pulled = runtime.pull(&image, limit, &shutdown).await;
        asking.abort();
        match &pulled.outcome {
            Outcome::Interrupted => assert!(!by_limit, "{name} at {moment:?}"),
            Outcome::TimedOut { .. } => assert!(by_limit, "{name} at {moment:?}"),
            // It was quicker, or was over within its patience.
            Outcome::Pulled => assert!(
                pulled.elapsed < moment + Duration::from_secs(2),
                "{name} at {moment:?}: {:?}",
                pulled.elapsed
            ),
            other => panic!("{name} at {moment:?}: {other:?}"),
        }
        // Two seconds of patience with containerd's clients, then SIGTERM.
        assert!(
            started.elapsed() < moment + Duration::from_secs(4),
            "{name} took {:?} to leave at {moment:?}",
            started.elapsed()
        );
        place.is_quiet();
        runtime.clear(&image, &pulled.outcome).await.expect("a removal");
        assert!(!runtime.holds(&image).await.expect("a look"), "{name} at {moment:?}");
    }
    place.is_quiet();
}

async fn all(runtime: &dyn Runtime, place: &Place) {
    assert!(
        runtime.version().starts_with(|first: char| first.is_ascii_alphanumeric()),
        "{}",
        runtime.version()
    );
    a_missing_tag(runtime, place).await;
    by_digest(runtime, place).await;
    to_the_429(runtime, place).await;
    cut_short(runtime, place).await;
}

mod containerd;
mod copies;
mod engines;
mod fronts;
mod missing;
mod stall;
