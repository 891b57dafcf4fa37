//! The bounds of a `stress` run: what it stops at exactly, how it says so, and what is no bound of it.

use crate::harness::{Home, Outcome, Sandbox};

fn stress(sandbox: &Sandbox, options: &[&str]) -> Outcome {
    let args =
        ["stress", "--interval", "0s", "-o", "json"].into_iter().chain(options.iter().copied());
    Home::new().dhlimit(args).envs(sandbox.as_docker_hub()).run()
}

#[test]
fn pulls_at_once_do_not_go_below_the_floor() {
    for (limit, parallel, pulls) in [("10", "8", 3), ("12", "3", 5), ("8", "32", 1), ("7", "8", 0)]
    {
        let sandbox = Sandbox::start(&["--limit", limit]);
        let report =
            stress(&sandbox, &["--floor", "7", "--parallel", parallel]).expect_code(0).json();
        assert_eq!(
            (&report["stopped_by"], &report["pulls"]),
            (&"floor".into(), &pulls.into()),
            "{limit} by {parallel}: {report}"
        );
        assert_eq!(sandbox.state()["identities"][0]["remaining"], 7, "{limit} by {parallel}");
    }
}

#[test]
fn one_pull_is_spoken_of_as_one() {
    let sandbox = Sandbox::start(&["--limit", "3"]);
    let outcome = stress(&sandbox, &["--count", "1", "--floor", "1"]).expect_code(0);
    assert!(
        outcome.stderr.contains("Stops at  1 pull, or 1 pull left, or the first 429\n"),
        "{outcome:?}"
    );
    let outcome = stress(&sandbox, &["--count", "1", "--floor", "0"]).expect_code(0);
    assert!(
        outcome.stderr.contains("Stops at  1 pull, or 0 pulls left, or the first 429\n"),
        "{outcome:?}"
    );
    assert!(
        stress(&sandbox, &["--count", "0"])
            .expect_code(0)
            .stderr
            .contains("Left now  1 of 3 pulls in a window of 1h\n")
    );
}

#[test]
fn what_asks_as_several_is_refused_before_anything_is_asked() {
    let sandbox = Sandbox::start(&[]);
    for (options, word) in [
        (["--all-identities", "--count=1"], "--all-identities"),
        (["--family=both", "--count=1"], "--family both"),
    ] {
        let outcome = stress(&sandbox, &options).expect_code(2);
        assert!(outcome.stderr.contains(word) && outcome.stdout.is_empty(), "{outcome:?}");
    }
    assert!(sandbox.log().is_empty(), "{:?}", sandbox.log());
}
