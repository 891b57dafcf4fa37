//! A Docker Hub of one's own, to practise on: an axum router that gives out tokens, serves any image
//! that is asked for, counts pulls as Docker Hub does and answers 429 when they are used up. Apart
//! from [`crate::registry`], which it never imports: two independent readings of the project's
//! protocol notes (November 2026) keep each other honest.
//!
//! [`start`] serves it on a socket; [`Sandbox::router`] is the same for other servers.
//!
//! ```
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! use dhlimit::sandbox::{Profile, Settings, start};
//!
//! let settings = Settings { limit: Some(5), ..Settings::of(Profile::Of2026) };
//! let running = start(settings, "127.0.0.1:0".parse().unwrap()).await.unwrap();
//! assert!(running.url().starts_with("http://127.0.0.1:"));
//! running.stop().await;
//! # });
//! ```

mod answer;
mod arguments;
mod auth;
mod ca_file;
mod caller;
mod content;
mod control;
mod front;
mod identity;
mod ledger;
mod line;
mod log;
mod profile;
mod pull;
mod range;
mod server;
mod settings;
pub mod setup;
mod shelf;
mod tls;
mod token;
mod traffic;

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use chrono::{DateTime, Utc};

pub(crate) use ca_file::CaFile;
pub use control::{IdentityState, Requests, Snapshot};
pub use profile::{Profile, ProfileError};
pub use server::{Running, SandboxError, start};
pub use settings::{Account, AccountError, AccountLimit, Counting, Settings, SettingsError};
pub use traffic::{Traffic, TrafficError};

use crate::quota::{Quota, Window};
use front::Outcome;
use identity::Identity;
use ledger::{Ask, Ledger, Verdict};
use log::Log;
use shelf::Shelf;
use token::Signer;

/// A registry and token service in one. Clones are the same sandbox.
#[derive(Debug, Clone)]
pub struct Sandbox(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: Settings,
    /// The place of the profile in [`Profile::ALL`].
    profile: AtomicU8,
    places: HashMap<String, u32>,
    signer: Signer,
    ledger: Ledger,
    shelf: Shelf,
    log: Log,
    failures: auth::Failures,
    turns: AtomicU64,
    token_turns: AtomicU64,
}

/// Why an identity's count cannot be set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetError {
    /// It is neither an address nor an account.
    #[error("{0:?} is neither an address nor an account of this sandbox")]
    Unknown(String),
    /// It has no limit.
    #[error("{0:?} has no limit")]
    Unlimited(String),
}

impl Sandbox {
    /// A sandbox that has counted nothing yet.
    pub fn new(settings: Settings) -> Result<Self, SandboxError> {
        settings.check()?;
        let log = Log::open(settings.log.as_deref()).map_err(SandboxError::Log)?;
        let started = since_epoch(settings.clock.now());
        let longest =
            Profile::ALL.iter().map(|profile| profile.window_seconds()).max().unwrap_or_default();
        let longest = settings.window.map_or(Duration::from_secs(longest), Window::duration);
        let sandbox = Self(Arc::new(Inner {
            profile: AtomicU8::new(0),
            places: settings.accounts.iter().map(|account| account.user.clone()).zip(0..).collect(),
            signer: Signer::new()?,
            ledger: Ledger::new(
                settings.traffic.map(|traffic| traffic.within(longest)),
                longest,
                started,
            ),
            shelf: Shelf::default(),
            log,
            failures: auth::Failures::default(),
            turns: AtomicU64::new(0),
            token_turns: AtomicU64::new(0),
            settings,
        }));
        sandbox.set_profile(sandbox.settings().profile);
        Ok(sandbox)
    }

