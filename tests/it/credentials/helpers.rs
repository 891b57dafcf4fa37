//! Credential helpers: strangers' programs that may fail, flood and hang.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use dhlimit::credentials::{Account, AccountPassword, Choice};
use serde_json::json;

use super::{BOB, HUB, PASSWORD, entry, everything, helper, keychain, notes, told};
use crate::harness::Home;
use crate::harness::secrets::assert_absent;

#[tokio::test]
async fn a_helper_for_the_key_comes_before_the_store_and_the_store_before_the_entry() {
    let rows = [
        (
            json!({ "credHelpers": { HUB: "keyed" }, "credsStore": "store", "auths": { HUB: entry("plain") } }),
            "of-keyed",
            vec!["login-overridden"],
        ),
        (
            json!({ "credsStore": "store", "auths": { HUB: entry("plain") } }),
            "of-store",
            vec!["login-overridden"],
        ),
        (json!({ "credsStore": "store", "auths": { HUB: {} } }), "of-store", vec![]),
        (
            json!({ "credHelpers": { "ghcr.io": "keyed" }, "auths": { HUB: entry("plain") } }),
            "plain",
            vec![],
        ),
        // docker asks no other place when the helper has nothing, and the file when the helper fails.
        (
            json!({ "credHelpers": { HUB: "empty" }, "credsStore": "store", "auths": { HUB: entry("plain") } }),
            "anonymous",
            vec!["login-overridden"],
        ),
        (
            json!({ "credsStore": "failing", "auths": { HUB: entry("plain") } }),
            "plain",
            vec!["login-overridden", "helper-fails"],
        ),
        (
            json!({ "credsStore": "absent", "auths": { HUB: {} } }),
            "anonymous",
            vec!["helper-missing"],
        ),
        // Keys that docker never looks up for Docker Hub.
        (json!({ "credHelpers": { "docker.io": "keyed" } }), "anonymous", vec!["login-key-unused"]),
        (
            json!({ "auths": { "docker.io": entry("plain"), "https://registry-1.docker.io/": entry("x") } }),
            "anonymous",
            vec!["login-key-unused", "login-key-unused"],
        ),
        (
            json!({ "auths": { "docker.io": entry("other"), HUB: entry("plain") } }),
            "plain",
            vec!["login-key-unused"],
        ),
        (json!({ "auths": { "docker.io": {} } }), "anonymous", vec![]),
    ];
    let home = Home::new();
    helper(&home, "keyed", "of-keyed");
    helper(&home, "store", "of-store");
    home.script(
        "docker-credential-empty",
        "#!/bin/sh\ncat > /dev/null\necho 'credentials not found in native keychain'\nexit 1\n",
    );
    home.script("docker-credential-failing", &format!("#!/bin/sh\necho '{PASSWORD}'\nexit 3\n"));
    for (config, user, noted) in rows {
        home.write("home/.docker/config.json", &config.to_string());
        let found =
            keychain(&home, &[], Vec::new()).identities("docker.io", "", &Choice::Effective).await;
        assert_absent(&[BOB], &everything(&found));
        let found = found.unwrap();
        assert_eq!(told(&found, &home)[0].split('*').next().unwrap(), user, "{config}");
        assert_eq!(notes(&found), noted, "{config}");
    }
    let asked = std::fs::read_to_string(home.path().join("home/asked-store")).unwrap();
    assert_eq!(asked.trim_end(), HUB, "docker's key is what the helper is asked for");
}

#[tokio::test]
async fn whatever_a_helper_does_is_told_and_never_shown() {
    let secret = PASSWORD;
    let json = |user: &str| json!({ "Username": user, "Secret": secret }).to_string();
    let rows = [
        ("good", format!("cat > /dev/null; printf '%s' '{}'", json("bob")), "bob", ""),
        ("deaf", format!("exec < /dev/null; printf '%s' '{}'", json("bob")), "bob", ""),
        ("token", format!("printf '%s' '{}'", json("<token>")), "identity token", ""),
        ("chatty", format!("echo '{secret}' >&2; printf '%s' '{}'", json("bob")), "bob", ""),
        (
            "empty",
            "echo 'credentials not found in native keychain'; exit 1".to_owned(),
            "anonymous",
            "",
        ),
        (
            "blank",
            "printf '%s' '{\"Username\": \"bob\", \"Secret\": \"\"}'".to_owned(),
            "anonymous",
            "",
        ),
        ("silent", "exit 0".to_owned(), "anonymous", "helper-nonsense"),
        ("prose", format!("echo 'the password is {secret}'"), "anonymous", "helper-nonsense"),
        (
            "typed",
            format!("printf '%s' '{{\"Username\": 7, \"Secret\": \"{secret}\"}}'"),
            "anonymous",
            "helper-nonsense",
        ),
        ("nameless", format!("printf '%s' '{}'", json("")), "anonymous", "helper-nonsense"),
        (
            "failing",
            format!("echo '{secret}'; echo '{secret}' >&2; exit 1"),
            "anonymous",
            "helper-fails",
        ),
        ("dying", "kill -9 $$".to_owned(), "anonymous", "helper-fails"),
        ("flooding", format!("while :; do echo '{secret}'; done"), "anonymous", "helper-nonsense"),
        (
            "flooding-stderr",
            format!("head -c 4000000 /dev/zero | tr '\\0' x >&2; printf '%s' '{}'", json("bob")),
            "bob",
            "",
        ),
        ("../evil", String::new(), "anonymous", "helper-name"),
        ("a b", String::new(), "anonymous", "helper-name"),
        ("absent", String::new(), "anonymous", "helper-missing"),
    ];
    let home = Home::new();
    for (name, script, user, noted) in rows {
        if !script.is_empty() {
            home.script(&format!("docker-credential-{name}"), &format!("#!/bin/sh\n{script}\n"));
        }
        home.write("home/.docker/config.json", &json!({ "credsStore": name }).to_string());
        let started = Instant::now();
        let found =
            keychain(&home, &[], Vec::new()).identities("docker.io", "", &Choice::Effective).await;
        assert!(started.elapsed() < Duration::from_secs(4), "{name} took {:?}", started.elapsed());
        assert_absent(&[BOB], &everything(&found));
        let found = found.unwrap();
        assert_eq!(told(&found, &home)[0].split('*').next().unwrap(), user, "{name}");
        assert_eq!(notes(&found).join(" "), noted, "{name}");
    }
    // Found, but not a program.
    home.write("bin/docker-credential-plain", "#!/bin/sh\n");
    home.write("home/.docker/config.json", &json!({ "credsStore": "plain" }).to_string());
    let found = keychain(&home, &[], Vec::new())
        .identities("docker.io", "", &Choice::Effective)
        .await
        .unwrap();
    assert_eq!(notes(&found), ["helper-missing"]);
}

