//! Dockerfiles and Containerfiles: FROM of every stage, `COPY --from`, `RUN --mount=from`, the front end
//! of the syntax directive. What names a stage or a context that the caller passes is no image.

use std::ops::Range;

use crate::scan::input::Input;
use crate::scan::instructions::{self, Instruction, words};
use crate::scan::kind::{Candidate, FileKind, Kind};
use crate::scan::sink::{Found, Sink};
use crate::scan::text::Text;
use crate::scan::value::Purpose;
use crate::scan::vars::{Dialect, Expanded, Scope, expand, expand_one};

/// Dockerfiles.
pub(in crate::scan) const KIND: Kind = Kind { name: FileKind::Dockerfile, recognise, read };

/// Endings that make a file something else, whatever its name begins with.
const OTHERS: &[&str] = &[
    "md",
    "markdown",
    "rst",
    "txt",
    "adoc",
    "html",
    "htm",
    "pdf",
    "png",
    "svg",
    "dockerignore",
    "containerignore",
    "json",
    "yaml",
    "yml",
    "toml",
    "xml",
    "go",
    "py",
    "rs",
    "js",
    "ts",
    "tsx",
    "java",
    "rb",
    "php",
    "sh",
    "bash",
    "ps1",
    "lock",
    "sha256",
    "asc",
    "sig",
    "snap",
    "diff",
    "patch",
    "log",
    "vim",
    "lua",
    "c",
    "h",
    "cpp",
    "cs",
    "kt",
    "scala",
    "swift",
    "ex",
    "exs",
    "css",
    "scss",
    "hcl",
    "tf",
    "ipynb",
    "feature",
    "golden",
];

fn recognise(file: &Candidate<'_>) -> bool {
    let name = file.name.to_ascii_lowercase();
    if matches!(name.as_str(), "dockerfile" | "containerfile") {
        return true;
    }
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    if matches!(ending, "dockerfile" | "containerfile") {
        return true;
    }
    if OTHERS.contains(&ending) {
        return false;
    }
    ["dockerfile", "containerfile"].iter().any(|stem| {
        let begins = name.strip_prefix(stem).is_some_and(|rest| rest.starts_with(['.', '-', '_']));
        let ends = name.strip_suffix(stem).is_some_and(|rest| rest.ends_with(['-', '_']));
        begins || ends
    })
}

fn read(input: &Input<'_>, sink: &mut Sink<'_>) {
    read_text(input, &Text::at(input.text, 0), sink, &Caller::default());
}

/// What whoever builds a Dockerfile says about it.
#[derive(Debug, Clone, Default)]
pub(in crate::scan) struct Caller {
    /// Arguments.
    pub args: Vec<(String, Expanded)>,
    /// Names that stand for other things than images.
    pub contexts: Vec<String>,
    /// The stage that is built.
    pub target: Option<String>,
}

/// Reads a Dockerfile that may be a part of another file.
pub(in crate::scan) fn read_text(
    input: &Input<'_>,
    text: &Text<'_>,
    sink: &mut Sink<'_>,
    caller: &Caller,
) {
    let parsed = instructions::parse(text);
    if let Some(syntax) = &parsed.syntax {
        sink.add(Found::literal(syntax, Purpose::Frontend));
    }
    let mut reader = Reader {
        input,
        caller,
        global: Scope::default(),
        local: Scope::default(),
        stages: Vec::new(),
    };
    for instruction in &parsed.instructions {
        reader.take(instruction, sink);
    }
    if let Some(target) = &caller.target {
        reader.follow(target, sink);
    }
}

/// A stage: its name, and which references and stages it needs.
#[derive(Debug, Default)]
struct Stage {
    name: Option<String>,
    uses: Vec<usize>,
    needs: Vec<usize>,
}

struct Reader<'a> {
    input: &'a Input<'a>,
    caller: &'a Caller,
    /// Arguments before the first stage.
    global: Scope,
    /// Arguments of the stage.
    local: Scope,
    stages: Vec<Stage>,
}

