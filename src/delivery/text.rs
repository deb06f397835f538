//! Text that others wrote, made safe for a channel and cut in the channel's own unit.
//!
//! Everything is escaped first and measured after, piece by piece, so that a cut never splits an escape
//! sequence, a surrogate pair or what is seen as one character.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;

/// What stands where text was left out.
const MARK: &str = "…";

/// Keeps a character from being read together with the one before it (zero width space).
const PARTED: char = '\u{200b}';

/// What a channel counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Bytes of UTF-8.
    Bytes,
    /// UTF-16 code units: never fewer than characters, so it is safe where a vendor says "characters".
    Utf16,
    /// Bytes of UTF-8 inside a JSON string, for limits on a whole request.
    Json,
}

impl Unit {
    /// How long a text is.
    pub fn measure(self, text: &str) -> usize {
        match self {
            Self::Bytes => text.len(),
            Self::Utf16 => text.encode_utf16().count(),
            Self::Json => text.chars().map(json_bytes).sum(),
        }
    }
}

/// Bytes of a character in a JSON string as serde_json writes it.
fn json_bytes(c: char) -> usize {
    match c {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        c if c < ' ' => 6,
        c => c.len_utf8(),
    }
}

/// How a channel wants text.
#[derive(Debug, Clone, Copy)]
pub struct Dialect {
    /// What a character that could mean something there is replaced with. `None`: it is harmless.
    pub escape: fn(char) -> Option<Cow<'static, str>>,
    /// What its limit counts.
    pub unit: Unit,
}

impl Dialect {
    /// Text without any meaning of its own, limited in `unit`.
    pub const fn plain(unit: Unit) -> Self {
        Self {
            escape: |_| None,
            unit,
        }
    }

    /// A whole text, escaped.
    pub fn escaped(&self, text: &str) -> String {
        self.fit(text, usize::MAX)
    }

    /// A text, escaped, of at most `max` units with a mark where something was left out.
    pub fn fit(&self, text: &str, max: usize) -> String {
        let mark = self.unit.measure(MARK);
        let (mut out, mut used) = (String::with_capacity(text.len().min(max)), 0);
        // Where the mark would have to stand, should the text turn out to be too long.
        let mut cut = 0;
        for piece in text.graphemes(true) {
            let start = out.len();
            for c in piece.chars() {
                match (self.escape)(c) {
                    None => out.push(c),
                    Some(instead) => out.push_str(&instead),
                }
            }
            used += self.unit.measure(&out[start..]);
            if used > max {
                out.truncate(cut);
                if max >= mark {
                    out.push_str(MARK);
                }
                return out;
            }
            if used.saturating_add(mark) <= max {
                cut = out.len();
            }
        }
        out
    }
}

/// Takes out what acts instead of being read: control characters but newline and tab, marks that turn the
/// direction of reading, and characters that Unicode reserves.
pub fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' if chars.peek() == Some(&'\n') => {}
            '\r' | '\u{2028}' | '\u{2029}' => out.push('\n'),
            '\n' | '\t' => out.push(c),
            c if c.is_control() => {}
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => {}
            c => out.push(c),
        }
    }
    out
}

/// [`clean`], on one line.
pub fn one_line(text: &str) -> String {
    let clean = clean(text);
    let words: Vec<&str> = clean
        .split(['\n', '\t'])
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect();
    words.join(" ")
}

/// `&`, `<` and `>` as entities: Slack, HTML of Telegram, Matrix and Pushover.
pub fn html(c: char) -> Option<Cow<'static, str>> {
    Some(Cow::Borrowed(match c {
        '&' => "&amp;",
        '<' => "&lt;",
        '>' => "&gt;",
        _ => return None,
    }))
}

/// `c` behind a backslash, for the dialects of Markdown.
pub fn backslashed(c: char) -> Option<Cow<'static, str>> {
    Some(Cow::Owned(format!("\\{c}")))
}

