//! Further accounts, from `[[account]]` entries of dhlimit's configuration file. Apart because they
//! are dhlimit's own: no runtime uses them, so none is ever the effective identity by itself.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use super::helper::{self, Helpers};
use super::{AccountError, Credential, keys, password, places};
use crate::context::{Environment, why_unread};
use crate::image::hub;

/// An account of the configuration file; its password is fetched when it is needed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Entry")]
pub struct Account {
    /// What the user calls it.
    pub name: String,
    /// The registry as references name it, such as `docker.io`.
    pub registry: String,
    /// The user name; a helper may supply it.
    pub user: Option<String>,
    /// Where the password comes from.
    pub password: AccountPassword,
}

/// Where an account's password comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountPassword {
    /// A file of one line.
    File(PathBuf),
    /// An environment variable.
    Variable(String),
    /// A credential helper.
    Helper(String),
}

/// An entry as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    registry: Option<String>,
    user: Option<String>,
    #[serde(alias = "password-file")]
    password_file: Option<PathBuf>,
    #[serde(alias = "password-env")]
    password_env: Option<String>,
    helper: Option<String>,
}

/// Why an `[[account]]` entry is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccountEntryError {
    /// An account needs a name to be told by.
    #[error("an account's name must not be empty or hold control characters")]
    Name,
    /// None or several sources of the password.
    #[error("account {0} needs exactly one of password_file, password_env and helper")]
    Source(String),
    /// A password without a user.
    #[error("account {0} needs a user")]
    User(String),
    /// The helper's name is no program's.
    #[error("account {0} names a helper that is no name: letters, digits, . _ - only")]
    Helper(String),
    /// The registry is none.
    #[error("account {0} names a registry that is no host such as docker.io")]
    Registry(String),
}

impl TryFrom<Entry> for Account {
    type Error = AccountEntryError;

    fn try_from(entry: Entry) -> Result<Self, AccountEntryError> {
        let Entry { name, registry, user, password_file, password_env, helper } = entry;
        if name.is_empty() || name.contains(crate::text::is_control) {
            return Err(AccountEntryError::Name);
        }
        let registry = match registry.as_deref() {
            None | Some(hub::INDEX | hub::LOGIN_KEY) => hub::NAME.to_owned(),
            Some(host)
                if host.is_empty()
                    || host.contains(|c: char| c == '/' || c.is_whitespace() || c.is_control()) =>
            {
                return Err(AccountEntryError::Registry(name));
            }
            Some(host) => host.to_owned(),
        };
        let user = user.filter(|user| !user.is_empty());
        let password = match (password_file, password_env, helper) {
            (Some(file), None, None) => AccountPassword::File(file),
            (None, Some(variable), None) => AccountPassword::Variable(variable),
            (None, None, Some(helper)) if helper::is_name(&helper) => {
                AccountPassword::Helper(helper)
            }
            (None, None, Some(_)) => return Err(AccountEntryError::Helper(name)),
            _ => return Err(AccountEntryError::Source(name)),
        };
        if user.is_none() && !matches!(password, AccountPassword::Helper(_)) {
            return Err(AccountEntryError::User(name));
        }
        Ok(Self { name, registry, user, password })
    }
}

impl Account {
    /// The same account with a relative password file found beside the configuration file, and `~/` at home.
    #[must_use]
    pub fn beside(mut self, folder: &Path, home: Option<&Path>) -> Self {
        if let AccountPassword::File(file) = &mut self.password {
            *file = match (file.strip_prefix("~"), home) {
                (Ok(rest), Some(home)) => home.join(rest),
                _ => folder.join(&*file),
            };
        }
        self
    }

    /// Fetches the credential.
    pub(super) async fn resolve(
        &self,
        helpers: &Helpers,
        environment: &Environment,
        limit: Duration,
    ) -> Result<Credential, AccountError> {
        let (secret, user) = match &self.password {
            AccountPassword::Helper(name) => {
                return self.ask(name, helpers, environment, limit).await;
            }
            AccountPassword::File(path) => {
                let file = places::shown(path, environment);
                let bytes = match tokio::time::timeout(limit, places::read(path)).await {
                    Ok(Ok(bytes)) => bytes,
                    Ok(Err(error)) => {
                        return Err(AccountError::File { file, why: why_unread(&error) });
                    }
                    Err(_) => {
                        return Err(AccountError::File {
                            file,
                            why: "it gives no end within the time limit".into(),
                        });
                    }
                };
                (password::line(bytes).ok_or(AccountError::Password(file))?, &self.user)
            }
            AccountPassword::Variable(name) => {
                let value =
                    environment.var(name).ok_or_else(|| AccountError::Variable(name.clone()))?;
                (
                    password::line(value.into())
                        .ok_or_else(|| AccountError::Password(format!("the variable {name}")))?,
                    &self.user,
                )
            }
        };
        Ok(Credential::Password { user: user.clone().unwrap_or_default(), secret })
    }

