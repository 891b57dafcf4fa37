//! One round of a watch: whose turn it is, one reading, what happened since the last one, and its
//! way to the screen, the recording and the command on changes. And the pace between rounds, which
//! keys and a clock that jumped may change.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::goal::Goal;
use super::show::{self, Show};
use crate::history::{Event, Observed, Series};
use crate::image::Reference;
use crate::polling::backoff::{Jitter, Outcome};
use crate::polling::drift::Drift;
use crate::polling::rounds::{Act, Pace};
use crate::polling::schedule::{Answered, Schedule};
use crate::process::hook::{Change, Hook, Say};
use crate::quota::Reading;
use crate::recording::{Appended, Recorder};
use crate::registry::{Client, Principal};
use crate::session::{Session, exit_of};
use crate::{Context, Exit, Failure};

/// A wait is looked at again after this long at the latest: the machine may have slept.
const LOOK: Duration = Duration::from_secs(10);

/// One image as one identity over one family.
pub(super) struct Target {
    pub(super) client: Arc<Client>,
    pub(super) image: Reference,
    pub(super) who: Principal,
    pub(super) series: Series,
    /// How `check` would end on its last reading.
    pub(super) exit: Option<Exit>,
}

/// What the rounds and the waits between them share.
pub(super) struct Turns {
    pub(super) schedule: Schedule,
    drift: Drift,
    /// Whose turn it was.
    last: usize,
    /// By how many seconds the clock jumped since each target was read.
    jumps: Vec<i64>,
}

/// Shared between the rounds, the waits and the view.
pub(super) type Shared = Arc<Mutex<Turns>>;

impl Turns {
    /// For so many targets.
    pub(super) fn shared(schedule: Schedule, targets: usize, context: &Context) -> Shared {
        let drift = Drift::new(context.clock.now(), Instant::now());
        Arc::new(Mutex::new(Self { schedule, drift, last: 0, jumps: vec![0; targets] }))
    }

    /// Looks whether time went by unseen; after a sleep everybody is due.
    fn look(&mut self, context: &Context) {
        let now = Instant::now();
        let Some(jump) = self.drift.jump(context.clock.now(), now) else { return };
        tracing::debug!(seconds = jump.num_seconds(), "the clock jumped");
        self.jumps
            .iter_mut()
            .for_each(|seconds| *seconds = seconds.saturating_add(jump.num_seconds()));
        if jump.num_seconds() > 0 {
            self.schedule.hurry(now);
        }
    }
}

pub(super) fn locked(turns: &Shared) -> MutexGuard<'_, Turns> {
    turns.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a round came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Done {
    /// A reading.
    Read,
    /// The reading that was waited for.
    Reached,
    /// Nobody reads what is written, or it cannot be written.
    Broken,
}

/// The rounds.
pub(super) struct Polls<'a> {
    pub(super) context: &'a Context,
    pub(super) session: &'a Session,
    pub(super) targets: Vec<Target>,
    pub(super) turns: Shared,
    pub(super) jitter: Jitter,
    pub(super) goal: Goal,
    pub(super) show: Show,
    pub(super) hook: Option<Hook>,
    pub(super) recorder: Option<Recorder>,
    pub(super) say: Say,
    pub(super) stop: CancellationToken,
    pub(super) error: Option<anyhow::Error>,
}

#[async_trait]
impl Act for Polls<'_> {
    type Done = Done;

    async fn round(&mut self, _: u64) -> Done {
        let (index, jump) = {
            let mut turns = locked(&self.turns);
            turns.look(self.context);
            let index = turns.schedule.next().map_or(turns.last, |(index, _)| index);
            turns.last = index;
            turns.schedule.started(index, Instant::now());
            (index, turns.jumps.get_mut(index).map(std::mem::take).filter(|seconds| *seconds != 0))
        };
        let Some(target) = self.targets.get_mut(index) else { return Done::Broken };
        if jump.is_some_and(|seconds| seconds > 0)
            && let Err(error) = target.client.start_afresh()
        {
            tracing::debug!(%error, "the old connections stay");
        }
        let tokens = target.client.tokens_fetched();
        let reading = tokio::select! {
            reading = self.session.read(&target.client, &target.image, &target.who) => reading,
            () = self.stop.cancelled() => return Done::Read,
        };
        let news = target.series.observe(&reading, target.client.tokens_fetched() > tokens, jump);
        target.exit = Some(exit_of(&reading));
        let window =
            reading.count().and_then(|count| count.window).map(crate::quota::Window::duration);
        let outcome = Outcome::of(&reading, news.moved);
        locked(&self.turns).schedule.settle(
            index,
            Answered {
                outcome,
                window,
                retry_after: reading.retry_after,
                source: reading.source.as_ref().map(ToString::to_string).as_deref(),
            },
            self.jitter.next(),
            Instant::now(),
        );
        let shown = Observed {
            at: reading.at,
            record: (&reading).into(),
            forecast: news.forecast,
            events: news.events,
        };
        if let Err(error) = self.hand_on(index, &reading, shown, news.changed) {
            self.error = Some(error);
            return Done::Broken;
        }
        if reading.effective && !news.doubtful && self.goal.is_reached(&reading) {
            Done::Reached
        } else {
            Done::Read
        }
    }
}

