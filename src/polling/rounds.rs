//! The one loop of `stress` and `watch`: when to fire, what to do and when to stop are three values
//! handed in. Apart so that neither command has a loop of its own.

use std::time::Duration;

use async_trait::async_trait;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// What to do in a round.
#[async_trait]
pub(crate) trait Act: Send {
    /// What a round yields.
    type Done: Send;

    /// One round, numbered from 1. It watches for shutdown itself where leaving midway needs care.
    async fn round(&mut self, number: u64) -> Self::Done;
}

/// When to fire: how long after the start of a round the next one starts, or after its end,
/// whichever is later.
#[async_trait]
pub(crate) trait Pace<D>: Send {
    /// From the start of the round that yielded `done` to the start of the next.
    fn start_to_start(&mut self, done: &D) -> Duration;
    /// From the end of that round to the start of the next, at the least.
    fn end_to_start(&mut self, done: &D) -> Duration;
    /// Waits for the time of the next round. A pace that is changed while it waits (a key, a clock
    /// that jumped) may come back earlier or later.
    async fn wait(&mut self, next: Instant) {
        sleep_until(next).await;
    }
}

/// When to stop: `Some` reason ends the loop after the round that gave it.
pub(crate) trait Until<D>: Send {
    /// Why it stops.
    type Reason: Send;
    /// Looks at what a round yielded.
    fn reached(&mut self, done: &D) -> Option<Self::Reason>;
}

impl<D, R: Send, F: FnMut(&D) -> Option<R> + Send> Until<D> for F {
    type Reason = R;
    fn reached(&mut self, done: &D) -> Option<R> {
        self(done)
    }
}

/// Why the loop ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End<R> {
    /// A round gave the reason.
    Reached(R),
    /// Time was up before the next round.
    Deadline,
    /// Shutdown was asked for.
    Interrupted,
}

/// Rounds until one says stop, the deadline passes or shutdown is asked for.
pub(crate) async fn rounds<A: Act, U: Until<A::Done>>(
    act: &mut A,
    pace: &mut dyn Pace<A::Done>,
    until: &mut U,
    deadline: Option<Instant>,
    shutdown: &CancellationToken,
) -> End<U::Reason> {
    let mut number = 1;
    loop {
        let started = Instant::now();
        let done = act.round(number).await;
        if shutdown.is_cancelled() {
            return End::Interrupted;
        }
        if let Some(reason) = until.reached(&done) {
            return End::Reached(reason);
        }
        let next =
            (started + pace.start_to_start(&done)).max(Instant::now() + pace.end_to_start(&done));
        if deadline.is_some_and(|deadline| deadline <= next) {
            return End::Deadline;
        }
        tokio::select! {
            () = pace.wait(next) => {}
            () = shutdown.cancelled() => return End::Interrupted,
        }
        number += 1;
    }
}

/// The same interval for every round, and the pause that is asked for after each.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Steady<P> {
    /// From start to start.
    pub(crate) interval: Duration,
    /// From end to start: asked after every round, as what a runtime needs depends on the last one.
    pub(crate) pause: P,
}

impl<D, P: FnMut() -> Duration + Send> Pace<D> for Steady<P> {
    fn start_to_start(&mut self, _: &D) -> Duration {
        self.interval
    }
    fn end_to_start(&mut self, _: &D) -> Duration {
        (self.pause)()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Work(Duration);

    #[async_trait]
    impl Act for Work {
        type Done = u64;
        async fn round(&mut self, number: u64) -> u64 {
            tokio::time::sleep(self.0).await;
            number
        }
    }

    async fn run(
        work: u64,
        interval: u64,
        pause: u64,
        stop: u64,
        deadline: Option<u64>,
    ) -> (End<u64>, u64) {
        let started = Instant::now();
        let seconds = Duration::from_secs;
        let mut steady = Steady { interval: seconds(interval), pause: || seconds(pause) };
        let mut until = move |done: &u64| (*done == stop).then_some(*done);
        let deadline = deadline.map(|deadline| started + seconds(deadline));
        let end = rounds(
            &mut Work(seconds(work)),
            &mut steady,
            &mut until,
            deadline,
            &CancellationToken::new(),
        )
        .await;
        (end, started.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn the_later_of_interval_and_pause_decides() {
        assert_eq!(run(1, 5, 0, 3, None).await, (End::Reached(3), 11));
        assert_eq!(run(4, 5, 3, 3, None).await, (End::Reached(3), 18));
    }

    #[tokio::test(start_paused = true)]
    async fn a_round_that_would_start_too_late_does_not_start() {
        assert_eq!(run(1, 5, 0, 9, Some(10)).await, (End::Deadline, 6));
    }

    #[tokio::test(start_paused = true)]
    async fn shutdown_ends_the_wait_between_rounds() {
        let shutdown = CancellationToken::new();
        let stop = shutdown.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(7)).await;
            stop.cancel();
        });
        let started = Instant::now();
        let mut steady = Steady { interval: Duration::from_secs(100), pause: || Duration::ZERO };
        let end = rounds(
            &mut Work(Duration::from_secs(1)),
            &mut steady,
            &mut |_: &u64| None::<u64>,
            None,
            &shutdown,
        )
        .await;
        assert_eq!((end, started.elapsed().as_secs()), (End::Interrupted, 7));
    }
}
