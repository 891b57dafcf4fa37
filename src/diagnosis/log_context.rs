//! What earlier lines say about later ones: which image is being pulled, by which tool, whether a
//! listing of a script, a diff or a history is under way, which answer's headers are being shown.

use super::class::Class;
use super::line::Line;
use super::listing::Listing;
use super::literals::{self, Said};
use super::occurrence::Places;
use super::subject::{Hub, Owner};
use super::tool;
use crate::image::Reference;

/// How many lines later a failure or an answer still belongs to what stands before it.
pub(super) const NEAR: u64 = 200;
/// The same for an image that a tool says it is about to pull: there may be a line a layer between.
const IMAGE_NEAR: u64 = 60;
/// The same for an image that was named by a failure.
const FAILED_NEAR: u64 = 3;

/// What docker says of a layer while it is fetched.
const LAYER_STEPS: &[&str] = &[
    "Pulling fs layer",
    "Waiting",
    "Downloading",
    "Verifying Checksum",
    "Download complete",
    "Extracting",
    "Pull complete",
    "Retrying in",
];

/// What was read so far and may matter later.
#[derive(Debug, Default)]
pub(super) struct LogContext {
    /// The image named last, and the line up to which it matters.
    image: Option<(u64, Reference, Owner)>,
    /// Where pods are.
    pub(super) places: Places,
    /// The line up to which a layer's progress matters.
    progress: Option<u64>,
    tool: Option<&'static str>,
    listing: Listing,
    /// Who was asked last, as `curl -v` shows it, and where.
    asked: Option<(u64, Owner)>,
    /// The line where the head of an answer with status 429 began.
    answer: Option<u64>,
    code: Option<(u64, String)>,
}

impl LogContext {
    /// Whether every line matters at the moment, not just those with a phrase in them.
    pub(super) fn is_attentive(&self) -> bool {
        self.listing.is_attentive()
    }

    /// Follows listings; whether this line is part of one.
    pub(super) fn lists(&mut self, line: &Line) -> bool {
        self.listing.take(line)
    }

    /// Notes the tool that speaks, and gives the one that speaks in this line or spoke last.
    pub(super) fn tool(&mut self, raw: &str) -> Option<&'static str> {
        self.speaks(tool::guess(raw));
        self.tool
    }

    /// Notes the tool that speaks, where it is known.
    pub(super) fn speaks(&mut self, tool: Option<&'static str>) {
        self.tool = tool.or(self.tool);
    }

    /// Notes the image that a line names; `failed` where the line tells of a failure.
    pub(super) fn note(&mut self, number: u64, image: Reference, failed: bool, hub: &Hub) {
        let owner = hub.owner(image.registry());
        let reach = if failed { FAILED_NEAR } else { IMAGE_NEAR };
        let until = self
            .image
            .as_ref()
            .filter(|(_, known, _)| *known == image)
            .map_or(0, |(until, ..)| *until);
        self.image = Some((until.max(number.saturating_add(reach)), image, owner));
    }

    /// Forgets the image: it has been pulled.
    pub(super) fn pulled(&mut self) {
        self.progress = None;
        self.image = None;
    }

    /// Notes a layer's progress, as in `7a6ae20f1cc2: Downloading`; whether there was any just before.
    pub(super) fn is_pulling(&mut self, number: u64, text: &str) -> bool {
        let is_progress = text.split_once(": ").is_some_and(|(layer, doing)| {
            layer.len() == 12
                && layer.bytes().all(|byte| byte.is_ascii_hexdigit())
                && LAYER_STEPS.iter().any(|step| doing.starts_with(step))
        });
        if is_progress {
            self.progress = Some(number.saturating_add(IMAGE_NEAR));
        }
        self.progress.is_some_and(|until| number <= until)
    }

    /// The image named last, where that was near.
    pub(super) fn image(&self, number: u64) -> Option<(&Reference, Owner)> {
        self.image
            .as_ref()
            .filter(|(until, ..)| number <= *until)
            .map(|(_, image, owner)| (image, *owner))
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
        if let Some(status) = lower.strip_prefix("response status: ").or_else(|| {
            lower.strip_prefix("http/").and_then(|rest| rest.split_once(' ')).map(|(_, rest)| rest)
        }) {
            self.answer = (status.split(' ').next() == Some("429")).then_some(number);
            return None;
        }
        if let Some(host) =
            lower.strip_prefix("host: ").or_else(|| lower.strip_prefix("connected to "))
        {
            self.asked =
                Some((number, hub.owner(host.split([' ', ',']).next().unwrap_or_default())));
            return None;
        }
        let answer = self.answer.filter(|answer| number - answer <= NEAR)?;
        if lower.starts_with("docker-ratelimit-source:") {
            return Some((answer, Class::LimitUnspecified));
        }
        let is_foreign = self.asked.is_some_and(|(asked, owner)| {
            owner == Owner::Foreign && answer.saturating_sub(asked) <= NEAR
        });
        if lower == "too many requests" && !is_foreign {
            return Some((answer, Class::OverallLimit));
        }
        let remaining =
            lower.strip_prefix("x-").unwrap_or(&lower).strip_prefix("ratelimit-remaining:")?.trim();
        is_used_up(remaining).then_some((answer, Class::PullLimit))
    }
}

/// Docker Hub's way of saying that nothing remains: `0;w=3600`, or a negative number.
pub(super) fn is_used_up(remaining: &str) -> bool {
    let (number, window) = remaining.split_once(';').unwrap_or((remaining, ""));
    window.trim_start().starts_with("w=")
        && number.trim().parse::<i64>().is_ok_and(|number| number <= 0)
}
