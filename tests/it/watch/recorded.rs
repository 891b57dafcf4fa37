//! What must never be lost: recordings of the program killed at two hundred moments, rotated by size
//! and day, wanted by two at once; and who is counted changes while it records.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use super::line::Cable;
use super::{documents, events};
use crate::harness::{Home, Sandbox, dhlimit, http};

/// Whole samples and torn lines of a recording.
fn recorded(text: &[u8]) -> (Vec<Value>, usize) {
    let lines: Vec<_> = text
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(serde_json::from_slice::<Value>)
        .collect();
    let torn = lines.iter().filter(|line| line.is_err()).count();
    (lines.into_iter().flatten().collect(), torn)
}

/// When samples were taken, in their order.
fn times(samples: &[Value]) -> Vec<&str> {
    samples.iter().map(|sample| sample["at"].as_str().expect("a time")).collect()
}

#[test]
fn a_recording_killed_at_two_hundred_moments_loses_nothing_but_what_was_in_flight() {
    const KILLS: u64 = 200;
    let sandbox = Sandbox::start(&[]);
    let home = Home::new();
    let path = home.path().join("hub.jsonl");
    let (mut length, mut all, mut in_flight, mut torn) = (0, 0, 0, 0);
    let start = || {
        let args = [
            "watch",
            "-o",
            "jsonl",
            "-q",
            "--interval",
            "0s",
            "--record",
            path.to_str().expect("UTF-8"),
        ];
        home.dhlimit(args).envs(sandbox.as_docker_hub()).start()
    };
    // How long a start and a few samples take on this machine, as busy as it is.
    let began = Instant::now();
    start()
        .wait_until(Duration::from_secs(20), |running| running.stdout().lines().nth(2).map(drop));
    let span = u64::try_from((began.elapsed() * 2).as_micros())
        .expect("microseconds")
        .clamp(90_000, 500_000);
    fs::remove_file(&path).expect("the first recording");
    for turn in 0..KILLS {
        let running = start();
        // Moments spread over the start and the first samples, in no order.
        sleep(Duration::from_micros(turn * 7_919 % span));
        running.signal(Signal::KILL);
        let outcome = running.outcome();
        assert_eq!(outcome.signal, Some(9), "{outcome:?}");
        let shown = documents(&outcome.stdout);
        let text = fs::read(&path).unwrap_or_default();
        assert!(text.len() >= length, "turn {turn}: the file became shorter");
        // The end of the line that the turn before left unfinished is no line of this turn's.
        let (samples, cut) =
            recorded(text[length..].strip_prefix(b"\n").unwrap_or(&text[length..]));
        let (found, said) = (times(&samples), times(&shown));
        assert!(
            found.starts_with(&said),
            "turn {turn}: {said:?} were shown, {found:?} are on the disk"
        );
        assert!(
            found.len() <= said.len() + 1 && cut <= 1,
            "turn {turn}: {} shown, {} on the disk, {cut} torn",
            said.len(),
            found.len()
        );
        in_flight += found.len() - said.len();
        (length, all, torn) = (text.len(), all + found.len(), torn + cut);
    }
    println!(
        "{all} samples in {KILLS} runs, {in_flight} on the disk and not yet shown, {torn} torn"
    );
    let (samples, found) = recorded(&fs::read(&path).expect("the recording"));
    assert!(
        samples.len() == all && found == torn,
        "{} samples and {found} torn lines at the end, not {all} and {torn}",
        samples.len()
    );
    assert!(all > 200, "{all} samples in {KILLS} runs are too few to tell anything");
    assert!(
        samples
            .iter()
            .all(|sample| sample["schema"] == "dhlimit/sample/1" && sample["remaining"] == 100),
        "a foreign line"
    );
    let report = home
        .dhlimit(["report".as_ref(), path.as_os_str(), "-o".as_ref(), "json".as_ref()])
        .run()
        .expect_code(0)
        .json();
    assert_eq!(report["series"][0]["samples"], all, "{report}");
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
    home.dhlimit(["watch", "--sandbox", "--record", notes.to_str().expect("UTF-8")])
        .run()
        .expect_code(2);
    assert_eq!(fs::read_to_string(notes).expect("still there"), "milk, bread\n");
}

