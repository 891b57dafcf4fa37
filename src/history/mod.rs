//! Readings in their order: what happened between two of them, and what is to be expected. The one answer
//! for all that read more than once: `watch`, `serve` and recordings. Pure: readings in, events out.

mod counts;
mod event;
mod observed;
mod series;
mod trace;

pub(crate) use counts::{Believed, Counts};
pub use event::Event;
pub use observed::Observed;
pub(crate) use series::Series;
pub use trace::{Cell, Trace};
