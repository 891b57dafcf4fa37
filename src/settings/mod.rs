//! Flag > variable > configuration file > default, each with its origin. clap parses the command
//! line and knows the defaults; variables and file are laid in between by giving their values to
//! clap as defaults for this run, so that one mechanism parses and checks them all. That they are
//! defaults to clap is also why a flag that contradicts a variable simply wins.

mod colour;
mod early;
mod file;
mod layers;
mod optional;
mod origin;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{ArgMatches, Command, CommandFactory, FromArgMatches};

use crate::cli::{self, Cli, Talk};
use crate::credentials::Account;
use crate::{Context, Exit, Failure};

pub use early::asks_for_plugin;
pub use file::ConfigError;
pub use origin::Origin;

use file::ConfigFile;
use layers::{Layers, Setting};

/// Everything the user decided for this run.
#[derive(Debug)]
pub struct Settings {
    /// The command line with variables, file and defaults filled in.
    pub cli: Cli,
    /// The further accounts of the configuration file.
    pub accounts: Vec<Account>,
    /// The configuration file, there or not: the one that was named, else the usual one.
    pub config: Option<PathBuf>,
    /// The arguments that all of this came of, so that it can be asked for again.
    pub arguments: Vec<OsString>,
    origins: BTreeMap<String, Origin>,
}

/// A variable or a key of the configuration file that cannot be used. All are usage errors.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// The value is none for its option.
    #[error("{origin}: {what}")]
    Value {
        /// The variable or key.
        origin: Origin,
        /// What is wrong with it.
        what: String,
    },
    /// Two of one rank contradict each other.
    #[error("{} and {} contradict each other", .0.0, .0.1)]
    Contradiction(Box<(Origin, Origin)>),
    /// A flag that does nothing without another option.
    #[error("--{option} does nothing without --{needed}")]
    Alone {
        /// The option that was given.
        option: &'static str,
        /// The one that is missing.
        needed: &'static str,
    },
}

/// Why no command is run: help or version was asked for, or the settings are wrong.
#[derive(Debug)]
pub enum Stop {
    /// clap has something to show: help, the version, or what is wrong with the command line.
    Clap(clap::Error),
    /// A variable or the configuration file is wrong.
    Wrong(Failure),
}

impl Stop {
    /// What is wrong with the command line, in one line; `None` where help or the version was asked for,
    /// or where [`Stop::show`] gives it back.
    pub fn complaint(&self) -> Option<String> {
        match self {
            Self::Clap(error) if error.use_stderr() => {
                let text = error.render().to_string();
                let first = text.lines().next().unwrap_or("the command line is wrong");
                Some(first.trim_start_matches("error: ").to_owned())
            }
            Self::Clap(_) | Self::Wrong(_) => None,
        }
    }

    /// Shows clap's text where it belongs and says how the process ends.
    ///
    /// # Errors
    /// A wrong variable or file, for the caller to report as any other failure; a writer's error.
    pub fn show(self, context: &Context, args: &[OsString]) -> anyhow::Result<Exit> {
        let error = match self {
            Self::Clap(error) => error,
            Self::Wrong(failure) => return Err(failure.into()),
        };
        let terminal =
            if error.use_stderr() { context.terminal.stderr } else { context.terminal.stdout };
        let coloured =
            colour::early(args, &context.environment, terminal) == clap::ColorChoice::Always;
        let text = error.render();
        let text = if coloured { text.ansi().to_string() } else { text.to_string() };
        if error.use_stderr() {
            context.complain(text.trim_end());
            return Ok(Exit::Usage);
        }
        context.answer(&text)?;
        Ok(Exit::Ok)
    }
}

impl Settings {
    /// Where the value of the option `--long` came from.
    pub fn origin(&self, long: &str) -> &Origin {
        self.origins.get(long).unwrap_or(&Origin::Default)
    }

    /// The options that are set at all, with their origins, by name. Values are not told: some are secret.
    pub fn origins(&self) -> impl Iterator<Item = (&str, &Origin)> {
        self.origins.iter().map(|(long, origin)| (long.as_str(), origin))
    }
}

/// The settings of a run with these arguments.
pub fn parse(args: &[OsString], context: &Context) -> Result<Settings, Stop> {
    let arguments = args.to_vec();
    let args = &optional::joined(&cli::spelled_out(args));
    let mut command = Cli::command();
    // Only to see which command is meant and what the command line itself says.
    let said = match command.clone().ignore_errors(true).try_get_matches_from(args) {
        Ok(said) => said,
        Err(help) => return Err(Stop::Clap(discreet(documented(help, args)))),
    };
    let wrong = |error: ConfigError| {
        Stop::Wrong(
            Failure::new(Exit::Usage, error)
                .advise("see dhlimit --help for the options; keys are their long names"),
        )
    };
    let config = config_path(&said, context);
    let file = config_file(&command, &said, context).map_err(wrong)?;
    let path = subcommands(&said);
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let layers = Layers { environment: &context.environment, file: &file, path: &path };
    let mut laid = Laid::default();
    let refused = |error: SettingError| Stop::Wrong(Failure::new(Exit::Usage, error));
    command = lay(command, &said, &layers, &mut laid).map_err(refused)?;
    let cli = command
        .try_get_matches_from(args)
        .and_then(|matches| Cli::from_arg_matches(&matches))
        .map_err(|error| Stop::Clap(discreet(documented(error, args))))?;
    if let Some(alone) = laid.alone {
        return Err(refused(alone));
    }
    let origins = laid
        .settings
        .into_iter()
        .filter_map(|setting| Some((setting.long?, setting.origin)))
        .collect();
    if let Some(passed_over) = file.passed_over.filter(|_| !cli.talk.quiet) {
        context.complain(&format!("! {passed_over}; going on without it"));
    }
    Ok(Settings { cli, accounts: file.accounts, config, arguments, origins })
}

