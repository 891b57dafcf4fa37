//! One manual page for all of dhlimit, made from the command line's definition and the table
//! of exit codes. One page and not one a command, so that `man dhlimit` finds every option; its
//! markup is that of man(7).

use std::io;

use clap_mangen::Man;

use super::command;

/// The page in roff, with these exit codes and what they mean.
///
/// # Errors
/// An option whose text cannot be written.
pub fn manual(exits: impl Iterator<Item = (u8, &'static str)>) -> io::Result<String> {
    let command = command();
    let (mut page, mut commands) = (Vec::new(), Vec::new());
    let top = Man::new(command.clone())
        .manual("dhlimit")
        .source(concat!("dhlimit ", env!("CARGO_PKG_VERSION")));
    top.render_title(&mut page)?;
    top.render_name_section(&mut page)?;
    top.render_synopsis_section(&mut page)?;
    top.render_options_section(&mut page)?;
    // Taken from a command that is not built yet: built, each would repeat the options of all.
    for (path, sub) in all(&command, "") {
        let notes = sub.get_after_help().is_some();
        let man = Man::new(sub.clone().bin_name(format!("dhlimit {path}")).disable_help_flag(true));
        commands.extend_from_slice(format!(".SH \"{}\"\n", path.to_uppercase()).as_bytes());
        man.render_synopsis_section(&mut commands)?;
        man.render_description_section(&mut commands)?;
        man.render_options_section(&mut commands)?;
        if notes {
            man.render_extra_section(&mut commands)?;
        }
    }
    let exits: String = exits
        .map(|(code, meaning)| format!(".TP\n\\fB{code}\\fR\n{}\n", escape(meaning)))
        .collect();
    let text = |bytes| String::from_utf8(bytes).map_err(io::Error::other);
    Ok(format!(
        "{}{}{ENVIRONMENT}.SH \"EXIT STATUS\"\n{exits}",
        once(&text(page)?),
        below(&text(commands)?)
    ))
}

/// Every command below one, those of a command behind it, by the names that lead to it.
fn all<'a>(command: &'a clap::Command, path: &str) -> Vec<(String, &'a clap::Command)> {
    let shown = command.get_subcommands().filter(|sub| !sub.is_hide_set());
    shown
        .flat_map(|sub| {
            let path = format!("{path} {}", sub.get_name()).trim_start().to_owned();
            let below = all(sub, &path);
            std::iter::once((path, sub)).chain(below)
        })
        .collect()
}

/// What the options' definitions do not say of themselves.
const ENVIRONMENT: &str = ".SH ENVIRONMENT
Every option has a variable: DHLIMIT_ and the long name in capitals, each hyphen an underscore,
such as DHLIMIT_REGISTRY_URL. An option goes before its variable, a variable before the configuration file.
";

/// The two lines that define an apostrophe: every piece is made with them, one page wants them once.
const PREAMBLE: &str = ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n";

fn once(page: &str) -> String {
    format!("{PREAMBLE}{}", page.replace(PREAMBLE, ""))
}

/// The sections of a command as parts of its own section: only the heading with its name stays one;
/// synopsis and description need no heading under it. The lines of notes stay lines.
fn below(sections: &str) -> String {
    let sections = sections.replace(PREAMBLE, "");
    let mut lines = String::new();
    let mut notes = false;
    for line in sections.lines() {
        let heading = line.strip_prefix(".SH ");
        match heading {
            Some("SYNOPSIS" | "DESCRIPTION") => lines.push_str(".PP"),
            Some("EXTRA") => lines.push_str(".SS NOTES"),
            Some(name) if is_command(name) => lines.push_str(line),
            Some(heading) => lines.push_str(&format!(".SS {heading}")),
            None if notes => lines.push_str(&format!("{}\n.br", line.trim_end())),
            None => lines.push_str(line.trim_end()),
        }
        notes = if heading.is_some() { heading == Some("EXTRA") } else { notes };
        lines.push('\n');
    }
    lines
}

fn is_command(heading: &str) -> bool {
    let name = heading.trim_matches('"').to_lowercase();
    all(&command(), "").iter().any(|(path, _)| *path == name)
}

/// Text as roff has it: a backslash or a hyphen is itself, and no line begins a request.
fn escape(text: &str) -> String {
    format!("\\&{}", text.replace('\\', "\\e").replace('-', "\\-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_every_command_option_and_exit_code() {
        let page = manual([(0, "fine"), (7, "-busy")].into_iter()).unwrap();
        for (path, sub) in all(&command(), "") {
            assert!(page.contains(&format!(".SH \"{}\"\n", path.to_uppercase())), "{path}");
            for long in sub.get_arguments().filter_map(clap::Arg::get_long) {
                assert!(page.contains(&long.replace('-', "\\-")), "--{long}");
            }
        }
        assert!(page.ends_with(".TP\n\\fB0\\fR\n\\&fine\n.TP\n\\fB7\\fR\n\\&\\-busy\n"), "{page}");
    }

    #[test]
    fn text_cannot_become_a_request() {
        assert_eq!(escape(".SH \\x a-b"), "\\&.SH \\ex a\\-b");
    }
}
