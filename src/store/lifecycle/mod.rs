//! What people, and workers that report for themselves, do to a card. Each is one guarded update; a card
//! that moved meanwhile is refused, not overwritten.
//!
//! Here is what all of them share: who may, taking a card away from its worker, and moving it.

mod admission;
mod ends;
mod hands;
mod holds;
mod repeat;
mod review;
mod words;

pub use admission::{Own, Refusal, admission};
pub use ends::{archive, cancel, complete, forget_blocks, retry};
pub use hands::{assign, heartbeat, reclaim, stop};
pub use holds::{block, promote, schedule, unblock};
pub use repeat::repeated;
pub use review::{request_changes, request_review};
pub use words::{Words, edit, reprioritize};

use anyhow::Result;
use rusqlite::{OptionalExtension, params};

use super::{Tx, links, runs};
use crate::board::id::{Nonce, RunToken};
use crate::board::run::Outcome;
use crate::board::statement::Verb;
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
        token: RunToken,
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

/// A worker speaks only for the run it was started for, and only while the card is that run's own.
fn admit(tx: &Tx<'_>, task: &Task, actor: &Actor, verb: Verb) -> Result<Option<Own>> {
    admission(tx, actor, verb, std::slice::from_ref(&task.id))?
        .map_err(|refusal| refusal.failure("").into())
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
        Outcome::Completed | Outcome::ReviewRequested | Outcome::ChangesRequested => (text, None),
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

/// Where a card belongs that nobody holds back.
fn next_column(tx: &Tx<'_>, task: &Task, now: Seconds) -> Result<Status> {
    Ok(if !links::open_parents(tx, &task.id)?.is_empty() {
        Status::Todo
    } else if task.not_before.is_some_and(|at| at > now) {
        Status::Scheduled
    } else {
        Status::Ready
    })
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
        (Status::Cancelled | Status::Archived | Status::Done, verb) if verb != "archived" => {
            failure
                .hint(format!("kanban retry {} takes it up again", task.id))
                .into()
        }
        (Status::Running, _) => failure
            .hint(format!(
                "kanban stop {} or kanban reclaim {} takes it away from its worker",
                task.id, task.id
            ))
            .into(),
        _ => failure.into(),
    }
}

/// How the events of a report name a worker.
const BY_WORKER: &str = "worker";

fn by(actor: &Actor) -> &str {
    match actor {
        Actor::Person(name) => name,
        Actor::Worker { .. } => BY_WORKER,
    }
}
