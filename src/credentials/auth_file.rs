//! Docker's credentials format, wherever it lies: `config.json`, `auth.json`, `DOCKER_AUTH_CONFIG`,
//! Kubernetes' `.dockerconfigjson`. Parsing is lenient by entry, so that one broken entry leaves the
//! others at work, and errors never quote what they stumbled over. Follows docker/cli's
//! `config/configfile` (v28, 2025).

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::Credential;

/// The contents of one credentials file.
#[derive(Debug, Clone, Default)]
pub struct AuthFile {
    /// `auths`: by key, the credential there; `Anonymous` where the entry holds none.
    pub auths: BTreeMap<String, Result<Credential, EntryError>>,
    /// `credHelpers`: by key, the name of the helper to ask.
    pub helpers: BTreeMap<String, String>,
    /// `credsStore`: the helper to ask for everything else.
    pub store: Option<String>,
}

/// Why a text is no credentials file. Says where, never what.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthFileError {
    /// It is no JSON.
    #[error("not JSON: broken at line {line}, column {column}")]
    Json {
        /// Line, from 1.
        line: usize,
        /// Column, from 1; 0 at the start of a line.
        column: usize,
    },
    /// It is JSON of another shape.
    #[error("{0} is not what Docker's format wants there")]
    Shape(&'static str),
}

/// Why an entry of `auths` cannot be used. Says what is wrong, never what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// The entry is no JSON object, or one of its fields no string.
    #[error("is not an object of strings")]
    Shape,
    /// `auth` is no base64.
    #[error("has an `auth` that is not base64")]
    Base64,
    /// `auth` decodes to bytes that are no text.
    #[error("has an `auth` that is not text inside its base64")]
    Utf8,
    /// `auth` has no colon between user and password.
    #[error("has an `auth` without a colon between user and password")]
    Colon,
    /// There is a password but no user name.
    #[error("has no user name")]
    NoUser,
    /// There is a user name but neither password nor token.
    #[error("has a user name but neither password nor token")]
    NoSecret,
}

impl AuthFile {
    /// Parses a credentials file; an empty one holds nothing.
    ///
    /// ```
    /// use dhlimit::credentials::AuthFile;
    /// let file = AuthFile::parse(br#"{"auths": {"ghcr.io": {"auth": "Ym9iOnNlY3JldA=="}}}"#).unwrap();
    /// assert_eq!(file.auths["ghcr.io"].as_ref().unwrap().user(), Some("bob"));
    /// ```
    pub fn parse(bytes: &[u8]) -> Result<Self, AuthFileError> {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self::default());
        }
        // By way of `Value`: serde's own messages for a wrong shape quote the value they met.
        let value: Value = serde_json::from_slice(bytes)
            .map_err(|error| AuthFileError::Json { line: error.line(), column: error.column() })?;
        let Value::Object(root) = value else { return Err(AuthFileError::Shape("the whole")) };
        let auths = object(&root, "auths")?
            .into_iter()
            .flatten()
            .map(|(key, value)| (key.clone(), entry(value)))
            .collect();
        let helpers = object(&root, "credHelpers")?
            .into_iter()
            .flatten()
            .filter(|(_, name)| !name.is_null())
            .map(|(key, name)| {
                Ok((
                    key.clone(),
                    name.as_str().ok_or(AuthFileError::Shape("`credHelpers`"))?.to_owned(),
                ))
            })
            .collect::<Result<_, _>>()?;
        let store = match root.get("credsStore") {
            None | Some(Value::Null) => None,
            Some(Value::String(name)) => Some(name.clone()).filter(|name| !name.is_empty()),
            Some(_) => return Err(AuthFileError::Shape("`credsStore`")),
        };
        Ok(Self { auths, helpers, store })
    }

    /// Parses the older format of `~/.dockercfg`: the entries of `auths` and nothing about them.
    pub fn parse_dockercfg(bytes: &[u8]) -> Result<Self, AuthFileError> {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self::default());
        }
        let value: Value = serde_json::from_slice(bytes)
            .map_err(|error| AuthFileError::Json { line: error.line(), column: error.column() })?;
        let Value::Object(root) = value else { return Err(AuthFileError::Shape("the whole")) };
        let auths = root.iter().map(|(key, value)| (key.clone(), entry(value))).collect();
        Ok(Self { auths, ..Self::default() })
    }
}

impl EntryError {
    /// Whether docker refuses the whole file for such an entry, whatever registry is asked about (seen
    /// with docker 28.2.2: "Error parsing config file", and pulls with and without the other logins).
    pub const fn spoils_file(self) -> bool {
        matches!(self, Self::Shape | Self::Base64 | Self::Colon | Self::NoUser)
    }

