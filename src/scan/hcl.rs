//! HCL, the language of Terraform, Packer, Nomad and docker-bake: what an expression comes to and where its text
//! stands. Variables and locals have the values that the files of the folder give them; what comes from
//! a resource or a function that is not known has none.

use std::ops::Range;

use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, FuncCall, ObjectKey};
use hcl_edit::structure::{Attribute, Block, Body};
use hcl_edit::template::{Element, Template};

use super::input::Input;
use super::sink::{Found, Sink};
use super::text::Text;
use super::value::Purpose;
use super::vars::{Expanded, Scope, product};

/// Parses a file.
pub(super) fn parse(text: &str) -> Result<Body, String> {
    // The parser takes no byte order mark; a blank of the same length keeps all places.
    let blank;
    let text = match text.strip_prefix('\u{feff}') {
        Some(rest) => {
            blank = format!("   {rest}");
            blank.as_str()
        }
        None => text,
    };
    hcl_edit::parser::parse_body(text).map_err(|error| {
        error
            .to_string()
            .lines()
            .filter(|line| !line.trim().is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    })
}

/// A file of which every block is parsed on its own, where it cannot be parsed as a whole.
pub(super) struct Blocks {
    /// The blocks that could be parsed.
    pub body: Body,
    /// What is wrong with the others.
    pub error: Option<String>,
    /// Where those stand.
    pub failed: Vec<Range<usize>>,
}

/// The most blocks of a file that are tried one by one.
const MOST_BLOCKS: usize = 500;

/// Parses what can be parsed of a file.
pub(super) fn parse_blocks(text: &str) -> Blocks {
    let error = match parse(text) {
        Ok(body) => return Blocks { body, error: None, failed: Vec::new() },
        Err(error) => Some(error),
    };
    let (mut kept, mut failed) = (text.to_owned(), Vec::new());
    for block in blocks(text).into_iter().take(MOST_BLOCKS) {
        let source = text.get(block.clone()).unwrap_or_default();
        if parse(source).is_err() {
            let blank: String =
                source.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect();
            kept.replace_range(block.clone(), &blank);
            failed.push(block);
        }
    }
    match parse(&kept) {
        Ok(body) => Blocks { body, error, failed },
        Err(_) => {
            Blocks { body: Body::new(), error, failed: std::iter::once(0..text.len()).collect() }
        }
    }
}

/// The blocks at the top of a file, whole lines: strings, here-documents and comments are passed over.
fn blocks(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let (mut start, mut at, mut depth) = (0, 0, 0_usize);
    let mut heredoc: Option<String> = None;
    let mut comment = false;
    for line in text.split_inclusive('\n') {
        at += line.len();
        if let Some(end) = &heredoc {
            if line.trim() == end {
                heredoc = None;
            }
            continue;
        }
        let (opened, closed, opens) = braces(line, &mut comment);
        heredoc = opens;
        depth = (depth + opened).saturating_sub(closed);
        if depth == 0 && heredoc.is_none() {
            found.push(start..at);
            start = at;
        }
    }
    if start < text.len() {
        found.push(start..text.len());
    }
    found
}

/// How many brackets a line opens and closes, and the here-document that begins on it.
fn braces(line: &str, comment: &mut bool) -> (usize, usize, Option<String>) {
    let (mut opened, mut closed, mut quoted) = (0, 0, false);
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let mut skip = c.len_utf8();
        if *comment {
            *comment = !rest.starts_with("*/");
        } else if quoted {
            quoted = c != '"';
            skip += usize::from(c == '\\' && rest.len() > 1);
        } else if rest.starts_with("/*") {
            *comment = true;
        } else if c == '#' || rest.starts_with("//") {
            break;
        } else if let Some(here) = rest.strip_prefix("<<") {
            let name: String = here
                .trim_start_matches('-')
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            return (opened, closed, (!name.is_empty()).then_some(name));
        } else {
            quoted = c == '"';
            opened += usize::from(matches!(c, '{' | '[' | '('));
            closed += usize::from(matches!(c, '}' | ']' | ')'));
        }
        rest = rest.get(skip..).unwrap_or_default();
    }
    (opened, closed, None)
}

/// A file that is read: its text, its place and its variables.
pub(super) struct Reader<'r, 't, 's, 'i> {
    pub input: &'r Input<'i>,
    pub text: &'r Text<'t>,
    pub scope: &'r Scope,
    pub sink: &'r mut Sink<'s>,
}

