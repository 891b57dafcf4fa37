//! Variables and file laid between flags and defaults: which values count, which of them contradict
//! each other, and whether clap would take them. A value that counts becomes clap's default for this
//! run, so that one mechanism parses them all; a flag thereby wins over it without a word.

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, Id};

use super::file::{ConfigFile, Given};
use super::{Origin, SettingError};
use crate::cli;
use crate::context::Environment;

/// Options that say something about another one: a password belongs to the user named beside it.
const BELONGS_TO: [(&str, &str); 2] = [("password-file", "user"), ("password-stdin", "user")];

/// Options that do nothing without another one, which the command has. From a variable or the file
/// they are standing wishes for the runs that can grant them.
const NOTHING_WITHOUT: [(&str, &str); 3] =
    [("rotate-daily", "record"), ("rotate-size", "record"), ("traffic", "sandbox")];

/// Where the layers below the command line come from.
pub(super) struct Layers<'a> {
    pub environment: &'a Environment,
    pub file: &'a ConfigFile,
    /// The names of the command and its subcommands, without the program's.
    pub path: &'a [&'a str],
}

/// An option that is set somewhere.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    pub id: Id,
    /// The long name; what only has a place on the command line has none.
    pub long: Option<String>,
    /// What clap is to take as default; nothing for flags of the command line.
    pub values: Vec<String>,
    pub origin: Origin,
}

impl Layers<'_> {
    /// The settings of one command's own options: those that count, checked.
    pub(super) fn settle(
        &self,
        command: &Command,
        matches: &ArgMatches,
    ) -> Result<Vec<Setting>, SettingError> {
        let mut set: Vec<Setting> = Vec::new();
        for arg in command.get_arguments() {
            let long = arg.get_long().map(str::to_owned);
            if is_flag_given(arg, matches) {
                set.push(Setting {
                    id: arg.get_id().clone(),
                    long,
                    values: Vec::new(),
                    origin: Origin::Flag,
                });
            } else if let Some((given, origin)) = self.given(arg) {
                let values = values(command, arg, given, &origin)?;
                set.extend(values.map(|values| Setting {
                    id: arg.get_id().clone(),
                    long,
                    values,
                    origin,
                }));
            }
        }
        // The highest first; among equals, as the command lists them.
        set.sort_by_key(|setting| std::cmp::Reverse(setting.origin.rank()));
        let mut kept: Vec<Setting> = Vec::new();
        for setting in set {
            match kept.iter().find(|other| contradict(command, other, &setting)) {
                None => kept.push(setting),
                // clap says this better.
                Some(other) if other.origin == Origin::Flag && setting.origin == Origin::Flag => {
                    kept.push(setting);
                }
                Some(other) if other.origin.rank() == setting.origin.rank() => {
                    return Err(SettingError::Contradiction(Box::new((
                        other.origin.clone(),
                        setting.origin,
                    ))));
                }
                Some(_) => {}
            }
        }
        let orphans: Vec<Id> = kept
            .iter()
            .filter(|setting| self.is_orphan(setting, &kept, matches))
            .map(|orphan| orphan.id.clone())
            .collect();
        kept.retain(|setting| !orphans.contains(&setting.id));
        for setting in kept.iter().filter(|setting| !setting.values.is_empty()) {
            probe(command, setting)?;
        }
        Ok(kept)
    }

    /// The command's name; empty for the program itself.
    fn command(&self) -> &str {
        self.path.last().copied().unwrap_or_default()
    }

    /// The highest layer below the command line that says something about an option.
    fn given(&self, arg: &Arg) -> Option<(Given, Origin)> {
        let long = arg.get_long().filter(|long| !["help", "version"].contains(long))?;
        let variable = cli::variable(self.command(), long);
        match self.environment.var(&variable) {
            Some(value) => Some((Given::One(value.to_owned()), Origin::Variable(variable))),
            None => self.file.given(self.path, long),
        }
    }

    /// A password beside a user who was overridden by another: it is not the other's.
    fn is_orphan(&self, setting: &Setting, kept: &[Setting], matches: &ArgMatches) -> bool {
        let Some((_, owner)) =
            BELONGS_TO.iter().find(|(long, _)| Some(*long) == setting.long.as_deref())
        else {
            return false;
        };
        let Some(user) = kept.iter().find(|user| user.long.as_deref() == Some(*owner)) else {
            return false;
        };
        if user.origin.rank() <= setting.origin.rank() {
            return false;
        }
        let beside = match setting.origin {
            Origin::Variable(_) => {
                self.environment.var(&cli::variable(self.command(), owner)).map(str::to_owned)
            }
            _ => match self.file.given(self.path, owner) {
                Some((Given::One(name), _)) => Some(name),
                _ => None,
            },
        };
        let named = match &user.origin {
            Origin::Flag => matches
                .get_raw(user.id.as_str())
                .and_then(|mut raw| raw.next())
                .map(|raw| raw.to_string_lossy().into_owned()),
            _ => user.values.first().cloned(),
        };
        beside.is_some_and(|beside| Some(beside) != named)
    }
}

/// A flag that does nothing without another option, which is set nowhere. To be asked once clap has
/// taken the command line: one that is wrong elsewhere is not seen whole.
pub(super) fn alone(command: &Command, settled: &[Setting]) -> Option<SettingError> {
    let of = |wanted: &str| settled.iter().find(|setting| setting.long.as_deref() == Some(wanted));
    let is_alone = |(long, needed): &(&str, &str)| {
        let has_needed = command.get_arguments().any(|arg| arg.get_long() == Some(needed));
        has_needed
            && of(needed).is_none()
            && of(long).is_some_and(|setting| setting.origin == Origin::Flag)
    };
    let (option, needed) = NOTHING_WITHOUT.into_iter().find(is_alone)?;
    Some(SettingError::Alone { option, needed })
}

