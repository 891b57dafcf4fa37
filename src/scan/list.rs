//! `--from` of commands that take images: a list of them, or whatever a scan finds.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use anyhow::Context as _;

use super::input::bounded;
use super::{Scan, of_path, say_skipped};
use crate::image::{Images, ImagesError};
use crate::{Context, Exit, Failure};

/// The images of `--from`: a file or standard input with one image a line, the JSON of `scan`, or a folder
/// or any other file that `scan` reads.
pub(crate) async fn images_from(context: &Context, path: &Path) -> anyhow::Result<Images> {
    let name = format!("--from {}", path.display());
    if path.is_dir() {
        let scan = of_path(context, path).await?;
        say_skipped(context, &scan);
        return of_scan(&scan)?.context(name);
    }
    let file = path.to_owned();
    let text = crate::context::aside(move || list(&file));
    let text = tokio::select! {
        text = text => text?,
        () = context.shutdown.cancelled() => return Err(Failure::new(Exit::Interrupted, anyhow::anyhow!("interrupted")).into()),
    };
    let text =
        text.with_context(|| name.clone()).map_err(|error| Failure::new(Exit::Usage, error))?;
    let error = match Images::parse(&text) {
        Ok(images) => return Ok(images),
        Err(error) => error,
    };
    // No list: a manifest or another file that names images among other things.
    if path.is_file()
        && let scan = of_path(context, path).await?
        && let Ok(images) = of_scan(&scan)?
        && !images.is_empty()
    {
        say_skipped(context, &scan);
        return Ok(images);
    }
    Err(Failure::new(Exit::Usage, anyhow::Error::new(error).context(name)).into())
}

fn of_scan(scan: &Scan) -> anyhow::Result<Result<Images, ImagesError>> {
    Ok(Images::parse(&serde_json::to_string(scan)?))
}

fn list(path: &Path) -> io::Result<String> {
    let source: Box<dyn Read> =
        if path == Path::new("-") { Box::new(io::stdin()) } else { Box::new(File::open(path)?) };
    String::from_utf8(bounded(source)?)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"))
}
