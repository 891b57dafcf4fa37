//! `serve`: from arguments to targets, their schedule, and a server for what is read.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::time::Instant;

use super::asking;
use crate::cli::{Command, Serve};
use crate::credentials::Account;
use crate::polling::policy::RatePolicy;
use crate::polling::readings::Readings;
use crate::polling::schedule::{FIRST, Schedule};
use crate::polling::target::Target;
use crate::polling::turns::{Shared, Turns};
use crate::recording::{Recorder, Rotation};
use crate::render::serve::{history, metrics, page, page_policy, readings};
use crate::serve::{
    Board, Hub, Lock, Sources, Status, Views, carried, files_of, listen, observers, remember,
    renumbered, unseen,
};
use crate::session::{Session, Who};
use crate::settings;
use crate::{Context, Exit};

/// How readings look to whoever asks.
const VIEWS: Views = Views { metrics, page, page_policy, readings, history };

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
        Status {
            endpoint: self.session.registry_url().map(ToString::to_string),
            sandbox: self.targets.iter().any(|target| self.session.is_practice(&target.image)),
            ..Status::of_arguments(&self.args, self.targets.len(), context.clock.now())
        }
    }
}

/// Runs `serve`.
pub(super) async fn run(
    context: &Context,
    args: Serve,
    accounts: Vec<Account>,
    again: Again,
) -> anyhow::Result<Exit> {
    let mut sources =
        Sources::new(files_of(&context.environment, &args, &accounts, again.config.as_ref())).await;
    let Some(mut served) = Served::open(context, args, accounts).await? else {
        return Ok(Exit::Interrupted);
    };
    let mut status = served.status(context);
    let recorder = match &served.args.record {
        Some(path) => {
            remember(&mut status, &served.targets, path).map_err(|error| error.refused(path))?;
            Some(Recorder::open(path, Rotation::Never).map_err(|error| error.refused(path))?)
        }
        None => None,
    };
    let (hub, lock) = (Hub::new(status), Arc::new(Lock::of_arguments(&served.args)?));
    let mut servers = listen(context, &served.args, &hub, &lock, VIEWS).await?;
    servers.extend(observers(context, served.args.observe, &hub));
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
            let locked = Lock::of_arguments(&args)?;
            let files = files_of(&context.environment, &args, &accounts, again.config.as_ref());
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
