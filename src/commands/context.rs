//! `kanban context`

use anyhow::Result;

use super::{Global, Session};
use crate::board::id::CardRef;
use crate::render::{self, escape};
use crate::store::{context, tasks};
use crate::tick::briefing;

/// Print what somebody who works on a card has to know
///
/// The card, its attachments, what came of the cards that it waited for, earlier attempts and why they failed,
/// comments, and how to report. Long parts are cut and say where the rest is. This is what {prompt} in a worker's
/// command and KANBAN_PROMPT in its environment stand for, as the card was when its run began.
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ kanban context t_2b3c4d5e"#)]
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
    let context = session.read(&what, |conn| {
        context::of(conn, &session.board.slug, &tasks::find(conn, &args.id)?)
    })?;
    if global.json {
        return render::print(&render::json(&context)?);
    }
    let text = briefing::text(&session.config, &session.board, &context);
    render::print(&escape::block(&text))
}
