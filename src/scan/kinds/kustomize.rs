//! Kustomizations: the images that they put in the place of their bases'. A reference stands at the new
//! name, else at the new tag or digest, else at the name; what it replaces counts there no more.
//!
//! Follows kustomize's reference of `images`, `resources` and `components` (v5.7, 2025).

use crate::scan::input::Input;
use crate::scan::kind::{Candidate, FileKind, Kind};
use crate::scan::kinds::{helm, kubernetes};
use crate::scan::lines;
use crate::scan::sink::{Found, Rename, Sink};
use crate::scan::text::Text;
use crate::scan::tree::Node;
use crate::scan::value::Purpose;
use crate::scan::yaml;

/// Kustomizations.
pub(in crate::scan) const KIND: Kind = Kind { name: FileKind::Kustomize, recognise, read };

/// How a folder's kustomization may be called.
const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

fn recognise(file: &Candidate<'_>) -> bool {
    NAMES.contains(&file.name) || (file.is_yaml() && file.head.contains("kustomize.config.k8s.io/"))
}

fn read(input: &Input<'_>, sink: &mut Sink<'_>) {
    let text = Text::at(input.text, 0);
    let documents = yaml::parse(input.text);
    if let Some((error, _)) = documents.error {
        sink.warn(format!("it is no YAML: {error}"));
    }
    for root in &documents.roots {
        let bases = bases(root);
        for base in &bases {
            include(base, sink);
        }
        for image in root.get("images").map(Node::items).unwrap_or_default() {
            replaced(image, &bases, &text, sink);
        }
        patches(root, &text, sink);
    }
}

/// Patches in place, of either kind, and the values of charts.
fn patches(root: &Node, text: &Text<'_>, sink: &mut Sink<'_>) {
    let listed = |key: &str| root.get(key).map(Node::items).unwrap_or_default();
    let merged = listed("patchesStrategicMerge").iter().map(|one| one.target());
    let named = ["patches", "patchesJson6902"].into_iter().flat_map(listed);
    for patch in merged.chain(named.filter_map(|one| one.get("patch"))) {
        let Some(inner) = patch.text(text).filter(|inner| inner.as_str().contains('\n')) else {
            continue;
        };
        for root in &yaml::parse(inner.as_str()).roots {
            kubernetes::read_object(root, &inner, sink);
        }
    }
    for chart in listed("helmCharts") {
        if let Some(values) = chart.get("valuesInline") {
            helm::read_values(values, text, None, sink);
        }
        if let Some(path) = chart.get("valuesFile").and_then(Node::str) {
            sink.include(path, FileKind::Helm);
        }
    }
}

/// A base is read as what it is: objects, or a folder with a kustomization of its own.
fn include(base: &str, sink: &mut Sink<'_>) {
    let base = base.trim_end_matches('/');
    if [".yaml", ".yml", ".json"].iter().any(|ending| base.ends_with(ending)) {
        sink.include(base, FileKind::Kubernetes);
    } else {
        for name in NAMES {
            sink.include(&format!("{base}/{name}"), FileKind::Kustomize);
        }
    }
}

/// The files and folders that a kustomization builds on.
fn bases(root: &Node) -> Vec<String> {
    ["resources", "bases", "components"]
        .iter()
        .filter_map(|key| root.get(key))
        .flat_map(Node::items)
        .filter_map(|base| base.str().map(str::to_owned))
        .filter(|base| !base.contains("://") && !base.contains("?ref="))
        .collect()
}

fn replaced(image: &Node, bases: &[String], text: &Text<'_>, sink: &mut Sink<'_>) {
    let part = |key: &str| {
        let part = image.get(key).filter(|part| !part.is_null())?.text(text)?;
        (!part.as_str().trim().is_empty()).then_some(part)
    };
    let Some(name) = part("name") else { return };
    let (new_name, new_tag, digest) = (part("newName"), part("newTag"), part("digest"));
    let said = |part: &Option<Text<'_>>| part.as_ref().map(|part| part.as_str().trim().to_owned());
    let name = name.trimmed();
    let name_at = name.origin(0..name.as_str().len());
    let mut rename = Rename {
        name: name.as_str().to_owned(),
        name_at: name_at.clone(),
        bases: bases.to_vec(),
        used: None,
        new_name: said(&new_name),
        new_tag: said(&new_tag),
        digest: said(&digest),
    };
    let mut reference = rename.new_name.clone().unwrap_or_else(|| rename.name.clone());
    if let Some(tag) = &rename.new_tag {
        reference.push_str(&format!(":{tag}"));
    }
    if let Some(digest) = &rename.digest {
        reference.push_str(&format!("@{digest}"));
    }
    let Some(place) = new_name.or(new_tag).or(digest) else { return };
    let place = place.trimmed();
    let mut found = Found::expanded(&place, lines::literal(&reference), Purpose::Container);
    found.beside.name = Some(name_at);
    rename.used = sink.add(found);
    sink.rename(rename);
}

#[cfg(test)]
mod tests {
    use crate::scan::testing::rows;
    use rstest::rstest;

    #[rstest]
    #[case("images:\n- name: a/b\n  newTag: '2'\n", "3:12 a/b:2")]
    #[case("images:\n- {name: b, newName: q.example/b, newTag: v9}\n", "2:22 q.example/b:v9")]
    #[case(
        "images:\n- {name: b, digest: 'sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'}\n",
        "2:22 b@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    )]
    #[case("images:\n- {name: b}\nresources: [x]\n", "")]
    #[case(
        "patches:\n- patch: |-\n    - op: replace\n      path: /spec/template/spec/containers/0/image\n      value: a/b:2\n    - {op: add, path: /x, value: y}\n- path: p.yaml\npatchesStrategicMerge:\n- |-\n  spec: {template: {spec: {\n    containers: [{name: c, image: 'd:1'}]}}}\n",
        "5:14 a/b:2|11:36 d:1"
    )]
    #[case(
        "helmCharts: [{name: x, valuesInline: {image: {repository: a/b, tag: 1}}}]\n",
        "1:59 a/b:1"
    )]
    #[case("resources: [x.yaml]\n", "")]
    fn kustomizations_replace_images(#[case] file: &str, #[case] expected: &str) {
        assert_eq!(rows("o/kustomization.yaml", file), expected, "{file}");
    }
}
