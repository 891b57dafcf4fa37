//! The files of a runtime, to be copied from a terminal: each under its path, then the commands, then
//! what is good to know.

use std::fmt::Write;

use crate::mirror::setup::Setup;

/// Files, commands and notes; all but what goes into the files begins with `#`.
pub fn setup_plain(setup: &Setup) -> String {
    let mut page = String::new();
    for file in &setup.files {
        let _ = write!(page, "# {}\n{}\n", file.path, file.content);
    }
    if !setup.commands.is_empty() {
        page.push_str("# then\n");
        for command in &setup.commands {
            let _ = writeln!(page, "#   {command}");
        }
    }
    for note in &setup.notes {
        let _ = writeln!(page, "# {note}");
    }
    page
}
