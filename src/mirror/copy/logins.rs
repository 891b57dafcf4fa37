//! The logins that a tool copies with, in a file of this run alone: who pays for the pulls is chosen here
//! and not by what the tool finds. The file is in the form that docker, nerdctl, crane, skopeo and podman
//! read, in a folder that only its owner may enter, and is gone with the run.

use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use crate::credentials::Credential;

/// A folder with the logins of one copy.
#[derive(Debug)]
pub(super) struct Logins {
    folder: TempDir,
}

impl Logins {
    /// An empty one.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { folder: tempfile::Builder::new().prefix("dhlimit-logins").tempdir()? })
    }

    /// Writes the logins, by the keys under which tools look.
    pub(super) fn write(&self, logins: &[(&str, &Credential)]) -> io::Result<()> {
        let entries = logins.iter().filter_map(|(key, login)| {
            let entry = match login {
                Credential::Anonymous => return None,
                Credential::Password { user, secret } => {
                    json!({"auth": STANDARD.encode(format!("{user}:{}", secret.expose_secret()))})
                }
                Credential::IdentityToken { token, user } => json!({
                    "auth": STANDARD.encode(format!("{}:", user.as_deref().unwrap_or("<token>"))),
                    "identitytoken": token.expose_secret()
                }),
                Credential::RegistryToken(token) => json!({"registrytoken": token.expose_secret()}),
            };
            Some(((*key).to_owned(), entry))
        });
        let file = json!({"auths": entries.collect::<Map<String, Value>>()});
        let mut new = std::fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(self.file())?;
        new.write_all(file.to_string().as_bytes())
    }

    /// The file.
    pub(super) fn file(&self) -> PathBuf {
        self.folder.path().join("config.json")
    }

    /// The folder that holds it.
    pub(super) fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }
}
