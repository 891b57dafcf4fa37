//! The parts of an answer that several handlers share: limit headers in every spelling, error bodies
//! of the OCI distribution specification 1.1 (February 2024), and the wordings of Docker Hub from
//! the protocol notes of November 2026.

use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::time::timeout;

use super::content::hex;
use super::ledger::Balance;
use super::profile::{Manners, Pair, SourceForm};

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const X_LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const X_REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const X_RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
const SOURCE: HeaderName = HeaderName::from_static("docker-ratelimit-source");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// How long a client may take over a request's body.
const PATIENCE: Duration = Duration::from_secs(20);

/// Marks an answer that is never sent: the connection is cut instead.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut;

/// A request's body, if it comes whole, in time and is no longer than `most` bytes.
pub(super) async fn read_body(body: Body, most: usize) -> Option<Bytes> {
    timeout(PATIENCE, to_bytes(body, most)).await.ok()?.ok()
}

/// An answer with a body.
pub(super) fn with_body(
    status: StatusCode,
    content_type: HeaderValue,
    body: impl Into<Body>,
) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

/// A JSON answer.
pub(super) fn with_json(status: StatusCode, value: &Value) -> Response {
    with_body(status, JSON, value.to_string())
}

/// An error as the distribution specification words it.
pub(super) fn error(status: StatusCode, code: &str, message: &str, detail: &Value) -> Response {
    with_json(status, &json!({"errors": [{"code": code, "message": message, "detail": detail}]}))
}

/// The pull limit's 429.
pub(super) fn pull_limit(manners: Manners, user: Option<&str>, token_id: &str) -> Response {
    let message = match user {
        _ if !manners.new_words => "You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: \
             https://www.docker.com/increase-rate-limit"
            .to_owned(),
        None => "You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit".to_owned(),
        Some(user) => format!(
            "You have reached your pull rate limit as '{user}': {token_id}. You may increase the limit by upgrading. \
             https://www.docker.com/increase-rate-limit"
        ),
    };
    with_json(
        StatusCode::TOO_MANY_REQUESTS,
        &json!({"errors": [{"code": "TOOMANYREQUESTS", "message": message}]}),
    )
}

/// The overall limit's 429, in plain text.
pub(super) fn overall_limit() -> Response {
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    let mut response =
        with_body(StatusCode::TOO_MANY_REQUESTS, text, "Too Many Requests (HAP429).\n");
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("60"));
    response
}

/// Export control's page.
pub(super) fn blocked() -> Response {
    let page = "<html>\n<head><title>403 Forbidden</title></head>\n<body>\n<p>Since Docker is a US company, we must comply with US export \
                control regulations.</p>\n</body>\n</html>\n";
    with_body(StatusCode::FORBIDDEN, HeaderValue::from_static("text/html"), page)
}

/// A page of a gateway that has no server behind it.
pub(super) fn gateway(status: StatusCode) -> Response {
    let reason = status.canonical_reason().unwrap_or("Error");
    let page = format!(
        "<html><body><h1>{} {reason}</h1>\nNo server is available to handle this request.\n</body></html>\n",
        status.as_u16()
    );
    with_body(status, HeaderValue::from_static("text/html"), page)
}

/// The limit headers of the token host: a limiter of its own, so many a minute.
pub(super) fn token_host_fields(headers: &mut HeaderMap, limit: u32, remaining: u32, reset: u64) {
    insert(headers, X_LIMIT, format!("{limit}, {limit};w=60"));
    insert(headers, X_REMAINING, remaining.to_string());
    insert(headers, X_RESET, reset.to_string());
}

/// Whom the request was counted on.
pub(super) fn source_field(
    headers: &mut HeaderMap,
    form: SourceForm,
    user: Option<&str>,
    address: &dyn std::fmt::Display,
) {
    match (form, user) {
        (SourceForm::Absent, _) => {}
        (SourceForm::Uuid, Some(user)) => insert(headers, SOURCE, uuid_of(user)),
        (SourceForm::UserName, Some(user)) => insert(headers, SOURCE, user.to_owned()),
        (_, None) => insert(headers, SOURCE, address.to_string()),
    }
}

/// Limit and remaining count, under the names of `pair`.
pub(super) fn limit_fields(headers: &mut HeaderMap, pair: Pair, balance: Balance) {
    let window = balance.quota.window.seconds();
    set_fields(
        headers,
        pair,
        &format!("{};w={window}", balance.quota.limit),
        &format!("{};w={window}", balance.remaining),
    );
}

/// Limit and remaining count as nobody should send them: one of six oddities by `turn`, each of
/// which has been seen.
pub(super) fn odd_fields(headers: &mut HeaderMap, turn: u64, balance: Balance) {
    let (limit, left, window) =
        (balance.quota.limit, balance.remaining, balance.quota.window.seconds());
    let both = |headers: &mut HeaderMap, limit: String, left: String| {
        set_fields(headers, Pair::Both, &limit, &left);
    };
    match turn % 6 {
        0 => both(headers, format!("{limit};w={window}"), format!("-1;w={window}")),
        1 => both(headers, format!(";w={window}"), format!(";w={window}")),
        2 => {
            set_fields(
                headers,
                Pair::Plain,
                &format!("{limit};w={window}"),
                &format!("{left};w={window}"),
            );
            set_fields(
                headers,
                Pair::Prefixed,
                &format!("{limit};w={window}"),
                &format!("{};w={window}", left / 2),
            );
        }
        3 => both(headers, limit.to_string(), left.to_string()),
        4 => both(
            headers,
            format!("{limit};w={window};burst=5, 10;w=60"),
            format!("{left};w={window}"),
        ),
        _ => both(headers, format!("{limit};w={window}"), format!("{limit};w={window}")),
    }
}

fn set_fields(headers: &mut HeaderMap, pair: Pair, limit: &str, remaining: &str) {
    let (Ok(limit), Ok(remaining)) =
        (HeaderValue::try_from(limit), HeaderValue::try_from(remaining))
    else {
        return;
    };
    if matches!(pair, Pair::Plain | Pair::Both) {
        headers.insert(LIMIT, limit.clone());
        headers.insert(REMAINING, remaining.clone());
    }
    if matches!(pair, Pair::Prefixed | Pair::Both) {
        headers.insert(X_LIMIT, limit);
        headers.insert(X_REMAINING, remaining);
    }
}

/// Inserts a field whose value is made of characters that a header can hold.
fn insert(headers: &mut HeaderMap, name: HeaderName, value: String) {
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(name, value);
    }
}

/// An account's UUID: made from its name, always the same.
fn uuid_of(user: &str) -> String {
    let mut bytes = [0_u8; 16];
    for (byte, from) in bytes.iter_mut().zip(Sha256::digest(user.as_bytes())) {
        *byte = from;
    }
    let [.., version, _, variant, _, _, _, _, _, _, _] = &mut bytes;
    *version = (*version & 0x0f) | 0x50;
    *variant = (*variant & 0x3f) | 0x80;
    let digits = hex(&bytes);
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_has_a_uuids_form_and_is_the_accounts_own() {
        let uuid = uuid_of("alice");
        assert_eq!(uuid.len(), 36);
        assert_eq!(uuid.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
        assert_eq!(uuid.get(14..15), Some("5"));
        assert!(matches!(uuid.get(19..20), Some("8" | "9" | "a" | "b")), "{uuid}");
        assert_ne!(uuid, uuid_of("bob"));
    }
}
