//! Helmfiles: the values of their releases and environments, in place, by `set`, or in files that they name.
//!
//! Follows helmfile's own reference (1.1, 2025). A helmfile with template lines is read line by line.

use crate::scan::input::Input;
use crate::scan::kind::{Candidate, FileKind, Kind};
use crate::scan::kinds::helm;
use crate::scan::lines;
use crate::scan::sink::{Found, Sink};
use crate::scan::text::Text;
use crate::scan::tree::Node;
use crate::scan::value::Purpose;
use crate::scan::vars::Scope;

/// Helmfiles.
pub(in crate::scan) const KIND: Kind = Kind { name: FileKind::Helmfile, recognise, read };

fn recognise(file: &Candidate<'_>) -> bool {
    let is_yaml = file.is_yaml() || file.name.ends_with(".yaml.gotmpl");
    let says = || file.head.lines().any(|line| line.starts_with("releases:"));
    is_yaml && (file.name.starts_with("helmfile") || (file.is_below("helmfile.d") && says()))
}

fn read(input: &Input<'_>, sink: &mut Sink<'_>) {
    let text = Text::at(input.text, 0);
    let keys = ["image"];
    for root in &lines::documents(input, &keys, &Scope::default(), Purpose::Container, sink) {
        let releases = root.get("releases").map(Node::items).unwrap_or_default();
        let templates = root.get("templates").into_iter().flat_map(Node::entries);
        let environments = root.get("environments").into_iter().flat_map(Node::entries);
        let listed = releases.iter().map(|release| release.target());
        for part in listed.chain(templates.chain(environments).map(|(_, part)| part)) {
            values(part, &text, sink);
            set(part, &text, sink);
        }
        values(root, &text, sink);
    }
}

/// Values in place, or files of values.
fn values(part: &Node, text: &Text<'_>, sink: &mut Sink<'_>) {
    for value in part.get("values").map(Node::items).unwrap_or_default() {
        if value.is_mapping() {
            helm::read_values(value, text, None, sink);
        } else if let Some(path) = value.str().filter(|path| !path.contains("{{")) {
            sink.include(path, FileKind::Helm);
        }
    }
}

/// `set`: a name with dots and a value each; a tag alone is no image.
fn set(part: &Node, text: &Text<'_>, sink: &mut Sink<'_>) {
    let all = part.get("set").map(Node::items).unwrap_or_default();
    let named = |name: &str| {
        let one = all.iter().find(|one| one.get("name").and_then(Node::str) == Some(name))?;
        one.get("value").filter(|value| !value.is_null())?.text(text)
    };
    for one in all {
        let Some(name) = one.get("name").and_then(Node::str) else { continue };
        let (stem, last) = name.rsplit_once('.').map_or(("", name), |(stem, last)| (stem, last));
        let is_repository = last == "repository" && (stem == "image" || stem.ends_with("mage"));
        if !(is_repository || last == "image") {
            continue;
        }
        let Some(value) = named(name) else { continue };
        let value = value.trimmed();
        let said = |key: &str| named(&format!("{stem}.{key}")).filter(|_| is_repository);
        let registry = said("registry").map(|host| format!("{}/", host.as_str().trim()));
        let tag = said("tag").map(|tag| format!(":{}", tag.as_str().trim()));
        let whole = [registry.as_deref(), Some(value.as_str()), tag.as_deref()];
        let whole: String = whole.into_iter().flatten().collect();
        sink.add(Found::expanded(&value, lines::literal(&whole), Purpose::Container));
    }
}

#[cfg(test)]
mod tests {
    use crate::scan::testing::rows;
    use rstest::rstest;

    #[rstest]
    #[case(
        "releases:\n- name: a\n  values:\n  - image: {repository: x/y, tag: 1.10}\n  - other.yaml\n",
        "4:25 x/y:1.10"
    )]
    #[case(
        "releases:\n- name: a\n  set:\n  - {name: web.image.tag, value: '2'}\n  - {name: web.image.repository, value: q/r}\n  - {name: sidecar.image, value: 's:3'}\n  - {name: db.image.tag, value: '4'}\n",
        "5:41 q/r:2|6:35 s:3"
    )]
    #[case("environments: {prod: {values: [{image: {repository: a/b}}]}}\n", "1:53 a/b")]
    #[case("repositories: [{name: x, url: 'https://y'}]\nreleases: [{name: a, chart: x/a}]\n", "")]
    #[case(
        "releases:\n{{ range .x }}\n- name: a\n  values:\n  - image: z:{{ .t }}\n{{ end }}\n",
        "5:12 ?z:{{ .t }}"
    )]
    fn releases_name_images(#[case] file: &str, #[case] expected: &str) {
        assert_eq!(rows("helmfile.yaml", file), expected, "{file}");
    }
}
