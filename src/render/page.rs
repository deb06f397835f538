//! The parts of a page about one thing, as `show` prints it: headings, labelled facts, indented text.
//!
//! Each part ends its line. Nothing is cut here: a page is where one goes to see all of a text.

use super::escape;
use super::style::{Colour, Style};

/// Columns that a label takes, its gap included.
const LABEL: usize = 14;

/// What stands before each line of an indented text.
const INDENT: &str = "  ";

/// A line above a part of the page.
pub fn heading(style: &Style, text: &str) -> String {
    format!("{}\n", style.paint(Colour::Bold, &escape::line(text)))
}

/// A fact behind its label, aligned with the other facts of the page.
pub fn field(style: &Style, label: &str, value: &str) -> String {
    let value = escape::line(value);
    labelled(style, label, &value)
}

/// A fact in a colour.
pub fn field_in(style: &Style, colour: Colour, label: &str, value: &str) -> String {
    let value = style.paint(colour, &escape::line(value));
    labelled(style, label, &value)
}

fn labelled(style: &Style, label: &str, value: &str) -> String {
    let label = escape::line(label);
    let painted = style.paint(Colour::Dim, &label);
    if value.is_empty() {
        return format!("{painted}\n");
    }
    // A label that is too long pushes its own value aside and no other.
    let gap = LABEL.saturating_sub(escape::width(&label)).max(1);
    format!("{painted}{}{value}\n", " ".repeat(gap))
}

/// A text of several lines, each indented, none wrapped or coloured. A text without lines is nothing.
pub fn indented(_style: &Style, text: &str) -> String {
    let safe = escape::block(text);
    let mut out = String::with_capacity(safe.len() + INDENT.len());
    for line in safe.trim_end_matches(['\n', ' ']).lines() {
        if !line.is_empty() {
            out.push_str(INDENT);
            out.push_str(line);
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_aligned_by_what_is_seen() {
        let style = Style::plain();
        assert_eq!(field(&style, "status", "ready"), "status        ready\n");
        assert_eq!(field(&style, "担当", "coder"), "担当          coder\n");
        assert_eq!(
            field(&style, "a label that is long", "x"),
            "a label that is long x\n"
        );
        assert_eq!(field(&style, "worker", ""), "worker\n");
        assert_eq!(
            field(&style, "title", "a\n\u{1b}[2J"),
            "title         a\\n\\u{1b}[2J\n"
        );
    }

    #[test]
    fn colours_do_not_change_the_alignment() {
        let style = Style {
            colour: true,
            ..Style::plain()
        };
        assert_eq!(
            field_in(&style, Colour::Green, "status", "done"),
            "\u{1b}[2mstatus\u{1b}[0m        \u{1b}[32mdone\u{1b}[0m\n"
        );
        assert_eq!(heading(&style, "Runs"), "\u{1b}[1mRuns\u{1b}[0m\n");
    }

    #[test]
    fn a_text_is_indented_line_by_line() {
        let text = indented(&Style::plain(), "one\r\n\n\ttwo\u{1b}[2J\n\n");
        assert_eq!(text, "  one\n\n          two\\u{1b}[2J\n");
        assert_eq!(indented(&Style::plain(), "\n"), "");
        assert_eq!(indented(&Style::plain(), ""), "");
    }
}
