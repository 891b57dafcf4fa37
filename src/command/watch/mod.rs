//! `watch`: readings at an interval until something is reached, time is up or somebody ends it. What
//! fails on the way is shown and survived. One loop ([`super::rounds`]), one request at a time.

mod goal;
pub(super) mod live;
mod poll;
mod show;
mod tty;

use std::sync::Arc;

use tokio::time::{Instant, sleep_until};

use super::asking;
use crate::cli::{Format, Watch};
use crate::credentials::Account;
use crate::history::Series;
use crate::image::is_loopback;
use crate::polling::backoff::Jitter;
use crate::polling::policy::{RatePolicy, slowed};
use crate::polling::rounds::{End, rounds};
use crate::polling::schedule::Schedule;
use crate::process::hook::{Hook, Say};
use crate::quota::{Law, Window};
use crate::registry::Client;
use crate::render::watch::view::Subject;
use crate::sandbox::{self, Traffic};
use crate::session::{Session, Who};
use crate::{Context, Exit, Failure};

use goal::Goal;
use live::{Control, Left, Live, Parts, Update};
use poll::{Done, Polls, Shared, Target, Turns, Waits, Wish};
use show::Show;

/// The sandbox of `watch --sandbox`: used up after a minute and a half, whole again every two minutes.
const TRAFFIC: &str = "steady:4000/h";
const WINDOW: Option<Window> = Window::from_seconds(120);

/// So many are read one right after the other at first; further ones are spread over the interval.
const FIRST: usize = 16;

/// How a watch ended.
enum Ended {
    Reached,
    Time,
    Left,
    Interrupted,
    Broken,
}

/// Runs `watch`.
pub(super) async fn run(
    context: &Context,
    args: Watch,
    accounts: Vec<Account>,
) -> anyhow::Result<Exit> {
    let traffic = args
        .traffic
        .as_deref()
        .unwrap_or(TRAFFIC)
        .parse::<Traffic>()
        .map_err(|error| Failure::new(Exit::Usage, error))?;
    let lively = |settings| sandbox::Settings {
        traffic: Some(traffic),
        window: WINDOW,
        law: Law::Fixed,
        ..settings
    };
    let session =
        asking::open_with_sandbox(context, &args.asking, accounts, Who::All, lively).await?;
    let Some(session) = session else { return Ok(Exit::Interrupted) };
    let (targets, policies) = tokio::select! {
        found = targets(context, &session, &args) => found?,
        () = context.shutdown.cancelled() => return Ok(Exit::Interrupted),
    };
    let schedule = Schedule::new(policies, args.interval, FIRST, Instant::now());
    let turns = Turns::shared(schedule, targets.len(), context);
    let stop = context.shutdown.child_token();
    let recorder = show::recorder(context, &args)?;
    let sandbox = targets.iter().any(|target| session.is_practice(&target.image));
    let stage = set_up(context, &args, &targets, &turns, sandbox);
    let mut polls = Polls {
        context,
        session: &session,
        targets,
        turns: turns.clone(),
        jitter: Jitter::new(),
        goal: Goal::of(&args),
        show: stage.show,
        hook: args.on_change.clone().map(|command| Hook::new(command, stage.say.clone())),
        recorder,
        say: stage.say,
        stop: stop.clone(),
        error: None,
    };
    let mut waits = Waits { context, turns, wishes: stage.wishes };
    let mut until = |done: &Done| (*done != Done::Read).then_some(*done);
    let deadline = args.duration.map(|duration| Instant::now() + duration);
    let mut ended = tokio::select! {
        end = rounds(&mut polls, &mut waits, &mut until, None, &stop) => match end {
            End::Reached(Done::Broken) => Ended::Broken,
            End::Reached(_) => Ended::Reached,
            End::Deadline => Ended::Time,
            End::Interrupted => Ended::Interrupted,
        },
        () = passed(deadline) => Ended::Time,
        () = left(stage.live.as_ref()) => Ended::Left,
    };
    if let Some(live) = stage.live {
        match live.close(context).await {
            Ok(Some(Left::Interrupted)) => ended = Ended::Interrupted,
            Ok(_) => {}
            Err(error) => {
                polls.error = Some(error.into());
                ended = Ended::Broken;
            }
        }
    }
    if let Some(hook) = polls.hook.take() {
        hook.finish(matches!(ended, Ended::Reached | Ended::Time | Ended::Left), &context.shutdown)
            .await;
        if context.shutdown.is_cancelled() && !matches!(ended, Ended::Broken) {
            ended = Ended::Interrupted;
        }
    }
    match ended {
        Ended::Reached | Ended::Left => Ok(Exit::Ok),
        Ended::Time => Ok(polls.goal.exit_without(polls.worst()?)),
        Ended::Interrupted => Ok(Exit::Interrupted),
        Ended::Broken => {
            Err(polls.error.take().unwrap_or_else(|| anyhow::anyhow!("nothing is left to watch")))
        }
    }
}

