//! `serve`: from arguments to targets, their schedule, and a server for what is read.

use std::path::Path;
use std::sync::Arc;

use chrono::TimeDelta;
use tokio::time::Instant;

use super::asking;
use crate::cli::Serve;
use crate::credentials::Account;
use crate::polling::readings::Readings;
use crate::polling::schedule::Schedule;
use crate::polling::target::Target;
use crate::polling::turns::Turns;
use crate::quota::IdentityRecord;
use crate::recording::{Line, Reader, Recorder, Rotation};
use crate::render::serve::{history, metrics, page, readings};
use crate::serve::{Board, Door, Hub, LockError, Logins, Status, Views, acceptor, open};
use crate::session::Who;
use crate::{Context, Exit, Failure};

/// So many are read one right after the other at first; further ones are spread over the interval.
const FIRST: usize = 16;
/// The longest that the schedule waits by itself: a count is stale after two of them.
const SLOWEST: TimeDelta = TimeDelta::minutes(5);

/// Runs `serve`.
pub(super) async fn run(
    context: &Context,
    args: Serve,
    accounts: Vec<Account>,
) -> anyhow::Result<Exit> {
    let session = asking::open(context, &args.asking, accounts, Who::All).await?;
    let Some(session) = session else { return Ok(Exit::Interrupted) };
    let (targets, policies) = tokio::select! {
        found = asking::targets(context, &session, &args.images, args.interval, args.force_interval) => found?,
        () = context.shutdown.cancelled() => return Ok(Exit::Interrupted),
    };
    let interval = args.interval.and_then(|interval| TimeDelta::from_std(interval).ok());
    let mut status = Status {
        since: context.clock.now(),
        targets: targets.len(),
        stale_after: interval.unwrap_or(SLOWEST) * 2,
        endpoint: session.registry_url().map(ToString::to_string),
        sandbox: targets.iter().any(|target| session.is_practice(&target.image)),
        ..Status::default()
    };
    let recorder = match &args.record {
        Some(path) => {
            remember(&mut status, &targets, path)?;
            Some(Recorder::open(path, Rotation::Never).map_err(|error| error.refused(path))?)
        }
        None => None,
    };
    let hub = Hub::new(status);
    let servers = listen(context, &args, &hub).await?;
    let turns = Turns::shared(
        Schedule::new(policies, args.interval, FIRST, Instant::now()),
        targets.len(),
        context.clock.as_ref(),
    );
    let mut board = Board {
        hub,
        recorder,
        words: |event| {
            let record = event.record();
            (record.kind, record.text)
        },
    };
    let readings = Readings {
        session: &session,
        targets: &targets,
        drop: None,
        turns: &turns,
        clock: context.clock.as_ref(),
    };
    let end = readings.run(&mut board, None, &context.shutdown).await;
    context.shutdown.cancel();
    for server in servers {
        // A panic in a server has been reported by the runtime already.
        let _ = server.await;
    }
    end.map_or(Ok(Exit::Interrupted), Err)
}

/// Begins to listen; says where.
async fn listen(
    context: &Context,
    args: &Serve,
    hub: &Arc<Hub>,
) -> anyhow::Result<Vec<tokio::task::JoinHandle<()>>> {
    let views = Views { metrics, page, readings, history };
    let mut servers = Vec::new();
    let tls = match (&args.tls_cert, &args.tls_key) {
        (Some(certificate), Some(key)) => Some(acceptor(certificate, key).map_err(locked)?),
        _ => None,
    };
    let logins = args.auth_file.as_deref().map(Logins::read).transpose().map_err(locked)?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    for address in &args.listen {
        let near = address.ip().is_loopback();
        let door = Arc::new(Door {
            hub: Arc::clone(hub),
            views,
            clock: context.clock.clone(),
            near,
            logins: logins.clone(),
            tls: tls.clone(),
            shutdown: context.shutdown.clone(),
            made: Default::default(),
        });
        let (address, server) = open(*address, door).await.map_err(|error| {
            Failure::new(Exit::Usage, anyhow::Error::new(error).context(format!("cannot listen on {address}")))
                .advise("another process may hold the port: name another by --listen ADDR:PORT; port 0 is a free one")
        })?;
        if servers.is_empty() {
            context.answer(&format!("{scheme}://{address}/\n"))?;
        }
        if !near && logins.is_none() {
            context.say(&format!(
                "! {address} is reached from other machines: whoever reaches it reads the counts and the names of the accounts"
            ));
        }
        servers.push(server);
    }
    Ok(servers)
}

fn locked(error: LockError) -> Failure {
    Failure::new(Exit::Usage, error)
        .advise("--tls-cert and --tls-key take PEM files, --auth-file lines USER:PASSWORD")
}

/// What a recording that is gone on with says of the targets.
fn remember(status: &mut Status, targets: &[Target], path: &Path) -> anyhow::Result<()> {
    if !path.exists() {
        return Ok(());
    }
    for line in Reader::open(path).map_err(|error| error.refused(path))? {
        let Line::Sample(sample) = line.map_err(|error| error.refused(path))? else { continue };
        let place = targets.iter().position(|target| {
            target.image.to_string() == sample.record.image
                && IdentityRecord::from(&target.who.identity).label()
                    == sample.record.identity.label()
        });
        if let Some(index) = place {
            status.remember(index, &sample);
        }
    }
    Ok(())
}
