//! The board file: how it is made, shared, refused and kept.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use crate::harness::Home;

fn mode(path: &Path) -> u32 {
    std::fs::symlink_metadata(path).unwrap().mode() & 0o777
}

#[test]
fn what_is_made_is_private_at_any_mask() {
    for mask in ["000", "077"] {
        let home = Home::new("[workers.w]\ncommand = [\"true\"]\n");
        home.sh(&format!(
            r#"umask {mask}; "$KANBAN" create a --assignee w && "$KANBAN" tick --wait"#
        ))
        .expect(0);
        let mut folders = vec![home.path().join("boards"), home.path().join("slots")];
        let mut seen = 0;
        while let Some(folder) = folders.pop() {
            assert_eq!(mode(&folder), 0o700, "{}", folder.display());
            for entry in std::fs::read_dir(&folder).unwrap().flatten() {
                seen += 1;
                if entry.path().is_dir() {
                    folders.push(entry.path());
                } else {
                    assert_eq!(mode(&entry.path()), 0o600, "{}", entry.path().display());
                }
            }
        }
        assert!(seen > 8);
    }
}

#[test]
fn a_new_board_is_a_wal_one_and_ends_a_tick_with_an_empty_log() {
    let home = Home::new("");
    home.ok(&["create", "a"]);
    assert_eq!(home.sql::<String>("PRAGMA journal_mode"), "wal");
    assert_eq!(home.sql::<String>("PRAGMA integrity_check"), "ok");
    assert!(
        std::fs::metadata(home.board("kanban.db-wal"))
            .unwrap()
            .len()
            > 0,
        "only a tick checkpoints"
    );
    assert_eq!(home.json(&["tick"])["checkpoint"], "truncated");
    assert_eq!(
        std::fs::metadata(home.board("kanban.db-wal"))
            .unwrap()
            .len(),
        0
    );
}

#[test]
fn the_library_has_no_known_way_to_corrupt_a_board() {
    assert!(
        rusqlite::version_number() >= 3_051_003,
        "{}",
        rusqlite::version()
    );
}

/// Built with all that it can do, the library starts slower and needs one more of the system's (`.cargo/config.toml`).
#[test]
fn the_library_is_built_with_what_a_board_uses_alone() {
    let library = Connection::open_in_memory().unwrap();
    let mut options = library.prepare("PRAGMA compile_options").unwrap();
    let options: Vec<String> = options
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let unused = ["FTS", "RTREE", "STAT4", "API_ARMOR", "LOAD_EXTENSION"];
    let built = |option: &&String| {
        unused
            .iter()
            .any(|name| option.starts_with(&format!("ENABLE_{name}")))
    };
    assert_eq!(options.iter().find(built), None, "{options:?}");
    assert!(
        options.contains(&"DEFAULT_MEMSTATUS=0".into()),
        "{options:?}"
    );
}

/// Another program that opens and closes the files itself loses its locks on them, and no longer shows that
/// it has the board open. Our exit must not take its log away all the same. (Where only the locks of the
/// board file are lost, SQLite 3.54 looks at those of the index as well; so both are lost here.)
#[test]
fn a_connection_that_has_lost_its_locks_keeps_its_log() {
    let home = Home::new("");
    home.ok(&["create", "a"]);
    let db = home.board("kanban.db");
    let other = Connection::open(&db).unwrap();
    other
        .execute_batch("PRAGMA wal_autocheckpoint = 0; UPDATE tasks SET priority = 1;")
        .unwrap();
    drop(std::fs::File::open(&db).unwrap());
    drop(std::fs::File::open(home.board("kanban.db-shm")).unwrap());
    let log = |what: &str| {
        std::fs::metadata(home.board("kanban.db-wal"))
            .unwrap_or_else(|e| panic!("{what}: {e}"))
            .ino()
    };
    let before = log("before");
    for command in [
        ["list"].as_slice(),
        &["create", "b"],
        &["comment", "t_00000000", "x"],
        &["tick"],
        &["tick", "--dry-run"],
    ] {
        home.kanban(command);
        assert_eq!(
            log(&command.join(" ")),
            before,
            "{command:?} took the log away"
        );
    }
    other.execute("UPDATE tasks SET priority = 2", []).unwrap();
    drop(other);
    assert_eq!(home.sql::<String>("PRAGMA integrity_check"), "ok");
    assert_eq!(home.sql::<i64>("SELECT min(priority) FROM tasks"), 2);
}

