//! Reading until the gate has its answer: once, or again and again within the wait that was allowed.
//! While waiting, only knowledge opens the gate: a reading that tells nothing is no reason to open, and
//! a count that is full all at once is read twice, since Docker Hub reports a full count wrongly now
//! and then.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::report::{GateReport, Verdict};
use super::verdict::{Decision, Policy, decide};
use crate::cli::Wait;
use crate::history::Counts;
use crate::image::Reference;
use crate::polling::backoff::Jitter;
use crate::polling::waiting::Waiting;
use crate::quota::{Count, LimitStatus, Reading};
use crate::registry::{Client, Principal};
use crate::session::Session;

/// Whom to ask, about what, and how long.
pub(crate) struct Question<'a> {
    pub(crate) session: &'a Session,
    pub(crate) client: Arc<Client>,
    pub(crate) image: Reference,
    pub(crate) who: Principal,
    pub(crate) policy: Policy,
    pub(crate) pace: Waiting,
    pub(crate) wait: Option<Wait>,
}

impl Question<'_> {
    /// What an answer is as a report.
    pub(crate) fn report(&self, answer: &Answer, max_use: Option<u64>) -> GateReport {
        GateReport {
            max_use,
            endpoint: self.client.endpoint().base.to_string(),
            sandbox: self.session.is_practice(&self.image),
            ..GateReport::of(answer, self.policy)
        }
    }
}

/// What the readings came to.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The reading that decided.
    pub(crate) reading: Reading,
    /// What it means.
    pub(crate) decision: Decision,
    /// From the first reading to the last.
    pub(crate) waited: Duration,
    /// When enough is left again at the latest; `None` where the gate is open, or no time opens it.
    pub(crate) enough_at: Option<DateTime<Utc>>,
}

/// How the asking ended.
#[derive(Debug)]
pub(crate) enum End {
    /// With an answer.
    Answered(Box<Answer>),
    /// By shutdown, after so much was known.
    Interrupted(Option<Box<Answer>>),
}

/// What happens while the gate waits.
pub(crate) enum Step {
    /// Not open: what is known, the next reading and the end of the wait.
    Waiting { report: Box<GateReport>, next: Instant, timeout: Instant },
    /// The count is full all at once, which may be wrong.
    Doubtful { next: Instant, timeout: Option<Instant> },
    /// No window is known that could pass, so that there is nothing to wait for.
    NoWindow,
    /// No further reading is due within the wait.
    TimedOut,
}

/// Reads until there is an answer; `tell` hears of each step of a wait.
pub(crate) async fn ask(
    question: &Question<'_>,
    shutdown: &CancellationToken,
    tell: &mut (dyn FnMut(Step) + Send),
) -> End {
    let mut asking = Asking::new(question);
    loop {
        let reading = tokio::select! {
            reading = question.session.read(&question.client, &question.image, &question.who) => reading,
            () = shutdown.cancelled() => return End::Interrupted(asking.answer().map(Box::new)),
        };
        let next = asking.next(reading, Instant::now(), tell);
        let Some(next) = next else { break };
        tokio::select! {
            () = sleep(next) => {}
            () = shutdown.cancelled() => return End::Interrupted(asking.answer().map(Box::new)),
        }
    }
    match asking.answer() {
        Some(answer) => End::Answered(Box::new(answer)),
        None => End::Interrupted(None),
    }
}

struct Asking<'a> {
    question: &'a Question<'a>,
    /// When the first answer was there.
    first: Option<Instant>,
    /// When the wait is over.
    deadline: Option<Instant>,
    /// When the count is full again at the latest, unless more is pulled.
    full_by: Option<DateTime<Utc>>,
    /// Readings in a row that told nothing.
    failures: u32,
    /// The last reading that saw the gate closed.
    closed: Option<(Reading, Decision)>,
    /// The counts of this wait: a full one all at once is believed when the next one says so.
    counts: Counts,
    /// Whether the last reading said that nothing is counted.
    is_uncounted: bool,
    last: Option<(Reading, Decision)>,
    jitter: Jitter,
}

impl<'a> Asking<'a> {
    fn new(question: &'a Question<'a>) -> Self {
        Self {
            question,
            first: None,
            deadline: None,
            full_by: None,
            failures: 0,
            closed: None,
            counts: Counts::default(),
            is_uncounted: false,
            last: None,
            jitter: Jitter::new(),
        }
    }

    /// How long until the next reading; `None` where this was the last.
    fn next(
        &mut self,
        reading: Reading,
        now: Instant,
        tell: &mut (dyn FnMut(Step) + Send),
    ) -> Option<Duration> {
        let decision = decide(&reading, self.question.policy);
        self.counts.observe(&reading);
        // The bound stands still while nothing is pulled: only a fall of the count moves it.
        let bound = self.counts.forecast(reading.at).full_by;
        self.full_by = bound.or(reading.full_by).or(self.full_by);
        let next = self.due(&reading, decision, now, tell);
        if decision.verdict == Verdict::Closed {
            self.closed = Some((reading.clone(), decision));
        }
        self.last = Some((reading, decision));
        next
    }

