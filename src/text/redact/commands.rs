//! Secrets on command lines that only the program tells: `-p` of a login, `-u` of curl, what is
//! piped into a login. Apart from the names that say it themselves, for the same letters open ports
//! and choose users elsewhere. Source: the programs' own `--help`, November 2026.

use super::{FAR, Gap, NEAR, dashes, near, strip};

/// `echo PASSWORD | docker login --password-stdin`, and `printf`.
pub(super) fn piped(rest: &str) -> Option<(usize, usize)> {
    let lead = ["echo -n ", "echo ", "printf %s ", "printf '%s' ", "printf "]
        .iter()
        .find(|lead| rest.starts_with(**lead))?
        .len();
    let said = near(rest.get(lead..)?, FAR).split('|').next()?;
    let to = near(rest.get(lead + said.len()..)?.strip_prefix('|')?, FAR);
    let to = to.lines().next()?;
    let is_login =
        to.split(['|', ';']).next().is_some_and(|to| to.contains("login") && to.contains("-stdin"));
    let end = said.trim_end().len();
    (is_login && end > 0 && !said.contains('\n')).then_some((lead, end))
}

/// `-p SECRET` of a login, `-u NAME:SECRET` of curl: letters that mean other things to other commands.
pub(super) fn option(rest: &str, before: &str) -> Option<(usize, usize)> {
    if dashes(rest) == 0 && !rest.starts_with("<<<") {
        return None;
    }
    let name = ["-p", "<<<", "-u", "-U", "--user", "--proxy-user"]
        .into_iter()
        .find(|name| rest.starts_with(*name))?;
    let after = rest.get(name.len()..)?;
    let is_login = matches!(name, "-p" | "<<<");
    let is_program = if is_login { logs_in } else { fetches };
    if (name == "-p" && strip(after, "assword").is_some())
        || !is_program(&clause(before).to_ascii_lowercase())
    {
        return None;
    }
    let is_apart = after
        .starts_with(|c: char| c.is_whitespace() || matches!(c, '=' | '"' | '\'' | '\\' | ','));
    let gap = is_apart.then(|| Gap::after(after));
    let start = gap.as_ref().map_or(0, |gap| gap.length);
    let value = after.get(start..)?;
    let end = |value: &str| {
        let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '\\');
        gap.as_ref()
            .map_or_else(|| value.find(ends).unwrap_or(value.len()), |gap| gap.end(value, false))
    };
    let said = value.get(..end(near(value, NEAR)))?;
    (!said.is_empty() && is_value(said, is_login)).then(|| (name.len() + start, end(value)))
}

/// Whether an option's value may be a secret; a name without a password and `1000:1000`, the user
/// and group of a container, are none.
fn is_value(value: &str, is_login: bool) -> bool {
    let is_pair =
        value.contains(':') && !value.bytes().all(|byte| byte.is_ascii_digit() || byte == b':');
    !value.starts_with('-') && (is_login || is_pair)
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

/// Whether a command is curl's, which is no name given to something else.
fn fetches(clause: &str) -> bool {
    let words = words(clause);
    let named = |at: usize| {
        at.checked_sub(1)
            .and_then(|at| words.get(at))
            .is_some_and(|word| matches!(*word, "--name" | "--hostname"))
    };
    words.iter().enumerate().any(|(at, word)| *word == "curl" && !named(at))
}

/// The command that a text breaks off in, as far as it may matter.
fn clause(text: &str) -> &str {
    let from = (text.len().saturating_sub(400)..=text.len())
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or_default();
    text.get(from..).and_then(|text| text.rsplit(['|', ';', '&', '\n']).next()).unwrap_or_default()
}
