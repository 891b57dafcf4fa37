//! `mirror copy`: the images read, whoever may pay found, then one after another.

use anyhow::Context as _;

use super::super::asking;
use crate::cli;
use crate::credentials::{Account, Choice};
use crate::image::Reference;
use crate::mirror::copy::{
    Around, Destination, DestinationLogin, How, Item, Outcome, Progress, State, Tool, Waiting, copy,
};
use crate::render::{mirror as shown, span};
use crate::scan::images_from;
use crate::session::{Session, Who, images};
use crate::{Context, Exit, Failure};

/// Runs `mirror copy`.
pub(super) async fn run(
    context: &Context,
    args: cli::Copy,
    accounts: Vec<Account>,
) -> anyhow::Result<Exit> {
    let (sources, destination) = wanted(context, &args).await?;
    let mut state =
        State::open(args.state.clone()).map_err(|error| Failure::new(Exit::Usage, error))?;
    let Some(session) = asking::open(context, &args.asking, accounts, Who::Effective).await? else {
        return Ok(Exit::Interrupted);
    };
    let items = items(context, &session, sources, &destination).await?;
    let login = login(&session, &items, &destination, args.ecr_login.clone()).await?;
    let Some(mut login) = login else { return Ok(Exit::Ok) };
    let how = How {
        tool: args.tool.map(Tool::from),
        platform: Some(args.platform.clone()).filter(|platform| platform != "all"),
        floor: args.floor,
    };
    let progress = |progress: Progress<'_>| tell_progress(context, &progress);
    let around = Around {
        session: &session,
        clock: context.clock.as_ref(),
        environment: &context.environment,
        shutdown: &context.shutdown,
        progress: &progress,
    };
    let report =
        copy(&items, &how, &around, &mut login, &mut state).await.map_err(Failure::from)?;
    context.pass("");
    super::tell(context, args.output, &report, shown::copy_plain, shown::copy_table)?;
    Ok(if context.shutdown.is_cancelled() { Exit::Interrupted } else { report.exit() })
}

/// A wait counts down on one line of a terminal, and is a line elsewhere; an image is a line.
fn tell_progress(context: &Context, progress: &Progress<'_>) {
    match progress {
        Progress::Waits(waiting) => {
            let line = waits(context, waiting);
            if context.terminal.stderr && context.talkative {
                context.pass(&crate::text::one_line(&line, 76));
            } else {
                context.say(&line);
            }
        }
        Progress::Done(image) if image.outcome != Outcome::Skipped => {
            context.say(&format!("· {}: {}", image.outcome.as_str(), image.source));
        }
        Progress::Done(_) => {}
    }
}

fn waits(context: &Context, waiting: &Waiting) -> String {
    let left = waiting.full_by.map(|full_by| {
        let seconds = (full_by - context.clock.now()).num_seconds().max(0);
        format!("; full again within {}", span(seconds.unsigned_abs()))
    });
    format!(
        "waiting: {} left of {}, {} wanted{}",
        waiting.remaining,
        waiting.whom,
        waiting.wanted,
        left.unwrap_or_default()
    )
}

/// The images and where they go.
async fn wanted(
    context: &Context,
    args: &cli::Copy,
) -> anyhow::Result<(Vec<Reference>, Destination)> {
    let (last, typed) = args.images.split_last().context("no destination")?;
    let sources = match &args.from {
        Some(_) if !typed.is_empty() => {
            return Err(Failure::usage("images are named both by --from and on the command line")
                .advise("with --from FILE the one argument is the destination")
                .into());
        }
        Some(file) => images_from(context, file).await?.into_vec(),
        None if typed.is_empty() => {
            return Err(Failure::usage("a destination without an image")
                .advise("write dhlimit mirror copy IMAGE... DESTINATION")
                .into());
        }
        None => images(typed)?,
    };
    let destination = Destination::parse(last, sources.len()).map_err(|error| {
        Failure::new(Exit::Usage, anyhow::Error::new(error).context("the destination"))
    })?;
    Ok((sources, destination))
}

async fn items(
    context: &Context,
    session: &Session,
    sources: Vec<Reference>,
    destination: &Destination,
) -> anyhow::Result<Vec<Item>> {
    let mut items = Vec::new();
    for source in sources {
        let principals = asking::principals(context, session, &source).await?;
        let named = destination.of(&source).map_err(|error| Failure::new(Exit::Usage, error))?;
        items.push(Item { destination: named, source, principals });
    }
    Ok(items)
}

/// The login at the destination; `None` where there is nothing to copy.
async fn login(
    session: &Session,
    items: &[Item],
    destination: &Destination,
    region: Option<String>,
) -> anyhow::Result<Option<DestinationLogin>> {
    let Some(first) = items.first() else { return Ok(None) };
    let image = &first.destination;
    let keychain = session.keychain();
    let found = keychain.identities(image.registry(), image.repository(), &Choice::Effective).await;
    let found = found.map_err(|error| Failure::new(Exit::Credentials, error))?;
    let credential = found.identities.into_iter().next().map(|found| found.credential);
    Ok(Some(DestinationLogin::new(destination.host(), credential.unwrap_or_default(), region)))
}
