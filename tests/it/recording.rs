//! `report` on recordings: what it counts, what it says of torn and foreign lines, and its page in a
//! real browser. How recordings are written through crashes is seen in `watch`.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use dhlimit::recording::Sample;
use rustix::process::Signal;
use serde_json::Value;

use crate::harness::{Home, Outcome, dhlimit, tools};

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

/// A recording of so many samples below the home.
fn recorded(home: &Home, name: &str, count: u64) -> PathBuf {
    let lines: String = (0..count)
        .map(|number| serde_json::to_string(&sample(number)).expect("JSON") + "\n")
        .collect();
    home.write(name, &lines)
}

#[test]
fn a_report_counts_what_was_recorded_and_says_what_was_torn() {
    let home = Home::new();
    let path = recorded(&home, "hub.jsonl", 151);
    let mut file = fs::OpenOptions::new().append(true).open(&path).expect("the recording");
    file.write_all(br#"{"schema":"dhlimit/sample/1","at":"2026"#).expect("torn");
    let outcome =
        home.dhlimit(["report".as_ref(), path.as_os_str(), "-o".as_ref(), "json".as_ref()]).run();
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let report: Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    let series = &report["series"][0];
    assert_eq!(report["schema"], "dhlimit/report/1");
    // 100 pulls down to zero, a reset after one second at zero, 49 pulls more.
    assert_eq!(
        (series["samples"].as_u64(), series["pulls"].as_u64(), series["seconds_at_zero"].as_u64()),
        (Some(151), Some(149), Some(1))
    );
    assert_eq!(
        (
            series["refused"].as_u64(),
            series["throttled"].as_u64(),
            series["worst_hour"]["pulls"].as_u64()
        ),
        (Some(1), Some(0), Some(149))
    );
    assert!(outcome.stderr.contains("line 152 had been torn off"), "{outcome:?}");
}

/// Samples at these times and with so much left, each counted on its source.
fn at(samples: &[(&str, u64, &str)]) -> String {
    let line = |(at, left, source): &(&str, u64, &str)| {
        let mut value = serde_json::to_value(sample(100 - left)).expect("JSON");
        (value["at"], value["source"]) = (format!("2026-11-{at}:00Z").into(), (*source).into());
        value.to_string() + "\n"
    };
    samples.iter().map(line).collect()
}

fn report(home: &Home, path: &Path) -> Value {
    let outcome =
        home.dhlimit(["report".as_ref(), path.as_os_str(), "-ojson".as_ref()]).run().expect_code(0);
    serde_json::from_str(&outcome.stdout).expect("JSON")
}

#[test]
fn what_nobody_watched_is_no_line_and_no_hour() {
    let home = Home::new();
    let source = "192.0.2.10";
    let morning = [("01T09:00", 60, source), ("01T09:30", 30, source), ("01T10:00", 0, source)];
    let days_later = [("11T09:00", 90, source), ("11T09:30", 80, source), ("12T09:30", 75, source)];
    let path = home.write("gap.jsonl", &at(&[&morning[..], &days_later].concat()));
    let series = &report(&home, &path)["series"][0];
    // 60 pulls in the hour that was watched first, 10 in half an hour later, 5 in a day nobody watched.
    let pace = series["pulls_per_hour"].as_f64().expect("a pace");
    assert_eq!(
        (series["pulls"].as_u64(), pace.round(), series["seconds_at_zero"].as_u64()),
        (Some(75), 47.0, Some(3600))
    );
    let drawing = home
        .dhlimit(["report".as_ref(), path.as_os_str(), "-osvg".as_ref()])
        .run()
        .expect_code(0)
        .stdout;
    let line = drawing.split("<path").find(|path| path.contains("class=\"l k0")).expect("a line");
    assert_eq!(line.matches('M').count(), 3, "{line}");
}

#[test]
fn readings_a_little_more_than_an_hour_apart_are_a_pace() {
    let home = Home::new();
    let times: Vec<String> =
        (0..8).map(|n| format!("01T{:02}:{:02}", n * 3 / 2, n * 3 % 2 * 30)).collect();
    let samples: Vec<(&str, u64, &str)> = (0..)
        .step_by(3)
        .zip(&times)
        .map(|(used, at)| (at.as_str(), 90 - used, "192.0.2.10"))
        .collect();
    let path = home.write("slow.jsonl", &at(&samples));
    let series = &report(&home, &path)["series"][0];
    assert_eq!(
        (series["pulls"].as_u64(), series["pulls_per_hour"].as_f64()),
        (Some(21), Some(2.0))
    );
}

#[test]
fn sources_in_turn_stay_one_series_each() {
    let home = Home::new();
    let sources: Vec<String> = (0..100).map(|n| format!("192.0.2.{n}")).collect();
    let times: Vec<String> = (0..300).map(|n| format!("01T{:02}:{:02}", n / 60, n % 60)).collect();
    let samples: Vec<(&str, u64, &str)> = times
        .iter()
        .zip(sources.iter().cycle())
        .zip(0..)
        .map(|((at, source), n)| (at.as_str(), 90 - n / 100, source.as_str()))
        .collect();
    let path = home.write("turns.jsonl", &at(&samples));
    let found = report(&home, &path);
    let shown = found["series"].as_array().expect("series");
    assert_eq!((shown.len(), &found["series_left_out"]), (64, &36.into()));
    assert!(shown.iter().all(|series| series["samples"] == 3 && series["pulls"] == 2), "{found}");
}

#[test]
fn of_very_many_sources_the_last_are_shown() {
    let home = Home::new();
    let sources: Vec<(String, String)> = (0..70)
        .map(|n| (format!("{:02}T{:02}:00", 1 + n / 24, n % 24), format!("192.0.2.{n}")))
        .collect();
    let samples: Vec<(&str, u64, &str)> =
        sources.iter().map(|(at, source)| (at.as_str(), 50, source.as_str())).collect();
    let path = home.write("moving.jsonl", &at(&samples));
    let found = report(&home, &path);
    let shown = found["series"].as_array().expect("series");
    assert_eq!((shown.len(), &found["series_left_out"]), (64, &6.into()));
    assert_eq!(
        (&shown[0]["source"], &shown[63]["source"]),
        (&"192.0.2.6".into(), &"192.0.2.69".into())
    );
    let text = home.dhlimit(["report".as_ref(), path.as_os_str()]).run().expect_code(0).stdout;
    assert!(
        text.contains("! Only the 64 series read last are shown; older ones left out: 6\n"),
        "{text}"
    );
}

#[test]
fn a_report_that_was_kept_from_others_stays_so() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    let path = recorded(&home, "hub.jsonl", 10);
    for mode in [0o600, 0o664] {
        let page = home.write("report.html", "old");
        fs::set_permissions(&page, fs::Permissions::from_mode(mode)).expect("permissions");
        home.dhlimit(["report".as_ref(), path.as_os_str(), "--out".as_ref(), page.as_os_str()])
            .run()
            .expect_code(0);
        assert_eq!(fs::metadata(&page).expect("the page").permissions().mode() & 0o777, mode);
    }
}

