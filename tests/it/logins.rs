//! As whom a runtime pulls and as whom its limit is read: one and the same, or nothing is pulled.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::harness::real::{Containerd, podman};
use crate::harness::{Home, Outcome, Sandbox, tools};

fn sandbox() -> Sandbox {
    Sandbox::start(&["--limit", "9", "--account", "ann:s3cretpw:7", "--account", "bob:bobpw:5"])
}

fn auths(sandbox: &Sandbox, user: &str, password: &str) -> Value {
    json!({ "auths": { sandbox.authority(): { "auth": BASE64_STANDARD.encode(format!("{user}:{password}")) } } })
}

/// What each identity has used at the sandbox, `anonymous` for the address.
fn used(sandbox: &Sandbox) -> Vec<(String, u64)> {
    let state = sandbox.state();
    let identities = state["identities"].as_array().expect("identities");
    let one = |identity: &Value| {
        let name = if identity["kind"] == "address" {
            "anonymous"
        } else {
            identity["identity"].as_str().expect("a name")
        };
        (name.to_owned(), identity["used"].as_u64().expect("a number"))
    };
    identities.iter().map(one).filter(|(_, used)| *used > 0).collect()
}

#[track_caller]
fn assert_refused(outcome: &Outcome, sandbox: &Sandbox, words: &[&str]) {
    assert_eq!(outcome.code, Some(2), "{outcome:?}");
    for word in words {
        assert!(outcome.stderr.contains(word), "nothing of {word}: {outcome:?}");
    }
    assert_eq!(used(sandbox), [], "{outcome:?}");
}

/// nerdctl and crane, logged in as ann by Docker's file.
fn runs(each: impl Fn(&str, &dyn Fn(&[&str]) -> Outcome)) {
    let containerd = tools::require("nerdctl").and_then(|_| Containerd::start());
    let crane = tools::require("crane");
    let usable = [("nerdctl", containerd.is_some()), ("crane", crane.is_some())];
    for (runtime, _) in usable.into_iter().filter(|(_, usable)| *usable) {
        let variables = containerd.as_ref().map(Containerd::environment);
        each(runtime, &|args| {
            let home = Home::new();
            home.write("docker/config.json", args[0]);
            home.write("bobpw", "bobpw\n");
            home.write("annpw", "s3cretpw\n");
            let args =
                args[1..].iter().map(|arg| arg.replace("HOME", &home.path().display().to_string()));
            let args = ["stress", "--runtime", runtime, "--interval", "0s", "-o", "json"]
                .map(str::to_owned)
                .into_iter()
                .chain(args);
            home.dhlimit(args).envs(variables.clone().into_iter().flatten()).run()
        });
    }
}

#[test]
fn a_runtime_that_is_logged_in_does_not_pull_where_another_identity_is_named() {
    runs(|runtime, run| {
        let sandbox = sandbox();
        let (image, config) =
            (sandbox.image("library/nginx:latest"), auths(&sandbox, "ann", "s3cretpw").to_string());
        let config = config.as_str();
        let refused = run(&[config, "--anonymous", "--floor", "7", "--count", "4", &image]);
        let pulls_as_ann = format!("{runtime} would pull as ann (from ");
        assert_refused(
            &refused,
            &sandbox,
            &[&pulls_as_ann, "not as anonymous", "logout", "--anonymous out", "--runtime ctr"],
        );
        let refused = run(&[
            config,
            "--user",
            "bob",
            "--password-file",
            "HOME/bobpw",
            "--count",
            "1",
            &image,
        ]);
        assert_refused(
            &refused,
            &sandbox,
            &[&pulls_as_ann, "not as bob", "login", "--user out", "--runtime builtin"],
        );
        let named = run(&[
            config,
            "--user",
            "ann",
            "--password-file",
            "HOME/annpw",
            "--count",
            "1",
            &image,
        ])
        .expect_code(0);
        assert_eq!(named.json()["identity"]["user"], "ann", "{named:?}");
        let unnamed = run(&[config, "--count", "1", &image]).expect_code(0);
        assert_eq!(unnamed.json()["identity"]["user"], "ann", "{unnamed:?}");
        assert_eq!(used(&sandbox), [("ann".to_owned(), 2)], "{runtime}");
    });
}

