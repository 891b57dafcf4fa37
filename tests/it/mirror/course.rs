//! `examples/course/`: the course end to end in one command, and its files before and after.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use super::aws::Aws;
use crate::harness::real::Containerd;
use crate::harness::{Home, tools};

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/course").join(name)
}

#[test]
fn the_course_runs_from_the_429_to_a_cache() {
    for tool in ["nerdctl", "docker-registry", "htpasswd", "curl"] {
        if tools::require(tool).is_none() {
            return;
        }
    }
    let (Some(aws), Some(containerd)) = (Aws::start_with("of-the-stand-in"), Containerd::start())
    else {
        return;
    };
    let home = Home::new();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_dhlimit"), home.path().join("bin/dhlimit"))
        .expect("a link to the program");
    let program = home.program("sh", [example("run.sh")]).envs(containerd.environment());
    let outcome = aws.given(program).limit(Duration::from_secs(300)).run().expect_code(0);
    let out = &outcome.stdout;
    for words in [
        "Stopped by the pull limit",
        "Login Succeeded",
        "== 4. Pulled from there ten times",
        "fetching it cost 1 of the limit",
        "did not move",
    ] {
        assert!(outcome.everything().contains(words), "{words} in {outcome:?}");
    }
    let (_, later) = out.split_once("== 3.").expect("the third step");
    assert!(!later.contains("429)"), "only Docker Hub refuses: {outcome:?}");
    assert!(aws.operations(0).contains(&"GetAuthorizationToken".to_owned()));
    assert_eq!(containerd.images(), [""; 0], "{outcome:?}");
    assert!(outcome.left_running().is_empty(), "{:?}", outcome.left_running());
}

/// Every `image:` of a file, in order.
fn images(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                match value.as_str() {
                    Some(image) if key == "image" => into.push(image.to_owned()),
                    _ => images(value, into),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| images(item, into)),
        _ => {}
    }
}

#[test]
fn the_files_name_the_same_images_before_and_after() {
    let through: dhlimit::mirror::through::Through =
        "123456789012.dkr.ecr.eu-central-1.amazonaws.com/docker-hub".parse().expect("a mirror");
    for name in ["compose", "deployment"] {
        let read = |which: &str| {
            let text =
                std::fs::read_to_string(example(&format!("{name}.{which}.yaml"))).expect("a file");
            let value: Value = serde_saphyr::from_str(&text).expect("YAML");
            let mut found = Vec::new();
            images(&value, &mut found);
            found
        };
        let before: Vec<String> = read("before")
            .iter()
            .map(|image| through.of(&image.parse().expect("an image")).expect("a name").to_string())
            .collect();
        assert!(!before.is_empty());
        assert_eq!(before, read("after"), "{name}");
    }
}
