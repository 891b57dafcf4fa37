//! `mirror rewrite` as a user runs it: before and after of every kind, twice as once, back to the same bytes,
//! what is left and why, files whole whatever happens; BuildKit's front end and Compose's loader agree.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::harness::{Home, Outcome, tools};

const MIRROR: &str = "cache.example/hub";

/// A folder of files.
struct Tree(Home);

impl Tree {
    fn of(files: &[(&str, &str)]) -> Self {
        let home = Home::new();
        for (path, text) in files {
            home.write(&format!("tree/{path}"), text);
        }
        Self(home)
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("tree")
    }

    /// Runs `mirror rewrite` there.
    fn rewrite(&self, to: &str, args: &[&str]) -> Outcome {
        let command = ["mirror", "rewrite", "--to", to];
        self.0.dhlimit(command.iter().chain(args)).directory(&self.path()).run()
    }

    fn scanned(&self) -> Vec<Value> {
        let outcome = self.0.dhlimit(["scan", "-o", "json", "."]).directory(&self.path()).run();
        outcome.json()["references"].as_array().cloned().unwrap_or_default()
    }

    /// Every file with its bytes.
    fn bytes(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut all = BTreeMap::new();
        let mut folders = vec![self.path()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("a folder").flatten() {
                if entry.path().is_dir() {
                    folders.push(entry.path());
                } else {
                    all.insert(entry.path(), fs::read(entry.path()).expect("a file"));
                }
            }
        }
        all
    }

    fn text(&self, path: &str) -> String {
        String::from_utf8_lossy(&fs::read(self.path().join(path)).expect("a file")).into_owned()
    }
}

