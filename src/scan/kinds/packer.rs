//! Packer: the images that docker sources start from, in HCL and in the older JSON.

use crate::scan::hcl::{self, Reader, attribute, label};
use crate::scan::input::Input;
use crate::scan::json;
use crate::scan::kind::{Candidate, FileKind, Kind};
use crate::scan::sink::Sink;
use crate::scan::text::Text;
use crate::scan::tree::Node;
use crate::scan::value::Purpose;
use crate::scan::vars::{Expanded, Scope};

/// Packer.
pub(in crate::scan) const KIND: Kind = Kind { name: FileKind::Packer, recognise, read };

fn recognise(file: &Candidate<'_>) -> bool {
    let name = file.name.to_ascii_lowercase();
    name.ends_with(".pkr.hcl")
        || name.ends_with(".pkr.json")
        || (file.extension() == "json" && file.head.contains("\"builders\""))
}

fn read(input: &Input<'_>, sink: &mut Sink<'_>) {
    let text = Text::at(input.text, 0);
    if input.text.trim_start_matches('\u{feff}').trim_start().starts_with('{') {
        match json::parse(input.text) {
            Ok(root) => older(&root, &text, input, sink),
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
    let prefix = ["var.", "local."];
    for name in input.neighbours().iter().filter(|name| name.ends_with(".pkr.hcl")) {
        let Some((path, text)) = input.read_beside(name) else { continue };
        if path != input.path
            && let Ok(body) = hcl::parse(&text)
        {
            hcl::define(&path, &text, &body, input, prefix, &mut scope);
        }
    }
    for _ in 0..2 {
        hcl::define(input.path, input.text, &body, input, prefix, &mut scope);
    }
    let mut reader = Reader { input, text: &text, scope: &scope, sink };
    for block in body.blocks() {
        if block.ident.as_str() == "source"
            && label(block, 0) == "docker"
            && let Some(image) = attribute(&block.body, "image")
        {
            reader.image(image, Purpose::Base, |_| {});
        }
    }
}

fn older(root: &Node, file: &Text<'_>, input: &Input<'_>, sink: &mut Sink<'_>) {
    for builder in root.get("builders").map(Node::items).unwrap_or_default() {
        if builder.get("type").and_then(Node::str) != Some("docker") {
            continue;
        }
        let Some(text) = builder.get("image").and_then(|image| image.text(file)) else { continue };
        let value = user(text.as_str(), root, file, input);
        sink.add_each(&text, vec![value], Purpose::Base, |_| {});
    }
}

/// A text with its ``{{user `name`}}`` replaced.
fn user(text: &str, root: &Node, file: &Text<'_>, input: &Input<'_>) -> Expanded {
    let mut all = Expanded::default();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        all.append(&Expanded::literal(before));
        let (inner, after) = after.split_once("}}").unwrap_or((after, ""));
        let name =
            inner.trim().strip_prefix("user").unwrap_or(inner).trim().trim_matches(['`', '"']);
        let default = root.path(&["variables", name]).filter(|default| !default.is_null());
        match (input.arg(name), default.and_then(|default| default.text(file))) {
            (Some(given), _) => all.append(&Expanded::literal(given)),
            (None, Some(default))
                if !default.as_str().contains("{{") && !default.as_str().is_empty() =>
            {
                all.append(&Expanded::defined(
                    default.as_str(),
                    input.definition(default.origin(0..1).start),
                ));
            }
            _ => all.append(&Expanded::unknown(&format!("{{{{{inner}}}}}"), name)),
        }
        rest = after;
    }
    all.append(&Expanded::literal(rest));
    all
}

#[cfg(test)]
mod tests {
    use crate::scan::testing::rows;
    use rstest::rstest;

    #[rstest]
    #[case(
        "x.pkr.hcl",
        "variable \"v\" { default = \"9\" }\nsource \"docker\" \"d\" {\n  image = \"rocky:${var.v}\"\n}\nsource \"qemu\" \"q\" { image = \"g\" }",
        "3:12 rocky:9"
    )]
    #[case(
        "x.json",
        "{\"variables\": {\"t\": \"12\", \"u\": null},\n\"builders\": [{\"type\": \"docker\", \"image\": \"debian:{{user `t`}}\"},\n{\"type\":\"docker\",\"image\":\"a:{{ user `u` }}\"}]}",
        "2:43 debian:12|3:27 ?a:{{ user `u` }}"
    )]
    fn docker_sources_name_images(#[case] path: &str, #[case] file: &str, #[case] expected: &str) {
        assert_eq!(rows(path, file), expected, "{file}");
    }
}
