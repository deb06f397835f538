//! What people, and workers that report for themselves, do to a card: complete, block, unblock,
//! promote, archive. Each is one guarded update; a card that moved meanwhile is refused, not overwritten.

use anyhow::Result;
use rusqlite::{OptionalExtension, params};
use serde_json::json;

use super::{Tx, history, links, runs, tasks};
use crate::board::event::Event;
use crate::board::id::{Nonce, TaskId};
use crate::board::run::Outcome;
use crate::board::status::Status;
use crate::board::task::Task;
use crate::exit::Failure;
use crate::time::Seconds;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// Somebody at a shell, by name.
    Person(String),
    /// The worker of a run, by the token it was given.
    Worker {
        /// The token.
        token: String,
    },
}

/// What a change came to.
#[derive(Debug, Clone)]
pub struct Changed {
    /// The column the card is in now.
    pub status: Status,
    /// A run whose card was taken away and whose worker has to be ended.
    pub cancel: Option<Nonce>,
}

/// Marks a card as done. What it came to is its `result`.
pub fn complete(
    tx: &Tx<'_>,
    id: &TaskId,
    actor: &Actor,
    summary: Option<&str>,
    now: Seconds,
) -> Result<Changed> {
    let task = tasks::get(tx, id)?;
    admit(tx, &task, actor)?;
    if !task.status.can_complete() {
        return Err(refused(&task, "completed"));
    }
    let run = task.current_run_id;
    let cancel = take_away(tx, &task, actor, Outcome::Completed, summary, now)?;
    move_to(tx, &task, Status::Done)?;
    tx.execute(
        "UPDATE tasks SET completed_at = ?2, result = coalesce(?3, result), consecutive_failures = 0,
                last_failure_error = NULL WHERE id = ?1",
        params![id.as_str(), now, summary],
    )?;
    runs::forget_counts(tx, id)?;
    let facts = json!({"summary": summary, "result_len": summary.map_or(0, |s| s.chars().count()), "by": by(actor)});
    history::append(tx, id, run, &Event::with("completed", facts), now)?;
    Ok(Changed {
        status: Status::Done,
        cancel,
    })
}

/// Puts a card where only a person takes it out again.
pub fn block(
    tx: &Tx<'_>,
    id: &TaskId,
    actor: &Actor,
    reason: Option<&str>,
    now: Seconds,
) -> Result<Changed> {
    let task = tasks::get(tx, id)?;
    admit(tx, &task, actor)?;
    if !task.status.can_block() {
        return Err(refused(&task, "blocked"));
    }
    let run = task.current_run_id;
    let cancel = take_away(tx, &task, actor, Outcome::Blocked, reason, now)?;
    move_to(tx, &task, Status::Blocked)?;
    history::append(
        tx,
        id,
        run,
        &Event::with("blocked", json!({"reason": reason, "by": by(actor)})),
        now,
    )?;
    Ok(Changed {
        status: Status::Blocked,
        cancel,
    })
}

/// Lets a blocked card go again, with its counts set back.
pub fn unblock(tx: &Tx<'_>, id: &TaskId, who: &str, now: Seconds) -> Result<Changed> {
    let task = tasks::get(tx, id)?;
    if task.status != Status::Blocked {
        return Err(refused(&task, "unblocked"));
    }
    let status = if !links::open_parents(tx, id)?.is_empty() {
        Status::Todo
    } else if task.not_before.is_some_and(|at| at > now) {
        Status::Scheduled
    } else {
        Status::Ready
    };
    move_to(tx, &task, status.clone())?;
    tx.execute(
        "UPDATE tasks SET consecutive_failures = 0, last_failure_error = NULL, block_kind = NULL WHERE id = ?1",
        [id.as_str()],
    )?;
    runs::forget_counts(tx, id)?;
    history::append(
        tx,
        id,
        None,
        &Event::with("unblocked", json!({"status": status.as_str(), "by": who})),
        now,
    )?;
    Ok(Changed {
        status,
        cancel: None,
    })
}

/// Makes a card ready now: out of triage or a wait for its moment, or past the delay of a retry.
pub fn promote(tx: &Tx<'_>, id: &TaskId, who: &str, now: Seconds) -> Result<Changed> {
    let task = tasks::get(tx, id)?;
    if !matches!(
        task.status,
        Status::Triage | Status::Todo | Status::Scheduled | Status::Ready
    ) {
        return Err(refused(&task, "promoted"));
    }
    let open = links::open_parents(tx, id)?;
    if !open.is_empty() && task.status != Status::Triage {
        let names: Vec<_> = open.iter().map(TaskId::as_str).collect();
        return Err(Failure::refused(format!(
            "{id} cannot be promoted: it waits for {}",
            names.join(", ")
        ))
        .hint("complete them, or take the link away with kanban unlink")
        .into());
    }
    let status = if open.is_empty() {
        Status::Ready
    } else {
        Status::Todo
    };
    move_to(tx, &task, status.clone())?;
    tx.execute(
        "UPDATE tick_cards SET not_before = NULL, retry_at = NULL WHERE task_id = ?1",
        [id.as_str()],
    )?;
    history::append(
        tx,
        id,
        None,
        &Event::with("promoted", json!({"by": who})),
        now,
    )?;
    Ok(Changed {
        status,
        cancel: None,
    })
}

