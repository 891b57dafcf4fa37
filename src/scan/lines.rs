//! What a template or a broken file still says: lines with a key that names an image, read one by one.
//! What a template's expression is in has no value.

use std::ops::Range;
use std::sync::Arc;

use super::input::Input;
use super::kinds::dockerfile::templated;
use super::sink::{Found, Sink};
use super::text::Text;
use super::tree::Node;
use super::value::Purpose;
use super::vars::{Dialect, Expanded, Scope, expand};
use super::yaml;
use crate::image::Reference;

/// Whether a text is a template: expressions of Go, Jinja or ERB that YAML does not know.
pub(super) fn is_template(text: &str) -> bool {
    text.contains("{{") || text.contains("{%") || text.contains("<%")
}

/// Whether a template's expressions stand where YAML has its own: as lines, keys or values without quotes.
pub(super) fn is_woven(text: &str) -> bool {
    if !is_template(text) {
        return false;
    }
    let opens =
        |part: &str| ["{{", "{%", "<%"].iter().any(|open| part.trim_start().starts_with(open));
    let mut block = None;
    text.lines().any(|line| {
        let indent = line.len() - line.trim_start().len();
        // Within a block scalar everything is text.
        if let Some(outer) = block {
            if indent > outer || line.trim().is_empty() {
                return false;
            }
            block = None;
        }
        let bare = line.trim_start_matches([' ', '\t', '-']);
        let value = bare.split_once(": ").map_or("", |(_, value)| value);
        let end = line.trim_end();
        let is_block = [": |", ": >", "- |", "- >"].iter().any(|open| {
            end.rsplit_once(open).is_some_and(|(_, mark)| mark.len() < 4 && !mark.contains(' '))
        });
        if is_block {
            block = Some(indent);
        }
        !bare.starts_with('#') && (opens(bare) || opens(value))
    })
}

/// The documents of a YAML file. Where it is none, its lines are read, with a warning, and what could be
/// parsed before is still given.
pub(super) fn documents(
    input: &Input<'_>,
    keys: &[&str],
    scope: &Scope,
    purpose: Purpose,
    sink: &mut Sink<'_>,
) -> Vec<Arc<Node>> {
    let documents = yaml::parse(input.text);
    if let Some((error, _)) = documents.error {
        let what = if is_template(input.text) { "it is a template" } else { "it is no YAML" };
        sink.warn(format!("{what}, so it is read line by line: {error}"));
        read(&Text::at(input.text, 0), keys, scope, purpose, sink);
    }
    documents.roots
}

/// Reads the lines that name an image by one of these keys.
pub(super) fn read(
    text: &Text<'_>,
    keys: &[&str],
    scope: &Scope,
    purpose: Purpose,
    sink: &mut Sink<'_>,
) {
    let whole = text.as_str();
    let mut start = 0;
    let mut comment = false;
    for line in whole.split_inclusive('\n') {
        let range = start..start + line.trim_end_matches(['\n', '\r']).len();
        start += line.len();
        // A comment that never ends is none.
        let rest = whole.get(range.start..).unwrap_or_default();
        if opens_comment(line) && (rest.contains("*/") || rest.contains("#}")) {
            comment = true;
        }
        if !comment && !line.trim_start().starts_with('#') {
            for value in values(whole, range, keys) {
                take(text, value, scope, purpose, sink);
            }
        }
        if line.contains("*/") || line.contains("#}") {
            comment = false;
        }
    }
}

fn opens_comment(line: &str) -> bool {
    ["{{/*", "{{- /*", "{{-/*", "{{ /*", "{#"].iter().any(|open| line.contains(open))
}

fn take(
    text: &Text<'_>,
    value: Range<usize>,
    scope: &Scope,
    purpose: Purpose,
    sink: &mut Sink<'_>,
) {
    let piece = text.part(value);
    for expanded in expand(piece.as_str(), Dialect::Compose, scope) {
        let expanded = templated(expanded);
        if expanded.is_whole() && expanded.text.parse::<Reference>().is_err() {
            continue;
        }
        sink.add(Found::expanded(&piece, expanded, purpose));
    }
}

