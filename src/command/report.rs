//! `report`: recordings read as a stream, summed up, and written as text, JSON, a drawing or a page.

use std::path::Path;

use crate::cli::{self, Format};
use crate::render::Look;
use crate::render::report::{html, svg, table};
use crate::report::{Report, Target, read};
use crate::{Context, Exit, Failure};

/// Runs `report`.
pub(super) async fn run(context: &Context, args: cli::Report) -> anyhow::Result<Exit> {
    // A minus is standard output, as it is standard input among the files.
    let out = args.out.as_deref().filter(|path| *path != Path::new("-"));
    let format = match (args.output, out) {
        (Some(format), _) => format,
        (None, Some(path)) => by_ending(path)?,
        (None, None) => Format::Table,
    };
    let target = out.map(|path| Target::open(path, &args.files)).transpose()?;
    let (worker, files) = (context.clone(), args.files);
    // Reading a long recording, or a pipe that nobody writes to, must not keep the signals waiting.
    let reading = tokio::task::spawn_blocking(move || read(&worker, &files));
    let report = tokio::select! {
        report = reading => report??,
        () = context.shutdown.cancelled() => None,
    };
    let Some(report) = report else { return Ok(Exit::Interrupted) };
    let text = form(context, &report, format, target.is_some())?;
    match target {
        Some(target) => target.finish(&text).map_err(|error| Failure::new(Exit::Usage, error))?,
        None => context.answer(&text)?,
    }
    Ok(Exit::Ok)
}

fn form(
    context: &Context,
    report: &Report,
    format: Format,
    to_file: bool,
) -> anyhow::Result<String> {
    Ok(match format {
        Format::Json => serde_json::to_string_pretty(report)? + "\n",
        Format::Svg => svg(report),
        Format::Html => html(report, context.clock.now()),
        _ => {
            let columns = context.terminal.columns.filter(|_| !to_file);
            let colour = context.colour && !to_file;
            table(report, Look { columns, colour, now: context.clock.now() })
        }
    })
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
