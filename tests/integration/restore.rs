//! Going back to a backup: what is lost, what is kept, and that nobody works twice at the same time.

use std::fs;
use std::path::PathBuf;

use rusqlite::Connection;

use crate::harness::{Home, PROGRAM, text};
use crate::kills::{count_calls, strace_works};
use crate::quarantine::{DAMAGES, damage, fill};

const WORKERS: &str = r#"
[defaults]
retry_delay = "0s"
[workers.ok]
command = ["true"]
[workers.slow]
command = ["sh", "-c", "echo x >> \"$KANBAN_HOME/ran\"; touch started; sleep 300"]
[workers.me]
pull = true
"#;

fn titles(home: &Home) -> Vec<String> {
    let all = home.json(&["list"]);
    let mut titles: Vec<String> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|card| text(&card["title"]))
        .collect();
    titles.sort();
    titles
}

/// What is kept beside the board under a name that contains this.
fn kept(home: &Home, what: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(home.board(""))
        .unwrap()
        .flatten()
        .map(|e| e.path())
        .filter(|path| path.to_string_lossy().contains(what))
        .collect();
    found.sort();
    found
}

#[test]
fn a_board_goes_back_and_what_it_was_is_kept() {
    let home = Home::new(WORKERS).with("KANBAN_NOW", "1767225600");
    home.create("before", "me", &[]);
    home.ok(&["backup", "copy.db"]);
    home.create("after", "me", &[]);
    // Somebody has it open all the while, as a dashboard would.
    let other = Connection::open(home.board("kanban.db")).unwrap();
    let count = |conn: &Connection| -> i64 {
        conn.query_row("SELECT count(*) FROM tasks", [], |r| r.get(0))
            .unwrap()
    };
    assert_eq!(count(&other), 2);
    let number = home.sql::<i64>("SELECT value FROM tick_meta WHERE key = 'board'");
    let refused = home.kanban(&["restore", "copy.db"]).expect(2);
    assert!(refused.stderr.contains("--yes"), "{}", refused.stderr);
    assert_eq!(count(&other), 2);

    let done = home.json(&["restore", "copy.db", "--yes"]);
    assert_eq!(
        (&done["cards"], &done["was_damaged"]),
        (&1.into(), &false.into())
    );
    assert_eq!(titles(&home), ["before"]);
    assert_eq!(
        count(&other),
        1,
        "for others it is a transaction like any other"
    );
    assert_eq!(home.sql::<String>("PRAGMA journal_mode"), "wal");
    assert_eq!(home.sql::<String>("PRAGMA integrity_check"), "ok");
    assert_ne!(
        home.sql::<i64>("SELECT value FROM tick_meta WHERE key = 'board'"),
        number,
        "messages of later events are not taken for repetitions"
    );
    let aside = text(&done["kept"]);
    assert!(
        aside.ends_with("kanban.db.before-restore-20260101T000000Z"),
        "{aside}"
    );
    assert_eq!(count(&Connection::open(&aside).unwrap()), 2);

    // And forth again: nothing is ever overwritten.
    home.ok(&["restore", &aside, "--yes"]);
    assert_eq!(titles(&home), ["after", "before"]);
    assert_eq!(kept(&home, "before-restore").len(), 2);
    assert_eq!(kept(&home, "restoring").len(), 0);
    home.ok(&["tick"]);
}

#[test]
fn a_damaged_board_is_moved_aside_and_let_go() {
    for (kind, how) in DAMAGES {
        let home = Home::new(WORKERS);
        fill(&home);
        home.ok(&["backup", "copy.db"]);
        let db = home.board("kanban.db");
        fs::remove_file(home.board("kanban.db-wal")).ok();
        fs::remove_file(home.board("kanban.db-shm")).ok();
        damage(&db, how);
        let before = fs::read(&db).unwrap();
        home.kanban(&["tick"]).expect(5);
        let done = home.json(&["restore", "copy.db", "--yes"]);
        assert_eq!(done["was_damaged"], true, "{kind}");
        assert_eq!(fs::read(text(&done["kept"])).unwrap(), before, "{kind}");
        assert_eq!(titles(&home).len(), 4, "{kind}");
        assert!(!home.board("kanban.db.quarantine").exists());
        assert_eq!(home.sql::<String>("PRAGMA journal_mode"), "wal");
        home.ok(&["tick"]);
        home.create("it goes on", "me", &[]);
    }
}