fn is_flag_given(arg: &Arg, matches: &ArgMatches) -> bool {
    // `try_contains_id` first: `value_source` panics on an id that the command does not have.
    matches!(matches.try_contains_id(arg.get_id().as_str()), Ok(true))
        && matches.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine)
}

/// Whether the command line declares two options to contradict each other.
fn contradict(command: &Command, one: &Setting, other: &Setting) -> bool {
    let declared = |of: &Setting, with: &Setting| {
        let arg = command.get_arguments().find(|arg| *arg.get_id() == of.id);
        arg.is_some_and(|arg| {
            command.get_arg_conflicts_with(arg).iter().any(|conflict| *conflict.get_id() == with.id)
        })
    };
    declared(one, other) || declared(other, one)
}

/// What clap is to take; `None` where the layer says "not set".
fn values(
    command: &Command,
    arg: &Arg,
    given: Given,
    origin: &Origin,
) -> Result<Option<Vec<String>>, SettingError> {
    let one = |value: String| Ok(Some(vec![value]));
    match (arg.get_action(), given) {
        (ArgAction::SetTrue, given) => match switch(&given) {
            Some(true) => one("true".to_owned()),
            Some(false) => Ok(None),
            None => Err(SettingError::Value {
                origin: origin.clone(),
                what: "must be true or false".to_owned(),
            }),
        },
        (ArgAction::Count, given) => match (switch(&given), given) {
            (Some(true), _) => one("1".to_owned()),
            (Some(false), _) => Ok(None),
            (None, Given::One(count)) => one(count),
            (None, _) => Err(SettingError::Value {
                origin: origin.clone(),
                what: "must be a number".to_owned(),
            }),
        },
        // An option whose value may be left out: `true` is the bare option.
        (_, given) if is_bare_possible(arg) && word(&given).is_some() => {
            match (word(&given), bare(command, arg)) {
                (Some(true), Some(value)) => one(value),
                (Some(true), None) => Err(SettingError::Value {
                    origin: origin.clone(),
                    what: "needs a value".to_owned(),
                }),
                _ => Ok(None),
            }
        }
        (ArgAction::Append, Given::Many(values)) => {
            Ok(Some(values).filter(|values| !values.is_empty()))
        }
        (_, Given::Many(_)) => Err(SettingError::Value {
            origin: origin.clone(),
            what: "takes one value, not a list".to_owned(),
        }),
        (_, Given::Switch(_)) => Err(SettingError::Value {
            origin: origin.clone(),
            what: "takes a value, not true or false".to_owned(),
        }),
        (_, Given::One(value)) => one(value),
    }
}

fn switch(given: &Given) -> Option<bool> {
    match given {
        Given::Switch(switch) => Some(*switch),
        Given::One(text) => match text.trim().to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" | "on" | "y" | "t" => Some(true),
            "0" | "false" | "no" | "off" | "n" | "f" | "" => Some(false),
            _ => None,
        },
        Given::Many(_) => None,
    }
}

/// A switch in words: `1` and `0` are values where an option takes values.
fn word(given: &Given) -> Option<bool> {
    match given {
        Given::One(text) if text.trim().parse::<f64>().is_ok() => None,
        other => switch(other),
    }
}

fn is_bare_possible(arg: &Arg) -> bool {
    arg.get_num_args().is_some_and(|range| range.min_values() == 0 && range.takes_values())
}

/// The value of an option given without one. clap does not tell it, but a parse does.
fn bare(command: &Command, arg: &Arg) -> Option<String> {
    let line = [format!("--{}", arg.get_long()?)];
    let matches =
        command.clone().no_binary_name(true).ignore_errors(true).try_get_matches_from(line).ok()?;
    let value = matches.get_raw(arg.get_id().as_str())?.next()?;
    value.to_str().map(str::to_owned)
}

/// Whether clap would take the values: the command is asked with nothing but them.
fn probe(command: &Command, setting: &Setting) -> Result<(), SettingError> {
    let Some(arg) = command.get_arguments().find(|arg| *arg.get_id() == setting.id) else {
        return Ok(());
    };
    if matches!(arg.get_action(), ArgAction::SetTrue) {
        return Ok(());
    }
    let wrong = |what: String| SettingError::Value { origin: setting.origin.clone(), what };
    if matches!(arg.get_action(), ArgAction::Count) {
        let count = setting.values.first().map(|count| count.parse::<u8>());
        return if matches!(count, Some(Ok(_))) {
            Ok(())
        } else {
            Err(wrong("must be a number from 0 to 255".to_owned()))
        };
    }
    let Some(long) = arg.get_long() else { return Ok(()) };
    let line = setting.values.iter().map(|value| format!("--{long}={value}"));
    match command.clone().no_binary_name(true).try_get_matches_from(line) {
        Err(error) if is_about_values(error.kind()) => Err(wrong(told(&super::discreet(error)))),
        _ => Ok(()),
    }
}

const fn is_about_values(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::InvalidValue
            | ErrorKind::ValueValidation
            | ErrorKind::TooManyValues
            | ErrorKind::TooFewValues
            | ErrorKind::WrongNumberOfValues
    )
}

/// clap's words, up to the usage, on one line.
fn told(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let lines = text.lines().map(str::trim).take_while(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join(" ").trim_start_matches("error: ").to_owned()
}
