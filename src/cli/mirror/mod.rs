//! `mirror`: the way out of the limit. One file a subcommand.

mod copy;
mod ecr;
mod rewrite;
mod secret;
mod setup;
mod verify;

use clap::{Args, Subcommand};

pub use copy::{Copy, CopyTool};
pub use ecr::{Ecr, PrintAs};
pub use rewrite::{Rewrite, RewriteForm};
pub use secret::{Secret, SecretForm};
pub use setup::{Setup, SetupRuntime};
pub use verify::Verify;

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
    /// Move the image references in files behind a mirror, and back
    Rewrite(Box<Rewrite>),
    /// Put Amazon ECR in front of Docker Hub: a pull-through cache rule with all it needs
    Ecr(Box<Ecr>),
    /// Show the files that make a runtime ask a mirror before Docker Hub
    Setup(Setup),
    /// Copy images into a registry of your own, at the pace that the limit allows
    Copy(Box<Copy>),
    /// Prove that a mirror is used: the same images, and Docker Hub's count does not move
    Verify(Box<Verify>),
    /// Write a pull secret for Kubernetes under the key that the kubelet uses
    Secret(Secret),
}
