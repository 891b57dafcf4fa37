//! Rows and columns for people: a heading, a thin line, the rows, as wide as the terminal and no
//! wider. Apart so that every table of the program looks alike and no cell reaches a terminal raw.

use comfy_table::{Attribute, CellAlignment, Color, ContentArrangement, LineStyle, TableStyle};

use super::style::Role;
use crate::text;

/// The most characters of one cell.
const MOST_CELL: usize = 2_000;
/// A thin line below the heading and nothing else.
const LOOK: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// A table in the making.
#[derive(Debug, Clone, Default)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

/// A column: its heading and where its cells stand.
#[derive(Debug, Clone)]
struct Column {
    title: String,
    right: bool,
}

/// A cell: text, and what it says.
#[derive(Debug, Clone)]
pub struct Cell {
    text: String,
    role: Option<Role>,
}

/// Where a table is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Surface {
    /// Columns of the terminal; `None` where the rows may be as wide as they like.
    pub width: Option<u16>,
    /// Whether colours are wanted.
    pub colour: bool,
}

impl From<&crate::Context> for Surface {
    /// Standard output as the context has it.
    fn from(context: &crate::Context) -> Self {
        Self { width: context.terminal.columns, colour: context.colour }
    }
}

impl<T: ToString> From<T> for Cell {
    fn from(text: T) -> Self {
        Self { text: text::one_line(&text.to_string(), MOST_CELL), role: None }
    }
}

impl Cell {
    /// A cell whose colour says something.
    pub fn role(role: Role, text: impl Into<Self>) -> Self {
        Self { role: Some(role), ..text.into() }
    }
}

impl Table {
    /// A table without columns.
    pub fn new() -> Self {
        Self::default()
    }

    /// One more column of text.
    #[must_use]
    pub fn column(mut self, title: &str) -> Self {
        self.columns.push(Column { title: title.to_owned(), right: false });
        self
    }

    /// One more column of numbers, standing to the right.
    #[must_use]
    pub fn numbers(mut self, title: &str) -> Self {
        self.columns.push(Column { title: title.to_owned(), right: true });
        self
    }

    /// One more row; cells beyond the last column are dropped, missing ones are empty.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) -> &mut Self {
        let mut cells: Vec<Cell> = cells.into_iter().take(self.columns.len()).collect();
        cells.resize_with(self.columns.len(), || Cell::from(""));
        self.rows.push(cells);
        self
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The whole table, each line with its end.
    ///
    /// ```
    /// use dhlimit::render::table::{Surface, Table};
    /// let mut table = Table::new().column("IDENTITY").numbers("REMAINING");
    /// table.row(["anonymous".into(), 76.into()]);
    /// assert_eq!(table.render(Surface::default()), "\
    /// IDENTITY   REMAINING
    /// ────────────────────
    /// anonymous         76
    /// ");
    /// ```
    pub fn render(&self, surface: Surface) -> String {
        let mut table = comfy_table::Table::new();
        table.load_style(LOOK).force_no_tty();
        if surface.colour {
            // Whether to colour was decided with all of --color, NO_COLOR and the terminal in view;
            // without this, crossterm would look at NO_COLOR once more and overrule --color.
            crossterm::style::force_color_output(true);
            table.enforce_styling().style_text_only();
        }
        match surface.width {
            Some(width) => {
                table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width)
            }
            None => table.set_content_arrangement(ContentArrangement::Disabled),
        };
        table.set_header(self.columns.iter().map(|column| {
            let cell = comfy_table::Cell::new(&column.title);
            if surface.colour { cell.add_attribute(Attribute::Bold) } else { cell }
        }));
        table.add_rows(self.rows.iter().map(|row| row.iter().map(Cell::shown)));
        for (at, column) in self.columns.iter().enumerate() {
            if let Some(shown) = table.column_mut(at) {
                // One space here and one that comfy-table leaves for the line between columns.
                shown.set_padding((0, u16::from(at + 1 < self.columns.len())));
                shown.set_cell_alignment(if column.right {
                    CellAlignment::Right
                } else {
                    CellAlignment::Left
                });
            }
        }
        table.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
    }
}

impl Cell {
    fn shown(&self) -> comfy_table::Cell {
        let mut cell = comfy_table::Cell::new(&self.text);
        if let Some(shade) = self.role.and_then(Role::shade) {
            cell = cell.fg(Color::AnsiValue(shade));
        }
        if matches!(self.role, Some(Role::Bad | Role::Strong)) {
            cell = cell.add_attribute(Attribute::Bold);
        }
        cell
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample() -> Table {
        let mut table = Table::new().column("IDENTITY").column("IMAGE").numbers("REMAINING");
        table.row([
            "anonymous".into(),
            "docker.io/library/nginx:latest".into(),
            Cell::role(Role::Good, 76),
        ]);
        table.row(["bob".into(), "docker.io/library/postgres:16".into(), Cell::role(Role::Bad, 0)]);
        table
    }

    #[test]
    fn a_plain_table_has_no_escape_and_no_trailing_space() {
        let shown = sample().render(Surface::default());
        assert!(!shown.contains('\u{1b}'));
        assert!(shown.lines().all(|line| line == line.trim_end()));
        assert_eq!(shown.lines().count(), 4, "{shown}");
        assert!(shown.lines().next().unwrap().starts_with("IDENTITY   IMAGE"), "{shown}");
    }

    #[test]
    fn colour_changes_nothing_but_the_colour() {
        let surface = Surface { width: Some(60), colour: false };
        let coloured = sample().render(Surface { colour: true, ..surface });
        assert!(coloured.contains("\u{1b}[38;5;28m76"), "{coloured:?}");
        let plain = anstream::adapter::strip_str(&coloured).to_string();
        let plain: String = plain.lines().map(|line| line.trim_end().to_owned() + "\n").collect();
        assert_eq!(plain, sample().render(surface));
    }

    #[test]
    fn hostile_cells_stay_in_their_place() {
        let mut table = Table::new().column("A").column("B");
        table.row(["x\u{1b}[2Jy\r\nz".into(), "\u{202e}b".into(), "dropped".into()]);
        table.row(["short".into()]);
        let shown = table.render(Surface::default());
        assert_eq!(shown.lines().count(), 4, "{shown:?}");
        assert!(!shown.contains(|c: char| c != '\n' && text::is_control(c)), "{shown:?}");
        assert!(!shown.contains("dropped"));
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_the_terminal(cells in proptest::collection::vec("[a-z0-9:/. ]{0,60}", 9), width in 30_u16..200) {
            let mut table = Table::new().column("ONE").column("TWO").numbers("THREE");
            for row in cells.chunks(3) {
                table.row(row.iter().map(Cell::from));
            }
            for line in table.render(Surface { width: Some(width), colour: false }).lines() {
                prop_assert!(line.chars().count() <= usize::from(width), "{} > {width}: {line}", line.chars().count());
            }
        }
    }
}
