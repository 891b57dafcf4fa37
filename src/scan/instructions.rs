//! The instructions of a Dockerfile with the places of their bytes: parser directives, lines joined by
//! the escape character, comments and empty lines inside them left out, here-documents passed over.
//!
//! Follows the Dockerfile reference and BuildKit's parser (0.26, November 2026): directives end at the
//! first line that is none, an escape character at the end joins unless another one is before it, and
//! only RUN, COPY and ADD take here-documents.

use super::text::Text;

/// The parsed file.
pub(super) struct Dockerfile<'a> {
    /// The image of the `syntax` directive.
    pub syntax: Option<Text<'a>>,
    /// The instructions in their order.
    pub instructions: Vec<Instruction>,
}

/// An instruction: one logical line.
pub(super) struct Instruction {
    /// The keyword in upper case.
    pub keyword: String,
    /// What follows it.
    pub rest: Text<'static>,
}

/// Reads a Dockerfile.
pub(super) fn parse<'a>(text: &'a Text<'_>) -> Dockerfile<'a> {
    let mut lines = Lines { text, at: 0 };
    let mut escape = '\\';
    let mut syntax = None;
    while let Some(line) = lines.peek() {
        let content = text.part(line.clone());
        let Some((key, value)) = directive(&content) else { break };
        match key.as_str() {
            "syntax" => {
                let start = line.start + value.start;
                syntax = Some(text.part(start..line.start + value.end));
            }
            "escape" if content.as_str().get(value.clone()) == Some("`") => escape = '`',
            "escape" | "check" => {}
            _ => break,
        }
        lines.next();
    }
    let mut instructions = Vec::new();
    while let Some(line) = lines.logical(escape) {
        let (keyword, rest) = split_keyword(&line);
        for name in heredocs(&keyword, rest.as_str()) {
            lines.skip_heredoc(&name);
        }
        instructions.push(Instruction { keyword, rest });
    }
    Dockerfile { syntax, instructions }
}

/// The key of a parser directive in lower case and the range of its value.
fn directive(line: &Text<'_>) -> Option<(String, std::ops::Range<usize>)> {
    let text = line.as_str().trim_start_matches('\u{feff}');
    let skipped = line.as_str().len() - text.len();
    let trimmed = text.trim_start();
    let after = trimmed.strip_prefix('#')?;
    let (key, value) = after.split_once('=')?;
    let key = key.trim();
    if key.is_empty() || !key.chars().all(|c| c.is_ascii_alphanumeric()) {
        return None;
    }
    let value_start = line.as_str().len() - value.len() + (value.len() - value.trim_start().len());
    let word = value.split_whitespace().next().unwrap_or_default();
    debug_assert!(value_start >= skipped);
    Some((key.to_ascii_lowercase(), value_start..value_start + word.len()))
}

/// The physical lines of a text.
struct Lines<'t, 'a> {
    text: &'t Text<'a>,
    at: usize,
}

impl Lines<'_, '_> {
    /// The next line without its end.
    fn peek(&self) -> Option<std::ops::Range<usize>> {
        let rest = self.text.as_str().get(self.at..).filter(|rest| !rest.is_empty())?;
        let line = rest.split('\n').next().unwrap_or(rest);
        let content = line.strip_suffix('\r').unwrap_or(line);
        Some(self.at..self.at + content.len())
    }

    fn next(&mut self) -> Option<std::ops::Range<usize>> {
        let line = self.peek()?;
        let rest = self.text.as_str().get(self.at..).unwrap_or_default();
        self.at += rest.find('\n').map_or(rest.len(), |end| end + 1);
        Some(line)
    }

    /// The next instruction with all its lines.
    fn logical(&mut self, escape: char) -> Option<Text<'static>> {
        let mut joined = Text::new();
        let mut begun = false;
        while let Some(line) = self.next() {
            let content = self.text.as_str().get(line.clone()).unwrap_or_default();
            let trimmed = content.trim_start_matches('\u{feff}').trim();
            if trimmed.is_empty() || trimmed.starts_with('#') {
                continue;
            }
            begun = true;
            let joins = continues(content, escape);
            let kept = match joins {
                Some(end) => line.start..line.start + end,
                None => line,
            };
            self.text.part(kept).each_run(|piece, origin, same| {
                if same {
                    joined.push(piece, origin.start);
                } else {
                    joined.push_made(piece, origin);
                }
            });
            if joins.is_none() {
                return Some(joined);
            }
        }
        begun.then_some(joined)
    }

    fn skip_heredoc(&mut self, heredoc: &Heredoc) {
        while let Some(line) = self.next() {
            let content = self.text.as_str().get(line).unwrap_or_default();
            let content = if heredoc.tabs { content.trim_start_matches('\t') } else { content };
            if content == heredoc.name {
                break;
            }
        }
    }
}

/// Where a line ends that goes on in the next one.
fn continues(line: &str, escape: char) -> Option<usize> {
    let kept = line.trim_end_matches([' ', '\t']).strip_suffix(escape)?;
    (!kept.ends_with(escape)).then_some(kept.len())
}

