//! What commands cost, in counts: how often they open the board and wait for the disk, whatever they do.

use crate::harness::{Home, PROGRAM};
use crate::kills::strace_works;

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
