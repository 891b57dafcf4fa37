//! What carries a line from where it was said to where it is read: time stamps, the columns of
//! `gh run view`, the names that journals, Compose and `kubectl logs --prefix` put before it, marks of
//! a quotation, envelopes of JSON. All of it is taken off before anything is judged, and the line's
//! own indent stays: it tells a commit's message from a failure. A job's and a step's names are no
//! part of what was said.

use std::borrow::Cow;

use super::line;

/// The most layers that are taken off one line.
const LAYERS_MAX: usize = 10;

/// Members of JSON that make a document an envelope, with the one that holds the line.
const ENVELOPES: &[(&[&str], &str)] = &[
    (&["\"log\"", "\"stream\""], "log"),
    (&["\"MESSAGE\"", "\"_HOSTNAME\""], "MESSAGE"),
    (&["\"MESSAGE\"", "\"PRIORITY\""], "MESSAGE"),
    (&["\"MESSAGE\"", "\"__REALTIME_TIMESTAMP\""], "MESSAGE"),
    (&["\"Action\"", "\"Output\""], "Output"),
];

/// The line itself, with its own indent, out of everything that carries it.
pub(super) fn inner(raw: &str) -> &str {
    let mut text = raw;
    let mut stamped = false;
    for _ in 0..LAYERS_MAX {
        let before = text;
        text = text.trim_start_matches('\u{feff}');
        text = after_command_string(text);
        text = after_columns(text);
        if let Some(rest) = after_stamp(text) {
            stamped = true;
            text = after_stream(rest);
        }
        text = after_bracket(text);
        text = after_program(text, stamped);
        text = after_name(text);
        text = after_step(text);
        text = after_quotation(text);
        if text.len() == before.len() {
            break;
        }
    }
    text
}

/// Buildkite's `ESC _ bk;t=… BEL` and its like.
fn after_command_string(text: &str) -> &str {
    text.strip_prefix("\u{1b}_")
        .and_then(|rest| rest.split_once(['\u{7}', '\u{9c}']))
        .map_or(text, |(_, rest)| rest)
}

/// After `job<TAB>step<TAB>` of `gh run view --log`, where a time stamp follows.
fn after_columns(text: &str) -> &str {
    let mut columns = text.splitn(3, '\t');
    let (Some(job), Some(step), Some(rest)) = (columns.next(), columns.next(), columns.next())
    else {
        return text;
    };
    let stamped = rest.trim_start_matches('\u{feff}');
    let is_column = |name: &str| !name.is_empty() && name.len() <= 200;
    if is_column(job) && is_column(step) && after_stamp(stamped).is_some() { stamped } else { text }
}

/// After a time stamp and one blank.
fn after_stamp(text: &str) -> Option<&str> {
    // A log that is indented as a whole: the stamp comes first in it.
    let text = text.trim_start_matches(' ');
    let end = text.find([' ', '\t']).unwrap_or(text.len());
    let (token, rest) = text.split_at_checked(end)?;
    line::is_stamp(token).then(|| rest.get(1..).unwrap_or_default())
}

/// After the marks of a stream: GitLab's `01O `, the container runtime interface's `stderr F `.
fn after_stream(text: &str) -> &str {
    let end = text.find(' ').unwrap_or(text.len());
    let Some((token, rest)) = text.split_at_checked(end) else { return text };
    let rest = rest.get(1..).unwrap_or_default();
    match token.as_bytes() {
        [b'0', b'0'..=b'9', b'O' | b'E', ..] if token.len() <= 4 => rest,
        b"stdout" | b"stderr" => {
            rest.strip_prefix("F ").or_else(|| rest.strip_prefix("P ")).unwrap_or(text)
        }
        _ => text,
    }
}

/// After `[2026-…Z] `, `[pod/web/app] `, `[build] `, but not after a level.
fn after_bracket(text: &str) -> &str {
    let Some((inner, rest)) = text.strip_prefix('[').and_then(|rest| rest.split_once("] ")) else {
        return text;
    };
    let is_name = inner.len() > 1
        && inner.len() <= 100
        && !inner.contains([' ', '[', '"', '%'])
        && inner.bytes().any(|byte| byte.is_ascii_alphabetic())
        && line::Level::named(inner).is_none();
    if is_name || line::is_stamp(inner) { rest } else { text }
}

