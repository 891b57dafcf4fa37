//! `mirror`: the way out of the limit. One file a subcommand.

mod ecr;
mod setup;

use clap::{Args, Subcommand};

pub use ecr::{Ecr, PrintAs};
pub use setup::{Setup, SetupRuntime};

/// Caches and private copies in front of Docker Hub: set up, filled and proved.
#[derive(Debug, Clone, Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Mirror {
    /// What to do.
    #[command(subcommand)]
    pub what: MirrorCommand,
}

/// What there is to do about mirrors.
#[derive(Debug, Clone, Subcommand)]
pub enum MirrorCommand {
    /// Put Amazon ECR in front of Docker Hub: a pull-through cache rule with all it needs
    Ecr(Box<Ecr>),
    /// Show the files that make a runtime ask a mirror before Docker Hub
    Setup(Setup),
}
