//! Compose projects: the image of every service, images that are mounted or copied from, inline
//! Dockerfiles; builds pass their arguments on, includes and extended files are read as what they are.
//!
//! Follows the Compose specification (November 2026).

use crate::scan::env_file;
use crate::scan::input::Input;
use crate::scan::kind::{Candidate, FileKind, Kind};
use crate::scan::kinds::dockerfile::{self, Caller};
use crate::scan::lines;
use crate::scan::sink::{Build, Found, Sink};
use crate::scan::text::Text;
use crate::scan::tree::Node;
use crate::scan::value::Purpose;
use crate::scan::vars::{Dialect, Expanded, Scope, expand, expand_one};

/// Compose projects.
pub(in crate::scan) const KIND: Kind = Kind { name: FileKind::Compose, recognise, read };

fn recognise(file: &Candidate<'_>) -> bool {
    let name = file.name.to_ascii_lowercase();
    let is_yaml = file.is_yaml() || [".yml.", ".yaml."].iter().any(|ending| name.contains(ending));
    let is_other =
        matches!(file.extension().as_str(), "md" | "txt" | "go" | "py" | "sh" | "js" | "ts");
    if name.contains("compose") && is_yaml && !is_other {
        return !file.head.lines().any(|line| line.starts_with("apiVersion:"));
    }
    file.is_yaml() && has_services(file.head)
}

