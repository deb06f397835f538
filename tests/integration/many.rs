//! One tick of many boards: each by a process of its own, a bounded number at a time, and none of them in the
//! way of another.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::harness::{Home, PROGRAM, text};
use crate::receiver::{Answer, Receiver};

const CONFIG: &str = r#"
[workers.ok]
command = ["true"]
[workers.bad]
command = ["false"]
[workers.slow]
command = ["sh", "-c", "touch started; exec sleep 600"]
[workers.me]
pull = true
"#;

/// A home with these boards, each with a card for a worker.
fn home(config: &str, boards: &[(&str, &str)]) -> Home {
    let home = Home::new(&format!("{CONFIG}{config}"));
    for (board, worker) in boards {
        home.ok(&["boards", "create", board]);
        home.create("x", worker, &["--board", board]);
    }
    home
}

/// What a summary says of each board.
fn entries(summary: &Value) -> BTreeMap<String, Value> {
    let all = summary["boards"].as_array().unwrap().iter();
    all.map(|one| (text(&one["board"]), one.clone())).collect()
}

fn states(summary: &Value) -> BTreeMap<String, String> {
    let all = entries(summary).into_iter();
    all.map(|(board, one)| (board, text(&one["state"])))
        .collect()
}

/// The columns that the cards of a board are in.
fn columns(home: &Home, board: &str) -> Vec<String> {
    let cards = home.json(&["list", "--board", board]);
    let cards = cards.as_array().unwrap().iter();
    cards.map(|card| text(&card["status"])).collect()
}

fn done(home: &Home, board: &str) -> bool {
    columns(home, board).iter().all(|column| column == "done")
}

/// A receiver that does not answer for as long as the sender lives.
fn slow_receiver() -> (Receiver, Sender<()>) {
    let (hold, held) = channel::<()>();
    let held = Mutex::new(held);
    let receiver = Receiver::start(move |_| {
        let _ = held.lock().unwrap().recv();
        Answer::ok()
    });
    (receiver, hold)
}

/// A home with a board that has something to tell to that receiver, and one with work.
fn told(receiver: &Receiver) -> Home {
    let home = home(
        &format!(
            "[delivery]\nbudget = \"60s\"\n[channels.hook]\nkind = \"webhook\"\nurl = \"{}\"\ntimeout = \"60s\"\n",
            receiver.url("/hook")
        ),
        &[("busy", "me"), ("quick", "ok")],
    );
    let card = text(&home.json(&["list", "--board", "busy"])[0]["id"]);
    home.ok(&["complete", &card, "--board", "busy"]);
    home
}

