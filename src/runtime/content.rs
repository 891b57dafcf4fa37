//! containerd's content behind an image tool's back, asked through `ctr` where that is here: what is
//! held by no image, and the lease that a killed pull leaves behind. Such a lease keeps manifests for
//! a day, and every pull of that image is free until then (seen with ctr and nerdctl on containerd
//! 1.6.20). Apart because nerdctl and ctr leave the same lease and nerdctl cannot take it away.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, TimeDelta, Utc};

use super::program::Program;
use super::{Presence, Pull, RuntimeError, Setup};
use crate::process::child::Bounds;

/// Where containerd listens unless it is told otherwise.
pub(super) const SOCKET: &str = "/run/containerd/containerd.sock";
/// The namespace of containerd's own tools, unless they are told otherwise.
const NAMESPACE: &str = "default";
/// How long a client may take before it has its lease. A pull that was ended sooner may not have one
/// yet, and then a lease of that moment is somebody else's.
const LEASED_BY: Duration = Duration::from_secs(1);
/// How long a pull goes on after shutdown is asked for. Most are over by then and leave no lease.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// A containerd, asked through ctr.
#[derive(Debug, Clone)]
pub(super) struct Content {
    ctr: Program,
    namespace: String,
}

impl Content {
    /// ctr on the socket that the other tools use; `None` where there is no such program or socket.
    pub(super) fn find(setup: &Setup) -> Option<Self> {
        let ctr = Program::find("ctr", &setup.environment).ok()?;
        let socket = socket(setup);
        std::fs::metadata(&socket).ok()?;
        Some(Self::of(at(ctr, &socket), setup))
    }

    /// The same through a ctr that knows its socket.
    pub(super) fn of(ctr: Program, setup: &Setup) -> Self {
        let namespace = setup
            .namespace
            .as_deref()
            .or(setup.environment.var("CONTAINERD_NAMESPACE"))
            .unwrap_or(NAMESPACE);
        Self { ctr, namespace: namespace.to_owned() }
    }

    /// Whether a containerd is there and answers.
    pub(super) async fn is_answered(&self) -> bool {
        self.ctr.try_ask(&["version"]).await.is_ok_and(|finished| finished.succeeded())
    }

    /// What any namespace holds under that name, or of that digest under any other name or none: containerd
    /// shares content between namespaces.
    pub(super) async fn present(
        &self,
        wanted: &str,
        digest: Option<&str>,
    ) -> Result<Vec<Presence>, RuntimeError> {
        let mut found = Vec::new();
        for namespace in self.ctr.ask(&["namespaces", "ls", "-q"]).await?.split_whitespace() {
            let place = format!("namespace {namespace}");
            let images = self.ctr.ask(&[&option(namespace), "images", "ls"]).await?;
            let before = found.len();
            let same =
                listed(&images).filter(|(name, held)| *name == wanted || digest == Some(*held));
            found.extend(
                same.map(|(name, _)| Presence { image: name.to_owned(), place: place.clone() }),
            );
            found.extend(self.unnamed(namespace, digest.filter(|_| found.len() == before)).await?);
        }
        Ok(found)
    }

    /// Content of that digest that a namespace holds under no image's name; none for no digest.
    pub(super) async fn unnamed(
        &self,
        namespace: &str,
        digest: Option<&str>,
    ) -> Result<Option<Presence>, RuntimeError> {
        let Some(digest) = digest else { return Ok(None) };
        let held =
            self.ctr.try_ask(&[&option(namespace), "content", "get", digest]).await?.succeeded();
        let place = || {
            format!(
                "namespace {namespace}, held by no image but perhaps by a lease of an interrupted pull"
            )
        };
        Ok(held.then(|| Presence { image: digest.to_owned(), place: place() }))
    }

    /// Takes away the lease of a pull that was cut short, where it can be told from all others: it is
    /// the only one made since the pull began. What fails here leaves what was there before.
    pub(super) async fn release(&self, pull: &Pull, began: SystemTime) {
        if !pull.outcome.is_cut_short() || pull.elapsed < LEASED_BY {
            return;
        }
        let Ok(list) = self.ctr.ask(&[&option(&self.namespace), "leases", "ls"]).await else {
            return;
        };
        let Some(lease) = ours(&list, began.into()) else { return };
        let removed =
            self.ctr.try_remove(&[&option(&self.namespace), "leases", "rm", "--sync", lease]).await;
        tracing::debug!(
            lease,
            ok = removed.is_ok_and(|removed| removed.succeeded()),
            "lease of the interrupted pull"
        );
    }
}

