//! The words of a failure in what stands around them, and the shapes of text that only talks about
//! failures, for which a list of words is not enough. Which of them count, and against what, is
//! `false_positives`' table.

use super::line::{Level, Line};
use super::subject;

/// Commands that quote what they look for or print.
const COMMANDS: &str = "grep|egrep|fgrep|zgrep|rg|ag|ack|echo|printf|sed|awk|gawk|case|if|elif|while|until|test|logger|export|Write-Host|Write-Output|Write-Error|throw|raise|alias";

/// Those of them that are words of plain English, too: what a command goes on with tells.
const ENGLISH: &str = "if|elif|while|until|test|case|export|alias|raise|throw|logger|rg|ag|ack";

/// How lines of programs begin where brackets, quotes or an assignment follow: the words are of plain
/// English, too.
const CODE_WORDS: &str = "let |return |case |raise |throw |import |static |private |public ";

/// Members of a configuration whose value is text for people or a rule, not what was said.
const RULE_MEMBERS: &str = "expr: |query: |pattern: |regex: |regexp: |filter: |match: |summary: |description: |runbook: |title: |failed_when: |changed_when: |until: |when: |that: ";

/// How tools begin the message of a failure; what follows is theirs, whatever words stand in it.
const OPENINGS: &str = "Error response from daemon|docker: Error response|ERROR: |Error: |error: |ctr: |toomanyrequests: |TOOMANYREQUESTS: |failed to |rpc error|error pulling image|\
    unknown: |unauthorized: |denied: |You have reached your |Caused by: |fatal: ";

/// Words before a message that say something has failed, lower case. They stand against everything
/// that merely looks like talk: a boxed table, mark-up, a sentence, an imperative.
const FAILED: &str = "failed|failure|cannot pull|could not pull|unable to pull|exit code|exit status|exited|giving up|aborted";

/// The same, where nothing encloses the message.
const ERRORS: &str = "error|exception|fatal|err=|status='error'";

/// What ends a whole message of Docker Hub.
const LINKS: &str = "https://www.docker.com/increase-rate-limit|https://docs.docker.com/docker-hub/download-rate-limit";

/// How much a line says by itself that something has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Evidence {
    /// Nothing but the words.
    None,
    /// It speaks of an error, or has the whole message with its link, and no quotation.
    Error,
    /// It says so.
    Failed,
    /// It begins as the message of a failure does, or its level is an error's.
    Opening,
}

/// The words of a failure within their line.
pub(super) struct Quotation<'a> {
    /// The line.
    pub(super) line: &'a Line,
    /// What was said, whole.
    pub(super) text: &'a str,
    /// What stands before the words.
    pub(super) before: &'a str,
    /// The same in lower case.
    pub(super) lower: String,
    /// The words and what stands behind them.
    pub(super) after: &'a str,
}

impl<'a> Quotation<'a> {
    /// The words that begin at byte `at` of the line's text.
    pub(super) fn of(line: &'a Line, at: usize) -> Self {
        let text = line.text.as_str();
        let before = text.get(..at).unwrap_or_default();
        let after = text.get(at..).unwrap_or_default();
        Self { line, text, before, lower: before.to_ascii_lowercase(), after }
    }

    /// How much the line says by itself that something has failed.
    pub(super) fn evidence(&self) -> Evidence {
        let opens = self.lower.trim_start_matches(['*', '#', '-', ' ', '_']);
        let opens_so = ["error**", "error:", "fatal:"].iter().any(|word| opens.starts_with(word));
        let is_open = !self.before.contains(['"', '`', '“'])
            && self.before.matches('\'').count().is_multiple_of(2);
        let is_whole = || any(LINKS, |link| self.after.contains(link));
        let is_after =
            || any("exit status |exit code |status='ERROR'", |word| self.after.contains(word));
        if self.line.level == Level::Error || opens_like_a_failure(self.text) {
            Evidence::Opening
        } else if self.leads(FAILED) || opens_so {
            Evidence::Failed
        } else if self.leads(ERRORS) || is_after() || (is_open && is_whole()) {
            Evidence::Error
        } else {
            Evidence::None
        }
    }

    /// Whether one of the words, lower case, begins a word of what stands before.
    pub(super) fn leads(&self, words: &'static str) -> bool {
        any(words, |word| {
            self.lower.match_indices(word).any(|(at, _)| is_word_start(&self.lower, at))
        })
    }

    /// Whether the words are Docker Hub's of a limit.
    fn is_limit(&self) -> bool {
        ["toomanyrequests", "you have reached"].iter().any(|words| {
            self.after.get(..words.len()).is_some_and(|start| start.eq_ignore_ascii_case(words))
        })
    }

    /// GitHub's colour of an echoed script, in which tools print errors, too.
    pub(super) fn is_echoed(&self) -> bool {
        self.line.echoed
    }

    /// Whether the words name a count that is zero: `Errors (no space left on device): 0`.
    pub(super) fn is_counted_as_none(&self) -> bool {
        let value = self.after.rsplit([':', '=']).next().unwrap_or_default().trim();
        let named = self.after.len() > value.len() && self.after.len() < 80;
        named && value.trim_end_matches(['.', ',', ';']) == "0"
    }

