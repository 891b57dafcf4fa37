//! What can go wrong while asking, as one enum, with its kind in the contract's words and the next
//! step apart from the message.

use super::proxy::ProxyError;
use crate::quota::{Fault, FaultKind, Throttle};

/// What kind of trouble the transport had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// No route, no name, refused, reset.
    Network,
    /// The other end hung up before it answered.
    HungUp,
    /// Nothing came in time.
    Timeout,
    /// No trust, or no TLS at the other end.
    Tls,
    /// Bytes came that are no HTTP.
    Protocol,
}

/// Why there is no reading.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// Nothing came back from a host.
    #[error("{host} was not reached: {words}")]
    Transport {
        /// The host asked.
        host: String,
        /// What kind of trouble.
        cause: Cause,
        /// The innermost words.
        words: String,
    },
    /// The proxy, and not what is behind it, is the trouble.
    #[error("{proxy} {words}")]
    Proxy {
        /// Which, without its password, and the variable that names it.
        proxy: String,
        /// What kind of trouble.
        cause: Cause,
        /// What it did, as the rest of a sentence.
        words: String,
    },
    /// A variable that names no proxy.
    #[error(transparent)]
    ProxySetting(#[from] ProxyError),
    /// The token service refused the credentials.
    #[error("{host} refused the credentials of {user}: {words}")]
    CredentialsRefused {
        /// The token service.
        host: String,
        /// Whose.
        user: String,
        /// Its words.
        words: String,
    },
    /// The registry wants the credentials at a host that is not its own.
    #[error(
        "the registry {registry} wants the credentials sent to {realm}, which is not its own host"
    )]
    ForeignRealm {
        /// The registry.
        registry: String,
        /// The host it named.
        realm: String,
    },
    /// No access to the image.
    #[error("{host} denies access to {image} ({words})")]
    Denied {
        /// Who denied.
        host: String,
        /// What.
        image: String,
        /// Its words.
        words: String,
    },
    /// No such image.
    #[error("{host} has no {image}")]
    NotFound {
        /// The registry.
        host: String,
        /// What.
        image: String,
    },
    /// The server said that it failed.
    #[error("{host} answered {status}")]
    Server {
        /// Who.
        host: String,
        /// With what.
        status: u16,
    },
    /// An answer that no registry or token service gives.
    #[error("{host} does not answer like a registry: {words}")]
    Protocol {
        /// Who.
        host: String,
        /// What came.
        words: String,
    },
    /// Refused by law or policy.
    #[error("{host} answered 403 with a page: {words}")]
    Blocked {
        /// Who.
        host: String,
        /// The page's words.
        words: String,
    },
    /// The token service refused with 429.
    #[error("the token service {host} answered 429: {words}")]
    LoginLimit {
        /// The token service.
        host: String,
        /// Its words.
        words: String,
        /// Whose login it refused; `None` where nobody logged in.
        user: Option<String>,
        /// Its `Retry-After`.
        retry_after: Option<std::time::Duration>,
    },
}

impl RegistryError {
    /// The kind in the contract's words.
    pub fn kind(&self) -> FaultKind {
        match self {
            Self::Transport { cause, .. } | Self::Proxy { cause, .. } => match cause {
                Cause::Network | Cause::HungUp => FaultKind::Network,
                Cause::Timeout => FaultKind::Timeout,
                Cause::Tls => FaultKind::Tls,
                Cause::Protocol => FaultKind::Protocol,
            },
            Self::ProxySetting(_) => FaultKind::Network,
            Self::Protocol { .. } => FaultKind::Protocol,
            Self::CredentialsRefused { .. } | Self::ForeignRealm { .. } => FaultKind::Credentials,
            Self::Denied { .. } => FaultKind::Denied,
            Self::NotFound { .. } => FaultKind::NotFound,
            Self::Server { .. } => FaultKind::Server,
            Self::Blocked { .. } => FaultKind::Blocked,
            Self::LoginLimit { .. } => FaultKind::LoginLimit,
        }
    }

    /// Whether the other end hung up before it answered, as a server does with a connection that was
    /// idle for long: what costs nothing may be asked once more.
    pub(super) fn is_hung_up(&self) -> bool {
        matches!(self, Self::Transport { cause: Cause::HungUp, .. })
    }

    /// The limit that refused, where one did.
    pub fn throttle(&self) -> Option<Throttle> {
        matches!(self, Self::LoginLimit { .. }).then_some(Throttle::Login)
    }

    /// The next step.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Transport { cause: Cause::Timeout, .. } => {
                "try again, or allow more with --timeout; a proxy is set with HTTPS_PROXY"
            }
            Self::Transport { cause: Cause::Tls, .. } => {
                "if a proxy or your own registry signs its certificates, name its CA with --ca-cert FILE or SSL_CERT_FILE; a plain HTTP registry is asked with --registry-url http://…"
            }
            Self::Transport { cause: Cause::Protocol, .. } | Self::Protocol { .. } => {
                "a captive portal, a proxy or another program answers there: open the address in a browser, or check --registry-url and --auth-url"
            }
            Self::Transport { cause: Cause::Network | Cause::HungUp, .. } => {
                "check the name, the network and the proxy (HTTPS_PROXY, NO_PROXY)"
            }
            Self::Proxy { .. } => {
                "check the proxy's address and password in that variable and whether it lets this registry through; a registry that can be reached without it is listed in NO_PROXY"
            }
            Self::ProxySetting(_) => {
                "correct the variable, or unset it where no proxy is needed; a registry that is reached without one is listed in NO_PROXY"
            }
            Self::CredentialsRefused { .. } => {
                "log in again with an access token, or ask without credentials by --anonymous"
            }
            Self::ForeignRealm { .. } => {
                "if that host is the registry's token service, name it with --auth-url; nothing was sent to it"
            }
            Self::Denied { .. } => {
                "check the repository's name; if it is private, log in as an account that may read it"
            }
            Self::NotFound { .. } => "check the repository's name and tag",
            Self::Server { .. } => {
                "wait and try again; Docker Hub's state is at https://www.dockerstatus.com"
            }
            Self::Blocked { .. } => {
                "a firewall or the registry's own policy blocks this network; pulling from here will not work either"
            }
            Self::LoginLimit { user: None, .. } => {
                "nobody logged in: the token service limits how often tokens are asked for from this address; wait a few minutes, look for loops that ask without a pause, and for others behind the same address"
            }
            Self::LoginLimit { .. } => {
                "stop logging in for 15 minutes, then check the password: every failed login from this address counts"
            }
        }
    }

    /// The report value.
    pub fn fault(&self) -> Fault {
        Fault {
            kind: self.kind(),
            message: crate::text::one_line(&self.to_string(), 500),
            advice: self.advice().to_owned(),
        }
    }
}
