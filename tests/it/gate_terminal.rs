//! `gate` on a real terminal (tmux): a countdown that stays one line and goes away, and Ctrl-C while
//! it waits or while its command runs.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::harness::terminal::{Terminal, children, ends};
use crate::harness::{Sandbox, http, wait_for};

/// A terminal with a sandbox as Docker Hub.
fn before(sandbox: &Sandbox) -> Option<Terminal> {
    let terminal = Terminal::new(80, 24)?;
    for (name, value) in sandbox.as_docker_hub() {
        terminal.type_line(&format!("export {name}={}", value.to_string_lossy()));
    }
    terminal.type_line("clear; echo before the view");
    terminal.misses("export");
    Some(terminal)
}

fn left(sandbox: &Sandbox, remaining: u64) {
    let change = serde_json::json!({"identity": "127.0.0.1", "remaining": remaining});
    assert!(http::post(&format!("{}/_sandbox/set", sandbox.url()), &change).status < 300);
}

fn gate(terminal: &Terminal, rest: &str) {
    terminal.type_line(&format!("{} gate {rest}; echo \"code $?\"", env!("CARGO_BIN_EXE_dhlimit")));
}

#[test]
fn the_countdown_is_one_line_that_changes_and_then_goes_away() {
    let sandbox = Sandbox::start(&["--limit", "10"]);
    left(&sandbox, 0);
    let Some(terminal) = before(&sandbox) else { return };
    gate(&terminal, "--wait=1h nginx");
    terminal.sees("timeout");
    let mut seen = BTreeSet::new();
    let changed = wait_for(Duration::from_secs(30), || {
        let screen = terminal.screen();
        let lines: Vec<&str> = screen.lines().filter(|line| line.contains("timeout")).collect();
        assert_eq!(lines.len(), 1, "{screen}");
        seen.extend(
            lines
                .into_iter()
                .map(|line| line.split("timeout").last().unwrap_or_default().trim().to_owned()),
        );
        (seen.len() >= 4).then_some(())
    });
    assert!(changed.is_some(), "{seen:?}");
    // Not the whole limit, which would have to be looked at twice.
    left(&sandbox, 7);
    let screen = terminal.sees("code 0");
    assert!(screen.contains("open: 7 of 10") && !screen.contains("timeout"), "{screen}");
    terminal.is_given_back("0");
}

#[test]
fn ctrl_c_at_the_countdown_takes_it_away_and_is_130() {
    let sandbox = Sandbox::start(&["--limit", "10"]);
    left(&sandbox, 0);
    let Some(terminal) = before(&sandbox) else { return };
    gate(&terminal, "--wait nginx -- echo ran");
    terminal.sees("timeout");
    terminal.keys(&["C-c"]);
    let screen = terminal.sees("code 130");
    assert!(!screen.contains("timeout") && !screen.lines().any(|line| line == "ran"), "{screen}");
    terminal.is_given_back("130");
}

#[test]
fn ctrl_c_reaches_the_command_once_and_its_code_comes_back() {
    let sandbox = Sandbox::start(&["--limit", "10"]);
    let Some(terminal) = before(&sandbox) else { return };
    let trap =
        r#"sh -c 'trap "echo he\"\"ard; exit 7" INT; echo ready 7; while :; do sleep 0.02; done'"#;
    for (command, code) in [(trap, "7"), ("sh -c 'echo ready 130; exec sleep 600'", "130")] {
        terminal.type_line("clear; echo before the view");
        gate(&terminal, &format!("-q nginx -- {command}"));
        let ready = format!("ready {code}");
        wait_for(Duration::from_secs(20), || {
            terminal.screen().lines().any(|line| line.ends_with(&ready)).then_some(())
        })
        .expect("it runs");
        let program = terminal.program();
        let command = children(program);
        assert_eq!(command.len(), 1, "{}", terminal.screen());
        terminal.keys(&["C-c"]);
        let screen = terminal.sees(&format!("code {code}"));
        assert_eq!(
            screen.matches("heard").count(),
            usize::from(code == "7"),
            "once typed, once said:\n{screen}"
        );
        command.into_iter().chain([program]).for_each(ends);
        terminal.is_given_back(code);
    }
}
