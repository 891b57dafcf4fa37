//! Values of Helm charts: images whole, or split over registry, repository, tag and digest. A reference
//! stands at its repository. An empty tag is the chart's `appVersion`, where its `Chart.yaml` is beside.
//!
//! The names of the keys are what charts have agreed on (Helm's own starter chart, Bitnami's common
//! chart, prometheus-community, November 2026); there is no schema for them.

use crate::scan::input::Input;
use crate::scan::kind::{Candidate, FileKind, Kind};
use crate::scan::lines;
use crate::scan::sink::{Found, Sink};
use crate::scan::text::Text;
use crate::scan::tree::Node;
use crate::scan::value::{Definition, Purpose};
use crate::scan::vars::{Expanded, Scope};
use crate::scan::yaml;

/// Values of charts.
pub(in crate::scan) const KIND: Kind = Kind { name: FileKind::Helm, recognise, read };

/// How deep values are looked into.
const MOST_DEPTH: usize = 30;

fn recognise(file: &Candidate<'_>) -> bool {
    let name = file.name.to_ascii_lowercase();
    let stem = name.split('.').next().unwrap_or_default();
    let names_values = name.starts_with("values")
        || stem.ends_with("-values")
        || stem.ends_with("_values")
        || name.contains(".values.")
        || stem == "values";
    names_values && (file.is_yaml() || name.contains(".yaml.") || name.contains(".yml."))
}

fn read(input: &Input<'_>, sink: &mut Sink<'_>) {
    let text = Text::at(input.text, 0);
    let version = app_version(input);
    let keys = ["image", "repository"];
    for root in &lines::documents(input, &keys, &Scope::default(), Purpose::Container, sink) {
        read_values(root, &text, version.as_ref(), sink);
    }
}

/// The `appVersion` of the chart beside the values, and where it is said.
fn app_version(input: &Input<'_>) -> Option<Expanded> {
    let (path, text) = input.read_beside("Chart.yaml")?;
    let documents = yaml::parse(&text);
    let node = documents.roots.first()?.get("appVersion")?;
    let version = node.text(&Text::at(&text, 0))?;
    let at = version.origin(0..0).start;
    let before = text.get(..at).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    Some(Expanded::defined(version.as_str(), Definition { path, line, at }))
}

/// Reads a mapping of values.
pub(in crate::scan) fn read_values(
    root: &Node,
    text: &Text<'_>,
    version: Option<&Expanded>,
    sink: &mut Sink<'_>,
) {
    Values { text, version, sink }.mapping(root, "", 0);
}

struct Values<'r, 't, 's> {
    text: &'r Text<'t>,
    version: Option<&'r Expanded>,
    sink: &'r mut Sink<'s>,
}

