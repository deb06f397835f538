//! `kanban comment`

use anyhow::Result;
use serde_json::json;

use super::create::text_or_stdin;
use super::{Global, Session};
use crate::board::id::CardRef;
use crate::board::task;
use crate::config::Caller;
use crate::exit::Failure;
use crate::render;
use crate::store::{history, tasks};

/// Say something on a card
#[derive(Debug, clap::Args)]
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
    let text = task::body(text_or_stdin(&args.text)?).map_err(Failure::usage)?;
    if text.trim().is_empty() {
        return Err(Failure::usage("the comment is empty").into());
    }
    let session = Session::open(global)?;
    let who = Caller::current().name;
    let what = format!(
        "cannot comment on {} on board {}",
        args.id, session.board.slug
    );
    let (card, id) = session.write(&what, |tx, now| {
        let card = tasks::find(tx, &args.id)?;
        let id = history::comment(tx, &card, &who, &text, now)?;
        Ok((card, id))
    })?;
    if global.json {
        return render::print(&render::json(
            &json!({"id": id, "task_id": card, "author": who}),
        )?);
    }
    Ok(())
}
