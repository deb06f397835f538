//! Text that others wrote, made safe for a terminal, and how wide it is there.
//!
//! A title or a log can hold anything. What could move the cursor, start a command of the terminal,
//! turn the reading direction or carry words that nobody sees is shown instead of obeyed, in one
//! form: `\n`, `\t` and `\r`, and `\u{1b}` with the hexadecimal code point for everything else. A
//! backslash stays as it is, so that paths and patterns read well and escaping twice changes nothing.
//!
//! Two kinds of invisible characters are part of ordinary writing and are kept, but only one at a
//! time and behind a visible character: the joiners U+200C and U+200D of Persian, Indic scripts and
//! compound emoji (behind a character beyond ASCII), and the variation selectors U+FE00–FE0F.

use std::iter;

pub use super::measure::{cut, width};

/// Columns from one tab stop to the next.
const TAB: usize = 8;

/// What a character does on a terminal.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Effect {
    /// Is drawn.
    Visible,
    /// Acts on the terminal or is not drawn at all.
    Hidden,
    /// Joins or parts the letters or emoji around it.
    Joiner,
    /// Picks a form of the character before it.
    Variation,
}

/// Text made safe for one line of a terminal.
pub fn line(text: &str) -> String {
    // Most texts are nothing but this, and lists are long.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut before = None;
    for c in text.chars() {
        before = push(&mut out, c, before);
    }
    out
}

/// Text made safe for a terminal with its lines kept: tabs become spaces, `\r\n` becomes `\n`.
pub fn block(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    // A tab ends at a tab stop, so that only what follows the last one counts for the next.
    let mut since = 0;
    let mut before = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        before = match c {
            '\r' if chars.peek() == Some(&'\n') => before,
            '\n' => {
                out.push(c);
                since = out.len();
                None
            }
            '\t' => {
                let column = width(&out[since..]);
                out.extend(iter::repeat_n(' ', TAB - column % TAB));
                since = out.len();
                None
            }
            c => push(&mut out, c, before),
        };
    }
    out
}

/// JSON text with the characters that [`line()`] would show written as `\uXXXX`, its newlines kept.
pub(super) fn json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '\n' || effect(c) != Effect::Hidden {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            out.push_str(&format!("\\u{unit:04x}"));
        }
    }
    out
}

/// Writes one character as it is or shown; returns what the next one may lean on.
fn push(out: &mut String, c: char, before: Option<char>) -> Option<char> {
    let kept = match (effect(c), before) {
        (Effect::Visible, _) => true,
        (Effect::Variation, Some(b)) => effect(b) == Effect::Visible,
        (Effect::Joiner, Some(b)) => !b.is_ascii() && effect(b) != Effect::Joiner,
        _ => false,
    };
    if kept {
        out.push(c);
        return Some(c);
    }
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c => out.extend(c.escape_unicode()),
    }
    None
}

fn effect(c: char) -> Effect {
    match c {
        ' '..='~' => Effect::Visible,
        '\u{200c}' | '\u{200d}' => Effect::Joiner,
        '\u{fe00}'..='\u{fe0f}' => Effect::Variation,
        c if c.is_control() || invisible(c) => Effect::Hidden,
        _ => Effect::Visible,
    }
}

/// Format characters beyond the control characters: direction, separators, fillers, tags.
fn invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}'
        | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}'
        | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}' | '\u{200e}' | '\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Text that tries to get at the terminal, in every script.
    pub(in crate::render) fn hostile() -> impl Strategy<Value = String> {
        let one = prop_oneof![
            any::<char>(),
            proptest::char::range('\0', '\u{a0}'),
            proptest::char::range('\u{2000}', '\u{2070}'),
            proptest::sample::select(
                "\u{1b}\r\n\t界語é\u{301}\u{200d}\u{200c}\u{fe0f}👩💻🏽🇨🇳❤ل ا\u{e0041}"
                    .chars()
                    .collect::<Vec<_>>()
            ),
        ];
        proptest::collection::vec(one, 0..60).prop_map(|chars| chars.into_iter().collect())
    }

    #[test]
    fn what_acts_on_a_terminal_is_shown() {
        assert_eq!(line("a\u{1b}[2Jb"), "a\\u{1b}[2Jb");
        assert_eq!(line("one\ntwo\tthree\r"), "one\\ntwo\\tthree\\r");
        assert_eq!(line("\u{9b}31m\u{7f}\0"), "\\u{9b}31m\\u{7f}\\u{0}");
        assert_eq!(line("pay \u{202e}001\u{2066}"), "pay \\u{202e}001\\u{2066}");
        assert_eq!(
            line("x\u{200b}y\u{feff}\u{e0041}\u{2028}"),
            "x\\u{200b}y\\u{feff}\\u{e0041}\\u{2028}"
        );
        assert_eq!(line(r"C:\new \d+"), r"C:\new \d+");
    }

    #[test]
    fn ordinary_writing_in_any_script_is_left_alone() {
        for text in [
            "café",
            "cafe\u{301}",
            "日本語",
            "می\u{200c}خواهم",
            "👩\u{200d}💻",
            "🏳\u{fe0f}\u{200d}🌈",
            "1\u{fe0f}\u{20e3}",
            "❤\u{fe0f}",
        ] {
            assert_eq!(line(text), text);
        }
        assert_eq!(line("a\u{200d}b"), "a\\u{200d}b");
        assert_eq!(line("👩\u{200d}\u{200d}💻"), "👩\u{200d}\\u{200d}💻");
        assert_eq!(
            line("❤\u{fe0f}\u{fe01}\u{fe02}"),
            "❤\u{fe0f}\\u{fe01}\\u{fe02}"
        );
        assert_eq!(line("\u{fe0f}"), "\\u{fe0f}");
    }

    #[test]
    fn a_block_keeps_its_lines_and_its_tab_stops() {
        assert_eq!(
            block("a\r\nb\rc\n\td\u{1b}[m"),
            "a\nb\\rc\n        d\\u{1b}[m"
        );
        assert_eq!(block("ab\tc\n日本\tc"), "ab      c\n日本    c");
    }

    proptest! {
        #[test]
        fn a_line_is_one_line_and_acts_on_nothing(text in hostile()) {
            let safe = line(&text);
            prop_assert!(!safe.chars().any(|c| c.is_control() || invisible(c)));
            prop_assert_eq!(safe.lines().count(), usize::from(!safe.is_empty()));
            prop_assert_eq!(line(&safe), safe);
        }

        #[test]
        fn a_block_has_the_lines_of_its_text(text in hostile()) {
            let safe = block(&text);
            prop_assert!(!safe.chars().any(|c| c != '\n' && (c.is_control() || invisible(c))));
            prop_assert_eq!(safe.matches('\n').count(), text.matches('\n').count());
            prop_assert_eq!(block(&safe), safe);
        }
    }
}
