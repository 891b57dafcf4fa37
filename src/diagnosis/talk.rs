//! Text that only talks about failures: a script echoed before it runs, source code, documentation,
//! test names, commit messages, diffs. The words of a failure stand in it, but nothing has failed.

use super::line::{Level, Line};

/// Whether the words that begin at byte `at` of the line are talked about, not said.
pub(super) fn only_talks(line: &Line, raw: &str, at: usize) -> bool {
    let text = line.text.as_str();
    let (before, after) = (text.get(..at).unwrap_or_default(), text.get(at..).unwrap_or_default());
    if line.echoed || is_commit(raw) || is_test(text) || is_table_row(text) || is_markup(before) || is_quoted_word(before, after) {
        return true;
    }
    if line.level == Level::Error || opens_like_a_failure(text) {
        return false;
    }
    is_shell(text, before, after) || is_code(text, before) || is_prose(before, after)
}

/// How tools begin the message of a failure; what follows is theirs, whatever words stand in it.
fn opens_like_a_failure(text: &str) -> bool {
    const OPENINGS: &[&str] = &[
        "Error response from daemon",
        "docker: Error response",
        "ERROR: ",
        "Error: ",
        "error: ",
        "ctr: ",
        "toomanyrequests: ",
        "Failed to pull image",
        "failed to ",
        "rpc error",
        "error pulling image",
        "unknown: ",
        "unauthorized: ",
        "denied: ",
        "You have reached your",
    ];
    OPENINGS.iter().any(|opening| text.starts_with(opening))
}

/// A traced or prompted command, or a line of a shell script.
fn is_shell(text: &str, before: &str, after: &str) -> bool {
    const PROMPTS: &[&str] = &["+ ", "++ ", "+++ ", "$ ", "% ", "> ", "PS> ", "PS C:"];
    const COMMANDS: &[&str] = &[
        "grep ",
        "egrep ",
        "rg ",
        "echo ",
        "printf ",
        "sed ",
        "awk ",
        "case ",
        "if [",
        "if !",
        "if (",
        "elif ",
        "while ",
        "until ",
        "[[ ",
        "test ",
        "Write-Host ",
        "Write-Output ",
        "logger ",
        "export ",
        "assert ",
        "-match ",
        "-like ",
        "=~ ",
    ];
    let opens = |word: &&str| text.starts_with(*word) || contains_word(before, word);
    PROMPTS.iter().any(|prompt| text.starts_with(prompt))
        || COMMANDS.iter().any(opens)
        || ["; then", "; do", " 2>&1", ";;", " || true", " && exit", " || exit"].iter().any(|tail| after.contains(tail))
}

/// Whether `word` stands in the text with no letter before it.
fn contains_word(text: &str, word: &str) -> bool {
    text.match_indices(word)
        .any(|(at, _)| !text.get(..at).is_some_and(|before| before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '-')))
}

/// A line of a program, a configuration or a comment.
fn is_code(text: &str, before: &str) -> bool {
    const OPENINGS: &[&str] = &[
        "//", "/*", "#!", "<!--", "--", "const ", "let ", "var ", "def ", "func ", "fn ", "return ", "case ", "if ", "raise ", "throw ",
        "import ", "static ",
    ];
    const INSIDE: &[&str] = &[
        "ontains(",
        "matches(",
        ".includes(",
        "assert",
        "expect(",
        " == ",
        " != ",
        " in str(",
        "regexp",
        "re.search",
        "indexOf(",
        "errors.New(",
        "HasPrefix(",
    ];
    let is_comment = text.strip_prefix('#').is_some_and(|rest| rest.starts_with([' ', '#']));
    let quote = before.trim_end_matches(|c: char| c != '"' && c != '\'' && c != '`').trim_end_matches(['"', '\'', '`']);
    let is_call = before.len() > quote.len()
        && quote.ends_with('(')
        && quote.trim_end_matches('(').ends_with(|c: char| c.is_alphanumeric() || c == '_');
    let is_assignment = before.len() > quote.len() && (quote.ends_with(" = ") || quote.ends_with(":= ")) && !quote.ends_with("desc = ");
    is_comment
        || is_call
        || is_assignment
        || OPENINGS.iter().any(|opening| text.starts_with(opening))
        || INSIDE.iter().any(|word| before.contains(word))
}

