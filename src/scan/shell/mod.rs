//! Shell scripts and the command lines in CI files, build files and strings: which images do their
//! commands pull. A script is read from top to bottom: assignments give variables their values, loops
//! give them several, `docker login` decides as whom the pulls after it are counted. Branches are all
//! taken, functions are read where they stand.

mod call;
mod lex;
mod options;
mod plausible;

use std::ops::Range;

use super::input::Input;
use super::lines;
use super::sink::Sink;
use super::text::Text;
use super::value::{Puller, Purpose};
use super::vars::{Dialect, Expanded, Scope, expand, name_of, product};
use lex::{Piece, Token, Word};

/// How deep scripts in scripts are read.
const MOST_DEPTH: usize = 6;

/// A shell between two lines: its variables, and as whom it pulls.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shell {
    /// The variables.
    pub scope: Scope,
    /// As whom it pulls from Docker Hub.
    pub puller: Puller,
    depth: usize,
}

impl Shell {
    /// A shell with some variables.
    pub(crate) fn new(scope: Scope) -> Self {
        Self { scope, ..Self::default() }
    }

    /// Reads a script, or a part of one that goes on where the last one ended.
    pub(crate) fn read(&mut self, input: &Input<'_>, text: &Text<'_>, sink: &mut Sink<'_>) {
        if self.depth > MOST_DEPTH {
            return;
        }
        Reader { shell: self, input, text, sink }.run();
    }
}

struct Reader<'r, 't, 's, 'i> {
    shell: &'r mut Shell,
    input: &'r Input<'i>,
    text: &'r Text<'t>,
    sink: &'r mut Sink<'s>,
}

/// A command line: its words and the here-documents it reads.
#[derive(Default)]
struct Line {
    words: Vec<Word>,
    heredocs: Vec<(Range<usize>, bool)>,
}

