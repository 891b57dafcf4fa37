//! What was done about mirrors, for people and for scripts. One file a subcommand.

mod ecr;
mod setup;

pub use ecr::{ecr_plain, ecr_table};
pub use setup::setup_plain;
