//! Rows of facts in aligned columns: lists of cards, runs, boards, deliveries.
//!
//! On a terminal a row stays on its line and what does not fit is cut; in a pipe nothing is ever cut,
//! because a program reads it. No frames, so that `awk` and people can both use it.

use std::borrow::Cow;

use super::escape;
use super::style::{Colour, Style};

/// Spaces between two columns.
const GAP: usize = 2;

/// No column is cut below this: an id always stays whole.
const NARROWEST: usize = 12;

/// One fact in a row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cell {
    /// The text as it is stored; the table escapes it.
    pub text: String,
    /// Its colour, if it has one.
    pub colour: Option<Colour>,
}

impl Cell {
    /// A fact in a colour.
    pub fn coloured(text: impl Into<String>, colour: Colour) -> Self {
        Self {
            text: text.into(),
            colour: Some(colour),
        }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self { text, colour: None }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

/// Where the text of a column stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

/// A table under construction.
#[derive(Debug, Clone)]
pub struct Table {
    headers: Vec<Cell>,
    sides: Vec<Side>,
    flexible: usize,
    widths: Vec<usize>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table without rows. Its last column is the one that gives way on a narrow terminal.
    pub fn new(headers: &[&str]) -> Self {
        Self {
            headers: headers
                .iter()
                .map(|text| Cell::coloured(*text, Colour::Dim))
                .collect(),
            sides: vec![Side::Left; headers.len()],
            flexible: headers.len().saturating_sub(1),
            widths: headers.iter().map(|text| escape::width(text)).collect(),
            rows: Vec::new(),
        }
    }

    /// Makes a column of numbers: aligned on the right.
    pub fn right(mut self, column: usize) -> Self {
        if let Some(side) = self.sides.get_mut(column) {
            *side = Side::Right;
        }
        self
    }

    /// Adds a row. Cells that are missing are empty; cells beyond the headers are left out.
    pub fn row(&mut self, cells: impl IntoIterator<Item = impl Into<Cell>>) -> &mut Self {
        let row = self.measure(cells);
        self.rows.push(row);
        self
    }

    /// Makes the columns wide enough for a row that is not kept: of a table that is too long to be held, every row
    /// is measured first, and then written by its [`Layout`].
    pub fn measure(&mut self, cells: impl IntoIterator<Item = impl Into<Cell>>) -> Vec<Cell> {
        let row = self.escaped(cells);
        for (width, cell) in self.widths.iter_mut().zip(&row) {
            *width = escape::width(&cell.text).max(*width);
        }
        row
    }

    fn escaped(&self, cells: impl IntoIterator<Item = impl Into<Cell>>) -> Vec<Cell> {
        let mut row: Vec<Cell> = cells.into_iter().map(Into::into).collect();
        row.resize(self.headers.len(), Cell::default());
        for cell in &mut row {
            cell.text = escape::line(&cell.text);
        }
        row
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table as lines. Without rows there is nothing to say, not even the headers.
    pub fn render(&self, style: &Style) -> String {
        if self.is_empty() {
            return String::new();
        }
        let layout = self.layout(style);
        let rows = self.rows.iter().map(|row| layout.line(row));
        std::iter::once(layout.headers()).chain(rows).collect()
    }

    /// How wide each column is, by the rows measured so far.
    pub fn layout<'a>(&'a self, style: &'a Style) -> Layout<'a> {
        let mut widths = self.widths.clone();
        if style.terminal {
            let room = style
                .width
                .saturating_sub(GAP * widths.len().saturating_sub(1));
            shrink(&mut widths, self.flexible, room);
        }
        Layout {
            table: self,
            widths,
            style,
        }
    }
}

/// A table whose columns have their widths.
#[derive(Debug)]
pub struct Layout<'a> {
    table: &'a Table,
    widths: Vec<usize>,
    style: &'a Style,
}

impl Layout<'_> {
    /// The first line.
    pub fn headers(&self) -> String {
        self.line(&self.table.headers)
    }

    /// The line of a row. One that has grown since it was measured is out of line, or cut, as the style is.
    pub fn row(&self, cells: impl IntoIterator<Item = impl Into<Cell>>) -> String {
        self.line(&self.table.escaped(cells))
    }

    fn line(&self, row: &[Cell]) -> String {
        let mut line = String::new();
        // Spaces are written only once something follows them, so that no line ends in any.
        let mut owed = 0;
        for ((cell, &width), side) in row.iter().zip(&self.widths).zip(&self.table.sides) {
            let text: Cow<'_, str> = match self.style.terminal {
                true => escape::cut(&cell.text, width, self.style).into(),
                false => (&cell.text).into(),
            };
            let missing = width.saturating_sub(escape::width(&text));
            let (left, right) = match side {
                Side::Left => (0, missing),
                Side::Right => (missing, 0),
            };
            owed += left;
            if !text.is_empty() {
                line.extend(std::iter::repeat_n(' ', std::mem::take(&mut owed)));
                match cell.colour {
                    Some(colour) => line.push_str(&self.style.paint(colour, &text)),
                    None => line.push_str(&text),
                }
            }
            owed += right + GAP;
        }
        line.push('\n');
        line
    }
}

