//! `kanban runs`

use anyhow::Result;

use super::rows::Rows;
use super::{Global, Session};
use crate::board::id::CardRef;
use crate::board::run::Exit;
use crate::render::table::{Cell, Table};
use crate::render::template::Template;
use crate::store::runs::{self, RunRow};
use crate::store::tasks;
use crate::time;

/// List runs: who worked on which card, how long, and how it ended
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ kanban runs --limit 20
  $ kanban runs t_3c4d5e6f"#)]
pub struct Args {
    /// Only runs of this card [default: the whole board]
    #[arg(value_name = "ID")]
    id: Option<CardRef>,
    /// At most the newest so many
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
    /// Print a line in this form for each, such as '{id} {title}': keys as in kanban-json(7), \t, \n, {{ for a brace
    #[arg(long, value_name = "TEMPLATE", value_parser = Template::of(&RunRow::KEYS), conflicts_with = "json")]
    format: Option<Template>,
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let session = Session::open(global)?;
    let what = "cannot list the runs";
    let numbers = session.read(what, |conn| {
        let id = tasks::find_if_named(conn, args.id.as_ref())?;
        if let Some(id) = &id {
            tasks::get(conn, id)?;
        }
        runs::numbers(conn, id.as_ref(), args.limit)
    })?;
    let rows = Rows {
        session: &session,
        what,
        numbers: &numbers,
        each: runs::each,
    };
    match &args.format {
        _ if global.json => rows.print_json(),
        Some(template) => rows.print_lines(|row| template.line(&row)),
        None => {
            let table = Table::new(&[
                "RUN", "CARD", "WORKER", "STARTED", "TOOK", "OUTCOME", "EXIT", "WHY",
            ]);
            rows.print_table(table.right(0), cells)
        }
    }
}

/// A run as people see it in a list.
fn cells(row: RunRow) -> [Cell; 8] {
    let (took, exit) = (took(&row), exit(&row));
    [
        row.id.to_string(),
        row.task_id.to_string(),
        row.worker.unwrap_or_else(|| "-".into()),
        time::local(row.started_at),
        took,
        row.outcome.unwrap_or(row.status),
        exit,
        row.error.or(row.summary).unwrap_or_default(),
    ]
    .map(Cell::from)
}

/// How long a run took, for people.
pub fn took(row: &RunRow) -> String {
    match (row.duration_ms, row.ended_at) {
        (Some(ms), _) if ms < 10_000 => format!("{}.{:02}s", ms / 1000, ms % 1000 / 10),
        (Some(ms), _) => time::humane(ms / 1000),
        (None, Some(end)) => time::humane(end - row.started_at),
        (None, None) => "-".into(),
    }
}

/// How the process of a run ended, for people.
pub fn exit(row: &RunRow) -> String {
    match (row.exit_code, row.exit_signal) {
        (Some(code), _) => code.to_string(),
        (None, Some(signal)) => Exit::Signal(signal).to_string(),
        (None, None) => "-".into(),
    }
}
