//! The way out of the limit: caches and private copies in front of Docker Hub. One room for each thing
//! that is made or proved; the command line has a subcommand for each. They share no state.

pub mod copy;
pub mod ecr;
pub(crate) mod login;
pub mod rewrite;
pub mod secret;
pub mod setup;
pub mod through;
pub mod verify;
