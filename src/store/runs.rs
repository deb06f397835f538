//! Runs: which may still be alive, how one ends, and what has been.
//!
//! A run is closed here and nowhere else, except by a person who takes its card away (`lifecycle`).
//! Its end touches the card only if the card is still its own.

use anyhow::Result;
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;

use super::{Tx, history, links::OPEN_PARENT};
use crate::board::event::Event;
use crate::board::id::{Nonce, TaskId};
use crate::board::retry::{self, Charge, Counts, Next, Policy};
use crate::board::run::{Exit, Outcome, Report, Stage};
use crate::fsx::Identity;
use crate::time::Seconds;

/// A run that is not proven dead.
#[derive(Debug, Clone)]
pub struct AliveRun {
    /// `task_runs.id`
    pub run_id: i64,
    /// Its card.
    pub task: TaskId,
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
    /// Until when its supervisor, which extends it while it lives, keeps other programs away.
    pub lease: Option<Seconds>,
}

/// The runs that are not proven dead, oldest first.
pub fn alive(conn: &Connection) -> Result<Vec<AliveRun>> {
    let mut statement = conn.prepare_cached(
        "SELECT r.run_id, r.task_id, r.nonce, r.host, r.lock_dev, r.lock_ino, r.report, r.stage, r.log_offset,
                EXISTS (SELECT 1 FROM tasks t
                        WHERE t.id = r.task_id AND t.current_run_id = r.run_id AND t.status = 'running'),
                (SELECT s.claim_expires FROM task_runs s WHERE s.id = r.run_id)
         FROM tick_runs r WHERE r.dead = 0 ORDER BY r.run_id",
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
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
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

/// What is known of a run that is over, every process of it.
#[derive(Debug, Clone)]
pub struct End {
    /// What became of it, if nobody took its card away meanwhile.
    pub outcome: Outcome,
    /// What it costs the card.
    pub charge: Charge,
    /// How the worker's process ended, where it ran.
    pub exit: Option<Exit>,
    /// What went wrong, in a sentence.
    pub error: Option<String>,
    /// What came of it: the last line of output of a completed run.
    pub summary: Option<String>,
    /// Milliseconds.
    pub duration_ms: Option<i64>,
    /// Milliseconds of processor time, of the worker and all it waited for.
    pub cpu_ms: Option<i64>,
    /// The most memory that one process of it had, in KiB.
    pub max_rss_kib: Option<i64>,
    /// The last lines of its output.
    pub log_tail: Option<String>,
}

/// What the end of a run did to its card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// It is done.
    Done,
    /// It will be tried again, not before this time.
    Retry(Seconds),
    /// Its breaker tripped.
    Blocked,
    /// None: somebody else had moved it already.
    None,
}

/// Books the end of a run whose every process is proven gone. `None`: it was booked already.
pub fn settle(
    tx: &Tx<'_>,
    run: &AliveRun,
    end: &End,
    policy: &dyn Fn(Option<i64>) -> Policy,
    now: Seconds,
) -> Result<Option<Effect>> {
    // Somebody who took the card away has closed the shared row, and has said what it came to.
    let closed: Option<String> = tx
        .query_row(
            "SELECT outcome FROM task_runs WHERE id = ?1 AND ended_at IS NOT NULL",
            [run.run_id],
            |r| r.get(0),
        )
        .optional()?
        .flatten();
    let outcome = closed.as_deref().unwrap_or(end.outcome.as_str());
    let (code, signal) = match end.exit {
        Some(Exit::Code(code)) => (Some(code), None),
        Some(Exit::Signal(signal)) => (None, Some(signal)),
        None => (None, None),
    };
    let first = tx.execute(
        "UPDATE tick_runs SET stage = 'ended', dead = 1, ended_at = ?2, outcome = ?3, exit_code = ?4,
                exit_signal = ?5, duration_ms = ?6, cpu_ms = ?7, max_rss_kib = ?8, log_tail = ?9
         WHERE run_id = ?1 AND dead = 0",
        params![
            run.run_id,
            now,
            outcome,
            code,
            signal,
            end.duration_ms,
            end.cpu_ms,
            end.max_rss_kib,
            end.log_tail
        ],
    )? == 1;
    if !first {
        return Ok(None);
    }
    let card = tx
        .query_row(
            "SELECT t.consecutive_failures, t.max_retries, coalesce(c.tempfails, 0), coalesce(c.spawn_failures, 0),
                    coalesce(c.violations, 0), coalesce(c.runs, 0)
             FROM tasks t LEFT JOIN tick_cards c ON c.task_id = t.id
             WHERE t.id = ?1 AND t.current_run_id = ?2 AND t.status = 'running'",
            params![run.task.as_str(), run.run_id],
            |r| {
                let counts = Counts {
                    failures: r.get(0)?,
                    tempfails: r.get(2)?,
                    spawn_failures: r.get(3)?,
                    violations: r.get(4)?,
                    runs: r.get(5)?,
                };
                Ok((counts, r.get::<_, Option<i64>>(1)?))
            },
        )
        .optional()?;
    let Some((counts, max_retries)) = card else {
        close(
            tx,
            run.run_id,
            Outcome::Reclaimed,
            None,
            Some("the card was taken away while it ran"),
            now,
        )?;
        return Ok(Some(Effect::None));
    };
    close(
        tx,
        run.run_id,
        end.outcome,
        end.summary.as_deref(),
        end.error.as_deref(),
        now,
    )?;
    if end.outcome == Outcome::Completed {
        done(tx, run, end, now)?;
        return Ok(Some(Effect::Done));
    }
    failed(
        tx,
        run,
        end,
        counts,
        &policy(max_retries),
        max_retries.is_some(),
        now,
    )
    .map(Some)
}

fn done(tx: &Tx<'_>, run: &AliveRun, end: &End, now: Seconds) -> Result<()> {
    tx.execute(
        "UPDATE tasks SET status = 'done', completed_at = ?3, result = coalesce(?4, result), claim_lock = NULL,
                claim_expires = NULL, worker_pid = NULL, current_run_id = NULL, consecutive_failures = 0,
                last_failure_error = NULL
         WHERE id = ?1 AND current_run_id = ?2 AND status = 'running'",
        params![run.task.as_str(), run.run_id, now, end.summary],
    )?;
    forget_counts(tx, &run.task)?;
    let facts = serde_json::json!({
        "result_len": end.summary.as_ref().map_or(0, |s| s.chars().count()),
        "summary": end.summary.as_deref().map(|s| cut(s, 400)),
    });
    history::append(
        tx,
        &run.task,
        Some(run.run_id),
        &Event::with("completed", facts),
        now,
    )
}

fn failed(
    tx: &Tx<'_>,
    run: &AliveRun,
    end: &End,
    mut counts: Counts,
    policy: &Policy,
    by_card: bool,
    now: Seconds,
) -> Result<Effect> {
    let next = retry::after(end.charge, &mut counts, policy, now, run.task.as_str());
    let error = end
        .error
        .clone()
        .unwrap_or_else(|| end.outcome.as_str().to_owned());
    let pid: Option<i64> = tx
        .query_row(
            "SELECT worker_pid FROM tick_runs WHERE run_id = ?1",
            [run.run_id],
            |r| r.get(0),
        )
        .optional()?
        .flatten();
    history::append(
        tx,
        &run.task,
        Some(run.run_id),
        &Event::ended(end.outcome, end.exit, &error, pid),
        now,
    )?;
    let (status, retry_at) = match next {
        Next::RetryAt(at) => ("ready", (at > now).then_some(at)),
        Next::GiveUp { .. } => ("blocked", None),
    };
    tx.execute(
        &format!(
            "UPDATE tasks AS t
             SET status = CASE WHEN ?3 = 'ready' AND {OPEN_PARENT} THEN 'todo' ELSE ?3 END,
                 claim_lock = NULL, claim_expires = NULL, worker_pid = NULL, current_run_id = NULL,
                 consecutive_failures = ?4, last_failure_error = ?5
             WHERE t.id = ?1 AND t.current_run_id = ?2 AND t.status = 'running'"
        ),
        params![
            run.task.as_str(),
            run.run_id,
            status,
            counts.failures,
            cut(&error, 500)
        ],
    )?;
    tx.execute(
        "UPDATE tick_cards SET retry_at = ?2, tempfails = ?3, spawn_failures = ?4, violations = ?5 WHERE task_id = ?1",
        params![run.task.as_str(), retry_at, counts.tempfails, counts.spawn_failures, counts.violations],
    )?;
    if matches!(next, Next::GiveUp { .. }) {
        let event = Event::gave_up(next, end.outcome, &cut(&error, 500), by_card);
        history::append(tx, &run.task, Some(run.run_id), &event, now)?;
        return Ok(Effect::Blocked);
    }
    Ok(Effect::Retry(retry_at.unwrap_or(now)))
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
    Ok(tx
        .prepare_cached(
            "UPDATE task_runs SET status = ?2, outcome = ?3, ended_at = ?4, summary = coalesce(?5, summary),
                    error = coalesce(?6, error), claim_lock = NULL, claim_expires = NULL
             WHERE id = ?1 AND ended_at IS NULL",
        )?
        .execute(params![run_id, outcome.run_status(), outcome.as_str(), now, summary, error])?
        == 1)
}

/// Sets the counts of a card back: it succeeded, or a person let it go again.
pub fn forget_counts(tx: &Tx<'_>, task: &TaskId) -> Result<()> {
    tx.prepare_cached(
        "UPDATE tick_cards SET tempfails = 0, spawn_failures = 0, violations = 0, runs = 0, retry_at = NULL
         WHERE task_id = ?1",
    )?
    .execute([task.as_str()])?;
    Ok(())
}

/// At most `max` characters, with a mark where text was left out.
fn cut(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
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
    /// Every process of the run is proven gone. Absent for runs of other programs.
    pub dead: Option<bool>,
}

/// The runs of a card, or of the whole board, oldest first; at most the newest `limit`.
pub fn list(conn: &Connection, task: Option<&TaskId>, limit: Option<u32>) -> Result<Vec<RunRow>> {
    let mut statement = conn.prepare(
        "SELECT * FROM (
             SELECT s.id AS id, s.task_id AS task_id, s.profile AS worker, s.status AS status, s.outcome AS outcome,
                    r.attempt AS attempt, s.started_at AS started_at, s.ended_at AS ended_at,
                    r.exit_code AS exit_code, r.exit_signal AS exit_signal, r.duration_ms AS duration_ms,
                    r.cpu_ms AS cpu_ms, r.max_rss_kib AS max_rss_kib,
                    coalesce(r.worker_pid, s.worker_pid) AS worker_pid, s.summary AS summary, s.error AS error,
                    r.log_tail AS log_tail, r.dead AS dead
             FROM task_runs s LEFT JOIN tick_runs r ON r.run_id = s.id
             WHERE ?1 IS NULL OR s.task_id = ?1 ORDER BY s.id DESC LIMIT ?2)
         ORDER BY id",
    )?;
    let limit = limit.map_or(-1, i64::from);
    let rows = statement.query_map(params![task.map(TaskId::as_str), limit], |r| {
        Ok(RunRow {
            id: r.get("id")?,
            task_id: TaskId::stored(r.get("task_id")?),
            worker: r.get("worker")?,
            status: r.get("status")?,
            outcome: r.get("outcome")?,
            attempt: r.get("attempt")?,
            started_at: r.get("started_at")?,
            ended_at: r.get("ended_at")?,
            exit_code: r.get("exit_code")?,
            exit_signal: r.get("exit_signal")?,
            duration_ms: r.get("duration_ms")?,
            cpu_ms: r.get("cpu_ms")?,
            max_rss_kib: r.get("max_rss_kib")?,
            worker_pid: r.get("worker_pid")?,
            summary: r.get("summary")?,
            error: r.get("error")?,
            log_tail: r.get("log_tail")?,
            dead: r.get("dead")?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The nonces of runs that are not proven dead: their folders are in use.
pub fn alive_nonces(conn: &Connection) -> Result<Vec<String>> {
    let mut statement = conn.prepare_cached("SELECT nonce FROM tick_runs WHERE dead = 0")?;
    let rows = statement.query_map([], |r| r.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The runs of a card that are not proven dead.
pub fn alive_of(conn: &Connection, task: &TaskId) -> Result<Vec<i64>> {
    let mut statement =
        conn.prepare_cached("SELECT run_id FROM tick_runs WHERE task_id = ?1 AND dead = 0")?;
    let rows = statement.query_map([task.as_str()], |r| r.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
