//! The rules of dispatch: what holds a card, what lets it go, and who may take it from whom.

use crate::harness::{Home, text};

const WORKERS: &str = r#"
[defaults]
retry_delay = "0s"
[workers.ok]
command = ["true"]
[workers.bad]
command = ["sh", "-c", "echo wrong >&2; exit 3"]
[workers.slow]
command = ["sh", "-c", "touch started; sleep 300"]
[workers.missing]
command = ["/no/such/program"]
[workers.me]
pull = true
"#;

#[test]
fn an_edge_lets_go_on_the_end_it_waits_for() {
    let home = Home::new(WORKERS);
    let fails = home.create("fails", "bad", &["--max-retries", "1"]);
    let works = home.create("works", "ok", &[]);
    let then = |title: &str, how: &str, parent: &str| home.create(title, "ok", &[how, parent]);
    let after_success = then("s", "--parent", &fails);
    let after_failure = then("f", "--after-failure", &fails);
    let after_any = then("a", "--after-any", &fails);
    let unneeded = then("u", "--after-failure", &works);
    home.quiet().expect(1);
    assert_eq!(home.status(&fails), "blocked");
    assert_eq!(home.status(&after_success), "todo");
    assert_eq!(home.status(&after_failure), "done");
    assert_eq!(home.status(&after_any), "done");
    assert_eq!(home.status(&unneeded), "todo");
    let why = home.json(&["why", &unneeded]);
    assert!(
        text(&why["next"]).contains("will not let it go by itself"),
        "{why}"
    );
    // A block by hand is no failure: nobody has given up.
    let blocked = home.create("b", "ok", &["--blocked", "later"]);
    let waits = then("w", "--after-failure", &blocked);
    home.ok(&["tick"]);
    assert_eq!(home.status(&waits), "todo");
    home.ok(&["link", &blocked, &waits, "--on", "any"]);
    home.ok(&["complete", &blocked]);
    home.quiet().expect(1);
    assert_eq!(home.status(&waits), "done");
}

#[test]
fn parent_blocked_by_another_program_keeps_children_waiting() {
    let home = Home::new(WORKERS);
    for (how, on) in [("--after-failure", "failure"), ("--after-any", "any")] {
        let parent = home.create("parent", "me", &[]);
        let earlier = home.create("created before the block", "ok", &[how, &parent]);
        home.change(&format!(
            "UPDATE tasks SET status = 'blocked' WHERE id = '{parent}'"
        ));
        let later = home.create("created after the block", "ok", &[how, &parent]);
        let linked = home.create("linked after the block", "ok", &[]);
        home.ok(&["link", &parent, &linked, "--on", on]);
        home.ok(&["graph", &parent]);
        // Promotion considers the children of cards that have a new event.
        home.ok(&["comment", &parent, "seen"]);
        home.quiet();
        for child in [&earlier, &later, &linked] {
            assert_eq!(home.status(child), "todo", "{on}");
            assert!(home.runs(child).is_empty(), "{on}");
            let why = home.json(&["why", child]);
            assert!(text(&why["why"]).contains(&parent), "{why}");
        }
        home.ok(&["complete", &parent]);
        home.quiet();
        let after = if on == "any" { "done" } else { "todo" };
        assert_eq!(home.status(&later), after);
    }
}

#[test]
fn a_cancelled_card_releases_nobody_who_waits_for_its_success_even_when_archived() {
    let home = Home::new(WORKERS);
    let parent = home.create("p", "me", &[]);
    let child = home.create("c", "ok", &["--parent", &parent]);
    let cleanup = home.create("a", "ok", &["--after-any", &parent]);
    home.ok(&["cancel", &parent, "--reason", "no need"]);
    assert_eq!(home.status(&parent), "cancelled");
    home.quiet().expect(0);
    assert_eq!(home.status(&child), "todo");
    assert_eq!(home.status(&cleanup), "done");
    home.ok(&["archive", &parent]);
    home.quiet().expect(0);
    assert_eq!(home.status(&child), "todo");
    home.ok(&["retry", &parent]);
    home.ok(&["complete", &parent]);
    home.quiet().expect(0);
    assert_eq!(home.status(&child), "done");
    home.kanban(&["cancel", &child]).expect(4);
}

