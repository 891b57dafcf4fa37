//! `mirror`: one file a subcommand.

mod copy;
mod ecr;
mod rewrite;
mod secret;
mod setup;
mod verify;

use crate::cli::{Format, Mirror, MirrorCommand};
use crate::credentials::Account;
use crate::render::Look;
use crate::{Context, Exit};

/// Runs `mirror`.
pub(super) async fn run(
    context: &Context,
    args: Mirror,
    accounts: Vec<Account>,
) -> anyhow::Result<Exit> {
    match args.what {
        MirrorCommand::Rewrite(args) => rewrite::run(context, *args).await,
        MirrorCommand::Setup(args) => setup::run(context, &args),
        MirrorCommand::Ecr(args) => ecr::run(context, *args, accounts).await,
        MirrorCommand::Copy(args) => copy::run(context, *args, accounts).await,
        MirrorCommand::Verify(args) => verify::run(context, *args, accounts).await,
        MirrorCommand::Secret(args) => secret::run(context, args, accounts).await,
    }
}

/// Shows a report in the format that was asked for.
fn tell<T: serde::Serialize>(
    context: &Context,
    format: Format,
    report: &T,
    plain: fn(&T) -> String,
    table: fn(&T, Look) -> String,
) -> anyhow::Result<()> {
    context.tell(&match format {
        Format::Json => serde_json::to_string(report)? + "\n",
        Format::Plain => plain(report),
        _ => table(report, Look::of(context)),
    })?;
    Ok(())
}
