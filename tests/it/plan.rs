//! `dhlimit plan` as a user runs it: the numbers of the contract's model, the words, the exit codes,
//! what is refused, and that large rollouts cost little.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Home, Outcome, dhlimit};

pub(crate) fn run(args: &str) -> Outcome {
    dhlimit(["plan"].into_iter().chain(args.split(' '))).limit(Duration::from_secs(120)).run()
}

pub(crate) fn planned(args: &str) -> Value {
    let outcome = run(&format!("{args} -o json"));
    assert!(matches!(outcome.code, Some(0 | 1)), "{args}: {outcome:?}");
    outcome.json()
}

/// Worked out by hand, from the contract's words alone.
#[test]
fn rollouts_worked_out_by_hand_come_out_so() {
    let rows = [
        // The second node's second image waits for the window: asked at 0, 10, 30, 70.
        (
            "--nodes 2 --images 2 --limit 3 --window 60s --strategy one-address",
            json!({"name": "one-address", "limit": 3, "window_seconds": 60, "fits": false, "pulls": 4, "refused": 3,
                "first_refused_at_seconds": 0, "done_at_seconds": 70, "nodes_done": 2, "waited_node_seconds": 70,
                "used": [[0, 3], [70, 1]]}),
        ),
        // A token comes back every 20 s, so the ask at 30 is accepted.
        (
            "--nodes 2 --images 2 --limit 3 --window 60s --law bucket --strategy account",
            json!({"name": "account", "limit": 3, "window_seconds": 60, "fits": false, "pulls": 4, "refused": 2,
                "first_refused_at_seconds": 0, "done_at_seconds": 30, "nodes_done": 2, "waited_node_seconds": 30,
                "used": [[0, 3], [30, 1]]}),
        ),
        // Pulls take time, so both ask in turn, and the back-off begins anew with each image. Node 0 is accepted
        // at 0 and 152, node 1 at 30 and 62; refused at 2, 12, 32 and 72, and at 0, 10, 32 and 42.
        (
            "--nodes 2 --images 2 --limit 1 --window 15s --pull-time 2s --horizon 154s --strategy one-address",
            json!({"name": "one-address", "limit": 1, "window_seconds": 15, "fits": false, "pulls": 4, "refused": 8,
                "first_refused_at_seconds": 0, "done_at_seconds": 154, "nodes_done": 2, "waited_node_seconds": 210,
                "used": [[0, 1], [30, 1], [62, 1], [152, 1]]}),
        ),
        // The second batch comes after the horizon.
        (
            "--nodes 3 --images 1 --arrival rolling:2/90s --horizon 80s --strategy cache",
            json!({"name": "cache", "limit": 200, "window_seconds": 3600, "fits": true, "pulls": 1, "refused": 0,
                "first_refused_at_seconds": null, "done_at_seconds": null, "nodes_done": 2, "waited_node_seconds": 0,
                "used": [[0, 1]]}),
        ),
        // An ask at the very horizon happens; its pull ends too late.
        (
            "--nodes 1 --images 2 --pull-time 500ms --horizon 500ms --strategy unlimited --cost 2",
            json!({"name": "unlimited", "limit": null, "window_seconds": null, "fits": true, "pulls": 4, "refused": 0,
                "first_refused_at_seconds": null, "done_at_seconds": null, "nodes_done": 0, "waited_node_seconds": 0,
                "used": [[0, 2], [0.5, 2]]}),
        ),
    ];
    for (args, expected) in rows {
        let planned = planned(args);
        let outcome = &planned["strategies"][0];
        for (key, value) in expected.as_object().unwrap() {
            assert_eq!(&outcome[key], value, "{args}: {key}");
        }
    }
}

