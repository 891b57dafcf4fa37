//! Why there is no session, or no answer from one, and how a command that meets it ends.

use crate::credentials::CredentialsError;
use crate::registry::{EndpointError, RegistryError, TrustError};
use crate::sandbox::SandboxError;
use crate::{Exit, Failure};

/// Why a session cannot be opened, or cannot do what it is asked.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The certificates cannot be used.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The certificates cannot be read.
    #[error("cannot read {file}: {why}")]
    Certificates {
        /// Which, as shown.
        file: String,
        /// Why.
        why: String,
    },
    /// Whoever was named cannot be asked as.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// The registry has no address that can be asked.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// There is no client for the registry.
    #[error(transparent)]
    Client(RegistryError),
    /// The sandbox does not start.
    #[error("cannot start the sandbox")]
    Sandbox(#[source] SandboxError),
    /// The sandbox is on an address that is none.
    #[error("the sandbox has no address")]
    SandboxUrl(#[from] url::ParseError),
}

impl SessionError {
    /// How a command that meets this ends.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Credentials(_) => Exit::Credentials,
            Self::Client(RegistryError::ProxySetting(_))
            | Self::Trust(_)
            | Self::Certificates { .. }
            | Self::Endpoint(_) => Exit::Usage,
            Self::Client(_) | Self::Sandbox(_) | Self::SandboxUrl(_) => Exit::Unreachable,
        }
    }

    /// What to do next.
    pub fn advice(&self) -> Option<&str> {
        match self {
            Self::Trust(_) | Self::Certificates { .. } => {
                Some("--ca-cert takes a PEM file with one or more certificates")
            }
            Self::Credentials(_) => Some(
                "give its password with --password-stdin or --password-file FILE, or log in with docker login",
            ),
            Self::Client(error) => Some(error.advice()),
            Self::Endpoint(_) | Self::Sandbox(_) | Self::SandboxUrl(_) => None,
        }
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        let advice = error.advice().map(str::to_owned);
        Self::new(error.exit(), error).advise_if_known(advice)
    }
}
