//! How often a host may be asked as somebody. Requests that one host counts on one source keep a distance
//! that it can live with. Apart from the schedule, which only needs that distance.

use std::time::Duration;

/// Docker Hub is asked no more often than this, unless forced.
pub(super) const HUB_LEAST: Duration = Duration::from_secs(10);
/// Other registries, and Docker Hub if forced: whoever asks faster trips the limits of others.
pub(super) const FAR_LEAST: Duration = Duration::from_secs(1);

/// Who is asked, and how often that may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RatePolicy {
    /// The host by its one name: `docker.io` for all of Docker Hub's.
    pub(crate) host: String,
    /// Whom it counts: the source that it named, until then the identity that is shown to it. Requests to
    /// one host that are counted on one source keep their distance.
    pub(crate) source: String,
    /// The least time between two such requests.
    pub(crate) least: Duration,
    /// On loopback.
    pub(crate) near: bool,
}

impl RatePolicy {
    /// The policy for a host, as somebody. `force` lowers the bound of Docker Hub to that of the
    /// others; only loopback has none.
    pub(crate) fn of(host: &str, source: &str, hub: bool, near: bool, force: bool) -> Self {
        let least = match (near, hub && !force) {
            (true, _) => Duration::ZERO,
            (false, true) => HUB_LEAST,
            (false, false) => FAR_LEAST,
        };
        Self { host: host.to_owned(), source: source.to_owned(), least, near }
    }
}

/// In words, where registries are not asked as often as somebody wants.
pub(crate) fn slowed(policies: &[RatePolicy], asked: Duration) -> Option<String> {
    let least = policies.iter().map(|policy| policy.least).max().filter(|least| asked < *least)?;
    let (who, lowered) = if least == HUB_LEAST {
        ("Docker Hub", "; --force-interval lowers that to 1 s")
    } else {
        ("a registry that is not on this machine", "")
    };
    Some(format!("{who} is asked every {} s at the most{lowered}", least.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn an_interval_that_is_not_kept_is_said() {
        let said = |near, force, asked| {
            slowed(&[RatePolicy::of("docker.io", "a", true, near, force)], s(asked))
        };
        assert_eq!(
            said(false, false, 9).as_deref(),
            Some("Docker Hub is asked every 10 s at the most; --force-interval lowers that to 1 s")
        );
        assert_eq!(
            said(false, true, 0).as_deref(),
            Some("a registry that is not on this machine is asked every 1 s at the most")
        );
        for (near, force, asked) in [(true, false, 0), (false, false, 10), (false, true, 1)] {
            assert_eq!(said(near, force, asked), None);
        }
    }
}
