//! Whether images really come through a mirror, proved by the count of the registry behind it: read, one
//! pull through the mirror, read again, once for what it holds not yet (cold) and once more (warm). A
//! client whose mirror fails goes to Docker Hub without a word, so that a setting alone proves nothing.

mod report;

use std::collections::BTreeMap;

use super::through::{Through, ThroughError};
use crate::context::Clock;
use crate::credentials::{Choice, Credential, CredentialsError};
use crate::exit::{Exit, Failure};
use crate::image::Reference;
use crate::image::ecr::EcrHost;
use crate::image::manifest::{self, Manifest};
use crate::quota::{LimitStatus, Reading};
use crate::registry::{Answered, Client, Principal, RegistryError};
use crate::session::{Session, SessionError};
use crate::text::{one_line, redact};

pub use report::{Checked, Counted, Verdict, VerifyReport};

/// Why an image cannot be looked at, at all.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// There is nobody to ask.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The login to the mirror cannot be had.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// There is no such name behind the mirror.
    #[error(transparent)]
    Through(#[from] ThroughError),
}

/// Which platforms of an index are pulled.
#[derive(Debug, Clone)]
pub enum Platforms {
    /// Every one.
    All,
    /// These.
    These(Vec<String>),
}

impl From<VerifyError> for Failure {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Session(error) => error.into(),
            VerifyError::Credentials(error) => Self::new(Exit::Credentials, error),
            VerifyError::Through(error) => Self::new(Exit::Usage, error),
        }
    }
}

impl Platforms {
    /// Those that are named; this machine's where none is.
    pub(crate) fn of_arguments(named: &[String]) -> Self {
        match named {
            [] => Self::These(vec![manifest::native()]),
            these if these.iter().any(|platform| platform == "all") => Self::All,
            these => Self::These(these.to_vec()),
        }
    }

    fn takes(&self, platform: &str) -> bool {
        match self {
            Self::All => true,
            Self::These(these) => these.iter().any(|these| manifest::fits(platform, these)),
        }
    }
}

/// What was read of the limit, by identity.
type Counts = BTreeMap<String, Option<u64>>;

/// One image, asked of both sides.
struct Sides<'a> {
    session: &'a Session,
    image: &'a Reference,
    mirror: Reference,
    upstream: std::sync::Arc<Client>,
    cache: std::sync::Arc<Client>,
    principals: &'a [Principal],
    login: Credential,
}

/// Looks at one image. `principals` are all those whose count is read; exactly one is effective.
///
/// # Errors
/// Where one of the sides cannot be asked at all.
pub async fn verify(
    session: &Session,
    clock: &dyn Clock,
    image: &Reference,
    through: &Through,
    platforms: &Platforms,
    principals: &[Principal],
) -> Result<Checked, VerifyError> {
    let mirror = through.of(image)?;
    let keychain = session.keychain();
    let found =
        keychain.identities(mirror.registry(), mirror.repository(), &Choice::Effective).await?;
    let login = found.identities.into_iter().next().map(|found| found.credential);
    let sides = Sides {
        session,
        image,
        upstream: session.client(image, None)?,
        cache: session.client(&mirror, None)?,
        mirror,
        principals,
        login: login.unwrap_or_default(),
    };
    Ok(sides.look(clock, platforms).await)
}

/// What a pull through the mirror brought.
struct Pulled {
    digest: String,
    platforms: Vec<String>,
    answered_by: String,
}

