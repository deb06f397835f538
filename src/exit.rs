//! The closed set of ways a command can fail, and the exit code of each.
//!
//! Every layer may make a [`Failure`]; only `main` turns one into a process exit. What is not a
//! [`Failure`] (a plain `anyhow` error) is [`Kind::Failed`].

use std::fmt;
use std::io::{self, Write};

/// Why a command did not do what it was asked to. The number is the exit code of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It was tried and did not work.
    Failed = 1,
    /// The command line or the configuration is wrong.
    Usage = 2,
    /// The board, card or run does not exist.
    NotFound = 3,
    /// The rules of the board forbid it.
    Refused = 4,
    /// The board file cannot be used: corrupt, not a board, read-only, of a newer schema.
    Unusable = 5,
    /// Locked or busy; the same command may work in a moment (`EX_TEMPFAIL` of sysexits.h).
    TryAgain = 75,
}

/// An error with a known exit code and, where there is one, a way out for the reader.
#[derive(Debug, Clone)]
pub struct Failure {
    /// Decides the exit code.
    pub kind: Kind,
    message: String,
    hint: Option<String>,
}

impl Failure {
    /// A failure that says what went wrong, on what.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            hint: None,
        }
    }

    /// Adds what the reader can do about it.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// [`Kind::Usage`]
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// [`Kind::NotFound`]
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Kind::NotFound, message)
    }

    /// [`Kind::Refused`]
    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(Kind::Refused, message)
    }

    /// [`Kind::Unusable`]
    pub fn unusable(message: impl Into<String>) -> Self {
        Self::new(Kind::Unusable, message)
    }

    /// [`Kind::TryAgain`]
    pub fn try_again(message: impl Into<String>) -> Self {
        Self::new(Kind::TryAgain, message)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Failure {}

/// The kind of an error: that of the outermost [`Failure`] in its chain of causes.
pub fn kind(error: &anyhow::Error) -> Kind {
    error
        .chain()
        .find_map(|cause| cause.downcast_ref::<Failure>())
        .map_or(Kind::Failed, |failure| failure.kind)
}

/// Reports on standard error what happened beside the result of the command. The work continues if it cannot be written.
pub fn notice(message: &str) {
    let _ = writeln!(io::stderr(), "{}", one_line(format!("kanban: {message}")));
}

/// The one line that reports an error: what was attempted, then each cause.
pub fn line(error: &anyhow::Error) -> String {
    let mut line = String::from("kanban: ");
    for (i, cause) in error.chain().enumerate() {
        if i > 0 {
            line.push_str(": ");
        }
        line.push_str(&cause.to_string());
    }
    one_line(line)
}

/// Text of cards and paths can be part of a message; it must not act on the terminal.
fn one_line(line: String) -> String {
    line.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn the_outermost_failure_decides_and_every_cause_is_told() {
        let error = Err::<(), _>(Failure::refused("a cycle").hint("unlink one edge"))
            .context("cannot link t_1")
            .unwrap_err();
        assert_eq!(kind(&error), Kind::Refused);
        assert_eq!(
            line(&error),
            "kanban: cannot link t_1: a cycle; unlink one edge"
        );
        assert_eq!(kind(&anyhow::anyhow!("other")), Kind::Failed);
    }

    #[test]
    fn an_error_line_is_one_line_and_cannot_act_on_a_terminal() {
        let error = anyhow::anyhow!("bad\n\u{1b}[2J title");
        assert_eq!(line(&error), "kanban: bad  [2J title");
    }
}
