//! All the places together: who could ask a registry from this machine, and as whom a pull would be
//! counted. Files are read first, then all helpers are asked at once, so that a hanging helper costs
//! one time limit and no more.

use std::time::Duration;

use tokio::task::JoinSet;

use super::helper::Helpers;
use super::places::{self, Place};
use super::{Account, AuthFile, Credential, CredentialsError, Note, Origin, Store, keys};
use crate::context::Environment;

/// How long a helper may take, unless the whole operation has less time.
const HELPER_LIMIT: Duration = Duration::from_secs(5);

/// The places where credentials lie on this machine. Files are read each time; a helper is asked for
/// a server once in the life of a keychain, however many images or places want its answer.
#[derive(Debug, Clone)]
pub struct Keychain {
    pub(super) environment: Environment,
    accounts: Vec<Account>,
    pub(super) limit: Duration,
    helpers: Helpers,
}

/// A credential with the place it was found in.
#[derive(Debug, Clone)]
pub struct Login {
    /// Who asks; never anonymous.
    pub credential: Credential,
    /// Where it was found.
    pub origin: Origin,
    /// Whose place that is.
    pub reader: Reader,
}

/// Which program looks in a place by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reader {
    /// dhlimit, because the user said so on this run.
    Explicit,
    /// docker, and with it nerdctl and crane.
    Docker,
    /// podman, and with it skopeo and buildah.
    Podman,
    /// dhlimit, from its configuration file.
    Account,
    /// The kubelet, from a Secret.
    Kubelet,
}

/// What the places hold for one registry and repository.
#[derive(Debug, Clone, Default)]
pub struct Survey {
    /// The logins, in the order in which they win.
    pub logins: Vec<Login>,
    /// What is broken or odd in the places.
    pub notes: Vec<Note>,
    /// Every place looked at, as shown.
    pub looked: Vec<String>,
}

/// Which identities are asked for.
#[derive(Debug, Clone)]
pub enum Choice {
    /// Anonymous and every account.
    All,
    /// The one that a pull from this machine would be counted on.
    Effective,
    /// Anonymous, whatever was found.
    Anonymous,
    /// The account of this user or configuration name, among those found.
    User(String),
    /// A login handed over on this run.
    Explicit(Login),
}

/// Somebody as whom a registry can be asked.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Who asks.
    pub credential: Credential,
    /// Where the credential was found; `None` for anonymous.
    pub origin: Option<Origin>,
    /// Whether a pull from here would be counted on this identity, as found or as the user chose.
    pub effective: bool,
}

/// The identities chosen, with what is to be told about the places.
#[derive(Debug, Clone)]
pub struct Identities {
    /// At least one; exactly one is effective.
    pub identities: Vec<Identity>,
    /// What is broken or odd in the places.
    pub notes: Vec<Note>,
}

impl Keychain {
    /// The places that `environment` points to, and the accounts of the configuration file.
    pub fn new(environment: Environment, accounts: Vec<Account>) -> Self {
        Self { environment, accounts, limit: HELPER_LIMIT, helpers: Helpers::default() }
    }

    /// The same places, with no more time for any of them than the whole operation has.
    #[must_use]
    pub fn within(mut self, timeout: Duration) -> Self {
        self.limit = self.limit.min(timeout);
        self
    }

    /// The identities that `choice` means for a repository (it may be empty) at a registry.
    pub async fn identities(
        &self,
        registry: &str,
        repository: &str,
        choice: &Choice,
    ) -> Result<Identities, CredentialsError> {
        let anonymous =
            |effective| Identity { credential: Credential::Anonymous, origin: None, effective };
        let account = |login: Login, effective| Identity {
            credential: login.credential,
            origin: Some(login.origin),
            effective,
        };
        let alone = |identity, notes| Identities { identities: vec![identity], notes };
        match choice {
            Choice::Anonymous => Ok(alone(anonymous(true), Vec::new())),
            Choice::Explicit(login) => Ok(alone(account(login.clone(), true), Vec::new())),
            Choice::Effective => {
                let survey = self.survey(registry, repository, &[]).await;
                Ok(alone(
                    survey
                        .logins
                        .into_iter()
                        .next()
                        .map_or_else(|| anonymous(true), |login| account(login, true)),
                    survey.notes,
                ))
            }
            Choice::User(user) => {
                let named: Vec<&Account> = self
                    .accounts
                    .iter()
                    .filter(|account| {
                        account.name == *user
                            || account.user.as_ref().is_none_or(|name| name == user)
                    })
                    .collect();
                let survey = self.survey(registry, repository, &named).await;
                let is_it = |login: &Login| {
                    login.credential.user() == Some(user)
                        || matches!(&login.origin, Origin::Account(name) if name == user)
                };
                match survey.logins.into_iter().find(is_it) {
                    Some(login) => Ok(alone(account(login, true), survey.notes)),
                    None => Err(CredentialsError::NotFound {
                        user: user.clone(),
                        looked: survey.looked,
                        notes: survey.notes,
                    }),
                }
            }
            Choice::All => {
                let survey = self
                    .survey(registry, repository, &self.accounts.iter().collect::<Vec<_>>())
                    .await;
                let mut distinct: Vec<Login> = Vec::new();
                for login in survey.logins {
                    if !distinct
                        .iter()
                        .any(|known| known.credential.same_account(&login.credential))
                    {
                        distinct.push(login);
                    }
                }
                let effective = distinct.iter().position(|login| login.reader != Reader::Account);
                let accounts = distinct
                    .into_iter()
                    .enumerate()
                    .map(|(at, login)| account(login, effective == Some(at)));
                Ok(Identities {
                    identities: std::iter::once(anonymous(effective.is_none()))
                        .chain(accounts)
                        .collect(),
                    notes: survey.notes,
                })
            }
        }
    }

