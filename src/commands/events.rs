//! `kanban events`

use std::time::Duration;

use anyhow::Result;
use serde_json::Value;

use super::{Global, Session};
use crate::board::id::CardRef;
use crate::render::style::{Colour, Style};
use crate::render::template::Template;
use crate::render::{self, escape};
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

/// How often a followed board is looked at.
const FOLLOW_EVERY: Duration = Duration::from_millis(500);

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let store = Session::open(global)?.reader()?;
    let card = store.read("cannot look up the card", |conn| {
        tasks::find_if_named(conn, args.id.as_ref())
    })?;
    let fetch = |after: i64| {
        store.read("cannot read the events", |conn| {
            let mut rows = history::events_after(
                conn,
                after,
                if card.is_some() { u32::MAX } else { args.limit },
            )?;
            if let Some(id) = &card {
                rows.retain(|row| row.task_id == *id);
                rows.truncate(usize::try_from(args.limit).unwrap_or(usize::MAX));
            }
            Ok((rows, history::last_event(conn)?))
        })
    };
    let (rows, mut seen) = fetch(args.after.unwrap_or(0))?;
    let shape = match &args.format {
        Some(template) => Shape::Lines(template),
        None if global.json => Shape::JsonLines,
        None => Shape::Text,
    };
    if !args.follow {
        return match global.json {
            true => render::print(&render::json(&rows)?),
            false => print(&rows, shape),
        };
    }
    print(&rows, shape)?;
    loop {
        std::thread::sleep(FOLLOW_EVERY);
        let (rows, newest) = fetch(seen)?;
        print(&rows, shape)?;
        seen = newest;
    }
}

#[derive(Clone, Copy)]
enum Shape<'a> {
    Text,
    JsonLines,
    Lines(&'a Template),
}

fn print(rows: &[EventRow], shape: Shape<'_>) -> Result<()> {
    let mut text = String::new();
    for row in rows {
        match shape {
            Shape::Text => text += &line(row),
            Shape::JsonLines => text += &render::json_line(row)?,
            Shape::Lines(template) => text += &template.lines(&[row])?,
        }
    }
    if text.is_empty() {
        Ok(())
    } else {
        render::print(&text)
    }
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
