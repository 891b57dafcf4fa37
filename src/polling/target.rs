//! What is read: every image as every identity over every family, and how often each may be asked.

use std::sync::Arc;

use super::policy::RatePolicy;
use crate::image::{Reference, is_loopback};
use crate::registry::{Client, Principal};
use crate::session::Session;

/// One image as one identity over one family.
pub(crate) struct Target {
    /// Whom to ask.
    pub(crate) client: Arc<Client>,
    /// What to ask for.
    pub(crate) image: Reference,
    /// As whom.
    pub(crate) who: Principal,
}

/// The targets of an image, each with what its registry may be asked; `forced` as `--force-interval`.
///
/// # Errors
/// The registry's address makes no client.
pub(crate) fn targets(
    session: &Session,
    image: &Reference,
    mut found: Vec<Principal>,
    forced: bool,
) -> Result<Vec<(Target, RatePolicy)>, crate::Failure> {
    // The identity that pulls from here counts against comes first, and is the one selected.
    found.sort_by_key(|who| !who.effective);
    let mut targets = Vec::new();
    for who in found {
        for family in session.families() {
            let client = session.client(image, *family)?;
            let policy = RatePolicy::of(
                image.canonical_registry(),
                &format!("{} {family:?}", who.identity),
                image.is_docker_hub(),
                // What is asked on loopback troubles nobody else.
                client.endpoint().base.host_str().is_some_and(is_loopback),
                forced,
            );
            targets.push((Target { client, image: image.clone(), who: who.clone() }, policy));
        }
    }
    Ok(targets)
}