#[test]
fn without_a_name_all_strategies_are_compared_and_limits_are_the_newest_policys() {
    let plan =
        planned("--nodes 12 --images 34 --cost 1 --pull-time 1500ms --arrival rolling:3/90s");
    let keys: BTreeSet<&str> = plan.as_object().unwrap().keys().map(String::as_str).collect();
    let promised = "schema nodes images cost pull_time_seconds arrival law strategies policy advice cheapest \
                    horizon_seconds assumptions";
    assert_eq!(keys, promised.split(' ').collect());
    let names: Vec<&str> = plan["strategies"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one["name"].as_str())
        .collect();
    assert_eq!(
        names,
        ["address-per-node", "one-address", "account", "accounts:3", "unlimited", "cache"]
    );
    let limits: Vec<&Value> =
        plan["strategies"].as_array().unwrap().iter().map(|one| &one["limit"]).collect();
    assert_eq!(json!(limits), json!([100, 100, 200, 200, null, 200]));
    assert_eq!(plan["pull_time_seconds"], json!(1.5));
    assert_eq!(plan["policy"]["date"], "2026-07-15");
    let older = planned("--nodes 1 --images 1 --policy docker-hub@2023-05-01");
    assert_eq!(older["strategies"][0]["window_seconds"], 21_600);
}

#[test]
fn the_exit_code_says_whether_what_was_named_fits() {
    let rows = [
        ("--strategy one-address", 1),
        ("--strategy account", 1),
        ("--strategy one-address --strategy cache", 0),
        ("--strategy one-address,account", 1),
        ("--strategy accounts:3", 0),
        ("--strategy address-per-node", 0),
        ("--law fixed", 0),
    ];
    for (args, code) in rows {
        for output in ["table", "json", "svg", "html"] {
            run(&format!("--nodes 12 --images 34 {args} -o {output}")).expect_code(code);
        }
    }
}

#[test]
fn the_answer_comes_first_and_names_what_fits() {
    let outcome = run("--nodes 12 --images 34").expect_code(0);
    let first = outcome.stdout.lines().next().unwrap();
    for words in [
        "Does not fit behind one address",
        "408 pulls wanted",
        "100 in 1h allowed",
        "all run after 4h",
        "10 of 12 nodes wait",
        "Fits with an address for each node",
    ] {
        assert!(first.contains(words), "{words}: {first}");
    }
    let outcome = run("--nodes 2 --images 3 --strategy account").expect_code(0);
    assert!(outcome.stdout.starts_with("Fits on one account (6 pulls).\n"), "{outcome:?}");
    for words in ["Cheapest that fits: account.", "dhlimit gate --need 6", "timeout of 1m"] {
        assert!(outcome.stdout.contains(words), "{words}: {outcome:?}");
    }
    let outcome = run("--nodes 300 --images 30 --strategy one-address").expect_code(1);
    for words in ["nodes run by the horizon of 10h", "No timeout within the horizon is enough"] {
        assert!(outcome.stdout.contains(words), "{words}: {outcome:?}");
    }
}

/// Every option that changes the model is named beside what it changes, and the user's own words are told
/// from those of others.
#[test]
fn every_assumption_has_a_source_and_the_option_that_changes_it() {
    let plan = planned("--nodes 2 --images 3 --pull-time 5s --policy docker-hub@2021-01-01");
    let assumptions = plan["assumptions"].as_array().unwrap();
    let options: BTreeSet<&str> = assumptions
        .iter()
        .flat_map(|one| one["options"].as_array().unwrap())
        .filter_map(Value::as_str)
        .collect();
    let promised = "--nodes --images --arrival --pull-time --cost --law --policy --limit --window \
                    --parallel --kubelet-qps --kubelet-burst --from-reading --background --warm";
    assert_eq!(options, promised.split_whitespace().collect());
    let of = |option: &str| {
        assumptions.iter().find(|one| one["options"].to_string().contains(option)).unwrap()
    };
    assert_eq!(of("--pull-time")["source"], "option");
    assert_eq!(of("--warm")["source"], "default");
    assert_eq!(of("--policy")["date"], "2020-11-02");
    let source = of("--policy")["source"].as_str().unwrap();
    assert!(source.contains("over weeks"), "{source}");
    let text = run("--nodes 2 --images 3").stdout;
    for option in promised.split_whitespace() {
        assert!(text.contains(option), "{option}: {text}");
    }
}

