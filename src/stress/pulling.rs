//! One round: pull, HEAD, remove.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use tokio::time::Instant;

use super::judgement::{Judgement, judge};
use super::report::{First429, Round, RoundFailure, RoundOutcome};
use super::{Task, Watcher};
use crate::diagnosis::Class;
use crate::polling::rounds::Act;
use crate::quota::Reading;
use crate::runtime::{Outcome, Pull, Removal};
use crate::text::redact;

/// Pulls, reads and removes.
pub(super) struct Pulling<'a> {
    pub(super) task: &'a Task<'a>,
    /// Pulls left, as last read.
    pub(super) left: Option<u64>,
    /// The least and the most that a pull has cost so far, at least 1 each.
    costs: Option<(u64, u64)>,
    /// Rounds so far; a round with several pulls at once has several entries.
    pub(super) rounds: Vec<Round>,
    /// The last reading.
    pub(super) reading: Reading,
    /// How the last pull ended.
    pub(super) last: Outcome,
    pub(super) first_429: Option<First429>,
    /// Who is told of rounds.
    pub(super) watcher: &'a mut dyn Watcher,
}

/// What a round yields: whether it failed, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Yield {
    /// Pulled; so many in all, so many left.
    Pulled {
        /// Successful pulls so far.
        pulls: u64,
        /// Pulls left.
        left: Option<u64>,
        /// The least that the next pull will cost, by what was seen.
        cheapest: u64,
    },
    /// A limit refused.
    Limited {
        /// The pull limit, rather than another.
        pull_limit: bool,
    },
    /// Something else failed.
    Failed,
}

/// What a removal took, or why it failed.
struct Removed {
    milliseconds: Option<u64>,
    failure: Option<RoundFailure>,
}

#[async_trait]
impl Act for Pulling<'_> {
    type Done = Yield;

    async fn round(&mut self, _: u64) -> Yield {
        let at = self.task.context.clock.now();
        let pulled_before = self.pulls();
        let pulls = pull(self.task, self.at_once(pulled_before)).await;
        let interrupted = pulls.iter().any(|pull| pull.outcome == Outcome::Interrupted);
        if !interrupted {
            self.reading = self.task.read().await;
        }
        let after = if interrupted { None } else { self.reading.remaining() };
        let successes = pulls.iter().filter(|pull| pull.outcome == Outcome::Pulled).count();
        let removed = remove(self.task, successes).await;
        self.learn(self.left.zip(after), successes as u64);
        let mut yielded = Yield::Pulled {
            pulls: pulled_before + successes as u64,
            left: after,
            cheapest: self.costs.map_or(1, |(least, _)| least),
        };
        let first = self.rounds.len();
        self.note(pulls, at, after, successes, removed.milliseconds, &mut yielded);
        if let (Some(failure), Some(round)) = (removed.failure, self.rounds.last_mut()) {
            round.failure = Some(failure);
            yielded = Yield::Failed;
        }
        for round in self.rounds.iter().skip(first) {
            self.watcher.round(round, &self.reading);
        }
        self.left = after.or(self.left);
        yielded
    }
}

impl<'a> Pulling<'a> {
    pub(super) fn new(task: &'a Task<'a>, watcher: &'a mut dyn Watcher) -> Self {
        Self {
            task,
            left: task.reading.remaining(),
            costs: None,
            rounds: Vec::new(),
            reading: task.reading.clone(),
            last: Outcome::Pulled,
            first_429: None,
            watcher,
        }
    }

    /// Successful pulls so far.
    pub(super) fn pulls(&self) -> u64 {
        self.rounds.iter().filter(|round| round.outcome == RoundOutcome::Pulled).count() as u64
    }

