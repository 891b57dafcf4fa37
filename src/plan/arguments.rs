//! From the arguments of `plan` to its [`Request`]: what each stands for, and which do not go together.

use super::{Beyond, Ci, Kubelet, Request, STRATEGIES, Solve, Strategy, StrategyError};
use crate::cli::{Plan, PlanLaw, SolveFor};
use crate::exit::Failure;
use crate::image::{Images, Pods};
use crate::quota::Law;

/// `registryBurst` where nothing else is said.
const BURST: u32 = 10;

/// The request, and a remark where pods were left out of account.
///
/// `named` are the images named; where it is `None` their number was. What registries and recordings say
/// is not in it yet.
///
/// # Errors
/// Images that no limit counts.
pub(crate) fn request(
    args: &Plan,
    strategies: Vec<Strategy>,
    named: Option<&Images>,
) -> Result<(Request, Option<&'static str>), Failure> {
    if named.is_some_and(|named| named.counted() == 0) {
        return Err(Failure::usage("no image of Docker Hub is named: nothing is counted")
            .advise("name images by --image or --from, or their number by --images"));
    }
    let ci = ci(args);
    let rollout = ci.map(Ci::rollout);
    let (nodes, arrival) = rollout.unwrap_or((args.nodes.unwrap_or_default(), args.arrival));
    let pods = named.map(Images::pods).unwrap_or_default();
    let is_fewer = |pods: &Pods| pods.replicas.is_some_and(|count| count < nodes.into());
    let remark = (!args.by_replicas && rollout.is_none() && pods.iter().any(is_fewer)).then_some(
        "some images have fewer pods than there are nodes, and here every node pulls them all; --by-replicas counts pods",
    );
    let images = named.map_or(args.images.unwrap_or_default(), |named| {
        u32::try_from(named.counted()).unwrap_or(u32::MAX)
    });
    let burst = args.kubelet_burst.unwrap_or(BURST);
    let request = Request {
        nodes,
        strategies,
        images,
        cost: args.cost,
        pull_time: args.pull_time,
        arrival,
        law: match args.law {
            PlanLaw::Sliding | PlanLaw::All => Law::Sliding,
            PlanLaw::Fixed => Law::Fixed,
            PlanLaw::Bucket => Law::Bucket,
        },
        limit: args.limit,
        window: args.window,
        policy: args.policy,
        horizon: args.horizon,
        beyond: Beyond {
            kubelet: args.kubelet_qps.map(|qps| Kubelet { qps, burst }),
            parallel: args.parallel,
            warm: args.warm,
            pods: if args.by_replicas { pods } else { Vec::new() },
            ci,
            solve: args.solve.map(solve),
            ..Beyond::default()
        },
    };
    Ok((request, remark))
}

/// The CI that the nodes are, where they are one.
fn ci(args: &Plan) -> Option<Ci> {
    let (runs_per_day, jobs) = args.runs_per_day.zip(args.jobs)?;
    Some(Ci { runs_per_day, jobs })
}

fn solve(solve: SolveFor) -> Solve {
    match solve {
        SolveFor::Nodes => Solve::Nodes,
        SolveFor::Surge => Solve::Surge,
        SolveFor::Interval => Solve::Interval,
        SolveFor::Concurrency => Solve::Concurrency,
    }
}

/// The strategies that are named.
///
/// # Errors
/// One of them is none.
pub(crate) fn strategies(args: &Plan) -> Result<Vec<Strategy>, Failure> {
    args.strategies.iter().map(|name| strategy(name)).collect()
}

fn strategy(name: &str) -> Result<Strategy, Failure> {
    name.parse().map_err(|error: StrategyError| {
        let failure = Failure::usage(format!("--strategy {name}: {error}"));
        match error {
            StrategyError::Unknown => failure.advise(format!("it is one of {STRATEGIES}")),
            StrategyError::Nobody(_) => failure,
        }
    })
}

/// The distinct images of the command line and of `--from`.
///
/// # Errors
/// Text that is no image.
pub(crate) fn named(args: &Plan, from: Option<Images>) -> Result<Images, Failure> {
    let mut images = from.unwrap_or_default();
    for image in &args.image {
        images.add(image).map_err(|why| Failure::usage(format!("--image {image}: {why}")))?;
    }
    Ok(images)
}
