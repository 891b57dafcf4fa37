//! The files that users copy from `examples/`: scripts are run before a sandbox, the others are read
//! by the programs they are for, and every dhlimit command in any of them is one that exists.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::harness::{Home, Outcome, Sandbox, program::Program, tools};

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name)
}

fn text(name: &str) -> String {
    fs::read_to_string(example(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A home whose search path holds the program under test.
fn home() -> Home {
    let home = Home::new();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_dhlimit"), home.path().join("bin/dhlimit"))
        .expect("a link to the program");
    home
}

/// A shell script of the examples, with the sandbox as Docker Hub.
fn script(sandbox: &Sandbox, name: &str, args: &[&str]) -> Program {
    let home = home();
    let path = example(name);
    let args = std::iter::once(path.as_os_str()).chain(args.iter().map(AsRef::as_ref));
    home.program("sh", args).envs(sandbox.as_docker_hub()).keep(home)
}

fn yaml(name: &str) -> Value {
    serde_saphyr::from_str(&text(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn the_check_loop_shows_the_count_and_stops_where_there_is_none() {
    let sandbox = Sandbox::start(&["--limit", "7"]);
    let outcome = script(&sandbox, "check-loop.sh", &["nginx"])
        .env("INTERVAL", "0.05")
        .env("TIMES", "3")
        .run();
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    assert_eq!((outcome.code, lines.len()), (Some(0), 3), "{outcome:?}");
    assert!(
        lines.iter().all(|line| line.ends_with("7 of 7 left, counted as 127.0.0.1")),
        "{outcome:?}"
    );
    let refused = Sandbox::start(&["--profile", "blocked"]);
    let outcome = script(&refused, "check-loop.sh", &[]).env("INTERVAL", "0.05").run();
    assert_eq!(outcome.code, Some(4), "{outcome:?}");
}

#[test]
fn the_pull_loop_pulls_until_the_429_and_passes_options_on() {
    let sandbox = Sandbox::start(&["--limit", "4"]);
    let run = |args: &[&str]| {
        script(&sandbox, "pull-loop.sh", args).env("RUNTIME", "builtin").run().expect_code(0)
    };
    let report = run(&["nginx", "-o", "json", "--count", "1"]).json();
    assert_eq!(
        (&report["pulls"], report["image"].as_str()),
        (&Value::from(1), Some("docker.io/library/nginx:latest"))
    );
    let report = run(&["-o", "json"]).json();
    assert_eq!(
        (report["stopped_by"].as_str(), &report["pulls"]),
        (Some("floor"), &Value::from(3)),
        "{report}"
    );
}

#[test]
fn the_ci_gate_runs_the_command_waits_and_says_why_not() {
    let sandbox = Sandbox::start(&["--limit", "4"]);
    let outcome = script(&sandbox, "ci-gate.sh", &["4"]).run();
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    for command in [
        &["1", "sh", "-c", "echo 'a  b'; exit 5"][..],
        &["1", "--", "sh", "-c", "echo 'a  b'; exit 5"],
    ] {
        let outcome = script(&sandbox, "ci-gate.sh", command).run();
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(5), "a  b\n"), "{outcome:?}");
    }
    let outcome = script(&sandbox, "ci-gate.sh", &["5"]).env("WAIT", "100ms").run();
    assert!(outcome.code == Some(1) && outcome.stderr.contains("ci-gate: closed"), "{outcome:?}");
    let outcome = script(&sandbox, "ci-gate.sh", &[]).run();
    assert!(outcome.code != Some(0) && outcome.stderr.contains("how many pulls"), "{outcome:?}");
}

/// The blocks of a Markdown file that open with ```` ```sh ```` and such a label, or none.
fn blocks(page: &str, label: &str) -> Vec<String> {
    let opening = format!("```sh {label}");
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if line == opening.trim_end() {
            let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            blocks.push(block.join("\n"));
        }
    }
    blocks
}

#[test]
fn the_lima_walk_through_runs_as_far_as_it_needs_no_lima() {
    let sandbox = Sandbox::start(&[]);
    let page = text("lima-walkthrough.md");
    let runnable = blocks(&page, "");
    assert!(runnable.len() >= 3, "{runnable:?}");
    for block in runnable {
        let home = home();
        let outcome =
            home.program("sh", ["-euc", &block]).envs(sandbox.as_docker_hub()).keep(home).run();
        assert_eq!(outcome.code, Some(0), "{block}\n{outcome:?}");
    }
    let commands: Vec<String> = blocks(&page, "hub")
        .iter()
        .flat_map(|block| block.lines().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let ours: Vec<&str> =
        commands.iter().filter_map(|line| line.find("dhlimit ").map(|at| &line[at..])).collect();
    assert!(ours.len() >= 3, "{commands:?}");
    for command in ours {
        // With --help at its end a command line is read, but nothing is done.
        let home = home();
        let outcome = home.program("sh", ["-c", &format!("{command} --help")]).keep(home).run();
        assert_eq!(outcome.code, Some(0), "{command}\n{outcome:?}");
    }
}

#[test]
fn the_textfile_script_puts_whole_metrics_in_place() {
    let sandbox = Sandbox::start(&["--limit", "6"]);
    let folder = Home::new();
    let target = folder.path().join("data");
    let run = |sandbox: &Sandbox| {
        script(sandbox, "systemd/dhlimit-textfile.sh", &[&target.display().to_string()]).run()
    };
    assert_eq!(run(&sandbox).code, Some(0));
    let file = target.join("dhlimit.prom");
    let metrics = fs::read_to_string(&file).expect("metrics");
    assert!(metrics.contains("# TYPE ") && metrics.contains("remaining"), "{metrics}");
    let entries = || {
        fs::read_dir(&target)
            .expect("the folder")
            .flatten()
            .map(|entry| entry.file_name())
            .collect::<Vec<_>>()
    };
    assert_eq!(entries(), ["dhlimit.prom"], "nothing else is left");
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &fs::metadata(&file).expect("the file").permissions(),
    );
    assert_eq!(mode & 0o777, 0o644);
    let refused = Sandbox::start(&["--profile", "blocked"]);
    let outcome = run(&refused);
    assert!(outcome.code.is_some() && entries() == ["dhlimit.prom"], "{outcome:?}");
    let gone = script(&sandbox, "systemd/dhlimit-textfile.sh", &["/no/such/folder"]).run();
    assert!(gone.code != Some(0), "{gone:?}");
}

#[test]
fn systemd_takes_the_units() {
    let Some(program) = tools::require("systemd-analyze") else { return };
    let home = Home::new();
    let mut service = text("systemd/dhlimit-textfile.service");
    let script = example("systemd/dhlimit-textfile.sh").display().to_string();
    assert!(service.contains("/usr/local/bin/dhlimit-textfile.sh"), "{service}");
    service = service
        .replace("/usr/local/bin/dhlimit-textfile.sh", &script)
        .replace("Documentation=man:dhlimit(1)\n", "");
    let service = home.write("units/dhlimit-textfile.service", &service);
    let timer = home.write("units/dhlimit-textfile.timer", &text("systemd/dhlimit-textfile.timer"));
    let outcome = home.program(program, ["verify", "--man=no"]).arg(service).arg(timer).run();
    let complaints: Vec<&str> =
        outcome.stderr.lines().filter(|line| line.contains("dhlimit-textfile")).collect();
    assert_eq!((outcome.code, complaints.as_slice()), (Some(0), [].as_slice()), "{outcome:?}");
}

#[test]
fn the_github_action_runs_the_gate_with_its_inputs() {
    let sandbox = Sandbox::start(&["--limit", "4"]);
    let action = yaml("github/action.yml");
    let step = &action["runs"]["steps"][0];
    let run = |inputs: &[(&str, &str)]| -> (Outcome, String) {
        let home = home();
        let outputs = home.write("outputs", "");
        let mut program = home.program(
            "bash",
            [
                "--noprofile",
                "--norc",
                "-eo",
                "pipefail",
                "-c",
                step["run"].as_str().expect("a script"),
            ],
        );
        program = program
            .envs(sandbox.as_docker_hub())
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_OUTPUT", &outputs);
        for (name, source) in step["env"].as_object().expect("variables") {
            let input = source
                .as_str()
                .and_then(|source| source.strip_prefix("${{ inputs.")?.strip_suffix(" }}"))
                .expect("an input");
            let default = action["inputs"][input]["default"]
                .as_str()
                .unwrap_or_else(|| panic!("{input} has no default"));
            let value =
                inputs.iter().find(|(name, _)| *name == input).map_or(default, |(_, value)| value);
            program = program.env(name, value);
        }
        let outcome = program.run();
        (outcome, fs::read_to_string(outputs).expect("the outputs"))
    };
    let (outcome, outputs) = run(&[]);
    assert_eq!(
        (outcome.code, outputs.as_str()),
        (Some(0), "verdict=open\nremaining=4\nlimit=4\n"),
        "{outcome:?}"
    );
    let (outcome, outputs) = run(&[("need", "5"), ("wait", "1s")]);
    assert!(outcome.code == Some(1) && outputs.starts_with("verdict=closed"), "{outcome:?}");
    assert!(outcome.stdout.starts_with("::error"), "{outcome:?}");
    let (outcome, _) = run(&[("image", "nginx; echo injected"), ("need", "1")]);
    assert!(outcome.code == Some(2) && !outcome.stdout.contains("injected"), "{outcome:?}");
    for (name, output) in action["outputs"].as_object().expect("outputs") {
        assert_eq!(output["value"], format!("${{{{ steps.gate.outputs.{name} }}}}"));
        assert!(outputs.contains("verdict="), "{outputs}");
    }
}

#[test]
fn the_github_workflow_installs_from_where_the_program_is() {
    let workflow = text("github/workflow.yml");
    let install: Vec<&str> =
        workflow.lines().filter(|line| line.contains("cargo install")).collect();
    assert!(
        matches!(install.as_slice(), [one] if one.contains("--locked --git https://")),
        "it is on no registry: {install:?}"
    );
}

#[test]
fn the_textfile_script_leaves_nothing_when_a_signal_ends_it() {
    let folder = Home::new();
    let target = folder.path().join("data");
    let entries = || fs::read_dir(&target).expect("the folder").count();
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let home = Home::new();
        let (asking, go) = (home.path().join("asking"), home.path().join("go"));
        let stand_in = format!(
            "#!/bin/sh\n: > '{}'\nuntil [ -e '{}' ]; do sleep 0.05; done\n",
            asking.display(),
            go.display()
        );
        home.script("dhlimit", &stand_in);
        let script = example("systemd/dhlimit-textfile.sh");
        // What runs the tests may have signals ignored, as nohup has, and a shell cannot catch those.
        let caught = [
            "--default-signal=HUP,INT,TERM".as_ref(),
            "sh".as_ref(),
            script.as_os_str(),
            target.as_os_str(),
        ];
        let mut running = home.program("env", caught).start();
        running.wait_until(Duration::from_secs(10), |_| asking.exists().then_some(()));
        assert_eq!(entries(), 1);
        running.signal(signal);
        fs::write(&go, "").expect("a file");
        let outcome = running.outcome();
        assert_eq!((outcome.code, entries()), (Some(1), 0), "{signal:?}: {outcome:?}");
    }
}

#[test]
fn the_github_workflow_passes_actionlint() {
    let Some(program) = tools::require("actionlint") else { return };
    let home = Home::new();
    home.write("home/.git/HEAD", "ref: refs/heads/main\n");
    home.write("home/.github/actions/dockerhub-gate/action.yml", &text("github/action.yml"));
    let workflow = home.write("home/.github/workflows/build.yml", &text("github/workflow.yml"));
    let outcome = home.program(&program, ["-no-color", "-verbose"]).arg(&workflow).run();
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(0), ""), "{outcome:?}");
    // The action itself was looked at: an input that it does not have is found.
    let wrong = text("github/workflow.yml").replace("          need:", "          needs:");
    home.write("home/.github/workflows/build.yml", &wrong);
    let outcome = home.program(&program, ["-no-color"]).arg(&workflow).run();
    assert!(
        outcome.code == Some(1) && outcome.stdout.contains("\"needs\" is not defined"),
        "{outcome:?}"
    );
}

