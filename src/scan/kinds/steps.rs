//! CI files whose steps name an image and commands by keys of their own: Drone, Woodpecker, Cloud Build,
//! Buildkite, Travis CI and pre-commit. In one file since a few lines say all of each.
//!
//! Follows Drone's and Woodpecker's pipeline syntax, Cloud Build's build schema, Buildkite's plugins,
//! Travis CI's and pre-commit's references (November 2026).

use crate::scan::input::Input;
use crate::scan::kind::{Candidate, FileKind, Kind};
use crate::scan::lines;
use crate::scan::shell::{self, Shell};
use crate::scan::sink::{Found, Sink};
use crate::scan::text::Text;
use crate::scan::tree::Node;
use crate::scan::value::{Puller, Purpose};
use crate::scan::vars::{Dialect, Scope, expand};

/// Drone's files.
pub(in crate::scan) const DRONE: Kind =
    Kind { name: FileKind::Drone, recognise: is_drone, read: read_steps };
/// Woodpecker's files.
pub(in crate::scan) const WOODPECKER: Kind =
    Kind { name: FileKind::Woodpecker, recognise: is_woodpecker, read: read_steps };
/// Cloud Build's files.
pub(in crate::scan) const CLOUD_BUILD: Kind =
    Kind { name: FileKind::CloudBuild, recognise: is_cloud_build, read: read_cloud_build };
/// Buildkite's files.
pub(in crate::scan) const BUILDKITE: Kind =
    Kind { name: FileKind::Buildkite, recognise: is_buildkite, read: read_buildkite };
/// Travis CI's files.
pub(in crate::scan) const TRAVIS: Kind =
    Kind { name: FileKind::Travis, recognise: is_travis, read: read_travis };
/// pre-commit's files.
pub(in crate::scan) const PRE_COMMIT: Kind =
    Kind { name: FileKind::PreCommit, recognise: is_pre_commit, read: read_pre_commit };

/// The parts of a Travis CI job that are scripts.
const PHASES: [&str; 9] = [
    "before_install",
    "install",
    "before_script",
    "script",
    "after_success",
    "after_failure",
    "before_deploy",
    "after_deploy",
    "after_script",
];

fn is_drone(file: &Candidate<'_>) -> bool {
    file.is_yaml() && (file.name.starts_with(".drone") || file.name.starts_with("drone."))
}

fn is_woodpecker(file: &Candidate<'_>) -> bool {
    file.is_yaml() && (file.name.starts_with(".woodpecker") || file.is_below(".woodpecker"))
}

fn is_cloud_build(file: &Candidate<'_>) -> bool {
    let name = file.name.to_ascii_lowercase();
    let named = name.starts_with("cloudbuild")
        || name.contains(".cloudbuild.")
        || name.contains("-cloudbuild.");
    named && (file.is_yaml() || file.extension() == "json")
}

fn is_buildkite(file: &Candidate<'_>) -> bool {
    file.is_yaml() && (file.is_below(".buildkite") || file.name.starts_with("buildkite."))
}

fn is_travis(file: &Candidate<'_>) -> bool {
    file.name == ".travis.yml"
}

fn is_pre_commit(file: &Candidate<'_>) -> bool {
    matches!(file.name, ".pre-commit-config.yaml" | ".pre-commit-hooks.yaml")
}

/// Calls `take` with each document; what is no YAML is read line by line.
fn each(
    input: &Input<'_>,
    keys: &[&str],
    sink: &mut Sink<'_>,
    take: impl Fn(&Node, &Text<'_>, &mut Sink<'_>),
) {
    let text = Text::at(input.text, 0);
    for root in &lines::documents(input, keys, &Scope::default(), Purpose::Step, sink) {
        take(root, &text, sink);
    }
}

fn image(node: Option<&Node>, purpose: Purpose, text: &Text<'_>, sink: &mut Sink<'_>) {
    let node = node.filter(|node| !node.is_null());
    let Some(image) = node.and_then(|node| node.text(text)) else { return };
    let image = image.trimmed();
    let values = expand(image.as_str(), Dialect::Compose, &Scope::default());
    sink.add_each(&image, values, purpose, |_| {});
}

/// Reads commands: a text or a list of them.
fn commands(
    node: Option<&Node>,
    input: &Input<'_>,
    text: &Text<'_>,
    shell: &mut Shell,
    sink: &mut Sink<'_>,
) {
    let Some(node) = node else { return };
    if let Some(script) = node.text(text) {
        shell.read(input, &script, sink);
    }
    for script in node.items().iter().filter_map(|item| item.text(text)) {
        shell.read(input, &script, sink);
    }
}

/// A shell of which nothing is known.
fn shell() -> Shell {
    Shell::new(Scope::default())
}

/// The members of a list, or of a mapping with a name each.
fn members(node: Option<&Node>) -> Vec<&Node> {
    let Some(node) = node else { return Vec::new() };
    let listed = node.items().iter().map(|item| item.target());
    listed.chain(node.entries().map(|(_, value)| value)).collect()
}

