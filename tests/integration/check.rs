//! What is wrong with a board, who may know, and what is mended.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use rusqlite::Connection;
use serde_json::Value;

use crate::harness::{Home, Run, text};
use crate::quarantine::{DAMAGES, damage, fill};

const WORKERS: &str = r#"
[defaults]
retry_delay = "0s"
[workers.ok]
command = ["true"]
[workers.bad]
command = ["false"]
[workers.slow]
command = ["sh", "-c", "touch started; sleep 300"]
[workers.me]
pull = true
"#;

/// Changes a board as a program would that makes mistakes.
fn spoil(home: &Home, statements: &str) {
    let board = Connection::open(home.board("kanban.db")).unwrap();
    board
        .set_db_config(
            rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE,
            true,
        )
        .unwrap();
    board.execute_batch(statements).unwrap();
}

/// The findings by their rule.
fn found(run: &Run) -> BTreeMap<String, Value> {
    let all = run.value()["findings"].clone();
    all.as_array()
        .unwrap()
        .iter()
        .map(|f| (text(&f["rule"]), f.clone()))
        .collect()
}

fn check(home: &Home, more: &[&str], code: i32) -> Run {
    let args: Vec<&str> = ["check", "--json"].iter().chain(more).copied().collect();
    home.kanban(&args).expect(code)
}

#[test]
fn a_board_that_is_used_as_it_should_be_is_sound_at_every_step() {
    let home = Home::new(WORKERS);
    let sound = |what: &str| {
        let run = check(&home, &[], 0);
        assert_eq!(run.value()["findings"], Value::Array(Vec::new()), "{what}");
    };
    let done = home.create("done", "ok", &[]);
    sound("created");
    let child = home.create("child", "ok", &["--parent", &done]);
    let either = home.create("either", "me", &["--after-any", &done]);
    let gives_up = home.create("gives up", "bad", &["--max-retries", "1"]);
    let slow = home.create("slow", "slow", &[]);
    home.ok(&["tick"]);
    home.wait_until("it works", || {
        home.board("workspaces")
            .join(&slow)
            .join("started")
            .exists()
    });
    sound("running");
    home.ok(&["reclaim", &slow]);
    home.ok(&["pause"]);
    sound("taken back");
    home.ok(&["resume"]);
    home.wait_until("it is started again", || {
        home.ok(&["tick"]);
        home.status(&slow) == "running"
    });
    home.ok(&["stop", &slow]);
    sound("stopped");
    home.ok(&["cancel", &slow]);
    sound("cancelled");
    home.ok(&["archive", &slow]);
    home.quiet();
    home.ok(&["retry", &gives_up]);
    home.ok(&["complete", &either]);
    home.ok(&["block", &gives_up, "--reason", "later"]);
    home.ok(&["unlink", &done, &child]);
    sound("at the end");
    assert!(home.ok(&["check"]).stdout.contains("sound"));
    check(&home, &["--fix"], 0);
    home.kanban(&["check", "--fix", "--quick"]).expect(2);
    check(&home, &["--quick"], 0);
}