    /// What every place and the given accounts hold for a repository at a registry.
    pub async fn survey(&self, registry: &str, repository: &str, accounts: &[&Account]) -> Survey {
        let mut survey = Survey::default();
        let mut pending = Vec::new();
        if let Some(text) = self.environment.var("DOCKER_AUTH_CONFIG") {
            survey.open(Store::DockerAuthConfig, text.as_bytes(), |survey, file| {
                if file.store.is_some() || !file.helpers.is_empty() {
                    survey.notes.push(Note::HelperInVariable);
                }
                let auths = AuthFile { auths: file.auths, ..AuthFile::default() };
                pending.extend(survey.as_docker(&Store::DockerAuthConfig, &auths, registry));
            });
        }
        if let Some(place) = places::docker(&self.environment) {
            self.read(&mut survey, &place, |survey, file| {
                pending.extend(survey.as_docker(&place.store, &file, registry));
            })
            .await;
        }
        let podman = places::podman(&self.environment);
        for place in podman.into_iter().chain(places::dockercfg(&self.environment)) {
            self.read(&mut survey, &place, |survey, file| {
                pending.extend(survey.as_podman(&place.store, &file, registry, repository));
            })
            .await;
        }
        let same = |account: &&&Account| {
            account.registry == registry
                || (keys::is_docker_hub(&account.registry) && keys::is_docker_hub(registry))
        };
        for account in accounts.iter().filter(same) {
            survey.looked.push(Origin::Account(account.name.clone()).to_string());
            pending.push(Pending::Account((*account).clone()));
        }
        for outcome in self.settle(pending).await {
            survey.logins.extend(outcome.login);
            survey.notes.extend(outcome.note);
        }
        survey
    }

    pub(super) async fn read(
        &self,
        survey: &mut Survey,
        place: &Place,
        then: impl FnOnce(&mut Survey, AuthFile),
    ) {
        match place.read(self.limit).await {
            Ok(Some(bytes)) => survey.open(place.store.clone(), &bytes, then),
            Ok(None) => survey.looked.push(place.store.to_string()),
            Err(note) => {
                survey.looked.push(place.store.to_string());
                survey.notes.push(note);
            }
        }
    }

    /// Asks all helpers and accounts at once; the outcomes are in the order of the questions.
    pub(super) async fn settle(&self, pending: Vec<Pending>) -> Vec<Outcome> {
        let mut asked = JoinSet::new();
        let mut outcomes: Vec<Outcome> = Vec::new();
        for (at, question) in pending.into_iter().enumerate() {
            outcomes.push(Outcome::default());
            let keychain = self.clone();
            asked.spawn(async move { (at, question.settle(&keychain).await) });
        }
        while let Some(done) = asked.join_next().await {
            if let Ok((at, outcome)) = done
                && let Some(slot) = outcomes.get_mut(at)
            {
                *slot = outcome;
            }
        }
        outcomes
    }
}

/// A place that answers for the registry; helpers and accounts are yet to be asked.
pub(super) enum Pending {
    Found(Login),
    Helper {
        origin: Origin,
        name: String,
        server: String,
        reader: Reader,
        otherwise: Option<Login>,
    },
    Account(Account),
}

#[derive(Default)]
pub(super) struct Outcome {
    pub(super) login: Option<Login>,
    note: Option<Note>,
}

impl Pending {
    /// The same, where nothing makes up for a helper that fails.
    pub(super) fn without_fallback(self) -> Self {
        match self {
            Self::Helper { origin, name, server, reader, .. } => {
                Self::Helper { origin, name, server, reader, otherwise: None }
            }
            other => other,
        }
    }

