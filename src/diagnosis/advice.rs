//! From a failure to the next step: a row an advice, with the class and the words that call for it and
//! an example, which is its test. Apart from the classes so that messages stay short and advice can be
//! shown on a line of its own.

use super::class::Class::{
    self, Blocked, Credentials, Denied, DiskFull, LimitUnspecified, LoginLimit, Network, NotFound,
    OtherRegistryLimit, OverallLimit, PullLimit, RuntimeDown, Server,
};
use crate::image::hub;

/// An advice and what calls for it.
struct Row {
    classes: &'static [Class],
    asked: Asked,
    /// Words, lower case, of which one is there; no words where it does not matter.
    words: &'static [&'static str],
    advice: &'static str,
    /// A text that this row is for.
    #[cfg_attr(not(test), expect(dead_code, reason = "the row's test"))]
    example: &'static str,
}

/// Who was asked for the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// It does not matter.
    Anyone,
    /// A private registry of Amazon's.
    Ecr,
    /// A cache of Docker Hub's images.
    Cache,
}

/// Classes under which a cache refuses: its words blame something else than the cause.
const REFUSALS: &[Class] = &[Denied, Credentials, NotFound, Server, Blocked];
const MISSING: &[&str] = &["manifest unknown", "not found", "does not exist", "name unknown"];
const ECR: &[&str] = &[
    ".dkr.ecr",
    ".dkr-ecr",
    "pull through cache",
    "upstreamimageexception",
    "upstreamlayerexception",
];
const CACHES: &[&str] = &["mirror.gcr.io", "-docker.pkg.dev", "/proxy", "dockerhub"];

const UPSTREAM_NAME: &str = "Behind an ECR pull-through cache this is most often the name, whatever it says of credentials: official images need `library/` after the prefix (HOST/docker-hub/library/nginx), all others must not have it. \
             If the name is right, Docker Hub refused the rule's secret: `aws ecr validate-pull-through-cache-rule --ecr-repository-prefix PREFIX` says whether its login works.";

