//! What a plan takes from elsewhere: what a registry says is left now, and what a recording says others
//! pull.

use std::path::Path;

use super::asking;
use crate::cli::{self, SolveFor};
use crate::credentials::Account;
use crate::plan::{Background, Beyond, Ci, Kubelet, Left, Recorded, Solve, is_on_account};
use crate::quota::{Reading, Record, State, Window};
use crate::recording::{Line, Reader};
use crate::session::{Who, exit_of};
use crate::{Context, Exit, Failure};

/// `registryBurst` where nothing else is said.
const BURST: u32 = 10;

/// What is asked beyond the exact model; `None` where it was interrupted.
pub(super) async fn beyond(
    context: &Context,
    args: &cli::Plan,
    accounts: Vec<Account>,
) -> anyhow::Result<Option<Beyond>> {
    let background = match args.background.clone() {
        Some(path) => {
            let read = crate::context::aside(move || recorded(&path));
            tokio::select! {
                read = read => read??,
                () = context.shutdown.cancelled() => return Ok(None),
            }
        }
        None => Vec::new(),
    };
    let left = if args.from_reading {
        match left(context, args, accounts).await? {
            Some(left) => left,
            None => return Ok(None),
        }
    } else {
        Vec::new()
    };
    let burst = args.kubelet_burst.unwrap_or(BURST);
    Ok(Some(Beyond {
        left,
        background,
        kubelet: args.kubelet_qps.map(|qps| Kubelet { qps, burst }),
        parallel: args.parallel,
        warm: args.warm,
        pods: Vec::new(),
        ci: ci(args),
        solve: args.solve.map(|solve| match solve {
            SolveFor::Nodes => Solve::Nodes,
            SolveFor::Surge => Solve::Surge,
            SolveFor::Interval => Solve::Interval,
            SolveFor::Concurrency => Solve::Concurrency,
        }),
    }))
}

/// The CI that the nodes are, where they are one.
pub(super) fn ci(args: &cli::Plan) -> Option<Ci> {
    let (runs_per_day, jobs) = args.runs_per_day.zip(args.jobs)?;
    Some(Ci { runs_per_day, jobs })
}

/// What others pull, from a recording.
fn recorded(path: &Path) -> Result<Vec<Background>, Failure> {
    let name = format!("--background {}", path.display());
    let failure = |error: anyhow::Error| {
        Failure::new(Exit::Usage, error.context(name.clone()))
            .advise("give a file that `dhlimit watch --record FILE` wrote")
    };
    let mut recorded = Recorded::default();
    for line in Reader::open(path).map_err(|error| failure(error.into()))? {
        if let Line::Sample(sample) = line.map_err(|error| failure(error.into()))? {
            recorded.push(sample.at, &sample.record);
        }
    }
    let background = recorded.finish(&format!("the recording {}", path.display()));
    if background.is_empty() {
        return Err(failure(anyhow::anyhow!("it holds no count of pulls")));
    }
    Ok(background)
}

/// What is left now, of an address and of an account, as far as each is known here.
async fn left(
    context: &Context,
    args: &cli::Plan,
    accounts: Vec<Account>,
) -> anyhow::Result<Option<Vec<Left>>> {
    let image = asking::image_or_usual(args.image.first().map(String::as_str))?;
    let session = asking::open(context, &args.asking, accounts, Who::All).await?;
    let Some(session) = session else { return Ok(None) };
    let readings = async {
        let client = session.client(&image, None)?;
        let mut readings = Vec::new();
        for who in asking::principals(context, &session, &image).await? {
            readings.push(session.read(&client, &image, &who).await);
        }
        anyhow::Ok(readings)
    };
    let readings = tokio::select! {
        readings = readings => readings?,
        () = context.shutdown.cancelled() => return Ok(None),
    };
    let (mut found, mut failed) = (Vec::<Left>::new(), None);
    for reading in &readings {
        let record = Record::from(reading);
        match of_record(context, &record) {
            // Of several accounts, the one that is asked first: whom a pull from here counts on.
            Some(left) if found.iter().all(|other| other.is_account != left.is_account) => {
                found.push(left);
            }
            Some(_) => {}
            None => {
                context.say(&format!("! {}: no count was read", reading.identity));
                failed = Some(reading);
            }
        }
    }
    if found.is_empty() {
        return Err(unread(failed).into());
    }
    Ok(Some(found))
}

/// What a reading says is left; `None` where it says nothing of it.
fn of_record(context: &Context, record: &Record) -> Option<Left> {
    let whole = |number: Option<u64>| u32::try_from(number?).ok();
    let count = match record.state {
        State::Unlimited => None,
        _ => Some((
            whole(record.limit)?,
            whole(record.remaining)?,
            record.window_seconds.and_then(Window::from_seconds)?,
        )),
    };
    let now = crate::quota::timestamp(context.clock.now());
    let counted = record.counted().map(|source| format!(", counted as {source}"));
    let source = format!(
        "a HEAD to {} as {}{} at {now}",
        record.registry,
        crate::text::one_line(record.identity.label(), 60),
        counted.unwrap_or_default()
    );
    Some(Left { is_account: is_on_account(record), count, source })
}

/// Nothing was read of which a plan could start.
fn unread(reading: Option<&Reading>) -> Failure {
    let exit = reading.map(exit_of).filter(|exit| *exit != Exit::Ok).unwrap_or(Exit::Unknown);
    let why = reading.and_then(Reading::fault).map(|fault| fault.message.clone());
    let why = why.unwrap_or_else(|| "the answer has no count, or no window".to_owned());
    Failure::new(exit, anyhow::anyhow!("--from-reading: {why}"))
        .advise("see why by `dhlimit check`, or plan without --from-reading")
}
