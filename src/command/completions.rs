//! `completions`: what a shell needs to complete dhlimit's command line, made from its definition.

use clap_complete::{Shell as Target, generate};

use crate::cli::{self, Completions, Shell};
use crate::{Context, Exit};

/// Runs `completions`.
pub(super) fn run(context: &Context, args: Completions) -> anyhow::Result<Exit> {
    let target = match args.shell {
        Shell::Bash => Target::Bash,
        Shell::Zsh => Target::Zsh,
        Shell::Fish => Target::Fish,
        Shell::Powershell => Target::PowerShell,
        Shell::Elvish => Target::Elvish,
    };
    let mut script = Vec::new();
    generate(target, &mut cli::command(), "dhlimit", &mut script);
    context.answer(&String::from_utf8(script)?)?;
    Ok(Exit::Ok)
}
