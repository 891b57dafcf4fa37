//! What each tool by itself would take from the places: docker, nerdctl and podman read some of the
//! same files and do not agree. Apart from the keychain because that answers for dhlimit, this for the
//! tools. Follows docker/cli (v28, 2025), nerdctl's `dockerconfigresolver` (v1.7.6, 2024, and v2.1, 2025) and
//! containers/image's `pkg/docker/config` (v5, 2025).

use super::keychain::{Keychain, Login, Reader, Survey};
use super::{AuthFile, Store, keys, places};

/// A tool that looks for logins by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tool {
    /// docker's command line, which hands the login to its daemon.
    Docker,
    /// nerdctl 1.
    Nerdctl,
    /// nerdctl 2 and later.
    Nerdctl2,
    /// podman, and with it skopeo and buildah.
    Podman,
}

impl Tool {
    /// Which nerdctl it is by its version, `1.7.6` or `v2.1.2`; the first where that is no version.
    pub fn nerdctl(version: &str) -> Self {
        let major = version
            .trim_start_matches('v')
            .split('.')
            .next()
            .and_then(|major| major.parse::<u32>().ok());
        if major.is_some_and(|major| major >= 2) { Self::Nerdctl2 } else { Self::Nerdctl }
    }

    /// The program's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Nerdctl | Self::Nerdctl2 => "nerdctl",
            Self::Podman => "podman",
        }
    }
}

/// A place that can hold logins, and what it holds.
#[derive(Debug, Clone)]
pub struct Holding {
    /// The file or variable, as shown.
    pub store: Store,
    /// What is there.
    pub content: Content,
}

/// What a place is found to be.
#[derive(Debug, Clone)]
pub enum Content {
    /// There is no such file.
    Absent,
    /// It is there and of no use: a [`super::Note`] says why.
    Unusable,
    /// A credentials file.
    File(AuthFile),
}

impl Content {
    fn of(store: &Store, bytes: &[u8]) -> Self {
        store.parse(bytes).map_or(Self::Unusable, Self::File)
    }
}

impl Keychain {
    /// The login that a tool would use for a repository at a registry; `None`: it would ask as nobody.
    /// Helpers that were asked before are not asked again.
    pub async fn used_by(&self, tool: Tool, registry: &str, repository: &str) -> Option<Login> {
        match tool {
            Tool::Docker => {
                let survey = self.survey(registry, repository, &[]).await;
                survey.logins.into_iter().find(|login| login.reader == Reader::Docker)
            }
            Tool::Nerdctl => self.used_by_nerdctl(&keys::nerdctl_keys(registry)).await,
            Tool::Nerdctl2 => self.used_by_nerdctl(&keys::nerdctl_2_keys(registry)).await,
            Tool::Podman => self.used_by_podman(registry, repository).await,
        }
    }

    async fn used_by_nerdctl(&self, keys: &[String]) -> Option<Login> {
        let mut survey = Survey::default();
        let mut pending = Vec::new();
        let place = places::docker(&self.environment)?;
        self.read(&mut survey, &place, |survey, file| {
            // A helper that fails is not made up for by the file, as with docker: the next key is tried.
            let found =
                keys.iter().filter_map(|key| survey.by_docker_key(&place.store, &file, key));
            pending.extend(found.map(super::keychain::Pending::without_fallback));
        })
        .await;
        self.settle(pending).await.into_iter().find_map(|outcome| outcome.login)
    }

    async fn used_by_podman(&self, registry: &str, repository: &str) -> Option<Login> {
        let mut survey = Survey::default();
        let mut pending = Vec::new();
        // podman reads docker's file where its own have nothing. Told by a variable which file to use, it
        // reads no other: that goes for docker's variable, too (seen with podman 4.3.1).
        let is_told = |variable: &str| self.environment.var(variable).is_some();
        let (own, docker) = (places::podman(&self.environment), places::docker(&self.environment));
        let files: Vec<_> = match (is_told("REGISTRY_AUTH_FILE"), is_told("DOCKER_CONFIG")) {
            (true, _) => own,
            (false, true) => docker.into_iter().collect(),
            (false, false) => {
                own.into_iter().chain(docker).chain(places::dockercfg(&self.environment)).collect()
            }
        };
        for place in files {
            self.read(&mut survey, &place, |survey, file| {
                pending.extend(survey.as_podman(&place.store, &file, registry, repository));
            })
            .await;
        }
        self.settle(pending).await.into_iter().find_map(|outcome| outcome.login)
    }

    /// Every place that docker and podman look at, and what each holds.
    pub async fn holdings(&self) -> Vec<Holding> {
        let variable = self.environment.var("DOCKER_AUTH_CONFIG").map(|text| Holding {
            store: Store::DockerAuthConfig,
            content: Content::of(&Store::DockerAuthConfig, text.as_bytes()),
        });
        let mut holdings: Vec<Holding> = variable.into_iter().collect();
        let podman = places::podman(&self.environment).into_iter();
        let podman = podman.chain(places::dockercfg(&self.environment));
        for place in places::docker(&self.environment).into_iter().chain(podman) {
            let content = match place.read(self.limit).await {
                Ok(Some(bytes)) => Content::of(&place.store, &bytes),
                Ok(None) => Content::Absent,
                Err(_) => Content::Unusable,
            };
            holdings.push(Holding { store: place.store, content });
        }
        holdings
    }
}
