//! Bitbucket Pipelines: the images of a pipeline, its steps and services, what scripts pull, pipes that
//! are images. A pipe by its repository is listed, not counted: which image it uses it says elsewhere.
//!
//! Follows Bitbucket's configuration reference (November 2026).

use crate::scan::input::Input;
use crate::scan::kind::{Candidate, FileKind, Kind};
use crate::scan::lines;
use crate::scan::shell::Shell;
use crate::scan::sink::{Found, Sink};
use crate::scan::text::Text;
use crate::scan::tree::{Node, Value};
use crate::scan::value::{Puller, Purpose};
use crate::scan::vars::{Dialect, Scope, expand};

/// Bitbucket's files.
pub(in crate::scan) const KIND: Kind = Kind { name: FileKind::Bitbucket, recognise, read };

fn recognise(file: &Candidate<'_>) -> bool {
    file.is_yaml() && file.name.starts_with("bitbucket-pipelines")
}

fn read(input: &Input<'_>, sink: &mut Sink<'_>) {
    let text = Text::at(input.text, 0);
    for root in &lines::documents(input, &["image"], &Scope::default(), Purpose::Job, sink) {
        Walk { input, text: &text, sink }.node(root, "", 0);
    }
}

struct Walk<'r, 't, 's, 'i> {
    input: &'r Input<'i>,
    text: &'r Text<'t>,
    sink: &'r mut Sink<'s>,
}

impl Walk<'_, '_, '_, '_> {
    fn node(&mut self, node: &Node, key: &str, depth: usize) {
        // What an alias stands for is read where its text stands.
        if depth > 30 || matches!(node.value, Value::Alias(_)) {
            return;
        }
        for item in node.items() {
            self.node(item, key, depth + 1);
        }
        for (name, value) in node.pairs() {
            let Some(name) = name.str() else { continue };
            match name {
                "image" => self
                    .image(value, if key == "services" { Purpose::Service } else { Purpose::Job }),
                "script" | "after-script" => self.script(value),
                _ => self.node(value, if key == "services" { key } else { name }, depth + 1),
            }
        }
    }

    fn image(&mut self, node: &Node, purpose: Purpose) {
        let node = node.target();
        let name = if node.is_mapping() { node.get("name") } else { Some(node) };
        let Some(text) = name.filter(|name| !name.is_null()).and_then(|name| name.text(self.text))
        else {
            return;
        };
        let text = text.trimmed();
        let logs_in = node.get("username").is_some() || node.get("password").is_some();
        let puller = if logs_in { Puller::Login } else { Puller::Anonymous };
        let values = expand(text.as_str(), Dialect::Compose, &Scope::default());
        self.sink.add_each(&text, values, purpose, |found| found.puller = puller);
    }

    fn script(&mut self, script: &Node) {
        let mut shell = Shell::new(Scope::default());
        shell.puller = Puller::Anonymous;
        for item in script.items() {
            if let Some(pipe) = item.get("pipe").and_then(|pipe| pipe.text(self.text)) {
                let skip =
                    if pipe.as_str().starts_with("docker://") { "docker://".len() } else { 0 };
                let part = pipe.part(skip..pipe.as_str().len());
                let mut found = Found::literal(&part, Purpose::Step);
                if skip == 0 {
                    found = found.unsure();
                    found.pulls = 0;
                }
                self.sink.add(found);
            } else if let Some(text) = item.text(self.text) {
                shell.read(self.input, &text, self.sink);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::scan::testing::rows;
    use rstest::rstest;

    #[rstest]
    #[case(
        "image: a:1\npipelines: {default: [{step: {image: {name: b}, script: [docker pull c, {pipe: 'docker://d:1'}, {pipe: e/f:2}]}}]}\n",
        "1:8 a:1|2:45 b|2:70 c|2:90 d:1|2:104 ~e/f:2"
    )]
    #[case(
        "definitions: {services: {x: {image: 'p:1'}}, steps: [{step: &s {image: q, script: [ls]}}]}\npipelines: {default: [{step: *s}, {step: {<<: *s, image: r}}]}\n",
        "1:38 p:1|1:72 q|2:58 r"
    )]
    fn pipelines_name_images(#[case] file: &str, #[case] expected: &str) {
        assert_eq!(rows("bitbucket-pipelines.yml", file), expected, "{file}");
    }
}
