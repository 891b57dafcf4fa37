//! Skaffold's files: the builders and run images of buildpacks, the bases of ko and Jib, the containers of
//! tests and actions. What Skaffold builds is named by `image`, too, and pulled by nobody; a Dockerfile is
//! read with the arguments and the target that its artifact gives.
//!
//! Follows the reference of skaffold.yaml (v4beta13, 2025).

use crate::scan::input::Input;
use crate::scan::kind::{Candidate, FileKind, Kind};
use crate::scan::kinds::helm;
use crate::scan::lines;
use crate::scan::sink::{Build, Found, Sink};
use crate::scan::text::Text;
use crate::scan::tree::Node;
use crate::scan::value::Purpose;
use crate::scan::vars::{Dialect, Scope, expand};

/// Skaffold's files.
pub(in crate::scan) const KIND: Kind = Kind { name: FileKind::Skaffold, recognise, read };

/// Where an artifact names an image that its builder starts from.
const BASES: &[(&[&str], Purpose)] = &[
    (&["buildpacks", "builder"], Purpose::Base),
    (&["buildpacks", "runImage"], Purpose::Base),
    (&["ko", "fromImage"], Purpose::Base),
    (&["jib", "fromImage"], Purpose::Base),
    (&["kaniko", "image"], Purpose::Step),
    (&["kaniko", "initImage"], Purpose::Init),
];

fn recognise(file: &Candidate<'_>) -> bool {
    let says = || file.head.lines().any(|line| line.starts_with("apiVersion: skaffold/"));
    file.is_yaml() && (matches!(file.name, "skaffold.yaml" | "skaffold.yml") || says())
}

fn read(input: &Input<'_>, sink: &mut Sink<'_>) {
    let text = Text::at(input.text, 0);
    for root in &lines::documents(input, &["builder"], &Scope::default(), Purpose::Base, sink) {
        let profiles = root.get("profiles").map(Node::items).unwrap_or_default();
        for config in std::iter::once(&**root).chain(profiles.iter().map(|one| one.target())) {
            Config { text: &text, sink }.read(config);
        }
    }
}

struct Config<'r, 't, 's> {
    text: &'r Text<'t>,
    sink: &'r mut Sink<'s>,
}

impl Config<'_, '_, '_> {
    fn read(&mut self, config: &Node) {
        let artifacts = config.path(&["build", "artifacts"]).map(Node::items).unwrap_or_default();
        let built: Vec<&str> =
            artifacts.iter().filter_map(|artifact| artifact.get("image")?.str()).collect();
        for artifact in artifacts {
            for (keys, purpose) in BASES {
                self.image(artifact.path(keys), *purpose, &built);
            }
            self.dockerfile(artifact);
        }
        for test in config.get("verify").map(Node::items).unwrap_or_default() {
            self.image(test.path(&["container", "image"]), Purpose::Container, &built);
        }
        for action in config.get("customActions").map(Node::items).unwrap_or_default() {
            for container in action.get("containers").map(Node::items).unwrap_or_default() {
                self.image(container.get("image"), Purpose::Container, &built);
            }
        }
        for place in [["deploy", "helm"], ["manifests", "helm"]] {
            let releases = config.path(&place).and_then(|helm| helm.get("releases"));
            for release in releases.map(Node::items).unwrap_or_default() {
                for key in ["setValues", "setValueTemplates", "overrides"] {
                    if let Some(values) = release.get(key) {
                        helm::read_values(values, self.text, None, self.sink);
                    }
                }
                for file in release.get("valuesFiles").map(Node::items).unwrap_or_default() {
                    if let Some(path) = file.str() {
                        self.sink.include(path, FileKind::Helm);
                    }
                }
            }
        }
    }

    fn image(&mut self, node: Option<&Node>, purpose: Purpose, built: &[&str]) {
        let Some(node) = node.filter(|node| !node.is_null()) else { return };
        let Some(text) = node.text(self.text) else { return };
        let text = text.trimmed();
        // Buildpacks write `gcr.io/buildpacks/builder` or the name of another artifact.
        if text.as_str().is_empty() || built.contains(&text.as_str()) {
            return;
        }
        self.sink.add(Found::expanded(&text, lines::literal(text.as_str()), purpose));
    }

    /// The Dockerfile of an artifact, with what is passed to it.
    fn dockerfile(&mut self, artifact: &Node) {
        let other = ["buildpacks", "ko", "jib", "bazel", "custom"];
        if other.iter().any(|builder| artifact.get(builder).is_some()) {
            return;
        }
        let docker = artifact.get("docker").or_else(|| artifact.get("kaniko"));
        let said = |key: &str| docker.and_then(|docker| docker.get(key)?.str());
        let context = artifact.get("context").and_then(Node::str).unwrap_or(".");
        let args = docker.and_then(|docker| docker.get("buildArgs"));
        let args = args.into_iter().flat_map(Node::entries).filter_map(|(name, value)| {
            let value = expand(value.str()?, Dialect::Compose, &Scope::default());
            Some((name.to_owned(), value.into_iter().next()?))
        });
        self.sink.build(Build {
            dockerfile: format!("{context}/{}", said("dockerfile").unwrap_or("Dockerfile")),
            args: args.collect(),
            contexts: Vec::new(),
            target: said("target").map(str::to_owned),
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::scan::testing::rows;
    use rstest::rstest;

    #[rstest]
    #[case(
        "build:\n  artifacts:\n  - image: made\n    buildpacks: {builder: 'b:1', runImage: made}\n  - image: other\n    ko: {fromImage: c}\n",
        "4:28 b:1|6:21 c"
    )]
    #[case(
        "profiles:\n- name: p\n  build: {artifacts: [{image: x, jib: {fromImage: 'j:2'}}]}\n",
        "3:52 j:2"
    )]
    #[case(
        "verify:\n- {name: v, container: {name: v, image: 'alpine:3'}}\ncustomActions:\n- {name: a, containers: [{image: bash}]}\n",
        "2:42 alpine:3|4:34 bash"
    )]
    #[case(
        "deploy: {helm: {releases: [{name: r, setValues: {image: {repository: a/b, tag: '1'}}}]}}\n",
        "1:70 a/b:1"
    )]
    #[case("build: {artifacts: [{image: made-here}]}\n", "")]
    fn what_skaffold_builds_is_pulled_by_nobody(#[case] file: &str, #[case] expected: &str) {
        let text = format!("{file}apiVersion: skaffold/v4beta6\nkind: Config\n");
        assert_eq!(rows("skaffold.yaml", &text), expected, "{file}");
    }
}
