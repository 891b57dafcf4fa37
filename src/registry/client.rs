//! The client of one registry over one address family: one connection to it, one to its token
//! service, tokens kept for their life. What is asked and what may be retried is all visible here:
//! one new token after a 401, one new token before an old one is believed that no limit applies,
//! one more try of what costs nothing when a kept connection turns out to be dead; nothing else.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue, LOCATION, WWW_AUTHENTICATE};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;
use url::Url;

use super::answered::{Answered, Unmet, Want, retry_after};
use super::challenge::{Challenge, parse_challenge};
use super::endpoint::{Endpoint, TokenService, host};
use super::error::RegistryError;
use super::proof::{account_of, basic_authorization, token_request, whose};
use super::proxy_fault::{refusal_of_proxy, within};
use super::reuse::kept;
use super::secrets::{Secrets, shown};
use super::token::{Token, refusal, words_of};
use super::transport::{Transport, TransportError, Trust, bounded_body, cause_of, drained};
use crate::context::Environment;
use crate::credentials::Credential;
use crate::image::Reference;
use crate::quota::Family;

/// Every kind of manifest and index there is, as a pull asks for them.
const MANIFESTS: &str = "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, \
     application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json, */*;q=0.1";
/// The most redirects that are followed.
const REDIRECTS_MAX: usize = 5;
/// Before a token older than this is believed to have no limit, a new one is asked for.
const OLD_TOKEN: Duration = Duration::from_secs(30);

/// The client of one registry.
pub struct Client {
    endpoint: Endpoint,
    family: Option<Family>,
    trust: Trust,
    environment: Environment,
    state: Mutex<State>,
}

/// What was opened and learnt so far.
struct State {
    registry: Transport,
    /// The token service as a challenge told it, and the connections to such services.
    service: Option<TokenService>,
    auth: HashMap<String, Transport>,
    basic: bool,
    tokens: HashMap<TokenKey, Token>,
    /// Tokens fetched so far, for whom and what.
    fetched: HashMap<TokenKey, u64>,
}

/// Whose token for what: the credential's account and the repository.
#[derive(Clone, PartialEq, Eq, Hash)]
struct TokenKey {
    account: Option<String>,
    anonymous: bool,
    repository: String,
}

impl TokenKey {
    fn of(image: &Reference, who: &Credential) -> Self {
        Self {
            account: account_of(who),
            anonymous: who.is_anonymous(),
            repository: image.repository().to_owned(),
        }
    }
}

impl Client {
    /// A client for an endpoint. No connection is opened yet.
    pub fn new(
        endpoint: Endpoint,
        family: Option<Family>,
        trust: &Trust,
        environment: &Environment,
    ) -> Result<Self, RegistryError> {
        let registry = transport(&endpoint.base, family, trust, environment)?;
        let state = State {
            registry,
            service: None,
            auth: HashMap::new(),
            basic: false,
            tokens: HashMap::new(),
            fetched: HashMap::new(),
        };
        Ok(Self {
            endpoint,
            family,
            trust: trust.clone(),
            environment: environment.clone(),
            state: Mutex::new(state),
        })
    }

    /// The family it was told to use.
    pub fn family(&self) -> Option<Family> {
        self.family
    }

    /// The registry it asks.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Tokens fetched so far for an image as somebody.
    pub fn tokens_fetched(&self, image: &Reference, who: &Credential) -> u64 {
        self.locked().fetched.get(&TokenKey::of(image, who)).copied().unwrap_or_default()
    }

    /// Forgets the tokens, so that the next request asks for a new one.
    pub fn forget_tokens(&self) {
        self.locked().tokens.clear();
    }

    /// Lets go of its connections and tokens, as after a sleep of the machine: the other end may have
    /// closed the one long ago, and their life went by unseen.
    pub fn start_afresh(&self) -> Result<(), RegistryError> {
        let registry = transport(&self.endpoint.base, self.family, &self.trust, &self.environment)?;
        let mut state = self.locked();
        state.registry = registry;
        state.auth.clear();
        state.tokens.clear();
        Ok(())
    }

    /// HEAD of the image's manifest: what costs nothing and carries the limit.
    pub async fn head(
        &self,
        image: &Reference,
        who: &Credential,
        deadline: Instant,
    ) -> Result<Answered, RegistryError> {
        Ok(self.try_head(image, who, deadline).await?)
    }

