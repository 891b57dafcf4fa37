//! Tokens: the answer of a token service, its life, and the refusals it gives. Follows the
//! distribution project's token and OAuth2 specifications and Docker Hub's habits (protocol notes,
//! November 2026).

use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;
use tokio::time::Instant;

use super::error::RegistryError;
use crate::text;

/// The life of a token whose answer does not say.
const DEFAULT_LIFE: Duration = Duration::from_secs(60);
/// A token is renewed this long before its end, or after nine tenths of a short life.
const MARGIN: Duration = Duration::from_secs(15);
/// The longest life that is believed, in seconds.
const LONGEST_LIFE: f64 = 86_400.0;

/// A bearer token and until when it is used.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) secret: SecretString,
    pub(super) fetched: Instant,
    renew_at: Instant,
}

#[derive(Deserialize)]
struct TokenAnswer {
    #[serde(default)]
    token: Option<String>,
    #[serde(default)]
    access_token: Option<String>,
    /// A number by the specification; some write it as a text.
    #[serde(default)]
    expires_in: serde_json::Value,
}

impl TokenAnswer {
    /// The one of the two that holds something; they are the same where both do.
    fn token(&mut self) -> Option<String> {
        [self.token.take(), self.access_token.take()]
            .into_iter()
            .flatten()
            .find(|token| !token.is_empty())
    }

    /// The life it promises, where that can be read.
    fn life(&self) -> Option<Duration> {
        let seconds =
            self.expires_in.as_f64().or_else(|| self.expires_in.as_str()?.trim().parse().ok())?;
        (seconds.is_finite() && seconds > 0.0)
            .then(|| Duration::from_secs_f64(seconds.min(LONGEST_LIFE)))
    }
}

impl Token {
    /// Whether it should be replaced before it is used again.
    pub(super) fn is_stale(&self, now: Instant) -> bool {
        now >= self.renew_at
    }

    /// The token of a 200 answer.
    pub(super) fn parse(body: &str, host: &str, now: Instant) -> Result<Self, RegistryError> {
        let nonsense = |words: &str| RegistryError::Protocol {
            host: host.to_owned(),
            words: words.to_owned(),
        };
        if is_page(body) {
            return Err(nonsense("the token service answered with a web page"));
        }
        let mut answer: TokenAnswer = serde_json::from_str(body)
            .map_err(|_| nonsense("the token service's answer is no JSON"))?;
        let token =
            answer.token().ok_or_else(|| nonsense("the token service's answer has no token"))?;
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(nonsense(
                "the token service's token has characters that no header may have",
            ));
        }
        let life = answer.life().unwrap_or(DEFAULT_LIFE);
        let margin = MARGIN.min(life / 10);
        Ok(Self { secret: token.into(), fetched: now, renew_at: now + life.saturating_sub(margin) })
    }
}

/// What a token service's refusal means.
pub(super) fn refusal(
    status: u16,
    body: &str,
    retry_after: Option<Duration>,
    host: &str,
    user: Option<&str>,
    image: &str,
) -> RegistryError {
    let host = host.to_owned();
    let words = words_of(body);
    match (status, user) {
        (429, _) => {
            RegistryError::LoginLimit { host, words, user: user.map(str::to_owned), retry_after }
        }
        (401, Some(user)) => {
            RegistryError::CredentialsRefused { host, user: user.to_owned(), words }
        }
        (403, _) if is_page(body) => RegistryError::Blocked { host, words },
        (401 | 403, _) => RegistryError::Denied { host, image: image.to_owned(), words },
        (500..=599, _) => RegistryError::Server { host, status },
        _ => RegistryError::Protocol {
            host,
            words: format!("the token service answered {status}: {words}"),
        },
    }
}

/// Whether a body is a web page rather than an answer.
pub(super) fn is_page(body: &str) -> bool {
    body.trim_start().starts_with('<')
}

