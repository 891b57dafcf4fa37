//! What must never end a watch, and what must never be lost: a network that goes away ten times, a
//! server that is another one when it comes back, a token service that refuses, `kill -9`.

use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use super::line::Cable;
use super::{documents, events};
use crate::harness::{Home, Running, Sandbox, dhlimit, http};

fn watch(url: &str, more: &[&str]) -> Running {
    let fast = ["watch", "-o", "jsonl", "-q", "--interval", "100ms", "--timeout", "2s", "--registry-url", url, "--auth-url", url];
    dhlimit(fast.iter().chain(more)).limit(Duration::from_secs(180)).start()
}

fn count(running: &Running, kind: &str) -> usize {
    events(&documents(&running.stdout())).iter().filter(|found| *found == kind).count()
}

/// Waits until an event has happened so many times.
#[track_caller]
fn wait_for_event(running: &mut Running, kind: &str, times: usize) {
    running.wait_until(Duration::from_secs(25), |running| (count(running, kind) >= times).then_some(()));
}

#[test]
fn a_network_cut_ten_times_ends_nothing_and_makes_no_hot_loop() {
    let sandbox = Sandbox::start(&[]);
    let cable = Cable::to(sandbox.authority());
    let mut running = watch(&cable.url(), &[]);
    running.wait_until(Duration::from_secs(20), |running| documents(&running.stdout()).get(2).map(drop));
    for turn in 1..=10 {
        cable.cut();
        let (before, started) = (cable.refused(), Instant::now());
        wait_for_event(&mut running, "network_lost", turn);
        sleep(Duration::from_millis(600));
        // The first wait is an eighth of a second at the least, then twice that and so on; a reading
        // tries its token and its manifest, and a broken connection once more.
        let (tried, most) = (cable.refused() - before, 4 + started.elapsed().as_millis() / 125 * 3);
        assert!(u128::from(tried) <= most.min(24), "{tried} tries in {:?}", started.elapsed());
        cable.mend();
        wait_for_event(&mut running, "network_back", turn);
    }
    running.signal(Signal::INT);
    let outcome = running.outcome().expect_code(130);
    let kinds: Vec<String> = events(&documents(&outcome.stdout)).into_iter().filter(|kind| kind.starts_with("network")).collect();
    let wanted: Vec<&str> = ["network_lost", "network_back"].repeat(10);
    assert_eq!(kinds, wanted);
}

#[test]
fn a_restarted_server_is_asked_with_a_new_token() {
    let first = Sandbox::start(&[]);
    let authority = first.authority().to_owned();
    let mut running = watch(&format!("http://{authority}"), &[]);
    running.wait_until(Duration::from_secs(20), |running| documents(&running.stdout()).get(2).map(drop));
    drop(first);
    wait_for_event(&mut running, "network_lost", 1);
    // It has forgotten its keys: no token of the first is good with the second.
    let second = dhlimit(["sandbox", "--listen", &authority]).start();
    wait_for_event(&mut running, "network_back", 1);
    wait_for_event(&mut running, "token_renewed", 1);
    running.wait_until(Duration::from_secs(20), |running| {
        documents(&running.stdout()).last().filter(|document| document["state"] == "limited").map(drop)
    });
    drop(second);
    running.signal(Signal::INT);
    running.outcome().expect_code(130);
}

#[test]
fn a_token_service_that_refuses_is_left_alone_and_asked_again() {
    let sandbox = Sandbox::start(&["--token-life", "1s"]);
    let mut running = watch(sandbox.url(), &[]);
    let profile = |name: &str| {
        let set = http::post(&format!("{}/_sandbox/set", sandbox.url()), &serde_json::json!({ "profile": name }));
        assert_eq!(set.status, 200);
    };
    running.wait_until(Duration::from_secs(20), |running| documents(&running.stdout()).get(2).map(drop));
    profile("lockout");
    wait_for_event(&mut running, "throttle_began", 1);
    let (asked, started) = (sandbox.log().len(), Instant::now());
    sleep(Duration::from_secs(3));
    let tried = sandbox.log().len() - asked;
    assert!(tried <= 6, "{tried} requests in {:?} of a lock-out", started.elapsed());
    profile("blocked");
    wait_for_event(&mut running, "fault_began", 1);
    profile("2026");
    wait_for_event(&mut running, "fault_ended", 1);
    running.signal(Signal::INT);
    let outcome = running.outcome().expect_code(130);
    assert!(events(&documents(&outcome.stdout)).contains(&"token_renewed".to_owned()));
}