    /// The same, with the answer whose challenge could not be met.
    pub(super) async fn try_head(
        &self,
        image: &Reference,
        who: &Credential,
        deadline: Instant,
    ) -> Result<Answered, Unmet> {
        let url = self.endpoint.manifest(image, image.manifest());
        let answered = self.send(Want::Head, &url, image, who, deadline).await?;
        let looks_unlimited = answered.status == 200
            && !answered.headers.keys().any(|name| name.as_str().contains("ratelimit-"));
        if looks_unlimited && answered.token_age > OLD_TOKEN {
            self.forget_tokens();
            return self.send(Want::Head, &url, image, who, deadline).await;
        }
        Ok(answered)
    }

    /// GET of a manifest by tag or digest: what counts as a pull.
    pub async fn manifest(
        &self,
        image: &Reference,
        manifest: &str,
        who: &Credential,
        deadline: Instant,
    ) -> Result<Answered, RegistryError> {
        Ok(self
            .send(Want::Text, &self.endpoint.manifest(image, manifest), image, who, deadline)
            .await?)
    }

    /// GET of a blob, read to its end and thrown away.
    pub async fn blob(
        &self,
        image: &Reference,
        digest: &str,
        who: &Credential,
        deadline: Instant,
    ) -> Result<Answered, RegistryError> {
        Ok(self.send(Want::Bytes, &self.endpoint.blob(image, digest), image, who, deadline).await?)
    }

    /// GET of the registry's root, as nobody: whether anything answers there, and with which status.
    pub async fn ping(&self, deadline: Instant) -> Result<u16, RegistryError> {
        Ok(self
            .exchange(Want::Text, &self.endpoint.root(), None, &Secrets::default(), deadline)
            .await?
            .status)
    }

    /// Whether a registry answers at the root, as the distribution specification has it: 200, or 401
    /// where it wants a login. Asked where a 404 without a body leaves it open.
    pub(super) async fn is_a_registry(&self, deadline: Instant) -> bool {
        matches!(self.ping(deadline).await, Ok(200 | 401))
    }

    async fn send(
        &self,
        want: Want,
        url: &Url,
        image: &Reference,
        who: &Credential,
        deadline: Instant,
    ) -> Result<Answered, Unmet> {
        let mut fetched_now = false;
        let mut challenged = 0;
        loop {
            let (authorization, age) =
                self.authorization(image, who, deadline, &mut fetched_now).await?;
            let secrets = Secrets::of(who).with(authorization.as_ref());
            let mut answered = self.exchange(want, url, authorization, &secrets, deadline).await?;
            answered.token_age = age;
            if answered.status != 401 {
                return Ok(answered);
            }
            challenged += 1;
            if let Err(error) = self.meet_challenge(
                &answered,
                image,
                who,
                fetched_now && challenged > 1 || challenged > 2,
            ) {
                return Err(Unmet { error, answered: Some(Box::new(answered)) });
            }
        }
    }

    /// Learns from a 401 how to ask, or says why asking again is of no use.
    fn meet_challenge(
        &self,
        answered: &Answered,
        image: &Reference,
        who: &Credential,
        last: bool,
    ) -> Result<(), RegistryError> {
        let words = words_of(&answered.body);
        let denied = |words: String| RegistryError::Denied {
            host: answered.host.clone(),
            image: image.to_string(),
            words,
        };
        let refused = |words: String| match whose(who) {
            Some(user) => {
                RegistryError::CredentialsRefused { host: answered.host.clone(), user, words }
            }
            None => denied(words),
        };
        let values = answered
            .headers
            .get_all(WWW_AUTHENTICATE)
            .iter()
            .filter_map(|value| value.to_str().ok());
        let mut state = self.locked();
        match parse_challenge(values) {
            None => Err(RegistryError::Protocol {
                host: answered.host.clone(),
                words: "401 without a challenge that can be met".to_owned(),
            }),
            Some(Challenge::Basic) if state.basic && !who.is_anonymous() => Err(refused(words)),
            Some(Challenge::Basic) if !matches!(who, Credential::Password { .. }) => {
                Err(denied("it asks for a user name and password".to_owned()))
            }
            Some(Challenge::Basic) if !self.endpoint.trusts(&self.endpoint.base) => {
                Err(denied(words))
            }
            Some(Challenge::Basic) => {
                state.basic = true;
                Ok(())
            }
            Some(Challenge::Bearer { error: Some(error), .. })
                if error == "insufficient_scope" && (last || !state.tokens.is_empty()) =>
            {
                Err(denied("insufficient scope: private, or no such repository".to_owned()))
            }
            Some(Challenge::Bearer { .. }) if matches!(who, Credential::RegistryToken(_)) => {
                Err(refused("the registry token is not accepted".to_owned()))
            }
            Some(Challenge::Bearer { .. }) if last => {
                Err(refused("a new token is not accepted either".to_owned()))
            }
            Some(Challenge::Bearer { realm, service, .. }) => {
                // Docker Hub's service is known or named by the user; a challenge does not move it.
                if state.service.is_none() && self.endpoint.token_service.is_none() {
                    state.service = Some(TokenService { realm, service });
                }
                state.tokens.clear();
                Ok(())
            }
        }
    }

