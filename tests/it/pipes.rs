//! A password or a certificate that comes by a pipe: one that nobody writes to is given up within
//! `--timeout`, and a signal is heard meanwhile.

use std::path::PathBuf;
use std::time::Duration;

use rustix::process::Signal;

use crate::harness::{Home, Sandbox, tools};

/// The commands that ask a registry, with what keeps each of them short.
const COMMANDS: [&[&str]; 5] = [
    &["check", "nginx"],
    &["stress", "nginx", "--count", "1"],
    &["watch", "nginx", "--for", "1s"],
    &["gate", "nginx"],
    &["doctor"],
];
/// The options that read a pipe; `-` stands for standard input.
const OPTIONS: [(&[&str], i32); 3] = [
    (&["--user", "bob", "--password-file", "PIPE"], 4),
    (&["--ca-cert", "PIPE"], 2),
    (&["--user", "bob", "--password-stdin"], 4),
];
/// Longer than any of them needs on a busy machine, and shorter than for ever.
const SOON: Duration = Duration::from_secs(30);

/// A home with a pipe that nobody writes to.
fn silent_pipe() -> (Home, PathBuf) {
    let home = Home::new();
    let pipe = home.path().join("pipe");
    home.program("mkfifo", [&pipe]).run().expect_code(0);
    (home, pipe)
}

/// A command that waits for the pipe; opened for reading and writing it has no end as standard input.
fn waiting(
    home: &Home,
    pipe: &std::path::Path,
    command: &[&str],
    options: &[&str],
    timeout: &str,
) -> crate::harness::Running {
    let pipe = pipe.to_str().unwrap();
    let options = options.iter().map(|option| if *option == "PIPE" { pipe } else { option });
    let script = format!("exec \"$0\" \"$@\" 0<>'{pipe}'");
    let fixed = ["-c", &script, env!("CARGO_BIN_EXE_dhlimit")];
    let args: Vec<&str> = fixed
        .into_iter()
        .chain(command.iter().copied())
        .chain(["--timeout", timeout])
        .chain(options)
        .collect();
    home.program("sh", args).limit(SOON).start()
}

/// Whether the thread is there that reads what may have no end: by then signals are listened to.
fn is_reading(process: u32) -> bool {
    let threads =
        std::fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    threads
        .filter_map(|thread| std::fs::read_to_string(thread.path().join("comm")).ok())
        .any(|name| name.trim() == "aside")
}

#[test]
fn a_pipe_that_nobody_writes_to_is_given_up_in_time() {
    let (home, pipe) = silent_pipe();
    for command in COMMANDS {
        for (options, code) in OPTIONS {
            let outcome = waiting(&home, &pipe, command, options, "300ms").outcome();
            assert_eq!(outcome.code, Some(code), "{command:?} {options:?}: {outcome:?}");
            assert!(
                outcome.stderr.contains("it gives no end within the time limit"),
                "{command:?} {options:?}: {outcome:?}"
            );
        }
    }
}

#[test]
fn a_configuration_that_gives_no_end_is_given_up_in_time() {
    let (home, pipe) = silent_pipe();
    for options in [&["--config", "PIPE"][..], &["--config", "PIPE", "-v"]] {
        for command in COMMANDS {
            let outcome = waiting(&home, &pipe, command, options, "300ms").outcome();
            assert_eq!(outcome.code, Some(2), "{command:?}: {outcome:?}");
            assert!(
                outcome.stderr.contains("configuration file")
                    && outcome.stderr.contains("it gives no end within the time limit"),
                "{command:?}: {outcome:?}"
            );
        }
    }
    let program = home.dhlimit(["check", "nginx"]).env("DHLIMIT_TIMEOUT", "300ms");
    let outcome = program.env("DHLIMIT_CONFIG", &pipe).limit(SOON).run().expect_code(2);
    assert!(outcome.stderr.contains("within the time limit"), "{outcome:?}");
    // What is written to in time is read.
    let piped = "\"$0\" check nginx --sandbox --config <(sleep 0.2; echo \"timeout = 'odd'\")";
    let outcome = home.program("bash", ["-c", piped, env!("CARGO_BIN_EXE_dhlimit")]).run();
    assert!(outcome.code == Some(2) && outcome.stderr.contains("odd"), "{outcome:?}");
}

#[test]
fn files_without_an_end_are_refused_for_their_size() {
    let home = Home::new();
    let options: [(&[&str], i32); 3] = [
        (&["--ca-cert", "/dev/zero"], 2),
        (&["--config", "/dev/zero"], 2),
        (&["--user", "bob", "--password-file", "/dev/zero"], 4),
    ];
    for (options, code) in options {
        let fixed = ["check", "nginx", "--timeout", "5s"];
        let outcome = home.dhlimit(fixed.iter().chain(options)).limit(SOON).run();
        assert_eq!(outcome.code, Some(code), "{options:?}: {outcome:?}");
        assert!(outcome.stderr.contains("larger than 1048576 bytes"), "{options:?}: {outcome:?}");
        assert!(outcome.peak_memory < 64 << 20, "{options:?}: {}", outcome.peak_memory);
    }
}

