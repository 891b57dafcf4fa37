//! dockerd's `daemon.json`: mirrors, proxies, registries without TLS, and what makes dockerd refuse it
//! or pass over it. The parser is pure. Follows Docker's reference of `dockerd` (v28, 2025); what is
//! refused was tried with dockerd 20.10.

use serde_json::{Map, Value};
use url::Url;

use super::shape::{Shape, nearest};
use super::{Broken, Machine, Proxies, Registry, Sight, Unread};
use crate::credentials::{is_docker_hub, shown_key};

/// What of `daemon.json` bears on pulls.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Daemon {
    /// URLs asked before Docker Hub, and before no other registry.
    pub mirrors: Vec<String>,
    /// Hosts and networks that may be spoken to without TLS.
    pub insecure: Vec<String>,
    /// Proxies of the daemon.
    pub proxies: Proxies,
    /// What is in it and is not used.
    unread: Vec<Unread>,
}

/// Keys whose values bear on pulls, and others whose kind people get wrong.
const KINDS: &[(&str, Shape)] = &[
    ("registry-mirrors", Shape::Texts),
    ("insecure-registries", Shape::Texts),
    ("proxies", Shape::Each(&Shape::Text)),
    ("debug", Shape::Switch),
    ("experimental", Shape::Switch),
    ("icc", Shape::Switch),
    ("ip-forward", Shape::Switch),
    ("iptables", Shape::Switch),
    ("ipv6", Shape::Switch),
    ("live-restore", Shape::Switch),
    ("userland-proxy", Shape::Switch),
    ("dns", Shape::Texts),
    ("dns-search", Shape::Texts),
    ("hosts", Shape::Texts),
    ("labels", Shape::Texts),
    ("log-opts", Shape::Each(&Shape::Any)),
    ("storage-opts", Shape::Texts),
    ("data-root", Shape::Text),
    ("log-driver", Shape::Text),
    ("storage-driver", Shape::Text),
    ("mtu", Shape::Number),
    ("max-concurrent-downloads", Shape::Number),
    ("max-download-attempts", Shape::Number),
];

/// The other keys, of all versions.
const OTHERS: &str = "allow-direct-routing allow-nondistributable-artifacts api-cors-header authorization-plugins \
    bip bip6 bridge bridge-accept-fwmark builder cdi-spec-dirs cgroup-parent cluster-advertise cluster-store \
    cluster-store-opts containerd containerd-namespace containerd-plugin-namespace containerd-plugins-namespace \
    cpu-rt-period cpu-rt-runtime default-address-pools default-cgroupns-mode default-gateway default-gateway-v6 \
    default-ipc-mode default-network-opts default-runtime default-shm-size default-ulimits deprecated-key-path \
    disable-legacy-registry dns-opts exec-opts exec-root features firewall-backend fixed-cidr fixed-cidr-v6 graph \
    group host-gateway-ip host-gateway-ips http-proxy https-proxy init init-path ip ip-forward-no-drop ip-masq \
    ip6tables isolation log-format log-level max-concurrent-uploads metrics-addr min-api-version \
    network-control-plane-mtu network-diagnostic-port no-new-privileges no-proxy node-generic-resources nri nri-opts \
    oom-score-adjust pidfile raw-logs rootless runtimes seccomp-profile selinux-enabled shutdown-timeout \
    swarm-default-advertise-addr tls tlscacert tlscert tlskey tlsverify userland-proxy-path userns-remap \
    cluster-store-opt validate config-file default-stop-timeout";

/// Options of the command line that are called otherwise in the file: dockerd takes the option's name
/// for a known one, starts, and does not use it.
const FLAGS: &[(&str, &str)] = &[
    ("registry-mirror", "registry-mirrors"),
    ("insecure-registry", "insecure-registries"),
    ("host", "hosts"),
    ("label", "labels"),
    ("log-opt", "log-opts"),
    ("dns-opt", "dns-opts"),
    ("exec-opt", "exec-opts"),
    ("storage-opt", "storage-opts"),
    ("default-ulimit", "default-ulimits"),
    ("default-address-pool", "default-address-pools"),
    ("default-network-opt", "default-network-opts"),
    ("authorization-plugin", "authorization-plugins"),
    ("add-runtime", "runtimes"),
    ("node-generic-resource", "node-generic-resources"),
    ("cdi-spec-dir", "cdi-spec-dirs"),
];

