//! `gate` as a pipeline calls it: its exit codes, the command it runs, its waits, and what GitHub and
//! GitLab read of it. The pure truth table is beside the code; here each of its rows is had from a
//! registry.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::harness::{Home, Outcome, Running, Sandbox, dhlimit, http};

const IMAGE: &str = "nginx";

fn set(sandbox: &Sandbox, change: &Value) {
    let answer = http::post(&format!("{}/_sandbox/set", sandbox.url()), change);
    assert!(answer.status < 300, "{change}: {}", answer.body);
}

fn left(sandbox: &Sandbox, remaining: u64) {
    set(sandbox, &json!({"identity": "127.0.0.1", "remaining": remaining}));
}

/// `gate` with these arguments in front of a sandbox.
fn gate(sandbox: &Sandbox, args: &[&str]) -> Outcome {
    start(sandbox, args).outcome()
}

fn start(sandbox: &Sandbox, args: &[&str]) -> Running {
    let home = Home::new();
    let program = home.dhlimit(["gate"].iter().chain(args)).envs(sandbox.as_docker_hub());
    program.keep(home).start()
}

fn heads(sandbox: &Sandbox) -> Vec<Value> {
    sandbox.log().into_iter().filter(|line| line["method"] == "HEAD").collect()
}

#[test]
fn a_need_is_what_a_scan_of_a_folder_finds() {
    let sandbox = Sandbox::start(&["--limit", "10"]);
    let home = Home::new();
    home.write("tree/Dockerfile", "FROM nginx:1\nFROM redis:7\nFROM quay.io/a/b:1\n");
    home.write("tree/.github/workflows/x.yml", "on: push\njobs: {a: {container: 'x/y:1'}}\n");
    let tree = home.path().join("tree").display().to_string();
    for (left_over, more, need, code) in [
        (3, &[][..], 3, 0),
        (2, &[], 3, 1),
        (3, &["--need", "4"], 4, 1),
        (4, &["--need", "4"], 4, 0),
        (2, &["--need", "10%"], 3, 1),
        (3, &["--need", "10%"], 3, 0),
        (3, &["--need", "40%"], 4, 1),
        (3, &["--need-percent", "40"], 4, 1),
    ] {
        left(&sandbox, left_over);
        let args = [&["-o", "json", "--need-for", &tree, IMAGE], more].concat();
        let outcome = gate(&sandbox, &args).expect_code(code);
        assert_eq!(outcome.json()["need"], need, "{more:?}: {outcome:?}");
        assert!(outcome.stderr.contains("needs 3 pulls"), "{outcome:?}");
    }
    gate(&sandbox, &["--need-for", "/nowhere/at/all", IMAGE]).expect_code(2);
}

#[test]
fn each_state_of_the_registry_has_its_verdict_and_exit_code() {
    let sandbox = Sandbox::start(&["--limit", "10"]);
    let verdict = |args: &[&str]| {
        let outcome = gate(&sandbox, &[&["-o", "json", IMAGE], args].concat());
        (
            outcome.json()["verdict"].as_str().expect("a verdict").to_owned(),
            outcome.code.expect("an exit code"),
        )
    };
    let is = |args: &[&str], wanted: &str, code: i32| {
        assert_eq!(verdict(args), (wanted.to_owned(), code), "{args:?}");
    };
    is(&[], "open", 0);
    is(&["--need", "10", "--need-percent", "100"], "open", 0);
    is(&["--need", "11", "--wait=1h"], "closed", 1);
    left(&sandbox, 3);
    is(&["--need", "3"], "open", 0);
    is(&["--need", "4"], "closed", 1);
    is(&["--need", "30%"], "open", 0);
    is(&["--need", "30.1%"], "closed", 1);
    is(&["--need-percent", "30"], "open", 0);
    is(&["--need-percent", "30.1"], "closed", 1);
    left(&sandbox, 0);
    is(&["--on-unknown", "pass"], "closed", 1);
    for (profile, rows) in [
        ("exempt", [("open", 0), ("unknown", 5), ("open", 0)]),
        ("abuse", [("closed", 7); 3]),
        ("blocked", [("closed", 4); 3]),
    ] {
        set(&sandbox, &json!({"profile": profile}));
        let flags: [&[&str]; 3] = [&[], &["--on-unlimited", "fail"], &["--on-unknown", "pass"]];
        for (flags, (wanted, code)) in flags.into_iter().zip(rows) {
            assert_eq!(verdict(flags), (wanted.to_owned(), code), "{profile} {flags:?}");
        }
    }
}

