//! A reading: what one registry answered to one HEAD for one identity at one time. The state is an
//! enum; the flat form that JSON shows is [`super::Record`].

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Identity, Source, Window};
use crate::image::Reference;

/// How many pulls there are and how many are left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// Pulls in a window.
    pub limit: u64,
    /// Pulls left.
    pub remaining: u64,
    /// The window, where the header tells it.
    pub window: Option<Window>,
}

impl Count {
    /// Pulls used; 0 where more are left than the limit allows.
    pub fn used(self) -> u64 {
        self.limit.saturating_sub(self.remaining)
    }
}

/// Where an identity stands with a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LimitStatus {
    /// Limit and remaining are known, and something remains.
    Limited(Count),
    /// Nothing remains. The limit and window are as far as the answer told them.
    Exhausted {
        /// Pulls in a window.
        limit: Option<u64>,
        /// The window.
        window: Option<Window>,
    },
    /// Answered without limit headers.
    Unlimited,
    /// Refused by a limit that is not the pull limit.
    Throttled(Throttle, Fault),
    /// Headers that cannot be understood; the warnings say why.
    Unknown,
    /// No answer worth the name.
    Failed(Fault),
}

/// Which other limit refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Throttle {
    /// The abuse limit on all requests.
    Overall,
    /// The token service's limit on logins.
    Login,
}

/// Whether the registry said so, or we conclude it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// The registry's own words.
    Reported,
    /// Concluded from what it left out.
    Inferred,
}

/// The address family a reading was made over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// IPv4
    Ipv4,
    /// IPv6
    Ipv6,
}

/// What kind of thing went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Not reached: name, route, refusal, reset.
    Network,
    /// No answer in the time given.
    Timeout,
    /// No trust, or no TLS at all.
    Tls,
    /// Credentials refused, or asked for and not found.
    Credentials,
    /// No access to the image.
    Denied,
    /// No such image.
    NotFound,
    /// The server said that it failed.
    Server,
    /// Answered, but not as a registry does.
    Protocol,
    /// The overall (abuse) limit.
    OverallLimit,
    /// The token service's limit on logins.
    LoginLimit,
    /// Refused by law or policy: export control, firewall.
    Blocked,
}

/// What went wrong, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What kind of thing.
    pub kind: FaultKind,
    /// What was tried, on what, what came back. No secrets, no control characters.
    pub message: String,
    /// The next step.
    pub advice: String,
}

/// One reading. Times are UTC; nothing in it is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// When the answer was there.
    pub at: DateTime<Utc>,
    /// What was asked for.
    pub image: Reference,
    /// As whom.
    pub identity: Identity,
    /// Whether a pull from here, with the credentials found here, would be counted on it.
    pub effective: bool,
    /// Over which address family; `None` where nothing was reached or a proxy stood between.
    pub family: Option<Family>,
    /// Where the identity stands.
    pub status: LimitStatus,
    /// Whether the registry said so.
    pub confidence: Confidence,
    /// Full again at the latest.
    pub full_by: Option<DateTime<Utc>>,
    /// Whom the registry counted.
    pub source: Option<Source>,
    /// The status of the manifest answer.
    pub http_status: Option<u16>,
    /// The manifest's digest, where the answer named it.
    pub digest: Option<String>,
    /// `Retry-After` of the answer that refused.
    pub retry_after: Option<Duration>,
    /// From the first byte asked to the last answered.
    pub elapsed: Duration,
    /// The rate-limit headers of the manifest answer as they came, names in lower case.
    pub headers: BTreeMap<String, String>,
    /// What was odd.
    pub warnings: Vec<String>,
}

impl Reading {
    /// The count, where one is known: also of an exhausted limit.
    pub fn count(&self) -> Option<Count> {
        match self.status {
            LimitStatus::Limited(count) => Some(count),
            LimitStatus::Exhausted { limit: Some(limit), window } => {
                Some(Count { limit, remaining: 0, window })
            }
            _ => None,
        }
    }

    /// Pulls left: 0 where exhausted, `None` where not known or not limited.
    pub fn remaining(&self) -> Option<u64> {
        match self.status {
            LimitStatus::Limited(count) => Some(count.remaining),
            LimitStatus::Exhausted { .. } => Some(0),
            _ => None,
        }
    }

    /// What went wrong.
    pub fn fault(&self) -> Option<&Fault> {
        match &self.status {
            LimitStatus::Throttled(_, fault) | LimitStatus::Failed(fault) => Some(fault),
            _ => None,
        }
    }
}
