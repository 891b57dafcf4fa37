//! Ansible: the images of container modules in plays and tasks, Molecule's containers, the objects of `k8s`, the lines of `shell`
//! and `command`. Jinja's variables have the values that the play, or the role's `defaults` and `vars`,
//! give them; those of the inventory and of loops have none.
//!
//! Follows the references of community.docker 4, containers.podman 1.16 and kubernetes.core 5 (2025).

use crate::scan::env_file;
use crate::scan::input::Input;
use crate::scan::kind::{Candidate, FileKind, Kind};
use crate::scan::kinds::kubernetes;
use crate::scan::lines;
use crate::scan::shell::Shell;
use crate::scan::sink::{Found, Sink};
use crate::scan::text::Text;
use crate::scan::tree::Node;
use crate::scan::value::Purpose;
use crate::scan::vars::{Dialect, Expanded, Scope, expand, product};
use crate::scan::yaml;

/// Playbooks and tasks.
pub(in crate::scan) const KIND: Kind = Kind { name: FileKind::Ansible, recognise, read };

/// How deep blocks and values are looked into.
const MOST_DEPTH: usize = 12;
/// Modules that run a container or service from `image`.
const RUN: &[&str] = &[
    "docker_container",
    "docker_swarm_service",
    "podman_container",
    "docker_service",
    "nomad_job",
    "docker_container_exec",
];
/// Modules that pull the image `name`.
const PULL: &[&str] = &["docker_image", "docker_image_pull", "podman_image"];
/// Modules that hold objects of Kubernetes.
const OBJECTS: &[&str] = &["k8s", "k8s_raw", "kubernetes", "openshift_raw"];
/// Modules that run a command line.
const COMMANDS: &[&str] = &["shell", "command", "raw"];
/// Keys of a play or block that hold tasks.
const TASKS: &[&str] =
    &["tasks", "pre_tasks", "post_tasks", "handlers", "block", "rescue", "always"];

fn recognise(file: &Candidate<'_>) -> bool {
    let opens = |line: &str| line.trim_start_matches(['-', ' ']).to_owned();
    let is_play = || {
        let mut lines = file.head.lines().map(opens);
        file.head.lines().any(|line| line.starts_with("- "))
            && lines.any(|line| line.starts_with("hosts:"))
    };
    let is_role = ["tasks", "handlers"].iter().any(|folder| file.is_below(folder));
    let is_list = || {
        let mut lines = file.head.lines();
        lines.any(|line| line.starts_with("- name:") || line.starts_with("- block:"))
    };
    file.is_yaml() && (is_molecule(file.name) || is_play() || (is_role && is_list()))
}

/// Whether a file is Molecule's, which tests roles on machines of its own.
fn is_molecule(name: &str) -> bool {
    matches!(name, "molecule.yml" | "molecule.yaml")
}

/// The machines of a scenario of Molecule, where they are containers: with another driver an image is a
/// machine's, and with none that is told it may be.
fn molecule(root: &Node, input: &Input<'_>, text: &Text<'_>, sink: &mut Sink<'_>) {
    let driver = root.path(&["driver", "name"]).and_then(Node::str);
    let is_container = matches!(driver, Some("docker" | "podman" | "containers"));
    if !is_container && driver.is_some_and(|driver| !matches!(driver, "default" | "delegated")) {
        return;
    }
    for platform in root.get("platforms").map(Node::items).unwrap_or_default() {
        let Some(image) = platform.target().get("image").and_then(|image| image.text(text)) else {
            continue;
        };
        sink.add_each(
            &image,
            expand(image.as_str(), Dialect::Compose, &env_file::scope(input)),
            Purpose::Container,
            |found| found.certain = is_container,
        );
    }
}

fn read(input: &Input<'_>, sink: &mut Sink<'_>) {
    let text = Text::at(input.text, 0);
    if is_molecule(input.name()) {
        for root in
            &lines::documents(input, &["image"], &Scope::default(), Purpose::Container, sink)
        {
            molecule(root, input, &text, sink);
        }
        return;
    }
    let mut scope = Scope::default();
    for name in ["../defaults/main.yml", "../defaults/main.yaml", "../vars/main.yml", "vars.yml"] {
        let Some((path, text)) = input.read_beside(name) else { continue };
        let file = Input::new(&path, input.root, &text, input.given);
        for root in &yaml::parse(&text).roots {
            define(root, "", &file, &Text::at(&text, 0), &mut scope, 0);
        }
    }
    for root in &lines::documents(input, &["image"], &Scope::default(), Purpose::Container, sink) {
        Book { input, text: &text, sink }.tasks(root, &scope, 0);
    }
}

