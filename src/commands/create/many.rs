//! `kanban create --from FILE`: a whole graph in one transaction.

use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use super::file::{Entry, Parent, Plan};
use super::{make_board, maker};
use crate::board::id::TaskId;
use crate::board::statement::{Statement, Verb};
use crate::board::status::Status;
use crate::board::task::NewTask;
use crate::commands::{Global, Session};
use crate::render;
use crate::render::style::{Style, status_colour};
use crate::render::table::{Cell, Table};
use crate::store::{Store, Tx, tasks};
use crate::time::{self, Seconds};

/// What comes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The cards are made.
    Made,
    /// What would be made is shown.
    Shown,
}

/// A card of the file, made or found.
#[derive(Debug, Serialize)]
struct Made {
    /// What the file calls it.
    name: Option<String>,
    /// None: it would be made.
    id: Option<TaskId>,
    /// `false`: one with the same idempotency key was there already.
    new: bool,
    title: String,
    status: Status,
    assignee: Option<String>,
}

/// Runs the command.
pub fn run(file: &Path, key: Option<&str>, effect: Effect, global: &Global) -> Result<()> {
    let now = time::now()?;
    let session = Session::open(global)?;
    let plan = Plan::read(file, key)?;
    let mut cards = plan
        .entries
        .iter()
        .map(|entry| {
            let checked = entry.card.check(&plan.folder, &session, now);
            checked.with_context(|| plan.at(entry))
        })
        .collect::<Result<Vec<_>>>()?;
    let what = format!("cannot make cards on board {}", session.board.slug);
    let made = match effect {
        Effect::Made => {
            make_board(&session)?;
            let said = Statement::bare(Verb::Create);
            session.write_as(&what, said, &[], |tx, own, now| {
                for card in &mut cards {
                    card.made_by = own.map(maker);
                }
                make(tx, &plan, cards, now)
            })?
        }
        Effect::Shown => {
            let mut made = Vec::new();
            let rehearse = |board: &mut Store| {
                board.rehearse(&what, |tx| {
                    made = make(tx, &plan, cards, now)?;
                    Ok(())
                })
            };
            match session.board.db().symlink_metadata() {
                Ok(_) => session.with_writer(rehearse)?,
                Err(_) => rehearse(&mut Store::imaginary()?)?,
            }
            for card in made.iter_mut().filter(|card| card.new) {
                card.id = None;
            }
            made
        }
    };
    if global.json {
        return render::print(&render::json(&made)?);
    }
    render::print(&match effect {
        Effect::Made => made.iter().map(line).collect(),
        Effect::Shown => table(&made),
    })
}

/// Makes the cards, and returns them in the order of the file.
fn make(tx: &Tx<'_>, plan: &Plan, cards: Vec<NewTask>, now: Seconds) -> Result<Vec<Made>> {
    let mut cards: Vec<Option<NewTask>> = cards.into_iter().map(Some).collect();
    let mut made: Vec<Option<Made>> = plan.entries.iter().map(|_| None).collect();
    for place in &plan.order {
        let entry = &plan.entries[*place];
        let Some(mut new) = cards[*place].take() else {
            continue;
        };
        for (parent, on) in &entry.parents {
            let id = match parent {
                Parent::There(id) => Some(id),
                Parent::Here(place) => made[*place].as_ref().and_then(|made| made.id.as_ref()),
            };
            new.parents.extend(id.map(|id| (id.clone(), *on)));
        }
        let created = tasks::create(tx, &new, now).with_context(|| plan.at(entry))?;
        made[*place] = Some(self::made(entry, new, created));
    }
    Ok(made.into_iter().flatten().collect())
}

fn made(entry: &Entry, new: NewTask, created: tasks::Created) -> Made {
    Made {
        name: entry.name.clone(),
        id: Some(created.id),
        new: created.new,
        title: new.title,
        status: created.status,
        assignee: new.assignee,
    }
}

fn line(made: &Made) -> String {
    let id = made.id.as_ref().map_or("", TaskId::as_str);
    match &made.name {
        Some(name) => format!("{id} {name}\n"),
        None => format!("{id}\n"),
    }
}

fn table(made: &[Made]) -> String {
    let mut table = Table::new(&["NAME", "CARD", "COLUMN", "ASSIGNEE", "TITLE"]);
    for card in made {
        let id = card.id.as_ref().map_or("new", TaskId::as_str);
        let name = card.name.as_deref().unwrap_or("-");
        let assignee = card.assignee.as_deref().unwrap_or("-");
        table.row([
            Cell::from(name),
            id.into(),
            Cell::coloured(card.status.as_str(), status_colour(&card.status)),
            assignee.into(),
            card.title.as_str().into(),
        ]);
    }
    table.render(&Style::stdout())
}
