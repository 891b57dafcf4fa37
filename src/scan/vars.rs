//! Variables: `$NAME`, `${NAME}` and the operators of Compose, Dockerfiles and shells, with the place
//! where each value is defined. What has no value stays as it stands and is named. A variable may have
//! several values (a loop, a matrix): then there are several results.
//!
//! Follows the Compose specification's interpolation, the Dockerfile reference's environment
//! replacement, and POSIX parameter expansion (XCU 2.6.2), as of November 2026.

use std::collections::HashMap;

use super::value::Definition;

/// The most values that one text may come to.
const MOST_VALUES: usize = 64;
/// How deep defaults may be nested.
const MOST_DEPTH: usize = 12;

/// Whose rules hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Compose: `$$` is a dollar sign.
    Compose,
    /// Dockerfile: `\$` is a dollar sign.
    Dockerfile,
    /// Shells: `\$` is a dollar sign, `$1` and `$(…)` have no value.
    Shell,
}

/// A text after its variables were replaced.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Expanded {
    /// The text; what has no value stands in it as it was written.
    pub text: String,
    /// The variables without a value.
    pub unresolved: Vec<String>,
    /// Where the values are defined.
    pub defined_at: Vec<Definition>,
}

impl Expanded {
    /// A text without variables.
    pub(crate) fn literal(text: &str) -> Self {
        Self { text: text.to_owned(), ..Self::default() }
    }

    /// A text that is defined somewhere.
    pub(crate) fn defined(text: &str, at: Definition) -> Self {
        Self { text: text.to_owned(), unresolved: Vec::new(), defined_at: vec![at] }
    }

    /// A text that stands for what has no value.
    pub(crate) fn unknown(written: &str, name: &str) -> Self {
        Self { text: written.to_owned(), unresolved: vec![name.to_owned()], defined_at: Vec::new() }
    }

    /// Whether every variable had a value.
    pub(crate) fn is_whole(&self) -> bool {
        self.unresolved.is_empty()
    }

    /// Appends another one.
    pub(crate) fn append(&mut self, other: &Self) {
        self.text.push_str(&other.text);
        for name in &other.unresolved {
            if !self.unresolved.contains(name) {
                self.unresolved.push(name.clone());
            }
        }
        for place in &other.defined_at {
            if !self.defined_at.contains(place) {
                self.defined_at.push(place.clone());
            }
        }
    }
}

/// The values that variables have, some of them several.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scope(HashMap<String, Vec<Expanded>>);

impl Scope {
    /// Gives a variable its one value.
    pub(crate) fn set(&mut self, name: &str, value: Expanded) {
        self.0.insert(name.to_owned(), vec![value]);
    }

    /// Gives a variable several values.
    pub(crate) fn set_each(&mut self, name: &str, mut values: Vec<Expanded>) {
        values.truncate(MOST_VALUES);
        self.0.insert(name.to_owned(), values);
    }

    /// The values of a variable; none where it has none.
    pub(crate) fn values(&self, name: &str) -> &[Expanded] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    /// Whether a variable is set, even to nothing.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Forgets a variable.
    pub(crate) fn unset(&mut self, name: &str) {
        self.0.remove(name);
    }
}

/// Appends each of several continuations to each of several beginnings.
pub(crate) fn product(beginnings: Vec<Expanded>, ends: &[Expanded]) -> Vec<Expanded> {
    if let [end] = ends {
        let mut beginnings = beginnings;
        for one in &mut beginnings {
            one.append(end);
        }
        return beginnings;
    }
    let mut all = Vec::new();
    for beginning in &beginnings {
        for end in ends {
            let mut one = beginning.clone();
            one.append(end);
            if all.len() < MOST_VALUES && !all.contains(&one) {
                all.push(one);
            }
        }
    }
    all
}

/// What a text comes to.
pub(crate) fn expand(text: &str, dialect: Dialect, scope: &Scope) -> Vec<Expanded> {
    Expander { dialect, scope }.expand(text, 0)
}

/// What a text comes to where it has one value at most.
pub(crate) fn expand_one(text: &str, dialect: Dialect, scope: &Scope) -> Expanded {
    expand(text, dialect, scope).into_iter().next().unwrap_or_default()
}

struct Expander<'a> {
    dialect: Dialect,
    scope: &'a Scope,
}

