//! What happened and what was said: events and comments.

use std::ops::ControlFlow;

use anyhow::Result;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use serde_json::{Value, json};

use super::{Tx, tasks};
use crate::board::event::Event;
use crate::board::id::TaskId;
use crate::time::Seconds;

/// A stored event, whoever wrote it.
#[derive(Debug, Clone, Serialize)]
pub struct EventRow {
    /// Monotonic in commit order.
    pub id: i64,
    pub task_id: TaskId,
    pub run_id: Option<i64>,
    pub kind: String,
    /// The facts; text that is no JSON is kept as a JSON string.
    pub payload: Option<Value>,
    pub created_at: Seconds,
}

impl EventRow {
    /// Its keys, for whoever asks for some of them.
    pub const KEYS: [&str; 6] = ["id", "task_id", "run_id", "kind", "payload", "created_at"];
}

/// A stored comment.
#[derive(Debug, Clone, Serialize)]
pub struct CommentRow {
    pub id: i64,
    pub task_id: TaskId,
    pub author: String,
    pub body: String,
    pub created_at: Seconds,
}

/// Adds an event to a card's history.
pub fn append(
    conn: &Connection,
    task: &TaskId,
    run: Option<i64>,
    event: &Event,
    now: Seconds,
) -> Result<()> {
    let payload = event.payload.as_ref().map(Value::to_string);
    conn.prepare_cached(
        "INSERT INTO task_events (task_id, run_id, kind, payload, created_at) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![task.as_str(), run, event.kind, payload, now])?;
    Ok(())
}

fn event_row(row: &Row<'_>) -> rusqlite::Result<EventRow> {
    let payload: Option<String> = row.get(4)?;
    Ok(EventRow {
        id: row.get(0)?,
        task_id: TaskId::stored(row.get(1)?),
        run_id: row.get(2)?,
        kind: row.get(3)?,
        payload: payload.map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text))),
        created_at: row.get(5)?,
    })
}

const EVENT: &str = "SELECT id, task_id, run_id, kind, payload, created_at FROM task_events";

/// All events of a card, oldest first.
pub fn events(conn: &Connection, task: &TaskId) -> Result<Vec<EventRow>> {
    events_of(conn, task, 0)
}