    fn due(
        &mut self,
        reading: &Reading,
        decision: Decision,
        now: Instant,
        tell: &mut (dyn FnMut(Step) + Send),
    ) -> Option<Duration> {
        let first = *self.first.get_or_insert(now);
        let is_unconfirmed = self.is_unconfirmed(reading);
        let is_doubtful =
            decision.verdict == Verdict::Open && self.closed.is_some() && is_unconfirmed;
        let pace = self.question.pace;
        if is_doubtful {
            let next = pace.least();
            tell(Step::Doubtful { next: now + next, timeout: self.deadline });
            return Some(next);
        }
        let wait = self.question.wait.filter(|_| decision.may_change)?;
        self.failures =
            if decision.verdict == Verdict::Unknown { self.failures.saturating_add(1) } else { 0 };
        if self.deadline.is_none() {
            self.deadline = longest(wait, reading).and_then(|span| first.checked_add(span));
        }
        let Some(timeout) = self.deadline else {
            tell(Step::NoWindow);
            return None;
        };
        let left = timeout.saturating_duration_since(now);
        let full_in =
            self.full_by.map(|full_by| (full_by - reading.at).to_std().unwrap_or_default());
        let next = pace.next(reading, self.failures, full_in, left, self.jitter.next());
        tell(match next {
            Some(next) => {
                let report = Box::new(GateReport::at(reading, decision, self.question.policy));
                Step::Waiting { report, next: now + next, timeout }
            }
            None => Step::TimedOut,
        });
        next
    }

    /// Whether a reading is of a count that is full all at once, or of none all at once.
    fn is_unconfirmed(&mut self, reading: &Reading) -> bool {
        let was_uncounted = self.is_uncounted;
        self.is_uncounted = reading.status == LimitStatus::Unlimited;
        self.counts.is_unconfirmed() || (self.is_uncounted && !was_uncounted)
    }

    /// The last reading, or the last one that saw it closed where the last tells nothing.
    fn answer(self) -> Option<Answer> {
        let (reading, decision) = self.last?;
        let waited = self.first.map(|first| first.elapsed()).unwrap_or_default();
        let (reading, decision) = match self.closed {
            Some((mut closed, known)) if decision.verdict == Verdict::Unknown => {
                let why = reading.fault().map_or_else(
                    || "it could not be understood".to_owned(),
                    |fault| fault.message.clone(),
                );
                closed.warnings.push(format!(
                    "the last reading told nothing ({why}), so that the one before it holds"
                ));
                (closed, known)
            }
            _ => (reading, decision),
        };
        let enough_at = enough_at(&reading, decision, self.full_by);
        Some(Answer { reading, decision, waited, enough_at })
    }
}

/// When a closed gate opens at the latest: when the count is full again, or when the registry says
/// that it may be asked again.
fn enough_at(
    reading: &Reading,
    decision: Decision,
    full_by: Option<DateTime<Utc>>,
) -> Option<DateTime<Utc>> {
    if decision.verdict != Verdict::Closed || !decision.may_change {
        return None;
    }
    let counted = matches!(reading.status, LimitStatus::Limited(_) | LimitStatus::Exhausted { .. });
    let told = || {
        let span = chrono::TimeDelta::from_std(reading.retry_after?).ok()?;
        reading.at.checked_add_signed(span)
    };
    if counted { full_by.or(reading.full_by).or_else(told) } else { told() }
}

/// How long may be waited, as far as is known yet.
fn longest(wait: Wait, reading: &Reading) -> Option<Duration> {
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

#[cfg(test)]
mod tests {
    use super::super::verdict::tests::policy;
    use super::*;
    use crate::quota::testing::{limited, reading};
    use crate::quota::{Fault, FaultKind, Throttle};

    #[test]
    fn a_closed_gate_says_when_it_could_open_and_only_then() {
        let full = "2026-11-22T10:15:21Z".parse().ok();
        let at = |status: LimitStatus, retry_after: Option<u64>, full_by| {
            let mut reading = reading(status);
            reading.retry_after = retry_after.map(Duration::from_secs);
            enough_at(&reading, decide(&reading, policy(10)), full_by)
        };
        let fault =
            || Fault { kind: FaultKind::OverallLimit, message: "m".into(), advice: "a".into() };
        assert_eq!(at(limited(3), None, full), full);
        assert_eq!(at(limited(0), None, full), full);
        assert_eq!(at(limited(76), None, full), None, "open");
        assert_eq!(
            at(LimitStatus::Throttled(Throttle::Overall, fault()), Some(60), full),
            "2026-11-22T09:16:21Z".parse().ok()
        );
        assert_eq!(at(LimitStatus::Throttled(Throttle::Overall, fault()), None, full), None);
        let small = LimitStatus::Limited(Count { limit: 9, remaining: 3, window: None });
        assert_eq!(at(small, None, full), None, "more than the limit ever allows");
        assert_eq!(at(LimitStatus::Unknown, None, full), None);
    }
}
