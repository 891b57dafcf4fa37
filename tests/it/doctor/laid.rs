//! Whole configurations, each laid over a machine: its home, its `/etc` of the container tools, its
//! `/var/lib/rancher`, its programs first in the search path. A row of the fixtures says what `doctor`
//! is to find there and what not. Beside the rows that were collected stand rows of our own.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use super::bare_path;
use crate::harness::secrets::{Secret, assert_absent};
use crate::harness::{Home, Outcome, Sandbox, tools};

/// Who has an account at the registry of these tests.
const ALICE: Secret = Secret { user: "alice", password: "pw-S3cret" };
/// The folders that a row lays over the machine's, empty where it has nothing for them.
const LAID: [&str; 5] =
    ["etc/docker", "etc/containerd", "etc/containers", "etc/rancher", "var/lib/rancher"];
/// The variables that make a sandbox docker.io.
type Hub = [(&'static str, OsString); 2];
/// How many rows are tried at once.
const AT_ONCE: usize = 4;

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    /// What stands behind `dhlimit`.
    command: Vec<String>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    /// Octal modes of files.
    #[serde(default)]
    modes: BTreeMap<String, String>,
    #[serde(default)]
    #[allow(dead_code, reason = "a row says why it is right")]
    why: String,
    #[serde(default)]
    must_ids: Vec<String>,
    #[serde(default)]
    must_not_ids: Vec<String>,
    /// Words of the evidence or advice of a warning or an error.
    #[serde(default)]
    must_words_in_a_warning: Vec<String>,
    /// No finding is a warning or an error.
    #[serde(default)]
    is_calm: bool,
    #[serde(default)]
    stderr_must_contain: Vec<String>,
    #[serde(default)]
    never_print: Vec<String>,
    #[serde(default)]
    files: BTreeMap<String, Content>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Bytes { base64: String },
}

fn rows(text: &str) -> Vec<Row> {
    text.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

/// Runs a row's command on a machine that is laid out so.
fn run(row: &Row, machine: &Path, hub: &Hub) -> Outcome {
    let home = Home::new();
    let root = home.path().join("laid");
    for folder in LAID.iter().chain(&["home"]) {
        fs::create_dir_all(root.join(folder)).expect("a folder");
    }
    for (path, content) in &row.files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("a path below the root")).expect("a folder");
        let bytes = match content {
            Content::Text(text) => text.clone().into_bytes(),
            Content::Bytes { base64 } => BASE64_STANDARD.decode(base64).expect("base64"),
        };
        fs::write(path, bytes).expect("a file");
    }
    for (path, mode) in &row.modes {
        let mode = u32::from_str_radix(mode.trim_start_matches("0o"), 8).expect("a mode");
        fs::set_permissions(root.join(path), fs::Permissions::from_mode(mode)).expect("a mode");
    }
    super::stopped(&home, &["docker", "nerdctl", "podman"]);
    let own_home = root.join("home");
    let named = |text: &str| text.replace("@HOME@", &own_home.display().to_string());
    let script = "mount --bind \"$MACHINE/etc\" /etc && mount --bind \"$MACHINE/lib\" /var/lib || exit 99\n\
        for folder in $LAID; do mount --bind \"$ROOT/$folder\" \"/$folder\" || exit 99; done\n\
        export PATH=\"$TOOLS\"\nexec \"$@\"\n";
    let mut path = root.join("bin").into_os_string();
    path.push(":");
    path.push(bare_path(&home));
    let program = home
        .program("unshare", ["-m", "sh", "-c", script, "laid", env!("CARGO_BIN_EXE_dhlimit")])
        .env("MACHINE", machine)
        .env("ROOT", &root)
        .env("LAID", LAID.join(" "))
        .env("HOME", &own_home)
        .without("XDG_CONFIG_HOME")
        .without("DOCKER_CONFIG")
        .envs(hub.clone());
    let program = row.command.iter().fold(program, |program, arg| program.arg(named(arg)));
    let program =
        row.env.iter().fold(program, |program, (name, value)| program.env(name, named(value)));
    program.env("TOOLS", &path).keep(home).run()
}

