//! Whose hands a card is in: stop and reclaim take it out of a worker's, assign puts it into another's.

use anyhow::Result;
use rusqlite::params;
use serde_json::json;

use super::{Actor, Changed, admit, by, move_to, next_column, refused, take_away};
use crate::board::event::Event;
use crate::board::id::TaskId;
use crate::board::run::Outcome;
use crate::board::statement::Verb;
use crate::board::status::Status;
use crate::store::{Tx, history, runs, tasks};
use crate::time::Seconds;

/// Takes a running card away from its worker and blocks it: it does not start again by itself.
pub fn stop(
    tx: &Tx<'_>,
    id: &TaskId,
    who: &str,
    reason: Option<&str>,
    now: Seconds,
) -> Result<Changed> {
    let task = tasks::get(tx, id)?;
    if task.status != Status::Running {
        return Err(refused(&task, "stopped"));
    }
    let run = task.current_run_id;
    let why = reason.unwrap_or("stopped");
    let actor = Actor::Person(who.to_owned());
    let cancel = take_away(tx, &task, &actor, Outcome::Reclaimed, Some(why), now)?;
    move_to(tx, &task, Status::Blocked)?;
    let facts = json!({"reason": why, "by": who});
    history::append(tx, id, run, &Event::with("blocked", facts), now)?;
    Ok(Changed {
        status: Status::Blocked,
        cancel,
    })
}

/// Takes a running card away from its worker and lets it start again, with its counts set back. No other
/// worker gets it before every process of this one is gone.
pub fn reclaim(
    tx: &Tx<'_>,
    id: &TaskId,
    who: &str,
    reason: Option<&str>,
    now: Seconds,
) -> Result<Changed> {
    let task = tasks::get(tx, id)?;
    if task.status != Status::Running {
        return Err(refused(&task, "reclaimed"));
    }
    let run = task.current_run_id;
    let prev_lock: Option<String> = tx.query_row(
        "SELECT claim_lock FROM tasks WHERE id = ?1",
        [id.as_str()],
        |r| r.get(0),
    )?;
    let actor = Actor::Person(who.to_owned());
    let error = reason.map_or("taken back by hand".to_owned(), |r| {
        format!("taken back by hand: {r}")
    });
    let cancel = take_away(tx, &task, &actor, Outcome::Reclaimed, Some(&error), now)?;
    runs::forget_counts(tx, id)?;
    let status = next_column(tx, &task, now)?;
    move_to(tx, &task, status.clone())?;
    tx.execute(
        "UPDATE tasks SET consecutive_failures = 0, last_failure_error = NULL WHERE id = ?1",
        [id.as_str()],
    )?;
    let facts = json!({
        "manual": true, "reason": reason, "prev_lock": prev_lock, "prev_pid": task.worker_pid, "by": who,
    });
    history::append(tx, id, run, &Event::with("reclaimed", facts), now)?;
    Ok(Changed { status, cancel })
}

/// Gives a card that is not running to another worker or lane, or to nobody. Another worker starts with
/// counts of its own.
pub fn assign(
    tx: &Tx<'_>,
    id: &TaskId,
    assignee: Option<&str>,
    who: &str,
    now: Seconds,
) -> Result<Changed> {
    let task = tasks::get(tx, id)?;
    if task.status == Status::Running {
        return Err(refused(&task, "given to another worker"));
    }
    let same = Changed {
        status: task.status.clone(),
        cancel: None,
    };
    if task.assignee.as_deref() == assignee {
        return Ok(same);
    }
    tx.execute(
        "UPDATE tasks SET assignee = ?2, consecutive_failures = 0, last_failure_error = NULL
         WHERE id = ?1 AND status = ?3",
        params![id.as_str(), assignee, task.status.as_str()],
    )?;
    runs::forget_counts(tx, id)?;
    let facts = json!({"assignee": assignee, "by": who});
    history::append(tx, id, None, &Event::with("assigned", facts), now)?;
    Ok(same)
}

/// Notes that a worker is alive and at work, and what it says about that.
pub fn heartbeat(
    tx: &Tx<'_>,
    id: &TaskId,
    actor: &Actor,
    note: Option<&str>,
    now: Seconds,
) -> Result<Changed> {
    let task = tasks::get(tx, id)?;
    admit(tx, &task, actor, Verb::Heartbeat)?;
    if task.status != Status::Running {
        return Err(refused(&task, "said to be alive"));
    }
    tx.execute(
        "UPDATE tasks SET last_heartbeat_at = ?2 WHERE id = ?1",
        params![id.as_str(), now],
    )?;
    tx.execute(
        "UPDATE task_runs SET last_heartbeat_at = ?2 WHERE id = ?1 AND ended_at IS NULL",
        params![task.current_run_id, now],
    )?;
    let facts = json!({"note": note, "by": by(actor)});
    history::append(
        tx,
        id,
        task.current_run_id,
        &Event::with("heartbeat", facts),
        now,
    )?;
    Ok(Changed {
        status: task.status,
        cancel: None,
    })
}
