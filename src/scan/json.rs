//! JSON with comments and trailing commas as the same tree as YAML, with byte positions.

use std::sync::Arc;

use jsonc_parser::common::Ranged;
use jsonc_parser::{ParseOptions, ast, parse_to_ast};

use super::tree::{Node, Style, Value};

/// The root of a JSON text, or what is wrong with it.
pub(super) fn parse(text: &str) -> Result<Arc<Node>, String> {
    let body = text.trim_start_matches('\u{feff}');
    let shift = text.len() - body.len();
    let parsed =
        parse_to_ast(body, &jsonc_parser::CollectOptions::default(), &ParseOptions::default());
    let parsed = parsed.map_err(|error| error.to_string())?;
    parsed.value.map(|value| node(&value, shift)).ok_or_else(|| "it is empty".to_owned())
}

fn node(value: &ast::Value<'_>, shift: usize) -> Arc<Node> {
    let range = value.range();
    let span = range.start + shift..range.end + shift;
    let plain = |text: &str| Value::Scalar(text.to_owned(), Style::Plain);
    let value = match value {
        ast::Value::StringLit(text) => Value::Scalar(text.value.to_string(), Style::Double),
        ast::Value::NumberLit(number) => plain(number.value),
        ast::Value::BooleanLit(literal) => plain(if literal.value { "true" } else { "false" }),
        ast::Value::NullKeyword(_) => plain("null"),
        ast::Value::Array(array) => {
            Value::Sequence(array.elements.iter().map(|value| node(value, shift)).collect())
        }
        ast::Value::Object(object) => {
            let pair = |property: &ast::ObjectProp<'_>| {
                let range = property.name.range();
                let span = range.start + shift..range.end + shift;
                let value = Value::Scalar(property.name.as_str().to_owned(), Style::Double);
                (Arc::new(Node { span, tag: None, value }), node(&property.value, shift))
            };
            Value::Mapping(object.properties.iter().map(pair).collect())
        }
    };
    Arc::new(Node { span, tag: None, value })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::text::Text;

    #[test]
    fn values_have_places_with_comments_and_commas_around_them() {
        let file = "\u{feff}// é\n{ \"a\": [1, {\"b\": \"x\\u002fy\",},], /* c */ }";
        let root = parse(file).expect("JSON");
        let node = root
            .path(&["a"])
            .and_then(|a| a.items().get(1))
            .and_then(|one| one.get("b"))
            .expect("b");
        let text = node.text(&Text::at(file, 0)).expect("a text");
        assert_eq!(text.as_str(), "x/y");
        assert_eq!(&file[text.origin(0..3)], "x\\u002fy");
        assert!(parse("{").is_err());
        assert!(parse("").is_err());
    }
}
