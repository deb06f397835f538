//! `kanban board`

use anyhow::Result;
use serde_json::json;

use super::{Global, Session};
use crate::board::status::Status;
use crate::board::task::Task;
use crate::config::Board;
use crate::render;
use crate::render::columns::{self, Card, Column};
use crate::render::style::{Style, status_colour};
use crate::store::listing::{self, ListFilter};
use crate::store::{Store, meta, tasks};
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

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let session = Session::open(global)?;
    let store = session.reader()?;
    let now = time::now()?;
    if global.json {
        let (cards, last) = store.read("cannot read the board", |conn| {
            Ok((
                listing::list(conn, &filter(args.archived))?,
                meta::last_tick(conn)?,
            ))
        })?;
        let there: Vec<&Status> = cards.iter().map(|card| &card.status).collect();
        let columns: Vec<_> = shown_columns(&there)
            .into_iter()
            .map(|status| {
                let cards: Vec<_> = cards.iter().filter(|c| c.status == status).collect();
                json!({"name": status, "cards": cards})
            })
            .collect();
        return render::print(&render::json(
            &json!({"board": session.board.slug, "columns": columns, "last_tick": last}),
        )?);
    }
    render::print(&draw(
        &store,
        &session.board,
        now,
        args.archived,
        &Style::stdout(),
    )?)
}

fn filter(archived: bool) -> ListFilter {
    let statuses = if archived {
        Status::COLUMNS.to_vec()
    } else {
        Vec::new()
    };
    ListFilter {
        statuses,
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
    let columns = store.read("cannot read the board", |conn| {
        // What is not shown is only counted: there may be a million cards in a column.
        let mut counts = tasks::counts(conn)?;
        counts.retain(|(status, _)| archived || *status != Status::Archived);
        let there: Vec<&Status> = counts.iter().map(|(status, _)| status).collect();
        let columns = shown_columns(&there).into_iter().map(|status| {
            let count = counts.iter().find(|(of, _)| *of == status);
            let first = ListFilter {
                statuses: vec![status.clone()],
                limit: Some(SHOWN),
                ..ListFilter::default()
            };
            let cards: Vec<Card> = match count {
                Some(_) => listing::list(conn, &first)?,
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
fn shown_columns(there: &[&Status]) -> Vec<Status> {
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
            columns.push((*status).clone());
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