#[test]
fn the_gitlab_template_runs_the_gate_and_hands_its_variables_on() {
    let sandbox = Sandbox::start(&["--limit", "40"]);
    let template = yaml("gitlab-ci.yml");
    let job = &template["dockerhub-gate"];
    let home = home();
    let mut program = home
        .program("sh", ["-ec", job["script"][0].as_str().expect("a script")])
        .envs(sandbox.as_docker_hub());
    program = program.env("GITLAB_CI", "true");
    for (name, value) in job["variables"].as_object().expect("variables") {
        program = program.env(name, value.as_str().expect("a text"));
    }
    let outcome = program.run();
    assert!(outcome.code == Some(0) && outcome.stderr.contains("section_start:"), "{outcome:?}");
    let report = job["artifacts"]["reports"]["dotenv"].as_str().expect("a file");
    let variables = fs::read_to_string(home.path().join("home").join(report)).expect("the report");
    assert!(variables.contains("DHLIMIT_GATE_REMAINING=40\n"), "{variables}");
    let later = template["build"]["script"].to_string();
    assert!(later.contains("DHLIMIT_GATE_REMAINING"), "{later}");
    let stages: Vec<&Value> = template["stages"].as_array().expect("stages").iter().collect();
    for name in ["dockerhub-gate", "build"] {
        assert!(stages.contains(&&template[name]["stage"]), "{name} is in no stage");
    }
}

