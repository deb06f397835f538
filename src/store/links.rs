//! Dependencies between cards: a child waits until every parent is finished.

use anyhow::Result;
use rusqlite::{Connection, params};
use serde_json::json;

use super::{Tx, history, tasks};
use crate::board::event::Event;
use crate::board::id::TaskId;
use crate::board::status::Status;
use crate::exit::Failure;
use crate::time::Seconds;

/// "A parent of `t` is open", as SQL over `tasks t`: the one form of `Status::releases_children`.
pub const OPEN_PARENT: &str = "EXISTS (SELECT 1 FROM task_links l CROSS JOIN tasks p ON p.id = l.parent_id \
     WHERE l.child_id = t.id AND p.status NOT IN ('done', 'archived'))";

/// Parents of a card, with their columns.
pub fn parents(conn: &Connection, id: &TaskId) -> Result<Vec<(TaskId, Status, String)>> {
    neighbours(
        conn,
        "SELECT t.id, t.status, t.title FROM task_links l JOIN tasks t ON t.id = l.parent_id
         WHERE l.child_id = ?1 ORDER BY t.created_at, t.rowid",
        id,
    )
}

/// Children of a card, with their columns.
pub fn children(conn: &Connection, id: &TaskId) -> Result<Vec<(TaskId, Status, String)>> {
    neighbours(
        conn,
        "SELECT t.id, t.status, t.title FROM task_links l JOIN tasks t ON t.id = l.child_id
         WHERE l.parent_id = ?1 ORDER BY t.created_at, t.rowid",
        id,
    )
}

fn neighbours(conn: &Connection, sql: &str, id: &TaskId) -> Result<Vec<(TaskId, Status, String)>> {
    let mut statement = conn.prepare(sql)?;
    let rows = statement.query_map([id.as_str()], |r| {
        Ok((
            TaskId::stored(r.get(0)?),
            Status::stored(r.get(1)?),
            r.get(2)?,
        ))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The parents of a card that keep it from starting.
pub fn open_parents(conn: &Connection, id: &TaskId) -> Result<Vec<TaskId>> {
    let all = parents(conn, id)?;
    Ok(all
        .into_iter()
        .filter(|(_, status, _)| !status.releases_children())
        .map(|(id, ..)| id)
        .collect())
}

/// Makes `child` wait for `parent`. `false`: it did already.
pub fn link(tx: &Tx<'_>, parent: &TaskId, child: &TaskId, now: Seconds) -> Result<bool> {
    let (upper, lower) = (tasks::get(tx, parent)?, tasks::get(tx, child)?);
    if parent == child {
        return Err(Failure::refused(format!("{child} cannot wait for itself")).into());
    }
    let cycle: bool = tx.query_row(
        "WITH RECURSIVE above(id) AS (
             SELECT ?1 UNION SELECT l.parent_id FROM task_links l JOIN above ON l.child_id = above.id)
         SELECT EXISTS (SELECT 1 FROM above WHERE id = ?2)",
        [parent.as_str(), child.as_str()],
        |r| r.get(0),
    )?;
    if cycle {
        return Err(Failure::refused(format!(
            "{parent} waits for {child} already: this link would close a cycle"
        ))
        .hint(format!(
            "unlink one of the cards between them; see kanban show {parent}"
        ))
        .into());
    }
    let open = !upper.status.releases_children();
    if open
        && matches!(
            lower.status,
            Status::Running | Status::Review | Status::Done | Status::Archived
        )
    {
        return Err(Failure::refused(format!(
            "{child} is {} already, so waiting for {parent} would change nothing",
            lower.status
        ))
        .into());
    }
    let added = tx.execute(
        "INSERT OR IGNORE INTO task_links (parent_id, child_id) VALUES (?1, ?2)",
        [parent.as_str(), child.as_str()],
    )? == 1;
    if added {
        history::append(tx, child, None, &linked("linked", parent, child), now)?;
        if open && lower.status == Status::Ready {
            tx.execute(
                "UPDATE tasks SET status = 'todo' WHERE id = ?1 AND status = 'ready'",
                [child.as_str()],
            )?;
        }
    }
    Ok(added)
}

/// Makes `child` no longer wait for `parent`. `false`: it did not.
pub fn unlink(tx: &Tx<'_>, parent: &TaskId, child: &TaskId, now: Seconds) -> Result<bool> {
    tasks::get(tx, parent)?;
    tasks::get(tx, child)?;
    let removed = tx.execute(
        "DELETE FROM task_links WHERE parent_id = ?1 AND child_id = ?2",
        params![parent.as_str(), child.as_str()],
    )? == 1;
    if removed {
        history::append(tx, child, None, &linked("unlinked", parent, child), now)?;
    }
    Ok(removed)
}

fn linked(kind: &'static str, parent: &TaskId, child: &TaskId) -> Event {
    Event::with(
        kind,
        json!({"parent": parent.as_str(), "child": child.as_str()}),
    )
}
