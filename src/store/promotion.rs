//! Which waiting cards may go on: found from what changed, not by looking at every card.
//!
//! A card can become startable only when something happens to it or to a parent, and each such thing
//! is an event, whoever wrote it. So promotion follows the events by a cursor; a full sweep now and
//! then is the safety net for what other programs change without an event.

use anyhow::Result;
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::json;

use super::{Tx, history, links::OPEN_PARENT, meta};
use crate::board::event::Event;
use crate::board::id::TaskId;
use crate::board::status::Status;
use crate::time::Seconds;

/// Seconds between two sweeps over all waiting cards.
const SWEEP_EVERY: Seconds = 3_600;

/// How far promotion has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    seen: i64,
    swept_at: Seconds,
    newest: i64,
    sweep: bool,
}

impl Cursor {
    /// Whether there is anything to look at besides cards whose moment has come.
    pub fn is_stale(&self) -> bool {
        self.sweep || self.newest > self.seen
    }
}

/// Where promotion stands. `newest` is the newest event.
pub fn cursor(conn: &Connection, newest: i64, now: Seconds) -> Result<Cursor> {
    let swept = meta::number(conn, "promotion_swept_at")?;
    Ok(Cursor {
        seen: meta::number(conn, "promotion_seen")?.unwrap_or(0),
        swept_at: swept.unwrap_or(0),
        newest,
        // A clock that was stepped back must not put the sweep off.
        sweep: swept.is_none_or(|at| now >= at.saturating_add(SWEEP_EVERY) || now < at),
    })
}

/// A card that may go on, and where to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The card.
    pub id: TaskId,
    from: Status,
    /// `Ready`, or `Scheduled` when only its moment is missing.
    pub to: Status,
}

/// The cards that may go on now.
pub fn steps(conn: &Connection, cursor: &Cursor, now: Seconds) -> Result<Vec<Step>> {
    let mut found = Vec::new();
    if cursor.is_stale() {
        let near = if cursor.sweep {
            "near(id) AS (SELECT id FROM tasks WHERE status = 'todo')"
        } else {
            "touched(id) AS (SELECT DISTINCT task_id FROM task_events NOT INDEXED WHERE id > ?1),
             near(id) AS (SELECT id FROM touched
                          UNION SELECT l.child_id FROM touched CROSS JOIN task_links l ON l.parent_id = touched.id)"
        };
        let mut statement = conn.prepare(&format!(
            "WITH {near}
             SELECT t.id, coalesce(c.not_before, 0) > ?2
             FROM near CROSS JOIN tasks t ON t.id = near.id LEFT JOIN tick_cards c ON c.task_id = t.id
             WHERE t.status = 'todo' AND ?1 IS NOT NULL AND NOT {OPEN_PARENT}
             ORDER BY t.priority DESC, t.created_at, t.rowid"
        ))?;
        let rows = statement.query_map(params![cursor.seen, now], |r| {
            let early: bool = r.get(1)?;
            let to = if early {
                Status::Scheduled
            } else {
                Status::Ready
            };
            Ok(Step {
                id: TaskId::stored(r.get(0)?),
                from: Status::Todo,
                to,
            })
        })?;
        for row in rows {
            found.push(row?);
        }
    }
    let mut due = conn.prepare_cached(&format!(
        "SELECT t.id FROM tick_cards c CROSS JOIN tasks t ON t.id = c.task_id
         WHERE c.not_before <= ?1 AND t.status = 'scheduled' AND NOT {OPEN_PARENT}
         ORDER BY c.not_before, t.rowid"
    ))?;
    let rows = due.query_map([now], |r| {
        Ok(Step {
            id: TaskId::stored(r.get(0)?),
            from: Status::Scheduled,
            to: Status::Ready,
        })
    })?;
    for row in rows {
        found.push(row?);
    }
    Ok(found)
}

/// Takes one step. `false`: the card moved meanwhile, and is left where it is.
pub fn take(tx: &Tx<'_>, step: &Step, now: Seconds) -> Result<bool> {
    let moved = tx.execute(
        &format!(
            "UPDATE tasks AS t SET status = ?3 WHERE t.id = ?1 AND t.status = ?2 AND NOT {OPEN_PARENT}"
        ),
        params![step.id.as_str(), step.from.as_str(), step.to.as_str()],
    )? == 1;
    if moved && step.to == Status::Ready {
        // Its moment has come and is not asked for again, whatever the clock does.
        tx.execute(
            "UPDATE tick_cards SET not_before = NULL WHERE task_id = ?1 AND not_before <= ?2",
            params![step.id.as_str(), now],
        )?;
        history::append(tx, &step.id, None, &Event::plain("promoted"), now)?;
    } else if moved {
        let at: Option<Seconds> = tx
            .query_row(
                "SELECT not_before FROM tick_cards WHERE task_id = ?1",
                [step.id.as_str()],
                |r| r.get(0),
            )
            .optional()?
            .flatten();
        history::append(
            tx,
            &step.id,
            None,
            &Event::with("scheduled", json!({"not_before": at})),
            now,
        )?;
    }
    Ok(moved)
}

/// Takes a card back out of the ready column that another program put there before its parents let it go.
pub fn take_back(tx: &Tx<'_>, id: &TaskId, now: Seconds) -> Result<bool> {
    let moved = tx.execute(
        &format!(
            "UPDATE tasks AS t SET status = 'todo'
             WHERE t.id = ?1 AND t.status = 'ready' AND t.claim_lock IS NULL AND {OPEN_PARENT}"
        ),
        [id.as_str()],
    )? == 1;
    if moved {
        let event = Event::with("claim_rejected", json!({"reason": "parents_not_done"}));
        history::append(tx, id, None, &event, now)?;
    }
    Ok(moved)
}

/// Remembers how far promotion has read: all that was there when `cursor` was.
pub fn advance(tx: &Tx<'_>, cursor: &Cursor, now: Seconds) -> Result<()> {
    meta::remember(tx, "promotion_seen", cursor.newest)?;
    let swept = if cursor.sweep { now } else { cursor.swept_at };
    meta::remember(tx, "promotion_swept_at", swept)
}
