//! YAML by granit-parser's events, with byte positions: documents as trees of [`Node`]s, and the places of
//! a scalar's decoded bytes. What was read before an error is kept, and the error says where it is.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span, Tag};

use super::text::Text;
use super::tree::{Node, Style, Value};

/// The most nodes of a file.
const MOST_NODES: usize = 2_000_000;

/// Documents, and why there are no more of them.
pub(crate) struct Documents {
    /// The roots of the documents that could be read.
    pub roots: Vec<Arc<Node>>,
    /// What is wrong, and the byte where.
    pub error: Option<(String, usize)>,
}

/// Reads all documents of a text. Spans are in the text, not in the file it may be a part of.
pub(crate) fn parse(text: &str) -> Documents {
    let mut builder = Builder::default();
    let options = granit_parser::options! { emit_unresolved_aliases: true };
    let mut parser = Parser::new_from_str_with_options(text, options);
    let mut error = None;
    while let Some(next) = parser.next_event() {
        match next {
            Ok((event, span)) => builder.take(event, span),
            Err(wrong) => {
                error = Some(said(&wrong));
                break;
            }
        }
        if builder.count > MOST_NODES {
            error = Some((format!("it has more than {MOST_NODES} values"), 0));
            break;
        }
    }
    Documents { roots: builder.roots, error }
}

fn said(error: &ScanError) -> (String, usize) {
    let at = error.marker();
    (format!("line {}: {}", at.line(), error.info()), at.byte_offset().unwrap_or(0))
}

/// A collection whose end has not come yet.
struct Open {
    anchor: usize,
    tag: Option<String>,
    start: usize,
    mapping: bool,
    children: Vec<Arc<Node>>,
}

#[derive(Default)]
struct Builder {
    roots: Vec<Arc<Node>>,
    open: Vec<Open>,
    anchors: HashMap<usize, Arc<Node>>,
    count: usize,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, span: Span) {
        let span = span.byte_range().unwrap_or(0..0);
        match event {
            Event::Scalar(value, style, anchor, tag) => {
                let value = Value::Scalar(value.into_owned(), style_of(style));
                self.put(anchor, Node { span, tag: written(tag.as_deref()), value });
            }
            Event::SequenceStart(_, anchor, tag) => self.begin(anchor, tag.as_deref(), span, false),
            Event::MappingStart(_, anchor, tag) => self.begin(anchor, tag.as_deref(), span, true),
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(open) = self.open.pop() {
                    let value = if open.mapping {
                        Value::Mapping(pairs(open.children))
                    } else {
                        Value::Sequence(open.children)
                    };
                    let span = open.start..span.end.max(open.start);
                    self.put(open.anchor, Node { span, tag: open.tag, value });
                }
            }
            Event::Alias(anchor) => {
                let value = match self.anchors.get(&anchor) {
                    Some(target) => Value::Alias(Arc::clone(target)),
                    None => Value::Scalar(String::new(), Style::Plain),
                };
                self.put(0, Node { span, tag: None, value });
            }
            Event::UnresolvedAlias(_) => {
                let value = Value::Scalar(String::new(), Style::Plain);
                self.put(0, Node { span, tag: None, value });
            }
            Event::DocumentStart(..) => self.anchors.clear(),
            _ => {}
        }
    }

    fn begin(&mut self, anchor: usize, tag: Option<&Tag>, span: Range<usize>, mapping: bool) {
        let tag = written(tag);
        self.open.push(Open { anchor, tag, start: span.start, mapping, children: Vec::new() });
    }

    fn put(&mut self, anchor: usize, node: Node) {
        self.count += 1;
        let node = Arc::new(node);
        if anchor > 0 {
            self.anchors.insert(anchor, Arc::clone(&node));
        }
        match self.open.last_mut() {
            Some(open) => open.children.push(node),
            None => self.roots.push(node),
        }
    }
}

fn written(tag: Option<&Tag>) -> Option<String> {
    tag.map(Tag::original)
}

fn pairs(children: Vec<Arc<Node>>) -> Vec<(Arc<Node>, Arc<Node>)> {
    let mut pairs = Vec::with_capacity(children.len() / 2);
    let mut children = children.into_iter();
    while let (Some(key), Some(value)) = (children.next(), children.next()) {
        pairs.push((key, value));
    }
    pairs
}

fn style_of(style: ScalarStyle) -> Style {
    match style {
        ScalarStyle::SingleQuoted => Style::Single,
        ScalarStyle::DoubleQuoted => Style::Double,
        ScalarStyle::Literal => Style::Literal,
        ScalarStyle::Folded => Style::Folded,
        ScalarStyle::Plain => Style::Plain,
    }
}

