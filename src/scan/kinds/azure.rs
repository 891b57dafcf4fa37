//! Azure Pipelines: container resources, the containers of jobs where they are no resource's alias, and
//! what scripts pull. Images of machines and pools are none.
//!
//! Follows Azure Pipelines' YAML schema (November 2026).

use crate::scan::input::Input;
use crate::scan::kind::{Candidate, FileKind, Kind};
use crate::scan::kinds::ci::{self, Combination};
use crate::scan::lines;
use crate::scan::shell::Shell;
use crate::scan::sink::Sink;
use crate::scan::text::Text;
use crate::scan::tree::Node;
use crate::scan::value::{Puller, Purpose};
use crate::scan::vars::{Expanded, Scope};

/// Azure's files.
pub(in crate::scan) const KIND: Kind = Kind { name: FileKind::AzurePipelines, recognise, read };

/// How deep a pipeline is looked into.
const MOST_DEPTH: usize = 40;

fn recognise(file: &Candidate<'_>) -> bool {
    let name = file.name.to_ascii_lowercase();
    let named = name.contains("azure-pipeline")
        || name.contains("azurepipelines")
        || name.contains("azure_pipelines");
    let folders = [".azure-pipelines", "azure-pipelines", ".azuredevops", ".pipelines", ".azure"];
    let placed = folders.iter().any(|folder| file.is_below(folder));
    let says = |key: &str| {
        file.head.lines().any(|line| line.trim_start_matches(['-', ' ']).starts_with(key))
    };
    file.is_yaml()
        && !says("apiVersion:")
        && (named
            || (placed
                && (says("steps:") || says("jobs:") || says("stages:") || says("container:")))
            || says("vmImage:"))
}

fn read(input: &Input<'_>, sink: &mut Sink<'_>) {
    let text = Text::at(input.text, 0);
    for root in
        &lines::documents(input, &["image", "container"], &Scope::default(), Purpose::Job, sink)
    {
        let containers =
            root.path(&["resources", "containers"]).map(Node::items).unwrap_or_default();
        let aliases = containers
            .iter()
            .filter_map(|one| one.get("container")?.str().map(str::to_owned))
            .collect();
        let mut scope = Scope::default();
        let mut pipeline = Pipeline { input, text: &text, root, aliases, sink };
        pipeline.variables(root.get("variables"), &mut scope);
        for container in containers {
            pipeline.image(container.get("image"), Purpose::Job, &scope, &[Combination::new()]);
        }
        pipeline.node(root, &scope, &[Combination::new()], 0);
    }
}

struct Pipeline<'r, 't, 's, 'i> {
    input: &'r Input<'i>,
    text: &'r Text<'t>,
    root: &'r Node,
    /// Names of container resources.
    aliases: Vec<String>,
    sink: &'r mut Sink<'s>,
}

impl Pipeline<'_, '_, '_, '_> {
    fn node(&mut self, node: &Node, scope: &Scope, combinations: &[Combination], depth: usize) {
        if depth > MOST_DEPTH {
            return;
        }
        for item in node.items() {
            self.node(item, scope, combinations, depth + 1);
        }
        let mut scope = scope.clone();
        if depth > 0 {
            self.variables(node.get("variables"), &mut scope);
        }
        let own = self.matrix(node.path(&["strategy", "matrix"]));
        let combinations = if own.is_empty() { combinations } else { &own };
        if let Some(container) = node.get("container") {
            self.container(container, &scope, combinations);
        }
        for (key, value) in node.entries() {
            match key {
                "resources" | "pool" | "variables" | "container" | "parameters" | "strategy"
                | "inputs" | "services" => {
                    // The steps of a deployment stand below its strategy.
                    if key == "strategy" {
                        for (_, kind) in value.entries().filter(|(key, _)| *key != "matrix") {
                            self.node(kind, &scope, combinations, depth + 1);
                        }
                    }
                }
                "steps" => self.steps(value, &scope),
                _ => self.node(value, &scope, combinations, depth + 1),
            }
        }
    }

    fn container(&mut self, container: &Node, scope: &Scope, combinations: &[Combination]) {
        if container.is_mapping() {
            self.image(container.get("image"), Purpose::Job, scope, combinations);
            return;
        }
        let Some(name) = container.str() else { return };
        if self.aliases.iter().any(|alias| alias == name) {
            return;
        }
        let from = self.sink.len();
        self.image(Some(container), Purpose::Job, scope, combinations);
        // A bare word may be the alias of a resource in the pipeline that a template is part of.
        if !name.contains([':', '/', '$']) {
            self.sink.change(from, |found| found.certain = false);
        }
    }

    fn image(
        &mut self,
        node: Option<&Node>,
        purpose: Purpose,
        scope: &Scope,
        combinations: &[Combination],
    ) {
        let Some(text) = node.filter(|node| !node.is_null()).and_then(|node| node.text(self.text))
        else {
            return;
        };
        let known = |path: &str, combination: &Combination| self.known(path, combination, scope);
        // The three syntaxes of a variable, as the one that is read.
        let as_one = as_expressions(&text);
        let all = ci::found(&as_one, purpose, combinations, &known);
        let written = text.trimmed().as_str().to_owned();
        for mut found in all {
            found.written.clone_from(&written);
            if !found.unresolved.is_empty() {
                found.reference.clone_from(&written);
            }
            self.sink.add(found);
        }
    }

