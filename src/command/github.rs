//! Files that GitHub Actions names in variables: appended to, never replaced.

use std::io::Write;

use crate::Context;

/// Appends text to the file that `variable` names; outside of GitHub Actions there is none, and
/// nothing is written. A job in a container may not have the file: that is told, and the verdict
/// stands.
pub(super) fn append(context: &Context, variable: &str, text: &str) {
    let Some(path) = context.environment.var(variable) else { return };
    let appended = std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    if let Err(error) = appended {
        context.say(&format!("! cannot append to {path}, which {variable} names: {error}"));
    }
}
