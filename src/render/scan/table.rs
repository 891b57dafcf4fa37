//! The table of a scan.

use crate::render::Look;
use crate::render::style::{Palette, Role};
use crate::render::table::{Cell, Surface, Table};
use crate::scan::{ImageUse, Level, Pinned, Puller, Scan};

/// The scan as text, ending in a line end.
pub fn table(scan: &Scan, look: Look) -> String {
    let palette = Palette::new(look.colour);
    let surface = Surface { width: look.columns, colour: look.colour };
    let mut text = format!("{}\n", palette.paint(Role::Strong, answer(scan)));
    if !scan.references.is_empty() {
        let mut table = Table::new()
            .column("WHERE")
            .column("IMAGE")
            .column("KIND")
            .column("PINNED")
            .column("AS");
        table = table.numbers("PULLS");
        for one in &scan.references {
            table.row(row(one));
        }
        text.push_str(&format!("\n{}", table.render(surface)));
    }
    if !scan.findings.is_empty() {
        let mut table = Table::new().column("WHERE").column("RULE").column("FINDING");
        for one in &scan.findings {
            let role = match one.severity {
                Level::Info => Role::Dim,
                Level::Warning => Role::Caution,
                Level::Error => Role::Bad,
            };
            table.row([
                format!("{}:{}:{}", one.path, one.line, one.column).into(),
                Cell::role(role, one.rule),
                one.message.as_str().into(),
            ]);
        }
        text.push_str(&format!("\n{}", table.render(surface)));
    }
    text
}

/// The answer in a sentence.
fn answer(scan: &Scan) -> String {
    let totals = &scan.totals;
    if totals.references == 0 {
        return format!("No image is named in {} files", totals.files);
    }
    let warm = match totals.pulls.warm {
        warm if warm == totals.pulls.cold => String::new(),
        warm => format!(", {warm} where they were pulled before"),
    };
    format!(
        "{} of {} images come from Docker Hub: {} pulls{warm}",
        totals.docker_hub_images, totals.images, totals.pulls.cold
    )
}

fn row(one: &ImageUse) -> [Cell; 6] {
    let role = if one.docker_hub { Role::Accent } else { Role::Dim };
    let name = one.reference.as_deref().unwrap_or(&one.written);
    let doubt = if one.certain { "" } else { " (perhaps)" };
    let pinned = match one.pinned {
        Some(Pinned::Digest) => "digest",
        Some(Pinned::Version) => "version",
        Some(Pinned::Floating) => "floating",
        None => "–",
    };
    let puller = match one.identity {
        Puller::Anonymous => Cell::role(Role::Caution, "anonymous"),
        Puller::Login => "login".into(),
        Puller::Unknown => "–".into(),
    };
    [
        format!("{}:{}:{}", one.path, one.line, one.column).into(),
        Cell::role(role, format!("{name}{doubt}")),
        one.kind.name().into(),
        pinned.into(),
        puller,
        one.pulls.into(),
    ]
}
