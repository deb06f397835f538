//! What workers report for themselves: who is listened to, what becomes of what comes too late, and review.

use crate::harness::{Home, PROGRAM, Run, text};

const WORKERS: &str = r#"
[defaults]
retry_delay = "0s"
[workers.slow]
command = ["sh", "-c", "touch started; sleep 300"]
report = "explicit"
[workers.ok]
command = ["true"]
[workers.me]
pull = true
"#;

/// A card whose worker is at work, and the token of its run.
#[track_caller]
fn at_work(home: &Home, title: &str) -> (String, String) {
    let id = home.create(title, "slow", &[]);
    (id.clone(), start(home, &id))
}

/// Lets a ready card start, and returns the token of its run.
#[track_caller]
fn start(home: &Home, id: &str) -> String {
    home.ok(&["tick"]);
    let newest = format!("FROM tick_runs WHERE task_id = '{id}' ORDER BY run_id DESC LIMIT 1");
    home.wait_until("the worker works", || {
        home.sql::<String>(&format!("SELECT stage {newest}")) == "started"
    });
    home.sql(&format!("SELECT token {newest}"))
}

/// Runs a command as the worker of a run.
fn as_run(home: &Home, token: &str, args: &[&str]) -> Run {
    let quoted: Vec<String> = args.iter().map(|a| format!("'{a}'")).collect();
    home.sh(&format!(
        "KANBAN_ASSIGNEE=slow KANBAN_TOKEN={token} {PROGRAM} {}",
        quoted.join(" ")
    ))
}

fn late_results(home: &Home, id: &str) -> Vec<serde_json::Value> {
    let page = home.json(&["show", id]);
    page["late_results"].as_array().unwrap().clone()
}

#[test]
fn a_late_run_is_refused_with_the_reason_and_what_it_reported_is_kept() {
    let home = Home::new(WORKERS);
    let (id, first) = at_work(&home, "a");
    home.ok(&["pause"]);
    home.ok(&["reclaim", &id, "--reason", "too slow"]);
    let report = [
        "complete",
        &id,
        "--summary",
        "half of it",
        "--metadata",
        r#"{"files":["x"]}"#,
    ];
    let run = as_run(&home, &first, &report).expect(4);
    for part in [
        format!("run 1 has {id} no longer"),
        "as reclaimed, taken back by hand: too slow".into(),
        "the card is ready now".into(),
        "kept as a late result".into(),
    ] {
        assert!(run.stderr.contains(&part), "{part}: {}", run.stderr);
    }
    assert_eq!(home.status(&id), "ready");
    // The same again is kept once; something else is kept too.
    as_run(&home, &first, &report).expect(4);
    as_run(&home, &first, &["block", &id, "--reason", "which colour?"]).expect(4);
    as_run(&home, &first, &["comment", &id, "by the way"]).expect(4);
    as_run(&home, &first, &["request-review", &id, "--summary", "look"]).expect(4);
    as_run(&home, &first, &["heartbeat", &id]).expect(4);
    let late = late_results(&home, &id);
    let verbs: Vec<String> = late.iter().map(|l| text(&l["verb"])).collect();
    assert_eq!(verbs, ["complete", "block", "comment", "request-review"]);
    assert_eq!(late[0]["summary"], "half of it");
    assert_eq!(late[0]["metadata"]["files"][0], "x");
    assert_eq!(late[0]["run_id"], 1);
    assert_eq!(late[1]["reason"], "which colour?");
    assert!(text(&late[0]["refused"]).contains("too slow"));
    let page = home.ok(&["show", &id]).stdout;
    assert!(page.contains("Late results") && page.contains("half of it"));
    assert!(home.history(&id).contains(&"late_result".to_owned()));

    // Another run has the card: the first one is told which.
    home.ok(&["resume"]);
    let second = start(&home, &id);
    let run = as_run(&home, &first, &["complete", &id]).expect(4);
    assert!(
        run.stderr.contains("run 2 (slow) has it now"),
        "{}",
        run.stderr
    );
    assert_eq!(home.status(&id), "running");
    as_run(&home, &second, &["complete", &id, "--summary", "all of it"]).expect(0);
    assert_eq!(home.status(&id), "done");
    // Not even its own run says more about a card that is done, and nothing is lost when it is put away.
    as_run(&home, &second, &["complete", &id, "--summary", "more"]).expect(4);
    home.ok(&["archive", &id]);
    let run = as_run(&home, &second, &["complete", &id, "--summary", "even more"]).expect(4);
    assert!(run.stderr.contains("archived now"), "{}", run.stderr);
    let late = late_results(&home, &id);
    assert_eq!(late.last().unwrap()["summary"], "even more");
    assert_eq!(home.json(&["show", &id])["task"]["result"], "all of it");
}

