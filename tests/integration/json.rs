//! What programs read: every command prints one JSON value, with the keys and types that kanban-json(7) tells.

use std::collections::{BTreeMap, BTreeSet};

use crate::harness::{Home, Run, text};
use serde_json::{Value, json};

const CONFIG: &str = r#"
[defaults]
retry_delay = "0s"
[workers.good]
command = ["sh", "-c", "echo fine"]
[workers.bad]
command = ["sh", "-c", "exit 3"]
[workers.slow]
command = ["sleep", "300"]
[channels.room]
kind = "command"
command = ["true"]
"#;

/// A call of each command, by what the page calls it. `$done`, `$blocked`, `$waits` (for that one), `$running`,
/// `$ready`, `$new` (in triage) and `$review` are cards.
const CALLS: &str = r#"
archive: archive $done
assign: assign $ready slow
attach: attach $ready config.toml
attachments: attachments $blocked
backup: backup other.db
block: block $ready
board: board
boards archive: boards archive spare 
boards create: boards create another
boards list: boards list
boards path: boards path
boards rename: boards rename spare better
boards rm: boards rm spare --yes
boards unarchive: boards unarchive put-away
cancel: cancel $ready
check: check
comment: comment $ready said
complete: complete $ready
config check: config check
config path: config path
config show: config show
context: context $blocked
create: create title --assignee good
create --from: create --from cards.toml
deliveries cancel: deliveries cancel --dead
deliveries list: deliveries list
deliveries retry: deliveries retry --dead
deliveries show: deliveries show 1
detach: detach $blocked f --yes
doctor: doctor
drain: drain bad
edit: edit $ready --title new
events: events
export --output: export --output board2.jsonl
gc: gc --dry-run
graph: graph $blocked
heartbeat: heartbeat $running
import: import board.jsonl --board copy
init: init
link: link $new $ready
list: list
log: log $blocked
notify list: notify list
notify resume: notify resume room
notify test: notify test room
pause: pause bad
promote: promote $new
reclaim: reclaim $running
report: report --html page.html
reprioritize: reprioritize $ready 3
request-changes: request-changes $review --reason why
request-review: request-review $ready
restore: restore copy.db --yes --stop-workers
resume: resume bad
retry: retry $done
runs: runs
schedule: schedule $ready --at 2h
search: search a
show: show $blocked
stats: stats
status: status
stop: stop $running
subscribe: subscribe $waits room
subscriptions: subscriptions
tick: tick
tick --all: tick --all
timer install: timer install --dry-run --kind cron
timer print: timer print --kind cron
timer remove: timer remove --kind cron
unblock: unblock $blocked
unlink: unlink $blocked $waits
unsubscribe: unsubscribe $blocked room
vacuum: vacuum
why: why $waits
"#;

/// Commands whose output is no JSON value: a story, lines of JSON, a protocol, and a screen.
const OTHERS: [&str; 4] = ["demo", "export", "mcp", "watch"];

fn calls() -> BTreeMap<&'static str, &'static str> {
    let lines = CALLS.trim().lines();
    lines.map(|line| line.split_once(": ").unwrap()).collect()
}

/// What the page says of a command.
#[derive(Debug, Clone)]
struct Shape {
    list: bool,
    /// The command whose keys it has, too.
    base: Option<String>,
    /// The type of each key.
    keys: BTreeMap<String, String>,
}