impl Expander<'_> {
    fn expand(&self, text: &str, depth: usize) -> Vec<Expanded> {
        let mut all = vec![Expanded::default()];
        let mut rest = text;
        while let Some(at) = rest.find(['$', '\\']) {
            let (before, special) = rest.split_at(at);
            all = product(all, &[Expanded::literal(before)]);
            let (pieces, length) = self.special(special, depth);
            all = product(all, &pieces);
            rest = special.get(length..).unwrap_or_default();
        }
        product(all, &[Expanded::literal(rest)])
    }

    /// What the text that begins with a dollar sign or backslash means, and how long it is.
    fn special(&self, text: &str, depth: usize) -> (Vec<Expanded>, usize) {
        let one = |text: &str, length| (vec![Expanded::literal(text)], length);
        if let Some(after) = text.strip_prefix('\\') {
            let next = after.chars().next();
            return match (self.dialect, next) {
                (Dialect::Compose, _) | (_, None) => one("\\", 1),
                (_, Some(next)) => one(next.encode_utf8(&mut [0; 4]), 1 + next.len_utf8()),
            };
        }
        let after = text.get(1..).unwrap_or_default();
        match after.chars().next() {
            Some('$') if self.dialect == Dialect::Compose => one("$", 2),
            Some('{') => match braced(after) {
                Some(inner) => {
                    let length = inner.len() + 3;
                    let written = text.get(..length).unwrap_or(text);
                    (self.braced(inner, written, depth), length)
                }
                None => one("$", 1),
            },
            Some('(') if self.dialect == Dialect::Shell => {
                let length = 1 + parenthesised(after);
                let written = text.get(..length).unwrap_or(text);
                (vec![Expanded::unknown(written, written)], length)
            }
            Some(first) if first.is_ascii_alphabetic() || first == '_' => {
                let name = name_of(after);
                let written = text.get(..=name.len()).unwrap_or(text);
                (self.value(name, written), written.len())
            }
            Some(first)
                if self.dialect == Dialect::Shell
                    && (first.is_ascii_digit() || "@*#?$!-".contains(first)) =>
            {
                let written = text.get(..2).unwrap_or(text);
                let name = written.trim_start_matches('$');
                let name = if name.is_empty() { "$" } else { name };
                (self.value(name, written), 2)
            }
            _ => one("$", 1),
        }
    }

    fn value(&self, name: &str, written: &str) -> Vec<Expanded> {
        match self.scope.values(name) {
            [] if self.scope.has(name) => vec![Expanded::default()],
            [] => vec![Expanded::unknown(written, name)],
            values => values.to_vec(),
        }
    }

    /// What stands between braces: a name, perhaps an operator and a word.
    fn braced(&self, inner: &str, written: &str, depth: usize) -> Vec<Expanded> {
        let indirect = inner.strip_prefix('!').filter(|_| self.dialect == Dialect::Shell);
        let name = name_of(indirect.unwrap_or(inner));
        let name = if name.is_empty() {
            inner.get(..inner.chars().next().map_or(0, char::len_utf8)).unwrap_or_default()
        } else {
            name
        };
        let operator = indirect.unwrap_or(inner).get(name.len()..).unwrap_or_default();
        if indirect.is_some() || name.is_empty() || depth > MOST_DEPTH {
            return vec![Expanded::unknown(written, name)];
        }
        let values = self.scope.values(name);
        let set = self.scope.has(name);
        // A value that is not known may be the empty one: then a default is as good a guess as any.
        let known: Vec<Expanded> = values
            .iter()
            .filter(|value| {
                value.is_whole() || value.text.trim_start_matches('$').len() + 1 < value.text.len()
            })
            .cloned()
            .collect();
        let filled: Vec<Expanded> =
            known.iter().filter(|value| !value.text.is_empty()).cloned().collect();
        let word = |skip: usize| self.expand(operator.get(skip..).unwrap_or_default(), depth + 1);
        let or = |values: Vec<Expanded>, other: Vec<Expanded>| {
            if values.is_empty() { other } else { values }
        };
        let two = operator.get(..2).unwrap_or_default();
        match (two, operator.chars().next()) {
            (_, None) => self.value(name, written),
            (_, Some('[')) if self.dialect == Dialect::Shell && !values.is_empty() => {
                values.to_vec()
            }
            (":-" | ":=", _) => or(filled, word(2)),
            (":+", _) if filled.is_empty() => vec![Expanded::default()],
            (":+", _) => word(2),
            (":?", _) => or(filled, vec![Expanded::unknown(written, name)]),
            (_, Some('-' | '=')) if !set => word(1),
            (_, Some('-' | '=')) => or(known, word(1)),
            (_, Some('+')) if !set => vec![Expanded::default()],
            (_, Some('+')) => word(1),
            (_, Some('?')) if set => self.value(name, written),
            (_, Some(_)) if self.dialect != Dialect::Compose && set => {
                let cut = |value: &Expanded| Expanded {
                    text: edited(&value.text, operator).unwrap_or_else(|| written.to_owned()),
                    unresolved: match edited(&value.text, operator) {
                        Some(_) => value.unresolved.clone(),
                        None => vec![name.to_owned()],
                    },
                    defined_at: value.defined_at.clone(),
                };
                values.iter().map(cut).collect()
            }
            _ => vec![Expanded::unknown(written, name)],
        }
    }
}

/// The name at the beginning of a text.
pub(crate) fn name_of(text: &str) -> &str {
    let end = text
        .char_indices()
        .find(|(at, c)| !(c.is_ascii_alphabetic() || *c == '_' || (*at > 0 && c.is_ascii_digit())))
        .map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or_default()
}

/// What stands between the brace at the beginning and its partner.
fn braced(text: &str) -> Option<&str> {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => return text.get(1..at),
            '}' => depth -= 1,
            '\n' => return None,
            _ => {}
        }
    }
    None
}

