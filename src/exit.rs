//! The one enum of exit codes. Every command ends with one of these; README's table is compared
//! with [`Exit::ALL`] by a test. Source: the project's interface contract.

/// How a command ended, as the number a shell sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Exit {
    /// A reading was had and the effective identity may pull; the gate is open.
    Ok,
    /// The pull limit is used up, or below the threshold asked for; the gate is closed.
    Limit,
    /// The command line, a configuration file or an input file is wrong.
    Usage,
    /// The registry or token service could not be reached, or answered nonsense.
    Unreachable,
    /// Credentials were refused, or asked for and not found; no access to the image.
    Credentials,
    /// The limit could not be understood, or none could be determined though one was required.
    Unknown,
    /// The container runtime is missing, not running, or failing for a reason other than a limit.
    Runtime,
    /// Throttled by something other than the pull limit: the overall limit or the login limit.
    Throttled,
    /// Interrupted; what had been pulled has been removed, what had been recorded is on disk.
    Interrupted,
    /// A Monitoring Plugin's status, 0 to 3: with `-o nagios` only.
    Plugin(u8),
    /// The exit code of a command that dhlimit ran for the user, passed on as it came.
    Child(u8),
}

impl Exit {
    /// Every code of dhlimit's own, in the order of their numbers.
    pub const ALL: [Self; 9] = [
        Self::Ok,
        Self::Limit,
        Self::Usage,
        Self::Unreachable,
        Self::Credentials,
        Self::Unknown,
        Self::Runtime,
        Self::Throttled,
        Self::Interrupted,
    ];

    /// The number, 0 to 255.
    pub const fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Limit => 1,
            Self::Usage => 2,
            Self::Unreachable => 3,
            Self::Credentials => 4,
            Self::Unknown => 5,
            Self::Runtime => 6,
            Self::Throttled => 7,
            Self::Interrupted => 130,
            Self::Plugin(code) | Self::Child(code) => code,
        }
    }

    /// The meaning, as the README's table says it.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Ok => "the limit was read and the effective identity may pull; gate open",
            Self::Limit => "pull limit used up, or below the threshold asked for; gate closed",
            Self::Usage => {
                "usage: the command line, a configuration file or an input file is wrong"
            }
            Self::Unreachable => {
                "the registry or token service could not be reached, or its answer was not valid"
            }
            Self::Credentials => {
                "credentials refused, or asked for and not found; no access to the image"
            }
            Self::Unknown => {
                "the limit could not be read from the answer, or none was given though one is required"
            }
            Self::Runtime => {
                "the container runtime is missing, not running or failing for a reason other than a limit"
            }
            Self::Throttled => {
                "throttled by something other than the pull limit: the overall limit, the login limit"
            }
            Self::Interrupted => {
                "interrupted; pulled images have been removed, recorded samples are on disk"
            }
            Self::Plugin(_) => "the status of a Monitoring Plugin",
            Self::Child(_) => "the exit code of the command that was run",
        }
    }
}

impl From<Exit> for u8 {
    fn from(exit: Exit) -> Self {
        exit.code()
    }
}

/// An error that knows how the process should end and what the user could do next.
///
/// `source` is the chain of what went wrong, innermost last; `advice` is one sentence on what to
/// do, shown on a line of its own.
#[derive(Debug)]
pub struct Failure {
    /// The exit code of the process.
    pub exit: Exit,
    /// What went wrong.
    pub source: anyhow::Error,
    /// What to do next.
    pub advice: Option<String>,
}

/// It stands for its `source` in a chain of errors and is no link of its own: else the first message
/// of the chain would be shown twice.
impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.source()
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.source.fmt(f)
    }
}

impl Failure {
    /// A failure with its exit code and no advice yet.
    pub fn new(exit: Exit, source: impl Into<anyhow::Error>) -> Self {
        Self { exit, source: source.into(), advice: None }
    }

    /// A usage failure from a message.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, anyhow::Error::msg(message.into()))
    }

    /// The same failure with a next step.
    #[must_use]
    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// The same failure with the next step that its error knows, if it knows one.
    #[must_use]
    pub fn advise_if_known(self, advice: Option<impl Into<String>>) -> Self {
        Self { advice: advice.map(Into::into).or(self.advice), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_said_once_with_its_whole_chain() {
        let failure = Failure::new(
            Exit::Runtime,
            anyhow::anyhow!("no such program").context("cannot start nerdctl"),
        );
        assert_eq!(
            format!("{:#}", anyhow::Error::new(failure)),
            "cannot start nerdctl: no such program"
        );
    }

    #[test]
    fn codes_are_distinct_and_ascending() {
        let codes: Vec<u8> = Exit::ALL.iter().map(|exit| exit.code()).collect();
        assert!(codes.is_sorted_by(|a, b| a < b), "{codes:?}");
    }
}
