//! Where references are moved to: a mirror's host and path, the form of names that its cache wants, and the
//! registries that it stands for. Pure. Sources: the vendors' pages on pull-through caches (November 2026).

use super::name::Name;
use crate::image::ecr::EcrHost;
use crate::image::{Reference, hub};
use crate::mirror::through::{Through, ThroughError};

/// The form of the names behind a cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Amazon ECR's pull-through cache: `HOST/PREFIX/library/nginx`.
    Ecr,
    /// A remote repository of Google's Artifact Registry: `HOST/PROJECT/REPOSITORY/library/nginx`.
    ArtifactRegistry,
    /// Cache rules of Azure Container Registry: `HOST/TARGET/library/nginx`.
    Acr,
    /// A proxy project of Harbor: `HOST/PROJECT/library/nginx`.
    Harbor,
    /// The reference implementation as a proxy: `HOST/library/nginx`.
    Distribution,
    /// GitLab's dependency proxy: `HOST/GROUP/dependency_proxy/containers/nginx`.
    Gitlab,
    /// Any other: `HOST/PREFIX/library/nginx`.
    Generic,
}

impl Form {
    /// Its name, as the command line has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ecr => "ecr",
            Self::ArtifactRegistry => "artifact-registry",
            Self::Acr => "acr",
            Self::Harbor => "harbor",
            Self::Distribution => "distribution",
            Self::Gitlab => "gitlab",
            Self::Generic => "generic",
        }
    }

    /// The form that a mirror's host and path tell.
    fn of(host: &str, path: &str) -> Self {
        match host {
            _ if EcrHost::of(host).is_some() => Self::Ecr,
            _ if host.ends_with("-docker.pkg.dev") => Self::ArtifactRegistry,
            _ if host.ends_with(".azurecr.io") => Self::Acr,
            _ if path.contains("dependency_proxy/containers") => Self::Gitlab,
            _ => Self::Generic,
        }
    }
}

/// Why a mirror cannot be used in a form.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// It is no mirror.
    #[error(transparent)]
    Mirror(#[from] ThroughError),
    /// It is what it should stand before.
    #[error("{0} is the registry that the references are moved away from")]
    Itself(String),
    /// A registry that is none.
    #[error("--from {0}: that is no registry's host")]
    From(String),
    /// The form wants another path.
    #[error("--to {to}: {form} {wants}")]
    Path {
        /// What was given.
        to: String,
        /// The form.
        form: &'static str,
        /// What it wants.
        wants: &'static str,
    },
}

/// A mirror.
#[derive(Debug, Clone)]
pub struct Target {
    base: String,
    form: Form,
    from: Vec<String>,
}

impl Target {
    /// A mirror by its host and path, its form (else the one that these tell) and the registries that it stands
    /// for (else Docker Hub).
    ///
    /// # Errors
    /// Where the host, the path or a registry cannot be.
    pub fn new(to: &str, form: Option<Form>, from: &[String]) -> Result<Self, TargetError> {
        let through: Through = to.parse()?;
        let mut base = through.to_string();
        let path = base.split_once('/').map(|(_, path)| path.to_owned()).unwrap_or_default();
        let form = form.unwrap_or_else(|| Form::of(through.host(), &path));
        let wants = |wants| TargetError::Path { to: to.to_owned(), form: form.name(), wants };
        let parts = path.split('/').filter(|part| !part.is_empty()).count();
        match form {
            Form::ArtifactRegistry if parts < 2 => {
                return Err(wants("has its images below HOST/PROJECT/REPOSITORY"));
            }
            Form::Harbor if parts == 0 => {
                return Err(wants("has its images below HOST/PROJECT"));
            }
            Form::Distribution if parts > 0 => {
                return Err(wants(
                    "serves its images from the root of its host; --form generic takes a path",
                ));
            }
            Form::Gitlab if parts == 0 => {
                return Err(wants("has its images below HOST/GROUP/dependency_proxy/containers"));
            }
            Form::Gitlab if !path.contains("dependency_proxy/containers") => {
                base.push_str("/dependency_proxy/containers");
            }
            _ => {}
        }
        let mut registries = Vec::new();
        for registry in from {
            let probe = format!("{registry}/library/x").parse::<Reference>();
            let probe =
                probe.ok().filter(|_| registry.contains(['.', ':']) || registry == "localhost");
            let probe = probe.ok_or_else(|| TargetError::From(registry.clone()))?;
            registries.push(probe.canonical_registry().to_owned());
        }
        if registries.is_empty() {
            registries.push(hub::NAME.to_owned());
        }
        if form == Form::Gitlab && registries.iter().any(|registry| registry != hub::NAME) {
            return Err(wants("stands before Docker Hub and no other registry"));
        }
        let host = through.host();
        if hub::is_registry(host) || registries.iter().any(|registry| registry == host) {
            return Err(TargetError::Itself(host.to_owned()));
        }
        Ok(Self { base, form, from: registries })
    }

    /// The host and path that all its images stand below.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The host alone.
    pub fn host(&self) -> &str {
        self.base.split('/').next().unwrap_or_default()
    }

    /// The path below the host with a slash at its end; empty where there is none.
    pub fn path(&self) -> String {
        self.base.split_once('/').map(|(_, path)| format!("{path}/")).unwrap_or_default()
    }

