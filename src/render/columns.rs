//! The board as people look at a kanban board: columns side by side, cards one under the other.
//!
//! It takes the full width. Where that is too narrow for all columns they stand in several bands, one
//! under the other. What is on a card is escaped here and never leaves its column.

pub use super::card::Card;
use super::card::{self, Line};
use super::escape;
use super::style::{Colour, Style};

/// The narrowest column, the space on either side of its text included.
const NARROWEST: usize = 18;

/// The narrowest board: below this the terminal wraps it.
const NARROWEST_BOARD: usize = 14;

/// One column and what to show of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its header.
    pub name: String,
    /// The colour of its header and of the marks on its cards.
    pub colour: Colour,
    /// The cards to draw, in order.
    pub cards: Vec<Card>,
    /// How many cards there are beyond these.
    pub more: usize,
}

/// Draws the board: its title, if it has one, and its columns.
pub fn board(title: &str, columns: &[Column], style: &Style) -> String {
    let width = style.width.max(NARROWEST_BOARD);
    let mut out = String::new();
    if !title.is_empty() {
        let title = escape::cut(&escape::line(title), width, style);
        out.push_str(&style.paint(Colour::Bold, &title));
        out.push('\n');
    }
    for band in bands(columns, width) {
        draw(&mut out, band, width, style);
    }
    out
}

/// Parts the columns into as few bands as there is room for, all about as long.
fn bands(columns: &[Column], width: usize) -> Vec<&[Column]> {
    let (mut bands, mut rest) = (Vec::new(), columns);
    let at_once = ((width - 1) / (NARROWEST + 1)).max(1);
    for left in (1..=columns.len().div_ceil(at_once)).rev() {
        let (band, after) = rest.split_at(rest.len().div_ceil(left));
        bands.push(band);
        rest = after;
    }
    bands
}

fn draw(out: &mut String, band: &[Column], width: usize, style: &Style) {
    let cells = widths(band.len(), width);
    let bodies: Vec<Vec<Line>> = band
        .iter()
        .zip(&cells)
        .map(|(c, &cell)| body(c, cell - 2, style))
        .collect();
    out.push_str(&top(band, &cells, style));
    for row in 0..bodies.iter().map(Vec::len).max().unwrap_or(0) {
        out.push_str(&middle(&bodies, row, &cells, style));
    }
    out.push_str(&bottom(&cells, style));
}

/// The width of each column, borders left out; the first ones take what cannot be shared evenly.
fn widths(count: usize, width: usize) -> Vec<usize> {
    let room = width.saturating_sub(count + 1);
    (0..count)
        .map(|i| room / count + usize::from(i < room % count))
        .collect()
}

/// The upper edge, which carries the names and the counts.
fn top(band: &[Column], cells: &[usize], style: &Style) -> String {
    let glyphs = style.glyphs();
    let dim = |text: &str| style.paint(Colour::Dim, text);
    let mut line = String::new();
    for (i, (column, &cell)) in band.iter().zip(cells).enumerate() {
        let count = (column.cards.len() + column.more).to_string();
        // Around the name and the count: a space on either side of each, and the line at both ends.
        let room = cell.saturating_sub(6 + count.len());
        let name = escape::cut(&escape::line(&column.name), room, style);
        let fill = glyphs.horizontal.repeat(room - escape::width(&name));
        line.push_str(&dim(&format!(
            "{}{}",
            glyphs.top[usize::from(i > 0)],
            glyphs.horizontal
        )));
        line.push_str(&format!(" {} ", style.paint(column.colour, &name)));
        line.push_str(&format!(
            "{} {count} {}",
            dim(&fill),
            dim(glyphs.horizontal)
        ));
    }
    format!("{line}{}\n", dim(glyphs.top[2]))
}

fn middle(bodies: &[Vec<Line>], row: usize, cells: &[usize], style: &Style) -> String {
    let edge = style.paint(Colour::Dim, style.glyphs().vertical);
    let mut line = edge.clone();
    for (body, &cell) in bodies.iter().zip(cells) {
        let (used, painted) = body
            .get(row)
            .map_or((0, ""), |line| (line.width, &line.painted));
        line.push_str(&format!(
            " {painted}{}{edge}",
            " ".repeat((cell - 1).saturating_sub(used))
        ));
    }
    line + "\n"
}

fn bottom(cells: &[usize], style: &Style) -> String {
    let glyphs = style.glyphs();
    let edges: Vec<String> = cells
        .iter()
        .map(|&cell| glyphs.horizontal.repeat(cell))
        .collect();
    let [left, joint, right] = glyphs.bottom;
    style.paint(Colour::Dim, &format!("{left}{}{right}", edges.join(joint))) + "\n"
}

