//! The board file: the only place that speaks SQL, and the only one that touches the database.
//!
//! One file per family of tables. A [`Store`] is one connection; a process has one at a time. Every
//! change happens in [`Store::write`], one short IMMEDIATE transaction with no process, wait or
//! request inside. The rules of sharing a file with other programs live in [`open`].

pub mod attachments;
mod backup;
pub mod check;
mod checkpoint;
pub mod claims;
pub mod context;
pub mod deliveries;
pub mod export;
mod fields;
pub mod glance;
pub mod history;
pub mod import;
pub mod lanes;
pub mod late;
pub mod lifecycle;
pub mod links;
pub mod listing;
pub mod meta;
pub mod moved;
#[cfg(test)]
mod nulls;
mod open;
pub mod outbox;
pub mod outsiders;
pub mod overview;
pub mod pauses;
pub mod promotion;
pub mod quarantine;
mod restore;
pub mod retention;
pub mod runs;
#[cfg(test)]
pub mod scans;
mod schema;
pub mod settle;
pub mod stats;
pub mod subscriptions;
pub mod targets;
pub mod tasks;
pub mod telling;
mod transaction;
mod upgrade;
mod vacuum;

use std::path::{Path, PathBuf};

use anyhow::Result;
use rusqlite::{Connection, ErrorCode};

pub use checkpoint::Checkpoint;
use fields::Fields;
pub use open::{TURN, require_sqlite};
pub use restore::Origin;
/// What a read hands out: one consistent state of the board.
pub use rusqlite::Connection as Snapshot;
pub use transaction::{Commit, Tx};
use transaction::{Log, Writes};

use crate::exit::Failure;

/// An open board.
pub struct Store {
    conn: Connection,
    path: PathBuf,
    log: Log,
    writes: Writes,
}

impl Store {
    /// A number that is another one after somebody else changed the board. It only means something beside another
    /// one of the same connection.
    pub fn data_version(&self) -> Result<i64> {
        self.conn
            .query_row("PRAGMA data_version", [], |r| r.get(0))
            .map_err(|e| explain(e.into(), &self.path))
    }
}

/// [`explain`], and quarantines a board whose file turns out to be damaged.
fn condemn(error: anyhow::Error, path: &Path) -> anyhow::Error {
    // A board that is nowhere has no file.
    if let Some(said) = quarantine::damage(&error)
        && path.symlink_metadata().is_ok()
    {
        quarantine::set(path, &said);
    }
    explain(error, path)
}

/// Gives an error of SQLite its kind, its file and a way out; other errors pass as they are.
fn explain(error: anyhow::Error, path: &Path) -> anyhow::Error {
    let Some(rusqlite::Error::SqliteFailure(code, _)) = error.downcast_ref::<rusqlite::Error>()
    else {
        return error;
    };
    let shown = path.display();
    let failure = match code.code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Failure::try_again(format!(
            "the board {shown} is busy: another program is writing to it"
        ))
        .hint("nothing was changed; try again in a moment"),
        ErrorCode::NotADatabase => Failure::unusable(format!(
            "{shown} is not a board: it is not an SQLite database"
        ))
        .hint("if it was a board, kanban check tells the way back; else name another board"),
        ErrorCode::DatabaseCorrupt => {
            Failure::unusable(format!("the board {shown} is damaged ({error})"))
                .hint("it is quarantined; kanban check tells the way back")
        }
        ErrorCode::CannotOpen => {
            Failure::unusable(format!("cannot open the board {shown} ({error})"))
                .hint("check that the path is right and that this user may read and write it")
        }
        ErrorCode::ReadOnly => Failure::unusable(format!("the board {shown} is read-only"))
            .hint("give this user write access to the file and its folder"),
        ErrorCode::DiskFull => Failure::new(
            crate::exit::Kind::Failed,
            format!("the disk of {shown} is full; nothing was changed"),
        )
        .hint("free some space and run the same command again"),
        ErrorCode::SystemIoFailure => Failure::new(
            crate::exit::Kind::Failed,
            format!(
                "reading or writing {shown} failed ({error}); what was not confirmed is settled by the next tick"
            ),
        ),
        _ => return error,
    };
    failure.into()
}
