//! What a run has copied, on disk: written whole after each image, so that a run that was killed goes on
//! where it was. An entry alone proves nothing: the destination is asked each time.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// What the file is called.
const SCHEMA: &str = "dhlimit/mirror-copy-state/1";

/// What was copied, by destination.
#[derive(Debug, Default)]
pub struct State {
    path: Option<PathBuf>,
    images: BTreeMap<String, Copied>,
}

/// One image that was copied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Copied {
    /// Its name at the source.
    pub source: String,
    /// Its digest at the source.
    pub digest: String,
    /// Its digest at the destination, another where a tool copied one platform of several.
    pub made: String,
    /// The platform that was asked for; `None` for all.
    pub platform: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct File {
    schema: String,
    images: BTreeMap<String, Copied>,
}

/// Why there is no state.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// It cannot be read.
    #[error("cannot read the state in {path}")]
    Read {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// It is something else.
    #[error("{path} is no state of dhlimit mirror copy")]
    Foreign {
        /// The file.
        path: String,
    },
    /// It cannot be written.
    #[error("cannot write the state to {path}")]
    Write {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
}

impl State {
    /// Reads a state; one that is not there is empty. Whether it can be written is tried at once.
    ///
    /// # Errors
    /// Where the file is something else, or cannot be read or written.
    pub fn open(path: Option<PathBuf>) -> Result<Self, StateError> {
        let Some(path) = path else { return Ok(Self::default()) };
        let shown = path.display().to_string();
        let images = match std::fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(source) => return Err(StateError::Read { path: shown, source }),
            // A file that somebody made for us, such as mktemp.
            Ok(bytes) if bytes.is_empty() => BTreeMap::new(),
            Ok(bytes) => match serde_json::from_slice::<File>(&bytes) {
                Ok(file) if file.schema == SCHEMA => file.images,
                _ => return Err(StateError::Foreign { path: shown }),
            },
        };
        let state = Self { path: Some(path), images };
        state.save()?;
        Ok(state)
    }

    /// What was copied to a destination.
    pub fn of(&self, destination: &str) -> Option<&Copied> {
        self.images.get(destination)
    }

    /// Keeps what was copied.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn keep(&mut self, destination: String, copied: Copied) -> Result<(), StateError> {
        self.images.insert(destination, copied);
        self.save()
    }

    /// Written beside the file, flushed to the disk, and put in its place in one step.
    fn save(&self) -> Result<(), StateError> {
        let Some(path) = &self.path else { return Ok(()) };
        let file = File { schema: SCHEMA.to_owned(), images: self.images.clone() };
        write(path, &file)
            .map_err(|source| StateError::Write { path: path.display().to_string(), source })
    }
}

fn write(path: &Path, file: &File) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut new = tempfile::Builder::new()
        .prefix(".dhlimit-state")
        .tempfile_in(folder.unwrap_or_else(|| Path::new(".")))?;
    new.write_all(&serde_json::to_vec_pretty(file)?)?;
    new.as_file().sync_all()?;
    new.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_there_again_and_nothing_else_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let copied = Copied {
            source: "docker.io/library/nginx:1".into(),
            digest: "sha256:a".into(),
            made: "sha256:b".into(),
            platform: None,
        };
        let mut state = State::open(Some(path.clone())).unwrap();
        state.keep("r/x:1".into(), copied.clone()).unwrap();
        let again = State::open(Some(path.clone())).unwrap();
        assert_eq!(again.of("r/x:1"), Some(&copied));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside");
        std::fs::write(&path, "notes").unwrap();
        assert!(matches!(State::open(Some(path.clone())), Err(StateError::Foreign { .. })));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "notes");
        assert!(State::open(Some(folder.path().join("none/state"))).is_err());
        let mut none = State::open(None).unwrap();
        none.keep("r/x:1".into(), copied).unwrap();
    }
}
