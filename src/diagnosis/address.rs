//! Addresses in running text, and whether a registry is behind them: many an API has a path `/v2/…`
//! or `…/token`, too. Source: the OCI distribution specification (v1.1) for the paths of a registry,
//! the manuals of Artifactory and Nexus for where they keep one (November 2026).

use super::subject::Hub;
use crate::image::{Reference, hub};

/// Hosts and host endings of other well-known registries, for texts that name no path.
const REGISTRIES: &[&str] = &[
    "ghcr.io",
    "quay.io",
    "gcr.io",
    ".azurecr.io",
    "public.ecr.aws",
    "ecr-public.aws.com",
    "mcr.microsoft.com",
    "registry.k8s.io",
    "registry.gitlab.com",
    "registry.access.redhat.com",
    "registry.redhat.io",
    "docker.elastic.co",
    "lscr.io",
    "nvcr.io",
    "icr.io",
];

/// Domains under which Amazon serves its private registries (`ACCOUNT.dkr.ecr.REGION.…` and, with
/// IPv6, `ACCOUNT.dkr-ecr.REGION.…`) and much else, a row a partition.
const AMAZON: &[&str] = &[
    ".amazonaws.com",
    ".on.aws",
    ".amazonaws.com.cn",
    ".on.amazonwebservices.com.cn",
    ".amazonaws.eu",
    ".c2s.ic.gov",
    ".sc2s.sgov.gov",
    ".cloud.adc-e.uk",
    ".csp.hci.ic.gov",
];

/// An address in a text.
pub(super) struct Address<'a> {
    /// The host, with a port where one is named.
    pub(super) host: &'a str,
    path: &'a str,
}

impl Address<'_> {
    /// Whether it is a registry's, by its host or by its path.
    pub(super) fn is_registry(&self) -> bool {
        let host = self.host.to_ascii_lowercase();
        let name = host.split_once(':').map_or(host.as_str(), |(name, _)| name);
        let is_part = |known: &str| {
            name.strip_suffix(known)
                .is_some_and(|sub| known.starts_with('.') || sub.is_empty() || sub.ends_with('.'))
        };
        let known = REGISTRIES.iter().any(|known| is_part(known));
        // Amazon's, Google's and JFrog's domains serve much else besides.
        let is_amazon = AMAZON.iter().any(|domain| name.ends_with(domain))
            && ([".dkr.ecr", ".dkr-ecr", "starport-layer-bucket"]
                .iter()
                .any(|part| name.contains(part))
                || name.starts_with("api.ecr")
                || name.starts_with("ecr"));
        let is_jfrog = name.ends_with(".jfrog.io")
            && (!self.path.contains("/api/") || self.path.contains("/api/docker/"));
        let is_google = name.ends_with("-docker.pkg.dev");
        known
            || Hub::default().owns(self.host)
            || is_amazon
            || is_jfrog
            || is_google
            || is_of_protocol(self.path)
    }

    /// Whether it may be a registry's token service, or anybody's: only the words around it tell.
    pub(super) fn asks_token(&self) -> bool {
        let path = self.path.split('?').next().unwrap_or_default();
        path.ends_with("/token") || path.ends_with("/auth")
    }

    /// Whether it only explains something.
    pub(super) fn is_documentation(&self) -> bool {
        matches!(self.host, "docs.docker.com" | "www.docker.com" | "docker.com")
            || self.host.starts_with("docs.")
    }

    /// The image whose manifest or tags the address is; a blob's address does not say the tag.
    pub(super) fn image(&self) -> Option<Reference> {
        let (_, rest) = self.path.split_once("/v2/")?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let registry =
            query.split('&').find_map(|pair| pair.strip_prefix("ns=")).unwrap_or(self.host);
        let registry = if Hub::default().owns(registry) { hub::NAME } else { registry };
        if let Some(name) = rest.strip_suffix("/tags/list") {
            return format!("{registry}/{name}").parse().ok();
        }
        let (name, tail) = rest.split_once("/manifests/")?;
        let separator = if tail.starts_with("sha256:") { '@' } else { ':' };
        format!("{registry}/{name}{separator}{tail}").parse().ok()
    }
}

