//! Parsing after Docker's rules: the grammar of `distribution/reference` (v0.6, 2024) with its
//! normalisation of familiar names: `nginx` is `docker.io/library/nginx:latest`.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use crate::text::redact_argument;

use super::host::{host_of, is_loopback};
use super::hub;

/// The most bytes a repository name with its registry may have.
const NAME_MAX: usize = 255;

/// A complete image reference: registry, repository, and a tag, a digest or both.
///
/// ```
/// let nginx: dhlimit::image::Reference = "nginx".parse().unwrap();
/// assert_eq!(nginx.to_string(), "docker.io/library/nginx:latest");
/// assert!(nginx.is_docker_hub());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<String>,
}

/// Why a text is no image reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// Nothing was given.
    #[error("the image reference is empty")]
    Empty,
    /// A URL was given.
    #[error("{0:?} is a URL; an image reference has no scheme")]
    Scheme(String),
    /// The registry part is no host with an optional port.
    #[error("{0:?} is no registry host")]
    Registry(String),
    /// A repository has upper-case letters.
    #[error("the repository name {0:?} must be lower case")]
    UpperCase(String),
    /// A repository does not follow the grammar.
    #[error("{0:?} is no repository name")]
    Repository(String),
    /// A tag does not follow the grammar.
    #[error("{0:?} is no tag: letters, digits, _ . - only, at most 128")]
    Tag(String),
    /// A digest does not follow the grammar.
    #[error("{0:?} is no digest such as sha256: and 64 hexadecimal digits")]
    Digest(String),
    /// The name is too long.
    #[error("the repository name is longer than {NAME_MAX} characters")]
    TooLong,
    /// 64 hexadecimal digits name a local image, not one in a registry.
    #[error("64 hexadecimal digits are an image ID, not a name in a registry")]
    ImageId,
}

impl Reference {
    /// The registry as Docker names it: `docker.io`, or a host with an optional port.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The repository with its namespace, such as `library/nginx`.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag; `None` where only a digest was given.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest, such as `sha256:…`.
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// What stands in a manifest URL: the digest where there is one, else the tag.
    pub fn manifest(&self) -> &str {
        self.digest.as_deref().or(self.tag.as_deref()).unwrap_or("latest")
    }

    /// Whether Docker Hub serves and counts this image, under whichever of its host names.
    pub fn is_docker_hub(&self) -> bool {
        hub::is_registry(&self.registry)
    }

    /// The registry by one name: `docker.io` under whichever of Docker Hub's hosts the image stands.
    pub fn canonical_registry(&self) -> &str {
        if self.is_docker_hub() { hub::NAME } else { &self.registry }
    }

    /// Whether the registry is on this machine's loopback: `localhost`, 127.0.0.0/8 or `[::1]`.
    pub fn is_loopback(&self) -> bool {
        is_loopback(host_of(&self.registry))
    }

    /// The same repository, tag and digest at another registry (a host with an optional port).
    pub fn at_registry(&self, registry: &str) -> Result<Self, ReferenceError> {
        if !is_registry(registry) {
            return Err(ReferenceError::Registry(registry.to_owned()));
        }
        Ok(Self { registry: registry.to_owned(), ..self.clone() })
    }

    /// Docker's short form: `nginx:latest` for `docker.io/library/nginx:latest`.
    pub fn familiar(&self) -> String {
        let full = self.to_string();
        hub::familiar(&full).to_owned()
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        if text.is_empty() {
            return Err(ReferenceError::Empty);
        }
        if text.contains("://") {
            return Err(ReferenceError::Scheme(redact_argument(text)));
        }
        if text.len() == 64 && text.bytes().all(is_lower_hex) {
            return Err(ReferenceError::ImageId);
        }
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) if is_digest(digest) => (rest, Some(digest.to_owned())),
            Some((_, digest)) => return Err(ReferenceError::Digest(redact_argument(digest))),
            None => (text, None),
        };
        let (registry, path) = split_registry(rest);
        let (path, tag) = match path.split_once(':') {
            Some((path, tag)) if is_tag(tag) => (path, Some(tag.to_owned())),
            Some((_, tag)) => return Err(ReferenceError::Tag(tag.to_owned())),
            None => (path, None),
        };
        if !is_registry(registry) {
            return Err(ReferenceError::Registry(registry.to_owned()));
        }
        if path.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(ReferenceError::UpperCase(path.to_owned()));
        }
        if !is_repository(path) {
            return Err(ReferenceError::Repository(path.to_owned()));
        }
        let registry = if registry == hub::INDEX { hub::NAME } else { registry };
        let repository = if registry == hub::NAME && !path.contains('/') {
            format!("library/{path}")
        } else {
            path.to_owned()
        };
        if registry.len() + 1 + repository.len() > NAME_MAX {
            return Err(ReferenceError::TooLong);
        }
        let tag = tag.or_else(|| digest.is_none().then(|| "latest".to_owned()));
        Ok(Self { registry: registry.to_owned(), repository, tag, digest })
    }
}

