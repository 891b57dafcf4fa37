//! What `watch` shows: one reading and what follows from it, as a line of text and as the live view
//! of a terminal.

mod event;
mod lines;
mod shown;
pub mod view;

pub use event::{Event, EventRecord};
pub use lines::line;
pub use shown::Shown;
