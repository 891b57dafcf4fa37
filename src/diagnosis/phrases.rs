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
    /// An attempt to log in.
    LoginAttempt,
    /// The words of the token service's limiter, as podman and its family say it.
    TokenLimiter,
    /// The text is about fetching a token.
    Token,
    /// Wordings of other registries' limiters, nobody else's.
    OtherLimiter,
    /// Wordings of other registries' limiters that the world shares.
    Limiter,
    /// Words that show another registry's limiter beside a 429.
    LimiterBeside429,
    /// The disk is full.
    Space,
    /// Says "no space left" of something that is no disk.
    NotDisk,
    /// The runtime is not there, without doubt.
    Daemon,
    /// A runtime's socket.
    Socket,
    /// What may be wrong with a socket.
    SocketFails,
    /// A virtual machine is stopped.
    Stopped,
    /// A program is not installed.
    Absent,
    /// A runtime's name.
    Tool,
    /// The address is refused.
    Blocked,
    /// Credentials, without doubt.
    Login,
    /// Credentials, where it is about a registry.
    Credentials,
    /// A credential helper's name.
    HelperName,
    /// Not authorized; why is said elsewhere.
    Unauthorized,
    /// Access to a repository is what is missing.
    NoAccess,
    /// No access, without doubt.
    Denied,
    /// No access, where it is about a registry.
    Refused,
    /// No such image, where it is about a registry.
    NotFound,
    /// Not found, where an image's name stands before it.
    Missing,
    /// A runtime's code for what does not exist.
    NoSuchResource,
    /// An image that is not in the local store.
    NotHere,
    /// An image that is not in the local store, and is fetched next.
    Fetching,
    /// A proxy asks for a login.
    Proxy,
    /// The network, where it is about a registry.
    Network,
    /// A registry is being asked.
    Asking,
    /// A fault of the server, where it is about a registry.
    Server,
    /// A body in HTML.
    Html,
    /// The text is about images or registries.
    Registry,
    /// The text may name an image or a place in the log that later lines need.
    Context,
}

use Mark::{
    Absent, Asking, Balancer, Blocked, Context, Credentials, Daemon, Denied, Fetching, HelperName,
    Html, LimitLink, Limiter, LimiterBeside429, Login, LoginAttempt, Logins, Missing, Network,
    NoAccess, NoSuchResource, NotDisk, NotFound, NotHere, OtherLimiter, Proxy, PullLimit, Refused,
    Registry, Server, Socket, SocketFails, Space, Stopped, Token, TokenLimiter, TooMany,
    TooManyWords, Tool, Unauthorized,
};