/// The first component is a registry where it looks like a host: a dot, a colon, `localhost`, a
/// bracket, or an upper-case letter (which no repository may have).
fn split_registry(name: &str) -> (&str, &str) {
    match name.split_once('/') {
        Some((first, path))
            if first == "localhost"
                || first.contains(['.', ':', '['])
                || first.bytes().any(|byte| byte.is_ascii_uppercase()) =>
        {
            (first, path)
        }
        _ => (hub::NAME, name),
    }
}

fn is_registry(registry: &str) -> bool {
    let (host_is_good, rest) = if let Some(bracketed) = registry.strip_prefix('[') {
        match bracketed.split_once(']') {
            Some((host, rest)) => (host.parse::<Ipv6Addr>().is_ok(), rest),
            None => return false,
        }
    } else {
        let host = host_of(registry);
        (host.split('.').all(is_domain_component), registry.get(host.len()..).unwrap_or(""))
    };
    let port_is_good = rest.is_empty()
        || rest.strip_prefix(':').is_some_and(|port| {
            port.parse::<u16>().is_ok() && port.bytes().all(|byte| byte.is_ascii_digit())
        });
    host_is_good && port_is_good
}

fn is_domain_component(component: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    !component.is_empty()
        && !component.starts_with('-')
        && !component.ends_with('-')
        && component.bytes().all(inner)
}

/// Whether a text is a repository's path in a registry.
///
/// ```
/// assert!(dhlimit::image::is_repository("library/nginx"));
/// assert!(!dhlimit::image::is_repository("Library//nginx"));
/// ```
pub fn is_repository(path: &str) -> bool {
    path.split('/').all(is_path_component)
}

/// `[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*`
fn is_path_component(component: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let mut rest = component.as_bytes();
    loop {
        let word = rest.iter().take_while(|byte| is_word(**byte)).count();
        if word == 0 {
            return false;
        }
        rest = rest.get(word..).unwrap_or_default();
        if rest.is_empty() {
            return true;
        }
        let separator = rest.iter().take_while(|byte| !is_word(**byte)).count();
        let (found, after) = rest.split_at(separator);
        let good = matches!(found, b"." | b"_" | b"__")
            || (!found.is_empty() && found.iter().all(|byte| *byte == b'-'));
        if !good {
            return false;
        }
        rest = after;
    }
}

fn is_tag(tag: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    tag.len() <= 128
        && tag.bytes().next().is_some_and(word)
        && tag.bytes().all(|byte| word(byte) || matches!(byte, b'.' | b'-'))
}

/// Whether a text is a digest: an algorithm that registries use, and as many hexadecimal digits, in lower
/// case, as it gives.
pub fn is_digest(digest: &str) -> bool {
    let Some((algorithm, hex)) = digest.split_once(':') else { return false };
    let hex_is_good = hex.bytes().all(is_lower_hex);
    match algorithm {
        "sha256" => hex.len() == 64 && hex_is_good,
        "sha384" => hex.len() == 96 && hex_is_good,
        "sha512" => hex.len() == 128 && hex_is_good,
        _ => false,
    }
}

