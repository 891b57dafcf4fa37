//! Tests that start containers: string literals in sources that use a Testcontainers library, where its
//! calls take an image.

use std::ops::Range;

use crate::image::Reference;
use crate::scan::input::Input;
use crate::scan::kind::{Candidate, FileKind, Kind};
use crate::scan::sink::{Found, Sink};
use crate::scan::text::Text;
use crate::scan::value::Purpose;

/// Testcontainers.
pub(in crate::scan) const KIND: Kind = Kind { name: FileKind::Testcontainers, recognise, read };

fn recognise(file: &Candidate<'_>) -> bool {
    let ending = file.extension();
    let is_source = [
        "java", "kt", "groovy", "scala", "go", "py", "ts", "js", "mjs", "cs", "rs", "rb", "ex",
        "exs",
    ]
    .contains(&ending.as_str());
    is_source && file.head.to_ascii_lowercase().contains("testcontainers")
}

/// What opens a call whose first string is an image, and whether it takes nothing else.
const CALLS: &[(&str, bool)] = &[
    ("GenericContainer(", true),
    ("GenericContainer<>(", true),
    ("DockerImageName.parse(", true),
    ("DockerContainer(", true),
    ("GenericImage::new(", true),
    ("WithImage(", true),
    (".parse(", false),
    ("Container::new(", false),
    ("Container(", false),
    ("Container<>(", false),
    ("FromImage(", false),
];

fn read(input: &Input<'_>, sink: &mut Sink<'_>) {
    let text = Text::at(input.text, 0);
    let mut start = 0;
    for line in input.text.split_inclusive('\n') {
        let from = start;
        start += line.len();
        let content = line.trim_start();
        if content.starts_with("//") || content.starts_with('#') || content.starts_with('*') {
            continue;
        }
        for (range, is_sure) in images(line) {
            let piece = text.part(from + range.start..from + range.end);
            let value = piece.as_str();
            // A word alone may be anything, but for calls that take nothing else.
            let is_image = is_sure || value.contains([':', '/', '@']);
            if is_image && value.parse::<Reference>().is_ok() {
                sink.add(Found::literal(&piece, Purpose::Container));
            }
        }
    }
}

/// The first strings of calls that take an image, and the values of `Image:` in Go; whether each is one
/// even where it is a word alone.
fn images(line: &str) -> Vec<(Range<usize>, bool)> {
    let mut found = Vec::new();
    for (call, is_sure) in CALLS {
        for (at, _) in line.match_indices(call) {
            found.extend(string(line, at + call.len()).map(|range| (range, *is_sure)));
        }
    }
    let opens = line.trim_start();
    if opens.starts_with("Image:") || opens.contains("{Image:") {
        let at = line.find("Image:").unwrap_or_default() + "Image:".len();
        found.extend(string(line, at).map(|range| (range, true)));
    }
    // `postgres.Run(ctx, "postgres:16")`, whatever the context is called.
    for (at, call) in line.match_indices(".Run(") {
        let rest = line.get(at + call.len()..).unwrap_or_default();
        let context = rest.split_once(", ").map(|(context, _)| context);
        if let Some(context) = context.filter(|one| one.contains("ctx") || one.contains("ontext")) {
            let at = at + call.len() + context.len() + ", ".len();
            found.extend(string(line, at).map(|range| (range, false)));
        }
    }
    found.sort_by_key(|(range, is_sure)| (range.start, !is_sure));
    found.dedup_by_key(|(range, _)| range.start);
    found
}

/// The string that begins here.
fn string(line: &str, at: usize) -> Option<Range<usize>> {
    let rest = line.get(at..)?;
    let trimmed = rest.trim_start();
    let quote = trimmed.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'))?;
    let start = at + rest.len() - trimmed.len() + 1;
    let length = line.get(start..)?.find(quote)?;
    Some(start..start + length)
}

#[cfg(test)]
mod tests {
    use crate::scan::testing::rows;
    use rstest::rstest;

    #[rstest]
    #[case(
        "A.java",
        "import org.testcontainers.x;\nvar a = new PostgreSQLContainer<>(\"postgres:16\");\n// new GenericContainer(\"g:1\")\nDockerImageName.parse(\"a/b:2\");\nx(\"c:3\");\n",
        "2:36 postgres:16|4:24 a/b:2"
    )]
    #[case(
        "a_test.go",
        "import \"github.com/testcontainers/testcontainers-go\"\nreq := R{\n\tImage: \"redis\",\n}\nc, err := postgres.Run(t.Context(), \"postgres:16\")\nx.Run(ctx, \"name\")\n",
        "3:10 redis|5:38 postgres:16"
    )]
    #[case(
        "test_a.py",
        "from testcontainers.core import DockerContainer\nwith DockerContainer('q/r:1') as c: pass\nname = \"x:1\"\n",
        "2:23 q/r:1"
    )]
    fn calls_name_images(#[case] path: &str, #[case] file: &str, #[case] expected: &str) {
        assert_eq!(rows(path, file), expected, "{file}");
    }
}
