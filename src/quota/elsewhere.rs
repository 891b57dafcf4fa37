//! The limits of registries other than Docker Hub, as their own pages tell them: none sends headers of a
//! count, and none is without a limit. A table with dates and sources, as the policies are; what is not
//! known is said so. Looked up November 2026.

use crate::image::Reference;
use crate::image::ecr::EcrHost;

/// What is known of a registry's limits.
#[derive(Debug, PartialEq, Eq)]
pub struct Elsewhere {
    /// What people call it.
    pub name: &'static str,
    /// Its limits on pulls, a sentence.
    pub pulls: &'static str,
    /// How a refusal reads.
    pub refusal: &'static str,
    /// Pulls a second that an anonymous client may make, where that is so few that pace is needed.
    pub pulls_per_second: Option<u32>,
    /// Manifests a second that may be pushed, where that is told.
    pub pushes_per_second: Option<u32>,
    /// When this was looked up.
    pub date: &'static str,
    /// Where.
    pub source: &'static str,
}

/// When the rows were looked up.
const DATE: &str = "2026-11-26";

static ECR: Elsewhere = Elsewhere {
    name: "Amazon ECR",
    pulls: "2,000 pulls (BatchGetImage), 3,000 layers and 500 logins a second for each account and region; FIPS hosts cannot import an image through a cache rule",
    refusal: "toomanyrequests: Rate exceeded, or ThrottlingException",
    pulls_per_second: None,
    pushes_per_second: Some(10),
    date: DATE,
    source: "https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html",
};
static ECR_PUBLIC: Elsewhere = Elsewhere {
    name: "Amazon ECR Public",
    pulls: "1 pull a second and 500 GB a month without a login, 10 a second and 5 TB a month with one",
    refusal: "toomanyrequests: Rate exceeded, or Data limit exceeded",
    pulls_per_second: Some(1),
    pushes_per_second: Some(1),
    date: DATE,
    source: "https://docs.aws.amazon.com/AmazonECR/latest/public/public-service-quotas.html",
};
static GHCR: Elsewhere = Elsewhere {
    name: "GitHub Container Registry",
    pulls: "44,000 requests a minute, as its refusals say; GitHub publishes no number",
    refusal: "toomanyrequests with retry-after and allowed: 44000/minute",
    pulls_per_second: None,
    pushes_per_second: None,
    date: DATE,
    source: "the wording of its refusals",
};
static QUAY: Elsewhere = Elsewhere {
    name: "Quay.io",
    pulls: "requests of an address are limited; Red Hat publishes no number",
    refusal: "429 Too Many Requests",
    pulls_per_second: None,
    pushes_per_second: None,
    date: DATE,
    source: "https://docs.quay.io",
};
static GCR: Elsewhere = Elsewhere {
    name: "Google Artifact Registry",
    pulls: "requests a minute are limited for each project and region, by the project's own quota",
    refusal: "TOOMANYREQUESTS: Quota exceeded for quota metric 'Requests per project per region'",
    pulls_per_second: None,
    pushes_per_second: None,
    date: DATE,
    source: "https://cloud.google.com/artifact-registry/quotas",
};
static GOOGLE_MIRROR: Elsewhere = Elsewhere {
    name: "Google's mirror of Docker Hub",
    pulls: "requests are limited and no number is published; it holds images that are often asked for, and any other is 404 there",
    refusal: "429 Too Many Requests",
    pulls_per_second: None,
    pushes_per_second: None,
    date: DATE,
    source: "https://cloud.google.com/artifact-registry/docs/pull-cached-dockerhub-images",
};
static ACR: Elsewhere = Elsewhere {
    name: "Azure Container Registry",
    pulls: "operations a minute are limited by the registry's tier; its cache rules meet the limits of the registry behind them, too",
    refusal: "TOOMANYREQUESTS, or too many requests to source registry for cache rule",
    pulls_per_second: None,
    pushes_per_second: None,
    date: DATE,
    source: "https://learn.microsoft.com/azure/container-registry/container-registry-skus",
};

/// What is known of the limits of an image's registry; `None` of Docker Hub, whose headers tell them, and
/// of registries that are not known.
///
/// ```
/// use dhlimit::quota::elsewhere;
/// let image = "public.ecr.aws/docker/library/nginx".parse().unwrap();
/// assert!(elsewhere(&image).unwrap().pulls.starts_with("1 pull a second"));
/// assert!(elsewhere(&"nginx".parse().unwrap()).is_none());
/// ```
pub fn elsewhere(image: &Reference) -> Option<&'static Elsewhere> {
    let host = image.registry().to_ascii_lowercase();
    match EcrHost::of(&host) {
        Some(EcrHost::Private(_)) => return Some(&ECR),
        Some(EcrHost::Public) => return Some(&ECR_PUBLIC),
        None => {}
    }
    match host.as_str() {
        "ghcr.io" => Some(&GHCR),
        "quay.io" => Some(&QUAY),
        "mirror.gcr.io" => Some(&GOOGLE_MIRROR),
        "gcr.io" => Some(&GCR),
        _ if host.ends_with(".gcr.io") || host.ends_with("-docker.pkg.dev") => Some(&GCR),
        _ if host.ends_with(".azurecr.io")
            || host.ends_with(".azurecr.cn")
            || host.ends_with(".azurecr.us") =>
        {
            Some(&ACR)
        }
        _ => None,
    }
}

/// What an answer without the headers of a count means for an image: at Docker Hub that no limit applies,
/// at a registry that is known that it has one which it does not tell.
///
/// ```
/// use dhlimit::quota::without_count;
/// assert_eq!(without_count(&"nginx".parse().unwrap()), "no pull limit applies");
/// assert!(without_count(&"public.ecr.aws/x/y".parse().unwrap()).contains("1 pull a second"));
/// ```
pub fn without_count(image: &Reference) -> String {
    elsewhere(image).map_or_else(
        || "no pull limit applies".to_owned(),
        |known| format!("{} tells no count, and has a limit: {}", known.name, known.pulls),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_host_has_its_row_and_none_is_without_a_limit() {
        let rows = [
            ("123456789012.dkr.ecr.eu-central-1.amazonaws.com", "Amazon ECR"),
            ("123456789012.dkr-ecr.us-east-1.on.aws", "Amazon ECR"),
            ("123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com", "Amazon ECR"),
            ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "Amazon ECR"),
            ("123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu", "Amazon ECR"),
            ("public.ecr.aws", "Amazon ECR Public"),
            ("ecr-public.aws.com", "Amazon ECR Public"),
            ("ghcr.io", "GitHub Container Registry"),
            ("quay.io", "Quay.io"),
            ("gcr.io", "Google Artifact Registry"),
            ("eu.gcr.io", "Google Artifact Registry"),
            ("europe-west1-docker.pkg.dev", "Google Artifact Registry"),
            ("mirror.gcr.io", "Google's mirror of Docker Hub"),
            ("shop.azurecr.io", "Azure Container Registry"),
        ];
        for (host, name) in rows {
            let row = elsewhere(&format!("{host}/a/b:1").parse().unwrap()).unwrap();
            assert_eq!(row.name, name, "{host}");
            assert!(!row.pulls.contains("no limit") && row.date.len() == 10, "{host}");
        }
        for other in
            ["docker.io", "registry.example", "notghcr.io", "quay.io.example", "localhost:5000"]
        {
            assert_eq!(elsewhere(&format!("{other}/a/b:1").parse().unwrap()), None, "{other}");
        }
    }
}