fn is_lower_hex(byte: u8) -> bool {
    byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    const DIGEST: &str = "sha256:b579de5fc47e92a63312d381513dcd3352e30f9b4cc275a25ca95daf446074d1";

    #[rstest]
    #[case("nginx", "docker.io/library/nginx:latest")]
    #[case("nginx:1.27", "docker.io/library/nginx:1.27")]
    #[case("ratelimitpreview/test", "docker.io/ratelimitpreview/test:latest")]
    #[case("docker.io/nginx", "docker.io/library/nginx:latest")]
    #[case("index.docker.io/library/nginx", "docker.io/library/nginx:latest")]
    #[case("localhost/foo", "localhost/foo:latest")]
    #[case("localhost:5000/foo/bar:v1", "localhost:5000/foo/bar:v1")]
    #[case("127.0.0.1:5000/nginx", "127.0.0.1:5000/nginx:latest")]
    #[case("[::1]:5000/foo", "[::1]:5000/foo:latest")]
    #[case("[2001:db8::1]/foo:x", "[2001:db8::1]/foo:x")]
    #[case("quay.io/a/b/c", "quay.io/a/b/c:latest")]
    #[case("Registry.example/foo", "Registry.example/foo:latest")]
    #[case("a__b/c-d.e_f", "docker.io/a__b/c-d.e_f:latest")]
    fn docker_names_are_normalised(#[case] typed: &str, #[case] meant: &str) {
        assert_eq!(typed.parse::<Reference>().unwrap().to_string(), meant);
    }

    #[test]
    fn a_digest_stands_with_or_without_a_tag() {
        let both: Reference = format!("nginx:1.27@{DIGEST}").parse().unwrap();
        assert_eq!(
            (both.tag(), both.digest(), both.manifest()),
            (Some("1.27"), Some(DIGEST), DIGEST)
        );
        let digest_only: Reference = format!("nginx@{DIGEST}").parse().unwrap();
        assert_eq!((digest_only.tag(), digest_only.familiar()), (None, format!("nginx@{DIGEST}")));
    }

    #[rstest]
    #[case("")]
    #[case("https://docker.io/nginx")]
    #[case("Nginx")]
    #[case("foo/Bar")]
    #[case("nginx:")]
    #[case("nginx:-x")]
    #[case("nginx@sha256:abc")]
    #[case("nginx@md5:d41d8cd98f00b204e9800998ecf8427e")]
    #[case("foo//bar")]
    #[case("/foo")]
    #[case("foo/")]
    #[case("a___b")]
    #[case("-foo")]
    #[case("foo.")]
    #[case("host:port/foo")]
    #[case("host:99999/foo")]
    #[case("[::zz]/foo")]
    #[case("[::1/foo")]
    #[case("-bad.example/foo")]
    #[case("b579de5fc47e92a63312d381513dcd3352e30f9b4cc275a25ca95daf446074d1")]
    #[case("nginx latest")]
    #[case("nginx\u{1b}[31m")]
    fn what_docker_refuses_is_refused(#[case] typed: &str) {
        assert!(typed.parse::<Reference>().is_err(), "{typed:?} was taken");
    }

    #[test]
    fn docker_hub_and_loopback_are_known() {
        let reference = |text: &str| text.parse::<Reference>().unwrap();
        assert!(reference("registry-1.docker.io/library/nginx").is_docker_hub());
        for (image, registry) in [
            ("nginx", "docker.io"),
            ("registry-1.docker.io/library/nginx", "docker.io"),
            ("registry.hub.docker.com/library/nginx", "docker.io"),
            ("ghcr.io/a/b", "ghcr.io"),
        ] {
            assert_eq!(reference(image).canonical_registry(), registry, "{image}");
        }
        assert!(!reference("docker.io.example.com/nginx").is_docker_hub());
        assert!(reference("[::1]:5000/x").is_loopback());
        assert!(!reference("localhost.example.com/x").is_loopback());
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_what_it_takes_round_trips(text in "\\PC{0,80}") {
            if let Ok(reference) = text.parse::<Reference>() {
                prop_assert_eq!(reference.to_string().parse::<Reference>().unwrap(), reference);
            }
        }

        #[test]
        fn names_agree_with_the_oci_crate(host in "[a-z]{1,5}\\.[a-z]{2}(:[1-9][0-9]{0,3})?/", path in "[a-z0-9]{1,6}([._-][a-z0-9]{1,4}){0,2}(/[a-z0-9]{1,5}){0,2}", tag in "(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,9})?") {
            let text = format!("{host}{path}{tag}");
            let theirs: oci_spec::distribution::Reference = text.parse().unwrap();
            let ours: Reference = text.parse().unwrap();
            prop_assert_eq!((ours.registry(), ours.repository(), ours.tag()), (theirs.registry(), theirs.repository(), theirs.tag()));
        }
    }
}
