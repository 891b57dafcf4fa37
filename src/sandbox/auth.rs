//! The token service: GET without and with Basic credentials, POST with a password or a refresh
//! token, a limiter of its own and a lock-out. Follows the distribution project's token
//! specification (2023) and the protocol notes of November 2026, "Token service".

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::json;

use super::Sandbox;
use super::answer;
use super::caller::Caller;
use super::identity::Identity;
use super::token::{Access, Use};

/// Token requests a minute and address.
const PER_MINUTE: u32 = 3_000;
/// Wrong passwords after which a user name or address is locked out.
const FAILURES_ALLOWED: u32 = 10;
/// How long wrong passwords are remembered, and a lock-out lasts.
const LOCKED: Duration = Duration::from_secs(600);
/// Names and addresses whose wrong passwords are remembered at once.
const REMEMBERED: usize = 10_000;
const FORM_MAX: usize = 64 * 1024;
const REFRESH_LIFE: i64 = 180 * 86_400;

/// Wrong passwords by user name and by address.
#[derive(Debug, Default)]
pub(super) struct Failures(Mutex<HashMap<Suspect, (u32, Duration)>>);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Suspect {
    User(String),
    Address(Identity),
}

/// The place of the account that asks for a token, after whatever credentials came were looked at;
/// `None` is nobody's.
type Asker = Option<u32>;

/// Why there is no token.
enum Refusal {
    WrongPassword,
    LockedOut,
    Request(&'static str),
}

/// Answers a request to `/token`, and tells who asked.
pub(super) async fn answer(
    sandbox: &Sandbox,
    parts: &Parts,
    body: Body,
    caller: &Caller<'_>,
) -> (Response, Identity) {
    let now = sandbox.now();
    let asked = sandbox.ledger().note_token(caller.address, sandbox.since_epoch());
    let (mut response, identity) = if asked > PER_MINUTE {
        (
            answer::with_json(
                StatusCode::TOO_MANY_REQUESTS,
                &json!({"details": "too many requests"}),
            ),
            caller.address,
        )
    } else {
        respond(sandbox, parts, body, caller, now).await
    };
    let reset = 60 - sandbox.since_epoch().as_secs() % 60;
    answer::token_host_fields(
        response.headers_mut(),
        PER_MINUTE,
        PER_MINUTE.saturating_sub(asked),
        reset,
    );
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    (response, identity)
}

async fn respond(
    sandbox: &Sandbox,
    parts: &Parts,
    body: Body,
    caller: &Caller<'_>,
    now: DateTime<Utc>,
) -> (Response, Identity) {
    let posted = parts.method == Method::POST;
    let text = if posted {
        answer::read_body(body, FORM_MAX)
            .await
            .and_then(|bytes| String::from_utf8(bytes.to_vec()).ok())
    } else if parts.method == Method::GET {
        Some(parts.uri.query().unwrap_or("").to_owned())
    } else {
        None
    };
    let Some(text) = text else {
        return (
            answer::with_json(
                StatusCode::BAD_REQUEST,
                &json!({"details": "the token service takes GET and POST of a form"}),
            ),
            caller.address,
        );
    };
    let fields: Vec<(String, String)> =
        url::form_urlencoded::parse(text.as_bytes()).into_owned().collect();
    let field = |name: &str| {
        fields.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    };
    let asker = if posted {
        posted_asker(sandbox, caller, &field, now)
    } else {
        basic_asker(sandbox, caller, &parts.headers)
    };
    let place = match asker {
        Ok(place) => place,
        Err(refusal) => return (refusal.response(), caller.address),
    };
    let user = place.and_then(|place| sandbox.user(place)).unwrap_or("");
    let scopes =
        fields.iter().filter(|(name, _)| name == "scope").flat_map(|(_, value)| value.split(' '));
    let access: Vec<Access<'_>> = scopes.filter_map(Access::grant).collect();
    let life = i64::try_from(sandbox.settings().token_life.as_secs()).unwrap_or(i64::MAX);
    let scope = access
        .iter()
        .map(|access| format!("repository:{}:pull", access.name))
        .collect::<Vec<_>>()
        .join(" ");
    // Claims are whole seconds: rounded up, or a token would end before `expires_in` is over.
    let rest_of_second = i64::from(now.timestamp_subsec_nanos() > 0);
    let token = sandbox.signer().sign(
        user,
        access,
        Use::Access,
        now.timestamp(),
        life.saturating_add(rest_of_second),
    );
    let issued_at = now.to_rfc3339_opts(SecondsFormat::Secs, true);
    let mut answer = json!({"access_token": token, "expires_in": life, "issued_at": issued_at});
    let wants_refresh =
        field("offline_token") == Some("true") || field("access_type") == Some("offline");
    if let Some(fields) = answer.as_object_mut() {
        if posted {
            fields.insert("scope".to_owned(), scope.into());
        } else {
            fields.insert("token".to_owned(), token.into());
        }
        if wants_refresh && place.is_some() {
            let refresh = sandbox.signer().sign(
                user,
                Vec::new(),
                Use::Refresh,
                now.timestamp(),
                REFRESH_LIFE,
            );
            fields.insert("refresh_token".to_owned(), refresh.into());
        }
    }
    (answer::with_json(StatusCode::OK, &answer), place.map_or(caller.address, Identity::Account))
}

fn basic_asker(
    sandbox: &Sandbox,
    caller: &Caller<'_>,
    headers: &HeaderMap,
) -> Result<Asker, Refusal> {
    let Some(value) = headers.get(AUTHORIZATION) else { return Ok(None) };
    let pair = value
        .to_str()
        .ok()
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"))
        .and_then(|(_, encoded)| STANDARD.decode(encoded.trim()).ok())
        .and_then(|bytes| String::from_utf8(bytes).ok());
    match pair.as_deref().and_then(|pair| pair.split_once(':')) {
        Some((user, password)) => sandbox.log_in(caller, user, password),
        None => Err(Refusal::WrongPassword),
    }
}

fn posted_asker<'a>(
    sandbox: &Sandbox,
    caller: &Caller<'_>,
    field: &impl Fn(&str) -> Option<&'a str>,
    now: DateTime<Utc>,
) -> Result<Asker, Refusal> {
    match field("grant_type") {
        Some("password") => {
            let (Some(user), Some(password)) = (field("username"), field("password")) else {
                return Err(Refusal::Request("a password grant needs username and password"));
            };
            sandbox.log_in(caller, user, password)
        }
        Some("refresh_token") => {
            let token = field("refresh_token")
                .ok_or(Refusal::Request("a refresh grant needs refresh_token"))?;
            let mut space = Vec::new();
            let claims = sandbox
                .signer()
                .read(token, Use::Refresh, now.timestamp(), &mut space)
                .map_err(|_| Refusal::WrongPassword)?;
            sandbox.account(&claims.sub).map(|(place, _)| Some(place)).ok_or(Refusal::WrongPassword)
        }
        _ => Err(Refusal::Request("grant_type is password or refresh_token")),
    }
}