/// The context as the general options want it.
pub fn apply(talk: &Talk, mut context: Context) -> Context {
    context.talkative = !talk.quiet;
    context.detailed = talk.verbose > 0;
    context.colour = colour::wanted(talk.color, &context.environment, context.terminal.stdout);
    context
}

/// Help as it is documented, with the variables' names, which the commands parsed here do not carry.
fn documented(error: clap::Error, args: &[OsString]) -> clap::Error {
    let is_help = matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    );
    match cli::command().try_get_matches_from(args) {
        Err(same) if is_help && same.kind() == error.kind() => same,
        _ => error,
    }
}

/// clap quotes a value that it cannot use, and an argument that it does not know; an address or an
/// image may carry a password.
fn discreet(mut error: clap::Error) -> clap::Error {
    for kind in [ContextKind::InvalidValue, ContextKind::InvalidArg, ContextKind::InvalidSubcommand]
    {
        if let Some(ContextValue::String(value)) = error.get(kind) {
            let shown = crate::text::redact_argument(value);
            error.insert(kind, ContextValue::String(shown));
        }
    }
    error
}

/// Where the configuration file lies: as named, else at its usual place.
fn config_path(said: &ArgMatches, context: &Context) -> Option<PathBuf> {
    named_config(said, context).or_else(|| ConfigFile::usual_path(&context.environment))
}

fn named_config(said: &ArgMatches, context: &Context) -> Option<PathBuf> {
    let flag = deepest(said).try_get_one::<PathBuf>("config").ok().flatten().cloned();
    flag.or_else(|| context.environment.var(&cli::variable("", "config")).map(PathBuf::from))
}

fn config_file(
    command: &Command,
    said: &ArgMatches,
    context: &Context,
) -> Result<ConfigFile, ConfigError> {
    let named = named_config(said, context);
    let limit = time_limit(said, context);
    match (named, ConfigFile::usual_path(&context.environment)) {
        (Some(named), _) => ConfigFile::open(&named, true, limit, &context.environment, command),
        (None, Some(usual)) => {
            ConfigFile::open(&usual, false, limit, &context.environment, command)
        }
        (None, None) => Ok(ConfigFile::default()),
    }
}

/// The bound on the whole operation, as far as it is known before the file is read.
fn time_limit(said: &ArgMatches, context: &Context) -> Duration {
    let said = deepest(said);
    let flag = said.try_get_one::<Duration>("timeout").ok().flatten().copied();
    let is_said = || said.value_source("timeout") == Some(ValueSource::CommandLine);
    let variable = context.environment.var(&cli::variable("", "timeout"));
    match (flag, variable.and_then(|text| cli::duration(text).ok())) {
        (Some(flag), _) if is_said() => flag,
        (_, Some(variable)) => variable,
        (flag, None) => flag.unwrap_or(Duration::from_secs(10)),
    }
}

fn deepest(matches: &ArgMatches) -> &ArgMatches {
    matches.subcommand().map_or(matches, |(_, below)| deepest(below))
}

fn subcommands(matches: &ArgMatches) -> Vec<String> {
    let below = matches.subcommand().map(|(name, below)| (name.to_owned(), subcommands(below)));
    below.into_iter().flat_map(|(name, below)| std::iter::once(name).chain(below)).collect()
}

/// What was laid into the commands.
#[derive(Default)]
struct Laid {
    settings: Vec<Setting>,
    /// A flag that does nothing: clap's own errors go first.
    alone: Option<SettingError>,
}

/// Lays variables and file into a command and the subcommand that was called.
fn lay(
    command: Command,
    said: &ArgMatches,
    layers: &Layers<'_>,
    into: &mut Laid,
) -> Result<Command, SettingError> {
    let settled = layers.settle(&command, said)?;
    into.alone = into.alone.take().or_else(|| layers::alone(&command, &settled));
    let mut command = settled.iter().filter(|setting| !setting.values.is_empty()).fold(
        command,
        |command, setting| {
            command.mut_arg(&setting.id, |arg| {
                arg.default_values(setting.values.clone()).required(false)
            })
        },
    );
    into.settings.extend(settled);
    if let Some((name, below)) = said.subcommand()
        && let Some(subcommand) = command.find_subcommand(name).cloned()
    {
        let laid = lay(subcommand, below, layers, into)?;
        command = command.mut_subcommand(name, |_| laid);
    }
    Ok(command)
}
