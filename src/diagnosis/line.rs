//! One line peeled down to what the tool said: colours, time stamps, log levels and the prefixes of
//! CI systems, Compose and journals off; logfmt fields joined; escaped quotes made plain.

use super::wrapping;

/// How loud the line is by its own word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// Debug or trace.
    Debug,
    /// Information.
    Info,
    /// A warning.
    Warning,
    /// Nothing said: tools without levels print failures so.
    Unsaid,
    /// An error or worse.
    Error,
}

impl Level {
    /// The level that a field of a log names so.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "debug" | "trace" => Some(Self::Debug),
            "info" | "notice" => Some(Self::Info),
            "warn" | "warning" => Some(Self::Warning),
            "error" | "fatal" | "panic" | "err" | "crit" | "critical" => Some(Self::Error),
            _ => None,
        }
    }
}

/// Where a line was read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'a> {
    /// Its number, from 1.
    pub(super) number: u64,
    /// The whole of it, with everything that carries it.
    pub(super) whole: &'a str,
}

/// A peeled line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// Its level.
    pub(super) level: Level,
    /// The line as it was written, with its indent and colours, out of what carries it.
    pub(super) source: String,
    /// The line without colours and prefixes, as it was written otherwise.
    pub(super) bare: String,
    /// What was said.
    pub(super) text: String,
    /// The value of a field `image=…`.
    pub(super) image: Option<String>,
    /// The colour in which GitHub prints a script before running it.
    pub(super) echoed: bool,
}

/// Peels a raw line.
pub(super) fn peel(raw: &str) -> Line {
    let source = wrapping::inner(raw);
    let bare = strip_colours(source);
    let echoed = is_github_echo(source);
    let (mut level, rest) = strip_prefixes(bare.trim_end());
    let message = wrapping::service_message(rest);
    if message.as_ref().is_some_and(|(_, is_error)| *is_error) {
        level = Level::Error;
    }
    let rest = message.as_ref().map_or(rest, |(said, _)| said.as_ref());
    let (text, image, named) = join_fields(rest);
    level = named.unwrap_or(level);
    if level == Level::Unsaid && has_failed_retrying(&text) {
        level = Level::Warning;
    }
    Line {
        level,
        source: source.to_owned(),
        bare: rest.to_owned(),
        text: unescape(&text),
        image: image.map(|image| unescape(&image)),
        echoed,
    }
}

/// podman's warning as old versions print it, without a level.
fn has_failed_retrying(text: &str) -> bool {
    text.get(..16).is_some_and(|start| start.eq_ignore_ascii_case("failed, retrying"))
}

/// GitHub prints a `run:` script in bold cyan before it runs; copies may have lost the escape byte.
fn is_github_echo(raw: &str) -> bool {
    raw.find("[36;1m").is_some_and(|at| {
        let before = raw.get(..at).unwrap_or_default().trim_end_matches('\u{1b}');
        stamp(before) == before.len() || before.is_empty()
    })
}

/// The text without terminal escape sequences; also those that lost their escape byte at the start.
fn strip_colours(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        text.push_str(before);
        rest = match after.as_bytes().first() {
            Some(b'[') => after
                .find(|c: char| ('@'..='~').contains(&c) && c != '[')
                .and_then(|end| after.get(end + 1..))
                .unwrap_or_default(),
            Some(b']') => match after.find(['\u{7}', '\u{1b}']) {
                Some(end) => after
                    .get(end + 1..)
                    .map(|rest| rest.trim_start_matches('\\'))
                    .unwrap_or_default(),
                None => "",
            },
            Some(_) => {
                after.get(after.chars().next().map_or(0, char::len_utf8)..).unwrap_or_default()
            }
            None => "",
        };
    }
    text.push_str(rest);
    text
}

/// Takes prefixes off, as many as there are, and reads the level where one of them says it.
fn strip_prefixes(text: &str) -> (Level, &str) {
    let mut level = Level::Unsaid;
    let mut rest = text.trim_start_matches(['\u{feff}', ' ', '\t', '│']);
    for _ in 0..8 {
        let before = rest;
        rest = rest.get(stamp(rest)..).unwrap_or(rest);
        if let Some((said, after)) = level_prefix(rest) {
            level = said;
            rest = after;
        }
        rest = after_job(after_syslog(after_compose(after_bracket(rest))))
            .trim_start_matches([' ', '\t']);
        if rest.len() == before.len() {
            break;
        }
    }
    (level, rest)
}