/// Path, what stands there, what stands there behind `cache.example/hub`.
const ROWS: &[(&str, &str, &str)] = &[
    (
        "Dockerfile",
        "# syntax=docker/dockerfile:1\nARG V=1.27\nARG BASE=alpine:3\r\nFROM --platform=$BUILDPLATFORM node:${V} AS b\nFROM ${BASE}\nCOPY --from=b / /\nCOPY --from=user/app@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef / /\nFROM ghcr.io/a/b\nFROM scratch\n",
        "# syntax=cache.example/hub/docker/dockerfile:1\nARG V=1.27\nARG BASE=cache.example/hub/library/alpine:3\r\nFROM --platform=$BUILDPLATFORM cache.example/hub/library/node:${V} AS b\nFROM ${BASE}\nCOPY --from=b / /\nCOPY --from=cache.example/hub/user/app@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef / /\nFROM ghcr.io/a/b\nFROM scratch\n",
    ),
    (
        "spelled/Dockerfile",
        "FROM docker.io/library/nginx AS a\nFROM nginx AS b\nFROM library/nginx AS c\nFROM index.docker.io/nginx AS d\nFROM docker.io/user/app\n",
        "FROM cache.example/hub/library/nginx AS a\nFROM cache.example/hub/library/nginx AS b\nFROM cache.example/hub/library/nginx AS c\nFROM cache.example/hub/library/nginx AS d\nFROM cache.example/hub/user/app\n",
    ),
    (
        "registry/Dockerfile",
        "ARG REG=docker.io\nFROM $REG/nginx:1\nFROM ${REG}/user/app:2\n",
        "ARG REG=cache.example/hub\nFROM $REG/library/nginx:1\nFROM ${REG}/user/app:2\n",
    ),
    (
        "compose.yaml",
        "x-web: &web {image: \"nginx:1.27\"} # nginx:1.27\nservices:\n  a: *web\n  b: {<<: *web}\n  c:\n    image: '${IMG:-redis:7}'\n  d:\n    image: $DB\n  e:\n    image: postgres:${PG:-16}\n",
        "x-web: &web {image: \"cache.example/hub/library/nginx:1.27\"} # nginx:1.27\nservices:\n  a: *web\n  b: {<<: *web}\n  c:\n    image: '${IMG:-cache.example/hub/library/redis:7}'\n  d:\n    image: $DB\n  e:\n    image: cache.example/hub/library/postgres:${PG:-16}\n",
    ),
    (
        ".env",
        "export DB=\"mariadb:11\" # mariadb\n",
        "export DB=\"cache.example/hub/library/mariadb:11\" # mariadb\n",
    ),
    (
        "base/pod.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec:\n  containers:\n  - {name: a, image: nginx}\n  - {name: b, image: redis:6}\n",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec:\n  containers:\n  - {name: a, image: cache.example/hub/library/nginx}\n  - {name: b, image: cache.example/hub/library/redis:6}\n",
    ),
    ("base/kustomization.yaml", "resources: [pod.yaml]\n", "resources: [pod.yaml]\n"),
    (
        "overlay/kustomization.yaml",
        "resources: [../base]\nimages:\n- name: nginx\n  newTag: '1.27'\n- name: redis\n  newName: bitnami/redis\n",
        "resources: [../base]\nimages:\n- name: cache.example/hub/library/nginx\n  newTag: '1.27'\n- name: cache.example/hub/library/redis\n  newName: cache.example/hub/bitnami/redis\n",
    ),
    (
        "chart/values.yaml",
        "image:\n  registry: docker.io\n  repository: bitnami/redis\n  tag: 7\nside: {image: {repository: busybox, tag: 1}}\nslash: {image: {registry: docker.io/, repository: library/redis}}\n",
        "image:\n  registry: cache.example\n  repository: hub/bitnami/redis\n  tag: 7\nside: {image: {repository: cache.example/hub/library/busybox, tag: 1}}\nslash: {image: {registry: cache.example/, repository: hub/library/redis}}\n",
    ),
    (
        ".github/workflows/ci.yml",
        "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    strategy:\n      matrix:\n        image: ['debian:12', fedora:40]\n    container: ${{ matrix.image }}\n    services: {db: {image: postgres:16}}\n    steps:\n    - uses: docker://alpine:3\n    - run: |\n        docker pull \\\n          redis:7\n",
        "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    strategy:\n      matrix:\n        image: ['cache.example/hub/library/debian:12', cache.example/hub/library/fedora:40]\n    container: ${{ matrix.image }}\n    services: {db: {image: cache.example/hub/library/postgres:16}}\n    steps:\n    - uses: docker://cache.example/hub/library/alpine:3\n    - run: |\n        docker pull \\\n          cache.example/hub/library/redis:7\n",
    ),
    (
        "run.sh",
        "#!/bin/sh\nIMAGE=nginx:1.27\ndocker pull $IMAGE\ndocker tag \"$IMAGE\" mine\nfor one in redis:7 user/app; do docker pull \"$one\"; done\n",
        "#!/bin/sh\nIMAGE=cache.example/hub/library/nginx:1.27\ndocker pull $IMAGE\ndocker tag \"$IMAGE\" mine\nfor one in cache.example/hub/library/redis:7 cache.example/hub/user/app; do docker pull \"$one\"; done\n",
    ),
    (
        "main.tf",
        "resource \"docker_image\" \"a\" {\n  name = \"nginx:1\" # grün\n}\n",
        "resource \"docker_image\" \"a\" {\n  name = \"cache.example/hub/library/nginx:1\" # grün\n}\n",
    ),
    (
        ".devcontainer/devcontainer.json",
        "{ // ü\n  \"image\": \"debian:12\"\n}\n",
        "{ // ü\n  \"image\": \"cache.example/hub/library/debian:12\"\n}\n",
    ),
];

fn whole() -> Tree {
    Tree::of(&ROWS.iter().map(|(path, before, _)| (*path, *before)).collect::<Vec<_>>())
}

#[test]
fn references_change_and_no_other_byte_twice_is_once_and_back_is_the_same() {
    let tree = whole();
    let before = tree.bytes();
    let diff = tree.rewrite(MIRROR, &[]).expect_code(0);
    assert_eq!(tree.bytes(), before, "a diff changes nothing");
    assert!(diff.stdout.contains("+FROM cache.example/hub/user/app\n"), "{}", diff.stdout);
    tree.rewrite(MIRROR, &["--check"]).expect_code(1);
    tree.rewrite(MIRROR, &["--write"]).expect_code(0);
    for (path, _, after) in ROWS {
        assert_eq!(tree.text(path), *after, "{path}");
    }
    for one in tree.scanned() {
        assert_ne!(one["docker_hub"], true, "{one}");
    }
    let after = tree.bytes();
    let again = tree.rewrite(MIRROR, &["--write"]).expect_code(0);
    assert_eq!((again.stdout.as_str(), tree.bytes()), ("", after));
    tree.rewrite(MIRROR, &["--check"]).expect_code(0);
    tree.rewrite(MIRROR, &["--reverse", "--write"]).expect_code(0);
    assert_eq!(tree.bytes(), before);
}

