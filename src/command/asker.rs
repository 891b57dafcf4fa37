//! What every asking command needs: where the registry is, who is asked as, and clients that share
//! connections. Made once from the arguments, used for each reading.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::cli::{Asking, Family as FamilyChoice};
use crate::context::aside;
use crate::credentials::{
    self, Account, Choice, CredentialsError, Keychain, Login, PasswordSource,
};
use crate::image::Reference;
use crate::quota::{Family, Identity, Reading};
use crate::registry::{Client, Endpoint, Places, Principal, RegistryError, Trust};
use crate::sandbox::{self, Profile, Running};
use crate::{Context, Exit, Failure};

/// Set for the command of `dhlimit sandbox -- COMMAND`: what it asks for docker.io is asked of a sandbox,
/// which is not to see the logins of this machine. Who is named by `--user` is asked as all the same.
pub(super) const IN_SANDBOX: &str = "DHLIMIT_IN_SANDBOX";

/// By registry and address family.
type Clients = HashMap<(String, Option<Family>), Arc<Client>>;

/// Where and as whom to ask.
pub(super) struct Asker {
    context: Context,
    trust: Trust,
    places: Places,
    families: Vec<Option<Family>>,
    timeout: Duration,
    /// What of the first operation's time has gone already.
    spent: Mutex<Duration>,
    keychain: Keychain,
    choice: Choice,
    clients: Mutex<Clients>,
    told: Mutex<HashSet<String>>,
    /// Ends with this.
    sandbox: Option<Running>,
}

impl Asker {
    /// From the arguments. `usual` is what the command asks as where nobody is named. `None` where shutdown
    /// came first: a pipe with a password or a certificate may have nobody who writes to it.
    pub(super) async fn new(
        context: &Context,
        asking: &Asking,
        accounts: Vec<Account>,
        usual: Choice,
    ) -> Result<Option<Self>, Failure> {
        Self::with_sandbox(context, asking, accounts, usual, |settings| settings).await
    }

    /// The same, where the private sandbox, if one is asked for, is to be other than its profile has it.
    pub(super) async fn with_sandbox(
        context: &Context,
        asking: &Asking,
        accounts: Vec<Account>,
        usual: Choice,
        shape: impl FnOnce(sandbox::Settings) -> sandbox::Settings,
    ) -> Result<Option<Self>, Failure> {
        let began = Instant::now();
        // The sandbox knows nobody's real account, and nobody's real password is for it to see.
        let usual = if asking.sandbox.is_some() { Choice::Anonymous } else { usual };
        let told = async {
            let trust = trust(asking).await?;
            Ok((
                trust,
                choice(context, asking, usual, asking.timeout.saturating_sub(began.elapsed()))
                    .await?,
            ))
        };
        let (trust, choice) = tokio::select! {
            told = told => told?,
            () = context.shutdown.cancelled() => return Ok(None),
        };
        let families = match asking.family {
            FamilyChoice::Auto => vec![None],
            FamilyChoice::Ipv4 => vec![Some(Family::Ipv4)],
            FamilyChoice::Ipv6 => vec![Some(Family::Ipv6)],
            FamilyChoice::Both => vec![Some(Family::Ipv4), Some(Family::Ipv6)],
        };
        let sandbox = match asking.sandbox.as_deref() {
            Some(profile) => Some(start_sandbox(profile, shape).await?),
            None => None,
        };
        let places = match &sandbox {
            Some(running) => {
                let url: url::Url = running.url().parse().map_err(|error| {
                    Failure::new(Exit::Unreachable, anyhow::Error::new::<url::ParseError>(error))
                })?;
                context.say(&format!(
                    "sandbox: a private registry on {}, gone with this command",
                    running.url()
                ));
                Places { registry: Some(url.clone()), auth: Some(url) }
            }
            None => Places { registry: asking.registry_url.clone(), auth: asking.auth_url.clone() },
        };
        Ok(Some(Self {
            context: context.clone(),
            trust,
            places,
            families,
            timeout: asking.timeout,
            spent: Mutex::new(began.elapsed()),
            keychain: Keychain::new(context.environment.clone(), accounts)
                .within(asking.timeout / 2),
            choice,
            clients: Mutex::default(),
            told: Mutex::default(),
            sandbox,
        }))
    }

