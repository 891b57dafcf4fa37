//! The house rules that no compiler checks: which room may know which, how large a file grows, what
//! lies at the top level. The rules' reasons are in the crate's own documentation (`src/lib.rs`).

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::harness::{Home, tools};

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
            "quota", "image", "text", "context", "exit", "cli", "process", "registry", "session",
            "polling", "history",
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
    ("fleet", &["quota", "image", "text", "context", "exit", "cli", "registry"]),
    (
        "gate",
        &[
            "quota", "image", "text", "context", "exit", "cli", "registry", "session", "history",
            "polling",
        ],
    ),
    ("check", &["quota", "image", "exit", "cli", "registry", "session"]),
    ("explain", &["text", "exit"]),
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
/// A file longer than this hides a room.
const MOST_LINES: usize = 560;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below a folder whose name ends so, in order.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// A source file without its comments and literals.
fn code(source: &str) -> String {
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

/// Docker Hub's hosts, and the room that alone knows them.
const HUB_HOSTS: [&str; 8] = [
    "docker.io",
    "index.docker.io",
    "registry-1.docker.io",
    "auth.docker.io",
    "registry.docker.io",
    "hub.docker.com",
    "registry.hub.docker.com",
    "production.cloudflare.docker.com",
];
const HUB_ROOM: &str = "src/image/hub.rs";

/// The literals of a source, tests apart, that are one of Docker Hub's hosts or a URL or image there: a
/// sentence or a pattern that mentions one is none.
fn hub_literals(source: &str) -> Vec<&str> {
    let product =
        ["#[cfg(test)]\nmod ", "#[cfg(test)]\npub(crate) mod ", "#[cfg(test)]\npub(super) mod "]
            .iter()
            .filter_map(|opening| source.find(opening))
            .min()
            .map_or(source, |tests| &source[..tests]);
    let lines = product.lines().filter(|line| !line.trim_start().starts_with("//"));
    let literals = lines.flat_map(|line| line.split('"').skip(1).step_by(2));
    let names_hub = |literal: &&str| {
        let rest = literal.split_once("://").map_or(*literal, |(_, rest)| rest);
        let host = rest.split([':', '/']).next().unwrap_or_default();
        !literal.contains(char::is_whitespace) && HUB_HOSTS.contains(&host)
    };
    literals.filter(names_hub).collect()
}

#[test]
fn only_one_place_knows_docker_hubs_hosts() {
    // What `explain` finds in texts is a pattern, not a host that is asked.
    let patterns = ["src/diagnosis/tool.rs"];
    let mut found = Vec::new();
    for path in files(&root().join("src"), ".rs") {
        let name =
            path.strip_prefix(root()).expect("below the root").to_string_lossy().into_owned();
        let is_test = name.ends_with("tests.rs") || name.contains("/tests/");
        if name == HUB_ROOM || is_test || patterns.contains(&name.as_str()) {
            continue;
        }
        let source = fs::read_to_string(&path).expect("a source file");
        found.extend(hub_literals(&source).into_iter().map(|literal| format!("{name}: {literal}")));
    }
    assert!(found.is_empty(), "{HUB_ROOM} has a constant for each of them:\n{}", found.join("\n"));
    let hub = fs::read_to_string(root().join(HUB_ROOM)).expect("the room of Docker Hub");
    for host in HUB_HOSTS {
        assert!(hub_literals(&hub).contains(&host), "{host} is not known any more");
    }
}

#[test]
fn a_second_place_for_docker_hubs_hosts_is_seen_however_it_is_written() {
    let rows: [(&str, &[&str]); 8] = [
        (r#"const A: &str = "docker.io";"#, &["docker.io"]),
        (r#"["ghcr.io", "registry-1.docker.io:443"]"#, &["registry-1.docker.io:443"]),
        (r#"parse("https://auth.docker.io/token")"#, &["https://auth.docker.io/token"]),
        (r#"strip_prefix("docker.io/library/")"#, &["docker.io/library/"]),
        (r#"say("Docker Hub's name is docker.io")"#, &[]),
        (r#"// "docker.io""#, &[]),
        (r#"x("notdocker.io", "docker.io.example")"#, &[]),
        ("fn f() {}\n\n#[cfg(test)]\nmod tests {\n  const A: &str = \"docker.io\";\n}", &[]),
    ];
    for (source, literals) in rows {
        assert_eq!(hub_literals(source), literals, "{source}");
    }
}

/// What a source, tests apart, needs to look for programs or to start one by itself.
fn finds_or_starts_programs(source: &str) -> Vec<&'static str> {
    let product = source.split("#[cfg(test)]").next().unwrap_or_default();
    let code = code(product);
    let literal = product.contains("var(\"PATH\")") || product.contains("var_os(\"PATH\")");
    [
        (literal, "PATH"),
        (code.contains("which::"), "which"),
        (code.contains("0o111") || code.contains("EXEC_OK") || code.contains("X_OK"), "mode bits"),
        (code.contains(".spawn()"), "a child"),
    ]
    .into_iter()
    .filter_map(|(found, what)| found.then_some(what))
    .collect()
}

#[test]
fn only_one_place_says_whether_a_program_is_installed_and_runs_children() {
    // A helper's answer is a secret: it is read by its own reader.
    let own_reader = "src/credentials/helper.rs";
    let mut wrong = Vec::new();
    for path in files(&root().join("src"), ".rs") {
        let name = path.strip_prefix(root()).expect("below the root").to_string_lossy();
        let source = fs::read_to_string(&path).expect("a source file");
        let found = finds_or_starts_programs(&source);
        if !name.starts_with("src/process/") && !name.ends_with("/tests.rs") {
            wrong.extend(
                found
                    .into_iter()
                    .filter(|what| name != own_reader || *what != "a child")
                    .map(|what| format!("{name}: {what}")),
            );
        }
    }
    assert!(wrong.is_empty(), "ask src/process:\n{}", wrong.join("\n"));
}

#[test]
fn a_second_rule_for_installed_programs_is_seen_however_it_is_written() {
    let rows: [(&str, &[&str]); 8] = [
        (r#"split_paths(environment.var("PATH")?)"#, &["PATH"]),
        (r#"std::env::var_os("PATH")"#, &["PATH"]),
        ("which::which(name)", &["which"]),
        ("mode() & 0o111 != 0", &["mode bits"]),
        ("access(path, Access::EXEC_OK)", &["mode bits"]),
        ("Command::new(name).spawn()?", &["a child"]),
        ("// which::which\nfn which() {}", &[]),
        ("#[cfg(test)]\nmod tests { Command::new(name).spawn() }", &[]),
    ];
    for (source, found) in rows {
        assert_eq!(finds_or_starts_programs(source), found, "{source}");
    }
}

#[test]
fn no_source_file_has_grown_past_its_room() {
    let mut long = Vec::new();
    for folder in ["src", "tests"] {
        for path in files(&root().join(folder), ".rs") {
            let lines = fs::read_to_string(&path).expect("a source file").lines().count();
            if lines > MOST_LINES {
                long.push(format!("{}: {lines} lines", path.display()));
            }
        }
    }
    assert!(
        long.is_empty(),
        "a room is missing where a file is longer than {MOST_LINES} lines:\n{}",
        long.join("\n")
    );
}

#[test]
fn every_module_opens_with_what_it_is() {
    let silent: Vec<PathBuf> = ["src", "tests/it"]
        .iter()
        .flat_map(|folder| files(&root().join(folder), ".rs"))
        .filter(|path| !fs::read_to_string(path).expect("a source file").starts_with("//! "))
        .collect();
    assert!(silent.is_empty(), "no paragraph at the top: {silent:?}");
}

#[test]
fn the_top_level_holds_what_it_should_and_no_more() {
    let drawn = [
        "Cargo.toml",
        "Cargo.lock",
        "src",
        "tests",
        "examples",
        "completions",
        "README.md",
        "LICENSE",
        "CHANGELOG.md",
        "target",
    ];
    let names = fs::read_dir(root())
        .expect("the top level")
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned());
    let extra: Vec<String> =
        names.filter(|name| !name.starts_with('.') && !drawn.contains(&name.as_str())).collect();
    assert!(extra.is_empty(), "not drawn: {extra:?}");
}

#[test]
fn nothing_is_left_for_later_and_no_dead_crate_is_used() {
    let mut found = Vec::new();
    for path in files(&root().join("src"), ".rs")
        .into_iter()
        .chain([root().join("Cargo.toml"), root().join("Cargo.lock")])
    {
        let text = fs::read_to_string(&path).expect("a source file");
        for word in ["TODO", "FIXME", "XXX", "serde_yaml", "serde_yml"] {
            if text.contains(word) {
                found.push(format!("{}: {word}", path.display()));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn shell_scripts_are_clean() {
    let Some(shellcheck) = tools::require("shellcheck") else { return };
    let mut scripts: Vec<PathBuf> = ["tests/run", "tests/refresh", ".ci/run"]
        .iter()
        .map(|script| root().join(script))
        .collect();
    scripts.extend(files(&root().join("examples"), ".sh"));
    let home = Home::new();
    let outcome = home.program(shellcheck, scripts.iter().map(|path| path.as_os_str())).run();
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
}
