//! A recording, read as a stream: one line in memory at a time. A line that a crash tore off is
//! passed over and said; anything else that is no sample is an error with its line number.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{MOST_LINE, RecordingError, SCHEMA, Sample};

/// How every line of a recording begins, whatever its version.
const BEGINNING: &[u8] = br#"{"schema":"dhlimit/sample/"#;

/// One line of a recording.
#[derive(Debug, Clone, PartialEq)]
pub enum Line {
    /// A sample.
    Sample(Box<Sample>),
    /// The beginning of one, whose end a crash kept from being written; its line number.
    Torn(u64),
}

/// The lines of one recording. Ends after the first error.
pub struct Reader {
    path: PathBuf,
    source: Box<dyn BufRead + Send>,
    line: u64,
    buffer: Vec<u8>,
    ended: bool,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("path", &self.path).field("line", &self.line).finish_non_exhaustive()
    }
}

impl Reader {
    /// The lines of a file.
    pub fn open(path: &Path) -> Result<Self, RecordingError> {
        let opened = File::open(path).and_then(|file| {
            // Opening a folder succeeds on Linux; reading it would fail with the wrong words.
            if file.metadata()?.is_dir() { Err(io::ErrorKind::IsADirectory.into()) } else { Ok(file) }
        });
        let file = opened.map_err(|source| RecordingError::Open { path: path.to_owned(), source })?;
        Ok(Self::new(path, BufReader::with_capacity(64 << 10, file)))
    }

    /// The lines of a stream, which errors call by this name.
    pub fn new(name: &Path, source: impl BufRead + Send + 'static) -> Self {
        Self { path: name.to_owned(), source: Box::new(source), line: 0, buffer: Vec::new(), ended: false }
    }

    fn next_line(&mut self) -> Result<Option<Line>, RecordingError> {
        loop {
            self.buffer.clear();
            let most = u64::try_from(MOST_LINE).unwrap_or(u64::MAX);
            let read = self.source.by_ref().take(most).read_until(b'\n', &mut self.buffer);
            let read = read.map_err(|source| RecordingError::Read { path: self.path.clone(), line: self.line, source })?;
            if read == 0 {
                return Ok(None);
            }
            self.line += 1;
            let text = self.buffer.trim_ascii();
            if read == MOST_LINE && !self.buffer.ends_with(b"\n") {
                return Err(self.foreign(format!("it is longer than {MOST_LINE} bytes")));
            }
            if !text.is_empty() {
                return self.parse(text).map(Some);
            }
        }
    }

    fn parse(&self, text: &[u8]) -> Result<Line, RecordingError> {
        let error = match serde_json::from_slice::<Sample>(text) {
            Ok(sample) if sample.schema == SCHEMA => return Ok(Line::Sample(Box::new(sample))),
            Ok(_) => None,
            Err(_) if is_torn(text) => return Ok(Line::Torn(self.line)),
            Err(error) => Some(error),
        };
        match (serde_json::from_slice::<Head>(text), error) {
            (Ok(head), _) if head.schema.starts_with("dhlimit/sample/") && head.schema != SCHEMA => {
                let schema = crate::text::one_line(&head.schema, 60);
                Err(RecordingError::Schema { path: self.path.clone(), line: self.line, schema })
            }
            (Ok(head), _) if head.schema != SCHEMA => {
                Err(self.foreign(format!("its schema is {:?}", crate::text::one_line(&head.schema, 60))))
            }
            (_, Some(error)) => Err(self.foreign(crate::text::one_line(&error.to_string(), 200))),
            (..) => Err(self.foreign("it has no schema".to_owned())),
        }
    }

    fn foreign(&self, reason: String) -> RecordingError {
        RecordingError::Foreign { path: self.path.clone(), line: self.line, reason }
    }
}

impl Iterator for Reader {
    type Item = Result<Line, RecordingError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.next_line().transpose();
        self.ended = !matches!(next, Some(Ok(_)));
        next
    }
}

/// Whether a file holds samples, of any version: whether one begins among its first bytes, so that
/// damage at its very beginning does not hide them.
///
/// # Errors
/// The file cannot be read.
pub fn is_recording(path: &Path) -> io::Result<bool> {
    let mut beginning = Vec::new();
    File::open(path)?.take(u64::try_from(MOST_LINE).unwrap_or(u64::MAX)).read_to_end(&mut beginning)?;
    Ok(beginning.split(|byte| matches!(byte, b'\n' | 0)).any(|line| line.trim_ascii_start().starts_with(BEGINNING)))
}

#[derive(Deserialize)]
struct Head {
    schema: String,
}