#[test]
fn a_worker_that_cannot_be_started_holds_its_lane_and_costs_no_card() {
    let home = Home::new(&WORKERS.replace("retry_delay = \"0s\"", "retry_delay = \"60s\""))
        .with("KANBAN_NOW", "1000000");
    let ids: Vec<String> = (0..3)
        .map(|i| home.create(&i.to_string(), "missing", &[]))
        .collect();
    let other = home.create("other", "ok", &[]);
    home.kanban(&["tick", "--wait", "--timeout", "20s"])
        .expect(1);
    assert_eq!(home.status(&other), "done");
    let held =
        |home: &Home| home.sql::<i64>("SELECT count(*) FROM task_events WHERE kind = 'lane_held'");
    assert_eq!(
        held(&home),
        1,
        "one alert for the lane, whatever the number of cards"
    );
    let report = home.json(&["tick"]);
    for waiting in report["waiting"].as_array().unwrap() {
        assert_eq!(waiting["reason"], "lane_held", "{report}");
    }
    let status = home.kanban(&["status"]).expect(1);
    assert!(
        status.stderr.contains("missing cannot be started"),
        "{}",
        status.stderr
    );
    for id in &ids {
        assert_eq!(home.status(id), "ready");
        assert_eq!(home.json(&["show", id])["task"]["consecutive_failures"], 0);
    }
    // Later, one start is tried, not three.
    let runs = home.sql::<i64>("SELECT count(*) FROM tick_runs");
    let home = home.with("KANBAN_NOW", "1000200");
    assert_eq!(home.json(&["tick"])["counts"]["started"], 1);
    home.kanban(&["tick", "--wait", "--timeout", "20s"])
        .expect(1);
    assert_eq!(home.sql::<i64>("SELECT count(*) FROM tick_runs"), runs + 1);
    assert_eq!(home.sql::<i64>("SELECT failures FROM tick_lanes"), 2);
    // Mended, the lane is let go by the first start that works, or at once by hand.
    std::fs::write(
        home.path().join("config.toml"),
        WORKERS.replace("/no/such/program", "true"),
    )
    .unwrap();
    home.ok(&["resume", "missing"]);
    home.quiet().expect(0);
    assert!(ids.iter().all(|id| home.status(id) == "done"));
    home.ok(&["status"]);
}

#[test]
fn what_is_paused_is_not_started_and_what_runs_goes_on() {
    let home = Home::new(WORKERS);
    let a = home.create("a", "ok", &[]);
    let b = home.create("b", "bad", &["--max-retries", "1"]);
    home.ok(&["pause", "ok", "--reason", "the tests are broken"]);
    home.kanban(&["pause", "nobody"]).expect(4);
    home.kanban(&["tick", "--wait"]).expect(1);
    assert_eq!(
        (home.status(&a), home.status(&b)),
        ("ready".into(), "blocked".into())
    );
    assert!(
        home.ok(&["why", &a])
            .stdout
            .contains("the tests are broken")
    );
    home.ok(&["pause"]);
    home.kanban(&["resume", "me"]).expect(4);
    home.ok(&["resume"]);
    home.ok(&["resume", "ok"]);
    home.quiet();
    assert_eq!(home.status(&a), "done");

    let slow = home.create("slow", "slow", &[]);
    home.ok(&["tick"]);
    home.kanban(&["drain", "--timeout", "0s"]).expect(75);
    home.ok(&["stop", &slow]);
    home.ok(&["drain", "--timeout", "20s"]);
    home.create("later", "ok", &[]);
    assert_eq!(home.json(&["tick"])["waiting"][0]["reason"], "paused");
}

