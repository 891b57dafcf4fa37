//! Help as it is typed: the examples run, `help` and `version` are commands, the top screen says where to
//! start.

use dhlimit::cli::EXAMPLES;

use crate::harness::{Home, Sandbox, dhlimit};

/// A log with a failure.
const LOG: &str = "Error response from daemon: toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit\n";

/// Exit codes that an example may end with beside 0: where the machine or the log decides.
fn others(command: &str) -> &'static [i32] {
    match command {
        "plan" => &[1],
        // No server is there.
        "fleet" => &[3],
        // timeout's own.
        "serve" => &[124],
        _ => &[],
    }
}

#[test]
fn every_example_in_the_help_runs_as_it_stands() {
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_dhlimit"));
    let folder = program.parent().expect("a folder").display();
    for (command, examples) in EXAMPLES {
        assert!(matches!(*command, "completions" | "man") || examples.len() == 3, "{command}");
        let (home, sandbox) = (Home::new(), Sandbox::start(&[]));
        home.write("home/job.log", LOG);
        home.write("home/Dockerfile", "FROM nginx:1.27\n");
        let before = if *command == "report" {
            "[ -e pulls.jsonl ] || dhlimit watch nginx --for 2s --record pulls.jsonl >&2;"
        } else {
            ""
        };
        for (line, _) in *examples {
            // What serves goes on until it is ended.
            let ended = if *command == "serve" { "timeout -s INT 3" } else { "" };
            let script =
                format!("PATH={folder}:/usr/bin:/bin; cd \"$HOME\"; {before} {ended} {line}");
            let outcome = home
                .program("sh", ["-c", &script])
                .envs(sandbox.as_docker_hub())
                .env("DHLIMIT_LISTEN", "127.0.0.1:0")
                .run();
            let fine = outcome.code == Some(0)
                || outcome.code.is_some_and(|code| others(command).contains(&code));
            assert!(fine, "{line}: {outcome:?}");
        }
    }
}

#[test]
fn help_and_version_are_found_where_others_have_them() {
    let same = |typed: &[&str], as_option: &[&str]| {
        let (one, other) = (dhlimit(typed.iter()).run(), dhlimit(as_option.iter()).run());
        assert_eq!((one.code, &one.stdout), (Some(0), &other.stdout), "{typed:?}");
    };
    same(&["help"], &["--help"]);
    same(&["help", "check"], &["check", "--help"]);
    same(&["help", "mirror", "ecr"], &["mirror", "ecr", "--help"]);
    same(&["version"], &["--version"]);
    let wrong = dhlimit(["help", "chekc"]).run();
    assert!(wrong.code == Some(2) && wrong.stderr.contains("check"), "{wrong:?}");
    let top = dhlimit(["-h"]).run().stdout;
    assert!(top.contains("Start here: dhlimit stress --sandbox"), "{top}");
    assert!(top.lines().count() <= 40, "{top}");
}
