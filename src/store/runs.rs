//! Runs: which may still be alive, and what has been.

use std::collections::HashSet;
use std::ops::ControlFlow;

use anyhow::Result;
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use serde_json::{Value, json};

use super::{Fields, Tx, history, listing};
use crate::board::event::Event;
use crate::board::id::{Nonce, TaskId};
use crate::board::run::{Outcome, Report, Stage};
use crate::board::run_facts::{ProcessId, RunFacts, RunProcesses};
use crate::board::statement::Metadata;
use crate::board::status::Status;
use crate::board::task::Task;
use crate::fsx::Identity;
use crate::time::Seconds;

/// A run that is not proven dead.
#[derive(Debug, Clone)]
pub struct AliveRun {
    /// `task_runs.id`
    pub run_id: i64,
    /// Its card.
    pub task: TaskId,
    /// Who works on it.
    pub worker: String,
    /// The column that its card was taken from.
    pub source: Status,
    /// By which its processes are found.
    pub facts: RunFacts,
    /// Why its end could not be recorded so far, although its supervisor is gone.
    pub held: Option<String>,
    /// Names its folder.
    pub nonce: Nonce,
    /// The machine whose locks speak for it.
    pub host: String,
    /// The file that its lock is on.
    pub lock: Identity,
    /// What its worker owes.
    pub report: Report,
    /// How far it came, as far as the board knows.
    pub stage: Stage,
    /// Where it begins in the card's log, in bytes.
    pub log_offset: u64,
    /// The card is still this run's own.
    pub owns_card: bool,
    /// Its card was completed or blocked, perhaps by its own worker, which may have to say more.
    pub reported_at: Option<Seconds>,
    /// Until when its supervisor, which extends it while it lives, keeps other programs away.
    pub lease: Option<Seconds>,
}