impl Sides<'_> {
    async fn look(&self, clock: &dyn Clock, platforms: &Platforms) -> Checked {
        let (readings, before) = self.read(clock).await;
        let cold = self.pull(platforms).await;
        let (after_cold, middle) = self.read(clock).await;
        let warm = match &cold {
            Ok(_) => Some(self.pull(platforms).await),
            Err(_) => None,
        };
        let (_, mut after) = self.read(clock).await;
        let (mut from, mut warm_cost) = (middle.clone(), moved(&middle, &after));
        // Others pull, too: only what is used twice in a row is the mirror's.
        if warm_cost.is_some_and(|cost| cost > 0) && self.pull(platforms).await.is_ok() {
            from = after;
            after = self.read(clock).await.1;
            warm_cost = moved(&from, &after);
        }
        let upstream =
            readings.iter().chain(&after_cold).find_map(|reading| reading.digest.clone());
        let exhausted = readings
            .iter()
            .chain(&after_cold)
            .find(|reading| matches!(reading.status, LimitStatus::Exhausted { .. }));
        let outcome = match warm {
            Some(Err(failure)) => Err(failure),
            _ => cold,
        };
        self.checked(
            outcome,
            upstream.as_ref(),
            exhausted,
            [&before, &middle, &from, &after],
            warm_cost,
        )
    }

    fn checked(
        &self,
        outcome: Result<Pulled, String>,
        upstream: Option<&String>,
        exhausted: Option<&Reading>,
        [before, middle, _, after]: [&Counts; 4],
        warm: Option<u64>,
    ) -> Checked {
        let whom = self.whom(before, after);
        let count = |counts: &Counts| counts.get(&whom).copied().flatten();
        let mut checked = Checked::new(self.image.to_string(), self.mirror.to_string());
        checked.digest_upstream = upstream.cloned();
        checked.pulls_before = count(before);
        checked.pulls_after = count(after);
        checked.cold_pulls = moved(before, middle);
        checked.warm_pulls = warm;
        checked.counted = Counted { whom, exhausted: exhausted.is_some() };
        match outcome {
            Err(failure) => {
                checked.verdict = Verdict::Failed;
                checked.detail = match exhausted {
                    Some(_) if is_unknown(&failure) => format!(
                        "{failure}: that is the limit, not a missing image. {} of {} is used up, and a cache tells its clients that what it cannot fetch is unknown",
                        "The pull limit", checked.counted.whom
                    ),
                    _ if is_unknown(&failure) && upstream.is_some() => format!(
                        "{failure}, though the registry behind it has this image: its path, its library/ or its login there is wrong"
                    ),
                    _ => failure,
                };
            }
            Ok(pulled) => {
                checked.same = upstream.map(|upstream| *upstream == pulled.digest);
                checked.platforms = pulled.platforms;
                checked.answered_by = Some(pulled.answered_by);
                checked.digest_mirror = Some(pulled.digest);
                (checked.verdict, checked.detail) = verdict(&checked);
            }
        }
        checked
    }

    /// Whose count is told: whose moved, else the one that a pull from here is counted on.
    fn whom(&self, before: &Counts, after: &Counts) -> String {
        let spent = |name: &&String| {
            let count = |counts: &Counts| counts.get(*name).copied().flatten();
            matches!((count(before), count(after)), (Some(before), Some(after)) if after > before)
        };
        let effective = || self.principals.iter().find(|who| who.effective).map(name);
        before.keys().find(spent).cloned().or_else(effective).unwrap_or_default()
    }

    async fn read(&self, _clock: &dyn Clock) -> (Vec<Reading>, Counts) {
        let mut readings = Vec::new();
        let mut counts = Counts::new();
        for who in self.principals {
            let reading = self.session.read(&self.upstream, self.image, who).await;
            let used = match (&reading.status, reading.count()) {
                (_, Some(count)) => Some(count.used()),
                _ => None,
            };
            counts.insert(name(who), used);
            readings.push(reading);
        }
        (readings, counts)
    }

    /// One pull through the mirror: the tag, each platform's manifest, and the configuration, which is
    /// the smallest blob.
    async fn pull(&self, platforms: &Platforms) -> Result<Pulled, String> {
        let top = self.get(self.mirror.manifest()).await?;
        let answered_by = answered_by(&self.mirror, &top);
        let index = self.manifest(self.mirror.manifest(), &top)?;
        let mut names = Vec::new();
        let mut config = index.config.clone();
        for entry in &index.entries {
            let Some(platform) = entry.platform.as_ref().filter(|name| platforms.takes(name))
            else {
                continue;
            };
            let answered = self.get(&entry.digest).await?;
            let manifest = self.manifest(&entry.digest, &answered)?;
            if manifest.digest != entry.digest {
                return Err(format!("{platform} is not what its digest says"));
            }
            config = manifest.config;
            names.push(platform.clone());
        }
        if !index.entries.is_empty() && names.is_empty() {
            return Err("it has none of the platforms asked for".to_owned());
        }
        if let Some(config) = config {
            let deadline = self.session.deadline();
            let blob = self.cache.blob(&self.mirror, &config, &self.login, deadline).await;
            refused(&self.mirror, blob)?;
        }
        Ok(Pulled { digest: index.digest, platforms: names, answered_by })
    }

    async fn get(&self, name: &str) -> Result<Answered, String> {
        let deadline = self.session.deadline();
        refused(&self.mirror, self.cache.manifest(&self.mirror, name, &self.login, deadline).await)
    }

    fn manifest(&self, name: &str, answered: &Answered) -> Result<Manifest, String> {
        Manifest::parse(&answered.body)
            .ok_or_else(|| format!("{} answers no manifest for {name}", self.mirror.registry()))
    }
}

