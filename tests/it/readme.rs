//! The README is run: every `console` block against a sandbox, its output compared but for numbers
//! that change; every line of its `sh` blocks is run, or is what runs this; the exit-code table is the enum's.

use std::fs;
use std::time::Duration;

use dhlimit::Exit;
use rustix::process::Signal;

use crate::harness::real::Containerd;
use crate::harness::{Home, Sandbox, tools::require};

fn readme() -> String {
    fs::read_to_string("README.md").expect("README.md")
}

/// The blocks of a language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    text.split(&fence)
        .skip(1)
        .filter_map(|rest| rest.split_once("\n```").map(|(block, _)| block.to_owned()))
        .collect()
}

/// Commands with the output shown below each.
fn commands(block: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for line in block.lines() {
        match (line.strip_prefix("$ "), found.last_mut()) {
            (Some(command), _) => found.push((command.to_owned(), String::new())),
            (None, Some((_, output))) => output.push_str(&format!("{line}\n")),
            (None, None) => panic!("a console block begins with output: {line}"),
        }
    }
    found
}

/// Times of day, spans and milliseconds become letters; runs of spaces and lines one of each.
fn settled(output: &str) -> String {
    let mut words = Vec::new();
    for line in output.lines() {
        let mut line_words: Vec<String> = Vec::new();
        for word in line.split_whitespace() {
            let core = word.trim_matches(['(', ')', '.', ',']);
            let is_time = core.len() == 8
                && core.bytes().enumerate().all(|(at, byte)| {
                    if at % 3 == 2 { byte == b':' } else { byte.is_ascii_digit() }
                });
            let is_span = core.len() > 1
                && core.ends_with(['s', 'm'])
                && core[..core.len() - 1].bytes().all(|byte| byte.is_ascii_digit());
            line_words.push(if is_time {
                "TIME".to_owned()
            } else if is_span && !line.contains("limit of") {
                "SPAN".to_owned()
            } else {
                word.to_owned()
            });
        }
        let mut line_words: Vec<String> =
            line_words.into_iter().map(|word| word.replace('─', "")).collect();
        line_words.dedup_by(|next, word| word == "SPAN" && next == "SPAN");
        for at in 1..line_words.len() {
            if line_words[at] == "ms" {
                line_words[at - 1] = "N".to_owned();
            }
        }
        words.push(line_words.join(" "));
    }
    words.join("\n")
}

#[test]
fn every_console_block_of_the_readme_prints_what_it_shows() {
    if require("jq").is_none() || require("curl").is_none() {
        return;
    }
    for block in blocks(&readme(), "console") {
        let sandbox = Sandbox::start(&[]);
        let home = Home::new();
        home.script(
            "dhlimit",
            &format!("#!/bin/sh\nexec '{}' \"$@\"\n", env!("CARGO_BIN_EXE_dhlimit")),
        );
        for (command, shown) in commands(&block) {
            let outcome = home
                .program("sh", ["-c", &command])
                .envs(sandbox.as_docker_hub())
                .limit(Duration::from_secs(60))
                .run()
                .expect_code(0);
            assert_eq!(settled(&outcome.stdout), settled(&shown), "$ {command}\n{outcome:?}");
        }
    }
}

