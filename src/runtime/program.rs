//! A command-line tool that was found: where it is, what it is called with each time, and the three
//! ways of asking it something. Apart from the runner because this knows of errors and outcomes,
//! that only of processes.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

use tokio::process::Command;
use tokio_util::sync::CancellationToken;

use super::{Outcome, Pull, RuntimeError};
use crate::context::Environment;
use crate::process;
use crate::process::child::{self, Bounds, Ending, Finished};

/// How long a question about state may take: a daemon under load, a virtual machine behind ssh.
const QUESTION: Duration = Duration::from_secs(20);
/// How long a removal may take: large images on slow disks.
const REMOVAL: Duration = Duration::from_secs(120);
/// How much of an answer to a question is kept: a list of some ten thousand images.
const ANSWER_ROOM: usize = 8 << 20;
/// How much of what a pull prints on each stream is kept.
const TEXT_ROOM: usize = 64 << 10;

/// The bounds of a pull.
pub(super) fn pulling(limit: Duration, shutdown: &CancellationToken) -> Bounds<'_> {
    Bounds::new(limit, TEXT_ROOM).until(shutdown)
}

/// A tool, the arguments that come first in every call, and its environment.
#[derive(Debug, Clone)]
pub(super) struct Program {
    name: String,
    path: PathBuf,
    first: Vec<String>,
    environment: Environment,
    without: Vec<&'static str>,
    with_variables: Vec<(&'static str, PathBuf)>,
}

impl Program {
    /// Looks a tool up in `PATH`; a name with a slash is taken as a path.
    pub(super) fn find(name: &str, environment: &Environment) -> Result<Self, RuntimeError> {
        let path = process::find(name, environment)
            .ok_or_else(|| RuntimeError::NotInstalled { program: name.to_owned() })?;
        Ok(Self {
            name: name.to_owned(),
            path,
            first: Vec::new(),
            environment: environment.clone(),
            without: Vec::new(),
            with_variables: Vec::new(),
        })
    }