/// What one of the keys is given in a line, block or flow style.
pub(super) fn values(whole: &str, line: Range<usize>, keys: &[&str]) -> Vec<Range<usize>> {
    let text = whole.get(line.clone()).unwrap_or_default();
    let mut found = Vec::new();
    for key in keys {
        for (at, _) in text.match_indices(key) {
            let before = text.get(..at).unwrap_or_default();
            let bare = before.trim_end_matches(['"', '\'']);
            let flow = bare.trim_end().ends_with(['{', ',']) && !bare.trim_end().ends_with("{{");
            let opens = bare.trim_start_matches([' ', '\t', '-']).is_empty() || flow;
            let after = text.get(at + key.len()..).unwrap_or_default();
            let rest = after.trim_start_matches(['"', '\'']).trim_start();
            let Some(value) = rest.strip_prefix(':').filter(|_| opens) else { continue };
            let trimmed = value.trim_start();
            if value.len() == trimmed.len() && !flow {
                continue;
            }
            let start = text.len() - trimmed.len();
            let end = start + end_of(trimmed, flow);
            let value = unquoted(text, start..end);
            let shown = text.get(value.clone()).unwrap_or_default();
            let is_value = !shown.is_empty()
                && !shown.starts_with(['|', '>', '[', '&', '*', '!'])
                && (!shown.starts_with('{') || shown.starts_with("{{"));
            let is_word = !shown.contains(char::is_whitespace) || shown.contains(['{', '<', '$']);
            if is_value && is_word {
                found.push(line.start + value.start..line.start + value.end);
            }
        }
    }
    found
}

/// Where a value ends: its quote, a comment, in flow style a comma or brace, expressions passed over.
fn end_of(text: &str, flow: bool) -> usize {
    let mut depth = 0_usize;
    let mut quote = None;
    let bytes = text.as_bytes();
    for (at, c) in text.char_indices() {
        let next = bytes.get(at + 1);
        match c {
            '{' | '<' if matches!((c, next), ('{', Some(b'{' | b'%')) | ('<', Some(b'%'))) => {
                depth += 1;
            }
            '}' if depth > 0
                && (next == Some(&b'}')
                    || text.get(..at).is_some_and(|left| left.ends_with('%'))) =>
            {
                depth -= 1;
            }
            '>' if depth > 0 && text.get(..at).is_some_and(|left| left.ends_with('%')) => {
                depth -= 1;
            }
            _ if depth > 0 => {}
            '"' | '\'' if at == 0 => quote = Some(c),
            _ if quote == Some(c) => return at + 1,
            _ if quote.is_some() => {}
            '#' if text.get(..at).is_some_and(|left| left.ends_with([' ', '\t'])) => {
                return text.get(..at).map_or(at, |left| left.trim_end().len());
            }
            ',' | '}' if flow => {
                let doubled = c == '}'
                    && text
                        .get(..at)
                        .is_some_and(|left| left.ends_with('}') && left.contains("{{"));
                if !doubled {
                    return at;
                }
            }
            _ => {}
        }
    }
    text.trim_end().len()
}

fn unquoted(text: &str, range: Range<usize>) -> Range<usize> {
    let value = text.get(range.clone()).unwrap_or_default();
    let quoted =
        |quote: char| value.len() > 1 && value.starts_with(quote) && value.ends_with(quote);
    if quoted('"') || quoted('\'') { range.start + 1..range.end - 1 } else { range }
}

/// A text in which templates' expressions have no value.
pub(super) fn literal(text: &str) -> Expanded {
    templated(Expanded::literal(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("image: a:1", "a:1")]
    #[case("  - image: 'a:1' # x", "a:1")]
    #[case("- {name: x, image: \"a:1\"}", "a:1")]
    #[case("- {image: a:1, name: x}", "a:1")]
    #[case(
        "image: \"{{ .Values.a | default \"x\" }}:{{ b }}\"",
        "{{ .Values.a | default \"x\" }}:{{ b }}"
    )]
    #[case("image: a:{{ b }} # c", "a:{{ b }}")]
    #[case("image: <%= x %>/y", "<%= x %>/y")]
    #[case("\"image\" : \"a\"", "a")]
    #[case("myimage: a", "")]
    #[case("image: the picture", "")]
    #[case("image: &x", "")]
    #[case("image:", "")]
    #[case("  text image: a", "")]
    fn a_line_names_what_its_key_says(#[case] line: &str, #[case] value: &str) {
        let found = values(line, 0..line.len(), &["image"]);
        let shown: Vec<&str> = found.into_iter().map(|range| &line[range]).collect();
        assert_eq!(shown.join(" "), value, "{line}");
    }
}
