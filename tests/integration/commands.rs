//! What people and scripts do at the command line, and what they are told.

use crate::harness::{Home, text};

fn home() -> Home {
    Home::new("[workers.w]\ncommand = [\"true\"]\n[workers.me]\npull = true\n")
}

#[test]
fn a_card_is_made_with_all_that_was_said() {
    let home = home();
    let parent = home.create("first", "w", &[]);
    let card = home.json(&[
        "create",
        "  second ",
        "--body",
        "what\nto do",
        "--assignee",
        "me",
        "--priority",
        "-3",
        "--parent",
        &parent,
        "--max-runtime",
        "90s",
        "--max-retries",
        "5",
        "--workspace",
        "dir:/tmp",
    ]);
    for (key, value) in [
        ("title", serde_json::json!("second")),
        ("body", "what\nto do".into()),
        ("assignee", "me".into()),
        ("priority", (-3).into()),
        ("status", "todo".into()),
        ("max_runtime_seconds", 90.into()),
        ("max_retries", 5.into()),
        ("workspace_path", "/tmp".into()),
    ] {
        assert_eq!(card[key], value, "{key}");
    }
    let page = home.json(&["show", &text(&card["id"])]);
    assert_eq!(page["parents"][0]["id"], parent.as_str());
    for key in ["task", "runs", "events", "comments", "children"] {
        assert!(!page[key].is_null(), "{key}");
    }
}

#[test]
fn a_key_makes_one_card_until_it_is_archived() {
    let home = home();
    let first = home.json(&["create", "a", "--idempotency-key", "k"]);
    let again = home.json(&["create", "b", "--idempotency-key", "k"]);
    assert_eq!((&first["id"], &again["new"]), (&again["id"], &false.into()));
    home.ok(&["archive", &text(&first["id"])]);
    assert_ne!(
        home.json(&["create", "c", "--idempotency-key", "k"])["id"],
        first["id"]
    );
}

