//! Files that go with a card: what is taken, where it lies, and what is never touched.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::Value;

use crate::harness::{Home, text};

const CONFIG: &str = "[defaults]\nattachment_max_bytes = 10\n[workers.me]\npull = true\n";

fn home() -> (Home, String) {
    let home = Home::new(CONFIG);
    let card = home.create("x", "me", &[]);
    std::fs::write(home.path().join("a.txt"), "one").unwrap();
    (home, card)
}

/// The files of a card's folder.
fn stored(home: &Home, card: &str) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(home.board("attachments").join(card)) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn path_of(row: &Value) -> PathBuf {
    text(&row["stored_path"]).into()
}

#[test]
fn a_file_is_copied_listed_and_taken_away_again() {
    let (home, card) = home();
    std::fs::write(home.path().join("b.txt"), "two").unwrap();
    assert_eq!(
        home.ok(&["attach", &card, "a.txt", "b.txt"]).stdout,
        format!("{card} a.txt\n{card} b.txt\n")
    );
    let files = home.json(&["attachments", &card]);
    let path = path_of(&files[0]);
    assert_eq!(
        path,
        home.board("attachments")
            .canonicalize()
            .unwrap()
            .join(&card)
            .join("a.txt")
    );
    assert_eq!(std::fs::read(&path).unwrap(), b"one");
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(
        (&files[0]["size"], &files[0]["missing"]),
        (&3.into(), &false.into())
    );
    assert!(home.ok(&["attachments", &card]).stdout.contains("b.txt"));
    assert_eq!(home.json(&["show", &card])["attachments"], files);
    let page = home.ok(&["show", &card]).stdout;
    assert!(page.contains("Attachments\n  a.txt (3 bytes) /"), "{page}");

    // Without a terminal nobody can be asked.
    let refused = home.kanban(&["detach", &card, "a.txt"]).expect(2);
    assert!(
        refused.stderr.contains("a.txt (3 bytes)") && refused.stderr.contains("--yes"),
        "{}",
        refused.stderr
    );
    home.kanban(&["detach", &card, "a.txt", "no.txt", "--yes"])
        .expect(3);
    assert_eq!(stored(&home, &card), ["a.txt", "b.txt"], "all or none");
    home.ok(&["detach", &card, "a.txt", "-y"]);
    assert_eq!(stored(&home, &card), ["b.txt"]);
    assert_eq!(
        home.history(&card),
        ["created", "attached", "attached", "attachment_removed"]
    );
    assert!(home.path().join("a.txt").exists(), "the original stays");
    std::fs::remove_file(path_of(&files[1])).unwrap();
    assert_eq!(home.json(&["attachments", &card])[0]["missing"], true);
    let number = files[1]["id"].to_string();
    home.ok(&["detach", &card, &number, "--yes"]);
    assert_eq!(home.ok(&["attachments", &card]).stdout, "");
}

#[test]
fn a_taken_name_is_numbered_and_a_chosen_one_refused() {
    let (home, card) = home();
    home.ok(&["attach", &card, "a.txt"]);
    let more = home.json(&["attach", &card, "a.txt", "a.txt"]);
    assert_eq!(
        (&more[0]["filename"], &more[1]["filename"]),
        (&"a (1).txt".into(), &"a (2).txt".into())
    );
    let refused = home
        .kanban(&["attach", &card, "a.txt", "--name", "a.txt"])
        .expect(4);
    assert!(
        refused.stderr.contains("say another --name"),
        "{}",
        refused.stderr
    );
    home.ok(&["attach", &card, "a.txt", "--name", "b"]);
    home.sh(&format!(
        "printf hello | \"$KANBAN\" attach {card} - --name in"
    ))
    .expect(0);
    assert_eq!(
        stored(&home, &card),
        ["a (1).txt", "a (2).txt", "a.txt", "b", "in"]
    );
}