/// Bounds that let most pulls finish after shutdown instead of leaving a lease.
pub(super) fn patient(bounds: Bounds<'_>) -> Bounds<'_> {
    bounds.patient(PATIENCE)
}

/// ctr's option for a namespace, one word.
pub(super) fn option(namespace: &str) -> String {
    format!("--namespace={namespace}")
}

/// ctr on a socket; it gives up on one that nobody answers.
pub(super) fn at(ctr: Program, socket: &Path) -> Program {
    ctr.with(["--connect-timeout", "5s", "--address", &socket.to_string_lossy()])
}

/// The socket as an absolute path (ctr from 1.7 on insists), whether a path or a `unix://` URL was given.
pub(super) fn socket(setup: &Setup) -> PathBuf {
    let given =
        setup.address.as_deref().or(setup.environment.var("CONTAINERD_ADDRESS")).unwrap_or(SOCKET);
    let path = Path::new(given.strip_prefix("unix://").unwrap_or(given));
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Name and digest of each line of `ctr images ls`.
fn listed(table: &str) -> impl Iterator<Item = (&str, &str)> {
    table.lines().skip(1).filter_map(|line| {
        let mut columns = line.split_whitespace();
        Some((columns.next()?, columns.nth(1)?))
    })
}

/// The one lease of `ctr leases ls` that was made since `began` to last a day, as clients make them
/// for a pull. Its time is in whole seconds.
fn ours(list: &str, began: DateTime<Utc>) -> Option<&str> {
    let second = TimeDelta::seconds(1);
    let mut young = list.lines().skip(1).filter_map(|line| {
        let mut columns = line.split_whitespace();
        let (id, made) = (columns.next()?, columns.next()?.parse::<DateTime<Utc>>().ok()?);
        let expires = columns
            .next()?
            .split(',')
            .find_map(|label| label.strip_prefix("containerd.io/gc.expire="))?
            .parse::<DateTime<Utc>>()
            .ok()?;
        let lasts_a_day = (expires - made - TimeDelta::days(1)).abs() <= second;
        (lasts_a_day && made > began - second).then_some(id)
    });
    let lease = young.next()?;
    young.next().is_none().then_some(lease)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_single_young_lease_of_a_day_is_taken_for_ours() {
        let began = "2026-11-22T16:24:22.400Z".parse().unwrap();
        let head = "ID CREATED AT LABELS \n";
        let old = "old-1  2026-11-22T16:24:20Z containerd.io/gc.expire=2026-11-23T16:24:20Z \n";
        let young =
            "554557373-jh4B 2026-11-22T16:24:22Z containerd.io/gc.expire=2026-11-23T16:24:22Z \n";
        let other = "other-2 2026-11-22T16:24:25Z containerd.io/gc.expire=2026-11-23T16:24:25Z \n";
        let hour = "hour-3 2026-11-22T16:24:25Z containerd.io/gc.expire=2026-11-22T17:24:25Z \n";
        let plain = "plain-4 2026-11-22T16:24:25Z - \n";
        let of =
            |lines: &[&str]| ours(&format!("{head}{}", lines.concat()), began).map(str::to_owned);
        assert_eq!(of(&[old, young, hour, plain]).as_deref(), Some("554557373-jh4B"));
        assert_eq!(of(&[young, other]), None, "two could be ours");
        assert_eq!(of(&[old, hour, plain]), None);
        assert_eq!(of(&["", "garbage", "\u{1b}[31m x y"]), None);
    }

    #[test]
    fn the_socket_is_an_absolute_path() {
        let given = |address: &str| {
            socket(&Setup { address: Some(address.to_owned()), ..Setup::default() })
        };
        assert_eq!(given("unix:///run/x.sock"), Path::new("/run/x.sock"));
        assert!(given("x.sock").is_absolute());
        let variable = Setup {
            environment: [("CONTAINERD_ADDRESS", "/run/y.sock")].into_iter().collect(),
            ..Setup::default()
        };
        assert_eq!(socket(&variable), Path::new("/run/y.sock"));
    }

    #[test]
    fn a_table_of_images_gives_names_and_digests() {
        let table = "REF TYPE DIGEST SIZE PLATFORMS LABELS\nhost/a:1 application/x sha256:aa 1.4 KiB linux/amd64,linux/arm64 -\nbroken\n";
        assert_eq!(listed(table).collect::<Vec<_>>(), [("host/a:1", "sha256:aa")]);
    }
}
