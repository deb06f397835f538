//! Bringing cards to an end, and taking them up again: complete, cancel, archive, retry.

use anyhow::Result;
use rusqlite::params;
use serde_json::json;

use super::{Actor, Changed, admit, by, move_to, next_column, refused, take_away};
use crate::board::event::Event;
use crate::board::id::TaskId;
use crate::board::run::Outcome;
use crate::board::statement::{Metadata, Verb};
use crate::board::status::Status;
use crate::store::links::OPEN_PARENT;
use crate::store::settle::cut;
use crate::store::{Tx, history, runs, schema, tasks};
use crate::time::Seconds;

/// Marks a card as done. What it came to is its `result`; facts for programs are kept with its run.
pub fn complete(
    tx: &Tx<'_>,
    id: &TaskId,
    actor: &Actor,
    (summary, metadata): (Option<&str>, Option<&Metadata>),
    now: Seconds,
) -> Result<Changed> {
    let task = tasks::get(tx, id)?;
    admit(tx, &task, actor, Verb::Complete)?;
    if !task.status.can_complete() {
        return Err(refused(&task, "completed"));
    }
    let run = task.current_run_id;
    let cancel = take_away(tx, &task, actor, Outcome::Completed, summary, now)?;
    runs::keep_metadata(tx, &task, run, (Outcome::Completed, metadata), now)?;
    move_to(tx, &task, Status::Done)?;
    tx.execute(
        "UPDATE tasks SET completed_at = ?2, result = coalesce(?3, result), consecutive_failures = 0,
                last_failure_error = NULL WHERE id = ?1",
        params![id.as_str(), now, summary],
    )?;
    forget_blocks(tx, id)?;
    runs::forget_counts(tx, id)?;
    let facts = json!({
        "summary": summary.map(|s| cut(s, 400)),
        "result_len": summary.map_or(0, |s| s.chars().count()),
        // Hermes sends these files to whoever subscribed to the card.
        "artifacts": metadata.and_then(|facts| facts.get("artifacts")).filter(|list| list.is_array()),
        "by": by(actor),
    });
    history::append(tx, id, run, &Event::with("completed", facts), now)?;
    Ok(Changed {
        status: Status::Done,
        cancel,
    })
}

/// A card that is done has overcome what blocked it.
pub fn forget_blocks(tx: &Tx<'_>, id: &TaskId) -> Result<()> {
    if schema::has(tx, "block_recurrences")? {
        tx.execute(
            "UPDATE tasks SET block_kind = NULL, block_recurrences = 0 WHERE id = ?1",
            [id.as_str()],
        )?;
    }
    Ok(())
}

/// Gives a card up. It is not done: children that wait for a success go on waiting.
pub fn cancel(
    tx: &Tx<'_>,
    id: &TaskId,
    actor: &Actor,
    reason: Option<&str>,
    now: Seconds,
) -> Result<Changed> {
    let task = tasks::get(tx, id)?;
    admit(tx, &task, actor, Verb::Cancel)?;
    if task.status.is_final() {
        return Err(refused(&task, "cancelled"));
    }
    let run = task.current_run_id;
    let cancel = take_away(tx, &task, actor, Outcome::Reclaimed, reason, now)?;
    move_to(tx, &task, Status::Cancelled)?;
    tx.execute(
        "INSERT INTO tick_cards (task_id, cancelled_at) VALUES (?1, ?2)
         ON CONFLICT (task_id) DO UPDATE SET cancelled_at = ?2, not_before = NULL, retry_at = NULL",
        params![id.as_str(), now],
    )?;
    let facts = json!({"reason": reason, "by": by(actor)});
    history::append(tx, id, run, &Event::with("cancelled", facts), now)?;
    Ok(Changed {
        status: Status::Cancelled,
        cancel,
    })
}

/// Puts a card away. Its children no longer wait for it, unless it had been cancelled.
pub fn archive(tx: &Tx<'_>, id: &TaskId, who: &str, now: Seconds) -> Result<Changed> {
    let task = tasks::get(tx, id)?;
    if task.status == Status::Archived {
        return Err(refused(&task, "archived"));
    }
    let run = task.current_run_id;
    let actor = Actor::Person(who.to_owned());
    let cancel = take_away(tx, &task, &actor, Outcome::Reclaimed, None, now)?;
    move_to(tx, &task, Status::Archived)?;
    let event = Event::with("archived", json!({"by": who}));
    history::append(tx, id, run, &event, now)?;
    Ok(Changed {
        status: Status::Archived,
        cancel,
    })
}

/// Takes a card up again from wherever it ended, with its counts set back.
pub fn retry(tx: &Tx<'_>, id: &TaskId, who: &str, now: Seconds) -> Result<Changed> {
    let task = tasks::get(tx, id)?;
    let waits = task.status == Status::Ready && task.retry_at.is_some();
    if !(task.status.is_final() || task.status == Status::Blocked || waits) {
        return Err(refused(&task, "tried again"));
    }
    runs::forget_counts(tx, id)?;
    tx.execute(
        "UPDATE tick_cards SET cancelled_at = NULL WHERE task_id = ?1",
        [id.as_str()],
    )?;
    let status = next_column(tx, &task, now)?;
    move_to(tx, &task, status.clone())?;
    tx.execute(
        "UPDATE tasks SET completed_at = NULL, consecutive_failures = 0, last_failure_error = NULL WHERE id = ?1",
        [id.as_str()],
    )?;
    let kind = match task.status {
        Status::Blocked => "unblocked",
        _ => "status",
    };
    let facts = json!({"status": status.as_str(), "by": who});
    history::append(tx, id, None, &Event::with(kind, facts), now)?;
    // Children that it had let go and that have not started wait for it again.
    tx.execute(
        &format!(
            "UPDATE tasks AS t SET status = 'todo' WHERE t.status = 'ready' AND {OPEN_PARENT}
             AND t.id IN (SELECT child_id FROM task_links WHERE parent_id = ?1)"
        ),
        [id.as_str()],
    )?;
    Ok(Changed {
        status,
        cancel: None,
    })
}
