//! The words of a shell script with their places: quotes, escapes, joined lines, comments, redirections,
//! here-documents and command substitutions. Enough of POSIX (XCU 2) and bash to see which commands are
//! called with which words; never an error, for a script may be anything.

use std::ops::Range;

/// A token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A word.
    Word(Word),
    /// The end of a command: a line end, `;`, `&`, `|` or one of their kin.
    End,
    /// An opening parenthesis; `true` where it follows a word without a space.
    Open(bool),
    /// A closing parenthesis.
    Close,
    /// The body of a here-document of the command before; `true` where its variables are replaced.
    Heredoc(Range<usize>, bool),
}

/// A word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// Its bytes, quotes included.
    pub range: Range<usize>,
    /// What it is made of.
    pub pieces: Vec<Piece>,
    /// Commands in it: `$(…)`, backticks, `<(…)`.
    pub commands: Vec<Range<usize>>,
}

/// A part of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// Without quotes.
    Plain(Range<usize>),
    /// Between `'`.
    Single(Range<usize>),
    /// Between `"`.
    Double(Range<usize>),
}

impl Piece {
    /// The bytes of a piece, without quotes.
    pub(super) fn range(&self) -> Range<usize> {
        match self {
            Self::Plain(range) | Self::Single(range) | Self::Double(range) => range.clone(),
        }
    }
}

impl Word {
    /// The bytes of the word without quotes that enclose all of it.
    pub(super) fn inner(&self) -> Range<usize> {
        match self.pieces.as_slice() {
            [piece] => piece.range(),
            _ => self.range.clone(),
        }
    }
}

/// The tokens of a script.
pub(super) fn tokens(script: &str) -> Vec<Token> {
    let mut lexer = Lexer { script, at: 0, tokens: Vec::new(), heredocs: Vec::new() };
    lexer.run();
    lexer.tokens
}

/// A range of a script as one word.
pub(super) fn word(script: &str, range: Range<usize>) -> Word {
    let part = script.get(..range.end).unwrap_or(script);
    let mut lexer =
        Lexer { script: part, at: range.start, tokens: Vec::new(), heredocs: Vec::new() };
    let mut word = lexer.word();
    word.range = range;
    word
}

