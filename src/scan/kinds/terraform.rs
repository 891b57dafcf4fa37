//! Terraform and OpenTofu: images of Docker, Kubernetes, ECS, Cloud Run and their kin, in blocks and in
//! JSON that is encoded or written out; scripts of provisioners. Variables and locals are those of all
//! files in the folder.

use hcl_edit::Span as _;
use hcl_edit::expr::Expression;
use hcl_edit::structure::{Block, Body};

use crate::image::Reference;
use crate::scan::hcl::{self, Reader, attribute, entries, label};
use crate::scan::input::{Input, folder};
use crate::scan::json;
use crate::scan::kind::{Candidate, FileKind, Kind};
use crate::scan::lines;
use crate::scan::shell::Shell;
use crate::scan::sink::{Found, Sink};
use crate::scan::text::Text;
use crate::scan::tree::Node;
use crate::scan::value::Purpose;
use crate::scan::vars::Scope;

/// Terraform.
pub(in crate::scan) const KIND: Kind = Kind { name: FileKind::Terraform, recognise, read };

/// The most files of a folder whose variables are looked at.
const MOST_FILES: usize = 200;

fn recognise(file: &Candidate<'_>) -> bool {
    matches!(file.extension().as_str(), "tf" | "tofu")
}

fn read(input: &Input<'_>, sink: &mut Sink<'_>) {
    let text = Text::at(input.text, 0);
    if !["image", "provisioner", "user_data", "step"].iter().any(|word| input.text.contains(word)) {
        return;
    }
    let parsed = hcl::parse_blocks(input.text);
    if let Some(error) = &parsed.error {
        sink.warn(format!("part of it is no HCL, so it is read line by line: {error}"));
        for range in &parsed.failed {
            hcl::lines(
                &text.part(range.clone()),
                &["image", "container_image"],
                Purpose::Container,
                sink,
            );
        }
    }
    let body = parsed.body;
    let scope = scope(input, &body);
    let mut reader = Terraform { hcl: Reader { input, text: &text, scope: &scope, sink } };
    for block in body.blocks() {
        reader.top(block);
    }
}

/// The variables and locals of the folder.
fn scope(input: &Input<'_>, body: &Body) -> Scope {
    let mut scope = Scope::default();
    let prefix = ["var.", "local."];
    if !input.text.contains("var.") && !input.text.contains("local.") {
        return scope;
    }
    let names = input.neighbours();
    let is_values =
        |name: &&String| name.as_str() == "terraform.tfvars" || name.ends_with(".auto.tfvars");
    for name in names.iter().filter(is_values) {
        let Some((path, text)) = input.read_beside(name) else { continue };
        let Ok(body) = hcl::parse(&text) else { continue };
        let file = Input::new(&path, input.root, &text, input.given);
        for value in body.attributes() {
            for mut one in hcl::evaluate(&value.value, &text, &scope) {
                one.defined_at
                    .insert(0, file.definition(value.value.span().map_or(0, |span| span.start)));
                scope.set(&format!("var.{}", value.key.as_str()), one);
            }
        }
    }
    let mut files = Vec::new();
    let own =
        input.path.get(folder(input.path).len()..).unwrap_or_default().trim_start_matches('/');
    let is_module = |name: &&String| {
        [".tf", ".tofu"].iter().any(|ending| name.ends_with(ending)) && name.as_str() != own
    };
    for name in names.iter().filter(is_module).take(MOST_FILES) {
        let Some((path, text)) = input.read_beside(name) else { continue };
        if text.contains("variable ") || text.contains("locals") {
            files.extend(hcl::parse(&text).ok().map(|body| (path, text, body)));
        }
    }
    // Variables first, locals twice: one may stand before what it uses.
    for _ in 0..2 {
        for (path, text, body) in &files {
            hcl::define(path, text, body, input, prefix, &mut scope);
        }
        hcl::define(input.path, input.text, body, input, prefix, &mut scope);
    }
    scope
}

struct Terraform<'r, 't, 's, 'i> {
    hcl: Reader<'r, 't, 's, 'i>,
}

