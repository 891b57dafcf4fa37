//! What was done about mirrors, for people and for scripts. One file a subcommand.

mod copy;
mod ecr;
mod rewrite;
mod setup;
mod verify;

pub use copy::{copy_plain, copy_table, copy_wait};
pub use ecr::{ecr_plain, ecr_table};
pub use rewrite::{rewrite_diff, rewrite_notes, rewrite_plain};
pub use setup::setup_plain;
pub use verify::{verify_plain, verify_table};