/// Bytes of a leading time stamp with its blanks: digits with `-`, `:`, `.`, `T`, `Z`, `+`, `/`, `,`,
/// followed by GitLab's stream marks (`00O`, `01E+`) where they stand.
fn stamp(text: &str) -> usize {
    let mut length = 0;
    loop {
        let rest = text.get(length..).unwrap_or_default();
        let token = rest.find([' ', '\t']).and_then(|end| rest.get(..end)).unwrap_or(rest);
        let is_stream = length > 0
            && matches!(
                token.as_bytes(),
                [b'0', b'0'..=b'9', b'O' | b'E'] | [b'0', b'0'..=b'9', b'O' | b'E', b'+']
            );
        if !is_stamp(token) && !is_stream {
            return length;
        }
        let blanks = rest.get(token.len()..).unwrap_or_default();
        length += token.len() + (blanks.len() - blanks.trim_start_matches([' ', '\t']).len());
    }
}

/// Whether a word is a date, a clock, or both.
pub(super) fn is_stamp(token: &str) -> bool {
    token.len() >= 6
        && token.bytes().next().is_some_and(|byte| byte.is_ascii_digit())
        && token.bytes().all(|byte| byte.is_ascii_digit() || b"-:.,TZ+/".contains(&byte))
        && token.bytes().filter(|byte| matches!(byte, b':' | b'-' | b'/')).count() >= 2
}

const LEVELS: &[(&str, Level)] = &[
    ("##[error]", Level::Error),
    ("##[warning]", Level::Warning),
    ("##[debug]", Level::Debug),
    ("##[notice]", Level::Info),
    ("::error::", Level::Error),
    ("::warning::", Level::Warning),
    ("##vso[task.logissue type=error]", Level::Error),
    ("FATA[", Level::Error),
    ("ERRO[", Level::Error),
    ("WARN[", Level::Warning),
    ("INFO[", Level::Info),
    ("DEBU[", Level::Debug),
    ("TRAC[", Level::Debug),
    ("[ERROR]", Level::Error),
    ("[FATAL]", Level::Error),
    ("[WARNING]", Level::Warning),
    ("[WARN]", Level::Warning),
    ("[INFO]", Level::Info),
    ("[DEBUG]", Level::Debug),
    ("[TRACE]", Level::Debug),
    ("WARNING:", Level::Warning),
    ("Warning:", Level::Warning),
    ("warning:", Level::Warning),
    ("WARN ", Level::Warning),
    ("WARN:", Level::Warning),
    ("WARNING ", Level::Warning),
    ("INFO ", Level::Info),
    ("INFO:", Level::Info),
    ("DEBUG ", Level::Debug),
    ("DEBUG:", Level::Debug),
    ("TRACE ", Level::Debug),
    ("ERROR ", Level::Error),
];

/// A leading word that says the level, and what follows it.
fn level_prefix(text: &str) -> Option<(Level, &str)> {
    if let Some((letter, rest)) = klog(text) {
        let level = match letter {
            b'I' => Level::Info,
            b'W' => Level::Warning,
            _ => Level::Error,
        };
        return Some((level, rest));
    }
    let (mark, level) = LEVELS.iter().find(|(mark, _)| text.starts_with(mark))?;
    let rest = text.get(mark.len()..)?;
    let rest = if mark.ends_with('[') && !mark.starts_with('[') {
        rest.split_once(']').map_or(rest, |(_, rest)| rest)
    } else {
        rest
    };
    Some((*level, rest))
}

/// `E1122 09:30:22.439509   30066 remote_image.go:250] ` of Kubernetes' log library.
fn klog(text: &str) -> Option<(u8, &str)> {
    let (head, rest) = text.split_once("] ")?;
    let letter = *head.as_bytes().first()?;
    let is_head = matches!(letter, b'I' | b'W' | b'E' | b'F')
        && head.len() < 120
        && head.get(1..5)?.bytes().all(|byte| byte.is_ascii_digit())
        && head.get(5..6)? == " "
        && head.contains(".go:");
    is_head.then_some((letter, rest))
}

