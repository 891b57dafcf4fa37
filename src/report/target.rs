//! Where a report is written: opened before the work, never over a recording, and whole or not at all.

use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tempfile::NamedTempFile;

use crate::recording;
use crate::{Exit, Failure};

/// Where `--out` points: opened before the work, and an older report there stays until the new one is whole.
pub(crate) enum Target {
    /// A new file, put in the place of what is there when it is whole.
    Beside(NamedTempFile, PathBuf),
    /// A pipe, a device or a link, written to as it is.
    Special(File, PathBuf),
}

/// The file that an argument names; `-` is what standard input comes from.
fn named(input: &Path) -> io::Result<Metadata> {
    if input == Path::new("-") {
        return File::from(io::stdin().as_fd().try_clone_to_owned()?).metadata();
    }
    std::fs::metadata(input)
}

impl Target {
    /// Opened where that harms nothing: a recording cannot be made again.
    pub(crate) fn open(path: &Path, inputs: &[PathBuf]) -> Result<Self, Failure> {
        let kept = |why: &str| {
            let error = anyhow::anyhow!("--out {}: {why}", path.display());
            Failure::new(Exit::Usage, error).advise("it is left as it is: name another file")
        };
        let failed = |error: io::Error| {
            Failure::new(
                Exit::Usage,
                anyhow::Error::new(error).context(format!("cannot write to {}", path.display())),
            )
        };
        // Links are followed: what counts is the file that would be written over.
        if let Some(there) = std::fs::metadata(path).ok().filter(Metadata::is_file) {
            let is_there = |input: &PathBuf| {
                named(input)
                    .is_ok_and(|input| (input.dev(), input.ino()) == (there.dev(), there.ino()))
            };
            if inputs.iter().any(is_there) {
                return Err(kept("it is one of the recordings to report on"));
            }
            if recording::is_recording(path).map_err(failed)? {
                return Err(kept("a recording is in it"));
            }
        }
        Self::prepare(path).map_err(|error| Failure::new(Exit::Usage, error))
    }

    fn prepare(path: &Path) -> anyhow::Result<Self> {
        let cannot = || format!("cannot write to {}", path.display());
        let found = std::fs::metadata(path);
        if found.as_ref().is_ok_and(Metadata::is_dir) {
            anyhow::bail!("{}: it is a folder", cannot());
        }
        let old = found.as_ref().ok().map(Metadata::permissions);
        // A pipe, a device or a link keeps being what it is.
        if found.is_ok_and(|found| !found.is_file()) || path.is_symlink() {
            return Ok(Self::Special(
                OpenOptions::new()
                    .write(true)
                    .create(true)
                    .truncate(false)
                    .open(path)
                    .with_context(cannot)?,
                path.to_owned(),
            ));
        }
        let folder =
            path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let permissions = Permissions::from_mode(0o666);
        let file = tempfile::Builder::new()
            .prefix(".dhlimit-")
            .permissions(permissions)
            .tempfile_in(folder)
            .with_context(cannot)?;
        if let Some(old) = old {
            // The old report may have been kept from others.
            file.as_file().set_permissions(old).with_context(cannot)?;
        }
        Ok(Self::Beside(file, path.to_owned()))
    }

    /// Writes the report there.
    pub(crate) fn finish(self, text: &str) -> anyhow::Result<()> {
        match self {
            Self::Beside(mut file, path) => {
                let cannot = || format!("cannot write to {}", path.display());
                file.write_all(text.as_bytes())
                    .and_then(|()| file.as_file().sync_data())
                    .with_context(cannot)?;
                file.persist(&path).with_context(cannot)?;
            }
            Self::Special(mut file, path) => {
                let _ = file.set_len(0);
                file.write_all(text.as_bytes())
                    .with_context(|| format!("cannot write to {}", path.display()))?;
            }
        }
        Ok(())
    }
}
