//! Text that only talks about failures: a script echoed before it runs, source code, documentation,
//! test names, commit messages. The words of a failure stand in it, but nothing has failed.

use super::line::{Level, Line};
use super::subject;

/// How tools begin the message of a failure; what follows is theirs, whatever words stand in it.
const OPENINGS: &str = "Error response from daemon|docker: Error response|ERROR: |Error: |error: |ctr: |toomanyrequests: |TOOMANYREQUESTS: |failed to |rpc error|error pulling image|\
    unknown: |unauthorized: |denied: |You have reached your |Caused by: |fatal: ";

/// What shells, prompts and traces begin a command with.
const PROMPTS: &str = "+ |++ |+++ |$ |% |> |PS> |PS C:|sh-|bash-";

/// Commands that quote what they look for or print.
const COMMANDS: &str = "grep|egrep|fgrep|zgrep|rg|ag|ack|echo|printf|sed|awk|gawk|case|if|elif|while|until|test|logger|export|Write-Host|Write-Output|Write-Error|throw|raise|alias";

/// Those of them that are words of plain English, too: what a command goes on with tells.
const ENGLISH: &str = "if|elif|while|until|test|case|export|alias|raise|throw|logger|rg|ag|ack";

/// What in a line after the words shows that it is a script.
const SCRIPT_TAILS: &str = "; then|; do|2>&1|;;| && exit| && break|>&2|> /dev/null";

/// How lines of programs begin.
const CODE_OPENINGS: &str = "//|/*|#!|<!--|const |var |def |func |fn |expect(|assert|it(|describe(|test(|if (|if err|} else|@";

/// The same, where brackets, quotes or an assignment follow: they are words of plain English, too.
const CODE_WORDS: &str = "let |return |case |raise |throw |import |static |private |public ";

/// What stands before the words in lines of programs.
const CODE_INSIDE: &str = "ontains(|matches(|.includes(|assert|expect(| == | != |=== |!== | in str(|regexp|re.search|indexOf(|errors.New(|HasPrefix(|-match |-like |=~ |.test(| // ";

/// What documentation says to its reader before it quotes a message, lower case.
const READER_LEADS: &str = "if you |if a |if the |if your |when you |when a |when the |when docker |once you |you may |you will |you might |you'll |you can |users see|users may|users will|such as |\
    e.g.|for example|messages like|message like|errors like|error like|error such|looks like|in case of |documented |documentation |troubleshoot|how to |what is |why ";

/// What anybody says who tells of a message instead of printing it, lower case.
const TELLING_LEADS: &str = "known as |wording|reads |responds with|answers with|answered with|answers `|answers 4|returns |replies ";

/// Words before a message that say something has failed, lower case. They stand against everything
/// that merely looks like talk: a boxed table, mark-up, a sentence, an imperative.
const FAILED: &str = "failed|failure|cannot pull|could not pull|unable to pull|exit code|exit status|exited|giving up|aborted";

/// The same, where nothing encloses the message.
const ERRORS: &str = "error|exception|fatal|err=|status='error'";

/// What ends a whole message of Docker Hub.
const LINKS: &str = "https://www.docker.com/increase-rate-limit|https://docs.docker.com/docker-hub/download-rate-limit";

/// What shows that a line is about a change: what tools put before a commit's subject.
const COMMIT_LEADS: &str = "HEAD is now at |Commit message: |commit message: |Subject: [PATCH";

/// Members of a configuration whose value is text for people or a rule, not what was said.
const RULE_MEMBERS: &str = "expr: |query: |pattern: |regex: |regexp: |filter: |match: |summary: |description: |runbook: |title: ";

/// How lines about changes begin, lower case: imperatives of commit messages, changelogs, to-do lists.
const SUBJECTS: &str = "fix |fixes |fixed |avoid |handle |handles |retry |retries |detect |add |adds |added |feat:|fix:|feat(|fix(|chore|docs:|docs(|test:|test(|ci:|refactor|revert |merge |bump |improve |\
    support |map |maps |treat |ignore |document |explain |todo|workaround|closes |resolves |see ";

/// What documentation says after it has quoted a message.
const PROSE_TAILS: &str = " errors: 0| errors=0| means | error means| errors mean| is returned| errors are| error is | response is | is what | happens when| if you | when you | indicates | is shown | is printed ";

