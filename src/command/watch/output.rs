//! Where readings go: first to the recording, so that what is shown is on the disk, then to the command on
//! changes, then as lines on standard output or to the live view.

use std::sync::mpsc::Sender;

use serde::Serialize;

use crate::Context;
use crate::history::{Event, Observed};
use crate::process::hook::{Hook, Say};
use crate::quota::Reading;
use crate::recording::{Appended, Recorder, RecordingError, Sample};
use crate::render::live::Update;
use crate::render::watch::{EventRecord, line};
use crate::watch::{Display, change};

/// Where readings are shown.
#[derive(Debug)]
pub(super) enum Show {
    /// A line of text each.
    Plain,
    /// A JSON document a line.
    Jsonl,
    /// The thread of the live view.
    Live(Sender<Update>),
}

/// Where readings go.
pub(super) struct Output<'a> {
    pub(super) context: &'a Context,
    pub(super) recorder: Option<Recorder>,
    pub(super) hook: Option<Hook>,
    pub(super) show: Show,
    pub(super) say: Say,
}

/// A sample with what happened: what scripts and commands get.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    sample: &'a Sample,
    events: Vec<EventRecord>,
}

impl Display for Output<'_> {
    fn reading(
        &mut self,
        index: usize,
        reading: &Reading,
        observed: Observed,
        changed: bool,
    ) -> anyhow::Result<()> {
        let sample = Sample::new(reading, &observed.forecast);
        if let Some(recorder) = &mut self.recorder {
            match recorder.append(&sample).map_err(RecordingError::lost)? {
                Appended::Usual => {}
                Appended::Anew => (self.say)(
                    "! the recording had been moved or removed: it goes on in a new file of its name",
                ),
            }
        }
        let json = if matches!(self.show, Show::Jsonl) || self.hook.is_some() {
            json(&sample, &observed)?
        } else {
            String::new()
        };
        if let (Some(hook), true) = (&self.hook, changed) {
            hook.hand(change(&observed, &json));
        }
        match &self.show {
            Show::Plain => self.context.answer(&line(&observed))?,
            Show::Jsonl => self.context.answer(&format!("{json}\n"))?,
            // A view that has gone has said so elsewhere.
            Show::Live(updates) => drop(updates.send(Update::Reading(index, Box::new(observed)))),
        }
        Ok(())
    }
}

/// A reading and what happened as one line of JSON.
fn json(sample: &Sample, observed: &Observed) -> anyhow::Result<String> {
    let events = observed.events.iter().map(Event::record).collect();
    Ok(serde_json::to_string(&Document { sample, events })?)
}
