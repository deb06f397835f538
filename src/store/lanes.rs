//! Workers that cannot be started here at present: no such program, no place for a workspace, no more
//! processes. That is no fault of a card, so the lane is held and its cards wait, uncharged.

use anyhow::Result;
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;

use super::Tx;
use crate::board::retry;
use crate::time::Seconds;

/// A lane that is held.
#[derive(Debug, Clone, Serialize)]
pub struct Lane {
    pub worker: String,
    /// Starts in a row that failed.
    pub failures: u32,
    pub since: Seconds,
    /// Then one start is tried.
    pub until: Seconds,
    pub error: String,
    /// The one start is under way.
    pub probing: bool,
}

/// Every lane that is held, or waits for the one start that would let it go.
pub fn list(conn: &Connection) -> Result<Vec<Lane>> {
    let mut statement = conn.prepare_cached(
        "SELECT l.worker, l.failures, l.since, l.until, l.error,
                EXISTS (SELECT 1 FROM tick_runs r WHERE r.dead = 0 AND r.worker = l.worker AND r.claimed_at >= l.until)
         FROM tick_lanes l ORDER BY l.worker",
    )?;
    let rows = statement.query_map([], |r| {
        Ok(Lane {
            worker: r.get(0)?,
            failures: r.get(1)?,
            since: r.get(2)?,
            until: r.get(3)?,
            error: r.get(4)?,
            probing: r.get(5)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Holds a lane, longer each time. `true`: it was not held before, so it is news.
pub fn hold(
    tx: &Tx<'_>,
    worker: &str,
    error: &str,
    delays: (Seconds, Seconds),
    now: Seconds,
) -> Result<bool> {
    let held: Option<(u32, Seconds)> = tx
        .query_row(
            "SELECT failures, until FROM tick_lanes WHERE worker = ?1",
            [worker],
            |r| Ok((r.get(0)?, r.get(1)?)),
        )
        .optional()?;
    // Several starts that failed together are one failure of the lane.
    if held.is_some_and(|(_, until)| until > now && until <= now + delays.1) {
        return Ok(false);
    }
    let failures = held.map_or(1, |(n, _)| n.saturating_add(1));
    let until = now.saturating_add(retry::delay(delays.0, delays.1, failures, worker).max(1));
    tx.execute(
        "INSERT INTO tick_lanes (worker, failures, since, until, error) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (worker) DO UPDATE SET failures = ?2, until = ?4, error = ?5",
        params![worker, failures, now, until, error],
    )?;
    Ok(held.is_none())
}

/// A worker that was claimed after its lane was held has been started: the lane is good again.
pub fn proven(tx: &Tx<'_>, worker: &str, claimed_at: Seconds) -> Result<()> {
    tx.execute(
        "DELETE FROM tick_lanes WHERE worker = ?1 AND since <= ?2",
        params![worker, claimed_at],
    )?;
    Ok(())
}

/// Lets a lane go. `true`: it was held.
pub fn release(tx: &Tx<'_>, worker: &str) -> Result<bool> {
    Ok(tx.execute("DELETE FROM tick_lanes WHERE worker = ?1", [worker])? == 1)
}
