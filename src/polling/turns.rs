//! Asking in turns for as long as somebody wants to know: the loop around a [`Schedule`], with several
//! requests under way, keys that change the pace, and a look at the clock after each wait, since the
//! machine may have slept.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::backoff::Jitter;
use super::drift::Drift;
use super::schedule::{Answered, Schedule};
use crate::context::Clock;

/// A wait is looked at again after this long at the latest: the machine may have slept.
const LOOK: Duration = Duration::from_secs(10);

/// What the loop and a view of it share.
pub(crate) struct Turns {
    /// Whose turn it is.
    pub(crate) schedule: Schedule,
    drift: Drift,
    /// By how many seconds the clock jumped since each one was asked.
    jumps: Vec<i64>,
}

/// Shared between the loop and a view.
pub(crate) type Shared = Arc<Mutex<Turns>>;

/// One turn: who is asked, and what the clock did before.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turn {
    /// The number of who is asked.
    pub(crate) index: usize,
    /// By how many seconds the clock jumped since the turn before: forward after a sleep.
    pub(crate) jump: Option<i64>,
}

/// What a key asks of the schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// A reading now.
    Hurry,
    /// Stop, or go on.
    Pause,
    /// A longer interval, or a shorter one.
    Interval {
        /// Whether it is the longer one.
        longer: bool,
    },
}

impl Turns {
    /// For a schedule of so many.
    pub(crate) fn shared(schedule: Schedule, count: usize, clock: &dyn Clock) -> Shared {
        let drift = Drift::new(clock.now(), Instant::now());
        Arc::new(Mutex::new(Self { schedule, drift, jumps: vec![0; count] }))
    }

    /// Looks whether time went by unseen; after a sleep everybody is due.
    fn look(&mut self, clock: &dyn Clock) {
        let now = Instant::now();
        let Some(jump) = self.drift.jump(clock.now(), now) else { return };
        let seconds = jump.num_seconds();
        tracing::debug!(seconds, "the clock jumped");
        self.jumps.iter_mut().for_each(|sum| *sum = sum.saturating_add(seconds));
        if seconds > 0 {
            self.schedule.hurry(now);
        }
    }

    /// The turn that begins now, if one does.
    fn begin(&mut self) -> Option<Turn> {
        let now = Instant::now();
        let (index, _) = self.schedule.next().filter(|(_, at)| *at <= now)?;
        self.schedule.started(index, now);
        let jump = self.jumps.get_mut(index).map(std::mem::take).filter(|seconds| *seconds != 0);
        Some(Turn { index, jump })
    }

    fn grant(&mut self, wish: Wish) {
        let now = Instant::now();
        match wish {
            Wish::Hurry => self.schedule.hurry(now),
            Wish::Pause => self.schedule.pause(!self.schedule.is_paused()),
            Wish::Interval { longer } => self.schedule.change(longer, now),
        }
    }
}

/// What is shared, for a moment.
pub(crate) fn locked(turns: &Shared) -> MutexGuard<'_, Turns> {
    turns.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Asks whoever's turn it is until `take` gives a reason to end; `None` where `stop` came first.
///
/// `ask` asks; `take` makes of an answer what it says of the next turn and the reason to end, if it is one.
pub(crate) async fn take_turns<'a, A, R>(
    turns: &Shared,
    clock: &dyn Clock,
    ask: &(dyn Fn(Turn) -> BoxFuture<'a, A> + Sync),
    take: &mut (dyn FnMut(Turn, A) -> (Answered, Option<R>) + Send),
    mut wishes: Option<Receiver<Wish>>,
    stop: &CancellationToken,
) -> Option<R> {
    let mut jitter = Jitter::new();
    let mut under_way = FuturesUnordered::new();
    loop {
        locked(turns).look(clock);
        loop {
            let Some(turn) = locked(turns).begin() else { break };
            let answer = ask(turn);
            under_way.push(async move { (turn, answer.await) });
        }
        let look = Instant::now() + LOOK;
        let next = locked(turns).schedule.next().map_or(look, |(_, at)| at.min(look));
        tokio::select! {
            biased;
            () = stop.cancelled() => return None,
            Some((turn, answer)) = under_way.next(), if !under_way.is_empty() => {
                let (answered, reason) = take(turn, answer);
                locked(turns).schedule.settle(turn.index, answered, jitter.next(), Instant::now());
                if reason.is_some() {
                    return reason;
                }
            }
            wish = wished(wishes.as_mut()) => locked(turns).grant(wish),
            () = sleep_until(next) => {}
        }
    }
}

async fn wished(wishes: Option<&mut Receiver<Wish>>) -> Wish {
    let wish = match wishes {
        Some(wishes) => wishes.recv().await,
        None => None,
    };
    match wish {
        Some(wish) => wish,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::SystemClock;
    use crate::polling::backoff::Outcome;
    use crate::polling::policy::RatePolicy;
    use futures_util::FutureExt as _;

    fn shared(hosts: &[&str], seconds: u64) -> Shared {
        let policy = |host: &&str| RatePolicy::of(host, host, false, false, false);
        let policies = hosts.iter().map(policy).collect();
        let asked = Some(Duration::from_secs(seconds));
        let schedule = Schedule::new(policies, asked, 4, Instant::now());
        Turns::shared(schedule, hosts.len(), &SystemClock)
    }

    fn moved() -> Answered {
        Answered { outcome: Outcome::Moved, window: None, retry_after: None, source: None }
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_never_answers_holds_up_nobody_else() {
        let turns = shared(&["silent.example", "fast.example"], 10);
        let began = Instant::now();
        let mut answers = 0;
        let answered = take_turns(
            &turns,
            &SystemClock,
            &|turn| {
                async move {
                    if turn.index == 0 {
                        std::future::pending::<()>().await;
                    }
                }
                .boxed()
            },
            &mut |turn, ()| {
                assert_eq!(turn.index, 1);
                answers += 1;
                (moved(), (answers == 7).then_some(answers))
            },
            None,
            &CancellationToken::new(),
        )
        .await;
        assert_eq!(answered, Some(7));
        // The second turn is half an interval later, so that two identities stay apart.
        assert_eq!(began.elapsed().as_secs(), 65);
    }

    #[tokio::test(start_paused = true)]
    async fn keys_change_the_pace_while_it_waits_and_stop_ends_it() {
        let turns = shared(&["one.example"], 600);
        let (wishes, granted) = tokio::sync::mpsc::channel(4);
        let stop = CancellationToken::new();
        let (key, end) = (wishes.clone(), stop.clone());
        tokio::spawn(async move {
            for (after, wish) in [(5, Wish::Hurry), (5, Wish::Pause), (5_000, Wish::Pause)] {
                tokio::time::sleep(Duration::from_secs(after)).await;
                let _ = key.send(wish).await;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
            end.cancel();
        });
        let began = Instant::now();
        let mut at = Vec::new();
        let ended: Option<()> = take_turns(
            &turns,
            &SystemClock,
            &|_| async {}.boxed(),
            &mut |_, ()| {
                at.push(began.elapsed().as_secs());
                (moved(), None)
            },
            Some(granted),
            &stop,
        )
        .await;
        assert_eq!((ended, began.elapsed().as_secs()), (None, 5_011));
        assert_eq!(at, [0, 5, 5_010], "paused for 5,000 s");
    }
}
