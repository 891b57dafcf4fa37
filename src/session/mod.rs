//! What every asking command holds while it runs: whom to trust (`trust`), as whom to ask
//! (`identities`), clients that share connections (`clients`) and, where one was asked for, a sandbox
//! of its own. Made once from typed arguments, used for each reading. Apart from the commands so that
//! all of them ask in the same way, and from [`crate::registry`] since a client knows one registry and
//! no places where credentials lie. Nothing is printed here: the caller says what is to be said.

mod arguments;
mod builtin;
mod clients;
mod error;
mod exit;
mod identities;
mod trust;

use std::io::Read;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use url::Url;

use self::clients::Clients;
use self::identities::Identities;
use crate::context::{Clock, Environment};
use crate::credentials::{Account, PasswordSource};
use crate::image::Reference;
use crate::quota::{Family, Reading};
use crate::registry::{Client, Places, Principal};
use crate::sandbox::setup::IN_SANDBOX;
use crate::sandbox::{self, Running};

pub(crate) use arguments::{DEFAULT_IMAGE, image, image_or_usual, images, password};
pub(crate) use builtin::Builtin;
pub use error::SessionError;
pub use exit::exit_of;

/// What a session is made of.
#[derive(Debug)]
pub struct Options {
    /// The bound on one operation; the first one begins when the session is opened.
    pub timeout: Duration,
    /// Certificates to trust beside the system's, a PEM file.
    pub ca_cert: Option<PathBuf>,
    /// The address families to ask over; `None` is whichever connects.
    pub families: Vec<Option<Family>>,
    /// Where docker.io really lives. A sandbox goes before it.
    pub places: Places,
    /// As whom to ask.
    pub who: Who,
    /// The accounts of the configuration file.
    pub accounts: Vec<Account>,
    /// A sandbox of its own, on a free port of 127.0.0.1, that ends with the session. It stands for
    /// docker.io, and no login of this machine is shown to it.
    pub sandbox: Option<sandbox::Settings>,
}

/// As whom to ask, before any place was looked at.
#[derive(Debug, Clone)]
pub enum Who {
    /// As nobody.
    Anonymous,
    /// As whom a pull from this machine counts on.
    Effective,
    /// As nobody and as every account found.
    All,
    /// As the account of this user or configuration name.
    User(String),
    /// As this user, whose password comes from there.
    Login {
        /// The user.
        user: String,
        /// Where the password comes from.
        password: PasswordSource,
    },
}

/// Where and as whom to ask.
pub struct Session {
    clock: Arc<dyn Clock>,
    environment: Environment,
    places: Places,
    families: Vec<Option<Family>>,
    timeout: Duration,
    /// What of the first operation's time has gone already.
    spent: Mutex<Duration>,
    identities: Identities,
    clients: Clients,
    /// Ends with this.
    sandbox: Option<Running>,
}

impl Session {
    /// Reads the certificates and the password that were named, both of which may come by a pipe, within
    /// the time limit, and starts the sandbox. `stdin` is read where the password comes from there.
    ///
    /// # Errors
    /// Where one of these cannot be had.
    pub async fn open(
        options: Options,
        environment: Environment,
        clock: Arc<dyn Clock>,
        stdin: impl Read + Send + 'static,
    ) -> Result<Self, SessionError> {
        let began = Instant::now();
        let timeout = options.timeout;
        let trust = trust::load(options.ca_cert, timeout).await?;
        let left = timeout.saturating_sub(began.elapsed());
        let choice = identities::choice(options.who, stdin, &environment, left).await?;
        let sandbox = match options.sandbox {
            Some(settings) => Some(start(settings).await?),
            None => None,
        };
        let places = match &sandbox {
            Some(running) => {
                let url: Url = running.url().parse()?;
                Places { registry: Some(url.clone()), auth: Some(url) }
            }
            None => options.places,
        };
        Ok(Self {
            clock,
            places,
            families: options.families,
            timeout,
            spent: Mutex::new(began.elapsed()),
            identities: Identities::new(environment.clone(), options.accounts, timeout / 2, choice),
            clients: Clients::new(trust, environment.clone()),
            sandbox,
            environment,
        })
    }

    /// The address families to ask over; `None` is whichever connects.
    pub fn families(&self) -> &[Option<Family>] {
        &self.families
    }

    /// The address of the session's own sandbox.
    pub fn sandbox_url(&self) -> Option<String> {
        self.sandbox.as_ref().map(Running::url)
    }

    /// Whether a private sandbox stands for Docker Hub: nobody's real password is for it to see.
    pub fn is_private(&self) -> bool {
        self.sandbox.is_some()
    }

    /// Whether what answers for an image's registry is a sandbox: this session's own, or the one that
    /// this command was started in by `dhlimit sandbox -- COMMAND`.
    pub fn is_practice(&self, image: &Reference) -> bool {
        let within = self.environment.var(IN_SANDBOX).is_some() && self.places.registry.is_some();
        image.is_docker_hub() && (within || self.is_private())
    }

    /// Where docker.io really lives, where that was said.
    pub fn registry_url(&self) -> Option<&Url> {
        self.places.registry.as_ref()
    }

    /// The client of an image's registry over a family; made once, shared.
    ///
    /// # Errors
    /// Where the registry has no address that can be asked, or a proxy's setting is wrong.
    pub fn client(
        &self,
        image: &Reference,
        family: Option<Family>,
    ) -> Result<Arc<Client>, SessionError> {
        self.clients.of(image, family, &self.places)
    }

    /// A client for a mirror, with the same trust and nobody's credentials.
    pub fn mirror(&self, url: Url) -> Option<Client> {
        self.clients.mirror(url)
    }

    /// When an operation that begins now must be over; the first one began when the session was opened.
    /// Credential helpers, which come before any request, have no more than half of the time.
    pub fn deadline(&self) -> Instant {
        let spent = std::mem::take(&mut *self.spent.lock().unwrap_or_else(PoisonError::into_inner));
        Instant::now() + self.timeout.saturating_sub(spent)
    }

    /// One reading, an operation of its own.
    pub async fn read(&self, client: &Client, image: &Reference, who: &Principal) -> Reading {
        self.read_by(self.deadline(), client, image, who).await
    }

    /// One reading, the last or only step of an operation that is to be over by `deadline`.
    pub async fn read_by(
        &self,
        deadline: Instant,
        client: &Client,
        image: &Reference,
        who: &Principal,
    ) -> Reading {
        self.read_dated_by(deadline, client, image, who).await.0
    }

    /// The same, with what the registry's own clock showed.
    pub async fn read_dated_by(
        &self,
        deadline: Instant,
        client: &Client,
        image: &Reference,
        who: &Principal,
    ) -> (Reading, Option<chrono::DateTime<chrono::Utc>>) {
        let left = deadline.saturating_duration_since(Instant::now());
        client.read_dated(image, who, self.clock.as_ref(), left).await
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("places", &self.places)
            .field("families", &self.families)
            .finish_non_exhaustive()
    }
}

/// A sandbox on a free port of 127.0.0.1.
async fn start(settings: sandbox::Settings) -> Result<Running, SessionError> {
    let listen = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    sandbox::start(settings, listen).await.map_err(SessionError::Sandbox)
}
