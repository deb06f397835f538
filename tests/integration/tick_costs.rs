//! What a tick costs, in counts that hold on every machine: files opened, waits for the disk, descriptors, threads.
//! Times are for the bench.

use std::collections::BTreeSet;
use std::path::Path;

use crate::harness::Home;
use crate::kills::strace_works;
use crate::traced::{Trace, Whom, trace};

/// Nothing of it may cost an idle tick anything.
const CONFIG: &str = "
[host]
max_in_progress = 200
[defaults]
max_in_progress = 200
max_in_progress_per_worker = 200
[workers.quick]
command = ['true']
[workers.held]
command = ['sh', '-c', 'while [ -d \"$KANBAN_HOME\" ] && ! [ -e \"$KANBAN_HOME/go\" ]; do sleep 0.05; done']
[channels.hook]
kind = 'webhook'
url = 'https://example.org/hook'
subscribed_only = true
platform = 'telegram'
";

/// A board of ours, and one of Hermes, with a finished card each and nothing to do.
fn idle_homes() -> [(Home, &'static str); 2] {
    let ours = Home::new(CONFIG);
    ours.ok(&["init"]);
    let hermes = Home::of_hermes(CONFIG);
    for home in [&ours, &hermes] {
        let card = home.create("done", "quick", &[]);
        home.ok(&["complete", &card]);
        // The first tick looks at everything once.
        home.ok(&["tick"]);
    }
    [
        (ours, "boards/default/kanban.db"),
        (hermes, "hermes/kanban.db"),
    ]
}

/// The files of ours that were opened, as they are called in the home, and those that are none of ours.
fn opened(trace: &Trace, home: &Home) -> (BTreeSet<String>, BTreeSet<String>) {
    let root = home.path().canonicalize().unwrap();
    let (mut ours, mut others) = (BTreeSet::new(), BTreeSet::new());
    for file in trace.opened() {
        match Path::new(&file).strip_prefix(&root) {
            Ok(inside) => ours.insert(inside.display().to_string()),
            Err(_) => others.insert(file),
        };
    }
    (ours, others)
}

#[test]
fn an_idle_tick_opens_its_configuration_its_lock_and_its_board_and_changes_nothing() {
    if !strace_works() {
        return;
    }
    for (home, db) in idle_homes() {
        let tick = trace(&home, Whom::AllOfIt, &["tick"]);
        let (ours, others) = opened(&tick, &home);
        let named = ["", "-wal", "-shm", ".dispatch.lock"].map(|ending| format!("{db}{ending}"));
        let allowed: BTreeSet<String> = named
            .into_iter()
            .chain(["config.toml", "boards", "hermes/profiles"].map(str::to_owned))
            // The folder of boards of Hermes is looked at for boards.
            .chain(["hermes/kanban/boards".to_owned()])
            .collect();
        assert!(ours.is_subset(&allowed), "{ours:?}");
        // Shared libraries, and what the language and SQLite read as they start; no certificates.
        let others: Vec<_> = others
            .iter()
            .filter(|file| !file.contains("/lib") && !file.contains("/ld.so"))
            .filter(|file| !file.starts_with("/proc/") && *file != "/dev/urandom")
            .collect();
        assert!(others.is_empty(), "{others:?}");
        // The index of the log is shared memory, which SQLite makes anew; it is no data.
        let written: Vec<_> = tick
            .of(&["pwrite64", "pwritev", "write", "fallocate"])
            .into_iter()
            .filter(|call| !call.contains("-shm>"))
            .collect();
        assert_eq!(written, [""; 0]);
        let never = tick.of(&[
            "fsync",
            "fdatasync",
            "socket",
            "connect",
            "clone",
            "clone3",
            "fork",
            "vfork",
            "rename",
            "unlink",
            "mkdir",
            "flistxattr",
        ]);
        assert_eq!(never, [""; 0]);
        assert_eq!(tick.of(&["execve"]).len(), 1);
        // The path of the board is followed once, and the board is read from in few transactions: for the tables,
        // for whether they were seen to, and for what there is to do.
        let real = home.path().canonicalize().unwrap();
        assert_eq!(
            tick.of(&["readlink"]).len(),
            real.join(db).components().count() - 1
        );
        let reads = tick.of(&["fcntl"]);
        let reads = reads
            .iter()
            .filter(|call| call.contains("F_RDLCK") && call.contains("l_start=123"))
            .count();
        assert!(reads <= 3, "{reads}");
    }
}

#[test]
fn a_tick_waits_for_the_disk_as_often_for_a_hundred_starts_as_for_one() {
    if !strace_works() {
        return;
    }
    let mut commits = BTreeSet::new();
    for starts in [1, 10, 100] {
        let home = Home::new(CONFIG);
        let cards: Vec<String> = (0..starts)
            .map(|n| format!(r#"{{"title": "{n}", "assignee": "held"}}"#))
            .collect();
        std::fs::write(
            home.path().join("cards.json"),
            format!("[{}]", cards.join(",")),
        )
        .unwrap();
        home.ok(&["create", "--from", "cards.json"]);
        // That they were made was told before: only the starts are news.
        home.change("UPDATE tick_meta SET value = (SELECT max(id) FROM task_events) WHERE key = 'announced'");
        let tick = trace(&home, Whom::Itself, &["tick"]);
        let started: i64 = home.sql("SELECT count(*) FROM tick_runs");
        assert_eq!(started, starts);
        // Others write to the board by then, which may keep the log from being moved: it is counted apart.
        let before = tick.before_last("F_WRLCK, l_whence=SEEK_SET, l_start=120,");
        commits.insert(before.syncs("-wal"));
        let board = tick.syncs("kanban.db") + tick.syncs("-wal");
        assert!(board <= 8, "{starts}: {board}");
        // No thread either: a supervisor is a process.
        let threads = tick.of(&["clone", "clone3"]);
        let threads: Vec<_> = threads
            .iter()
            .filter(|c| c.contains("CLONE_THREAD"))
            .collect();
        assert!(threads.is_empty(), "{threads:?}");
        std::fs::write(home.path().join("go"), "").unwrap();
        home.wait_until("all are done", || {
            home.sql::<i64>("SELECT count(*) FROM tasks WHERE status <> 'done'") == 0
        });
        home.quiet();
    }
    assert_eq!(commits.len(), 1, "{commits:?}");
}

#[test]
fn a_tick_starts_one_process_however_many_cards_it_starts() {
    if !strace_works() {
        return;
    }
    let home = Home::new(CONFIG);
    for cards in [1, 2, 30] {
        for n in 0..cards {
            home.create(&n.to_string(), "quick", &[]);
        }
        let tick = trace(&home, Whom::Itself, &["tick"]);
        home.quiet();
        let started = tick.of(&["clone", "clone3", "vfork", "fork"]);
        assert_eq!(started.len(), 1, "{cards}: {started:?}");
    }
}

#[test]
fn a_card_waits_for_the_disk_a_few_times_and_the_last_tick_moves_the_log() {
    if !strace_works() {
        return;
    }
    let syncs = |cards: usize| {
        let home = Home::new(CONFIG);
        let mut parent = home.create("first", "quick", &[]);
        for n in 1..cards {
            parent = home.create(&n.to_string(), "quick", &["--parent", &parent]);
        }
        // The trace ends when the last of all that it starts has ended.
        let all = trace(&home, Whom::AllOfIt, &["tick"]);
        assert_eq!(home.status(&parent), "done");
        let log = std::fs::metadata(home.board("kanban.db-wal")).unwrap();
        assert_eq!(log.len(), 0, "nothing is left to another tick");
        assert_eq!(std::fs::read_dir(home.board("runs")).unwrap().count(), 0);
        all.of(&["fsync", "fdatasync"]).len()
    };
    // Its start and its end, each with the folder's entry, and the claim of the next with what was booked.
    let a_link = (syncs(6) - syncs(2)) / 4;
    assert!(a_link <= 8, "{a_link}");
}

#[test]
fn a_card_writes_few_pages_and_one_of_many_fewer() {
    if !strace_works() {
        return;
    }
    let home = Home::new(CONFIG);
    let pages = |cards: usize, whom: Whom| {
        for n in 0..cards {
            home.create(&n.to_string(), "quick", &[]);
        }
        let trace = trace(&home, whom, &["tick"]);
        home.quiet();
        trace.pages()
    };
    pages(1, Whom::AllOfIt);
    // One of every table and index that has a row of it, and the record of the tick.
    let (start, whole) = (pages(1, Whom::Itself), pages(1, Whom::AllOfIt));
    assert!(start <= 13, "{start}");
    assert!(whole <= 30, "{whole}");
    // Neighbours share theirs.
    let many = pages(50, Whom::Itself);
    assert!(many <= start + 49, "{many}");
}

#[test]
fn each_receiver_is_told_in_a_thread_of_its_own_and_nobody_else_gets_one() {
    if !strace_works() {
        return;
    }
    let channel = |name: &str| format!("[channels.{name}]\nkind = 'command'\ncommand = ['true']\n");
    let three: String = ["a", "b", "c"].map(channel).concat();
    let home = Home::new(&format!("[workers.me]\npull = true\n{three}"));
    let threads = |cards: usize| {
        for n in 0..cards {
            let card = home.create(&n.to_string(), "me", &[]);
            home.ok(&["complete", &card]);
        }
        let trace = trace(&home, Whom::AllOfIt, &["tick"]);
        let started = trace.of(&["clone", "clone3"]);
        started
            .iter()
            .filter(|call| call.contains("CLONE_THREAD"))
            .count()
    };
    assert_eq!((threads(1), threads(5), threads(0)), (3, 3, 0));
}

#[test]
fn the_descriptors_of_a_command_do_not_grow_with_the_board() {
    if !strace_works() {
        return;
    }
    let [(home, _), _] = idle_homes();
    let commands: [&[&str]; 6] = [
        &["list"],
        &["create", "x"],
        &["tick"],
        &["status"],
        &["stats"],
        &["events"],
    ];
    let highest = || commands.map(|args| trace(&home, Whom::AllOfIt, args).highest_descriptor());
    let few = highest();
    home.change(
        "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 2000)
         INSERT INTO tasks (id, title, status, created_at) SELECT printf('t_%08x', n), 'x', 'done', n FROM numbers",
    );
    let many = highest();
    assert_eq!(few, many);
    assert!(few.iter().all(|n| *n < 12), "{few:?}");
}

#[test]
fn what_another_program_took_from_the_tables_is_made_again_once() {
    if !strace_works() {
        return;
    }
    for (home, db) in idle_homes() {
        let board = || {
            let board = rusqlite::Connection::open(home.path().join(db)).unwrap();
            let no_checkpoint = rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
            board.set_db_config(no_checkpoint, true).unwrap();
            board
        };
        board()
            .execute_batch("DROP INDEX tick_tasks_ready")
            .unwrap();
        assert!(trace(&home, Whom::Itself, &["tick"]).syncs("-wal") > 0);
        let made: i64 = board()
            .query_row(
                "SELECT count(*) FROM sqlite_schema WHERE name = 'tick_tasks_ready'",
                [],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(made, 1);
        assert_eq!(trace(&home, Whom::Itself, &["tick"]).syncs("-wal"), 0);
    }
}

/// The next tick finds that the last one was in another hour.
fn an_hour_passes(home: &Home) {
    let lock = std::fs::File::open(home.board("kanban.db.dispatch.lock")).unwrap();
    lock.set_modified(std::time::UNIX_EPOCH).unwrap();
}

#[test]
fn a_tick_removes_a_part_of_what_is_old_and_the_next_hour_goes_on() {
    let home = Home::new("[defaults]\nkeep_events = '30d'\n[workers.w]\ncommand = ['true']\n");
    home.ok(&["init"]);
    // The first ones belong to a card that is in play, and have to stay.
    let fill = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 62000)
         INSERT INTO task_events (task_id, kind, created_at)
             SELECT iif(n <= 12000, 't_00000002', 't_00000001'), 'commented', 1 FROM numbers;
         UPDATE tick_meta SET value = (SELECT max(id) FROM task_events) WHERE key = 'announced';";
    home.change(
        "INSERT INTO tasks (id, title, status, created_at, completed_at) VALUES
             ('t_00000001', 'over', 'done', 1, 1), ('t_00000002', 'in play', 'blocked', 1, NULL)",
    );
    home.change(fill);
    let left = || home.sql::<i64>("SELECT count(*) FROM task_events WHERE task_id = 't_00000001'");
    let tick_of_a_new_hour = || {
        an_hour_passes(&home);
        home.ok(&["tick"]);
    };
    home.ok(&["tick"]);
    assert_eq!(left(), 50_000);
    let mut ticks = 0;
    while left() > 0 {
        let before = left();
        tick_of_a_new_hour();
        assert!(before - left() <= 10_000);
        ticks += 1;
        assert!(ticks < 10, "{} are left", left());
    }
    assert!(ticks >= 6, "{ticks}");
    // What was removed leaves room for what comes.
    let pages: i64 = home.sql("PRAGMA page_count");
    home.change(&fill.replace("62000", "50000").replace("12000", "0"));
    home.ok(&["tick"]);
    let grown = home.sql::<i64>("PRAGMA page_count") - pages;
    assert!(grown <= pages / 20, "{pages} and {grown} more");
}

#[test]
fn what_changed_without_an_event_is_found_within_the_hour() {
    let home = Home::new("[workers.w]\ncommand = ['true']\n[workers.me]\npull = true\n");
    let parent = home.create("parent", "me", &[]);
    let child = home.create("child", "w", &["--parent", &parent]);
    home.ok(&["tick"]);
    home.change(&format!(
        "UPDATE tasks SET status = 'done' WHERE id = '{parent}'"
    ));
    home.ok(&["tick"]);
    assert_eq!(home.status(&child), "todo");
    // An hour later; and a clock that was put back does not put it off.
    for at in ["value - 3600", "value + 86400"] {
        home.change(&format!(
            "UPDATE tasks SET status = 'todo' WHERE id = '{child}';
             UPDATE tick_meta SET value = {at} WHERE key = 'promotion_swept_at'"
        ));
        home.json(&["tick"])["promoted"]
            .as_array()
            .unwrap()
            .iter()
            .find(|id| **id == child.as_str())
            .expect("the child to be promoted");
        home.quiet();
    }
}

#[test]
fn what_finished_cards_have_left_is_looked_at_by_the_hour_and_not_by_every_tick() {
    if !strace_works() {
        return;
    }
    let home = Home::new(CONFIG);
    let old = home.create("old", "quick", &[]);
    home.quiet();
    let workspace = home.board("workspaces").join(&old);
    assert!(workspace.exists());
    home.change("UPDATE tasks SET completed_at = 1");
    // It starts a card, beside a workspace that is old enough to go.
    home.create("new", "held", &[]);
    let busy = trace(&home, Whom::Itself, &["tick"]);
    assert_eq!(home.sql::<i64>("SELECT count(*) FROM tick_runs"), 2);
    let looked = |trace: &Trace| trace.opened().iter().any(|f| f.ends_with("/.made"));
    assert!(!looked(&busy), "{:?}", busy.opened());
    assert!(workspace.exists());
    an_hour_passes(&home);
    assert!(looked(&trace(&home, Whom::Itself, &["tick"])));
    assert!(!workspace.exists());
    std::fs::write(home.path().join("go"), "").unwrap();
    home.quiet();
}
