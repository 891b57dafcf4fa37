//! containerd's ways to another host than the registry's own: `hosts.toml` in a folder a registry, and
//! the older `mirrors` in `config.toml`. Pure. Follows containerd's `docs/hosts.md` and
//! `docs/cri/registry.md` (v2.1, 2025).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::Value;

use super::hosts::{Hosts, folders_of, strings};
use super::machine::MOST_FILES;
use super::shape::Shape;
use super::{
    Broken, Machine, Registry, Sight, Unread, as_value, fitting, is_own, is_stray_hub, toml_table,
    unread,
};
use crate::credentials::shown_key;
use crate::image::hub;

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
    /// What is in it and is not used.
    unread: Vec<Unread>,
}

/// What may stand in the `registry` section of the CRI plugin.
const SHAPE: Shape = Shape::Keys(&[
    ("config_path", Shape::Text),
    ("mirrors", Shape::Each(&Shape::Keys(&[("endpoint", Shape::Texts), ("rewrite", Shape::Any)]))),
    ("configs", Shape::Each(&Shape::Any)),
    ("auths", Shape::Any),
    ("headers", Shape::Any),
]);
const CRI: &str = "containerd (CRI, for the kubelet)";

/// Reads a `config.toml`.
pub(crate) fn parse_config(text: &str) -> Result<Config, Broken> {
    let table = toml_table(text)?;
    let mut config = Config { imports: strings(table.get("imports")), ..Config::default() };
    let plugins = table.get("plugins").and_then(Value::as_table);
    config.is_for_cri =
        PLUGINS.iter().any(|name| plugins.is_some_and(|plugins| plugins.contains_key(*name)));
    if plugins.is_some_and(|plugins| plugins.contains_key("cri"))
        && table.get("version").and_then(Value::as_integer).is_some_and(|version| version >= 2)
    {
        let why = "containerd does not start: from version 2 of the file on, a plugin has its full name, such as io.containerd.grpc.v1.cri";
        return Err(Broken::Refused(why.to_owned()));
    }
    for registry in
        PLUGINS.iter().filter_map(|name| plugins?.get(*name)?.get("registry")?.as_table())
    {
        let unknown = fitting(SHAPE, &as_value(registry), "containerd")?;
        config.unread.extend(unknown.iter().map(|unknown| unread("containerd", unknown)));
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

/// What may stand for the server or for a host in `hosts.toml`.
const HOST: &[(&str, Shape)] = &[
    ("server", Shape::Text),
    ("host", Shape::Each(&Shape::Any)),
    ("capabilities", Shape::Texts),
    ("ca", Shape::Any),
    ("client", Shape::Any),
    ("skip_verify", Shape::Switch),
    ("header", Shape::Any),
    ("override_path", Shape::Switch),
    ("dial_timeout", Shape::Any),
];

/// Reads a `hosts.toml`, with what containerd passes over in it.
pub(super) fn parse_hosts(text: &str) -> Result<(Hosts, Vec<Unread>), Broken> {
    const TOOL: &str = "containerd";
    let table = toml_table(text)?;
    let document = as_value(&table);
    let unknown = fitting(Shape::Keys(HOST), &document, TOOL)?;
    let mut passed_over: Vec<Unread> = unknown.iter().map(|one| unread(TOOL, one)).collect();
    for (url, host) in
        document.get("host").and_then(|hosts| hosts.as_object()).into_iter().flatten()
    {
        let unknown = fitting(Shape::Keys(HOST.get(2..).unwrap_or_default()), host, TOOL)?;
        passed_over.extend(unknown.iter().map(|one| unread(TOOL, one)));
        let capabilities = host.get("capabilities").and_then(|list| list.as_array());
        let known =
            |word: &str| ["pull", "resolve", "push"].contains(&word.to_ascii_lowercase().as_str());
        if capabilities.into_iter().flatten().any(|one| !one.as_str().is_some_and(known)) {
            let why = "containerd refuses it: a capability is none of pull, resolve, push";
            return Err(Broken::Refused(why.to_owned()));
        }
        let overrides = host.get("override_path").and_then(serde_json::Value::as_bool);
        let path = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
        let path =
            path.split_once('/').map(|(_, path)| path.trim_end_matches('/')).unwrap_or_default();
        if path.starts_with("v2/") && overrides != Some(true) {
            let url = shown_key(url);
            passed_over.push(Unread {
                what: format!("containerd puts another /v2 behind {url}, as `override_path` is not set, and finds nothing there"),
                advice: "add `override_path = true` to that host".to_owned(),
            });
        }
    }
    Ok((Hosts::from(&table), passed_over))
}

/// The folders of hosts that nerdctl is told to look in; `None` where the file does not say.
pub(crate) fn parse_nerdctl(text: &str) -> Result<Option<Vec<String>>, Broken> {
    Ok(toml_table(text)?.get("hosts_dir").map(|folders| strings(Some(folders))))
}

/// What its files say of registries.
pub(super) fn look(machine: &Machine, registries: &[Registry], sights: &mut Vec<Sight>) {
    let etc = Some((CRI, machine.at("/etc/containerd/config.toml")));
    let rootless = machine.rootless(CRI, "containerd without root", "containerd/config.toml");
    for (tool, path) in [etc, rootless].into_iter().flatten() {
        look_at_cri(machine, tool, path, registries, sights);
    }
    look_at_nerdctl(machine, registries, sights);
}

/// What a `config.toml` of containerd has the CRI do, and with it the kubelet.
pub(super) fn look_at_cri(
    machine: &Machine,
    tool: &'static str,
    path: PathBuf,
    registries: &[Registry],
    sights: &mut Vec<Sight>,
) {
    let Some((path, config)) = containerd_config(machine, tool, path, sights) else { return };
    let file = machine.shown(&path);
    if let Some(refused) = config.refused {
        let why = format!(
            "{refused} and `config_path` stand in it together, so that containerd does not load its CRI plugin"
        );
        sights.push(Sight::Unusable { tool, file, why });
        return;
    }
    machine.pass_over(tool, &path, config.unread, sights);
    let login = |key: &String| Sight::Login { tool, file: file.clone(), key: key.clone() };
    sights.extend(config.logins.iter().map(login));
    for (registry, _) in registries {
        // A `*` stands for every registry that has no entry of its own.
        let endpoints = config.mirrors.get(registry).or_else(|| config.mirrors.get("*"));
        let others = endpoints.into_iter().flatten().filter(|url| !is_own(url, registry));
        let mirrors: Vec<String> = others.cloned().collect();
        if !mirrors.is_empty() {
            let (registry, file) = (registry.clone(), file.clone());
            // The registry itself is always asked last.
            sights.push(Sight::Mirrors { tool, registry, file, mirrors, falls_back: true });
        }
    }
    let stray = config.mirrors.keys().filter(|name| is_stray_hub(name));
    let stray = stray.map(|name| Unread {
        what: format!("its `mirrors` for {name} are not used for Docker Hub's images: their registry is docker.io there"),
        advice: "write docker.io instead".to_owned(),
    });
    machine.pass_over(tool, &path, stray, sights);
    let folders = config.hosts_dirs.iter().map(|folder| machine.at(folder)).collect::<Vec<_>>();
    let usual = machine.at(HOSTS_DIR);
    let is_told = !config.hosts_dirs.is_empty();
    // Folders that are named and not there, beside the usual one that is.
    if usual.join(hub::NAME).join("hosts.toml").is_file()
        && !folders.iter().any(|folder| folder.is_dir())
    {
        let what = if is_told {
            format!(
                "`config_path` names a folder that is not there, so that the CRI reads nothing in {HOSTS_DIR}"
            )
        } else {
            format!(
                "it sets no `config_path`, so that the CRI reads nothing in {HOSTS_DIR}; nerdctl does"
            )
        };
        let advice = format!(
            "set config_path = \"{HOSTS_DIR}\" in its registry section and restart containerd"
        );
        machine.pass_over(tool, &path, [Unread { what, advice }], sights);
    }
    look_at_hosts(machine, tool, &folders, registries, sights);
}

/// The usual folder of folders of registries.
const HOSTS_DIR: &str = "/etc/containerd/certs.d";

fn look_at_nerdctl(machine: &Machine, registries: &[Registry], sights: &mut Vec<Sight>) {
    const TOOL: &str = "nerdctl";
    let own = |path| machine.rootless(TOOL, "nerdctl without root", path);
    let rootless: Vec<(&str, PathBuf)> =
        ["containerd/certs.d", "docker/certs.d"].into_iter().filter_map(own).collect();
    let usual = [HOSTS_DIR, "/etc/docker/certs.d"].map(|folder| machine.at(folder));
    let named = machine.environment.var("NERDCTL_TOML").map(PathBuf::from);
    let mine = own("nerdctl/nerdctl.toml").filter(|(tool, _)| *tool == TOOL).map(|(_, path)| path);
    let files = match named {
        Some(file) => vec![file],
        None => mine.into_iter().chain([machine.at("/etc/nerdctl/nerdctl.toml")]).collect(),
    };
    let told =
        files.iter().find_map(|file| machine.parsed(TOOL, file, sights, parse_nerdctl).flatten());
    if let Some(told) = told {
        let folders: Vec<PathBuf> = told.iter().map(|folder| machine.at(folder)).collect();
        return look_at_hosts(machine, TOOL, &folders, registries, sights);
    }
    let (mine, others): (Vec<_>, Vec<_>) =
        rootless.into_iter().partition(|(tool, _)| *tool == TOOL);
    let folders: Vec<PathBuf> = mine.into_iter().map(|(_, folder)| folder).chain(usual).collect();
    look_at_hosts(machine, TOOL, &folders, registries, sights);
    if let Some((tool, _)) = others.first() {
        let folders: Vec<PathBuf> = others.iter().map(|(_, folder)| folder.clone()).collect();
        look_at_hosts(machine, tool, &folders, registries, sights);
    }
}

/// What lies in a folder of hosts where nobody looks for it when an image of Docker Hub is pulled.
fn look_for_strays(machine: &Machine, folder: &Path, sights: &mut Vec<Sight>) {
    const TOOL: &str = "containerd";
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().take(MOST_FILES);
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_here = path.join("hosts.toml").is_file();
        let unread = if is_here && is_stray_hub(&name) {
            Unread {
                what: format!(
                    "the folder {name} is not read for Docker Hub's images: theirs is called docker.io"
                ),
                advice: format!("rename it to {}", machine.shown(&folder.join(hub::NAME))),
            }
        } else if path.extension().is_some_and(|kind| kind == "toml") && path.is_file() {
            Unread {
                what: "a file beside the folders of the registries is not read".to_owned(),
                advice: format!(
                    "move it to {}",
                    machine.shown(&folder.join(hub::NAME).join("hosts.toml"))
                ),
            }
        } else if !is_here && path.is_dir() && !Machine::files(&path, ".toml").is_empty() {
            Unread {
                what: "there is no file hosts.toml in it, and no other name is read".to_owned(),
                advice: "call the file hosts.toml".to_owned(),
            }
        } else {
            continue;
        };
        machine.pass_over(TOOL, &path, [unread], sights);
    }
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
pub(super) fn look_at_hosts(
    machine: &Machine,
    tool: &'static str,
    folders: &[PathBuf],
    registries: &[Registry],
    sights: &mut Vec<Sight>,
) {
    if registries.iter().any(|(registry, _)| crate::credentials::is_docker_hub(registry)) {
        for folder in folders {
            look_for_strays(machine, folder, sights);
        }
    }
    for (registry, _) in registries {
        let names = folders_of(registry);
        let own = folders.iter().find_map(|folder| {
            names.iter().map(|name| folder.join(name)).find(|folder| folder.is_dir())
        });
        let Some(path) = own.map(|folder| folder.join("hosts.toml")) else { continue };
        let Some((hosts, unread)) = machine.parsed(tool, &path, sights, parse_hosts) else {
            continue;
        };
        machine.pass_over(tool, &path, unread, sights);
        let falls_back = hosts.server.as_deref().is_none_or(|server| is_own(server, registry));
        let server = hosts.server.filter(|_| !falls_back);
        let others = hosts.hosts.into_iter().filter(|url| !is_own(url, registry));
        let mirrors: Vec<String> = others.chain(server).collect();
        if !mirrors.is_empty() {
            let (registry, file) = (registry.clone(), machine.shown(&path));
            sights.push(Sight::Mirrors { tool, registry, file, mirrors, falls_back });
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
        assert_eq!(parse_config("a = 1\nb = "), Err(Broken::Line(2)));
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
        let hosts = parse_hosts(text).unwrap().0;
        assert_eq!(hosts.hosts, ["https://all.example", "https://mirror.example"]);
        assert_eq!(hosts.server.as_deref(), Some("https://registry-1.docker.io"));
        assert_eq!(parse_hosts("").unwrap().0, Hosts::default());
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
