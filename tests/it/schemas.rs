//! The JSON schemas of `tests/schemas/`, a promise to whoever reads dhlimit's JSON: what the program
//! really prints is validated against them, and no key is printed that they do not describe.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::harness::{Home, Sandbox, dhlimit, http};

fn schema(name: &str) -> Value {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/schemas/{name}.schema.json"));
    let text =
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The schema as it is for a test: a key that it does not describe is wrong.
fn closed(schema: &Value) -> Value {
    match schema {
        Value::Object(map) => {
            let mut strict: serde_json::Map<String, Value> =
                map.iter().map(|(key, value)| (key.clone(), closed(value))).collect();
            // Rules (`then`, `if`) name a few properties of an object that is described elsewhere.
            if map.get("type") == Some(&json!("object")) && map.contains_key("properties") {
                strict.entry("additionalProperties").or_insert(json!(false));
            }
            Value::Object(strict)
        }
        Value::Array(items) => items.iter().map(closed).collect(),
        other => other.clone(),
    }
}

/// Remarks on a document, each with its place.
fn remarks(name: &str, document: &Value) -> Vec<String> {
    let options = jsonschema::options().should_validate_formats(true);
    let validator =
        options.build(&closed(&schema(name))).unwrap_or_else(|error| panic!("{name}: {error}"));
    validator
        .iter_errors(document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

#[track_caller]
pub(crate) fn valid(name: &str, document: &Value) {
    let remarks = remarks(name, document);
    assert!(remarks.is_empty(), "{name}:\n{}\n{document:#}", remarks.join("\n"));
}

/// A sandbox in a profile, and what a command prints there.
fn printed(sandbox: &Sandbox, args: &[&str]) -> String {
    let home = Home::new();
    let outcome = home.dhlimit(args).envs(sandbox.as_docker_hub()).keep(home).run();
    assert!(!outcome.stdout.is_empty(), "{outcome:?}");
    outcome.stdout
}

fn document(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

const PROFILES: [&str; 9] =
    ["2020", "2023", "2026", "paid", "exempt", "abuse", "blocked", "flaky", "odd"];

#[test]
fn check_and_gate_print_what_their_schemas_say_in_every_state() {
    let sandbox = Sandbox::start(&["--limit", "5"]);
    let mut states = std::collections::BTreeSet::new();
    let set =
        |change: Value| http::post(&format!("{}/_sandbox/set", sandbox.url()), &change).status;
    for profile in PROFILES {
        assert!(set(json!({"profile": profile})) < 300, "{profile}");
        for remaining in [5, 2, 0] {
            // Where nothing is counted there is nothing to set.
            assert!(
                set(json!({"identity": "127.0.0.1", "remaining": remaining})) < 300
                    || ["paid", "exempt"].contains(&profile),
                "{profile}"
            );
            let check =
                document(&printed(&sandbox, &["check", "-o", "json", "nginx", "missing/image"]));
            valid("check", &check);
            states.extend(
                check["readings"]
                    .as_array()
                    .expect("readings")
                    .iter()
                    .map(|reading| reading["state"].to_string()),
            );
            valid(
                "gate",
                &document(&printed(&sandbox, &["gate", "-o", "json", "--need", "3", "nginx"])),
            );
        }
    }
    let wanted = ["exhausted", "failed", "limited", "throttled", "unlimited"]
        .map(|state| format!("\"{state}\""));
    assert!(wanted.iter().all(|state| states.contains(state)), "only {states:?} were seen");
}

#[test]
fn gate_with_a_command_prints_what_its_schema_says() {
    let sandbox = Sandbox::start(&["--limit", "5"]);
    let home = Home::new();
    let args = ["gate", "-o", "json", "--max-use", "4", "nginx", "--", "true"];
    let outcome = home.dhlimit(args).envs(sandbox.as_docker_hub()).keep(home).run().expect_code(0);
    let report = document(&outcome.stderr[outcome.stderr.find('{').expect("a report")..]);
    assert_eq!(report["command"]["used"], 0);
    valid("gate", &report);
}

#[test]
fn stress_prints_what_its_schema_says_however_it_ends() {
    let sandbox = Sandbox::start(&["--limit", "3", "--window", "2s"]);
    let recovered =
        document(&printed(&sandbox, &["stress", "-q", "-o", "json", "--until-recovered", "nginx"]));
    valid("stress", &recovered);
    assert!(
        recovered["recovery"]["readings"].is_array() && recovered["first_429"]["round"] == 4,
        "{recovered:#}"
    );
    valid(
        "stress",
        &document(&printed(&sandbox, &["stress", "-q", "-o", "json", "--count", "1", "nginx"])),
    );
}

#[test]
fn watch_prints_what_the_schema_of_samples_says() {
    let sandbox = Sandbox::start(&["--limit", "9"]);
    let lines = printed(
        &sandbox,
        &["watch", "-q", "-o", "jsonl", "--interval", "200ms", "--for", "1s", "nginx"],
    );
    assert!(lines.lines().count() >= 2, "{lines}");
    lines.lines().for_each(|line| valid("sample", &document(line)));
}

#[test]
fn report_prints_what_its_schema_says_of_what_watch_recorded() {
    let sandbox = Sandbox::start(&["--limit", "100", "--traffic", "steady:5/s"]);
    let home = Home::new();
    let file = home.path().join("hub.jsonl");
    let recording =
        ["--interval", "200ms", "--for", "2s", "nginx", "--record"].map(std::ffi::OsStr::new);
    let watch = ["watch", "-q", "-o", "plain"]
        .map(std::ffi::OsStr::new)
        .into_iter()
        .chain(recording)
        .chain([file.as_os_str()]);
    home.dhlimit(watch).envs(sandbox.as_docker_hub()).run().expect_code(0);
    let empty = home.write("empty.jsonl", "");
    let report = |files: &[&Path]| {
        let args = ["report", "-o", "json"]
            .map(std::ffi::OsStr::new)
            .into_iter()
            .chain(files.iter().map(|file| file.as_os_str()));
        document(&home.dhlimit(args).run().expect_code(0).stdout)
    };
    let recorded = report(&[&file, &empty]);
    valid("report", &recorded);
    let series = &recorded["series"][0];
    assert!(
        series["samples"].as_u64() > Some(5)
            && series["pulls"].as_u64() > Some(4)
            && series["worst_hour"].is_object(),
        "{recorded:#}"
    );
    valid("report", &report(&[&empty]));
    // What no count was read of, too.
    let lines = fs::read_to_string(&file).expect("the recording");
    let failed = crate::report::failed(lines.lines().next().expect("a sample"));
    valid("report", &report(&[&home.write("failed.jsonl", &failed)]));
}

#[test]
fn explain_prints_what_its_schema_says_of_every_kind_of_failure() {
    let outputs = include_str!("fixtures/explain.jsonl")
        .lines()
        .chain(include_str!("fixtures/explain-own.jsonl").lines());
    // Far apart, so that none is taken for a repetition of another.
    let gap = "-\n".repeat(250);
    let log: String =
        outputs.filter_map(|row| Some(document(row)["text"].as_str()?.to_owned() + &gap)).collect();
    let findings =
        document(&dhlimit(["explain", "-o", "json"]).stdin(log).run().expect_code(0).stdout);
    valid("explain", &findings);
    let classes: std::collections::BTreeSet<String> = findings["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .map(|finding| finding["class"].to_string())
        .collect();
    assert_eq!(classes.len(), 13, "only {classes:?} were seen");
    valid(
        "explain",
        &document(
            &dhlimit(["explain", "-o", "json"]).stdin("all is well\n").run().expect_code(0).stdout,
        ),
    );
}

#[test]
fn doctor_prints_what_its_schema_says_whatever_it_finds() {
    let sandbox = Sandbox::start(&["--limit", "5"]);
    let home = Home::new();
    home.write(
        "docker/config.json",
        "{ \"credsStore\": \"absent\", \"auths\": { \"docker.io\": { \"auth\": \"eDp5\" } } }",
    );
    for args in [
        &["doctor", "-o", "json"][..],
        &["doctor", "-o", "json", "nginx", "quay.example", sandbox.authority()],
    ] {
        let outcome = home.dhlimit(args).envs(sandbox.as_docker_hub()).run().expect_code(0);
        valid("doctor", &outcome.json());
        assert!(
            outcome.json()["findings"].as_array().is_some_and(|findings| findings.len() > 4),
            "{outcome:?}"
        );
    }
}

#[test]
fn plan_prints_what_its_schema_says_whether_it_fits_or_not() {
    for args in [
        "--nodes 12 --images 34",
        "--nodes 3 --images 2 --pull-time 1500ms --arrival rolling:2/90s --law bucket",
        "--nodes 50 --images 9 --limit 1 --horizon 1s --law fixed --strategy cache,one-address",
        "--nodes 12 --images 34 --law all",
        "--nodes 9 --images 20 --warm 2 --parallel 3 --kubelet-qps 5 --limit 40 --strategy p2p,addresses:2,preloaded,cache-warm",
        "--nodes 3 --images 4 --limit 5 --window 60s --prove",
    ] {
        let args = ["plan", "-o", "json"].into_iter().chain(args.split(' '));
        valid("plan", &document(&dhlimit(args).run().stdout));
    }
}

#[test]
fn scan_prints_what_its_schema_says_whatever_it_finds() {
    let home = Home::new();
    home.write("tree/Dockerfile", "ARG V=1\nFROM nginx:$V\nFROM $X\nCOPY --from=Bad/Name a b\nFROM registry-1.docker.io/a/b\n");
    home.write("tree/x.sh", "docker pull redis # dhlimit: ignore[hub-floating] known\n");
    let tree = home.path().join("tree").display().to_string();
    for args in
        [&[][..], &["--nodes", "3", "--rule", "hub-reference=error", "--allow", "nginx:1=ours"]]
    {
        let all = ["scan", &tree, "-o", "json"];
        let outcome = home.dhlimit(all.iter().chain(args)).run().expect_code(0);
        valid("scan", &outcome.json());
        assert_eq!(outcome.json()["references"].as_array().map(Vec::len), Some(5), "{outcome:?}");
    }
}

#[test]
fn a_key_that_is_missing_unknown_or_wrong_is_seen() {
    let sandbox = Sandbox::start(&["--limit", "5"]);
    let report = document(&printed(&sandbox, &["check", "-o", "json", "nginx"]));
    let with = |key: &str, value: Value| {
        let mut changed = report.clone();
        changed["readings"][0][key] = value;
        remarks("check", &changed)
    };
    assert_eq!(with("limit", json!(5)), [""; 0], "as it was");
    for (key, value) in [
        ("limit", json!(-1)),
        ("state", json!("fine")),
        ("remaining", json!(null)),
        ("full_by", json!("soon")),
        ("new", json!(1)),
    ] {
        assert!(!with(key, value.clone()).is_empty(), "{key}: {value}");
    }
    let mut without = report.clone();
    without["readings"][0].as_object_mut().expect("a reading").remove("source");
    assert!(!remarks("check", &without).is_empty());
}

#[test]
fn every_schema_is_one() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schemas");
    let mut seen = 0;
    for entry in fs::read_dir(folder).expect("schemas").flatten() {
        let name = entry.file_name().to_string_lossy().trim_end_matches(".schema.json").to_owned();
        let schema = schema(&name);
        assert_eq!(schema["properties"]["schema"]["const"], format!("dhlimit/{name}/1"));
        assert!(jsonschema::meta::is_valid(&schema), "{name}");
        seen += 1;
    }
    assert!(seen >= 4, "{seen}");
}
