//! Where the runtime pulls from, which must be where the limit is read. A runtime cannot be told that
//! docker.io is elsewhere, but by a folder of containerd's `hosts.toml` files: so that a stand-in for it is
//! pulled from by its own address. Follows containerd's `docs/hosts.md` (v2.1, 2025).

use std::path::{Path, PathBuf};

use toml::Table;
use url::Url;

use crate::cli::Stress;
use crate::hostconfig::hosts::{Hosts, folders_of};
use crate::image::{Reference, hub};
use crate::runtime::{self, Scheme};
use crate::session::Session;
use crate::settings::Origin;
use crate::{Context, Exit, Failure};

/// What the runtime is told to pull.
pub(crate) struct Route {
    /// The image, by the address at which its registry is asked.
    pub(crate) image: Reference,
    /// How that is spoken to.
    pub(crate) scheme: Scheme,
}

/// A hosts folder is refused where it would lead nobody anywhere: the pulls would not go where it says.
pub(crate) fn refuse_hosts_dir(args: &Stress, origin: &Origin) -> Result<(), Failure> {
    if args.reach.hosts_dir.is_none() {
        return Ok(());
    }
    let option = match origin {
        Origin::Flag | Origin::Default => "--hosts-dir".to_owned(),
        named => format!("--hosts-dir (from {named})"),
    };
    if !runtime::by_name(&args.runtime).is_some_and(runtime::Driver::takes_hosts_dir) {
        return Err(Failure::usage(format!("{option} is for nerdctl and ctr; {} reads no such folder", args.runtime))
            .advise("leave it out; a stand-in for docker.io that --registry-url names is pulled from by its address"));
    }
    if args.asking.sandbox.is_some() {
        return Err(Failure::usage(format!("{option} cannot lead to the private sandbox, whose port is chosen at its start"))
            .advise("leave it out with --sandbox, or start `dhlimit sandbox --listen ADDR:PORT` and name that with --registry-url"));
    }
    Ok(())
}

/// The image as the runtime is to be told it.
pub(crate) fn route(
    context: &Context,
    session: &Session,
    args: &Stress,
    image: Reference,
) -> Result<Route, Failure> {
    let usual = |image| Ok(Route { image, scheme: Scheme::ByHost });
    if args.runtime == "builtin" || !image.is_docker_hub() {
        return usual(image);
    }
    match (session.registry_url(), args.reach.hosts_dir.as_deref()) {
        (None, None) => usual(image),
        (None, Some(folder)) => {
            if hosts_file(folder).is_some() {
                let folder = folder.display();
                context.say(&format!(
                    "! {} pulls from where {folder} leads, but the limit is read from docker.io",
                    args.runtime
                ));
                context.say("  → name that registry with --registry-url to read its limit");
            }
            usual(image)
        }
        (Some(url), Some(folder)) => {
            leads_to(folder, url).map_err(|why| {
                Failure::usage(format!("the limit is read from {}, but {} would not pull from there: {why}", authority(url), args.runtime))
                    .advise("leave --hosts-dir out, or see `dhlimit sandbox --print-setup` for a folder that leads there")
            })?;
            usual(image)
        }
        (Some(url), None) if url.host_str().is_some_and(hub::is_registry) => usual(image),
        (Some(url), None) => {
            if !matches!(url.path(), "" | "/") {
                let message = format!(
                    "{} cannot be told to pull from {} under a path",
                    args.runtime,
                    authority(url)
                );
                return Err(Failure::usage(message).advise(
                    "pull with --runtime builtin, which reads and pulls at the same place",
                ));
            }
            let image = image
                .at_registry(&authority(url))
                .map_err(|error| Failure::new(Exit::Usage, error))?;
            let scheme = if url.scheme() == "https" { Scheme::Https } else { Scheme::Http };
            Ok(Route { image, scheme })
        }
    }
}

/// A URL's address as a registry's name in references.
fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        None if url.scheme() == "https" && host.contains('.') => host.to_owned(),
        _ => format!("{host}:{}", url.port_or_known_default().unwrap_or(80)),
    }
}

/// The `hosts.toml` that containerd reads for docker.io.
fn hosts_file(folder: &Path) -> Option<PathBuf> {
    let own = folders_of(hub::NAME)
        .iter()
        .map(|name| folder.join(name))
        .find(|folder| folder.is_dir())?;
    Some(own.join("hosts.toml")).filter(|file| file.is_file())
}

/// Whether a hosts folder leads docker.io to a URL, and nowhere else where that refuses; or why not.
fn leads_to(folder: &Path, url: &Url) -> Result<(), String> {
    let file = hosts_file(folder)
        .ok_or_else(|| format!("{} has no docker.io/hosts.toml", folder.display()))?;
    let shown = file.display();
    let text = std::fs::read_to_string(&file)
        .map_err(|error| format!("cannot read {shown}: {}", error.kind()))?;
    let table: Table = text.parse().map_err(|_| format!("{shown} is no TOML"))?;
    let is_there =
        |named: &str| Url::parse(named).is_ok_and(|named| named.origin() == url.origin());
    let Hosts { server, hosts } = Hosts::from(&table);
    // With a server alone containerd 1.7 goes to the real Docker Hub; without one, that is asked last.
    if hosts.is_empty()
        || !hosts.iter().all(|host| is_there(host))
        || !server.is_some_and(|server| is_there(&server))
    {
        return Err(format!("{shown} must name it as its server and as its only [host]"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_written_as_references_have_it() {
        let rows = [
            ("http://127.0.0.1:5000", "127.0.0.1:5000"),
            ("http://[::1]:5000/", "[::1]:5000"),
            ("http://hub.example", "hub.example:80"),
            ("https://hub.example", "hub.example"),
            ("https://hub", "hub:443"),
        ];
        for (url, wanted) in rows {
            assert_eq!(authority(&url.parse().unwrap()), wanted);
        }
    }

    #[test]
    fn a_hosts_folder_leads_there_where_it_leads_nowhere_else() {
        let url: Url = "http://127.0.0.1:5000/".parse().unwrap();
        let rows = [
            (
                "server = 'http://127.0.0.1:5000'\n[host.'http://127.0.0.1:5000']\ncapabilities = ['pull', 'resolve']\n",
                true,
            ),
            ("server = 'http://127.0.0.1:5000'\n", false),
            ("[host.'http://127.0.0.1:5000']\n", false),
            ("server = 'https://registry-1.docker.io'\n[host.'http://127.0.0.1:5000']\n", false),
            ("server = 'http://127.0.0.1:5000'\n[host.'http://127.0.0.1:5001']\n", false),
            (
                "server = 'http://127.0.0.1:5000'\n[host.'http://127.0.0.1:5000']\n[host.'https://mirror.example']\n",
                false,
            ),
            ("no toml", false),
            ("", false),
        ];
        for name in folders_of("docker.io") {
            for (text, wanted) in rows {
                let folder = tempfile::tempdir().unwrap();
                assert!(leads_to(folder.path(), &url).is_err());
                std::fs::create_dir(folder.path().join(&name)).unwrap();
                std::fs::write(folder.path().join(&name).join("hosts.toml"), text).unwrap();
                assert_eq!(leads_to(folder.path(), &url).is_ok(), wanted, "{text}");
            }
        }
    }
}
