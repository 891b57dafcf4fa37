//! What a failure text is about: the image it names and the registry it was asked of. Apart because
//! finding names in running text is guesswork of its own: only what stands in a known place counts.

use super::address::{self, Address};
use super::phrases::{Mark, Marks};
use crate::image::{Reference, hub};

/// Words that an image's name follows, the surest first; `true` where a single bare word is a name.
const LEADS: &[(&str, bool)] = &[
    ("docker://", true),
    ("reference \"", true),
    ("unable to find image '", true),
    ("failed to pull image \"", true),
    ("pulling image \"", true),
    ("unpack image \"", true),
    ("pull image \"", true),
    ("pullimage \"", true),
    ("image \"", true),
    ("image '", true),
    ("imagename=", true),
    ("manifest for ", true),
    ("access denied for ", true),
    ("load metadata for ", false),
    ("source metadata for ", false),
    ("image manifest ", true),
    ("fetching manifest ", false),
    ("failed to solve: ", false),
    ("error pulling image ", true),
    ("unable to pull image ", true),
    ("pulling docker image ", true),
    ("using docker executor with image ", true),
    ("trying to pull ", true),
    ("no such image: ", true),
    ("no such image ", true),
    ("retrieving image ", true),
    ("base name ", true),
    ("pulling image ", true),
    ("pull image ", false),
    ("pulling ", false),
    ("repository ", false),
    ("image=", false),
    ("image: ", false),
    (": from ", false),
    ("error: ", false),
    ("error getting image ", false),
    ("reading ", false),
];

/// Commands whose argument is an image, for lines that echo them.
const COMMANDS: &[&str] = &[
    "docker", "podman", "nerdctl", "crictl", "crane", "skopeo", "ctr", "oras", "buildah", "finch",
    "lima",
];

/// Options of a pull or a run whose value stands apart from them.
const VALUED: &[&str] = &[
    "--platform",
    "--arch",
    "--os",
    "--creds",
    "--authfile",
    "-p",
    "--publish",
    "-v",
    "--volume",
    "--mount",
    "--tmpfs",
    "-e",
    "--env",
    "--env-file",
    "-w",
    "--workdir",
    "-u",
    "--user",
    "--name",
    "-h",
    "--hostname",
    "--network",
    "--net",
    "--dns",
    "--add-host",
    "--entrypoint",
    "--restart",
    "-l",
    "--label",
    "-m",
    "--memory",
    "--cpus",
    "--gpus",
    "--device",
    "--cap-add",
    "--security-opt",
    "--ulimit",
    "--shm-size",
    "--pull",
];

/// Which registries count as Docker Hub: its own hosts, and those that the caller knows to stand in
/// for it, such as a sandbox on loopback.
#[derive(Debug, Clone, Default)]
pub struct Hub {
    stand_ins: Vec<String>,
}

impl Hub {
    /// Docker Hub, and a host with an optional port that counts as Docker Hub, too.
    #[must_use]
    pub fn and(mut self, registry: impl Into<String>) -> Self {
        self.stand_ins.push(registry.into().to_ascii_lowercase());
        self
    }

    /// Whose registry a host is.
    pub(super) fn owner(&self, host: &str) -> Owner {
        if self.owns(host) { Owner::Hub } else { Owner::Foreign }
    }

    pub(super) fn owns(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        let name = host.split_once(':').map_or(host.as_str(), |(name, _)| name);
        hub::owns(name) || self.stand_ins.contains(&host)
    }
}

/// Whose registry a text is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// Docker Hub, or what stands in for it.
    Hub,
    /// Another registry.
    Foreign,
    /// A web server that is no registry.
    Elsewhere,
    /// The text does not say.
    Unsaid,
}

/// What a text is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Subject {
    /// The image, where one is named.
    pub(super) image: Option<Reference>,
    /// Whose registry answered.
    pub(super) owner: Owner,
}

