//! Quadlet units of podman: the image of a container or image unit. A kube unit names a file of its own.

use crate::scan::input::Input;
use crate::scan::kind::{Candidate, FileKind, Kind};
use crate::scan::sink::{Found, Sink};
use crate::scan::text::Text;
use crate::scan::value::Purpose;
use crate::scan::vars::Expanded;

/// Quadlet units.
pub(in crate::scan) const KIND: Kind = Kind { name: FileKind::Quadlet, recognise, read };

fn recognise(file: &Candidate<'_>) -> bool {
    let section = match file.extension().as_str() {
        "container" => "[Container]",
        "image" => "[Image]",
        "kube" => "[Kube]",
        "volume" => "[Volume]",
        _ => return false,
    };
    file.head.contains(section)
}

fn read(input: &Input<'_>, sink: &mut Sink<'_>) {
    let text = Text::at(input.text, 0);
    let mut section = "";
    let mut start = 0;
    for line in input.text.split_inclusive('\n') {
        let from = start;
        start += line.len();
        let content = line.trim();
        if content.starts_with('[') {
            section = content;
        }
        let Some((key, value)) = content.split_once('=') else { continue };
        let value = value.trim();
        let at = from + line.find('=').map_or(0, |at| at + 1);
        let at =
            at + input.text.get(at..start).map_or(0, |rest| rest.len() - rest.trim_start().len());
        match (section, key.trim()) {
            ("[Container]" | "[Image]" | "[Volume]", "Image") => {
                // What other units make or name is theirs.
                if ["build", "image"].contains(&value.rsplit('.').next().unwrap_or_default()) {
                    continue;
                }
                let piece = text.part(at..at + value.len());
                let mut found = Expanded::literal(value.trim_start_matches("docker://"));
                if value.contains('%') {
                    found.unresolved.push("%".to_owned());
                }
                sink.add(Found::expanded(&piece, found, Purpose::Container));
            }
            ("[Kube]", "Yaml") => sink.include(value, FileKind::Kubernetes),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::scan::testing::rows;
    use rstest::rstest;

    #[rstest]
    #[case(
        "a.container",
        "[Unit]\nImage=g\n[Container]\n# Image=h\nImage= docker.io/a/b:1\r\nExec=x\n",
        "5:8 docker.io/a/b:1"
    )]
    #[case("a.image", "[Image]\nImage=q.io/x\n", "2:7 q.io/x")]
    #[case("a.container", "[Container]\nImage=b.build\n", "")]
    fn units_name_images(#[case] path: &str, #[case] file: &str, #[case] expected: &str) {
        assert_eq!(rows(path, file), expected, "{file}");
    }
}
