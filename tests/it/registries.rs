//! Registries that others wrote, asked by dhlimit: Distribution with a Basic challenge, Distribution as
//! a pull-through cache in front of the sandbox, and crane's.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::harness::real::{Distribution, Registry, crane_registry, distribution};
use crate::harness::secrets::{Secret, assert_absent};
use crate::harness::{Home, Sandbox, tools};

const ANN: Secret = Secret { user: "ann", password: "s3cret/of+ann" };
const IMAGE: &str = "library/nginx:latest";

/// Distribution that asks for ann's password and holds the image; and the sandbox it came from.
fn behind_a_password() -> Option<(Registry, Sandbox)> {
    let registry =
        distribution(Distribution { htpasswd: Some((ANN.user, ANN.password)), cache_of: None })?;
    let sandbox = Sandbox::start(&[]);
    registry.fill(&sandbox.image(IMAGE), IMAGE, Some((ANN.user, ANN.password)))?;
    Some((registry, sandbox))
}

fn logged_in(registry: &Registry, password: &str) -> Home {
    let home = Home::new();
    let auth = BASE64_STANDARD.encode(format!("{}:{password}", ANN.user));
    home.docker_config(&json!({ "auths": { registry.authority(): { "auth": auth } } }));
    home
}

fn readings(report: &Value) -> &[Value] {
    report["readings"].as_array().expect("readings")
}

#[test]
fn a_basic_challenge_is_answered_with_the_login_found_for_that_registry() {
    let Some((registry, _sandbox)) = behind_a_password() else { return };
    let home = logged_in(&registry, ANN.password);
    let image = format!("{}/{IMAGE}", registry.authority());
    let outcome = home.dhlimit(["check", &image, "--user", ANN.user, "-o", "json", "-vvv"]).run();
    assert_absent(&[ANN], &outcome.everything());
    let outcome = outcome.expect_code(0);
    let report = outcome.json();
    let reading = &readings(&report)[0];
    assert_eq!(
        (&reading["http_status"], &reading["state"]),
        (&json!(200), &json!("unlimited")),
        "{outcome:?}"
    );
    assert_eq!(reading["identity"]["user"], ANN.user, "{outcome:?}");
    assert_eq!(reading["image"], image.as_str(), "{outcome:?}");
}

#[test]
fn a_basic_challenge_without_a_login_or_with_a_wrong_one_is_a_matter_of_credentials() {
    let Some((registry, _sandbox)) = behind_a_password() else { return };
    let image = format!("{}/{IMAGE}", registry.authority());
    for home in [Home::new(), logged_in(&registry, "not it")] {
        let outcome = home.dhlimit(["check", &image, "-o", "json"]).run().expect_code(4);
        let report = outcome.json();
        let effective = readings(&report)
            .iter()
            .find(|reading| reading["effective"] == true)
            .expect("an effective reading");
        assert_eq!(effective["state"], "failed", "{outcome:?}");
        assert!(
            ["credentials", "denied"].iter().any(|kind| effective["error"]["kind"] == *kind),
            "{outcome:?}"
        );
    }
}

#[test]
fn pulls_through_a_cache_cost_the_sandbox_one_pull_however_often_they_are_made() {
    let sandbox = Sandbox::start(&["--limit", "5"]);
    let Some(cache) = distribution(Distribution { htpasswd: None, cache_of: Some(sandbox.url()) })
    else {
        return;
    };
    let Some(crane) = tools::require("crane") else { return };
    let home = Home::new();
    let image = format!("{}/{IMAGE}", cache.authority());
    let file = home.path().join("image.tar");
    let pull = || {
        home.program(&crane, ["pull", "--platform", "linux/amd64", &image])
            .arg(&file)
            .run()
            .expect_code(0)
    };
    pull();
    let after_one = asked(&sandbox);
    for _ in 0..8 {
        pull();
    }
    // Not the count alone: GETs of one image within seconds may be one pull.
    assert_eq!(after_one, (1, 2), "one pull, of an index and a manifest: {}", sandbox.state());
    assert_eq!(
        asked(&sandbox),
        after_one,
        "a pull from the cache cost something upstream: {}",
        sandbox.state()
    );

    // The cache itself has no limit to show, while the registry behind it does.
    let outcome = home.dhlimit(["check", &image, "-o", "json"]).run().expect_code(0);
    assert_eq!(readings(&outcome.json())[0]["state"], "unlimited", "{outcome:?}");
    let outcome = home.dhlimit(["check", &sandbox.image(IMAGE), "-o", "json"]).run().expect_code(0);
    let report = outcome.json();
    let reading = &readings(&report)[0];
    assert_eq!(
        (&reading["limit"], &reading["remaining"], &reading["used"]),
        (&json!(5), &json!(4), &json!(1)),
        "{outcome:?}"
    );
}

/// What all identities together have used up of their limits, and how many manifests they got.
fn asked(sandbox: &Sandbox) -> (u64, u64) {
    let state = sandbox.state();
    let identities =
        state["identities"].as_array().unwrap_or_else(|| panic!("no identities in {state}"));
    let sum = |of: &dyn Fn(&Value) -> Option<u64>| identities.iter().filter_map(of).sum();
    (
        sum(&|identity| identity["used"].as_u64()),
        sum(&|identity| identity["requests"]["get"].as_u64()),
    )
}

#[test]
fn a_registry_without_any_limit_is_said_to_have_none() {
    let Some(registry) = crane_registry() else { return };
    let sandbox = Sandbox::start(&[]);
    let Some(()) = registry.fill(&sandbox.image(IMAGE), IMAGE, None) else { return };
    let image = format!("{}/{IMAGE}", registry.authority());
    let outcome = Home::new().dhlimit(["check", &image, "-o", "json"]).run().expect_code(0);
    let report = outcome.json();
    let reading = &readings(&report)[0];
    assert_eq!(
        (&reading["state"], &reading["limit"], &reading["remaining"]),
        (&json!("unlimited"), &Value::Null, &Value::Null),
        "{outcome:?}"
    );
}

#[test]
fn a_tag_that_is_not_there_is_not_found() {
    let Some(registry) = crane_registry() else { return };
    let image = format!("{}/library/nothing:here", registry.authority());
    let outcome = Home::new().dhlimit(["check", &image, "-o", "json"]).run();
    assert_eq!(readings(&outcome.json())[0]["error"]["kind"], "not_found", "{outcome:?}");
    assert_ne!(outcome.code, Some(0), "{outcome:?}");
}