/// The runs that are not proven dead, oldest first.
pub fn alive(conn: &Connection) -> Result<Vec<AliveRun>> {
    let mut statement = conn.prepare_cached(
        "SELECT r.run_id, r.task_id, r.nonce, r.host, r.lock_dev, r.lock_ino, r.report, r.stage, r.log_offset,
                EXISTS (SELECT 1 FROM tasks t
                        WHERE t.id = r.task_id AND t.current_run_id = r.run_id AND t.status = 'running'),
                (SELECT s.claim_expires FROM task_runs s WHERE s.id = r.run_id),
                r.worker, r.source, r.claimed_at,
                (SELECT s.ended_at FROM task_runs s
                 WHERE s.id = r.run_id AND s.outcome IN ('completed', 'blocked', 'scheduled', 'review_requested',
                                                          'changes_requested')),
                r.boot, r.pid_namespace, r.supervisor_pid, r.supervisor_started, r.worker_pid, r.worker_started,
                r.process_group, r.session, r.cgroup, r.held
         FROM tick_runs r WHERE r.dead = 0 ORDER BY +r.run_id",
    )?;
    let rows = statement.query_map([], |r| {
        Ok(AliveRun {
            run_id: r.get(0)?,
            task: TaskId::stored(r.get(1)?),
            nonce: parsed(r, 2)?,
            host: r.get(3)?,
            lock: Identity {
                dev: r.get::<_, i64>(4)?.cast_unsigned(),
                ino: r.get::<_, i64>(5)?.cast_unsigned(),
            },
            report: parsed(r, 6)?,
            stage: parsed(r, 7)?,
            log_offset: r.get::<_, i64>(8)?.cast_unsigned(),
            owns_card: r.get(9)?,
            lease: r.get(10)?,
            worker: r.get(11)?,
            source: Status::stored(r.get(12)?),
            reported_at: r.get(14)?,
            facts: RunFacts {
                claimed_at: r.get(13)?,
                boot: r.get(15)?,
                pid_namespace: r.get(16)?,
                processes: processes(r)?,
            },
            held: r.get(24)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The processes of a run whose fence was reached. An earlier version recorded two numbers alone; its workers led a
/// group of their own in the session of their supervisor.
fn processes(r: &rusqlite::Row<'_>) -> rusqlite::Result<Option<RunProcesses>> {
    let (Some(supervisor), Some(worker)) = (r.get(17)?, r.get(19)?) else {
        return Ok(None);
    };
    Ok(Some(RunProcesses {
        supervisor: ProcessId {
            pid: supervisor,
            started: r.get(18)?,
        },
        worker: ProcessId {
            pid: worker,
            started: r.get(20)?,
        },
        group: r.get::<_, Option<i32>>(21)?.unwrap_or(worker),
        session: r.get::<_, Option<i32>>(22)?.unwrap_or(supervisor),
        cgroup: r.get(23)?,
    }))
}

/// States why a run whose supervisor is gone is not over, once for each reason. `false`: it was stated already.
pub fn hold(tx: &Tx<'_>, run_id: i64, nonce: &str, why: &str, now: Seconds) -> Result<bool> {
    let task = tx
        .prepare_cached(
            "UPDATE tick_runs SET held = ?2 WHERE run_id = ?1 AND nonce = ?3 AND dead = 0 AND held IS NOT ?2
             RETURNING task_id",
        )?
        .query_row(params![run_id, why, nonce], |r| r.get(0).map(TaskId::stored))
        .optional()?;
    let Some(task) = task else { return Ok(false) };
    let event = Event::with("reclaim_deferred", json!({"error": why}));
    history::append(tx, &task, Some(run_id), &event, now)?;
    Ok(true)
}

/// A run that keeps its card although no supervisor is at work for it.
#[derive(Debug, Clone, Serialize)]
pub struct HeldRun {
    pub task: TaskId,
    pub title: String,
    /// `None`: the board does not know the run.
    pub run: Option<i64>,
    pub why: String,
}

/// The runs that [`hold`] spoke of and that are not over.
pub fn held(conn: &Connection) -> Result<Vec<HeldRun>> {
    let mut statement = conn.prepare_cached(
        "SELECT r.task_id, coalesce((SELECT t.title FROM tasks t WHERE t.id = r.task_id), ''), r.run_id, r.held
         FROM tick_runs r WHERE r.dead = 0 AND r.held IS NOT NULL ORDER BY +r.run_id",
    )?;
    let rows = statement.query_map([], |r| {
        Ok(HeldRun {
            task: TaskId::stored(r.get(0)?),
            title: r.get(1)?,
            run: r.get(2)?,
            why: r.get(3)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// What a person confirmed.
pub struct Confirmed<'a> {
    /// What is, or may be, still alive.
    pub why: &'a str,
    pub by: &'a str,
}

/// Closes a run on the word of a person, although a process of it may be alive. `false`: it is closed already.
pub fn force(
    tx: &Tx<'_>,
    run_id: i64,
    task: &TaskId,
    confirmed: &Confirmed<'_>,
    now: Seconds,
) -> Result<bool> {
    let closed = tx.execute(
        "UPDATE tick_runs SET stage = 'ended', dead = 1, ended_at = ?2, outcome = coalesce(outcome, 'reclaimed')
         WHERE run_id = ?1 AND dead = 0",
        params![run_id, now],
    )? == 1;
    if closed {
        let Confirmed { why, by } = confirmed;
        close(tx, run_id, Outcome::Reclaimed, None, Some(why), now)?;
        let facts = json!({"manual": true, "forced": true, "reason": why, "by": by});
        let event = Event::with("reclaimed", facts);
        history::append(tx, task, Some(run_id), &event, now)?;
    }
    Ok(closed)
}

fn parsed<T: std::str::FromStr<Err = String>>(
    row: &rusqlite::Row<'_>,
    index: usize,
) -> rusqlite::Result<T> {
    let text: String = row.get(index)?;
    text.parse().map_err(|e: String| {
        rusqlite::Error::FromSqlConversionFailure(index, rusqlite::types::Type::Text, e.into())
    })
}

/// Closes the shared row of a run, if it is open.
pub fn close(
    tx: &Tx<'_>,
    run_id: i64,
    outcome: Outcome,
    summary: Option<&str>,
    error: Option<&str>,
    now: Seconds,
) -> Result<bool> {
    Ok(tx.execute(
        "UPDATE task_runs SET status = ?2, outcome = ?3, ended_at = ?4, summary = coalesce(?5, summary),
                error = coalesce(?6, error), claim_lock = NULL, claim_expires = NULL
         WHERE id = ?1 AND ended_at IS NULL",
        params![run_id, outcome.run_status(), outcome.as_str(), now, summary, error],
    )? == 1)
}

/// Keeps facts with the run that reported them. A card that nobody had claimed gets a run that took no time, as
/// Hermes does it, so that they are where its readers look.
pub fn keep_metadata(
    tx: &Tx<'_>,
    task: &Task,
    run: Option<i64>,
    (outcome, metadata): (Outcome, Option<&Metadata>),
    now: Seconds,
) -> Result<()> {
    let Some(metadata) = metadata.map(Metadata::text) else {
        return Ok(());
    };
    match run {
        Some(run) => tx.execute(
            "UPDATE task_runs SET metadata = ?2 WHERE id = ?1",
            params![run, metadata],
        )?,
        None => tx.execute(
            "INSERT INTO task_runs (task_id, profile, status, outcome, metadata, started_at, ended_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
            params![
                task.id.as_str(),
                task.assignee,
                outcome.run_status(),
                outcome.as_str(),
                metadata,
                now
            ],
        )?,
    };
    Ok(())
}

/// The column that a run took its card from; `None` where another program started it.
pub fn source(conn: &Connection, run: i64) -> Result<Option<Status>> {
    let source = conn
        .prepare_cached("SELECT source FROM tick_runs WHERE run_id = ?1")?
        .query_row([run], |r| r.get(0))
        .optional()?;
    Ok(source.map(Status::stored))
}

/// Sets the counts of a card back: it succeeded, or a person let it go again.
pub fn forget_counts(tx: &Tx<'_>, task: &TaskId) -> Result<()> {
    tx.execute(
        "UPDATE tick_cards SET tempfails = 0, spawn_failures = 0, violations = 0, runs = 0, reviews = 0,
                retry_at = NULL
         WHERE task_id = ?1 AND (tempfails <> 0 OR spawn_failures <> 0 OR violations <> 0 OR runs <> 0
                                 OR reviews <> 0 OR retry_at IS NOT NULL)",
        [task.as_str()],
    )?;
    Ok(())
}

/// A run as it stands on the board, with what this program knows of it.
#[derive(Debug, Clone, Serialize)]
pub struct RunRow {
    pub id: i64,
    pub task_id: TaskId,
    pub worker: Option<String>,
    pub status: String,
    pub outcome: Option<String>,
    pub attempt: Option<i64>,
    pub started_at: Seconds,
    pub ended_at: Option<Seconds>,
    pub exit_code: Option<i32>,
    pub exit_signal: Option<i32>,
    pub duration_ms: Option<i64>,
    pub cpu_ms: Option<i64>,
    pub max_rss_kib: Option<i64>,
    pub worker_pid: Option<i64>,
    pub summary: Option<String>,
    pub error: Option<String>,
    pub log_tail: Option<String>,
    /// Facts that were reported with it, or that are known of its end.
    pub metadata: Option<Value>,
    pub max_runtime_seconds: Option<i64>,
    pub claim_lock: Option<String>,
    pub claim_expires: Option<Seconds>,
    pub last_heartbeat_at: Option<Seconds>,
    /// Every process of the run is proven gone. Absent for runs of other programs.
    pub dead: Option<bool>,
}

impl RunRow {
    /// Its keys, for whoever asks for some of them.
    pub const KEYS: [&str; 23] = [
        "id",
        "task_id",
        "worker",
        "status",
        "outcome",
        "attempt",
        "started_at",
        "ended_at",
        "exit_code",
        "exit_signal",
        "duration_ms",
        "cpu_ms",
        "max_rss_kib",
        "worker_pid",
        "summary",
        "error",
        "log_tail",
        "metadata",
        "max_runtime_seconds",
        "claim_lock",
        "claim_expires",
        "last_heartbeat_at",
        "dead",
    ];
}

const RUN: &str =
    "SELECT s.id, s.task_id, s.profile, s.status, s.outcome, r.attempt, s.started_at, s.ended_at, r.exit_code,
            r.exit_signal, r.duration_ms, r.cpu_ms, r.max_rss_kib, coalesce(r.worker_pid, s.worker_pid), s.summary,
            s.error, r.log_tail, s.metadata, s.max_runtime_seconds, s.claim_lock, s.claim_expires,
            s.last_heartbeat_at, r.dead
     FROM task_runs s LEFT JOIN tick_runs r ON r.run_id = s.id";

/// A run by its columns, in the order of [`RUN`].
fn run_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<RunRow> {
    let mut fields = Fields::of(row);
    Ok(RunRow {
        id: fields.next()?,
        task_id: TaskId::stored(fields.next()?),
        worker: fields.next()?,
        status: fields.next()?,
        outcome: fields.next()?,
        attempt: fields.next()?,
        started_at: fields.next()?,
        ended_at: fields.next()?,
        exit_code: fields.next()?,
        exit_signal: fields.next()?,
        duration_ms: fields.next()?,
        cpu_ms: fields.next()?,
        max_rss_kib: fields.next()?,
        worker_pid: fields.next()?,
        summary: fields.next()?,
        error: fields.next()?,
        log_tail: fields.next()?,
        metadata: fields
            .next::<Option<String>>()?
            .and_then(|text| serde_json::from_str(&text).ok()),
        max_runtime_seconds: fields.next()?,
        claim_lock: fields.next()?,
        claim_expires: fields.next()?,
        last_heartbeat_at: fields.next()?,
        dead: fields.next()?,
    })
}

/// The numbers of the runs of a card, or of the whole board, oldest first; at most the newest `limit`.
pub fn numbers(conn: &Connection, task: Option<&TaskId>, limit: Option<u32>) -> Result<Vec<i64>> {
    // Two queries: one that serves for both would go over every run for the sake of one card.
    let whose = match task {
        Some(_) => "task_id = ?1 ORDER BY +id",
        None => "?1 IS NULL ORDER BY id",
    };
    let mut statement = conn.prepare_cached(&format!(
        "SELECT id FROM task_runs WHERE {whose} DESC LIMIT ?2"
    ))?;
    let limit = limit.map_or(-1, i64::from);
    let rows = statement.query_map(params![task.map(TaskId::as_str), limit], |r| r.get(0))?;
    let mut numbers: Vec<i64> = rows.collect::<rusqlite::Result<_>>()?;
    numbers.reverse();
    Ok(numbers)
}

/// Shows the runs of these numbers, one after the other, until `see` has enough.
pub fn each(
    conn: &Connection,
    numbers: &mut dyn Iterator<Item = i64>,
    see: &mut dyn FnMut(RunRow) -> Result<ControlFlow<()>>,
) -> Result<()> {
    listing::each(
        conn,
        &format!("{RUN} WHERE s.id = ?1"),
        run_row,
        numbers,
        see,
    )
}

/// The runs of a card, or of the whole board, oldest first; at most the newest `limit`.
pub fn list(conn: &Connection, task: Option<&TaskId>, limit: Option<u32>) -> Result<Vec<RunRow>> {
    let mut all = Vec::new();
    let mut numbers = numbers(conn, task, limit)?.into_iter();
    each(conn, &mut numbers, &mut |run| {
        all.push(run);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(all)
}

/// A run by its number.
pub fn get(conn: &Connection, id: i64) -> Result<Option<RunRow>> {
    Ok(conn
        .prepare_cached(&format!("{RUN} WHERE s.id = ?1"))?
        .query_row([id], run_row)
        .optional()?)
}

/// The nonces of runs that are not proven dead: their folders are in use.
pub fn alive_nonces(conn: &Connection) -> Result<HashSet<String>> {
    let mut statement = conn.prepare_cached("SELECT nonce FROM tick_runs WHERE dead = 0")?;
    let rows = statement.query_map([], |r| r.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