#[test]
fn a_board_that_was_lost_comes_back() {
    let home = Home::new(WORKERS);
    home.create("a", "me", &[]);
    home.ok(&["backup", "copy.db"]);
    fs::remove_dir_all(home.board("")).unwrap();
    let done = home.json(&["restore", "copy.db", "--yes"]);
    assert!(done["kept"].is_null(), "{done}");
    assert_eq!(titles(&home), ["a"]);
}

#[test]
fn only_a_sound_backup_is_gone_back_to() {
    let home = Home::new(WORKERS);
    fill(&home);
    home.ok(&["backup", "copy.db"]);
    home.create("after", "me", &[]);
    let before = titles(&home);
    let file = |name: &str| home.path().join(name);
    for (n, (_, how)) in DAMAGES.into_iter().enumerate() {
        let name = format!("bad{n}.db");
        fs::copy(file("copy.db"), file(&name)).unwrap();
        damage(&file(&name), how);
        let run = home.kanban(&["restore", &name, "--yes"]).expect(5);
        assert!(run.stderr.contains(&name), "{}", run.stderr);
        assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    }
    fs::copy(file("copy.db"), file("newer.db")).unwrap();
    Connection::open(file("newer.db"))
        .unwrap()
        .execute("UPDATE tick_meta SET value = 99 WHERE key = 'schema'", [])
        .unwrap();
    let newer = home.kanban(&["restore", "newer.db", "--yes"]).expect(5);
    assert!(newer.stderr.contains("newer kanban"), "{}", newer.stderr);
    Connection::open(file("other.db"))
        .unwrap()
        .execute_batch("CREATE TABLE x (a)")
        .unwrap();
    home.kanban(&["restore", "other.db", "--yes"]).expect(5);
    home.kanban(&["restore", "nothing.db", "--yes"]).expect(3);
    let own = home.board("kanban.db");
    home.kanban(&["restore", own.to_str().unwrap(), "--yes"])
        .expect(2);
    assert_eq!(titles(&home), before);
    assert_eq!(
        kept(&home, "before-restore").len() + kept(&home, "damaged").len(),
        0
    );
    assert!(!home.board("kanban.db.quarantine").exists());
    assert_eq!(kept(&home, "quarantine").len(), 0);
}

#[test]
fn nobody_works_twice_at_the_same_time_after_a_restore() {
    let home = Home::new(WORKERS);
    let id = home.create("x", "slow", &[]);
    home.ok(&["tick"]);
    let started = home.board("workspaces").join(&id).join("started");
    home.wait_until("the worker works", || started.exists());
    home.ok(&["backup", "copy.db"]);
    let worker = home.runs(&id)[0]["worker_pid"].to_string();
    let lives = || std::path::Path::new("/proc").join(&worker).exists();

    let refused = home.kanban(&["restore", "copy.db", "--yes"]).expect(4);
    assert!(
        refused.stderr.contains("--stop-workers"),
        "{}",
        refused.stderr
    );
    assert!(lives());
    // Even where the board says nothing of them any more.
    damage(&home.board("kanban.db"), DAMAGES[2].1);
    home.kanban(&["tick"]).expect(5);
    home.kanban(&["restore", "copy.db", "--yes"]).expect(4);
    home.ok(&["restore", "copy.db", "--yes", "--stop-workers"]);
    assert!(!lives());

    // The run is in the backup as one that is at work. It is booked, and the card is tried again, once.
    home.wait_until("the card is tried again", || {
        home.kanban(&["tick"]);
        home.runs(&id).len() == 2
    });
    let runs = home.runs(&id);
    assert_ne!(runs[0]["outcome"], serde_json::Value::Null, "{runs:?}");
    assert_eq!(
        home.sql::<i64>("SELECT count(*) FROM tick_runs WHERE dead = 0"),
        1
    );
    home.ok(&["stop", &id]);
    // A backup whose runs have left nothing at all: folders gone, and later runs in between.
    home.ok(&["restore", "copy.db", "--yes"]);
    home.wait_until("the lost run is booked", || {
        home.kanban(&["tick"]);
        home.runs(&id)[0]["outcome"] == "lost"
    });
    assert_eq!(home.sql::<String>("PRAGMA integrity_check"), "ok");
    home.kanban(&["stop", &id]);
}

