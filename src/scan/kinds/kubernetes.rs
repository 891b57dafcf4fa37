//! Kubernetes objects in YAML and JSON: the containers of pod specs wherever these sit, image volumes,
//! and the images that known custom resources name by keys of their own. What a cluster reports
//! (`status`), what is only noted (`metadata`) and what is somebody's file (`data`) is passed over.
//!
//! Follows the Kubernetes API reference (v1.34, 2025) and the resources' own references (November 2026).

use crate::image::Reference;
use crate::scan::env_file;
use crate::scan::input::Input;
use crate::scan::json;
use crate::scan::kind::{Candidate, FileKind, Kind};
use crate::scan::kinds::helm;
use crate::scan::lines;
use crate::scan::sink::{Found, Sink};
use crate::scan::text::Text;
use crate::scan::tree::Node;
use crate::scan::value::{Purpose, Workload};
use crate::scan::vars::Scope;
use crate::scan::yaml;

/// Kubernetes objects.
pub(in crate::scan) const KIND: Kind = Kind { name: FileKind::Kubernetes, recognise, read };

/// The keys whose lines name an image in a template that is no YAML.
const KEYS: &[&str] = &["image"];

/// API groups whose resources name images by a plain `image`, `baseImage` or the like: what stands there
/// is pulled. A name that ends in a dot stands for all groups below it.
const GROUPS: &[&str] = &[
    "actions.github.com",
    "actions.summerwind.dev",
    "actions.summerwind.net",
    "agones.dev",
    "apps.kruise.io",
    "argoproj.io",
    "camel.apache.org",
    "elasticsearch.k8s.elastic.co",
    "flink.apache.org",
    "grafana.integreatly.org",
    "jaegertracing.io",
    "k8s.mariadb.com",
    "kafka.strimzi.io",
    "keda.sh",
    "kibana.k8s.elastic.co",
    "k8s.elastic.co",
    "kubeflow.org",
    "loki.grafana.com",
    "minio.min.io",
    "monitoring.coreos.com",
    "opentelemetry.io",
    "operator.victoriametrics.com",
    "ray.io",
    "serving.knative.dev",
    "serving.kserve.io",
    "sparkoperator.k8s.io",
    "tekton.dev",
    "triggers.tekton.dev",
    "eventing.knative.dev",
    "sources.knative.dev",
    "spotahome.com",
    "databases.spotahome.com",
    "pgv2.percona.com",
    "psmdb.percona.com",
    "pxc.percona.com",
    "openfaas.com",
    "kubevirt.io",
    "cdi.kubevirt.io",
];

/// Groups of resources that carry values of a Helm chart.
const CHARTS: &[&str] = &["helm.toolkit.fluxcd.io", "helm.cattle.io", "helm.fluxcd.io"];

/// What is not looked into: reports, notes, other people's files, schemas.
const PASSED_OVER: &[&str] = &[
    "status",
    "metadata",
    "data",
    "stringData",
    "binaryData",
    "managedFields",
    "openAPIV3Schema",
    "env",
    "args",
    "command",
    "parameters",
    "annotations",
    "labels",
];

/// Lists of containers, and what their images are for.
const CONTAINERS: &[(&str, Purpose)] = &[
    ("containers", Purpose::Container),
    ("initContainers", Purpose::Init),
    ("ephemeralContainers", Purpose::Container),
    ("sidecars", Purpose::Container),
    ("steps", Purpose::Step),
    ("stepTemplate", Purpose::Step),
    ("container", Purpose::Container),
    ("script", Purpose::Container),
    ("initContainer", Purpose::Init),
];

fn recognise(file: &Candidate<'_>) -> bool {
    let json = file.extension() == "json";
    let yaml = file.is_yaml()
        || [".yaml.", ".yml."].iter().any(|part| file.name.contains(part))
            && matches!(
                file.extension().as_str(),
                "j2" | "tmpl"
                    | "tpl"
                    | "gotmpl"
                    | "template"
                    | "erb"
                    | "in"
                    | "dist"
                    | "example"
                    | "sample"
            );
    if json {
        return ["\"apiVersion\"", "\"kind\""].iter().all(|key| file.head.contains(key));
    }
    let of_chart = file.is_below("templates")
        && (file.is_yaml() || file.extension() == "tpl")
        && file.head.contains("{{");
    // At the beginning of a line: values of charts have such keys further in.
    let says = |key: &str| file.head.lines().any(|line| opens(line).starts_with(key));
    let is_object = says("apiVersion:") && says("kind:");
    // A part of an object that something else completes, as pod templates of Jenkins and patches do.
    let is_part = says("spec:")
        && file.head.lines().any(|line| {
            matches!(
                line.trim_start_matches(['-', ' ']).trim_end(),
                "containers:" | "initContainers:"
            )
        });
    // Old examples have no ending.
    let bare = !file.name.contains('.') && file.head.trim_start().starts_with("apiVersion:");
    of_chart || ((yaml || bare) && is_object) || (yaml && is_part)
}

