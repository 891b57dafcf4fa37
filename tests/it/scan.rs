//! `dhlimit scan` as a user runs it: what is found where, the formats, the exit codes, what is skipped.

use serde_json::{Value, json};

use crate::harness::{Home, Outcome};

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