    /// The tool's name, for messages.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The same tool, called with these arguments before all others.
    pub(super) fn with(mut self, arguments: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.first.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// The same tool without an environment variable.
    pub(super) fn without(mut self, variable: &'static str) -> Self {
        self.without.push(variable);
        self
    }

    /// The same tool with a variable set to a path.
    pub(super) fn with_variable(mut self, variable: &'static str, path: PathBuf) -> Self {
        self.with_variables.push((variable, path));
        self
    }

    /// Asks a question and takes whatever comes of it, unless it takes too long.
    pub(super) async fn try_ask(&self, arguments: &[&str]) -> Result<Finished, RuntimeError> {
        self.within(QUESTION, arguments).await
    }

    /// Asks a question that is to be answered with exit code 0: what it printed on standard output, whole.
    pub(super) async fn ask(&self, arguments: &[&str]) -> Result<String, RuntimeError> {
        let finished = self.try_ask(arguments).await?;
        if !finished.succeeded() {
            return Err(self.refused(arguments, &finished));
        }
        self.whole(arguments, &finished)
    }

    /// Has something removed and takes whatever comes of it.
    pub(super) async fn try_remove(&self, arguments: &[&str]) -> Result<Finished, RuntimeError> {
        self.within(REMOVAL, arguments).await
    }

    /// Pulls within [`pulling`] bounds: every way in which it can end is an outcome.
    pub(super) async fn pull(&self, arguments: &[&str], bounds: Bounds<'_>) -> Pull {
        let finished = match child::run(self.command(arguments), bounds).await {
            Ok(finished) => finished,
            Err(error) => {
                let text = format!("cannot start {}: {error}", self.path.display());
                return Pull {
                    outcome: Outcome::Failed { exit: None, text },
                    elapsed: Duration::ZERO,
                };
            }
        };
        let text = finished.text();
        let outcome = match finished.ending {
            Ending::Exited(0) => Outcome::Pulled,
            Ending::Exited(exit) => Outcome::Failed { exit: Some(exit), text },
            Ending::Signalled(_) => Outcome::Failed {
                exit: None,
                text: format!("{text}\n{} was {}", self.name, finished.status()),
            },
            Ending::Stopped => Outcome::Waiting { text },
            Ending::TimedOut => Outcome::TimedOut { text },
            Ending::Interrupted => Outcome::Interrupted,
        };
        Pull { outcome, elapsed: finished.elapsed }
    }

    /// The answer as it came, or the error that part of it is missing.
    pub(super) fn whole(
        &self,
        arguments: &[&str],
        finished: &Finished,
    ) -> Result<String, RuntimeError> {
        if finished.stdout.left_out() > 0 {
            return Err(self.nonsense(arguments, &format_args!("more than {ANSWER_ROOM} bytes")));
        }
        Ok(finished.stdout.text())
    }

    /// The error for an exit code other than 0.
    pub(super) fn refused(&self, arguments: &[&str], finished: &Finished) -> RuntimeError {
        RuntimeError::Refused {
            program: self.name.clone(),
            verb: verb(arguments),
            status: finished.status(),
            text: finished.complaint(),
        }
    }

    /// The error for a daemon that does not answer.
    pub(super) fn no_daemon(&self, finished: &Finished) -> RuntimeError {
        RuntimeError::NoDaemon { program: self.name.clone(), text: finished.complaint() }
    }

    /// The error for an answer that is not understood.
    pub(super) fn nonsense(
        &self,
        arguments: &[&str],
        reason: &dyn std::fmt::Display,
    ) -> RuntimeError {
        RuntimeError::Nonsense {
            program: self.name.clone(),
            verb: verb(arguments),
            reason: reason.to_string(),
        }
    }

    async fn within(&self, limit: Duration, arguments: &[&str]) -> Result<Finished, RuntimeError> {
        let finished =
            child::run(self.command(arguments), Bounds::new(limit, ANSWER_ROOM)).await.map_err(
                |source| RuntimeError::Start { program: self.path.display().to_string(), source },
            )?;
        match finished.ending {
            Ending::TimedOut => Err(RuntimeError::Silent {
                program: self.name.clone(),
                verb: verb(arguments),
                limit,
            }),
            _ => Ok(finished),
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.path);
        command
            .env_clear()
            .envs(self.environment.iter().filter(|(name, _)| !self.without.contains(name)));
        command.envs(self.with_variables.iter().map(|(name, path)| (name, path)));
        // No colour and no foreign language: what is printed is read by this program.
        command.env("LC_ALL", "C").env("NO_COLOR", "1");
        command.args(&self.first).args(arguments);
        tracing::debug!(argv = %argv(&command), "run");
        command
    }
}

/// The command line for the trace, in one line. No driver puts a secret there.
fn argv(command: &Command) -> String {
    let command = command.as_std();
    let words = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(OsStr::to_string_lossy);
    crate::text::one_line(&words.collect::<Vec<_>>().join(" "), 1000)
}

/// The words of a call that say what is wanted, for messages: up to the first option.
fn verb(arguments: &[&str]) -> String {
    let words = arguments
        .iter()
        .skip_while(|word| word.starts_with('-'))
        .take_while(|word| !word.starts_with('-'));
    words.take(2).copied().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    /// A folder with one script, and an environment whose search path is that folder and the usual ones.
    fn tool(script: &str) -> (TempDir, Environment) {
        let folder = tempfile::tempdir().unwrap();
        // Written by another process: a script that is open for writing here, in a fork of another
        // test at that moment, cannot be run ("text file busy").
        let write = "printf '%s\\n' '#!/bin/sh' \"$1\" > tool && chmod 755 tool";
        let status = std::process::Command::new("/bin/sh")
            .args(["-c", write, "sh", script])
            .current_dir(folder.path())
            .status();
        assert!(status.unwrap().success());
        fs::write(folder.path().join("document"), "no program").unwrap();
        let search = format!("/nonexistent:{}:/usr/bin:/bin", folder.path().display());
        (folder, [("PATH", search.as_str()), ("SECRET", "kept")].into_iter().collect())
    }

    #[test]
    fn a_program_is_found_in_the_search_path_or_by_its_path() {
        let (folder, environment) = tool("");
        assert_eq!(Program::find("tool", &environment).unwrap().path, folder.path().join("tool"));
        let path = folder.path().join("tool").display().to_string();
        assert!(Program::find(&path, &Environment::default()).is_ok());
        for missing in ["document", "absent", "/nonexistent/tool", "./document"] {
            let error = Program::find(missing, &environment).unwrap_err();
            assert!(
                matches!(&error, RuntimeError::NotInstalled { program } if program == missing),
                "{error}"
            );
            assert!(error.advice().is_some());
        }
    }

    #[tokio::test]
    async fn first_arguments_stand_first_and_a_variable_can_be_left_out() {
        let (_folder, environment) = tool("echo \"$@\" $SECRET $LC_ALL $NO_COLOR");
        let program = Program::find("tool", &environment).unwrap().with(["shell", "vm"]);
        assert_eq!(program.ask(&["images"]).await.unwrap(), "shell vm images kept C 1\n");
        assert_eq!(
            program.without("SECRET").ask(&["images"]).await.unwrap(),
            "shell vm images C 1\n"
        );
    }

    #[tokio::test]
    async fn a_refusal_says_who_what_and_why() {
        let (_folder, environment) = tool("echo 'permission \u{1b}[31mdenied' >&2; exit 3");
        let error = Program::find("tool", &environment)
            .unwrap()
            .ask(&["--quiet", "image", "ls", "-a"])
            .await
            .unwrap_err();
        assert_eq!(error.to_string(), "tool image ls failed (exit code 3): permission  [31mdenied");
    }

    #[tokio::test]
    async fn a_complaint_is_the_last_line_without_its_dress() {
        let rows = [
            ("echo '{}'; echo warning >&2; echo 'Error: no' >&2; echo >&2", "Error: no"),
            ("echo only; echo answers", "answers"),
            (
                r#"echo 'time="x" level=fatal msg="cannot access \"/run/c\": no"' >&2"#,
                "cannot access \"/run/c\": no",
            ),
            ("true", ""),
        ];
        for (script, expected) in rows {
            let (_folder, environment) = tool(script);
            let finished =
                Program::find("tool", &environment).unwrap().try_ask(&["version"]).await.unwrap();
            assert_eq!(finished.complaint(), expected, "{script}");
        }
    }

    #[tokio::test]
    async fn an_answer_without_end_is_refused_and_not_misread() {
        let (_folder, environment) = tool("yes image | head -c 20000000");
        let error =
            Program::find("tool", &environment).unwrap().ask(&["images"]).await.unwrap_err();
        assert!(matches!(error, RuntimeError::Nonsense { .. }), "{error}");
    }

    #[tokio::test]
    async fn every_end_of_a_pull_is_an_outcome() {
        let token = CancellationToken::new();
        let rows = [
            ("echo fine", None, Outcome::Pulled),
            (
                "echo part; echo why >&2; exit 4",
                None,
                Outcome::Failed { exit: Some(4), text: "part\nwhy\n".to_owned() },
            ),
            (
                "kill -KILL $$",
                None,
                Outcome::Failed { exit: None, text: "\ntool was killed by signal 9".to_owned() },
            ),
            (
                "echo asleep >&2; sleep 60",
                Some("asleep"),
                Outcome::Waiting { text: "asleep\n".to_owned() },
            ),
            ("echo slow; exec sleep 60", None, Outcome::TimedOut { text: "slow\n".to_owned() }),
        ];
        for (script, stop_at, expected) in rows {
            let (_folder, environment) = tool(script);
            let program = Program::find("tool", &environment).unwrap();
            let mut bounds = pulling(Duration::from_secs(1), &token);
            bounds.stop_at = stop_at;
            assert_eq!(program.pull(&["pull"], bounds).await.outcome, expected, "{script}");
        }
        token.cancel();
        let (folder, environment) = tool("sleep 60");
        let program = Program::find("tool", &environment).unwrap();
        assert_eq!(
            program.pull(&["pull"], pulling(Duration::from_secs(60), &token)).await.outcome,
            Outcome::Interrupted
        );
        fs::remove_file(folder.path().join("tool")).unwrap();
        let gone = program
            .pull(&["pull"], pulling(Duration::from_secs(60), &CancellationToken::new()))
            .await
            .outcome;
        assert!(
            matches!(&gone, Outcome::Failed { exit: None, text } if text.starts_with("cannot start")),
            "{gone:?}"
        );
    }
}