#[test]
fn every_line_of_the_readmes_sh_blocks_is_run() {
    let readme = readme();
    let sandbox = Sandbox::start(&[]);
    let home = Home::new();
    for block in blocks(&readme, "sh") {
        match block.as_str() {
            // This is one of its tests.
            "tests/run" => assert!(fs::metadata("tests/run").is_ok()),
            "dhlimit serve" => {
                let mut serve = home
                    .dhlimit(["serve"])
                    .envs(sandbox.as_docker_hub())
                    // The usual port may be somebody's.
                    .env("DHLIMIT_LISTEN", "127.0.0.1:0")
                    .start();
                serve.wait_until(Duration::from_secs(20), |serve| {
                    serve.stdout().starts_with("http://127.0.0.1:").then_some(())
                });
                serve.signal(Signal::INT);
                serve.outcome().expect_code(130);
            }
            "dhlimit watch" => {
                let mut watch = home.dhlimit(["watch"]).envs(sandbox.as_docker_hub()).start();
                watch.wait_until(Duration::from_secs(20), |watch| {
                    watch.stdout().contains("pulls left").then_some(())
                });
                watch.signal(Signal::INT);
                watch.outcome().expect_code(130);
            }
            line => {
                // cargo builds and runs the program that is here already.
                let line = line.replace("cargo run --release --", "dhlimit");
                let args: Vec<&str> = line
                    .strip_prefix("dhlimit ")
                    .unwrap_or_else(|| panic!("not ours: {line}"))
                    .split(' ')
                    .collect();
                let program = home
                    .dhlimit(&args)
                    .envs(sandbox.as_docker_hub())
                    .limit(Duration::from_secs(120));
                if !line.contains("--runtime nerdctl") {
                    program.run().expect_code(0);
                } else if let (Some(_), Some(containerd)) =
                    (require("nerdctl"), Containerd::start())
                {
                    let outcome = program.envs(containerd.environment()).run().expect_code(0);
                    assert_eq!(containerd.images(), [""; 0], "{outcome:?}");
                }
            }
        }
    }
}

#[test]
fn the_exit_code_table_of_the_readme_is_the_enums() {
    let readme = readme();
    let table: Vec<&str> = readme
        .split("| code | meaning |\n|---|---|\n")
        .nth(1)
        .expect("the table")
        .lines()
        .take_while(|line| line.starts_with('|'))
        .collect();
    let expected: Vec<String> =
        Exit::ALL.iter().map(|exit| format!("| {} | {} |", exit.code(), exit.meaning())).collect();
    assert_eq!(table, expected);
}

/// A command and all below it.
fn all(command: clap::Command) -> Vec<clap::Command> {
    let below = command.get_subcommands().cloned().flat_map(all).collect::<Vec<_>>();
    std::iter::once(command).chain(below).collect()
}

#[test]
fn every_option_the_readme_names_exists() {
    let readme = readme();
    let help: String = all(dhlimit::cli::command())
        .into_iter()
        .map(|mut command| command.render_long_help().to_string())
        .collect();
    let foreign = ["--release", "--path", "--now", "--formula", "--repo"];
    for word in readme
        .split(|character: char| !(character.is_ascii_alphanumeric() || character == '-'))
        .filter(|word| word.starts_with("--") && word.len() > 4)
    {
        assert!(
            help.contains(word) || foreign.contains(&word),
            "README names {word}, which no command has"
        );
    }
}

#[test]
fn the_readme_configuration_is_taken() {
    let [toml, allowed]: [String; 2] =
        blocks(&readme(), "toml").try_into().expect("a configuration, and an allow-list");
    let sandbox = Sandbox::start(&[]);
    let home = Home::new();
    let secret = home.write("secret", "a-password\n");
    let file = home.write(
        "config.toml",
        &toml.replace("/run/secrets/dockerhub", &secret.display().to_string()),
    );
    let outcome = home
        .dhlimit(["check", "--anonymous", "-o", "json", "--config"])
        .arg(&file)
        .envs(sandbox.as_docker_hub())
        .run()
        .expect_code(0);
    assert_eq!(outcome.json()["readings"][0]["state"], "limited", "{outcome:?}");
    let file = home.write("allowed.toml", &allowed);
    let scan = ["scan", "--rule", "hub-reference=error", "--as", "dockerfile", "-o", "json", "-"];
    let scan = home.dhlimit(scan).arg("--config").arg(&file);
    let found = scan.stdin("FROM acme/app:1\nFROM other/app:1\n").run().expect_code(0).json();
    let of = |list: &serde_json::Value| -> Vec<(String, serde_json::Value)> {
        let all = list.as_array().cloned().unwrap_or_default();
        let ours = all.into_iter().filter(|one| one["rule"] == "hub-reference");
        ours.map(|one| (one["line"].to_string(), one["reason"].clone())).collect()
    };
    let reason = "our own images, paid for".into();
    assert_eq!(of(&found["suppressed"]), [("1".to_owned(), reason)], "{found}");
    assert_eq!(of(&found["findings"]), [("2".to_owned(), serde_json::Value::Null)], "{found}");
}