fn split_keyword(line: &Text<'static>) -> (String, Text<'static>) {
    let text = line.as_str();
    let start = text.len() - text.trim_start_matches('\u{feff}').trim_start().len();
    let rest = text.get(start..).unwrap_or_default();
    let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
    let keyword = rest.get(..length).unwrap_or_default().to_ascii_uppercase();
    let mut owned = Text::new();
    line.part(start + length..text.len()).each_run(|piece, origin, same| {
        if same {
            owned.push(piece, origin.start);
        } else {
            owned.push_made(piece, origin);
        }
    });
    (keyword, owned)
}

/// A here-document's delimiter.
struct Heredoc {
    name: String,
    tabs: bool,
}

/// The here-documents of an instruction, in their order.
fn heredocs(keyword: &str, rest: &str) -> Vec<Heredoc> {
    let rest = match keyword {
        "RUN" | "COPY" | "ADD" => rest,
        "ONBUILD" => {
            let inner = rest.trim_start();
            let length = inner.find(char::is_whitespace).unwrap_or(inner.len());
            let inner_keyword = inner.get(..length).unwrap_or_default().to_ascii_uppercase();
            if !matches!(inner_keyword.as_str(), "RUN" | "COPY" | "ADD") {
                return Vec::new();
            }
            inner.get(length..).unwrap_or_default()
        }
        _ => return Vec::new(),
    };
    if !rest.contains("<<") {
        return Vec::new();
    }
    words(rest).into_iter().filter_map(|word| heredoc(rest.get(word)?)).collect()
}

fn heredoc(word: &str) -> Option<Heredoc> {
    let rest = word.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix("<<")?;
    let (tabs, rest) = rest.strip_prefix('-').map_or((false, rest), |rest| (true, rest));
    if rest.contains('<') {
        return None;
    }
    let name: String = rest.chars().filter(|c| !matches!(c, '"' | '\'' | '\\')).collect();
    (!name.is_empty()).then_some(Heredoc { name, tabs })
}

/// The words of a line, quotes included.
pub(super) fn words(line: &str) -> Vec<std::ops::Range<usize>> {
    let mut words = Vec::new();
    let mut start = None;
    let mut quote = None;
    let mut chars = line.char_indices();
    while let Some((at, c)) = chars.next() {
        match (quote, c) {
            (None, c) if c.is_whitespace() => {
                words.extend(start.take().map(|start| start..at));
                continue;
            }
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (None | Some('"'), '\\') => {
                start.get_or_insert(at);
                chars.next();
                continue;
            }
            _ => {}
        }
        start.get_or_insert(at);
    }
    words.extend(start.map(|start| start..line.len()));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file: &str) -> Vec<String> {
        let text = Text::at(file, 0);
        let parsed = parse(&text);
        parsed
            .instructions
            .iter()
            .map(|one| {
                let rest = one.rest.trimmed();
                let first = rest.origin(0..1).start;
                assert!(
                    file[first..].starts_with(rest.as_str().chars().next().unwrap_or('\n'))
                        || rest.as_str().is_empty()
                );
                format!(
                    "{} {}",
                    one.keyword,
                    rest.as_str().split_whitespace().collect::<Vec<_>>().join(" ")
                )
            })
            .collect()
    }

    #[test]
    fn lines_join_and_heredocs_are_passed_over() {
        let rows: [(&str, &[&str]); 8] = [
            ("FROM a\n\n# x\nrun b \\\n  # c\n\n  d\nCMD e", &["FROM a", "RUN b d", "CMD e"]),
            (
                "# escape=`\nFROM `  \n  a `\n AS b\nRUN c\\\nRUN d",
                &["FROM a AS b", "RUN c\\", "RUN d"],
            ),
            ("FROM a\\\\\nRUN b", &["FROM a\\\\", "RUN b"]),
            ("RUN <<A <<-'B'\nFROM x\nA\nFROM y\n\tB\nCMD z", &["RUN <<A <<-'B'", "CMD z"]),
            ("COPY <<\"E\" /x\r\nFROM y\r\nE\r\nCMD z", &["COPY <<\"E\" /x", "CMD z"]),
            ("ENV A=<<B\nRUN x", &["ENV A=<<B", "RUN x"]),
            ("RUN cat <<<B\nRUN x", &["RUN cat <<<B", "RUN x"]),
            ("ONBUILD RUN <<A\nFROM x\nA\nCMD z", &["ONBUILD RUN <<A", "CMD z"]),
        ];
        for (file, instructions) in rows {
            assert_eq!(read(file), instructions, "{file}");
        }
    }

    #[test]
    fn directives_stand_at_the_top_only() {
        for (file, syntax) in [
            ("# syntax=a/b:1\nFROM x", Some("a/b:1")),
            ("\u{feff}#SYNTAX = a/b:1 \r\nFROM x", Some("a/b:1")),
            ("# escape=`\n# check=skip=all\n# syntax=a\nFROM x", Some("a")),
            ("# words\n# syntax=a\nFROM x", None),
            ("# other=1\n# syntax=a\nFROM x", None),
            ("FROM x\n# syntax=a", None),
            ("\n# syntax=a\nFROM x", None),
        ] {
            let text = Text::at(file, 0);
            let parsed = parse(&text);
            assert_eq!(parsed.syntax.as_ref().map(Text::as_str), syntax, "{file}");
        }
    }
}
