//! What the ticks of several boards came to, board by board, and as one exit status.

use anyhow::Result;
use serde::Serialize;
use serde_json::Value;

use crate::board::id::Slug;
use crate::exit::{Failure, Kind};
use crate::render::escape;
use crate::worker::herd::{Answer, How};

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
pub(super) struct Entry {
    pub board: Slug,
    pub state: State,
    /// Its exit status, if it ended by itself.
    exit: Option<i32>,
    /// What it printed.
    tick: Option<Value>,
    /// What it said last about what could not be done.
    error: Option<String>,
    #[serde(skip)]
    pub told: Vec<String>,
    #[serde(skip)]
    text: String,
}

/// How it stands with a board.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// All was done.
    Done,
    /// Something was not.
    Failed,
    /// It takes longer than we wait, and goes on.
    AtWork,
    /// We were asked to stop before it was over.
    Stopped,
}

pub(super) fn entry(board: Slug, answer: Answer, stopped: bool) -> Entry {
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
pub(super) fn details(entry: &Entry) -> String {
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
pub(super) fn line(entry: &Entry) -> String {
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

pub(super) fn verdict(entries: &[Entry], stopped: bool) -> Result<()> {
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

#[cfg(test)]
mod tests {
    use serde_json::json;

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
