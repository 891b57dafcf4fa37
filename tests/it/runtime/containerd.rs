//! The tools on containerd: nerdctl, ctr and crictl.

use super::stall::Stall;
use super::*;
use crate::harness::real::Containerd;

/// A containerd, and a home whose tools find it.
pub(super) fn containerd(tool: &str) -> Option<(Containerd, Place)> {
    tools::require(tool)?;
    let containerd = Containerd::start()?;
    let place = Place::new(Home::new(), containerd.environment());
    Some((containerd, place))
}

async fn leaves_nothing(name: &str) {
    let Some((containerd, place)) = containerd(name) else { return };
    let runtime = place.open(name).await;
    all(&*runtime, &place).await;
    assert_eq!(containerd.images(), [""; 0], "{name}");
    assert_eq!(containerd.content(), [""; 0], "{name}");
}

#[tokio::test]
async fn nerdctl_pulls_to_the_429_and_leaves_nothing() {
    leaves_nothing("nerdctl").await;
}

#[tokio::test]
async fn ctr_pulls_to_the_429_and_leaves_nothing() {
    leaves_nothing("ctr").await;
}

#[tokio::test]
async fn crictl_pulls_to_the_429_and_leaves_nothing() {
    leaves_nothing("crictl").await;
}

#[tokio::test]
async fn a_killed_pull_of_nerdctl_or_ctr_does_not_make_the_next_one_free() {
    for name in ["nerdctl", "ctr"] {
        let Some((containerd, place)) = containerd(name) else { return };
        let runtime = place.open(name).await;
        let sandbox = sandbox(5, Duration::ZERO).await;
        let stall = Stall::before(sandbox.address()).await;
        let stalled: Reference =
            format!("{}/library/nginx:1.27", stall.authority()).parse().expect("a reference");
        let shutdown = CancellationToken::new();
        let (pulled, ()) = tokio::join!(runtime.pull(&stalled, LIMIT, &shutdown), async {
            stall.a_blob_was_asked_for().await;
            shutdown.cancel();
        });
        assert_eq!(pulled.outcome, Outcome::Interrupted, "{name}");
        assert_eq!(remaining(&sandbox), Some(4), "{name} had its manifests");
        assert_eq!(
            runtime.clear(&stalled, &pulled.outcome).await.expect("a removal"),
            Removal::Absent
        );
        assert_eq!(
            containerd.content(),
            [""; 0],
            "{name} left a lease: {:?}",
            containerd.ctr(["leases", "ls"])
        );
        assert_eq!(
            pull(&*runtime, &image(&sandbox, "library/nginx:1.27")).await.outcome,
            Outcome::Pulled
        );
        assert_eq!(
            remaining(&sandbox),
            Some(3),
            "{name}: the pull after an interrupted one was free"
        );
        place.is_quiet();
    }
}

