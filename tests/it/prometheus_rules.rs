//! The example rules for Prometheus, judged by promtool on their own cases; and the cases themselves,
//! which must see each rule that is made wrong.

use std::fs;
use std::path::Path;

use crate::harness::{Home, Outcome, Sandbox, tools};

const RULES: &str = "dhlimit.rules.yml";
const CASES: &str = "dhlimit.rules.test.yml";

fn example(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/prometheus").join(name);
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// What promtool says of the cases under these rules.
fn tested(promtool: &Path, rules: &str) -> Outcome {
    let home = Home::new();
    home.write(RULES, rules);
    home.write(CASES, &example(CASES));
    home.program(promtool, ["test", "rules", CASES]).directory(home.path()).run()
}

#[test]
fn promtool_takes_the_rules_and_every_case_holds() {
    let Some(promtool) = tools::require("promtool") else { return };
    let home = Home::new();
    let rules = home.write(RULES, &example(RULES));
    let checked = home.program(&promtool, ["check", "rules"]).arg(&rules).run();
    assert_eq!(checked.code, Some(0), "{checked:?}");
    let tested = tested(&promtool, &example(RULES));
    assert_eq!(tested.code, Some(0), "{tested:?}");
}

#[test]
fn the_cases_see_each_rule_that_is_made_wrong() {
    let Some(promtool) = tools::require("promtool") else { return };
    let rules = example(RULES);
    let mutations = [
        ("ratio < 0.2", "ratio < 0.7"),
        ("ratio < 0.2", "ratio < 0.01"),
        ("time() < 3600", "time() < 360000"),
        ("min_over_time(dhlimit_pulls_remaining[5m])", "dhlimit_pulls_remaining"),
        ("last_over_time(dhlimit_empty_timestamp_seconds[5m])", "dhlimit_empty_timestamp_seconds"),
        (
            "max_over_time(dhlimit_state{state=\"exhausted\", effective=\"true\"}[3m])",
            "dhlimit_state{state=\"exhausted\"}",
        ),
        ("[3m])) == 1", "[3m])) >= 0"),
        ("{identity!=\"anonymous\", source", "{source"),
        (", source_kind=~\"ipv4|ipv6_prefix\"", ""),
        ("max by (job, instance) (dhlimit_last", "max(dhlimit_last"),
        ("seconds) > 900", "seconds) > 90000"),
        ("absent(dhlimit_last_success_timestamp_seconds)", "vector(1)"),
        ("state=\"throttled\"}) == 1", "state=\"throttled\"}) == 2"),
        ("limit:max offset 1d", "limit:max offset 1m"),
        ("seconds:max offset 1d", "seconds:max offset 1m"),
    ];
    // Each takes promtool several seconds of one core.
    let (first, second) = mutations.split_at(mutations.len() / 2);
    std::thread::scope(|scope| {
        let (promtool, rules) = (&promtool, &rules);
        for half in [first, second] {
            scope.spawn(move || {
                for (right, wrong) in half {
                    is_seen(promtool, rules, right, wrong);
                }
            });
        }
    });
}

/// A case fails where a rule is made wrong.
fn is_seen(promtool: &Path, rules: &str, right: &str, wrong: &str) {
    assert!(rules.contains(right), "no rule says {right}");
    let tested = tested(promtool, &rules.replace(right, wrong));
    assert_eq!(tested.code, Some(1), "no case sees that {right} is wrong: {tested:?}");
    assert!(tested.everything().contains("FAILED"), "{right}: {tested:?}");
}

#[test]
fn every_alert_says_how_bad_it_is_and_what_to_do_and_has_its_cases() {
    let (rules, cases) = (example(RULES), example(CASES));
    let alerts: Vec<&str> = rules.split("- alert: ").skip(1).collect();
    assert_eq!(alerts.len(), 7);
    for alert in alerts {
        for part in ["severity: ", "summary: ", "description: "] {
            assert!(alert.contains(part), "{part} {alert}");
        }
        let name = alert.lines().next().unwrap();
        assert!(cases.contains(&format!("{{alertname=\"{name}\"}}")), "{name} never fires");
    }
    for subject in ["low", "exhausted", "credentials", "blind", "overall limit", "policy"] {
        for case in ["firing", "quiet", "restart", "stale", "one false full reading"] {
            let named = cases.lines().any(|line| {
                line.trim().strip_prefix("- name: '").is_some_and(|name| {
                    name.starts_with(&format!("{subject}, ")) && name.contains(case)
                })
            });
            assert!(named, "{subject}: {case}");
        }
    }
    assert!(cases.contains("- name: 'paid"));
}

#[test]
fn the_labels_that_the_rules_ask_for_are_those_of_check() {
    let sandbox = Sandbox::start(&["--limit", "7"]);
    let home = Home::new();
    let metrics = home
        .dhlimit(["check", "-o", "prometheus", "nginx"])
        .envs(sandbox.as_docker_hub())
        .run()
        .stdout;
    for (metric, labels) in [
        ("dhlimit_pulls_remaining{", &["registry", "source", "source_kind"][..]),
        ("dhlimit_pulls_limit{", &["registry", "source", "source_kind"]),
        ("dhlimit_window_seconds{", &["registry", "source", "source_kind"]),
        ("dhlimit_identity_effective{", &["registry", "identity", "source", "source_kind"]),
        ("dhlimit_state{", &["registry", "identity", "family", "effective", "state"]),
    ] {
        let line = metrics.lines().find(|line| line.starts_with(metric));
        let line = line.unwrap_or_else(|| panic!("no {metric}: {metrics}"));
        for label in labels {
            assert!(line.contains(&format!("{label}=\"")), "{label}: {line}");
        }
    }
}
