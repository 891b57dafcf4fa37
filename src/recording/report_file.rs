//! `--report FILE`: a report as JSON beside what is shown. Opened before the work starts, so that a
//! file that cannot be written costs nothing; never written over.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::Path;

use serde::Serialize;

use crate::{Exit, Failure};

/// A file for one report.
pub(crate) struct ReportFile(File);

impl ReportFile {
    /// Creates it.
    pub(crate) fn create(path: &Path) -> Result<Self, Failure> {
        let opened = File::options().write(true).create_new(true).open(path);
        opened.map(Self).map_err(|error| {
            let advice = if error.kind() == ErrorKind::AlreadyExists {
                "it is there already and is not overwritten: name another file"
            } else {
                "name a file that can be written"
            };
            Failure::new(
                Exit::Usage,
                anyhow::Error::new(error)
                    .context(format!("cannot write the report to {}", path.display())),
            )
            .advise(advice)
        })
    }

    /// Writes the report, to the disk.
    pub(crate) fn write(mut self, report: &impl Serialize) -> anyhow::Result<()> {
        self.0.write_all(format!("{}\n", serde_json::to_string_pretty(report)?).as_bytes())?;
        Ok(self.0.sync_all()?)
    }
}
