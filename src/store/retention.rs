//! What is old enough to be removed: events and runs of cards that were finished long ago.
//!
//! Looking comes first and without a lock; what is removed is asked again in its own transaction. An event stays
//! while somebody has still to be told of it: until it was announced, and where a card has subscribers of Hermes.
//! Of a card that is in play, only what says nothing for long is removed.

use anyhow::Result;
use rusqlite::{Connection, params};
use serde::Serialize;

use super::{Tx, meta, schema};
use crate::board::id::TaskId;
use crate::time::Seconds;

/// Rows that are looked at together, and removed in one transaction at most: other writers wait for milliseconds.
const CHUNK: i64 = 2_000;

/// What is or would be removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Freed {
    /// How many.
    pub count: u64,
    /// Bytes, about.
    pub bytes: u64,
}

impl std::ops::AddAssign for Freed {
    fn add_assign(&mut self, more: Self) {
        self.count += more.count;
        self.bytes += more.bytes;
    }
}

/// Rows of one kind that may go.
#[derive(Debug, Default)]
pub struct Batch {
    pub ids: Vec<i64>,
    pub freed: Freed,
    /// The last row that was looked at.
    pub last: i64,
    /// Nothing that is old enough comes after it.
    pub is_last: bool,
}

/// A kind of rows that grow without end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    Events,
    Runs,
}

/// "The card of the row is at an end for long enough, or gone", over `tasks t` joined from the left.
const OVER: &str =
    "(t.id IS NULL OR (t.status IN ('done', 'cancelled', 'archived') AND coalesce(t.completed_at, t.created_at) < ?1))
     AND NOT EXISTS (SELECT 1 FROM tick_runs a WHERE a.task_id = x.task_id AND a.dead = 0)";

/// Whether a card was finished before this time, and none of its processes is left. Not one that is gone from the
/// board: deleting is somebody else's deed, and what it left is theirs to look at.
pub fn is_over(conn: &Connection, card: &TaskId, before: Seconds) -> Result<bool> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT 1 FROM (SELECT ?2 AS task_id) x JOIN tasks t ON t.id = x.task_id WHERE {OVER}"
    ))?;
    Ok(statement.exists((before, card.as_str()))?)
}

/// Some cards of a board, of which those are named that are over.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Part {
    pub cards: Vec<TaskId>,
    /// After which place the next part begins; 0 when this was the last.
    pub next: i64,
}

/// [`is_over`] for the cards after a place, in the order in which the board has them.
pub fn next_over(conn: &Connection, after: i64, limit: u32, before: Seconds) -> Result<Part> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT x.place, x.task_id, {OVER}
         FROM (SELECT rowid AS place, id AS task_id FROM tasks WHERE rowid > ?2 ORDER BY rowid LIMIT ?3) x
         CROSS JOIN tasks t ON t.rowid = x.place ORDER BY x.place"
    ))?;
    let mut found = statement.query(params![before, after, limit])?;
    let (mut part, mut seen) = (Part::default(), 0);
    while let Some(row) = found.next()? {
        (part.next, seen) = (row.get(0)?, seen + 1);
        let is_over: Option<bool> = row.get(2)?;
        // A row of another program may have an identifier that is none, or NULL; then there is nothing of ours.
        if is_over == Some(true)
            && let Ok(id) = row.get::<_, String>(1)
            && let Ok(id) = id.parse()
        {
            part.cards.push(id);
        }
    }
    if seen < limit {
        part.next = 0;
    }
    Ok(part)
}

/// Kinds that come again and again while a card is in play, and that nothing is decided by.
const IDLE_KINDS: &str = "'heartbeat', 'claim_extended', 'respawn_guarded'";

