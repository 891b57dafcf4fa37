//! What `watch` shows: a sample, which is one reading and what follows from it, as a line of text
//! and as the live view of a terminal. The sample in JSON is also what a recording holds.

mod event;
mod lines;
mod sample;

pub use event::{Event, EventRecord};
pub use lines::line;
pub use sample::Sample;