/// Whether the words that begin at byte `at` of the line are talked about, not said.
pub(super) fn is_false_positive(line: &Line, at: usize) -> bool {
    let text = line.text.as_str();
    let (before, after) = (text.get(..at).unwrap_or_default(), text.get(at..).unwrap_or_default());
    // GitHub's colour of an echoed script is also one that tools print errors in.
    let is_echo = line.echoed && !opens_like_a_failure(text);
    if is_echo || is_commit(&line.source) || is_test(text, before) {
        return true;
    }
    if is_counted_as_none(after) {
        return true;
    }
    let force = Force::of(line, before, after);
    if force < Force::Failed && (is_code_mark(before) || is_quoted_word(before, after)) {
        return true;
    }
    if force < Force::Error && (is_table_row(text) || is_markup(before)) {
        return true;
    }
    if line.level == Level::Error || opens_like_a_failure(text) {
        return false;
    }
    is_shell(text, before, after)
        || is_code(text, before)
        || is_told(text, before, after, force)
        || (force < Force::Error && is_in_a_sentence(before, after))
        || (force < Force::Failed && is_quoted_in_a_sentence(before, after))
}

/// Whether the words name a count that is zero: `Errors (no space left on device): 0`.
fn is_counted_as_none(after: &str) -> bool {
    let value = after.rsplit([':', '=']).next().unwrap_or_default().trim();
    let named = after.len() > value.len() && after.len() < 80;
    named && value.trim_end_matches(['.', ',', ';']) == "0"
}

/// How much a line says by itself that something has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Force {
    /// Nothing but the words.
    None,
    /// It speaks of an error, or has the whole message with its link, and no quotation.
    Error,
    /// It says so.
    Failed,
}

impl Force {
    fn of(line: &Line, before: &str, after: &str) -> Self {
        let lower = before.to_ascii_lowercase();
        let has = |words: &'static str| {
            any(words, |word| lower.match_indices(word).any(|(at, _)| is_word_start(&lower, at)))
        };
        let opens = lower.trim_start_matches(['*', '#', '-', ' ', '_']);
        let opens_so = ["error**", "error:", "fatal:"].iter().any(|word| opens.starts_with(word));
        let is_open =
            !before.contains(['"', '`', '“']) && before.matches('\'').count().is_multiple_of(2);
        let is_whole = || any(LINKS, |link| after.contains(link));
        let is_after = || {
            ["exit status ", "exit code ", "status='ERROR'"].iter().any(|word| after.contains(word))
        };
        if has(FAILED) || opens_so || line.level == Level::Error {
            Self::Failed
        } else if has(ERRORS) || is_after() || (is_open && is_whole()) {
            Self::Error
        } else {
            Self::None
        }
    }
}

fn is_word_start(text: &str, at: usize) -> bool {
    !text.get(..at).is_some_and(|head| {
        head.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '/'))
    })
}

/// Whether a plain word leads up to the words, as in `the client prints toomanyrequests: …`. Tools
/// put a colon, a bracket, a dash, a quote or a gap there, and who tells of what happened says it in
/// the past: `the registry returned toomanyrequests: …`.
fn is_in_a_sentence(before: &str, after: &str) -> bool {
    const REPORTING: &str = "error|failed|exception|failure|err|reason|daemon|with|because|got|was|gave|hit|to|by|after|said|threw";
    let is_limit = ["toomanyrequests", "you have reached"].iter().any(|words| {
        after.get(..words.len()).is_some_and(|start| start.eq_ignore_ascii_case(words))
    });
    let Some(lead) = before.strip_suffix(' ').filter(|lead| !lead.ends_with(' ')) else {
        return false;
    };
    let word = lead.rsplit([' ', '\t']).next().unwrap_or_default();
    let is_plain = word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_lowercase());
    // `that was the 429 Too Many Requests from Jira`
    let is_pointed_at = matches!(word, "the" | "that" | "this" | "those" | "these");
    (is_limit && is_plain && !word.ends_with("ed") && !any(REPORTING, |known| known == word))
        || is_pointed_at
}

