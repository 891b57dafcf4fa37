//! From an answer or an error to a [`Reading`].

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::answered::{Answered, Unmet, is_web_page};
use super::client::Client;
use super::error::RegistryError;
use crate::context::Clock;
use crate::credentials::{self, Credential};
use crate::image::Reference;
use crate::quota::{
    Answer, Assessment, Confidence, Identity, LimitStatus, Reading, assess, elsewhere,
};

/// Who asks: the identity that is shown and the credential that is sent.
#[derive(Debug, Clone)]
pub struct Principal {
    /// What is shown.
    pub identity: Identity,
    /// What is sent.
    pub credential: Credential,
    /// Whether a pull from here would be counted on it.
    pub effective: bool,
}

impl Principal {
    /// Nobody in particular.
    pub fn anonymous(effective: bool) -> Self {
        Self { identity: Identity::Anonymous, credential: Credential::Anonymous, effective }
    }
}

impl From<credentials::Identity> for Principal {
    fn from(found: credentials::Identity) -> Self {
        let identity = match &found.origin {
            None => Identity::Anonymous,
            Some(origin) => Identity::Account {
                user: found.credential.user().map(|user| crate::text::one_line(user, 128)),
                credentials_from: Some(origin.to_string()),
            },
        };
        Self { identity, credential: found.credential, effective: found.effective }
    }
}

impl Client {
    /// One reading: a HEAD, with a token fetched where none is at hand. Never an error: what went
    /// wrong is a limit status, too.
    pub async fn read(
        &self,
        image: &Reference,
        who: &Principal,
        clock: &dyn Clock,
        timeout: Duration,
    ) -> Reading {
        self.read_dated(image, who, clock, timeout).await.0
    }

    /// The same, with the time that the registry's own clock showed: the `Date` of its answer.
    pub async fn read_dated(
        &self,
        image: &Reference,
        who: &Principal,
        clock: &dyn Clock,
        timeout: Duration,
    ) -> (Reading, Option<DateTime<Utc>>) {
        let mut date = None;
        let started = Instant::now();
        let outcome = self.try_head(image, &who.credential, started + timeout).await;
        let mut reading = Reading {
            at: clock.now(),
            image: image.clone(),
            identity: who.identity.clone(),
            effective: who.effective,
            family: None,
            status: LimitStatus::Unknown,
            confidence: Confidence::Reported,
            full_by: None,
            source: None,
            http_status: None,
            digest: None,
            retry_after: None,
            elapsed: started.elapsed(),
            headers: std::collections::BTreeMap::default(),
            warnings: Vec::new(),
        };
        match outcome {
            Ok(answered) => {
                date = date_of(&answered);
                let registrys = answered.status != 404
                    || answered.is_a_registrys()
                    || self.is_a_registry(started + timeout).await;
                apply(&mut reading, &answered, image, registrys);
            }
            Err(Unmet { error, answered }) => {
                if let RegistryError::LoginLimit { retry_after, .. } = &error {
                    reading.retry_after = *retry_after;
                }
                reading.family = self.family();
                if let Some(answered) = answered {
                    date = date_of(&answered);
                    keep(&mut reading, &answered);
                }
                reading.status = status_of(&error);
            }
        }
        // A 401 counts on the address whoever asked: nobody was let in.
        if reading.http_status != Some(401) {
            warn_of_the_wrong_bucket(&mut reading, &who.credential);
        }
        (reading, date)
    }
}

fn date_of(answered: &Answered) -> Option<DateTime<Utc>> {
    answered
        .header("date")
        .and_then(|date| httpdate::parse_http_date(date).ok())
        .map(DateTime::from)
}

/// Where an identity stands that got no answer.
pub fn status_of(error: &RegistryError) -> LimitStatus {
    match error.throttle() {
        Some(throttle) => LimitStatus::Throttled(throttle, error.fault()),
        None => LimitStatus::Failed(error.fault()),
    }
}

