//! Where samples go: lines on standard output, or the live view.

use crate::Context;
use crate::render::watch::{Event, Sample, line};

/// Where samples go.
#[derive(Debug)]
pub(super) enum Show {
    /// A line of text each.
    Plain,
    /// A JSON document a line.
    Jsonl,
}

impl Show {
    /// Shows a sample of the target with this number.
    pub(super) fn sample(&mut self, context: &Context, _target: usize, sample: &Sample, events: &[Event]) -> anyhow::Result<()> {
        match self {
            Self::Plain => context.answer(&line(sample, events))?,
            Self::Jsonl => context.answer(&format!("{}\n", sample.json()))?,
        }
        Ok(())
    }
}
