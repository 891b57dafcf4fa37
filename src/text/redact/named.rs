//! A name of the table with its value: `name=value`, `"name": "value"`, `--name value`,
//! `map[name:value]`, `{name: value}`, `<name>value`. Most of it tells a field from a sentence that
//! has the same word.

use std::ops::Range;

use super::names::{Name, Says};
use super::value::{Gap, Sign, is_placeholder};
use super::{NEAR, Place, ends_with, is_opaque, lately, near, spelling};

/// The longest name of a secret.
const NAME_MAX: usize = 64;

/// A name as it stands in a text.
struct Said<'a> {
    row: &'a Name,
    /// All of it, in lower case, without dashes at its start.
    name: String,
    /// Its dashes.
    dashes: usize,
    /// What stands before it.
    before: &'a str,
    /// Whether it is written in capitals, as a variable is.
    is_capital: bool,
    in_query: bool,
    in_map: bool,
}

fn is_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

impl<'a> Said<'a> {
    fn at(row: &'a Name, place: Place<'a>) -> Option<Self> {
        if place.after().bytes().next().is_some_and(is_part) {
            return None;
        }
        let lead = place.before().bytes().rev().take(NAME_MAX).take_while(|b| is_part(*b)).count();
        let from = place.at - lead;
        let (before, whole) = (place.text.get(..from)?, place.text.get(from..place.end)?);
        let escape = spelling::escape(before, whole).min(lead);
        let (before, whole) = (place.text.get(..from + escape)?, whole.get(escape..)?);
        let bare = whole.trim_start_matches('-');
        // `${{ secrets.HUB_TOKEN }}`, `.Values.password`: parts before a dot are no part of it.
        if bare.len() > NAME_MAX || (row.whole && !bare.eq_ignore_ascii_case(row.word)) {
            return None;
        }
        let near = lately(before, NEAR / 2);
        let in_query = before.ends_with(['?', '&', ';'])
            || ["%26", "%3F", "\\u0026", "&amp;"].iter().any(|lead| ends_with(before, lead));
        Some(Self {
            row,
            name: bare.to_ascii_lowercase(),
            dashes: whole.len() - bare.len(),
            before,
            is_capital: !bare.bytes().any(|byte| byte.is_ascii_lowercase()),
            in_query,
            in_map: is_open(near),
        })
    }
}

/// Whether a brace or `map[` is open at the end of a text.
fn is_open(before: &str) -> bool {
    let brace = before.rfind('{').is_some_and(|at| !before.get(at..).unwrap_or("}").contains('}'));
    let map = before.rfind("map[").is_some_and(|at| !before.get(at..).unwrap_or("]").contains(']'));
    brace || map
}

/// The value of the name that the anchor ends.
pub(super) fn secret(row: &Name, place: Place<'_>) -> Option<Range<usize>> {
    let said = Said::at(row, place)?;
    let after = place.after();
    let gap = Gap::after(after);
    let value = after.get(gap.length..)?;
    let end = gap.end(near(value, NEAR), said.in_query, said.in_map);
    let secret = value.get(..end)?;
    let rest = value.get(end..)?;
    let is_none = is_placeholder(secret) && !(gap.quoted() && secret.starts_with(['{', '[']));
    let is_secret = match gap.sign {
        Sign::Equals => is_assigned(&said, &gap, secret, rest),
        Sign::Colon => is_told(&said, &gap, secret, rest),
        Sign::Comma => said.dashes > 0 && gap.quoted(),
        Sign::Element => ends_with(said.before, "<") && rest.starts_with("</"),
        Sign::Blank => is_spoken(&said, &gap, secret),
        Sign::Nothing => false,
    };
    (is_secret && !is_none && end > 0)
        .then(|| place.secret(gap.length, gap.end(value, said.in_query, said.in_map)))
        .flatten()
}

/// `name=value`.
fn is_assigned(said: &Said<'_>, gap: &Gap<'_>, value: &str, rest: &str) -> bool {
    if said.in_query {
        return true;
    }
    let is_path = value.starts_with(['/', '.', '~']) && value.contains('/');
    match said.row.says {
        Says::Part => is_part_value(said, value),
        // A test's summary: `pass=12 fail=0`.
        _ if matches!(said.name.as_str(), "pass" | "pat") => {
            !(value.len() < 5 && value.bytes().all(|byte| byte.is_ascii_digit()))
        }
        _ if said.name.ends_with("pwd") && is_path => false,
        _ => {
            let is_sentence = gap.spaced && is_said(said, gap, value) && !rest.is_empty();
            !(is_sentence || is_reference(said, value, gap))
        }
    }
}

