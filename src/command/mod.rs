//! One file a subcommand: the glue, and the only place where rooms meet. A command is an async
//! function from the context and its plain arguments to an [`Exit`]; errors carry their exit code
//! as a [`crate::Failure`].

mod asking;
mod check;
mod completions;
mod doctor;
mod explain;
mod fleet;
mod gate;
mod man;
mod mirror;
mod plan;
mod report;
mod sandbox;
mod scan;
mod serve;
mod stress;
mod watch;

use crate::cli::Command;
use crate::settings::Settings;
use crate::{Context, Exit};

/// Runs the command that was asked for.
pub async fn run(context: &Context, settings: Settings) -> anyhow::Result<Exit> {
    let hosts_dir = settings.origin("hosts-dir").clone();
    let again = serve::Again { arguments: settings.arguments, config: settings.config };
    let accounts = settings.accounts;
    match settings.cli.command {
        Command::Stress(args) => stress::run(context, *args, accounts, &hosts_dir).await,
        Command::Watch(args) => watch::run(context, *args, accounts).await,
        Command::Check(args) => check::run(context, *args, accounts).await,
        Command::Serve(args) => serve::run(context, *args, accounts, again).await,
        Command::Fleet(args) => fleet::run(context, *args).await,
        Command::Report(args) => report::run(context, args).await,
        Command::Explain(args) => explain::run(context, args).await,
        Command::Doctor(args) => doctor::run(context, *args, accounts).await,
        Command::Plan(args) => plan::run(context, *args, accounts).await,
        Command::Scan(args) => scan::run(context, *args).await,
        Command::Mirror(args) => mirror::run(context, args, accounts).await,
        Command::Sandbox(args) => sandbox::run(context, *args).await,
        Command::Gate(args) => gate::run(context, *args, accounts).await,
        Command::Completions(args) => completions::run(context, args),
        Command::Man(_) => man::run(context),
    }
}