impl Reader<'_, '_, '_, '_> {
    fn run(&mut self) {
        let tokens = lex::tokens(self.text.as_str());
        let mut line = Line::default();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            at += 1;
            match token {
                Token::Word(word) => line.words.push(word.clone()),
                Token::Heredoc(body, expands) => line.heredocs.push((body.clone(), *expands)),
                // `NAME=(a b)`
                Token::Open(true) if self.is_array(&line) => {
                    let values = tokens.get(at..).unwrap_or_default();
                    let length = values
                        .iter()
                        .position(|token| *token == Token::Close)
                        .unwrap_or(values.len());
                    self.array(&mut line, values.get(..length).unwrap_or_default());
                    at += length + 1;
                }
                Token::End | Token::Open(_) | Token::Close => {
                    let line = std::mem::take(&mut line);
                    self.line(&line);
                }
            }
        }
        self.line(&line);
    }

    fn str(&self, range: Range<usize>) -> &str {
        self.text.as_str().get(range).unwrap_or_default()
    }

    /// A word as it stands, without quotes around it.
    fn raw(&self, word: &Word) -> &str {
        self.str(word.inner())
    }

    fn is_array(&self, line: &Line) -> bool {
        line.words.last().is_some_and(|word| {
            let raw = self.str(word.range.clone());
            raw.ends_with('=') && !name_of(raw).is_empty()
        })
    }

    fn array(&mut self, line: &mut Line, tokens: &[Token]) {
        let Some(word) = line.words.pop() else { return };
        let raw = self.str(word.range.clone()).to_owned();
        let name = name_of(&raw).to_owned();
        let mut values = Vec::new();
        if raw.ends_with("+=") {
            values.extend(self.shell.scope.values(&name).iter().cloned());
        }
        for token in tokens {
            if let Token::Word(word) = token {
                self.commands(word);
                values.extend(self.split(word));
            }
        }
        self.shell.scope.set_each(&name, values);
    }

    /// What a word comes to, with the place where each value is defined.
    fn expand(&self, word: &Word) -> Vec<Expanded> {
        let mut all = vec![Expanded::default()];
        for piece in &word.pieces {
            let text = self.str(piece.range());
            let values = match piece {
                Piece::Single(_) => vec![Expanded::literal(text)],
                Piece::Plain(_) | Piece::Double(_) => {
                    expand(text, Dialect::Shell, &self.shell.scope)
                }
            };
            all = product(all, &values);
        }
        all
    }

    /// The values of a word as a loop sees them: without quotes, each word of it is one.
    fn split(&self, word: &Word) -> Vec<Expanded> {
        let quoted = word.pieces.iter().any(|piece| !matches!(piece, Piece::Plain(_)));
        let values = self.expand(word);
        let at = self.input.definition(self.text.origin(word.range.clone()).start);
        let mut all = Vec::new();
        for value in values {
            let texts: Vec<&str> = if quoted || !value.is_whole() {
                vec![value.text.as_str()]
            } else {
                value.text.split_whitespace().collect()
            };
            for text in texts {
                let mut one = Expanded { text: text.to_owned(), ..value.clone() };
                if !one.defined_at.contains(&at) {
                    one.defined_at.push(at.clone());
                }
                all.push(one);
            }
        }
        all
    }

    /// The commands inside a word.
    fn commands(&mut self, word: &Word) {
        for range in &word.commands {
            let inner = self.text.part(range.clone());
            self.nested(&inner);
        }
    }

    /// Reads a script inside this one; its variables end with it, its login does not.
    fn nested(&mut self, inner: &Text<'_>) {
        let mut shell = self.shell.clone();
        shell.depth += 1;
        shell.read(self.input, inner, self.sink);
        self.shell.puller = shell.puller;
    }

    fn line(&mut self, line: &Line) {
        for word in &line.words {
            self.commands(word);
        }
        for (body, expands) in &line.heredocs {
            self.manifest(body.clone(), *expands);
        }
        let words = self.without_keywords(&line.words);
        let Some(first) = words.first() else { return };
        match self.raw(first).to_owned().as_str() {
            "for" | "select" => self.bind(words),
            "export" | "declare" | "local" | "readonly" | "typeset" | "set" | "setenv" => {
                self.assign(words.get(1..).unwrap_or_default());
            }
            "read" | "mapfile" | "readarray" | "unset" | "getopts" => {
                for word in words.iter().skip(1) {
                    let name = self.raw(word).to_owned();
                    self.shell.scope.unset(&name);
                }
            }
            ":" => self.defaults(words),
            _ => {
                let rest = self.skip_assignments(words);
                if rest.is_empty() {
                    self.assign(words);
                } else {
                    self.call(rest, &line.heredocs);
                }
            }
        }
    }

    /// Kubernetes objects and Compose files in a here-document, whatever is done with it.
    fn manifest(&mut self, body: Range<usize>, expands: bool) {
        let text = self.str(body.clone());
        let says = |key: &str| text.lines().any(|line| line.trim_start().starts_with(key));
        let is_object = says("apiVersion:") && says("kind:");
        if !(is_object || text.lines().any(|line| line.starts_with("services:"))) {
            return;
        }
        let none = Scope::default();
        let scope = if expands { &self.shell.scope } else { &none };
        let body = self.text.part(body);
        lines::read(&body, &["image"], scope, Purpose::Container, self.sink);
    }

    /// Without what may stand before a command: `if`, `do`, `!`, `{` and their kin.
    fn without_keywords<'w>(&self, words: &'w [Word]) -> &'w [Word] {
        let keywords = [
            "if", "then", "elif", "else", "while", "until", "do", "!", "{", "}", "done", "fi",
            "time", "@", "-",
        ];
        let is_keyword = |word: &&Word| keywords.contains(&self.str(word.range.clone()));
        let count = words.iter().take_while(is_keyword).count();
        words.get(count..).unwrap_or_default()
    }

    /// `for NAME in VALUES`.
    fn bind(&mut self, words: &[Word]) {
        let [_, name, rest @ ..] = words else { return };
        let name = self.raw(name).to_owned();
        let values = rest.iter().skip(1).flat_map(|word| self.split(word)).collect::<Vec<_>>();
        let values = values.into_iter().filter(|value| !value.text.is_empty()).collect::<Vec<_>>();
        if values.is_empty() {
            self.shell.scope.unset(&name);
        } else {
            self.shell.scope.set_each(&name, values);
        }
    }

    fn is_assignment(&self, word: &Word) -> bool {
        let raw = self.str(word.range.clone());
        let name = name_of(raw);
        let rest = raw.get(name.len()..).unwrap_or_default();
        !name.is_empty() && (rest.starts_with('=') || rest.starts_with("+="))
    }

    fn skip_assignments<'w>(&self, words: &'w [Word]) -> &'w [Word] {
        let count = words.iter().take_while(|word| self.is_assignment(word)).count();
        words.get(count..).unwrap_or_default()
    }

    fn assign(&mut self, words: &[Word]) {
        for word in words {
            if !self.is_assignment(word) {
                continue;
            }
            let raw = self.str(word.range.clone());
            let name = name_of(raw).to_owned();
            let adds = raw.get(name.len()..).is_some_and(|rest| rest.starts_with('+'));
            let start = word.range.start + name.len() + 1 + usize::from(adds);
            let value = lex::word(self.text.as_str(), start..word.range.end);
            let at = self.input.definition(self.text.origin(start..word.range.end).start);
            let mut values = self.expand(&value);
            if adds {
                values = product(self.shell.scope.values(&name).to_vec(), &values);
            }
            for value in &mut values {
                if !value.defined_at.contains(&at) {
                    value.defined_at.push(at.clone());
                }
            }
            self.shell.scope.set_each(&name, values);
        }
    }

    /// `: "${NAME:=value}"`.
    fn defaults(&mut self, words: &[Word]) {
        for word in words.iter().skip(1) {
            let inner = word.inner();
            let text = self.str(inner.clone());
            let Some(body) = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) else {
                continue;
            };
            let name = name_of(body).to_owned();
            let at = self.input.definition(self.text.origin(inner).start);
            if body.contains('=') && !name.is_empty() && !self.shell.scope.has(&name) {
                let mut values = self.expand(word);
                for value in &mut values {
                    value.defined_at.push(at.clone());
                }
                self.shell.scope.set_each(&name, values);
            }
        }
    }
}
/// Where the image is in the arguments of `docker run`, which a file gives without the command.
pub(crate) fn image_of_run(arguments: &str) -> Option<Range<usize>> {
    let mut skip = 0;
    for token in lex::tokens(arguments) {
        let Token::Word(word) = token else { return None };
        let range = word.range;
        let text = arguments.get(range.clone()).unwrap_or_default();
        if skip > 0 {
            skip -= 1;
        } else if text.starts_with('-') {
            skip = options::RUN.words(text) - 1;
        } else {
            return Some(range);
        }
    }
    None
}
