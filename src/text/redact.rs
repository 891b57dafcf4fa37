//! Secrets out of foreign text: what Docker Hub and others write into their messages, and what
//! people paste. Known shapes only; the words around them stay. The shapes are rows of tables, each
//! with texts whose secret goes and neighbours that stay: `tokens` (prefixes), `names` (key words)
//! and `shapes` (everything with a grammar of its own). One pass finds where a row might apply, and
//! each row looks only near that place, so a long line costs no more than its length. Source: the
//! wordings of November 2026 (`as 'USER': dckr_jti_…=` names an account and a token), RFC 6750,
//! RFC 7617, RFC 7519, RFC 3986, the issuers' own pages on their tokens.

mod addresses;
mod commands;
mod headers;
mod named;
mod names;
mod shapes;
mod spelling;
mod tokens;
mod value;

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

/// What stands where a secret stood.
const REDACTED: &str = "<redacted>";

/// How far one looks to tell whether a secret stands here; each place of a line may look, so this
/// keeps a long line's cost linear. A secret found is taken to its end, however far.
const NEAR: usize = 512;

/// The same where a secret may be long and what tells it comes last: a piped key, a JWT.
const FAR: usize = 4096;

/// `text` with tokens, passwords, user names of the pull-limit wording, `Authorization` values and
/// credentials in URLs replaced by `<redacted>`.
///
/// ```
/// let said = "You have reached your pull rate limit as 'jo': dckr_jti_9qvxj2=. See https://jo:pw@r.example/v2/";
/// let shown = "You have reached your pull rate limit as '<redacted>': <redacted>. See https://<redacted>@r.example/v2/";
/// assert_eq!(dhlimit::text::redact(said), shown);
/// ```
pub fn redact(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut from = 0;
    for secret in secrets(text) {
        shown.push_str(text.get(from..secret.start).unwrap_or_default());
        shown.push_str(REDACTED);
        from = secret.end;
    }
    shown.push_str(text.get(from..).unwrap_or_default());
    shown
}

/// A value that a person gave where an address or an image was wanted, fit to be quoted: without
/// everything up to its last `@`, for what stands there may be a password with any sign in it, and
/// without the secrets of any text. An image's digest is none.
///
/// ```
/// let quoted = dhlimit::text::redact_argument("https://jo:se/cret@r.example/x");
/// assert_eq!(quoted, "<redacted>@r.example/x");
/// assert_eq!(dhlimit::text::redact_argument("nginx@sha256:12"), "nginx@sha256:12");
/// ```
pub fn redact_argument(value: &str) -> String {
    let at = value.match_indices('@').map(|(at, _)| at).rfind(|at| {
        let after = value.get(at + 1..).unwrap_or_default();
        *at > 0 && !addresses::is_digest(after)
    });
    match at {
        Some(at) => format!("{REDACTED}{}", redact(value.get(at..).unwrap_or_default())),
        None => redact(value),
    }
}

/// The same for a value where an image was wanted: a tag behind the `@` is a mistake and no host, so
/// what stands before it is a name and no password.
///
/// ```
/// use dhlimit::text::redact_reference;
/// assert_eq!(redact_reference("nginx@latest"), "nginx@latest");
/// assert_eq!(redact_reference("jo:hunter2@r.example/x"), "<redacted>@r.example/x");
/// ```
pub fn redact_reference(value: &str) -> String {
    let is_tagged =
        value.rsplit_once('@').is_some_and(|(name, tag)| addresses::is_name_before_tag(name, tag));
    if is_tagged { redact(value) } else { redact_argument(value) }
}

/// Where the secrets of a text are, in order, none in another.
fn secrets(text: &str) -> Vec<Range<usize>> {
    let Some((finder, rows)) = RULES.as_ref() else { return Vec::new() };
    let mut places: Vec<_> = finder
        .find_overlapping_iter(text)
        .filter_map(|found| Some((found.range(), rows.get(found.pattern().as_usize())?)))
        .collect();
    places.sort_by_key(|(place, _)| (place.start, std::cmp::Reverse(place.end)));
    let mut secrets: Vec<Range<usize>> = Vec::new();
    let mut hidden = 0;
    for (place, row) in places {
        if place.start < hidden {
            continue;
        }
        let Some(secret) = row.secret(Place { text, at: place.start, end: place.end }) else {
            continue;
        };
        let secret = secret.start.max(hidden)..secret.end;
        if secret.start < secret.end && text.get(secret.clone()).is_some() {
            hidden = secret.end;
            match secrets.last_mut().filter(|last| last.end == secret.start) {
                Some(last) => last.end = secret.end,
                None => secrets.push(secret),
            }
        }
    }
    secrets
}