/// After `[main] `, `[Thread-41] `, `[pod/x/y] `: short, one word, and no progress mark.
fn after_bracket(text: &str) -> &str {
    let inner = text.strip_prefix('[').and_then(|rest| rest.split_once("] "));
    match inner {
        Some((inner, rest)) if inner.len() > 1 && inner.len() <= 60 && !inner.contains(' ') => rest,
        Some((inner, rest)) if stamp(inner) == inner.len() && !inner.is_empty() => rest,
        _ => text,
    }
}

/// After `name-1  | ` of Compose.
fn after_compose(text: &str) -> &str {
    match text.split_once(" | ") {
        Some((name, rest))
            if !name.is_empty()
                && name.len() <= 60
                && !name.trim_end().contains([' ', '"', '=', '|']) =>
        {
            rest
        }
        _ => text,
    }
}

/// After `<job_1648> `: a word with a number.
fn after_job(text: &str) -> &str {
    match text.strip_prefix('<').and_then(|rest| rest.split_once("> ")) {
        Some((name, rest))
            if name.len() <= 40
                && name.contains('_')
                && name.ends_with(|c: char| c.is_ascii_digit())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') =>
        {
            rest
        }
        _ => text,
    }
}

/// After `Nov 22 09:15:21 host program[pid]: ` (the stamp's month is a word).
fn after_syslog(text: &str) -> &str {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let is_month = text.get(..3).is_some_and(|start| MONTHS.contains(&start));
    match text.split_once("]: ") {
        Some((head, rest)) if is_month && head.len() <= 160 && head.contains('[') => rest,
        _ => text,
    }
}

/// Joins the fields of a logfmt line that say something: `msg`, then `error`, `err` or `err.detail`. Also klog's
/// quoted message with fields behind it. Text without such fields stays as it is.
fn join_fields(text: &str) -> (String, Option<String>, Option<Level>) {
    let fields = fields(text);
    let value = |names: &[&str]| {
        fields
            .iter()
            .find(|(name, _)| names.contains(&name.as_str()))
            .map(|(_, value)| value.clone())
    };
    let level = value(&["level", "lvl"]).and_then(|level| Level::named(&level));
    let image = value(&["image", "image.name", "ref"]);
    let quoted = text
        .strip_prefix('"')
        .and_then(|rest| quoted_end(rest).and_then(|end| rest.get(..end)))
        .map(str::to_owned);
    let message = value(&["msg", "message"]).or(quoted.filter(|_| !fields.is_empty()));
    // A registry of its own (distribution) has a cause of an unknown error in `err.detail`.
    let error = value(&["error", "err", "err.detail"]);
    let body = value(&["body"]);
    match (message, error) {
        (Some(message), Some(error)) if !message.contains(&error) => {
            (format!("{message}: {error}"), image, level)
        }
        (Some(message), _) => {
            (body.map_or(message.clone(), |body| format!("{message}: {body}")), image, level)
        }
        _ => (text.to_owned(), image, level),
    }
}

/// The `name="value"` and `name=value` pairs of a line; values still escaped.
fn fields(text: &str) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('=') {
        let (before, after) =
            (rest.get(..at).unwrap_or_default(), rest.get(at + 1..).unwrap_or_default());
        let name = before.rsplit([' ', '\t', ',']).next().unwrap_or_default();
        let is_name = !name.is_empty()
            && name.len() <= 40
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'));
        if let Some(inner) = after.strip_prefix('"') {
            let end = quoted_end(inner).unwrap_or(inner.len());
            if is_name {
                fields.push((name.to_owned(), inner.get(..end).unwrap_or_default().to_owned()));
            }
            rest = inner.get(end + 1..).unwrap_or_default();
        } else {
            let end = after.find([' ', '\t', '"']).unwrap_or(after.len());
            if is_name {
                fields.push((name.to_owned(), after.get(..end).unwrap_or_default().to_owned()));
            }
            rest = after.get(end..).unwrap_or_default();
        }
        if fields.len() >= 64 {
            break;
        }
    }
    fields
}

/// Where a quoted text ends: the first quote without a backslash before it.
pub(super) fn quoted_end(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let end = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        end
    })
}

/// Makes escapes plain, nested up to four deep: quotes, slashes, blanks, JSON's `\u00XX`.
pub(super) fn unescape(text: &str) -> String {
    let mut text = text.to_owned();
    for _ in 0..4 {
        if !text.contains('\\') {
            break;
        }
        text = unescape_once(&text);
    }
    text
}

