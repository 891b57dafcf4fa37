//! CircleCI: the containers of executors and jobs, and what their commands pull. Parameters stand for
//! their defaults. Images of machines are none.
//!
//! Follows CircleCI's configuration reference (2.1, November 2026).

use crate::scan::input::Input;
use crate::scan::kind::{Candidate, FileKind, Kind};
use crate::scan::lines;
use crate::scan::shell::Shell;
use crate::scan::sink::Sink;
use crate::scan::text::Text;
use crate::scan::tree::Node;
use crate::scan::value::{Puller, Purpose};
use crate::scan::vars::{Expanded, Scope};

/// CircleCI's files.
pub(in crate::scan) const KIND: Kind = Kind { name: FileKind::Circleci, recognise, read };

fn recognise(file: &Candidate<'_>) -> bool {
    file.is_yaml() && file.is_below(".circleci")
}

fn read(input: &Input<'_>, sink: &mut Sink<'_>) {
    let text = Text::at(input.text, 0);
    for root in &lines::documents(input, &["image"], &Scope::default(), Purpose::Job, sink) {
        Config { input, text: &text, sink }.part(root, root, 0);
    }
}

struct Config<'r, 't, 's, 'i> {
    input: &'r Input<'i>,
    text: &'r Text<'t>,
    sink: &'r mut Sink<'s>,
}

impl Config<'_, '_, '_, '_> {
    /// Executors, jobs and commands; an orb that stands in the file has the same parts.
    fn part(&mut self, part: &Node, root: &Node, depth: usize) {
        for key in ["executors", "jobs", "commands"] {
            for (name, one) in part.get(key).into_iter().flat_map(Node::entries) {
                let from = self.sink.len();
                self.containers(one, name, root);
                let mut shell = Shell::new(Scope::default());
                shell.puller = Puller::Anonymous;
                self.variables(one, &mut shell.scope);
                self.steps(one.get("steps"), &mut shell, 0);
                let job = (key == "jobs").then(|| name.to_owned());
                self.sink.change(from, |found| found.job.clone_from(&job));
            }
        }
        for (_, orb) in part.get("orbs").into_iter().flat_map(Node::entries) {
            if orb.is_mapping() && depth < 4 {
                self.part(orb, root, depth + 1);
            }
        }
    }

    fn variables(&self, one: &Node, scope: &mut Scope) {
        for (name, value) in one.get("environment").into_iter().flat_map(Node::entries) {
            let Some(value) = value.text(self.text) else { continue };
            let at = self.input.definition(value.origin(0..0).start);
            scope.set(name, Expanded::defined(value.as_str(), at));
        }
    }

    fn containers(&mut self, one: &Node, name: &str, root: &Node) {
        for (at, container) in
            one.get("docker").map(Node::items).unwrap_or_default().iter().enumerate()
        {
            let Some(text) = container.get("image").and_then(|image| image.text(self.text)) else {
                continue;
            };
            let text = text.trimmed();
            let values = self.filled(text.as_str(), one, name, root);
            let purpose = if at == 0 { Purpose::Job } else { Purpose::Service };
            let logs_in = container.get("auth").is_some();
            let puller = if logs_in { Puller::Login } else { Puller::Anonymous };
            self.sink.add_each(&text, values, purpose, |found| found.puller = puller);
        }
    }

    /// A text with its parameters' values.
    fn filled(&self, text: &str, one: &Node, name: &str, root: &Node) -> Vec<Expanded> {
        let mut all = vec![Expanded::default()];
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("<<") {
            let Some((inside, after)) = after.split_once(">>") else { break };
            let mut values = self.values(inside.trim(), one, name, root);
            if values.is_empty() {
                values.push(Expanded::unknown(&format!("<<{inside}>>"), inside.trim()));
            }
            let beginnings = std::mem::take(&mut all);
            for beginning in &beginnings {
                for value in &values {
                    let mut one = beginning.clone();
                    one.append(&Expanded::literal(before));
                    one.append(value);
                    all.push(one);
                }
            }
            rest = after;
        }
        let end = lines::literal(rest);
        for one in &mut all {
            one.append(&end);
        }
        for one in &mut all {
            if one.is_whole() && one.text.contains('$') {
                one.unresolved.push(one.text.clone());
            }
        }
        all
    }