#[test]
fn one_damaged_line_does_not_take_a_recording_with_it() {
    let home = Home::new();
    let lines = |from, to| {
        (from..to)
            .map(|number| serde_json::to_string(&sample(number)).expect("JSON") + "\n")
            .collect::<String>()
    };
    let newer = lines(8, 10).replace("sample/1", "sample/2");
    let text = format!(
        "{}garbage\n{}{}{}{newer}{}",
        lines(0, 2),
        lines(2, 4),
        "\0".repeat(700),
        lines(4, 8),
        lines(10, 11)
    );
    let path = home.write("hub.jsonl", &text);
    let outcome = home.dhlimit(["report".as_ref(), path.as_os_str(), "-ojson".as_ref()]).run();
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let report: Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    assert_eq!(
        (&report["series"][0]["samples"], &report["torn_lines"]),
        (&9.into(), &3.into()),
        "{report}"
    );
    for words in [
        "hub.jsonl: line 3 is damaged or no sample;",
        "2 lines, the first of them line 10, are of the schema dhlimit/sample/2, which",
    ] {
        assert!(outcome.stderr.contains(words), "{words:?} is missing: {outcome:?}");
    }
    let none = home.write("none.jsonl", &format!("garbage\n{newer}"));
    let outcome = home.dhlimit(["report".as_ref(), none.as_os_str()]).run();
    assert!(outcome.code == Some(2) && outcome.stderr.contains("line 1 of"), "{outcome:?}");
}

