//! Collects what a worker is told about its card, as much of it as is told and no more.

use anyhow::Result;
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::Value;

use super::{history, late, links, runs, schema, tasks};
use crate::board::context::{
    ATTACHMENTS_MAX, ATTEMPTS_MAX, Attachment, Attempt, COMMENTS_MAX, Context, Handoff, LATE_MAX,
    Late, LeftOut, PARENTS_MAX, Said,
};
use crate::board::id::{Slug, TaskId};
use crate::board::status::Status;
use crate::board::task::Task;

/// The card alone, for a start that must not fail because something about the card cannot be read.
pub fn bare(conn: &Connection, board: &Slug, id: &TaskId) -> Result<Context> {
    let task = tasks::get(conn, id)?;
    Ok(Context {
        board: board.to_string(),
        column: column(conn, &task)?,
        task,
        parents: Vec::new(),
        attempts: Vec::new(),
        late_results: Vec::new(),
        comments: Vec::new(),
        attachments: Vec::new(),
        left_out: LeftOut::default(),
    })
}

/// The context of a card, as the board has it now. A run that is under way is no earlier attempt.
pub fn of(conn: &Connection, board: &Slug, id: &TaskId) -> Result<Context> {
    if is_alone(conn, id)? {
        return bare(conn, board, id);
    }
    let mut left_out = LeftOut::default();
    let mut parents = links::parents(conn, id)?;
    left_out.parents = parents.len().saturating_sub(PARENTS_MAX);
    let parents = parents
        .drain(left_out.parents..)
        .map(|parent| handoff(conn, &parent.id))
        .collect::<Result<_>>()?;
    let (attempts, older) = attempts(conn, id)?;
    left_out.attempts = older;
    let (comments, older) = newest(conn, "task_comments", id, COMMENTS_MAX, |limit| {
        history::newest_comments(conn, id, limit)
    })?;
    left_out.comments = older;
    let (late_results, older) = newest(conn, "tick_late_results", id, LATE_MAX, |limit| {
        late::of(conn, id, limit)
    })?;
    left_out.late_results = older;
    let (attachments, older) = attachments(conn, id)?;
    left_out.attachments = older;
    Ok(Context {
        parents,
        attempts,
        late_results: late_results
            .into_iter()
            .map(|late| Late {
                run: late.run_id,
                verb: late.verb,
                about: late.about.to_string(),
                summary: late.summary,
                metadata: late.metadata,
                reason: late.reason,
            })
            .collect(),
        comments: comments
            .into_iter()
            .map(|comment| Said {
                author: comment.author,
                text: comment.body,
            })
            .collect(),
        attachments,
        left_out,
        ..bare(conn, board, id)?
    })
}

/// Whether nothing belongs to a card but itself. That is so for most cards that are started, and asked with a fraction
/// of the effort of finding nothing in every place.
fn is_alone(conn: &Connection, id: &TaskId) -> Result<bool> {
    // A file that an early Hermes made has no table of files.
    let files = match schema::has_column(conn, "task_attachments", "task_id")? {
        true => "EXISTS (SELECT 1 FROM task_attachments WHERE task_id = ?1)",
        false => "0",
    };
    let sql = format!(
        "SELECT NOT ({files}
                     OR EXISTS (SELECT 1 FROM task_links WHERE child_id = ?1)
                     OR EXISTS (SELECT 1 FROM task_runs WHERE task_id = ?1 AND ended_at IS NOT NULL)
                     OR EXISTS (SELECT 1 FROM task_comments WHERE task_id = ?1)
                     OR EXISTS (SELECT 1 FROM tick_late_results WHERE task_id = ?1))"
    );
    Ok(conn
        .prepare_cached(&sql)?
        .query_row([id.as_str()], |r| r.get(0))?)
}

/// The column that a card is worked on in: that which its run took it from.
fn column(conn: &Connection, task: &Task) -> Result<Status> {
    let source = match task.current_run_id {
        Some(run) if task.status == Status::Running => runs::source(conn, run)?,
        _ => None,
    };
    Ok(source.unwrap_or_else(|| task.status.clone()))
}