    /// The same of the kubelet and a Secret (`pkg/credentialprovider/config.go`, v1.34).
    pub const fn spoils_secret(self) -> bool {
        matches!(self, Self::Shape | Self::Base64 | Self::Colon)
    }
}

fn object<'a>(
    root: &'a Map<String, Value>,
    name: &'static str,
) -> Result<Option<&'a Map<String, Value>>, AuthFileError> {
    match root.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(map)) => Ok(Some(map)),
        Some(_) => {
            Err(AuthFileError::Shape(if name == "auths" { "`auths`" } else { "`credHelpers`" }))
        }
    }
}

/// One entry: `registrytoken` before `identitytoken` before user and password, as dockerd has it.
fn entry(value: &Value) -> Result<Credential, EntryError> {
    let Value::Object(fields) = value else { return Err(EntryError::Shape) };
    let field = |name: &str| match fields.get(name) {
        None | Some(Value::Null) => Ok(""),
        Some(Value::String(text)) => Ok(text.as_str()),
        Some(_) => Err(EntryError::Shape),
    };
    let registry_token = field("registrytoken")?;
    if !registry_token.is_empty() {
        return Ok(Credential::RegistryToken(SecretString::from(registry_token)));
    }
    let (user, password) = match field("auth")? {
        "" => (field("username")?.to_owned(), SecretString::from(field("password")?)),
        auth => decode(auth)?,
    };
    let identity_token = field("identitytoken")?;
    if !identity_token.is_empty() {
        let user = Some(user).filter(|user| !user.is_empty());
        return Ok(Credential::IdentityToken { user, token: SecretString::from(identity_token) });
    }
    match (user.is_empty(), password.expose_secret().is_empty()) {
        (true, true) => Ok(Credential::Anonymous),
        (true, false) => Err(EntryError::NoUser),
        (false, true) => Err(EntryError::NoSecret),
        (false, false) => Ok(Credential::Password { user, secret: password }),
    }
}

