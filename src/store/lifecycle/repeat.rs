//! What a worker may still say after it has reported the end of its run.
//!
//! A worker that did not receive the answer to its report sends the report again. That succeeds and changes nothing,
//! even where the card has moved on since. Until another run has the card, the worker may also comment.

use anyhow::Result;
use rusqlite::Connection;
use serde_json::Value;

use super::{BY_WORKER, Changed, Own, Refusal};
use crate::board::block::BlockKind;
use crate::board::id::TaskId;
use crate::board::run::Outcome;
use crate::board::statement::{Metadata, Statement, Verb};
use crate::board::status::Status;
use crate::store::{Tx, history, runs};
use crate::time::Seconds;

/// The report by which a worker ended its run.
struct Report {
    verb: Verb,
    /// The summary or the reason.
    text: Option<String>,
    metadata: Option<Value>,
    reported_at: Seconds,
    /// The kind of its event.
    event: String,
    facts: Value,
}

/// The verb that ends a run with an outcome, and the kinds of its event.
fn verb_of(outcome: Outcome) -> Option<(Verb, &'static [&'static str])> {
    Some(match outcome {
        Outcome::Completed => (Verb::Complete, &["completed"]),
        Outcome::Blocked => (
            Verb::Block,
            &["blocked", "dependency_wait", "block_loop_detected"],
        ),
        Outcome::Scheduled => (Verb::Schedule, &["scheduled"]),
        Outcome::ReviewRequested => (Verb::RequestReview, &["review_requested"]),
        Outcome::ChangesRequested => (Verb::RequestChanges, &["changes_requested"]),
        Outcome::Reclaimed => (Verb::Cancel, &["cancelled"]),
        Outcome::Crashed
        | Outcome::Lost
        | Outcome::TimedOut
        | Outcome::RateLimited
        | Outcome::SpawnFailed
        | Outcome::ProtocolViolation
        | Outcome::Stale => return None,
    })
}

impl Report {
    /// The report of a run, if its own worker ended it by one.
    fn of(conn: &Connection, run: i64, card: &TaskId) -> Result<Option<Self>> {
        let Some(row) = runs::get(conn, run)? else {
            return Ok(None);
        };
        let outcome = row.outcome.and_then(|outcome| outcome.parse().ok());
        let Some(((verb, kinds), reported_at)) = outcome.and_then(verb_of).zip(row.ended_at) else {
            return Ok(None);
        };
        let event = history::newest_of_run(conn, card, run, kinds)?;
        let event = event.and_then(|event| Some((event.kind, event.payload?)));
        let Some((event, facts)) = event.filter(|(_, facts)| facts["by"] == BY_WORKER) else {
            return Ok(None);
        };
        Ok(Some(Self {
            verb,
            text: match verb {
                Verb::Complete | Verb::RequestReview | Verb::RequestChanges => row.summary,
                _ => row.error,
            },
            metadata: row.metadata,
            reported_at,
            event,
            facts,
        }))
    }

    fn says(&self, said: &Statement<'_>, now: Seconds) -> bool {
        self.verb == said.verb
            && self.text.as_deref() == said.summary.or(said.reason)
            && self.metadata == said.metadata.and_then(stored)
            && self.facts["kind"].as_str() == said.kind.map(BlockKind::as_str)
            && self.is_at(said.at, now)
    }

    /// Whether a time to start at is the one of this report. "in 2h" said again names another moment, at the same
    /// distance from the time at which it was said; the clock is read once more between the two.
    fn is_at(&self, at: Option<Seconds>, now: Seconds) -> bool {
        match (self.facts["not_before"].as_i64(), at) {
            (None, None) => true,
            (Some(then), Some(at)) => {
                let (before, after) = (then.checked_sub(self.reported_at), at.checked_sub(now));
                let distance = before.zip(after).map(|(a, b)| a.abs_diff(b));
                then == at || distance.is_some_and(|seconds| seconds <= 1)
            }
            _ => false,
        }
    }

    /// The column that the report moved its card to.
    fn status(&self) -> Status {
        match self.event.as_str() {
            "completed" => Status::Done,
            "dependency_wait" => Status::Todo,
            "block_loop_detected" => Status::Triage,
            "scheduled" => Status::Scheduled,
            "review_requested" => Status::Review,
            "cancelled" => Status::Cancelled,
            "changes_requested" => match self.facts["status"].as_str() {
                Some(status) => Status::stored(status.to_owned()),
                None => Status::Ready,
            },
            _ => Status::Blocked,
        }
    }
}

/// Metadata as the board returns it: a number with a fraction can change when its text is read.
fn stored(metadata: &Metadata) -> Option<Value> {
    serde_json::from_str(&metadata.text()).ok()
}

/// What a refused report had moved its card to, if the run of its worker had ended the card by this very report.
pub fn repeated(
    tx: &Tx<'_>,
    refusal: &Refusal,
    said: &Statement<'_>,
    about: &[TaskId],
    now: Seconds,
) -> Result<Option<(TaskId, Changed)>> {
    let (Some(run), Some(card)) = (refusal.run, &refusal.card) else {
        return Ok(None);
    };
    if about.is_empty() || about.iter().any(|id| id != card) {
        return Ok(None);
    }
    let report = Report::of(tx, run, card)?.filter(|report| report.says(said, now));
    Ok(report.map(|report| {
        let changed = Changed {
            status: report.status(),
            cancel: None,
        };
        (card.clone(), changed)
    }))
}

/// Whether a worker ended its run by a report, and no other run has had the card since.
pub fn reported_last(conn: &Connection, own: &Own) -> Result<bool> {
    let is_newest: bool = conn
        .prepare_cached(
            "SELECT NOT EXISTS (SELECT 1 FROM task_runs WHERE task_id = ?1 AND id > ?2)",
        )?
        .query_row((own.task.as_str(), own.run), |r| r.get(0))?;
    Ok(is_newest && Report::of(conn, own.run, &own.task)?.is_some())
}