#[test]
fn a_diff_is_one_that_git_applies() {
    let Some(git) = tools::require("git") else { return };
    let tree = whole();
    let before = tree.bytes();
    let diff = tree.rewrite(MIRROR, &[]).expect_code(0).stdout;
    tree.0
        .program(&git, ["apply", "-p1", "-"])
        .directory(&tree.path())
        .stdin(diff)
        .run()
        .expect_code(0);
    tree.rewrite(MIRROR, &["--check"]).expect_code(0);
    tree.rewrite(MIRROR, &["--reverse", "--write"]).expect_code(0);
    let short = "spelled/Dockerfile";
    for (path, bytes) in before
        .iter()
        .filter(|(path, _)| !path.ends_with(short) && !path.ends_with("registry/Dockerfile"))
    {
        assert_eq!(&fs::read(path).expect("a file"), bytes, "{}", path.display());
    }
    // Without a record the shortest spelling comes back.
    assert!(tree.text(short).starts_with("FROM nginx AS a\nFROM nginx AS b\nFROM nginx AS c\n"));
}

#[test]
fn caches_have_names_of_their_own_form() {
    let account = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";
    for (to, form, official, other) in [
        (
            &*format!("{account}/p"),
            None,
            format!("{account}/p/library/nginx:1"),
            format!("{account}/p/a/b:1"),
        ),
        (
            "eu-docker.pkg.dev/p/r",
            None,
            "eu-docker.pkg.dev/p/r/library/nginx:1".to_owned(),
            "eu-docker.pkg.dev/p/r/a/b:1".to_owned(),
        ),
        (
            "n.azurecr.io",
            None,
            "n.azurecr.io/library/nginx:1".to_owned(),
            "n.azurecr.io/a/b:1".to_owned(),
        ),
        (
            "h.example/proj",
            Some("harbor"),
            "h.example/proj/library/nginx:1".to_owned(),
            "h.example/proj/a/b:1".to_owned(),
        ),
        (
            "m.example:5000",
            Some("distribution"),
            "m.example:5000/library/nginx:1".to_owned(),
            "m.example:5000/a/b:1".to_owned(),
        ),
        (
            "g.example/grp",
            Some("gitlab"),
            "g.example/grp/dependency_proxy/containers/nginx:1".to_owned(),
            "g.example/grp/dependency_proxy/containers/a/b:1".to_owned(),
        ),
        (
            "localhost:5000/x",
            None,
            "localhost:5000/x/library/nginx:1".to_owned(),
            "localhost:5000/x/a/b:1".to_owned(),
        ),
    ] {
        let tree = Tree::of(&[("Dockerfile", "FROM nginx:1\nFROM a/b:1\n")]);
        let mut args = vec!["--write"];
        args.extend(form.iter().flat_map(|form| ["--form", form]));
        tree.rewrite(to, &args).expect_code(0);
        assert_eq!(tree.text("Dockerfile"), format!("FROM {official}\nFROM {other}\n"));
        args.push("--reverse");
        tree.rewrite(to, &args).expect_code(0);
        assert_eq!(tree.text("Dockerfile"), "FROM nginx:1\nFROM a/b:1\n", "{to}");
    }
    let tree = Tree::of(&[("Dockerfile", "FROM nginx:1\nFROM ghcr.io/a/b\n")]);
    tree.rewrite("m.example", &["--from", "ghcr.io", "--write"]).expect_code(0);
    assert_eq!(tree.text("Dockerfile"), "FROM nginx:1\nFROM m.example/a/b\n");
}

