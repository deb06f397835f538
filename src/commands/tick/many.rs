//! `kanban tick` for several boards: a process of this program for each, and one summary of them all.
//!
//! No board is opened here, so none can hold up the others: not a damaged one, nor one with a receiver that
//! takes its time.

use std::ffi::OsString;
use std::thread;
use std::time::Duration;

use anyhow::Result;
use serde_json::json;

use super::Args;
use super::answers::{self, Entry, State};
use crate::board::id::Slug;
use crate::commands::Global;
use crate::config::{Config, load};
use crate::exit::Failure;
use crate::render::style::Style;
use crate::render::{self, escape};
use crate::tick::share;
use crate::time;
use crate::worker::herd::{self, Limits};

/// So many ticks run at a time even on the smallest machine: a tick waits for disks more than it computes.
const PLACES_LEAST: usize = 4;
/// A tick that takes longer waits for somebody else, and gives its place to the next board.
const PLACE: Duration = Duration::from_secs(2);
/// More than the report of any board that is served in time, in bytes.
const REPORT_MAX: usize = 16 * 1_048_576;

/// Ticks them all.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    // What is wrong with the configuration is told once, and not by every board.
    let config = load(global.config.as_deref())?;
    let boards = boards(args, &config)?;
    let ahead = share::line(&config).join(",");
    let arguments: Vec<Vec<OsString>> = boards
        .iter()
        .map(|board| arguments(board, (boards.len(), &ahead), args, global))
        .collect();
    // Each board took no more than its share of the machine; now the rest is for those who want more.
    let through = || {
        if !args.dry_run {
            share::hand_on(&config);
        }
    };
    let (answers, stopped) = herd::run(&arguments, &limits(args, boards.len()), through)?;
    let entries: Vec<Entry> = boards
        .into_iter()
        .zip(answers)
        .map(|(board, answer)| answers::entry(board, answer, stopped))
        .collect();
    if global.json {
        let count = |state| entries.iter().filter(|one| one.state == state).count();
        let object = json!({
            "boards": entries,
            "counts": {
                "boards": entries.len(), "done": count(State::Done), "failed": count(State::Failed),
                "at_work": count(State::AtWork), "stopped": count(State::Stopped),
            },
        });
        render::print(&render::json(&object)?)?;
    } else if args.dry_run {
        render::print(&entries.iter().map(answers::details).collect::<String>())?;
    } else if Style::stdout().terminal {
        render::print(&entries.iter().map(answers::line).collect::<String>())?;
    }
    for (board, told) in entries.iter().map(|one| (&one.board, &one.told)) {
        for line in told {
            render::print_err(&format!("kanban: {board}: {}", escape::line(line)));
        }
    }
    answers::verdict(&entries, stopped)
}

fn boards(args: &Args, config: &Config) -> Result<Vec<Slug>> {
    if !args.all {
        let mut boards = Vec::new();
        for board in &args.boards {
            if !boards.contains(board) {
                boards.push(board.clone());
            }
        }
        return Ok(boards);
    }
    let boards = config.list_boards()?;
    if boards.is_empty() {
        let home = config.home.dir.display();
        return Err(Failure::not_found(format!("there is no board in {home}"))
            .hint("make one with kanban init, or set KANBAN_HOME")
            .into());
    }
    Ok(boards)
}

/// The command line of the tick of one board of so many, with those who are in line before them.
fn arguments(
    board: &Slug,
    (among, ahead): (usize, &str),
    args: &Args,
    global: &Global,
) -> Vec<OsString> {
    let mut words: Vec<OsString> = vec!["tick".into(), "--board".into(), board.as_str().into()];
    if let Some(config) = &global.config {
        words.extend(["--config".into(), config.into()]);
    }
    if args.dry_run {
        words.push("--dry-run".into());
    }
    if args.wait {
        words.push("--wait".into());
    } else {
        words.extend(["--among".into(), among.to_string().into()]);
        if !ahead.is_empty() {
            words.extend(["--ahead".into(), ahead.into()]);
        }
    }
    if let Some(timeout) = args.timeout {
        words.extend(["--timeout".into(), format!("{timeout}s").into()]);
    }
    // The lines of a dry run are handed on as they are.
    if global.json || !args.dry_run {
        words.push("--json".into());
    }
    words
}

fn limits(args: &Args, boards: usize) -> Limits {
    let usual = || thread::available_parallelism().map_or(0, usize::from);
    let seconds = |s: i64| Duration::from_secs(s.unsigned_abs());
    let patience = seconds(args.patience);
    match (args.wait, args.timeout) {
        (false, _) => Limits {
            places: args.jobs.unwrap_or_else(|| usual().max(PLACES_LEAST)),
            place: Some(PLACE),
            patience: Some(patience),
            kept: REPORT_MAX,
        },
        // Boards are waited for together: what waits takes nobody's place.
        (true, timeout) => Limits {
            places: boards,
            place: None,
            patience: timeout.map(|timeout| seconds(timeout).saturating_add(patience)),
            kept: REPORT_MAX,
        },
    }
}

/// The default of --patience.
pub const PATIENCE: &str = "1min";

/// A number of ticks.
pub fn places(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("a number from 1 on is needed".into()),
        Ok(places) => Ok(places),
    }
}

/// How long a board is waited for.
pub fn patience(text: &str) -> Result<time::Seconds, String> {
    match time::duration(text)? {
        0 => Err("no tick is over at once".into()),
        patience => Ok(patience),
    }
}
