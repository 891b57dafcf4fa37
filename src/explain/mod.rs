//! `explain`'s input: a log of any size, from a file, a pipe or standard input, decompressed where it is
//! gzip. It is read by a thread of its own, so that an interrupt need not wait for a pipe that says
//! nothing; no more than a few chunks of it are in memory at a time. What a line means is
//! [`crate::diagnosis`]'s to say.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::thread;

use flate2::read::MultiGzDecoder;
use tokio::sync::mpsc;

use crate::exit::{Exit, Failure};
use crate::text;

/// Bytes of one chunk.
const CHUNK: usize = 256 * 1024;
/// Chunks that may wait to be judged.
const AHEAD: usize = 2;
/// How a gzip stream begins.
const GZIP: &[u8] = &[0x1f, 0x8b];
/// How files begin that hold compressed text of other kinds: what they are, and the command that
/// prints what they hold.
const PACKED: [(&[u8], &str, &str); 6] = [
    (b"PK\x03\x04", "a ZIP archive", "unzip -p"),
    (b"BZh", "compressed by bzip2", "bzip2 -dc"),
    (b"\xfd7zXZ\0", "compressed by xz", "xz -dc"),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd", "zstd -dc"),
    (b"\x04\x22\x4d\x18", "compressed by lz4", "lz4 -dc"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "7z x -so"),
];
/// How many bytes tell these apart.
const HEAD: u64 = 6;

/// Input that is no text.
#[derive(Debug, thiserror::Error)]
#[error("it is {what}")]
struct Packed {
    what: &'static str,
    /// The command that prints what it holds.
    unpack: &'static str,
}

/// Why a log could not be read to its end.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {name}")]
pub struct LogError {
    name: String,
    source: io::Error,
}

impl From<LogError> for Failure {
    fn from(error: LogError) -> Self {
        let advice = error.advice();
        Self::new(Exit::Usage, error).advise(advice)
    }
}

impl LogError {
    /// What to do next.
    pub fn advice(&self) -> String {
        match self.source.get_ref().and_then(|inner| inner.downcast_ref::<Packed>()) {
            Some(Packed { unpack, .. }) => {
                let file = if self.name == STANDARD_INPUT { "FILE" } else { &self.name };
                format!("unpack it: {unpack} {} | dhlimit explain", text::one_line(file, 500))
            }
            None => "name a log file, or pipe what the tool printed into it: docker pull nginx 2>&1 | dhlimit explain".to_owned(),
        }
    }
}

const STANDARD_INPUT: &str = "standard input";

/// A log that is being read.
#[derive(Debug)]
pub struct Log {
    name: String,
    chunks: mpsc::Receiver<io::Result<Vec<u8>>>,
    /// Whether its end is near however slowly it is read: it is a file on disk.
    pub is_regular: bool,
}

impl Log {
    /// Begins to read a file, or standard input where none is named or it is `-`. Opening it may wait,
    /// too, as for a named pipe: what goes wrong comes from [`Log::next`].
    pub fn open(file: Option<&Path>) -> Self {
        let file = file.filter(|file| *file != Path::new("-"));
        let name =
            file.map_or_else(|| STANDARD_INPUT.to_owned(), |file| file.display().to_string());
        Self { name, is_regular: is_regular(file), chunks: chunks(file.map(Path::to_owned)) }
    }

    /// The next bytes; `None` at the end. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, LogError> {
        let chunk = self.chunks.recv().await.transpose();
        chunk.map_err(|source| LogError { name: self.name.clone(), source })
    }
}

fn is_regular(file: Option<&Path>) -> bool {
    match file {
        Some(path) => std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file()),
        None => rustix::fs::fstat(io::stdin())
            .is_ok_and(|stat| rustix::fs::FileType::from_raw_mode(stat.st_mode).is_file()),
    }
}

fn chunks(file: Option<PathBuf>) -> mpsc::Receiver<io::Result<Vec<u8>>> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    thread::spawn(move || {
        let mut input = match open(file) {
            Ok(input) => input,
            // A receiver that is gone needs no answer; so below.
            Err(error) => return drop(sender.blocking_send(Err(error))),
        };
        loop {
            let mut chunk = vec![0; CHUNK];
            let read = input.read(&mut chunk).map(|count| {
                chunk.truncate(count);
                chunk
            });
            let is_last = match &read {
                Ok(chunk) => chunk.is_empty(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => true,
            };
            if sender.blocking_send(read).is_err() || is_last {
                return;
            }
        }
    });
    receiver
}

fn open(file: Option<PathBuf>) -> io::Result<Box<dyn Read>> {
    let mut input: Box<dyn Read> = match file {
        Some(path) => Box::new(File::open(path)?),
        None => Box::new(io::stdin()),
    };
    let mut head = Vec::new();
    input.by_ref().take(HEAD).read_to_end(&mut head)?;
    if let Some((_, what, unpack)) = PACKED.iter().find(|(magic, ..)| head.starts_with(magic)) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, Packed { what, unpack }));
    }
    let is_gzip = head.starts_with(GZIP);
    let whole = io::Cursor::new(head).chain(input);
    Ok(if is_gzip { Box::new(MultiGzDecoder::new(whole)) } else { Box::new(whole) })
}

#[cfg(test)]
mod tests {
    use crate::cli::FAILURE_CLASSES;
    use crate::diagnosis::Class;

    #[test]
    fn every_class_and_any_can_be_failed_on() {
        let mut names: Vec<&str> = Class::ALL.iter().map(|class| class.name()).collect();
        names.push("any");
        names.sort_unstable();
        let mut offered = FAILURE_CLASSES.to_vec();
        offered.sort_unstable();
        assert_eq!(offered, names);
    }
}
