//! Runs that another program started: judged by their lease, and on this machine by their process.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command};

use rusqlite::{Connection, params};
use serde_json::Value;

use crate::harness::Home;

const NOW: i64 = 2_000_000_000;

fn home() -> Home {
    Home::new("[defaults]\nmax_in_progress = 1\n[workers.w]\ncommand = ['true']\n[workers.me]\npull = true")
        .with("KANBAN_NOW", &NOW.to_string())
}

struct Run {
    pid: Option<i64>,
    host: &'static str,
    started: i64,
    expires: Option<i64>,
    heartbeat: Option<i64>,
    max_runtime: Option<i64>,
}

const RUN: Run = Run {
    pid: None,
    host: "here",
    started: NOW - 1_000,
    expires: Some(NOW + 500),
    heartbeat: None,
    max_runtime: None,
};

/// A card that another program gave to its worker.
fn running(home: &Home, run: &Run) -> String {
    let id = home.create("x", "me", &[]);
    let here = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned();
    let host = if run.host == "here" { &here } else { run.host };
    let lock = format!("{host}:4711");
    let board = Connection::open(home.board("kanban.db")).unwrap();
    board
        .execute(
            "INSERT INTO task_runs (task_id, profile, status, claim_lock, claim_expires, worker_pid, started_at)
             VALUES (?1, 'me', 'running', ?2, ?3, ?4, ?5)",
            params![id, lock, run.expires, run.pid, run.started],
        )
        .unwrap();
    board
        .execute(
            "UPDATE tasks SET status = 'running', claim_lock = ?2, claim_expires = ?3, worker_pid = ?4,
                    started_at = ?5, last_heartbeat_at = ?6, max_runtime_seconds = ?7, current_run_id = ?8
             WHERE id = ?1",
            params![
                id,
                lock,
                run.expires,
                run.pid,
                run.started,
                run.heartbeat,
                run.max_runtime,
                board.last_insert_rowid()
            ],
        )
        .unwrap();
    id
}

/// A process that carries the mark of the card's worker, with a child in its group.
fn worker(id: &str) -> Child {
    Command::new("sh")
        .args(["-c", "trap '' TERM; sleep 300 & wait; wait"])
        .env("HERMES_KANBAN_TASK", id)
        .process_group(0)
        .spawn()
        .unwrap()
}

fn set_pid(home: &Home, id: &str, pid: u32) {
    let board = Connection::open(home.board("kanban.db")).unwrap();
    for sql in [
        "UPDATE tasks SET worker_pid = ?2 WHERE id = ?1",
        "UPDATE task_runs SET worker_pid = ?2 WHERE task_id = ?1",
    ] {
        board.execute(sql, params![id, pid]).unwrap();
    }
}

fn outcome(home: &Home, id: &str) -> Value {
    home.runs(id)[0]["outcome"].clone()
}

#[test]
fn a_dead_worker_is_a_crash_however_long_its_lease_runs() {
    let home = home();
    let dead = Some(i64::from(i32::MAX));
    let id = running(&home, &Run { pid: dead, ..RUN });
    let fresh = running(
        &home,
        &Run {
            pid: dead,
            started: NOW - 5,
            ..RUN
        },
    );
    let expired = running(
        &home,
        &Run {
            pid: dead,
            expires: Some(NOW - 1),
            ..RUN
        },
    );
    home.ok(&["tick"]);
    for id in [&id, &expired] {
        assert_eq!(home.status(id), "ready");
        assert_eq!(outcome(&home, id), "crashed");
        assert_eq!(home.json(&["show", id])["task"]["consecutive_failures"], 1);
    }
    assert_eq!(
        home.status(&fresh),
        "running",
        "it may only not be visible yet"
    );
}

#[test]
fn another_machine_is_believed_until_its_lease_ends() {
    let home = home();
    let other = Run {
        pid: Some(1),
        host: "elsewhere",
        ..RUN
    };
    let held = running(&home, &other);
    let over = running(
        &home,
        &Run {
            expires: Some(NOW - 1),
            ..other
        },
    );
    home.ok(&["tick"]);
    assert_eq!(home.status(&held), "running");
    assert_eq!(home.status(&over), "ready");
    assert_eq!(outcome(&home, &over), "reclaimed");
    assert_eq!(
        home.json(&["show", &over])["task"]["consecutive_failures"],
        0
    );
}

#[test]
fn a_worker_that_lives_gets_more_time_and_one_over_its_time_is_ended_with_its_group() {
    let home = home();
    let lives = running(
        &home,
        &Run {
            expires: Some(NOW - 1),
            ..RUN
        },
    );
    let over = running(
        &home,
        &Run {
            max_runtime: Some(100),
            ..RUN
        },
    );
    let wedged = running(
        &home,
        &Run {
            started: NOW - 20_000,
            heartbeat: Some(NOW - 4_000),
            ..RUN
        },
    );
    let mut children: Vec<Child> = [&lives, &over, &wedged]
        .into_iter()
        .map(|id| {
            let child = worker(id);
            set_pid(&home, id, child.id());
            child
        })
        .collect();
    // A dry run signals nobody.
    home.ok(&["tick", "--dry-run"]);
    assert!(children.iter_mut().all(|c| c.try_wait().unwrap().is_none()));
    home.ok(&["tick"]);
    assert_eq!(home.status(&lives), "running");
    assert!(home.history(&lives).contains(&"claim_extended".to_owned()));
    assert_eq!(outcome(&home, &over), "timed_out");
    assert_eq!(outcome(&home, &wedged), "stale");
    assert_eq!(
        home.json(&["show", &over])["task"]["consecutive_failures"],
        1
    );
    assert_eq!(
        home.json(&["show", &wedged])["task"]["consecutive_failures"],
        0
    );
    for (child, lived) in children.iter_mut().zip([true, false, false]) {
        assert_eq!(child.try_wait().unwrap().is_none(), lived);
    }
    let group = rustix::process::Pid::from_child(&children[1]);
    // What is left of it are zombies at most, until somebody reaps them.
    home.wait_until("the group is gone as a whole", || {
        rustix::process::test_kill_process_group(group).is_err()
    });
    let _ = rustix::process::kill_process_group(
        rustix::process::Pid::from_child(&children[0]),
        rustix::process::Signal::KILL,
    );
    children[0].wait().unwrap();
}

