//! Configuration as it lies below a root: which file counts for which tool.

use std::fs;

use super::*;

struct Root(tempfile::TempDir);

impl Root {
    fn new(files: &[(&str, &str)]) -> Self {
        let root = Self(tempfile::tempdir().unwrap());
        for (path, text) in files {
            let path = root.0.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text.replace("ROOT", &root.0.path().display().to_string())).unwrap();
        }
        root
    }

    /// The sights of Docker Hub and another registry, in short: `tool registry: mirrors +` where it falls back.
    fn seen(&self, variables: &[(&str, &str)]) -> Vec<String> {
        self.seen_by(false, variables)
    }

    fn seen_by(&self, is_root: bool, variables: &[(&str, &str)]) -> Vec<String> {
        let home = self.0.path().join("home").display().to_string();
        let at = |value: &str| value.replace("ROOT", &self.0.path().display().to_string());
        let environment = [("HOME".to_owned(), home)].into_iter();
        let environment = environment
            .chain(variables.iter().map(|(name, value)| ((*name).to_owned(), at(value))))
            .collect();
        let machine = Machine { root: self.0.path().to_owned(), environment, is_root };
        let registries = [("docker.io", "library/nginx"), ("quay.io", "team/app")]
            .map(|(one, other)| (one.to_owned(), other.to_owned()));
        look(&machine, &registries).iter().map(short).collect()
    }
}

fn short(sight: &Sight) -> String {
    match sight {
        Sight::Mirrors { tool, registry, file, mirrors, falls_back } => {
            format!(
                "{} {registry} {}{} by {file}",
                tool.split(" (").next().unwrap(),
                mirrors.join(" "),
                if *falls_back { " +" } else { "" }
            )
        }
        Sight::Blocked { tool, registry, .. } => format!("{tool} blocks {registry}"),
        Sight::Insecure { tool, registry, .. } => format!("{tool} insecure {registry}"),
        Sight::Proxies { tool, file, .. } => format!("{tool} proxied by {file}"),
        Sight::Login { key, .. } => format!("login {key}"),
        Sight::Unread { file, advice, .. } => format!("{file} unread: {advice}"),
        Sight::Unusable { file, why, .. } => format!("{file}: {why}"),
    }
}

const MIRROR: &str = "[host.'https://mirror.example']\n  capabilities = ['pull', 'resolve']\n";

#[test]
fn nothing_is_seen_where_nothing_is_configured() {
    assert_eq!(Root::new(&[]).seen(&[]), [""; 0]);
}

#[test]
fn docker_s_file_counts_for_docker_hub_alone() {
    let root = Root::new(&[(
        "etc/docker/daemon.json",
        r#"{"registry-mirrors":["https://mirror.example"],"insecure-registries":["quay.io"],"proxies":{"http-proxy":"http://p"}}"#,
    )]);
    let wanted = [
        "docker docker.io https://mirror.example + by /etc/docker/daemon.json",
        "docker insecure quay.io",
        "docker proxied by /etc/docker/daemon.json",
    ];
    assert_eq!(root.seen(&[]), wanted);
}

#[test]
fn containerd_s_folders_count_for_the_cri_only_where_it_is_told_of_them() {
    let own = format!("server = 'https://registry-1.docker.io'\n{MIRROR}");
    let files = [
        ("etc/containerd/certs.d/docker.io/hosts.toml", own.as_str()),
        ("etc/containerd/certs.d/_default/hosts.toml", "server = 'https://all.example'\n"),
    ];
    let root = Root::new(&files);
    let nerdctl = [
        "nerdctl docker.io https://mirror.example + by /etc/containerd/certs.d/docker.io/hosts.toml",
        "nerdctl quay.io https://all.example by /etc/containerd/certs.d/_default/hosts.toml",
    ];
    assert_eq!(root.seen(&[]), nerdctl);
    let config =
        "[plugins.'io.containerd.grpc.v1.cri'.registry]\nconfig_path = '/etc/containerd/certs.d'\n";
    let told = Root::new(&[files[0], files[1], ("etc/containerd/config.toml", config)]);
    assert_eq!(told.seen(&[]).len(), 4, "{:?}", told.seen(&[]));
}

