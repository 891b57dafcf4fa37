//! Secrets out of foreign text: what Docker Hub and others write into their messages, and what
//! people paste. Known shapes only; the words around them stay. Source: the wordings of November
//! 2026 (`as 'USER': dckr_jti_…=` names an account and a token), RFC 6750, RFC 7617, RFC 7519.

/// What stands where a secret stood.
const REDACTED: &str = "<redacted>";

/// Prefixes that mark a word as a token, whoever issued it.
const TOKENS: &[&str] = &[
    "dckr_pat_",
    "dckr_oat_",
    "dckr_jti_",
    "dckr_",
    "ghp_",
    "gho_",
    "ghs_",
    "ghu_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "gldt-",
    "glcbt-",
    "hvs.",
    "xoxb-",
    "xoxp-",
    "ya29.",
];

/// Names whose value is a secret or a person, in a query (`name=value`), a header or a field
/// (`name: value`, `"name":"value"`), or an option (`--name value`).
const NAMES: &[&str] = &[
    "access_token",
    "refresh_token",
    "id_token",
    "identitytoken",
    "registrytoken",
    "token",
    "password",
    "passwd",
    "pwd",
    "secret",
    "client_secret",
    "auth",
    "x-amz-signature",
    "x-amz-credential",
    "x-amz-security-token",
    "x-goog-signature",
    "x-goog-credential",
    "signature",
    "sig",
    "account",
    "jwt",
    "private-token",
    "x-jfrog-art-api",
    "api_key",
    "apikey",
    "x-registry-auth",
];

/// `text` with tokens, passwords, user names of the pull-limit wording, `Authorization` values and
/// credentials in URLs replaced by `<redacted>`.
///
/// ```
/// let said = "You have reached your pull rate limit as 'jo': dckr_jti_9qvxj2=. See https://jo:pw@r.example/v2/";
/// let shown = "You have reached your pull rate limit as '<redacted>': <redacted>. See https://<redacted>@r.example/v2/";
/// assert_eq!(dhlimit::text::redact(said), shown);
/// ```
pub fn redact(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (kept, secret) = secret_at(rest, &shown);
        shown.push_str(rest.get(..kept).unwrap_or_default());
        if secret > 0 {
            shown.push_str(REDACTED);
        }
        let step = if kept + secret > 0 {
            kept + secret
        } else {
            shown.push(first);
            first.len_utf8()
        };
        rest = rest.get(step..).unwrap_or_default();
    }
    shown
}

/// How many bytes at the start of `rest`, which follows `before`, introduce a secret, and how many
/// bytes the secret after them has; none of either where there is none here.
fn secret_at(rest: &str, before: &str) -> (usize, usize) {
    if let Some(after) = rest.strip_prefix("limit as '") {
        return ("limit as '".len(), after.find('\'').unwrap_or_default());
    }
    if let Some(after) = rest.strip_prefix("://") {
        let authority = after.find(|c: char| c.is_whitespace() || matches!(c, '/' | '?' | '"' | '\'' | '<')).unwrap_or(after.len());
        return after
            .get(..authority)
            .and_then(|authority| authority.rfind('@'))
            .filter(|end| *end > 0)
            .map_or((0, 0), |end| ("://".len(), end));
    }
    if before.chars().next_back().is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '.')) {
        return (0, 0);
    }
    if TOKENS.iter().any(|prefix| rest.starts_with(prefix)) || is_jwt(rest) {
        return (0, word(rest));
    }
    for scheme in ["authorization: ", "authorization=", "authorization\": \"", "authorization\":\""] {
        if let Some(after) = strip(rest, scheme).filter(|after| scheme != "authorization: " || is_proof(before, after)) {
            let end = after.find(['"', '\'', '\r', '\n', ',']).unwrap_or(after.len());
            return (scheme.len(), end);
        }
    }
    for scheme in ["bearer ", "basic "] {
        if let Some(after) = strip(rest, scheme).filter(|after| is_opaque(after.get(..word(after)).unwrap_or_default())) {
            return (scheme.len(), word(after));
        }
    }
    named(rest).unwrap_or_default()
}

/// Whether what follows `authorization: ` is a header's value rather than the rest of a sentence, as
/// in containerd's `may require authorization: server message: …`: it is where a header may stand, or
/// it looks like a proof.
fn is_proof(before: &str, after: &str) -> bool {
    let before = before.trim_end_matches([' ', '\t']);
    let at_header = before.is_empty()
        || before.ends_with(['\n', '\r', '"', '\'', '`', '>', '<', '{', '[', '-'])
        || ["header", "headers", "header:", "headers:", " -h"].iter().any(|word| ends_with(before, word));
    let has_scheme = ["basic ", "bearer ", "negotiate ", "digest ", "ntlm ", "aws4-"].iter().any(|scheme| strip(after, scheme).is_some());
    at_header || has_scheme || is_opaque(after.get(..word(after)).unwrap_or_default())
}

fn ends_with(text: &str, end: &str) -> bool {
    text.len().checked_sub(end.len()).and_then(|start| text.get(start..)).is_some_and(|last| last.eq_ignore_ascii_case(end))
}

