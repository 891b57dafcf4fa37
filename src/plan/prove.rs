//! `plan --prove`: the plan replayed by real pulls of the builtin runtime, on a sandbox whose clock goes
//! from ask to ask at once. Accounts log in; each address is one of this machine's loopback.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::{Plan, Proof, PullRegistry, Replay, Request, replays};
use crate::context::{Clock, Environment};
use crate::credentials::Credential;
use crate::image::Reference;
use crate::registry::{Client, Endpoint, Places, Trust};
use crate::runtime::{Outcome, Runtime};
use crate::sandbox::{self, Account, AccountLimit, Counting, Running, Settings};
use crate::session::Builtin;
use crate::{Context, Exit, Failure};

/// How long one pull may take.
const PULL: Duration = Duration::from_secs(10);
/// How long a token is good for: a day of the sandbox's time.
const TOKEN_LIFE: Duration = Duration::from_secs(86_400);

/// Replays every strategy of the plan; `None` where it was interrupted.
pub(crate) async fn prove(
    context: &Context,
    request: Request,
    plan: &Plan,
) -> anyhow::Result<Option<Vec<Proof>>> {
    let count = replays(&request, plan).map_err(|error| Failure::new(Exit::Usage, error))?.len();
    let (plan, shutdown, handle) = (plan.clone(), context.shutdown.clone(), Handle::current());
    let work = crate::context::aside(move || {
        let mut proofs = Vec::with_capacity(count);
        for (replay, planned) in replays(&request, &plan)?.iter().zip(&plan.strategies) {
            let practice = handle.block_on(Practice::start(&request, replay, &shutdown))?;
            let registry =
                Asking { practice: &practice, handle: &handle, runtimes: HashMap::new() };
            proofs.push(replay.run(registry, planned)?);
        }
        anyhow::Ok(proofs)
    });
    tokio::select! {
        proofs = work => proofs?.map(Some),
        () = context.shutdown.cancelled() => Ok(None),
    }
}

/// The sandbox's time: set to that of each ask.
struct Virtual {
    start: DateTime<Utc>,
    nanoseconds: AtomicI64,
}

impl Clock for Virtual {
    fn now(&self) -> DateTime<Utc> {
        self.start + TimeDelta::nanoseconds(self.nanoseconds.load(Ordering::SeqCst))
    }
}

/// A sandbox of one strategy, and who asks it.
struct Practice {
    sandbox: Running,
    clock: Arc<Virtual>,
    trust: Trust,
    on_accounts: bool,
    shutdown: CancellationToken,
}

impl Practice {
    async fn start(
        request: &Request,
        replay: &Replay<'_>,
        shutdown: &CancellationToken,
    ) -> anyhow::Result<Self> {
        let (quota, on_accounts) = (replay.quota(), replay.is_on_accounts());
        let start = DateTime::from_timestamp(Utc::now().timestamp(), 0).unwrap_or_default();
        let clock = Arc::new(Virtual { start, nanoseconds: AtomicI64::new(0) });
        let limit = quota.map_or(AccountLimit::Unlimited, |quota| AccountLimit::Pulls(quota.limit));
        let account =
            |number: u32| Account { user: name(number), password: password(number).into(), limit };
        let accounts = if on_accounts { replay.identities() } else { 0 };
        let settings = Settings {
            limit: quota.map(|quota| quota.limit),
            window: quota.map(|quota| quota.window),
            law: request.law,
            counting: if request.cost == 1 { Counting::Pull } else { Counting::Get },
            accounts: (0..accounts).map(account).collect(),
            token_life: TOKEN_LIFE,
            clock: clock.clone(),
            ..Settings::default()
        };
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let sandbox = sandbox::start(settings, listen).await?;
        let trust = Trust::load(None)?;
        Ok(Self { sandbox, clock, trust, on_accounts, shutdown: shutdown.clone() })
    }

    /// The runtime that pulls as an identity.
    fn runtime(&self, identity: u32) -> anyhow::Result<Builtin> {
        let url: url::Url = self.sandbox.url().parse()?;
        let places = Places { registry: Some(url.clone()), auth: Some(url) };
        let endpoint = Endpoint::of(&image(0)?, &places)?;
        let (trust, who) = if self.on_accounts {
            (self.trust.clone(), Credential::password(name(identity), password(identity)))
        } else {
            (self.trust.at_address(address(identity)), Credential::Anonymous)
        };
        // No proxy stands before a registry of this machine.
        let client = Client::new(endpoint, None, &trust, &Environment::default())?;
        Ok(Builtin::new(Arc::new(client), who, None, false, self.clock.clone()))
    }
}

/// A practice registry as the replay asks it.
struct Asking<'a> {
    practice: &'a Practice,
    handle: &'a Handle,
    runtimes: HashMap<u32, Builtin>,
}

impl PullRegistry for Asking<'_> {
    type Trouble = anyhow::Error;

    fn pull(&mut self, at: u64, identity: u32, number: u32) -> anyhow::Result<bool> {
        let practice = self.practice;
        practice.clock.nanoseconds.store(i64::try_from(at).unwrap_or(i64::MAX), Ordering::SeqCst);
        let runtime = match self.runtimes.entry(identity) {
            std::collections::hash_map::Entry::Occupied(kept) => kept.into_mut(),
            std::collections::hash_map::Entry::Vacant(free) => {
                free.insert(practice.runtime(identity)?)
            }
        };
        let image = image(number)?;
        let pulled = self.handle.block_on(runtime.pull(&image, PULL, &practice.shutdown));
        match pulled.outcome {
            Outcome::Pulled => Ok(true),
            Outcome::Refused(refusal) if refusal.http_status == Some(429) => Ok(false),
            Outcome::Refused(refusal) => Err(anyhow::anyhow!("{}", refusal.message)),
            Outcome::Failed { text, .. } => Err(anyhow::anyhow!("{text}")),
            _ => Err(anyhow::anyhow!("it was interrupted")),
        }
        .with_context(|| format!("the sandbox did not answer a pull of {image}"))
    }
}

fn name(number: u32) -> String {
    format!("account-{number}")
}

/// The sandbox lasts as long as the replay and listens on loopback alone.
fn password(number: u32) -> String {
    format!("practice-{number}")
}

/// One of this machine's loopback addresses for each identity: all of 127.0.0.0/8 are on Linux.
fn address(number: u32) -> IpAddr {
    let [_, high, middle, low] = number.to_be_bytes();
    IpAddr::V4(Ipv4Addr::new(127, high.saturating_add(1), middle, low))
}

fn image(number: u32) -> anyhow::Result<Reference> {
    Ok(format!("plan/image-{number}:1").parse()?)
}
