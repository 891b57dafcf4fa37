//! One file a subcommand: the glue, and the only place where rooms meet. A command is an async
//! function from the context and its plain arguments to an [`Exit`]; errors carry their exit code
//! as a [`crate::Failure`].

mod asker;
mod check;
mod companion;
mod completions;
mod gate;
mod github;
mod man;
mod rounds;
mod sandbox;
mod stress;
mod watch;

use crate::cli::{Cli, Command};
use crate::{Context, Exit};

/// Runs the command that was asked for.
pub async fn run(context: &Context, cli: Cli) -> anyhow::Result<Exit> {
    match cli.command {
        Command::Stress(args) => stress::run(context, *args, Vec::new()).await,
        Command::Watch(args) => watch::run(context, *args, Vec::new()).await,
        Command::Check(args) => check::run(context, *args, Vec::new()).await,
        Command::Sandbox(args) => sandbox::run(context, *args).await,
        Command::Gate(args) => gate::run(context, *args, Vec::new()).await,
        Command::Completions(args) => completions::run(context, args),
        Command::Man(_) => man::run(context),
    }
}