/// Whether a path is the distribution protocol's, wherever a server keeps it (Artifactory under
/// `/artifactory/api/docker/NAME`, Nexus under `/repository/NAME`); many an API has a `/v2/`.
fn is_of_protocol(path: &str) -> bool {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let asks_scope = query.split('&').any(|pair| pair.starts_with("scope=repository"));
    let asks_service = query.split('&').any(|pair| pair.starts_with("service="))
        && (path.ends_with("/token") || path.ends_with("/auth"));
    asks_scope
        || asks_service
        || path == "/service/token"
        || path.match_indices("/v2/").any(|(at, v2)| {
            let (before, name) =
                (path.get(..at).unwrap_or_default(), path.get(at + v2.len()..).unwrap_or_default());
            let has = |part: &str| name.find(part).is_some_and(|at| at > 0);
            match name {
                "" => {
                    before.is_empty()
                        || before.contains("/api/docker/")
                        || before.starts_with("/repository/")
                }
                "_catalog" => true,
                _ if before.ends_with("/docker/registry") => {
                    name.starts_with("blobs/") || name.starts_with("repositories/")
                }
                _ => {
                    ["/manifests/", "/blobs/sha", "/blobs/upload", "/referrers/sha"]
                        .into_iter()
                        .any(has)
                        || has("/tags/list")
                }
            }
        })
}

/// The addresses in a text, in order.
pub(super) fn all(text: &str) -> Vec<Address<'_>> {
    let mut urls = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        let end = after
            .find(|c: char| {
                c.is_whitespace()
                    || matches!(c, '"' | '\'' | '<' | '>' | '`' | ')' | ']' | '}' | ',' | '|')
            })
            .unwrap_or(after.len());
        let (url, later) = after.split_at(end);
        if before.ends_with("http") || before.ends_with("https") {
            let url = url.trim_end_matches(['.', ':', ';']);
            let (authority, path) = url.find(['/', '?']).map_or((url, ""), |at| url.split_at(at));
            let host = authority.rsplit('@').next().unwrap_or(authority);
            urls.push(Address { host, path });
        }
        rest = later;
        if urls.len() >= 32 {
            break;
        }
    }
    urls
}

/// The repository of Docker Hub's own namespace in a path without a host, as a registry's log and a
/// proxy's show it: `GET /v2/library/alpine/manifests/3.20`, `/v2/library/redis/tags/list`.
pub(super) fn path_image(text: &str) -> Option<Reference> {
    text.match_indices("/v2/library/").find_map(|(at, lead)| {
        let before = text.get(..at)?;
        // With a host before it, it is an address, and that tells whose it is.
        if before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '/' | ':')) {
            return None;
        }
        let rest = text.get(at + lead.len()..)?;
        let end = rest
            .find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | ')' | ';' | '?'))
            .unwrap_or(rest.len());
        let (name, tail) = rest.get(..end)?.split_once('/')?;
        let tag = tail.trim_end_matches(['.', ':']).strip_prefix("manifests/");
        match tag {
            Some(digest) if digest.starts_with("sha256:") => format!("library/{name}@{digest}"),
            Some(tag) if !tag.contains('/') => format!("library/{name}:{tag}"),
            _ => format!("library/{name}"),
        }
        .parse()
        .ok()
    })
}

/// The image that Docker's API is asked to pull: `/images/create?tag=8&fromImage=debian`.
pub(super) fn asked_image(text: &str) -> Option<Reference> {
    let (_, query) = text.split_once("/images/create?")?;
    let end = query
        .find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ')' | ',' | '>'))
        .unwrap_or(query.len());
    let query = query.get(..end)?.trim_end_matches([':', '.']);
    let value =
        |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    let image = value("fromImage")?.replace("%2F", "/").replace("%2f", "/").replace("%3A", ":");
    match value("tag").filter(|tag| !tag.is_empty()) {
        Some(digest) if digest.starts_with("sha256") => {
            format!("{image}@{}", digest.replace("%3A", ":")).parse().ok()
        }
        Some(tag) => format!("{image}:{tag}").parse().ok(),
        None => image.parse().ok(),
    }
}
