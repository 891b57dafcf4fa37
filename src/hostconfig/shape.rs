//! What a format may hold, as data: keys and the kind of each value. One walk tells values of a wrong
//! kind, for which tools refuse a file, from keys that nobody reads, which they pass over silently.
//! JSON, TOML and YAML all come here as one kind of value.

use serde_json::Value;

use crate::credentials::shown_key;

/// What may stand somewhere.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    /// Anything.
    Any,
    /// `true` or `false`.
    Switch,
    /// A number.
    Number,
    /// A string.
    Text,
    /// A list of strings.
    Texts,
    /// These keys.
    Keys(&'static [(&'static str, Shape)]),
    /// Any keys, each with this.
    Each(&'static Shape),
    /// A list of these.
    List(&'static Shape),
}

/// A key that the format does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unknown {
    /// The key with those it lies below, fit to show.
    pub path: String,
    /// The key itself.
    pub key: String,
    /// The key that was probably meant.
    pub meant: Option<&'static str>,
}

/// What does not fit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Flaws {
    /// The first value of a wrong kind: its path, and what is wanted there.
    pub mistyped: Option<(String, &'static str)>,
    /// Keys that the format does not know.
    pub unknown: Vec<Unknown>,
}

impl Shape {
    const fn wanted(self) -> &'static str {
        match self {
            Self::Any => "anything",
            Self::Switch => "true or false",
            Self::Number => "a number",
            Self::Text => "a string",
            Self::Texts => "a list of strings",
            Self::Keys(_) | Self::Each(_) => "a table of keys",
            Self::List(_) => "a list of tables",
        }
    }

    /// What of a document does not fit.
    pub(super) fn flaws(self, document: &Value) -> Flaws {
        let mut flaws = Flaws::default();
        self.walk(document, "", &mut flaws);
        flaws
    }

    fn walk(self, value: &Value, path: &str, flaws: &mut Flaws) {
        match (self, value) {
            (_, Value::Null)
            | (Self::Any, _)
            | (Self::Switch, Value::Bool(_))
            | (Self::Number, Value::Number(_))
            | (Self::Text, Value::String(_)) => {}
            (Self::Texts, Value::Array(list)) if list.iter().all(Value::is_string) => {}
            (Self::Keys(keys), Value::Object(map)) => {
                for (key, value) in map {
                    let below = below(path, key);
                    match keys.iter().find(|(known, _)| known == key) {
                        Some((_, shape)) => shape.walk(value, &below, flaws),
                        None => flaws.unknown.push(Unknown {
                            path: below,
                            key: key.clone(),
                            meant: nearest(key, keys.iter().map(|(known, _)| *known)),
                        }),
                    }
                }
            }
            (Self::Each(shape), Value::Object(map)) => {
                for (key, value) in map {
                    shape.walk(value, &below(path, key), flaws);
                }
            }
            (Self::List(shape), Value::Array(list)) => {
                for value in list {
                    shape.walk(value, path, flaws);
                }
            }
            _ => {
                flaws.mistyped.get_or_insert_with(|| (path.to_owned(), self.wanted()));
            }
        }
    }
}

fn below(path: &str, key: &str) -> String {
    let key = shown_key(key);
    let key = if key.contains('.') { format!("{key:?}") } else { key };
    if path.is_empty() { key } else { format!("{path}.{key}") }
}

/// The known key that a word was probably meant to be: the same but for case, `-`, `_`, a
/// plural and a letter or two.
pub(super) fn nearest(
    word: &str,
    known: impl Iterator<Item = &'static str>,
) -> Option<&'static str> {
    let plain = |text: &str| {
        let letters: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
        let word = letters.to_ascii_lowercase();
        match word.strip_suffix("ies") {
            Some(stem) => format!("{stem}y"),
            None => word.trim_end_matches('s').to_owned(),
        }
    };
    let word = plain(word);
    let most = if word.len() < 5 { 1 } else { 2 };
    known
        .map(|known| (strsim::damerau_levenshtein(&word, &plain(known)), known))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const SHAPE: Shape = Shape::Keys(&[
        ("mirrors", Shape::Each(&Shape::Keys(&[("endpoint", Shape::Texts)]))),
        ("on", Shape::Switch),
    ]);

    #[test]
    fn wrong_kinds_and_unknown_keys_are_told_apart() {
        let rows = [
            (json!({"mirrors": {"docker.io": {"endpoint": ["x"]}}, "on": null}), "", ""),
            (
                json!({"mirrors": {"docker.io": {"endpoint": "x"}}}),
                "mirrors.\"docker.io\".endpoint",
                "",
            ),
            (json!({"mirror": {}}), "", "mirror mirrors"),
            (
                json!({"mirrors": {"docker.io": {"end_points": ["x"]}}}),
                "",
                "mirrors.\"docker.io\".end_points endpoint",
            ),
            (json!({"server": 1}), "", "server -"),
            (json!([]), "the whole", ""),
        ];
        for (document, mistyped, unknown) in rows {
            let flaws = SHAPE.flaws(&document);
            let path = flaws.mistyped.map(|(path, _)| path);
            let path = path.map(|path| if path.is_empty() { "the whole".into() } else { path });
            assert_eq!(path.unwrap_or_default(), mistyped, "{document}");
            let told = flaws
                .unknown
                .iter()
                .map(|one| format!("{} {}", one.path, one.meant.unwrap_or("-")));
            assert_eq!(told.collect::<Vec<_>>().join(" "), unknown, "{document}");
        }
    }

    proptest! {
        #[test]
        fn no_secret_of_a_key_is_told(user in "[a-z]{1,8}") {
            let flaws = SHAPE.flaws(&json!({ format!("https://{user}:S3cr3tPlanted@host"): 1 }));
            let told: Vec<&String> = flaws.unknown.iter().map(|one| &one.path).collect();
            let is_told = told.iter().any(|path| path.contains("S3cr3t"));
            prop_assert!(!is_told && told.len() == 1);
        }
    }
}
