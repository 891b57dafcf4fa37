//! The live view of a run: the gauge and the chart of `watch`, each round as it ends and what the
//! runtime said.

use std::sync::mpsc::{Sender, channel};

use tokio::task::JoinHandle;

use crate::Context;
use crate::history::Observed;
use crate::quota::{Forecaster, Point, Reading, Record};
use crate::render::live::{self, Live, Parts, Update};
use crate::render::stress::round_line;
use crate::render::watch::view::Subject;
use crate::stress::{Round, Task, Watcher};

/// A run on the live view.
pub(crate) struct LiveRun {
    context: Context,
    view: Option<Live>,
    updates: Sender<Update>,
    forecaster: Forecaster,
    /// Ends the run when the view is left.
    leaving: JoinHandle<()>,
}

impl LiveRun {
    /// Takes the terminal over where one is there for it and nothing speaks against it.
    /// `table` says whether the output that was asked for is one for people.
    pub(crate) fn open(context: &Context, table: Option<bool>, task: &Task<'_>) -> Option<Self> {
        if !(context.talkative && context.terminal.stderr && live::is_wanted(context, table)) {
            return None;
        }
        let (updates, taken) = channel();
        let parts = Parts {
            names: vec![format!("{}  {}", task.who.identity, task.image)],
            subject: Subject { command: "stress", sandbox: task.sandbox },
            updates: taken,
            control: None,
        };
        let view = match Live::open(context, parts) {
            Ok(view) => view,
            Err(error) => {
                context.say(&format!("! this terminal shows no live view ({error})"));
                return None;
            }
        };
        let (left, shutdown) = (view.left.clone(), context.shutdown.clone());
        let leaving = tokio::spawn(async move {
            left.cancelled().await;
            shutdown.cancel();
        });
        let count = task.reading.count();
        let forecaster =
            Forecaster::new(count.map(|count| count.limit), count.and_then(|count| count.window));
        let mut run =
            Self { context: context.clone(), view: Some(view), updates, forecaster, leaving };
        run.note(&format!("{} {}", task.runtime.name(), task.runtime.version()));
        run.show(&task.reading);
        Some(run)
    }

    /// Gives the terminal back.
    pub(crate) async fn close(mut self) -> std::io::Result<()> {
        self.leaving.abort();
        if let Some(view) = self.view.take() {
            view.close(&self.context).await?;
        }
        Ok(())
    }

    fn show(&mut self, reading: &Reading) {
        if let Some(remaining) = reading.remaining() {
            self.forecaster.push(Point { at: reading.at, remaining });
        }
        let shown = Observed {
            at: reading.at,
            record: Record::from(reading),
            forecast: self.forecaster.forecast(reading.at),
            events: Vec::new(),
        };
        // A view that has gone has said so elsewhere.
        drop(self.updates.send(Update::Reading(0, Box::new(shown))));
    }

    fn note(&self, words: &str) {
        drop(self.updates.send(Update::Note(words.to_owned())));
    }
}

impl Watcher for LiveRun {
    fn round(&mut self, round: &Round, reading: &Reading) {
        self.note(&round_line(round));
        self.show(reading);
    }

    fn recovering(&mut self, _: u64, reading: &Reading) {
        self.show(reading);
    }
}