/// After `Nov 22 09:15:21 host program[pid]: `, and after `host program[pid]: ` behind a stamp.
fn after_program(text: &str, stamped: bool) -> &str {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let is_month = text.get(..3).is_some_and(|start| MONTHS.contains(&start));
    let Some((head, rest)) = text.split_once(": ").or_else(|| text.split_once(":\t")) else {
        return text;
    };
    // A clock has colons, but no blank follows them.
    let words = head.split_whitespace().count();
    let is_program = head.len() <= 160
        && head.rsplit(' ').next().is_some_and(|program| {
            program.strip_suffix(']').and_then(|name| name.rsplit_once('[')).is_some_and(
                |(name, pid)| {
                    !name.is_empty()
                        && !pid.is_empty()
                        && pid.bytes().all(|byte| byte.is_ascii_digit())
                },
            )
        });
    if is_program && ((is_month && words == 5) || (stamped && words == 2)) { rest } else { text }
}

/// After `name-1  | ` of Compose.
fn after_name(text: &str) -> &str {
    let (name, rest) = match text.split_once(" | ") {
        Some(parts) => parts,
        None => match text.strip_suffix(" |") {
            Some(name) => (name, ""),
            None => return text,
        },
    };
    let is_name = name.len() <= 60
        && name.trim_end().bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric())
        && !name.trim_end().contains([' ', '\t', '"', '\'', '=', '|', '`', '(', ':']);
    if is_name { rest } else { text }
}

/// After the `#12 1.234 ` of BuildKit's plain output: the step and its clock.
fn after_step(text: &str) -> &str {
    let is_number = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    let parts = || {
        let (step, rest) = text.trim_start_matches(' ').strip_prefix('#')?.split_once(' ')?;
        let (clock, rest) = rest.split_once(' ')?;
        let (seconds, fraction) = clock.split_once('.')?;
        [step, seconds, fraction].into_iter().all(is_number).then_some(rest)
    };
    parts().unwrap_or(text)
}

/// After the `> ` of mail and Markdown, but not after Python's `>>> `, which BuildKit prints, too.
fn after_quotation(text: &str) -> &str {
    let marked = text.trim_start_matches(' ');
    if marked.starts_with(">>>") {
        return text;
    }
    let rest = marked.strip_prefix(">>").or_else(|| marked.strip_prefix('>'));
    match rest {
        Some("") => "",
        Some(rest) => {
            rest.strip_prefix(' ').unwrap_or(if rest.starts_with('>') { rest } else { text })
        }
        None => text,
    }
}

/// The line in an envelope of JSON: what Docker's log files, `journalctl -o json` and
/// `go test -json` are made of.
pub(super) fn enveloped(raw: &str) -> Option<String> {
    let text = inner(raw).trim_start();
    if !text.starts_with('{') {
        return None;
    }
    let (_, name) =
        ENVELOPES.iter().find(|(marks, _)| marks.iter().all(|mark| text.contains(mark)))?;
    let name = format!("\"{name}\"");
    let value = text.split_once(&name)?.1.trim_start().strip_prefix(':')?;
    let literal = value.trim_start().strip_prefix('"')?;
    let literal = line::quoted_end(literal).and_then(|end| literal.get(..end)).unwrap_or(literal);
    // What is cut off in the middle of an escape is read as far as it goes.
    serde_json::from_str(&format!("\"{literal}\""))
        .ok()
        .or_else(|| Some(line::unescape_once(literal)))
}

/// A journal's message that holds an escape or is no UTF-8: `journalctl -o json` shows its bytes as a
/// list of numbers.
pub(super) fn listed_bytes(raw: &[u8]) -> Option<Vec<u8>> {
    const NAME: &[u8] = b"\"MESSAGE\"";
    let at = memchr::memmem::find(raw, NAME)?;
    let value = raw.get(at + NAME.len()..)?.trim_ascii_start().strip_prefix(b":")?;
    let list = value.trim_ascii_start().strip_prefix(b"[")?;
    let end = memchr::memchr(b']', list).unwrap_or(list.len());
    let numbers = list.get(..end)?.trim_ascii();
    if numbers.is_empty() {
        return Some(Vec::new());
    }
    numbers
        .split(|byte| *byte == b',')
        .map(|number| std::str::from_utf8(number.trim_ascii()).ok()?.parse().ok())
        .collect()
}

