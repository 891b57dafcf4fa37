//! `report`: recordings read as a stream, summed up, and written as text, JSON, a drawing or a page.

mod fold;

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tempfile::NamedTempFile;

use crate::cli::{self, Format};
use crate::recording::{Line, Reader};
use crate::render::Look;
use crate::render::report::{Report, html, svg, table};
use crate::{Context, Exit, Failure};
use fold::Fold;

/// Samples between two looks at whether to stop.
const BREATH: u64 = 4096;

/// Runs `report`.
pub(super) async fn run(context: &Context, args: cli::Report) -> anyhow::Result<Exit> {
    let format = args.output.or_else(|| args.out.as_deref().and_then(by_ending)).unwrap_or(Format::Table);
    let target = args.out.as_deref().map(Target::open).transpose().map_err(|error| Failure::new(Exit::Usage, error))?;
    let worker = context.clone();
    let files = args.files;
    // Reading a long recording must not keep the signals waiting.
    let Some(report) = tokio::task::spawn_blocking(move || read(&worker, &files)).await?? else { return Ok(Exit::Interrupted) };
    let to_file = target.is_some();
    let text = match format {
        Format::Json => serde_json::to_string_pretty(&report)? + "\n",
        Format::Svg => svg(&report),
        Format::Html => html(&report),
        _ => {
            let columns = context.terminal.columns.filter(|_| !to_file);
            table(&report, Look { columns, colour: context.colour && !to_file, now: context.clock.now() })
        }
    };
    match target {
        Some(target) => target.finish(&text).map_err(|error| Failure::new(Exit::Usage, error))?,
        None => context.answer(&text)?,
    }
    Ok(Exit::Ok)
}

/// The files in their order; `None` where it was interrupted.
fn read(context: &Context, files: &[PathBuf]) -> Result<Option<Report>, Failure> {
    let usage = |error| Failure::new(Exit::Usage, error);
    let advice = "give files that `dhlimit watch --record FILE` or `dhlimit watch -o jsonl` wrote";
    let mut fold = Fold::default();
    for path in files {
        let reader = if path == Path::new("-") {
            Reader::new(Path::new("standard input"), BufReader::new(io::stdin()))
        } else {
            Reader::open(path).map_err(|error| usage(anyhow::Error::new(error)).advise(advice))?
        };
        let name = path.to_string_lossy();
        let mut count = 0_u64;
        for line in reader {
            match line.map_err(|error| usage(anyhow::Error::new(error)).advise(advice))? {
                Line::Sample(sample) => fold.push(&name, &sample).map_err(|error| usage(error.into()))?,
                Line::Torn(number) => {
                    fold.torn();
                    context.say(&format!("! {}: line {number} had been torn off by a crash; it is passed over", path.display()));
                }
            }
            count += 1;
            if count.is_multiple_of(BREATH) && context.shutdown.is_cancelled() {
                return Ok(None);
            }
        }
        if count == 0 {
            context.say(&format!("! {} holds no samples yet", path.display()));
        }
    }
    Ok(Some(fold.finish()))
}

fn by_ending(path: &Path) -> Option<Format> {
    match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "html" | "htm" => Some(Format::Html),
        "svg" => Some(Format::Svg),
        "json" => Some(Format::Json),
        _ => None,
    }
}

/// Where `--out` points: opened before the work, and an older report there stays until the new one is whole.
enum Target {
    Beside(NamedTempFile, PathBuf),
    Special(File, PathBuf),
}

impl Target {
    fn open(path: &Path) -> anyhow::Result<Self> {
        let cannot = || format!("cannot write to {}", path.display());
        let found = std::fs::metadata(path);
        if found.as_ref().is_ok_and(std::fs::Metadata::is_dir) {
            anyhow::bail!("{}: it is a folder", cannot());
        }
        // A pipe, a device or a link keeps being what it is.
        if found.is_ok_and(|found| !found.is_file()) || path.is_symlink() {
            return Ok(Self::Special(
                OpenOptions::new().write(true).create(true).truncate(false).open(path).with_context(cannot)?,
                path.to_owned(),
            ));
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let permissions = Permissions::from_mode(0o666);
        let file = tempfile::Builder::new().prefix(".dhlimit-").permissions(permissions).tempfile_in(folder).with_context(cannot)?;
        Ok(Self::Beside(file, path.to_owned()))
    }

    fn finish(self, text: &str) -> anyhow::Result<()> {
        match self {
            Self::Beside(mut file, path) => {
                let cannot = || format!("cannot write to {}", path.display());
                file.write_all(text.as_bytes()).and_then(|()| file.as_file().sync_data()).with_context(cannot)?;
                file.persist(&path).with_context(cannot)?;
            }
            Self::Special(mut file, path) => {
                let _ = file.set_len(0);
                file.write_all(text.as_bytes()).with_context(|| format!("cannot write to {}", path.display()))?;
            }
        }
        Ok(())
    }
}
