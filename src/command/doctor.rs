//! `doctor`: the glue between what the `doctor` room knows and those who are asked. All of it is done
//! at once and within the time given.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::asking;
use crate::cli::{Doctor, Family as FamilyChoice, Format};
use crate::context::Environment;
use crate::credentials::Account;
use crate::doctor::bucket::Asked;
use crate::doctor::kubernetes::Secret;
use crate::doctor::logins::Tools;
use crate::doctor::target::Target;
use crate::doctor::{
    DoctorReport, Finding, Severity, bucket, clock, kubernetes, logins, pages, runtimes, way,
};
use crate::hostconfig::{Machine, Sight};
use crate::quota::{Family, Identity};
use crate::registry::Principal;
use crate::render::doctor::{plain, table};
use crate::render::{Look, span};
use crate::session::{Session, Who};
use crate::{Context, Exit, Failure};

/// What is kept of the time for putting the answer together.
const RESERVE: Duration = Duration::from_millis(150);

/// The longest that is waited, however much more is allowed.
const LONGEST: Duration = Duration::from_secs(3_600);
/// How long a mirror may take.
const MIRROR_LIMIT: Duration = Duration::from_secs(3);
/// How long a tool may take to say which version it is.
const VERSION_LIMIT: Duration = Duration::from_secs(2);

/// Runs `doctor`.
pub(super) async fn run(
    context: &Context,
    mut args: Doctor,
    accounts: Vec<Account>,
) -> anyhow::Result<Exit> {
    if let Some(id) = &args.explain {
        context.answer(&pages::of(id, context.terminal.columns)?)?;
        return Ok(Exit::Ok);
    }
    if args.asking.password_stdin && args.kubernetes.as_deref() == Some(std::path::Path::new("-")) {
        return Err(Failure::usage("--password-stdin and --kubernetes - both want standard input")
            .advise("give one of them a file")
            .into());
    }
    args.asking.timeout = args.asking.timeout.min(LONGEST);
    let targets = Target::all(&args.registries, asking::DEFAULT_IMAGE, asking::image)?;
    let session = asking::open(context, &args.asking, accounts.clone(), Who::All).await?;
    let Some(session) = session.map(Arc::new) else { return Ok(Exit::Interrupted) };
    let work = async {
        let secrets = match args.kubernetes.clone() {
            Some(file) => kubernetes::read(context, file).await?,
            None => Vec::new(),
        };
        let end = session.deadline();
        let end = end.checked_sub(RESERVE).unwrap_or(end);
        let environment = &context.environment;
        let tools = Tools::find(environment, end.min(Instant::now() + VERSION_LIMIT)).await;
        let (session, targets, secrets, accounts) =
            (&session, &targets[..], &secrets[..], &accounts[..]);
        let examination = Examination {
            args: &args,
            environment,
            session,
            targets,
            secrets,
            accounts,
            tools,
            now: context.clock.now(),
            end,
        };
        Ok::<_, Failure>(examination.run().await)
    };
    let findings = tokio::select! {
        findings = work => findings?,
        () = context.shutdown.cancelled() => return Ok(Exit::Interrupted),
    };
    let report = DoctorReport::new(findings);
    let look = Look::of(context);
    let text = match args.output.unwrap_or(if context.terminal.stdout {
        Format::Table
    } else {
        Format::Plain
    }) {
        Format::Json => serde_json::to_string_pretty(&report)? + "\n",
        Format::Table => table(&report, look),
        _ => plain(&report),
    };
    context.tell(&text)?;
    Ok(if args.strict && report.worst() == Some(Severity::Error) { Exit::Limit } else { Exit::Ok })
}

/// What is looked at, and with what.
struct Examination<'a> {
    args: &'a Doctor,
    environment: &'a Environment,
    session: &'a Arc<Session>,
    targets: &'a [Target],
    secrets: &'a [Secret],
    accounts: &'a [Account],
    tools: Tools,
    now: DateTime<Utc>,
    end: Instant,
}

