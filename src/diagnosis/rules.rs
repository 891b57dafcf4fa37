//! What a failure text means, as data: a row a rule, in the order of judgement, each with what is
//! looked for, what else must hold, and an example that this rule and none before it decides. First
//! every kind of 429 (token and login limits, the pull limit, the overall limit, another registry's
//! limiter, a 429 that does not say which), then what is no limit at all (disk, runtime, block,
//! credentials, access, image, network, server). A new wording is a phrase of `phrases`; a new kind of
//! failure is a row here. Source: the project's page on runtimes ("Order of judgement"), November 2026.

use super::class::Class::{
    self, Blocked, Credentials, Denied, DiskFull, LimitUnspecified, LoginLimit, Network, NotFound,
    OtherRegistryLimit, OverallLimit, PullLimit, RuntimeDown, Server,
};
use super::phrases::Mark;

use Condition::{
    AboutRegistry, Any, Asked, BareExpiry, BareUnauthorized, Coded, CodedDenied, Contains, CutOff,
    Foreign, Has, Lacks, MissingName, NamesRegistry, NoFault, NothingRemains, Opens,
};
use Pattern::{Forbidden, Limited, Limiter, PlainBody, Says, Status};

/// One rule: where the pattern is found and every condition holds, the text is of this class.
pub(super) struct Rule {
    pub(super) class: Class,
    pub(super) pattern: Pattern,
    pub(super) conditions: &'static [Condition],
    /// A text that this rule decides.
    #[cfg_attr(not(test), expect(dead_code, reason = "the rule's test"))]
    pub(super) example: &'static str,
}

/// What is looked for. Where it begins, the decisive words begin.
#[derive(Debug, Clone, Copy)]
pub(super) enum Pattern {
    /// A phrase of this mark.
    Says(Mark),
    /// The same, from the error's code or status on where that stands before it.
    Limiter(Mark),
    /// An HTTP status from the first to the last of these.
    Status(u16, u16),
    /// A registry's 429: its status, its code or its words.
    Limited,
    /// Docker's sentence that somebody has reached a pull rate limit.
    PullLimit,
    /// The overall limit's body, which is the status' words and nothing else.
    PlainBody,
    /// `Forbidden` and nothing else after an address.
    Forbidden,
}

