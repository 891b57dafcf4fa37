//! `serve`: from arguments to targets, their schedule, and a server for what is read.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::TimeDelta;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::asking;
use crate::cli::{Command, Compat, Serve};
use crate::credentials::{Account, AccountPassword, files};
use crate::history::Series;
use crate::polling::policy::RatePolicy;
use crate::polling::readings::Readings;
use crate::polling::schedule::Schedule;
use crate::polling::target::Target;
use crate::polling::turns::{Shared, Turns};
use crate::quota::IdentityRecord;
use crate::recording::{Line, Reader, Recorder, Rotation};
use crate::render::serve::{history, metrics, page, page_policy, readings};
use crate::serve::{
    Board, Door, Exporter, Hub, Lock, LockError, Sources, Status, Views, observe, open,
};
use crate::session::{Session, Who};
use crate::settings;
use crate::{Context, Exit, Failure};

/// So many are read one right after the other at first; further ones are spread over the interval.
const FIRST: usize = 16;
/// The longest that the schedule waits by itself: a count is stale after two of them.
const SLOWEST: TimeDelta = TimeDelta::minutes(5);

/// What is served as the arguments and the configuration have it.
struct Served {
    session: Session,
    targets: Vec<Target>,
    policies: Vec<RatePolicy>,
    args: Serve,
}

impl Served {
    /// Whom to ask, and as whom; `None` where it was interrupted.
    async fn open(
        context: &Context,
        args: Serve,
        accounts: Vec<Account>,
    ) -> anyhow::Result<Option<Self>> {
        let session = asking::open(context, &args.asking, accounts, Who::All).await?;
        let Some(session) = session else { return Ok(None) };
        let (targets, policies) = tokio::select! {
            found = asking::targets(context, &session, &args.images, args.interval, args.force_interval) => found?,
            () = context.shutdown.cancelled() => return Ok(None),
        };
        Ok(Some(Self { session, targets, policies, args }))
    }

    fn schedule(&self, context: &Context) -> Shared {
        let policies = self.policies.clone();
        let schedule = Schedule::new(policies, self.args.interval, FIRST, Instant::now());
        Turns::shared(schedule, self.targets.len(), context.clock.as_ref())
    }

    fn status(&self, context: &Context) -> Status {
        let interval = self.args.interval.and_then(|interval| TimeDelta::from_std(interval).ok());
        let now = context.clock.now();
        Status {
            since: now,
            configured: (true, now),
            targets: self.targets.len(),
            stale_after: interval.unwrap_or(SLOWEST) * 2,
            compat: self.args.compat.map(|compat| match compat {
                Compat::Jadolg => Exporter::Jadolg,
                Compat::Drl => Exporter::Drl,
                Compat::Gitlab => Exporter::Gitlab,
                Compat::Grafzahl => Exporter::Grafzahl,
            }),
            history: self.args.history.and_then(|history| TimeDelta::from_std(history).ok()),
            endpoint: self.session.registry_url().map(ToString::to_string),
            sandbox: self.targets.iter().any(|target| self.session.is_practice(&target.image)),
            ..Status::default()
        }
    }
}

/// The files that what is served is made of.
fn sources(
    context: &Context,
    args: &Serve,
    accounts: &[Account],
    config: Option<&PathBuf>,
) -> Vec<PathBuf> {
    let asking = &args.asking;
    let named =
        [&args.auth_file, &args.tls_cert, &args.tls_key, &asking.password_file, &asking.ca_cert];
    let named = named.into_iter().flatten().chain(config).cloned();
    let passwords = accounts.iter().filter_map(|account| match &account.password {
        AccountPassword::File(path) => Some(path.clone()),
        _ => None,
    });
    files(&context.environment).into_iter().chain(named).chain(passwords).collect()
}

/// Runs `serve`.
pub(super) async fn run(
    context: &Context,
    args: Serve,
    accounts: Vec<Account>,
    again: Again,
) -> anyhow::Result<Exit> {
    let mut sources = Sources::new(sources(context, &args, &accounts, again.config.as_ref())).await;
    let Some(mut served) = Served::open(context, args, accounts).await? else {
        return Ok(Exit::Interrupted);
    };
    let mut status = served.status(context);
    let recorder = match &served.args.record {
        Some(path) => {
            remember(&mut status, &served.targets, path)?;
            Some(Recorder::open(path, Rotation::Never).map_err(|error| error.refused(path))?)
        }
        None => None,
    };
    let (hub, lock) = (Hub::new(status), Arc::new(lock(&served.args)?));
    let mut servers = listen(context, &served.args, &hub, &lock).await?;
    servers.extend(observers(context, &served.args, &hub));
    let mut board = Board {
        hub: Arc::clone(&hub),
        recorder,
        words: |event| {
            let record = event.record();
            (record.kind, record.text)
        },
    };
    let mut series = unseen(served.targets.len());
    let end = loop {
        let turns = served.schedule(context);
        let readings = Readings {
            session: &served.session,
            targets: &served.targets,
            turns: &turns,
            clock: context.clock.as_ref(),
        };
        let next = tokio::select! {
            end = readings.run(&mut series, &mut board, None, &context.shutdown) => break end,
            next = renewed(context, &again, &mut sources, &hub, &lock) => next,
        };
        let places = renumbered(&served.targets, &next.targets);
        series = carried(series, &places, next.targets.len());
        hub.renew(next.status(context), &places);
        let words = format!("configuration and logins read again: {} to ask", next.targets.len());
        hub.announce(context.clock.now(), "config_reloaded", &words);
        context.say(&format!("· {words}"));
        served = next;
    };
    context.shutdown.cancel();
    for server in servers {
        // A panic in a server has been reported by the runtime already.
        let _ = server.await;
    }
    end.map_or(Ok(Exit::Interrupted), Err)
}