#[test]
fn the_journal_mode_of_an_existing_board_is_left_alone() {
    let home = Home::new("");
    home.ok(&["create", "a"]);
    let mode: String = Connection::open(home.board("kanban.db"))
        .unwrap()
        .query_row("PRAGMA journal_mode = DELETE", [], |r| r.get(0))
        .unwrap();
    assert_eq!(mode, "delete");
    home.ok(&["create", "b"]);
    assert_eq!(home.json(&["tick"])["checkpoint"], "not_wal");
    assert_eq!(home.sql::<String>("PRAGMA journal_mode"), "delete");
}

#[test]
fn a_busy_checkpoint_is_an_answer_and_a_busy_board_a_reason_to_try_again() {
    let home = Home::new("");
    home.ok(&["create", "a"]);
    let mut other = Connection::open(home.board("kanban.db")).unwrap();
    let reader = other.transaction().unwrap();
    let _: i64 = reader
        .query_row("SELECT count(*) FROM tasks", [], |r| r.get(0))
        .unwrap();
    home.ok(&["create", "b"]);
    assert_eq!(home.json(&["tick"])["checkpoint"], "busy");
    drop(reader);
    other.busy_timeout(Duration::ZERO).unwrap();
    let writer = other
        .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
        .unwrap();
    let run = home.kanban(&["create", "c"]).expect(75);
    assert!(
        run.stderr.contains("busy") && run.stderr.lines().count() == 1,
        "{}",
        run.stderr
    );
    drop(writer);
    assert_eq!(home.json(&["list"]).as_array().unwrap().len(), 2);
}

/// Each way in which a file can fail to be a board: nothing is written to it, no copy is made, and one line
/// says what, where and what to do.
#[test]
fn what_is_not_a_board_is_refused_and_left_as_it_is() {
    let make_board = |home: &Home| {
        home.ok(&["create", "a"]);
        home.ok(&["tick"]);
        for end in ["-wal", "-shm"] {
            std::fs::remove_file(home.board(&format!("kanban.db{end}"))).unwrap();
        }
    };
    let sql = |home: &Home, statement: &str| {
        let conn = Connection::open(home.board("kanban.db")).unwrap();
        conn.execute_batch(&format!("PRAGMA journal_mode = DELETE; {statement}"))
            .unwrap();
    };
    type Spoil<'a> = (&'a str, &'a str, &'a dyn Fn(&Home, &Path));
    let kinds: [Spoil<'_>; 10] = [
        ("text", "not an SQLite database", &|_, db| {
            std::fs::write(db, "hello\n".repeat(200)).unwrap()
        }),
        ("zero length", "it is empty", &|_, db| {
            std::fs::write(db, "").unwrap()
        }),
        ("folder", "it is a folder", &|_, db| {
            std::fs::create_dir(db).unwrap()
        }),
        ("another database", "is missing", &|_, db| {
            Connection::open(db)
                .unwrap()
                .execute_batch("CREATE TABLE x (a)")
                .unwrap()
        }),
        ("empty database", "empty database", &|_, db| {
            Connection::open(db)
                .unwrap()
                .execute_batch("CREATE TABLE x (a); DROP TABLE x")
                .unwrap();
        }),
        ("foreign tasks", "is missing", &|_, db| {
            Connection::open(db)
                .unwrap()
                .execute_batch("CREATE TABLE tasks (id, title)")
                .unwrap();
        }),
        ("truncated", "damaged", &|home, db| {
            make_board(home);
            let bytes = std::fs::read(db).unwrap();
            std::fs::write(db, &bytes[..20_000]).unwrap();
        }),
        ("garbled", "", &|home, db| {
            make_board(home);
            let mut bytes = std::fs::read(db).unwrap();
            bytes[100..4000].fill(0xa5);
            std::fs::write(db, bytes).unwrap();
        }),
        ("newer", "newer kanban", &|home, _| {
            make_board(home);
            sql(home, "UPDATE tick_meta SET value = 99 WHERE key = 'schema'");
        }),
        ("read-only", "read-only", &|home, db| {
            make_board(home);
            std::fs::set_permissions(db, std::fs::Permissions::from_mode(0o400)).unwrap();
        }),
    ];
    for (kind, says, spoil) in kinds {
        let home = Home::new("");
        let db = home.board("kanban.db");
        std::fs::create_dir_all(home.board("")).unwrap();
        spoil(&home, &db);
        let before = std::fs::read(&db).ok();
        for command in [
            ["list"].as_slice(),
            &["tick"],
            &["tick", "--dry-run"],
            &["create", "x"],
            &["tick"],
        ] {
            let run = home.kanban(command).expect(5);
            assert!(run.stderr.contains(says), "{kind}: {}", run.stderr);
            assert!(
                run.stderr.contains("kanban.db") && run.stderr.contains(';'),
                "{kind}: {}",
                run.stderr
            );
            assert_eq!(run.stderr.lines().count(), 1, "{kind}: {}", run.stderr);
            assert_eq!(
                std::fs::read(&db).ok(),
                before,
                "{kind}: {command:?} changed the file"
            );
        }
        let known = [
            "kanban.db",
            "kanban.db-wal",
            "kanban.db-shm",
            "kanban.db.dispatch.lock",
            "kanban.db.quarantine",
            "kanban.db.deliver.lock",
            ".init.lock",
        ];
        for entry in std::fs::read_dir(home.board("")).unwrap().flatten() {
            let name = entry.file_name().into_string().unwrap();
            assert!(known.contains(&name.as_str()), "{kind}: left {name}");
        }
    }
}

