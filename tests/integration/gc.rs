//! What is removed when it is old enough, and what never is.

use std::fs;

use rusqlite::Connection;
use serde_json::Value;

use crate::harness::{Home, PROGRAM, Run, text};
use crate::kills::strace_works;
use crate::receiver::{NOBODY, Receiver};
use crate::traced::{Trace, Whom, trace};

/// The beginning of these tests.
const T0: i64 = 1_767_225_600;
const DAY: i64 = 86_400;

const CONFIG: &str = r#"
[defaults]
failure_limit = 1
retry_delay = "0s"
keep_events = "30d"
keep_runs = "30d"
keep_logs = "30d"
keep_artifacts = "60d"
workspace_keep = "7d"
[workers.ok]
command = ["sh", "-c", "mkdir artifacts; echo result | tee artifacts/result"]
[workers.bad]
command = ["false"]
[workers.slow]
command = ["sh", "-c", "touch started; sleep 300"]
[workers.me]
pull = true
"#;

fn home(more: &str) -> Home {
    Home::new(&format!("{CONFIG}{more}")).with("KANBAN_NOW", &T0.to_string())
}

/// Runs the program so many days later.
fn on_day(home: &Home, day: i64, args: &str) -> Run {
    let now = T0 + day * DAY;
    home.sh(&format!("KANBAN_NOW={now} \"$KANBAN\" {args}"))
}

fn gc(home: &Home, day: i64, more: &str) -> Value {
    on_day(home, day, &format!("gc --json {more}"))
        .expect(0)
        .value()
}

fn count(home: &Home, table: &str) -> i64 {
    home.sql(&format!("SELECT count(*) FROM {table}"))
}

#[test]
fn what_finished_cards_left_goes_and_the_cards_stay() {
    let home = home("");
    let done = home.create("done", "ok", &[]);
    let blocked = home.create("blocked", "bad", &[]);
    let open = home.create("open", "me", &[]);
    let after = home.create("after", "me", &["--after-failure", &blocked]);
    home.ok(&["comment", &done, "look at this"]);
    home.quiet();
    let stats = home.json(&["stats"])["runs"].clone();
    let log = home.board(&format!("logs/{done}.log"));
    assert!(log.exists());
    let young = gc(&home, 6, "");
    for part in ["events", "runs", "logs", "workspaces", "artifacts"] {
        assert_eq!(young[part]["count"], 0, "{part}: {young}");
    }

    let (events, size) = (
        count(&home, "task_events"),
        fs::read(home.board("kanban.db")).unwrap(),
    );
    let would = gc(&home, 31, "--dry-run");
    for part in ["events", "runs", "logs", "workspaces"] {
        assert!(
            would[part]["count"].as_u64().unwrap() > 0,
            "{part}: {would}"
        );
        assert!(
            would[part]["bytes"].as_u64().unwrap() > 0,
            "{part}: {would}"
        );
    }
    assert_eq!(count(&home, "task_events"), events);
    assert_eq!(fs::read(home.board("kanban.db")).unwrap(), size);
    assert!(log.exists() && home.board("workspaces").join(&done).exists());

    let did = gc(&home, 31, "");
    for part in ["events", "runs", "logs", "workspaces"] {
        assert_eq!(did[part], would[part], "{part}");
    }
    assert_eq!(home.history(&done), [""; 0]);
    assert!(home.runs(&done).is_empty() && !log.exists());
    assert!(!home.board("workspaces").join(&done).exists());
    assert!(home.board("artifacts").join(&done).join("result").exists());
    let card = home.json(&["show", &done]);
    assert_eq!(card["task"]["result"], "result");
    assert_eq!(card["comments"][0]["body"], "look at this");
    // What is in play keeps all that decides something.
    assert!(home.history(&blocked).contains(&"gave_up".to_owned()));
    assert_eq!(home.runs(&blocked).len(), 1);
    assert_eq!(home.history(&open), ["created"]);
    on_day(&home, 31, "tick").expect(0);
    assert_eq!(home.status(&blocked), "blocked");
    assert_eq!(
        home.status(&after),
        "ready",
        "it was released by the one that gave up"
    );
    assert_eq!(
        home.json(&["stats"])["runs"],
        stats,
        "figures never become less"
    );
    assert_eq!(home.json(&["check"])["findings"], Value::Array(Vec::new()));

    let later = gc(&home, 61, "");
    assert_eq!(later["artifacts"]["count"], 1);
    assert!(!home.board("artifacts").join(&done).exists());
    let said = on_day(&home, 61, "gc").expect(0).stdout;
    assert!(said.contains("old enough"), "{said}");
}