/// The decisive words of an error body: `errors[].message`, `message`, `details`, a page without
/// its tags, or the text itself; one line, bounded.
pub(super) fn words_of(body: &str) -> String {
    let json = serde_json::from_str::<serde_json::Value>(body).ok();
    let message = json.as_ref().and_then(|json| {
        let first = json.pointer("/errors/0/message").or_else(|| json.pointer("/errors/0/code"));
        first
            .or_else(|| json.get("message"))
            .or_else(|| json.get("details"))
            .or_else(|| json.get("error_description"))
            .or_else(|| json.get("error"))?
            .as_str()
    });
    let plain = match message {
        Some(message) => message.to_owned(),
        None if is_page(body) => without_tags(body),
        None => body.to_owned(),
    };
    let line = text::one_line(plain.trim(), 160);
    if line.is_empty() { "no further words".to_owned() } else { line }
}

fn without_tags(page: &str) -> String {
    let mut inside = false;
    let mut words = String::new();
    for character in page.chars().take(4_000) {
        match character {
            '<' => inside = true,
            '>' => {
                inside = false;
                words.push(' ');
            }
            other if !inside => words.push(other),
            _ => {}
        }
    }
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::FaultKind;
    use proptest::prelude::*;
    use rstest::rstest;
    use secrecy::ExposeSecret;

    #[tokio::test(start_paused = true)]
    async fn a_token_lives_as_long_as_its_answer_says() {
        let now = Instant::now();
        for (body, seconds) in [
            (r#"{"token":"a","access_token":"a","expires_in":300}"#, 285),
            (r#"{"access_token":"b"}"#, 54),
            (r#"{"token":"c","expires_in":-5}"#, 54),
            (r#"{"token":"d","expires_in":1e300}"#, 86_385),
            (r#"{"token":"e","expires_in":"300"}"#, 285),
            (r#"{"token":"f","expires_in":"soon"}"#, 54),
            (r#"{"token":"g","expires_in":"NaN"}"#, 54),
            (r#"{"token":"h","expires_in":[300]}"#, 54),
        ] {
            let token = Token::parse(body, "auth.example", now).unwrap();
            assert!(
                !token.is_stale(now + Duration::from_secs(seconds - 1))
                    && token.is_stale(now + Duration::from_secs(seconds)),
                "{body}"
            );
        }
        for body in [
            r#"{"token":"a"}"#,
            r#"{"token":"","access_token":"a"}"#,
            r#"{"token":null,"access_token":"a"}"#,
        ] {
            assert_eq!(Token::parse(body, "h", now).unwrap().secret.expose_secret(), "a", "{body}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn answers_without_a_usable_token_are_protocol_errors() {
        for body in [
            "",
            "{}",
            "[]",
            "null",
            r#"{"token":"","access_token":""}"#,
            r#"{"token":"a\nb"}"#,
            r#"{"token":5}"#,
            "<html>Welcome to Hotel WiFi</html>",
        ] {
            assert_eq!(
                Token::parse(body, "h", Instant::now()).unwrap_err().kind(),
                FaultKind::Protocol,
                "{body}"
            );
        }
    }

    #[rstest]
    #[case(
        401,
        r#"{"details":"incorrect username or password"}"#,
        Some("u"),
        FaultKind::Credentials
    )]
    #[case(401, "", None, FaultKind::Denied)]
    #[case(
        403,
        "<html><body><h1>403 Forbidden</h1>export control</body></html>",
        None,
        FaultKind::Blocked
    )]
    #[case(403, r#"{"errors":[{"code":"DENIED"}]}"#, Some("u"), FaultKind::Denied)]
    #[case(
        429,
        r#"{"details":"too many failed login attempts for username or IP address"}"#,
        Some("u"),
        FaultKind::LoginLimit
    )]
    #[case(503, "", None, FaultKind::Server)]
    #[case(302, "", None, FaultKind::Protocol)]
    fn refusals_have_their_kinds(
        #[case] status: u16,
        #[case] body: &str,
        #[case] user: Option<&str>,
        #[case] kind: FaultKind,
    ) {
        assert_eq!(refusal(status, body, None, "h", user, "docker.io/a/b:c").kind(), kind);
    }

    proptest! {
        #[test]
        fn words_are_one_bounded_line(body in "\\PC{0,400}") {
            prop_assert!(words_of(&body).chars().count() <= 160);
        }
    }
}