/// Whether the words are a quotation within a sentence, as in `has anyone seen "toomanyrequests: …"?`,
/// or what a query looks for, as in `{job="kubelet"} |= "toomanyrequests: …"`.
fn is_quoted_in_a_sentence(before: &str, after: &str) -> bool {
    // What people and queries say whatever else they name.
    const TOLD: &str = "seen|see|sees|saw|seeing|about|like|contains|containing|matches|matching|means|mean|where|~|=~|!=|!~|==";
    // What a report of a failure may say, too, where it names the pull.
    const WORDS: &str = "this|the|these|of|for|say|says";
    let is_limit = ["toomanyrequests", "you have reached"].iter().any(|words| {
        after.get(..words.len()).is_some_and(|start| start.eq_ignore_ascii_case(words))
    });
    let Some(lead) = before.strip_suffix(['"', '\'', '`', '“', '‘']).filter(|_| is_limit)
    else {
        return false;
    };
    let word = lead.trim_end().rsplit([' ', '\t', '(']).next().unwrap_or_default();
    let rest =
        after.find(['"', '\'', '`', '”', '’']).and_then(|end| after.get(end..)).unwrap_or_default();
    let rest = rest.trim_start_matches(['"', '\'', '`', '”', '’']).trim();
    // A question, or a query whose result goes through a pipe.
    let asks = rest.ends_with('?') || rest.starts_with('|');
    let is_told =
        || matches!(word, "|=" | "|~") || any(TOLD, |known| word.eq_ignore_ascii_case(known));
    let is_said =
        || word.ends_with(['?', '!']) || any(WORDS, |known| word.eq_ignore_ascii_case(known));
    // `error pulling nginx!`: a bare name is none that is known for an image, but a pull it is.
    let names_pull =
        || subject::named(lead).is_some() || lead.to_ascii_lowercase().contains("error pulling ");
    asks || is_told() || (is_said() && !names_pull())
}

fn any(list: &'static str, mut holds: impl FnMut(&'static str) -> bool) -> bool {
    list.split('|').filter(|word| !word.is_empty()).any(&mut holds)
}

fn opens_like_a_failure(text: &str) -> bool {
    let event =
        ["Failed to pull image \"", "rpc error: code"].iter().any(|words| text.contains(words));
    event || any(OPENINGS, |opening| text.starts_with(opening))
}

/// A traced or prompted command, or a line of a shell script.
fn is_shell(text: &str, before: &str, after: &str) -> bool {
    any(PROMPTS, |prompt| text.starts_with(prompt))
        || any(COMMANDS, |command| runs(before, command))
        || any(SCRIPT_TAILS, |tail| after.contains(tail))
        || ["|| true", "|| exit", "|| echo"].iter().any(|tail| after.contains(tail))
}

/// Whether the text runs a command: its name stands where a command may begin, with an argument.
fn runs(text: &str, command: &str) -> bool {
    text.match_indices(command).any(|(at, _)| {
        let is_word =
            text.get(at + command.len()..).is_some_and(|rest| rest.starts_with([' ', '(']));
        let goes_on = || {
            let rest = text.get(at + command.len()..).unwrap_or_default().trim_start();
            rest.starts_with(['"', '\'', '$', '!', '[', '(', '-', '{'])
                || ["$(", "; ", " | ", " || "].iter().any(|sign| rest.contains(sign))
        };
        let lead = text.get(..at).unwrap_or_default().trim_end_matches([' ', '"', '\'']);
        is_word
            && (!any(ENGLISH, |word| word == command) || goes_on())
            && (lead.is_empty()
                || lead.ends_with(['|', ';', '&', '(', '{', '!', '`'])
                || ["then", "do", "else", "run:", "RUN", "-c", "sudo", "xargs", "-", "script:"]
                    .iter()
                    .any(|word| lead.ends_with(word)))
    })
}

/// A line of a program, a configuration or a comment.
fn is_code(text: &str, before: &str) -> bool {
    let member = text.trim_start_matches(['-', ' ']);
    let is_rule = any(RULE_MEMBERS, |key| member.starts_with(key));
    let is_comment = text.strip_prefix('#').is_some_and(|rest| rest.starts_with([' ', '#', '!']))
        || text.starts_with("-- ")
        || before.ends_with("# ");
    let quote = before.trim_end_matches(|c: char| !matches!(c, '"' | '\'' | '`'));
    let lead = quote.trim_end_matches(['"', '\'', '`']);
    let is_quoted = quote.len() > lead.len();
    let is_call = is_quoted
        && lead.strip_suffix('(').is_some_and(|name| {
            name.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '!'))
        });
    let is_assignment = is_quoted
        && (lead.ends_with(" = ") || lead.ends_with(":= ") || lead.ends_with("=> "))
        && !lead.ends_with("desc = ");
    is_comment
        || is_rule
        || is_call
        || is_assignment
        || any(CODE_OPENINGS, |opening| text.starts_with(opening))
        || (before.contains(['(', '"', '\'', '=', '{'])
            && any(CODE_WORDS, |opening| text.starts_with(opening)))
        || any(CODE_INSIDE, |inside| before.contains(inside))
}