    /// The values of a parameter: those of matrices of the workflows, else its default.
    fn values(&self, path: &str, one: &Node, name: &str, root: &Node) -> Vec<Expanded> {
        let default = if let Some(key) = path.strip_prefix("pipeline.parameters.") {
            root.path(&["parameters", key, "default"])
        } else if let Some(key) = path.strip_prefix("parameters.") {
            let listed = self.matrix(name, key, root);
            if !listed.is_empty() {
                return listed;
            }
            one.path(&["parameters", key, "default"])
        } else {
            None
        };
        let text = default.and_then(|default| default.text(self.text));
        text.filter(|text| !text.as_str().is_empty() && !text.as_str().contains("<<"))
            .map(|text| {
                Expanded::defined(text.as_str(), self.input.definition(text.origin(0..0).start))
            })
            .into_iter()
            .collect()
    }

    /// What the workflows give a job's parameter: by a matrix or by itself.
    fn matrix(&self, job: &str, key: &str, root: &Node) -> Vec<Expanded> {
        let mut all: Vec<Expanded> = Vec::new();
        for (_, workflow) in root.get("workflows").into_iter().flat_map(Node::entries) {
            for used in workflow.get("jobs").map(Node::items).unwrap_or_default() {
                let Some(with) = used.get(job) else { continue };
                let listed =
                    with.path(&["matrix", "parameters", key]).map(Node::items).unwrap_or_default();
                let own = with.get(key).into_iter();
                for value in listed.iter().map(|value| value.target()).chain(own) {
                    let Some(value) = value.text(self.text) else { continue };
                    let at = self.input.definition(value.origin(0..0).start);
                    if !value.as_str().contains("<<")
                        && all.iter().all(|known| known.text != value.as_str())
                    {
                        all.push(Expanded::defined(value.as_str(), at));
                    }
                }
            }
        }
        all
    }

    fn steps(&mut self, steps: Option<&Node>, shell: &mut Shell, depth: usize) {
        if depth > 8 {
            return;
        }
        for step in steps.map(Node::items).unwrap_or_default() {
            if let Some(run) = step.get("run") {
                let command = if run.is_mapping() { run.get("command") } else { Some(run) };
                if let Some(script) = command.and_then(|command| command.text(self.text)) {
                    shell.read(self.input, &script, self.sink);
                }
            }
            for key in ["when", "unless"] {
                self.steps(step.get(key).and_then(|inner| inner.get("steps")), shell, depth + 1);
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
        "jobs: {a: {docker: [{image: a:1}, {image: b}], steps: [{run: docker pull c}, {run: {command: docker run d}}]}}\n",
        "1:29 a:1|1:43 b|1:74 c|1:105 d"
    )]
    #[case(
        "executors: {e: {parameters: {v: {default: '2'}}, docker: [{image: 'a:<< parameters.v >>'}]}}\n",
        "1:68 a:2"
    )]
    #[case("jobs: {a: {machine: {image: ubuntu}, steps: [checkout]}}\n", "")]
    #[case(
        "jobs:\n  a: {parameters: {v: {type: string}}, docker: [{image: 'a:<<parameters.v>>'}]}\nworkflows: {w: {jobs: [{a: {matrix: {parameters: {v: ['1', '2']}}}}]}}\n",
        "2:58 a:1|2:58 a:2"
    )]
    #[case("jobs: {a: {docker: [{image: $X}]}}\n", "1:29 ?$X")]
    #[case("orbs: {o: {executors: {e: {docker: [{image: a}]}}, x: y/z@1}}\n", "1:45 a")]
    fn configurations_name_images(#[case] file: &str, #[case] expected: &str) {
        assert_eq!(rows(".circleci/config.yml", file), expected, "{file}");
    }
}
