//! What went wrong, or is odd, in places that could hold credentials. Apart because a broken place
//! stops nothing: it is told beside the answer, with the place's name and never its content, and
//! `doctor` explains each kind by its stable id.

use std::time::Duration;

use super::{AuthFileError, EntryError, Origin, Store};

/// Something to tell about a place that holds, or could hold, credentials.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Note {
    /// A file is there but cannot be read.
    #[error("cannot read {file}: {why}")]
    Unreadable {
        /// The file, as shown.
        file: String,
        /// The system's word for it.
        why: String,
    },
    /// A file is larger than any credentials file.
    #[error("{file} is larger than {most} bytes; it was not read")]
    TooLarge {
        /// The file, as shown.
        file: String,
        /// The bound in bytes.
        most: u64,
    },
    /// A file that a variable names is not there.
    #[error("{variable} names {file}, which does not exist")]
    Missing {
        /// The variable.
        variable: &'static str,
        /// The file, as shown.
        file: String,
    },
    /// A variable that ought to name a folder does not.
    #[error("{variable} is {folder}, which {fault}: docker finds no login there")]
    Folder {
        /// The variable.
        variable: &'static str,
        /// Its value, made fit to show.
        folder: String,
        /// What is wrong with it.
        fault: FolderFault,
    },
    /// A store is no credentials file.
    #[error("{store} is no credentials file: {error}")]
    Malformed {
        /// The file or variable.
        store: Store,
        /// What is wrong.
        error: AuthFileError,
    },
    /// An entry cannot be used.
    #[error("{origin} {error}")]
    Entry {
        /// The entry.
        origin: Origin,
        /// What is wrong.
        error: EntryError,
    },
    /// An entry of another registry for which docker refuses the whole file.
    #[error(
        "{origin} {error}; for this one entry docker refuses the whole file, and pulls may go out without any of its logins"
    )]
    Spoilt {
        /// The entry.
        origin: Origin,
        /// What is wrong.
        error: EntryError,
    },
    /// A login to Docker Hub under a key that docker never looks up.
    #[error("{origin} is never used by docker: Docker Hub's key is https://index.docker.io/v1/")]
    UnusedKey {
        /// The entry or helper.
        origin: Origin,
    },
    /// An entry with credentials that a helper overrides.
    #[error("{origin} is not used: {helper} answers instead")]
    Overridden {
        /// The entry.
        origin: Origin,
        /// The helper asked in its place.
        helper: Origin,
    },
    /// `DOCKER_AUTH_CONFIG` names helpers, which docker does not take from there.
    #[error(
        "DOCKER_AUTH_CONFIG names credential helpers, which docker does not take from a variable"
    )]
    HelperInVariable,
    /// A helper gave no credential for a reason other than having none.
    #[error("{origin}: {error}")]
    Helper {
        /// Where the helper is named.
        origin: Origin,
        /// What happened.
        error: HelperError,
    },
    /// An account of the configuration file gave no credential.
    #[error("account {name}: {error}")]
    Account {
        /// The account's name.
        name: String,
        /// What happened.
        error: AccountError,
    },
}

/// What is wrong with the folder that a variable names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FolderFault {
    /// There is nothing of that name.
    #[error("does not exist")]
    Absent,
    /// It is a file, such as the config.json within the folder that is meant.
    #[error("is a file, not a folder")]
    File,
    /// It begins with `~`, which only a shell reads as the home.
    #[error("begins with a literal ~ that no shell replaced")]
    Tilde,
}

/// Why a credential helper gave nothing. Its output is never quoted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HelperError {
    /// The name could not be a program's.
    #[error("the helper's name is no name: letters, digits, . _ - only")]
    Name,
    /// There is no such program.
    #[error("docker-credential-{0} is not in PATH")]
    Missing(String),
    /// The program could not be started.
    #[error("docker-credential-{name} cannot be started: {why}")]
    Start {
        /// The helper.
        name: String,
        /// The system's word for it.
        why: String,
    },
    /// The program gave no answer in time and was killed.
    #[error("docker-credential-{name} gave no answer within {}", humantime::format_duration(*limit))]
    Hangs {
        /// The helper.
        name: String,
        /// How long it was given.
        limit: Duration,
    },
    /// The program failed.
    #[error("docker-credential-{name} failed ({status})")]
    Failed {
        /// The helper.
        name: String,
        /// Its exit status or signal.
        status: String,
    },
    /// The program wrote more than any credential needs, and was killed.
    #[error("docker-credential-{name} wrote more than {most} bytes")]
    Floods {
        /// The helper.
        name: String,
        /// The bound in bytes.
        most: u64,
    },
    /// The program's answer is not the JSON that helpers give.
    #[error("docker-credential-{name} did not answer with the JSON of a credential")]
    Nonsense {
        /// The helper.
        name: String,
    },
}

