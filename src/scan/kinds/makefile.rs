//! Makefiles: the commands of their recipes, with the file's own variables. What make replaces is replaced
//! before a shell reads the line.

use crate::scan::input::Input;
use crate::scan::kind::{Candidate, FileKind, Kind};
use crate::scan::shell::Shell;
use crate::scan::sink::Sink;
use crate::scan::text::Text;
use crate::scan::vars::{Dialect, Expanded, Scope, expand, parenthesised};

/// Makefiles.
pub(in crate::scan) const KIND: Kind = Kind { name: FileKind::Shell, recognise, read };

/// How often variables are replaced in each other.
const ROUNDS: usize = 4;

fn recognise(file: &Candidate<'_>) -> bool {
    let name = file.name.to_ascii_lowercase();
    matches!(name.as_str(), "makefile" | "gnumakefile")
        || matches!(file.extension().as_str(), "mk" | "mak" | "make")
        || (name.starts_with("makefile.") && !name.contains(".md"))
}

fn read(input: &Input<'_>, sink: &mut Sink<'_>) {
    let scope = scope(input);
    let mut recipe = Text::new();
    let mut shell = Shell::new(scope);
    let mut start = 0;
    let mut goes_on = false;
    for line in input.text.split_inclusive('\n') {
        let from = start;
        start += line.len();
        if !line.starts_with('\t') && !goes_on {
            flush(&mut recipe, &mut shell, input, sink);
            continue;
        }
        let skip = if goes_on {
            0
        } else {
            line.len() - line.trim_start_matches(['\t', ' ', '@', '-', '+']).len()
        };
        translate(line.get(skip..).unwrap_or_default(), from + skip, &mut recipe);
        let content = line.trim_end_matches(['\n', '\r']);
        goes_on = content.ends_with('\\');
    }
    flush(&mut recipe, &mut shell, input, sink);
}

fn flush(recipe: &mut Text<'static>, shell: &mut Shell, input: &Input<'_>, sink: &mut Sink<'_>) {
    if !recipe.as_str().is_empty() {
        shell.clone().read(input, recipe, sink);
        *recipe = Text::new();
    }
}

/// A line as the shell would see it, variables of make as variables of the shell: `$$` is one dollar sign.
fn translate(line: &str, origin: usize, recipe: &mut Text<'static>) {
    let mut at = 0;
    while let Some(found) = line.get(at..).and_then(|rest| rest.find('$')) {
        let dollar = at + found;
        recipe.push(line.get(at..dollar).unwrap_or_default(), origin + at);
        let rest = line.get(dollar + 1..).unwrap_or_default();
        let here = origin + dollar;
        at = match rest.chars().next() {
            Some('$') => {
                recipe.push_made("$", here..here + 2);
                dollar + 2
            }
            Some('(' | '{') => {
                let length = if rest.starts_with('(') {
                    parenthesised(rest)
                } else {
                    rest.find('}').map_or(rest.len(), |end| end + 1)
                };
                let inner = rest.get(1..length.saturating_sub(1)).unwrap_or_default();
                let is_name = !inner.is_empty()
                    && inner.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
                let name: String = inner
                    .chars()
                    .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
                    .collect();
                let shown =
                    if is_name { format!("${{{name}}}") } else { "${MAKE_FUNCTION}".to_owned() };
                recipe.push_made(&shown, here..here + 1 + length);
                dollar + 1 + length
            }
            Some(c) => {
                recipe.push_made("${MAKE_VARIABLE}", here..here + 1 + c.len_utf8());
                dollar + 1 + c.len_utf8()
            }
            None => {
                recipe.push("$", here);
                dollar + 1
            }
        };
    }
    recipe.push(line.get(at..).unwrap_or_default(), origin + at);
}

/// The variables of the file: the last value holds, wherever it stands.
fn scope(input: &Input<'_>) -> Scope {
    let mut assignments: Vec<(String, String, usize, bool)> = Vec::new();
    let mut start = 0;
    for line in input.text.split_inclusive('\n') {
        let from = start;
        start += line.len();
        if line.starts_with('\t') {
            continue;
        }
        let text =
            line.trim().trim_start_matches("export ").trim_start_matches("override ").trim_start();
        let Some((name, value)) = text.split_once('=') else { continue };
        let soft = name.ends_with('?');
        let name = name.trim_end_matches([':', '?', '+']).trim();
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
        {
            continue;
        }
        let value = value.split(" #").next().unwrap_or(value).trim();
        let name: String =
            name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let mut made = Text::new();
        translate(value, 0, &mut made);
        assignments.push((name, made.as_str().to_owned(), from, soft));
    }
    let mut scope = Scope::default();
    for _ in 0..ROUNDS {
        let before = scope.clone();
        for (name, value, at, soft) in &assignments {
            if *soft && assignments.iter().any(|(other, _, _, soft)| other == name && !soft) {
                continue;
            }
            let mut values = expand(value, Dialect::Shell, &before);
            for one in &mut values {
                one.defined_at.insert(0, input.definition(*at));
                one.defined_at.dedup();
            }
            scope.set_each(name, values);
        }
        for (name, value) in &input.given.args {
            scope.set(name, Expanded::literal(value));
        }
    }
    scope
}

#[cfg(test)]
mod tests {
    use crate::scan::testing::rows;
    use rstest::rstest;

    #[rstest]
    #[case("I ?= a:1\nt: x\n\t@docker run --rm $(I) ls\n", "3:19 a:1")]
    #[case(
        "t:\n\tdocker run \\\n\t  -v $(PWD):/x $(R)/b:$(V) \\\n\t  c\nR := q.io\nV = $(W)\nW = 2\n",
        "3:17 q.io/b:2"
    )]
    #[case("t:\n\tfor i in a b; do docker pull $$i; done\n", "2:31 a|2:31 b")]
    #[case("t:\n\tdocker pull $(shell cat x)\n\tdocker build -t $(N) .\n", "2:14 ?$(shell cat x)")]
    #[case("t:\n\tdocker pull $(N)\n", "2:14 ?$(N)")]
    fn recipes_name_images(#[case] file: &str, #[case] expected: &str) {
        assert_eq!(rows("Makefile", file), expected, "{file}");
    }
}