    async fn settle(self, keychain: &Keychain) -> Outcome {
        let Keychain { environment, limit, helpers, .. } = keychain;
        match self {
            Self::Found(login) => Outcome { login: Some(login), note: None },
            Self::Helper { origin, name, server, reader, otherwise } => {
                match helpers.ask(&name, &server, environment, *limit).await {
                    Ok(Some(credential)) => {
                        Outcome { login: Some(Login { credential, origin, reader }), note: None }
                    }
                    Ok(None) => Outcome::default(),
                    Err(error) => {
                        Outcome { login: otherwise, note: Some(Note::Helper { origin, error }) }
                    }
                }
            }
            Self::Account(account) => {
                let name = account.name.clone();
                match account.resolve(helpers, environment, *limit).await {
                    Ok(credential) => Outcome {
                        login: Some(Login {
                            credential,
                            origin: Origin::Account(name),
                            reader: Reader::Account,
                        }),
                        note: None,
                    },
                    Err(error) => {
                        Outcome { login: None, note: Some(Note::Account { name, error }) }
                    }
                }
            }
        }
    }
}

impl Survey {
    fn open(&mut self, store: Store, bytes: &[u8], then: impl FnOnce(&mut Self, AuthFile)) {
        self.looked.push(store.to_string());
        match store.parse(bytes) {
            Ok(file) => then(self, file),
            Err(error) => self.notes.push(Note::Malformed { store, error }),
        }
    }

    /// What docker takes from a file: a helper where one is named for the key, else the entry.
    fn as_docker(&mut self, store: &Store, file: &AuthFile, registry: &str) -> Option<Pending> {
        if keys::is_docker_hub(registry) {
            self.note_unused(store, file);
        }
        let key = keys::docker_key(registry);
        let own = keys::entry_of(&file.auths, key).map(|(key, _)| key);
        let spoiling = file.auths.iter().filter(|(key, _)| Some(key.as_str()) != own);
        let spoiling = spoiling.filter_map(|(key, entry)| {
            let error = *entry.as_ref().err().filter(|error| error.spoils_file())?;
            let origin = Origin::Entry { store: store.clone(), key: key.clone() };
            Some(Note::Spoilt { origin, error })
        });
        self.notes.extend(spoiling);
        self.by_docker_key(store, file, key)
    }

    /// What a reader of docker's file takes from it for a key.
    pub(super) fn by_docker_key(
        &mut self,
        store: &Store,
        file: &AuthFile,
        key: &str,
    ) -> Option<Pending> {
        let entry = self.entry(store, keys::entry_of(&file.auths, key), Reader::Docker);
        let (name, origin_key) = match (file.helpers.get(key), &file.store) {
            (Some(name), _) => (name, Some(key.to_owned())),
            (None, Some(name)) => (name, None),
            (None, None) => return entry.map(Pending::Found),
        };
        let origin = Origin::Helper { store: store.clone(), key: origin_key, name: name.clone() };
        if let Some(entry) = &entry {
            self.notes
                .push(Note::Overridden { origin: entry.origin.clone(), helper: origin.clone() });
        }
        // docker ignores a helper's failure and then takes what the file holds.
        Some(Pending::Helper {
            origin,
            name: name.clone(),
            server: key.to_owned(),
            reader: Reader::Docker,
            otherwise: entry,
        })
    }

    /// What podman takes from a file; it asks helpers by exact key and ignores `credsStore`.
    pub(super) fn as_podman(
        &mut self,
        store: &Store,
        file: &AuthFile,
        registry: &str,
        repository: &str,
    ) -> Option<Pending> {
        if let Some((key, name)) = keys::podman_helper(&file.helpers, registry) {
            let origin = Origin::Helper {
                store: store.clone(),
                key: Some(key.to_owned()),
                name: name.to_owned(),
            };
            let (name, server) = (name.to_owned(), key.to_owned());
            return Some(Pending::Helper {
                origin,
                name,
                server,
                reader: Reader::Podman,
                otherwise: None,
            });
        }
        self.entry(store, keys::podman_entry(&file.auths, registry, repository), Reader::Podman)
            .map(Pending::Found)
    }

    fn entry(
        &mut self,
        store: &Store,
        found: Option<(&str, &Result<Credential, super::EntryError>)>,
        reader: Reader,
    ) -> Option<Login> {
        let (key, entry) = found?;
        let origin = Origin::Entry { store: store.clone(), key: key.to_owned() };
        match entry {
            Ok(Credential::Anonymous) => None,
            Ok(credential) => Some(Login { credential: credential.clone(), origin, reader }),
            Err(error) => {
                self.notes.push(Note::Entry { origin, error: *error });
                None
            }
        }
    }

    fn note_unused(&mut self, store: &Store, file: &AuthFile) {
        let held = file.auths.iter().filter(|(key, entry)| {
            keys::is_unused_hub_key(key) && !matches!(entry, Ok(Credential::Anonymous))
        });
        let entries = held.map(|(key, _)| Origin::Entry { store: store.clone(), key: key.clone() });
        let named = file.helpers.iter().filter(|(key, _)| keys::is_unused_hub_key(key));
        let helpers = named.map(|(key, name)| Origin::Helper {
            store: store.clone(),
            key: Some(key.clone()),
            name: name.clone(),
        });
        self.notes.extend(entries.chain(helpers).map(|origin| Note::UnusedKey { origin }));
    }
}