#[test]
fn nothing_goes_that_has_still_to_be_told_or_is_at_work() {
    let receiver = Receiver::start(|_| crate::receiver::Answer::ok());
    let home = home(&format!(
        "[channels.up]\nkind = \"webhook\"\nurl = \"{}\"\n[channels.down]\nkind = \"webhook\"\nurl = \"{NOBODY}\"\n\
         [delivery]\nkeep = \"30d\"\n",
        receiver.url("/up")
    ));
    let told = home.create("told", "ok", &[]);
    home.quiet();
    let slow = home.create("slow", "slow", &[]);
    home.ok(&["tick"]);
    let started = home.board("workspaces").join(&slow).join("started");
    home.wait_until("it works", || started.exists());
    // Taken from it and finished long ago, as the board says; but it works.
    let board = Connection::open(home.board("kanban.db")).unwrap();
    board
        .execute(
            "UPDATE tasks SET status = 'done', completed_at = 5 WHERE id = ?1",
            [&slow],
        )
        .unwrap();
    // And an event that no tick has seen.
    board
        .execute(
            "INSERT INTO task_events (task_id, kind, created_at) VALUES (?1, 'edited', 5)",
            [&told],
        )
        .unwrap();
    drop(board);
    let did = gc(&home, 40, "");
    assert_eq!(did["run_folders"]["count"], 0, "{did}");
    assert!(home.history(&slow).contains(&"spawned".to_owned()));
    assert_eq!(home.runs(&slow).len(), 1);
    assert!(started.exists());
    assert_eq!(home.history(&told), ["edited"]);
    // What was told is gone; what could not be is tried still, from what was taken down.
    let states: Vec<String> = home
        .json(&["deliveries", "list"])
        .as_array()
        .unwrap()
        .iter()
        .map(|d| text(&d["channel"]) + " " + &text(&d["state"]))
        .collect();
    assert_eq!(states, ["down retry"]);
    home.ok(&["tick"]);
    home.wait_until("its worker was ended", || {
        home.kanban(&["tick"]);
        count(&home, "tick_runs WHERE dead = 0") == 0
    });
}

#[test]
fn what_comes_again_and_again_goes_even_of_cards_in_play() {
    let home = home("");
    let open = home.create("open", "me", &[]);
    let board = Connection::open(home.board("kanban.db")).unwrap();
    for _ in 0..3 {
        board
            .execute(
                "INSERT INTO task_events (task_id, kind, created_at) VALUES (?1, 'heartbeat', ?2)",
                rusqlite::params![open, T0],
            )
            .unwrap();
    }
    drop(board);
    home.ok(&["tick"]);
    assert_eq!(gc(&home, 31, "")["events"]["count"], 3);
    assert_eq!(home.history(&open), ["created"]);
}

#[test]
fn ticks_do_it_too_a_part_at_a_time() {
    let home = home("");
    let done = home.create("done", "me", &[]);
    home.ok(&["complete", &done]);
    let mut board = Connection::open(home.board("kanban.db")).unwrap();
    let all = board.transaction().unwrap();
    for _ in 0..14_000 {
        all.execute(
            "INSERT INTO task_events (task_id, kind, created_at) VALUES (?1, 'edited', ?2)",
            rusqlite::params![done, T0],
        )
        .unwrap();
    }
    all.commit().unwrap();
    drop(board);
    home.ok(&["tick"]);
    on_day(&home, 31, "tick").expect(0);
    let left = count(&home, "task_events");
    assert!((1_000..14_000).contains(&left), "{left}");
    on_day(&home, 32, "tick").expect(0);
    assert_eq!(count(&home, "task_events"), 0);
    assert_eq!(home.status(&done), "done");
}

