//! `scan --cluster` and `scan --host`: what runs, as stand-ins of the tools tell it.

use serde_json::json;

use crate::harness::{Home, Outcome};

/// A stand-in that records its words, and prints what stands in a file.
fn stub(home: &Home, name: &str, answer: &str, more: &str) {
    let file = home.write(&format!("answers/{name}"), answer);
    let log = home.path().join(format!("answers/{name}.words"));
    home.script(
        name,
        &format!("#!/bin/sh\necho \"$@\" >> {}\ncat {}\n{more}\n", log.display(), file.display()),
    );
}

fn words(home: &Home, name: &str) -> String {
    std::fs::read_to_string(home.path().join(format!("answers/{name}.words"))).unwrap_or_default()
}

fn scan(home: &Home, args: &[&str]) -> Outcome {
    home.dhlimit(["scan"].iter().chain(args)).run()
}

fn pods() -> String {
    let pod = |name: &str, owner: &str, node: &str, image: &str| {
        json!({
            "metadata": {"name": name, "namespace": "shop", "ownerReferences": [{"kind": "DaemonSet", "name": owner}]},
            "spec": {"nodeName": node, "containers": [{"name": "c", "image": image}]},
        })
    };
    json!({"apiVersion": "v1", "kind": "List", "items": [
        pod("a-1", "a", "n1", "nginx:1.27"), pod("a-2", "a", "n2", "nginx:1.27"), pod("b-1", "b", "n1", "ghcr.io/x/y:1"),
    ]})
    .to_string()
}

#[test]
fn a_cluster_is_asked_through_kubectl() {
    let home = Home::new();
    stub(&home, "kubectl", &pods(), "");
    let found = scan(&home, &["--cluster", "--context", "eu", "-n", "shop", "-o", "json"]);
    let found = found.expect_code(0).json();
    assert_eq!(words(&home, "kubectl").trim(), "get pods -o json --context eu --namespace shop");
    let rows = found["references"].as_array().expect("references");
    assert_eq!(rows.len(), 2, "{found}");
    assert_eq!(
        (&rows[0]["path"], &rows[0]["kind"], &rows[0]["pulls"]),
        (&json!("shop/DaemonSet/a"), &json!("cluster"), &json!(2)),
        "{found}"
    );
    assert_eq!(found["totals"]["pulls"]["cold"], 2, "{found}");
    // Nobody asked for files.
    home.write("home/Dockerfile", "FROM redis:7\n");
    let plain = scan(&home, &["--cluster"]).expect_code(0).stdout;
    assert_eq!(plain, "docker.io/library/nginx:1.27\nghcr.io/x/y:1\n");
    assert!(words(&home, "kubectl").ends_with("get pods -o json --all-namespaces\n"));
    let both = scan(&home, &["--cluster", "."]).expect_code(0).stdout;
    assert!(both.contains("docker.io/library/redis:7"), "{both}");
    // The plan takes it as any other list.
    let rollout = home.dhlimit(["plan", "--nodes", "2", "--from", "-"]).stdin(plain).run();
    assert!(rollout.expect_code(0).stdout.contains("2 pulls"));
}

#[test]
fn a_cluster_that_cannot_be_asked_is_told() {
    let home = Home::new();
    let alone = home.path().join("bin");
    let none = home.dhlimit(["scan", "--cluster"]).env("PATH", alone).run().expect_code(6);
    assert!(none.stderr.contains("kubectl is not on the PATH"), "{none:?}");
    stub(
        &home,
        "kubectl",
        "",
        "printf 'error: You must be logged in to the server\\033[2J (Unauthorized)\\n' >&2; exit 1",
    );
    let refused = scan(&home, &["--cluster"]).expect_code(6);
    assert!(refused.stderr.contains("You must be logged in"), "{refused:?}");
    assert!(!refused.stderr.contains('\u{1b}') && refused.stdout.is_empty(), "{refused:?}");
    stub(&home, "kubectl", "<html>", "");
    let nonsense = scan(&home, &["--cluster"]).expect_code(6);
    assert!(nonsense.stderr.contains("something else than a list of pods"), "{nonsense:?}");
    assert_eq!(scan(&home, &["-n", "shop"]).code, Some(2));
}

#[test]
fn this_machine_is_asked_through_every_tool_that_is_there() {
    let home = Home::new();
    // What the test's machine has is no part of the test.
    for tool in ["docker", "nerdctl", "podman", "crictl"] {
        stub(&home, tool, "", "echo 'no daemon' >&2; exit 1");
    }
    let none = scan(&home, &["--host"]).expect_code(6);
    assert!(none.stderr.contains("no daemon"), "{none:?}");
    stub(&home, "docker", "web\tnginx:1.27\nold\tsha256:aaaaaaaaaaaa\n", "");
    let cri = json!({"containers": [
        {"metadata": {"name": "api"}, "image": {"image": "sha256:bb", "userSpecifiedImage": "docker.io/library/nginx:1.27"}},
        {"metadata": {"name": "db"}, "image": {"image": "postgres:16"}},
    ]});
    stub(&home, "crictl", &cri.to_string(), "");
    let found = scan(&home, &["--host", "-o", "json"]).expect_code(0);
    for left in ["nerdctl", "podman", "docker/old"] {
        assert!(found.stderr.contains(left), "{left}: {found:?}");
    }
    let found = found.json();
    let paths: Vec<&str> = found["references"]
        .as_array()
        .expect("references")
        .iter()
        .filter_map(|one| one["path"].as_str())
        .collect();
    assert_eq!(paths, ["crictl/api", "crictl/db", "docker/web"]);
    // One machine has one copy of an image.
    assert_eq!(found["totals"]["pulls"]["cold"], 2, "{found}");
}
