//! Looking until the gate has its answer: once, or again and again within the wait that was allowed.
//! While waiting, only knowledge opens the gate: a look that tells nothing is no reason to open, and a
//! count that is full all of a sudden is looked at twice, since Docker Hub reports a full count wrongly
//! now and then.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use super::countdown::Countdown;
use super::schedule::{Schedule, random};
use super::verdict::{Decision, Policy, decide};
use crate::Context;
use crate::cli::Wait;
use crate::command::rounds::{Act, End, Pace, rounds};
use crate::image::Reference;
use crate::quota::{Count, LimitStatus, Reading};
use crate::registry::{Client, Principal};
use crate::render::gate::Verdict;
use crate::session::Session;

/// Whom to ask, about what, and how long.
pub(super) struct Looks<'a> {
    pub(super) context: &'a Context,
    pub(super) session: &'a Session,
    pub(super) client: Arc<Client>,
    pub(super) image: Reference,
    pub(super) who: Principal,
    pub(super) policy: Policy,
    pub(super) schedule: Schedule,
    pub(super) wait: Option<Wait>,
}

/// What the looks came to.
pub(super) struct Outcome {
    pub(super) reading: Reading,
    pub(super) decision: Decision,
    /// From the first answer to the last.
    pub(super) waited: Duration,
}

/// Looks until there is an answer; `None` where shutdown came first.
pub(super) async fn look(looks: Looks<'_>) -> Option<Outcome> {
    let shutdown = looks.context.shutdown.clone();
    let mut looking = Looking {
        countdown: Countdown::new(looks.context),
        looks,
        first: None,
        deadline: None,
        full_by: None,
        failures: 0,
        closed: None,
        doubted: false,
        last: None,
    };
    let mut until = |next: &Option<Duration>| next.is_none().then_some(());
    let end = rounds(&mut looking, &mut AsTold, &mut until, None, &shutdown).await;
    looking.countdown.finish();
    match end {
        End::Reached(()) | End::Deadline => looking.outcome(),
        End::Interrupted => None,
    }
}

struct Looking<'a> {
    looks: Looks<'a>,
    countdown: Countdown<'a>,
    /// When the first answer was there.
    first: Option<Instant>,
    /// When the wait is over.
    deadline: Option<Instant>,
    /// When the count is full again at the latest, as the first closed reading had it.
    full_by: Option<Instant>,
    /// Looks in a row that told nothing.
    failures: u32,
    /// The last look that saw the gate closed.
    closed: Option<(Reading, Decision)>,
    /// Whether the last look saw a count that was full all of a sudden.
    doubted: bool,
    last: Option<(Reading, Decision)>,
}

/// Each look says when the next one is due, counted from its end.
struct AsTold;

impl Pace<Option<Duration>> for AsTold {
    fn start_to_start(&mut self, _: &Option<Duration>) -> Duration {
        Duration::ZERO
    }
    fn end_to_start(&mut self, next: &Option<Duration>) -> Duration {
        next.unwrap_or_default()
    }
}

#[async_trait]
impl Act for Looking<'_> {
    /// How long until the next look; `None` where this was the last.
    type Done = Option<Duration>;

    async fn round(&mut self, _: u64) -> Option<Duration> {
        let looks = &self.looks;
        let reading = tokio::select! {
            reading = looks.session.read(&looks.client, &looks.image, &looks.who) => reading,
            () = looks.context.shutdown.cancelled() => return None,
        };
        let now = Instant::now();
        let decision = decide(&reading, looks.policy);
        let next = self.next(&reading, decision, now);
        if decision.verdict == Verdict::Closed {
            self.closed = Some((reading.clone(), decision));
        }
        self.last = Some((reading, decision));
        next
    }
}

impl Looking<'_> {
    /// When to look again, and a word on why.
    fn next(&mut self, reading: &Reading, decision: Decision, now: Instant) -> Option<Duration> {
        let first = *self.first.get_or_insert(now);
        let doubtful = decision.verdict == Verdict::Open
            && self.closed.is_some()
            && sudden(reading)
            && !self.doubted;
        self.doubted = doubtful;
        if doubtful {
            let next = self.looks.schedule.least();
            self.countdown.show(
                "full all of a sudden, which may be wrong: once more",
                now + next,
                self.deadline,
            );
            return Some(next);
        }
        let wait = self.looks.wait.filter(|_| decision.may_change)?;
        self.failures =
            if decision.verdict == Verdict::Unknown { self.failures.saturating_add(1) } else { 0 };
        if self.deadline.is_none() {
            self.deadline = bound(wait, reading).and_then(|bound| first.checked_add(bound));
        }
        if self.full_by.is_none() {
            let in_future =
                reading.full_by.and_then(|full_by| (full_by - reading.at).to_std().ok());
            self.full_by = in_future.and_then(|span| now.checked_add(span));
        }
        let Some(deadline) = self.deadline else {
            self.looks.context.say("! not waiting: no window is known that could pass; --wait=DURATION waits so long whatever is known");
            return None;
        };
        let left = deadline.saturating_duration_since(now);
        let full_in = self.full_by.map(|full_by| full_by.saturating_duration_since(now));
        let next = self.looks.schedule.next(reading, self.failures, full_in, left, random());
        match next {
            Some(next) => self.countdown.show(
                &super::words(reading, decision, self.looks.policy),
                now + next,
                Some(deadline),
            ),
            None => self.looks.context.say("the wait is over: no further look is due within it"),
        }
        next
    }

    /// The last look, or the last one that saw it closed where the last tells nothing.
    fn outcome(self) -> Option<Outcome> {
        let (reading, decision) = self.last?;
        let waited = self.first.map(|first| first.elapsed()).unwrap_or_default();
        match self.closed {
            Some((mut closed, known)) if decision.verdict == Verdict::Unknown => {
                let why = reading.fault().map_or_else(
                    || "it could not be understood".to_owned(),
                    |fault| fault.message.clone(),
                );
                closed.warnings.push(format!(
                    "the last look told nothing ({why}), so that the one before it holds"
                ));
                Some(Outcome { reading: closed, decision: known, waited })
            }
            _ => Some(Outcome { reading, decision, waited }),
        }
    }
}

/// Whether nothing is used, or nothing counted.
fn sudden(reading: &Reading) -> bool {
    reading.status == LimitStatus::Unlimited
        || reading.count().is_some_and(|count| count.used() == 0)
}

/// How long may be waited, as far as is known yet.
fn bound(wait: Wait, reading: &Reading) -> Option<Duration> {
    let window = match (&reading.status, reading.count()) {
        (LimitStatus::Exhausted { window, .. }, _) => *window,
        (_, Some(Count { window, .. })) => window,
        _ => None,
    };
    match wait {
        Wait::For(span) => Some(span),
        Wait::Windows => window
            .map(|window| window.duration().saturating_mul(2))
            .or(reading.retry_after.map(|after| after.saturating_mul(2))),
    }
}
