//! Breaking one line of text over a few short ones, by display width.
//!
//! Lines break at spaces and between the wide characters of East Asian scripts; a word that is wider
//! than the line is broken where it must be. The text has been escaped before.

use unicode_width::UnicodeWidthStr;

use super::measure;
use super::style::Style;

/// The text on at most `most` lines of at most `width` columns (two or more); the last one is cut.
pub(super) fn wrap(text: &str, width: usize, most: usize, style: &Style) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() && lines.len() < most {
        let last = lines.len() + 1 == most;
        let end = if last {
            rest.len()
        } else {
            break_point(rest, width)
        };
        let (line, after) = rest.split_at(end);
        lines.push(measure::cut(line.trim_end(), width, style));
        rest = after.trim_start();
    }
    lines
}

/// Bytes of the text that go on the first line: all of it if it fits.
fn break_point(text: &str, width: usize) -> usize {
    let fits = measure::fitting(text, width);
    if fits == text.len() {
        return fits;
    }
    let (mut end, mut best) = (0, 0);
    let mut clusters = measure::clusters(text).peekable();
    while let Some(cluster) = clusters.next() {
        end += cluster.len();
        if end > fits {
            break;
        }
        if clusters.peek().is_some_and(|next| may_break(cluster, next)) {
            best = end;
        }
    }
    match (best, fits) {
        // Narrower than a single character: it is cut, but the text moves on.
        (0, 0) => measure::clusters(text).next().map_or(text.len(), str::len),
        (0, fits) => fits,
        (best, _) => best,
    }
}

fn may_break(before: &str, after: &str) -> bool {
    let space = |cluster: &str| cluster.starts_with(char::is_whitespace);
    let wide = |cluster: &str| cluster.width() == 2;
    space(before)
        || space(after)
        || ((wide(before) || wide(after)) && !closes(after) && !opens(before))
}

/// Punctuation that no line may begin with.
fn closes(cluster: &str) -> bool {
    cluster.starts_with(|c| "、。，．！？：；）」』】》〉〕］｝ー…,.!?:;)]}%".contains(c))
}

/// Punctuation that no line may end with.
fn opens(cluster: &str) -> bool {
    cluster.starts_with(|c| "（「『【《〈〔［｛([{".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn wrapped(text: &str, width: usize) -> Vec<String> {
        wrap(
            text,
            width,
            3,
            &Style {
                unicode: true,
                ..Style::plain()
            },
        )
    }

    #[test]
    fn lines_break_at_spaces_and_the_last_is_cut() {
        assert_eq!(
            wrapped("Write the release notes", 10),
            ["Write the", "release", "notes"]
        );
        assert_eq!(wrapped("ten chars! more", 10), ["ten chars!", "more"]);
        assert_eq!(
            wrapped("one two three four five", 5),
            ["one", "two", "thre…"]
        );
        assert_eq!(wrapped("  ", 5), Vec::<String>::new());
    }

    #[test]
    fn a_long_word_is_broken_where_it_must_be() {
        assert_eq!(
            wrapped("see https://a.example/b", 10),
            ["see", "https://a.", "example/b"]
        );
    }

    #[test]
    fn wide_characters_break_anywhere_but_before_closing_punctuation() {
        assert_eq!(wrapped("发布说明，第二版", 8), ["发布说", "明，第二", "版"]);
        assert_eq!(wrapped("修正 build 脚本", 8), ["修正", "build 脚", "本"]);
    }

    proptest! {
        #[test]
        fn every_line_fits_and_no_text_is_lost(text in "[a-z 日本語é\u{301}👩\u{200d}💻。(]{0,60}", width in 2_usize..20) {
            let style = Style::plain();
            let lines = wrap(&text, width, usize::MAX, &style);
            prop_assert!(lines.iter().all(|line| measure::width(line) <= width && !line.is_empty()));
            let solid = |text: &str| text.split_whitespace().collect::<String>();
            prop_assert_eq!(solid(&lines.concat()), solid(&text));
            prop_assert!(wrap(&text, width, 3, &style).len() <= 3);
        }
    }
}
