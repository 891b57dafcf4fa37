//! What the arguments of `gate` stand for, and which do not go together.

use super::Policy;
use crate::cli::{Family, Gate, Threshold, duration};
use crate::context::Context;
use crate::exit::Failure;
use crate::scan::{of_path, say_skipped};

impl Policy {
    /// When the gate is open: enough for the arguments and for what a scan found, in pulls.
    pub(crate) fn of_arguments(args: &Gate, scanned: u64) -> Self {
        let (pulls, percent) = match args.need {
            Threshold::Pulls(pulls) => (pulls, args.need_percent),
            Threshold::Percent(percent) => {
                (1, Some(args.need_percent.map_or(percent, |also| also.max(percent))))
            }
        };
        Self {
            pulls: pulls.max(scanned),
            percent,
            on_unknown: args.on_unknown,
            on_unlimited: args.on_unlimited,
        }
    }
}

/// The pulls that a scan of `--need-for` finds; 0 without it.
///
/// # Errors
/// What is to be scanned cannot be read.
pub(crate) async fn scanned(context: &Context, args: &Gate) -> anyhow::Result<u64> {
    let Some(path) = &args.need_for else { return Ok(0) };
    let scan = of_path(context, path).await?;
    say_skipped(context, &scan);
    let pulls = scan.totals.pulls.cold;
    context.say(&format!("· {} needs {pulls} pulls of Docker Hub", path.display()));
    Ok(pulls)
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
