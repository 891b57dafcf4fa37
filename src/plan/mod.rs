//! `plan`: will a rollout fit. Nodes that pull images, each counted on an identity, by simulation in
//! virtual time: exact, the same numbers for the same arguments, no clock and no I/O (but in `prove`, which
//! replays a plan against a sandbox, and `background`, which reads a recording). The model is the
//! project's interface contract, section plan: nodes ask for their images one after another, as the
//! kubelet does by default, and ask again after 10 s, 20 s, 40 s, … at most 300 s where refused. Time
//! counts in whole nanoseconds, so that every duration a user can type is exact.

mod advice;
mod arguments;
mod assumption;
mod background;
mod counter;
mod crowd;
mod every_ask;
mod lanes;
mod laws;
mod left;
mod load;
mod lone;
mod members;
mod prove;
mod replay;
mod request;
mod rollout;
mod solve;
mod spent;
mod strategy;
mod tally;
mod timeline;
mod value;

use std::time::Duration;

use rollout::Rollout;

pub(crate) use arguments::{named, request, strategies};
pub use assumption::Assumption;
pub use background::Recorded;
pub(crate) use background::recorded;
pub use every_ask::Kubelet;
pub use laws::{Range, plan_all_laws};
pub(crate) use left::left;
pub(crate) use prove::prove;
pub use replay::{Proof, PullRegistry, Replay, replays};
pub use request::{Background, Beyond, Left, PlanError, Request};
pub use solve::{Ci, Solution, Solve, Solved};
pub use strategy::{STRATEGIES, Strategy, StrategyError};
pub use timeline::{Moment, Timeline};
pub use value::{
    Laws, OVERALL_LIMIT, Outcome, Plan, PolicyRecord, REQUESTS_A_PULL, Seconds, law_name,
};

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
/// The most asks that are looked at one by one.
const MOST_ASKS: u64 = 100_000_000;
/// The longest time anything may last: a century, so that no sum of times overflows.
const MOST_TIME: Duration = Duration::from_secs(100 * 366 * 86_400);

/// How the rollout goes by each strategy.
///
/// ```
/// use std::time::Duration;
/// use dhlimit::plan::{Beyond, Request, Strategy, plan};
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
///     beyond: Beyond::default(),
/// }).unwrap();
/// let [address, cache] = plan.strategies.as_slice() else { panic!() };
/// assert_eq!((address.fits, address.pulls, address.nodes_done), (false, 120, 12));
/// assert_eq!((cache.fits, cache.pulls), (true, 10));
/// ```
pub fn plan(request: &Request) -> Result<Plan, PlanError> {
    let rollout = Rollout::new(request)?;
    let wanted = rollout.wanted()?;
    let mut strategies = rollout.outcomes(&wanted);
    let end = strategies.iter().map(|outcome| rollout.end(outcome)).max().unwrap_or_default();
    for (strategy, outcome) in wanted.iter().zip(&mut strategies) {
        outcome.timeline = rollout.timeline(*strategy, outcome, end);
    }
    let solved = solved(request, &wanted)?;
    let advice = advice::advice(&rollout, &wanted, &strategies);
    Ok(Plan {
        schema: "dhlimit/plan/1",
        nodes: request.nodes,
        warm: request.beyond.warm,
        ci: request.beyond.ci,
        images: request.images,
        needed: rollout.needed(),
        cost: request.cost,
        pull_time_seconds: ticks(request.pull_time).into(),
        arrival: request.arrival.to_string(),
        law: Laws::One(request.law),
        policy: PolicyRecord {
            name: request.policy.name,
            date: request.policy.date,
            source: request.policy.source,
        },
        advice,
        cheapest: advice::cheapest(&strategies),
        horizon_seconds: rollout.course.horizon.into(),
        strategies,
        assumptions: assumption::assumptions(request),
        ranges: Vec::new(),
        solved,
        proof: Vec::new(),
    })
}

/// What was to be found: of a CI, always how many jobs and how many runs fit.
fn solved(request: &Request, wanted: &[Strategy]) -> Result<Vec<Solved>, PlanError> {
    let of_ci = request.beyond.ci.map(|_| [Solve::Runs, Solve::Concurrency]);
    let mut all: Vec<Solve> = of_ci.into_iter().flatten().collect();
    all.extend(request.beyond.solve.filter(|solve| !all.contains(solve)));
    all.into_iter().map(|solve| solve.of(request, wanted)).collect()
}

/// A time in ticks; the last there is where it is too long.
fn ticks(time: Duration) -> Tick {
    Tick::try_from(time.as_nanos()).unwrap_or(Tick::MAX)
}

/// How long a node waits that was refused, after so many refusals of the same image before.
fn back_off(refusals: u32) -> Tick {
    if refusals >= 5 { LONGEST } else { (10 * SECOND) << refusals }
}
