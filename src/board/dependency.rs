//! What an edge between two cards waits for.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// Which end of its parent lets a child go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Release {
    /// The parent is done, or was archived without having been cancelled.
    #[default]
    Success,
    /// The parent gave up: its breaker tripped and nobody has let it go again.
    Failure,
    /// The parent is done, gave up, was cancelled or archived.
    Any,
}

impl Release {
    const ALL: [Self; 3] = [Self::Success, Self::Failure, Self::Any];

    /// The text on the board file and the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Any => "any",
        }
    }
}

impl FromStr for Release {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|r| r.as_str() == text)
            .ok_or_else(|| format!("{text:?} is not success, failure or any"))
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Release {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_back() {
        for release in Release::ALL {
            assert_eq!(release.as_str().parse(), Ok(release));
        }
        assert!("maybe".parse::<Release>().is_err());
    }
}
