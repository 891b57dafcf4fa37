//! `--format '{remaining}/{limit}'`: text with placeholders that are the keys of the JSON output,
//! nested ones by dots. `{{` and `}}` are braces. Apart because every command with a JSON output
//! takes it.

use serde_json::Value;

use crate::text;

/// The most characters of one value.
const MOST_VALUE: usize = 10_000;
/// Objects whose keys are the registry's, not ours: what is missing there is merely absent.
const OPEN: &str = "headers";

/// A parsed format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Path(String),
}

/// Why a format cannot be used. All of them are usage errors.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A brace without its partner.
    #[error("the format has a {0} without its partner; write {0}{0} for the character itself")]
    Brace(char),
    /// `{}`.
    #[error(
        "the format has an empty placeholder; write a key of the JSON output between the braces"
    )]
    Empty,
    /// No such key.
    #[error("the format names {key:?}, which is no key there; keys are: {}", known.join(", "))]
    Key {
        /// The key, with its path.
        key: String,
        /// The keys there are at that place.
        known: Vec<String>,
    },
}

impl std::str::FromStr for Template {
    type Err = TemplateError;

    fn from_str(format: &str) -> Result<Self, TemplateError> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = format;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, after) = rest.split_at(at);
            plain.push_str(before);
            let doubled = ["{{", "}}"].into_iter().find_map(|pair| after.strip_prefix(pair));
            if let Some(after) = doubled {
                plain.extend(rest.get(at..=at));
                rest = after;
                continue;
            }
            let inside = after.strip_prefix('{').ok_or(TemplateError::Brace('}'))?;
            let (path, after) = inside.split_once('}').ok_or(TemplateError::Brace('{'))?;
            let path = path.trim();
            match path {
                "" => return Err(TemplateError::Empty),
                _ if path.contains('{') => return Err(TemplateError::Brace('{')),
                _ => {}
            }
            pieces.push(Piece::Text(std::mem::take(&mut plain)));
            pieces.push(Piece::Path(path.to_owned()));
            rest = after;
        }
        plain.push_str(rest);
        pieces.push(Piece::Text(plain));
        pieces.retain(|piece| *piece != Piece::Text(String::new()));
        Ok(Self(pieces))
    }
}

impl Template {
    /// The format filled in from one JSON object, without a line end. `null` is `-`; what is missing
    /// below a `null` is, too. Lists and objects are shown as JSON.
    ///
    /// ```
    /// use dhlimit::render::template::Template;
    /// let template: Template = "{remaining}/{limit} {identity.user}".parse().unwrap();
    /// let reading = serde_json::json!({"remaining": 76, "limit": 100, "identity": {"user": null}});
    /// assert_eq!(template.render(&reading).unwrap(), "76/100 -");
    /// ```
    pub fn render(&self, value: &Value) -> Result<String, TemplateError> {
        let mut shown = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => shown.push_str(text),
                Piece::Path(path) => shown.push_str(&display(find(value, path)?)),
            }
        }
        Ok(shown)
    }
}

fn find<'a>(value: &'a Value, path: &str) -> Result<&'a Value, TemplateError> {
    let mut at = value;
    let mut open = false;
    for key in path.split('.') {
        let next = match at {
            Value::Null => return Ok(&Value::Null),
            Value::Object(fields) => fields.get(key),
            Value::Array(items) => match key.parse::<usize>() {
                // A list is as long as it happens to be.
                Ok(place) => items.get(place).or(Some(&Value::Null)),
                Err(_) => None,
            },
            _ => None,
        };
        at = match next {
            Some(next) => next,
            None if open => &Value::Null,
            None => return Err(TemplateError::Key { key: path.to_owned(), known: known(at) }),
        };
        open = key == OPEN;
    }
    Ok(at)
}

fn known(value: &Value) -> Vec<String> {
    match value {
        Value::Object(fields) => fields.keys().cloned().collect(),
        Value::Array(_) => vec!["0, 1, …".to_owned()],
        _ => vec!["none".to_owned()],
    }
}

fn display(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text::one_line(text, MOST_VALUE),
        other => text::one_line(&other.to_string(), MOST_VALUE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn reading() -> Value {
        json!({
            "limit": 100, "remaining": 0, "effective": true, "source": "a\u{1b}[31mb",
            "identity": {"kind": "account", "user": null}, "error": null,
            "headers": {"ratelimit-limit": "100;w=3600"}, "warnings": ["one", "two"],
        })
    }

    #[test]
    fn placeholders_are_json_keys() {
        let rows = [
            ("{remaining}/{limit}", "0/100"),
            ("{ remaining } of {limit}", "0 of 100"),
            ("plain", "plain"),
            ("", ""),
            ("{{{limit}}}", "{100}"),
            ("{{limit}}", "{limit}"),
            ("{effective} {identity.kind} {identity.user}", "true account -"),
            ("{error.kind}", "-"),
            ("{headers.ratelimit-limit} {headers.docker-ratelimit-source}", "100;w=3600 -"),
            ("{warnings.0} {warnings.7} {warnings}", r#"one - ["one","two"]"#),
            ("{source}", "a [31mb"),
            ("{identity}", r#"{"kind":"account","user":null}"#),
            ("é{limit}é", "é100é"),
        ];
        for (format, wanted) in rows {
            let template: Template = format.parse().unwrap();
            assert_eq!(template.render(&reading()).unwrap(), wanted, "{format}");
        }
    }

    #[test]
    fn a_wrong_format_says_what_would_be_right() {
        let rows = [
            ("{", "without its partner"),
            ("a}", "without its partner"),
            ("{a{b}", "without its partner"),
            ("{}", "empty placeholder"),
            ("{ }", "empty placeholder"),
            (
                "{limits}",
                "keys are: effective, error, headers, identity, limit, remaining, source, warnings",
            ),
            ("{identity.name}", "keys are: kind, user"),
            ("{limit.x}", "keys are: none"),
            ("{warnings.first}", "keys are: 0, 1"),
        ];
        for (format, wanted) in rows {
            let error = format
                .parse::<Template>()
                .and_then(|template| template.render(&reading()))
                .unwrap_err();
            assert!(error.to_string().contains(wanted), "{format}: {error}");
        }
    }

    proptest! {
        #[test]
        fn no_format_makes_it_panic(format in "[{}a-c. é]{0,20}") {
            if let Ok(template) = format.parse::<Template>() {
                let _ = template.render(&reading());
            }
        }

        #[test]
        fn doubled_braces_give_any_text_back(plain in any::<String>()) {
            let template: Template = plain.replace('{', "{{").replace('}', "}}").parse().unwrap();
            prop_assert_eq!(template.render(&Value::Null).unwrap(), plain);
        }
    }
}
