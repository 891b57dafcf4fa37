//! k3s and RKE2: `registries.yaml`, and the files for their own containerd that they make of it when
//! they start. The parser is pure. Follows k3s-io/docs' `private-registry.md` and rancher/wharfie's
//! `registries` package (2025).

use std::collections::BTreeMap;

use serde_json::Value;

use super::shape::Shape;
use super::{
    Broken, Machine, Registry, Sight, Unread, containerd, fitting, is_own, is_stray_hub, unread,
};
use crate::credentials::shown_key;

/// What of `registries.yaml` bears on pulls.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Registries {
    /// By registry, the URLs to ask in turn, each as it is written.
    pub mirrors: BTreeMap<String, Vec<String>>,
    /// Hosts for which a login is written into the file.
    pub logins: Vec<String>,
    /// What is in it and is not used.
    unread: Vec<Unread>,
}

const SHAPE: Shape = Shape::Keys(&[
    ("mirrors", Shape::Each(&Shape::Keys(MIRROR))),
    ("configs", Shape::Each(&Shape::Keys(CONFIG))),
    ("auths", Shape::Any),
]);
const MIRROR: &[(&str, Shape)] =
    &[("endpoint", Shape::Texts), ("rewrite", Shape::Each(&Shape::Text))];
const CONFIG: &[(&str, Shape)] = &[("auth", Shape::Keys(AUTH)), ("tls", Shape::Keys(TLS))];
const AUTH: &[(&str, Shape)] = &[
    ("username", Shape::Text),
    ("password", Shape::Any),
    ("auth", Shape::Text),
    ("identity_token", Shape::Text),
    ("identitytoken", Shape::Text),
];
const TLS: &[(&str, Shape)] = &[
    ("ca_file", Shape::Text),
    ("cert_file", Shape::Text),
    ("key_file", Shape::Text),
    ("insecure_skip_verify", Shape::Switch),
];

/// Reads a `registries.yaml`; an empty one says nothing.
pub(crate) fn parse(text: &str, tool: &'static str) -> Result<Registries, Broken> {
    if text.trim().is_empty() {
        return Ok(Registries::default());
    }
    // YAML wants blanks; the parser here takes tabs, that of k3s does not.
    let is_tabbed = |line: &str| line.trim_start_matches(' ').starts_with('\t');
    if let Some(at) = text.lines().position(|line| is_tabbed(line) && !line.trim().is_empty()) {
        return Err(Broken::Line(at + 1));
    }
    let document: Value = serde_saphyr::from_str(text).map_err(|error| {
        error.location().map_or_else(
            || Broken::Refused(format!("{tool} refuses it: it is not YAML")),
            |place| Broken::Line(usize::try_from(place.line()).unwrap_or_default()),
        )
    })?;
    if document.is_null() {
        return Ok(Registries::default());
    }
    let unknown = fitting(SHAPE, &document, tool)?;
    let mut found = Registries {
        unread: unknown.iter().map(|unknown| unread(tool, unknown)).collect(),
        ..Registries::default()
    };
    let each = |key: &str| document.get(key).and_then(Value::as_object).into_iter().flatten();
    for (name, mirror) in each("mirrors") {
        let list = mirror.get("endpoint").and_then(Value::as_array).into_iter().flatten();
        let endpoints = list.filter_map(Value::as_str).map(str::to_owned).collect();
        if is_stray_hub(name) {
            let name = shown_key(name);
            found.unread.push(Unread {
                what: format!("its mirror for {name} is not used for Docker Hub's images: their registry is docker.io there"),
                advice: "write docker.io instead".to_owned(),
            });
        }
        found.mirrors.insert(name.clone(), endpoints);
    }
    let has_login = |config: &Value| {
        config.get("auth").and_then(Value::as_object).is_some_and(|auth| !auth.is_empty())
    };
    found.logins = each("configs")
        .filter(|(_, config)| has_login(config))
        .map(|(host, _)| host.clone())
        .collect();
    Ok(found)
}

