//! BuildKit's `buildkitd.toml`: mirrors of a registry for `docker build` by a builder of its own. Pure.
//! Follows BuildKit's `docs/buildkitd.toml.md` (v0.24, 2025).

use toml::Value;

use super::shape::Shape;
use super::{
    Broken, Machine, Registry, Sight, Unread, as_value, fitting, is_own, is_stray_hub, toml_table,
    unread,
};

const TOOL: &str = "BuildKit";

const SHAPE: Shape = Shape::Keys(&[("registry", Shape::Each(&Shape::Keys(REGISTRY)))]);
const REGISTRY: &[(&str, Shape)] = &[
    ("mirrors", Shape::Texts),
    ("http", Shape::Switch),
    ("insecure", Shape::Switch),
    ("ca", Shape::Texts),
    ("keypair", Shape::Any),
    ("tlsconfigdir", Shape::Texts),
];
/// Its other sections, of which nothing bears on pulls.
const SECTIONS: &str = "debug trace root insecure-entitlements log grpc otel cdi worker dns history \
    frontend system provenanceEnvDir trace gc networkMode";

/// What of the file bears on pulls of a registry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// The mirrors, as URLs; the registry itself is asked where they fail.
    pub mirrors: Vec<String>,
    /// What is in it and is not used.
    unread: Vec<Unread>,
}

/// What a file says of a registry.
pub(crate) fn parse(text: &str, registry: &str) -> Result<Found, Broken> {
    let table = toml_table(text)?;
    let unknown = fitting(SHAPE, &as_value(&table), TOOL)?;
    let unknown = unknown.iter().filter(|unknown| match unknown.path.split_once('.') {
        // A section that is not of pulls, or a newer one, is nobody's fault.
        None => unknown.meant.is_some() || unknown.key.contains("mirror"),
        Some(_) => true,
    });
    let known = |key: &str| SECTIONS.split_whitespace().any(|section| section == key);
    let mut passed_over: Vec<Unread> =
        unknown.filter(|one| !known(&one.key)).map(|one| unread(TOOL, one)).collect();
    let registries = table.get("registry").and_then(Value::as_table);
    let names = registries.into_iter().flat_map(|registries| registries.keys());
    passed_over.extend(names.filter(|name| is_stray_hub(name)).map(|name| Unread {
        what: format!("its section for {name} is not used for Docker Hub's images: their registry is docker.io there"),
        advice: "call the section [registry.\"docker.io\"]".to_owned(),
    }));
    let is_plain = |host: &str| {
        let entry = registries.and_then(|registries| registries.get(host));
        entry.and_then(|entry| entry.get("http")).and_then(Value::as_bool).unwrap_or_default()
    };
    let mirrors =
        registries.and_then(|registries| registries.get(registry)?.get("mirrors")?.as_array());
    let url = |mirror: &str| {
        let mirror = mirror.split_once("://").map_or(mirror, |(_, rest)| rest);
        let host = mirror.split('/').next().unwrap_or_default();
        format!("{}://{mirror}", if is_plain(host) { "http" } else { "https" })
    };
    let mirrors = mirrors.into_iter().flatten().filter_map(Value::as_str).map(url).collect();
    Ok(Found { mirrors, unread: passed_over })
}

/// What its files say of registries.
pub(super) fn look(machine: &Machine, registries: &[Registry], sights: &mut Vec<Sight>) {
    let etc = Some((TOOL, machine.at("/etc/buildkit/buildkitd.toml")));
    let rootless = machine.rootless(TOOL, "BuildKit without root", "buildkit/buildkitd.toml");
    // `docker buildx create` takes this one where it is given none.
    let home = machine.environment.home();
    let buildx =
        home.map(|home| ("docker buildx", home.join(".docker/buildx/buildkitd.default.toml")));
    for (tool, path) in [etc, rootless, buildx].into_iter().flatten() {
        for (registry, _) in registries {
            let parse = |text: &str| parse(text, registry);
            let Some(found) = machine.parsed(tool, &path, sights, parse) else { continue };
            machine.pass_over(tool, &path, found.unread, sights);
            let own = |url: &String| !is_own(url, registry);
            let mirrors: Vec<String> = found.mirrors.into_iter().filter(own).collect();
            if !mirrors.is_empty() {
                let (registry, file) = (registry.clone(), machine.shown(&path));
                sights.push(Sight::Mirrors { tool, registry, file, mirrors, falls_back: true });
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
            parse(text, "docker.io").unwrap().mirrors,
            ["http://cache.example:5000/hub", "https://mirror.gcr.io"]
        );
        assert_eq!(parse(text, "quay.io").unwrap(), Found::default());
        assert_eq!(parse("[registry", "docker.io"), Err(Broken::Line(1)));
    }

    #[test]
    fn what_is_written_wrong_is_told() {
        let unread = |text: &str| parse(text, "docker.io").unwrap().unread;
        assert_eq!(
            unread("debug = true\n[worker.oci]\ngc = true\n[registry.'docker.io']\nhttp = true\n"),
            []
        );
        for text in [
            "[registry.'docker.io']\nmirror = ['m']\n",
            "[registries.'docker.io']\nmirrors = ['m']\n",
            "[registry.'registry-1.docker.io']\nmirrors = ['m']\n",
            "[registry.'https://docker.io']\nmirrors = ['m']\n",
        ] {
            assert_eq!(unread(text).len(), 1, "{text}: {:?}", unread(text));
        }
        assert!(parse("[registry.'docker.io']\nmirrors = 'm'\n", "docker.io").is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,200}", value in "(7|'x'|\\[7\\]|\\{\\})") {
            let _ = (parse(&text, "docker.io"), parse(&format!("registry = {value}"), "docker.io"), parse(&format!("registry.'docker.io' = {value}"), "docker.io"));
        }
    }
}
