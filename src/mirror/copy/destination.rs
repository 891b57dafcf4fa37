//! Where copies go: the name of each, and the login there. ECR's is a password of twelve hours that the
//! user's aws command gives, asked for anew on long runs; it goes into the tool's file of logins, never
//! into an argument.

use std::time::Duration;

use tokio::time::Instant;

use super::super::ecr::{Aws, AwsError, password};
use super::super::through::{Through, ThroughError};
use crate::credentials::Credential;
use crate::image::ecr::EcrHost;
use crate::image::{Reference, ReferenceError};

/// How long a password of ECR is used before a new one is asked for.
const FRESH: Duration = Duration::from_secs(6 * 3_600);

/// Where copies go.
#[derive(Debug, Clone)]
pub enum Destination {
    /// Below a host and path, under their own repositories.
    Below(Through),
    /// One image under this very name.
    Exact(Reference),
}

/// Why a destination is none.
#[derive(Debug, thiserror::Error)]
pub enum DestinationError {
    /// Neither a host with a path nor an image.
    #[error(transparent)]
    Through(#[from] ThroughError),
    /// Docker Hub's own limits are what is to be got away from, and its names need a login of their own.
    #[error(
        "{0:?} names no registry of your own: write its host, such as registry.example/team, and a host without a dot with a slash behind it"
    )]
    NoHost(String),
    /// Several images for one name.
    #[error("{0} is the name of one image, and several are to be copied")]
    One(String),
    /// A name that is none.
    #[error("{0} has no name at the destination")]
    Name(String, #[source] ReferenceError),
}

impl Destination {
    /// Reads a destination for so many images.
    ///
    /// # Errors
    /// Where it is none, or is the name of one image and several are to be copied.
    pub fn parse(text: &str, images: usize) -> Result<Self, DestinationError> {
        // `redis:7` is an image whose destination was forgotten, `registry:5000/` a host of one's own.
        let host = text
            .strip_prefix("localhost")
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(':'));
        if !text.contains(['/', '.', '[']) && !host {
            return Err(DestinationError::NoHost(crate::text::redact_argument(text)));
        }
        let last = text.rsplit('/').next().unwrap_or_default();
        if text.contains('/') && last.contains(':') {
            let shown = || DestinationError::NoHost(crate::text::redact_argument(text));
            let exact: Reference = text.parse().map_err(|_| shown())?;
            if exact.is_docker_hub() {
                return Err(shown());
            }
            if images != 1 {
                return Err(DestinationError::One(exact.to_string()));
            }
            return Ok(Self::Exact(exact));
        }
        Ok(Self::Below(text.parse::<Through>()?))
    }

    /// The host.
    pub fn host(&self) -> &str {
        match self {
            Self::Below(through) => through.host(),
            Self::Exact(image) => image.registry(),
        }
    }

    /// The name of an image there. One that is named by a digest alone gets a tag of it: a manifest
    /// without a tag is cleared away by many a registry.
    ///
    /// # Errors
    /// Where the name is too long.
    pub fn of(&self, source: &Reference) -> Result<Reference, DestinationError> {
        let through = match self {
            Self::Exact(image) => return Ok(image.clone()),
            Self::Below(through) => through,
        };
        let tag = match (source.tag(), source.digest()) {
            (Some(tag), _) => tag.to_owned(),
            (None, digest) => digest.unwrap_or("latest").replace(':', "-"),
        };
        let name = format!("{through}/{}:{tag}", source.repository());
        name.parse().map_err(|error| DestinationError::Name(source.to_string(), error))
    }
}

/// The login at the destination.
#[derive(Debug)]
pub struct DestinationLogin {
    credential: Credential,
    region: Option<String>,
    asked: Option<Instant>,
}

impl DestinationLogin {
    /// A login that was found. ECR's own password is asked for where `region` is named, or where the host
    /// is ECR's and nothing was found.
    pub fn new(host: &str, found: Credential, region: Option<String>) -> Self {
        let own = match EcrHost::of(host) {
            Some(EcrHost::Private(registry)) if found.is_anonymous() => Some(registry.region),
            _ => None,
        };
        Self { credential: found, region: region.or(own), asked: None }
    }

    /// The login, fresh.
    ///
    /// # Errors
    /// Where the aws command gives no password.
    pub async fn current(
        &mut self,
        aws: Result<&Aws<'_>, AwsError>,
    ) -> Result<Credential, AwsError> {
        if let Some(region) = &self.region
            && self.asked.is_none_or(|asked| asked.elapsed() > FRESH)
        {
            let secret = password(aws?, region).await?;
            self.credential = Credential::Password { user: "AWS".to_owned(), secret };
            self.asked = Some(Instant::now());
        }
        Ok(self.credential.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_keep_their_repositories_and_one_may_have_another_name() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let rows = [
            ("nginx:1.27", "r.example/team", "r.example/team/library/nginx:1.27".to_owned()),
            ("ghcr.io/a/b", "localhost:5000", "localhost:5000/a/b:latest".to_owned()),
            ("nginx", "registry:5000/", "registry:5000/library/nginx:latest".to_owned()),
            ("nginx", "r.example/web:2", "r.example/web:2".to_owned()),
            (
                &format!("nginx@{digest}"),
                "r.example",
                format!("r.example/library/nginx:{}", digest.replace(':', "-")),
            ),
            (&format!("nginx:1@{digest}"), "r.example", "r.example/library/nginx:1".to_owned()),
        ];
        for (source, destination, wanted) in rows {
            let parsed = Destination::parse(destination, 1).unwrap();
            assert_eq!(parsed.of(&source.parse().unwrap()).unwrap().to_string(), wanted);
        }
        for bad in ["", "team", "nginx:1", "a/b:1", "docker.io/me/x:1", "https://r.example"] {
            assert!(Destination::parse(bad, 1).is_err(), "{bad}");
        }
        assert!(matches!(Destination::parse("r.example/web:2", 2), Err(DestinationError::One(_))));
    }
}
