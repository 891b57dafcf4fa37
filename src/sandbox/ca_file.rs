//! Where the certificate of the CA that a sandbox makes for itself is found by whoever is to trust it.

use std::fs::OpenOptions;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::exit::{Exit, Failure};

/// The CA's certificate on disk; a temporary one goes with this.
pub(crate) struct CaFile {
    path: PathBuf,
    temporary: bool,
}

impl CaFile {
    /// Writes the certificate of the sandbox at an address: to `path`, or to a new temporary file.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub(crate) fn write(
        certificate: &str,
        path: Option<&Path>,
        address: SocketAddr,
    ) -> anyhow::Result<Self> {
        let temporary = path.is_none();
        let path = match path {
            Some(path) => std::path::absolute(path)?,
            None => std::env::temp_dir().join(format!(
                "dhlimit-sandbox-{}-{}.pem",
                std::process::id(),
                address.port()
            )),
        };
        let mut options = OpenOptions::new();
        options.write(true);
        // In a folder that everybody may write to, never through what somebody else put there.
        if temporary {
            options.create_new(true)
        } else {
            options.create(true).truncate(true)
        };
        let written =
            options.open(&path).and_then(|mut file| file.write_all(certificate.as_bytes()));
        written
            .with_context(|| format!("cannot write the CA's certificate to {}", path.display()))
            .map_err(|error| {
                Failure::new(Exit::Usage, error).advise("name another file with --tls=FILE")
            })?;
        Ok(Self { path, temporary })
    }

    /// Where it is, absolute.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for CaFile {
    fn drop(&mut self) {
        if self.temporary {
            // A file that is gone already is what was wanted.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
