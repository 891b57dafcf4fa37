//! Which key of a credentials file answers for a registry: Docker's rules and podman's, which
//! differ. Pure. Follows docker/cli's `config/credentials/file_store.go` (v28, 2025) and
//! containers/image's `pkg/docker/config` (v5, 2025).

use std::collections::BTreeMap;

use crate::image::hub;
pub use crate::image::hub::{LOGIN_KEY as DOCKER_HUB_KEY, is_name as is_docker_hub};

/// The key under which docker stores a login to `registry`.
///
/// ```
/// assert_eq!(dhlimit::credentials::docker_key("docker.io"), "https://index.docker.io/v1/");
/// assert_eq!(dhlimit::credentials::docker_key("ghcr.io"), "ghcr.io");
/// ```
pub fn docker_key(registry: &str) -> &str {
    if is_docker_hub(registry) { DOCKER_HUB_KEY } else { registry }
}

/// The entry of `auths` that docker uses for `registry`.
#[cfg(test)]
fn docker_entry<'a, V>(auths: &'a BTreeMap<String, V>, registry: &str) -> Option<(&'a str, &'a V)> {
    entry_of(auths, docker_key(registry))
}

/// The entry of `auths` that answers for a key as docker looks keys up: the exact one, else the first
/// one whose host the key is.
pub(super) fn entry_of<'a, V>(
    auths: &'a BTreeMap<String, V>,
    key: &str,
) -> Option<(&'a str, &'a V)> {
    let found = auths
        .get_key_value(key)
        .or_else(|| auths.iter().find(|(candidate, _)| host_of(candidate) == key));
    found.map(|(key, value)| (key.as_str(), value))
}

/// The entry that podman uses for a repository: the longest namespace, then the registry's host in
/// any spelling.
pub(super) fn podman_entry<'a, V>(
    auths: &'a BTreeMap<String, V>,
    registry: &str,
    repository: &str,
) -> Option<(&'a str, &'a V)> {
    let found = namespaces(registry, repository)
        .find_map(|key| auths.get_key_value(key.as_str()))
        .or_else(|| {
            let wanted = podman_host(registry);
            auths.iter().find(|(candidate, _)| {
                is_registry_key(candidate) && podman_host(candidate) == wanted
            })
        });
    found.map(|(key, value)| (key.as_str(), value))
}

/// The helper that podman asks for a registry: by its very name, never by a namespace or a URL (seen
/// with podman 4.3.1).
pub(super) fn podman_helper<'a>(
    helpers: &'a BTreeMap<String, String>,
    registry: &str,
) -> Option<(&'a str, &'a str)> {
    helpers.get_key_value(registry).map(|(key, name)| (key.as_str(), name.as_str()))
}

/// Whether a key looks like a login to Docker Hub that docker never uses, because it is not
/// [`DOCKER_HUB_KEY`].
pub(super) fn is_unused_hub_key(key: &str) -> bool {
    // A port makes it another key for docker, and none that it looks up.
    let host = host_of(key).to_ascii_lowercase();
    let name = host.rsplit_once(':').map_or(host.as_str(), |(name, _)| name);
    let hub = hub::is_registry(name) || name == hub::SITE;
    // `docker login` keeps its own refresh and access tokens under paths below the true key.
    hub && !key.starts_with(DOCKER_HUB_KEY)
}

/// The keys that nerdctl 1 looks up for a registry, in its order: for Docker Hub, the name in references
/// where docker's own key has nothing (seen with 1.7.6).
pub(super) fn nerdctl_keys(registry: &str) -> Vec<String> {
    if is_docker_hub(registry) {
        vec![DOCKER_HUB_KEY.to_owned(), hub::NAME.to_owned()]
    } else {
        vec![registry.to_owned()]
    }
}

/// The same of nerdctl 2, which goes by the host that is asked and its port (nerdctl's
/// `pkg/imgutil/dockerconfigresolver`, v2.1, 2025).
pub(super) fn nerdctl_2_keys(registry: &str) -> Vec<String> {
    match registry {
        _ if is_docker_hub(registry) => {
            vec![format!("{}:443", hub::HOST), DOCKER_HUB_KEY.to_owned(), hub::HOST.to_owned()]
        }
        host if host.contains(':') => vec![host.to_owned()],
        host => vec![format!("{host}:443"), host.to_owned()],
    }
}

/// `registry/a/b`, `registry/a`, `registry`.
fn namespaces(registry: &str, repository: &str) -> impl Iterator<Item = String> {
    let full = if repository.is_empty() {
        registry.to_owned()
    } else {
        format!("{registry}/{repository}")
    };
    std::iter::successors(Some(full), |name| {
        name.rsplit_once('/').map(|(shorter, _)| shorter.to_owned())
    })
}

/// A key that names a whole registry: a host, or a URL as old clients wrote it.
fn is_registry_key(key: &str) -> bool {
    key.contains("://") || !key.contains('/')
}

/// The host, with its port, of a key that may be a URL.
fn host_of(key: &str) -> String {
    if key.contains("://")
        && let Ok(url) = url::Url::parse(key)
        && let Some(host) = url.host_str()
    {
        // `Url` drops a scheme's default port; docker keeps what is written.
        let written = key.split_once("://").map_or("", |(_, rest)| rest);
        let authority = written.split(['/', '?', '#']).next().unwrap_or_default();
        let port = authority
            .rsplit_once(':')
            .map(|(_, port)| port)
            .filter(|port| port.parse::<u16>().is_ok());
        return port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    }
    key.split('/').next().unwrap_or_default().to_owned()
}

