//! Failures that take several lines: a list of causes, a body on the line below its status, a page
//! of HTML. Their lines are put together and judged as one text.

use super::line::{Level, Line, Source};

/// The most lines and bytes of one passage.
const LINES_MAX: usize = 40;
const BYTES_MAX: usize = 8 * 1024;

/// A failure of which more lines may follow.
#[derive(Debug, Clone)]
pub(super) struct Passage {
    /// The number of its first line.
    pub(super) number: u64,
    /// The first line with what carries it.
    pub(super) whole: String,
    /// The first line as it was read.
    pub(super) raw: String,
    /// The peeled lines so far, joined.
    pub(super) line: Line,
    kind: Kind,
    lines: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// `errors:` or `3 errors occurred`: items follow.
    List,
    /// A status at the end: its body may follow.
    Body,
    /// HTML that has not ended.
    Page,
    /// Docker's wording of the pull limit, broken off at the end of a line.
    Wording,
    /// A registry client's exception whose status stands on the next line.
    Exception,
}

impl Passage {
    /// Begins a passage where a line asks for more.
    pub(super) fn open(source: Source<'_>, raw: &str, line: &Line) -> Option<Self> {
        let kind = kind(&line.text)?;
        let Source { number, whole } = source;
        let (whole, raw) = (whole.to_owned(), raw.to_owned());
        Some(Self { number, whole, raw, line: line.clone(), kind, lines: 1 })
    }

    /// Where it begins.
    pub(super) fn source(&self) -> Source<'_> {
        Source { number: self.number, whole: &self.whole }
    }

    /// Takes the next line where it belongs here; says whether it did.
    pub(super) fn take(&mut self, line: &Line) -> bool {
        let text = line.text.trim();
        if self.lines >= LINES_MAX
            || self.line.text.len() + text.len() > BYTES_MAX
            || (line.level != Level::Unsaid
                && (self.kind != Kind::Exception || line.level != self.line.level))
        {
            return false;
        }
        let belongs = match self.kind {
            Kind::Page => true,
            Kind::List => text.is_empty() || text.starts_with("* ") || is_bare_error(text),
            Kind::Body => text.starts_with('<') || is_bare_error(text),
            Kind::Wording => self.lines <= 2 && text.len() < 200,
            Kind::Exception => {
                self.lines == 1
                    && text.len() < 80
                    && text
                        .get(..3)
                        .is_some_and(|status| status.bytes().all(|byte| byte.is_ascii_digit()))
            }
        };
        self.lines += 1;
        if belongs && !text.is_empty() {
            self.line.text.push(' ');
            self.line.text.push_str(text);
            let opens_page = kind(text) == Some(Kind::Page);
            let is_over = match self.kind {
                Kind::Page => text.contains("</html>"),
                Kind::List => false,
                Kind::Body => !opens_page,
                Kind::Exception => true,
                Kind::Wording => text.contains("limit"),
            };
            if is_over {
                self.lines = LINES_MAX;
            } else if opens_page {
                self.kind = Kind::Page;
            }
        }
        belongs
    }
}

fn kind(text: &str) -> Option<Kind> {
    const STATUSES: &[&str] = &[
        "429 Too Many Requests",
        "401 Unauthorized",
        "403 Forbidden",
        "404 Not Found",
        "Service Unavailable",
        "Internal Server Error",
        "Bad Gateway",
    ];
    const BREAKS: &[&str] = &[
        "toomanyrequests:",
        "Server message:",
        "You have",
        "have reached",
        "reached your",
        "reached your unauthenticated",
        "your pull",
        "unauthenticated pull",
        "pull rate",
    ];
    let trimmed = text.trim_end();
    if trimmed.contains("<html") && !trimmed.contains("</html>") {
        Some(Kind::Page)
    } else if trimmed.ends_with("errors:")
        || trimmed.contains("errors occurred")
        || trimmed.contains("error occurred:")
    {
        Some(Kind::List)
    } else if BREAKS.iter().any(|words| trimmed.ends_with(words)) {
        Some(Kind::Wording)
    } else if ends_in_exception(trimmed) {
        Some(Kind::Exception)
    } else {
        STATUSES.iter().any(|status| trimmed.ends_with(status)).then_some(Kind::Body)
    }
}

/// Whether a text ends in the class of a Ruby client's exception, in brackets or bare.
fn ends_in_exception(text: &str) -> bool {
    text.rsplit_once("DockerRegistry2::").is_some_and(|(_, name)| {
        let name = name.trim_end_matches([')', ':']);
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// An error of the distribution protocol without a tool's words before it.
fn is_bare_error(text: &str) -> bool {
    [
        "toomanyrequests:",
        "denied:",
        "unauthorized:",
        "name unknown:",
        "manifest unknown",
        "unavailable:",
        "Too Many Requests",
    ]
    .iter()
    .any(|code| text.get(..code.len()).is_some_and(|start| start.eq_ignore_ascii_case(code)))
}

#[cfg(test)]
mod tests {
    use super::super::line::peel;
    use super::*;

    fn joined(first: &str, more: &[&str]) -> Option<(String, usize)> {
        let mut passage = Passage::open(Source { number: 1, whole: first }, first, &peel(first))?;
        let taken = more.iter().take_while(|line| passage.take(&peel(line))).count();
        Some((passage.line.text, taken))
    }

    #[test]
    fn items_bodies_and_pages_are_joined_to_their_first_line_and_nothing_else_is() {
        assert_eq!(
            joined("reading manifest x: errors:", &["denied: a", "unauthorized: b", "Pulling y"]),
            Some(("reading manifest x: errors: denied: a unauthorized: b".to_owned(), 2))
        );
        assert_eq!(
            joined("GET u: 429 Too Many Requests", &["toomanyrequests: m", "toomanyrequests: m"]),
            Some(("GET u: 429 Too Many Requests toomanyrequests: m".to_owned(), 1))
        );
        assert_eq!(
            joined("u: 403 Forbidden", &["<html>", "export", "</html>", "x"])
                .map(|(_, taken)| taken),
            Some(3)
        );
        assert_eq!(
            joined("E x (DockerRegistry2::NotFound)", &["404 Not Found", "404 Not Found"]),
            Some(("E x (DockerRegistry2::NotFound) 404 Not Found".to_owned(), 1))
        );
        assert_eq!(joined("an ordinary line", &[]), None);
    }

    #[test]
    fn an_endless_page_ends() {
        let lines = vec!["<p>"; 1_000];
        assert!(joined("<html>", &lines).is_some_and(|(_, taken)| taken < LINES_MAX));
    }
}
