//! `.env` files: `NAME=value`, quotes, `export`, comments, variables in values. Follows the Compose
//! specification's page on env files (November 2026).

use super::input::Input;
use super::value::Definition;
use super::vars::{Dialect, Expanded, Scope, expand_one, name_of};

/// The variables that a file may use: those of `--arg`, then of `--env-file`, or else of the `.env` beside it.
pub(super) fn scope(input: &Input<'_>) -> Scope {
    let mut scope = Scope::default();
    if input.given.env_files.is_empty() {
        if let Some((path, text)) = input.read_beside(".env") {
            read(&path, &text, &mut scope);
        }
    } else {
        for (path, text) in &input.given.env_files {
            read(path, text, &mut scope);
        }
    }
    for (name, value) in &input.given.args {
        scope.set(name, Expanded::literal(value));
    }
    scope
}

/// Reads the variables of an env file.
pub(super) fn read(path: &str, text: &str, scope: &mut Scope) {
    let mut start = 0;
    for (at, whole) in text.split_inclusive('\n').enumerate() {
        let begin = start;
        start += whole.len();
        let line = whole.trim_start_matches('\u{feff}').trim();
        let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
        let name = name_of(line);
        let rest = line.get(name.len()..).unwrap_or_default().trim_start();
        let Some(value) = rest.strip_prefix(['=', ':']).filter(|_| !name.is_empty()) else {
            continue;
        };
        let value = value.trim();
        let before = whole.trim_end().len() - value.len();
        let at = Definition { path: path.to_owned(), line: at + 1, at: begin + before };
        let mut expanded = match value.chars().next() {
            Some('\'') => Expanded::literal(
                value.get(1..).and_then(|rest| rest.split('\'').next()).unwrap_or_default(),
            ),
            Some('"') => {
                let inner =
                    value.get(1..).and_then(|rest| rest.split('"').next()).unwrap_or_default();
                expand_one(inner, Dialect::Compose, scope)
            }
            _ => {
                let bare = value.split(" #").next().unwrap_or(value);
                let bare = if bare.starts_with('#') { "" } else { bare.trim_end() };
                expand_one(bare, Dialect::Compose, scope)
            }
        };
        expanded.defined_at.insert(0, at);
        scope.set(name, expanded);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_what_compose_reads() {
        let mut scope = Scope::default();
        let text = "# c\nA=\"1\"   # x\nexport B='a$A'\nC=x$A-${B:-no} # y\nD=\n E = e f\nF=a#b\nG=#c\n1X=2\nno line\n";
        read(".env", text, &mut scope);
        for (name, value, line) in [
            ("A", "1", 2),
            ("B", "a$A", 3),
            ("C", "x1-a$A", 4),
            ("D", "", 5),
            ("E", "e f", 6),
            ("F", "a#b", 7),
            ("G", "", 8),
        ] {
            let found = &scope.values(name)[0];
            assert_eq!(found.text, value, "{name}");
            assert_eq!(found.defined_at[0].line, line, "{name}");
        }
        assert!(!scope.has("X"));
    }
}