/// Blocks in which `image` is that of a container, whatever the resource.
const CONTAINERS: &[(&str, Purpose)] = &[
    ("container", Purpose::Container),
    ("containers", Purpose::Container),
    ("container_spec", Purpose::Container),
    ("sidecar", Purpose::Container),
    ("init_container", Purpose::Init),
    ("init_containers", Purpose::Init),
];

/// Attributes of resources that are images: the resource's type or its beginning, the block that they
/// stand in (empty: the resource itself), the attribute.
const ATTRIBUTES: &[(&str, &str, &str)] = &[
    ("docker_container", "", "image"),
    ("docker_service", "", "image"),
    ("aws_lambda_function", "", "image_uri"),
    ("aws_apprunner_service", "image_repository", "image_identifier"),
    ("aws_codebuild_project", "environment", "image"),
    ("aws_sagemaker_model", "primary_container", "image"),
    ("azurerm_linux_web_app", "application_stack", "docker_image"),
    ("azurerm_linux_web_app", "application_stack", "docker_image_name"),
    ("azurerm_linux_function_app", "docker", "image_name"),
    ("google_cloudbuild_trigger", "step", "name"),
    ("google_compute_instance_template", "gce_container_declaration", "image"),
    ("scaleway_container", "", "registry_image"),
    ("digitalocean_app", "image", "repository"),
];

impl Terraform<'_, '_, '_, '_> {
    fn top(&mut self, block: &Block) {
        let kind = label(block, 0).to_owned();
        match block.ident.as_str() {
            "resource" if kind == "docker_image" => {
                let is_built = block.body.has_blocks("build") || block.body.has_attribute("build");
                if let Some(name) = attribute(&block.body, "name").filter(|_| !is_built) {
                    self.hcl.image(name, Purpose::Container, |_| {});
                }
            }
            "resource" => self.resource(&kind, "", &block.body),
            "module" => {
                for one in block.body.attributes() {
                    self.input_of_module(one.key.as_str(), &one.value);
                }
            }
            _ => {}
        }
    }

    /// An input of a module: the images in it, for machines have images, too, by names of other forms.
    fn input_of_module(&mut self, key: &str, expr: &Expression) {
        match expr {
            Expression::Array(items) => {
                items.iter().for_each(|item| self.input_of_module("", item));
            }
            Expression::Object(_) => {
                for (key, value) in entries(expr) {
                    self.input_of_module(&key, value);
                }
            }
            Expression::Parenthesis(inner) => self.input_of_module(key, inner.inner()),
            Expression::FuncCall(call) if call.name.name.as_str().ends_with("encode") => {
                call.args.iter().for_each(|arg| self.input_of_module(key, arg));
            }
            _ => {
                let is_certain = matches!(key, "container_image" | "docker_image");
                let is_image = matches!(key, "image" | "image_uri" | "image_url")
                    || key.ends_with("_image")
                    || key.ends_with("Image");
                let text = self.hcl.range(expr).and_then(|range| self.hcl.text.as_str().get(range));
                if is_certain || (is_image && text.is_some_and(names_registry)) {
                    self.hcl.image(expr, Purpose::Container, |_| {});
                }
            }
        }
    }

