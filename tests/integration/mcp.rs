//! `kanban mcp`, as a client of the Model Context Protocol sees it: lines of JSON on its standard streams.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use serde_json::{Value, json};

use crate::harness::{Home, PROGRAM, text};

const WORKERS: &str = r#"
[defaults]
retry_delay = "0s"
[workers.slow]
command = ["sh", "-c", "sleep 300"]
report = "explicit"
[workers.me]
pull = true
"#;

/// A session with a server.
struct Client {
    server: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    asked: i64,
}

impl Client {
    /// Starts a server with these variables, and a session.
    #[track_caller]
    fn start(home: &Home, variables: &[(&str, &str)]) -> Self {
        let mut server = home
            .command(PROGRAM)
            .arg("mcp")
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut client = Self {
            input: server.stdin.take(),
            output: BufReader::new(server.stdout.take().unwrap()),
            server,
            asked: 0,
        };
        let about = json!({"name": "test", "version": "1"});
        let hello =
            json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": about});
        let answer = client.ask("initialize", &hello);
        assert_eq!(answer["result"]["serverInfo"]["name"], "kanban");
        client.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
        client
    }

    fn send(&mut self, line: &str) {
        let input = self.input.as_mut().unwrap();
        input.write_all(line.as_bytes()).unwrap();
        input.write_all(b"\n").unwrap();
    }

    /// Asks, and returns the next answer, which has to be the one to this.
    #[track_caller]
    fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.asked += 1;
        let id = self.asked;
        let request = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        self.send(&request.to_string());
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line:?}"));
        assert_eq!(answer["id"], id, "{answer}");
        answer
    }

    #[track_caller]
    fn call(&mut self, tool: &str, arguments: &Value) -> Value {
        let answer = self.ask("tools/call", &json!({"name": tool, "arguments": arguments}));
        answer["result"].clone()
    }

    /// Calls a tool that has to do it.
    #[track_caller]
    fn done(&mut self, tool: &str, arguments: &Value) -> Value {
        let result = self.call(tool, arguments);
        assert_eq!(result["isError"], false, "{result}");
        result["structuredContent"].clone()
    }

    /// Calls a tool that has to refuse it, and returns why.
    #[track_caller]
    fn refused(&mut self, tool: &str, arguments: &Value) -> String {
        let result = self.call(tool, arguments);
        assert_eq!(result["isError"], true, "{result}");
        text(&result["content"][0]["text"])
    }

    fn tools(&mut self) -> Vec<String> {
        let listed = self.ask("tools/list", &json!({}));
        let tools = listed["result"]["tools"].as_array().unwrap();
        tools.iter().map(|tool| text(&tool["name"])).collect()
    }

    /// Ends the input: the server ends too, with nothing left to say.
    #[track_caller]
    fn end(mut self) {
        drop(self.input.take());
        let mut rest = String::new();
        self.output.read_line(&mut rest).unwrap();
        assert_eq!(rest, "");
        assert!(self.server.wait().unwrap().success());
    }
}

/// A card whose worker is at work, and the token of its run.
fn at_work(home: &Home) -> (String, String) {
    let id = home.create("the work", "slow", &["--body", "all of it"]);
    home.ok(&["tick"]);
    home.wait_until("the worker works", || {
        home.sql::<i64>("SELECT count(*) FROM tick_runs WHERE stage = 'started'") > 0
    });
    let token = format!("SELECT token FROM tick_runs WHERE task_id = '{id}'");
    let token = home.sql(&token);
    (id, token)
}

