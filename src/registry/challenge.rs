//! `WWW-Authenticate`, parsed: who asks for which proof. Pure. Follows RFC 9110 section 11 (2022)
//! and the distribution project's token specification.

use url::Url;

/// What a 401 asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Challenge {
    /// A token from a token service.
    Bearer {
        /// The token service.
        realm: Url,
        /// Its name for this registry.
        service: Option<String>,
        /// What the token must allow.
        scope: Option<String>,
        /// Why the token that was sent is not good enough: `invalid_token`, `insufficient_scope`.
        error: Option<String>,
    },
    /// User name and password with each request.
    Basic,
}

/// The first challenge among header values that can be answered.
///
/// `None`: there is none, or its realm is no http or https URL.
pub fn parse_challenge<'a>(values: impl IntoIterator<Item = &'a str>) -> Option<Challenge> {
    let mut basic = None;
    for value in values {
        for (scheme, params) in split_challenges(value) {
            let param = |name: &str| {
                params
                    .iter()
                    .find(|(found, _)| found.eq_ignore_ascii_case(name))
                    .map(|(_, value)| value.clone())
            };
            if scheme.eq_ignore_ascii_case("bearer") {
                let realm = param("realm")
                    .and_then(|realm| Url::parse(&realm).ok())
                    .filter(|realm| matches!(realm.scheme(), "http" | "https") && realm.has_host());
                if let Some(realm) = realm {
                    return Some(Challenge::Bearer {
                        realm,
                        service: param("service"),
                        scope: param("scope"),
                        error: param("error"),
                    });
                }
            } else if scheme.eq_ignore_ascii_case("basic") {
                basic = Some(Challenge::Basic);
            }
        }
    }
    basic
}

type Params = Vec<(String, String)>;

/// `Scheme a="b", c=d, Other e=f` into its schemes with their parameters.
fn split_challenges(value: &str) -> Vec<(String, Params)> {
    let mut challenges: Vec<(String, Params)> = Vec::new();
    let mut rest = value;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let word_end = rest.find([' ', '\t', ',', '=']).unwrap_or(rest.len());
        let (word, after) = rest.split_at(word_end);
        if word.is_empty() && after.is_empty() {
            return challenges;
        }
        if let Some(after) = after.trim_start_matches([' ', '\t']).strip_prefix('=') {
            let (value, after) = take_value(after.trim_start_matches([' ', '\t']));
            if let Some((_, params)) = challenges.last_mut() {
                params.push((word.to_owned(), value));
            }
            rest = after;
        } else {
            challenges.push((word.to_owned(), Params::new()));
            rest = after;
        }
    }
}

/// A token or a quoted string, and what follows it.
fn take_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ' ', '\t']).unwrap_or(text.len());
        let (value, rest) = text.split_at(end);
        return (value.to_owned(), rest);
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, quoted.get(at + 1..).unwrap_or("")),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            other => value.push(other),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bearer(value: &str) -> (String, Option<String>, Option<String>, Option<String>) {
        match parse_challenge([value]) {
            Some(Challenge::Bearer { realm, service, scope, error }) => {
                (realm.to_string(), service, scope, error)
            }
            other => panic!("{value:?} gave {other:?}"),
        }
    }

    #[test]
    fn docker_hubs_challenge_is_read() {
        let value = r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/nginx:pull",error="invalid_token""#;
        let (realm, service, scope, error) = bearer(value);
        assert_eq!(realm, "https://auth.docker.io/token");
        assert_eq!(service.as_deref(), Some("registry.docker.io"));
        assert_eq!(scope.as_deref(), Some("repository:library/nginx:pull"));
        assert_eq!(error.as_deref(), Some("invalid_token"));
    }

    #[test]
    fn commas_in_quotes_and_several_schemes_are_told_apart() {
        let (realm, _, scope, _) = bearer(
            r#"Negotiate, Basic realm="x", bearer Realm = "http://[::1]:5000/t\"oken" , scope="repository:a:pull,push""#,
        );
        assert_eq!(realm, "http://[::1]:5000/t%22oken");
        assert_eq!(scope.as_deref(), Some("repository:a:pull,push"));
    }

    #[test]
    fn a_realm_that_is_no_url_is_no_challenge() {
        for value in [
            r#"Bearer realm="javascript:alert(1)""#,
            r#"Bearer realm="file:///etc/passwd""#,
            "Bearer",
            r#"Bearer realm="""#,
            "",
            "=,=",
            "Digest realm=\"x\"",
        ] {
            assert_eq!(parse_challenge([value]), None, "{value:?}");
        }
        assert_eq!(parse_challenge(["Basic realm=\"Registry\""]), Some(Challenge::Basic));
    }

    proptest! {
        #[test]
        fn any_value_is_survived(value in "\\PC{0,120}") {
            let _ = parse_challenge([value.as_str()]);
        }

        #[test]
        fn hostile_punctuation_is_survived(value in "[Ba =,\"\\\\;:/]{0,200}") {
            let _ = parse_challenge([value.as_str()]);
        }
    }
}