/// Like [`WORKERS`], with a worker that ends when a file says so, for work and for reviews.
const ENDING: &str = r#"
[defaults]
retry_delay = "0s"
review_worker = "slow"
[workers.slow]
command = ["sh", "-c", "until [ -e \"$KANBAN_HOME/end\" ]; do sleep 0.02; done"]
report = "explicit"
[workers.me]
pull = true
"#;

/// Arguments of a verb with the card that it is about.
fn with_card<'a>(args: &[&'a str], id: &'a str) -> Vec<&'a str> {
    [&args[..1], &[id], &args[1..]].concat()
}

/// Lets the workers of [`ENDING`] end.
#[track_caller]
fn end_workers(home: &Home) {
    std::fs::write(home.path().join("end"), "").unwrap();
    home.ok(&["pause"]);
    home.wait_until("the runs are over", || {
        home.ok(&["tick"]);
        home.sql::<i64>("SELECT count(*) FROM tick_runs WHERE dead = 0") == 0
    });
    home.ok(&["resume"]);
    std::fs::remove_file(home.path().join("end")).unwrap();
}

/// Ends a card by a report, and repeats it. `other` is a different report.
#[track_caller]
fn repeat(home: &Home, id: &str, token: &str, report: &[&str], other: &[&str]) {
    let verb = report[0];
    let report = |home: &Home| as_run(home, token, report).expect(0).stdout;
    let first = report(home);
    let page = || home.json(&["show", id]);
    let before = page();
    let moved_to = text(&before["task"]["status"]);
    assert_eq!(first, format!("{id} {moved_to}\n"), "{verb}");
    assert_eq!(report(home), first);
    assert_eq!(page(), before, "{verb}: nothing changes");

    as_run(home, token, &["comment", id, "one more thing"]).expect(0);
    let comments = page()["comments"].as_array().unwrap().clone();
    let comment = comments.last().unwrap();
    assert_eq!(comment["author"], "slow", "{verb}");
    assert_eq!(comment["body"], "one more thing");
    assert_eq!(report(home), first, "a comment is no report");
    assert!(late_results(home, id).is_empty(), "{verb}");

    // Something else is late, and does not take back what was reported.
    as_run(home, token, other).expect(4);
    assert_eq!(home.status(id), moved_to, "{verb}");
    end_workers(home);
    assert_eq!(report(home), first, "{verb}: its run is dead");
}

