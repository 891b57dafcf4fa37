//! `report`: recordings read as a stream, summed up, and written as text, JSON, a drawing or a page.

mod fold;

use std::collections::BTreeMap;
use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io::{self, BufReader, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tempfile::NamedTempFile;

use crate::cli::{self, Format};
use crate::recording::{self, Line, Reader};
use crate::render::Look;
use crate::render::report::{Report, html, svg, table};
use crate::{Context, Exit, Failure};
use fold::Fold;

/// Samples between two looks at whether to stop.
const BREATH: u64 = 4096;

/// Foreign schemas that are told apart.
const MOST_SCHEMAS: usize = 8;

/// Runs `report`.
pub(super) async fn run(context: &Context, args: cli::Report) -> anyhow::Result<Exit> {
    let format = match (args.output, args.out.as_deref()) {
        (Some(format), _) => format,
        (None, Some(path)) => by_ending(path)?,
        (None, None) => Format::Table,
    };
    let target = args.out.as_deref().map(|path| Target::open(path, &args.files)).transpose()?;
    let worker = context.clone();
    let files = args.files;
    // Reading a long recording must not keep the signals waiting.
    let Some(report) = tokio::task::spawn_blocking(move || read(&worker, &files)).await?? else {
        return Ok(Exit::Interrupted);
    };
    let to_file = target.is_some();
    let text = match format {
        Format::Json => serde_json::to_string_pretty(&report)? + "\n",
        Format::Svg => svg(&report),
        Format::Html => html(&report),
        _ => {
            let columns = context.terminal.columns.filter(|_| !to_file);
            table(
                &report,
                Look { columns, colour: context.colour && !to_file, now: context.clock.now() },
            )
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
        let (mut count, mut passed) = (0_u64, Passed::default());
        for line in reader {
            match line.map_err(|error| usage(anyhow::Error::new(error)).advise(advice))? {
                Line::Sample(sample) => fold.push(&name, &sample),
                Line::Torn(number) => {
                    fold.torn();
                    context.say(&format!(
                        "! {}: line {number} had been torn off by a crash; it is passed over",
                        path.display()
                    ));
                }
                Line::Foreign { line, schema } => {
                    fold.torn();
                    passed.push(line, schema);
                }
            }
            count += 1;
            if count.is_multiple_of(BREATH) && context.shutdown.is_cancelled() {
                return Ok(None);
            }
        }
        passed
            .words()
            .iter()
            .for_each(|words| context.say(&format!("! {}: {words}", path.display())));
        if count == 0 {
            context.say(&format!("! {} holds no samples yet", path.display()));
        }
    }
    Ok(Some(fold.finish()))
}

/// The lines of one recording that are no samples: what is said of them in the end.
#[derive(Default)]
struct Passed {
    /// By the schema that they name, the first line and how many.
    schemas: BTreeMap<Option<String>, (u64, u64)>,
}

impl Passed {
    fn push(&mut self, line: u64, schema: Option<String>) {
        // Beyond so many schemas a name says nothing any more.
        let schema = schema.filter(|schema| {
            self.schemas.len() < MOST_SCHEMAS || self.schemas.contains_key(&Some(schema.clone()))
        });
        self.schemas.entry(schema).or_insert((line, 0)).1 += 1;
    }

    fn words(&self) -> Vec<String> {
        let words = |(schema, (first, count)): (&Option<String>, &(u64, u64))| {
            let lines = if *count == 1 {
                format!("line {first}")
            } else {
                format!("{count} lines, the first of them line {first},")
            };
            let (is, it) = if *count == 1 { ("is", "it is") } else { ("are", "they are") };
            match schema {
                Some(schema) => format!(
                    "{lines} {is} of the schema {schema}, which this version does not read; {it} passed over"
                ),
                None => format!(
                    "{lines} {is} damaged or no {}; {it} passed over",
                    if *count == 1 { "sample" } else { "samples" }
                ),
            }
        };
        self.schemas.iter().map(words).collect()
    }
}

/// The format that a file's ending stands for; a name without one is text.
fn by_ending(path: &Path) -> Result<Format, Failure> {
    let Some(ending) = path.extension() else { return Ok(Format::Table) };
    match ending.to_string_lossy().to_ascii_lowercase().as_str() {
        "html" | "htm" => Ok(Format::Html),
        "svg" => Ok(Format::Svg),
        "json" => Ok(Format::Json),
        "txt" => Ok(Format::Table),
        other => {
            let error = anyhow::anyhow!("--out {}: no format ends in .{other}", path.display());
            Err(Failure::new(Exit::Usage, error)
                .advise("end it in .html, .svg, .json or .txt, or say the format with -o"))
        }
    }
}

/// Where `--out` points: opened before the work, and an older report there stays until the new one is whole.
enum Target {
    Beside(NamedTempFile, PathBuf),
    Special(File, PathBuf),
}

/// The file that an argument names; `-` is what standard input comes from.
fn named(input: &Path) -> io::Result<Metadata> {
    if input == Path::new("-") {
        return File::from(io::stdin().as_fd().try_clone_to_owned()?).metadata();
    }
    std::fs::metadata(input)
}

impl Target {
    /// Opened where that harms nothing: a recording cannot be made again.
    fn open(path: &Path, inputs: &[PathBuf]) -> Result<Self, Failure> {
        let kept = |why: &str| {
            let error = anyhow::anyhow!("--out {}: {why}", path.display());
            Failure::new(Exit::Usage, error).advise("it is left as it is: name another file")
        };
        let failed = |error: io::Error| {
            Failure::new(
                Exit::Usage,
                anyhow::Error::new(error).context(format!("cannot write to {}", path.display())),
            )
        };
        // Links are followed: what counts is the file that would be written over.
        if let Some(there) = std::fs::metadata(path).ok().filter(Metadata::is_file) {
            let is_there = |input: &PathBuf| {
                named(input)
                    .is_ok_and(|input| (input.dev(), input.ino()) == (there.dev(), there.ino()))
            };
            if inputs.iter().any(is_there) {
                return Err(kept("it is one of the recordings to report on"));
            }
            if recording::is_recording(path).map_err(failed)? {
                return Err(kept("a recording is in it"));
            }
        }
        Self::prepare(path).map_err(|error| Failure::new(Exit::Usage, error))
    }

    fn prepare(path: &Path) -> anyhow::Result<Self> {
        let cannot = || format!("cannot write to {}", path.display());
        let found = std::fs::metadata(path);
        if found.as_ref().is_ok_and(Metadata::is_dir) {
            anyhow::bail!("{}: it is a folder", cannot());
        }
        let old = found.as_ref().ok().map(Metadata::permissions);
        // A pipe, a device or a link keeps being what it is.
        if found.is_ok_and(|found| !found.is_file()) || path.is_symlink() {
            return Ok(Self::Special(
                OpenOptions::new()
                    .write(true)
                    .create(true)
                    .truncate(false)
                    .open(path)
                    .with_context(cannot)?,
                path.to_owned(),
            ));
        }
        let folder =
            path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let permissions = Permissions::from_mode(0o666);
        let file = tempfile::Builder::new()
            .prefix(".dhlimit-")
            .permissions(permissions)
            .tempfile_in(folder)
            .with_context(cannot)?;
        if let Some(old) = old {
            // The old report may have been kept from others.
            file.as_file().set_permissions(old).with_context(cannot)?;
        }
        Ok(Self::Beside(file, path.to_owned()))
    }

    fn finish(self, text: &str) -> anyhow::Result<()> {
        match self {
            Self::Beside(mut file, path) => {
                let cannot = || format!("cannot write to {}", path.display());
                file.write_all(text.as_bytes())
                    .and_then(|()| file.as_file().sync_data())
                    .with_context(cannot)?;
                file.persist(&path).with_context(cannot)?;
            }
            Self::Special(mut file, path) => {
                let _ = file.set_len(0);
                file.write_all(text.as_bytes())
                    .with_context(|| format!("cannot write to {}", path.display()))?;
            }
        }
        Ok(())
    }
}
