//! Boards of any size, made row by row as the program would have left them.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::measure::Program;

/// What most of a board's cards are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// 99 of 100 are done, the rest is blocked.
    Finished,
    /// Half is done, and half waits for parents that are blocked.
    Waiting,
    /// As `Finished`, and 5,000 cards have somebody who wants to hear of them.
    Subscribed,
}

impl Shape {
    pub fn name(self) -> &'static str {
        match self {
            Self::Finished => "99 % done",
            Self::Waiting => "half waiting",
            Self::Subscribed => "5,000 subscriptions",
        }
    }
}

/// A home with one board.
pub struct Home {
    pub path: PathBuf,
    pub program: PathBuf,
    /// The file of its board.
    pub db: PathBuf,
}

pub const CONFIG: &str = "\
[host]
max_in_progress = 200
[defaults]
max_in_progress = 200
max_in_progress_per_worker = 200
[workers.true]
command = ['true']
[channels.told]
kind = 'command'
command = ['true']
subscribed_only = true
platform = 'telegram'
";

impl Home {
    /// A home with an empty board in a folder that is made anew.
    pub fn new(root: &Path, name: &str, program: &Path) -> Self {
        let path = root.join(name);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("a folder for a board");
        std::fs::write(path.join("config.toml"), CONFIG).expect("a configuration");
        let home = Self {
            db: path.join("boards/default/kanban.db"),
            path,
            program: program.to_owned(),
        };
        home.kanban(&["init"]).run();
        home
    }

    pub fn kanban(&self, args: &[&str]) -> Program {
        Program::new(&self.program, &self.path, args)
    }

    /// Runs SQL on the board, as another program would.
    pub fn sql(&self, sql: &str) {
        let board = Connection::open(&self.db).expect("a board");
        board
            .set_db_config(
                rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE,
                true,
            )
            .and_then(|_| board.execute_batch(sql))
            .expect("SQL that a board takes");
    }

    /// Adds cards of `true` that are ready.
    pub fn add(&self, count: usize) {
        let cards: String = (0..count)
            .map(|n| format!("[[cards]]\ntitle = 'card {n}'\nassignee = 'true'\n"))
            .collect();
        let file = self.path.join("cards.toml");
        std::fs::write(&file, cards).expect("a file of cards");
        self.kanban(&["create", "--from", &file.display().to_string()])
            .run();
    }

    /// Fills the board, and lets the program settle what it has to do once.
    pub fn fill(&self, cards: usize, shape: Shape) {
        let other = match shape {
            Shape::Waiting => {
                "CASE WHEN n % 100 = 0 THEN 'blocked' WHEN n % 2 = 0 THEN 'done' ELSE 'todo' END"
            }
            Shape::Finished | Shape::Subscribed => {
                "CASE WHEN n % 100 = 0 THEN 'blocked' ELSE 'done' END"
            }
        };
        self.sql(&format!(
            "BEGIN;
             CREATE TEMP TABLE made AS WITH RECURSIVE numbers(n) AS
                 (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < {cards})
                 SELECT n, printf('t_%08x', (n * 2654435761) % 4294967296) AS id, {other} AS status FROM numbers;
             INSERT INTO tasks (id, title, body, assignee, status, priority, created_by, created_at, started_at, completed_at, result)
                 SELECT id, 'Card number ' || n, 'What is to be done about ' || n || ', and what has to hold afterwards.',
                        'true', status, n % 5, 'bench', 1700000000 + n, iif(status = 'done', 1700000001 + n, NULL),
                        iif(status = 'done', 1700000002 + n, NULL), iif(status = 'done', 'it went well', NULL) FROM made;
             INSERT INTO task_runs (task_id, profile, status, started_at, ended_at, outcome)
                 SELECT id, 'true', 'done', 1700000001 + n, 1700000002 + n, 'completed' FROM made WHERE status = 'done';
             INSERT INTO tick_runs (run_id, task_id, worker, attempt, nonce, token, host, boot, lock_dev, lock_ino, report,
                                    leftovers, stage, dead, claimed_at, started_at, ended_at, outcome, exit_code)
                 SELECT id, task_id, 'true', 1, printf('%032x', id), printf('%032x', id), 'h', 'b', 1, 1, 'exit', 'end',
                        'ended', 1, started_at, started_at, ended_at, 'completed', 0 FROM task_runs;
             INSERT INTO task_events (task_id, kind, payload, created_at)
                 SELECT id, 'created', '{{\"status\":\"ready\"}}', 1700000000 + n FROM made;
             INSERT INTO task_events (task_id, run_id, kind, payload, created_at)
                 SELECT task_id, id, 'claimed', '{{\"worker\":\"true\"}}', started_at FROM task_runs;
             INSERT INTO task_events (task_id, run_id, kind, payload, created_at)
                 SELECT task_id, id, 'completed', '{{\"summary\":\"it went well\"}}', ended_at FROM task_runs;
             INSERT INTO task_links (parent_id, child_id)
                 SELECT p.id, c.id FROM made c JOIN made p ON p.n = c.n / 100 * 100 WHERE c.status = 'todo';
             UPDATE tick_meta SET value = (SELECT max(id) FROM task_events) WHERE key = 'announced';
             INSERT OR REPLACE INTO tick_meta (key, value)
                 SELECT 'promotion_seen', max(id) FROM task_events;
             COMMIT;"
        ));
        if shape == Shape::Subscribed {
            self.sql(
                "BEGIN;
                 INSERT INTO tick_subscriptions (task_id, channel, address, thread, since, inherits, created_at, created_by)
                     SELECT id, 'told', '', '', 0, 0, 0, 'bench' FROM tasks LIMIT 2500;
                 INSERT INTO kanban_notify_subs (task_id, platform, chat_id, thread_id, created_at, last_event_id)
                     SELECT id, 'telegram', '1', '', 0, (SELECT max(id) FROM task_events) FROM tasks LIMIT 2500;
                 COMMIT;",
            );
        }
        // The first tick of an hour sweeps and prunes; the next one is idle.
        self.kanban(&["tick"]).run();
        self.kanban(&["tick"]).run();
    }
}