#[test]
fn same_report_of_same_run_succeeds_and_changes_nothing() {
    let home = Home::new(ENDING).with("KANBAN_NOW", "1800000000");
    let facts = r#"{"b":[1,0.1],"a":null}"#;
    for (report, other) in [
        (
            &["complete", "--summary", "did it", "--metadata", facts][..],
            &["complete", "--summary", "did it"][..],
        ),
        (&["complete"], &["complete", "--summary", "did it"]),
        (&["block", "--reason", "which?"], &["block"]),
        (
            &["block", "--reason", "which?", "--kind", "needs_input"],
            &["block", "--reason", "which?", "--kind", "transient"],
        ),
        (&["request-review", "--summary", "look"], &["complete"]),
        (
            &["schedule", "--at", "in 2h", "--reason", "later"],
            &["schedule", "--at", "in 3h", "--reason", "later"],
        ),
        (&["schedule"], &["schedule", "--at", "in 3h"]),
        (&["cancel", "--reason", "no need"], &["cancel"]),
    ] {
        let (id, token) = at_work(&home, "a");
        repeat(
            &home,
            &id,
            &token,
            &with_card(report, &id),
            &with_card(other, &id),
        );
    }

    // A card that waits for another goes where that keeps it.
    let parent = home.create("parent", "me", &[]);
    let (id, token) = at_work(&home, "waits");
    home.ok(&["link", &parent, &id]);
    let report = ["block", &id, "--reason", "x", "--kind", "dependency"];
    repeat(
        &home,
        &id,
        &token,
        &report,
        &["block", &id, "--reason", "x"],
    );
    assert_eq!(home.status(&id), "todo");

    // A review is sent back once, however often its worker says so.
    let id = home.create("reviewed", "me", &[]);
    home.ok(&["request-review", &id]);
    let token = start(&home, &id);
    let report = ["request-changes", &id, "--reason", "more tests"];
    repeat(&home, &id, &token, &report, &["complete", &id]);
    assert_eq!(home.status(&id), "ready");
}

#[test]
fn same_report_after_card_moved_on_succeeds_and_leaves_card_alone() {
    let home = Home::new(ENDING);
    let (id, first) = at_work(&home, "a");
    let report = ["complete", &id, "--summary", "did it"];
    let answer = as_run(&home, &first, &report).expect(0).stdout;
    let said_again = |status: &str| {
        let before = home.json(&["show", &id]);
        assert_eq!(as_run(&home, &first, &report).expect(0).stdout, answer);
        assert_eq!(home.json(&["show", &id]), before);
        assert_eq!(home.status(&id), status);
    };
    // A person opens it again, and then another run has it.
    home.ok(&["retry", &id]);
    said_again("ready");
    as_run(&home, &first, &["comment", &id, "by the way"]).expect(0);
    end_workers(&home);
    let second = start(&home, &id);
    said_again("running");
    as_run(&home, &first, &["comment", &id, "too late"]).expect(4);
    as_run(&home, &first, &["block", &id]).expect(4);
    let verbs: Vec<String> = late_results(&home, &id)
        .iter()
        .map(|late| text(&late["verb"]))
        .collect();
    assert_eq!(verbs, ["comment", "block"]);
    // What the first run said is no report of the second.
    as_run(&home, &second, &["block", &id, "--reason", "stuck"]).expect(0);
    as_run(&home, &second, &report).expect(4);
    said_again("blocked");
}

#[test]
fn report_is_late_where_a_person_ended_the_card_in_the_same_words() {
    let home = Home::new(WORKERS);
    let (id, token) = at_work(&home, "a");
    let report = ["complete", &id, "--summary", "did it"];
    home.ok(&report);
    as_run(&home, &token, &report).expect(4);
    as_run(&home, &token, &["comment", &id, "and"]).expect(4);
    assert_eq!(late_results(&home, &id).len(), 2);
}