/// What the files of both say of registries.
pub(super) fn look(machine: &Machine, registries: &[Registry], sights: &mut Vec<Sight>) {
    for tool in ["k3s", "rke2"] {
        let path = machine.at(&format!("/etc/rancher/{tool}/registries.yaml"));
        let parse = |text: &str| parse(text, tool);
        let before = sights.len();
        if let Some(found) = machine.parsed(tool, &path, sights, parse) {
            tell(machine, tool, &path, found, registries, sights);
        }
        // What is generated says the same once more, unless the file came after the last start.
        if sights.len() > before {
            continue;
        }
        let agent = format!("/var/lib/rancher/{tool}/agent/etc/containerd");
        let config = machine.at(&format!("{agent}/config.toml"));
        containerd::look_at_cri(machine, tool, config, registries, sights);
        if sights.len() == before {
            let folder = machine.at(&format!("{agent}/certs.d"));
            containerd::look_at_hosts(machine, tool, &[folder], registries, sights);
        }
    }
}

fn tell(
    machine: &Machine,
    tool: &'static str,
    path: &std::path::Path,
    found: Registries,
    registries: &[Registry],
    sights: &mut Vec<Sight>,
) {
    let file = machine.shown(path);
    machine.pass_over(tool, path, found.unread, sights);
    let login = |key: &String| Sight::Login { tool, file: file.clone(), key: key.clone() };
    sights.extend(found.logins.iter().map(login));
    let falls_back = !without_default(machine, tool);
    for (registry, _) in registries {
        let endpoints = found.mirrors.get(registry).or_else(|| found.mirrors.get("*"));
        let others = endpoints.into_iter().flatten().filter(|url| !is_own(url, registry));
        let mirrors: Vec<String> = others.cloned().collect();
        if !mirrors.is_empty() {
            let (registry, file) = (registry.clone(), file.clone());
            sights.push(Sight::Mirrors { tool, registry, file, mirrors, falls_back });
        }
    }
}

/// Whether its own configuration forbids it to ask a registry that has mirrors.
fn without_default(machine: &Machine, tool: &'static str) -> bool {
    let path = machine.at(&format!("/etc/rancher/{tool}/config.yaml"));
    let text = machine.read(tool, &path, &mut Vec::new()).unwrap_or_default();
    let document: Value = serde_saphyr::from_str(&text).unwrap_or_default();
    document.get("disable-default-registry-endpoint").and_then(Value::as_bool).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn mirrors_and_logins_are_read_and_what_is_written_wrong_is_told() {
        let text = "mirrors:\n  docker.io:\n    endpoint: ['https://m.example']\n    rewrite: {'^(.*)$': 'hub/$1'}\n  '*':\n    endpoint:\n      - http://all.example:5000\nconfigs:\n  m.example:\n    auth: {username: bob, password: hunter2}\n    tls: {insecure_skip_verify: true}\n";
        let found = parse(text, "k3s").unwrap();
        assert_eq!(found.mirrors["docker.io"], ["https://m.example"]);
        assert_eq!(
            (found.mirrors.len(), found.logins, found.unread),
            (2, vec!["m.example".to_owned()], vec![])
        );
        let unread = [
            "mirror:\n  docker.io:\n    endpoint: [http://m]\n",
            "mirrors:\n  docker.io:\n    endpoints: [http://m]\n",
            "mirrors:\n  registry-1.docker.io:\n    endpoint: [http://m]\n",
            "mirrors:\n  https://index.docker.io/v1/:\n    endpoint: [http://m]\n",
            "configs:\n  m:\n    auth: {user: bob, password: hunter2}\n",
        ];
        for text in unread {
            let found = parse(text, "k3s").unwrap();
            assert_eq!(found.unread.len(), 1, "{text}: {found:?}");
            assert!(!format!("{found:?}").contains("hunter2"));
        }
        for text in [
            "mirrors:\n  docker.io:\n    endpoint: http://m\n",
            "- a\n",
            "mirrors: [docker.io]\n",
            "a: [\n",
            "\tmirrors:\n",
        ] {
            assert!(parse(text, "k3s").is_err(), "{text}");
        }
        for text in ["", "# nothing\n", "---\n", "mirrors:\n", "mirrors: {docker.io: {}}\n"] {
            assert!(parse(text, "k3s").is_ok_and(|found| found.unread.is_empty()), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,200}") {
            let _ = parse(&text, "k3s");
        }
    }
}