/// Puts a card away. Its children no longer wait for it.
pub fn archive(tx: &Tx<'_>, id: &TaskId, who: &str, now: Seconds) -> Result<Changed> {
    let task = tasks::get(tx, id)?;
    if task.status == Status::Archived {
        return Err(refused(&task, "archived"));
    }
    let run = task.current_run_id;
    let actor = Actor::Person(who.to_owned());
    let cancel = take_away(tx, &task, &actor, Outcome::Reclaimed, None, now)?;
    move_to(tx, &task, Status::Archived)?;
    history::append(
        tx,
        id,
        run,
        &Event::with("archived", json!({"by": who})),
        now,
    )?;
    Ok(Changed {
        status: Status::Archived,
        cancel,
    })
}

/// A worker speaks only for the run it was started for, and only while the card is that run's own.
fn admit(tx: &Tx<'_>, task: &Task, actor: &Actor) -> Result<()> {
    let Actor::Worker { token } = actor else {
        return Ok(());
    };
    let run = tx
        .query_row(
            "SELECT run_id, task_id FROM tick_runs WHERE token = ?1 AND stage = 'started' AND dead = 0",
            [token],
            |r| Ok((r.get::<_, i64>(0)?, r.get::<_, String>(1)?)),
        )
        .optional()?;
    let problem = match run {
        None => format!(
            "the run that this worker belongs to is over, so it cannot report on {}",
            task.id
        ),
        Some((_, own)) if own != task.id.as_str() => {
            format!(
                "this worker was started for {own} and cannot report on {}",
                task.id
            )
        }
        Some((run_id, _))
            if task.current_run_id != Some(run_id) || task.status != Status::Running =>
        {
            format!(
                "{} was taken away from this worker (it is {} now)",
                task.id, task.status
            )
        }
        Some(_) => return Ok(()),
    };
    Err(Failure::refused(problem)
        .hint("a person who means to act on another card unsets KANBAN_TOKEN first")
        .into())
}

/// Ends the claim on a running card and closes its run. Names the run to cancel unless its own worker asks.
fn take_away(
    tx: &Tx<'_>,
    task: &Task,
    actor: &Actor,
    outcome: Outcome,
    text: Option<&str>,
    now: Seconds,
) -> Result<Option<Nonce>> {
    let Some(run_id) = task.current_run_id else {
        return Ok(None);
    };
    let (summary, error) = match outcome {
        Outcome::Completed => (text, None),
        _ => (None, text),
    };
    runs::close(tx, run_id, outcome, summary, error, now)?;
    if matches!(actor, Actor::Worker { .. }) {
        return Ok(None);
    }
    let nonce: Option<String> = tx
        .query_row(
            "SELECT nonce FROM tick_runs WHERE run_id = ?1 AND dead = 0",
            [run_id],
            |r| r.get(0),
        )
        .optional()?;
    Ok(nonce.and_then(|n| n.parse().ok()))
}

/// Moves a card out of the column it was seen in. Only a running card has a claim.
fn move_to(tx: &Tx<'_>, task: &Task, status: Status) -> Result<()> {
    let moved = tx.execute(
        "UPDATE tasks SET status = ?3, claim_lock = NULL, claim_expires = NULL, worker_pid = NULL,
                current_run_id = NULL
         WHERE id = ?1 AND status = ?2 AND current_run_id IS ?4",
        params![
            task.id.as_str(),
            task.status.as_str(),
            status.as_str(),
            task.current_run_id
        ],
    )?;
    if moved == 1 {
        Ok(())
    } else {
        Err(Failure::try_again(format!(
            "{} was moved by somebody else at the same moment",
            task.id
        ))
        .into())
    }
}

fn refused(task: &Task, verb: &str) -> anyhow::Error {
    let failure = Failure::refused(format!(
        "{} is {} and cannot be {verb}",
        task.id, task.status
    ));
    match (&task.status, verb) {
        (Status::Blocked, "promoted") => failure
            .hint(format!("kanban unblock {} lets it go again", task.id))
            .into(),
        _ => failure.into(),
    }
}

fn by(actor: &Actor) -> &str {
    match actor {
        Actor::Person(name) => name,
        Actor::Worker { .. } => "worker",
    }
}
