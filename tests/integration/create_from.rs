//! A whole graph from a file: all of it or nothing, and mistakes are named where they stand.

use crate::harness::{Home, text};
use serde_json::{Value, json};

fn home() -> Home {
    Home::new(
        "[workers.w]\ncommand = [\"true\"]\n[workers.own]\ncommand = [\"true\"]\nreport = \"explicit\"\n",
    )
}

fn write(home: &Home, name: &str, content: &str) {
    std::fs::write(home.path().join(name), content).unwrap();
}

const GRAPH: &str = r#"
[[cards]]
name = "announce"
title = "Announce it"
assignee = "w"
parents = ["build", "test"]

[[cards]]
name = "build"
title = "Build it"
body_file = "body.txt"
assignee = "w"
priority = -2
max_runtime = "30m"
max_retries = 3
skills = ["make"]
args = ["--fast"]
verify = "test -e built"
workspace = "dir:/tmp"
tenant = "acme"

[[cards]]
name = "test"
title = "Test it"
assignee = "w"
parents = ["build"]
at = 2100-01-01T00:00:00Z

[[cards]]
title = "Clean up"
after_failure = ["build"]
after_any = ["test"]
blocked = "not yet"
"#;

#[test]
fn a_graph_is_made_as_it_is_written_and_runs() {
    let home = home();
    std::fs::create_dir(home.path().join("sub")).unwrap();
    write(&home, "sub/body.txt", "make\nrelease");
    write(&home, "sub/graph.toml", GRAPH);
    let made = home.json(&["create", "--from", "sub/graph.toml"]);
    let made = made.as_array().unwrap();
    let names: Vec<&Value> = made.iter().map(|card| &card["name"]).collect();
    assert_eq!(
        names,
        [
            &json!("announce"),
            &json!("build"),
            &json!("test"),
            &Value::Null
        ]
    );
    let id = |place: usize| text(&made[place]["id"]);
    let build = home.json(&["show", &id(1)]);
    for (key, value) in [
        ("title", json!("Build it")),
        ("body", json!("make\nrelease")),
        ("status", json!("ready")),
        ("priority", json!(-2)),
        ("max_runtime_seconds", json!(1800)),
        ("max_retries", json!(3)),
        ("skills", json!(["make"])),
        ("args", json!(["--fast"])),
        ("verify", json!(["sh", "-c", "test -e built"])),
        ("workspace_path", json!("/tmp")),
        ("tenant", json!("acme")),
    ] {
        assert_eq!(build["task"][key], value, "{key}");
    }
    assert_eq!(
        home.json(&["show", &id(2)])["task"]["not_before"],
        4_102_444_800_i64
    );
    let last = home.json(&["show", &id(3)]);
    let waits: Vec<(&Value, &Value)> = last["parents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| (&p["id"], &p["on"]))
        .collect();
    assert_eq!(
        waits,
        [
            (&json!(id(1)), &json!("failure")),
            (&json!(id(2)), &json!("any"))
        ]
    );
    assert_eq!(last["task"]["status"], "blocked");
    // Among cards of one second, those that others wait for are older.
    assert_eq!(
        home.ok(&["list", "--ids", "--sort", "created"]).stdout,
        format!("{}\n{}\n{}\n{}\n", id(1), id(2), id(0), id(3))
    );
    // A card of the board can be a parent, and the lines are for a shell.
    let more = format!(
        "[[cards]]\nname = 'more'\ntitle = 'm'\nparents = ['{}']\n[[cards]]\ntitle = 'n'\n",
        id(0)
    );
    write(&home, "more.toml", &more);
    let lines = home.ok(&["create", "--from", "more.toml"]).stdout;
    let lines: Vec<&str> = lines.lines().collect();
    assert!(lines[0].starts_with("t_") && lines[0].ends_with(" more") && !lines[1].contains(' '));
    assert_eq!(home.status(&lines[0][..10]), "todo");
}

#[test]
fn the_same_file_again_makes_nothing_twice_and_another_key_makes_all_anew() {
    let home = home();
    let graph = r#"{"cards": [
        {"name": "a", "title": "A", "idempotency_key": "own"},
        {"name": "b", "title": "B", "parents": ["a"]}]}"#;
    write(&home, "g.json", graph);
    let make = |key: &str| home.json(&["create", "--from", "g.json", "--idempotency-key", key]);
    let (first, again, other) = (make("one"), make("one"), make("two"));
    for (place, made) in first.as_array().unwrap().iter().enumerate() {
        assert_eq!(
            (&made["new"], &again[place]["new"]),
            (&true.into(), &false.into())
        );
        assert_eq!(made["id"], again[place]["id"]);
    }
    // A key of its own holds for every run of the file.
    assert_eq!(other[0]["id"], first[0]["id"]);
    assert_ne!(other[1]["id"], first[1]["id"]);
    assert_eq!(
        home.json(&["show", &text(&other[1]["id"])])["task"]["idempotency_key"],
        "two/b"
    );
    // What is new in a file hangs below what is there, and what is there is left alone.
    let grown = graph.replace("\"B\"", "\"changed\"").replace(
        "[\"a\"]}]}",
        "[\"a\"]}, {\"name\": \"c\", \"title\": \"C\", \"parents\": [\"b\"]}]}",
    );
    write(&home, "g.json", &grown);
    let grown = make("one");
    assert_eq!(
        (&grown[1]["new"], &grown[2]["new"]),
        (&false.into(), &true.into())
    );
    let page = home.json(&["show", &text(&grown[2]["id"])]);
    assert_eq!(
        (&page["parents"][0]["id"], &page["parents"][0]["title"]),
        (&first[1]["id"], &"B".into())
    );
    assert_eq!(home.json(&["list"]).as_array().unwrap().len(), 4);
}

