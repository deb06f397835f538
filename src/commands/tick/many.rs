//! `kanban tick` for several boards: a process of this program for each, and one summary of them all.
//!
//! No board is opened here, so none can hold up the others: not a damaged one, nor one with a receiver that
//! takes its time.

use std::ffi::OsString;
use std::thread;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;
use serde_json::{Value, json};

use super::Args;
use crate::board::id::Slug;
use crate::commands::Global;
use crate::config::{Config, load};
use crate::exit::{Failure, Kind};
use crate::render::style::Style;
use crate::render::{self, escape};
use crate::tick::share;
use crate::time;
use crate::worker::herd::{self, Answer, How, Limits};

/// So many ticks run at a time even on the smallest machine: a tick waits for disks more than it computes.
const PLACES_LEAST: usize = 4;
/// A tick that takes longer waits for somebody else, and gives its place to the next board.
const PLACE: Duration = Duration::from_secs(2);
/// More than the report of any board that is served in time, in bytes.
const REPORT_MAX: usize = 16 * 1_048_576;
/// How many boards are named in one line.
const NAMED: usize = 10;
/// How boards can fail, the worst first: what passes by itself is the least.
const WORST_FIRST: [Kind; 6] = [
    Kind::Unusable,
    Kind::Failed,
    Kind::Usage,
    Kind::NotFound,
    Kind::Refused,
    Kind::TryAgain,
];

/// What became of the tick of a board.
#[derive(Debug, Serialize)]
struct Entry {
    board: Slug,
    state: State,
    /// Its exit status, if it ended by itself.
    exit: Option<i32>,
    /// What it printed.
    tick: Option<Value>,
    /// What it said last about what could not be done.
    error: Option<String>,
    #[serde(skip)]
    told: Vec<String>,
    #[serde(skip)]
    text: String,
}

/// How it stands with a board.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    /// All was done.
    Done,
    /// Something was not.
    Failed,
    /// It takes longer than we wait, and goes on.
    AtWork,
    /// We were asked to stop before it was over.
    Stopped,
}

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
        .map(|(board, answer)| entry(board, answer, stopped))
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
        render::print(&entries.iter().map(details).collect::<String>())?;
    } else if Style::stdout().terminal {
        render::print(&entries.iter().map(line).collect::<String>())?;
    }
    for (board, told) in entries.iter().map(|one| (&one.board, &one.told)) {
        for line in told {
            render::print_err(&format!("kanban: {board}: {}", escape::line(line)));
        }
    }
    verdict(&entries, stopped)
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

fn entry(board: Slug, answer: Answer, stopped: bool) -> Entry {
    let told = String::from_utf8_lossy(&answer.stderr);
    let mut told: Vec<String> = told
        .lines()
        .map(|line| line.strip_prefix("kanban: ").unwrap_or(line).to_owned())
        .collect();
    let (state, exit) = match &answer.how {
        How::Exit(0) => (State::Done, Some(0)),
        How::Exit(code) => (State::Failed, Some(*code)),
        How::Signal(_) | How::Left if stopped => (State::Stopped, None),
        How::Signal(signal) => {
            told.push(format!("its tick was ended by signal {signal}"));
            (State::Failed, None)
        }
        How::NotStarted(why) => {
            told.push(format!("its tick was not started: {why}"));
            (State::Failed, None)
        }
        How::AtWork | How::Left => (State::AtWork, None),
    };
    let tick = serde_json::from_slice(&answer.stdout).ok().map(unversioned);
    let error = told.last().filter(|_| state != State::Done).cloned();
    Entry {
        board,
        state,
        exit,
        tick,
        error,
        told,
        text: String::from_utf8_lossy(&answer.stdout).into_owned(),
    }
}

/// The summary says once of which version its shapes are.
fn unversioned(mut value: Value) -> Value {
    if let Some(object) = value.as_object_mut() {
        object.remove("version");
    }
    value
}

/// The lines of a dry run, each with its board.
fn details(entry: &Entry) -> String {
    let board = &entry.board;
    match entry.text.is_empty() {
        true => line(entry),
        false => entry
            .text
            .lines()
            .map(|line| format!("{board}: {}\n", escape::line(line)))
            .collect(),
    }
}

/// A board in one line.
fn line(entry: &Entry) -> String {
    let board = &entry.board;
    match (entry.state, &entry.tick) {
        (State::AtWork, _) => format!("{board}: still at work\n"),
        (State::Stopped, _) => format!("{board}: stopped\n"),
        (State::Failed, None) => format!("{board}: failed\n"),
        (State::Done, None) => format!("{board}: nothing to do\n"),
        (state, Some(tick)) => {
            let failed = if state == State::Failed {
                "failed; "
            } else {
                ""
            };
            format!("{board}: {failed}{}\n", summary(tick))
        }
    }
}

