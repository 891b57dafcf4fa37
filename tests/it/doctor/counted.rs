//! Whom a registry counts, by its own word: an address in the place of an account, two families, a
//! clock that is wrong, nobody at all, a certificate of a strange CA.

use std::time::{Duration, SystemTime};

use serde_json::json;

use super::stand_in::StandIn;
use super::{HUB, auths, bad, bare_path, entry, findings, the};
use crate::harness::program::Program;
use crate::harness::{Home, Sandbox, tools};

/// A limit and who is counted.
fn counted(source: &str) -> Vec<String> {
    vec![
        "ratelimit-limit: 100;w=3600".into(),
        "ratelimit-remaining: 76;w=3600".into(),
        format!("docker-ratelimit-source: {source}"),
    ]
}

#[test]
fn a_login_that_is_sent_and_not_counted_is_an_error() {
    let hub = StandIn::start(|_, _| counted("192.0.2.10"));
    let home = Home::new();
    home.docker_config(&json!({ "auths": { HUB: entry("bob") } }));
    let found = findings(
        &home
            .dhlimit(["doctor", "-o", "json", "-vvv"])
            .envs(hub.as_docker_hub())
            .env("PATH", bare_path(&home))
            .run(),
    );
    let error = the(&found, "counted-as-address");
    assert_eq!(
        (error.severity.as_str(), error.subject.as_str()),
        ("error", "docker.io"),
        "{error:?}"
    );
    assert!(error.evidence.contains("bob") && error.evidence.contains("192.0.2.10"), "{error:?}");
}

#[test]
fn an_account_that_is_counted_without_a_login_is_told() {
    let hub = StandIn::start(|_, _| counted("cache-of-somebody"));
    let home = Home::new();
    let found = findings(
        &home
            .dhlimit(["doctor", "-o", "json"])
            .envs(hub.as_docker_hub())
            .env("PATH", bare_path(&home))
            .run(),
    );
    assert!(the(&found, "counted-as-account").evidence.contains("cache-of-somebody"), "{found:#?}");
}

#[test]
fn two_families_with_a_count_each_are_told_and_an_ipv6_network_is_shared() {
    let hub =
        StandIn::start(|_, is_ipv6| counted(if is_ipv6 { "2001:db8:1:2::" } else { "192.0.2.10" }));
    if !hub.has_ipv6 {
        return tools::leave_out("IPv6 on loopback");
    }
    if !tools::require_root() {
        return;
    }
    let home = Home::new();
    home.docker_config(&json!({}));
    // Not every machine calls both of its loopback addresses localhost: in a mount namespace it does.
    let hosts = home.write("hosts", "127.0.0.1 localhost\n::1 localhost\n");
    let run = |args: &[&str]| {
        let script = "mount --bind \"$0\" /etc/hosts && exec \"$@\"";
        let program = home
            .program("unshare", ["--mount", "sh", "-c", script])
            .arg(&hosts)
            .arg(env!("CARGO_BIN_EXE_dhlimit"));
        let program = ["doctor", "-o", "json", "-q"].iter().chain(args).fold(program, Program::arg);
        findings(&program.envs(hub.as_docker_hub()).run().expect_code(0))
    };
    let found = run(&[]);
    let apart = the(&found, "families-counted-apart");
    assert!(
        apart.evidence.contains("192.0.2.10 over IPv4 and 2001:db8:1:2:: over IPv6"),
        "{apart:?}"
    );
    assert_eq!(
        (the(&found, "ipv6-shared").severity.as_str(), bad(&found)),
        ("info", Vec::new()),
        "{found:#?}"
    );
    let buckets = found.iter().filter(|finding| finding.id == "bucket").count();
    assert_eq!(buckets, 2, "{found:#?}");
    let one = run(&["--family", "ipv4"]);
    assert!(
        one.iter()
            .all(|finding| finding.id != "families-counted-apart" && finding.id != "ipv6-shared"),
        "{one:#?}"
    );
}

#[test]
fn a_family_that_is_not_there_is_no_fault() {
    let sandbox = Sandbox::start(&[]);
    let port = sandbox.authority().rsplit_once(':').expect("a port").1.to_owned();
    let url = format!("http://localhost:{port}");
    let home = Home::new();
    let program = home
        .dhlimit(["doctor", "-o", "json"])
        .env("DHLIMIT_REGISTRY_URL", &url)
        .env("DHLIMIT_AUTH_URL", &url);
    let found = findings(&program.env("PATH", bare_path(&home)).run().expect_code(0));
    assert_eq!(bad(&found), [""; 0], "{found:#?}");
    assert!(the(&found, "bucket").evidence.contains("over IPv4"), "{found:#?}");
}

#[test]
fn a_clock_that_is_wrong_is_told_by_how_much() {
    let rows = [
        (0_i64, "ok", ""),
        (-20, "ok", ""),
        (-200, "warning", "ahead of"),
        (-3_600, "error", "ahead of"),
        (3_600, "error", "behind"),
        (-40_000_000, "error", "d"),
    ];
    for (offset, severity, words) in rows {
        let hub = StandIn::start(move |_, _| {
            let shift = Duration::from_secs(offset.unsigned_abs());
            let date =
                if offset < 0 { SystemTime::now() - shift } else { SystemTime::now() + shift };
            let mut lines = counted("192.0.2.10");
            lines.push(format!("date: {}", httpdate::fmt_http_date(date)));
            lines
        });
        let home = Home::new();
        let found = findings(
            &home
                .dhlimit(["doctor", "-o", "json"])
                .envs(hub.as_docker_hub())
                .env("PATH", bare_path(&home))
                .run(),
        );
        let clock = the(&found, "clock-skew");
        assert_eq!(clock.severity, severity, "{offset}: {clock:?}");
        assert!(clock.evidence.contains(words), "{offset}: {clock:?}");
    }
}