/// A line without the dash of a list that begins at its first column, and quotes of its key.
fn opens(line: &str) -> &str {
    line.strip_prefix("- ").unwrap_or(line).trim_start_matches(['{', '"', '\''])
}

fn read(input: &Input<'_>, sink: &mut Sink<'_>) {
    let text = Text::at(input.text, 0);
    if input.name().to_ascii_lowercase().ends_with(".json")
        && let Ok(root) = json::parse(input.text)
    {
        read_object(&root, &text, sink);
        return;
    }
    read_text(input, &text, sink);
}

/// Reads objects in a text: a file, or a string in one. A template is read line by line.
pub(in crate::scan) fn read_text(input: &Input<'_>, text: &Text<'_>, sink: &mut Sink<'_>) {
    let documents = yaml::parse(text.as_str());
    // What stands in quotes is YAML, and filled in later: Argo's, Flux's and Tekton's expressions.
    let is_template = lines::is_woven(text.as_str());
    if is_template || documents.error.is_some() {
        let what = if is_template { "it is a template" } else { "it is no YAML" };
        let why = documents.error.map(|(error, _)| format!(": {error}")).unwrap_or_default();
        sink.warn(format!("{what}, so it is read line by line{why}"));
        lines::read(text, KEYS, &env_file::scope(input), Purpose::Container, sink);
        return;
    }
    for root in &documents.roots {
        read_object(root, text, sink);
    }
}

/// Reads one object, or a list of them.
pub(in crate::scan) fn read_object(root: &Node, text: &Text<'_>, sink: &mut Sink<'_>) {
    for item in root.items() {
        patched(item, text, sink);
        read_object(item, text, sink);
    }
    let is_list = root.get("kind").and_then(Node::str).is_some_and(|kind| kind.ends_with("List"));
    if is_list || root.get("items").is_some_and(Node::is_sequence) {
        for item in root.get("items").map(Node::items).unwrap_or_default() {
            read_object(item, text, sink);
        }
        return;
    }
    let group = root.get("apiVersion").and_then(Node::str).unwrap_or_default();
    let group = group.split_once('/').map_or("", |(group, _)| group);
    let is_own =
        GROUPS.iter().any(|known| group == *known || group.ends_with(&format!(".{known}")));
    if CHARTS.contains(&group) {
        for key in ["values", "valuesContent"] {
            chart_values(root.path(&["spec", key]), text, sink);
        }
        return;
    }
    if group == "argoproj.io" {
        let sources = root.path(&["spec", "sources"]).map(Node::items).unwrap_or_default();
        for source in
            root.path(&["spec", "source"]).into_iter().chain(sources.iter().map(|one| one.target()))
        {
            for key in ["valuesObject", "values"] {
                chart_values(source.path(&["helm", key]), text, sink);
            }
        }
    }
    function(root, text, sink);
    Walk {
        text,
        is_own,
        is_object: root.get("apiVersion").is_some(),
        workload: workload(root),
        sink,
    }
    .node(root, 0);
}

/// The workload that an object is, and how many pods it has: what the API server takes where it says
/// nothing. `None` where its kind does not tell.
fn workload(root: &Node) -> Option<Workload> {
    let kind = root.get("kind").and_then(Node::str)?;
    // What stands there and is no number is filled in later.
    let number = |path: &[&str]| match root.path(path).and_then(Node::str) {
        Some(text) => text.trim().parse::<u64>().map(Some),
        None => Ok(None),
    };
    let replicas = match kind {
        "DaemonSet" => None,
        "Pod" => Some(1),
        "Deployment" | "StatefulSet" | "ReplicaSet" | "ReplicationController" => {
            Some(number(&["spec", "replicas"]).ok()?.unwrap_or(1))
        }
        "Job" | "CronJob" => {
            let spec: &[&str] =
                if kind == "Job" { &["spec"] } else { &["spec", "jobTemplate", "spec"] };
            let of = |key: &'static str| number(&[spec, &[key]].concat());
            // Each pod of a Job is a new one, on whichever node has room.
            Some(of("completions").ok()?.max(of("parallelism").ok()?).unwrap_or(1))
        }
        _ => return None,
    };
    let said = |key: &str| root.path(&["metadata", key]).and_then(Node::str);
    let name = said("name").or_else(|| said("generateName")).unwrap_or_default();
    let namespace = said("namespace").map(|namespace| format!("{namespace}/")).unwrap_or_default();
    Some(Workload { workload: format!("{namespace}{kind}/{name}"), replicas })
}

