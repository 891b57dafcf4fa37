//! What can go wrong with a recording. Every message names the file; a line's number is from 1.

use std::io;
use std::path::PathBuf;

/// Why a recording cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// Not opened, made or renamed.
    #[error("cannot open the recording {}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A folder, a pipe, a device.
    #[error("{} is no regular file, so nothing can be recorded in it", .0.display())]
    NoFile(PathBuf),
    /// Another writer has it.
    #[error("another process is recording in {}", .0.display())]
    Locked(PathBuf),
    /// Not written.
    #[error("cannot record in {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Not read on.
    #[error("cannot read the recording {} beyond line {line}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The last line that was read.
        line: u64,
        /// Why.
        source: io::Error,
    },
    /// A line that no recording has.
    #[error("line {line} of {} is no sample: {reason}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// The line.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// A sample of a schema that this version does not know.
    #[error("line {line} of {} has the schema {schema:?}; this version reads {}", path.display(), super::SCHEMA)]
    Schema {
        /// The file.
        path: PathBuf,
        /// The line.
        line: u64,
        /// Its schema.
        schema: String,
    },
}
