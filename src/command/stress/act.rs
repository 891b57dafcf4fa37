//! One round: pull, HEAD, remove; and what a failed pull was, by its own words or, where these do
//! not say, by a HEAD of ours.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;
use tokio::time::Instant;

use super::progress::Progress;
use crate::Context;
use crate::command::rounds::Act;
use crate::diagnosis::{self, Class, Hub};
use crate::image::Reference;
use crate::quota::{LimitStatus, Reading, Throttle};
use crate::registry::{Client, Principal};
use crate::render::stress::{First429, Round, RoundFailure, RoundOutcome};
use crate::runtime::{Outcome, Pull, Removal, Runtime};
use crate::session::Session;
use crate::text::redact;

/// Pulls, reads and removes.
pub(super) struct PullAndRead<'a> {
    pub(super) context: &'a Context,
    pub(super) session: &'a Session,
    pub(super) client: Arc<Client>,
    pub(super) who: Principal,
    pub(super) image: Reference,
    pub(super) runtime: &'a dyn Runtime,
    pub(super) hub: Hub,
    pub(super) parallel: u8,
    /// Pulls that may still be made: `--count`.
    pub(super) allowed: Option<u64>,
    /// Pulls that are to be left: `--floor`.
    pub(super) floor: Option<u64>,
    /// Pulls left, as last read.
    pub(super) left: Option<u64>,
    /// The least and the most that a pull has cost so far, at least 1 each.
    pub(super) costs: Option<(u64, u64)>,
    /// Rounds so far; a round with several pulls at once has several entries.
    pub(super) rounds: Vec<Round>,
    /// The last reading.
    pub(super) reading: Reading,
    /// How the last pull ended.
    pub(super) last: Outcome,
    pub(super) first_429: Option<First429>,
    /// Where rounds are shown.
    pub(super) progress: Progress,
}

/// What a round yields: whether it failed, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
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

