//! Readings in turns: what `watch` and `serve` have in common. Each target has a series of its own; what
//! fails is a reading, too. Several are asked at once, so that a silent registry holds up nobody but itself.

use futures_util::FutureExt as _;
use tokio::sync::mpsc::Receiver;
use tokio_util::sync::CancellationToken;

use super::backoff::Outcome;
use super::schedule::Answered;
use super::target::Target;
use super::turns::{Shared, Turn, Wish, take_turns};
use crate::context::Clock;
use crate::history::{Observed, Series};
use crate::quota::{Reading, Window};
use crate::session::Session;

/// Whoever is told of each reading.
pub(crate) trait Observer: Send {
    /// Why it wants no more.
    type End: Send;

    /// Takes a reading of the target with this number, and says where it wants no more.
    fn observed(
        &mut self,
        index: usize,
        reading: &Reading,
        observed: Observed,
        news: News,
    ) -> Option<Self::End>;
}

/// What stands beside a reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct News {
    /// Pulls that became known to be used: at least so many.
    pub(crate) used: u64,
    /// It says something else than the one before.
    pub(crate) changed: bool,
    /// A full count that the next reading must confirm.
    pub(crate) doubtful: bool,
    /// A token was fetched for it.
    pub(crate) new_token: bool,
}

/// An answer: the reading, and whether a token was fetched for it.
type Answer = (Reading, bool);

/// What is read, and when.
pub(crate) struct Readings<'a> {
    /// As whom, and how.
    pub(crate) session: &'a Session,
    /// Whom and what.
    pub(crate) targets: &'a [Target],
    /// Whose turn it is.
    pub(crate) turns: &'a Shared,
    /// The time of day.
    pub(crate) clock: &'a dyn Clock,
}

impl Readings<'_> {
    /// Reads in turns until the observer wants no more; `None` where `stop` came first. `series` is what is
    /// known of each target, in their order.
    pub(crate) async fn run<O: Observer>(
        &self,
        series: &mut [Series],
        observer: &mut O,
        wishes: Option<Receiver<Wish>>,
        stop: &CancellationToken,
    ) -> Option<O::End> {
        let (session, targets) = (self.session, self.targets);
        let ask = move |turn: Turn| async move { read(session, targets, turn).await }.boxed();
        let mut take =
            |turn: Turn, answer: Option<Answer>| match answer.zip(series.get_mut(turn.index)) {
                Some(((reading, new_token), series)) => {
                    told(turn, reading, new_token, series, observer)
                }
                None => (NOTHING, None),
            };
        take_turns(self.turns, self.clock, &ask, &mut take, wishes, stop).await
    }
}

/// What a turn of nobody says of the next one.
const NOTHING: Answered =
    Answered { outcome: Outcome::Moved, window: None, retry_after: None, source: None };

fn told<O: Observer>(
    turn: Turn,
    mut reading: Reading,
    new_token: bool,
    series: &mut Series,
    observer: &mut O,
) -> (Answered, Option<O::End>) {
    let news = series.observe(&reading, new_token, turn.jump);
    // The bound of one reading alone moves with the clock; that of the series stands still while nothing
    // is pulled.
    reading.full_by = news.forecast.full_by.or(reading.full_by);
    let answered = Answered {
        outcome: Outcome::of(&reading, news.moved),
        window: reading.count().and_then(|count| count.window).map(Window::duration),
        retry_after: reading.retry_after,
        source: reading.source.as_ref().map(ToString::to_string),
    };
    let shown = Observed {
        at: reading.at,
        record: (&reading).into(),
        forecast: news.forecast,
        events: news.events,
    };
    let beside =
        News { changed: news.changed, doubtful: news.doubtful, new_token, used: news.used };
    (answered, observer.observed(turn.index, &reading, shown, beside))
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
