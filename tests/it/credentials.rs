//! Credentials as they really lie: files in a home, helpers as programs in its search path. First
//! the room itself on tables, then the program against a sandbox that knows the accounts.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use dhlimit::context::Environment;
use dhlimit::credentials::{Account, AccountPassword, Choice, CredentialsError, Identities, Keychain, Login, PasswordSource};
use proptest::prelude::*;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::harness::secrets::{Secret, assert_absent};
use crate::harness::{Home, Sandbox, tools};

const PASSWORD: &str = "pl4nted/Secret+";
const BOB: Secret = Secret { user: "bob", password: PASSWORD };
const HUB: &str = "https://index.docker.io/v1/";

fn entry(user: &str) -> Value {
    json!({ "auth": BASE64_STANDARD.encode(format!("{user}:{PASSWORD}")) })
}

fn auths(entries: &[(&str, &str)]) -> String {
    let map: serde_json::Map<String, Value> = entries.iter().map(|(key, user)| ((*key).to_owned(), entry(user))).collect();
    json!({ "auths": map }).to_string()
}

/// A helper program that answers with this user.
fn helper(home: &Home, name: &str, user: &str) {
    let answer = json!({ "ServerURL": "", "Username": user, "Secret": PASSWORD });
    home.script(&format!("docker-credential-{name}"), &format!("#!/bin/sh\ncat > \"$HOME/asked-{name}\"\nprintf '%s' '{answer}'\n"));
}

/// The environment of a program in this home, and further variables.
fn environment(home: &Home, variables: &[(&str, &str)]) -> Environment {
    let folder = |name: &str| home.path().join(name).display().to_string();
    let path = format!("{}:{}", folder("bin"), tools::search_path().to_string_lossy());
    let own = [("PATH", path), ("HOME", folder("home")), ("XDG_RUNTIME_DIR", folder("run")), ("XDG_CONFIG_HOME", folder("config"))];
    let own = own.into_iter().map(|(name, value)| (name.to_owned(), value));
    own.chain(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))).collect()
}

fn keychain(home: &Home, variables: &[(&str, &str)], accounts: Vec<Account>) -> Keychain {
    Keychain::new(environment(home, variables), accounts)
}

/// `bob* ~/.docker/config.json …`: identities with their origins, a star at the effective one.
fn told(found: &Identities, home: &Home) -> Vec<String> {
    let one = |identity: &dhlimit::credentials::Identity| {
        let user = identity.credential.user().unwrap_or(identity.credential.kind());
        let star = if identity.effective { "*" } else { "" };
        let origin = identity.origin.as_ref().map_or_else(String::new, |origin| format!(" {origin}"));
        format!("{user}{star}{origin}").replace(&home.path().display().to_string(), "H")
    };
    found.identities.iter().map(one).collect()
}

fn notes(found: &Identities) -> Vec<&'static str> {
    found.notes.iter().map(dhlimit::credentials::Note::id).collect()
}

/// What may be shown of a finding, in every way it can be shown.
fn everything(found: &Result<Identities, CredentialsError>) -> String {
    let shown = match found {
        Ok(found) => found.notes.iter().map(|note| format!("{note} {}", note.advice())).collect::<Vec<_>>().join("\n"),
        Err(error) => error.to_string(),
    };
    format!("{found:?}\n{found:#?}\n{shown}")
}