/// Gives variables their values, those inside a mapping by their path.
fn define(
    node: &Node,
    prefix: &str,
    input: &Input<'_>,
    text: &Text<'_>,
    scope: &mut Scope,
    depth: usize,
) {
    for (name, value) in node.entries() {
        let name = format!("{prefix}{name}");
        if let Some(written) = value.text(text) {
            let at = input.definition(written.origin(0..0).start);
            let mut values = jinja(written.as_str(), scope);
            for one in &mut values {
                one.defined_at.insert(0, at.clone());
            }
            scope.set_each(&name, values);
        } else if depth < MOST_DEPTH {
            define(value, &format!("{name}."), input, text, scope, depth + 1);
        }
    }
    for (name, value) in &input.given.args {
        scope.set(name, Expanded::literal(value));
    }
}

/// What a text with `{{ name }}` and `{{ name | default('value') }}` comes to.
fn jinja(text: &str, scope: &Scope) -> Vec<Expanded> {
    let mut all = vec![Expanded::default()];
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        all = product(all, &[Expanded::literal(before)]);
        let Some((inner, left)) = after.split_once("}}") else {
            rest = after;
            continue;
        };
        let (name, filter) = inner.split_once('|').unwrap_or((inner, ""));
        let name = name.trim();
        let default = filter.trim().strip_prefix("default(").and_then(|rest| {
            let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
            rest.get(1..)?.split_once(quote).map(|(value, _)| value)
        });
        let is_plain = matches!(filter.trim(), "" | "string" | "trim" | "lower");
        let values = match (scope.values(name), default) {
            ([], Some(default)) => vec![Expanded::literal(default)],
            (values, _) if !values.is_empty() && (is_plain || default.is_some()) => values.to_vec(),
            _ => vec![Expanded::unknown(&format!("{{{{{inner}}}}}"), name)],
        };
        all = product(all, &values);
        rest = left;
    }
    product(all, &[Expanded::literal(rest)])
}

struct Book<'r, 't, 's, 'i> {
    input: &'r Input<'i>,
    text: &'r Text<'t>,
    sink: &'r mut Sink<'s>,
}

impl Book<'_, '_, '_, '_> {
    /// Plays or tasks.
    fn tasks(&mut self, list: &Node, scope: &Scope, depth: usize) {
        if depth > MOST_DEPTH {
            return;
        }
        for task in list.items() {
            let mut inner = scope.clone();
            if let Some(vars) = task.get("vars") {
                define(vars, "", self.input, self.text, &mut inner, 0);
            }
            for (key, value) in task.entries() {
                if TASKS.contains(&key) {
                    self.tasks(value, &inner, depth + 1);
                }
            }
            self.task(task, &inner);
        }
    }

    fn task(&mut self, task: &Node, scope: &Scope) {
        for (key, value) in task.entries() {
            let module = key.rsplit('.').next().unwrap_or(key);
            if RUN.contains(&module) {
                let is_gone = value.get("state").and_then(Node::str) == Some("absent");
                if !is_gone {
                    self.image(value.get("image"), None, scope, Purpose::Container);
                }
            } else if PULL.contains(&module) {
                self.pulled(value, module == "docker_image", scope);
            } else if OBJECTS.contains(&module) {
                for key in ["definition", "resource_definition"] {
                    if let Some(object) = value.get(key) {
                        self.objects(object);
                    }
                }
            } else if COMMANDS.contains(&module) {
                let line = if value.is_mapping() { value.get("cmd") } else { Some(value) };
                if let Some(script) = line.and_then(|line| line.text(self.text)) {
                    Shell::default().read(self.input, &script, self.sink);
                }
            } else if module.starts_with("docker_compose") {
                let services = value.path(&["definition", "services"]);
                for (_, service) in services.into_iter().flat_map(Node::entries) {
                    self.image(service.get("image"), None, scope, Purpose::Service);
                }
            }
        }
    }

    fn objects(&mut self, object: &Node) {
        let from = self.sink.len();
        match object.text(self.text) {
            Some(inner) => {
                for root in &yaml::parse(inner.as_str()).roots {
                    kubernetes::read_object(root, &inner, self.sink);
                }
            }
            None => kubernetes::read_object(object, self.text, self.sink),
        }
        self.sink.change(from, |found| found.kind = Some(FileKind::Ansible));
    }

