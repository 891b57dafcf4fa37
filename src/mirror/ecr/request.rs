//! What is asked of ECR, checked here before anything leaves the machine: the aws command checks
//! shortest lengths only and leaves patterns, longest lengths and choices to the service (seen with
//! 1.46.3). The patterns are those of ECR's service model in botocore 1.44.8; the regions without the
//! feature are from AWS's page on pull through caches (read November 2026).

use super::upstream::{Host, Login, UPSTREAMS, Upstream};
use crate::image::ecr::{EcrHost, Partition, is_account};
use crate::image::is_repository;

/// Regions in which no rule can be created.
const WITHOUT_RULES: [&str; 4] = ["cn-north-1", "cn-northwest-1", "us-gov-east-1", "us-gov-west-1"];
/// The prefix that stands for every repository without a rule of its own.
pub const ROOT: &str = "ROOT";
/// What the name of a rule's secret begins with.
pub(super) const SECRET_BEGINS: &str = "ecr-pullthroughcache/";

/// What was typed.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
    /// The prefix of the repositories.
    pub prefix: String,
    /// The upstream registry's name.
    pub upstream: String,
    /// Its host, where the name leaves that open.
    pub upstream_url: Option<String>,
    /// The part of another ECR that is looked at.
    pub upstream_prefix: Option<String>,
    /// The name or ARN of the secret.
    pub secret: Option<String>,
    /// The role by which ECR reads another ECR.
    pub role: Option<String>,
    /// Who else may import images: accounts or ARNs.
    pub pullers: Vec<String>,
}

/// What is asked of ECR, all of it well formed.
#[derive(Debug, Clone)]
pub struct Request {
    /// Twelve digits.
    pub account: String,
    /// The region.
    pub region: String,
    /// The region's part of Amazon's cloud.
    pub partition: &'static Partition,
    /// The prefix of the repositories, or `ROOT`.
    pub prefix: String,
    /// In front of what.
    pub upstream: &'static Upstream,
    /// Its host.
    pub upstream_url: String,
    /// The part of another ECR that is looked at.
    pub upstream_prefix: Option<String>,
    /// Where the login lies; `None` where none is needed.
    pub secret: Option<Secret>,
    /// The role by which ECR reads another ECR.
    pub role: Option<String>,
    /// ARNs of those who may import images by the registry's policy.
    pub pullers: Vec<String>,
}

/// Where the login to the upstream registry lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Secret {
    /// Under this name, made where it is missing.
    Named(String),
    /// There already, kept by somebody else.
    Arn(String),
}

/// Why nothing was asked. Each is a usage error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// No account.
    #[error("--account {0:?} is no account: it has twelve digits")]
    Account(String),
    /// No region.
    #[error("--region {0:?} is no region of AWS such as eu-central-1")]
    Region(String),
    /// A region without the feature.
    #[error("ECR has no pull through cache rules in {0}")]
    WithoutRules(String),
    /// A partition from which no registry of the internet can be reached.
    #[error("{region} is in {partition}, from which no registry on the internet can be reached")]
    Isolated {
        /// The region.
        region: String,
        /// Its partition.
        partition: &'static str,
    },
    /// A prefix that ECR does not take.
    #[error("{option} {prefix:?}: {why}")]
    Prefix {
        /// The option.
        option: &'static str,
        /// What was typed.
        prefix: String,
        /// What is wrong.
        why: &'static str,
    },
    /// No such upstream.
    #[error("--upstream {0:?} is none that ECR knows: {known}", known = known())]
    Upstream(String),
    /// The upstream's host is wrong or missing.
    #[error("--upstream-url {url:?}: {wanted}")]
    Url {
        /// What was typed.
        url: String,
        /// What is wanted.
        wanted: String,
    },
    /// The secret's name or ARN is wrong.
    #[error("--secret {0:?}: {1}")]
    Secret(String, String),
    /// The role's ARN is wrong.
    #[error("--role-arn {0:?} is no ARN of a role, such as arn:aws:iam::123456789012:role/NAME")]
    Role(String),
    /// A puller is neither an account nor the ARN of somebody.
    #[error("--puller {0:?} is neither an account nor the ARN of a role, a user or an account")]
    Puller(String),
    /// An option that this upstream has no use for.
    #[error("{option} is for {with}, not for {upstream}")]
    Unused {
        /// The option.
        option: &'static str,
        /// Where it is of use.
        with: &'static str,
        /// The upstream that was named.
        upstream: &'static str,
    },
}

fn known() -> String {
    UPSTREAMS.iter().map(|upstream| upstream.name).collect::<Vec<_>>().join(", ")
}