#[test]
fn a_registry_that_cannot_be_asked_opens_nothing_unless_told_to() {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|socket| socket.local_addr())
        .expect("a free port")
        .port();
    let url = format!("http://127.0.0.1:{port}");
    let run = |args: &[&str]| {
        let home = Home::new();
        let program = home.dhlimit(
            ["gate", "-o", "json", "--registry-url", &url, "--auth-url", &url].iter().chain(args),
        );
        let outcome = program.keep(home).run();
        let report = if outcome.stdout.is_empty() { Value::Null } else { outcome.json() };
        (report["verdict"].clone(), report["passes"].clone(), outcome)
    };
    for (args, passes, code) in
        [(["--on-unknown", "fail"], false, 3), (["--on-unknown", "pass"], true, 0)]
    {
        let (verdict, said, outcome) = run(&args);
        assert_eq!(
            (verdict, said, outcome.code),
            (json!("unknown"), json!(passes), Some(code)),
            "{outcome:?}"
        );
    }
    // Waiting for a bare window where none is known is not waiting; a span that is named is waited.
    let (_, _, outcome) = run(&["--wait"]);
    assert!(outcome.code == Some(3) && outcome.stderr.contains("not waiting"), "{outcome:?}");
    let (_, _, outcome) = run(&["--wait=1s"]);
    assert!(outcome.code == Some(3) && outcome.stderr.contains("next check in"), "{outcome:?}");
    let (_, _, outcome) = run(&["--on-unknown", "pass", "--user", "nobody"]);
    assert_eq!(
        outcome.code,
        Some(4),
        "credentials that are not there are no unknown limit: {outcome:?}"
    );
}

#[test]
fn a_gate_stands_before_one_identity() {
    let sandbox = Sandbox::start(&[]);
    for wrong in [
        ["--all-identities", IMAGE],
        ["--family=both", IMAGE],
        ["--need=0", IMAGE],
        ["--need=0%", IMAGE],
        ["--need=101%", IMAGE],
        ["--need-percent=0", IMAGE],
        ["--max-use=3", IMAGE],
    ] {
        let outcome = gate(&sandbox, &wrong);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""), "{outcome:?}");
    }
}

#[test]
fn a_command_runs_only_behind_an_open_gate_and_its_exit_code_is_passed_on() {
    let sandbox = Sandbox::start(&["--limit", "10"]);
    let outcome =
        gate(&sandbox, &[IMAGE, "--", "sh", "-c", "cat; echo mine; echo talk >&2; exit 42"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(42), "mine\n"), "{outcome:?}");
    assert!(
        outcome.stderr.contains("talk\n") && outcome.stderr.contains("the command used 0 pulls"),
        "{outcome:?}"
    );
    let quiet = gate(&sandbox, &["-q", IMAGE, "--", "sh", "-c", "echo mine"]);
    assert_eq!(
        (quiet.code, quiet.stdout.as_str(), quiet.stderr.as_str()),
        (Some(0), "mine\n", ""),
        "{quiet:?}"
    );
    let killed = gate(&sandbox, &[IMAGE, "--", "sh", "-c", "kill -KILL $$"]);
    assert_eq!(killed.code, Some(137), "{killed:?}");
    let missing = gate(&sandbox, &[IMAGE, "--", "/no/such/program"]);
    assert!(missing.code == Some(2) && missing.stderr.contains("/no/such/program"), "{missing:?}");
    left(&sandbox, 0);
    for flags in [&[][..], &["--on-unknown", "pass"], &["--wait=300ms"]] {
        let closed = gate(&sandbox, &[flags, &[IMAGE, "--", "sh", "-c", "echo ran"]].concat());
        assert_eq!((closed.code, closed.stdout.as_str()), (Some(1), ""), "{closed:?}");
    }
}

