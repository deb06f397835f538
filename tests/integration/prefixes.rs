//! A card may be named by the beginning of its id, as long as no other begins so.

use crate::harness::{Home, PROGRAM, text};

/// Cards with these ids, whatever ids they were made with.
fn home(ids: &[&str]) -> Home {
    let home = Home::new(
        "[workers.me]\npull = true\n[channels.c]\nkind = \"command\"\ncommand = [\"true\"]\n",
    );
    for id in ids {
        let made = home.create(&format!("card {id}"), "me", &[]);
        home.change(&format!(
            "UPDATE tasks SET id = '{id}' WHERE id = '{made}';
             UPDATE task_events SET task_id = '{id}' WHERE task_id = '{made}'"
        ));
    }
    home
}

#[test]
fn every_command_takes_the_beginning_of_an_id() {
    let home = home(&["t_1a2b3c4d", "t_1a2c0000", "t_ffff0000"]);
    for args in [
        &["show", "t_1a2b"][..],
        &["show", "1a2b"],
        &["show", "1A2B"],
        &["show", "1a2b3c4d"],
        &["why", "t_1a2b"],
        &["context", "t_1a2b"],
        &["graph", "t_1a2b"],
        &["runs", "t_1a2b"],
        &["events", "t_1a2b"],
        &["list", "--parent", "t_1a2b"],
        &["deliveries", "list", "--task", "t_1a2b"],
        &["comment", "t_1a2b", "said"],
        &["edit", "t_1a2b", "--tenant", "acme"],
        &["assign", "t_1a2b", "fff", "me"],
        &["reprioritize", "t_1a2b", "fff", "3"],
        &["subscribe", "t_1a2b", "c"],
        &["subscriptions", "t_1a2b"],
        &["unsubscribe", "t_1a2b", "c"],
        &["link", "t_1a2b", "t_fff"],
        &["unlink", "t_1a2b", "t_fff"],
        &["block", "t_1a2b"],
        &["unblock", "t_1a2b"],
        &["schedule", "t_1a2b"],
        &["promote", "t_1a2b"],
        &["cancel", "t_1a2b"],
        &["retry", "t_1a2b"],
        &["complete", "t_1a2b"],
        &["archive", "t_1a2b"],
    ] {
        home.ok(args);
    }
    // It is the whole id that is told, and kept.
    let child = home.json(&["create", "child", "--parent", "fff", "--after-any", "1a2c"]);
    let id = text(&child["id"]);
    let parents = home.json(&["show", &id])["parents"].clone();
    assert_eq!(parents[0]["id"], "t_1a2c0000", "{parents}");
    assert_eq!(home.json(&["complete", "fff"])[0]["id"], "t_ffff0000");
    assert_eq!(
        home.json(&["comment", "1a2c", "x"])["task_id"],
        "t_1a2c0000"
    );
    assert_eq!(home.history("1a2c"), ["created", "commented"]);
    home.kanban(&["log", "1a2c"]).expect(3);
    home.kanban(&["heartbeat", "1a2c"]).expect(4);
}

#[test]
fn a_beginning_that_fits_several_names_them_and_changes_none() {
    let home = home(&["t_1a2b3c4d", "t_1a2c0000", "t_ffff0000"]);
    let run = home.kanban(&["complete", "fff", "t_1a2"]).expect(2);
    for part in [
        "t_1a2 could be any of",
        "t_1a2b3c4d (card t_1a2b3c4d)",
        "t_1a2c0000",
        "write more of the id",
    ] {
        assert!(run.stderr.contains(part), "{}", run.stderr);
    }
    assert_eq!(home.status("fff"), "ready", "all or none");
    assert!(
        home.kanban(&["show", "abc"])
            .expect(3)
            .stderr
            .contains("begins with t_abc")
    );
    for nonsense in ["1a", "t_", "xyz", "%", "t_1a2'"] {
        home.kanban(&["show", nonsense]).expect(2);
    }
}

#[test]
fn whoever_is_named_twice_is_moved_once() {
    let home = home(&["t_1a2b3c4d", "t_1a2c0000"]);
    let moved = home.json(&["complete", "1a2b", "t_1a2b3c4d", "1a2c"]);
    let ids: Vec<String> = moved
        .as_array()
        .unwrap()
        .iter()
        .map(|c| text(&c["id"]))
        .collect();
    assert_eq!(ids, ["t_1a2b3c4d", "t_1a2c0000"]);
}

#[test]
fn the_short_id_of_an_old_board_is_not_taken_for_a_beginning() {
    let home = home(&["t_1a2b", "t_1a2b3c4d"]);
    assert_eq!(home.json(&["show", "t_1a2b"])["task"]["id"], "t_1a2b");
    assert_eq!(home.json(&["show", "t_1a2b3"])["task"]["id"], "t_1a2b3c4d");
    home.kanban(&["show", "t_1a2"]).expect(2);
}

#[test]
fn nothing_is_looked_up_before_the_command_line_is_understood() {
    let home = Home::new("");
    let output = home
        .command(PROGRAM)
        .args(["--board", "none", "show", "12"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
}
