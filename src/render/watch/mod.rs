//! What `watch` shows: one reading and what follows from it, as a line of text and as the live view
//! of a terminal.

mod event;
mod lines;
pub mod view;

pub use event::EventRecord;
pub use lines::line;
