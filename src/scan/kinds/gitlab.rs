//! GitLab CI: the images and services of jobs and defaults, what scripts pull, local includes. Variables
//! are those of the file and of the job; a matrix gives them several values.
//!
//! Follows GitLab's CI/CD YAML syntax reference (18.x, November 2026).

use crate::scan::input::Input;
use crate::scan::kind::{Candidate, FileKind, Kind};
use crate::scan::lines;
use crate::scan::shell::Shell;
use crate::scan::sink::Sink;
use crate::scan::text::Text;
use crate::scan::tree::Node;
use crate::scan::value::{Puller, Purpose};
use crate::scan::vars::{Dialect, Expanded, Scope, expand};

/// GitLab CI files.
pub(in crate::scan) const KIND: Kind = Kind { name: FileKind::GitlabCi, recognise, read };

/// Keys at the top that are no jobs.
const NO_JOBS: &[&str] = &[
    "include",
    "stages",
    "variables",
    "workflow",
    "cache",
    "spec",
    "types",
    "before_script",
    "after_script",
];

fn recognise(file: &Candidate<'_>) -> bool {
    let says_script = || {
        file.head
            .lines()
            .any(|line| line.trim_start().starts_with("script:") && line.starts_with(' '))
    };
    file.is_yaml()
        && (file.name.contains("gitlab-ci")
            || ([".gitlab", ".gitlab-ci", "gitlab-ci", "gitlab"]
                .iter()
                .any(|folder| file.is_below(folder))
                && says_script()))
}

fn read(input: &Input<'_>, sink: &mut Sink<'_>) {
    let text = Text::at(input.text, 0);
    for root in &lines::documents(input, &["image"], &Scope::default(), Purpose::Job, sink) {
        includes(root, sink);
        let mut scope = Scope::default();
        variables(root.get("variables"), &text, input, &mut scope);
        let mut pipeline = Pipeline { input, text: &text, sink };
        // The first form of the file had the defaults at the top.
        pipeline.job(root, &scope, None);
        for (name, job) in root.entries().filter(|(name, _)| !NO_JOBS.contains(name)) {
            if job.is_mapping() {
                pipeline.job(job, &scope, Some(name));
            }
        }
    }
}

/// Local files are named from the repository's root, wherever the file that names them stands.
fn includes(root: &Node, sink: &mut Sink<'_>) {
    let Some(include) = root.get("include") else { return };
    let one = [include];
    for item in include.items().iter().map(|item| item.target()).chain(one) {
        let path =
            if item.is_mapping() { item.get("local").and_then(Node::str) } else { item.str() };
        let Some(path) = path.filter(|path| !path.contains("://") && !path.contains(['*', '$']))
        else {
            continue;
        };
        sink.include(&format!("/{}", path.trim_start_matches('/')), FileKind::GitlabCi);
    }
}

fn variables(node: Option<&Node>, text: &Text<'_>, input: &Input<'_>, scope: &mut Scope) {
    for (name, value) in node.into_iter().flat_map(Node::entries) {
        let value = if value.is_mapping() { value.get("value") } else { Some(value) };
        let values: Vec<&Node> = match value {
            Some(value) if value.is_sequence() => {
                value.items().iter().map(|one| one.target()).collect()
            }
            value => value.into_iter().collect(),
        };
        let mut all = Vec::new();
        for value in values.into_iter().filter_map(|value| value.text(text)) {
            let at = input.definition(value.origin(0..0).start);
            for mut expanded in expand(value.as_str(), Dialect::Compose, scope) {
                expanded.defined_at.insert(0, at.clone());
                all.push(expanded);
            }
        }
        if !all.is_empty() {
            scope.set_each(name, all);
        }
    }
}

struct Pipeline<'r, 't, 's, 'i> {
    input: &'r Input<'i>,
    text: &'r Text<'t>,
    sink: &'r mut Sink<'s>,
}