/// What a row asks for and does not get.
fn faults(row: &Row, outcome: &Outcome) -> Vec<String> {
    let everything = outcome.everything();
    assert_absent(&[ALICE], &everything);
    let mut faults: Vec<String> = row
        .never_print
        .iter()
        .filter(|secret| everything.contains(secret.as_str()))
        .map(|_| "prints a secret".to_owned())
        .collect();
    for words in row.stderr_must_contain.iter().filter(|words| !outcome.stderr.contains(*words)) {
        faults.push(format!("no {words:?} on standard error: {}", outcome.stderr));
    }
    if row.command.first().is_none_or(|command| command != "doctor") {
        return faults;
    }
    let report: Value = serde_json::from_str(&outcome.stdout).unwrap_or_default();
    let list = report["findings"].as_array().cloned().unwrap_or_default();
    let told = |finding: &Value| {
        let text = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
        format!("{} {} {}: {}", text("severity"), text("id"), text("subject"), text("evidence"))
    };
    let all = list.iter().map(told).collect::<Vec<_>>().join("\n");
    let bad: Vec<&Value> = list
        .iter()
        .filter(|finding| finding["severity"] == "warning" || finding["severity"] == "error")
        .collect();
    let has = |id: &String| list.iter().any(|finding| finding["id"] == id.as_str());
    faults.extend(row.must_ids.iter().filter(|id| !has(id)).map(|id| format!("no {id} in\n{all}")));
    faults.extend(row.must_not_ids.iter().filter(|id| has(id)).map(|id| format!("{id} in\n{all}")));
    for words in &row.must_words_in_a_warning {
        if !bad.iter().any(|finding| finding.to_string().contains(words.as_str())) {
            faults.push(format!("no warning says {words:?}:\n{all}"));
        }
    }
    // The stand-ins for runtimes do not work, and that is no fault of the row.
    let alarms = bad.iter().filter(|finding| finding["id"] != "runtime-stopped");
    if row.is_calm && alarms.count() > 0 {
        faults.push(format!("an alarm in\n{all}"));
    }
    faults
}

/// What is wrong with these rows; every one is tried.
fn wrong(rows: &[Row]) -> Vec<String> {
    let machine = Home::new();
    for folder in LAID {
        let folder = folder.replace("var/lib", "lib");
        fs::create_dir_all(machine.path().join(folder)).expect("a folder");
    }
    for file in ["hosts", "resolv.conf", "passwd", "group", "nsswitch.conf", "ld.so.cache"] {
        let _ = fs::copy(Path::new("/etc").join(file), machine.path().join("etc").join(file));
    }
    let sandbox = Sandbox::start(&["--account", &format!("{}:{}:40", ALICE.user, ALICE.password)]);
    let hub = sandbox.as_docker_hub();
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(row) = rows.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcome = run(row, machine.path(), &hub);
                    let faults = if outcome.code == Some(99) {
                        vec![format!("cannot be laid out: {}", outcome.stderr)]
                    } else {
                        faults(row, &outcome)
                    };
                    let faults = faults.into_iter().map(|fault| format!("{}: {fault}", row.name));
                    wrong.lock().expect("no panic").extend(faults);
                }
            });
        }
    });
    let mut wrong = wrong.into_inner().expect("no panic");
    wrong.sort();
    wrong
}

#[test]
fn doctor_finds_what_is_wrong_with_every_configuration_and_nothing_else() {
    if !tools::require_root() || tools::require("unshare").is_none() {
        return;
    }
    let mut all = rows(include_str!("../fixtures/doctor.jsonl"));
    assert_eq!(all.len(), 70);
    all.extend(rows(include_str!("../fixtures/doctor-own.jsonl")));
    let wrong = wrong(&all);
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), all.len(), wrong.join("\n\n"));
}