#[test]
fn a_registry_that_is_not_there_is_told_with_everything_else() {
    let home = Home::new();
    home.docker_config(&json!({ "auths": { HUB: entry("bob") } }));
    // A port that nobody listens on.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .expect("a port")
        .local_addr()
        .expect("an address")
        .port();
    let url = format!("http://127.0.0.1:{port}");
    let program = home
        .dhlimit(["doctor", "-o", "json", "-vvv"])
        .env("DHLIMIT_REGISTRY_URL", &url)
        .env("DHLIMIT_AUTH_URL", &url);
    let found = findings(&program.env("PATH", bare_path(&home)).run().expect_code(0));
    let unreachable = the(&found, "registry-unreachable");
    assert_eq!(unreachable.severity, "error");
    assert!(
        unreachable.evidence.contains("was not reached") && unreachable.advice.is_some(),
        "{unreachable:?}"
    );
    assert_eq!(
        found.iter().filter(|finding| finding.id == "registry-unreachable").count(),
        1,
        "said once: {found:#?}"
    );
    assert!(the(&found, "login-used").evidence.contains("bob"), "{found:#?}");
    let strict = home
        .dhlimit(["doctor", "--strict"])
        .env("DHLIMIT_REGISTRY_URL", &url)
        .env("DHLIMIT_AUTH_URL", &url)
        .env("PATH", bare_path(&home));
    strict.run().expect_code(1);
}

#[test]
fn a_registry_that_says_nothing_costs_the_time_given_and_no_more() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let home = Home::new();
    let program = home
        .dhlimit(["doctor", "-o", "json", "--timeout", "1s"])
        .env("DHLIMIT_REGISTRY_URL", &url)
        .env("DHLIMIT_AUTH_URL", &url);
    let outcome = program.env("PATH", bare_path(&home)).run().expect_code(0);
    assert!(outcome.elapsed < Duration::from_secs(4), "{outcome:?}");
    assert!(
        the(&findings(&outcome), "registry-unreachable")
            .evidence
            .contains("no answer in the time given"),
        "{outcome:?}"
    );
}

#[test]
fn a_certificate_of_a_strange_ca_is_told_and_its_ca_heals_it() {
    let home = Home::new();
    let ca = home.path().join("ca.pem").display().to_string();
    let sandbox = Sandbox::start_in(home, &[&format!("--tls={ca}")]);
    let home = Home::new();
    let doctor = || {
        home.dhlimit(["doctor", "-o", "json"])
            .envs(sandbox.as_docker_hub())
            .env("PATH", bare_path(&home))
    };
    let found = findings(&doctor().run().expect_code(0));
    let trust = the(&found, "tls-trust");
    assert_eq!(trust.severity, "error", "{trust:?}");
    assert!(trust.advice.as_ref().is_some_and(|advice| advice.contains("--ca-cert")), "{trust:?}");
    assert_eq!(bad(&findings(&doctor().env("SSL_CERT_FILE", &ca).run().expect_code(0))), [""; 0]);
    let found = findings(
        &doctor().arg("--ca-cert").arg(&ca).env("SSL_CERT_FILE", "/none.pem").run().expect_code(0),
    );
    assert!(
        the(&found, "tls-trust").subject == "SSL_CERT_FILE" && bad(&found) == ["tls-trust"],
        "{found:#?}"
    );
}

#[test]
fn an_empty_count_and_a_limit_that_is_not_docker_hub_s_are_told() {
    let sandbox = Sandbox::start(&["--limit", "0"]);
    let home = Home::new();
    let found = findings(
        &home
            .dhlimit(["doctor", "-o", "json"])
            .envs(sandbox.as_docker_hub())
            .env("PATH", bare_path(&home))
            .run(),
    );
    assert_eq!(bad(&found), ["bucket-empty"], "{found:#?}");
    for (profile, id) in [
        ("abuse", "overall-limit"),
        ("lockout", "login-limit"),
        ("blocked", "registry-blocked"),
        ("paid", "bucket"),
    ] {
        let option = format!("--sandbox={profile}");
        let found = findings(
            &home
                .dhlimit(["doctor", "-o", "json", &option])
                .env("PATH", bare_path(&home))
                .run()
                .expect_code(0),
        );
        the(&found, id);
    }
}

#[test]
fn any_registry_is_looked_at_with_its_own_logins() {
    let sandbox = Sandbox::start(&["--account", &format!("bob:{}:50", super::PASSWORD)]);
    let home = Home::new();
    home.write("docker/config.json", &auths(&[(sandbox.authority(), "bob")]));
    let found = findings(
        &home
            .dhlimit(["doctor", "-o", "json", sandbox.authority()])
            .env("PATH", bare_path(&home))
            .run()
            .expect_code(0),
    );
    assert_eq!(the(&found, "login-used").subject, sandbox.authority(), "{found:#?}");
    assert!(found.iter().all(|finding| finding.subject != "docker.io"), "{found:#?}");
    assert!(
        found.iter().any(|finding| finding.evidence.contains("the account bob: 50 of 50")),
        "{found:#?}"
    );
}
