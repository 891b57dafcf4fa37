//! What `explain` hands out: one failure with its line, class, image and the words that decide. It is
//! apart from the reading of streams, which makes it.

use serde::Serialize;

use super::class::Class;
use super::log_context::NEAR;
use super::occurrence::Occurrence;
use crate::text;

/// How many lines apart two findings may be one failure where one of them names no image.
const VERY_NEAR: u64 = 20;
/// The most characters of a finding's text.
pub(super) const TEXT_MAX: usize = 600;

/// One failure, as `explain -o json` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The line it stands in, from 1.
    pub line: u64,
    /// What kind of failure it is.
    pub class: Class,
    /// The image, normalised; `None` where none is named.
    pub image: Option<String>,
    /// The tool that printed it; `None` where its manner is unknown.
    pub tool: Option<&'static str>,
    /// The decisive part, without secrets and control characters.
    pub text: String,
    /// What to do next.
    pub advice: &'static str,
    /// When, how often and where, as far as the text says.
    #[serde(flatten)]
    pub occurrence: Occurrence,
}

impl Finding {
    /// Whether two findings may be one failure: they are near and name the same image, or they are
    /// very near and one of them names none.
    pub(super) fn may_be(&self, other: &Self) -> bool {
        let distance = self.line.abs_diff(other.line);
        let (Some(one), Some(other)) = (&self.image, &other.image) else {
            return distance <= VERY_NEAR;
        };
        let by_digest = one.contains("@sha256:") != other.contains("@sha256:");
        distance <= NEAR && (one == other || (by_digest && repository(one) == repository(other)))
    }

    /// Whether it says which limit was met.
    pub(super) fn is_certain_limit(&self) -> bool {
        self.class.is_limit() && self.class != Class::LimitUnspecified
    }
}

/// An image's name without tag and digest.
fn repository(image: &str) -> &str {
    let name = image.split('@').next().unwrap_or(image);
    name.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')).map_or(name, |(name, _)| name)
}

/// The part of a text that decides, fit to show: the whole of it where it is short, else what stands
/// around the decisive words.
pub(super) fn decisive(whole: &str, at: usize) -> String {
    let from = whole.get(..at).map_or(0, |before| {
        let column = before.rfind("   ").map_or(0, |place| place + 3);
        if before.len() - column <= TEXT_MAX / 2 {
            column
        } else {
            before.rfind(": ").map_or(at, |place| place + 2)
        }
    });
    // What tells a secret may stand before the cut (`password:   …`): hidden first, cut then.
    let (shown, head) = (text::redact(whole), text::redact(whole.get(..from).unwrap_or_default()));
    let same = shown
        .char_indices()
        .zip(head.chars())
        .find(|((_, a), b)| a != b)
        .map_or(head.len(), |((at, _), _)| at);
    let part = shown.get(same..).unwrap_or(&shown).trim();
    let part = if part.matches('"').count() % 2 == 1 { part.trim_end_matches('"') } else { part };
    text::one_line(part, TEXT_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_stays_hidden_where_the_text_is_cut_after_its_name() {
        for lead in [
            "A_PASSWORD:    ",
            "docker login -u jo -p     ",
            &format!("{} DOCKER_PASSWORD: ", "x ".repeat(400)),
        ] {
            assert_eq!(
                decisive(&format!("{lead}hunter2 toomanyrequests"), lead.len() + 8),
                "<redacted> toomanyrequests"
            );
        }
    }
}