/// Where an anchor of a row stands in a text.
#[derive(Debug, Clone, Copy)]
struct Place<'a> {
    text: &'a str,
    at: usize,
    end: usize,
}

impl<'a> Place<'a> {
    fn before(&self) -> &'a str {
        self.text.get(..self.at).unwrap_or_default()
    }

    fn anchor(&self) -> &'a str {
        self.text.get(self.at..self.end).unwrap_or_default()
    }

    fn after(&self) -> &'a str {
        self.text.get(self.end..).unwrap_or_default()
    }

    /// The bytes of the text from `start` bytes behind the anchor on.
    fn secret(&self, start: usize, length: usize) -> Option<Range<usize>> {
        let start = self.end + start;
        (length > 0).then_some(start..start + length)
    }
}

/// One row of one of the tables.
#[derive(Debug)]
enum Row {
    Token(&'static tokens::Token),
    Name(&'static names::Name),
    Shape(&'static shapes::Shape),
}

impl Row {
    fn secret(&self, place: Place<'_>) -> Option<Range<usize>> {
        match self {
            Self::Token(token) => token.secret(place),
            Self::Name(name) => named::secret(name, place),
            Self::Shape(shape) => (shape.look)(place),
        }
    }
}

/// All rows by their anchors. An automaton of known, short patterns is always built.
static RULES: LazyLock<Option<(AhoCorasick, Vec<Row>)>> = LazyLock::new(|| {
    let tokens = tokens::TOKENS.iter().map(|token| (token.prefix, Row::Token(token)));
    let names = names::NAMES.iter().map(|name| (name.word, Row::Name(name)));
    let shapes = shapes::SHAPES
        .iter()
        .flat_map(|shape| shape.anchors.iter().map(move |anchor| (*anchor, Row::Shape(shape))));
    let (anchors, rows): (Vec<_>, Vec<_>) = tokens.chain(names).chain(shapes).unzip();
    let finder = AhoCorasick::builder()
        .kind(Some(AhoCorasickKind::ContiguousNFA))
        .match_kind(MatchKind::Standard)
        .ascii_case_insensitive(true)
        .build(anchors)
        .ok()?;
    Some((finder, rows))
});

/// The text as far as one looks ahead, to the next whole character.
fn near(text: &str, most: usize) -> &str {
    let end = (most.min(text.len())..=text.len())
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(text.len());
    text.get(..end).unwrap_or(text)
}

/// The text as far as one looks back, from the next whole character.
fn lately(text: &str, most: usize) -> &str {
    let from = (text.len().saturating_sub(most)..=text.len())
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or_default();
    text.get(from..).unwrap_or_default()
}

/// Bytes of the token-like word at the start.
fn word(text: &str) -> usize {
    let is_part =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '=' | '+' | '/' | '~');
    let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
    text.get(..end).map_or(0, |word| word.trim_end_matches('.').len())
}

/// Whether a word looks random rather than written: long, with digits or both cases.
fn is_opaque(word: &str) -> bool {
    word.len() >= 8
        && (word.bytes().any(|byte| byte.is_ascii_digit())
            || word.ends_with('=')
            || word.bytes().skip(1).any(|byte| byte.is_ascii_uppercase()))
}

fn strip<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    text.get(..prefix.len())
        .filter(|start| start.eq_ignore_ascii_case(prefix))
        .and_then(|_| text.get(prefix.len()..))
}

fn ends_with(text: &str, end: &str) -> bool {
    text.len()
        .checked_sub(end.len())
        .and_then(|start| text.get(start..))
        .is_some_and(|last| last.eq_ignore_ascii_case(end))
}

#[cfg(test)]
mod tests;
