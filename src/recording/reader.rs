//! A recording, read as a stream: one line in memory at a time. A line that a crash tore off, that
//! was damaged, or that is of another schema is said and passed over, so that one bad line does not
//! take the others with it. Only a file in which no line is a sample is an error.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
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
    /// Something that is no sample of this schema: damage, or what another version wrote.
    Foreign {
        /// Its line number.
        line: u64,
        /// The schema that it names, if it is not that of a sample; on one line.
        schema: Option<String>,
    },
}

/// A longer line is skipped up to so many times [`MOST_LINE`]: a stream of nothing but zeros ends.
const MOST_SKIPPED: u32 = 256;

/// The lines of one recording. Ends after an error; the last item is one where lines were foreign
/// and none was a sample.
pub struct Reader {
    path: PathBuf,
    source: Box<dyn BufRead + Send>,
    line: u64,
    buffer: Vec<u8>,
    ended: bool,
    /// Whether there was a sample.
    sampled: bool,
    /// What was wrong with the first foreign line.
    foreign: Option<RecordingError>,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader")
            .field("path", &self.path)
            .field("line", &self.line)
            .finish_non_exhaustive()
    }
}

impl Reader {
    /// The lines of a file.
    pub fn open(path: &Path) -> Result<Self, RecordingError> {
        let opened = File::open(path).and_then(|file| {
            // Opening a folder succeeds on Linux; reading it would fail with the wrong words.
            if file.metadata()?.is_dir() {
                Err(io::ErrorKind::IsADirectory.into())
            } else {
                Ok(file)
            }
        });
        let file =
            opened.map_err(|source| RecordingError::Open { path: path.to_owned(), source })?;
        Ok(Self::new(path, BufReader::with_capacity(64 << 10, file)))
    }

    /// The lines of a stream, which errors call by this name.
    pub fn new(name: &Path, source: impl BufRead + Send + 'static) -> Self {
        let (path, source) = (name.to_owned(), Box::new(source));
        Self {
            path,
            source,
            line: 0,
            buffer: Vec::new(),
            ended: false,
            sampled: false,
            foreign: None,
        }
    }

    /// What was wrong with the first foreign line.
    pub(super) fn foreign(&mut self) -> Option<RecordingError> {
        self.foreign.take()
    }

    fn next_line(&mut self) -> Result<Option<Line>, RecordingError> {
        loop {
            if !self.fill()? {
                let nothing_else = self.foreign.take().filter(|_| !self.sampled);
                return nothing_else.map_or(Ok(None), Err);
            }
            self.line += 1;
            if self.is_cut() {
                self.skip()?;
                return Ok(Some(self.pass(None, format!("it is longer than {MOST_LINE} bytes"))));
            }
            // Zeros stand where data never reached the disk; what was written after them is whole.
            let text = self.buffer.trim_ascii();
            let zeros = text.iter().take_while(|byte| **byte == 0).count();
            if text.is_empty() {
                continue;
            }
            let parsed = match text.get(zeros..).unwrap_or_default() {
                [] => Parsed::Torn,
                text => parse(text),
            };
            return Ok(Some(match parsed {
                Parsed::Sample(sample) => {
                    self.sampled = true;
                    Line::Sample(sample)
                }
                Parsed::Torn => Line::Torn(self.line),
                Parsed::Foreign { schema, reason } => self.pass(schema, reason),
            }));
        }
    }

    /// Reads up to the next line end, but no more than [`MOST_LINE`]; whether anything came.
    fn fill(&mut self) -> Result<bool, RecordingError> {
        self.buffer.clear();
        let most = u64::try_from(MOST_LINE).unwrap_or(u64::MAX);
        let read = self.source.by_ref().take(most).read_until(b'\n', &mut self.buffer);
        read.map(|read| read > 0).map_err(|source| RecordingError::Read {
            path: self.path.clone(),
            line: self.line,
            source,
        })
    }

    /// Whether the line goes on.
    fn is_cut(&self) -> bool {
        self.buffer.len() == MOST_LINE && !self.buffer.ends_with(b"\n")
    }

    /// Goes to the end of a line that is too long.
    fn skip(&mut self) -> Result<(), RecordingError> {
        for _ in 0..MOST_SKIPPED {
            if !(self.fill()? && self.is_cut()) {
                return Ok(());
            }
        }
        let reason = format!(
            "it is longer than {} bytes",
            u64::from(MOST_SKIPPED) * u64::try_from(MOST_LINE).unwrap_or(u64::MAX)
        );
        Err(RecordingError::Foreign { path: self.path.clone(), line: self.line, reason })
    }

    fn pass(&mut self, schema: Option<String>, reason: String) -> Line {
        let (path, line) = (self.path.clone(), self.line);
        self.foreign.get_or_insert_with(|| match schema.clone() {
            Some(schema) if schema.starts_with("dhlimit/sample/") => {
                RecordingError::Schema { path, line, schema }
            }
            _ => RecordingError::Foreign { path, line, reason },
        });
        Line::Foreign { line, schema }
    }
}

/// What a line's text is.
enum Parsed {
    Sample(Box<Sample>),
    Torn,
    Foreign { schema: Option<String>, reason: String },
}

