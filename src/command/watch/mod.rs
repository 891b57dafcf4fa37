//! `watch`: readings at an interval until something is reached, time is up or somebody ends it. What
//! fails on the way is shown and survived. One loop ([`super::rounds`]), one request at a time.

mod backoff;
mod drift;
mod goal;
mod hook;
mod pace;
mod poll;
mod series;
mod show;

use std::sync::Arc;

use tokio::time::{Instant, sleep_until};

use super::asker::{self, Asker};
use super::check::DEFAULT_IMAGE;
use super::rounds::{End, rounds};
use crate::cli::{Format, Watch};
use crate::credentials::{Account, Choice};
use crate::image::{Reference, is_loopback};
use crate::quota::{Law, Window};
use crate::registry::Client;
use crate::sandbox::{self, Traffic};
use crate::{Context, Exit, Failure};

use backoff::Dice;
use goal::Goal;
use hook::Hook;
use pace::{HUB_LEAST, Manners, Schedule};
use poll::{Done, Polls, Target, Turns, Waits};
use series::Series;
use show::Show;

/// The sandbox of `watch --sandbox`: used up after a minute and a half, whole again every two minutes.
const TRAFFIC: &str = "steady:4000/h";
const WINDOW: Option<Window> = Window::from_seconds(120);

/// How a watch ended.
enum Ended {
    Reached,
    Time,
    Interrupted,
    Broken,
}

/// Runs `watch`.
pub(super) async fn run(context: &Context, args: Watch, accounts: Vec<Account>) -> anyhow::Result<Exit> {
    let traffic = args.traffic.as_deref().unwrap_or(TRAFFIC).parse::<Traffic>().map_err(|error| Failure::new(Exit::Usage, error))?;
    let lively = |settings| sandbox::Settings { traffic: Some(traffic), window: WINDOW, law: Law::Fixed, ..settings };
    let asker = Asker::with_sandbox(context, &args.asking, accounts, Choice::All, lively).await?;
    let (targets, manners) = tokio::select! {
        found = targets(context, &asker, &args) => found?,
        () = context.shutdown.cancelled() => return Ok(Exit::Interrupted),
    };
    let schedule = Schedule::new(manners, args.interval, Instant::now());
    let turns = Turns::shared(schedule, targets.len(), context);
    let show = match args.output {
        Some(Format::Jsonl) => Show::Jsonl,
        _ => Show::Plain,
    };
    let stop = context.shutdown.child_token();
    let say = context.clone();
    let mut polls = Polls {
        context,
        asker: &asker,
        targets,
        turns: turns.clone(),
        dice: Dice::new(),
        goal: Goal::of(&args),
        show,
        hook: args.on_change.clone().map(|command| Hook::new(command, Arc::new(move |line: &str| say.say(line)))),
        stop: stop.clone(),
        error: None,
    };
    let mut waits = Waits { context, turns, wishes: None };
    let mut until = |done: &Done| (*done != Done::Read).then_some(*done);
    let deadline = args.duration.map(|duration| Instant::now() + duration);
    let ended = tokio::select! {
        end = rounds(&mut polls, &mut waits, &mut until, None, &stop) => match end {
            End::Reached(Done::Broken) => Ended::Broken,
            End::Reached(_) => Ended::Reached,
            End::Deadline => Ended::Time,
            End::Interrupted => Ended::Interrupted,
        },
        () = passed(deadline) => Ended::Time,
    };
    if let Some(hook) = polls.hook.take() {
        hook.finish(matches!(ended, Ended::Reached | Ended::Time)).await;
    }
    match ended {
        Ended::Reached => Ok(Exit::Ok),
        Ended::Time => Ok(polls.goal.exit_without(polls.worst())),
        Ended::Interrupted => Ok(Exit::Interrupted),
        Ended::Broken => Err(polls.error.take().unwrap_or_else(|| anyhow::anyhow!("nothing is left to watch"))),
    }
}

async fn passed(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// Every image as every identity over every family, and what each registry may be asked.
async fn targets(context: &Context, asker: &Asker, args: &Watch) -> Result<(Vec<Target>, Vec<Manners>), Failure> {
    let mut images: Vec<Reference> = Vec::new();
    for text in if args.images.is_empty() { vec![DEFAULT_IMAGE.to_owned()] } else { args.images.clone() } {
        let image = asker::image(&text)?;
        if !images.contains(&image) {
            images.push(image);
        }
    }
    let (mut targets, mut manners) = (Vec::new(), Vec::new());
    for image in images {
        for who in asker.principals(&image).await? {
            for family in asker.families() {
                let client = asker.client(&image, *family)?;
                manners.push(Manners::towards(image.registry(), image.is_docker_hub(), is_near(&client), args.force_interval));
                let series = Series::new(args.drop);
                targets.push(Target { client, image: image.clone(), who: who.clone(), series, exit: None });
            }
        }
    }
    if targets.is_empty() {
        return Err(Failure::new(Exit::Credentials, anyhow::anyhow!("nobody to ask as")));
    }
    let hub = manners.iter().any(|manners| manners.least == HUB_LEAST);
    if hub && args.interval.is_some_and(|interval| interval < HUB_LEAST) {
        context.say(&format!("! Docker Hub is asked every {} s at the most; --force-interval lifts that", HUB_LEAST.as_secs()));
    }
    Ok((targets, manners))
}

/// Whether the registry is on loopback: what is asked there troubles nobody else.
fn is_near(client: &Client) -> bool {
    client.endpoint().base.host_str().is_some_and(|host| is_loopback(host.trim_matches(['[', ']'])))
}
