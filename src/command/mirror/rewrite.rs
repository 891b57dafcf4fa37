//! `mirror rewrite`: what would change found, shown or written.

use crate::cli::{self, Format};
use crate::mirror::rewrite::{Prepared, Report, Wanted, prepare};
use crate::render::mirror as shown;
use crate::{Context, Exit, Failure};

/// Runs `mirror rewrite`.
pub(super) async fn run(context: &Context, args: cli::Rewrite) -> anyhow::Result<Exit> {
    let wanted = Wanted::of_arguments(&args)?;
    let found = crate::context::aside(move || prepare(&wanted, &|_| {}));
    let prepared = tokio::select! {
        found = found => found?.map_err(Failure::from)?,
        () = context.shutdown.cancelled() => return Ok(Exit::Interrupted),
    };
    let report = if args.write { write(context, prepared)? } else { prepared.report };
    for line in shown::rewrite_notes(&report) {
        context.say(&line);
    }
    context.tell(&match args.output {
        Format::Json => serde_json::to_string(&report)? + "\n",
        _ if args.write || args.check => shown::rewrite_plain(&report),
        _ => shown::rewrite_diff(&report, context.colour),
    })?;
    Ok(report.exit(args.check))
}

/// Writes the files, between two of which an interruption is heeded.
fn write(context: &Context, prepared: Prepared) -> anyhow::Result<Report> {
    let shutdown = context.shutdown.clone();
    let stop = move || shutdown.is_cancelled();
    Ok(tokio::task::block_in_place(|| prepared.write(&stop)).map_err(Failure::from)?)
}
