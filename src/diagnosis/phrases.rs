//! The phrases that tools print, each under the mark it leaves: data, so that a new wording is one
//! line. Matching ignores ASCII case and runs once over a line for all phrases together; a smaller
//! set, the triggers, decides first whether a line is worth a look at all.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

/// What a phrase is a sign of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Mark {
    /// Docker Hub's wording of the pull limit.
    PullLimit,
    /// A link to Docker's page on the pull limit; others link there, too.
    LimitLink,
    /// The distribution protocol's error code for a limit.
    TooMany,
    /// The words of status 429.
    TooManyWords,
    /// Docker Hub's load balancer.
    Balancer,
    /// Docker Hub's lock-out after failed logins.
    Logins,
    /// The words of the token service's limiter.
    TokenLimiter,
    /// The text is about fetching a token.
    Token,
    /// Wordings of other registries' limiters.
    Limiter,
    /// The disk is full.
    Space,
    /// Says "no space left" of something that is no disk.
    NotDisk,
    /// The runtime is not there.
    Daemon,
    /// The address is refused.
    Blocked,
    /// Credentials, without doubt.
    Credentials,
    /// Not authorized; why is said elsewhere.
    Unauthorized,
    /// No access, without doubt.
    Denied,
    /// No access, where it is about a registry.
    Refused,
    /// No such image, without doubt.
    NotFound,
    /// Not found, where it is about an image.
    Missing,
    /// An image that is not in the local store.
    NotHere,
    /// The network, where it is about a registry.
    Network,
    /// A fault of the server, where it is about a registry.
    Server,
    /// A body in HTML.
    Html,
    /// The text is about images or registries.
    Registry,
    /// The text may name an image or a place in the log that later lines need.
    Scene,
}

use Mark::{
    Balancer, Blocked, Credentials, Daemon, Denied, Html, LimitLink, Limiter, Logins, Missing, Network, NotDisk, NotFound, NotHere,
    PullLimit, Refused, Registry, Scene, Server, Space, Token, TokenLimiter, TooMany, TooManyWords, Unauthorized,
};

