//! The configuration file: TOML whose keys are the long options, at the top for all commands and in
//! a table for one command, and `[[account]]` entries. Keys are checked against the options there
//! are; values are left to clap, which checks those of the command line, too.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Command;
use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Origin;
use crate::cli;
use crate::context::{Environment, read_file_within, why_unread};
use crate::credentials::{Account, shown_path};
use crate::text;

/// Options that make no sense in a file.
const NOT_IN_FILE: [&str; 8] =
    ["help", "version", "config", "password-stdin", "apply", "check", "remove", "replace"];
/// The key of the account entries.
const ACCOUNT: &str = "account";

/// What is wrong with a configuration file. All are usage errors.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// It was asked for by name and is not there.
    #[error("no such file: {0}")]
    Absent(String),
    /// It cannot be read.
    #[error("cannot read the configuration file {file}: {why}")]
    Unreadable {
        /// The file, as shown.
        file: String,
        /// Why.
        why: String,
    },
    /// A line is wrong.
    #[error("{file}:{line}: {what}")]
    Line {
        /// The file, as shown.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong, naming the key.
        what: String,
    },
}

/// A configuration file; empty where there is none.
#[derive(Debug, Default)]
pub(super) struct ConfigFile {
    file: String,
    root: Table,
    /// The further accounts.
    pub accounts: Vec<Account>,
    /// Why it was passed over, where it was.
    pub passed_over: Option<ConfigError>,
}

#[derive(Debug, Default)]
struct Table {
    keys: BTreeMap<String, (Given, usize)>,
    tables: BTreeMap<String, Self>,
}

/// A value before anything is known about its option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Given {
    /// `true` or `false`.
    Switch(bool),
    /// One value, as clap wants it.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl ConfigFile {
    /// Where the file lies if nobody says otherwise: `$XDG_CONFIG_HOME`, else `~/.config`.
    pub(super) fn usual_path(environment: &Environment) -> Option<PathBuf> {
        let absolute = |folder: &PathBuf| folder.is_absolute();
        let folder = environment.var("XDG_CONFIG_HOME").map(PathBuf::from).filter(absolute);
        Some(
            folder
                .or_else(|| Some(environment.home()?.join(".config")))?
                .join("dhlimit/config.toml"),
        )
    }

    /// Reads the file at `path` within `limit`. One that was not asked for by name may be absent, or
    /// lie in a home that belongs to another: that is told, and passed over.
    pub(super) fn open(
        path: &Path,
        asked_for: bool,
        limit: Duration,
        environment: &Environment,
        command: &Command,
    ) -> Result<Self, ConfigError> {
        let home = environment.home();
        let file = shown_path(path, home.as_deref());
        let unreadable = |why: String| ConfigError::Unreadable { file: file.clone(), why };
        let bytes = match read_file_within(path, limit) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound && asked_for => {
                return Err(ConfigError::Absent(file));
            }
            Err(error) if asked_for => return Err(unreadable(why_unread(&error))),
            Err(error) => {
                return match error.kind() {
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Ok(Self::default()),
                    io::ErrorKind::PermissionDenied => Ok(Self {
                        passed_over: Some(unreadable(why_unread(&error))),
                        ..Self::default()
                    }),
                    _ => Err(unreadable(why_unread(&error))),
                };
            }
        };
        let text =
            String::from_utf8(bytes).map_err(|_| unreadable("it is not UTF-8 text".to_owned()))?;
        let mut config = Self::parse(&text, &file, command)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        config.accounts = config
            .accounts
            .into_iter()
            .map(|account| account.beside(folder, home.as_deref()))
            .collect();
        Ok(config)
    }

    /// Parses the text of a file against the options of `command` and its subcommands.
    pub(super) fn parse(text: &str, file: &str, command: &Command) -> Result<Self, ConfigError> {
        let line = |at: usize| text.get(..at).map_or(1, |before| before.matches('\n').count() + 1);
        let wrong = |at: usize, what: String| ConfigError::Line {
            file: file.to_owned(),
            line: line(at),
            what: text::one_line(&what, 500),
        };
        let parsed = DeTable::parse(text).map_err(|error| {
            wrong(error.span().map_or(0, |span| span.start), error.message().to_owned())
        })?;
        let mut root = parsed.into_inner();
        let accounts = match root.remove(ACCOUNT) {
            None => Vec::new(),
            Some(value) => accounts(value).map_err(|(at, what)| wrong(at, what))?,
        };
        let globals = command
            .get_arguments()
            .filter(|arg| arg.is_global_set())
            .filter_map(clap::Arg::get_long)
            .collect();
        let reader = Reader { line: &line, globals };
        let root =
            reader.table(&root, command, &mut Vec::new()).map_err(|(at, what)| wrong(at, what))?;
        Ok(Self { file: file.to_owned(), root, accounts, passed_over: None })
    }

    /// What the file gives for an option of the command at `path`: the innermost table wins.
    pub(super) fn given(&self, path: &[&str], long: &str) -> Option<(Given, Origin)> {
        let mut at = &self.root;
        let own = path.last().is_some_and(|command| cli::means_its_own(command, long));
        let mut found = at.keys.get(long).filter(|_| !own).map(|found| (found, 0));
        for (depth, name) in path.iter().enumerate() {
            let Some(next) = at.tables.get(*name) else { break };
            at = next;
            found = at.keys.get(long).map(|found| (found, depth + 1)).or(found);
        }
        let ((given, line), depth) = found?;
        let key = path.iter().take(depth).copied().chain([long]).collect::<Vec<_>>().join(".");
        Some((given.clone(), Origin::File { file: self.file.clone(), key, line: *line, depth }))
    }
}