/// `auth`: base64 of `user:password`, split at the first colon; line breaks and trailing NULs are
/// ignored as docker ignores them.
fn decode(auth: &str) -> Result<(String, SecretString), EntryError> {
    let joined: String =
        auth.chars().filter(|character| !matches!(character, '\r' | '\n')).collect();
    let bytes = STANDARD.decode(joined).map_err(|_| EntryError::Base64)?;
    let text = String::from_utf8(bytes).map_err(|_| EntryError::Utf8)?;
    let (user, password) = text.split_once(':').ok_or(EntryError::Colon)?;
    // Both halves come out empty where a CI job has no secrets: `printf '%s:%s' "$USER" "$TOKEN"`.
    if user.is_empty() {
        return Err(EntryError::NoUser);
    }
    Ok((user.to_owned(), SecretString::from(password.trim_matches('\0'))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn one(entry: &str) -> Result<Credential, EntryError> {
        let text = format!(r#"{{"auths": {{"k": {entry}, "good": {{"auth": "YTpi"}}}}}}"#);
        let mut file = AuthFile::parse(text.as_bytes()).unwrap();
        assert_eq!(file.auths["good"].as_ref().unwrap().user(), Some("a"), "{entry}");
        file.auths.remove("k").unwrap()
    }

    fn shape(credential: &Credential) -> String {
        match credential {
            Credential::Anonymous => "anonymous".into(),
            Credential::Password { user, secret } => format!("{user}:{}", secret.expose_secret()),
            Credential::IdentityToken { user, token } => {
                format!("identity {user:?} {}", token.expose_secret())
            }
            Credential::RegistryToken(token) => format!("registry {}", token.expose_secret()),
        }
    }

    #[test]
    fn entries_are_read_as_docker_reads_them() {
        let rows = [
            ("{}", "anonymous"),
            (r#"{"auth": ""}"#, "anonymous"),
            (r#"{"auth": null, "email": "a@b"}"#, "anonymous"),
            (r#"{"auth": "Ym9iOnNlY3JldA=="}"#, "bob:secret"),
            (r#"{"auth": "Ym9iOnNl\nY3JldA==\n"}"#, "bob:secret"),
            (r#"{"auth": "Ym9iOmE6Yjpj"}"#, "bob:a:b:c"),
            (r#"{"auth": "Ym9iOnNlY3JldAAA"}"#, "bob:secret"),
            (r#"{"username": "bob", "password": "secret"}"#, "bob:secret"),
            (r#"{"auth": "Ym9iOnNlY3JldA==", "username": "amy", "password": "x"}"#, "bob:secret"),
            (r#"{"identitytoken": "t"}"#, "identity None t"),
            (r#"{"auth": "Ym9iOg==", "identitytoken": "t"}"#, "identity Some(\"bob\") t"),
            (r#"{"auth": "Ym9iOnNlY3JldA==", "registrytoken": "r"}"#, "registry r"),
        ];
        for (entry, wanted) in rows {
            assert_eq!(shape(&one(entry).unwrap()), wanted, "{entry}");
        }
    }

    #[test]
    fn a_broken_entry_says_what_is_wrong_and_leaves_the_others() {
        let rows = [
            ("7", EntryError::Shape),
            (r#""hunter2""#, EntryError::Shape),
            (r#"{"auth": 7}"#, EntryError::Shape),
            (r#"{"auth": "hunter2!"}"#, EntryError::Base64),
            (r#"{"auth": "Ym9iOnNlY3JldA"}"#, EntryError::Base64),
            (r#"{"auth": "/////w=="}"#, EntryError::Utf8),
            (r#"{"auth": "aHVudGVyMg=="}"#, EntryError::Colon),
            (r#"{"auth": "OnNlY3JldA=="}"#, EntryError::NoUser),
            (r#"{"auth": "Og=="}"#, EntryError::NoUser),
            (r#"{"auth": "Og==", "identitytoken": "t"}"#, EntryError::NoUser),
            (r#"{"auth": "Ym9iOg=="}"#, EntryError::NoSecret),
            (r#"{"username": "bob"}"#, EntryError::NoSecret),
        ];
        for (entry, wanted) in rows {
            assert_eq!(one(entry).unwrap_err(), wanted, "{entry}");
        }
    }

    #[test]
    fn a_broken_file_is_an_error_that_quotes_nothing() {
        let rows = [
            r#"{"auths": {"k": {"auth": "hunter2"}"#,
            r#"{"auths": "hunter2"}"#,
            r#"{"credHelpers": {"k": ["hunter2"]}}"#,
            r#"{"credHelpers": "hunter2"}"#,
            r#"{"credsStore": {"hunter2": 1}}"#,
            r#"["hunter2"]"#,
            "hunter2",
        ];
        for text in rows {
            let error = AuthFile::parse(text.as_bytes()).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{text}: {error:?}");
        }
    }

    #[test]
    fn the_older_file_holds_its_entries_at_the_top() {
        let file = AuthFile::parse_dockercfg(br#"{"k": {"auth": "YTpi", "email": "a@b"}, "x": 7}"#)
            .unwrap();
        assert_eq!(file.auths["k"].as_ref().unwrap().user(), Some("a"));
        assert_eq!(file.auths["x"].as_ref().unwrap_err(), &EntryError::Shape);
        assert!(AuthFile::parse_dockercfg(b" ").unwrap().auths.is_empty());
        assert!(
            AuthFile::parse_dockercfg(b"{").is_err() && AuthFile::parse_dockercfg(b"[]").is_err()
        );
    }

    #[test]
    fn helpers_and_store_are_read() {
        let file = AuthFile::parse(
            br#"{"credsStore": "desktop", "credHelpers": {"ghcr.io": "pass", "x": null}}"#,
        )
        .unwrap();
        assert_eq!(file.store.as_deref(), Some("desktop"));
        assert_eq!(file.helpers.get("ghcr.io").map(String::as_str), Some("pass"));
        assert_eq!(file.helpers.len(), 1);
        for empty in ["", " \n", "{}", r#"{"auths": null, "credsStore": ""}"#] {
            let file = AuthFile::parse(empty.as_bytes()).unwrap();
            assert!(
                file.auths.is_empty() && file.helpers.is_empty() && file.store.is_none(),
                "{empty}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = AuthFile::parse(&bytes);
        }

        #[test]
        fn errors_never_carry_a_planted_secret(before in "[\\x20-\\x7e]{0,20}", after in "[\\x20-\\x7e]{0,20}", field in "auth|password|username|identitytoken") {
            let planted = "S3cr3tPlanted";
            let value = serde_json::json!({ "auths": { "k": { &field: format!("{before}{planted}{after}") } } });
            for text in [value.to_string(), value.to_string().replace('}', ""), value.to_string().replace("\"auths\":", "\"credsStore\":")] {
                let shown = format!("{:?}", AuthFile::parse(text.as_bytes()));
                // A user name is no secret and may be shown.
                prop_assert!(field == "username" || !shown.contains(planted), "{shown}");
            }
        }

        #[test]
        fn user_and_password_round_trip(user in "[^:\\x00]{1,20}", password in "[^\\x00]{1,20}") {
            let auth = STANDARD.encode(format!("{user}:{password}"));
            let text = serde_json::json!({ "auths": { "k": { "auth": auth } } }).to_string();
            let file = AuthFile::parse(text.as_bytes()).unwrap();
            prop_assert_eq!(shape(file.auths["k"].as_ref().unwrap()), format!("{user}:{password}"));
        }
    }
}
