//! Ticks that follow each other, overlap, or have little room.

use crate::harness::{Home, PROGRAM, text};

#[test]
fn a_chain_is_finished_by_one_tick_and_its_follow_ups() {
    let home = Home::new("[workers.t]\ncommand = [\"true\"]\n");
    let mut last = home.create("0", "t", &[]);
    for i in 1..10 {
        last = home.create(&i.to_string(), "t", &["--parent", &last]);
    }
    home.ok(&["tick"]);
    home.wait_until("the last of ten is done without another tick", || {
        home.status(&last) == "done"
    });
}

#[test]
fn eight_ticks_at_once_start_each_card_once() {
    let config = "[host]\nmax_in_progress = 40\n[defaults]\nmax_in_progress = 40\nmax_in_progress_per_worker = 40\n\
                  [workers.w]\ncommand = [\"sh\", \"-c\", 'echo $KANBAN_TASK >> \"$KANBAN_HOME/ran\"']\n";
    let home = Home::new(config);
    for _ in 0..5 {
        let mut ids: Vec<String> = (0..12)
            .map(|i| home.create(&i.to_string(), "w", &[]))
            .collect();
        let ticks: Vec<_> = (0..8)
            .map(|_| home.command(PROGRAM).arg("tick").spawn().unwrap())
            .collect();
        for mut tick in ticks {
            assert!(tick.wait().unwrap().success());
        }
        home.quiet().expect(0);
        let ran = std::fs::read_to_string(home.path().join("ran")).unwrap();
        std::fs::remove_file(home.path().join("ran")).unwrap();
        let mut ran: Vec<String> = ran.lines().map(str::to_owned).collect();
        ids.sort();
        ran.sort();
        assert_eq!(ran, ids);
    }
    assert_eq!(home.sql::<i64>("SELECT count(*) FROM task_runs"), 60);
}

#[test]
fn a_start_waits_for_its_turn_to_write() {
    let home = Home::new("").with("GIT_CONFIG_NOSYSTEM", "1");
    let root = home.path().display();
    let config = format!(
        "[boards.default]\ndefault_workdir = '{root}/repo'\n[workers.t]\ncommand = ['true']\n"
    );
    std::fs::write(home.path().join("config.toml"), config).unwrap();
    // Git runs a hook of the repository before the worker is let off, which is when the board gets busy.
    let hook = format!("touch {root}/there; while ! [ -e {root}/on ]; do sleep 0.01; done");
    let made = home.sh(&format!(
        "git --version && git init -q -b main repo && cd repo && git config user.email a@b && git config user.name n \
         && git commit -q --allow-empty -m one && printf '#!/bin/sh\\n{hook}\\n' > .git/hooks/post-checkout \
         && chmod +x .git/hooks/post-checkout"
    ));
    if made.code != Some(0) {
        return eprintln!("skipped: git does not work here: {}", made.stderr);
    }
    let id = home.create("a", "t", &["--workspace", "worktree"]);
    home.ok(&["tick"]);
    home.wait_until("its tree is made", || home.path().join("there").exists());
    let board = rusqlite::Connection::open(home.board("kanban.db")).unwrap();
    board.execute_batch("BEGIN IMMEDIATE").unwrap();
    std::fs::write(home.path().join("on"), "").unwrap();
    home.wait_until("it says that it waits", || {
        home.ok(&["log", &id]).stdout.contains("waits for its turn")
    });
    board.execute_batch("ROLLBACK").unwrap();
    home.wait_until("it is done", || home.status(&id) == "done");
    assert_eq!(home.runs(&id).len(), 1);
}

#[test]
fn a_report_waits_for_its_turn_where_a_person_is_asked_to_try_again() {
    let script = r#"touch "$KANBAN_HOME/there"; while ! [ -e "$KANBAN_HOME/on" ]; do sleep 0.01; done
touch "$KANBAN_HOME/reports"; "$KANBAN_BIN" complete "$KANBAN_TASK" --summary heard"#;
    let home = Home::new(&format!(
        "[workers.t]\ncommand = ['sh', '-c', '''{script}''']\nreport = 'explicit'\n"
    ));
    let id = home.create("a", "t", &[]);
    home.ok(&["tick"]);
    home.wait_until("it works", || home.path().join("there").exists());
    let board = rusqlite::Connection::open(home.board("kanban.db")).unwrap();
    board.execute_batch("BEGIN IMMEDIATE").unwrap();
    std::fs::write(home.path().join("on"), "").unwrap();
    home.wait_until("it reports", || home.path().join("reports").exists());
    home.kanban(&["comment", &id, "hello"]).expect(75);
    board.execute_batch("ROLLBACK").unwrap();
    home.wait_until("it is done", || home.status(&id) == "done");
    assert_eq!(home.runs(&id).len(), 1);
}

