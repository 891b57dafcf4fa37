//! Where a registry lives, who issues its tokens, and which hosts may see credentials.

use url::Url;

use crate::image::{Reference, hub, is_loopback};

/// Registries whose token service is on a host of another name, by their own documentation
/// (looked up November 2026). A registry's own host needs no entry.
const KNOWN_TOKEN_HOSTS: [(&str, &str); 4] = [
    (hub::NAME, hub::TOKEN_HOST),
    (hub::HOST, hub::TOKEN_HOST),
    ("registry.gitlab.com", "gitlab.com"),
    ("registry.redhat.io", "sso.redhat.com"),
];

/// Where docker.io really lives, as the user says it.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// Its registry.
    pub registry: Option<Url>,
    /// Its token service; a bare host means `/token` there. Credentials may go to it.
    pub auth: Option<Url>,
}

/// A token service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenService {
    /// Its URL, without a query.
    pub realm: Url,
    /// What it calls the registry.
    pub service: Option<String>,
}

/// One registry as we reach it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The registry's name in references.
    pub registry: String,
    /// The root under which `/v2/` lies.
    pub base: Url,
    /// Its token service, where it is known without asking.
    pub token_service: Option<TokenService>,
    /// Hosts beside its own that may see credentials.
    trusted: Vec<String>,
    /// The token service that the user named, which may see them, too.
    named: Option<Url>,
}

/// Why there is no endpoint. A URL is never quoted whole: its user part may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Another scheme, or no host: `bob:secret@host` is one of scheme `bob`.
    #[error("a registry's URL begins with http:// or https:// and names a host; this one does not")]
    NotHttp,
    /// A name that no URL can have as its host.
    #[error("{0} cannot be the host of a URL")]
    Host(String),
    /// A user name or password before the host.
    #[error(
        "the URL of {0} carries a user name or password; they are given by --user and --password-stdin"
    )]
    Credentials(String),
}

/// The origin of a URL, which is all of it that is fit to show: the rest may hold a secret.
pub fn shown_origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

impl Endpoint {
    /// The endpoint of an image's registry.
    pub fn of(image: &Reference, places: &Places) -> Result<Self, EndpointError> {
        let is_hub = image.is_docker_hub();
        let base = match &places.registry {
            Some(url) if is_hub || is_at(url, image.registry()) => url.clone(),
            _ if is_hub => parse(hub::REGISTRY_URL)?,
            _ if image.is_loopback() => parse(&format!("http://{}", image.registry()))?,
            _ => parse(&format!("https://{}", image.registry()))?,
        };
        let base = checked(base)?;
        let auth = places.auth.clone().map(checked).transpose()?.map(|mut url| {
            if matches!(url.path(), "" | "/") {
                url.set_path("/token");
            }
            url
        });
        let token_service = match (&auth, &places.registry) {
            (Some(realm), _) if is_hub => {
                Some(TokenService { realm: realm.clone(), service: Some(hub::SERVICE.to_owned()) })
            }
            (None, None) if is_hub => Some(TokenService {
                realm: parse(hub::REALM)?,
                service: Some(hub::SERVICE.to_owned()),
            }),
            _ => None,
        };
        let known = KNOWN_TOKEN_HOSTS
            .iter()
            .filter(|(registry, _)| {
                *registry == image.registry() && (!is_hub || places.registry.is_none())
            })
            .map(|(_, host)| (*host).to_owned());
        Ok(Self {
            registry: image.registry().to_owned(),
            base,
            token_service,
            trusted: known.collect(),
            named: auth,
        })
    }

    /// A registry or mirror at a URL; nobody's credentials go there.
    pub fn at(url: Url) -> Result<Self, EndpointError> {
        let base = checked(url)?;
        Ok(Self {
            registry: host(&base),
            base,
            token_service: None,
            trusted: Vec::new(),
            named: None,
        })
    }

    /// The URL by which a registry says that it is one.
    pub(super) fn root(&self) -> Url {
        let is_there = self.base.path().trim_end_matches('/').ends_with("/v2");
        self.under(if is_there { "" } else { "v2/" })
    }

    /// Whether credentials for this registry may be sent to `url`: its own host, its known token
    /// host or a host the user named; and never in the clear where the registry itself is not. On
    /// loopback every port is another party, since whoever has an account here may listen on one.
    pub fn trusts(&self, url: &Url) -> bool {
        let Some(host) = url.host_str() else { return false };
        let same = |own: &Url| {
            own.host_str().is_some_and(|own| own.eq_ignore_ascii_case(host))
                && (!is_loopback(host)
                    || own.port_or_known_default() == url.port_or_known_default())
        };
        let known = same(&self.base)
            || self.named.as_ref().is_some_and(same)
            || self.trusted.iter().any(|trusted| trusted.eq_ignore_ascii_case(host));
        let sealed = url.scheme() == "https" || self.base.scheme() == "http" || is_loopback(host);
        known && sealed
    }

    /// The URL of a manifest.
    pub fn manifest(&self, image: &Reference, manifest: &str) -> Url {
        self.under(&format!("v2/{}/manifests/{manifest}", image.repository()))
    }

    /// The URL of a blob.
    pub fn blob(&self, image: &Reference, digest: &str) -> Url {
        self.under(&format!("v2/{}/blobs/{digest}", image.repository()))
    }

    fn under(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        let root = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{root}/{path}"));
        url
    }
}