/// The shapes of the page: below a heading with the commands, a line that says what they print, and the keys.
fn page() -> BTreeMap<String, Shape> {
    let page = include_str!("../../man/kanban-json.7")
        .replace("\\\n", "")
        .replace("\\-", "-");
    let commands = page
        .split(".SH COMMANDS")
        .nth(1)
        .unwrap()
        .split("\n.SH ")
        .next()
        .unwrap();
    let mut shapes = BTreeMap::new();
    for section in commands.split("\n.SS ").skip(1) {
        let (heading, rest) = section.split_once('\n').unwrap();
        let says = rest.lines().next().unwrap();
        let base = says.strip_prefix("An object with the keys of ");
        let keys = rest.split("\n.TP\n.BR ").skip(1).map(|entry| {
            let (key, kind) = entry.lines().next().unwrap().split_once(' ').unwrap();
            (key.to_owned(), kind.trim_matches('"').trim().to_owned())
        });
        let shape = Shape {
            list: says == "A list; each has",
            base: base.map(|base| base.trim_end_matches(" and").to_owned()),
            keys: keys.collect(),
        };
        assert!(
            shape.list || says.starts_with("An object with"),
            "{heading}: {says}"
        );
        for command in heading.split(", ") {
            assert!(
                shapes.insert(command.to_owned(), shape.clone()).is_none(),
                "{command}"
            );
        }
    }
    shapes
}

