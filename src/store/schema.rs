//! The tables: shared ones, made only on a new board, and ours, made and migrated on every board.
//!
//! Migrations of ours are numbered and append-only. The shared tables of an existing file are looked
//! at and never altered.

use std::sync::LazyLock;

use anyhow::Result;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::meta;
use crate::exit::Failure;

const SHARED: &str = include_str!("sql/shared.sql");

/// Each entry brings our tables from its index to the next version.
const MIGRATIONS: [&str; 6] = [
    include_str!("sql/own_1.sql"),
    include_str!("sql/own_2.sql"),
    include_str!("sql/own_3.sql"),
    include_str!("sql/own_4.sql"),
    include_str!("sql/own_5.sql"),
    include_str!("sql/own_6.sql"),
];

/// The version of our tables that this program writes.
pub const VERSION: i64 = MIGRATIONS.len() as i64;

/// Indexes of ours on shared tables. Another program that makes a table anew loses them, so they are made again.
const INDEXES: &str = include_str!("sql/indexes.sql");

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

/// Columns of `tasks` that came with some release of Hermes, and what they are read as where they are missing.
const OPTIONAL: [(&str, &str); 12] = [
    ("project_id", "NULL"),
    ("workflow_template_id", "NULL"),
    ("current_step_key", "NULL"),
    ("branch_name", "NULL"),
    ("skills", "NULL"),
    ("model_override", "NULL"),
    ("max_retries", "NULL"),
    ("goal_mode", "0"),
    ("goal_max_turns", "NULL"),
    ("session_id", "NULL"),
    ("block_kind", "NULL"),
    ("block_recurrences", "0"),
];

/// Whether `tasks` of this file has a column.
pub fn has(conn: &Connection, column: &str) -> Result<bool> {
    has_column(conn, "tasks", column)
}

/// Whether a table is there and has a column. No statement is made for it.
pub fn has_column(conn: &Connection, table: &str, column: &str) -> Result<bool> {
    Ok(conn.column_exists(Some("main"), table, column)?)
}

/// The columns of a table; none where there is no such table.
pub fn columns(conn: &Connection, table: &str) -> Result<Vec<String>> {
    let mut statement = conn.prepare_cached("SELECT name FROM pragma_table_info(?1)")?;
    let rows = statement.query_map([table], |r| r.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// `tasks` as something to select from in which every column we know has a value.
pub fn tasks_source(conn: &Connection) -> Result<String> {
    if is_complete(conn) {
        return Ok("tasks".to_owned());
    }
    let mut missing = String::new();
    for (column, value) in OPTIONAL {
        if !has(conn, column)? {
            missing += &format!(", {value} AS {column}");
        }
    }
    Ok(match missing.is_empty() {
        true => "tasks".to_owned(),
        false => format!("(SELECT rowid, tasks.*{missing} FROM tasks)"),
    })
}

/// Whether `tasks` has every column that we know, as a statement says that names them all: it is made once for a
/// connection, where each column would be looked up for each card. Running it notices a table that was changed since.
fn is_complete(conn: &Connection) -> bool {
    static ALL: LazyLock<String> = LazyLock::new(|| {
        let names = OPTIONAL.map(|(column, _)| column).join(", ");
        format!("SELECT {names} FROM tasks WHERE 0")
    });
    conn.prepare_cached(&ALL)
        .and_then(|mut all| all.exists([]))
        .is_ok()
}

/// Under which name it is remembered that this release has inspected a file.
const INSPECTED: &str = concat!("inspected by ", env!("CARGO_PKG_VERSION"));

/// What an inspection of the tables came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// They are as they were when this release saw to them last.
    AsSeen,
    /// They were changed since, or this release has not seen them: what is ours may be missing in part.
    Changed,
    /// What is ours is of an earlier version.
    Older,
    /// The file has no tables of ours: another program created it.
    Missing,
}

/// Remembers that this file was inspected, as its tables are now: SQLite counts every change of them.
fn remember_inspection(conn: &Connection) -> Result<()> {
    conn.execute(
        "INSERT INTO tick_meta (key, value) SELECT ?1, schema_version FROM pragma_schema_version WHERE true
         ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        [INSPECTED],
    )?;
    Ok(())
}

/// Whether the tables are those of the last inspection. Where that cannot be told, they are looked at.
fn is_inspected(conn: &Connection) -> bool {
    // With a statement that a tick needs anyway: making one is most of what a small question costs.
    let unchanged = || -> Result<bool> {
        let changes: i64 = conn.pragma_query_value(None, "schema_version", |r| r.get(0))?;
        Ok(meta::number(conn, "schema")? == Some(VERSION)
            && meta::number(conn, INSPECTED)? == Some(changes))
    };
    unchanged().unwrap_or(false)
}

/// Whether a file may be used as a board, before anything is written to it.
pub fn inspect(conn: &Connection, shown: &str) -> Result<Fit> {
    if is_inspected(conn) {
        return Ok(Fit::AsSeen);
    }
    let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |r| r.get(0))?;
    let not_a_board = |why: String| {
        Failure::unusable(format!("{shown} is not a board: {why}"))
            .hint("nothing was written to it; name another board, or make one with kanban init")
    };
    if tables == 0 {
        return Err(not_a_board("it is an empty database".into()).into());
    }
    for (table, needed) in NEEDED {
        let present = columns(conn, table)?;
        if let Some(missing) = needed.iter().find(|c| !present.iter().any(|p| p == *c)) {
            return Err(not_a_board(format!("{table}.{missing} is missing")).into());
        }
    }
    Ok(match version(conn)? {
        0 => Fit::Missing,
        VERSION => Fit::Changed,
        newer if newer > VERSION => return Err(written_by_newer(shown, newer).into()),
        _ => Fit::Older,
    })
}