/// The message of TeamCity's `##teamcity[message text='…' status='ERROR']`, its escapes made plain,
/// and whether it is an error's. What names a test or a block tells of no failure: nothing is said.
pub(super) fn service_message(text: &str) -> Option<(Cow<'_, str>, bool)> {
    const SAYING: &[&str] = &[
        "message",
        "buildProblem",
        "buildStatus",
        "testFailed",
        "testStdErr",
        "testStdOut",
        "progressMessage",
    ];
    let body = text.strip_prefix("##teamcity[")?;
    let (kind, attributes) = body.split_once(' ')?;
    if !SAYING.contains(&kind) {
        return Some((Cow::Borrowed(""), false));
    }
    let said = ["errorDetails='", "details='", "text='", "description='", "out='", "message='"]
        .iter()
        .find_map(|name| attribute(attributes, name).filter(|value| !value.is_empty()))
        .or_else(|| attribute(attributes, "'"))?;
    let is_error =
        ["status='ERROR'", "status='FAILURE'"].iter().any(|status| attributes.contains(status))
            || kind == "buildProblem"
            || kind == "testFailed";
    Some((Cow::Owned(said), is_error))
}

/// The value after `name`, which ends in its opening quote.
fn attribute(attributes: &str, name: &str) -> Option<String> {
    let at = attributes.find(name)?;
    let mut value = String::new();
    let mut characters = attributes.get(at + name.len()..)?.chars();
    while let Some(character) = characters.next() {
        match character {
            '\'' => break,
            '|' => match characters.next()? {
                'n' | 'r' => value.push(' '),
                escaped => value.push(escaped),
            },
            plain => value.push(plain),
        }
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("2026-11-24T09:00:01.1234567Z     indented", "    indented")]
    #[case("job\tPull images\t\u{feff}2026-11-24T09:00:01.1Z said", "said")]
    #[case("a\tb\tno stamp", "a\tb\tno stamp")]
    #[case("> > said", "said")]
    #[case(">> said", "said")]
    #[case(">", "")]
    #[case(">>> FROM redis:8", ">>> FROM redis:8")]
    #[case("> Nov 24 09:00:01 node-1 kubelet[1042]: said", "said")]
    #[case("2026-11-24T09:00:01+0100 node-1 kubelet[1042]: said", "said")]
    #[case("main.c[12]: said", "main.c[12]: said")]
    #[case("web-1  |     said", "    said")]
    #[case("web-1  |", "")]
    #[case("#12 1.234   said", "  said")]
    #[case("#12 ERROR: said", "#12 ERROR: said")]
    #[case("| redis | failed |", "| redis | failed |")]
    #[case("[pod/web-6c/app] 2026-11-24T09:00:01.1Z said", "said")]
    #[case("[2026-11-24T09:00:01.123Z] said", "said")]
    #[case("[ERROR] said", "[ERROR] said")]
    #[case("2026-11-24T09:00:01.123456Z 01E+ said", "said")]
    #[case("2026-11-24T09:00:01.123456Z 01O said", "said")]
    #[case("2026-11-24T09:00:01.123456789Z stderr F said", "said")]
    #[case("\u{1b}_bk;t=1764000000000\u{7}said", "said")]
    fn a_line_is_taken_out_of_what_carries_it(#[case] raw: &str, #[case] said: &str) {
        assert_eq!(inner(raw), said);
    }

    #[test]
    fn envelopes_are_opened() {
        let docker = r#"{"log":"said \"so\"\n","stream":"stderr","time":"t"}"#;
        assert_eq!(enveloped(docker).as_deref(), Some("said \"so\"\n"));
        assert_eq!(enveloped(r#"{"msg":"said","level":"info"}"#), None);
        let journal = br#"{"PRIORITY":"3","MESSAGE" : [27, 115,97 ,105,100]}"#;
        assert_eq!(listed_bytes(journal).as_deref(), Some(b"\x1bsaid".as_slice()));
        assert_eq!(listed_bytes(br#"{"MESSAGE":[1,2,300]}"#), None);
    }

    #[rstest]
    #[case("##teamcity[message text='it|'s |[x|] said' status='ERROR']", "it's [x] said", true)]
    #[case("##teamcity[buildProblem description='said' identity='i']", "said", true)]
    #[case("##teamcity[message text='said']", "said", false)]
    #[case("##teamcity[testStarted name='said']", "", false)]
    fn service_messages_are_read(#[case] raw: &str, #[case] said: &str, #[case] is_error: bool) {
        let (text, error) = service_message(raw).unwrap();
        assert_eq!((text.as_ref(), error), (said, is_error));
    }

    proptest! {
        #[test]
        fn unwrapping_never_panics(text in any::<String>(), marks in "(> |>|\\[|\\] |\t|2026-11-24T09:00:01Z | \\| |: |Nov |x\\[1\\]|é|\\{\"log\"|\"stream\"|\u{1b}_|##teamcity\\[message text='|\\|){0,20}") {
            for raw in [&text, &marks] {
                let _ = (inner(raw), enveloped(raw), service_message(raw), listed_bytes(raw.as_bytes()));
            }
        }
    }
}
