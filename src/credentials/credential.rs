//! What may be shown to a registry to say who asks. Apart because these are the types that other
//! rooms hold; secrets in them have no `Display`, no `Serialize`, and a redacted `Debug`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

/// The most bytes of a token's claims that are looked at.
const MOST_CLAIMS: usize = 64 * 1024;

/// The one claim of a JSON web token that matters here (RFC 7519, 2015).
#[derive(Deserialize)]
struct Claims {
    exp: Option<f64>,
}

/// Who asks, and what proves it. Anonymous is a value, not an absence.
#[derive(Debug, Clone, Default)]
pub enum Credential {
    /// Nobody in particular: counted by address.
    #[default]
    Anonymous,
    /// A user name with a password or an access token, for `Authorization: Basic`.
    Password {
        /// The user name.
        user: String,
        /// The password or access token.
        secret: SecretString,
    },
    /// A refresh token (`identitytoken` in Docker's file), for the token service's POST form.
    IdentityToken {
        /// The user name, where the place named one.
        user: Option<String>,
        /// The refresh token.
        token: SecretString,
    },
    /// A bearer token for the registry itself (`registrytoken`): no token service is asked.
    RegistryToken(SecretString),
}

impl Credential {
    /// A user name with its password.
    pub fn password(user: impl Into<String>, secret: impl Into<String>) -> Self {
        Self::Password { user: user.into(), secret: SecretString::from(secret.into()) }
    }

    /// The user name, where one is known.
    pub fn user(&self) -> Option<&str> {
        match self {
            Self::Password { user, .. } => Some(user),
            Self::IdentityToken { user, .. } => user.as_deref(),
            Self::Anonymous | Self::RegistryToken(_) => None,
        }
    }

    /// Whether the password ends in white space, as a shell's `echo` makes it.
    pub fn ends_in_white_space(&self) -> bool {
        matches!(self, Self::Password { secret, .. } if secret.expose_secret().ends_with(char::is_whitespace))
    }

    /// Whether nobody in particular asks.
    pub const fn is_anonymous(&self) -> bool {
        matches!(self, Self::Anonymous)
    }

    /// What kind of proof this is, in a word or two for people.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Password { .. } => "password",
            Self::IdentityToken { .. } => "identity token",
            Self::RegistryToken(_) => "registry token",
        }
    }

    /// Whether both are the same account: by user name where both have one, else by the secret.
    pub fn same_account(&self, other: &Self) -> bool {
        match (self.user(), other.user()) {
            (Some(mine), Some(theirs)) => mine.eq_ignore_ascii_case(theirs),
            _ => match (self.secret(), other.secret()) {
                (None, None) => true,
                (Some(mine), Some(theirs)) => mine.expose_secret() == theirs.expose_secret(),
                _ => false,
            },
        }
    }

    /// When the secret ends by its own word, in seconds since 1970: the `exp` of a JSON web token. Its
    /// signature is not looked at. `None` for anything else.
    pub fn expires(&self) -> Option<i64> {
        let mut parts = self.secret()?.expose_secret().split('.');
        let (_, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
        let claims = URL_SAFE_NO_PAD
            .decode(claims.trim_end_matches('='))
            .ok()
            .filter(|claims| claims.len() <= MOST_CLAIMS)?;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "RFC 7519 allows fractions; a second more or less is no matter"
        )]
        serde_json::from_slice::<Claims>(&claims).ok()?.exp.map(|exp| exp as i64)
    }

    fn secret(&self) -> Option<&SecretString> {
        match self {
            Self::Anonymous => None,
            Self::Password { secret, .. } => Some(secret),
            Self::IdentityToken { token, .. } | Self::RegistryToken(token) => Some(token),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_shows_the_user_and_never_the_secret() {
        let credentials = [
            Credential::password("bob", "hunter2"),
            Credential::IdentityToken {
                user: Some("bob".into()),
                token: "hunter2".to_owned().into(),
            },
            Credential::RegistryToken("hunter2".to_owned().into()),
        ];
        for credential in credentials {
            let shown = format!("{credential:?} {credential:#?}");
            assert!(!shown.contains("hunter2"), "{shown}");
            assert_eq!(shown.contains("bob"), credential.user().is_some(), "{shown}");
        }
    }

    #[test]
    fn a_token_s_end_is_read_from_its_claims_and_from_nothing_else() {
        let jwt = |claims: &str| format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims));
        let rows = [
            (jwt(r#"{"exp":1700000000}"#), Some(1_700_000_000)),
            (jwt(r#"{"exp":1700000000.7,"aud":["x"]}"#), Some(1_700_000_000)),
            (jwt(r#"{"exp":"soon"}"#), None),
            (jwt("{}"), None),
            (jwt("hunter2"), None),
            ("dckr_pat_a.b.c".to_owned(), None),
            ("hunter2".to_owned(), None),
        ];
        for (token, end) in rows {
            assert_eq!(Credential::RegistryToken(token.clone().into()).expires(), end, "{token}");
        }
        assert_eq!(Credential::Anonymous.expires(), None);
    }

    #[test]
    fn one_account_is_told_from_another_by_user_then_by_secret() {
        let token = |user: Option<&str>, token: &str| Credential::IdentityToken {
            user: user.map(str::to_owned),
            token: token.to_owned().into(),
        };
        let rows = [
            (Credential::Anonymous, Credential::Anonymous, true),
            (Credential::Anonymous, Credential::password("bob", "a"), false),
            (Credential::password("bob", "a"), Credential::password("Bob", "b"), true),
            (Credential::password("bob", "a"), Credential::password("amy", "a"), false),
            (token(Some("bob"), "t"), Credential::password("bob", "p"), true),
            (token(None, "t"), token(None, "t"), true),
            (token(None, "t"), token(None, "u"), false),
            (token(None, "t"), Credential::Anonymous, false),
        ];
        for (one, other, same) in rows {
            assert_eq!(one.same_account(&other), same, "{one:?} {other:?}");
            assert_eq!(other.same_account(&one), same, "{other:?} {one:?}");
        }
    }
}
