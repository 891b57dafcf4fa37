//! `watch`: from arguments to targets, their schedule and where readings go; how it ends. The work is in
//! [`crate::watch`].

mod output;

use std::sync::Arc;

use tokio::time::{Instant, sleep_until};

use super::asking;
use crate::cli::{Format, Watch};
use crate::credentials::Account;
use crate::history::Series;
use crate::polling::readings::Readings;
use crate::polling::schedule::{FIRST, Schedule};
use crate::polling::target::Target;
use crate::polling::turns::{Shared, Turns, Wish};
use crate::process::hook::{Hook, Say};
use crate::render::live::{self, Control, Left, Live, Parts, Update};
use crate::render::watch::view::Subject;
use crate::session::Who;
use crate::watch::{End, Goal, Watching, lively, recorder};
use crate::{Context, Exit};

use output::{Output, Show};

/// How a watch ended.
enum Ended {
    Reached,
    Time,
    Left,
    Interrupted,
    Broken(anyhow::Error),
}

impl From<End> for Ended {
    fn from(end: End) -> Self {
        match end {
            End::Reached => Self::Reached,
            End::Broken(error) => Self::Broken(error),
        }
    }
}

/// Runs `watch`.
pub(super) async fn run(
    context: &Context,
    args: Watch,
    accounts: Vec<Account>,
) -> anyhow::Result<Exit> {
    let lively = lively(args.traffic.as_deref())?;
    let session =
        asking::open_with_sandbox(context, &args.asking, accounts, Who::All, lively).await?;
    let Some(session) = session else { return Ok(Exit::Interrupted) };
    let (targets, policies) = tokio::select! {
        found = asking::targets(context, &session, &args.images, args.interval, args.force_interval) => found?,
        () = context.shutdown.cancelled() => return Ok(Exit::Interrupted),
    };
    let schedule = Schedule::new(policies, args.interval, FIRST, Instant::now());
    let turns = Turns::shared(schedule, targets.len(), context.clock.as_ref());
    let stop = context.shutdown.child_token();
    let recorder = recorder(context, &args)?;
    let sandbox = targets.iter().any(|target| session.is_practice(&target.image));
    let stage = set_up(context, &args, &targets, &turns, sandbox);
    let hook = args.on_change.clone().map(|command| Hook::new(command, stage.say.clone()));
    let output = Output { context, recorder, hook, show: stage.show, say: stage.say };
    let mut watching = Watching::new(&targets, Goal::of(&args), output);
    let deadline = args.duration.map(|duration| Instant::now() + duration);
    let clock = context.clock.as_ref();
    let readings = Readings { session: &session, targets: &targets, turns: &turns, clock };
    let mut series: Vec<Series> = targets.iter().map(|_| Series::new(args.drop)).collect();
    let mut ended = tokio::select! {
        end = readings.run(&mut series, &mut watching, stage.wishes, &stop) => {
            end.map_or(Ended::Interrupted, Ended::from)
        }
        () = passed(deadline) => Ended::Time,
        () = left(stage.live.as_ref()) => Ended::Left,
    };
    if let Some(live) = stage.live {
        match live.close(context).await {
            Ok(Some(Left::Interrupted)) => ended = Ended::Interrupted,
            Ok(_) => {}
            Err(error) => ended = Ended::Broken(error.into()),
        }
    }
    if let Some(hook) = watching.display.hook.take() {
        hook.finish(matches!(ended, Ended::Reached | Ended::Time | Ended::Left), &context.shutdown)
            .await;
        if context.shutdown.is_cancelled() && !matches!(ended, Ended::Broken(_)) {
            ended = Ended::Interrupted;
        }
    }
    match ended {
        Ended::Reached | Ended::Left => Ok(Exit::Ok),
        Ended::Time => Ok(Goal::of(&args).exit_without(watching.worst()?)),
        Ended::Interrupted => Ok(Exit::Interrupted),
        Ended::Broken(error) => Err(error),
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
    if !live::is_wanted(context, args.output.map(|output| output == Format::Table)) {
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
