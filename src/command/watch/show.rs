//! Where readings go: lines on standard output, or the live view; and the recording beside either.

use std::path::Path;
use std::sync::mpsc::Sender;

use serde::Serialize;

use super::live::Update;
use crate::cli::Watch;
use crate::history::{Event, Observed};
use crate::quota::Reading;
use crate::recording::{Recorder, RecordingError, Rotation, Sample};
use crate::render::watch::{EventRecord, line};
use crate::{Context, Exit, Failure};

/// Where readings go.
#[derive(Debug)]
pub(super) enum Show {
    /// A line of text each.
    Plain,
    /// A JSON document a line.
    Jsonl,
    /// The thread of the live view.
    Live(Sender<Update>),
}

/// A sample with what happened: what scripts and commands get.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    sample: &'a Sample,
    events: Vec<EventRecord>,
}

impl Show {
    /// Shows a reading of the target with this number.
    pub(super) fn reading(
        &mut self,
        context: &Context,
        target: usize,
        shown: Observed,
        json: &str,
    ) -> anyhow::Result<()> {
        match self {
            Self::Plain => context.answer(&line(&shown))?,
            Self::Jsonl => context.answer(&format!("{json}\n"))?,
            // A view that has gone has said so elsewhere.
            Self::Live(updates) => drop(updates.send(Update::Reading(target, Box::new(shown)))),
        }
        Ok(())
    }
}

/// A reading and what happened as one line of JSON.
pub(super) fn json(sample: &Sample, shown: &Observed) -> anyhow::Result<String> {
    let events = shown.events.iter().map(Event::record).collect();
    Ok(serde_json::to_string(&Document { sample, events })?)
}

/// The sample of a reading, as it is recorded.
pub(super) fn sample(reading: &Reading, shown: &Observed) -> Sample {
    Sample::new(reading, &shown.forecast)
}

/// The recording that the arguments name, opened before the first reading.
pub(super) fn recorder(context: &Context, args: &Watch) -> Result<Option<Recorder>, Failure> {
    let Some(path) = &args.record else { return Ok(None) };
    let rotation = match (args.rotate_size, args.rotate_daily) {
        (Some(size), _) => Rotation::Size(size),
        (None, true) => Rotation::Daily,
        (None, false) => Rotation::Never,
    };
    let recorder = Recorder::open(path, rotation).map_err(|error| refused(path, error))?;
    if recorder.mended() {
        context.say(&format!(
            "! the last line of {} was unfinished; what came before it is whole",
            path.display()
        ));
    }
    Ok(Some(recorder))
}

/// A recording that cannot go on.
pub(super) fn lost(error: RecordingError) -> Failure {
    let advice = match &error {
        RecordingError::Locked(_) => {
            "its file had gone, and another process has begun one of that name: one process writes a recording"
        }
        RecordingError::Foreign { .. } | RecordingError::Schema { .. } => {
            "its file had gone, and what has its name is left as it is"
        }
        _ => "what was recorded before is on the disk; make room, or record in another file",
    };
    Failure::new(Exit::Usage, error).advise(advice)
}

fn refused(path: &Path, error: RecordingError) -> Failure {
    let advice = match &error {
        RecordingError::Locked(_) => "one process writes a recording: name another file".to_owned(),
        RecordingError::Foreign { .. } | RecordingError::Schema { .. } => {
            format!("{} is left as it is: name another file", path.display())
        }
        _ => "name a file that can be written".to_owned(),
    };
    Failure::new(Exit::Usage, error).advise(advice)
}