fn read_steps(input: &Input<'_>, sink: &mut Sink<'_>) {
    each(input, &["image"], sink, |root, text, sink| {
        // Of another type, a pipeline of Drone runs on machines.
        let kind = root.get("type").and_then(Node::str).unwrap_or("docker");
        let runs_images = matches!(kind, "docker" | "kubernetes");
        let all = [
            ("clone", Purpose::Step),
            ("steps", Purpose::Step),
            ("pipeline", Purpose::Step),
            ("services", Purpose::Service),
        ];
        for (key, purpose) in all {
            for step in members(root.get(key)) {
                if runs_images {
                    image(step.get("image"), purpose, text, sink);
                }
                commands(step.get("commands"), input, text, &mut shell(), sink);
            }
        }
    });
}

fn read_cloud_build(input: &Input<'_>, sink: &mut Sink<'_>) {
    each(input, &["name"], sink, |root, text, sink| {
        for step in members(root.get("steps")) {
            image(step.get("name"), Purpose::Step, text, sink);
            commands(step.get("script"), input, text, &mut shell(), sink);
            for argument in step.get("args").map(Node::items).unwrap_or_default() {
                // `bash -c` and its script; an argument alone is no command line.
                if argument.str().is_some_and(|text| text.contains([' ', '\n'])) {
                    commands(Some(argument), input, text, &mut shell(), sink);
                }
            }
        }
    });
}

fn read_buildkite(input: &Input<'_>, sink: &mut Sink<'_>) {
    each(input, &["image"], sink, |root, text, sink| {
        let steps = if root.is_sequence() { Some(root.target()) } else { root.get("steps") };
        let mut queue = members(steps);
        while let Some(step) = queue.pop() {
            queue.extend(members(step.get("steps")));
            image(step.get("image"), Purpose::Job, text, sink);
            for key in ["command", "commands"] {
                commands(step.get(key), input, text, &mut shell(), sink);
            }
            let plugins = step.get("plugins");
            let listed = plugins.map(Node::items).unwrap_or_default().iter();
            let listed = listed.flat_map(|plugin| plugin.target().entries());
            for (name, with) in listed.chain(plugins.into_iter().flat_map(Node::entries)) {
                let plugin = name.split('#').next().unwrap_or(name);
                if plugin == "docker" || plugin.ends_with("/docker") {
                    image(with.get("image"), Purpose::Step, text, sink);
                }
            }
        }
    });
}

fn read_travis(input: &Input<'_>, sink: &mut Sink<'_>) {
    each(input, &[], sink, |root, text, sink| {
        let mut shell = shell();
        shell.puller = Puller::Anonymous;
        let jobs = ["jobs", "matrix"].iter().flat_map(|key| members(root.path(&[key, "include"])));
        for part in std::iter::once(root.target()).chain(jobs) {
            for phase in PHASES {
                commands(part.get(phase), input, text, &mut shell, sink);
            }
        }
    });
}

fn read_pre_commit(input: &Input<'_>, sink: &mut Sink<'_>) {
    each(input, &[], sink, |root, text, sink| {
        let repositories = members(root.get("repos")).into_iter();
        let listed = repositories.flat_map(|one| members(one.get("hooks")));
        let own = root.items().iter().map(|hook| hook.target());
        for hook in listed.chain(own) {
            if hook.get("language").and_then(Node::str) != Some("docker_image") {
                continue;
            }
            let Some(entry) = hook.get("entry").and_then(|entry| entry.text(text)) else {
                continue;
            };
            if let Some(range) = shell::image_of_run(entry.as_str()) {
                sink.add(Found::literal(&entry.part(range), Purpose::Step));
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use crate::scan::testing::rows;
    use rstest::rstest;

    #[rstest]
    #[case(
        ".drone.yml",
        "kind: pipeline\ntype: docker\nsteps:\n- {name: a, image: 'a:1', commands: [docker pull b]}\nservices: [{image: c}]\n",
        "4:21 a:1|4:50 b|5:20 c"
    )]
    #[case(".drone.yml", "kind: pipeline\ntype: exec\nsteps: [{image: a}]\n", "")]
    #[case(
        ".woodpecker/x.yaml",
        "steps:\n  build: {image: a}\nservices:\n  db: {image: b}\nclone: {git: {image: c}}\n",
        "2:18 a|4:15 b|5:22 c"
    )]
    #[case(
        "cloudbuild.yaml",
        "steps:\n- name: gcr.io/cloud-builders/docker\n  args: [build, -t, x, .]\n- name: 'a:$_V'\nimages: [y]\n",
        "2:9 gcr.io/cloud-builders/docker|4:10 ?a:$_V"
    )]
    #[case(
        ".buildkite/pipeline.yml",
        "steps:\n- command: docker run a\n  plugins: [{docker#v5.1.0: {image: 'b:1'}}, {docker-compose#v4: {run: x}}]\n",
        "2:23 a|3:38 b:1"
    )]
    #[case(
        ".travis.yml",
        "script:\n- docker pull a:1\njobs: {include: [{script: docker run b}]}\n",
        "2:15 a:1|3:38 b"
    )]
    #[case(
        ".pre-commit-config.yaml",
        "repos:\n- repo: local\n  hooks:\n  - {id: x, language: docker_image, entry: '--entrypoint sh --net none a:1 -c'}\n  - {id: y, language: python, entry: b}\n",
        "4:72 a:1"
    )]
    fn steps_name_images(#[case] path: &str, #[case] file: &str, #[case] expected: &str) {
        assert_eq!(rows(path, file), expected, "{file}");
    }
}