    /// The sandbox as a router, with the caller's address left to [`start`]: under any other server
    /// everybody comes from 127.0.0.1, unless a trusted proxy says otherwise.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/_sandbox/state", get(control::state))
            .route("/_sandbox/log", get(control::log))
            .route("/_sandbox/set", post(control::set))
            .route_layer(from_fn_with_state(self.clone(), control::guard))
            .fallback(front::front)
            .with_state(self.clone())
    }

    /// The profile it has now.
    pub fn profile(&self) -> Profile {
        Profile::ALL
            .get(usize::from(self.0.profile.load(Ordering::Relaxed)))
            .copied()
            .unwrap_or_default()
    }

    /// Switches the profile; what has been counted stays.
    pub fn set_profile(&self, profile: Profile) {
        let place = (0..)
            .zip(Profile::ALL)
            .find(|(_, other)| *other == profile)
            .map_or(0, |(place, _)| place);
        self.0.profile.store(place, Ordering::Relaxed);
    }

    /// Sets what an identity (an address or an account's name) has left from now on.
    pub fn set_remaining(&self, identity: &str, remaining: u32) -> Result<(), SetError> {
        let known = self.account(identity).map(|(place, _)| Identity::Account(place));
        let known = known.or_else(|| identity.parse().ok().map(Identity::of_address));
        let known = known.ok_or_else(|| SetError::Unknown(identity.to_owned()))?;
        let quota = self.quota(known).ok_or_else(|| SetError::Unlimited(identity.to_owned()))?;
        self.0.ledger.set(known, quota, remaining, self.since_epoch());
        Ok(())
    }

    fn settings(&self) -> &Settings {
        &self.0.settings
    }

    fn ledger(&self) -> &Ledger {
        &self.0.ledger
    }

    fn shelf(&self) -> &Shelf {
        &self.0.shelf
    }

    fn signer(&self) -> &Signer {
        &self.0.signer
    }

    fn failures(&self) -> &auth::Failures {
        &self.0.failures
    }

    fn log(&self) -> &Log {
        &self.0.log
    }

    /// Waits until the log file cannot be written any more, and says why; for ever where none is
    /// written. What could be written ends with a whole line.
    pub async fn log_failure(&self) -> Arc<io::Error> {
        self.log().failure().await
    }

    fn now(&self) -> DateTime<Utc> {
        self.0.settings.clock.now()
    }

    fn since_epoch(&self) -> Duration {
        since_epoch(self.now())
    }

    /// The number of this answer of the registry, for the profiles that take turns.
    fn turn(&self) -> u64 {
        self.0.turns.fetch_add(1, Ordering::Relaxed)
    }

    /// The number of this answer of the token service. Apart, as a client that asks there and at the
    /// registry by turns would have only one of them in trouble.
    fn token_turn(&self) -> u64 {
        self.0.token_turns.fetch_add(1, Ordering::Relaxed)
    }

    fn account(&self, user: &str) -> Option<(u32, &Account)> {
        let place = *self.0.places.get(user)?;
        Some((place, self.settings().accounts.get(usize::try_from(place).ok()?)?))
    }

    fn user(&self, place: u32) -> Option<&str> {
        Some(self.settings().accounts.get(usize::try_from(place).ok()?)?.user.as_str())
    }

    /// An identity for people.
    fn describe(&self, identity: Identity) -> String {
        match identity {
            Identity::Account(place) => self.user(place).unwrap_or("").to_owned(),
            address => address.to_string(),
        }
    }

    /// What an identity may use; `None` where there is no limit.
    fn quota(&self, identity: Identity) -> Option<Quota> {
        let (settings, profile) = (self.settings(), self.profile());
        let own = match identity {
            Identity::Account(place) => settings.accounts.get(usize::try_from(place).ok()?)?.limit,
            _ => AccountLimit::Default,
        };
        let limit = match own {
            AccountLimit::Unlimited => return None,
            AccountLimit::Pulls(limit) => limit,
            AccountLimit::Default => settings.limit.unwrap_or(match identity {
                Identity::Account(_) => settings::ACCOUNT_LIMIT,
                _ => settings::ANONYMOUS_LIMIT,
            }),
        };
        let window = settings.window.or_else(|| Window::from_seconds(profile.window_seconds()))?;
        profile.is_limited().then_some(Quota { law: settings.law, limit, window })
    }

    fn count(&self, identity: Identity, refuses_head: bool, ask: Ask) -> Verdict {
        self.0.ledger.ask(
            identity,
            self.quota(identity),
            self.settings().counting,
            refuses_head,
            ask,
            self.since_epoch(),
        )
    }
}

fn since_epoch(now: DateTime<Utc>) -> Duration {
    Duration::from_millis(u64::try_from(now.timestamp_millis()).unwrap_or_default())
}