impl Pipeline<'_, '_, '_, '_> {
    fn job(&mut self, job: &Node, scope: &Scope, name: Option<&str>) {
        let from = self.sink.len();
        let mut scope = scope.clone();
        if name.is_some() {
            variables(job.get("variables"), self.text, self.input, &mut scope);
        }
        for one in job.path(&["parallel", "matrix"]).map(Node::items).unwrap_or_default() {
            self.matrix(one, &mut scope);
        }
        let logs_in = scope.has("DOCKER_AUTH_CONFIG");
        let puller = if logs_in { Puller::Login } else { Puller::Unknown };
        self.image(job.get("image"), Purpose::Job, &scope);
        for service in job.get("services").map(Node::items).unwrap_or_default() {
            self.image(Some(service), Purpose::Service, &scope);
        }
        self.sink.change(from, |found| found.puller = puller);
        let mut shell = Shell::new(scope);
        shell.puller = Puller::Anonymous;
        for key in ["before_script", "script", "after_script"] {
            self.script(job.get(key), &mut shell, 0);
        }
        if name == Some("default") {
            return;
        }
        self.sink.change(from, |found| found.job = name.map(str::to_owned));
    }

    /// The values that a matrix gives variables, beside those of its other rows.
    fn matrix(&self, row: &Node, scope: &mut Scope) {
        for (name, values) in row.entries() {
            let one = [values];
            let values = if values.is_sequence() {
                values.items().iter().map(|value| value.target()).collect()
            } else {
                one.to_vec()
            };
            let mut all = scope.values(name).to_vec();
            for value in values.into_iter().filter_map(|value| value.text(self.text)) {
                let at = self.input.definition(value.origin(0..0).start);
                let expanded = Expanded::defined(value.as_str(), at);
                if !all.iter().any(|known| known.text == expanded.text) {
                    all.push(expanded);
                }
            }
            scope.set_each(name, all);
        }
    }

    fn image(&mut self, node: Option<&Node>, purpose: Purpose, scope: &Scope) {
        let node = node.filter(|node| !node.is_null());
        let name =
            node.and_then(|node| if node.is_mapping() { node.get("name") } else { Some(node) });
        let Some(text) = name.and_then(|name| name.text(self.text)) else { return };
        let text = text.trimmed();
        if text.as_str().contains("$[[") {
            let unknown = Expanded::unknown(text.as_str(), "inputs");
            self.sink.add_each(&text, vec![unknown], purpose, |_| {});
            return;
        }
        let values = expand(text.as_str(), Dialect::Compose, scope);
        self.sink.add_each(&text, values, purpose, |_| {});
    }

    /// A script: a text, a list, lists in lists.
    fn script(&mut self, node: Option<&Node>, shell: &mut Shell, depth: usize) {
        let Some(node) =
            node.filter(|node| node.tag.as_deref() != Some("!reference") && depth < 10)
        else {
            return;
        };
        if let Some(text) = node.text(self.text) {
            shell.read(self.input, &text, self.sink);
        }
        for item in node.items() {
            self.script(Some(item.target()), shell, depth + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::scan::testing::rows;
    use rstest::rstest;

    #[rstest]
    #[case(
        "image: a:1\nj: {image: {name: 'b:2', entrypoint: ['']}, services: [c, {name: d, alias: e}]}\n",
        "1:8 a:1|2:20 b:2|2:56 c|2:66 d"
    )]
    #[case(
        "variables: {V: '3', B: {value: q}}\ndefault: {image: '$B:${V}'}\nj: {image: a:$X}\n",
        "2:19 q:3|3:12 ?a:$X"
    )]
    #[case(
        "j:\n  variables: {V: 1}\n  image: a:$V\n  script:\n    - docker pull b:$V\n    - [docker pull c]\n    - !reference [x, y]\n",
        "3:10 a:1|5:19 b:1|6:20 c"
    )]
    #[case(
        "j:\n  parallel: {matrix: [{V: [1, 2]}, {V: 3}]}\n  image: a:$V\n",
        "3:10 a:1|3:10 a:2|3:10 a:3"
    )]
    #[case("j:\n  image: a\n  environment: {image: b}\ncache: {image: c}\n", "2:10 a")]
    #[case("j:\n  image: $[[ inputs.image ]]\n", "2:10 ?$[[ inputs.image ]]")]
    fn jobs_name_images(#[case] file: &str, #[case] expected: &str) {
        assert_eq!(rows(".gitlab-ci.yml", file), expected, "{file}");
    }
}
