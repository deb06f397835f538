//! How a run ends: what its end means for its card, written in one transaction.
//!
//! A run is settled here and nowhere else, except by a person who takes its card away (`lifecycle`). Its
//! end touches the card only if the card is still its own.

use anyhow::Result;
use rusqlite::{OptionalExtension, params};
use serde::Serialize;

use super::runs::{AliveRun, close, forget_counts};
use super::{Tx, history, lanes, lifecycle, links::OPEN_PARENT, schema};
use crate::board::event::Event;
use crate::board::retry::{self, Charge, Counts, Next, Policy};
use crate::board::run::{Exit, Outcome};
use crate::board::status::Status;
use crate::time::Seconds;

/// The failures in a row after which Hermes itself leaves a blocked card alone.
const HERMES_FAILURE_LIMIT: u32 = 2;

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
    /// It is specified and goes on.
    Triaged,
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
            &format!(
                "SELECT t.consecutive_failures, t.max_retries, coalesce(c.tempfails, 0), coalesce(c.spawn_failures, 0),
                    coalesce(c.violations, 0), coalesce(c.runs, 0)
             FROM {} t LEFT JOIN tick_cards c ON c.task_id = t.id
             WHERE t.id = ?1 AND t.current_run_id = ?2 AND t.status = 'running'",
                schema::tasks_source(tx)?
            ),
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
    if end.exit.is_some() {
        lanes::proven(tx, &run.worker, run.claimed_at)?;
    }
    if end.outcome == Outcome::Completed && run.source == Status::Triage {
        triaged(tx, run, end, now)?;
        return Ok(Some(Effect::Triaged));
    }
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
    lifecycle::forget_blocks(tx, &run.task)?;
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

/// The worker of a triage card has specified it, or split it: it goes on as soon as its parents allow.
fn triaged(tx: &Tx<'_>, run: &AliveRun, end: &End, now: Seconds) -> Result<()> {
    tx.execute(
        "UPDATE tasks SET status = 'todo', claim_lock = NULL, claim_expires = NULL, worker_pid = NULL,
                current_run_id = NULL, consecutive_failures = 0, last_failure_error = NULL
         WHERE id = ?1 AND current_run_id = ?2 AND status = 'running'",
        params![run.task.as_str(), run.run_id],
    )?;
    forget_counts(tx, &run.task)?;
    let facts = serde_json::json!({"by": run.worker, "summary": end.summary});
    let event = Event::with("specified", facts);
    history::append(tx, &run.task, Some(run.run_id), &event, now)
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
    // Hermes lets a card go whose count is below its own limit, so a card that gave up is never below it.
    let hold = if by_card {
        policy.failure_limit
    } else {
        HERMES_FAILURE_LIMIT
    };
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
    let (status, retry_at, failures) = match next {
        Next::RetryAt(at) => (
            run.source.as_str(),
            (at > now).then_some(at),
            counts.failures,
        ),
        Next::GiveUp { .. } => ("blocked", None, counts.failures.max(hold)),
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
            failures,
            cut(&error, 500)
        ],
    )?;
    tx.execute(
        "UPDATE tick_cards SET retry_at = ?2, tempfails = ?3, spawn_failures = ?4, violations = ?5 WHERE task_id = ?1",
        params![run.task.as_str(), retry_at, counts.tempfails, counts.spawn_failures, counts.violations],
    )?;
    if end.charge == Charge::Lane {
        let delays = (policy.delay, policy.delay_max);
        // The run is not counted against the card's own limit either.
        tx.execute(
            "UPDATE tick_cards SET runs = max(runs - 1, 0) WHERE task_id = ?1",
            [run.task.as_str()],
        )?;
        if lanes::hold(tx, &run.worker, &error, delays, now)? {
            let facts = serde_json::json!({"worker": run.worker, "error": cut(&error, 500)});
            let event = Event::with("lane_held", facts);
            history::append(tx, &run.task, Some(run.run_id), &event, now)?;
        }
    }
    if matches!(next, Next::GiveUp { .. }) {
        let event = Event::gave_up(next, end.outcome, &cut(&error, 500), by_card);
        history::append(tx, &run.task, Some(run.run_id), &event, now)?;
        return Ok(Effect::Blocked);
    }
    Ok(Effect::Retry(retry_at.unwrap_or(now)))
}

/// At most `max` characters, with a mark where text was left out.
fn cut(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
