//! `doctor`: the registries named, the examination, one report in the form asked for.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::asking;
use crate::cli::{Doctor, Format};
use crate::credentials::Account;
use crate::doctor::examination::Examination;
use crate::doctor::target::Target;
use crate::doctor::{Severity, kubernetes, pages};
use crate::render::doctor::{plain, table};
use crate::render::{Look, span};
use crate::session::{DEFAULT_IMAGE, Who, image};
use crate::{Context, Exit, Failure};

/// The longest that is waited, however much more is allowed.
const LONGEST: Duration = Duration::from_secs(3_600);

/// Runs `doctor`.
pub(super) async fn run(
    context: &Context,
    mut args: Doctor,
    accounts: Vec<Account>,
) -> anyhow::Result<Exit> {
    if let Some(id) = &args.explain {
        context.answer(&pages::of(id, context.terminal.columns)?)?;
        return Ok(Exit::Ok);
    }
    if args.asking.password_stdin && args.kubernetes.as_deref() == Some(Path::new("-")) {
        return Err(Failure::usage("--password-stdin and --kubernetes - both want standard input")
            .advise("give one of them a file")
            .into());
    }
    args.asking.timeout = args.asking.timeout.min(LONGEST);
    let targets = Target::all(&args.registries, DEFAULT_IMAGE, image)?;
    let session = asking::open(context, &args.asking, accounts.clone(), Who::All).await?;
    let Some(session) = session.map(Arc::new) else { return Ok(Exit::Interrupted) };
    let work = async {
        let secrets = match args.kubernetes.clone() {
            Some(file) => kubernetes::read(context, file).await?,
            None => Vec::new(),
        };
        let examination = Examination {
            asking: &args.asking,
            environment: &context.environment,
            session: &session,
            targets: &targets,
            secrets: &secrets,
            accounts: &accounts,
            now: context.clock.now(),
            span,
        };
        Ok::<_, Failure>(examination.run().await)
    };
    let report = tokio::select! {
        report = work => report?,
        () = context.shutdown.cancelled() => return Ok(Exit::Interrupted),
    };
    let usual = if context.terminal.stdout { Format::Table } else { Format::Plain };
    context.tell(&match args.output.unwrap_or(usual) {
        Format::Json => serde_json::to_string_pretty(&report)? + "\n",
        Format::Table => table(&report, Look::of(context), context.detailed),
        _ => plain(&report),
    })?;
    Ok(if args.strict && report.worst() == Some(Severity::Error) { Exit::Limit } else { Exit::Ok })
}