impl Values<'_, '_, '_> {
    fn node(&mut self, node: &Node, key: &str, depth: usize) {
        if depth > MOST_DEPTH {
            return;
        }
        if node.is_mapping() {
            self.mapping(node, key, depth);
        }
        for item in node.items() {
            self.node(item, key, depth + 1);
        }
    }

    fn mapping(&mut self, node: &Node, key: &str, depth: usize) {
        let is_split = self.split(node, key);
        for (name, value) in node.entries() {
            if is_split
                && matches!(
                    name,
                    "repository" | "repo" | "name" | "image" | "registry" | "tag" | "digest"
                )
            {
                continue;
            }
            if is_note(name) {
                continue;
            }
            if value.str().is_some() {
                if names_image(name) {
                    self.whole(node, name, value);
                }
            } else {
                self.node(value, name, depth + 1);
            }
        }
    }

    /// An image split over keys of one mapping; whether it is one.
    fn split(&mut self, node: &Node, key: &str) -> bool {
        let under_image = names_image(key);
        let text_of = |name: &str| {
            node.get(name).filter(|value| !value.is_null()).and_then(|value| value.text(self.text))
        };
        let repository = text_of("repository")
            .or_else(|| text_of("repo"))
            .or_else(|| text_of("image").filter(|_| under_image || node.get("registry").is_some()))
            .or_else(|| text_of("name").filter(|_| under_image));
        let Some(repository) = repository else { return false };
        let repository = repository.trimmed();
        let has_part = ["tag", "digest", "registry", "imageTag", "sha"]
            .iter()
            .any(|part| node.get(part).is_some());
        if !(has_part || under_image) || !is_repository(repository.as_str()) {
            return false;
        }
        let mut name = String::new();
        let mut registry_at = None;
        if let Some(registry) =
            text_of("registry").filter(|registry| !registry.as_str().trim().is_empty())
        {
            let registry = registry.trimmed();
            registry_at = Some(registry.origin(0..registry.as_str().len()));
            let registry = registry.as_str().trim().trim_end_matches('/');
            let is_in = repository.as_str().starts_with(&format!("{registry}/"));
            if !is_in {
                name = format!("{registry}/");
            }
        }
        name.push_str(repository.as_str());
        let mut expanded = lines::literal(&name);
        self.tag(node, repository.as_str(), &mut expanded);
        let mut found = Found::expanded(&repository, expanded, Purpose::Container);
        found.beside.registry = registry_at;
        self.sink.add(found);
        true
    }

    /// Appends the tag and the digest that stand beside a repository.
    fn tag(&self, node: &Node, repository: &str, expanded: &mut Expanded) {
        let last = repository.rsplit('/').next().unwrap_or(repository);
        if last.contains(['@', ':']) {
            return;
        }
        let text_of = |name: &str| {
            let value = node.get(name).filter(|value| !value.is_null())?.text(self.text)?;
            let value = value.as_str().trim().to_owned();
            (!value.is_empty()).then_some(value)
        };
        let tag = text_of("tag")
            .or_else(|| text_of("imageTag"))
            .or_else(|| text_of("version").filter(|_| node.get("tag").is_none()));
        match (tag, self.version) {
            (Some(tag), _) if tag.starts_with("sha256:") || tag.starts_with("@sha256:") => {
                expanded.append(&lines::literal(&format!("@{}", tag.trim_start_matches('@'))));
            }
            (Some(tag), _) => expanded.append(&lines::literal(&format!(":{tag}"))),
            (None, Some(version)) => {
                expanded.append(&Expanded::literal(":"));
                expanded.append(version);
            }
            (None, None) => {}
        }
        if let Some(digest) = text_of("digest").or_else(|| text_of("sha")) {
            let digest = digest.trim_start_matches('@');
            let digest =
                if digest.contains(':') { digest.to_owned() } else { format!("sha256:{digest}") };
            if digest.len() > "sha256:".len() {
                expanded.append(&lines::literal(&format!("@{digest}")));
            }
        }
    }

    /// An image in one scalar, whose tag may stand beside it.
    fn whole(&mut self, node: &Node, key: &str, value: &Node) {
        if value.is_null() {
            return;
        }
        let Some(text) = value.text(self.text) else { return };
        let text = text.trimmed();
        if !is_image(text.as_str()) {
            return;
        }
        let mut expanded = lines::literal(text.as_str());
        let last = text.as_str().rsplit('/').next().unwrap_or_default();
        if key == "image" && !last.contains([':', '@']) {
            let tag = ["tag", "imageTag", "image_tag", "version"].iter().find_map(|name| {
                let tag = node.get(name).filter(|tag| !tag.is_null())?.str()?;
                (!tag.trim().is_empty()).then(|| tag.trim().to_owned())
            });
            if let Some(tag) = tag {
                expanded.append(&lines::literal(&format!(":{tag}")));
            }
        } else if key != "image" && !last.contains([':', '@']) && !text.as_str().contains('/') {
            // `defaultImage: alpine` may be a name of anything.
            return;
        }
        self.sink.add(Found::expanded(&text, expanded, Purpose::Container));
    }
}

