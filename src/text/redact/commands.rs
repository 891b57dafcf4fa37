//! Secrets on command lines that only the program tells: `-p` of a login, `-u` of curl, what is
//! piped into a login. Apart from the names that say it themselves, for the same letters open ports
//! and choose users elsewhere. Source: the programs' own `--help`, November 2026.

use std::ops::Range;

use super::spelling::Quote;
use super::value::{Gap, is_placeholder};
use super::{FAR, NEAR, Place, lately, near, strip};

/// `echo PASSWORD | docker login --password-stdin`, and `printf`.
pub(super) fn piped(place: Place<'_>) -> Option<Range<usize>> {
    let mut rest = place.after();
    for flag in ["-n ", "-e ", "-ne ", "%s ", "'%s' ", "\"%s\" ", "'%s\\n' ", "-- "] {
        rest = rest.strip_prefix(flag).unwrap_or(rest);
    }
    let lead = place.after().len() - rest.len();
    let said = near(rest, FAR).split('|').next()?;
    let to = near(rest.get(said.len()..)?.strip_prefix('|')?, FAR).lines().next()?;
    let is_login =
        to.split(['|', ';']).next().is_some_and(|to| to.contains("login") && to.contains("-stdin"));
    let end = said.trim_end().len();
    (is_login && !said.contains('\n') && !is_placeholder(said.trim()))
        .then(|| place.secret(lead, end))
        .flatten()
}

/// What an option's value must be to be a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    /// Anything.
    Secret,
    /// `user:password`; a name alone and `1000:1000`, the user and group of a container, are none.
    Pair,
}

/// `-p SECRET` of a login, `-u NAME:SECRET` of curl, `<<< SECRET`.
pub(super) fn option(place: Place<'_>) -> Option<Range<usize>> {
    let before = place.before();
    let starts = before.is_empty()
        || before.ends_with(|c: char| {
            c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '[' | ',' | '(' | '+')
        })
        || ["%20", "&quot;", "&#34;", "u0022"].iter().any(|lead| before.ends_with(lead));
    if !starts {
        return None;
    }
    let clause = clause(before).to_ascii_lowercase();
    let rest = place.text.get(place.at..)?;
    let (length, holds) = named(rest, &clause)?;
    let after = rest.get(length..)?;
    let is_apart = after.starts_with(|c: char| {
        c.is_whitespace() || matches!(c, '=' | '"' | '\'' | '\\' | ',' | '&' | '%')
    });
    let gap = is_apart.then(|| Gap::after(after));
    let start = gap.as_ref().map_or(0, |gap| gap.length);
    let value = after.get(start..)?;
    let end = |value: &str| {
        let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '\\');
        gap.as_ref().map_or_else(
            || value.find(ends).unwrap_or(value.len()),
            |gap| gap.end(value, false, false),
        )
    };
    let said = value.get(..end(near(value, NEAR)))?;
    let is_secret = !said.starts_with('-') && !is_placeholder(said) && fits(said, holds);
    (is_secret && !said.is_empty())
        .then(|| place.at + length + start..place.at + length + start + end(value))
}

fn fits(value: &str, holds: Holds) -> bool {
    match holds {
        Holds::Secret => true,
        Holds::Pair => {
            value.split_once(':').or_else(|| value.split_once('%')).is_some_and(|(user, secret)| {
                let is_id = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
                let is_none = secret.is_empty() || super::value::is_variable(secret);
                !(is_none || is_id(user) && is_id(secret))
            })
        }
    }
}

