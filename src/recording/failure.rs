//! A recording that does not begin or cannot go on, as the failure that ends a command: with what to do.

use std::path::Path;

use super::RecordingError;
use crate::{Exit, Failure};

impl RecordingError {
    /// The recording at `path` does not begin.
    pub(crate) fn refused(self, path: &Path) -> Failure {
        let advice = match &self {
            Self::Locked(_) => "one process writes a recording: name another file".to_owned(),
            Self::Foreign { .. } | Self::Schema { .. } => {
                format!("{} is left as it is: name another file", path.display())
            }
            _ => "name a file that can be written".to_owned(),
        };
        Failure::new(Exit::Usage, self).advise(advice)
    }

    /// The recording cannot go on.
    pub(crate) fn lost(self) -> Failure {
        let advice = match &self {
            Self::Locked(_) => {
                "its file had gone, and another process has begun one of that name: one process writes a recording"
            }
            Self::Foreign { .. } | Self::Schema { .. } => {
                "its file had gone, and what has its name is left as it is"
            }
            _ => "what was recorded before is on the disk; make room, or record in another file",
        };
        Failure::new(Exit::Usage, self).advise(advice)
    }
}