#[test]
fn a_body_comes_from_an_argument_a_file_or_standard_input() {
    let home = home();
    let id = home
        .sh(r#"printf 'from a pipe' | "$KANBAN" create a --body -"#)
        .expect(0)
        .stdout;
    assert_eq!(
        home.json(&["show", id.trim()])["task"]["body"],
        "from a pipe"
    );
    let id = home
        .sh(r#"printf 'from a file' > f; "$KANBAN" create a --body-file f"#)
        .expect(0)
        .stdout;
    assert_eq!(
        home.json(&["show", id.trim()])["task"]["body"],
        "from a file"
    );
    let wrong = home
        .sh(r#"head -c 2000000 /dev/zero | tr '\0' x | "$KANBAN" create a --body -"#)
        .expect(2);
    assert!(wrong.stderr.contains("1048576"), "{}", wrong.stderr);
    home.sh(r#"printf 'a\377b' | "$KANBAN" create a --body -"#)
        .expect(2);
}

#[test]
fn wrong_usage_is_told_and_changes_nothing() {
    let home = home();
    home.ok(&["init"]);
    let unknown = home.kanban(&["create", "a", "--assignee", "ww"]).expect(4);
    assert!(
        unknown.stderr.contains("there are w (pull: me)"),
        "{}",
        unknown.stderr
    );
    for (args, code) in [
        (["create", ""].as_slice(), 2),
        (&["create", "a\nb"], 2),
        (&["create", "a", "--frobnicate"], 2),
        (&["create", "a", "--parent", "t_12345678"], 3),
        (&["create", "a", "--parent", "../x"], 2),
        (&["create", "a", "--at", "someday"], 2),
        (&["create", "a", "--max-runtime", "0s"], 2),
        (&["create", "a", "--workspace", "dir:relative"], 2),
        (&["show", "t_12345678"], 3),
        (&["log", "t_12345678"], 3),
        (&["list", "--status", "frozen"], 2),
        (&["list", "--board", "../x"], 2),
        (&["list", "--config", "/no/such/file"], 2),
        (&["frobnicate"], 2),
        (&["supervise", "a"], 1),
    ] {
        home.kanban(args).expect(code);
    }
    assert_eq!(home.json(&["list"]).as_array().unwrap().len(), 0);
    std::fs::write(
        home.path().join("config.toml"),
        "[defaults]\nmax_in_progess = 3\n",
    )
    .unwrap();
    let typo = home.kanban(&["list"]).expect(2);
    assert!(
        typo.stderr.contains("max_in_progess") && typo.stderr.contains("config.toml"),
        "{}",
        typo.stderr
    );
}

#[test]
fn dependencies_hold_and_cycles_are_refused() {
    let home = home();
    let (a, b, c) = (
        home.create("a", "me", &[]),
        home.create("b", "me", &[]),
        home.create("c", "me", &[]),
    );
    home.ok(&["link", &a, &b]);
    home.ok(&["link", &b, &c]);
    assert_eq!(home.status(&c), "todo");
    home.kanban(&["link", &c, &a]).expect(4);
    home.kanban(&["link", &a, &a]).expect(4);
    home.kanban(&["promote", &c]).expect(4);
    home.kanban(&["unlink", &a, &c]).expect(3);
    home.ok(&["tick"]);
    assert_eq!(home.status(&b), "todo", "no promotion with an open parent");
    home.ok(&["complete", &a, "--summary", "by hand"]);
    home.ok(&["tick"]);
    assert_eq!(
        (home.status(&b), home.status(&c)),
        ("ready".into(), "todo".into())
    );
    home.ok(&["archive", &b]);
    home.ok(&["tick"]);
    assert_eq!(
        home.status(&c),
        "ready",
        "an archived parent releases its children as a done one does"
    );
    home.kanban(&["complete", &a]).expect(4);
}

#[test]
fn cards_wait_for_triage_for_their_moment_and_for_people() {
    let home = home().with("KANBAN_NOW", "1000000");
    let triage = home.create("a", "w", &["--triage"]);
    let later = home.create("b", "w", &["--at", "2h"]);
    let blocked = home.create("c", "w", &[]);
    home.ok(&["block", &blocked, "--reason", "which one?"]);
    let nobody = text(&home.json(&["create", "d"])["id"]);
    let mine = home.create("e", "me", &[]);
    let report = home.json(&["tick"]);
    assert_eq!(report["counts"]["started"], 0);
    let reasons: Vec<String> = report["waiting"]
        .as_array()
        .unwrap()
        .iter()
        .map(|w| text(&w["reason"]))
        .collect();
    assert_eq!(reasons, ["no_assignee", "pull_lane"]);
    let columns = [
        (&triage, "triage"),
        (&later, "scheduled"),
        (&blocked, "blocked"),
        (&nobody, "ready"),
        (&mine, "ready"),
    ];
    for (id, column) in columns {
        assert_eq!(home.status(id), column);
    }
    let home = home.with("KANBAN_NOW", "1007200");
    assert_eq!(home.json(&["tick"])["promoted"], serde_json::json!([later]));
    home.wait_until("it ran", || home.status(&later) == "done");
    home.ok(&["promote", &triage]);
    home.ok(&["unblock", &blocked]);
    home.ok(&["tick"]);
    home.wait_until("both ran", || {
        home.status(&triage) == "done" && home.status(&blocked) == "done"
    });
}

#[test]
fn text_of_a_card_can_neither_act_on_a_terminal_nor_forge_a_line() {
    let home = Home::new(
        "[workers.w]\ncommand = [\"sh\", \"-c\", \"printf 'out\\\\033[2Jput\\\\n'; exit 1\"]\n",
    );
    let evil = "x\u{1b}[2J\u{9b}31m\u{8}\u{202e}\u{2028}t_00000000 done\u{7}";
    let id = home.create(
        evil,
        "w",
        &["--body", &format!("{evil}\nforged"), "--max-retries", "1"],
    );
    home.ok(&["comment", &id, evil]);
    home.quiet().expect(1);
    home.ok(&["unblock", &id]);
    home.ok(&["block", &id, "--reason", evil]);
    for command in [
        ["list"].as_slice(),
        &["show", &id],
        &["board"],
        &["events"],
        &["runs"],
        &["tick", "--dry-run"],
    ] {
        let out = home.ok(command);
        let bad = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202e}' | '\u{2028}');
        assert!(!out.stdout.contains(bad), "{command:?}: {:?}", out.stdout);
        assert!(
            !out.stdout
                .lines()
                .any(|line| line.starts_with("t_00000000")),
            "{command:?}: {}",
            out.stdout
        );
    }
    let error = home.kanban(&["create", "a", "--assignee", evil]).expect(4);
    assert!(
        !error.stderr.trim_end().contains(char::is_control),
        "{:?}",
        error.stderr
    );
}

#[test]
fn a_closed_pipe_is_no_error() {
    let home = home();
    for i in 0..50 {
        home.create(&format!("{i}"), "me", &[]);
    }
    let out = home
        .sh(r#""$KANBAN" list | head -1; "$KANBAN" events | head -1; "$KANBAN" --help | head -1"#)
        .expect(0);
    assert_eq!(out.stderr, "");
}

#[test]
fn followed_events_come_as_they_happen() {
    let home = home();
    home.ok(&["init"]);
    let mut follow = home
        .command(crate::harness::PROGRAM)
        .args(["events", "--follow", "--json"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let id = home.create("a", "me", &[]);
    let mut line = String::new();
    std::io::BufRead::read_line(
        &mut std::io::BufReader::new(follow.stdout.take().unwrap()),
        &mut line,
    )
    .unwrap();
    follow.kill().unwrap();
    follow.wait().unwrap();
    let event: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(
        (&event["kind"], &event["task_id"]),
        (&"created".into(), &id.into())
    );
}

#[test]
fn the_demonstration_comes_to_its_end() {
    let home = Home::new("");
    let out = home.ok(&["demo", "--dir", "d"]).stdout;
    assert!(
        out.contains("all 42 checks passed")
            && out.contains("crashed exit 1: connection reset by peer"),
        "{out}"
    );
    assert!(out.contains("rm -r "), "{out}");
    home.kanban(&["demo", "--dir", "d"]).expect(4);
}

#[test]
fn doctor_tells_what_cannot_work_and_changes_nothing() {
    let home = Home::new(
        "[workers.found]\ncommand = ['true']\n[workers.lost]\ncommand = ['no-such-program']\n[workers.me]\npull = true",
    );
    home.kanban(&["doctor"]).expect(1);
    assert!(!home.board("kanban.db").exists());
    home.ok(&["init"]);
    let said = home.ok(&["doctor"]).stdout;
    assert!(
        said.contains("found is found under cron")
            && said.contains("lost: \"no-such-program\" is not on"),
        "{said}"
    );
    assert!(
        said.contains("file locks work") && said.contains("kanban timer install"),
        "{said}"
    );
    home.ok(&["tick"]);
    let found = home.json(&["doctor"]);
    assert!(
        found
            .as_array()
            .unwrap()
            .iter()
            .any(|f| f["about"] == "ticks" && f["level"] == "ok"),
        "{found}"
    );
}