    fn known(&self, path: &str, combination: &Combination, scope: &Scope) -> Option<Expanded> {
        let name = path
            .strip_prefix("variables['")
            .and_then(|rest| rest.strip_suffix("']"))
            .or_else(|| path.strip_prefix("variables."))
            .unwrap_or(path);
        if let Some(value) = combination.get(name) {
            return Some(value.clone());
        }
        if let Some(value) = scope.values(name).first() {
            return value.is_whole().then(|| value.clone());
        }
        let name = path.strip_prefix("parameters.")?;
        let parameters = self.root.get("parameters")?;
        let listed =
            parameters.items().iter().find(|one| one.get("name").and_then(Node::str) == Some(name));
        let default = match listed {
            Some(one) => one.get("default"),
            None => parameters.get(name),
        };
        let default = default.filter(|default| !default.is_null())?.text(self.text)?;
        let at = self.input.definition(default.origin(0..0).start);
        (!default.as_str().contains('$')).then(|| Expanded::defined(default.as_str(), at))
    }

    fn matrix(&self, node: Option<&Node>) -> Vec<Combination> {
        let rows = node.into_iter().flat_map(Node::entries);
        rows.map(|(_, row)| {
            row.entries()
                .filter_map(|(key, value)| {
                    let value = value.text(self.text)?;
                    let at = self.input.definition(value.origin(0..0).start);
                    Some((key.to_owned(), Expanded::defined(value.as_str(), at)))
                })
                .collect()
        })
        .collect()
    }

    fn variables(&self, node: Option<&Node>, scope: &mut Scope) {
        let Some(node) = node else { return };
        let listed = node
            .items()
            .iter()
            .filter_map(|one| Some((one.get("name")?.str()?, one.get("value")?)));
        for (name, value) in node.entries().chain(listed) {
            let Some(value) = value.text(self.text).filter(|value| !value.as_str().contains('$'))
            else {
                continue;
            };
            let at = self.input.definition(value.origin(0..0).start);
            scope.set(name, Expanded::defined(value.as_str(), at));
        }
    }

    fn steps(&mut self, steps: &Node, scope: &Scope) {
        let mut shell = Shell::new(scope.clone());
        shell.puller = Puller::Anonymous;
        self.each_step(steps, &mut shell, 0);
    }

    fn each_step(&mut self, steps: &Node, shell: &mut Shell, depth: usize) {
        for step in steps.items() {
            let inputs = step.get("inputs");
            let task = step.get("task").and_then(Node::str).unwrap_or_default();
            let is_login = task.starts_with("Docker@")
                && inputs
                    .and_then(|inputs| inputs.get("command")?.str())
                    .is_some_and(|command| command == "login");
            if is_login {
                // Which registry the service connection is for, it does not say here.
                shell.puller = Puller::Unknown;
            }
            let inline = inputs
                .and_then(|inputs| inputs.get("script").or_else(|| inputs.get("inlineScript")));
            let scripts =
                ["script", "bash", "pwsh", "powershell"].iter().filter_map(|key| step.get(key));
            for script in scripts.chain(inline) {
                if let Some(text) = script.text(self.text) {
                    shell.read(self.input, &text, self.sink);
                }
            }
            // `- ${{ if … }}:` with steps below.
            for (key, value) in step.entries() {
                if key.starts_with("${{") && depth < 8 {
                    self.each_step(value, shell, depth + 1);
                }
            }
        }
    }
}

/// `$(NAME)`, `$[ … ]` and `${{ … }}` as `${{ … }}`, with their places.
fn as_expressions(text: &Text<'_>) -> Text<'static> {
    let whole = text.as_str();
    let mut all = Text::new();
    let mut at = 0;
    let next = |from: usize| {
        let rest = whole.get(from..)?;
        [("$(", ")"), ("$[", "]")]
            .iter()
            .filter_map(|(open, close)| Some((rest.find(open)?, *open, *close)))
            .min()
    };
    while let Some((found, open, close)) = next(at) {
        let start = at + found;
        let inner = start + open.len();
        let end = match (close, whole.get(inner..)) {
            // `$[ variables['x'] ]` holds brackets of its own.
            ("]", Some(rest)) => rest.rfind(']').map(|end| inner + end),
            (_, Some(rest)) => rest.find(close).map(|end| inner + end),
            _ => None,
        };
        let Some(end) = end else { break };
        all.append(&text.part(at..start));
        let inside = whole.get(inner..end).unwrap_or_default().trim();
        all.push_made(&format!("${{{{ {inside} }}}}"), text.origin(start..end + close.len()));
        at = end + close.len();
    }
    all.append(&text.part(at..whole.len()));
    all
}

#[cfg(test)]
mod tests {
    use crate::scan::testing::rows;
    use rstest::rstest;

    #[rstest]
    #[case(
        "resources: {containers: [{container: c, image: 'a:1'}]}\njobs: [{job: j, container: c}, {job: k, container: 'b:2'}]\n",
        "1:49 a:1|2:53 b:2"
    )]
    #[case("variables: {R: r.example}\ncontainer: {image: '$(R)/a:$(V)'}\n", "2:21 ?$(R)/a:$(V)")]
    #[case("variables: [{name: V, value: 3}]\ncontainer: 'a:$(V)'\n", "2:13 a:3")]
    #[case(
        "jobs:\n- strategy: {matrix: {x: {i: a}, y: {i: b}}}\n  container: $[ variables['i'] ]\n",
        "3:14 a|3:14 b"
    )]
    #[case(
        "pool: {vmImage: u, image: v}\nsteps: [{script: docker run a}, {task: Docker@2, inputs: {repository: b}}]\n",
        "2:29 a"
    )]
    #[case(
        "jobs: [{job: j, container: default}, {job: k, container: 'b:2'}]\n",
        "1:28 ~default|1:59 b:2"
    )]
    #[case("parameters: [{name: p, default: 'q:1'}]\ncontainer: ${{ parameters.p }}\n", "2:12 q:1")]
    fn pipelines_name_images(#[case] file: &str, #[case] expected: &str) {
        assert_eq!(rows("azure-pipelines.yml", file), expected, "{file}");
    }
}
