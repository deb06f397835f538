//! `kanban context`

use anyhow::Result;

use super::{Global, Session};
use crate::board::context::Context;
use crate::board::id::CardRef;
use crate::board::run::Report;
use crate::config::Config;
use crate::render::{self, escape};
use crate::store::{context, tasks};

/// Print what somebody who works on a card has to know
///
/// The card, what came of the cards that it waited for, earlier attempts and why they failed, comments, and how
/// to report. Long parts are cut and say where the rest is.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The card
    #[arg(value_name = "ID")]
    id: CardRef,
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let session = Session::open(global)?;
    let what = format!(
        "cannot tell about {} of board {}",
        args.id, session.board.slug
    );
    let context = session.reader()?.read(&what, |conn| {
        context::of(conn, &session.board.slug, &tasks::find(conn, &args.id)?)
    })?;
    if global.json {
        return render::print(&render::json(&context)?);
    }
    let text = context.text(&report(&session.config, &context));
    render::print(&escape::block(&text))
}

/// How whoever has the card says how it went.
fn report(config: &Config, context: &Context) -> String {
    let (id, board) = (&context.task.id, &context.board);
    let worker = context
        .task
        .assignee
        .as_deref()
        .and_then(|name| config.worker(name));
    let by_command = format!(
        "kanban complete {id} --board {board} --summary \"what came of it\"\n\
         kanban block {id} --board {board} --reason \"what a person has to decide\""
    );
    match worker {
        Some(worker) if !worker.pull && worker.report == Report::Exit => format!(
            "Exit with status 0 when it is done, with 75 to be run again later, with anything else if it failed. \
             The last line of output is kept as the result. Or, before that:\n\n{by_command}"
        ),
        _ => by_command,
    }
}