/// Whether a mapping of services stands at the top of a file that says no more of what it is.
fn has_services(head: &str) -> bool {
    if head
        .lines()
        .any(|line| ["apiVersion:", "openapi:", "swagger:"].iter().any(|key| line.starts_with(key)))
    {
        return false;
    }
    let mut lines = head.lines().skip_while(|line| line.trim_end() != "services:").skip(1);
    let first = lines.find(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
    first.is_some_and(|line| line.starts_with([' ', '\t']) && !line.trim_start().starts_with('-'))
        && head.lines().any(|line| {
            let key = line.trim_start();
            key.starts_with("image:") || key.starts_with("build:")
        })
}

fn read(input: &Input<'_>, sink: &mut Sink<'_>) {
    let text = Text::at(input.text, 0);
    let scope = env_file::scope(input);
    for root in &lines::documents(input, &["image"], &scope, Purpose::Service, sink) {
        Project { input, text: &text, scope: &scope, sink }.read(root);
    }
}

struct Project<'r, 't, 's, 'i> {
    input: &'r Input<'i>,
    text: &'r Text<'t>,
    scope: &'r Scope,
    sink: &'r mut Sink<'s>,
}

impl Project<'_, '_, '_, '_> {
    fn read(&mut self, root: &Node) {
        for include in root.get("include").map(Node::items).unwrap_or_default() {
            let path =
                if include.is_mapping() { include.get("path") } else { Some(include.target()) };
            let Some(path) = path else { continue };
            let several = path.items();
            if several.is_empty() {
                self.include(path);
            }
            for path in several {
                self.include(path);
            }
        }
        match root.get("services") {
            Some(services) => {
                for (name, service) in services.entries() {
                    self.service(name, service);
                }
            }
            // The first version of the format had services at the top.
            None if root.get("version").is_none() => {
                let is_service = |service: &Node| {
                    service.get("image").is_some() || service.get("build").is_some()
                };
                for (name, service) in root.entries().filter(|(name, _)| !name.starts_with("x-")) {
                    if service.is_mapping() && is_service(service) {
                        self.service(name, service);
                    }
                }
            }
            None => {}
        }
    }

    /// The one value of a scalar, where it has one.
    fn value(&self, node: &Node) -> Option<String> {
        let value = expand_one(node.str()?, Dialect::Compose, self.scope);
        value.is_whole().then_some(value.text)
    }

    fn include(&mut self, path: &Node) {
        if let Some(path) = self.value(path).filter(|path| !path.starts_with(['/', '~'])) {
            self.sink.include(&path, FileKind::Compose);
        }
    }

    fn service(&mut self, name: &str, service: &Node) {
        let profiles: Vec<String> = service
            .get("profiles")
            .map(Node::items)
            .unwrap_or_default()
            .iter()
            .filter_map(|profile| profile.str().map(str::to_owned))
            .collect();
        let build = service.get("build").filter(|build| !build.is_null());
        let policy = service.get("pull_policy").and_then(Node::str).unwrap_or_default();
        if let Some(image) =
            service.get("image").filter(|image| !image.is_null() && !is_reset(image))
        {
            self.image(image, Purpose::Service, |found| {
                found.profiles.clone_from(&profiles);
                found.service = Some(name.to_owned());
                if build.is_some() || policy == "build" {
                    found.purpose = Purpose::Product;
                    found.certain = false;
                    found.pulls = 0;
                } else if policy == "never" {
                    found.pulls = 0;
                }
            });
        }
        for volume in service.get("volumes").map(Node::items).unwrap_or_default() {
            if volume.get("type").and_then(Node::str) == Some("image")
                && let Some(source) = volume.get("source")
            {
                self.image(source, Purpose::Volume, |found| found.profiles.clone_from(&profiles));
            }
        }
        if let Some(file) = service.path(&["extends", "file"]) {
            self.include(file);
        }
        if let Some(build) = build {
            let from = self.sink.len();
            self.build(build);
            self.sink.change(from, |found| found.profiles.clone_from(&profiles));
        }
    }

    fn image(&mut self, node: &Node, purpose: Purpose, change: impl Fn(&mut Found)) {
        let Some(text) = node.text(self.text) else { return };
        let text = text.trimmed();
        let values = expand(text.as_str(), Dialect::Compose, self.scope);
        let values = values.into_iter().map(dockerfile::templated).collect();
        self.sink.add_each(&text, values, purpose, change);
    }

    fn build(&mut self, build: &Node) {
        let context = match build.str() {
            Some(_) => self.value(build),
            None => build
                .get("context")
                .map_or_else(|| Some(".".to_owned()), |context| self.value(context)),
        };
        let mut caller = Caller {
            args: self.args(build.get("args")),
            contexts: Vec::new(),
            target: build.get("target").and_then(|target| self.value(target)),
        };
        for (name, value) in pairs(build.get("additional_contexts"), self.text) {
            let url = expand_one(value.as_str(), Dialect::Compose, self.scope).text;
            if url.starts_with("docker-image://") {
                let skip = value.as_str().find("://").map_or(0, |at| at + 3);
                let part = value.part(skip..value.as_str().len());
                let values = expand(part.as_str(), Dialect::Compose, self.scope);
                self.sink.add_each(&part, values, Purpose::Copy, |_| {});
            }
            caller.contexts.push(name);
        }
        for cache in build.get("cache_from").map(Node::items).unwrap_or_default() {
            if let Some(text) =
                cache.text(self.text).filter(|text| !text.as_str().contains("type="))
            {
                let values = expand(text.as_str(), Dialect::Compose, self.scope);
                self.sink.add_each(&text, values, Purpose::Copy, |found| {
                    found.certain = false;
                    found.pulls = 0;
                });
            }
        }
        if let Some(inline) =
            build.get("dockerfile_inline").and_then(|inline| inline.text(self.text))
        {
            dockerfile::read_text(self.input, &inline, self.sink, &caller);
            return;
        }
        let dockerfile = build
            .get("dockerfile")
            .map_or_else(|| Some("Dockerfile".to_owned()), |file| self.value(file));
        let (Some(context), Some(dockerfile)) = (context, dockerfile) else { return };
        if !is_remote(&context) && !context.starts_with(['/', '~']) && !dockerfile.starts_with('/')
        {
            let Caller { args, contexts, target } = caller;
            self.sink.build(Build {
                dockerfile: format!("{context}/{dockerfile}"),
                args,
                contexts,
                target,
            });
        }
    }

    /// Build arguments: a mapping or a list, those without a value from the environment.
    fn args(&self, args: Option<&Node>) -> Vec<(String, Expanded)> {
        let mut all = Vec::new();
        for (name, value) in pairs(args, self.text) {
            let at = self.input.definition(value.origin(0..0).start);
            let mut value = expand_one(value.as_str(), Dialect::Compose, self.scope);
            value.defined_at.insert(0, at);
            all.push((name, value));
        }
        for name in args.map(Node::items).unwrap_or_default().iter().filter_map(|item| item.str()) {
            if let Some(value) = self.scope.values(name).first() {
                all.push((name.to_owned(), value.clone()));
            }
        }
        all
    }
}

/// Whether an override takes the value away.
fn is_reset(node: &Node) -> bool {
    node.tag.as_deref() == Some("!reset")
}

/// Whether a build's context is elsewhere.
fn is_remote(context: &str) -> bool {
    context.contains("://")
        || context.starts_with("git@")
        || context.contains(".git#")
        || context.rsplit('.').next() == Some("git")
        || context.starts_with("github.com/")
}

/// The names and values of a mapping, or of a list of `NAME=VALUE`.
pub(in crate::scan) fn pairs<'a>(node: Option<&Node>, file: &Text<'a>) -> Vec<(String, Text<'a>)> {
    let Some(node) = node else { return Vec::new() };
    let mut all: Vec<(String, Text<'a>)> = node
        .entries()
        .filter(|(_, value)| !value.is_null())
        .filter_map(|(name, value)| Some((name.to_owned(), value.text(file)?)))
        .collect();
    for item in node.items() {
        let Some(text) = item.text(file) else { continue };
        if let Some((name, _)) = text.as_str().split_once('=') {
            let (name, skip) = (name.to_owned(), name.len() + 1);
            let mut value = Text::new();
            value.append(&text.part(skip..text.as_str().len()));
            all.push((name, value));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::testing::rows;
    use rstest::rstest;

    #[rstest]
    #[case("docker-compose.yml", "", true)]
    #[case("compose.prod.yaml", "", true)]
    #[case("docker-compose.yml.j2", "", true)]
    #[case("stack.yml", "version: '3'\nservices:\n  a:\n    image: x\n", true)]
    #[case("post.yaml", "services:\n  - image: /a.png\n", false)]
    #[case("compose.yaml", "apiVersion: v1\n", false)]
    #[case("services.yaml", "services:\n    _defaults:\n        autowire: true\n", false)]
    #[case("compose.md", "", false)]
    fn projects_are_known(#[case] path: &str, #[case] head: &str, #[case] is: bool) {
        assert_eq!(recognise(&Candidate::new(path, head)), is, "{path}");
    }

    #[rstest]
    #[case("services:\n  a: {image: 'x:1'}\n  b:\n    image: ${T:-y}:2\n", "2:15 x:1|4:12 y:2")]
    #[case("services:\n  a:\n    image: x\n    build: .\n", "3:12 ~x")]
    #[case(
        "x-a: &a\n  image: q:1\nservices:\n  a: *a\n  b: {<<: *a}\n  c: {<<: [*a], image: r}\n",
        "2:10 q:1|6:24 r"
    )]
    #[case(
        "services:\n  a:\n    environment: {image: g}\n    build: {context: ., additional_contexts: {b: docker-image://c:1}}\n",
        "4:65 c:1"
    )]
    #[case(
        "services:\n  a:\n    build:\n      args: [V=3]\n      dockerfile_inline: |\n        ARG V\n        FROM x:$V\n",
        "7:14 x:3"
    )]
    #[case("web:\n  image: old\n  links: [db]\ndb: {image: older}\n", "2:10 old|4:13 older")]
    #[case(
        "services:\n  a: {image: !reset null}\n  b: {image: !reset x}\n  c: {image: }\n  d: {image: null}\n",
        ""
    )]
    #[case(
        "services:\n  a:\n    volumes: [{type: image, source: v:1}, {type: bind, source: w}]\n",
        "3:37 v:1"
    )]
    #[case(
        "services:\n{% if a %}\n  a:\n    image: x:{{ v }}\n{% endif %}\n  b:\n    image: y\n",
        "4:12 ?x:{{ v }}|7:12 y"
    )]
    fn services_name_images(#[case] file: &str, #[case] expected: &str) {
        assert_eq!(rows("compose.yaml", file), expected, "{file}");
    }
}