#[tokio::test]
async fn every_place_is_looked_at_in_its_order() {
    // All the places, each with a user of its own; row by row the first of them is taken away.
    let files: [(&str, &str, String, &str); 5] = [
        ("DOCKER_AUTH_CONFIG", "", auths(&[(HUB, "of-variable")]), "of-variable* DOCKER_AUTH_CONFIG auths[https://index.docker.io/v1/]"),
        (
            "",
            "home/.docker/config.json",
            auths(&[(HUB, "of-docker")]),
            "of-docker* ~/.docker/config.json auths[https://index.docker.io/v1/]",
        ),
        ("", "run/containers/auth.json", auths(&[("docker.io", "of-run")]), "of-run* H/run/containers/auth.json auths[docker.io]"),
        (
            "",
            "config/containers/auth.json",
            auths(&[("docker.io", "of-config")]),
            "of-config* H/config/containers/auth.json auths[docker.io]",
        ),
        ("", "home/unrelated", String::new(), "anonymous*"),
    ];
    for first in 0..files.len() {
        let home = Home::new();
        let mut variables = Vec::new();
        for (variable, path, text, _) in files.iter().skip(first) {
            if variable.is_empty() {
                home.write(path, text);
            } else {
                variables.push((*variable, text.as_str()));
            }
        }
        let keychain = keychain(&home, &variables, Vec::new());
        let effective = keychain.identities("docker.io", "library/nginx", &Choice::Effective).await.unwrap();
        assert_eq!(told(&effective, &home), [files[first].3]);
        let all = keychain.identities("docker.io", "library/nginx", &Choice::All).await.unwrap();
        assert_eq!(all.identities.len(), files.len() - first, "{all:?}");
        assert_eq!(all.identities.iter().filter(|identity| identity.effective).count(), 1, "{all:?}");
        assert!(told(&all, &home).contains(&files[first].3.to_owned()), "{all:?}");
        assert!(all.identities[0].credential.is_anonymous() && all.notes.is_empty(), "{all:?}");
    }
}

#[tokio::test]
async fn variables_name_other_places() {
    type Row<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str], &'a [&'a str]);
    let home = Home::new();
    home.write("home/.docker/config.json", &auths(&[(HUB, "of-home")]));
    home.write("other/config.json", &auths(&[(HUB, "of-other")]));
    home.write("run/containers/auth.json", &auths(&[("docker.io", "of-run")]));
    home.write("named.json", &auths(&[("docker.io", "of-named")]));
    let path = |name: &str| home.path().join(name).display().to_string();
    let (other, named, none) = (path("other"), path("named.json"), path("none.json"));
    let rows: [Row<'_>; 3] = [
        (&[("DOCKER_CONFIG", &other)], &["anonymous", "of-other*", "of-run"], &[]),
        (&[("DOCKER_CONFIG", &other), ("REGISTRY_AUTH_FILE", &named)], &["anonymous", "of-other*", "of-named"], &[]),
        (&[("REGISTRY_AUTH_FILE", &none)], &["anonymous", "of-home*"], &["credentials-missing"]),
    ];
    for (variables, wanted, noted) in rows {
        let found = keychain(&home, variables, Vec::new()).identities("docker.io", "a/b", &Choice::All).await.unwrap();
        let users: Vec<String> = told(&found, &home).iter().map(|told| told.split(' ').next().unwrap().to_owned()).collect();
        assert_eq!(users, wanted, "{variables:?}");
        assert_eq!(notes(&found), noted, "{variables:?}");
    }
}

