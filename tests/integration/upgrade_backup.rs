//! The backup that precedes an upgrade of the tables: complete, of the right state, and one for each upgrade.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::harness::{Home, PROGRAM};
use crate::kills::{count_calls, strace_works};
use crate::upgrade::{TABLES, board};

const CARDS: i64 = 500;

/// A board of release 0.1.0 with cards.
fn old_board() -> Home {
    let home = board("[workers.w]\ncommand = ['true']\n");
    home.change(&format!(
        "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {CARDS})
         INSERT INTO tasks (id, title, body, status, created_at)
             SELECT printf('t_%08x', n), 'card', printf('%01000d', n), 'done', 1 FROM n;"
    ));
    home.sql::<i64>("PRAGMA wal_checkpoint(TRUNCATE)");
    home
}

fn backup(home: &Home) -> PathBuf {
    home.board("kanban.db.before-schema-6")
}

fn version(home: &Home) -> i64 {
    home.sql("SELECT value FROM tick_meta WHERE key = 'schema'")
}

/// The files beside the board that belong to an upgrade.
fn beside(home: &Home) -> Vec<String> {
    let mut names: Vec<String> = home
        .board("")
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("before-schema"))
        .collect();
    names.sort();
    names
}

/// Fails unless a file is one whole board of the earlier version. Returns how many cards it has.
fn cards_in(path: &Path) -> i64 {
    let db =
        rusqlite::Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)
            .unwrap();
    let one = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    let sound: String = db
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(sound, "ok");
    assert_eq!(one("SELECT value FROM tick_meta WHERE key = 'schema'"), 5);
    let columns = "SELECT count(*) FROM pragma_table_info('tick_runs')";
    let fresh = rusqlite::Connection::open_in_memory().unwrap();
    fresh.execute_batch(TABLES).unwrap();
    let before: i64 = fresh.query_row(columns, [], |row| row.get(0)).unwrap();
    assert_eq!(one(columns), before);
    let mode = path.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    one("SELECT count(*) FROM tasks")
}

#[test]
fn first_command_of_a_newer_release_keeps_the_board_and_says_where() {
    for command in [&["tick"][..], &["list"], &["create", "a"]] {
        let home = old_board();
        let first = home.ok(command);
        assert_eq!(
            first.stderr,
            format!(
                "kanban: the tables of {} were upgraded from version 5 to 6; the board as it was is kept in {}\n",
                home.board("kanban.db").display(),
                backup(&home).display()
            )
        );
        assert_eq!(version(&home), 6);
        assert_eq!(beside(&home), ["kanban.db.before-schema-6"]);
        assert_eq!(cards_in(&backup(&home)), CARDS);
        assert_eq!(home.ok(&["list"]).stderr, "");
        assert_eq!(home.sql::<String>("PRAGMA integrity_check"), "ok");
        // The way back of this program's own commands leads through the same file.
        home.ok(&["restore", &backup(&home).display().to_string(), "--yes"]);
    }
}

#[test]
fn board_without_write_ahead_log_is_upgraded_and_keeps_its_journal_mode() {
    let home = old_board();
    home.change("PRAGMA journal_mode = DELETE");
    home.ok(&["list"]);
    assert_eq!(version(&home), 6);
    assert_eq!(home.sql::<String>("PRAGMA journal_mode"), "delete");
    assert_eq!(cards_in(&backup(&home)), CARDS);
}

#[test]
fn nothing_is_kept_of_boards_that_are_not_upgraded() {
    let dry = old_board();
    assert_eq!(dry.ok(&["tick", "--dry-run"]).stderr, "");
    assert_eq!((version(&dry), beside(&dry).len()), (5, 0));
    let hermes = Home::of_hermes("");
    assert_eq!((version(&hermes), beside(&hermes).len()), (6, 0));
    let new = Home::new("");
    new.ok(&["init"]);
    assert_eq!(beside(&new).len(), 0);
}

