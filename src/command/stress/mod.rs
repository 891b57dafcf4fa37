//! `stress`: a plan, consent, rounds until the 429 or a bound, and a report of what was seen.
//! Whatever happens on the way, the image that was pulled is removed at the end, and nothing else.

mod act;
mod builtin;
mod identity;
mod plan;
mod progress;
mod recovery;
mod route;

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use tokio::time::Instant;

use self::act::{PullAndRead, Verdict};
use self::builtin::Builtin;
use self::progress::Progress;
use self::route::Route;
use super::asking;
use super::rounds::{End, Pace, Steady, rounds};
use crate::cli::{Family, Format, Stress};
use crate::credentials::Account;
use crate::diagnosis::Hub;
use crate::image::{Reference, is_loopback};
use crate::quota::{LimitStatus, Reading, Record};
use crate::registry::{Client, Principal};
use crate::render::Look;
use crate::render::stress::{Round, RoundOutcome, StoppedBy, StressReport, plain, table};
use crate::runtime::{self, Outcome, Removal, Runtime, Scheme, Setup};
use crate::session::{Session, Who, exit_of};
use crate::settings::Origin;
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
    if args.parallel > 1 && args.runtime != "builtin" {
        return Err(Failure::usage(format!(
            "--parallel is for the builtin runtime; {} pulls one at a time",
            args.runtime
        ))
        .into());
    }
    refuse_several(&args)?;
    route::refuse_hosts_dir(&args, hosts_dir)?;
    let Some(session) = asking::open(context, &args.asking, accounts, Who::Effective).await? else {
        return Ok(Exit::Interrupted);
    };
    let Route { image, scheme } = route::of(context, &session, &args)?;
    let client = session.client(&image, session.families().first().copied().flatten())?;
    let prepared = tokio::select! {
        prepared = prepare(context, &args, &session, &image, &client, scheme) => prepared?,
        () = context.shutdown.cancelled() => return Ok(Exit::Interrupted),
    };
    let Prepared { runtime, who, reading } = prepared;
    let loopback = reached_on_loopback(&args, &image, &client);
    let interval = plan::interval(&args, loopback)?;
    if !loopback && !args.yes {
        context.complain(&plan::words(&args, &reading, runtime.version(), interval));
        if !plan::consent(context, &reading).await? {
            return Ok(if context.shutdown.is_cancelled() {
                Exit::Interrupted
            } else {
                Exit::Usage
            });
        }
    } else {
        context.say(&plan::words(&args, &reading, runtime.version(), interval));
    }
    let mut report_file = args.report.as_deref().map(open_report).transpose()?;
    let mut act = PullAndRead {
        context,
        session: &session,
        client: client.clone(),
        who: who.clone(),
        hub: Hub::default().and(image.registry()),
        image: image.clone(),
        runtime: runtime.as_ref(),
        parallel: args.parallel,
        allowed: args.count,
        floor: args.floor,
        left: reading.remaining(),
        costs: None,
        rounds: Vec::new(),
        progress: Progress::new(
            context,
            reading.count().map(|count| count.limit),
            reading.remaining(),
        ),
        reading,
        last: Outcome::Pulled,
        first_429: None,
    };
    let started_at = context.clock.now();
    let pause = || args.pause.unwrap_or_else(|| runtime.pause_after_remove());
    let stopped_by = stress(context, &args, &mut act, &mut Steady { interval, pause }).await;
    act.progress.finish();
    let ended_at = context.clock.now();
    let cleanup = clean_up(&act).await;
    let full_by = act.reading.full_by;
    let recovery = match stopped_by {
        StoppedBy::PullLimit | StoppedBy::OverallLimit if args.until_recovered => {
            Some(recovery::watch(&mut act, loopback).await)
        }
        _ => None,
    };
    let record = Record::from(&act.reading);
    let report = StressReport {
        schema: "dhlimit/stress/1".to_owned(),
        image: image.to_string(),
        runtime: runtime.name().to_owned(),
        runtime_version: crate::text::one_line(runtime.version(), 200),
        identity: record.identity,
        source: record.source,
        source_kind: record.source_kind,
        limit: record.limit,
        window_seconds: record.window_seconds,
        started_at: Some(started_at),
        ended_at: Some(ended_at),
        pulls: act.pulls(),
        cost_per_pull: average_cost(&act.rounds),
        rounds: act.rounds,
        stopped_by,
        first_429: act.first_429,
        full_by,
        recovery,
        cleanup: cleanup.words,
    };
    if let Some(file) = &mut report_file {
        write_report(file, &report)?;
    }
    show(context, &args, &report)?;
    Ok(exit(context, stopped_by, cleanup.failed))
}

