//! What `plan` ends in, as JSON shows it (schema `dhlimit/plan/1`).

use serde::{Serialize, Serializer};

use super::{Assumption, Ci, Proof, Range, SECOND, Solved, Tick, Timeline};
use crate::quota::Law;

/// Requests for manifests of a pull: HEAD, the index, the platform's manifest.
pub const REQUESTS_A_PULL: u64 = 3;
/// From so many requests a minute on, the overall limit of an address is to be expected: Docker's
/// documentation says thousands a minute, and no number.
pub const OVERALL_LIMIT: u64 = 2_000;

/// A time or span that JSON shows in seconds: whole ones as whole numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Seconds(u128);

impl Seconds {
    /// Whole seconds, rounded up.
    pub fn whole(self) -> u64 {
        u64::try_from(self.0.div_ceil(u128::from(SECOND))).unwrap_or(u64::MAX)
    }

    /// Whole milliseconds, rounded down.
    pub fn millis(self) -> u64 {
        u64::try_from(self.0 / u128::from(SECOND / 1_000)).unwrap_or(u64::MAX)
    }

    /// The same in ticks.
    pub(super) fn ticks(self) -> Tick {
        Tick::try_from(self.0).unwrap_or(Tick::MAX)
    }
}

impl From<Tick> for Seconds {
    fn from(ticks: Tick) -> Self {
        Self(u128::from(ticks))
    }
}

impl From<u128> for Seconds {
    fn from(ticks: u128) -> Self {
        Self(ticks)
    }
}

impl Serialize for Seconds {
    #[expect(clippy::cast_precision_loss, reason = "JSON's numbers are what they are")]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let second = u128::from(SECOND);
        match u64::try_from(self.0 / second) {
            Ok(whole) if self.0.is_multiple_of(second) => serializer.serialize_u64(whole),
            _ => serializer.serialize_f64(self.0 as f64 / 1e9),
        }
    }
}

/// A rollout, and how it goes by each strategy.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    /// `dhlimit/plan/1`.
    pub schema: &'static str,
    /// How many nodes there are.
    pub nodes: u32,
    /// How many of them have all images from the start.
    #[serde(skip_serializing_if = "is_zero")]
    pub warm: u32,
    /// The CI whose jobs the nodes are; only where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ci: Option<Ci>,
    /// How many images there are; each node pulls all of them, but with `--by-replicas`.
    pub images: u32,
    /// How many pulls of images all nodes need together.
    #[serde(skip)]
    pub needed: u64,
    /// How many pulls of the limit an image costs.
    pub cost: u32,
    /// How long an accepted pull takes.
    pub pull_time_seconds: Seconds,
    /// When the nodes arrive, as `--arrival` takes it.
    pub arrival: String,
    /// How a count recovers.
    pub law: Laws,
    /// One for each strategy, in the order they were asked for.
    pub strategies: Vec<Outcome>,
    /// Where limits that were not given are from.
    pub policy: PolicyRecord,
    /// What to do.
    pub advice: String,
    /// The strategy that asks for least to be set up of those by which nothing is refused and all run,
    /// of those asked for; null where none is one.
    pub cheapest: Option<String>,
    /// The last moment that was looked at.
    pub horizon_seconds: Seconds,
    /// What the numbers stand on.
    pub assumptions: Vec<Assumption>,
    /// Where all laws were asked for: from the best to the worst of them. `strategies` are the worst then.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ranges: Vec<Range>,
    /// What was to be found: the largest or, of the interval, the shortest that meets no refusal.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub solved: Vec<Solved>,
    /// Where it was replayed against a registry: what came of it, one for each strategy.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub proof: Vec<Proof>,
}

/// How the rollout goes by one strategy.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// The strategy, as `--strategy` takes it.
    pub name: String,
    /// The law that it is worst by; only where all laws were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub law: Option<&'static str>,
    /// Pulls in a window for each identity; null where nothing is counted.
    pub limit: Option<u32>,
    /// The window's seconds; null where nothing is counted.
    pub window_seconds: Option<u64>,
    /// Whether nothing was refused.
    pub fits: bool,
    /// Pulls that were counted, over all identities.
    pub pulls: u64,
    /// Asks that were refused.
    pub refused: u64,
    /// When an ask was refused first; null where none was.
    pub first_refused_at_seconds: Option<Seconds>,
    /// When the last node had its last image; null where the horizon came first.
    pub done_at_seconds: Option<Seconds>,
    /// Nodes that had all images by the horizon.
    pub nodes_done: u64,
    /// Over the nodes that are done: from arrival to done, less the time of the pulls themselves.
    pub waited_node_seconds: Seconds,
    /// Nodes that had their images later than their pulls take, or not by the horizon.
    pub nodes_waited: u64,
    /// The longest of these waits, over the nodes that are done.
    pub longest_wait_seconds: Seconds,
    /// The pulls that must be left of each identity at the start for nothing to be refused, as `gate
    /// --need` takes them; null where even a full count does not do, and where nothing is counted.
    pub gate_need: Option<u64>,
    /// Requests for manifests in the busiest minute behind one address, of the pulls that are let through:
    /// what the overall limit of an address counts, refusals and layers not included.
    pub busiest_minute_requests: u64,
    /// A time limit that is long enough (Helm's `--timeout`, that of a CI job): whole minutes after all
    /// run; null where they do not by the horizon.
    pub timeout_seconds: Option<u64>,
    /// Asks that the nodes' own kubelets kept back; only with `--kubelet-qps`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub throttled: Option<u64>,
    /// When how many pulls were counted: an entry for each instant, in order. Their sum is `pulls`.
    pub used: Vec<(Seconds, u64)>,
    /// When how many nodes began to run, in order.
    #[serde(skip)]
    pub(super) running: Vec<(Tick, u64)>,
    /// Pulls left and nodes that wait over time, for a chart.
    #[serde(skip)]
    pub timeline: Timeline,
}

/// Where limits are from.
#[derive(Debug, Clone, Serialize)]
pub struct PolicyRecord {
    /// Its name, as `--policy` takes it.
    pub name: &'static str,
    /// The first day on which it was seen.
    pub date: &'static str,
    /// Who said so.
    pub source: &'static str,
}

/// The name of a law, as `--law` takes it.
pub const fn law_name(law: Law) -> &'static str {
    match law {
        Law::Sliding => "sliding",
        Law::Fixed => "fixed",
        Law::Bucket => "bucket",
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's form")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// The law that a plan stands on, or all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Laws {
    /// One.
    One(Law),
    /// Each of the three.
    All,
}

impl Laws {
    /// Its name, as `--law` takes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::One(law) => law_name(law),
            Self::All => "all",
        }
    }
}

impl Serialize for Laws {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
