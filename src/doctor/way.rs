//! What stands between here and a registry, judged: mirrors that hide or spend the limit, proxies whose
//! address is counted, blocks, roots of trust that are not there. Whether a mirror answers is asked by
//! the caller and passed in.

use std::collections::BTreeMap;
use std::path::Path;

use tokio::time::Instant;
use url::Url;

use super::target::Target;
use super::{Finding, Severity, Topic};
use crate::context::Environment;
use crate::credentials::is_docker_hub;
use crate::hostconfig::{Machine, Proxies, Sight, WITHOUT_ROOT, look};
use crate::registry::proxy_for;

/// The most mirrors that are asked.
const MOST_MIRRORS: usize = 20;

fn finding(severity: Severity, id: &'static str, subject: &str, evidence: &str) -> Finding {
    Finding::new(Topic::Way, severity, id, subject, evidence)
}

/// Reads the tools' configuration, off the threads that wait for answers.
pub(crate) async fn sights(machine: Machine, targets: &[Target], end: Instant) -> Vec<Sight> {
    let registries: Vec<(String, String)> = targets
        .iter()
        .map(|target| (target.registry().to_owned(), target.image.repository().to_owned()))
        .collect();
    let looked = tokio::task::spawn_blocking(move || look(&machine, &registries));
    tokio::time::timeout_at(end, looked).await.ok().and_then(Result::ok).unwrap_or_default()
}

/// What docker's own daemon says of its mirrors, in the place of what a file of its may say.
pub(crate) fn with_daemon(
    mut sights: Vec<Sight>,
    targets: &[Target],
    mirrors: Option<&[String]>,
) -> Vec<Sight> {
    let Some(mirrors) = mirrors else { return sights };
    sights.retain(|sight| !matches!(sight, Sight::Mirrors { tool: "docker", .. }));
    if !mirrors.is_empty() {
        sights.extend(targets.iter().filter(|target| target.image.is_docker_hub()).map(|target| {
            Sight::Mirrors {
                tool: "docker",
                registry: target.registry().to_owned(),
                file: "docker info".to_owned(),
                mirrors: mirrors.to_vec(),
                falls_back: true,
            }
        }));
    }
    sights
}

/// The mirrors that are named, each once, as they are written; no more than are worth asking.
pub(crate) fn mirrors(sights: &[Sight]) -> Vec<String> {
    let mut urls: Vec<String> = sights
        .iter()
        .flat_map(|sight| match sight {
            Sight::Mirrors { mirrors, .. } => mirrors.clone(),
            _ => Vec::new(),
        })
        .collect();
    urls.sort_unstable();
    urls.dedup();
    urls.truncate(MOST_MIRRORS);
    urls
}

/// What a mirror's answer to a ping means: its status, or why it is of no use.
pub(crate) fn answered(ping: Result<u16, impl std::fmt::Display>) -> Result<u16, String> {
    match ping {
        Ok(status) if status < 500 => Ok(status),
        Ok(status) => Err(format!("answers {status}")),
        Err(error) => Err(format!("does not answer ({error})")),
    }
}

/// The root of a mirror's host.
pub(crate) fn root(url: &str) -> Option<Url> {
    let url = if url.contains("://") { url.to_owned() } else { format!("https://{url}") };
    let mut url = Url::parse(&url).ok()?;
    url.set_path("/");
    url.set_query(None);
    // A login in the URL stays here.
    let _ = (url.set_username(""), url.set_password(None));
    Some(url)
}

/// A URL without a login in it.
fn shown(url: &str) -> String {
    crate::credentials::shown_key(url)
}

/// What the sights mean.
pub(crate) fn judge(
    sights: &[Sight],
    answers: &BTreeMap<String, Result<u16, String>>,
) -> Vec<Finding> {
    let judged = |sight: &Sight| {
        let mut finding = one(sight, answers);
        // What is there for a tool that root does not run is good to know and no more.
        if sight.tool().ends_with(WITHOUT_ROOT) {
            finding.severity = finding.severity.min(Severity::Info);
        }
        finding
    };
    sights.iter().map(judged).collect()
}

