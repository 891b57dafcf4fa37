//! The tools with a store of their own: docker and podman.

use super::*;
use crate::harness::real::{Dockerd, podman};

#[tokio::test]
async fn docker_pulls_to_the_429_and_leaves_nothing() {
    let Some(dockerd) = Dockerd::start() else { return };
    let place = Place::new(Home::new(), dockerd.environment());
    let docker = place.open("docker").await;
    assert_eq!(
        docker.pause_after_remove(),
        Duration::from_secs(1),
        "the classic store needs its pause"
    );
    all(&*docker, &place).await;
    assert_eq!(dockerd.images(), [""; 0]);
}

#[tokio::test]
async fn a_pull_of_docker_s_may_finish_after_shutdown_as_it_would_leave_a_lease() {
    let Some(dockerd) = Dockerd::start() else { return };
    let place = Place::new(Home::new(), dockerd.environment());
    let docker = place.open("docker").await;
    // The sandbox is asked five times or more: shutdown comes when the manifests are there and the layers are not.
    let sandbox = sandbox(5, Duration::from_millis(200)).await;
    let image = image(&sandbox, "library/nginx:1.27");
    let shutdown = CancellationToken::new();
    let (pulled, ()) = tokio::join!(docker.pull(&image, LIMIT, &shutdown), async {
        while remaining(&sandbox) != Some(4) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        shutdown.cancel();
    });
    assert_eq!(
        docker.clear(&image, &pulled.outcome).await.expect("a removal"),
        Removal::Removed,
        "{pulled:?}"
    );
    assert_eq!(dockerd.leases(), [""; 0], "{pulled:?}");
    assert_eq!(pulled.outcome, Outcome::Pulled);
    place.is_quiet();
}

#[tokio::test]
async fn podman_pulls_to_the_429_in_time_and_leaves_nothing() {
    let home = Home::new();
    let Some(variables) = podman(&home) else { return };
    let place = Place::new(home, variables);
    let podman = place.open("podman").await;
    all(&*podman, &place).await;
    drop(podman);
    // An ended podman leaves half-pulled layers in its TMPDIR.
    let left: Vec<_> = std::fs::read_dir(place.home.path().join("tmp"))
        .expect("the temporary folder")
        .flatten()
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

/// Another name for the image, given by its user: seen beforehand by the digest, and kept.
async fn another_name_is_seen_and_kept(tool: &str, place: &Place) {
    let runtime = place.open(tool).await;
    let sandbox = sandbox(20, Duration::ZERO).await;
    let image = image(&sandbox, "library/nginx:1.27");
    assert_eq!(pull(&*runtime, &image).await.outcome, Outcome::Pulled);
    let mine = format!("{}/library/mine:1", sandbox.address());
    let variables = |program: harness::program::Program| {
        let wanted = [
            "DOCKER_HOST",
            "CONTAINERS_STORAGE_CONF",
            "CONTAINERS_CONF",
            "CONTAINERS_REGISTRIES_CONF",
        ];
        let set = wanted
            .into_iter()
            .filter_map(|name| Some((name, place.setup.environment.var(name)?.into())));
        program.envs(set).without("DOCKER_CONFIG")
    };
    variables(place.home.program(tool, ["tag", &image.to_string(), &mine])).run().expect_code(0);
    assert_eq!(
        runtime.clear(&image, &Outcome::Pulled).await.expect("a removal"),
        Removal::Removed,
        "{tool}"
    );
    let listed =
        variables(place.home.program(tool, ["images", "--format", "{{.Repository}}:{{.Tag}}"]))
            .run()
            .expect_code(0);
    assert_eq!(listed.stdout.trim(), mine, "{tool}");
    let held = runtime.present(&mine.parse().expect("a reference"), None).await.expect("a look");
    assert!(held.len() == 1 && held[0].image == mine, "{tool}: {held:?}");
    if tool == "podman" {
        let digest = digest_at(&sandbox).await;
        let held = runtime.present(&image, Some(&digest)).await.expect("a look");
        assert!(held.len() == 1 && held[0].image == mine, "{tool}: {held:?}");
    }
    let refused = runtime.remove(&image).await.expect("a removal");
    assert_eq!(refused, Removal::Absent, "{tool}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_name_of_the_image_is_kept_by_docker() {
    let Some(dockerd) = Dockerd::start() else { return };
    let place = Place::new(Home::new(), dockerd.environment());
    another_name_is_seen_and_kept("docker", &place).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_name_of_the_image_is_seen_and_kept_by_podman() {
    let home = Home::new();
    let Some(variables) = podman(&home) else { return };
    let place = Place::new(home, variables);
    another_name_is_seen_and_kept("podman", &place).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn podman_behind_its_service_is_asked_and_cleaned_as_well() {
    let home = Home::new();
    let Some(variables) = podman(&home) else { return };
    let socket = format!("unix://{}/podman.sock", home.path().display());
    let service = home
        .program("podman", ["system", "service", "--time", "0", &socket])
        .envs(variables.clone());
    let mut service = service.without("DOCKER_CONFIG").limit(Duration::from_secs(300)).start();
    let path = home.path().join("podman.sock");
    service.wait_until(Duration::from_secs(20), |_| path.exists().then_some(()));
    let mut place = Place::new(home, variables);
    place.setup.address = Some(socket);
    let runtime = place.open("podman").await;
    assert!(
        runtime.pull_limit() < Duration::from_secs(60),
        "its sleep on a 429 is not to be seen from here"
    );
    let sandbox = sandbox(5, Duration::ZERO).await;
    let image = image(&sandbox, "library/nginx:1.27");
    assert_eq!(runtime.present(&image, None).await.expect("a look"), []);
    assert_eq!(pull(&*runtime, &image).await.outcome, Outcome::Pulled);
    assert_eq!(remaining(&sandbox), Some(4));
    assert_eq!(runtime.clear(&image, &Outcome::Pulled).await.expect("a removal"), Removal::Removed);
}
