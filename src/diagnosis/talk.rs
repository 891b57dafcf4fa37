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

/// What in a line after the words shows that it is a script.
const SCRIPT_TAILS: &str = "; then|; do|2>&1|;;| && exit| && break|>&2|> /dev/null";

/// How lines of programs begin.
const CODE_OPENINGS: &str = "//|/*|#!|<!--|const |let |var |def |func |fn |return |case |raise |throw |import |static |private |public |expect(|assert|it(|describe(|test(|if (|if err|} else|@";

/// What stands before the words in lines of programs.
const CODE_INSIDE: &str = "ontains(|matches(|.includes(|assert|expect(| == | != |=== |!== | in str(|regexp|re.search|indexOf(|errors.New(|HasPrefix(|-match |-like |=~ |.test(";

/// What documentation says to its reader before it quotes a message, lower case.
const PROSE_LEADS: &str = "if you |if a |if the |if your |when you |when a |when the |when docker |once you |you may |you will |you might |you'll |you can |users see|users may|users will|such as |\
    e.g.|for example|messages like|message like|errors like|error like|error such|looks like|in case of |documented |documentation |troubleshoot|how to |what is |why |known as |wording|reads |responds with|\
    answers with|answered with|answers `|returns |replies ";

/// How lines about changes begin, lower case: imperatives of commit messages, changelogs, to-do lists.
const SUBJECTS: &str = "fix |fixes |fixed |avoid |handle |handles |retry |retries |detect |add |adds |added |feat:|fix:|feat(|fix(|chore|docs:|docs(|test:|test(|ci:|refactor|revert |merge |bump |improve |\
    support |map |maps |treat |ignore |document |explain |todo|workaround|closes |resolves |see ";

/// What documentation says after it has quoted a message.
const PROSE_TAILS: &str = " means | error means| errors mean| is returned| errors are| error is | response is | is what | happens when| if you | when you | indicates | is shown | is printed ";

/// Whether the words that begin at byte `at` of the line are talked about, not said.
pub(super) fn only_talks(line: &Line, raw: &str, at: usize) -> bool {
    let text = line.text.as_str();
    let (before, after) = (text.get(..at).unwrap_or_default(), text.get(at..).unwrap_or_default());
    if line.echoed
        || is_commit(raw)
        || is_test(text)
        || is_table_row(text)
        || is_markup(before)
        || is_quoted_word(before, after)
    {
        return true;
    }
    if line.level == Level::Error || opens_like_a_failure(text) {
        return false;
    }
    is_in_a_sentence(before, after)
        || is_shell(text, before, after)
        || is_code(text, before)
        || is_prose(text, before, after)
}

/// Whether a plain word leads up to the words, as in `the client prints toomanyrequests: …`. Tools
/// put a colon, a bracket, a dash, a quote or a gap there.
fn is_in_a_sentence(before: &str, after: &str) -> bool {
    let is_limit = ["toomanyrequests", "you have reached"].iter().any(|words| {
        after.get(..words.len()).is_some_and(|start| start.eq_ignore_ascii_case(words))
    });
    if is_limit && is_quoted_in_a_sentence(before, after) {
        return true;
    }
    let Some(lead) = before.strip_suffix(' ').filter(|lead| !lead.ends_with(' ')) else {
        return false;
    };
    let word = lead.rsplit([' ', '\t']).next().unwrap_or_default();
    let is_plain = word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_lowercase());
    is_limit
        && is_plain
        && !["error", "failed", "exception", "failure", "err", "reason", "daemon"].contains(&word)
}

/// Whether the words are a quotation within a sentence, as in `has anyone seen "toomanyrequests: …"?`,
/// or what a query looks for, as in `{job="kubelet"} |= "toomanyrequests: …"`.
fn is_quoted_in_a_sentence(before: &str, after: &str) -> bool {
    // What people and queries say whatever else they name.
    const TOLD: &str = "seen|see|sees|saw|seeing|about|like|contains|containing|matches|matching|means|mean|where|~|=~|!=|!~|==";
    // What a report of a failure may say, too, where it names the pull.
    const WORDS: &str = "this|the|these|of|for|say|says";
    let Some(lead) = before.strip_suffix(['"', '\'', '`', '“', '‘']) else { return false };
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
        let lead = text.get(..at).unwrap_or_default().trim_end_matches([' ', '"', '\'']);
        is_word
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
    let is_rule = ["expr: ", "query: ", "pattern: ", "regex: ", "regexp: ", "filter: ", "match: "]
        .iter()
        .any(|key| member.starts_with(key));
    let is_comment = text.strip_prefix('#').is_some_and(|rest| rest.starts_with([' ', '#', '!']))
        || text.starts_with("-- ");
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
        || any(CODE_INSIDE, |inside| before.contains(inside))
}

/// A sentence of documentation, or about a change.
fn is_prose(text: &str, before: &str, after: &str) -> bool {
    let lower = before.to_lowercase();
    let starts_word = |at: usize| {
        !lower.get(..at).is_some_and(|head| {
            head.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '/'))
        })
    };
    let subject = text.trim_start_matches(['-', '*', '#', '>', ' ', '[', ']']).to_lowercase();
    any(PROSE_LEADS, |lead| lower.match_indices(lead).any(|(at, _)| starts_word(at)))
        || any(SUBJECTS, |opening| subject.starts_with(opening))
        || any(PROSE_TAILS, |tail| after.contains(tail))
}

/// The result of a test that passed, or a test's name.
fn is_test(text: &str) -> bool {
    const OPENINGS: &str = "--- PASS|--- FAIL|--- SKIP|=== RUN|=== CONT|=== PAUSE|=== NAME|ok |PASS |PASS: |✓|√|✅|PASSED|SKIPPED|[ RUN |[       OK|[ OK";
    const ENDINGS: &str =
        " ... ok| ... FAILED| ... ignored| PASSED| SKIPPED| PASS| [ OK ]| passed| ok";
    let is_rust = text.starts_with("test ") && text.contains(" ... ");
    let is_count = text.ends_with("%]") || text.ends_with(" ms)") || text.ends_with("ms]");
    is_rust
        || is_count
        || any(OPENINGS, |opening| text.starts_with(opening))
        || any(ENDINGS, |ending| text.trim_end().ends_with(ending))
}

/// A row of a Markdown table.
fn is_table_row(text: &str) -> bool {
    text.starts_with('|') && text.trim_end().ends_with('|')
}

/// Words inside documentation's markup.
fn is_markup(before: &str) -> bool {
    any("<code|<li>|<p>|<td>|<pre>|<a href|](http|<em>|<strong>|<h2|<h3", |tag| {
        before.contains(tag)
    })
}

/// Words in back-ticks, in a pattern, or alone between quotes.
fn is_quoted_word(before: &str, after: &str) -> bool {
    let word = after.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(after.len());
    let next = after.get(word..).unwrap_or_default();
    let is_lone = before.ends_with(['"', '\'']) && next.starts_with(['"', '\'']);
    is_lone
        || before.ends_with(['`', '*', '“', '‘', '«', '/'])
        || next.starts_with(['*', '`'])
        || before.matches('`').count() % 2 == 1
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
        only_talks(&line, raw, at)
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
            let _ = only_talks(&line, &raw, at);
        }
    }
}
