//! Secrets out of foreign text: what Docker Hub and others write into their messages, and what
//! people paste. Known shapes only; the words around them stay. Source: the wordings of November
//! 2026 (`as 'USER': dckr_jti_…=` names an account and a token), RFC 6750, RFC 7617, RFC 7519.

mod commands;

use commands::{option, piped};

/// What stands where a secret stood.
const REDACTED: &str = "<redacted>";

/// Prefixes that mark a word as a token, whoever issued it.
const TOKENS: &[&str] = &[
    "dckr_pat_",
    "dckr_oat_",
    "dckr_jti_",
    "dckr_",
    "ghp_",
    "gho_",
    "ghs_",
    "ghu_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "gldt-",
    "glcbt-",
    "hvs.",
    "xoxb-",
    "xoxp-",
    "ya29.",
];

/// The longest name of a secret.
const NAME_MAX: usize = 64;

/// How far ahead one looks to tell whether a secret stands here; each place of a line may look, so
/// this keeps a long line's cost linear. A secret found is taken to its end, however far.
const NEAR: usize = 512;

/// The same where a secret may be long and what tells it comes last: a piped key, a JWT.
const FAR: usize = 4096;

/// Names whose value is a secret or a person, in a query (`name=value`), a header or a field
/// (`name: value`, `"name":"value"`), or an option (`--name value`).
const NAMES: &[&str] = &[
    "pwd",
    "auth",
    "cred",
    "x-amz-signature",
    "x-amz-credential",
    "x-goog-signature",
    "x-goog-credential",
    "signature",
    "sig",
    "account",
    "jwt",
    "x-jfrog-art-api",
    "x-registry-auth",
];

/// How names of secrets end, whatever stands before: `DOCKERHUB_TOKEN`, `--src-creds`, `proxyPassword`.
const NAME_ENDS: &[&str] = &[
    "token",
    "password",
    "passwd",
    "passphrase",
    "secret",
    "creds",
    "credentials",
    "apikey",
    "api_key",
    "api-key",
    "accesskey",
    "access_key",
    "access-key",
    "secretkey",
    "secret_key",
    "secret-key",
    "privatekey",
    "private_key",
    "private-key",
    "_pass",
    "-pass",
    "_pwd",
    "-pwd",
    "_auth",
];

/// `text` with tokens, passwords, user names of the pull-limit wording, `Authorization` values and
/// credentials in URLs replaced by `<redacted>`.
///
/// ```
/// let said = "You have reached your pull rate limit as 'jo': dckr_jti_9qvxj2=. See https://jo:pw@r.example/v2/";
/// let shown = "You have reached your pull rate limit as '<redacted>': <redacted>. See https://<redacted>@r.example/v2/";
/// assert_eq!(dhlimit::text::redact(said), shown);
/// ```
pub fn redact(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (kept, secret) = secret_at(rest, &shown);
        shown.push_str(rest.get(..kept).unwrap_or_default());
        if secret > 0 {
            shown.push_str(REDACTED);
        }
        let step = if kept + secret > 0 {
            kept + secret
        } else {
            shown.push(first);
            first.len_utf8()
        };
        rest = rest.get(step..).unwrap_or_default();
    }
    shown
}

/// How many bytes at the start of `rest`, which follows `before`, introduce a secret, and how many
/// bytes the secret after them has; none of either where there is none here.
fn secret_at(rest: &str, before: &str) -> (usize, usize) {
    if let Some(after) = rest.strip_prefix("limit as '") {
        return ("limit as '".len(), after.find('\'').unwrap_or_default());
    }
    if let Some(after) = rest.strip_prefix("://") {
        let authority = after
            .find(|c: char| c.is_whitespace() || matches!(c, '/' | '?' | '"' | '\'' | '<'))
            .unwrap_or(after.len());
        return after
            .get(..authority)
            .and_then(|authority| authority.rfind('@'))
            .filter(|end| *end > 0)
            .map_or((0, 0), |end| ("://".len(), end));
    }
    if before.chars().next_back().is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '.')) {
        return (0, 0);
    }
    if TOKENS.iter().any(|prefix| rest.starts_with(prefix)) || is_jwt(rest) {
        return (0, word(rest));
    }
    for scheme in ["authorization: ", "authorization=", "authorization\": \"", "authorization\":\""]
    {
        if let Some(after) = strip(rest, scheme)
            .filter(|after| scheme != "authorization: " || is_proof(before, after))
        {
            let end = after.find(['"', '\'', '\r', '\n', ',']).unwrap_or(after.len());
            return (scheme.len(), end);
        }
    }
    for scheme in ["bearer ", "basic "] {
        if let Some(after) = strip(rest, scheme)
            .filter(|after| is_opaque(after.get(..word(after)).unwrap_or_default()))
        {
            return (scheme.len(), word(after));
        }
    }
    piped(rest).or_else(|| option(rest, before)).or_else(|| named(rest, before)).unwrap_or_default()
}

