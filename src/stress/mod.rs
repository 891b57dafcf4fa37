//! `stress`: rounds of pull, read and remove until the 429 or a bound, and the report of what was seen.
//! `prepare` finds the runtime and proves the image absent, `run` makes the rounds and removes what
//! was pulled, whatever happens on the way, and nothing else.

pub(crate) mod bounds;
pub(crate) mod consent;
mod identity;
mod judgement;
mod leftover;
mod prepare;
mod pulling;
mod recovery;
mod report;
mod route;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

pub(crate) use leftover::{Kept, Leftover};
pub(crate) use prepare::{Prepared, prepare, runtime_failure};
pub use report::{
    First429, Recovery, RecoveryReading, Round, RoundFailure, RoundOutcome, StoppedBy, StressReport,
};
use route::refuse_hosts_dir;
pub(crate) use route::{Route, route};

use self::pulling::{Pulling, Yield};
use crate::context::Context;
use crate::diagnosis::Hub;
use crate::image::Reference;
use crate::polling::rounds::{End, Steady, rounds};
use crate::quota::{Reading, Record};
use crate::registry::{Client, Principal};
use crate::runtime::{Removal, Runtime};
use crate::session::Session;

/// What is to be done.
pub(crate) struct Task<'a> {
    pub(crate) context: &'a Context,
    pub(crate) session: &'a Session,
    pub(crate) client: Arc<Client>,
    pub(crate) who: Principal,
    pub(crate) image: Reference,
    pub(crate) runtime: &'a dyn Runtime,
    /// Whose 429s are Docker Hub's.
    pub(crate) hub: Hub,
    /// Pulls at once.
    pub(crate) parallel: u8,
    /// Pulls that may be made.
    pub(crate) count: Option<u64>,
    /// Pulls that are to be left.
    pub(crate) floor: Option<u64>,
    /// How long it may take.
    pub(crate) duration: Option<Duration>,
    /// From the start of one round to the start of the next.
    pub(crate) interval: Duration,
    /// From a removal to the next pull; what the runtime needs where not set.
    pub(crate) pause: Option<Duration>,
    /// Whether to wait for the count to come back after a 429.
    pub(crate) until_recovered: bool,
    /// Whether all that is asked is on loopback.
    pub(crate) loopback: bool,
    /// Whether a sandbox answers for the registry.
    pub(crate) sandbox: bool,
    /// The reading before the first pull.
    pub(crate) reading: Reading,
}

impl Task<'_> {
    async fn read(&self) -> Reading {
        self.session.read(&self.client, &self.image, &self.who).await
    }
}

/// Who is told of a run while it goes on.
pub(crate) trait Watcher: Send {
    /// A round is over.
    fn round(&mut self, round: &Round, reading: &Reading);
    /// After the 429: the count so long after it.
    fn recovering(&mut self, after_seconds: u64, reading: &Reading);
    /// The rounds are over.
    fn ended(&mut self, _: StoppedBy) {}
}

/// A run that is over.
pub(crate) struct Run {
    /// What was seen.
    pub(crate) report: StressReport,
    /// Whether what was pulled is gone.
    pub(crate) is_clean: bool,
}

/// Makes the rounds, removes what was pulled, waits for the count to come back where that is wanted.
pub(crate) async fn run(task: &Task<'_>, watcher: &mut dyn Watcher) -> Run {
    let clock = &task.context.clock;
    let started_at = clock.now();
    let mut pulling = Pulling::new(task, watcher);
    let stopped_by = pull_until_stopped(task, &mut pulling).await;
    let ended_at = clock.now();
    let cleanup = clean_up(&pulling).await;
    pulling.watcher.ended(stopped_by);
    let full_by = pulling.reading.full_by;
    let recovery = match stopped_by {
        StoppedBy::PullLimit | StoppedBy::OverallLimit if task.until_recovered => {
            Some(recovery::watch(&mut pulling).await)
        }
        _ => None,
    };
    let record = Record::from(&pulling.reading);
    let report = StressReport {
        schema: "dhlimit/stress/1".to_owned(),
        endpoint: task.client.endpoint().base.to_string(),
        sandbox: task.sandbox,
        image: task.image.to_string(),
        runtime: task.runtime.name().to_owned(),
        runtime_version: crate::text::one_line(task.runtime.version(), 200),
        identity: record.identity,
        source: record.source,
        source_kind: record.source_kind,
        limit: record.limit,
        window_seconds: record.window_seconds,
        started_at: Some(started_at),
        ended_at: Some(ended_at),
        pulls: pulling.pulls(),
        cost_per_pull: average_cost(&pulling.rounds),
        rounds: pulling.rounds,
        stopped_by,
        first_429: pulling.first_429,
        full_by,
        recovery,
        cleanup: cleanup.words,
    };
    Run { report, is_clean: cleanup.is_clean }
}

