//! `kanban comment`

use anyhow::Result;
use serde::Serialize;

use super::create::text_or_stdin;
use super::{Global, Session};
use crate::board::id::{CardRef, TaskId};
use crate::board::statement::{Statement, Verb};
use crate::board::task;
use crate::config::Caller;
use crate::exit::Failure;
use crate::render;
use crate::store::{history, tasks};

/// Say something on a card
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ kanban comment t_1a2b3c4d "seen on the other machine too"
  $ git log -1 | kanban comment t_1a2b3c4d -"#)]
pub struct Args {
    /// The card
    #[arg(value_name = "ID")]
    id: CardRef,
    /// The text; - reads it from standard input
    #[arg(value_name = "TEXT")]
    text: String,
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let session = Session::open(global)?;
    let said = comment(&session, &args.id, text_or_stdin(&args.text)?)?;
    match global.json {
        true => render::print(&render::json(&said)?),
        false => Ok(()),
    }
}

/// A comment that was made.
#[derive(Debug, Serialize)]
pub struct Said {
    pub id: i64,
    pub task_id: TaskId,
    pub author: String,
}

/// Says something on a card. A worker may on any, as long as its own is its own.
pub(super) fn comment(session: &Session, card: &CardRef, text: String) -> Result<Said> {
    let text = task::body(text).map_err(Failure::usage)?;
    if text.trim().is_empty() {
        return Err(Failure::usage("the comment is empty").into());
    }
    let author = Caller::current().name;
    let said = Statement {
        reason: Some(&text),
        ..Statement::bare(Verb::Comment)
    };
    let what = format!("cannot comment on {card} on board {}", session.board.slug);
    let (task_id, id) = session.write_as(&what, said, &[card], |tx, _, now| {
        let task = tasks::find(tx, card)?;
        let id = history::comment(tx, &task, &author, &text, now)?;
        Ok((task, id))
    })?;
    Ok(Said {
        id,
        task_id,
        author,
    })
}
