//! Files that are made from the command line's definition: committed, compared with fresh output,
//! and loaded by the shells they are for. `tests/refresh` makes them afresh.

use std::fs;
use std::path::Path;

use crate::harness::{Home, Outcome, dhlimit, tools};

const FILES: &[(&str, &[&str])] = &[
    ("dhlimit.bash", &["completions", "bash"]),
    ("_dhlimit", &["completions", "zsh"]),
    ("dhlimit.fish", &["completions", "fish"]),
    ("_dhlimit.ps1", &["completions", "powershell"]),
    ("dhlimit.elv", &["completions", "elvish"]),
    ("dhlimit.1", &["man"]),
];

#[test]
fn the_committed_completions_and_manual_page_are_fresh() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("completions");
    let mut stale = Vec::new();
    for (name, args) in FILES {
        let fresh = dhlimit(*args).run().expect_code(0).stdout;
        assert!(fresh.contains("dhlimit") && fresh.contains("check"), "{name}: {fresh}");
        if std::env::var_os("DHLIMIT_REFRESH").is_some() {
            fs::write(folder.join(name), &fresh).expect("a file in completions/");
        }
        if fs::read_to_string(folder.join(name)).ok().as_ref() != Some(&fresh) {
            stale.push(*name);
        }
    }
    assert!(
        stale.is_empty(),
        "stale in completions/: {stale:?}; run tests/refresh and commit what it makes"
    );
    let known: Vec<&str> = FILES.iter().map(|(name, _)| *name).collect();
    for entry in fs::read_dir(folder).expect("completions/").flatten() {
        let name = entry.file_name();
        assert!(known.iter().any(|known| name == *known), "{} is nobody's", name.display());
    }
}

/// What a shell says to a script beside the completions, which lie in its home.
fn asked(shell: &str, args: &[&str], file: &str, script: &str) -> Option<Outcome> {
    let program = tools::require(shell)?;
    let home = Home::new();
    let made = dhlimit(["completions", shell]).run().expect_code(0).stdout;
    home.write(&format!("home/{file}"), &made);
    home.write("home/script", script);
    Some(home.program(program, args.iter().chain(&["script"])).run())
}

#[test]
fn bash_completes_commands_options_and_values() {
    let script = r#"
        . ./dhlimit.bash
        complete -p dhlimit
        ask() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _dhlimit dhlimit "${*: -1}" "${*: -2:1}"; echo "${COMPREPLY[*]}"; }
        ask dhlimit che
        ask dhlimit check --anon
        ask dhlimit check --output nag
    "#;
    let Some(outcome) = asked("bash", &["--norc"], "dhlimit.bash", script) else { return };
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    assert!(lines[0].contains("-F _dhlimit"), "{outcome:?}");
    assert_eq!(
        (&lines[1..], outcome.stderr.as_str()),
        (["check", "--anonymous", "nagios"].as_slice(), "")
    );
}

#[test]
fn zsh_loads_its_completions() {
    let script = "fpath=($PWD $fpath); autoload -Uz compinit && compinit -u -D && echo ${_comps[dhlimit]}; autoload -U +X _dhlimit && echo loaded";
    let Some(outcome) = asked("zsh", &["-f"], "_dhlimit", script) else { return };
    assert_eq!(
        (outcome.stdout.as_str(), outcome.stderr.as_str()),
        ("_dhlimit\nloaded\n", ""),
        "{outcome:?}"
    );
}

#[test]
fn fish_completes_commands_options_and_values() {
    let script = "source dhlimit.fish; complete -C 'dhlimit che'; complete -C 'dhlimit check --anon'; complete -C 'dhlimit check --output nag'";
    let Some(outcome) = asked("fish", &["--no-config"], "dhlimit.fish", script) else { return };
    let words: Vec<&str> =
        outcome.stdout.lines().filter_map(|line| line.split('\t').next()).collect();
    assert_eq!(words, ["check", "--anonymous", "nagios"], "{outcome:?}");
}

#[test]
fn the_manual_page_is_sound_roff() {
    let Some(program) = tools::require("groff") else { return };
    let page = dhlimit(["man"]).run().expect_code(0).stdout;
    let outcome = Home::new()
        .program(program, ["-man", "-ww", "-z", "-Tutf8", "-rCHECKSTYLE=3"])
        .stdin(page)
        .run();
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""), "{outcome:?}");
}