#[tokio::test]
async fn a_helper_for_the_key_comes_before_the_store_and_the_store_before_the_entry() {
    let rows = [
        (
            json!({ "credHelpers": { HUB: "keyed" }, "credsStore": "store", "auths": { HUB: entry("plain") } }),
            "of-keyed",
            vec!["login-overridden"],
        ),
        (json!({ "credsStore": "store", "auths": { HUB: entry("plain") } }), "of-store", vec!["login-overridden"]),
        (json!({ "credsStore": "store", "auths": { HUB: {} } }), "of-store", vec![]),
        (json!({ "credHelpers": { "ghcr.io": "keyed" }, "auths": { HUB: entry("plain") } }), "plain", vec![]),
        // docker asks no other place when the helper has nothing, and the file when the helper fails.
        (
            json!({ "credHelpers": { HUB: "empty" }, "credsStore": "store", "auths": { HUB: entry("plain") } }),
            "anonymous",
            vec!["login-overridden"],
        ),
        (json!({ "credsStore": "failing", "auths": { HUB: entry("plain") } }), "plain", vec!["login-overridden", "helper-fails"]),
        (json!({ "credsStore": "absent", "auths": { HUB: {} } }), "anonymous", vec!["helper-missing"]),
        // Keys that docker never looks up for Docker Hub.
        (json!({ "credHelpers": { "docker.io": "keyed" } }), "anonymous", vec!["login-key-unused"]),
        (
            json!({ "auths": { "docker.io": entry("plain"), "https://registry-1.docker.io/": entry("x") } }),
            "anonymous",
            vec!["login-key-unused", "login-key-unused"],
        ),
        (json!({ "auths": { "docker.io": entry("other"), HUB: entry("plain") } }), "plain", vec!["login-key-unused"]),
        (json!({ "auths": { "docker.io": {} } }), "anonymous", vec![]),
    ];
    let home = Home::new();
    helper(&home, "keyed", "of-keyed");
    helper(&home, "store", "of-store");
    home.script("docker-credential-empty", "#!/bin/sh\ncat > /dev/null\necho 'credentials not found in native keychain'\nexit 1\n");
    home.script("docker-credential-failing", &format!("#!/bin/sh\necho '{PASSWORD}'\nexit 3\n"));
    for (config, user, noted) in rows {
        home.write("home/.docker/config.json", &config.to_string());
        let found = keychain(&home, &[], Vec::new()).identities("docker.io", "", &Choice::Effective).await;
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
        ("empty", "echo 'credentials not found in native keychain'; exit 1".to_owned(), "anonymous", ""),
        ("blank", "printf '%s' '{\"Username\": \"bob\", \"Secret\": \"\"}'".to_owned(), "anonymous", ""),
        ("silent", "exit 0".to_owned(), "anonymous", "helper-nonsense"),
        ("prose", format!("echo 'the password is {secret}'"), "anonymous", "helper-nonsense"),
        ("typed", format!("printf '%s' '{{\"Username\": 7, \"Secret\": \"{secret}\"}}'"), "anonymous", "helper-nonsense"),
        ("nameless", format!("printf '%s' '{}'", json("")), "anonymous", "helper-nonsense"),
        ("failing", format!("echo '{secret}'; echo '{secret}' >&2; exit 1"), "anonymous", "helper-fails"),
        ("dying", "kill -9 $$".to_owned(), "anonymous", "helper-fails"),
        ("flooding", format!("while :; do echo '{secret}'; done"), "anonymous", "helper-nonsense"),
        ("flooding-stderr", format!("head -c 4000000 /dev/zero | tr '\\0' x >&2; printf '%s' '{}'", json("bob")), "bob", ""),
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
        let found = keychain(&home, &[], Vec::new()).identities("docker.io", "", &Choice::Effective).await;
        assert!(started.elapsed() < Duration::from_secs(4), "{name} took {:?}", started.elapsed());
        assert_absent(&[BOB], &everything(&found));
        let found = found.unwrap();
        assert_eq!(told(&found, &home)[0].split('*').next().unwrap(), user, "{name}");
        assert_eq!(notes(&found).join(" "), noted, "{name}");
    }
    // Found, but not a program.
    home.write("bin/docker-credential-plain", "#!/bin/sh\n");
    home.write("home/.docker/config.json", &json!({ "credsStore": "plain" }).to_string());
    let found = keychain(&home, &[], Vec::new()).identities("docker.io", "", &Choice::Effective).await.unwrap();
    assert_eq!(notes(&found), ["helper-missing"]);
}