#[test]
fn what_makes_no_sense_ends_with_2_and_a_sentence() {
    let rows = [
        ("--images 1", "--nodes"),
        ("--nodes 1", "--images"),
        ("--nodes 0 --images 1", "--nodes"),
        ("--nodes -3 --images 1", "--nodes"),
        ("--nodes 10000001 --images 1", "--nodes"),
        ("--nodes 99999999999999999999 --images 1", "--nodes"),
        ("--nodes many --images 1", "--nodes"),
        ("--nodes 1 --images 0", "--images"),
        ("--nodes 1 --images -1", "--images"),
        ("--nodes 1 --images 10001", "--images"),
        ("--nodes 1 --images 1 --image nginx", "--image"),
        ("--nodes 1 --images 1 --arrival sometimes", "--arrival"),
        ("--nodes 1 --images 1 --arrival rolling:0/1s", "--arrival"),
        ("--nodes 1 --images 1 --arrival rolling:1/200years", "--arrival"),
        ("--nodes 1 --images 1 --strategy prayer", "prayer"),
        ("--nodes 1 --images 1 --strategy accounts:0", "accounts"),
        ("--nodes 1 --images 1 --cost 0", "--cost"),
        ("--nodes 1 --images 1 --cost 101", "one-address|address-per-node"),
        ("--nodes 1 --images 1 --cost 201 --strategy account", "--cost 201"),
        ("--nodes 1 --images 1 --cost 6 --limit 5 --strategy cache", "--cost 6"),
        ("--nodes 1 --images 1 --limit 0", "--cost"),
        ("--nodes 1 --images 1 --horizon 0s", "--horizon"),
        ("--nodes 1 --images 1 --horizon -1s", "-1"),
        ("--nodes 1 --images 1 --window 0s", "--window"),
        ("--nodes 1 --images 1 --window 2000years", "--window"),
        ("--nodes 1 --images 1 --pull-time soon", "--pull-time"),
        ("--nodes 1 --images 1 --law none", "--law"),
        ("--nodes 1 --images 1 --policy quay", "--policy"),
        ("--nodes 1 --images 1 --policy docker-hub@1999-01-01", "--policy"),
        ("--nodes 1 --from not-there.txt", "not-there.txt"),
        ("--nodes 1 --from .", "no image of Docker Hub"),
        ("--nodes 1 --images 1 --strategy addresses:0", "addresses"),
        ("--nodes 1 --images 1 --strategy accounts:-1", "accounts:K"),
        ("--nodes 1 --images 1 --strategy accounts:99999999999", "accounts:K"),
        ("--nodes 3 --images 1 --solve luck", "--solve"),
        ("--nodes 3 --images 1 --solve surge", "--arrival rolling:K/D"),
        ("--nodes 3 --images 1 --solve interval", "--arrival rolling:K/D"),
        ("--nodes 3 --images 1 --solve concurrency", "--pull-time"),
        ("--runs-per-day 3 --images 1", "--jobs"),
        ("--jobs 3 --images 1", "--runs-per-day"),
        ("--runs-per-day 0 --jobs 3 --images 1", "--runs-per-day"),
        ("--runs-per-day 3 --jobs -3 --images 1", "--jobs"),
        ("--runs-per-day 3 --jobs 3 --nodes 3 --images 1", "--nodes"),
        ("--runs-per-day 86400 --jobs 10000 --images 1", "--nodes"),
        ("--runs-per-day 3 --jobs 3 --images 1 --solve nodes", "--solve concurrency"),
        ("--nodes 3 --images 1 --warm 3", "--warm"),
        ("--nodes 3 --images 1 --warm -1", "--warm"),
        ("--nodes 3 --images 1 --parallel 0", "--parallel"),
        ("--nodes 3 --images 1 --kubelet-qps -5", "--kubelet-qps"),
        ("--nodes 3 --images 1 --kubelet-qps 5 --kubelet-burst 0", "--kubelet-burst"),
        ("--nodes 3 --images 1 --kubelet-burst 10", "--kubelet-qps"),
        ("--nodes 10000000 --images 100 --kubelet-qps 5", "--horizon"),
        ("--nodes 1 --images 1 --background not-there.jsonl", "not-there.jsonl"),
        ("--nodes 1 --images 1 --background .", "--background"),
        ("--nodes 1 --images 1 -o yaml", "--output"),
        ("--nodes 1 --image Not:An:Image", "--image"),
        ("--nodes 1 --image quay.io/a/b", "Docker Hub"),
    ];
    for (args, words) in rows {
        let outcome = run(args);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""), "{args}: {outcome:?}");
        let named = words.split('|').any(|word| outcome.stderr.contains(word));
        assert!(named, "{args}: {outcome:?}");
    }
    // A cost that no address allows is fine where none is asked about.
    run("--nodes 1 --images 1 --cost 101 --strategy account").expect_code(0);
    run("--nodes 1 --images 1 --cost 900 --strategy unlimited").expect_code(0);
}