#[test]
fn a_dry_run_shows_what_would_be_made_and_makes_nothing() {
    let home = home();
    write(&home, "body.txt", "x");
    write(&home, "graph.toml", GRAPH);
    let shown = home
        .ok(&["create", "--from", "graph.toml", "--dry-run"])
        .stdout;
    assert!(
        shown.contains("announce") && shown.contains("todo") && shown.contains("new"),
        "{shown}"
    );
    assert!(
        !home.board("kanban.db").exists(),
        "not even the board is made"
    );
    let id = home.json(&["create", "here", "--idempotency-key", "k"])["id"].clone();
    let script = r#"printf '[{"title": "a", "idempotency_key": "k"}, {"title": "b"}]' | "$KANBAN" create --from - --dry-run --json"#;
    let shown = home.sh(script).expect(0).value();
    assert_eq!((&shown[0]["id"], &shown[0]["new"]), (&id, &false.into()));
    assert_eq!(
        (&shown[1]["id"], &shown[1]["new"]),
        (&Value::Null, &true.into())
    );
    assert_eq!(home.json(&["list"]).as_array().unwrap().len(), 1);
}

#[test]
fn a_mistake_is_named_with_its_file_card_and_key_and_nothing_is_made() {
    let home = home();
    home.ok(&["init"]);
    let good = "[[cards]]\nname = 'good'\ntitle = 'g'\n[[cards]]\n";
    for (rest, code, said) in [
        (
            "title = 'a'\ntitel = 'b'",
            2,
            "g.toml: card 2: unknown key \"titel\"; did you mean \"title\"?",
        ),
        ("name = 'x'", 2, "card \"x\": it has no title"),
        ("title = ''", 2, "card 2: the title is empty"),
        (
            "title = 'a'\npriority = 'high'",
            2,
            "card 2: priority: invalid type",
        ),
        (
            "title = 'a'\nmax_runtime = '0s'",
            2,
            "card 2: max_runtime: it must be longer",
        ),
        ("title = 'a'\nmax_retries = 0", 2, "max_retries is 0"),
        ("title = 'a'\nargs = [1]", 2, "args[0]: invalid type"),
        (
            "title = 'a'\nworkspace = 'dir:x'",
            2,
            "workspace: the folder",
        ),
        ("title = 'a'\nworkspace = 'worktree'", 2, "no repository"),
        ("title = 'a'\nbranch = 'a b'", 2, "no name for a branch"),
        ("title = 'a'\nat = 'someday'", 2, "is not a time"),
        (
            "title = 'a'\ntriage = true\nblocked = 'x'",
            2,
            "exclude each other",
        ),
        ("title = 'a'\ngoal_max_turns = 3", 2, "together with goal"),
        ("title = 'a'\nbody = '-'", 2, "cannot read standard input"),
        (
            "title = 'a'\nbody_file = 'none'",
            1,
            "card 2: cannot open none",
        ),
        (
            "title = 'a'\nassignee = 'ww'",
            4,
            "card 2: no worker is called \"ww\"",
        ),
        (
            "title = 'a'\nassignee = 'own'\nverify = 'true'",
            2,
            "reports for itself",
        ),
        (
            "name = 'good'\ntitle = 'a'",
            2,
            "card \"good\": card 1 has the same name",
        ),
        ("name = 'a b'\ntitle = 'a'", 2, "has blanks"),
        ("name = 't_12345678'\ntitle = 'a'", 2, "taken for an id"),
        (
            "title = 'a'\nparents = ['god']",
            2,
            "parents: \"god\" is no name of this file and no id; did you mean \"good\"?",
        ),
        (
            "title = 'a'\nparents = ['t_12345678']",
            3,
            "g.toml: card 2: there is no card t_12345678",
        ),
        (
            "title = 'a'\nparents = ['good']\nafter_any = ['good']",
            2,
            "after_any: it waits for \"good\" twice",
        ),
        (
            "name = 'x'\ntitle = 'a'\nparents = ['x']",
            4,
            "card \"x\" → card \"x\"",
        ),
        (
            "name = 'x'\ntitle = 'a'\nparents = ['y']\n[[cards]]\nname = 'y'\ntitle = 'b'\nparents = ['x']",
            4,
            "card \"x\" → card \"y\" → card \"x\"",
        ),
        (
            "title = 'a'\nidempotency_key = 'k'\n[[cards]]\ntitle = 'b'\nidempotency_key = 'k'",
            2,
            "card 3: another card has the idempotency_key \"k\"",
        ),
        ("title = ", 2, "g.toml: line 5: this is no TOML"),
    ] {
        write(&home, "g.toml", &format!("{good}{rest}\n"));
        for more in [
            ["create", "--from", "g.toml"].as_slice(),
            &["create", "--from", "g.toml", "--dry-run"],
        ] {
            let run = home.kanban(more);
            assert!(run.stderr.contains(said), "{rest}: {}", run.stderr);
            run.expect(code);
        }
    }
    write(&home, "g.toml", "[[cards]]\ntitle = 'a'\n");
    home.kanban(&["create", "--from", "g.toml", "--idempotency-key", "k"])
        .expect(2);
    home.kanban(&["create", "--from", "none.toml"]).expect(1);
    for bad in [
        ["create", "--from", "g.toml", "title"].as_slice(),
        &["create", "--from", "g.toml", "--parent", "t_12345678"],
        &["create", "--from", "g.toml", "--goal"],
        &["create", "--dry-run", "x"],
        &["create"],
    ] {
        home.kanban(bad).expect(2);
    }
    assert_eq!(home.json(&["list"]), json!([]));
    let events: i64 = home.sql("SELECT count(*) FROM task_events");
    assert_eq!(events, 0);
}