#[test]
fn each_thing_that_is_wrong_is_named_and_what_is_safe_is_mended() {
    let home = Home::new(WORKERS).with("KANBAN_NOW", "2000000000");
    let ids: Vec<String> = (0..9)
        .map(|n| home.create(&n.to_string(), "me", &[]))
        .collect();
    let stuck = home.create("stuck", "ok", &[]);
    home.quiet();
    let run = home.sql::<i64>("SELECT max(run_id) FROM tick_runs");
    spoil(
        &home,
        &format!(
            "UPDATE tasks SET status = 'running', current_run_id = {run} WHERE id = '{stuck}';
             UPDATE task_runs SET ended_at = NULL WHERE id = {run};
             INSERT INTO task_runs (task_id, status, started_at) VALUES ('{stuck}', 'running', 1);
             UPDATE tasks SET claim_lock = 'gone:1', claim_expires = 5 WHERE id = '{0}';
             INSERT INTO task_links VALUES ('{1}', '{1}'), ('{2}', '{3}'), ('{3}', '{2}'), ('t_0000dead', '{4}');
             UPDATE tasks SET current_run_id = 77 WHERE id = '{5}';
             INSERT INTO task_runs (task_id, status, started_at) VALUES ('{6}', 'running', 1);
             UPDATE tasks SET status = 'cancelled' WHERE id = '{7}';
             UPDATE tasks SET status = 'frozen' WHERE id = '{8}';
             INSERT INTO tick_cards (task_id, cancelled_at) VALUES ('{0}', 5), ('t_0000beef', NULL);
             INSERT INTO tick_links VALUES ('{4}', '{5}', 'any');
             INSERT INTO task_events (task_id, kind, created_at) VALUES ('t_0000beef', 'created', 5);
             INSERT INTO tick_deliveries (id, notice_id, channel, address, thread, state, next_at, created_at)
                 VALUES ('dlv_x', 999, 'team', '', '', 'due', 1, 1);
             UPDATE tick_meta SET value = 1000000 WHERE key IN ('announced', 'promotion_seen');
             INSERT INTO tick_subscriptions VALUES ('{0}', 'team', '', '', 1000000, 0, 1, 'me');",
            ids[0], ids[1], ids[2], ids[3], ids[4], ids[5], ids[6], ids[7], ids[8]
        ),
    );
    fs::write(home.board("logs/t_0000beef.log"), "x").unwrap();
    fs::set_permissions(home.board("logs"), fs::Permissions::from_mode(0o755)).unwrap();
    let before = home.sql::<i64>("PRAGMA data_version");
    let looked = check(&home, &[], 1);
    assert_eq!(looked.value()["healthy"], false);
    let all = found(&looked);
    let expected = [
        ("running_card_of_dead_run", "error", 1, true, &stuck),
        ("two_open_runs", "error", 1, true, &stuck),
        ("claim_on_waiting_card", "error", 1, true, &ids[0]),
        ("self_link", "error", 1, true, &ids[1]),
        (
            "cursor_beyond_events",
            "error",
            2,
            true,
            &"announced".into(),
        ),
        ("delivery_without_notice", "error", 1, true, &"dlv_x".into()),
        ("run_of_waiting_card", "warning", 1, true, &ids[6]),
        ("current_run_of_waiting_card", "warning", 1, true, &ids[5]),
        (
            "link_to_missing_card",
            "warning",
            1,
            true,
            &format!("t_0000dead -> {}", ids[4]),
        ),
        (
            "condition_without_link",
            "warning",
            1,
            true,
            &format!("{} -> {}", ids[5], ids[4]),
        ),
        ("cancelled_without_mark", "warning", 1, true, &ids[7]),
        ("mark_on_card_in_play", "warning", 1, true, &ids[0]),
        ("subscription_beyond_events", "warning", 1, true, &ids[0]),
        (
            "rows_of_ours_without_card",
            "warning",
            1,
            true,
            &"t_0000beef".into(),
        ),
        (
            "readable_by_others",
            "warning",
            1,
            true,
            &home.board("logs").display().to_string(),
        ),
        (
            "history_without_card",
            "info",
            1,
            false,
            &"t_0000beef".into(),
        ),
        ("unknown_status", "info", 1, false, &"frozen".into()),
        (
            "files_of_gone_cards",
            "info",
            1,
            false,
            &home.board("logs/t_0000beef.log").display().to_string(),
        ),
    ];
    for (rule, severity, count, fixable, id) in &expected {
        let finding = all.get(*rule).unwrap_or_else(|| panic!("{rule}: {all:?}"));
        assert_eq!(finding["severity"], *severity, "{rule}");
        assert_eq!(finding["count"], *count, "{rule}: {finding}");
        assert_eq!(finding["fixable"], *fixable, "{rule}");
        assert_eq!(finding["fixed"], 0, "{rule}");
        assert_eq!(text(&finding["ids"][0]), **id, "{rule}");
        assert!(!text(&finding["what"]).is_empty() && !text(&finding["advice"]).is_empty());
    }
    let mut both = [text(&all["cycle"]["ids"][0]), text(&all["cycle"]["ids"][1])];
    both.sort();
    let mut circle = [ids[2].clone(), ids[3].clone()];
    circle.sort();
    assert_eq!((both, &all["cycle"]["fixable"]), (circle, &false.into()));
    assert_eq!(all.len(), expected.len() + 1, "{:?}", all.keys());
    assert_eq!(home.sql::<i64>("PRAGMA data_version"), before);
    assert_eq!(
        home.sql::<i64>("SELECT count(*) FROM tick_deliveries"),
        1,
        "looking changes nothing"
    );
    let shown = home.kanban(&["check"]).expect(1);
    assert!(
        shown.stdout.contains(&stuck) && shown.stdout.contains("kanban check --fix"),
        "{}",
        shown.stdout
    );

    // What needs a person is left, and is an error still.
    let mended = found(&check(&home, &["--fix"], 1));
    for (rule, _, count, fixable, _) in &expected {
        let left = if *fixable { *count } else { 0 };
        assert_eq!(mended[*rule]["fixed"], left, "{rule}: {}", mended[*rule]);
    }
    let rest = found(&check(&home, &[], 1));
    let names: Vec<&str> = rest.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "cycle",
            "files_of_gone_cards",
            "history_without_card",
            "unknown_status"
        ]
    );
    assert_eq!(home.status(&ids[8]), "frozen");
    assert_eq!(home.status(&stuck), "todo");
    home.ok(&["unlink", &ids[2], &ids[3]]);
    check(&home, &[], 0);
    // The card that no tick looked at goes on.
    home.quiet();
    assert_eq!(home.status(&stuck), "done");
    assert!(home.history(&stuck).contains(&"reclaimed".to_owned()));
}