    /// `docker_image` and its kin: what is built here or loaded from a file is pulled by nobody.
    fn pulled(&mut self, value: &Node, may_build: bool, scope: &Scope) {
        let said = |key: &str| value.get(key).and_then(Node::str);
        let is_local = may_build
            && (said("source").is_some_and(|source| source != "pull")
                || ["build", "path", "load_path"].iter().any(|key| value.get(key).is_some()));
        if is_local || value.get("path").is_some() || said("state") == Some("absent") {
            return;
        }
        self.image(value.get("name"), value.get("tag"), scope, Purpose::Container);
    }

    fn image(&mut self, node: Option<&Node>, tag: Option<&Node>, scope: &Scope, purpose: Purpose) {
        let Some(node) = node.filter(|node| !node.is_null()) else { return };
        let Some(text) = node.text(self.text) else { return };
        let text = text.trimmed();
        let mut values = jinja(text.as_str(), scope);
        let last = text.as_str().rsplit('/').next().unwrap_or_default();
        let tag = tag.and_then(Node::str).filter(|_| !last.contains([':', '@']));
        if let Some(tag) = tag {
            values = product(values, &[Expanded::literal(":")]);
            values = product(values, &jinja(tag, scope));
        }
        for value in values {
            self.sink.add(Found::expanded(&text, value, purpose));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::testing::rows;
    use rstest::rstest;

    #[rstest]
    #[case("site.yml", "- name: x\n  hosts: all\n", true)]
    #[case("roles/a/tasks/main.yml", "---\n- name: x\n  docker_container:\n", true)]
    #[case("site.yml", "services:\n  a: {hosts: x}\n", false)]
    #[case("tasks/x.json", "- name: x\n", false)]
    fn playbooks_are_known(#[case] path: &str, #[case] head: &str, #[case] is: bool) {
        assert_eq!(recognise(&Candidate::new(path, head)), is, "{path}");
    }

    #[rstest]
    #[case("docker_container: {name: web, image: 'nginx:1'}", "5:43 nginx:1")]
    #[case(
        "community.docker.docker_container: {image: '{{ repo }}/web:{{ ver }}'}",
        "5:49 acme/web:7"
    )]
    #[case("podman_container: {image: '{{ other }}', state: started}", "5:32 ?{{ other }}")]
    #[case("docker_container: {image: x, state: absent}", "")]
    #[case("docker_image: {name: 'a/b', tag: 3, source: pull}", "5:27 a/b:3")]
    #[case("docker_image: {name: made, source: build, build: {path: .}}", "")]
    #[case("docker_image: {name: \"{{ x | default('y:1') }}\", source: pull}", "5:27 y:1")]
    #[case("kubernetes.core.k8s: {definition: {spec: {containers: [{image: 'k:2'}]}}}", "5:69 k:2")]
    #[case("shell: docker pull s:1", "5:24 s:1")]
    #[case("block: [{command: docker run c}]", "5:34 c")]
    #[case("digital_ocean_droplet: {image: ubuntu-24-04-x64}", "")]
    fn tasks_name_images(#[case] task: &str, #[case] expected: &str) {
        let file = format!(
            "- hosts: all\n  vars: {{ver: 7, repo: acme}}\n  tasks:\n  - name: t\n    {task}\n"
        );
        assert_eq!(rows("play.yml", &file), expected, "{file}");
    }

    #[test]
    fn an_expression_in_a_command_is_one_word() {
        let file = "- hosts: all\n  tasks:\n  - shell: docker run -v {{ data_dir }}/a:/b -e X={{ x }} a/b:1 --user={{ u }}\n  - command: docker pull {{ image }}\n";
        assert_eq!(rows("play.yml", file), "3:59 a/b:1|4:26 ?{{ image }}");
    }

    #[test]
    fn molecule_tests_roles_in_containers() {
        let file = "driver: {name: docker}\nplatforms:\n- name: a\n  image: \"acme/${DISTRO:-rocky9}-ansible:1\"\n- image: debian:12\n";
        assert_eq!(
            rows("molecule/default/molecule.yml", file),
            "4:11 acme/rocky9-ansible:1|5:10 debian:12"
        );
        let machines = file.replace("docker", "ec2");
        assert_eq!(rows("molecule/default/molecule.yml", &machines), "");
    }
}
