//! `watch`: lines and documents, what it waits for, the command on changes; then a real terminal, a
//! network that goes away, recordings killed at any moment, and a long run.

mod hard;
mod line;
mod recorded;
mod soak;
mod terminal;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use crate::harness::{Home, Sandbox, dhlimit, http};

/// The documents of `-o jsonl`, whole lines only.
fn documents(stdout: &str) -> Vec<Value> {
    let whole = stdout.rfind('\n').map_or("", |end| &stdout[..end]);
    whole
        .lines()
        .map(|line| {
            serde_json::from_str(line).unwrap_or_else(|error| panic!("not JSON ({error}): {line}"))
        })
        .collect()
}

/// The kinds of the events of documents, in order.
fn events(documents: &[Value]) -> Vec<String> {
    let all = documents
        .iter()
        .flat_map(|document| document["events"].as_array().expect("a list of events"));
    all.map(|event| event["kind"].as_str().expect("a kind").to_owned()).collect()
}

#[test]
fn a_pipe_gets_a_line_a_reading_and_no_terminal_codes() {
    let outcome =
        dhlimit(["watch", "--sandbox", "--interval", "100ms", "--for", "1s", "--color", "always"])
            .run()
            .expect_code(0);
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    assert!((4..=11).contains(&lines.len()), "{outcome:?}");
    for line in lines {
        assert!(
            line.contains("anonymous [effective] counted as 127.0.0.1: limited  ")
                && line.contains("(2m window)"),
            "{line}"
        );
    }
    assert!(!outcome.stdout.contains('\u{1b}'), "{outcome:?}");
}

#[test]
fn a_document_has_the_keys_that_are_promised() {
    let outcome = dhlimit([
        "watch",
        "--sandbox",
        "--traffic",
        "steady:20/s",
        "--interval",
        "100ms",
        "--for",
        "3s",
        "-o",
        "jsonl",
    ])
    .run();
    let documents = documents(&outcome.expect_code(0).stdout);
    for document in &documents {
        assert_eq!(document["schema"], "dhlimit/sample/1");
        for key in [
            "at",
            "burn_per_hour",
            "empty_at",
            "empty_earliest",
            "empty_latest",
            "events",
            "image",
            "identity",
            "effective",
            "state",
            "limit",
            "remaining",
            "source",
        ] {
            assert!(document.get(key).is_some(), "{key} is missing in {document}");
        }
    }
    let times: Vec<&str> =
        documents.iter().map(|document| document["at"].as_str().expect("a time")).collect();
    assert!(times.is_sorted() && times.len() > 5, "{times:?}");
    let last = documents.last().expect("a document");
    let burn = last["burn_per_hour"].as_f64().expect("a rate after 30 readings");
    // A busy machine makes the pulls late and in heaps.
    assert!(
        (40_000.0..120_000.0).contains(&burn),
        "72000 pulls an hour were made, {burn} were seen"
    );
    assert!(last["empty_at"].as_str().expect("an end in sight") > times[0], "{last}");
}

/// A bound that each reading sets anew says "in an hour" for ever.
#[test]
fn the_time_of_a_full_count_stands_still_while_nothing_is_pulled() {
    let sandbox = Sandbox::start(&["--limit", "9", "--window", "1h"]);
    dhlimit(["stress", "--runtime", "builtin", "--count", "2", "-q"])
        .envs(sandbox.as_docker_hub())
        .run()
        .expect_code(0);
    let watch = ["watch", "--interval", "250ms", "--for", "3s", "-o", "jsonl", "--anonymous"];
    let outcome = dhlimit(watch).envs(sandbox.as_docker_hub()).run().expect_code(0);
    let documents = documents(&outcome.stdout);
    let bounds: BTreeSet<&str> =
        documents.iter().map(|document| document["full_by"].as_str().expect("a time")).collect();
    assert!(documents.len() > 5 && bounds.len() == 1, "{bounds:?}");
}