#[tokio::test]
async fn a_hanging_helper_costs_one_time_limit_and_leaves_nothing_behind() {
    let home = Home::new();
    let marks = home.path().join("marks");
    std::fs::create_dir(&marks).unwrap();
    let script = format!("#!/bin/sh\nsleep 61 & echo $! > {0}/child-$$; echo $$ > {0}/self-$$; wait\n", marks.display());
    home.script("docker-credential-hanging", &script);
    home.write("home/.docker/config.json", &json!({ "credsStore": "hanging", "auths": { HUB: entry("plain") } }).to_string());
    home.write("run/containers/auth.json", &json!({ "credHelpers": { "docker.io": "hanging" } }).to_string());
    let account =
        Account { name: "ci".into(), registry: "docker.io".into(), user: None, password: AccountPassword::Helper("hanging".into()) };
    let keychain = keychain(&home, &[], vec![account]).within(Duration::from_millis(400));
    let started = Instant::now();
    let found = keychain.identities("docker.io", "", &Choice::All).await.unwrap();
    assert!(started.elapsed() < Duration::from_millis(1_500), "{:?}", started.elapsed());
    assert_eq!(notes(&found), ["login-overridden", "helper-hangs", "helper-hangs", "helper-hangs"]);
    assert_eq!(told(&found, &home), ["anonymous", "plain* ~/.docker/config.json auths[https://index.docker.io/v1/]"]);
    let written: Vec<PathBuf> = std::fs::read_dir(&marks).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(written.len(), 6, "three helpers with a child each: {written:?}");
    for file in written {
        let id = std::fs::read_to_string(&file).unwrap();
        let gone = crate::harness::wait_for(Duration::from_secs(5), || is_gone(id.trim()).then_some(()));
        assert!(gone.is_some(), "{} ({id}) still runs", file.display());
    }
}

/// Whether a process has ended, reaped or not.
fn is_gone(id: &str) -> bool {
    match std::fs::read_to_string(format!("/proc/{id}/stat")) {
        Err(_) => true,
        Ok(stat) => stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('Z')),
    }
}

