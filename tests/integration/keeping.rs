//! Copies and figures of a board.

use std::os::unix::fs::PermissionsExt;

use crate::harness::Home;

fn home() -> Home {
    Home::new(
        "[workers.good]\ncommand = [\"true\"]\n[workers.bad]\ncommand = [\"false\"]\n[defaults]\nfailure_limit = 1\n",
    )
}

#[test]
fn a_backup_is_a_whole_board_and_overwrites_nothing() {
    let home = home();
    for n in 0..20 {
        home.create(&format!("card {n}"), "good", &[]);
    }
    // While others write.
    home.sh("for n in 1 2 3 4 5; do \"$KANBAN\" create more --assignee good >/dev/null; done & \"$KANBAN\" backup copy.db; wait")
        .expect(0);
    let copy = home.path().join("copy.db");
    assert_eq!(copy.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let board = rusqlite::Connection::open(&copy).unwrap();
    let ask = |sql: &str| -> String { board.query_row(sql, [], |r| r.get(0)).unwrap() };
    assert_eq!(ask("PRAGMA integrity_check"), "ok");
    let cards: i64 = board
        .query_row("SELECT count(*) FROM tasks", [], |r| r.get(0))
        .unwrap();
    assert!((20..=25).contains(&cards), "{cards}");
    let before = std::fs::read(&copy).unwrap();
    home.kanban(&["backup", "copy.db"]).expect(4);
    assert_eq!(std::fs::read(&copy).unwrap(), before);
    home.kanban(&["backup", "no/such/folder/copy.db"]).expect(1);
    let left: Vec<_> = std::fs::read_dir(home.path())
        .unwrap()
        .flatten()
        .map(|e| e.file_name().into_string().unwrap())
        .filter(|name| name.contains("copy.db") && name != "copy.db")
        .collect();
    assert_eq!(left, [""; 0], "nothing is left beside it");
    // It is a board itself.
    let other = Home::new("");
    std::fs::create_dir_all(other.board("")).unwrap();
    std::fs::copy(&copy, other.board("kanban.db")).unwrap();
    assert_eq!(
        other.json(&["list"]).as_array().unwrap().len() as i64,
        cards
    );
}

#[test]
fn figures_are_the_same_in_every_form() {
    let home = home();
    home.create("a", "good", &[]);
    home.create("b", "bad", &[]);
    home.quiet();
    let json = home.json(&["stats"]);
    assert_eq!(
        (
            &json["version"],
            &json["cards"]["done"],
            &json["cards"]["blocked"]
        ),
        (&1.into(), &1.into(), &1.into())
    );
    let file = home.path().join("kanban.prom");
    home.ok(&[
        "stats",
        "--format",
        "prometheus",
        "--output",
        file.to_str().unwrap(),
    ]);
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o644);
    let text = std::fs::read_to_string(&file).unwrap();
    for line in [
        "# TYPE kanban_cards gauge",
        "kanban_cards{board=\"default\",status=\"done\"} 1",
        "kanban_runs_total{board=\"default\",worker=\"good\",outcome=\"completed\"} 1",
        "kanban_runs_total{board=\"default\",worker=\"bad\",outcome=\"crashed\"} 1",
        "kanban_targets_paused{board=\"default\"} 0",
    ] {
        assert!(text.lines().any(|l| l == line), "{line}\n{text}");
    }
    // Every line is a comment or a sample.
    for line in text.lines().filter(|line| !line.starts_with("# ")) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert!(
            name.ends_with('}') && value.parse::<f64>().is_ok(),
            "{line}"
        );
    }
    assert!(home.ok(&["stats"]).stdout.contains("blocked"));
}

#[test]
fn a_vacuum_gives_the_room_of_removed_rows_back() {
    let home = home();
    for n in 0..40 {
        home.create(&format!("{n}"), "good", &["--body", &"x".repeat(9_000)]);
    }
    home.ok(&["pause"]);
    home.ok(&["tick"]);
    let db = home.board("kanban.db");
    let mut other = rusqlite::Connection::open(&db).unwrap();
    other.execute("UPDATE tasks SET body = NULL", []).unwrap();
    home.ok(&["tick"]);
    let before = db.metadata().unwrap().len();
    // Nobody is made to wait for it, and it harms nobody who is in the middle of something.
    let path = home.board("kanban.db.dispatch.lock");
    home.sh(&format!("flock -x {} \"$KANBAN\" vacuum", path.display()))
        .expect(75);
    let writer = other
        .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
        .unwrap();
    home.kanban(&["vacuum"]).expect(75);
    drop(writer);
    assert_eq!(db.metadata().unwrap().len(), before);
    // While somebody reads, the file shrinks later.
    let reader = other.transaction().unwrap();
    let _: i64 = reader
        .query_row("SELECT count(*) FROM tasks", [], |r| r.get(0))
        .unwrap();
    assert_eq!(home.json(&["vacuum"])["checkpoint"], "busy");
    drop(reader);
    home.ok(&["tick"]);
    assert!(db.metadata().unwrap().len() < before / 2);
    let done = home.json(&["vacuum"]);
    assert_eq!(done["checkpoint"], "truncated");
    assert_eq!(done["after"]["free"], 0);
    assert_eq!(home.sql::<String>("PRAGMA integrity_check"), "ok");
    assert_eq!(home.sql::<String>("PRAGMA journal_mode"), "wal");
    assert!(home.ok(&["vacuum"]).stdout.contains("KiB"));
}
