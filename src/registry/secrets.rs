//! What was sent as proof of who asks, so that an answer that repeats it is not shown or kept with it
//! in it. Apart because answers of the registry and of the token service are both cleaned by it.

use reqwest::header::{
    CONTENT_LENGTH, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, LOCATION,
    WWW_AUTHENTICATE,
};
use secrecy::{ExposeSecret, SecretString};

use crate::credentials::Credential;

/// What stands where a secret stood.
const REDACTED: &str = "<redacted>";
/// A shorter secret is found in too many words that have nothing to do with it.
const SHORTEST: usize = 6;

/// The texts that a request proved itself with, in the forms in which they were sent.
#[derive(Debug, Clone, Default)]
pub(super) struct Secrets(Vec<SecretString>);

impl Secrets {
    /// Of a credential, as it is and as a Basic `Authorization` carries it.
    pub(super) fn of(who: &Credential) -> Self {
        let mut secrets = Self::default();
        match who {
            Credential::Anonymous => {}
            Credential::Password { user, secret } => {
                use base64::Engine;
                let engine = base64::engine::general_purpose::STANDARD;
                secrets.add(&engine.encode(format!("{user}:{}", secret.expose_secret())));
                secrets.add(&engine.encode(secret.expose_secret()));
                secrets.add(secret.expose_secret());
            }
            Credential::IdentityToken { token, .. } | Credential::RegistryToken(token) => {
                secrets.add(token.expose_secret());
            }
        }
        secrets
    }

    /// The same, with what an `Authorization` header has after its scheme.
    pub(super) fn with(mut self, authorization: Option<&HeaderValue>) -> Self {
        if let Some((_, proof)) = authorization
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
        {
            self.add(proof);
        }
        self
    }

    fn add(&mut self, secret: &str) {
        if secret.len() >= SHORTEST {
            self.0.push(secret.into());
        }
    }

    /// `text` with every secret replaced.
    pub(super) fn clean(&self, text: &str) -> String {
        self.0
            .iter()
            .fold(text.to_owned(), |text, secret| text.replace(secret.expose_secret(), REDACTED))
    }

    /// Header lines without them, but for those that are acted upon rather than shown: an account
    /// whose password is `manifest` can still be told what came.
    pub(super) fn clean_headers(&self, headers: &mut HeaderMap) {
        for (name, value) in headers.iter_mut() {
            if [CONTENT_LENGTH, CONTENT_TYPE, DATE, LOCATION, WWW_AUTHENTICATE].contains(name) {
                continue;
            }
            self.clean_value(value);
        }
    }

    /// One header line without them.
    pub(super) fn clean_header(&self, headers: &mut HeaderMap, name: &HeaderName) {
        if let Some(value) = headers.get_mut(name) {
            self.clean_value(value);
        }
    }

    fn clean_value(&self, value: &mut HeaderValue) {
        let Ok(text) = value.to_str() else { return };
        let clean = self.clean(text);
        if clean != text {
            // What is left of a header value is one.
            *value = HeaderValue::from_str(&clean)
                .unwrap_or_else(|_| HeaderValue::from_static(REDACTED));
        }
    }
}

/// Header fields fit for a trace: those that are known to say nothing of who asks or how to log in as
/// them. What another is called is all that is told of it.
pub(super) fn shown(fields: &[(&str, &str)], secrets: &Secrets) -> Vec<String> {
    let value = |name: &str, value: &str| match name {
        "content-type"
        | "content-length"
        | "docker-content-digest"
        | "retry-after"
        | "date"
        | "server" => Some(value.to_owned()),
        "location" => Some(value.split(['?', '#']).next().unwrap_or_default().to_owned()),
        _ if name.contains("ratelimit") || name.starts_with("docker-") => Some(value.to_owned()),
        _ => None,
    };
    let line = |(name, raw): &(&str, &str)| match value(name, raw) {
        Some(value) => format!("{name}: {}", crate::text::redact(&secrets.clean(&value))),
        None => format!("{name}: {REDACTED}"),
    };
    fields.iter().take(32).map(|field| crate::text::one_line(&line(field), 120)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_tells_the_values_of_known_fields_only_and_no_secret_in_them() {
        let secrets = Secrets::of(&Credential::password("jo", "hunter2-hunter2"))
            .with(Some(&HeaderValue::from_static("Bearer abc.def.ghi")));
        let fields = [
            ("content-type", "text/abc.def.ghi"),
            ("x-ratelimit-note", "you are dckr_pat_1234567890"),
            ("docker-ratelimit-source", "jo am86aHVudGVyMi1odW50ZXIy"),
            ("location", "https://r.example/hunter2-hunter2?sig=x"),
            ("x-echo", "Bearer abc.def.ghi"),
            ("www-authenticate", "Bearer realm=\"x\""),
        ];
        let lines = [
            "content-type: text/<redacted>",
            "x-ratelimit-note: you are <redacted>",
            "docker-ratelimit-source: jo <redacted>",
            "location: https://r.example/<redacted>",
            "x-echo: <redacted>",
            "www-authenticate: <redacted>",
        ];
        assert_eq!(shown(&fields, &secrets), lines);
    }

    #[test]
    fn what_is_acted_upon_stays_and_what_is_kept_is_clean() {
        let secrets = Secrets::of(&Credential::password("jo", "manifest"));
        let mut headers = HeaderMap::new();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/vnd.oci.image.manifest.v1+json"),
        );
        headers.insert("x-ratelimit-note", HeaderValue::from_static("manifest for jo"));
        secrets.clean_headers(&mut headers);
        assert_eq!(headers["content-type"], "application/vnd.oci.image.manifest.v1+json");
        assert_eq!(headers["x-ratelimit-note"], "<redacted> for jo");
        assert_eq!(Secrets::of(&Credential::password("jo", "a")).clean("a word"), "a word");
    }
}
