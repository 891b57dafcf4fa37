//! The engine of judgement: a text with what was read off it, and the first of the `rules` that fits.
//! What a rule can ask for is here; which rule asks for what, and in which order, is theirs.

use super::class::Class;
use super::log_context::is_used_up;
use super::phrases::{Mark, Marks};
use super::rules::{Condition, Pattern, RULES, Rule};
use super::status;
use super::subject::Owner;
use crate::image::Reference;

/// What a text was judged to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Verdict {
    /// The class.
    pub(super) class: Class,
    /// The byte where the decisive words begin.
    pub(super) at: usize,
}

/// A text with what was read off it before judging.
#[derive(Debug, Clone, Copy)]
pub(super) struct Case<'a> {
    /// The peeled text.
    pub(super) text: &'a str,
    /// Its marks.
    pub(super) marks: Marks,
    /// Whose registry it is about, by its own words.
    pub(super) owner: Owner,
    /// Whose registry the lines before it are about.
    pub(super) before: Owner,
    /// Whether layers are being fetched, by the lines before it.
    pub(super) is_pulling: bool,
    /// Whether it names an image.
    pub(super) names_image: bool,
}

impl Case<'_> {
    /// The class of the text by the first rule that fits, or `None` where it tells of no known failure.
    pub(super) fn judge(&self) -> Option<Verdict> {
        RULES.iter().find_map(|rule| self.by(rule))
    }

    /// What one rule says of the text.
    pub(super) fn by(&self, rule: &Rule) -> Option<Verdict> {
        let at = self.find(rule.pattern)?;
        rule.conditions
            .iter()
            .all(|condition| self.holds(condition))
            .then_some(Verdict { class: rule.class, at })
    }

    /// Where what is looked for begins.
    fn find(&self, pattern: Pattern) -> Option<usize> {
        match pattern {
            Pattern::Says(mark) => self.marks.at(mark),
            Pattern::Limiter(mark) => {
                let at = self.marks.at(mark)?;
                let code = self.error_code().or_else(|| self.status(429, 429));
                Some(code.unwrap_or(at).min(at))
            }
            Pattern::Status(first, last) => self.status(first, last),
            Pattern::Limited => self.limited(),
            Pattern::PullLimit => self.pull_limit(),
            Pattern::PlainBody => self.plain_body(),
            Pattern::Forbidden => self.forbidden(),
        }
    }

    fn holds(&self, condition: &Condition) -> bool {
        match condition {
            Condition::Has(mark) => self.marks.has(*mark),
            Condition::Lacks(mark) => !self.marks.has(*mark),
            Condition::Contains(words) => self.says(words),
            Condition::Opens(word) => {
                self.text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
            }
            Condition::AboutRegistry => self.is_about_registry(),
            Condition::NamesRegistry => self.names_registry(),
            Condition::Asked => matches!(self.owner, Owner::Hub | Owner::Foreign),
            Condition::Foreign => {
                let owner = if self.owner == Owner::Unsaid { self.before } else { self.owner };
                owner == Owner::Foreign
            }
            Condition::Coded => self.error_code().is_some(),
            Condition::Limited => self.limited().is_some(),
            Condition::NothingRemains => self.shows_nothing_remaining(),
            Condition::NoFault => self.status(500, u16::MAX).is_none(),
            Condition::BareUnauthorized => self.is_bare_unauthorized(),
            Condition::BareExpiry => self
                .bare_message("denied: ")
                .is_some_and(|said| said.starts_with("your authorization token has expired")),
            Condition::CodedDenied => self.has_code_denied(),
            Condition::MissingName => self.names_what_is_missing(),
            Condition::CutOff => self.is_cut_off(),
            Condition::Any(conditions) => conditions.iter().any(|one| self.holds(one)),
        }
    }

    /// A 429 of a registry, by its status, its code or its words: that of just any server is none of
    /// ours, so the error's code or a registry has to be there.
    fn limited(&self) -> Option<usize> {
        let code = self.error_code();
        self.status(429, 429)
            .or(code)
            .or(self.marks.at(Mark::TooManyWords))
            .filter(|_| code.is_some() || self.is_about_registry())
    }

    /// `toomanyrequests` where it is an error's code: a word of its own with a colon and a message.
    /// Registries write it in one case; `TooManyRequests` is the code of many a web service, too.
    fn error_code(&self) -> Option<usize> {
        let at = self.marks.at(Mark::TooMany)?;
        let (before, after) =
            (self.text.get(..at)?, self.text.get(at + "toomanyrequests".len()..)?);
        let code = self.text.get(at..at + "toomanyrequests".len())?;
        let is_mixed = code.contains(|c: char| c.is_ascii_uppercase())
            && code.contains(|c: char| c.is_ascii_lowercase());
        let stands_alone = !before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '.');
        // Without a message it is one only as the last word of a registry's or a runtime's error.
        if before.ends_with(": ")
            && after.trim_end_matches([' ', '.', '"']).is_empty()
            && self.is_about_registry()
        {
            return Some(at);
        }
        let message = after.strip_prefix(':')?.trim();
        let is_code = stands_alone
            && (message.is_empty() || message.contains(' '))
            && (!is_mixed || self.is_about_registry());
        is_code.then_some(at)
    }

    /// Docker's wording: somebody has reached a pull rate limit.
    fn pull_limit(&self) -> Option<usize> {
        let at = self.marks.at(Mark::PullLimit)?;
        let before = self.text.get(..at)?.to_ascii_lowercase();
        let reached = ["you have reached your", "has reached its", "exceeded your"]
            .iter()
            .find_map(|words| before.rfind(words))?;
        let between = before.get(reached..)?;
        // A pattern that looks for the wording is not the wording.
        let is_pattern = between.contains(['*', '\\', '[', '|', '(']);
        (between.len() < 80 && !is_pattern)
            .then_some(self.error_code().filter(|code| *code < reached).unwrap_or(reached))
    }

    /// Headers printed beside a 429 that show an empty pull quota.
    fn shows_nothing_remaining(&self) -> bool {
        let lower = self.text.to_ascii_lowercase();
        lower.match_indices("ratelimit-remaining").any(|(at, name)| {
            let value = lower
                .get(at + name.len()..)
                .unwrap_or_default()
                .trim_start_matches(['"', ':', '=', ' ', '[']);
            is_used_up(value.split(['"', ' ', ',', ']']).next().unwrap_or_default())
        })
    }

    /// The overall limit's body, plain words without an explanation, as each tool quotes it.
    fn plain_body(&self) -> Option<usize> {
        const BEFORE: &[&str] = &[
            "toomanyrequests: ",
            "of value: ",
            "of value: \"",
            "header line: ",
            "header line: \"",
            "429, \"",
            "429 too many requests: ",
            "429 too many requests \"",
            "429 too many requests ",
            "body: ",
            "body: \"",
        ];
        let lower = self.text.to_ascii_lowercase();
        lower.match_indices("too many requests").map(|(at, _)| at).find(|at| {
            BEFORE.iter().any(|lead| lower.get(..*at).is_some_and(|before| before.ends_with(lead)))
        })
    }

    /// Where a text begins to end in `Forbidden`, right after an address: what Go says where a proxy
    /// refuses the way to a host, the status' words and nothing else.
    fn forbidden(&self) -> Option<usize> {
        let text = self.text.trim_end_matches([' ', '.', '"']);
        let at = text.len().checked_sub("forbidden".len())?;
        let (before, last) = (text.get(..at)?, text.get(at..)?);
        (before.ends_with("\": ") && last.eq_ignore_ascii_case("forbidden")).then_some(at)
    }

    /// Whether it opens with a registry's `unauthorized:` and what registries say after it: with other
    /// words, any server may have refused anybody.
    fn is_bare_unauthorized(&self) -> bool {
        const MESSAGES: &[&str] = &[
            "incorrect username or password",
            "invalid username or password",
            "access to the requested resource is not authorized",
            "access token has insufficient scopes",
            "the client does not have permission",
            "you don't have the needed permissions",
            "unauthorized to access repository",
            "unauthenticated: user cannot be authenticated",
            "http basic: access denied",
            "your account must log in",
            "personal access token",
        ];
        // What anybody says, and goes on to say for whom: `authentication required for tenant 7`.
        const COMMON: &[&str] = &[
            "authentication required",
            "authentication is required",
            "authentication failed",
            "authorization failed",
            "unauthorized",
        ];
        let Some(message) = self.bare_message("unauthorized: ") else { return false };
        let is_project =
            message.starts_with("project ") && message.contains(" not found: project ");
        let is_common = || {
            COMMON.iter().any(|known| {
                message.strip_prefix(known).is_some_and(|rest| !rest.starts_with(" for "))
            })
        };
        is_project || MESSAGES.iter().any(|known| message.starts_with(known)) || is_common()
    }

    /// What follows an error's code, in lower case, where nothing but the client's `server message` may
    /// stand before the code.
    fn bare_message(&self, code: &str) -> Option<String> {
        let lower = self.text.to_ascii_lowercase();
        lower
            .strip_prefix("server message: ")
            .unwrap_or(&lower)
            .strip_prefix(code)
            .map(str::to_owned)
    }

    /// Whether a phrase of refusal is a code or a message of its own, not part of a sentence such as
    /// `access: denied by policy`.
    fn has_code_denied(&self) -> bool {
        let lower = self.text.to_ascii_lowercase();
        let is_whole = |at: usize| {
            lower
                .get(at..)
                .is_some_and(|rest| !rest.starts_with([' ', '_', '-']) || rest.trim().is_empty())
        };
        ["403 forbidden", "403 (forbidden)", "permission_denied", " denied: "]
            .iter()
            .any(|phrase| lower.contains(phrase))
            || lower.match_indices(": denied").any(|(at, phrase)| is_whole(at + phrase.len()))
    }

    /// Whether an image's name stands right before `: not found`.
    fn names_what_is_missing(&self) -> bool {
        self.text.match_indices(": not found").any(|(at, _)| {
            let name = self
                .text
                .get(..at)
                .and_then(|before| before.split([' ', '"', '\'']).next_back())
                .unwrap_or_default();
            name.contains(['/', ':']) && name.parse::<Reference>().is_ok()
        })
    }

    /// What a client that has been pulling an image says last, without a word of what it did.
    fn is_cut_off(&self) -> bool {
        (self.before != Owner::Unsaid || self.is_pulling)
            && self.text.trim().trim_end_matches('.').eq_ignore_ascii_case("unexpected eof")
    }

    /// Where the first status begins that lies between these two, both included.
    fn status(&self, first: u16, last: u16) -> Option<usize> {
        status::find(self.text, |status| (first..=last).contains(&status)).map(|(_, at)| at)
    }

    /// Whether the text names whose registry it is about.
    fn names_registry(&self) -> bool {
        matches!(self.owner, Owner::Hub | Owner::Foreign) || self.names_image
    }

    /// Whether the text is about images and registries at all.
    fn is_about_registry(&self) -> bool {
        self.names_registry() || (self.owner == Owner::Unsaid && self.marks.has(Mark::Registry))
    }

    /// Whether the text contains the words, which are lower case, in any case.
    fn says(&self, words: &str) -> bool {
        self.text.to_ascii_lowercase().contains(words)
    }
}
