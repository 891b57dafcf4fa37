//! The tools on containerd: nerdctl, ctr and crictl, and the fronts of nerdctl.

use super::*;
use crate::harness::real::Containerd;

/// A containerd, and a home whose tools find it.
fn containerd(tool: &str) -> Option<(Containerd, Place)> {
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
