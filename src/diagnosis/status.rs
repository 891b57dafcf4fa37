//! HTTP statuses in running text: a three-digit number counts only where a reason phrase follows it
//! or a word such as `status code` leads up to it, so that `429d`, `Closes #429` and the number in
//! an access log are no statuses.

/// The first status of at least 400 in the text that `wanted` takes, with where its number begins.
pub(super) fn find(text: &str, wanted: impl Fn(u16) -> bool) -> Option<(u16, usize)> {
    let bytes = text.as_bytes();
    let is_word = |byte: Option<&u8>| {
        byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'#'))
    };
    memchr::memchr2_iter(b'4', b'5', bytes).find_map(|at| {
        let number = text.get(at..at + 3)?;
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        if !number.bytes().all(|byte| byte.is_ascii_digit())
            || is_word(before)
            || is_word(bytes.get(at + 3).filter(|byte| **byte != b'.'))
        {
            return None;
        }
        let status: u16 = number.parse().ok()?;
        let said = follows_reason(status, text.get(at + 3..)?) || leads_up(text.get(..at)?);
        (wanted(status) && said).then_some((status, at))
    })
}

/// Whether the text begins with the reason phrase of this status.
fn follows_reason(status: u16, after: &str) -> bool {
    let reasons: &[&str] = match status {
        401 => &["unauthorized"],
        403 => &["forbidden"],
        404 => &["not found"],
        407 => &["proxy authentication"],
        408 => &["request time"],
        429 => &["too many requests", "unknown"],
        500 => &["internal server error"],
        502 => &["bad gateway"],
        503 => &["service unavailable", "service temporarily"],
        504 => &["gateway time"],
        520..=530 => &["origin", "web server", "connection timed", "unknown", "ssl"],
        _ => &[],
    };
    let after = after.trim_start_matches([' ', ':', ')', ',', '"', '-']);
    reasons.iter().any(|reason| starts_with(after, reason))
        || starts_with(after, "client error")
        || starts_with(after, "server error")
}

/// Whether the text ends in words that announce a status.
fn leads_up(before: &str) -> bool {
    let close = before.trim_end_matches(' ');
    let loose = before.trim_end_matches([' ', ':', '=', '"', '\'', '(', '[']);
    let lower =
        |text: &str| text.get(text.len().saturating_sub(24)..).unwrap_or(text).to_ascii_lowercase();
    let (close, loose) = (lower(close), lower(loose));
    ["->", "http", "http/1.1", "http/1.0", "http/2", "http/2.0", "http/3", "returned"]
        .iter()
        .any(|lead| close.ends_with(lead))
        || [
            "status",
            "status code",
            "statuscode",
            "status_code",
            "http error",
            "response code",
            "error code",
            "httpcode",
            "http code",
        ]
        .iter()
        .any(|lead| loose.ends_with(lead))
}

fn starts_with(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case(
        "unexpected status from HEAD request to https://x/v2/: 429 Too Many Requests",
        Some(429)
    )]
    #[case("StatusCode: 429, \"<html>\"", Some(429))]
    #[case("GET https://x/v2/a/tags/list?n=100 -> 429", Some(429))]
    #[case("Bad response status: 429 Too Many Requests", Some(429))]
    #[case("error parsing HTTP 503 response body", Some(503))]
    #[case("HTTP/2 429", Some(429))]
    #[case("(remote response: 429: Too Many Requests)", Some(429))]
    #[case("received unexpected HTTP status: 500", Some(500))]
    #[case("502 Server Error: Bad Gateway for url", Some(502))]
    #[case("GET /v2/ HTTP/1.1\" 429 162", None)]
    #[case("web-6c8f9d7b5-429xk 1/1 Running 0 429d", None)]
    #[case("Closes #429", None)]
    #[case("wrote 429 files in 503 seconds", None)]
    #[case("v1.429.0 Too Many Requests", None)]
    #[case("é 42", None)]
    fn a_number_is_a_status_only_where_words_say_so(
        #[case] text: &str,
        #[case] status: Option<u16>,
    ) {
        assert_eq!(find(text, |_| true).map(|(status, _)| status), status);
    }

    proptest! {
        #[test]
        fn looking_for_a_status_never_panics(text in any::<String>(), numbers in "[45 é0-9.#:=]{0,40}") {
            let _ = find(&text, |_| true);
            let _ = find(&numbers, |_| true);
        }
    }
}
