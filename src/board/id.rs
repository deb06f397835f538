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
}