#[tokio::test]
async fn an_abandoned_question_ends_its_helper_and_the_helper_s_children() {
    let home = Home::new();
    let mark = home.path().join("id");
    home.script("docker-credential-hanging", &format!("#!/bin/sh\nsleep 62 & echo $! > {}\nwait\n", mark.display()));
    home.write("home/.docker/config.json", r#"{ "credsStore": "hanging" }"#);
    let keychain = keychain(&home, &[], Vec::new());
    let asked = tokio::time::timeout(Duration::from_millis(500), keychain.identities("docker.io", "", &Choice::Effective)).await;
    assert!(asked.is_err());
    let id =
        crate::harness::wait_for(Duration::from_secs(5), || std::fs::read_to_string(&mark).ok().filter(|id| id.ends_with('\n'))).unwrap();
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
async fn podman_s_longest_namespace_wins_and_its_helpers_are_asked_by_key() {
    let home = Home::new();
    helper(&home, "pod", "of-helper");
    let file = json!({
        "auths": { "docker.io": entry("whole"), "docker.io/team": entry("team"), "docker.io/team/app": entry("app") },
        "credHelpers": { "quay.io": "pod" }, "credsStore": "pod",
    });
    home.write("run/containers/auth.json", &file.to_string());
    let rows = [
        ("docker.io", "library/nginx", "whole"),
        ("docker.io", "team/other", "team"),
        ("docker.io", "team/app", "app"),
        ("docker.io", "team/app/deep", "app"),
        ("docker.io", "teamwork/app", "whole"),
        ("quay.io", "a/b", "of-helper"),
        ("ghcr.io", "a/b", "anonymous"),
    ];
    for (registry, repository, user) in rows {
        let found = keychain(&home, &[], Vec::new()).identities(registry, repository, &Choice::Effective).await.unwrap();
        assert_eq!(told(&found, &home)[0].split('*').next().unwrap(), user, "{registry}/{repository}");
    }
    assert_eq!(std::fs::read_to_string(home.path().join("home/asked-pod")).unwrap().trim_end(), "quay.io");
}

#[tokio::test]
async fn a_broken_place_is_told_and_the_others_still_work() {
    let broken = BASE64_STANDARD.encode(PASSWORD);
    let rows = [
        (format!("{{\"auths\": {{\"{HUB}\": {{\"auth\": \"{PASSWORD}"), "credentials-malformed"),
        (format!("{{\"auths\": \"{PASSWORD}\"}}"), "credentials-malformed"),
        (json!({ "auths": { HUB: { "auth": PASSWORD.trim_end_matches('+') } } }).to_string(), "login-broken"),
        (json!({ "auths": { HUB: { "auth": broken } } }).to_string(), "login-broken"),
        (json!({ "auths": { HUB: PASSWORD } }).to_string(), "login-broken"),
        (" ".repeat(1024 * 1024 + 1), "credentials-too-large"),
    ];
    for (text, noted) in rows {
        let home = Home::new();
        home.write("home/.docker/config.json", &text);
        home.write("run/containers/auth.json", &auths(&[("docker.io", "of-run")]));
        let found = keychain(&home, &[], Vec::new()).identities("docker.io", "", &Choice::Effective).await;
        assert_absent(&[BOB], &everything(&found));
        let found = found.unwrap();
        assert_eq!(notes(&found), [noted]);
        assert!(found.notes[0].to_string().contains("~/.docker/config.json"), "{}", found.notes[0]);
        assert!(told(&found, &home)[0].starts_with("of-run*"), "{found:?}");
    }
    let home = Home::new();
    home.write("home/.docker/config.json", &auths(&[(HUB, "of-docker")]));
    let variables = [("DOCKER_AUTH_CONFIG", "{\"auths\": pl4nted/Secret+")];
    let found = keychain(&home, &variables, Vec::new()).identities("docker.io", "", &Choice::Effective).await;
    assert_absent(&[BOB], &everything(&found));
    let found = found.unwrap();
    assert_eq!(notes(&found), ["credentials-malformed"]);
    assert!(found.notes[0].to_string().starts_with("DOCKER_AUTH_CONFIG is no credentials file"), "{}", found.notes[0]);
    assert!(told(&found, &home)[0].starts_with("of-docker*"));
}

#[tokio::test]
async fn each_account_is_one_identity_wherever_it_lies_and_accounts_of_the_file_are_never_effective() {
    let home = Home::new();
    helper(&home, "spare", "dora");
    home.write("home/.docker/config.json", &auths(&[(HUB, "bob"), ("ghcr.io", "other")]));
    home.write("run/containers/auth.json", &auths(&[("docker.io", "bob")]));
    home.write("config/containers/auth.json", &auths(&[("docker.io", "carl")]));
    let file = home.write("pw", &format!("{PASSWORD}\n"));
    let account = |name: &str, registry: &str, user: Option<&str>, password| Account {
        name: name.into(),
        registry: registry.into(),
        user: user.map(str::to_owned),
        password,
    };
    let accounts = vec![
        account("ci", "docker.io", Some("amy"), AccountPassword::File(file.clone())),
        account("again", "docker.io", Some("bob"), AccountPassword::File(file)),
        account("var", "docker.io", Some("eve"), AccountPassword::Variable("HUB_PASSWORD".into())),
        account("spare", "docker.io", None, AccountPassword::Helper("spare".into())),
        account("elsewhere", "quay.io", Some("zoe"), AccountPassword::Variable("HUB_PASSWORD".into())),
        account("unset", "docker.io", Some("u"), AccountPassword::Variable("NOT_SET".into())),
        account("lost", "docker.io", Some("l"), AccountPassword::File("/none/pw".into())),
        account("wrong", "docker.io", Some("w"), AccountPassword::Helper("spare".into())),
    ];
    let keychain = keychain(&home, &[("HUB_PASSWORD", PASSWORD)], accounts);
    let found = keychain.identities("docker.io", "library/nginx", &Choice::All).await;
    assert_absent(&[BOB], &everything(&found));
    let found = found.unwrap();
    let wanted = [
        "anonymous",
        "bob* ~/.docker/config.json auths[https://index.docker.io/v1/]",
        "carl H/config/containers/auth.json auths[docker.io]",
        "amy account ci",
        "eve account var",
        "dora account spare",
    ];
    assert_eq!(told(&found, &home), wanted);
    let noted: Vec<String> = found.notes.iter().map(ToString::to_string).collect();
    let wanted = [
        "account unset: the variable NOT_SET is not set",
        "account lost: cannot read the password file /none/pw: entity not found",
        "account wrong: docker-credential-spare has credentials for another user",
    ];
    assert_eq!(noted, wanted);
    for (name, user) in [("amy", "amy"), ("ci", "amy"), ("spare", "dora"), ("carl", "carl"), ("bob", "bob")] {
        let chosen = keychain.identities("docker.io", "library/nginx", &Choice::User(name.into())).await.unwrap();
        assert_eq!(chosen.identities.len(), 1);
        assert!(chosen.identities[0].effective);
        assert_eq!(chosen.identities[0].credential.user(), Some(user), "{name}");
    }
    let error = keychain.identities("docker.io", "", &Choice::User("nobody".into())).await.unwrap_err();
    assert!(error.to_string().starts_with("no credentials for nobody found in ~/.docker/config.json, "), "{error}");
    let effective = keychain.identities("quay.io", "", &Choice::Effective).await.unwrap();
    assert_eq!(told(&effective, &home), ["anonymous*"]);
}

#[tokio::test]
async fn a_password_handed_over_is_one_line_from_input_or_file() {
    let home = Home::new();
    let file = home.write("home/pw", &format!("{PASSWORD}\n"));
    let environment = environment(&home, &[]);
    let by_file = Login::explicit("bob", &PasswordSource::File(file), tokio::io::empty(), &environment).await.unwrap();
    let piped = format!("{PASSWORD}\r\n");
    let by_pipe = Login::explicit("bob", &PasswordSource::Stdin, piped.as_bytes(), &environment).await.unwrap();
    for (login, origin) in [(by_file, "--password-file ~/pw"), (by_pipe, "--password-stdin")] {
        assert_eq!(login.origin.to_string(), origin);
        let dhlimit::credentials::Credential::Password { user, secret } = &login.credential else { panic!("{login:?}") };
        assert_eq!((user.as_str(), secret.expose_secret()), ("bob", PASSWORD));
        assert_absent(&[BOB], &format!("{login:?}"));
    }
    for bad in ["", "\n", "two\nlines\n"] {
        let error = Login::explicit("bob", &PasswordSource::Stdin, bad.as_bytes(), &environment).await.unwrap_err();
        assert_eq!(error.to_string(), "the password from --password-stdin is empty or not one line of text");
    }
    // An endless input is cut off, not read for ever.
    let endless = Login::explicit("bob", &PasswordSource::Stdin, tokio::io::repeat(b'x'), &environment).await;
    assert!(matches!(endless, Err(CredentialsError::Password { .. })));
    let none = Login::explicit("bob", &PasswordSource::File("/none".into()), tokio::io::empty(), &environment).await.unwrap_err();
    assert_eq!(none.to_string(), "cannot read the password from --password-file /none: entity not found");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any bytes around a planted secret in a credentials file: no panic, and no word of it.
    #[test]
    fn no_file_makes_the_keychain_panic_or_talk(before in proptest::collection::vec(any::<u8>(), 0..60), after in proptest::collection::vec(any::<u8>(), 0..60), shape in 0_usize..4) {
        let home = Home::new();
        let text = match shape {
            0 => PASSWORD.as_bytes().to_vec(),
            1 => auths(&[(HUB, "bob")]).into_bytes(),
            2 => json!({ "auths": { HUB: { "username": "bob", "password": PASSWORD } } }).to_string().into_bytes(),
            _ => json!({ "auths": { HUB: { "identitytoken": PASSWORD, "auth": PASSWORD } } }).to_string().into_bytes(),
        };
        let bytes = [before, text, after].concat();
        std::fs::create_dir_all(home.path().join("home/.docker")).unwrap();
        std::fs::write(home.path().join("home/.docker/config.json"), bytes).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let found = runtime.block_on(keychain(&home, &[], Vec::new()).identities("docker.io", "library/nginx", &Choice::All));
        assert_absent(&[BOB], &everything(&found));
        prop_assert!(found.is_ok());
    }
}

#[test]
fn check_asks_as_everybody_found_and_marks_whom_a_pull_is_counted_on() {
    let sandbox = Sandbox::start(&["--account", "bob:pl4nted/Secret+:50", "--account", "amy:pl4nted/Secret+:70"]);
    let home = Home::new();
    home.docker_config(&json!({ "auths": { HUB: entry("bob") } }));
    home.write("config/dhlimit/config.toml", "[[account]]\nname = 'ci'\nuser = 'amy'\npassword_env = 'AMYS'\n");
    let outcome = home.dhlimit(["check", "-o", "json", "-vvv"]).envs(sandbox.as_docker_hub()).env("AMYS", PASSWORD).run().expect_code(0);
    assert_absent(&[BOB, Secret { user: "amy", ..BOB }], &outcome.everything());
    let report = outcome.json();
    let rows: Vec<(Option<&str>, Option<&str>, bool, u64)> = report["readings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|reading| {
            let identity = &reading["identity"];
            let limit = reading["limit"].as_u64().unwrap_or_else(|| panic!("no limit: {reading}"));
            (identity["user"].as_str(), identity["credentials_from"].as_str(), reading["effective"] == true, limit)
        })
        .collect();
    let docker = format!("{}/docker/config.json auths[https://index.docker.io/v1/]", home.path().display());
    let wanted = [(None, None, false, 100), (Some("bob"), Some(docker.as_str()), true, 50), (Some("amy"), Some("account ci"), false, 70)];
    assert_eq!(rows, wanted);
}

#[test]
fn check_takes_a_user_with_a_password_and_ends_with_4_where_there_is_none() {
    let sandbox = Sandbox::start(&["--account", "bob:pl4nted/Secret+:50"]);
    let home = Home::new();
    home.docker_config(&json!({}));
    let check = |args: &[&str], input: &str| {
        let args = ["check", "--format", "{identity.user} {identity.credentials_from} {limit}"].iter().chain(args);
        let outcome = home.dhlimit(args).envs(sandbox.as_docker_hub()).stdin(input).run();
        assert_absent(&[BOB], &outcome.everything());
        outcome
    };
    let file = home.write("home/pw", PASSWORD);
    let by_pipe = check(&["--user", "bob", "--password-stdin"], &format!("{PASSWORD}\n")).expect_code(0);
    assert_eq!(by_pipe.stdout, "bob --password-stdin 50\n");
    let by_file = check(&["--user", "bob", "--password-file", file.to_str().unwrap()], "").expect_code(0);
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
    let outcome = home.dhlimit(["check", "-o", "json"]).envs(sandbox.as_docker_hub()).run().expect_code(0);
    assert!(outcome.stderr.contains("auths[docker.io] is never used by docker"), "{outcome:?}");
    assert_absent(&[BOB], &outcome.everything());
    let readings = outcome.json()["readings"].as_array().unwrap().clone();
    assert_eq!(readings.len(), 1);
    assert_eq!((&readings[0]["identity"]["kind"], &readings[0]["effective"]), (&json!("anonymous"), &json!(true)));
}

#[test]
fn a_hanging_helper_does_not_hold_check_beyond_its_time() {
    let sandbox = Sandbox::start(&[]);
    let home = Home::new();
    home.script("docker-credential-hanging", "#!/bin/sh\nsleep 63\n");
    home.docker_config(&json!({ "credsStore": "hanging" }));
    let outcome =
        home.dhlimit(["check", "--timeout", "1s", "-o", "json"]).envs(sandbox.as_docker_hub()).limit(Duration::from_secs(20)).run();
    assert!(outcome.elapsed < Duration::from_secs(4), "{outcome:?}");
    assert!(outcome.stderr.contains("docker-credential-hanging gave no answer within 1s"), "{outcome:?}");
    assert!(outcome.left_running().is_empty(), "{:?}", outcome.left_running());
}