impl Subject {
    /// Reads the subject of a peeled text; `field` is the value of its `image=` field.
    pub(super) fn of(text: &str, field: Option<&str>, hub: &Hub) -> Self {
        let urls = address::all(text);
        let named = named(text).or_else(|| field.and_then(|field| parse(field, true)));
        let from_url = urls.iter().find_map(Address::image).or_else(|| address::path_image(text));
        // Words of containers and images beside an address tell a registry's token service from others.
        let among_images = || named.is_some() || Marks::of(text).has(Mark::Registry);
        let hosts = || {
            urls.iter()
                .filter(|url| url.is_registry() || (url.asks_token() && among_images()))
                .map(|url| url.host)
        };
        let owner = hosts()
            .next_back()
            .or_else(|| host(text))
            .map(|host| hub.owner(host))
            .or_else(|| {
                named.as_ref().or(from_url.as_ref()).map(|image| hub.owner(image.registry()))
            })
            .unwrap_or(if urls.iter().any(|url| !url.is_documentation()) {
                Owner::Elsewhere
            } else {
                Owner::Unsaid
            });
        Self { image: named.or(from_url), owner }
    }
}

/// A registry host named without an address.
fn host(text: &str) -> Option<&str> {
    let lower = text.to_ascii_lowercase();
    [
        "container registry ",
        "docker registry ",
        "pulling from host ",
        "logging into ",
        "log in to ",
        "login to ",
    ]
    .iter()
    .find_map(|lead| {
        let rest = after(text, &lower, lead)?.trim_start_matches(['"', '\'']);
        let end = rest
            .find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ','))
            .unwrap_or(rest.len());
        let host = rest.get(..end)?.trim_end_matches([':', '.', '/']);
        (host.contains('.') || host.contains(':')).then_some(host)
    })
}

/// The image a text names in one of the known places.
pub(super) fn named(text: &str) -> Option<Reference> {
    let lower = text.to_ascii_lowercase();
    reading_manifest(text, &lower)
        // The request itself has the tag that its answer leaves out.
        .or_else(|| address::asked_image(text))
        .or_else(|| LEADS.iter().find_map(|(lead, bare)| parse(after(text, &lower, lead)?, *bare)))
        .or_else(|| composed(text, &lower))
        .or_else(|| command(text))
        .or_else(|| failed_by_name(text, &lower))
}

/// `reading manifest TAG in NAME:` of podman and its family.
fn reading_manifest(text: &str, lower: &str) -> Option<Reference> {
    let rest = after(text, lower, "reading manifest ")?;
    let (tag, rest) = rest.split_once(" in ")?;
    let name = rest.split([' ', ':']).next()?;
    let separator = if tag.starts_with("sha256:") { '@' } else { ':' };
    format!("{name}{separator}{tag}").parse().ok()
}

/// `docker.io/x/y:1: toomanyrequests: …`: a full name with its tag right before the error's code.
fn failed_by_name(text: &str, lower: &str) -> Option<Reference> {
    const CODES: &[&str] = &[
        ": toomanyrequests:",
        ": too many requests:",
        ": denied:",
        ": unauthorized:",
        ": manifest unknown",
    ];
    let at = CODES.iter().filter_map(|code| lower.find(code)).min()?;
    let name = text.get(..at)?.rsplit([' ', '\t', '"', '\'', '(']).next()?;
    let (host, rest) = name.split_once('/')?;
    let is_full = host.contains('.') && rest.contains([':', '@']) && !name.contains("://");
    is_full.then(|| name.parse().ok())?
}

/// `Pulling db (postgres:16)...` of Compose, and `3.20: Pulling from library/alpine` of docker; the
/// latter leaves the registry out, so that only Docker Hub's own namespace is taken for what it is.
fn composed(text: &str, lower: &str) -> Option<Reference> {
    let from = || {
        let (tag, name) = text.split_once(": Pulling from ")?;
        let tag = tag.split_whitespace().next_back()?;
        let name = name.split_whitespace().next()?;
        name.starts_with("library/").then(|| format!("{name}:{tag}").parse().ok())?
    };
    let rest = after(text, lower, "pulling ")?;
    let inner = rest
        .split_once(" (")
        .and_then(|(name, inner)| (!name.contains(' ')).then(|| inner.split_once(')')))
        .flatten();
    inner.and_then(|(image, _)| parse(image, true)).or_else(from)
}