#[test]
fn what_a_command_uses_is_counted_and_may_be_bounded() {
    let sandbox = Sandbox::start(&["--limit", "10"]);
    let pulls = |most: &str| {
        let dhlimit = env!("CARGO_BIN_EXE_dhlimit");
        gate(
            &sandbox,
            &[
                "-o",
                "json",
                "--max-use",
                most,
                IMAGE,
                "--",
                dhlimit,
                "stress",
                "-q",
                "--count",
                "2",
                IMAGE,
            ],
        )
    };
    for (most, code, before) in [("2", 0, 10), ("1", 1, 8)] {
        let outcome = pulls(most);
        assert_eq!(outcome.code, Some(code), "{outcome:?}");
        let at = outcome.stderr.find('{').expect("a report on standard error");
        let report: Value = serde_json::from_str(&outcome.stderr[at..]).expect("JSON");
        let counted = json!({
            "exit_code": 0, "used": 2, "used_at_least": false,
            "remaining_before": before, "remaining_after": before - 2,
        });
        assert_eq!(report["command"], counted);
        assert_eq!(report["verdict"], "open");
    }
    let failed = gate(&sandbox, &["--max-use", "0", IMAGE, "--", "sh", "-c", "exit 9"]);
    assert_eq!(failed.code, Some(9), "the command's own failure goes before: {failed:?}");
}

#[test]
fn signals_reach_the_command_and_its_answer_comes_back() {
    let sandbox = Sandbox::start(&[]);
    for (signal, name, code) in
        [(Signal::TERM, "TERM", 41), (Signal::INT, "INT", 42), (Signal::USR1, "USR1", 43)]
    {
        let script = format!("trap 'exit {code}' {name}; echo ready; while :; do sleep 0.02; done");
        let mut running = start(&sandbox, &[IMAGE, "--", "sh", "-c", &script]);
        running.wait_until(Duration::from_secs(20), |running| {
            running.stdout().contains("ready").then_some(())
        });
        running.signal(signal);
        let outcome = running.outcome();
        assert_eq!(outcome.code, Some(code), "{outcome:?}");
        assert!(outcome.left_running().is_empty(), "{outcome:?}");
    }
}

#[test]
fn an_interrupt_ends_the_wait() {
    let sandbox = Sandbox::start(&["--limit", "3"]);
    left(&sandbox, 0);
    for signal in [Signal::INT, Signal::TERM] {
        let mut running = start(&sandbox, &["--wait", IMAGE, "--", "sh", "-c", "echo ran"]);
        running.wait_until(Duration::from_secs(20), |running| {
            running.stderr().contains("next check in").then_some(())
        });
        let asked = Instant::now();
        running.signal(signal);
        let outcome = running.outcome();
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(130), ""), "{outcome:?}");
        assert!(outcome.stderr.contains("interrupted: still closed: "), "{outcome:?}");
        assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    }
}

#[test]
fn a_count_that_is_full_all_of_a_sudden_is_looked_at_twice() {
    let sandbox = Sandbox::start(&["--limit", "5"]);
    left(&sandbox, 0);
    let mut running = start(&sandbox, &["--wait=30s", "-o", "json", IMAGE]);
    running.wait_until(Duration::from_secs(20), |running| {
        running.stderr().contains("next check in").then_some(())
    });
    left(&sandbox, 5);
    let outcome = running.outcome();
    assert_eq!(
        (outcome.code, outcome.json()["verdict"].as_str()),
        (Some(0), Some("open")),
        "{outcome:?}"
    );
    assert!(outcome.stderr.contains("unexpected jump to full"), "{outcome:?}");
    let full = heads(&sandbox).iter().filter(|line| line["remaining"] == 5).count();
    assert_eq!(full, 2, "{outcome:?}");
}

