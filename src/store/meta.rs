//! What the board remembers of its ticks.

use anyhow::Result;
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use serde_json::Value;

use super::Tx;
use crate::time::Seconds;

/// A number that is remembered under a name.
pub fn number(conn: &Connection, key: &str) -> Result<Option<i64>> {
    Ok(conn
        .prepare_cached("SELECT value FROM tick_meta WHERE key = ?1")?
        .query_row([key], |r| r.get(0))
        .optional()?)
}

/// Remembers a number under a name.
pub fn remember(tx: &Tx<'_>, key: &str, value: i64) -> Result<()> {
    tx.execute(
        "INSERT INTO tick_meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2",
        params![key, value],
    )?;
    Ok(())
}

/// Gives a board another number, so that no delivery of it is taken for one of another board.
pub fn renumber(conn: &Connection) -> Result<()> {
    conn.execute(
        "UPDATE tick_meta SET value = random() & 0x7fffffffffffffff WHERE key = 'board'",
        [],
    )?;
    Ok(())
}

/// The last tick that had something to do.
#[derive(Debug, Clone, Serialize)]
pub struct LastTick {
    pub started_at: Seconds,
    pub ended_at: Seconds,
    pub pid: u32,
    /// Counts per pass.
    pub counts: Value,
    /// What kept it from doing everything, if anything did.
    pub error: Option<String>,
}

/// Replaces the record of the last tick.
pub fn record_tick(tx: &Tx<'_>, tick: &LastTick) -> Result<()> {
    tx.execute(
        "INSERT INTO tick_last (one, started_at, ended_at, pid, counts, error) VALUES (1, ?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (one) DO UPDATE SET started_at = ?1, ended_at = ?2, pid = ?3, counts = ?4, error = ?5",
        params![tick.started_at, tick.ended_at, tick.pid, tick.counts.to_string(), tick.error],
    )?;
    Ok(())
}

/// Brings the record of a tick up to date, unless another tick has left its own since.
pub fn amend_tick(tx: &Tx<'_>, tick: &LastTick) -> Result<()> {
    tx.execute(
        "UPDATE tick_last SET ended_at = ?2, counts = ?4, error = ?5 WHERE started_at = ?1 AND pid = ?3",
        params![tick.started_at, tick.ended_at, tick.pid, tick.counts.to_string(), tick.error],
    )?;
    Ok(())
}

/// The record of the last tick that had something to do.
pub fn last_tick(conn: &Connection) -> Result<Option<LastTick>> {
    let found = conn
        .query_row(
            "SELECT started_at, ended_at, pid, counts, error FROM tick_last",
            [],
            |r| {
                let counts: String = r.get(3)?;
                Ok(LastTick {
                    started_at: r.get(0)?,
                    ended_at: r.get(1)?,
                    pid: r.get(2)?,
                    counts: serde_json::from_str(&counts).unwrap_or(Value::String(counts)),
                    error: r.get(4)?,
                })
            },
        )
        .optional()?;
    Ok(found)
}
