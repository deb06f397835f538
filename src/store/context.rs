//! Collects what a worker is told about its card.

use anyhow::Result;
use rusqlite::Connection;

use super::{history, links, runs, tasks};
use crate::board::context::{Attempt, Context, Handoff, Said};
use crate::board::id::{Slug, TaskId};

/// The context of a card, as the board has it now. A run that is under way is no earlier attempt.
pub fn of(conn: &Connection, board: &Slug, id: &TaskId) -> Result<Context> {
    let task = tasks::get(conn, id)?;
    let parents = links::parents(conn, id)?
        .into_iter()
        .map(|parent| {
            let card = tasks::get(conn, &parent.id)?;
            Ok(Handoff {
                id: parent.id.to_string(),
                title: parent.title,
                status: parent.status.to_string(),
                result: card.result,
            })
        })
        .collect::<Result<_>>()?;
    let attempts = runs::list(conn, Some(id), None)?
        .into_iter()
        .filter(|run| run.ended_at.is_some())
        .map(|run| Attempt {
            run: run.id,
            worker: run.worker,
            outcome: run.outcome.unwrap_or(run.status),
            error: run.error,
            summary: run.summary,
            last_output: run.log_tail,
        })
        .collect();
    let comments = history::comments(conn, id)?
        .into_iter()
        .map(|comment| Said {
            author: comment.author,
            text: comment.body,
        })
        .collect();
    Ok(Context {
        version: 1,
        board: board.to_string(),
        task,
        parents,
        attempts,
        comments,
    })
}