impl Polls<'_> {
    /// To the recording first: what is shown is on the disk.
    fn hand_on(
        &mut self,
        target: usize,
        reading: &Reading,
        shown: Observed,
        changed: bool,
    ) -> anyhow::Result<()> {
        let sample = show::sample(reading, &shown);
        if let Some(recorder) = &mut self.recorder {
            match recorder.append(&sample).map_err(show::lost)? {
                Appended::Usual => {}
                Appended::Anew => (self.say)(
                    "! the recording had been moved or removed: it goes on in a new file of its name",
                ),
            }
        }
        let json = if matches!(self.show, Show::Jsonl) || self.hook.is_some() {
            show::json(&sample, &shown)?
        } else {
            String::new()
        };
        if let (Some(hook), true) = (&self.hook, changed) {
            hook.hand(change(&shown, &json));
        }
        self.show.reading(self.context, target, shown, &json)
    }

    /// How `check` would end on the last readings that are effective; an error where there was none.
    pub(super) fn worst(&self) -> Result<Exit, Failure> {
        let effective = || self.targets.iter().filter(|target| target.who.effective);
        effective().filter_map(|target| target.exit).max().ok_or_else(|| {
            let base = effective()
                .next()
                .map(|target| target.client.endpoint().base.to_string())
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

/// The sample for the command, and what happened in variables: of a prefix that no option has.
fn change(shown: &Observed, json: &str) -> Change {
    let (record, events) = (&shown.record, &shown.events);
    let number = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
    let kinds: Vec<&str> = events.iter().map(Event::kind).collect();
    let words: Vec<String> = events.iter().map(Event::words).collect();
    let variables = vec![
        ("DHLIMIT_EVENT", kinds.join(",")),
        ("DHLIMIT_EVENT_TEXT", words.join("; ")),
        ("DHLIMIT_EVENT_IMAGE", record.image.clone()),
        ("DHLIMIT_EVENT_IDENTITY", record.identity.label().to_owned()),
        ("DHLIMIT_EVENT_STATE", record.state.as_str().to_owned()),
        ("DHLIMIT_EVENT_REMAINING", number(record.remaining)),
        ("DHLIMIT_EVENT_LIMIT", number(record.limit)),
        ("DHLIMIT_EVENT_SOURCE", record.source.clone().unwrap_or_default()),
    ];
    // A variable cannot hold a zero byte, and need not hold what steers terminals.
    let variables = variables
        .into_iter()
        .map(|(name, value)| (name, crate::text::one_line(&value, 2_000)))
        .collect();
    Change { json: format!("{json}\n"), variables }
}

/// What a key asks of the schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// A reading now.
    Hurry,
    /// Stop, or go on.
    Pause,
    /// A longer interval, or a shorter one.
    Interval { longer: bool },
}

/// The waits between rounds.
pub(super) struct Waits<'a> {
    pub(super) context: &'a Context,
    pub(super) turns: Shared,
    pub(super) wishes: Option<mpsc::Receiver<Wish>>,
}

#[async_trait]
impl Pace<Done> for Waits<'_> {
    fn start_to_start(&mut self, _: &Done) -> Duration {
        Duration::ZERO
    }

    fn end_to_start(&mut self, _: &Done) -> Duration {
        let at = locked(&self.turns).schedule.next();
        at.map_or(LOOK, |(_, at)| at.saturating_duration_since(Instant::now()))
    }

    async fn wait(&mut self, _: Instant) {
        loop {
            let at = locked(&self.turns).schedule.next().map(|(_, at)| at);
            let now = Instant::now();
            if at.is_some_and(|at| at <= now) {
                return;
            }
            let look = at.map_or(now + LOOK, |at| at.min(now + LOOK));
            tokio::select! {
                () = sleep_until(look) => locked(&self.turns).look(self.context),
                wish = wished(self.wishes.as_mut()) => self.grant(wish),
            }
        }
    }
}

impl Waits<'_> {
    fn grant(&mut self, wish: Wish) {
        let mut turns = locked(&self.turns);
        let schedule = &mut turns.schedule;
        let now = Instant::now();
        match wish {
            Wish::Hurry => schedule.hurry(now),
            Wish::Pause => schedule.pause(!schedule.is_paused()),
            Wish::Interval { longer } => schedule.change(longer, now),
        }
    }
}

async fn wished(wishes: Option<&mut mpsc::Receiver<Wish>>) -> Wish {
    let wish = match wishes {
        Some(wishes) => wishes.recv().await,
        None => None,
    };
    match wish {
        Some(wish) => wish,
        None => std::future::pending().await,
    }
}