/// What else must hold.
#[derive(Debug)]
pub(super) enum Condition {
    /// A phrase of this mark stands in the text.
    Has(Mark),
    /// None does.
    Lacks(Mark),
    /// The words, lower case, stand in the text.
    Contains(&'static str),
    /// The text begins with them.
    Opens(&'static str),
    /// The text is about images and registries.
    AboutRegistry,
    /// It names an image or whose registry it is.
    NamesRegistry,
    /// It says whose registry was asked.
    Asked,
    /// It, or what stands before it, is about a registry other than Docker Hub.
    Foreign,
    /// It has `toomanyrequests` as an error's code.
    Coded,
    /// It has a registry's 429.
    Limited,
    /// It shows headers by which no pull remains.
    NothingRemains,
    /// It has no status of a server's fault.
    NoFault,
    /// It begins with `unauthorized:` and what registries say after it.
    BareUnauthorized,
    /// It begins with `denied:` and a registry's word that a login has run out.
    BareExpiry,
    /// Its refusal is a code or a message of its own, not a part of a sentence.
    CodedDenied,
    /// An image's name stands before `: not found`.
    MissingName,
    /// It is the bare word of a pull that was cut off.
    CutOff,
    /// One of these holds.
    Any(&'static [Self]),
}

/// A lock-out is a registry's by its code or its subject. Docker Hub counts by user name or address, and
/// says so; others lock people out, too.
const LOCK_OUT: Condition = Any(&[Coded, AboutRegistry, Contains("username or ip")]);
/// A text is about a token.
const TOKEN: Condition = Any(&[Has(Mark::Token), Has(Mark::LoginAttempt)]);
const CODED_OR_ABOUT: Condition = Any(&[Coded, AboutRegistry]);
/// It shows by a link or by headers that a 429 is the pull limit's.
const PULLS_SPENT: Condition = Any(&[Has(Mark::LimitLink), NothingRemains]);
/// What a 401 must come with, so that it is a registry's.
const UNAUTHORIZED: Condition = Any(&[AboutRegistry, BareUnauthorized]);
/// Network words count where a registry, a token service or a pull is at the other end.
const OTHER_END: Condition = Any(&[NamesRegistry, Has(Mark::Asking), CutOff]);

const fn rule(
    class: Class,
    pattern: Pattern,
    conditions: &'static [Condition],
    example: &'static str,
) -> Rule {
    Rule { class, pattern, conditions, example }
}

/// All rules; the first that fits holds.
pub(super) const RULES: &[Rule] = &[
    rule(
        LoginLimit,
        Says(Mark::Logins),
        &[LOCK_OUT],
        "toomanyrequests: too many failed login attempts for username or IP address",
    ),
    rule(
        OtherRegistryLimit,
        Says(Mark::TokenLimiter),
        &[Foreign],
        "Error: initializing source docker://quay.io/a/b:1: Requesting bearer token: too many requests to registry",
    ),
    rule(
        LoginLimit,
        Says(Mark::TokenLimiter),
        &[],
        "Error: copying system image from manifest list: too many requests to registry",
    ),
    rule(
        OtherRegistryLimit,
        Limited,
        &[TOKEN, Foreign],
        "failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://ghcr.io/token?service=ghcr.io: 429 Too Many Requests",
    ),
    rule(
        LoginLimit,
        Limited,
        &[TOKEN],
        "failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://auth.docker.io/token?service=registry.docker.io: 429 Too Many Requests",
    ),
    rule(
        PullLimit,
        Pattern::PullLimit,
        &[],
        "Error response from daemon: toomanyrequests: You have reached your pull rate limit.",
    ),
    rule(
        PullLimit,
        Limited,
        &[PULLS_SPENT],
        "toomanyrequests: see https://www.docker.com/increase-rate-limit",
    ),
    rule(
        OverallLimit,
        Says(Mark::Balancer),
        &[],
        "received unexpected HTTP status: 429 Too Many Requests (HAP429)",
    ),
    rule(
        OtherRegistryLimit,
        Limiter(Mark::OtherLimiter),
        &[],
        "Failed to pull image \"nginx\": pull QPS exceeded",
    ),
    rule(
        OtherRegistryLimit,
        Limiter(Mark::Limiter),
        &[Any(&[Condition::Limited, AboutRegistry])],
        "toomanyrequests: Rate exceeded",
    ),
    rule(
        OtherRegistryLimit,
        Limiter(Mark::LimiterBeside429),
        &[Condition::Limited],
        "toomanyrequests: retry-after: 12.5µs, allowed at last",
    ),
    rule(
        OtherRegistryLimit,
        PlainBody,
        &[CODED_OR_ABOUT, Foreign],
        "Error: reading manifest 1 in quay.io/a/b: toomanyrequests: Too Many Requests",
    ),
    rule(
        OverallLimit,
        PlainBody,
        &[CODED_OR_ABOUT],
        "Error response from daemon: toomanyrequests: Too Many Requests",
    ),
    rule(
        OtherRegistryLimit,
        Limited,
        &[Foreign],
        "unexpected status from HEAD request to https://quay.io/v2/a/b/manifests/1: 429 Too Many Requests",
    ),
    rule(
        LimitUnspecified,
        Limited,
        &[],
        "unexpected status from HEAD request to https://registry-1.docker.io/v2/a/b/manifests/1: 429 Too Many Requests",
    ),
    rule(
        DiskFull,
        Says(Mark::Space),
        &[Lacks(Mark::NotDisk)],
        "failed to register layer: write /usr/lib/x: no space left on device",
    ),
    rule(
        RuntimeDown,
        Says(Mark::Daemon),
        &[],
        "Cannot connect to the Docker daemon. Is the docker daemon running?",
    ),
    rule(
        RuntimeDown,
        Says(Mark::Socket),
        &[Has(Mark::SocketFails)],
        "dial unix /run/user/1000/x.sock: connect: permission denied",
    ),
    rule(
        RuntimeDown,
        Says(Mark::Stopped),
        &[Has(Mark::Tool)],
        "FATA[0000] instance \"default\" is stopped, run `limactl start default`",
    ),
    rule(
        RuntimeDown,
        Says(Mark::Absent),
        &[Has(Mark::Tool), Lacks(Mark::HelperName)],
        "exec: \"nerdctl\": executable file not found in $PATH",
    ),
    rule(
        Blocked,
        Says(Mark::Blocked),
        &[],
        "Since Docker is a US company, we must comply with US export control regulations",
    ),
    rule(
        Blocked,
        Status(403, 403),
        &[Has(Mark::Html), AboutRegistry],
        "Error response from daemon: error parsing HTTP 403 response body: invalid character '<' looking for beginning of value",
    ),
    rule(
        Blocked,
        Forbidden,
        &[NamesRegistry],
        "Error response from daemon: Get \"https://registry-1.docker.io/v2/\": Forbidden",
    ),
    rule(
        Credentials,
        Says(Mark::Login),
        &[],
        "Error response from daemon: no basic auth credentials",
    ),
    rule(
        Credentials,
        Says(Mark::HelperName),
        &[Any(&[Has(Mark::Absent), Has(Mark::Missing)])],
        "exec: \"docker-credential-pass\": executable file not found in $PATH, out: ``",
    ),
    rule(
        Credentials,
        Says(Mark::Credentials),
        &[
            Lacks(Mark::Proxy),
            Any(&[AboutRegistry, BareUnauthorized, BareExpiry, Opens("incorrect username")]),
        ],
        "denied: Your authorization token has expired. Reauthenticate and try again.",
    ),
    rule(
        Denied,
        Says(Mark::Denied),
        &[],
        "Error response from daemon: pull access denied for a/b, repository does not exist or may require 'docker login'",
    ),
    rule(
        Denied,
        Says(Mark::Unauthorized),
        &[Lacks(Mark::Proxy), UNAUTHORIZED, Has(Mark::NoAccess)],
        "unauthorized: unauthorized to access repository: team/app, action: pull",
    ),
    rule(
        Credentials,
        Says(Mark::Unauthorized),
        &[Lacks(Mark::Proxy), UNAUTHORIZED],
        "unauthorized: authentication required",
    ),
    rule(
        Credentials,
        Status(401, 401),
        &[Lacks(Mark::Proxy), UNAUTHORIZED],
        "Error response from daemon: received unexpected HTTP status: 401",
    ),
    rule(
        Denied,
        Says(Mark::Refused),
        &[
            CodedDenied,
            Any(&[
                NamesRegistry,
                Contains("response from daemon"),
                Contains("status code from registry 403"),
            ]),
        ],
        "Error response from daemon: denied",
    ),
    rule(
        Denied,
        Status(403, 403),
        &[NamesRegistry],
        "GET https://registry-1.docker.io/v2/a/b/manifests/1: unexpected status code 403",
    ),
    rule(
        NotFound,
        Says(Mark::NotFound),
        &[Lacks(Mark::Fetching), AboutRegistry],
        "Error response from daemon: manifest unknown",
    ),
    rule(
        NotFound,
        Says(Mark::Missing),
        &[
            Lacks(Mark::Fetching),
            Any(&[Contains("manifest for "), Contains("(gcloud.run"), MissingName]),
        ],
        "ERROR: failed to solve: nginx:9.99: docker.io/library/nginx:9.99: not found",
    ),
    rule(
        NotFound,
        Says(Mark::NoSuchResource),
        &[Lacks(Mark::Fetching), Any(&[Contains("pull"), Contains("resolve reference")])],
        "rpc error: code = NotFound desc = failed to pull and unpack image",
    ),
    rule(
        NotFound,
        Status(404, 404),
        &[Lacks(Mark::Fetching), Asked],
        "HEAD https://registry-1.docker.io/v2/a/b/manifests/1: unexpected status code 404 Not Found",
    ),
    rule(
        NotFound,
        Says(Mark::NotHere),
        &[Lacks(Mark::Fetching)],
        "Error response from daemon: No such image: nginx:9",
    ),
    rule(
        Network,
        Says(Mark::Proxy),
        &[NoFault, OTHER_END],
        "Get \"https://registry-1.docker.io/v2/\": Proxy Authorization Required",
    ),
    rule(
        Network,
        Says(Mark::Network),
        &[NoFault, OTHER_END],
        "Get \"https://registry-1.docker.io/v2/\": dial tcp: lookup registry-1.docker.io: no such host",
    ),
    rule(
        Server,
        Status(500, u16::MAX),
        &[AboutRegistry],
        "GET https://registry-1.docker.io/v2/a/b/manifests/1: response code 507",
    ),
    rule(
        Server,
        Says(Mark::Server),
        &[AboutRegistry],
        "Error response from daemon: failed to generate login session: internal server error",
    ),
];

#[cfg(test)]
mod tests {
    use super::super::judge::Case;
    use super::super::line::peel;
    use super::super::phrases::Marks;
    use super::super::subject::{Hub, Owner, Subject};
    use super::*;

    /// Which of the rules decides a text that stands alone.
    fn decides(raw: &str, without: Option<usize>) -> Option<(usize, Class)> {
        let line = peel(raw);
        let subject = Subject::of(&line.text, line.image.as_deref(), &Hub::default());
        let case = Case {
            text: &line.text,
            marks: Marks::of(&line.text),
            owner: subject.owner,
            before: Owner::Unsaid,
            is_pulling: false,
            names_image: subject.image.is_some(),
        };
        RULES
            .iter()
            .enumerate()
            .filter(|(at, _)| Some(*at) != without)
            .find_map(|(at, rule)| case.by(rule).map(|verdict| (at, verdict.class)))
    }

    #[test]
    fn each_rule_decides_its_example_and_no_other_rule_would_decide_it_so() {
        let wrong: Vec<_> = RULES
            .iter()
            .enumerate()
            .filter(|(at, rule)| {
                let otherwise = decides(rule.example, Some(*at)).map(|(_, class)| class);
                decides(rule.example, None) != Some((*at, rule.class))
                    || otherwise == Some(rule.class)
            })
            .map(|(at, rule)| (at, rule.class, rule.example))
            .collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn every_class_has_a_rule() {
        for class in Class::ALL {
            assert!(RULES.iter().any(|rule| rule.class == class), "{class}");
        }
    }
}
