//! The tools with a store of their own: docker and podman.

use super::*;
use crate::harness::real::{Dockerd, podman};

#[tokio::test]
async fn docker_pulls_to_the_429_and_leaves_nothing() {
    let Some(dockerd) = Dockerd::start() else { return };
    let place = Place::new(Home::new(), dockerd.environment());
    let docker = place.open("docker").await;
    assert_eq!(docker.pause_after_remove(), Duration::from_secs(1), "the classic store needs its pause");
    all(&*docker, &place).await;
    assert_eq!(dockerd.images(), [""; 0]);
}

#[tokio::test]
async fn podman_pulls_to_the_429_in_time_and_leaves_nothing() {
    let home = Home::new();
    let Some(variables) = podman(&home) else { return };
    let place = Place::new(home, variables);
    let runtime = place.open("podman").await;
    all(&*runtime, &place).await;
}
