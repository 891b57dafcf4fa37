//! Credentials before a host: in a URL, with a password of any signs, in a percent-encoded one, and
//! without a scheme (`jo:SECRET@host`). Apart because most texts with `@` and `:` are images,
//! packages and people.

use std::ops::Range;

use super::{NEAR, Place, ends_with, lately, near};

/// The user part of a URL, behind `://`.
pub(super) fn userinfo(place: Place<'_>) -> Option<Range<usize>> {
    let after = place.after();
    let stop = |c: char| c.is_whitespace() || matches!(c, '"' | '<' | '>' | '`');
    // A password is taken to its `@` however long, where the address has no other place for one.
    let authority =
        after.find(|c: char| stop(c) || matches!(c, '/' | '?' | '\'' | '#')).unwrap_or(after.len());
    let plain = after.get(..authority)?;
    if let Some(end) = plain.rfind('@').filter(|end| is_user(plain, *end)) {
        // Another `@` behind a slash still may be the one.
        let further = odd_userinfo(near(after, NEAR), stop).filter(|further| *further > end);
        return place.secret(0, further.unwrap_or(end));
    }
    odd_userinfo(near(after, NEAR), stop).and_then(|end| place.secret(0, end))
}

/// Whether what stands before the `@` of an authority may be credentials.
fn is_user(authority: &str, end: usize) -> bool {
    let user = authority.get(..end).unwrap_or_default();
    !user.is_empty() && user != "git" && !is_digest(authority.get(end + 1..).unwrap_or_default())
}

/// The end of a user part that has `/`, `?`, `#` or `'` in it: the last `@` that a host follows, where
/// what the address begins with is no host itself.
fn odd_userinfo(after: &str, stop: impl Fn(char) -> bool) -> Option<usize> {
    let word = after.get(..after.find(stop).unwrap_or(after.len()))?;
    // The next address is another one's.
    let word = word.find("://").map_or(Some(word), |next| word.get(..next))?;
    let head = word.split(['/', '?', '#', '\'']).next()?;
    if head.len() == word.len() || begins_with_host(head) {
        return None;
    }
    word.match_indices('@')
        .map(|(at, _)| at)
        .rfind(|at| word.get(at + 1..).is_some_and(is_host))
        .filter(|end| *end > head.len())
}

/// Whether the part of an address before its first slash is a host with an optional port.
fn begins_with_host(head: &str) -> bool {
    if head.is_empty() || head.starts_with('[') {
        return true;
    }
    match head.split_once(':') {
        Some((host, port)) => {
            port.bytes().all(|byte| byte.is_ascii_digit())
                && (port.is_empty() || host.contains('.') || is_service(host))
        }
        None => head.contains('.') || is_service(head),
    }
}

/// Names of hosts without a dot, as containers call each other.
fn is_service(host: &str) -> bool {
    [
        "localhost",
        "registry",
        "proxy",
        "mirror",
        "cache",
        "host",
        "hub",
        "docker",
        "nexus",
        "harbor",
    ]
    .iter()
    .any(|name| host.contains(name))
}

/// Whether a text begins with a host: a name with a dot, an address, `localhost`, a name with a port.
fn is_host(text: &str) -> bool {
    let length = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-')))
        .unwrap_or(text.len());
    let host = text.get(..length).unwrap_or_default().trim_end_matches('.');
    let rest = text.get(length..).unwrap_or_default();
    let last = host.rsplit('.').next().unwrap_or_default();
    let is_name = host.contains('.')
        && last.len() >= 2
        && last.bytes().all(|byte| byte.is_ascii_alphabetic())
        && !host.split('.').any(|label| label.is_empty() || label.starts_with('-'));
    let is_address =
        host.split('.').count() == 4 && host.split('.').all(|part| part.parse::<u8>().is_ok());
    let port =
        rest.strip_prefix(':').map(|rest| rest.bytes().take_while(u8::is_ascii_digit).count());
    let is_other = |host: &str| host.starts_with(|c: char| c.is_ascii_alphabetic());
    is_name
        || is_address
        || host.eq_ignore_ascii_case("localhost")
        || text.starts_with('[')
        || (is_other(host)
            && !is_digest(text)
            && port.is_some_and(|digits| (2..=5).contains(&digits)))
}