/// Why an account of the configuration file gave no credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// The password file is missing, unreadable or too large.
    #[error("cannot read the password file {file}: {why}")]
    File {
        /// The file, as shown.
        file: String,
        /// Why.
        why: String,
    },
    /// The variable is unset or empty.
    #[error("the variable {0} is not set")]
    Variable(String),
    /// The password is empty or no text.
    #[error("the password from {0} is empty or not one line of text")]
    Password(String),
    /// The helper failed.
    #[error(transparent)]
    Helper(#[from] HelperError),
    /// The helper has nothing for the registry.
    #[error("docker-credential-{name} has no credentials for {server}")]
    Nothing {
        /// The helper.
        name: String,
        /// What it was asked for.
        server: String,
    },
    /// The helper's credentials are another user's.
    #[error("docker-credential-{name} has credentials for another user")]
    OtherUser {
        /// The helper.
        name: String,
    },
}

impl Note {
    /// The stable short name of this kind of note, as `doctor` uses it.
    pub const fn id(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "credentials-unreadable",
            Self::TooLarge { .. } => "credentials-too-large",
            Self::Missing { .. } | Self::Folder { .. } => "credentials-missing",
            Self::Malformed { .. } => "credentials-malformed",
            Self::Entry { .. } | Self::Spoilt { .. } => "login-broken",
            Self::UnusedKey { .. } => "login-key-unused",
            Self::Overridden { .. } => "login-overridden",
            Self::HelperInVariable => "helper-in-variable",
            Self::Helper { error, .. }
            | Self::Account { error: AccountError::Helper(error), .. } => error.id(),
            Self::Account { .. } => "account-broken",
        }
    }

    /// What to do about it.
    pub fn advice(&self) -> String {
        match self {
            Self::Unreadable { file, .. } => format!("make {file} readable for this user"),
            Self::TooLarge { file, .. } => format!("see what {file} really is"),
            Self::Missing { variable, .. } => {
                format!("unset {variable}, or log in so that the file is written")
            }
            Self::Folder { variable, fault: FolderFault::File, .. } => {
                format!("set {variable} to the folder that holds config.json, not to the file")
            }
            Self::Folder { variable, fault: FolderFault::Tilde, .. } => {
                format!("write $HOME instead of ~ in {variable}, or unset it")
            }
            Self::Folder { variable, fault: FolderFault::Absent, .. } => {
                format!("correct or unset {variable}, or log in so that the folder is made")
            }
            Self::Malformed { store: Store::DockerAuthConfig, .. } => {
                "set DOCKER_AUTH_CONFIG to the JSON of a config.json".into()
            }
            Self::Malformed { store, .. } => {
                format!("repair the JSON of {store}, or move it away and log in again")
            }
            Self::Entry { .. } => "log in again to that registry".into(),
            Self::Spoilt { .. } => {
                "take that entry out of the file, then log in again to its registry".into()
            }
            Self::UnusedKey { .. } => "run `docker login` without a server name".into(),
            Self::Overridden { .. } => {
                "log out and in again, so that only the helper holds the login".into()
            }
            Self::HelperInVariable => "put credHelpers and credsStore into config.json".into(),
            Self::Helper { error, .. }
            | Self::Account { error: AccountError::Helper(error), .. } => error.advice(),
            Self::Account { name, .. } => {
                format!("correct the [[account]] named {name} in the configuration file")
            }
        }
    }
}

impl HelperError {
    const fn id(&self) -> &'static str {
        match self {
            Self::Name => "helper-name",
            Self::Missing(_) => "helper-missing",
            Self::Start { .. } | Self::Failed { .. } => "helper-fails",
            Self::Hangs { .. } => "helper-hangs",
            Self::Floods { .. } | Self::Nonsense { .. } => "helper-nonsense",
        }
    }

    fn advice(&self) -> String {
        match self {
            Self::Name => "correct credsStore or credHelpers in the file".into(),
            Self::Missing(name) => format!(
                "install docker-credential-{name}, or remove it from the file and log in again"
            ),
            Self::Hangs { name, .. } => {
                format!(
                    "unlock its keyring, and try: echo https://index.docker.io/v1/ | docker-credential-{name} get"
                )
            }
            Self::Start { name, .. }
            | Self::Failed { name, .. }
            | Self::Floods { name, .. }
            | Self::Nonsense { name } => {
                format!("try: echo https://index.docker.io/v1/ | docker-credential-{name} get")
            }
        }
    }
}
