//! `registries.conf` of podman, skopeo, buildah and CRI-O: which registry's images come from where.
//! Pure. Follows containers-registries.conf(5), version 2 of the format (2025).

use std::collections::BTreeMap;
use std::path::PathBuf;

use toml::Value;

use super::{Broken, Machine, Registry, Sight, is_own, toml_table};

/// One `[[registry]]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The images it is for begin so.
    pub prefix: String,
    /// Where they really come from; the prefix itself where it is empty.
    pub location: String,
    /// Without TLS, or without looking at the certificate.
    pub insecure: bool,
    /// Nothing may be pulled.
    pub blocked: bool,
    /// Asked first, in turn.
    pub mirrors: Vec<Mirror>,
}

/// One `[[registry.mirror]]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Mirror {
    /// Where it is, without a scheme.
    pub location: String,
    /// Without TLS, or without looking at the certificate.
    pub insecure: bool,
    /// Only images named by digest are asked for there.
    pub digest_only: bool,
}

/// Reads one file.
pub(crate) fn parse(text: &str) -> Result<Vec<Entry>, Broken> {
    let table = toml_table(text)?;
    let tables =
        |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let text = |value: &Value, key: &str| {
        value.get(key).and_then(Value::as_str).unwrap_or_default().trim_end_matches('/').to_owned()
    };
    let switch =
        |value: &Value, key: &str| value.get(key).and_then(Value::as_bool).unwrap_or_default();
    let mut entries = Vec::new();
    for registry in tables(table.get("registry")) {
        let digests = switch(&registry, "mirror-by-digest-only");
        let mirror = |mirror: &Value| Mirror {
            location: text(mirror, "location"),
            insecure: switch(mirror, "insecure"),
            digest_only: digests || text(mirror, "pull-from-mirror") == "digest-only",
        };
        let location = text(&registry, "location");
        let prefix = Some(text(&registry, "prefix"))
            .filter(|prefix| !prefix.is_empty())
            .unwrap_or_else(|| location.clone());
        entries.push(Entry {
            prefix,
            location,
            insecure: switch(&registry, "insecure"),
            blocked: switch(&registry, "blocked"),
            mirrors: tables(registry.get("mirror"))
                .iter()
                .map(mirror)
                .filter(|mirror| !mirror.location.is_empty())
                .collect(),
        });
    }
    Ok(entries)
}

/// The entry for an image: the one with the longest prefix; of the same prefix, the one read last.
pub(crate) fn entry_for<'a>(
    entries: impl IntoIterator<Item = &'a Entry>,
    registry: &str,
    repository: &str,
) -> Option<&'a Entry> {
    let by_prefix: BTreeMap<&str, &Entry> =
        entries.into_iter().map(|entry| (entry.prefix.as_str(), entry)).collect();
    let fitting = by_prefix.into_iter().filter(|(prefix, _)| begins(prefix, registry, repository));
    fitting.max_by_key(|(prefix, _)| prefix.len()).map(|(_, entry)| entry)
}

