//! Credentials as they really lie: files in a home, helpers as programs in its search path. First
//! the room itself on tables ([`places`], [`helpers`]), then the program against a sandbox that
//! knows the accounts ([`program`]).

mod helpers;
mod places;
mod program;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use dhlimit::context::Environment;
use dhlimit::credentials::{Account, CredentialsError, Identities, Keychain};
use serde_json::{Value, json};

use crate::harness::secrets::Secret;
use crate::harness::{Home, tools};

pub(crate) const PASSWORD: &str = "pl4nted/Secret+";
pub(crate) const BOB: Secret = Secret { user: "bob", password: PASSWORD };
pub(crate) const HUB: &str = "https://index.docker.io/v1/";

pub(crate) fn entry(user: &str) -> Value {
    json!({ "auth": BASE64_STANDARD.encode(format!("{user}:{PASSWORD}")) })
}

pub(crate) fn auths(entries: &[(&str, &str)]) -> String {
    let map: serde_json::Map<String, Value> =
        entries.iter().map(|(key, user)| ((*key).to_owned(), entry(user))).collect();
    json!({ "auths": map }).to_string()
}

/// A helper program that answers with this user.
pub(super) fn helper(home: &Home, name: &str, user: &str) {
    let answer = json!({ "ServerURL": "", "Username": user, "Secret": PASSWORD });
    home.script(
        &format!("docker-credential-{name}"),
        &format!("#!/bin/sh\ncat > \"$HOME/asked-{name}\"\nprintf '%s' '{answer}'\n"),
    );
}

/// The environment of a program in this home, and further variables.
pub(super) fn environment(home: &Home, variables: &[(&str, &str)]) -> Environment {
    let folder = |name: &str| home.path().join(name).display().to_string();
    let path = format!("{}:{}", folder("bin"), tools::search_path().to_string_lossy());
    let own = [
        ("PATH", path),
        ("HOME", folder("home")),
        ("XDG_RUNTIME_DIR", folder("run")),
        ("XDG_CONFIG_HOME", folder("config")),
    ];
    let own = own.into_iter().map(|(name, value)| (name.to_owned(), value));
    own.chain(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
        .collect()
}

pub(super) fn keychain(
    home: &Home,
    variables: &[(&str, &str)],
    accounts: Vec<Account>,
) -> Keychain {
    Keychain::new(environment(home, variables), accounts)
}

/// `bob* ~/.docker/config.json …`: identities with their origins, a star at the effective one.
pub(super) fn told(found: &Identities, home: &Home) -> Vec<String> {
    let one = |identity: &dhlimit::credentials::Identity| {
        let user = identity.credential.user().unwrap_or(identity.credential.kind());
        let star = if identity.effective { "*" } else { "" };
        let origin =
            identity.origin.as_ref().map_or_else(String::new, |origin| format!(" {origin}"));
        format!("{user}{star}{origin}").replace(&home.path().display().to_string(), "H")
    };
    found.identities.iter().map(one).collect()
}

pub(super) fn notes(found: &Identities) -> Vec<&'static str> {
    found.notes.iter().map(dhlimit::credentials::Note::id).collect()
}

/// What may be shown of a finding, in every way it can be shown.
pub(super) fn everything(found: &Result<Identities, CredentialsError>) -> String {
    let shown = match found {
        Ok(found) => found
            .notes
            .iter()
            .map(|note| format!("{note} {}", note.advice()))
            .collect::<Vec<_>>()
            .join("\n"),
        Err(error) => error.to_string(),
    };
    format!("{found:?}\n{found:#?}\n{shown}")
}