/// Whether the value of a name that other things have, too, is a secret's.
fn is_part_value(said: &Said<'_>, value: &str) -> bool {
    const OTHERS: [&str; 16] = [
        "public",
        "cache",
        "primary",
        "foreign",
        "sort",
        "partition",
        "object",
        "host",
        "hot",
        "group",
        "routing",
        "row",
        "hash",
        "ssh",
        "config",
        "restore",
    ];
    let is_other = OTHERS.iter().any(|other| said.name.contains(other));
    let is_place = value.contains('/') && !value.ends_with('=') && !is_random(value);
    !is_other
        && !is_place
        && (is_random(value) || (said.is_capital && said.name.contains('_') && value.len() >= 6))
}

/// Whether a word mixes letters and digits as no name does.
fn is_random(word: &str) -> bool {
    let part = |is: fn(&u8) -> bool| word.as_bytes().iter().any(is);
    word.len() >= 16
        && part(u8::is_ascii_digit)
        && part(u8::is_ascii_alphabetic)
        && !word.contains(['.', ':'])
        && word.split(['-', '/', '_']).any(|part| part.len() >= 12)
}

/// `name: value`.
fn is_told(said: &Said<'_>, gap: &Gap<'_>, value: &str, rest: &str) -> bool {
    if is_path(said.before) || is_reference(said, value, gap) || is_said(said, gap, value) {
        return false;
    }
    if said.row.says == Says::Part {
        return is_random(value) && (gap.quoted() || gap.closed.is_some() || said.in_map);
    }
    if said.name == "pass" && said.is_capital && !gap.quoted() {
        return false;
    }
    is_key(said, gap, value)
        || (gap.closed.is_none() && (gap.quoted() || is_field(said, gap, value, rest)))
}

/// `--name value`, and what a sentence says of it: `Using --password via the CLI is insecure`;
/// `--secret id=…` names a file.
fn is_spoken(said: &Said<'_>, gap: &Gap<'_>, value: &str) -> bool {
    let is_word = value.starts_with('-')
        || SENTENCE.contains(&value.trim_end_matches([',', '.', ':', ';']))
        || value.starts_with("id=")
        || is_said(said, gap, value);
    if is_word {
        return false;
    }
    let before = lately(said.before, 160);
    let words = || before.split_whitespace().map(|word| word.trim_matches(['"', '\''])).rev();
    let is_option = (1..=2).contains(&said.dashes) && said.row.says != Says::Part;
    // netrc: `machine r.example login jo password SECRET`; Dockerfile: `ENV DB_PASSWORD SECRET`.
    let is_netrc = said.name == "password" && words().nth(1).is_some_and(|word| word == "login");
    let is_set = said.is_capital
        && words().next().is_some_and(|word| matches!(word, "ENV" | "ARG" | "setx"));
    is_option || is_netrc || (is_set && said.row.says != Says::Part)
}

/// Words after an option that a sentence speaks of.
const SENTENCE: &[&str] = &[
    "and", "are", "can", "cannot", "flag", "for", "from", "has", "in", "instead", "is", "may",
    "must", "not", "on", "option", "or", "requires", "should", "to", "via", "was", "were", "when",
    "will", "with", "without", "missing", "required", "given", "set", "stdin",
];

/// Whether `name: value` without any quote is a field rather than a part of a sentence, as in
/// `incorrect username or password: …`.
fn is_field(said: &Said<'_>, gap: &Gap<'_>, value: &str, rest: &str) -> bool {
    let is_compound = said.name.contains(['_', '-', '.']);
    let is_joined = ["or ", "and ", "/"].iter().any(|lead| said.before.ends_with(lead));
    let ends = rest.trim_start_matches([',', '}', ']', ')']).trim_start_matches([' ', '\r']);
    let is_last = ends.is_empty() || rest.starts_with(['\n', ',', '}', ']']);
    let before = said.before.trim_end_matches([' ', '\t']);
    let is_entry = said.in_map && before.ends_with(['{', '[', ',']);
    let is_struct = said.in_map && !gap.spaced;
    let is_word = said.row.says != Says::Secret;
    !is_joined
        && (!value.ends_with(':') || (is_opaque(value) && (is_compound || !is_word)))
        && (is_compound
            || is_opaque(value)
            || is_entry
            || is_struct
            || (!is_word && (is_last || !gap.spaced || is_at_start(before))))
}