fn begins(prefix: &str, registry: &str, repository: &str) -> bool {
    if let Some(domain) = prefix.strip_prefix("*.") {
        return registry
            .strip_suffix(domain)
            .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'));
    }
    let image = format!("{registry}/{repository}");
    !prefix.is_empty()
        && image.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What its files say of registries.
pub(super) fn look(machine: &Machine, registries: &[Registry], sights: &mut Vec<Sight>) {
    let named = machine.environment.var("CONTAINERS_REGISTRIES_CONF").map(PathBuf::from);
    let own = machine.own("containers/registries.conf").filter(|path| path.is_file());
    let has_own = named.is_none() && own.is_some();
    let main = named.or(own).unwrap_or_else(|| machine.at("/etc/containers/registries.conf"));
    // A user's own file leaves the system's drop-ins out.
    let system = Some(machine.at("/etc/containers/registries.conf.d")).filter(|_| !has_own);
    let drops = system.into_iter().chain(machine.own("containers/registries.conf.d"));
    let files: Vec<PathBuf> = std::iter::once(main)
        .chain(drops.flat_map(|folder| Machine::files(&folder, ".conf")))
        .collect();
    let mut entries: Vec<(Entry, String)> = Vec::new();
    for path in files {
        let found = machine.parsed("podman", &path, sights, parse).unwrap_or_default();
        entries.extend(found.into_iter().map(|entry| (entry, machine.shown(&path))));
    }
    for (registry, repository) in registries {
        let Some(entry) = entry_for(entries.iter().map(|(entry, _)| entry), registry, repository)
        else {
            continue;
        };
        let file = entries
            .iter()
            .rev()
            .find(|(other, _)| other == entry)
            .map(|(_, file)| file.clone())
            .unwrap_or_default();
        let registry = registry.clone();
        if entry.blocked {
            sights.push(Sight::Blocked { tool: "podman", registry, file });
            continue;
        }
        let url = |location: &str, insecure| {
            format!("{}://{location}", if insecure { "http" } else { "https" })
        };
        let falls_back = entry.location.is_empty() || is_own(&entry.location, &registry);
        let elsewhere = Some(url(&entry.location, entry.insecure)).filter(|_| !falls_back);
        let asked = entry
            .mirrors
            .iter()
            .filter(|mirror| !mirror.digest_only)
            .map(|mirror| url(&mirror.location, mirror.insecure));
        let mirrors: Vec<String> = asked.chain(elsewhere).collect();
        if entry.insecure && falls_back {
            sights.push(Sight::Insecure {
                tool: "podman",
                registry: registry.clone(),
                file: file.clone(),
            });
        }
        if !mirrors.is_empty() {
            sights.push(Sight::Mirrors { tool: "podman", registry, file, mirrors, falls_back });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &str = r#"
        unqualified-search-registries = ["docker.io"]
        [[registry]]
        prefix = "docker.io"
        location = "docker.io"
        [[registry.mirror]]
        location = "mirror.example/hub"
        [[registry.mirror]]
        location = "digests.example"
        pull-from-mirror = "digest-only"
        [[registry]]
        location = "docker.io/team"
        blocked = true
        [[registry]]
        prefix = "*.example.com"
        location = "cache.example.com:5000"
        insecure = true
    "#;

    #[test]
    fn the_longest_prefix_answers_for_an_image() {
        let entries = parse(TEXT).unwrap();
        let rows = [
            ("docker.io", "library/nginx", Some("docker.io")),
            ("docker.io", "team/app", Some("docker.io/team")),
            ("docker.io", "teams/app", Some("docker.io")),
            ("eu.example.com", "app", Some("*.example.com")),
            ("example.com", "app", None),
            ("ghcr.io", "app", None),
        ];
        for (registry, repository, prefix) in rows {
            assert_eq!(
                entry_for(&entries, registry, repository).map(|entry| entry.prefix.as_str()),
                prefix,
                "{registry}/{repository}"
            );
        }
        let hub = entry_for(&entries, "docker.io", "library/nginx").unwrap();
        assert_eq!(
            hub.mirrors
                .iter()
                .map(|mirror| (mirror.location.as_str(), mirror.digest_only))
                .collect::<Vec<_>>(),
            [("mirror.example/hub", false), ("digests.example", true)]
        );
        let later =
            parse("[[registry]]\nprefix = 'docker.io'\nlocation = 'other.example'\n").unwrap();
        assert_eq!(
            entry_for(entries.iter().chain(&later), "docker.io", "library/nginx").unwrap().location,
            "other.example"
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,200}", registry in any::<String>(), repository in any::<String>()) {
            let entries = parse(&text).unwrap_or_default();
            let own = parse(TEXT).unwrap();
            let _ = entry_for(entries.iter().chain(&own), &registry, &repository);
        }
    }
}