#[test]
fn a_tick_works_with_twelve_descriptors() {
    let home = Home::new("[workers.w]\ncommand = [\"true\"]\n");
    for limit in [12, 16] {
        let ids: Vec<String> = (0..6)
            .map(|i| home.create(&i.to_string(), "w", &[]))
            .collect();
        home.sh(&format!(r#"ulimit -n {limit}; exec "$KANBAN" tick"#))
            .expect(0);
        home.wait_until("all are done", || {
            ids.iter().all(|id| home.status(id) == "done")
        });
        assert!(ids.iter().all(|id| home.runs(id).len() == 1));
    }
}

const GATED: &str = "command = [\"sh\", \"-c\", 'while [ -d \"$KANBAN_HOME\" ] && ! [ -e \"$KANBAN_HOME/go\" ]; do sleep 0.02; done']\n";

fn reasons(report: &serde_json::Value) -> Vec<String> {
    report["waiting"]
        .as_array()
        .unwrap()
        .iter()
        .map(|w| text(&w["reason"]))
        .collect()
}

#[test]
fn every_cap_holds_and_says_so() {
    let config = format!(
        "[host]\nmax_in_progress = 5\n[defaults]\nmax_in_progress = 4\n\
         [workers.a]\n{GATED}max_in_progress = 2\n[workers.b]\n{GATED}"
    );
    let home = Home::new(&config);
    for worker in ["a", "a", "a", "b", "b", "b"] {
        home.create("x", worker, &[]);
    }
    let shown = home.json(&["tick", "--dry-run"]);
    let report = home.json(&["tick"]);
    for report in [&shown, &report] {
        assert_eq!(report["counts"]["started"], 4);
        assert_eq!(reasons(report), ["worker_full", "board_full"]);
    }
    for _ in 0..3 {
        home.ok(&["create", "y", "--assignee", "b", "--board", "other"]);
    }
    let other = home.json(&["tick", "--board", "other"]);
    assert_eq!(
        other["counts"]["started"], 1,
        "the host cap holds over boards"
    );
    assert_eq!(reasons(&other), ["host_full", "host_full"]);
    std::fs::write(home.path().join("go"), "").unwrap();
    for board in ["default", "other"] {
        home.ok(&["tick", "--wait", "--timeout", "60s", "--board", board]);
    }
}

#[test]
fn a_dry_run_changes_nothing() {
    let home = Home::new("[workers.w]\ncommand = [\"true\"]\n");
    home.create("a", "w", &[]);
    let files = || {
        let mut all: Vec<_> = std::fs::read_dir(home.board(""))
            .unwrap()
            .flatten()
            .map(|e| e.file_name())
            .collect();
        all.sort();
        (all, std::fs::read(home.board("kanban.db-wal")).unwrap())
    };
    let before = files();
    assert_eq!(home.json(&["tick", "--dry-run"])["counts"]["started"], 1);
    assert_eq!(files(), before);
}

#[test]
fn many_ticks_leave_nothing_behind_while_another_process_has_the_board_open() {
    let home = Home::new("");
    home.ok(&["create", "nobody's"]);
    home.ok(&["tick"]);
    let other = rusqlite::Connection::open(home.board("kanban.db")).unwrap();
    let _: i64 = other
        .query_row("SELECT count(*) FROM tasks", [], |r| r.get(0))
        .unwrap();
    let count = || std::fs::read_dir(home.board("")).unwrap().count();
    let before = count();
    for _ in 0..100 {
        home.ok(&["tick"]);
    }
    assert_eq!(count(), before);
    assert_eq!(
        std::fs::metadata(home.board("kanban.db-wal"))
            .unwrap()
            .len(),
        0
    );
}

#[test]
fn a_tick_leaves_the_board_to_another_one_and_a_follow_up_waits() {
    let home = Home::new("");
    home.ok(&["init"]);
    let lock = std::fs::File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(home.board("kanban.db.dispatch.lock"))
        .unwrap();
    lock.lock().unwrap();
    let report = home.json(&["tick"]);
    assert_eq!(report["skipped"], "locked");
    assert_eq!(home.ok(&["tick"]).stdout, "");
}

#[test]
fn a_tick_that_is_over_late_leaves_the_record_of_the_one_after_it() {
    let home = Home::new("");
    let go = home.path().join("go");
    let (here, sends) = (home.path().display(), home.path().join("sends"));
    // The worker ends once the tick that started it is sending.
    let config = format!(
        "[workers.me]\npull = true\n[workers.t]\n\
         command = ['sh', '-c', 'while [ -d {here} ] && ! [ -e {sends} ]; do sleep 0.05; done']\n\
         [channels.slow]\nkind = 'command'\n\
         command = ['sh', '-c', '> {sends}; while [ -d {here} ] && ! [ -e {go} ]; do sleep 0.05; done']\n",
        go = go.display(),
        sends = sends.display(),
    );
    std::fs::write(home.path().join("config.toml"), config).unwrap();
    let told = home.create("what is told meanwhile", "me", &[]);
    home.ok(&["complete", &told]);
    let card = home.create("what runs", "t", &[]);
    let mut tick = home.command(PROGRAM).arg("tick").spawn().unwrap();
    let counts = || home.sql::<String>("SELECT counts FROM tick_last");
    home.wait_until("the end is booked by the tick that follows it", || {
        home.status(&card) == "done" && counts().contains("\"absorbed\":1")
    });
    assert!(tick.try_wait().unwrap().is_none(), "it is still sending");
    let record = counts();
    std::fs::write(go, "").unwrap();
    assert!(tick.wait().unwrap().success());
    assert_eq!(counts(), record);
    home.quiet().expect(0);
}

#[test]
fn waiting_ends_in_time_or_says_that_it_did_not() {
    let home = Home::new(&format!("[workers.a]\n{GATED}"));
    let id = home.create("a", "a", &[]);
    home.kanban(&["tick", "--wait", "--timeout", "1s"])
        .expect(75);
    assert_eq!(home.status(&id), "running");
    std::fs::write(home.path().join("go"), "").unwrap();
    home.quiet().expect(0);
    assert_eq!(home.status(&id), "done");
}
