//! How wide a text is on a terminal, and how to make it narrower.
//!
//! Everything here counts in clusters: a character with its marks, a compound emoji, a flag. None is
//! ever split. A compound emoji counts as two columns; a terminal that does not know one shows its
//! parts, which is the one case in which a frame can look bent.

use std::iter;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::style::Style;

/// The most characters that may grow into one drawn unit; the longest emoji in use has ten.
const LONGEST_CLUSTER: usize = 32;

/// How many columns a text takes on a terminal.
pub fn width(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    clusters(text).map(UnicodeWidthStr::width).sum()
}

/// Text that is at most `width` columns wide; what was cut off is marked. Escape first, then cut.
pub fn cut(text: &str, width: usize, style: &Style) -> String {
    if self::width(text) <= width {
        return text.to_owned();
    }
    let mark = style.glyphs().ellipsis;
    let room = width.saturating_sub(self::width(mark));
    let kept = &text[..fitting(text, room)];
    let marked: String = kept.trim_end().chars().chain(mark.chars()).collect();
    // A column narrower than the mark itself gets as much of it as there is room for.
    let end = fitting(&marked, width);
    marked[..end].to_owned()
}

/// Bytes of the longest beginning of a text that fits into a width, whole clusters only.
pub(super) fn fitting(text: &str, width: usize) -> usize {
    let (mut end, mut used) = (0, 0);
    for cluster in clusters(text) {
        used += cluster.width();
        if used > width {
            break;
        }
        end += cluster.len();
    }
    end
}

/// The drawn units of a text: a character with all that has no place of its own without it.
pub(super) fn clusters(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    iter::from_fn(move || {
        let (cluster, after) = rest.split_at(cluster_end(rest)?);
        rest = after;
        Some(cluster)
    })
}

fn cluster_end(text: &str) -> Option<usize> {
    let mut chars = text.char_indices();
    let (_, first) = chars.next()?;
    for (count, (at, c)) in chars.enumerate() {
        if !joins(&text[..at], first, count, c, &text[..at + c.len_utf8()]) {
            return Some(at);
        }
    }
    Some(text.len())
}

/// Whether a character belongs to the cluster before it: marks do, the second half of a flag, and
/// what makes it no wider (skin tones, joined emoji, ligatures).
fn joins(cluster: &str, first: char, count: usize, c: char, joined: &str) -> bool {
    let flag = |c| ('\u{1f1e6}'..='\u{1f1ff}').contains(&c);
    if c.is_ascii() {
        return false;
    }
    c.width() == Some(0)
        || (count == 0 && flag(first) && flag(c))
        || (count < LONGEST_CLUSTER && joined.width() <= cluster.width())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::escape::{line, tests::hostile};
    use proptest::prelude::*;

    #[test]
    fn widths_are_those_of_a_terminal() {
        for (text, columns) in [
            ("", 0),
            ("abc", 3),
            ("日本", 4),
            ("cafe\u{301}", 4),
            ("👩\u{200d}💻", 2),
            ("👍🏽", 2),
            ("🇨🇳", 2),
            ("❤\u{fe0f}", 2),
        ] {
            assert_eq!(width(text), columns, "{text}");
        }
    }

    #[test]
    fn cutting_marks_the_cut_and_splits_nothing() {
        let (unicode, ascii) = (
            Style {
                unicode: true,
                ..Style::plain()
            },
            Style::plain(),
        );
        assert_eq!(cut("short", 5, &unicode), "short");
        assert_eq!(cut("longer", 5, &unicode), "long…");
        assert_eq!(cut("longer", 5, &ascii), "lo...");
        assert_eq!(cut("two words", 5, &unicode), "two…");
        assert_eq!(cut("日本語", 5, &unicode), "日本…");
        assert_eq!(cut("日本語", 4, &unicode), "日…");
        assert_eq!(cut("cafe\u{301}s are", 5, &unicode), "cafe\u{301}…");
        assert_eq!(
            cut("👩\u{200d}💻👩\u{200d}💻", 3, &unicode),
            "👩\u{200d}💻…"
        );
        assert_eq!(cut("longer", 2, &ascii), "..");
        assert_eq!(cut("longer", 0, &unicode), "");
    }

    proptest! {
        #[test]
        fn a_cut_text_fits(text in hostile(), columns in 0_usize..40, unicode: bool) {
            let style = Style { unicode, ..Style::plain() };
            let safe = line(&text);
            let short = cut(&safe, columns, &style);
            prop_assert!(width(&short) <= columns);
            prop_assert!(short.width() <= columns, "{short:?}");
            prop_assert_eq!(short == safe, width(&safe) <= columns);
        }

        #[test]
        fn clusters_lose_nothing(text in hostile()) {
            prop_assert_eq!(clusters(&text).collect::<String>(), text);
        }
    }
}