/// Whether a text ends where a line of fields may begin.
fn is_at_start(before: &str) -> bool {
    before.is_empty() || before.ends_with(['\n', '\r']) || before.ends_with("\\n")
}

/// Whether a `…secret` is the name under which one lies in the cluster, as in
/// `imagePullSecret: regcred` and the kubelet's `secret="default/regcred"`.
fn is_reference(said: &Said<'_>, value: &str, gap: &Gap<'_>) -> bool {
    if !said.name.ends_with("secret") {
        return false;
    }
    let is_plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, b'-' | b'.');
    let is_name = |part: &str| !part.is_empty() && part.bytes().all(is_plain);
    let is_object =
        value.split_once('/').is_some_and(|(space, name)| is_name(space) && is_name(name));
    let kind = said.name.trim_end_matches("secret").trim_end_matches(['_', '-']);
    let is_pull = kind.ends_with("pull");
    is_object
        || (is_pull && is_name(value))
        || !(is_opaque(value) || gap.sign == Sign::Equals || gap.quoted() || said.in_map)
}

/// Whether what stands before a name makes it the end of a path, `kube-system/bootstrap-token`.
fn is_path(before: &str) -> bool {
    before.ends_with('/') && !before.ends_with("//")
}

/// Words that errors begin with, where a secret might stand.
const SAID: &[&str] = &[
    "authentication",
    "bad",
    "cannot",
    "connection",
    "containercreating",
    "context",
    "could",
    "crashloopbackoff",
    "denied",
    "dial",
    "does",
    "eof",
    "errimageneverpull",
    "errimagepull",
    "error",
    "expired",
    "failed",
    "failure",
    "forbidden",
    "get",
    "head",
    "imageinspecterror",
    "imagepullbackoff",
    "incorrect",
    "invalid",
    "invalidimagename",
    "is",
    "manifest",
    "missing",
    "must",
    "net/http",
    "no",
    "not",
    "notfound",
    "post",
    "pull",
    "registryunavailable",
    "required",
    "rpc",
    "server",
    "the",
    "timeout",
    "toomanyrequests",
    "unable",
    "unauthorized",
    "unexpected",
    "unknown",
    "unsupported",
    "using",
    "was",
    "x509",
];

/// Whether what follows `name: ` begins an error rather than being a secret: `401 Unauthorized`,
/// `ImagePullBackOff`; or is an image or an address, where the name is a service's or a part's.
fn is_said(said: &Said<'_>, gap: &Gap<'_>, value: &str) -> bool {
    let is_status = || {
        value.len() == 3
            && value.starts_with(['4', '5'])
            && value.bytes().all(|byte| byte.is_ascii_digit())
    };
    let is_error = || {
        SAID.contains(&value.trim_end_matches([':', '.', '!', ',']).to_ascii_lowercase().as_str())
    };
    let is_place = || {
        !["pass", "pwd", "key", "psw"].iter().any(|part| said.name.contains(part))
            && is_place(value)
    };
    let is_apart = gap.spaced || gap.sign == Sign::Blank;
    is_apart && !gap.quoted() && (is_status() || is_error() || is_place())
}

/// Whether a word is an address or a tagged image with its path, `acme/auth:1.2`: no token has a colon
/// after a path.
fn is_place(word: &str) -> bool {
    let is_path = |c: char| {
        c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-' | '/')
    };
    let is_image = || {
        word.split_once([':', '@']).is_some_and(|(path, tag)| {
            path.contains('/') && path.chars().all(is_path) && !tag.is_empty()
        })
    };
    word.starts_with("https://") || word.starts_with("http://") || is_image()
}

/// Whether the name is a key of a map: the quote that closes it stands right before it, too, and
/// what follows is no sentence about the image of that name. `Get "https://r.example/token": EOF`
/// has no key.
fn is_key(said: &Said<'_>, gap: &Gap<'_>, value: &str) -> bool {
    let Some(mark) = gap.closed.map(|quote| quote.open) else { return false };
    let Some(outside) = said.before.strip_suffix(mark) else {
        return gap.quoted() && said.before.ends_with(' ');
    };
    let outside = outside.trim_end_matches([' ', '\t']);
    let in_map = outside.is_empty()
        || outside.ends_with(['{', ',', '\n', '\r', '-'])
        || outside.ends_with("\\n");
    gap.quoted() || in_map || is_opaque(value)
}