    /// Whether a plain word leads up to the words, as in `the client prints toomanyrequests: …`. Tools
    /// put a colon, a bracket, a dash, a quote or a gap there, and who tells of what happened says it
    /// in the past: `the registry returned toomanyrequests: …`.
    pub(super) fn is_in_a_sentence(&self) -> bool {
        const REPORTING: &str = "error|failed|exception|failure|err|reason|daemon|with|because|got|was|gave|hit|to|by|after|said|threw";
        let Some(lead) = self.before.strip_suffix(' ').filter(|lead| !lead.ends_with(' ')) else {
            return false;
        };
        let word = lead.rsplit([' ', '\t']).next().unwrap_or_default();
        let is_plain = word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_lowercase());
        // `that was the 429 Too Many Requests from Jira`
        let is_pointed_at = matches!(word, "the" | "that" | "this" | "those" | "these");
        let is_told = !word.ends_with("ed") && !any(REPORTING, |known| known == word);
        (self.is_limit() && is_plain && is_told) || is_pointed_at
    }

    /// Whether the words are a quotation within a sentence, as in `has anyone seen "toomanyrequests:
    /// …"?`, or what a query looks for, as in `{job="kubelet"} |= "toomanyrequests: …"`.
    pub(super) fn is_quoted_in_a_sentence(&self) -> bool {
        // What people and queries say whatever else they name.
        const TOLD: &str = "seen|see|sees|saw|seeing|about|like|contains|containing|matches|matching|means|mean|where|~|=~|!=|!~|==";
        // What a report of a failure may say, too, where it names the pull.
        const WORDS: &str = "this|the|these|of|for|say|says";
        let quoted = self.before.strip_suffix(['"', '\'', '`', '“', '‘']);
        let Some(lead) = quoted.filter(|_| self.is_limit()) else { return false };
        let word = lead.trim_end().rsplit([' ', '\t', '(']).next().unwrap_or_default();
        let rest = self
            .after
            .find(['"', '\'', '`', '”', '’'])
            .and_then(|end| self.after.get(end..))
            .unwrap_or_default();
        let rest = rest.trim_start_matches(['"', '\'', '`', '”', '’']).trim();
        // A question, or a query whose result goes through a pipe.
        let asks = rest.ends_with('?') || rest.starts_with('|');
        let is_told =
            || matches!(word, "|=" | "|~") || any(TOLD, |known| word.eq_ignore_ascii_case(known));
        let is_said =
            || word.ends_with(['?', '!']) || any(WORDS, |known| word.eq_ignore_ascii_case(known));
        // `error pulling nginx!`: a bare name is none that is known for an image, but a pull it is.
        let names_pull = || {
            subject::named(lead).is_some() || lead.to_ascii_lowercase().contains("error pulling ")
        };
        asks || is_told() || (is_said() && !names_pull())
    }

    /// Whether a command that quotes what it prints or looks for comes before the words.
    pub(super) fn is_argument(&self) -> bool {
        any(COMMANDS, |command| runs(self.before, command))
    }

    /// Whether the line goes on with what a shell does where a command fails.
    pub(super) fn is_before_alternative(&self) -> bool {
        ["|| true", "|| exit", "|| echo"].iter().any(|tail| self.after.contains(tail))
    }

    pub(super) fn is_comment(&self) -> bool {
        self.text.strip_prefix('#').is_some_and(|rest| rest.starts_with([' ', '#', '!']))
            || self.text.starts_with("-- ")
            || self.before.ends_with("# ")
    }

    /// A member of a configuration that is a rule or text for people.
    pub(super) fn is_rule_member(&self) -> bool {
        let member = self.text.trim_start_matches(['-', ' ']);
        any(RULE_MEMBERS, |key| member.starts_with(key))
    }

    /// What stands before the quotation mark that the words are in; `None` where there is none.
    fn before_quote(&self) -> Option<&str> {
        let quote = self.before.trim_end_matches(|c: char| !matches!(c, '"' | '\'' | '`'));
        let lead = quote.trim_end_matches(['"', '\'', '`']);
        (quote.len() > lead.len()).then_some(lead)
    }

    /// A string that a function is called with.
    pub(super) fn is_call(&self) -> bool {
        self.before_quote().and_then(|lead| lead.strip_suffix('(')).is_some_and(|name| {
            name.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '!'))
        })
    }

    /// A string that is assigned; gRPC's `desc = "…"` is none.
    pub(super) fn is_assignment(&self) -> bool {
        self.before_quote().is_some_and(|lead| {
            [" = ", " = [", ":= ", "=> "].iter().any(|sign| lead.ends_with(sign))
                && !lead.ends_with("desc = ")
        })
    }

    /// A line of a program that begins with a word of plain English.
    pub(super) fn is_statement(&self) -> bool {
        self.before.contains(['(', '"', '\'', '=', '{'])
            && any(CODE_WORDS, |opening| self.text.starts_with(opening))
    }

    /// Whether a line begins as one about a change does. A program that retries, adds or merges names
    /// what it was at and puts a colon after it, or prints the whole message.
    pub(super) fn is_change(&self, subjects: &'static str) -> bool {
        let lead = self.lower.trim_start_matches(BULLETS);
        any(subjects, |opening| {
            let object = lead.strip_prefix(opening).unwrap_or_default();
            let is_at_work =
                object.trim().len() > 1 && (object.contains(": ") || object.ends_with(':'));
            self.opens_after_bullets(opening) && !is_at_work
        })
    }

    /// Whether a line begins with a kind of change, which may be all that stands before the colon:
    /// `fix(ci): …`.
    pub(super) fn is_change_of_kind(&self, kinds: &'static str) -> bool {
        any(kinds, |kind| self.opens_after_bullets(kind))
    }

    fn opens_after_bullets(&self, opening: &str) -> bool {
        let subject = self.text.trim_start_matches(BULLETS);
        subject.get(..opening.len()).is_some_and(|start| start.eq_ignore_ascii_case(opening))
    }

    /// A test's result as Rust prints it, or a test's name as Go prints it.
    pub(super) fn is_test(&self) -> bool {
        (self.text.starts_with("test ") && self.text.contains(" ... "))
            || (self.text.starts_with("--- FAIL") && self.before.ends_with('/'))
    }

    /// A row of a Markdown table.
    pub(super) fn is_table_row(&self) -> bool {
        self.text.starts_with('|') && self.text.trim_end().ends_with('|')
    }

    /// Words in back-ticks, in a pattern, or alone between quotes.
    pub(super) fn is_quoted_word(&self) -> bool {
        let word =
            self.after.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(self.after.len());
        let next = self.after.get(word..).unwrap_or_default();
        let is_lone = self.before.ends_with(['"', '\'']) && next.starts_with(['"', '\'']);
        is_lone
            || self.before.ends_with(['`', '*', '“', '‘', '«', '/'])
            || next.starts_with(['*', '`'])
            || self.before.replace(":in `", ":in '").matches('`').count() % 2 == 1
    }

    /// `git log --oneline`: a short hash and words; `git branch -v` puts a name before them.
    pub(super) fn is_commit(&self) -> bool {
        let line = self.line.source.trim_start_matches(['*', '|', ' ', '/', '\\']);
        let mut words = line.split_ascii_whitespace();
        let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let is_branch = |name: &str| !name.contains([':', '=', '"']) && !is_hash(name);
        (is_hash(first) && words.next().is_some())
            || (second.len() <= 10 && is_hash(second) && is_branch(first))
    }

    /// `gh issue list`: a number and a title in columns. BuildKit puts one blank behind its numbers.
    pub(super) fn is_in_a_list_of_issues(&self) -> bool {
        let rest = self.text.strip_prefix('#').unwrap_or_default();
        let title = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        title.len() < rest.len() && (title.starts_with("  ") || title.starts_with('\t'))
    }

    /// `git grep -n`: a file of source code or text, a line's number and the line. A program that says
    /// where it stands puts a blank behind, Ruby `in`.
    pub(super) fn is_found_in_a_file(&self) -> bool {
        const ENDINGS: &str = "adoc|bash|go|html|java|js|md|py|rb|rs|rst|sh|tf|toml|ts|yaml|yml";
        let mut parts = self.line.source.trim_start().splitn(3, ':');
        let (Some(file), Some(number), Some(found)) = (parts.next(), parts.next(), parts.next())
        else {
            return false;
        };
        let is_said =
            (found.starts_with(' ') && !found.starts_with("  ")) || found.starts_with("in ");
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let is_file = !file.contains([' ', '"', '(', '='])
            && file
                .rsplit_once('.')
                .is_some_and(|(_, ending)| any(ENDINGS, |known| known == ending));
        is_file && is_number && !is_said
    }

    /// A sample of Prometheus' text format: the words are a label's value, which is counted.
    pub(super) fn is_sample(&self) -> bool {
        let Some((name, rest)) = self.text.split_once('{') else { return false };
        let Some((_, value)) = rest.rsplit_once("} ") else { return false };
        !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':'))
            && value.split(' ').all(|number| number.parse::<f64>().is_ok())
    }
}

/// A commit's short name, or the whole one: hexadecimal digits, of both kinds.
fn is_hash(word: &str) -> bool {
    (7..=40).contains(&word.len())
        && word.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
        && word.bytes().any(|byte| byte.is_ascii_digit())
        && word.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// What lists and changelogs put before a line.
const BULLETS: [char; 7] = ['-', '*', '#', '>', ' ', '[', ']'];

/// Whether one of the words, which have `|` between them, is what is asked for.
pub(super) fn any(list: &'static str, mut holds: impl FnMut(&'static str) -> bool) -> bool {
    list.split('|').filter(|word| !word.is_empty()).any(&mut holds)
}

fn is_word_start(text: &str, at: usize) -> bool {
    !text.get(..at).is_some_and(|head| {
        head.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '/'))
    })
}

fn opens_like_a_failure(text: &str) -> bool {
    let event =
        ["Failed to pull image \"", "rpc error: code"].iter().any(|words| text.contains(words));
    event || any(OPENINGS, |opening| text.starts_with(opening))
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
