//! Jenkinsfiles: agents, `docker.image(…)`, pod templates in strings, and the commands of `sh` steps. The
//! file is read string by string, each with the word before it; Groovy's comments are passed over, and
//! variables have the values that strings of the file give them.

use std::ops::Range;

use crate::scan::input::Input;
use crate::scan::kind::{Candidate, FileKind, Kind};
use crate::scan::lines;
use crate::scan::shell::Shell;
use crate::scan::sink::Sink;
use crate::scan::text::Text;
use crate::scan::value::Purpose;
use crate::scan::vars::{Dialect, Expanded, Scope, expand};

/// Jenkinsfiles.
pub(in crate::scan) const KIND: Kind = Kind { name: FileKind::Jenkins, recognise, read };

fn recognise(file: &Candidate<'_>) -> bool {
    let name = file.name.to_ascii_lowercase();
    let is_other = matches!(
        file.extension().as_str(),
        "md" | "txt" | "yml" | "yaml" | "json" | "py" | "go" | "xml"
    );
    if (name.starts_with("jenkinsfile") || name.ends_with("jenkinsfile")) && !is_other {
        return true;
    }
    let words = ["pipeline {", "node(", "node {", "docker.image(", "podTemplate(", "docker.inside"];
    file.extension() == "groovy" && words.iter().any(|word| file.head.contains(word))
}

/// A string of the file.
struct Literal {
    /// Its bytes without quotes.
    range: Range<usize>,
    /// Whether `$` is replaced in it.
    expands: bool,
    /// The word before it, with `:` or `=` where that stands between.
    word: String,
    /// The code before it on its line, or after the last string.
    before: String,
    /// Where it ends, quotes included.
    end: usize,
}

fn read(input: &Input<'_>, sink: &mut Sink<'_>) {
    let file = Text::at(input.text, 0);
    let mut scope = Scope::default();
    let mut named = String::new();
    for one in literals(input.text) {
        let text = decoded(&file, &one);
        let values = values(&text, one.expands, &scope);
        match one.word.as_str() {
            "docker" | "image" | "image:" | "withDockerContainer" | "dockerImage" => {
                if is_image(&one, input.text) {
                    let values =
                        values.into_iter().filter(|value| !value.text.is_empty()).collect();
                    sink.add_each(&text, values, Purpose::Job, |_| {});
                }
            }
            "sh" | "bat" | "script:" | "pwsh" | "powershell" => {
                Shell::new(scope.clone()).read(input, &text, sink);
            }
            "yaml" | "yaml:" => lines::read(&text, &["image"], &scope, Purpose::Job, sink),
            "name:" => text.as_str().clone_into(&mut named),
            "defaultValue:" if !named.is_empty() => define(&named, values, &one, input, &mut scope),
            word => {
                if let Some(name) = word.strip_suffix('=') {
                    if name.to_ascii_lowercase().contains("yaml")
                        || text.as_str().contains("\nkind: Pod")
                    {
                        lines::read(&text, &["image"], &scope, Purpose::Job, sink);
                    }
                    define(name, values, &one, input, &mut scope);
                }
            }
        }
    }
}

fn define(
    name: &str,
    mut values: Vec<Expanded>,
    one: &Literal,
    input: &Input<'_>,
    scope: &mut Scope,
) {
    for value in &mut values {
        value.defined_at.insert(0, input.definition(one.range.start));
    }
    scope.set_each(name, values);
}

fn values(text: &Text<'_>, expands: bool, scope: &Scope) -> Vec<Expanded> {
    if !expands {
        return vec![Expanded::literal(text.as_str())];
    }
    // `env.NAME` and `params.NAME` are the variables of that name, where the file gives them a value.
    let mut source = text.as_str().to_owned();
    for prefix in ["env.", "params."] {
        let mut at = 0;
        while let Some(found) = source.get(at..).and_then(|rest| rest.find(prefix)) {
            let start = at + found;
            let name =
                crate::scan::vars::name_of(source.get(start + prefix.len()..).unwrap_or_default())
                    .to_owned();
            if scope.has(&name) {
                source.replace_range(start..start + prefix.len(), "");
            }
            at = start + 1;
        }
    }
    expand(&source, Dialect::Compose, scope)
}

/// Whether a string in an image's place is one that is pulled.
fn is_image(one: &Literal, source: &str) -> bool {
    let before = one.before.trim_end();
    let after = source.get(one.end..).unwrap_or_default();
    let called = before.ends_with("docker.image(") || before.ends_with(".image(");
    if called {
        let rest = after.trim_start().trim_start_matches(')').trim_start();
        return !rest.starts_with(".push") && !rest.starts_with(".tag");
    }
    // `docker.build(…)` and paths of other calls name no image.
    !before.ends_with("docker.build(")
}

