//! Tokens that carry their own meaning: JSON Web Tokens (RFC 7519) with Docker Hub's claims, signed
//! with a key of this sandbox's own, so that nothing is remembered of a million of them. The claimed
//! limit is the stale one of the protocol notes of November 2026, fact 8.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::server::SandboxError;
use crate::image::hub;

/// What the registry calls itself in tokens and challenges.
pub(super) const SERVICE: &str = hub::SERVICE;
const ISSUER: &str = hub::TOKEN_HOST;
const LENGTH_MAX: usize = 64 * 1024;

/// Makes tokens and knows its own again.
#[derive(Debug)]
pub(super) struct Signer {
    keyed: Hmac<Sha256>,
    number: AtomicU64,
}

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Use {
    /// Reading from the registry.
    Access,
    /// Asking for further tokens.
    Refresh,
}

/// What a token says. `sub` is the account's name, empty for nobody's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Claims<'a> {
    #[serde(borrow)]
    pub(super) access: Vec<Access<'a>>,
    pub(super) aud: Cow<'a, str>,
    pub(super) exp: i64,
    pub(super) iat: i64,
    pub(super) iss: Cow<'a, str>,
    pub(super) jti: Cow<'a, str>,
    pub(super) nbf: i64,
    pub(super) sub: Cow<'a, str>,
    #[serde(rename = "https://dhlimit/use")]
    pub(super) purpose: Use,
}

/// Access to one repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Access<'a> {
    #[serde(rename = "type", borrow)]
    pub(super) kind: &'a str,
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) actions: Vec<&'a str>,
    #[serde(borrow)]
    pub(super) parameters: Parameters<'a>,
}

/// The claimed limit: texts, and stale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Parameters<'a> {
    pub(super) pull_limit: &'a str,
    pub(super) pull_limit_interval: &'a str,
}

/// Why a token is not good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum TokenError {
    #[error("the token is not one of this sandbox's")]
    Foreign,
    #[error("the token has expired")]
    Expired,
}

impl Signer {
    /// A signer with a key of its own.
    pub(super) fn new() -> Result<Self, SandboxError> {
        let mut key = [0_u8; 32];
        rustls::crypto::ring::default_provider()
            .secure_random
            .fill(&mut key)
            .map_err(|_| SandboxError::Randomness)?;
        let keyed = Hmac::<Sha256>::new_from_slice(&key).map_err(|_| SandboxError::Randomness)?;
        Ok(Self { keyed, number: AtomicU64::new(1) })
    }

    /// A token for an account (or nobody: empty) from `now` for `life` seconds.
    pub(super) fn sign(
        &self,
        user: &str,
        access: Vec<Access<'_>>,
        purpose: Use,
        now: i64,
        life: i64,
    ) -> String {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let mut id = self.keyed.clone();
        id.update(&number.to_be_bytes());
        let jti = format!(
            "dckr_jti_{}",
            STANDARD.encode(id.finalize().into_bytes().get(..20).unwrap_or_default())
        );
        let claims = Claims {
            access,
            aud: SERVICE.into(),
            exp: now.saturating_add(life),
            iat: now,
            iss: ISSUER.into(),
            jti: jti.into(),
            nbf: now,
            sub: user.into(),
            purpose,
        };
        // Claims are texts and numbers, which always make JSON.
        let payload = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&claims).unwrap_or_default());
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
        let mut token = format!("{header}.{payload}");
        let mut mac = self.keyed.clone();
        mac.update(token.as_bytes());
        token.push('.');
        token.push_str(&URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()));
        token
    }

    /// What a token says, if it is ours and `now` is in its life. `space` holds the text that the
    /// claims are read from: this is done for every request.
    pub(super) fn read<'a>(
        &self,
        token: &str,
        purpose: Use,
        now: i64,
        space: &'a mut Vec<u8>,
    ) -> Result<Claims<'a>, TokenError> {
        if token.len() > LENGTH_MAX {
            return Err(TokenError::Foreign);
        }
        let (signed, encoded) = token.rsplit_once('.').ok_or(TokenError::Foreign)?;
        let mut signature = [0; 48];
        let length = URL_SAFE_NO_PAD
            .decode_slice(encoded, &mut signature)
            .map_err(|_| TokenError::Foreign)?;
        let mut mac = self.keyed.clone();
        mac.update(signed.as_bytes());
        mac.verify_slice(signature.get(..length).unwrap_or_default())
            .map_err(|_| TokenError::Foreign)?;
        let (_, payload) = signed.split_once('.').ok_or(TokenError::Foreign)?;
        URL_SAFE_NO_PAD.decode_vec(payload, space).map_err(|_| TokenError::Foreign)?;
        let claims: Claims<'a> = serde_json::from_slice(space).map_err(|_| TokenError::Foreign)?;
        if claims.purpose != purpose {
            return Err(TokenError::Foreign);
        }
        if now >= claims.exp { Err(TokenError::Expired) } else { Ok(claims) }
    }
}

