//! `dhlimit scan` as a user runs it: what is found where, the formats, the exit codes, what is skipped.

use serde_json::{Value, json};

use crate::harness::{Home, Outcome, tools};

/// A folder with some files, scanned.
fn scanned(files: &[(&str, &str)], args: &[&str]) -> Outcome {
    let home = Home::new();
    for (path, text) in files {
        home.write(&format!("tree/{path}"), text);
    }
    let tree = home.path().join("tree");
    let tree = tree.to_str().expect("a path in UTF-8");
    home.dhlimit(["scan", tree].iter().chain(args)).run()
}

/// Path below the folder, line, column and reference of all rows.
fn rows(outcome: &Outcome) -> Vec<Value> {
    let report = outcome.json();
    let references = report["references"].as_array().expect("references").clone();
    let name = |one: &Value| {
        let path = one["path"].as_str().expect("a path");
        path.split_once("/tree/").expect("below the folder").1.to_owned()
    };
    references
        .iter()
        .map(|one| json!([name(one), one["line"], one["column"], one["reference"]]))
        .collect()
}

#[test]
fn references_come_by_file_and_place_and_ignored_files_do_not() {
    let files = [
        ("Dockerfile", "FROM nginx:1.27\n"),
        (".gitignore", "build/\n"),
        ("build/Dockerfile", "FROM ghost\n"),
        (".ci/x.sh", "docker pull \\\n  redis\n"),
        ("bin/y", "#!/bin/sh\ndocker run quay.io/a/b:1\n"),
        ("notes.md", "docker pull ghost\n"),
    ];
    let outcome = scanned(&files, &["-o", "json"]).expect_code(0);
    let expected = [
        json!([".ci/x.sh", 2, 3, "redis"]),
        json!(["Dockerfile", 1, 6, "nginx:1.27"]),
        json!(["bin/y", 2, 12, "quay.io/a/b:1"]),
    ];
    assert_eq!(rows(&outcome), expected);
    let totals = &outcome.json()["totals"];
    assert_eq!(totals["docker_hub_images"], 2);
    assert_eq!(totals["pulls"]["cold"], 2);
    let all = scanned(&files, &["-o", "json", "--no-ignore", "--exclude", "*.sh"]).expect_code(0);
    let expected = [
        json!(["Dockerfile", 1, 6, "nginx:1.27"]),
        json!(["bin/y", 2, 12, "quay.io/a/b:1"]),
        json!(["build/Dockerfile", 1, 6, "ghost"]),
    ];
    assert_eq!(rows(&all), expected);
}

#[test]
fn plain_names_each_image_once_in_full_form() {
    let files =
        [("Dockerfile", "FROM nginx\nFROM a/b:1\nFROM $X\nFROM docker.io/library/nginx:latest\n")];
    let outcome = scanned(&files, &[]).expect_code(0);
    assert_eq!(outcome.stdout, "docker.io/a/b:1\ndocker.io/library/nginx:latest\n");
}

#[test]
fn the_exit_code_follows_findings_and_paths() {
    let files =
        [("Dockerfile", "FROM nginx:1\n# dhlimit: ignore[hub-reference] known\nFROM redis:7\n")];
    for (args, code) in [
        (&[][..], 0),
        (&["--fail-on", "error"], 0),
        (&["--rule", "hub-reference=error", "--fail-on", "error"], 1),
        (&["--rule", "hub-reference=warning", "--fail-on", "error"], 0),
        (&["--rule", "nonsense=error"], 2),
        (&["--rule", "hub-reference=loud"], 2),
        (&["--exclude", "{"], 2),
        (&["--as", "novel"], 2),
        (&["--arg", "novalue"], 2),
        (&["--env-file", "/nowhere/at/all"], 2),
        (&["/nowhere/at/all"], 2),
    ] {
        let outcome = scanned(&files, args);
        assert_eq!(outcome.code, Some(code), "{args:?}: {outcome:?}");
    }
    let outcome = scanned(&files, &["--rule", "hub-reference=error", "-o", "json"]).expect_code(0);
    let findings = outcome.json()["findings"].as_array().expect("findings").clone();
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0]["line"], 1);
}

#[test]
fn standard_input_is_read_as_what_it_is_said_to_be() {
    let home = Home::new();
    let outcome = home.dhlimit(["scan", "-", "--as", "dockerfile", "--arg", "V=3", "-o", "json"]);
    let outcome = outcome.stdin("ARG V=1\nFROM nginx:$V\n").run().expect_code(0);
    assert_eq!(outcome.json()["references"][0]["reference"], "nginx:3");
    let script =
        home.dhlimit(["scan", "-"]).stdin("#!/bin/sh\ndocker pull a\n").run().expect_code(0);
    assert_eq!(script.stdout, "docker.io/library/a:latest\n");
    let unknown = home.dhlimit(["scan", "-"]).stdin("hello\n").run().expect_code(0);
    assert!(unknown.stderr.contains("--as"), "{unknown:?}");
}