impl RequestError {
    /// What to do next, where that is more than to write it right.
    pub fn advice(&self) -> Option<&'static str> {
        Some(match self {
            Self::WithoutRules(_) => {
                "copy the images with dhlimit mirror copy, or run a cache of your own there (Distribution, Harbor)"
            }
            Self::Isolated { .. } => {
                "bring the images in as files: a cache has nobody to ask there"
            }
            Self::Prefix { .. } => {
                "2 to 30 characters: lower-case words joined by . _ __ - and /, such as docker-hub or team/hub, or ROOT"
            }
            _ => return None,
        })
    }
}

impl Request {
    /// Checks what was typed.
    ///
    /// # Errors
    /// The first thing that ECR would refuse, or take and then fail with.
    pub fn parse(wanted: Wanted) -> Result<Self, RequestError> {
        if !is_account(&wanted.account) {
            return Err(RequestError::Account(wanted.account));
        }
        let upstream = Upstream::by_name(&wanted.upstream)
            .ok_or_else(|| RequestError::Upstream(wanted.upstream.clone()))?;
        let partition = region(&wanted.region, upstream)?;
        prefix("--prefix", &wanted.prefix)?;
        let upstream_url = upstream_url(upstream, wanted.upstream_url)?;
        let unused = |option, with| RequestError::Unused { option, with, upstream: upstream.name };
        if let Some(part) = &wanted.upstream_prefix {
            if upstream.login != Login::Role {
                return Err(unused("--upstream-prefix", "another ECR (--upstream ecr)"));
            }
            prefix("--upstream-prefix", part)?;
            if wanted.prefix == ROOT {
                return Err(RequestError::Prefix {
                    option: "--upstream-prefix",
                    prefix: part.clone(),
                    why: "ECR takes none beside --prefix ROOT",
                });
            }
        }
        if let Some(role) = &wanted.role {
            if upstream.login != Login::Role {
                return Err(unused("--role-arn", "another account's ECR (--upstream ecr)"));
            }
            if !is_role(role) {
                return Err(RequestError::Role(role.clone()));
            }
        }
        let secret = match (upstream.login, wanted.secret) {
            (Login::Secret, given) => {
                Some(secret(given, &wanted.prefix, &wanted.account, &wanted.region)?)
            }
            (_, Some(_)) => return Err(unused("--secret", "upstream registries with a login")),
            (_, None) => None,
        };
        let pullers = wanted.pullers.into_iter().map(|puller| principal(puller, partition));
        Ok(Self {
            pullers: pullers.collect::<Result<_, _>>()?,
            account: wanted.account,
            region: wanted.region,
            partition,
            prefix: wanted.prefix,
            upstream,
            upstream_url,
            upstream_prefix: wanted.upstream_prefix,
            secret,
            role: wanted.role,
        })
    }

    /// The host that is pulled from.
    pub fn host(&self) -> String {
        self.partition.host(&self.account, &self.region)
    }

    /// What stands between the host and the upstream's repository, with a slash at its end.
    pub fn path(&self) -> String {
        match self.prefix.trim_end_matches('/') {
            ROOT => String::new(),
            prefix => format!("{prefix}/"),
        }
    }

    /// How an image of the upstream is pulled through the rule, by example.
    pub fn example(&self) -> String {
        let image =
            if self.upstream.name == "docker-hub" { "library/nginx:1.27" } else { "NAME:TAG" };
        format!("{}/{}{image}", self.host(), self.path())
    }
}

fn region(region: &str, upstream: &Upstream) -> Result<&'static Partition, RequestError> {
    let partition = Partition::of(region).ok_or_else(|| RequestError::Region(region.to_owned()))?;
    if WITHOUT_RULES.contains(&region) {
        return Err(RequestError::WithoutRules(region.to_owned()));
    }
    if partition.isolated && upstream.login != Login::Role {
        let region = region.to_owned();
        return Err(RequestError::Isolated { region, partition: partition.name });
    }
    Ok(partition)
}

/// `^([a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/…)*\/?|ROOT)$`, 2 to 30 characters.
fn prefix(option: &'static str, prefix: &str) -> Result<(), RequestError> {
    let wrong = |why| Err(RequestError::Prefix { option, prefix: prefix.to_owned(), why });
    let path = prefix.strip_suffix('/').unwrap_or(prefix);
    match prefix.chars().count() {
        _ if prefix.chars().any(|c| c.is_ascii_uppercase()) && prefix != ROOT => {
            wrong("it has upper-case letters, and only ROOT may")
        }
        0..2 => wrong("it has fewer than 2 characters"),
        31.. => wrong("it has more than 30 characters"),
        _ if prefix == ROOT || is_repository(path) => Ok(()),
        _ => wrong("it is no path of lower-case words"),
    }
}