#[test]
fn taking_a_card_from_its_worker_ends_every_process_of_it_first() {
    let home = Home::new(WORKERS);
    for (verb, after) in [
        ("stop", "blocked"),
        ("cancel", "cancelled"),
        ("reclaim", "ready"),
    ] {
        let id = home.create(verb, "slow", &[]);
        home.ok(&["tick"]);
        home.wait_until("the worker works", || {
            home.board("workspaces").join(&id).join("started").exists()
        });
        let run = &home.runs(&id)[0];
        let worker = run["worker_pid"].to_string();
        // Otherwise the tick that follows its end might start it anew at once.
        home.ok(&["pause"]);
        home.ok(&[verb, &id, "--reason", "test"]);
        assert_eq!(home.status(&id), after);
        assert!(
            !std::path::Path::new("/proc").join(&worker).exists(),
            "{verb}: the worker lives"
        );
        home.kanban(&[verb, &id]).expect(4);
        home.ok(&["archive", &id]);
        home.ok(&["resume"]);
    }
}

#[test]
fn a_card_is_given_to_another_worker_but_not_out_of_the_hands_of_one() {
    let home = Home::new(WORKERS);
    let id = home.create("x", "slow", &[]);
    home.ok(&["tick"]);
    home.kanban(&["assign", &id, "ok"]).expect(4);
    home.kanban(&["assign", &id, "nobody"]).expect(4);
    home.kanban(&["assign", &id]).expect(2);
    home.ok(&["reassign", &id, "ok", "--reclaim"]);
    home.quiet().expect(0);
    assert_eq!(home.status(&id), "done");
    assert_eq!(home.runs(&id).last().unwrap()["worker"], "ok");
}

#[test]
fn a_block_is_sticky_and_the_same_one_again_needs_a_look() {
    let home = Home::new(WORKERS);
    let id = home.create("x", "ok", &["--blocked", "wait for me"]);
    home.quiet().expect(1);
    assert_eq!(home.status(&id), "blocked");
    assert!(home.ok(&["why", &id]).stdout.contains("wait for me"));
    home.ok(&["unblock", &id]);
    let parent = home.create("parent", "me", &[]);
    home.ok(&["block", &id, "--kind", "needs_input"]);
    home.ok(&["unblock", &id]);
    assert_eq!(
        home.json(&["block", &id, "--kind", "capability"])[0]["status"],
        "blocked"
    );
    home.ok(&["unblock", &id]);
    assert_eq!(
        home.json(&["block", &id, "--kind", "capability"])[0]["status"],
        "triage"
    );
    assert!(
        home.history(&id)
            .contains(&"block_loop_detected".to_owned())
    );
    home.ok(&["promote", &id]);
    // Without a parent to wait for, a dependency is what a person has to link.
    assert_eq!(
        home.json(&["block", &id, "--kind", "dependency"])[0]["status"],
        "blocked"
    );
    home.ok(&["link", &parent, &id]);
    home.ok(&["unblock", &id]);
    assert_eq!(home.status(&id), "todo");
    home.kanban(&["block", &id, "--kind", "bored"]).expect(2);
    home.ok(&["complete", &parent]);
    home.quiet().expect(0);
    assert_eq!(home.status(&id), "done");
}

#[test]
fn a_card_that_is_put_off_starts_at_its_moment_or_when_it_is_let_go() {
    let home = Home::new(WORKERS).with("KANBAN_NOW", "1000000");
    let soon = home.create("soon", "ok", &[]);
    let parked = home.create("parked", "ok", &[]);
    home.ok(&["schedule", &soon, "--at", "2h", "--reason", "quota"]);
    home.ok(&["schedule", &parked]);
    home.kanban(&["schedule", &soon, "--at", "whenever"])
        .expect(2);
    home.ok(&["tick"]);
    assert_eq!(home.status(&soon), "scheduled");
    assert_eq!(home.json(&["why", &soon])["until"], 1_007_200);
    let home = home.with("KANBAN_NOW", "1007200");
    home.quiet().expect(0);
    assert_eq!(
        (home.status(&soon), home.status(&parked)),
        ("done".into(), "scheduled".into())
    );
    home.ok(&["unblock", &parked]);
    home.quiet().expect(0);
    assert_eq!(home.status(&parked), "done");
}