struct Lexer<'a> {
    script: &'a str,
    at: usize,
    tokens: Vec<Token>,
    /// Here-documents whose bodies begin after this line: delimiter, whether tabs are stripped, whether
    /// variables are replaced.
    heredocs: Vec<(String, bool, bool)>,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.script.get(self.at..).unwrap_or_default()
    }

    fn run(&mut self) {
        let mut spaced = true;
        while let Some(c) = self.rest().chars().next() {
            let next = self.rest().chars().nth(1);
            match c {
                '\n' => {
                    self.at += 1;
                    self.bodies();
                    self.tokens.push(Token::End);
                }
                '\\' if self.joined() > 0 => self.at += self.joined(),
                _ if c.is_whitespace() => self.at += c.len_utf8(),
                '#' if spaced => self.at += self.rest().find('\n').unwrap_or(self.rest().len()),
                '(' if self.rest().starts_with("((") && spaced => self.arithmetic(),
                '(' => {
                    self.at += 1;
                    self.tokens.push(Token::Open(!spaced));
                }
                ')' => {
                    self.at += 1;
                    self.tokens.push(Token::Close);
                }
                '&' if next == Some('>') => self.redirection(),
                ';' | '&' | '|' => {
                    self.at += 1;
                    self.tokens.push(Token::End);
                }
                '<' | '>' if next == Some('(') => {
                    let word = self.word();
                    self.tokens.push(Token::Word(word));
                }
                '<' | '>' => self.redirection(),
                '0'..='9' if self.is_numbered() => self.redirection(),
                _ => {
                    let start = self.at;
                    let word = self.word();
                    if self.at == start {
                        self.at += c.len_utf8();
                    } else {
                        self.tokens.push(Token::Word(word));
                    }
                }
            }
            spaced =
                !matches!(self.tokens.last(), Some(Token::Word(word)) if word.range.end == self.at);
        }
        self.tokens.push(Token::End);
    }

    /// How long a backslash and line end are here; 0 where there are none.
    fn joined(&self) -> usize {
        let rest = self.rest();
        if rest.starts_with("\\\n") {
            2
        } else if rest.starts_with("\\\r\n") {
            3
        } else {
            0
        }
    }

    fn arithmetic(&mut self) {
        self.at += self.rest().find("))").map_or(2, |end| end + 2);
    }

    /// Whether a redirection with a number begins here.
    fn is_numbered(&self) -> bool {
        let rest = self.rest().trim_start_matches(|c: char| c.is_ascii_digit());
        self.rest().len() - rest.len() <= 2 && rest.starts_with(['<', '>'])
    }

    fn redirection(&mut self) {
        let rest = self.rest();
        let after = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '&');
        if let Some(here) = after.strip_prefix("<<").filter(|here| !here.starts_with('<')) {
            let here = here.strip_prefix('-');
            let tabs = here.is_some();
            self.at += rest.len() - after.len() + 2 + usize::from(tabs);
            self.blanks();
            let word = self.word();
            let raw = self.script.get(word.range.clone()).unwrap_or_default();
            let quoted = raw.contains(['"', '\'', '\\']);
            let name: String = raw.chars().filter(|c| !matches!(c, '"' | '\'' | '\\')).collect();
            if !name.is_empty() {
                self.heredocs.push((name, tabs, !quoted));
            }
            return;
        }
        let operators = after.trim_start_matches(['<', '>', '&', '|']);
        self.at += rest.len() - operators.len();
        self.blanks();
        // `>&2` and `>&-` name no file.
        if !self.rest().starts_with(['\n', ';', '|', '&', ')', '#']) {
            let word = self.word();
            // What a command in it pulls counts.
            if !word.commands.is_empty() {
                self.tokens.push(Token::Word(Word { pieces: Vec::new(), ..word }));
            }
        }
    }

    fn blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t']).len();
    }

    /// The bodies of the here-documents of the line that has ended.
    fn bodies(&mut self) {
        for (name, tabs, expands) in std::mem::take(&mut self.heredocs) {
            let start = self.at;
            loop {
                let rest = self.rest();
                let line = rest.split_inclusive('\n').next().unwrap_or_default();
                let content = line.trim_end_matches(['\n', '\r']);
                let content = if tabs { content.trim_start_matches('\t') } else { content };
                let end = self.at;
                self.at += line.len();
                if line.is_empty() || content == name {
                    self.tokens.push(Token::Heredoc(start..end, expands));
                    break;
                }
            }
        }
    }

    /// The word that begins here.
    fn word(&mut self) -> Word {
        let start = self.at;
        let mut pieces = Vec::new();
        let mut commands = Vec::new();
        let mut plain = self.at;
        while let Some(c) = self.rest().chars().next() {
            let next = self.rest().chars().nth(1);
            match c {
                '\\' => {
                    let joined = self.joined();
                    let one = 1 + next.map_or(0, char::len_utf8);
                    if joined > 0 {
                        flush(&mut pieces, plain..self.at);
                        plain = self.at + joined;
                    }
                    self.at += if joined > 0 { joined } else { one };
                }
                '\'' | '"' => {
                    flush(&mut pieces, plain..self.at);
                    let body = self.quoted(c, &mut commands);
                    pieces.push(if c == '"' { Piece::Double(body) } else { Piece::Single(body) });
                    plain = self.at;
                }
                '$' if matches!(next, Some('(')) => self.substitution(1, &mut commands),
                '$' if next == Some('{') => {
                    let rest = self.rest();
                    let mut depth = 0_usize;
                    let end = rest.char_indices().find(|(_, c)| {
                        depth = if *c == '{' {
                            depth + 1
                        } else {
                            depth - usize::from(*c == '}' && depth > 0)
                        };
                        (*c == '}' && depth == 0) || *c == '\n'
                    });
                    let length = end.map_or(rest.len(), |(at, c)| at + usize::from(c == '}'));
                    self.at += length.max(2).min(rest.len());
                }
                '{' if self.expression() > 0 => self.at += self.expression(),
                '`' => {
                    let rest = self.rest().get(1..).unwrap_or_default();
                    let end = rest.find('`').unwrap_or(rest.len());
                    commands.push(self.at + 1..self.at + 1 + end);
                    self.at = (self.at + end + 2).min(self.script.len());
                }
                '<' | '>' if next == Some('(') && self.at == start => {
                    self.substitution(1, &mut commands);
                }
                '?' | '*' | '+' | '@' | '!' if next == Some('(') => {
                    self.substitution(1, &mut Vec::new());
                }
                ';' | '&' | '|' | '(' | ')' | '<' | '>' => break,
                _ if c.is_whitespace() => break,
                _ => self.at += c.len_utf8(),
            }
        }
        flush(&mut pieces, plain..self.at);
        Word { range: start..self.at, pieces, commands }
    }

    /// How long an expression of a template is here, `{{ a }}`, whose blanks part no words; 0 where there
    /// is none.
    fn expression(&self) -> usize {
        let rest = self.rest();
        let line = rest.split('\n').next().unwrap_or_default();
        let opens = ["{{ ", "{{-"].iter().any(|open| line.starts_with(open));
        line.find("}}").filter(|_| opens).map_or(0, |end| end + 2)
    }

    /// Passes over `$(…)`, which begins after `skip` bytes.
    fn substitution(&mut self, skip: usize, commands: &mut Vec<Range<usize>>) {
        let start = self.at + skip;
        let inner = self.script.get(start..).unwrap_or_default();
        let length = crate::scan::vars::parenthesised(inner);
        if !inner.starts_with("((") {
            let end = start + length;
            commands.push(start + 1..end.saturating_sub(1).max(start + 1));
        }
        self.at = start + length;
    }

    /// Passes over a quoted part; its bytes without the quotes.
    fn quoted(&mut self, quote: char, commands: &mut Vec<Range<usize>>) -> Range<usize> {
        self.at += 1;
        let start = self.at;
        while let Some(c) = self.rest().chars().next() {
            match c {
                _ if c == quote => {
                    self.at += 1;
                    return start..self.at - 1;
                }
                '\\' if quote == '"' => {
                    let next = self.rest().chars().nth(1).map_or(0, char::len_utf8);
                    self.at += 1 + next;
                }
                '$' if quote == '"' && self.rest().starts_with("$(") => {
                    self.substitution(1, commands);
                }
                '`' if quote == '"' => {
                    let rest = self.rest().get(1..).unwrap_or_default();
                    let end = rest.find('`').unwrap_or(rest.len());
                    commands.push(self.at + 1..self.at + 1 + end);
                    self.at = (self.at + end + 2).min(self.script.len());
                }
                _ => self.at += c.len_utf8(),
            }
        }
        start..self.at
    }
}

