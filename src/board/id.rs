//! Names: of boards (slugs), of cards (task ids) and of runs (nonces).

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// The name of a board: `[a-z0-9][a-z0-9_-]{0,63}`, safe as a path component.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Slug(String);

impl Slug {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Slug {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let mut chars = text.chars();
        let ok = chars.next().is_some_and(fits) && chars.all(|c| fits(c) || c == '_' || c == '-');
        if ok && text.len() <= 64 {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!(
                "{text:?} is not a board name: 1 to 64 of a-z 0-9 _ -, the first a letter or digit"
            ))
        }
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The id of a card as it stands on the board: `t_` and 8 lower-case hex digits (4 in old Hermes boards).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct TaskId(String);

impl TaskId {
    /// A new id from 4 random bytes.
    pub fn from_random(bytes: [u8; 4]) -> Self {
        Self(format!("t_{:08x}", u32::from_be_bytes(bytes)))
    }

    /// An id read from a board, kept as it is.
    pub fn stored(text: String) -> Self {
        Self(text)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TaskId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix("t_").unwrap_or("");
        let hex = digits
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if (4..=16).contains(&digits.len()) && hex {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!("{text:?} is not a card id such as t_0a1b2c3d"))
        }
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A card as somebody names it: its id, or the beginning of one, with or without the `t_`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CardRef {
    /// As long as an id is; the board need not be asked which one is meant.
    Whole(TaskId),
    /// Shorter: the card whose id is this, else the only one whose id begins so.
    Beginning(String),
}

/// How many digits an id has, but for those of old Hermes boards.
const ID_DIGITS: usize = 8;
/// With fewer digits, most boards have several cards that could be meant.
const PREFIX_DIGITS: usize = 3;
/// The longest id that is believed to be one.
const ID_DIGITS_MAX: usize = 16;

impl FromStr for CardRef {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix("t_").unwrap_or(text).to_ascii_lowercase();
        let hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
        if !hex || !(PREFIX_DIGITS..=ID_DIGITS_MAX).contains(&digits.len()) {
            return Err(format!(
                "{text:?} is not a card id such as t_0a1b2c3d, nor the first {PREFIX_DIGITS} or more digits of one"
            ));
        }
        let id = format!("t_{digits}");
        Ok(match digits.len() >= ID_DIGITS {
            true => Self::Whole(TaskId(id)),
            false => Self::Beginning(id),
        })
    }
}

impl fmt::Display for CardRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Whole(id) => id.as_str(),
            Self::Beginning(text) => text,
        })
    }
}

/// 128 random bits that name a run's folder and mark everything that belongs to the run.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Nonce(String);

impl Nonce {
    /// A nonce from random bytes.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(format!("{:032x}", u128::from_be_bytes(bytes)))
    }

    /// The nonce as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Nonce {
    type Err = String;

    /// Only exactly what [`Nonce::from_random`] makes: a nonce becomes a path component.
    fn from_str(text: &str) -> Result<Self, String> {
        if text.len() == 32
            && text
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!("{text:?} is not a run nonce"))
        }
    }
}

impl fmt::Display for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a worker shows to report for itself: the number of its run, by which the run is found, and a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunToken(String);

impl RunToken {
    /// The token of a run.
    pub fn new(run: i64, secret: &Nonce) -> Self {
        Self(format!("{run}-{secret}"))
    }

    /// A token as somebody shows it; whether it is one is for the board to say.
    pub fn shown(text: String) -> Self {
        Self(text)
    }

    /// The token as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The run that it says it is of. Those of earlier releases do not say.
    pub fn run(&self) -> Option<i64> {
        self.0.split_once('-')?.0.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn board_names_are_safe_path_components() {
        for good in ["a", "0", "my-board_2", &"a".repeat(64)] {
            assert!(good.parse::<Slug>().is_ok(), "{good}");
        }
        for bad in [
            "",
            ".",
            "..",
            "-a",
            "_a",
            "A",
            "a/b",
            "a b",
            "ü",
            "a\n",
            &"a".repeat(65),
        ] {
            assert!(bad.parse::<Slug>().is_err(), "{bad}");
        }
    }

    #[test]
    fn ids_and_nonces_have_one_form() {
        let id = TaskId::from_random([0, 1, 0xab, 0xff]);
        assert_eq!(id.as_str(), "t_0001abff");
        assert_eq!(id.as_str().parse(), Ok(id));
        assert!("t_ABCD1234".parse::<TaskId>().is_err());
        assert!("../x".parse::<TaskId>().is_err());
        let nonce = Nonce::from_random([7; 16]);
        assert_eq!(nonce.as_str().parse(), Ok(nonce));
        assert!("..".parse::<Nonce>().is_err());
    }

    #[test]
    fn a_card_is_named_by_its_id_or_the_beginning_of_it() {
        let named = |text: &str| text.parse::<CardRef>().map(|card| card.to_string());
        let whole = |text: &str| matches!(text.parse(), Ok(CardRef::Whole(_)));
        for text in ["t_0a1b2c3d", "0a1b2c3d", "T_0a1b2c3d", "0A1B2C3D"] {
            let fits = !text.starts_with('T');
            assert_eq!(named(text).is_ok(), fits, "{text}");
            assert!(!fits || whole(text), "{text}");
        }
        for text in ["t_0a1", "0a1", "t_0A1"] {
            assert_eq!(named(text), Ok("t_0a1".into()), "{text}");
            assert!(!whole(text), "{text}");
        }
        assert!(whole("t_0a1b2c3d4e"));
        for bad in [
            "",
            "t_",
            "t_0a",
            "0a",
            "xyz",
            "t_0a1b%",
            "t_t_0a1",
            "../0a1",
            &"a".repeat(17),
        ] {
            assert!(named(bad).is_err(), "{bad}");
        }
    }
}
