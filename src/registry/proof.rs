//! What of a credential goes into a request, and what of it into words: the request to a token service,
//! the Basic header, whose it is. Apart from the client, which decides when each is shown to whom. Follows
//! the distribution project's token and OAuth2 specifications (2024) and RFC 7617 (2015).

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

use super::endpoint::TokenService;
use super::transport::Transport;
use crate::credentials::Credential;

/// GET for anonymous and password, POST for a refresh token.
pub(super) fn token_request(
    auth: &Transport,
    service: &TokenService,
    scope: &str,
    who: &Credential,
) -> reqwest::RequestBuilder {
    let name = service.service.as_deref();
    if let Credential::IdentityToken { token, .. } = who {
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", "dhlimit"),
            ("service", name.unwrap_or_default()),
            ("scope", scope),
            ("refresh_token", token.expose_secret()),
        ];
        return auth.request(Method::POST, service.realm.clone()).form(&form);
    }
    let mut url = service.realm.clone();
    if let Some(name) = name {
        url.query_pairs_mut().append_pair("service", name);
    }
    url.query_pairs_mut().append_pair("scope", scope);
    let request = auth.request(Method::GET, url);
    match who {
        Credential::Password { user, secret } => {
            request.header(AUTHORIZATION, basic_authorization(user, secret))
        }
        _ => request,
    }
}

/// The account whose tokens are kept apart from those of others.
pub(super) fn account_of(who: &Credential) -> Option<String> {
    match who {
        // Two identity tokens may lack a user; what tells them apart must not be the secret itself.
        Credential::IdentityToken { token, .. } => {
            use std::hash::{DefaultHasher, Hash, Hasher};
            let mut hasher = DefaultHasher::new();
            token.expose_secret().hash(&mut hasher);
            Some(format!("identity token {:x}", hasher.finish()))
        }
        other => other.user().map(str::to_owned),
    }
}

/// Whose credentials those are, for a refusal of them; `None` for nobody's.
pub(super) fn whose(who: &Credential) -> Option<String> {
    (!who.is_anonymous())
        .then(|| who.user().map_or_else(|| format!("the {}", who.kind()), str::to_owned))
}

/// The Authorization header of a user name and password (RFC 7617).
pub(super) fn basic_authorization(user: &str, secret: &SecretString) -> HeaderValue {
    use base64::Engine;
    let encoded = base64::engine::general_purpose::STANDARD
        .encode(format!("{user}:{}", secret.expose_secret()));
    // Base64 has no character that a header may not have.
    let mut value = HeaderValue::from_str(&format!("Basic {encoded}"))
        .unwrap_or_else(|_| HeaderValue::from_static("Basic"));
    value.set_sensitive(true);
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_whose_credentials_they_were() {
        let token = |user: Option<&str>| Credential::IdentityToken {
            user: user.map(str::to_owned),
            token: "x".to_owned().into(),
        };
        let rows = [
            (Credential::Anonymous, None),
            (Credential::password("bob", "x"), Some("bob")),
            (token(Some("bob")), Some("bob")),
            (token(None), Some("the identity token")),
            (Credential::RegistryToken("x".to_owned().into()), Some("the registry token")),
        ];
        for (who, wanted) in rows {
            assert_eq!(whose(&who).as_deref(), wanted);
        }
    }
}
