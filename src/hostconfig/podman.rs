//! `registries.conf` of podman, skopeo, buildah and CRI-O: which registry's images come from where.
//! The parser is pure. Follows containers-registries.conf(5) (2025), version 2 of the format, and
//! version 1, which podman still reads.

use std::collections::BTreeMap;
use std::path::PathBuf;

use toml::Value;

use super::shape::{Shape, Unknown};
use super::{
    Broken, Machine, Registry, Sight, Unread, as_value, fitting, is_own, toml_table, unread,
};
use crate::credentials::shown_key;

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

/// What one file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct File {
    /// Its registries.
    pub entries: Vec<Entry>,
    /// What is in it and is not used.
    unread: Vec<Unread>,
}

/// Version 2 of the format, and version 1 beside it.
const SHAPE: Shape = Shape::Keys(&[
    ("unqualified-search-registries", Shape::Texts),
    ("credential-helpers", Shape::Texts),
    ("short-name-mode", Shape::Text),
    ("additional-layer-store-auth-helper", Shape::Text),
    ("aliases", Shape::Each(&Shape::Text)),
    ("registry", Shape::List(&Shape::Keys(REGISTRY))),
    ("registries", Shape::Keys(FIRST)),
]);
const REGISTRY: &[(&str, Shape)] = &[
    ("prefix", Shape::Text),
    ("location", Shape::Text),
    ("insecure", Shape::Switch),
    ("blocked", Shape::Switch),
    ("mirror-by-digest-only", Shape::Switch),
    ("mirror", Shape::List(&Shape::Keys(MIRROR))),
];
const MIRROR: &[(&str, Shape)] =
    &[("location", Shape::Text), ("insecure", Shape::Switch), ("pull-from-mirror", Shape::Text)];
const FIRST: &[(&str, Shape)] =
    &[("search", Shape::Keys(LIST)), ("insecure", Shape::Keys(LIST)), ("block", Shape::Keys(LIST))];
const LIST: &[(&str, Shape)] = &[("registries", Shape::Texts)];
const TOOL: &str = "podman";

/// Reads one file, of either version of the format. What podman refuses was tried with podman 4.3.
pub(crate) fn parse(text: &str) -> Result<File, Broken> {
    let table = toml_table(text)?;
    let unknown = fitting(SHAPE, &as_value(&table), TOOL)?;
    // A key of the whole that is like no other may be a newer one.
    let is_told = |one: &&Unknown| one.meant.is_some() || one.path != one.key;
    let unread = unknown.iter().filter(is_told).map(|one| unread(TOOL, one)).collect();
    let first = first_version(&table);
    let is_second = table.iter().any(|(key, value)| {
        key != "registries" && value.as_array().is_none_or(|list| !list.is_empty())
    });
    if !first.is_empty() && is_second {
        let why =
            "podman refuses it: it mixes version 1 of the format ([registries.…]) with version 2";
        return Err(Broken::Refused(why.to_owned()));
    }
    let mut entries = second_version(&table)?;
    entries.extend(first.into_iter().filter_map(|(list, location)| {
        let entry = Entry { prefix: location.clone(), location, ..Entry::default() };
        match list {
            "block" => Some(Entry { blocked: true, ..entry }),
            "insecure" => Some(Entry { insecure: true, ..entry }),
            _ => None,
        }
    }));
    if let Some(url) = table
        .get("unqualified-search-registries")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .chain(entries.iter().flat_map(Entry::locations))
        .find(|location| location.contains("://"))
    {
        let url = shown_key(url);
        return Err(Broken::Refused(format!(
            "podman refuses it: {url} stands where a host without http:// or https:// is wanted"
        )));
    }
    Ok(File { entries, unread })
}

/// The registries of version 1, by the list in which they stand.
fn first_version(table: &toml::Table) -> Vec<(&'static str, String)> {
    let list = |name: &'static str| {
        let found = table
            .get("registries")
            .and_then(|lists| lists.get(name)?.get("registries")?.as_array());
        let texts = found.into_iter().flatten().filter_map(Value::as_str);
        texts.map(move |text| (name, text.trim_end_matches('/').to_owned()))
    };
    // Of one registry that is in both, the block has the word.
    ["search", "insecure", "block"].into_iter().flat_map(list).collect()
}

