//! `scan`: the files read, the answer shown. Nobody is asked.

use std::path::Path;

use crate::cli::{self, By, Format};
use crate::render::{Look, scan as shown};
use crate::scan::{Level, Live, Request, Rules, cluster, host, page, run as run_scan, say_skipped};
use crate::{Context, Exit, Failure};

/// Runs `scan`.
pub(super) async fn run(context: &Context, args: cli::Scan) -> anyhow::Result<Exit> {
    if let Some(id) = &args.explain {
        return explain(context, id);
    }
    let by = args.by;
    let format =
        args.output.unwrap_or(if context.terminal.stdout { Format::Table } else { Format::Plain });
    let least = args.fail_on.as_deref().and_then(Level::of_name);
    let reads_input = args.paths.iter().any(|path| path == Path::new("-"));
    if reads_input && context.terminal.stdin {
        context.say("reading the text to scan from standard input; end it with Ctrl-D");
    }
    let live = live(context, &args).await?;
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

/// What runs, where that was asked for.
async fn live(context: &Context, args: &cli::Scan) -> anyhow::Result<Live> {
    let mut live = Live::default();
    if args.cluster {
        let (name, namespace) = (args.context.as_deref(), args.namespace.as_deref());
        live = cluster(context, name, namespace).await.map_err(Failure::from)?;
    }
    if args.host {
        live.join(host(context).await.map_err(Failure::from)?);
    }
    Ok(live)
}

/// The page of a rule.
fn explain(context: &Context, id: &str) -> anyhow::Result<Exit> {
    let known = || Rules::all().iter().map(|rule| rule.id).collect::<Vec<_>>().join(", ");
    let page = page(id).ok_or_else(|| {
        Failure::usage(format!("no rule has the id {id:?}")).advise(format!("one of {}", known()))
    })?;
    context.tell(&format!("{id}\n\n{page}"))?;
    Ok(Exit::Ok)
}