/// Whether a key says that an image is its value.
fn names_image(key: &str) -> bool {
    key == "image" || key.ends_with("Image") || key.ends_with("_image") || key.ends_with("-image")
}

/// Whether a key's value is for people or for other machines.
fn is_note(key: &str) -> bool {
    matches!(
        key,
        "annotations"
            | "labels"
            | "podAnnotations"
            | "podLabels"
            | "env"
            | "extraEnv"
            | "args"
            | "command"
            | "status"
    )
}

/// How files end that hold pictures, disks and archives.
const ENDINGS: &[&str] = &[
    ".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".ico", ".bmp", ".avif", ".iso", ".img",
    ".qcow2", ".vmdk", ".tar", ".tar.gz", ".tgz", ".zip", ".raw", ".pdf",
];

/// Whether a text is a picture's or a disk's, and no container's.
pub(in crate::scan) fn is_picture(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    ENDINGS.iter().any(|ending| lower.ends_with(ending))
        || lower.starts_with("data:")
        || lower.starts_with(['/', '.', '~'])
        || (lower.contains("://") && !lower.contains("{{"))
}

/// Whether a text may name an image.
fn is_image(text: &str) -> bool {
    let is_word = !text.contains(char::is_whitespace) || text.contains("{{");
    let is_switch =
        matches!(text, "true" | "false" | "yes" | "no" | "none" | "null" | "on" | "off");
    is_word && !is_switch && !text.is_empty() && !is_picture(text)
}

/// Whether a text may be an image's name without a tag.
fn is_repository(text: &str) -> bool {
    is_image(text) && !text.starts_with("git@") && !text.contains(".git")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::testing::rows;
    use rstest::rstest;

    #[rstest]
    #[case("values.yaml", true)]
    #[case("values-prod.yml", true)]
    #[case("ci/ha-values.yaml", true)]
    #[case("values.yaml.gotmpl", true)]
    #[case("prod.values.yaml", true)]
    #[case("values.json", false)]
    #[case("evaluation.yaml", false)]
    fn values_are_known(#[case] path: &str, #[case] is: bool) {
        assert_eq!(recognise(&Candidate::new(path, "")), is, "{path}");
    }

    #[rstest]
    #[case(
        "image:\n  registry: quay.io\n  repository: a/b\n  tag: 1.10\n",
        "3:15 quay.io/a/b:1.10"
    )]
    #[case(
        "image: {repository: a/b, tag: v1, digest: 'sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'}\n",
        "1:21 a/b:v1@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    )]
    #[case("image: {repository: a/b, tag: ''}\n", "1:21 a/b")]
    #[case("image: {name: a/b, tag: 2}\n", "1:15 a/b:2")]
    #[case("image: a/b\ntag: 3\n", "1:8 a/b:3")]
    #[case("image: a/b:1\ntag: 3\n", "1:8 a/b:1")]
    #[case("x: [{image: a:1}, {sidecarImage: b:2}]\n", "1:13 a:1|1:34 b:2")]
    #[case(
        "image: {tag: 7}\nbackup: {repository: 's3://a/b'}\ngit: {repository: 'https://x/y.git', tag: 1}\n",
        ""
    )]
    #[case(
        "logo: {image: a.png}\nicon: {image: 'https://x/y'}\nimage: ''\ndefaultImage: alpine\n",
        ""
    )]
    #[case(
        "image: {pullPolicy: Always, repository: 'ghcr.io/a/b', pullSecrets: []}\n",
        "1:42 ghcr.io/a/b"
    )]
    #[case("repo: a/b\nrepository: c/d\n", "")]
    #[case("image: {registry: docker.io, image: a/b, tag: 1}\n", "1:37 docker.io/a/b:1")]
    fn values_name_images(#[case] file: &str, #[case] expected: &str) {
        assert_eq!(rows("values.yaml", file), expected, "{file}");
    }
}