impl Sandbox {
    fn log_in(&self, caller: &Caller<'_>, user: &str, password: &str) -> Result<Asker, Refusal> {
        let now = self.since_epoch();
        let suspects =
            [Suspect::User(user.chars().take(64).collect()), Suspect::Address(caller.address)];
        if suspects.iter().any(|suspect| self.failures().is_locked(suspect, now)) {
            return Err(Refusal::LockedOut);
        }
        if let Some((place, _)) =
            self.account(user).filter(|(_, account)| account.has_password(password))
        {
            return Ok(Some(place));
        }
        for suspect in suspects {
            self.failures().note(suspect, now);
        }
        Err(Refusal::WrongPassword)
    }
}

impl Refusal {
    fn response(&self) -> Response {
        match self {
            Self::WrongPassword => answer::with_json(
                StatusCode::UNAUTHORIZED,
                &json!({"details": "incorrect username or password"}),
            ),
            Self::LockedOut => locked_out(),
            Self::Request(why) => {
                answer::with_json(StatusCode::BAD_REQUEST, &json!({"details": why}))
            }
        }
    }
}

/// The lock-out's 429.
pub(super) fn locked_out() -> Response {
    let details = "too many failed login attempts for username or IP address";
    answer::with_json(StatusCode::TOO_MANY_REQUESTS, &json!({"details": details}))
}

impl Failures {
    fn is_locked(&self, suspect: &Suspect, now: Duration) -> bool {
        let failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failures
            .get(suspect)
            .is_some_and(|(count, last)| *count >= FAILURES_ALLOWED && now < *last + LOCKED)
    }

    fn note(&self, suspect: Suspect, now: Duration) {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= REMEMBERED {
            failures.retain(|_, (_, last)| now < *last + LOCKED);
            if failures.len() >= REMEMBERED {
                failures.clear();
            }
        }
        let (count, last) = failures.entry(suspect).or_insert((0, now));
        if now >= *last + LOCKED {
            *count = 0;
        }
        *count += 1;
        *last = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_out_comes_after_ten_failures_and_goes_after_ten_minutes() {
        let failures = Failures::default();
        let alice = || Suspect::User("alice".to_owned());
        for second in 0..10 {
            assert!(!failures.is_locked(&alice(), Duration::from_secs(second)));
            failures.note(alice(), Duration::from_secs(second));
        }
        assert!(failures.is_locked(&alice(), Duration::from_secs(608)));
        assert!(!failures.is_locked(&alice(), Duration::from_secs(609)));
        assert!(!failures.is_locked(&Suspect::User("bob".to_owned()), Duration::from_secs(9)));
    }

    #[test]
    fn failures_are_remembered_within_bounds() {
        let failures = Failures::default();
        for number in 0..3 * REMEMBERED {
            failures.note(Suspect::User(number.to_string()), Duration::ZERO);
        }
        assert!(failures.0.lock().unwrap().len() <= REMEMBERED);
    }
}
