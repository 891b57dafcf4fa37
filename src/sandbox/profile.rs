//! The profiles: Docker Hub as it was, is, and at its worst. Data only, after the protocol notes of
//! November 2026 ("The sandbox's profiles"); what a value leads to is decided where it is answered.

use std::fmt;
use std::str::FromStr;

/// How the sandbox behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Profile {
    /// 2020: HTTP/1.1 with capitals, six hours, no source.
    Of2020,
    /// 2023: six hours, an account is named by its UUID, a HEAD is answered 200 at zero.
    Of2023,
    /// 2026: one hour, both pairs of headers, a HEAD is answered 429 at zero.
    #[default]
    Of2026,
    /// A paid account: the source, and no limit.
    Paid,
    /// An exempt address: nothing at all.
    Exempt,
    /// The overall limit: every request to the registry is answered 429 in plain text.
    Abuse,
    /// The token host's lock-out after too many failed logins.
    Lockout,
    /// Export control: every request is answered with a 403 page.
    Blocked,
    /// 500, 502, 503, cut connections and slow answers between good ones.
    Flaky,
    /// Limit headers as nobody should send them.
    Odd,
}

/// Why a text is no profile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no profile; there are {names}", names = Profile::ALL.map(Profile::name).join(", "))]
pub struct ProfileError(pub String);

/// Which names the limit headers have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pair {
    /// None are sent.
    Neither,
    /// `ratelimit-limit`, `ratelimit-remaining`.
    Plain,
    /// `x-ratelimit-limit`, `x-ratelimit-remaining`.
    Prefixed,
    /// All four.
    Both,
}

/// How `docker-ratelimit-source` names an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SourceForm {
    /// The header is not sent.
    Absent,
    /// By a UUID.
    Uuid,
    /// By its name.
    UserName,
}

/// What one year's Docker Hub sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Manners {
    /// The limit headers of a 200 and a 404.
    pub(super) answered: Pair,
    /// The limit headers of a pull-limit 429.
    pub(super) refused: Pair,
    /// The form of the source.
    pub(super) source: SourceForm,
    /// A HEAD at zero is refused.
    pub(super) refuses_head: bool,
    /// The 429's words of 2025 on.
    pub(super) new_words: bool,
}

impl Profile {
    /// Every profile, in the order in which help lists them.
    pub const ALL: [Self; 10] = [
        Self::Of2020,
        Self::Of2023,
        Self::Of2026,
        Self::Paid,
        Self::Exempt,
        Self::Abuse,
        Self::Lockout,
        Self::Blocked,
        Self::Flaky,
        Self::Odd,
    ];

    /// The name a user types.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Of2020 => "2020",
            Self::Of2023 => "2023",
            Self::Of2026 => "2026",
            Self::Paid => "paid",
            Self::Exempt => "exempt",
            Self::Abuse => "abuse",
            Self::Lockout => "lockout",
            Self::Blocked => "blocked",
            Self::Flaky => "flaky",
            Self::Odd => "odd",
        }
    }

    /// The window it counts over where none is asked for, in seconds.
    pub const fn window_seconds(self) -> u64 {
        match self {
            Self::Of2020 | Self::Of2023 => 21_600,
            _ => 3_600,
        }
    }

    /// Whether pulls are limited at all.
    pub const fn is_limited(self) -> bool {
        !matches!(self, Self::Paid | Self::Exempt)
    }

    /// What its year sends.
    pub(super) const fn manners(self) -> Manners {
        match self {
            Self::Of2020 => Manners {
                answered: Pair::Plain,
                refused: Pair::Plain,
                source: SourceForm::Absent,
                refuses_head: false,
                new_words: false,
            },
            Self::Of2023 => Manners {
                answered: Pair::Plain,
                refused: Pair::Plain,
                source: SourceForm::Uuid,
                refuses_head: false,
                new_words: false,
            },
            Self::Exempt => Manners {
                answered: Pair::Neither,
                refused: Pair::Neither,
                source: SourceForm::Absent,
                refuses_head: true,
                new_words: true,
            },
            _ => Manners {
                answered: Pair::Both,
                refused: Pair::Prefixed,
                source: SourceForm::UserName,
                refuses_head: true,
                new_words: true,
            },
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Profile {
    type Err = ProfileError;

    fn from_str(text: &str) -> Result<Self, ProfileError> {
        Self::ALL
            .into_iter()
            .find(|profile| profile.name() == text)
            .ok_or_else(|| ProfileError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_is_found_by_its_name_and_no_other() {
        for profile in Profile::ALL {
            assert_eq!(profile.name().parse(), Ok(profile));
        }
        let error = "2021".parse::<Profile>().unwrap_err().to_string();
        assert!(error.contains("\"2021\"") && error.contains("2020, 2023, 2026, paid"), "{error}");
    }
}