/// Milliseconds since the epoch of a time in the sandbox's log.
fn milliseconds(line: &Value) -> i64 {
    let at = line["at"].as_str().expect("a time");
    chrono::DateTime::parse_from_rfc3339(at).expect("RFC 3339").timestamp_millis()
}

#[test]
fn twenty_gates_at_one_window_spread_their_looks_and_all_open() {
    let sandbox = Sandbox::start(&["--limit", "4", "--window", "6s", "--law", "fixed"]);
    left(&sandbox, 0);
    let mut gates: Vec<Running> = (0..20).map(|_| start(&sandbox, &["--wait", IMAGE])).collect();
    for gate in &mut gates {
        gate.wait_until(Duration::from_secs(30), |running| {
            running.stderr().contains("next check in").then_some(())
        });
    }
    for outcome in gates.into_iter().map(Running::outcome) {
        assert_eq!(outcome.code, Some(0), "{outcome:?}");
        assert!(outcome.stdout.contains("open: "), "{outcome:?}");
    }
    let looks = heads(&sandbox);
    let times: Vec<i64> = looks.iter().map(milliseconds).collect();
    let (first, last) = (times.iter().min().expect("looks"), times.iter().max().expect("looks"));
    // No gate looks more often than five times a second on loopback, and the wait is two windows.
    let most = 20 * (usize::try_from(last - first).expect("a span") / 200 + 2);
    assert!(
        times.len() >= 60 && times.len() <= most,
        "{} looks in {} ms",
        times.len(),
        last - first
    );
    // In step, twenty gates would fill few slots of 20 ms and leave the others empty.
    let slots: BTreeSet<i64> = times.iter().map(|time| time / 20).collect();
    assert!(
        slots.len() * 3 >= times.len(),
        "{} looks fall into {} slots of 20 ms",
        times.len(),
        slots.len()
    );
}

