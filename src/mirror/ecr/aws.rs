//! Running the user's aws command. Its exit codes tell little: version 1 ends with 255 for a missing
//! login, a missing region and every refusal alike, version 2 with others again. So what went wrong is
//! read from its standard error, by the exception's name. Seen with 1.46.3 (November 2026).

use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

use super::call::Call;
use crate::Exit;
use crate::context::Environment;
use crate::process::child::{self, Bounds, Ending};
use crate::text::one_line;

/// How much of an answer is kept.
const ROOM: usize = 1 << 20;

/// Why a call brought nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AwsError {
    /// There is no aws command.
    #[error("aws is not installed: no such program in PATH")]
    Missing,
    /// It cannot be started.
    #[error("cannot start {program}: {why}")]
    Start {
        /// Its path.
        program: String,
        /// The system's word.
        why: String,
    },
    /// It did not answer in time.
    #[error("{call} did not answer within {} s", limit.as_secs())]
    Silent {
        /// What was asked.
        call: String,
        /// How long it was given.
        limit: Duration,
    },
    /// It finds no login to AWS.
    #[error("aws finds no login to AWS: {0}")]
    NoCredentials(String),
    /// The service refused.
    #[error("{call}: {exception}: {message}")]
    Refused {
        /// What was asked.
        call: String,
        /// The exception's name.
        exception: String,
        /// Its words.
        message: String,
    },
    /// The service cannot be reached.
    #[error("{0}")]
    Unreachable(String),
    /// The command does not understand its arguments: too old, most likely.
    #[error("aws does not know {call}: {words}")]
    Syntax {
        /// What was asked.
        call: String,
        /// Its words.
        words: String,
    },
    /// It failed in another way.
    #[error("{call} failed: {words}")]
    Failed {
        /// What was asked.
        call: String,
        /// Its words.
        words: String,
    },
    /// Its answer is not what it should be.
    #[error("{call} answered something unexpected: {why}")]
    Nonsense {
        /// What was asked.
        call: String,
        /// What is wrong with it.
        why: String,
    },
    /// Shutdown was asked for.
    #[error("interrupted")]
    Interrupted,
}

/// Exceptions that say who asks may not, or is nobody known.
const DENIED: &[&str] = &[
    "AccessDenied",
    "AccessDeniedException",
    "UnauthorizedOperation",
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "IncompleteSignature",
    "MissingAuthenticationToken",
    "ExpiredToken",
    "ExpiredTokenException",
    "OptInRequired",
    "UnableToAccessSecretException",
    "UnableToDecryptSecretValueException",
];
/// Exceptions of too many calls.
const THROTTLED: &[&str] =
    &["ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded"];
/// Exceptions of what was asked, not of who asked.
const INVALID: &[&str] = &[
    "InvalidParameterException",
    "ValidationException",
    "InvalidRequestException",
    "UnsupportedUpstreamRegistryException",
    "SecretNotFoundException",
    "ResourceNotFoundException",
    "LimitExceededException",
];

impl AwsError {
    /// Whether the service said that there is no such thing.
    pub fn is(&self, name: &str) -> bool {
        matches!(self, Self::Refused { exception, .. } if exception == name)
    }