    /// The body of a resource or of a block in it.
    fn resource(&mut self, kind: &str, name: &str, body: &Body) {
        let container = CONTAINERS.iter().find(|(known, _)| *known == name);
        if let Some((_, purpose)) = container
            && let Some(image) = attribute(body, "image")
        {
            self.hcl.image(image, *purpose, |_| {});
        }
        for (resource, block, key) in ATTRIBUTES {
            if kind.starts_with(resource)
                && *block == name
                && let Some(image) = attribute(body, key)
            {
                self.hcl.image(image, Purpose::Container, |_| {});
            }
        }
        for one in body.attributes() {
            match (kind, one.key.as_str()) {
                (
                    _,
                    "container_definitions"
                    | "container_properties"
                    | "manifest"
                    | "node_properties"
                    | "template",
                ) => {
                    self.definitions(&one.value);
                }
                (_, "command" | "inline") if matches!(name, "local-exec" | "remote-exec") => {
                    self.script(&one.value);
                }
                (_, "user_data" | "startup_script" | "metadata_startup_script" | "custom_data") => {
                    self.script(&one.value);
                }
                _ => {}
            }
        }
        for block in body.blocks() {
            let inner = match block.ident.as_str() {
                // `dynamic "container" { content { … } }`
                "dynamic" => {
                    if let Some(content) = block.body.get_blocks("content").next() {
                        self.resource(kind, label(block, 0), &content.body);
                    }
                    continue;
                }
                "provisioner" => label(block, 0),
                other => other,
            };
            self.resource(kind, inner, &block.body);
        }
    }

    /// Containers in JSON that is encoded here or written out, or in an object.
    fn definitions(&mut self, expr: &Expression) {
        match expr {
            Expression::FuncCall(call) => call.args.iter().for_each(|arg| self.definitions(arg)),
            Expression::Parenthesis(inner) => self.definitions(inner.inner()),
            Expression::Array(items) => items.iter().for_each(|item| self.definitions(item)),
            Expression::Object(_) => {
                for (key, value) in entries(expr) {
                    match value {
                        Expression::Object(_) | Expression::Array(_) | Expression::FuncCall(_) => {
                            self.definitions(value);
                        }
                        _ if key == "image" => self.hcl.image(value, Purpose::Container, |_| {}),
                        _ => {}
                    }
                }
            }
            Expression::HeredocTemplate(_)
            | Expression::String(_)
            | Expression::StringTemplate(_) => self.written(expr),
            _ => {}
        }
    }

    /// JSON in a string.
    fn written(&mut self, expr: &Expression) {
        let Some(body) = self.body(expr) else { return };
        if !body.as_str().contains("image") {
            return;
        }
        match json::parse(body.as_str()) {
            Ok(root) => images(&root, &body, self.hcl.scope, self.hcl.sink),
            Err(_) => {
                lines::read(
                    &body,
                    &["image"],
                    &Scope::default(),
                    Purpose::Container,
                    self.hcl.sink,
                );
            }
        }
    }

    /// The text of a string or here-document.
    fn body(&self, expr: &Expression) -> Option<Text<'static>> {
        let mut owned = Text::new();
        if matches!(expr, Expression::HeredocTemplate(_)) {
            let span = expr.span()?;
            let raw = self.hcl.text.as_str().get(span.clone())?;
            let start = raw.find('\n').map_or(raw.len(), |end| end + 1);
            let end = raw.trim_end().rfind('\n').map_or(raw.len(), |end| end + 1).max(start);
            owned.append(&self.hcl.text.part(span.start + start..span.start + end));
        } else {
            let range = self.hcl.range(expr)?;
            let mut from = range.start;
            let raw = self.hcl.text.as_str().get(range.clone())?;
            for (at, _) in raw.match_indices("\\\"") {
                let at = range.start + at;
                owned.append(&self.hcl.text.part(from..at));
                from = at + 1;
            }
            owned.append(&self.hcl.text.part(from..range.end));
        }
        Some(owned)
    }

    /// A script in a string, or several in a list.
    fn script(&mut self, expr: &Expression) {
        match expr {
            Expression::Array(items) => items.iter().for_each(|item| self.script(item)),
            Expression::FuncCall(call) => call.args.iter().for_each(|arg| self.script(arg)),
            _ => {
                if let Some(body) = self.body(expr) {
                    let from = self.hcl.sink.len();
                    Shell::default().read(self.hcl.input, &body, self.hcl.sink);
                    let is_template = |found: &Found| {
                        found.reference.contains("${") && found.unresolved.is_empty()
                    };
                    self.hcl.sink.change(from, |found| {
                        if is_template(found) {
                            found.unresolved.push(found.reference.clone());
                        }
                    });
                }
            }
        }
    }
}