#[test]
fn ticks_look_at_the_logs_and_artifacts_of_a_part_of_the_cards() {
    let home = home("");
    home.ok(&["init"]);
    Connection::open(home.board("kanban.db"))
        .unwrap()
        .execute_batch(&format!(
            "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 5001)
             INSERT INTO tasks (id, title, status, created_at, completed_at)
             SELECT printf('t_%08x', n), 'card', 'done', {T0}, {T0} FROM numbers"
        ))
        .unwrap();
    let of_first = [
        "logs/t_00000001.log",
        "logs/t_00000001.log.1",
        "artifacts/t_00000001/a",
        "artifacts/t_00000001.2/a",
    ];
    let of_last = ["logs/t_00001389.log", "artifacts/t_00001389/a"];
    let of_nobody = ["logs/notes.log", "artifacts/notes/a"];
    for path in of_first.iter().chain(&of_last).chain(&of_nobody) {
        let path = home.board(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "x").unwrap();
    }
    let there = |paths: &[&str]| {
        let there = paths.iter().filter(|path| home.board(path).exists());
        there.count()
    };
    on_day(&home, 29, "tick").expect(0);
    on_day(&home, 29, "tick").expect(0);
    assert_eq!((there(&of_first), there(&of_last)), (4, 2), "all is young");
    // The day before left off after the first cards, so that these come again after the last one.
    on_day(&home, 61, "tick").expect(0);
    assert_eq!((there(&of_first), there(&of_last)), (4, 0));
    on_day(&home, 62, "tick").expect(0);
    assert_eq!((there(&of_first), there(&of_nobody)), (0, 2));
}

#[test]
fn forever_is_forever_and_at_once_is_at_once() {
    let home = Home::new(
        "[defaults]\nkeep_events = \"forever\"\nkeep_runs = \"0s\"\nkeep_logs = \"forever\"\n[workers.ok]\ncommand = [\"true\"]\n",
    )
    .with("KANBAN_NOW", &T0.to_string());
    let id = home.create("x", "ok", &[]);
    home.quiet();
    let did = gc(&home, 3_000, "");
    assert_eq!(
        (&did["events"]["count"], &did["runs"]["count"]),
        (&0.into(), &1.into())
    );
    assert!(home.history(&id).contains(&"completed".to_owned()));
    assert!(home.board(&format!("logs/{id}.log")).exists());
    let wrong = Home::new("[defaults]\nkeep_events = \"never\"\n");
    let said = wrong.kanban(&["config", "check"]).expect(2).stderr;
    assert!(said.contains("forever"), "{said}");
}

#[test]
fn what_hermes_reads_is_removed_only_when_asked_for() {
    let home = Home::new("hermes_home = \"HERE\"\n").with("KANBAN_NOW", &T0.to_string());
    let root = home.path().join(".hermes");
    fs::create_dir_all(root.join("kanban/logs")).unwrap();
    fs::write(
        home.path().join("config.toml"),
        format!("hermes_home = \"{}\"\n", root.display()),
    )
    .unwrap();
    let board = Connection::open(root.join("kanban.db")).unwrap();
    board
        .execute_batch(include_str!("../schemas/hermes_0_14.sql"))
        .unwrap();
    board
        .execute_batch(
            "INSERT INTO tasks (id, title, status, created_at, completed_at, consecutive_failures)
                 VALUES ('t_0000000a', 'a', 'done', 1, 2, 0), ('t_0000000b', 'b', 'done', 1, 2, 0);
             INSERT INTO task_events (task_id, kind, created_at)
                 VALUES ('t_0000000a', 'created', 1), ('t_0000000b', 'created', 1);
             INSERT INTO task_runs (task_id, status, outcome, started_at, ended_at) VALUES ('t_0000000a', 'done', 'completed', 1, 2);
             INSERT INTO kanban_notify_subs (task_id, platform, chat_id, thread_id, created_at)
                 VALUES ('t_0000000b', 'telegram', '1', '', 1);",
        )
        .unwrap();
    fs::write(root.join("kanban/logs/t_0000000a.log"), "x").unwrap();
    home.ok(&["tick", "--board", "default"]);
    let rows = |table: &str| -> i64 {
        board
            .query_row(&format!("SELECT count(*) FROM {table}"), [], |r| r.get(0))
            .unwrap()
    };
    let kept = gc(&home, 100, "--board default");
    assert_eq!(kept["events"]["count"], 0, "{kept}");
    assert_eq!((rows("task_events"), rows("task_runs")), (2, 1));
    let did = gc(&home, 100, "--board default --shared");
    assert_eq!(
        (
            &did["events"]["count"],
            &did["runs"]["count"],
            &did["logs"]["count"]
        ),
        (&1.into(), &1.into(), &1.into()),
        "{did}"
    );
    // Somebody there has still to be told of the other one.
    let left: String = board
        .query_row("SELECT task_id FROM task_events", [], |r| r.get(0))
        .unwrap();
    assert_eq!(left, "t_0000000b");
}

