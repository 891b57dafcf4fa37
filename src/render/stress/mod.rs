//! The forms of a stress run: the plan before it, a line a round, the table and sentences after it.

mod live;
mod plan;
mod progress;
mod table;

pub(crate) use live::LiveRun;
pub use plan::{Plan, plan};
pub(crate) use progress::Progress;
pub use table::{outcome, plain, round_line, table};