#[test]
fn a_worker_does_its_card_without_a_shell() {
    let home = Home::new(WORKERS);
    let (id, token) = at_work(&home);
    let run = [
        ("KANBAN_TOKEN", token.as_str()),
        ("KANBAN_TASK", &id),
        ("KANBAN_ASSIGNEE", "slow"),
    ];
    let mut worker = Client::start(&home, &run);
    assert_eq!(worker.tools().len(), 11);
    let page = worker.done("kanban_show", &json!({}));
    assert_eq!(page["id"], id.as_str());
    assert!(text(&page["worker_context"]).contains("all of it"));
    assert!(text(&page["worker_context"]).contains("How to report"));
    worker.done(
        "kanban_heartbeat",
        &json!({"note": "it's \"half\" done; $(rm -rf /)"}),
    );
    worker.done("kanban_comment", &json!({"body": "-"}));
    let part = json!({"title": "part", "assignee": "me", "parents": [id], "body": "-", "idempotency_key": "k",
                      "skills": ["a"], "priority": 3, "max_runtime_seconds": 60});
    let child = worker.done("kanban_create", &part);
    assert_eq!(
        (&child["status"], &child["new"]),
        (&"todo".into(), &true.into())
    );
    assert_eq!(worker.done("kanban_create", &part)["new"], false);
    let other = worker.done(
        "kanban_create",
        &json!({"title": "other", "assignee": "me"}),
    );
    let link = json!({"parent_id": other["id"], "child_id": child["id"]});
    assert_eq!(worker.done("kanban_link", &link)["added"], true);
    let facts = json!({"summary": "did it", "metadata": {"tests": 3}, "artifacts": ["/tmp/x"],
                       "created_cards": [child["id"]]});
    assert_eq!(worker.done("kanban_complete", &facts)["status"], "done");
    // A client that did not receive the answer asks again.
    assert_eq!(worker.done("kanban_complete", &facts)["status"], "done");
    worker.done("kanban_comment", &json!({"body": "and that is all"}));
    // Its run is over, and it is told so; the session goes on.
    let why = worker.refused("kanban_complete", &json!({"summary": "more"}));
    assert!(
        why.contains("no longer") && why.contains("late result"),
        "{why}"
    );
    assert!(worker.refused("kanban_create", &part).contains("no longer"));
    worker.done("kanban_show", &json!({"task_id": &id[..8]}));
    worker.end();

    let page = home.json(&["show", &id]);
    assert_eq!(page["task"]["result"], "did it");
    assert_eq!(page["runs"][0]["metadata"]["tests"], 3);
    assert_eq!(page["runs"][0]["metadata"]["artifacts"][0], "/tmp/x");
    assert_eq!(
        page["comments"][0]["body"], "-",
        "not read from standard input"
    );
    assert_eq!(page["late_results"][0]["summary"], "more");
    assert_eq!(page["late_results"].as_array().unwrap().len(), 1);
    let ends = home.history(&id);
    assert_eq!(ends.iter().filter(|kind| *kind == "completed").count(), 1);
    assert_eq!(page["comments"][1]["body"], "and that is all");
    let child = home.json(&["show", &text(&child["id"])]);
    assert_eq!(child["task"]["body"], "-");
    assert_eq!(child["events"][0]["payload"]["by_card"], id.as_str());
}

#[test]
fn who_is_no_worker_looks_makes_and_comments() {
    let home = Home::new(WORKERS).with("USER", "ann");
    let first = home.create("first", "me", &["--tenant", "acme"]);
    let mut person = Client::start(&home, &[]);
    let tools = person.tools();
    assert_eq!(
        tools,
        [
            "kanban_show",
            "kanban_list",
            "kanban_search",
            "kanban_comment",
            "kanban_create",
            "kanban_link"
        ]
    );
    assert!(
        person
            .refused("kanban_complete", &json!({"task_id": first}))
            .contains("KANBAN_TOKEN")
    );
    assert!(
        person
            .refused("kanban_show", &json!({}))
            .contains("name the card")
    );
    person.done("kanban_comment", &json!({"task_id": first, "body": "look"}));
    for n in 0..3 {
        person.done(
            "kanban_create",
            &json!({"title": format!("more {n}"), "triage": true}),
        );
    }
    let listed = person.done("kanban_list", &json!({"limit": 2}));
    assert_eq!(listed["tasks"].as_array().unwrap().len(), 2);
    assert_eq!(listed["truncated"], true);
    let listed = person.done("kanban_list", &json!({"tenant": "acme"}));
    assert_eq!(listed["tasks"][0]["id"], first.as_str());
    let found = person.done("kanban_search", &json!({"words": ["look"]}));
    assert_eq!(found["tasks"][0]["id"], first.as_str());
    person.end();
    assert_eq!(home.json(&["show", &first])["comments"][0]["author"], "ann");
    assert_eq!(home.status(&first), "ready");
}

