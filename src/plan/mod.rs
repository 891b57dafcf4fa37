//! `plan`: will a rollout fit. Nodes that pull images, each counted on an identity, by simulation in
//! virtual time: exact, the same numbers for the same arguments, no clock and no I/O. The model is the
//! project's interface contract, section plan: nodes ask for their images one after another, as the
//! kubelet does by default, and ask again after 10 s, 20 s, 40 s, … at most 300 s where refused. Time
//! counts in whole nanoseconds, so that every duration a user can type is exact.

mod advice;
mod counter;
mod crowd;
mod lanes;
mod lone;
mod members;
mod spent;
mod strategy;
mod tally;
mod value;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::quota::{Arrival, Law, Policy, Quota, Window};
use counter::Counter;
use crowd::{Course, Crowd};
use lone::Lone;
use members::Members;
use tally::Tally;

pub use strategy::Strategy;
pub use value::{Outcome, Plan, PolicyRecord, Seconds, law_name};

/// Virtual time: nanoseconds since the start.
type Tick = u64;
/// A second.
const SECOND: Tick = 1_000_000_000;
/// The longest back-off of the kubelet (`MaxContainerBackOff`).
const LONGEST: Tick = 300 * SECOND;
/// Windows until the horizon, where none was given.
const WINDOWS: u32 = 10;
/// The most nodes that can be planned for.
pub const MOST_NODES: u32 = 10_000_000;
/// The most images of a node.
pub const MOST_IMAGES: u32 = 10_000;
/// The longest time anything may last: a century, so that no sum of times overflows.
const MOST_TIME: Duration = Duration::from_secs(100 * 366 * 86_400);

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
}

/// How the rollout goes by each strategy.
///
/// ```
/// use std::time::Duration;
/// use dhlimit::plan::{Request, Strategy, plan};
/// use dhlimit::quota::{Arrival, Law, Policy};
///
/// let plan = plan(&Request {
///     nodes: 12,
///     images: 10,
///     cost: 1,
///     pull_time: Duration::ZERO,
///     arrival: Arrival::AtOnce,
///     strategies: vec![Strategy::OneAddress, Strategy::Cache],
///     law: Law::Sliding,
///     limit: None,
///     window: None,
///     policy: Policy::find("docker-hub").unwrap(),
///     horizon: None,
/// }).unwrap();
/// let [address, cache] = plan.strategies.as_slice() else { panic!() };
/// assert_eq!((address.fits, address.pulls, address.nodes_done), (false, 120, 12));
/// assert_eq!((cache.fits, cache.pulls), (true, 10));
/// ```
pub fn plan(request: &Request) -> Result<Plan, PlanError> {
    let window = request.window.or_else(|| request.policy.window());
    let window = window.ok_or(PlanError::Window(request.policy.name))?;
    let horizon = request.horizon.unwrap_or(window.duration().saturating_mul(WINDOWS));
    check(request, window, horizon)?;
    let course =
        Course { images: request.images, pull: ticks(request.pull_time), horizon: ticks(horizon) };
    let rollout = Rollout { request, window, course };
    let wanted =
        if request.strategies.is_empty() { rollout.all() } else { request.strategies.clone() };
    for strategy in &wanted {
        rollout.check(*strategy)?;
    }
    let strategies = rollout.outcomes(&wanted);
    let advice = advice::advice(&rollout, &wanted, &strategies);
    Ok(Plan {
        schema: "dhlimit/plan/1",
        nodes: request.nodes,
        images: request.images,
        cost: request.cost,
        pull_time_seconds: course.pull.into(),
        arrival: request.arrival.to_string(),
        law: request.law,
        strategies,
        policy: PolicyRecord {
            name: request.policy.name,
            date: request.policy.date,
            source: request.policy.source,
        },
        advice,
    })
}

fn check(request: &Request, window: Window, horizon: Duration) -> Result<(), PlanError> {
    if !(1..=MOST_NODES).contains(&request.nodes) {
        return Err(PlanError::Nodes(request.nodes));
    }
    if !(1..=MOST_IMAGES).contains(&request.images) {
        return Err(PlanError::Images(request.images));
    }
    if request.cost == 0 {
        return Err(PlanError::Free);
    }
    if horizon.is_zero() {
        return Err(PlanError::Horizon);
    }
    let every = match request.arrival {
        Arrival::AtOnce => Duration::ZERO,
        Arrival::Rolling { every, .. } => every,
    };
    let times = [
        ("--pull-time", request.pull_time),
        ("--window", window.duration()),
        ("--arrival", every),
        ("--horizon", horizon),
    ];
    match times.into_iter().find(|(_, time)| *time > MOST_TIME) {
        Some((option, _)) => Err(PlanError::Long(option)),
        None => Ok(()),
    }
}

/// A time in ticks; the last there is where it is too long.
fn ticks(time: Duration) -> Tick {
    Tick::try_from(time.as_nanos()).unwrap_or(Tick::MAX)
}

/// How long a node waits that was refused, after so many refusals of the same image before.
fn back_off(refusals: u32) -> Tick {
    if refusals >= 5 { LONGEST } else { (10 * SECOND) << refusals }
}

/// A rollout with everything settled.
struct Rollout<'a> {
    request: &'a Request,
    window: Window,
    course: Course,
}

