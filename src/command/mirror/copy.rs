//! `mirror copy`: the images read, whoever may pay found, then one after another.

use super::super::asking;
use crate::cli;
use crate::credentials::Account;
use crate::image::Reference;
use crate::mirror::copy::{
    Around, Destination, How, Item, Outcome, Progress, State, Tool, copied, copy, destination_login,
};
use crate::render::mirror as shown;
use crate::session::{Session, Who};
use crate::{Context, Exit, Failure};

/// Runs `mirror copy`.
pub(super) async fn run(
    context: &Context,
    args: cli::Copy,
    accounts: Vec<Account>,
) -> anyhow::Result<Exit> {
    let (sources, destination) = copied(context, &args).await?;
    let mut state =
        State::open(args.state.clone()).map_err(|error| Failure::new(Exit::Usage, error))?;
    let Some(session) = asking::open(context, &args.asking, accounts, Who::Effective).await? else {
        return Ok(Exit::Interrupted);
    };
    let items = items(context, &session, sources, &destination).await?;
    let login = destination_login(&session, &items, &destination, args.ecr_login.clone()).await?;
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
            let line = shown::copy_wait(waiting, context.clock.now());
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
