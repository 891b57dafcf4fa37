//! Text that only talks about failures: a script echoed before it runs, source code, documentation,
//! test names, commit messages. The words of a failure stand in it, but nothing has failed. What shows
//! it is data, a row a sign, each with what outweighs it and an example; the signs that are more than
//! words are shapes of `quotation`.

use super::line::Line;
use super::quotation::{Evidence, Quotation, any};

use Evidence::{Error, Failed, Opening};
use Sign::{After, Before, Ends, Leads, Opens, Shape};

/// One sign that a text only talks about a failure.
struct Row {
    sign: Sign,
    /// What stands against it: from this evidence on, the text is a failure all the same. `None`:
    /// nothing does.
    outweighed_by: Option<Evidence>,
    /// A line that this sign alone sets aside.
    #[cfg_attr(not(test), expect(dead_code, reason = "the row's test"))]
    example: &'static str,
}

/// Where a sign stands; words have `|` between them.
enum Sign {
    /// The text begins with one of the words.
    Opens(&'static str),
    /// It ends with one.
    Ends(&'static str),
    /// One stands before the words of the failure.
    Before(&'static str),
    /// The same, lower case and at the start of a word.
    Leads(&'static str),
    /// One stands behind.
    After(&'static str),
    /// More than words.
    Shape(fn(&Quotation<'_>) -> bool),
}

/// What stands before the words in lines of programs.
const CODE: &str = "ontains(|select(|matches(|.includes(|assert|expect(| == | != |=== |!== | in str(|regexp|re.search|indexOf(|errors.New(|HasPrefix(|-match |-like |=~ |.test(| // ";

/// What documentation says to its reader before it quotes a message.
const READER_LEADS: &str = "if you |if a |if the |if your |when you |when a |when the |when docker |once you |you may |you will |you might |you'll |you can |users see|users may|users will|such as |\
    e.g.|for example|messages like|message like|errors like|error like|error such|looks like|in case of |documented |documentation |docker hub limits |troubleshoot|how to |what is |why ";

/// What anybody says who tells of a message instead of printing it.
const TELLING_LEADS: &str = "known as |wording|reads |responds with|answers with|answered with|answers `|answers 4|returns |replies ";

/// How lines about changes begin: imperatives of commit messages, changelogs, to-do lists.
const CHANGES: &str = "fix |fixes |fixed |avoid |handle |handles |retry |retries |detect |add |adds |added |chore|refactor|revert |merge |bump |improve |\
    support |map |maps |treat |ignore |document |explain |workaround|closes |resolves |see ";

/// Kinds of changes, as conventional commits name them.
const KINDS: &str = "feat:|fix:|feat(|fix(|docs:|docs(|test:|test(|ci:|todo";

/// What documentation says after it has quoted a message.
const PROSE_TAILS: &str = " errors: 0| errors=0| means | error means| errors mean| is returned| errors are| error is | response is | is what | happens when| if you | when you | indicates | is shown | is printed ";

const TEST_OPENINGS: &str = "--- PASS|--- SKIP|=== RUN|=== CONT|=== PAUSE|=== NAME|ok |PASS |PASS: |✓|√|✅|✕|✗|×|not ok |PASSED|SKIPPED|[ RUN |[       OK|[ OK";
const TEST_ENDINGS: &str = " ... ok| ... FAILED| ... ignored| PASSED| SKIPPED| PASS| [ OK ]| passed| ok|%]| as expected| as wanted";

const fn row(sign: Sign, outweighed_by: Option<Evidence>, example: &'static str) -> Row {
    Row { sign, outweighed_by, example }
}

/// All signs; one is enough.
#[expect(
    clippy::redundant_closure_for_method_calls,
    reason = "a method of a value that borrows is no function for every lifetime"
)]
const ROWS: &[Row] = &[
    row(
        Shape(|words| words.is_echoed()),
        Some(Opening),
        "\u{1b}[36;1mdocker pull nginx:1 #9 toomanyrequests: You have reached\u{1b}[0m",
    ),
    row(
        Shape(|words| words.is_commit()),
        None,
        "429f0b6 No more: toomanyrequests: You have reached",
    ),
    row(
        Shape(|words| words.is_in_a_list_of_issues()),
        None,
        "#429  CI: toomanyrequests: You have reached  bug",
    ),
    row(
        Shape(|words| words.is_found_in_a_file()),
        None,
        "docs/faq.md:88:Error response from daemon: toomanyrequests: You have reached",
    ),
    row(
        Shape(|words| words.is_sample()),
        None,
        "errors_total{error=\"x: toomanyrequests: You have reached\"} 4",
    ),
    row(
        Opens("stash@{|msgid |msgstr |export const |export default "),
        None,
        "stash@{1}: On main: toomanyrequests: You have reached",
    ),
    row(Opens(TEST_OPENINGS), None, "--- PASS: TestX (0.00s): toomanyrequests: You have reached"),
    row(
        Ends(TEST_ENDINGS),
        None,
        "tests/x.py::test_pull[toomanyrequests: You have reached] PASSED",
    ),
    row(
        Shape(|words| words.is_test()),
        None,
        "test pull::toomanyrequests: You have reached ... bench: 1 ns/iter",
    ),
    row(
        Shape(|words| words.is_counted_as_none()),
        None,
        "pulls ended by toomanyrequests: You have reached: 0",
    ),
    row(Before("<code"), Some(Failed), "<code class=x> toomanyrequests: You have reached</code>"),
    row(
        Shape(|words| words.is_quoted_word()),
        Some(Failed),
        "the error is `toomanyrequests: You have reached`",
    ),
    row(
        Shape(|words| words.is_table_row()),
        Some(Error),
        "| 429 | toomanyrequests: You have reached |",
    ),
    row(
        Before("<li>|<p>|<a href|](http|<em>|<strong>|<h2|<h3"),
        Some(Error),
        "<li>toomanyrequests: You have reached",
    ),
    row(
        Opens("+ |++ |+++ |$ |% |> |PS> |PS C:|sh-|bash-"),
        Some(Opening),
        "+ retry: toomanyrequests: You have reached",
    ),
    row(
        Shape(|words| words.is_argument()),
        Some(Opening),
        "sudo printf '%s: toomanyrequests: You have reached'",
    ),
    row(
        After("; then|; do|2>&1|;;| && exit| && break|>&2|> /dev/null"),
        Some(Opening),
        "*: toomanyrequests: You have reached*) sleep 60;;",
    ),
    row(
        Shape(|words| words.is_before_alternative()),
        Some(Opening),
        "docker pull x: toomanyrequests: You have reached || true",
    ),
    row(
        Shape(|words| words.is_comment()),
        Some(Opening),
        "# toomanyrequests: You have reached your pull rate limit",
    ),
    row(
        Shape(|words| words.is_rule_member()),
        Some(Opening),
        "- summary: toomanyrequests: You have reached",
    ),
    row(
        Shape(|words| words.is_call()),
        Some(Opening),
        "throw_it(\"x: toomanyrequests: You have reached\")",
    ),
    row(
        Shape(|words| words.is_assignment()),
        Some(Opening),
        "text = \"x: toomanyrequests: You have reached\"",
    ),
    row(
        Opens(
            "//|/*|#!|<!--|const |var |def |func |fn |expect(|assert|it(|describe(|test(|if (|if err|} else|@",
        ),
        Some(Opening),
        "// x: toomanyrequests: You have reached",
    ),
    row(
        Shape(|words| words.is_statement()),
        Some(Opening),
        "return {x: toomanyrequests: You have reached",
    ),
    row(Before(CODE), Some(Opening), "x == y: toomanyrequests: You have reached"),
    row(
        Leads(READER_LEADS),
        Some(Opening),
        "If you see x: toomanyrequests: You have reached, log in.",
    ),
    row(
        Leads(TELLING_LEADS),
        Some(Failed),
        "Docker Hub responds with: toomanyrequests: You have reached",
    ),
    row(
        Shape(|words| words.is_change(CHANGES)),
        Some(Error),
        "Retry on - toomanyrequests: You have reached",
    ),
    row(
        Shape(|words| words.is_change_of_kind(KINDS)),
        Some(Failed),
        "fix(ci): toomanyrequests: You have reached is retried",
    ),
    row(
        Before("HEAD is now at |Commit message: |commit message: |Subject: [PATCH"),
        Some(Opening),
        "HEAD is now at x: toomanyrequests: You have reached",
    ),
    row(
        After("](http| (resolved)"),
        Some(Opening),
        "* pull failed: toomanyrequests: You have reached ([7f3](https://x))",
    ),
    row(After(PROSE_TAILS), Some(Opening), "- toomanyrequests: You have reached means that"),
    row(
        Shape(|words| words.is_in_a_sentence()),
        Some(Error),
        "the client prints toomanyrequests: You have reached",
    ),
    row(
        Shape(|words| words.is_quoted_in_a_sentence()),
        Some(Failed),
        "bob: has anyone seen \"toomanyrequests: You have reached\"?",
    ),
];

/// Whether the words that begin at byte `at` of the line are talked about, not said.
pub(super) fn is_false_positive(line: &Line, at: usize) -> bool {
    let quotation = Quotation::of(line, at);
    let evidence = quotation.evidence();
    ROWS.iter().any(|row| row.fits(&quotation, evidence))
}

impl Row {
    fn fits(&self, quotation: &Quotation<'_>, evidence: Evidence) -> bool {
        self.outweighed_by.is_none_or(|weight| evidence < weight) && self.sign.shows(quotation)
    }
}

impl Sign {
    fn shows(&self, quotation: &Quotation<'_>) -> bool {
        match self {
            Opens(words) => any(words, |word| quotation.text.starts_with(word)),
            Ends(words) => any(words, |word| quotation.text.trim_end().ends_with(word)),
            Before(words) => any(words, |word| quotation.before.contains(word)),
            Leads(words) => quotation.leads(words),
            After(words) => any(words, |word| quotation.after.contains(word)),
            Shape(has) => has(quotation),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::line::peel;
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    /// Where the words of the failure begin.
    fn words(line: &Line) -> usize {
        line.text
            .to_ascii_lowercase()
            .find("toomanyrequests")
            .or_else(|| line.text.find("You have reached"))
            .unwrap_or(0)
    }

    fn talks(raw: &str) -> bool {
        let line = peel(raw);
        is_false_positive(&line, words(&line))
    }

    #[test]
    fn each_row_alone_sets_its_example_aside() {
        let wrong: Vec<_> = ROWS
            .iter()
            .map(|row| {
                let line = peel(row.example);
                let quotation = Quotation::of(&line, words(&line));
                let evidence = quotation.evidence();
                let fits = |row: &&Row| row.fits(&quotation, evidence);
                (row.example, row.fits(&quotation, evidence), ROWS.iter().filter(fits).count())
            })
            .filter(|(_, fits, count)| !fits || *count != 1)
            .collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
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
    #[case("--- PASS: TestX (0.00s): toomanyrequests: You have reached")]
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
