//! Review: a worker hands its work over to be looked at, and whoever looks at it accepts it (`complete`) or
//! sends it back. How often it goes back and forth without a person is limited.

use anyhow::Result;
use rusqlite::params;
use serde_json::json;

use super::{Actor, Changed, admit, by, move_to, next_column, refused, take_away};
use crate::board::event::Event;
use crate::board::id::TaskId;
use crate::board::retry::{self, Policy};
use crate::board::run::Outcome;
use crate::board::statement::{Metadata, Verb};
use crate::board::status::Status;
use crate::exit::Failure;
use crate::store::{Tx, history, runs, tasks};
use crate::time::Seconds;

/// Puts a card into the review column. What was done is kept with its run and as the card's result.
pub fn request_review(
    tx: &Tx<'_>,
    id: &TaskId,
    actor: &Actor,
    (summary, metadata): (Option<&str>, Option<&Metadata>),
    now: Seconds,
) -> Result<Changed> {
    let task = tasks::get(tx, id)?;
    let own = admit(tx, &task, actor, Verb::RequestReview)?;
    if own.is_some_and(|own| own.source == Status::Review) {
        return Err(Failure::refused(format!(
            "this run is the review of {id}: it accepts the work or sends it back"
        ))
        .hint(format!(
            "kanban complete {id}, or kanban request-changes {id} --reason \"what is to be changed\""
        ))
        .into());
    }
    if !matches!(
        task.status,
        Status::Ready | Status::Running | Status::Blocked
    ) {
        return Err(refused(&task, "put into review"));
    }
    let run = task.current_run_id;
    let cancel = take_away(tx, &task, actor, Outcome::ReviewRequested, summary, now)?;
    runs::keep_metadata(tx, &task, run, (Outcome::ReviewRequested, metadata), now)?;
    move_to(tx, &task, Status::Review)?;
    // The work went well, so that a review that fails counts from nothing. Rounds go on being counted.
    tx.execute(
        "UPDATE tasks SET result = coalesce(?2, result), consecutive_failures = 0, last_failure_error = NULL
         WHERE id = ?1",
        params![id.as_str(), summary],
    )?;
    tx.execute(
        "UPDATE tick_cards SET tempfails = 0, spawn_failures = 0, violations = 0, retry_at = NULL WHERE task_id = ?1",
        [id.as_str()],
    )?;
    let facts = json!({"summary": summary, "by": by(actor)});
    history::append(tx, id, run, &Event::with("review_requested", facts), now)?;
    Ok(Changed {
        status: Status::Review,
        cancel,
    })
}

/// Sends a card back from review to whoever did the work, and says on the card what is to be changed. When
/// workers have sent it back too often, a person has to decide.
pub fn request_changes(
    tx: &Tx<'_>,
    id: &TaskId,
    actor: &Actor,
    (reason, who): (&str, &str),
    policy: &Policy,
    now: Seconds,
) -> Result<Changed> {
    let task = tasks::get(tx, id)?;
    admit(tx, &task, actor, Verb::RequestChanges)?;
    let reviewed = match task.current_run_id {
        _ if task.status == Status::Review => true,
        Some(run) if task.status == Status::Running => {
            runs::source(tx, run)? == Some(Status::Review)
        }
        _ => false,
    };
    if !reviewed {
        return Err(Failure::refused(format!(
            "{id} is {} and in no review, so no changes can be requested",
            task.status
        ))
        .hint(format!(
            "kanban comment {id} says something on it; kanban retry or kanban block move it"
        ))
        .into());
    }
    let run = task.current_run_id;
    let cancel = take_away(
        tx,
        &task,
        actor,
        Outcome::ChangesRequested,
        Some(reason),
        now,
    )?;
    // A person who sends it back is the person whom the limit calls for.
    let round = match actor {
        Actor::Worker { .. } => tx.query_row(
            "INSERT INTO tick_cards (task_id, reviews) VALUES (?1, 1)
             ON CONFLICT (task_id) DO UPDATE SET reviews = reviews + 1 RETURNING reviews",
            [id.as_str()],
            |r| r.get(0),
        )?,
        Actor::Person(_) => 0,
    };
    history::comment(tx, id, who, &format!("Changes requested: {reason}"), now)?;
    let status = match round >= policy.review_limit {
        true => Status::Blocked,
        false => next_column(tx, &task, now)?,
    };
    let facts = json!({
        "reason": reason, "by": by(actor), "round": (round > 0).then_some(round), "limit": policy.review_limit,
        "status": status.as_str(),
    });
    history::append(tx, id, run, &Event::with("changes_requested", facts), now)?;
    if status == Status::Blocked {
        move_to(tx, &task, Status::Blocked)?;
        let facts = json!({
            "reason": format!("sent back from review {round} times; the last time: {reason}"),
            "kind": "needs_input",
            "by": by(actor),
        });
        history::append(tx, id, run, &Event::with("blocked", facts), now)?;
        return Ok(Changed { status, cancel });
    }
    move_to(tx, &task, status.clone())?;
    let wait = retry::delay(policy.delay, policy.delay_max, round.max(1), id.as_str());
    tx.execute(
        "INSERT INTO tick_cards (task_id, retry_at) VALUES (?1, ?2)
         ON CONFLICT (task_id) DO UPDATE SET retry_at = ?2, tempfails = 0, spawn_failures = 0, violations = 0",
        params![id.as_str(), (round > 0 && wait > 0).then_some(now.saturating_add(wait))],
    )?;
    tx.execute(
        "UPDATE tasks SET consecutive_failures = 0, last_failure_error = NULL WHERE id = ?1",
        [id.as_str()],
    )?;
    Ok(Changed { status, cancel })
}