/// The files of a recording, in the order of their time.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the home").flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|end| end == "jsonl")).collect();
    files.sort();
    files
}

#[test]
fn a_recording_is_rotated_by_its_size_and_loses_no_sample() {
    let home = Home::new();
    let path = home.path().join("hub.jsonl");
    let args = [
        "watch",
        "--sandbox",
        "--interval",
        "20ms",
        "--for",
        "1s",
        "-q",
        "-o",
        "jsonl",
        "--rotate-size",
        "4kB",
        "--record",
    ];
    let outcome = home.dhlimit(args).arg(&path).run().expect_code(0);
    let files = files(home.path());
    assert!(files.len() > 2, "{files:?}");
    let mut all = Vec::new();
    for file in &files {
        let text = fs::read(file).expect("a file of the recording");
        let (samples, torn) = recorded(&text);
        assert!(text.len() <= 4_000 && torn == 0, "{}: {} bytes", file.display(), text.len());
        all.extend(samples);
    }
    let found: BTreeSet<&str> = times(&all).into_iter().collect();
    let shown = documents(&outcome.stdout);
    assert!(
        times(&shown).iter().all(|time| found.contains(time)) && all.len() == shown.len(),
        "{} of {}",
        all.len(),
        shown.len()
    );
    // Several of these parts began in one second; a shell lists them as they are sorted here.
    assert!(times(&all).is_sorted(), "{files:?}");
    let args = ["report".as_ref(), "-ojson".as_ref()]
        .into_iter()
        .chain(files.iter().map(|file| file.as_os_str()));
    let report = home.dhlimit(args).run().expect_code(0).json();
    let series: Vec<_> = report["series"]
        .as_array()
        .expect("series")
        .iter()
        .map(|series| &series["samples"])
        .collect();
    assert_eq!(series, [all.len()], "parts of one recording are one series");
}

#[test]
fn a_recording_that_others_move_away_or_remove_goes_on_and_says_so() {
    let home = Home::new();
    let path = home.path().join("hub.jsonl");
    let args =
        ["watch", "--sandbox", "--interval", "50ms", "-ojsonl", "--rotate-size", "1MB", "--record"];
    let mut running = home.dhlimit(args).arg(&path).start();
    let recorded_in = |path: &Path| recorded(&fs::read(path).unwrap_or_default()).0.len();
    let mut grows = |least: usize| {
        running
            .wait_until(Duration::from_secs(20), |_| (recorded_in(&path) >= least).then_some(()));
    };
    grows(2);
    // As logrotate does it.
    let moved = home.path().join("moved.jsonl");
    fs::rename(&path, &moved).expect("moved away");
    grows(2);
    fs::remove_file(&path).expect("removed");
    grows(2);
    let second = home.dhlimit(args).arg(&path).run().expect_code(2);
    assert!(second.stderr.contains("another process is recording"), "{second:?}");
    running.signal(Signal::INT);
    let outcome = running.outcome().expect_code(130);
    let said = outcome
        .stderr
        .lines()
        .filter(|line| line.contains("the recording had been moved or removed"))
        .count();
    assert_eq!(said, 2, "{outcome:?}");
    assert!(recorded_in(&moved) >= 2 && files(home.path()).len() == 2, "{:?}", files(home.path()));
}

