//! `mirror`: one file a subcommand.

mod ecr;
mod setup;

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
    }
}
