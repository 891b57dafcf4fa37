//! What may be asked of a run: one identity, one family, and no hurry off loopback.

use std::time::Duration;

use super::refuse_hosts_dir;
use crate::cli::{Family, Stress};
use crate::exit::Failure;
use crate::image::{Reference, is_loopback};
use crate::registry::Client;
use crate::settings::Origin;

/// The shortest interval off loopback.
const INTERVAL_MIN: Duration = Duration::from_secs(1);
/// The interval off loopback where none is named.
const INTERVAL: Duration = Duration::from_secs(2);
/// The interval of the tour: as fast as an eye can follow a falling count.
const TOUR: Duration = Duration::from_millis(20);

/// A run is one identity's over one family, so that what asks as several is no option of it.
pub(crate) fn refuse(args: &Stress, hosts_dir: &Origin) -> Result<(), Failure> {
    if args.parallel > 1 && args.runtime != "builtin" {
        return Err(Failure::usage(format!(
            "--parallel is for the builtin runtime; {} pulls one at a time",
            args.runtime
        )));
    }
    if args.asking.all_identities {
        return Err(Failure::usage("--all-identities is not for stress: every pull is counted on one identity")
            .advise("name one with --anonymous or --user NAME; `dhlimit check --all-identities` reads them all"));
    }
    if args.asking.family == Family::Both {
        return Err(Failure::usage(
            "--family both is not for stress: every pull is counted on one address",
        )
        .advise("name --family ipv4 or --family ipv6; `dhlimit check --family both` reads both"));
    }
    refuse_hosts_dir(args, hosts_dir)
}

/// Whether all that will be asked is on loopback. A real runtime goes where the reference says.
pub(crate) fn reached_on_loopback(args: &Stress, image: &Reference, client: &Client) -> bool {
    if args.runtime != "builtin" {
        return image.is_loopback();
    }
    client.endpoint().base.host_str().is_some_and(is_loopback)
}

/// The interval between rounds; a short one is for loopback alone.
pub(crate) fn interval(args: &Stress, loopback: bool) -> Result<Duration, Failure> {
    match args.interval {
        Some(interval) if !loopback && interval < INTERVAL_MIN => {
            Err(Failure::usage("an interval below 1s is for registries on loopback only")
                .advise("try it on --sandbox first, or name at least --interval 1s"))
        }
        Some(interval) => Ok(interval),
        None if !loopback => Ok(INTERVAL),
        None if args.asking.sandbox.is_some() && args.runtime == "builtin" => Ok(TOUR),
        None => Ok(Duration::ZERO),
    }
}
