//! What pipelines read: GitHub's outputs and summary, GitLab's sections and dotenv report. Follows
//! GitHub's "Workflow commands" and GitLab's "Job logs" and "Artifacts reports: dotenv" (2026).

use std::fs::File;
use std::io::Write;
use std::path::Path;

use crate::command::github;
use crate::render::gate::GateReport;
use crate::{Context, Exit, Failure};

/// The section's name; one gate at a time writes to a job's log.
const SECTION: &str = "dhlimit_gate";

/// Whether this runs in GitHub Actions.
pub(super) fn in_github(context: &Context) -> bool {
    context.environment.var("GITHUB_ACTIONS") == Some("true")
}

/// The job summary and the step's outputs.
pub(super) fn github(context: &Context, report: &GateReport) -> Result<(), Failure> {
    let outputs: String = report.outputs().iter().map(|(name, value)| format!("{name}={value}\n")).collect();
    github::append(context, "GITHUB_STEP_SUMMARY", &report.summary())?;
    github::append(context, "GITHUB_OUTPUT", &outputs)
}

/// A collapsible section of GitLab's job log, on standard error; nothing elsewhere.
pub(super) struct Section<'a>(Option<&'a Context>);

impl<'a> Section<'a> {
    /// Opens it.
    pub(super) fn open(context: &'a Context) -> Self {
        let context = (context.environment.var("GITLAB_CI") == Some("true")).then_some(context);
        if let Some(context) = context {
            let now = context.clock.now().timestamp();
            context.say(&format!("\u{1b}[0Ksection_start:{now}:{SECTION}[collapsed=true]\r\u{1b}[0KLooking at the pull limit"));
        }
        Self(context)
    }

    /// Says a line where there is a section for it.
    pub(super) fn note(&self, line: &str) {
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

/// A dotenv report, opened before the work starts. Its names are none that dhlimit reads itself.
pub(super) struct Dotenv(File);

impl Dotenv {
    /// Opens the file, empty.
    pub(super) fn create(path: &Path) -> Result<Self, Failure> {
        let failure = |error| Failure::new(Exit::Usage, anyhow::Error::new(error).context(format!("cannot write {}", path.display())));
        Ok(Self(File::create(path).map_err(failure)?))
    }

    /// Writes what is known.
    pub(super) fn write(mut self, report: &GateReport) -> anyhow::Result<()> {
        let lines: String =
            report.outputs().iter().map(|(name, value)| format!("DHLIMIT_GATE_{}={value}\n", name.to_uppercase())).collect();
        Ok(self.0.write_all(lines.as_bytes())?)
    }
}