#[test]
fn a_card_that_a_worker_is_at_work_on_is_never_touched() {
    let home = Home::new(WORKERS);
    let id = home.create("x", "slow", &[]);
    home.ok(&["tick"]);
    home.wait_until("it works", || {
        home.board("workspaces").join(&id).join("started").exists()
    });
    // Somebody moved it by hand, past every rule.
    spoil(
        &home,
        "UPDATE tasks SET status = 'ready', claim_expires = 5",
    );
    check(&home, &["--fix"], 0);
    assert_eq!(
        home.sql::<i64>("SELECT count(*) FROM tasks WHERE claim_lock IS NULL"),
        0
    );
    assert_eq!(
        home.sql::<i64>("SELECT count(*) FROM task_runs WHERE ended_at IS NULL"),
        1
    );
    home.ok(&["tick"]);
    home.ok(&["archive", &id]);
}

#[test]
fn looking_needs_no_right_to_write_and_mending_waits_for_the_tick() {
    let home = Home::new(WORKERS);
    home.create("x", "me", &[]);
    home.ok(&["tick"]);
    fs::set_permissions(home.board("kanban.db"), fs::Permissions::from_mode(0o400)).unwrap();
    check(&home, &[], 0);
    home.kanban(&["list"]).expect(5);
    fs::set_permissions(home.board("kanban.db"), fs::Permissions::from_mode(0o600)).unwrap();
    let path = home.board("kanban.db.dispatch.lock");
    home.sh(&format!("flock -x {} \"$KANBAN\" check", path.display()))
        .expect(0);
    home.sh(&format!(
        "flock -x {} \"$KANBAN\" check --fix",
        path.display()
    ))
    .expect(75);
    home.kanban(&["check", "--board", "nobody"]).expect(3);
}

#[test]
fn a_damaged_file_is_told_with_the_way_back_and_nothing_is_written() {
    for (kind, how) in DAMAGES {
        let home = Home::new(WORKERS);
        fill(&home);
        let db = home.board("kanban.db");
        damage(&db, how);
        let before = fs::read(&db).unwrap();
        for quick in [&["--quick"][..], &[]] {
            let run = check(&home, quick, 5);
            let value = run.value();
            assert_eq!(
                (&value["sound"], &value["healthy"]),
                (&false.into(), &false.into())
            );
            assert!(!value["damage"].as_array().unwrap().is_empty(), "{kind}");
            let way = value["way_back"].to_string();
            assert!(
                way.contains("kanban restore") && way.contains(".recover"),
                "{kind}"
            );
        }
        assert!(!home.board("kanban.db.quarantine").exists(), "{kind}");
        check(&home, &["--fix"], 5);
        assert!(home.board("kanban.db.quarantine").exists(), "{kind}");
        assert_eq!(fs::read(&db).unwrap(), before, "{kind}");
        home.kanban(&["tick"]).expect(5);
    }
}