fn second_version(table: &toml::Table) -> Result<Vec<Entry>, Broken> {
    let tables =
        |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let text = |value: &Value, key: &str| {
        value.get(key).and_then(Value::as_str).unwrap_or_default().trim_end_matches('/').to_owned()
    };
    let switch =
        |value: &Value, key: &str| value.get(key).and_then(Value::as_bool).unwrap_or_default();
    let refused = |why: &str| Err(Broken::Refused(format!("podman refuses it: {why}")));
    let mut entries = Vec::new();
    for registry in tables(table.get("registry")) {
        let digests = switch(&registry, "mirror-by-digest-only");
        let (location, prefix) = (text(&registry, "location"), text(&registry, "prefix"));
        if location.is_empty() && !prefix.starts_with("*.") {
            return refused("a [[registry]] has no `location`");
        }
        let mut mirrors = Vec::new();
        for mirror in tables(registry.get("mirror")) {
            let pull_from = text(&mirror, "pull-from-mirror");
            let location = text(&mirror, "location");
            match pull_from.as_str() {
                _ if location.is_empty() => {
                    return refused("a [[registry.mirror]] has no `location`");
                }
                "" => {}
                _ if digests => {
                    return refused(
                        "`mirror-by-digest-only` and `pull-from-mirror` stand in it together",
                    );
                }
                "all" | "digest-only" | "tag-only" => {}
                _ => return refused("`pull-from-mirror` is none of all, digest-only, tag-only"),
            }
            let digest_only = digests || pull_from == "digest-only";
            mirrors.push(Mirror { location, insecure: switch(&mirror, "insecure"), digest_only });
        }
        entries.push(Entry {
            prefix: if prefix.is_empty() { location.clone() } else { prefix },
            location,
            insecure: switch(&registry, "insecure"),
            blocked: switch(&registry, "blocked"),
            mirrors,
        });
    }
    Ok(entries)
}

impl Entry {
    fn locations(&self) -> impl Iterator<Item = &str> {
        let own = [self.prefix.as_str(), self.location.as_str()].into_iter();
        own.chain(self.mirrors.iter().map(|mirror| mirror.location.as_str()))
    }
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
        let found = machine.parsed(TOOL, &path, sights, parse).unwrap_or_default();
        machine.pass_over(TOOL, &path, found.unread, sights);
        entries.extend(found.entries.into_iter().map(|entry| (entry, machine.shown(&path))));
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
        let entries = parse(TEXT).unwrap().entries;
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
        let later = parse("[[registry]]\nprefix = 'docker.io'\nlocation = 'other.example'\n")
            .unwrap()
            .entries;
        assert_eq!(
            entry_for(entries.iter().chain(&later), "docker.io", "library/nginx").unwrap().location,
            "other.example"
        );
    }

    /// Tried with podman 4.3.1, each with a pull.
    #[test]
    fn what_podman_refuses_and_what_it_passes_over_are_told_apart() {
        let refused = [
            "unqualified-search-registries = ['docker.io']\n[registries.search]\nregistries = ['docker.io']\n",
            "[[registry]]\nlocation = 'quay.io'\n[registries.block]\nregistries = ['docker.io']\n",
            "short-name-mode = 'enforcing'\n[registries.block]\nregistries = ['docker.io']\n",
            "[registries.block]\nregistries = ['https://docker.io']\n",
            "[registries]\nblock = ['docker.io']\n",
            "[registry]\nlocation = 'docker.io'\n",
            "[[registries]]\nlocation = 'docker.io'\n",
            "[[registry]]\nlocation = 'https://docker.io'\n",
            "[[registry]]\nlocation = 'docker.io'\n[[registry.mirror]]\nlocation = 'https://m.example'\n",
            "[[registry]]\nprefix = 'docker.io'\n[[registry.mirror]]\nlocation = 'm.example'\n",
            "[[registry]]\nblocked = true\n",
            "[[registry]]\nlocation = 'docker.io'\n[[registry.mirror]]\nlocation = ''\n",
            "[[registry]]\nlocation = 'docker.io'\n[[registry.mirror]]\nlocation = 'm'\npull-from-mirror = 'never'\n",
            "[[registry]]\nlocation = 'docker.io'\nblocked = 'true'\n",
            "unqualified-search-registries = 'docker.io'\n",
        ];
        for text in refused {
            assert!(matches!(parse(text), Err(Broken::Refused(_))), "{text}: {:?}", parse(text));
        }
        let unread = |text: &str| parse(text).unwrap().unread.len();
        for text in [
            "[[registry]]\nlocation = 'docker.io'\n[[registry.mirrors]]\nlocation = 'm.example'\n",
            "[[registry]]\nlocation = 'docker.io'\nblock = true\n",
            "unqualified-search-registry = ['docker.io']\n",
        ] {
            assert_eq!(unread(text), 1, "{text}: {:?}", parse(text));
        }
        assert_eq!(unread(TEXT), 0);
        let first = parse("[registries.search]\nregistries = ['docker.io']\n[registries.insecure]\nregistries = ['quay.io']\n[registries.block]\nregistries = ['docker.io/']\n").unwrap();
        assert!(entry_for(&first.entries, "docker.io", "library/nginx").unwrap().blocked);
        assert!(entry_for(&first.entries, "quay.io", "a/b").unwrap().insecure);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,200}", registry in any::<String>(), repository in any::<String>()) {
            let entries = parse(&text).unwrap_or_default().entries;
            let own = parse(TEXT).unwrap().entries;
            let _ = entry_for(entries.iter().chain(&own), &registry, &repository);
        }
    }
}
