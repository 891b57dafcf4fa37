//! Counts over time as pictures: on a terminal, as a drawing, on a page. A picture is values that are ready
//! to be drawn, so that a recording and a plan look alike; whoever has them makes it.

mod axis;
mod page;
mod svg;
mod terminal;

use std::borrow::Cow;

pub use page::{Fit, page, policy_with, renewed_page, section, table};
pub use svg::{escape, figure, svg};
pub use terminal::{chart, letter};

pub use crate::history::{Cell, Trace};

/// How times are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// As times of day, UTC.
    Utc,
    /// As spans since the start, which is the beginning of 1970.
    Elapsed,
}

/// Lines on the same axes.
#[derive(Debug, Clone)]
pub struct Picture<'a> {
    /// Its title.
    pub title: String,
    /// What is counted: `pulls left`.
    pub what: &'static str,
    /// How times are written.
    pub clock: Clock,
    /// The lines; those without cells keep their number and are not drawn.
    pub lines: Vec<Line<'a>>,
}

/// A count over time.
#[derive(Debug, Clone)]
pub struct Line<'a> {
    /// Its name.
    pub name: String,
    /// What the axis has room for at least.
    pub limit: Option<u64>,
    /// The count.
    pub cells: Cow<'a, [Cell]>,
    /// What the legend adds to the name.
    pub note: String,
    /// The line in words, without an end.
    pub words: String,
}