#[test]
fn a_tick_at_work_is_not_disturbed() {
    let home = home("");
    home.create("x", "me", &[]);
    let path = home.board("kanban.db.dispatch.lock");
    home.sh(&format!("flock -x {} \"$KANBAN\" gc", path.display()))
        .expect(75);
    home.sh(&format!(
        "flock -x {} \"$KANBAN\" gc --dry-run",
        path.display()
    ))
    .expect(0);
}

#[test]
#[cfg(target_os = "linux")]
fn ticks_go_on_while_history_is_removed() {
    let home = home("");
    let done = home.create("done", "me", &[]);
    home.ok(&["complete", &done]);
    home.ok(&["tick"]);
    // Nobody else can write for now, so that removing has to wait.
    let board = Connection::open(home.board("kanban.db")).unwrap();
    board.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut gc = home.command(PROGRAM);
    let later = (T0 + 40 * DAY).to_string();
    let mut gc = gc.env("KANBAN_NOW", later).arg("gc").spawn().unwrap();
    let open = || -> Vec<String> {
        let fds = fs::read_dir(format!("/proc/{}/fd", gc.id())).unwrap();
        let files = fds.filter_map(|fd| fs::read_link(fd.ok()?.path()).ok());
        files.map(|file| file.display().to_string()).collect()
    };
    home.wait_until("it has let go of the locks, and not of the board", || {
        let open = open();
        open.iter().any(|file| file.ends_with("kanban.db"))
            && !open.iter().any(|file| file.ends_with(".lock"))
    });
    let lock = home.board("kanban.db.dispatch.lock");
    home.sh(&format!("flock -n {} true", lock.display()))
        .expect(0);
    board.execute_batch("ROLLBACK").unwrap();
    drop(board);
    assert!(gc.wait().unwrap().success());
    assert_eq!(count(&home, "task_events"), 0);
}

#[test]
fn removing_much_never_fills_the_disk_with_a_log() {
    if !strace_works() {
        return;
    }
    let home = home("").with("KANBAN_NOW", &(T0 + 99 * DAY).to_string());
    home.ok(&["init"]);
    home.change(&format!(
        "INSERT INTO tasks (id, title, status, created_at, completed_at) VALUES ('t_00000001', 'x', 'done', 1, 1);
         WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 40000)
         INSERT INTO task_events (task_id, kind, payload, created_at)
             SELECT 't_00000001', 'commented', hex(zeroblob(300)), {T0} FROM numbers;
         UPDATE tick_meta SET value = (SELECT max(id) FROM task_events) WHERE key = 'announced';"
    ));
    let gc = trace(&home, Whom::Itself, &["gc"]);
    assert_eq!(count(&home, "task_events"), 0);
    // It is moved into the board file again and again, and not only at the end.
    let moved = gc.of(&["ftruncate"]);
    let moved = moved.iter().filter(|call| call.contains("-wal>, 0)"));
    let moved = moved.count();
    assert!(moved > 3, "{moved}");
}

/// The calls of a command that wait for the log of the board or remove a file.
fn syncs_and_removals(trace: &Trace) -> Vec<&str> {
    let mut calls = trace.of(&["fsync", "fdatasync", "unlink", "unlinkat", "rmdir"]);
    calls.retain(|call| !call.contains("sync(") || call.contains("kanban.db-wal>"));
    calls
}