#[test]
fn what_is_no_plain_file_of_a_plain_name_is_refused_and_leaves_nothing() {
    let (home, card) = home();
    std::fs::write(home.path().join("large"), "eleven byte").unwrap();
    std::fs::write(home.path().join(".hidden"), "x").unwrap();
    std::os::unix::fs::symlink("a.txt", home.path().join("link")).unwrap();
    home.sh("mkfifo pipe").expect(0);
    for (args, code) in [
        (&["a.txt", "large"][..], 4),
        (&["a.txt", "none"], 3),
        (&["a.txt", "link"], 2),
        (&["a.txt", "pipe"], 2),
        (&["a.txt", "boards"], 2),
        (&["a.txt", ".hidden"], 2),
        (&["a.txt", "/"], 2),
        (&["a.txt", "-"], 2),
        (&["a.txt", "large", "--name", "x"], 2),
        (&["a.txt", "--name", "../x"], 2),
        (&["a.txt", "--name", "a\u{202e}b"], 2),
        (&["a.txt", "--name", ""], 2),
    ] {
        let run = home
            .kanban(&[&["attach", &card], args].concat())
            .expect(code);
        assert!(run.stdout.is_empty() && !run.stderr.is_empty(), "{args:?}");
        assert_eq!(stored(&home, &card), [""; 0], "{args:?}");
    }
    let told = home.kanban(&["attach", &card, "large"]).stderr;
    assert!(told.contains("attachment_max_bytes"), "{told}");
    home.kanban(&["attach", "t_00000000", "a.txt"]).expect(3);
    assert!(!home.board("attachments").join("t_00000000").exists());
    assert_eq!(home.history(&card), ["created"]);
}

#[test]
fn a_row_that_cannot_be_written_leaves_no_file() {
    let (home, card) = home();
    home.change(
        "CREATE TRIGGER full BEFORE INSERT ON task_attachments BEGIN SELECT raise(FAIL, 'no'); END",
    );
    home.kanban(&["attach", &card, "a.txt"]).expect(1);
    assert_eq!(stored(&home, &card), [""; 0]);
    home.change("DROP TRIGGER full; DROP TABLE task_attachments");
    let refused = home.kanban(&["attach", &card, "a.txt"]).expect(4);
    assert!(
        refused.stderr.contains("no attachments"),
        "{}",
        refused.stderr
    );
    assert_eq!(home.ok(&["attachments", &card]).stdout, "");
    home.ok(&["show", &card]);
}

#[test]
fn only_a_file_of_the_board_is_deleted_whatever_its_row_says() {
    let (home, card) = home();
    let precious = home.path().join("precious");
    std::fs::write(&precious, "x").unwrap();
    let inside = home.board("attachments").join(&card);
    home.ok(&["attach", &card, "a.txt"]);
    for (n, path) in [
        precious.to_str().unwrap().to_owned(),
        format!("{}/../../../../precious", inside.display()),
        "precious".into(),
    ]
    .iter()
    .enumerate()
    {
        home.change(&format!(
            "INSERT INTO task_attachments (task_id, filename, stored_path, size, created_at)
             VALUES ('{card}', 'evil{n}', '{path}', 1, 1)"
        ));
        let run = home.ok(&["detach", &card, &format!("evil{n}"), "--yes"]);
        assert!(run.stderr.contains("was left there"), "{}", run.stderr);
        assert!(precious.exists());
    }
    assert_eq!(stored(&home, &card), ["a.txt"]);
}

#[test]
fn a_worker_attaches_to_its_own_card_alone() {
    let home = Home::new(
        "[workers.w]\ncommand = [\"sh\", \"-c\", '''
echo done > out.txt
\"$KANBAN_BIN\" attach \"$KANBAN_TASK\" out.txt
! \"$KANBAN_BIN\" attach \"$(cat $KANBAN_HOME/other)\" out.txt''']\n[workers.me]\npull = true\n",
    );
    let other = home.create("other", "me", &[]);
    std::fs::write(home.path().join("other"), &other).unwrap();
    let card = home.create("x", "w", &[]);
    home.quiet();
    assert_eq!(
        home.status(&card),
        "done",
        "{}",
        home.ok(&["log", &card]).stdout
    );
    let files = home.json(&["attachments", &card]);
    assert_eq!(files[0]["uploaded_by"], "w");
    assert_eq!(std::fs::read(path_of(&files[0])).unwrap(), b"done\n");
    assert_eq!(stored(&home, &other), [""; 0]);
    let attached = home.json(&["events", &card]);
    let attached = attached
        .as_array()
        .unwrap()
        .iter()
        .find(|e| e["kind"] == "attached");
    assert!(attached.unwrap()["run_id"].is_i64());
}
