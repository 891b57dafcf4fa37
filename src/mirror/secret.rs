//! A pull secret for Kubernetes: a login to Docker Hub under the key that the kubelet really takes for
//! an image there. `docker.io` and `registry-1.docker.io` are others, under which a login is never
//! used. Source: Kubernetes' keyring (v1.34, 2025), as `credentials` follows it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::credentials::{Credential, docker_key};
use crate::exit::{Exit, Failure};

/// What is asked for.
#[derive(Debug, Clone)]
pub struct PullSecret {
    name: String,
    namespace: Option<String>,
    service_account: Option<String>,
}

/// Why there is no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// A name that Kubernetes does not take.
    #[error(
        "{what} {name:?}: Kubernetes takes lower-case letters, digits and hyphens{more}, at most {most}"
    )]
    Name {
        /// Of what.
        what: &'static str,
        /// What was typed.
        name: String,
        /// What else it may have.
        more: &'static str,
        /// How long it may be.
        most: usize,
    },
    /// There is no login.
    #[error("there is no login to {0} here")]
    NoLogin(String),
    /// The kubelet has no use for this kind of login.
    #[error("the login to {registry} found here is an {kind}, which the kubelet cannot use")]
    Kind {
        /// Where to.
        registry: String,
        /// What it is.
        kind: &'static str,
    },
}

impl From<SecretError> for Failure {
    fn from(error: SecretError) -> Self {
        match error {
            SecretError::Name { .. } => Self::new(Exit::Usage, error),
            SecretError::NoLogin(_) | SecretError::Kind { .. } => {
                Self::new(Exit::Credentials, error)
                    .advise("give an access token with --user NAME --password-stdin")
            }
        }
    }
}

impl PullSecret {
    /// Checks the names.
    ///
    /// # Errors
    /// A name that Kubernetes does not take.
    pub fn new(
        name: &str,
        namespace: Option<&str>,
        service_account: Option<&str>,
    ) -> Result<Self, SecretError> {
        subdomain("the secret's name", name)?;
        if let Some(namespace) = namespace {
            label("the namespace", namespace)?;
        }
        if let Some(account) = service_account {
            subdomain("the service account", account)?;
        }
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Ok(Self {
            name: name.to_owned(),
            namespace: owned(namespace),
            service_account: owned(service_account),
        })
    }

    /// The documents: the secret, and the service account whose pods use it where one was named. They
    /// hold the login, so the text is a secret itself.
    ///
    /// # Errors
    /// Where the login is none that the kubelet can use.
    pub fn documents(&self, registry: &str, login: &Credential) -> Result<Vec<Value>, SecretError> {
        let Credential::Password { user, secret } = login else {
            let registry = registry.to_owned();
            return Err(match login {
                Credential::Anonymous => SecretError::NoLogin(registry),
                other => SecretError::Kind { registry, kind: other.kind() },
            });
        };
        let password = secret.expose_secret();
        let auth = STANDARD.encode(format!("{user}:{password}"));
        let file = json!({"auths": {
            docker_key(registry): {"username": user, "password": password, "auth": auth}
        }});
        let mut documents = vec![json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": self.metadata(&self.name),
            "type": "kubernetes.io/dockerconfigjson",
            "data": {".dockerconfigjson": STANDARD.encode(file.to_string())}
        })];
        // Applied to an account that is there, its other secrets stay: they are merged by name.
        documents.extend(self.service_account.as_ref().map(|account| {
            json!({
                "apiVersion": "v1",
                "kind": "ServiceAccount",
                "metadata": self.metadata(account),
                "imagePullSecrets": [{"name": self.name}]
            })
        }));
        Ok(documents)
    }

    fn metadata(&self, name: &str) -> Value {
        match &self.namespace {
            Some(namespace) => json!({"name": name, "namespace": namespace}),
            None => json!({"name": name}),
        }
    }
}

/// The documents as JSON: one by itself, several as a list.
pub fn as_json(documents: &[Value]) -> SecretString {
    let document = match documents {
        [one] => one.clone(),
        many => json!({"apiVersion": "v1", "kind": "List", "items": many}),
    };
    SecretString::from(format!("{document:#}\n"))
}

