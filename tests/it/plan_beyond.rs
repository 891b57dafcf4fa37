//! `dhlimit plan` beyond the exact model: a range over the laws, what is left now, what others pull.

use serde_json::{Value, json};

use crate::harness::{Home, Sandbox, dhlimit, http};
use crate::plan::{planned, run};

/// The best and the worst of three plans, each of which is asked for by itself as well.
#[test]
fn all_laws_give_a_range_and_the_worst_of_them() {
    let args = "--nodes 12 --images 34 --pull-time 3s";
    let all = planned(&format!("{args} --law all"));
    let each = ["sliding", "fixed", "bucket"].map(|law| planned(&format!("{args} --law {law}")));
    for (at, range) in all["ranges"].as_array().unwrap().iter().enumerate() {
        let outcomes = each.iter().map(|plan| &plan["strategies"][at]);
        let done: Vec<u64> =
            outcomes.clone().map(|one| one["done_at_seconds"].as_u64().unwrap()).collect();
        let ends = json!([done.iter().min(), done.iter().max()]);
        assert_eq!(range["done_at_seconds"], ends, "{range}");
        let fits = outcomes.filter(|one| one["fits"] == true).count();
        assert_eq!(range["fits_by"].as_array().map(Vec::len), Some(fits));
        let worst = &all["strategies"][at];
        assert_eq!(worst["done_at_seconds"], ends[1]);
        assert_eq!(worst["fits"], fits == 3);
    }
    assert_eq!(all["law"], "all");
    let text = run(&format!("{args} --law all")).stdout;
    assert!(text.contains(" to "), "{text}");
}

/// What this address has left from now on.
fn set(sandbox: &Sandbox, remaining: u32) {
    let url = format!("{}/_sandbox/set", sandbox.url());
    assert_eq!(http::post(&url, &json!({"remaining": remaining})).status, 200);
}

/// What a HEAD says is left, where the plan's identity is the one that was asked as.
#[test]
fn a_plan_starts_from_what_is_left_now() {
    let sandbox = Sandbox::start(&["--limit", "60", "--window", "2h"]);
    let ask = |args: &str, at: &Sandbox| {
        let args = ["plan"].into_iter().chain(args.split(' '));
        dhlimit(args).envs(at.as_docker_hub()).run()
    };
    set(&sandbox, 7);
    let plan = ask("--nodes 2 --images 4 --from-reading -o json", &sandbox).expect_code(0).json();
    crate::schemas::valid("plan", &plan);
    let of = |name: &str| {
        plan["strategies"].as_array().unwrap().iter().find(|one| one["name"] == name).unwrap()
    };
    let one = of("one-address");
    assert_eq!((&one["limit"], &one["window_seconds"]), (&json!(60), &json!(7200)));
    assert_eq!((&one["fits"], &one["used"][0]), (&json!(false), &json!([0, 7])));
    // Nodes with addresses of their own have full counts; what an account has nobody knows here.
    assert_eq!(
        (&of("address-per-node")["fits"], &of("account")["limit"]),
        (&json!(true), &json!(200))
    );
    let text = ask("--nodes 2 --images 4 --from-reading", &sandbox).expect_code(0).stdout;
    assert!(
        text.contains("7 of 60 left for this address") && text.contains("a HEAD to docker.io"),
        "{text}"
    );
    set(&sandbox, 8);
    ask("--nodes 2 --images 4 --from-reading --strategy one-address", &sandbox).expect_code(0);
    // Nobody answers, or nothing of use.
    for (profile, code) in [("blocked", 4), ("abuse", 7)] {
        let sandbox = Sandbox::start(&["--profile", profile]);
        let outcome = ask("--nodes 2 --images 4 --from-reading", &sandbox).expect_code(code);
        assert!(
            outcome.stderr.contains("--from-reading") && outcome.stdout.is_empty(),
            "{outcome:?}"
        );
    }
    let paid = Sandbox::start(&["--profile", "paid"]);
    let plan = ask("--nodes 900 --images 4 --from-reading --strategy one-address -o json", &paid);
    assert_eq!(plan.expect_code(0).json()["strategies"][0]["limit"], Value::Null);
}

/// A recording of a count that falls by 30 in an hour, and rises again.
fn recording(home: &Home) -> std::path::PathBuf {
    let samples = [(0, 100), (900, 90), (1_800, 75), (2_700, 70), (3_600, 80)];
    let lines = samples.map(|(second, remaining)| {
        let at = chrono::DateTime::from_timestamp(1_795_338_000 + second, 0).unwrap();
        let at = at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        json!({"schema": "dhlimit/sample/1", "at": at, "registry": "docker.io",
            "image": "docker.io/library/nginx:latest",
            "identity": {"kind": "anonymous", "user": null, "credentials_from": null},
            "effective": true, "family": "ipv4", "state": "limited", "confidence": "reported",
            "limit": 100, "remaining": remaining, "used": 100 - remaining, "window_seconds": 3600,
            "full_by": null, "source": "192.0.2.10", "source_kind": "ipv4", "http_status": 200,
            "retry_after_seconds": null, "elapsed_ms": 3, "headers": {}, "warnings": [], "error": null})
    });
    let lines: Vec<String> = lines
        .iter()
        .map(|line| {
            // The schema comes first, which is how a line is known.
            let rest = line.to_string().replace("\"schema\":\"dhlimit/sample/1\",", "");
            let rest = rest.replace(",\"schema\":\"dhlimit/sample/1\"", "");
            format!("{{\"schema\":\"dhlimit/sample/1\",{}", &rest[1..])
        })
        .collect();
    home.write("pulls.jsonl", &(lines.join("\n") + "\n"))
}