/// Every phrase under its mark, lower case, with `|` between them; blanks count.
const PHRASES: &[(Mark, &str)] = &[
    // Without the last word: a kubelet's event may be cut off before it.
    (PullLimit, "pull rate"),
    (LimitLink, "increase-rate-limit|download-rate-limit"),
    (TooMany, "toomanyrequests"),
    (
        TooManyWords,
        "too many requests|429 unknown|status 429|status code 429|status code: 429|statuscode: 429|status: 429|http 429|-> 429|\
         returned 429|http/1.1 429|http/2 429|http/1.0 429",
    ),
    (Balancer, "hap429"),
    (Logins, "too many failed login attempts|too many login attempts|too many failed logins"),
    (LoginAttempt, "login attempt to |logging in to |logging into "),
    (
        TokenLimiter,
        "too many requests to registry|login to dockerhub error: {\"detail\": \"rate limit exceeded\"|\
         login to dockerhub error: {\"detail\":\"rate limit exceeded\"",
    ),
    (
        Token,
        "fetch anonymous token|fetch oauth token|auth.docker.io/token|retrieve auth token|requesting bearer token|\
         getting bearer token|bearer token from|/token?|/service/token|/oauth2/token|get token|getting token|fetching token|\
         token exchange|failed to authorize|obtain token|token endpoint|registry token",
    ),
    (OtherLimiter, "too many requests to source registry|aka.ms/acr/skus|pull qps exceeded"),
    (
        Limiter,
        "data limit exceeded|quota exceeded for quota metric|rate exceeded|, allowed: |throttlingexception|request was throttled",
    ),
    (
        LimiterBeside429,
        "retry-after: |rate limit exceeded|secondary rate limit|requests per minute|had to rate limit|aka.ms/|\"ref a: ",
    ),
    (
        Space,
        "no space left on device|disk quota exceeded|not enough space on the disk|not enough free space|\
         insufficient disk space|enospc|failed to garbage collect required amount of images|\
         low on resource: ephemeral-storage|low on resource: imagefs|you don't have enough free space|disk is full",
    ),
    (
        NotDisk,
        "inotify|fanotify|cgroup|/dev/shm|epoll|file watchers|watch enospc|, watch '|shared memory|semget|shmget|semaphore",
    ),
    (
        Daemon,
        "cannot connect to the docker daemon|is the docker daemon running|cannot access socket|cannot access containerd socket|\
         cannot connect to podman|unable to connect to podman|rootless containerd not running|is containerd running|\
         trying to connect to the docker|could not find a valid docker environment|docker is not running|\
         docker desktop is not running|docker daemon is not running|colima is not running|colima not running|container runtime is down|\
         container runtime is not running|failed to connect to the docker api|failed to connect to containerd|\
         error while fetching server api version|unknown service runtime.v1|failed to create new cri|error during connect|\
         couldn't connect to docker daemon|failed to start daemon|make sure you are running as root and the|error pinging docker server|\
         docker: command not found|nerdctl: command not found|podman: command not found|crictl: command not found|\
         ctr: command not found|skopeo: command not found|limactl: command not found|docker: not found|podman: not found|\
         nerdctl: not found|skopeo: not found|command not found: docker|command not found: podman|command not found: nerdctl|\
         command not found: limactl|'docker' is not recognized|'podman' is not recognized|unknown command: docker|\
         'docker': no such file|'podman': no such file|'nerdctl': no such file|could not connect to buildkitd|\
         could not find a working container runtime strategy|rootless docker not found|cannot run program \"docker\"|\
         cannot run program \"podman\"|spawn docker enoent|spawn podman enoent|no such file or directory: 'docker'|\
         no such file or directory: 'podman'|no such file or directory: 'nerdctl'",
    ),
    (
        Socket,
        "unix://|dial unix|containerd.sock|docker.sock|buildkitd.sock|crio.sock|podman.sock|docker_engine|failed to dial|\
         validate service connection",
    ),
    (
        SocketFails,
        "no such file|connection refused|permission denied|cannot find the file|cannot access|unavailable|timeout|deadline|\
         unimplemented|cannot connect|unable to connect",
    ),
    (
        Stopped,
        "is stopped, run|does not exist, run|is not running, run|vm is not running|machine is not running|instance is not running",
    ),
    (Absent, "executable file not found|not installed or not available in path"),
    (
        Tool,
        "docker|podman|nerdctl|crictl|\"ctr\"|containerd|limactl|instance \"|finch|colima|skopeo|crane",
    ),
    (Blocked, "export control|block all ip addresses|export regulations"),
    (
        Login,
        "no basic auth credentials|email must be verified|error getting credentials|error saving credentials|\
         error storing credentials|unable to retrieve docker credentials|unauthorized: incorrect username or password|\
         invalid username/password|must log in with a personal access token|existing credentials are invalid|\
         cannot perform an interactive login|you may not login yet|credentials store docker-credential-",
    ),
    (
        Credentials,
        "incorrect username or password|invalid username or password|wrong username or password|wrong username was used|authorization token has expired|\
         invalid credentials|bad credentials|failed to get credentials|authentication failed|token is expired|token has expired|\
         access token expired|not logged in|password is incorrect|malformed auth|unauthenticated request|account is disabled|\
         account has been disabled|http basic: access denied|unable to decode credentials|\
         credentials are required|invalid_token|unable to retrieve some image pull secrets|cannot be authenticated|no ec2 imds role found|unable to locate credentials|nocredentialproviders",
    ),
    (HelperName, "docker-credential-"),
    (
        Unauthorized,
        "unauthorized|authentication required|authentication is required|failed with status: 401",
    ),
    (
        NoAccess,
        "does not have permission|unauthorized to access repository|action:pull|type:repository",
    ),
    (
        Denied,
        "requested access to the resource is denied|pull access denied|insufficient_scope|push access denied|denied: denied|\
         denied: permission_denied|downloadartifacts|uploadartifacts|not authorized to perform: ecr|permission_denied: the requested|\
         denied: access forbidden|denied: installation not allowed to |must have permission to read the image|\
         authentication to the upstream registry failed",
    ),
    (Refused, " denied: |: denied|\": forbidden|403 forbidden|403 (forbidden)|permission_denied"),
    (
        NotFound,
        "manifest unknown|manifest_unknown|name unknown|name_unknown|repository name not known|no matching manifest|\
         no such manifest|tag_unknown|unknown tag|manifest tagged by|no image found in|no match for platform|no child with platform|\
         no image satisfying|was deleted or has expired|unknown: tag |blob unknown|blob_unknown|unknown: artifact |unknown: repository |\
         repositorynotfoundexception|imagenotfoundexception|dockerregistry2::notfound|the repository with name|manifest not found",
    ),
    (Missing, "not found"),
    (NoSuchResource, "code = notfound"),
    (NotHere, "no such image|image not known|image not present with pull policy"),
    (Fetching, "unable to find image"),
    (Proxy, "proxy authentication required|proxy authorization required"),
    (
        Network,
        "no such host|i/o timeout|failed to connect to |bad record mac|connection refused|connection reset|tls handshake|x509:|network is unreachable|\
         no route to host|deadline exceeded|client.timeout exceeded|request canceled|unexpected eof|: eof|proxyconnect|\
         server gave http response|does not look like a tls|name resolution|could not resolve|timeout awaiting|\
         server misbehaving|connection timed out|connection lost|stream error|goaway|broken pipe|closed network connection|\
         tls: |certificate has expired|host is unreachable|host is down|dial tcp|operation timed out|certificate is not trusted|\
         certificate verify failed|name or service not known|connection aborted|read timed out|handshake failure|\
         network unreachable|temporary failure|cannot assign requested address|\
         server closed idle|net/http: |getaddrinfo|econnrefused|econnreset|etimedout|enotfound|transport connection broken|pkix path building failed|unable to find valid certification path",
    ),
    (
        Asking,
        "response from daemon: get |container registry|docker registry|registry-1|auth.docker.io|failed to do request|pulling image|\
         pull image|failed to pull|failed to copy|reading blob|writing blob|ctr: context deadline exceeded",
    ),
    (
        Server,
        "failed to generate login session|internal server error|bad gateway|service unavailable|service temporarily unavailable|gateway time|\
         unexpected http status: 5|error parsing http 5|web server is down|http 50|http 52|statuscode: 5|status code 5|status code: 5",
    ),
    (Html, "<html|character '<'|<!doctype"),
    (
        Registry,
        "/v2/\"|/v2/:|/v2/ |/v2/_catalog|/blobs/sha|/blobs/upload|/referrers/sha|/tags/list|container registry|docker registry|registry-1|source registry|docker hub|dockerhub|response from daemon|manifest |manifests| manifest:|manifest_|no such manifest|fetching manifest |image manifest|\
         docker pull|docker image|docker_image|fetch image version|docker login|failed to pull|pull image|pulling image|image pull|failed to copy|\
         failed to solve|failed to authorize|failed to resolve reference|failed to resolve source|failed to do request|\
         reading blob|writing blob|unexpected http status|crictl|containerd|podman|skopeo|kaniko|buildkit|nerdctl|oras|cosign|\
         ghcr.io|quay.io|gcr.io|.ecr.|dkr-ecr|.ecr-fips.|ecr-public.aws|azurecr|mcr.microsoft|tags list|getauthorizationtoken|jib|response from registry|code from registry|artifactregistry|\
         error from registry|bearer token|login attempt to |error parsing http 4|error parsing http 5|dockerregistry2::",
    ),
    (
        Context,
        "pull|cannot run program|unable to find image|retrieving image|load metadata for|docker://|image=|imagename|image\"|##[group]|\
         ##[endgroup]|diff --git|author:|using docker|base name|: from |if you |when you |you will see|you may see|\
         you might see|users see|looks like this|host: |connected to |ratelimit-|skopeo |for example|errors occurred|\
         error occurred:|errors:|\"code\"|http/1.1 200|http/2 200|status: downloaded newer|status: image is up to date|dockerregistry2::|response status: 429|login to dockerhub error|\
         : downloading|: download complete|: extracting|: verifying checksum",
    ),
];

