//! The column a card is in, and which moves an operator may make.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// The column of a card. What other programs write and we do not know is kept as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// Not specified well enough to be worked on.
    Triage,
    /// Waits for its parents.
    Todo,
    /// Waits for a moment in time.
    Scheduled,
    /// May be started.
    Ready,
    /// A worker has it.
    Running,
    /// Waits for a reviewer.
    Review,
    /// Waits for a person; leaves only by an unblock.
    Blocked,
    /// Finished.
    Done,
    /// Given up by somebody: not done, so it releases nobody who waits for a success.
    Cancelled,
    /// Put away.
    Archived,
    /// A status that another program wrote.
    Other(String),
}

impl Status {
    /// The columns in the order in which people look at a board.
    pub const COLUMNS: [Self; 10] = [
        Self::Triage,
        Self::Todo,
        Self::Scheduled,
        Self::Ready,
        Self::Running,
        Self::Review,
        Self::Blocked,
        Self::Done,
        Self::Cancelled,
        Self::Archived,
    ];

    /// The text on the board file.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Triage => "triage",
            Self::Todo => "todo",
            Self::Scheduled => "scheduled",
            Self::Ready => "ready",
            Self::Running => "running",
            Self::Review => "review",
            Self::Blocked => "blocked",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
            Self::Archived => "archived",
            Self::Other(text) => text,
        }
    }

    /// The status behind a text of the board file.
    pub fn stored(text: String) -> Self {
        Self::COLUMNS
            .into_iter()
            .find(|s| s.as_str() == text)
            .unwrap_or(Self::Other(text))
    }

    /// Whether a card in this column can be completed by a person.
    pub fn can_complete(&self) -> bool {
        matches!(
            self,
            Self::Triage
                | Self::Todo
                | Self::Scheduled
                | Self::Ready
                | Self::Running
                | Self::Review
                | Self::Blocked
        )
    }

    /// Whether a card in this column is at an end: nobody will work on it unless somebody takes it up again.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Done | Self::Cancelled | Self::Archived)
    }

    /// Whether a card in this column can be blocked.
    pub fn can_block(&self) -> bool {
        matches!(
            self,
            Self::Triage
                | Self::Todo
                | Self::Scheduled
                | Self::Ready
                | Self::Running
                | Self::Review
        )
    }
}

impl FromStr for Status {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match Self::stored(text.to_owned()) {
            Self::Other(_) => {
                let known: Vec<_> = Self::COLUMNS.iter().map(Self::as_str).collect();
                Err(format!(
                    "{text:?} is not a column; there are {}",
                    known.join(", ")
                ))
            }
            status => Ok(status),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Status {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_has_one_text_form_and_unknown_ones_survive() {
        for status in Status::COLUMNS {
            assert_eq!(Status::stored(status.as_str().to_owned()), status);
            assert_eq!(status.as_str().parse(), Ok(status));
        }
        assert_eq!(Status::stored("frozen".into()).as_str(), "frozen");
        assert!("frozen".parse::<Status>().is_err());
    }
}
