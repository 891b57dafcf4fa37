//! GitHub Actions (and Gitea's and Forgejo's): the container and the services of a job, steps that are
//! containers, actions that are images, and what scripts pull. A matrix gives one reference a value.
//!
//! Containers, services and container actions are pulled before a job's first step, so that no login
//! step counts for them. Follows GitHub's workflow syntax and metadata syntax (November 2026).

use crate::image::hub;
use crate::scan::input::Input;
use crate::scan::kind::{Candidate, FileKind, Kind};
use crate::scan::kinds::ci::{self, Combination};
use crate::scan::lines;
use crate::scan::shell::Shell;
use crate::scan::sink::{Build, Sink};
use crate::scan::text::Text;
use crate::scan::tree::Node;
use crate::scan::value::{Puller, Purpose};
use crate::scan::vars::{Expanded, Scope};

/// Workflows and actions.
pub(in crate::scan) const KIND: Kind = Kind { name: FileKind::GithubActions, recognise, read };

fn recognise(file: &Candidate<'_>) -> bool {
    // GitHub reads what stands directly in the folder.
    let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let is_workflow = [".github", ".gitea", ".forgejo"].iter().any(|home| {
        folder
            .strip_suffix("/workflows")
            .is_some_and(|above| above == *home || above.ends_with(&format!("/{home}")))
    });
    let is_action = matches!(file.name, "action.yml" | "action.yaml");
    let says = |key: &str| file.head.lines().any(|line| line.starts_with(key));
    file.is_yaml()
        && (is_workflow
            || (is_action && says("runs:"))
            || (says("jobs:") && (says("on:") || says("'on':") || says("\"on\":"))))
}

fn read(input: &Input<'_>, sink: &mut Sink<'_>) {
    let text = Text::at(input.text, 0);
    let keys = ["image", "container"];
    for root in &lines::documents(input, &keys, &Scope::default(), Purpose::Job, sink) {
        let workflow = Workflow { input, text: &text, root };
        workflow.action(sink);
        for (name, job) in root.get("jobs").into_iter().flat_map(Node::entries) {
            workflow.job(name, job, sink);
        }
    }
}

struct Workflow<'r, 't, 'i> {
    input: &'r Input<'i>,
    text: &'r Text<'t>,
    root: &'r Node,
}

