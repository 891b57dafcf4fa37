//! The forms of a stress run: the plan before it, a line a round, the table and sentences after it.

mod plan;
mod table;

pub use plan::{Plan, plan};
pub use table::{outcome, plain, round_line, table};
