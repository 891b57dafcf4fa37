//! What every integration test is made of: a home that holds nothing of this machine's, programs
//! run in it with a limit on everything, a sandbox, and the real runtimes and registries.

pub(crate) mod home;
pub(crate) mod http;
pub(crate) mod program;
pub(crate) mod real;
pub(crate) mod sandbox;
pub(crate) mod secrets;
pub(crate) mod terminal;
pub(crate) mod tools;

pub(crate) use home::{Home, dhlimit};
pub(crate) use program::{Outcome, Running};
pub(crate) use sandbox::Sandbox;

use std::thread;
use std::time::{Duration, Instant};

/// Asks every few milliseconds until there is an answer, or the limit is over.
pub(crate) fn wait_for<T>(limit: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + limit;
    loop {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        if Instant::now() >= end {
            return None;
        }
        thread::sleep(Duration::from_millis(5));
    }
}

mod tests {
    use super::*;

    #[test]
    fn a_program_beyond_its_limit_is_killed_with_its_children() {
        let home = Home::new();
        let started = Instant::now();
        let running = home
            .program("sh", ["-c", "sleep 60 & sleep 60"])
            .limit(Duration::from_millis(200))
            .start();
        let outcome = running.outcome_even_if_late();
        assert!(outcome.timed_out, "{outcome:?}");
        assert!(started.elapsed() < Duration::from_secs(10));
        assert!(outcome.left_running().is_empty(), "{:?}", outcome.left_running());
    }

    #[test]
    fn a_child_left_behind_is_seen_and_does_not_hold_the_test_up() {
        let home = Home::new();
        let started = Instant::now();
        let outcome = home.program("sh", ["-c", "setsid sleep 47 & echo done"]).run();
        assert_eq!(outcome.stdout, "done\n");
        let left = outcome.left_running();
        assert!(left.iter().any(|process| process.command.contains("sleep 47")), "{left:?}");
        outcome.end_left_running();
        assert!(started.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn a_program_sees_nothing_of_this_machine_but_the_search_path() {
        let home = Home::new();
        let outcome = home.program("env", [""; 0]).run();
        let names: Vec<&str> =
            outcome.stdout.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
        for name in ["PATH", "HOME", "DOCKER_CONFIG", "XDG_CONFIG_HOME", "TMPDIR"] {
            assert!(names.contains(&name), "{name} is missing in {names:?}");
        }
        for line in outcome.stdout.lines().filter(|line| !line.starts_with("PATH=")) {
            let value = line.split_once('=').map_or("", |(_, value)| value);
            assert!(
                !value.starts_with('/') || value.starts_with(&home.path().display().to_string()),
                "{line}"
            );
        }
    }

    #[test]
    fn output_input_and_exit_code_come_back_whole() {
        let home = Home::new();
        let outcome =
            home.program("sh", ["-c", "cat; echo talk >&2; exit 7"]).stdin("answer").run();
        assert_eq!(
            (outcome.code, outcome.stdout.as_str(), outcome.stderr.as_str()),
            (Some(7), "answer", "talk\n")
        );
        assert!(outcome.peak_memory > 0);
    }
}