#[test]
fn a_worker_reports_on_its_own_card_and_may_comment_on_others() {
    let home = Home::new(WORKERS);
    let (own, token) = at_work(&home, "own");
    let other = home.create("other", "me", &[]);
    let run = as_run(&home, &token, &["complete", &own, &other, "--summary", "x"]).expect(4);
    assert!(
        run.stderr.contains(&format!(
            "run 1 was started for {own} and cannot report on {other}"
        )),
        "{}",
        run.stderr
    );
    assert_eq!(home.status(&own), "running", "all or none");
    assert_eq!(home.status(&other), "ready");
    let late = late_results(&home, &own);
    assert_eq!(late[0]["about"], other.as_str());
    assert!(late_results(&home, &other).is_empty());
    as_run(&home, &token, &["comment", &other, "see here"]).expect(0);
    assert_eq!(
        home.json(&["show", &other])["comments"][0]["author"],
        "slow"
    );

    // What it makes says who made it, and waits for what it is told to.
    let create = [
        "create",
        "part",
        "--assignee",
        "me",
        "--parent",
        &own,
        "--json",
    ];
    let child = text(&as_run(&home, &token, &create).expect(0).value()["id"]);
    assert_eq!(home.status(&child), "todo");
    let page = home.json(&["show", &child]);
    assert_eq!(page["task"]["created_by"], "slow");
    assert_eq!(page["events"][0]["payload"]["by_card"], own.as_str());
    assert_eq!(page["events"][0]["payload"]["by_run"], 1);
    assert!(
        home.ok(&["show", &child])
            .stdout
            .contains(&format!("run 1 of {own}"))
    );
    assert!(home.history(&own).contains(&"made_card".to_owned()));
    let keyed = [
        "create",
        "once",
        "--assignee",
        "me",
        "--idempotency-key",
        "k",
    ];
    let once = as_run(&home, &token, &keyed).expect(0).stdout;
    assert_eq!(as_run(&home, &token, &keyed).expect(0).stdout, once);

    // A worker whose card was taken away makes nothing more.
    home.ok(&["stop", &own]);
    as_run(&home, &token, &["create", "more", "--assignee", "me"]).expect(4);
    as_run(&home, &token, &["comment", &other, "more"]).expect(4);
    as_run(&home, &token, &["link", &other, &child]).expect(4);
    assert_eq!(home.json(&["list"]).as_array().unwrap().len(), 4);
}

#[test]
fn a_token_of_another_board_and_a_card_that_is_gone_are_told() {
    let home = Home::new(WORKERS);
    let (id, token) = at_work(&home, "a");
    let other = home.create("other", "me", &[]);
    let run = as_run(&home, "0123", &["complete", &other, "--summary", "x"]).expect(4);
    assert!(
        run.stderr.contains("no run of this board"),
        "{}",
        run.stderr
    );
    assert_eq!(
        late_results(&home, &other)[0]["run_id"],
        serde_json::Value::Null
    );
    home.ok(&["stop", &id]);
    as_run(&home, &token, &["complete", &id, "--summary", "kept"]).expect(4);
    // Another program deletes it.
    home.sql::<String>(&format!("DELETE FROM tasks WHERE id = '{id}' RETURNING id"));
    let run = as_run(&home, &token, &["complete", &id, "--summary", "x"]).expect(4);
    assert!(
        run.stderr.contains("which was deleted") && run.stderr.contains("could not be kept"),
        "{}",
        run.stderr
    );
    let kept = || home.sql::<i64>("SELECT count(*) FROM tick_late_results");
    home.create("something to do", "ok", &[]);
    home.quiet().expect(0);
    assert_eq!(kept(), 1, "what was said about a card goes with it");
}

#[test]
fn facts_are_kept_with_the_run_and_are_an_object() {
    let home = Home::new(WORKERS);
    let (id, token) = at_work(&home, "a");
    for bad in ["[1]", "x", "{"] {
        as_run(&home, &token, &["complete", &id, "--metadata", bad]).expect(2);
    }
    let facts = r#"{"changed_files":["a.rs"],"artifacts":["/tmp/plot.png"]}"#;
    as_run(
        &home,
        &token,
        &["complete", &id, "--summary", "s", "--metadata", facts],
    )
    .expect(0);
    let page = home.json(&["show", &id]);
    assert_eq!(page["runs"][0]["metadata"]["changed_files"][0], "a.rs");
    assert_eq!(page["runs"][0]["summary"], "s");
    let event = page["events"]
        .as_array()
        .unwrap()
        .iter()
        .find(|e| e["kind"] == "completed");
    assert_eq!(event.unwrap()["payload"]["artifacts"][0], "/tmp/plot.png");
    // A card that nobody had claimed has a run for them, as Hermes makes one.
    let pulled = home.create("pulled", "me", &[]);
    home.ok(&["complete", &pulled, "--summary", "s", "--metadata", facts]);
    let runs = home.runs(&pulled);
    assert_eq!(runs[0]["metadata"]["changed_files"][0], "a.rs");
    assert_eq!(runs[0]["outcome"], "completed");
}