/// A sentence of documentation.
fn is_prose(before: &str, after: &str) -> bool {
    const LEADS: &[&str] = &[
        "if you ",
        "if a ",
        "if the ",
        "if your ",
        "when you ",
        "when a ",
        "when the ",
        "you may ",
        "you will ",
        "you might ",
        "you'll ",
        "users ",
        "such as ",
        "e.g.",
        "for example",
        "error message",
        "messages like",
        "errors like",
        "is returned",
        "are returned",
        "will return",
        "may return",
        "looks like",
        "the message ",
        "the error ",
        "in case of ",
        "means ",
        "documented",
        "documentation",
        "the following",
        "response code ",
        "how to ",
        "avoid ",
        "fix ",
        "fixes ",
        "handle ",
        "handles ",
        "handling ",
        "retry on ",
        "retries on ",
        "instead of ",
        "because of ",
        "due to the ",
        "troubleshoot",
        "why ",
        "what is ",
    ];
    const TAILS: &[&str] = &[
        " means ",
        " error means",
        " errors mean",
        " is returned",
        " errors are",
        " error is ",
        " response is ",
        " is what ",
        " happens when",
        " if you ",
        " when you ",
    ];
    let lower = before.to_lowercase();
    LEADS.iter().any(|lead| contains_word(&lower, lead)) || TAILS.iter().any(|tail| after.contains(tail))
}

/// The result of a test, or its name.
fn is_test(text: &str) -> bool {
    const OPENINGS: &[&str] = &[
        "--- PASS",
        "--- FAIL",
        "--- SKIP",
        "=== RUN",
        "=== CONT",
        "=== PAUSE",
        "ok ",
        "not ok ",
        "test ",
        "PASS ",
        "FAIL ",
        "✓",
        "✔",
        "✗",
        "✘",
        "✅",
        "❌",
        "√",
        "PASSED",
        "FAILED ",
        "SKIPPED",
    ];
    const ENDINGS: &[&str] =
        &[" ... ok", " ... FAILED", " ... ignored", " PASSED", " FAILED", " SKIPPED", " PASS", " [ OK ]", " passed", "%]"];
    OPENINGS.iter().any(|opening| text.starts_with(opening)) || ENDINGS.iter().any(|ending| text.trim_end().ends_with(ending))
}

/// A row of a Markdown table.
fn is_table_row(text: &str) -> bool {
    text.starts_with('|') && text.trim_end().ends_with('|')
}

/// Words inside documentation's markup.
fn is_markup(before: &str) -> bool {
    ["<code", "<li>", "<p>", "<td>", "<pre>", "<a href", "](http"].iter().any(|tag| before.contains(tag))
}

/// Words in back-ticks, in a pattern, or alone between quotes.
fn is_quoted_word(before: &str, after: &str) -> bool {
    let word = after.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(after.len());
    let next = after.get(word..).unwrap_or_default();
    before.ends_with(['`', '*', '“', '‘', '«'])
        || (before.ends_with(['"', '\'']) && next.starts_with(['"', '\'']))
        || next.starts_with(['*', '`'])
        || before.matches('`').count() % 2 == 1
}

/// `git log --oneline`: a short hash and words.
fn is_commit(raw: &str) -> bool {
    let trimmed = raw.trim_start_matches(['*', '|', ' ', '/', '\\']);
    let Some((hash, rest)) = trimmed.split_once(' ') else { return false };
    (7..=40).contains(&hash.len())
        && hash.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
        && hash.bytes().any(|byte| byte.is_ascii_digit())
        && !rest.is_empty()
        && !hash.ends_with(':')
}
