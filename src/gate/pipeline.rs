//! What GitLab's pipelines read: sections and a dotenv report. Follows GitLab's "Job logs" and "Artifacts
//! reports: dotenv" (2026).

use std::fs::File;
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};

use super::GateReport;
use crate::context::Context;
use crate::exit::{Exit, Failure};

/// The section's name; one gate at a time writes to a job's log.
const SECTION: &str = "dhlimit_gate";

/// A collapsible section of GitLab's job log, on standard error; nothing elsewhere.
pub(crate) struct Section<'a>(Option<&'a Context>);

impl<'a> Section<'a> {
    /// Opens it.
    pub(crate) fn open(context: &'a Context) -> Self {
        let context = (context.environment.var("GITLAB_CI") == Some("true")).then_some(context);
        if let Some(context) = context {
            let now = context.clock.now().timestamp();
            context.say(&format!("\u{1b}[0Ksection_start:{now}:{SECTION}[collapsed=true]\r\u{1b}[0KLooking at the pull limit"));
        }
        Self(context)
    }

    /// Says a line where there is a section for it.
    pub(crate) fn note(&self, line: &str) {
        if let Some(context) = self.0 {
            context.say(line);
        }
    }
}

impl Drop for Section<'_> {
    fn drop(&mut self) {
        if let Some(context) = self.0 {
            let now = context.clock.now().timestamp();
            context.say(&format!("\u{1b}[0Ksection_end:{now}:{SECTION}\r\u{1b}[0K"));
        }
    }
}

/// A dotenv report, opened before the work starts, when it says that nothing is known yet: so a gate
/// that never came to a verdict is told from one that was not there. Its names are none that dhlimit
/// reads itself.
pub(crate) struct Dotenv {
    file: File,
    path: PathBuf,
}

impl Dotenv {
    /// Opens the file: the verdict is unknown so far.
    pub(crate) fn create(path: &Path) -> Result<Self, Failure> {
        let file = File::create(path).map_err(|error| unwritable(path, error))?;
        let mut dotenv = Self { file, path: path.to_owned() };
        if dotenv.is_regular() {
            dotenv.replace("DHLIMIT_GATE_VERDICT=unknown\n")?;
        }
        Ok(dotenv)
    }

    /// Writes what is known.
    pub(crate) fn write(mut self, report: &GateReport) -> Result<(), Failure> {
        let lines: String = report
            .outputs()
            .iter()
            .map(|(name, value)| format!("DHLIMIT_GATE_{}={value}\n", name.to_uppercase()))
            .collect();
        self.replace(&lines)
    }

    fn replace(&mut self, lines: &str) -> Result<(), Failure> {
        let emptied = if self.is_regular() {
            self.file.set_len(0).and_then(|()| self.file.rewind())
        } else {
            Ok(())
        };
        emptied
            .and_then(|()| self.file.write_all(lines.as_bytes()))
            .map_err(|error| unwritable(&self.path, error))
    }

    /// Whether what is written can be replaced: not in a pipe or a device.
    fn is_regular(&self) -> bool {
        self.file.metadata().is_ok_and(|metadata| metadata.is_file())
    }
}

fn unwritable(path: &Path, error: std::io::Error) -> Failure {
    Failure::new(
        Exit::Usage,
        anyhow::Error::new(error).context(format!("cannot write {}", path.display())),
    )
}
