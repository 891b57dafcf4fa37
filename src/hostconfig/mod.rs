//! What the tools' own configuration puts between here and a registry: mirrors, proxies, blocks,
//! logins. [`look`] reads files below a root that is passed in, within bounds; each format is a pure
//! parser in a file of its own. Apart from `doctor`'s judgement, which needs no file to be tested.

mod buildkit;
mod containerd;
mod docker;
pub(crate) mod hosts;
mod podman;
mod units;

use std::io::Read;
use std::path::{Path, PathBuf};

use crate::context::Environment;
use crate::credentials::{is_docker_hub, shown_path};
use hosts::folders_of;

/// The most bytes of a configuration file.
const MOST: u64 = 1 << 20;
/// The most files of a folder of drop-ins.
const MOST_FILES: usize = 100;

/// A file that is not of its format; what is wrong is told by its line alone, as it may hold secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Broken {
    /// From 1.
    line: usize,
}

/// Proxies, as a file or the environment has them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Proxies {
    /// For plain HTTP.
    pub http: Option<String>,
    /// For HTTPS.
    pub https: Option<String>,
    /// Hosts that are asked without.
    pub no: Option<String>,
}

/// One thing that configuration says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sight {
    /// Others are asked for a registry's images.
    Mirrors {
        /// Who does so.
        tool: &'static str,
        /// For which registry.
        registry: String,
        /// By which file.
        file: String,
        /// URLs, in no order.
        mirrors: Vec<String>,
        /// Whether the registry itself is asked where they fail.
        falls_back: bool,
    },
    /// Nothing may be pulled from a registry.
    Blocked {
        /// Who refuses.
        tool: &'static str,
        /// The registry.
        registry: String,
        /// By which file.
        file: String,
    },
    /// A registry is spoken to without TLS.
    Insecure {
        /// Who does so.
        tool: &'static str,
        /// The registry.
        registry: String,
        /// By which file.
        file: String,
    },
    /// A daemon asks through proxies.
    Proxies {
        /// Who does so.
        tool: &'static str,
        /// By which file.
        file: String,
        /// Which.
        proxies: Proxies,
    },
    /// A login for the CRI stands in containerd's configuration.
    Login {
        /// By which file.
        file: String,
        /// The registry's key.
        key: String,
    },
    /// A file that is there and is of no use.
    Unusable {
        /// Whose.
        tool: &'static str,
        /// The file.
        file: String,
        /// What is wrong with it.
        why: String,
    },
}

/// The file system and the variables that configuration is looked up by.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    /// Where `/etc` lies; `/` but in tests.
    pub root: PathBuf,
    /// The variables.
    pub environment: Environment,
    /// Whether this is root, whose tools do not look at what is for rootless ones.
    pub is_root: bool,
}

