//! `mirror secret`: the names checked, the login found, the documents written.

use std::time::Duration;

use secrecy::ExposeSecret;

use crate::cli::{self, SecretForm};
use crate::credentials::{Account, Credential};
use crate::image::hub;
use crate::mirror::login;
use crate::mirror::secret::{PullSecret, as_json, as_yaml};
use crate::{Context, Exit, Failure};

/// The most time that a place where credentials lie may take.
const LIMIT: Duration = Duration::from_secs(10);

/// Runs `mirror secret`.
pub(super) async fn run(
    context: &Context,
    args: cli::Secret,
    accounts: Vec<Account>,
) -> anyhow::Result<Exit> {
    let (namespace, account) = (args.namespace.as_deref(), args.patch_service_account.as_deref());
    let secret = PullSecret::new(&args.name, namespace, account).map_err(Failure::from)?;
    let wanted = login::Wanted {
        user: args.user.as_deref(),
        password_stdin: args.password_stdin,
        password_file: args.password_file.as_ref(),
        limit: LIMIT,
    };
    let found = login::find(context, wanted, hub::NAME, accounts).await?;
    let login = found.map_or(Credential::Anonymous, |(login, _)| login);
    let documents = secret.documents(hub::NAME, &login).map_err(Failure::from)?;
    if context.terminal.stdout {
        context.say("! what follows holds the login; pipe it to kubectl apply -f - instead");
    }
    let text = match args.output {
        SecretForm::Yaml => as_yaml(&documents),
        SecretForm::Json => as_json(&documents),
    };
    context.tell(text.expose_secret())?;
    Ok(Exit::Ok)
}