/// Whether a text begins with a digest, `sha256:…`.
pub(super) fn is_digest(text: &str) -> bool {
    let kind = text.bytes().take_while(u8::is_ascii_alphanumeric).count();
    let kind = text.get(..kind).unwrap_or_default();
    matches!(kind, "sha256" | "sha512" | "sha384" | "sha1" | "md5" | "blake3")
}

/// Whether `name@tag` is an image whose tag stands where a digest belongs, and no user at a host. A
/// name with a colon may be a user with a password: then the tag has to be one without doubt.
pub(super) fn is_name_before_tag(name: &str, tag: &str) -> bool {
    let is_of = |text: &str, signs: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || signs.contains(c))
    };
    let version = tag.strip_prefix('v').unwrap_or(tag);
    let is_version = version.starts_with(|c: char| c.is_ascii_digit()) && !is_host(tag);
    let is_usual =
        matches!(tag, "latest" | "stable" | "edge" | "main" | "master" | "alpine" | "slim");
    let last = name.rsplit('/').next().unwrap_or_default();
    let is_plain =
        !last.contains(':') && !tag.contains('.') && !tag.eq_ignore_ascii_case("localhost");
    is_of(name, "._-/:") && is_of(tag, "._-") && (is_version || is_usual || is_plain)
}

/// Percent-encoded: `https%3A%2F%2Fjo%3ASECRET%40host`, once or twice.
pub(super) fn encoded_userinfo(place: Place<'_>) -> Option<Range<usize>> {
    let after = place.after();
    let at = if place.anchor().starts_with("%25") { "%2540" } else { "%40" };
    let stops = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '`' | '&');
    let look = near(after, NEAR);
    let word = look.get(..look.find(stops).unwrap_or(look.len()))?;
    let slash = if at == "%40" { "%2f" } else { "%252f" };
    let lower = word.to_ascii_lowercase();
    let authority = lower.find(slash).unwrap_or(lower.len());
    let end = lower.rmatch_indices(at).map(|(found, _)| found).find(|found| {
        let host = word.get(found + at.len()..).unwrap_or_default();
        // Behind the first slash a digest may follow an image, and a host a password.
        *found > 0 && (*found < authority || is_host(&host.replace("%3A", ":").replace("%3a", ":")))
    })?;
    let head = lower.get(..authority.min(end)).unwrap_or_default();
    let is_host_first =
        end > authority && begins_with_host(&head.replace("%253a", ":").replace("%3a", ":"));
    (!is_host_first).then(|| place.secret(0, end)).flatten()
}

/// Words before a colon that people and accounts follow: `mailto:jo@acme.example`.
const LABELS: &[&str] = &[
    "account",
    "acct",
    "author",
    "by",
    "cc",
    "committer",
    "contact",
    "domain",
    "email",
    "from",
    "group",
    "login",
    "mail",
    "mailto",
    "maintainer",
    "member",
    "owner",
    "reply-to",
    "reviewer",
    "serviceaccount",
    "sip",
    "to",
    "uid",
    "user",
    "username",
    "xmpp",
    "npm",
    "github",
    "git",
    "ssh",
    "pull",
    "image",
    "jsr",
];

/// `jo:SECRET@host` without a scheme: what stands between the colon and the `@`.
pub(super) fn bare_userinfo(place: Place<'_>) -> Option<Range<usize>> {
    if !is_host(place.after()) {
        return None;
    }
    let before = lately(place.before(), NEAR);
    let from = before
        .rfind(|c: char| {
            c.is_whitespace() || matches!(c, '"' | '`' | '<' | '>' | '(' | '[' | '{' | '|' | '=')
        })
        .map_or(0, |at| {
            at + before.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
        });
    let word = before.get(from..)?.trim_start_matches('\'');
    let (user, secret) = word.split_once(':')?;
    let is_name =
        |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '+' | '$' | '%' | '@' | '~');
    let label = user.to_ascii_lowercase();
    let is_user = (1..=64).contains(&user.len()) && user.chars().all(is_name);
    let is_image = user.contains('.')
        && secret.bytes().next().is_some_and(|b| b.is_ascii_digit())
        && secret.contains('/');
    let is_other = secret.is_empty()
        || secret == "git"
        || secret.starts_with("//")
        || LABELS.contains(&label.as_str())
        || super::value::is_variable(secret)
        || ends_with(place.before(), "git")
        || is_image;
    (is_user && !is_other).then(|| place.at - secret.len()..place.at)
}
