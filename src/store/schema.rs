//! The tables: shared ones, made only on a new board, and ours, made and migrated on every board.
//!
//! Migrations of ours are numbered and append-only. The shared tables of an existing file are looked
//! at and never altered.

use anyhow::Result;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use crate::exit::Failure;

const SHARED: &str = include_str!("sql/shared.sql");

/// Each entry brings our tables from its index to the next version.
const MIGRATIONS: [&str; 1] = [include_str!("sql/own_1.sql")];

/// The version of our tables that this program writes.
pub const VERSION: i64 = MIGRATIONS.len() as i64;

/// The shared columns that this program reads or writes. A file without them is not a board.
const NEEDED: [(&str, &[&str]); 5] = [
    (
        "tasks",
        &[
            "id",
            "title",
            "body",
            "assignee",
            "status",
            "priority",
            "created_by",
            "created_at",
            "started_at",
            "completed_at",
            "workspace_kind",
            "workspace_path",
            "claim_lock",
            "claim_expires",
            "tenant",
            "result",
            "idempotency_key",
            "consecutive_failures",
            "worker_pid",
            "last_failure_error",
            "max_runtime_seconds",
            "last_heartbeat_at",
            "current_run_id",
            "max_retries",
            "block_kind",
            "block_recurrences",
        ],
    ),
    ("task_links", &["parent_id", "child_id"]),
    (
        "task_comments",
        &["id", "task_id", "author", "body", "created_at"],
    ),
    (
        "task_events",
        &["id", "task_id", "run_id", "kind", "payload", "created_at"],
    ),
    (
        "task_runs",
        &[
            "id",
            "task_id",
            "profile",
            "status",
            "claim_lock",
            "claim_expires",
            "worker_pid",
            "max_runtime_seconds",
            "last_heartbeat_at",
            "started_at",
            "ended_at",
            "outcome",
            "summary",
            "metadata",
            "error",
        ],
    ),
];

/// Whether a file may be used as a board, before anything is written to it.
pub fn inspect(conn: &Connection, shown: &str) -> Result<i64> {
    let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |r| r.get(0))?;
    let not_a_board = |why: String| {
        Failure::unusable(format!("{shown} is not a board: {why}"))
            .hint("nothing was written to it; name another board, or make one with kanban init")
    };
    if tables == 0 {
        return Err(not_a_board("it is an empty database".into()).into());
    }
    let mut columns = conn.prepare("SELECT name FROM pragma_table_info(?1)")?;
    for (table, needed) in NEEDED {
        let present: Vec<String> = columns
            .query_map([table], |r| r.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        if let Some(missing) = needed.iter().find(|c| !present.iter().any(|p| p == *c)) {
            return Err(not_a_board(format!("{table}.{missing} is missing")).into());
        }
    }
    let version = version(conn)?;
    if version > VERSION {
        return Err(Failure::unusable(format!(
            "{shown} was written by a newer kanban (its tables have version {version}, this program knows {VERSION})"
        ))
        .hint("upgrade kanban; nothing was written to the board")
        .into());
    }
    Ok(version)
}

/// The version of our tables on this file; 0 where there are none.
fn version(conn: &Connection) -> Result<i64> {
    let present: i64 = conn.query_row(
        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'tick_meta'",
        [],
        |r| r.get(0),
    )?;
    if present == 0 {
        return Ok(0);
    }
    let version = conn
        .query_row(
            "SELECT value FROM tick_meta WHERE key = 'schema'",
            [],
            |r| r.get(0),
        )
        .optional()?;
    Ok(version.unwrap_or(0))
}

/// Makes the shared tables on a file that we have just created.
pub fn create_shared(conn: &Connection) -> Result<()> {
    Ok(conn.execute_batch(SHARED)?)
}

/// Brings our tables up to [`VERSION`]. The version is read again inside the transaction: another
/// process may have been first.
pub fn migrate(conn: &mut Connection) -> Result<()> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    migrate_inside(&tx)?;
    Ok(tx.commit()?)
}

/// [`migrate`] for a caller that has a transaction open.
pub fn migrate_inside(conn: &Connection) -> Result<()> {
    conn.execute_batch("CREATE TABLE IF NOT EXISTS tick_meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT")?;
    let from = version(conn)?;
    for migration in MIGRATIONS.iter().skip(usize::try_from(from).unwrap_or(0)) {
        conn.execute_batch(migration)?;
    }
    conn.execute(
        "INSERT INTO tick_meta(key, value) VALUES ('schema', ?1) ON CONFLICT (key) DO UPDATE SET value = ?1",
        [VERSION],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn board() -> Connection {
        let mut conn = Connection::open_in_memory().unwrap();
        create_shared(&conn).unwrap();
        migrate(&mut conn).unwrap();
        conn
    }

    #[test]
    fn a_new_board_passes_its_own_inspection_and_migrating_twice_changes_nothing() {
        let mut conn = board();
        assert_eq!(inspect(&conn, "x").unwrap(), VERSION);
        migrate(&mut conn).unwrap();
        assert_eq!(inspect(&conn, "x").unwrap(), VERSION);
    }

    #[test]
    fn what_is_not_a_board_is_told_apart() {
        let empty = Connection::open_in_memory().unwrap();
        assert!(
            inspect(&empty, "x")
                .unwrap_err()
                .to_string()
                .contains("empty database")
        );
        empty.execute_batch("CREATE TABLE tasks (id TEXT)").unwrap();
        assert!(
            inspect(&empty, "x")
                .unwrap_err()
                .to_string()
                .contains("tasks.title is missing")
        );
        let newer = board();
        newer
            .execute("UPDATE tick_meta SET value = 99", [])
            .unwrap();
        assert!(
            inspect(&newer, "x")
                .unwrap_err()
                .to_string()
                .contains("newer kanban")
        );
    }
}