#[test]
fn a_number_that_was_used_again_is_not_the_worker() {
    let home = home();
    let id = running(
        &home,
        &Run {
            max_runtime: Some(1),
            ..RUN
        },
    );
    // Of this user, alive, without the mark, and not begun when the run was.
    let mut bystander = Command::new("sleep").arg("300").spawn().unwrap();
    set_pid(&home, &id, bystander.id());
    home.ok(&["tick"]);
    assert_eq!(outcome(&home, &id), "crashed");
    assert!(bystander.try_wait().unwrap().is_none(), "it was hit");
    bystander.kill().unwrap();
    bystander.wait().unwrap();
}

#[test]
fn a_run_of_ours_on_another_machine_is_over_with_its_lease() {
    let home = Home::new("[workers.w]\ncommand = ['sh', '-c', 'sleep 300']")
        .with("KANBAN_NOW", &NOW.to_string());
    let id = home.create("x", "w", &[]);
    home.ok(&["tick"]);
    home.wait_until("it works", || home.runs(&id)[0]["worker_pid"].is_i64());
    let board = Connection::open(home.board("kanban.db")).unwrap();
    board
        .execute("UPDATE tick_runs SET host = 'elsewhere'", [])
        .unwrap();
    home.ok(&["tick"]);
    assert_eq!(home.status(&id), "running");
    board
        .execute(
            "UPDATE tick_runs SET host = (SELECT host FROM tick_runs)",
            [],
        )
        .unwrap();
    drop(board);
    home.ok(&["pause"]);
    home.ok(&["stop", &id]);
}

#[test]
fn a_person_who_takes_a_card_away_ends_the_worker_of_the_other_program_first() {
    let home = home();
    // What would be refused ends nobody.
    let id = running(&home, &RUN);
    let mut child = worker(&id);
    set_pid(&home, &id, child.id());
    for refused in [
        &["promote", &id][..],
        &["retry", &id],
        &["assign", &id, "w"],
    ] {
        home.kanban(refused).expect(4);
    }
    let done = home.create("done", "me", &[]);
    home.ok(&["complete", &done]);
    home.kanban(&["block", &id, &done]).expect(4);
    assert!(child.try_wait().unwrap().is_none());
    home.ok(&["complete", &id]);
    assert!(child.try_wait().unwrap().is_some());
    for (verb, after) in [
        ("stop", "blocked"),
        ("reclaim", "ready"),
        ("archive", "archived"),
    ] {
        let id = running(&home, &RUN);
        let mut child = worker(&id);
        set_pid(&home, &id, child.id());
        home.ok(&[verb, &id]);
        assert_eq!(home.status(&id), after);
        assert!(
            child.try_wait().unwrap().is_some(),
            "{verb}: the worker lives"
        );
    }
}

/// Keeps a process from ending, whatever it is sent, for as long as this lives: a frozen one takes no signal.
struct Frozen(std::path::PathBuf);

impl Frozen {
    fn new(pid: u32) -> Option<Self> {
        let group = std::path::PathBuf::from(format!("/sys/fs/cgroup/freezer/kanban-test-{pid}"));
        std::fs::create_dir(&group).ok()?;
        let frozen = Self(group);
        let put = |file: &str, text: &str| std::fs::write(frozen.0.join(file), text);
        put("cgroup.procs", &pid.to_string()).ok()?;
        put("freezer.state", "FROZEN").ok()?;
        Some(frozen)
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        let _ = std::fs::write(self.0.join("freezer.state"), "THAWED");
        // It goes when the last process of it is gone.
        for _ in 0..500 {
            if std::fs::remove_dir(&self.0).is_ok() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }
}

#[test]
fn a_worker_that_cannot_be_ended_keeps_its_card() {
    let home = home();
    let id = running(
        &home,
        &Run {
            max_runtime: Some(100),
            ..RUN
        },
    );
    let mut child = Command::new("sleep")
        .arg("300")
        .env("HERMES_KANBAN_TASK", &id)
        .process_group(0)
        .spawn()
        .unwrap();
    set_pid(&home, &id, child.id());
    let Some(frozen) = Frozen::new(child.id()) else {
        eprintln!("skipped: no process can be frozen here (no freezer of cgroup v1, or not root)");
        child.kill().unwrap();
        child.wait().unwrap();
        return;
    };
    let said = home.kanban(&["tick"]).expect(1).stderr;
    assert!(said.contains("could not be ended"), "{said}");
    assert_eq!(home.status(&id), "running", "it may still be at work");
    assert!(home.history(&id).contains(&"reclaim_deferred".to_owned()));
    // Nor does a person get it from a worker that cannot be ended.
    home.kanban(&["stop", &id]).expect(75);
    assert_eq!(home.status(&id), "running");
    drop(frozen);
    child.wait().unwrap();
    home.ok(&["tick"]);
    assert_eq!(home.status(&id), "ready");
}
