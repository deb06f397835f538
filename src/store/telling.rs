//! Takes down what is told about an event, from what the board says now.
//!
//! Done when a tick has come to its end, so that what follows from the event is part of what is told.

use anyhow::Result;
use rusqlite::Connection;
use serde_json::Value;

use super::history::EventRow;
use super::runs::{self, RunRow};
use super::{lanes, links, tasks};
use crate::board::id::{Slug, TaskId};
use crate::board::notice::{Card, Happened, Next, Notice, Run, VERSION};
use crate::board::status::Status;
use crate::board::task::Task;

/// What is told about an event.
pub fn notice(conn: &Connection, board: &Slug, event: &EventRow) -> Result<Notice> {
    // A card that another program deleted meanwhile is still named.
    let task = tasks::get(conn, &event.task_id).ok();
    let run = match event.run_id {
        Some(id) => runs::get(conn, id)?,
        None => None,
    };
    let next = match &task {
        Some(task) => next(conn, board, event, task)?,
        None => Next::Nothing,
    };
    Ok(Notice {
        version: VERSION,
        board: board.to_string(),
        event: Happened {
            id: Some(event.id),
            kind: event.kind.clone(),
            at: event.created_at,
            payload: event.payload.clone().unwrap_or(Value::Null),
        },
        task: Some(card(&event.task_id, task.as_ref())),
        run: run.map(told),
        next,
        look: format!("kanban show {} --board {board}", event.task_id),
    })
}

fn card(id: &TaskId, task: Option<&Task>) -> Card {
    let Some(task) = task else {
        return Card {
            id: id.to_string(),
            ..Card::default()
        };
    };
    Card {
        id: id.to_string(),
        title: task.title.clone(),
        status: task.status.to_string(),
        assignee: task.assignee.clone(),
        priority: task.priority,
        tenant: task.tenant.clone(),
        created_by: task.created_by.clone(),
        created_at: task.created_at,
        result: task.result.clone(),
        failures: task.consecutive_failures,
    }
}

fn told(run: RunRow) -> Run {
    let last_line = run.log_tail.as_deref().and_then(|tail| {
        let mut lines = tail.lines().rev();
        lines
            .find(|line| !line.trim().is_empty())
            .map(str::to_owned)
    });
    Run {
        id: run.id,
        attempt: run.attempt,
        worker: run.worker,
        outcome: run.outcome,
        exit_code: run.exit_code.map(i64::from),
        exit_signal: run.exit_signal.map(i64::from),
        duration_ms: run.duration_ms.or_else(|| {
            let seconds = run.ended_at?.checked_sub(run.started_at)?;
            seconds.checked_mul(1_000)
        }),
        error: run.error,
        summary: run.summary,
        last_line,
    }
}

/// What follows for the card, as it stands now.
fn next(conn: &Connection, board: &Slug, event: &EventRow, task: &Task) -> Result<Next> {
    let let_go = |verb: &str| Next::Person {
        command: format!("kanban {verb} {} --board {board}", task.id),
    };
    Ok(match (event.kind.as_str(), &task.status) {
        ("lane_held", _) => {
            let worker = event.payload.as_ref().and_then(|p| p.get("worker"));
            let lanes = lanes::list(conn)?;
            let lane = lanes
                .into_iter()
                .find(|lane| worker.and_then(Value::as_str) == Some(&lane.worker));
            lane.map_or(Next::Nothing, |lane| Next::Lane { until: lane.until })
        }
        ("completed" | "gave_up" | "cancelled" | "archived", status)
            if status.is_final() || event.kind == "gave_up" =>
        {
            let released: Vec<String> = links::children(conn, &task.id)?
                .into_iter()
                .filter(|child| !child.open && !child.status.is_final())
                .map(|child| child.id.to_string())
                .collect();
            match (released.is_empty(), status) {
                (false, _) => Next::Released { cards: released },
                (true, Status::Blocked) => let_go("unblock"),
                (true, _) => Next::Nothing,
            }
        }
        (
            "crashed" | "timed_out" | "lost" | "spawn_failed" | "protocol_violation" | "stale"
            | "rate_limited" | "reclaimed",
            Status::Ready | Status::Review | Status::Todo | Status::Running,
        ) => Next::Retry { at: task.retry_at },
        (_, Status::Blocked) => let_go("unblock"),
        ("block_loop_detected", Status::Triage) => let_go("promote"),
        _ => Next::Nothing,
    })
}
