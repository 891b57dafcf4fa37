//! `plan`: the images counted, the rollout simulated, the outcome shown. Nobody is asked.

use super::asking;
use crate::cli::{self, Format, LawName};
use crate::image::Images;
use crate::plan::{Request, Strategy, plan};
use crate::quota::Law;
use crate::render::{Look, plan as shown};
use crate::{Context, Exit, Failure};

/// Runs `plan`.
pub(super) async fn run(context: &Context, args: cli::Plan) -> anyhow::Result<Exit> {
    let format = args.output;
    let named = !args.strategies.is_empty();
    let request = request(context, args).await?;
    // A million nodes take a while, and the signals must not wait for them.
    let work = crate::context::aside(move || plan(&request));
    let plan = tokio::select! {
        plan = work => plan?.map_err(|error| Failure::new(Exit::Usage, error))?,
        () = context.shutdown.cancelled() => return Ok(Exit::Interrupted),
    };
    let look = Look::of(context);
    context.tell(&match format {
        Format::Json => serde_json::to_string(&plan)? + "\n",
        _ => shown::table(&plan, named, look),
    })?;
    Ok(if plan.strategies.iter().any(|outcome| outcome.fits) { Exit::Ok } else { Exit::Limit })
}

/// What was asked for, all of it valid on its own.
async fn request(context: &Context, args: cli::Plan) -> anyhow::Result<Request> {
    let strategies = args.strategies.iter().map(|name| strategy(name));
    Ok(Request {
        nodes: args.nodes,
        strategies: strategies.collect::<Result<_, _>>()?,
        images: match args.images {
            Some(images) => images,
            None => counted(context, args.image, args.from).await?,
        },
        cost: args.cost,
        pull_time: args.pull_time,
        arrival: args.arrival,
        law: match args.law {
            LawName::Sliding => Law::Sliding,
            LawName::Fixed => Law::Fixed,
            LawName::Bucket => Law::Bucket,
        },
        limit: args.limit,
        window: args.window,
        policy: args.policy,
        horizon: args.horizon,
    })
}

fn strategy(name: &str) -> Result<Strategy, Failure> {
    name.parse().map_err(|known: String| {
        Failure::usage(format!("--strategy {name}: no such strategy"))
            .advise(format!("it is one of {known}"))
    })
}

/// How many distinct images of Docker Hub are named.
async fn counted(
    context: &Context,
    named: Vec<String>,
    from: Option<std::path::PathBuf>,
) -> anyhow::Result<u32> {
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
    Ok(u32::try_from(images.counted()).unwrap_or(u32::MAX))
}