#[test]
fn a_full_disk_behind_standard_output_is_named() {
    for command in [
        &["check", "nginx", "--sandbox"][..],
        &["check", "nginx", "--sandbox", "-o", "json"],
        &["gate", "nginx", "--sandbox"],
        &["watch", "nginx", "--sandbox", "--for", "1s"],
        &["completions", "bash"],
        &["man"],
    ] {
        let script = ["-c", "exec \"$0\" \"$@\" > /dev/full", env!("CARGO_BIN_EXE_dhlimit")];
        let outcome = Home::new().program("sh", script.iter().chain(command)).limit(SOON).run();
        assert_eq!(outcome.code, Some(2), "{command:?}: {outcome:?}");
        assert!(outcome.stderr.contains("standard output"), "{command:?}: {outcome:?}");
    }
}

#[test]
fn a_home_of_another_is_passed_over_unless_its_file_is_named() {
    if !tools::require_root() || tools::require("setpriv").is_none() {
        return;
    }
    let home = Home::new();
    let script = "install -d -m 700 shut && cp \"$0\" dhlimit && chmod 755 . dhlimit && \
                  unset XDG_CONFIG_HOME && HOME=$PWD/shut \
                  exec setpriv --reuid 4242 --regid 4242 --clear-groups ./dhlimit \"$@\"";
    let run = |args: &[&str]| {
        let fixed = ["-c", script, env!("CARGO_BIN_EXE_dhlimit")];
        home.program("sh", fixed.iter().chain(args)).directory(home.path()).run()
    };
    for (args, code, said) in [
        (&["gate", "nginx", "--sandbox"][..], 0, true),
        (&["check", "nginx", "--sandbox", "-q"], 0, false),
        (&["check", "nginx", "--sandbox", "--config", "shut/config.toml"], 2, true),
    ] {
        let outcome = run(args).expect_code(code);
        let words = outcome.stderr.contains("cannot read the configuration file");
        assert_eq!(words, said, "{args:?}: {outcome:?}");
    }
}

#[test]
fn a_docker_config_that_is_no_folder_is_told_and_nothing_stops() {
    let home = Home::new();
    home.write("docker/config.json", "{}");
    let folder = home.path().join("docker").display().to_string();
    for (value, said) in [
        (format!("{folder}/config.json"), "is a file, not a folder"),
        (format!("{folder}/none"), "does not exist"),
        ("~/.docker".to_owned(), "begins with a literal ~"),
        (folder, ""),
    ] {
        let run = |args: &[&str]| {
            let program = home.dhlimit(args).env("DOCKER_CONFIG", &value);
            program.env("DHLIMIT_REGISTRY_URL", "http://127.0.0.1:9").run()
        };
        for args in [&["check", "nginx"][..], &["gate", "nginx"], &["check", "nginx", "-q"]] {
            let outcome = run(args).expect_code(3);
            let told = said.is_empty() || args.contains(&"-q");
            assert_eq!(
                outcome.stderr.contains("DOCKER_CONFIG"),
                !told,
                "{value} {args:?}: {outcome:?}"
            );
            assert!(told || outcome.stderr.contains(said), "{outcome:?}");
        }
    }
}

#[test]
fn a_signal_ends_the_wait_for_a_pipe() {
    let (home, pipe) = silent_pipe();
    for (signal, command) in [Signal::INT, Signal::TERM].into_iter().cycle().zip(COMMANDS) {
        for (options, _) in OPTIONS {
            let mut running = waiting(&home, &pipe, command, options, "10m");
            running.wait_until(SOON, |running| is_reading(running.id()).then_some(()));
            running.signal(signal);
            let outcome = running.outcome();
            assert_eq!(outcome.code, Some(130), "{command:?} {options:?}: {outcome:?}");
        }
    }
}

#[test]
fn what_a_pipe_takes_is_part_of_the_whole_time() {
    let sandbox = Sandbox::start(&["--account", "ann:secret", "--latency", "2s"]);
    let home = Home::new();
    let script = "sleep 2; echo secret";
    let piped =
        format!("({script}) | \"$0\" check nginx --user ann --password-stdin --timeout 3s -o json");
    let program = home
        .program("sh", ["-c", &piped, env!("CARGO_BIN_EXE_dhlimit")])
        .envs(sandbox.as_docker_hub());
    let outcome = program.run().expect_code(3);
    assert_eq!(outcome.json()["readings"][0]["error"]["kind"], "timeout", "{outcome:?}");
}