    /// The form of its names.
    pub const fn form(&self) -> Form {
        self.form
    }

    /// Whether it stands for a registry, Docker Hub by its one name.
    pub fn takes(&self, registry: &str) -> bool {
        self.from.iter().any(|known| known == registry)
    }

    /// The registry that its images come from, where that is one.
    pub fn registry(&self) -> Option<&str> {
        match self.from.as_slice() {
            [one] => Some(one),
            _ => None,
        }
    }

    /// Whether a name is one behind the mirror.
    pub fn has(&self, name: &str) -> bool {
        name.strip_prefix(&self.base).is_some_and(|rest| rest.starts_with('/') && rest.len() > 1)
    }

    /// A name's path behind the mirror, with `library/` where its form has it.
    ///
    /// # Errors
    /// Where this mirror cannot have the image, or nobody can say under which name.
    pub fn path_of(&self, name: &Name<'_>) -> Result<String, String> {
        let is_hub =
            name.registry.is_none_or(|registry| hub::is_registry(&registry.to_lowercase()));
        let official = is_hub && (!name.path.contains('/') || name.path.starts_with("library/"));
        if official && name.path.contains(['$', '{', '<', '%']) && name.variable_decides() {
            return Err("a variable decides whether it is an official image".to_owned());
        }
        if self.host() == "public.ecr.aws" && !official {
            return Err("ECR Public has Docker's official images and no others".to_owned());
        }
        let bare = name.path.strip_prefix("library/").filter(|_| is_hub);
        Ok(match (self.form, official) {
            (Form::Gitlab, true) => bare.unwrap_or(name.path).to_owned(),
            (_, true) if bare.is_none() => format!("library/{}", name.path),
            _ => name.path.to_owned(),
        })
    }

    /// The shortest name of the image before the mirror; `None` where it stands for several registries.
    pub fn original(&self, name: &str) -> Option<String> {
        let path = name.strip_prefix(&self.base)?.strip_prefix('/')?;
        let full = format!("{}/{path}", self.registry()?);
        Some(hub::familiar(&full).to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const ECR: &str = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";

    #[rstest]
    #[case("123456789012.dkr.ecr.eu-central-1.amazonaws.com/hub", None, "nginx", "library/nginx")]
    #[case("cache.example:5000", Some(Form::Distribution), "docker.io/nginx", "library/nginx")]
    #[case("cache.example", None, "library/nginx", "library/nginx")]
    #[case("cache.example", None, "bitnami/redis", "bitnami/redis")]
    #[case("cache.example", None, "registry.hub.docker.com/library/nginx", "library/nginx")]
    #[case("git.example/g/dependency_proxy/containers", None, "library/nginx", "nginx")]
    #[case("git.example/g", Some(Form::Gitlab), "nginx", "nginx")]
    #[case("eu-docker.pkg.dev/p/r", None, "nginx", "library/nginx")]
    fn names_have_the_form_of_the_cache(
        #[case] to: &str,
        #[case] form: Option<Form>,
        #[case] name: &str,
        #[case] path: &str,
    ) {
        let target = Target::new(to, form, &[]).unwrap();
        assert_eq!(target.path_of(&Name::of(name)).as_deref(), Ok(path), "{name}");
    }

    #[test]
    fn the_shortest_name_comes_back() {
        let target = Target::new("m.example/hub", None, &[]).unwrap();
        for (name, original) in [
            ("m.example/hub/library/nginx", "nginx"),
            ("m.example/hub/a/b", "a/b"),
            ("m.example/hub/a.b/c", "docker.io/a.b/c"),
        ] {
            assert_eq!(target.original(name).as_deref(), Some(original));
        }
        assert!(target.has("m.example/hub/x") && !target.has("m.example/hubble/x"));
        let ghcr = Target::new("m.example", None, &["ghcr.io".to_owned()]).unwrap();
        assert_eq!(ghcr.original("m.example/a/b").as_deref(), Some("ghcr.io/a/b"));
        assert!(!ghcr.takes("docker.io"));
    }

    #[rstest]
    #[case("docker.io", None, "moved away from")]
    #[case("https://m.example", None, "without http")]
    #[case("eu-docker.pkg.dev/p", None, "PROJECT/REPOSITORY")]
    #[case("h.example", Some(Form::Harbor), "HOST/PROJECT")]
    #[case("h.example/x", Some(Form::Distribution), "root")]
    #[case("g.example", Some(Form::Gitlab), "dependency_proxy")]
    fn what_cannot_be_is_refused(
        #[case] to: &str,
        #[case] form: Option<Form>,
        #[case] words: &str,
    ) {
        let error = Target::new(to, form, &[]).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }

    #[test]
    fn a_cache_without_the_image_or_a_name_that_nobody_knows_is_refused() {
        let public = Target::new("public.ecr.aws/docker", None, &[]).unwrap();
        assert_eq!(public.path_of(&Name::of("nginx")).as_deref(), Ok("library/nginx"));
        assert!(public.path_of(&Name::of("bitnami/redis")).is_err());
        let ecr = Target::new(ECR, None, &[]).unwrap();
        assert!(ecr.path_of(&Name::of("docker.io/$X")).is_err());
        assert!(Target::new(ECR, None, &["nonsense".to_owned()]).is_err());
    }
}
