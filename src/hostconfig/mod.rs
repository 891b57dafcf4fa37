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
mod rancher;
mod shape;
mod sight;
mod units;
pub(crate) mod write;

use std::fmt;

use crate::credentials::is_docker_hub;
use crate::image::hub;
pub(crate) use machine::{Machine, WITHOUT_ROOT};
pub(crate) use sight::{Proxies, Sight};
pub(crate) use write::Address;

/// A registry that is asked about, and a repository there.
type Registry = (String, String);

/// How one tool's files are read for some registries.
type Looker = fn(&Machine, &[Registry], &mut Vec<Sight>);

/// The tools whose files are read, in the order in which they are told of.
const TOOLS: [Looker; 6] =
    [docker::look, containerd::look, rancher::look, podman::look, buildkit::look, units::look];

/// A file that is of no use. What is wrong is told by its line or by a key, never by what is there, as
/// that may be a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Broken {
    /// It is not of its format; the line, from 1.
    Line(usize),
    /// The tool refuses it, and why.
    Refused(String),
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "it is broken at line {line}"),
            Self::Refused(why) => f.write_str(why),
        }
    }
}

/// Something in a file that nobody reads.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Unread {
    /// What, and why nobody reads it.
    what: String,
    /// What to do.
    advice: String,
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
    host == registry || (is_docker_hub(registry) && hub::is_registry(host))
}

/// Whether a name looks as if it were meant for Docker Hub's images and is another one: what tools
/// look for is `docker.io`.
fn is_stray_hub(name: &str) -> bool {
    let plain = name.split_once("://").map_or(name, |(_, rest)| rest).to_ascii_lowercase();
    let host = plain.split('/').next().unwrap_or_default();
    // containerd writes the port of a folder between underscores.
    let host = host.split([':', '_']).next().unwrap_or_default();
    let is_near = host.starts_with("dock") && strsim::damerau_levenshtein(host, hub::NAME) <= 2;
    name != hub::NAME && (hub::owns(host) || is_near)
}

/// A TOML document.
fn toml_table(text: &str) -> Result<toml::Table, Broken> {
    text.parse::<toml::Table>().map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        Broken::Line(before.matches('\n').count() + 1)
    })
}

/// A TOML document as one kind of value.
fn as_value(table: &toml::Table) -> serde_json::Value {
    serde_json::to_value(table).unwrap_or_default()
}

/// A document whose values are of the kinds that its tool wants, and the keys that it passes over.
fn fitting(
    shape: shape::Shape,
    document: &serde_json::Value,
    tool: &str,
) -> Result<Vec<shape::Unknown>, Broken> {
    let flaws = shape.flaws(document);
    match flaws.mistyped {
        Some((path, wanted)) => {
            let path = if path.is_empty() { "the whole".to_owned() } else { format!("`{path}`") };
            Err(Broken::Refused(format!("{tool} refuses it: {path} is not {wanted}")))
        }
        None => Ok(flaws.unknown),
    }
}

/// A key that a tool passes over.
fn unread(tool: &str, unknown: &shape::Unknown) -> Unread {
    let shape::Unknown { path, meant, .. } = unknown;
    Unread {
        what: format!("{tool} knows no key `{path}` there and passes over it silently"),
        advice: meant.map_or_else(
            || format!("take `{path}` out, or write it as {tool}'s documentation has it"),
            |meant| format!("write `{meant}` instead"),
        ),
    }
}

#[cfg(test)]
mod tests;
