//! What the arguments of `gate` stand for, and which do not go together.

use super::Policy;
use crate::cli::{Family, Gate, Threshold, duration};
use crate::context::Context;
use crate::exit::Failure;
use crate::scan::{of_path, say_skipped};

impl Policy {
    /// When the gate is open, where so much is needed.
    pub(crate) fn of_arguments(args: &Gate, need: Threshold) -> Self {
        Self {
            need,
            percent: args.need_percent,
            on_unknown: args.on_unknown,
            on_unlimited: args.on_unlimited,
        }
    }
}

/// The pulls that are needed: those asked for, or those that a scan finds where these are more.
///
/// # Errors
/// What is to be scanned cannot be read.
pub(crate) async fn needed(context: &Context, args: &Gate) -> anyhow::Result<Threshold> {
    let Some(path) = &args.need_for else { return Ok(args.need) };
    let scan = of_path(context, path).await?;
    say_skipped(context, &scan);
    let pulls = scan.totals.pulls.cold;
    context.say(&format!("· {} needs {pulls} pulls of Docker Hub", path.display()));
    Ok(match args.need {
        Threshold::Pulls(least) => Threshold::Pulls(least.max(pulls)),
        share @ Threshold::Percent(_) => share,
    })
}

/// A gate is one identity's, and a duration is no image.
///
/// # Errors
/// Arguments that ask for two gates, or for an image that is a time.
pub(crate) fn refuse(args: &Gate) -> Result<(), Failure> {
    if args.asking.all_identities || args.asking.family == Family::Both {
        return Err(Failure::usage("a gate asks as one identity over one address family")
            .advise("leave --all-identities and --family both to check; name one with --user NAME or --anonymous"));
    }
    if let (Some(_), Some(image)) = (args.wait, args.image.as_deref())
        && duration(image).is_ok()
    {
        return Err(Failure::usage(format!("{image} is taken for the image"))
            .advise(format!("to wait that long write --wait={image}; an image of that name is docker.io/library/{image}")));
    }
    Ok(())
}
