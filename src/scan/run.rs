//! A scan beside what else goes on: on a thread of its own, with a count of its files on the terminal.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context as _;

use super::input::bounded;
use super::{Request, Scan, scan};
use crate::{Context, Exit, Failure};

/// How often the count of files is shown, and how long nothing is shown at first.
const PATIENCE: Duration = Duration::from_secs(1);

/// The files read, with a count on the terminal where that takes a while; `None` where it was interrupted.
pub(crate) async fn run(
    context: &Context,
    mut request: Request,
    reads_input: bool,
) -> anyhow::Result<Option<Scan>> {
    let count = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&count);
    // Aside, where a pipe that nobody writes to holds up nobody.
    let work = crate::context::aside(move || {
        if reads_input {
            let bytes = bounded(std::io::stdin()).context("standard input")?;
            request.stdin = Some(String::from_utf8_lossy(&bytes).into_owned());
        }
        Ok::<_, anyhow::Error>(scan(&request, &|files| counted.store(files, Ordering::Relaxed))?)
    });
    tokio::pin!(work);
    let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + PATIENCE, PATIENCE / 4);
    loop {
        tokio::select! {
            found = &mut work => {
                context.pass("");
                return match found? {
                    Ok(found) => Ok(Some(found)),
                    Err(error) => Err(Failure::new(Exit::Usage, error).into()),
                };
            }
            () = context.shutdown.cancelled() => return Ok(None),
            _ = ticks.tick(), if context.terminal.stderr && context.talkative => {
                context.pass(&format!("· {} files read", count.load(Ordering::Relaxed)));
            }
        }
    }
}

/// All that a file or folder names, as `scan PATH` finds it.
pub(crate) async fn of_path(context: &Context, path: &Path) -> anyhow::Result<Scan> {
    let request = Request { paths: vec![path.to_owned()], ..Request::default() };
    let Some(scan) = run(context, request, path == Path::new("-")).await? else {
        return Err(Failure::new(Exit::Interrupted, anyhow::anyhow!("interrupted")).into());
    };
    Ok(scan)
}

/// Names the files that were not read as they should be.
pub(crate) fn say_skipped(context: &Context, scan: &Scan) {
    for skipped in &scan.skipped {
        context.say(&format!("· {}: {}", skipped.path, skipped.reason));
    }
}
