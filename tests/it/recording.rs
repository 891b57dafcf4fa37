//! Recordings through crashes: a writer killed at 200 random moments, and a report of what it left.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use dhlimit::recording::{Line, Reader, Recorder, Rotation, Sample};

use crate::harness::{Home, dhlimit, tools};

const FILE: &str = "DHLIMIT_TEST_RECORDING";
const KILLS: u64 = 200;

/// A sample whose elapsed time is its number.
fn sample(number: u64) -> Sample {
    let left = 100 - number % 101;
    serde_json::from_value(serde_json::json!({
        "schema": "dhlimit/sample/1", "at": format!("2026-11-22T{:02}:{:02}:{:02}Z", number / 3600 % 24, number / 60 % 60, number % 60),
        "registry": "docker.io", "image": "docker.io/library/nginx:latest",
        "identity": {"kind": "anonymous", "user": null, "credentials_from": null}, "effective": true, "family": "ipv4",
        "state": if left > 0 { "limited" } else { "exhausted" }, "confidence": "reported", "limit": 100, "remaining": left,
        "used": 100 - left, "window_seconds": 3600, "full_by": null, "source": "192.0.2.10<script>alert(1)</script>",
        "source_kind": "ipv4", "http_status": if left > 0 { 200 } else { 429 }, "retry_after_seconds": null, "elapsed_ms": number,
        "headers": {"ratelimit-limit": "100;w=3600"}, "warnings": [], "error": null,
    }))
    .expect("a sample")
}

/// The numbers of the samples in a recording.
fn numbers(path: &Path) -> Vec<u64> {
    let lines = Reader::open(path).expect("a recording").map(|line| line.expect("a line"));
    lines.filter_map(|line| if let Line::Sample(sample) = line { Some(sample.record.elapsed_ms) } else { None }).collect()
}

/// A recording of so many samples below the home.
fn recorded(home: &Home, name: &str, count: u64) -> PathBuf {
    let lines: String = (0..count).map(|number| serde_json::to_string(&sample(number)).expect("JSON") + "\n").collect();
    home.write(name, &lines)
}

#[test]
#[ignore = "the writer that the test below starts and kills; it never ends by itself"]
fn writer() {
    let path = PathBuf::from(env::var_os(FILE).expect("started by the test below"));
    let first = numbers_so_far(&path);
    let mut recorder = Recorder::open(&path, Rotation::Never).expect("the recording opens again");
    let mut out = std::io::stdout();
    // Bounded, should nobody kill it.
    for next in first..first + 100_000 {
        recorder.append(&sample(next)).expect("appended");
        // Said once the sample is said to be on the disk: from here on it must never be missing.
        writeln!(out, "wrote {next}").and_then(|()| out.flush()).expect("heard");
    }
}

fn numbers_so_far(path: &Path) -> u64 {
    if path.exists() { numbers(path).last().map_or(0, |last| last + 1) } else { 0 }
}

#[test]
fn a_writer_killed_at_200_moments_loses_no_sample_but_the_one_in_flight() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("hub.jsonl");
    let mut torn_or_more = 0;
    for turn in 0..KILLS {
        let mut child = Command::new(env::current_exe().expect("this test"))
            .args(["--exact", "recording::writer", "--ignored", "--nocapture", "--test-threads=1"])
            .env(FILE, &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the writer starts");
        let lines = BufReader::new(child.stdout.take().expect("its output"));
        let heard = thread::spawn(move || {
            let wrote = |line: String| line.rsplit_once("wrote ").and_then(|(_, number)| number.parse::<u64>().ok());
            lines.lines().map_while(Result::ok).filter_map(wrote).last()
        });
        // Moments spread over the start and the first samples, in no order.
        thread::sleep(Duration::from_micros(turn * 7_919 % 40_000));
        child.kill().expect("killed");
        child.wait().expect("ended");
        let said = heard.join().expect("heard").map_or(0, |last| last + 1);
        let found = if path.exists() { numbers(&path) } else { Vec::new() };
        assert!(found.iter().copied().eq(0..found.len() as u64), "turn {turn}: a sample is missing or twice: {found:?}");
        assert!(found.len() as u64 >= said, "turn {turn}: {said} were written, {} are there", found.len());
        torn_or_more += usize::from(found.len() as u64 > said);
    }
    let found = numbers(&path);
    assert!(found.len() > 100, "only {} samples in {KILLS} runs, {torn_or_more} in flight", found.len());
}