/// The documents as YAML.
pub fn as_yaml(documents: &[Value]) -> SecretString {
    let pages: Vec<String> = documents.iter().map(|document| lines(document, 0)).collect();
    SecretString::from(pages.join("---\n"))
}

/// Objects and lists as blocks, texts in quotes: a name may read like a number or like `yes`.
fn lines(value: &Value, depth: usize) -> String {
    let pad = "  ".repeat(depth);
    let line = |(key, value): (&String, &Value)| match value {
        Value::Object(_) => format!("{pad}{key}:\n{}", lines(value, depth + 1)),
        Value::Array(items) => {
            let items = items.iter().map(|item| {
                let block = lines(item, depth + 2);
                format!("{pad}  - {}", block.trim_start())
            });
            format!("{pad}{key}:\n{}", items.collect::<String>())
        }
        other => format!("{pad}{key}: {other}\n"),
    };
    value.as_object().into_iter().flatten().map(line).collect()
}

fn label(what: &'static str, name: &str) -> Result<(), SecretError> {
    let wrong = SecretError::Name { what, name: name.to_owned(), more: "", most: 63 };
    if name.len() <= 63 && is_label(name) { Ok(()) } else { Err(wrong) }
}

fn subdomain(what: &'static str, name: &str) -> Result<(), SecretError> {
    let wrong = SecretError::Name { what, name: name.to_owned(), more: " and dots", most: 253 };
    if name.len() <= 253 && name.split('.').all(is_label) { Ok(()) } else { Err(wrong) }
}

fn is_label(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.bytes().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::credentials::kubelet_keys;

    #[test]
    fn the_kubelet_takes_the_key_for_an_image_of_docker_hub() {
        let secret = PullSecret::new("regcred", Some("shop"), Some("default")).unwrap();
        let documents =
            secret.documents("docker.io", &Credential::password("ann", "pa\"ss:é")).unwrap();
        let data = documents[0]["data"][".dockerconfigjson"].as_str().unwrap();
        let file: Value = serde_json::from_slice(&STANDARD.decode(data).unwrap()).unwrap();
        let auths: BTreeMap<String, Value> = serde_json::from_value(file["auths"].clone()).unwrap();
        let keys = kubelet_keys(&auths, "docker.io", "library/nginx");
        assert_eq!(keys, ["https://index.docker.io/v1/"]);
        assert_eq!(auths[keys[0]]["password"], "pa\"ss:é");
        let text: Value = serde_saphyr::from_str(as_yaml(&documents[1..]).expose_secret()).unwrap();
        assert_eq!(text, documents[1]);
        let text: Value = serde_saphyr::from_str(as_yaml(&documents[..1]).expose_secret()).unwrap();
        assert_eq!(text, documents[0]);
    }

    #[test]
    fn names_are_those_that_kubernetes_takes() {
        for good in ["a", "regcred", "a.b-c.9", "1", "true"] {
            assert!(PullSecret::new(good, None, Some(good)).is_ok(), "{good}");
        }
        for bad in ["", "A", "a_b", "-a", "a-", "a..b", ".a", "a b", "é", &"a".repeat(254)] {
            assert!(PullSecret::new(bad, None, None).is_err(), "{bad}");
            assert!(PullSecret::new("a", None, Some(bad)).is_err(), "{bad}");
        }
        for bad in ["a.b", "", &"a".repeat(64)] {
            assert!(PullSecret::new("a", Some(bad), None).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_the_kubelet_cannot_use_is_refused() {
        let secret = PullSecret::new("regcred", None, None).unwrap();
        let token = Credential::IdentityToken { user: None, token: SecretString::from("t") };
        assert!(
            secret
                .documents("docker.io", &token)
                .unwrap_err()
                .to_string()
                .contains("identity token")
        );
        assert!(secret.documents("docker.io", &Credential::Anonymous).is_err());
    }
}
