//! A piece of text that was taken out of a file, and where each byte of it stands there: a quoted scalar
//! whose escapes were decoded, a block without its indentation, a script inside a string. Readers work
//! on the piece and report places in the file, so that one reader serves files and what is inside them.

use std::borrow::Cow;
use std::ops::Range;

/// Text with the places of its bytes in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text<'a> {
    value: Cow<'a, str>,
    runs: Vec<Run>,
}

/// Bytes that stand together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    /// Where it begins in the text.
    at: usize,
    len: usize,
    /// Where it begins in the file; the same bytes where both lengths are equal.
    origin: usize,
    origin_len: usize,
}

impl<'a> Text<'a> {
    /// Text as it stands in the file from a byte on.
    pub(crate) fn at(value: &'a str, origin: usize) -> Self {
        let len = value.len();
        Self {
            value: Cow::Borrowed(value),
            runs: vec![Run { at: 0, len, origin, origin_len: len }],
        }
    }

    /// Text that was made from a range of the file in a way that cannot be followed byte by byte.
    pub(crate) fn made(value: String, origin: Range<usize>) -> Self {
        let runs =
            vec![Run { at: 0, len: value.len(), origin: origin.start, origin_len: origin.len() }];
        Self { value: Cow::Owned(value), runs }
    }

    /// No text yet, to be filled by [`Text::push`] and [`Text::push_made`].
    pub(crate) const fn new() -> Self {
        Self { value: Cow::Borrowed(""), runs: Vec::new() }
    }

    /// Appends bytes that stand in the file as they are.
    pub(crate) fn push(&mut self, piece: &str, origin: usize) {
        let (at, len) = (self.value.len(), piece.len());
        self.value.to_mut().push_str(piece);
        match self.runs.last_mut() {
            Some(last) if last.len == last.origin_len && last.origin + last.len == origin => {
                last.len += len;
                last.origin_len += len;
            }
            _ => self.runs.push(Run { at, len, origin, origin_len: len }),
        }
    }

    /// Appends text that stands for a range of the file.
    pub(crate) fn push_made(&mut self, piece: &str, origin: Range<usize>) {
        let at = self.value.len();
        self.value.to_mut().push_str(piece);
        let (len, origin_len) = (piece.len(), origin.len());
        self.runs.push(Run { at, len, origin: origin.start, origin_len });
        // Two lengths that are the same by chance must not be taken for the same bytes.
        if len == origin_len && len > 1 {
            self.runs.pop();
            let (first, rest) = piece.split_at(piece.chars().next().map_or(0, char::len_utf8));
            self.runs.push(Run { at, len: first.len(), origin: origin.start, origin_len });
            let (at, end) = (at + first.len(), origin.end);
            self.runs.push(Run { at, len: rest.len(), origin: end, origin_len: 0 });
        }
    }

    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        &self.value
    }

    /// Where a range of the text stands in the file.
    pub(crate) fn origin(&self, range: Range<usize>) -> Range<usize> {
        let start = self.run(range.start).map_or(0, |run| {
            let offset = range.start - run.at;
            if run.len == run.origin_len { run.origin + offset } else { run.origin }
        });
        if range.end <= range.start {
            return start..start;
        }
        let end = self.run(range.end - 1).map_or(start, |run| {
            let offset = range.end - run.at;
            if run.len == run.origin_len {
                run.origin + offset
            } else {
                run.origin + run.origin_len
            }
        });
        start..end.max(start)
    }

    fn run(&self, at: usize) -> Option<&Run> {
        let after = self.runs.partition_point(|run| run.at <= at);
        self.runs.get(after.saturating_sub(1))
    }

    /// A part of the text, which keeps its places.
    pub(crate) fn part(&self, range: Range<usize>) -> Text<'_> {
        let Some(value) = self.value.get(range.clone()) else { return Text::new() };
        let end = range.end;
        let first = self.runs.partition_point(|run| run.at + run.len <= range.start);
        let mut runs = Vec::new();
        for run in self.runs.iter().skip(first).take_while(|run| run.at < end) {
            let (from, to) = (run.at.max(range.start), (run.at + run.len).min(end));
            let same = run.len == run.origin_len;
            runs.push(Run {
                at: from - range.start,
                len: to - from,
                origin: if same { run.origin + (from - run.at) } else { run.origin },
                origin_len: if same { to - from } else { run.origin_len },
            });
        }
        if runs.is_empty() {
            let origin = self.origin(range.start..range.start).start;
            runs.push(Run { at: 0, len: 0, origin, origin_len: 0 });
        }
        Text { value: Cow::Borrowed(value), runs }
    }

    /// Each piece with its range in the file, and whether that holds the same bytes.
    pub(crate) fn each_run(&self, mut take: impl FnMut(&str, Range<usize>, bool)) {
        for run in &self.runs {
            let piece = self.value.get(run.at..run.at + run.len).unwrap_or_default();
            take(piece, run.origin..run.origin + run.origin_len, run.len == run.origin_len);
        }
    }

    /// Appends another text with its places.
    pub(crate) fn append(&mut self, other: &Text<'_>) {
        other.each_run(|piece, origin, same| {
            if same {
                self.push(piece, origin.start);
            } else {
                self.push_made(piece, origin);
            }
        });
    }

    /// Without white space at both ends.
    pub(crate) fn trimmed(&self) -> Text<'_> {
        let start = self.value.len() - self.value.trim_start().len();
        let end = self.value.trim_end().len();
        self.part(start..end.max(start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_kept_through_decoding_and_cutting() {
        let file = "run: \"a\\x2fb c\" # x";
        let mut text = Text::new();
        text.push("a", 6);
        text.push_made("/", 7..11);
        text.push("b c", 11);
        assert_eq!(text.as_str(), "a/b c");
        assert_eq!(text.origin(0..3), 6..12);
        assert_eq!(text.origin(1..2), 7..11);
        let part = text.part(2..5);
        assert_eq!((part.as_str(), part.origin(0..3)), ("b c", 11..14));
        assert_eq!(&file[text.origin(0..5)], "a\\x2fb c");
    }

    #[test]
    fn equal_lengths_by_chance_are_not_the_same_bytes() {
        let mut text = Text::new();
        text.push_made("ab", 4..6);
        assert_eq!(text.origin(0..2), 4..6);
        assert_eq!(text.origin(1..2), 6..6);
    }

    #[test]
    fn a_range_that_is_none_is_empty() {
        assert_eq!(Text::at("grün", 0).part(3..9).as_str(), "");
        assert_eq!(Text::at("  x ", 10).trimmed().origin(0..1), 12..13);
    }
}
