//! Runs that another program started: what is known of them, and how they are booked.
//!
//! Nothing of ours speaks for them, so they are judged by their lease and, on this machine, by their
//! process. Every change is guarded by the claim that was seen.

use anyhow::Result;
use rusqlite::{Connection, params};
use serde_json::{Value, json};

use super::settle::{self, Card, Effect, Miss};
use super::{Tx, history};
use crate::board::event::Event;
use crate::board::id::TaskId;
use crate::board::retry::Policy;
use crate::board::status::Status;
use crate::time::Seconds;

/// A running card that no run of ours speaks for.
#[derive(Debug, Clone)]
pub struct Outsider {
    pub task: TaskId,
    pub assignee: String,
    pub run_id: Option<i64>,
    /// `host name:pid` of who claimed it.
    pub lock: Option<String>,
    pub expires: Option<Seconds>,
    /// The worker.
    pub pid: Option<i64>,
    pub heartbeat: Option<Seconds>,
    /// Of this run, else of the card.
    pub started: Option<Seconds>,
    pub max_runtime: Option<Seconds>,
}

/// Every running card that no run of ours speaks for.
pub fn list(conn: &Connection) -> Result<Vec<Outsider>> {
    let mut statement = conn.prepare_cached(
        "SELECT t.id, coalesce(t.assignee, ''), t.current_run_id, t.claim_lock, t.claim_expires, t.worker_pid,
                t.last_heartbeat_at, coalesce(s.started_at, t.started_at), t.max_runtime_seconds
         FROM tasks t LEFT JOIN task_runs s ON s.id = t.current_run_id
         WHERE t.status = 'running'
           AND NOT EXISTS (SELECT 1 FROM tick_runs r WHERE r.run_id = t.current_run_id)
         ORDER BY t.id",
    )?;
    let rows = statement.query_map([], |r| {
        Ok(Outsider {
            task: TaskId::stored(r.get(0)?),
            assignee: r.get(1)?,
            run_id: r.get(2)?,
            lock: r.get(3)?,
            expires: r.get(4)?,
            pid: r.get(5)?,
            heartbeat: r.get(6)?,
            started: r.get(7)?,
            max_runtime: r.get(8)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Gives a worker that lives more time. `false`: the card moved meanwhile.
pub fn extend(tx: &Tx<'_>, run: &Outsider, until: Seconds, now: Seconds) -> Result<bool> {
    let facts = json!({
        "reason": "pid_alive",
        "worker_pid": run.pid,
        "claim_lock": run.lock,
        "claim_expires_was": run.expires,
        "claim_expires_now": until,
        "last_heartbeat_at": run.heartbeat,
    });
    put_off(tx, run, until, &Event::with("claim_extended", facts), now)
}

/// Keeps the claim of a worker that could not be ended. `false`: the card moved meanwhile.
pub fn defer(
    tx: &Tx<'_>,
    run: &Outsider,
    reason: &str,
    ending: &Value,
    until: Seconds,
    now: Seconds,
) -> Result<bool> {
    let facts = with(
        json!({"reason": reason, "claim_lock": run.lock, "claim_expires_now": until}),
        ending,
    );
    put_off(tx, run, until, &Event::with("reclaim_deferred", facts), now)
}

fn put_off(
    tx: &Tx<'_>,
    run: &Outsider,
    until: Seconds,
    event: &Event,
    now: Seconds,
) -> Result<bool> {
    let held = tx.execute(
        "UPDATE tasks SET claim_expires = ?2
         WHERE id = ?1 AND status = 'running' AND claim_lock IS ?3 AND current_run_id IS ?4",
        params![run.task.as_str(), until, run.lock, run.run_id],
    )? == 1;
    if held {
        tx.execute(
            "UPDATE task_runs SET claim_expires = ?2 WHERE id = ?1 AND ended_at IS NULL",
            params![run.run_id, until],
        )?;
        history::append(tx, &run.task, run.run_id, event, now)?;
    }
    Ok(held)
}

/// Books the end of a run of another program. `None`: the card moved meanwhile.
pub fn book(
    tx: &Tx<'_>,
    run: &Outsider,
    miss: &Miss<'_>,
    metadata: &Value,
    policy: &dyn Fn(Option<i64>) -> Policy,
    now: Seconds,
) -> Result<Option<Effect>> {
    let card = Card {
        task: &run.task,
        run_id: run.run_id,
        worker: &run.assignee,
        source: &Status::Ready,
    };
    let Some(standing) = settle::standing(tx, &card)? else {
        return Ok(None);
    };
    let same: bool = tx.query_row(
        "SELECT claim_lock IS ?2 AND worker_pid IS ?3 FROM tasks WHERE id = ?1",
        params![run.task.as_str(), run.lock, run.pid],
        |r| r.get(0),
    )?;
    if !same {
        return Ok(None);
    }
    tx.execute(
        "UPDATE task_runs SET status = ?2, outcome = ?2, ended_at = ?3, error = coalesce(?4, error),
                metadata = coalesce(?5, metadata), claim_lock = NULL, claim_expires = NULL, worker_pid = NULL
         WHERE id = ?1 AND ended_at IS NULL",
        params![
            run.run_id,
            miss.outcome.as_str(),
            now,
            miss.error,
            metadata.to_string()
        ],
    )?;
    // The last sign of life belongs to the run that is over.
    tx.execute(
        "UPDATE tasks SET last_heartbeat_at = NULL WHERE id = ?1",
        [run.task.as_str()],
    )?;
    settle::fail(tx, &card, miss, standing, policy, now).map(Some)
}

/// One JSON object with the keys of both.
pub fn with(mut facts: Value, more: &Value) -> Value {
    if let (Some(facts), Some(more)) = (facts.as_object_mut(), more.as_object()) {
        facts.extend(more.clone());
    }
    facts
}
