//! Places, their order, and what they hold.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use dhlimit::credentials::{
    Account, AccountPassword, Choice, CredentialsError, Login, PasswordSource,
};
use proptest::prelude::*;
use secrecy::ExposeSecret;
use serde_json::json;

use super::{
    BOB, HUB, PASSWORD, auths, entry, environment, everything, helper, keychain, notes, told,
};
use crate::harness::Home;
use crate::harness::secrets::assert_absent;

/// More time than any file here needs.
const AMPLE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn every_place_is_looked_at_in_its_order() {
    // All the places, each with a user of its own; row by row the first of them is taken away.
    let files: [(&str, &str, String, &str); 5] = [
        (
            "DOCKER_AUTH_CONFIG",
            "",
            auths(&[(HUB, "of-variable")]),
            "of-variable* DOCKER_AUTH_CONFIG auths[https://index.docker.io/v1/]",
        ),
        (
            "",
            "home/.docker/config.json",
            auths(&[(HUB, "of-docker")]),
            "of-docker* ~/.docker/config.json auths[https://index.docker.io/v1/]",
        ),
        (
            "",
            "run/containers/auth.json",
            auths(&[("docker.io", "of-run")]),
            "of-run* H/run/containers/auth.json auths[docker.io]",
        ),
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
        let effective =
            keychain.identities("docker.io", "library/nginx", &Choice::Effective).await.unwrap();
        assert_eq!(told(&effective, &home), [files[first].3]);
        let all = keychain.identities("docker.io", "library/nginx", &Choice::All).await.unwrap();
        assert_eq!(all.identities.len(), files.len() - first, "{all:?}");
        assert_eq!(
            all.identities.iter().filter(|identity| identity.effective).count(),
            1,
            "{all:?}"
        );
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
    let (gone, file) = (path("gone"), path("other/config.json"));
    home.write("empty/keep", "");
    let (empty, below) = (path("empty"), path("other/config.json/deeper"));
    let rows: [Row<'_>; 9] = [
        (&[("DOCKER_CONFIG", &gone)], &["anonymous", "of-run*"], &["credentials-missing"]),
        (&[("DOCKER_CONFIG", &file)], &["anonymous", "of-run*"], &["credentials-missing"]),
        (&[("DOCKER_CONFIG", &below)], &["anonymous", "of-run*"], &["credentials-missing"]),
        (&[("DOCKER_CONFIG", "~/.docker")], &["anonymous", "of-run*"], &["credentials-missing"]),
        (&[("DOCKER_CONFIG", "~")], &["anonymous", "of-run*"], &["credentials-missing"]),
        (&[("DOCKER_CONFIG", &empty)], &["anonymous", "of-run*"], &[]),
        (&[("DOCKER_CONFIG", &other)], &["anonymous", "of-other*", "of-run"], &[]),
        (
            &[("DOCKER_CONFIG", &other), ("REGISTRY_AUTH_FILE", &named)],
            &["anonymous", "of-other*", "of-named"],
            &[],
        ),
        (&[("REGISTRY_AUTH_FILE", &none)], &["anonymous", "of-home*"], &["credentials-missing"]),
    ];
    for (variables, wanted, noted) in rows {
        let found = keychain(&home, variables, Vec::new())
            .identities("docker.io", "a/b", &Choice::All)
            .await
            .unwrap();
        let users: Vec<String> = told(&found, &home)
            .iter()
            .map(|told| told.split(' ').next().unwrap().to_owned())
            .collect();
        assert_eq!(users, wanted, "{variables:?}");
        assert_eq!(notes(&found), noted, "{variables:?}");
    }
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
        let found = keychain(&home, &[], Vec::new())
            .identities(registry, repository, &Choice::Effective)
            .await
            .unwrap();
        assert_eq!(
            told(&found, &home)[0].split('*').next().unwrap(),
            user,
            "{registry}/{repository}"
        );
    }
    assert_eq!(
        std::fs::read_to_string(home.path().join("home/asked-pod")).unwrap().trim_end(),
        "quay.io"
    );
}