/// The text of a string, its escapes decoded.
fn decoded(file: &Text<'_>, one: &Literal) -> Text<'static> {
    let raw = file.as_str().get(one.range.clone()).unwrap_or_default();
    let mut text = Text::new();
    let mut from = 0;
    let mut chars = raw.char_indices();
    while let Some((at, c)) = chars.next() {
        if c != '\\' {
            continue;
        }
        let Some((_, next)) = chars.next() else { break };
        let made = match next {
            '"' | '\'' | '\\' => next.to_string(),
            'n' => "\n".to_owned(),
            't' => "\t".to_owned(),
            '$' => "\\$".to_owned(),
            // A backslash at the end of a line joins it, in Groovy and in the shell alike.
            _ => continue,
        };
        text.append(&file.part(one.range.start + from..one.range.start + at));
        let end = at + 1 + next.len_utf8();
        text.push_made(&made, one.range.start + at..one.range.start + end);
        from = end;
    }
    text.append(&file.part(one.range.start + from..one.range.end));
    text
}

/// The strings of the file in their order.
fn literals(source: &str) -> Vec<Literal> {
    let mut found = Vec::new();
    let mut code = String::new();
    let mut at = 0;
    while let Some(rest) = source.get(at..).filter(|rest| !rest.is_empty()) {
        let c = rest.chars().next().unwrap_or_default();
        if rest.starts_with("//") {
            at += rest.find('\n').unwrap_or(rest.len());
        } else if rest.starts_with("/*") {
            at += rest.find("*/").map_or(rest.len(), |end| end + 2);
        } else if c == '"' || c == '\'' {
            let literal = literal(source, at, &code);
            at = literal.end;
            found.push(literal);
            code.clear();
        } else {
            if c == '\n' && !code.trim_end().ends_with(['(', '=', ':', ',']) {
                code.clear();
            }
            code.push(c);
            at += c.len_utf8();
        }
    }
    found
}

/// The string that begins here.
fn literal(source: &str, at: usize, code: &str) -> Literal {
    let rest = source.get(at..).unwrap_or_default();
    let quote = rest.get(..1).unwrap_or_default();
    let triple = quote.repeat(3);
    let closing = if rest.starts_with(&triple) { triple.as_str() } else { quote };
    let start = at + closing.len();
    let mut end = start;
    while let Some(rest) = source.get(end..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(closing) || (closing.len() == 1 && rest.starts_with('\n')) {
            break;
        }
        let c = rest.chars().next().unwrap_or_default();
        let skipped = if c == '\\' { rest.chars().nth(1).map_or(0, char::len_utf8) } else { 0 };
        end += c.len_utf8() + skipped;
    }
    let end = end.min(source.len());
    let closed = source.get(end..).is_some_and(|rest| rest.starts_with(closing));
    Literal {
        range: start..end,
        expands: quote == "\"",
        word: word(code),
        before: code.to_owned(),
        end: end + if closed { closing.len() } else { usize::from(end < source.len()) },
    }
}

/// The word before a string: `image`, `image:`, `NAME=`.
fn word(code: &str) -> String {
    let code = code.trim_end();
    let (code, sign) = match code.chars().last() {
        Some('=') if !code.ends_with("==") && !code.ends_with("!=") => {
            (code.get(..code.len() - 1).unwrap_or_default(), "=")
        }
        Some(':') => (code.get(..code.len() - 1).unwrap_or_default(), ":"),
        Some('(') => (code.get(..code.len() - 1).unwrap_or_default(), ""),
        _ => (code, ""),
    };
    let code = code.trim_end();
    let start = code.rfind(|c: char| !(c.is_alphanumeric() || c == '_')).map_or(0, |at| {
        at + code.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
    });
    format!("{}{sign}", code.get(start..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use crate::scan::testing::rows;
    use rstest::rstest;

    #[rstest]
    #[case("pipeline { agent { docker { image 'a:1' } } }", "1:36 a:1")]
    #[case("agent { docker 'b' } // image 'g'\n/* image 'h' */", "1:17 b")]
    #[case("def V = '3'\nenvironment { R = \"q.io\" }\nimage \"${env.R}/x:${V}\"", "3:8 q.io/x:3")]
    #[case(
        "docker.image('a:1').inside { sh 'x' }\ndocker.image(\"b:1\").push()\ndocker.build('c:1')",
        "1:15 a:1"
    )]
    #[case(
        "sh 'docker pull a'\nsh \"\"\"\n docker run \\\n  b:${V}\n\"\"\"\nsh(returnStdout: true, script: 'docker run c')",
        "1:17 a|4:3 ?b:${V}|6:44 c"
    )]
    #[case(
        "agent { kubernetes { yaml '''\nspec:\n  containers:\n  - image: k:1\n''' } }",
        "4:12 k:1"
    )]
    #[case("containerTemplate(name: 'x', image: 'y:1', command: 'z')", "1:38 y:1")]
    #[case("string(name: 'T', defaultValue: '5')\nimage \"a:${params.T}\"", "2:8 a:5")]
    #[case("sh \"docker run \\\"a:1\\\"\"", "1:18 a:1")]
    fn strings_name_images(#[case] file: &str, #[case] expected: &str) {
        assert_eq!(rows("Jenkinsfile", file), expected, "{file}");
    }
}