    /// Notes the pulls of a round as rounds of the report.
    fn note(
        &mut self,
        pulls: Vec<Pull>,
        at: DateTime<Utc>,
        after: Option<u64>,
        successes: usize,
        remove_ms: Option<u64>,
        yielded: &mut Yield,
    ) {
        let cost = self.left.zip(after).and_then(|(before, after)| cost(before, after, successes));
        for pull in pulls {
            let n = self.rounds.len() as u64 + 1;
            let Judgement { outcome, failure, refused } =
                judge(&pull.outcome, &self.reading, &self.task.hub, n);
            match outcome {
                RoundOutcome::Limited => {
                    let pull_limit = refused
                        .as_ref()
                        .is_some_and(|refused| refused.class == Class::PullLimit.name());
                    *yielded = Yield::Limited { pull_limit };
                }
                RoundOutcome::Failed if !matches!(yielded, Yield::Limited { .. }) => {
                    *yielded = Yield::Failed;
                }
                _ => {}
            }
            if self.first_429.is_none() {
                self.first_429 = refused;
            }
            let pulled = outcome == RoundOutcome::Pulled;
            self.rounds.push(Round {
                n,
                at: Some(at),
                outcome,
                pull_ms: milliseconds(pull.elapsed),
                remove_ms: remove_ms.filter(|_| pulled),
                remaining_before: self.left,
                remaining_after: after,
                cost: if pulled { cost } else { None },
                failure,
            });
            self.last = pull.outcome;
        }
    }

    /// How many pulls are made at once: no more than `--count` allows and than lead down to `--floor`. What
    /// a pull costs is not known before the first, which is made alone where it matters.
    fn at_once(&self, pulled: u64) -> u64 {
        let to_count = self.task.count.map(|allowed| allowed.saturating_sub(pulled));
        let to_floor = self.task.floor.map(|floor| match (self.left, self.costs) {
            (Some(left), Some((_, most))) => left.saturating_sub(floor) / most,
            _ => 1,
        });
        to_count.into_iter().chain(to_floor).fold(u64::from(self.task.parallel), u64::min).max(1)
    }

    /// Notes what the pulls of a round cost each, rounded up: pulls of others in it make it more, those
    /// that came back meanwhile make it less.
    fn learn(&mut self, counts: Option<(u64, u64)>, successes: u64) {
        let Some(taken) =
            counts.and_then(|(before, after)| before.checked_sub(after)).filter(|_| successes > 0)
        else {
            return;
        };
        let each = taken.div_ceil(successes).max(1);
        self.costs = Some(
            self.costs.map_or((each, each), |(least, most)| (least.min(each), most.max(each))),
        );
    }
}

/// So many pulls at once.
async fn pull(task: &Task<'_>, at_once: u64) -> Vec<Pull> {
    let Task { runtime, image, context, .. } = task;
    let limit = runtime.pull_limit();
    let one = |_| runtime.pull(image, limit, &context.shutdown);
    join_all((0..at_once).map(one)).await
}

/// Removes what was pulled.
async fn remove(task: &Task<'_>, successes: usize) -> Removed {
    if successes == 0 {
        return Removed { milliseconds: None, failure: None };
    }
    let started = Instant::now();
    match task.runtime.remove(&task.image).await {
        Ok(Removal::Removed) => {
            Removed { milliseconds: Some(milliseconds(started.elapsed())), failure: None }
        }
        Ok(Removal::Absent) => Removed { milliseconds: None, failure: None },
        Err(error) => {
            let (class, text) = (Class::RuntimeDown.name().to_owned(), redact(&error.to_string()));
            Removed { milliseconds: None, failure: Some(RoundFailure { class, text }) }
        }
    }
}

/// What each of `successes` pulls took, where it comes out even; else the whole for one.
fn cost(before: u64, after: u64, successes: usize) -> Option<i64> {
    let taken = i64::try_from(before).ok()? - i64::try_from(after).ok()?;
    let successes = i64::try_from(successes).ok()?;
    (successes > 0 && taken % successes == 0).then(|| taken / successes)
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cost_is_shared_by_the_pulls_of_a_round() {
        assert_eq!(
            (cost(10, 9, 1), cost(10, 6, 4), cost(10, 7, 4), cost(5, 9, 1), cost(5, 5, 0)),
            (Some(1), Some(1), None, Some(-4), None)
        );
    }
}