#[tokio::test]
async fn a_hanging_helper_costs_one_time_limit_and_leaves_nothing_behind() {
    let home = Home::new();
    let marks = home.path().join("marks");
    std::fs::create_dir(&marks).unwrap();
    let script = format!(
        "#!/bin/sh\nsleep 61 & echo $! > {0}/child-$$; echo $$ > {0}/self-$$; wait\n",
        marks.display()
    );
    home.script("docker-credential-hanging", &script);
    home.write(
        "home/.docker/config.json",
        &json!({ "credsStore": "hanging", "auths": { HUB: entry("plain") } }).to_string(),
    );
    home.write(
        "run/containers/auth.json",
        &json!({ "credHelpers": { "docker.io": "hanging" } }).to_string(),
    );
    let account = Account {
        name: "ci".into(),
        registry: "docker.io".into(),
        user: None,
        password: AccountPassword::Helper("hanging".into()),
    };
    let keychain = keychain(&home, &[], vec![account]).within(Duration::from_millis(400));
    let started = Instant::now();
    let found = keychain.identities("docker.io", "", &Choice::All).await.unwrap();
    assert!(started.elapsed() < Duration::from_millis(1_500), "{:?}", started.elapsed());
    assert_eq!(notes(&found), ["login-overridden", "helper-hangs", "helper-hangs", "helper-hangs"]);
    assert_eq!(
        told(&found, &home),
        ["anonymous", "plain* ~/.docker/config.json auths[https://index.docker.io/v1/]"]
    );
    let written: Vec<PathBuf> =
        std::fs::read_dir(&marks).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(
        written.len(),
        4,
        "two questions, docker's and podman's, with a child each: {written:?}"
    );
    for file in written {
        let id = std::fs::read_to_string(&file).unwrap();
        let gone =
            crate::harness::wait_for(Duration::from_secs(5), || is_gone(id.trim()).then_some(()));
        assert!(gone.is_some(), "{} ({id}) still runs", file.display());
    }
}

/// Whether a process has ended, reaped or not.
fn is_gone(id: &str) -> bool {
    match std::fs::read_to_string(format!("/proc/{id}/stat")) {
        Err(_) => true,
        Ok(stat) => {
            stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('Z'))
        }
    }
}

#[tokio::test]
async fn an_abandoned_question_ends_its_helper_and_the_helper_s_children() {
    let home = Home::new();
    let mark = home.path().join("id");
    home.script(
        "docker-credential-hanging",
        &format!("#!/bin/sh\nsleep 62 & echo $! > {}\nwait\n", mark.display()),
    );
    home.write("home/.docker/config.json", r#"{ "credsStore": "hanging" }"#);
    let keychain = keychain(&home, &[], Vec::new());
    let asked = tokio::time::timeout(
        Duration::from_millis(500),
        keychain.identities("docker.io", "", &Choice::Effective),
    )
    .await;
    assert!(asked.is_err());
    let id = crate::harness::wait_for(Duration::from_secs(5), || {
        std::fs::read_to_string(&mark).ok().filter(|id| id.ends_with('\n'))
    })
    .unwrap();
    // The runtime drops the abandoned task when it next runs.
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        if is_gone(id.trim()) {
            return;
        }
    }
    panic!("the helper {id} still runs");
}

#[tokio::test]
async fn a_helper_is_asked_for_a_server_once_however_many_want_it() {
    let home = Home::new();
    let answer = json!({ "Username": "bob", "Secret": PASSWORD });
    home.script(
        "docker-credential-counting",
        &format!("#!/bin/sh\ncat >> \"$HOME/asked\"\nprintf '%s' '{answer}'\n"),
    );
    home.write("home/.docker/config.json", &json!({ "credsStore": "counting" }).to_string());
    let account = Account {
        name: "ci".into(),
        registry: "docker.io".into(),
        user: None,
        password: AccountPassword::Helper("counting".into()),
    };
    let keychain = keychain(&home, &[], vec![account]);
    for repository in ["library/nginx", "library/redis", "team/app"] {
        let found = keychain.identities("docker.io", repository, &Choice::All).await.unwrap();
        assert_eq!(
            told(&found, &home),
            ["anonymous", "bob* ~/.docker/config.json credsStore counting"]
        );
    }
    keychain.identities("ghcr.io", "team/app", &Choice::All).await.unwrap();
    let asked = std::fs::read_to_string(home.path().join("home/asked")).unwrap();
    assert_eq!(asked, format!("{HUB}\nghcr.io\n"));
}
