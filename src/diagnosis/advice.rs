//! From a class to the next step. Apart from the classes so that messages stay short and advice can
//! be shown on a line of its own.

use super::class::Class;
use crate::image::hub;

/// What to do about a failure of this class that was told in these words: one or two sentences.
pub fn advice(class: Class, said: &str) -> &'static str {
    match class {
        // The wording names an account where an account was counted.
        Class::PullLimit if said.contains("pull rate limit as '") => {
            "`dhlimit check` shows how much is left for whom, and the window: the count is full again at the latest one window after the last pull. \
             The account's own quota is used up: pull less often, through a cache such as an Amazon ECR pull-through cache rule or Harbor, or with a paid account."
        }
        Class::PullLimit => {
            "`dhlimit check` shows how much is left for whom, and the window: the count is full again at the latest one window after the last pull. \
             Log in for a quota of your own (`docker login`; the key in config.json is https://index.docker.io/v1/), or pull through a cache such as an Amazon ECR pull-through cache rule, mirror.gcr.io or Harbor."
        }
        Class::OverallLimit => {
            "This is the limit on all requests from your address, not the pull limit: logging in does not help. Stop retrying for a minute or more, \
             then ask less often and with fewer requests at once; look for a script or cache that asks in a loop, or for others behind the same address."
        }
        Class::LoginLimit => {
            "Docker Hub's token service is refusing logins from here: stop every retry and wait 10 to 15 minutes. \
             Then find what logs in too often or with a wrong password, and log in once per machine instead of once per job."
        }
        Class::OtherRegistryLimit if has(said, "pull qps exceeded") => {
            "This is the kubelet's own throttle on this node, not a registry's limit: it starts at most `registryPullQPS` pulls a second (5, and `registryBurst` 10 at once) and tries again by itself. \
             Raise both in the kubelet's configuration, or start fewer pods of new images at a time."
        }
        Class::OtherRegistryLimit if has(said, "public.ecr.aws") || has(said, "ecr-public") => {
            "This is Amazon ECR Public's limit: without a login 1 pull a second and 500 GB a month for each address, with one (`aws ecr-public get-login-password --region us-east-1`) 10 a second and 5 TB. \
             Pull one image at a time and try again after growing pauses, or log in."
        }
        Class::OtherRegistryLimit if is_ecr(said) => {
            "This is Amazon ECR's own rate for the account and region, not Docker Hub's count: let fewer nodes start at once, or ask for more under Service Quotas \
             (BatchGetImage for pulls, GetAuthorizationToken for logins, PutImage for pushes)."
        }
        Class::OtherRegistryLimit if has(said, "too many requests to source registry") => {
            "This is what the Azure cache rule's source registry answered: where that is Docker Hub, its pull limit, counted on the rule's credential set, or on Azure's own address without one. \
             Give the cache rule a credential set, and see its count with `dhlimit check --user NAME`."
        }
        Class::OtherRegistryLimit => {
            "This limit belongs to another registry, mirror or cache, not to Docker Hub's pull count: slow down or pull fewer images at once, \
             log in there if you have not, and see that registry's own quotas."
        }
        Class::LimitUnspecified => {
            "Docker Hub said 429 without saying which limit. Run `dhlimit check`: 0 remaining means the pull limit; anything left means the overall limit, \
             for which it helps to stop retrying for a minute."
        }
        Class::Denied | Class::Credentials | Class::NotFound | Class::Server | Class::Blocked
            if cache(said).is_some() =>
        {
            cache(said).unwrap_or_default()
        }
        Class::Credentials => {
            "Log in again: `docker login` for Docker Hub (the key in config.json must be https://index.docker.io/v1/), with an access token where two-factor login is on; \
             for Amazon ECR renew the 12-hour token with `aws ecr get-login-password`."
        }
        Class::Denied => {
            "Check the name for a typing error: a registry says the same of a private image and of one that does not exist. \
             If it is private, log in with an account that may read it. Behind an ECR pull-through cache, official images need `library/` in their name."
        }
        Class::NotFound => {
            "Check the tag and the platform: the repository has no such tag, digest or architecture. Tags can be deleted; pin a digest where that hurts."
        }
        Class::Network if said.to_ascii_lowercase().contains("proxy auth") => {
            "A proxy on the way to the registry wants a login of its own; logging in to the registry does not help. Put user and password into HTTPS_PROXY (http://USER:PASSWORD@PROXY:PORT) \
             where the runtime reads it (dockerd's or containerd's own environment, not your shell's), or list the registry in NO_PROXY if it can be reached without."
        }
        Class::Network => {
            "The registry was not reached: check name resolution, proxy (HTTPS_PROXY, NO_PROXY), firewall and certificates; for Docker Hub both registry-1.docker.io and auth.docker.io \
             must be reachable on port 443. `dhlimit check` asks both without a runtime."
        }
        Class::Server => {
            "The registry itself failed: wait and try again a few times with pauses; see the registry's status page. Failed pulls before this one may have counted."
        }
        Class::DiskFull => {
            "Free space where images are stored (`docker system df`, `docker image prune`, `nerdctl image prune`, `crictl rmi --prune`), or move the store to a bigger disk."
        }
        Class::RuntimeDown => {
            "Start the container runtime (`systemctl start docker` or `containerd`, `limactl start`, `podman machine start`), and see that this user may open its socket and that DOCKER_HOST or CONTAINERD_ADDRESS is right."
        }
        Class::Blocked => {
            "The answer came from a block, not from a limit: Docker refuses addresses of some countries, and company proxies refuse sites. Pull from another network, or through a mirror or cache that may."
        }
    }
}

