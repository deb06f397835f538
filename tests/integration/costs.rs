//! What commands cost, in counts: how often they open the board and wait for the disk, and what they hold in memory,
//! whatever they do and however large the board is.

use std::io::Read;
use std::process::{Child, Stdio};

use crate::harness::{Home, PROGRAM};
use crate::kills::strace_works;
use crate::scale;

const CONFIG: &str = "[workers.w]\ncommand = ['true']\n";

/// Runs a command, and returns how often it opened the board and how often it waited for the disk.
fn opened_and_synced(home: &Home, args: &[&str]) -> (usize, usize) {
    let trace = home.path().join("trace");
    let mut strace = home.command("strace");
    strace.args(["-f", "-qq", "-e", "trace=openat,fsync,fdatasync", "-o"]);
    let status = strace.arg(&trace).arg(PROGRAM).args(args).output().unwrap();
    assert!(status.status.success(), "{args:?}: {status:?}");
    let trace = std::fs::read_to_string(trace).unwrap();
    let count = |what: &str| trace.lines().filter(|line| line.contains(what)).count();
    (count("kanban.db\""), count("sync("))
}

#[test]
fn a_command_that_writes_opens_the_board_once_and_commits_once() {
    if !strace_works() {
        return;
    }
    let home = Home::new(CONFIG);
    let mut cards = (0..6).map(|n| home.create(&format!("card {n}"), "w", &[]));
    let mut next = || cards.next().unwrap();
    let (done, blocked, cancelled, said, edited) = (next(), next(), next(), next(), next());
    for args in [
        &["create", "another", "--assignee", "w"][..],
        &["comment", &said, "seen"],
        &["edit", &edited, "--title", "new"],
        &["complete", &done, "--summary", "done"],
        &["block", &blocked, "--reason", "why"],
        &["unblock", &blocked],
        &["cancel", &cancelled],
        // By the beginning of an id, which has to be looked up.
        &["archive", &done[..7]],
    ] {
        // Of a log that is not there yet its folder is told as well.
        assert_eq!(opened_and_synced(&home, args), (1, 2), "{args:?}");
    }
}

#[test]
fn a_command_that_reads_opens_the_board_once_and_waits_for_no_disk() {
    if !strace_works() {
        return;
    }
    let home = Home::new(CONFIG);
    let card = home.create("card", "w", &[]);
    for args in [
        &["list"][..],
        &["search", "card"],
        &["show", &card],
        &["runs"],
        &["events"],
        &["export"],
        &["why", &card],
        &["stats"],
    ] {
        let (opened, synced) = opened_and_synced(&home, args);
        assert_eq!((opened, synced), (1, 0), "{args:?}");
    }
}

/// A board with so many cards that are done.
fn board_of(cards: usize) -> Home {
    let home = Home::new(CONFIG);
    home.ok(&["init"]);
    scale::fill(&home, cards);
    home
}

/// A command that waits for somebody to go on reading.
struct Held(Child);

impl Drop for Held {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Held {
    /// Reads a little of what a command prints, and stops.
    fn after(home: &Home, args: &[&str], bytes: usize) -> Self {
        let mut command = home.command(PROGRAM);
        let child = command.args(args).stdout(Stdio::piped()).spawn().unwrap();
        let mut held = Self(child);
        let mut read = vec![0; bytes];
        let out = held.0.stdout.as_mut().unwrap();
        out.read_exact(&mut read).unwrap();
        home.wait_until("it waits", || held.fact("State:").starts_with('S'));
        held
    }

    fn fact(&self, key: &str) -> String {
        let facts = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
        let fact = facts.lines().find_map(|line| line.strip_prefix(key));
        fact.unwrap().trim().to_owned()
    }

    /// The most memory that it had so far, in KiB.
    fn peak(&self) -> usize {
        let peak = self.fact("VmHWM:");
        peak.trim_end_matches(" kB").trim().parse().unwrap()
    }
}

const STREAMS: [&[&str]; 8] = [
    &["list", "--status", "done"],
    &["list", "--json"],
    &["list", "--format", "{id} {title} {body}"],
    &["search", "number"],
    &["events"],
    &["events", "--json"],
    &["runs"],
    &["runs", "--json"],
];

#[test]
#[cfg(target_os = "linux")]
fn what_a_list_holds_in_memory_does_not_grow_with_the_board() {
    let (small, large) = (board_of(3_000), board_of(30_000));
    for args in STREAMS.into_iter().chain([&["export"][..]]) {
        let of_small = Held::after(&small, args, 30_000).peak();
        let of_large = Held::after(&large, args, 300_000).peak();
        // The row numbers of thirty thousand cards, and what SQLite needs to sort them.
        assert!(
            of_large < of_small + 4_096,
            "{args:?}: {of_small} KiB, and {of_large} KiB of a board of ten times the size"
        );
    }
}

#[test]
#[cfg(target_os = "linux")]
fn who_reads_a_list_slowly_keeps_no_tick_from_its_checkpoint() {
    let home = board_of(3_000);
    for args in STREAMS {
        let held = Held::after(&home, args, 30_000);
        home.create("written meanwhile", "w", &["--at", "2099-01-01"]);
        let report = home.json(&["tick"]);
        assert_eq!(report["checkpoint"], "truncated", "{args:?}");
        drop(held);
    }
    // What belongs together is of one moment, and the log waits for it.
    let held = Held::after(&home, &["export"], 30_000);
    home.create("written meanwhile", "w", &["--at", "2099-01-01"]);
    assert_eq!(home.json(&["tick"])["checkpoint"], "busy");
    drop(held);
    assert_eq!(home.json(&["tick"])["checkpoint"], "truncated");
}

#[test]
fn who_has_read_enough_is_not_told_of_an_error() {
    let home = board_of(3_000);
    for args in STREAMS.into_iter().chain([&["export"][..]]) {
        let words: Vec<String> = args.iter().map(|word| format!("'{word}'")).collect();
        let script = format!("\"$KANBAN\" {} | head -n 1", words.join(" "));
        let run = home.sh(&script).expect(0);
        assert_eq!(run.stdout.lines().count(), 1, "{args:?}");
        assert_eq!(run.stderr, "", "{args:?}");
    }
}

#[test]
fn of_very_many_cards_that_wait_some_are_told_and_all_are_counted() {
    let home = Home::new("[workers.w]\ncommand = ['true']\n[workers.me]\npull = true\n");
    home.ok(&["init"]);
    home.change(
        "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 500)
         INSERT INTO tasks (id, title, assignee, status, created_at)
             SELECT printf('t_%08x', n), 'card', iif(n <= 490, 'me', 'gone'), 'ready', n FROM numbers",
    );
    let report = home.json(&["tick"]);
    assert_eq!(report["counts"]["waiting"], 500);
    assert_eq!(report["waiting"].as_array().unwrap().len(), 50 + 10);
    assert_eq!(report["waiting_more"].to_string(), r#"{"pull_lane":440}"#);
    let told = home.ok(&["tick", "--dry-run"]).stdout;
    assert_eq!(told.lines().count(), 60 + 1, "{told}");
    assert!(told.contains("\n440 more wait: pull lane\n"), "{told}");
    // What nobody will ever start is found behind whatever number of others.
    let stuck = home.kanban(&["tick", "--wait"]).expect(1);
    assert!(stuck.stderr.contains("no worker gone"), "{}", stuck.stderr);
}
