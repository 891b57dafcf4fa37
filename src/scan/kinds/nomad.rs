//! Nomad jobs: the image of each task that the docker or podman driver runs. Templates of Nomad Pack and
//! others, which are no HCL, are read line by line.

use hcl_edit::structure::Body;

use crate::scan::hcl::{self, Reader, attribute};
use crate::scan::input::Input;
use crate::scan::kind::{Candidate, FileKind, Kind};
use crate::scan::sink::Sink;
use crate::scan::text::Text;
use crate::scan::value::Purpose;
use crate::scan::vars::Scope;

/// Nomad.
pub(in crate::scan) const KIND: Kind = Kind { name: FileKind::Nomad, recognise, read };

fn recognise(file: &Candidate<'_>) -> bool {
    let name = file.name.to_ascii_lowercase();
    let ending = file.extension();
    let is_template = name.contains(".nomad.")
        && matches!(ending.as_str(), "tpl" | "tmpl" | "tftpl" | "j2" | "template");
    ending == "nomad"
        || is_template
        || (ending == "hcl"
            && (name.contains(".nomad.")
                || file.head.lines().any(|line| line.starts_with("job \""))))
}

fn read(input: &Input<'_>, sink: &mut Sink<'_>) {
    let text = Text::at(input.text, 0);
    let body = match hcl::parse(input.text) {
        Ok(body) => body,
        Err(error) => {
            sink.warn(format!("it is no HCL, so it is read line by line: {error}"));
            hcl::lines(&text, &["image"], Purpose::Container, sink);
            return;
        }
    };
    let mut scope = Scope::default();
    for _ in 0..2 {
        hcl::define(input.path, input.text, &body, input, ["var.", "local."], &mut scope);
    }
    let mut reader = Reader { input, text: &text, scope: &scope, sink };
    tasks(&mut reader, &body);
}

fn tasks(reader: &mut Reader<'_, '_, '_, '_>, body: &Body) {
    let driver = attribute(body, "driver").and_then(|driver| driver.as_str().map(str::to_owned));
    for block in body.blocks() {
        let is_config = block.ident.as_str() == "config"
            && matches!(driver.as_deref(), Some("docker" | "podman"));
        match attribute(&block.body, "image").filter(|_| is_config) {
            Some(image) => reader.image(image, Purpose::Container, |_| {}),
            None => tasks(reader, &block.body),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::scan::testing::rows;

    #[test]
    fn tasks_of_docker_name_images() {
        let file = "job \"j\" {\n group \"g\" {\n  task \"t\" {\n   driver = \"docker\"\n   config {\n    image = \"redis:7\"\n   }\n  }\n  task \"u\" {\n   driver = \"exec\"\n   config { image = \"ghost\" }\n  }\n }\n}";
        assert_eq!(rows("x.nomad", file), "6:14 redis:7");
    }

    #[test]
    fn templates_are_read_line_by_line() {
        let file = "job [[ template \"name\" . ]] {\n image = \"prom/alertmanager:[[ var \"tag\" . ]]\"\n image = \"busybox:stable\"\n image = [[ var \"db\" . | quote ]]\n}\n";
        assert_eq!(
            rows("p/templates/a.nomad.tpl", file),
            "2:11 ?prom/alertmanager:[[ var \"tag\" . ]]|3:11 busybox:stable|4:10 ?[[ var \"db\" . | quote ]]"
        );
    }
}