/// What to do where a pull-through cache refused: its words blame something else than the cause.
/// Source: Amazon's pages on pull-through cache errors and the roadmap's issues on them (2024–2026),
/// Harbor's and Distribution's issues, and Distribution 2.8 in front of a registry at its limit.
fn cache(said: &str) -> Option<&'static str> {
    let is_upstream_login = has(said, "authentication to the upstream registry failed");
    let is_missing = ["manifest unknown", "not found", "does not exist", "name unknown"]
        .iter()
        .any(|words| has(said, words));
    if is_upstream_login || (is_ecr(said) && has(said, "403 forbidden")) {
        Some(
            "Behind an ECR pull-through cache this is most often the name, whatever it says of credentials: official images need `library/` after the prefix (HOST/docker-hub/library/nginx), all others must not have it. \
             If the name is right, Docker Hub refused the rule's secret: `aws ecr validate-pull-through-cache-rule --ecr-repository-prefix PREFIX` says whether its login works.",
        )
    } else if is_ecr(said) && has(said, "does not exist in the registry") {
        Some(
            "Either the name is wrong (account, region, the rule's prefix, `library/` for official images), or whoever pulls may not make the repository: on a first pull through a rule, ECR needs `ecr:CreateRepository` \
             and `ecr:BatchImportUpstreamImage` of the one who pulls, and says `does not exist` where the first is missing.",
        )
    } else if is_ecr(said) && is_missing {
        Some(
            "Behind an ECR pull-through cache this says one of three things: the tag is not at the upstream; whoever pulls lacks `ecr:BatchImportUpstreamImage` (ECR never says denied); or the upstream refused ECR, as Docker Hub does at its pull limit. \
             `dhlimit check IMAGE` with the rule's account tells: it finds the tag, and how many pulls are left.",
        )
    } else if is_missing && is_cache(said) {
        Some(
            "A pull-through cache that cannot ask its upstream says `manifest unknown` or `not found`, also when Docker Hub refused it at the pull limit. To tell: `dhlimit check IMAGE`, as the address or account the cache asks with, \
             says whether Docker Hub has the tag and how many pulls are left. If it has both, see the name: most caches need `library/` for official images.",
        )
    } else {
        None
    }
}

fn has(said: &str, words: &str) -> bool {
    said.to_ascii_lowercase().contains(words)
}

fn is_ecr(said: &str) -> bool {
    [
        ".dkr.ecr",
        ".dkr-ecr",
        "pull through cache",
        "upstreamimageexception",
        "upstreamlayerexception",
    ]
    .iter()
    .any(|mark| has(said, mark))
}

/// Whether a cache of Docker Hub's images answered, by its host or by an official image's name.
fn is_cache(said: &str) -> bool {
    let of_official = said.match_indices("/library/").any(|(at, _)| {
        let host = said.get(..at).and_then(|before| before.rsplit([' ', '"', '(', '=']).next());
        let host = host.unwrap_or_default();
        let host = host.rsplit_once("://").map_or(host, |(_, rest)| rest);
        let host = host.split('/').next().unwrap_or_default();
        host.contains(['.', ':']) && !hub::owns(host)
    });
    of_official
        || ["mirror.gcr.io", "-docker.pkg.dev", "/proxy", "dockerhub"]
            .iter()
            .any(|mark| has(said, mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caches_are_advised_by_the_real_cause() {
        let host = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/docker-hub";
        for (class, said, word) in [
            (Class::Denied, "denied: The authentication to the upstream registry failed. Verify that the credentials provided in the pull through cache rule are correct".to_owned(), "most often the name"),
            (Class::NotFound, format!("name unknown: The repository with name 'docker-hub/nginx' does not exist in the registry with id '1' {host}"), "ecr:CreateRepository"),
            (Class::NotFound, format!("{host}/library/nginx:9: manifest unknown: Requested image not found"), "ecr:BatchImportUpstreamImage"),
            (Class::NotFound, "reading manifest 9 in harbor.example/hub/library/nginx: manifest unknown".to_owned(), "To tell: `dhlimit check"),
            (Class::NotFound, "127.0.0.1:5000/library/redis:8: not found".to_owned(), "library/"),
            (Class::OtherRegistryLimit, "Failed to pull image \"nginx\": pull QPS exceeded".to_owned(), "registryPullQPS"),
            (Class::OtherRegistryLimit, "public.ecr.aws/docker/library/nginx:1: toomanyrequests: Rate exceeded".to_owned(), "1 pull a second"),
            (Class::OtherRegistryLimit, format!("{host}/x: toomanyrequests: Rate exceeded"), "Service Quotas"),
        ] {
            assert!(advice(class, &said).contains(word), "{said}: {}", advice(class, &said));
        }
        for (class, said) in [
            (Class::NotFound, "docker.io/library/nginx:9: not found"),
            (Class::NotFound, "manifest for nginx:9 not found: manifest unknown"),
            (
                Class::NotFound,
                "https://registry-1.docker.io/v2/library/nginx/manifests/9: not found",
            ),
        ] {
            assert_eq!(advice(class, said), advice(class, ""), "{said}");
        }
    }

    #[test]
    fn every_class_has_advice_of_its_own() {
        let advices: std::collections::BTreeSet<&str> =
            Class::ALL.into_iter().map(|class| advice(class, "")).collect();
        assert_eq!(advices.len(), Class::ALL.len());
    }
}