/// An operation of a JSON patch (RFC 6902) that sets an image.
fn patched(operation: &Node, text: &Text<'_>, sink: &mut Sink<'_>) {
    let said = |key: &str| operation.get(key).and_then(Node::str);
    let sets = matches!(said("op"), Some("replace" | "add"));
    if !sets || !said("path").is_some_and(|path| path.ends_with("/image")) {
        return;
    }
    if let Some(value) = operation.get("value").and_then(|value| value.text(text))
        && !value.as_str().trim().is_empty()
    {
        let value = value.trimmed();
        let expanded = lines::literal(value.as_str());
        sink.add(Found::expanded(&value, expanded, Purpose::Container));
    }
}

/// The image of a KRM function, as kustomize and kpt run it: a text in an annotation.
fn function(root: &Node, text: &Text<'_>, sink: &mut Sink<'_>) {
    let Some(annotations) = root.path(&["metadata", "annotations"]) else { return };
    for key in ["config.kubernetes.io/function", "config.k8s.io/function"] {
        let Some(inner) = annotations.get(key).and_then(|one| one.text(text)) else { continue };
        for root in &yaml::parse(inner.as_str()).roots {
            let image = root.path(&["container", "image"]).and_then(|image| image.text(&inner));
            if let Some(image) = image.filter(|image| !image.as_str().trim().is_empty()) {
                let expanded = lines::literal(image.as_str());
                sink.add(Found::expanded(&image, expanded, Purpose::Container));
            }
        }
    }
}

/// The values of a chart, as a mapping or as a text that holds one.
fn chart_values(values: Option<&Node>, text: &Text<'_>, sink: &mut Sink<'_>) {
    let Some(values) = values else { return };
    if values.is_mapping() {
        helm::read_values(values, text, None, sink);
        return;
    }
    let Some(inner) = values.text(text) else { return };
    for root in &yaml::parse(inner.as_str()).roots {
        helm::read_values(root, &inner, None, sink);
    }
}

/// How deep objects are looked into.
const MOST_DEPTH: usize = 40;

struct Walk<'r, 't, 's> {
    text: &'r Text<'t>,
    /// Whether the resource names images by keys of its own.
    is_own: bool,
    /// Whether it is a whole object, of which `image` may be such a key.
    is_object: bool,
    /// What its pods are, where its kind says how many there are.
    workload: Option<Workload>,
    sink: &'r mut Sink<'s>,
}

impl Walk<'_, '_, '_> {
    fn node(&mut self, node: &Node, depth: usize) {
        if depth > MOST_DEPTH {
            return;
        }
        for item in node.items() {
            self.node(item, depth + 1);
        }
        for (key, value) in node.entries() {
            if PASSED_OVER.contains(&key) {
                continue;
            }
            if let Some((_, purpose)) = CONTAINERS.iter().find(|(name, _)| *name == key) {
                self.containers(value, *purpose);
            }
            match key {
                "volumes" => self.volumes(value),
                "image" | "baseImage" | "imageName" if self.is_own && value.str().is_some() => {
                    self.image(value, Purpose::Container);
                }
                "image" if value.str().is_some() => self.perhaps(value),
                // A manifest that a step of a workflow applies.
                "manifest" if value.str().is_some() => self.written(value),
                _ => self.node(value, depth + 1),
            }
        }
    }

    /// The images of containers, one or a list of them.
    fn containers(&mut self, value: &Node, purpose: Purpose) {
        let one = value.is_mapping().then_some(value);
        for container in one.into_iter().chain(value.items().iter().map(|item| item.target())) {
            if let Some(image) = container.own("image").or_else(|| container.get("image")) {
                self.image(image, purpose);
            }
        }
    }

    /// What a resource of an unknown kind calls its image: certain only where a container has it, too.
    fn perhaps(&mut self, value: &Node) {
        let is_image = value.str().is_some_and(|text| {
            text.contains([':', '/']) && text.trim().parse::<Reference>().is_ok()
        });
        if !self.is_object || !is_image {
            return;
        }
        let from = self.sink.len();
        self.image(value, Purpose::Container);
        self.sink.change(from, |found| found.certain = false);
    }

    /// Objects in a text.
    fn written(&mut self, value: &Node) {
        let Some(inner) = value.text(self.text) else { return };
        if !inner.as_str().contains("image:") {
            return;
        }
        let documents = yaml::parse(inner.as_str());
        if documents.error.is_some() || lines::is_woven(inner.as_str()) {
            lines::read(&inner, KEYS, &Scope::default(), Purpose::Container, self.sink);
            return;
        }
        for root in &documents.roots {
            read_object(root, &inner, self.sink);
        }
    }

    fn volumes(&mut self, value: &Node) {
        for volume in value.items() {
            if let Some(reference) = volume.path(&["image", "reference"]) {
                self.image(reference, Purpose::Volume);
            }
        }
    }

    fn image(&mut self, node: &Node, purpose: Purpose) {
        if node.is_null() {
            return;
        }
        let Some(text) = node.text(self.text) else { return };
        let text = text.trimmed();
        if helm::is_picture(text.as_str()) {
            return;
        }
        let mut found = Found::expanded(&text, lines::literal(text.as_str()), purpose);
        substituted(&mut found);
        found.pods.extend(self.workload.clone());
        self.sink.add(found);
    }
}

