//! `mirror secret`: what Kubernetes' own schemas say of it, and which login it holds.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::harness::{Home, Outcome, tools};

/// `mirror secret` where docker has a login to Docker Hub.
fn run(args: &[&str]) -> Outcome {
    let home = Home::new();
    home.docker_config(&json!({"auths": {
        "https://index.docker.io/v1/": {"auth": BASE64_STANDARD.encode("ann:token-of-ann")},
        "ghcr.io": {"auth": BASE64_STANDARD.encode("ann:another")}
    }}));
    home.dhlimit(["mirror", "secret"].iter().chain(args)).stdin("of-the-run").keep(home).run()
}

/// The login that a secret holds, by its key.
fn login(secret: &Value) -> Value {
    let data = secret["data"][".dockerconfigjson"].as_str().expect("a file");
    let file = BASE64_STANDARD.decode(data).expect("base64");
    serde_json::from_slice::<Value>(&file).expect("JSON")["auths"].clone()
}

#[test]
fn the_secret_holds_the_login_that_a_pull_from_here_uses_and_no_other() {
    let outcome = run(&["regcred", "-n", "shop", "-o", "json"]).expect_code(0);
    let secret = outcome.json();
    assert_eq!(
        (&secret["kind"], &secret["type"]),
        (&json!("Secret"), &json!("kubernetes.io/dockerconfigjson"))
    );
    assert_eq!(secret["metadata"], json!({"name": "regcred", "namespace": "shop"}));
    let auths = login(&secret);
    let wanted = json!({"https://index.docker.io/v1/": {
        "username": "ann", "password": "token-of-ann", "auth": BASE64_STANDARD.encode("ann:token-of-ann")
    }});
    assert_eq!(auths, wanted);
    let named = run(&["regcred", "--user", "bob", "--password-stdin", "-o", "json"]).expect_code(0);
    assert_eq!(login(&named.json())["https://index.docker.io/v1/"]["password"], "of-the-run");
}

#[test]
fn kubernetes_takes_the_documents() {
    let Some(validate) = tools::require("kubernetes-validate") else { return };
    for args in [
        &["regcred"][..],
        &["regcred", "-n", "shop"],
        &["true", "-n", "1", "--patch-service-account", "default"],
    ] {
        for form in ["yaml", "json"] {
            let outcome = run(&[args, &["-o", form]].concat()).expect_code(0);
            let home = Home::new();
            let file = home.write(&format!("home/secret.{form}"), &outcome.stdout);
            let strict = ["-k", "1.34", "--strict"].map(std::ffi::OsStr::new);
            let args = strict.into_iter().chain([file.as_os_str()]);
            // The list of documents in JSON has no schema of its own there.
            if outcome.stdout.contains("\"List\"") {
                let items = outcome.json()["items"].as_array().expect("items").len();
                assert_eq!(items, 2, "{outcome:?}");
                continue;
            }
            let validated = home.program(&validate, args).run();
            assert_eq!(validated.code, Some(0), "{outcome:?}\n{validated:?}");
        }
    }
}

#[test]
fn wrong_names_and_missing_logins_are_told_apart() {
    for (args, code) in [
        (&["Regcred"][..], 2),
        (&["regcred", "-n", "a.b"], 2),
        (&["regcred", "--user", "nobody"], 4),
        (&["regcred", "--password-stdin"], 2),
    ] {
        let outcome = run(args).expect_code(code);
        assert_eq!(outcome.stdout, "", "{outcome:?}");
    }
    let home = Home::new();
    let outcome = home.dhlimit(["mirror", "secret", "regcred"]).run().expect_code(4);
    assert!(outcome.stderr.contains("--password-stdin"), "{outcome:?}");
}