#[test]
fn what_is_waited_for_ends_it_well_and_what_is_missed_does_not() {
    let fast = ["watch", "--sandbox", "--traffic", "steady:50/s", "--interval", "100ms", "-q"];
    for (goal, last) in [("--until-empty", "exhausted"), ("--until=70", "limited")] {
        let outcome = dhlimit(fast.into_iter().chain([goal])).run().expect_code(0);
        assert!(
            outcome.stdout.lines().last().is_some_and(|line| line.contains(last)),
            "{goal}: {outcome:?}"
        );
    }
    dhlimit(["watch", "--sandbox", "--until-full", "-q"]).run().expect_code(0);
    let late = ["--until-full", "--for", "500ms"];
    let sandbox = Sandbox::start(&["--limit", "5", "--traffic", "steady:10/s"]);
    let watch = |more: &[&str]| {
        dhlimit(["watch", "--interval", "100ms", "-q"].iter().chain(more))
            .envs(sandbox.as_docker_hub())
            .run()
    };
    watch(&["--until-empty"]).expect_code(0);
    watch(&late).expect_code(1);
    // Without a goal, the end of the time is told as check tells it: nothing is left here.
    watch(&["--for", "300ms"]).expect_code(1);
    dhlimit(["watch", "localhost:1/x", "--for", "300ms", "-q"]).run().expect_code(3);
    // It takes what is sent and answers nothing: in that time there was no reading, good or bad.
    let mute = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let image = format!("{}/x", mute.local_addr().expect("an address"));
    for goal in [[].as_slice(), &["--until-full"]] {
        let outcome =
            dhlimit(["watch", &image, "--for", "500ms"].iter().chain(goal)).run().expect_code(3);
        assert!(
            outcome.stdout.is_empty()
                && outcome
                    .stderr
                    .contains(&format!("no answer from http://{}", &image[..image.len() - 2]))
        );
    }
    dhlimit(["watch", "--until-empty", "--until-full"]).run().expect_code(2);
}

#[test]
fn an_interrupt_is_130_and_a_reader_that_leaves_is_no_failure() {
    let mut running = dhlimit(["watch", "--sandbox", "--interval", "100ms"]).start();
    running
        .wait_until(Duration::from_secs(10), |running| running.stdout().lines().nth(2).map(drop));
    running.signal(Signal::INT);
    running.outcome().expect_code(130);
    let home = Home::new();
    let script = format!(
        "{} watch --sandbox --interval 50ms -q; echo $? >&2",
        env!("CARGO_BIN_EXE_dhlimit")
    );
    let outcome = home.program("sh", ["-c", &format!("({script}) | head -n 2")]).run();
    assert_eq!((outcome.stdout.lines().count(), outcome.stderr.trim()), (2, "0"), "{outcome:?}");
}

#[test]
fn several_images_share_the_schedule() {
    let sandbox = Sandbox::start(&[]);
    let outcome = dhlimit([
        "watch",
        "nginx",
        "redis",
        "nginx:latest",
        "--interval",
        "400ms",
        "--for",
        "1900ms",
        "-o",
        "jsonl",
    ])
    .envs(sandbox.as_docker_hub())
    .run()
    .expect_code(0);
    let documents = documents(&outcome.stdout);
    let of = |image: &str| {
        documents
            .iter()
            .filter(|document| document["image"].as_str().is_some_and(|name| name.contains(image)))
            .count()
    };
    assert!(
        of("nginx") >= 3 && of("redis") >= 3 && documents.len() == of("nginx") + of("redis"),
        "{outcome:?}"
    );
    let tokens = sandbox
        .log()
        .iter()
        .filter(|entry| entry["path"].as_str().is_some_and(|path| path.starts_with("/token")))
        .count();
    assert_eq!(tokens, 2, "one a repository");
}

