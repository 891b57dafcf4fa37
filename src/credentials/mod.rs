//! Who we are: the places where docker, podman and dhlimit itself keep credentials, and the
//! identities that follow from them for a registry. Apart from the registry because finding a
//! credential and showing it to a stranger are two decisions. Follows protocol.md, "Where credentials
//! lie" (2026-11): explicit > `DOCKER_AUTH_CONFIG` > docker's `config.json` > podman's `auth.json`.
//!
//! [`Keychain::identities`] is the way in. A broken place is never a silent "anonymous": it comes
//! back as a [`Note`] beside the identities.

mod account;
mod auth_file;
mod credential;
mod helper;
mod keychain;
mod keys;
mod kubelet;
mod note;
mod origin;
mod password;
mod places;
mod readers;

pub use account::{Account, AccountEntryError, AccountPassword};
pub use auth_file::{AuthFile, AuthFileError, EntryError};
pub use credential::Credential;
pub use keychain::{Choice, Identities, Identity, Keychain, Login, Reader, Survey};
pub use keys::{DOCKER_HUB_KEY, docker_key, is_docker_hub};
pub use kubelet::{kubelet_keys, misses_docker_hub};
pub use note::{AccountError, FolderFault, HelperError, Note};
pub use origin::{Origin, Store, shown_key, shown_path};
pub use password::PasswordSource;
pub use places::files;
pub use readers::{Content, Holding, Tool};

/// Why the credentials that were asked for could not be had. Exit code 4.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialsError {
    /// `--user` names somebody whose credentials lie nowhere.
    #[error("no credentials for {user} found in {}", listed(looked))]
    NotFound {
        /// Whom the user asked for.
        user: String,
        /// Every place looked at, as shown.
        looked: Vec<String>,
        /// What is broken or odd in those places: perhaps the reason.
        notes: Vec<Note>,
    },
    /// The password's source cannot be read.
    #[error("cannot read the password from {from}: {why}")]
    Unreadable {
        /// The source.
        from: Origin,
        /// The system's word for it.
        why: String,
    },
    /// The source held no password.
    #[error("the password from {from} is empty or not one line of text")]
    Password {
        /// The source.
        from: Origin,
    },
}

fn listed(places: &[String]) -> String {
    if places.is_empty() {
        "any place: neither HOME nor DOCKER_CONFIG is set".to_owned()
    } else {
        places.join(", ")
    }
}
