//! The mark on a board whose file is damaged: a file beside it, because nothing in it can be trusted any more.
//!
//! While it is there, nothing is started or written on the board; only a board that was checked or restored is
//! let go. No copy of the damaged file is made: nothing writes to it, so it is its own evidence, and a copy for
//! each tick that meets it would fill the disk.

use std::path::{Path, PathBuf};

use anyhow::Result;
use rusqlite::ErrorCode;
use serde::{Deserialize, Serialize};

use crate::exit::Failure;
use crate::fsx;
use crate::time::{self, Seconds};

/// What is known of the damage, and who was told of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Mark {
    /// Unix seconds; absent where the mark itself cannot be read.
    pub since: Option<Seconds>,
    /// What SQLite said.
    pub said: String,
    /// The program that met it.
    pub program: String,
    /// Its SQLite.
    pub sqlite: String,
    /// The one alert, by channel. It cannot be in the outbox, which is in the damaged file.
    pub told: Vec<Telling>,
}

/// How far telling one channel has come.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Telling {
    /// The channel.
    pub channel: String,
    /// The id of the message, the same at every try.
    pub id: String,
    /// Counted before a try begins: one that kills its tick counts.
    pub attempts: u32,
    /// Not before; absent once nothing more is sent.
    pub next_at: Option<Seconds>,
    /// When it was delivered.
    pub delivered_at: Option<Seconds>,
    /// What went wrong last.
    pub why: Option<String>,
}

impl Mark {
    /// What keeps a command from using the board.
    pub fn failure(&self, db: &Path) -> Failure {
        let since = self
            .since
            .map_or_else(String::new, |at| format!(" since {}", time::local(at)));
        Failure::unusable(format!(
            "the board {} is quarantined{since}: {}",
            db.display(),
            self.said
        ))
        .hint("kanban check tells the way back")
    }
}

/// The mark of a board.
pub fn file(db: &Path) -> PathBuf {
    of_real(&db.canonicalize().unwrap_or_else(|_| db.to_owned()))
}

fn of_real(db: &Path) -> PathBuf {
    let mut name = db.as_os_str().to_owned();
    name.push(".quarantine");
    name.into()
}

/// The mark of a board, if it has one. A mark that cannot be read is one all the same.
pub fn read(db: &Path) -> Option<Mark> {
    read_file(&file(db))
}

/// [`read`] for a path without links.
pub(super) fn beside(real: &Path) -> Option<Mark> {
    read_file(&of_real(real))
}

fn read_file(path: &Path) -> Option<Mark> {
    path.symlink_metadata().ok()?;
    let unreadable = |why: String| Mark {
        said: format!("its mark {} cannot be read ({why})", path.display()),
        ..Mark::default()
    };
    Some(match std::fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|e| unreadable(e.to_string())),
        Err(e) => unreadable(e.to_string()),
    })
}

/// Marks a board, unless it is marked already: what was found first is what is told.
pub fn set(db: &Path, said: &str) {
    let mark = Mark {
        since: time::now().ok(),
        said: said.to_owned(),
        program: format!("kanban {}", env!("CARGO_PKG_VERSION")),
        sqlite: rusqlite::version().to_owned(),
        told: Vec::new(),
    };
    // Whoever meets the damage next tries again; the damage itself is reported in any case.
    if let Err(e) = bytes(&mark).and_then(|text| fsx::put(&file(db), &text)) {
        log::warn!("cannot quarantine {}: {e:#}", db.display());
    }
}

/// Writes down how far the telling has come.
pub fn update(db: &Path, mark: &Mark) -> Result<()> {
    fsx::replace(&file(db), &bytes(mark)?)
}

/// Lets a board go. `false`: it was not marked.
pub fn lift(db: &Path) -> Result<bool> {
    fsx::remove(&file(db))
}

fn bytes(mark: &Mark) -> Result<Vec<u8>> {
    let mut text = serde_json::to_vec_pretty(mark)?;
    text.push(b'\n');
    Ok(text)
}

/// What an error says of the file, if it says that the file is damaged.
pub(super) fn damage(error: &anyhow::Error) -> Option<String> {
    match error.downcast_ref::<rusqlite::Error>()? {
        rusqlite::Error::SqliteFailure(code, _) => match code.code {
            ErrorCode::DatabaseCorrupt => Some(format!("it is damaged ({error})")),
            ErrorCode::NotADatabase => Some(format!("it is not an SQLite database ({error})")),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_set_once_and_stays_until_it_is_lifted() {
        let dir = tempfile::tempdir().unwrap();
        let db = dir.path().join("kanban.db");
        assert_eq!(read(&db), None);
        set(&db, "first");
        set(&db, "second");
        let mut mark = read(&db).unwrap();
        assert_eq!(mark.said, "first");
        mark.told.push(Telling::default());
        update(&db, &mark).unwrap();
        assert_eq!(read(&db), Some(mark));
        assert!(lift(&db).unwrap());
        assert!(!lift(&db).unwrap());
        assert_eq!(read(&db), None);
    }

    #[test]
    fn a_mark_that_cannot_be_read_is_a_mark() {
        let dir = tempfile::tempdir().unwrap();
        let db = dir.path().join("kanban.db");
        std::fs::write(file(&db), "{").unwrap();
        assert!(read(&db).unwrap().said.contains("cannot be read"));
    }
}