/// What a tick did, or how a wait ended, in a few words.
fn summary(tick: &Value) -> String {
    if tick["skipped"].is_string() {
        return "nothing done, another tick has it".into();
    }
    let number = |value: &Value| value.as_u64().unwrap_or(0);
    if let Some(finished) = tick["finished"].as_bool() {
        let stuck = tick["stuck"].as_array().map_or(0, Vec::len);
        return match (finished, number(&tick["blocked"]), stuck) {
            (false, ..) => "not finished in time".into(),
            (true, 0, 0) => "finished".into(),
            (true, blocked, stuck) => {
                format!("finished; {blocked} blocked, {stuck} cannot be started")
            }
        };
    }
    let counts = &tick["counts"];
    let of = |key: &str| number(&counts[key]);
    let words: Vec<String> = [
        (of("absorbed") + of("reaped"), "booked"),
        (of("promoted"), "promoted"),
        (of("started"), "started"),
        (of("running"), "running"),
        (of("waiting"), "waiting"),
        (of("delivered"), "told"),
        (of("undelivered"), "not told"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!("{count} {what}"))
    .collect();
    match words.is_empty() {
        true => "nothing to do".into(),
        false => words.join(", "),
    }
}

fn verdict(entries: &[Entry], stopped: bool) -> Result<()> {
    let of = |state| -> Vec<&Entry> { entries.iter().filter(|e| e.state == state).collect() };
    let (failed, at_work) = (of(State::Failed), of(State::AtWork));
    let all = entries.len();
    let mut parts = Vec::new();
    if !failed.is_empty() {
        let count = failed.len();
        parts.push(format!(
            "not everything could be done on {count} of {all} boards: {}",
            names(&failed)
        ));
    }
    if !at_work.is_empty() {
        parts.push(format!("still at work: {}", names(&at_work)));
    }
    if stopped {
        let left = of(State::Stopped).len();
        parts.push(format!(
            "stopped by a signal before {left} of {all} boards were done"
        ));
    }
    if parts.is_empty() {
        return Ok(());
    }
    let kinds = failed.iter().map(|entry| kind(entry.exit));
    let kind = kinds
        .min_by_key(|kind| WORST_FIRST.iter().position(|known| known == kind))
        .unwrap_or(Kind::TryAgain);
    Err(Failure::new(kind, parts.join("; ")).into())
}

/// How a tick failed, by its exit status. One that died is simply failed.
fn kind(exit: Option<i32>) -> Kind {
    let known = WORST_FIRST
        .into_iter()
        .find(|kind| exit == Some(*kind as i32));
    known.unwrap_or(Kind::Failed)
}

fn names(entries: &[&Entry]) -> String {
    let names: Vec<&str> = entries
        .iter()
        .take(NAMED)
        .map(|e| e.board.as_str())
        .collect();
    let more = match entries.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", names.join(", "))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit;

    fn ended(how: How) -> Entry {
        let answer = Answer {
            how,
            stdout: Vec::new(),
            stderr: Vec::new(),
        };
        entry("b".parse().unwrap(), answer, false)
    }

    #[test]
    fn the_worst_of_the_ends_decides() {
        let of = |ends: Vec<How>| {
            let entries: Vec<Entry> = ends.into_iter().map(ended).collect();
            verdict(&entries, false)
                .err()
                .map(|error| exit::kind(&error))
        };
        assert_eq!(of(vec![How::Exit(0), How::Exit(0)]), None);
        assert_eq!(of(vec![How::Exit(0), How::AtWork]), Some(Kind::TryAgain));
        assert_eq!(of(vec![How::Exit(75), How::Exit(4)]), Some(Kind::Refused));
        assert_eq!(of(vec![How::Exit(3), How::Exit(4)]), Some(Kind::NotFound));
        assert_eq!(of(vec![How::Signal(9), How::Exit(3)]), Some(Kind::Failed));
        assert_eq!(of(vec![How::Exit(1), How::Exit(5)]), Some(Kind::Unusable));
        assert_eq!(of(vec![How::Exit(101)]), Some(Kind::Failed));
        let unstarted = How::NotStarted("no memory".into());
        assert_eq!(of(vec![unstarted]), Some(Kind::Failed));
    }

    #[test]
    fn a_tick_is_told_in_a_few_words() {
        let report = json!({"counts": {"absorbed": 1, "reaped": 1, "started": 3, "waiting": 0}});
        assert_eq!(summary(&report), "2 booked, 3 started");
        assert_eq!(summary(&json!({"counts": {}})), "nothing to do");
        let wait = json!({"finished": true, "blocked": 2, "stuck": []});
        assert_eq!(summary(&wait), "finished; 2 blocked, 0 cannot be started");
    }
}