impl Rollout<'_> {
    /// Every strategy; of several accounts, as many as let everything through in one window.
    fn all(&self) -> Vec<Strategy> {
        vec![
            Strategy::AddressPerNode,
            Strategy::OneAddress,
            Strategy::Account,
            Strategy::Accounts(self.accounts()),
            Strategy::Unlimited,
            Strategy::Cache,
        ]
    }

    /// The number of accounts, at least 2, on which everything fits in one window, if on any.
    fn accounts(&self) -> u32 {
        let Request { nodes, images, cost, .. } = *self.request;
        let limit = self.quota(Strategy::Account).map_or(u32::MAX, |quota| quota.limit);
        let together = u64::from(limit) / (u64::from(images) * u64::from(cost)).max(1);
        let needed = u64::from(nodes).div_ceil(together.max(1));
        u32::try_from(needed).unwrap_or(nodes).clamp(2, nodes.max(2))
    }

    /// What each identity of a strategy may use.
    fn quota(&self, strategy: Strategy) -> Option<Quota> {
        let policy = self.request.policy;
        let allowed = match strategy {
            Strategy::Unlimited => return None,
            Strategy::AddressPerNode | Strategy::OneAddress => policy.address,
            Strategy::Account | Strategy::Accounts(_) | Strategy::Cache => policy.account,
        };
        let limit = self.request.limit.unwrap_or(allowed);
        Some(Quota { law: self.request.law, limit, window: self.window })
    }

    /// Whether a pull can be accepted at all.
    fn check(&self, strategy: Strategy) -> Result<(), PlanError> {
        match self.quota(strategy) {
            Some(Quota { limit, .. }) if self.request.cost > limit => {
                Err(PlanError::Cost { cost: self.request.cost, limit, strategy })
            }
            _ => Ok(()),
        }
    }

    /// How it goes by each strategy, on as many cores as there are.
    fn outcomes(&self, wanted: &[Strategy]) -> Vec<Outcome> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from).min(wanted.len());
        let next = AtomicUsize::new(0);
        let work = || {
            let mut made = Vec::new();
            while let Some(strategy) = wanted.get(next.fetch_add(1, Ordering::Relaxed)) {
                made.push((*strategy, self.outcome(*strategy)));
            }
            made
        };
        let made: Vec<(Strategy, Outcome)> = std::thread::scope(|scope| {
            let others: Vec<_> = (1..cores).map(|_| scope.spawn(work)).collect();
            let own = work();
            own.into_iter()
                .chain(others.into_iter().flat_map(|one| one.join().unwrap_or_default()))
                .collect()
        });
        let of = |wanted: &Strategy| {
            let made = made.iter().find(|(strategy, _)| strategy == wanted);
            made.map_or_else(|| self.outcome(*wanted), |(_, outcome)| outcome.clone())
        };
        wanted.iter().map(of).collect()
    }

    fn outcome(&self, strategy: Strategy) -> Outcome {
        let quota = self.quota(strategy);
        let tally = self.simulate(strategy, quota);
        let all = tally.nodes_done == u64::from(self.request.nodes);
        Outcome {
            name: strategy.to_string(),
            limit: quota.map(|quota| quota.limit),
            window_seconds: quota.map(|quota| quota.window.seconds()),
            fits: tally.refused == 0,
            pulls: tally.pulls,
            refused: tally.refused,
            first_refused_at_seconds: tally.first_refused.map(Seconds::from),
            done_at_seconds: all.then(|| tally.last_done.into()),
            nodes_done: tally.nodes_done,
            waited_node_seconds: tally.waited().into(),
            used: tally.spent.finish().into_iter().map(|(at, pulls)| (at.into(), pulls)).collect(),
        }
    }

    fn simulate(&self, strategy: Strategy, quota: Option<Quota>) -> Tally {
        let nodes = self.request.nodes;
        let all = Members::all(nodes, self.request.arrival);
        let mut tally = Tally::new(self.course, self.request.cost, all);
        let counter = Counter::new(quota, self.request.cost);
        match strategy {
            Strategy::AddressPerNode | Strategy::Unlimited => self.alone(all, counter, &mut tally),
            Strategy::Accounts(count) if count >= nodes => self.alone(all, counter, &mut tally),
            Strategy::Accounts(count) => self.shared(all, count, &counter, &mut tally),
            Strategy::OneAddress | Strategy::Account => {
                Crowd::new(self.course, all, counter, false, &mut tally).run();
            }
            Strategy::Cache => Crowd::new(self.course, all, counter, true, &mut tally).run(),
        }
        tally
    }

    /// Nodes that share nothing: one is simulated.
    fn alone(&self, all: Members, counter: Counter, tally: &mut Tally) {
        let mut lone = Lone::default();
        Crowd::new(self.course, Members::all(1, Arrival::AtOnce), counter, false, &mut lone).run();
        tally.each(&lone, all);
    }

    /// Nodes on `count` accounts, fewer than nodes. Where all arrive together, accounts with the same
    /// number of nodes go the same way.
    fn shared(&self, all: Members, count: u32, counter: &Counter, tally: &mut Tally) {
        let mut crowd = |first: u32, alike: u32| {
            let members = all.every(count, first);
            tally.turn(members, u64::from(alike));
            Crowd::new(self.course, members, counter.clone(), false, tally).run();
        };
        if all.batch_end(0) < self.request.nodes {
            (0..count).for_each(|first| crowd(first, 1));
            return;
        }
        let larger = self.request.nodes % count;
        if larger > 0 {
            crowd(0, larger);
        }
        crowd(larger, count - larger);
    }
}
