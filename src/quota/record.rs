//! The flat form of a reading, as JSON shows it and recordings keep it. Keys are a promise
//! (`dhlimit/check/1`): add, never rename.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, SubsecRound, Utc};
use serde::{Deserialize, Serialize};

use super::reading::{Confidence, Family, FaultKind, LimitStatus, Reading};
use super::{Identity, SourceKind};

/// The state's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Limit and remaining known, something remains.
    Limited,
    /// Nothing remains.
    Exhausted,
    /// 200 without limit headers.
    Unlimited,
    /// The overall or login limit.
    Throttled,
    /// Headers that cannot be understood.
    Unknown,
    /// No answer worth the name.
    Failed,
}

impl State {
    /// Its name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Limited => "limited",
            Self::Exhausted => "exhausted",
            Self::Unlimited => "unlimited",
            Self::Throttled => "throttled",
            Self::Unknown => "unknown",
            Self::Failed => "failed",
        }
    }
}

/// Whom was asked as.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct IdentityRecord {
    /// `anonymous` or `account`.
    pub kind: IdentityKind,
    /// The account's user name.
    pub user: Option<String>,
    /// Where its credentials were found.
    pub credentials_from: Option<String>,
}

/// `anonymous` or `account`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentityKind {
    /// No credentials.
    Anonymous,
    /// Credentials.
    Account,
}

impl IdentityRecord {
    /// `anonymous`, the user name, or `account`.
    pub fn label(&self) -> &str {
        match (self.kind, &self.user) {
            (IdentityKind::Anonymous, _) => "anonymous",
            (IdentityKind::Account, Some(user)) => user,
            (IdentityKind::Account, None) => "account",
        }
    }
}

impl From<&Identity> for IdentityRecord {
    fn from(identity: &Identity) -> Self {
        match identity {
            Identity::Anonymous => {
                Self { kind: IdentityKind::Anonymous, user: None, credentials_from: None }
            }
            Identity::Account { user, credentials_from } => Self {
                kind: IdentityKind::Account,
                user: user.clone(),
                credentials_from: credentials_from.clone(),
            },
        }
    }
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorRecord {
    /// What kind of thing.
    pub kind: FaultKind,
    /// What was tried, on what, what came back.
    pub message: String,
    /// The next step.
    pub advice: String,
}

/// One reading, flat. Seconds and milliseconds are whole; times are RFC 3339 in UTC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The registry as references name it.
    pub registry: String,
    /// The image asked for, in full.
    pub image: String,
    /// As whom.
    pub identity: IdentityRecord,
    /// Whether a pull from here would be counted on it.
    pub effective: bool,
    /// Over which address family.
    pub family: Option<Family>,
    /// Where the identity stands.
    pub state: State,
    /// Whether the registry said so.
    pub confidence: Confidence,
    /// Pulls in a window.
    pub limit: Option<u64>,
    /// Pulls left, never negative.
    pub remaining: Option<u64>,
    /// Pulls used.
    pub used: Option<u64>,
    /// The window.
    pub window_seconds: Option<u64>,
    /// Full again at the latest.
    #[serde(with = "whole_seconds")]
    pub full_by: Option<DateTime<Utc>>,
    /// Whom the registry counted.
    pub source: Option<String>,
    /// What kind of thing that is.
    pub source_kind: Option<SourceKind>,
    /// The status of the manifest answer.
    pub http_status: Option<u16>,
    /// `Retry-After`.
    pub retry_after_seconds: Option<u64>,
    /// How long it took.
    pub elapsed_ms: u64,
    /// The rate-limit headers as they came.
    pub headers: BTreeMap<String, String>,
    /// What was odd.
    pub warnings: Vec<String>,
    /// What went wrong.
    pub error: Option<ErrorRecord>,
}

impl Record {
    /// What is known of the limit of a registry that tells no count; `None` of Docker Hub and of those that
    /// are not known.
    pub fn elsewhere(&self) -> Option<&'static super::Elsewhere> {
        super::elsewhere(&self.image.parse().ok()?)
    }

    /// Whom the registry counted, for people: an IPv6 network with its length, which the header leaves
    /// out. Foreign text, on one line.
    pub fn counted(&self) -> Option<String> {
        let source = crate::text::one_line(self.source.as_deref()?, 60);
        let is_bare_network =
            self.source_kind == Some(SourceKind::Ipv6Prefix) && !source.contains('/');
        Some(if is_bare_network { format!("{source}/64") } else { source })
    }
}

impl From<&Reading> for Record {
    fn from(reading: &Reading) -> Self {
        let state = match reading.status {
            LimitStatus::Limited(_) => State::Limited,
            LimitStatus::Exhausted { .. } => State::Exhausted,
            LimitStatus::Unlimited => State::Unlimited,
            LimitStatus::Throttled(..) => State::Throttled,
            LimitStatus::Unknown => State::Unknown,
            LimitStatus::Failed(_) => State::Failed,
        };
        let count = reading.count();
        let window = match reading.status {
            LimitStatus::Exhausted { window, .. } => window,
            _ => count.and_then(|count| count.window),
        };
        Self {
            registry: reading.image.registry().to_owned(),
            image: reading.image.to_string(),
            identity: (&reading.identity).into(),
            effective: reading.effective,
            family: reading.family,
            state,
            confidence: reading.confidence,
            limit: count.map(|count| count.limit),
            remaining: reading.remaining(),
            used: count.map(super::Count::used),
            window_seconds: window.map(super::Window::seconds),
            full_by: reading.full_by,
            source: reading.source.as_ref().map(ToString::to_string),
            source_kind: reading.source.as_ref().map(super::Source::kind),
            http_status: reading.http_status,
            retry_after_seconds: reading.retry_after.map(|wait| wait.as_secs()),
            elapsed_ms: u64::try_from(reading.elapsed.as_millis()).unwrap_or(u64::MAX),
            headers: reading.headers.clone(),
            warnings: reading.warnings.clone(),
            error: reading.fault().map(|fault| ErrorRecord {
                kind: fault.kind,
                message: fault.message.clone(),
                advice: fault.advice.clone(),
            }),
        }
    }
}

/// A time as machines read it: RFC 3339, UTC, whole seconds.
///
/// ```
/// use chrono::{TimeZone, Utc};
/// let at = Utc.with_ymd_and_hms(2026, 11, 22, 9, 15, 21).unwrap();
/// assert_eq!(dhlimit::quota::timestamp(at), "2026-11-22T09:15:21Z");
/// ```
pub fn timestamp(at: DateTime<Utc>) -> String {
    at.trunc_subsecs(0).to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// RFC 3339 in whole seconds, for `#[serde(with = …)]` on optional times.
pub mod whole_seconds {
    use chrono::{DateTime, Utc};
    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes the time, or null.
    pub fn serialize<S: Serializer>(
        at: &Option<DateTime<Utc>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match at {
            Some(at) => serializer.serialize_str(&super::timestamp(*at)),
            None => serializer.serialize_none(),
        }
    }

    /// Reads what [`serialize`] writes.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<DateTime<Utc>>, D::Error> {
        Option::<DateTime<Utc>>::deserialize(deserializer)
    }
}