/// A sentence of documentation, or about a change.
fn is_told(text: &str, before: &str, after: &str, force: Force) -> bool {
    let lower = before.to_lowercase();
    let leads = |list: &'static str| {
        any(list, |lead| lower.match_indices(lead).any(|(at, _)| is_word_start(&lower, at)))
    };
    leads(READER_LEADS)
        || (force < Force::Failed && leads(TELLING_LEADS))
        || (force < Force::Failed && is_subject(text, &lower, force))
        || any(COMMIT_LEADS, |lead| before.contains(lead))
        || any(PROSE_TAILS, |tail| after.contains(tail))
}

/// Whether a line begins as one about a change does. A program that retries, adds or merges names
/// what it was at and puts a colon after it, or prints the whole message.
fn is_subject(text: &str, lower: &str, force: Force) -> bool {
    const MARKS: [char; 7] = ['-', '*', '#', '>', ' ', '[', ']'];
    let subject = text.trim_start_matches(MARKS).to_lowercase();
    let lead = lower.trim_start_matches(MARKS);
    any(SUBJECTS, |opening| {
        // A kind of change may be all that stands before the colon: `fix(ci): …`.
        let is_kind = opening.ends_with([':', '(']) || opening.starts_with("todo");
        let object = lead.strip_prefix(opening).unwrap_or_default();
        let is_at_work =
            !is_kind && object.trim().len() > 1 && (object.contains(": ") || object.ends_with(':'));
        subject.starts_with(opening) && !is_at_work && (force < Force::Error || is_kind)
    })
}

/// The result of a test that passed, or a test's name.
fn is_test(text: &str, before: &str) -> bool {
    const OPENINGS: &str = "--- PASS|--- SKIP|=== RUN|=== CONT|=== PAUSE|=== NAME|ok |PASS |PASS: |✓|√|✅|✕|✗|×|not ok |PASSED|SKIPPED|[ RUN |[       OK|[ OK";
    const ENDINGS: &str =
        " ... ok| ... FAILED| ... ignored| PASSED| SKIPPED| PASS| [ OK ]| passed| ok";
    let is_rust = text.starts_with("test ") && text.contains(" ... ");
    let is_named = text.starts_with("--- FAIL") && before.ends_with('/');
    is_rust
        || is_named
        || text.ends_with("%]")
        || any(OPENINGS, |opening| text.starts_with(opening))
        || any(ENDINGS, |ending| text.trim_end().ends_with(ending))
}

/// A row of a Markdown table.
fn is_table_row(text: &str) -> bool {
    text.starts_with('|') && text.trim_end().ends_with('|')
}

/// Words inside documentation's markup.
fn is_markup(before: &str) -> bool {
    any("<li>|<p>|<a href|](http|<em>|<strong>|<h2|<h3", |tag| before.contains(tag))
}

/// Words that mark-up says are code.
fn is_code_mark(before: &str) -> bool {
    before.contains("<code")
}

/// Words in back-ticks, in a pattern, or alone between quotes.
fn is_quoted_word(before: &str, after: &str) -> bool {
    let word = after.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(after.len());
    let next = after.get(word..).unwrap_or_default();
    let is_lone = before.ends_with(['"', '\'']) && next.starts_with(['"', '\'']);
    is_lone
        || before.ends_with(['`', '*', '“', '‘', '«', '/'])
        || next.starts_with(['*', '`'])
        || before.replace(":in `", ":in '").matches('`').count() % 2 == 1
}

/// `git log --oneline`: a short hash and words.
fn is_commit(raw: &str) -> bool {
    let line = raw.trim_start_matches(['*', '|', ' ', '/', '\\']);
    let Some((hash, rest)) = line.split_once(' ') else { return false };
    let is_hash = (7..=40).contains(&hash.len())
        && hash.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    is_hash
        && hash.bytes().any(|byte| byte.is_ascii_digit())
        && hash.bytes().any(|byte| byte.is_ascii_alphabetic())
        && rest.contains(' ')
}

