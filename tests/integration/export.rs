//! A board as lines of JSON and back: nothing is lost, nothing starts by mistake, and what is broken is refused whole.

use crate::harness::{Home, text};
use rusqlite::Connection;
use serde_json::{Value, json};

const CONFIG: &str = r#"
[workers.good]
command = ["sh", "-c", "echo fine"]
[workers.bad]
command = ["sh", "-c", "exit 3"]
[workers.slow]
command = ["sh", "-c", "echo x >> $KANBAN_HOME/started; sleep 300"]
[channels.file]
kind = "command"
command = ["true"]
subscribed_only = true
"#;

fn home() -> Home {
    Home::new(CONFIG)
}

fn board(home: &Home, name: &str) -> Connection {
    Connection::open(home.path().join("boards").join(name).join("kanban.db")).unwrap()
}

/// An export without its first line, which says where and when.
fn rows(home: &Home, board: &str) -> String {
    let all = home.ok(&["export", "--board", board]).stdout;
    all.split_once('\n').unwrap().1.to_owned()
}

fn first_line(export: &str) -> Value {
    serde_json::from_str(export.lines().next().unwrap()).unwrap()
}

#[test]
fn what_was_exported_comes_back_byte_for_byte() {
    let home = home();
    let first = home.create("first \u{1b}[2J\u{202e}", "good", &["--body", "line\nline"]);
    let second = home.create(
        "second",
        "bad",
        &["--parent", &first, "--max-retries", "1", "--arg", "-x"],
    );
    home.create(
        "third",
        "good",
        &["--after-failure", &second, "--at", "@99999999999"],
    );
    home.ok(&["comment", &second, "said"]);
    home.ok(&["subscribe", &second, "file"]);
    home.ok(&["pause", "slow", "--reason", "why not"]);
    home.quiet();
    // What other programs may have written, and what only SQLite has.
    board(&home, "default")
        .execute_batch(
            "ALTER TABLE tasks ADD COLUMN \"a \"\"new\"\" one\" DOUBLE;
             INSERT INTO tasks (id, title, body, status, created_at, priority, \"a \"\"new\"\" one\") VALUES
               ('t_00000001', 'odd', CAST(x'00ff80' AS TEXT), 'frozen', 5, NULL, 0.1),
               ('t_00000002', 'bytes', x'00ff', 'ready', 9223372036854775807, -3, 9e999);
             INSERT INTO task_events (task_id, kind, payload, created_at) VALUES
               ('t_00000001', 'unheard_of', 'no json' || char(0) || 'x', 7);
             INSERT INTO task_attachments (task_id, filename, stored_path, size, created_at)
               VALUES ('t_00000001', 'f', '/tmp/f', 3, 9);
             INSERT INTO kanban_notify_subs (task_id, platform, chat_id, created_at, last_event_id)
               VALUES ('t_00000001', 'telegram', '1', 9, 2);
             INSERT INTO task_events (id, task_id, kind, created_at) VALUES (1000, 't_00000001', 'gone', 7);
             DELETE FROM task_events WHERE id = 1000;",
        )
        .unwrap();
    let before = home.ok(&["export"]).stdout;
    std::fs::write(home.path().join("board.jsonl"), &before).unwrap();
    home.ok(&["import", "board.jsonl", "--board", "copy"]);
    assert_eq!(rows(&home, "copy"), before.split_once('\n').unwrap().1);
    let (mut a, mut b) = (
        first_line(&before),
        first_line(&home.ok(&["export", "--board", "copy"]).stdout),
    );
    assert_eq!(
        (&a["format"], &a["version"]),
        (&"kanban-export".into(), &1.into())
    );
    assert_eq!(a["sequences"]["task_events"], 1000);
    for key in ["board", "exported_at"] {
        a[key] = Value::Null;
        b[key] = Value::Null;
    }
    assert_eq!(a, b);
    // It is what the board shows, too.
    for id in [&first, &second] {
        assert_eq!(
            home.json(&["show", id, "--board", "default"]),
            home.json(&["show", id, "--board", "copy"])
        );
    }
    // The next event goes on after the last one that ever was.
    home.ok(&["comment", &first, "more", "--board", "copy"]);
    let last: i64 = board(&home, "copy")
        .query_row("SELECT max(id) FROM task_events", [], |r| r.get(0))
        .unwrap();
    assert_eq!(last, 1001);
    let check: String = board(&home, "copy")
        .query_row("PRAGMA integrity_check", [], |r| r.get(0))
        .unwrap();
    assert_eq!(check, "ok");
    // Nobody is told again.
    home.ok(&["tick", "--board", "copy"]);
    assert_eq!(
        home.json(&["deliveries", "list", "--board", "copy"]),
        json!([])
    );
}

#[test]
fn a_board_of_an_old_hermes_becomes_one_of_ours_and_stays_the_same() {
    let home = home();
    let dir = home.path().join("boards/old");
    std::fs::create_dir_all(&dir).unwrap();
    home.sh("chmod 700 boards boards/old").expect(0);
    let old = Connection::open(dir.join("kanban.db")).unwrap();
    old.execute_batch(include_str!("../schemas/hermes_0_14.sql"))
        .unwrap();
    old.execute_batch(
        "INSERT INTO tasks (id, title, status, created_at, skills) VALUES ('t_0001', 'a', 'done', 1, '[\"x\"]');
         INSERT INTO task_events (task_id, kind, payload, created_at) VALUES ('t_0001', 'created', '{}', 1);",
    )
    .unwrap();
    drop(old);
    let before = rows(&home, "old");
    assert!(
        before.contains("\"goal_mode\":0") && before.contains("\"block_kind\":null"),
        "{before}"
    );
    home.sh("\"$KANBAN\" export --board old | \"$KANBAN\" import - --board new")
        .expect(0);
    assert_eq!(rows(&home, "new"), before);
    home.ok(&["create", "b", "--model", "m", "--board", "new"]);
}

#[test]
fn what_was_running_is_blocked_and_no_second_worker_starts() {
    let home = home();
    let id = home.create("a", "slow", &[]);
    home.ok(&["tick"]);
    home.wait_until("it runs", || home.path().join("started").exists());
    let token: String = home.sql("SELECT token FROM tick_runs");
    home.ok(&["export", "--output", "b.jsonl"]);
    let export = std::fs::read_to_string(home.path().join("b.jsonl")).unwrap();
    assert!(
        !export.contains(&token),
        "a worker's secret is in the export"
    );
    let said = home.json(&["import", "b.jsonl", "--board", "copy"]);
    assert_eq!(said["blocked"], json!([id]));
    home.kanban(&["tick", "--wait", "--timeout", "20s", "--board", "copy"])
        .expect(1);
    let page = home.json(&["show", &id, "--board", "copy"]);
    assert_eq!(
        (&page["task"]["status"], &page["runs"][0]["outcome"]),
        (&"blocked".into(), &"lost".into())
    );
    assert_eq!(page["runs"][0]["dead"], true);
    let last = page["events"].as_array().unwrap().last().unwrap();
    assert_eq!(last["kind"], "blocked");
    assert!(
        text(&last["payload"]["reason"]).contains("imported"),
        "{last}"
    );
    let started = std::fs::read_to_string(home.path().join("started")).unwrap();
    assert_eq!(started, "x\n");
    let page = home.json(&["show", &id, "--board", "default"]);
    assert_eq!(
        page["task"]["status"], "running",
        "the board that it runs on is untouched"
    );
    home.ok(&["unblock", &id, "--board", "copy"]);
    home.ok(&["tick", "--board", "copy"]);
    home.wait_until("a person let it go", || {
        std::fs::read_to_string(home.path().join("started")).unwrap() == "x\nx\n"
    });
    for board in ["copy", "default"] {
        home.ok(&["stop", &id, "--board", board]);
    }
}

#[test]
fn what_is_broken_is_refused_with_its_line_and_leaves_nothing() {
    let home = home();
    for title in ["a", "b"] {
        home.create(title, "good", &[]);
    }
    let whole = home.ok(&["export"]).stdout;
    let lines: Vec<&str> = whole.lines().collect();
    let with = |place: usize, line: &str| {
        let mut all = lines.clone();
        all[place] = line;
        all.join("\n") + "\n"
    };
    let cut = lines[..lines.len() - 1].join("\n");
    let half = &whole[..whole.len() / 2];
    let newer = lines[0].replace("\"version\":1", "\"version\":2");
    let slash = lines[1].replace("\"id\":\"t_", "\"id\":\"../t_");
    let twice = lines[1].to_owned();
    let two_ends = format!("{whole}{}\n", lines[lines.len() - 1]);
    for (content, code, said) in [
        (String::new(), 2, "is no export of a board"),
        ("[[cards]]\ntitle = 'a'\n".into(), 2, "kanban create --from"),
        (with(0, &newer), 2, "has version 2 of the format"),
        (with(2, "{\"table\": \"tasks\""), 2, "line 3 of x.jsonl"),
        (
            with(2, "{\"table\":\"tasks\",\"row\":{\"id\":1.5}}"),
            2,
            "line 3 of x.jsonl",
        ),
        (
            with(2, "{\"table\":\"nothing\",\"row\":{}}"),
            2,
            "there is no table \"nothing\"",
        ),
        (
            with(2, "{\"table\":\"sqlite_schema\",\"row\":{}}"),
            2,
            "line 3 of x.jsonl: there is no table",
        ),
        (
            with(2, "{\"table\":\"tasks\",\"row\":{\"x\\\"; DROP\":1}}"),
            2,
            "tasks has no column",
        ),
        (
            with(2, "{\"table\":\"tasks\",\"row\":{\"id\":\"t_1\"}}"),
            2,
            "line 3 of x.jsonl: this row does not fit",
        ),
        (
            with(
                2,
                "{\"table\":\"tasks\",\"row\":{\"title\":{\"blob\":\"?\"}}}",
            ),
            2,
            "line 3 of x.jsonl",
        ),
        (
            with(2, &twice),
            2,
            "line 3 of x.jsonl: this row does not fit into tasks: UNIQUE",
        ),
        (with(2, "{}"), 2, "line 3 of x.jsonl is no row"),
        (with(1, &slash), 2, "cannot be the id of a card"),
        (
            with(lines.len() - 1, "{\"rows\":1}"),
            2,
            "is no row, and not the end of",
        ),
        (cut, 2, "ends too early"),
        (half.into(), 2, "line "),
        (two_ends, 2, "comes after the end"),
    ] {
        std::fs::write(home.path().join("x.jsonl"), &content).unwrap();
        let run = home.kanban(&["import", "x.jsonl", "--board", "new"]);
        assert!(run.stderr.contains(said), "{said}: {}", run.stderr);
        run.expect(code);
        assert!(!home.path().join("boards/new/kanban.db").exists(), "{said}");
        let left: Vec<_> = std::fs::read_dir(home.path().join("boards/new"))
            .into_iter()
            .flatten()
            .flatten()
            .map(|e| e.file_name())
            .filter(|name| name != ".init.lock")
            .collect();
        assert!(left.is_empty(), "{left:?}");
    }
    // An empty board takes it, and stays empty where it cannot.
    home.ok(&["init", "--board", "empty"]);
    home.kanban(&["import", "x.jsonl", "--board", "empty"])
        .expect(2);
    assert_eq!(home.json(&["list", "--board", "empty"]), json!([]));
    std::fs::write(home.path().join("x.jsonl"), &whole).unwrap();
    home.ok(&["import", "x.jsonl", "--board", "empty"]);
    // One with something on it does not.
    let run = home
        .kanban(&["import", "x.jsonl", "--board", "empty"])
        .expect(4);
    assert!(
        run.stderr.contains("name one that does not exist"),
        "{}",
        run.stderr
    );
    home.kanban(&["import", "none.jsonl", "--board", "new"])
        .expect(1);
    // Files are not overwritten, and half a file never has its name.
    home.kanban(&["export", "--board", "empty", "--output", "x.jsonl"])
        .expect(4);
    home.kanban(&["export", "--board", "empty", "--output", "no/such/x.jsonl"])
        .expect(1);
    home.kanban(&["export", "--board", "nowhere"]).expect(3);
    assert_eq!(
        home.sh("\"$KANBAN\" export --board default | head -1")
            .expect(0)
            .stderr,
        ""
    );
}
