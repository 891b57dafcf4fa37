//! Secrets of others, planted in failures that `explain` finds: none is shown, what is none stays, and
//! the finding with its image is there all the same. Shapes of our own in the fixture, one a line;
//! `S1` stands for a secret, `S2` for a longer and random one, `S3` for one with signs in it.

use dhlimit::diagnosis::{Explainer, Finding, Hub};

use crate::harness::dhlimit;

const SHAPES: &str = include_str!("fixtures/planted.txt");
const INNOCENTS: &str = include_str!("fixtures/innocent.txt");

const SECRETS: [(&str, &str); 3] =
    [("S1", "zebra7quilt"), ("S2", "q7ZkT2mXw9P3vB4nR8sL6dF1"), ("S3", "Kp#9-vZx_4w")];

const FAILURES: [&str; 3] = [
    "Error response from daemon: toomanyrequests: You have reached your pull rate limit. https://www.docker.com/increase-rate-limit",
    "Failed to pull image \"docker.io/library/redis:8\": rpc error: code = Unknown desc = failed to pull and unpack image \"docker.io/library/redis:8\": toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit",
    "initializing source docker://redis:8: reading manifest 8 in docker.io/library/redis: unauthorized: authentication required",
];

fn rows(file: &str) -> impl Iterator<Item = &str> {
    file.lines().filter(|line| !line.is_empty() && !line.starts_with("## "))
}

fn explain(text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut explainer = Explainer::new(Hub::default());
    explainer.feed(text.as_bytes(), &mut |finding| findings.push(finding));
    explainer.finish(&mut |finding| findings.push(finding));
    findings
}

fn shown(findings: &[Finding]) -> String {
    let parts = |finding: &Finding| {
        format!("{} {}\n", finding.image.as_deref().unwrap_or_default(), finding.text)
    };
    findings.iter().map(parts).collect()
}

/// The places beside a failure where a text may stand.
fn placements(text: &str, failure: &str) -> Vec<String> {
    let json =
        |message: String| serde_json::json!({ "level": "error", "msg": message }).to_string();
    vec![
        format!("{text} {failure}"),
        format!("{failure} {text}"),
        format!("{text} {failure} {text}"),
        format!("{text}\n{failure}\n{text}"),
        format!("2026-11-26T06:00:00Z ERROR {text}: {failure}"),
        json(format!("{text} {failure}")),
        json(format!("{failure} ({text})")),
    ]
}

#[test]
fn secrets_planted_around_a_failure_are_hidden_and_the_failure_is_found() {
    let (mut texts, mut leaks, mut lost) = (0, Vec::new(), Vec::new());
    assert!(rows(SHAPES).count() >= 150);
    for shape in rows(SHAPES) {
        let planted = SECRETS
            .iter()
            .fold(shape.to_owned(), |text, (mark, secret)| text.replace(mark, secret));
        for failure in FAILURES {
            let wanted = explain(failure);
            let class = wanted.first().map(|finding| finding.class).expect(failure);
            for text in placements(&planted, failure) {
                texts += 1;
                let findings = explain(&text);
                let shown = shown(&findings);
                if SECRETS.iter().any(|(_, secret)| shown.contains(secret)) {
                    leaks.push(format!("{text}\n    {shown}"));
                }
                if !findings.iter().any(|finding| finding.class == class) {
                    lost.push(text);
                }
            }
        }
    }
    let share = |count: usize| 100.0 * f64::from(u32::try_from(count).unwrap()) / f64::from(texts);
    assert!(
        share(leaks.len()) <= 2.0,
        "{} of {texts} show one:\n{}",
        leaks.len(),
        leaks.join("\n")
    );
    assert!(share(lost.len()) <= 2.0, "{} of {texts} lost:\n{}", lost.len(), lost.join("\n"));
}

#[test]
fn what_is_no_secret_stays_beside_a_failure() {
    let mut wrong = Vec::new();
    assert!(rows(INNOCENTS).count() >= 60);
    for innocent in rows(INNOCENTS) {
        let alone = dhlimit::text::redact(innocent);
        if alone != innocent {
            wrong.push(format!("{innocent}\n    {alone}"));
        }
        for failure in FAILURES {
            let text = format!("{innocent} {failure}");
            let shown = shown(&explain(&text));
            if shown.contains("<redacted>") {
                wrong.push(format!("{text}\n    {shown}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} hidden:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn no_error_about_an_argument_quotes_a_password_in_it() {
    for arguments in [
        &["check", "--registry-url", "https://jo:zebra7quilt/x@r.example"][..],
        &["check", "--registry-url", "https://jo:a?zebra7quilt@r.example"],
        &["check", "--registry-url", "zebra7quilt@r.example"],
        &["check", "--registry-url", "https://jo:zebra7@quilt/zebra7quilt@r.example:x"],
        &["check", "--auth-url", "https://jo:zebra7quilt/x@r.example"],
        &["check", "--auth-url", "zebra7quilt@r.example"],
        &["check", "jo:zebra7quilt@r.example/x"],
        &["check", "https://jo:zebra7quilt@r.example/x"],
        &["check", "jo:a@zebra7quilt@r.example/x"],
        &["gate", "--registry-url", "https://jo:zebra7quilt/x@r.example"],
    ] {
        let outcome = dhlimit(arguments).run();
        assert!(!outcome.everything().contains("zebra7quilt"), "{arguments:?}: {outcome:?}");
    }
}