#[test]
fn processes_that_upgrade_together_keep_one_backup() {
    let home = old_board();
    let start = |_| {
        let mut list = home.command(PROGRAM);
        list.args(["list", "--json"]).stdout(Stdio::null());
        list.stderr(Stdio::piped()).spawn().unwrap()
    };
    let all: Vec<_> = (0..6).map(start).collect();
    let mut notices = 0;
    for child in all {
        let out = child.wait_with_output().unwrap();
        assert!(out.status.success(), "{out:?}");
        notices += String::from_utf8(out.stderr).unwrap().lines().count();
    }
    assert_eq!(notices, 1);
    assert_eq!(beside(&home), ["kanban.db.before-schema-6"]);
    assert_eq!(cards_in(&backup(&home)), CARDS);
}

#[test]
fn commit_during_the_copy_is_in_the_backup() {
    if !strace_works() {
        return;
    }
    let home = old_board();
    let building = home.board("kanban.db.before-schema-6.tmp");
    let mut strace = home.command("strace");
    strace.args([
        "-o",
        "/dev/null",
        "-e",
        "inject=fsync,fdatasync:delay_exit=300000",
    ]);
    strace.args([PROGRAM, "list"]);
    strace.stdout(Stdio::null()).stderr(Stdio::null());
    let mut list = strace.spawn().unwrap();
    let is_copied = || building.metadata().is_ok_and(|file| file.len() > 0);
    home.wait_until_seen("the copy has begun", is_copied);
    home.change(
        "INSERT INTO tasks (id, title, status, created_at) VALUES ('t_ffffffff', 'x', 'done', 1)",
    );
    assert!(
        !backup(&home).exists(),
        "the commit came too late for this test"
    );
    assert!(list.wait().unwrap().success());
    assert_eq!(cards_in(&backup(&home)), CARDS + 1);
    assert_eq!(home.sql::<i64>("SELECT count(*) FROM tasks"), CARDS + 1);
    assert_eq!(version(&home), 6);
}

#[test]
fn earlier_backup_is_reused_if_the_board_is_the_same_and_never_overwritten() {
    let home = old_board();
    let original = std::fs::read(home.board("kanban.db")).unwrap();
    home.ok(&["list"]);
    let downgrade = |home: &Home| {
        for name in ["kanban.db-wal", "kanban.db-shm"] {
            std::fs::remove_file(home.board(name)).unwrap();
        }
        std::fs::write(home.board("kanban.db"), &original).unwrap();
    };
    let before = std::fs::read(backup(&home)).unwrap();
    downgrade(&home);
    home.ok(&["list"]);
    assert_eq!(
        beside(&home),
        ["kanban.db.before-schema-6"],
        "the same board"
    );
    downgrade(&home);
    home.change("DELETE FROM tasks WHERE id = 't_00000001'");
    let run = home.ok(&["list"]);
    assert!(run.stderr.contains("before-schema-6.2\n"), "{run:?}");
    assert_eq!(std::fs::read(backup(&home)).unwrap(), before);
    let second = home.board("kanban.db.before-schema-6.2");
    assert_eq!(cards_in(&second), CARDS - 1);
    // A name that is taken by anything else is left alone, too.
    downgrade(&home);
    home.change(
        "DELETE FROM tasks WHERE id = 't_00000002'; DELETE FROM tasks WHERE id = 't_00000003'",
    );
    std::fs::remove_file(&second).unwrap();
    std::os::unix::fs::symlink("/nowhere", &second).unwrap();
    home.ok(&["list"]);
    assert!(second.is_symlink());
    assert_eq!(
        cards_in(&home.board("kanban.db.before-schema-6.3")),
        CARDS - 2
    );
}

/// Runs a command while a call on the unfinished copy fails.
fn list_with_fault(home: &Home, fault: &str) -> std::process::Output {
    let building = home.board("kanban.db.before-schema-6.tmp");
    let mut strace = home.command("strace");
    strace.args(["-o", "/dev/null", "-P"]).arg(building);
    strace.args(["-e", &format!("inject={fault}"), PROGRAM, "list"]);
    strace.output().unwrap()
}

