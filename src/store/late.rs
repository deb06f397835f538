//! Late results: what a worker reported when its run no longer had a say about its card.

use anyhow::Result;
use rusqlite::{Connection, params};
use serde::Serialize;
use serde_json::{Value, json};

use super::lifecycle::Refusal;
use super::{Tx, history};
use crate::board::event::Event;
use crate::board::id::TaskId;
use crate::board::statement::{Metadata, Statement};
use crate::time::Seconds;

/// A worker that reports in a loop does not fill the board.
const KEPT_PER_RUN: i64 = 100;

const GONE: &str = "NOT EXISTS (SELECT 1 FROM tasks t WHERE t.id = tick_late_results.task_id)";

/// A report that was refused and kept.
#[derive(Debug, Clone, Serialize)]
pub struct LateResult {
    pub id: i64,
    /// The run that said it; none where no run of this board did.
    pub run_id: Option<i64>,
    /// The card that it named.
    pub about: TaskId,
    /// What it wanted to be done.
    pub verb: String,
    pub summary: Option<String>,
    pub metadata: Option<Value>,
    pub reason: Option<String>,
    /// Why that was not done.
    pub refused: String,
    pub created_at: Seconds,
}

/// What became of a report that was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It is on the board, perhaps since an earlier try.
    Yes,
    /// It said nothing that could be lost.
    Nothing,
    /// Its card is gone, and what belongs to it.
    CardGone,
    /// The run has said too much already.
    TooMuch,
}

/// Keeps a report that was refused. The same one again is kept once.
pub fn keep(
    tx: &Tx<'_>,
    refusal: &Refusal,
    about: &TaskId,
    said: &Statement<'_>,
    now: Seconds,
) -> Result<Kept> {
    if !said.is_worth_keeping() {
        return Ok(Kept::Nothing);
    }
    let Some(card) = &refusal.card else {
        return Ok(Kept::CardGone);
    };
    let metadata = said.metadata.map(Metadata::text);
    let (same, all): (bool, i64) = tx.query_row(
        "SELECT coalesce(max(about = ?3 AND verb = ?4 AND summary IS ?5 AND metadata IS ?6 AND reason IS ?7), 0),
                count(*)
         FROM tick_late_results WHERE task_id = ?1 AND run_id IS ?2",
        params![
            card.as_str(),
            refusal.run,
            about.as_str(),
            said.verb.as_str(),
            said.summary,
            metadata,
            said.reason
        ],
        |r| Ok((r.get(0)?, r.get(1)?)),
    )?;
    if same {
        return Ok(Kept::Yes);
    }
    if all >= KEPT_PER_RUN {
        return Ok(Kept::TooMuch);
    }
    tx.execute(
        "INSERT INTO tick_late_results (task_id, run_id, about, verb, summary, metadata, reason, refused, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            card.as_str(),
            refusal.run,
            about.as_str(),
            said.verb.as_str(),
            said.summary,
            metadata,
            said.reason,
            refusal.why(),
            now
        ],
    )?;
    let facts = json!({"verb": said.verb, "about": (about != card).then_some(about), "error": refusal.why()});
    history::append(
        tx,
        card,
        refusal.run,
        &Event::with("late_result", facts),
        now,
    )?;
    Ok(Kept::Yes)
}

/// The late results of a card, oldest first; at most the newest `limit`.
pub fn of(conn: &Connection, card: &TaskId, limit: u32) -> Result<Vec<LateResult>> {
    let mut statement = conn.prepare_cached(
        "SELECT id, run_id, about, verb, summary, metadata, reason, refused, created_at
         FROM (SELECT * FROM tick_late_results WHERE task_id = ?1 ORDER BY id DESC LIMIT ?2) ORDER BY id",
    )?;
    let rows = statement.query_map(params![card.as_str(), limit], |r| {
        Ok(LateResult {
            id: r.get(0)?,
            run_id: r.get(1)?,
            about: TaskId::stored(r.get(2)?),
            verb: r.get(3)?,
            summary: r.get(4)?,
            metadata: r
                .get::<_, Option<String>>(5)?
                .and_then(|text| serde_json::from_str(&text).ok()),
            reason: r.get(6)?,
            refused: r.get(7)?,
            created_at: r.get(8)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// How many late results belong to cards that are gone from the board.
pub fn orphans(conn: &Connection) -> Result<u32> {
    let sql = format!("SELECT count(*) FROM tick_late_results WHERE {GONE}");
    Ok(conn.query_row(&sql, [], |r| r.get(0))?)
}

/// Removes them.
pub fn prune(tx: &Tx<'_>) -> Result<()> {
    let sql = format!("DELETE FROM tick_late_results WHERE {GONE}");
    tx.execute(&sql, [])?;
    Ok(())
}