impl Claims<'_> {
    /// Whether it lets its holder pull from a repository.
    pub(super) fn may_pull(&self, repository: &str) -> bool {
        self.access
            .iter()
            .any(|access| access.name == repository && access.actions.contains(&"pull"))
    }
}

impl<'a> Access<'a> {
    /// What is granted of a scope such as `repository:library/nginx:pull,push`: pulling, if it was
    /// asked for. `None` where there is nothing to grant.
    pub(super) fn grant(scope: &'a str) -> Option<Self> {
        let (name, actions) = scope.strip_prefix("repository:")?.rsplit_once(':')?;
        actions.split(',').any(|action| action == "pull" || action == "*").then(|| Self {
            kind: "repository",
            name: name.into(),
            actions: vec!["pull"],
            parameters: Parameters { pull_limit: "100", pull_limit_interval: "21600" },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(signer: &Signer, token: &str, purpose: Use, now: i64) -> Result<(), TokenError> {
        signer.read(token, purpose, now, &mut Vec::new()).map(drop)
    }

    fn access() -> Vec<Access<'static>> {
        Access::grant("repository:library/nginx:pull,push").into_iter().collect()
    }

    #[test]
    fn a_token_is_good_for_its_life_and_its_repository() {
        let signer = Signer::new().unwrap();
        let token = signer.sign("alice", access(), Use::Access, 1_000, 300);
        let mut space = Vec::new();
        let claims = signer.read(&token, Use::Access, 1_299, &mut space).unwrap();
        assert_eq!(
            (&*claims.sub, claims.access[0].parameters.pull_limit_interval),
            ("alice", "21600")
        );
        assert!(claims.may_pull("library/nginx") && !claims.may_pull("library/redis"));
        assert_eq!(claims.access[0].actions, ["pull"], "nobody may push");
        assert_eq!(read(&signer, &token, Use::Access, 1_300), Err(TokenError::Expired));
    }

    #[test]
    fn a_token_of_another_purpose_or_sandbox_is_foreign() {
        let signer = Signer::new().unwrap();
        let refresh = signer.sign("alice", Vec::new(), Use::Refresh, 0, 300);
        assert_eq!(read(&signer, &refresh, Use::Access, 1), Err(TokenError::Foreign));
        assert_eq!(
            read(&Signer::new().unwrap(), &refresh, Use::Refresh, 1),
            Err(TokenError::Foreign)
        );
    }

    proptest! {
        #[test]
        fn a_changed_token_is_never_read(place in 0_usize..400, to in "[A-Za-z0-9_.-]") {
            let signer = Signer::new().unwrap();
            let token = signer.sign("alice", access(), Use::Access, 0, 300);
            let place = place % (token.len() - 1);
            let mut changed = token.clone();
            changed.replace_range(place..=place, &to);
            prop_assume!(changed != token);
            prop_assert_eq!(read(&signer, &changed, Use::Access, 1), Err(TokenError::Foreign));
        }

        #[test]
        fn any_text_is_survived(text in "\\PC{0,100}") {
            let _ = Access::grant(&text);
            prop_assert!(read(&Signer::new().unwrap(), &text, Use::Access, 0).is_err());
        }
    }
}
