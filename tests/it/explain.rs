//! What outputs of real tools mean, as the library and as `dhlimit explain` see it. The fixtures are
//! rows of JSON: an output and the class that is to be found in it, `none` for no finding at all.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::time::Duration;

use dhlimit::diagnosis::{Explainer, Finding, Hub};
use rustix::process::Signal;

use crate::harness::{Home, dhlimit};

mod wrapped;

#[derive(serde::Deserialize)]
struct Row {
    id: String,
    text: String,
    /// The class that is to be found.
    #[serde(default)]
    class: String,
    /// The classes of which one is to be found, where more than one is right.
    #[serde(default)]
    classes: Vec<String>,
    /// The image that every finding is to name, empty for none; absent where it does not matter.
    image: Option<String>,
}

fn rows(file: &str) -> Vec<Row> {
    file.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

impl Row {
    /// Whether these classes are the ones that are to be found.
    fn is_met(&self, found: &BTreeSet<&str>) -> bool {
        if self.classes.is_empty() {
            let wanted = [self.class.as_str()].into_iter().filter(|class| *class != "none");
            return *found == wanted.collect();
        }
        found.len() == 1 && found.iter().all(|class| self.classes.iter().any(|one| one == class))
    }
}

fn explain(text: &str) -> Vec<Finding> {
    explain_bytes(text.as_bytes())
}

fn explain_bytes(bytes: &[u8]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut explainer = Explainer::new(Hub::default());
    explainer.feed(bytes, &mut |finding| findings.push(finding));
    explainer.finish(&mut |finding| findings.push(finding));
    findings
}

/// The rows whose set of classes is not the one that is asked for.
fn wrong(rows: &[Row]) -> Vec<String> {
    rows.iter()
        .filter_map(|row| {
            let findings = explain(&row.text);
            let found: BTreeSet<&str> =
                findings.iter().map(|finding| finding.class.name()).collect();
            let images: BTreeSet<&str> = findings
                .iter()
                .map(|finding| finding.image.as_deref().unwrap_or_default())
                .collect();
            let is_other = row.image.as_deref().is_some_and(|image| images != [image].into());
            (!row.is_met(&found) || is_other).then(|| {
                format!(
                    "{}: wanted {} {:?}, found {found:?} {images:?} in {}",
                    row.id, row.class, row.classes, row.text
                )
            })
        })
        .collect()
}

#[test]
fn every_labelled_output_is_given_its_class_and_no_other() {
    let rows = rows(include_str!("fixtures/explain.jsonl"));
    assert!(rows.len() >= 176);
    let wrong = wrong(&rows);
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

#[test]
fn outputs_of_our_own_shapes_are_given_their_class_and_talk_about_limits_is_passed_by() {
    let rows = rows(include_str!("fixtures/explain-own.jsonl"));
    assert!(rows.len() >= 550);
    let wrong = wrong(&rows);
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

/// A log with two failures of one kind and one of another, behind prefixes, with an account in it.
const LOG: &str = "\
2026-11-22T09:15:20.1234567Z ##[command]/usr/bin/docker pull nginx:1.27
2026-11-22T09:15:21.1234567Z Error response from daemon: toomanyrequests: You have reached your pull rate limit as 'tidewater-ci': dckr_jti_9qvxj2uawwDVeT6hCsOoeeN_bzw=. You may increase the limit by upgrading. https://www.docker.com/increase-rate-limit
2026-11-22T09:15:29.1234567Z Error response from daemon: toomanyrequests: You have reached your pull rate limit as 'tidewater-ci': dckr_jti_9qvxj2uawwDVeT6hCsOoeeN_bzw=. You may increase the limit by upgrading. https://www.docker.com/increase-rate-limit
2026-11-22T09:15:30.1234567Z Error response from daemon: Get \"https://jo:hunter2@registry.acme.example/v2/\": dial tcp: lookup registry.acme.example: no such host\u{1b}[31m\u{7}
";

/// The lines of plain output that are failures, without the advice below them.
fn failures(plain: &str) -> Vec<&str> {
    plain.lines().filter(|line| !line.starts_with("  → ")).collect()
}

#[test]
fn json_names_line_class_image_and_tool() {
    let answer = dhlimit(["explain", "-o", "json"]).stdin(LOG).run().expect_code(0).json();
    assert_eq!(answer["schema"], "dhlimit/explain/1");
    let seen: Vec<String> = answer["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .map(|finding| {
            format!(
                "{} {} {} {}",
                finding["line"], finding["class"], finding["image"], finding["tool"]
            )
        })
        .collect();
    let nginx = "\"docker.io/library/nginx:1.27\" \"docker\"";
    assert_eq!(
        seen,
        [
            format!("2 \"pull_limit\" {nginx}"),
            format!("3 \"pull_limit\" {nginx}"),
            "4 \"network\" null \"docker\"".to_owned()
        ]
    );
}

#[test]
fn findings_of_the_json_document_are_in_the_order_of_their_lines() {
    // A warning is held back until it is clear that the error after it tells of something else.
    let mixed = "WARN[0001] Failed, retrying in 1s ... (1/3). Error: reading manifest 7 in docker.io/library/nginx: received unexpected HTTP status: 503 Service Unavailable\n\
                 Error: reading manifest 7 in docker.io/library/redis: toomanyrequests: You have reached your pull rate limit.\n";
    let found = explain(mixed);
    assert!(
        !found.iter().is_sorted_by_key(|finding| finding.line),
        "the input is to be one whose failures end in another order"
    );
    let answer = dhlimit(["explain", "-o", "json"]).stdin(mixed).run().expect_code(0).json();
    let lines: Vec<u64> = answer["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["line"].as_u64().unwrap())
        .collect();
    assert!(lines.len() == found.len() && lines.is_sorted(), "{lines:?}");
}

#[test]
fn no_secret_and_no_control_character_reaches_any_output() {
    for output in ["table", "plain", "json", "jsonl"] {
        let outcome = dhlimit(["explain", "-vvv", "-o", output]).stdin(LOG).run().expect_code(0);
        let everything = outcome.everything();
        assert!(
            everything.contains("pull_limit") && everything.contains("<redacted>"),
            "{output}: {everything}"
        );
        for secret in ["tidewater-ci", "dckr_jti", "hunter2", "\u{1b}", "\u{7}"] {
            assert!(!everything.contains(secret), "{output} shows {secret:?}: {everything}");
        }
    }
}

#[test]
fn no_password_of_a_command_that_failed_reaches_any_output() {
    let failed = [
        "Error: Error running command 'docker login -u bob -p hunter2pass': exit status 1. Output: Error response from daemon: Get \"https://registry-1.docker.io/v2/\": unauthorized: incorrect username or password",
        "CalledProcessError: ['docker', 'login', '-u', 'bob', '-p', 'hunter2pass']: unauthorized: incorrect username or password",
        "skopeo copy --src-creds bob:hunter2pass --dest-creds=bob:hunter2pass docker://a/b:1 dir:x: unauthorized: incorrect username or password",
        "DOCKERHUB_TOKEN=hunter2pass docker run -e DB_PASSWORD=hunter2pass nginx:1: unauthorized: incorrect username or password",
        "{\"msg\":\"{\\\"password\\\": \\\"hunter2pass\\\"} unauthorized: incorrect username or password\"}",
    ];
    for line in failed {
        let outcome = dhlimit(["explain", "-vvv", "-o", "jsonl"]).stdin(line).run().expect_code(0);
        assert!(
            outcome.stdout.contains("\"credentials\"") && outcome.stdout.contains("<redacted>"),
            "{outcome:?}"
        );
        assert!(!outcome.everything().contains("hunter2"), "{outcome:?}");
    }
}

#[test]
fn the_table_counts_repeats_and_plain_has_a_line_a_failure() {
    let table = dhlimit(["explain", "-o", "table"]).stdin(LOG).run().expect_code(0).stdout;
    assert!(
        table.starts_with("Docker Hub's pull limit (pull_limit), 2 times on 2026-11-22\n"),
        "{table}"
    );
    assert!(
        table.contains("   2      2  09:15:21Z  09:15:29Z  docker  docker.io/library/nginx:1.27\n")
            && table.contains("→ "),
        "{table}"
    );
    let plain = dhlimit(["explain"]).stdin(LOG).run().expect_code(0).stdout;
    let starts: Vec<&str> =
        failures(&plain).iter().filter_map(|line| line.split("  ").next()).collect();
    assert_eq!(starts, ["2: pull_limit", "3: pull_limit", "4: network"]);
    let template =
        dhlimit(["explain", "--format", "{line}={class}"]).stdin(LOG).run().expect_code(0).stdout;
    assert_eq!(template, "2=pull_limit\n3=pull_limit\n4=network\n");
}

#[test]
fn plain_gives_each_advice_once_below_the_first_failure_that_needs_it() {
    let plain = dhlimit(["explain"]).stdin(LOG).run().expect_code(0).stdout;
    let advised: Vec<bool> = plain.lines().map(|line| line.starts_with("  → ")).collect();
    assert_eq!(advised, [false, true, false, false, true], "{plain}");
}

#[test]
fn when_how_often_and_where_is_told_where_the_text_says_it() {
    let message = "Failed to pull image \"redis:8\": toomanyrequests: You have reached your pull rate limit. https://www.docker.com/increase-rate-limit";
    let event = |pod: &str| {
        serde_json::json!({
            "apiVersion": "v1", "count": 7, "eventTime": null, "firstTimestamp": "2026-11-22T09:00:00Z",
            "involvedObject": {"kind": "Pod", "name": pod, "namespace": "shop"}, "kind": "Event",
            "lastTimestamp": "2026-11-22T09:15:00Z", "message": message, "metadata": {"name": "x.1", "namespace": "shop"},
            "reason": "Failed", "reportingComponent": "kubelet", "source": {"component": "kubelet", "host": "worker-2"}, "type": "Warning",
        })
    };
    let list = serde_json::json!({"apiVersion": "v1", "items": [event("web-0"), event("web-1")], "kind": "List"});
    let yaml = format!(
        "apiVersion: v1\nitems:\n- apiVersion: v1\n  count: 7\n  eventTime: null\n  firstTimestamp: \"2026-11-22T09:00:00Z\"\n  involvedObject:\n    kind: Pod\n    name: web-0\n    namespace: shop\n  kind: Event\n  lastTimestamp: \"2026-11-22T09:15:00Z\"\n  message: '{message}'\n  source:\n    component: kubelet\n    host: worker-2\n  type: Warning\nkind: List\n"
    );
    let pretty = serde_json::to_string_pretty(&list).unwrap();
    let web0 = "2026-11-22T09:00:00Z 2026-11-22T09:15:00Z 7 shop web-0 worker-2";
    let web1 = "2026-11-22T09:00:00Z 2026-11-22T09:15:00Z 7 shop web-1 worker-2";
    let journal = format!(
        "Nov 22 09:15:21 worker-2 kubelet[1042]: E1122 09:15:21.443871    1042 kuberuntime_image.go:55] \"Failed to pull image\" err=\"{}\" image=\"redis:8\" pod=\"shop/web-0\"\n",
        message.replace('"', "\\\"")
    );
    let docker = serde_json::json!({"log": format!("{message}\n"), "stream": "stderr", "time": "2026-11-22T09:15:21.1Z"});
    let columns = format!(
        "NAMESPACE  LAST SEEN  TYPE  REASON  OBJECT  MESSAGE\nshop  60s  Normal  Scheduled  pod/web-0  Successfully assigned shop/web-0 to worker-2\nshop  59s (x4 over 3m)  Warning  Failed  pod/web-0  {message}\n"
    );
    for (text, told) in [
        (pretty, vec![web0, web1]),
        (list.to_string(), vec![web0, web1]),
        (event("web-0").to_string(), vec![web0]),
        (yaml, vec![web0]),
        (journal, vec!["2025-11-22T09:15:21 2025-11-22T09:15:21 1 shop web-0 worker-2"]),
        (docker.to_string(), vec!["2026-11-22T09:15:21Z 2026-11-22T09:15:21Z 1 - - -"]),
        (columns, vec!["- - 4 shop web-0 worker-2"]),
        (format!("[pod/web-0/app] {message}"), vec!["- - 1 - web-0 -"]),
        (message.to_owned(), vec!["- - 1 - - -"]),
    ] {
        let mut findings = Vec::new();
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        let mut explainer = Explainer::new(Hub::default()).at(now);
        explainer.feed(text.as_bytes(), &mut |finding| findings.push(finding));
        explainer.finish(&mut |finding| findings.push(finding));
        let seen: Vec<String> = findings
            .iter()
            .map(|finding| {
                let at = &finding.occurrence;
                let show = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
                format!(
                    "{} {} {} {} {} {}",
                    show(&at.first_at),
                    show(&at.last_at),
                    at.count,
                    show(&at.namespace),
                    show(&at.pod),
                    show(&at.node)
                )
            })
            .collect();
        assert_eq!(seen, told, "{text}");
    }
}

#[test]
fn a_pipeline_fails_on_the_classes_that_it_names() {
    for (fail_on, code) in
        [("pull_limit", 1), ("denied,network", 1), ("any", 1), ("overall_limit", 0)]
    {
        dhlimit(["explain", "--fail-on", fail_on]).stdin(LOG).run().expect_code(code);
    }
    dhlimit(["explain", "--fail-on", "any"]).stdin("all is well\n").run().expect_code(0);
    let outcome = dhlimit(["explain", "--fail-on", "pul_limit"]).stdin(LOG).run().expect_code(2);
    assert!(outcome.stderr.contains("pull_limit"), "{outcome:?}");
}

#[test]
fn a_log_without_a_failure_is_no_failure() {
    let table = dhlimit(["explain", "-o", "table"])
        .stdin("Status: Image is up to date for nginx:latest\n")
        .run()
        .expect_code(0);
    assert_eq!((table.stdout.lines().count(), table.stderr.as_str()), (1, ""));
    let plain = dhlimit(["explain"]).stdin("").run().expect_code(0);
    assert!(plain.stdout.is_empty() && plain.stderr.contains("No line"), "{plain:?}");
}

#[test]
fn what_cannot_be_read_is_a_usage_error_that_names_it() {
    let home = Home::new();
    let folder = home.path().display().to_string();
    for file in ["/nowhere/job.log", folder.as_str()] {
        let outcome = home.dhlimit(["explain", file]).run().expect_code(2);
        assert!(
            outcome.stderr.contains(file)
                && outcome.stderr.contains("docker pull nginx 2>&1 | dhlimit explain"),
            "{outcome:?}"
        );
    }
    let outcome =
        home.dhlimit(["explain", "--format", "{nothing}", "-"]).stdin(LOG).run().expect_code(2);
    assert!(outcome.stderr.contains("nothing"), "{outcome:?}");
}

#[test]
fn files_of_other_encodings_and_compressed_ones_are_read() {
    let home = Home::new();
    let wide: Vec<u8> =
        format!("\u{feff}{LOG}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(LOG.as_bytes()).expect("gzip in memory");
    let latin = [b"caf\xe9 \xff\xfe\n".as_slice(), LOG.as_bytes()].concat();
    for (name, bytes, first) in [
        ("wide", wide, 2),
        ("gzip", gzip.finish().expect("gzip in memory"), 2),
        ("latin", latin, 3),
    ] {
        let path = home.path().join(name);
        fs::write(&path, bytes).expect("a log");
        let outcome = home.dhlimit(["explain".as_ref(), path.as_os_str()]).run().expect_code(0);
        assert!(
            outcome
                .stdout
                .starts_with(&format!("{first}: pull_limit  docker.io/library/nginx:1.27")),
            "{name}: {outcome:?}"
        );
        assert_eq!(failures(&outcome.stdout).len(), 3, "{name}: {outcome:?}");
    }
}

#[test]
fn a_reader_that_leaves_ends_it_quietly() {
    let home = Home::new();
    let log = home.write("long.log", &LOG.repeat(5_000));
    let line = format!(
        "{} explain {} -o jsonl; echo \"ended $?\" >&2",
        env!("CARGO_BIN_EXE_dhlimit"),
        log.display()
    );
    let outcome =
        home.program("sh", ["-c", &format!("{{ {line}; }} | head -n 1")]).run().expect_code(0);
    assert_eq!(
        (outcome.stdout.lines().count(), outcome.stderr.trim()),
        (1, "ended 0"),
        "{outcome:?}"
    );
}

#[test]
fn a_failure_is_shown_while_the_stream_goes_on_and_an_interrupt_shows_the_rest() {
    let home = Home::new();
    let fifo = home.path().join("fifo");
    home.program("mkfifo", [&fifo]).run().expect_code(0);
    for (output, interrupt) in [("plain", Signal::INT), ("table", Signal::TERM)] {
        let mut running = home
            .dhlimit(["explain".as_ref(), fifo.as_os_str(), "-o".as_ref(), output.as_ref()])
            .start();
        let mut writer =
            fs::OpenOptions::new().write(true).open(&fifo).expect("a pipe with a reader");
        writer.write_all(LOG.as_bytes()).expect("a pipe with a reader");
        if output == "plain" {
            running.wait_until(Duration::from_secs(20), |running| {
                running.stdout().contains("pull_limit").then_some(())
            });
        } else {
            // A table is shown at the end; there is nothing to see that says the log has been read.
            std::thread::sleep(Duration::from_millis(300));
        }
        running.signal(interrupt);
        let outcome = running.outcome().expect_code(130);
        assert!(outcome.stdout.contains("pull_limit"), "{outcome:?}");
        drop(writer);
    }
}

#[test]
fn a_stream_that_falls_silent_shows_what_it_has_said_and_shows_it_once() {
    let home = Home::new();
    let fifo = home.path().join("fifo");
    home.program("mkfifo", [&fifo]).run().expect_code(0);
    let mut running = home
        .dhlimit([
            "explain".as_ref(),
            fifo.as_os_str(),
            "--format".as_ref(),
            "{line} {class}".as_ref(),
        ])
        .start();
    let mut writer = fs::OpenOptions::new().write(true).open(&fifo).expect("a pipe with a reader");
    let bare = "Failed to pull image \"golang:1.22\": unexpected status from HEAD request to https://registry-1.docker.io/v2/library/golang/manifests/1.22: 429 Too Many Requests\n";
    let warning = "WARN[0001] Failed, retrying in 1s ... (1/3). Error: reading manifest 7 in docker.io/library/redis: toomanyrequests: You have reached your pull rate limit.\n";
    let error = "Error: reading manifest 7 in docker.io/library/redis: toomanyrequests: You have reached your pull rate limit.\n";
    for (line, shown) in [(bare, "1 limit_unspecified\n"), (warning, "2 pull_limit\n")] {
        writer.write_all(line.as_bytes()).expect("a pipe with a reader");
        running.wait_until(Duration::from_secs(20), |running| {
            running.stdout().contains(shown).then_some(())
        });
    }
    writer.write_all(error.as_bytes()).expect("a pipe with a reader");
    drop(writer);
    let outcome = running.outcome().expect_code(0);
    assert_eq!(outcome.stdout, "1 limit_unspecified\n2 pull_limit\n", "{outcome:?}");
}

#[test]
fn two_hundred_megabytes_and_an_endless_line_stay_within_memory() {
    let home = Home::new();
    let ordinary =
        "2026-11-22T09:15:21.114Z INFO orders handled request path=/api/v1/orders/4711 status=200 took=12ms user=alice\n".repeat(100);
    let block = format!("{ordinary}{LOG}");
    let path = home.path().join("big.log");
    let mut file = io::BufWriter::new(fs::File::create(&path).expect("a log"));
    let blocks = 170_000_000 / block.len();
    for _ in 0..blocks {
        file.write_all(block.as_bytes()).expect("room for a log");
    }
    for _ in 0..30_000 {
        file.write_all(&[b'x'; 1_000]).expect("room for a log");
    }
    file.flush().expect("room for a log");
    drop(file);
    let outcome = home
        .dhlimit(["explain".as_ref(), path.as_os_str(), "-o".as_ref(), "table".as_ref()])
        .limit(Duration::from_secs(300))
        .run();
    let outcome = outcome.expect_code(0);
    assert!(outcome.stdout.contains(&format!("(pull_limit), {} times", 2 * blocks)), "{outcome:?}");
    assert!(
        outcome.peak_memory > 0 && outcome.peak_memory < 40 << 20,
        "{} bytes",
        outcome.peak_memory
    );
}

#[test]
fn an_archive_is_named_with_the_command_that_unpacks_it_and_a_log_that_ends_early_is_whole_json() {
    for (head, command) in [
        (&b"PK\x03\x04rest of it"[..], "unzip -p"),
        (b"BZh91AY&SY", "bzip2 -dc"),
        (b"\xfd7zXZ\0\0\x04", "xz -dc"),
        (b"\x28\xb5\x2f\xfd\x24\x10abc", "zstd -dc"),
    ] {
        let outcome = dhlimit(["explain"]).stdin(head).run().expect_code(2);
        assert!(outcome.stderr.contains(command), "{}", outcome.stderr);
        assert_eq!(outcome.stdout, "");
    }
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(LOG.repeat(20).as_bytes()).expect("gzip in memory");
    let whole = gzip.finish().expect("gzip in memory");
    for lost in [8, 20, whole.len() / 2, whole.len() - 12] {
        let outcome = dhlimit(["explain", "-o", "json"])
            .stdin(&whole[..whole.len() - lost])
            .run()
            .expect_code(2);
        if !outcome.stdout.is_empty() {
            assert_eq!(outcome.json()["schema"], "dhlimit/explain/1");
        }
    }
}