/// A command line between quotes that follow a mark.
fn quoted<'a>(page: &'a str, mark: &str, quote: char) -> &'a str {
    let start = page.find(mark).map_or_else(|| panic!("no {mark}"), |at| at + mark.len());
    page[start..].split(quote).next().expect("a line")
}

#[test]
fn the_jenkins_stage_runs_a_gate_that_exists() {
    let sandbox = Sandbox::start(&["--limit", "40"]);
    let page = text("Jenkinsfile");
    let line = quoted(&page, "script: '", '\'');
    let home = home();
    let need = quoted(&page, "NEED = '", '\'');
    let outcome = home
        .program("sh", ["-xec", line])
        .env("NEED", need)
        .envs(sandbox.as_docker_hub())
        .limit(Duration::from_secs(20))
        .run();
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert!(outcome.stdout.contains("12 needed"), "{outcome:?}");
    for (open, close) in [('{', '}'), ('(', ')')] {
        assert_eq!(page.matches(open).count(), page.matches(close).count(), "{open}{close}");
    }
}

#[test]
fn the_nagios_and_icinga_commands_obey_the_plugin_contract() {
    let sandbox = Sandbox::start(&["--limit", "100"]);
    let home = home();
    let run = |line: &str| home.program("sh", ["-c", line]).envs(sandbox.as_docker_hub()).run();
    let page = text("nagios.cfg");
    let line = quoted(&page, "command_line    /usr/local/bin/", '\n');
    let arguments: Vec<&str> =
        quoted(&page, "check_command           check_dhlimit!", '\n').split('!').collect();
    let nagios = line.replace("$ARG1$", arguments[0]).replace("$ARG2$", arguments[1]);
    let page = text("icinga2.conf");
    let value = |name: &str| quoted(&page, &format!("vars.dhlimit_{name} = \""), '"').to_owned();
    let icinga = ["warning", "critical", "timeout"].iter().fold(
        format!("dhlimit check -o nagios {}", value("image")),
        |line, name| {
            assert!(page.contains(&format!("\"--{name}\" = \"$dhlimit_{name}$\"")), "{page}");
            format!("{line} --{name} {}", value(name))
        },
    );
    for line in [nagios, icinga] {
        let outcome = run(&line);
        assert!(
            outcome.code == Some(0) && outcome.stdout.starts_with("DHLIMIT OK - "),
            "{line}\n{outcome:?}"
        );
        assert!(outcome.stdout.contains("=100;20:;5:;0;100"), "{outcome:?}");
    }
}

#[test]
fn the_plans_come_to_what_stands_beside_them() {
    if tools::require("jq").is_none() {
        return;
    }
    for name in ["course", "morning", "ci", "rolling-update"] {
        let script = example(&format!("plan/{name}.sh"));
        let outcome = home().program("sh", [&script]).run().expect_code(0);
        assert_eq!(outcome.stdout, text(&format!("plan/{name}.txt")), "{name}: {outcome:?}");
        if let Some(shellcheck) = tools::require("shellcheck") {
            home().program(&shellcheck, [&script]).run().expect_code(0);
        }
    }
}