impl Machine {
    fn at(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    /// The user's folder of configuration.
    fn own(&self, path: &str) -> Option<PathBuf> {
        let folder = self.environment.var("XDG_CONFIG_HOME").map(PathBuf::from);
        Some(folder.or_else(|| Some(self.environment.home()?.join(".config")))?.join(path))
    }

    /// What lies in the user's folder for tools without root.
    fn rootless(&self, path: &str) -> Option<PathBuf> {
        if self.is_root { None } else { self.own(path) }
    }

    /// The files of a pattern, in order; relative ones lie beside `file`.
    fn matching(&self, file: &Path, pattern: &str) -> Vec<PathBuf> {
        let (folder, rest) = match pattern.strip_prefix('/') {
            Some(rest) => (self.root.as_path(), rest),
            None => (file.parent().unwrap_or(&self.root), pattern),
        };
        let pattern = Path::new(&glob::Pattern::escape(&folder.to_string_lossy())).join(rest);
        let found = glob::glob(&pattern.to_string_lossy());
        found.into_iter().flatten().filter_map(Result::ok).take(MOST_FILES).collect()
    }

    fn shown(&self, path: &Path) -> String {
        let home = self.environment.home();
        if home.as_ref().is_some_and(|home| path.starts_with(home)) {
            return shown_path(path, home.as_deref());
        }
        shown_path(
            &path
                .strip_prefix(&self.root)
                .map_or_else(|_| path.to_owned(), |rest| Path::new("/").join(rest)),
            None,
        )
    }

    /// A file's text; `None` where there is none. What cannot be read is a sight of its own.
    fn read(&self, tool: &'static str, path: &Path, sights: &mut Vec<Sight>) -> Option<String> {
        let text = match std::fs::metadata(path) {
            Ok(of) if of.is_file() && of.len() <= MOST => {
                std::fs::File::open(path).and_then(|file| {
                    let mut bytes = Vec::new();
                    file.take(MOST).read_to_end(&mut bytes)?;
                    Ok(String::from_utf8_lossy(&bytes).into_owned())
                })
            }
            Ok(_) => {
                Err(std::io::Error::other(format!("it is no file, or larger than {MOST} bytes")))
            }
            Err(error) => Err(error),
        };
        match text {
            Ok(text) => Some(text),
            Err(error)
                if matches!(
                    error.kind(),
                    std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
                ) =>
            {
                None
            }
            Err(error) => {
                sights.push(Sight::Unusable {
                    tool,
                    file: self.shown(path),
                    why: format!("it cannot be read: {error}"),
                });
                None
            }
        }
    }

    /// A file that is parsed; `None` where it is not there or is broken.
    fn parsed<T>(
        &self,
        tool: &'static str,
        path: &Path,
        sights: &mut Vec<Sight>,
        parse: impl FnOnce(&str) -> Result<T, Broken>,
    ) -> Option<T> {
        let text = self.read(tool, path, sights)?;
        match parse(&text) {
            Ok(parsed) => Some(parsed),
            Err(Broken { line }) => {
                sights.push(Sight::Unusable {
                    tool,
                    file: self.shown(path),
                    why: format!("it is broken at line {line}"),
                });
                None
            }
        }
    }

    /// The files of a folder whose names end so, in order.
    fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
        let entries =
            std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut files: Vec<PathBuf> = entries
            .filter(|path| path.to_string_lossy().ends_with(ending))
            .take(MOST_FILES)
            .collect();
        files.sort();
        files
    }
}

/// Everything that configuration on this machine says about registries and repositories there.
pub(crate) fn look(machine: &Machine, registries: &[(String, String)]) -> Vec<Sight> {
    let mut sights = Vec::new();
    look_at_docker(machine, registries, &mut sights);
    look_at_containerd(machine, registries, &mut sights);
    look_at_podman(machine, registries, &mut sights);
    look_at_buildkit(machine, registries, &mut sights);
    for (tool, unit) in [
        ("docker", "docker"),
        ("containerd", "containerd"),
        ("podman", "podman"),
        ("CRI-O", "crio"),
    ] {
        let folders = [
            format!("/etc/systemd/system/{unit}.service.d"),
            format!("/run/systemd/system/{unit}.service.d"),
        ];
        for file in folders.iter().flat_map(|folder| Machine::files(&machine.at(folder), ".conf")) {
            let proxies = machine
                .read(tool, &file, &mut sights)
                .map(|text| units::parse(&text))
                .unwrap_or_default();
            if proxies.http.is_some() || proxies.https.is_some() {
                sights.push(Sight::Proxies { tool, file: machine.shown(&file), proxies });
            }
        }
    }
    sights
}

fn look_at_docker(machine: &Machine, registries: &[(String, String)], sights: &mut Vec<Sight>) {
    let home = machine.environment.home().map(|home| home.join(".docker/daemon.json"));
    for path in
        [Some(machine.at("/etc/docker/daemon.json")), machine.rootless("docker/daemon.json"), home]
            .into_iter()
            .flatten()
    {
        let Some(daemon) = machine.parsed("docker", &path, sights, docker::parse) else { continue };
        let file = machine.shown(&path);
        for (registry, _) in registries {
            if is_docker_hub(registry) && !daemon.mirrors.is_empty() {
                let (registry, mirrors) = (registry.clone(), daemon.mirrors.clone());
                sights.push(Sight::Mirrors {
                    tool: "docker",
                    registry,
                    file: file.clone(),
                    mirrors,
                    falls_back: true,
                });
            }
            if daemon.insecure.contains(registry) {
                sights.push(Sight::Insecure {
                    tool: "docker",
                    registry: registry.clone(),
                    file: file.clone(),
                });
            }
        }
        if daemon.proxies.http.is_some() || daemon.proxies.https.is_some() {
            sights.push(Sight::Proxies { tool: "docker", file, proxies: daemon.proxies });
        }
    }
}

