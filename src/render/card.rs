//! One card of the board as lines of its column: id and mark, title, details.
//!
//! The text of a card is escaped here and no line is wider than its column.

use super::escape;
use super::style::{Colour, Style};
use super::wrap::wrap;

/// Lines that the title of a card may take.
const TITLE_LINES: usize = 3;

/// What a card shows of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Card {
    /// Its id, on the first line.
    pub id: String,
    /// Its title, on up to three lines.
    pub title: String,
    /// The facts below the title, such as who has it and since when.
    pub detail: Option<String>,
    /// A mark on the right of the first line.
    pub mark: Option<String>,
}

/// One line of a column: how wide it is without its colours, and with them.
pub(super) struct Line {
    pub(super) width: usize,
    pub(super) painted: String,
}

impl Line {
    pub(super) fn new(style: &Style, colour: Option<Colour>, text: &str) -> Self {
        let painted = colour.map_or_else(|| text.to_owned(), |c| style.paint(c, text));
        Self {
            width: escape::width(text),
            painted,
        }
    }
}

/// The lines of a card; its column gives the colour of its mark.
pub(super) fn draw(card: &Card, colour: Colour, width: usize, style: &Style) -> Vec<Line> {
    let mut lines = vec![first_line(card, colour, width, style)];
    for text in wrap(&escape::line(&card.title), width, TITLE_LINES, style) {
        lines.push(Line::new(style, None, &text));
    }
    if let Some(detail) = &card.detail {
        let text = escape::cut(&escape::line(detail), width, style);
        lines.push(Line::new(style, Some(Colour::Dim), &text));
    }
    lines
}

/// The id on the left and the mark on the right; the id is the last to give way.
fn first_line(card: &Card, colour: Colour, width: usize, style: &Style) -> Line {
    let id = escape::cut(&escape::line(&card.id), width, style);
    let mark = escape::line(card.mark.as_deref().unwrap_or_default());
    let room = width.saturating_sub(escape::width(&id) + 1);
    let mark = escape::cut(&mark, room, style);
    if mark.is_empty() {
        return Line::new(style, Some(Colour::Dim), &id);
    }
    let gap = " ".repeat(width - escape::width(&id) - escape::width(&mark));
    let painted = format!(
        "{}{gap}{}",
        style.paint(Colour::Dim, &id),
        style.paint(colour, &mark)
    );
    Line { width, painted }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(card: &Card, width: usize) -> Vec<String> {
        let style = Style {
            unicode: true,
            ..Style::plain()
        };
        draw(card, Colour::Red, width, &style)
            .into_iter()
            .map(|line| line.painted)
            .collect()
    }

    #[test]
    fn the_id_is_the_last_to_give_way() {
        let card = Card {
            id: "t_1a2b3c4d".into(),
            mark: Some("gave up".into()),
            ..Card::default()
        };
        assert_eq!(drawn(&card, 20), ["t_1a2b3c4d   gave up"]);
        assert_eq!(drawn(&card, 15), ["t_1a2b3c4d gav…"]);
        assert_eq!(drawn(&card, 11), ["t_1a2b3c4d"]);
        assert_eq!(drawn(&card, 8), ["t_1a2b3…"]);
    }

    #[test]
    fn hostile_text_stays_on_its_lines() {
        let card = Card {
            id: "t_1".into(),
            title: "\u{1b}[2J\ry\n".into(),
            detail: Some("a\u{202e}b".into()),
            mark: Some("\u{7}".into()),
        };
        assert_eq!(
            drawn(&card, 16),
            ["t_1        \\u{7}", "\\u{1b}[2J\\ry\\n", "a\\u{202e}b"]
        );
    }
}