impl Reader<'_> {
    fn take(&mut self, instruction: &Instruction, sink: &mut Sink<'_>) {
        match instruction.keyword.as_str() {
            "ARG" => self.arg(&instruction.rest),
            "FROM" => self.from(&instruction.rest, sink),
            "COPY" | "RUN" | "ADD" => self.flags(&instruction.keyword, &instruction.rest, sink),
            "ONBUILD" => {
                let rest = instruction.rest.trimmed();
                let length = rest.as_str().find(char::is_whitespace).unwrap_or(rest.as_str().len());
                let keyword = rest.as_str().get(..length).unwrap_or_default().to_ascii_uppercase();
                if matches!(keyword.as_str(), "COPY" | "RUN") {
                    self.flags(&keyword, &rest.part(length..rest.as_str().len()), sink);
                }
            }
            _ => {}
        }
    }

    fn arg(&mut self, rest: &Text<'_>) {
        for word in words(rest.as_str()) {
            let text = rest.as_str().get(word.clone()).unwrap_or_default();
            let (name, default) = match text.split_once('=') {
                Some((name, default)) => (unquoted(name), Some(default)),
                None => (unquoted(text), None),
            };
            let name = name.as_str();
            let at = self.input.definition(rest.origin(word).start);
            let inside = !self.stages.is_empty();
            let value = if let Some(value) = self.input.arg(name) {
                Some(Expanded::literal(value))
            } else if let Some((_, value)) =
                self.caller.args.iter().find(|(known, _)| known == name)
            {
                Some(value.clone())
            } else if let Some(default) = default {
                let scope = if inside { &self.local } else { &self.global };
                let mut value = expand_one(&unquoted(default), Dialect::Dockerfile, scope);
                value.defined_at.insert(0, at);
                Some(value)
            } else if inside {
                self.global.values(name).first().cloned()
            } else {
                None
            };
            if let Some(value) = value {
                if inside { self.local.set(name, value) } else { self.global.set(name, value) }
            }
        }
    }

    fn from(&mut self, rest: &Text<'_>, sink: &mut Sink<'_>) {
        let mut plain = words(rest.as_str())
            .into_iter()
            .filter(|word| !rest.as_str().get(word.clone()).unwrap_or_default().starts_with("--"));
        self.local = Scope::default();
        let mut stage = Stage::default();
        let Some(image) = plain.next() else {
            self.stages.push(stage);
            return;
        };
        if plain.next().is_some_and(|word| {
            rest.as_str().get(word).is_some_and(|word| word.eq_ignore_ascii_case("as"))
        }) {
            stage.name =
                plain.next().and_then(|word| rest.as_str().get(word)).map(str::to_ascii_lowercase);
        }
        let image = whole_expression(rest.as_str(), image);
        let text = rest.part(without_quotes(rest.as_str(), image));
        for expanded in expand(text.as_str(), Dialect::Dockerfile, &self.global) {
            if let Some(needed) = self.stage(&expanded.text) {
                stage.needs.push(needed);
            } else if expanded.text != "scratch" && !self.is_context(&expanded.text) {
                stage.uses.extend(sink.add(Found::expanded(
                    &text,
                    templated(expanded),
                    Purpose::Base,
                )));
            }
        }
        self.stages.push(stage);
    }

    /// The stage of a name.
    fn stage(&self, name: &str) -> Option<usize> {
        let name = name.to_ascii_lowercase();
        self.stages.iter().rposition(|stage| stage.name.as_deref() == Some(name.as_str()))
    }

    fn is_context(&self, name: &str) -> bool {
        self.caller.contexts.iter().any(|context| context.eq_ignore_ascii_case(name))
    }

    /// `--from` and `--mount` of an instruction.
    fn flags(&mut self, keyword: &str, rest: &Text<'_>, sink: &mut Sink<'_>) {
        for word in words(rest.as_str()) {
            let text = rest.as_str().get(word.clone()).unwrap_or_default();
            if !text.starts_with("--") {
                break;
            }
            if let Some(value) = text.strip_prefix("--from=") {
                if keyword == "COPY" {
                    let start = word.end - value.len();
                    self.copied(rest, start..word.end, Purpose::Copy, sink);
                }
            } else if let Some(mount) = text.strip_prefix("--mount=").filter(|_| keyword == "RUN") {
                let mut start = word.end - mount.len();
                for option in mount.split(',') {
                    if let Some(value) =
                        option.trim_start_matches(['"', '\'']).strip_prefix("from=")
                    {
                        let end = start + option.len();
                        self.copied(rest, end - value.len()..end, Purpose::Mount, sink);
                    }
                    start += option.len() + 1;
                }
            }
        }
    }

    fn copied(
        &mut self,
        rest: &Text<'_>,
        range: Range<usize>,
        purpose: Purpose,
        sink: &mut Sink<'_>,
    ) {
        let text = rest.part(without_quotes(rest.as_str(), range));
        for expanded in expand(text.as_str(), Dialect::Dockerfile, &self.local) {
            let name = expanded.text.as_str();
            let index = name.parse::<usize>().ok();
            if let Some(needed) = index.or_else(|| self.stage(name)) {
                if let Some(stage) = self.stages.last_mut() {
                    stage.needs.push(needed);
                }
            } else if name != "scratch" && !self.is_context(name) {
                let at = sink.add(Found::expanded(&text, templated(expanded), purpose));
                if let Some(stage) = self.stages.last_mut() {
                    stage.uses.extend(at);
                }
            }
        }
    }

    /// References of stages that the target does not need are not pulled.
    fn follow(&self, target: &str, sink: &mut Sink<'_>) {
        let index = target.parse::<usize>().ok();
        let Some(first) = self.stage(target).or(index).filter(|at| *at < self.stages.len()) else {
            return;
        };
        let mut needed = vec![first];
        let mut at = 0;
        while let Some(stage) = needed.get(at).and_then(|stage| self.stages.get(*stage)) {
            for need in &stage.needs {
                if !needed.contains(need) {
                    needed.push(*need);
                }
            }
            at += 1;
        }
        let kept: Vec<usize> = needed
            .iter()
            .filter_map(|at| self.stages.get(*at))
            .flat_map(|stage| stage.uses.clone())
            .collect();
        for (at, stage) in self.stages.iter().enumerate() {
            for spare in
                stage.uses.iter().filter(|used| !needed.contains(&at) && !kept.contains(used))
            {
                sink.change_one(*spare, |found| found.pulls = 0);
            }
        }
    }
}