#[tokio::test]
async fn what_an_interrupted_pull_of_another_left_is_seen_before_the_first_pull() {
    for name in ["nerdctl", "ctr"] {
        let Some((containerd, place)) = containerd(name) else { return };
        let runtime = place.open(name).await;
        let sandbox = sandbox(5, Duration::ZERO).await;
        let stall = Stall::before(sandbox.address()).await;
        let stalled = format!("{}/library/nginx:1.27", stall.authority());
        let other = place
            .home
            .program("ctr", ["images", "pull", "--plain-http", &stalled])
            .envs(containerd.environment())
            .start();
        stall.a_blob_was_asked_for().await;
        drop(other);
        let image = image(&sandbox, "library/nginx:1.27");
        let digest = digest_at(&sandbox).await;
        let found = runtime.present(&image, Some(&digest)).await.expect("a look");
        assert_eq!(found.len(), 1, "{name}: {found:?}");
        assert!(
            found[0].to_string().starts_with(&format!("{digest} in namespace default")),
            "{}",
            found[0]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_in_any_namespace_is_seen_by_name_and_by_digest_and_is_never_removed() {
    let Some((containerd, place)) = containerd("nerdctl") else { return };
    let sandbox = sandbox(20, Duration::ZERO).await;
    let image = image(&sandbox, "library/nginx:1.27");
    let (name, alias) = (image.to_string(), "docker.io/library/mine:1".to_owned());
    let digest = digest_at(&sandbox).await;
    containerd.ctr(["-n", "moby", "images", "pull", "--plain-http", &name]).expect_code(0);
    containerd.ctr(["-n", "moby", "images", "tag", &name, &alias]).expect_code(0);
    for tool in ["nerdctl", "ctr"] {
        let runtime = place.open(tool).await;
        let held: Vec<String> = runtime
            .present(&image, None)
            .await
            .expect("a look")
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(held, [format!("{name} in namespace moby")], "{tool}");
        let other = "docker.io/library/other:1".parse().expect("a reference");
        let mut held: Vec<String> = runtime
            .present(&other, Some(&digest))
            .await
            .expect("a look")
            .iter()
            .map(ToString::to_string)
            .collect();
        held.sort();
        assert_eq!(
            held,
            [format!("{name} in namespace moby"), format!("{alias} in namespace moby")],
            "{tool}"
        );
        // Even where somebody insists: the pull is free, and only our own name goes.
        let before = remaining(&sandbox);
        assert_eq!(pull(&*runtime, &image).await.outcome, Outcome::Pulled);
        assert_eq!(
            remaining(&sandbox),
            before,
            "{tool}: containerd shares content between namespaces"
        );
        assert_eq!(
            runtime.clear(&image, &Outcome::Pulled).await.expect("a removal"),
            Removal::Removed
        );
        assert_eq!(
            containerd.images(),
            [format!("moby {name}"), format!("moby {alias}")].map(|line| line),
            "{tool}"
        );
    }
    // The user's own name in the same namespace, on the same content, stays as well.
    let runtime = place.open("nerdctl").await;
    assert_eq!(pull(&*runtime, &image).await.outcome, Outcome::Pulled);
    containerd.ctr(["images", "tag", &name, &alias]).expect_code(0);
    assert_eq!(runtime.clear(&image, &Outcome::Pulled).await.expect("a removal"), Removal::Removed);
    assert!(containerd.images().contains(&format!("default {alias}")), "{:?}", containerd.images());
}

#[tokio::test(flavor = "multi_thread")]
async fn crictl_sees_what_another_namespace_holds_or_says_that_it_cannot_look() {
    let Some((containerd, place)) = containerd("crictl") else { return };
    let sandbox = sandbox(20, Duration::ZERO).await;
    let image = image(&sandbox, "library/nginx:1.27");
    let digest = digest_at(&sandbox).await;
    containerd
        .ctr(["-n", "moby", "images", "pull", "--plain-http", &image.to_string()])
        .expect_code(0);
    let held = format!("{image} in namespace moby");
    let crictl = place.open("crictl").await;
    assert_eq!(crictl.notes(), [""; 0]);
    let other = "docker.io/library/other:1".parse().expect("a reference");
    for (reference, digest) in [(&image, None), (&other, Some(digest.as_str()))] {
        let found: Vec<String> = crictl
            .present(reference, digest)
            .await
            .expect("a look")
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(found, [held.as_str()]);
    }
    place.home.script("ctr", "#!/bin/sh\nexit 1\n");
    let blind = place.open("crictl").await;
    assert!(
        matches!(blind.notes(), [note] if note.contains("only the CRI's own namespace")),
        "{:?}",
        blind.notes()
    );
    assert_eq!(blind.present(&image, Some(&digest)).await.expect("a look"), []);
}

#[tokio::test]
async fn crictl_refuses_to_remove_an_image_that_has_other_names() {
    let Some((containerd, place)) = containerd("crictl") else { return };
    let sandbox = sandbox(20, Duration::ZERO).await;
    let image = image(&sandbox, "library/nginx:1.27");
    let runtime = place.open("crictl").await;
    assert_eq!(pull(&*runtime, &image).await.outcome, Outcome::Pulled);
    let mine = format!("{}/library/mine:1", sandbox.address());
    containerd.ctr(["-n", "k8s.io", "images", "tag", &image.to_string(), &mine]).expect_code(0);
    // The plugin takes notice of a name made behind its back by an event.
    let seen = harness::wait_for(Duration::from_secs(10), || {
        let listed = place
            .home
            .program("crictl", ["images", "-o", "json"])
            .envs(containerd.environment())
            .run();
        listed.stdout.contains(&mine).then_some(())
    });
    assert!(seen.is_some());
    let error = runtime.remove(&image).await.expect_err("a refusal");
    assert!(
        matches!(&error, runtime::RuntimeError::Shared { others, .. } if *others == [mine.clone()]),
        "{error}"
    );
    assert!(error.advice().is_some_and(|advice| advice.contains("by hand")));
    let left = containerd.images();
    assert!(
        left.contains(&format!("k8s.io {mine}")) && left.contains(&format!("k8s.io {image}")),
        "{left:?}"
    );
    containerd.ctr(["-n", "k8s.io", "images", "rm", &mine]).expect_code(0);
    let gone = harness::wait_for(Duration::from_secs(10), || {
        let listed = place
            .home
            .program("crictl", ["images", "-o", "json"])
            .envs(containerd.environment())
            .run();
        (!listed.stdout.contains(&mine)).then_some(())
    });
    assert!(gone.is_some());
    assert_eq!(runtime.clear(&image, &Outcome::Pulled).await.expect("a removal"), Removal::Removed);
}

#[tokio::test]
async fn another_namespace_and_platform_are_used_where_asked_for() {
    for name in ["nerdctl", "ctr"] {
        let Some((containerd, mut place)) = containerd(name) else { return };
        place.setup.namespace = Some("stress".to_owned());
        place.setup.platform = Some("linux/arm64".to_owned());
        let runtime = place.open(name).await;
        let sandbox = sandbox(5, Duration::ZERO).await;
        let image = image(&sandbox, "library/nginx:1.27");
        assert_eq!(pull(&*runtime, &image).await.outcome, Outcome::Pulled, "{name}");
        assert_eq!(containerd.images(), [format!("stress {image}")], "{name}");
        assert_eq!(runtime.present(&image, None).await.expect("a look").len(), 1);
        assert_eq!(
            runtime.clear(&image, &Outcome::Pulled).await.expect("a removal"),
            Removal::Removed
        );
        assert_eq!(containerd.content(), [""; 0], "{name}");
    }
}