/// How the arguments are read again.
pub(super) struct Again {
    /// As they were typed.
    pub(super) arguments: Vec<OsString>,
    /// Where the configuration file lies.
    pub(super) config: Option<PathBuf>,
}

impl Again {
    /// The arguments with variables and the file as they are now.
    fn read(&self, context: &Context) -> anyhow::Result<(Serve, Vec<Account>)> {
        let settings = settings::parse(&self.arguments, context).map_err(|stop| {
            let words = stop.complaint().unwrap_or_else(|| "it cannot be read".to_owned());
            anyhow::anyhow!("{words}")
        })?;
        match settings.cli.command {
            Command::Serve(args) => Ok((*args, settings.accounts)),
            _ => Err(anyhow::anyhow!("another command is meant now")),
        }
    }
}

/// Waits until what is served is another, whole and readable; what is broken is told and left.
async fn renewed(
    context: &Context,
    again: &Again,
    sources: &mut Sources,
    hub: &Hub,
    own: &Lock,
) -> Served {
    loop {
        sources.changed().await;
        let renewing = async {
            let (args, accounts) = again.read(context)?;
            let locked = lock(&args)?;
            let files = self::sources(context, &args, &accounts, again.config.as_ref());
            let next = Served::open(context, args, accounts).await?;
            anyhow::Ok(next.map(|next| (next, locked, files)))
        };
        match renewing.await {
            Ok(Some((next, locked, files))) => {
                own.change(locked);
                sources.follow(files).await;
                return next;
            }
            // The server leaves.
            Ok(None) => std::future::pending().await,
            Err(error) => {
                let words = crate::text::one_line(&format!("{error:#}"), 500);
                hub.refused();
                hub.announce(context.clock.now(), "config_refused", &words);
                context.complain(&format!(
                    "! the changed configuration is refused, the one before stays: {words}"
                ));
            }
        }
    }
}

/// What is known of targets before the first reading.
fn unseen(targets: usize) -> Vec<Series> {
    (0..targets).map(|_| Series::new(None)).collect()
}

/// What is known of targets that stay, at their places now, so that forecasts go on.
fn carried(before: Vec<Series>, places: &BTreeMap<usize, usize>, targets: usize) -> Vec<Series> {
    let mut now = unseen(targets);
    for (number, series) in before.into_iter().enumerate() {
        if let Some(place) = places.get(&number).and_then(|place| now.get_mut(*place)) {
            *place = series;
        }
    }
    now
}

/// Where targets that were there before are now.
fn renumbered(before: &[Target], now: &[Target]) -> BTreeMap<usize, usize> {
    let same = |one: &Target, other: &Target| {
        one.image == other.image
            && one.client.family() == other.client.family()
            && IdentityRecord::from(&one.who.identity).label()
                == IdentityRecord::from(&other.who.identity).label()
    };
    let place = |(number, target): (usize, &Target)| {
        Some((number, now.iter().position(|other| same(target, other))?))
    };
    before.iter().enumerate().filter_map(place).collect()
}

fn lock(args: &Serve) -> Result<Lock, Failure> {
    let certificate = args.tls_cert.as_deref().zip(args.tls_key.as_deref());
    Lock::read(certificate, args.auth_file.as_deref()).map_err(locked)
}

/// Begins to observe what this machine pulls, where that was asked for.
fn observers(context: &Context, args: &Serve, hub: &Arc<Hub>) -> Vec<JoinHandle<()>> {
    if !args.observe {
        return Vec::new();
    }
    let observers = observe(hub, &context.clock, &context.environment, &context.shutdown);
    if observers.is_empty() {
        context.say("! --observe: ctr, docker, podman and journalctl are all missing, so nothing is observed");
    }
    observers
}

/// Begins to listen; says where.
async fn listen(
    context: &Context,
    args: &Serve,
    hub: &Arc<Hub>,
    lock: &Arc<Lock>,
) -> anyhow::Result<Vec<JoinHandle<()>>> {
    let views = Views { metrics, page, page_policy, readings, history };
    let mut servers = Vec::new();
    let scheme = if args.tls_cert.is_some() { "https" } else { "http" };
    for address in &args.listen {
        let near = address.ip().is_loopback();
        let door = Arc::new(Door {
            hub: Arc::clone(hub),
            views,
            clock: context.clock.clone(),
            near,
            lock: Arc::clone(lock),
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
        if !near && !lock.asks() {
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
        .advise("--tls-cert and --tls-key take PEM files, --auth-file lines USER:PASSWORD or `Bearer TOKEN`")
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