#[test]
fn a_quarantine_is_lifted_from_a_board_that_is_sound() {
    let home = Home::new(WORKERS);
    fill(&home);
    let good = fs::read(home.board("kanban.db")).unwrap();
    damage(&home.board("kanban.db"), DAMAGES[2].1);
    home.kanban(&["tick"]).expect(5);
    // Somebody put a copy back by hand.
    fs::write(home.board("kanban.db"), good).unwrap();
    home.kanban(&["tick"]).expect(5);
    let all = found(&check(&home, &[], 1));
    assert_eq!(all["quarantined"]["fixable"], true);
    assert!(home.board("kanban.db.quarantine").exists());
    let fixed = check(&home, &["--fix"], 0).value();
    assert_eq!(
        (&fixed["released"], &fixed["quarantine"]),
        (&true.into(), &Value::Null)
    );
    home.ok(&["tick"]);
}

#[test]
fn indexes_that_went_wrong_are_made_anew_from_the_rows() {
    let home = Home::new(WORKERS);
    fill(&home);
    // An index that does not know a row: taken out of the schema while the row was written.
    {
        let board = Connection::open(home.board("kanban.db")).unwrap();
        board
            .execute_batch(
                "PRAGMA journal_mode = DELETE; PRAGMA writable_schema = ON;
                 CREATE TABLE kept AS SELECT * FROM sqlite_schema WHERE name = 'idx_tasks_tenant';
                 DELETE FROM sqlite_schema WHERE name = 'idx_tasks_tenant';",
            )
            .unwrap();
    }
    {
        let board = Connection::open(home.board("kanban.db")).unwrap();
        board
            .execute_batch(
                "INSERT INTO tasks (id, title, status, created_at) VALUES ('t_0000cafe', 'x', 'todo', 1);
                 PRAGMA writable_schema = ON;
                 INSERT INTO sqlite_schema SELECT * FROM kept; DROP TABLE kept;
                 PRAGMA journal_mode = WAL;",
            )
            .unwrap();
    }
    let all = found(&check(&home, &[], 1));
    assert_eq!(all["damaged_index"]["fixable"], true);
    check(&home, &["--fix"], 0);
    check(&home, &[], 0);
    assert_eq!(home.sql::<String>("PRAGMA integrity_check"), "ok");
    assert_eq!(home.json(&["list"]).as_array().unwrap().len(), 5);
}

#[test]
fn a_board_of_hermes_is_checked_as_it_is() {
    let home = Home::new("");
    let root = home.path().join(".hermes");
    fs::create_dir_all(root.join("kanban")).unwrap();
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
            "INSERT INTO tasks (id, title, status, created_at, consecutive_failures, claim_lock, claim_expires)
                 VALUES ('t_0000000a', 'a', 'ready', 1, 0, 'gone:1', 5), ('t_0000000b', 'b', 'odd', 1, 0, NULL, NULL);
             INSERT INTO task_links VALUES ('t_0000000a', 't_0000000a');",
        )
        .unwrap();
    let schema = || -> String {
        board
            .query_row(
                "SELECT group_concat(sql, ';') FROM sqlite_schema WHERE name NOT LIKE 'tick!_%' ESCAPE '!'",
                [],
                |r| r.get(0),
            )
            .unwrap()
    };
    let ours = || -> i64 {
        board
            .query_row(
                "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'tick!_%' ESCAPE '!'",
                [],
                |r| r.get(0),
            )
            .unwrap()
    };
    let before = schema();
    let all = found(&check(&home, &["--board", "default"], 1));
    let names: Vec<&str> = all.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ["claim_on_waiting_card", "self_link", "unknown_status"]
    );
    assert_eq!(ours(), 0, "nothing was written by looking");
    let mended = found(&check(&home, &["--board", "default", "--fix"], 0));
    assert_eq!(mended["self_link"]["fixed"], 1);
    assert_eq!(schema(), before);
    let left: (String, Option<String>) = board
        .query_row(
            "SELECT status, claim_lock FROM tasks WHERE id = 't_0000000a'",
            [],
            |r| Ok((r.get(0)?, r.get(1)?)),
        )
        .unwrap();
    assert_eq!(left, ("ready".into(), None));
}
