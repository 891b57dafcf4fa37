//! What was copied: the value that `mirror copy` ends in.

use serde::Serialize;

use crate::Exit;

/// All images.
#[derive(Debug, Serialize)]
pub struct CopyReport {
    schema: &'static str,
    /// One each, in the order in which they were named.
    pub images: Vec<CopiedImage>,
    /// Pulls that the run cost.
    pub pulls: u64,
    /// Pulls left at the end, of whom the last image was counted on.
    pub remaining: Option<u64>,
}

/// One image.
#[derive(Debug, Clone, Serialize)]
pub struct CopiedImage {
    /// Its name at the source.
    pub source: String,
    /// Its name at the destination.
    pub destination: String,
    /// Its digest at the source.
    pub digest: Option<String>,
    /// Its digest at the destination, where that is known.
    pub digest_destination: Option<String>,
    /// The platforms that the destination has; empty of an image for one platform that does not tell.
    pub platforms: Vec<String>,
    /// What was done.
    pub outcome: Outcome,
    /// What it cost of the source's limit.
    pub pulls: u64,
    /// Why it failed.
    pub failure: Option<String>,
    /// What else there is to tell, such as platforms that a tool left behind.
    pub note: Option<String>,
    /// How the command ends because of it.
    #[serde(skip)]
    pub(super) exit: Exit,
}

/// What was done about an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Copied.
    Copied,
    /// It was there already: nothing was pulled.
    Present,
    /// It could not be copied.
    Failed,
    /// The run ended before it.
    Skipped,
}

impl Outcome {
    /// As the JSON has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Copied => "copied",
            Self::Present => "present",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

impl CopiedImage {
    /// Nothing done yet.
    pub(super) fn new(source: &str, destination: &str) -> Self {
        Self {
            source: source.to_owned(),
            destination: destination.to_owned(),
            digest: None,
            digest_destination: None,
            platforms: Vec::new(),
            outcome: Outcome::Skipped,
            pulls: 0,
            failure: None,
            note: None,
            exit: Exit::Ok,
        }
    }

    /// The same, failed.
    pub(super) fn failed(mut self, exit: Exit, why: impl Into<String>) -> Self {
        self.outcome = Outcome::Failed;
        self.failure = Some(why.into());
        self.exit = exit;
        self
    }
}

impl CopyReport {
    /// The report of these images.
    pub(super) fn new(images: Vec<CopiedImage>, remaining: Option<u64>) -> Self {
        let pulls = images.iter().map(|image| image.pulls).sum();
        Self { schema: "dhlimit/mirror-copy/1", images, pulls, remaining }
    }

    /// How the command ends: by the first image that failed.
    pub fn exit(&self) -> Exit {
        let failed = self.images.iter().find(|image| image.outcome == Outcome::Failed);
        failed.map_or(Exit::Ok, |image| image.exit)
    }
}
