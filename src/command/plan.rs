//! `plan`: the images counted, what is left read where that was asked for, the rollout simulated, the
//! outcome shown.

use super::asking;
use crate::cli::{self, Format, PlanLaw};
use crate::context::aside;
use crate::credentials::Account;
use crate::image::Images;
use crate::plan::{
    Left, Plan, Request, left, named, plan, plan_all_laws, prove, recorded, request, strategies,
};
use crate::quota::Reading;
use crate::render::{Look, plan as shown};
use crate::scan::images_from;
use crate::session::{Who, image_or_usual};
use crate::{Context, Exit, Failure};

/// Runs `plan`.
pub(super) async fn run(
    context: &Context,
    args: cli::Plan,
    accounts: Vec<Account>,
) -> anyhow::Result<Exit> {
    if args.prove && args.law == PlanLaw::All {
        return Err(Failure::usage("--prove with --law all: a registry has one law")
            .advise("name one: sliding, fixed or bucket")
            .into());
    }
    let Some(request) = asked(context, &args, accounts).await? else {
        return Ok(Exit::Interrupted);
    };
    // A million nodes take a while, and the signals must not wait for them.
    let proven = args.prove.then(|| request.clone());
    let by_law = if args.law == PlanLaw::All { plan_all_laws } else { plan };
    let mut plan = tokio::select! {
        plan = aside(move || by_law(&request)) => plan?.map_err(|error| Failure::new(Exit::Usage, error))?,
        () = context.shutdown.cancelled() => return Ok(Exit::Interrupted),
    };
    if let Some(request) = proven {
        let Some(proof) = prove(context, request, &plan).await? else {
            return Ok(Exit::Interrupted);
        };
        plan.proof = proof;
    }
    show(context, &plan, args.output, !args.strategies.is_empty())?;
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

/// What was asked for, with what recordings and registries say of it; `None` where it was interrupted.
async fn asked(
    context: &Context,
    args: &cli::Plan,
    accounts: Vec<Account>,
) -> anyhow::Result<Option<Request>> {
    let strategies = strategies(args)?;
    let images = if args.images.is_none() { Some(all_named(context, args).await?) } else { None };
    let (mut request, remark) = request(args, strategies, images.as_ref())?;
    if let Some(remark) = remark {
        context.say(&format!("· {remark}"));
    }
    if let Some(path) = args.background.clone() {
        request.beyond.background = tokio::select! {
            read = aside(move || recorded(&path)) => read??,
            () = context.shutdown.cancelled() => return Ok(None),
        };
    }
    if args.from_reading {
        let Some(left) = left_now(context, args, accounts).await? else { return Ok(None) };
        request.beyond.left = left;
    }
    Ok(Some(request))
}

/// What is left now, of an address and of an account, as far as each is known here.
async fn left_now(
    context: &Context,
    args: &cli::Plan,
    accounts: Vec<Account>,
) -> anyhow::Result<Option<Vec<Left>>> {
    let image = image_or_usual(args.image.first().map(String::as_str))?;
    let session = asking::open(context, &args.asking, accounts, Who::All).await?;
    let Some(session) = session else { return Ok(None) };
    let work = async {
        let client = session.client(&image, None)?;
        let mut readings = Vec::new();
        for who in asking::principals(context, &session, &image).await? {
            readings.push(session.read(&client, &image, &who).await);
        }
        anyhow::Ok(readings)
    };
    let readings = tokio::select! {
        readings = work => readings?,
        () = context.shutdown.cancelled() => return Ok(None),
    };
    let silent = |reading: &Reading| {
        context.say(&format!("! {}: no count was read", reading.identity));
    };
    Ok(Some(left(&readings, context.clock.now(), silent)?))
}

/// The distinct images that are named.
async fn all_named(context: &Context, args: &cli::Plan) -> anyhow::Result<Images> {
    let from = match &args.from {
        Some(path) => Some(images_from(context, path).await?),
        None => None,
    };
    let images = named(args, from)?;
    if images.others() > 0 {
        context.say(&format!(
            "· images outside of Docker Hub: {}; its limit does not count them",
            images.others()
        ));
    }
    Ok(images)
}
