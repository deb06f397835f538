//! Boards as wholes: made, renamed, put away, brought back, deleted, and never half of that.

use std::path::Path;

use crate::harness::{Home, text};

const CONFIG: &str = "[workers.me]\npull = true\n[workers.ok]\ncommand = [\"pwd\"]\n\
    [workers.slow]\ncommand = [\"sh\", \"-c\", \"touch started; sleep 300\"]\n";

fn names(home: &Home) -> Vec<String> {
    let boards = home.json(&["boards", "list"]);
    boards
        .as_array()
        .unwrap()
        .iter()
        .map(|b| text(&b["board"]))
        .collect()
}

fn dir(home: &Home, board: &str) -> std::path::PathBuf {
    home.path().join("boards").join(board)
}

#[test]
fn a_renamed_board_has_its_files_and_goes_on() {
    let home = Home::new(CONFIG);
    home.ok(&["boards", "create", "old"]);
    home.kanban(&["boards", "create", "old"]).expect(4);
    std::fs::write(home.path().join("a.txt"), "one").unwrap();
    let card = home.create("x", "ok", &[]);
    home.ok(&["attach", &card, "a.txt"]);
    home.quiet().expect(0);
    let renamed = home.ok(&["boards", "rename", "old", "new"]);
    assert!(
        renamed.stderr.contains("kanban timer remove --board old"),
        "{}",
        renamed.stderr
    );
    assert_eq!(names(&home), ["new"]);
    let page = home.json(&["show", &card]);
    assert_eq!(page["attachments"][0]["missing"], false, "{page}");
    assert!(home.ok(&["log", &card]).stdout.contains("boards/old/"));
    home.ok(&["retry", &card]);
    home.quiet().expect(0);
    assert!(
        home.ok(&["log", &card])
            .stdout
            .contains("boards/new/workspaces/")
    );
    assert!(!dir(&home, "old").exists());
    home.kanban(&["boards", "rename", "old", "x"]).expect(3);
    home.ok(&["boards", "create", "other"]);
    home.kanban(&["boards", "rename", "new", "other"]).expect(4);
    home.kanban(&["boards", "rename", "new", "../x"]).expect(2);
    assert_eq!(names(&home), ["new", "other"]);
}

#[test]
fn what_was_put_away_comes_back() {
    let home = Home::new(CONFIG).with("KANBAN_NOW", "1795530600");
    let card = home.create("x", "me", &[]);
    let archived = home
        .ok(&["boards", "archive", "default"])
        .stdout
        .trim()
        .to_owned();
    assert_eq!(archived, "default-20261124t143000z");
    assert_eq!(names(&home), [""; 0]);
    assert_eq!(
        home.ok(&["boards", "unarchive"]).stdout,
        format!("{archived}\n")
    );
    home.ok(&["boards", "create", "default"]);
    home.kanban(&["boards", "unarchive", &archived]).expect(4);
    home.ok(&["boards", "unarchive", &archived, "--name", "again"]);
    assert_eq!(names(&home), ["again", "default"]);
    let page = home.json(&["--board", "again", "show", &card]);
    assert_eq!(page["task"]["title"], "x");
    home.kanban(&["boards", "unarchive", &archived]).expect(3);
    assert_eq!(home.ok(&["boards", "unarchive"]).stdout, "");
}

#[test]
fn a_board_is_deleted_only_if_that_is_meant() {
    let home = Home::new(CONFIG);
    home.create("x", "me", &[]);
    let refused = home.kanban(&["boards", "rm", "default"]).expect(2);
    for part in ["1 card (1 open)", "KiB in ", "--yes"] {
        assert!(refused.stderr.contains(part), "{part}: {}", refused.stderr);
    }
    assert_eq!(names(&home), ["default"]);
    home.ok(&["boards", "rm", "default", "--yes"]);
    home.kanban(&["boards", "rm", "default", "--yes"]).expect(3);
    assert_eq!(names(&home), [""; 0]);
    assert_eq!(
        std::fs::read_dir(home.path().join("archived"))
            .unwrap()
            .count(),
        0
    );
    home.create("y", "me", &[]);
    let archived = home
        .ok(&["boards", "archive", "default"])
        .stdout
        .trim()
        .to_owned();
    home.ok(&["boards", "rm", &archived, "--yes"]);
    assert_eq!(home.ok(&["boards", "unarchive"]).stdout, "");
}

