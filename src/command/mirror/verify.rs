//! `mirror verify`: each image asked of both sides, one after another.

use super::super::asking;
use crate::cli;
use crate::credentials::Account;
use crate::mirror::through::Through;
use crate::mirror::verify::{Platforms, VerifyReport, verify};
use crate::render::mirror as shown;
use crate::session::{Who, images};
use crate::{Context, Exit, Failure};

/// Runs `mirror verify`.
pub(super) async fn run(
    context: &Context,
    args: cli::Verify,
    accounts: Vec<Account>,
) -> anyhow::Result<Exit> {
    let through: Through = args.through.parse().map_err(|error| {
        Failure::new(
            Exit::Usage,
            anyhow::Error::new::<crate::mirror::through::ThroughError>(error).context("--through"),
        )
    })?;
    let images = images(&args.images)?;
    let platforms = Platforms::of_arguments(&args.platform);
    let Some(session) = asking::open(context, &args.asking, accounts, Who::All).await? else {
        return Ok(Exit::Interrupted);
    };
    let mut checked = Vec::new();
    for image in &images {
        let principals = asking::principals(context, &session, image).await?;
        let clock = context.clock.as_ref();
        let work = verify(&session, clock, image, &through, &platforms, &principals);
        tokio::select! {
            outcome = work => checked.push(outcome.map_err(Failure::from)?),
            () = context.shutdown.cancelled() => return Ok(Exit::Interrupted),
        }
    }
    let report = VerifyReport::new(checked);
    super::tell(context, args.output, &report, shown::verify_plain, shown::verify_table)?;
    Ok(report.exit())
}
