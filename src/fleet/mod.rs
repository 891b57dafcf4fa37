//! `fleet`: what the series of many nodes say together. Nodes that the registry counts as one source see one
//! count: they are one group, told by the reading that is youngest. A node that says nothing is blind. Pure
//! but for the client of the server's API.

mod api;
mod arguments;
mod group;
mod look;
mod spender;
mod usage;

pub(crate) use api::{Api, ApiError, Login};
pub(crate) use arguments::usage_file;
pub use group::{Answers, By, Course, Seen, fleet};
pub(crate) use look::Ask;
pub use spender::{Spender, Witness};
pub use usage::{UsageError, UsageRow, usage};

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::exit::Exit;
use crate::quota::State;

/// What all nodes say together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fleet {
    /// `dhlimit/fleet/1`.
    pub schema: &'static str,
    /// When the server was asked.
    #[serde(serialize_with = "seconds")]
    pub at: DateTime<Utc>,
    /// The groups, the worst first.
    pub groups: Vec<Group>,
    /// Nodes that say nothing of a count.
    pub blind: Vec<Blind>,
    /// Spenders of whom nobody knows on which count they are; only where spenders were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub spenders: Vec<Spender>,
}

/// Nodes that share a count.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Group {
    /// The registry.
    pub registry: String,
    /// Whom it counts: an address or account; `None` where it does not say, or where there are several.
    pub source: Option<String>,
    /// The account that is asked as; `None` for anonymous.
    pub account: Option<String>,
    /// Where it stands.
    pub state: State,
    /// Pulls in a window.
    pub limit: Option<u64>,
    /// Pulls left.
    pub remaining: Option<u64>,
    /// The window.
    pub window_seconds: Option<u64>,
    /// Net pulls an hour.
    pub used_per_hour: Option<f64>,
    /// When nothing will be left.
    #[serde(serialize_with = "crate::quota::whole_seconds::serialize")]
    pub empty_at: Option<DateTime<Utc>>,
    /// The nodes, by name.
    pub nodes: Vec<String>,
    /// Who spends the pulls, the largest first; empty where that was not asked for.
    pub spenders: Vec<Spender>,
    /// What of the pulls an hour none of them explains; only where spenders were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unexplained_per_hour: Option<f64>,
}

/// A node that says nothing of a count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Blind {
    /// Its name.
    pub node: String,
    /// When it last did; `None`: never.
    #[serde(serialize_with = "crate::quota::whole_seconds::serialize")]
    pub since: Option<DateTime<Utc>>,
    /// Why.
    pub why: String,
}

impl Group {
    /// Whether it has less than is needed.
    pub fn lacks(&self, need: u64) -> bool {
        self.state == State::Exhausted || self.remaining.is_some_and(|left| left < need)
    }
}

impl Fleet {
    /// The exit code where every group must have so many pulls left.
    pub fn exit(&self, need: u64) -> Exit {
        if self.groups.iter().any(|group| group.lacks(need)) {
            Exit::Limit
        } else if !self.blind.is_empty() || self.groups.is_empty() {
            Exit::Unknown
        } else {
            Exit::Ok
        }
    }
}

fn seconds<S: serde::Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&crate::quota::timestamp(*at))
}