#[test]
fn a_recording_begins_a_new_file_every_day() {
    let home = Home::new();
    let path = home.path().join("hub.jsonl");
    let args = [
        "watch",
        "--sandbox",
        "--interval",
        "50ms",
        "--for",
        "400ms",
        "-q",
        "--rotate-daily",
        "--record",
    ];
    let watch = || drop(home.dhlimit(args).arg(&path).run().expect_code(0));
    watch();
    let today = fs::read_to_string(&path).expect("the recording");
    // As if this had been yesterday's last sample.
    let mut sample: Value =
        serde_json::from_str(today.lines().next().expect("a sample")).expect("JSON");
    sample["at"] = "2026-03-01T23:59:58Z".into();
    fs::write(&path, format!("{sample}\n")).expect("the recording of yesterday");
    watch();
    watch();
    let files = files(home.path());
    assert_eq!(files, [home.path().join("hub.2026-03-01T235958.000Z.jsonl"), path.clone()]);
    assert_eq!(fs::read_to_string(&files[0]).expect("yesterday's"), format!("{sample}\n"));
    let (samples, torn) = recorded(&fs::read(&path).expect("today's"));
    assert!(
        samples.len() > 4 && torn == 0,
        "both runs of today are in today's file: {} samples",
        samples.len()
    );
    assert!(times(&samples).iter().all(|time| !time.starts_with("2026-03-01")));
}

#[test]
fn another_source_is_an_event_and_begins_a_new_series_on_the_screen_and_on_the_disk() {
    let sandbox = Sandbox::start(&["--trust-proxy"]);
    let cable = Cable::to(sandbox.authority());
    let (home, old, new) = (Home::new(), "192.0.2.10", "198.51.100.7");
    let path = home.path().join("hub.jsonl");
    let url = cable.url();
    let args = [
        "watch",
        "-o",
        "jsonl",
        "-q",
        "--interval",
        "50ms",
        "--registry-url",
        &url,
        "--auth-url",
        &url,
        "--record",
    ];
    cable.comes_from(old);
    let mut running = home.dhlimit(args).arg(&path).start();
    let set = |address: &str, remaining: u64| {
        let change = serde_json::json!({"identity": address, "remaining": remaining});
        assert_eq!(http::post(&format!("{}/_sandbox/set", sandbox.url()), &change).status, 200);
    };
    let last = |running: &crate::harness::Running| documents(&running.stdout()).pop();
    running.wait_until(Duration::from_secs(20), |running| {
        last(running).filter(|last| last["source"] == old).map(drop)
    });
    // It burns, and the end is in sight.
    let started = Instant::now();
    let mut remaining = 99;
    running.wait_until(Duration::from_secs(30), |running| {
        if started.elapsed() > Duration::from_millis(200) * (100 - remaining) && remaining > 30 {
            set(old, u64::from(remaining));
            remaining -= 1;
        }
        last(running).filter(|last| last["empty_at"].is_string()).map(drop)
    });
    cable.comes_from(new);
    let count = |running: &crate::harness::Running| {
        documents(&running.stdout()).iter().filter(|document| document["source"] == new).count()
    };
    running.wait_until(Duration::from_secs(20), |running| (count(running) >= 4).then_some(()));
    running.signal(Signal::INT);
    let documents = documents(&running.outcome().expect_code(130).stdout);
    assert_eq!(
        events(&documents),
        ["source_changed"],
        "one event, and no drop or reset of a count that is another's"
    );
    let at =
        documents.iter().position(|document| document["source"] == new).expect("the new source");
    let (before, after) = documents.split_at(at);
    assert!(
        before.iter().all(|document| document["source"] == old)
            && after.iter().all(|document| document["source"] == new)
    );
    assert_eq!(
        after[0]["events"][0]["text"],
        format!("counted as {new} now, as {old} before: a new series")
    );
    assert!(before[at - 1]["burn_per_hour"].is_number(), "{}", before[at - 1]);
    assert!(
        after
            .iter()
            .take(3)
            .all(|document| document["burn_per_hour"].is_null() && document["empty_at"].is_null()),
        "{after:?}"
    );
    let report = dhlimit(["report", path.to_str().expect("UTF-8"), "-o", "json"])
        .run()
        .expect_code(0)
        .json();
    let series: Vec<_> = report["series"]
        .as_array()
        .expect("series")
        .iter()
        .map(|series| (&series["source"], &series["samples"]))
        .collect();
    assert_eq!(
        series,
        [
            (&Value::from(old), &Value::from(before.len())),
            (&Value::from(new), &Value::from(after.len()))
        ]
    );
}
