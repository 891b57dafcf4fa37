//! The other direction: what the tools' files look like that put a mirror before Docker Hub. Pure; each
//! text is read again by the parser of its tool in the tests. Shapes as the tools' documentation has
//! them (November 2026).

use std::fmt::Write;

use serde_json::{Value, json};

use crate::image::hub;

/// Where a mirror is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// `http` or `https`.
    pub scheme: String,
    /// The host, with its port where it has one.
    pub host: String,
    /// What stands before the names of repositories there; empty at the root.
    pub prefix: String,
}

impl Address {
    /// `https://HOST`.
    pub(crate) fn root(&self) -> String {
        format!("{}://{}", self.scheme, self.host)
    }

    /// `HOST/PREFIX`.
    pub(crate) fn location(&self) -> String {
        if self.prefix.is_empty() {
            self.host.clone()
        } else {
            format!("{}/{}", self.host, self.prefix)
        }
    }

    /// The URL under which the protocol is spoken, for those who put nothing behind it themselves.
    fn base(&self) -> String {
        if self.prefix.is_empty() {
            format!("{}/v2", self.root())
        } else {
            format!("{}/v2/{}", self.root(), self.prefix)
        }
    }

    fn is_plain(&self) -> bool {
        self.scheme == "http"
    }
}

/// containerd's `hosts.toml` for Docker Hub. `authorization` is a header that goes with every request.
pub(crate) fn hosts_toml(
    mirror: &Address,
    falls_back: bool,
    authorization: Option<&str>,
) -> String {
    let (url, overrides) = if mirror.prefix.is_empty() {
        (mirror.root(), "")
    } else {
        (mirror.base(), "override_path = true\n")
    };
    let mut text = if falls_back {
        format!("server = \"{}\"\n\n", hub::REGISTRY_URL)
    } else {
        format!("server = \"{url}\"\n{overrides}\n")
    };
    let _ = write!(text, "[host.\"{url}\"]\n  capabilities = [\"pull\", \"resolve\"]\n");
    if !overrides.is_empty() {
        let _ = write!(text, "  {overrides}");
    }
    if let Some(header) = authorization {
        let _ = write!(text, "  [host.\"{url}\".header]\n    authorization = \"{header}\"\n");
    }
    text
}

/// The part of containerd's `config.toml` by which the CRI reads the folders of hosts.
pub(crate) fn config_path(folder: &str) -> String {
    format!(
        "# containerd 1\nversion = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\n  config_path = \"{folder}\"\n\n\
         # containerd 2, instead\n# version = 3\n# [plugins.\"io.containerd.cri.v1.images\".registry]\n#   config_path = \"{folder}\"\n"
    )
}

/// dockerd's `daemon.json`.
pub(crate) fn daemon_json(mirror: &Address) -> String {
    pretty(&json!({ "registry-mirrors": [mirror.root()] }))
}

/// `registries.conf` of podman, skopeo, buildah and CRI-O, as a drop-in.
pub(crate) fn registries_conf(mirror: &Address, falls_back: bool) -> String {
    let (name, location) = (hub::NAME, mirror.location());
    let insecure = if mirror.is_plain() { "insecure = true\n" } else { "" };
    if falls_back {
        format!(
            "[[registry]]\nprefix = \"{name}\"\nlocation = \"{name}\"\n\n[[registry.mirror]]\nlocation = \"{location}\"\n{insecure}"
        )
    } else {
        format!("[[registry]]\nprefix = \"{name}\"\nlocation = \"{location}\"\n{insecure}")
    }
}

/// BuildKit's `buildkitd.toml`.
pub(crate) fn buildkitd_toml(mirror: &Address) -> String {
    let mut text =
        format!("[registry.\"{}\"]\n  mirrors = [\"{}\"]\n", hub::NAME, mirror.location());
    if mirror.is_plain() {
        let _ = write!(text, "\n[registry.\"{}\"]\n  http = true\n", mirror.host);
    }
    text
}

/// `registries.yaml` of k3s and RKE2. A login stands for a user and a password.
pub(crate) fn registries_yaml(mirror: &Address, login: Option<(&str, &str)>) -> String {
    let mut text =
        format!("mirrors:\n  {}:\n    endpoint:\n      - \"{}\"\n", hub::NAME, mirror.root());
    if !mirror.prefix.is_empty() {
        let _ = write!(text, "    rewrite:\n      \"^(.*)$\": \"{}/$1\"\n", mirror.prefix);
    }
    if let Some((user, password)) = login {
        let _ = write!(
            text,
            "configs:\n  \"{}\":\n    auth:\n      username: {user}\n      password: {password}\n",
            mirror.host
        );
    }
    text
}