/// The lines of a column: its cards with an empty line between them, and how many more there are.
fn body(column: &Column, width: usize, style: &Style) -> Vec<Line> {
    let mut parts: Vec<Vec<Line>> = column
        .cards
        .iter()
        .map(|c| card::draw(c, column.colour, width, style))
        .collect();
    if column.more > 0 {
        let text = escape::cut(&format!("+{} more", column.more), width, style);
        parts.push(vec![Line::new(style, Some(Colour::Dim), &text)]);
    }
    let mut lines = Vec::new();
    for part in parts {
        if !lines.is_empty() {
            lines.push(Line::new(style, None, ""));
        }
        lines.extend(part);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn small(id: &str, title: &str, detail: Option<&str>, mark: Option<&str>) -> Card {
        Card {
            id: id.into(),
            title: title.into(),
            detail: detail.map(Into::into),
            mark: mark.map(Into::into),
        }
    }

    fn column(name: &str, colour: Colour, cards: Vec<Card>, more: usize) -> Column {
        Column {
            name: name.into(),
            colour,
            cards,
            more,
        }
    }

    fn release() -> Vec<Column> {
        vec![
            column(
                "ready",
                Colour::Cyan,
                vec![
                    small(
                        "t_1a2b3c4d",
                        "Write the release notes and have them read by two people",
                        Some("coder"),
                        Some("!"),
                    ),
                    small("t_2b3c4d5e", "发布说明", None, None),
                ],
                0,
            ),
            column(
                "running",
                Colour::Yellow,
                vec![small(
                    "t_9f8e7d6c",
                    "Build packages",
                    Some("builder · 2m"),
                    None,
                )],
                0,
            ),
            column(
                "done",
                Colour::Green,
                vec![small("t_00000001", "Tag", None, None)],
                12,
            ),
        ]
    }

    fn unicode(width: usize) -> Style {
        Style {
            width,
            unicode: true,
            ..Style::plain()
        }
    }

    #[test]
    fn columns_stand_side_by_side() {
        let expected = "\
release
╭─ ready ────────── 2 ─┬─ running ──────── 1 ─┬─ done ────────── 13 ─╮
│ t_1a2b3c4d         ! │ t_9f8e7d6c           │ t_00000001           │
│ Write the release    │ Build packages       │ Tag                  │
│ notes and have them  │ builder · 2m         │                      │
│ read by two people   │                      │ +12 more             │
│ coder                │                      │                      │
│                      │                      │                      │
│ t_2b3c4d5e           │                      │                      │
│ 发布说明             │                      │                      │
╰──────────────────────┴──────────────────────┴──────────────────────╯
";
        assert_eq!(board("release", &release(), &unicode(70)), expected);
    }

    #[test]
    fn a_narrow_terminal_gets_bands_and_a_plain_one_ascii() {
        let style = Style {
            width: 42,
            ..Style::plain()
        };
        let expected = "\
+- ready -------- 2 -+- running ----- 1 -+
| t_1a2b3c4d       ! | t_9f8e7d6c        |
| Write the release  | Build packages    |
| notes and have     | builder · 2m      |
| them read by tw... |                   |
| coder              |                   |
|                    |                   |
| t_2b3c4d5e         |                   |
| 发布说明           |                   |
+--------------------+-------------------+
+- done ---------------------------- 13 -+
| t_00000001                             |
| Tag                                    |
|                                        |
| +12 more                               |
+----------------------------------------+
";
        assert_eq!(board("", &release(), &style), expected);
    }

    #[test]
    fn bands_are_about_as_long_as_each_other() {
        let columns: Vec<Column> = (0..6)
            .map(|i| column(&i.to_string(), Colour::Bold, vec![], 0))
            .collect();
        let lengths = |width| {
            bands(&columns, width)
                .iter()
                .map(|band| band.len())
                .collect::<Vec<_>>()
        };
        assert_eq!(lengths(160), [6]);
        assert_eq!(lengths(100), [3, 3]);
        assert_eq!(lengths(80), [3, 3]);
        assert_eq!(lengths(60), [3, 3]);
        assert_eq!(lengths(40), [2, 2, 2]);
        assert_eq!(lengths(20), [1; 6]);
        assert_eq!(bands(&[], 80), Vec::<&[Column]>::new());
    }

    proptest! {
        #[test]
        fn every_line_is_as_wide_as_the_board(
            texts in proptest::collection::vec("[a-z \n\u{1b}\u{202e}日本👩\u{200d}💻é\u{301}]{0,40}|\\PC{0,40}", 8),
            counts in proptest::collection::vec(0_usize..4, 0..8),
            width in 0_usize..200,
            unicode: bool,
        ) {
            let mut text = texts.iter().cycle().cloned();
            let mut next = || text.next().unwrap_or_default();
            let columns: Vec<Column> = counts.iter().map(|&n| Column {
                name: next(),
                colour: Colour::Red,
                cards: (0..n).map(|_| Card { id: next(), title: next(), detail: Some(next()), mark: Some(next()) }).collect(),
                more: n * 1000,
            }).collect();
            let style = Style { width, unicode, ..Style::plain() };
            for line in board("", &columns, &style).lines() {
                prop_assert_eq!(escape::width(line), width.max(NARROWEST_BOARD), "{}", line);
            }
            let colourful = Style { colour: true, ..style.clone() };
            let painted = board("", &columns, &colourful);
            let stripped: String = painted.split('\u{1b}').map(|part| {
                part.strip_prefix('[').and_then(|p| p.split_once('m')).map_or(part, |(_, after)| after)
            }).collect();
            prop_assert_eq!(stripped, board("", &columns, &style));
        }
    }
}