impl Reader<'_, '_, '_, '_> {
    /// The bytes of an expression, without quotes.
    pub(super) fn range(&self, expr: &Expression) -> Option<Range<usize>> {
        let span = expr.span()?;
        let raw = self.text.as_str().get(span.clone())?;
        let quoted = raw.len() > 1 && raw.starts_with('"') && raw.ends_with('"');
        Some(if quoted { span.start + 1..span.end - 1 } else { span })
    }

    /// What an expression comes to.
    pub(super) fn values(&self, expr: &Expression) -> Vec<Expanded> {
        evaluate(expr, self.text.as_str(), self.scope)
    }

    /// An image that an expression names.
    pub(super) fn image(
        &mut self,
        expr: &Expression,
        purpose: Purpose,
        change: impl Fn(&mut Found),
    ) {
        let Some(range) = self.range(expr) else { return };
        let written = self.text.as_str().get(range.clone()).unwrap_or_default();
        // An image that another resource of the same files names is a row there.
        if ["docker_image.", "data.docker_", "docker_registry_image."]
            .iter()
            .any(|name| written.trim_start_matches("${").starts_with(name))
        {
            return;
        }
        let text = self.text.part(range);
        let values = self.values(expr).into_iter().filter(|value| !value.text.is_empty()).collect();
        self.sink.add_each(&text, values, purpose, change);
    }
}

/// The attribute of a body.
pub(super) fn attribute<'b>(body: &'b Body, key: &str) -> Option<&'b Expression> {
    body.get_attribute(key).map(|attribute: &Attribute| &attribute.value)
}

/// The label of a block.
pub(super) fn label(block: &Block, at: usize) -> &str {
    block.labels.get(at).map(hcl_edit::structure::BlockLabel::as_str).unwrap_or_default()
}

/// The entries of an object, by their keys.
pub(super) fn entries(expr: &Expression) -> Vec<(String, &Expression)> {
    let Expression::Object(object) = expr else { return Vec::new() };
    let key = |key: &ObjectKey| match key {
        ObjectKey::Ident(name) | ObjectKey::Expression(Expression::Variable(name)) => {
            name.as_str().to_owned()
        }
        ObjectKey::Expression(Expression::String(name)) => name.as_str().to_owned(),
        ObjectKey::Expression(_) => String::new(),
    };
    object.iter().map(|(name, value)| (key(name), value.expr())).collect()
}

/// What an expression comes to, given the source that it was parsed from.
pub(super) fn evaluate(expr: &Expression, source: &str, scope: &Scope) -> Vec<Expanded> {
    match expr {
        Expression::String(text) => vec![Expanded::literal(text.as_str())],
        Expression::Number(number) => vec![Expanded::literal(&number.to_string())],
        Expression::StringTemplate(template) => pieces(template.iter(), source, scope),
        Expression::HeredocTemplate(heredoc) => template(&heredoc.template, source, scope),
        Expression::Parenthesis(inner) => evaluate(inner.inner(), source, scope),
        Expression::Conditional(choice) => {
            let mut all = evaluate(&choice.true_expr, source, scope);
            all.extend(evaluate(&choice.false_expr, source, scope));
            let whole: Vec<Expanded> =
                all.iter().filter(|one| one.is_whole() && !one.text.is_empty()).cloned().collect();
            if whole.is_empty() { all } else { whole }
        }
        Expression::FuncCall(call) => function(call, expr, source, scope),
        _ => named(expr, source, scope),
    }
}

/// The value of what has a name.
fn named(expr: &Expression, source: &str, scope: &Scope) -> Vec<Expanded> {
    let written = expr.span().and_then(|span| source.get(span)).unwrap_or_default().trim();
    match scope.values(written) {
        [] => vec![Expanded::unknown(written, written)],
        values => values.to_vec(),
    }
}

fn template(template: &Template, source: &str, scope: &Scope) -> Vec<Expanded> {
    pieces(template.iter(), source, scope)
}

fn pieces<'e>(
    elements: impl Iterator<Item = &'e Element>,
    source: &str,
    scope: &Scope,
) -> Vec<Expanded> {
    let mut all = vec![Expanded::default()];
    for element in elements {
        let values = match element {
            Element::Literal(text) => vec![Expanded::literal(text.as_str())],
            Element::Interpolation(inner) => {
                let mut values = evaluate(&inner.expr, source, scope);
                for value in values
                    .iter_mut()
                    .filter(|value| !value.is_whole() && !value.text.starts_with("${"))
                {
                    value.text = format!("${{{}}}", value.text);
                }
                values
            }
            Element::Directive(_) => vec![Expanded::unknown("%{}", "%{}")],
        };
        all = product(all, &values);
    }
    all
}

