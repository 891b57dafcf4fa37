//! What earlier lines say about later ones: which image is being pulled, by which tool, whether a
//! listing of a script, a diff or a history is under way, which answer's headers are being shown.

use super::class::Class;
use super::line::Line;
use super::literals::{self, Said};
use super::subject::{Hub, Owner, Subject};
use super::tool;
use crate::image::Reference;

/// How many lines later a failure or an answer still belongs to what stands before it.
pub(super) const NEAR: u64 = 200;
/// The same for an image that a tool says it is about to pull: there may be a line a layer between.
const IMAGE_NEAR: u64 = 60;
/// The same for an image that was named by a failure.
const FAILED_NEAR: u64 = 3;

/// What was read so far and may matter later.
#[derive(Debug, Default)]
pub(super) struct Scene {
    /// The image named last, and the line up to which it matters.
    image: Option<(u64, Reference, Owner)>,
    tool: Option<&'static str>,
    listing: Listing,
    answer: Option<Answer>,
    code: Option<(u64, String)>,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Listing {
    #[default]
    None,
    /// GitHub's listing of a script before it runs.
    Script,
    /// A diff.
    Diff,
    /// `git log`.
    Commits,
    /// A block of documentation that a sentence has announced, up to the next blank line.
    Quotation { begun: bool },
}

/// The head of an HTTP answer with status 429, as `curl -i` shows it.
#[derive(Debug)]
struct Answer {
    line: u64,
    owner: Owner,
}

impl Scene {
    /// Whether every line matters at the moment, not just those with a phrase in them.
    pub(super) fn is_attentive(&self) -> bool {
        !matches!(self.listing, Listing::None | Listing::Script)
    }

    /// Follows listings; whether this line is part of one.
    pub(super) fn lists(&mut self, raw: &str, line: &Line) -> bool {
        const DIFF_HEADS: &[&str] =
            &["index ", "new file", "deleted file", "similarity ", "rename ", "old mode", "new mode", "\\ No", "--- ", "+++ "];
        let is_diff = || raw.starts_with(['+', '-', ' ', '@']) || DIFF_HEADS.iter().any(|head| raw.starts_with(head));
        let is_history = || {
            raw.starts_with("    ")
                || raw.trim().is_empty()
                || ["Author: ", "AuthorDate: ", "Commit: ", "CommitDate: ", "commit ", "Date: ", "Merge: "]
                    .iter()
                    .any(|head| raw.starts_with(head))
        };
        let is_over = match &self.listing {
            Listing::None => false,
            Listing::Script => raw.contains("##[endgroup]"),
            Listing::Diff => !is_diff() && !raw.starts_with("diff --git"),
            Listing::Commits => !is_history(),
            Listing::Quotation { begun } => *begun && (raw.trim().is_empty() || raw.trim_end().ends_with("```")),
        };
        if is_over {
            self.listing = Listing::None;
        }
        if let Listing::Quotation { begun } = &mut self.listing {
            *begun = *begun || !(raw.trim().is_empty() || raw.trim_start().starts_with("```"));
        }
        if raw.contains("##[group]Run ") {
            self.listing = Listing::Script;
        } else if raw.starts_with("diff --git") {
            self.listing = Listing::Diff;
        } else if raw.starts_with("Author: ") {
            self.listing = Listing::Commits;
        } else if self.listing == Listing::None && announces(line.text.trim_end()) {
            self.listing = Listing::Quotation { begun: false };
            return true;
        }
        self.listing != Listing::None
    }

    /// Notes the tool that speaks, and gives the one that speaks in this line or spoke last.
    pub(super) fn tool(&mut self, raw: &str) -> Option<&'static str> {
        self.tool = tool::guess(raw).or(self.tool);
        self.tool
    }

    /// Notes the image that a line names; `failed` where the line tells of a failure.
    pub(super) fn note(&mut self, number: u64, image: Reference, failed: bool, hub: &Hub) {
        let owner = Subject::of(&format!("image \"{image}\""), None, hub).owner;
        let reach = if failed { FAILED_NEAR } else { IMAGE_NEAR };
        let until = self.image.as_ref().filter(|(_, known, _)| *known == image).map_or(0, |(until, ..)| *until);
        self.image = Some((until.max(number.saturating_add(reach)), image, owner));
    }

    /// Forgets the image: it has been pulled.
    pub(super) fn pulled(&mut self) {
        self.image = None;
    }

    /// The image named last, where that was near.
    pub(super) fn image(&self, number: u64) -> Option<(&Reference, Owner)> {
        self.image.as_ref().filter(|(until, ..)| number <= *until).map(|(_, image, owner)| (image, *owner))
    }

    /// The messages of a line of JSON; an error's code may stand on the line before its message.
    pub(super) fn said_in_json(&mut self, number: u64, text: &str) -> Vec<Said> {
        let mut code = self.code.take().filter(|(at, _)| number - at <= 2).map(|(_, code)| code);
        let said = literals::said(text, &mut code);
        self.code = code.map(|code| (number, code));
        said
    }

    /// Reads the head of an answer: what class the headers seen so far make of a 429, and its line.
    pub(super) fn header(&mut self, number: u64, text: &str, hub: &Hub) -> Option<(u64, Class)> {
        let text = text.trim_start_matches(['<', '>', '*', ' ']);
        let lower = text.to_ascii_lowercase();
        if lower.starts_with("http/") {
            let is_limit = lower.split(' ').nth(1) == Some("429");
            let owner = self.answer.take().filter(|answer| number - answer.line <= NEAR).map_or(Owner::Unsaid, |answer| answer.owner);
            self.answer = is_limit.then_some(Answer { line: number, owner });
            return None;
        }
        if let Some(host) = lower.strip_prefix("host: ").or_else(|| lower.strip_prefix("connected to ")) {
            let host = host.split([' ', ',']).next().unwrap_or_default();
            self.answer = Some(Answer { line: number, owner: hub.owner(host) });
            return None;
        }
        let answer = self.answer.as_ref().filter(|answer| number - answer.line <= NEAR)?;
        if lower.starts_with("docker-ratelimit-source:") {
            return Some((answer.line, Class::LimitUnspecified));
        }
        if lower == "too many requests" && answer.owner != Owner::Foreign {
            return Some((answer.line, Class::OverallLimit));
        }
        let remaining = lower.strip_prefix("x-").unwrap_or(&lower).strip_prefix("ratelimit-remaining:")?.trim();
        is_used_up(remaining).then_some((answer.line, Class::PullLimit))
    }
}

/// Docker Hub's way of saying that nothing remains: `0;w=3600`, or a negative number.
pub(super) fn is_used_up(remaining: &str) -> bool {
    let (number, window) = remaining.split_once(';').unwrap_or((remaining, ""));
    window.trim_start().starts_with("w=") && number.trim().parse::<i64>().is_ok_and(|number| number <= 0)
}

/// A sentence to a reader that announces a quotation: `you will see:`, `looks like this:`.
fn announces(text: &str) -> bool {
    let lower = text.to_lowercase();
    text.ends_with(':')
        && ["if you ", "when you ", "you will see", "you may see", "you might see", "users see", "looks like this", "for example"]
            .iter()
            .any(|words| lower.contains(words))
}