/// The tables of boards as earlier versions made them.
const EARLIER: [&str; 3] = [
    include_str!("../schemas/kanban_3.sql"),
    include_str!("../schemas/kanban_4.sql"),
    include_str!("../schemas/kanban_5.sql"),
];

#[test]
fn a_board_of_an_earlier_version_is_brought_up_to_date_in_use() {
    for tables in EARLIER {
        let home = Home::new(WORKERS);
        let folder = home.board("kanban.db").parent().unwrap().to_owned();
        std::fs::create_dir_all(&folder).unwrap();
        home.sh(&format!("chmod -R go-rwx {}", home.path().display()))
            .expect(0);
        let board = rusqlite::Connection::open(home.board("kanban.db")).unwrap();
        board.execute_batch(tables).unwrap();
        // Somebody looks at the runs through a view of their own.
        board
            .execute_batch(
                "INSERT INTO tasks (id, title, status, created_at) VALUES ('t_00000001', 'old', 'ready', 1);
                 INSERT INTO task_runs (id, task_id, profile, status, outcome, started_at, ended_at, error)
                     VALUES (1, 't_00000001', 'slow', 'reclaimed', 'reclaimed', 1, 2, 'taken back');
                 INSERT INTO tick_runs (run_id, task_id, worker, attempt, nonce, token, host, boot, lock_dev, lock_ino,
                                        report, leftovers, stage, dead, claimed_at, source, log_tail)
                     VALUES (1, 't_00000001', 'slow', 1, '00', 'token', 'h', 'b', 0, 0, 'exit', 'end', 'ended', 1, 1,
                             'review', 'the end');
                 INSERT INTO tick_cards (task_id, runs) VALUES ('t_00000001', 1);
                 CREATE VIEW mine AS SELECT task_id, source || ', ' || log_tail AS said FROM tick_runs;",
            )
            .unwrap();
        board.close().unwrap();
        // Its tokens do not say which run they are of.
        as_run(
            &home,
            "token",
            &["complete", "t_00000001", "--summary", "x"],
        )
        .expect(4);
        assert_eq!(late_results(&home, "t_00000001")[0]["summary"], "x");
        assert_eq!(
            home.sql::<i64>("SELECT value FROM tick_meta WHERE key = 'schema'"),
            6
        );
        assert_eq!(
            home.sql::<String>("SELECT said FROM mine"),
            "review, the end"
        );
        home.ok(&["request-review", "t_00000001"]);
        home.ok(&["request-changes", "t_00000001", "--reason", "x"]);
        assert_eq!(home.status("t_00000001"), "ready");
        assert_eq!(home.sql::<String>("PRAGMA integrity_check"), "ok");
    }
}