/// A run is one identity's over one family, so that what asks as several is no option of it.
fn refuse_several(args: &Stress) -> Result<(), Failure> {
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
    Ok(())
}

/// Whether all that will be asked is on loopback. A real runtime goes where the reference says.
fn reached_on_loopback(args: &Stress, image: &Reference, client: &Client) -> bool {
    if args.runtime != "builtin" {
        return image.is_loopback();
    }
    client.endpoint().base.host_str().is_some_and(is_loopback)
}

struct Prepared {
    runtime: Box<dyn Runtime>,
    who: Principal,
    reading: Reading,
}

/// The runtime found, the limit read, the image proved absent.
async fn prepare(
    context: &Context,
    args: &Stress,
    session: &Session,
    image: &Reference,
    client: &Arc<Client>,
    scheme: Scheme,
) -> anyhow::Result<Prepared> {
    let runtime = match runtime::by_name(&args.runtime) {
        Some(driver) => {
            Some(driver.open(&setup(context, args, scheme)).await.map_err(runtime_failure)?)
        }
        None => None,
    };
    let who = identity::who(context, args, session, image, runtime.as_deref()).await?;
    let platform = args.reach.platform.as_deref();
    let runtime = runtime.unwrap_or_else(|| {
        Box::new(Builtin::new(client.clone(), who.credential.clone(), platform, args.blobs))
    });
    for note in runtime.notes() {
        context.say(&format!("! {}", crate::text::one_line(note, 500)));
    }
    let answered = session.read(client, image, &who).await;
    refuse_hopeless(args, &answered)?;
    let present =
        runtime.present(image, answered.digest.as_deref()).await.map_err(runtime_failure)?;
    if let Some(first) = present.first() {
        let message =
            format!("{image} is there already: {}", crate::text::one_line(&first.to_string(), 200));
        return Err(Failure::usage(message)
            .advise("pulls of it would be free and its removal would take what is yours: name an image that is not there")
            .into());
    }
    Ok(Prepared { runtime, who, reading: answered })
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
                "no pull limit applies here, so no 429 would ever end this"
            } else {
                "the limit cannot be understood here"
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

fn runtime_failure(error: runtime::RuntimeError) -> Failure {
    let advice = error.advice();
    let failure = Failure::new(Exit::Runtime, error);
    match advice {
        Some(advice) => failure.advise(advice),
        None => failure,
    }
}

/// The rounds, and why they ended.
async fn stress(
    context: &Context,
    args: &Stress,
    act: &mut PullAndRead<'_>,
    pace: &mut dyn Pace<Verdict>,
) -> StoppedBy {
    let (count, floor) = (args.count, args.floor);
    if floor.zip(act.left).is_some_and(|(floor, left)| left <= floor) {
        return StoppedBy::Floor;
    }
    if count == Some(0) {
        return StoppedBy::Count;
    }
    let deadline = args.duration.map(|duration| Instant::now() + duration);
    let mut until = move |verdict: &Verdict| match verdict {
        Verdict::Limited { pull_limit: true } => Some(StoppedBy::PullLimit),
        Verdict::Limited { pull_limit: false } => Some(StoppedBy::OverallLimit),
        Verdict::Failed => Some(StoppedBy::Failure),
        Verdict::Pulled { pulls, .. } if count.is_some_and(|count| *pulls >= count) => {
            Some(StoppedBy::Count)
        }
        Verdict::Pulled { left, cheapest, .. }
            if floor
                .zip(*left)
                .is_some_and(|(floor, left)| left < floor.saturating_add(*cheapest)) =>
        {
            Some(StoppedBy::Floor)
        }
        Verdict::Pulled { .. } => None,
    };
    match rounds(act, pace, &mut until, deadline, &context.shutdown).await {
        End::Reached(reason) => reason,
        End::Deadline => StoppedBy::Deadline,
        End::Interrupted => StoppedBy::Interrupt,
    }
}

struct CleanUp {
    words: String,
    failed: bool,
}

/// Removes what was pulled, and proves it.
async fn clean_up(act: &PullAndRead<'_>) -> CleanUp {
    let none_pulled = act.pulls() == 0;
    match act.runtime.clear(&act.image, &act.last).await {
        Ok(Removal::Removed) if none_pulled => CleanUp {
            words: format!(
                "no pull was completed; what was begun of {} was removed from {}; nothing else was touched",
                act.image,
                act.runtime.name()
            ),
            failed: false,
        },
        Ok(Removal::Absent) if none_pulled => {
            CleanUp { words: "nothing was kept".to_owned(), failed: false }
        }
        Ok(Removal::Removed) => CleanUp {
            words: format!(
                "{} was removed from {}; nothing else was touched",
                act.image,
                act.runtime.name()
            ),
            failed: false,
        },
        Ok(Removal::Absent) if act.runtime.name() == "builtin" => {
            CleanUp { words: "nothing was kept".to_owned(), failed: false }
        }
        Ok(Removal::Absent) => CleanUp {
            words: format!(
                "{} is not in {} any more; nothing else was touched",
                act.image,
                act.runtime.name()
            ),
            failed: false,
        },
        Err(error) => CleanUp {
            words: format!(
                "{} could not be removed from {}: {error}",
                act.image,
                act.runtime.name()
            ),
            failed: true,
        },
    }
}

/// What one pull took on average, over the rounds in which it could be told: not those in which the
/// count rose, as a window began or pulls came back.
fn average_cost(rounds: &[Round]) -> Option<f64> {
    let pulled = rounds.iter().filter(|round| round.outcome == RoundOutcome::Pulled);
    let costs: Vec<i64> = pulled.filter_map(|round| round.cost).filter(|cost| *cost >= 0).collect();
    let rounds = u32::try_from(costs.len()).ok().filter(|rounds| *rounds > 0)?;
    let sum = i32::try_from(costs.iter().sum::<i64>()).ok()?;
    Some((f64::from(sum) / f64::from(rounds) * 100.0).round() / 100.0)
}

fn open_report(path: &Path) -> Result<File, Failure> {
    let opened = File::options().write(true).create_new(true).open(path);
    opened.map_err(|error| {
        let advice = if error.kind() == std::io::ErrorKind::AlreadyExists {
            "it is there already and is not overwritten: name another file"
        } else {
            "name a file that can be written"
        };
        Failure::new(
            Exit::Usage,
            anyhow::Error::new(error)
                .context(format!("cannot write the report to {}", path.display())),
        )
        .advise(advice)
    })
}

fn write_report(file: &mut File, report: &StressReport) -> anyhow::Result<()> {
    file.write_all(format!("{}\n", serde_json::to_string_pretty(report)?).as_bytes())?;
    Ok(file.sync_all()?)
}

fn show(context: &Context, args: &Stress, report: &StressReport) -> anyhow::Result<()> {
    let look = Look {
        columns: context.terminal.columns,
        colour: context.colour,
        now: context.clock.now(),
    };
    let usual = if context.terminal.stdout { Format::Table } else { Format::Plain };
    let text = match args.output.unwrap_or(usual) {
        Format::Json => format!("{}\n", serde_json::to_string_pretty(report)?),
        Format::Table => table(report, look),
        _ => plain(report, look),
    };
    Ok(context.answer(&text)?)
}

/// 0 where what was asked for was reached, the 429 included.
fn exit(context: &Context, stopped_by: StoppedBy, not_clean: bool) -> Exit {
    match stopped_by {
        _ if context.shutdown.is_cancelled() => Exit::Interrupted,
        _ if not_clean => Exit::Runtime,
        StoppedBy::PullLimit | StoppedBy::Count | StoppedBy::Floor | StoppedBy::Deadline => {
            Exit::Ok
        }
        StoppedBy::OverallLimit => Exit::Throttled,
        StoppedBy::Failure => Exit::Runtime,
        StoppedBy::Interrupt => Exit::Interrupted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_in_which_the_count_rose_do_not_count_for_the_cost_of_a_pull() {
        let round = |cost| Round {
            n: 1,
            at: None,
            outcome: RoundOutcome::Pulled,
            pull_ms: 1,
            remove_ms: None,
            remaining_before: None,
            remaining_after: None,
            cost,
            failure: None,
        };
        let average = |costs: &[Option<i64>]| {
            average_cost(&costs.iter().map(|cost| round(*cost)).collect::<Vec<_>>())
        };
        assert_eq!(average(&[Some(1), Some(-97), Some(1), None]), Some(1.0));
        assert_eq!(average(&[Some(2), Some(1), Some(0)]), Some(1.0));
        assert_eq!((average(&[Some(-97)]), average(&[None]), average(&[])), (None, None, None));
    }
}
