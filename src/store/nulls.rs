//! Tests that run the real statements on boards whose shared columns are NULL: another program may have made the
//! tables without `NOT NULL`, and a comparison with NULL is neither true nor false.

use rusqlite::{Connection, params};

use super::retention::{self, Rows};
use super::{Tx, check, claims, links, promotion, schema, settle, stats, subscriptions, tasks};
use crate::board::dependency::Release;
use crate::board::id::TaskId;
use crate::board::status::Status;
use crate::board::task::NewTask;

/// A board whose shared tables accept NULL in every column.
fn board() -> Connection {
    let mut conn = Connection::open_in_memory().unwrap();
    let shared = include_str!("sql/shared.sql").replace(" NOT NULL", "");
    conn.execute_batch(&shared).unwrap();
    schema::migrate(&mut conn).unwrap();
    conn
}

fn id(text: &str) -> TaskId {
    TaskId::stored(text.to_owned())
}

/// What another program, or this one, may have left of a parent.
#[derive(Debug, Clone)]
struct Parent {
    status: Option<String>,
    /// Oldest first.
    events: &'static [Option<&'static str>],
    mark: Mark,
}

/// The row of `tick_cards` of a parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    NoRow,
    Null,
    Cancelled,
}

impl Parent {
    /// The rule in Rust, where no value is neither true nor false.
    fn unblocks(&self, release: Release) -> bool {
        let status = self.status.as_deref();
        let gave_up = || {
            let family = ["blocked", "unblocked", "gave_up"];
            let mut of_family = self.events.iter().rev().flatten();
            let newest = of_family.find(|kind| family.contains(*kind));
            status == Some("blocked") && newest == Some(&"gave_up")
        };
        match release {
            Release::Success => match status {
                Some("done") => true,
                Some("archived") => self.mark != Mark::Cancelled,
                _ => false,
            },
            Release::Failure => gave_up(),
            Release::Any => gave_up() || matches!(status, Some("done" | "cancelled" | "archived")),
        }
    }

    fn insert(&self, conn: &Connection, name: &str) {
        conn.execute(
            "INSERT INTO tasks (id, title, status, created_at) VALUES (?1, 'parent', ?2, 0)",
            params![name, self.status],
        )
        .unwrap();
        for kind in self.events {
            conn.execute(
                "INSERT INTO task_events (task_id, kind, created_at) VALUES (?1, ?2, 0)",
                params![name, kind],
            )
            .unwrap();
        }
        if self.mark != Mark::NoRow {
            conn.execute(
                "INSERT INTO tick_cards (task_id, cancelled_at) VALUES (?1, ?2)",
                params![name, (self.mark == Mark::Cancelled).then_some(1)],
            )
            .unwrap();
        }
    }
}

/// Every status with every kind of history.
fn parents() -> Vec<Parent> {
    let known = Status::COLUMNS.map(|status| Some(status.to_string()));
    let strange = [None, Some("".into()), Some("of another program".into())];
    let events: [&[Option<&str>]; 8] = [
        &[],
        &[None],
        &[Some("commented")],
        &[Some("blocked")],
        &[Some("gave_up")],
        &[Some("gave_up"), None, Some("commented")],
        &[Some("gave_up"), Some("unblocked")],
        &[Some("blocked"), Some("unblocked"), Some("gave_up")],
    ];
    let mut all = Vec::new();
    for status in known.into_iter().chain(strange) {
        for events in events {
            for mark in [Mark::NoRow, Mark::Null, Mark::Cancelled] {
                all.push(Parent {
                    status: status.clone(),
                    events,
                    mark,
                });
            }
        }
    }
    all
}

#[test]
fn edge_with_null_operand_does_not_unblock_child() {
    let conn = board();
    let tx = Tx(&conn);
    let mut expected = Vec::new();
    let releases = [Release::Success, Release::Failure, Release::Any];
    for (i, parent) in parents().into_iter().enumerate() {
        for release in releases {
            let (upper, lower) = (format!("p_{i}_{release}"), format!("c_{i}_{release}"));
            parent.insert(&conn, &upper);
            conn.execute(
                "INSERT INTO tasks (id, title, status, created_at) VALUES (?1, 'child', 'todo', 0)",
                [&lower],
            )
            .unwrap();
            links::add(&tx, &id(&upper), &id(&lower), release).unwrap();
            expected.push((upper, lower, parent.clone(), release));
        }
    }
    let cursor = promotion::cursor(&conn, 0, 5).unwrap();
    let steps = promotion::steps(&conn, &cursor, 5).unwrap();
    let promoted: Vec<&TaskId> = steps.iter().map(|step| &step.id).collect();
    for (upper, lower, parent, release) in &expected {
        let (upper, lower) = (id(upper), id(lower));
        let open = !parent.unblocks(*release);
        let what = format!("{parent:?} {release}");
        let seen = links::parents(&conn, &lower).unwrap();
        assert_eq!(seen[0].open, open, "{what}");
        assert_eq!(
            links::children(&conn, &upper).unwrap()[0].open,
            open,
            "{what}"
        );
        let (edges, _) = links::around(&conn, &[&lower], 10).unwrap();
        assert_eq!(edges[0].open, open, "{what}");
        let candidate = claims::candidate(&conn, &lower).unwrap().unwrap();
        assert_eq!(candidate.open_parent, open, "{what}");
        assert_eq!(promoted.contains(&&lower), !open, "{what}");

        // A child that another program moved to ready goes back exactly where its parent is open.
        conn.execute(
            "UPDATE tasks SET status = 'ready' WHERE id = ?1",
            [lower.as_str()],
        )
        .unwrap();
        assert_eq!(
            promotion::take_back(&tx, &lower, 5).unwrap(),
            open,
            "{what}"
        );
    }
}

