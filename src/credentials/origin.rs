//! Where a credential was found, in one short phrase fit for `credentials_from`. Apart because it
//! is shown to people and machines, while what was found there never is.

use std::fmt;
use std::path::Path;

use super::{AuthFile, AuthFileError};
use crate::text;

/// The most characters of a foreign key or name that are shown.
const SHOWN: usize = 120;

/// Where a credential was found.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Origin {
    /// `--user` with `--password-stdin`.
    Stdin,
    /// `--user` with `--password-file`; the path as shown.
    PasswordFile(String),
    /// An entry of `auths` in a store, under this key.
    Entry {
        /// The file or variable.
        store: Store,
        /// The key in `auths`.
        key: String,
    },
    /// A credential helper that a store names.
    Helper {
        /// The file or variable that names the helper.
        store: Store,
        /// The key in `credHelpers`; `None` for `credsStore`.
        key: Option<String>,
        /// The helper: the program is `docker-credential-NAME`.
        name: String,
    },
    /// An `[[account]]` of dhlimit's configuration file, by its name.
    Account(String),
}

/// A file or variable in Docker's format that can hold credentials.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Store {
    /// The variable `DOCKER_AUTH_CONFIG`.
    DockerAuthConfig,
    /// Docker's `config.json`; the path as shown.
    Docker(String),
    /// Podman's `auth.json`; the path as shown.
    Podman(String),
    /// `~/.dockercfg`, which docker no longer reads and podman does; the path as shown.
    Dockercfg(String),
    /// A Kubernetes `.dockerconfigjson`; whatever the caller calls it.
    Kubernetes(String),
}

impl Store {
    /// Parses what lies there in the format of the place.
    pub(super) fn parse(&self, bytes: &[u8]) -> Result<AuthFile, AuthFileError> {
        match self {
            Self::Dockercfg(_) => AuthFile::parse_dockercfg(bytes),
            _ => AuthFile::parse(bytes),
        }
    }
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DockerAuthConfig => f.write_str("DOCKER_AUTH_CONFIG"),
            Self::Docker(file)
            | Self::Podman(file)
            | Self::Dockercfg(file)
            | Self::Kubernetes(file) => f.write_str(file),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdin => f.write_str("--password-stdin"),
            Self::PasswordFile(file) => write!(f, "--password-file {file}"),
            Self::Entry { store, key } => write!(f, "{store} auths[{}]", shown_key(key)),
            Self::Helper { store, key: Some(key), name } => {
                write!(f, "{store} credHelpers[{}] {name}", shown_key(key))
            }
            Self::Helper { store, key: None, name } => write!(f, "{store} credsStore {name}"),
            Self::Account(name) => write!(f, "account {}", text::one_line(name, SHOWN)),
        }
    }
}

/// A path as people write it: the home directory as `~`, control characters out.
pub fn shown_path(path: &Path, home: Option<&Path>) -> String {
    let short =
        home.filter(|home| home.parent().is_some()).and_then(|home| path.strip_prefix(home).ok());
    let shown = match short {
        Some(rest) => Path::new("~").join(rest).display().to_string(),
        None => path.display().to_string(),
    };
    text::one_line(&shown, 1_000)
}

/// A key of a credentials file, or a URL, fit to show: no control characters, no `user:password@`, and
/// nothing of a query, which may hold a token.
pub fn shown_key(key: &str) -> String {
    let (scheme, rest) = key.split_once("://").map_or(("", key), |(scheme, rest)| (scheme, rest));
    let host_end = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(host_end);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let separator = if scheme.is_empty() { "" } else { "://" };
    // The user's part goes first: a password may hold a `?`.
    let shown = format!("{scheme}{separator}{host}{path}");
    match shown.split_once(['?', '#']) {
        Some((before, _)) => format!("{}?…", text::one_line(before, SHOWN)),
        None => text::one_line(&shown, SHOWN),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_one_short_phrase() {
        let docker = Store::Docker("~/.docker/config.json".into());
        let rows = [
            (Origin::Stdin, "--password-stdin"),
            (Origin::PasswordFile("~/pw".into()), "--password-file ~/pw"),
            (
                Origin::Entry { store: docker.clone(), key: "https://index.docker.io/v1/".into() },
                "~/.docker/config.json auths[https://index.docker.io/v1/]",
            ),
            (
                Origin::Entry { store: Store::DockerAuthConfig, key: "ghcr.io".into() },
                "DOCKER_AUTH_CONFIG auths[ghcr.io]",
            ),
            (
                Origin::Helper { store: docker.clone(), key: None, name: "desktop".into() },
                "~/.docker/config.json credsStore desktop",
            ),
            (
                Origin::Helper { store: docker, key: Some("ghcr.io".into()), name: "pass".into() },
                "~/.docker/config.json credHelpers[ghcr.io] pass",
            ),
            (Origin::Account("ci".into()), "account ci"),
        ];
        for (origin, phrase) in rows {
            assert_eq!(origin.to_string(), phrase);
        }
    }

    #[test]
    fn the_home_directory_is_shortened_only_where_it_is_one() {
        let rows = [
            ("/home/bob/.docker/config.json", Some("/home/bob"), "~/.docker/config.json"),
            ("/home/bobby/x", Some("/home/bob"), "/home/bobby/x"),
            ("/etc/x", Some("/"), "/etc/x"),
            ("/etc/x", None, "/etc/x"),
            ("/etc/\u{1b}[31mx", None, "/etc/ [31mx"),
        ];
        for (path, home, shown) in rows {
            assert_eq!(shown_path(Path::new(path), home.map(Path::new)), shown);
        }
    }

    #[test]
    fn a_key_is_shown_without_a_password_in_it() {
        assert_eq!(shown_key("https://bob:hunter2@host:5000/v1/"), "https://host:5000/v1/");
        assert_eq!(shown_key("bob:hunter2@host"), "host");
        assert_eq!(shown_key("host/a@b"), "host/a@b");
        assert_eq!(
            shown_key("https://bob:hun?ter2@host/v2/?token=hunter2#hunter2"),
            "https://host/v2/?…"
        );
        assert_eq!(shown_key("host#hunter2"), "host?…");
    }
}
