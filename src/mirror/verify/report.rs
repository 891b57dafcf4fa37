//! What was found out about images behind a mirror: the value that `mirror verify` ends in.

use serde::Serialize;

use crate::Exit;

/// All images.
#[derive(Debug, Serialize)]
pub struct VerifyReport {
    schema: &'static str,
    /// One each.
    pub images: Vec<Checked>,
}

/// One image.
#[derive(Debug, Serialize)]
pub struct Checked {
    /// Its name, in full.
    pub image: String,
    /// Its name behind the mirror.
    pub mirror: String,
    /// Its digest at the registry behind the mirror, where that could be read.
    pub digest_upstream: Option<String>,
    /// Its digest at the mirror.
    pub digest_mirror: Option<String>,
    /// Whether both are one.
    pub same: Option<bool>,
    /// Pulls used before, of whom `counted_on` names.
    pub pulls_before: Option<u64>,
    /// Pulls used after.
    pub pulls_after: Option<u64>,
    /// What the first pull through the mirror cost.
    pub cold_pulls: Option<u64>,
    /// What the next one cost.
    pub warm_pulls: Option<u64>,
    /// Whose count that is.
    #[serde(flatten)]
    pub counted: Counted,
    /// The platforms whose manifests were pulled.
    pub platforms: Vec<String>,
    /// Who answered at the mirror, as far as it shows.
    pub answered_by: Option<String>,
    /// What comes of it.
    pub verdict: Verdict,
    /// The same in a sentence.
    pub detail: String,
}

/// Whose count it is.
#[derive(Debug, Default, Serialize)]
pub struct Counted {
    /// Anonymous, or an account.
    #[serde(rename = "counted_on")]
    pub whom: String,
    /// Whether the limit was used up.
    pub exhausted: bool,
}

/// What comes of a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The mirror has the image, and pulling it again costs nothing.
    Served,
    /// Each pull through the mirror costs one at the registry behind it.
    Spends,
    /// The mirror has another image under the name.
    Differs,
    /// The mirror did not give the image.
    Failed,
}

impl Verdict {
    /// As the JSON has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Served => "served",
            Self::Spends => "spends",
            Self::Differs => "differs",
            Self::Failed => "failed",
        }
    }
}

impl Checked {
    /// Nothing known yet.
    pub(super) fn new(image: String, mirror: String) -> Self {
        Self {
            image,
            mirror,
            digest_upstream: None,
            digest_mirror: None,
            same: None,
            pulls_before: None,
            pulls_after: None,
            cold_pulls: None,
            warm_pulls: None,
            counted: Counted::default(),
            platforms: Vec::new(),
            answered_by: None,
            verdict: Verdict::Failed,
            detail: String::new(),
        }
    }
}

impl VerifyReport {
    /// The report of these images.
    pub fn new(images: Vec<Checked>) -> Self {
        Self { schema: "dhlimit/mirror-verify/1", images }
    }

    /// 0 where all are served, 1 where the limit is spent, used up or the image differs, else 3.
    pub fn exit(&self) -> Exit {
        let is = |verdict| self.images.iter().any(|image| image.verdict == verdict);
        let by_limit =
            |image: &Checked| image.verdict == Verdict::Failed && image.counted.exhausted;
        if is(Verdict::Spends) || is(Verdict::Differs) || self.images.iter().any(by_limit) {
            Exit::Limit
        } else if is(Verdict::Failed) {
            Exit::Unreachable
        } else {
            Exit::Ok
        }
    }
}
