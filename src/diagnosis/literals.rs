//! The string members of JSON, without a JSON parser: documents may be cut in pieces, wrapped in
//! other text or spread over lines, and a log is read even where it is broken.

use super::line::{quoted_end, unescape_once};

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

/// The `"name": "value"` members in order, values unescaped once.
pub(super) fn members(text: &str) -> Vec<(String, String)> {
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
            members.push((name, unescape_once(literal)));
        }
    }
    members
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        members(text)
    }

    #[test]
    fn members_are_found_at_any_depth_and_in_pieces() {
        let seen = pairs(r#"{"errors":[{"code":"DENIED","message":"a \"b\""}],"n":1,"list":["x"],"level":"error""#);
        let expected =
            [("code", "DENIED"), ("message", "a \"b\""), ("level", "error")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(seen, expected);
        assert_eq!(pairs(r#"      "message": "Failed","#), [("message".to_owned(), "Failed".to_owned())]);
        assert!(is_json(r#""message": "Failed","#) && is_json(r#",{"a":1}"#) && !is_json("\"PullImage failed\" err=\"x\""));
    }

    proptest! {
        #[test]
        fn members_are_found_in_any_text_without_a_panic(text in any::<String>(), quotes in "[\"\\\\: a{}]{0,40}") {
            let _ = members(&text);
            let _ = (is_json(&quotes), members(&quotes));
        }
    }
}
