//! What stands between a name and its value, and where the value ends: in a shell, a header, a query,
//! JSON, YAML, XML, Go's print of a struct, each perhaps put into another text. Also the values that
//! are no secrets: names of variables, masks, `true`.

use super::spelling::{self, Quote};

/// The sign between a name and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    Equals,
    Colon,
    Comma,
    /// `<password>…`
    Element,
    Blank,
    Nothing,
}

/// What stands between a name and its value: the quote that closes the name, a sign, the quote that
/// opens the value.
#[derive(Debug)]
pub(super) struct Gap<'a> {
    pub(super) length: usize,
    pub(super) sign: Sign,
    /// The quote that closes the name.
    pub(super) closed: Option<Quote<'a>>,
    /// Whether a blank stands before the value.
    pub(super) spaced: bool,
    /// The quote that opens the value.
    pub(super) quote: Option<Quote<'a>>,
    /// Whether the sign is percent-encoded, and the value with it.
    encoded: bool,
}

impl<'a> Gap<'a> {
    pub(super) fn after(text: &'a str) -> Self {
        let blanks = |text: &'a str| text.get(spelling::blanks(text)..).unwrap_or_default();
        let mut closed = Quote::at(text);
        let rest = closed.map_or(text, |quote| past(text, &quote));
        let open = blanks(rest);
        let (mut sign, mut length) = sign(open, closed.is_some(), open.len() < rest.len());
        let mut encoded = open.starts_with('%');
        // `"name": "DB_PASSWORD", "value": "x"` of a container's environment.
        if let Some(valued) = open.strip_prefix(',').and_then(valued) {
            (sign, length) = (Sign::Colon, open.len() - valued.len());
            encoded = false;
        }
        let rest = open.get(length..).unwrap_or_default();
        let value = if sign == Sign::Element { rest } else { blanks(rest) };
        let spaced = value.len() < rest.len();
        let mut quote = Quote::at(value);
        let value = quote.map_or(value, |quote| past(value, &quote));
        // `--password 'x'` closes no name: its only quote opens the value.
        if sign == Sign::Nothing && quote.is_none() {
            quote = closed.take();
        }
        Self { length: text.len() - value.len(), sign, closed, spaced, quote, encoded }
    }

    pub(super) fn quoted(&self) -> bool {
        self.quote.is_some()
    }

    /// Where the value ends that begins the text; `in_query` where it is a parameter of an address,
    /// `in_map` where it is a field between braces.
    pub(super) fn end(&self, value: &str, in_query: bool, in_map: bool) -> usize {
        if let Some(quote) = &self.quote {
            return quote.end(value);
        }
        let tight = self.sign == Sign::Colon && !self.spaced;
        let in_map = in_map || self.closed.is_some();
        let ends = |(at, c): (usize, char)| {
            let rest = || value.get(at + c.len_utf8()..).unwrap_or_default();
            let ends = c.is_whitespace()
                || matches!(c, '"' | '`' | '<')
                || (in_query && matches!(c, '&' | ',' | ')'))
                || (in_map && matches!(c, ',' | '}' | ']'))
                || (c == '\'' && !rest().starts_with(char::is_alphanumeric))
                || (c == '\\' && is_escape(rest()))
                || (c == '&'
                    && ["quot;", "#34;", "#39;", "apos;"].iter().any(|e| rest().starts_with(e)))
                || (c == '%' && self.encoded && !is_sign(rest()))
                || (c == '&' && self.encoded)
                || (c == ',' && tight && is_field(rest()));
            ends.then_some(at)
        };
        let end = value.char_indices().find_map(ends).unwrap_or(value.len());
        let word = value.get(..end).unwrap_or_default();
        word.trim_end_matches([',', ';', ')', ']', '}', '\\']).len()
    }
}

fn past<'a>(text: &'a str, quote: &Quote<'_>) -> &'a str {
    text.get(quote.open.len()..).unwrap_or_default()
}

/// The sign at the start and its bytes.
fn sign(open: &str, is_closed: bool, is_spaced: bool) -> (Sign, usize) {
    if open.starts_with("==") {
        return (Sign::Nothing, 0);
    }
    if let Some(length) = spelling::equals(open) {
        return (Sign::Equals, length);
    }
    if let Some(rest) = open.strip_prefix(":=") {
        return (Sign::Equals, open.len() - rest.len());
    }
    if let Some(length) = spelling::colon(open) {
        return (Sign::Colon, length);
    }
    match open.chars().next() {
        Some(',') if is_closed => (Sign::Comma, 1),
        Some('>') if !is_closed && !is_spaced => (Sign::Element, 1),
        _ if is_spaced => (Sign::Blank, 0),
        _ => (Sign::Nothing, 0),
    }
}

