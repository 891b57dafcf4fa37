//! What outputs of real tools mean, as the library and as `dhlimit explain` see it. The fixtures are
//! rows of JSON: an output and the class that is to be found in it, `none` for no finding at all.

use std::collections::BTreeSet;

use dhlimit::diagnosis::{Explainer, Finding, Hub};

#[derive(serde::Deserialize)]
struct Row {
    id: String,
    text: String,
    class: String,
}

fn rows(file: &str) -> Vec<Row> {
    file.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

fn explain(text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut explainer = Explainer::new(Hub::default());
    explainer.feed(text.as_bytes(), &mut |finding| findings.push(finding));
    explainer.finish(&mut |finding| findings.push(finding));
    findings
}

/// The rows whose set of classes is not the one that is asked for.
fn wrong(rows: &[Row]) -> Vec<String> {
    rows.iter()
        .filter_map(|row| {
            let found: BTreeSet<&str> = explain(&row.text).iter().map(|finding| finding.class.name()).collect();
            let wanted: BTreeSet<&str> = [row.class.as_str()].into_iter().filter(|class| *class != "none").collect();
            (found != wanted).then(|| format!("{}: wanted {wanted:?}, found {found:?} in {}", row.id, row.text))
        })
        .collect()
}

#[test]
fn every_labelled_output_is_given_its_class_and_no_other() {
    let rows = rows(include_str!("fixtures/explain.jsonl"));
    assert!(rows.len() >= 89);
    let wrong = wrong(&rows);
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

#[test]
fn outputs_of_our_own_shapes_are_given_their_class_and_talk_about_limits_is_passed_by() {
    let rows = rows(include_str!("fixtures/explain-own.jsonl"));
    assert!(rows.len() >= 120);
    let wrong = wrong(&rows);
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}
