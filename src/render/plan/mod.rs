//! A plan for people: the answer first, then the strategies by the time until all run, what to set, and
//! what it stands on; as text, as a drawing and as a page.

mod html;
mod picture;
mod table;
mod words;

pub use html::{html, svg};
pub use table::table;
