//! Planted secrets, and the assertion that none of them shows up in any form.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};

/// A secret and the user it belongs to, planted for a test.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Secret {
    /// The user's name, which may be shown.
    pub(crate) user: &'static str,
    /// What may not.
    pub(crate) password: &'static str,
}

/// Fails the test where a text holds a secret: as it is, in base64 (alone or as `user:password`),
/// percent-encoded or in JSON escapes.
#[track_caller]
pub(crate) fn assert_absent(secrets: &[Secret], text: &str) {
    for secret in secrets {
        let pair = format!("{}:{}", secret.user, secret.password);
        let mut forms = vec![secret.password.to_owned(), percent_encoded(secret.password)];
        forms.push(
            serde_json::Value::from(secret.password).to_string().trim_matches('"').to_owned(),
        );
        for plain in [secret.password, &pair] {
            forms.push(BASE64_STANDARD.encode(plain));
            forms.push(BASE64_STANDARD_NO_PAD.encode(plain));
            forms.push(BASE64_URL_SAFE_NO_PAD.encode(plain));
        }
        if let Some(form) = forms.iter().find(|form| text.contains(form.as_str())) {
            panic!("the secret of {} is shown as {form:?} in:\n{text}", secret.user);
        }
    }
}

fn percent_encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

mod tests {
    use super::*;

    const SECRET: Secret = Secret { user: "ann", password: "s3cret/of+ann" };

    #[test]
    fn a_secret_is_found_in_every_form() {
        for text in [
            "x s3cret/of+ann y",
            "Basic YW5uOnMzY3JldC9vZithbm4=",
            "password=s3cret%2Fof%2Bann&x=1",
            "YW5uOnMzY3JldC9vZithbm4",
        ] {
            let seen = std::panic::catch_unwind(|| assert_absent(&[SECRET], text));
            assert!(seen.is_err(), "not seen in {text}");
        }
        assert_absent(&[SECRET], "the user ann may be shown");
    }
}