    /// The Authorization header for a request, and how old its token is.
    async fn authorization(
        &self,
        image: &Reference,
        who: &Credential,
        deadline: Instant,
        fetched_now: &mut bool,
    ) -> Result<(Option<HeaderValue>, Duration), RegistryError> {
        if let Credential::RegistryToken(token) = who {
            return Ok((Some(self.bearer(token)?), Duration::ZERO));
        }
        let key = TokenKey::of(image, who);
        let now = Instant::now();
        let (service, kept, basic) = {
            let state = self.locked();
            let service = self.endpoint.token_service.clone().or_else(|| state.service.clone());
            (
                service,
                state.tokens.get(&key).filter(|token| !token.is_stale(now)).cloned(),
                state.basic,
            )
        };
        if let (true, Credential::Password { user, secret }) = (basic, who) {
            return Ok((Some(basic_authorization(user, secret)), Duration::ZERO));
        }
        if let Some(token) = kept {
            return Ok((Some(self.bearer(&token.secret)?), now - token.fetched));
        }
        let Some(service) = service else { return Ok((None, Duration::ZERO)) };
        let token = match self.fetch_token(&service, image, who, deadline).await {
            Err(error) if error.is_hung_up() => {
                self.fetch_token(&service, image, who, deadline).await?
            }
            other => other?,
        };
        *fetched_now = true;
        let header = self.bearer(&token.secret)?;
        let mut state = self.locked();
        *state.fetched.entry(key.clone()).or_default() += 1;
        state.tokens.insert(key, token);
        Ok((Some(header), Duration::ZERO))
    }

    /// One request to the token service; the registry's connection opens meanwhile.
    async fn fetch_token(
        &self,
        service: &TokenService,
        image: &Reference,
        who: &Credential,
        deadline: Instant,
    ) -> Result<Token, RegistryError> {
        if !who.is_anonymous() && !self.endpoint.trusts(&service.realm) {
            return Err(RegistryError::ForeignRealm {
                registry: self.endpoint.registry.clone(),
                realm: host(&service.realm),
            });
        }
        let at = host(&service.realm);
        let auth = self.auth_transport(&service.realm)?;
        let elsewhere = service.realm.origin() != self.endpoint.base.origin();
        if elsewhere && self.locked().tokens.is_empty() && self.endpoint.token_service.is_some() {
            let registry = self.registry();
            registry.preconnect(self.endpoint.base.clone()).await;
        }
        let scope = format!("repository:{}:pull", image.repository());
        let request = token_request(&auth, service, &scope, who);
        tracing::debug!(host = %at, %scope, as_ = who.kind(), "asking for a token");
        let (status, headers, body) = within(deadline, &at, &auth, async {
            let exchange = auth.begin();
            let response = request.send().await?;
            exchange.answered(response.version());
            let (status, headers, keeps) =
                (response.status().as_u16(), response.headers().clone(), kept(&response));
            let (body, cut) = bounded_body(response).await?;
            exchange.end(keeps && !cut);
            Ok((status, headers, body))
        })
        .await?;
        tracing::debug!(host = %at, status, "token service answered");
        refusal_of_proxy(&auth, status)?;
        if status == 200 {
            return Token::parse(&body, &at, Instant::now());
        }
        let body = Secrets::of(who).clean(&body);
        let wait = retry_after(&headers, std::time::SystemTime::now());
        Err(refusal(status, &body, wait, &at, whose(who).as_deref(), &image.to_string()))
    }