/// The argument of `docker pull …` and its like.
fn command(text: &str) -> Option<Reference> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let is_command = |word: &str| COMMANDS.iter().any(|command| word.ends_with(command));
    words
        .iter()
        .enumerate()
        .filter(|(_, word)| is_command(word))
        .find_map(|(at, _)| argument(words.get(at + 1..)?))
}

/// The image among the words after a command's name: its options, a noun and the verb come first.
/// Elsewhere `pull` and `run` are words of a sentence, as in `docker : … your pull rate limit`.
fn argument(words: &[&str]) -> Option<Reference> {
    let verb =
        words.iter().position(|word| matches!(*word, "pull" | "run" | "manifest" | "digest"))?;
    let (lead, rest) = (words.get(..verb)?, words.get(verb + 1..)?);
    let mut is_value = false;
    for word in lead {
        let is_option = word.starts_with('-');
        if !is_option
            && !is_value
            && !matches!(*word, "image" | "images" | "container" | "nerdctl" | "docker" | "i")
        {
            return None;
        }
        is_value = is_option && !word.contains('=');
    }
    let mut arguments = rest.iter();
    while let Some(word) = arguments.next() {
        if VALUED.contains(word) {
            arguments.next();
        } else if !word.starts_with('-')
            && let Some(image) = parse(word, true)
        {
            return Some(image);
        }
    }
    None
}

/// The text after the first occurrence of `lead`, which is lower case; `lower` is the text in lower
/// case (ASCII only, so that places are the same).
fn after<'a>(text: &'a str, lower: &str, lead: &str) -> Option<&'a str> {
    lower.find(lead).and_then(|at| text.get(at + lead.len()..))
}

/// The reference at the start of a text. A bare word counts only where `bare` says so.
fn parse(text: &str, bare: bool) -> Option<Reference> {
    let text = text.trim_start_matches(['"', '\'', '`']);
    let end = text
        .find(|c: char| {
            c.is_whitespace()
                || matches!(c, '"' | '\'' | '`' | ',' | ')' | '(' | ';' | '<' | '>' | '|' | '&')
        })
        .unwrap_or(text.len());
    let word = text.get(..end)?.trim_end_matches(['.', ':', '…', '!', '?']);
    let is_plain = !word.contains(['/', ':', '@']);
    if word.is_empty() || (is_plain && (!bare || is_prose(word))) {
        return None;
    }
    if is_platform(word) {
        return None;
    }
    word.parse().ok()
}

/// Whether a word is a platform, as in `no matching manifest for linux/arm64/v8`.
fn is_platform(word: &str) -> bool {
    const SYSTEMS: &[&str] =
        &["linux", "windows", "darwin", "freebsd", "wasi", "wasip1", "unknown"];
    const PROCESSORS: &[&str] = &[
        "amd64", "arm64", "arm", "386", "ppc64le", "s390x", "riscv64", "loong64", "mips64le",
        "mips64", "mipsle", "wasm", "unknown",
    ];
    let mut parts = word.split(['/', '(']);
    parts.next().is_some_and(|system| SYSTEMS.contains(&system))
        && parts.next().is_some_and(|processor| PROCESSORS.contains(&processor))
}

