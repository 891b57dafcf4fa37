//! `check` as whoever is found, against a sandbox that knows the accounts.

use std::time::Duration;

use serde_json::json;

use super::{BOB, HUB, PASSWORD, entry};
use crate::harness::secrets::{Secret, assert_absent};
use crate::harness::{Home, Sandbox};

#[test]
fn check_asks_as_everybody_found_and_marks_whom_a_pull_is_counted_on() {
    let sandbox = Sandbox::start(&[
        "--account",
        "bob:pl4nted/Secret+:50",
        "--account",
        "amy:pl4nted/Secret+:70",
    ]);
    let home = Home::new();
    home.docker_config(&json!({ "auths": { HUB: entry("bob") } }));
    home.write(
        "config/dhlimit/config.toml",
        "[[account]]\nname = 'ci'\nuser = 'amy'\npassword_env = 'AMYS'\n",
    );
    let outcome = home
        .dhlimit(["check", "-o", "json", "-vvv"])
        .envs(sandbox.as_docker_hub())
        .env("AMYS", PASSWORD)
        .run()
        .expect_code(0);
    assert_absent(&[BOB, Secret { user: "amy", ..BOB }], &outcome.everything());
    let report = outcome.json();
    let rows: Vec<(Option<&str>, Option<&str>, bool, u64)> = report["readings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|reading| {
            let identity = &reading["identity"];
            let limit = reading["limit"].as_u64().unwrap_or_else(|| panic!("no limit: {reading}"));
            (
                identity["user"].as_str(),
                identity["credentials_from"].as_str(),
                reading["effective"] == true,
                limit,
            )
        })
        .collect();
    let docker =
        format!("{}/docker/config.json auths[https://index.docker.io/v1/]", home.path().display());
    let wanted = [
        (None, None, false, 100),
        (Some("bob"), Some(docker.as_str()), true, 50),
        (Some("amy"), Some("account ci"), false, 70),
    ];
    assert_eq!(rows, wanted);
}

#[test]
fn check_takes_a_user_with_a_password_and_ends_with_4_where_there_is_none() {
    let sandbox = Sandbox::start(&["--account", "bob:pl4nted/Secret+:50"]);
    let home = Home::new();
    home.docker_config(&json!({}));
    let check = |args: &[&str], input: &str| {
        let args = ["check", "--format", "{identity.user} {identity.credentials_from} {limit}"]
            .iter()
            .chain(args);
        let outcome = home.dhlimit(args).envs(sandbox.as_docker_hub()).stdin(input).run();
        assert_absent(&[BOB], &outcome.everything());
        outcome
    };
    let file = home.write("home/pw", PASSWORD);
    let by_pipe =
        check(&["--user", "bob", "--password-stdin"], &format!("{PASSWORD}\n")).expect_code(0);
    assert_eq!(by_pipe.stdout, "bob --password-stdin 50\n");
    let by_file =
        check(&["--user", "bob", "--password-file", file.to_str().unwrap()], "").expect_code(0);
    assert_eq!(by_file.stdout, "bob --password-file ~/pw 50\n");
    let anonymous = check(&["--anonymous"], "").expect_code(0);
    assert_eq!(anonymous.stdout, "- - 100\n");
    let nobody = check(&["--user", "bob"], "").expect_code(4);
    assert!(nobody.stderr.contains("no credentials for bob found in "), "{nobody:?}");
    let wrong = check(&["--user", "bob", "--password-stdin"], "not it").expect_code(4);
    assert!(!wrong.everything().contains("not it"), "{wrong:?}");
    check(&["--password-stdin"], PASSWORD).expect_code(2);
    check(&["--user", "bob", "--password-stdin"], "").expect_code(4);
}

#[test]
fn a_login_that_docker_never_uses_is_said_and_not_used() {
    let sandbox = Sandbox::start(&["--account", "bob:pl4nted/Secret+:50"]);
    let home = Home::new();
    home.docker_config(&json!({ "auths": { "docker.io": entry("bob") } }));
    let outcome = home
        .dhlimit(["check", "-o", "json", "nginx", "redis"])
        .envs(sandbox.as_docker_hub())
        .run()
        .expect_code(0);
    assert_eq!(
        outcome.stderr.matches("auths[docker.io] is never used by docker").count(),
        1,
        "{outcome:?}"
    );
    assert_absent(&[BOB], &outcome.everything());
    let readings = outcome.json()["readings"].as_array().unwrap().clone();
    assert_eq!(readings.len(), 2);
    assert_eq!(
        (&readings[0]["identity"]["kind"], &readings[0]["effective"]),
        (&json!("anonymous"), &json!(true))
    );
}

#[test]
fn a_hanging_helper_does_not_hold_check_beyond_its_time() {
    let sandbox = Sandbox::start(&[]);
    let home = Home::new();
    home.script("docker-credential-hanging", "#!/bin/sh\nsleep 63\n");
    home.docker_config(&json!({ "credsStore": "hanging" }));
    let outcome = home
        .dhlimit(["check", "--timeout", "3s", "-o", "json"])
        .envs(sandbox.as_docker_hub())
        .limit(Duration::from_secs(20))
        .run();
    assert!(outcome.elapsed < Duration::from_secs(6), "{outcome:?}");
    // What the helper left of the time was enough for the reading.
    assert_eq!(outcome.json()["readings"][0]["state"], "limited", "{outcome:?}");
    assert!(
        outcome.stderr.contains("docker-credential-hanging gave no answer within 1s 500ms"),
        "{outcome:?}"
    );
    assert!(outcome.left_running().is_empty(), "{:?}", outcome.left_running());
}