fn name(who: &Principal) -> String {
    who.identity.user().map_or_else(|| "anonymous".to_owned(), |user| format!("the account {user}"))
}

/// By how much the counts of all identities moved; `None` where none can be seen.
fn moved(before: &Counts, after: &Counts) -> Option<u64> {
    let seen = before.iter().filter_map(|(name, before)| {
        let after = after.get(name).copied().flatten()?;
        Some(after.saturating_sub((*before)?))
    });
    seen.max()
}

/// A refusal in words, with what the registry says of it.
fn refused(
    mirror: &Reference,
    outcome: Result<Answered, RegistryError>,
) -> Result<Answered, String> {
    let answered = outcome.map_err(|error| one_line(&error.to_string(), 400))?;
    if answered.status == 200 {
        return Ok(answered);
    }
    let words = serde_json::from_str::<serde_json::Value>(&answered.body).ok();
    let words = words.as_ref().and_then(|body| body.get("errors")?.get(0)).map(|error| {
        let text =
            |key: &str| error.get(key).and_then(serde_json::Value::as_str).unwrap_or_default();
        format!("{} {}", text("code"), text("message"))
    });
    let words = words.unwrap_or_else(|| answered.body.clone());
    let words = one_line(redact(&words).trim(), 300);
    Err(format!("{} answers {} {words}", mirror.registry(), answered.status).trim_end().to_owned())
}

/// Whether a mirror says that there is no such image.
fn is_unknown(failure: &str) -> bool {
    let failure = failure.to_ascii_lowercase();
    failure.contains("answers 404")
        || failure.contains("manifest unknown")
        || failure.contains("manifest_unknown")
        || failure.contains("name unknown")
}

/// Who gave an answer, as far as it shows.
fn answered_by(mirror: &Reference, answered: &Answered) -> String {
    let host = mirror.registry();
    let kind = match EcrHost::of(host) {
        Some(EcrHost::Private(_)) => Some("Amazon ECR".to_owned()),
        Some(EcrHost::Public) => Some("Amazon ECR Public".to_owned()),
        None => ["server", "via", "x-served-by"]
            .iter()
            .find_map(|name| answered.header(name))
            .map(|value| one_line(&redact(value), 60)),
    };
    let is_hubs = answered.headers.contains_key("docker-ratelimit-source");
    let kind = if is_hubs {
        Some("it passes on the limit of the registry behind it: a proxy, not a cache".to_owned())
    } else {
        kind.or_else(|| {
            answered
                .headers
                .contains_key("docker-distribution-api-version")
                .then(|| "a registry of the distribution project's kind".to_owned())
        })
    };
    kind.map_or_else(|| host.to_owned(), |kind| format!("{host} ({kind})"))
}

fn verdict(checked: &Checked) -> (Verdict, String) {
    let whom = &checked.counted.whom;
    if checked.same == Some(false) {
        return (
            Verdict::Differs,
            "the mirror has another image under this name: an old one, or not a mirror of it"
                .to_owned(),
        );
    }
    match (checked.cold_pulls, checked.warm_pulls) {
        (_, Some(cost)) if cost > 0 => (
            Verdict::Spends,
            format!(
                "each pull through it costs {cost} of the limit of {whom}: it keeps nothing, or asks anew each time"
            ),
        ),
        (Some(0), Some(_)) => (Verdict::Served, format!("the count of {whom} did not move")),
        (Some(cost), Some(_)) => (
            Verdict::Served,
            format!("fetching it cost {cost} of the limit of {whom}, the next pull nothing"),
        ),
        _ if checked.counted.exhausted => (
            Verdict::Served,
            format!("served while the limit of {whom} is used up: from what the mirror holds"),
        ),
        _ => (
            Verdict::Served,
            "the same image, but no count can be seen here: whom the mirror spends is not known"
                .to_owned(),
        ),
    }
}
