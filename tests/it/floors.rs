//! Which room may know which, and how large a room grows: the floors of the house. Their reasons are in the
//! crate's own documentation (`src/lib.rs`).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::house::{files, root};

/// Rooms and what each may know of the crate, itself apart. One line for a new room.
const ARROWS: &[(&str, &[&str])] = &[
    ("exit", &[]),
    ("text", &[]),
    ("context", &["text"]),
    ("quota", &["image", "text"]),
    ("image", &["text"]),
    ("process", &["text", "context", "exit"]),
    // Floor 2 has two rooms: a credential helper is a child like others.
    ("credentials", &["quota", "image", "text", "context", "process"]),
    ("registry", &["quota", "image", "text", "context", "credentials"]),
    ("diagnosis", &["quota", "image", "text", "context"]),
    ("runtime", &["quota", "image", "text", "context", "process"]),
    ("sandbox", &["quota", "image", "text", "context", "exit", "cli"]),
    ("recording", &["quota", "image", "text", "context", "exit"]),
    ("hostconfig", &["image", "text", "context", "credentials"]),
    (
        "doctor",
        &[
            "quota",
            "image",
            "text",
            "context",
            "exit",
            "process",
            "cli",
            "credentials",
            "registry",
            "runtime",
            "hostconfig",
            "session",
        ],
    ),
    (
        "session",
        &[
            "quota",
            "image",
            "text",
            "context",
            "exit",
            "cli",
            "credentials",
            "registry",
            "runtime",
            "sandbox",
        ],
    ),
    ("polling", &["quota", "image", "context", "exit", "registry", "session", "history"]),
    ("history", &["quota"]),
    (
        "watch",
        &[
            "quota",
            "image",
            "text",
            "context",
            "exit",
            "cli",
            "process",
            "registry",
            "sandbox",
            "recording",
            "session",
            "polling",
            "history",
        ],
    ),
    (
        "stress",
        &[
            "quota",
            "image",
            "text",
            "context",
            "exit",
            "cli",
            "settings",
            "diagnosis",
            "credentials",
            "registry",
            "runtime",
            "hostconfig",
            "polling",
            "session",
        ],
    ),
    (
        "serve",
        &[
            "quota",
            "image",
            "text",
            "context",
            "exit",
            "cli",
            "credentials",
            "history",
            "polling",
            "recording",
            "process",
            "diagnosis",
        ],
    ),
    ("fleet", &["quota", "image", "text", "context", "exit", "cli", "history", "registry"]),
    (
        "gate",
        &[
            "quota", "image", "text", "context", "exit", "cli", "registry", "session", "history",
            "polling", // What is needed is what a scan finds.
            "scan",
        ],
    ),
    ("check", &["quota", "image", "exit", "cli", "registry", "session"]),
    ("explain", &["text", "exit", "cli", "diagnosis"]),
    ("report", &["quota", "context", "exit", "history", "recording"]),
    (
        "plan",
        &[
            "quota",
            "image",
            "text",
            "context",
            "exit",
            "cli",
            "history",
            "recording",
            "session",
            // A plan is replayed by real pulls, on a sandbox.
            "credentials",
            "registry",
            "runtime",
            "sandbox",
        ],
    ),
    ("scan", &["image", "text", "context", "exit", "cli", "process"]),
    (
        "mirror",
        &[
            "quota",
            "image",
            "text",
            "context",
            "exit",
            "cli",
            "credentials",
            "registry",
            "runtime",
            "process",
            "hostconfig",
            "session",
            // What is rewritten is what a scan finds, at the places that it knows.
            "scan",
        ],
    ),
    (
        "render",
        &[
            "history",
            // Keys of the live view change the pace.
            "polling",
            "check",
            "quota",
            "image",
            "text",
            "context",
            "diagnosis",
            "doctor",
            "plan",
            "report",
            "scan",
            "mirror",
            "gate",
            "stress",
            "serve",
            "fleet",
        ],
    ),
    ("cli", &["quota", "image", "text"]),
    ("trace", &["text", "context"]),
    // `[[account]]` entries of the configuration file are parsed into the accounts they are.
    ("settings", &["cli", "context", "credentials", "exit", "text"]),
];
/// Rooms that may know all others: the glue and the edge.
const GLUE: &[&str] = &["command", "lib", "main"];

/// A source file without its comments and literals.
pub(crate) fn code(source: &str) -> String {
    let mut code = String::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let raw =
            rest.strip_prefix('r').map(|after| after.len() - after.trim_start_matches('#').len());
        let skip = match first {
            _ if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            _ if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            'r' if raw.is_some_and(|hashes| rest[1 + hashes..].starts_with('"'))
                && !code.ends_with(|c: char| c.is_alphanumeric()) =>
            {
                let hashes = raw.unwrap_or(0);
                let start = hashes + 2;
                rest[start..]
                    .find(&format!("\"{}", "#".repeat(hashes)))
                    .map_or(rest.len(), |end| start + end + 1 + hashes)
            }
            '"' => end_of_literal(rest, '"'),
            // A quote opens a character where one or an escape is closed again, a lifetime elsewhere.
            '\'' if rest.starts_with("'\\") || rest.chars().nth(2) == Some('\'') => {
                end_of_literal(rest, '\'')
            }
            _ => 0,
        };
        if skip == 0 {
            code.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            code.push(' ');
            code.extend(rest[..skip].matches('\n').map(|_| '\n'));
            rest = &rest[skip..];
        }
    }
    code
}

