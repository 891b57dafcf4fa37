//! What `doctor` is to look at: a registry, and an image by which it is asked.

use crate::Failure;
use crate::image::{Reference, hub};

/// How an image is read from an argument.
type ParseImage = fn(&str) -> Result<Reference, Failure>;

/// A registry and the image it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// What is asked for.
    pub image: Reference,
    /// Whether the user named an image: else nobody expects it to be there.
    pub named: bool,
}

impl Target {
    /// The registry as references name it.
    pub(crate) fn registry(&self) -> &str {
        self.image.registry()
    }

    /// The targets of the arguments, each once; Docker Hub where there are none, which is asked for
    /// `usual`.
    pub(crate) fn all(
        arguments: &[String],
        usual: &str,
        image: ParseImage,
    ) -> Result<Vec<Self>, Failure> {
        let mut targets = Vec::new();
        let hub = [String::from(hub::NAME)];
        for argument in if arguments.is_empty() { &hub } else { arguments } {
            let target = Self::of(argument, usual, image)?;
            if !targets.contains(&target) {
                targets.push(target);
            }
        }
        Ok(targets)
    }

    fn of(argument: &str, usual: &str, parse: ParseImage) -> Result<Self, Failure> {
        let Some(host) = host_of(argument) else {
            return Ok(Self { image: parse(argument)?, named: true });
        };
        let image = match host.to_ascii_lowercase().as_str() {
            host if hub::is_registry(host) => usual.to_owned(),
            host => format!("{host}/dhlimit/doctor:latest"),
        };
        Ok(Self { image: parse(&image)?, named: false })
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
pub(crate) mod tests {
    use super::*;

    const USUAL: &str = "ratelimitpreview/test:latest";

    fn parsed(text: &str) -> Result<Reference, Failure> {
        text.parse().map_err(|_| Failure::usage(text))
    }

    /// The targets of these arguments.
    pub(crate) fn all(arguments: &[&str]) -> Vec<Target> {
        let arguments: Vec<String> = arguments.iter().map(|one| (*one).to_owned()).collect();
        Target::all(&arguments, USUAL, parsed).unwrap()
    }

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
            let target = Target::of(argument, USUAL, parsed).unwrap();
            assert_eq!(
                (target.image.to_string().as_str(), target.named),
                (image, named),
                "{argument}"
            );
        }
        for wrong in ["", "UPPER", "a b", "https://", "/"] {
            assert!(Target::of(wrong, USUAL, parsed).is_err(), "{wrong}");
        }
    }

    #[test]
    fn docker_hub_is_looked_at_where_nothing_is_named_and_nothing_twice() {
        assert_eq!(all(&[]), all(&["docker.io", "index.docker.io"]));
    }
}
