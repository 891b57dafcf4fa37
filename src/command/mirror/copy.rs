//! `mirror copy`: the images read, whoever may pay found, then one after another.

use std::io::Read;
use std::path::Path;

use anyhow::Context as _;

use super::super::asking;
use crate::cli::{self, CopyTool, Format};
use crate::credentials::{Account, Choice};
use crate::image::Reference;
use crate::mirror::copy::{
    Around, CopyError, CopyReport, Destination, DestinationLogin, How, Item, Outcome, Progress,
    State, Tool, Waiting, copy,
};
use crate::render::{Look, mirror as shown, span};
use crate::session::{Session, Who};
use crate::{Context, Exit, Failure};

/// The largest list of images that is read.
const MOST_BYTES: u64 = 64 << 20;

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
        tool: args.tool.map(tool),
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
    let report = copy(&items, &how, &around, &mut login, &mut state).await.map_err(failure)?;
    context.pass("");
    tell(context, args.output, &report)?;
    Ok(if context.shutdown.is_cancelled() { Exit::Interrupted } else { report.exit() })
}

fn tool(tool: CopyTool) -> Tool {
    match tool {
        CopyTool::Crane => Tool::Crane,
        CopyTool::Skopeo => Tool::Skopeo,
        CopyTool::Nerdctl => Tool::Nerdctl,
        CopyTool::Docker => Tool::Docker,
        CopyTool::Podman => Tool::Podman,
    }
}

fn failure(error: CopyError) -> Failure {
    match error {
        CopyError::NoTool(_) => Failure::new(Exit::Runtime, error)
            .advise("install crane or skopeo, which copy every platform of an image"),
        CopyError::Folder(_) | CopyError::State(_) => Failure::new(Exit::Usage, error),
    }
}

fn tell(context: &Context, format: Format, report: &CopyReport) -> anyhow::Result<()> {
    let look = Look {
        columns: context.terminal.columns,
        colour: context.colour,
        now: context.clock.now(),
    };
    context.tell(&match format {
        Format::Json => serde_json::to_string(report)? + "\n",
        Format::Plain => shown::copy_plain(report),
        _ => shown::copy_table(report, look),
    })?;
    Ok(())
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
    let mut sources = Vec::new();
    match &args.from {
        Some(_) if !typed.is_empty() => {
            return Err(Failure::usage("images are named both by --from and on the command line")
                .advise("with --from FILE the one argument is the destination")
                .into());
        }
        Some(file) => {
            let file = file.clone();
            let text = crate::context::aside(move || read(&file));
            let text = tokio::select! {
                text = text => text??,
                () = context.shutdown.cancelled() => return Err(Failure::new(Exit::Interrupted, anyhow::anyhow!("interrupted")).into()),
            };
            for name in names(&text) {
                let image = asking::image(&name)?;
                if !sources.contains(&image) {
                    sources.push(image);
                }
            }
        }
        None if typed.is_empty() => {
            return Err(Failure::usage("a destination without an image")
                .advise("write dhlimit mirror copy IMAGE... DESTINATION")
                .into());
        }
        None => sources = asking::images(typed)?,
    }
    let destination = Destination::parse(last, sources.len()).map_err(|error| {
        Failure::new(Exit::Usage, anyhow::Error::new(error).context("the destination"))
    })?;
    Ok((sources, destination))
}

fn read(path: &Path) -> Result<String, Failure> {
    let text = || {
        let source: Box<dyn Read> = if path == Path::new("-") {
            Box::new(std::io::stdin())
        } else {
            Box::new(std::fs::File::open(path)?)
        };
        let mut text = String::new();
        source.take(MOST_BYTES).read_to_string(&mut text).map(|_| text)
    };
    text()
        .with_context(|| format!("--from {}", path.display()))
        .map_err(|error| Failure::new(Exit::Usage, error))
}

/// One image a line, or the images that a scan found.
fn names(text: &str) -> Vec<String> {
    let scan: Option<serde_json::Value> = serde_json::from_str(text).ok();
    if let Some(references) = scan.as_ref().and_then(|scan| scan.get("references")?.as_array()) {
        let image = |row: &serde_json::Value| row.get("image")?.as_str().map(str::to_owned);
        return references.iter().filter_map(image).collect();
    }
    let line = |line: &str| {
        let name = line.split_once(" #").map_or(line, |(name, _)| name).trim();
        (!name.is_empty() && !name.starts_with('#')).then(|| name.to_owned())
    };
    text.lines().filter_map(line).collect()
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