/// Every phrase under its mark, lower case, with `|` between them; blanks count.
const PHRASES: &[(Mark, &str)] = &[
    (PullLimit, "pull rate limit"),
    (LimitLink, "increase-rate-limit|download-rate-limit"),
    (TooMany, "toomanyrequests"),
    (TooManyWords, "too many requests|429 unknown|status 429|status code 429|status code: 429|status: 429|http 429|-> 429|returned 429"),
    (Balancer, "hap429"),
    (Logins, "too many failed login attempts|too many login attempts|too many failed logins"),
    (TokenLimiter, "too many requests to registry"),
    (
        Token,
        "fetch anonymous token|fetch oauth token|auth.docker.io/token|retrieve auth token|requesting bearer token|\
         getting bearer token|bearer token from|/token?|/service/token|/oauth2/token|get token|getting token|fetching token|\
         token exchange|failed to authorize|obtain token|token endpoint|registry token",
    ),
    (
        Limiter,
        "rate exceeded|data limit exceeded|allowed: |too many requests to source registry|quota exceeded for quota metric|\
         throttlingexception|request was throttled|rate limit exceeded|secondary rate limit|requests per minute|api rate limit",
    ),
    (
        Space,
        "no space left on device|disk quota exceeded|not enough space on the disk|not enough free space|\
         insufficient disk space|insufficient space|enospc|failed to garbage collect required amount of images|\
         low on resource: ephemeral-storage|low on resource: imagefs|no space left|you don't have enough free space|\
         disk is full",
    ),
    (NotDisk, "inotify|cgroup|shm|epoll"),
    (
        Daemon,
        "cannot connect to the docker daemon|is the docker daemon running|cannot access socket|cannot access containerd socket|\
         cannot connect to podman|unable to connect to podman|rootless containerd not running|is containerd running|\
         is stopped, run|does not exist, run|is not running, run|validate service connection|error during connect|\
         docker desktop is not running|docker_engine|trying to connect to the docker|dial unix|failed to connect to containerd|\
         failed to create new cri|failed to dial|could not find a valid docker environment|cannot connect to the daemon|\
         colima is not running|vm is not running|podman machine|error while fetching server api version|unix:///|\
         containerd.sock|docker.sock|docker: command not found|nerdctl: command not found|podman: command not found|\
         crictl: command not found|ctr: command not found|skopeo: command not found|docker: not found|podman: not found|\
         nerdctl: not found|executable file not found|docker machine|container runtime is down|\
         container runtime is not running|unknown service runtime.v1|no vm|machine is not running|client does not support|\
         the docker daemon is not running|docker is not running|failed to connect to the docker api",
    ),
    (Blocked, "export control|block all ip addresses|export regulations"),
    (
        Credentials,
        "incorrect username or password|invalid username/password|invalid username or password|wrong username or password|\
         email must be verified|no basic auth credentials|authorization token has expired|invalid credentials|bad credentials|\
         existing credentials are invalid|error getting credentials|error saving credentials|failed to get credentials|\
         unable to retrieve docker credentials|docker-credential-|credentials not found|authentication failed|token is expired|\
         token has expired|access token expired|not logged in|password is incorrect|malformed auth|unauthenticated request|\
         account is disabled|account has been disabled|pull secret|cannot perform an interactive login|personal access token|\
         http basic: access denied|unable to decode credentials|no credentials|invalid_token|must use an access token|\
         requires 2fa",
    ),
    (Unauthorized, "unauthorized|authentication required|authentication is required|failed with status: 401"),
    (
        Denied,
        "requested access to the resource is denied|pull access denied|insufficient_scope|push access denied|denied: denied|\
         denied: permission_denied|downloadartifacts|not authorized to perform: ecr|permission_denied: the requested|\
         denied: access forbidden|denied: requested access|denied: user",
    ),
    (Refused, "denied:|forbidden|access denied|permission denied|is not authorized|does not have permission|permission_denied"),
    (
        NotFound,
        "manifest unknown|manifest_unknown|name unknown|name_unknown|name unknown:|repository name not known|\
         no matching manifest|no such manifest|tag_unknown|unknown tag|manifest tagged by|no image found in|\
         no child with platform|no image satisfying",
    ),
    (
        Missing,
        "not found|code = notfound|does not exist|was deleted or has expired|unknown manifest|unknown: tag|unknown blob|\
         blob unknown|blob_unknown",
    ),
    (NotHere, "no such image|image not known|image not present with pull policy|unable to find image"),
    (
        Network,
        "no such host|i/o timeout|connection refused|connection reset|tls handshake|x509:|\
         certificate signed by unknown authority|network is unreachable|no route to host|deadline exceeded|\
         client.timeout exceeded|request canceled|unexpected eof|: eof|proxyconnect|server gave http response|\
         does not look like a tls|name resolution|could not resolve|timeout awaiting|server misbehaving|connection timed out|\
         connection lost|stream error|goaway|broken pipe|closed network connection|remote error: tls|tls: |\
         certificate has expired|host is unreachable|host is down|dial tcp|operation timed out|certificate is not trusted|\
         certificate verify failed|name or service not known|connection aborted|read timed out|handshake failure|\
         proxy authentication required|network unreachable|connection closed|temporary failure|unable to connect to|\
         cannot assign requested address|server closed idle|no response from|net/http: |getaddrinfo|econnrefused|econnreset|\
         etimedout|enotfound",
    ),
    (
        Server,
        "internal server error|bad gateway|service unavailable|service temporarily unavailable|gateway time|http status: 5|\
         status code 5|statuscode: 5|status code: 5|http 50|http 52|server error|unavailable: |received unexpected http status|\
         web server is down|scheduled maintenance",
    ),
    (Html, "<html|character '<'|<!doctype"),
    (
        Registry,
        "/v2/|registry|docker|response from daemon|image|manifest|pull|blob|layer|containerd|crictl|kubelet|oras|helm|oci|\
         buildkit|kaniko|ghcr.io|quay.io|gcr.io|.ecr.|azurecr|mcr.microsoft|failed to solve|tags list|repository|podman|\
         nerdctl|skopeo|crane|cosign",
    ),
    (
        Scene,
        "pull|unable to find image|retrieving image|load metadata for|docker://|image=|imagename|image\"|##[group]|\
         ##[endgroup]|diff --git|author:|copying blob|using docker|base name|: from |if you |when you |you will see|\
         you may see|you might see|users see|looks like this|http/1.1 429|http/2 429|http/1.0 429|host: |connected to |\
         ratelimit-|inspect |for example",
    ),
];

