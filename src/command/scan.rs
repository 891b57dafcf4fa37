//! `scan`: the files read, the answer shown. Nobody is asked.

use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context as _;

use crate::cli::{self, By, Format};
use crate::render::{Look, scan as shown};
use crate::scan::{
    Crowd, FileKind, Given, Level, Live, Request, RuleError, RuleSet, Rules, Scan, ToolError,
    cluster, host, kind_names, kind_of, page, scan,
};
use crate::{Context, Exit, Failure};

/// The most of standard input that is read.
const MOST_BYTES: u64 = 64 << 20;
/// How often the count of files is shown, and how long nothing is shown at first.
const PATIENCE: Duration = Duration::from_secs(1);

/// Runs `scan`.
pub(super) async fn run(context: &Context, args: cli::Scan) -> anyhow::Result<Exit> {
    if let Some(id) = &args.explain {
        return explain(context, id);
    }
    let by = args.by;
    let format =
        args.output.unwrap_or(if context.terminal.stdout { Format::Table } else { Format::Plain });
    let least = args.fail_on.as_deref().and_then(level);
    let reads_input = args.paths.iter().any(|path| path == Path::new("-"));
    if reads_input && context.terminal.stdin {
        context.say("reading the text to scan from standard input; end it with Ctrl-D");
    }
    let live = live(context, &args).await?;
    let found = found(context, Request { live, ..request(args)? }, reads_input).await?;
    let Some(found) = found else { return Ok(Exit::Interrupted) };
    for skipped in &found.skipped {
        context.say(&format!("· {}: {}", skipped.path, skipped.reason));
    }
    let look = Look::of(context);
    context.tell(&match format {
        Format::Json => serde_json::to_string(&found)? + "\n",
        Format::Jsonl => lines(&found)?,
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
        live = cluster(context, name, namespace).await.map_err(unasked)?;
    }
    if args.host {
        live.join(host(context).await.map_err(unasked)?);
    }
    Ok(live)
}

fn unasked(error: ToolError) -> Failure {
    let (exit, advice) = match &error {
        ToolError::Interrupted => return Failure::new(Exit::Interrupted, error),
        ToolError::Missing(_) => (Exit::Runtime, "install it, or name it on the PATH"),
        ToolError::Failed { tool, .. } if tool == "kubectl" => (
            Exit::Runtime,
            "see what `kubectl get pods --all-namespaces` says: the context, and the right to list pods",
        ),
        ToolError::Failed { .. } => {
            (Exit::Runtime, "see whether its daemon runs, and whether you may talk to it")
        }
    };
    Failure::new(exit, error).advise(advice)
}

/// All that a file or folder names, as `scan PATH` finds it.
pub(super) async fn of_path(context: &Context, path: &Path) -> anyhow::Result<Scan> {
    let request = Request { paths: vec![path.to_owned()], ..Request::default() };
    let Some(scan) = found(context, request, path == Path::new("-")).await? else {
        return Err(Failure::new(Exit::Interrupted, anyhow::anyhow!("interrupted")).into());
    };
    Ok(scan)
}

/// Names the files that were not read as they should be.
pub(super) fn say_skipped(context: &Context, scan: &Scan) {
    for skipped in &scan.skipped {
        context.say(&format!("· {}: {}", skipped.path, skipped.reason));
    }
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

/// The files read, with a count on the terminal where that takes a while; `None` where it was interrupted.
async fn found(
    context: &Context,
    mut request: Request,
    reads_input: bool,
) -> anyhow::Result<Option<Scan>> {
    let count = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&count);
    // Aside, where a pipe that nobody writes to holds up nobody.
    let work = crate::context::aside(move || {
        if reads_input {
            request.stdin = Some(standard_input().context("standard input")?);
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

/// What was asked for.
fn request(args: cli::Scan) -> anyhow::Result<Request> {
    let mut env_files = Vec::new();
    for path in &args.env_file {
        let named = || format!("--env-file {}", path.display());
        let text = std::fs::read_to_string(path).with_context(named);
        env_files.push((
            path.display().to_string(),
            text.map_err(|error| Failure::new(Exit::Usage, error))?,
        ));
    }
    let usage = |error: RuleError| Failure::new(Exit::Usage, error);
    let allowed = args.allow.iter().map(|text| text.parse()).collect::<Result<_, _>>();
    let rules = RuleSet::new(&args.rule, allowed.map_err(usage)?).map_err(usage)?;
    let is_live = args.cluster || args.host;
    let here = || vec![std::path::PathBuf::from(".")];
    Ok(Request {
        paths: if args.paths.is_empty() && !is_live { here() } else { args.paths },
        stdin: None,
        kind: args.kind.as_deref().map(kind).transpose()?,
        given: Given { args: args.args, env_files, profiles: args.profile, ..Given::default() },
        exclude: args.exclude,
        no_ignore: args.no_ignore,
        crowd: Crowd {
            runners: args.runners.map(u64::from),
            nodes: args.nodes.into(),
            platforms: args.platform.len() as u64,
        },
        rules,
        live: Live::default(),
    })
}

fn kind(name: &str) -> Result<FileKind, Failure> {
    kind_of(name).ok_or_else(|| {
        Failure::usage(format!("--as {name}: no such kind of file"))
            .advise(format!("it is one of {}", kind_names().join(", ")))
    })
}

fn standard_input() -> std::io::Result<String> {
    let mut bytes = Vec::new();
    std::io::stdin().take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(std::io::Error::other(format!("it is larger than {} MiB", MOST_BYTES >> 20)));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn level(name: &str) -> Option<Level> {
    match name {
        "info" => Some(Level::Info),
        "warning" => Some(Level::Warning),
        "error" => Some(Level::Error),
        _ => None,
    }
}

/// A reference a line, then a finding a line, and the totals last.
fn lines(scan: &Scan) -> anyhow::Result<String> {
    let mut text = String::new();
    for one in &scan.references {
        text.push_str(&(serde_json::to_string(one)? + "\n"));
    }
    for one in &scan.findings {
        text.push_str(&(serde_json::to_string(one)? + "\n"));
    }
    for one in &scan.suppressed {
        text.push_str(&(serde_json::to_string(one)? + "\n"));
    }
    for one in &scan.skipped {
        text.push_str(&(serde_json::to_string(one)? + "\n"));
    }
    text.push_str(&(serde_json::to_string(&serde_json::json!({ "totals": scan.totals }))? + "\n"));
    Ok(text)
}
