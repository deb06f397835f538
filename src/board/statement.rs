//! What a worker says about its run, as a value: it is done where the run may speak for its card, and kept
//! as a late result where it no longer may.

use serde::Serialize;
use serde_json::{Map, Value};

use super::block::BlockKind;
use crate::time::Seconds;

/// The longest text of a statement, in bytes: far above any summary meant to be read.
pub const TEXT_MAX: usize = 65_536;
/// The longest metadata, in bytes of JSON.
pub const METADATA_MAX: usize = 65_536;

/// What a worker wants to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// The work is done.
    Complete,
    /// It cannot go on.
    Block,
    /// It goes on at a later time.
    Schedule,
    /// It is not to be done at all.
    Cancel,
    /// The work is done and somebody should look at it.
    RequestReview,
    /// The work that was looked at is not good yet.
    RequestChanges,
    /// Something is to be remembered.
    Comment,
    /// It is alive.
    Heartbeat,
    /// A card is to be made.
    Create,
    /// A card is to wait for another.
    Link,
    /// A file is to go with a card.
    Attach,
    /// A file is to be taken away.
    Detach,
}

impl Verb {
    /// The subcommand, which is also the text on the board file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Block => "block",
            Self::Schedule => "schedule",
            Self::Cancel => "cancel",
            Self::RequestReview => "request-review",
            Self::RequestChanges => "request-changes",
            Self::Comment => "comment",
            Self::Heartbeat => "heartbeat",
            Self::Create => "create",
            Self::Link => "link",
            Self::Attach => "attach",
            Self::Detach => "detach",
        }
    }

    /// Whether a worker may do it to cards other than its own.
    pub fn reaches_other_cards(self) -> bool {
        matches!(self, Self::Comment | Self::Create | Self::Link)
    }
}

/// A verb with what was said.
#[derive(Debug, Clone, Copy)]
pub struct Statement<'a> {
    pub verb: Verb,
    /// What came of the work.
    pub summary: Option<&'a str>,
    /// Facts about it, for programs.
    pub metadata: Option<&'a Metadata>,
    /// Why it cannot go on or is not good yet; what a comment says.
    pub reason: Option<&'a str>,
    /// What a blocked card waits for.
    pub kind: Option<BlockKind>,
    /// When a scheduled card may start again.
    pub at: Option<Seconds>,
}

impl Statement<'_> {
    /// A verb that says nothing which would be lost.
    pub fn bare(verb: Verb) -> Self {
        Self {
            verb,
            summary: None,
            metadata: None,
            reason: None,
            kind: None,
            at: None,
        }
    }

    /// Whether there is something to lose.
    pub fn is_worth_keeping(&self) -> bool {
        match self.verb {
            Verb::Complete | Verb::Block | Verb::RequestReview | Verb::RequestChanges => true,
            Verb::Comment => self.reason.is_some(),
            Verb::Schedule
            | Verb::Cancel
            | Verb::Heartbeat
            | Verb::Create
            | Verb::Link
            | Verb::Attach
            | Verb::Detach => false,
        }
    }
}

/// Facts about a run, as a JSON object.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Metadata(Map<String, Value>);

impl Metadata {
    /// Checks an object.
    pub fn new(facts: Map<String, Value>) -> Result<Self, String> {
        let metadata = Self(facts);
        match metadata.text().len() {
            len if len > METADATA_MAX => Err(format!(
                "the metadata has {len} bytes; {METADATA_MAX} at most"
            )),
            _ => Ok(metadata),
        }
    }

    /// As JSON.
    pub fn text(&self) -> String {
        serde_json::to_string(&self.0).unwrap_or_default()
    }

    /// A fact.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }
}

impl std::str::FromStr for Metadata {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.len() > METADATA_MAX {
            return Err(format!(
                "the metadata has {} bytes; {METADATA_MAX} at most",
                text.len()
            ));
        }
        match serde_json::from_str(text) {
            Ok(Value::Object(facts)) => Self::new(facts),
            Ok(_) => Err("it is no JSON object, such as {\"tests\": 12}".into()),
            Err(e) => Err(format!("it is no JSON: {e}")),
        }
    }
}

/// A summary or a reason as it is stored: without NUL bytes, not too long.
pub fn text(text: &str) -> Result<String, String> {
    if text.len() > TEXT_MAX {
        return Err(format!(
            "the text has {} bytes; {TEXT_MAX} at most",
            text.len()
        ));
    }
    if text.contains('\0') {
        return Err("the text has a NUL byte, which cannot be handed to a command".into());
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_an_object_and_not_too_long() {
        assert_eq!(
            r#"{"a":1}"#.parse::<Metadata>().unwrap().text(),
            r#"{"a":1}"#
        );
        for bad in ["", "1", "[1]", "null", "{", "{\"a\":}"] {
            assert!(bad.parse::<Metadata>().is_err(), "{bad}");
        }
        let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(METADATA_MAX));
        assert!(long.parse::<Metadata>().unwrap_err().contains("at most"));
    }

    #[test]
    fn texts_can_be_handed_to_commands() {
        assert!(text("a\nb").is_ok());
        assert!(text("a\0").is_err());
        assert!(text(&"x".repeat(TEXT_MAX + 1)).is_err());
    }
}
