//! What a plan is asked: the rollout of the exact model, and what may be asked beyond it. Checked here,
//! so that the simulations meet nothing that makes no sense.

use std::time::Duration;

use super::every_ask::Kubelet;
use super::solve::{Ci, Solve};
use super::{LONGEST, MOST_ASKS, MOST_IMAGES, MOST_NODES, MOST_TIME, Strategy, Tick, ticks};
use crate::image::Pods;
use crate::quota::{Arrival, Law, Policy, Window};

/// What is to be planned.
#[derive(Debug, Clone)]
pub struct Request {
    /// Nodes: 1 to [`MOST_NODES`].
    pub nodes: u32,
    /// Images of each node: 1 to [`MOST_IMAGES`].
    pub images: u32,
    /// What a pull of an image costs of the limit: at least 1.
    pub cost: u32,
    /// How long an accepted pull takes.
    pub pull_time: Duration,
    /// When the nodes arrive.
    pub arrival: Arrival,
    /// The strategies that were asked for; none for all of them.
    pub strategies: Vec<Strategy>,
    /// How a count recovers.
    pub law: Law,
    /// The limit of every identity, instead of the policy's.
    pub limit: Option<u32>,
    /// The window, instead of the policy's.
    pub window: Option<Window>,
    /// Where limits that are not given are from.
    pub policy: &'static Policy,
    /// The last moment at which anything happens, instead of ten windows.
    pub horizon: Option<Duration>,
    /// What is asked beyond the exact model; the default is nothing.
    pub beyond: Beyond,
}

/// What is asked beyond the exact model, each off by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Beyond {
    /// What a reading found left.
    pub left: Vec<Left>,
    /// What others pull.
    pub background: Vec<Background>,
    /// How the kubelet keeps back pulls.
    pub kubelet: Option<Kubelet>,
    /// How many images of a node are under way at once, each with a back-off of its own; 0 and 1: one.
    pub parallel: u32,
    /// Nodes that have all images already and are there from the start: fewer than all.
    pub warm: u32,
    /// The pods whose images the nodes pull, by their places among the images; none: every node pulls all.
    pub pods: Vec<Pods>,
    /// The CI whose runners the nodes are: `nodes` and `arrival` are those of its rollout.
    pub ci: Option<Ci>,
    /// What is to be found beside.
    pub solve: Option<Solve>,
}

/// What an identity has left, as a registry said. Whatever is used of it is taken to be used just now,
/// the latest time for it to come back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// Whether it is an account, and not an address.
    pub is_account: bool,
    /// Limit, pulls left of it and window; `None` where the registry counts nothing.
    pub count: Option<(u32, u32, Window)>,
    /// Who was asked as whom and when, in words.
    pub source: String,
}

/// What others pull on the same identity, as a recording has it: it begins anew when it is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Background {
    /// Whether they pull on an account, and not on an address.
    pub is_account: bool,
    /// How long after the start how many pulls, oldest first.
    pub pulls: Vec<(Duration, u64)>,
    /// How long the recording is.
    pub period: Duration,
    /// Where it is from, in words.
    pub source: String,
}

/// What cannot be planned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Nodes out of range.
    #[error("--nodes {0}: a plan is for 1 to {MOST_NODES} nodes")]
    Nodes(u32),
    /// Images out of range.
    #[error("{0} images: a plan is for 1 to {MOST_IMAGES} images a node")]
    Images(u32),
    /// A pull that costs nothing.
    #[error("--cost 0: a pull costs at least 1")]
    Free,
    /// A pull that can never be accepted.
    #[error(
        "--cost {cost}: {strategy} allows {limit} pulls in a window, so no such pull is ever accepted"
    )]
    Cost {
        /// What a pull costs.
        cost: u32,
        /// What is allowed.
        limit: u32,
        /// By which strategy.
        strategy: Strategy,
    },
    /// A horizon at the start.
    #[error("--horizon 0s: nothing can happen before it")]
    Horizon,
    /// A time too long to count.
    #[error("{0}: longer than a century")]
    Long(&'static str),
    /// A policy without a window.
    #[error("the policy {0} has no window: give one with --window")]
    Window(&'static str),
    /// All nodes have their images.
    #[error("--warm {warm} of {nodes} nodes: at least one node must pull")]
    Warm {
        /// Nodes that pull nothing.
        warm: u32,
        /// All nodes.
        nodes: u32,
    },
    /// Too much to look at each ask.
    #[error(
        "up to {0} pulls to look at: with --parallel, --kubelet-qps, --by-replicas or --background it is one by one, at most {MOST_ASKS}; plan for fewer nodes or give an earlier --horizon"
    )]
    Asks(u64),
    /// A search that has nothing to vary.
    #[error("--solve {what}: {why}")]
    Solve {
        /// What was to be found.
        what: &'static str,
        /// What is missing.
        why: &'static str,
    },
    /// A replay that is too long, or that no sandbox can make.
    #[error("--prove: {0}")]
    Prove(String),
}

impl Request {
    /// Nodes that pull.
    pub(super) fn cold(&self) -> u32 {
        self.nodes.saturating_sub(self.beyond.warm)
    }

    /// Whether each ask has to be looked at.
    pub(super) fn is_by_ask(&self) -> bool {
        let Beyond { background, kubelet, parallel, pods, .. } = &self.beyond;
        !(background.is_empty() && pods.is_empty()) || kubelet.is_some() || *parallel > 1
    }

    pub(super) fn check(&self, window: Window, horizon: Duration) -> Result<(), PlanError> {
        if !(1..=MOST_NODES).contains(&self.nodes) {
            return Err(PlanError::Nodes(self.nodes));
        }
        if !(1..=MOST_IMAGES).contains(&self.images) {
            return Err(PlanError::Images(self.images));
        }
        if self.cost == 0 {
            return Err(PlanError::Free);
        }
        if horizon.is_zero() {
            return Err(PlanError::Horizon);
        }
        if self.beyond.warm >= self.nodes {
            return Err(PlanError::Warm { warm: self.beyond.warm, nodes: self.nodes });
        }
        let every = match self.arrival {
            Arrival::AtOnce => Duration::ZERO,
            Arrival::Rolling { every, .. } => every,
        };
        let times = [
            ("--pull-time", self.pull_time),
            ("--window", window.duration()),
            ("--arrival", every),
            ("--horizon", horizon),
        ];
        if let Some((option, _)) = times.into_iter().find(|(_, time)| *time > MOST_TIME) {
            return Err(PlanError::Long(option));
        }
        let asks = self.asks(ticks(horizon));
        if self.is_by_ask() && asks > MOST_ASKS { Err(PlanError::Asks(asks)) } else { Ok(()) }
    }

    /// The most asks that there can be.
    fn asks(&self, horizon: Tick) -> u64 {
        let (images, places) =
            (u64::from(self.images), u64::from(self.beyond.parallel.clamp(1, self.images)));
        let refused = places.saturating_mul(horizon / LONGEST + 1).saturating_add(6 * images);
        let others = self.beyond.background.iter().map(|one| {
            let turns = horizon / ticks(one.period).max(1);
            turns.saturating_add(1).saturating_mul(one.pulls.len() as u64)
        });
        let others = others.fold(0, u64::saturating_add);
        u64::from(self.cold()).saturating_mul(images.saturating_add(refused)).saturating_add(others)
    }
}
