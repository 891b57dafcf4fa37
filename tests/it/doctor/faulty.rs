//! Logins that no tool makes any more, or that a tool made elsewhere: written by hand.

use std::time::Duration;

use serde_json::{Value, json};

use super::{BOB, HUB, PASSWORD, auths, bad, bare_path, entry, findings, stopped, the};
use crate::harness::secrets::assert_absent;
use crate::harness::{Home, Sandbox};

/// A JSON web token that says it ended at 1700000000.
const ENDED: &str = "e30.eyJleHAiOjE3MDAwMDAwMDB9.c2ln";

fn sandbox() -> Sandbox {
    Sandbox::start(&["--account", &format!("bob:{PASSWORD}:50")])
}

#[test]
fn a_machine_with_nothing_configured_gets_a_short_calm_answer() {
    let home = Home::new();
    let path = bare_path(&home);
    let run = |args: &[&str]| {
        home.dhlimit(["doctor", "--sandbox"].iter().chain(args))
            .env("PATH", &path)
            .run()
            .expect_code(0)
    };
    let found = findings(&run(&["-o", "json", "-vvv"]));
    assert_eq!(bad(&found), [""; 0], "{found:#?}");
    assert_eq!(the(&found, "login-none").severity, "info");
    assert_eq!(
        the(&found, "runtime-missing").severity,
        "warning",
        "a machine that cannot pull at all: {found:#?}"
    );
    assert!(
        the(&found, "bucket")
            .evidence
            .contains("counted as the address 127.0.0.1: 100 of 100 pulls left"),
        "{found:#?}"
    );
    let table = run(&["-o", "table"]).stdout;
    assert!(table.lines().count() < 25 && !table.contains('\u{1b}'), "{table}");
    let plain = run(&[]).stdout;
    assert_eq!(plain.lines().count(), found.len(), "{plain}");
}

#[test]
fn every_faulty_login_is_named_with_its_place_and_its_repair() {
    let sandbox = sandbox();
    let token = json!({ "auth": "Ym9iOng=", "identitytoken": PASSWORD });
    let rows: Vec<(Value, &str, &str, &str)> = vec![
        (json!({ "auths": { HUB: entry("bob") } }), "", "", ""),
        (
            json!({ "auths": { "docker.io": entry("bob") } }),
            "login-key-unused login-differs",
            "auths[docker.io] is never used",
            "docker login",
        ),
        (
            json!({ "auths": { "https://registry-1.docker.io/": entry("bob") } }),
            "login-key-unused",
            "registry-1.docker.io",
            "docker login",
        ),
        (
            json!({ "credsStore": "absent" }),
            "helper-missing",
            "docker-credential-absent",
            "install",
        ),
        (
            json!({ "credsStore": "failing" }),
            "helper-fails",
            "exit status: 3",
            "docker-credential-failing get",
        ),
        (
            json!({ "credsStore": "talking" }),
            "helper-nonsense",
            "JSON",
            "docker-credential-talking get",
        ),
        (json!({ "credHelpers": { HUB: "../x" } }), "helper-name", "name", "correct"),
        (json!({ "auths": { HUB: { "auth": "!" } } }), "login-broken", "base64", "log in again"),
        (json!({ "auths": { HUB: token } }), "token-expired", "a token was sent", "docker login"),
        (
            json!({ "auths": { HUB: { "registrytoken": ENDED } } }),
            "token-expired token-expired",
            "ended on 2023-11-14",
            "docker login",
        ),
        (
            json!({ "auths": { HUB: { "auth": "Ym9iOndyb25n" } } }),
            "credentials-refused",
            "refused the credentials of bob",
            "access token",
        ),
    ];
    for (config, ids, evidence, advice) in rows {
        let home = Home::new();
        stopped(&home, &["docker", "nerdctl"]);
        home.script(
            "docker-credential-failing",
            &format!("#!/bin/sh\necho '{PASSWORD}'\nexit 3\n"),
        );
        home.script(
            "docker-credential-talking",
            &format!("#!/bin/sh\necho 'the password is {PASSWORD}'\n"),
        );
        home.docker_config(&config);
        let program = home
            .dhlimit(["doctor", "-o", "json", "-vvv"])
            .envs(sandbox.as_docker_hub())
            .env("PATH", bare_path(&home));
        let found = findings(&program.run().expect_code(0));
        let mut expected: Vec<&str> = ids.split_whitespace().collect();
        let mut seen = bad(&found);
        expected.sort_unstable();
        seen.sort_unstable();
        assert_eq!(seen, expected, "{config}: {found:#?}");
        if let Some(id) = ids.split_whitespace().next() {
            let first = the(&found, id);
            assert!(first.evidence.contains(evidence), "{first:?}");
            assert!(first.advice.as_ref().is_some_and(|said| said.contains(advice)), "{first:?}");
        } else {
            assert!(the(&found, "login-used").evidence.contains("docker, nerdctl"), "{found:#?}");
        }
    }
}