#[test]
fn rows_with_null_are_pruned_or_kept_without_error() {
    let conn = board();
    let tx = Tx(&conn);
    conn.execute_batch(
        "INSERT INTO tasks (id, title, status, created_at, completed_at) VALUES
             ('t_1', 'done', 'done', 0, NULL), (NULL, 'no id', 'done', 0, 0), ('t_2', 'no status', NULL, 0, 0),
             ('t_3', 'no time', 'done', NULL, NULL);
         INSERT INTO task_events (task_id, kind, created_at) VALUES
             ('t_1', NULL, 0), ('t_1', 'completed', 0), ('t_1', 'completed', NULL), ('t_2', 'completed', 0),
             ('t_3', NULL, 0);
         INSERT INTO task_runs (task_id, status, outcome, started_at, ended_at) VALUES
             ('t_1', NULL, NULL, NULL, 1), ('t_1', 'done', 'completed', 0.25, 1), ('t_2', 'done', 'completed', 0, 1),
             ('t_3', 'done', 'completed', 0, 1);
         INSERT OR REPLACE INTO tick_meta VALUES ('announced', 100)",
    )
    .unwrap();
    for (rows, gone) in [(Rows::Events, [1, 2]), (Rows::Runs, [1, 2])] {
        let batch = retention::look(&conn, rows, 50, 0).unwrap();
        assert_eq!(batch.ids, gone, "{rows:?}");
        assert_eq!(retention::remove(&tx, rows, &batch, 50).unwrap(), 2);
    }
    let ends = stats::ends(&conn).unwrap();
    let unknown = ends.iter().find(|end| end.outcome == "unknown").unwrap();
    assert_eq!((unknown.count, unknown.seconds), (1, 0.0));
    let part = retention::next_over(&conn, 0, 10, 50).unwrap();
    assert!(part.cards.is_empty(), "neither is an id of ours");
}

#[test]
fn card_without_status_is_neither_created_twice_nor_ended() {
    let conn = board();
    let tx = Tx(&conn);
    conn.execute_batch(
        "INSERT INTO tasks (id, title, status, created_at, idempotency_key) VALUES
             ('t_0', 'put away', 'archived', 0, 'k'), ('t_1', 'no status', NULL, 0, 'k');
         INSERT INTO task_links VALUES ('t_0', 't_1'), (NULL, 't_1'), ('t_1', NULL);
         INSERT INTO tick_subscriptions VALUES ('t_1', 'told', '', '', 0, 1, 0, 'x');",
    )
    .unwrap();
    let new = NewTask {
        idempotency_key: Some("k".into()),
        ..NewTask::default()
    };
    let created = tasks::create(&tx, &new, 5).unwrap();
    assert_eq!((created.id, created.new), (id("t_1"), false));
    assert_eq!(
        subscriptions::descendants(&conn, &id("t_0")).unwrap(),
        [id("t_1")]
    );
    assert_eq!(subscriptions::end_finished(&tx, None, 100).unwrap(), 0);
}

#[test]
fn check_reports_cards_whose_id_is_null() {
    let conn = board();
    conn.execute_batch(
        "INSERT INTO tasks (id, title, status, created_at, claim_lock) VALUES (NULL, 'no id', 'ready', 0, 'x:1');
         INSERT INTO task_events (task_id, kind, created_at) VALUES (NULL, 'created', 0)",
    )
    .unwrap();
    let found = check::look(&conn, 5).unwrap();
    let claimed = found.iter().find(|f| f.rule == "claim_on_waiting_card");
    assert_eq!(claimed.unwrap().ids, ["NULL"]);
}

#[test]
fn failures_that_are_null_count_as_none() {
    let conn = board();
    conn.execute_batch(
        "INSERT INTO tasks (id, title, status, created_at, consecutive_failures) VALUES ('t_1', 'a', 'running', 0, NULL)",
    )
    .unwrap();
    let (task, source) = (id("t_1"), Status::Ready);
    let card = settle::Card {
        task: &task,
        run_id: None,
        worker: "w",
        source: &source,
    };
    assert!(settle::standing(&Tx(&conn), &card).unwrap().is_some());
}
