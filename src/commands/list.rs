//! `kanban list`

use anyhow::Result;

use super::rows::Rows;
use super::{Global, Session};
use crate::board::id::CardRef;
use crate::board::status::Status;
use crate::board::task::Task;
use crate::exit::Failure;
use crate::render::style::status_colour;
use crate::render::table::{Cell, Table};
use crate::render::template::Template;
use crate::store::listing::{self, Line, ListFilter, Sort};
use crate::store::tasks;
use crate::time::{self, Seconds};

/// List cards, in the order in which they would start
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ kanban list
  $ kanban list --status blocked --ids
  $ kanban list --format '{status}\t{id}\t{title}'
  $ kanban list --since yesterday --sort changed"#)]
pub struct Args {
    #[command(flatten)]
    filter: Filter,
    /// Only cards that wait for this one
    #[arg(long, value_name = "ID")]
    parent: Option<CardRef>,
}

/// Which cards, and in which order.
#[derive(Debug, clap::Args)]
pub struct Filter {
    /// Only cards in this column; may be given several times [default: all but archived]
    #[arg(long = "status", value_name = "COLUMN")]
    statuses: Vec<Status>,
    /// Only cards of this assignee
    #[arg(long, value_name = "NAME")]
    assignee: Option<String>,
    /// Only cards of this tenant
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
    /// Only cards to which something happened since then: "3h ago", yesterday, 2026-12-24; see Times in
    /// kanban --help
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// The order: start (that in which they would start), created, changed or title
    #[arg(long, value_name = "ORDER", default_value = "start")]
    sort: Sort,
    /// At most so many
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
    /// Print the ids alone, one a line, for scripts
    #[arg(long, conflicts_with = "format")]
    ids: bool,
    /// Print a line in this form for each, such as '{id} {title}': keys as in kanban-json(7), \t, \n, {{ for a brace
    #[arg(long, value_name = "TEMPLATE", value_parser = Template::of(&Task::KEYS), conflicts_with = "json")]
    format: Option<Template>,
}

impl Filter {
    /// What is asked of the board.
    pub fn of(&self, now: Seconds) -> Result<ListFilter> {
        let since = self.since.as_deref().map(|text| time::past(text, now));
        Ok(ListFilter {
            statuses: self.statuses.clone(),
            assignee: self.assignee.clone(),
            tenant: self.tenant.clone(),
            since: since.transpose().map_err(Failure::usage)?,
            sort: self.sort,
            limit: self.limit,
            ..ListFilter::default()
        })
    }
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let now = time::now()?;
    let mut filter = args.filter.of(now)?;
    let session = Session::open(global)?;
    let what = "cannot list the cards";
    let numbers = session.read(what, |conn| {
        filter.parent = tasks::find_if_named(conn, args.parent.as_ref())?;
        listing::numbers(conn, &filter)
    })?;
    show(&session, what, &numbers, &args.filter, global, now)
}

/// Prints cards as they are asked for. Where a script asks for ids or a search finds nothing, nothing is printed.
pub(super) fn show(
    session: &Session,
    what: &str,
    numbers: &[i64],
    filter: &Filter,
    global: &Global,
    now: Seconds,
) -> Result<()> {
    let cards = Rows {
        session,
        what,
        numbers,
        each: listing::cards,
    };
    let lines = Rows {
        session,
        what,
        numbers,
        each: listing::lines,
    };
    match &filter.format {
        _ if global.json => cards.print_json(),
        Some(template) => cards.print_lines(|card| template.line(&card)),
        None if filter.ids => lines.print_lines(|card| Ok(format!("{}\n", card.id))),
        None => {
            let table = Table::new(&["ID", "COLUMN", "PRIO", "ASSIGNEE", "AGE", "TITLE"])
                .right(2)
                .right(4);
            lines.print_table(table, |card| cells(card, now))
        }
    }
}

/// A card as people see it in a list.
fn cells(card: Line, now: Seconds) -> [Cell; 6] {
    [
        Cell::from(card.id.as_str()),
        Cell::coloured(card.status.as_str(), status_colour(&card.status)),
        card.priority.to_string().into(),
        card.assignee.unwrap_or_else(|| "-".into()).into(),
        time::humane(now - card.created_at).into(),
        card.title.into(),
    ]
}
