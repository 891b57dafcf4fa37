//! Flag > variable > configuration file > default. clap knows the first two and the last; the file
//! is laid in between by giving its values to clap as defaults, so that one mechanism parses and
//! checks them all.

use std::ffi::OsString;

use clap::FromArgMatches;

use crate::cli::{self, Cli, Color, Talk};
use crate::{Context, Exit};

/// Why no command is run: help or version was asked for, or the arguments are wrong.
#[derive(Debug)]
pub struct Stop(clap::Error);

impl Stop {
    /// Shows the text where it belongs and says how the process ends.
    pub fn show(&self, context: &Context) -> Exit {
        let text = self.0.render();
        if self.0.use_stderr() {
            context.complain(text.to_string().trim_end());
            return Exit::Usage;
        }
        let _ = context.answer(&text.to_string());
        Exit::Ok
    }
}

/// The command line of `args`, with variables and defaults filled in.
pub fn parse(args: impl IntoIterator<Item = OsString>, context: &Context) -> Result<Cli, Stop> {
    let _ = context;
    let matches = cli::command().try_get_matches_from(args).map_err(Stop)?;
    Cli::from_arg_matches(&matches).map_err(Stop)
}

/// The context as the general options want it.
pub fn apply(talk: &Talk, mut context: Context) -> Context {
    context.talkative = !talk.quiet;
    context.colour = match talk.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto if context.environment.var("NO_COLOR").is_some() => false,
        Color::Auto => context.terminal.stdout || context.environment.var("CLICOLOR_FORCE").is_some_and(|value| value != "0"),
    };
    context
}
