//! Files that are attached to cards: their rows. The files themselves lie in the board's folder; a row is written
//! when its file is there, and taken away before its file is.

use std::path::Path;

use anyhow::Result;
use rusqlite::{Connection, params};
use serde::Serialize;
use serde_json::json;

use super::{Tx, history, schema, tasks};
use crate::board::event::Event;
use crate::board::id::TaskId;
use crate::exit::Failure;
use crate::time::Seconds;

/// A stored attachment, whoever attached it.
#[derive(Debug, Clone, Serialize)]
pub struct Attachment {
    pub id: i64,
    pub filename: String,
    /// Where the file is; another program may have written anything here.
    pub stored_path: String,
    pub content_type: Option<String>,
    /// Bytes.
    pub size: i64,
    pub uploaded_by: Option<String>,
    pub created_at: Seconds,
}

/// The files of a card, oldest first. A board of an early release of Hermes has none.
pub fn of(conn: &Connection, card: &TaskId) -> Result<Vec<Attachment>> {
    if schema::columns(conn, "task_attachments")?.is_empty() {
        return Ok(Vec::new());
    }
    let mut statement = conn.prepare_cached(
        "SELECT id, filename, stored_path, content_type, size, uploaded_by, created_at
         FROM task_attachments WHERE task_id = ?1 ORDER BY created_at, id",
    )?;
    let rows = statement.query_map([card.as_str()], |r| {
        Ok(Attachment {
            id: r.get(0)?,
            filename: r.get(1)?,
            stored_path: r.get(2)?,
            content_type: r.get(3)?,
            size: r.get::<_, Option<i64>>(4)?.unwrap_or(0),
            uploaded_by: r.get(5)?,
            created_at: r.get(6)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Notes that a file is attached; `run` is that of the worker who does it. Returns the number of the attachment.
pub fn add(
    tx: &Tx<'_>,
    card: &TaskId,
    run: Option<i64>,
    (name, path, size): (&str, &Path, u64),
    by: &str,
    now: Seconds,
) -> Result<i64> {
    tasks::get(tx, card)?;
    if schema::columns(tx, "task_attachments")?.is_empty() {
        return Err(Failure::refused(
            "this board was made by a release of Hermes that has no attachments",
        )
        .into());
    }
    let path = path.to_str().ok_or_else(|| {
        Failure::refused(format!(
            "the folder of {} has a name that is no text",
            path.display()
        ))
    })?;
    let size = i64::try_from(size)?;
    tx.execute(
        "INSERT INTO task_attachments (task_id, filename, stored_path, size, uploaded_by, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![card.as_str(), name, path, size, by, now],
    )?;
    let id = tx.last_insert_rowid();
    let event = Event::with(
        "attached",
        json!({"filename": name, "size": size, "by": by}),
    );
    history::append(tx, card, run, &event, now)?;
    Ok(id)
}

/// Notes that a file is no longer attached. `false`: it was not.
pub fn remove(
    tx: &Tx<'_>,
    card: &TaskId,
    run: Option<i64>,
    attachment: &Attachment,
    by: &str,
    now: Seconds,
) -> Result<bool> {
    let removed = tx.execute(
        "DELETE FROM task_attachments WHERE id = ?1 AND task_id = ?2",
        params![attachment.id, card.as_str()],
    )?;
    if removed == 1 {
        let facts = json!({"filename": attachment.filename, "by": by});
        history::append(
            tx,
            card,
            run,
            &Event::with("attachment_removed", facts),
            now,
        )?;
    }
    Ok(removed == 1)
}