#[test]
fn a_wait_without_hope_in_time_ends_closed() {
    let sandbox = Sandbox::start(&["--limit", "4"]);
    left(&sandbox, 0);
    let started = Instant::now();
    let outcome = gate(&sandbox, &["--wait=1s", "-o", "json", IMAGE]);
    assert_eq!(
        (outcome.code, outcome.json()["verdict"].as_str()),
        (Some(1), Some("closed")),
        "{outcome:?}"
    );
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    assert!(outcome.stderr.contains("timed out waiting"), "{outcome:?}");
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn github_is_told_by_annotation_summary_and_outputs() {
    let sandbox = Sandbox::start(&["--limit", "10"]);
    let home = Home::new();
    let (outputs, summary) = (home.write("outputs", "before=1\n"), home.path().join("summary"));
    let run = |args: &[&str]| {
        let program =
            home.dhlimit(["gate", IMAGE].iter().chain(args)).envs(sandbox.as_docker_hub());
        program
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_OUTPUT", &outputs)
            .env("GITHUB_STEP_SUMMARY", &summary)
            .run()
    };
    let outcome = run(&[]);
    assert!(
        outcome.code == Some(0) && outcome.stdout.starts_with("::notice title=Gate for docker.io"),
        "{outcome:?}"
    );
    assert_eq!(read(&outputs), "before=1\nverdict=open\nremaining=10\nlimit=10\n");
    assert!(read(&summary).contains("open: 10 of 10 pulls left"), "{}", read(&summary));
    let json = run(&["-o", "json"]);
    assert!(json.json()["passes"] == true && json.stderr.contains("::notice"), "{json:?}");
    let with_command = run(&["--", "echo", "mine"]);
    assert_eq!(with_command.stdout, "mine\n");
    assert!(
        with_command.stderr.contains("::notice")
            && read(&outputs)
                .ends_with("limit=10\nused=0\nremaining_before=10\nremaining_after=10\n"),
        "{with_command:?}"
    );
    left(&sandbox, 0);
    let closed = run(&[]);
    assert!(closed.code == Some(1) && closed.stdout.starts_with("::error"), "{closed:?}");
    assert!(
        read(&outputs).contains("verdict=closed\nremaining=0\nlimit=10\nenough_at=20"),
        "{}",
        read(&outputs)
    );
}

#[test]
fn gitlab_has_a_section_and_a_dotenv_report() {
    let sandbox = Sandbox::start(&["--limit", "10"]);
    let home = Home::new();
    let dotenv = home.path().join("gate.env");
    let program = home
        .dhlimit(["gate", IMAGE, "--dotenv"])
        .arg(&dotenv)
        .envs(sandbox.as_docker_hub())
        .env("GITLAB_CI", "true");
    let outcome = program.run().expect_code(0);
    assert_eq!(
        read(&dotenv),
        "DHLIMIT_GATE_VERDICT=open\nDHLIMIT_GATE_REMAINING=10\nDHLIMIT_GATE_LIMIT=10\n"
    );
    let (start, end) = (
        outcome.stderr.find("\u{1b}[0Ksection_start:"),
        outcome.stderr.find("\u{1b}[0Ksection_end:"),
    );
    assert!(start.is_some() && start < end, "{outcome:?}");
    assert!(
        outcome.stdout.contains("open: 10 of 10") && !outcome.stdout.contains('\u{1b}'),
        "{outcome:?}"
    );
    let unwritable = home
        .dhlimit(["gate", IMAGE, "--dotenv", "/no/such/folder/file"])
        .envs(sandbox.as_docker_hub())
        .run();
    assert!(unwritable.code == Some(2) && unwritable.stdout.is_empty(), "{unwritable:?}");
}

#[test]
fn the_gate_s_own_sandbox_is_there_for_the_command_too() {
    let home = Home::new();
    let script = "case $DHLIMIT_REGISTRY_URL in http://127.0.0.1:*) echo there ;; esac";
    let outcome = home.dhlimit(["gate", "--sandbox", "--", "sh", "-c", script]).run();
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(0), "there\n"), "{outcome:?}");
}

#[test]
fn a_gate_whose_reader_has_gone_is_no_more_open_than_before() {
    let sandbox = Sandbox::start(&["--limit", "3"]);
    for (args, code) in [
        ("gate -q --need 9 nginx", 1),
        ("gate -q nginx", 0),
        ("check -q missing/image", 4),
        ("check -q -c 9 nginx", 1),
    ] {
        let home = Home::new();
        // The reader is gone before anything is written.
        let script = format!(
            "( sleep 0.3; '{}' {args} --dotenv report.env; echo $? > code ) | true; cat code",
            env!("CARGO_BIN_EXE_dhlimit")
        );
        let script = if args.starts_with("check") {
            script.replace(" --dotenv report.env", "")
        } else {
            script
        };
        let outcome = home
            .program("sh", ["-c", &script])
            .directory(home.path())
            .envs(sandbox.as_docker_hub())
            .run()
            .expect_code(0);
        assert_eq!(outcome.stdout.trim(), code.to_string(), "{args}: {outcome:?}");
        if args.starts_with("gate") {
            let verdict =
                if code == 0 { "DHLIMIT_GATE_VERDICT=open" } else { "DHLIMIT_GATE_VERDICT=closed" };
            assert!(
                fs::read_to_string(home.path().join("report.env"))
                    .expect("a report")
                    .starts_with(verdict),
                "{args}"
            );
        }
    }
}

#[test]
fn a_report_is_there_from_the_start_and_says_that_nothing_is_known() {
    let home = Home::new();
    let file = home.write("report.env", "SOMETHING=old\n");
    let run = home.dhlimit(["gate", "--dotenv"]).arg(&file).arg("Foo/BAR").run();
    assert_eq!(run.code, Some(2), "{run:?}");
    assert_eq!(fs::read_to_string(&file).expect("a report"), "DHLIMIT_GATE_VERDICT=unknown\n");
}

