//! The order of judgement over one peeled text: token and login limits, the pull limit, the overall
//! limit, another registry's limiter, a 429 that does not say which, and then what is no limit at
//! all. Source: the project's page on runtimes, November 2026.

use super::class::Class;
use super::phrases::{Mark, Marks};
use super::status;
use super::subject::Owner;

/// What a text was judged to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Verdict {
    /// The class.
    pub(super) class: Class,
    /// The byte where the decisive words begin.
    pub(super) at: usize,
}

/// A text with what was read off it before judging.
pub(super) struct Case<'a> {
    /// The peeled text.
    pub(super) text: &'a str,
    /// Its marks.
    pub(super) marks: Marks,
    /// Whose registry it is about, by itself or by the lines before it.
    pub(super) owner: Owner,
    /// Whether it names an image.
    pub(super) names_image: bool,
}

impl Case<'_> {
    /// The class of the text, or `None` where it tells of no known failure.
    pub(super) fn judge(&self) -> Option<Verdict> {
        let verdict = |(class, at)| Verdict { class, at };
        self.limit().or_else(|| self.host().or_else(|| self.access()).or_else(|| self.rest())).map(verdict)
    }

    /// Every kind of 429.
    fn limit(&self) -> Option<(Class, usize)> {
        let marks = &self.marks;
        let status = status::find(self.text, |status| status == 429).map(|(_, at)| at);
        let code = self.error_code();
        let limited = status.or(code).or_else(|| marks.at(Mark::TooManyWords).filter(|_| self.is_about_registry()));
        let foreign = |class| if self.owner == Owner::Foreign { Class::OtherRegistryLimit } else { class };
        if let Some(at) = marks.at(Mark::Logins) {
            return Some((Class::LoginLimit, at));
        }
        if let Some(at) = marks.at(Mark::TokenLimiter).or(limited.filter(|_| marks.has(Mark::Token))) {
            return Some((foreign(Class::LoginLimit), at));
        }
        if let Some(at) = self.pull_limit().or_else(|| marks.at(Mark::LimitLink).and(limited)) {
            return Some((Class::PullLimit, at));
        }
        if let Some(at) = marks.at(Mark::Balancer) {
            return Some((Class::OverallLimit, at));
        }
        if let Some(at) = marks.at(Mark::Limiter).filter(|at| self.is_foreign_wording(*at, limited.is_some())) {
            return Some((Class::OtherRegistryLimit, code.or(status).unwrap_or(at).min(at)));
        }
        if let Some(at) = self.plain_body() {
            return Some((foreign(Class::OverallLimit), at));
        }
        let at = limited?;
        match self.owner {
            Owner::Hub => Some((Class::LimitUnspecified, at)),
            Owner::Foreign => Some((Class::OtherRegistryLimit, at)),
            Owner::Elsewhere => None,
            Owner::Unsaid => (code.is_some() || self.is_about_registry()).then_some((Class::LimitUnspecified, at)),
        }
    }

    /// `toomanyrequests` where it is an error's code: a word of its own with a colon, or quoted.
    fn error_code(&self) -> Option<usize> {
        let at = self.marks.at(Mark::TooMany)?;
        let before = self.text.get(..at)?;
        let after = self.text.get(at + "toomanyrequests".len()..)?;
        let stands_alone = !before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '.');
        (stands_alone && (after.starts_with(':') || after.trim().is_empty())).then_some(at)
    }

    /// Docker's wording: somebody has reached a pull rate limit.
    fn pull_limit(&self) -> Option<usize> {
        let at = self.marks.at(Mark::PullLimit)?;
        let before = self.text.get(..at)?.to_ascii_lowercase();
        let reached =
            before.rfind("have reached your").or_else(|| before.rfind("has reached its")).or_else(|| before.rfind("exceeded your"))?;
        (at - reached < 80).then_some(self.error_code().filter(|code| *code < reached).unwrap_or(reached))
    }

    /// The overall limit's body, plain words without an explanation, as each tool quotes it.
    fn plain_body(&self) -> Option<usize> {
        const BEFORE: &[&str] = &[
            "toomanyrequests: ",
            "of value: ",
            "of value: \"",
            "header line: ",
            "header line: \"",
            "429, \"",
            "429 too many requests: ",
            "429 too many requests \"",
            "body: ",
            "body: \"",
        ];
        let lower = self.text.to_ascii_lowercase();
        lower
            .match_indices("too many requests")
            .map(|(at, _)| at)
            .find(|at| BEFORE.iter().any(|lead| lower.get(..*at).is_some_and(|before| before.ends_with(lead))))
    }

    fn is_foreign_wording(&self, at: usize, limited: bool) -> bool {
        let says = |words: &str| self.text.get(at..).is_some_and(|text| text.to_ascii_lowercase().contains(words));
        limited || says("data limit exceeded") || says("source registry") || (says("rate exceeded") && self.is_about_registry())
    }

    /// This machine: its disk, its runtime; and the address that is refused.
    fn host(&self) -> Option<(Class, usize)> {
        let marks = &self.marks;
        if let Some(at) = marks.at(Mark::Space).filter(|_| !marks.has(Mark::NotDisk)) {
            return Some((Class::DiskFull, at));
        }
        if let Some(at) = self.daemon() {
            return Some((Class::RuntimeDown, at));
        }
        let blocked = || {
            status::find(self.text, |status| status == 403).filter(|_| marks.has(Mark::Html) && self.is_about_registry()).map(|(_, at)| at)
        };
        marks.at(Mark::Blocked).or_else(blocked).map(|at| (Class::Blocked, at))
    }

    /// The runtime is down: sure words, or a socket with a failure beside it.
    fn daemon(&self) -> Option<usize> {
        let at = self.marks.at(Mark::Daemon)?;
        let lower = self.text.to_ascii_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        let names_socket = says(&[
            "unix://",
            ".sock",
            "docker_engine",
            "dial unix",
            "failed to dial",
            "error during connect",
            "validate service connection",
        ]);
        let fails = says(&[
            "no such file",
            "connection refused",
            "permission denied",
            "cannot find the file",
            "cannot access",
            "unavailable",
            "cannot connect",
            "unable to connect",
            "timeout",
            "deadline",
            "is the docker daemon",
        ]);
        let names_tool = says(&["docker", "podman", "nerdctl", "crictl", "ctr", "containerd", "lima", "finch", "colima", "skopeo"]);
        let sure = says(&[
            "cannot connect to the docker daemon",
            "is the docker daemon running",
            "cannot access socket",
            "cannot access containerd socket",
            "cannot connect to podman",
            "unable to connect to podman",
            "rootless containerd not running",
            "is containerd running",
            "trying to connect to the docker",
            "could not find a valid docker environment",
            "docker is not running",
            "docker desktop is not running",
            "daemon is not running",
            "colima is not running",
            "container runtime is down",
            "container runtime is not running",
            "failed to connect to the docker api",
            "failed to connect to containerd",
            "error while fetching server api version",
            "unknown service runtime.v1",
            "failed to create new cri",
        ]);
        let stopped = says(&[
            "is stopped, run",
            "does not exist, run",
            "is not running, run",
            "vm is not running",
            "machine is not running",
            "no vm",
        ]);
        let absent = says(&["command not found", "executable file not found", ": not found"])
            && says(&["docker", "podman", "nerdctl", "crictl", "ctr", "skopeo"])
            && !lower.contains("credential");
        let has_word = says(&["command not found", "executable file not found"])
            || self.marks.at(Mark::Daemon).is_some_and(|at| lower.get(at..).is_some_and(|text| text.contains(": not found")));
        (sure || (names_socket && fails) || (stopped && names_tool) || (absent && has_word)).then_some(at)
    }

    /// Credentials and access.
    fn access(&self) -> Option<(Class, usize)> {
        let marks = &self.marks;
        let registry = self.is_about_registry();
        if let Some(at) = marks.at(Mark::Credentials).filter(|_| self.refuses_credentials()) {
            return Some((Class::Credentials, at));
        }
        if let Some(at) = marks.at(Mark::Denied) {
            return Some((Class::Denied, at));
        }
        let status = |wanted| status::find(self.text, |status| status == wanted).map(|(_, at)| at);
        if let Some(at) = marks.at(Mark::Unauthorized).or_else(|| status(401)).filter(|_| registry || self.opens_with("unauthorized")) {
            let of_repository =
                self.text.contains("Action:pull") || self.text.contains("\"repository\"") || self.text.contains("Type:repository");
            return Some((if of_repository { Class::Denied } else { Class::Credentials }, at));
        }
        let refused = marks.at(Mark::Refused).filter(|_| self.text.to_ascii_lowercase().contains("denied: ") || status(403).is_some());
        refused
            .or_else(|| status(403))
            .filter(|_| self.owner == Owner::Hub || self.owner == Owner::Foreign || self.names_image)
            .map(|at| (Class::Denied, at))
    }

    /// Whether the words about credentials are a refusal in this text.
    fn refuses_credentials(&self) -> bool {
        self.is_about_registry()
            || self.opens_with("unauthorized")
            || self.text.contains("incorrect username or password")
            || self.owner == Owner::Hub
    }

    /// The image, the network and the server.
    fn rest(&self) -> Option<(Class, usize)> {
        let marks = &self.marks;
        let asked = self.owner == Owner::Hub || self.owner == Owner::Foreign;
        let registry = asked || self.names_image || self.is_about_registry();
        if marks.has(Mark::NotHere) && self.text.to_ascii_lowercase().contains("unable to find image") {
            return None;
        }
        let missing = || self.missing().or_else(|| status::find(self.text, |status| status == 404).filter(|_| asked).map(|(_, at)| at));
        if let Some(at) = marks.at(Mark::NotFound).filter(|_| registry).or_else(missing).or_else(|| marks.at(Mark::NotHere)) {
            return Some((Class::NotFound, at));
        }
        let server = || status::find(self.text, |status| status >= 500);
        if let Some(at) = marks.at(Mark::Network).filter(|_| server().is_none() && self.network_is_a_registrys()) {
            return Some((Class::Network, at));
        }
        let plain = || marks.at(Mark::Server).filter(|_| self.text.to_ascii_lowercase().contains("unexpected http status"));
        server().map(|(_, at)| at).or_else(plain).filter(|_| registry).map(|at| (Class::Server, at))
    }

    /// `NAME: not found` where the name is an image's, and the other ways of saying so.
    fn missing(&self) -> Option<usize> {
        let at = self.marks.at(Mark::Missing)?;
        let lower = self.text.to_ascii_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        let after_name = lower.match_indices(": not found").any(|(at, _)| {
            let name = lower.get(..at).and_then(|before| before.split([' ', '"', '\'']).next_back()).unwrap_or_default();
            name.contains(['/', ':']) && name.parse::<crate::image::Reference>().is_ok()
        });
        let of_pull = says(&["code = notfound"]) && says(&["pull", "resolve reference"]);
        let of_image = self.names_image
            && says(&["manifest for ", "not found: manifest", "was deleted or has expired", "repository does not exist"])
            || says(&["manifest for "]) && says(&[" not found"])
            || says(&["unknown: tag", "blob unknown", "unknown manifest", "was deleted or has expired", "unknown blob"])
                && self.is_about_registry()
            || says(&["repository"])
                && says(&["not found", "does not exist"])
                && says(&["registry", "ecr", "pull", "docker", "/v2/", "image"])
                && !says(&["git", "helm repo"]);
        (after_name || of_pull || of_image).then_some(at)
    }

    /// Network words count where a registry, a token service or a pull is at the other end.
    fn network_is_a_registrys(&self) -> bool {
        let lower = self.text.to_ascii_lowercase();
        let asked = self.owner == Owner::Hub || self.owner == Owner::Foreign;
        asked
            || self.names_image
            || ["error response from daemon: get ", "registry", "failed to do request", "pulling image", "pull image"]
                .iter()
                .any(|word| lower.contains(word))
    }

    fn is_about_registry(&self) -> bool {
        self.owner == Owner::Hub
            || self.owner == Owner::Foreign
            || self.names_image
            || (self.owner == Owner::Unsaid && self.marks.has(Mark::Registry))
    }

    fn opens_with(&self, word: &str) -> bool {
        self.text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
    }
}
