//! Text from outside on its way to people: control characters out, secrets out, lengths bounded.
//! Apart from the rooms because every one of them shows something that a stranger wrote.

mod redact;

pub use redact::{redact, redact_argument, redact_reference};

/// `text` without control characters (C0, DEL, C1, the Unicode line, paragraph and bidirectional
/// controls), each run of them replaced by one space; cut to `most` characters with `…`.
///
/// ```
/// assert_eq!(dhlimit::text::one_line("a\u{1b}[31mb\r\nc", 80), "a [31mb c");
/// assert_eq!(dhlimit::text::one_line("abcdef", 4), "abc…");
/// ```
pub fn one_line(text: &str, most: usize) -> String {
    let mut line = String::with_capacity(text.len().min(most.saturating_mul(4)));
    let mut count = 0_usize;
    let mut gap = false;
    for character in text.chars() {
        if is_control(character) {
            gap = !line.is_empty();
            continue;
        }
        let needed = usize::from(gap) + 1;
        if count + needed > most {
            while count >= most && line.pop().is_some() {
                count -= 1;
            }
            if most > 0 {
                line.push('…');
            }
            return line;
        }
        if gap {
            line.push(' ');
        }
        gap = false;
        line.push(character);
        count += needed;
    }
    line
}

/// A line broken between words so that none is wider than `columns`; later lines are indented like
/// the first. `None`: as it is. URLs are not broken.
///
/// ```
/// assert_eq!(dhlimit::text::wrap("  one two three", Some(9)), "  one two\n  three");
/// ```
pub fn wrap(line: &str, columns: Option<u16>) -> String {
    let Some(columns) = columns.filter(|columns| *columns >= 20 || line.len() < 20) else {
        return line.to_owned();
    };
    let indent: String = line.chars().take_while(|character| *character == ' ').collect();
    let options = textwrap::Options::new(usize::from(columns))
        .subsequent_indent(&indent)
        .break_words(false)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::fill(line, options)
}

/// Whether a character could steer a terminal or hide text instead of showing it.
pub fn is_control(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_line_is_one_line_and_bounded(text in any::<String>(), most in 0_usize..200) {
            let line = one_line(&text, most);
            prop_assert!(line.chars().count() <= most);
            prop_assert!(!line.chars().any(is_control));
        }
    }
}