/// The option at the start, its bytes, and what it holds by the command that it stands in.
fn named(rest: &str, clause: &str) -> Option<(usize, Holds)> {
    let is = |name: &str| {
        rest.strip_prefix(name).is_some_and(|after| {
            !after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-')
        })
    };
    if rest.starts_with("<<<") {
        return logs_in(clause).then_some((3, Holds::Secret));
    }
    for name in ["--user", "--proxy-user", "--auth", "--authentication"] {
        if is(name) {
            let by =
                if name.starts_with("--auth") { asks_by_auth(clause) } else { fetches(clause) };
            return by.then_some((name.len(), Holds::Pair));
        }
    }
    let letter = rest.as_bytes().get(1)?;
    match letter {
        b'p' if strip(rest, "-password").is_some() || rest.starts_with("-pass") => None,
        b'p' if logs_in(clause) || types_for(clause) || is_pair(clause, rest) => {
            Some((2, Holds::Secret))
        }
        b'u' | b'U' if fetches(clause) => Some((2, Holds::Pair)),
        b'a' if asks_by_auth(clause) => Some((2, Holds::Pair)),
        b'a' if is("-a") && words(clause).contains(&"redis-cli") => Some((2, Holds::Secret)),
        _ => joined(rest).filter(|_| runs(clause, &["curl"])).map(|length| (length, Holds::Pair)),
    }
}

/// Letters of curl that take no value, before its `-u`: `curl -sSu jo:SECRET`.
fn joined(rest: &str) -> Option<usize> {
    let letters = rest.strip_prefix('-')?;
    let flags =
        letters.bytes().take_while(|b| b"sSfLkvigIjlnNOqR0123456#aBGpZ".contains(b)).count();
    (flags > 0 && letters.get(flags..)?.starts_with('u')).then_some(flags + 2)
}

/// `-u jo -p SECRET` without the program, as in a list of arguments; `-p 8080:80` opens a port.
fn is_pair(clause: &str, rest: &str) -> bool {
    let words = words(clause);
    let user = words.len().checked_sub(2).and_then(|at| words.get(at));
    let value = Gap::after(rest.get(2..).unwrap_or_default());
    let value = rest.get(2 + value.length..).unwrap_or_default();
    let is_port = value
        .split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | ']' | '\\'))
        .next()
        .is_none_or(|word| {
            word.bytes().all(|b| b.is_ascii_digit() || matches!(b, b':' | b'.' | b'-' | b'/'))
                || word.ends_with("/tcp")
                || word.ends_with("/udp")
        });
    let runs = words.iter().any(|word| matches!(*word, "run" | "create" | "exec" | "compose"));
    user.is_some_and(|user| matches!(*user, "-u" | "--username")) && !is_port && !runs
}

/// Programs with a `login` that takes `-p`.
const PROGRAMS: &[&str] = &[
    "apptainer",
    "argocd",
    "aws",
    "az",
    "buildah",
    "cf",
    "cosign",
    "crane",
    "ctr",
    "docker",
    "earthly",
    "finch",
    "helm",
    "img",
    "jf",
    "ko",
    "lima",
    "nerdctl",
    "oc",
    "oras",
    "podman",
    "podman-remote",
    "reg",
    "regctl",
    "singularity",
    "skopeo",
    "werf",
];

/// The words of a command, whether a shell's, a list's or a log's; of a path its last part.
fn words(clause: &str) -> Vec<&str> {
    let splits = |c: char| {
        c.is_whitespace()
            || matches!(
                c,
                '"' | '\'' | '`' | ',' | '(' | ')' | '[' | ']' | '{' | '}' | '$' | '\\' | '='
            )
    };
    let words = clause.split(splits).filter(|word| !word.is_empty());
    words
        .map(|word| {
            word.strip_suffix(".exe").unwrap_or(word).rsplit('/').next().unwrap_or_default()
        })
        .collect()
}

/// Whether a command is a login: that word after a program, with nothing but options, their values
/// and the name of a sort of registry between; or that word first, where the program was cut off.
fn logs_in(clause: &str) -> bool {
    let others = |word: &&str| {
        matches!(
            *word,
            "run"
                | "create"
                | "port-forward"
                | "exec"
                | "start"
                | "rm"
                | "stop"
                | "logs"
                | "pull"
                | "push"
        )
    };
    let words = words(clause);
    let Some(login) = words.iter().rposition(|word| matches!(*word, "login" | "get-login")) else {
        return false;
    };
    let (lead, tail) =
        (words.get(..login).unwrap_or_default(), words.get(login..).unwrap_or_default());
    if tail.windows(2).any(|pair| {
        pair.first().is_some_and(|word| PROGRAMS.contains(word)) && pair.last().is_some_and(others)
    }) {
        return false;
    }
    let Some(program) = lead.iter().rposition(|word| PROGRAMS.contains(word)) else {
        return lead.is_empty();
    };
    let between = lead.get(program + 1..).unwrap_or_default();
    let mut value = false;
    !between.iter().any(others)
        && between.iter().all(|word| {
            let fits = word.starts_with('-')
                || value
                || matches!(*word, "registry" | "remote" | "acr" | "ecr" | "cr" | "auth");
            value = word.starts_with('-');
            fits
        })
}