/// A byte offset in the text, and what is wrong there.
type Wrong = (usize, String);

/// What is needed while going through the tables.
struct Reader<'a> {
    line: &'a dyn Fn(usize) -> usize,
    globals: Vec<&'a str>,
}

impl Reader<'_> {
    fn table(
        &self,
        found: &DeTable<'_>,
        command: &Command,
        path: &mut Vec<String>,
    ) -> Result<Table, Wrong> {
        let mut table = Table::default();
        for (key, value) in found {
            let (name, at) = (key.get_ref().as_ref(), key.span().start);
            if let (DeValue::Table(inner), Some(subcommand)) =
                (value.get_ref(), command.find_subcommand(name))
            {
                path.push(name.to_owned());
                table.tables.insert(name.to_owned(), self.table(inner, subcommand, path)?);
                path.pop();
                continue;
            }
            let whole = path.iter().map(String::as_str).chain([name]).collect::<Vec<_>>().join(".");
            if NOT_IN_FILE.contains(&name) {
                return Err((
                    at,
                    format!("{whole} cannot be set in a file; give it on the command line"),
                ));
            }
            if !knows(command, name) && !self.globals.contains(&name) {
                return Err((at, unknown(&whole, name, command, path)));
            }
            let given = given(value.get_ref()).ok_or_else(|| {
                (at, format!("{whole} must be a text, a number, true or false, or a list of them"))
            })?;
            table.keys.insert(name.to_owned(), (given, (self.line)(at)));
        }
        Ok(table)
    }
}

/// Whether a command or any of its subcommands has the option.
fn knows(command: &Command, long: &str) -> bool {
    command.get_arguments().any(|arg| arg.get_long() == Some(long))
        || command.get_subcommands().any(|below| knows(below, long))
}

fn unknown(whole: &str, name: &str, command: &Command, path: &[String]) -> String {
    let mut candidates = Vec::new();
    options(command, &mut candidates);
    candidates.extend(command.get_subcommands().map(|command| command.get_name().to_owned()));
    if path.is_empty() {
        candidates.push(ACCOUNT.to_owned());
    }
    let near = candidates
        .iter()
        .map(|candidate| (strsim::jaro_winkler(&name.replace('_', "-"), candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|(one, _), (other, _)| one.total_cmp(other));
    let subject = if path.is_empty() {
        "no command has".to_owned()
    } else {
        format!("{} has no", path.join(" "))
    };
    let hint = near.map_or_else(String::new, |(_, near)| format!("; did you mean {near}?"));
    format!("unknown key {whole}: {subject} option --{name}{hint}")
}

fn options(command: &Command, into: &mut Vec<String>) {
    let names = command
        .get_arguments()
        .filter_map(clap::Arg::get_long)
        .filter(|long| !NOT_IN_FILE.contains(long));
    into.extend(names.map(str::to_owned));
    command.get_subcommands().for_each(|below| options(below, into));
}

fn given(value: &DeValue<'_>) -> Option<Given> {
    match value {
        DeValue::Boolean(switch) => Some(Given::Switch(*switch)),
        DeValue::Array(items) => {
            items.iter().map(|item| scalar(item.get_ref())).collect::<Option<_>>().map(Given::Many)
        }
        other => scalar(other).map(Given::One),
    }
}

fn scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .ok()
            .map(|number| number.to_string()),
        DeValue::Float(number) => Some(number.as_str().to_owned()),
        DeValue::Boolean(switch) => Some(switch.to_string()),
        DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

fn accounts(value: Spanned<DeValue<'_>>) -> Result<Vec<Account>, Wrong> {
    let at = value.span().start;
    let DeValue::Array(entries) = value.into_inner() else {
        return Err((at, format!("{ACCOUNT} must be written as [[{ACCOUNT}]] entries")));
    };
    let mut accounts: Vec<Account> = Vec::new();
    for entry in entries {
        let start = entry.span().start;
        let name =
            entry.get_ref().get("name").and_then(|name| name.get_ref().as_str()).map(str::to_owned);
        let account =
            Account::deserialize(toml::de::ValueDeserializer::from(entry)).map_err(|error| {
                let at = error.span().map_or(start, |span| span.start);
                let whose = name
                    .as_ref()
                    .map(|name| format!("account {name}: "))
                    .filter(|whose| !error.message().starts_with(whose.trim_end_matches(": ")));
                (at, format!("{}{}", whose.unwrap_or_default(), error.message()))
            })?;
        if accounts.iter().any(|known| known.name == account.name) {
            return Err((start, format!("there are two accounts named {}", account.name)));
        }
        accounts.push(account);
    }
    Ok(accounts)
}
