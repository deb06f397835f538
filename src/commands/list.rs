//! `kanban list`

use anyhow::Result;

use super::{Global, Session};
use crate::board::status::Status;
use crate::render;
use crate::render::style::{Style, status_colour};
use crate::render::table::{Cell, Table};
use crate::store::tasks::{self, ListFilter};
use crate::time;

/// List cards, in the order in which they would start
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only cards in this column; may be given several times [default: all but archived]
    #[arg(long = "status", value_name = "COLUMN")]
    statuses: Vec<Status>,
    /// Only cards of this assignee
    #[arg(long, value_name = "NAME")]
    assignee: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let filter = ListFilter {
        statuses: args.statuses.clone(),
        assignee: args.assignee.clone(),
        limit: args.limit,
    };
    let now = time::now()?;
    let cards = Session::open(global)?
        .reader()?
        .read("cannot list the cards", |conn| tasks::list(conn, &filter))?;
    if global.json {
        return render::print(&render::json(&cards)?);
    }
    let mut table = Table::new(&["ID", "COLUMN", "PRIO", "ASSIGNEE", "AGE", "TITLE"])
        .right(2)
        .right(4);
    for card in cards {
        table.row([
            Cell::from(card.id.as_str()),
            Cell::coloured(card.status.as_str(), status_colour(&card.status)),
            card.priority.to_string().into(),
            card.assignee.unwrap_or_else(|| "-".into()).into(),
            time::humane(now - card.created_at).into(),
            card.title.into(),
        ]);
    }
    render::print(&table.render(&Style::stdout()))
}