/// Marks that are no reason of their own to look at a line.
const QUIET: [Mark; 5] = [NotDisk, Html, Registry, Token, Refused];

/// Phrases of quiet marks that are a reason all the same.
const LOUD: &[&str] = &["<html", "denied:", "forbidden", "is not authorized", "permission_denied"];

struct Phrases {
    all: Option<AhoCorasick>,
    triggers: Option<AhoCorasick>,
    marks: Vec<Mark>,
}

fn pairs() -> impl Iterator<Item = (Mark, &'static str)> {
    PHRASES.iter().flat_map(|(mark, phrases)| phrases.split('|').map(move |phrase| (*mark, phrase)))
}

static TABLE: LazyLock<Phrases> = LazyLock::new(|| {
    // Building fails only on tables of billions of states; a test holds that this one builds.
    let build =
        |phrases: Vec<&str>| AhoCorasick::builder().ascii_case_insensitive(true).kind(Some(AhoCorasickKind::DFA)).build(phrases).ok();
    Phrases {
        all: build(pairs().map(|(_, phrase)| phrase).collect()),
        triggers: build(
            pairs().filter(|(mark, phrase)| !QUIET.contains(mark) || LOUD.contains(phrase)).map(|(_, phrase)| phrase).collect(),
        ),
        marks: pairs().map(|(mark, _)| mark).collect(),
    }
});

/// Whether a raw line may say anything of interest.
pub(super) fn triggers(line: &[u8]) -> bool {
    TABLE.triggers.as_ref().is_some_and(|triggers| triggers.is_match(line))
}

/// The marks that a text bears, with where each one first begins.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Marks([Option<usize>; Scene as usize + 1]);

impl Marks {
    /// All marks of the text.
    pub(super) fn of(text: &str) -> Self {
        let mut marks = Self::default();
        for found in TABLE.all.iter().flat_map(|all| all.find_overlapping_iter(text)) {
            let Some(mark) = TABLE.marks.get(found.pattern().as_usize()) else { continue };
            if let Some(first) = marks.0.get_mut(*mark as usize) {
                *first = Some(first.map_or(found.start(), |first| first.min(found.start())));
            }
        }
        marks
    }

    /// Where the mark first begins; `None` where the text does not bear it.
    pub(super) fn at(&self, mark: Mark) -> Option<usize> {
        self.0.get(mark as usize).copied().flatten()
    }

    /// Whether the text bears the mark.
    pub(super) fn has(&self, mark: Mark) -> bool {
        self.at(mark).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_automata_build_and_every_phrase_is_lower_case_and_found() {
        assert!(TABLE.all.is_some() && TABLE.triggers.is_some());
        for (mark, phrase) in pairs() {
            assert_eq!(phrase, phrase.to_lowercase());
            assert_eq!(Marks::of(&phrase.to_uppercase()).at(mark), Some(0), "{phrase}");
        }
    }

    #[test]
    fn an_ordinary_line_is_passed_by() {
        assert!(!triggers(b"web-6c8f9d7b5-429xk    1/1     Running   0          429d"));
        assert!(triggers(b"TooManyRequests: You have reached"));
    }
}
