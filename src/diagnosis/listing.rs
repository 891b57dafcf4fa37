//! Stretches of text in which the words of a failure stand for something else: GitHub's listing of a
//! script before it runs, a diff, `git log`, a block that documentation quotes.

use super::line::Line;

/// The stretch under way.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Listing {
    /// None.
    #[default]
    None,
    /// GitHub's listing of a script before it runs.
    Script,
    /// A diff, indented so far.
    Diff(usize),
    /// `git log`, indented so far.
    Commits(usize),
    /// A block that a sentence has announced: up to the next blank line after it has begun.
    Quotation {
        /// Whether a line of the block itself has been seen.
        begun: bool,
    },
    /// Just after such a block: `or` announces another.
    Quoted,
}

const DIFF_HEADS: &[&str] = &[
    "diff --git",
    "index ",
    "new file",
    "deleted file",
    "similarity ",
    "rename ",
    "old mode",
    "new mode",
    "\\ No",
];
const COMMIT_HEADS: &[&str] = &[
    "    ",
    "Author: ",
    "AuthorDate: ",
    "Commit: ",
    "CommitDate: ",
    "commit ",
    "Date: ",
    "Merge: ",
];
/// What documentation says before a block that it quotes, lower case.
const ANNOUNCEMENTS: &[&str] = &[
    "if you ",
    "when you ",
    "you will see",
    "you may see",
    "you might see",
    "users see",
    "look like this",
    "looks like this",
    "for example",
    "such as:",
    "error messages",
];

impl Listing {
    /// Whether every line matters, not just those with a phrase in them.
    pub(super) fn is_attentive(&self) -> bool {
        !matches!(self, Self::None | Self::Script)
    }

    /// Takes the next line; whether it is part of a listing.
    pub(super) fn take(&mut self, line: &Line) -> bool {
        *self = self.after(line);
        !matches!(self, Self::None | Self::Quoted)
    }

    fn after(&self, line: &Line) -> Self {
        let raw = line.source.as_str();
        let indent = indent_of(raw);
        // The line without the indent of the stretch that it may be part of.
        let within = |indent: usize| raw.get(indent..).filter(|_| indent_of(raw) >= indent);
        let is = |text: &str, heads: &[&str]| heads.iter().any(|head| text.starts_with(head));
        let blank = raw.trim().is_empty();
        let fence = raw.trim_start().starts_with("```");
        if raw.contains("##[group]") {
            return if raw.contains("##[group]Run ") { Self::Script } else { Self::None };
        }
        if raw.trim_start().starts_with("diff --git") {
            return Self::Diff(indent);
        }
        if raw.trim_start().starts_with("Author: ") && (indent == 0 || raw.contains('@')) {
            return Self::Commits(indent);
        }
        let text = line.text.trim();
        match self {
            Self::Script if !raw.contains("##[endgroup]") && !raw.contains("##[error]") => {
                Self::Script
            }
            Self::Diff(indent)
                if within(*indent).is_some_and(|text| {
                    text.starts_with(['+', '-', ' ', '@']) || is(text, DIFF_HEADS)
                }) =>
            {
                Self::Diff(*indent)
            }
            Self::Commits(indent)
                if blank || within(*indent).is_some_and(|text| is(text, COMMIT_HEADS)) =>
            {
                Self::Commits(*indent)
            }
            Self::Quotation { begun: false } => Self::Quotation { begun: !blank && !fence },
            Self::Quotation { begun: true } if !blank && !fence => Self::Quotation { begun: true },
            Self::Quotation { .. } => Self::Quoted,
            Self::Quoted if blank => Self::Quoted,
            Self::Quoted
                if matches!(
                    text.trim_end_matches(':').to_ascii_lowercase().as_str(),
                    "or" | "and"
                ) =>
            {
                Self::Quotation { begun: false }
            }
            _ if announces(text) => Self::Quotation { begun: false },
            _ => Self::None,
        }
    }
}

/// How many blanks a line begins with.
fn indent_of(raw: &str) -> usize {
    raw.len() - raw.trim_start_matches(' ').len()
}

/// Whether a sentence to a reader announces a quotation.
fn announces(text: &str) -> bool {
    let lower = text.to_lowercase();
    text.ends_with(':') && ANNOUNCEMENTS.iter().any(|words| lower.contains(words))
}

#[cfg(test)]
mod tests {
    use super::super::line::peel;
    use super::*;

    fn listed(text: &str) -> Vec<bool> {
        let mut listing = Listing::default();
        text.lines().map(|line| listing.take(&peel(line))).collect()
    }

    #[test]
    fn a_quotation_ends_at_the_blank_line_after_it_and_or_begins_another() {
        assert_eq!(
            listed("When you pull you see:\n\n  x\n  y\n\nor\n\nz\n\nReal."),
            [true, true, true, true, false, true, true, true, false, false]
        );
    }

    #[test]
    fn scripts_diffs_and_histories_end() {
        assert_eq!(listed("##[group]Run x\necho\n##[endgroup]\nreal"), [true, true, false, false]);
        assert_eq!(listed("diff --git a b\n@@\n+x\nreal"), [true, true, true, false]);
        assert_eq!(listed("Author: A\n\n    x\nreal"), [true, true, true, false]);
        let behind = "09:00:01  Author: A <a@b>\n09:00:02  \n09:00:03      x\n09:00:04  real";
        assert_eq!(listed(behind), [true, true, true, false], "behind a stamp");
    }
}
