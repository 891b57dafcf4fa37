//! Files that GitHub Actions names in variables: appended to, never replaced.

use std::io::Write;

use crate::{Context, Exit, Failure};

/// Appends text to the file that `variable` names; outside of GitHub Actions there is none, and
/// nothing is written.
pub(super) fn append(context: &Context, variable: &str, text: &str) -> Result<(), Failure> {
    let Some(path) = context.environment.var(variable) else { return Ok(()) };
    let appended = std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    appended.map_err(|error| {
        Failure::new(
            Exit::Usage,
            anyhow::Error::new(error)
                .context(format!("cannot append to {path}, which {variable} names")),
        )
    })
}
