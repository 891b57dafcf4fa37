//! containerd's ways to another host than the registry's own: `hosts.toml` in a folder a registry, and
//! the older `mirrors` in `config.toml`. Pure. Follows containerd's `docs/hosts.md` and
//! `docs/cri/registry.md` (v2.1, 2025).

use std::collections::BTreeMap;

use toml::Value;

use super::hosts::{Hosts, strings};
use super::{Broken, toml_table};

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

#[cfg(test)]
mod tests {
    use super::super::hosts::folders_of;
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
