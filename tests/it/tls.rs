//! TLS to the sandbox, by the CA that it makes for the occasion.

use std::fs;

use crate::harness::{Home, Sandbox};

/// A sandbox that speaks TLS, and where the certificate of its CA lies.
fn sandbox() -> (Sandbox, String) {
    let home = Home::new();
    let ca = home.path().join("ca.pem").display().to_string();
    let sandbox = Sandbox::start_in(home, &["--limit", "9", &format!("--tls={ca}")]);
    assert!(sandbox.url().starts_with("https://"), "{}", sandbox.url());
    (sandbox, ca)
}

#[test]
fn a_certificate_of_a_strange_ca_is_refused() {
    let (sandbox, _ca) = sandbox();
    let outcome = Home::new()
        .dhlimit(["check", "-o", "json"])
        .envs(sandbox.as_docker_hub())
        .run()
        .expect_code(3);
    assert_eq!(outcome.json()["readings"][0]["error"]["kind"], "tls", "{outcome:?}");
}

#[test]
fn the_ca_is_trusted_when_named_by_option_variable_or_the_usual_variable() {
    let (sandbox, ca) = sandbox();
    assert!(fs::read_to_string(&ca).expect("the CA's file").contains("BEGIN CERTIFICATE"));
    let home = Home::new();
    let check = || home.dhlimit(["check", "-o", "json"]).envs(sandbox.as_docker_hub());
    for program in [
        check().arg("--ca-cert").arg(&ca),
        check().env("DHLIMIT_CA_CERT", &ca),
        check().env("SSL_CERT_FILE", &ca),
    ] {
        let outcome = program.run().expect_code(0);
        let report = outcome.json();
        assert_eq!(
            (&report["readings"][0]["limit"], &report["readings"][0]["remaining"]),
            (&9.into(), &9.into()),
            "{outcome:?}"
        );
    }
}

#[test]
fn a_ca_file_that_holds_no_certificate_is_a_usage_error() {
    let (sandbox, _ca) = sandbox();
    let home = Home::new();
    let file = home.write("empty.pem", "no certificate here\n");
    let outcome = home
        .dhlimit(["check", "--ca-cert"])
        .arg(&file)
        .envs(sandbox.as_docker_hub())
        .run()
        .expect_code(2);
    assert!(outcome.stderr.contains("empty.pem"), "{outcome:?}");
}

#[test]
fn the_key_of_the_ca_is_not_lying_about() {
    let (sandbox, ca) = sandbox();
    for entry in fs::read_dir(sandbox.home().path())
        .expect("the home")
        .flatten()
        .filter(|entry| entry.path().is_file())
    {
        let text = fs::read_to_string(entry.path()).unwrap_or_default();
        assert!(!text.contains("PRIVATE KEY"), "{}", entry.path().display());
    }
    assert!(ca.ends_with("ca.pem"));
}
