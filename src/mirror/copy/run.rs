//! One image after another: found, waited for, paid, copied, compared.

use std::time::Duration;

use super::super::ecr::Aws;
use super::logins::Logins;
use super::pace::{self, May, Waiting};
use super::report::{CopiedImage, Outcome};
use super::state::State;
use super::tool::{Broken, Found, Job};
use super::{Around, DestinationLogin, How, Item, Progress};
use crate::Exit;
use crate::credentials::{Credential, docker_key};
use crate::image::Reference;
use crate::image::manifest::Manifest;
use crate::quota::{FaultKind, LimitStatus, Reading, elsewhere};
use crate::registry::Principal;

/// How often a refusal is waited out before an image is given up.
const TRIES: u32 = 6;
/// The first wait where the destination is too busy; it doubles.
const BUSY: Duration = Duration::from_secs(5);
/// How long the aws command may take for a password.
const AWS_LIMIT: Duration = Duration::from_secs(60);

/// A run.
pub(super) struct Run<'a> {
    around: &'a Around<'a>,
    how: &'a How,
    found: Found<'a>,
    logins: Logins,
    login: &'a mut DestinationLogin,
    /// The most that an image has cost so far.
    dearest: u64,
    remaining: Option<u64>,
}

/// Who pays for an image, and what was read of them.
struct Payer<'p> {
    who: &'p Principal,
    reading: Reading,
}

/// How a try ended.
enum Tried {
    /// For good.
    Done(CopiedImage),
    /// A limit was met: again, after so long.
    Again(CopiedImage, Duration),
}

impl<'a> Run<'a> {
    pub(super) fn new(
        around: &'a Around<'a>,
        how: &'a How,
        found: Found<'a>,
        logins: Logins,
        login: &'a mut DestinationLogin,
    ) -> Self {
        Self { around, how, found, logins, login, dearest: 0, remaining: None }
    }

    /// Pulls left, as last read.
    pub(super) fn remaining(&self) -> Option<u64> {
        self.remaining
    }

    /// One image, to its end.
    pub(super) async fn one(&mut self, item: &Item, state: &State) -> CopiedImage {
        let mut image = item.untouched();
        for attempt in 0..TRIES {
            match self.once(item, state, image, BUSY * 2_u32.pow(attempt)).await {
                Tried::Done(done) => return done,
                Tried::Again(back, wait) => {
                    image = back;
                    if self.rest(wait).await {
                        return image;
                    }
                }
            }
        }
        let why = image.failure.take().unwrap_or_default();
        image.failed(Exit::Throttled, format!("refused {TRIES} times over: {why}"))
    }

    async fn once(
        &mut self,
        item: &Item,
        state: &State,
        mut image: CopiedImage,
        busy: Duration,
    ) -> Tried {
        let credential = match self.destination_login().await {
            Ok(credential) => credential,
            Err((exit, why)) => return Tried::Done(image.failed(exit, why)),
        };
        let payer = self.payer(item).await;
        self.remaining = payer.reading.remaining().or(self.remaining);
        if let LimitStatus::Failed(fault) | LimitStatus::Throttled(_, fault) = &payer.reading.status
        {
            let (exit, why) = (exit_of(fault.kind), fault.message.clone());
            return if exit == Exit::Throttled {
                image.failure = Some(why);
                Tried::Again(image, busy)
            } else {
                Tried::Done(image.failed(exit, why))
            };
        }
        if payer.reading.http_status == Some(404) {
            let why = "there is no such image at the source";
            return Tried::Done(image.failed(Exit::Credentials, why));
        }
        image.digest = payer.reading.digest.clone().or(image.digest);
        if let Some(digest) = &image.digest
            && let Some(held) = self.held(item, digest, state, &credential).await
        {
            image.digest_destination = Some(held);
            image.outcome = Outcome::Present;
            return Tried::Done(image);
        }
        let wanted = pace::wanted(self.how.floor, self.dearest, self.how.platform.is_none());
        match pace::may(&payer.reading, wanted) {
            May::Now => {}
            May::Never(limit) => {
                let why = format!(
                    "the limit is {limit}: --floor {} leaves no pull for it",
                    self.how.floor
                );
                return Tried::Done(image.failed(Exit::Usage, why));
            }
            May::When(wanted) => {
                if self.wait(item, &payer, wanted).await {
                    return Tried::Done(image);
                }
                // Not a try: nothing was asked of the tool.
                return Box::pin(self.once(item, state, image, busy)).await;
            }
        }
        let Some(digest) = image.digest.clone() else {
            let why = "the source does not tell the image's digest";
            return Tried::Done(image.failed(Exit::Unreachable, why));
        };
        self.spend(item, &payer, digest, image, &credential, busy).await
    }

