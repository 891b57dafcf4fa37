//! The readings: every identity, image and address family asked at once, in their order.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::image::Reference;
use crate::quota::{FaultKind, Reading};
use crate::registry::Principal;
use crate::session::{Session, SessionError};

/// The most readings under way at once.
const AT_ONCE: usize = 32;

/// All readings by `deadline`, in the order of images, identities and families.
pub(crate) async fn readings(
    session: &Arc<Session>,
    deadline: Instant,
    asked: &[(Reference, Vec<Principal>)],
) -> Result<Vec<Reading>, SessionError> {
    let gate = Arc::new(Semaphore::new(AT_ONCE));
    let mut tasks = JoinSet::new();
    let families = session.families();
    let all = asked.iter().flat_map(|(image, principals)| {
        principals
            .iter()
            .flat_map(move |who| families.iter().map(move |family| (image, who, *family)))
    });
    for (at, (image, who, family)) in all.enumerate() {
        let client = session.client(image, family)?;
        let (session, image, who, gate) =
            (session.clone(), image.clone(), who.clone(), gate.clone());
        tasks.spawn(async move {
            let _turn = gate.acquire_owned().await;
            (at, session.read_by(deadline, &client, &image, &who).await)
        });
    }
    let mut readings = tasks.join_all().await;
    readings.sort_by_key(|(at, _)| *at);
    let mut readings: Vec<Reading> = readings.into_iter().map(|(_, reading)| reading).collect();
    if families.len() > 1 {
        spare_missing_families(&mut readings);
    }
    Ok(readings)
}

/// Where one family gave a reading and the other is not there, the missing one decides nothing.
fn spare_missing_families(readings: &mut [Reading]) {
    let answered: Vec<bool> =
        readings.iter().map(|reading| reading.http_status.is_some()).collect();
    let spared: Vec<usize> = (0..readings.len())
        .filter(|at| {
            let pair = at ^ 1;
            let unreached = readings
                .get(*at)
                .and_then(Reading::fault)
                .is_some_and(|fault| matches!(fault.kind, FaultKind::Network | FaultKind::Timeout));
            unreached && answered.get(pair).copied().unwrap_or(false)
        })
        .collect();
    for at in spared {
        if let Some(reading) = readings.get_mut(at).filter(|reading| reading.effective) {
            reading.effective = false;
            reading.warnings.push(
                "not reached over this address family, so no pull is counted there".to_owned(),
            );
        }
    }
}
