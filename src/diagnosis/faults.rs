//! The second half of the order of judgement: what is no limit. The disk, the runtime, a block,
//! credentials and access, the image, the network, the server.

use super::class::Class;
use super::judge::Case;
use super::phrases::Mark;
use super::subject::Owner;
use crate::image::Reference;

impl Case<'_> {
    /// Every failure that is no limit, in the order of judgement.
    pub(super) fn fault(&self) -> Option<(Class, usize)> {
        let found = |class: Class, at: Option<usize>| at.map(|at| (class, at));
        found(Class::DiskFull, self.disk())
            .or_else(|| found(Class::RuntimeDown, self.runtime()))
            .or_else(|| found(Class::Blocked, self.block()))
            .or_else(|| found(Class::Credentials, self.credentials()))
            .or_else(|| found(Class::Denied, self.denial()))
            .or_else(|| self.unauthorized())
            .or_else(|| found(Class::Denied, self.refusal()))
            .or_else(|| found(Class::NotFound, self.absence()))
            .or_else(|| found(Class::Network, self.network()))
            .or_else(|| found(Class::Server, self.server()))
    }

    fn disk(&self) -> Option<usize> {
        self.marks.at(Mark::Space).filter(|_| !self.marks.has(Mark::NotDisk))
    }

    /// The runtime is stopped, out of reach or not installed.
    fn runtime(&self) -> Option<usize> {
        let marks = &self.marks;
        let beside = |one, other| marks.at(one).filter(|_| marks.has(other));
        let absent = beside(Mark::Absent, Mark::Tool).filter(|_| !marks.has(Mark::HelperName));
        marks
            .at(Mark::Daemon)
            .or_else(|| beside(Mark::Socket, Mark::SocketFails))
            .or_else(|| beside(Mark::Stopped, Mark::Tool))
            .or(absent)
    }

    /// Export control, or a page of HTML instead of a registry's 403.
    fn block(&self) -> Option<usize> {
        let page = || {
            self.status(|status| status == 403)
                .filter(|_| self.marks.has(Mark::Html) && self.is_about_registry())
        };
        // What Go says where a proxy refuses the way to a host: the status' words, and nothing else.
        let by_proxy = || self.forbidden().filter(|_| self.names_registry());
        self.marks.at(Mark::Blocked).or_else(page).or_else(by_proxy)
    }

    /// Where a text begins to end in `Forbidden`, right after an address.
    fn forbidden(&self) -> Option<usize> {
        let text = self.text.trim_end_matches([' ', '.', '"']);
        let at = text.len().checked_sub("forbidden".len())?;
        let (before, last) = (text.get(..at)?, text.get(at..)?);
        (before.ends_with("\": ") && last.eq_ignore_ascii_case("forbidden")).then_some(at)
    }

    fn credentials(&self) -> Option<usize> {
        let marks = &self.marks;
        let helper = marks
            .at(Mark::HelperName)
            .filter(|_| marks.has(Mark::Absent) || marks.has(Mark::Missing));
        let of_registry = || {
            let said = marks.at(Mark::Credentials).filter(|_| !marks.has(Mark::Proxy));
            let is_bare = || {
                self.is_bare_unauthorized()
                    || self.is_bare_expiry()
                    || self.opens_with("incorrect username")
            };
            said.filter(|_| self.is_about_registry() || is_bare())
        };
        marks.at(Mark::Login).or(helper).or_else(of_registry)
    }

    fn denial(&self) -> Option<usize> {
        self.marks.at(Mark::Denied)
    }

    /// 401: no access to a repository where the answer names it, else credentials.
    fn unauthorized(&self) -> Option<(Class, usize)> {
        let said =
            self.marks.at(Mark::Unauthorized).or_else(|| self.status(|status| status == 401));
        let at = said.filter(|_| {
            !self.marks.has(Mark::Proxy)
                && (self.is_about_registry() || self.is_bare_unauthorized())
        })?;
        Some((if self.marks.has(Mark::NoAccess) { Class::Denied } else { Class::Credentials }, at))
    }

    /// Whether it opens with a registry's `unauthorized:` and what registries say after it: with other
    /// words, any server may have refused anybody.
    fn is_bare_unauthorized(&self) -> bool {
        const MESSAGES: &[&str] = &[
            "incorrect username or password",
            "invalid username or password",
            "access to the requested resource is not authorized",
            "access token has insufficient scopes",
            "the client does not have permission",
            "you don't have the needed permissions",
            "unauthorized to access repository",
            "unauthenticated: user cannot be authenticated",
            "http basic: access denied",
            "your account must log in",
            "personal access token",
        ];
        // What anybody says, and goes on to say for whom: `authentication required for tenant 7`.
        const COMMON: &[&str] = &[
            "authentication required",
            "authentication is required",
            "authentication failed",
            "authorization failed",
            "unauthorized",
        ];
        let Some(message) = self.bare_message("unauthorized: ") else { return false };
        let is_project =
            message.starts_with("project ") && message.contains(" not found: project ");
        let is_common = || {
            COMMON.iter().any(|known| {
                message.strip_prefix(known).is_some_and(|rest| !rest.starts_with(" for "))
            })
        };
        is_project || MESSAGES.iter().any(|known| message.starts_with(known)) || is_common()
    }

    /// Whether it opens with a registry's `denied:` and its word that a login has run out.
    fn is_bare_expiry(&self) -> bool {
        self.bare_message("denied: ")
            .is_some_and(|message| message.starts_with("your authorization token has expired"))
    }

    /// What follows an error's code, in lower case, where nothing but the client's `server message` may
    /// stand before the code.
    fn bare_message(&self, code: &str) -> Option<String> {
        let lower = self.text.to_ascii_lowercase();
        lower
            .strip_prefix("server message: ")
            .unwrap_or(&lower)
            .strip_prefix(code)
            .map(str::to_owned)
    }

    /// 403, or a registry's `denied`.
    fn refusal(&self) -> Option<usize> {
        let status = || self.status(|status| status == 403);
        let said = self.marks.at(Mark::Refused).filter(|_| self.has_code_denied());
        let is_of_registry =
            || self.says("response from daemon") || self.says("status code from registry 403");
        said.or_else(status)
            .filter(|_| self.names_registry() || (said.is_some() && is_of_registry()))
    }

    /// Whether a phrase of refusal is a code or a message of its own, not part of a sentence such as
    /// `access: denied by policy`.
    fn has_code_denied(&self) -> bool {
        let lower = self.text.to_ascii_lowercase();
        let is_whole = |at: usize| {
            lower
                .get(at..)
                .is_some_and(|rest| !rest.starts_with([' ', '_', '-']) || rest.trim().is_empty())
        };
        ["403 forbidden", "403 (forbidden)", "permission_denied", " denied: "]
            .iter()
            .any(|phrase| lower.contains(phrase))
            || lower.match_indices(": denied").any(|(at, phrase)| is_whole(at + phrase.len()))
    }

    /// No such repository, tag, digest, platform.
    fn absence(&self) -> Option<usize> {
        let marks = &self.marks;
        if marks.has(Mark::Fetching) {
            return None;
        }
        let asked = matches!(self.owner, Owner::Hub | Owner::Foreign);
        let missing = || {
            marks
                .at(Mark::Missing)
                .filter(|_| self.says("manifest for ") || self.names_what_is_missing())
        };
        let of_pull = || {
            marks
                .at(Mark::NoSuchResource)
                .filter(|_| self.says("pull") || self.says("resolve reference"))
        };
        let status = || self.status(|status| status == 404).filter(|_| asked);
        marks
            .at(Mark::NotFound)
            .filter(|_| self.is_about_registry())
            .or_else(missing)
            .or_else(of_pull)
            .or_else(status)
            .or_else(|| marks.at(Mark::NotHere))
    }

    /// Whether an image's name stands right before `: not found`.
    fn names_what_is_missing(&self) -> bool {
        self.text.match_indices(": not found").any(|(at, _)| {
            let name = self
                .text
                .get(..at)
                .and_then(|before| before.split([' ', '"', '\'']).next_back())
                .unwrap_or_default();
            name.contains(['/', ':']) && name.parse::<Reference>().is_ok()
        })
    }

    /// Network words count where a registry, a token service or a pull is at the other end.
    fn network(&self) -> Option<usize> {
        // What a client that has been pulling an image says last, without a word of what it did.
        let is_cut_off = || {
            (self.before != Owner::Unsaid || self.is_pulling)
                && self.text.trim().trim_end_matches('.').eq_ignore_ascii_case("unexpected eof")
        };
        let asked = || self.names_registry() || self.marks.has(Mark::Asking) || is_cut_off();
        self.marks
            .at(Mark::Proxy)
            .or(self.marks.at(Mark::Network))
            .filter(|_| self.status(|status| status >= 500).is_none() && asked())
    }

    fn server(&self) -> Option<usize> {
        let status = self.status(|status| status >= 500).or_else(|| self.marks.at(Mark::Server));
        status.filter(|_| self.is_about_registry())
    }
}
