//! The front door: every request but the sandbox's own comes in here, meets the weather of its
//! profile, is answered by the token service or the registry, and is noted.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use tokio::time::sleep;

use super::caller::Caller;
use super::identity::Identity;
use super::ledger::Kind;
use super::log::Entry;
use super::{Profile, Sandbox, answer, auth, pull};

const TOKEN_PATH: &str = "/token";
/// How long the flaky profile's slow answer takes.
const SLOW: Duration = Duration::from_secs(3);

/// An answer, and what the log says of it.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) response: Response,
    pub(super) identity: Identity,
    pub(super) remaining: Option<u32>,
    pub(super) counted: bool,
}

impl Outcome {
    /// An answer that has nothing to do with the count.
    pub(super) fn of(response: Response, identity: Identity) -> Self {
        Self { response, identity, remaining: None, counted: false }
    }
}

/// Answers a request.
pub(super) async fn front(State(sandbox): State<Sandbox>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let caller = Caller::of(&parts, sandbox.settings().trust_proxy);
    if !sandbox.settings().latency.is_zero() {
        sleep(sandbox.settings().latency).await;
    }
    let is_token = parts.uri.path() == TOKEN_PATH;
    let outcome = match weather(&sandbox, is_token).await {
        Some(response) => {
            sandbox.ledger().note(
                caller.address,
                if is_token { Kind::Token } else { Kind::Other },
                sandbox.since_epoch(),
            );
            Outcome::of(response, caller.address)
        }
        None if is_token => {
            let (response, identity) = auth::answer(&sandbox, &parts, body, &caller).await;
            Outcome::of(response, identity)
        }
        None => pull::answer(&sandbox, &parts, &caller),
    };
    let entry = Entry {
        at: sandbox.now(),
        identity: outcome.identity,
        method: parts.method.clone(),
        path: parts.uri.path().to_owned(),
        status: if outcome.response.extensions().get::<answer::Cut>().is_some() {
            0
        } else {
            outcome.response.status().as_u16()
        },
        remaining: outcome.remaining,
        counted: outcome.counted,
    };
    sandbox.log().note(entry, |identity| sandbox.describe(identity));
    outcome.response
}

/// What a profile does to a request before anybody looks at it.
async fn weather(sandbox: &Sandbox, is_token: bool) -> Option<Response> {
    match sandbox.profile() {
        Profile::Abuse if !is_token => Some(answer::overall_limit()),
        Profile::Lockout if is_token => Some(auth::locked_out()),
        Profile::Blocked => Some(answer::blocked()),
        Profile::Flaky => {
            match (if is_token { sandbox.token_turn() } else { sandbox.turn() }) % 8 {
                1 => Some(answer::gateway(StatusCode::INTERNAL_SERVER_ERROR)),
                3 => Some(answer::gateway(StatusCode::BAD_GATEWAY)),
                4 => {
                    sleep(SLOW).await;
                    None
                }
                5 => {
                    let mut response = Response::default();
                    response.extensions_mut().insert(answer::Cut);
                    Some(response)
                }
                7 => Some(answer::gateway(StatusCode::SERVICE_UNAVAILABLE)),
                _ => None,
            }
        }
        _ => None,
    }
}
