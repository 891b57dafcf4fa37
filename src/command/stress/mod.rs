//! `stress`: from arguments to a plan, consent, rounds and their report. What a round is and what a
//! refusal means is in [`crate::stress`].

use std::time::Duration;

use super::report_file::ReportFile;
use super::{asking, consent};
use crate::cli::{Family, Format, Stress};
use crate::credentials::Account;
use crate::diagnosis::Hub;
use crate::image::{Reference, is_loopback};
use crate::registry::{Client, Principal};
use crate::render::Look;
use crate::render::stress::{LiveRun, Plan, Progress, plain, plan, table};
use crate::runtime::Runtime;
use crate::session::Who;
use crate::settings::Origin;
use crate::stress::{
    Kept, Leftover, Prepared, Route, Run, StoppedBy, StressReport, Task, prepare, refuse_hosts_dir,
    route, run as pull, runtime_failure,
};
use crate::{Context, Exit, Failure};

/// The shortest interval off loopback.
const INTERVAL_MIN: Duration = Duration::from_secs(1);
/// The interval off loopback where none is named.
const INTERVAL: Duration = Duration::from_secs(2);
/// The interval of the tour: as fast as an eye can follow a falling count.
const TOUR: Duration = Duration::from_millis(20);

/// Runs `stress`.
///
/// `hosts_dir` is where the value of `--hosts-dir` came from.
pub(super) async fn run(
    context: &Context,
    args: Stress,
    accounts: Vec<Account>,
    hosts_dir: &Origin,
) -> anyhow::Result<Exit> {
    refuse(&args, hosts_dir)?;
    let image = asking::image_or_usual(args.image.as_deref())?;
    let Some(session) = asking::open(context, &args.asking, accounts, Who::Effective).await? else {
        return Ok(Exit::Interrupted);
    };
    let sandbox = session.is_practice(&image);
    let Route { image, scheme } = route(context, &session, &args, image)?;
    let client = session.client(&image, session.families().first().copied().flatten())?;
    let prepared = async {
        let chosen = asking::principals(context, &session, &image).await?;
        let chosen = chosen
            .into_iter()
            .find(|who| who.effective)
            .unwrap_or_else(|| Principal::anonymous(true));
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
    let loopback = reached_on_loopback(&args, &image, &client);
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
        interval: interval(&args, loopback)?,
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
    Ok(exit(context, report.stopped_by, is_clean))
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

/// A run is one identity's over one family, so that what asks as several is no option of it.
fn refuse(args: &Stress, hosts_dir: &Origin) -> Result<(), Failure> {
    if args.parallel > 1 && args.runtime != "builtin" {
        return Err(Failure::usage(format!(
            "--parallel is for the builtin runtime; {} pulls one at a time",
            args.runtime
        )));
    }
    if args.asking.all_identities {
        return Err(Failure::usage("--all-identities is not for stress: every pull is counted on one identity")
            .advise("name one with --anonymous or --user NAME; `dhlimit check --all-identities` reads them all"));
    }
    if args.asking.family == Family::Both {
        return Err(Failure::usage(
            "--family both is not for stress: every pull is counted on one address",
        )
        .advise("name --family ipv4 or --family ipv6; `dhlimit check --family both` reads both"));
    }
    refuse_hosts_dir(args, hosts_dir)
}

/// Whether all that will be asked is on loopback. A real runtime goes where the reference says.
fn reached_on_loopback(args: &Stress, image: &Reference, client: &Client) -> bool {
    if args.runtime != "builtin" {
        return image.is_loopback();
    }
    client.endpoint().base.host_str().is_some_and(is_loopback)
}

/// The interval between rounds; a short one is for loopback alone.
fn interval(args: &Stress, loopback: bool) -> Result<Duration, Failure> {
    match args.interval {
        Some(interval) if !loopback && interval < INTERVAL_MIN => {
            Err(Failure::usage("an interval below 1s is for registries on loopback only")
                .advise("try it on --sandbox first, or name at least --interval 1s"))
        }
        Some(interval) => Ok(interval),
        None if !loopback => Ok(INTERVAL),
        None if args.asking.sandbox.is_some() && args.runtime == "builtin" => Ok(TOUR),
        None => Ok(Duration::ZERO),
    }
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

/// 0 where what was asked for was reached, the 429 included.
fn exit(context: &Context, stopped_by: StoppedBy, is_clean: bool) -> Exit {
    match stopped_by {
        _ if context.shutdown.is_cancelled() => Exit::Interrupted,
        _ if !is_clean => Exit::Runtime,
        StoppedBy::PullLimit | StoppedBy::Count | StoppedBy::Floor | StoppedBy::Deadline => {
            Exit::Ok
        }
        StoppedBy::OverallLimit => Exit::Throttled,
        StoppedBy::Failure => Exit::Runtime,
        StoppedBy::Interrupt => Exit::Interrupted,
    }
}
