//! The string members of JSON, without a JSON parser: documents may be cut in pieces, wrapped in
//! other text or spread over lines, and a log is read even where it is broken.

use super::line::{Level, quoted_end, unescape_once};
use super::phrases::triggers;

/// Members that hold commands, names, what is looked for and text for people, not messages.
const SILENT: &[&str] = &[
    "cmd",
    "command",
    "script",
    "run",
    "name",
    "kind",
    "args",
    "_raw_params",
    "key",
    "expr",
    "query",
    "regex",
    "pattern",
    "legendFormat",
    "title",
    "description",
];

/// One message out of a JSON text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    /// The value of the message.
    pub(super) text: String,
    /// The byte of the JSON text where the value begins.
    pub(super) at: usize,
    /// What the members beside it put before it: an error's code with a colon, or nothing.
    pub(super) before: String,
    /// What they put after it: that the error's detail is a repository, or nothing.
    pub(super) after: &'static str,
    /// The level by a member of its own.
    pub(super) level: Option<Level>,
    /// The image named by the last member `image` before it.
    pub(super) image: Option<String>,
}

/// The messages in a JSON text that may say something of interest; `code` is an error's code on a
/// line just before, and is left as the one on this line.
pub(super) fn said(text: &str, code: &mut Option<String>) -> Vec<Said> {
    let members = members(text);
    let level = members
        .iter()
        .find(|(name, ..)| matches!(name.as_str(), "level" | "severity" | "lvl"))
        .and_then(|(_, level, _)| Level::named(level));
    let after = if text.contains("\"repository\"") { " Type:repository" } else { "" };
    let mut said = Vec::new();
    // Where one image alone is named, it is the message's wherever it stands.
    let mut images = members.iter().filter(|(name, ..)| name == "image");
    let mut image =
        images.next().filter(|_| images.next().is_none()).map(|(_, image, _)| image.clone());
    for (name, value, at) in members {
        if name == "code"
            && !value.is_empty()
            && value.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
        {
            *code = Some(value);
        } else if name == "image" {
            image = Some(value);
        } else if !SILENT.contains(&name.as_str())
            && (triggers(value.as_bytes()) || (name == "message" && code.is_some()))
        {
            let before = code
                .take_if(|_| name == "message")
                .map(|code| format!("{code}: "))
                .unwrap_or_default();
            // A message to a chat may fence what was said.
            let text = value.trim_start_matches(['`', '\n', ' ']).to_owned();
            said.push(Said { text, at, before, after, level, image: image.clone() });
        }
    }
    said
}

/// Whether a peeled line is JSON, or a piece of a document spread over lines.
pub(super) fn is_json(text: &str) -> bool {
    let text = text.trim_start_matches([',', ']', '}', ' ']);
    let is_member = || {
        text.strip_prefix('"')
            .and_then(|rest| quoted_end(rest).and_then(|end| rest.get(end + 1..)))
            .is_some_and(|rest| rest.trim_start().starts_with(':'))
    };
    text.starts_with("{\"") || text.starts_with("[{\"") || text.starts_with("{ \"") || is_member()
}

/// Whether words stand behind a whole JSON value at the start.
pub(super) fn is_followed(text: &str) -> bool {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<serde::de::IgnoredAny>();
    let is_whole = text.starts_with(['{', '[']) && values.next().is_some_and(|value| value.is_ok());
    is_whole
        && text
            .get(values.byte_offset()..)
            .is_some_and(|rest| rest.trim_start().starts_with(char::is_alphabetic))
}

/// The `"name": "value"` members in order, values unescaped once, with the place of the value.
fn members(text: &str) -> Vec<(String, String, usize)> {
    let mut members = Vec::new();
    let mut name: Option<String> = None;
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('"') {
        let end = quoted_end(after).unwrap_or(after.len());
        let literal = after.get(..end).unwrap_or_default();
        rest = after.get(end + 1..).unwrap_or_default();
        if let Some(value) = rest.trim_start().strip_prefix(':') {
            name = value.trim_start().starts_with('"').then(|| literal.to_owned());
        } else if let Some(name) = name.take() {
            members.push((name, unescape_once(literal), text.len() - after.len()));
        }
    }
    members
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        members(text).into_iter().map(|(name, value, _)| (name, value)).collect()
    }

    #[test]
    fn members_are_found_at_any_depth_and_in_pieces() {
        let seen = pairs(
            r#"{"errors":[{"code":"DENIED","message":"a \"b\""}],"n":1,"list":["x"],"level":"error""#,
        );
        let expected = [("code", "DENIED"), ("message", "a \"b\""), ("level", "error")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(seen, expected);
        assert_eq!(
            pairs(r#"      "message": "Failed","#),
            [("message".to_owned(), "Failed".to_owned())]
        );
        assert!(
            is_json(r#""message": "Failed","#)
                && is_json(r#",{"a":1}"#)
                && !is_json("\"PullImage failed\" err=\"x\"")
        );
    }

    proptest! {
        #[test]
        fn members_are_found_in_any_text_without_a_panic(text in any::<String>(), quotes in "[\"\\\\: a{}]{0,40}") {
            let _ = members(&text);
            let _ = (is_json(&quotes), members(&quotes));
        }
    }
}
