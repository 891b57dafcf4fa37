//! `doctor` as a user runs it: faulty logins as the tools make them and as they made them once, whom a
//! registry counts, what stands between, and what the pages say. No output shows a secret.

mod configured;
mod counted;
mod faulty;
mod laid;
mod made;
mod pages;
mod stand_in;

use std::path::PathBuf;

use serde_json::Value;

use crate::harness::secrets::assert_absent;
use crate::harness::{Home, Outcome};

pub(super) use crate::credentials::{BOB, HUB, PASSWORD, auths, entry};

/// A finding, reduced to what tests compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) id: String,
    pub(super) severity: String,
    pub(super) subject: String,
    pub(super) evidence: String,
    pub(super) advice: Option<String>,
}

/// A run of `doctor -o json -vvv`, without a secret of Bob's in anything it prints.
#[track_caller]
pub(super) fn findings(outcome: &Outcome) -> Vec<Found> {
    assert_absent(&[BOB], &outcome.everything());
    let report = outcome.json();
    assert_eq!(report["schema"], "dhlimit/doctor/1", "{outcome:?}");
    let text = |finding: &Value, key: &str| finding[key].as_str().map(str::to_owned);
    let list = report["findings"].as_array().unwrap_or_else(|| panic!("{outcome:?}"));
    list.iter()
        .map(|finding| Found {
            id: text(finding, "id").expect("an id"),
            severity: text(finding, "severity").expect("a severity"),
            subject: text(finding, "subject").expect("a subject"),
            evidence: text(finding, "evidence").expect("evidence"),
            advice: text(finding, "advice"),
        })
        .collect()
}

/// The finding with that id.
#[track_caller]
pub(super) fn the<'a>(findings: &'a [Found], id: &str) -> &'a Found {
    findings
        .iter()
        .find(|finding| finding.id == id)
        .unwrap_or_else(|| panic!("no {id} in {findings:#?}"))
}

/// The ids of findings that are errors or warnings, without the runtimes of this machine.
pub(super) fn bad(findings: &[Found]) -> Vec<&str> {
    let bad =
        findings.iter().filter(|finding| ["error", "warning"].contains(&finding.severity.as_str()));
    bad.map(|finding| finding.id.as_str()).filter(|id| !id.starts_with("runtime-")).collect()
}

/// A `PATH` with nothing in it but these scripts of the home, and `sh` with its few.
pub(super) fn bare_path(home: &Home) -> std::ffi::OsString {
    let mut folders = vec![home.path().join("bin")];
    let bare = home.path().join("bare");
    std::fs::create_dir_all(&bare).expect("a folder");
    for tool in ["sh", "cat", "sleep", "printf"] {
        let found = ["/bin", "/usr/bin"]
            .iter()
            .map(|folder| PathBuf::from(folder).join(tool))
            .find(|path| path.exists());
        let _ = found.map(|path| std::os::unix::fs::symlink(path, bare.join(tool)));
    }
    folders.push(bare);
    std::env::join_paths(folders).expect("a search path")
}

/// A tool that is here and does not work, so that its login counts and it is stopped.
pub(super) fn stopped(home: &Home, names: &[&str]) {
    for name in names {
        home.script(name, "#!/bin/sh\necho 'no daemon here' >&2\nexit 1\n");
    }
}
