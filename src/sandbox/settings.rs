//! What a sandbox is told: plain values, checked once before anything is opened.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::{Profile, Traffic};
use crate::context::{Clock, SystemClock};
use crate::quota::{Law, Window};

/// The limit of an address where none is asked for (policy of 2026).
pub(super) const ANONYMOUS_LIMIT: u32 = 100;
/// The limit of an account where none is asked for (Personal, policy of 2026).
pub(super) const ACCOUNT_LIMIT: u32 = 200;

const LIMIT_MAX: u32 = 1_000_000;
const WINDOW_MAX: u64 = 31 * 86_400;
const TOKEN_LIFE_MAX: Duration = Duration::from_secs(86_400);
const LATENCY_MAX: Duration = Duration::from_secs(60);
const ACCOUNTS_MAX: usize = 10_000;

/// How a sandbox behaves. The default is Docker Hub of 2026 without accounts.
#[derive(Clone)]
pub struct Settings {
    /// Which Docker Hub.
    pub profile: Profile,
    /// Pulls in a window for everybody without a limit of their own; `None`: 100 for an address,
    /// 200 for an account.
    pub limit: Option<u32>,
    /// The window; `None`: the profile's.
    pub window: Option<Window>,
    /// How the count recovers.
    pub law: Law,
    /// What counts as a pull.
    pub counting: Counting,
    /// Who may log in.
    pub accounts: Vec<Account>,
    /// How long a token is good for, in whole seconds.
    pub token_life: Duration,
    /// One round trip to the sandbox, as if it were far away.
    pub latency: Duration,
    /// Speak TLS with a certificate of a CA made for the occasion.
    pub tls: bool,
    /// Believe the last address in `X-Forwarded-For`.
    pub trust_proxy: bool,
    /// A file that gets a JSON line for each request.
    pub log: Option<PathBuf>,
    /// Simulated pulls by neighbours.
    pub traffic: Option<Traffic>,
    /// Where time comes from.
    pub clock: Arc<dyn Clock>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            profile: Profile::default(),
            limit: None,
            window: None,
            law: Law::default(),
            counting: Counting::default(),
            accounts: Vec::new(),
            token_life: Duration::from_secs(300),
            latency: Duration::ZERO,
            tls: false,
            trust_proxy: false,
            log: None,
            traffic: None,
            clock: Arc::new(SystemClock),
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Settings");
        shown
            .field("profile", &self.profile)
            .field("limit", &self.limit)
            .field("window", &self.window)
            .field("law", &self.law);
        shown
            .field("counting", &self.counting)
            .field("accounts", &self.accounts)
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}

/// Why settings make no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The limit is too large to be meant.
    #[error("a limit of {0} pulls is more than {LIMIT_MAX}")]
    Limit(u32),
    /// The window is too long to be meant.
    #[error("a window of {0} is longer than 31 days")]
    Window(Window),
    /// A token lives no time, or too long.
    #[error("a token life of {} s is not between 1 s and one day", .0.as_secs_f64())]
    TokenLife(Duration),
    /// The latency is too long for any client.
    #[error("a latency of {} s is more than one minute", .0.as_secs_f64())]
    Latency(Duration),
    /// An account is named twice.
    #[error("the account {0:?} is there twice")]
    TwoAccounts(String),
    /// Too many accounts.
    #[error("more than {ACCOUNTS_MAX} accounts")]
    Accounts,
}

impl Settings {
    /// Docker Hub as a profile has it, everything else at its default.
    pub fn of(profile: Profile) -> Self {
        Self { profile, ..Self::default() }
    }

    pub(super) fn check(&self) -> Result<(), SettingsError> {
        let own = self.accounts.iter().filter_map(|account| match account.limit {
            AccountLimit::Pulls(limit) => Some(limit),
            _ => None,
        });
        if let Some(limit) = self.limit.into_iter().chain(own).find(|limit| *limit > LIMIT_MAX) {
            return Err(SettingsError::Limit(limit));
        }
        if let Some(window) = self.window.filter(|window| window.seconds() > WINDOW_MAX) {
            return Err(SettingsError::Window(window));
        }
        if self.token_life < Duration::from_secs(1) || self.token_life > TOKEN_LIFE_MAX {
            return Err(SettingsError::TokenLife(self.token_life));
        }
        if self.latency > LATENCY_MAX {
            return Err(SettingsError::Latency(self.latency));
        }
        if self.accounts.len() > ACCOUNTS_MAX {
            return Err(SettingsError::Accounts);
        }
        let mut names: Vec<&str> =
            self.accounts.iter().map(|account| account.user.as_str()).collect();
        names.sort_unstable();
        let twice = names.iter().zip(names.iter().skip(1)).find(|(one, next)| one == next);
        twice.map_or(Ok(()), |(name, _)| Err(SettingsError::TwoAccounts((*name).to_owned())))
    }
}