/// A scalar's text with the place of each of its bytes; `span` is a range of `text`.
pub(crate) fn scalar<'a>(
    text: &Text<'a>,
    span: Range<usize>,
    value: &str,
    style: Style,
) -> Text<'a> {
    let raw = text.as_str().get(span.clone()).unwrap_or_default();
    let inner = match style {
        Style::Single | Style::Double if raw.len() > 1 => span.start + 1..span.end - 1,
        _ => span.clone(),
    };
    let local = match style {
        Style::Literal | Style::Folded => {
            let before = text.as_str().get(..span.start).unwrap_or_default();
            let column = before.len() - before.rfind('\n').map_or(0, |end| end + 1);
            let is_indent = before.ends_with(' ') && before.trim_end_matches(' ').ends_with('\n');
            let indent = (is_indent && !raw.starts_with(['\n', '\r', ' '])).then_some(column);
            block(raw, span.start, indent, style == Style::Folded)
        }
        _ if text.as_str().get(inner.clone()) == Some(value) => {
            Text::at(text.as_str().get(inner.clone()).unwrap_or_default(), inner.start)
        }
        Style::Double => double(text.as_str().get(inner.clone()).unwrap_or_default(), inner.start),
        Style::Single => single(text.as_str().get(inner.clone()).unwrap_or_default(), inner.start),
        Style::Plain => single(raw, span.start),
    };
    let local = if local.as_str() == value || matches!(style, Style::Literal | Style::Folded) {
        local
    } else {
        Text::made(value.to_owned(), inner)
    };
    placed(text, &local)
}

/// The text with places in a part of the file, given places in the file.
fn placed<'a>(outer: &Text<'_>, local: &Text<'_>) -> Text<'a> {
    let mut placed = Text::new();
    local.each_run(|piece, origin, same| {
        if same {
            let start = outer.origin(origin.start..origin.start).start;
            let end = outer.origin(origin.clone()).end;
            if end - start == piece.len() {
                placed.push(piece, start);
            } else {
                // Decoded twice over: a script in a string in a string.
                let mut at = origin.start;
                for c in piece.chars() {
                    let next = at + c.len_utf8();
                    placed.push_made(c.encode_utf8(&mut [0; 4]), outer.origin(at..next));
                    at = next;
                }
            }
        } else {
            placed.push_made(piece, outer.origin(origin));
        }
    });
    placed
}

/// The lines of a block scalar without their indentation, folded or not.
fn block(raw: &str, start: usize, indent: Option<usize>, folded: bool) -> Text<'static> {
    let mut text = Text::new();
    let mut at = start;
    let mut indent = indent;
    let mut blank = true;
    let lines: Vec<&str> = raw.split_inclusive('\n').collect();
    for (number, line) in lines.iter().enumerate() {
        let content = line.trim_end_matches(['\n', '\r']);
        let spaces = content.len() - content.trim_start_matches(' ').len();
        let is_blank = content.trim().is_empty();
        // The first line may begin after its indentation.
        if number > 0 && !is_blank && indent.is_none() {
            indent = Some(spaces);
        }
        let skip = match (number, indent) {
            (1.., Some(indent)) => spaces.min(indent),
            _ => spaces,
        };
        let last = number + 1 == lines.len();
        if last && is_blank {
            break;
        }
        if folded && !blank && !is_blank {
            text.push_made(" ", at..at);
        }
        text.push(content.get(skip..).unwrap_or_default(), at + skip);
        if !folded || is_blank {
            let end = at + content.len();
            text.push_made("\n", end..at + line.len());
        }
        blank = is_blank;
        at += line.len();
    }
    text
}

/// What is between double quotes, its escapes decoded and its lines folded.
fn double(raw: &str, start: usize) -> Text<'static> {
    let mut text = Text::new();
    let mut rest = raw;
    while let Some(found) = rest.find(['\\', '\n']) {
        let at = start + raw.len() - rest.len();
        let (before, special) = rest.split_at(found);
        if let Some(after) = special.strip_prefix('\n') {
            rest = fold(&mut text, before, after, at);
            continue;
        }
        text.push(before, at);
        let (decoded, length) = escape(special);
        let at = at + found;
        text.push_made(&decoded, at..at + length);
        rest = special.get(length..).unwrap_or_default();
    }
    let at = start + raw.len() - rest.len();
    text.push(rest, at);
    text
}

/// What is between single quotes or has none: doubled quotes and folded lines.
fn single(raw: &str, start: usize) -> Text<'static> {
    let mut text = Text::new();
    let mut rest = raw;
    loop {
        let at = start + raw.len() - rest.len();
        let quote = rest.find("''");
        match (quote, rest.find('\n')) {
            (Some(quote), line) if line.is_none_or(|line| quote < line) => {
                text.push(rest.get(..quote).unwrap_or_default(), at);
                text.push_made("'", at + quote..at + quote + 2);
                rest = rest.get(quote + 2..).unwrap_or_default();
            }
            (_, Some(line)) => {
                let (before, after) = rest.split_at(line);
                rest = fold(&mut text, before, after.get(1..).unwrap_or_default(), at);
            }
            _ => {
                text.push(rest, at);
                return text;
            }
        }
    }
}

