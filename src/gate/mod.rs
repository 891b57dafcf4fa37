//! The gate: open or closed, from one reading or after a wait, and what a command took off the count
//! behind it. `ask` gives the answer, `Running` watches the command, `GateReport` is the value
//! that both end in. The truth table is in `verdict`.

mod arguments;
mod pipeline;
mod report;
mod running;
mod spent;
mod verdict;
mod wait;

pub(crate) use arguments::{refuse, scanned};
pub(crate) use pipeline::{Dotenv, Section};
pub use report::{CommandRun, GateReport, Verdict};
pub(crate) use running::{Running, after};
pub(crate) use spent::Used;
pub(crate) use verdict::Policy;
pub(crate) use wait::{Answer, End, Question, Step, ask};
