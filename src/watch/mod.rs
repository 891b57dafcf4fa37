//! `watch`: readings at an interval until something is reached, time is up or somebody ends it. What
//! fails on the way is told and survived. Several are asked at once, so that a silent registry holds up
//! nobody but itself.

mod change;
mod goal;
mod target;

use futures_util::FutureExt as _;
use tokio_util::sync::CancellationToken;

pub(crate) use change::change;
pub(crate) use goal::Goal;
pub(crate) use target::{Target, targets};

use crate::context::Clock;
use crate::history::{Observed, Series};
use crate::polling::backoff::Outcome;
use crate::polling::schedule::Answered;
use crate::polling::turns::{Shared, Turn, Wish, take_turns};
use crate::quota::{Reading, Window};
use crate::session::{Session, exit_of};
use crate::{Exit, Failure};

/// Whoever is told of each reading.
pub(crate) trait Observer: Send {
    /// Takes a reading of the target with this number; `changed`: it says something else than the one
    /// before.
    ///
    /// # Errors
    /// What has been read can neither be kept nor shown: the watch ends.
    fn observed(
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
    /// The observer could not go on.
    Broken(anyhow::Error),
    /// Somebody stopped it.
    Stopped,
}

/// A watch.
pub(crate) struct Watching<'a> {
    session: &'a Session,
    targets: &'a [Target],
    goal: Goal,
    /// What has been seen of each target.
    seen: Vec<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    series: Series,
    /// How `check` would end on the last reading.
    exit: Option<Exit>,
}

/// An answer: the reading, and whether a token was fetched for it.
type Answer = (Reading, bool);

impl<'a> Watching<'a> {
    /// A watch of these targets. A `drop` of more pulls is an event.
    pub(crate) fn new(
        session: &'a Session,
        targets: &'a [Target],
        goal: Goal,
        drop: Option<u64>,
    ) -> Self {
        let seen = || Seen { series: Series::new(drop), exit: None };
        Self { session, targets, goal, seen: targets.iter().map(|_| seen()).collect() }
    }

    /// Reads in turns until an end.
    pub(crate) async fn run(
        &mut self,
        turns: &Shared,
        clock: &dyn Clock,
        observer: &mut dyn Observer,
        wishes: Option<tokio::sync::mpsc::Receiver<Wish>>,
        stop: &CancellationToken,
    ) -> End {
        let (session, targets) = (self.session, self.targets);
        let ask = move |turn: Turn| async move { read(session, targets, turn).await }.boxed();
        let mut take = |turn: Turn, answer| match answer {
            Some(answer) => self.take(turn, &answer, observer),
            None => (nothing(), None),
        };
        take_turns(turns, clock, &ask, &mut take, wishes, stop).await.unwrap_or(End::Stopped)
    }

    fn take(
        &mut self,
        turn: Turn,
        (reading, new_token): &Answer,
        observer: &mut dyn Observer,
    ) -> (Answered, Option<End>) {
        let Some(seen) = self.seen.get_mut(turn.index) else { return (nothing(), None) };
        let news = seen.series.observe(reading, *new_token, turn.jump);
        seen.exit = Some(exit_of(reading));
        let answered = Answered {
            outcome: Outcome::of(reading, news.moved),
            window: reading.count().and_then(|count| count.window).map(Window::duration),
            retry_after: reading.retry_after,
            source: reading.source.as_ref().map(ToString::to_string),
        };
        let shown = Observed {
            at: reading.at,
            record: reading.into(),
            forecast: news.forecast,
            events: news.events,
        };
        let end = match observer.observed(turn.index, reading, shown, news.changed) {
            Err(error) => Some(End::Broken(error)),
            Ok(()) => (reading.effective && !news.doubtful && self.goal.is_reached(reading))
                .then_some(End::Reached),
        };
        (answered, end)
    }

    /// How `check` would end on the last readings that are effective.
    ///
    /// # Errors
    /// There was none.
    pub(crate) fn worst(&self) -> Result<Exit, Failure> {
        let effective =
            || self.targets.iter().zip(&self.seen).filter(|(target, _)| target.who.effective);
        effective().filter_map(|(_, seen)| seen.exit).max().ok_or_else(|| {
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

async fn read(session: &Session, targets: &[Target], turn: Turn) -> Option<Answer> {
    let Target { client, image, who } = targets.get(turn.index)?;
    if turn.jump.is_some_and(|seconds| seconds > 0)
        && let Err(error) = client.start_afresh()
    {
        tracing::debug!(%error, "the old connections stay");
    }
    let fetched = || client.tokens_fetched(image, &who.credential);
    let before = fetched();
    let reading = session.read(client, image, who).await;
    Some((reading, fetched() > before))
}

/// What a turn of nobody says of the next one.
const fn nothing() -> Answered {
    Answered { outcome: Outcome::Moved, window: None, retry_after: None, source: None }
}