/// A reference with a template's expression in it has no value.
pub(in crate::scan) fn templated(mut expanded: Expanded) -> Expanded {
    for (open, close) in [("{{", "}}"), ("<%", "%>"), ("{%", "%}"), ("@@", "@@"), ("%%", "%%")] {
        if let Some((_, rest)) = expanded.text.split_once(open) {
            let name = rest.split(close).next().unwrap_or(rest).trim().to_owned();
            if !name.is_empty() && !expanded.unresolved.contains(&name) {
                expanded.unresolved.push(name);
            }
        }
    }
    expanded
}

/// A word with the rest of a template's expression that begins in it.
fn whole_expression(line: &str, word: Range<usize>) -> Range<usize> {
    let from = line.get(word.start..).unwrap_or_default();
    let opened = line.get(word.clone()).unwrap_or_default();
    for (open, close) in [("{{", "}}"), ("<%", "%>")] {
        if opened.contains(open)
            && !opened.contains(close)
            && let Some(end) = from.find(close)
        {
            let after = from.get(end..).unwrap_or_default();
            let length = after.find(char::is_whitespace).unwrap_or(after.len());
            return word.start..word.start + end + length;
        }
    }
    word
}

/// A word without the quotes around it.
fn without_quotes(line: &str, word: Range<usize>) -> Range<usize> {
    let text = line.get(word.clone()).unwrap_or_default();
    let quoted = ['"', '\'']
        .iter()
        .any(|quote| text.len() > 1 && text.starts_with(*quote) && text.ends_with(*quote));
    if quoted {
        word.start + 1..word.end - 1
    } else if text.ends_with(['"', '\''])
        && !text.starts_with(['"', '\''])
        && text.matches(['"', '\'']).count() == 1
    {
        // The end of an option that is quoted as a whole.
        word.start..word.end - 1
    } else {
        word
    }
}

/// A word without its quotes, wherever they stand.
fn unquoted(word: &str) -> String {
    let mut text = String::new();
    let mut quote = None;
    let mut chars = word.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (Some('\''), '$') => text.push_str("\\$"),
            (_, '\\') => {
                text.push('\\');
                text.extend(chars.next());
            }
            _ => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::testing::rows;
    use rstest::rstest;

    #[rstest]
    #[case("Dockerfile", true)]
    #[case("dockerfile.dev", true)]
    #[case("api.Dockerfile", true)]
    #[case("Dockerfile-alpine", true)]
    #[case("Containerfile.arm64", true)]
    #[case("Dockerfile.j2", true)]
    #[case("Dockerfile.md", false)]
    #[case("Dockerfile.dev.dockerignore", false)]
    #[case("dockerfiles", false)]
    #[case("dockerfile_test.go", false)]
    fn names_tell(#[case] name: &str, #[case] is: bool) {
        assert_eq!(recognise(&Candidate::new(name, "")), is, "{name}");
    }

    #[rstest]
    #[case("FROM a:1\nFROM a AS b\nFROM B", "1:6 a:1|2:6 a")]
    #[case("ARG V=1\nFROM x:$V\nARG V=2\nFROM y:${V}", "2:6 x:1|4:6 y:1")]
    #[case("ARG A=\"x\" B='$A' C=${A}y\nFROM $A:1\nFROM $B\nFROM ${C}", "2:6 x:1|3:6 ~$A|4:6 xy")]
    #[case("FROM $X", "1:6 ?$X")]
    #[case("ARG X\nFROM a:${X}", "2:6 ?a:${X}")]
    #[case("FROM a\nARG T=7\nCOPY --from=tool:$T --chown=1 a b", "1:6 a|3:13 tool:7")]
    #[case("FROM a\nCOPY a --from=b c", "1:6 a")]
    #[case(
        "FROM a\nRUN --mount=type=bind,from=\"b:1\",target=/x --mount=from=c ls",
        "1:6 a|2:29 b:1|2:57 c"
    )]
    #[case("FROM --platform=$BUILDPLATFORM\ta\\\n AS b", "1:32 a")]
    #[case("FROM {{ base }}:1", "1:6 ?{{ base }}:1")]
    #[case("FROM scratch\nCOPY --from=scratch a b\nADD --from=x a b", "")]
    fn references_are_found_where_they_stand(#[case] file: &str, #[case] expected: &str) {
        assert_eq!(rows("Dockerfile", file), expected, "{file}");
    }
}