/// Whether what follows `authorization: ` is a header's value rather than the rest of a sentence, as
/// in containerd's `may require authorization: server message: …`: it is where a header may stand, or
/// it looks like a proof.
fn is_proof(before: &str, after: &str) -> bool {
    let before = before.trim_end_matches([' ', '\t']);
    let at_header = before.is_empty()
        || before.ends_with(['\n', '\r', '"', '\'', '`', '>', '<', '{', '[', '-'])
        || ["header", "headers", "header:", "headers:", " -h"]
            .iter()
            .any(|word| ends_with(before, word));
    let has_scheme = ["basic ", "bearer ", "negotiate ", "digest ", "ntlm ", "aws4-"]
        .iter()
        .any(|scheme| strip(after, scheme).is_some());
    at_header || has_scheme || is_opaque(after.get(..word(after)).unwrap_or_default())
}

fn ends_with(text: &str, end: &str) -> bool {
    text.len()
        .checked_sub(end.len())
        .and_then(|start| text.get(start..))
        .is_some_and(|last| last.eq_ignore_ascii_case(end))
}

/// Dashes at the start, up to three: what has more is a rule, not an option.
fn dashes(text: &str) -> usize {
    text.bytes().take(3).take_while(|byte| *byte == b'-').count()
}

/// `name=value`, `"name": "value"`, `--name value` with a secret's name.
fn named(rest: &str, before: &str) -> Option<(usize, usize)> {
    let dashes = dashes(rest);
    let open = rest.get(dashes..)?;
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let length = open.bytes().take(NAME_MAX + 1).take_while(is_name).count();
    let name = open.get(..length).filter(|name| name.len() <= NAME_MAX)?.to_ascii_lowercase();
    if !NAMES.contains(&name.as_str()) && !NAME_ENDS.iter().any(|end| name.ends_with(end)) {
        return None;
    }
    let after = open.get(length..)?;
    let gap = Gap::after(after);
    let value = after.get(gap.length..)?;
    let in_query = before.ends_with(['?', '&']);
    let end = gap.end(near(value, NEAR), in_query);
    let secret = value.get(..end)?;
    let is_literal = !gap.quoted()
        && (matches!(secret, "null" | "true" | "false") || secret.starts_with(['{', '[']));
    let is_secret = match gap.separator {
        '=' => in_query || !is_reference(&name, secret, &gap),
        ':' => {
            !is_path(before)
                && !is_reference(&name, secret, &gap)
                && !is_said(&name, &gap, secret)
                && (gap.is_key(before, secret)
                    || (gap.closed.is_none()
                        && (gap.quoted()
                            || is_field(&name, secret, value.get(end..)?, before, gap.spaced))))
        }
        ',' => dashes > 0 && gap.closed.is_some() && gap.quoted(),
        // `Using --password via the CLI is insecure`; `--secret id=…` names a file.
        ' ' => {
            (1..=2).contains(&dashes)
                && !secret.starts_with('-')
                && !SENTENCE.contains(&secret)
                && !secret.starts_with("id=")
        }
        _ => false,
    };
    (is_secret && !is_literal && end > 0)
        .then(|| (dashes + length + gap.length, gap.end(value, in_query)))
}

/// Whether `name: value` without any quote is a field rather than a part of a sentence, as in
/// `incorrect username or password: …`.
fn is_field(name: &str, value: &str, after: &str, before: &str, spaced: bool) -> bool {
    let is_compound = name.contains(['_', '-', '.']);
    let is_word = ["or ", "and ", "/"].iter().any(|lead| before.ends_with(lead));
    let is_last =
        after.trim_start_matches([',', '}', ']', ')']).trim_start_matches([' ', '\r']).is_empty()
            || after.starts_with(['\n', ',', '}', ']']);
    let is_plain = matches!(
        name,
        "token"
            | "secret"
            | "credentials"
            | "creds"
            | "auth"
            | "account"
            | "signature"
            | "sig"
            | "jwt"
    );
    !value.ends_with(':')
        && !is_word
        && (is_compound || is_opaque(value) || (!is_plain && (is_last || !spaced)))
}