impl Rows {
    /// Under which name it is remembered how far ticks have come with them.
    fn place(self) -> &'static str {
        match self {
            Self::Events => "pruned_events",
            Self::Runs => "pruned_runs",
        }
    }

    /// The table, when a row of it happened, whether it may go, and about how many bytes it takes.
    fn spelled(
        self,
        conn: &Connection,
    ) -> Result<(&'static str, &'static str, String, &'static str)> {
        Ok(match self {
            Self::Events => {
                let read = meta::number(conn, "announced")?.unwrap_or(0);
                let subscribers = match schema::columns(conn, "kanban_notify_subs")?.is_empty() {
                    true => "",
                    // A cursor may be missing, or text, in files of early releases: then all is still to be read.
                    false => {
                        "AND NOT EXISTS (SELECT 1 FROM kanban_notify_subs s WHERE s.task_id = x.task_id)"
                    }
                };
                (
                    "task_events",
                    "x.created_at",
                    format!("x.id <= {read} AND (x.kind IN ({IDLE_KINDS}) OR ({OVER})) {subscribers}"),
                    "48 + coalesce(length(x.kind), 0) + coalesce(length(x.payload), 0)",
                )
            }
            Self::Runs => (
                "task_runs",
                "x.ended_at",
                format!("x.ended_at IS NOT NULL AND x.id IS NOT t.current_run_id AND {OVER}"),
                "160 + coalesce(length(x.summary), 0) + coalesce(length(x.error), 0) + coalesce(length(x.metadata), 0)
                 + coalesce((SELECT length(r.log_tail) FROM tick_runs r WHERE r.run_id = x.id), 0)",
            ),
        })
    }
}

/// After which row a tick goes on to look for what is old.
pub fn resume(conn: &Connection, rows: Rows) -> Result<i64> {
    Ok(meta::number(conn, rows.place())?.unwrap_or(0))
}

/// Remembers it.
pub fn leave_off(tx: &Tx<'_>, rows: Rows, after: i64) -> Result<()> {
    meta::remember(tx, rows.place(), after)
}

/// Rows after one that may go: they happened before a time, and nothing needs them.
pub fn look(conn: &Connection, rows: Rows, before: Seconds, after: i64) -> Result<Batch> {
    let (table, at, may_go, bytes) = rows.spelled(conn)?;
    let mut statement = conn.prepare(&format!(
        "SELECT x.id, {at} < ?1, {may_go}, {bytes} FROM {table} x LEFT JOIN tasks t ON t.id = x.task_id
         WHERE x.id > ?2 ORDER BY x.id LIMIT {CHUNK}"
    ))?;
    let mut found = statement.query(params![before, after])?;
    let (mut batch, mut seen, mut any_old) = (
        Batch {
            last: after,
            ..Batch::default()
        },
        0,
        false,
    );
    while let Some(row) = found.next()? {
        seen += 1;
        batch.last = row.get(0)?;
        let old = row.get::<_, Option<bool>>(1)?.unwrap_or(false);
        any_old |= old;
        if old && row.get::<_, Option<bool>>(2)?.unwrap_or(false) {
            batch.ids.push(batch.last);
            batch.freed += Freed {
                count: 1,
                bytes: u64::try_from(row.get::<_, i64>(3)?).unwrap_or(0),
            };
        }
    }
    // Rows are in the order in which they happened, but for a clock that was stepped.
    batch.is_last = seen < CHUNK || !any_old;
    Ok(batch)
}

/// Removes what was found, as far as it still may go. Returns how many rows that were.
pub fn remove(tx: &Tx<'_>, rows: Rows, batch: &Batch, before: Seconds) -> Result<usize> {
    let (table, at, may_go, _) = rows.spelled(tx)?;
    let ids = serde_json::to_string(&batch.ids)?;
    let going = format!(
        "SELECT x.id FROM {table} x LEFT JOIN tasks t ON t.id = x.task_id
         WHERE x.id IN (SELECT value FROM json_each(?2)) AND {at} < ?1 AND {may_go}"
    );
    if rows == Rows::Events {
        // Promotion follows the events. It need not have noted how far: then it looks at every card once.
        tx.execute(
            "UPDATE tick_meta SET value = 0 WHERE key = 'promotion_swept_at'
             AND ?1 > (SELECT value FROM tick_meta WHERE key = 'promotion_seen')",
            [batch.ids.last()],
        )?;
    }
    if rows == Rows::Runs {
        super::stats::remember(tx, &going, before, &ids)?;
        // Ours goes first: which those are is asked of the other.
        tx.execute(
            &format!("DELETE FROM tick_runs WHERE run_id IN ({going})"),
            params![before, ids],
        )?;
    }
    Ok(tx.execute(
        &format!("DELETE FROM {table} WHERE id IN ({going})"),
        params![before, ids],
    )?)
}
