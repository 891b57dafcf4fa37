//! The command line as plain data: clap structs, one file a command, no behaviour. What an option
//! means is decided in [`crate::settings`] and in the command that takes it.
//!
//! Every option has a `DHLIMIT_…` variable; [`command`] derives the names from the options, so that
//! none is ever forgotten.

mod asking;
mod check;
mod completions;
mod doctor;
mod explain;
mod fleet;
mod format;
mod gate;
mod help;
mod man;
mod mirror;
mod plan;
mod report;
mod sandbox;
mod scan;
mod serve;
mod stress;
mod watch;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

pub(crate) use asking::duration;
pub use asking::{Asking, Family};
pub use check::{Check, Threshold};
pub use completions::{Completions, Man, Shell};
pub use doctor::Doctor;
pub use explain::{Explain, FAILURE_CLASSES};
pub use fleet::{Fleet, Grouping};
pub use format::{Format, only};
pub use gate::{Gate, Pass, Wait};
pub use help::{EXAMPLES, spelled_out};
pub use man::manual;
pub use mirror::{
    Copy, CopyTool, Ecr, Mirror, MirrorCommand, PrintAs, Rewrite, RewriteForm, Secret, SecretForm,
    Setup, SetupRuntime, Verify,
};
pub use plan::{Plan, PlanLaw, SolveFor};
pub use report::Report;
pub use sandbox::{CountRule, LawName, ProfileName, Sandbox, SetupFor};
pub use scan::{By, Scan};
pub use serve::{Compat, Serve};
pub use stress::{Reach, Stress};
pub use watch::Watch;

/// dhlimit's whole command line.
#[derive(Debug, Clone, Parser)]
#[command(
    name = "dhlimit",
    version,
    about = "Makes Docker Hub's pull rate limit visible, predictable and survivable",
    disable_help_subcommand = true,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub struct Cli {
    /// Options every command takes.
    #[command(flatten)]
    pub talk: Talk,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options every command takes: how much is said, and how it looks.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "General options")]
pub struct Talk {
    /// Print only errors on standard error
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Show requests and answers, without secrets; -vv shows more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub color: Color,
    /// Configuration file [default: dhlimit/config.toml in the user's configuration folder]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The commands.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Read the pull limit: one reading per identity and image. Costs nothing
    Check(Box<Check>),
    /// Read the pull limit again and again: a live view, or one line per reading
    Watch(Box<Watch>),
    /// Read the pull limit at an interval and serve it: metrics, a page, JSON
    Serve(Box<Serve>),
    /// Ask Prometheus about all nodes: which share a count, what is left, which report nothing
    Fleet(Box<Fleet>),
    /// Pull and delete an image until Docker Hub answers 429, and show the count fall
    Stress(Box<Stress>),
    /// Show recordings as a chart and summary: text, JSON, SVG or one HTML page
    Report(Report),
    /// Say which failure each line of a log is, and what to do about it
    Explain(Explain),
    /// Say which login, which count and which mirror a pull uses, and what is misconfigured
    Doctor(Box<Doctor>),
    /// Say whether a rollout fits: nodes and images against the limit, strategies compared
    Plan(Box<Plan>),
    /// Find every image named in files: whether Docker Hub counts it, as whom, how many pulls
    Scan(Box<Scan>),
    /// Put a cache or private copies in front of Docker Hub
    Mirror(Mirror),
    /// Run a local registry that behaves like Docker Hub, to practise on
    Sandbox(Box<Sandbox>),
    /// Say by exit code whether enough pulls are left: for pipelines; can wait, can run a command
    Gate(Box<Gate>),
    /// Print the completions of a shell
    Completions(Completions),
    /// Print the manual page
    Man(Man),
}

impl Command {
    /// Whether it answers as a Monitoring Plugin, whose exit codes are others.
    pub fn is_plugin(&self) -> bool {
        match self {
            Self::Check(check) => check.output == Some(Format::Nagios),
            Self::Fleet(fleet) => fleet.output == Some(Format::Nagios),
            _ => false,
        }
    }
}

/// Options that ask for a page instead of the work: a variable would turn every run into that page.
const PAGES: [&str; 3] = ["help", "version", "explain"];

/// The clap command with a `DHLIMIT_…` variable on every option, and its help laid out.
pub fn command() -> clap::Command {
    help::laid_out(with_variables(Cli::command()))
}

fn with_variables(command: clap::Command) -> clap::Command {
    let name = command.get_name().to_owned();
    command
        .mut_args(|arg| match arg.get_long().filter(|long| !PAGES.contains(long)) {
            Some(long) => {
                let variable = variable(&name, long);
                arg.env(variable).hide_env_values(true)
            }
            None => arg,
        })
        .mut_subcommands(with_variables)
}

/// The environment variable of a command's option `--long`. One variable means one thing: where two
/// commands mean different things by a name, one of them has its command in it: `DHLIMIT_SANDBOX_…`.
///
/// ```
/// assert_eq!(dhlimit::cli::variable("check", "registry-url"), "DHLIMIT_REGISTRY_URL");
/// assert_eq!(dhlimit::cli::variable("stress", "count"), "DHLIMIT_COUNT");
/// assert_eq!(dhlimit::cli::variable("sandbox", "count"), "DHLIMIT_SANDBOX_COUNT");
/// assert_eq!(dhlimit::cli::variable("ecr", "account"), "DHLIMIT_ECR_ACCOUNT");
/// ```
pub fn variable(command: &str, long: &str) -> String {
    let of = if means_its_own(command, long) {
        format!("{}_", command.to_uppercase())
    } else {
        String::new()
    };
    format!("DHLIMIT_{of}{}", long.to_uppercase().replace('-', "_"))
}

/// Whether a command means something of its own by an option's name. Its variable has the command in it,
/// and a key at the top of the configuration file, which is for all commands, is not for it: a password
/// of Docker Hub's must not be shown to a Prometheus server.
pub(crate) fn means_its_own(command: &str, long: &str) -> bool {
    matches!(
        (command, long),
        ("sandbox", "count")
            | ("ecr", "account")
            | ("explain", "fail-on")
            | ("plan", "parallel")
            | ("fleet", "need" | "user" | "password-file" | "watch" | "match" | "by")
    )
}