/// Talos' document of a mirror (1.12 and later), and one of a login.
pub(crate) fn talos_yaml(
    mirror: &Address,
    falls_back: bool,
    login: Option<(&str, &str)>,
) -> String {
    let mut text = format!(
        "apiVersion: v1alpha1\nkind: RegistryMirrorConfig\nname: {}\nendpoints:\n",
        hub::NAME
    );
    if mirror.prefix.is_empty() {
        let _ = writeln!(text, "  - url: {}", mirror.root());
    } else {
        let _ = write!(text, "  - url: {}\n    overridePath: true\n", mirror.base());
    }
    if !falls_back {
        text.push_str("skipFallback: true\n");
    }
    if let Some((user, password)) = login {
        let _ = write!(
            text,
            "---\napiVersion: v1alpha1\nkind: RegistryAuthConfig\nname: {}\nusername: {user}\npassword: {password}\n",
            mirror.host
        );
    }
    text
}

/// kind's cluster file: the folders of hosts are mounted into the node.
pub(crate) fn kind_yaml(folder: &str) -> String {
    let patch = |plugin: &str| {
        format!(
            "- |-\n  [plugins.\"{plugin}\".registry]\n    config_path = \"/etc/containerd/certs.d\"\n"
        )
    };
    format!(
        "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\ncontainerdConfigPatches:\n{}{}nodes:\n- role: control-plane\n  extraMounts:\n  - hostPath: {folder}\n    containerPath: /etc/containerd/certs.d\n    readOnly: true\n",
        patch("io.containerd.grpc.v1.cri"),
        patch("io.containerd.cri.v1.images"),
    )
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}

#[cfg(test)]
mod tests {
    use super::super::{buildkit, containerd, docker, podman, rancher};
    use super::*;

    fn address(scheme: &str, prefix: &str) -> Address {
        Address { scheme: scheme.into(), host: "cache.example:5000".into(), prefix: prefix.into() }
    }

    #[test]
    fn what_is_written_is_read_again_without_a_word_of_complaint() {
        for (scheme, prefix) in [("https", ""), ("http", ""), ("https", "hub"), ("http", "a/b")] {
            let mirror = address(scheme, prefix);
            let location = mirror.location();
            for falls_back in [true, false] {
                let text = hosts_toml(&mirror, falls_back, Some("Basic X"));
                let (hosts, unread) = containerd::parse_hosts(&text).unwrap();
                assert_eq!(unread, [], "{text}");
                assert_eq!(hosts.hosts.len(), 1, "{text}");
                assert!(hosts.hosts[0].starts_with(&mirror.root()), "{text}");
                assert_eq!(hosts.server.unwrap().contains("docker.io"), falls_back, "{text}");
                let file = podman::parse(&registries_conf(&mirror, falls_back)).unwrap();
                let entry =
                    podman::entry_for(&file.entries, "docker.io", "library/nginx").unwrap().clone();
                assert_eq!(entry.mirrors.iter().any(|one| one.location == location), falls_back);
                assert_eq!(entry.location == location, !falls_back);
                let _: Vec<Value> =
                    serde_saphyr::from_multiple(&talos_yaml(&mirror, falls_back, Some(("U", "P"))))
                        .unwrap();
            }
            let found = buildkit::parse(&buildkitd_toml(&mirror), "docker.io").unwrap();
            assert_eq!(found.mirrors, [format!("{scheme}://{location}")]);
            let found = rancher::parse(&registries_yaml(&mirror, Some(("U", "P"))), "k3s").unwrap();
            assert_eq!(found.mirrors["docker.io"], [mirror.root()]);
            assert_eq!(found.logins, ["cache.example:5000"]);
            let found = docker::parse(&daemon_json(&mirror)).unwrap();
            assert_eq!(found.mirrors, [mirror.root()]);
            assert_eq!(containerd::parse_config(&config_path("/c")).unwrap().hosts_dirs, ["/c"]);
            let _: Value = serde_saphyr::from_str(&kind_yaml("./certs.d")).unwrap();
        }
    }
}
