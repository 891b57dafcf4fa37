//! Report values and their writers. A report value is what JSON shows; the table, the metrics and
//! the annotations are other views of it. Knows report values only: no registry, no runtime.

pub mod chart;
pub mod check;
pub mod doctor;
pub mod explain;
pub mod fleet;
pub mod gate;
pub(crate) mod live;
mod look;
pub mod mirror;
pub mod plan;
pub mod report;
pub mod scan;
pub mod serve;
pub mod stress;
pub mod style;
pub mod table;
pub mod template;
pub mod watch;

pub use look::{Look, span};
