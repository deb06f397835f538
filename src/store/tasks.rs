//! Cards: making, reading and listing them.

use anyhow::Result;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::Tx;
use crate::board::event::Event;
use crate::board::id::TaskId;
use crate::board::status::Status;
use crate::board::task::{NewTask, Task};
use crate::exit::Failure;
use crate::time::Seconds;
use serde_json::json;

const COLUMNS: &str = "t.id, t.title, t.body, t.assignee, t.status, t.priority, t.created_by, t.created_at, \
     t.started_at, t.completed_at, t.workspace_kind, t.workspace_path, t.tenant, t.result, t.idempotency_key, \
     t.consecutive_failures, t.last_failure_error, t.worker_pid, t.max_runtime_seconds, t.max_retries, \
     t.current_run_id, t.block_kind, c.not_before, c.retry_at";

const FROM: &str = "FROM tasks t LEFT JOIN tick_cards c ON c.task_id = t.id";

fn task(row: &Row<'_>) -> rusqlite::Result<Task> {
    Ok(Task {
        id: TaskId::stored(row.get("id")?),
        title: row.get("title")?,
        body: row.get("body")?,
        assignee: row.get("assignee")?,
        status: Status::stored(row.get("status")?),
        priority: row.get::<_, Option<i64>>("priority")?.unwrap_or(0),
        created_by: row.get("created_by")?,
        created_at: row.get("created_at")?,
        started_at: row.get("started_at")?,
        completed_at: row.get("completed_at")?,
        workspace_kind: row.get("workspace_kind")?,
        workspace_path: row.get("workspace_path")?,
        tenant: row.get("tenant")?,
        result: row.get("result")?,
        idempotency_key: row.get("idempotency_key")?,
        consecutive_failures: row.get("consecutive_failures")?,
        last_failure_error: row.get("last_failure_error")?,
        worker_pid: row.get("worker_pid")?,
        max_runtime_seconds: row.get("max_runtime_seconds")?,
        max_retries: row.get("max_retries")?,
        current_run_id: row.get("current_run_id")?,
        block_kind: row.get("block_kind")?,
        not_before: row.get("not_before")?,
        retry_at: row.get("retry_at")?,
    })
}

/// Which cards to list.
#[derive(Debug, Clone, Default)]
pub struct ListFilter {
    /// Only these columns; none named: all but archived.
    pub statuses: Vec<Status>,
    /// Only cards of this assignee.
    pub assignee: Option<String>,
    /// At most this many.
    pub limit: Option<u32>,
}

/// What `create` came to.
#[derive(Debug)]
pub struct Created {
    /// The card.
    pub id: TaskId,
    /// `false`: a card with the same idempotency key was there already, and nothing was made.
    pub new: bool,
}

/// The card with this id.
pub fn get(conn: &Connection, id: &TaskId) -> Result<Task> {
    conn.query_row(
        &format!("SELECT {COLUMNS} {FROM} WHERE t.id = ?1"),
        [id.as_str()],
        task,
    )
    .optional()?
    .ok_or_else(|| Failure::not_found(format!("there is no card {id} on this board")).into())
}

/// Cards in dispatch order: highest priority first, then oldest first.
pub fn list(conn: &Connection, filter: &ListFilter) -> Result<Vec<Task>> {
    let wanted: Vec<&str> = filter.statuses.iter().map(Status::as_str).collect();
    let sql = format!(
        "SELECT {COLUMNS} {FROM}
         WHERE (CASE WHEN ?1 = '[]' THEN t.status <> 'archived'
                     ELSE t.status IN (SELECT value FROM json_each(?1)) END)
           AND (?2 IS NULL OR t.assignee = ?2)
         ORDER BY t.priority DESC, t.created_at, t.rowid LIMIT ?3"
    );
    let limit = filter.limit.map_or(-1, i64::from);
    let mut statement = conn.prepare(&sql)?;
    let rows = statement.query_map(
        params![serde_json::to_string(&wanted)?, filter.assignee, limit],
        task,
    )?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// How many cards are in each column.
pub fn counts(conn: &Connection) -> Result<Vec<(Status, i64)>> {
    let mut statement = conn.prepare("SELECT status, count(*) FROM tasks GROUP BY status")?;
    let rows = statement.query_map([], |r| Ok((Status::stored(r.get(0)?), r.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Makes a card, or finds the one with the same idempotency key that is not archived.
pub fn create(tx: &Tx<'_>, new: &NewTask, now: Seconds) -> Result<Created> {
    if let Some(key) = &new.idempotency_key {
        let found: Option<String> = tx
            .query_row(
                "SELECT id FROM tasks WHERE idempotency_key = ?1 AND status <> 'archived'
                 ORDER BY created_at LIMIT 1",
                [key],
                |r| r.get(0),
            )
            .optional()?;
        if let Some(id) = found {
            return Ok(Created {
                id: TaskId::stored(id),
                new: false,
            });
        }
    }
    let mut open_parents = false;
    for parent in &new.parents {
        open_parents |= !get(tx, parent)?.status.releases_children();
    }
    let status = if new.triage {
        Status::Triage
    } else if open_parents {
        Status::Todo
    } else if new.not_before.is_some_and(|at| at > now) {
        Status::Scheduled
    } else {
        Status::Ready
    };
    let id = unused_id(tx)?;
    let (workspace_kind, workspace_path) = new.workspace.columns();
    tx.execute(
        "INSERT INTO tasks (id, title, body, assignee, status, priority, created_by, created_at, workspace_kind,
                            workspace_path, idempotency_key, max_runtime_seconds, max_retries)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        params![
            id.as_str(),
            new.title,
            new.body,
            new.assignee,
            status.as_str(),
            new.priority,
            new.created_by,
            now,
            workspace_kind,
            workspace_path,
            new.idempotency_key,
            new.max_runtime,
            new.max_retries,
        ],
    )?;
    for parent in &new.parents {
        tx.execute(
            "INSERT OR IGNORE INTO task_links (parent_id, child_id) VALUES (?1, ?2)",
            [parent.as_str(), id.as_str()],
        )?;
    }
    if let Some(at) = new.not_before {
        tx.execute(
            "INSERT INTO tick_cards (task_id, not_before) VALUES (?1, ?2)",
            params![id.as_str(), at],
        )?;
    }
    let parents: Vec<&str> = new.parents.iter().map(TaskId::as_str).collect();
    let event = Event::with(
        "created",
        json!({"assignee": new.assignee, "status": status.as_str(), "parents": parents,
               "by": new.created_by, "not_before": new.not_before}),
    );
    super::history::append(tx, &id, None, &event, now)?;
    Ok(Created { id, new: true })
}

fn unused_id(tx: &Tx<'_>) -> Result<TaskId> {
    loop {
        let mut bytes = [0; 4];
        getrandom::fill(&mut bytes)?;
        let id = TaskId::from_random(bytes);
        let taken: i64 = tx.query_row(
            "SELECT count(*) FROM tasks WHERE id = ?1",
            [id.as_str()],
            |r| r.get(0),
        )?;
        if taken == 0 {
            return Ok(id);
        }
    }
}