    /// The copy itself, and what came of it.
    async fn spend(
        &mut self,
        item: &Item,
        payer: &Payer<'_>,
        digest: String,
        mut image: CopiedImage,
        credential: &Credential,
        busy: Duration,
    ) -> Tried {
        let outcome = self.by_tool(item, payer, &digest, credential).await;
        let after = self.read(item, payer.who).await;
        let spent = match (payer.reading.remaining(), after.remaining()) {
            (Some(before), Some(after)) => before.saturating_sub(after),
            _ => 0,
        };
        image.pulls += spent;
        self.dearest = self.dearest.max(spent);
        self.remaining = after.remaining().or(self.remaining);
        match outcome {
            Ok(()) => Tried::Done(self.compared(item, &digest, image, credential).await),
            Err(Broken::Interrupted) => Tried::Done(image),
            Err(Broken::Failed(why)) => {
                image.failure = Some(why.clone());
                if after.remaining() == Some(0) || is_busy(&why) {
                    let wait = if after.remaining() == Some(0) { Duration::ZERO } else { busy };
                    return Tried::Again(image, wait);
                }
                Tried::Done(image.failed(exit_of_words(&why), why))
            }
        }
    }

    /// Whoever has most left; among equals the one that a pull from here is counted on.
    async fn payer<'p>(&self, item: &'p Item) -> Payer<'p> {
        let mut best: Option<Payer<'p>> = None;
        for who in &item.principals {
            let next = Payer { who, reading: self.read(item, who).await };
            let worth = |payer: &Payer<'_>| (pace::left(&payer.reading), payer.who.effective);
            if best.as_ref().is_none_or(|best| worth(&next) > worth(best)) {
                best = Some(next);
            }
        }
        match best {
            Some(best) => best,
            // An item has somebody who may pay: without one, anybody may ask as nobody.
            None => Payer { who: &NOBODY, reading: self.read(item, &NOBODY).await },
        }
    }

    async fn read(&self, item: &Item, who: &Principal) -> Reading {
        let session = self.around.session;
        match session.client(&item.source, None) {
            Ok(client) => session.read(&client, &item.source, who).await,
            Err(error) => unread(self.around.clock.now(), item, who, &error.to_string()),
        }
    }

    /// The digest at the destination where the image is there already: the source's own, or the one that
    /// a tool made of it on an earlier run.
    async fn held(
        &self,
        item: &Item,
        digest: &str,
        state: &State,
        credential: &Credential,
    ) -> Option<String> {
        let session = self.around.session;
        let client = session.client(&item.destination, None).ok()?;
        let answered = client.head(&item.destination, credential, session.deadline()).await.ok()?;
        let held = answered.header("docker-content-digest").filter(|_| answered.status == 200)?;
        let earlier = state.of(&item.destination.to_string()).is_some_and(|copied| {
            copied.digest == digest && copied.made == held && copied.platform == self.how.platform
        });
        (earlier || (held == digest && self.how.platform.is_none())).then(|| held.to_owned())
    }

    async fn by_tool(
        &self,
        item: &Item,
        payer: &Payer<'_>,
        digest: &str,
        credential: &Credential,
    ) -> Result<(), Broken> {
        let source = self.at_its_place(&item.source, digest);
        let source = source.map_err(Broken::Failed)?;
        let logins = [
            (docker_key(source.registry()), &payer.who.credential),
            (docker_key(item.destination.registry()), credential),
        ];
        self.logins
            .write(&logins)
            .map_err(|error| Broken::Failed(format!("cannot write the tool's logins: {error}")))?;
        let platform = self.how.platform.as_deref();
        let job = Job { source: &source, destination: &item.destination, platform };
        self.found.copy(&job, &self.logins).await
    }

    /// The source by its digest, at the address where docker.io really is: tools know no other place.
    fn at_its_place(&self, source: &Reference, digest: &str) -> Result<Reference, String> {
        let host = match self.around.session.registry_url() {
            Some(url) if source.is_docker_hub() => {
                let host = url.host_str().unwrap_or_default();
                url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
            }
            _ => source.registry().to_owned(),
        };
        format!("{host}/{}@{digest}", source.repository()).parse().map_err(
            |error: crate::image::ReferenceError| {
                format!("{source} cannot be named for the tool: {error}")
            },
        )
    }

    /// What is at the destination after a copy, beside what was wanted.
    async fn compared(
        &self,
        item: &Item,
        digest: &str,
        mut image: CopiedImage,
        credential: &Credential,
    ) -> CopiedImage {
        let session = self.around.session;
        let answered = match session.client(&item.destination, None) {
            Err(error) => return image.failed(Exit::Unreachable, error.to_string()),
            Ok(client) => {
                let name = item.destination.manifest();
                client.manifest(&item.destination, name, credential, session.deadline()).await
            }
        };
        let manifest = match answered {
            Err(error) => return image.failed(Exit::Unreachable, error.to_string()),
            Ok(answered) if answered.status != 200 => {
                let why = format!("the destination answers {} after the copy", answered.status);
                return image.failed(Exit::Unreachable, why);
            }
            Ok(answered) => Manifest::parse(&answered.body),
        };
        let Some(manifest) = manifest else {
            return image
                .failed(Exit::Unreachable, "the destination has no manifest after the copy");
        };
        image.platforms = manifest.platforms();
        image.digest_destination = Some(manifest.digest.clone());
        image.failure = None;
        let same = manifest.digest == digest;
        let one_wanted = self.how.platform.as_deref();
        if !same && one_wanted.is_none() && self.found.tool.keeps_platforms() {
            return image.failed(
                Exit::Unreachable,
                format!("the copy is {}, not {digest}", manifest.digest),
            );
        }
        let tool = self.found.tool.name();
        image.note = match one_wanted {
            _ if same => None,
            Some(platform) => {
                Some(format!("{platform} alone was copied, under a digest of its own"))
            }
            None => Some(format!(
                "{tool} copies one platform: the others are not at the destination, and the digest is another; crane and skopeo copy all"
            )),
        };
        image.outcome = Outcome::Copied;
        self.breathe(item, &image).await;
        image
    }

    /// Keeps below what the destination takes in a second.
    async fn breathe(&self, item: &Item, image: &CopiedImage) {
        let rate = elsewhere(&item.destination).and_then(|limits| limits.pushes_per_second);
        if let Some(rate) = rate {
            let manifests =
                u32::try_from(image.platforms.len()).unwrap_or(u32::MAX).saturating_add(1);
            self.rest(Duration::from_secs(1) * manifests / rate).await;
        }
    }

    async fn destination_login(&mut self) -> Result<Credential, (Exit, String)> {
        let around = self.around;
        let aws = Aws::find(around.environment, AWS_LIMIT, around.shutdown);
        let current = match &aws {
            Ok(aws) => self.login.current(Ok(aws)).await,
            Err(error) => self.login.current(Err(error.clone())).await,
        };
        current.map_err(|error| (error.exit(), format!("no password for the destination: {error}")))
    }

    /// Waits for the count; whether the run is over instead.
    async fn wait(&self, item: &Item, payer: &Payer<'_>, wanted: u64) -> bool {
        let mut reading = payer.reading.clone();
        loop {
            let next = pace::next_look(&reading);
            let whom = payer.who.identity.user().map_or_else(
                || "the address of this machine".to_owned(),
                |user| format!("the account {user}"),
            );
            let waiting = Waiting {
                remaining: reading.remaining().unwrap_or(0),
                wanted,
                full_by: reading.full_by,
                whom,
                next,
            };
            (self.around.progress)(Progress::Waits(&waiting));
            if self.rest(next).await {
                return true;
            }
            reading = self.read(item, payer.who).await;
            if !matches!(pace::may(&reading, wanted), May::When(_)) {
                return false;
            }
        }
    }

    /// Sleeps; whether the run is over instead.
    async fn rest(&self, time: Duration) -> bool {
        tokio::select! {
            () = tokio::time::sleep(time) => self.around.shutdown.is_cancelled(),
            () = self.around.shutdown.cancelled() => true,
        }
    }
}