#[test]
fn what_is_no_recording_is_a_usage_error_with_its_line() {
    let home = Home::new();
    let foreign = home.write("foreign.txt", "hello\n");
    let empty = home.write("empty.jsonl", "");
    let missing = home.path().join("missing.jsonl");
    for (path, code, wanted) in [
        (&foreign, 2, "line 1 of"),
        (&missing, 2, "cannot open the recording"),
        (&empty, 0, "holds no samples"),
    ] {
        let outcome = home.dhlimit(["report".as_ref(), path.as_os_str()]).run();
        assert_eq!(outcome.code, Some(code), "{outcome:?}");
        assert!(outcome.stderr.contains(wanted), "{outcome:?}");
    }
    assert_eq!(dhlimit(["report"]).run().code, Some(2));
}

#[test]
fn a_report_is_never_written_over_a_recording() {
    let home = Home::new();
    let path = recorded(&home, "hub.jsonl", 3);
    let other = recorded(&home, "other.jsonl", 3);
    let newer = home.write("newer.jsonl", "\0\0\n{\"schema\":\"dhlimit/sample/2\"}\n");
    let (link, hard) = (home.path().join("link.jsonl"), home.path().join("hard.html"));
    std::os::unix::fs::symlink(&path, &link).expect("a link");
    fs::hard_link(&path, &hard).expect("another name");
    let report = |more: &[&OsStr]| {
        more.iter()
            .fold(home.dhlimit(["report".as_ref(), path.as_os_str()]), |run, arg| run.arg(*arg))
            .run()
    };
    for target in [&path, &link, &hard, &other, &newer] {
        let before = fs::read(target).expect("a recording");
        for format in ["table", "html", "json"] {
            let outcome =
                report(&["-o".as_ref(), format.as_ref(), "--out".as_ref(), target.as_os_str()]);
            assert_eq!(
                (outcome.code, fs::read(target).expect("still there") == before),
                (Some(2), true),
                "{outcome:?}"
            );
            assert!(
                outcome.stderr.contains("recording")
                    && outcome.stderr.contains("name another file"),
                "{outcome:?}"
            );
        }
    }
    let page = home.path().join("page.html");
    for _ in 0..2 {
        // A report may be replaced, a recording not.
        assert_eq!(report(&["--out".as_ref(), page.as_os_str()]).code, Some(0));
    }
}

#[test]
fn an_ending_that_no_format_has_is_refused_with_those_there_are() {
    let home = Home::new();
    let path = recorded(&home, "hub.jsonl", 3);
    for (name, code, begins) in [
        ("x.pdf", 2, ""),
        ("x.html", 0, "<!doctype html>"),
        ("x.SVG", 0, "<svg"),
        ("x.json", 0, "{"),
        ("x.txt", 0, ""),
        ("x", 0, ""),
    ] {
        let out = home.path().join(name);
        let outcome = home
            .dhlimit(["report".as_ref(), path.as_os_str(), "--out".as_ref(), out.as_os_str()])
            .run();
        assert_eq!((outcome.code, out.exists()), (Some(code), code == 0), "{outcome:?}");
        let text = fs::read_to_string(&out).unwrap_or_default();
        assert!(text.to_ascii_lowercase().starts_with(begins), "{name}: {text}");
        assert!(code == 0 || outcome.stderr.contains(".html, .svg, .json or .txt"), "{outcome:?}");
    }
    let out = home.path().join("x.pdf");
    let outcome = home
        .dhlimit([
            "report".as_ref(),
            path.as_os_str(),
            "-osvg".as_ref(),
            "--out".as_ref(),
            out.as_os_str(),
        ])
        .run();
    assert_eq!((outcome.code, out.exists()), (Some(0), true), "{outcome:?}");
}

/// What Chromium was asked for over the network by the page, not by itself; and what it showed.
fn asked_for(home: &Home, chromium: &Path, page: &Path) -> (Vec<String>, Outcome) {
    let log = home.path().join("net.json");
    let more = [
        "--enable-logging=stderr",
        "--dump-dom",
        &format!("--user-data-dir={}", home.path().join("chromium").display()),
        &format!("--log-net-log={}", log.display()),
        &format!("file://{}", page.display()),
    ];
    let seen = home.program(chromium, tools::BROWSER.iter().chain(&more)).run();
    let events = fs::read_to_string(&log).expect("the log of requests");
    // An event a line; a request that Chromium makes for itself comes from no page.
    let events = events
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line.trim_end_matches(',')).ok());
    let asked = events.filter_map(|event| {
        let (url, from) =
            (event["params"]["url"].as_str()?, event["params"]["initiator"].as_str()?);
        (url.starts_with("http") && from != "not an origin").then(|| url.to_owned())
    });
    (asked.collect(), seen)
}