    /// One request to the registry, redirects followed; the Authorization header stays with the
    /// host it was made for.
    async fn exchange(
        &self,
        want: Want,
        url: &Url,
        authorization: Option<HeaderValue>,
        secrets: &Secrets,
        deadline: Instant,
    ) -> Result<Answered, RegistryError> {
        let mut url = url.clone();
        let mut authorization = authorization;
        let mut transport = self.registry();
        for _ in 0..=REDIRECTS_MAX {
            let at = host(&url);
            let once = || self.once(&transport, want, &url, authorization.as_ref(), deadline);
            let mut answered = match once().await {
                Err(error) if want == Want::Head && error.is_hung_up() => once().await?,
                other => other?,
            };
            refusal_of_proxy(&transport, answered.status)?;
            tracing::debug!(status = answered.status, headers = ?shown(&answered.fields(), secrets), "registry answered");
            answered.clean(secrets);
            if !matches!(answered.status, 301 | 302 | 303 | 307 | 308) {
                return Ok(answered);
            }
            let nowhere = || RegistryError::Protocol {
                host: at.clone(),
                words: format!("{} without a place to go", answered.status),
            };
            let next = answered
                .header(LOCATION.as_str())
                .and_then(|location| url.join(location).ok())
                .ok_or_else(nowhere)?;
            if !matches!(next.scheme(), "http" | "https") || !next.has_host() {
                return Err(nowhere());
            }
            if next.origin() != url.origin() {
                authorization = None;
                transport = self::transport(&next, self.family, &self.trust, &self.environment)?;
            }
            url = next;
        }
        Err(RegistryError::Protocol {
            host: host(&url),
            words: format!("more than {REDIRECTS_MAX} redirects"),
        })
    }

    /// One request, and its answer as far as it is wanted.
    async fn once(
        &self,
        transport: &Transport,
        want: Want,
        url: &Url,
        authorization: Option<&HeaderValue>,
        deadline: Instant,
    ) -> Result<Answered, RegistryError> {
        let at = host(url);
        let mut request = transport.request(want.method(), url.clone()).header(ACCEPT, MANIFESTS);
        if let Some(value) = authorization {
            request = request.header(AUTHORIZATION, value.clone());
        }
        tracing::debug!(method = %want.method(), host = %at, path = url.path(), "asking the registry");
        within(deadline, &at, transport, async {
            let exchange = transport.begin();
            let response = request.send().await?;
            exchange.answered(response.version());
            let (status, headers, family) = (
                response.status().as_u16(),
                response.headers().clone(),
                transport.family_of(&response),
            );
            let keeps = kept(&response);
            let (body, cut) = match want {
                Want::Head => (String::new(), false),
                Want::Bytes if status == 200 => (drained(response).await?, false),
                Want::Text | Want::Bytes => bounded_body(response).await?,
            };
            exchange.end(keeps && !cut);
            Ok(Answered {
                status,
                headers,
                body,
                family,
                host: at.clone(),
                token_age: Duration::ZERO,
            })
        })
        .await
    }

    fn registry(&self) -> Transport {
        self.locked().registry.clone()
    }

    /// The connection to a token service: the registry's own where both are one server.
    fn auth_transport(&self, realm: &Url) -> Result<Transport, RegistryError> {
        if realm.origin() == self.endpoint.base.origin() {
            return Ok(self.registry());
        }
        let origin = realm.origin().ascii_serialization();
        if let Some(known) = self.locked().auth.get(&origin) {
            return Ok(known.clone());
        }
        let made = transport(realm, self.family, &self.trust, &self.environment)?;
        self.locked().auth.insert(origin, made.clone());
        Ok(made)
    }

    fn bearer(&self, token: &SecretString) -> Result<HeaderValue, RegistryError> {
        let odd = |_| RegistryError::Protocol {
            host: self.endpoint.registry.clone(),
            words: "the token has characters that no header may have".to_owned(),
        };
        let mut value =
            HeaderValue::from_str(&format!("Bearer {}", token.expose_secret())).map_err(odd)?;
        value.set_sensitive(true);
        Ok(value)
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("endpoint", &self.endpoint)
            .field("family", &self.family)
            .finish_non_exhaustive()
    }
}

fn transport(
    url: &Url,
    family: Option<Family>,
    trust: &Trust,
    environment: &Environment,
) -> Result<Transport, RegistryError> {
    Transport::new(url, family, trust, environment).map_err(|error| match error {
        TransportError::Proxy(error) => RegistryError::ProxySetting(error),
        TransportError::Client(error) => {
            let (cause, words) = cause_of(&error);
            RegistryError::Transport { host: host(url), cause, words }
        }
    })
}