#[test]
fn the_command_on_changes_is_told_what_happened_and_never_holds_up_the_polling() {
    let home = Home::new();
    let told = home.path().join("told");
    let command =
        format!("echo \"$DHLIMIT_EVENT|$DHLIMIT_EVENT_REMAINING|$(cat)\" >> {}", told.display());
    let fast = [
        "watch",
        "--sandbox",
        "--traffic",
        "steady:50/s",
        "--interval",
        "300ms",
        "--until-empty",
        "--on-change",
    ];
    home.dhlimit(fast.into_iter().chain([command.as_str()])).run().expect_code(0);
    let told = std::fs::read_to_string(told).expect("the command was run");
    let last = told.lines().last().expect("a line");
    let (words, json) = last.rsplit_once('|').expect("three parts");
    assert!(
        words.contains("limit_began") && words.ends_with("|0"),
        "the last change is handed over, too: {told}"
    );
    assert_eq!(serde_json::from_str::<Value>(json).expect("a document")["state"], "exhausted");

    let ran = home.path().join("ran");
    let command = format!("touch {}", ran.display());
    let still = Sandbox::start(&[]);
    let quiet = ["watch", "--interval", "100ms", "--for", "1s", "--on-change", command.as_str()];
    home.dhlimit(quiet).envs(still.as_docker_hub()).run().expect_code(0);
    assert!(!ran.exists(), "the first reading is no change");

    let started = Instant::now();
    let hanging = "sleep 600 & sleep 600";
    let slow = [
        "watch",
        "--sandbox",
        "--traffic",
        "steady:20/s",
        "--interval",
        "100ms",
        "--on-change",
        hanging,
    ];
    let mut running = home.dhlimit(slow).start();
    running
        .wait_until(Duration::from_secs(10), |running| running.stdout().lines().nth(15).map(drop));
    running.signal(Signal::TERM);
    let outcome = running.outcome().expect_code(130);
    assert!(started.elapsed() < Duration::from_secs(15), "{outcome:?}");
    assert!(outcome.left_running().is_empty(), "{:?}", outcome.left_running());
}

#[test]
fn an_interrupt_is_heeded_while_the_last_command_on_changes_runs() {
    let home = Home::new();
    let begun = home.path().join("begun");
    let command = format!("touch {}; sleep 60 & sleep 60", begun.display());
    for signal in [Signal::INT, Signal::TERM] {
        let _ = std::fs::remove_file(&begun);
        let fast = [
            "watch",
            "--sandbox",
            "--traffic",
            "steady:50/s",
            "--interval",
            "100ms",
            "--until",
            "80",
            "-ojsonl",
            "--on-change",
        ];
        let mut running = home.dhlimit(fast.into_iter().chain([command.as_str()])).start();
        running.wait_until(Duration::from_secs(20), |running| {
            let reached = documents(&running.stdout())
                .last()
                .and_then(|last| last["remaining"].as_u64())
                .is_some_and(|left| left <= 80);
            (reached && begun.exists()).then_some(())
        });
        // The watch is over by itself.
        std::thread::sleep(Duration::from_millis(300));
        let started = Instant::now();
        running.signal(signal);
        let outcome = running.outcome().expect_code(130);
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}: {outcome:?}", started.elapsed());
        assert!(outcome.left_running().is_empty(), "{:?}", outcome.left_running());
    }
}

#[test]
fn another_source_and_a_429_are_events() {
    let sandbox = Sandbox::start(&["--trust-proxy", "--window", "1h"]);
    let mut running = dhlimit(["watch", "--interval", "100ms", "-o", "jsonl"])
        .envs(sandbox.as_docker_hub())
        .limit(Duration::from_secs(60))
        .start();
    let set = |json| {
        assert_eq!(http::post(&format!("{}/_sandbox/set", sandbox.url()), &json).status, 200);
    };
    running
        .wait_until(Duration::from_secs(10), |running| running.stdout().lines().nth(2).map(drop));
    set(serde_json::json!({"identity": "127.0.0.1", "remaining": 0}));
    running.wait_until(Duration::from_secs(20), |running| {
        events(&documents(&running.stdout())).contains(&"limit_began".into()).then_some(())
    });
    set(serde_json::json!({"identity": "127.0.0.1", "remaining": 60}));
    running.wait_until(Duration::from_secs(20), |running| {
        events(&documents(&running.stdout())).contains(&"limit_ended".into()).then_some(())
    });
    set(serde_json::json!({"profile": "paid"}));
    running.wait_until(Duration::from_secs(20), |running| {
        events(&documents(&running.stdout())).contains(&"unlimited".into()).then_some(())
    });
    running.signal(Signal::INT);
    let outcome = running.outcome().expect_code(130);
    let kinds = events(&documents(&outcome.stdout));
    assert_eq!(kinds.iter().filter(|kind| *kind == "limit_began").count(), 1, "{kinds:?}");
}