fn look_at_containerd(machine: &Machine, registries: &[(String, String)], sights: &mut Vec<Sight>) {
    const CRI: &str = "containerd (CRI, for the kubelet)";
    for path in [
        Some(machine.at("/etc/containerd/config.toml")),
        machine.rootless("containerd/config.toml"),
    ]
    .into_iter()
    .flatten()
    {
        let Some((path, config)) = containerd_config(machine, CRI, path, sights) else { continue };
        let file = machine.shown(&path);
        if let Some(refused) = config.refused {
            let why = format!(
                "{refused} and `config_path` stand in it together, so that containerd does not load its CRI plugin"
            );
            sights.push(Sight::Unusable { tool: CRI, file, why });
            continue;
        }
        sights.extend(
            config.logins.iter().map(|key| Sight::Login { file: file.clone(), key: key.clone() }),
        );
        for (registry, _) in registries {
            // A `*` stands for every registry that has no entry of its own.
            if let Some(endpoints) =
                config.mirrors.get(registry).or_else(|| config.mirrors.get("*"))
            {
                let mirrors: Vec<String> =
                    endpoints.iter().filter(|url| !is_own(url, registry)).cloned().collect();
                if !mirrors.is_empty() {
                    let (registry, file) = (registry.clone(), file.clone());
                    // The registry itself is always asked last.
                    sights.push(Sight::Mirrors {
                        tool: CRI,
                        registry,
                        file,
                        mirrors,
                        falls_back: true,
                    });
                }
            }
        }
        let folders = config.hosts_dirs.iter().map(|folder| machine.at(folder)).collect::<Vec<_>>();
        look_at_hosts(machine, CRI, &folders, registries, sights);
    }
    let rootless: Vec<PathBuf> = ["containerd/certs.d", "docker/certs.d"]
        .iter()
        .filter_map(|folder| machine.rootless(folder))
        .collect();
    let usual = ["/etc/containerd/certs.d", "/etc/docker/certs.d"].map(|folder| machine.at(folder));
    let named = machine.environment.var("NERDCTL_TOML").map(PathBuf::from);
    let files = match named {
        Some(file) => vec![file],
        None => machine
            .rootless("nerdctl/nerdctl.toml")
            .into_iter()
            .chain([machine.at("/etc/nerdctl/nerdctl.toml")])
            .collect(),
    };
    let told = files.iter().find_map(|file| {
        machine.parsed("nerdctl", file, sights, containerd::parse_nerdctl).flatten()
    });
    let told = told.map(|folders| folders.iter().map(|folder| machine.at(folder)).collect());
    let folders: Vec<PathBuf> = told.unwrap_or_else(|| rootless.into_iter().chain(usual).collect());
    look_at_hosts(machine, "nerdctl", &folders, registries, sights);
}

/// The file that has the last word on the CRI, and that word: an imported file's section takes the
/// whole place of the one before (containerd 1.6 to 2.1, `cmd/containerd/server/config`).
fn containerd_config(
    machine: &Machine,
    tool: &'static str,
    path: PathBuf,
    sights: &mut Vec<Sight>,
) -> Option<(PathBuf, containerd::Config)> {
    let mut last = None;
    let mut files = vec![path];
    let mut next = 0;
    while let Some(path) = files.get(next).cloned() {
        next += 1;
        let Some(config) = machine.parsed(tool, &path, sights, containerd::parse_config) else {
            continue;
        };
        for import in config.imports.iter().flat_map(|pattern| machine.matching(&path, pattern)) {
            if files.len() < MOST_FILES && !files.contains(&import) {
                files.push(import);
            }
        }
        if config.is_for_cri {
            last = Some((path, config));
        }
    }
    last
}

