//! `stress`: from arguments to a plan, consent, rounds and their report. What a round is and what a
//! refusal means is in [`crate::stress`].

use super::asking;
use crate::cli::{Format, Stress};
use crate::credentials::Account;
use crate::diagnosis::Hub;
use crate::recording::ReportFile;
use crate::render::Look;
use crate::render::stress::{LiveRun, Plan, Progress, plain, plan, table};
use crate::runtime::Runtime;
use crate::session::{Who, image_or_usual};
use crate::settings::Origin;
use crate::stress::{
    Kept, Leftover, Prepared, Route, Run, StressReport, Task, bounds, consent, prepare, route,
    run as pull, runtime_failure,
};
use crate::{Context, Exit, Failure};

/// Runs `stress`.
///
/// `hosts_dir` is where the value of `--hosts-dir` came from.
pub(super) async fn run(
    context: &Context,
    args: Stress,
    accounts: Vec<Account>,
    hosts_dir: &Origin,
) -> anyhow::Result<Exit> {
    bounds::refuse(&args, hosts_dir)?;
    let image = image_or_usual(args.image.as_deref())?;
    let Some(session) = asking::open(context, &args.asking, accounts, Who::Effective).await? else {
        return Ok(Exit::Interrupted);
    };
    let sandbox = session.is_practice(&image);
    let Route { image, scheme } = route(context, &session, &args, image)?;
    let client = session.client(&image, session.families().first().copied().flatten())?;
    let prepared = async {
        let chosen = asking::effective(context, &session, &image).await?;
        prepare(context, &args, &session, &image, &client, scheme, chosen).await
    };
    let Prepared { runtime, who, reading, leftover } = tokio::select! {
        prepared = prepared => prepared?,
        () = context.shutdown.cancelled() => return Ok(Exit::Interrupted),
    };
    if let Some(leftover) = leftover
        && !remove_leftover(context, &args, runtime.as_ref(), leftover).await?
    {
        let interrupted = context.shutdown.is_cancelled();
        return Ok(if interrupted { Exit::Interrupted } else { Exit::Usage });
    }
    let loopback = bounds::reached_on_loopback(&args, &image, &client);
    let task = Task {
        context,
        session: &session,
        client,
        who,
        hub: Hub::default().and(image.registry()),
        image,
        runtime: runtime.as_ref(),
        parallel: args.parallel,
        count: args.count,
        floor: args.floor,
        duration: args.duration,
        interval: bounds::interval(&args, loopback)?,
        pause: args.pause,
        until_recovered: args.until_recovered,
        loopback,
        sandbox,
        reading,
    };
    if let Some(exit) = agree(context, &args, &task).await? {
        return Ok(exit);
    }
    let report_file = args.report.as_deref().map(ReportFile::create).transpose()?;
    let kept = Kept::write(context, &args, &task.image, task.reading.digest.as_deref());
    let Run { report, is_clean } = watched(context, &args, &task).await?;
    if let Some(kept) = kept.filter(|_| is_clean) {
        kept.discard();
    }
    report_file.map_or(Ok(()), |file| file.write(&report))?;
    show(context, &args, &report)?;
    Ok(if context.shutdown.is_cancelled() {
        Exit::Interrupted
    } else {
        report.stopped_by.exit(is_clean)
    })
}

/// The run, on the live view or beside a bar or lines.
async fn watched(context: &Context, args: &Stress, task: &Task<'_>) -> anyhow::Result<Run> {
    let view = args.output.map(|output| output == Format::Table);
    if let Some(mut live) = LiveRun::open(context, view, task) {
        let run = pull(task, &mut live).await;
        live.close().await?;
        return Ok(run);
    }
    let mut progress = Progress::new(context, task);
    Ok(pull(task, &mut progress).await)
}

/// Shows the plan and, before a real registry, asks; `Some` where that is the end.
async fn agree(context: &Context, args: &Stress, task: &Task<'_>) -> Result<Option<Exit>, Failure> {
    let words = plan(&Plan {
        reading: &task.reading,
        runtime: task.runtime.name(),
        version: task.runtime.version(),
        parallel: task.parallel,
        interval: task.interval,
        count: task.count,
        floor: task.floor,
        duration: task.duration,
        sandbox: task.sandbox,
    });
    if task.loopback || args.yes {
        context.say(&words);
        return Ok(None);
    }
    context.complain(&words);
    if consent::ask(context, &task.reading).await? {
        return Ok(None);
    }
    let interrupted = context.shutdown.is_cancelled();
    Ok(Some(if interrupted { Exit::Interrupted } else { Exit::Usage }))
}

/// Removes what a run that was killed left, with consent; whether that was given.
async fn remove_leftover(
    context: &Context,
    args: &Stress,
    runtime: &dyn Runtime,
    leftover: Leftover,
) -> Result<bool, Failure> {
    let began = leftover.started_at.format("%Y-%m-%d %H:%M:%S UTC");
    let words = format!(
        "{} in {} is left from a dhlimit stress that was killed (it began {began})",
        leftover.image,
        runtime.name()
    );
    if !args.yes && !consent::to_remove(context, &words).await? {
        return Ok(false);
    }
    leftover.remove(runtime).await.map_err(runtime_failure)?;
    context.say(&format!("! {words}: removed"));
    Ok(true)
}

fn show(context: &Context, args: &Stress, report: &StressReport) -> anyhow::Result<()> {
    let look = Look::of(context);
    let usual = if context.terminal.stdout { Format::Table } else { Format::Plain };
    let text = match args.output.unwrap_or(usual) {
        Format::Json => format!("{}\n", serde_json::to_string_pretty(report)?),
        Format::Table => table(report, look),
        _ => plain(report, look),
    };
    Ok(context.answer(&text)?)
}
