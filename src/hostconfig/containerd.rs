//! containerd's ways to another host than the registry's own: `hosts.toml` in a folder a registry, and
//! the older `mirrors` in `config.toml`. Pure. Follows containerd's `docs/hosts.md` and
//! `docs/cri/registry.md` (v2.1, 2025).

use std::collections::BTreeMap;
use std::path::PathBuf;

use toml::Value;

use super::hosts::{Hosts, folders_of, strings};
use super::machine::MOST_FILES;
use super::{Broken, Machine, Registry, Sight, is_own, toml_table};

/// The CRI plugin's name up to version 1 and from version 2 on.
const PLUGINS: [&str; 2] = ["io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images"];

/// What of `config.toml` bears on pulls by the CRI, which is what the kubelet uses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Config {
    /// Further files, as paths or patterns, whose sections take the place of this one's.
    pub imports: Vec<String>,
    /// Whether it has a section for the CRI at all.
    pub is_for_cri: bool,
    /// Folders with a folder a registry.
    pub hosts_dirs: Vec<String>,
    /// The older form: by registry, the URLs to ask in turn.
    pub mirrors: BTreeMap<String, Vec<String>>,
    /// What containerd refuses beside `config_path`, so that it does not load its CRI plugin.
    pub refused: Option<&'static str>,
    /// Registries for which a login is written into the file.
    pub logins: Vec<String>,
}

/// Reads a `config.toml`.
pub(crate) fn parse_config(text: &str) -> Result<Config, Broken> {
    let table = toml_table(text)?;
    let mut config = Config { imports: strings(table.get("imports")), ..Config::default() };
    let plugins = table.get("plugins").and_then(Value::as_table);
    config.is_for_cri =
        PLUGINS.iter().any(|name| plugins.is_some_and(|plugins| plugins.contains_key(*name)));
    for registry in
        PLUGINS.iter().filter_map(|name| plugins?.get(*name)?.get("registry")?.as_table())
    {
        let path = registry.get("config_path").and_then(Value::as_str).unwrap_or_default();
        config
            .hosts_dirs
            .extend(path.split(':').filter(|folder| !folder.is_empty()).map(str::to_owned));
        for (name, mirror) in
            registry.get("mirrors").and_then(Value::as_table).into_iter().flatten()
        {
            config.mirrors.insert(name.clone(), strings(mirror.get("endpoint")));
        }
        for (name, host) in registry.get("configs").and_then(Value::as_table).into_iter().flatten()
        {
            if host.get("auth").and_then(Value::as_table).is_some_and(|auth| !auth.is_empty()) {
                config.logins.push(name.clone());
            }
            if !path.is_empty() && host.get("tls").is_some() {
                config.refused = Some("`tls` of a registry");
            }
        }
        let mirrors = registry.get("mirrors").and_then(Value::as_table);
        if !path.is_empty() && mirrors.is_some_and(|mirrors| !mirrors.is_empty()) {
            config.refused = Some("`mirrors`");
        }
    }
    Ok(config)
}

/// Reads a `hosts.toml`.
pub(crate) fn parse_hosts(text: &str) -> Result<Hosts, Broken> {
    Ok(Hosts::from(&toml_table(text)?))
}

/// The folders of hosts that nerdctl is told to look in; `None` where the file does not say.
pub(crate) fn parse_nerdctl(text: &str) -> Result<Option<Vec<String>>, Broken> {
    Ok(toml_table(text)?.get("hosts_dir").map(|folders| strings(Some(folders))))
}

/// What its files say of registries.
pub(super) fn look(machine: &Machine, registries: &[Registry], sights: &mut Vec<Sight>) {
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
    let told = files
        .iter()
        .find_map(|file| machine.parsed("nerdctl", file, sights, parse_nerdctl).flatten());
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
) -> Option<(PathBuf, Config)> {
    let mut last = None;
    let mut files = vec![path];
    let mut next = 0;
    while let Some(path) = files.get(next).cloned() {
        next += 1;
        let Some(config) = machine.parsed(tool, &path, sights, parse_config) else {
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
    registries: &[Registry],
    sights: &mut Vec<Sight>,
) {
    for (registry, _) in registries {
        let names = folders_of(registry);
        let own = folders.iter().find_map(|folder| {
            names.iter().map(|name| folder.join(name)).find(|folder| folder.is_dir())
        });
        let Some(path) = own.map(|folder| folder.join("hosts.toml")) else { continue };
        let Some(hosts) = machine.parsed(tool, &path, sights, parse_hosts) else {
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_versions_of_the_configuration_are_read() {
        let old = r#"
            version = 2
            [plugins."io.containerd.grpc.v1.cri".registry.mirrors."docker.io"]
              endpoint = ["https://mirror.example", "https://registry-1.docker.io"]
            [plugins."io.containerd.grpc.v1.cri".registry.configs."registry-1.docker.io".auth]
              username = "bob"
              password = "hunter2"
        "#;
        let config = parse_config(old).unwrap();
        assert_eq!(
            config.mirrors["docker.io"],
            ["https://mirror.example", "https://registry-1.docker.io"]
        );
        assert_eq!(config.logins, ["registry-1.docker.io"]);
        let new = "version = 3\n[plugins.'io.containerd.cri.v1.images'.registry]\n  config_path = '/etc/containerd/certs.d:/etc/docker/certs.d'\n";
        assert_eq!(
            parse_config(new).unwrap().hosts_dirs,
            ["/etc/containerd/certs.d", "/etc/docker/certs.d"]
        );
        assert_eq!(parse_config("a = 1\nb = ").map_err(|broken| broken.line), Err(2));
    }

    #[test]
    fn hosts_are_those_that_may_be_pulled_from() {
        let text = r#"
            server = "https://registry-1.docker.io"
            [host."https://mirror.example"]
              capabilities = ["pull", "resolve"]
            [host."https://push.example"]
              capabilities = ["push"]
            [host."https://all.example"]
        "#;
        let hosts = parse_hosts(text).unwrap();
        assert_eq!(hosts.hosts, ["https://all.example", "https://mirror.example"]);
        assert_eq!(hosts.server.as_deref(), Some("https://registry-1.docker.io"));
        assert_eq!(parse_hosts("").unwrap(), Hosts::default());
        assert_eq!(
            parse_nerdctl("hosts_dir = ['/a', '/b']").unwrap(),
            Some(vec!["/a".to_owned(), "/b".to_owned()])
        );
        assert_eq!(folders_of("host:5000"), ["host_5000_", "host:5000", "_default"]);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,200}") {
            let _ = (parse_config(&text), parse_hosts(&text), parse_nerdctl(&text));
        }

        #[test]
        fn no_shape_makes_it_panic(value in "(7|'x'|\\[\\]|\\[7\\]|\\{\\}|true)") {
            let _ = parse_hosts(&format!("server = {value}\nhost = {value}"));
            let _ = parse_config(&format!("plugins.'io.containerd.grpc.v1.cri'.registry = {value}"));
            let _ = parse_config(&format!("plugins.'io.containerd.grpc.v1.cri'.registry.mirrors = {value}"));
            let _ = parse_nerdctl(&format!("hosts_dir = {value}"));
        }
    }
}
