//! The names of files that are attached to cards.
//!
//! A name becomes a path component here, in Hermes and in the hands of workers, and is shown on terminals: what
//! could lead elsewhere or act there is refused, not repaired.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// The longest name, in bytes: file systems take 255, and a number may have to be added.
const NAME_MAX: usize = 200;

/// A name that is safe as a path component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct FileName(String);

impl FileName {
    /// The name for a file when this and all lower numbers are taken: `report (1).pdf`, as Hermes writes it.
    pub fn numbered(&self, number: u32) -> String {
        match self.0.split_once('.') {
            Some((stem, ending)) => format!("{stem} ({number}).{ending}"),
            None => format!("{} ({number})", self.0),
        }
    }
}

impl FromStr for FileName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let problem = if text.trim().is_empty() {
            "it is empty"
        } else if text.len() > NAME_MAX {
            "it is longer than 200 bytes"
        } else if text.starts_with('.') {
            "it begins with a full stop"
        } else if text.contains(['/', '\\']) {
            "it has a separator of folders in it"
        } else if text != text.trim() {
            "it begins or ends with a blank"
        } else if text.chars().any(hides) {
            "it has a character in it that cannot be seen"
        } else {
            return Ok(Self(text.to_owned()));
        };
        Err(format!(
            "{text:?} cannot be the name of an attachment: {problem}"
        ))
    }
}

/// Control characters, and those that change how the others are shown.
fn hides(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_visible_path_component() {
        for good in [
            "a",
            "report.pdf",
            "a b (2).tar.gz",
            "-x",
            "übung.txt",
            "日本.md",
        ] {
            assert_eq!(good.parse::<FileName>().unwrap().to_string(), good);
        }
        for bad in [
            "",
            " ",
            ".",
            "..",
            ".profile",
            "a/b",
            "/a",
            "a\\b",
            " a",
            "a ",
            "a\nb",
            "a\u{0}",
            "a\u{1b}[2J",
            "a\u{202e}fdp",
            "a\u{feff}",
            &"x".repeat(201),
        ] {
            assert!(bad.parse::<FileName>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_taken_name_gets_a_number_before_its_ending() {
        let numbered = |name: &str| name.parse::<FileName>().unwrap().numbered(2);
        assert_eq!(numbered("a.tar.gz"), "a (2).tar.gz");
        assert_eq!(numbered("notes"), "notes (2)");
    }
}
