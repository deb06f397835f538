//! Giving a card to a worker: who is next, the claim, the fence, and keeping the claim fresh.
//!
//! The claim admits a card only if every earlier run of it is proven dead, whatever its row says; the
//! fence admits a run only while the card is still its own. Both are single guarded updates.

use std::ops::ControlFlow;

use anyhow::Result;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::json;

use super::{Tx, history, links::OPEN_PARENT, schema};
use crate::board::event::Event;
use crate::board::id::{Nonce, RunToken, TaskId};
use crate::board::run::Report;
use crate::board::run_facts::{RunFacts, RunProcesses};
use crate::board::status::Status;
use crate::fsx::Identity;
use crate::time::Seconds;

/// A card as dispatch has to judge it.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The card.
    pub id: TaskId,
    /// The column it is in.
    pub column: Status,
    /// The worker it is for.
    pub assignee: Option<String>,
    /// Not before this time.
    pub not_before: Option<Seconds>,
    /// The next try is not before this time.
    pub retry_at: Option<Seconds>,
    /// An earlier run is not proven dead. The text states why, where that is known; it is empty while its supervisor is
    /// at work.
    pub earlier_run: Option<String>,
    /// Another program has claimed it.
    pub claimed: bool,
    /// A parent is open: the card was put here by another program.
    pub open_parent: bool,
}

/// A card as [`candidates`] shows it, whatever column it is in.
pub fn candidate(conn: &Connection, id: &TaskId) -> Result<Option<Candidate>> {
    let sql = format!("{} WHERE t.id = ?1", select());
    Ok(conn
        .prepare_cached(&sql)?
        .query_row([id.as_str()], row)
        .optional()?)
}

fn select() -> String {
    format!(
        "SELECT t.id, t.status, t.assignee, c.not_before, c.retry_at,
                (SELECT coalesce(r.held, '') FROM tick_runs r WHERE r.task_id = t.id AND r.dead = 0 LIMIT 1),
                t.claim_lock IS NOT NULL, {OPEN_PARENT}
         FROM tasks t LEFT JOIN tick_cards c ON c.task_id = t.id"
    )
}

fn row(row: &Row<'_>) -> rusqlite::Result<Candidate> {
    Ok(Candidate {
        id: TaskId::stored(row.get(0)?),
        column: Status::stored(row.get(1)?),
        assignee: row.get(2)?,
        not_before: row.get(3)?,
        retry_at: row.get(4)?,
        earlier_run: row.get(5)?,
        claimed: row.get(6)?,
        open_parent: row.get(7)?,
    })
}

/// Shows the cards of a column in dispatch order, until `judge` has seen enough.
pub fn candidates(
    conn: &Connection,
    column: &Status,
    mut judge: impl FnMut(Candidate) -> ControlFlow<()>,
) -> Result<()> {
    // The partial index on the ready cards is used only where the query says the same as the index.
    let of_column = match column {
        Status::Ready => "t.status = 'ready' AND ?1 IS NOT NULL",
        _ => "t.status = ?1",
    };
    let mut statement = conn.prepare_cached(&format!(
        "{} WHERE {of_column} ORDER BY t.priority DESC, t.created_at, t.rowid",
        select()
    ))?;
    let mut rows = statement.query([column.as_str()])?;
    while let Some(next) = rows.next()? {
        if judge(row(next)?).is_break() {
            break;
        }
    }
    Ok(())
}

/// How many cards of each worker are running, whoever started them. Runs whose card was taken away
/// count until they are proven dead: their worker may still be at work.
pub fn running(conn: &Connection) -> Result<Vec<(String, u32)>> {
    let mut statement = conn.prepare_cached(
        "SELECT worker, count(*) FROM (
             SELECT coalesce(t.assignee, '') AS worker FROM tasks t WHERE t.status = 'running'
                AND NOT EXISTS (SELECT 1 FROM tick_runs r WHERE r.task_id = t.id AND r.dead = 0)
             UNION ALL SELECT worker FROM tick_runs WHERE dead = 0)
         GROUP BY worker",
    )?;
    let rows = statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// What a claim writes.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The card.
    pub task: TaskId,
    /// The column it was seen in.
    pub source: Status,
    /// Who it was assigned to when it was seen.
    pub assignee: Option<String>,
    /// The worker it is given to.
    pub worker: String,
    /// Names the run's folder.
    pub nonce: Nonce,
    /// Random: nobody else can make up what the worker shows to report for itself.
    pub secret: Nonce,
    /// The lock that this process already holds.
    pub lock: Identity,
    /// This machine.
    pub host: String,
    /// The boot, the PID namespace and the time of the claim.
    pub facts: RunFacts,
    /// `host name:pid`, which Hermes reads.
    pub claimer: String,
    /// Until when other programs leave the card alone.
    pub expires: Seconds,
    /// Seconds.
    pub max_runtime: Seconds,
    /// What the worker owes.
    pub report: Report,
    /// What is done with what it leaves behind, as its row says it.
    pub leftovers: &'static str,
    /// No retry delay is longer, in seconds: a stored time further off means a stepped clock.
    pub delay_max: Seconds,
}