fn written_by_newer(shown: &str, version: i64) -> Failure {
    Failure::unusable(format!(
        "{shown} was written by a newer kanban (its tables have version {version}, this program knows {VERSION})"
    ))
    .hint("upgrade kanban; nothing was written to the board")
}

/// The version of our tables on this file; 0 where there are none.
pub fn version(conn: &Connection) -> Result<i64> {
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

/// Whether our tables are there, and as this program makes them.
pub fn is_current(conn: &Connection) -> Result<bool> {
    Ok(version(conn)? == VERSION)
}

/// Makes the shared tables on a file that we have just created.
pub fn create_shared(conn: &Connection) -> Result<()> {
    Ok(conn.execute_batch(SHARED)?)
}

/// Brings our tables up to [`VERSION`] and makes the indexes of ours that are missing. The version is read again inside the transaction: another
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
    // The board was inspected in an earlier transaction; a newer program may have upgraded it in between.
    if from > VERSION {
        return Err(written_by_newer(conn.path().unwrap_or("the board"), from).into());
    }
    for migration in MIGRATIONS.iter().skip(usize::try_from(from).unwrap_or(0)) {
        conn.execute_batch(migration)?;
    }
    conn.execute(
        "INSERT INTO tick_meta(key, value) VALUES ('schema', ?1) ON CONFLICT (key) DO UPDATE SET value = ?1",
        [VERSION],
    )?;
    conn.execute_batch(INDEXES)?;
    remember_inspection(conn)
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
        assert_eq!(inspect(&conn, "x").unwrap(), Fit::AsSeen);
        migrate(&mut conn).unwrap();
        assert_eq!(inspect(&conn, "x").unwrap(), Fit::AsSeen);
    }

    #[test]
    fn a_board_of_an_earlier_version_is_brought_up_to_date_and_keeps_its_rows() {
        let mut conn = Connection::open_in_memory().unwrap();
        create_shared(&conn).unwrap();
        conn.execute_batch(
            "CREATE TABLE tick_meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
             INSERT INTO tick_meta VALUES ('schema', 1)",
        )
        .unwrap();
        conn.execute_batch(MIGRATIONS[0]).unwrap();
        conn.execute(
            "INSERT INTO tick_cards (task_id, not_before) VALUES ('t_1', 5)",
            [],
        )
        .unwrap();
        assert_eq!(inspect(&conn, "x").unwrap(), Fit::Older);
        migrate(&mut conn).unwrap();
        assert_eq!(inspect(&conn, "x").unwrap(), Fit::AsSeen);
        let kept: (i64, Option<i64>) = conn
            .query_row("SELECT not_before, cancelled_at FROM tick_cards", [], |r| {
                Ok((r.get(0)?, r.get(1)?))
            })
            .unwrap();
        assert_eq!(kept, (5, None));
    }

    #[test]
    fn what_happened_before_there_was_anybody_to_tell_is_told_to_nobody() {
        let mut conn = Connection::open_in_memory().unwrap();
        create_shared(&conn).unwrap();
        conn.execute_batch(
            "CREATE TABLE tick_meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
             INSERT INTO tick_meta VALUES ('schema', 2)",
        )
        .unwrap();
        for migration in &MIGRATIONS[..2] {
            conn.execute_batch(migration).unwrap();
        }
        conn.execute_batch(
            "INSERT INTO task_events (task_id, kind, created_at) VALUES ('t_1', 'completed', 5), ('t_1', 'archived', 6)",
        )
        .unwrap();
        migrate(&mut conn).unwrap();
        let remembered = |key: &str| -> i64 {
            conn.query_row("SELECT value FROM tick_meta WHERE key = ?1", [key], |r| {
                r.get(0)
            })
            .unwrap()
        };
        assert_eq!(remembered("announced"), 2);
        assert!(remembered("board") > 0);
    }

    #[test]
    fn columns_of_later_releases_are_read_as_empty_where_they_are_missing() {
        let conn = board();
        assert_eq!(tasks_source(&conn).unwrap(), "tasks");
        for (column, _) in OPTIONAL {
            conn.execute_batch(&format!("ALTER TABLE tasks DROP COLUMN {column}"))
                .unwrap();
        }
        conn.execute(
            "INSERT INTO tasks (id, title, status, created_at) VALUES ('t_1', 'x', 'ready', 1)",
            [],
        )
        .unwrap();
        let from = tasks_source(&conn).unwrap();
        let read: (i64, Option<String>, i64) = conn
            .query_row(
                &format!("SELECT t.rowid, t.block_kind, t.block_recurrences FROM {from} t WHERE t.id = 't_1'"),
                [],
                |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)),
            )
            .unwrap();
        assert_eq!(read, (1, None, 0));
    }

    #[test]
    fn a_file_is_inspected_again_once_its_tables_have_changed() {
        let conn = board();
        assert!(is_inspected(&conn));
        conn.execute_batch("ALTER TABLE tasks RENAME COLUMN title TO name")
            .unwrap();
        assert!(!is_inspected(&conn));
        assert!(inspect(&conn, "x").is_err());
        remember_inspection(&conn).unwrap();
        conn.execute("UPDATE tick_meta SET value = 99 WHERE key = 'schema'", [])
            .unwrap();
        assert!(!is_inspected(&conn), "its tables of ours are newer");
    }

    #[test]
    fn migration_refuses_tables_of_a_newer_program_and_leaves_them() {
        let mut conn = board();
        let set = "UPDATE tick_meta SET value = 99 WHERE key = 'schema'";
        conn.execute(set, []).unwrap();
        let refused = migrate(&mut conn).unwrap_err();
        assert!(refused.to_string().contains("newer kanban"));
        assert_eq!(version(&conn).unwrap(), 99);
    }

    #[test]
    fn indexes_that_went_with_a_table_are_made_again() {
        let mut conn = board();
        conn.execute_batch("DROP INDEX tick_tasks_ready").unwrap();
        assert_eq!(inspect(&conn, "x").unwrap(), Fit::Changed);
        migrate(&mut conn).unwrap();
        assert_eq!(inspect(&conn, "x").unwrap(), Fit::AsSeen);
        conn.execute_batch("DROP INDEX tick_tasks_ready").unwrap();
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
