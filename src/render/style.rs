//! What the output may use: colour, width, glyphs beyond ASCII. Found out once per stream.
//!
//! Only this file looks at the environment and at the terminal for it, and only at what describes
//! them: `NO_COLOR`, `TERM`, `COLUMNS` and the locale.

use std::io::IsTerminal;
use std::os::fd::AsFd;

use crate::board::status::Status;

/// The width of a page that is not shown on a terminal.
const PIPE_WIDTH: usize = 100;

/// The width of a terminal that does not tell.
const TERMINAL_WIDTH: usize = 80;

/// Wider than any screen: what a stray `COLUMNS` may cost in memory has an end.
const WIDEST: usize = 1000;

/// What one output stream can show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Style {
    /// Colours may be used.
    pub colour: bool,
    /// Columns that there is room for.
    pub width: usize,
    /// Glyphs beyond ASCII may be used.
    pub unicode: bool,
    /// A person is looking: what is too wide is cut. In a pipe nothing is.
    pub terminal: bool,
}

/// Where a stream leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// To a file or to another program.
    Pipe,
    /// To a terminal, which may tell how wide it is.
    Terminal {
        /// Columns, if it told.
        columns: Option<usize>,
    },
}

impl Style {
    /// The style of standard output.
    pub fn stdout() -> Self {
        Self::detect(stream(&std::io::stdout()), variable)
    }

    /// The style that works everywhere: no colour, ASCII, nothing cut.
    #[cfg(test)]
    pub fn plain() -> Self {
        Self {
            colour: false,
            width: PIPE_WIDTH,
            unicode: false,
            terminal: false,
        }
    }

    /// The style for a stream in an environment.
    pub fn detect(stream: Stream, env: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| env(name).filter(|value| !value.is_empty());
        let (terminal, told, fallback) = match stream {
            Stream::Pipe => (false, None, PIPE_WIDTH),
            Stream::Terminal { columns } => (true, columns, TERMINAL_WIDTH),
        };
        let columns = || set("COLUMNS")?.trim().parse().ok();
        let dumb = set("TERM").is_some_and(|term| term == "dumb");
        Self {
            colour: terminal && set("NO_COLOR").is_none() && !dumb,
            width: told
                .or_else(columns)
                .filter(|&n| n > 0)
                .unwrap_or(fallback)
                .min(WIDEST),
            unicode: ["LC_ALL", "LC_CTYPE", "LANG"]
                .into_iter()
                .find_map(set)
                .is_some_and(|l| is_utf8(&l)),
            terminal,
        }
    }

    /// Text in a colour, if this style has colours.
    pub fn paint(&self, colour: Colour, text: &str) -> String {
        if !self.colour || text.is_empty() {
            return text.to_owned();
        }
        format!("\u{1b}[{}m{text}\u{1b}[0m", colour.code())
    }

    /// The glyphs of this style.
    pub fn glyphs(&self) -> &'static Glyphs {
        if self.unicode { &UNICODE } else { &ASCII }
    }
}