impl Workflow<'_, '_, '_> {
    /// An action of one's own: an image, a Dockerfile beside it, or steps.
    fn action(&self, sink: &mut Sink<'_>) {
        let Some(runs) = self.root.get("runs") else { return };
        if let Some(image) = runs.get("image").and_then(|image| image.text(self.text)) {
            if image.as_str().starts_with("docker://") {
                let part = image.part("docker://".len()..image.as_str().len());
                ci::add(&part, Purpose::Step, &[Combination::default()], &|_, _| None, sink);
            } else {
                sink.build(Build {
                    dockerfile: image.as_str().to_owned(),
                    args: Vec::new(),
                    contexts: Vec::new(),
                    target: None,
                });
            }
        }
        let scope = self.variables(&[self.root]);
        self.steps(runs, &scope, &[Combination::default()], sink);
    }

    fn job(&self, name: &str, job: &Node, sink: &mut Sink<'_>) {
        let from = sink.len();
        let combinations = ci::matrix(job.path(&["strategy", "matrix"]), self.text, self.input);
        let scope = self.variables(&[self.root, job]);
        let known = |path: &str, combination: &Combination| self.known(path, combination, &scope);
        let container = job.get("container");
        let services = job.get("services").into_iter().flat_map(Node::entries).map(|(_, one)| one);
        let all = container.map(|one| (one, Purpose::Job));
        for (one, purpose) in all.into_iter().chain(services.map(|one| (one, Purpose::Service))) {
            let image = if one.is_mapping() { one.get("image") } else { Some(one) };
            let Some(image) =
                image.filter(|image| !image.is_null()).and_then(|image| image.text(self.text))
            else {
                continue;
            };
            let before = sink.len();
            ci::add(&image, purpose, &combinations, &known, sink);
            let logs_in = one.get("credentials").is_some_and(Node::is_mapping);
            let puller = if logs_in { Puller::Login } else { Puller::Anonymous };
            sink.change(before, |found| found.puller = puller);
        }
        self.steps(job, &scope, &combinations, sink);
        sink.change(from, |found| found.job = Some(name.to_owned()));
    }

    fn steps(&self, job: &Node, scope: &Scope, combinations: &[Combination], sink: &mut Sink<'_>) {
        let steps = job.get("steps").map(Node::items).unwrap_or_default();
        for uses in steps.iter().filter_map(|step| step.get("uses")?.text(self.text)) {
            if !uses.as_str().starts_with("docker://") {
                continue;
            }
            let part = uses.part("docker://".len()..uses.as_str().len());
            let before = sink.len();
            ci::add(
                &part,
                Purpose::Step,
                combinations,
                &|path, of| self.known(path, of, scope),
                sink,
            );
            sink.change(before, |found| found.puller = Puller::Anonymous);
        }
        for combination in ci::distinct(combinations, job, self.text) {
            let mut shell = Shell::new(scope.clone());
            shell.puller = Puller::Anonymous;
            for step in steps {
                self.step(step, &combination, &mut shell, sink);
            }
        }
    }

    fn step(&self, step: &Node, combination: &Combination, shell: &mut Shell, sink: &mut Sink<'_>) {
        let uses = step.get("uses").and_then(Node::str).unwrap_or_default();
        if uses.starts_with("docker/login-action") {
            let registry = step.path(&["with", "registry"]).and_then(Node::str).unwrap_or_default();
            // The login of any other name is not used for Docker Hub's images.
            if matches!(registry.trim(), "" | hub::LOGIN_KEY | hub::INDEX) {
                shell.puller = Puller::Login;
            }
        }
        let program = step.get("shell").and_then(Node::str).unwrap_or("bash").trim();
        let Some(run) = step.get("run").and_then(|run| run.text(self.text)) else { return };
        // PowerShell's and cmd's lines call the same tools in the same way.
        let reads = ["", "pwsh", "powershell", "cmd"].contains(&program)
            || ["bash", "sh"].iter().any(|known| program.starts_with(known));
        if !reads {
            return;
        }
        let scope = shell.scope.clone();
        self.set(step, &mut shell.scope);
        let script = ci::filled(&run, &|path| self.known(path, combination, &shell.scope));
        shell.read(self.input, &script, sink);
        shell.scope = scope;
    }

    /// The variables that stand under `env` of these nodes, the last ones first in rank.
    fn variables(&self, nodes: &[&Node]) -> Scope {
        let mut scope = Scope::default();
        for node in nodes {
            self.set(node, &mut scope);
        }
        scope
    }

    fn set(&self, node: &Node, scope: &mut Scope) {
        for (name, value) in node.get("env").into_iter().flat_map(Node::entries) {
            let Some(value) = value.text(self.text) else { continue };
            let at = self.input.definition(value.origin(0..0).start);
            let filled =
                ci::filled(&value, &|path| self.known(path, &Combination::default(), scope));
            let expanded = if filled.as_str().contains("${{") {
                Expanded::unknown(value.as_str(), name)
            } else {
                Expanded::defined(filled.as_str(), at)
            };
            scope.set(name, expanded);
        }
    }

    /// What a path in an expression stands for.
    fn known(&self, path: &str, combination: &Combination, scope: &Scope) -> Option<Expanded> {
        if let Some(key) = path.strip_prefix("matrix.") {
            return combination.get(key).cloned();
        }
        if let Some(name) = path.strip_prefix("env.") {
            return scope.values(name).first().filter(|value| value.is_whole()).cloned();
        }
        let name =
            path.strip_prefix("inputs.").or_else(|| path.strip_prefix("github.event.inputs."))?;
        let triggers = self.root.get("on").or_else(|| self.root.get("true"));
        let declared = ["workflow_call", "workflow_dispatch"]
            .iter()
            .filter_map(|kind| triggers?.path(&[kind, "inputs", name, "default"]))
            .chain(self.root.path(&["inputs", name, "default"]));
        let default = declared.into_iter().find(|default| !default.is_null())?.text(self.text)?;
        let at = self.input.definition(default.origin(0..0).start);
        let is_plain = !default.as_str().contains("${{") && !default.as_str().trim().is_empty();
        is_plain.then(|| Expanded::defined(default.as_str(), at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::testing::rows;
    use rstest::rstest;

    #[rstest]
    #[case(".github/workflows/a.yml", "", true)]
    #[case(".gitea/workflows/a.yaml", "", true)]
    #[case("action.yml", "name: x\nruns:\n", true)]
    #[case("workflows/a.yml", "on: push\njobs:\n", true)]
    #[case("starters/ci.yml", "name: x\non:\n  push:\njobs:\n", true)]
    #[case(".github/workflows/parts/docker-compose.yml", "services:\n", false)]
    #[case("action.yml", "x: 1\n", false)]
    #[case(".github/dependabot.yml", "jobs:\n", false)]
    fn workflows_are_known(#[case] path: &str, #[case] head: &str, #[case] is: bool) {
        assert_eq!(recognise(&Candidate::new(path, head)), is, "{path}");
    }

    #[rstest]
    #[case("container: a:1\n", "3:16 a:1")]
    #[case("container: {image: 'a:1', options: x}\nservices: {d: {image: b}}\n", "3:25 a:1|4:27 b")]
    #[case("steps: [{uses: 'docker://a:1'}, {uses: x/y@v1, with: {image: z}}]\n", "3:30 a:1")]
    #[case("steps:\n- run: docker pull a:1\n- run: echo docker pull b\n", "4:24 a:1")]
    #[case(
        "env: {I: 'q:2'}\nsteps:\n- run: docker run $I\n- run: docker run ${{ env.I }}\n",
        "5:23 q:2|6:23 q:2"
    )]
    #[case(
        "strategy: {matrix: {v: [1, 2.10]}}\ncontainer: a:${{ matrix.v }}\n",
        "4:16 a:1|4:16 a:2.10"
    )]
    #[case(
        "strategy: {matrix: {v: [1, 2], exclude: [{v: 1}], include: [{v: 3, i: x}]}}\ncontainer: a:${{ matrix.v }}\n",
        "4:16 a:2|4:16 a:3"
    )]
    #[case(
        "strategy: {matrix: {v: ['${{ x }}']}}\ncontainer: a:${{ matrix.v }}\n",
        "4:16 ?a:${{ matrix.v }}"
    )]
    #[case(
        "strategy: {matrix: '${{ fromJson(x) }}'}\ncontainer: ${{ matrix.i }}\n",
        "4:16 ?${{ matrix.i }}"
    )]
    #[case("container: ${{ inputs.i || 'b:1' }}\n", "3:16 b:1")]
    #[case("container: ${{ github.ref == 'x' && 'a:1' || 'b:1' }}\n", "3:16 a:1|3:16 b:1")]
    #[case("container: ''\nservices: {d: {image: }}\n", "")]
    fn jobs_name_images(#[case] job: &str, #[case] expected: &str) {
        let job: String = job.lines().map(|line| format!("    {line}\n")).collect();
        let file = format!("jobs:\n  j:\n{job}");
        assert_eq!(rows(".github/workflows/a.yml", &file), expected, "{file}");
    }

    #[rstest]
    #[case("runs:\n  using: docker\n  image: docker://a:1\n", "3:19 a:1")]
    #[case("runs:\n  using: docker\n  image: Dockerfile\n", "")]
    #[case(
        "inputs: {v: {default: '3'}}\nruns:\n  using: composite\n  steps:\n  - run: docker run a:${{ inputs.v }}\n    shell: bash\n",
        "5:21 a:3"
    )]
    fn actions_name_images(#[case] file: &str, #[case] expected: &str) {
        assert_eq!(rows("action.yml", file), expected, "{file}");
    }
}