/// Words after an option that a sentence speaks of.
const SENTENCE: &[&str] = &[
    "and", "are", "can", "cannot", "flag", "for", "from", "has", "in", "instead", "is", "may",
    "must", "not", "on", "option", "or", "requires", "should", "to", "via", "was", "were", "when",
    "will", "with", "without",
];

/// Whether a `…secret` is the name under which one lies in the cluster, as in
/// `imagePullSecret: regcred` and the kubelet's `secret="default/regcred"`.
fn is_reference(name: &str, value: &str, gap: &Gap) -> bool {
    if !name.ends_with("secret") {
        return false;
    }
    let is_part = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.'))
    };
    let is_object =
        value.split_once('/').is_some_and(|(space, name)| is_part(space) && is_part(name));
    let is_pull = name.trim_end_matches("secret").trim_end_matches(['_', '-']).ends_with("pull");
    is_object
        || (is_pull && is_part(value))
        || !(is_opaque(value) || gap.separator == '=' || gap.quoted())
}

/// Whether what stands before a name makes it the end of a path, `kube-system/bootstrap-token`.
fn is_path(before: &str) -> bool {
    let tail = before
        .bytes()
        .rev()
        .take(NAME_MAX)
        .find(|byte| !byte.is_ascii_alphanumeric() && !matches!(byte, b'_' | b'-' | b'.'));
    tail == Some(b'/')
}

/// Words and numbers that errors begin with, where a secret might stand.
const SAID: &[&str] = &[
    "authentication",
    "cannot",
    "connection",
    "containercreating",
    "context",
    "could",
    "crashloopbackoff",
    "denied",
    "dial",
    "eof",
    "errimageneverpull",
    "errimagepull",
    "error",
    "expired",
    "failed",
    "failure",
    "forbidden",
    "imageinspecterror",
    "imagepullbackoff",
    "incorrect",
    "invalid",
    "invalidimagename",
    "manifest",
    "missing",
    "net/http",
    "no",
    "not",
    "notfound",
    "pull",
    "registryunavailable",
    "required",
    "rpc",
    "server",
    "timeout",
    "toomanyrequests",
    "unable",
    "unauthorized",
    "unexpected",
    "unknown",
    "unsupported",
    "x509",
];