fn stream(stream: &(impl IsTerminal + AsFd)) -> Stream {
    if !stream.is_terminal() {
        return Stream::Pipe;
    }
    let size = rustix::termios::tcgetwinsize(stream).ok();
    Stream::Terminal {
        columns: size.map(|size| usize::from(size.ws_col)).filter(|&n| n > 0),
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

fn is_utf8(locale: &str) -> bool {
    let locale = locale.to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

/// A colour or weight of text, from the sixteen that every terminal lets its owner choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// Stands out.
    Bold,
    /// Steps back.
    Dim,
    /// Something is wrong.
    Red,
    /// Something is finished.
    Green,
    /// Something is going on.
    Yellow,
    /// Something waits.
    Blue,
    /// Something needs a look.
    Magenta,
    /// Something could start.
    Cyan,
}

impl Colour {
    fn code(self) -> u8 {
        match self {
            Self::Bold => 1,
            Self::Dim => 2,
            Self::Red => 31,
            Self::Green => 32,
            Self::Yellow => 33,
            Self::Blue => 34,
            Self::Magenta => 35,
            Self::Cyan => 36,
        }
    }
}

/// The colour of a column and of what is in it.
pub fn status_colour(status: &Status) -> Colour {
    match status {
        Status::Todo | Status::Scheduled => Colour::Blue,
        Status::Ready => Colour::Cyan,
        Status::Running => Colour::Yellow,
        Status::Triage | Status::Review => Colour::Magenta,
        Status::Blocked => Colour::Red,
        Status::Done => Colour::Green,
        Status::Cancelled => Colour::Dim,
        Status::Archived => Colour::Dim,
        Status::Other(_) => Colour::Bold,
    }
}

/// The characters that a style draws with.
#[derive(Debug, PartialEq, Eq)]
pub struct Glyphs {
    /// Stands for what was cut off.
    pub ellipsis: &'static str,
    /// Between two facts on one line.
    pub dot: &'static str,
    /// From one thing to another.
    pub arrow: &'static str,
    /// A horizontal line.
    pub horizontal: &'static str,
    /// A vertical line.
    pub vertical: &'static str,
    /// Left corner, joint and right corner of the upper edge of a frame.
    pub top: [&'static str; 3],
    /// Left corner, joint and right corner of the lower edge of a frame.
    pub bottom: [&'static str; 3],
}

const UNICODE: Glyphs = Glyphs {
    ellipsis: "…",
    dot: "·",
    arrow: "→",
    horizontal: "─",
    vertical: "│",
    top: ["╭", "┬", "╮"],
    bottom: ["╰", "┴", "╯"],
};

const ASCII: Glyphs = Glyphs {
    ellipsis: "...",
    dot: "-",
    arrow: "->",
    horizontal: "-",
    vertical: "|",
    top: ["+", "+", "+"],
    bottom: ["+", "+", "+"],
};

#[cfg(test)]
mod tests {
    use super::*;

    const SCREEN: Stream = Stream::Terminal { columns: Some(120) };

    fn detect(stream: Stream, env: &[(&str, &str)]) -> Style {
        Style::detect(stream, |name| {
            env.iter()
                .find(|(n, _)| *n == name)
                .map(|(_, v)| (*v).to_owned())
        })
    }

    #[test]
    fn colour_is_for_terminals_whose_owner_did_not_refuse_it() {
        assert!(detect(SCREEN, &[("TERM", "xterm")]).colour);
        assert!(detect(SCREEN, &[("NO_COLOR", "")]).colour);
        assert!(!detect(SCREEN, &[("NO_COLOR", "1")]).colour);
        assert!(!detect(SCREEN, &[("TERM", "dumb")]).colour);
        assert!(!detect(Stream::Pipe, &[]).colour);
    }

    #[test]
    fn the_width_is_what_the_terminal_says_then_what_the_environment_says() {
        let unknown = Stream::Terminal { columns: None };
        assert_eq!(detect(SCREEN, &[("COLUMNS", "50")]).width, 120);
        assert_eq!(detect(unknown, &[("COLUMNS", "50")]).width, 50);
        assert_eq!(detect(unknown, &[]).width, TERMINAL_WIDTH);
        assert_eq!(detect(Stream::Pipe, &[("COLUMNS", "50")]).width, 50);
        assert_eq!(detect(Stream::Pipe, &[("COLUMNS", "0")]).width, PIPE_WIDTH);
        assert_eq!(
            detect(Stream::Pipe, &[("COLUMNS", "wide")]).width,
            PIPE_WIDTH
        );
        assert_eq!(
            detect(Stream::Pipe, &[("COLUMNS", "4000000000")]).width,
            WIDEST
        );
    }

    #[test]
    fn the_first_locale_variable_that_is_set_decides_on_glyphs() {
        assert!(detect(SCREEN, &[("LANG", "de_DE.UTF-8")]).unicode);
        assert!(
            detect(
                SCREEN,
                &[("LC_ALL", ""), ("LC_CTYPE", "C.utf8"), ("LANG", "C")]
            )
            .unicode
        );
        assert!(!detect(SCREEN, &[("LC_ALL", "C"), ("LANG", "de_DE.UTF-8")]).unicode);
        assert!(!detect(SCREEN, &[]).unicode);
    }

    #[test]
    fn paint_is_for_styles_with_colour_and_leaves_nothing_on() {
        let colour = Style {
            colour: true,
            ..Style::plain()
        };
        assert_eq!(colour.paint(Colour::Red, "x"), "\u{1b}[31mx\u{1b}[0m");
        assert_eq!(colour.paint(Colour::Red, ""), "");
        assert_eq!(Style::plain().paint(Colour::Red, "x"), "x");
    }

    #[test]
    fn ascii_glyphs_are_ascii() {
        let ascii = format!("{:?}", Style::plain().glyphs());
        assert!(ascii.is_ascii());
    }

    #[test]
    fn what_needs_a_person_stands_out_among_the_columns() {
        let red: Vec<_> = Status::COLUMNS
            .into_iter()
            .filter(|s| status_colour(s) == Colour::Red)
            .collect();
        assert_eq!(red, [Status::Blocked]);
    }
}
