//! BuildKit's `buildkitd.toml`: mirrors of a registry for `docker build` by a builder of its own. Pure.
//! Follows BuildKit's `docs/buildkitd.toml.md` (v0.24, 2025).

use toml::Value;

use super::{Broken, Machine, Registry, Sight, is_own, toml_table};

/// The mirrors of a registry, as URLs; the registry itself is asked where they fail.
pub(crate) fn parse(text: &str, registry: &str) -> Result<Vec<String>, Broken> {
    let table = toml_table(text)?;
    let registries = table.get("registry").and_then(Value::as_table);
    let is_plain = |host: &str| {
        let entry = registries.and_then(|registries| registries.get(host));
        entry.and_then(|entry| entry.get("http")).and_then(Value::as_bool).unwrap_or_default()
    };
    let mirrors =
        registries.and_then(|registries| registries.get(registry)?.get("mirrors")?.as_array());
    let url = |mirror: &str| {
        let host = mirror.split('/').next().unwrap_or_default();
        format!("{}://{mirror}", if is_plain(host) { "http" } else { "https" })
    };
    Ok(mirrors.into_iter().flatten().filter_map(Value::as_str).map(url).collect())
}

/// What its files say of registries.
pub(super) fn look(machine: &Machine, registries: &[Registry], sights: &mut Vec<Sight>) {
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
                .parsed(TOOL, &path, sights, |text| parse(text, registry))
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn mirrors_are_urls_by_their_own_entry() {
        let text = "[registry.'docker.io']\nmirrors = ['cache.example:5000/hub', 'mirror.gcr.io']\n[registry.'cache.example:5000']\nhttp = true\n";
        assert_eq!(
            parse(text, "docker.io").unwrap(),
            ["http://cache.example:5000/hub", "https://mirror.gcr.io"]
        );
        assert_eq!(parse(text, "quay.io").unwrap(), [""; 0]);
        assert_eq!(parse("[registry", "docker.io").map_err(|broken| broken.line), Err(1));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,200}", value in "(7|'x'|\\[7\\]|\\{\\})") {
            let _ = (parse(&text, "docker.io"), parse(&format!("registry = {value}"), "docker.io"), parse(&format!("registry.'docker.io' = {value}"), "docker.io"));
        }
    }
}