/// Takes what is too much from the flexible column, then from the others, the widest first.
fn shrink(widths: &mut [usize], flexible: usize, room: usize) {
    let mut order: Vec<usize> = (0..widths.len()).collect();
    order.sort_by_key(|&index| (index != flexible, std::cmp::Reverse(widths[index])));
    for index in order {
        let excess = widths.iter().sum::<usize>().saturating_sub(room);
        widths[index] -= excess.min(widths[index].saturating_sub(NARROWEST));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(&["ID", "RUNS", "WORKER", "TITLE"]).right(1);
        table.row([
            "t_1a2b3c4d",
            "2",
            "coder",
            "Write the notes for the release",
        ]);
        table.row(["t_2b3c4d5e", "10", "", "日本語のタイトル"]);
        table
    }

    fn screen(width: usize) -> Style {
        Style {
            width,
            terminal: true,
            unicode: true,
            ..Style::plain()
        }
    }

    #[test]
    fn columns_are_aligned_and_no_line_ends_in_spaces() {
        let expected = "\
ID          RUNS  WORKER  TITLE
t_1a2b3c4d     2  coder   Write the notes for the release
t_2b3c4d5e    10          日本語のタイトル
";
        assert_eq!(table().render(&Style::plain()), expected);
        let mut ends_empty = Table::new(&["ID", "NOTE"]);
        ends_empty.row(["t_1", ""]);
        assert_eq!(ends_empty.render(&Style::plain()), "ID   NOTE\nt_1\n");
    }

    #[test]
    fn a_terminal_cuts_the_last_column_and_a_pipe_nothing() {
        let expected = "\
ID          RUNS  WORKER  TITLE
t_1a2b3c4d     2  coder   Write the n…
t_2b3c4d5e    10          日本語のタ…
";
        assert_eq!(table().render(&screen(38)), expected);
        let pipe = Style {
            width: 38,
            ..Style::plain()
        };
        assert!(table().render(&pipe).contains("for the release"));
    }

    #[test]
    fn the_named_column_gives_way_first_then_the_widest_and_ids_never() {
        let mut table = Table::new(&["ID", "TITLE", "WORKSPACE"]);
        table.flexible = 1;
        table.row([
            "t_1a2b3c4d",
            "A title that is long",
            "/srv/boards/release/workspace",
        ]);
        assert_eq!(
            table.render(&screen(57)).lines().nth(1),
            Some("t_1a2b3c4d  A title that…   /srv/boards/release/workspace")
        );
        let narrow = table.render(&screen(10));
        assert_eq!(
            narrow.lines().nth(1),
            Some("t_1a2b3c4d  A title tha…  /srv/boards…")
        );
    }

    #[test]
    fn hostile_text_stays_in_its_cell() {
        let mut table = Table::new(&["WHO", "WHAT"]);
        table.row(["a\nb", "\u{1b}[2J\r\u{202e}x"]);
        let text = table.render(&Style::plain());
        assert_eq!(text, "WHO   WHAT\na\\nb  \\u{1b}[2J\\r\\u{202e}x\n");
    }

    #[test]
    fn colours_do_not_change_the_columns() {
        let mut table = Table::new(&["STATUS", "N"]).right(1);
        table.row([Cell::coloured("done", Colour::Green), "7".into()]);
        let style = Style {
            colour: true,
            ..Style::plain()
        };
        assert_eq!(
            table.render(&style),
            "\u{1b}[2mSTATUS\u{1b}[0m  \u{1b}[2mN\u{1b}[0m\n\u{1b}[32mdone\u{1b}[0m    7\n"
        );
    }

    #[test]
    fn rows_may_be_strings_and_short_and_no_rows_are_no_text() {
        let mut table = Table::new(&["A", "B"]);
        assert_eq!(table.render(&Style::plain()), "");
        table.row(vec![String::from("x")]);
        assert_eq!(table.render(&Style::plain()), "A  B\nx\n");
    }

    #[test]
    fn rows_that_are_not_kept_stand_as_those_that_are() {
        let rows = [
            ["t_1", "2", "coder", "Write"],
            ["t_22", "10", "", "\u{7}日本語"],
        ];
        for style in [Style::plain(), screen(30)] {
            let (mut kept, mut passing) = (table(), table());
            for row in rows {
                kept.row(row);
                passing.measure(row);
            }
            let layout = passing.layout(&style);
            let lines = layout.headers() + &rows.map(|row| layout.row(row)).concat();
            let all = kept.render(&style);
            let last = all.lines().skip(3).map(|line| format!("{line}\n"));
            let first = all.lines().take(1).map(|line| format!("{line}\n"));
            assert_eq!(lines, first.chain(last).collect::<String>());
        }
        // A row that grew after it was measured loses nothing in a pipe.
        let style = Style::plain();
        let grown = table()
            .layout(&style)
            .row(["t_a_much_longer_id_than_others", "1"]);
        assert_eq!(grown, "t_a_much_longer_id_than_others     1\n");
    }
}
