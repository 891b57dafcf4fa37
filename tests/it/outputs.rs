//! Outputs that other programs judge: Prometheus text by promtool, and the Monitoring Plugins' contract.

use crate::harness::{Home, Outcome, Sandbox, tools};

/// `check` with an output, of a sandbox that plays docker.io.
fn check(sandbox: &Sandbox, args: &[&str]) -> Outcome {
    let home = Home::new();
    home.dhlimit(["check"].iter().chain(args)).envs(sandbox.as_docker_hub()).run()
}

#[test]
fn promtool_has_no_remark_on_the_metrics_in_any_state() {
    let Some(promtool) = tools::require("promtool") else { return };
    for options in [
        &["--limit", "7"][..],
        &["--limit", "0"],
        &["--profile", "paid"],
        &["--profile", "abuse"],
        &["--profile", "odd"],
        &["--profile", "lockout"],
    ] {
        let sandbox = Sandbox::start(options);
        let metrics = check(&sandbox, &["-o", "prometheus", "nginx", "redis:7"]);
        assert!(metrics.stdout.contains("dhlimit_"), "{options:?}: {metrics:?}");
        let verdict = Home::new()
            .program(&promtool, ["check", "metrics"])
            .stdin(metrics.stdout.clone())
            .run();
        assert_eq!(
            (verdict.code, verdict.everything().trim()),
            (Some(0), ""),
            "{options:?}: {verdict:?}\n{}",
            metrics.stdout
        );
    }
}

#[test]
fn the_monitoring_plugins_contract_is_kept() {
    let plenty = Sandbox::start(&["--limit", "100"]);
    let few = Sandbox::start(&["--limit", "5"]);
    let none = Sandbox::start(&["--limit", "0"]);
    let rows: [(&Sandbox, &[&str], i32, &str); 7] = [
        (&plenty, &[], 0, "OK"),
        (&plenty, &["-w", "20", "-c", "10"], 0, "OK"),
        (&few, &["-w", "20", "-c", "3"], 1, "WARNING"),
        (&few, &["-w", "20", "-c", "10"], 2, "CRITICAL"),
        (&plenty, &["-w", "100%", "-c", "50%"], 0, "OK"),
        (&none, &[], 2, "CRITICAL"),
        (&none, &["-w", "20%", "-c", "10%"], 2, "CRITICAL"),
    ];
    for (sandbox, thresholds, code, word) in rows {
        let args: Vec<&str> =
            ["-o", "nagios"].into_iter().chain(thresholds.iter().copied()).collect();
        let outcome = check(sandbox, &args).expect_code(code);
        assert_plugin_output(&outcome, word);
    }
    // Nobody listens on port 1 of loopback.
    let home = Home::new();
    let outcome = home
        .dhlimit([
            "check",
            "-o",
            "nagios",
            "--registry-url",
            "http://127.0.0.1:1",
            "--auth-url",
            "http://127.0.0.1:1",
        ])
        .run();
    assert_plugin_output(&outcome.expect_code(3), "UNKNOWN");
}

/// One line on standard output: `NAME STATUS - text | label=value[unit];[warn];[crit];[min];[max] …`.
#[track_caller]
fn assert_plugin_output(outcome: &Outcome, word: &str) {
    let line = outcome.stdout.lines().next().unwrap_or_default();
    let (text, figures) = line.split_once('|').unwrap_or((line, ""));
    assert!(text.contains(word), "no {word} in {outcome:?}");
    assert!(line.len() < 4096 && outcome.stdout.is_ascii(), "{outcome:?}");
    for figure in figures.split_whitespace() {
        let (label, values) =
            figure.rsplit_once('=').unwrap_or_else(|| panic!("no value in {figure}: {outcome:?}"));
        assert!(!label.is_empty() && !label.contains('='), "{figure}");
        let values: Vec<&str> = values.split(';').collect();
        assert!((1..=5).contains(&values.len()), "{figure}");
        let number = values[0].trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%');
        assert!(number.parse::<f64>().is_ok(), "{figure}");
        for bound in &values[1..] {
            assert!(bound.chars().all(|c| c.is_ascii_digit() || ".:~@-".contains(c)), "{figure}");
        }
    }
    assert!(word == "UNKNOWN" || !figures.trim().is_empty(), "no performance data: {outcome:?}");
}

#[test]
fn a_plugin_that_cannot_even_start_is_unknown_and_says_why() {
    let home = Home::new();
    for args in [
        &["check", "-o", "nagios", "--no-such-option"][..],
        &["check", "-o", "nagios", "UPPER/case"],
        &["check", "--output=nagios", "--user", "nobody-here"],
    ] {
        let outcome = home.dhlimit(args).run();
        assert_eq!(outcome.code, Some(3), "{outcome:?}");
        // What the plugin's caller shows is standard output.
        assert!(
            outcome.stdout.starts_with("DHLIMIT UNKNOWN - ") && outcome.stdout.lines().count() == 1,
            "{outcome:?}"
        );
        assert!(outcome.stdout.len() > 30, "{outcome:?}");
    }
    assert_eq!(home.dhlimit(["check", "-o", "nagios", "--help"]).run().code, Some(0));
}

#[test]
fn what_a_line_has_no_room_for_is_said_on_standard_error_once() {
    let home = Home::new();
    let dead = [("DHLIMIT_REGISTRY_URL", "http://127.0.0.1:1".into())];
    for form in [&["-o", "plain"][..], &["--format", "{state}"]] {
        let outcome = home
            .dhlimit(["check", "nginx", "redis"].iter().chain(form))
            .envs(dead.clone())
            .run()
            .expect_code(3);
        assert_eq!(outcome.stdout.matches("failed").count(), 2, "{outcome:?}");
        assert_eq!(
            outcome.stderr.matches("  → check the name, the network and the proxy").count(),
            1,
            "{outcome:?}"
        );
        let quiet = home
            .dhlimit(["check", "-q", "nginx"].iter().chain(form))
            .envs(dead.clone())
            .run()
            .expect_code(3);
        assert_eq!(quiet.stderr, "", "{quiet:?}");
    }
}

#[test]
fn what_is_below_a_threshold_is_said_not_only_by_the_exit_code() {
    let sandbox = Sandbox::start(&["--limit", "10"]);
    for (args, code, word) in [
        (["-c", "11"], 1, "fewer than 11 pulls remain for anonymous, as --critical wants"),
        (["-w", "11"], 0, "fewer than 11 pulls remain"),
    ] {
        let outcome = check(&sandbox, &args);
        assert_eq!(outcome.code, Some(code), "{outcome:?}");
        assert!(outcome.stderr.contains(word), "{outcome:?}");
    }
}

#[test]
fn without_home_the_list_of_users_says_where_it_is() {
    let sandbox = Sandbox::start(&[]);
    let outcome = Home::new()
        .dhlimit(["doctor", "-o", "json"])
        .envs(sandbox.as_docker_hub())
        .without("HOME")
        .without("DOCKER_CONFIG")
        .run();
    assert!(outcome.stdout.contains(".docker/config.json"), "{outcome:?}");
}