#[test]
fn a_helper_that_hangs_costs_half_of_the_time_and_the_rest_is_told() {
    let sandbox = sandbox();
    let home = Home::new();
    home.script("docker-credential-hanging", "#!/bin/sh\nsleep 66\n");
    home.docker_config(&json!({ "credsStore": "hanging" }));
    let program = home
        .dhlimit(["doctor", "-o", "json", "--timeout", "3s"])
        .envs(sandbox.as_docker_hub())
        .env("PATH", bare_path(&home));
    let outcome = program.limit(Duration::from_secs(30)).run().expect_code(0);
    assert!(outcome.elapsed < Duration::from_secs(8), "{outcome:?}");
    let found = findings(&outcome);
    assert!(
        the(&found, "helper-hangs").evidence.contains("no answer within 1s 500ms"),
        "{found:#?}"
    );
    assert_eq!(the(&found, "bucket").severity, "ok", "{found:#?}");
    assert!(outcome.left_running().is_empty(), "{:?}", outcome.left_running());
}

#[test]
fn what_each_tool_would_use_is_told_where_they_differ() {
    let sandbox = sandbox();
    let home = Home::new();
    stopped(&home, &["docker", "podman"]);
    let docker = |config: &Value| home.write("home/.docker/config.json", &config.to_string());
    docker(&json!({ "auths": { HUB: entry("bob") } }));
    home.write("run/containers/auth.json", &auths(&[("docker.io", "amy")]));
    let program = |home: &Home| {
        home.dhlimit(["doctor", "-o", "json", "-vvv"])
            .envs(sandbox.as_docker_hub())
            .env("PATH", bare_path(home))
    };
    let run = |home: &Home| program(home).without("DOCKER_CONFIG").run();
    let found = findings(&run(&home).expect_code(0));
    let told = the(&found, "login-differs");
    assert!(
        told.evidence.contains("docker, nerdctl (not installed): bob, password from ")
            && told.evidence.contains("podman: amy, password"),
        "{told:?}"
    );
    // Told by DOCKER_CONFIG which folder to use, podman uses no other, and fails where its file is not there.
    let found = findings(&program(&home).run().expect_code(0));
    assert_eq!(
        (
            the(&found, "login-none").severity.as_str(),
            the(&found, "credentials-missing").subject.as_str()
        ),
        ("info", "podman")
    );
    // podman reads docker's file where its own has nothing.
    std::fs::remove_file(home.path().join("run/containers/auth.json")).expect("the file");
    let found = findings(&run(&home).expect_code(0));
    assert!(
        the(&found, "login-used")
            .evidence
            .starts_with("docker, nerdctl (not installed), podman: bob"),
        "{found:#?}"
    );
    // But it asks no credsStore.
    home.script(
        "docker-credential-vault",
        &format!("#!/bin/sh\nprintf '%s' '{}'\n", json!({ "Username": "bob", "Secret": PASSWORD })),
    );
    docker(&json!({ "credsStore": "vault" }));
    let found = findings(&run(&home).expect_code(0));
    assert!(the(&found, "login-differs").evidence.contains("podman: nobody"), "{found:#?}");
}

#[test]
fn the_second_nerdctl_takes_other_keys_than_the_first() {
    let home = Home::new();
    let rows = [
        ("1.7.6", "docker.io", true),
        ("1.7.6", "registry-1.docker.io", false),
        ("2.1.2", "docker.io", false),
        ("2.1.2", "registry-1.docker.io", true),
    ];
    for (version, key, is_taken) in rows {
        home.script("nerdctl", &format!("#!/bin/sh\n[ \"$1\" = --version ] && echo 'nerdctl version {version}' && exit\nexit 1\n"));
        home.write("docker/config.json", &auths(&[(key, "bob")]));
        let program = home
            .dhlimit(["doctor", "--sandbox", "-o", "json", "-vvv"])
            .env("PATH", bare_path(&home));
        let found = findings(&program.run().expect_code(0));
        let id = if is_taken { "login-used" } else { "login-none" };
        let told = the(&found, id);
        assert_eq!(
            told.evidence.contains("nerdctl, podman (not installed): bob"),
            is_taken,
            "{version} {key}: {told:?}"
        );
    }
}