/// The host and port of a URL, for people.
pub(super) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or("?");
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Whether a registry's name in references is the address of a URL.
fn is_at(url: &Url, registry: &str) -> bool {
    let port = url.port_or_known_default().unwrap_or_default();
    registry == host(url) || url.host_str().is_some_and(|host| registry == format!("{host}:{port}"))
}

fn parse(text: &str) -> Result<Url, EndpointError> {
    Url::parse(text)
        .map_err(|_| EndpointError::Host(crate::text::one_line(text, 300)))
        .and_then(checked)
}

fn checked(mut url: Url) -> Result<Url, EndpointError> {
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(EndpointError::NotHttp);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(EndpointError::Credentials(host(&url)));
    }
    url.set_query(None);
    url.set_fragment(None);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(image: &str, registry: Option<&str>, auth: Option<&str>) -> Endpoint {
        let url = |text: Option<&str>| text.map(|text| Url::parse(text).unwrap());
        Endpoint::of(&image.parse().unwrap(), &Places { registry: url(registry), auth: url(auth) })
            .unwrap()
    }

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn docker_hub_is_known_without_asking() {
        let hub = endpoint("nginx", None, None);
        assert_eq!(
            hub.manifest(&"nginx:1".parse().unwrap(), "1").as_str(),
            "https://registry-1.docker.io/v2/library/nginx/manifests/1"
        );
        assert_eq!(hub.token_service.unwrap().realm.as_str(), "https://auth.docker.io/token");
    }

    #[test]
    fn docker_hub_elsewhere_is_asked_there_only() {
        let hub = endpoint("nginx", Some("http://127.0.0.1:5000"), Some("http://127.0.0.1:5000"));
        assert_eq!(hub.base.as_str(), "http://127.0.0.1:5000/");
        assert_eq!(hub.token_service.unwrap().realm.as_str(), "http://127.0.0.1:5000/token");
        assert_eq!(endpoint("nginx", Some("http://127.0.0.1:5000"), None).token_service, None);
    }

    #[test]
    fn loopback_is_plain_and_others_are_not() {
        assert_eq!(
            endpoint("localhost:5000/a", None, None).base.as_str(),
            "http://localhost:5000/"
        );
        assert_eq!(endpoint("[::1]:5000/a", None, None).base.as_str(), "http://[::1]:5000/");
        assert_eq!(endpoint("quay.io/a", None, None).base.as_str(), "https://quay.io/");
    }

    #[test]
    fn credentials_go_to_known_hosts_only() {
        let hub = endpoint("nginx", None, None);
        for good in [
            "https://auth.docker.io/token",
            "https://AUTH.docker.io/token",
            "https://registry-1.docker.io/token",
        ] {
            assert!(hub.trusts(&url(good)), "{good}");
        }
        for bad in [
            "http://auth.docker.io/token",
            "https://auth.docker.io.evil.example/",
            "https://evil.example/auth.docker.io",
            "https://auth-docker.io/",
            "https://auth.docker.io@evil.example/",
            "https://docker.io.evil/",
        ] {
            assert!(!hub.trusts(&url(bad)), "{bad}");
        }
        let own = endpoint("registry.example:5000/a", None, None);
        assert!(
            own.trusts(&url("https://registry.example/token"))
                && !own.trusts(&url("http://registry.example/token"))
        );
        assert!(
            endpoint("registry.example/a", None, Some("https://login.example"))
                .trusts(&url("https://login.example/x"))
        );
        // A stand-in for Docker Hub does not inherit Docker Hub's token host.
        assert!(
            !endpoint("nginx", Some("http://127.0.0.1:5000"), None)
                .trusts(&url("https://auth.docker.io/token"))
        );
    }

    #[test]
    fn on_loopback_another_port_is_another_party() {
        let rows = [
            ("http://127.0.0.1:5000", None, "http://127.0.0.1:5000/token", true),
            ("http://127.0.0.1:5000", None, "http://127.0.0.1:5001/token", false),
            ("http://127.0.0.1:5000", None, "https://127.0.0.1:5001/token", false),
            ("http://127.0.0.1", None, "http://127.0.0.1:80/token", true),
            ("http://localhost:5000", None, "http://LOCALHOST:5001/token", false),
            ("http://localhost:5000", None, "http://127.0.0.1:5000/token", false),
            ("http://[::1]:5000", None, "http://[::1]:5000/token", true),
            ("http://[::1]:5000", None, "http://[::1]:5001/token", false),
            (
                "http://127.0.0.1:5000",
                Some("http://127.0.0.1:5001"),
                "http://127.0.0.1:5001/t",
                true,
            ),
            (
                "http://127.0.0.1:5000",
                Some("http://127.0.0.1:5001"),
                "http://127.0.0.1:5000/t",
                true,
            ),
            (
                "http://127.0.0.1:5000",
                Some("http://127.0.0.1:5001"),
                "http://127.0.0.1:5002/t",
                false,
            ),
            ("http://192.0.2.9:5000", None, "http://192.0.2.9:5001/token", true),
        ];
        for (registry, auth, asked, trusted) in rows {
            assert_eq!(
                endpoint("nginx", Some(registry), auth).trusts(&url(asked)),
                trusted,
                "{registry} {auth:?} {asked}"
            );
        }
    }

    #[test]
    fn urls_with_passwords_are_refused_without_showing_them() {
        for said in [
            "https://u:hunter2@registry.example",
            "https://hunter2@registry.example",
            "u:hunter2@registry.example",
        ] {
            let places = Places { registry: Some(url(said)), auth: None };
            let error = Endpoint::of(&"nginx".parse().unwrap(), &places).unwrap_err();
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }
}
