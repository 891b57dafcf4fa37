//! A scan as SARIF 2.1.0, the format that code scanning reads: the rules with their pages, the findings at
//! their columns in characters, what a comment or the allow-list answers as suppressions, and files that
//! could not be read as notifications. Follows the OASIS standard (errata 01, 2023); a test validates the
//! output against its schema.

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::scan::{Level, Rules, Scan, Violation, Waived, Waiver, page};

/// The schema that the document names.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// The name of our fingerprint and of the way it is made.
const FINGERPRINT: &str = "dhlimitReference/v1";

#[derive(Serialize)]
struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    column_kind: &'static str,
    invocations: [Invocation; 1],
    results: Vec<Finding>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    semantic_version: &'static str,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: &'static str,
    short_description: Message,
    help: Message,
    default_configuration: Configuration,
}

#[derive(Serialize)]
struct Configuration {
    enabled: bool,
    level: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    tool_execution_notifications: Vec<Notification>,
}

#[derive(Serialize)]
struct Notification {
    level: &'static str,
    message: Message,
    locations: [Location; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Finding {
    rule_id: &'static str,
    rule_index: usize,
    level: &'static str,
    message: Message,
    locations: [Location; 1],
    partial_fingerprints: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suppressions: Vec<Suppression>,
}

#[derive(Serialize)]
struct Suppression {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    justification: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: Place,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    artifact_location: Artifact,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
}

#[derive(Serialize)]
struct Artifact {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    start_column: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_column: Option<usize>,
}

#[derive(Serialize)]
struct Message {
    text: String,
}

/// The scan as one SARIF document.
///
/// # Errors
/// None but those of the serialiser, which takes all that a scan holds.
pub fn sarif(scan: &Scan) -> serde_json::Result<String> {
    let mut results = Results { scan, seen: BTreeMap::new() };
    let found = scan.findings.iter().map(|one| results.finding(one, None)).collect::<Vec<_>>();
    let waived = scan
        .suppressed
        .iter()
        .map(|one| results.finding(&one.finding, Some(one)))
        .collect::<Vec<_>>();
    let run = Run {
        tool: Tool { driver: driver() },
        column_kind: "unicodeCodePoints",
        invocations: [Invocation {
            execution_successful: true,
            tool_execution_notifications: scan
                .skipped
                .iter()
                .map(|one| Notification {
                    level: "warning",
                    message: Message { text: one.reason.clone() },
                    locations: [location(&one.path, None)],
                })
                .collect(),
        }],
        results: found.into_iter().chain(waived).collect(),
    };
    Ok(serde_json::to_string_pretty(&Log { schema: SCHEMA, version: "2.1.0", runs: [run] })? + "\n")
}

fn driver() -> Driver {
    let rule = |rule: &crate::scan::Rule| Rule {
        id: rule.id,
        short_description: Message { text: rule.summary.to_owned() },
        help: Message { text: page(rule.id).unwrap_or_default() },
        default_configuration: Configuration {
            enabled: rule.level.is_some(),
            level: rule.level.map_or("none", level),
        },
    };
    Driver {
        name: env!("CARGO_PKG_NAME"),
        semantic_version: env!("CARGO_PKG_VERSION"),
        rules: Rules::all().iter().map(rule).collect(),
    }
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Info => "note",
        Level::Warning => "warning",
        Level::Error => "error",
    }
}

struct Results<'s> {
    scan: &'s Scan,
    /// How often a fingerprint was given: the second of its kind in a file is another one.
    seen: BTreeMap<String, usize>,
}

impl Results<'_> {
    fn finding(&mut self, one: &Violation, waived: Option<&Waived>) -> Finding {
        let at = |line: usize, column: usize| (line, column) == (one.line, one.column);
        let named = self
            .scan
            .references
            .iter()
            .find(|other| other.path == one.path && at(other.line, other.column));
        let written = named.map(|named| named.written.as_str()).filter(|text| !text.contains('\n'));
        let region = Region {
            start_line: one.line,
            start_column: one.column,
            end_column: written.map(|text| one.column + text.chars().count()),
        };
        let key = format!("{}\n{}\n{}", one.rule, one.path, written.unwrap_or(&one.message));
        let count = self.seen.entry(key.clone()).or_insert(0);
        *count += 1;
        let digest = Sha256::digest(format!("{key}\n{count}"));
        let digest: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Finding {
            rule_id: one.rule,
            rule_index: Rules::all().iter().position(|rule| rule.id == one.rule).unwrap_or(0),
            level: level(one.severity),
            message: Message { text: format!("{}. {}.", one.message, one.advice) },
            locations: [location(&one.path, Some(region))],
            partial_fingerprints: BTreeMap::from([(FINGERPRINT, digest)]),
            suppressions: waived.into_iter().map(suppression).collect(),
        }
    }
}

fn suppression(waived: &Waived) -> Suppression {
    Suppression {
        kind: match waived.by {
            Waiver::Comment => "inSource",
            Waiver::AllowList => "external",
        },
        justification: (!waived.reason.is_empty()).then(|| waived.reason.clone()),
    }
}

fn location(path: &str, region: Option<Region>) -> Location {
    Location { physical_location: Place { artifact_location: Artifact { uri: uri(path) }, region } }
}

/// A path as a URI reference (RFC 3986): what is no plain character is escaped byte by byte.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    if path.starts_with('/') {
        uri.push_str("file://");
    }
    for byte in path.trim_start_matches("./").bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_uris() {
        for (path, expected) in [
            ("./a b/ü.yml", "a%20b/%C3%BC.yml"),
            ("/x/Dockerfile", "file:///x/Dockerfile"),
            ("a:b", "a%3Ab"),
        ] {
            assert_eq!(uri(path), expected);
        }
    }
}