#[test]
fn what_the_kubelet_would_use_is_told_of_a_secret() {
    let sandbox = sandbox();
    let home = Home::new();
    let run = |text: &str, args: &[&str]| {
        let args = ["doctor", "-o", "json", "-vvv", "--kubernetes", "-"].iter().chain(args);
        findings(
            &home
                .dhlimit(args)
                .envs(sandbox.as_docker_hub())
                .env("PATH", bare_path(&home))
                .stdin(text)
                .run()
                .expect_code(0),
        )
    };
    let found = run(&auths(&[(HUB, "bob")]), &[]);
    assert_eq!(bad(&found), [""; 0], "{found:#?}");
    let used =
        found.iter().find(|finding| finding.evidence.starts_with("kubelet: ")).expect("a finding");
    assert_eq!(
        (used.id.as_str(), used.evidence.contains("bob, password")),
        ("login-used", true),
        "{used:?}"
    );
    assert!(
        found
            .iter()
            .any(|finding| finding.id == "bucket" && finding.evidence.starts_with("bob (by ")),
        "{found:#?}"
    );
    let found = run(&auths(&[("registry-1.docker.io", "bob")]), &[]);
    assert_eq!(bad(&found), ["login-key-unused", "login-none"], "{found:#?}");
    let other = run(&auths(&[("*.example.com", "bob")]), &["--sandbox", "eu.example.com"]);
    let used =
        other.iter().find(|finding| finding.evidence.starts_with("kubelet: ")).expect("a finding");
    assert_eq!((used.id.as_str(), used.subject.as_str()), ("login-used", "eu.example.com"));
    for wrong in ["no secret", "kind: Secret\ndata: {}\n", ""] {
        let outcome = home
            .dhlimit(["doctor", "--kubernetes", "-"])
            .envs(sandbox.as_docker_hub())
            .stdin(wrong)
            .run()
            .expect_code(2);
        assert!(outcome.stderr.contains("kubectl get secret"), "{outcome:?}");
    }
    home.dhlimit(["doctor", "--sandbox", "--kubernetes", "/none.yaml"]).run().expect_code(2);
}

#[test]
fn strict_ends_with_1_where_something_is_an_error_and_only_there() {
    let home = Home::new();
    home.docker_config(&json!({ "credsStore": "absent" }));
    let run = |args: &[&str]| {
        home.dhlimit(["doctor", "--sandbox", "-q"].iter().chain(args))
            .env("PATH", bare_path(&home))
            .run()
    };
    run(&[]).expect_code(0);
    let strict = run(&["--strict"]).expect_code(1);
    assert!(strict.stdout.starts_with("error  helper-missing  docker.io: "), "{strict:?}");
    home.docker_config(&json!({}));
    run(&["--strict"]).expect_code(0);
}

#[test]
fn a_user_who_has_no_login_here_is_told_and_everything_else_too() {
    let sandbox = sandbox();
    let home = Home::new();
    let doctor = |args: &[&str], input: &str| {
        let args = ["doctor", "-o", "json", "-vvv", "--user", "bob"].iter().chain(args);
        findings(
            &home
                .dhlimit(args)
                .envs(sandbox.as_docker_hub())
                .env("PATH", bare_path(&home))
                .stdin(input)
                .run()
                .expect_code(0),
        )
    };
    let found = doctor(&[], "");
    let errors: Vec<_> = found.iter().filter(|finding| finding.severity == "error").collect();
    assert!(
        errors.len() == 1 && errors[0].evidence.starts_with("no credentials for bob found in "),
        "{found:#?}"
    );
    assert!(the(&found, "bucket").evidence.starts_with("anonymous is counted"), "{found:#?}");
    let found = doctor(&["--password-stdin"], PASSWORD);
    assert!(
        the(&found, "bucket")
            .evidence
            .starts_with("bob (by --password-stdin) is counted as the account bob"),
        "{found:#?}"
    );
}

#[test]
fn a_broken_file_is_named_and_never_quoted() {
    let home = Home::new();
    home.write("docker/config.json", &format!("{{\"auths\": {{ \"x\": \"{PASSWORD}\" ]"));
    home.write("run/containers/auth.json", &format!("\"{PASSWORD}\""));
    let outcome = home
        .dhlimit(["doctor", "--sandbox", "-o", "json", "-vvv"])
        .env("PATH", bare_path(&home))
        .run()
        .expect_code(0);
    assert_absent(&[BOB], &outcome.everything());
    let found = findings(&outcome);
    assert_eq!(bad(&found), ["credentials-malformed", "credentials-malformed"], "{found:#?}");
}