/// What an answered manifest request means, as far as it is not an error.
pub fn assess_answer(answered: &Answered, at: DateTime<Utc>) -> Assessment {
    let fields = answered.fields();
    assess(Answer {
        status: answered.status,
        fields: &fields,
        body: &answered.body,
        retry_after: answered.retry_after(at.into()),
        at,
    })
}

/// What an answer says whatever its status; that is handed back.
fn keep(reading: &mut Reading, answered: &Answered) -> Option<LimitStatus> {
    let assessment = assess_answer(answered, reading.at);
    reading.family = answered.family;
    reading.http_status = Some(answered.status);
    reading.digest = answered.header("docker-content-digest").map(str::to_owned);
    reading.retry_after = answered.retry_after(reading.at.into());
    reading.confidence = assessment.confidence;
    reading.full_by = assessment.full_by;
    reading.source = assessment.source;
    reading.headers = assessment.headers;
    reading.warnings = assessment.warnings;
    assessment.status
}

/// `registrys` is whether a registry gave the answer, as far as a 404 leaves that open.
fn apply(reading: &mut Reading, answered: &Answered, image: &Reference, registrys: bool) {
    let assessed = keep(reading, answered);
    reading.status = status_by(assessed, answered, image, registrys);
    if let (LimitStatus::Unlimited, Some(known)) = (&reading.status, elsewhere(image)) {
        reading.warnings.push(format!(
            "{} tells no count, and has a limit: {}; a refusal reads {} (as of {}, {})",
            known.name, known.pulls, known.refusal, known.date, known.source
        ));
    }
}

/// What an answer to a manifest request means, whatever its status, errors included.
pub fn meaning(answered: &Answered, image: &Reference, at: DateTime<Utc>) -> LimitStatus {
    let registrys = answered.is_a_registrys();
    status_by(assess_answer(answered, at).status, answered, image, registrys)
}

fn status_by(
    assessed: Option<LimitStatus>,
    answered: &Answered,
    image: &Reference,
    registrys: bool,
) -> LimitStatus {
    let host = answered.host.clone();
    let image = image.to_string();
    match assessed {
        Some(LimitStatus::Unlimited) if !answered.is_a_manifests() => {
            let kind = answered.header("content-type").unwrap_or("nothing");
            let words = if is_web_page(answered) {
                "a web page came instead of a manifest".to_owned()
            } else {
                format!("{kind} came instead of a manifest")
            };
            status_of(&RegistryError::Protocol { host, words })
        }
        Some(status) => status,
        None => status_of(&refusal(answered, host, image, registrys)),
    }
}

/// The error of an answer that says nothing of a limit.
fn refusal(answered: &Answered, host: String, image: String, registrys: bool) -> RegistryError {
    let words = super::token::words_of(&answered.body);
    match answered.status {
        404 if registrys => RegistryError::NotFound { host, image },
        404 => RegistryError::Protocol {
            host,
            words: "404, and nothing in the answer is a registry's".to_owned(),
        },
        403 if is_web_page(answered) => RegistryError::Blocked { host, words },
        401 | 403 => {
            RegistryError::Denied { host, image, words: format!("status {}", answered.status) }
        }
        status @ (408 | 500..=599) => RegistryError::Server { host, status },
        status => RegistryError::Protocol { host, words: format!("status {status}") },
    }
}

/// The commonest silent fault: credentials were sent, an address was counted.
fn warn_of_the_wrong_bucket(reading: &mut Reading, credential: &Credential) {
    let Some(source) = &reading.source else { return };
    if !credential.is_anonymous() && source.kind().is_address() {
        let user = reading.identity.user().unwrap_or("an account");
        reading.warnings.push(format!("credentials of {user} were sent, but the address {source} was counted: they are not being used"));
    } else if credential.is_anonymous() && !source.kind().is_address() {
        reading.warnings.push(format!(
            "nothing was sent that says who asks, but the account {source} was counted: something between here and the registry logs in"
        ));
    }
}