/// Whether one of the programs runs: it is no name given to something else.
fn runs(clause: &str, programs: &[&str]) -> bool {
    let words = words(clause);
    let named = |at: usize| {
        at.checked_sub(1)
            .and_then(|at| words.get(at))
            .is_some_and(|word| matches!(*word, "--name" | "--hostname"))
    };
    words.iter().enumerate().any(|(at, word)| programs.contains(word) && !named(at))
}

/// Whether `-u` and `--user` are a login's: of curl, and of ctr where it asks a registry.
fn fetches(clause: &str) -> bool {
    let asks = ["pull", "push", "fetch"];
    let by_ctr = runs(clause, &["ctr"]) && words(clause).iter().any(|word| asks.contains(word));
    by_ctr || runs(clause, &["curl", "wcurl", "smbclient"])
}

/// Whether `-a` and `--auth` are a login's: of HTTPie and its kin.
fn asks_by_auth(clause: &str) -> bool {
    runs(clause, &["http", "https", "httpie", "xh", "xhs"])
}

/// Whether `-p` is a password that is typed for another program, or a database's.
fn types_for(clause: &str) -> bool {
    runs(
        clause,
        &["sshpass", "mysql", "mysqldump", "mysqladmin", "mariadb", "mongosh", "mongodump"],
    )
}

/// The command that a text breaks off in, as far as it may matter.
fn clause(text: &str) -> &str {
    lately(text, 400).rsplit(['|', ';', '&', '\n']).next().unwrap_or_default()
}

/// `using password X for`, `with token X`: words that a secret follows, and the words that are none.
pub(super) fn phrase(place: Place<'_>) -> Option<Range<usize>> {
    const WORDS: &[&str] = &[
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "auth",
        "authentication",
        "based",
        "by",
        "cannot",
        "endpoint",
        "exchange",
        "expired",
        "failed",
        "file",
        "flow",
        "for",
        "from",
        "grant",
        "helper",
        "in",
        "is",
        "issued",
        "manager",
        "not",
        "of",
        "on",
        "or",
        "protected",
        "provided",
        "provider",
        "reset",
        "scope",
        "server",
        "service",
        "stdin",
        "store",
        "that",
        "the",
        "to",
        "type",
        "via",
        "was",
        "were",
        "when",
        "which",
        "will",
        "with",
        "without",
        "required",
        "missing",
        "has",
    ];
    let after = place.after();
    let gap = Gap::after(after);
    if gap.sign != super::value::Sign::Blank && gap.sign != super::value::Sign::Nothing {
        return None;
    }
    let value = after.get(gap.length..)?;
    let length = gap.end(value, false, false);
    let said = value.get(..length)?.trim_end_matches(['.', ':']);
    let anchor = place.anchor().to_ascii_lowercase();
    let is_sure = gap.quoted()
        || matches!(
            anchor.as_str(),
            "using password" | "with password" | "using passwd" | "using secret"
        );
    let is_word = !(is_sure || super::is_opaque(said))
        || WORDS.contains(&said.to_ascii_lowercase().as_str())
        || said.starts_with("based-")
        || said.starts_with("--");
    (gap.length > 0 && !is_word && !is_placeholder(said))
        .then(|| place.secret(gap.length, said.len()))
        .flatten()
}

/// The account of Docker Hub's pull limit: `… pull rate limit as 'USER'`, in whichever quotes.
pub(super) fn account(place: Place<'_>) -> Option<Range<usize>> {
    let after = place.after();
    let quote = Quote::at(after)?;
    let value = after.get(quote.open.len()..)?;
    place.secret(quote.open.len(), quote.end(near(value, NEAR)))
}