/// Whoever has no login.
static NOBODY: Principal = Principal {
    identity: crate::quota::Identity::Anonymous,
    credential: Credential::Anonymous,
    effective: true,
};

fn unread(at: chrono::DateTime<chrono::Utc>, item: &Item, who: &Principal, why: &str) -> Reading {
    let fault = crate::quota::Fault {
        kind: FaultKind::Network,
        message: why.to_owned(),
        advice: String::new(),
    };
    Reading {
        at,
        image: item.source.clone(),
        identity: who.identity.clone(),
        effective: who.effective,
        family: None,
        status: LimitStatus::Failed(fault),
        confidence: crate::quota::Confidence::Reported,
        full_by: None,
        source: None,
        http_status: None,
        digest: None,
        retry_after: None,
        elapsed: Duration::ZERO,
        headers: std::collections::BTreeMap::new(),
        warnings: Vec::new(),
    }
}

/// Whether a tool's words are a registry's that is too busy.
fn is_busy(words: &str) -> bool {
    let words = words.to_ascii_lowercase();
    ["toomanyrequests", "too many requests", "rate exceeded", "throttling", " 429"]
        .iter()
        .any(|sign| words.contains(sign))
}

fn exit_of_words(words: &str) -> Exit {
    let words = words.to_ascii_lowercase();
    let denied =
        ["unauthorized", "denied", "authentication required", "no basic auth", "forbidden"];
    if denied.iter().any(|sign| words.contains(sign)) { Exit::Credentials } else { Exit::Runtime }
}

const fn exit_of(kind: FaultKind) -> Exit {
    match kind {
        FaultKind::Credentials | FaultKind::Denied | FaultKind::NotFound | FaultKind::Blocked => {
            Exit::Credentials
        }
        FaultKind::OverallLimit | FaultKind::LoginLimit => Exit::Throttled,
        _ => Exit::Unreachable,
    }
}