#[test]
fn whatever_a_client_says_the_server_goes_on() {
    let home = Home::new(WORKERS);
    let id = home.create("a", "me", &[]);
    let mut client = Client::start(&home, &[]);
    for garbage in ["", "{", "[]", "null", "\u{0}", "{\"jsonrpc\":\"1.0\"}"] {
        // What cannot be read has no id to be answered under.
        client.send(garbage);
    }
    client.send(&format!("{{\"x\": \"{}\"}}", "y".repeat(5 * 1_048_576)));
    client.asked += 1;
    let ping = json!({"jsonrpc": "2.0", "id": client.asked, "method": "ping"});
    client.send(&ping.to_string());
    // Answers to what is no request may come before.
    let answered = (0..10).any(|_| {
        let mut line = String::new();
        client.output.read_line(&mut line).unwrap();
        serde_json::from_str::<Value>(&line).unwrap()["id"] == client.asked
    });
    assert!(answered);
    let unknown = client.ask("tools/call", &json!({"name": "kanban_rm", "arguments": {}}));
    assert!(text(&unknown["error"]["message"]).contains("kanban_rm"));
    let nothing = client.ask("tools/destroy", &json!({}));
    assert!(nothing["error"].is_object());
    for (tool, arguments, why) in [
        (
            "kanban_show",
            json!({"task_id": "../../etc"}),
            "is not a card id",
        ),
        (
            "kanban_show",
            json!({"task_id": "t_00000000"}),
            "there is no card",
        ),
        (
            "kanban_show",
            json!({"task_id": 7}),
            "task_id: invalid type",
        ),
        (
            "kanban_show",
            json!({"board": "x"}),
            "unknown field `board`",
        ),
        ("kanban_create", json!({}), "missing field `title`"),
        (
            "kanban_create",
            json!({"title": "x", "assignee": "nobody"}),
            "nobody",
        ),
        (
            "kanban_create",
            json!({"title": "x\ny"}),
            "more than one line",
        ),
        (
            "kanban_create",
            json!({"title": "x", "body": "\u{0}"}),
            "NUL",
        ),
        (
            "kanban_create",
            json!({"title": "x", "body": "y".repeat(1_100_000)}),
            "at most",
        ),
        (
            "kanban_create",
            json!({"title": "x", "workspace_kind": "dir", "workspace_path": "a"}),
            "absolute",
        ),
        (
            "kanban_create",
            json!({"title": "x", "parents": ["t_00000000"]}),
            "there is no card",
        ),
        (
            "kanban_link",
            json!({"parent_id": id, "child_id": id}),
            "cannot wait for itself",
        ),
        ("kanban_list", json!({"status": "lost"}), "is not a column"),
        ("kanban_search", json!({"words": []}), "at least one"),
        (
            "kanban_comment",
            json!({"task_id": id, "body": " "}),
            "empty",
        ),
    ] {
        let said = client.refused(tool, &arguments);
        assert!(said.contains(why), "{why}: {said}");
    }
    // The board is opened anew for each call.
    std::fs::rename(home.path().join("boards"), home.path().join("away")).unwrap();
    assert!(client.refused("kanban_list", &json!({})).contains("board"));
    std::fs::rename(home.path().join("away"), home.path().join("boards")).unwrap();
    client.done("kanban_show", &json!({"task_id": id}));
    client.end();
    assert_eq!(home.json(&["list"]).as_array().unwrap().len(), 1);
}

#[test]
fn requests_that_were_made_before_the_input_ends_are_answered() {
    let home = Home::new(WORKERS);
    let id = home.create("a", "me", &[]);
    let mut client = Client::start(&home, &[]);
    for n in 0..20 {
        let call =
            json!({"name": "kanban_comment", "arguments": {"task_id": id, "body": n.to_string()}});
        let request =
            json!({"jsonrpc": "2.0", "id": 100 + n, "method": "tools/call", "params": call});
        client.send(&request.to_string());
    }
    drop(client.input.take());
    assert_eq!(client.output.lines().count(), 20);
    assert!(client.server.wait().unwrap().success());
    assert_eq!(
        home.json(&["show", &id])["comments"]
            .as_array()
            .unwrap()
            .len(),
        20
    );
    // Nobody there at all.
    home.kanban(&["mcp"]).expect(1);
}