/// A claim that was granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// `task_runs.id`
    pub run_id: i64,
    /// 1 for the first run of the card.
    pub attempt: i64,
    /// What the worker shows to report for itself.
    pub token: RunToken,
}

/// Claims a ready card for a run whose lock is held. `None`: the card is not to be had any more.
pub fn claim(tx: &Tx<'_>, claim: &Claim, now: Seconds) -> Result<Option<Granted>> {
    let id = claim.task.as_str();
    let taken = tx.execute(
        &format!(
            "UPDATE tasks AS t
             SET status = 'running', claim_lock = ?2, claim_expires = ?3, worker_pid = NULL, last_heartbeat_at = ?4,
                 started_at = coalesce(started_at, ?4)
             WHERE t.id = ?1 AND t.status = ?7 AND t.claim_lock IS NULL AND t.assignee IS ?5
               AND NOT (t.status = 'ready' AND {OPEN_PARENT})
               AND NOT EXISTS (SELECT 1 FROM tick_runs r WHERE r.task_id = t.id AND r.dead = 0)
               AND NOT EXISTS (SELECT 1 FROM tick_cards c WHERE c.task_id = t.id
                               AND (c.not_before > ?4 OR (c.retry_at > ?4 AND c.retry_at <= ?4 + ?6)))"
        ),
        params![
            id,
            claim.claimer,
            claim.expires,
            now,
            claim.assignee,
            claim.delay_max,
            claim.source.as_str()
        ],
    )?;
    if taken != 1 {
        return Ok(None);
    }
    if claim.source == Status::Ready && claim.assignee.as_ref().is_none_or(String::is_empty) {
        adopt(tx, claim, now)?;
    }
    // A run that another program left open, although the card is not running, is over.
    tx.execute(
        "UPDATE task_runs SET status = 'reclaimed', outcome = 'reclaimed', ended_at = ?2,
                error = coalesce(error, 'left open when the card was claimed again')
         WHERE task_id = ?1 AND ended_at IS NULL",
        params![id, now],
    )?;
    tx.execute(
        "INSERT INTO task_runs (task_id, profile, status, claim_lock, claim_expires, max_runtime_seconds,
                                last_heartbeat_at, started_at)
         VALUES (?1, ?2, 'running', ?3, ?4, ?5, ?6, ?6)",
        params![id, claim.worker, claim.claimer, claim.expires, claim.max_runtime, now],
    )?;
    let run_id = tx.last_insert_rowid();
    let attempt: i64 = tx.query_row(
        "SELECT count(*) + 1 FROM task_runs s JOIN tick_runs r ON r.run_id = s.id WHERE s.task_id = ?1",
        [id],
        |r| r.get(0),
    )?;
    let token = RunToken::new(run_id, &claim.secret);
    tx.execute(
        "INSERT INTO tick_runs (run_id, task_id, worker, attempt, nonce, token, host, boot, lock_dev, lock_ino,
                                report, leftovers, stage, claimed_at, source, pid_namespace)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 'claimed', ?13, ?14, ?15)",
        params![
            run_id,
            id,
            claim.worker,
            attempt,
            claim.nonce.as_str(),
            token.as_str(),
            claim.host,
            claim.facts.boot,
            claim.lock.dev.cast_signed(),
            claim.lock.ino.cast_signed(),
            claim.report.as_str(),
            claim.leftovers,
            now,
            claim.source.as_str(),
            claim.facts.pid_namespace,
        ],
    )?;
    // Most cards have no times of ours, and then nothing is written.
    tx.execute(
        "UPDATE tick_cards SET retry_at = NULL, not_before = NULL
         WHERE task_id = ?1 AND (retry_at IS NOT NULL OR not_before IS NOT NULL)",
        [id],
    )?;
    tx.execute(
        "UPDATE tasks SET current_run_id = ?2 WHERE id = ?1",
        params![id, run_id],
    )?;
    history::append(
        tx,
        &claim.task,
        Some(run_id),
        &Event::claimed(&claim.claimer, claim.expires, run_id, &claim.source),
        now,
    )?;
    Ok(Some(Granted {
        run_id,
        attempt,
        token,
    }))
}

/// Gives a card that nobody was assigned to the worker that starts it.
fn adopt(tx: &Tx<'_>, claim: &Claim, now: Seconds) -> Result<()> {
    tx.execute(
        "UPDATE tasks SET assignee = ?2 WHERE id = ?1",
        [claim.task.as_str(), &claim.worker],
    )?;
    let facts = json!({"assignee": claim.worker, "source": "default_assignee"});
    let event = Event::with("assigned", facts);
    history::append(tx, &claim.task, None, &event, now)
}