/// How long the parenthesis at the beginning is, with both its ends.
pub(crate) fn parenthesised(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut quote = None;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match (quote, c) {
            (Some('\''), '\'') | (Some('"'), '"') => quote = None,
            (Some('\''), _) => {}
            (_, '\\') => {
                chars.next();
            }
            (None, '\'' | '"') => quote = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            (Some(_) | None, _) => {}
        }
    }
    text.len()
}

/// A value after `#`, `##`, `%`, `%%`, `/`, `//`, `,` or `^` and a pattern; `None` where that is too
/// hard to say.
fn edited(value: &str, operator: &str) -> Option<String> {
    let (operation, pattern) = ["##", "%%", "//", ",,", "^^", "#", "%", "/"]
        .iter()
        .find_map(|operation| Some((*operation, operator.strip_prefix(operation)?)))?;
    if pattern.contains(['$', '[', '?', '\\']) {
        return None;
    }
    match operation {
        ",," if pattern.is_empty() => Some(value.to_lowercase()),
        "^^" if pattern.is_empty() => Some(value.to_uppercase()),
        "/" | "//" => {
            let (from, to) = pattern.split_once('/').unwrap_or((pattern, ""));
            if from.is_empty() || from.contains('*') {
                return None;
            }
            Some(if operation == "/" {
                value.replacen(from, to, 1)
            } else {
                value.replace(from, to)
            })
        }
        _ => trimmed(value, operation, pattern),
    }
}

fn trimmed(value: &str, operation: &str, pattern: &str) -> Option<String> {
    let whole = value.to_owned();
    Some(match (operation, pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        ("#" | "##", None, None) => value.strip_prefix(pattern).map_or(whole, str::to_owned),
        ("%" | "%%", None, None) => value.strip_suffix(pattern).map_or(whole, str::to_owned),
        ("#", Some(end), _) if !end.contains('*') => {
            value.split_once(end).map_or(whole, |(_, rest)| rest.to_owned())
        }
        ("##", Some(end), _) if !end.contains('*') => {
            value.rsplit_once(end).map_or(whole, |(_, rest)| rest.to_owned())
        }
        ("%", _, Some(start)) if !start.contains('*') => {
            value.rsplit_once(start).map_or(whole, |(rest, _)| rest.to_owned())
        }
        ("%%", _, Some(start)) if !start.contains('*') => {
            value.split_once(start).map_or(whole, |(rest, _)| rest.to_owned())
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn scope() -> Scope {
        let mut scope = Scope::default();
        scope.set("A", Expanded::literal("one"));
        scope.set("EMPTY", Expanded::literal(""));
        scope.set("IMG", Expanded::literal("ghcr.io/a/b:1"));
        scope.set("ARG1", Expanded::unknown("$1", "1"));
        scope.set_each("L", vec![Expanded::literal("x"), Expanded::literal("y")]);
        scope
    }

    #[rstest]
    #[case("a$A", "aone", "")]
    #[case("${A}-${B:-two}", "one-two", "")]
    #[case("${B:-${C-${A}}}", "one", "")]
    #[case("${EMPTY:-v}:${EMPTY-8}8", "v:8", "")]
    #[case("x${EMPTY:+-y}${A:+z}${B+w}", "xz", "")]
    #[case("$B/${C:?must be set}", "$B/${C:?must be set}", "B C")]
    #[case("${A:?set}", "one", "")]
    #[case("$$A", "$A", "")]
    #[case("100$", "100$", "")]
    #[case("${A", "${A", "")]
    #[case("${ARG1:-d}", "d", "")]
    fn compose_interpolates(#[case] text: &str, #[case] value: &str, #[case] unresolved: &str) {
        let expanded = expand_one(text, Dialect::Compose, &scope());
        assert_eq!(
            (expanded.text.as_str(), expanded.unresolved.join(" ").as_str()),
            (value, unresolved)
        );
    }

    #[rstest]
    #[case(r"\$A", "$A", "")]
    #[case("${IMG##*/}", "b:1", "")]
    #[case("${IMG#*/}", "a/b:1", "")]
    #[case("${IMG%:*}", "ghcr.io/a/b", "")]
    #[case("${IMG%%/*}", "ghcr.io", "")]
    #[case("${IMG/ghcr.io/quay.io}", "quay.io/a/b:1", "")]
    #[case("$1", "$1", "1")]
    #[case("$(cat \"a)b\")x", "$(cat \"a)b\")x", "$(cat \"a)b\")")]
    #[case("${!A}", "${!A}", "A")]
    fn shells_edit(#[case] text: &str, #[case] value: &str, #[case] unresolved: &str) {
        let expanded = expand_one(text, Dialect::Shell, &scope());
        assert_eq!(
            (expanded.text.as_str(), expanded.unresolved.join(" ").as_str()),
            (value, unresolved)
        );
    }

    #[test]
    fn several_values_give_several_results() {
        let all = expand("${L}-${L}", Dialect::Shell, &scope());
        let texts: Vec<&str> = all.iter().map(|one| one.text.as_str()).collect();
        assert_eq!(texts, ["x-x", "x-y", "y-x", "y-y"]);
    }
}