fn upstream_url(upstream: &Upstream, given: Option<String>) -> Result<String, RequestError> {
    let url = given.unwrap_or_default();
    let wrong = |wanted: String| Err(RequestError::Url { url: url.clone(), wanted });
    match upstream.host {
        Host::Fixed(host) if url.is_empty() || url == host => Ok(host.to_owned()),
        Host::Fixed(host) => wrong(format!("for {} ECR takes {host} only", upstream.name)),
        Host::Azure => {
            let name = url.strip_suffix(".azurecr.io").unwrap_or_default();
            if (5..=50).contains(&name.len())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
            {
                return Ok(url);
            }
            wrong("name the registry, as NAME.azurecr.io".to_owned())
        }
        Host::Ecr => match EcrHost::of(&url) {
            Some(EcrHost::Private(host)) if !host.fips && !host.dual_stack => Ok(url),
            _ => wrong("name the registry, as ACCOUNT.dkr.ecr.REGION.amazonaws.com".to_owned()),
        },
    }
}

fn is_secret_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || "/_+=.@-".contains(c)
}

fn secret(
    given: Option<String>,
    prefix: &str,
    account: &str,
    region: &str,
) -> Result<Secret, RequestError> {
    let given = given.unwrap_or_else(|| format!("{SECRET_BEGINS}{}", prefix.trim_end_matches('/')));
    let wrong = |why: String| Err(RequestError::Secret(given.clone(), why));
    if let Some(rest) = given.strip_prefix("arn:") {
        let parts: Vec<&str> = rest.splitn(6, ':').collect();
        let [partition, service, in_region, of, kind, name] = parts.as_slice() else {
            return wrong("it is no ARN of a secret".to_owned());
        };
        if !is_partition(partition) || *service != "secretsmanager" || *kind != "secret" {
            return wrong("it is no ARN of a secret".to_owned());
        }
        let word = |name: &str| !name.is_empty() && name.chars().all(is_secret_character);
        if !name.strip_prefix(SECRET_BEGINS).is_some_and(word) {
            return wrong(format!("the secret's name must begin {SECRET_BEGINS}"));
        }
        if (*in_region, *of) != (region, account) {
            return wrong(format!(
                "ECR reads a secret of its own account and region only: {account} in {region}"
            ));
        }
        if !(50..=612).contains(&given.len()) {
            return wrong("an ARN has 50 to 612 characters here".to_owned());
        }
        return Ok(Secret::Arn(given));
    }
    let Some(name) = given.strip_prefix(SECRET_BEGINS).filter(|name| !name.is_empty()) else {
        return wrong(format!("the secret's name must begin {SECRET_BEGINS}"));
    };
    if given.len() > 512 || !name.chars().all(is_secret_character) {
        return wrong("a name has up to 512 letters, digits and / _ + = . @ -".to_owned());
    }
    Ok(Secret::Named(given))
}

/// `aws(-\w+)*`.
fn is_partition(text: &str) -> bool {
    let word = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let mut parts = text.split('-');
    parts.next() == Some("aws") && parts.all(word)
}

/// The account and resource of an ARN of IAM.
fn of_iam(arn: &str) -> Option<(&str, &str)> {
    let rest = arn.strip_prefix("arn:").filter(|_| arn.len() <= 2048)?;
    let (partition, rest) = rest.split_once(':')?;
    let (account, resource) = rest.strip_prefix("iam::")?.split_once(':')?;
    (is_partition(partition) && is_account(account) && !resource.contains(char::is_whitespace))
        .then_some((account, resource))
}

fn is_named(resource: &str, kind: &str) -> bool {
    resource.strip_prefix(kind).is_some_and(|name| {
        !name.is_empty()
            && !name.ends_with('/')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "/_+=,.@-".contains(c))
    })
}

fn is_role(arn: &str) -> bool {
    of_iam(arn).is_some_and(|(_, resource)| is_named(resource, "role/"))
}

fn principal(puller: String, partition: &Partition) -> Result<String, RequestError> {
    if is_account(&puller) {
        return Ok(format!("arn:{}:iam::{puller}:root", partition.name));
    }
    let known = |(_, resource): (&str, &str)| {
        resource == "root" || is_named(resource, "role/") || is_named(resource, "user/")
    };
    if of_iam(&puller).is_some_and(known) { Ok(puller) } else { Err(RequestError::Puller(puller)) }
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