/// Ends a worker and its supervisor so that the exit record is all that is known of the end.
fn leave_an_exit_record(home: &Home) {
    home.create("a", "waits", &[]);
    home.ok(&["tick"]);
    let folder = home.board("workspaces");
    home.wait_until("the worker is at work", || {
        home.sh(&format!("ls {}/*/started", folder.display())).code == Some(0)
    });
    let supervisor: i64 = home.sql("SELECT supervisor_pid FROM tick_runs WHERE dead = 0");
    // The supervisor runs a tick of its own, which waits for the board here, until it is killed.
    home.sh(&format!(
        "flock boards/default/kanban.db.dispatch.lock sh -c '
             touch go
             until grep -qs exited boards/default/runs/*/exit; do sleep 0.01; done
             kill -9 {supervisor}'"
    ))
    .expect(0);
    // A process that was killed holds its locks for a moment longer.
    home.sh("until flock -n boards/default/runs/*/lock true; do sleep 0.01; done")
        .expect(0);
}

const WAITS: &str = r#"
[workers.waits]
command = ["sh", "-c", "touch started; until [ -e \"$KANBAN_HOME/go\" ]; do sleep 0.01; done"]
"#;

#[test]
fn gc_syncs_the_end_that_a_killed_tick_recorded_before_it_removes_the_run_folder() {
    if !strace_works() {
        return;
    }
    let home = home(WAITS);
    leave_an_exit_record(&home);
    // The first commit that waits for the disk comes after the one that records the end.
    let mut tick = home.command("strace");
    tick.args(["-o", "/dev/null", "-P"])
        .arg(home.board("kanban.db-wal"))
        .args(["-e", "inject=fsync,fdatasync:signal=KILL:when=1"])
        .args([PROGRAM, "tick"]);
    assert!(!tick.output().unwrap().status.success());
    assert_eq!(home.sql::<i64>("SELECT dead FROM tick_runs"), 1);
    let nonce: String = home.sql("SELECT nonce FROM tick_runs");
    assert!(home.board(&format!("runs/{nonce}/exit")).exists());

    let gc = trace(&home, Whom::Itself, &["gc"]);
    let calls = syncs_and_removals(&gc);
    let removed = |call: &&str| call.contains(&nonce) && call.starts_with("unlink");
    let first = calls.iter().position(removed);
    let first = first.unwrap_or_else(|| panic!("the folder is removed: {calls:?}"));
    let before = &calls[..first];
    assert!(
        before.iter().any(|call| call.contains("sync(")),
        "{calls:?}"
    );
    assert!(!home.board(&format!("runs/{nonce}")).exists());
}

#[test]
fn whatever_a_finished_card_left_is_removed_after_a_sync_and_nothing_syncs_without_need() {
    if !strace_works() {
        return;
    }
    let mut home = home("");
    home.create("a", "ok", &[]);
    home.quiet().expect(0);
    // Workspace, logs and artifacts, each on the first day on which it is old enough.
    for (day, part) in [(8, "workspaces/"), (31, "logs/"), (61, "artifacts/")] {
        let now = (T0 + day * DAY).to_string();
        home = home.with("KANBAN_NOW", &now);
        let gc = trace(&home, Whom::Itself, &["gc"]);
        let calls = syncs_and_removals(&gc);
        let removal = |call: &&str| call.contains(part) && !call.contains("sync(");
        let first = calls.iter().position(removal).unwrap_or(calls.len());
        assert!(first < calls.len(), "{part} {calls:?}");
        let synced = calls[..first].iter().any(|call| call.contains("sync("));
        assert!(synced, "{part} {calls:?}");
        let again = trace(&home, Whom::Itself, &["gc"]);
        assert_eq!(again.syncs("-wal"), 0, "nothing is left to remove");
    }
}

#[test]
fn files_are_removed_on_a_full_disk() {
    if !strace_works() {
        return;
    }
    let home = home("");
    let id = home.create("a", "ok", &[]);
    home.quiet().expect(0);
    let log = home.board(&format!("logs/{id}.log"));
    assert!(log.exists());
    let mut gc = home.command("strace");
    gc.args(["-o", "/dev/null", "-P"])
        .arg(home.board("kanban.db-wal"))
        .args(["-e", "inject=pwrite64:error=ENOSPC", PROGRAM, "gc"])
        .env("KANBAN_NOW", (T0 + 31 * DAY).to_string());
    let out = gc.output().unwrap();
    assert_eq!(
        out.status.code(),
        Some(1),
        "history cannot be removed: {out:?}"
    );
    assert!(!log.exists());
}