#[test]
fn what_is_not_certain_is_listed_and_left() {
    let rows = [
        ("Dockerfile", "FROM $BASE\n", "BASE has no value"),
        ("Dockerfile", "ARG B=alpine\nFROM $B:3\nCOPY $B.conf /\n", "something else"),
        ("compose.yaml", "services:\n  a: {image: \"ngi\\x6ex\"}\n", "escapes"),
        ("compose.yaml", "services:\n  a: {image: x/y, build: .}\n", "built here"),
        ("compose.yaml", "services:\n  a: {image: x/y, pull_policy: never}\n", "never pulls"),
        ("compose.yaml", "services:\n  a: {image: '${PRE-}nginx'}\n", "before the name"),
        (
            "t/templates/x.yaml",
            "image: {{ .Values.image }}\nspec:\n  containers:\n  - image: {{ .Values.image }}\n",
            "no value",
        ),
        (
            "run.sh",
            "#!/bin/sh\nI=nginx\ndocker pull $I\ndocker save $I > $I.tar\n",
            "something else",
        ),
        (
            "kustomization.yaml",
            "resources: ['https://example.com/x.yaml']\nimages: [{name: nginx, newTag: '1'}]\n",
            "elsewhere",
        ),
        (
            "A.java",
            "import org.testcontainers.containers.GenericContainer;\nclass A { GenericContainer<?> c = new GenericContainer<>(\"redis:7\"); }\n",
            "TESTCONTAINERS_HUB",
        ),
    ];
    for (path, text, why) in rows {
        let tree = Tree::of(&[(path, text)]);
        let outcome = tree.rewrite(MIRROR, &["--write", "-o", "json"]).expect_code(0);
        let report = outcome.json();
        crate::schemas::valid("mirror-rewrite", &report);
        let left = report["unsafe"].as_array().expect("a list").clone();
        let said =
            left.iter().any(|one| one["reason"].as_str().is_some_and(|said| said.contains(why)));
        assert!(said, "{text}: {left:?}");
        assert!(
            outcome.stderr.contains(why) && outcome.stderr.contains(&format!("{path}:")),
            "{}",
            outcome.stderr
        );
        assert_eq!(tree.text(path), text);
    }
}