    async fn ask(
        &self,
        name: &str,
        helpers: &Helpers,
        environment: &Environment,
        limit: Duration,
    ) -> Result<Credential, AccountError> {
        let server = keys::docker_key(&self.registry);
        let found = helpers.ask(name, server, environment, limit).await?;
        match (found, &self.user) {
            (None, _) => {
                Err(AccountError::Nothing { name: name.to_owned(), server: server.to_owned() })
            }
            (Some(Credential::IdentityToken { user: None, token }), user) => {
                Ok(Credential::IdentityToken { user: user.clone(), token })
            }
            (Some(credential), Some(user)) if credential.user() != Some(user) => {
                Err(AccountError::OtherUser { name: name.to_owned() })
            }
            (Some(credential), _) => Ok(credential),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_becomes_an_account_or_says_what_it_lacks() {
        let rows = [
            ("name='ci'\nuser='bob'\npassword_env='HUB'", Ok(("docker.io", Some("bob")))),
            (
                "name='ci'\nuser='bob'\npassword_env='HUB'\nregistry='https://index.docker.io/v1/'",
                Ok(("docker.io", Some("bob"))),
            ),
            (
                "name='ci'\nuser='bob'\npassword_file='f'\nregistry='ghcr.io'",
                Ok(("ghcr.io", Some("bob"))),
            ),
            // As options are written.
            ("name='ci'\nuser='bob'\npassword-file='f'", Ok(("docker.io", Some("bob")))),
            ("name='ci'\nhelper='pass'", Ok(("docker.io", None))),
            ("name=''\nuser='bob'\npassword_env='HUB'", Err("must not be empty")),
            ("name='ci'\nuser='bob'", Err("account ci needs exactly one of")),
            (
                "name='ci'\nuser='bob'\nhelper='pass'\npassword_env='HUB'",
                Err("account ci needs exactly one of"),
            ),
            ("name='ci'\npassword_env='HUB'", Err("account ci needs a user")),
            ("name='ci'\nuser=''\npassword_env='HUB'", Err("account ci needs a user")),
            ("name='ci'\nhelper='../evil'", Err("account ci names a helper")),
            (
                "name='ci'\nhelper='pass'\nregistry='https://ghcr.io/'",
                Err("account ci names a registry"),
            ),
            ("name='ci'\nuser='bob'\npassword='hunter2'", Err("unknown field `password`")),
            ("user='bob'\npassword_env='HUB'", Err("missing field `name`")),
        ];
        for (text, wanted) in rows {
            match (toml::from_str::<Account>(text), wanted) {
                (Ok(account), Ok(wanted)) => assert_eq!(
                    (account.registry.as_str(), account.user.as_deref()),
                    wanted,
                    "{text}"
                ),
                (Err(error), Err(wanted)) => {
                    assert!(error.message().contains(wanted), "{text}: {}", error.message());
                }
                (got, wanted) => panic!("{text}: {got:?}, wanted {wanted:?}"),
            }
        }
    }

    #[test]
    fn a_password_file_lies_beside_the_configuration_or_at_home() {
        let account = |file: &str| Account {
            name: "ci".into(),
            registry: "docker.io".into(),
            user: Some("bob".into()),
            password: AccountPassword::File(file.into()),
        };
        for (file, wanted) in [
            ("pw", "/etc/dhlimit/pw"),
            ("/abs/pw", "/abs/pw"),
            ("~/pw", "/home/bob/pw"),
            ("~pw", "/etc/dhlimit/~pw"),
        ] {
            let moved =
                account(file).beside(Path::new("/etc/dhlimit"), Some(Path::new("/home/bob")));
            assert_eq!(moved.password, AccountPassword::File(wanted.into()), "{file}");
        }
    }
}