#[test]
fn a_page_asks_nobody_for_anything_and_runs_nothing() {
    let Some(chromium) = tools::require("chromium") else { return };
    let home = Home::new();
    let path = recorded(&home, "hub.jsonl", 400);
    let page = home.path().join("report.html");
    let outcome = home
        .dhlimit(["report".as_ref(), path.as_os_str(), "--out".as_ref(), page.as_os_str()])
        .run();
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(0), ""), "{outcome:?}");
    let html = fs::read_to_string(&page).expect("the page");
    assert!(
        html.contains("192.0.2.10&lt;script&gt;") && !html.contains("<script"),
        "foreign text is escaped"
    );
    let (asked, seen) = asked_for(&home, &chromium, &page);
    assert!(
        seen.stdout.contains("role=\"img\"") && seen.stdout.contains("The numbers of the chart"),
        "{seen:?}"
    );
    assert!(!seen.stderr.contains("CONSOLE"), "the console was written to: {}", seen.stderr);
    assert_eq!(asked, [""; 0]);
    seen.end_left_running();
    // The same page with a font from elsewhere: such a request would have been seen.
    let policy = html.find("<meta http-equiv").expect("a policy");
    let font = "<link rel=\"stylesheet\" href=\"http://fonts.googleapis.com.invalid/css\"/>";
    let page = home.write("font.html", &(html[..policy].to_owned() + font + &html[policy..]));
    let (asked, seen) = asked_for(&home, &chromium, &page);
    assert_eq!(asked, ["http://fonts.googleapis.com.invalid/css"]);
    seen.end_left_running();
}

#[test]
fn a_report_ends_with_the_forecast_that_watch_made_of_the_same_readings() {
    let home = Home::new();
    let path = home.path().join("hub.jsonl");
    let watched = home.dhlimit([
        "watch".as_ref(),
        "--sandbox".as_ref(),
        "--traffic".as_ref(),
        "steady:4/s".as_ref(),
        "--interval".as_ref(),
        "200ms".as_ref(),
        "--for".as_ref(),
        "4s".as_ref(),
        "--record".as_ref(),
        path.as_os_str(),
    ]);
    watched.run().expect_code(0);
    let recording = fs::read_to_string(&path).expect("the recording");
    let last: Value =
        serde_json::from_str(recording.lines().last().expect("a sample")).expect("JSON");
    assert!(last["burn_per_hour"].is_number() && last["empty_at"].is_string(), "{last}");
    let report = |args: [&OsStr; 3]| {
        home.dhlimit(["report".as_ref(), path.as_os_str()].into_iter().chain(args)).run().stdout
    };
    let json = report(["-o".as_ref(), "json".as_ref(), "--out=-".as_ref()]);
    let series = &serde_json::from_str::<Value>(&json).expect("JSON")["series"][0];
    // A recording has milliseconds, the watch knew more.
    let burn = |value: &Value| value["burn_per_hour"].as_f64().expect("a burn");
    assert!((burn(series) / burn(&last) - 1.0).abs() < 0.01, "{json} {last}");
    let empty = |value: &Value| -> chrono::DateTime<chrono::Utc> {
        value["empty_at"].as_str().and_then(|at| at.parse().ok()).expect("a time")
    };
    assert!((empty(series) - empty(&last)).num_seconds().abs() <= 1, "{json} {last}");
    let text = report(["-o".as_ref(), "table".as_ref(), "-q".as_ref()]);
    assert!(text.contains("pulls an hour, empty at "), "{text}");
}

#[test]
fn a_pipe_that_nobody_writes_to_is_left_by_ctrl_c() {
    let home = Home::new();
    let fifo = home.path().join("fifo");
    home.program("mkfifo", [&fifo]).run().expect_code(0);
    let mut running = home.dhlimit(["report".as_ref(), fifo.as_os_str()]).start();
    running.wait_until(std::time::Duration::from_secs(10), |running| {
        running.catches(Signal::INT).then_some(())
    });
    running.signal(Signal::INT);
    let outcome = running.outcome().expect_code(130);
    assert!(outcome.elapsed < std::time::Duration::from_secs(12), "{outcome:?}");
}