/// What is wrong with a value that has to be of a type of the page.
fn misfit(value: &Value, kind: &str, shapes: &BTreeMap<String, Shape>) -> Option<String> {
    let kind = kind.trim_end_matches(", only if so");
    if let Some(kind) = kind.strip_suffix(" or null") {
        return match value.is_null() {
            true => None,
            false => misfit(value, kind, shapes),
        };
    }
    if let Some(command) = kind.strip_prefix("object as of ") {
        return keys_misfit(value, &shapes[command], shapes);
    }
    if let Some(command) = kind.strip_prefix("list as of ") {
        let all = value.as_array()?.iter();
        return all
            .filter_map(|one| keys_misfit(one, &shapes[command], shapes))
            .next();
    }
    if let Some(kind) = kind.strip_prefix("list of ") {
        return match value.as_array() {
            Some(list) => list
                .iter()
                .filter_map(|one| misfit(one, kind, shapes))
                .next(),
            None => Some(format!("{value} is no list")),
        };
    }
    let fits = match kind {
        "text" => value.is_string(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "anything" => true,
        _ => panic!("the page has an unknown type {kind:?}"),
    };
    (!fits).then(|| format!("{value} is not {kind}"))
}

/// What is wrong with the keys of an object.
fn keys_misfit(value: &Value, shape: &Shape, shapes: &BTreeMap<String, Shape>) -> Option<String> {
    let mut told = shape.keys.clone();
    if let Some(base) = &shape.base {
        told.extend(shapes[base].keys.clone());
    }
    let Some(object) = value.as_object() else {
        return Some(format!("{value} is no object"));
    };
    let there: BTreeSet<&str> = object
        .keys()
        .map(String::as_str)
        .filter(|key| *key != "version")
        .collect();
    let untold = there.iter().find(|key| !told.contains_key(**key));
    let missing = told
        .iter()
        .find(|(key, kind)| !there.contains(key.as_str()) && !kind.ends_with("only if so"));
    if let Some(key) = untold.copied().or(missing.map(|(key, _)| key.as_str())) {
        return Some(format!("the page and {value} differ in {key:?}"));
    }
    there.iter().find_map(|key| {
        let why = misfit(&object[*key], &told[*key], shapes)?;
        Some(format!("{key}: {why}"))
    })
}

fn command_names(command: &clap::Command, above: &str, all: &mut BTreeSet<String>) {
    for sub in command
        .get_subcommands()
        .filter(|c| c.get_name() != "help" && !c.is_hide_set())
    {
        let name = format!("{above}{}", sub.get_name());
        match sub.get_subcommands().any(|c| c.get_name() != "help") {
            true => command_names(sub, &format!("{name} "), all),
            false => drop(all.insert(name)),
        }
    }
}

#[test]
fn every_command_is_on_the_page_and_called_here() {
    let mut commands = BTreeSet::new();
    command_names(&kanban::cli::command(), "", &mut commands);
    let option = |name: &str| name.contains(" --");
    let told: BTreeSet<String> = page().into_keys().collect();
    let called: BTreeSet<String> = calls().into_keys().map(str::to_owned).collect();
    assert_eq!(told, called, "the page tells of what is called here");
    let plain: BTreeSet<String> = told
        .into_iter()
        .filter(|name| !option(name))
        .chain(OTHERS.map(str::to_owned))
        .collect();
    assert_eq!(
        plain, commands,
        "each command is on the page, with its shape"
    );
}

/// A home in which every call has something to work on.
fn furnished() -> (Home, BTreeMap<&'static str, String>) {
    let home = Home::new(CONFIG);
    // The real table of whoever runs the tests is none of their business.
    home.sh("mkdir bin; printf '#!/bin/sh\\n[ \"$1\" = -l ] || cat >/dev/null\\n' > bin/crontab; chmod +x bin/crontab")
        .expect(0);
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", home.path().join("bin").display());
    let home = home.with("PATH", &path);
    let done = home.create("a done", "good", &[]);
    let blocked = home.create("a blocked", "bad", &["--max-retries", "1"]);
    let waits = home.create("a waits", "good", &["--parent", &blocked]);
    home.quiet().expect(1);
    let review = home.create("a review", "good", &["--blocked", "x"]);
    let running = home.create("a running", "slow", &[]);
    home.ok(&["tick"]);
    home.wait_until("it runs", || home.status(&running) == "running");
    let ready = text(&home.json(&["create", "a ready"])["id"]);
    let new = home.create("new", "good", &["--triage"]);
    home.ok(&["unblock", &review]);
    home.ok(&["request-review", &review]);
    std::fs::write(
        home.path().join("cards.toml"),
        "[[cards]]\nname = 'x'\ntitle = 'x'\n",
    )
    .unwrap();
    home.sh(&format!(
        "set -e; cd $KANBAN_HOME; echo x > f; \"$KANBAN\" attach {blocked} f; \"$KANBAN\" comment {blocked} x
         \"$KANBAN\" subscribe {blocked} room; \"$KANBAN\" backup copy.db; \"$KANBAN\" export > board.jsonl"
    ))
    .expect(0);
    let cards = [
        ("$done", done),
        ("$blocked", blocked),
        ("$waits", waits),
        ("$review", review),
        ("$running", running),
        ("$ready", ready),
        ("$new", new),
    ];
    (home, cards.into())
}

fn call(home: &Home, cards: &BTreeMap<&str, String>, words: &str) -> Run {
    if words.contains(" spare ") {
        home.ok(&["boards", "create", "spare"]);
    }
    if words.contains(" put-away") {
        home.ok(&["boards", "create", "put-away"]);
        let away = home.json(&["boards", "archive", "put-away"]);
        let run = ["boards", "unarchive", &text(&away["archived"]), "--json"];
        return home.kanban(&run);
    }
    let words = words.split_whitespace();
    let args = words.map(|word| cards.get(word).map_or(word, String::as_str));
    let board = ["--json"];
    let args: Vec<&str> = args.chain(board).collect();
    home.kanban(&args)
}

#[test]
fn every_command_prints_what_the_page_tells() {
    let shapes = page();
    let mut wrong = Vec::new();
    for (name, words) in calls() {
        let (home, cards) = furnished();
        let run = call(&home, &cards, words);
        let problem = match serde_json::from_str::<Value>(&run.stdout) {
            _ if !matches!(run.code, Some(0 | 1)) => Some(format!("{run:?}")),
            Err(e) => Some(format!("no JSON ({e}): {run:?}")),
            Ok(value) => match (shapes[name].list, value.as_array()) {
                (true, Some(list)) if list.is_empty() => {
                    Some("an empty list proves nothing".to_owned())
                }
                (true, Some(list)) => list
                    .iter()
                    .filter_map(|one| keys_misfit(one, &shapes[name], &shapes))
                    .next(),
                (false, None)
                    if run.stdout.matches("\n  \"version\": ").count() != 1
                        || value["version"] != 1 =>
                {
                    Some("it does not say its version once".to_owned())
                }
                (false, None) => keys_misfit(&value, &shapes[name], &shapes),
                _ => Some(format!("it is another kind of value: {value}")),
            },
        };
        wrong.extend(problem.map(|why| format!("{name}: {why}")));
        home.sh("\"$KANBAN\" stop $(\"$KANBAN\" list --ids --status running --board default) --board default");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_template_takes_any_key_that_json_has_and_no_other() {
    let (home, cards) = furnished();
    let shapes = page();
    let id = cards["$blocked"].as_str();
    for (args, of) in [
        (["list"].as_slice(), "list"),
        (&["search", "a"], "list"),
        (&["show", id], "list"),
        (&["runs"], "runs"),
        (&["events"], "events"),
    ] {
        let form = |template: &str| home.kanban(&[args, &["--format", template]].concat());
        let json = home.json(args);
        let json = match of == "list" && args.len() == 2 && args[0] == "show" {
            true => json!([json["task"]]),
            false => json,
        };
        for key in shapes[of].keys.keys() {
            let lines = form(&format!("<{{{key}}}>")).expect(0).stdout;
            let rows = json.as_array().unwrap();
            assert_eq!(lines.lines().count(), rows.len(), "{args:?} {key}");
            if let Some(number) = rows[0][key].as_i64() {
                assert!(
                    lines.starts_with(&format!("<{number}>\n")),
                    "{args:?} {key}: {lines}"
                );
            }
        }
        let said = form("{nothing}").expect(2).stderr;
        for key in shapes[of].keys.keys() {
            assert!(said.contains(key.as_str()), "{args:?} {key}: {said}");
        }
        home.kanban(&[args, &["--format", "{id}", "--json"]].concat())
            .expect(2);
    }
    home.kanban(&["list", "--format", "{id}", "--ids"])
        .expect(2);
    // Whatever is in a title, a line is a line, and a template does not look into values.
    let odd = home.create("a\u{1b}[2J\t{id}", "good", &[]);
    let shown = home
        .ok(&["show", &odd, "--format", "{id}\\t{title}\\t{{}}"])
        .stdout;
    assert_eq!(shown, format!("{odd}\ta\\u{{1b}}[2J\\t{{id}}\t{{}}\n"));
    assert_eq!(
        home.ok(&["list", "--status", "scheduled", "--format", "{id}"])
            .stdout,
        ""
    );
    home.ok(&["stop", &cards["$running"]]);
}

#[test]
fn a_card_has_the_same_keys_on_a_board_of_any_release() {
    let home = Home::new(CONFIG);
    std::fs::create_dir_all(home.board("")).unwrap();
    home.sh("chmod 700 boards boards/default").expect(0);
    let old = rusqlite::Connection::open(home.board("kanban.db")).unwrap();
    old.execute_batch(include_str!("../schemas/hermes_0_14.sql"))
        .unwrap();
    old.execute_batch(
        "ALTER TABLE tasks ADD COLUMN newer TEXT DEFAULT 'x';
         INSERT INTO tasks (id, title, status, created_at) VALUES ('t_0001', 'a', 'frozen', 1);",
    )
    .unwrap();
    let list = home.json(&["list"]);
    let shapes = page();
    assert_eq!(keys_misfit(&list[0], &shapes["list"], &shapes), None);
    assert_eq!(
        (&list[0]["status"], &list[0]["project_id"]),
        (&json!("frozen"), &Value::Null)
    );
}

#[test]
fn the_exit_status_says_of_which_kind_a_failure_is() {
    let (home, cards) = furnished();
    let names = calls();
    let mut wrong = Vec::new();
    let mut expect = |code: i32, name: &str, run: Run| {
        if run.code != Some(code) {
            wrong.push(format!("{name}, not {code}: {run:?}"));
        }
    };
    // Every call with an option that there is not, and with a board that there is not.
    for words in names.values() {
        let mut args: Vec<&str> = words.split_whitespace().collect();
        args.push("--no-such-option");
        home.kanban(&args).expect(2);
    }
    let elsewhere = [
        "init",
        "create",
        "create --from",
        "import",
        "config check",
        "config path",
        "config show",
        "notify list",
        "notify test",
        "boards create",
        "boards list",
        "boards rename",
        "boards archive",
        "boards unarchive",
        "boards rm",
        "boards path",
        "doctor",
        "timer print",
        "timer remove",
        "restore",
        "timer install",
        "tick --all",
    ];
    for (name, words) in names.iter().filter(|(name, _)| !elsewhere.contains(name)) {
        expect(
            3,
            name,
            call(&home, &cards, &format!("{words} --board nowhere")),
        );
    }
    // Every call about a card, with one that there is not.
    let nobody: BTreeMap<&str, String> = cards
        .keys()
        .map(|card| (*card, "t_ffffffff".to_owned()))
        .collect();
    for (name, words) in names.iter().filter(|(_, words)| words.contains('$')) {
        expect(3, name, call(&home, &nobody, words));
    }
    // What the rules of the board forbid.
    for (verb, card) in [
        ("complete", "$done"),
        ("unblock", "$ready"),
        ("cancel", "$done"),
        ("promote", "$done"),
        ("stop", "$ready"),
        ("retry", "$ready"),
    ] {
        expect(4, verb, call(&home, &cards, &format!("{verb} {card}")));
    }
    home.ok(&["stop", &cards["$running"]]);
    // Busy: another program is in the middle of a change.
    let other = rusqlite::Connection::open(home.board("kanban.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    home.kanban(&["comment", &cards["$ready"], "x"]).expect(75);
    other.execute_batch("ROLLBACK").unwrap();
    drop(other);
    // What is no board.
    std::fs::write(
        home.board("kanban.db"),
        "no database, but long enough to be looked at as one",
    )
    .unwrap();
    for name in ["list", "show", "create", "tick", "export --output", "stats"] {
        expect(5, name, call(&home, &cards, names[name]));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_board_of_any_length_has_the_cards_of_each_column_as_list_prints_them() {
    let home = Home::new("");
    home.ok(&["create", "it says \"cards\": [] and more"]);
    let empty = home.json(&["board"]);
    assert_eq!(empty["columns"].as_array().unwrap().len(), 5);
    // More than is held at a time.
    home.change(
        "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 400)
         INSERT INTO tasks (id, title, body, status, created_at)
             SELECT printf('t_%08x', n), n, hex(zeroblob(200)),
                    CASE WHEN n % 2 THEN 'done' WHEN n % 9 = 0 THEN 'archived' ELSE 'blocked' END, n FROM numbers;
         UPDATE tasks SET status = 'of another program' WHERE id = 't_00000001'",
    );
    let printed = |args: &[&str]| home.ok(args).stdout;
    for more in [&[][..], &["--archived"]] {
        let args = [&["board", "--json"], more].concat();
        let text = printed(&args);
        let board: Value = serde_json::from_str(&text).unwrap();
        let columns = board["columns"].as_array().unwrap();
        let (mut cards, mut names) = (0, Vec::new());
        for column in columns {
            let name = column["name"].as_str().unwrap();
            names.push(name);
            cards += column["cards"].as_array().unwrap().len();
            if name == "of another program" {
                continue;
            }
            let list = printed(&["list", "--status", name, "--json"]);
            let lines: Vec<&str> = list.lines().collect();
            let inside = format!(
                "\"cards\": {},\n      \"name\": \"{name}\"\n",
                lines.join("\n      ")
            );
            assert!(text.contains(&inside), "{name}");
        }
        assert!(names.contains(&"of another program"));
        assert_eq!(names.contains(&"archived"), !more.is_empty());
        assert_eq!(cards, if more.is_empty() { 379 } else { 401 });
    }
}
