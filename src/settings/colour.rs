//! Whether a stream may carry colour: `--color` before `NO_COLOR` (no-color.org) before
//! `CLICOLOR_FORCE`, `CLICOLOR` (bixense.com/clicolors, 2023) and what the stream is.

use std::ffi::OsString;

use clap::{ColorChoice, ValueEnum};

use crate::cli::Color;
use crate::context::Environment;

/// Whether a stream may carry colour.
pub(super) fn wanted(color: Color, environment: &Environment, terminal: bool) -> bool {
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto if environment.var("NO_COLOR").is_some() => false,
        Color::Auto if environment.var("CLICOLOR_FORCE").is_some_and(|value| value != "0") => true,
        Color::Auto => {
            terminal
                && environment.var("CLICOLOR") != Some("0")
                && environment.var("TERM") != Some("dumb")
        }
    }
}

/// The same decision before there are settings, for the text of clap itself: help and usage errors.
pub(super) fn early(args: &[OsString], environment: &Environment, terminal: bool) -> ColorChoice {
    let mut words =
        args.iter().filter_map(|arg| arg.to_str()).take_while(|word| *word != "--").peekable();
    let mut said = None;
    while let Some(word) = words.next() {
        said = match word.strip_prefix("--color") {
            Some("") => words.peek().copied().or(said),
            Some(rest) => rest.strip_prefix('=').or(said),
            None => said,
        };
    }
    let color = [said, environment.var("DHLIMIT_COLOR")]
        .into_iter()
        .flatten()
        .find_map(|word| Color::from_str(word, false).ok());
    if wanted(color.unwrap_or_default(), environment, terminal) {
        ColorChoice::Always
    } else {
        ColorChoice::Never
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Variables = &'static [(&'static str, &'static str)];

    #[test]
    fn colour_follows_the_flag_then_the_variables_then_the_terminal() {
        let rows: &[(Color, Variables, bool, bool)] = &[
            (Color::Auto, &[], true, true),
            (Color::Auto, &[], false, false),
            (Color::Auto, &[("NO_COLOR", "1")], true, false),
            (Color::Auto, &[("NO_COLOR", "")], true, true),
            (Color::Auto, &[("CLICOLOR_FORCE", "1")], false, true),
            (Color::Auto, &[("CLICOLOR_FORCE", "0")], false, false),
            (Color::Auto, &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], true, false),
            (Color::Auto, &[("CLICOLOR", "0")], true, false),
            (Color::Auto, &[("TERM", "dumb")], true, false),
            (Color::Always, &[("NO_COLOR", "1")], false, true),
            (Color::Never, &[("CLICOLOR_FORCE", "1")], true, false),
        ];
        for (color, variables, terminal, colour) in rows {
            let environment = variables.iter().copied().collect();
            assert_eq!(
                wanted(*color, &environment, *terminal),
                *colour,
                "{color:?} {variables:?} {terminal}"
            );
        }
    }

    #[test]
    fn help_is_coloured_by_the_same_rule() {
        let rows: &[(&[&str], Variables, bool, bool)] = &[
            (&["dhlimit", "--help"], &[], true, true),
            (&["dhlimit", "--help"], &[], false, false),
            (&["dhlimit", "--color", "always", "--help"], &[], false, true),
            (&["dhlimit", "--color=never", "--help"], &[], true, false),
            (&["dhlimit", "--help", "--color", "never"], &[], true, false),
            (&["dhlimit", "--help", "--", "--color=always"], &[], false, false),
            (&["dhlimit", "--help", "--color"], &[], true, true),
            (&["dhlimit", "--help"], &[("DHLIMIT_COLOR", "always")], false, true),
            (&["dhlimit", "--help", "--color=never"], &[("DHLIMIT_COLOR", "always")], false, false),
            (&["dhlimit", "--help"], &[("NO_COLOR", "1")], true, false),
        ];
        for (args, variables, terminal, colour) in rows {
            let args: Vec<OsString> = args.iter().map(OsString::from).collect();
            let choice = early(&args, &variables.iter().copied().collect(), *terminal);
            assert_eq!(choice == ColorChoice::Always, *colour, "{args:?} {variables:?} {terminal}");
        }
    }
}