/// The rounds, and why they ended.
async fn pull_until_stopped(task: &Task<'_>, pulling: &mut Pulling<'_>) -> StoppedBy {
    let (count, floor) = (task.count, task.floor);
    if floor.zip(pulling.left).is_some_and(|(floor, left)| left <= floor) {
        return StoppedBy::Floor;
    }
    if count == Some(0) {
        return StoppedBy::Count;
    }
    let deadline = task.duration.map(|duration| Instant::now() + duration);
    let mut until = move |yielded: &Yield| match yielded {
        Yield::Limited { pull_limit: true } => Some(StoppedBy::PullLimit),
        Yield::Limited { pull_limit: false } => Some(StoppedBy::OverallLimit),
        Yield::Failed => Some(StoppedBy::Failure),
        Yield::Pulled { pulls, .. } if count.is_some_and(|count| *pulls >= count) => {
            Some(StoppedBy::Count)
        }
        Yield::Pulled { left, cheapest, .. }
            if floor
                .zip(*left)
                .is_some_and(|(floor, left)| left < floor.saturating_add(*cheapest)) =>
        {
            Some(StoppedBy::Floor)
        }
        Yield::Pulled { .. } => None,
    };
    let pause = || task.pause.unwrap_or_else(|| task.runtime.pause_after_remove());
    let mut pace = Steady { interval: task.interval, pause };
    match rounds(pulling, &mut pace, &mut until, deadline, &task.context.shutdown).await {
        End::Reached(reason) => reason,
        End::Deadline => StoppedBy::Deadline,
        End::Interrupted => StoppedBy::Interrupt,
    }
}

struct CleanUp {
    words: String,
    is_clean: bool,
}

/// Removes what was pulled, and proves it.
async fn clean_up(pulling: &Pulling<'_>) -> CleanUp {
    let Task { image, runtime, .. } = pulling.task;
    let none_pulled = pulling.pulls() == 0;
    let name = runtime.name();
    let (words, is_clean) = match runtime.clear(image, &pulling.last).await {
        Ok(Removal::Removed) if none_pulled => (
            format!(
                "no pull was completed; the partial image {image} was removed from {name}; other images untouched"
            ),
            true,
        ),
        Ok(Removal::Absent) if none_pulled || name == "builtin" => {
            ("nothing left behind".to_owned(), true)
        }
        Ok(_) => (format!("{image} removed from {name}; other images untouched"), true),
        Err(error) => (format!("{image} could not be removed from {name}: {error}"), false),
    };
    CleanUp { words, is_clean }
}

/// What one pull took on average, over the rounds in which it could be told: not those in which the
/// count rose, as a window began or pulls came back.
fn average_cost(rounds: &[Round]) -> Option<f64> {
    let pulled = rounds.iter().filter(|round| round.outcome == RoundOutcome::Pulled);
    let costs: Vec<i64> = pulled.filter_map(|round| round.cost).filter(|cost| *cost >= 0).collect();
    let rounds = u32::try_from(costs.len()).ok().filter(|rounds| *rounds > 0)?;
    let sum = i32::try_from(costs.iter().sum::<i64>()).ok()?;
    Some((f64::from(sum) / f64::from(rounds) * 100.0).round() / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_in_which_the_count_rose_do_not_count_for_the_cost_of_a_pull() {
        let round = |cost| Round {
            n: 1,
            at: None,
            outcome: RoundOutcome::Pulled,
            pull_ms: 1,
            remove_ms: None,
            remaining_before: None,
            remaining_after: None,
            cost,
            failure: None,
        };
        let average = |costs: &[Option<i64>]| {
            average_cost(&costs.iter().map(|cost| round(*cost)).collect::<Vec<_>>())
        };
        assert_eq!(average(&[Some(1), Some(-97), Some(1), None]), Some(1.0));
        assert_eq!(average(&[Some(2), Some(1), Some(0)]), Some(1.0));
        assert_eq!((average(&[Some(-97)]), average(&[None]), average(&[])), (None, None, None));
    }
}