fn one(sight: &Sight, answers: &BTreeMap<String, Result<u16, String>>) -> Finding {
    match sight {
        Sight::Mirrors { tool, registry, file, mirrors, falls_back } => mirrored(tool, registry, file, mirrors, *falls_back, answers),
        Sight::Blocked { tool, registry, file } => {
            finding(Severity::Error, "registry-blocked", registry, &format!("{file} forbids {tool} to pull from {registry}"))
                .advise(format!("take the block of {registry} out of {file}, or pull from where the images are meant to come from"))
        }
        Sight::Insecure { tool, registry, file } => {
            let evidence = format!("{file} lets {tool} speak to {registry} without TLS or without looking at its certificate");
            finding(Severity::Warning, "registry-insecure", registry, &evidence)
                .advise("a login sent there can be read on the way: give the registry a certificate and name its CA")
        }
        Sight::Proxies { tool, file, proxies } => proxied(tool, file, proxies),
        Sight::Login { tool, file, key } => {
            let evidence = format!("{file} holds a login for {}: the CRI uses it where a pod has no imagePullSecret", shown(key));
            let name = if tool.starts_with("containerd") { "containerd" } else { tool };
            finding(Severity::Info, "login-in-containerd", name, &evidence)
                .advise("containerd 2 calls this deprecated: use imagePullSecrets or a credential provider of the kubelet")
        }
        Sight::Unread { tool, file, what, advice } => {
            let evidence = format!("{file} ({tool}): {what}");
            finding(Severity::Warning, "configuration-unread", file, &evidence).advise(advice)
        }
        Sight::Unusable { tool, file, why } => {
            finding(Severity::Warning, "configuration-unusable", file, &format!("{tool} has a configuration there, but {why}"))
                .advise(format!("correct {file}, then restart what reads it: containerd silently passes over a broken hosts.toml, others do not start"))
        }
    }
}

fn mirrored(
    tool: &str,
    registry: &str,
    file: &str,
    mirrors: &[String],
    falls_back: bool,
    answers: &BTreeMap<String, Result<u16, String>>,
) -> Finding {
    let list = mirrors.iter().map(|url| shown(url)).collect::<Vec<_>>().join(", ");
    let said: Vec<String> = mirrors
        .iter()
        .map(|url| match answers.get(url) {
            Some(Ok(status)) => format!("{} answers ({status})", shown(url)),
            Some(Err(why)) => format!("{} {why}", shown(url)),
            None => format!("{} was not asked", shown(url)),
        })
        .collect();
    let said = said.join("; ");
    let is_broken = mirrors.iter().any(|url| matches!(answers.get(url), Some(Err(_))));
    let subject = format!("{registry} by {tool}");
    let hub = if is_docker_hub(registry) { "Docker Hub" } else { registry };
    match (falls_back, is_broken) {
        (true, true) => {
            let evidence = format!("{tool} asks {list} first, then {hub} itself ({file}); {said}");
            finding(Severity::Warning, "mirror-spends-limit", &subject, &evidence).advise(format!(
                "repair the mirror or take it out of the configuration: while it fails, every pull is counted by {hub}, and nothing says so"
            ))
        }
        (true, false) => {
            let evidence = format!(
                "{tool} asks {list} first, then {hub} itself ({file}); {said}. The count at {hub} falls only for what the mirror has not, or when it fails"
            );
            finding(Severity::Info, "mirror-spends-limit", &subject, &evidence)
        }
        (false, true) => {
            let evidence = format!("{tool} asks {list} and never {hub} itself ({file}); {said}");
            finding(Severity::Error, "mirror-hides-limit", &subject, &evidence)
                .advise("repair the mirror, or let the tool fall back to the registry itself: as it is, pulls fail")
        }
        (false, false) => {
            let evidence = format!(
                "{tool} asks {list} and never {hub} itself ({file}); {said}. What is read at {hub} says nothing about these pulls"
            );
            finding(Severity::Info, "mirror-hides-limit", &subject, &evidence)
        }
    }
}

fn proxied(tool: &str, file: &str, proxies: &Proxies) -> Finding {
    let list: Vec<String> = [("HTTP", &proxies.http), ("HTTPS", &proxies.https)]
        .into_iter()
        .filter_map(|(name, url)| Some(format!("{} for {name}", shown(url.as_ref()?))))
        .collect();
    let no = proxies.no.as_ref().map(|no| format!(", but for {no}")).unwrap_or_default();
    let evidence = format!(
        "asks through {}{no} ({file}): without a login, the proxy's address is what is counted",
        list.join(" and ")
    );
    finding(Severity::Info, "proxy-in-use", tool, &evidence)
}

/// The proxy that variables name for a registry: dhlimit's own readings, podman, nerdctl and skopeo go
/// through it.
pub(crate) fn proxy_of_variables(environment: &Environment, base: &Url) -> Option<Finding> {
    let host = base.host_str()?.trim_matches(['[', ']']);
    match proxy_for(base, environment) {
        Ok(None) => None,
        Ok(Some(proxy)) => {
            let evidence = format!(
                "{} is {}: {host} is asked through it, and without a login the proxy's address is what is counted",
                proxy.variable(),
                proxy.url()
            );
            Some(finding(Severity::Info, "proxy-in-use", "this shell", &evidence))
        }
        Err(error) => {
            let words = error.to_string();
            let advice = "correct the variable, or unset it where no proxy is needed";
            Some(finding(Severity::Error, "proxy-in-use", "this shell", &words).advise(advice))
        }
    }
}