/// `name=value`, `"name": "value"`, `--name value` with a secret's name.
fn named(rest: &str) -> Option<(usize, usize)> {
    let option = rest.len() - rest.trim_start_matches('-').len();
    let open = rest.get(option..)?;
    NAMES.iter().find_map(|name| {
        let after = strip(open, name)?;
        let separator = ["\": \"", "\":\"", "\\\":\\\"", "=\"", "='", "="].iter().find(|separator| after.starts_with(**separator)).copied();
        let separator = separator.or_else(|| (option == 2 && after.starts_with(' ')).then_some(" "))?;
        let value = after.get(separator.len()..)?;
        let quoted = separator.ends_with('"');
        let end = value
            .find(
                |c: char| {
                    if quoted { matches!(c, '"' | '\\') } else { c.is_whitespace() || matches!(c, '&' | '"' | '\'' | ',' | ')' | '<') }
                },
            )
            .unwrap_or(value.len());
        (end > 0).then_some((option + name.len() + separator.len(), end))
    })
}

/// Three parts of base64url with dots between them, the first being a JSON object's.
fn is_jwt(rest: &str) -> bool {
    rest.starts_with("eyJ") && rest.get(..word(rest)).is_some_and(|word| word.len() > 30 && word.matches('.').count() >= 2)
}

/// Bytes of the token-like word at the start.
fn word(text: &str) -> usize {
    let end =
        text.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '=' | '+' | '/' | '~'))).unwrap_or(text.len());
    text.get(..end).map_or(0, |word| word.trim_end_matches('.').len())
}

/// Whether a word looks random rather than written: long, with digits or both cases.
fn is_opaque(word: &str) -> bool {
    word.len() >= 8
        && (word.bytes().any(|byte| byte.is_ascii_digit())
            || word.ends_with('=')
            || word.bytes().skip(1).any(|byte| byte.is_ascii_uppercase()))
}

fn strip<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    text.get(..prefix.len()).filter(|start| start.eq_ignore_ascii_case(prefix)).and_then(|_| text.get(prefix.len()..))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case(
        "your pull rate limit as 'tidewater-ci': dckr_jti_9qvxj2uawwDVeT6hCsOoeeN_bzw=. You may",
        "your pull rate limit as '<redacted>': <redacted>. You may"
    )]
    #[case("Authorization: Basic dXNlcjpwYXNz\r\nAccept: */*", "Authorization: <redacted>\r\nAccept: */*")]
    #[case(
        "may require authorization: server message: insufficient_scope: authorization failed",
        "may require authorization: server message: insufficient_scope: authorization failed"
    )]
    #[case("> authorization: hunter\n  Authorization: hunter", "> authorization: <redacted>\n  Authorization: <redacted>")]
    #[case("curl -H Authorization: hunter", "curl -H Authorization: <redacted>")]
    #[case("Proxy-Authorization: hunter", "Proxy-Authorization: <redacted>")]
    #[case("sent authorization: Bearer abc", "sent authorization: <redacted>")]
    #[case("sent authorization: am86cHc0aHVudGVy", "sent authorization: <redacted>")]
    #[case("\"Authorization\": \"Bearer abc\", \"x\": 1", "\"Authorization\": \"<redacted>\", \"x\": 1")]
    #[case("sent bearer eyJhbGciOiJSUzI1NiJ9.eyJhIjoxfQ.c2lnbmF0dXJl ok", "sent bearer <redacted> ok")]
    #[case("token eyJhbGciOiJSUzI1NiJ9.eyJhIjoxfQ.c2lnbmF0dXJl", "token <redacted>")]
    #[case(
        "https://auth.docker.io/token?account=jo&scope=repository%3Aa&token=x1",
        "https://auth.docker.io/token?account=<redacted>&scope=repository%3Aa&token=<redacted>"
    )]
    #[case("docker login -u jo --password hunter2 r.example", "docker login -u jo --password <redacted> r.example")]
    #[case("{\"auths\":{\"x\":{\"auth\":\"am86cHc=\"}}}", "{\"auths\":{\"x\":{\"auth\":\"<redacted>\"}}}")]
    #[case("http://jo:p%40w@127.0.0.1:5000/v2/", "http://<redacted>@127.0.0.1:5000/v2/")]
    #[case("nginx@sha256:abc at https://r.example/a@b", "nginx@sha256:abc at https://r.example/a@b")]
    #[case("basic authentication is required; bearer token missing", "basic authentication is required; bearer token missing")]
    #[case(
        "failed to fetch oauth token: status from GET request to https://auth.docker.io/token",
        "failed to fetch oauth token: status from GET request to https://auth.docker.io/token"
    )]
    #[case("éé dckr_pat_éé", "éé <redacted>éé")]
    fn secrets_go_and_words_stay(#[case] said: &str, #[case] shown: &str) {
        assert_eq!(redact(said), shown);
    }

    proptest! {
        #[test]
        fn no_token_survives_wherever_it_stands(before in "[ :'\"=,(]{0,3}", secret in "[A-Za-z0-9_-]{8,40}", after in "[ .'\",)]{0,3}") {
            let shown = redact(&format!("x {before}dckr_pat_{secret}{after}"));
            prop_assert!(!shown.contains(&secret), "{}", shown);
        }

        #[test]
        fn any_text_is_taken_and_no_longer_than_its_marks(text in any::<String>(), words in "(limit as '|://|@|token=|bearer |dckr_|eyJ|--password | |a|\"){0,12}") {
            for text in [text, words] {
                let shown = redact(&text);
                prop_assert!(shown.replace(REDACTED, "").len() <= text.len(), "{}", shown);
            }
        }
    }
}