    /// The address families to ask over; `None` is whichever connects.
    pub(super) fn families(&self) -> &[Option<Family>] {
        &self.families
    }

    /// The places where credentials lie.
    pub(super) fn keychain(&self) -> &Keychain {
        &self.keychain
    }

    /// Whether a private sandbox stands for Docker Hub: nobody's real password is for it to see.
    pub(super) fn is_private(&self) -> bool {
        self.sandbox.is_some()
    }

    /// Whether what answers for an image's registry is a sandbox: this command's own, or the one that this
    /// command was started in by `dhlimit sandbox -- COMMAND`.
    pub(super) fn is_practice(&self, image: &Reference) -> bool {
        let within =
            self.context.environment.var(IN_SANDBOX).is_some() && self.places.registry.is_some();
        image.is_docker_hub() && (within || self.is_private())
    }

    /// Who is to be asked as for an image, without a word about the places.
    pub(super) async fn found(
        &self,
        image: &Reference,
    ) -> Result<credentials::Identities, Failure> {
        let choice = match &self.choice {
            Choice::All | Choice::Effective if self.is_practice(image) => &Choice::Anonymous,
            choice => choice,
        };
        let found = self.keychain.identities(image.registry(), image.repository(), choice).await;
        found.map_err(|error| not_found(&self.context, error))
    }

    /// Who is to be asked as for an image. What is broken in the places is said on standard error.
    pub(super) async fn principals(&self, image: &Reference) -> Result<Vec<Principal>, Failure> {
        let found = self.found(image).await?;
        for note in &found.notes {
            let note_line = crate::text::one_line(&note.to_string(), 500);
            // Said once, however many images ask.
            if self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(note_line.clone()) {
                self.context.say(&format!("! {note_line}"));
                self.context.say(&format!("  → {}", crate::text::one_line(&note.advice(), 500)));
            }
        }
        Ok(found.identities.into_iter().map(principal).collect())
    }

    /// The client of an image's registry over a family; made once, shared.
    pub(super) fn client(
        &self,
        image: &Reference,
        family: Option<Family>,
    ) -> Result<Arc<Client>, Failure> {
        let key = (image.registry().to_owned(), family);
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&key) {
            return Ok(client.clone());
        }
        let endpoint =
            Endpoint::of(image, &self.places).map_err(|error| Failure::new(Exit::Usage, error))?;
        let client = Client::new(endpoint, family, &self.trust, &self.context.environment)
            .map_err(|error| {
                let advice = error.advice();
                let exit = match error {
                    RegistryError::ProxySetting(_) => Exit::Usage,
                    _ => Exit::Unreachable,
                };
                Failure::new(exit, error).advise(advice)
            })?;
        let client = Arc::new(client);
        clients.insert(key, client.clone());
        Ok(client)
    }

    /// Where docker.io really lives, where that was said.
    pub(super) fn registry_url(&self) -> Option<&url::Url> {
        self.places.registry.as_ref()
    }

    /// When an operation that begins now must be over; the first one began when this was made. Helpers,
    /// which come before any request, have no more than half of the time.
    pub(super) fn deadline(&self) -> Instant {
        let spent = std::mem::take(&mut *self.spent.lock().unwrap_or_else(PoisonError::into_inner));
        Instant::now() + self.timeout.saturating_sub(spent)
    }

    /// One reading, an operation of its own.
    pub(super) async fn read(
        &self,
        client: &Client,
        image: &Reference,
        who: &Principal,
    ) -> Reading {
        self.read_by(self.deadline(), client, image, who).await
    }

    /// One reading, the last or only step of an operation that is to be over by `deadline`.
    pub(super) async fn read_by(
        &self,
        deadline: Instant,
        client: &Client,
        image: &Reference,
        who: &Principal,
    ) -> Reading {
        self.read_dated_by(deadline, client, image, who).await.0
    }

    /// The same, with what the registry's own clock showed.
    pub(super) async fn read_dated_by(
        &self,
        deadline: Instant,
        client: &Client,
        image: &Reference,
        who: &Principal,
    ) -> (Reading, Option<chrono::DateTime<chrono::Utc>>) {
        let left = deadline.saturating_duration_since(Instant::now());
        client.read_dated(image, who, self.context.clock.as_ref(), left).await
    }

    /// A client for a mirror, with the same trust.
    pub(super) fn mirror(&self, url: url::Url) -> Option<Client> {
        Client::new(Endpoint::at(url).ok()?, None, &self.trust, &self.context.environment).ok()
    }
}