/// What counts as a pull. A HEAD never does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Counting {
    /// Two manifest GETs of one image within a few seconds are one pull.
    #[default]
    Pull,
    /// Every manifest GET is one.
    Get,
    /// Every platform's manifest is one, the index none.
    Arch,
}

/// Somebody who may log in.
#[derive(Debug, Clone)]
pub struct Account {
    /// The user name.
    pub user: String,
    /// The password.
    pub password: SecretString,
    /// How much it may pull.
    pub limit: AccountLimit,
}

/// How much an account may pull in a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountLimit {
    /// What the settings say for everybody.
    Default,
    /// So many.
    Pulls(u32),
    /// As many as it likes: a paid plan.
    Unlimited,
}

/// Why a text is no account. Never carries the text: there is a password in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// No colon.
    #[error("an account is USER:PASSWORD, USER:PASSWORD:LIMIT or USER:PASSWORD:unlimited")]
    Form,
    /// The name could not stand in a header.
    #[error("a user name is 1 to 64 letters, digits and . _ - only")]
    User,
    /// Nothing between the colons.
    #[error("an account needs a password")]
    Password,
}

impl FromStr for Account {
    type Err = AccountError;

    /// The part after the last colon is a limit where it is a number or `unlimited`, else it
    /// belongs to the password.
    fn from_str(text: &str) -> Result<Self, AccountError> {
        let (user, rest) = text.split_once(':').ok_or(AccountError::Form)?;
        let fine = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        if user.is_empty() || user.len() > 64 || !user.bytes().all(fine) {
            return Err(AccountError::User);
        }
        let (password, limit) = match rest.rsplit_once(':') {
            Some((password, "unlimited")) => (password, AccountLimit::Unlimited),
            Some((password, number)) => {
                number.parse().map_or((rest, AccountLimit::Default), |limit| {
                    (password, AccountLimit::Pulls(limit))
                })
            }
            None => (rest, AccountLimit::Default),
        };
        if password.is_empty() {
            return Err(AccountError::Password);
        }
        Ok(Self { user: user.to_owned(), password: password.into(), limit })
    }
}

impl Account {
    /// Whether what stands behind the last colon was taken for a part of the password, though a limit
    /// may have been meant (`ann:secret:many`).
    pub fn may_lack_its_limit(&self) -> bool {
        self.limit == AccountLimit::Default && self.password.expose_secret().contains(':')
    }

    pub(super) fn has_password(&self, password: &str) -> bool {
        self.password.expose_secret() == password
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("alice:secret", "alice", "secret", AccountLimit::Default)]
    #[case("alice:secret:7", "alice", "secret", AccountLimit::Pulls(7))]
    #[case("alice:secret:unlimited", "alice", "secret", AccountLimit::Unlimited)]
    #[case("alice:se:cret", "alice", "se:cret", AccountLimit::Default)]
    #[case("alice:se:cret:0", "alice", "se:cret", AccountLimit::Pulls(0))]
    fn accounts_are_read(
        #[case] typed: &str,
        #[case] user: &str,
        #[case] password: &str,
        #[case] limit: AccountLimit,
    ) {
        let account: Account = typed.parse().unwrap();
        assert_eq!((account.user.as_str(), account.limit), (user, limit));
        assert!(account.has_password(password));
        assert_eq!(account.may_lack_its_limit(), typed == "alice:se:cret");
    }

    #[rstest]
    #[case("alice")]
    #[case(":secret")]
    #[case("alice:")]
    #[case("alice::5")]
    #[case("al ice:secret")]
    #[case("al\"ice:secret")]
    fn half_accounts_are_refused_without_showing_the_password(#[case] typed: &str) {
        let error = typed.parse::<Account>().unwrap_err();
        assert!(!error.to_string().contains("secret"));
    }

    #[rstest]
    #[case(Settings { limit: Some(1_000_001), ..Settings::default() }, "more than 1000000")]
    #[case(Settings { window: Window::from_seconds(32 * 86_400), ..Settings::default() }, "longer than 31 days")]
    #[case(Settings { token_life: Duration::from_millis(500), ..Settings::default() }, "0.5 s is not between")]
    #[case(Settings { latency: Duration::from_secs(61), ..Settings::default() }, "61 s is more than one minute")]
    #[case(Settings { accounts: vec!["a:b".parse().unwrap(), "a:c".parse().unwrap()], ..Settings::default() }, "\"a\" is there twice")]
    #[case(Settings { accounts: vec!["a:b:2000000".parse().unwrap()], ..Settings::default() }, "2000000 pulls")]
    fn silly_settings_are_refused_by_name(#[case] settings: Settings, #[case] said: &str) {
        let error = settings.check().unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}
