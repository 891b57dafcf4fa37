//! Every row of the fixtures within everything that carries logs: what is found must not depend on
//! who printed the line, sent it on or quoted it, and neither must what is passed by.

use std::collections::BTreeSet;

use super::{Row, explain_bytes, rows};

/// A name, and what carries a text so.
type Wrapping = (&'static str, fn(&str) -> Vec<u8>);

fn each(text: &str, wrap: impl Fn(&str) -> String) -> Vec<u8> {
    text.lines().map(|line| wrap(line) + "\n").collect::<String>().into_bytes()
}

fn teamcity(text: &str) -> String {
    let text = text.trim_end().replace('|', "||").replace('\'', "|'");
    text.replace('[', "|[").replace(']', "|]")
}

/// What carries whole logs, line by line.
const WHOLE: &[Wrapping] = &[
    ("plain", |t| t.as_bytes().to_vec()),
    ("gha", |t| each(t, |l| format!("2026-11-24T09:00:01.1234567Z {l}"))),
    ("ghrun", |t| each(t, |l| format!("job\tPull images\t2026-11-24T09:00:01.1234567Z {l}"))),
    ("ghrun2", |t| {
        each(t, |l| {
            format!(
                "build (22.04, docker)\tRun integration tests\t2026-11-24T09:00:01.1234567Z {l}"
            )
        })
    }),
    ("ghunknown", |t| {
        each(t, |l| format!("docker\tUNKNOWN STEP\t2026-11-24T09:00:01.1234567Z {l}"))
    }),
    ("quote", |t| each(t, |l| format!("> {l}"))),
    ("quote2", |t| each(t, |l| format!("> > {l}"))),
    ("quote3", |t| each(t, |l| format!(">> {l}"))),
    ("kubectl", |t| each(t, |l| format!("[pod/web-6c8f9d7b5-abcde/app] {l}"))),
    ("kubectlts", |t| {
        each(t, |l| format!("[pod/web-6c8f9d7b5-abcde/app] 2026-11-24T09:00:01.123456789Z {l}"))
    }),
    ("journald", |t| each(t, |l| format!("Nov 24 09:00:01 node-1 runner[1042]: {l}"))),
    ("journaldiso", |t| each(t, |l| format!("2026-11-24T09:00:01+0100 node-1 runner[1042]: {l}"))),
    ("compose", |t| each(t, |l| format!("web-1  | {l}"))),
    ("jenkins", |t| each(t, |l| format!("[2026-11-24T09:00:01.123Z] {l}"))),
    ("jenkinsbr", |t| each(t, |l| format!("[build] {l}"))),
    ("clock", |t| each(t, |l| format!("09:00:01  {l}"))),
    ("gitlab", |t| each(t, |l| format!("2026-11-24T09:00:01.123456Z 01O {l}"))),
    ("dockerjson", |t| {
        each(t, |l| {
            serde_json::json!({"log": format!("{l}\n"), "stream": "stderr", "time": "2026-11-24T09:00:01.1Z"}).to_string()
        })
    }),
    ("cri", |t| each(t, |l| format!("2026-11-24T09:00:01.123456789Z stderr F {l}"))),
    ("journalbytes", |t| {
        each(t, |l| {
            serde_json::json!({"_HOSTNAME":"node-1","MESSAGE": l.as_bytes(), "PRIORITY":"6"})
                .to_string()
        })
    }),
    ("journaljson", |t| {
        each(t, |l| {
            serde_json::json!({"_HOSTNAME":"node-1","MESSAGE": l, "PRIORITY":"6"}).to_string()
        })
    }),
    ("utf16le", |t| t.encode_utf16().flat_map(u16::to_le_bytes).collect()),
    ("utf16be", |t| t.encode_utf16().flat_map(u16::to_be_bytes).collect()),
    ("indent", |t| each(t, |l| format!("    {l}"))),
    ("buildkite", |t| each(t, |l| format!("\x1b_bk;t=1764000000000\x07{l}"))),
    ("crlf", |t| each(t, |l| format!("{l}\r"))),
    ("gotest", |t| {
        each(t, |l| {
            serde_json::json!({"Time":"2026-11-24T09:00:01Z","Action":"output","Package":"acme/x","Test":"TestPull","Output": format!("{l}\n")}).to_string()
        })
    }),
    ("mailgha", |t| each(t, |l| format!("> 2026-11-24T09:00:01.1234567Z {l}"))),
];

/// What carries one message of a limit, as people and tools frame it.
const FRAMES: &[Wrapping] = &[
    ("td", |t| format!("<td>{}</td>\n", t.trim_end()).into_bytes()),
    ("tr", |t| {
        format!("<tr><td>redis</td><td class=\"err\">{}</td></tr>\n", t.trim_end()).into_bytes()
    }),
    ("pre", |t| format!("<pre>{}</pre>\n", t.trim_end()).into_bytes()),
    ("bold", |t| format!("**Error**: docker pull failed with `{}`\n", t.trim_end()).into_bytes()),
    ("box", |t| format!("| redis | False | scan failed: {} |\n", t.trim_end()).into_bytes()),
    ("box2", |t| format!("│ redis │ failed │ {} │\n", t.trim_end()).into_bytes()),
    ("tcproblem", |t| {
        format!("##teamcity[buildProblem description='{}' identity='x']\n", teamcity(t))
            .into_bytes()
    }),
    ("tcmessage", |t| {
        format!("##teamcity[message text='{}' status='ERROR']\n", teamcity(t)).into_bytes()
    }),
    ("retry", |t| format!("Retry 1/3: {}\n", t.trim_end()).into_bytes()),
    ("got", |t| format!("got {}\n", t.trim_end()).into_bytes()),
    ("returned", |t| format!("registry returned {}\n", t.trim_end()).into_bytes()),
    ("last", |t| format!("last error was {}\n", t.trim_end()).into_bytes()),
    ("because", |t| format!("pull failed because {}\n", t.trim_end()).into_bytes()),
    ("while", |t| format!("while pulling redis:8: {}\n", t.trim_end()).into_bytes()),
    ("ms", |t| format!("redis:8 failed: {} (429 ms)\n", t.trim_end()).into_bytes()),
    ("ms2", |t| format!("{} [1204ms]\n", t.trim_end()).into_bytes()),
    ("fail", |t| format!("--- FAIL: TestPull: {} (0.00s)\n", t.trim_end()).into_bytes()),
    ("handle", |t| format!("Handle task 14 failed: {}\n", t.trim_end()).into_bytes()),
    ("add", |t| format!("Add image redis:8: {}\n", t.trim_end()).into_bytes()),
    ("merge", |t| format!("Merge step: {}\n", t.trim_end()).into_bytes()),
    ("revert", |t| format!("Revert failed: {}\n", t.trim_end()).into_bytes()),
];

/// Rows that a wrapping changes in meaning: bytes within an envelope within an envelope.
const CHANGED: &[(&str, &str)] = &[
    ("dockerjson", "hunt-jj-01"),
    ("journalbytes", "hunt-jj-01"),
    ("journaljson", "hunt-jj-01"),
    ("gotest", "hunt-jj-01"),
];

fn wrong(wrappings: &[Wrapping], rows: &[Row]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, wrap) in wrappings {
        for row in rows {
            let findings = explain_bytes(&wrap(&row.text));
            let found: BTreeSet<&str> =
                findings.iter().map(|finding| finding.class.name()).collect();
            if !row.is_met(&found) && !CHANGED.contains(&(*name, row.id.as_str())) {
                wrong.push(format!("{name} {}: {} became {found:?}", row.id, row.class));
            }
        }
    }
    wrong
}

fn all() -> Vec<Row> {
    let mut all = rows(include_str!("../fixtures/explain.jsonl"));
    all.extend(rows(include_str!("../fixtures/explain-own.jsonl")));
    all
}

#[test]
fn what_is_found_does_not_depend_on_what_carries_the_log() {
    let wrong = wrong(WHOLE, &all());
    assert!(wrong.is_empty(), "{} losses and alarms:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_framed_limit_is_a_limit() {
    let rows: Vec<Row> = all()
        .into_iter()
        .filter(|row| {
            row.class.ends_with("limit")
                && row.text.trim_end().lines().count() == 1
                && row.text.len() < 500
                && !row.text.starts_with('{')
        })
        .collect();
    assert!(rows.len() > 60);
    let wrong = wrong(FRAMES, &rows);
    assert!(wrong.is_empty(), "{} losses and alarms:\n{}", wrong.len(), wrong.join("\n"));
}
