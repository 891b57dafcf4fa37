//! An image's name behind a mirror: the mirror's host, its path, and the image's own repository with
//! `library/` where Docker Hub's official images have it.

use crate::image::{Reference, ReferenceError};

/// A host with an optional path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Through(String);

/// Why a text is no mirror.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ThroughError {
    /// There is a scheme.
    #[error("{0:?} is a URL: write the host and the path without http:// or https://")]
    Scheme(String),
    /// It begins with no host.
    #[error("{0:?} is no host with an optional path, such as cache.example/docker-hub")]
    Host(String),
    /// The image's name behind it is none.
    #[error("{image} behind {through} is no image")]
    Image {
        /// The image.
        image: String,
        /// The mirror.
        through: String,
        /// Why.
        source: ReferenceError,
    },
}

impl std::str::FromStr for Through {
    type Err = ThroughError;

    fn from_str(text: &str) -> Result<Self, ThroughError> {
        if text.contains("://") {
            return Err(ThroughError::Scheme(crate::text::redact_argument(text)));
        }
        let text = text.trim_end_matches('/');
        let (host, _) = text.split_once('/').unwrap_or((text, ""));
        let shown = || ThroughError::Host(crate::text::redact_argument(text));
        if !(host == "localhost" || host.contains(['.', ':'])) || text.contains('@') {
            return Err(shown());
        }
        format!("{text}/x:y").parse::<Reference>().map_err(|_| shown())?;
        Ok(Self(text.to_owned()))
    }
}

impl std::fmt::Display for Through {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Through {
    /// The host.
    pub fn host(&self) -> &str {
        self.0.split('/').next().unwrap_or_default()
    }

    /// The image's name behind the mirror, with its tag or digest.
    ///
    /// # Errors
    /// Where that is too long for a name.
    pub fn of(&self, image: &Reference) -> Result<Reference, ThroughError> {
        let mut name = format!("{}/{}", self.0, image.repository());
        match (image.tag(), image.digest()) {
            (_, Some(digest)) => name.push_str(&format!("@{digest}")),
            (Some(tag), None) => name.push_str(&format!(":{tag}")),
            (None, None) => {}
        }
        name.parse().map_err(|source| ThroughError::Image {
            image: image.to_string(),
            through: self.0.clone(),
            source,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_keeps_its_repository_behind_a_mirror() {
        let rows = [
            ("nginx", "cache.example", "cache.example/library/nginx:latest"),
            ("nginx:1.27", "cache.example/hub/", "cache.example/hub/library/nginx:1.27"),
            ("bitnami/redis:7", "localhost:5000", "localhost:5000/bitnami/redis:7"),
            ("ghcr.io/a/b:1", "127.0.0.1:5000/ghcr", "127.0.0.1:5000/ghcr/a/b:1"),
        ];
        for (image, through, wanted) in rows {
            let through: Through = through.parse().unwrap();
            assert_eq!(through.of(&image.parse().unwrap()).unwrap().to_string(), wanted);
        }
        for bad in [
            "",
            "cache",
            "https://cache.example",
            "cache.example/UP",
            "a.b/c:1",
            "a.b/c@x",
            "u:p@h.example",
        ] {
            assert!(bad.parse::<Through>().is_err(), "{bad}");
        }
    }
}