fn start(home: &Home, args: &[&str]) -> Child {
    home.command(PROGRAM)
        .args(args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn every_board_is_ticked_and_one_summary_tells_of_all() {
    let home = home("", &[("a", "ok"), ("b", "ok"), ("put-away", "ok")]);
    home.ok(&["boards", "archive", "put-away"]);
    let quiet = home.kanban(&["tick", "--all"]).expect(0);
    assert_eq!((quiet.stdout, quiet.stderr), (String::new(), String::new()));
    for board in ["a", "b"] {
        home.wait_until("its card is done", || done(&home, board));
    }
    home.create("y", "me", &["--board", "a"]);
    let summary = home.with("KANBAN_BOARD", "b").json(&["tick", "--all"]);
    let entries = entries(&summary);
    assert_eq!(
        entries.keys().collect::<Vec<_>>(),
        ["a", "b"],
        "one that was put away is no board, and the variable names none"
    );
    assert_eq!(entries["a"]["tick"]["board"], "a");
    assert_eq!(entries["a"]["tick"]["waiting"][0]["reason"], "pull_lane");
    assert_eq!(entries["a"]["exit"], 0);
    assert_eq!(summary["counts"]["done"], 2);
}

#[test]
fn boards_are_named_by_one_option_each() {
    let home = home("", &[("a", "ok"), ("b", "ok"), ("c", "ok")]);
    let several = ["tick", "--board", "a", "--board", "c", "--board", "a"];
    let summary = home.json(&several);
    assert_eq!(states(&summary).into_keys().collect::<Vec<_>>(), ["a", "c"]);
    for board in ["a", "c"] {
        home.wait_until("its card is done", || done(&home, board));
    }
    assert_eq!(columns(&home, "b"), ["ready"]);
    home.kanban(&["tick", "--all", "--board", "a"]).expect(2);
    home.kanban(&["tick", "--all", "--jobs", "0"]).expect(2);
    home.kanban(&["tick", "--all", "--wait", "--jobs", "3"])
        .expect(2);
    let nowhere = Home::new(CONFIG).kanban(&["tick", "--all"]).expect(3);
    assert!(nowhere.stderr.contains("kanban init"), "{nowhere:?}");
}

#[test]
fn a_board_that_cannot_be_ticked_is_told_and_the_others_are_served() {
    let home = home(
        "[boards.gone]\npath = \"/nowhere/at/all\"\n",
        &[("a", "ok"), ("damaged", "ok"), ("z", "ok")],
    );
    let damaged = home.path().join("boards/damaged/kanban.db");
    std::fs::write(damaged, "this has never been a database of anybody").unwrap();
    let run = home.kanban(&["tick", "--all", "--json", "--jobs", "1"]);
    let run = run.expect(5);
    let entries = entries(&run.value());
    let of = |board: &str| {
        (
            text(&entries[board]["state"]),
            entries[board]["exit"].clone(),
        )
    };
    assert_eq!(of("a"), ("done".into(), 0.into()));
    assert_eq!(of("damaged"), ("failed".into(), 5.into()));
    assert_eq!(of("gone"), ("failed".into(), 3.into()));
    assert_eq!(of("z"), ("done".into(), 0.into()));
    assert!(entries["damaged"]["tick"].is_null());
    assert!(text(&entries["damaged"]["error"]).contains("kanban check"));
    for said in [
        "kanban: damaged: ",
        "kanban: gone: ",
        "2 of 4 boards: damaged, gone",
    ] {
        assert!(run.stderr.contains(said), "{said}: {}", run.stderr);
    }
    for board in ["a", "z"] {
        home.wait_until("its card is done", || done(&home, board));
    }
}

#[test]
fn a_slow_receiver_of_one_board_delays_no_other() {
    let (receiver, hold) = slow_receiver();
    let home = told(&receiver);
    let tick = start(&home, &["tick", "--all", "--jobs", "1", "--json"]);
    receiver.wait_for(1);
    home.wait_until("the other board is served", || done(&home, "quick"));
    drop(hold);
    let output = tick.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(entries(&summary)["busy"]["tick"]["counts"]["delivered"], 1);
}

#[test]
fn a_board_that_takes_too_long_is_told_and_goes_on_by_itself() {
    let (receiver, hold) = slow_receiver();
    let home = told(&receiver);
    let run = home.kanban(&["tick", "--all", "--patience", "1s", "--json"]);
    let run = run.expect(75);
    assert_eq!(states(&run.value())["busy"], "at_work");
    home.wait_until("the other board is served", || done(&home, "quick"));
    assert!(run.stderr.contains("still at work: busy"), "{}", run.stderr);
    drop(hold);
    home.wait_until("its tick has come to its end", || {
        let sent = home.json(&["deliveries", "list", "--board", "busy"]);
        sent[0]["state"] == "delivered"
    });
}

/// The children of a process.
fn children(of: u32) -> usize {
    let path = format!("/proc/{of}/task/{of}/children");
    std::fs::read_to_string(path).map_or(0, |all| all.split_whitespace().count())
}

#[test]
fn no_more_run_at_a_time_than_were_asked_for() {
    let boards: Vec<String> = (0..8).map(|n| format!("b{n}")).collect();
    let boards: Vec<(&str, &str)> = boards.iter().map(|b| (b.as_str(), "me")).collect();
    let home = home("", &boards);
    let mut tick = start(&home, &["tick", "--all", "--jobs", "2"]);
    let mut most = 0;
    while tick.try_wait().unwrap().is_none() {
        most = most.max(children(tick.id()));
    }
    assert!(most <= 2, "{most}");
    assert!(most > 0 || !Path::new("/proc/self/task").exists());
}

#[test]
fn forty_boards_are_served_with_few_descriptors() {
    let boards: Vec<String> = (0..40).map(|n| format!("b{n:02}")).collect();
    let named: Vec<(&str, &str)> = boards.iter().map(|b| (b.as_str(), "ok")).collect();
    let home = home("[host]\nmax_in_progress = 100\n", &named);
    let run = home
        .sh("ulimit -n 32; exec \"$KANBAN\" tick --all --jobs 30 --json")
        .expect(0);
    assert_eq!(run.value()["counts"]["done"], 40, "{run:?}");
    for board in &boards {
        home.wait_until("its card is done", || done(&home, board));
    }
}

#[test]
fn all_boards_are_waited_for_together() {
    let home = home("", &[("a", "ok"), ("b", "bad"), ("c", "ok")]);
    home.create("y", "ok", &["--board", "a"]);
    let shown = home.kanban(&["tick", "--all", "--dry-run"]).expect(0);
    let would = shown
        .stdout
        .lines()
        .filter(|l| l.contains(" would be started: "));
    let of: Vec<&str> = would.filter_map(|l| l.split(": ").next()).collect();
    assert_eq!(of, ["a", "a", "b", "c"], "{}", shown.stdout);
    let run = home.kanban(&["tick", "--all", "--wait", "--json", "--timeout", "5min"]);
    let run = run.expect(1);
    let entries = entries(&run.value());
    assert_eq!(entries["a"]["tick"]["finished"], true);
    assert_eq!(entries["b"]["tick"]["blocked"], 1);
    assert_eq!(text(&entries["b"]["state"]), "failed");
    assert_eq!(columns(&home, "a"), ["done", "done"]);
    home.create("s", "slow", &["--board", "c"]);
    let run = home.kanban(&["tick", "--all", "--wait", "--timeout", "1s"]);
    let run = run.expect(1);
    assert!(
        run.stderr.contains("board c was not finished in time"),
        "{run:?}"
    );
    let slow = home.ok(&["list", "--ids", "--status", "running", "--board", "c"]);
    home.ok(&["stop", slow.stdout.trim(), "--board", "c"]);
}

#[test]
fn who_is_asked_to_stop_asks_the_ticks_and_leaves_the_workers() {
    let home = home("", &[("a", "slow"), ("b", "slow")]);
    let tick = start(&home, &["tick", "--all", "--wait", "--json"]);
    for board in ["a", "b"] {
        home.wait_until("it runs", || columns(&home, board) == ["running"]);
    }
    let pid = Pid::from_raw(i32::try_from(tick.id()).unwrap()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    let output = tick.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(75), "{output:?}");
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["counts"]["stopped"], 2);
    for board in ["a", "b"] {
        assert_eq!(columns(&home, board), ["running"]);
        let card = text(&home.json(&["list", "--board", board])[0]["id"]);
        home.ok(&["stop", &card, "--board", board]);
    }
}