impl Examination<'_> {
    /// Everything at once.
    async fn run(&self) -> Vec<Finding> {
        let registries =
            futures_util::future::join_all(self.targets.iter().map(|target| self.registry(target)));
        let places = logins::places(self.session.keychain(), self.secrets);
        let (registries, places, way) = tokio::join!(registries, places, self.way());
        let mut findings: Vec<Finding> = registries.into_iter().flatten().collect();
        findings.extend(places);
        findings.extend(logins::podman_s_trap(self.environment, &self.tools));
        findings.extend(way);
        findings.extend(way::trust(self.environment));
        let clients =
            self.targets.iter().filter_map(|target| self.session.client(&target.image, None).ok());
        findings.extend(clients.filter_map(|client| {
            way::proxy_of_variables(self.environment, &client.endpoint().base)
        }));
        findings
    }

    /// One registry: its logins, then a HEAD as everybody who was found.
    async fn registry(&self, target: &Target) -> Vec<Finding> {
        let Self { session, .. } = self;
        let logins = logins::of(session.keychain(), target, self.accounts, &self.tools, self.now);
        let (mut findings, found) = tokio::join!(logins, session.identities(&target.image));
        let mut principals: Vec<Principal> = match found {
            Ok(found) => found.identities.into_iter().map(Principal::from).collect(),
            // Whom the user named is not found: that is a finding, too, and nobody is asked as instead.
            Err(failure) => {
                findings.push(logins::not_found(target.registry(), &failure.into()));
                vec![Principal::anonymous(true)]
            }
        };
        let practice = session.is_practice(&target.image);
        if practice && !self.args.asking.anonymous && self.args.asking.user.is_none() {
            findings.push(logins::practice(target.registry()));
        }
        for secret in self.secrets {
            findings.extend(logins::of_secret(secret, target, self.now));
            // Nobody's real password is for a sandbox to see, and who asks as nobody sends none.
            if practice || self.args.asking.anonymous {
                continue;
            }
            for login in logins::usable(secret, target) {
                if !principals.iter().any(|known| known.credential.same_account(&login.credential))
                {
                    let identity = Identity::Account {
                        user: login.credential.user().map(|user| crate::text::one_line(user, 128)),
                        credentials_from: Some(login.origin.to_string()),
                    };
                    principals.push(Principal {
                        identity,
                        credential: login.credential,
                        effective: false,
                    });
                }
            }
        }
        let answers = ask(session, target, &principals, &self.families(target), self.end).await;
        findings.extend(bucket::judge(target, &answers));
        findings.extend(clock::judge(&answers, span));
        findings
    }

    /// Configuration and runtimes, then whether the mirrors that they name answer.
    async fn way(&self) -> Vec<Finding> {
        let machine = Machine {
            root: PathBuf::from("/"),
            environment: self.environment.clone(),
            is_root: rustix::process::geteuid().is_root(),
        };
        // What is left of the time is for the mirrors.
        let first = self.end - self.args.asking.timeout / 4;
        let (sights, runtimes) = tokio::join!(
            way::sights(machine, self.targets, first),
            runtimes::ask(self.environment, first)
        );
        let sights = way::with_daemon(sights, self.targets, runtimes.docker_mirrors.as_deref());
        let answers = probe(self.session, &sights, self.end).await;
        way::judge(&sights, &answers).into_iter().chain(runtimes.findings).collect()
    }

    /// The families to ask over: both, unless the user named one, the registry is at an address, or a
    /// proxy decides it.
    fn families(&self, target: &Target) -> Vec<Option<Family>> {
        let is_settled = self.session.client(&target.image, None).is_ok_and(|client| {
            let base = &client.endpoint().base;
            let host = base.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
            host.parse::<std::net::IpAddr>().is_ok()
                || way::proxy_of_variables(self.environment, base).is_some()
        });
        match self.args.asking.family {
            FamilyChoice::Auto if !is_settled => vec![Some(Family::Ipv4), Some(Family::Ipv6)],
            _ => self.session.families().to_vec(),
        }
    }
}

/// Asks as everybody over every family at once. Costs no pull.
async fn ask(
    session: &Arc<Session>,
    target: &Target,
    principals: &[Principal],
    families: &[Option<Family>],
    end: Instant,
) -> Vec<Asked> {
    let mut tasks = JoinSet::new();
    for (at, (who, family)) in principals
        .iter()
        .flat_map(|who| families.iter().map(move |family| (who, *family)))
        .enumerate()
    {
        let Ok(client) = session.client(&target.image, family) else { continue };
        let (session, image, who) = (session.clone(), target.image.clone(), who.clone());
        tasks.spawn(async move {
            let answer = session.read_dated_by(end, &client, &image, &who).await;
            (at, Asked::of(&who.credential, answer))
        });
    }
    let mut answers = tasks.join_all().await;
    answers.sort_by_key(|(at, _)| *at);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

/// What each mirror answers when it is asked once, as nobody, by its URL as it is written.
async fn probe(
    session: &Arc<Session>,
    sights: &[Sight],
    end: Instant,
) -> BTreeMap<String, Result<u16, String>> {
    let mut tasks = JoinSet::new();
    for url in way::mirrors(sights) {
        let session = session.clone();
        tasks.spawn(async move {
            let answer = match way::root(&url).and_then(|root| session.mirror(root)) {
                None => Err("is no URL of a host".to_owned()),
                Some(client) => {
                    way::answered(client.ping(end.min(Instant::now() + MIRROR_LIMIT)).await)
                }
            };
            (url, answer)
        });
    }
    tasks.join_all().await.into_iter().collect()
}
