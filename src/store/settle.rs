//! How a run ends: what its end means for its card, written in one transaction.
//!
//! A run is settled here and nowhere else, except by a person who takes its card away (`lifecycle`). Its
//! end touches the card only if the card is still its own.

use anyhow::Result;
use rusqlite::{OptionalExtension, params};
use serde::Serialize;
use serde_json::{Value, json};

use super::runs::{AliveRun, close, forget_counts};
use super::{Tx, claims, history, lanes, lifecycle, links::OPEN_PARENT, schema};
use crate::board::event::{self, EndFacts, Event};
use crate::board::id::TaskId;
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
    let card = Card {
        task: &run.task,
        run_id: Some(run.run_id),
        worker: &run.worker,
        source: &run.source,
    };
    let standing = standing(tx, &card)?;
    let Some(standing) = standing else {
        claims::release(tx, run.run_id, &run.task)?;
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
        lanes::proven(tx, &run.worker, run.facts.claimed_at)?;
    }
    if end.outcome == Outcome::Completed && run.source == Status::Triage {
        triaged(tx, run, end, now)?;
        return Ok(Some(Effect::Triaged));
    }
    if end.outcome == Outcome::Completed {
        done(tx, run, end, now)?;
        return Ok(Some(Effect::Done));
    }
    let error = end
        .error
        .clone()
        .unwrap_or_else(|| end.outcome.as_str().to_owned());
    let facts = facts(tx, run, end)?;
    let miss = Miss {
        outcome: end.outcome,
        charge: end.charge,
        error: &error,
        facts: event::ended(end.outcome, end.exit, &error, &facts),
        about: json!({"pid": facts.pid, "claimer": facts.claimer}),
    };
    fail(tx, &card, &miss, standing, policy, now).map(Some)
}

/// What Hermes' readers look for in the event of an end.
fn facts(tx: &Tx<'_>, run: &AliveRun, end: &End) -> Result<EndFacts> {
    let (pid, limit): (Option<i64>, Option<i64>) = tx.query_row(
        "SELECT r.worker_pid, s.max_runtime_seconds
         FROM tick_runs r LEFT JOIN task_runs s ON s.id = r.run_id WHERE r.run_id = ?1",
        [run.run_id],
        |r| Ok((r.get(0)?, r.get(1)?)),
    )?;
    let claimer: Option<String> = tx
        .query_row(
            "SELECT claim_lock FROM tasks WHERE id = ?1",
            [run.task.as_str()],
            |r| r.get(0),
        )
        .optional()?
        .flatten();
    Ok(EndFacts {
        pid,
        claimer,
        elapsed: end.duration_ms.map(|ms| ms / 1_000),
        limit,
    })
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
    let facts = json!({
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
    let facts = json!({"by": run.worker, "summary": end.summary});
    let event = Event::with("specified", facts);
    history::append(tx, &run.task, Some(run.run_id), &event, now)
}

/// A card whose run is over, whoever started it.
pub struct Card<'a> {
    pub task: &'a TaskId,
    /// `task_runs.id`, if it has one.
    pub run_id: Option<i64>,
    pub worker: &'a str,
    /// The column it goes back to.
    pub source: &'a Status,
}

/// An end that is no success.
pub struct Miss<'a> {
    pub outcome: Outcome,
    pub charge: Charge,
    pub error: &'a str,
    /// The payload of its event.
    pub facts: Value,
    /// What is added to the event of a tripped breaker.
    pub about: Value,
}

/// What a card has on its account.
pub struct Standing {
    counts: Counts,
    max_retries: Option<i64>,
}

