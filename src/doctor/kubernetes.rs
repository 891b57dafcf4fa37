//! Logins for the kubelet, as people have them at hand: a `.dockerconfigjson` itself, a Secret as YAML
//! or JSON, or a list of Secrets as `kubectl get` prints it. Nothing of it is ever quoted. Follows
//! Kubernetes' documentation of `kubernetes.io/dockerconfigjson` Secrets (v1.34, 2025).

use std::borrow::Cow;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::context::aside;
use crate::credentials::{AuthFile, AuthFileError, Store};
use crate::{Context, Exit, Failure};

/// The most bytes of a file of Secrets.
const MOST: u64 = 8 << 20;
/// The most Secrets that are looked at.
const MOST_SECRETS: usize = 500;

/// A credentials file for the kubelet.
#[derive(Debug, Clone)]
pub(crate) struct Secret {
    /// What it is called.
    pub store: Store,
    /// Its content.
    pub file: Result<AuthFile, AuthFileError>,
    /// Its type, and the one with which the kubelet would read it; `None` where that is it.
    pub mistyped: Option<(String, &'static str)>,
}

impl Secret {
    /// The credentials file of that name.
    pub(crate) fn of(name: &str, bytes: &[u8]) -> Self {
        Self {
            store: Store::Kubernetes(crate::text::one_line(name, 200)),
            file: AuthFile::parse(&padded(bytes)),
            mistyped: None,
        }
    }

    /// The same as an object of this type; without one the API server takes `Opaque`. The kubelet reads
    /// no other type than that of the key and says nothing (`pkg/credentialprovider/secrets`, v1.34).
    fn typed(self, is: Option<&str>, wanted: &'static str) -> Self {
        let is = is.filter(|is| !is.is_empty()).unwrap_or("Opaque");
        Self { mistyped: (is != wanted).then(|| (crate::text::one_line(is, 100), wanted)), ..self }
    }
}

/// The same file with the padding that some leave away at the end of an `auth`: the kubelet takes it without
/// (`decodeDockerConfigFieldAuth` of `pkg/credentialprovider/config.go`, v1.34), docker does not.
fn padded(bytes: &[u8]) -> Cow<'_, [u8]> {
    let Ok(mut root) = serde_json::from_slice::<Value>(bytes) else { return Cow::Borrowed(bytes) };
    let Some(Value::Object(auths)) = root.get_mut("auths") else { return Cow::Borrowed(bytes) };
    for auth in auths.values_mut().filter_map(|entry| entry.get_mut("auth")) {
        if let Value::String(text) = auth
            && !text.trim_end().ends_with('=')
        {
            let missing = text.trim_end().len().wrapping_neg() % 4;
            text.push_str(&"=".repeat(missing));
        }
    }
    Cow::Owned(root.to_string().into_bytes())
}

/// The Secrets of a file; `-` is standard input.
pub(crate) async fn read(context: &Context, path: PathBuf) -> Result<Vec<Secret>, Failure> {
    let name = if path == Path::new("-") {
        "standard input".to_owned()
    } else {
        path.display().to_string()
    };
    if path == Path::new("-") && context.terminal.stdin {
        context.say("reading a Secret from standard input; end it with Ctrl-D");
    }
    let text = aside(move || -> std::io::Result<String> {
        let input: Box<dyn Read> = if path == Path::new("-") {
            Box::new(std::io::stdin())
        } else {
            Box::new(std::fs::File::open(&path)?)
        };
        let mut text = String::new();
        input.take(MOST + 1).read_to_string(&mut text)?;
        Ok(text)
    });
    let wrong = |error: anyhow::Error| {
        Failure::new(Exit::Usage, error)
            .advise("--kubernetes takes a .dockerconfigjson, or what this prints: kubectl get secret NAME -o yaml")
    };
    let text = text.await.map_err(|error| wrong(error.into()))?;
    let text = text.with_context(|| format!("cannot read {name}")).map_err(wrong)?;
    if text.len() as u64 > MOST {
        return Err(wrong(anyhow::anyhow!("{name} is larger than {MOST} bytes")));
    }
    parse(&text, &name).map_err(|why| wrong(anyhow::anyhow!("{name} {why}")))
}