#[test]
fn standard_input_that_is_too_long_is_an_error_and_no_shorter_text() {
    let home = Home::new();
    let mut text = "FROM nginx\n".to_owned();
    text.extend(std::iter::repeat_n("# x\n", 17 << 20));
    let outcome =
        home.dhlimit(["scan", "-", "--as", "dockerfile"]).stdin(text).run().expect_code(2);
    assert!(outcome.stderr.contains("standard input: it is larger than 64 MiB"), "{outcome:?}");
    assert_eq!(outcome.stdout, "");
}

#[test]
fn a_file_that_cannot_be_read_stops_no_other() {
    let files = [
        ("Dockerfile", "FROM nginx\n"),
        ("x/Dockerfile", "FROM redis\n"),
        ("y.sh", "docker pull a\u{0}\n"),
    ];
    let outcome = scanned(&files, &["-o", "json"]).expect_code(0);
    assert_eq!(rows(&outcome).len(), 2, "{outcome:?}");
}

#[test]
fn what_a_kustomization_replaces_counts_once_and_keeps_the_tag_of_its_base() {
    let pod = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - {image: web}\n  - {image: 'moved:4'}\n  - {image: 'other:1'}\n";
    let files = [
        ("base/pod.yaml", pod),
        ("base/kustomization.yaml", "resources: [pod.yaml]\n"),
        (
            "prod/kustomization.yaml",
            "resources: [../base]\nimages:\n- {name: web, newTag: '9'}\n- {name: moved, newName: acme/moved}\n",
        ),
    ];
    let outcome = scanned(&files, &["-o", "json"]).expect_code(0);
    let expected = [
        json!(["base/pod.yaml", 5, 13, "web"]),
        json!(["base/pod.yaml", 6, 14, "moved:4"]),
        json!(["base/pod.yaml", 7, 14, "other:1"]),
        json!(["prod/kustomization.yaml", 3, 24, "web:9"]),
        json!(["prod/kustomization.yaml", 4, 26, "acme/moved:4"]),
    ];
    assert_eq!(rows(&outcome), expected);
    assert_eq!(outcome.json()["totals"]["pulls"]["cold"], 3);
}

#[test]
fn a_matrix_counts_each_of_its_jobs_and_a_login_counts_for_later_steps_alone() {
    let workflow = "on: push\njobs:\n  t:\n    strategy: {matrix: {v: [1, 2], os: [a, b]}}\n    container: x/y:${{ matrix.v }}\n    steps:\n    - uses: docker/login-action@v3\n    - run: docker pull late\n";
    let files = [(".github/workflows/ci.yml", workflow)];
    let outcome = scanned(&files, &["-o", "json"]).expect_code(0).json();
    let seen: Vec<_> = outcome["references"]
        .as_array()
        .expect("references")
        .iter()
        .map(|one| json!([one["reference"], one["pulls"], one["identity"]]))
        .collect();
    assert_eq!(
        seen,
        [
            json!(["x/y:1", 2, "anonymous"]),
            json!(["x/y:2", 2, "anonymous"]),
            json!(["late", 1, "login"]),
        ]
    );
}

#[test]
fn annotations_stand_at_their_lines_and_columns() {
    let files = [("a,b/Dockerfile", "FROM quay.io/x/y:1\nFROM  nginx:1\n")];
    let outcome =
        scanned(&files, &["--rule", "hub-reference=error", "-o", "github"]).expect_code(0);
    assert_eq!(outcome.stdout.lines().count(), 1, "{outcome:?}");
    for part in [
        "::error file=",
        "a%2Cb/Dockerfile,line=2,col=7,title=hub-reference::",
        "nginx:1 comes from Docker Hub",
    ] {
        assert!(outcome.stdout.contains(part), "no {part:?} in {outcome:?}");
    }
}

#[test]
fn an_allowed_image_and_a_comment_answer_a_finding_with_their_reasons() {
    let home = Home::new();
    home.write(
        "tree/Dockerfile",
        "FROM nginx:1\nFROM acme/web:1\n# dhlimit: ignore[hub-reference] until March\nFROM redis:7\nFROM other:2\n",
    );
    let config = "[scan]\nrule = [\"hub-reference=error\"]\nallow = [\"nginx:1=the base of all\", \"docker.io/acme/*=ours\"]\n";
    let config = home.write("dhlimit.toml", config);
    let config = config.to_str().expect("a path in UTF-8");
    let tree = home.path().join("tree").display().to_string();
    let args = ["--config", config, "scan", &tree, "--fail-on", "error", "-o", "json"];
    let outcome = home.dhlimit(args).run().expect_code(1);
    let report = outcome.json();
    let found: Vec<_> = report["findings"].as_array().expect("findings").iter().collect();
    assert_eq!(found.len(), 1, "{outcome:?}");
    assert_eq!(found[0]["line"], 5);
    let answered: Vec<_> = report["suppressed"]
        .as_array()
        .expect("suppressed")
        .iter()
        .map(|one| json!([one["line"], one["by"], one["reason"]]))
        .collect();
    assert_eq!(
        answered,
        [
            json!([1, "allow-list", "the base of all"]),
            json!([2, "allow-list", "ours"]),
            json!([4, "comment", "until March"]),
        ]
    );
    for wrong in ["nginx", "nginx=", "=why", "*=all", "Bad Name=x"] {
        let outcome = home.dhlimit(["scan", &tree, "--allow", wrong]).run().expect_code(2);
        assert!(outcome.stderr.contains("IMAGE=REASON"), "{wrong}: {outcome:?}");
    }
}

