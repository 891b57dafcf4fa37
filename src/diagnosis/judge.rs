//! The order of judgement over one peeled text: token and login limits, the pull limit, the overall
//! limit, another registry's limiter, a 429 that does not say which; then what is no limit at all
//! (`faults`). Source: the project's page on runtimes, November 2026.

use super::class::Class;
use super::log_context::is_used_up;
use super::phrases::{Mark, Marks};
use super::status;
use super::subject::Owner;

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
    /// The class of the text, or `None` where it tells of no known failure.
    pub(super) fn judge(&self) -> Option<Verdict> {
        self.limit().or_else(|| self.fault()).map(|(class, at)| Verdict { class, at })
    }

    /// Every kind of 429.
    fn limit(&self) -> Option<(Class, usize)> {
        let marks = &self.marks;
        let status = self.status(|status| status == 429);
        let code = self.error_code();
        // A 429 of just any server is none of ours: the error's code or a registry has to be there.
        let limited = status
            .or(code)
            .or(marks.at(Mark::TooManyWords))
            .filter(|_| code.is_some() || self.is_about_registry());
        let owner = if self.owner == Owner::Unsaid { self.before } else { self.owner };
        let foreign =
            |class| if owner == Owner::Foreign { Class::OtherRegistryLimit } else { class };
        // Docker Hub counts by user name or address, and says so; others lock people out, too.
        let is_lock = code.is_some() || self.is_about_registry() || self.says("username or ip");
        if let Some(at) = marks.at(Mark::Logins).filter(|_| is_lock) {
            return Some((Class::LoginLimit, at));
        }
        let asks_token = marks.has(Mark::Token) || marks.has(Mark::LoginAttempt);
        if let Some(at) = marks.at(Mark::TokenLimiter).or(limited.filter(|_| asks_token)) {
            return Some((foreign(Class::LoginLimit), at));
        }
        let implied =
            || limited.filter(|_| marks.has(Mark::LimitLink) || self.shows_nothing_remaining());
        if let Some(at) = self.pull_limit().or_else(implied) {
            return Some((Class::PullLimit, at));
        }
        if let Some(at) = marks.at(Mark::Balancer) {
            return Some((Class::OverallLimit, at));
        }
        if let Some(at) = marks.at(Mark::OtherLimiter).or_else(|| self.shared_wording(limited)) {
            return Some((Class::OtherRegistryLimit, code.or(status).unwrap_or(at).min(at)));
        }
        if let Some(at) = self.plain_body().filter(|_| code.is_some() || self.is_about_registry()) {
            return Some((foreign(Class::OverallLimit), at));
        }
        limited.map(|at| (foreign(Class::LimitUnspecified), at))
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
        let reached = before
            .rfind("you have reached your")
            .or_else(|| before.rfind("has reached its"))
            .or_else(|| before.rfind("exceeded your"))?;
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

    /// Wordings that others share with the world at large: they count beside a registry's 429, and some
    /// of them wherever it is about a registry.
    fn shared_wording(&self, limited: Option<usize>) -> Option<usize> {
        let marks = &self.marks;
        let about = marks.at(Mark::Limiter).filter(|_| self.is_about_registry());
        limited.and(marks.at(Mark::Limiter).or(marks.at(Mark::LimiterBeside429))).or(about)
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

    /// Where the first status begins that `wanted` takes.
    pub(super) fn status(&self, wanted: impl Fn(u16) -> bool) -> Option<usize> {
        status::find(self.text, wanted).map(|(_, at)| at)
    }

    /// Whether the text names whose registry it is about.
    pub(super) fn names_registry(&self) -> bool {
        matches!(self.owner, Owner::Hub | Owner::Foreign) || self.names_image
    }

    /// Whether the text is about images and registries at all.
    pub(super) fn is_about_registry(&self) -> bool {
        self.names_registry() || (self.owner == Owner::Unsaid && self.marks.has(Mark::Registry))
    }

    /// Whether the text contains the words, which are lower case, in any case.
    pub(super) fn says(&self, words: &str) -> bool {
        self.text.to_ascii_lowercase().contains(words)
    }

    /// Whether the text begins so, in any case.
    pub(super) fn opens_with(&self, word: &str) -> bool {
        self.text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
    }
}
