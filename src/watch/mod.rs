//! `watch`: readings at an interval until something is reached, time is up or somebody ends it. What
//! fails on the way is told and survived.

mod arguments;
mod change;
mod goal;

pub(crate) use arguments::{lively, recorder};
pub(crate) use change::change;
pub(crate) use goal::Goal;

use crate::history::Observed;
use crate::polling::readings::{News, Observer};
use crate::polling::target::Target;
use crate::quota::Reading;
use crate::session::exit_of;
use crate::{Exit, Failure};

/// Where readings go.
pub(crate) trait Display: Send {
    /// Takes a reading of the target with this number; `changed`: it says something else than the one
    /// before.
    ///
    /// # Errors
    /// What has been read can neither be kept nor shown: the watch ends.
    fn reading(
        &mut self,
        index: usize,
        reading: &Reading,
        observed: Observed,
        changed: bool,
    ) -> anyhow::Result<()>;
}

/// Why a watch ended by itself.
#[derive(Debug)]
pub(crate) enum End {
    /// What was waited for was read.
    Reached,
    /// What was read could not be kept or shown.
    Broken(anyhow::Error),
}

/// A watch: what it waits for, and how it would end now.
pub(crate) struct Watching<'a, D> {
    targets: &'a [Target],
    goal: Goal,
    /// Where readings go.
    pub(crate) display: D,
    /// How `check` would end on the last reading of each target.
    exits: Vec<Option<Exit>>,
}

impl<D: Display> Observer for Watching<'_, D> {
    type End = End;

    fn observed(
        &mut self,
        index: usize,
        reading: &Reading,
        observed: Observed,
        news: News,
    ) -> Option<End> {
        if let Some(exit) = self.exits.get_mut(index) {
            *exit = Some(exit_of(reading));
        }
        match self.display.reading(index, reading, observed, news.changed) {
            Err(error) => Some(End::Broken(error)),
            Ok(()) => (reading.effective && !news.doubtful && self.goal.is_reached(reading))
                .then_some(End::Reached),
        }
    }
}

impl<'a, D> Watching<'a, D> {
    /// A watch of these targets.
    pub(crate) fn new(targets: &'a [Target], goal: Goal, display: D) -> Self {
        Self { targets, goal, display, exits: vec![None; targets.len()] }
    }

    /// How `check` would end on the last readings that are effective.
    ///
    /// # Errors
    /// There was none.
    pub(crate) fn worst(&self) -> Result<Exit, Failure> {
        let effective =
            || self.targets.iter().zip(&self.exits).filter(|(target, _)| target.who.effective);
        effective().filter_map(|(_, exit)| *exit).max().ok_or_else(|| {
            let base = effective()
                .next()
                .map(|(target, _)| target.client.endpoint().base.to_string())
                .unwrap_or_default();
            let error = anyhow::anyhow!(
                "no reading was had in the time of --for: no answer from {}",
                base.trim_end_matches('/')
            );
            Failure::new(Exit::Unreachable, error).advise(
                "a longer --for, or a --timeout shorter than it, shows what keeps the answer away",
            )
        })
    }
}