#[test]
fn images_come_by_name_from_a_list_or_from_a_scan() {
    let home = Home::new();
    let list =
        home.write("images.txt", "# two\nnginx:1.27\nlibrary/redis\nnginx:1.27\nghcr.io/a/b\n");
    let scan = json!({"schema": "dhlimit/scan/1", "references": [
        {"image": "docker.io/library/nginx:1.27", "docker_hub": true, "pulls": 1},
        {"image": null, "docker_hub": false, "pulls": 0},
    ]});
    let scan = home.write("scan.json", &scan.to_string());
    home.write("tree/Dockerfile", "FROM nginx:1\nFROM redis\nFROM ghcr.io/a/b\n");
    let tree = home.path().join("tree");
    for (file, images) in [(list, 2), (scan, 1), (tree, 2)] {
        let args = ["plan", "--nodes", "3", "-o", "json", "--from"];
        let outcome = home.dhlimit(args).arg(&file).run().expect_code(0);
        assert_eq!(outcome.json()["images"], images, "{outcome:?}");
    }
    let outcome = dhlimit(["plan", "--nodes", "3", "--from", "-", "-o", "json"])
        .stdin("nginx\nredis\nbusybox\n")
        .run();
    assert_eq!(outcome.expect_code(0).json()["images"], 3);
    let named = planned("--nodes 3 --image nginx --image docker.io/library/nginx --image redis");
    assert_eq!(named["images"], 2);
}

#[test]
fn the_same_arguments_give_the_same_bytes() {
    for output in ["table", "json", "svg", "html"] {
        let args =
            format!("--nodes 500 --images 7 --arrival rolling:3/1s --pull-time 3s -o {output}");
        assert_eq!(run(&args).stdout, run(&args).stdout);
    }
}

/// Ten times the nodes may cost ten times as much and a little more, not a hundred times; the bound
/// allows for a busy machine. `cargo bench --bench plan` measures it.
#[test]
fn a_hundred_thousand_nodes_are_planned_in_seconds() {
    for args in [
        "--limit 1 --images 12",
        "--images 12 --arrival rolling:1/1ms",
        "--images 12 --arrival rolling:1/1ms --pull-time 7s --limit 50000 --law bucket",
    ] {
        let started = Instant::now();
        let plan = planned(&format!("--nodes 100000 {args}"));
        assert_eq!(plan["strategies"].as_array().map(Vec::len), Some(6));
        assert!(started.elapsed() < Duration::from_secs(60), "{args}: {:?}", started.elapsed());
    }
}

#[test]
fn a_rollout_that_comes_near_the_overall_limit_is_told() {
    let outcome =
        run("--nodes 3000 --images 12 --pull-time 1s --strategy unlimited,address-per-node");
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let words = outcome.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains(
            "it may refuse unlimited (108000 requests for manifests in the busiest minute"
        ),
        "{words}"
    );
    let requests = |args: &str| -> Vec<Value> {
        let plan = planned(args);
        let outcomes = plan["strategies"].as_array().expect("outcomes").clone();
        outcomes.iter().map(|outcome| outcome["busiest_minute_requests"].clone()).collect()
    };
    // 5 nodes of 2 images come every 30 s: two batches within any minute.
    assert_eq!(
        requests("--nodes 50 --images 2 --arrival rolling:5/30s --strategy unlimited,addresses:5"),
        [json!(60), json!(12)]
    );
    let calm = run("--nodes 10 --images 12");
    assert!(!calm.stdout.contains("The overall limit is another one"), "{}", calm.stdout);
}