/// What a card hands on: what the run that did the work said, else what was kept as its result.
fn handoff(conn: &Connection, id: &TaskId) -> Result<Handoff> {
    let card = tasks::get(conn, id)?;
    let said: Option<(Option<String>, Option<String>)> = conn
        .prepare_cached(
            "SELECT summary, metadata FROM task_runs
             WHERE task_id = ?1 AND outcome IN ('completed', 'review_requested')
               AND (summary IS NOT NULL OR metadata IS NOT NULL)
             ORDER BY metadata IS NULL, id DESC LIMIT 1",
        )?
        .query_row([id.as_str()], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?;
    let (summary, metadata) = said.unwrap_or_default();
    Ok(Handoff {
        id: id.to_string(),
        title: card.title,
        status: card.status.to_string(),
        result: card.result.or(summary),
        metadata: metadata.and_then(|text| serde_json::from_str::<Value>(&text).ok()),
    })
}

fn attempts(conn: &Connection, id: &TaskId) -> Result<(Vec<Attempt>, usize)> {
    // One of them may be the run that is under way.
    let limit = u32::try_from(ATTEMPTS_MAX)?.saturating_add(1);
    let ended = runs::list(conn, Some(id), Some(limit))?
        .into_iter()
        .filter(|run| run.ended_at.is_some())
        .collect::<Vec<_>>();
    let all: usize = conn
        .prepare_cached(
            "SELECT count(*) FROM task_runs WHERE task_id = ?1 AND ended_at IS NOT NULL",
        )?
        .query_row([id.as_str()], |r| r.get::<_, u32>(0))?
        .try_into()?;
    let more = ended.len().saturating_sub(ATTEMPTS_MAX);
    let told: Vec<Attempt> = ended
        .into_iter()
        .skip(more)
        .map(|run| {
            let outcome = run.outcome.unwrap_or(run.status);
            // Of other ends, this program and Hermes note down what only they have a use for.
            let reported = ["completed", "review_requested"].contains(&outcome.as_str());
            Attempt {
                run: run.id,
                worker: run.worker,
                outcome,
                error: run.error,
                summary: run.summary,
                metadata: run.metadata.filter(|_| reported),
                last_output: run.log_tail,
            }
        })
        .collect();
    let older = all.saturating_sub(told.len());
    Ok((told, older))
}

/// The newest rows of a card, and how many older ones there are.
fn newest<T>(
    conn: &Connection,
    table: &str,
    id: &TaskId,
    max: usize,
    read: impl FnOnce(u32) -> Result<Vec<T>>,
) -> Result<(Vec<T>, usize)> {
    let rows = read(u32::try_from(max)?)?;
    if rows.len() < max {
        return Ok((rows, 0));
    }
    let all: u32 = conn
        .prepare_cached(&format!("SELECT count(*) FROM {table} WHERE task_id = ?1"))?
        .query_row([id.as_str()], |r| r.get(0))?;
    let older = usize::try_from(all)?.saturating_sub(rows.len());
    Ok((rows, older))
}

/// Files of the card, where the board knows of files.
fn attachments(conn: &Connection, id: &TaskId) -> Result<(Vec<Attachment>, usize)> {
    for needed in ["id", "task_id", "filename", "stored_path", "size"] {
        if !schema::has_column(conn, "task_attachments", needed)? {
            return Ok((Vec::new(), 0));
        }
    }
    newest(conn, "task_attachments", id, ATTACHMENTS_MAX, |limit| {
        let mut statement = conn.prepare_cached(
            "SELECT filename, stored_path, size FROM (SELECT * FROM task_attachments WHERE task_id = ?1
             ORDER BY id DESC LIMIT ?2) ORDER BY id",
        )?;
        let rows = statement.query_map(params![id.as_str(), limit], |r| {
            Ok(Attachment {
                name: r.get(0)?,
                path: r.get(1)?,
                size: r.get(2)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    })
}