/// Whether what follows `name: ` begins an error rather than being a secret: `401 Unauthorized`,
/// `ImagePullBackOff`; or is an image or an address, where the name is a service's or a part's.
fn is_said(name: &str, gap: &Gap, value: &str) -> bool {
    let is_status = || {
        value.len() == 3
            && value.starts_with(['4', '5'])
            && value.bytes().all(|byte| byte.is_ascii_digit())
    };
    let is_error =
        || SAID.contains(&value.trim_end_matches([':', '.', '!']).to_ascii_lowercase().as_str());
    let is_place =
        || !["pass", "pwd", "key"].iter().any(|part| name.contains(part)) && is_place(value);
    gap.spaced && !gap.quoted() && (is_status() || is_error() || is_place())
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

/// What stands between a name and its value: the quote that closes the name, a separator, the quote
/// that opens the value; quotes may be escaped.
#[derive(Debug)]
struct Gap {
    length: usize,
    /// `=`, `:`, `,`, a blank, or `\0` for none.
    separator: char,
    /// The quote that closes the name.
    closed: Option<char>,
    /// Whether a blank stands before the value.
    spaced: bool,
    /// The quote that opens the value, and whether it is escaped.
    quote: Option<(char, bool)>,
}

impl Gap {
    fn after(text: &str) -> Self {
        fn quote(text: &str) -> (Option<(char, bool)>, &str) {
            let rest = text.trim_start_matches('\\');
            match rest.chars().next().filter(|c| matches!(c, '"' | '\'')) {
                Some(mark) => {
                    (Some((mark, rest.len() < text.len())), rest.get(1..).unwrap_or_default())
                }
                None => (None, text),
            }
        }
        let (closing, rest) = quote(text);
        let open = rest.trim_start_matches([' ', '\t']);
        let blank = if open.len() < rest.len() { ' ' } else { '\0' };
        let (separator, rest) = match open.chars().next() {
            Some('=') if open.starts_with("==") => ('\0', open),
            Some('=') => (
                '=',
                open.strip_prefix("=>").or_else(|| open.strip_prefix('=')).unwrap_or_default(),
            ),
            Some(mark @ (':' | ',')) if mark == ':' || closing.is_some() => {
                (mark, open.get(1..).unwrap_or_default())
            }
            _ => (blank, open),
        };
        let value = rest.trim_start_matches([' ', '\t']);
        let spaced = value.len() < rest.len();
        // `--password 'x'` closes no name: its only quote opens the value.
        let (opening, value) = quote(value);
        let (closing, opening) = if separator == '\0' && opening.is_none() && closing.is_some() {
            (None, closing)
        } else {
            (closing, opening)
        };
        Self {
            length: text.len() - value.len(),
            separator,
            closed: closing.map(|(mark, _)| mark),
            spaced,
            quote: opening,
        }
    }

    fn quoted(&self) -> bool {
        self.quote.is_some()
    }

    /// Whether the name is a key of a map: the quote that closes it stands right before it, too, and
    /// what follows is no sentence about the image of that name. `Get "https://r.example/token": EOF`
    /// has no key.
    fn is_key(&self, before: &str, value: &str) -> bool {
        let Some(outside) = self.closed.and_then(|mark| before.strip_suffix(mark)) else {
            return self.closed.is_some() && self.quoted() && before.ends_with(' ');
        };
        let outside = outside.trim_end_matches('\\').trim_end_matches([' ', '\t']);
        let in_map = outside.is_empty()
            || outside.ends_with(['{', ',', '\n', '\r', '-'])
            || outside.ends_with("\\n");
        self.quoted() || in_map || is_opaque(value)
    }

    /// Where the value ends that begins the text; `in_query` where it is a parameter of an address.
    fn end(&self, value: &str, in_query: bool) -> usize {
        match self.quote {
            Some((_, true)) => value.find('\\').unwrap_or(value.len()),
            Some((mark, false)) => {
                let mut escaped = false;
                let close = value.find(|c: char| {
                    let is_close = c == mark && !escaped;
                    escaped = c == '\\' && !escaped;
                    is_close
                });
                close.unwrap_or(value.len())
            }
            None => {
                let stops = |c: char| {
                    c.is_whitespace()
                        || matches!(c, '"' | '\'' | '`' | '<')
                        || (in_query && matches!(c, '&' | ',' | ')'))
                        || (self.closed.is_some() && matches!(c, ',' | '}' | ']'))
                };
                let word =
                    value.get(..value.find(stops).unwrap_or(value.len())).unwrap_or_default();
                word.trim_end_matches([',', ';', ')', ']', '}', '\\']).len()
            }
        }
    }
}

/// Three parts of base64url with dots between them, the first being a JSON object's; a word that long
/// needs no dots.
fn is_jwt(rest: &str) -> bool {
    let is_parted =
        |word: &str| word.len() >= FAR || (word.len() > 30 && word.matches('.').count() >= 2);
    rest.starts_with("eyJ") && rest.get(..word(near(rest, FAR))).is_some_and(is_parted)
}

/// The text as far as one looks ahead, to the next whole character.
fn near(text: &str, most: usize) -> &str {
    let end = (most.min(text.len())..=text.len())
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(text.len());
    text.get(..end).unwrap_or(text)
}

/// Bytes of the token-like word at the start.
fn word(text: &str) -> usize {
    let end = text
        .find(|c: char| {
            !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '=' | '+' | '/' | '~'))
        })
        .unwrap_or(text.len());
    text.get(..end).map_or(0, |word| word.trim_end_matches('.').len())
}

/// Whether a word looks random rather than written: long, with digits or both cases.
fn is_opaque(word: &str) -> bool {
    word.len() >= 8
        && (word.bytes().any(|byte| byte.is_ascii_digit())
            || word.ends_with('=')
            || word.bytes().skip(1).any(|byte| byte.is_ascii_uppercase()))
}

fn strip<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    text.get(..prefix.len())
        .filter(|start| start.eq_ignore_ascii_case(prefix))
        .and_then(|_| text.get(prefix.len()..))
}

#[cfg(test)]
mod tests;