/// Joins two lines of a scalar; gives back what is left after the second one's indentation.
fn fold<'r>(text: &mut Text<'_>, before: &str, after: &'r str, at: usize) -> &'r str {
    text.push(before.trim_end(), at);
    let end = at + before.len() + 1;
    let left = after.trim_start();
    let skipped = after.get(..after.len() - left.len()).unwrap_or_default();
    let breaks = skipped.matches('\n').count();
    let between = if breaks == 0 { " ".to_owned() } else { "\n".repeat(breaks) };
    text.push_made(&between, at + before.trim_end().len()..end + skipped.len());
    left
}

/// What an escape stands for, and how long it is.
fn escape(text: &str) -> (String, usize) {
    let mut chars = text.chars();
    chars.next();
    let Some(kind) = chars.next() else { return ("\\".to_owned(), 1) };
    let digits = match kind {
        'x' => 2,
        'u' => 4,
        'U' => 8,
        _ => 0,
    };
    if digits > 0 {
        let code = text.get(2..2 + digits).and_then(|code| u32::from_str_radix(code, 16).ok());
        if let Some(decoded) = code.and_then(char::from_u32) {
            return (decoded.to_string(), 2 + digits);
        }
    }
    if matches!(kind, '\n' | '\r') {
        let rest = text.get(1..).unwrap_or_default();
        let left =
            rest.trim_start_matches('\r').trim_start_matches('\n').trim_start_matches([' ', '\t']);
        return (String::new(), text.len() - left.len());
    }
    let decoded = match kind {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        '0' => '\0',
        'a' => '\u{7}',
        'b' => '\u{8}',
        'e' => '\u{1b}',
        'f' => '\u{c}',
        'v' => '\u{b}',
        '_' => '\u{a0}',
        'N' => '\u{85}',
        'L' => '\u{2028}',
        'P' => '\u{2029}',
        other => other,
    };
    (decoded.to_string(), 1 + kind.len_utf8())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value<'a>(file: &'a str, keys: &[&str]) -> Text<'a> {
        let documents = parse(file);
        assert_eq!(documents.error, None, "{file}");
        let root = documents.roots.first().expect("a document");
        let node = root.path(keys).expect("a value");
        node.text(&Text::at(file, 0)).expect("a scalar")
    }

    #[test]
    fn scalars_have_their_values_and_places_however_they_are_written() {
        for (file, text, first) in [
            ("a: b:1", "b:1", "b"),
            ("\u{feff}a: grün/x # c", "grün/x", "g"),
            ("a: 'it''s'", "it's", "i"),
            ("a: \"x\\x2fy\\u00e9\"", "x/yé", "x"),
            ("a:\n  b\n  c\nd: 1", "b c", "b"),
            ("a: |\n  x\n    y\n\n  z\nd: 1", "x\n  y\n\nz\n", "x"),
            ("a: |-\r\n  x\r\n  y\r\nd: 1", "x\ny\n", "x"),
            ("a: >-\n  x\n  y\nd: 1", "x y", "x"),
            ("a: \"x \\\n  y\"", "x y", "x"),
            ("a: &n b\nc: *n", "b", "b"),
            ("x: &m {a: b}\nc: {<<: *m}", "b", "b"),
            ("a: !!str b", "b", "b"),
        ] {
            let keys: &[&str] = if file.starts_with("x: &m") { &["c", "a"] } else { &["a"] };
            let found = value(file, keys);
            assert_eq!(found.as_str(), text, "{file}");
            assert!(file[found.origin(0..1).start..].starts_with(first), "{file}");
            let last = text.trim_end().len();
            assert!(file.get(found.origin(0..last)).is_some(), "{file}");
        }
    }

    #[test]
    fn block_lines_keep_their_places() {
        let file = "run: |\n  one\n  two é three\nx: 1\n";
        let text = value(file, &["run"]);
        let at = text.as_str().find("three").unwrap();
        assert_eq!(&file[text.origin(at..at + 5)], "three");
    }

    #[test]
    fn yaml_in_a_string_in_yaml_keeps_its_places() {
        let file = "a: \"x:\\n  image: \\x6eginx\"\n";
        let outer = value(file, &["a"]);
        let inner = parse(outer.as_str());
        let node = inner.roots[0].path(&["x", "image"]).unwrap();
        let text = node.text(&outer).unwrap();
        assert_eq!(text.as_str(), "nginx");
        assert_eq!(&file[text.origin(0..5)], "\\x6eginx");
    }

    #[test]
    fn what_was_read_before_an_error_is_kept() {
        let documents = parse("a: 1\n---\nb: 2\n---\nc: [\n");
        assert_eq!(documents.roots.len(), 2);
        assert!(documents.error.is_some());
        let alias = parse("a: *nowhere\nb: &x [*x]\n");
        assert_eq!(alias.error, None);
    }
}