/// Whether a text is an image in a registry by its form: a tag or digest, or a registry's host.
fn names_registry(text: &str) -> bool {
    let last = text.rsplit('/').next().unwrap_or(text);
    let host = text.split_once('/').map_or("", |(host, _)| host);
    let is_machine =
        text.starts_with("projects/") || text.starts_with("ami-") || text.contains("://");
    (last.contains([':', '@']) || host.contains('.'))
        && !is_machine
        && text.parse::<Reference>().is_ok()
}

/// The images of containers in JSON.
fn images(node: &Node, file: &Text<'_>, scope: &Scope, sink: &mut Sink<'_>) {
    for item in node.items() {
        images(item, file, scope, sink);
    }
    for (key, value) in node.entries() {
        if key == "image" {
            if let Some(text) = value.text(file) {
                sink.add_each(
                    &text,
                    interpolated(text.as_str(), scope),
                    Purpose::Container,
                    |_| {},
                );
            }
        } else {
            images(value, file, scope, sink);
        }
    }
}

/// A string with `${…}` in it.
fn interpolated(text: &str, scope: &Scope) -> Vec<crate::scan::vars::Expanded> {
    let quoted = format!("\"{text}\"");
    match hcl_edit::parser::parse_expr(&quoted) {
        Ok(expr) => hcl::evaluate(&expr, &quoted, scope),
        Err(_) => vec![lines::literal(text)],
    }
}

#[cfg(test)]
mod tests {
    use crate::scan::testing::rows;
    use rstest::rstest;

    #[rstest]
    #[case("resource \"docker_image\" \"a\" { name = \"x:1\" }", "1:39 x:1")]
    #[case(
        "variable \"v\" { default = \"1\" }\nlocals { r = \"q/x:${var.v}\" }\nresource \"docker_container\" \"c\" {\n  image = local.r\n}",
        "4:11 q/x:1"
    )]
    #[case(
        "resource \"kubernetes_deployment\" \"k\" {\n spec {\n  init_container { image = \"i:1\" }\n  dynamic \"container\" {\n   content {\n    image = \"${var.r}/c\"\n   }\n  }\n }\n}",
        "3:29 i:1|6:14 ?${var.r}/c"
    )]
    #[case(
        "resource \"aws_ecs_task_definition\" \"t\" {\n  container_definitions = <<-E\n    [{\"image\": \"x:${var.t}\", \"cpu\": ${var.c}}]\n  E\n}",
        "3:17 ?x:${var.t}"
    )]
    #[case(
        "resource \"null_resource\" \"n\" {\n provisioner \"local-exec\" {\n  command = \"docker pull a:1 && docker run ${var.x}\"\n }\n}",
        "3:26 a:1|3:44 ?${var.x}"
    )]
    #[case(
        "resource \"aws_instance\" \"i\" {\n  user_data = <<E\n#!/bin/sh\ndocker run -d a/b:2\nE\n}",
        "4:15 a/b:2"
    )]
    #[case(
        "resource \"aws_instance\" \"i\" { image = \"ghost\" }\n# image = \"g\"\nmodule \"m\" { container_image = \"m:1\" }",
        "3:33 m:1"
    )]
    #[case(
        "module \"ecs\" {\n  container_definitions = {\n    (local.n) = { image = \"public.ecr.aws/a/b:1\", x = 1 }\n    f = { image = nonsensitive(data.x.y) }\n  }\n  image = \"debian-cloud/debian-11\"\n  list = [{ image = \"c:2\" }]\n}",
        "3:28 public.ecr.aws/a/b:1|7:22 c:2"
    )]
    #[case("resource \"x\" {\n  image = \"broken:1\"\n  {{ oops", "2:12 broken:1")]
    #[case(
        "locals { m = { a = { image = \"z:1\" } } }\nresource \"docker_container\" \"c\" { image = local.m.a.image }",
        "2:43 z:1"
    )]
    fn resources_name_images(#[case] file: &str, #[case] expected: &str) {
        assert_eq!(rows("main.tf", file), expected, "{file}");
    }
}