/// What follows `value:` as the next field of an entry.
fn valued(text: &str) -> Option<&str> {
    let skip = |text: &str| spelling::blanks(text);
    let text = text.get(skip(text)..)?;
    let text = Quote::at(text).map_or(Some(text), |quote| text.get(quote.open.len()..))?;
    let text = super::strip(text, "value")?;
    let text = Quote::at(text).map_or(Some(text), |quote| text.get(quote.open.len()..))?;
    let text = text.get(skip(text)..)?;
    text.get(spelling::colon(text).or_else(|| spelling::equals(text))?..)
}

/// Whether a backslash before this ends a value: a line's end, or a quote's escape.
fn is_escape(rest: &str) -> bool {
    let letters = rest.trim_start_matches('\\');
    let is_end = |c: char| !c.is_alphanumeric() || c == 'n';
    letters.starts_with(['"', '\'', '`'])
        || super::strip(letters, "u0022").is_some()
        || letters.strip_prefix(['n', 'r', 't']).is_some_and(|rest| {
            rest.is_empty() || rest.starts_with(is_end) || rest.starts_with(char::is_uppercase)
        })
}

/// Whether a percent sign before this encodes a sign of the value itself rather than its end.
fn is_sign(rest: &str) -> bool {
    !["20", "22", "26", "27", "0A", "0D", "3B", "7D", "2C", "09"]
        .iter()
        .any(|end| super::strip(rest, end).is_some())
}

/// Whether the next field of a Go struct stands here, `Auth:,`.
fn is_field(rest: &str) -> bool {
    let rest = rest.trim_start_matches(' ');
    let name = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
    (2..40).contains(&name) && rest.get(name..).is_some_and(|rest| rest.starts_with(':'))
}

/// Whether a value is none: a variable's name, a mask, a word of a switch, a nested value.
pub(super) fn is_placeholder(value: &str) -> bool {
    let bare = value.trim_matches(|c: char| matches!(c, '"' | '\'' | '`' | '.' | ',' | ';'));
    let lower = bare.to_ascii_lowercase();
    let is_switch = matches!(
        lower.as_str(),
        "" | "null"
            | "nil"
            | "none"
            | "true"
            | "false"
            | "yes"
            | "no"
            | "on"
            | "off"
            | "empty"
            | "unset"
            | "set"
            | "undefined"
            | "missing"
            | "present"
            | "masked"
            | "hidden"
            | "redacted"
            | "<nil>"
            | "<none>"
            | "<set>"
            | "<unset>"
            | "<empty>"
            | "<hidden>"
            | "[redacted]"
            | "[masked]"
            | "(redacted)"
            | "(hidden)"
            | "(empty)"
            | "-"
    );
    let is_mask = !bare.is_empty()
        && bare.bytes().all(|byte| matches!(byte, b'*' | b'x' | b'X' | b'.' | b'#'));
    is_switch || is_mask || is_variable(bare) || value.starts_with(['{', '['])
}

/// Whether a value is a variable's name, which a shell, a template or a pipeline puts a value for.
pub(super) fn is_variable(value: &str) -> bool {
    let is_name = |name: &str| {
        let said = name.to_ascii_lowercase();
        let tells =
            ["pass", "token", "secret", "pw", "key", "cred", "auth", "pat", "user", "login"];
        !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && !name.starts_with(|c: char| c.is_ascii_digit() && name.len() > 1)
            && (!name.bytes().any(|byte| byte.is_ascii_lowercase())
                || tells.iter().any(|tell| said.contains(tell)))
    };
    let inside = |open: &str, close: &str| {
        value.strip_prefix(open).is_some_and(|rest| rest.contains(close))
            || value.strip_prefix(open).is_some_and(|rest| {
                // Cut at a blank: `$(cat file)`, `${{ secrets.X }}`, `{{ .Values.x }}`.
                rest.len() < 24 && !rest.contains(char::is_numeric)
            })
    };
    let value = value.strip_prefix('\\').unwrap_or(value);
    inside("${", "}")
        || inside("$(", ")")
        || inside("{{", "}}")
        || inside("<", ">")
        || value.strip_prefix("$env:").is_some_and(is_name)
        || value.strip_prefix('$').is_some_and(is_name)
        || value.strip_prefix('%').and_then(|rest| rest.strip_suffix('%')).is_some_and(is_name)
        || ["secrets.", "env.", "vars.", "var.", "file://", "/run/secrets/", "process.env."]
            .iter()
            .any(|lead| value.starts_with(lead))
}
