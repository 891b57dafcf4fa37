//! Accounts: a login by a credential helper, a real program; and a runtime that pulls as the account
//! whose limit is read.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::harness::real::Containerd;
use crate::harness::secrets::{Secret, assert_absent};
use crate::harness::{Home, Outcome, Sandbox, tools};

const ANN: Secret = Secret { user: "ann", password: "dckr_pat_of-ann+1" };

/// A helper that knows one server, which it is told on standard input as Docker tells it.
const HELPER: &str = r#"#!/bin/sh
[ "$1" = get ] || { echo "unknown command: $1"; exit 1; }
read -r server || true
case "$server" in
    https://index.docker.io/v1/) echo '{"ServerURL":"https://index.docker.io/v1/","Username":"ann","Secret":"dckr_pat_of-ann+1"}' ;;
    *) echo "credentials not found in native keychain"; exit 1 ;;
esac
"#;

fn sandbox() -> Sandbox {
    Sandbox::start(&["--limit", "100", "--account", &format!("{}:{}:3", ANN.user, ANN.password)])
}

fn reading<'a>(report: &'a Value, kind: &str) -> &'a Value {
    let readings = report["readings"].as_array().expect("readings");
    readings
        .iter()
        .find(|reading| reading["identity"]["kind"] == kind)
        .unwrap_or_else(|| panic!("no {kind} in {report}"))
}

#[test]
fn an_account_is_found_by_its_credential_helper_and_read_beside_anonymous() {
    let sandbox = sandbox();
    for config in [
        json!({ "credsStore": "vault" }),
        json!({ "credHelpers": { "https://index.docker.io/v1/": "vault" } }),
    ] {
        let home = Home::new();
        home.script("docker-credential-vault", HELPER);
        home.docker_config(&config);
        let outcome = home
            .dhlimit(["check", "-o", "json", "-vvv"])
            .envs(sandbox.as_docker_hub())
            .run()
            .expect_code(0);
        assert_absent(&[ANN], &outcome.everything());
        let report = outcome.json();
        let (account, anonymous) = (reading(&report, "account"), reading(&report, "anonymous"));
        assert_eq!(
            (&account["limit"], &account["effective"]),
            (&json!(3), &json!(true)),
            "{outcome:?}"
        );
        assert_eq!(
            (&anonymous["limit"], &anonymous["effective"]),
            (&json!(100), &json!(false)),
            "{outcome:?}"
        );
        assert_eq!(
            (&account["identity"]["user"], &account["source"]),
            (&json!("ann"), &json!("ann")),
            "{outcome:?}"
        );
        assert!(
            account["identity"]["credentials_from"]
                .as_str()
                .is_some_and(|from| from.contains("vault")),
            "{outcome:?}"
        );
    }
}

#[test]
fn a_registry_token_that_is_refused_is_a_matter_of_credentials() {
    let sandbox = sandbox();
    let home = Home::new();
    home.docker_config(&json!({ "auths": { "https://index.docker.io/v1/": { "registrytoken": "ended-long-ago" } } }));
    let outcome =
        home.dhlimit(["check", "-o", "json"]).envs(sandbox.as_docker_hub()).run().expect_code(4);
    let report = outcome.json();
    let error = &reading(&report, "account")["error"];
    assert_eq!(error["kind"], "credentials", "{outcome:?}");
    assert!(
        error["message"].as_str().is_some_and(|message| message.contains("the registry token")),
        "{outcome:?}"
    );
}

#[test]
fn the_sandbox_of_a_command_is_shown_no_login_of_this_machine() {
    let home = Home::new();
    let auth = BASE64_STANDARD.encode("bob:his real password");
    home.docker_config(&json!({ "auths": { "https://index.docker.io/v1/": { "auth": auth } } }));
    home.write("home/ann", ANN.password);
    let within = |script: &str| {
        let account = format!("{}:{}:3", ANN.user, ANN.password);
        let log = "curl -s \"$DHLIMIT_REGISTRY_URL/_sandbox/log\" >&2";
        let script = format!("{script}; code=$?; {log}; exit $code");
        let program = home.program(
            env!("CARGO_BIN_EXE_dhlimit"),
            ["sandbox", "-q", "--limit", "5", "--account", &account, "--", "sh", "-c"],
        );
        program.arg(script).env("DHLIMIT", env!("CARGO_BIN_EXE_dhlimit")).run()
    };
    if tools::require("curl").is_none() {
        return;
    }
    // Nobody tried to log in: all tokens were given to nobody, and none was refused.
    let nobody_alone = |outcome: &Outcome| {
        let log: Vec<Value> =
            outcome.stderr.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        !log.is_empty()
            && log.iter().all(|line| line["status"] == 200 && line["identity"] == "127.0.0.1")
    };
    for options in
        ["check nginx", "check nginx --all-identities", "gate nginx", "stress nginx -q --count 1"]
    {
        let outcome = within(&format!("\"$DHLIMIT\" {options} -o json")).expect_code(0);
        assert!(
            !outcome.stdout.contains("bob") && !outcome.stdout.contains("\"account\""),
            "{outcome:?}"
        );
        assert!(nobody_alone(&outcome), "{options}: {outcome:?}");
    }
    home.write(
        "home/secret.json",
        &json!({ "auths": { "docker.io": { "auth": auth } } }).to_string(),
    );
    let outcome =
        within("\"$DHLIMIT\" doctor --kubernetes ~/secret.json -o json || true").expect_code(0);
    assert!(
        outcome.stdout.contains("\"sandbox-in-use\"") && outcome.stdout.contains("kubelet: bob"),
        "{outcome:?}"
    );
    assert!(nobody_alone(&outcome), "{outcome:?}");
    let outcome =
        within("\"$DHLIMIT\" check nginx --user ann --password-file ~/ann -o json").expect_code(0);
    let start = outcome.stdout.find('{').unwrap();
    let report: Value = serde_json::from_str(&outcome.stdout[start..]).unwrap();
    assert_eq!(reading(&report, "account")["limit"], 3, "{outcome:?}");
}

#[test]
fn a_runtime_that_is_logged_in_is_measured_on_the_account_s_limit() {
    let Some(containerd) = Containerd::start() else { return };
    if tools::require("nerdctl").is_none() {
        return;
    }
    let sandbox = sandbox();
    let home = Home::new();
    let auth = BASE64_STANDARD.encode(format!("{}:{}", ANN.user, ANN.password));
    home.docker_config(&json!({ "auths": { sandbox.authority(): { "auth": auth } } }));
    let image = sandbox.image("library/nginx:latest");
    let program = home.dhlimit([
        "stress",
        &image,
        "--runtime",
        "nerdctl",
        "--interval",
        "0s",
        "-o",
        "json",
        "-vvv",
    ]);
    let outcome = program.envs(containerd.environment()).run().expect_code(0);
    assert_absent(&[ANN], &outcome.everything());
    let report = outcome.json();
    assert_eq!(
        (&report["pulls"], &report["stopped_by"]),
        (&json!(3), &json!("pull_limit")),
        "{outcome:?}"
    );
    let identities = sandbox.state()["identities"].clone();
    let used = |kind: &str| {
        identities
            .as_array()
            .into_iter()
            .flatten()
            .find(|identity| identity["kind"] == kind)
            .map(|identity| identity["used"].clone())
    };
    assert_eq!(
        (used("account"), used("address").unwrap_or(json!(0))),
        (Some(json!(3)), json!(0)),
        "{identities}"
    );
}