pub(super) fn unescape_once(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        plain.push_str(before);
        let mut characters = after.chars();
        match characters.next() {
            Some('n' | 'r' | 't') => plain.push(' '),
            Some('u') => match after
                .get(1..5)
                .and_then(|digits| u32::from_str_radix(digits, 16).ok())
                .and_then(char::from_u32)
            {
                Some(character) => {
                    plain.push(character);
                    characters = after.get(5..).unwrap_or_default().chars();
                }
                None => plain.push('u'),
            },
            Some(character @ ('"' | '\'' | '\\' | '/')) => plain.push(character),
            Some(character) => plain.extend(['\\', character]),
            None => {}
        }
        rest = characters.as_str();
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("plain words", Level::Unsaid, "plain words")]
    #[case("\u{1b}[31mred\u{1b}[0m \u{1b}]8;;http://x\u{7}link", Level::Unsaid, "red link")]
    #[case(
        "2026-11-22T09:15:21.1234567Z ##[error]Docker pull failed",
        Level::Error,
        "Docker pull failed"
    )]
    #[case("2026-11-22T09:15:21.000123Z 01E docker: no", Level::Unsaid, "docker: no")]
    #[case("[2026-11-22T09:15:21.123Z] + docker pull", Level::Unsaid, "+ docker pull")]
    #[case(
        "2026-11-22 08:14:07,119 [Thread-41] ERROR scraper - body",
        Level::Error,
        "scraper - body"
    )]
    #[case("web-1  | docker: no", Level::Unsaid, "docker: no")]
    #[case("WARN[0034] Failed, retrying in 1s", Level::Warning, "Failed, retrying in 1s")]
    #[case("failed, retrying in 1s ... (1/3)", Level::Warning, "failed, retrying in 1s ... (1/3)")]
    #[case(
        "time=\"2026-11-22T09:15:21Z\" level=fatal msg=\"a \\\"b\\\"\"",
        Level::Error,
        "a \"b\""
    )]
    #[case(
        "Nov 22 09:15:21 w kubelet[1]: E1122 09:15:21.443812    1042 a.go:18] \"Failed\" err=\"x \\\"y\\\"\"",
        Level::Error,
        "Failed: x \"y\""
    )]
    #[case(
        "Nov 22 09:15:21 w containerd[8]: time=\"t\" level=info msg=\"a\" error=\"b\"",
        Level::Info,
        "a: b"
    )]
    #[case(
        "  Warning  Failed  3s  kubelet  Error: ErrImagePull",
        Level::Unsaid,
        "Warning  Failed  3s  kubelet  Error: ErrImagePull"
    )]
    #[case("│ Error: no", Level::Unsaid, "Error: no")]
    #[case(
        "rpc error: code = Unknown desc = a=b",
        Level::Unsaid,
        "rpc error: code = Unknown desc = a=b"
    )]
    fn a_line_is_peeled_to_what_was_said(
        #[case] raw: &str,
        #[case] level: Level,
        #[case] text: &str,
    ) {
        let line = peel(raw);
        assert_eq!((line.level, line.text.as_str()), (level, text));
    }

    #[test]
    fn a_field_names_the_image_and_githubs_cyan_is_an_echo() {
        assert_eq!(
            peel("DEBU[0000] fetching   image=\"docker.io/library/alpine:latest\"")
                .image
                .as_deref(),
            Some("docker.io/library/alpine:latest")
        );
        assert!(
            peel("2026-11-22T09:15:21.1Z \u{1b}[36;1mdocker pull x\u{1b}[0m").echoed
                && peel("[36;1mecho").echoed
        );
        assert!(!peel("\u{1b}[36mdb-1  |\u{1b}[0m x").echoed);
    }

    #[test]
    fn nested_escapes_become_plain() {
        assert_eq!(
            unescape(r#"a \\\"b\\\" \u003chtml\u003e C:\Users\n"#),
            "a \"b\" <html> C:\\Users "
        );
    }

    proptest! {
        #[test]
        fn peeling_never_panics_and_grows_nothing(text in any::<String>(), marks in "(\u{1b}|\\[|\\]|\"|=|\\\\|msg|level| |:|\\||é|2026-11-22T|E1122 ){0,30}") {
            for raw in [text, marks] {
                let line = peel(&raw);
                prop_assert!(line.text.len() <= 2 * raw.len() + 8);
            }
        }
    }
}