/// What the functions that only choose or join come to.
fn function(call: &FuncCall, expr: &Expression, source: &str, scope: &Scope) -> Vec<Expanded> {
    let args: Vec<Vec<Expanded>> =
        call.args.iter().map(|arg| evaluate(arg, source, scope)).collect();
    let first = args.first().cloned().unwrap_or_default();
    match call.name.name.as_str() {
        "coalesce" | "try" => {
            let known = args.iter().flatten().find(|one| one.is_whole() && !one.text.is_empty());
            known.map_or(first, |one| vec![one.clone()])
        }
        "lower" | "trimspace" | "tostring" | "nonsensitive" | "sensitive" => first,
        "lookup" if args.len() == 3 => args.last().cloned().unwrap_or_default(),
        "format" => {
            let Some(form) = first.first().filter(|form| form.is_whole()) else { return first };
            let mut all = vec![Expanded::default()];
            let mut rest = args.iter().skip(1);
            for (at, piece) in form.text.split("%s").enumerate() {
                if at > 0 {
                    all = product(all, rest.next().map_or(&[][..], Vec::as_slice));
                }
                all = product(all, &[Expanded::literal(piece)]);
            }
            all
        }
        _ => named(expr, source, &Scope::default()),
    }
}

/// Gives variables and locals of a file their values: `variable` blocks their defaults, `locals` theirs.
pub(super) fn define(
    path: &str,
    text: &str,
    body: &Body,
    input: &Input<'_>,
    prefix: [&str; 2],
    scope: &mut Scope,
) {
    let file = Input::new(path, input.root, text, input.given);
    let at = |expr: &Expression| file.definition(expr.span().map_or(0, |span| span.start));
    for block in body.blocks() {
        match block.ident.as_str() {
            "variable" => {
                let name = label(block, 0);
                let full = format!("{}{name}", prefix[0]);
                if let Some(given) = input.arg(name) {
                    scope.set(&full, Expanded::literal(given));
                } else if let Some(default) = attribute(&block.body, "default")
                    && !scope.has(&full)
                {
                    set(&full, default, text, &at, scope);
                }
            }
            "locals" => {
                for local in block.body.attributes() {
                    set(
                        &format!("{}{}", prefix[1], local.key.as_str()),
                        &local.value,
                        text,
                        &at,
                        scope,
                    );
                }
            }
            _ => {}
        }
    }
}

fn set(
    name: &str,
    expr: &Expression,
    source: &str,
    at: &dyn Fn(&Expression) -> super::value::Definition,
    scope: &mut Scope,
) {
    for (key, value) in entries(expr) {
        set(&format!("{name}.{key}"), value, source, at, scope);
    }
    if matches!(
        expr,
        Expression::Object(_) | Expression::Array(_) | Expression::Null(_) | Expression::ForExpr(_)
    ) {
        return;
    }
    let mut values = evaluate(expr, source, scope);
    values.retain(|value| !value.text.is_empty());
    for value in &mut values {
        value.defined_at.insert(0, at(expr));
    }
    if !values.is_empty() {
        scope.set_each(name, values);
    }
}

/// What stands in the first expression of a template, the whole where there is none.
fn expression(text: &str) -> &str {
    for (open, close) in [("[[", "]]"), ("{{", "}}")] {
        if let Some((_, rest)) = text.split_once(open) {
            return rest.split(close).next().unwrap_or(rest).trim();
        }
    }
    text
}

/// Lines of a file that cannot be parsed: `image = "…"`.
pub(super) fn lines(text: &Text<'_>, keys: &[&str], purpose: Purpose, sink: &mut Sink<'_>) {
    let mut start = 0;
    for line in text.as_str().split_inclusive('\n') {
        let trimmed = line.trim_start();
        let from = start + line.len() - trimmed.len();
        start += line.len();
        for key in keys {
            let Some(rest) = trimmed.strip_prefix(key) else { continue };
            let Some(value) = rest.trim_start().strip_prefix('=').map(str::trim_start) else {
                continue;
            };
            let woven = ["[[", "{{"].iter().any(|open| value.contains(open));
            let inner = match value.strip_prefix('"') {
                // Between the brackets of a template's expression quotes are its own.
                Some(rest) if woven => rest.rsplit_once('"').map(|(inner, _)| inner),
                Some(rest) => rest.split('"').next(),
                None if woven => Some(value.trim_end()),
                None => None,
            };
            let Some(inner) = inner else { continue };
            let quote = usize::from(value.starts_with('"'));
            let at = from + trimmed.len() - value.len() + quote;
            let piece = text.part(at..at + inner.len());
            let mut expanded = Expanded::literal(inner);
            if woven || inner.contains("${") {
                expanded.unresolved.push(expression(inner).to_owned());
            }
            sink.add(Found::expanded(&piece, expanded, purpose));
        }
    }
}
