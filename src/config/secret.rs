//! Secrets of channels: where they are, and reading them at the moment they are needed.
//!
//! A secret is never printed, and never part of what a configuration is shown as. One that stands in the
//! file itself is shown as [`HIDDEN`].

use std::fmt;
use std::io::Read;
use std::path::PathBuf;

use serde::{Deserialize, Serialize, Serializer};

/// What is shown instead of a secret.
const HIDDEN: &str = "(hidden)";
/// Far above any secret, far below what would hurt to read.
const SIZE_MAX: u64 = 64 * 1_024;

/// A secret in the file itself.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Hidden(String);

impl Hidden {
    /// The secret.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

impl Serialize for Hidden {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(HIDDEN)
    }
}

/// Where a secret is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Secret {
    /// In the configuration file.
    Literal(Hidden),
    /// In a variable of our environment.
    Env(String),
    /// In a file of its own.
    File(PathBuf),
    /// What a program prints.
    Command(Vec<String>),
}

/// Runs a program and returns what it prints.
pub type Ask<'a> = &'a dyn Fn(&[String]) -> Result<String, String>;

impl Secret {
    /// Reads it; white space around it is not part of it. An error says where it should have been.
    pub fn read(&self, ask: Ask) -> Result<String, String> {
        let (text, place) = match self {
            Self::Literal(hidden) => (hidden.reveal().to_owned(), "the configuration".to_owned()),
            Self::Env(name) => match std::env::var(name) {
                Ok(value) => (value, format!("the variable {name}")),
                Err(std::env::VarError::NotPresent) => {
                    return Err(format!("the variable {name} is not set"));
                }
                Err(_) => return Err(format!("the variable {name} is not UTF-8")),
            },
            Self::File(path) => (read_file(path)?, path.display().to_string()),
            Self::Command(command) => {
                let program = command.first().map_or("", String::as_str);
                (ask(command)?, format!("the output of {program}"))
            }
        };
        let text = text.trim();
        if text.is_empty() {
            return Err(format!("{place} is empty"));
        }
        if text.chars().any(|c| c.is_control() && !c.is_whitespace()) {
            return Err(format!("{place} has a control character"));
        }
        Ok(text.to_owned())
    }
}

fn read_file(path: &PathBuf) -> Result<String, String> {
    let shown = path.display();
    let cannot = |e: std::io::Error| format!("cannot read {shown}: {e}");
    let file = std::fs::File::open(path).map_err(cannot)?;
    if !file.metadata().map_err(cannot)?.is_file() {
        return Err(format!("{shown} is not a regular file"));
    }
    let mut text = String::new();
    file.take(SIZE_MAX + 1)
        .read_to_string(&mut text)
        .map_err(cannot)?;
    match text.len() as u64 > SIZE_MAX {
        true => Err(format!("{shown} is larger than {SIZE_MAX} bytes")),
        false => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn no(_: &[String]) -> Result<String, String> {
        Err("not asked".into())
    }

    #[test]
    fn a_secret_is_read_where_it_is_and_never_shown() {
        let literal: Hidden = toml::from_str::<toml::Value>("x = 's3cret'").unwrap()["x"]
            .clone()
            .try_into()
            .unwrap();
        assert_eq!(format!("{literal:?}"), HIDDEN);
        assert_eq!(serde_json::to_string(&literal).unwrap(), "\"(hidden)\"");
        assert_eq!(Secret::Literal(literal).read(&no), Ok("s3cret".into()));

        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("hook");
        std::fs::write(&path, " token\n").unwrap();
        assert_eq!(Secret::File(path.clone()).read(&no), Ok("token".into()));
        std::fs::write(&path, "\n").unwrap();
        assert!(
            Secret::File(path)
                .read(&no)
                .unwrap_err()
                .ends_with("is empty")
        );
        let folder = Secret::File(temp.path().to_owned()).read(&no);
        assert!(folder.unwrap_err().contains("not a regular file"));
        let none = Secret::Env("KANBAN_NO_SUCH_VARIABLE".into()).read(&no);
        assert!(none.unwrap_err().contains("is not set"));

        let asked = Secret::Command(vec!["pass".into(), "show".into()]);
        let pass = |command: &[String]| Ok(format!("{}\n", command.join("+")));
        assert_eq!(asked.read(&pass), Ok("pass+show".into()));
        assert_eq!(asked.read(&no), Err("not asked".into()));
    }
}
