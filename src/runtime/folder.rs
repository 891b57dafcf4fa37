//! Where skopeo and crane put what they pull: a folder of our own that goes with the run. Apart
//! because a tool without an image store still has to leave nothing behind.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{Removal, RuntimeError};
use crate::context::Environment;

/// A private folder under `TMPDIR`, with room for one pulled image; removed when dropped.
#[derive(Debug)]
pub(super) struct Folder(TempDir);

impl Folder {
    /// Makes the folder.
    pub(super) fn new(environment: &Environment) -> Result<Self, RuntimeError> {
        // As the tools themselves: /tmp may be memory, and images are large.
        let parent = environment.var("TMPDIR").unwrap_or("/var/tmp");
        let made = tempfile::Builder::new().prefix("dhlimit-").tempdir_in(parent);
        made.map(Self).map_err(|source| RuntimeError::Folder { action: "make", source })
    }

    /// The folder.
    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Where the image goes; nothing is there before the first pull.
    pub(super) fn image(&self) -> PathBuf {
        self.0.path().join("image")
    }

    /// Whether there is an image, whole or not.
    pub(super) fn holds(&self) -> bool {
        self.image().exists()
    }

    /// Removes the image, a file or a folder.
    pub(super) async fn remove(&self) -> Result<Removal, RuntimeError> {
        let image = self.image();
        let result = if image.is_dir() {
            tokio::fs::remove_dir_all(&image).await
        } else {
            tokio::fs::remove_file(&image).await
        };
        match result {
            Ok(()) => Ok(Removal::Removed),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Removal::Absent),
            Err(source) => Err(RuntimeError::Folder { action: "remove", source }),
        }
    }
}
