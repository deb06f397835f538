//! The schedulers that a tick can be run from: the text of systemd units, crontab lines and launchd agents.
//!
//! Values in, text out: no file is read or written here and no program is run. Each host has a file that
//! knows its way of quoting, its limits, and what its format would silently take for something else.

pub mod cron;
pub mod launchd;
pub mod systemd;

use std::ffi::OsStr;
use std::fmt;

use crate::board::id::Slug;
use crate::exit::Failure;
use crate::time::Seconds;

/// A value that can stand on one line of a text file: UTF-8 without control characters.
///
/// systemd ignores lines that are not UTF-8 and no host can quote a line break, so such a value is
/// refused before anything is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text(String);

impl Text {
    /// Checks a value; `what` names it in the refusal.
    pub fn new(what: &str, value: impl AsRef<OsStr>) -> Result<Self, Failure> {
        let value = value.as_ref();
        match value.to_str() {
            None => Err(Failure::usage(format!(
                "{what} is {value:?}, which is not UTF-8 and cannot be written into a timer"
            ))),
            Some(text) if text.chars().any(char::is_control) => Err(Failure::usage(format!(
                "{what} is {text:?}; a control character cannot be written into a timer"
            ))),
            Some(text) => Ok(Self(text.to_owned())),
        }
        .map_err(|failure| failure.hint("change the value, or move the file"))
    }

    /// The value.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a timer ticks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ticked {
    /// One board.
    Board(Slug),
    /// Every board of the home, those to come as well.
    All,
}

impl Ticked {
    /// The board, if it is one.
    pub fn board(&self) -> Option<&Slug> {
        match self {
            Self::Board(board) => Some(board),
            Self::All => None,
        }
    }

    /// A name that nothing else has: `stem`, for one board with its name behind it.
    fn named(&self, stem: &str, between: char) -> String {
        match self {
            Self::Board(board) => format!("{stem}{between}{board}"),
            Self::All => stem.to_owned(),
        }
    }
}

impl fmt::Display for Ticked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Board(board) => write!(f, "board {board}"),
            Self::All => f.write_str("all boards"),
        }
    }
}

/// What a timer is for, and by what the files and lines written for it are known again.
#[derive(Debug, Clone)]
pub struct Mark {
    /// What it ticks.
    pub ticked: Ticked,
    /// The home that this belongs to.
    pub home: Text,
}

const SEAL: &str = "kanban timer: ";

impl Mark {
    fn seal(&self) -> String {
        format!("{SEAL}{} of {}", self.ticked, self.home)
    }
}

/// What is to be run, and how often.
#[derive(Debug, Clone)]
pub struct Job {
    /// What is ticked, and its home.
    pub mark: Mark,
    /// This program; absolute.
    pub program: Text,
    /// The configuration file, if there is one; absolute.
    pub config: Option<Text>,
    /// Variables of a tick, and so of the workers that get them passed on.
    pub environment: Vec<(&'static str, Text)>,
    /// Seconds from one tick to the next; more than zero.
    pub every: Seconds,
}

impl Job {
    /// The arguments of the program.
    fn arguments(&self) -> Vec<&str> {
        let mut words = match &self.mark.ticked {
            Ticked::Board(board) => vec!["tick", "--board", board.as_str()],
            Ticked::All => vec!["tick", "--all"],
        };
        if let Some(config) = &self.config {
            words.extend(["--config", config.as_str()]);
        }
        words
    }
}

/// Whose a file or block is, by the seal in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// This board's of this home.
    Us,
    /// Written by this program for something else, most likely a board of this name in another home.
    Another,
    /// Not written by this program.
    Stranger,
}

/// Whose a text is, if ours would have the line `seal`.
pub fn owner(text: &str, seal: &str) -> Owner {
    if text.lines().any(|line| line == seal) {
        Owner::Us
    } else if text.contains(SEAL) {
        Owner::Another
    } else {
        Owner::Stranger
    }
}

/// What the timer ticks to which a file of this home belongs. `None`: the file has no seal of this home.
pub fn ticked_in(text: &str, home: &Text) -> Option<Ticked> {
    let of_home = format!(" of {home}");
    text.lines().find_map(|line| {
        let ticked = line.split_once(SEAL)?.1.strip_suffix(&of_home)?;
        match ticked.strip_prefix("board ") {
            Some(board) => board.parse().ok().map(Ticked::Board),
            None => (ticked == Ticked::All.to_string()).then_some(Ticked::All),
        }
    })
}

/// Whether a word needs no quotes in any shell or unit file.
fn is_plain(word: &str) -> bool {
    !word.is_empty()
        && word
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_@+=:,./-".contains(c))
}

/// A job for tests, with everything in it that has a meaning to somebody.
#[cfg(test)]
fn odd_job(every: Seconds) -> Job {
    let text = |value: &str| Text::new("a test value", value).unwrap();
    Job {
        mark: Mark {
            ticked: Ticked::Board("web-1".parse().unwrap()),
            home: text("/h/my 100% \"boards\""),
        },
        program: text("/opt/q $x 50%/kanban"),
        config: Some(text("/h/it's $HOME & <é>.toml")),
        environment: vec![
            ("PATH", text("/usr/bin:/h/a b:/50%d:/$x:/\"q\":/界")),
            ("HOME", text("/h")),
        ],
        every,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn a_value_that_no_line_can_hold_is_refused_with_its_name() {
        for bad in [&b"/a\nb"[..], b"/a\xff", b"/a\x1b[2J", b"/a\tb"] {
            let error = Text::new("PATH", OsStr::from_bytes(bad)).unwrap_err();
            assert!(error.to_string().starts_with("PATH is \"/a"), "{error}");
        }
        assert_eq!(Text::new("PATH", "/ü b").unwrap().as_str(), "/ü b");
    }

    #[test]
    fn a_text_is_ours_only_with_the_seal_of_this_board_and_home() {
        let seal = format!("# {}", odd_job(60).mark.seal());
        assert_eq!(owner(&format!("x\n{seal}\ny"), &seal), Owner::Us);
        assert_eq!(owner(&format!("{seal}/other\n"), &seal), Owner::Another);
        let mut all = odd_job(60).mark;
        all.ticked = Ticked::All;
        assert_eq!(owner(&all.seal(), &seal), Owner::Another);
        assert_eq!(owner("[Unit]\n", &seal), Owner::Stranger);
    }

    #[test]
    fn seal_states_what_is_ticked_to_its_own_home_only() {
        let Mark { ticked, home } = odd_job(60).mark;
        let text = |ticked: &Ticked| {
            let mark = Mark {
                ticked: ticked.clone(),
                home: home.clone(),
            };
            format!("# {}\n[Unit]\n", mark.seal())
        };
        assert_eq!(ticked_in(&text(&ticked), &home), Some(ticked.clone()));
        assert_eq!(ticked_in(&text(&Ticked::All), &home), Some(Ticked::All));
        let other = Text::new("the home", "/other").unwrap();
        assert_eq!(ticked_in(&text(&ticked), &other), None);
        assert_eq!(ticked_in("[Unit]\n", &home), None);
    }
}