#[tokio::test]
async fn a_broken_place_is_told_and_the_others_still_work() {
    let broken = BASE64_STANDARD.encode(PASSWORD);
    let rows = [
        (format!("{{\"auths\": {{\"{HUB}\": {{\"auth\": \"{PASSWORD}"), "credentials-malformed"),
        (format!("{{\"auths\": \"{PASSWORD}\"}}"), "credentials-malformed"),
        (
            json!({ "auths": { HUB: { "auth": PASSWORD.trim_end_matches('+') } } }).to_string(),
            "login-broken",
        ),
        (json!({ "auths": { HUB: { "auth": broken } } }).to_string(), "login-broken"),
        (json!({ "auths": { HUB: PASSWORD } }).to_string(), "login-broken"),
        (" ".repeat(1024 * 1024 + 1), "credentials-too-large"),
    ];
    for (text, noted) in rows {
        let home = Home::new();
        home.write("home/.docker/config.json", &text);
        home.write("run/containers/auth.json", &auths(&[("docker.io", "of-run")]));
        let found =
            keychain(&home, &[], Vec::new()).identities("docker.io", "", &Choice::Effective).await;
        assert_absent(&[BOB], &everything(&found));
        let found = found.unwrap();
        assert_eq!(notes(&found), [noted]);
        assert!(found.notes[0].to_string().contains("~/.docker/config.json"), "{}", found.notes[0]);
        assert!(told(&found, &home)[0].starts_with("of-run*"), "{found:?}");
    }
    let home = Home::new();
    home.write("home/.docker/config.json", &auths(&[(HUB, "of-docker")]));
    let variables = [("DOCKER_AUTH_CONFIG", "{\"auths\": pl4nted/Secret+")];
    let found = keychain(&home, &variables, Vec::new())
        .identities("docker.io", "", &Choice::Effective)
        .await;
    assert_absent(&[BOB], &everything(&found));
    let found = found.unwrap();
    assert_eq!(notes(&found), ["credentials-malformed"]);
    assert!(
        found.notes[0].to_string().starts_with("DOCKER_AUTH_CONFIG is no credentials file"),
        "{}",
        found.notes[0]
    );
    assert!(told(&found, &home)[0].starts_with("of-docker*"));
}

#[tokio::test]
async fn each_account_is_one_identity_wherever_it_lies_and_accounts_of_the_file_are_never_effective()
 {
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
        account(
            "elsewhere",
            "quay.io",
            Some("zoe"),
            AccountPassword::Variable("HUB_PASSWORD".into()),
        ),
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
        "account lost: cannot read the password file /none/pw: no such file",
        "account wrong: docker-credential-spare has credentials for another user",
    ];
    assert_eq!(noted, wanted);
    for (name, user) in
        [("amy", "amy"), ("ci", "amy"), ("spare", "dora"), ("carl", "carl"), ("bob", "bob")]
    {
        let chosen = keychain
            .identities("docker.io", "library/nginx", &Choice::User(name.into()))
            .await
            .unwrap();
        assert_eq!(chosen.identities.len(), 1);
        assert!(chosen.identities[0].effective);
        assert_eq!(chosen.identities[0].credential.user(), Some(user), "{name}");
    }
    let error =
        keychain.identities("docker.io", "", &Choice::User("nobody".into())).await.unwrap_err();
    assert!(
        error.to_string().starts_with("no credentials for nobody found in ~/.docker/config.json, "),
        "{error}"
    );
    let effective = keychain.identities("quay.io", "", &Choice::Effective).await.unwrap();
    assert_eq!(told(&effective, &home), ["anonymous*"]);
}

#[tokio::test]
async fn a_password_handed_over_is_one_line_from_input_or_file() {
    let home = Home::new();
    let file = home.write("home/pw", &format!("{PASSWORD}\n"));
    let environment = environment(&home, &[]);
    let by_file =
        Login::explicit("bob", &PasswordSource::File(file), std::io::empty(), &environment, AMPLE)
            .await
            .unwrap();
    let piped = format!("{PASSWORD}\r\n");
    let piped = std::io::Cursor::new(piped);
    let by_pipe =
        Login::explicit("bob", &PasswordSource::Stdin, piped, &environment, AMPLE).await.unwrap();
    for (login, origin) in [(by_file, "--password-file ~/pw"), (by_pipe, "--password-stdin")] {
        assert_eq!(login.origin.to_string(), origin);
        let dhlimit::credentials::Credential::Password { user, secret } = &login.credential else {
            panic!("{login:?}")
        };
        assert_eq!((user.as_str(), secret.expose_secret()), ("bob", PASSWORD));
        assert_absent(&[BOB], &format!("{login:?}"));
    }
    for bad in ["", "\n", "two\nlines\n"] {
        let error =
            Login::explicit("bob", &PasswordSource::Stdin, bad.as_bytes(), &environment, AMPLE)
                .await
                .unwrap_err();
        assert_eq!(
            error.to_string(),
            "the password from --password-stdin is empty or not one line of text"
        );
    }
    // An endless input is cut off, not read for ever.
    let endless =
        Login::explicit("bob", &PasswordSource::Stdin, std::io::repeat(b'x'), &environment, AMPLE)
            .await;
    assert!(matches!(endless, Err(CredentialsError::Unreadable { .. })), "{endless:?}");
    let none = Login::explicit(
        "bob",
        &PasswordSource::File("/none".into()),
        std::io::empty(),
        &environment,
        AMPLE,
    )
    .await
    .unwrap_err();
    assert_eq!(
        none.to_string(),
        "cannot read the password from --password-file /none: no such file"
    );
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
