//! The examination: every registry asked as everybody who was found, logins, configuration, mirrors and
//! runtimes looked at, all at once and within the time given. It costs no pull.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::bucket::Asked;
use super::kubernetes::Secret;
use super::logins::Tools;
use super::target::Target;
use super::{DoctorReport, Finding, bucket, clock, logins, runtimes, way};
use crate::cli::{Asking, Family as FamilyChoice};
use crate::context::Environment;
use crate::credentials::Account;
use crate::hostconfig::{Machine, Sight};
use crate::quota::{Family, Identity, Record};
use crate::registry::Principal;
use crate::session::Session;

/// What is kept of the time for putting the answer together.
const RESERVE: Duration = Duration::from_millis(150);
/// How long a mirror may take.
const MIRROR_LIMIT: Duration = Duration::from_secs(3);
/// How long a tool may take to say which version it is.
const VERSION_LIMIT: Duration = Duration::from_secs(2);

/// What is looked at, and with what.
pub(crate) struct Examination<'a> {
    /// As whom and for how long the user wants it asked.
    pub asking: &'a Asking,
    /// The user's variables.
    pub environment: &'a Environment,
    /// Who asks.
    pub session: &'a Arc<Session>,
    /// The registries.
    pub targets: &'a [Target],
    /// Kubernetes' pull secrets.
    pub secrets: &'a [Secret],
    /// The accounts of the configuration file.
    pub accounts: &'a [Account],
    /// The time of the examination.
    pub now: DateTime<Utc>,
    /// How a span of seconds is written.
    pub span: fn(u64) -> String,
}

/// What an examination finds out before anything is judged.
struct Means {
    tools: Tools,
    end: Instant,
}

impl Examination<'_> {
    /// Everything at once.
    pub(crate) async fn run(&self) -> DoctorReport {
        let end = self.session.deadline();
        let end = end.checked_sub(RESERVE).unwrap_or(end);
        let tools = Tools::find(self.environment, end.min(Instant::now() + VERSION_LIMIT)).await;
        let means = Means { tools, end };
        let registries = futures_util::future::join_all(
            self.targets.iter().map(|target| self.registry(target, &means)),
        );
        let places = logins::places(self.session.keychain(), self.secrets);
        let (registries, places, way) = tokio::join!(registries, places, self.way(end));
        let (findings, effective): (Vec<_>, Vec<_>) = registries.into_iter().unzip();
        let mut findings: Vec<Finding> = findings.into_iter().flatten().collect();
        findings.extend(places);
        findings.extend(logins::podman_s_trap(self.environment, &means.tools));
        findings.extend(way);
        findings.extend(way::trust(self.environment));
        let clients =
            self.targets.iter().filter_map(|target| self.session.client(&target.image, None).ok());
        findings.extend(clients.filter_map(|client| {
            way::proxy_of_variables(self.environment, &client.endpoint().base)
        }));
        DoctorReport::new(findings, effective.into_iter().flatten().collect())
    }

    /// One registry: its logins, then a HEAD as everybody who was found; and what a pull is counted on.
    async fn registry(&self, target: &Target, means: &Means) -> (Vec<Finding>, Vec<Record>) {
        let Self { session, .. } = self;
        let logins = logins::of(session.keychain(), target, self.accounts, &means.tools, self.now);
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
        if practice && !self.asking.anonymous && self.asking.user.is_none() {
            findings.push(logins::practice(target.registry()));
        }
        for secret in self.secrets {
            findings.extend(logins::of_secret(secret, target, self.now));
            // Nobody's real password is for a sandbox to see, and who asks as nobody sends none.
            if practice || self.asking.anonymous {
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
        let answers = ask(session, target, &principals, &self.families(target), means.end).await;
        findings.extend(bucket::judge(target, &answers));
        findings.extend(clock::judge(&answers, self.span));
        (findings, bucket::effective(&answers))
    }

    /// Configuration and runtimes, then whether the mirrors that they name answer.
    async fn way(&self, end: Instant) -> Vec<Finding> {
        let machine = Machine {
            root: PathBuf::from("/"),
            environment: self.environment.clone(),
            is_root: rustix::process::geteuid().is_root(),
        };
        // What is left of the time is for the mirrors.
        let first = end - self.asking.timeout / 4;
        let (sights, runtimes) = tokio::join!(
            way::sights(machine, self.targets, first),
            runtimes::ask(self.environment, first)
        );
        let sights = way::with_daemon(sights, self.targets, runtimes.docker_mirrors.as_deref());
        let answers = probe(self.session, &sights, end).await;
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
        match self.asking.family {
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
