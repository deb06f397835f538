//! `kanban board`

use anyhow::Result;
use serde_json::{Value, json};

use super::rows::Rows;
use super::{Global, Session};
use crate::board::status::Status;
use crate::board::task::Task;
use crate::config::Board;
use crate::render::columns::{self, Card, Column};
use crate::render::style::{Style, status_colour};
use crate::render::{self, JsonList};
use crate::store::listing::{self, ListFilter};
use crate::store::{Snapshot, Store, meta, tasks};
use crate::time::{self, Seconds};

/// Show the board as columns
///
/// In the width and colours of the terminal; NO_COLOR switches colours off.
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ kanban board
  $ kanban board --archived"#)]
pub struct Args {
    /// Show the archived cards as well
    #[arg(long)]
    archived: bool,
}

/// Cards shown in a column before "+N more".
const SHOWN: u32 = 12;

/// What is attempted, for the error.
const WHAT: &str = "cannot read the board";

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let session = Session::open(global)?;
    if global.json {
        return print_json(&session, args.archived);
    }
    render::print(&draw(
        &session.reader()?,
        &session.board,
        time::now()?,
        args.archived,
        &Style::stdout(),
    )?)
}

/// Where the cards of a column stand in its JSON: in a text, each quote would have a backslash before it.
const CARDS: &str = "\"cards\": []";
/// Before each line of them.
const INDENT: &str = "      ";

/// The board as JSON. Only the numbers of its cards are held, however many there are.
fn print_json(session: &Session, archived: bool) -> Result<()> {
    let (columns, last) = session.read(WHAT, |conn| {
        let counts = counts(conn, archived)?;
        let columns = shown_columns(&counts).into_iter().map(|status| {
            let numbers = listing::numbers(conn, &column(&status, None))?;
            Ok((status, numbers))
        });
        let columns = columns.collect::<Result<Vec<(Status, Vec<i64>)>>>()?;
        Ok((columns, meta::last_tick(conn)?))
    })?;
    let names = columns.iter().map(|(name, _)| name);
    let names: Vec<Value> = names
        .map(|name| json!({"name": name, "cards": []}))
        .collect();
    let frame =
        render::json(&json!({"board": session.board.slug, "columns": names, "last_tick": last}))?;
    let mut parts = frame.split(CARDS);
    render::stream(|out| {
        out.write_all(parts.next().unwrap_or_default().as_bytes())?;
        for ((_, numbers), after) in columns.iter().zip(parts) {
            out.write_all(b"\"cards\": ")?;
            let cards = Rows {
                session,
                what: WHAT,
                numbers,
                each: listing::cards,
            };
            cards.write_json(JsonList::indented(INDENT), out)?;
            out.write_all(after.as_bytes())?;
        }
        Ok(())
    })
}

/// How many cards there are in each column that is shown.
fn counts(conn: &Snapshot, archived: bool) -> Result<Vec<(Status, i64)>> {
    let mut counts = tasks::counts(conn)?;
    counts.retain(|(status, _)| archived || *status != Status::Archived);
    Ok(counts)
}

fn column(status: &Status, limit: Option<u32>) -> ListFilter {
    ListFilter {
        statuses: vec![status.clone()],
        limit,
        ..ListFilter::default()
    }
}

/// The board as text.
pub fn draw(
    store: &Store,
    board: &Board,
    now: Seconds,
    archived: bool,
    style: &Style,
) -> Result<String> {
    let columns = store.read(WHAT, |conn| {
        // What is not shown is only counted: there may be a million cards in a column.
        let counts = counts(conn, archived)?;
        let columns = shown_columns(&counts).into_iter().map(|status| {
            let count = counts.iter().find(|(of, _)| *of == status);
            let cards: Vec<Card> = match count {
                Some(_) => listing::list(conn, &column(&status, Some(SHOWN)))?,
                None => Vec::new(),
            }
            .iter()
            .map(|task| card(task, now, style))
            .collect();
            let all = count.map_or(0, |(_, n)| usize::try_from(*n).unwrap_or(usize::MAX));
            Ok(Column {
                name: status.as_str().to_owned(),
                colour: status_colour(&status),
                more: all.saturating_sub(cards.len()),
                cards,
            })
        });
        columns.collect::<Result<Vec<_>>>()
    })?;
    Ok(columns::board(board.slug.as_str(), &columns, style))
}

/// The columns that every board has, and those that have cards.
fn shown_columns(counts: &[(Status, i64)]) -> Vec<Status> {
    let there: Vec<&Status> = counts.iter().map(|(status, _)| status).collect();
    let always = [
        Status::Todo,
        Status::Ready,
        Status::Running,
        Status::Blocked,
        Status::Done,
    ];
    let mut columns: Vec<Status> = Status::COLUMNS
        .into_iter()
        .filter(|status| always.contains(status) || there.contains(&status))
        .collect();
    for status in there {
        if !columns.contains(status) {
            columns.push(status.clone());
        }
    }
    columns
}

fn card(task: &Task, now: Seconds, style: &Style) -> Card {
    let since = match task.status {
        Status::Running => task.started_at.map(|at| time::humane(now - at)),
        Status::Done => None,
        _ => task
            .retry_at
            .filter(|at| *at > now)
            .map(|at| format!("retry in {}", time::humane(at - now))),
    };
    let parts: Vec<String> = [task.assignee.clone(), since]
        .into_iter()
        .flatten()
        .collect();
    let detail = (!parts.is_empty()).then(|| parts.join(&format!(" {} ", style.glyphs().dot)));
    let mark = (task.consecutive_failures > 0).then(|| format!("{}x", task.consecutive_failures));
    Card {
        id: task.id.to_string(),
        title: task.title.clone(),
        detail,
        mark,
    }
}
