//! `kanban show`

use anyhow::Result;
use serde::Serialize;
use serde_json::Value;

use super::attachments::Listed;
use super::events::describe;
use super::runs::{exit, took};
use super::{Global, Session};
use crate::board::dependency::Release;
use crate::board::id::CardRef;
use crate::board::task::Task;
use crate::render::page::{field, field_in, heading, indented};
use crate::render::style::{Style, status_colour};
use crate::render::template::Template;
use crate::render::{self, escape};
use crate::store::attachments;
use crate::store::history::{self, CommentRow, EventRow};
use crate::store::late::{self, LateResult};
use crate::store::links::{self, Neighbour};
use crate::store::runs::{self, RunRow};
use crate::store::tasks;
use crate::time::{self, Seconds};

/// Show a card: what it is, what it waits for, its runs, its comments and its history
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ kanban show t_1a2b3c4d
  $ kanban show t_1a2b3c4d --json
  $ kanban show t_1a2b3c4d --format '{status}'"#)]
pub struct Args {
    /// The card
    #[arg(value_name = "ID")]
    id: CardRef,
    /// Print the card in this form, such as '{status} {title}': keys as in kanban-json(7), \t, \n, {{ for a brace
    #[arg(long, value_name = "TEMPLATE", value_parser = Template::of(&Task::KEYS), conflicts_with = "json")]
    format: Option<Template>,
}

#[derive(Serialize)]
struct Page {
    task: Task,
    parents: Vec<Neighbour>,
    children: Vec<Neighbour>,
    runs: Vec<RunRow>,
    events: Vec<EventRow>,
    comments: Vec<CommentRow>,
    attachments: Vec<Listed>,
    /// What runs reported when they no longer had the card.
    late_results: Vec<LateResult>,
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let session = Session::open(global)?;
    let what = format!("cannot show {} of board {}", args.id, session.board.slug);
    let page = session.read(&what, |conn| {
        let id = tasks::find(conn, &args.id)?;
        Ok(Page {
            task: tasks::get(conn, &id)?,
            parents: links::parents(conn, &id)?,
            children: links::children(conn, &id)?,
            runs: runs::list(conn, Some(&id), None)?,
            events: history::events(conn, &id)?,
            comments: history::comments(conn, &id)?,
            attachments: attachments::of(conn, &id)?
                .into_iter()
                .map(Listed::look)
                .collect(),
            late_results: late::of(conn, &id, u32::MAX)?,
        })
    })?;
    if global.json {
        return render::print(&render::json(&page)?);
    }
    if let Some(template) = &args.format {
        return render::print(&template.line(&page.task)?);
    }
    let mut out = text(&page, time::now()?, &Style::stdout());
    let kept = session.board.artifacts().join(page.task.id.as_str());
    if kept.is_dir() {
        out += &field(&Style::stdout(), "artifacts", &kept.display().to_string());
    }
    render::print(&out)
}

