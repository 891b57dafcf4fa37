//! An answer of a registry, reduced to what is looked at, and how much of it is wanted.

use std::time::Duration;

use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};

use super::error::RegistryError;
use super::secrets::Secrets;
use super::token::is_page;
use crate::quota::Family;

/// The longest wait that is believed.
const LONGEST_WAIT: Duration = Duration::from_secs(366 * 86_400);

/// What is wanted of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    /// Its head alone.
    Head,
    /// Its body, as text of bounded length.
    Text,
    /// Its body, to the end, but not to keep.
    Bytes,
}

impl Want {
    pub(super) fn method(self) -> Method {
        if self == Self::Head { Method::HEAD } else { Method::GET }
    }
}

/// An answer with its head and, for a GET, its body.
#[derive(Debug)]
pub struct Answered {
    /// The status.
    pub status: u16,
    /// The header lines.
    pub headers: HeaderMap,
    /// The body, at most 256 KiB of it; empty for a HEAD.
    pub body: String,
    /// Over which family it came.
    pub family: Option<Family>,
    /// The host that gave it.
    pub host: String,
    /// How old the token was that it was asked with.
    pub(super) token_age: Duration,
}

impl Answered {
    /// Takes out what was sent, where the registry repeats it. The body of a 200 is a manifest, whose
    /// bytes are what its digest is of: it stays.
    pub(super) fn clean(&mut self, secrets: &Secrets) {
        secrets.clean_headers(&mut self.headers);
        if !self.is_a_manifests() {
            // Said in words then.
            secrets.clean_header(&mut self.headers, &CONTENT_TYPE);
        }
        if self.status != 200 {
            self.body = secrets.clean(&self.body);
        }
    }

    /// Header lines as text; values that are none are left out.
    pub fn fields(&self) -> Vec<(&str, &str)> {
        self.headers
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
            .collect()
    }

    /// One header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// `Retry-After`, in seconds or as an HTTP date against `now`.
    pub fn retry_after(&self, now: std::time::SystemTime) -> Option<Duration> {
        retry_after(&self.headers, now)
    }

    /// Whether the registry meant this answer, rather than something between us and it.
    pub fn is_a_manifests(&self) -> bool {
        let kind = self.header(CONTENT_TYPE.as_str()).unwrap_or("").to_ascii_lowercase();
        self.headers.contains_key("docker-content-digest")
            || kind.contains("manifest")
            || kind.contains("image.index")
    }
}

impl Answered {
    /// Whether a refusal shows any sign of a registry: the header that every registry of the
    /// distribution project has, a limit, an error in JSON or, where a HEAD brings none, its type.
    pub(super) fn is_a_registrys(&self) -> bool {
        let header = |name: &str| {
            name == "docker-distribution-api-version"
                || name.starts_with("docker-")
                || name.contains("ratelimit")
        };
        if self.headers.keys().any(|name| header(name.as_str())) {
            return true;
        }
        if self.body.trim().is_empty() {
            let kind = self.header(CONTENT_TYPE.as_str()).unwrap_or("").to_ascii_lowercase();
            return kind.contains("json");
        }
        serde_json::from_str::<serde_json::Value>(&self.body)
            .is_ok_and(|json| json.get("errors").is_some_and(serde_json::Value::is_array))
    }
}

/// Why there is no manifest answer to judge, and the manifest answer that said so where one did.
#[derive(Debug)]
pub(super) struct Unmet {
    pub(super) error: RegistryError,
    pub(super) answered: Option<Box<Answered>>,
}

impl From<RegistryError> for Unmet {
    fn from(error: RegistryError) -> Self {
        Self { error, answered: None }
    }
}

impl From<Unmet> for RegistryError {
    fn from(unmet: Unmet) -> Self {
        unmet.error
    }
}

/// `Retry-After` of an answer.
pub(super) fn retry_after(headers: &HeaderMap, now: std::time::SystemTime) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    match value.parse::<u64>() {
        Err(_) if digits => Some(LONGEST_WAIT),
        Ok(seconds) => Some(Duration::from_secs(seconds).min(LONGEST_WAIT)),
        Err(_) => httpdate::parse_http_date(value)
            .ok()
            .map(|at| at.duration_since(now).unwrap_or_default()),
    }
}

/// Whether an answer is a web page: by its type, or by how its body begins.
pub(super) fn is_web_page(answered: &Answered) -> bool {
    answered
        .header(CONTENT_TYPE.as_str())
        .is_some_and(|kind| kind.to_ascii_lowercase().contains("html"))
        || is_page(&answered.body)
}
