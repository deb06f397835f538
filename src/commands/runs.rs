//! `kanban runs`

use anyhow::Result;

use super::{Global, Session};
use crate::board::id::CardRef;
use crate::board::run::Exit;
use crate::render;
use crate::render::style::Style;
use crate::render::table::Table;
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
    let rows = Session::open(global)?.read("cannot list the runs", |conn| {
        let id = tasks::find_if_named(conn, args.id.as_ref())?;
        if let Some(id) = &id {
            tasks::get(conn, id)?;
        }
        runs::list(conn, id.as_ref(), args.limit)
    })?;
    if global.json {
        return render::print(&render::json(&rows)?);
    }
    if let Some(template) = &args.format {
        return render::print(&template.lines(&rows)?);
    }
    let mut table = Table::new(&[
        "RUN", "CARD", "WORKER", "STARTED", "TOOK", "OUTCOME", "EXIT", "WHY",
    ])
    .right(0);
    for row in rows {
        table.row([
            row.id.to_string(),
            row.task_id.to_string(),
            row.worker.clone().unwrap_or_else(|| "-".into()),
            time::local(row.started_at),
            took(&row),
            row.outcome.clone().unwrap_or_else(|| row.status.clone()),
            exit(&row),
            row.error
                .clone()
                .or(row.summary.clone())
                .unwrap_or_default(),
        ]);
    }
    render::print(&table.render(&Style::stdout()))
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