#[test]
fn a_rule_is_explained_and_an_unknown_one_is_a_usage_error() {
    let home = Home::new();
    let outcome = home.dhlimit(["scan", "--explain", "hub-floating"]).run().expect_code(0);
    assert!(outcome.stdout.starts_with("hub-floating\n\nThe tag moves"), "{outcome:?}");
    let outcome = home.dhlimit(["scan", "--explain", "hub"]).run().expect_code(2);
    assert!(outcome.stderr.contains("hub-floating"), "{outcome:?}");
}

#[test]
fn totals_come_by_registry_and_by_identity() {
    let files = [
        ("Dockerfile", "FROM nginx:1\nFROM redis:7\nFROM quay.io/a/b:1\n"),
        (".github/workflows/x.yml", "on: push\njobs: {a: {container: 'x/y:1'}}\n"),
    ];
    let by = scanned(&files, &["--by", "registry"]).expect_code(0);
    let rows: Vec<Vec<&str>> =
        by.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["REGISTRY", "REFERENCES", "IMAGES", "PULLS"], "{by:?}");
    assert_eq!(rows[2..], [["docker.io", "3", "3", "3"], ["quay.io", "1", "1", "1"]], "{by:?}");
    let by = scanned(&files, &["--by", "identity"]).expect_code(0);
    assert!(by.stdout.contains("the address (no login)"), "{by:?}");
}

#[test]
fn an_image_under_the_name_of_a_cache_says_through_which() {
    let ecr = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/docker-hub/library/nginx:1";
    let file = format!("FROM {ecr}\nFROM mirror.gcr.io/library/redis:7\nFROM quay.io/a/b\n");
    let report = scanned(&[("Dockerfile", &file)], &["-o", "json"]).expect_code(0).json();
    let via: Vec<_> = report["references"]
        .as_array()
        .expect("references")
        .iter()
        .map(|one| one["via"].clone())
        .collect();
    let expected =
        json!(["123456789012.dkr.ecr.eu-west-1.amazonaws.com/docker-hub", "mirror.gcr.io", null]);
    assert_eq!(json!(via), expected);
    assert_eq!(report["totals"]["docker_hub_images"], 0);
}

/// OASIS' schema, which `tests/run` brings; it is not ours to keep here.
#[test]
fn sarif_is_what_its_schema_says() {
    let Some(schema) = tools::require("sarif-2.1.0.json") else { return };
    let schema = std::fs::read_to_string(schema).expect("the schema");
    let schema: Value = serde_json::from_str(&schema).expect("a schema in JSON");
    let schema = jsonschema::validator_for(&schema).expect("a schema");
    let text = "FROM nginx # dhlimit: ignore[hub-floating] known\nFROM Bad/Name\nCOPY --from=grün x y\nFROM $X\nFROM ok:1\nFROM ok:1\n";
    let files = [
        ("a b/ü/Dockerfile", text),
        ("c/Dockerfile", "FROM redis:7\n"),
        ("compose.yaml", "services: {{ x }}\n  image: z\n"),
    ];
    let args = ["--rule", "hub-reference=error", "--allow", "redis:7=ours", "-o", "sarif"];
    let outcome = scanned(&files, &args).expect_code(0);
    let document = outcome.json();
    let remarks: Vec<String> =
        schema.iter_errors(&document).map(|error| error.to_string()).collect();
    assert_eq!(remarks, [""; 0], "{outcome:?}");
    let run = &document["runs"][0];
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    let results = run["results"].as_array().expect("results");
    let kinds: Vec<_> =
        results.iter().filter_map(|one| one["suppressions"][0]["kind"].as_str()).collect();
    assert!(kinds.contains(&"inSource") && kinds.contains(&"external"), "{outcome:?}");
    let prints: std::collections::BTreeSet<_> =
        results.iter().map(|one| one["partialFingerprints"].to_string()).collect();
    assert_eq!(prints.len(), results.len(), "two findings of one fingerprint: {outcome:?}");
    let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
    for one in results {
        let index = one["ruleIndex"].as_u64().and_then(|at| usize::try_from(at).ok());
        assert_eq!(rules[index.expect("an index")]["id"], one["ruleId"]);
        let uri = &one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
        let uri = uri.as_str().expect("a URI");
        assert!(uri.is_ascii() && !uri.contains(' '), "{uri}");
    }
    let notes = run["invocations"][0]["toolExecutionNotifications"].as_array().expect("notes");
    assert_eq!(notes.len(), 1, "{outcome:?}");
}
