//! docker-bake files: images that are build contexts, inline Dockerfiles; what targets pass to their
//! Dockerfiles is passed on.

use std::collections::BTreeMap;

use hcl_edit::expr::Expression;
use hcl_edit::structure::Body;

use crate::scan::hcl::{self, Reader, attribute, entries, label};
use crate::scan::input::Input;
use crate::scan::json;
use crate::scan::kind::{Candidate, FileKind, Kind};
use crate::scan::sink::{Build, Found, Sink};
use crate::scan::text::Text;
use crate::scan::tree::Node;
use crate::scan::value::Purpose;
use crate::scan::vars::{Expanded, Scope};

/// docker-bake.
pub(in crate::scan) const KIND: Kind = Kind { name: FileKind::DockerBake, recognise, read };

/// The prefix of a context that is an image.
const IMAGE: &str = "docker-image://";

fn recognise(file: &Candidate<'_>) -> bool {
    let name = file.name.to_ascii_lowercase();
    name.contains("bake") && matches!(file.extension().as_str(), "hcl" | "json")
}

fn read(input: &Input<'_>, sink: &mut Sink<'_>) {
    let text = Text::at(input.text, 0);
    if input.text.trim_start_matches('\u{feff}').trim_start().starts_with('{') {
        match json::parse(input.text) {
            Ok(root) => of_json(&root, &text, sink),
            Err(error) => sink.warn(error),
        }
        return;
    }
    let body = match hcl::parse(input.text) {
        Ok(body) => body,
        Err(error) => {
            sink.warn(format!("it is no HCL: {error}"));
            return;
        }
    };
    let mut scope = Scope::default();
    hcl::define(input.path, input.text, &body, input, ["", ""], &mut scope);
    let mut reader = Reader { input, text: &text, scope: &scope, sink };
    let targets: BTreeMap<&str, &Body> = body
        .blocks()
        .filter(|block| block.ident.as_str() == "target")
        .map(|block| (label(block, 0), &block.body))
        .collect();
    for target in targets.values() {
        of_target(&mut reader, target, &targets);
    }
}

fn of_target(reader: &mut Reader<'_, '_, '_, '_>, target: &Body, targets: &BTreeMap<&str, &Body>) {
    let mut contexts = Vec::new();
    for (name, value) in attribute(target, "contexts").map(entries).unwrap_or_default() {
        contexts.push(name);
        let Some(range) = reader.range(value) else { continue };
        let raw = reader.text.as_str().get(range.clone()).unwrap_or_default();
        if raw.starts_with(IMAGE) {
            let text = reader.text.part(range.start + IMAGE.len()..range.end);
            for mut found in reader.values(value) {
                found.text = found.text.replacen(IMAGE, "", 1);
                reader.sink.add(Found::expanded(&text, found, Purpose::Copy));
            }
        }
    }
    let one = |reader: &Reader<'_, '_, '_, '_>, key: &str| {
        let found = inherited(target, key, targets, 0)?;
        reader.values(found).into_iter().find(Expanded::is_whole).map(|value| value.text)
    };
    let context = one(reader, "context").unwrap_or_else(|| ".".to_owned());
    let dockerfile = one(reader, "dockerfile").unwrap_or_else(|| "Dockerfile".to_owned());
    if context.contains("://")
        || context.starts_with('/')
        || dockerfile.starts_with('/')
        || target.has_attribute("dockerfile-inline")
    {
        return;
    }
    let args = attribute(target, "args").map(entries).unwrap_or_default();
    let args = args
        .into_iter()
        .filter_map(|(name, value)| Some((name, reader.values(value).into_iter().next()?)));
    let build = Build {
        dockerfile: format!("{context}/{dockerfile}"),
        args: args.collect(),
        contexts,
        target: one(reader, "target"),
    };
    reader.sink.build(build);
}

/// The attribute of a target or of those that it inherits from.
fn inherited<'b>(
    target: &'b Body,
    key: &str,
    targets: &BTreeMap<&str, &'b Body>,
    depth: usize,
) -> Option<&'b Expression> {
    if let Some(own) = attribute(target, key) {
        return Some(own);
    }
    let parents = attribute(target, "inherits")?.as_array()?;
    let mut names = parents.iter().filter_map(Expression::as_str);
    names.find_map(|name| {
        let parent = targets.get(name).filter(|_| depth < 8)?;
        inherited(parent, key, targets, depth + 1)
    })
}

fn of_json(root: &Node, file: &Text<'_>, sink: &mut Sink<'_>) {
    for (_, target) in
        root.get("target").map(|targets| targets.entries().collect::<Vec<_>>()).unwrap_or_default()
    {
        for (_, value) in
            target.get("contexts").map(|all| all.entries().collect::<Vec<_>>()).unwrap_or_default()
        {
            let Some(text) = value.text(file).filter(|text| text.as_str().starts_with(IMAGE))
            else {
                continue;
            };
            let part = text.part(IMAGE.len()..text.as_str().len());
            sink.add(Found::literal(&part, Purpose::Copy));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::scan::testing::rows;
    use rstest::rstest;

    #[rstest]
    #[case(
        "docker-bake.hcl",
        "variable \"V\" { default = \"3\" }\ntarget \"a\" {\n  contexts = {\n    base = \"docker-image://alpine:${V}\"\n    src = \"target:b\"\n  }\n  tags = [\"x/y:1\"]\n}",
        "4:28 alpine:3"
    )]
    #[case(
        "docker-bake.json",
        "{\"target\": {\"a\": {\"contexts\": {\"b\": \"docker-image://c:1\"}}}}",
        "1:53 c:1"
    )]
    fn contexts_name_images(#[case] path: &str, #[case] file: &str, #[case] expected: &str) {
        assert_eq!(rows(path, file), expected, "{file}");
    }
}