/// `$(NAME)` and `${NAME}` in a manifest are filled in by something else: what has no value is named.
fn substituted(found: &mut Found) {
    let open = ["$(", "${", "$"].iter().find_map(|open| {
        let (_, rest) = found.reference.split_once(open)?;
        let name: String =
            rest.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '.')).collect();
        (!name.is_empty()).then_some(name)
    });
    found.unresolved.extend(open.filter(|_| found.unresolved.is_empty()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::testing::rows;
    use rstest::rstest;

    #[rstest]
    #[case("a.yaml", "apiVersion: v1\nkind: Pod\n", true)]
    #[case("a.yaml", "# x\n---\nkind: Pod\napiVersion: v1\n", true)]
    #[case("a.json", "{\"kind\":\"Pod\",\"apiVersion\":\"v1\"}", true)]
    #[case("chart/templates/a.yaml", "{{- if .Values.x }}\n", true)]
    #[case("chart/templates/_h.tpl", "{{- define \"x\" }}\n", true)]
    #[case("a.yaml.j2", "apiVersion: v1\nkind: Pod\n", true)]
    #[case("a.yaml", "metadata:\n  x: 1\nspec:\n  containers:\n", true)]
    #[case("pod", "apiVersion: v1\nkind: Pod\n", true)]
    #[case("values.yaml", "monitor:\n  apiVersion: x\n  kind: y\n", false)]
    #[case("a.yaml", "kind: x\n", false)]
    #[case("a.json", "{\"kind\": 1}", false)]
    fn objects_are_known(#[case] path: &str, #[case] head: &str, #[case] is: bool) {
        assert_eq!(recognise(&Candidate::new(path, head)), is, "{path}");
    }

    const CRD: &str = "apiVersion: example.org/v1\nkind: X\nspec:\n";
    #[rstest]
    #[case(
        "spec: {containers: [{image: a}], initContainers: [{image: 'b:1'}]}\n",
        "1:29 a|1:60 b:1"
    )]
    #[case("spec: {volumes: [{image: {reference: v:1}}, {name: x}]}\n", "1:38 v:1")]
    #[case("status: {containers: [{image: a}]}\nmetadata: {annotations: {image: b}}\n", "")]
    #[case(
        "spec: {containers: [{image: 'r/${TAG}'}, {image: $(IMG)}, {image: }]}\n",
        "1:30 ?r/${TAG}|1:50 ?$(IMG)"
    )]
    #[case(
        "spec: {containers: [{image: a, env: [{name: image, value: b}], args: [image]}]}\n",
        "1:29 a"
    )]
    #[case(
        "spec: {containers: [{image: a, args: ['{{inputs.x}}']}, {image: b:2}]}\nx:\n  containers:\n  - image: >-\n      c:3\n",
        "1:29 a|1:65 b:2|5:7 c:3"
    )]
    #[case("spec:\n  x: '{{ a {# 1 }}'\n  containers: [{image: a}]\n", "3:24 a")]
    #[case(
        "spec:\n  containers:\n  - image: {{ .x }}/y\n{{- if .z }}\n  - image: 'a:1'\n{{- end }}\n",
        "3:12 ?{{ .x }}/y|5:13 a:1"
    )]
    #[case("kind: List\nitems:\n- spec: {containers: [{image: a}]}\n", "3:31 a")]
    fn pod_specs_name_images(#[case] file: &str, #[case] expected: &str) {
        let text = format!("{file}---\napiVersion: v1\nkind: Pod\n");
        assert_eq!(rows("a.yaml", &text), expected, "{file}");
    }

    #[rstest]
    #[case("kind: Pod\nmetadata: {name: a}", Some("Pod/a 1"))]
    #[case(
        "kind: Deployment\nmetadata: {name: a, namespace: n}\nspec: {replicas: 3}",
        Some("n/Deployment/a 3")
    )]
    #[case("kind: StatefulSet\nmetadata: {name: a}\nspec: {replicas: 0}", Some("StatefulSet/a 0"))]
    #[case("kind: Deployment\nmetadata: {name: a}\nspec: {replicas: '${N}'}", None)]
    #[case("kind: DaemonSet\nmetadata: {name: a}", Some("DaemonSet/a each"))]
    #[case(
        "kind: Job\nmetadata: {generateName: a-}\nspec: {parallelism: 2, completions: 5}",
        Some("Job/a- 5")
    )]
    #[case(
        "kind: CronJob\nmetadata: {name: a}\nspec: {jobTemplate: {spec: {parallelism: 2}}}",
        Some("CronJob/a 2")
    )]
    #[case("kind: Prometheus\nspec: {replicas: 2}", None)]
    fn a_workload_says_how_many_pods_it_has(#[case] text: &str, #[case] expected: Option<&str>) {
        let documents = yaml::parse(text);
        let found = workload(documents.roots.first().unwrap());
        let said = found.map(|found| {
            let replicas = found.replicas.map_or("each".to_owned(), |count| count.to_string());
            format!("{} {replicas}", found.workload)
        });
        assert_eq!(said.as_deref(), expected, "{text}");
    }

    #[rstest]
    #[case(&format!("{CRD}  image: a/b:1\n  sub: {{image: c}}\n"), "4:10 ~a/b:1")]
    #[case(
        &format!("{CRD}  manifest: |\n    apiVersion: batch/v1\n    kind: Job\n    spec:\n      containers:\n      - image: a:1\n"),
        "9:16 a:1"
    )]
    #[case(
        "apiVersion: x/v1\nkind: X\nmetadata:\n  annotations:\n    config.kubernetes.io/function: |\n      container:\n        image: a/b:1\n",
        "7:16 a/b:1"
    )]
    #[case(&format!("{CRD}  image: a.png\n  logo: {{image: b}}\n"), "")]
    #[case(&format!("{CRD}  podTemplate: {{spec: {{containers: [{{image: a}}]}}}}\n"), "4:45 a")]
    #[case(
        "apiVersion: monitoring.coreos.com/v1\nkind: Prometheus\nspec: {image: a, baseImage: b}\n",
        "3:15 a|3:29 b"
    )]
    #[case(
        "apiVersion: tekton.dev/v1\nkind: Task\nspec: {steps: [{image: a, script: 'docker run b'}], stepTemplate: {image: c}}\n",
        "3:24 a|3:75 c"
    )]
    #[case(
        "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nspec: {templates: [{container: {image: a}}, {script: {image: b}}]}\n",
        "3:40 a|3:62 b"
    )]
    #[case(
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nspec: {values: {image: {repository: a/b, tag: '1'}}}\n",
        "3:37 a/b:1"
    )]
    #[case(
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec:\n  source:\n    helm:\n      values: |\n        image:\n          repository: a/b\n          tag: 2\n",
        "8:23 a/b:2"
    )]
    fn resources_name_images(#[case] file: &str, #[case] expected: &str) {
        assert_eq!(rows("a.yaml", file), expected, "{file}");
    }

    #[rstest]
    #[case(
        "a.json",
        "{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[{\"kind\":\"Pod\",\n\"spec\":{\"containers\":[{\"image\":\"a:1\"}]}}]}",
        "2:33 a:1"
    )]
    #[case(
        "c/templates/a.yaml",
        "{{- if x }}\n  image: \"{{ .V.a }}:1\"\n  image: b:1 # c\n{{- end }}\n",
        "2:11 ?{{ .V.a }}:1|3:10 b:1"
    )]
    fn json_and_templates_name_images(
        #[case] path: &str,
        #[case] file: &str,
        #[case] expected: &str,
    ) {
        assert_eq!(rows(path, file), expected, "{file}");
    }
}