#[test]
fn a_worker_is_started_in_its_hours_only() {
    let config = "[workers.night]\ncommand = ['true']\nwindow = 'Mon-Fri 22:00-06:00'";
    // Monday, 1970-01-12 13:46:40 UTC.
    let home = Home::new(config).with("KANBAN_NOW", "1000000");
    let id = home.create("x", "night", &[]);
    let report = home.json(&["tick"]);
    assert_eq!(report["waiting"][0]["reason"], "outside_window");
    assert_eq!(report["waiting"][0]["until"], 1_029_600);
    let home = home.with("KANBAN_NOW", "1029600");
    home.quiet().expect(0);
    assert_eq!(home.status(&id), "done");
    let broken = Home::new("[workers.x]\ncommand = ['true']\nwindow = 'Funday'");
    assert!(
        broken
            .kanban(&["config", "check"])
            .expect(2)
            .stderr
            .contains("no day")
    );
}

#[test]
fn review_and_triage_have_workers_of_their_own_under_the_same_caps() {
    let config = r#"
[defaults]
max_in_progress = 1
default_assignee = "ok"
review_worker = "judge"
triage_worker = "split"
[workers.ok]
command = ["true"]
[workers.judge]
command = ["true"]
[workers.split]
command = ["sh", "-c", "id=$(\"$KANBAN_BIN\" create part) && \"$KANBAN_BIN\" link \"$id\" \"$KANBAN_TASK\""]
"#;
    let home = Home::new(config);
    let coarse = home
        .ok(&["create", "coarse", "--triage"])
        .stdout
        .trim()
        .to_owned();
    let reviewed = home.create("reviewed", "ok", &[]);
    home.sh(&format!(
        "sqlite3 boards/default/kanban.db \"UPDATE tasks SET status = 'review' WHERE id = '{reviewed}'\" 2>/dev/null \
         || python3 -c \"import sqlite3; c = sqlite3.connect('boards/default/kanban.db'); \
            c.execute('UPDATE tasks SET status = \\\"review\\\" WHERE id = ?', ('{reviewed}',)); c.commit()\""
    ))
    .expect(0);
    let report = home.json(&["tick"]);
    assert_eq!(report["counts"]["started"], 1, "{report}");
    assert_eq!(report["started"][0]["worker"], "judge");
    home.quiet().expect(0);
    assert_eq!(home.status(&reviewed), "done");
    assert_eq!(home.status(&coarse), "done");
    let runs = home.runs(&coarse);
    assert_eq!(runs[0]["worker"], "split");
    assert_eq!(runs.last().unwrap()["worker"], "ok");
    assert!(home.history(&coarse).contains(&"specified".to_owned()));
    let part = home.json(&["show", &coarse])["parents"][0]["id"].clone();
    assert_eq!(home.status(&text(&part)), "done");
    assert!(home.history(&text(&part)).contains(&"assigned".to_owned()));
}

#[test]
fn status_tells_a_board_that_nobody_serves() {
    let home = Home::new(WORKERS).with("KANBAN_NOW", "1000000");
    home.create("x", "ok", &[]);
    let alone = home.kanban(&["status", "--json"]).expect(1);
    assert_eq!(alone.value()["healthy"], false);
    home.quiet().expect(0);
    let served = home.json(&["status"]);
    assert_eq!(
        (&served["healthy"], &served["last_tick_age"]),
        (&true.into(), &0.into())
    );
    let home = home.with("KANBAN_NOW", "1000181");
    let late = home.kanban(&["status"]).expect(1);
    assert!(late.stderr.contains("no tick for 3m 1s"), "{}", late.stderr);
}

#[test]
fn why_has_an_answer_in_every_column() {
    let home = Home::new(WORKERS);
    let ready = home.create("ready", "ok", &[]);
    let pull = home.create("pull", "me", &[]);
    let todo = home.create("todo", "ok", &["--parent", &pull]);
    let triage = home
        .ok(&["create", "triage", "--triage"])
        .stdout
        .trim()
        .to_owned();
    let said = |id: &str| home.ok(&["why", id]).stdout;
    assert_eq!(home.json(&["why", &ready])["startable"], true);
    assert!(said(&pull).contains("pull it from me"));
    assert!(said(&todo).contains(&pull));
    assert!(said(&triage).contains("not specified"));
    home.ok(&["cancel", &pull]);
    assert!(said(&todo).contains("will not let it go by itself"));
    assert!(said(&pull).contains("kanban retry"));
    home.kanban(&["why", "t_00000000"]).expect(3);
}
