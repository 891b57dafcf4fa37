//! How a quotation mark, a separator and a blank are spelt in a text that was put into another: as
//! they are, escaped as in JSON (any number of times), percent-encoded, as HTML entities. Apart from
//! the rows so that each of them knows all spellings.

/// Spellings of quotation marks, the longer ones first, and what closes them where that is another.
const QUOTES: &[(&str, &str)] = &[
    ("\\u0022", "\\u0022"),
    ("\\u0027", "\\u0027"),
    ("&quot;", "&quot;"),
    ("&apos;", "&apos;"),
    ("&#34;", "&#34;"),
    ("&#39;", "&#39;"),
    ("&#x27;", "&#x27;"),
    ("%2522", "%2522"),
    ("%22", "%22"),
    ("%27", "%27"),
    ("“", "”"),
    ("‘", "’"),
    ("’", "’"),
    ("\"", "\""),
    ("'", "'"),
    ("`", "`"),
];

const COLONS: &[&str] = &["%253A", "%3A", "\\u003a", "&#58;", ":"];
const EQUALS: &[&str] = &["%253D", "%3D", "\\u003d", "&#61;", "=>", "="];
const BLANKS: &[&str] = &["\\u0020", "\\\\ ", "\\ ", "%2520", "%20", "&nbsp;", " ", "\t"];

/// A quotation mark as it is spelt, and how the one that closes it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quote<'a> {
    /// Backslashes before it: the depth of the escaping.
    pub(super) depth: usize,
    pub(super) open: &'a str,
    pub(super) close: &'static str,
}

impl<'a> Quote<'a> {
    /// The one that begins a text.
    pub(super) fn at(text: &'a str) -> Option<Self> {
        let rest = text.trim_start_matches('\\');
        let depth = text.len() - rest.len();
        let from = |rest: &str| {
            let known = |(open, _): &&(&str, &str)| super::strip(rest, open).is_some();
            QUOTES.iter().find(known).map(|(open, close)| (open.len(), *close))
        };
        // `\u0022` takes one of the backslashes.
        let unicode = depth
            .checked_sub(1)
            .and_then(|depth| Some((depth, from(text.get(depth..)?)?)))
            .filter(|_| rest.starts_with('u'));
        let (depth, (length, close)) = unicode.or_else(|| Some((depth, from(rest)?)))?;
        // `''x''`: a YAML text in single quotes doubles those in it.
        let doubled = rest.strip_prefix("''").filter(|inner| {
            let end = inner.find('\'').unwrap_or_default();
            end > 0 && inner.get(end..).is_some_and(|rest| rest.starts_with("''"))
        });
        if doubled.is_some() {
            return Some(Self { depth, open: text.get(..depth + 2)?, close: "''" });
        }
        Some(Self { depth, open: text.get(..depth + length)?, close })
    }

    /// Where the text that it opens is closed: by the same spelling at the same depth.
    pub(super) fn end(&self, value: &str) -> usize {
        let closes = |at: usize| {
            let before = value.get(..at).unwrap_or_default();
            let slashes = before.len() - before.trim_end_matches('\\').len();
            // As many as before the mark that opens it; an even number escapes itself only.
            (slashes == self.depth || (self.depth == 0 && slashes % 2 == 0))
                .then_some(at - self.depth.min(slashes))
        };
        value
            .match_indices(self.close)
            .find_map(|(at, _)| closes(at))
            .or_else(|| {
                let is_percent = self.close.starts_with('%');
                is_percent.then(|| value.find(char::is_whitespace)).flatten()
            })
            .unwrap_or(value.len())
    }
}

/// Bytes of the colon at the start.
pub(super) fn colon(text: &str) -> Option<usize> {
    one_of(text, COLONS)
}

/// Bytes of the equals sign or arrow at the start; a comparison is none.
pub(super) fn equals(text: &str) -> Option<usize> {
    one_of(text, EQUALS).filter(|_| !text.starts_with("=="))
}

/// Bytes of all blanks at the start.
pub(super) fn blanks(text: &str) -> usize {
    let mut rest = text;
    while let Some(length) = one_of(rest, BLANKS) {
        rest = rest.get(length..).unwrap_or_default();
    }
    text.len() - rest.len()
}

/// Bytes at the start of a word's letters that belong to an escape before it: the `n` of `\nPASSWORD`,
/// the `3A` of `%3Aghp_`.
pub(super) fn escape(before: &str, word: &str) -> usize {
    let bytes = word.as_bytes();
    let is_hex = |count: usize| {
        bytes.get(..count).is_some_and(|bytes| bytes.iter().all(u8::is_ascii_hexdigit))
    };
    if before.ends_with('%') {
        return match bytes {
            [b'2', b'5', ..]
                if bytes.get(2..4).is_some_and(|b| b.iter().all(u8::is_ascii_hexdigit)) =>
            {
                4
            }
            _ if is_hex(2) => 2,
            _ => 0,
        };
    }
    match bytes.first() {
        Some(b'u') if before.ends_with('\\') && bytes.len() > 4 => 5,
        Some(b'n' | b'r' | b't') if before.ends_with('\\') => 1,
        _ => 0,
    }
}

/// Whether a word may begin behind a text: no letter stands before it but one of an escape.
pub(super) fn is_start(before: &str) -> bool {
    let letters = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
    let lately = super::lately(before, 8);
    let outside = lately.trim_end_matches(letters);
    let word = lately.get(outside.len()..).unwrap_or_default();
    word.is_empty() || (!word.contains(['_', '.']) && escape(outside, word) == word.len())
}

fn one_of(text: &str, spellings: &[&str]) -> Option<usize> {
    spellings.iter().find(|mark| super::strip(text, mark).is_some()).map(|mark| mark.len())
}
