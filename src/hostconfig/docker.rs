//! dockerd's `daemon.json`: mirrors, proxies, registries without TLS. Pure. Follows Docker's reference
//! of `dockerd` (v28, 2025).

use serde::Deserialize;

use super::{Broken, Machine, Proxies, Registry, Sight};
use crate::credentials::is_docker_hub;

/// What of `daemon.json` bears on pulls.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Daemon {
    /// URLs asked before Docker Hub, and before no other registry.
    pub mirrors: Vec<String>,
    /// Hosts and networks that may be spoken to without TLS.
    pub insecure: Vec<String>,
    /// Proxies of the daemon.
    pub proxies: Proxies,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct File {
    registry_mirrors: Vec<String>,
    insecure_registries: Vec<String>,
    proxies: Option<Written>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Written {
    #[serde(rename = "http-proxy")]
    http: Option<String>,
    #[serde(rename = "https-proxy")]
    https: Option<String>,
    #[serde(rename = "no-proxy")]
    no: Option<String>,
}

/// Reads a `daemon.json`; an empty one says nothing.
pub(crate) fn parse(text: &str) -> Result<Daemon, Broken> {
    if text.trim().is_empty() {
        return Ok(Daemon::default());
    }
    let file: File = serde_json::from_str(text).map_err(|error| Broken { line: error.line() })?;
    let proxies = file.proxies.unwrap_or_default();
    Ok(Daemon {
        mirrors: file.registry_mirrors,
        insecure: file.insecure_registries,
        proxies: Proxies { http: proxies.http, https: proxies.https, no: proxies.no },
    })
}

/// What its files say of registries.
pub(super) fn look(machine: &Machine, registries: &[Registry], sights: &mut Vec<Sight>) {
    let home = machine.environment.home().map(|home| home.join(".docker/daemon.json"));
    for path in
        [Some(machine.at("/etc/docker/daemon.json")), machine.rootless("docker/daemon.json"), home]
            .into_iter()
            .flatten()
    {
        let Some(daemon) = machine.parsed("docker", &path, sights, parse) else { continue };
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
        assert_eq!(parse("{\n\"registry-mirrors\": 7}").map_err(|broken| broken.line), Err(2));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,200}", list in any::<String>()) {
            let _ = (parse(&text), parse(&format!("{{\"registry-mirrors\":[{list:?}]}}")));
        }
    }
}
