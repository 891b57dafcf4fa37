//! `completions` and `man`: what is made from the command line itself.

use clap::{Args, ValueEnum};

/// Print the completions of a shell, to be put where it looks for them.
#[derive(Debug, Clone, Copy, Args)]
#[command(after_help = "\
bash:       dhlimit completions bash > ~/.local/share/bash-completion/completions/dhlimit
zsh:        dhlimit completions zsh > a folder of $fpath, as _dhlimit
fish:       dhlimit completions fish > ~/.config/fish/completions/dhlimit.fish
powershell: dhlimit completions powershell | Out-String | Invoke-Expression, in $PROFILE
elvish:     eval (dhlimit completions elvish | slurp), in rc.elv")]
pub struct Completions {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    pub shell: Shell,
}

/// A shell that can complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// GNU Bash
    Bash,
    /// Z shell
    Zsh,
    /// fish
    Fish,
    /// PowerShell
    Powershell,
    /// Elvish
    Elvish,
}

/// Print the manual page: dhlimit man | man -l -
#[derive(Debug, Clone, Copy, Args)]
pub struct Man {}
