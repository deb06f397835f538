//! Boards of Hermes Agent: where they are, who serves them, and what is left alone.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use rusqlite::Connection;

use crate::harness::{Home, text};

/// A Hermes installation with the tables of release 0.14 (fewer columns than today's), a profile, and a
/// program that shows what it was started with.
fn installation() -> Home {
    let home = Home::new("").with("KANBAN_NOW", "2000000000");
    let root = home.path().join(".hermes");
    for dir in ["kanban/boards/web", "profiles/coder", "bin"] {
        fs::create_dir_all(root.join(dir)).unwrap();
    }
    for db in ["kanban.db", "kanban/boards/web/kanban.db"] {
        let board = Connection::open(root.join(db)).unwrap();
        board.execute_batch(TABLES_0_14).unwrap();
        board
            .execute_batch(
                "INSERT INTO tasks (id, title, assignee, status, created_at, consecutive_failures)
                 VALUES ('t_0000000a', 'work', 'coder', 'ready', 1, 0), ('t_0000000b', 'odd', 'coder', 'frozen', 1, 0)",
            )
            .unwrap();
    }
    let program = root.join("bin/hermes");
    fs::write(
        &program,
        "#!/bin/sh\nprintf '%s ' \"$@\"; echo\nenv | grep ^HERMES_ | sort\n[ \"$EXIT\" = silent ] || \
         \"$KANBAN_BIN\" complete \"$HERMES_KANBAN_TASK\" --summary ok\n",
    )
    .unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    home.with("HERMES_BIN", &program.display().to_string())
}

const TABLES_0_14: &str = include_str!("../schemas/hermes_0_14.sql");

#[test]
fn taking_over_names_boards_and_profiles_and_changes_nothing_of_hermes() {
    let home = installation();
    fs::write(
        home.path().join("config.toml"),
        "# mine\n[workers.own]\ncommand = ['true']\n",
    )
    .unwrap();
    let before = tree(&home.path().join(".hermes"));
    let said = home.ok(&["init", "--hermes", ".hermes"]).stdout;
    assert!(
        said.contains("boards: default, web") && said.contains("profiles: coder, default"),
        "{said}"
    );
    assert!(said.contains("dispatch_in_gateway: false") && said.contains("auto_decompose: false"));
    assert!(!said.contains("problem"), "{said}");
    assert_eq!(tree(&home.path().join(".hermes")), before);
    let config = fs::read_to_string(home.path().join("config.toml")).unwrap();
    assert!(
        config.starts_with("hermes_home = ")
            && config.ends_with("# mine\n[workers.own]\ncommand = ['true']\n")
    );
    assert!(
        home.ok(&["init", "--hermes", ".hermes"])
            .stdout
            .contains("already")
    );
    home.kanban(&["init", "--hermes", "nowhere"]).expect(3);
    fs::create_dir(home.path().join("other")).unwrap();
    home.kanban(&["init", "--hermes", "other"]).expect(4);
    home.ok(&["config", "check"]);
}

/// Every path below a folder with its size.
fn tree(dir: &std::path::Path) -> Vec<(String, u64)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(dir).unwrap().flatten() {
        let meta = entry.metadata().unwrap();
        if meta.is_dir() {
            all.extend(tree(&entry.path()));
        } else {
            all.push((entry.path().display().to_string(), meta.len()));
        }
    }
    all.sort();
    all
}