/// What the fence writes.
#[derive(Debug, Clone)]
pub struct Fence<'a> {
    /// The run.
    pub run_id: i64,
    /// Its nonce, so that a reused row id is not taken for it.
    pub nonce: &'a Nonce,
    /// How its processes are found after its supervisor was killed.
    pub facts: &'a RunFacts,
    /// Where the run begins in the card's log, in bytes.
    pub log_offset: u64,
    /// Where it works.
    pub workspace: &'a str,
    /// The branch that it works in, in a worktree.
    pub branch: Option<&'a str>,
}

const PASS: &str = "UPDATE tick_runs
     SET stage = 'started', started_at = ?3, supervisor_pid = ?4, worker_pid = ?5, log_offset = ?6, boot = ?7,
         pid_namespace = ?8, process_group = ?9, session = ?10, cgroup = ?11, worker_started = ?12,
         supervisor_started = ?13
     WHERE run_id = ?1 AND nonce = ?2 AND stage = 'claimed' AND dead = 0
       AND EXISTS (SELECT 1 FROM tasks t WHERE t.id = tick_runs.task_id AND t.current_run_id = ?1
                   AND t.status = 'running')
     RETURNING task_id";

/// Moves a run from claimed to started, if the card is still its own. `false`: it was taken away, and
/// the worker must not be let off.
pub fn fence(tx: &Tx<'_>, fence: &Fence<'_>, now: Seconds) -> Result<bool> {
    let Some(RunProcesses {
        supervisor,
        worker,
        group,
        session,
        cgroup,
    }) = &fence.facts.processes
    else {
        return Ok(false);
    };
    let passed = tx
        .prepare_cached(PASS)?
        .query_row(
            params![
                fence.run_id,
                fence.nonce.as_str(),
                now,
                supervisor.pid,
                worker.pid,
                fence.log_offset.cast_signed(),
                fence.facts.boot,
                fence.facts.pid_namespace,
                group,
                session,
                cgroup,
                worker.started,
                supervisor.started,
            ],
            |r| r.get(0).map(TaskId::stored),
        )
        .optional()?;
    let Some(task) = passed else {
        return Ok(false);
    };
    tx.execute(
        "UPDATE task_runs SET worker_pid = ?2 WHERE id = ?1",
        params![fence.run_id, worker.pid],
    )?;
    tx.execute(
        "UPDATE tasks SET worker_pid = ?2, last_heartbeat_at = ?3, workspace_path = ?4 WHERE id = ?1",
        params![task.as_str(), worker.pid, now, fence.workspace],
    )?;
    if let Some(branch) = fence.branch
        && schema::has(tx, "branch_name")?
    {
        tx.execute(
            "UPDATE tasks SET branch_name = ?2 WHERE id = ?1",
            [task.as_str(), branch],
        )?;
    }
    history::append(
        tx,
        &task,
        Some(fence.run_id),
        &Event::spawned(worker.pid.unsigned_abs()),
        now,
    )?;
    Ok(true)
}

/// Keeps other programs away from a card that is being worked on. `false`: it was taken away.
///
/// An earlier copy of the board may have used the number of the run for another one, so the nonce has to fit as well.
pub fn extend(
    tx: &Tx<'_>,
    run_id: i64,
    nonce: &str,
    expires: Seconds,
    now: Seconds,
) -> Result<bool> {
    let held = tx.execute(
        "UPDATE tasks SET claim_expires = ?2, last_heartbeat_at = ?3
         WHERE id = (SELECT task_id FROM tick_runs WHERE run_id = ?1 AND nonce = ?4) AND current_run_id = ?1
           AND status = 'running'",
        params![run_id, expires, now, nonce],
    )? == 1;
    if held {
        tx.execute(
            "UPDATE task_runs SET claim_expires = ?2, last_heartbeat_at = ?3 WHERE id = ?1 AND ended_at IS NULL",
            params![run_id, expires, now],
        )?;
    }
    Ok(held)
}

/// Removes the claim of a run that is over from its card. A program that moves a running card may change its status
/// alone, and the card would then wait until the claim expires. The claim of another program stays.
///
/// Call this before the row of the run is closed: closing removes the text of the claim, which tells them apart.
pub fn release(tx: &Tx<'_>, run_id: i64, task: &TaskId) -> Result<()> {
    tx.execute(
        "UPDATE tasks SET claim_lock = NULL, claim_expires = NULL, worker_pid = NULL, current_run_id = NULL
         WHERE id = ?1 AND status IS NOT 'running'
           AND CASE WHEN current_run_id = ?2
                    THEN coalesce(claim_lock = (SELECT s.claim_lock FROM task_runs s WHERE s.id = ?2), 1)
                    ELSE current_run_id IS NULL
                         AND claim_lock = (SELECT s.claim_lock FROM task_runs s WHERE s.id = ?2) END",
        params![task.as_str(), run_id],
    )?;
    Ok(())
}