#[test]
fn a_restore_waits_for_no_tick_and_no_writer() {
    let home = Home::new(WORKERS);
    home.create("a", "me", &[]);
    home.ok(&["tick"]);
    home.ok(&["backup", "copy.db"]);
    for lock in ["dispatch", "deliver"] {
        let path = home.board(&format!("kanban.db.{lock}.lock"));
        let held = home.sh(&format!(
            "flock -x {} \"$KANBAN\" restore copy.db --yes",
            path.display()
        ));
        assert!(held.expect(75).stderr.contains("try again"), "{lock}");
    }
    let mut other = Connection::open(home.board("kanban.db")).unwrap();
    let writer = other
        .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
        .unwrap();
    home.kanban(&["restore", "copy.db", "--yes"]).expect(75);
    drop(writer);
    assert_eq!(
        kept(&home, "before-restore").len(),
        0,
        "nothing was changed"
    );
    home.ok(&["restore", "copy.db", "--yes"]);
}

/// Killed at any call that changes a name or writes, a restore leaves the board as it was or as it is to be, and
/// the next one gets there.
#[test]
fn a_restore_may_be_killed_at_any_moment() {
    if !strace_works() {
        return;
    }
    let calls = [
        "rename",
        "renameat",
        "link",
        "linkat",
        "unlink",
        "pwrite64",
        "fsync",
        "ftruncate",
    ];
    for how in [None, Some(DAMAGES[2].1)] {
        let begin = || {
            let home = Home::new(WORKERS);
            fill(&home);
            home.ok(&["backup", "copy.db"]);
            home.create("after", "me", &[]);
            if let Some(how) = how {
                damage(&home.board("kanban.db"), how);
            }
            home
        };
        let strace = |home: &Home, option: &str, out: &str| {
            let mut strace = home.command("strace");
            strace.args(["-f", "-qq", "-o", out, "-e", option, PROGRAM]);
            strace
                .args(["restore", "copy.db", "--yes"])
                .output()
                .unwrap()
        };
        let home = begin();
        let trace = home.path().join("trace");
        let seen = format!("trace={}", calls.join(","));
        assert!(
            strace(&home, &seen, trace.to_str().unwrap())
                .status
                .success()
        );
        for (call, times) in count_calls(&trace) {
            // Every one of the few, and some of the many.
            for n in (1..=times).step_by(times.div_ceil(4)) {
                let at = format!("{call} {n}, damaged: {}", how.is_some());
                let home = begin();
                strace(
                    &home,
                    &format!("inject={call}:signal=KILL:when={n}"),
                    "/dev/null",
                );
                let ticked = home.kanban(&["tick"]);
                assert!(matches!(ticked.code, Some(0 | 5)), "{at}: {ticked:?}");
                if ticked.code == Some(0) {
                    let cards = titles(&home).len();
                    assert!(cards == 4 || (cards == 5 && how.is_none()), "{at}: {cards}");
                    assert_eq!(home.sql::<String>("PRAGMA integrity_check"), "ok", "{at}");
                }
                home.ok(&["restore", "copy.db", "--yes"]);
                assert_eq!(titles(&home).len(), 4, "{at}");
                home.ok(&["check"]);
                assert_eq!(kept(&home, "restoring").len(), 0, "{at}");
            }
        }
    }
}