#[test]
fn a_missing_board_is_not_made_by_looking_at_it() {
    let home = Home::new("");
    for command in [
        ["list"].as_slice(),
        &["tick"],
        &["show", "t_00000000"],
        &["tick", "--wait"],
        &["tick", "--dry-run"],
    ] {
        home.kanban(command).expect(3);
    }
    assert!(!home.path().join("boards").exists());
}

#[test]
fn a_newer_version_of_our_tables_is_made_once_by_whoever_is_first() {
    let home = Home::new("");
    home.ok(&["create", "a"]);
    let board = Connection::open(home.board("kanban.db")).unwrap();
    // A board of the other program: the shared tables, and none of ours.
    let ours: Vec<String> = board
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'tick!_%' ESCAPE '!'")
        .unwrap()
        .query_map([], |r| r.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    for table in ours {
        board.execute_batch(&format!("DROP TABLE {table}")).unwrap();
    }
    board.execute_batch("DROP INDEX tick_tasks_ready").unwrap();
    drop(board);
    let children: Vec<_> = (0..6)
        .map(|_| {
            home.command(crate::harness::PROGRAM)
                .arg("list")
                .stdout(std::process::Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(
        home.sql::<i64>("SELECT value FROM tick_meta WHERE key = 'schema'"),
        6
    );
    assert_eq!(home.json(&["list"]).as_array().unwrap().len(), 1);
}

/// The write lock of a WAL board is byte 120 of its index (sqlite.org/walformat.html).
const WRITE_LOCK: &str = "l_start=120,";

#[test]
fn a_tick_opens_the_board_once_and_holds_no_transaction_while_it_starts_a_worker() {
    if !crate::kills::strace_works() {
        return;
    }
    let home = Home::new("[workers.w]\ncommand = [\"true\"]\n");
    let id = home.create("a", "w", &[]);
    let trace = home.path().join("trace");
    let calls = "trace=open,openat,fcntl,fork,vfork,clone,clone3";
    let mut strace = home.command("strace");
    strace
        .args(["-e", calls, "-o"])
        .arg(&trace)
        .args([crate::harness::PROGRAM, "tick"]);
    assert!(strace.status().unwrap().success());
    home.wait_until("it is done", || home.status(&id) == "done");
    let (mut opened, mut started, mut locked, mut writes) = (0, 0, false, 0);
    for call in std::fs::read_to_string(trace).unwrap().lines() {
        if call.contains("/kanban.db\"") {
            opened += 1;
        } else if call.contains(WRITE_LOCK) {
            locked = call.contains("F_WRLCK");
            writes += usize::from(locked);
        } else if ["fork(", "vfork(", "clone(", "clone3("]
            .iter()
            .any(|c| call.starts_with(c))
        {
            started += 1;
            assert!(!locked, "a transaction is open across a start");
        }
    }
    assert_eq!(opened, 1, "the board file is opened by SQLite, and once");
    assert_eq!(started, 1);
    assert!(writes > 0, "the trace shows the write lock");
}