#[test]
fn a_board_with_a_worker_or_a_tick_stays_where_it_is() {
    let home = Home::new(CONFIG);
    let card = home.create("x", "slow", &[]);
    home.ok(&["tick"]);
    home.wait_until("the worker works", || {
        home.board("workspaces")
            .join(&card)
            .join("started")
            .exists()
    });
    let all = [
        &["boards", "rename", "default", "new"][..],
        &["boards", "archive", "default"],
        &["boards", "rm", "default", "--yes"],
    ];
    for args in all {
        let refused = home.kanban(args).expect(4);
        assert!(
            refused.stderr.contains("1 worker still runs"),
            "{}",
            refused.stderr
        );
    }
    home.ok(&["stop", &card]);
    let lock = std::fs::File::open(home.board("kanban.db.dispatch.lock")).unwrap();
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).unwrap();
    home.kanban(all[0]).expect(75);
    assert_eq!(names(&home), ["default"]);
    drop(lock);
    home.ok(all[0]);
}

#[test]
fn a_tick_that_waited_for_a_board_that_was_moved_does_not_touch_its_successor() {
    let home = Home::new(CONFIG);
    home.create("x", "ok", &[]);
    home.ok(&["tick", "--wait"]);
    let lock = std::fs::File::open(home.board("kanban.db.dispatch.lock")).unwrap();
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let mut waiting = home
        .command(crate::harness::PROGRAM)
        .args(["tick", "--wait", "--board", "default"])
        .spawn()
        .unwrap();
    let queue = std::fs::File::open(
        home.board("kanban.db.dispatch.lock")
            .with_file_name("kanban.db.next.lock"),
    );
    let queue = queue.or_else(|_| {
        home.wait_until("the tick queues", || {
            home.board("kanban.db.next.lock").exists()
        });
        std::fs::File::open(home.board("kanban.db.next.lock"))
    });
    let queue = queue.unwrap();
    home.wait_until("the tick waits", || {
        let free =
            rustix::fs::flock(&queue, rustix::fs::FlockOperation::NonBlockingLockShared).is_ok();
        let _ = rustix::fs::flock(&queue, rustix::fs::FlockOperation::Unlock);
        !free
    });
    std::fs::rename(dir(&home, "default"), dir(&home, "moved")).unwrap();
    home.ok(&["boards", "create", "default"]);
    home.ok(&["--board", "default", "create", "new", "--assignee", "ok"]);
    drop(lock);
    assert_eq!(waiting.wait().unwrap().code(), Some(75));
    let cards = home.json(&["--board", "default", "list"]);
    assert_eq!(cards[0]["status"], "ready", "{cards}");
}

#[test]
fn what_somebody_else_placed_is_theirs_to_move() {
    let away = tempfile::tempdir().unwrap();
    let home = Home::new(&format!(
        "{CONFIG}[boards.far]\npath = \"{}\"\n",
        away.path().display()
    ));
    home.ok(&["boards", "create", "far"]);
    home.ok(&["boards", "create", "near"]);
    for args in [
        &["boards", "rename", "far", "new"][..],
        &["boards", "rename", "near", "far"],
        &["boards", "archive", "far"],
        &["boards", "rm", "far", "--yes"],
    ] {
        let refused = home.kanban(args).expect(4);
        assert!(
            refused.stderr.contains("[boards.far]"),
            "{}",
            refused.stderr
        );
    }
    assert!(away.path().join("kanban.db").exists());
    std::os::unix::fs::symlink(dir(&home, "near"), dir(&home, "link")).unwrap();
    home.kanban(&["boards", "rm", "link", "--yes"]).expect(4);
    assert!(Path::new(&dir(&home, "near")).exists());
}