    /// How a command that meets this ends.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Missing | Self::Start { .. } | Self::Syntax { .. } | Self::Failed { .. } => {
                Exit::Runtime
            }
            Self::NoCredentials(_) => Exit::Credentials,
            Self::Refused { exception, .. } if DENIED.contains(&exception.as_str()) => {
                Exit::Credentials
            }
            Self::Refused { exception, .. } if THROTTLED.contains(&exception.as_str()) => {
                Exit::Throttled
            }
            Self::Refused { exception, .. } if INVALID.contains(&exception.as_str()) => Exit::Usage,
            Self::Silent { .. }
            | Self::Refused { .. }
            | Self::Unreachable(_)
            | Self::Nonsense { .. } => Exit::Unreachable,
            Self::Interrupted => Exit::Interrupted,
        }
    }

    /// What to do next.
    pub fn advice(&self) -> Option<&'static str> {
        let exception = match self {
            Self::Missing => {
                return Some(
                    "install the AWS command line, or run what --print shell writes elsewhere",
                );
            }
            Self::NoCredentials(_) => {
                return Some("log in first: aws configure, aws sso login, or AWS_PROFILE");
            }
            Self::Syntax { .. } => return Some("install a newer AWS command line"),
            Self::Refused { exception, .. } => exception.as_str(),
            _ => return None,
        };
        Some(match exception {
            "AccessDenied" | "AccessDeniedException" => {
                "the rights that this needs are in the policy of administrators that --print shell writes"
            }
            "ExpiredToken" | "ExpiredTokenException" => "the login has ended: log in again",
            "UnableToDecryptSecretValueException" => {
                "the secret must be encrypted by the default key aws/secretsmanager, not by one of your own"
            }
            "UnableToAccessSecretException" => {
                "ECR may not read the secret: look at the secret's own policy"
            }
            "SecretNotFoundException" => {
                "the secret must be in the same account and region as the rule"
            }
            "LimitExceededException" => {
                "a registry has at most 50 rules: remove one, or use one prefix for more"
            }
            _ => return None,
        })
    }
}

/// The user's aws command.
#[derive(Debug)]
pub struct Aws<'a> {
    program: PathBuf,
    environment: &'a Environment,
    limit: Duration,
    shutdown: &'a CancellationToken,
}

impl<'a> Aws<'a> {
    /// Looks it up in `PATH`.
    ///
    /// # Errors
    /// Where it is not there.
    pub fn find(
        environment: &'a Environment,
        limit: Duration,
        shutdown: &'a CancellationToken,
    ) -> Result<Self, AwsError> {
        let program = crate::process::find("aws", environment).ok_or(AwsError::Missing)?;
        Ok(Self { program, environment, limit, shutdown })
    }

    /// Its answer to a call as JSON; null where it answers nothing.
    ///
    /// # Errors
    /// Whatever keeps it from answering.
    pub(super) async fn ask(&self, call: &Call) -> Result<Value, AwsError> {
        self.ask_with(call, None).await
    }

    /// The same, with a value on its standard input.
    ///
    /// # Errors
    /// Whatever keeps it from answering.
    pub(super) async fn ask_with(
        &self,
        call: &Call,
        input: Option<&SecretString>,
    ) -> Result<Value, AwsError> {
        let text = self.run(call, &["--output", "json"], input).await?;
        if text.trim().is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&text)
            .map_err(|why| AwsError::Nonsense { call: call.name(), why: why.to_string() })
    }

    /// What a call prints as text, which is not shown.
    ///
    /// # Errors
    /// Whatever keeps it from answering.
    pub(super) async fn secret(&self, call: &Call) -> Result<SecretString, AwsError> {
        let text = self.run(call, &[], None).await?;
        Ok(SecretString::from(text.trim_end().to_owned()))
    }

    async fn run(
        &self,
        call: &Call,
        more: &[&str],
        input: Option<&SecretString>,
    ) -> Result<String, AwsError> {
        let mut command = Command::new(&self.program);
        command.env_clear().envs(self.environment.iter());
        // Nobody is at its terminal: no pager, no questions.
        command.env("AWS_PAGER", "").env("AWS_CLI_AUTO_PROMPT", "off");
        command.args(call.words()).args(more);
        tracing::debug!(call = %one_line(&call.line(), 1000), "run");
        let input = input.map(|input| input.expose_secret().as_bytes()).unwrap_or_default();
        let bounds = Bounds::new(self.limit, ROOM).until(self.shutdown).given(input);
        let start = |error: std::io::Error| start_error(&self.program, &error);
        let finished = child::run(command, bounds).await.map_err(start)?;
        match finished.ending {
            Ending::Exited(0) => Ok(finished.stdout.text()),
            Ending::TimedOut => Err(AwsError::Silent { call: call.name(), limit: self.limit }),
            Ending::Interrupted => Err(AwsError::Interrupted),
            Ending::Exited(_) | Ending::Signalled(_) | Ending::Stopped => {
                Err(judged(&call.name(), &finished.stderr.text()))
            }
        }
    }
}

