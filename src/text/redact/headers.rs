//! HTTP headers whose value is a proof: `Authorization`, `Cookie`, and a proof after its scheme alone.

use std::ops::Range;

use super::spelling::{self, Quote};
use super::value::{Gap, Sign, is_placeholder};
use super::{NEAR, Place, ends_with, is_opaque, near, strip, word};

/// Schemes that a proof follows.
const SCHEMES: &[&str] = &[
    "basic",
    "bearer",
    "token",
    "digest",
    "negotiate",
    "ntlm",
    "apikey",
    "aws4-hmac-sha256",
    "hmac",
    "jwt",
    "gnap",
    "dpop",
    "sso-key",
    "splunk",
    "genie",
    "key",
    "private",
];

/// The value of an `Authorization` header: a scheme and its proof, no more than that of a line.
pub(super) fn authorization(place: Place<'_>) -> Option<Range<usize>> {
    let (before, after) = (place.before(), place.after());
    let gap = Gap::after(after);
    let mut start = gap.length;
    let mut value = after.get(start..)?;
    // A map of headers has lists: `Authorization:[Basic x]`, `"Authorization":["Basic x"]`.
    let mut quote = gap.quote;
    if let Some(listed) = value.strip_prefix('[').filter(|_| quote.is_none()) {
        quote = Quote::at(listed);
        start += 1 + quote.map_or(0, |quote| quote.open.len());
        value = after.get(start..)?;
    }
    if !matches!(gap.sign, Sign::Colon | Sign::Equals) {
        return None;
    }
    let is_sure = gap.sign == Sign::Equals || gap.closed.is_some() || quote.is_some();
    if !(is_sure || is_proof(before, value, gap.spaced)) {
        return None;
    }
    let whole = quote.map(|quote| quote.end(value));
    let length = whole.unwrap_or_else(|| proof(value));
    let said = value.get(..length)?;
    let bare = scheme(said).map_or(said, |length| said.get(length..).unwrap_or_default());
    (!is_placeholder(bare)).then(|| place.secret(start, length)).flatten()
}

/// Whether what follows `authorization: ` is a header's value rather than the rest of a sentence, as
/// in containerd's `may require authorization: server message: …`: it is where a header may stand, or
/// it looks like a proof.
fn is_proof(before: &str, after: &str, is_spaced: bool) -> bool {
    let before = before.trim_end_matches([' ', '\t']).trim_end_matches("Proxy-");
    let at_header = before.is_empty()
        || before.ends_with(['\n', '\r', '"', '\'', '`', '>', '<', '{', '[', '-', ',', ';'])
        || ["header", "headers", "header:", "headers:", " -h", "\\n"]
            .iter()
            .any(|word| ends_with(before, word));
    let first = after.get(..word(near(after, NEAR))).unwrap_or_default();
    let is_word =
        ["server", "failed", "no", "missing", "invalid", "unauthorized", "denied"].contains(&first);
    (!is_word && (at_header || !is_spaced)) || scheme(after).is_some() || is_opaque(first)
}

/// Bytes of a scheme and the blanks behind it at the start.
fn scheme(value: &str) -> Option<usize> {
    SCHEMES.iter().find_map(|scheme| {
        let rest = strip(value, scheme)?;
        let blanks = spelling::blanks(rest);
        let plus = usize::from(blanks == 0 && rest.starts_with('+'));
        (blanks + plus > 0 && rest.len() > blanks + plus).then_some(scheme.len() + blanks + plus)
    })
}

/// Bytes of a scheme with its proof, or of a word that is all of it, or of a list of parameters.
fn proof(value: &str) -> usize {
    let part = |text: &str| {
        let stop = |c: char| {
            c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ',' | '<' | '\\' | ']' | '}' | '&')
        };
        text.find(stop).unwrap_or(text.len())
    };
    let Some(start) = scheme(value) else { return part(value) };
    let mut end = start + part(value.get(start..).unwrap_or_default());
    // `Digest username="jo", realm="x", response="…"`, `AWS4-HMAC-SHA256 Credential=…, Signature=…`.
    loop {
        let rest = value.get(end..).unwrap_or_default();
        let quoted = Quote::at(rest).filter(|_| value.get(..end).is_some_and(|v| v.ends_with('=')));
        if let Some(quote) = quoted {
            let inner = rest.get(quote.open.len()..).unwrap_or_default();
            end += (quote.open.len() + quote.end(inner) + quote.open.len()).min(rest.len());
            continue;
        }
        let next = rest.trim_start_matches([',', ' ']);
        let name = next.bytes().take_while(u8::is_ascii_alphanumeric).count();
        let is_more = rest.starts_with(',')
            && name > 0
            && next.get(name..).is_some_and(|rest| rest.starts_with('='));
        if !is_more {
            return end;
        }
        end += rest.len() - next.len() + part(next);
    }
}

/// `Cookie: a=b; c=d` and `Set-Cookie: …`.
pub(super) fn cookie(place: Place<'_>) -> Option<Range<usize>> {
    let gap = Gap::after(place.after());
    let value = place.after().get(gap.length..)?;
    if !matches!(gap.sign, Sign::Colon | Sign::Equals) {
        return None;
    }
    if let Some(quote) = gap.quote {
        return place.secret(gap.length, quote.end(value));
    }
    let mut end = 0;
    loop {
        let rest = value.get(end..).unwrap_or_default();
        let stop = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '\\');
        let length = rest.find(stop).unwrap_or(rest.len());
        let pair = rest.get(..length).unwrap_or_default();
        if !(pair.contains('=') || end == 0 && is_opaque(pair)) {
            break;
        }
        end += length;
        if !pair.ends_with(';') {
            break;
        }
        end += spelling::blanks(value.get(end..).unwrap_or_default());
    }
    let said =
        value.get(..end).unwrap_or_default().trim_end_matches([' ', ';', ',', ')', ']', '}']);
    place.secret(gap.length, said.len())
}

/// `Basic am86…`, `bearer x…`, wherever it stands: a scheme and a random word.
pub(super) fn scheme_alone(place: Place<'_>) -> Option<Range<usize>> {
    let after = place.after();
    if !spelling::is_start(super::lately(place.before(), 8)) {
        return None;
    }
    let plus = usize::from(after.starts_with('+'));
    let blanks = spelling::blanks(after).max(plus);
    let value = after.get(blanks..)?;
    let length = word(value);
    let said = near(value, NEAR);
    (blanks > 0 && is_opaque(said.get(..word(said))?) && !said.contains("://"))
        .then(|| place.secret(blanks, length))
        .flatten()
}
