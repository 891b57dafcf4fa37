//! What `gate` found: the value that JSON shows, and what pipelines take from it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::spent::Used;
use super::verdict::{Decision, Policy};
use super::wait::Answer;
use crate::exit::Exit;
use crate::quota::{IdentityKind, LimitStatus, Reading, Record, State, whole_seconds};

/// What is known of the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Enough pulls remain.
    Open,
    /// Too few remain, or the registry refuses.
    Closed,
    /// It cannot be determined.
    Unknown,
}

impl Verdict {
    /// Its name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Unknown => "unknown",
        }
    }
}

/// What the command did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandRun {
    /// Its exit code; 128 and the signal where one ended it.
    pub exit_code: u8,
    /// By how much the count fell while it ran; null where that cannot be determined.
    pub used: Option<u64>,
    /// Whether it may have used more: earlier pulls came back while it ran.
    pub used_at_least: bool,
    /// Pulls left before it.
    pub remaining_before: Option<u64>,
    /// Pulls left after it.
    pub remaining_after: Option<u64>,
}

/// What `gate` found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateReport {
    /// `dhlimit/gate/1`.
    pub schema: String,
    /// What is known of the limit.
    pub verdict: Verdict,
    /// Whether the gate lets through: more than `open` only with `--on-unknown pass`.
    pub passes: bool,
    /// The pulls that must remain.
    pub need: u64,
    /// The pulls that remain; null where that is not known or nothing is counted.
    pub have: Option<u64>,
    /// How long was waited.
    pub waited_seconds: u64,
    /// When enough remain again at the latest; null where the gate is open, or no time opens it.
    #[serde(default, with = "whole_seconds")]
    pub enough_at: Option<DateTime<Utc>>,
    /// What to do next; null where the gate is open.
    #[serde(default)]
    pub advice: Option<String>,
    /// The most pulls that the command may use; null where that was not said.
    pub max_use: Option<u64>,
    /// The address that was asked.
    #[serde(default)]
    pub endpoint: String,
    /// Whether a sandbox answered for the registry.
    #[serde(default)]
    pub sandbox: bool,
    /// The reading that decided.
    pub reading: Record,
    /// What the command did; null where none was run.
    pub command: Option<CommandRun>,
}

impl GateReport {
    /// Of an answer, before any command is run.
    pub(crate) fn of(answer: &Answer, policy: Policy) -> Self {
        let mut report = Self {
            waited_seconds: answer.waited.as_secs(),
            enough_at: answer.enough_at,
            ..Self::at(&answer.reading, answer.decision, policy)
        };
        report.advice = report.next_step(&answer.reading.status);
        report
    }

    /// Of one reading.
    pub(super) fn at(reading: &Reading, decision: Decision, policy: Policy) -> Self {
        let need = policy.need(reading.count().map(|count| count.limit));
        Self {
            schema: "dhlimit/gate/1".to_owned(),
            verdict: decision.verdict,
            passes: decision.exit == Exit::Ok,
            need,
            have: reading.remaining(),
            waited_seconds: 0,
            enough_at: None,
            advice: None,
            max_use: None,
            endpoint: String::new(),
            sandbox: false,
            reading: Record::from(reading),
            command: None,
        }
    }

    /// Notes what a command did.
    pub(crate) fn after(&mut self, exit_code: u8, used: Used, remaining_after: Option<u64>) {
        self.command = Some(CommandRun {
            exit_code,
            used: used.pulls(),
            used_at_least: matches!(used, Used::AtLeast(_)),
            remaining_before: self.have,
            remaining_after,
        });
    }

    /// What to do at a gate that does not let through.
    fn next_step(&self, status: &LimitStatus) -> Option<String> {
        if let Some(error) = &self.reading.error {
            return Some(error.advice.clone());
        }
        if self.passes {
            return None;
        }
        let elsewhere = if self.reading.identity.kind == IdentityKind::Account {
            "pull through a mirror"
        } else {
            "log in for a count of your own, pull through a mirror"
        };
        Some(match (status, self.verdict) {
            (LimitStatus::Unlimited, _) => {
                "leave --on-unlimited fail out to let through where nothing is counted".to_owned()
            }
            (_, Verdict::Closed) if self.is_beyond_limit() => {
                format!("ask for less with --need, or {elsewhere}")
            }
            (_, Verdict::Closed) if self.waited_seconds > 0 => {
                format!("{elsewhere}, or wait longer with --wait=DURATION")
            }
            (_, Verdict::Closed) => format!("{elsewhere}, or wait with --wait"),
            _ => "see what the registry answers with dhlimit check -v".to_owned(),
        })
    }

    /// Whether more is needed than the limit ever allows.
    pub fn is_beyond_limit(&self) -> bool {
        self.reading.limit.is_some_and(|limit| limit < self.need)
    }

    /// The most pulls that the command was allowed, where it used more.
    pub fn overspent(&self) -> Option<u64> {
        let used = self.command.as_ref().and_then(|command| command.used);
        self.max_use.filter(|most| used.is_some_and(|used| used > *most))
    }

    /// Whether nothing is counted.
    pub fn is_unlimited(&self) -> bool {
        self.reading.state == State::Unlimited
    }

    /// What is known, as names and values: numbers, fixed words and times, never foreign text.
    pub fn outputs(&self) -> Vec<(&'static str, String)> {
        let number = |name, value: Option<u64>| value.map(|value| (name, value.to_string()));
        let command = self.command.as_ref();
        let after = command.and_then(|command| command.remaining_after);
        let mut outputs = vec![("verdict", self.verdict.as_str().to_owned())];
        outputs.extend(number("remaining", after.or(self.reading.remaining)));
        outputs.extend(number("limit", self.reading.limit));
        outputs.extend(number("used", command.and_then(|command| command.used)));
        if command.is_some() {
            outputs.extend(number("remaining_before", self.have));
            outputs.extend(number("remaining_after", after));
        }
        outputs.extend(
            self.enough_at
                .map(|at| ("enough_at", at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))),
        );
        outputs
    }
}
