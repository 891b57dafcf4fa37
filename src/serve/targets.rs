//! Targets by their places: what a recording says of them, and what of them goes on over a reload.

use std::collections::BTreeMap;
use std::path::Path;

use super::Status;
use crate::history::Series;
use crate::polling::target::Target;
use crate::quota::IdentityRecord;
use crate::recording::{Line, Reader, RecordingError};

/// What a recording that is gone on with says of the targets; nothing where there is none yet.
///
/// # Errors
/// It cannot be read, or is no recording.
pub(crate) fn remember(
    status: &mut Status,
    targets: &[Target],
    path: &Path,
) -> Result<(), RecordingError> {
    if !path.exists() {
        return Ok(());
    }
    for line in Reader::open(path)? {
        let Line::Sample(sample) = line? else { continue };
        let place = targets.iter().position(|target| {
            target.image.to_string() == sample.record.image
                && IdentityRecord::from(&target.who.identity).label()
                    == sample.record.identity.label()
        });
        if let Some(index) = place {
            status.remember(index, &sample);
        }
    }
    Ok(())
}

/// What is known of targets before the first reading.
pub(crate) fn unseen(targets: usize) -> Vec<Series> {
    (0..targets).map(|_| Series::new(None)).collect()
}

/// Where targets that were there before are now.
pub(crate) fn renumbered(before: &[Target], now: &[Target]) -> BTreeMap<usize, usize> {
    let same = |one: &Target, other: &Target| {
        one.image == other.image
            && one.client.family() == other.client.family()
            && IdentityRecord::from(&one.who.identity).label()
                == IdentityRecord::from(&other.who.identity).label()
    };
    let place = |(number, target): (usize, &Target)| {
        Some((number, now.iter().position(|other| same(target, other))?))
    };
    before.iter().enumerate().filter_map(place).collect()
}

/// What is known of targets that stay, at their places now, so that forecasts go on.
pub(crate) fn carried(
    before: Vec<Series>,
    places: &BTreeMap<usize, usize>,
    targets: usize,
) -> Vec<Series> {
    let mut now = unseen(targets);
    for (number, series) in before.into_iter().enumerate() {
        if let Some(place) = places.get(&number).and_then(|place| now.get_mut(*place)) {
            *place = series;
        }
    }
    now
}