#[cfg(test)]
mod tests {
    use super::super::line::peel;
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    fn talks(raw: &str) -> bool {
        let line = peel(raw);
        let at = line
            .text
            .to_ascii_lowercase()
            .find("toomanyrequests")
            .or_else(|| line.text.find("You have reached"))
            .unwrap_or(0);
        is_false_positive(&line, at)
    }

    #[rstest]
    #[case("+ echo 'toomanyrequests: You have reached your pull rate limit'")]
    #[case("if ! docker pull x | grep -q \"toomanyrequests: \"; then")]
    #[case("    - run: echo \"toomanyrequests: You have reached\"")]
    #[case("docker pull x || echo \"toomanyrequests: You have reached\"")]
    #[case("# toomanyrequests: You have reached your pull rate limit")]
    #[case("return errors.New(\"toomanyrequests: You have reached\")")]
    #[case("let text = \"toomanyrequests: You have reached\";")]
    #[case("the client prints toomanyrequests: You have reached your pull rate limit")]
    #[case("If you see toomanyrequests: You have reached, log in.")]
    #[case("fix: toomanyrequests: You have reached is retried")]
    #[case("429f0b6 Handle toomanyrequests: You have reached")]
    #[case("--- PASS: TestX/toomanyrequests: You have reached (0.00s)")]
    #[case("| 429 | toomanyrequests: You have reached |")]
    #[case("the error is `toomanyrequests: You have reached`")]
    #[case("*toomanyrequests*) sleep 60;;")]
    #[case(
        "expr: count_over_time({job=\"kubelet\"} |= \"toomanyrequests: You have reached your pull rate limit\" [5m]) > 0"
    )]
    #[case("  sum(rate({job=\"kubelet\"} |~ \"toomanyrequests: You have reached\" [5m]))")]
    #[case("bob: has anyone seen \"toomanyrequests: You have reached your pull rate limit\"?")]
    #[case("[12:03] eve: is it down? 'toomanyrequests: You have reached' again?")]
    #[case("index=k8s \"toomanyrequests: You have reached\" | stats count by host")]
    #[case("eve: docker hub again? \"You have reached your pull rate limit\" :(")]
    #[case("{image=\"nginx:1\"} |= \"toomanyrequests: You have reached\" | json")]
    #[case(
        "bob: docker pull nginx:1 gives \"toomanyrequests: You have reached\", does anybody know why?"
    )]
    #[case("the page says \"toomanyrequests: You have reached your pull rate limit\" for that")]
    #[case("SELECT * FROM logs WHERE message LIKE 'toomanyrequests: You have reached'")]
    fn talk_is_told(#[case] raw: &str) {
        assert!(talks(raw), "{raw}");
    }

    #[rstest]
    #[case("toomanyrequests: You have reached your pull rate limit")]
    #[case("Error response from daemon: toomanyrequests: You have reached")]
    #[case(" ✘ db Error  toomanyrequests: You have reached")]
    #[case(
        "test        59s   Warning   Failed   pod/if-test-echo   Failed to pull image \"x\": toomanyrequests: You have reached"
    )]
    #[case("docker.errors.APIError: 500 Server Error (\"toomanyrequests: You have reached\")")]
    #[case("FAILED tests/x.py::test_pull - APIError: toomanyrequests: You have reached")]
    #[case("    pull_test.go:33: failed to start: toomanyrequests: You have reached")]
    #[case("ERROR: for web  toomanyrequests: You have reached")]
    #[case("5a1d06a8d706: toomanyrequests: You have reached")]
    #[case("docker pull failed with \"toomanyrequests: You have reached your pull rate limit\"")]
    #[case(
        "build step 3 for web has 'toomanyrequests: You have reached your unauthenticated pull rate limit.'"
    )]
    #[case("docker pull nginx:1 says \"toomanyrequests: You have reached your pull rate limit.\"")]
    #[case("error pulling nginx! \"toomanyrequests: You have reached your pull rate limit.\"")]
    #[case("error pulling nginx:1! \"toomanyrequests: You have reached your pull rate limit.\"")]
    #[case("(HTTP code 500) server error - toomanyrequests: You have reached")]
    fn a_failure_is_not_talk(#[case] raw: &str) {
        assert!(!talks(raw), "{raw}");
    }

    proptest! {
        #[test]
        fn telling_talk_never_panics(raw in proptest::prelude::any::<String>(), at in 0_usize..200) {
            let line = peel(&raw);
            let _ = is_false_positive(&line, at);
        }
    }
}