#[test]
fn a_report_counts_what_was_recorded_and_says_what_was_torn() {
    let home = Home::new();
    let path = recorded(&home, "hub.jsonl", 151);
    let mut file = fs::OpenOptions::new().append(true).open(&path).expect("the recording");
    file.write_all(br#"{"schema":"dhlimit/sample/1","at":"2026"#).expect("torn");
    let outcome = home.dhlimit(["report".as_ref(), path.as_os_str(), "-o".as_ref(), "json".as_ref()]).run();
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let report: serde_json::Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    let series = &report["series"][0];
    assert_eq!(report["schema"], "dhlimit/report/1");
    // 100 pulls down to zero, a reset after one second at zero, 49 pulls more.
    assert_eq!((series["samples"].as_u64(), series["pulls"].as_u64(), series["seconds_at_zero"].as_u64()), (Some(151), Some(149), Some(1)));
    assert_eq!(
        (series["refused"].as_u64(), series["throttled"].as_u64(), series["worst_hour"]["pulls"].as_u64()),
        (Some(1), Some(0), Some(149))
    );
    assert!(outcome.stderr.contains("line 152 had been torn off"), "{outcome:?}");
}

#[test]
fn what_is_no_recording_is_a_usage_error_with_its_line() {
    let home = Home::new();
    let foreign = home.write("foreign.txt", "hello\n");
    let empty = home.write("empty.jsonl", "");
    let missing = home.path().join("missing.jsonl");
    for (path, code, wanted) in [(&foreign, 2, "line 1 of"), (&missing, 2, "cannot open the recording"), (&empty, 0, "holds no samples")] {
        let outcome = home.dhlimit(["report".as_ref(), path.as_os_str()]).run();
        assert_eq!(outcome.code, Some(code), "{outcome:?}");
        assert!(outcome.stderr.contains(wanted), "{outcome:?}");
    }
    assert_eq!(dhlimit(["report"]).run().code, Some(2));
}

#[test]
fn a_page_asks_nobody_for_anything_and_runs_nothing() {
    let Some(chromium) = tools::require("chromium") else { return };
    let home = Home::new();
    let path = recorded(&home, "hub.jsonl", 400);
    let page = home.path().join("report.html");
    let outcome = home.dhlimit(["report".as_ref(), path.as_os_str(), "--out".as_ref(), page.as_os_str()]).run();
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(0), ""), "{outcome:?}");
    let html = fs::read_to_string(&page).expect("the page");
    assert!(html.contains("192.0.2.10&lt;script&gt;") && !html.contains("<script"), "foreign text is escaped");
    let log = home.path().join("net.json");
    let url = format!("file://{}", page.display());
    let (profile, net) =
        (format!("--user-data-dir={}", home.path().join("chromium").display()), format!("--log-net-log={}", log.display()));
    let arguments = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--enable-logging=stderr",
        "--dump-dom",
        &profile,
        &net,
        &url,
    ];
    let seen = home.program(chromium, arguments).run();
    assert!(seen.stdout.contains("role=\"img\"") && seen.stdout.contains("The numbers of the chart"), "{seen:?}");
    assert!(!seen.stderr.contains("CONSOLE"), "the console was written to: {}", seen.stderr);
    let requests = fs::read_to_string(&log).expect("the log of requests");
    let outside: Vec<&str> = requests.match_indices("\"url\":\"http").map(|(at, _)| requests.get(at..at + 80).unwrap_or("")).collect();
    // Chromium asks for its own components; the page must not be where a request comes from.
    let ours: Vec<&&str> = outside.iter().filter(|url| !url.contains("google") && !url.contains("gvt1")).collect();
    assert!(ours.is_empty(), "{ours:?}");
    seen.end_left_running();
}