fn flush(pieces: &mut Vec<Piece>, range: Range<usize>) {
    if !range.is_empty() {
        pieces.push(Piece::Plain(range));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn shown(script: &str) -> String {
        let mut shown = String::new();
        for token in tokens(script) {
            match token {
                Token::Word(word) => {
                    let text: Vec<&str> =
                        word.pieces.iter().map(|piece| &script[piece.range()]).collect();
                    shown.push_str(&format!("[{}]", text.join("+")));
                    for command in &word.commands {
                        shown.push_str(&format!("{{{}}}", &script[command.clone()]));
                    }
                }
                Token::End if !shown.is_empty() && !shown.ends_with(';') => shown.push(';'),
                Token::End => {}
                Token::Open(_) => shown.push('('),
                Token::Close => shown.push(')'),
                Token::Heredoc(body, _) => shown.push_str(&format!("<{}>", &script[body])),
            }
        }
        shown
    }

    #[rstest]
    #[case("a b # c\nd#e", "[a][b];[d#e];")]
    #[case("a \\\n  b\\\n c\r\nd", "[a][b][c];[d];")]
    #[case("a 'b c'd\"e $(f \"g\")\"", "[a][b c+d+e $(f \"g\")]{f \"g\"};")]
    #[case("a && b||c; d|e & f", "[a];[b];[c];[d];[e];[f];")]
    #[case("a > x 2>&1 <y >>z b", "[a][b];")]
    #[case("cat <<'E' > f\nx y\nE\nb", "[cat]<x y\n>;[b];")]
    #[case("a `b c` $((1 << 2)) ${x:-(y)}", "[a][`b c`]{b c}[$((1 << 2))][${x:-(y)}];")]
    #[case("(a; b) <(c)", "([a];[b])[<(c)]{c};")]
    #[case("((i < 3)) && a", "[a];")]
    #[case("x=(a b)", "[x=]([a][b]);")]
    #[case("a \"unclosed", "[a][unclosed];")]
    #[case("$(", "[$(]{};")]
    fn words_are_what_a_shell_would_see(#[case] script: &str, #[case] expected: &str) {
        assert_eq!(shown(script), expected, "{script}");
    }
}