/// Roots of trust that a variable names and that are not there.
pub(crate) fn trust(environment: &Environment) -> Option<Finding> {
    let file = environment
        .var("SSL_CERT_FILE")
        .map(|file| ("SSL_CERT_FILE", file))
        .filter(|(_, file)| !holds_certificates(Path::new(file)));
    let folder = environment.var("SSL_CERT_DIR").map(|folder| ("SSL_CERT_DIR", folder));
    let folder =
        folder.filter(|(_, folders)| !std::env::split_paths(folders).any(|folder| folder.is_dir()));
    let (name, path) = file.or(folder)?;
    let evidence = format!(
        "{name} names {path}, where no certificate can be read: most programs then trust nobody at all"
    );
    Some(
        finding(Severity::Warning, "tls-trust", name, &evidence)
            .advise(format!("unset {name}, or name a PEM file with certificates of CAs")),
    )
}

fn holds_certificates(path: &Path) -> bool {
    let is_file = std::fs::metadata(path).is_ok_and(|of| of.is_file() && of.len() < 64 << 20);
    is_file
        && std::fs::read(path).is_ok_and(|bytes| {
            bytes.windows(27).any(|window| window == b"-----BEGIN CERTIFICATE-----")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mirrors(falls_back: bool) -> Sight {
        let mirrors = vec!["https://bob:hunter2@mirror.example/hub".to_owned()];
        Sight::Mirrors {
            tool: "nerdctl",
            registry: "docker.io".into(),
            file: "/etc/x".into(),
            mirrors,
            falls_back,
        }
    }

    #[test]
    fn a_mirror_is_judged_by_its_answer_and_by_what_comes_after_it() {
        let url = "https://bob:hunter2@mirror.example/hub".to_owned();
        let rows = [
            (true, Ok(401), "mirror-spends-limit", Severity::Info),
            (true, Err("does not answer".to_owned()), "mirror-spends-limit", Severity::Warning),
            (false, Ok(200), "mirror-hides-limit", Severity::Info),
            (false, Err("does not answer".to_owned()), "mirror-hides-limit", Severity::Error),
        ];
        for (falls_back, answer, id, severity) in rows {
            let found =
                judge(&[mirrors(falls_back)], &BTreeMap::from([(url.clone(), answer)])).remove(0);
            assert_eq!((found.id, found.severity), (id, severity), "{found:?}");
            assert!(
                !format!("{found:?}").contains("hunter2")
                    && found.evidence.contains("https://mirror.example/hub"),
                "{found:?}"
            );
        }
    }

    #[test]
    fn what_the_daemon_says_takes_the_place_of_its_file() {
        let targets = super::super::target::tests::all(&["docker.io", "ghcr.io"]);
        let file = Sight::Mirrors {
            tool: "docker",
            registry: "docker.io".into(),
            file: "f".into(),
            mirrors: vec!["https://old".into()],
            falls_back: true,
        };
        assert_eq!(with_daemon(vec![file.clone()], &targets, None), std::slice::from_ref(&file));
        assert_eq!(with_daemon(vec![file.clone()], &targets, Some(&[])), []);
        let said = with_daemon(vec![file], &targets, Some(&["https://new".to_owned()]));
        assert!(
            matches!(&said[..], [Sight::Mirrors { mirrors, .. }] if *mirrors == ["https://new"]),
            "{said:?}"
        );
    }

    #[test]
    fn a_proxy_counts_where_it_is_used() {
        let hub: Url = "https://registry-1.docker.io".parse().unwrap();
        let rows: &[(&[(&str, &str)], bool)] = &[
            (&[], false),
            (&[("HTTPS_PROXY", "http://u:hunter2@proxy:3128")], true),
            (&[("https_proxy", "http://proxy:3128")], true),
            (&[("HTTP_PROXY", "http://proxy:3128")], false),
            (&[("ALL_PROXY", "socks5://proxy:1080")], true),
            (&[("HTTPS_PROXY", "http://proxy:3128"), ("NO_PROXY", "localhost, .docker.io")], false),
            (&[("HTTPS_PROXY", "http://proxy:3128"), ("NO_PROXY", "notdocker.io")], true),
            (&[("HTTPS_PROXY", "http://proxy:3128"), ("no_proxy", "*")], false),
            (&[("HTTPS_PROXY", "http://proxy:3128"), ("NO_PROXY", "*.docker.io")], false),
            (
                &[("HTTPS_PROXY", "http://proxy:3128"), ("NO_PROXY", "registry-1.docker.io:443")],
                false,
            ),
            (
                &[("HTTPS_PROXY", "http://proxy:3128"), ("NO_PROXY", "registry-1.docker.io:444")],
                true,
            ),
            (&[("HTTPS_PROXY", "ht!tp://u:hunter2@proxy:3128")], true),
        ];
        for (variables, used) in rows {
            let found = proxy_of_variables(&variables.iter().copied().collect(), &hub);
            assert_eq!(found.is_some(), *used, "{variables:?}");
            assert!(!format!("{found:?}").contains("hunter2"), "{found:?}");
        }
        let loopback: Url = "http://127.0.0.1:5000".parse().unwrap();
        assert_eq!(
            proxy_of_variables(&[("HTTP_PROXY", "http://proxy")].into_iter().collect(), &loopback),
            None
        );
    }
}
