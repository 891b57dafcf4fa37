//! Which keys of a `.dockerconfigjson` the kubelet takes for an image, in its order. Its rules are
//! neither docker's nor podman's: hosts may be globs, paths are prefixes, and every login that fits is
//! tried in turn. Pure. Follows Kubernetes' `pkg/credentialprovider/keyring.go` (v1.34, 2025).

use std::collections::BTreeMap;

use url::Url;

use super::keys;
use crate::image::hub;

/// The host under which the kubelet looks for Docker Hub where no key names the image's own.
const DEFAULT_HOST: &str = hub::INDEX;

/// The keys whose logins the kubelet tries for a repository at a registry, the first one first.
///
/// ```
/// let auths = [("https://index.docker.io/v1/".to_owned(), ())].into();
/// assert_eq!(dhlimit::credentials::kubelet_keys(&auths, "docker.io", "library/nginx"), ["https://index.docker.io/v1/"]);
/// let auths = [("registry-1.docker.io".to_owned(), ())].into();
/// assert!(dhlimit::credentials::kubelet_keys(&auths, "docker.io", "library/nginx").is_empty());
/// ```
pub fn kubelet_keys<'a, V>(
    auths: &'a BTreeMap<String, V>,
    registry: &str,
    repository: &str,
) -> Vec<&'a str> {
    let mut ring: Vec<(String, &str)> =
        auths.keys().filter_map(|key| Some((ring_key(key)?, key.as_str()))).collect();
    // Of a longer path and a shorter one, the longer comes first.
    ring.sort_by(|(one, _), (other, _)| other.cmp(one));
    let fitting: Vec<&str> = ring
        .iter()
        .filter(|(glob, _)| fits(glob, registry, repository))
        .map(|(_, key)| *key)
        .collect();
    if fitting.is_empty() && keys::is_docker_hub(registry) {
        return ring.iter().filter(|(glob, _)| glob == DEFAULT_HOST).map(|(_, key)| *key).collect();
    }
    fitting
}

/// Whether a key looks as if it were meant for Docker Hub though the kubelet never takes it for an
/// image there: `registry-1.docker.io`, `*.docker.io`, `hub.docker.com`.
pub fn misses_docker_hub(key: &str) -> bool {
    let Some(glob) = ring_key(key) else { return key.contains(hub::NAME) };
    let (host, path) = glob.split_once('/').unwrap_or((&glob, ""));
    let looks = [hub::NAME, hub::SITE]
        .iter()
        .any(|name| host == *name || host.ends_with(&format!(".{name}")));
    let found = glob == DEFAULT_HOST
        || (path.is_empty() && fits(&glob, hub::NAME, "library/nginx"))
        || host == hub::NAME;
    looks && !found
}

/// A key as the kubelet keeps it: without scheme, and without the `/v1/` and `/v2/` of old clients.
fn ring_key(key: &str) -> Option<String> {
    let whole = if key.starts_with("http://") || key.starts_with("https://") {
        key.to_owned()
    } else {
        format!("https://{key}")
    };
    let (host, path) = split(&whole)?;
    let path = path
        .strip_prefix("/v1/")
        .or_else(|| path.strip_prefix("/v2/"))
        .map_or(path.clone(), |rest| format!("/{rest}"));
    Some(if path.is_empty() || path == "/" { host } else { host + &path })
}

/// Host with its port as written, and path, of a URL whose host may be a glob.
fn split(url: &str) -> Option<(String, String)> {
    let rest = url.split_once("://")?.1;
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (authority, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    // What no URL can be is left out by the kubelet, too; a glob's own characters are fit for a host.
    let plain: String = host
        .chars()
        .map(|character| if "*[]^-".contains(character) { 'x' } else { character })
        .collect();
    Url::parse(&format!("https://{plain}/")).ok().filter(|_| !host.is_empty())?;
    Some((host.to_owned(), path.to_owned()))
}

/// Whether a kept key is for an image: as many labels as its host has, each a glob of the other's; the
/// same port; a path that the image's begins with.
fn fits(glob: &str, registry: &str, repository: &str) -> bool {
    let (host, path) = glob.find('/').map_or((glob, ""), |slash| glob.split_at(slash));
    let (host, port) = with_port(host);
    let (own_host, own_port) = with_port(registry);
    let labels: Vec<&str> = host.split('.').collect();
    let own: Vec<&str> = own_host.split('.').collect();
    port == own_port
        && labels.len() == own.len()
        && labels.iter().zip(&own).all(|(label, own)| is_glob_of(label.as_bytes(), own.as_bytes()))
        && format!("/{repository}").starts_with(path)
}

fn with_port(host: &str) -> (&str, Option<&str>) {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (name, Some(port)),
        _ => (host, None),
    }
}

