//! The tools that keep no images: skopeo and crane.

use super::*;
use crate::harness::real::podman;

/// What is below the TMPDIR of a place.
fn temporary(place: &Place) -> Vec<String> {
    let entries = std::fs::read_dir(place.home.path().join("tmp")).expect("the temporary folder");
    entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

#[tokio::test]
async fn skopeo_pulls_to_the_429_in_time_and_leaves_nothing() {
    let home = Home::new();
    let (Some(_), Some(variables)) = (tools::require("skopeo"), podman(&home)) else { return };
    let place = Place::new(home, variables);
    let runtime = place.open("skopeo").await;
    all(&*runtime, &place).await;
    drop(runtime);
    assert_eq!(temporary(&place), [""; 0]);
}

#[tokio::test]
async fn crane_pulls_to_the_429_and_leaves_nothing() {
    let Some(_) = tools::require("crane") else { return };
    let place = Place::new(Home::new(), []);
    let runtime = place.open("crane").await;
    all(&*runtime, &place).await;
    drop(runtime);
    assert_eq!(temporary(&place), [""; 0]);
}