/// The first row that fits holds. Source of what caches say: Amazon's pages on pull-through cache
/// errors and the roadmap's issues on them (2024–2026), Harbor's and Distribution's issues, and
/// Distribution 2.8 in front of a registry at its limit.
const ROWS: &[Row] = &[
    Row {
        classes: &[PullLimit],
        asked: Asked::Anyone,
        words: &["rate limit as "],
        advice: "`dhlimit check` shows how much is left for whom, and the window: the count is full again at the latest one window after the last pull. \
             The account's own quota is used up: pull less often, through a cache such as an Amazon ECR pull-through cache rule or Harbor, or with a paid account.",
        example: "You have reached your pull rate limit as 'ann'",
    },
    Row {
        classes: &[PullLimit],
        asked: Asked::Anyone,
        words: &[],
        advice: "`dhlimit check` shows how much is left for whom, and the window: the count is full again at the latest one window after the last pull. \
             Log in for a quota of your own (`docker login`; the key in config.json is https://index.docker.io/v1/), or pull through a cache such as an Amazon ECR pull-through cache rule, mirror.gcr.io or Harbor.",
        example: "toomanyrequests: You have reached your pull rate limit.",
    },
    Row {
        classes: &[OverallLimit],
        asked: Asked::Anyone,
        words: &[],
        advice: "This is the limit on all requests from your address, not the pull limit: logging in does not help. Stop retrying for a minute or more, \
             then ask less often and with fewer requests at once; look for a script or cache that asks in a loop, or for others behind the same address.",
        example: "Too Many Requests (HAP429).",
    },
    Row {
        classes: &[LoginLimit],
        asked: Asked::Anyone,
        words: &[],
        advice: "Docker Hub's token service is refusing logins from here: stop every retry and wait 10 to 15 minutes. \
             Then find what logs in too often or with a wrong password, and log in once per machine instead of once per job.",
        example: "toomanyrequests: too many failed login attempts for username or IP address",
    },
    Row {
        classes: &[OtherRegistryLimit],
        asked: Asked::Anyone,
        words: &["pull qps exceeded"],
        advice: "This is the kubelet's own throttle on this node, not a registry's limit: it starts at most `registryPullQPS` pulls a second (5, and `registryBurst` 10 at once) and tries again by itself. \
             Raise both in the kubelet's configuration, or start fewer pods of new images at a time.",
        example: "Failed to pull image \"nginx\": pull QPS exceeded",
    },
    Row {
        classes: &[OtherRegistryLimit],
        asked: Asked::Anyone,
        words: &["public.ecr.aws", "ecr-public"],
        advice: "This is Amazon ECR Public's limit: without a login 1 pull a second and 500 GB a month for each address, with one (`aws ecr-public get-login-password --region us-east-1`) 10 a second and 5 TB. \
             Pull one image at a time and try again after growing pauses, or log in.",
        example: "public.ecr.aws/docker/library/nginx:1: toomanyrequests: Rate exceeded",
    },
    Row {
        classes: &[OtherRegistryLimit],
        asked: Asked::Ecr,
        words: &[],
        advice: "This is Amazon ECR's own rate for the account and region, not Docker Hub's count: let fewer nodes start at once, or ask for more under Service Quotas \
             (BatchGetImage for pulls, GetAuthorizationToken for logins, PutImage for pushes).",
        example: "1.dkr.ecr.eu-west-1.amazonaws.com/x: toomanyrequests: Rate exceeded",
    },
    Row {
        classes: &[OtherRegistryLimit],
        asked: Asked::Anyone,
        words: &["too many requests to source registry"],
        advice: "This is what the Azure cache rule's source registry answered: where that is Docker Hub, its pull limit, counted on the rule's credential set, or on Azure's own address without one. \
             Give the cache rule a credential set, and see its count with `dhlimit check --user NAME`.",
        example: "too many requests to source registry for cache rule",
    },
    Row {
        classes: &[OtherRegistryLimit],
        asked: Asked::Anyone,
        words: &[],
        advice: "This limit belongs to another registry, mirror or cache, not to Docker Hub's pull count: slow down or pull fewer images at once, \
             log in there if you have not, and see that registry's own quotas.",
        example: "quay.io/a/b:1: 429 Too Many Requests",
    },
    Row {
        classes: &[LimitUnspecified],
        asked: Asked::Anyone,
        words: &[],
        advice: "Docker Hub said 429 without saying which limit. Run `dhlimit check`: 0 remaining means the pull limit; anything left means the overall limit, \
             for which it helps to stop retrying for a minute.",
        example: "registry-1.docker.io: 429 Too Many Requests",
    },
    Row {
        classes: REFUSALS,
        asked: Asked::Anyone,
        words: &["authentication to the upstream registry failed"],
        advice: UPSTREAM_NAME,
        example: "denied: The authentication to the upstream registry failed. Verify that the credentials provided in the pull through cache rule are correct",
    },
    Row {
        classes: REFUSALS,
        asked: Asked::Ecr,
        words: &["403 forbidden"],
        advice: UPSTREAM_NAME,
        example: "1.dkr-ecr.eu-west-1.on.aws/hub/nginx: 403 Forbidden",
    },
    Row {
        classes: REFUSALS,
        asked: Asked::Ecr,
        words: &["does not exist in the registry"],
        advice: "Either the name is wrong (account, region, the rule's prefix, `library/` for official images), or whoever pulls may not make the repository: on a first pull through a rule, ECR needs `ecr:CreateRepository` \
             and `ecr:BatchImportUpstreamImage` of the one who pulls, and says `does not exist` where the first is missing.",
        example: "1.dkr.ecr.eu-west-1.amazonaws.com: name unknown: The repository with name 'hub/nginx' does not exist in the registry with id '1'",
    },
    Row {
        classes: REFUSALS,
        asked: Asked::Ecr,
        words: MISSING,
        advice: "Behind an ECR pull-through cache this says one of three things: the tag is not at the upstream; whoever pulls lacks `ecr:BatchImportUpstreamImage` (ECR never says denied); or the upstream refused ECR, as Docker Hub does at its pull limit. \
             `dhlimit check IMAGE` with the rule's account tells: it finds the tag, and how many pulls are left.",
        example: "1.dkr.ecr.eu-west-1.amazonaws.com/hub/library/nginx:9: manifest unknown: Requested image not found",
    },
    Row {
        classes: REFUSALS,
        asked: Asked::Cache,
        words: MISSING,
        advice: "A pull-through cache that cannot ask its upstream says `manifest unknown` or `not found`, also when Docker Hub refused it at the pull limit. To tell: `dhlimit check IMAGE`, as the address or account the cache asks with, \
             says whether Docker Hub has the tag and how many pulls are left. If it has both, see the name: most caches need `library/` for official images.",
        example: "reading manifest 9 in harbor.example/hub/library/nginx: manifest unknown",
    },
    Row {
        classes: &[Credentials],
        asked: Asked::Anyone,
        words: &[],
        advice: "Log in again: `docker login` for Docker Hub (the key in config.json must be https://index.docker.io/v1/), with an access token where two-factor login is on; \
             for Amazon ECR renew the 12-hour token with `aws ecr get-login-password`.",
        example: "unauthorized: incorrect username or password",
    },
    Row {
        classes: &[Denied],
        asked: Asked::Anyone,
        words: &[],
        advice: "Check the name for a typing error: a registry says the same of a private image and of one that does not exist. \
             If it is private, log in with an account that may read it. Behind an ECR pull-through cache, official images need `library/` in their name.",
        example: "pull access denied for a/b",
    },
    Row {
        classes: &[NotFound],
        asked: Asked::Anyone,
        words: &[],
        advice: "Check the tag and the platform: the repository has no such tag, digest or architecture. Tags can be deleted; pin a digest where that hurts.",
        example: "manifest for nginx:9 not found: manifest unknown",
    },
    Row {
        classes: &[Network],
        asked: Asked::Anyone,
        words: &["proxy auth"],
        advice: "A proxy on the way to the registry wants a login of its own; logging in to the registry does not help. Put user and password into HTTPS_PROXY (http://USER:PASSWORD@PROXY:PORT) \
             where the runtime reads it (dockerd's or containerd's own environment, not your shell's), or list the registry in NO_PROXY if it can be reached without.",
        example: "407 Proxy Authentication Required",
    },
    Row {
        classes: &[Network],
        asked: Asked::Anyone,
        words: &[],
        advice: "The registry was not reached: check name resolution, proxy (HTTPS_PROXY, NO_PROXY), firewall and certificates; for Docker Hub both registry-1.docker.io and auth.docker.io \
             must be reachable on port 443. `dhlimit check` asks both without a runtime.",
        example: "dial tcp: lookup registry-1.docker.io: no such host",
    },
    Row {
        classes: &[Server],
        asked: Asked::Anyone,
        words: &[],
        advice: "The registry itself failed: wait and try again a few times with pauses; see the registry's status page. Failed pulls before this one may have counted.",
        example: "503 Service Unavailable",
    },
    Row {
        classes: &[DiskFull],
        asked: Asked::Anyone,
        words: &[],
        advice: "Free space where images are stored (`docker system df`, `docker image prune`, `nerdctl image prune`, `crictl rmi --prune`), or move the store to a bigger disk.",
        example: "no space left on device",
    },
    Row {
        classes: &[RuntimeDown],
        asked: Asked::Anyone,
        words: &[],
        advice: "Start the container runtime (`systemctl start docker` or `containerd`, `limactl start`, `podman machine start`), and see that this user may open its socket and that DOCKER_HOST or CONTAINERD_ADDRESS is right.",
        example: "Cannot connect to the Docker daemon",
    },
    Row {
        classes: &[Blocked],
        asked: Asked::Anyone,
        words: &[],
        advice: "The answer came from a block, not from a limit: Docker refuses addresses of some countries, and company proxies refuse sites. Pull from another network, or through a mirror or cache that may.",
        example: "we must comply with US export control regulations",
    },
];

