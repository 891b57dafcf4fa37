//! Samples on disk: JSON lines (`dhlimit/sample/1`), appended by one writer at a time, read as a
//! stream. Apart from what makes and shows samples, because what has been recorded must outlive
//! both: a `kill -9`, a full disk, a newer version. Follows the project's interface contract of
//! November 2026.

mod error;
mod failure;
mod reader;
mod recorder;
mod report_file;
mod sample;

pub use error::RecordingError;
pub use reader::{Line, Reader, is_recording};
pub use recorder::{Appended, Recorder, Rotation};
pub(crate) use report_file::ReportFile;
pub use sample::{SCHEMA, Sample};

/// The longest line that is written or read, in bytes.
const MOST_LINE: usize = 256 << 10;