/// Where readings go, where the command on changes speaks, and what comes back from the keys.
struct Stage {
    show: Show,
    say: Say,
    live: Option<Live>,
    wishes: Option<tokio::sync::mpsc::Receiver<Wish>>,
}

/// The live view where there is a terminal for it, else lines.
fn set_up(
    context: &Context,
    args: &Watch,
    targets: &[Target],
    turns: &Shared,
    sandbox: bool,
) -> Stage {
    let speaker = context.clone();
    let say: Say = Arc::new(move |line: &str| speaker.say(line));
    let lines = |show| Stage { show, say: say.clone(), live: None, wishes: None };
    if args.output == Some(Format::Jsonl) {
        return lines(Show::Jsonl);
    }
    if !wants_view(context, args.output) {
        return lines(Show::Plain);
    }
    let (updates, taken) = std::sync::mpsc::channel();
    let (wishes, granted) = tokio::sync::mpsc::channel(16);
    let names =
        targets.iter().map(|target| format!("{}  {}", target.who.identity, target.image)).collect();
    let control = Some(Control { wishes, turns: turns.clone() });
    let subject = Subject { command: "watch", sandbox };
    match Live::open(context, Parts { names, subject, updates: taken, control }) {
        Ok(live) => {
            let notes = updates.clone();
            let say: Say =
                Arc::new(move |line: &str| drop(notes.send(Update::Note(line.to_owned()))));
            Stage { show: Show::Live(updates), say, live: Some(live), wishes: Some(granted) }
        }
        Err(error) => {
            context.say(&format!("! this terminal shows no live view ({error}); here are lines"));
            lines(Show::Plain)
        }
    }
}

/// Whether the live view is wanted and possible: not in CI, where a terminal may be pretended, not
/// under `-v`, whose trace would be written across it.
pub(super) fn wants_view(context: &Context, output: Option<Format>) -> bool {
    let pretended = context.environment.var("CI").is_some_and(|value| value != "false");
    let usual = context.terminal.stdout && context.environment.var("TERM") != Some("dumb");
    match output {
        Some(Format::Table) => usual,
        Some(_) => false,
        None => {
            usual
                && !pretended
                && !(context.terminal.stderr && tracing::enabled!(tracing::Level::DEBUG))
        }
    }
}

async fn left(live: Option<&Live>) {
    match live {
        Some(live) => live.left.cancelled().await,
        None => std::future::pending().await,
    }
}

async fn passed(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// Every image as every identity over every family, and what each registry may be asked.
async fn targets(
    context: &Context,
    session: &Session,
    args: &Watch,
) -> Result<(Vec<Target>, Vec<RatePolicy>), Failure> {
    let (mut targets, mut policies) = (Vec::new(), Vec::new());
    for image in asking::images(&args.images)? {
        // The identity that pulls from here counts against comes first, and is the one selected.
        let mut found = asking::principals(context, session, &image).await?;
        found.sort_by_key(|who| !who.effective);
        for who in found {
            for family in session.families() {
                let client = session.client(&image, *family)?;
                policies.push(RatePolicy::of(
                    image.canonical_registry(),
                    &format!("{} {family:?}", who.identity),
                    image.is_docker_hub(),
                    is_near(&client),
                    args.force_interval,
                ));
                let series = Series::new(args.drop);
                targets.push(Target {
                    client,
                    image: image.clone(),
                    who: who.clone(),
                    series,
                    exit: None,
                });
            }
        }
    }
    if targets.is_empty() {
        return Err(Failure::new(Exit::Credentials, anyhow::anyhow!("nobody to ask as")));
    }
    if let Some(words) = args.interval.and_then(|interval| slowed(&policies, interval)) {
        context.say(&format!("! {words}"));
    }
    Ok((targets, policies))
}

/// Whether the registry is on loopback: what is asked there troubles nobody else.
fn is_near(client: &Client) -> bool {
    client.endpoint().base.host_str().is_some_and(is_loopback)
}
