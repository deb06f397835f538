//! Why a card is blocked, and when blocking it again and again is a loop.

use std::str::FromStr;

/// What a blocked card waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockKind {
    /// Another card, which it is linked to.
    Dependency,
    /// An answer of a person.
    NeedsInput,
    /// Something that its worker cannot do.
    Capability,
    /// Something that may pass by itself.
    Transient,
}

impl BlockKind {
    const ALL: [Self; 4] = [
        Self::Dependency,
        Self::NeedsInput,
        Self::Capability,
        Self::Transient,
    ];

    /// The text on the board file and the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dependency => "dependency",
            Self::NeedsInput => "needs_input",
            Self::Capability => "capability",
            Self::Transient => "transient",
        }
    }
}

impl FromStr for BlockKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|k| k.as_str() == text)
            .ok_or_else(|| {
                let known: Vec<_> = Self::ALL.map(Self::as_str).to_vec();
                format!(
                    "{text:?} is not a kind of block; there are {}",
                    known.join(", ")
                )
            })
    }
}

/// Blocks for the same cause, with an unblock in between, after which a card goes to triage: whoever lets
/// it go does not remove the cause (the figure is Hermes' own).
pub const RECURRENCE_LIMIT: i64 = 2;

/// How often a card has been blocked for the same cause now, given the last cause and count.
pub fn recurrences(last: Option<&str>, count: i64, cause: Option<BlockKind>) -> i64 {
    // A card that was never blocked has the same cause as one without a kind, but no count.
    if count > 0 && last == cause.map(BlockKind::as_str) {
        count + 1
    } else {
        1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_back() {
        for kind in BlockKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
        assert!(
            "x".parse::<BlockKind>()
                .unwrap_err()
                .contains("needs_input")
        );
    }

    #[test]
    fn only_the_same_cause_again_counts() {
        let input = Some(BlockKind::NeedsInput);
        assert_eq!(recurrences(None, 0, None), 1);
        assert_eq!(recurrences(None, 1, None), 2);
        assert_eq!(recurrences(Some("needs_input"), 1, input), 2);
        assert_eq!(recurrences(Some("capability"), 1, input), 1);
        assert_eq!(recurrences(None, 0, input), 1);
    }
}