#[test]
fn a_variable_is_put_before_names_and_taken_away_again() {
    let files = [
        (
            "Dockerfile",
            "# syntax=x.example/y\nARG B=node:22\nFROM nginx:1 AS a\nFROM $B\nCOPY --from=redis:7 / /\n",
        ),
        ("full/Dockerfile", "FROM docker.io/library/nginx:1\nFROM docker.io/a/b\n"),
        (
            "compose.yaml",
            "services:\n  a:\n    image: nginx:1\n  b:\n    image: docker.io/library/redis\n",
        ),
    ];
    let tree = Tree::of(&files);
    let before = tree.bytes();
    let outcome = tree.rewrite(MIRROR, &["--as-variable", "HUB", "--write"]).expect_code(0);
    assert!(outcome.stderr.contains("HUB=cache.example/hub/"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("--from"), "{}", outcome.stderr);
    let made = [
        (
            "Dockerfile",
            "# syntax=x.example/y\nARG HUB=\nARG B=${HUB}library/node:22\nFROM ${HUB}library/nginx:1 AS a\nFROM $B\nCOPY --from=redis:7 / /\n",
        ),
        ("full/Dockerfile", "ARG HUB=docker.io/\nFROM ${HUB}library/nginx:1\nFROM ${HUB}a/b\n"),
        (
            "compose.yaml",
            "services:\n  a:\n    image: ${HUB:-}library/nginx:1\n  b:\n    image: ${HUB:-docker.io/}library/redis\n",
        ),
    ];
    for (path, text) in made {
        assert_eq!(tree.text(path), text, "{path}");
    }
    tree.rewrite(MIRROR, &["--as-variable", "HUB", "--check"]).expect_code(0);
    for (judge, path, args) in [
        ("dockerfile-judge", "full/Dockerfile", &["--all"][..]),
        ("dockerfile-judge", "full/Dockerfile", &["--all", "--arg", "HUB=cache.example/hub/"]),
        ("compose-judge", "compose.yaml", &[]),
    ] {
        let Some(judge) = tools::require(judge) else { return };
        let images = judged(&tree, &judge, args, path).unwrap_or_else(|| panic!("{path} is read"));
        let host = if args.len() > 1 { "cache.example/hub/" } else { "docker.io/" };
        assert_eq!(images.len(), 2, "{images:?}");
        assert!(images.iter().all(|image| image.starts_with(host)), "{images:?}");
    }
    tree.rewrite(MIRROR, &["--as-variable", "HUB", "--reverse", "--write"]).expect_code(0);
    assert_eq!(tree.bytes(), before);
}

#[test]
fn a_variable_is_not_put_where_its_braces_would_end_a_mapping() {
    let text = "services:\n  a: {image: nginx:1, profiles: [x]}\n";
    let tree = Tree::of(&[("compose.yaml", text)]);
    let outcome = tree.rewrite(MIRROR, &["--as-variable", "HUB", "--write"]).expect_code(0);
    assert!(outcome.stderr.contains("not be read as an image"), "{}", outcome.stderr);
    assert_eq!(tree.text("compose.yaml"), text);
}

#[test]
fn a_record_survives_new_versions_and_can_stand_elsewhere() {
    let tree = Tree::of(&[("Dockerfile", "FROM docker.io/library/nginx:1\nFROM redis:7\n")]);
    tree.rewrite(MIRROR, &["--write", "--record", "../record.json"]).expect_code(0);
    assert_eq!(tree.bytes().len(), 1, "nothing beside the files");
    let text = tree.text("Dockerfile").replace("nginx:1", "nginx:2");
    tree.0.write("tree/Dockerfile", &format!("FROM alpine\n{text}"));
    tree.rewrite(MIRROR, &["--write", "--record", "../record.json"]).expect_code(0);
    tree.rewrite(MIRROR, &["--reverse", "--write", "--record", "../record.json"]).expect_code(0);
    assert_eq!(
        tree.text("Dockerfile"),
        "FROM alpine\nFROM docker.io/library/nginx:2\nFROM redis:7\n"
    );
    assert!(!tree.0.path().join("record.json").exists());
    tree.0.write("tree/.dhlimit-rewrite.json", "[]");
    let outcome = tree.rewrite(MIRROR, &["--write"]).expect_code(2);
    assert!(outcome.stderr.contains("no record"), "{}", outcome.stderr);
}

#[test]
fn wrong_arguments_are_usage() {
    let tree = Tree::of(&[("Dockerfile", "FROM nginx\n")]);
    for (to, args) in [
        ("docker.io", &[][..]),
        ("https://m.example", &[]),
        ("m.example", &["--write", "--check"]),
        ("m.example", &["--form", "harbor"]),
        ("m.example", &["--as-variable", "A-B"]),
        ("m.example", &["--from", "x"]),
        ("m.example", &["missing"]),
        ("m.example", &["-"]),
    ] {
        tree.rewrite(to, args).expect_code(2);
    }
}

/// A tree of many files, with what each is before and after.
fn many() -> (Tree, Vec<(String, String, String)>) {
    let rows: Vec<(String, String, String)> = (0..120)
        .map(|n| {
            let body = "# line\n".repeat(200);
            let path = format!("d{}/Dockerfile.{n}", n % 7);
            let before = format!("FROM docker.io/library/nginx:{n}\n{body}FROM redis\n");
            let after =
                format!("FROM {MIRROR}/library/nginx:{n}\n{body}FROM {MIRROR}/library/redis\n");
            (path, before, after)
        })
        .collect();
    let files: Vec<(&str, &str)> =
        rows.iter().map(|(path, before, _)| (path.as_str(), before.as_str())).collect();
    (Tree::of(&files), rows)
}

#[test]
fn killed_at_any_moment_every_file_is_whole_and_the_next_run_goes_on() {
    let (tree, rows) = many();
    let before = tree.bytes();
    let command = ["mirror", "rewrite", "--to", MIRROR, "--write", "."];
    for round in 0..50_u64 {
        let run = tree.0.dhlimit(command).directory(&tree.path()).start();
        std::thread::sleep(Duration::from_millis(5 + (round * 7) % 90));
        run.signal(Signal::KILL);
        drop(run.outcome_even_if_late());
        let mut changed = 0;
        for (path, was, is) in &rows {
            let now = tree.text(path);
            assert!(now == *was || now == *is, "{path} in round {round}");
            changed += usize::from(now == *is);
        }
        if changed == rows.len() || round % 10 == 9 {
            // From the beginning.
            tree.rewrite(MIRROR, &["--reverse", "--write"]).expect_code(0);
            assert_eq!(leftovers(&tree), [""; 0]);
            assert!(tree.bytes() == before, "round {round}: {:?}", tree.bytes().keys());
        }
    }
    tree.rewrite(MIRROR, &["--write"]).expect_code(0);
    for (path, _, is) in &rows {
        assert_eq!(tree.text(path), *is);
    }
}

/// Files that a run has left behind.
fn leftovers(tree: &Tree) -> Vec<String> {
    let names = tree.bytes().into_keys().map(|path| path.display().to_string());
    names.filter(|name| name.contains(".dhlimit-rewrite-")).collect()
}

#[test]
fn a_full_disk_leaves_the_file_whole_and_the_others_go_on() {
    let large = format!("FROM nginx\n{}", "# padding\n".repeat(2_000));
    let tree = Tree::of(&[("Dockerfile", "FROM nginx\n"), ("large/Dockerfile", &large)]);
    // No file may grow past 8 blocks of 512 or 1,024 bytes.
    let program = assert_cmd::cargo::cargo_bin("dhlimit");
    let script =
        "trap '' XFSZ; ulimit -f 8; exec \"$0\" mirror rewrite --to cache.example/hub --write .";
    let args = ["-c".as_ref(), script.as_ref(), program.as_os_str()];
    let shell = tree.0.program("/bin/sh", args).directory(&tree.path());
    let outcome = shell.run().expect_code(2);
    assert!(
        outcome.stderr.contains("large/Dockerfile") && outcome.stderr.contains("as it was"),
        "{}",
        outcome.stderr
    );
    assert_eq!(tree.text("large/Dockerfile"), large);
    assert_eq!(tree.text("Dockerfile"), "FROM cache.example/hub/library/nginx\n");
    assert_eq!(leftovers(&tree), [""; 0]);
}

/// The images that a judge reads in a file; `None` where it is not here or refuses the file.
fn judged(tree: &Tree, judge: &Path, args: &[&str], path: &str) -> Option<Vec<String>> {
    let file = tree.path().join(path);
    let args = args.iter().copied().chain([file.to_str().expect("a path in UTF-8")]);
    let outcome = tree.0.program(judge, args).directory(&tree.path()).run();
    (outcome.code == Some(0)).then(|| {
        let mut images: Vec<String> = outcome
            .stdout
            .lines()
            .filter_map(|line| {
                let one: Value = serde_json::from_str(line).expect("a line of JSON");
                one["ref"].as_str().or(one["image"].as_str()).map(full)
            })
            .collect();
        images.sort();
        images.dedup();
        images
    })
}

/// An image's name as the mirror has it, with its tag.
fn full(image: &str) -> String {
    image
        .parse::<dhlimit::image::Reference>()
        .map_or_else(|_| image.to_owned(), |full| full.to_string())
}

/// What an image is behind the mirror.
fn behind(image: &str) -> String {
    image
        .strip_prefix("docker.io/")
        .map_or_else(|| image.to_owned(), |path| format!("{MIRROR}/{path}"))
}

#[test]
fn buildkit_and_compose_read_the_same_images_behind_the_mirror_and_scan_agrees() {
    let judges = [
        ("dockerfile-judge", "Dockerfile", &["--all"][..]),
        ("dockerfile-judge", "spelled/Dockerfile", &["--all"]),
        ("dockerfile-judge", "registry/Dockerfile", &["--all"]),
        ("compose-judge", "compose.yaml", &[]),
    ];
    let tree = whole();
    let mut before = Vec::new();
    for (judge, path, args) in judges {
        let Some(judge) = tools::require(judge) else { return };
        let images = judged(&tree, &judge, args, path).unwrap_or_else(|| panic!("{path} is read"));
        let scanned = images_in(&tree, path);
        let missing: Vec<&String> =
            images.iter().filter(|image| !scanned.contains(image)).collect();
        assert!(missing.is_empty(), "{path}: scan has not {missing:?} in {scanned:?}");
        before.push((judge, path, args, images));
    }
    tree.rewrite(MIRROR, &["--write"]).expect_code(0);
    for (judge, path, args, images) in before {
        let now = judged(&tree, &judge, args, path).unwrap_or_else(|| panic!("{path} is read"));
        let mut wanted: Vec<String> = images.iter().map(|image| behind(image)).collect();
        wanted.sort();
        wanted.dedup();
        assert_eq!(now, wanted, "{path}");
    }
}

fn images_in(tree: &Tree, path: &str) -> Vec<String> {
    let rows = tree.scanned();
    let here = rows.iter().filter(|one| one["path"] == path);
    here.filter_map(|one| one["image"].as_str().map(full)).collect()
}
