//! The login that a mirror is given: named by the user on this run, or found in the places.

use std::path::PathBuf;
use std::time::Duration;

use crate::credentials::{Account, Choice, Credential, Keychain, Login};
use crate::session::password;
use crate::{Context, Exit, Failure};

/// What was said of the login.
pub(crate) struct Wanted<'a> {
    pub(crate) user: Option<&'a str>,
    pub(crate) password_stdin: bool,
    pub(crate) password_file: Option<&'a PathBuf>,
    /// The most time that a place may take.
    pub(crate) limit: Duration,
}

/// The login to a registry, and whether the user named it; `None` where there is none.
pub(crate) async fn find(
    context: &Context,
    wanted: Wanted<'_>,
    registry: &str,
    accounts: Vec<Account>,
) -> anyhow::Result<Option<(Credential, bool)>> {
    let file = wanted.password_file.map(PathBuf::as_path);
    let source = password(context.terminal.stdin, wanted.user, wanted.password_stdin, file)?;
    let environment = &context.environment;
    let choice = match (wanted.user, source) {
        (Some(user), Some(source)) => {
            let login =
                Login::explicit(user, &source, std::io::stdin(), environment, wanted.limit).await;
            let login = login.map_err(|error| Failure::new(Exit::Credentials, error))?;
            return Ok(Some((login.credential, true)));
        }
        (Some(user), None) => Choice::User(user.to_owned()),
        (None, _) => Choice::Effective,
    };
    let keychain = Keychain::new(environment.clone(), accounts).within(wanted.limit);
    let found = keychain.identities(registry, "", &choice).await;
    let found = found.map_err(|error| Failure::new(Exit::Credentials, error))?;
    let identity =
        found.identities.into_iter().find(|identity| !identity.credential.is_anonymous());
    Ok(identity.map(|identity| (identity.credential, wanted.user.is_some())))
}