/// What to do about a failure of this class that was told in these words: one or two sentences.
pub fn advice(class: Class, said: &str) -> &'static str {
    let said = said.to_ascii_lowercase();
    ROWS.iter().find(|row| row.fits(class, &said)).map_or("", |row| row.advice)
}

impl Row {
    /// Whether it is for a failure of this class, told in these words, which are lower case.
    fn fits(&self, class: Class, said: &str) -> bool {
        self.classes.contains(&class)
            && (self.words.is_empty() || has(said, self.words))
            && match self.asked {
                Asked::Anyone => true,
                Asked::Ecr => has(said, ECR),
                Asked::Cache => has(said, CACHES) || names_official_elsewhere(said),
            }
    }
}

fn has(said: &str, words: &[&str]) -> bool {
    words.iter().any(|words| said.contains(words))
}

/// Whether an official image of Docker Hub is named below another host.
fn names_official_elsewhere(said: &str) -> bool {
    said.match_indices("/library/").any(|(at, _)| {
        let before = said.get(..at).unwrap_or_default();
        let path = before.rsplit([' ', '"', '(', '=']).next().unwrap_or_default();
        let path = path.rsplit_once("://").map_or(path, |(_, rest)| rest);
        let host = path.split('/').next().unwrap_or_default();
        host.contains(['.', ':']) && !hub::owns(host)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_is_the_one_for_its_example() {
        for row in ROWS {
            for class in row.classes {
                assert_eq!(advice(*class, row.example), row.advice, "{class}: {}", row.example);
            }
        }
    }

    #[test]
    fn caches_are_advised_by_the_real_cause() {
        let host = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/docker-hub";
        for (class, said, word) in [
            (Denied, "denied: The authentication to the upstream registry failed. Verify that the credentials provided in the pull through cache rule are correct".to_owned(), "most often the name"),
            (NotFound, format!("name unknown: The repository with name 'docker-hub/nginx' does not exist in the registry with id '1' {host}"), "ecr:CreateRepository"),
            (NotFound, format!("{host}/library/nginx:9: manifest unknown: Requested image not found"), "ecr:BatchImportUpstreamImage"),
            (NotFound, "reading manifest 9 in harbor.example/hub/library/nginx: manifest unknown".to_owned(), "To tell: `dhlimit check"),
            (NotFound, "127.0.0.1:5000/library/redis:8: not found".to_owned(), "library/"),
            (OtherRegistryLimit, "Failed to pull image \"nginx\": pull QPS exceeded".to_owned(), "registryPullQPS"),
            (OtherRegistryLimit, "public.ecr.aws/docker/library/nginx:1: toomanyrequests: Rate exceeded".to_owned(), "1 pull a second"),
            (OtherRegistryLimit, format!("{host}/x: toomanyrequests: Rate exceeded"), "Service Quotas"),
        ] {
            assert!(advice(class, &said).contains(word), "{said}: {}", advice(class, &said));
        }
        for (class, said) in [
            (NotFound, "docker.io/library/nginx:9: not found"),
            (NotFound, "manifest for nginx:9 not found: manifest unknown"),
            (NotFound, "https://registry-1.docker.io/v2/library/nginx/manifests/9: not found"),
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
