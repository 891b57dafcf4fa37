//! What was done about a rule, step by step: the value that `mirror ecr` ends in and that its JSON shows.

use serde::Serialize;

use super::aws::AwsError;
use super::call::Call;
use crate::Exit;

/// What the JSON is called.
const SCHEMA: &str = "dhlimit/mirror-ecr/1";

/// All steps, in the order in which they were done.
#[derive(Debug, Serialize)]
pub struct EcrReport {
    schema: &'static str,
    /// The steps.
    pub steps: Vec<Step>,
}

/// One thing that the cache is made of.
#[derive(Debug, Serialize)]
pub struct Step {
    /// What it is, in a word that stays.
    pub id: &'static str,
    /// What was found or done.
    pub state: State,
    /// The call that did it, or would do it, as typed in a shell.
    pub command: Option<String>,
    /// More of it, in words.
    pub detail: String,
    /// How the command ends because of it; a success where nothing is wrong.
    #[serde(skip)]
    pub exit: Option<Exit>,
}

/// What was found or done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It was there, as wanted.
    Present,
    /// It was made.
    Created,
    /// It was there and was changed.
    Updated,
    /// It was taken away.
    Removed,
    /// It could not be had.
    Failed,
    /// Nothing was done.
    Skipped,
}

impl State {
    /// As the JSON has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Removed => "removed",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// What is to be told of a step before it has its name.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) state: State,
    pub(super) call: Option<Call>,
    pub(super) detail: String,
    exit: Option<Exit>,
}

impl Told {
    /// A state with its call and words.
    pub(super) fn new(state: State, call: Call, detail: impl Into<String>) -> Self {
        Self { state, call: Some(call), detail: detail.into(), exit: None }
    }

    /// Nothing done, and why.
    pub(super) fn skipped(detail: impl Into<String>) -> Self {
        Self { state: State::Skipped, call: None, detail: detail.into(), exit: None }
    }

    /// Not to be had, and how the command ends then.
    pub(super) fn failed(call: Call, exit: Exit, detail: impl Into<String>) -> Self {
        Self { state: State::Failed, call: Some(call), detail: detail.into(), exit: Some(exit) }
    }

    /// A call that brought nothing.
    pub(super) fn error(call: Call, error: &AwsError) -> Self {
        let advice = error.advice().map(|advice| format!("; {advice}")).unwrap_or_default();
        Self::failed(call, error.exit(), format!("{error}{advice}"))
    }

    /// Whether what comes after it cannot be done.
    pub(super) fn is_failed(&self) -> bool {
        self.state == State::Failed
    }

    pub(super) fn step(self, id: &'static str) -> Step {
        Step {
            id,
            state: self.state,
            command: self.call.map(|call| call.line()),
            detail: self.detail,
            exit: self.exit,
        }
    }
}

impl EcrReport {
    /// The report of these steps.
    pub(super) fn new(steps: Vec<Step>) -> Self {
        Self { schema: SCHEMA, steps }
    }

    /// How the command ends: by the first step that failed.
    pub fn exit(&self) -> Exit {
        self.steps.iter().find_map(|step| step.exit).unwrap_or(Exit::Ok)
    }
}