/// Reads a `daemon.json`; an empty one says nothing.
pub(crate) fn parse(text: &str) -> Result<Daemon, Broken> {
    let text = text.trim_start_matches('\u{feff}');
    // dockerd reads the first value and no further.
    let first = serde_json::Deserializer::from_str(text).into_iter::<Value>().next();
    let map = match first.transpose().map_err(|error| Broken::Line(error.line()))? {
        None | Some(Value::Null) => return Ok(Daemon::default()),
        Some(Value::Object(map)) => map,
        Some(_) => return Err(Broken::Refused("dockerd refuses it: it is no JSON object".into())),
    };
    let unread = keys(&map)?;
    let document = Value::Object(map);
    if let Some((path, wanted)) = Shape::Keys(KINDS).flaws(&document).mistyped {
        return Err(Broken::Refused(format!("dockerd refuses it: `{path}` is not {wanted}")));
    }
    let texts = |key: &str| -> Vec<String> {
        let list = document.get(key).and_then(Value::as_array).into_iter().flatten();
        list.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let proxy = |key: &str| {
        let written = document.get("proxies").and_then(|proxies| proxies.get(key));
        written.or_else(|| document.get(key)).and_then(Value::as_str).map(str::to_owned)
    };
    let (mirrors, insecure) = (texts("registry-mirrors"), texts("insecure-registries"));
    if let Some(why) = mirrors.iter().find_map(|mirror| refused_mirror(mirror)) {
        return Err(Broken::Refused(why));
    }
    let plain = |one: &&String| {
        one.contains("://") && !one.starts_with("http://") && !one.starts_with("https://")
    };
    if let Some(one) = insecure.iter().find(plain) {
        let one = shown_key(one);
        let why = format!("dockerd does not start: the insecure registry {one} is no HOST:PORT");
        return Err(Broken::Refused(why));
    }
    let proxies =
        Proxies { http: proxy("http-proxy"), https: proxy("https-proxy"), no: proxy("no-proxy") };
    Ok(Daemon { mirrors, insecure, proxies, unread })
}

/// Whether dockerd knows the keys: it does not start for one that it does not know, unless that is the
/// name of an option, which it then passes over.
fn keys(map: &Map<String, Value>) -> Result<Vec<Unread>, Broken> {
    let known = || KINDS.iter().map(|(key, _)| *key).chain(OTHERS.split_whitespace());
    let mut unread = Vec::new();
    for key in map.keys().filter(|key| !known().any(|known| known == key.as_str())) {
        if let Some((_, meant)) = FLAGS.iter().find(|(flag, _)| flag == key) {
            unread.push(Unread {
                what: format!("`{key}` is the name of an option of dockerd, not of a key: dockerd starts and does not use it"),
                advice: format!("write `{meant}` instead, then restart docker"),
            });
            continue;
        }
        let meant = nearest(key, known()).or_else(|| {
            let key = key.to_ascii_lowercase();
            key.contains("mirror").then_some("registry-mirrors")
        });
        let meant =
            meant.map(|meant| format!("; `{meant}` was probably meant")).unwrap_or_default();
        let key = shown_key(key);
        let why = format!("dockerd does not start: it knows no key `{key}`{meant}");
        return Err(Broken::Refused(why));
    }
    Ok(unread)
}

/// Why dockerd does not take a mirror, without the login that may stand in it.
pub(crate) fn refused_mirror(mirror: &str) -> Option<String> {
    let shown = shown_key(mirror);
    let start = "dockerd does not start";
    let Ok(url) = Url::parse(mirror) else {
        return Some(format!(
            "{start}: the mirror {shown:?} is no URL that begins with http:// or https://"
        ));
    };
    if !matches!(url.scheme(), "http" | "https") {
        return Some(format!(
            "{start}: the mirror {shown:?} does not begin with http:// or https://"
        ));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Some(format!("{start}: the mirror {shown} has a user name or password in it"));
    }
    let is_root =
        matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    (!is_root).then(|| {
        format!("dockerd takes the root of a host for a mirror: {shown} has a path or a query behind the host, for which dockerd 20 does not start")
    })
}

/// What its files say of registries.
pub(super) fn look(machine: &Machine, registries: &[Registry], sights: &mut Vec<Sight>) {
    const TOOL: &str = "docker";
    let home = machine.environment.home().map(|home| (TOOL, home.join(".docker/daemon.json")));
    for (tool, path) in [
        Some((TOOL, machine.at("/etc/docker/daemon.json"))),
        machine.rootless(TOOL, "docker without root", "docker/daemon.json"),
        home,
    ]
    .into_iter()
    .flatten()
    {
        let Some(daemon) = machine.parsed(tool, &path, sights, parse) else { continue };
        let file = machine.shown(&path);
        machine.pass_over(tool, &path, daemon.unread, sights);
        for (registry, _) in registries {
            let (registry, file) = (registry.clone(), file.clone());
            if is_docker_hub(&registry) && !daemon.mirrors.is_empty() {
                let (registry, file) = (registry.clone(), file.clone());
                let mirrors = daemon.mirrors.clone();
                sights.push(Sight::Mirrors { tool, registry, file, mirrors, falls_back: true });
            }
            if daemon.insecure.contains(&registry) {
                sights.push(Sight::Insecure { tool, registry, file });
            }
        }
        if daemon.proxies.http.is_some() || daemon.proxies.https.is_some() {
            sights.push(Sight::Proxies { tool, file, proxies: daemon.proxies });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn mirrors_proxies_and_insecure_registries_are_read_and_the_rest_is_passed_over() {
        let text = r#"{"registry-mirrors":["https://mirror.example"],"insecure-registries":["10.0.0.0/8"],"log-driver":"x",
            "proxies":{"https-proxy":"http://u:hunter2@proxy:3128","no-proxy":"*.example"}}"#;
        let daemon = parse(text).unwrap();
        assert_eq!(
            (daemon.mirrors, daemon.insecure),
            (vec!["https://mirror.example".to_owned()], vec!["10.0.0.0/8".to_owned()])
        );
        assert_eq!((daemon.proxies.http, daemon.proxies.no.as_deref()), (None, Some("*.example")));
        assert_eq!(parse(" \n"), Ok(Daemon::default()));
        assert_eq!(parse("null"), Ok(Daemon::default()));
        assert_eq!(parse("{\"debug\":true} x"), Ok(Daemon::default()));
        assert_eq!(parse("{\n\"registry-mirrors\": [}"), Err(Broken::Line(2)));
    }

    /// Tried with dockerd 20.10.24, each with a daemon of its own.
    #[test]
    fn what_dockerd_refuses_and_what_it_passes_over_are_told_apart() {
        let refused = [
            r#"{"registry-mirrors":["mirror.acme.example"]}"#,
            r#"{"registry-mirrors":["mirror:5000"]}"#,
            r#"{"registry-mirrors":["ftp://m"]}"#,
            r#"{"registry-mirrors":["https://u:hunter2@m"]}"#,
            r#"{"registry-mirrors":["https://m/path"]}"#,
            r#"{"registry-mirrors":["https://m/?x=1"]}"#,
            r#"{"registry-mirrors":[""]}"#,
            r#"{"registry-mirrors":"https://m"}"#,
            r#"{"registry_mirrors":["https://m"]}"#,
            r#"{"Registry-Mirrors":["https://m"]}"#,
            r#"{"mirrors":["https://m"]}"#,
            r#"{"insecure-registries":["ftp://m:5"]}"#,
            r#"{"debug":"true"}"#,
            r#"{"dns-x":1}"#,
            "[]",
        ];
        for text in refused {
            let broken = parse(text).unwrap_err();
            assert!(
                matches!(&broken, Broken::Refused(why) if !why.contains("hunter2")),
                "{text}: {broken:?}"
            );
        }
        let passed_over = [
            (r#"{"registry-mirror":["https://m"]}"#, "registry-mirrors"),
            (r#"{"insecure-registry":["m"]}"#, "insecure-registries"),
            (r#"{"log-opt":{}}"#, "log-opts"),
        ];
        for (text, meant) in passed_over {
            let daemon = parse(text).unwrap();
            assert!(
                daemon.unread.iter().any(|one| one.advice.contains(meant)),
                "{text}: {daemon:?}"
            );
            assert!(daemon.mirrors.is_empty());
        }
        let taken = [
            r#"{"registry-mirrors":["HTTPS://m","http://m:5000/"],"insecure-registries":["http://m:5"]}"#,
            r#"{"registry-mirrors":null,"features":{"buildkit":true},"log-opts":{"max-size":"1m"},"runtimes":{}}"#,
            r#"{"default-address-pools":[{"base":"10.0.0.0/8","size":24}],"max-concurrent-downloads":3}"#,
        ];
        for text in taken {
            assert!(parse(text).is_ok_and(|daemon| daemon.unread.is_empty()), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,200}", list in any::<String>()) {
            let _ = (parse(&text), parse(&format!("{{\"registry-mirrors\":[{list:?}]}}")));
        }
    }
}
