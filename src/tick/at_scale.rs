//! What is finished costs a tick nothing: on boards of either kind, no statement of it goes over many rows
//! to find few, and none is compiled again for another value.

use std::time::Duration;

use super::report::Counts;
use super::{Turn, run, wait};
use crate::board::id::Slug;
use crate::config::load_from;
use crate::fsx::forking;
use crate::store::Store;
use crate::store::scans::{self, Scan};

const CONFIG: &str = "
    [workers.w]
    command = ['true']
    [channels.wide]
    kind = 'command'
    command = ['true']
    [channels.told]
    kind = 'command'
    command = ['true']
    subscribed_only = true
    platform = 'telegram'
";

/// Far more than what is open, and enough that a scan cannot hide.
const FINISHED: u32 = 1_000;
const ROWS_MAX: i32 = 150;

/// What another program did to a board before its ticks are judged.
type Before = fn(&std::path::Path);

fn judge(statements: &[Scan]) {
    assert!(statements.len() > 20, "what runs is not noted");
    let scans: Vec<_> = statements
        .iter()
        .filter(|scan| scan.rows > ROWS_MAX || scan.compiled_again > 0)
        .map(|scan| (&scan.sql, scan.rows, scan.compiled_again))
        .collect();
    assert!(scans.is_empty(), "{scans:#?}");
}

fn no_statement_scans(shared: Option<&str>, before: Before) {
    let _alone = forking::nobody_forks();
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("config.toml"), CONFIG).unwrap();
    let config = load_from(None, &|name| match name {
        "KANBAN_HOME" | "HOME" => Some(root.path().into()),
        "PATH" => Some("/usr/bin:/bin".into()),
        _ => None,
    })
    .unwrap();
    let slug: Slug = "default".parse().unwrap();
    let board = config.board(&slug);
    match shared {
        None => assert!(Store::create(&board.db()).unwrap()),
        Some(tables) => scans::create(&board.db(), tables),
    }
    drop(Store::open(&board.db()).unwrap());
    before(&board.db());
    scans::fill(&mut Store::open(&board.db()).unwrap(), FINISHED).unwrap();
    // The first tick of an hour sweeps over all that waits, as a safety net; it is not judged.
    let mut reports = vec![run(&config, &board, Turn::Wait).unwrap()];
    scans::stir(&mut Store::open(&board.db()).unwrap()).unwrap();
    for _ in 0..3 {
        scans::taken();
        reports.push(run(&config, &board, Turn::Wait).unwrap());
        judge(&scans::taken());
    }
    // Somebody waits for it, until his patience is over.
    wait::until_quiet(&config, &board, Some(Duration::ZERO), |_, _| Ok(())).unwrap();
    judge(&scans::taken());
    let all = |count: fn(&Counts) -> usize| reports.iter().map(|r| count(&r.counts)).sum::<usize>();
    for (pass, did) in [
        ("reap", all(|c| c.reaped)),
        ("promote", all(|c| c.promoted)),
        ("dispatch", all(|c| c.started)),
        ("announce", all(|c| c.announced)),
        ("deliver", all(|c| c.delivered)),
    ] {
        assert!(did > 0, "{pass} had nothing to do: {reports:#?}");
    }
}

#[test]
fn on_a_board_of_ours() {
    no_statement_scans(None, |_| ());
}

const HERMES: &str = include_str!("../../tests/schemas/hermes_0_14.sql");

#[test]
fn on_a_board_of_hermes() {
    no_statement_scans(Some(HERMES), |_| ());
}

#[test]
fn on_a_board_of_hermes_whose_tables_it_made_anew() {
    no_statement_scans(Some(HERMES), |db| scans::make_anew(db, HERMES));
}
