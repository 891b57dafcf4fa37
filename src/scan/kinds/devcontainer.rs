//! Dev containers: the image, and builds whose arguments go on to their Dockerfile. Features are no images.

use crate::scan::input::Input;
use crate::scan::json;
use crate::scan::kind::{Candidate, FileKind, Kind};
use crate::scan::shell::Shell;
use crate::scan::sink::{Build, Found, Sink};
use crate::scan::text::Text;
use crate::scan::tree::Node;
use crate::scan::value::Purpose;
use crate::scan::vars::Expanded;

/// Dev containers.
pub(in crate::scan) const KIND: Kind = Kind { name: FileKind::Devcontainer, recognise, read };

fn recognise(file: &Candidate<'_>) -> bool {
    matches!(file.name, "devcontainer.json" | ".devcontainer.json")
        || (file.extension() == "json"
            && file.is_below(".devcontainer")
            && file.head.contains("\"image\""))
}

fn read(input: &Input<'_>, sink: &mut Sink<'_>) {
    let text = Text::at(input.text, 0);
    let root = match json::parse(input.text) {
        Ok(root) => root,
        Err(error) => {
            sink.warn(error);
            return;
        }
    };
    if let Some(image) = root.get("image").and_then(|image| image.text(&text)) {
        sink.add(Found::expanded(&image, placeholders(image.as_str()), Purpose::Container));
    }
    build(&root, &text, input, sink);
    if let Some(command) = root.get("initializeCommand").and_then(|command| command.text(&text)) {
        let from = sink.len();
        Shell::default().read(input, &command, sink);
        sink.change(from, |found| found.certain = false);
    }
}

fn build(root: &Node, text: &Text<'_>, input: &Input<'_>, sink: &mut Sink<'_>) {
    let build = root.get("build");
    let in_build = |key: &str| build.and_then(|build| build.get(key)).and_then(Node::str);
    // The older form has the file's name at the top.
    let Some(file) = in_build("dockerfile").or_else(|| root.get("dockerFile").and_then(Node::str))
    else {
        return;
    };
    let args =
        build.and_then(|build| build.get("args")).map(|args| args.entries().collect::<Vec<_>>());
    let args = args.unwrap_or_default().into_iter().filter_map(|(name, value)| {
        let value = value.text(text)?;
        let mut expanded = placeholders(value.as_str());
        expanded.defined_at.push(input.definition(value.origin(0..0).start));
        Some((name.to_owned(), expanded))
    });
    if !file.starts_with('/') {
        let target = in_build("target").map(str::to_owned);
        sink.build(Build {
            dockerfile: file.to_owned(),
            args: args.collect(),
            contexts: Vec::new(),
            target,
        });
    }
}

/// A text with `${localEnv:NAME:default}` and its kin.
fn placeholders(text: &str) -> Expanded {
    let mut all = Expanded::default();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        all.append(&Expanded::literal(before));
        let (inner, after) = after.split_once('}').unwrap_or((after, ""));
        let mut parts = inner.splitn(3, ':');
        let (kind, name, default) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
        match default.filter(|_| matches!(kind, "localEnv" | "env" | "containerEnv")) {
            Some(default) => all.append(&Expanded::literal(default)),
            None => all.append(&Expanded::unknown(&format!("${{{inner}}}"), name.unwrap_or(kind))),
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
        "{\n // \"image\": \"g\"\n \"image\": \"a/b:1\", /* x */\n \"features\": {\"ghcr.io/x/y:1\": {}},\n}",
        "3:12 a/b:1"
    )]
    #[case("{\"image\":\"a:${localEnv:T}\"}", "1:11 ?a:${localEnv:T}")]
    #[case(
        "{\"image\":\"a:${localEnv:T:9}\",\"initializeCommand\":\"docker pull b\"}",
        "1:11 a:9|1:63 ~b"
    )]
    #[case("{\"customizations\": {\"image\": \"g\"}, \"dockerComposeFile\": \"x.yml\"}", "")]
    fn the_image_is_found(#[case] file: &str, #[case] expected: &str) {
        assert_eq!(rows(".devcontainer/devcontainer.json", file), expected, "{file}");
    }
}
