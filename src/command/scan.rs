//! `scan`: the files read, the answer shown. Nobody is asked.

use std::path::Path;

use crate::cli::{self, By, Format};
use crate::render::{Look, scan as shown};
use crate::scan::{Level, Request, explained, run as run_scan, running, say_skipped};
use crate::{Context, Exit};

/// Runs `scan`.
pub(super) async fn run(context: &Context, args: cli::Scan) -> anyhow::Result<Exit> {
    if let Some(id) = &args.explain {
        context.tell(&explained(id)?)?;
        return Ok(Exit::Ok);
    }
    let by = args.by;
    let format =
        args.output.unwrap_or(if context.terminal.stdout { Format::Table } else { Format::Plain });
    let least = args.fail_on.as_deref().and_then(Level::of_name);
    let reads_input = args.paths.iter().any(|path| path == Path::new("-"));
    if reads_input && context.terminal.stdin {
        context.say("reading the text to scan from standard input; end it with Ctrl-D");
    }
    let live = running(context, &args).await?;
    let found =
        run_scan(context, Request { live, ..Request::of_arguments(args)? }, reads_input).await?;
    let Some(found) = found else { return Ok(Exit::Interrupted) };
    say_skipped(context, &found);
    let look = Look::of(context);
    context.tell(&match format {
        Format::Json => serde_json::to_string(&found)? + "\n",
        Format::Jsonl => shown::jsonl(&found)?,
        Format::Sarif => shown::sarif(&found)?,
        Format::Github => shown::github(&found),
        Format::Table | Format::Plain if by == Some(By::Registry) => {
            shown::by_registry(&found, look)
        }
        Format::Table | Format::Plain if by == Some(By::Identity) => {
            shown::by_identity(&found, look)
        }
        Format::Table => shown::table(&found, look),
        _ => shown::plain(&found),
    })?;
    let fails =
        least.is_some_and(|least| found.findings.iter().any(|finding| finding.severity >= least));
    Ok(if fails { Exit::Limit } else { Exit::Ok })
}
