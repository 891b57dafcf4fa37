//! Docker Hub's hosts and URLs: the only place that knows them. Three questions are told apart,
//! because tools answer them differently: what means Docker Hub in a reference, which hosts answer as
//! its registry, and which hosts are Docker Hub's at all. Names looked up November 2026.

/// Its name in references.
pub const NAME: &str = "docker.io";
/// Its older name in references, and the host of its key in credentials files.
pub const INDEX: &str = "index.docker.io";
/// The host that its registry answers on.
pub const HOST: &str = "registry-1.docker.io";
/// The host of its token service.
pub const TOKEN_HOST: &str = "auth.docker.io";
/// Its web site and the API of accounts.
pub const SITE: &str = "hub.docker.com";
/// A further name of its registry.
const SITE_REGISTRY: &str = "registry.hub.docker.com";
/// Where its layers are read.
const LAYERS: &str = "production.cloudflare.docker.com";

/// Its registry.
pub const REGISTRY_URL: &str = "https://registry-1.docker.io";
/// Its token service.
pub const REALM: &str = "https://auth.docker.io/token";
/// Its registry's name for itself at its token service.
pub const SERVICE: &str = "registry.docker.io";
/// Its key in Docker's own credentials files.
pub const LOGIN_KEY: &str = "https://index.docker.io/v1/";

/// Whether a registry's name in a reference means Docker Hub to docker: its logins and mirrors are
/// used for these names and no others.
///
/// ```
/// assert!(dhlimit::image::hub::is_name("index.docker.io"));
/// assert!(!dhlimit::image::hub::is_name("registry-1.docker.io"));
/// ```
pub fn is_name(registry: &str) -> bool {
    matches!(registry, NAME | INDEX)
}

/// Whether a host without a port serves and counts Docker Hub's images.
///
/// ```
/// assert!(dhlimit::image::hub::is_registry("registry-1.docker.io"));
/// assert!(!dhlimit::image::hub::is_registry("auth.docker.io"));
/// ```
pub fn is_registry(host: &str) -> bool {
    is_name(host) || matches!(host, HOST | SITE_REGISTRY)
}

/// Whether a host without a port, in lower case, is Docker Hub's, whatever it answers there.
///
/// ```
/// assert!(dhlimit::image::hub::owns("auth.docker.io"));
/// assert!(!dhlimit::image::hub::owns("notdocker.io"));
/// ```
pub fn owns(host: &str) -> bool {
    is_registry(host)
        || matches!(host, SITE | LAYERS)
        || host.strip_suffix(NAME).is_some_and(|below| below.ends_with('.'))
}

/// An image's name as people write it, for whom Docker Hub and its official images go without saying.
///
/// ```
/// assert_eq!(dhlimit::image::hub::familiar("docker.io/library/nginx:1"), "nginx:1");
/// assert_eq!(dhlimit::image::hub::familiar("ghcr.io/library/nginx:1"), "ghcr.io/library/nginx:1");
/// // Without the host, this would name another registry's image.
/// assert_eq!(dhlimit::image::hub::familiar("docker.io/ghcr.io/a:1"), "docker.io/ghcr.io/a:1");
/// ```
pub fn familiar(image: &str) -> &str {
    let Some(path) = image.strip_prefix(NAME).and_then(|rest| rest.strip_prefix('/')) else {
        return image;
    };
    let official = path.strip_prefix("library/").filter(|rest| !rest.contains('/'));
    let reads_as_host = |first: &str| first.contains(['.', ':']) || first == "localhost";
    match (official, path.split_once('/')) {
        (Some(name), _) => name,
        (None, Some((first, _))) if reads_as_host(first) => image,
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_host_is_what_it_is_and_no_more() {
        let rows = [
            (NAME, true, true, true),
            (INDEX, true, true, true),
            (HOST, false, true, true),
            (SITE_REGISTRY, false, true, true),
            (TOKEN_HOST, false, false, true),
            (SITE, false, false, true),
            (LAYERS, false, false, true),
            ("production.docker.io", false, false, true),
            ("notdocker.io", false, false, false),
            ("docker.io.example.com", false, false, false),
            ("registry-1.docker.io.example", false, false, false),
            ("docs.docker.com", false, false, false),
            ("", false, false, false),
        ];
        for (host, name, registry, owned) in rows {
            assert_eq!(
                (is_name(host), is_registry(host), owns(host)),
                (name, registry, owned),
                "{host}"
            );
        }
    }

    #[test]
    fn urls_are_those_of_the_hosts() {
        assert_eq!(REGISTRY_URL, format!("https://{HOST}"));
        assert_eq!(REALM, format!("https://{TOKEN_HOST}/token"));
        assert_eq!(LOGIN_KEY, format!("https://{INDEX}/v1/"));
    }
}