fn text(page: &Page, now: Seconds, style: &Style) -> String {
    let when = |at: Seconds| format!("{} ({})", time::local(at), time::away(at, now));
    let task = &page.task;
    let mut out = heading(style, &format!("{}  {}", task.id, task.title));
    out += &field_in(
        style,
        status_colour(&task.status),
        "column",
        task.status.as_str(),
    );
    let mut line = |label: &str, value: Option<String>| {
        if let Some(value) = value {
            out += &field(style, label, &value);
        }
    };
    line("assignee", task.assignee.clone());
    line(
        "priority",
        (task.priority != 0).then(|| task.priority.to_string()),
    );
    line(
        "created",
        Some(format!(
            "{} by {}{}",
            when(task.created_at),
            task.created_by.as_deref().unwrap_or("?"),
            maker(&page.events)
        )),
    );
    line("not before", task.not_before.map(when));
    line(
        "next try",
        task.retry_at.map(|at| format!("not before {}", when(at))),
    );
    line("finished", task.completed_at.map(when));
    line("workspace", task.workspace_path.clone());
    line("run time limit", task.max_runtime_seconds.map(time::spell));
    line(
        "failures",
        (task.consecutive_failures > 0).then(|| format!("{} in a row", task.consecutive_failures)),
    );
    line("last failure", task.last_failure_error.clone());
    line("result", task.result.clone());
    line("tenant", task.tenant.clone());
    line("branch", task.branch_name.clone());
    line("model", task.model_override.clone());
    let words = |list: &[String]| (!list.is_empty()).then(|| list.join(" "));
    line("skills", words(&task.skills));
    line("arguments", words(&task.args));
    line("verified by", words(&task.verify));
    for (label, cards) in [("waits for", &page.parents), ("releases", &page.children)] {
        for card in cards {
            let on = match card.on {
                Release::Success => String::new(),
                other => format!(", on {other}"),
            };
            out += &field(
                style,
                label,
                &format!("{} ({}{on}) {}", card.id, card.status, card.title),
            );
        }
    }
    if let Some(body) = task.body.as_deref().filter(|body| !body.is_empty()) {
        out += &format!("\n{}{}", heading(style, "Body"), indented(style, body));
    }
    if !page.runs.is_empty() {
        out += &format!("\n{}", heading(style, "Runs"));
        for run in &page.runs {
            out += &indented(style, &run_line(run));
        }
    }
    if let Some(tail) = page.runs.last().and_then(|run| run.log_tail.as_deref()) {
        out += &format!(
            "\n{}{}",
            heading(style, "Last output"),
            indented(style, tail)
        );
    }
    if !page.comments.is_empty() {
        out += &format!("\n{}", heading(style, "Comments"));
        for comment in &page.comments {
            // Deeper than the line above it, so that no comment can be taken for another one.
            let body = comment.body.replace('\n', "\n    ");
            let said = format!(
                "{} {}\n    {body}",
                time::local(comment.created_at),
                escape::line(&comment.author)
            );
            out += &indented(style, &said);
        }
    }
    if !page.attachments.is_empty() {
        out += &format!("\n{}", heading(style, "Attachments"));
        for file in &page.attachments {
            let (size, row) = (file.size(), &file.attachment);
            let said = format!("{} ({size}) {}", row.filename, row.stored_path);
            out += &indented(style, &said);
        }
    }
    if !page.late_results.is_empty() {
        out += &format!("\n{}", heading(style, "Late results"));
        for late in &page.late_results {
            out += &indented(style, &late_text(late));
        }
    }
    out += &format!("\n{}", heading(style, "History"));
    for event in &page.events {
        out += &indented(
            style,
            &format!(
                "{} {}",
                time::local(event.created_at),
                escape::line(&describe(event))
            ),
        );
    }
    out
}

/// The run that made the card, if a worker did.
fn maker(events: &[EventRow]) -> String {
    let made = events.iter().find(|event| event.kind == "created");
    let fact = |name: &str| made.and_then(|event| event.payload.as_ref()?.get(name));
    match (
        fact("by_run").and_then(Value::as_i64),
        fact("by_card").and_then(Value::as_str),
    ) {
        (Some(run), Some(card)) => format!(" (run {run} of {card})"),
        _ => String::new(),
    }
}

fn late_text(late: &LateResult) -> String {
    let mut text = format!(
        "{} {} {}, refused: {}",
        time::local(late.created_at),
        late.verb,
        late.about,
        late.refused
    );
    for (label, said) in [
        ("summary", late.summary.clone()),
        ("metadata", late.metadata.as_ref().map(Value::to_string)),
        ("reason", late.reason.clone()),
    ] {
        if let Some(said) = said {
            text += &format!("\n{label}: {said}");
        }
    }
    text
}

fn run_line(run: &RunRow) -> String {
    let outcome = run.outcome.as_deref().unwrap_or(&run.status);
    let why = match (&run.error, &run.summary) {
        // It says for itself how the process ended.
        (Some(error), _) => format!(": {error}"),
        (None, Some(summary)) => format!(", exit {}: {summary}", exit(run)),
        (None, None) => format!(", exit {}", exit(run)),
    };
    let end = match run.ended_at {
        None => String::new(),
        Some(_) => format!(", took {}{why}", took(run)),
    };
    let line = format!(
        "{} run {} {outcome} by {}{end}",
        time::local(run.started_at),
        run.id,
        run.worker.as_deref().unwrap_or("?"),
    );
    escape::line(&line)
}
