//! `mirror verify` through Distribution as a pull-through cache of the sandbox: what it says is what the
//! sandbox's own log and count say.

use serde_json::{Value, json};

use crate::harness::real::{Distribution, Registry, distribution};
use crate::harness::{Home, Outcome, Sandbox, http};

fn cache(sandbox: &Sandbox) -> Option<Registry> {
    distribution(Distribution { cache_of: Some(sandbox.url()), ..Distribution::default() })
}

fn verify(sandbox: &Sandbox, through: &str, args: &[&str]) -> Outcome {
    let home = Home::new();
    let fixed = ["mirror", "verify", "-o", "json", "--through", through];
    let program = home.dhlimit(fixed.iter().chain(args)).envs(sandbox.as_docker_hub());
    let outcome = program.keep(home).run();
    if !outcome.stdout.is_empty() {
        crate::schemas::valid("mirror-verify", &outcome.json());
    }
    outcome
}

/// The GETs of manifests that the sandbox has answered, and the pulls that it has counted.
fn spent(sandbox: &Sandbox) -> (usize, u64) {
    let log = sandbox.log();
    let gets = log.iter().filter(|line| {
        line["method"] == "GET"
            && line["path"].as_str().is_some_and(|path| path.contains("/manifests/"))
    });
    let state = sandbox.state();
    let identities = state["identities"].as_array().cloned().unwrap_or_default();
    let used = identities.iter().filter_map(|identity| identity["used"].as_u64()).sum();
    (gets.count(), used)
}

fn image(outcome: &Outcome, at: usize) -> Value {
    outcome.json()["images"][at].clone()
}

#[test]
fn a_cache_costs_one_pull_cold_and_none_warm() {
    let sandbox = Sandbox::start(&["--limit", "20"]);
    let Some(cache) = cache(&sandbox) else { return };
    let first = verify(&sandbox, &cache.authority(), &["nginx:1.27"]).expect_code(0);
    let row = image(&first, 0);
    assert_eq!(row["mirror"], format!("{}/library/nginx:1.27", cache.authority()));
    assert_eq!((&row["verdict"], &row["same"]), (&json!("served"), &json!(true)), "{row:#}");
    assert_eq!((&row["cold_pulls"], &row["warm_pulls"]), (&json!(1), &json!(0)), "{row:#}");
    assert_eq!((&row["pulls_before"], &row["pulls_after"]), (&json!(0), &json!(1)), "{row:#}");
    let (gets, used) = spent(&sandbox);
    assert_eq!(used, 1, "by the sandbox's own count");
    let again = verify(&sandbox, &cache.authority(), &["nginx:1.27"]).expect_code(0);
    let row = image(&again, 0);
    assert_eq!((&row["cold_pulls"], &row["warm_pulls"]), (&json!(0), &json!(0)), "{row:#}");
    assert_eq!(row["pulls_before"], row["pulls_after"]);
    assert_eq!(spent(&sandbox), (gets, 1), "nothing more was asked for");
}

#[test]
fn every_platform_is_pulled_where_asked_for() {
    let sandbox = Sandbox::start(&[]);
    let Some(cache) = cache(&sandbox) else { return };
    let outcome =
        verify(&sandbox, &cache.authority(), &["redis:7", "--platform", "all"]).expect_code(0);
    let platforms = image(&outcome, 0)["platforms"].as_array().expect("platforms").len();
    assert!(platforms > 1, "{outcome:?}");
    let outcome = verify(&sandbox, &cache.authority(), &["redis:7", "--platform", "linux/s390x"]);
    let row = image(&outcome, 0);
    assert_eq!(row["verdict"], "failed", "{outcome:?}");
}

#[test]
fn a_mirror_that_only_passes_on_spends_each_time() {
    let sandbox = Sandbox::start(&[]);
    let outcome = verify(&sandbox, sandbox.authority(), &["nginx"]).expect_code(1);
    let row = image(&outcome, 0);
    assert_eq!(row["verdict"], "spends", "{row:#}");
    assert!(row["warm_pulls"].as_u64() > Some(0), "{row:#}");
    assert!(
        row["answered_by"].as_str().is_some_and(|by| by.contains("a proxy, not a cache")),
        "{row:#}"
    );
}

#[test]
fn manifest_unknown_at_zero_is_told_as_the_limit() {
    let sandbox = Sandbox::start(&["--limit", "3"]);
    let Some(cache) = cache(&sandbox) else { return };
    verify(&sandbox, &cache.authority(), &["nginx:held"]).expect_code(0);
    let zero = json!({"identity": "127.0.0.1", "remaining": 0});
    assert!(http::post(&format!("{}/_sandbox/set", sandbox.url()), &zero).status < 300);
    let outcome =
        verify(&sandbox, &cache.authority(), &["nginx:other", "nginx:held"]).expect_code(1);
    let (other, held) = (image(&outcome, 0), image(&outcome, 1));
    assert_eq!(other["verdict"], "failed", "{other:#}");
    let detail = other["detail"].as_str().expect("a sentence");
    assert!(
        detail.contains("404") && detail.contains("that is the limit, not a missing image"),
        "{detail}"
    );
    // What the cache holds it serves on.
    assert_eq!(
        (&held["verdict"], &held["exhausted"]),
        (&json!("served"), &json!(true)),
        "{held:#}"
    );
    // A tag that is really missing is no limit.
    let set = json!({"identity": "127.0.0.1", "remaining": 3});
    assert!(http::post(&format!("{}/_sandbox/set", sandbox.url()), &set).status < 300);
    let outcome = verify(&sandbox, &cache.authority(), &["nginx:missing-1"]).expect_code(3);
    assert!(!outcome.stdout.contains("that is the limit"), "{outcome:?}");
}

#[test]
fn another_image_under_the_name_is_seen() {
    let sandbox = Sandbox::start(&[]);
    let Some(registry) = distribution(Distribution::default()) else { return };
    if registry.fill(&sandbox.image("library/redis:7"), "library/nginx:1.27", None).is_none() {
        return;
    }
    let outcome = verify(&sandbox, &registry.authority(), &["nginx:1.27"]).expect_code(1);
    let row = image(&outcome, 0);
    assert_eq!((&row["verdict"], &row["same"]), (&json!("differs"), &json!(false)), "{row:#}");
}

#[test]
fn what_is_no_mirror_or_not_there_is_told() {
    let sandbox = Sandbox::start(&[]);
    for (through, code) in [("https://cache.example", 2), ("cache", 2), ("127.0.0.1:9", 3)] {
        let outcome = verify(&sandbox, through, &["nginx"]);
        assert_eq!(outcome.code, Some(code), "{outcome:?}");
    }
}