#[test]
fn review_goes_back_and_forth_until_a_person_has_to_decide() {
    let config = r#"
[defaults]
retry_delay = "0s"
review_worker = "judge"
review_limit = 2
[workers.w]
command = ["sh", "-c", "\"$KANBAN_BIN\" request-review \"$KANBAN_TASK\" --summary \"try $KANBAN_ATTEMPT\""]
report = "explicit"
[workers.judge]
command = ["sh", "-c", "\"$KANBAN_BIN\" request-changes \"$KANBAN_TASK\" --reason 'more tests'"]
report = "explicit"
"#;
    let home = Home::new(config);
    let id = home.create("a", "w", &[]);
    home.quiet().expect(1);
    assert_eq!(home.status(&id), "blocked");
    let outcomes: Vec<String> = home.runs(&id).iter().map(|r| text(&r["outcome"])).collect();
    let round = ["review_requested", "changes_requested"];
    assert_eq!(outcomes, [round, round].concat());
    let page = home.json(&["show", &id]);
    assert_eq!(page["task"]["assignee"], "w");
    assert_eq!(page["task"]["result"], "try 3");
    assert_eq!(page["comments"][0]["author"], "judge");
    assert_eq!(page["comments"][0]["body"], "Changes requested: more tests");
    assert!(
        home.ok(&["why", &id])
            .stdout
            .contains("sent back from review 2 times")
    );
    // A person lets it go, and it has as many rounds again.
    home.ok(&["unblock", &id]);
    home.quiet().expect(1);
    assert_eq!(home.runs(&id).len(), 8);

    // A reviewer accepts.
    std::fs::write(
        home.path().join("config.toml"),
        config.replace(
            "request-changes \\\"$KANBAN_TASK\\\" --reason 'more tests'",
            "complete \\\"$KANBAN_TASK\\\"",
        ),
    )
    .unwrap();
    home.ok(&["unblock", &id]);
    home.quiet().expect(0);
    assert_eq!(home.status(&id), "done");
    assert_eq!(home.json(&["show", &id])["task"]["result"], "try 9");
}

#[test]
fn people_review_too() {
    let home = Home::new(WORKERS);
    let id = home.create("a", "me", &[]);
    home.kanban(&["request-changes", &id, "--reason", "x"])
        .expect(4);
    home.kanban(&["request-changes", &id, "--reason", " "])
        .expect(2);
    home.ok(&["request-review", &id, "--summary", "please look"]);
    assert_eq!(home.status(&id), "review");
    home.kanban(&["request-review", &id]).expect(4);
    for _ in 0..5 {
        home.ok(&["request-changes", &id, "--reason", "again"]);
        assert_eq!(
            home.status(&id),
            "ready",
            "a person may send it back for ever"
        );
        home.ok(&["request-review", &id]);
    }
    home.ok(&["complete", &id]);
    assert_eq!(home.status(&id), "done");

    // Out of the hands of a worker.
    let (running, token) = at_work(&home, "b");
    home.ok(&["request-review", &running]);
    assert_eq!(home.status(&running), "review");
    as_run(&home, &token, &["complete", &running, "--summary", "late"]).expect(4);
    assert_eq!(late_results(&home, &running).len(), 1);
    home.kanban(&["request-review", "t_00000000"]).expect(3);
}

#[test]
fn a_reviewer_does_not_ask_for_a_review() {
    let home = Home::new(&WORKERS.replace("[defaults]", "[defaults]\nreview_worker = \"slow\""));
    let id = home.create("a", "me", &[]);
    home.ok(&["request-review", &id]);
    let token = start(&home, &id);
    let run = as_run(&home, &token, &["request-review", &id]).expect(4);
    assert!(run.stderr.contains("request-changes"), "{}", run.stderr);
    as_run(&home, &token, &["request-changes", &id, "--reason", "no"]).expect(0);
    assert_eq!(home.status(&id), "ready");
    assert_eq!(home.json(&["show", &id])["task"]["assignee"], "me");
}