#[test]
fn a_profile_is_a_worker_and_gets_what_hermes_would_give_it() {
    let home = installation();
    home.ok(&["init", "--hermes", ".hermes"]);
    home.kanban(&["list"]).expect(2);
    home.kanban(&["--board", "web", "tick", "--wait", "--timeout", "30s"])
        .expect(0);
    let show = home.json(&["--board", "web", "show", "t_0000000a"]);
    assert_eq!(show["task"]["status"], "done", "{show}");
    let log = fs::read_to_string(
        home.path()
            .join(".hermes/kanban/boards/web/logs/t_0000000a.log"),
    )
    .unwrap();
    let root = home.path().join(".hermes");
    for expected in [
        "-p coder --cli --accept-hooks chat -q work kanban task t_0000000a".to_owned(),
        "HERMES_KANBAN_BOARD=web".to_owned(),
        format!(
            "HERMES_KANBAN_DB={}",
            root.join("kanban/boards/web/kanban.db").display()
        ),
        "HERMES_KANBAN_RUN_ID=1".to_owned(),
        "HERMES_KANBAN_TASK=t_0000000a".to_owned(),
        format!("HERMES_HOME={}", root.join("profiles/coder").display()),
        "HERMES_PROFILE=coder".to_owned(),
        format!(
            "HERMES_KANBAN_WORKSPACE={}",
            root.join("kanban/boards/web/workspaces/t_0000000a")
                .display()
        ),
    ] {
        assert!(log.contains(&expected), "{expected}\n{log}");
    }
    // What is not known is left as it is.
    let board = Connection::open(root.join("kanban/boards/web/kanban.db")).unwrap();
    let status: String = board
        .query_row(
            "SELECT status FROM tasks WHERE id = 't_0000000b'",
            [],
            |r| r.get(0),
        )
        .unwrap();
    assert_eq!(status, "frozen");
    let columns: i64 = board
        .query_row("SELECT count(*) FROM pragma_table_info('tasks')", [], |r| {
            r.get(0)
        })
        .unwrap();
    assert_eq!(columns, 27, "no column of theirs is added");
    // A card may be made, shown, blocked and listed on it; what its file has no place for is refused.
    let id = text(&home.json(&["--board", "web", "create", "new", "--assignee", "coder"])["id"]);
    home.ok(&["--board", "web", "block", &id, "--kind", "needs_input"]);
    home.ok(&["--board", "web", "unblock", &id]);
    home.kanban(&["--board", "web", "create", "x", "--model", "m"])
        .expect(4);
}

#[test]
fn a_silent_end_is_a_violation_with_a_budget_of_its_own() {
    let home = installation().with("EXIT", "silent");
    home.ok(&["init", "--hermes", ".hermes"]);
    home.ok(&["--board", "default", "tick"]);
    let done = |home: &Home| {
        home.wait_until("the run is booked", || {
            home.json(&["--board", "default", "show", "t_0000000a"])["runs"][0]["outcome"]
                .is_string()
        });
    };
    done(&home);
    let show = home.json(&["--board", "default", "show", "t_0000000a"]);
    assert_eq!(show["runs"][0]["outcome"], "protocol_violation");
    assert_eq!(show["task"]["consecutive_failures"], 0);
    assert_eq!(show["task"]["status"], "ready");
    // By this marker Hermes counts violations in a row.
    let board = Connection::open(home.path().join(".hermes/kanban.db")).unwrap();
    let marked: bool = board
        .query_row(
            "SELECT json_extract(metadata, '$.protocol_violation') FROM task_runs",
            [],
            |r| r.get(0),
        )
        .unwrap();
    assert!(marked);
}

#[test]
fn a_gateway_that_dispatches_and_an_emergency_stop_are_respected() {
    let home = installation();
    home.ok(&["init", "--hermes", ".hermes"]);
    let root = home.path().join(".hermes");
    fs::write(root.join("ESTOP"), "").unwrap();
    let report = home.json(&["--board", "web", "tick"]);
    assert_eq!(
        (&report["held"], &report["counts"]["started"]),
        (&"emergency_stop".into(), &0.into())
    );
    fs::remove_file(root.join("ESTOP")).unwrap();
    let lock = fs::File::create(root.join("kanban/.dispatcher.lock")).unwrap();
    lock.lock().unwrap();
    let said = home.kanban(&["--board", "web", "tick"]).expect(4).stderr;
    assert!(said.contains("dispatch_in_gateway: false"), "{said}");
    let found = home.ok(&["init", "--hermes", ".hermes"]).stdout;
    assert!(found.contains("problem: a gateway dispatches"), "{found}");
    // Not only closed: a program that another test starts right now may have it open too.
    lock.unlock().unwrap();
    home.kanban(&["--board", "web", "tick", "--wait"]).expect(0);
}