/// A private sandbox on a free port of 127.0.0.1.
async fn start_sandbox(
    profile: &str,
    shape: impl FnOnce(sandbox::Settings) -> sandbox::Settings,
) -> Result<Running, Failure> {
    let profile: Profile = profile.parse().map_err(|error| {
        Failure::new(Exit::Usage, anyhow::Error::new::<sandbox::ProfileError>(error))
    })?;
    let listen = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    sandbox::start(shape(sandbox::Settings::of(profile)), listen).await.map_err(|error| {
        Failure::new(
            Exit::Unreachable,
            anyhow::Error::new(error).context("cannot start the sandbox"),
        )
    })
}

/// The image of an argument.
pub(super) fn image(text: &str) -> Result<Reference, Failure> {
    text.parse().map_err(|error| {
        Failure::new(
            Exit::Usage,
            anyhow::Error::new::<crate::image::ReferenceError>(error).context(format!(
                "cannot use {:?} as an image",
                crate::text::redact_argument(text)
            )),
        )
        .advise("write it as for docker pull: nginx, nginx:1.27, registry.example/team/app:tag")
    })
}

pub(super) fn principal(found: credentials::Identity) -> Principal {
    let identity = match &found.origin {
        None => Identity::Anonymous,
        Some(origin) => Identity::Account {
            user: found.credential.user().map(|user| crate::text::one_line(user, 128)),
            credentials_from: Some(origin.to_string()),
        },
    };
    Principal { identity, credential: found.credential, effective: found.effective }
}

/// Whom to trust. The certificates may come by a pipe: they are read within the time, and not here.
async fn trust(asking: &Asking) -> Result<Trust, Failure> {
    let wrong = |error: anyhow::Error| {
        Failure::new(Exit::Usage, error)
            .advise("--ca-cert takes a PEM file with one or more certificates")
    };
    let extra = asking.ca_cert.clone();
    let named = asking
        .ca_cert
        .as_ref()
        .map_or_else(|| "the system's certificates".to_owned(), |path| path.display().to_string());
    let load = aside(move || Trust::load(extra.as_deref()));
    let Ok(loaded) = tokio::time::timeout(asking.timeout, load).await else {
        return Err(wrong(anyhow::anyhow!(
            "cannot read {named}: it gives no end within the time limit"
        )));
    };
    loaded.map_err(|error| wrong(error.into()))?.map_err(|error| wrong(error.into()))
}

async fn choice(
    context: &Context,
    asking: &Asking,
    usual: Choice,
    limit: Duration,
) -> Result<Choice, Failure> {
    if asking.anonymous {
        return Ok(Choice::Anonymous);
    }
    let source = match (asking.password_stdin, &asking.password_file) {
        (true, _) => Some(PasswordSource::Stdin),
        (false, Some(file)) => Some(PasswordSource::File(file.clone())),
        (false, None) => None,
    };
    match (&asking.user, source) {
        (Some(user), Some(source)) => {
            if source == PasswordSource::Stdin && context.terminal.stdin {
                return Err(Failure::usage("--password-stdin does not read from a terminal, where the password would be seen")
                    .advise("pipe it in: dhlimit … --password-stdin < FILE"));
            }
            let login =
                Login::explicit(user, &source, std::io::stdin(), &context.environment, limit)
                    .await
                    .map_err(|error| not_found(context, error))?;
            Ok(Choice::Explicit(login))
        }
        (Some(user), None) => Ok(Choice::User(user.clone())),
        (None, Some(_)) => {
            Err(Failure::usage("a password without a user")
                .advise("name the account with --user NAME"))
        }
        (None, None) if asking.all_identities => Ok(Choice::All),
        (None, None) => Ok(usual),
    }
}

fn not_found(context: &Context, error: CredentialsError) -> Failure {
    if let CredentialsError::NotFound { notes, .. } = &error {
        for note in notes {
            context.say(&format!("! {}", crate::text::one_line(&note.to_string(), 500)));
        }
    }
    Failure::new(Exit::Credentials, error)
        .advise("give its password with --password-stdin or --password-file FILE, or log in with docker login")
}