/// The account of a card, if it is still this run's own.
pub fn standing(tx: &Tx<'_>, card: &Card<'_>) -> Result<Option<Standing>> {
    let sql = format!(
        "SELECT coalesce(t.consecutive_failures, 0), t.max_retries, coalesce(c.tempfails, 0), coalesce(c.spawn_failures, 0),
                coalesce(c.violations, 0), coalesce(c.runs, 0)
         FROM {} t LEFT JOIN tick_cards c ON c.task_id = t.id
         WHERE t.id = ?1 AND t.current_run_id IS ?2 AND t.status = 'running'",
        schema::tasks_source(tx)?
    );
    Ok(tx
        .query_row(&sql, params![card.task.as_str(), card.run_id], |r| {
            Ok(Standing {
                counts: Counts {
                    failures: r.get(0)?,
                    tempfails: r.get(2)?,
                    spawn_failures: r.get(3)?,
                    violations: r.get(4)?,
                    runs: r.get(5)?,
                },
                max_retries: r.get(1)?,
            })
        })
        .optional()?)
}

/// Books an end that is no success: the one place where failures are counted.
pub fn fail(
    tx: &Tx<'_>,
    card: &Card<'_>,
    miss: &Miss<'_>,
    standing: Standing,
    policy: &dyn Fn(Option<i64>) -> Policy,
    now: Seconds,
) -> Result<Effect> {
    let Standing {
        mut counts,
        max_retries,
    } = standing;
    let policy = policy(max_retries);
    // Hermes lets a card go whose count is below its own limit, so a card that gave up is never below it.
    let hold = match max_retries {
        Some(_) => policy.failure_limit,
        None => HERMES_FAILURE_LIMIT,
    };
    let id = card.task.as_str();
    let next = retry::after(miss.charge, &mut counts, &policy, now, id);
    let error = cut(miss.error, 500);
    let event = Event::with(miss.outcome.as_str(), miss.facts.clone());
    history::append(tx, card.task, card.run_id, &event, now)?;
    // Hermes looks for the same facts on the run.
    let metadata = event.payload.as_ref().map(Value::to_string);
    tx.execute(
        "UPDATE task_runs SET metadata = coalesce(metadata, ?2) WHERE id = ?1",
        params![card.run_id, metadata],
    )?;
    let (status, retry_at, failures) = match next {
        Next::RetryAt(at) => (
            card.source.as_str(),
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
             WHERE t.id = ?1 AND t.current_run_id IS ?2 AND t.status = 'running'"
        ),
        params![id, card.run_id, status, failures, error],
    )?;
    tx.execute(
        "INSERT INTO tick_cards (task_id, retry_at, tempfails, spawn_failures, violations, runs)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (task_id) DO UPDATE
         SET retry_at = ?2, tempfails = ?3, spawn_failures = ?4, violations = ?5, runs = ?6",
        params![
            id,
            retry_at,
            counts.tempfails,
            counts.spawn_failures,
            counts.violations,
            counts.runs
        ],
    )?;
    if miss.charge == Charge::Lane {
        hold_lane(tx, card, &error, &policy, now)?;
    }
    if let Next::GiveUp { count, limit } = next {
        let mut facts = json!({
            "failures": count,
            "effective_limit": limit,
            "limit_source": if max_retries.is_some() { "task" } else { "dispatcher" },
            "error": error,
            "trigger_outcome": miss.outcome.as_str(),
        });
        if let (Some(facts), Some(about)) = (facts.as_object_mut(), miss.about.as_object()) {
            facts.extend(about.clone());
            if miss.charge == Charge::Violation {
                facts.insert("protocol_violations".into(), count.into());
                facts.insert("protocol_violation_limit".into(), limit.into());
            }
        }
        history::append(
            tx,
            card.task,
            card.run_id,
            &Event::with("gave_up", facts),
            now,
        )?;
        return Ok(Effect::Blocked);
    }
    Ok(Effect::Retry(retry_at.unwrap_or(now)))
}

/// The fault is not the card's: its run is not counted, and the worker is not started for others either.
fn hold_lane(
    tx: &Tx<'_>,
    card: &Card<'_>,
    error: &str,
    policy: &Policy,
    now: Seconds,
) -> Result<()> {
    if lanes::hold(
        tx,
        card.worker,
        error,
        (policy.delay, policy.delay_max),
        now,
    )? {
        let facts = json!({"worker": card.worker, "error": error});
        let event = Event::with("lane_held", facts);
        history::append(tx, card.task, card.run_id, &event, now)?;
    }
    Ok(())
}

/// At most `max` characters, with a mark where text was left out.
pub fn cut(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