/// The Secrets in a text. Says what is wrong and never what is there.
fn parse(text: &str, name: &str) -> Result<Vec<Secret>, &'static str> {
    let documents = match serde_json::from_str::<Value>(text) {
        Ok(document) => vec![document],
        Err(_) => {
            serde_saphyr::from_multiple::<Value>(text).map_err(|_| "is neither JSON nor YAML")?
        }
    };
    let mut secrets = Vec::new();
    for document in &documents {
        collect(document, name, &mut secrets);
    }
    secrets.truncate(MOST_SECRETS);
    if secrets.is_empty() { Err("holds no .dockerconfigjson") } else { Ok(secrets) }
}

fn collect(document: &Value, name: &str, into: &mut Vec<Secret>) {
    if let Some(items) = document.get("items").and_then(Value::as_array) {
        items
            .iter()
            .filter(|item| item.get("items").is_none())
            .for_each(|item| collect(item, name, into));
    } else if document.get("data").is_some() || document.get("stringData").is_some() {
        into.extend(secret(document));
    } else if ["auths", "credsStore", "credHelpers"].iter().any(|key| document.get(key).is_some()) {
        into.push(Secret::of(name, document.to_string().as_bytes()));
    }
}

/// The credentials file in a Secret; `None` where it is a Secret of another kind.
fn secret(document: &Value) -> Option<Secret> {
    let word = |key: &str| document.pointer(key).and_then(Value::as_str);
    let name = match (word("/metadata/namespace"), word("/metadata/name")) {
        (Some(space), Some(name)) => format!("secret {space}/{name}"),
        (None, Some(name)) => format!("secret {name}"),
        _ => "secret without a name".to_owned(),
    };
    let field = |key: &str| {
        let plain = document
            .get("stringData")
            .and_then(|data| data.get(key))
            .and_then(Value::as_str)
            .map(|text| text.as_bytes().to_vec());
        let encoded = || {
            let text = document.get("data")?.get(key)?.as_str()?;
            let packed: String = text.split_whitespace().collect();
            // What is not base64 is not JSON either, and is told as such.
            Some(STANDARD.decode(packed).unwrap_or_else(|_| b"not base64".to_vec()))
        };
        plain.or_else(encoded)
    };
    if let Some(bytes) = field(".dockerconfigjson") {
        return Some(
            Secret::of(&name, &bytes).typed(word("/type"), "kubernetes.io/dockerconfigjson"),
        );
    }
    // The oldest form is the map of `auths` alone.
    let bytes = field(".dockercfg")?;
    let auths: Option<Value> = serde_json::from_slice(&bytes).ok();
    let file = auths.map_or_else(
        || Secret::of(&name, &bytes),
        |auths| Secret::of(&name, json!({ "auths": auths }).to_string().as_bytes()),
    );
    Some(file.typed(word("/type"), "kubernetes.io/dockercfg"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FILE: &str = r#"{"auths":{"docker.io":{"auth":"Ym9iOmh1bnRlcjI="}}}"#;

    fn names(text: &str) -> Vec<String> {
        let secrets = parse(text, "FILE").unwrap_or_default();
        let user = |secret: &Secret| match &secret.file {
            Ok(file) => file
                .auths
                .values()
                .map(|entry| {
                    entry.as_ref().ok().and_then(|one| one.user()).unwrap_or("-").to_owned()
                })
                .collect(),
            Err(_) => vec!["broken".to_owned()],
        };
        secrets
            .iter()
            .map(|secret| format!("{} {}", secret.store, user(secret).join(",")))
            .collect()
    }

    #[test]
    fn every_form_that_kubectl_prints_is_read() {
        let packed = STANDARD.encode(FILE);
        let yaml = format!(
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: regcred\n  namespace: team\ntype: kubernetes.io/dockerconfigjson\ndata:\n  .dockerconfigjson: {packed}\n"
        );
        let folded = format!(
            "kind: Secret\nmetadata: {{name: x}}\ndata:\n  .dockerconfigjson: >-\n    {}\n    {}\n",
            &packed[..8],
            &packed[8..]
        );
        let json = json!({ "kind": "Secret", "metadata": { "name": "regcred" }, "data": { ".dockerconfigjson": packed } });
        let opaque = json!({ "kind": "Secret", "metadata": { "name": "other" }, "data": { "password": "aHVudGVyMg==" } });
        let old = STANDARD.encode(r#"{"docker.io":{"auth":"Ym9iOmh1bnRlcjI="}}"#);
        let rows = [
            (FILE.to_owned(), vec!["FILE bob"]),
            (yaml.clone(), vec!["secret team/regcred bob"]),
            (
                format!("{yaml}---\n{yaml}"),
                vec!["secret team/regcred bob", "secret team/regcred bob"],
            ),
            (folded, vec!["secret x bob"]),
            (json.to_string(), vec!["secret regcred bob"]),
            (
                json!({ "kind": "List", "items": [json, opaque] }).to_string(),
                vec!["secret regcred bob"],
            ),
            (
                json!({ "metadata": { "name": "old" }, "data": { ".dockercfg": old } }).to_string(),
                vec!["secret old bob"],
            ),
            (
                json!({ "metadata": { "name": "s" }, "stringData": { ".dockerconfigjson": FILE } })
                    .to_string(),
                vec!["secret s bob"],
            ),
            (
                json!({ "metadata": { "name": "b" }, "data": { ".dockerconfigjson": "%%%" } })
                    .to_string(),
                vec!["secret b broken"],
            ),
            // The kubelet takes what lacks its padding.
            (r#"{"auths":{"docker.io":{"auth":"Ym9iOmh1bnRlcjI"}}}"#.to_owned(), vec!["FILE bob"]),
            (r#"{"auths":{"docker.io":{"auth":"Ym9iOmh1bnRlcjI!"}}}"#.to_owned(), vec!["FILE -"]),
            (opaque.to_string(), vec![]),
            ("hello: world\n".to_owned(), vec![]),
            ("\t{".to_owned(), vec![]),
            (String::new(), vec![]),
        ];
        for (text, wanted) in rows {
            assert_eq!(names(&text), wanted, "{text}");
        }
    }

    #[test]
    fn the_type_must_be_that_of_the_key() {
        let packed = STANDARD.encode(FILE);
        let rows = [
            (".dockerconfigjson", Some("kubernetes.io/dockerconfigjson"), None),
            (".dockercfg", Some("kubernetes.io/dockercfg"), None),
            (".dockerconfigjson", Some("Opaque"), Some("Opaque")),
            (".dockerconfigjson", None, Some("Opaque")),
            (".dockerconfigjson", Some("kubernetes.io/dockercfg"), Some("kubernetes.io/dockercfg")),
            (
                ".dockercfg",
                Some("kubernetes.io/dockerconfigjson"),
                Some("kubernetes.io/dockerconfigjson"),
            ),
        ];
        for (key, is, wrong) in rows {
            let text = json!({ "kind": "Secret", "type": is, "data": { key: packed } }).to_string();
            let found = parse(&text, "FILE").unwrap().remove(0);
            assert_eq!(found.mistyped.as_ref().map(|(is, _)| is.as_str()), wrong, "{text}");
        }
        assert_eq!(
            parse(FILE, "FILE").unwrap()[0].mistyped,
            None,
            "the file by itself has no type"
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_or_talk(before in "\\PC{0,60}", after in "\\PC{0,60}") {
            let text = format!("{before}\nkind: Secret\nstringData:\n  .dockerconfigjson: 'hunter2'\n{after}");
            let told = format!("{:?}", parse(&text, "FILE"));
            prop_assert!(!told.contains("hunter2"), "{}", told);
            let _ = parse(&before, "FILE");
        }
    }
}