/// Whole samples and torn lines of a recording.
fn recorded(path: &Path) -> (Vec<Value>, usize) {
    let text = std::fs::read(path).unwrap_or_default();
    let lines: Vec<_> = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(serde_json::from_slice::<Value>).collect();
    let torn = lines.iter().filter(|line| line.is_err()).count();
    (lines.into_iter().flatten().collect(), torn)
}

#[test]
fn a_recording_killed_at_any_moment_loses_nothing_that_was_shown() {
    let runs = std::env::var("DHLIMIT_KILLS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(20_u64);
    let sandbox = Sandbox::start(&[]);
    let home = Home::new();
    let path = home.path().join("hub.jsonl");
    let mut shown = 0;
    for run in 0..runs {
        let args = ["watch", "-o", "jsonl", "-q", "--interval", "0s", "--record", path.to_str().expect("UTF-8")];
        let running = home.dhlimit(args).envs(sandbox.as_docker_hub()).start();
        sleep(Duration::from_millis(30 + run * 37 % 150));
        running.signal(Signal::KILL);
        let outcome = running.outcome();
        assert_eq!(outcome.signal, Some(9), "{outcome:?}");
        shown += documents(&outcome.stdout).len();
        let (samples, torn) = recorded(&path);
        assert!(samples.len() >= shown, "{shown} were shown, {} are on the disk", samples.len());
        assert!(torn as u64 <= run + 1, "{torn} torn lines after {} kills", run + 1);
    }
    assert!(shown > 20, "{shown} readings are too few to tell anything");
    let (samples, _) = recorded(&path);
    assert!(samples.iter().all(|sample| sample["schema"] == "dhlimit/sample/1" && sample["remaining"] == 100), "a foreign line");
}

#[test]
fn one_file_has_one_writer_and_a_foreign_file_is_left_alone() {
    let sandbox = Sandbox::start(&[]);
    let home = Home::new();
    let path = home.path().join("hub.jsonl");
    let args = ["watch", "--interval", "50ms", "-q", "--record", path.to_str().expect("UTF-8")];
    let mut first = home.dhlimit(args).envs(sandbox.as_docker_hub()).start();
    first.wait_until(Duration::from_secs(20), |first| first.stdout().lines().nth(1).map(drop));
    let second = home.dhlimit(args).envs(sandbox.as_docker_hub()).run().expect_code(2);
    assert!(second.stderr.contains("another process is recording"), "{second:?}");
    drop(first);
    home.dhlimit(args).arg("--for").arg("200ms").envs(sandbox.as_docker_hub()).run().expect_code(0);
    let notes = home.write("notes.txt", "milk, bread\n");
    home.dhlimit(["watch", "--sandbox", "--record", notes.to_str().expect("UTF-8")]).run().expect_code(2);
    assert_eq!(std::fs::read_to_string(notes).expect("still there"), "milk, bread\n");
}

#[test]
fn a_recording_is_rotated_by_its_size() {
    let home = Home::new();
    let path = home.path().join("hub.jsonl");
    let args = ["watch", "--sandbox", "--interval", "20ms", "--for", "1s", "-q", "--rotate-size", "4kB", "--record"];
    home.dhlimit(args).arg(&path).run().expect_code(0);
    let files: Vec<_> = std::fs::read_dir(home.path())
        .expect("the home")
        .flatten()
        .filter(|entry| entry.path().extension().is_some_and(|end| end == "jsonl"))
        .collect();
    assert!(files.len() > 2, "{files:?}");
    for file in files {
        assert!(file.metadata().expect("a size").len() <= 4_000 && recorded(&file.path()).1 == 0, "{file:?}");
    }
}
