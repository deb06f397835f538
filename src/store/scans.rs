//! For tests: which statements of this thread looked at many rows to find few, or were compiled more than once.

use std::cell::RefCell;

use rusqlite::trace::{TraceEvent, TraceEventCodes};
use rusqlite::{Connection, StatementStatus};

/// What running a statement came to.
pub struct Scan {
    /// The statement.
    pub sql: String,
    /// How many rows it went over without an index to lead it.
    pub rows: i32,
    /// How often it was compiled again.
    pub compiled_again: i32,
}

thread_local! {
    static NOTED: RefCell<Vec<Scan>> = const { RefCell::new(Vec::new()) };
}

/// Has what runs on a connection noted.
pub(super) fn watch(conn: &mut Connection) {
    conn.trace_v2(TraceEventCodes::SQLITE_TRACE_PROFILE, Some(note))
        .unwrap();
}

fn note(event: TraceEvent<'_>) {
    if let TraceEvent::Profile(statement, _) = event {
        let scan = Scan {
            sql: statement.sql().into_owned(),
            rows: statement.get_status(StatementStatus::FullscanStep),
            compiled_again: statement.get_status(StatementStatus::RePrepare),
        };
        NOTED.with_borrow_mut(|noted| noted.push(scan));
    }
}

/// The statements that this thread has run since it was last asked.
pub fn taken() -> Vec<Scan> {
    NOTED.take()
}

/// Puts finished cards on a board, with their runs, events, comments, links and deliveries, as they are left
/// when all of it was seen; and a few that are not finished.
pub fn fill(store: &mut super::Store, finished: u32) -> anyhow::Result<()> {
    store.write("filling the board", |tx| {
        tx.execute_batch(&format!(
            "CREATE TEMP TABLE made AS WITH RECURSIVE numbers(n) AS
                 (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {finished})
                 SELECT n, printf('t_%08x', n * 7919) AS id, iif(n % 100 = 0, 'blocked', 'done') AS status FROM numbers;
             INSERT INTO tasks (id, title, assignee, status, priority, created_at, started_at, completed_at)
                 SELECT id, 'card ' || n, 'w', status, n % 5, n, n, n FROM made;
             INSERT INTO task_links (parent_id, child_id)
                 SELECT p.id, c.id FROM made c JOIN made p ON p.n = c.n / 50 * 50 WHERE c.n % 50 <> 0 AND c.n > 50;
             INSERT INTO task_comments (task_id, author, body, created_at) SELECT id, 'x', 'said', n FROM made;
             INSERT INTO task_runs (task_id, profile, status, started_at, ended_at, outcome)
                 SELECT id, 'w', 'done', n, n, 'completed' FROM made;
             INSERT INTO tick_runs (run_id, task_id, worker, attempt, nonce, token, host, boot, lock_dev, lock_ino,
                                    report, leftovers, stage, dead, claimed_at, ended_at, outcome)
                 SELECT id, task_id, 'w', 1, printf('%032x', id), printf('%032x', id), 'h', 'b', 1, 1,
                        'exit', 'end', 'ended', 1, started_at, ended_at, 'completed' FROM task_runs;
             INSERT INTO tick_cards (task_id, runs) SELECT id, 1 FROM made;
             INSERT INTO task_events (task_id, run_id, kind, created_at) SELECT task_id, id, 'claimed', started_at FROM task_runs;
             INSERT INTO task_events (task_id, run_id, kind, created_at) SELECT task_id, id, 'completed', ended_at FROM task_runs;
             INSERT INTO tick_notices (event_id, task_id, kind, created_at, facts)
                 SELECT id, task_id, kind, created_at, '{{}}' FROM task_events WHERE kind = 'completed' AND created_at > 10;
             INSERT INTO tick_deliveries (id, notice_id, task_id, channel, address, thread, state, next_at, created_at, done_at)
                 SELECT 'd' || id, id, task_id, 'told', '', '', 'delivered', 0, 0, created_at FROM tick_notices;
             INSERT INTO kanban_notify_subs (task_id, platform, chat_id, created_at, last_event_id)
                 SELECT id, 'telegram', '1', 0, 1000000 FROM made;
             INSERT INTO tick_subscriptions (task_id, channel, address, thread, since, inherits, created_at, created_by)
                 SELECT id, 'told', '', '', 0, 0, 0, 'x' FROM made;
             INSERT OR REPLACE INTO tick_meta (key, value)
                 SELECT 'promotion_seen', max(id) FROM task_events UNION ALL SELECT 'announced', max(id) FROM task_events;
             DROP TABLE made;
             -- What is left to do: a start, a promotion by a parent and one by its moment, and a claim of another program
             -- that is over.
             INSERT INTO tasks (id, title, assignee, status, created_at, claim_lock, claim_expires, worker_pid) VALUES
                 ('t_f0000001', 'start', 'w', 'ready', 1, NULL, NULL, NULL),
                 ('t_f0000002', 'child', 'w', 'todo', 1, NULL, NULL, NULL),
                 ('t_f0000003', 'later', 'w', 'scheduled', 1, NULL, NULL, NULL),
                 ('t_f0000004', 'taken', 'w', 'running', 1, 'elsewhere:1', 2, NULL);
             INSERT INTO task_links (parent_id, child_id) SELECT id, 't_f0000002' FROM tasks WHERE status = 'done' LIMIT 1;
             INSERT INTO tick_cards (task_id, not_before) VALUES ('t_f0000003', 5);
             INSERT INTO task_events (task_id, kind, created_at)
                 SELECT id, 'created', 1 FROM tasks WHERE id LIKE 't_f%';"
        ))?;
        Ok(())
    })
}

/// Makes a board from the tables of another program.
pub fn create(path: &std::path::Path, tables: &str) {
    crate::fsx::private_dir(path.parent().unwrap()).unwrap();
    let board = Connection::open(path).unwrap();
    board.pragma_update(None, "journal_mode", "WAL").unwrap();
    board.execute_batch(tables).unwrap();
}

/// Makes every shared table anew, as a migration of another program would that knows its own indexes alone.
pub fn make_anew(path: &std::path::Path, tables: &str) {
    let board = Connection::open(path).unwrap();
    for table in ["tasks", "task_events", "task_runs", "task_links"] {
        board.execute_batch(&format!("DROP TABLE {table}")).unwrap();
    }
    for statement in tables.split_inclusive(';') {
        // What is still there stays.
        let _ = board.execute_batch(statement);
    }
}

/// Has something happen to cards, so that the next tick has work in every pass.
pub fn stir(store: &mut super::Store) -> anyhow::Result<()> {
    store.write("stirring the board", |tx| {
        tx.execute_batch(
            "UPDATE tasks SET status = 'todo' WHERE id = 't_f0000002';
             UPDATE tasks SET status = 'scheduled' WHERE id = 't_f0000003';
             UPDATE tick_cards SET not_before = 5 WHERE task_id = 't_f0000003';
             UPDATE kanban_notify_subs SET last_event_id = 0 WHERE rowid <= 3;
             INSERT INTO task_comments (task_id, author, body, created_at) VALUES ('t_f0000002', 'x', 'said', 9);
             INSERT INTO task_events (task_id, kind, created_at)
                 VALUES ('t_f0000002', 'commented', 9), ('t_f0000001', 'blocked', 9), ('t_f0000003', 'edited', 9);",
        )?;
        Ok(())
    })
}