#[async_trait]
impl Act for PullAndRead<'_> {
    type Done = Verdict;

    async fn round(&mut self, _: u64) -> Verdict {
        let pulled_before = self.pulls();
        let at_once = self.at_once(pulled_before);
        let at = self.context.clock.now();
        let limit = self.runtime.pull_limit();
        let pulls: Vec<Pull> = join_all(
            (0..at_once).map(|_| self.runtime.pull(&self.image, limit, &self.context.shutdown)),
        )
        .await;
        let interrupted = pulls.iter().any(|pull| pull.outcome == Outcome::Interrupted);
        if !interrupted {
            self.reading = self.session.read(&self.client, &self.image, &self.who).await;
        }
        let after = if interrupted { None } else { self.reading.remaining() };
        let any_pulled = pulls.iter().any(|pull| pull.outcome == Outcome::Pulled);
        let mut removal_failure = None;
        let remove_ms = if any_pulled {
            let started = Instant::now();
            match self.runtime.remove(&self.image).await {
                Ok(Removal::Removed) => Some(milliseconds(started.elapsed())),
                Ok(Removal::Absent) => None,
                Err(error) => {
                    removal_failure = Some(RoundFailure {
                        class: "runtime_down".to_owned(),
                        text: redact(&error.to_string()),
                    });
                    None
                }
            }
        } else {
            None
        };
        let successes = pulls.iter().filter(|pull| pull.outcome == Outcome::Pulled).count();
        let cost = self.left.zip(after).and_then(|(before, after)| cost(before, after, successes));
        self.learn(self.left.zip(after), successes as u64);
        let cheapest = self.costs.map_or(1, |(least, _)| least);
        let mut verdict =
            Verdict::Pulled { pulls: pulled_before + successes as u64, left: after, cheapest };
        let shown = pulls.len();
        for pull in pulls {
            let (outcome, failure) = self.judge(&pull.outcome);
            match outcome {
                RoundOutcome::Limited => {
                    verdict = Verdict::Limited {
                        pull_limit: failure
                            .as_ref()
                            .is_some_and(|failure| failure.class == Class::PullLimit.name()),
                    }
                }
                RoundOutcome::Failed if !matches!(verdict, Verdict::Limited { .. }) => {
                    verdict = Verdict::Failed;
                }
                _ => {}
            }
            let pulled = outcome == RoundOutcome::Pulled;
            self.rounds.push(Round {
                n: self.rounds.len() as u64 + 1,
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
        if let (Some(failure), Some(round)) = (removal_failure, self.rounds.last_mut()) {
            round.failure = Some(failure);
            verdict = Verdict::Failed;
        }
        for round in self.rounds.iter().skip(self.rounds.len().saturating_sub(shown)) {
            self.progress.round(self.context, round);
        }
        self.left = after.or(self.left);
        verdict
    }
}

impl PullAndRead<'_> {
    /// Successful pulls so far.
    pub(super) fn pulls(&self) -> u64 {
        self.rounds.iter().filter(|round| round.outcome == RoundOutcome::Pulled).count() as u64
    }

    /// How many pulls are made at once: no more than `--count` allows and than lead down to `--floor`. What
    /// a pull costs is not known before the first, which is made alone where it matters.
    fn at_once(&self, pulled: u64) -> u64 {
        let to_count = self.allowed.map(|allowed| allowed.saturating_sub(pulled));
        let to_floor = self.floor.map(|floor| match (self.left, self.costs) {
            (Some(left), Some((_, most))) => left.saturating_sub(floor) / most,
            _ => 1,
        });
        to_count.into_iter().chain(to_floor).fold(u64::from(self.parallel), u64::min).max(1)
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

    /// What the outcome of a pull was; the first 429 is noted with its words.
    fn judge(&mut self, outcome: &Outcome) -> (RoundOutcome, Option<RoundFailure>) {
        let text = match outcome {
            Outcome::Pulled => return (RoundOutcome::Pulled, None),
            Outcome::Interrupted => {
                return (
                    RoundOutcome::Failed,
                    Some(RoundFailure {
                        class: "interrupted".to_owned(),
                        text: "interrupted".to_owned(),
                    }),
                );
            }
            Outcome::Failed { text, .. }
            | Outcome::Waiting { text }
            | Outcome::TimedOut { text } => text,
        };
        let finding = diagnosis::classify(text, &self.hub);
        let said = finding.as_ref().map(|finding| finding.class);
        let waited = matches!(outcome, Outcome::Waiting { .. } | Outcome::TimedOut { .. });
        let class = match said {
            Some(Class::LimitUnspecified) | None if waited || said.is_some() => {
                settle(&self.reading).or(said)
            }
            said => said,
        };
        let shown = finding
            .map_or_else(|| redact(&crate::text::one_line(text, 600)), |finding| finding.text);
        let name = match (class, outcome) {
            (Some(class), _) => class.name(),
            (None, Outcome::TimedOut { .. }) => "timeout",
            (None, _) => "unknown",
        };
        let limited = class.is_some_and(is_limit);
        if limited && self.first_429.is_none() {
            let (code, message) = words(text);
            let status = if text.contains("429") || message.is_some() {
                Some(429)
            } else {
                self.reading.http_status.filter(|status| *status == 429)
            };
            self.first_429 = Some(First429 {
                round: self.rounds.len() as u64 + 1,
                class: name.to_owned(),
                http_status: status,
                code,
                message,
            });
        }
        let outcome = if limited { RoundOutcome::Limited } else { RoundOutcome::Failed };
        (outcome, Some(RoundFailure { class: name.to_owned(), text: shown }))
    }
}

fn is_limit(class: Class) -> bool {
    matches!(
        class,
        Class::PullLimit
            | Class::OverallLimit
            | Class::LoginLimit
            | Class::OtherRegistryLimit
            | Class::LimitUnspecified
    )
}

/// Which limit it is, by our own reading, where the tool did not say.
fn settle(reading: &Reading) -> Option<Class> {
    match &reading.status {
        LimitStatus::Exhausted { .. } => Some(Class::PullLimit),
        LimitStatus::Throttled(Throttle::Overall, _) => Some(Class::OverallLimit),
        LimitStatus::Throttled(Throttle::Login, _) => Some(Class::LoginLimit),
        _ => None,
    }
}

/// The registry's code and message within a tool's text, redacted.
fn words(text: &str) -> (Option<String>, Option<String>) {
    const CODE: &str = "toomanyrequests";
    let plain = crate::text::one_line(text, 4_000);
    if let Some(message) = plain
        .find("\"message\":\"")
        .and_then(|at| plain.get(at + 11..))
        .and_then(|rest| rest.split('"').next())
    {
        let code = plain.to_ascii_lowercase().contains(CODE).then(|| CODE.to_uppercase());
        return (code, Some(redact(message)));
    }
    let lower = plain.to_ascii_lowercase();
    let after_code = lower.find(&format!("{CODE}: ")).map(|at| at + CODE.len() + 2);
    let start = after_code
        .or_else(|| lower.find("you have reached your"))
        .or_else(|| lower.find("too many requests").filter(|_| !lower.contains("sleeping for")));
    let message = start.and_then(|at| plain.get(at..)).map(|rest| {
        let end = rest.find(['"', '\n']).unwrap_or(rest.len());
        redact(rest.get(..end).unwrap_or(rest).trim())
    });
    (after_code.map(|_| CODE.to_uppercase()), message)
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
    fn the_registrys_words_are_found_in_a_tools_text() {
        let message = "You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit";
        for text in [
            format!(
                "time=\"2026\" level=fatal msg=\"failed to copy: unexpected status code https://x/v2/a: 429 Too Many Requests - Server message: toomanyrequests: {message}\""
            ),
            format!("Error response from daemon: toomanyrequests: {message}\n"),
            format!(
                "unexpected status from GET request: 429 Too Many Requests: {{\"errors\":[{{\"code\":\"TOOMANYREQUESTS\",\"message\":\"{message}\"}}]}}"
            ),
        ] {
            assert_eq!(
                words(&text),
                (Some("TOOMANYREQUESTS".to_owned()), Some(message.to_owned())),
                "{text}"
            );
        }
        assert_eq!(
            words(&format!("Error response from daemon: error from registry: {message}")),
            (None, Some(message.to_owned()))
        );
        assert_eq!(words("no such host"), (None, None));
    }

    #[test]
    fn a_cost_is_shared_by_the_pulls_of_a_round() {
        assert_eq!(
            (cost(10, 9, 1), cost(10, 6, 4), cost(10, 7, 4), cost(5, 9, 1), cost(5, 5, 0)),
            (Some(1), Some(1), None, Some(-4), None)
        );
    }
}
