//! `mirror`: one file a subcommand.

mod copy;
mod ecr;
mod login;
mod secret;
mod setup;
mod verify;

use crate::cli::{Mirror, MirrorCommand};
use crate::credentials::Account;
use crate::{Context, Exit};

/// Runs `mirror`.
pub(super) async fn run(
    context: &Context,
    args: Mirror,
    accounts: Vec<Account>,
) -> anyhow::Result<Exit> {
    match args.what {
        MirrorCommand::Setup(args) => setup::run(context, &args),
        MirrorCommand::Ecr(args) => ecr::run(context, *args, accounts).await,
        MirrorCommand::Copy(args) => copy::run(context, *args, accounts).await,
        MirrorCommand::Verify(args) => verify::run(context, *args, accounts).await,
        MirrorCommand::Secret(args) => secret::run(context, args, accounts).await,
    }
}