/// A password for the registries of a region, whose user is `AWS`.
///
/// # Errors
/// Whatever keeps the aws command from giving one.
pub async fn password(aws: &Aws<'_>, region: &str) -> Result<SecretString, AwsError> {
    aws.secret(&Call::password(region)).await
}

fn start_error(program: &Path, error: &std::io::Error) -> AwsError {
    AwsError::Start { program: program.display().to_string(), why: error.to_string() }
}

/// What a call's standard error says.
pub(super) fn judged(call: &str, stderr: &str) -> AwsError {
    let call = call.to_owned();
    let line =
        stderr.lines().map(str::trim).rev().find(|line| !line.is_empty()).unwrap_or_default();
    let words = one_line(&crate::text::redact(line), 400);
    if let Some((exception, message)) = exception(stderr) {
        let message = one_line(&crate::text::redact(message), 400);
        return AwsError::Refused { call, exception: exception.to_owned(), message };
    }
    let says = |texts: &[&str]| texts.iter().any(|text| stderr.contains(text));
    if says(&[
        "Unable to locate credentials",
        "NoCredentials",
        "Partial credentials found",
        "could not be found",
        "Error loading SSO Token",
        "Token has expired",
        "Error when retrieving",
    ]) {
        return AwsError::NoCredentials(words);
    }
    if says(&[
        "Could not connect to the endpoint URL",
        "Connect timeout",
        "Read timeout",
        "SSL validation failed",
        "Failed to connect to proxy",
        "Connection was closed",
    ]) {
        return AwsError::Unreachable(words);
    }
    if says(&[
        "usage: aws",
        "Unknown options",
        "Invalid choice",
        "invalid choice",
        "the following arguments",
    ]) {
        return AwsError::Syntax { call, words };
    }
    AwsError::Failed { call, words }
}

/// `An error occurred (NAME) when calling the OPERATION operation (reached max retries: 4): MESSAGE`.
fn exception(stderr: &str) -> Option<(&str, &str)> {
    let (_, rest) = stderr.split_once("An error occurred (")?;
    let (name, rest) = rest.split_once(')')?;
    let (_, rest) = rest.split_once(" operation")?;
    // How often it was tried may stand before the message.
    let rest = rest
        .strip_prefix(" (")
        .and_then(|rest| rest.split_once(')'))
        .map_or(rest, |(_, rest)| rest);
    let message = rest.strip_prefix(':').unwrap_or_default();
    Some((name, message.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_wrong_is_read_from_the_words_not_from_the_exit_code() {
        let rows = [
            (
                "\nAn error occurred (PullThroughCacheRuleNotFoundException) when calling the DescribePullThroughCacheRules operation: no rule",
                "PullThroughCacheRuleNotFoundException",
                Exit::Unreachable,
            ),
            (
                "An error occurred (AccessDeniedException) when calling the CreateSecret operation: User: x is not authorized",
                "AccessDeniedException",
                Exit::Credentials,
            ),
            (
                "An error occurred (ThrottlingException) when calling the CreateSecret operation (reached max retries: 4): Rate exceeded",
                "ThrottlingException",
                Exit::Throttled,
            ),
            (
                "Unable to locate credentials. You can configure credentials by running \"aws configure\".",
                "",
                Exit::Credentials,
            ),
            ("The config profile (x) could not be found", "", Exit::Credentials),
            (
                "Could not connect to the endpoint URL: \"http://127.0.0.1:1/\"",
                "",
                Exit::Unreachable,
            ),
            (
                "usage: aws [options] <command>\naws: error: argument operation: Invalid choice, valid choices are:",
                "",
                Exit::Runtime,
            ),
            ("Traceback: ImportError", "", Exit::Runtime),
        ];
        for (stderr, name, exit) in rows {
            let error = judged("ecr x", stderr);
            assert_eq!(error.exit(), exit, "{error}");
            assert_eq!(error.is(name), !name.is_empty(), "{error}");
        }
        let AwsError::Refused { message, .. } = judged("x", rows[2].0) else { panic!("a refusal") };
        assert_eq!(message, "Rate exceeded");
    }
}
