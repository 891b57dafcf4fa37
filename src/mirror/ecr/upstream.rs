//! What ECR can stand in front of: the registries that a pull-through cache rule knows, what each is
//! called, and whether it wants a login. Source: the service model of ECR in botocore 1.44.8 and AWS's
//! page on creating a rule (read November 2026).

use crate::image::hub;

/// A registry that ECR can stand in front of.
#[derive(Debug, PartialEq, Eq)]
pub struct Upstream {
    /// ECR's name for it.
    pub name: &'static str,
    /// Its host.
    pub host: Host,
    /// How ECR logs in there.
    pub login: Login,
}

/// The host of an upstream registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Host {
    /// Always this one.
    Fixed(&'static str),
    /// `NAME.azurecr.io`.
    Azure,
    /// Another account's or region's registry in ECR.
    Ecr,
}

/// How ECR logs in at an upstream registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Login {
    /// Not at all.
    None,
    /// By a user name and an access token, in a secret.
    Secret,
    /// By a role, where the registry is another account's.
    Role,
}

/// Every upstream registry there is.
pub static UPSTREAMS: [Upstream; 9] = [
    Upstream { name: "docker-hub", host: Host::Fixed(hub::HOST), login: Login::Secret },
    Upstream { name: "ecr", host: Host::Ecr, login: Login::Role },
    Upstream { name: "ecr-public", host: Host::Fixed("public.ecr.aws"), login: Login::None },
    Upstream { name: "quay", host: Host::Fixed("quay.io"), login: Login::None },
    Upstream { name: "k8s", host: Host::Fixed("registry.k8s.io"), login: Login::None },
    Upstream {
        name: "github-container-registry",
        host: Host::Fixed("ghcr.io"),
        login: Login::Secret,
    },
    Upstream { name: "azure-container-registry", host: Host::Azure, login: Login::Secret },
    Upstream {
        name: "gitlab-container-registry",
        host: Host::Fixed("registry.gitlab.com"),
        login: Login::Secret,
    },
    Upstream { name: "chainguard", host: Host::Fixed("cgr.dev"), login: Login::Secret },
];

impl Upstream {
    /// The one of that name.
    pub fn by_name(name: &str) -> Option<&'static Self> {
        UPSTREAMS.iter().find(|upstream| upstream.name == name)
    }
}
