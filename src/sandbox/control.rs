//! The sandbox's own endpoints: what it has counted, what it was asked, and a hand on the dials for
//! callers on this machine.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Sandbox;
use super::answer;
use super::caller::Caller;
use super::identity::Identity;
use super::ledger::{Kind, Line, Tally};
use super::{Counting, Profile};
use crate::quota::Law;

/// Identities in one snapshot.
const SHOWN: usize = 1_000;
const BODY_MAX: usize = 16 * 1024;

/// What the sandbox has counted; the JSON of `GET /_sandbox/state`.
#[derive(Debug, Clone, Serialize)]
pub struct Snapshot {
    /// `dhlimit/sandbox/1`.
    pub schema: &'static str,
    /// The profile's name.
    pub profile: &'static str,
    /// `sliding`, `fixed` or `bucket`.
    pub law: &'static str,
    /// `pull`, `get` or `arch`.
    pub count: &'static str,
    /// How many identities there are; the newest thousand are shown.
    pub identities_total: usize,
    /// The identities, seen last first.
    pub identities: Vec<IdentityState>,
}

/// What one identity has used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IdentityState {
    /// The address as Docker Hub shows it, or the account's name.
    pub identity: String,
    /// `address` or `account`.
    pub kind: &'static str,
    /// Pulls in a window; `None` where there is no limit.
    pub limit: Option<u32>,
    /// What is left of them.
    pub remaining: Option<u32>,
    /// What is gone of them.
    pub used: Option<u32>,
    /// The window.
    pub window_seconds: Option<u64>,
    /// When the whole limit is there again.
    pub full_by: Option<DateTime<Utc>>,
    /// Its last request.
    pub seen: DateTime<Utc>,
    /// Its requests by kind.
    pub requests: Requests,
}

/// Requests by kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Requests {
    /// HEAD of a manifest.
    pub head: u32,
    /// GET of a manifest.
    pub get: u32,
    /// A blob.
    pub blob: u32,
    /// A token.
    pub token: u32,
    /// Anything else.
    pub other: u32,
    /// Those of the former that the pull limit answered 429.
    pub refused: u32,
}

impl From<Tally> for Requests {
    fn from(tally: Tally) -> Self {
        Self {
            head: tally.of(Kind::Head),
            get: tally.of(Kind::Get),
            blob: tally.of(Kind::Blob),
            token: tally.of(Kind::Token),
            other: tally.of(Kind::Other),
            refused: tally.of(Kind::Refused),
        }
    }
}

/// What `POST /_sandbox/set` takes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    /// An address or an account's name; the caller's own address where it is left out.
    identity: Option<String>,
    /// What it has left from now on.
    remaining: Option<u32>,
    /// The profile from now on.
    profile: Option<String>,
}

impl Sandbox {
    /// What has been counted so far.
    pub fn snapshot(&self) -> Snapshot {
        let (lines, identities_total) =
            self.ledger().lines(SHOWN, |identity| self.quota(identity), self.since_epoch());
        Snapshot {
            schema: "dhlimit/sandbox/1",
            profile: self.profile().name(),
            law: match self.settings().law {
                Law::Sliding => "sliding",
                Law::Fixed => "fixed",
                Law::Bucket => "bucket",
            },
            count: match self.settings().counting {
                Counting::Pull => "pull",
                Counting::Get => "get",
                Counting::Arch => "arch",
            },
            identities_total,
            identities: lines.iter().map(|line| self.identity_state(line)).collect(),
        }
    }

    fn identity_state(&self, line: &Line) -> IdentityState {
        let quota = self.quota(line.identity);
        let time =
            |millis: u128| i64::try_from(millis).ok().and_then(DateTime::from_timestamp_millis);
        IdentityState {
            identity: self.describe(line.identity),
            kind: if matches!(line.identity, Identity::Account(_)) { "account" } else { "address" },
            limit: quota.map(|quota| quota.limit),
            remaining: line.remaining,
            used: quota.zip(line.remaining).map(|(quota, remaining)| quota.limit - remaining),
            window_seconds: quota.map(|quota| quota.window.seconds()),
            full_by: quota.and_then(|_| time(line.full_at.as_millis())),
            seen: time(u128::from(line.seen)).unwrap_or_default(),
            requests: line.tally.into(),
        }
    }

    fn change(&self, change: &Change, caller: &Caller<'_>) -> Result<(), String> {
        // The profile comes last: where anything is refused, nothing has changed.
        let profile = change
            .profile
            .as_deref()
            .map(str::parse::<Profile>)
            .transpose()
            .map_err(|error| error.to_string())?;
        match (&change.identity, change.remaining) {
            (Some(identity), Some(remaining)) => {
                self.set_remaining(identity, remaining).map_err(|error| error.to_string())?;
            }
            (None, Some(remaining)) => {
                self.set_remaining(&caller.address.to_string(), remaining)
                    .map_err(|error| error.to_string())?;
            }
            (Some(_), None) => return Err("identity needs remaining".to_owned()),
            (None, None) if profile.is_none() => {
                return Err("give remaining (with identity) or profile".to_owned());
            }
            (None, None) => {}
        }
        if let Some(profile) = profile {
            self.set_profile(profile);
        }
        Ok(())
    }
}

/// Lets no page of another site read or turn anything: its browser runs on this machine, too.
pub(super) async fn guard(
    State(sandbox): State<Sandbox>,
    request: Request,
    next: Next,
) -> Response {
    let (parts, body) = request.into_parts();
    if Caller::of(&parts, sandbox.settings().trust_proxy).foreign {
        return refuse(
            StatusCode::FORBIDDEN,
            "the sandbox's controls are not for pages of other sites",
        );
    }
    next.run(Request::from_parts(parts, body)).await
}

/// `GET /_sandbox/state`.
pub(super) async fn state(State(sandbox): State<Sandbox>) -> Response {
    json_of(StatusCode::OK, &sandbox.snapshot())
}

/// `GET /_sandbox/log`: JSON lines, oldest first.
pub(super) async fn log(State(sandbox): State<Sandbox>) -> Response {
    answer::with_body(
        StatusCode::OK,
        HeaderValue::from_static("application/x-ndjson"),
        sandbox.log().recent(|identity| sandbox.describe(identity)),
    )
}

/// `POST /_sandbox/set`, for callers on this machine.
pub(super) async fn set(State(sandbox): State<Sandbox>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let caller = Caller::of(&parts, sandbox.settings().trust_proxy);
    if !caller.local {
        return refuse(StatusCode::FORBIDDEN, "only callers on this machine may set anything");
    }
    match read(body).await.and_then(|change| sandbox.change(&change, &caller)) {
        Ok(()) => json_of(StatusCode::OK, &sandbox.snapshot()),
        Err(why) => refuse(StatusCode::BAD_REQUEST, &why),
    }
}

async fn read(body: Body) -> Result<Change, String> {
    let bytes = answer::read_body(body, BODY_MAX)
        .await
        .ok_or("the body did not come whole, or is too large")?;
    serde_json::from_slice(&bytes).map_err(|error| format!("the body is not understood: {error}"))
}

fn refuse(status: StatusCode, why: &str) -> Response {
    answer::with_json(status, &json!({"error": why}))
}

fn json_of(status: StatusCode, value: &impl Serialize) -> Response {
    // Texts, numbers and times always make JSON.
    answer::with_body(
        status,
        HeaderValue::from_static("application/json"),
        serde_json::to_vec(value).unwrap_or_default(),
    )
}