/// Words that follow a lead in sentences and are no images.
fn is_prose(word: &str) -> bool {
    [
        "from",
        "for",
        "the",
        "with",
        "a",
        "an",
        "is",
        "in",
        "of",
        "to",
        "failed",
        "manifest",
        "image",
        "images",
        "fs",
        "layer",
        "config",
        "configuration",
        "error",
        "and",
        "on",
        "by",
        "as",
        "or",
        "not",
        "access",
        "again",
        "command",
        "exited",
        "fails",
        "has",
        "limit",
        "limits",
        "policy",
        "rate",
        "request",
        "requests",
        "returned",
        "secret",
        "secrets",
        "source",
        "sources",
        "timed",
        "was",
        "will",
    ]
    .contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("Unable to find image 'redis:7.4' locally", Some("docker.io/library/redis:7.4"))]
    #[case("Pulling db (postgres:16)...", Some("docker.io/library/postgres:16"))]
    #[case("3.20: Pulling from library/alpine", Some("docker.io/library/alpine:3.20"))]
    #[case("1.0: Pulling from tidewater/api", None)]
    #[case(
        "reading manifest 2.4 in docker.io/library/httpd: toomanyrequests",
        Some("docker.io/library/httpd:2.4")
    )]
    #[case("initializing source docker://quay.io/a/b:1: pinging", Some("quay.io/a/b:1"))]
    #[case(
        "Failed to pull image \"haproxy:3.0\": rpc error",
        Some("docker.io/library/haproxy:3.0")
    )]
    #[case(
        "failed to solve: node:20-alpine: failed to resolve",
        Some("docker.io/library/node:20-alpine")
    )]
    #[case("failed to solve: process \"/bin/sh -c x\" did not", None)]
    #[case(
        "RemoteDockerImage(imageName=postgres:16-alpine, x)",
        Some("docker.io/library/postgres:16-alpine")
    )]
    #[case(
        "GET https://index.docker.io/v2/library/golang/manifests/1.24: TOOMANYREQUESTS",
        Some("docker.io/library/golang:1.24")
    )]
    #[case(
        "Head \"https://mirror.example/v2/library/node/manifests/20?ns=docker.io\"",
        Some("docker.io/library/node:20")
    )]
    #[case("https://ghcr.io/v2/a/b/blobs/sha256:f6d2: 429", None)]
    #[case("+ docker pull --platform linux/amd64 maven:3.9", Some("docker.io/library/maven:3.9"))]
    #[case("error pulling image configuration: download failed", None)]
    #[case(
        "docker : Error response from daemon: toomanyrequests: You have reached your pull rate limit.",
        None
    )]
    #[case(
        "/usr/bin/docker failed with: You have reached your unauthenticated pull rate limit.",
        None
    )]
    #[case("the docker pull rate limit", None)]
    #[case("no matching manifest for linux/arm64/v8 in the manifest list entries", None)]
    #[case("no matching manifest for windows/amd64 10.0.17763 in the manifest list entries", None)]
    #[case(
        "docker --context ci image pull --platform=linux/arm64 nginx",
        Some("docker.io/library/nginx:latest")
    )]
    #[case(
        "sudo ctr -n k8s.io images pull docker.io/library/redis:7",
        Some("docker.io/library/redis:7")
    )]
    #[case("lima nerdctl run -p 80:80 nginx:1.27", Some("docker.io/library/nginx:1.27"))]
    #[case(
        "pull access denied for northpier/ledger, repository does not",
        Some("docker.io/northpier/ledger:latest")
    )]
    #[case("an image from the registry", None)]
    #[case("failed to generate manifest for source 1 of 1: rpc error", None)]
    #[case(
        "http+docker://localhost/v1.41/images/create?tag=jessie&fromImage=debian: 500",
        Some("docker.io/library/debian:jessie")
    )]
    #[case(
        "404 Client Error for http+docker://localhost/v1.43/images/create?tag=1.27&fromImage=acme%2Fapi: Not Found (\"pull access denied for acme/api, repository does not exist\")",
        Some("docker.io/acme/api:1.27")
    )]
    #[case(
        "error occurred: docker.io/a/parksmap:1.2.0: toomanyrequests: You",
        Some("docker.io/a/parksmap:1.2.0")
    )]
    #[case("GET /v2/library/alpine/manifests/3.20 failed", Some("docker.io/library/alpine:3.20"))]
    #[case("GET /v2/library/redis/tags/list", Some("docker.io/library/redis:latest"))]
    #[case(
        "https://acme.example/v2/library/redis/tags/list",
        Some("acme.example/library/redis:latest")
    )]
    fn images_are_found_where_tools_put_them(#[case] text: &str, #[case] image: Option<&str>) {
        let found = Subject::of(text, None, &Hub::default()).image;
        assert_eq!(found.map(|image| image.to_string()).as_deref(), image);
    }

    #[rstest]
    #[case("https://registry-1.docker.io/v2/: 429", Owner::Hub)]
    #[case("https://auth.docker.io/token?scope=x", Owner::Hub)]
    #[case("https://user:pw@127.0.0.1:5000/v2/a/manifests/1", Owner::Foreign)]
    #[case(
        "image \"docker.io/a/b:1\": HEAD https://mirror.example/v2/a/b/manifests/1",
        Owner::Foreign
    )]
    #[case("https://acme.example/artifactory/api/docker/hub/v2/", Owner::Foreign)]
    #[case(
        "https://acme.example/artifactory/api/docker/hub/v2/library/nginx/manifests/1",
        Owner::Foreign
    )]
    #[case("https://acme.example/repository/hub/v2/library/nginx/blobs/sha256:ab", Owner::Foreign)]
    #[case(
        "https://acme.example/jwt/auth?account=jo&scope=repository%3Aa%3Apull&service=container_registry",
        Owner::Foreign
    )]
    #[case(
        "failed to authorize: failed to fetch oauth token: status from POST https://acme.example/token",
        Owner::Foreign
    )]
    #[case(
        "https://bucket.acme.example/docker/registry/v2/blobs/sha256/3e/3e82/data",
        Owner::Foreign
    )]
    #[case(
        "https://prod-eu-west-1-starport-layer-bucket.s3.eu-west-1.amazonaws.com/8f/x",
        Owner::Foreign
    )]
    #[case("https://1.dkr.ecr.eu-west-1.amazonaws.com", Owner::Foreign)]
    #[case("https://europe-docker.pkg.dev/", Owner::Foreign)]
    #[case("https://1.dkr.ecr.eusc-de-east-1.amazonaws.eu/v2/", Owner::Foreign)]
    #[case("https://1.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn/", Owner::Foreign)]
    #[case("https://1.dkr-ecr-fips.us-east-1.on.aws/", Owner::Foreign)]
    #[case("https://1.DKR.ECR.eu-west-1.amazonaws.com/", Owner::Foreign)]
    #[case("https://ecr-public.aws.com/", Owner::Foreign)]
    #[case("https://s3.eu-west-1.amazonaws.com/bucket/x", Owner::Elsewhere)]
    #[case("https://europe-npm.pkg.dev/x", Owner::Elsewhere)]
    #[case("https://acme.jfrog.io/artifactory/api/npm/npm/left-pad", Owner::Elsewhere)]
    #[case("https://login.acme.example/t/oauth2/v2.0/token", Owner::Elsewhere)]
    #[case("https://api.acme.example/v2/token", Owner::Elsewhere)]
    #[case("https://api.acme.example/api/v2/series", Owner::Elsewhere)]
    #[case("https://api.acme.example/v2/users/77", Owner::Elsewhere)]
    #[case("https://api.acme.example/v2/tags/list", Owner::Elsewhere)]
    #[case("image \"quay.io/a/b:1\"", Owner::Foreign)]
    #[case("image \"nginx\"", Owner::Hub)]
    #[case("https://registry.npmjs.org/left-pad", Owner::Elsewhere)]
    #[case("https://notdocker.io/x", Owner::Elsewhere)]
    #[case("see https://docs.docker.com/docker-hub/download-rate-limit/", Owner::Unsaid)]
    #[case("logging into \"docker.io\": no", Owner::Hub)]
    #[case("pinging container registry localhost:5000: no", Owner::Foreign)]
    fn the_owner_is_whom_the_text_asked(#[case] text: &str, #[case] owner: Owner) {
        assert_eq!(Subject::of(text, None, &Hub::default()).owner, owner);
    }

    #[test]
    fn a_stand_in_counts_as_docker_hub() {
        let hub = Hub::default().and("127.0.0.1:5000");
        let owner = |text: &str| Subject::of(text, None, &hub).owner;
        assert_eq!(
            [owner("http://127.0.0.1:5000/v2/"), owner("http://127.0.0.1:5001/v2/")],
            [Owner::Hub, Owner::Foreign]
        );
    }

    proptest! {
        #[test]
        fn reading_a_subject_never_panics(text in any::<String>(), words in "(http://|https://|/v2/|/manifests/|docker://|pulling |image \"|reading manifest | in |@|:|\\?ns=|é| |\\(|\"){0,20}") {
            let _ = Subject::of(&text, None, &Hub::default());
            let _ = Subject::of(&words, Some(&text), &Hub::default());
        }
    }
}