/// `c` with an invisible character behind it, where there is no way to escape it.
pub fn parted(c: char) -> Option<Cow<'static, str>> {
    Some(Cow::Owned(format!("{c}{PARTED}")))
}

/// `<` parted from what follows, where `<name>` calls somebody and has no escape.
pub fn untagged(c: char) -> Option<Cow<'static, str>> {
    (c == '<').then(|| parted(c)).flatten()
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A title that tries to reach people and machines in every channel at once.
    pub const HOSTILE: &str = r#"<!channel> <@U1> @everyone <at user_id="all">x</at> <users/all> *b* _i_ [l](http://e.x) `c` & 100%"#;

    const PLAIN: Dialect = Dialect::plain(Unit::Bytes);

    #[test]
    fn units_count_what_vendors_count() {
        for (text, bytes, utf16) in [("任务完成✅🚀", 19, 7), ("👩‍👩‍👧‍👦", 25, 11), ("e\u{301}", 3, 2)]
        {
            assert_eq!(Unit::Bytes.measure(text), bytes, "{text}");
            assert_eq!(Unit::Utf16.measure(text), utf16, "{text}");
        }
        for text in ["a\"\\\n\u{1}é🚀\u{8}\u{7f}", "\u{1f}\t\r\u{c}</>"] {
            let json = serde_json::to_string(text).unwrap();
            assert_eq!(Unit::Json.measure(text), json.len() - 2, "{text:?}");
        }
    }

    #[test]
    fn a_cut_falls_between_what_is_seen_and_leaves_room_for_its_mark() {
        assert_eq!(PLAIN.fit("abcdef", 6), "abcdef");
        assert_eq!(PLAIN.fit("abcdefg", 6), "abc…");
        assert_eq!(PLAIN.fit("abc", 2), "");
        let utf16 = Dialect::plain(Unit::Utf16);
        assert_eq!(utf16.fit("🚀🚀🚀", 5), "🚀🚀…");
        assert_eq!(utf16.fit("🚀🚀🚀", 4), "🚀…");
        assert_eq!(utf16.fit("a👩‍👩‍👧‍👦b", 11), "a…");
        let escaping = Dialect {
            escape: html,
            unit: Unit::Utf16,
        };
        assert_eq!(escaping.fit("a&b&c", 8), "a&amp;b…");
        assert_eq!(escaping.fit("a&b&c", 7), "a&amp;…");
        assert_eq!(escaping.fit("a&b&c", 6), "a…");
        let rockets = "🚀".repeat(10_000);
        for max in 0..40 {
            for unit in [Unit::Bytes, Unit::Utf16, Unit::Json] {
                let cut = Dialect::plain(unit).fit(&rockets, max);
                assert!(unit.measure(&cut) <= max, "{unit:?} {max}: {cut}");
            }
        }
    }

    #[test]
    fn what_acts_is_taken_out() {
        assert_eq!(
            clean("a\u{1b}[2J\0b\r\nc\td\u{202e}e\u{2066}\u{85}"),
            "a[2Jb\nc\tde"
        );
        assert_eq!(one_line(" a\r\n\tb \u{2028} c\n"), "a b c");
        assert_eq!(one_line("\n"), "");
        // Joined emoji and combining marks are writing, not tricks.
        assert_eq!(clean("👩‍👩‍👧‍👦e\u{301}"), "👩‍👩‍👧‍👦e\u{301}");
    }

    #[test]
    fn the_hostile_title_pings_nobody_where_markup_is_html() {
        let html = Dialect {
            escape: html,
            unit: Unit::Bytes,
        };
        assert_eq!(
            html.escaped(HOSTILE),
            r#"&lt;!channel&gt; &lt;@U1&gt; @everyone &lt;at user_id="all"&gt;x&lt;/at&gt; &lt;users/all&gt; *b* _i_ [l](http://e.x) `c` &amp; 100%"#
        );
    }
}
