//! What the tools' own configuration puts between here and a registry: mirrors, proxies, blocks,
//! logins. [`look`] reads files below a root that is passed in; each tool has a file of its own with a
//! pure parser and with where its files lie. Apart from `doctor`'s judgement, which needs no file to be
//! tested.

mod buildkit;
mod containerd;
mod docker;
pub(crate) mod hosts;
mod machine;
mod podman;
mod sight;
mod units;

use crate::credentials::is_docker_hub;
pub(crate) use machine::Machine;
pub(crate) use sight::{Proxies, Sight};

/// A registry that is asked about, and a repository there.
type Registry = (String, String);

/// How one tool's files are read for some registries.
type Looker = fn(&Machine, &[Registry], &mut Vec<Sight>);

/// The tools whose files are read, in the order in which they are told of.
const TOOLS: [Looker; 5] =
    [docker::look, containerd::look, podman::look, buildkit::look, units::look];

/// A file that is not of its format; what is wrong is told by its line alone, as it may hold secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Broken {
    /// From 1.
    line: usize,
}

/// Everything that configuration on this machine says about registries and repositories there.
pub(crate) fn look(machine: &Machine, registries: &[Registry]) -> Vec<Sight> {
    let mut sights = Vec::new();
    for look in TOOLS {
        look(machine, registries, &mut sights);
    }
    sights
}

/// Whether a URL or location is the registry itself.
fn is_own(url: &str, registry: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split('/').next().unwrap_or_default();
    host == registry || (is_docker_hub(registry) && crate::image::hub::is_registry(host))
}

/// A TOML document.
fn toml_table(text: &str) -> Result<toml::Table, Broken> {
    text.parse::<toml::Table>().map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        Broken { line: before.matches('\n').count() + 1 }
    })
}

#[cfg(test)]
mod tests;