#[test]
fn a_window_that_turns_over_meanwhile_hides_nothing() {
    let sandbox = Sandbox::start(&["--limit", "10", "--window", "4s", "--law", "fixed"]);
    let spend = |count: &str| {
        format!("'{}' stress -q --count {count} > /dev/null", env!("CARGO_BIN_EXE_dhlimit"))
    };
    Home::new()
        .program("sh", ["-c", &spend("5")])
        .envs(sandbox.as_docker_hub())
        .run()
        .expect_code(0);
    let slow = format!("sleep 5; {}", spend("3"));
    let outcome = gate(&sandbox, &["--max-use", "1", "--", "sh", "-c", &slow]);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    assert!(
        outcome.stderr.contains("the command used at least 3 pulls, more than the 1 allowed"),
        "{outcome:?}"
    );
}

#[test]
fn pulls_that_come_back_meanwhile_hide_none_of_the_command_s() {
    let sandbox = Sandbox::start(&["--limit", "10", "--window", "6s"]);
    let spend = |count: &str| {
        format!("'{}' stress -q --count {count} > /dev/null", env!("CARGO_BIN_EXE_dhlimit"))
    };
    Home::new()
        .program("sh", ["-c", &spend("2")])
        .envs(sandbox.as_docker_hub())
        .run()
        .expect_code(0);
    let slow = format!("{}; sleep 4", spend("3"));
    std::thread::sleep(Duration::from_secs(3));
    let outcome = gate(&sandbox, &["--max-use", "2", "--", "sh", "-c", &slow]);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    assert!(outcome.stderr.contains(" 3 pulls, more than the 2 allowed"), "{outcome:?}");
}

#[test]
fn a_duration_in_the_place_of_the_image_is_refused() {
    let outcome = dhlimit(["gate", "10m", "--wait"]).run();
    assert_eq!(outcome.code, Some(2), "{outcome:?}");
    assert!(
        outcome.stderr.contains("10m is taken for the image")
            && outcome.stderr.contains("--wait=10m"),
        "{outcome:?}"
    );
}

#[test]
fn a_command_that_has_run_keeps_its_exit_code_whatever_cannot_be_written() {
    let sandbox = Sandbox::start(&[]);
    let full = gate(&sandbox, &["--dotenv", "/dev/full", "--", "sh", "-c", "exit 7"]);
    assert_eq!(full.code, Some(7), "{full:?}");
    assert!(full.stderr.contains("cannot write /dev/full"), "{full:?}");
    let home = Home::new();
    let ran = home.path().join("ran");
    let program = home.dhlimit(["gate", "--", "touch"]).arg(&ran).envs(sandbox.as_docker_hub());
    let program =
        program.env("GITHUB_ACTIONS", "true").env("GITHUB_OUTPUT", home.path().join("nowhere/x"));
    let passed = program.run().expect_code(0);
    assert!(ran.exists() && passed.stderr.contains("which GITHUB_OUTPUT names"), "{passed:?}");
    for variable in ["GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"] {
        for (profile, code) in [("paid", 0), ("abuse", 7)] {
            let program = dhlimit(["gate", "nginx", &format!("--sandbox={profile}")]);
            let outcome = program.env("GITHUB_ACTIONS", "true").env(variable, "/dev/full").run();
            assert_eq!(outcome.code, Some(code), "{outcome:?}");
            let names = format!("cannot append to /dev/full, which {variable} names");
            assert!(outcome.stderr.contains(&names), "{outcome:?}");
        }
    }
}

#[test]
fn where_nothing_is_counted_a_command_may_use_what_it_likes() {
    let sandbox = Sandbox::start(&["--profile", "paid"]);
    let outcome = gate(&sandbox, &["--max-use", "5", "--", "sh", "-c", "exit 0"]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let shut = gate(&sandbox, &["--on-unlimited", "fail"]);
    assert_eq!(shut.code, Some(5), "{shut:?}");
    assert!(shut.stdout.contains("(refused by --on-unlimited fail)"), "{shut:?}");
}