/// Marks that are no reason of their own to look at a line.
const QUIET: &[Mark] = &[
    NotDisk,
    Html,
    Registry,
    Token,
    LoginAttempt,
    SocketFails,
    Tool,
    HelperName,
    NoAccess,
    Asking,
    LimiterBeside429,
];

/// Phrases of quiet marks that are a reason all the same.
const LOUD: &[&str] = &["<html"];

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
    let build = |phrases: Vec<&str>| {
        AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .kind(Some(AhoCorasickKind::DFA))
            .build(phrases)
            .ok()
    };
    Phrases {
        all: build(pairs().map(|(_, phrase)| phrase).collect()),
        triggers: build(
            pairs()
                .filter(|(mark, phrase)| !QUIET.contains(mark) || LOUD.contains(phrase))
                .map(|(_, phrase)| phrase)
                .collect(),
        ),
        marks: pairs().map(|(mark, _)| mark).collect(),
    }
});

/// Whether a raw line may say anything of interest.
pub(super) fn triggers(line: &[u8]) -> bool {
    TABLE.triggers.as_ref().is_some_and(|triggers| triggers.is_match(line))
}

/// The marks that a text bears, with where each one first begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Marks([Option<usize>; Context as usize + 1]);

impl Marks {
    /// All marks of the text.
    pub(super) fn of(text: &str) -> Self {
        let mut marks = Self([None; Context as usize + 1]);
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