#[test]
fn the_prompt_is_what_context_prints() {
    let config = r#"
[defaults]
retry_delay = "0s"
review_worker = "judge"
[workers.me]
pull = true
[workers.w]
command = ["sh", "-c", "printf %s \"$1\" > told; [ \"$1\" = \"$KANBAN_PROMPT\" ] && \"$KANBAN_BIN\" context \"$KANBAN_TASK\" > context && [ \"$KANBAN_ATTEMPT\" = 2 ]", "sh", "{prompt}"]
[workers.judge]
command = ["sh", "-c", "printf %s \"$1\" > told; \"$KANBAN_BIN\" request-changes \"$KANBAN_TASK\" --reason no", "sh", "{prompt}"]
report = "explicit"
"#;
    let home = Home::new(config);
    let parent = home.create("parent", "me", &[]);
    home.ok(&[
        "complete",
        &parent,
        "--summary",
        "the key",
        "--metadata",
        r#"{"key":7}"#,
    ]);
    let id = home.create("do it", "w", &["--body", "all of it", "--parent", &parent]);
    let file = home.path().join("spec.pdf");
    home.sql::<i64>(&format!(
        "INSERT INTO task_attachments (task_id, filename, stored_path, size, created_at)
         VALUES ('{id}', 'spec.pdf', '{}', 12, 1) RETURNING id",
        file.display()
    ));
    home.ok(&["comment", &id, "mind the gap"]);
    home.quiet();
    let read = |name: &str| {
        std::fs::read_to_string(home.board(&format!("workspaces/{id}/{name}"))).unwrap()
    };
    let told = read("told");
    assert_eq!(told, read("context"), "while it runs, both are the same");
    for part in [
        "# do it\n",
        "all of it",
        "the key",
        r#"facts: {"key":7}"#,
        &format!("spec.pdf (12 bytes): {}", file.display()),
        "by w: crashed",
        "mind the gap",
        "Exit with status 0 when it is done",
        &format!("\"$KANBAN_BIN\" request-review {id}"),
    ] {
        assert!(
            told.contains(part) || part.starts_with("me:"),
            "{part}: {told}"
        );
    }
    assert!(told.contains("mind the gap"), "{told}");
    // Whoever reviews has another duty.
    let id = home.create("look", "me", &[]);
    home.ok(&["request-review", &id, "--summary", "done so far"]);
    home.ok(&["tick"]);
    home.wait_until("it was looked at", || home.status(&id) == "ready");
    let told = std::fs::read_to_string(home.board(&format!("workspaces/{id}/told"))).unwrap();
    assert!(
        told.contains("Somebody else did the work") && told.contains("request-changes"),
        "{told}"
    );
    assert!(told.contains("done so far"), "{told}");
    let person = home.ok(&["context", &id]).stdout;
    assert!(
        person.contains(&format!("kanban complete {id} --summary")),
        "{person}"
    );
}

#[test]
fn a_card_with_as_much_on_it_as_there_can_be_is_started() {
    let config =
        "[workers.me]\npull = true\n[workers.w]\ncommand = [\"test\", \"-n\", \"{prompt}\"]\n";
    let home = Home::new(config);
    let long = "\u{1f980}".repeat(15_000);
    let big = home.path().join("big");
    std::fs::write(&big, long.repeat(10)).unwrap();
    let mut parents = Vec::new();
    for n in 0..4 {
        let parent = home.create(&n.to_string(), "me", &[]);
        home.ok(&["complete", &parent, "--summary", &long]);
        parents.extend(["--parent".to_owned(), parent]);
    }
    let mut more: Vec<&str> = parents.iter().map(String::as_str).collect();
    more.extend(["--body-file", big.to_str().unwrap()]);
    let id = home.create("x", "w", &more);
    for _ in 0..22 {
        home.ok(&["comment", &id, &long]);
    }
    // What is no text keeps no card from being started.
    let odd = home.create("odd", "w", &[]);
    home.sql::<i64>(&format!(
        "INSERT INTO task_comments (task_id, author, body, created_at) VALUES ('{odd}', 'x', x'ff00', 1) RETURNING id"
    ));
    home.quiet().expect(0);
    assert_eq!(home.status(&id), "done");
    let odd = format!("SELECT status FROM tasks WHERE id = '{odd}'");
    assert_eq!(home.sql::<String>(&odd), "done");
}
