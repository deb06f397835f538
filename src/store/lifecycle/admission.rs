//! Who may speak for a card: anybody at a shell, and of the workers the one whose run has it.

use anyhow::Result;
use rusqlite::{Connection, OptionalExtension};

use super::{Actor, repeat};
use crate::board::id::TaskId;
use crate::board::statement::Verb;
use crate::board::status::Status;
use crate::exit::Failure;
use crate::store::{runs, tasks};
use crate::time;

/// The run that a worker belongs to, while it has its card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Own {
    /// `task_runs.id`
    pub run: i64,
    pub task: TaskId,
    pub worker: String,
    /// The column that its card was taken from.
    pub source: Status,
}

/// Why a worker is not listened to.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// Its run, if it is one of this board.
    pub run: Option<i64>,
    /// The card of its run, or the one that it named; none where that is gone.
    pub card: Option<TaskId>,
    why: String,
    hint: String,
}

impl Refusal {
    /// In a sentence.
    pub fn why(&self) -> &str {
        &self.why
    }

    /// As an error; `kept` says what became of what it wanted to say.
    pub fn failure(&self, kept: &str) -> Failure {
        Failure::refused(format!("{}{kept}", self.why)).hint(self.hint.clone())
    }
}

/// Whether whoever asks may do this to these cards. A person may; `Ok(Some)` is a worker that may.
pub fn admission(
    conn: &Connection,
    actor: &Actor,
    verb: Verb,
    about: &[TaskId],
) -> Result<Result<Option<Own>, Refusal>> {
    let Actor::Worker { token } = actor else {
        return Ok(Ok(None));
    };
    let unset = "a person who means to act on another card unsets KANBAN_TOKEN first";
    // One of an earlier release is looked for among all.
    let which = match token.run() {
        Some(_) => "run_id = ?1",
        None => "?1 IS NULL",
    };
    let row = conn
        .prepare_cached(&format!(
            "SELECT run_id, task_id, worker, source, stage = 'started' AND dead = 0
             FROM tick_runs WHERE {which} AND token = ?2"
        ))?
        .query_row((token.run(), token.as_str()), |r| {
            let own = Own {
                run: r.get(0)?,
                task: TaskId::stored(r.get(1)?),
                worker: r.get(2)?,
                source: Status::stored(r.get(3)?),
            };
            Ok((own, r.get::<_, bool>(4)?))
        })
        .optional()?;
    let Some((own, alive)) = row else {
        let card = about.first().cloned();
        return Ok(Err(Refusal {
            run: None,
            card: card.filter(|id| tasks::get(conn, id).is_ok()),
            why: "no run of this board has the token in KANBAN_TOKEN".into(),
            hint: format!("the worker belongs to another board, or {unset}"),
        }));
    };
    let refuse = |card: Option<TaskId>, why: String, hint: String| {
        Ok(Err(Refusal {
            run: Some(own.run),
            card,
            why,
            hint,
        }))
    };
    let Ok(card) = tasks::get(conn, &own.task) else {
        let why = format!("run {} had {}, which was deleted", own.run, own.task);
        return refuse(None, why, unset.into());
    };
    let has_card = alive && card.current_run_id == Some(own.run) && card.status == Status::Running;
    let speaks = has_card || (verb == Verb::Comment && repeat::reported_last(conn, &own)?);
    if !speaks {
        let why = format!(
            "run {} has {} no longer{}; {}",
            own.run,
            own.task,
            how_it_ended(conn, own.run)?,
            who_has_it(conn, card.current_run_id, &card.status)?
        );
        return refuse(Some(own.task.clone()), why, unset.into());
    }
    let foreign = about.iter().find(|id| **id != own.task);
    if let Some(other) = foreign.filter(|_| !verb.reaches_other_cards()) {
        let why = format!(
            "run {} was started for {} and cannot report on {other}",
            own.run, own.task
        );
        let hint = format!("kanban comment {other} says something there; {unset}");
        return refuse(Some(own.task.clone()), why, hint);
    }
    Ok(Ok(Some(own)))
}

fn how_it_ended(conn: &Connection, run: i64) -> Result<String> {
    let row = runs::get(conn, run)?;
    let Some((row, at)) = row.and_then(|row| row.ended_at.map(|at| (row, at))) else {
        return Ok(String::new());
    };
    let outcome = row.outcome.unwrap_or(row.status);
    let error = row
        .error
        .map_or(String::new(), |error| format!(", {error}"));
    Ok(format!(
        ": it ended {} as {outcome}{error}",
        time::local(at)
    ))
}

fn who_has_it(conn: &Connection, current: Option<i64>, status: &Status) -> Result<String> {
    let current = match current {
        Some(id) => runs::get(conn, id)?.filter(|_| *status == Status::Running),
        None => None,
    };
    Ok(match current {
        Some(run) => format!(
            "run {} ({}) has it now",
            run.id,
            run.worker.as_deref().unwrap_or("of another program")
        ),
        None => format!("the card is {status} now"),
    })
}