fn parse(text: &[u8]) -> Parsed {
    let error = match serde_json::from_slice::<Sample>(text) {
        Ok(sample) if sample.schema == SCHEMA => return Parsed::Sample(Box::new(sample)),
        Ok(_) => None,
        Err(_) if is_torn(text) => return Parsed::Torn,
        Err(error) => Some(error),
    };
    let schema = serde_json::from_slice::<Head>(text)
        .ok()
        .map(|head| head.schema)
        .filter(|schema| schema != SCHEMA);
    let schema = schema.map(|schema| crate::text::one_line(&schema, 60));
    let reason = match (&schema, error) {
        (Some(schema), _) => format!("its schema is {schema:?}"),
        (None, Some(error)) => crate::text::one_line(&error.to_string(), 200),
        (None, None) => "it has no schema".to_owned(),
    };
    Parsed::Foreign { schema, reason }
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
/// damage at its very beginning does not hide them; or whether a writer holds it, who is about to.
///
/// # Errors
/// The file cannot be read.
pub fn is_recording(path: &Path) -> io::Result<bool> {
    let mut beginning = Vec::new();
    let file = File::open(path)?;
    // Given back when the file is closed, which is at once.
    if flock(&file, FlockOperation::NonBlockingLockShared) == Err(rustix::io::Errno::WOULDBLOCK) {
        return Ok(true);
    }
    file.take(u64::try_from(MOST_LINE).unwrap_or(u64::MAX)).read_to_end(&mut beginning)?;
    Ok(beginning
        .split(|byte| matches!(byte, b'\n' | 0))
        .any(|line| line.trim_ascii_start().starts_with(BEGINNING)))
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
    text.contains(&0)
        || serde_json::from_slice::<serde::de::IgnoredAny>(text)
            .is_err_and(|error| at_its_end(&error))
}

#[cfg(test)]
mod tests {
    use super::super::sample::fixtures::sample;
    use super::super::{Recorder, Rotation};
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    fn read(bytes: impl Into<Vec<u8>>) -> Vec<Result<Line, String>> {
        Reader::new(Path::new("x.jsonl"), io::Cursor::new(bytes.into()))
            .map(|line| line.map_err(|error| error.to_string()))
            .collect()
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
            let wanted = [
                Line::Sample(Box::new(sample(0))),
                Line::Torn(2),
                Line::Sample(Box::new(sample(2))),
                Line::Torn(4),
            ];
            assert!(
                lines.iter().zip(&wanted).all(|(got, wanted)| got.as_ref() == Ok(wanted)),
                "cut at {cut}: {lines:?}"
            );
            assert_eq!(lines.len(), 4);
        }
        assert_eq!(read("\0\0\0\0\n"), [Ok(Line::Torn(1))]);
    }

    #[test]
    fn unknown_keys_blank_lines_and_a_missing_last_line_end_are_borne() {
        let text = format!(
            "\r\n{}\n{}",
            line(0).replace("\"at\"", "\"new\":[1,{}],\"at\""),
            line(1).trim_end()
        );
        assert_eq!(
            read(text),
            [Ok(Line::Sample(Box::new(sample(0)))), Ok(Line::Sample(Box::new(sample(1))))]
        );
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
    #[case(
        "hello\n{\"schema\":\"dhlimit/sample/2\"}\n",
        "line 1 of x.jsonl is no sample: expected value"
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
        let lines = read(line(0).replace("sample/1", "sample/2"));
        assert!(lines.last().unwrap().as_ref().unwrap_err().contains("sample/2"), "{lines:?}");
    }

    #[rstest]
    #[case("garbage", None)]
    #[case("{\"schema\":\"dhlimit/sample/1\"}", None)]
    #[case("{\"schema\":\"dhlimit/sample/2\",\"at\":1}", Some("dhlimit/sample/2"))]
    #[case("{\"schema\":\"a\\u001b[2Jb\"}", Some("a [2Jb"))]
    #[case(&"x".repeat(3 * MOST_LINE), None)]
    fn a_foreign_line_takes_no_other_with_it(#[case] foreign: &str, #[case] schema: Option<&str>) {
        let whole = |second| Ok(Line::Sample(Box::new(sample(second))));
        for foreign in [foreign.to_owned(), format!("\0\0{foreign}")] {
            let passed = |at| Ok(Line::Foreign { line: at, schema: schema.map(str::to_owned) });
            let between = read(format!("{}{foreign}\n{}", line(0), line(1)));
            assert_eq!(between, [whole(0), passed(2), whole(1)]);
            assert_eq!(
                read(format!("{foreign}\n{}", line(1))),
                [passed(1), whole(1)],
                "before the first sample"
            );
        }
    }

    #[test]
    fn zeros_before_a_whole_sample_do_not_cost_it() {
        let lines = read(format!("{}{}{}", line(0), "\0".repeat(700), line(1)));
        assert_eq!(
            lines,
            [Ok(Line::Sample(Box::new(sample(0)))), Ok(Line::Sample(Box::new(sample(1))))]
        );
    }

    #[test]
    fn an_endless_line_takes_no_more_memory_than_the_longest() {
        let endless = BufReader::new(io::repeat(b'x'));
        let mut reader = Reader::new(Path::new("x"), endless);
        assert!(reader.next().unwrap().unwrap_err().to_string().contains("longer than"));
        assert!(reader.next().is_none() && reader.buffer.capacity() <= 2 * MOST_LINE);
    }

    #[test]
    fn a_recording_is_known_before_its_first_sample_and_behind_damage() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hub.jsonl");
        let recorder = Recorder::open(&path, Rotation::Never).unwrap();
        assert!(is_recording(&path).unwrap(), "a writer holds it");
        drop(recorder);
        assert!(!is_recording(&path).unwrap());
        for (text, wanted) in [
            ("garbage\n\0\0".to_owned() + &line(0), true),
            ("{\"schema\":\"dhlimit/report/1\"}".to_owned(), false),
        ] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(is_recording(&path).unwrap(), wanted);
        }
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