fn podman_host(key: &str) -> String {
    let host = host_of(key);
    match host.as_str() {
        hub::NAME | hub::HOST => hub::INDEX.to_owned(),
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn map(keys: &[&str]) -> BTreeMap<String, String> {
        keys.iter().map(|key| ((*key).to_owned(), (*key).to_owned())).collect()
    }

    #[test]
    fn docker_finds_the_entry_of_a_registry() {
        let rows: &[(&str, &[&str], Option<&str>)] = &[
            ("docker.io", &["https://index.docker.io/v1/"], Some("https://index.docker.io/v1/")),
            (
                "index.docker.io",
                &["https://index.docker.io/v1/"],
                Some("https://index.docker.io/v1/"),
            ),
            ("docker.io", &["docker.io"], None),
            ("docker.io", &["https://registry-1.docker.io/"], None),
            ("docker.io", &["https://index.docker.io/v1"], None),
            ("docker.io", &["index.docker.io"], None),
            ("ghcr.io", &["ghcr.io"], Some("ghcr.io")),
            ("ghcr.io", &["https://ghcr.io"], Some("https://ghcr.io")),
            ("ghcr.io", &["https://ghcr.io/v2/"], Some("https://ghcr.io/v2/")),
            ("ghcr.io", &["http://ghcr.io", "ghcr.io"], Some("ghcr.io")),
            ("ghcr.io", &["ghcr.io/team"], Some("ghcr.io/team")),
            ("ghcr.io", &["ghcr.io.evil.example"], None),
            ("ghcr.io", &["https://ghcr.io@evil.example/"], None),
            ("host:5000", &["http://host:5000/v1/"], Some("http://host:5000/v1/")),
            ("host", &["http://host:80/"], None),
            ("host:80", &["http://host:80/"], Some("http://host:80/")),
            ("[::1]:5000", &["http://[::1]:5000"], Some("http://[::1]:5000")),
            ("host:5000", &["host"], None),
            ("registry-1.docker.io", &["registry-1.docker.io"], Some("registry-1.docker.io")),
        ];
        for (registry, keys, wanted) in rows {
            assert_eq!(
                docker_entry(&map(keys), registry).map(|(key, _)| key),
                *wanted,
                "{registry} in {keys:?}"
            );
        }
    }

    #[test]
    fn podman_takes_the_longest_namespace_then_any_spelling_of_the_host() {
        let rows: &[(&str, &str, &[&str], Option<&str>)] = &[
            ("docker.io", "library/nginx", &["docker.io"], Some("docker.io")),
            (
                "docker.io",
                "library/nginx",
                &["https://index.docker.io/v1/"],
                Some("https://index.docker.io/v1/"),
            ),
            ("docker.io", "library/nginx", &["registry-1.docker.io"], Some("registry-1.docker.io")),
            (
                "docker.io",
                "library/nginx",
                &["docker.io", "docker.io/library"],
                Some("docker.io/library"),
            ),
            (
                "docker.io",
                "library/nginx",
                &["docker.io/library", "docker.io/library/nginx"],
                Some("docker.io/library/nginx"),
            ),
            ("docker.io", "library/nginx", &["docker.io/lib"], None),
            (
                "docker.io",
                "library/nginx",
                &["docker.io/other", "index.docker.io"],
                Some("index.docker.io"),
            ),
            ("quay.io", "a/b/c", &["quay.io/a/b", "quay.io/a", "quay.io"], Some("quay.io/a/b")),
            ("quay.io", "a/b/c", &["quay.io/a/b/c/d"], None),
            ("quay.io", "", &["quay.io"], Some("quay.io")),
            ("host:5000", "a", &["host:5000/a"], Some("host:5000/a")),
        ];
        for (registry, repository, keys, wanted) in rows {
            assert_eq!(
                podman_entry(&map(keys), registry, repository).map(|(key, _)| key),
                *wanted,
                "{registry}/{repository} in {keys:?}"
            );
        }
    }

    #[test]
    fn logins_that_docker_never_uses_for_the_hub_are_recognised() {
        for key in [
            "docker.io",
            "index.docker.io",
            "registry-1.docker.io",
            "https://registry-1.docker.io/",
            "https://docker.io",
            "https://index.docker.io/v2/",
            "docker.io/library",
            "https://index.docker.io:443/v1/",
            "http://index.docker.io:80/v1/",
            "index.docker.io:443",
            "registry-1.docker.io:443",
            "Docker.io:443/library",
        ] {
            assert!(is_unused_hub_key(key), "{key}");
        }
        for key in [
            DOCKER_HUB_KEY,
            "https://index.docker.io/v1/access-token",
            "https://index.docker.io/v1/refresh-token",
            "ghcr.io",
            "docker.io.example.com",
            "mirror.example:443",
            "docker.io.example.com:443",
        ] {
            assert!(!is_unused_hub_key(key), "{key}");
        }
    }

    proptest! {
        #[test]
        fn no_key_makes_the_lookups_panic(keys in proptest::collection::vec(any::<String>(), 0..6), registry in any::<String>(), repository in any::<String>()) {
            let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            let map = map(&keys);
            let _ = (docker_entry(&map, &registry), podman_entry(&map, &registry, &repository), podman_helper(&map, &registry));
            for key in keys {
                is_unused_hub_key(key);
            }
        }
    }
}
