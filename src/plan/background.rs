//! What others pull, from the readings of a recording: what a count fell by between two of them was pulled
//! by the time of the later one. Counts are told true from false by `history`'s rule. Of several
//! series of a kind, addresses or accounts, the one with the most pulls is taken.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::Background;
use crate::exit::{Exit, Failure};
use crate::history::Counts;
use crate::quota::{IdentityKind, Point, Record, Window};
use crate::recording::{Line, Reader};

/// The shortest recording, so that it can begin anew.
const SHORTEST: Duration = Duration::from_secs(1);
/// The most series that are told apart.
const MOST_SERIES: usize = 512;

/// Readings of a recording so far.
#[derive(Debug, Default)]
pub struct Recorded {
    series: BTreeMap<(bool, String), Seen>,
}

/// What others pull, from a recording on disk.
///
/// # Errors
/// Where it cannot be read or says nothing of it.
pub(crate) fn recorded(path: &Path) -> Result<Vec<Background>, Failure> {
    let failure = |error: anyhow::Error| {
        Failure::new(Exit::Usage, error.context(format!("--background {}", path.display())))
            .advise("give a file that `dhlimit watch --record FILE` wrote")
    };
    let mut recorded = Recorded::default();
    for line in Reader::open(path).map_err(|error| failure(error.into()))? {
        if let Line::Sample(sample) = line.map_err(|error| failure(error.into()))? {
            recorded.push(sample.at, &sample.record);
        }
    }
    let background = recorded.finish(&format!("the recording {}", path.display()));
    if background.is_empty() {
        return Err(failure(anyhow::anyhow!("it holds no count of pulls")));
    }
    Ok(background)
}

/// Whether a reading is of an account's count: by what the registry says it counted, else by who asked.
pub(super) fn is_on_account(record: &Record) -> bool {
    let asked = record.identity.kind == IdentityKind::Account;
    record.source_kind.map_or(asked, |kind| !kind.is_address())
}

/// One identity's readings.
#[derive(Debug)]
struct Seen {
    counts: Counts,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    pulls: Vec<(Duration, u64)>,
}

impl Recorded {
    /// Takes in the reading of a time. Readings without a count say nothing.
    pub fn push(&mut self, at: DateTime<Utc>, record: &Record) {
        let Some(remaining) = record.remaining else { return };
        let is_account = is_on_account(record);
        let name = record.source.clone().unwrap_or_default();
        if self.series.len() >= MOST_SERIES
            && !self.series.contains_key(&(is_account, name.clone()))
        {
            return;
        }
        let window = record.window_seconds.and_then(Window::from_seconds);
        let seen = self.series.entry((is_account, name)).or_insert_with(|| Seen::new(at));
        seen.push(Point { at, remaining }, record.limit, window);
    }

    /// What others pull on addresses and on accounts, where there is a recording of it.
    pub fn finish(self, source: &str) -> Vec<Background> {
        let mut kinds: BTreeMap<bool, Seen> = BTreeMap::new();
        for ((is_account, _), seen) in self.series {
            match kinds.get(&is_account) {
                Some(other) if other.sum() >= seen.sum() => {}
                _ => drop(kinds.insert(is_account, seen)),
            }
        }
        let background = |(is_account, seen): (bool, Seen)| Background {
            is_account,
            period: (seen.to - seen.from).to_std().unwrap_or_default().max(SHORTEST),
            pulls: seen.pulls,
            source: source.to_owned(),
        };
        kinds.into_iter().map(background).collect()
    }
}

impl Seen {
    fn new(at: DateTime<Utc>) -> Self {
        Self { counts: Counts::default(), from: at, to: at, pulls: Vec::new() }
    }

    fn sum(&self) -> u64 {
        self.pulls.iter().fold(0, |sum, (_, pulls)| sum.saturating_add(*pulls))
    }

    fn push(&mut self, point: Point, limit: Option<u64>, window: Option<Window>) {
        self.to = self.to.max(point.at);
        for believed in self.counts.push(point, false, limit, window).believed {
            let pulls = believed.used();
            if pulls > 0 {
                let at = (believed.point.at - self.from).to_std().unwrap_or_default();
                // A clock that stepped back: what is later in the recording is not earlier.
                let at = self.pulls.last().map_or(at, |(last, _)| at.max(*last));
                self.pulls.push((at, pulls));
            }
        }
    }
}