#[test]
fn board_that_cannot_be_backed_up_is_not_upgraded_and_the_error_says_why() {
    if !strace_works() {
        return;
    }
    for (fault, code, reason) in [
        (
            "pwrite64:error=ENOSPC",
            1,
            "is full; nothing was changed; free some space",
        ),
        ("openat:error=EROFS", 1, "Read-only file system"),
        ("openat:error=EACCES", 1, "needs write access to the folder"),
        ("fsync:error=EIO", 1, "failed"),
        ("rename:error=EIO", 1, "Input/output error"),
    ] {
        let home = old_board();
        let out = list_with_fault(&home, fault);
        let said = String::from_utf8(out.stderr).unwrap();
        assert_eq!(out.status.code(), Some(code), "{fault}: {said}");
        let what = format!(
            "cannot back up {} and upgrade its tables from version 5 to 6",
            home.board("kanban.db").display()
        );
        assert!(
            said.contains(&what) && said.contains(reason),
            "{fault}: {said}"
        );
        assert_eq!(said.lines().count(), 1, "{fault}: {said}");
        assert_eq!(version(&home), 5, "{fault}");
        assert_eq!(beside(&home).len(), 0, "{fault}: nothing is left");
        // Nothing but the reason has to go.
        home.ok(&["list"]);
        assert_eq!(cards_in(&backup(&home)), CARDS);
    }
}

#[test]
fn disk_without_room_for_the_backup_leaves_the_board_as_it_is() {
    let home = old_board();
    let mounted = home
        .sh("mkdir -m 700 boards/small && mount -t tmpfs -o size=1500k,mode=700 none boards/small");
    if mounted.code != Some(0) {
        eprintln!("skipped: this user cannot mount a file system");
        return;
    }
    let outcome = std::panic::catch_unwind(|| {
        home.sh("cp boards/default/kanban.db* boards/small/")
            .expect(0);
        let db = home.path().join("boards/small/kanban.db");
        let run = home.kanban(&["list", "--board", "small"]);
        (run, cards_in(&db), home.sh("ls boards/small").stdout)
    });
    home.sh("umount boards/small").expect(0);
    let (run, cards, files) = outcome.unwrap();
    let run = run.expect(1);
    assert!(
        run.stderr.contains("is full; nothing was changed"),
        "{run:?}"
    );
    assert_eq!(cards, CARDS);
    assert!(!files.contains("before-schema"), "{files}");
}

#[test]
fn upgrade_may_be_killed_at_any_call_that_changes_a_file() {
    if !strace_works() {
        return;
    }
    let traced = old_board();
    let trace = traced.path().join("trace");
    let mut strace = traced.command("strace");
    strace.arg("-o").arg(&trace).args([PROGRAM, "list"]);
    assert!(strace.output().unwrap().status.success());
    let calls = count_calls(&trace);
    let mut moments = Vec::new();
    for name in [
        "rename",
        "fsync",
        "fdatasync",
        "unlink",
        "flock",
        "ftruncate",
    ] {
        let all = calls.get(name).copied().unwrap_or(0);
        moments.extend((1..=all).map(|number| (name, number)));
    }
    // One write is as good as another.
    let writes = calls["pwrite64"];
    moments.extend(
        (1..=writes)
            .step_by(writes / 12 + 1)
            .map(|n| ("pwrite64", n)),
    );
    assert!(moments.len() > 10, "{calls:?}");
    for (name, number) in moments {
        let at = format!("killed at {name} number {number}");
        let home = old_board();
        let mut strace = home.command("strace");
        strace.args(["-o", "/dev/null", "-e"]);
        strace.arg(format!("inject={name}:signal=KILL:when={number}"));
        strace.args([PROGRAM, "list"]).output().unwrap();
        let migrated = version(&home) == 6;
        if migrated || backup(&home).exists() {
            assert_eq!(cards_in(&backup(&home)), CARDS, "{at}");
        }
        home.ok(&["list"]);
        assert_eq!(version(&home), 6, "{at}");
        assert_eq!(beside(&home), ["kanban.db.before-schema-6"], "{at}");
        assert_eq!(cards_in(&backup(&home)), CARDS, "{at}");
        assert_eq!(home.sql::<String>("PRAGMA integrity_check"), "ok", "{at}");
    }
}
