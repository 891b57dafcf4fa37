//! The tour: what a newcomer sees in a fresh home with no network, no account and no runtime.

use std::time::Duration;

use crate::harness::Home;

#[test]
fn the_tour_shows_the_count_fall_and_the_429_come_and_explains_it() {
    let home = Home::new();
    let outcome =
        home.dhlimit(["stress", "--sandbox"]).env("PATH", "/nonexistent").run().expect_code(0);
    assert!(outcome.elapsed < Duration::from_secs(15), "{outcome:?}");
    for word in [
        "429",
        "pull limit",
        "TOOMANYREQUESTS",
        "abuse rate limit",
        "Full again",
        "SANDBOX",
        "refused (429)",
    ] {
        assert!(outcome.everything().contains(word), "nothing of {word}: {outcome:?}");
    }
    assert!(outcome.left_running().is_empty(), "{:?}", outcome.left_running());
    // A tour leaves nothing in the home, either.
    let left: Vec<_> = ["home", "config", "cache", "data", "state", "tmp"]
        .iter()
        .flat_map(|name| std::fs::read_dir(home.path().join(name)).expect("a folder").flatten())
        .map(|entry| entry.path())
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn the_tour_s_report_is_that_of_any_other_run() {
    let outcome = Home::new()
        .dhlimit(["stress", "--sandbox", "-o", "json"])
        .env("PATH", "/nonexistent")
        .run()
        .expect_code(0);
    let report = outcome.json();
    assert_eq!(
        (&report["schema"], &report["stopped_by"]),
        (&"dhlimit/stress/1".into(), &"pull_limit".into()),
        "{outcome:?}"
    );
    assert_eq!(report["cost_per_pull"].as_f64(), Some(1.0), "{outcome:?}");
    let pulls = report["pulls"].as_u64().expect("pulls");
    assert_eq!(report["first_429"]["round"].as_u64(), Some(pulls + 1), "{outcome:?}");
}

#[test]
fn a_check_of_each_profile_ends_with_the_code_of_what_it_saw() {
    for (profile, code) in [
        ("2020", 0),
        ("2023", 0),
        ("2026", 0),
        ("paid", 0),
        ("exempt", 0),
        ("abuse", 7),
        ("lockout", 7),
        ("blocked", 4),
    ] {
        let outcome =
            Home::new().dhlimit(["check", &format!("--sandbox={profile}"), "-o", "json"]).run();
        assert_eq!(outcome.code, Some(code), "{profile}: {outcome:?}");
    }
}
