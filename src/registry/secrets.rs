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

    /// `text` with every secret replaced, also where JSON spells it with escapes: `a\/b`, `\u00e4`.
    pub(super) fn clean(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| {
            let secret = secret.expose_secret();
            let plain = text.replace(secret, REDACTED);
            // JSON may stand in a text of JSON.
            (1..=2).fold(plain, |text, depth| without_escaped(&text, secret, depth))
        })
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

/// A text without a secret that is spelt with the escapes of JSON, so many times over.
fn without_escaped(text: &str, secret: &str, depth: usize) -> String {
    if !text.contains('\\') {
        return text.to_owned();
    }
    let mut decoded = text.to_owned();
    let mut places: Vec<usize> = (0..=text.len()).collect();
    for _ in 0..depth {
        let (next, at) = unescaped(&decoded);
        places = at.into_iter().filter_map(|at| places.get(at).copied()).collect();
        decoded = next;
    }
    let mut clean = String::with_capacity(text.len());
    let mut from = 0;
    for (at, _) in decoded.match_indices(secret) {
        let (Some(start), Some(end)) = (places.get(at), places.get(at + secret.len())) else {
            break;
        };
        clean.push_str(text.get(from..*start).unwrap_or_default());
        clean.push_str(REDACTED);
        from = *end;
    }
    clean.push_str(text.get(from..).unwrap_or_default());
    clean
}

/// A text with JSON's escapes read, and where each of its bytes (and its end) stood before.
fn unescaped(text: &str) -> (String, Vec<usize>) {
    let mut decoded = String::with_capacity(text.len());
    let mut places = Vec::with_capacity(text.len() + 1);
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let (character, length) = escape(rest)
            .or_else(|| rest.chars().next().map(|c| (c, c.len_utf8())))
            .unwrap_or((char::REPLACEMENT_CHARACTER, 1));
        decoded.push(character);
        places.extend(std::iter::repeat_n(at, character.len_utf8()));
        at += length;
    }
    places.push(text.len());
    (decoded, places)
}

/// The character that an escape of JSON at the start stands for, and the bytes of the escape.
fn escape(text: &str) -> Option<(char, usize)> {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    };
    let short = match text.strip_prefix('\\')?.chars().next()? {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'u' => {
            let first = unit(0)?;
            let units = [first, unit(6).unwrap_or_default()];
            let both = char::decode_utf16(units).next()?.ok()?;
            return Some((both, if char::from_u32(first.into()).is_some() { 6 } else { 12 }));
        }
        other @ ('"' | '\\' | '/') => other,
        _ => return None,
    };
    Some((short, 2))
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
    fn a_secret_is_found_however_json_spells_it() {
        for (secret, spelt) in [
            ("abc/def+ghi=", r"abc\/def+ghi="),
            ("say\"cheese\\1", r#"say\"cheese\\1"#),
            ("schl\u{e4}fer-7", r"schl\u00e4fer-7"),
            ("hunter2pass", r"\u0068unter\u0032pass"),
            ("clef\u{1d11e}-clef", r"clef\ud834\udd1e-clef"),
            ("abc/def+ghi=", r"abc\\\/def+ghi="),
            ("say\"cheese", r#"say\\\"cheese"#),
        ] {
            let secrets = Secrets::of(&Credential::password("jo", secret));
            let body = format!(r#"{{"details":"bad password {spelt}, jo\n"}}"#);
            assert_eq!(secrets.clean(&body), r#"{"details":"bad password <redacted>, jo\n"}"#);
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_cleaned_without_a_panic(text in r#"(\\|u00e4|u|"|/|d834|é|n|hunter2){0,20}"#) {
            let secrets = Secrets::of(&Credential::password("jo", "hunter2/é"));
            proptest::prop_assert!(!secrets.clean(&text).contains("hunter2/é"));
        }
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