#[test]
fn a_runtime_that_is_not_logged_in_pulls_as_nobody_or_not_at_all() {
    runs(|runtime, run| {
        let sandbox = sandbox();
        let image = sandbox.image("library/nginx:latest");
        let refused =
            run(&["{}", "--user", "bob", "--password-file", "HOME/bobpw", "--count", "1", &image]);
        assert_refused(
            &refused,
            &sandbox,
            &[&format!("{runtime} would pull as anonymous (it has no login for "), "not as bob"],
        );
        let nobody = run(&["{}", "--anonymous", "--count", "1", &image]).expect_code(0);
        assert_eq!(nobody.json()["identity"]["kind"], "anonymous", "{nobody:?}");
        assert_eq!(used(&sandbox), [("anonymous".to_owned(), 1)], "{runtime}");
    });
}

#[test]
fn podman_and_skopeo_are_read_as_their_own_login_and_not_as_docker_s() {
    let home = Home::new();
    let Some(variables) = podman(&home) else { return };
    let sandbox = sandbox();
    let image = sandbox.image("library/nginx:latest");
    home.docker_config(&auths(&sandbox, "ann", "s3cretpw"));
    let own =
        home.write("auth.json", &auths(&sandbox, "bob", "bobpw").to_string()).into_os_string();
    let stress = |runtime: &str, option: &[&str]| {
        let args = [
            "stress",
            "--runtime",
            runtime,
            "--interval",
            "0s",
            "--count",
            "1",
            "-o",
            "json",
            &image,
        ];
        let program = home
            .dhlimit(args.iter().chain(option))
            .envs(variables.clone())
            .env("REGISTRY_AUTH_FILE", own.clone());
        program.run()
    };
    let read: Vec<&str> =
        ["podman", "skopeo"].into_iter().filter(|tool| tools::require(tool).is_some()).collect();
    for runtime in &read {
        let refused = stress(runtime, &["--anonymous"]);
        assert_refused(
            &refused,
            &sandbox,
            &[
                &format!("{runtime} would pull as bob (from "),
                &format!("{runtime} logout 127.0.0.1:"),
            ],
        );
    }
    for runtime in &read {
        let outcome = stress(runtime, &[]).expect_code(0);
        assert_eq!(outcome.json()["identity"]["user"], "bob", "{outcome:?}");
        assert_eq!(outcome.json()["rounds"][0]["cost"], 1, "{outcome:?}");
    }
    assert_eq!(used(&sandbox), [("bob".to_owned(), read.len() as u64)]);
}

#[test]
fn crane_takes_podman_s_login_where_docker_has_no_file() {
    if tools::require("crane").is_none() {
        return;
    }
    let (sandbox, home) = (sandbox(), Home::new());
    home.write("run/containers/auth.json", &auths(&sandbox, "bob", "bobpw").to_string());
    let image = sandbox.image("library/nginx:latest");
    let args =
        ["stress", "--runtime", "crane", "--interval", "0s", "--count", "1", "-o", "json", &image];
    assert_refused(
        &home.dhlimit(args.iter().chain(&["--anonymous"])).run(),
        &sandbox,
        &["crane would pull as bob (from "],
    );
    let unnamed = home.dhlimit(args).run().expect_code(0);
    assert_eq!(unnamed.json()["identity"]["user"], "bob", "{unnamed:?}");
    home.docker_config(&json!({}));
    home.dhlimit(args.iter().chain(&["--anonymous"])).run().expect_code(0);
    assert_eq!(used(&sandbox).len(), 2, "{:?}", used(&sandbox));
}
