//! Whom we ask as: nobody in particular, or an account. What the registry then counts is the
//! [`super::Source`], which need not agree.

use std::fmt;

/// Whom a request is made as.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Identity {
    /// Without credentials: counted by address.
    Anonymous,
    /// With the credentials of an account.
    Account {
        /// The user name; `None` where the credentials do not tell (a token).
        user: Option<String>,
        /// Where the credentials were found, for people: `~/.docker/config.json`.
        credentials_from: Option<String>,
    },
}

impl Identity {
    /// The user name of an account.
    pub fn user(&self) -> Option<&str> {
        match self {
            Self::Anonymous => None,
            Self::Account { user, .. } => user.as_deref(),
        }
    }

    /// Whether credentials are sent.
    pub fn is_account(&self) -> bool {
        matches!(self, Self::Account { .. })
    }
}

impl fmt::Display for Identity {
    /// `anonymous`, the user name, or `account` where the name is not known.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anonymous => f.write_str("anonymous"),
            Self::Account { user, .. } => f.write_str(user.as_deref().unwrap_or("account")),
        }
    }
}