#[test]
fn the_old_form_of_containerd_s_mirrors_and_logins_is_seen() {
    let config = "[plugins.'io.containerd.grpc.v1.cri'.registry.mirrors.'docker.io']\nendpoint = ['https://mirror.example', 'https://registry-1.docker.io']\n\
        [plugins.'io.containerd.grpc.v1.cri'.registry.configs.'registry-1.docker.io'.auth]\nusername = 'bob'\npassword = 'hunter2'\n";
    let seen = Root::new(&[("etc/containerd/config.toml", config)]).seen(&[]);
    assert_eq!(
        seen,
        [
            "login registry-1.docker.io",
            "containerd docker.io https://mirror.example + by /etc/containerd/config.toml"
        ]
    );
}

#[test]
fn what_containerd_refuses_beside_a_config_path_is_told_and_not_taken_for_in_use() {
    let rows = [
        (
            "io.containerd.grpc.v1.cri",
            "mirrors.'docker.io']\nendpoint = ['http://m']",
            Some("`mirrors`"),
        ),
        (
            "io.containerd.cri.v1.images",
            "mirrors.'quay.io']\nendpoint = ['http://m']",
            Some("`mirrors`"),
        ),
        (
            "io.containerd.grpc.v1.cri",
            "configs.'m'.tls]\ninsecure_skip_verify = true",
            Some("`tls`"),
        ),
        ("io.containerd.cri.v1.images", "configs.'m'.auth]\nusername = 'bob'", None),
        ("io.containerd.grpc.v1.cri", "mirrors]", None),
    ];
    for (plugin, section, refused) in rows {
        let text = format!(
            "[plugins.'{plugin}'.registry]\nconfig_path = '/hosts'\n[plugins.'{plugin}'.registry.{section}\n"
        );
        let files =
            [("etc/containerd/config.toml", text.as_str()), ("hosts/docker.io/hosts.toml", MIRROR)];
        let seen = Root::new(&files).seen(&[]).join(" ");
        assert_eq!(seen.contains("https://mirror.example"), refused.is_none(), "{text}: {seen}");
        assert!(refused.is_none_or(|refused| seen.contains(refused)), "{text}: {seen}");
    }
}

#[test]
fn the_last_import_of_containerd_s_configuration_has_the_word() {
    let mirror = |registry: &str, host: &str| {
        format!(
            "[plugins.'io.containerd.grpc.v1.cri'.registry.mirrors.'{registry}']\nendpoint = ['http://{host}']\n"
        )
    };
    let main = format!(
        "imports = ['/etc/containerd/conf.d/*.toml', 'more/x.toml', 'none.toml']\n{}",
        mirror("quay.io", "main")
    );
    let first = format!(
        "imports = ['/etc/containerd/config.toml', '../last.toml']\n{}",
        mirror("docker.io", "first")
    );
    let (second, last) = (mirror("docker.io", "second"), mirror("docker.io", "last"));
    let mut files = vec![
        ("etc/containerd/config.toml", main.as_str()),
        ("etc/containerd/conf.d/1.toml", first.as_str()),
        ("etc/containerd/more/x.toml", "version = 2\n"),
    ];
    assert_eq!(
        Root::new(&files).seen(&[]),
        ["containerd docker.io http://first + by /etc/containerd/conf.d/1.toml"]
    );
    files.push(("etc/containerd/conf.d/2.toml", &second));
    assert_eq!(
        Root::new(&files).seen(&[]),
        ["containerd docker.io http://second + by /etc/containerd/conf.d/2.toml"]
    );
    files.push(("etc/containerd/last.toml", &last));
    let seen = Root::new(&files).seen(&[]);
    assert!(seen.len() == 1 && seen[0].contains("http://last"), "{seen:?}");
}