#[test]
fn others_pull_as_a_recording_has_it() {
    let home = Home::new();
    let file = recording(&home);
    let ask = |args: &str| {
        let args = ["plan", "--arrival", "rolling:1/20m", "-o", "json"]
            .into_iter()
            .chain(args.split(' ').filter(|arg| !arg.is_empty()));
        home.dhlimit(args).arg("--background").arg(&file).run()
    };
    // 90 pulls of nodes in an hour and 30 of others: more than 100. Alone they fit.
    let plan = ask("--nodes 9 --images 30 --strategy one-address").expect_code(1).json();
    assert_eq!(plan["strategies"][0]["fits"], false, "{plan}");
    assert!(plan["assumptions"].to_string().contains("others make 30 pulls in every 1h"), "{plan}");
    run("--nodes 9 --images 30 --strategy one-address --arrival rolling:1/20m").expect_code(0);
    // It is another count that an account has.
    ask("--nodes 9 --images 30 --strategy account").expect_code(0);
    ask("--nodes 9 --images 20 --strategy one-address").expect_code(0);
    for (name, content) in [("empty.jsonl", ""), ("other.txt", "nginx\n")] {
        let file = home.write(name, content);
        let outcome = home
            .dhlimit(["plan", "--nodes", "1", "--images", "1", "--background"])
            .arg(file)
            .run()
            .expect_code(2);
        assert!(outcome.stderr.contains("--background"), "{outcome:?}");
    }
}

const DEPLOYMENT: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  template:
    spec:
      initContainers: [{name: wait, image: 'busybox:1.36'}]
      containers: [{name: web, image: 'acme/web:1'}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: one, namespace: x}
spec: {template: {spec: {containers: [{name: one, image: 'acme/one:1'}]}}}
";
const OTHERS: &str = "apiVersion: apps/v1
kind: DaemonSet
metadata: {name: log}
spec: {template: {spec: {containers: [{name: log, image: 'acme/log:1'}]}}}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: night}
spec: {jobTemplate: {spec: {parallelism: 2, completions: 4, template: {spec: {containers: [{image: 'acme/job:1'}]}}}}}
";
const OVERLAY: &str = "resources: [base]\nimages:\n- name: acme/web\n  newTag: '2'\n";

/// 10 nodes: 3 pull web and busybox, 1 pulls one, 10 pull log, 4 the job; what else is named, each.
#[test]
fn pods_are_pulled_on_as_many_nodes_as_there_are_of_them() {
    let home = Home::new();
    home.write("k/base/web.yaml", DEPLOYMENT);
    home.write("k/base/others.yaml", OTHERS);
    home.write("k/base/kustomization.yaml", "resources: [web.yaml, others.yaml]\n");
    let tree = home.path().join("k");
    let plan = |more: &[&str]| {
        let args = ["plan", "--nodes", "10", "-o", "json", "--strategy", "account"];
        let args = args.iter().chain(more);
        home.dhlimit(args).arg("--from").arg(&tree).run().expect_code(0)
    };
    let pulls = |more: &[&str]| plan(more).json()["strategies"][0]["pulls"].clone();
    assert_eq!(pulls(&[]), 50);
    assert!(plan(&[]).stderr.contains("--by-replicas counts pods"), "{:?}", plan(&[]));
    assert_eq!(pulls(&["--by-replicas"]), 3 + 3 + 1 + 10 + 4);
    assert!(!plan(&["--by-replicas"]).stderr.contains("--by-replicas"));
    // What a kustomization puts in a Deployment's place has the Deployment's pods.
    home.write("k/kustomization.yaml", OVERLAY);
    assert_eq!(pulls(&["--by-replicas"]), 21);
}

#[test]
fn by_replicas_is_proven_and_says_what_it_takes_for_granted() {
    let home = Home::new();
    let file = home.write("web.yaml", DEPLOYMENT);
    let args =
        ["plan", "--nodes", "4", "--limit", "2", "--window", "60s", "--prove", "--by-replicas"];
    let scan = home.dhlimit(["scan", "-o", "json"]).arg(&file).run().expect_code(0).stdout;
    let outcome = home.dhlimit(args).arg("--from").arg("-").stdin(scan).run();
    assert!(outcome.stdout.contains("of 2 workloads with replicas"), "{outcome:?}");
    assert!(outcome.stdout.contains("7 pulls wanted"), "{outcome:?}");
    assert!(outcome.stdout.contains("6 of 6 strategies went exactly as planned"), "{outcome:?}");
    let args = ["plan", "--nodes", "4", "--by-replicas", "--solve", "nodes", "--from"];
    let outcome = home.dhlimit(args).arg(&file).run().expect_code(2);
    assert!(outcome.stderr.contains("as many as the files say"), "{outcome:?}");
    dhlimit(["plan", "--nodes", "4", "--by-replicas", "--image", "nginx"]).run().expect_code(2);
}
