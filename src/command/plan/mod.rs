//! `plan`: the images counted, what is left read where that was asked for, the rollout simulated, the
//! outcome shown.

mod beyond;
mod prove;

use super::asking;
use crate::cli::{self, Format, PlanLaw};
use crate::credentials::Account;
use crate::image::{Images, Pods};
use crate::plan::{Ci, Plan, Request, STRATEGIES, Strategy, StrategyError, plan, plan_all_laws};
use crate::quota::Law;
use crate::render::{Look, plan as shown};
use crate::{Context, Exit, Failure};

/// Runs `plan`.
pub(super) async fn run(
    context: &Context,
    args: cli::Plan,
    accounts: Vec<Account>,
) -> anyhow::Result<Exit> {
    let (format, law, is_proven) = (args.output, args.law, args.prove);
    if is_proven && law == PlanLaw::All {
        return Err(Failure::usage("--prove with --law all: a registry has one law")
            .advise("name one: sliding, fixed or bucket")
            .into());
    }
    let named = !args.strategies.is_empty();
    let Some(request) = request(context, args, accounts).await? else {
        return Ok(Exit::Interrupted);
    };
    // A million nodes take a while, and the signals must not wait for them.
    let proven = is_proven.then(|| request.clone());
    let work = crate::context::aside(move || match law {
        PlanLaw::All => plan_all_laws(&request),
        _ => plan(&request),
    });
    let mut plan = tokio::select! {
        plan = work => plan?.map_err(|error| Failure::new(Exit::Usage, error))?,
        () = context.shutdown.cancelled() => return Ok(Exit::Interrupted),
    };
    if let Some(request) = proven {
        let Some(proof) = prove::prove(context, request, &plan).await? else {
            return Ok(Exit::Interrupted);
        };
        plan.proof = proof;
    }
    show(context, &plan, format, named)?;
    let fits = plan.strategies.iter().any(|outcome| outcome.fits);
    let is_same = plan.proof.iter().all(|proof| proof.same);
    Ok(if fits && is_same { Exit::Ok } else { Exit::Limit })
}

fn show(context: &Context, plan: &Plan, format: Format, named: bool) -> anyhow::Result<()> {
    let look = Look::of(context);
    Ok(context.tell(&match format {
        Format::Json => serde_json::to_string(plan)? + "\n",
        Format::Svg => shown::svg(plan),
        Format::Html => shown::html(plan, named),
        _ => shown::table(plan, named, look),
    })?)
}

/// What was asked for, all of it valid on its own; `None` where it was interrupted.
async fn request(
    context: &Context,
    args: cli::Plan,
    accounts: Vec<Account>,
) -> anyhow::Result<Option<Request>> {
    let strategies = args.strategies.iter().map(|name| strategy(name));
    let strategies = strategies.collect::<Result<_, _>>()?;
    let Some(mut beyond) = beyond::beyond(context, &args, accounts).await? else { return Ok(None) };
    let rollout = beyond::ci(&args).map(Ci::rollout);
    let (nodes, arrival) = rollout.unwrap_or((args.nodes.unwrap_or_default(), args.arrival));
    let images = if let Some(images) = args.images {
        images
    } else {
        let named = named(context, args.image, args.from).await?;
        let pods = named.pods();
        let is_fewer = |pods: &Pods| pods.replicas.is_some_and(|count| count < nodes.into());
        if args.by_replicas {
            beyond.pods = pods;
        } else if rollout.is_none() && pods.iter().any(is_fewer) {
            context.say(
                "· some images have fewer pods than there are nodes, and here every node pulls them all; --by-replicas counts pods",
            );
        }
        u32::try_from(named.counted()).unwrap_or(u32::MAX)
    };
    Ok(Some(Request {
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
        beyond,
    }))
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

/// The distinct images that are named, one of Docker Hub among them.
async fn named(
    context: &Context,
    named: Vec<String>,
    from: Option<std::path::PathBuf>,
) -> anyhow::Result<Images> {
    let mut images = match from {
        None => Images::default(),
        Some(path) => asking::images_from(context, &path).await?,
    };
    for image in named {
        images.add(&image).map_err(|why| Failure::usage(format!("--image {image}: {why}")))?;
    }
    if images.others() > 0 {
        context.say(&format!(
            "· images outside of Docker Hub: {}; its limit does not count them",
            images.others()
        ));
    }
    if images.counted() == 0 {
        return Err(Failure::usage("no image of Docker Hub is named: nothing is counted")
            .advise("name images by --image or --from, or their number by --images")
            .into());
    }
    Ok(images)
}