/// `*` is any run of characters. (What else Go's matcher knows, a host in a URL cannot hold.)
fn is_glob_of(glob: &[u8], text: &[u8]) -> bool {
    // Backtracks to the last star only, so that no pattern takes more than glob times text steps.
    let (mut at, mut seen, mut star) = (0, 0, None);
    while seen < text.len() {
        match glob.get(at) {
            Some(b'*') => {
                star = Some((at, seen));
                at += 1;
            }
            Some(byte) if Some(byte) == text.get(seen) => {
                at += 1;
                seen += 1;
            }
            _ => {
                let Some((place, from)) = star else { return false };
                star = Some((place, from + 1));
                at = place + 1;
                seen = from + 1;
            }
        }
    }
    glob.iter().skip(at).all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn keys_of<'a>(keys: &'a [&'a str], registry: &str, repository: &str) -> Vec<String> {
        let auths: BTreeMap<String, u8> = keys.iter().map(|key| ((*key).to_owned(), 0)).collect();
        kubelet_keys(&auths, registry, repository).into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn the_kubelet_takes_hosts_globs_and_paths_and_the_old_hub_key_last() {
        let rows: &[(&[&str], &str, &str, &[&str])] = &[
            (
                &["https://index.docker.io/v1/"],
                "docker.io",
                "library/nginx",
                &["https://index.docker.io/v1/"],
            ),
            (&["index.docker.io"], "docker.io", "library/nginx", &["index.docker.io"]),
            (&["docker.io"], "docker.io", "library/nginx", &["docker.io"]),
            (
                &["docker.io", "https://index.docker.io/v1/"],
                "docker.io",
                "library/nginx",
                &["docker.io"],
            ),
            (
                &["docker.io", "docker.io/library"],
                "docker.io",
                "library/nginx",
                &["docker.io/library", "docker.io"],
            ),
            (
                &["docker.io/team", "https://index.docker.io/v1/"],
                "docker.io",
                "library/nginx",
                &["https://index.docker.io/v1/"],
            ),
            (&["*.io"], "docker.io", "library/nginx", &["*.io"]),
            (&["*.docker.io"], "docker.io", "library/nginx", &[]),
            (&["registry-1.docker.io"], "docker.io", "library/nginx", &[]),
            (&["*.example.com"], "eu.example.com", "app", &["*.example.com"]),
            (&["*.example.com"], "a.eu.example.com", "app", &[]),
            (&["r*g.example.com:5000"], "reg.example.com:5000", "app", &["r*g.example.com:5000"]),
            // A question mark begins a URL's query, so it is no glob here.
            (&["r?g.example.com"], "reg.example.com", "app", &[]),
            (&["reg.example.com"], "reg.example.com:5000", "app", &[]),
            (
                &["https://reg.example.com/v2/"],
                "reg.example.com",
                "app",
                &["https://reg.example.com/v2/"],
            ),
            (&["reg.example.com/te"], "reg.example.com", "team/app", &["reg.example.com/te"]),
            (&["", "https://", "::", "a b"], "docker.io", "library/nginx", &[]),
        ];
        for (keys, registry, repository, wanted) in rows {
            assert_eq!(
                keys_of(keys, registry, repository),
                *wanted,
                "{registry}/{repository} in {keys:?}"
            );
        }
    }

    #[test]
    fn keys_meant_for_docker_hub_that_are_never_taken_are_told() {
        for key in [
            "registry-1.docker.io",
            "https://registry-1.docker.io/",
            "*.docker.io",
            "hub.docker.com",
            "https://index.docker.io/v3/",
        ] {
            assert!(misses_docker_hub(key), "{key}");
        }
        for key in [
            "docker.io",
            "https://index.docker.io/v1/",
            "index.docker.io",
            "docker.io/team",
            "*.io",
            "ghcr.io",
            "docker.io.example",
        ] {
            assert!(!misses_docker_hub(key), "{key}");
        }
    }

    proptest! {
        #[test]
        fn no_key_makes_it_panic(keys in proptest::collection::vec(any::<String>(), 0..6), registry in any::<String>(), repository in any::<String>()) {
            let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            let _ = keys_of(&keys, &registry, &repository);
            for key in keys {
                misses_docker_hub(key);
            }
        }

        #[test]
        fn a_glob_of_stars_takes_what_it_should(text in "[a-z]{0,30}", at in 0_usize..30) {
            let at = at.min(text.len());
            let glob = format!("*{}*", &text[at..]);
            prop_assert!(is_glob_of(glob.as_bytes(), text.as_bytes()));
        }
    }
}
