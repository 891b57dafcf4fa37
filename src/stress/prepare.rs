//! Before the first pull: the runtime found, the limit read, the image proved absent.

use std::sync::Arc;

use super::identity;
use super::leftover::Leftover;
use crate::cli::Stress;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::image::Reference;
use crate::quota::{LimitStatus, Reading};
use crate::registry::{Client, Principal};
use crate::runtime::{self, Runtime, Scheme, Setup};
use crate::session::{Builtin, Session, exit_of};
use crate::text::one_line;

/// All that a run needs to begin.
pub(crate) struct Prepared {
    /// What pulls.
    pub(crate) runtime: Box<dyn Runtime>,
    /// Who is counted.
    pub(crate) who: Principal,
    /// The reading before the first pull.
    pub(crate) reading: Reading,
    /// What a run that was killed left of the image, to be removed first.
    pub(crate) leftover: Option<Leftover>,
}

/// The runtime found, the limit read, the image proved absent. `chosen` is who is asked as unless the
/// runtime pulls as somebody else.
pub(crate) async fn prepare(
    context: &Context,
    args: &Stress,
    session: &Session,
    image: &Reference,
    client: &Arc<Client>,
    scheme: Scheme,
    chosen: Principal,
) -> Result<Prepared, Failure> {
    let runtime = match runtime::by_name(&args.runtime) {
        Some(driver) => {
            Some(driver.open(&setup(context, args, scheme)).await.map_err(runtime_failure)?)
        }
        None => None,
    };
    let who = identity::who(context, args, session, image, chosen, runtime.as_deref()).await?;
    let runtime = runtime.unwrap_or_else(|| {
        let platform = args.reach.platform.as_deref();
        let clock = context.clock.clone();
        Box::new(Builtin::new(client.clone(), who.credential.clone(), platform, args.blobs, clock))
    });
    for note in runtime.notes() {
        context.say(&format!("! {}", one_line(note, 500)));
    }
    let reading = session.read(client, image, &who).await;
    refuse_hopeless(args, &reading)?;
    let digest = reading.digest.as_deref();
    let leftover = leftover(context, args, image, runtime.as_ref(), digest).await?;
    Ok(Prepared { runtime, who, reading, leftover })
}

/// An image that is there is somebody's, unless a run that was killed left it.
async fn leftover(
    context: &Context,
    args: &Stress,
    image: &Reference,
    runtime: &dyn Runtime,
    digest: Option<&str>,
) -> Result<Option<Leftover>, Failure> {
    let present = runtime.present(image, digest).await.map_err(runtime_failure)?;
    let Some(first) = present.first() else { return Ok(None) };
    let left = Leftover::among(&present, context, args, image, runtime).await;
    if let Some(leftover) = left.map_err(runtime_failure)? {
        return Ok(Some(leftover));
    }
    Err(Failure::usage(format!("{image} is there already: {}", one_line(&first.to_string(), 200)))
        .advise("pulls of it would be free and its removal would take what is yours: name an image that is not there"))
}

/// What makes a run pointless from the start.
fn refuse_hopeless(args: &Stress, reading: &Reading) -> Result<(), Failure> {
    match &reading.status {
        // The count is good all the same, but there is nothing to pull.
        LimitStatus::Limited(_) | LimitStatus::Exhausted { .. }
            if reading.http_status == Some(404) =>
        {
            Err(Failure::new(
                Exit::Credentials,
                anyhow::anyhow!("{} is not there (404): no pull of it can succeed", reading.image),
            )
            .advise("check the repository's name and tag"))
        }
        LimitStatus::Failed(fault) | LimitStatus::Throttled(_, fault) => Err(Failure::new(
            exit_of(reading),
            anyhow::Error::msg(fault.message.clone())
                .context("the limit could not be read before the first pull"),
        )
        .advise(fault.advice.clone())),
        LimitStatus::Unlimited | LimitStatus::Unknown
            if args.count.is_none() && args.duration.is_none() =>
        {
            let why = if reading.status == LimitStatus::Unlimited {
                match crate::quota::elsewhere(&reading.image) {
                    None => "no pull limit applies here, so no 429 would ever end this".to_owned(),
                    Some(known) => format!(
                        "{} tells no count, so that none can be followed here; its limit is {}",
                        known.name, known.pulls
                    ),
                }
            } else {
                "the limit cannot be understood here".to_owned()
            };
            Err(Failure::usage(why).advise("name a bound: --count N or --for DURATION"))
        }
        _ => Ok(()),
    }
}

fn setup(context: &Context, args: &Stress, scheme: Scheme) -> Setup {
    Setup {
        environment: context.environment.clone(),
        namespace: args.reach.namespace.clone(),
        address: args.reach.address.clone(),
        instance: args.reach.instance.clone(),
        platform: args.reach.platform.clone(),
        hosts_dir: args.reach.hosts_dir.as_ref().map(|folder| folder.display().to_string()),
        scheme,
        ..Setup::default()
    }
}

pub(crate) fn runtime_failure(error: runtime::RuntimeError) -> Failure {
    let advice = error.advice();
    Failure::new(Exit::Runtime, error).advise_if_known(advice)
}
