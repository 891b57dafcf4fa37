//! What `doctor` is to look at: a registry, and an image by which it is asked.

use super::super::{asker, check};
use crate::Failure;
use crate::image::Reference;

/// A registry and the image it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// What is asked for.
    pub image: Reference,
    /// Whether the user named an image: else nobody expects it to be there.
    pub named: bool,
}

impl Target {
    /// The registry as references name it.
    pub(super) fn registry(&self) -> &str {
        self.image.registry()
    }

    /// The targets of the arguments, each once; Docker Hub where there are none.
    pub(super) fn all(arguments: &[String]) -> Result<Vec<Self>, Failure> {
        let mut targets = Vec::new();
        let hub = [String::from("docker.io")];
        for argument in if arguments.is_empty() { &hub } else { arguments } {
            let target = Self::of(argument)?;
            if !targets.contains(&target) {
                targets.push(target);
            }
        }
        Ok(targets)
    }

    fn of(argument: &str) -> Result<Self, Failure> {
        let Some(host) = host_of(argument) else {
            return Ok(Self { image: asker::image(argument)?, named: true });
        };
        let image = match host.to_ascii_lowercase().as_str() {
            "docker.io" | "index.docker.io" | "registry-1.docker.io" => {
                check::DEFAULT_IMAGE.to_owned()
            }
            host => format!("{host}/dhlimit/doctor:latest"),
        };
        Ok(Self { image: asker::image(&image)?, named: false })
    }
}

/// The host of an argument that names a registry alone: `ghcr.io`, `localhost:5000`, `myhost/`,
/// `https://index.docker.io/v1/`. An image without a slash has no dot before its tag.
fn host_of(argument: &str) -> Option<&str> {
    if let Some((_, rest)) = argument.split_once("://") {
        return rest.split('/').next();
    }
    if let Some(host) = argument.strip_suffix('/') {
        return Some(host).filter(|host| !host.contains('/'));
    }
    let name = argument.split(':').next().unwrap_or_default();
    let is_host = !argument.contains(['/', '@'])
        && (name.contains('.') || name == "localhost" || argument.starts_with('['));
    is_host.then_some(argument)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_is_told_from_an_image() {
        let rows = [
            ("docker.io", "docker.io/ratelimitpreview/test:latest", false),
            ("https://index.docker.io/v1/", "docker.io/ratelimitpreview/test:latest", false),
            ("registry-1.docker.io", "docker.io/ratelimitpreview/test:latest", false),
            ("ghcr.io", "ghcr.io/dhlimit/doctor:latest", false),
            ("localhost:5000", "localhost:5000/dhlimit/doctor:latest", false),
            ("127.0.0.1:5000", "127.0.0.1:5000/dhlimit/doctor:latest", false),
            ("[::1]:5000", "[::1]:5000/dhlimit/doctor:latest", false),
            ("myhost:5000/", "myhost:5000/dhlimit/doctor:latest", false),
            ("nginx", "docker.io/library/nginx:latest", true),
            ("nginx:1.27", "docker.io/library/nginx:1.27", true),
            ("team/app", "docker.io/team/app:latest", true),
            ("ghcr.io/team/app:2", "ghcr.io/team/app:2", true),
        ];
        for (argument, image, named) in rows {
            let target = Target::of(argument).unwrap();
            assert_eq!(
                (target.image.to_string().as_str(), target.named),
                (image, named),
                "{argument}"
            );
        }
        for wrong in ["", "UPPER", "a b", "https://", "/"] {
            assert!(Target::of(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn docker_hub_is_looked_at_where_nothing_is_named_and_nothing_twice() {
        assert_eq!(
            Target::all(&[]).unwrap(),
            Target::all(&["docker.io".into(), "index.docker.io".into()]).unwrap()
        );
    }
}
