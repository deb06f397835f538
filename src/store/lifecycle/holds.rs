//! What makes a card wait, and what lets it go: block, unblock, schedule, promote.

use anyhow::Result;
use rusqlite::params;
use serde_json::json;

use super::{Actor, Changed, admit, by, move_to, next_column, refused, take_away};
use crate::board::block::{self, BlockKind, RECURRENCE_LIMIT};
use crate::board::event::Event;
use crate::board::id::TaskId;
use crate::board::run::Outcome;
use crate::board::statement::Verb;
use crate::board::status::Status;
use crate::exit::Failure;
use crate::store::{Tx, history, links, runs, schema, tasks};
use crate::time::Seconds;

/// Puts a card where only a person takes it out again; one that waits for a parent, to the others that do.
/// Blocked for the same cause again after somebody let it go, it goes to triage: it needs to be looked at.
pub fn block(
    tx: &Tx<'_>,
    id: &TaskId,
    actor: &Actor,
    cause: (Option<BlockKind>, Option<&str>),
    now: Seconds,
) -> Result<Changed> {
    let (kind, reason) = cause;
    let task = tasks::get(tx, id)?;
    admit(tx, &task, actor, Verb::Block)?;
    if !task.status.can_block() {
        return Err(refused(&task, "blocked"));
    }
    let parents = links::open_parents(tx, id)?;
    // A person who blocks a card twice without saying what for means just that.
    let loops = kind.is_some() || matches!(actor, Actor::Worker { .. });
    let count = match loops {
        true => block::recurrences(task.block_kind.as_deref(), task.block_recurrences, kind),
        false => 1,
    };
    let (status, event) = if kind == Some(BlockKind::Dependency) && !parents.is_empty() {
        (Status::Todo, "dependency_wait")
    } else if count >= RECURRENCE_LIMIT {
        (Status::Triage, "block_loop_detected")
    } else {
        (Status::Blocked, "blocked")
    };
    let run = task.current_run_id;
    let cancel = take_away(tx, &task, actor, Outcome::Blocked, reason, now)?;
    move_to(tx, &task, status.clone())?;
    let counted = status != Status::Todo;
    if schema::has(tx, "block_recurrences")? {
        let count = if counted {
            count
        } else {
            task.block_recurrences
        };
        tx.execute(
            "UPDATE tasks SET block_kind = ?2, block_recurrences = ?3 WHERE id = ?1",
            params![id.as_str(), kind.map(BlockKind::as_str), count],
        )?;
    }
    let facts = json!({
        "reason": reason,
        "kind": kind.map(BlockKind::as_str),
        "recurrences": counted.then_some(count),
        "limit": (status == Status::Triage).then_some(RECURRENCE_LIMIT),
        "by": by(actor),
    });
    history::append(tx, id, run, &Event::with(event, facts), now)?;
    Ok(Changed { status, cancel })
}

/// Lets a blocked or scheduled card go again, with its counts set back. What blocked it stays known, so
/// that being blocked for the same cause again is told from another one.
pub fn unblock(tx: &Tx<'_>, id: &TaskId, who: &str, now: Seconds) -> Result<Changed> {
    let task = tasks::get(tx, id)?;
    if !matches!(task.status, Status::Blocked | Status::Scheduled) {
        return Err(refused(&task, "unblocked"));
    }
    if task.status == Status::Scheduled {
        forget_moment(tx, id)?;
    }
    let status = next_column(tx, &tasks::get(tx, id)?, now)?;
    move_to(tx, &task, status.clone())?;
    tx.execute(
        "UPDATE tasks SET consecutive_failures = 0, last_failure_error = NULL WHERE id = ?1",
        [id.as_str()],
    )?;
    runs::forget_counts(tx, id)?;
    let facts = json!({"status": status.as_str(), "by": who});
    history::append(tx, id, None, &Event::with("unblocked", facts), now)?;
    Ok(Changed {
        status,
        cancel: None,
    })
}

/// Lets a card wait for a moment, or, without one, until somebody lets it go.
pub fn schedule(
    tx: &Tx<'_>,
    id: &TaskId,
    actor: &Actor,
    moment: (Option<Seconds>, Option<&str>),
    now: Seconds,
) -> Result<Changed> {
    let (at, reason) = moment;
    let task = tasks::get(tx, id)?;
    admit(tx, &task, actor, Verb::Schedule)?;
    if !matches!(
        task.status,
        Status::Todo | Status::Ready | Status::Running | Status::Blocked | Status::Scheduled
    ) {
        return Err(refused(&task, "scheduled"));
    }
    let run = task.current_run_id;
    let cancel = take_away(tx, &task, actor, Outcome::Scheduled, reason, now)?;
    move_to(tx, &task, Status::Scheduled)?;
    tx.execute(
        "INSERT INTO tick_cards (task_id, not_before) VALUES (?1, ?2)
         ON CONFLICT (task_id) DO UPDATE SET not_before = ?2, retry_at = NULL",
        params![id.as_str(), at],
    )?;
    let facts = json!({"reason": reason, "not_before": at, "by": by(actor)});
    history::append(tx, id, run, &Event::with("scheduled", facts), now)?;
    Ok(Changed {
        status: Status::Scheduled,
        cancel,
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
        let names: Vec<_> = open.iter().map(|parent| parent.id.as_str()).collect();
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
    forget_moment(tx, id)?;
    let event = Event::with("promoted", json!({"by": who}));
    history::append(tx, id, None, &event, now)?;
    Ok(Changed {
        status,
        cancel: None,
    })
}

fn forget_moment(tx: &Tx<'_>, id: &TaskId) -> Result<()> {
    tx.execute(
        "UPDATE tick_cards SET not_before = NULL, retry_at = NULL WHERE task_id = ?1",
        [id.as_str()],
    )?;
    Ok(())
}
