//! `kanban events`

use std::io::Write;
use std::ops::ControlFlow;
use std::time::Duration;

use anyhow::Result;
use serde_json::Value;

use super::{Global, Session, rows};
use crate::board::id::{CardRef, TaskId};
use crate::render::style::{Colour, Style};
use crate::render::template::Template;
use crate::render::{self, JsonList, escape};
use crate::store::history::{self, EventRow};
use crate::store::tasks;
use crate::time;

/// Print what happened, oldest first
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ kanban events t_4d5e6f7a
  $ kanban events --follow --json"#)]
pub struct Args {
    /// Only what happened to this card
    #[arg(value_name = "ID")]
    id: Option<CardRef>,
    /// Only what happened after the event with this number
    #[arg(long, value_name = "N")]
    after: Option<i64>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = u32::MAX, hide_default_value = true)]
    limit: u32,
    /// Go on printing what happens, until interrupted; with --json one object per line
    #[arg(long, short)]
    follow: bool,
    /// Print a line in this form for each, such as '{id} {title}': keys as in kanban-json(7), \t, \n, {{ for a brace
    #[arg(long, value_name = "TEMPLATE", value_parser = Template::of(&EventRow::KEYS), conflicts_with = "json")]
    format: Option<Template>,
}

/// What is attempted, for the error.
const WHAT: &str = "cannot read the events";

/// How often a followed board is looked at.
const FOLLOW_EVERY: Duration = Duration::from_millis(500);

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let session = Session::open(global)?;
    let (card, newest) = session.read(WHAT, |conn| {
        let card = tasks::find_if_named(conn, args.id.as_ref())?;
        Ok((card, history::last_event(conn)?))
    })?;
    let look = |out: &mut dyn Write, range, shape: &mut Shape<'_>| {
        write(&session, out, card.as_ref(), range, args.limit, shape)
    };
    let after = args.after.unwrap_or(0);
    let mut shape = match &args.format {
        Some(template) => Shape::Lines(template),
        None if !global.json => Shape::Text,
        None if args.follow => Shape::JsonLines,
        None => Shape::Json(JsonList::default()),
    };
    render::stream(|out| {
        look(out, (after, newest), &mut shape)?;
        if let Shape::Json(list) = shape {
            return Ok(writeln!(out, "{}", list.end())?);
        }
        let mut seen = newest;
        if !args.follow {
            return Ok(());
        }
        loop {
            out.flush()?;
            std::thread::sleep(FOLLOW_EVERY);
            let newest = session.read(WHAT, history::last_event)?;
            if newest > seen {
                look(out, (seen, newest), &mut shape)?;
            }
            seen = newest;
        }
    })
}

enum Shape<'a> {
    Text,
    Json(JsonList),
    JsonLines,
    Lines(&'a Template),
}

impl Shape<'_> {
    fn put(&mut self, row: &EventRow, page: &mut String) -> Result<()> {
        match self {
            Self::Text => page.push_str(&line(row)),
            Self::Json(list) => list.push(page, row)?,
            Self::JsonLines => page.push_str(&render::json_line(row)?),
            Self::Lines(template) => page.push_str(&template.line(row)?),
        }
        Ok(())
    }
}

/// Writes the events after one and up to another, of a card or of the whole board, at most so many.
fn write(
    session: &Session,
    out: &mut dyn Write,
    card: Option<&TaskId>,
    (mut after, until): (i64, i64),
    limit: u32,
    shape: &mut Shape<'_>,
) -> Result<()> {
    let mut left = limit;
    rows::pages(session, WHAT, out, |conn, page| {
        history::each(conn, card, (after, until), |row| {
            if left == 0 {
                return Ok(ControlFlow::Break(()));
            }
            shape.put(&row, page)?;
            (after, left) = (row.id, left - 1);
            Ok(rows::room(page))
        })
    })
}

/// One line for one event.
pub fn line(row: &EventRow) -> String {
    format!(
        "{} {} {}\n",
        time::local(row.created_at),
        row.task_id,
        escape::line(&describe(row))
    )
}

/// The line for a terminal: what went well and what did not can be told apart at a glance.
pub fn coloured(row: &EventRow, style: &Style) -> String {
    let colour = match row.kind.as_str() {
        "completed" => Colour::Green,
        "gave_up" | "blocked" | "lost" | "lane_held" | "block_loop_detected" => Colour::Red,
        "crashed" | "timed_out" | "spawn_failed" | "protocol_violation" | "rate_limited" => {
            Colour::Yellow
        }
        "spawned" => Colour::Cyan,
        _ => Colour::Dim,
    };
    format!("{}\n", style.paint(colour, line(row).trim_end()))
}

/// What happened, in a few words: the kind and the facts that a person asks for first.
pub fn describe(row: &EventRow) -> String {
    let fact = |key: &str| match row.payload.as_ref().and_then(|p| p.get(key)) {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text.clone()),
        Some(other) => Some(other.to_string()),
    };
    let facts = match row.kind.as_str() {
        "created" => [
            fact("status"),
            fact("assignee").map(|a| format!("for {a}")),
            None,
        ],
        "claimed" => [fact("run_id").map(|run| format!("run {run}")), None, None],
        "spawned" => [fact("pid").map(|pid| format!("pid {pid}")), None, None],
        "completed" => [
            fact("by").map(|by| format!("by {by}")),
            fact("summary"),
            None,
        ],
        "blocked"
        | "archived"
        | "unblocked"
        | "promoted"
        | "cancelled"
        | "dependency_wait"
        | "block_loop_detected"
        | "reclaimed"
        | "specified" => [
            fact("by").map(|by| format!("by {by}")),
            fact("kind"),
            fact("reason").or_else(|| fact("error")),
        ],
        "review_requested" => [
            fact("by").map(|by| format!("by {by}")),
            fact("summary"),
            None,
        ],
        "changes_requested" => [
            fact("by").map(|by| format!("by {by}")),
            fact("round").map(|n| format!("round {n}")),
            fact("reason"),
        ],
        "late_result" => [fact("verb"), fact("error"), None],
        "made_card" => [fact("card"), fact("title"), None],
        "heartbeat" => [fact("note"), None, None],
        "assigned" => [
            fact("assignee").map(|a| format!("to {a}")),
            fact("by"),
            None,
        ],
        "lane_held" => [fact("worker"), fact("error"), None],
        "reclaim_deferred" => [fact("reason"), fact("error"), None],
        "status" => [fact("status").map(|s| format!("to {s}")), fact("by"), None],
        "gave_up" => [
            fact("failures").map(|n| format!("after {n}")),
            fact("error"),
            None,
        ],
        "linked" | "unlinked" => [fact("parent"), None, None],
        "attached" | "attachment_removed" => [
            fact("filename"),
            fact("by").map(|by| format!("by {by}")),
            None,
        ],
        "commented" => [fact("author").map(|a| format!("by {a}")), None, None],
        "scheduled" => {
            let at = row
                .payload
                .as_ref()
                .and_then(|p| p.get("not_before"))
                .and_then(Value::as_i64);
            [
                at.map(|at| format!("for {}", time::local(at))),
                fact("by").map(|by| format!("by {by}")),
                fact("reason"),
            ]
        }
        _ => [fact("error"), None, None],
    };
    let facts: Vec<String> = facts.into_iter().flatten().collect();
    let sep = if facts.is_empty() { "" } else { " " };
    format!("{}{sep}{}", row.kind, facts.join(": "))
}
