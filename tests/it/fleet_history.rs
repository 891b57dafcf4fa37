//! `fleet` of series that are a count and nothing more: the burn from the last hour, the state from the count,
//! whoever has gone by when it was last there.

use chrono::{DateTime, Utc};
use rustix::process::Signal;
use serde_json::Value;

use crate::fleet_spenders::{PATIENCE, Series, prometheus, series};
use crate::harness::{Home, tools};

/// A count of a node, as somebody else's exporter writes it.
fn count(node: &str, source: &str, value: fn(u64) -> f64) -> Series {
    gauge("remaining", node, source, value)
}

fn gauge(name: &str, node: &str, source: &str, value: fn(u64) -> f64) -> Series {
    let labels = format!(
        "registry=\"docker.io\",account=\"anonymous\",source=\"{source}\",instance=\"{node}:9101\""
    );
    series(&format!("dhlimit_pulls_{name}{{{labels}}}"), 3_600, value)
}

/// A pull a minute.
fn falling(second: u64) -> f64 {
    100.0 - f64::from(u32::try_from(second / 60).unwrap())
}

#[test]
fn a_count_alone_tells_state_burn_and_whoever_has_gone() {
    let Some(program) = tools::require("prometheus") else { return };
    let home = Home::new();
    let gone = Series { ended: 1_200, ..count("gone", "203.0.113.9", |_| 50.0) };
    let all = [
        count("one", "203.0.113.7", falling),
        count("two", "203.0.113.7", falling),
        // Once in the hour it tells the whole limit, and it is not so.
        count(
            "three",
            "203.0.113.8",
            |second| {
                if second == 1_800 { 100.0 } else { falling(second) }
            },
        ),
        gauge("limit", "three", "203.0.113.8", |_| 100.0),
        count("four", "203.0.113.10", |_| 0.0),
        gone,
    ];
    let Some((running, url)) = prometheus(&home, &program, &all) else { return };
    let ask = || home.dhlimit(["fleet", "--prometheus", &url, "-o", "json"]).run();
    let fleet = crate::harness::wait_for(PATIENCE, || {
        std::thread::sleep(std::time::Duration::from_millis(300));
        let document: Option<Value> = serde_json::from_str(&ask().stdout).ok();
        document.filter(|fleet| fleet["groups"].as_array().is_some_and(|groups| groups.len() == 3))
    });
    let fleet = fleet.unwrap_or_else(|| panic!("{:?}", ask()));
    let group = |source: &str| {
        let groups = fleet["groups"].as_array().expect("groups");
        groups.iter().find(|group| group["source"] == source).unwrap_or_else(|| panic!("{fleet}"))
    };
    let seconds_from_now = |at: &Value| -> i64 {
        let at: DateTime<Utc> = at.as_str().expect("a time").parse().expect("a time");
        (at - Utc::now()).num_seconds()
    };
    for source in ["203.0.113.7", "203.0.113.8"] {
        let group = group(source);
        let burn = group["used_per_hour"].as_f64().unwrap_or_else(|| panic!("{group}"));
        assert!((57.0..=63.0).contains(&burn), "{source}: {burn}");
        let left = seconds_from_now(&group["empty_at"]);
        assert!((2_200..=2_600).contains(&left), "{source} is empty in {left} s");
        assert_eq!((&group["state"], &group["remaining"]), (&"limited".into(), &40.into()));
    }
    assert_eq!(group("203.0.113.7")["nodes"].as_array().map(Vec::len), Some(2));
    assert_eq!(group("203.0.113.10")["state"], "exhausted");
    let blind = &fleet["blind"][0];
    assert_eq!(
        (&blind["node"], &blind["why"]),
        (&"gone:9101".into(), &"not scraped any more".into())
    );
    let ago = -seconds_from_now(&blind["since"]);
    assert!((1_150..=1_300).contains(&ago), "{ago} s ago");
    running.signal(Signal::TERM);
    running.outcome();
}
