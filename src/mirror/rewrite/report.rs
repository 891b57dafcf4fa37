//! What `mirror rewrite` would change, has changed and leaves, as its JSON shows it (schema
//! `dhlimit/mirror-rewrite/1`). Keys are added, never renamed.

use serde::Serialize;

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// `dhlimit/mirror-rewrite/1`.
    pub schema: &'static str,
    /// The mirror's host and path.
    pub mirror: String,
    /// The form of its names.
    pub form: &'static str,
    /// Whether references are brought back.
    pub reverse: bool,
    /// The variable before the names, instead of the mirror.
    pub variable: Option<String>,
    /// The files with something to change, by path.
    pub files: Vec<FileReport>,
    /// What is left as it is, by path and place.
    #[serde(rename = "unsafe")]
    pub left: Vec<Left>,
    /// Files that could not be read as they should be.
    pub skipped: Vec<SkippedFile>,
    /// The records that were written.
    pub records: Vec<String>,
}

impl Report {
    /// The name of this JSON document's schema.
    pub const SCHEMA: &'static str = "dhlimit/mirror-rewrite/1";
}

/// A file with something to change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileReport {
    /// The file as it was given.
    pub path: String,
    /// What has become of it.
    pub state: State,
    /// What changes, in its order.
    pub changes: Vec<Changed>,
    /// Why it could not be written.
    pub failure: Option<String>,
    /// Its bytes.
    #[serde(skip)]
    pub before: Vec<u8>,
    /// Its new bytes.
    #[serde(skip)]
    pub after: Vec<u8>,
}

/// What has become of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It is as it was, and would change.
    WouldChange,
    /// It is written.
    Changed,
    /// It could not be written, and is as it was.
    Failed,
    /// It is as it was, since the run was interrupted.
    Interrupted,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Changed {
    /// Its line, from 1.
    pub line: usize,
    /// Its column, in characters from 1.
    pub column: usize,
    /// What stands there.
    pub was: String,
    /// What is put there.
    pub is: String,
}

/// A reference that is left as it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Left {
    /// The file.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, in characters from 1.
    pub column: usize,
    /// As it stands in the file.
    pub written: String,
    /// The image in full form, where it is known.
    pub image: Option<String>,
    /// Why it is left.
    pub reason: String,
}

/// A file that could not be read as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SkippedFile {
    /// The file.
    pub path: String,
    /// Why.
    pub reason: String,
}