/// Whether a line that cannot be parsed is what a crash leaves: the beginning of a sample, or the
/// zeros that a file system puts where data never reached the disk.
pub(super) fn is_torn(text: &[u8]) -> bool {
    let Some(start) = text.iter().position(|byte| *byte != 0) else { return true };
    let text = text.get(start..).unwrap_or_default();
    let common = text.len().min(BEGINNING.len());
    if text.get(..common) != BEGINNING.get(..common) {
        return false;
    }
    // Half a number is wrong at its end, everything else merely unfinished.
    let at_its_end = |error: &serde_json::Error| error.is_eof() || error.column() >= text.len();
    text.contains(&0) || serde_json::from_slice::<serde::de::IgnoredAny>(text).is_err_and(|error| at_its_end(&error))
}

#[cfg(test)]
mod tests {
    use super::super::sample::fixtures::sample;
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    fn read(bytes: impl Into<Vec<u8>>) -> Vec<Result<Line, String>> {
        Reader::new(Path::new("x.jsonl"), io::Cursor::new(bytes.into())).map(|line| line.map_err(|error| error.to_string())).collect()
    }

    fn line(second: i64) -> String {
        serde_json::to_string(&sample(second)).unwrap() + "\n"
    }

    #[test]
    fn torn_lines_are_passed_over_wherever_they_are() {
        let whole = line(1);
        for cut in 1..whole.len() - 2 {
            let text = format!("{}{}\n{}{}", line(0), &whole[..cut], line(2), &whole[..cut]);
            let lines = read(text);
            let wanted = [Line::Sample(Box::new(sample(0))), Line::Torn(2), Line::Sample(Box::new(sample(2))), Line::Torn(4)];
            assert!(lines.iter().zip(&wanted).all(|(got, wanted)| got.as_ref() == Ok(wanted)), "cut at {cut}: {lines:?}");
            assert_eq!(lines.len(), 4);
        }
        assert_eq!(read("\0\0\0\0\n"), [Ok(Line::Torn(1))]);
    }

    #[test]
    fn unknown_keys_blank_lines_and_a_missing_last_line_end_are_borne() {
        let text = format!("\r\n{}\n{}", line(0).replace("\"at\"", "\"new\":[1,{}],\"at\""), line(1).trim_end());
        assert_eq!(read(text), [Ok(Line::Sample(Box::new(sample(0)))), Ok(Line::Sample(Box::new(sample(1))))]);
    }

    #[rstest]
    #[case("hello\n", "line 1 of x.jsonl is no sample: expected value")]
    #[case("{}\n", "line 1 of x.jsonl is no sample: missing field `schema`")]
    #[case("{\"schema\":\"dhlimit/check/1\"}\n", "its schema is \"dhlimit/check/1\"")]
    #[case("{\"schema\":\"dhlimit/sample/1\"}\n", "no sample: missing field")]
    #[case(
        "{\"schema\":\"dhlimit/sample/2\",\"all\":\"new\"}\n",
        "has the schema \"dhlimit/sample/2\"; this version reads dhlimit/sample/1"
    )]
    #[case("\n\n[1]\n", "line 3 of x.jsonl is no sample")]
    #[case("{\"schema\":\"dhlimit/sam\u{1b}[2Jple\"}\n", "line 1")]
    fn foreign_lines_are_named(#[case] text: &str, #[case] wanted: &str) {
        let lines = read(text);
        let error = lines.last().unwrap().as_ref().unwrap_err();
        assert!(error.contains(wanted) && !error.contains('\u{1b}'), "{error}");
    }

    #[test]
    fn a_sample_of_a_newer_schema_is_refused_though_it_would_fit() {
        assert!(read(line(0).replace("sample/1", "sample/2"))[0].as_ref().unwrap_err().contains("sample/2"));
    }

    #[test]
    fn an_endless_line_takes_no_more_memory_than_the_longest() {
        let endless = BufReader::new(io::repeat(b'x'));
        let mut reader = Reader::new(Path::new("x"), endless);
        assert!(reader.next().unwrap().unwrap_err().to_string().contains("longer than"));
        assert!(reader.next().is_none() && reader.buffer.capacity() <= 2 * MOST_LINE);
    }

    proptest! {
        #[test]
        fn no_file_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(bytes);
        }

        #[test]
        fn no_damage_to_a_recording_makes_it_panic(at in 0_usize..700, byte in any::<u8>()) {
            let mut text = (line(0) + &line(1)).into_bytes();
            if let Some(place) = text.get_mut(at) {
                *place = byte;
            }
            let _ = read(text);
        }
    }
}