/// Events of a card after one, oldest first.
pub fn events_of(conn: &Connection, task: &TaskId, after: i64) -> Result<Vec<EventRow>> {
    let mut statement = conn.prepare_cached(&format!(
        "{EVENT} WHERE task_id = ?1 AND id > ?2 ORDER BY id"
    ))?;
    let rows = statement.query_map(params![task.as_str(), after], event_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The newest event of a card that is of one of these kinds.
pub fn newest(conn: &Connection, task: &TaskId, kinds: &[&str]) -> Result<Option<EventRow>> {
    let sql = format!(
        "{EVENT} WHERE task_id = ?1 AND kind IN (SELECT value FROM json_each(?2)) ORDER BY id DESC LIMIT 1"
    );
    Ok(conn
        .prepare(&sql)?
        .query_row(
            params![task.as_str(), serde_json::to_string(kinds)?],
            event_row,
        )
        .optional()?)
}

/// The newest event of a run of a card that is of one of these kinds.
pub fn newest_of_run(
    conn: &Connection,
    task: &TaskId,
    run: i64,
    kinds: &[&str],
) -> Result<Option<EventRow>> {
    let sql = format!(
        "{EVENT} WHERE task_id = ?1 AND run_id = ?2 AND kind IN (SELECT value FROM json_each(?3))
         ORDER BY +id DESC LIMIT 1"
    );
    let kinds = serde_json::to_string(kinds)?;
    Ok(conn
        .prepare(&sql)?
        .query_row(params![task.as_str(), run, kinds], event_row)
        .optional()?)
}

/// Events after a cursor, oldest first, of the kinds that matter, with the last one that was looked at of any kind; at
/// most `limit` are.
pub fn events_after(
    conn: &Connection,
    after: i64,
    limit: u32,
    matters: impl Fn(&str) -> bool,
) -> Result<(Vec<EventRow>, i64)> {
    let mut statement = conn.prepare(&format!("{EVENT} WHERE id > ?1 ORDER BY id LIMIT ?2"))?;
    let mut rows = statement.query(params![after, limit])?;
    let (mut events, mut last) = (Vec::new(), after);
    while let Some(row) = rows.next()? {
        last = row.get(0)?;
        // Most of what an event costs is reading what it says.
        if row.get_ref(3)?.as_str().is_ok_and(&matters) {
            events.push(event_row(row)?);
        }
    }
    Ok((events, last))
}

/// Shows the events after one and up to another, of a card or of the whole board, oldest first, until `see` has
/// enough.
pub fn each(
    conn: &Connection,
    task: Option<&TaskId>,
    (after, until): (i64, i64),
    mut see: impl FnMut(EventRow) -> Result<ControlFlow<()>>,
) -> Result<()> {
    // Those of a card are found by its index, those of the board by their number.
    let which = match task {
        Some(_) => "task_id = ?1 AND +id > ?2 AND +id <= ?3 ORDER BY +id",
        None => "?1 IS NULL AND id > ?2 AND id <= ?3 ORDER BY id",
    };
    let mut statement = conn.prepare(&format!("{EVENT} WHERE {which}"))?;
    let mut rows = statement.query(params![task.map(TaskId::as_str), after, until])?;
    while let Some(row) = rows.next()? {
        if see(event_row(row)?)?.is_break() {
            break;
        }
    }
    Ok(())
}

/// The newest events, oldest first, at most so many of them.
pub fn newest_events(conn: &Connection, count: u32) -> Result<Vec<EventRow>> {
    let mut statement = conn.prepare_cached(&format!("{EVENT} ORDER BY id DESC LIMIT ?1"))?;
    let mut rows: Vec<EventRow> = statement
        .query_map([count], event_row)?
        .collect::<rusqlite::Result<_>>()?;
    rows.reverse();
    Ok(rows)
}

/// The id of the newest event, 0 where there is none.
pub fn last_event(conn: &Connection) -> Result<i64> {
    Ok(conn
        .prepare_cached("SELECT id FROM task_events ORDER BY id DESC LIMIT 1")?
        .query_row([], |r| r.get(0))
        .optional()?
        .unwrap_or(0))
}

/// Comments on a card, oldest first.
pub fn comments(conn: &Connection, task: &TaskId) -> Result<Vec<CommentRow>> {
    newest_comments(conn, task, u32::MAX)
}

/// The newest comments on a card, oldest first.
pub fn newest_comments(conn: &Connection, task: &TaskId, limit: u32) -> Result<Vec<CommentRow>> {
    let mut statement = conn.prepare_cached(
        "SELECT id, author, body, created_at, task_id FROM (SELECT * FROM task_comments WHERE task_id = ?1
         ORDER BY id DESC LIMIT ?2) ORDER BY id",
    )?;
    let rows = statement.query_map(params![task.as_str(), limit], |r| {
        Ok(CommentRow {
            id: r.get(0)?,
            author: r.get(1)?,
            body: r.get(2)?,
            created_at: r.get(3)?,
            task_id: TaskId::stored(r.get(4)?),
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Adds a comment and its event. Returns the id of the comment.
pub fn comment(tx: &Tx<'_>, task: &TaskId, author: &str, body: &str, now: Seconds) -> Result<i64> {
    tasks::get(tx, task)?;
    tx.execute(
        "INSERT INTO task_comments (task_id, author, body, created_at) VALUES (?1, ?2, ?3, ?4)",
        params![task.as_str(), author, body, now],
    )?;
    let id = tx.last_insert_rowid();
    append(
        tx,
        task,
        None,
        &Event::with(
            "commented",
            json!({"author": author, "len": body.chars().count()}),
        ),
        now,
    )?;
    Ok(id)
}
