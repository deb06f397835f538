//! What people paused: a worker, or the whole board. Nothing of it is started until it is resumed; what
//! runs goes on.

use anyhow::Result;
use rusqlite::{Connection, params};
use serde::Serialize;

use super::Tx;
use crate::time::Seconds;

/// A pause.
#[derive(Debug, Clone, Serialize)]
pub struct Pause {
    /// `None`: the whole board.
    pub worker: Option<String>,
    pub since: Seconds,
    pub by: String,
    pub reason: Option<String>,
}

/// Everything that is paused; the board first.
pub fn list(conn: &Connection) -> Result<Vec<Pause>> {
    let mut statement =
        conn.prepare_cached("SELECT worker, since, by, reason FROM tick_pauses ORDER BY worker")?;
    let rows = statement.query_map([], |r| {
        let worker: String = r.get(0)?;
        Ok(Pause {
            worker: Some(worker).filter(|w| !w.is_empty()),
            since: r.get(1)?,
            by: r.get(2)?,
            reason: r.get(3)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Pauses a worker or the board. `false`: it was already.
pub fn pause(
    tx: &Tx<'_>,
    worker: Option<&str>,
    by: &str,
    reason: Option<&str>,
    now: Seconds,
) -> Result<bool> {
    Ok(tx.execute(
        "INSERT OR IGNORE INTO tick_pauses (worker, since, by, reason) VALUES (?1, ?2, ?3, ?4)",
        params![worker.unwrap_or(""), now, by, reason],
    )? == 1)
}

/// Resumes a worker or the board. `false`: it was not paused.
pub fn resume(tx: &Tx<'_>, worker: Option<&str>) -> Result<bool> {
    Ok(tx.execute(
        "DELETE FROM tick_pauses WHERE worker = ?1",
        [worker.unwrap_or("")],
    )? == 1)
}