fn end_of_literal(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The rooms that a file names by `crate::…`, by a group in `crate::{…}`, or by climbing out with `super::`.
fn rooms_named(source: &str, depth: usize) -> BTreeSet<String> {
    let code = code(source);
    let mut named = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        if !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$') {
            named.extend(heads(&code[at + "crate::".len()..]));
        }
    }
    let inner = code.find("mod tests {").unwrap_or(code.len());
    let mut at = 0;
    while let Some(found) = code[at..].find("super::") {
        at += found;
        let start = at;
        while code[at..].starts_with("super::") {
            at += "super::".len();
        }
        if (at - start) / "super::".len() >= depth + usize::from(start > inner) {
            named.extend(heads(&code[at..]));
        }
    }
    named
}

/// The first names of a path or of each path in a group.
fn heads(rest: &str) -> Vec<String> {
    let name = |text: &str| {
        text.trim_start()
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect::<String>()
    };
    let Some(group) = rest.strip_prefix('{') else { return vec![name(rest)] };
    let mut heads = vec![name(group)];
    let mut depth = 0;
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => heads.push(name(&group[at + 1..])),
            _ => {}
        }
    }
    heads.retain(|head| !head.is_empty());
    heads
}

/// The room that a name at the top of the crate belongs to: what `lib.rs` re-exports has one too.
fn room_of(name: &str) -> &str {
    match name {
        "Context" => "context",
        "Exit" | "Failure" => "exit",
        "run" => "lib",
        room => room,
    }
}

/// Wrong arrows of one file, in words.
fn wrong_arrows(path: &Path, source: &str) -> Vec<String> {
    let parts: Vec<String> =
        path.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
    let Some(room) = parts.first().map(String::as_str).filter(|room| !GLUE.contains(room)) else {
        return Vec::new();
    };
    let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == room) else {
        return vec![format!(
            "{}: the room `{room}` has no line in the table of arrows",
            path.display()
        )];
    };
    let depth = parts.len() - usize::from(parts.last().is_some_and(|last| last == "mod"));
    let named = rooms_named(source, depth);
    let wrong = named
        .iter()
        .map(|name| room_of(name))
        .filter(|name| *name != room && !allowed.contains(name));
    wrong.map(|name| format!("{}: {room} -> {name}", path.display())).collect()
}

#[test]
fn no_room_knows_a_room_it_must_not() {
    let src = root().join("src");
    let wrong: Vec<String> = files(&src, ".rs")
        .iter()
        .flat_map(|path| {
            wrong_arrows(
                path.strip_prefix(&src).expect("below src"),
                &fs::read_to_string(path).expect("a source file"),
            )
        })
        .collect();
    assert!(wrong.is_empty(), "wrong arrows:\n{}", wrong.join("\n"));
}

#[test]
fn a_wrong_arrow_is_named_however_it_is_written() {
    let rows = [
        ("sandbox/mod.rs", "use crate::registry::Client;", "sandbox/mod.rs: sandbox -> registry"),
        ("quota/mod.rs", "use crate::{text, context::{Clock}};", "quota/mod.rs: quota -> context"),
        ("image/x.rs", "fn f() { super::super::registry::go() }", "image/x.rs: image -> registry"),
        ("image/mod.rs", "mod tests { use super::super::cli; }", "image/mod.rs: image -> cli"),
        ("render/mod.rs", "fn f(c: &crate::Failure) {}", "render/mod.rs: render -> exit"),
        (
            "runtime/a/b.rs",
            "const Q: char = '\"'; use crate::registry;",
            "runtime/a/b.rs: runtime -> registry",
        ),
        ("attic/mod.rs", "", "attic/mod.rs: the room `attic` has no line in the table of arrows"),
    ];
    for (path, source, wrong) in rows {
        assert_eq!(wrong_arrows(Path::new(path), source), [wrong], "{source}");
    }
    let fine = [
        (
            "image/mod.rs",
            "//! [`crate::registry`]\n/* crate::cli */ const A: &str = \"crate::cli\"; const B: &str = r#\"\"crate::cli\"#;",
        ),
        (
            "image/x.rs",
            "use super::y; use crate::text; mod tests { use super::super::y; use super::*; }",
        ),
        ("command/check.rs", "use crate::{registry, sandbox};"),
        (
            "registry/mod.rs",
            "fn f<'a>(x: &'a str) -> &'a str { x } use crate::credentials::Keychain;",
        ),
    ];
    for (path, source) in fine {
        assert_eq!(wrong_arrows(Path::new(path), source), [""; 0], "{source}");
    }
}

/// The glue has no more lines than this; above it some room's knowledge is in it.
const MOST_GLUE: usize = 2_000;
/// The largest room has no more of the code than this, in per cent.
const MOST_SHARE: usize = 15;

/// The lines of each room.
fn sizes() -> BTreeMap<String, usize> {
    let src = root().join("src");
    let mut sizes = BTreeMap::new();
    for path in files(&src, ".rs") {
        let room = path.strip_prefix(&src).expect("below src").iter().next().expect("a name");
        let lines = fs::read_to_string(&path).expect("a source file").lines().count();
        *sizes.entry(room.to_string_lossy().into_owned()).or_default() += lines;
    }
    sizes
}

#[test]
fn the_glue_is_thin_and_no_room_is_most_of_the_house() {
    let sizes = sizes();
    let all: usize = sizes.values().sum();
    let large: Vec<_> =
        sizes.iter().filter(|(_, lines)| **lines * 100 > all * MOST_SHARE).collect();
    assert!(large.is_empty(), "of {all} lines: {large:?}");
    assert!(sizes["command"] <= MOST_GLUE, "command/ has {} lines", sizes["command"]);
}
