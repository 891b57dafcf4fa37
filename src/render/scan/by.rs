//! What a scan adds up to, by registry or by whom the pulls are counted on, with a bar each on a terminal.

use crate::render::Look;
use crate::render::style::Role;
use crate::render::table::{Cell, Surface, Table};
use crate::scan::{Puller, Scan};

/// The widest bar.
const WIDEST: u64 = 30;
/// The narrowest terminal that has room for bars.
const ROOM: u16 = 60;

/// The totals by registry: those with most pulls first.
pub fn by_registry(scan: &Scan, look: Look) -> String {
    let mut rows: Vec<_> = scan.totals.by_registry.iter().collect();
    rows.sort_by_key(|(name, registry)| (std::cmp::Reverse(registry.pulls), (*name).clone()));
    let most = rows.iter().map(|(_, registry)| registry.pulls).max().unwrap_or(0);
    let mut table =
        Table::new().column("REGISTRY").numbers("REFERENCES").numbers("IMAGES").numbers("PULLS");
    let bars = bars(look);
    if bars {
        table = table.column("");
    }
    for (name, registry) in rows {
        let mut row: Vec<Cell> = vec![
            Cell::role(
                if name == crate::image::hub::NAME { Role::Accent } else { Role::Dim },
                name.as_str(),
            ),
            registry.references.into(),
            registry.images.into(),
            registry.pulls.into(),
        ];
        row.extend(bars.then(|| bar(registry.pulls, most).into()));
        table.row(row);
    }
    table.render(surface(look))
}

/// Docker Hub's pulls by whom they are counted on.
pub fn by_identity(scan: &Scan, look: Look) -> String {
    let pulls = &scan.totals.pulls.by_identity;
    let most = pulls.values().copied().max().unwrap_or(0);
    let mut table = Table::new().column("COUNTED ON").numbers("PULLS");
    let bars = bars(look);
    if bars {
        table = table.column("");
    }
    for (puller, count) in pulls {
        let (role, name) = match puller {
            Puller::Anonymous => (Role::Caution, "the address (no login)"),
            Puller::Login => (Role::Good, "an account (logged in before)"),
            Puller::Unknown => (Role::Dim, "whoever is logged in there"),
        };
        let mut row: Vec<Cell> = vec![Cell::role(role, name), (*count).into()];
        row.extend(bars.then(|| bar(*count, most).into()));
        table.row(row);
    }
    table.render(surface(look))
}

fn surface(look: Look) -> Surface {
    Surface { width: look.columns, colour: look.colour }
}

fn bars(look: Look) -> bool {
    look.columns.is_some_and(|columns| columns >= ROOM)
}

/// A bar of a count, as long as its share of the largest; what is not nothing has one cell at least.
fn bar(count: u64, most: u64) -> String {
    let cells = (count * WIDEST).div_ceil(most.max(1));
    "█".repeat(usize::try_from(cells).unwrap_or(0))
}