/// What the first folder that has one for a registry says in its `hosts.toml`.
fn look_at_hosts(
    machine: &Machine,
    tool: &'static str,
    folders: &[PathBuf],
    registries: &[(String, String)],
    sights: &mut Vec<Sight>,
) {
    for (registry, _) in registries {
        let names = folders_of(registry);
        let own = folders.iter().find_map(|folder| {
            names.iter().map(|name| folder.join(name)).find(|folder| folder.is_dir())
        });
        let Some(path) = own.map(|folder| folder.join("hosts.toml")) else { continue };
        let Some(hosts) = machine.parsed(tool, &path, sights, containerd::parse_hosts) else {
            continue;
        };
        let falls_back = hosts.server.as_deref().is_none_or(|server| is_own(server, registry));
        let server = hosts.server.filter(|_| !falls_back);
        let mirrors: Vec<String> =
            hosts.hosts.into_iter().filter(|url| !is_own(url, registry)).chain(server).collect();
        if !mirrors.is_empty() {
            sights.push(Sight::Mirrors {
                tool,
                registry: registry.clone(),
                file: machine.shown(&path),
                mirrors,
                falls_back,
            });
        }
    }
}

fn look_at_podman(machine: &Machine, registries: &[(String, String)], sights: &mut Vec<Sight>) {
    let named = machine.environment.var("CONTAINERS_REGISTRIES_CONF").map(PathBuf::from);
    let own = machine.own("containers/registries.conf").filter(|path| path.is_file());
    let has_own = named.is_none() && own.is_some();
    let main = named.or(own).unwrap_or_else(|| machine.at("/etc/containers/registries.conf"));
    // A user's own file leaves the system's drop-ins out.
    let system = Some(machine.at("/etc/containers/registries.conf.d")).filter(|_| !has_own);
    let drops = system.into_iter().chain(machine.own("containers/registries.conf.d"));
    let files: Vec<PathBuf> = std::iter::once(main)
        .chain(drops.flat_map(|folder| Machine::files(&folder, ".conf")))
        .collect();
    let mut entries: Vec<(podman::Entry, String)> = Vec::new();
    for path in files {
        let found = machine.parsed("podman", &path, sights, podman::parse).unwrap_or_default();
        entries.extend(found.into_iter().map(|entry| (entry, machine.shown(&path))));
    }
    for (registry, repository) in registries {
        let Some(entry) =
            podman::entry_for(entries.iter().map(|(entry, _)| entry), registry, repository)
        else {
            continue;
        };
        let file = entries
            .iter()
            .rev()
            .find(|(other, _)| other == entry)
            .map(|(_, file)| file.clone())
            .unwrap_or_default();
        let registry = registry.clone();
        if entry.blocked {
            sights.push(Sight::Blocked { tool: "podman", registry, file });
            continue;
        }
        let url = |location: &str, insecure| {
            format!("{}://{location}", if insecure { "http" } else { "https" })
        };
        let falls_back = entry.location.is_empty() || is_own(&entry.location, &registry);
        let elsewhere = Some(url(&entry.location, entry.insecure)).filter(|_| !falls_back);
        let asked = entry
            .mirrors
            .iter()
            .filter(|mirror| !mirror.digest_only)
            .map(|mirror| url(&mirror.location, mirror.insecure));
        let mirrors: Vec<String> = asked.chain(elsewhere).collect();
        if entry.insecure && falls_back {
            sights.push(Sight::Insecure {
                tool: "podman",
                registry: registry.clone(),
                file: file.clone(),
            });
        }
        if !mirrors.is_empty() {
            sights.push(Sight::Mirrors { tool: "podman", registry, file, mirrors, falls_back });
        }
    }
}

fn look_at_buildkit(machine: &Machine, registries: &[(String, String)], sights: &mut Vec<Sight>) {
    const TOOL: &str = "BuildKit";
    for path in [
        Some(machine.at("/etc/buildkit/buildkitd.toml")),
        machine.rootless("buildkit/buildkitd.toml"),
    ]
    .into_iter()
    .flatten()
    {
        for (registry, _) in registries {
            let mirrors = machine
                .parsed(TOOL, &path, sights, |text| buildkit::parse(text, registry))
                .unwrap_or_default();
            let mirrors: Vec<String> =
                mirrors.into_iter().filter(|url| !is_own(url, registry)).collect();
            if !mirrors.is_empty() {
                let (registry, file) = (registry.clone(), machine.shown(&path));
                sights.push(Sight::Mirrors {
                    tool: TOOL,
                    registry,
                    file,
                    mirrors,
                    falls_back: true,
                });
            }
        }
    }
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