#[test]
fn what_is_for_rootless_tools_is_told_of_them_to_root() {
    let hub = "home/.config/containerd/certs.d/docker.io/hosts.toml";
    let root = Root::new(&[
        (hub, MIRROR),
        ("home/.config/docker/daemon.json", r#"{"registry-mirrors":["https://mirror.example"]}"#),
        ("etc/containerd/certs.d/docker.io/hosts.toml", "[host.'https://etc.example']\n"),
    ]);
    assert_eq!(
        root.seen_by(true, &[]),
        [
            "docker without root docker.io https://mirror.example + by ~/.config/docker/daemon.json",
            "nerdctl docker.io https://etc.example + by /etc/containerd/certs.d/docker.io/hosts.toml",
            "nerdctl without root docker.io https://mirror.example + by ~/.config/containerd/certs.d/docker.io/hosts.toml",
        ]
    );
    let rootless = [
        "docker docker.io https://mirror.example + by ~/.config/docker/daemon.json",
        "nerdctl docker.io https://mirror.example + by ~/.config/containerd/certs.d/docker.io/hosts.toml",
    ];
    assert_eq!(root.seen_by(false, &[]), rootless);
}

#[test]
fn nerdctl_looks_where_its_own_file_says() {
    let root = Root::new(&[
        ("n.toml", "hosts_dir = ['/hosts']\n"),
        ("hosts/docker.io/hosts.toml", MIRROR),
    ]);
    assert_eq!(root.seen(&[]), [""; 0]);
    assert_eq!(
        root.seen(&[("NERDCTL_TOML", "ROOT/n.toml")]),
        ["nerdctl docker.io https://mirror.example + by /hosts/docker.io/hosts.toml"]
    );
}

#[test]
fn podman_s_files_overwrite_each_other_in_order() {
    let mirror = |name: &str| {
        format!(
            "[[registry]]\nprefix = 'docker.io'\nlocation = 'docker.io'\n[[registry.mirror]]\nlocation = '{name}.example/hub'\n"
        )
    };
    let (etc, drop, named) = (mirror("etc"), mirror("drop"), mirror("named"));
    let own = "[[registry]]\nlocation = 'docker.io'\nblocked = true\n[[registry]]\nprefix = 'quay.io'\nlocation = 'cache.example'\ninsecure = true\n";
    let root = Root::new(&[("etc/containers/registries.conf", &etc), ("named.conf", &named)]);
    assert_eq!(
        root.seen(&[]),
        ["podman docker.io https://etc.example/hub + by /etc/containers/registries.conf"]
    );
    assert_eq!(
        root.seen(&[("CONTAINERS_REGISTRIES_CONF", "ROOT/named.conf")]),
        ["podman docker.io https://named.example/hub + by /named.conf"]
    );
    let dropped = Root::new(&[
        ("etc/containers/registries.conf", &etc),
        ("etc/containers/registries.conf.d/10.conf", &drop),
    ]);
    assert_eq!(
        dropped.seen(&[]),
        [
            "podman docker.io https://drop.example/hub + by /etc/containers/registries.conf.d/10.conf"
        ]
    );
    let owned = Root::new(&[
        ("etc/containers/registries.conf.d/10.conf", &drop),
        ("home/.config/containers/registries.conf", own),
    ]);
    assert_eq!(
        owned.seen(&[]),
        [
            "podman blocks docker.io",
            "podman quay.io http://cache.example by ~/.config/containers/registries.conf"
        ]
    );
}

#[test]
fn buildkit_s_mirrors_are_seen() {
    let root = Root::new(&[(
        "etc/buildkit/buildkitd.toml",
        "[registry.'docker.io']\nmirrors = ['mirror.example']\n",
    )]);
    assert_eq!(
        root.seen(&[]),
        ["BuildKit docker.io https://mirror.example + by /etc/buildkit/buildkitd.toml"]
    );
}

#[test]
fn proxies_of_units_are_seen() {
    let root = Root::new(&[(
        "etc/systemd/system/docker.service.d/proxy.conf",
        "[Service]\nEnvironment=\"HTTPS_PROXY=http://proxy:3128\"\n",
    )]);
    assert_eq!(
        root.seen(&[]),
        ["docker proxied by /etc/systemd/system/docker.service.d/proxy.conf"]
    );
}

#[test]
fn what_cannot_be_read_is_told_by_its_line_and_never_by_its_text() {
    let root = Root::new(&[
        ("etc/docker/daemon.json", "{\n\"hunter2\""),
        ("etc/containerd/certs.d/docker.io/hosts.toml", "a = 1\nhunter2 ="),
        ("etc/containers/registries.conf/x", ""),
    ]);
    let seen = root.seen(&[]);
    assert_eq!(seen.len(), 3, "{seen:?}");
    assert!(
        seen[0].starts_with("/etc/docker/daemon.json: it is broken at line 2")
            && seen[1].contains("line 2"),
        "{seen:?}"
    );
    assert!(!seen.join(" ").contains("hunter2"), "{seen:?}");
    let large = Root::new(&[("etc/docker/daemon.json", &" ".repeat((1 << 20) + 1))]);
    assert!(large.seen(&[])[0].contains("larger than"), "{:?}", large.seen(&[]));
}
