//! The house rules that no compiler checks: how large a file grows, what lies at the top level, which rule
//! has one home. The rules' reasons are in the crate's own documentation (`src/lib.rs`).

use std::fs;
use std::path::{Path, PathBuf};

use crate::harness::{Home, tools};

/// A file longer than this hides a room.
const MOST_LINES: usize = 560;

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below a folder whose name ends so, in order.
pub(crate) fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
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
    let code = crate::floors::code(product);
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
